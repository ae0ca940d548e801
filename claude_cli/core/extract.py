"""Code out of an answer: its fenced blocks, as Markdown has them.

A Markdown parser finds them, so fences of any length, in lists and quotations, inside longer fences and without an end
are what they are to a reader.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from .errors import NoCodeBlockError, UsageError

WHICH = ("first", "last", "all")

_ALIASES = (
    ("bash", "sh", "shell", "zsh"),
    ("cpp", "c++", "cc", "cxx", "hpp"),
    ("csharp", "cs", "c#"),
    ("dockerfile", "docker"),
    ("fsharp", "fs", "f#"),
    ("go", "golang"),
    ("haskell", "hs"),
    ("html", "htm"),
    ("javascript", "js", "jsx", "mjs", "node"),
    ("kotlin", "kt"),
    ("make", "makefile"),
    ("markdown", "md"),
    ("perl", "pl"),
    ("powershell", "ps1", "pwsh"),
    ("python", "py", "python3"),
    ("ruby", "rb"),
    ("rust", "rs"),
    ("terraform", "hcl", "tf"),
    ("text", "plain", "plaintext", "txt"),
    ("typescript", "ts", "tsx"),
    ("yaml", "yml"),
)
_CANONICAL = {word: group[0] for group in _ALIASES for word in group}
_WORD = re.compile(r"[\w+#.-]+")
_MAX_NESTING = 100  # lists and quotations; deeper text is left unread by the parser


@dataclass(frozen=True, slots=True)
class CodeBlock:
    """One fenced block; `language` is the first word behind its fence, "" where there is none."""

    language: str
    code: str


def extract(markdown: str, which: str) -> str:
    """The code of `markdown` that `which` asks for: first, last, all, or a language's first block.

    Several blocks follow each other line by line. No newline at the end. Blank blocks count as none.

    Raises:
        NoCodeBlockError: there is no such block.
    """
    blocks = [block for block in code_blocks(markdown) if block.code.strip()]
    chosen = blocks if which in WHICH else [block for block in blocks if _same(block.language, which)]
    if not chosen:
        raise NoCodeBlockError(_missing(which, blocks))
    if which != "all":
        chosen = chosen[-1:] if which == "last" else chosen[:1]
    return "\n".join(block.code.rstrip("\n") for block in chosen)


def code_blocks(markdown: str) -> list[CodeBlock]:
    """All fenced blocks in their order, their indentation in lists and quotations taken off, lines ending in LF."""
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark", {"maxNesting": _MAX_NESTING})
    # Only blocks matter; and what stands inside <details> is to be found too.
    parser.disable(["inline", "html_block", "reference"])
    fences = [token for token in parser.parse(markdown) if token.type == "fence"]
    return [CodeBlock(_language(fence.info), fence.content) for fence in fences]


def check_choice(which: str) -> str:
    """`which` in lower case, where it can be a choice: first, last, all or the name of a language.

    Raises:
        UsageError: it can be none of them.
    """
    if not _WORD.fullmatch(which):
        raise UsageError(f"--extract {which!r} is not known; choose first, last, all or a language such as python")
    return which.lower()


def _language(info: str) -> str:
    """The language of a fence's info string: `python`, `python title=x`, `{.python}`, `rust,ignore`."""
    found = _WORD.search(info.lstrip(" {."))
    return found.group().lower() if found else ""


def _same(language: str, wanted: str) -> bool:
    return _CANONICAL.get(language, language) == _CANONICAL.get(wanted, wanted)


def _missing(which: str, blocks: list[CodeBlock]) -> str:
    if not blocks:
        return "the answer has no code block, so nothing is printed; without -x it is shown whole"
    there = ", ".join(dict.fromkeys(block.language or "no language" for block in blocks))
    return f"the answer has no code block in {which}, only in {there}; nothing is printed"

"""Code out of an answer: what is a block, in which language, and what is taken."""

from __future__ import annotations

import pytest

from claude_cli.core.errors import NoCodeBlockError, UsageError
from claude_cli.core.extract import check_choice, code_blocks, extract

TWO = "First:\n\n```py\nprint(1)\n```\n\nthen:\n\n```bash\nls\n```\n"


@pytest.mark.parametrize(
    ("markdown", "language", "code"),
    [
        pytest.param("```py\nx = 1\n```", "py", "x = 1\n", id="backticks"),
        pytest.param("~~~ py\nx = 1\n~~~", "py", "x = 1\n", id="tildes"),
        pytest.param("text\n```\nx\n```\ntext", "", "x\n", id="no language, no blank lines around"),
        pytest.param("   ```py\n   x\n     y\n   ```", "py", "x\n  y\n", id="indented by three"),
        pytest.param("1. do\n\n   ```sh\n   ls\n   ```", "sh", "ls\n", id="in a list"),
        pytest.param("- a\n  - ```sh\n    ls\n    ```", "sh", "ls\n", id="in a list in a list"),
        pytest.param("> ```sh\n> ls\n> ```", "sh", "ls\n", id="in a quotation"),
        pytest.param("````md\n```py\nx\n```\n````", "md", "```py\nx\n```\n", id="a fence in a longer fence"),
        pytest.param("~~~\n```\n~~~", "", "```\n", id="a fence in one of the other kind"),
        pytest.param("```py\nx\n", "py", "x\n", id="without an end"),
        pytest.param("```py\r\nx\r\ny\r\n```\r\n", "py", "x\ny\n", id="CRLF"),
        pytest.param("<details>\n```py\nx\n```\n</details>", "py", "x\n", id="in HTML"),
        pytest.param("```{.python .numbered}\nx\n```", "python", "x\n", id="attributes"),
        pytest.param("```Rust,ignore\nx\n```", "rust", "x\n", id="a word behind a comma"),
        pytest.param('```c++ title="a b"\nx\n```', "c++", "x\n", id="a title"),
        pytest.param("```py\n\n  x\n\n\n```", "py", "\n  x\n\n\n", id="blank lines inside"),
    ],
)
def test_what_is_a_block(markdown, language, code):
    """As a reader of the rendered answer sees it."""
    assert [(block.language, block.code) for block in code_blocks(markdown)] == [(language, code)]


@pytest.mark.parametrize("markdown", ["", "text", "    indented", "`inline`", "a ``` b", "``` a ` b\n", "\\```\nx"])
def test_what_is_none(markdown):
    """Only fences are blocks."""
    assert code_blocks(markdown) == []


@pytest.mark.parametrize(
    ("which", "code"),
    [
        ("first", "print(1)"), ("last", "ls"), ("all", "print(1)\nls"), ("python", "print(1)"), ("py", "print(1)"),
        ("python3", "print(1)"), ("sh", "ls"), ("shell", "ls"), ("zsh", "ls"),
    ],
)  # fmt: skip
def test_which_is_taken(which, code):
    """By place, or by language under any of its names; without the newline at the end."""
    assert extract(TWO, which) == code


def test_the_first_of_a_language_is_taken():
    """A language of several blocks means one, as `-x` does; several names are one language."""
    assert extract("```js\n1\n```\n```ts\n2\n```\n```typescript\n3\n```", "tsx") == "2"


@pytest.mark.parametrize(
    ("markdown", "which", "said"),
    [
        ("no code", "first", "has no code block"),
        ("```\n\n```", "all", "has no code block"),
        (TWO, "rust", "no code block in rust, only in py, bash"),
        ("```\nx\n```", "py", "only in no language"),
    ],
)
def test_where_there_is_none(markdown, which, said):
    """An error and not the prose; it says what there is. A blank block is none."""
    with pytest.raises(NoCodeBlockError, match=said):
        extract(markdown, which)


def test_deep_and_long_answers_end():
    """No recursion, no quadratic cost: 200 levels of lists, 50,000 fences."""
    assert code_blocks("".join(f"{'  ' * level}- x\n" for level in range(200))) == []
    assert len(code_blocks("```\nx\n```\n" * 50_000)) == 50_000


def test_the_choice_is_checked():
    """A word, in any case."""
    assert check_choice("Python") == "python"
    assert check_choice("c++") == "c++"
    for word in ("", "a b", "a/b"):
        with pytest.raises(UsageError, match="--extract"):
            check_choice(word)

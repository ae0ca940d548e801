"""The slash commands that bring something into the prompt, or out of the chat: files, the clipboard, templates."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from ..core.conversation import Conversation
from ..core.errors import UsageError
from ..core.harmless import one_line
from ..core.sources import is_url
from ..terminal.draft import Draft
from ..terminal.slash import as_message
from .slash import Doing, Handler, NothingThereError, Outcome, labels
from .slash_branches import number_in

CLIPBOARD = "clipboard"
_QUOTED = 200
_VALUE = re.compile(r"""(?P<name>[A-Za-z_]\w*)=(?:"(?P<quoted>[^"]*)"|'(?P<single>[^']*)'|(?P<bare>\S*))(?:\s+|\Z)""")


# ------------------------------------------------------------------------------------------------ the next message
def attach(doing: Doing) -> Outcome:
    """Take files into the next message."""
    if not doing.rest:
        if doing.kept.chips:  # the prompt has made a chip of what stood here
            return Outcome()
        raise UsageError("/attach takes a path, a URL or the word clipboard")
    attacher, clipboard = doing.ui.attacher, doing.rest == CLIPBOARD
    sources = [] if clipboard else _sources(doing.rest)
    _say_fetching(doing, sources)
    chips = [attacher.clipboard_image()] if clipboard else attacher.attach_all(sources)
    for chip in chips:
        if chip.note:
            doing.say(chip.note)
    return Outcome(labels(tuple(chips)))


def _say_fetching(doing: Doing, sources: list[str]) -> None:
    """Say what may take its time, to a person."""
    console, urls = doing.session.context.console, [one_line(source, _QUOTED) for source in sources if is_url(source)]
    if urls and console.err_is_terminal and not console.quiet and doing.ui.attacher.fetch:
        console.say(f"fetching {', '.join(urls)} · Ctrl-C stops it", dim=True)


def _sources(text: str) -> list[str]:
    """The paths that `text` names: one with blanks in it, or several as a shell reads them."""
    if os.path.lexists(_path(_unmarked(text))):
        return [_unmarked(text)]
    try:
        return [_unmarked(word) for word in shlex.split(text)]
    except ValueError:  # a quote that does not close
        return [text]


def _unmarked(name: str) -> str:
    """A path without the `@` that stands before it in a message; some files' names begin with one."""
    return name if os.path.lexists(_path(name)) else name.removeprefix("@")


def detach(doing: Doing) -> Outcome:
    """Take one off again."""
    chips = doing.kept.chips
    if not chips:
        raise NothingThereError("nothing is attached; what is stands in the prompt before the command")
    number = number_in(doing.rest, len(chips), "attachment") if doing.rest else len(chips)
    doing.say(f"{one_line(chips[number - 1].name)} is taken off")
    doing.kept = labels((*chips[: number - 1], *chips[number:]))
    return Outcome()


def template(doing: Doing) -> Outcome:
    """Fill a template into the prompt."""
    from ..storage.setting_values import nearest
    from ..storage.templates import INPUT, load_template

    if not doing.rest:
        raise UsageError("/template takes the name of one; claude-cli templates list shows them")
    word, *rest = doing.rest.split(maxsplit=1)
    found = load_template(word, doing.session.context.environ)
    values, text = _values("".join(rest))
    for name in values:
        if name not in found.placeholders:
            raise UsageError(f"template {found.name} has no ${name}{nearest(name, found.placeholders)}")
    if INPUT in found.placeholders:
        values.setdefault(INPUT, text)
        text = ""
    missing = [name for name in found.placeholders if name not in {**found.defaults, **values}]
    if missing:
        raise UsageError(f"template {found.name} needs {' '.join(f'{name}=…' for name in missing)} behind its name")
    prompt, _ = found.fill(values)
    chips = doing.ui.attacher.attach_all(found.files)
    more = [name for name in ("system", "model", "effort", "max_tokens", "schema") if getattr(found, name)]
    if more:
        doing.say(f"left out of the template: {', '.join(more)}; /system, /model and /set say it")
    shown = as_message("\n\n".join(filter(None, [prompt, text])))
    return Outcome(Draft(labels(tuple(chips)).text + shown, tuple(chips)))


def _values(rest: str) -> tuple[dict[str, str], str]:
    """The `name=value`s that `rest` begins with, and the text behind them as it is."""
    values = {}
    while match := _VALUE.match(rest):
        values[match["name"]] = match["quoted"] or match["single"] or match["bare"] or ""
        rest = rest[match.end() :]
    return values, rest


# ------------------------------------------------------------------------------------------------ out of the chat
def copy(doing: Doing) -> Outcome:
    """Put an answer, its code or all that was said onto the clipboard."""
    from ..terminal.copying import copy as put

    context = doing.session.context
    text, what = _wanted(doing)
    emit = context.console.draw if _understands(doing) else None
    how = put(text, context.environ, emit)
    doing.say(f"copied {what}, {len(text):,} character{'s' * (len(text) != 1)} ({how})")
    return Outcome()


def _understands(doing: Doing) -> bool:
    """Whether an escape sequence on standard output comes to a terminal that can do something with it."""
    context = doing.session.context
    return context.console.out_is_terminal and context.environ.get("TERM") != "dumb"


def _wanted(doing: Doing) -> tuple[str, str]:
    """The text to copy, and what it is."""
    conversation = doing.session.conversation
    answers = conversation.answers
    if doing.rest == "all":
        from ..storage.exchange_markdown import markdown

        if not conversation.path:
            raise NothingThereError("nothing has been said yet")
        return markdown(conversation), "the conversation"
    if not answers:
        raise NothingThereError("there is no answer to copy yet")
    word, *more = doing.rest.split() or [str(len(answers))]
    if word == "code":
        return _code(answers[-1].text, *more)
    number = number_in(doing.rest or word, len(answers), "answer")
    text = answers[number - 1].text
    if not text:
        raise UsageError(f"answer {number} has no text")
    return text, f"answer {number}"


def _code(text: str, number: str = "", *more: str) -> tuple[str, str]:
    from ..core.extract import code_blocks

    blocks = [block.code.rstrip("\n") for block in code_blocks(text) if block.code.strip()]
    if more or not blocks:
        raise UsageError("/copy code takes one number at most" if more else "the last answer has no block of code")
    if number:
        return blocks[number_in(number, len(blocks), "block of code") - 1], f"block {number}"
    return "\n".join(blocks), "the code" if len(blocks) == 1 else f"{len(blocks)} blocks of code"


def export(doing: Doing) -> Outcome:
    """Write the conversation to a file, from memory: it need not be kept anywhere."""
    conversation = doing.session.conversation
    if not conversation.turns:
        raise NothingThereError("nothing has been said yet")
    name = _unmarked(doing.rest) or f"claude-{conversation.id}.md"
    shown, path = one_line(name, _QUOTED), _path(name)
    try:
        if path.is_dir():
            raise UsageError(f"{shown} is a folder; name a file in it")
        if os.path.lexists(path) and not doing.ui.confirm(f"{shown} exists. Replace it?"):
            raise UsageError(f"{shown} exists and is left as it is; name another file")
        _write(path, _exported(doing, conversation, path.suffix.lower()))
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "the name is not valid"
        raise UsageError(f"{shown} cannot be written: {why}") from error
    doing.say(f"written: {shown}, keys and the name of your home folder left out")
    return Outcome()


def _path(name: str) -> Path:
    with suppress(RuntimeError):  # the home of nobody
        return Path(name).expanduser()
    return Path(name)


def _exported(doing: Doing, conversation: Conversation, suffix: str) -> str:
    from ..storage.exchange_redact import Redaction

    safe = Redaction(doing.session.context.environ.get("HOME", "")).conversation(conversation)
    if suffix == ".json":
        from ..storage.exchange import exported

        return "".join(exported([safe], redacted=True))
    from ..storage.exchange_markdown import markdown

    return markdown(safe)


def _write(path: Path, text: str) -> None:
    """Put `text` into the place of `path`, readable by its user alone. Raises `OSError`; what was there still is."""
    from ..storage.files import write_private

    if not path.parent.is_dir():
        raise FileNotFoundError(2, f"there is no folder {one_line(str(path.parent), _QUOTED)}")
    write_private(path, text.encode("utf-8", "replace"))


HANDLERS: Mapping[str, Handler] = {
    "attach": attach,
    "detach": detach,
    "template": template,
    "copy": copy,
    "export": export,
}

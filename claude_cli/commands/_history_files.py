"""`history export` and `history import`: conversations to and from files."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO

import typer

from ..context import Context, Overrides
from ..core.errors import UsageError
from . import _history as about
from . import _options as options

if TYPE_CHECKING:
    from ..core.conversation import Conversation
    from ..storage.conversations import Entry, History
    from ..terminal.console import Console

FORMATS = ("md", "json")


def export(
    names: about.Conversations = None,
    all_: Annotated[bool, typer.Option("--all", help="Export every conversation.")] = False,
    output: Annotated[
        str | None,
        typer.Option("--output", "-o", metavar="FILE", help="Into FILE, readable by you alone. [default: standard output]"),
    ] = None,
    format_: Annotated[
        str | None,
        typer.Option("--format", metavar="FORM", help="md, for people, or json, for history import. [default: json for FILE.json, else md]"),
    ] = None,
    raw: Annotated[
        bool, typer.Option("--raw", help="Leave keys, home folders and thinking in; without it they are taken out.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Overwrite FILE without a question.")] = False,
    quiet: options.Quiet = False,
) -> int:  # fmt: skip
    """Export conversations as Markdown or JSON; the newest where none is named."""
    if names and all_:
        raise UsageError("--all is every conversation; name some, or say --all")
    options.one_of(format_, FORMATS, "--format")
    context = Context(overrides=Overrides(quiet=quiet))
    form = format_ or ("json" if output and output.endswith(".json") else "md")
    with about.opened(context) as history:
        entries = history.entries() if all_ else about.meant_or_newest(history, names)
        if output and not _may_write(context, output, yes=yes):
            return 0
        pieces = _Exported(history, entries, raw=raw, home=context.environ.get("HOME", ""))
        size = _write(context, pieces.text(form), output)
    _say(context, pieces, form, output, size)
    return 0


class _Exported:
    """Conversations on their way out, one after another."""

    def __init__(self, history: History, entries: list[Entry], *, raw: bool, home: str) -> None:
        self.entries, self.raw = entries, raw
        self.has_data = False
        self._history, self._home = history, home

    def text(self, form: str) -> Iterator[str]:
        """The export, in pieces."""
        if form == "json":
            from ..storage.exchange import exported

            return exported(self._conversations(), redacted=not self.raw)
        from ..storage.exchange_markdown import markdown

        return (("\n" if number else "") + markdown(each) for number, each in enumerate(self._conversations()))

    def _conversations(self) -> Iterator[Conversation]:
        from ..storage.exchange_redact import Redaction, has_data

        redaction = Redaction(self._home)
        for entry in self.entries:
            found = self._history.load(entry.id)
            if self.raw:
                yield found
                continue
            self.has_data = self.has_data or any(has_data(b) for turn in found.turns.values() for b in turn.content)
            yield redaction.conversation(found)


def _may_write(context: Context, output: str, *, yes: bool) -> bool:
    """Whether nothing is lost by writing to `output`, or a person agrees. Raises `UsageError`: nobody is there."""
    if yes or not Path(output).is_file():
        return True
    from ..terminal.ask import can_ask, confirm

    if not can_ask(context.console):
        raise UsageError(f"{output} is there already; say --yes to overwrite it")
    return confirm(context.console, f"{output} is there already; overwrite it?")


def _write(context: Context, pieces: Iterable[str], output: str | None) -> int:
    """Write `pieces`, and return how many bytes went to a file."""
    if output is None or output == "-":
        _answer(context.console, pieces)
        return 0
    from ..terminal.output_file import OutputFile, to_file

    with OutputFile(output, note=context.console.line, private=True) as file:
        _answer(to_file(context.console, file), pieces)
        return file.size


def _answer(console: Console, pieces: Iterable[str]) -> None:
    for piece in pieces:
        console.answer(piece)


def _say(context: Context, pieces: _Exported, form: str, output: str | None, size: int) -> None:
    """Say what stands in the file, and what could not be looked into."""
    if context.console.quiet:
        return
    from ..core.sizes import readable_size
    from ..storage.exchange import MAX_BYTES
    from ._history_text import counted

    say = context.console.line
    if output and context.console.err_is_terminal:
        without = "" if pieces.raw else "; keys, home folders and thinking are left out (--raw keeps them)"
        say(f"{counted(len(pieces.entries), 'conversation')} in {output}, {readable_size(size)}{without}", dim=True)
    if form == "json" and pieces.has_data:
        say("images and PDFs are in it as they are: what they show is not looked into")
    if form == "json" and size > MAX_BYTES:
        say(f"history import takes {MAX_BYTES // 1_000_000} MB at most; export fewer conversations at a time")


def import_(
    file: Annotated[str, typer.Argument(metavar="FILE", help="An export as JSON, or llm's logs.db; '-' reads standard input.")],
    quiet: options.Quiet = False,
) -> int:  # fmt: skip
    """Import conversations: those of an export as JSON, or of the database of the tool llm.

    What is there already stays as it is. Of a file with a mistake in it nothing is imported.
    """
    context = Context(overrides=Overrides(quiet=quiet))
    name = "standard input" if file == "-" else file
    try:
        found = _read(file, int(time.time() * 1e6))
    except OSError as error:
        raise UsageError(f"{name} cannot be read: {error.strerror}") from error
    except UsageError as error:
        raise UsageError(f"{name} cannot be imported: {error}; nothing is imported") from error
    with about.opened(context) as history:
        kept = _keep(history, found)
    from ._history_text import counted

    there = f"; {len(found) - len(kept):,} there already" if len(found) > len(kept) else ""
    context.console.answer(f"imported {counted(len(kept), 'conversation')}{there}\n")
    return 0


def _keep(history: History, found: list[Conversation]) -> list[Conversation]:
    """Keep those that are not there yet, and return them; where one cannot be kept, none is."""
    from ..storage.database import DatabaseUnavailableError

    kept: list[Conversation] = []
    try:
        for each in found:
            kept += history.adopt([each])
    except BaseException:  # also Ctrl-C
        with suppress(DatabaseUnavailableError):
            history.remove([each.id for each in kept])
        raise
    return kept


def _read(name: str, now: int) -> list[Conversation]:
    """The conversations in a file, whatever it is. Raises `OSError`, `UsageError`."""
    with open(0, "rb", closefd=False) if name == "-" else Path(name).open("rb") as stream:
        head = stream.read(len(_SQLITE))
        if head != _SQLITE:
            from ..storage.exchange import MAX_BYTES, imported

            return imported(head + stream.read(MAX_BYTES + 1), now=now)
        from ..storage.llm_import import conversations_of_llm

        if Path(name).is_file():
            return conversations_of_llm(Path(name), now=now)
        with tempfile.TemporaryDirectory() as folder:
            copy = Path(folder, "logs.db")
            _spool(head, stream, copy)
            return conversations_of_llm(copy, now=now)


_SQLITE = b"SQLite format 3\0"


def _spool(head: bytes, stream: BinaryIO, copy: Path) -> None:
    """Write what a pipe brings to a file, which SQLite needs."""
    import shutil

    with copy.open("wb") as out:
        out.write(head)
        shutil.copyfileobj(stream, out)

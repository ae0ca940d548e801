"""What the slash commands do: here the way in, and those that only talk; the others in `slash_*.py`, by their subject.

Which commands there are stands in `terminal/slash.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Protocol

from ..core.errors import UsageError
from ..storage.database import DatabaseUnavailableError
from ..terminal import slash
from ..terminal.draft import Chip, Draft
from .drafts import count

if TYPE_CHECKING:
    from ..terminal.chips import Attacher
    from .session import Result, Session

__all__ = ["UI", "Doing", "NothingThereError", "Outcome", "as_sent", "run"]


class UI(Protocol):
    """What the commands need of the chat around them.

    Attributes:
        attacher: makes the chips of the prompt.
        listed: ids of the conversations that /open listed last, for its numbers; empty at first.
    """

    attacher: Attacher
    listed: list[str]

    def say(self, text: str) -> None:
        """Show some lines to the user, made harmless."""

    def confirm(self, question: str) -> bool:
        """Whether the user says yes to `question`; False where nobody can be asked."""


class NothingThereError(UsageError):
    """There is nothing that the command could work on: its text cannot be mended, and does not stay in the prompt."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a command has left to be done.

    Attributes:
        draft: stands in the prompt next.
        result: of the question that it asked, of which everything has been said; None: it asked none.
        leave: the chat is over.
    """

    draft: Draft = field(default_factory=Draft)
    result: Result | None = None
    leave: bool = False


@dataclass(slots=True)
class Doing:
    """A command under way.

    Attributes:
        session: the chat.
        ui: what is around it.
        rest: what was typed behind the command.
        kept: what is attached to the next message, and stays so: chips, with their labels as its text.
    """

    session: Session
    ui: UI
    rest: str = ""
    kept: Draft = field(default_factory=Draft)

    @property
    def width(self) -> int:
        """Cells of the terminal."""
        from ..terminal.console import STDERR
        from ..terminal.tty import size

        return size(STDERR, self.session.context.environ)[0]

    @property
    def blocks(self) -> bool:
        """Whether the terminal knows more than ASCII."""
        from ..terminal.charts import draws_blocks

        context = self.session.context
        return draws_blocks(context.environ, context.console.err_encoding)

    def say(self, *lines: str) -> None:
        """Show lines to the user."""
        self.ui.say("\n".join(lines))


Handler = Callable[[Doing], Outcome]


def run(session: Session, draft: Draft, ui: UI) -> Outcome | None:
    """Do what `draft` says; None: it is no command but a message, to be sent as `as_sent` has it.

    What is attached stays attached, whether its label stands before the command or behind it.

    Raises:
        UsageError: there is no such command, or it cannot do this; nothing is changed by it.
    """
    text, kept = _apart(draft)
    call = slash.parse(text)
    if call is None:
        return None
    try:
        before = session.conversation.id, session.conversation.head
        doing = Doing(session, ui, call.rest, kept)
        outcome = _handlers()[call.command.name](doing)
    except DatabaseUnavailableError as error:
        raise UsageError(f"the history cannot be used now: {error}") from error
    left = _together(doing.kept, outcome.draft)
    if outcome.result is None and before != (session.conversation.id, session.conversation.head):
        count(ui.attacher, session.conversation, left)
    return replace(outcome, draft=left)


def as_sent(draft: Draft) -> Draft:
    """`draft` as a message: `//` at the beginning of what is not a chip stands for `/`."""
    if not _apart(draft)[0].startswith("//"):
        return draft
    masked = draft.text
    for chip in draft.used:
        masked = masked.replace(chip.label, " " * len(chip.label))
    at = masked.index("//")
    return replace(draft, text=draft.text[:at] + draft.text[at + 1 :])


def _together(kept: Draft, draft: Draft) -> Draft:
    """`draft` with the chips of `kept` that are not in it yet, before its text."""
    more = [chip for chip in kept.chips if chip not in draft.chips]
    return replace(draft, text="".join(f"{chip.label} " for chip in more) + draft.text, chips=(*more, *draft.chips))


def _apart(draft: Draft) -> tuple[str, Draft]:
    """The text without the labels of chips, and a draft of the chips alone."""
    text = draft.text
    for chip in draft.used:
        text = text.replace(chip.label, "")
    return (text.strip() if draft.used else text), labels(draft.used)


def labels(chips: tuple[Chip, ...]) -> Draft:
    """A draft of nothing but `chips`."""
    return Draft("".join(f"{chip.label} " for chip in chips), chips)


def _handlers() -> Mapping[str, Handler]:
    """Every command's function, by its name; loaded with the first command."""
    from . import slash_asking, slash_branches, slash_files, slash_sessions, slash_usage

    found: dict[str, Handler] = {"help": help_, "exit": lambda doing: Outcome(leave=True)}
    for module in (slash_asking, slash_branches, slash_files, slash_sessions, slash_usage):
        found.update(module.HANDLERS)
    return found


def help_(doing: Doing) -> Outcome:
    """Show the commands and keys, or one command."""
    if not doing.rest:
        doing.say(*slash.overview(doing.width))
        return Outcome()
    word = doing.rest.split()[0]
    command = slash.find(word)
    if command is None:
        raise UsageError(slash.unknown(f"/{word.removeprefix('/')}"))
    doing.say(*slash.about(command, doing.width))
    return Outcome()

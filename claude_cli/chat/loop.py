"""The chat's turns, one after the other: read a message, do what it says, say how it came out, read the next.

Whatever fails in a turn is told in a line and leaves its message in the prompt; only the end of the input, a signal or
an answer that cannot be printed ends the loop. A script's loop ends with its first failure: what follows builds on it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from ..asking.sessions import introduce_history
from ..core.errors import ClaudeError, OutputError
from ..core.messages import Notice
from ..core.redact import redact
from ..terminal.ask import can_ask, confirm
from ..terminal.chips import Attacher
from ..terminal.draft import Draft
from ..terminal.prompt import Prompt
from ..terminal.prompt_words import missing_file
from ..terminal.signals import Terminated
from .drafts import draft_of
from .session import Result, Session
from .slash import NothingThereError, Outcome, as_sent, labels, run

KEPT = "what came is kept; /continue goes on"


@dataclass(slots=True)
class Loop:
    """One chat's loop, and what the slash commands need of it (`slash.UI`).

    Attributes:
        session: what asks and keeps.
        prompt: where messages come from.
        attacher: makes the chips of the prompt.
        scripted: nobody is there; the first failure ends it.
        held: notices that came up beside the prompt; they are said with the next message.
        draft: what stands in the prompt next.
        listed: see `slash.UI`.
        taken: messages and commands so far.
        status: what the chat ends with: 0, or that of a script's failure.
    """

    session: Session
    prompt: Prompt
    attacher: Attacher
    scripted: bool = False
    held: list[Notice] = field(default_factory=list)
    draft: Draft = field(default_factory=Draft)
    listed: list[str] = field(default_factory=list)
    taken: int = 0
    status: int = 0

    def run(self, first: Draft | None = None) -> int:
        """Talk until somebody leaves, or a script's turn fails; returns the exit status.

        Args:
            first: a message that is sent at once.
        Raises:
            OutputError, BrokenPipeError: nobody can see the answers any more.
            UsageError: a script's slash command cannot be done.
            KeyboardInterrupt: a script was interrupted, or SIGTERM or SIGHUP came.
        """
        if first is not None:
            self.prompt.show(first)
        leave = False
        while not leave and not self.status:
            try:
                message, first = first or self._read(), None
                leave = message is None or self._take(message)
            except KeyboardInterrupt as stop:  # beside the prompt's keys and the answer, which see to it themselves
                self.check(stop)
        self._say_held()
        return self.status

    def check(self, stop: KeyboardInterrupt) -> None:
        """Go on after a Ctrl-C: the prompt alone knows when one means to leave. Raises `stop` where nobody is there."""
        if self.scripted or isinstance(stop, Terminated):
            raise stop

    def say(self, text: str) -> None:
        """Show what a slash command tells."""
        self.session.context.console.say(text)

    def confirm(self, question: str) -> bool:
        """Ask the user; False where nobody can be asked."""
        console = self.session.context.console
        return not self.scripted and can_ask(console) and confirm(console, question)

    def _read(self) -> Draft | None:
        """The next message; None: there are no more."""
        try:
            message = self.prompt.read(self.draft)
        except EOFError:
            return None
        for chip in self.draft.used if self.scripted else ():  # a script's line knows nothing of what is attached
            message = message.with_chip(chip)
        return message

    def _take(self, draft: Draft) -> bool:
        """Do what a message says; the prompt then has what is left of it. Returns whether the user leaves."""
        self.draft = draft if draft.text.strip() else Draft()
        if not self.draft.text:
            return False
        self.taken += 1
        before = self.session.conversation.head
        try:
            self._gap()
            self._say_held()
            outcome = run(self.session, draft, self) or self._send(draft)
        except OutputError:
            raise
        except ClaudeError as error:
            if self.scripted:
                raise
            self.session.context.console.error(redact(str(error)))
            outcome = Outcome(labels(draft.used) if isinstance(error, NothingThereError) else draft)
        except KeyboardInterrupt as stop:  # at a question, or while something is fetched
            self.check(stop)
            conversation = self.session.conversation
            outcome = Outcome(draft if conversation.head == before or conversation.unanswered else Draft())
        self.draft = outcome.draft
        if outcome.result:
            self._take_back()
            self._end(outcome.result)
        self._gap()
        return outcome.leave

    def _say_held(self) -> None:
        """Say what came up while the prompt was on."""
        while self.held:
            self.session.context.notify(self.held.pop(0))

    def _send(self, draft: Draft) -> Outcome:
        """Ask what a message says; where nothing answers it, it goes back into the prompt."""
        missing = missing_file(draft.text)
        if missing:
            self.session.context.notify(Notice("no_such_file", f"there is no file {missing}: it is sent as text"))
        result = self.session.ask(as_sent(draft).content)
        return Outcome(draft if result.answer is None else Draft(), result)

    def _take_back(self) -> None:
        """Where an answer was stopped before its first word, its question waits in the prompt for another one."""
        path = self.session.conversation.path
        if path and path[-1].state == "interrupted" and not path[-1].text.strip():
            self.session.move(path[-1].parent)
            self.draft = draft_of(path[-2])

    def _end(self, result: Result) -> None:
        """Say what the session has not said of an outcome, and note what of it ends a script."""
        context = self.session.context
        if result.answer and self.session.history and self.session.standing.saved:
            introduce_history(context)
        if not self.scripted:
            if result.interrupted and result.can_go_on:
                context.console.say(KEPT, dim=True)
        elif result.interrupted:
            raise KeyboardInterrupt
        elif result.error:
            self.status = result.error.exit_code

    def _gap(self) -> None:
        """A blank line between what is said, for people."""
        console = self.session.context.console
        if console.out_is_terminal and not self.scripted:
            console.draw("\n")

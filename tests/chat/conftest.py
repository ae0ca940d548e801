"""A chat without a keyboard: a real session beside a simulator, its history on disk, and what is said to its user."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from claude_cli.asking.question import Sources
from claude_cli.asking.run import Asked
from claude_cli.chat.session import Result, Session
from claude_cli.chat.slash import Outcome, as_sent, run
from claude_cli.context import Context, Overrides
from claude_cli.core.conversation import Conversation
from claude_cli.simulator import BackgroundSimulator
from claude_cli.storage.conversations import History
from claude_cli.terminal.chips import Attacher
from claude_cli.terminal.draft import Draft

COLUMNS = 80


@dataclass
class Chat:
    """One chat: called with a line it does what its loop would do.

    Attributes:
        said: what commands have told, a line each.
        questions: what the user was asked.
        yes: what the user answers.
        outcome: of the last command.
    """

    session: Session
    simulator: BackgroundSimulator
    attacher: Attacher
    listed: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    questions: list[str] = field(default_factory=list)
    yes: bool = False
    outcome: Outcome | None = None

    def say(self, text: str) -> None:
        self.said += text.split("\n")

    def confirm(self, question: str) -> bool:
        self.questions.append(question)
        return self.yes

    def __call__(self, line: str | Draft) -> list[str]:
        """Do a slash command; returns what it told. What the prompt shows next is in `draft`."""
        self.said = []
        draft = line if isinstance(line, Draft) else Draft(line)
        self.outcome = run(self.session, draft, self)
        assert self.outcome is not None, "this is no command"
        return self.said

    @property
    def draft(self) -> Draft:
        """What the last command has left in the prompt."""
        assert self.outcome is not None
        return self.outcome.draft

    def ask(self, line: str | Draft) -> Result:
        """Send a message."""
        draft = line if isinstance(line, Draft) else Draft(line)
        assert run(self.session, draft, self) is None, "this is a command"
        return self.session.ask(as_sent(draft).content)

    @property
    def texts(self) -> list[str]:
        """What was said on the branch in use."""
        return [turn.text for turn in self.session.conversation.path]

    @property
    def sent(self) -> dict[str, Any]:
        """The last request."""
        body = self.simulator.requests[-1].json
        assert isinstance(body, dict)
        return body


@pytest.fixture
def chat(tmp_path: Path) -> Iterator[Callable[..., Chat]]:
    """Begins chats, all with the same history on disk, each beside a simulator with the steps of a script."""
    with ExitStack() as stack:

        def begin(
            *script: dict[str, Any], saved: bool = True, model: str | None = None,
            environ: dict[str, str] | None = None, **asked: Any,
        ) -> Chat:  # fmt: skip
            simulator = stack.enter_context(BackgroundSimulator(script=list(script)))
            home = {"CLAUDE_CLI_HOME": str(tmp_path / "data"), "HOME": str(tmp_path), "COLUMNS": str(COLUMNS)}
            key = {
                "ANTHROPIC_BASE_URL": simulator.url,
                "ANTHROPIC_API_KEY": "sk-ant-test",
                "PATH": "",
                "LANG": "C.UTF-8",
            }
            context = Context(
                environ={**home, **key, **(environ or {})}, overrides=Overrides(quiet=True), command="chat"
            )
            stack.enter_context(context.closing)
            history = History(tmp_path / "data", notify=context.notify)
            conversation = Conversation(history.new_id())
            wanted = Asked(Sources(None), model=model, cache="5m", **asked)
            session = Session(context, wanted, conversation, history if saved else None)
            stack.callback(session.close)
            attacher = Attacher(lambda: context.catalogue.find(session.model), context.environ)
            return Chat(session, simulator, attacher)

        yield begin

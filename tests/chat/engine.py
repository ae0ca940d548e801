"""A chat's session without a keyboard, against a real simulator and a real database."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import FrameType
from typing import Any

from claude_cli.asking.question import Sources
from claude_cli.asking.run import Asked
from claude_cli.chat.session import Result, Session
from claude_cli.context import Context, Overrides
from claude_cli.core.conversation import Conversation, Turn
from claude_cli.core.messages import LLMOptions, text_block
from claude_cli.simulator import BackgroundSimulator
from claude_cli.storage.conversations import History, Stored
from claude_cli.terminal.console import Console

MODEL = "claude-sonnet-5-5"


@dataclass(frozen=True, slots=True)
class Pressing(Console):
    """A console at which a key is pressed as soon as so much has been shown."""

    after: str = ""
    signals: tuple[int, ...] = (signal.SIGINT,)
    shown: list[str] = field(default_factory=list)

    def answer(self, text: str) -> None:
        self._look(text)

    def say(self, text: str, *, dim: bool = False, end: str = "\n") -> None:
        self._look(text)

    def _look(self, text: str) -> None:
        self.shown.append(text)
        if self.after and self.after in "".join(self.shown):
            self.shown.clear()
            for number in self.signals:
                signal.raise_signal(number)


class PressedMeanwhile(History):
    """A history that has Ctrl-C pressed while it keeps an answer."""

    def append(self, conversation: Conversation, turn: Turn) -> Stored:
        if turn.role == "assistant":
            signal.raise_signal(signal.SIGINT)
        return super().append(conversation, turn)


@dataclass
class Chat:
    """A session, and what is around it."""

    session: Session
    history: History
    simulator: BackgroundSimulator
    folder: Path

    def ask(self, text: str) -> Result:
        return self.session.ask((text_block(text),))

    def said(self, text: str) -> str:
        """The answer to `text`, which must come out well."""
        result = self.ask(text)
        assert result.answer and not result.error, result
        return result.answer.text

    @property
    def kept(self) -> Conversation:
        """The conversation as it is on disk."""
        return self.history.load(self.session.conversation.id)

    def has(self, turn: Turn) -> bool:
        """Whether `turn` is on disk as it is here; of its usage the counts alone."""
        kept = self.kept.turns[turn.id]
        assert kept.usage and turn.usage
        return replace(kept, usage=None) == replace(turn, usage=None) and kept.usage.as_json() == turn.usage.as_json()

    @property
    def path(self) -> list[tuple[str, str, str]]:
        """The branch in use: who says what, and how it stands."""
        return [(turn.role, turn.text, turn.state) for turn in self.session.conversation.path]

    @property
    def bodies(self) -> list[dict[str, Any]]:
        """What was sent."""
        return [request.json for request in self.simulator.requests]

    @property
    def sent(self) -> list[tuple[str, str]]:
        """The last request's messages: who says what, without thinking and attachments."""
        return [(message["role"], _text(message["content"])) for message in self.bodies[-1]["messages"]]

    def press(self, after: str, *signals: int) -> None:
        """From now on press Ctrl-C, or what `signals` says, where the answer has come to `after`."""
        verbose = self.session.context.overrides.verbose
        self.session.context.console = Pressing(
            False, False, verbose=verbose, after=after, signals=signals or (signal.SIGINT,)
        )

    def set(self, **options: Any) -> None:
        """Change parameters, as `/set` and `/model` do."""
        names = {name: options.pop(name) for name in ("model", "system") if name in options}
        self.session.asked = replace(self.session.asked, **names)
        if options:
            self.session.asked = replace(self.session.asked, options=replace(self.session.asked.options, **options))


@contextmanager
def pressed_in(function: str) -> Iterator[None]:
    """Press Ctrl-C as the function with this qualified name is entered for the first time, which must happen."""
    pressed = []

    def look(frame: FrameType, event: str, argument: object) -> None:
        if event == "call" and not pressed and frame.f_code.co_qualname == function:
            pressed.append(function)
            signal.raise_signal(signal.SIGINT)

    sys.setprofile(look)
    try:
        yield
    finally:
        sys.setprofile(None)
    assert pressed


def _text(content: Any) -> str:
    return content if isinstance(content, str) else "".join(block.get("text", "") for block in content)


@contextmanager
def chatting(
    folder: Path, script: list[dict[str, Any]] | None = None, *, keep: bool = True, settings: str = "",
    conversation: Conversation | None = None, verbose: int = 0, kind: type[History] = History,
    provider: str | None = None, **asked: Any,
) -> Iterator[Chat]:  # fmt: skip
    """A chat with the simulator, which goes by `script` and knows the models of `models.toml` as the program does."""
    (folder / "config.toml").write_text(settings)
    extra = asked.pop("extra_models", ())
    with BackgroundSimulator(script=script or [], extra_models=extra) as simulator:
        environ = {
            "CLAUDE_CLI_HOME": str(folder),
            "ANTHROPIC_API_KEY": "sk-ant-api03-CANARY",
            "ANTHROPIC_BASE_URL": simulator.url,
        }
        context = Context(environ=environ, overrides=Overrides(provider, verbose=verbose), command="chat")
        history = kind(folder, notify=context.notify)
        options = LLMOptions(**asked.pop("options", {}))
        parameters = Asked(
            Sources(None), **{"model": MODEL, "cache": "5m", "retries": 0, **asked}, options=options, format="text"
        )
        about = conversation or Conversation(history.new_id())
        session = Session(context, parameters, about, history if keep else None)
        with context.closing:
            try:
                yield Chat(session, history, simulator, folder)
            finally:
                session.close()

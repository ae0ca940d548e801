"""The calls of a chat: each fitted to its model, shown and kept as it comes, and put on the account."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ..asking.live import begin as begin_live
from ..asking.live import say_retirement
from ..asking.outcome import usage_line
from ..asking.run import Asked, Fitted, Run
from ..context import Context
from ..core.conversation import Conversation, Turn, binding, messages_of
from ..core.errors import ClaudeError, UsageError
from ..core.messages import ChatRequest, Message, text_block
from ..terminal.signals import held_back
from .line import Line
from .window import Window

if TYPE_CHECKING:
    from ..asking.keeper import Keeper
    from ..core.models import Model


@dataclass(frozen=True, slots=True)
class Question:
    """A request of a conversation, before it is fitted to its model.

    Attributes:
        name: the model, as the user named it.
        turns: what of the conversation is sent.
        plain: the request, without its messages.
        known: what the catalogue has of its model.
        half: an answer that it goes on with, which is no part of `turns`.
        wish: what is asked behind the turns and is no part of the conversation; "": nothing.
    """

    name: str
    turns: list[Turn]
    plain: ChatRequest
    known: Model | None
    half: Turn | None = None
    wish: str = ""

    @property
    def all_turns(self) -> list[Turn]:
        """What is sent, with the answer that it goes on with."""
        return [*self.turns, *([self.half] if self.half else [])]

    @property
    def window(self) -> int:
        """Tokens that the model takes; 0: not known."""
        return (self.known.context_window if self.known else None) or 0

    @property
    def request(self) -> ChatRequest:
        """The whole request."""
        messages = messages_of(self.turns, self.plain.model, *self._goes_with)
        if self.wish:
            messages.append(Message("user", (text_block(self.wish),)))
        return replace(self.plain, messages=tuple(messages))

    def asking(self, model: str) -> Question:
        """The same of the model with this id, to which the thinking of others is not sent."""
        return replace(self, plain=replace(self.plain, model=model))

    def bound(self, model: str) -> str:
        """The mark of what the thinking of an answer by the model with this id is bound to."""
        return binding(self.turns, model, *self._goes_with)

    @property
    def _goes_with(self) -> tuple[str, Sequence[dict[str, Any]]]:
        """The system prompt and the tools."""
        tools = self.plain.options.extra.get("tools")
        return str(self.plain.system or ""), tools if isinstance(tools, list | tuple) else ()


class Caller:
    """Makes the calls of one chat, one after the other.

    Attributes:
        spent_pico: by the conversation before it was opened, and all calls since; None: one of them has no price.
        cached: share of the last prompt that came from the cache, 0 to 1; None: nothing was asked.
        window: figures of the conversation's length.
    """

    def __init__(self, context: Context) -> None:
        """Prepare; nothing is opened before the first call."""
        self.spent_pico: int | None = 0
        self.cached: float | None = None
        self.window = Window()
        self._context, self._line = context, Line(context)
        self._told: set[str] = set()

    def begin(self, conversation: Conversation) -> None:
        """Begin the account of another conversation with what its answers have cost."""
        paid = [0 if conversation.simulated else turn.cost_pico for turn in conversation.turns.values() if turn.usage]
        priced = [pico for pico in paid if pico is not None]
        self.spent_pico = sum(priced) if len(priced) == len(paid) else None
        self.cached, self.window = None, Window()

    def question(self, asked: Asked, name: str, system: str, turns: list[Turn], half: Turn | None = None) -> Question:
        """What is asked of the model `name` behind `turns`."""
        models = self._context.catalogue
        plain = ChatRequest(models.resolve(name), (), system or None, asked.options, asked.stream)
        return Question(name, turns, plain, models.find(name), half)

    def call(self, asked: Asked, question: Question, keeper: Keeper | None) -> tuple[Run, ClaudeError | None]:
        """Make one call; returns it, and what went wrong with it.

        Args:
            keeper: keeps the answer; None: it is the caller's to keep.
        Raises:
            UsageError: the model does not take what is asked, there is nothing to go on from, or nobody can be asked.
            AuthenticationError: a source of keys fails.
            KeyboardInterrupt: it was stopped; what came is kept.
        """
        context, asked = self._context, replace(asked, model=question.name)
        request = self._going_on(question, question.half) if question.half else question.request
        context.notices.clear()
        with ExitStack() as closing:
            begin_live(context, asked, closing)
            fitted, fallbacks = self._fitted(asked, question, request)
            if keeper:
                prefilled = bool(question.half) and request.messages[-1].role == "assistant"
                keeper.answering(question.bound, question.half, trimmed=prefilled)
            provider, transport = closing.enter_context(self._line.open())
            around = self._line.around
            run = Run(context, asked, provider, fitted, fallbacks, keeper=keeper, transport=transport, around=around)
            try:
                error = run.ask()
            finally:
                with held_back():
                    self._count(run, question)
                    context.on_notice = _nobody
        if asked.usage:
            context.console.say(usage_line(run.outcome(error)))
        return run, error

    def hang_up(self) -> None:
        """Close the connection, after a failure."""
        self._line.hang_up()

    def close(self) -> None:
        """Close everything; the next call looks up the key again."""
        self._line.close()

    @property
    def left_pico(self) -> int | None:
        """What the tightest budget leaves; None: there is none."""
        settings, most = self._context.settings, self._context.overrides.max_cost_pico
        if not (settings.budget_day or settings.budget_month or most is not None):
            return None  # and nothing of it is loaded
        recorder = self._line.around.recorder
        return recorder.left_pico() if recorder else None

    def _going_on(self, question: Question, half: Turn) -> ChatRequest:
        """The request for the rest of `half`. Of what is there its words alone go along, as in every later request."""
        from ..core.continuation import continue_truncated
        from ..core.prepare import continues_turns

        prefill = continues_turns(question.plain.model, self._context.catalogue)
        words = [block for block in half.content if block.get("type") == "text"]
        following = continue_truncated(question.request, words, prefill=prefill)
        if following is None:
            raise UsageError("no words had come that it could go on from; /retry asks again")
        return following

    def _fitted(self, asked: Asked, question: Question, request: ChatRequest) -> tuple[ChatRequest, list[Fitted]]:
        """`request` as its model takes it, and the same for each fallback; what had to change is said once."""
        from ..core.models import today
        from ..core.prepare import prepare

        models = self._context.catalogue
        fitted, notices = prepare(request, strict=asked.strict, models=models, cache=asked.cache)
        for notice in notices:
            if notice.text not in self._told:
                self._told.add(notice.text)
                self._context.notify(notice)
        say_retirement(self._context, fitted.model, today())
        names = () if question.half else asked.fallbacks
        others = [question.asking(models.resolve(name)).request for name in names]
        return fitted, [prepare(other, strict=asked.strict, models=models, cache=asked.cache) for other in others]

    def _count(self, run: Run, question: Question) -> None:
        """Put the call on the account, and note how long the conversation is now."""
        record, done = run.call.record, run.call.completion()
        if record is None:
            return  # it was never sent
        cost = 0 if self._context.offline else record.cost_pico
        self.spent_pico = None if cost is None or self.spent_pico is None else self.spent_pico + cost
        self.window.forget()
        last = (done.legs or (done.usage,))[-1]
        if done.stop_reason is None or not last.total_input_tokens:
            return
        self.cached = last.cache_read_tokens / last.total_input_tokens
        if run.kept:
            tokens = last.total_input_tokens + last.output_tokens
            self.window.count(question.plain.model, [*question.turns, run.kept], tokens)


def _nobody(notice: object) -> None:
    """Nobody has to be told."""

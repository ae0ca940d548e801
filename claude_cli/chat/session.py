"""A chat under way: the conversation, how the next request is made, and what has been spent; knows no keyboard."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from ..asking.keeper import Keeper
from ..asking.run import Asked
from ..asking.sessions import title_of
from ..context import Context
from ..core.conversation import Conversation, Turn
from ..core.errors import AuthenticationError, BudgetReachedError, ClaudeError, ProviderError, UsageError
from ..core.messages import Block, Notice, text_block
from ..core.overflow import NEARLY_FULL, ROOM, Overflow, first_kept, overflow_of
from ..terminal.signals import Terminated, held_back
from .caller import Caller, Question
from .summary import summed_up
from .words import Doing, said

if TYPE_CHECKING:
    from ..storage.conversations import History

WAY_OUT = "; /export writes it to a file"
_FAILURES = (ProviderError, UsageError, BudgetReachedError)
"""What a call may end with; anything else is a bug, or an answer that cannot be printed, and ends the chat."""


@dataclass(frozen=True, slots=True)
class Result:
    """How one question came out.

    Attributes:
        answer: the answer's turn, None where nothing came.
        error: what went wrong; None: the answer is whole. The error has been said already.
        interrupted: Ctrl-C stopped it.
    """

    answer: Turn | None = None
    error: ClaudeError | None = None
    interrupted: bool = False

    @property
    def can_go_on(self) -> bool:
        """Whether something came that /continue can go on with: words without an end."""
        return bool(self.answer and self.answer.is_partial and self.answer.text.strip())


@dataclass(frozen=True, slots=True)
class Standing:
    """What the toolbar and `/usage` show; computed after each turn, never while a key is waited for.

    Attributes:
        model: as the user named it.
        session: the conversation's title; "": it has none yet.
        tokens, window: of the next request without its prompt, new or waiting; what the model takes, None: not known.
        cached: share of the last request's input that came from the cache, 0 to 1; None: nothing was asked.
        spent_pico: by all answers of the conversation, and this run's further calls; None: one of them has no price.
        left_pico: of the tightest budget; None: there is none.
        saved: whether the conversation is being kept.
    """

    model: str = ""
    session: str = ""
    tokens: int = 0
    window: int | None = None
    cached: float | None = None
    spent_pico: int | None = 0
    left_pico: int | None = None
    saved: bool = True


@dataclass(slots=True)
class Session:
    """One chat.

    Attributes:
        context: settings, console, provider.
        asked: parameters of the next request; `/model`, `/system`, `/set` replace them.
        conversation: what has been said.
        history: where it is kept; None: nowhere (`--no-save`).
        standing: as of the last turn.
    """

    context: Context
    asked: Asked
    conversation: Conversation
    history: History | None
    standing: Standing = field(default_factory=Standing)
    _caller: Caller = field(init=False, repr=False)
    _keeper: Keeper = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Take the conversation up."""
        self._caller = Caller(self.context)
        self._take_up(self.conversation)

    # ------------------------------------------------------------------------------------------- what is asked
    @property
    def model(self) -> str:
        """The model that is asked, as the user named it."""
        return self.context.settings.model if self.asked.model is None else self.asked.model

    @property
    def system(self) -> str:
        """The system prompt that goes with it; "": none."""
        return (self.context.settings.system if self.asked.system is None else self.asked.system) or ""

    def ask(self, content: tuple[Block, ...]) -> Result:
        """Keep the user's turn, send the conversation, show the answer as it comes, keep it; no failed call is raised.

        On a failure before any answer the user's turn stays at the head, unanswered; asking the same content again
        sends that turn again, another content begins a sibling of it.
        """

        def work() -> Result:
            conversation = self.conversation
            conversation.title = conversation.title or title_of(content)
            conversation.model, conversation.system = self.model, self.system
            conversation.simulated = conversation.simulated or self.context.offline
            with held_back():  # on disk and in memory, or in neither
                self._keeper.asked(content)
            return self._answer(self.model)

        return self._attempt("message", work)

    def retry(self, model: str | None = None) -> Result:
        """Ask the last prompt again, as another branch; with another model for this once."""

        def work() -> Result:
            prompts = self.conversation.prompts
            if not prompts:
                raise UsageError("nothing has been asked that could be asked again")
            self.move(prompts[-1].id)
            return self._answer(model or self.model)

        return self._attempt("retry", work)

    def go_on(self) -> Result:
        """Let a cut or interrupted answer go on where it stopped; the halves become one turn."""

        def work() -> Result:
            half = self._last
            if half is None or not half.is_partial:
                raise UsageError("no answer was cut or stopped, so there is nothing to go on with")
            return self._answer(self.model, half)

        return self._attempt("continue", work)

    def compact(self) -> Result:
        """Have the model sum up the conversation: the summary stands for it now, the original stays in the tree."""
        head = self.conversation.head
        result = self._attempt("compact", lambda: self._sum_up(self.model))
        if result.interrupted and self.conversation.head == head:
            self.context.console.say("not summed up: the conversation is as it was", dim=True)
        return result

    # ------------------------------------------------------------------------------------------- which conversation
    def move(self, head: int | None, *, keep: bool = True) -> None:
        """Go to another turn: what is said next follows it; with `keep` whoever opens the conversation begins there."""
        self._keeper.leave()
        self.conversation.head = head
        if keep:
            self._keeper.note(moved=True)
        self._stand()

    def begin(self) -> None:
        """Begin a new conversation with the same parameters (`/new`)."""
        from ..storage.conversations import History
        from ..storage.paths import data_dir

        self._keeper.close()
        history = self.history or History(data_dir(self.context.environ), notify=self.context.notify)
        self._take_up(Conversation(history.new_id(), simulated=self.context.offline))

    def open(self, conversation: Conversation) -> None:
        """Go on with another conversation (`/open`), with the model and the system prompt it was last asked with."""
        self._keeper.close()
        model = conversation.model or self.asked.model
        self.asked = replace(self.asked, model=model, system=conversation.system)
        self._take_up(conversation)

    def changed(self) -> None:
        """Take note that the parameters or the title have changed."""
        self._keeper.note()
        self._stand()

    def close(self) -> None:
        """Leave: everything is kept, connections and the simulator are closed."""
        try:
            self._keeper.close()
        finally:
            self._caller.close()

    def _take_up(self, conversation: Conversation) -> None:
        self.conversation = conversation
        self.context.session = conversation.id
        self._keeper = Keeper(self.history, conversation, notify=self.context.notify, way_out=WAY_OUT)
        self._caller.begin(conversation)
        self._stand()

    # ------------------------------------------------------------------------------------------- one question
    def _attempt(self, doing: Doing, work: Callable[[], Result]) -> Result:
        """What `work` comes to: a failure said, what came kept, however often it is stopped. Raises `Terminated`."""
        before, stop = self._last, None
        while True:
            try:
                return self._stopped(stop, before) if stop else self._tried(doing, work, before)
            except KeyboardInterrupt as came:
                if stop and isinstance(came, Terminated):
                    raise
                stop = stop if isinstance(stop, Terminated) else came

    def _tried(self, doing: Doing, work: Callable[[], Result], before: Turn | None) -> Result:
        try:
            result = work()
        except _FAILURES as error:
            self._keeper.leave()
            result = Result(self._answered(before), error)
        if result.error:
            self._fail(doing, result.error, result)
        self._stand()
        return result

    def _stopped(self, stop: KeyboardInterrupt, before: Turn | None) -> Result:
        """What has come when `stop` came. Raises `stop` where it ends the program."""
        with held_back():
            self._caller.hang_up()
            self._keeper.leave()
            if isinstance(stop, Terminated):
                raise stop
            self._stand()
            return Result(self._answered(before), interrupted=True)

    @property
    def _last(self) -> Turn | None:
        """The turn at the head."""
        head = self.conversation.head
        return None if head is None else self.conversation.turns[head]

    @property
    def _settled(self) -> list[Turn]:
        """What is sent next, but for a question that waits for its answer: it stands in the prompt."""
        turns = self.conversation.sent
        return turns[:-1] if self.conversation.unanswered else turns

    def _answered(self, before: Turn | None) -> Turn | None:
        """The answer at the head, where there was none like that before."""
        last = self._last
        return last if last and last.role == "assistant" and last != before else None

    def _fail(self, doing: Doing, error: ClaudeError, result: Result) -> None:
        self._caller.hang_up()
        if isinstance(error, AuthenticationError):
            self._caller.close()  # the key may be replaced meanwhile
        images = sum(block.get("type") == "image" for turn in self._settled for block in turn.content)
        reason = result.answer.stop_reason if result.answer else None
        self.context.console.error(said(error, doing, reason=reason, can_go_on=result.can_go_on, images=images))

    def _answer(self, name: str, half: Turn | None = None) -> Result:
        """Ask the model `name`; again with a shorter conversation where it is too long. Raises `_FAILURES`."""
        while True:
            question = self._question(name, half)
            overflow = self._reckoned(question)
            if overflow is None:
                run, error = self._caller.call(self.asked, question, self._keeper)
                overflow = overflow_of(error)
                if overflow is None:
                    return Result(run.kept, error)
            self._make_room(question, overflow)

    def _question(self, name: str, half: Turn | None = None) -> Question:
        turns = self.conversation.sent
        return self._caller.question(self.asked, name, self.system, turns[:-1] if half else turns, half)

    # ------------------------------------------------------------------------------------------- a full window
    def _reckoned(self, question: Question) -> Overflow | None:
        """How much too long a conversation is that surely is; of others the provider, who counts, tells for free."""
        least = self._caller.window.tokens(question.plain, question.all_turns, question.known, certain=True)
        return Overflow(least, question.window, at_least=True) if 0 < question.window < least else None

    def _make_room(self, question: Question, found: Overflow) -> None:
        """Make the conversation shorter, by the setting. Raises `UsageError` where it must not be, or cannot."""
        turns = question.all_turns
        window, how = found.window or question.window, self.context.settings.chat_overflow
        about = self._caller.window.tokens(question.plain, turns, question.known)
        tokens = found.tokens or about
        figures = f"about {about if found.at_least else tokens:,} tokens, and {question.plain.model} takes {window:,}"
        if how == "stop":
            raise UsageError(f"the conversation is full: {figures}; /compact sums it up, /new begins another")
        weights = self._caller.window.weights(question.plain, turns, question.known, tokens)
        first = first_kept(turns, weights, round(ROOM * window))
        if not first or sum(weights[first:]) > window > 0:
            way = "/edit asks for less" if question.half else "make it shorter"
            raise UsageError(f"this is too long by itself: {figures}; {way}, or /model asks another")
        if how == "compact" and not question.half:
            self._tell("compacted", "the window is full: the conversation is summed up; /tree keeps the original")
            self._sum_up(question.name)
            return
        self.conversation.first_sent = turns[first].id
        self._keeper.note()
        self._caller.window.forget()
        self._tell(
            "trimmed", f"the window is full: the oldest {first} messages are not sent any more; /tree keeps them"
        )

    def _sum_up(self, name: str) -> Result:
        """Put a summary in the place of all that was said; a question that waits for its answer comes behind it."""
        waiting = self.conversation.unanswered
        question = replace(self._question(name), turns=self._settled)
        call = summed_up(self._caller, self.asked, question, self._tell).call
        done, record = call.completion(), call.record
        with held_back():
            summary = self._keeper.add(
                "user", (text_block(done.text),), parent=waiting.parent if waiting else self.conversation.head,
                kind="summary", model=done.model, usage=done.usage, request_id=done.request_id,
                cost_pico=record.cost_pico if record and not self.context.offline else None,
            )  # fmt: skip
            if waiting:
                self._keeper.add("user", waiting.content, parent=summary.id)
        self._caller.window.forget()
        return Result(summary)

    # ------------------------------------------------------------------------------------------- how it stands
    def _stand(self) -> None:
        """Reckon how things stand, and say once that the window is nearly full."""
        question = self._question(self.model)
        tokens = self._caller.window.tokens(question.plain, self._settled, question.known)
        self.standing = Standing(
            model=self.model,
            session=self.conversation.title,
            tokens=tokens,
            window=question.window or None,
            cached=self._caller.cached,
            spent_pico=self._caller.spent_pico,
            left_pico=self._caller.left_pico,
            saved=self._keeper.saved,
        )
        full = bool(question.window) and tokens >= NEARLY_FULL * question.window
        if full and not self._caller.window.told:
            share = f"{tokens / question.window:.0%} of the {question.window:,} tokens of its window"
            self._tell("nearly_full", f"the conversation takes {share}; /compact sums it up")
        self._caller.window.told = full

    def _tell(self, code: str, words: str) -> None:
        self.context.notify(Notice(code, words))

"""One call of `complete` under way: what is printed of it as it comes, and what is said when it is over."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from ..context import Context
from ..core.errors import (
    BudgetReachedError,
    ClaudeError,
    ProviderError,
    RequestRejectedError,
    StreamInterruptedError,
    UsageError,
)
from ..core.form import Form
from ..core.messages import ChatRequest, LLMOptions, Notice
from ..core.verdict import judge
from ..terminal.signals import held_back
from .live import introduce, is_rendered
from .outcome import Outcome, usage_line

if TYPE_CHECKING:
    from ..core.blocking import BlockingTransport
    from ..core.caching import Ttl
    from ..core.call import Call
    from ..core.conversation import Turn
    from ..core.providers.base import LLMProvider
    from ..core.surroundings import CallPolicy, OnTruncate, Surroundings
    from ..terminal.renderer import Renderer
    from .keeper import Keeper
    from .notes import Notes
    from .question import Sources


@dataclass(frozen=True, slots=True)
class Asked:
    """One `complete`, as the command line has it."""

    sources: Sources
    model: str | None = None
    system: str | None = None
    options: LLMOptions = field(default_factory=LLMOptions)
    stream: bool = True
    strict: bool = False
    cache: Ttl | None = None
    show_thinking: bool = False
    on_truncate: OnTruncate = "fail"
    form: Form = field(default_factory=Form)
    output: str | None = None
    format: str = "auto"
    usage: bool = False
    dry_run: bool = False
    retry_for_s: float | None = None
    retries: int | None = None
    fallbacks: Sequence[str] = ()


Fitted = tuple[ChatRequest, list[Notice]]
"""A request as its model takes it, and what had to change for that."""


class Run:
    """One call under way, and what is printed of it.

    Attributes:
        kept: the answer's turn, once it is over; None: nothing came, or nobody keeps it.
    """

    def __init__(
        self, context: Context, asked: Asked, provider: LLMProvider, request: ChatRequest, fallbacks: list[Fitted], *,
        keeper: Keeper | None = None, transport: BlockingTransport | None = None, around: Surroundings | None = None,
    ) -> None:  # fmt: skip
        """Prepare to ask `provider` for `request`, and for `fallbacks` in its place when it fails.

        Args:
            keeper: keeps the answer, to which it has been told `answering`; None: nobody does.
            transport: a connection of the built-in provider that is kept for further calls.
            around: what several calls share; None: this one has its own.
        """
        from ..core.prepare import continues_turns
        from ..core.retry import RetryPolicy
        from ..core.surroundings import CallPolicy

        self.context, self.asked, self.provider = context, asked, provider
        self.kept: Turn | None = None
        self._keeper, self._transport = keeper, transport
        self.renderer = _renderer(context, asked)
        for notice in context.notices:
            self.renderer.notice(notice)
        context.on_notice = self.renderer.notice
        self.around: Surroundings = around or context.surroundings()
        retry_for = asked.retry_for_s if asked.retry_for_s is not None else context.settings.retry_for_s
        self._policy: CallPolicy = CallPolicy(
            RetryPolicy(retry_for, asked.retries, context.overrides.timeout_s),
            fallbacks=tuple(request for request, _ in fallbacks),
            fallback_notices={request.model: notices for request, notices in fallbacks},
            on_truncate=asked.on_truncate,
            prefill=lambda model: continues_turns(model, context.catalogue),
            flexible=asked.options.max_tokens is None and "max_tokens" not in asked.options.extra,
        )
        self.call = self._call(request)
        self.notes = _notes(context, asked, request, self.renderer)

    def _call(self, request: ChatRequest) -> Call:
        from ..core.call import Call

        return Call(request, self._policy, self.around)

    def ask(self) -> ClaudeError | None:
        """Run the call, printing as it goes and keeping what comes; returns what went wrong on the provider's side."""
        try:
            return self._ask()
        except KeyboardInterrupt:
            # What came was paid for: it is kept, also in the JSON output.
            stopped = ClaudeError("stopped before the answer was complete")
            stopped.code = "stopped"
            outcome = self.outcome(stopped)
            outcome.estimate = self.call.record
            self.renderer.result(outcome.as_json)
            if self.asked.usage:
                self.context.console.say(usage_line(outcome))
            raise
        finally:
            with held_back():  # a second Ctrl-C may have kept the driver, which hangs up first, from closing the call
                self.call.close()
                if self._keeper:
                    self._keep(self._keeper)

    def _keep(self, keeper: Keeper) -> None:
        """Keep the answer as far as it came."""
        done = self.call.completion()
        if self.asked.on_truncate == "continue" and len(done.legs) > 1:
            keeper.unbound()  # the last of it was thought behind a question that will not be sent again
        self.kept = keeper.answered(done, self.call.request.model, self.call.record)

    def _ask(self) -> ClaudeError | None:
        if self.context.console.verbose:
            self._say_whom()
        try:
            try:
                self._drive()
            except RequestRejectedError as error:
                self.call = self._call(self._without_thinking(error))
                self._drive()
        except (ProviderError, UsageError, BudgetReachedError) as error:
            error.request_id = error.request_id or self.call.completion().request_id
            if error.code == "invalid_request" and "max_tokens" in str(error):
                self._advise(error)
            return error
        finally:
            self.renderer.finish()
            if self.notes:
                self.notes.finish()
        return judge(self.call.completion(), self.asked.on_truncate, lowered=self.call.lowered)

    def _drive(self) -> None:
        from ..core.driving import drive

        driven = drive(self.call, self.provider, self.around, ready=self.renderer.requested, transport=self._transport)
        with closing(driven) as events:
            for batch in events:
                if self._keeper:
                    self._keeper.heard(batch)
                (self.notes or self.renderer).write(batch)

    def _without_thinking(self, error: RequestRejectedError) -> ChatRequest:
        """The request without the thinking whose signatures `error` refuses. Raises `error` where it is another."""
        from ..core.conversation import without_thinking

        request = self.call.request
        messages = without_thinking(request.messages)
        said = str(error)
        if messages == request.messages or not ("signature" in said and "thinking" in said):
            raise error
        if self._keeper:
            self._keeper.unbound()
        if self.context.console.verbose:
            self.context.console.line("earlier thinking was refused; asked again without it", dim=True)
        return replace(request, messages=messages)

    def _advise(self, error: ClaudeError) -> None:
        """Say how to ask a model for less of whose limits nothing is known."""
        model = self.context.catalogue.find(self.call.request.model)
        if model is None or model.max_output_tokens is None:
            error.advice = "give --max-tokens, or let models --refresh or models.toml say what the model takes"

    def finish(self, error: ClaudeError | None) -> int:
        """Print the result, the usage and the error; returns the exit status."""
        outcome = self.outcome(error)
        error = outcome.error
        self.renderer.result(outcome.as_json)
        self._tell(outcome)
        if error is None:
            return 0
        error.shown = True
        raise error

    def _tell(self, outcome: Outcome) -> None:
        """Say on standard error what belongs to the outcome."""
        console, done = self.context.console, self.call.completion()
        withheld = self.asked.form.extract and done.text and not outcome.text
        if withheld and console.err_is_terminal and not console.quiet:
            console.say(done.text, dim=True)  # it was paid for, and only code may go to standard output
        if self.asked.usage:
            console.say(usage_line(outcome))
        elif outcome.error is None:
            introduce(self.context, outcome)
        if console.verbose and done.request_id:
            console.line(f"answered by {done.model}, request {done.request_id}", dim=True)

    def _say_whom(self) -> None:
        """With -v: which model is asked, where, and with whose key."""
        from ..core.providers.anthropic import AnthropicProvider

        whom = f"asking {self.call.request.model}"
        if isinstance(self.provider, AnthropicProvider):
            key = self.provider.config.key
            whom += f" at {self.provider.endpoint.origin}, {f'key from {key.source}' if key else 'without a key'}"
        self.context.console.line(whom, dim=True)

    def outcome(self, error: ClaudeError | None) -> Outcome:
        """How the call came out, which went wrong with `error`."""
        call, now = self.call, self.around.clock()
        first = None if call.first_text_at is None else round((call.first_text_at - call.started_at) * 1000)
        done = call.completion()
        if error is None and done.stop_reason in ("max_tokens", "model_context_window_exceeded"):
            self.context.notify(
                Notice("truncated", f"the answer was cut ({done.stop_reason}), which --on-truncate ok allows")
            )
        delivered = self.asked.form.deliver(done, whole=error is None)
        if delivered.error:
            delivered.error.request_id = done.request_id
        if isinstance(error, StreamInterruptedError):
            error.withheld = bool(error.partial) and not delivered.text
        return Outcome(
            model=call.request.model,
            completion=done,
            text=delivered.text,
            structured=delivered.structured,
            duration_ms=round((now - call.started_at) * 1000),
            ttft_ms=first,
            simulated=self.context.offline,
            notices=self.context.notices,
            session=self._keeper.conversation.id if self._keeper and self._keeper.saved else None,
            error=error or delivered.error,
            models=self.context.catalogue,
        )


def _renderer(context: Context, asked: Asked) -> Renderer:
    from ..terminal.renderer import JsonlRenderer, JsonRenderer, TextRenderer

    if not asked.form.is_plain and asked.format not in ("json", "jsonl"):
        from ..terminal.result_text import ResultTextRenderer

        return ResultTextRenderer(context.console, show_thinking=asked.show_thinking)
    console = context.console
    if is_rendered(context, asked) and console.front.live:
        from ..terminal.rendered import RenderedRenderer

        return RenderedRenderer(console, console.front.live, show_thinking=asked.show_thinking, hold=not asked.stream)
    if asked.format == "json":
        return JsonRenderer(console, show_thinking=asked.show_thinking)
    if asked.format == "jsonl":
        return JsonlRenderer(console, show_thinking=asked.show_thinking)
    return TextRenderer(console, show_thinking=asked.show_thinking, hold=not asked.stream)


def _notes(context: Context, asked: Asked, request: ChatRequest, renderer: Renderer) -> Notes | None:
    """What tells of tools and sources; None where the request can bring none."""
    wishes = (block.get("citations") for each in request.messages for block in each.content)
    cites = any(isinstance(each, dict) and each.get("enabled") for each in wishes)  # an answer has a list of sources
    if not (cites or "tools" in request.options.extra):
        return None
    from .notes import Notes

    return Notes(context, renderer, inline=asked.form.is_plain and asked.format not in ("json", "jsonl"))

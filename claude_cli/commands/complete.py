"""`claude-cli complete`: one prompt, one answer."""

from __future__ import annotations

import json
from collections.abc import Generator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from ..context import Context, Overrides
from ..core.errors import ClaudeError, ProviderError, UsageError
from ..core.messages import ChatRequest, LLMOptions, Notice
from . import _options as options
from ._outcome import Outcome, judge, usage_line
from ._prompt import PromptReader, Sources

if TYPE_CHECKING:
    from ..core.call import Call, CallPolicy, OnTruncate, Surroundings
    from ..core.events import Event
    from ..core.providers.base import LLMProvider
    from ..terminal.renderer import Renderer

FORMATS = ("auto", "text", "json", "jsonl")
EFFORTS = ("low", "medium", "high", "xhigh", "max")


@dataclass(frozen=True, slots=True)
class Asked:
    """One `complete`, as the command line has it."""

    sources: Sources
    model: str | None = None
    system: str | None = None
    options: LLMOptions = field(default_factory=LLMOptions)
    stream: bool = True
    strict: bool = False
    show_thinking: bool = False
    on_truncate: OnTruncate = "fail"
    format: str = "auto"
    usage: bool = False
    dry_run: bool = False
    retry_for_s: float | None = None
    retries: int | None = None
    fallbacks: Sequence[str] = ()


def command(
    prompt: Annotated[str | None, typer.Argument(help="The prompt; '-' reads standard input, and none at all reads what is piped.", show_default=False)] = None,  # noqa: E501
    model: options.ModelName = None,
    system: Annotated[str | None, typer.Option("--system", "-s", metavar="TEXT", help="System prompt.")] = None,
    system_file: Annotated[str | None, typer.Option("--system-file", metavar="PATH", help="System prompt from a file.")] = None,  # noqa: E501
    file: Annotated[list[str] | None, typer.Option("--file", "-f", metavar="PATH", help="Text file, folder, URL or '-' into the prompt; repeatable.")] = None,  # noqa: E501
    attach: Annotated[list[str] | None, typer.Option("--attach", "-a", "--image", "-i", metavar="PATH", help="Image or PDF: path, URL or '-'; repeatable.")] = None,  # noqa: E501
    max_tokens: Annotated[int | None, typer.Option("--max-tokens", metavar="N", help="Output tokens at most, thinking included. [default: 64,000 or the model's cap]")] = None,  # noqa: E501
    stop: Annotated[list[str] | None, typer.Option("--stop", metavar="TEXT", help="Stop before this text; repeatable.")] = None,  # noqa: E501
    effort: Annotated[str | None, typer.Option("--effort", metavar="LEVEL", help="low, medium, high, xhigh or max. [default: the model's own]")] = None,  # noqa: E501
    thinking: Annotated[str | None, typer.Option("--thinking", metavar="on|off|TOKENS", help="Let the model think first. [default: the model's own]")] = None,  # noqa: E501
    show_thinking: Annotated[bool, typer.Option("--show-thinking", help="Show the thinking on standard error.")] = False,  # noqa: E501
    temperature: Annotated[float | None, typer.Option("--temperature", metavar="X", help="0 to 1; only older models take it.")] = None,  # noqa: E501
    top_p: Annotated[float | None, typer.Option("--top-p", metavar="X", help="0 to 1; only older models take it.")] = None,  # noqa: E501
    top_k: Annotated[int | None, typer.Option("--top-k", metavar="N", help="0 or more; only older models take it.")] = None,  # noqa: E501
    service_tier: Annotated[str | None, typer.Option("--service-tier", metavar="TIER", help="auto or standard_only.")] = None,  # noqa: E501
    option: Annotated[list[str] | None, typer.Option("--option", "-O", metavar="K=V", help="Any other field of the request; V is JSON where it parses, dots go deeper; repeatable.")] = None,  # noqa: E501
    beta: Annotated[list[str] | None, typer.Option("--beta", metavar="NAME", help="Name for the anthropic-beta header; repeatable.")] = None,  # noqa: E501
    strict: Annotated[bool, typer.Option("--strict", help="Refuse what the model does not take instead of adjusting it.")] = False,  # noqa: E501
    on_truncate: Annotated[str, typer.Option("--on-truncate", metavar="DO", help="When the answer is cut: fail (status 7), continue (ask for the rest, 5 times at most) or ok.")] = "fail",  # noqa: E501
    format_: Annotated[str, typer.Option("--format", metavar="FORM", help="auto, text, json or jsonl.")] = "auto",
    as_json: options.AsJson = False,
    no_stream: Annotated[bool, typer.Option("--no-stream", help="Print the answer when it is whole.")] = False,
    usage: Annotated[bool, typer.Option("--usage", "-u", help="Print tokens and seconds on standard error.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", "-n", help="Print the request, send nothing.")] = False,
    timeout: options.Timeout = None,
    retry_for: Annotated[float | None, typer.Option("--retry-for", metavar="SECONDS", help="How long failed calls are tried again. [default: 60]")] = None,  # noqa: E501
    retries: Annotated[int | None, typer.Option("--retries", metavar="N", help="Tries after the first at most. [default: as many as fit]")] = None,  # noqa: E501
    fallback_model: Annotated[str | None, typer.Option("--fallback-model", metavar="A,B", help="Models to ask when the first one fails; each switch is said.")] = None,  # noqa: E501
    provider: options.Provider = None,
    base_url: options.BaseUrl = None,
    offline: options.Offline = False,
    no_stdin: Annotated[bool, typer.Option("--no-stdin", help="Leave standard input alone.")] = False,
    no_input: Annotated[bool, typer.Option("--no-input", help="Never ask a question.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Send large folders without a question.")] = False,
    colour: options.Colour = "auto",
    quiet: options.Quiet = False,
    verbose: options.Verbose = 0,
    log_file: options.LogFile = None,
) -> int:  # fmt: skip
    """Answer one prompt on standard output."""
    options.one_of(colour, ("auto", "always", "never"), "--color")
    if as_json and format_ not in ("auto", "json"):
        raise UsageError(f"--json and --format {format_} contradict each other")
    _check_ranges(max_tokens=max_tokens, temperature=temperature, top_p=top_p, top_k=top_k, timeout=timeout,
                  retry_for=retry_for, retries=retries)  # fmt: skip
    context = Context(overrides=Overrides(provider, base_url, offline, timeout, quiet, verbose, colour, log_file))
    parameters = LLMOptions(
        max_tokens=max_tokens if max_tokens is not None else context.settings.max_tokens or None,
        stop_sequences=tuple(stop or ()),
        temperature=temperature,
        top_p=top_p,
        top_k=top_k,
        thinking=_thinking(thinking, show=show_thinking),
        effort=options.one_of(effort or context.settings.effort or None, EFFORTS, "--effort"),
        service_tier=options.one_of(service_tier, ("auto", "standard_only"), "--service-tier"),
        betas=tuple(beta or ()),
        extra=options.key_values(option or []),
    )
    asked = Asked(
        sources=Sources(prompt, tuple(file or ()), tuple(attach or ()), not no_stdin, not no_input, yes),
        model=model,
        system=_system(system, system_file),
        options=parameters,
        stream=not no_stream,
        strict=strict,
        show_thinking=show_thinking,
        on_truncate=cast("OnTruncate", options.one_of(on_truncate, ("fail", "continue", "ok"), "--on-truncate")),
        format="json" if as_json else options.one_of(format_, FORMATS, "--format") or "auto",
        usage=usage,
        dry_run=dry_run,
        retry_for_s=retry_for,
        retries=retries,
        fallbacks=[name.strip() for name in (fallback_model or "").split(",") if name.strip()],
    )
    return complete(context, asked)


def _check_ranges(**values: float | None) -> None:
    """The numbers' own bounds; what a model takes is `capabilities.py`'s matter."""
    endless = float("inf")
    bounds = {"temperature": (0, 1), "top_p": (0, 1), "timeout": (0.001, 1e9), "retry_for": (0, 1e9)}
    for name, value in values.items():
        least, most = bounds.get(name, (0, endless))
        options.in_range(value, least, most, "--" + name.replace("_", "-"))


def _thinking(choice: str | None, *, show: bool) -> dict[str, Any] | None:
    """The API's thinking object for the flag; shown thinking has to be asked for, or it comes empty."""
    display = {"display": "summarized"} if show else {}
    if choice is None:
        return {"type": "adaptive", **display} if show else None
    if choice in ("on", "off"):
        return {"type": "adaptive", **display} if choice == "on" else {"type": "disabled"}
    if not choice.isdecimal():
        raise UsageError(f"--thinking {choice} is not known; choose on, off or a number of tokens")
    return {"type": "enabled", "budget_tokens": int(choice), **display}


def _system(text: str | None, path: str | None) -> str | None:
    if path is None:
        return text
    if text is not None:
        raise UsageError("--system and --system-file contradict each other")
    from ..core.documents import load_documents

    loaded = load_documents(path, read_stdin=None, fetch=None, confirm=None, yes=False, notice=lambda line: None)
    return "\n".join(document.text for document in loaded) or None


def complete(context: Context, asked: Asked) -> int:
    """Ask and print; returns the exit status.

    Raises:
        UsageError: an input or an option cannot be used; nothing has been sent.
        OutputError: the answer cannot be written.
    """
    context.console.check()
    request, fallbacks = _requests(context, asked)
    with ExitStack() as stack:
        provider = stack.enter_context(context.provider())
        if asked.dry_run:
            return _dry_run(context, provider, request)
        run = _Run(context, asked, provider, request, fallbacks)
        return run.finish(run.ask())


def _requests(context: Context, asked: Asked) -> tuple[ChatRequest, list[ChatRequest]]:
    """The request, fitted to its model, and the same for each fallback."""
    from ..core.models import catalogue
    from ..core.prepare import prepare

    name = asked.model or context.settings.model
    if not name.strip():
        raise UsageError("--model is empty; name one, for example sonnet")
    known = catalogue().find(name)
    message = PromptReader(context, asked.sources).message(known.context_window if known else None)
    plain = ChatRequest(name, (message,), asked.system or None, asked.options, stream=asked.stream)
    request, notices = prepare(plain, strict=asked.strict)
    for notice in notices:
        context.notify(notice)
    return request, [prepare(replace(plain, model=other))[0] for other in asked.fallbacks]


def _dry_run(context: Context, provider: LLMProvider, request: ChatRequest) -> int:
    """Print what would be sent: without the key, and with the data of attachments shortened."""
    from ..core.providers.anthropic import AnthropicProvider
    from ..core.redact import MASK, redact

    if not isinstance(provider, AnthropicProvider):
        raise UsageError(f"--dry-run shows requests of the Messages API; provider {context.provider_name} has its own")
    key = provider.config.key
    auth = {} if key is None else {"authorization" if key.kind == "bearer" else "x-api-key": MASK}
    shown = {
        "method": "POST",
        "url": provider.endpoint.url("/v1/messages"),
        "headers": {**dict(provider.headers_for(request)), **auth},
        "body": provider.request_object(request),
    }
    context.console.answer(redact(json.dumps(shown, ensure_ascii=False, indent=2)) + "\n")
    return 0


class _Run:
    """One call under way, and what is printed of it."""

    def __init__(
        self, context: Context, asked: Asked, provider: LLMProvider, request: ChatRequest, fallbacks: list[ChatRequest]
    ) -> None:
        from ..core.call import Call, CallPolicy
        from ..core.prepare import continues_turns
        from ..core.retry import RetryPolicy

        self.context, self.asked, self.provider = context, asked, provider
        self.renderer = _renderer(context, asked)
        context.on_notice = self.renderer.notice
        self.around: Surroundings = context.surroundings()
        retry_for = asked.retry_for_s if asked.retry_for_s is not None else context.settings.retry_for_s
        policy: CallPolicy = CallPolicy(
            RetryPolicy(retry_for, asked.retries, context.overrides.timeout_s),
            tuple(fallbacks),
            asked.on_truncate,
            continues_turns,
        )
        self.call: Call = Call(request, policy, self.around)

    def ask(self) -> ClaudeError | None:
        """Run the call, printing as it goes; returns what went wrong on the provider's side."""
        try:
            with closing(self._events()) as events:
                for batch in events:
                    self.renderer.write(batch)
        except ProviderError as error:
            return error
        finally:
            self.renderer.finish()
        return judge(self.call.completion(), self.asked.on_truncate)

    def _events(self) -> Generator[Sequence[Event], None, None]:
        from ..core.providers.anthropic import AnthropicProvider

        if isinstance(self.provider, AnthropicProvider):
            from ..core.blocking import run

            transport = self.provider.blocking_transport()
            with closing(transport):
                yield from run(self.call, transport, self.provider.exchange)
        else:
            yield from _stepwise(self.provider, self.call, self.around)

    def finish(self, error: ClaudeError | None) -> int:
        """Print the result, the usage and the error; returns the exit status."""
        outcome = self._outcome(error)
        self.renderer.result(outcome.as_json())
        if self.asked.usage:
            self.context.console.say(usage_line(outcome))
        if error is None:
            return 0
        error.shown = True
        raise error

    def _outcome(self, error: ClaudeError | None) -> Outcome:
        call, now = self.call, self.around.clock()
        first = None if call.first_text_at is None else round((call.first_text_at - call.started_at) * 1000)
        done = call.completion()
        if error is None and done.stop_reason in ("max_tokens", "model_context_window_exceeded"):
            self.context.notify(
                Notice("truncated", f"the answer was cut ({done.stop_reason}), which --on-truncate ok allows")
            )
        return Outcome(
            model=call.request.model,
            completion=done,
            duration_ms=round((now - call.started_at) * 1000),
            ttft_ms=first,
            simulated=self.context.offline,
            notices=self.context.notices,
            error=error,
        )


def _renderer(context: Context, asked: Asked) -> Renderer:
    from ..terminal.renderer import JsonlRenderer, JsonRenderer, TextRenderer

    if asked.format == "json":
        return JsonRenderer(context.console, show_thinking=asked.show_thinking)
    if asked.format == "jsonl":
        return JsonlRenderer(context.console, show_thinking=asked.show_thinking)
    return TextRenderer(context.console, show_thinking=asked.show_thinking, hold=not asked.stream)


def _stepwise(provider: LLMProvider, call: Call, around: Surroundings) -> Generator[Sequence[Event], None, None]:
    """The events of a provider that only knows asyncio, one step of its loop at a time."""
    import asyncio

    from ..core.client import Client

    with asyncio.Runner() as runner:
        batches = Client(provider, around).run(call)
        try:
            while batch := runner.run(anext(batches, None)):
                yield batch
        finally:
            runner.run(batches.aclose())
            runner.run(provider.aclose())

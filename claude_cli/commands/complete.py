"""`claude-cli complete`: one prompt, one answer."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from ..asking.form import form, tools
from ..asking.live import begin as begin_live
from ..asking.live import say_retirement
from ..asking.question import Sources, question, system_prompt
from ..asking.run import Asked, Fitted, Run
from ..context import Context, Overrides
from ..core.errors import UsageError
from ..core.messages import ChatRequest, LLMOptions, text_of
from ..storage.settings import EFFORTS
from . import _options as options
from ._template import decided, template_in_use

if TYPE_CHECKING:
    from ..core.caching import Ttl
    from ..core.providers.base import LLMProvider
    from ..core.surroundings import OnTruncate


def _output(name: str | None) -> str | None:
    """The file of `-o`, None for standard output.

    Checked before the parser counts its arguments: `-o temperature 0.5 "…"` has one too many.
    """
    if name is None:
        return None
    from ..terminal.output_file import STANDARD_OUTPUT, check_name

    check_name(name)
    return None if name in STANDARD_OUTPUT else name


FORMATS = ("auto", "text", "rendered", "json", "jsonl")
CACHES = ("auto", "off", "1h")
_TTLS: dict[str, Ttl] = {"auto": "5m", "1h": "1h"}


def command(
    prompt: options.Prompt = None,
    model: options.ModelName = None,
    system: options.System = None,
    system_file: options.SystemFile = None,
    file: options.File = None,
    template: options.TemplateName = None,
    param: options.TemplateValue = None,
    edit: Annotated[bool, typer.Option("--edit", "-e", help="Write the prompt in your editor: VISUAL, EDITOR, else nano or vi.")] = False,
    attach: options.Attach = None,
    max_tokens: Annotated[int | None, typer.Option("--max-tokens", metavar="N", help="Output tokens at most, thinking included. [default: 64,000 or the model's cap]")] = None,
    stop: Annotated[list[str] | None, typer.Option("--stop", metavar="TEXT", help="Stop before this text; repeatable.")] = None,
    effort: Annotated[str | None, typer.Option("--effort", metavar="LEVEL", help="How hard to try: low, medium, high, xhigh or max. [default: the model's own]")] = None,
    thinking: Annotated[str | None, typer.Option("--thinking", metavar="on|off|TOKENS", help="Let the model think first. [default: the model's own]")] = None,
    show_thinking: Annotated[bool, typer.Option("--show-thinking", help="Show the thinking on standard error.")] = False,
    temperature: Annotated[float | None, typer.Option("--temperature", metavar="X", help="0 to 1; only older models take it.")] = None,
    top_p: Annotated[float | None, typer.Option("--top-p", metavar="X", help="0 to 1; only older models take it.")] = None,
    top_k: Annotated[int | None, typer.Option("--top-k", metavar="N", help="0 or more; only older models take it.")] = None,
    service_tier: Annotated[str | None, typer.Option("--service-tier", metavar="TIER", help="auto or standard_only.")] = None,
    web_search: Annotated[bool, typer.Option("--web-search", help="Let the model search the web; $10 per 1,000 searches, and the tokens of what it finds.")] = False,
    web_fetch: Annotated[bool, typer.Option("--web-fetch", help="Let the model read pages and PDFs that you or its searches name.")] = False,
    code_execution: Annotated[bool, typer.Option("--code-execution", help="Let the model run code at the provider.")] = False,
    cache: Annotated[str | None, typer.Option("--cache", metavar="auto|off|1h", help="Let the provider keep the prompt, so that the next question about the same files costs less: auto for 5 minutes, 1h for an hour. [default: off]")] = None,
    option: options.Option = None,
    beta: Annotated[list[str] | None, typer.Option("--beta", metavar="NAME", help="Name for the anthropic-beta header; repeatable.")] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Refuse what the model does not take instead of adjusting it.")] = False,
    on_truncate: Annotated[str, typer.Option("--on-truncate", metavar="DO", help="When the answer is cut: fail (status 7), continue (ask for the rest, 5 times at most) or ok.")] = "fail",
    first_block: Annotated[bool, typer.Option("-x", help="Print only the first code block; --extract first.")] = False,
    extract: Annotated[str | None, typer.Option("--extract", metavar="WHICH", help="Print only code blocks: first, last, all, or the first in a language such as python.")] = None,
    schema: Annotated[str | None, typer.Option("--schema", metavar="SCHEMA", help="Get JSON of this form: a JSON Schema, a file with one, or 'name, age int, tags list'.")] = None,
    output: Annotated[str | None, typer.Option("--output", "-o", metavar="FILE", callback=_output, help="Write the answer to FILE when it is whole; until then it is in FILE.partial.")] = None,
    format_: Annotated[str, typer.Option("--format", metavar="FORM", help="auto (rendered on a terminal, text elsewhere), text, rendered (Markdown laid out), json or jsonl.")] = "auto",
    as_json: options.AsJson = False,
    no_stream: Annotated[bool, typer.Option("--no-stream", help="Print the answer when it is whole.")] = False,
    usage: Annotated[bool, typer.Option("--usage", "-u", help="Print tokens, cost and seconds on standard error.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", "-n", help="Print the request, send nothing.")] = False,
    max_cost: options.MaxCost = None,
    timeout: options.Timeout = None,
    retry_for: Annotated[float | None, typer.Option("--retry-for", metavar="SECONDS", help="How long failed calls are tried again. [default: 60]")] = None,
    retries: Annotated[int | None, typer.Option("--retries", metavar="N", help="Tries after the first at most. [default: as many as fit]")] = None,
    fallback_model: Annotated[str | None, typer.Option("--fallback-model", metavar="A,B", help="Models to ask when the first one fails; each switch is said.")] = None,
    provider: options.Provider = None,
    profile: options.Profile = None,
    base_url: options.BaseUrl = None,
    offline: options.Offline = False,
    no_stdin: options.NoStdin = False,
    no_input: options.NoInput = False,
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
    context = Context(
        overrides=Overrides(
            provider, base_url, offline, timeout, quiet, verbose, colour, log_file, profile, options.pico(max_cost)
        ),
        command="complete",
    )
    options.check_provider(provider, offline=context.offline)
    if edit and no_input:
        raise UsageError("--edit and --no-input contradict each other")
    use = template_in_use(context, template, param or [])
    if extract is None and first_block:
        extract = "first"
    if extract is None and schema is None:  # flags win over the template, one of them over both of its
        extract, schema = decided(use, "extract"), decided(use, "schema")
    wanted = form(extract, schema, tools(web_search, web_fetch, code_execution), on_truncate=on_truncate)
    if max_tokens is None:
        max_tokens = decided(use, "max_tokens") or context.settings.max_tokens or None
    parameters = LLMOptions(
        max_tokens=max_tokens,
        stop_sequences=tuple(stop or ()),
        temperature=temperature,
        top_p=top_p,
        top_k=top_k,
        thinking=_thinking(thinking, show=show_thinking),
        effort=options.one_of(effort, EFFORTS, "--effort") or decided(use, "effort") or context.settings.effort or None,
        service_tier=options.one_of(service_tier, ("auto", "standard_only"), "--service-tier"),
        betas=tuple(beta or ()),
        extra=wanted.request(options.key_values(option or [])),
    )
    files = (*(decided(use, "files") or ()), *(file or ()))
    asked = Asked(
        sources=Sources(prompt, files, tuple(attach or ()), not no_stdin, not no_input, yes, use, edit),
        model=model if model is not None else decided(use, "model"),
        system=system_prompt(context, system, system_file),
        options=parameters,
        stream=not no_stream,
        strict=strict,
        cache=_TTLS.get(options.one_of(cache, CACHES, "--cache") or "off"),
        show_thinking=show_thinking,
        on_truncate=cast("OnTruncate", options.one_of(on_truncate, ("fail", "continue", "ok"), "--on-truncate")),
        form=wanted,
        output=output,
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


def complete(context: Context, asked: Asked) -> int:
    """Ask and print; returns the exit status.

    Raises:
        UsageError: an input or an option cannot be used; nothing has been sent.
        OutputError: the answer cannot be written.
    """
    with context.closing:
        context.say_project_file()
        request, fallbacks = _requests(context, asked)
        if context.console.verbose and (hint := asked.form.hint()):
            context.console.line(hint, dim=True)
        with context.provider(dry=asked.dry_run) as provider, _destination(context, asked):
            if asked.dry_run:
                return _dry_run(context, provider, request)
            if _may_not_fit(context, request):
                from ._fit import check_fit

                check_fit(context, provider, request)
            run = Run(context, asked, provider, request, fallbacks)
            return run.finish(run.ask())


@contextmanager
def _destination(context: Context, asked: Asked) -> Iterator[None]:
    """Send what the console answers to the file of `-o`, where there is one."""
    if asked.output is None:
        yield
        return
    from ..terminal.output_file import OutputFile, to_file, written

    console = context.console
    with OutputFile(asked.output, note=console.line, keeps_refused=asked.format in ("json", "jsonl")) as file:
        context.console = to_file(console, file)
        yield
    if not console.quiet and (console.err_is_terminal or console.verbose):
        console.line(written(file), dim=True)


def _requests(context: Context, asked: Asked) -> tuple[ChatRequest, list[Fitted]]:
    """The request, fitted to its model, and the same for each fallback."""
    plain = replace(
        question(context, asked.sources, asked.model, asked.system), options=asked.options, stream=asked.stream
    )
    if not asked.dry_run:
        begin_live(context, asked)  # before the engine is loaded: what is typed is seen to work at once
    from ..core.models import today
    from ..core.prepare import prepare

    models = context.catalogue
    request, notices = prepare(plain, strict=asked.strict, models=models, cache=asked.cache)
    for notice in notices:
        context.notify(notice)
    say_retirement(context, request.model, today())
    if asked.cache and context.console.verbose:
        from ..core.caching import explain

        if said := explain(request, models.find(plain.model)):
            context.console.line(said, dim=True)
    others = [replace(plain, model=other) for other in asked.fallbacks]
    return request, [prepare(other, strict=asked.strict, models=models, cache=asked.cache) for other in others]


def _may_not_fit(context: Context, request: ChatRequest) -> bool:
    """Whether `request` could fill its model's window, by its length alone: most cannot, and are looked at no further.

    A character is a token at most, by our estimate, and that is trusted up to a share of the window (`_fit.NEAR`); what
    an image or a PDF takes has to be reckoned.
    """
    known = context.catalogue.find(request.model)
    if known is None or known.context_window is None:
        return False
    system = request.options.extra.get("system", request.system)
    length = len(text_of(system) if isinstance(system, list | tuple) else str(system))
    for block in (block for message in request.messages for block in message.content):
        source = block.get("source") or {"data": block.get("text", "")}
        if source.get("type") == "base64" or "data" not in source:
            return True
        length += len(source["data"])
    return 2 * length > known.context_window


def _dry_run(context: Context, provider: LLMProvider, request: ChatRequest) -> int:
    """Print what would be sent: without the key, and with the data of attachments shortened."""
    from ..core.providers.anthropic import AnthropicProvider
    from ..core.redact import MASK, redact

    if not isinstance(provider, AnthropicProvider):
        raise UsageError(f"--dry-run shows requests of the Messages API; provider {context.provider_name} has its own")
    key = provider.config.key
    masked = dict.fromkeys(provider.config.headers, MASK)  # a profile's may be secrets, too
    if key is not None:
        masked["authorization" if key.kind == "bearer" else "x-api-key"] = MASK
    shown = {
        "method": "POST",
        "url": provider.endpoint.url("/v1/messages"),
        "headers": {**dict(provider.headers_for(request)), **masked},
        "body": provider.request_object(request),
    }
    context.console.answer(redact(json.dumps(shown, ensure_ascii=False, indent=2)) + "\n")
    return 0

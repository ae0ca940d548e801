"""`claude-cli complete`: one prompt, one answer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, cast

import typer

from ..asking.form import form, tools
from ..asking.live import begin as begin_live
from ..asking.live import say_retirement
from ..asking.question import Sources, question, system_prompt
from ..asking.run import Asked, Fitted, Run
from ..asking.sessions import (
    Opened,
    Wanted,
    behind,
    carried_on,
    forget_old,
    introduce_history,
    keep_question,
    open_named,
)
from ..context import Context, Overrides
from ..core.errors import UsageError
from ..core.messages import ChatRequest, text_of
from . import _options as options
from ._parameters import cache_ttl, check_ranges, fallbacks, parameters
from ._template import decided, template_in_use

if TYPE_CHECKING:
    from ..core.providers.base import LLMProvider
    from ..core.surroundings import OnTruncate


FORMATS = ("auto", "text", "rendered", "json", "jsonl")


def command(
    prompt: options.Prompt = None,
    model: options.ModelName = None,
    system: options.System = None,
    system_file: options.SystemFile = None,
    file: options.File = None,
    continue_: options.Continue = False,
    session: options.Session = None,
    fork: options.Fork = False,
    save: options.Save = None,
    template: options.TemplateName = None,
    param: options.TemplateValue = None,
    edit: Annotated[bool, typer.Option("--edit", "-e", help="Write the prompt in your editor: VISUAL, EDITOR, else nano or vi.")] = False,
    attach: options.Attach = None,
    max_tokens: options.MaxTokens = None,
    stop: options.Stop = None,
    effort: options.Effort = None,
    thinking: options.Thinking = None,
    show_thinking: options.ShowThinking = False,
    temperature: options.Temperature = None,
    top_p: options.TopP = None,
    top_k: options.TopK = None,
    service_tier: options.ServiceTier = None,
    web_search: options.WebSearch = False,
    web_fetch: options.WebFetch = False,
    code_execution: options.CodeExecution = False,
    cache: options.Cache = None,
    option: options.Option = None,
    beta: options.Beta = None,
    strict: options.Strict = False,
    on_truncate: options.OnTruncate = "fail",
    first_block: Annotated[bool, typer.Option("-x", help="Print only the first code block; --extract first.")] = False,
    extract: Annotated[str | None, typer.Option("--extract", metavar="WHICH", help="Print only code blocks: first, last, all, or the first in a language such as python.")] = None,
    schema: Annotated[str | None, typer.Option("--schema", metavar="SCHEMA", help="Get JSON of this form: a JSON Schema, a file with one, or 'name, age int, tags list'.")] = None,
    output: Annotated[str | None, typer.Option("--output", "-o", metavar="FILE", callback=options.output_name, help="Write the answer to FILE when it is whole; until then it is in FILE.partial.")] = None,
    format_: Annotated[str, typer.Option("--format", metavar="FORM", help="auto (rendered on a terminal, text elsewhere), text, rendered (Markdown laid out), json or jsonl.")] = "auto",
    as_json: options.AsJson = False,
    no_stream: Annotated[bool, typer.Option("--no-stream", help="Print the answer when it is whole.")] = False,
    usage: options.UsageLine = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", "-n", help="Print the request, send nothing.")] = False,
    max_cost: options.MaxCost = None,
    timeout: options.Timeout = None,
    retry_for: options.RetryFor = None,
    retries: options.Retries = None,
    fallback_model: options.FallbackModel = None,
    provider: options.Provider = None,
    profile: options.Profile = None,
    base_url: options.BaseUrl = None,
    offline: options.Offline = False,
    no_stdin: options.NoStdin = False,
    no_input: options.NoInput = False,
    yes: options.Yes = False,
    colour: options.Colour = "auto",
    quiet: options.Quiet = False,
    verbose: options.Verbose = 0,
    log_file: options.LogFile = None,
) -> int:  # fmt: skip
    """Answer one prompt on standard output."""
    options.one_of(colour, ("auto", "always", "never"), "--color")
    if as_json and format_ not in ("auto", "json"):
        raise UsageError(f"--json and --format {format_} contradict each other")
    check_ranges(timeout=timeout, retry_for=retry_for, retries=retries)
    context = Context(
        overrides=Overrides(
            provider, base_url, offline, timeout, quiet, verbose, colour, log_file, profile, options.pico(max_cost)
        ),
        command="complete",
    )
    options.check_provider(provider, offline=context.offline)
    if edit and no_input:
        raise UsageError("--edit and --no-input contradict each other")
    place = Wanted(continue_, session, fork, save)
    if place.goes_on and template is None:
        template = ""  # the one of the settings is for questions that stand alone
    use = template_in_use(context, template, param or [])
    if extract is None and first_block:
        extract = "first"
    if extract is None and schema is None:  # flags win over the template, one of them over both of its
        extract, schema = decided(use, "extract"), decided(use, "schema")
    wanted = form(extract, schema, tools(web_search, web_fetch, code_execution), on_truncate=on_truncate)
    chosen = parameters(
        context, use, wanted.request(options.key_values(option or [])), max_tokens=max_tokens, stop=stop, effort=effort,
        thinking=thinking, show_thinking=show_thinking, temperature=temperature, top_p=top_p, top_k=top_k,
        service_tier=service_tier, beta=beta,
    )  # fmt: skip
    files = (*(decided(use, "files") or ()), *(file or ()))
    asked = Asked(
        sources=Sources(prompt, files, tuple(attach or ()), not no_stdin, not no_input, yes, use, edit),
        model=model if model is not None else decided(use, "model"),
        system=system_prompt(context, system, system_file),
        options=chosen,
        stream=not no_stream,
        strict=strict,
        cache=cache_ttl(cache if cache is not None else "auto" if place.goes_on else "off"),
        show_thinking=show_thinking,
        on_truncate=cast("OnTruncate", options.one_of(on_truncate, ("fail", "continue", "ok"), "--on-truncate")),
        form=wanted,
        output=output,
        format="json" if as_json else options.one_of(format_, FORMATS, "--format") or "auto",
        usage=usage,
        dry_run=dry_run,
        retry_for_s=retry_for,
        retries=retries,
        fallbacks=fallbacks(fallback_model),
    )
    return complete(context, asked, place)


def complete(context: Context, asked: Asked, place: Wanted) -> int:
    """Ask and print; returns the exit status.

    Args:
        place: the conversation that this belongs to.
    Raises:
        UsageError: an input or an option cannot be used; nothing has been sent.
        OutputError: the answer cannot be written.
    """
    with context.closing:
        context.say_project_file()
        opened = open_named(context, place)
        if opened:
            asked = carried_on(asked, opened.conversation)
        plain = question(context, asked.sources, asked.model, asked.system)
        plain = replace(plain, options=asked.options, stream=asked.stream)
        request, fallbacks = _requests(context, asked, plain, opened)
        if context.console.verbose and (hint := asked.form.hint()):
            context.console.line(hint, dim=True)
        with context.provider(dry=asked.dry_run) as provider, _destination(context, asked):
            if asked.dry_run:
                return _dry_run(context, provider, request)
            if _may_not_fit(context, request):
                from ._fit import check_fit

                check_fit(context, provider, request)
            keeper = keep_question(context, place, opened, plain)
            run = Run(context, asked, provider, request, fallbacks, keeper=keeper)
            error = run.ask()
            if keeper and keeper.saved:
                introduce_history(context)
                forget_old(context, context.notify)
            return run.finish(error)


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


def _requests(
    context: Context, asked: Asked, plain: ChatRequest, opened: Opened | None
) -> tuple[ChatRequest, list[Fitted]]:
    """The question `plain` in its conversation, fitted to its model, and the same for each fallback."""
    if not asked.dry_run:
        begin_live(context, asked)  # before the engine is loaded: what is typed is seen to work at once
    from ..core.models import today
    from ..core.prepare import prepare

    models = context.catalogue

    def fitted(model: str) -> Fitted:
        request = replace(plain, model=model)
        whole = behind(opened.before, request, models) if opened else request
        return prepare(whole, strict=asked.strict, models=models, cache=asked.cache)

    request, notices = fitted(plain.model)
    for notice in notices:
        context.notify(notice)
    say_retirement(context, request.model, today())
    if asked.cache and context.console.verbose:
        from ..core.caching import explain

        if said := explain(request, models.find(plain.model)):
            context.console.line(said, dim=True)
    return request, [fitted(other) for other in asked.fallbacks]


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
        if not isinstance(source, dict) or source.get("type") == "base64" or not isinstance(source.get("data"), str):
            return True
        length += len(source["data"])
    return 2 * length > known.context_window


def _dry_run(context: Context, provider: LLMProvider, request: ChatRequest) -> int:
    """Print what would be sent."""
    from ._dry_run import laid_out, shown

    context.console.answer(laid_out(shown(context, provider, request)))
    return 0

"""`claude-cli chat`: a conversation, at a terminal or of the lines of a script."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, cast

import typer

from ..asking.form import form, tools
from ..asking.question import Sources, system_prompt
from ..asking.run import Asked
from ..asking.sessions import Wanted
from ..context import Context, Overrides
from ..core.messages import Notice
from . import _options as options
from ._parameters import cache_ttl, check_ranges, fallbacks, parameters
from ._template import decided, template_in_use

if TYPE_CHECKING:
    from ..core.surroundings import OnTruncate


def command(
    prompt: Annotated[str | None, typer.Argument(help="The first message, sent at once; '-' reads it from standard input.", show_default=False)] = None,
    continue_: options.Continue = False,
    session: options.Session = None,
    fork: options.Fork = False,
    save: options.Save = None,
    model: options.ModelName = None,
    system: options.System = None,
    system_file: options.SystemFile = None,
    file: options.File = None,
    attach: options.Attach = None,
    template: options.TemplateName = None,
    param: options.TemplateValue = None,
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
    usage: options.UsageLine = False,
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
    no_input: Annotated[bool, typer.Option("--no-input", help="Ask nothing: each line of standard input is a message, or a slash command.")] = False,
    yes: options.Yes = False,
    colour: options.Colour = "auto",
    quiet: options.Quiet = False,
    verbose: options.Verbose = 0,
    log_file: options.LogFile = None,
) -> int:  # fmt: skip
    """Talk: a conversation that is kept, at a terminal or, with --no-input, of the lines of a script."""
    options.one_of(colour, ("auto", "always", "never"), "--color")
    check_ranges(timeout=timeout, retry_for=retry_for, retries=retries)
    context = Context(
        overrides=Overrides(
            provider, base_url, offline, timeout, quiet, verbose, colour, log_file, profile, options.pico(max_cost)
        ),
        command="chat",
    )
    options.check_provider(provider, offline=context.offline)
    use = template_in_use(context, template or "", param or [])  # the one of the settings is for single prompts
    if decided(use, "extract") or decided(use, "schema"):
        context.notify(
            Notice("template_form", "a chat shows whole answers: the template's extract and schema are left out")
        )
    wanted = form(None, None, tools(web_search, web_fetch, code_execution), on_truncate=on_truncate)
    chosen = parameters(
        context, use, wanted.request(options.key_values(option or [])), max_tokens=max_tokens, stop=stop, effort=effort,
        thinking=thinking, show_thinking=show_thinking, temperature=temperature, top_p=top_p, top_k=top_k,
        service_tier=service_tier, beta=beta,
    )  # fmt: skip
    files = (*(decided(use, "files") or ()), *(file or ()))
    asked = Asked(
        sources=Sources(prompt, files, tuple(attach or ()), not no_stdin, not no_input, yes, use),
        model=model if model is not None else decided(use, "model"),
        system=system_prompt(context, system, system_file),
        options=chosen,
        strict=strict,
        cache=cache_ttl("auto" if cache is None else cache),
        show_thinking=show_thinking,
        on_truncate=cast("OnTruncate", options.one_of(on_truncate, ("fail", "continue", "ok"), "--on-truncate")),
        form=wanted,
        usage=usage,
        retry_for_s=retry_for,
        retries=retries,
        fallbacks=fallbacks(fallback_model),
    )
    from ..chat.opening import chat

    return chat(context, asked, Wanted(continue_, session, fork, save))

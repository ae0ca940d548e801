"""`claude-cli tokens`: how many tokens a prompt has, whether it fits, and what it costs as input."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..asking.form import form
from ..asking.question import Sources, question, system_prompt
from ..context import Context, Overrides
from ..core.errors import NotFoundError, UsageError
from ..core.messages import ChatRequest, LLMOptions, Usage
from . import _options as options
from ._template import decided, template_in_use

if TYPE_CHECKING:
    from ..core.models import Model


@dataclass(frozen=True, slots=True)
class Counted:
    """How many input tokens a request has.

    Attributes:
        method: "count_tokens", where the provider has counted them, or "estimate".
        model: the catalogue's entry; None: it has none.
        simulated: the simulator has counted, and no model's tokenizer.
    """

    tokens: int
    method: str
    request: ChatRequest
    model: Model | None
    simulated: bool = False

    @property
    def window(self) -> int | None:
        """The model's context window in tokens; None where it is not known."""
        return self.model.context_window if self.model else None

    @property
    def cost_pico(self) -> int | None:
        """What the input costs once, nothing of it cached, in pico-dollars; None: it has no price."""
        from ..core.pricing import cost

        asked = {name: self.request.options.extra.get(name) for name in ("speed", "inference_geo")}
        return cost(Usage(input_tokens=self.tokens, raw=asked), self.model)

    def as_json(self) -> dict[str, Any]:
        """The object of the JSON output."""
        pico = self.cost_pico
        return {
            "version": 1,
            "input_tokens": self.tokens,
            "method": self.method,
            "model": self.model.id if self.model else self.request.model,
            "context_window": self.window,
            "fits": None if self.window is None else self.tokens <= self.window,
            "input_cost_usd": None if pico is None else pico / 1e12,
            "simulated": self.simulated,
        }

    def number(self, form: str = "") -> str:
        """The count, with the mark of an estimate where it is one."""
        return f"{'~' if self.method == 'estimate' else ''}{self.tokens:{form}}"

    def line(self) -> str:
        """What people want to know of it, in one line."""
        from ..core.pricing import money

        pico = self.cost_pico
        parts = [f"{self.number(',')} tokens{' (estimate)' if self.method == 'estimate' else ''}"]
        if self.window:
            parts.append(f"{_share(self.tokens / self.window)} of {self.request.model}'s window")
        else:
            parts.append(self.request.model)
        return " · ".join([*parts, "unpriced" if pico is None else f"{money(pico)} input"])


def command(
    prompt: options.Prompt = None,
    model: options.ModelName = None,
    system: options.System = None,
    system_file: options.SystemFile = None,
    file: options.File = None,
    attach: options.Attach = None,
    template: options.TemplateName = None,
    param: options.TemplateValue = None,
    option: options.Option = None,
    estimate: Annotated[bool, typer.Option("--estimate", help="Reckon here by rules of thumb, without key and network.")] = False,
    as_json: options.AsJson = False,
    timeout: options.Timeout = None,
    provider: options.Provider = None,
    profile: options.Profile = None,
    base_url: options.BaseUrl = None,
    offline: options.Offline = False,
    no_stdin: options.NoStdin = False,
    no_input: options.NoInput = False,
    yes: Annotated[bool, typer.Option("--yes", help="Count large folders without a question.")] = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = 0,
) -> int:  # fmt: skip
    """Count the tokens of a prompt with its files, images and PDFs; nothing is asked and nothing is paid."""
    options.in_range(timeout, 0.001, 1e9, "--timeout")
    overrides = Overrides(provider, base_url, offline, timeout, quiet, verbose, profile=profile)
    context = Context(overrides=overrides, command="tokens")
    options.check_provider(provider, offline=context.offline)
    use = template_in_use(context, template, param or [])
    files = (*(decided(use, "files") or ()), *(file or ()))
    sources = Sources(prompt, files, tuple(attach or ()), not no_stdin, not no_input, yes, use)
    context.say_project_file()
    asked = question(
        context,
        sources,
        model if model is not None else decided(use, "model"),
        system_prompt(context, system, system_file),
    )
    wanted = form(None, decided(use, "schema"), (), on_truncate="fail")
    parameters = LLMOptions(
        effort=decided(use, "effort") or context.settings.effort or None,
        extra=wanted.request(options.key_values(option or [])),
    )
    request = _prepared(context, replace(asked, options=parameters))
    counted = _estimated(context, request) if estimate else _counted(context, request)
    if as_json:
        context.console.answer(json.dumps(counted.as_json(), ensure_ascii=False) + "\n")
    else:
        context.console.answer((counted.line() if context.console.out_is_terminal else counted.number()) + "\n")
    return 0


def _prepared(context: Context, request: ChatRequest) -> ChatRequest:
    """`request` as its model takes it; what is dropped for that is said as `complete` says it."""
    from ..core.prepare import prepare

    prepared, notices = prepare(request, models=context.catalogue)
    for notice in notices:
        context.notify(notice)
    return prepared


def _counted(context: Context, request: ChatRequest) -> Counted:
    from ._fit import count

    try:
        with context.provider() as provider:
            tokens = count(provider, request, context.overrides.timeout_s)
    except NotFoundError as error:  # the model, or a server that answers but does not count
        error.advice = "--estimate reckons without the server"
        raise
    return Counted(tokens, "count_tokens", request, context.catalogue.find(request.model), context.offline)


def _estimated(context: Context, request: ChatRequest) -> Counted:
    """The estimate. Raises `UsageError` where part of the prompt cannot be reckoned: the number would be too small."""
    from ..core.tokens import PER_PDF_PAGE, reckon

    model = context.catalogue.find(request.model)
    found = reckon(request, model)
    if found.missing:
        from ..core.installed import install_line

        raise UsageError(
            f"{found.missing[0]} cannot be reckoned here: leave out --estimate to have all counted, or install what"
            f" reads PDFs: {install_line('media')}"
        )
    console = context.console
    if found.pdf_pages and (console.err_is_terminal or console.verbose) and not console.quiet:
        console.line(f"a page of a PDF is taken as {PER_PDF_PAGE:,} tokens; a count says what it has", dim=True)
    return Counted(found.tokens, "estimate", request, model)


def _share(share: float) -> str:
    return "under 0.1%" if share < 0.001 else f"{share:.1%}"

"""`claude-cli serve`: the gateway. Here are the flags and what they are checked for; what a run does is `_serve.py`'s."""

from __future__ import annotations

from typing import Annotated

import typer

from ..context import Context, Overrides
from ..core.errors import UsageError
from . import _options as options
from ._parameters import check_ranges, fallbacks
from ._serve_keys import keys_group

PACKAGES = ("starlette", "uvicorn", "httptools", "websockets", "limits", "prometheus_client")
"""What the extra `serve` adds."""
EPILOG = """\b
Examples:
  claude-cli serve keys create laptop
  claude-cli serve
  claude-cli serve --offline --no-auth          (try it without any key)
  claude-cli serve --host 0.0.0.0 --tls-cert gateway.pem --tls-key gateway.key

Everything can be set in the table [serve] of the settings, too; aliases of
models only there.
"""
group = typer.Typer(invoke_without_command=True, epilog=EPILOG)
group.add_typer(keys_group, name="keys", help="Make, list and revoke the keys that clients call serve with.")


@group.callback()
def command(
    ctx: typer.Context,
    host: Annotated[str | None, typer.Option("--host", metavar="ADDRESS", help="Listen on this address. [default: 127.0.0.1, or the setting]")] = None,
    port: Annotated[int | None, typer.Option("--port", metavar="N", min=0, max=65535, help="Port; 0 takes a free one. [default: 4003, or the setting]")] = None,
    tls_cert: Annotated[str | None, typer.Option("--tls-cert", metavar="FILE", help="Serve https with this certificate and its chain, in PEM.")] = None,
    tls_key: Annotated[str | None, typer.Option("--tls-key", metavar="FILE", help="The key of that certificate, in PEM.")] = None,
    behind_proxy: Annotated[bool, typer.Option("--behind-proxy", help="A proxy in front does TLS; believe its X-Forwarded-* headers.")] = False,
    no_auth: Annotated[bool, typer.Option("--no-auth", help="Ask nobody for a key; for this machine alone.")] = False,
    keys_file: Annotated[str | None, typer.Option("--keys-file", metavar="FILE", help="Keys that may come in, for containers. [default: those of serve keys]")] = None,
    cors_origin: Annotated[list[str] | None, typer.Option("--cors-origin", metavar="ORIGIN", help="A web page that may call, as in https://app.example; repeatable.")] = None,
    allow_host: Annotated[list[str] | None, typer.Option("--allow-host", metavar="NAME", help="A name by which it may be called besides its own; repeatable.")] = None,
    on_unsupported: Annotated[str | None, typer.Option("--on-unsupported", metavar="DO", help="With hints that no model here can honour: warn (drop them, say so in a header), drop or reject. [default: warn, or the setting]")] = None,
    fallback_model: Annotated[str | None, typer.Option("--fallback-model", metavar="A,B", help="Models to ask when the first one fails.")] = None,
    open_metrics: Annotated[bool, typer.Option("--open-metrics", help="Show /metrics and /v1/providers without an admin key.")] = False,
    drain: Annotated[float | None, typer.Option("--drain", metavar="SECONDS", help="How long answers may go on after SIGTERM or Ctrl-C. [default: 30, or the setting]")] = None,
    retry_for: options.RetryFor = None,
    retries: options.Retries = None,
    timeout: options.Timeout = None,
    max_cost: Annotated[str | None, typer.Option("--max-cost", metavar="USD", help="Spend at most so many US dollars, then refuse requests. [default: no limit]")] = None,
    provider: options.Provider = None,
    profile: options.Profile = None,
    base_url: options.BaseUrl = None,
    offline: options.Offline = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Errors only on standard error: no line for each request.")] = False,
    verbose: Annotated[int, typer.Option("--verbose", "-v", count=True, show_default=False, help="Log more: each call as it begins and ends; -vv each piece of an answer, too.")] = 0,
    log_file: Annotated[str | None, typer.Option("--log-file", metavar="PATH", help="Log to PATH as JSON lines, keys and contents left out, instead of standard error.")] = None,
) -> int:  # fmt: skip
    """Serve Claude to OpenAI and Anthropic clients, each with a key of yours.

    Its address is printed first. Ctrl-C and SIGTERM let answers under way end, for as long as --drain says; a second
    one does not.
    """
    if ctx.invoked_subcommand is not None:
        _refuse_flags(ctx)
        return 0
    check_ranges(timeout=timeout, retry_for=retry_for, retries=retries)
    options.in_range(drain, 0, 86_400, "--drain")
    _check_installed()
    context = Context(
        overrides=Overrides(
            provider, base_url, offline, timeout, quiet, verbose, log_file=log_file, profile=profile,
            max_cost_pico=options.pico(max_cost),
        ),
        command="serve",
        uses_project=False,  # it serves whoever has a key, wherever it was started
    )  # fmt: skip
    options.check_provider(provider, offline=context.offline)
    from ..gateway.config import configured
    from ..storage.settings_serve import ON_UNSUPPORTED

    settings = context.serve_settings
    config = configured(
        settings,
        host=host, port=port, tls_certificate=tls_cert, tls_key=tls_key, behind_proxy=behind_proxy or None,
        authenticate=not no_auth, cors_origins=tuple(cors_origin) if cors_origin else None,
        hosts=tuple(allow_host) if allow_host else None, fallback_models=tuple(fallbacks(fallback_model)) or None,
        on_unsupported=options.one_of(on_unsupported, ON_UNSUPPORTED, "--on-unsupported"),
        open_metrics=open_metrics or None, drain_s=drain,
    )  # fmt: skip
    from ._serve import run_gateway
    from ._serve_parts import call_policy

    policy = call_policy(context, retry_for, retries)
    return run_gateway(context, config, policy, keys_file or settings.serve_keys_file)


def _refuse_flags(ctx: typer.Context) -> None:
    """Refuse flags of the gateway in front of another command, which would do nothing. Raises `UsageError`."""
    for parameter in ctx.command.params:
        source = ctx.get_parameter_source(parameter.name or "")
        if source is not None and source.name == "COMMANDLINE":
            raise UsageError(f"{parameter.opts[0]} is for the gateway, not for serve {ctx.invoked_subcommand}")


def _check_installed() -> None:
    """Refuse to begin without the extra. Raises `UsageError`: how to add it."""
    from importlib.util import find_spec

    if any(find_spec(name) is None for name in PACKAGES):
        from ..core.installed import install_line

        raise UsageError(f"serve needs packages that are not installed yet; to add them: {install_line('serve')}")

"""What `claude-cli serve` says on its terminal: where it is, how it is called, what it may spend."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address
from urllib.parse import urlsplit

from ..context import Context
from ..core.errors import UsageError
from ..core.harmless import one_line
from ..core.messages import Notice
from ..core.models import Catalogue
from ..core.pricing import money
from ..core.redact import redact
from ..gateway.config import Config
from ..gateway.names import ALIASES, Names
from ..storage.gateway_key_file import GatewayKeys

_BODY = ('\'{"model": "sonnet", "messages":', '[{"role": "user", "content": "Hi"}]}\'')
"""Two lines within quotes of the shell: a narrow terminal breaks none of them."""
_SENT = "it is sent as it stands, and may be answered 404; mend the setting, or: claude-cli models --refresh"


def tell(context: Context, config: Config, url: str) -> None:
    """Print the address on standard output; a person at the terminal is told the rest. Raises `OutputError`."""
    console = context.console
    console.answer(f"{url}\n")
    if not console.err_is_terminal or console.quiet:
        return
    for line in _lines(context, config, url):
        console.say(line)


def _lines(context: Context, config: Config, url: str) -> Iterator[str]:
    url = _called(config, url)
    yield f"OpenAI clients, base URL:\n  {url}/v1"
    yield f"Anthropic clients, base URL:\n  {url}"
    if config.authenticate:
        yield "each with a key of its own:\n  claude-cli serve keys create NAME"
    auth = ['  -H "Authorization: Bearer $KEY" \\'] if config.authenticate else []
    yield "\n".join(["try:", f"  curl {url}/v1/chat/completions \\", *auth, f"  -d {_BODY[0]}", f"  {_BODY[1]}"])
    budget = _budget(context)
    if budget:
        yield f"budget: {budget}"
    yield "Ctrl-C ends it; answers under way may end first"


def _called(config: Config, url: str) -> str:
    """The address by which clients call what listens at `url`: no certificate names all addresses of a machine."""
    try:
        address = ip_address(config.host)
    except ValueError:
        return url
    if not address.is_unspecified:
        return url
    place, own = urlsplit(url), "127.0.0.1" if address.version == 4 else "[::1]"
    return f"{place.scheme}://{config.hosts[0] if config.hosts else own}:{place.port}"


def _budget(context: Context) -> str:
    """What may be spent, in words; "" for as much as anybody wants."""
    settings = context.settings
    limits = {
        "in this run": context.overrides.max_cost_pico,
        "a day": settings.budget_day.pico,
        "a month": settings.budget_month.pico,
    }
    return ", ".join(f"{money(pico)} {when}" for when, pico in limits.items() if pico is not None)


def tell_stopping(context: Context, under_way: int) -> None:
    """Say what is waited for after the first signal."""
    console = context.console
    if under_way and console.err_is_terminal and not console.quiet:
        answers = "1 answer" if under_way == 1 else f"{under_way} answers"
        console.line(f"finishing {answers} under way; Ctrl-C again stops now")


def names_of(context: Context, config: Config) -> Names:
    """The names of models that clients may use."""
    official = context.offline or (context.provider_name == "anthropic" and context.key_purpose.is_official)
    return Names(context.catalogue, config.aliases, any_name=not official)


def unknown_model(models: Catalogue, name: str) -> str:
    """What is wrong with the name of a model that is none, or none any more."""
    short = one_line(redact(name), 72)
    if heir := models.successor(name):
        return f"the model {short} has retired; its successor is {heir}"
    return f"there is no model {short!r}; {models.nearest(name)}claude-cli models lists those there are"


def tell_strange_names(context: Context, config: Config) -> None:
    """Say which of the user's names mean a model that nobody here knows: it may be new, or a slip.

    Raises:
        UsageError: a fallback is none, and would never be asked.
    """
    models, names = context.catalogue, names_of(context, config)
    for name in config.fallback_models:
        if names.find(name) is None:
            raise UsageError(f"--fallback-model (serve.fallback_models): {unknown_model(models, name)}")
    named = {f"serve.aliases.{name}": model for name, model in config.aliases.items() if name not in ALIASES}
    named |= {f"fallback model {name}": name for name in config.fallback_models}
    for name, model in named.items():
        if models.find(names.find(model) or model) is None:
            words = f"{one_line(name, 72)}: the catalogue does not know the model {one_line(model, 72)!r}"
            words += f"; {models.nearest(model)}{_SENT}"
            context.notify(Notice("unknown_model", words))


def tell_unkept_budgets(context: Context, keys: GatewayKeys | None) -> None:
    """Say where keys have budgets that do not hold, as nothing is spent."""
    if context.offline and keys and keys.have_budgets:
        words = "budgets of keys do not hold offline; rehearse them: claude-cli simulate, and serve --base-url URL"
        context.notify(Notice("offline", words))

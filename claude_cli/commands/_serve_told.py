"""What `claude-cli serve` says on its terminal: where it is, how it is called, what it may spend."""

from __future__ import annotations

from collections.abc import Iterator

from ..context import Context
from ..core.harmless import one_line
from ..core.messages import Notice
from ..core.pricing import money
from ..gateway.config import Config
from ..gateway.names import ALIASES

_BODY = '{"model": "sonnet", "messages": [{"role": "user", "content": "Hello"}]}'


def tell(context: Context, config: Config, url: str) -> None:
    """Print the address on standard output; a person at the terminal is told the rest. Raises `OutputError`."""
    console = context.console
    console.answer(f"{url}\n")
    if not console.err_is_terminal or console.quiet:
        return
    for line in _lines(context, config, url):
        console.say(line)


def _lines(context: Context, config: Config, url: str) -> Iterator[str]:
    auth = ' -H "Authorization: Bearer $KEY"' if config.authenticate else ""
    yield f"OpenAI clients: base URL {url}/v1; Anthropic clients: {url}"
    if config.authenticate:
        yield "each with a key of its own: claude-cli serve keys create NAME"
    yield f"try: curl {url}/v1/chat/completions{auth} -d '{_BODY}'"
    budget = _budget(context)
    if budget:
        yield f"budget: {budget}"
    yield "Ctrl-C ends it; answers under way may end first"


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


def tell_strange_names(context: Context, config: Config) -> None:
    """Say which of the user's names mean a model that nobody here knows: it may be new, or a slip."""
    models = context.catalogue
    named = {f"serve.aliases.{name}": model for name, model in config.aliases.items() if name not in ALIASES}
    named |= {f"fallback model {name}": name for name in config.fallback_models}
    for name, model in named.items():
        if models.find(model) is None:
            near = models.nearest(model).strip() or "it is sent as it stands"
            words = f"{one_line(name, 72)}: the catalogue does not know the model {one_line(model, 72)!r}; {near}"
            context.notify(Notice("unknown_model", words))

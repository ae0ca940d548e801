"""`claude-cli serve keys`: the gateway's own keys, made, listed and revoked. What is kept of them: storage/gateway_keys.py."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..context import Context
from ..core.errors import UsageError
from ..core.messages import Notice
from ..terminal.console import STDOUT
from . import _options as options

if TYPE_CHECKING:
    from ..storage.gateway_keys import GatewayKey

keys_group = typer.Typer()
_DAY_S = 86_400

Name = Annotated[str, typer.Argument(metavar="NAME", help="What the key is called, in the list, the ledger and the log.", show_default=False)]  # fmt: skip


@keys_group.command("create")
def create_command(
    name: Name,
    model: Annotated[list[str] | None, typer.Option("--model", "-m", metavar="NAME", help="A model it may ask, by id or alias; repeatable. [default: all]")] = None,
    requests: Annotated[int, typer.Option("--requests-per-minute", metavar="N", min=0, help="Requests a minute; 0: no limit of its own.")] = 0,
    tokens: Annotated[int, typer.Option("--tokens-per-minute", metavar="N", min=0, help="Tokens a minute, of prompts and answers; 0: no limit of its own.")] = 0,
    streams: Annotated[int, typer.Option("--streams", metavar="N", min=0, help="Answers at once; 0: no limit of its own.")] = 0,
    budget_day: Annotated[str | None, typer.Option("--budget-day", metavar="USD", help="What it may cost in a day. [default: no limit of its own]")] = None,
    budget_month: Annotated[str | None, typer.Option("--budget-month", metavar="USD", help="What it may cost in a month. [default: no limit of its own]")] = None,
    expires: Annotated[str | None, typer.Option("--expires", metavar="WHEN", help="Its last day, as in 2026-12-31, or how long it lasts, as in 30d or 12h. [default: never]")] = None,
    admin: Annotated[bool, typer.Option("--admin", help="It may see /metrics and /v1/providers, too.")] = False,
) -> int:  # fmt: skip
    """Make a key and print it, once; only its SHA-256 digest is kept."""
    from ..core.budget import Limits
    from ..storage.gateway_key_file import key_file
    from ..storage.gateway_keys import NAME, GatewayKey, digest_of, is_name, new_key

    if not is_name(name):
        raise UsageError(f"a key's name is of {NAME}")
    context, now = Context(uses_project=False), time.time()
    budget = Limits(_pico(budget_day, "--budget-day"), _pico(budget_month, "--budget-month"))
    ends = None if expires is None else _end(expires, now)
    key, file = new_key(), key_file(context.environ)
    made = GatewayKey(
        name, digest_of(key), tuple(dict.fromkeys(model or ())), requests, tokens, streams, budget, ends, admin, now
    )
    file.add(made)
    _tell_unknown(context, made)
    context.console.answer(f"{key}\n")
    context.console.line(f"this is the only time that key {name} is shown; only a digest of it is kept in {file.path}")
    if context.serve_settings.serve_keys_file:
        context.console.line(
            f"serve takes the keys of {context.serve_settings.serve_keys_file} (serve.keys_file), not this one"
        )
    return 0


@keys_group.command("list")
def list_command(as_json: options.AsJson = False) -> int:
    """List the keys with what they allow; never a key."""
    from ..storage.gateway_key_file import key_file
    from ..storage.gateway_keys import told
    from ..terminal.tty import size

    context, now = Context(uses_project=False), time.time()
    keys = key_file(context.environ, context.serve_settings.serve_keys_file).read()
    if as_json:
        rows = [{"name": key.name, **told(key), "expired": key.is_expired(now)} for key in keys]
        context.console.answer(json.dumps({"version": 1, "keys": rows}, ensure_ascii=False) + "\n")
        return 0
    if not keys:
        context.console.line("there is no key yet; make one with: claude-cli serve keys create NAME")
        return 0
    width = size(STDOUT, context.environ)[0] if context.console.out_is_terminal else None
    lines = _table(keys, now, width)
    context.console.answer("".join(f"{line}\n" for line in lines))
    if lines[0] != _table(keys, now, None)[0]:
        context.console.line("--json shows the rest")
    return 0


@keys_group.command("revoke")
def revoke_command(
    name: Name,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Revoke it without a question.")] = False,
) -> int:
    """Revoke a key, at once also where serve is running."""
    from ..storage.gateway_key_file import key_file
    from ..storage.setting_values import nearest
    from ..terminal.ask import can_ask, confirm

    context = Context(uses_project=False)
    file = key_file(context.environ)
    names = [key.name for key in file.read()]
    if name not in names:
        raise UsageError(f"there is no key {name!r}{nearest(name, names)}; see: claude-cli serve keys list")
    if not yes:
        if not can_ask(context.console):
            raise UsageError(f"nobody is there to confirm that key {name} is revoked; say --yes")
        if not confirm(context.console, f"revoke key {name}?"):
            return 0
    file.revoke(name)
    context.console.answer(f"revoked: key {name}\n")
    return 0


def _tell_unknown(context: Context, key: GatewayKey) -> None:
    """Say which names of models mean none here; they may be aliases of a gateway elsewhere."""
    from ..gateway.config import aliases_of
    from ..gateway.names import Names
    from ._serve_told import unknown_model

    names = Names(context.catalogue, aliases_of(context.serve_settings))
    for name in key.models:
        if names.find(name) is None:
            words = f"--model: {unknown_model(names.models, name)}; the key may ask nothing by that name"
            context.notify(Notice("unknown_model", words))


def _pico(amount: str | None, flag: str) -> int | None:
    """An amount of dollars in pico-dollars. Raises `UsageError`: it is none."""
    from ..storage.setting_values import AMOUNT, Dollars, dollars

    found = Dollars() if amount is None else dollars(amount)
    if not isinstance(found, Dollars) or (amount is not None and found.pico is None):
        raise UsageError(f"{flag} is {AMOUNT}, not {amount!r}")
    return found.pico


def _end(text: str, now: float) -> float:
    """The moment that `--expires` means, in seconds of Unix time. Raises `UsageError`."""
    import re
    from datetime import date

    from ._days import begin_of

    if span := re.fullmatch(r"([1-9][0-9]{0,4})([dh])", text, re.ASCII):
        return now + int(span[1]) * (_DAY_S if span[2] == "d" else 3600)
    try:
        ends = begin_of(date.fromisoformat(text), days_later=1) / 1e6
    except ValueError as error:
        raise UsageError(f"--expires is a day like 2026-12-31, or 30d or 12h, not {text!r}") from error
    if ends <= now:
        raise UsageError(f"--expires {text} is over already")
    return ends


def _table(keys: list[GatewayKey], now: float, width: int | None) -> list[str]:
    """A line for each key, and one above them."""
    from ..terminal.columns import columns

    head = [
        "name",
        "expires (local)",
        "models",
        "requests/min",
        "tokens/min",
        "streams",
        "$/day",
        "$/month",
        "created (local)",
        "admin",
    ]
    rows = [head, *(_row(key, now) for key in keys)]
    return columns(rows, right={3, 4, 5, 6, 7}, width=width)


def _row(key: GatewayKey, now: float) -> list[str]:
    from ..core.harmless import one_line
    from ..storage.gateway_keys import told

    about: dict[str, Any] = told(key)
    ends = "never" if key.expires_at is None else _local(key.expires_at)
    counts = (key.requests_per_minute, key.tokens_per_minute, key.streams_at_once)
    return [
        key.name,
        "expired" if key.is_expired(now) else ends,
        one_line(",".join(key.models)) or "all",
        *(f"{count:,}" if count else "-" for count in counts),
        about["budget_day"] or "-",
        about["budget_month"] or "-",
        _local(key.created_at) if key.created_at else "-",
        "yes" if key.admin else "no",
    ]


def _local(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(seconds))

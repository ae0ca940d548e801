"""`claude-cli health`: everything that may be wrong between this machine and an answer, and what to do about it.

The checks are those of `diagnose/`; here they are given what they need, the cheap ones first.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Generator, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from .. import __version__
from ..context import Context, Overrides
from ..core.errors import ClaudeError, UsageError
from ..core.redact import redact
from ..terminal.console import STDERR, STDIN, STDOUT, is_terminal
from ..terminal.tty import size
from . import _options as options

if TYPE_CHECKING:
    from ..core.address import Endpoint
    from ..core.providers.base import LLMProvider
    from ..diagnose.check import Check, Task
    from ..storage.keys import Found


def command(
    live: Annotated[bool, typer.Option("--live", help="Also ask a model for a few words; what that may cost is said before.")] = False,
    model: Annotated[str | None, typer.Option("--model", "-m", metavar="MODEL", help="The model that --live asks. [default: the cheapest]")] = None,
    base_url: options.BaseUrl = None,
    provider: options.Provider = None,
    profile: options.Profile = None,
    offline: options.Offline = False,
    timeout: Annotated[float | None, typer.Option("--timeout", metavar="SECONDS", help="Time for all checks together. [default: 5 for each]")] = None,
    as_json: options.AsJson = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = 0,
) -> int:  # fmt: skip
    """Find out what is wrong: settings, folders, key, network, certificates, clock, API.

    Nothing is paid for without --live.
    """
    options.in_range(timeout, 0.001, 1e9, "--timeout")
    if model is not None and not live:
        raise UsageError("--model names whom --live asks; add --live")
    from ..diagnose.check import verdict
    from ..diagnose.report import lines, sentence, summary

    deadline = time.monotonic() + timeout if timeout else float("inf")
    overrides = Overrides(provider, base_url, offline, timeout, quiet, verbose, profile=profile)
    context = Context(overrides=overrides, command="health")
    console = context.console
    width = size(STDOUT, context.environ)[0] if console.out_is_terminal else None
    styled = context.styled(terminal=console.out_is_terminal)
    found: list[Check] = []
    with context.closing, closing(_checks(context, deadline, live=live, model=model)) as checks:
        for check in checks:
            found.append(check)
            if not as_json:
                console.draw("".join(f"{line}\n" for line in lines(check, width=width, styled=styled)))
    status, exit_code = verdict(found)
    if as_json:
        told = [check.as_json() for check in found]
        whole = {"version": 1, "status": status, "exit_code": exit_code, "checks": told, "simulated": context.offline}
        console.answer(redact(json.dumps(whole, ensure_ascii=False)) + "\n")
    else:
        console.answer(f"{summary(found)}\n")
    if exit_code:
        console.error(sentence(found, exit_code))
    return exit_code


@dataclass(slots=True)
class _Ways:
    """Where calls go, as far as that is known, and the key to go there with.

    Attributes:
        target: None where nothing of ours goes over the network; `why` says why not.
        blocked: nor anything of anybody else's: it is not known where to.
        key: what the sources of keys had; None until they were asked.
    """

    target: Endpoint | None
    why: str = ""
    blocked: bool = False
    key: Found | None = None


def _checks(context: Context, deadline: float, *, live: bool, model: str | None) -> Generator[Check]:
    """All checks, in order, each as soon as it is there."""
    from ..diagnose.check import Task, together
    from ..diagnose.program import STEPS, catalogue_check, library_checks, program_check

    yield program_check(__version__)  # at once: the rest takes a moment to load
    settings, known = _settings(context)
    ours = known and context.provider_name in ("anthropic", "simulator")
    models, context.catalogue = catalogue_check(lambda: context.catalogue, context.settings.model if ours else "")
    address, ways = _address(context, known=known)
    tasks = [
        Task(STEPS, library_checks),
        Task.known((_terminal(context), settings, models)),
        *_kept(context),
        Task.of("providers", lambda: _providers(context)),
        Task.known((address,)),
        *_outward(context, ways, deadline),
    ]
    failures = []
    for check in together(tasks, deadline=deadline):
        failures += [check.name] if check.status == "fail" else []
        yield check
    yield from _answers(context, ways, failures, deadline, live=live, model=model)


def _terminal(context: Context) -> Check:
    from ..diagnose.program import terminal_check

    numbers = {"stdin": STDIN, "stdout": STDOUT, "stderr": STDERR}
    return terminal_check(
        context.environ,
        streams={name: is_terminal(number) for name, number in numbers.items()},
        size=size(STDOUT, context.environ),
        colour=context.styled(terminal=context.console.out_is_terminal),
        encoding=getattr(sys.stdout, "encoding", None) or "utf-8",
    )


def _settings(context: Context) -> tuple[Check, bool]:
    """The check of the settings, and whether it is known where they lead: with a wrong user's file it is not.

    The context gets the settings that hold then, which after a failure are those without what is wrong.
    """
    from ..diagnose.check import failed
    from ..diagnose.program import settings_check
    from ..storage.paths import config_dir
    from ..storage.settings import FILE_NAME, Settings

    try:
        path = str(config_dir(context.environ) / FILE_NAME)
        return settings_check(context.settings, path, context.environ), True
    except UsageError as error:
        check = failed("settings", error)
    try:
        # A project has no say in addresses and keys: without its file the rest can be looked at.
        context.settings = Context(context.environ, context.overrides, uses_project=False).settings
        return check, True
    except UsageError:
        context.settings = Settings()
        return check, False


def _kept(context: Context) -> Iterator[Task]:
    """What lies on the disk: folders, the databases in them, and what these say of budgets."""
    from ..diagnose.budget import budget_check
    from ..diagnose.check import Task
    from ..diagnose.database import database_check
    from ..diagnose.places import PRIVATE, distinct, place_check
    from ..storage import history_schema, ledger_schema
    from ..storage.paths import cache_dir, config_dir, data_dir

    environ, settings = context.environ, context.settings
    limits = {"budget.day": settings.budget_day.pico, "budget.month": settings.budget_month.pico}
    budgets = {} if context.offline else {name: limit for name, limit in limits.items() if limit is not None}
    secret = ("config.toml",) if any(profile.headers for profile in settings.profiles.values()) else ()
    places = (("config", config_dir(environ)), ("data", data_dir(environ)), ("cache", cache_dir(environ)))
    for folder, names in distinct(places).items():
        private = [file for name in names for file in (*PRIVATE[name], *(secret if name == "config" else ()))]
        also, needed = " and ".join(names[1:]), bool(budgets) and "data" in names
        yield Task.of(names[0], partial(place_check, names[0], folder, also=also, private=private, needed=needed))
    rows = "SELECT count(*) FROM "
    tables = (
        (ledger_schema, {"calls": f"{rows}calls", "totals": f"{rows}days"}),
        (history_schema, {"conversations": f"{rows}conversations", "turns": f"{rows}turns"}),
    )
    for kept, counts in tables:
        path = data_dir(environ) / kept.FILE_NAME
        yield Task.of(kept.FILE_NAME, partial(database_check, path, kept.SCHEMA, counts))
    yield Task.of("budget", partial(budget_check, budgets, data_dir(environ), date.today()))


def _providers(context: Context) -> Check:
    from ..core.providers.manager import PluginManager
    from ..diagnose.program import providers_check

    chosen = context.overrides.provider or context.settings.provider
    models = [model.id for model in context.catalogue.models]
    return providers_check(chosen, PluginManager(environ=context.environ), models)


def _address(context: Context, *, known: bool) -> tuple[Check, _Ways]:
    """The check of the base URL, and where it leads."""
    from ..core.address import check_plain_http, endpoint
    from ..core.connection import DEFAULT_BASE_URL
    from ..diagnose.check import Check, failed

    why = ""
    if context.offline:
        why = "offline: the built-in simulator answers"
    elif not known:
        why = "not known while the settings are wrong"
    elif context.provider_name != "anthropic":
        why = f"provider {context.provider_name} has its own"
    if why:
        return Check("address", "skipped", why), _Ways(None, why, blocked=not (known or context.offline))
    try:
        target = endpoint(context.base_url)
        check_plain_http(target, None, context.settings.allow_http)
        _ = context.key_purpose  # the address of the settings file has to be one, too
    except UsageError as error:
        return failed("address", error), _Ways(None, "the address is wrong", blocked=True)
    official = target.origin == DEFAULT_BASE_URL
    source = "--base-url" if context.overrides.base_url else context.settings.sources.get("base_url", "default")
    where = "official" if official else f"from {source}"
    data = {"base_url": target.url(""), "official": official, "source": source}
    data["api_version"] = context.settings.api_version
    detail = f"{target.url('')} ({where}), API version {context.settings.api_version}"
    return Check("address", "ok", detail, data=data), _Ways(target)


def _outward(context: Context, ways: _Ways, deadline: float) -> Iterator[Task]:
    """The key, and the way over the network: side by side, as neither needs the other."""
    from ..diagnose import keys, network
    from ..diagnose.check import EXIT_KEY, LIMIT_S, Step, Task, skipped

    target = ways.target
    if target is None:
        yield Task.known(skipped(("key", "keyring", *network.NAMES), ways.why))
        return
    purpose, store = context.key_purpose, context.key_store
    if not store.note:  # nobody is there to touch a security key, or to unlock a keyring
        store = replace(store, command_limit_s=max(min(LIMIT_S, deadline - time.monotonic()), 0.001))
    limit_s = LIMIT_S if not store.note else store.command_limit_s + LIMIT_S

    def find() -> Iterator[Check]:
        def keep(found: Found) -> None:
            ways.key = found

        yield keys.key_check(store, purpose, keep=keep)
        yield keys.keyring_check(store, purpose)

    yield Task((Step("key", limit_s, EXIT_KEY), Step("keyring")), find)
    yield Task(network.STEPS, lambda: network.way(target, network.Machine(context.environ, deadline)))


def _answers(
    context: Context, ways: _Ways, failures: list[str], deadline: float, *, live: bool, model: str | None
) -> Iterator[Check]:
    """What the API itself says: to a free call, and where `live` asks for it to one that is paid for."""
    from ..diagnose import api, network
    from ..diagnose.check import Task, failed, skipped, together

    names = (*api.NAMES, "live") if live else api.NAMES
    blocking = next((name for name in failures if name in ("key", *network.NAMES)), "")
    if ways.blocked or blocking:
        yield from skipped(names, f"not asked: {f'{blocking} failed' if blocking else ways.why}")
        return
    with ExitStack() as stack:
        try:
            provider = stack.enter_context(_provider(context, ways))
        except ClaudeError as error:
            yield failed(names[0], error)
            yield from skipped(names[1:], "not asked: api failed")
            return
        # Certificates are judged by the clock, and it says which day it is that a budget is for.
        secure = ways.target is not None and ways.target.scheme == "https"
        dated = secure or bool(context.settings.budget_day or context.settings.budget_month)
        asking = Task(api.STEPS, lambda: api.checks(provider, deadline=deadline, dates_matter=dated))
        found = yield from _noted(together([asking], deadline=deadline))
        # A gateway without a list of models may answer nevertheless.
        if live and (found["api"].status == "ok" or found["api"].data.get("code") == "not_found"):
            yield _live(context, provider, deadline, model)
        elif live:
            yield from skipped(("live",), "not asked: api failed")


def _noted(checks: Iterator[Check]) -> Generator[Check, None, dict[str, Check]]:
    """The checks as they come; returns them by their names."""
    found = {}
    for check in checks:
        found[check.name] = check
        yield check
    return found


@contextmanager
def _provider(context: Context, ways: _Ways) -> Iterator[LLMProvider]:
    """The provider that answers, with the key that was found: no source is asked twice. Raises `ClaudeError`."""
    if ways.target is None or ways.key is None:
        with context.provider() as provider:
            yield provider
        return
    from ..core.providers.anthropic import AnthropicProvider

    config = context.provider_config(dry=True)  # which asks no source
    yield AnthropicProvider.configured(replace(config, key=ways.key.key, no_key=ways.key.missing(context.key_purpose)))


def _live(context: Context, provider: LLMProvider, deadline: float, model: str | None) -> Check:
    """The completion that is paid for. Not in a thread: when it is stopped it still has to be put down what it cost."""
    from ..diagnose.check import failed
    from ..diagnose.completion import TIMEOUT_S, live_check, live_request, price

    try:
        if model is None and context.provider_name not in ("anthropic", "simulator"):
            raise UsageError(f"no model of {context.provider_name} is named; name one with -m")
        request = live_request(model, context.catalogue)
        around = context.surroundings()
    except ClaudeError as error:
        return failed("live", error)
    cost = "is free: it is simulated" if context.offline else f"may cost {price(request, context.catalogue)}"
    if not context.console.quiet:
        context.console.line(f"asking {request.model} for a few words, which {cost}")
    left = max(min(TIMEOUT_S, deadline - time.monotonic()), 0.001)
    return live_check(request, provider, around, timeout_s=left, free=context.offline)

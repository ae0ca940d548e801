"""The parts of a gateway as `claude-cli serve` makes them: of settings, flags, and what the command stands on."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ..context import Context
from ..core.errors import UsageError
from ..core.messages import Notice
from ..core.prepare import continues_turns, surroundings
from ..core.providers.base import LLMProvider
from ..core.retry import RetryPolicy
from ..core.surroundings import CallPolicy
from ..core.telemetry import BreakerChanged, CallError, Emitter, RequestStart, RequestStop, Retry
from ..gateway.access_log import AccessLog, Form
from ..gateway.config import Config
from ..gateway.door import Door
from ..gateway.gateway import Gateway
from ..gateway.limits import make_limiter
from ..gateway.log_lines import Write, to_descriptor, to_file
from ..gateway.metrics import Metrics
from ..gateway.room import Room
from ..gateway.visit import Visit
from ..storage.gateway_key_file import GatewayKeys, key_file
from ._serve_told import names_of

_EVENTS = ((CallError, Retry, BreakerChanged), (RequestStart, RequestStop))
"""Telemetry that is logged: always, and with -v; -vv has all."""
MAKE_A_KEY = "claude-cli serve keys create NAME"


def call_policy(context: Context, retry_for_s: float | None, retries: int | None) -> CallPolicy:
    """What is done when calls go wrong: by the flags, else by the settings."""
    seconds = context.settings.retry_for_s if retry_for_s is None else retry_for_s
    return CallPolicy(
        RetryPolicy(seconds, retries, context.overrides.timeout_s),
        prefill=lambda model: continues_turns(model, context.catalogue),
    )


def log_form(context: Context) -> Form:
    """Lines for people on a terminal, JSON for everybody else."""
    return "text" if context.console.err_is_terminal and not context.overrides.log_file else "json"


def access_log(context: Context) -> AccessLog | None:
    """The log: in the file that was named, else on standard error; None: nobody wants one.

    Raises:
        UsageError: the file cannot be opened.
    """
    write = _write(context)
    return AccessLog(write, clock=time.monotonic, wall=time.time, form=log_form(context)) if write else None


@contextmanager
def bugs_logged(context: Context, log: AccessLog | None) -> Iterator[None]:
    """Within it what libraries and bugs log is told by `log`, without content; where nobody wants one, by one for that."""
    own = log or AccessLog(to_descriptor(2), clock=time.monotonic, wall=time.time, form=log_form(context))
    handler, root = own.handler(), logging.getLogger()
    root.addHandler(handler)
    try:
        yield
    finally:
        root.removeHandler(handler)
        if not log:
            own.close()


def keys_that_may_come(context: Context, named: str, notify: Callable[[Notice], None]) -> GatewayKeys:
    """The keys in the file `named`; "": those of `serve keys`. Raises `UsageError`: there are none, or they are wrong."""
    file = key_file(context.environ, named)
    keys = GatewayKeys(file, notify, clock=time.monotonic)
    if keys.is_empty:
        raise UsageError(
            f"the file of keys {file.path} has none, so nobody could call"
            if named
            else f"nobody has a key yet to call with; make one with: {MAKE_A_KEY} (--no-auth asks nobody for one)"
        )
    return keys


def gateway_of(
    context: Context, config: Config, policy: CallPolicy, provider: LLMProvider, keys: GatewayKeys | None,
    log: AccessLog | None,
) -> Gateway:  # fmt: skip
    """The gateway, in the event loop that will run it. Raises `UsageError`: the storage of the limits cannot be used."""
    models, notify = context.catalogue, noted(log)
    metrics, emitter = Metrics(models), Emitter()
    metrics.listen(emitter)
    if log:
        _listen(log, emitter, context.overrides.verbose)

    def hindered(notice: Notice) -> None:
        metrics.ledger_failed()
        notify(notice)

    around = surroundings(context.provider_name, draw=random.random, emitter=emitter, notify=notify, models=models)
    return Gateway(
        config, provider, around, policy, context.books(hindered), Door(keys),
        names_of(context, config), make_limiter(config, notify),
        Room(config.at_once, config.waiting, config.wait_s), metrics, log or _unlogged, time.time,
    )  # fmt: skip


def noted(log: AccessLog | None) -> Callable[[Notice], None]:
    """Who is told of a fallback, of a lowered max_tokens and the like: the log, as nobody watches each request."""
    return log.notice if log else lambda notice: None


def _listen(log: AccessLog, emitter: Emitter, verbose: int) -> None:
    """Have `log` told of the events that are wanted; a healthy answer has many, so none is made for nobody."""
    if verbose > 1:
        emitter.add(log.events(logging.DEBUG))
        return
    for kinds in _EVENTS[: verbose + 1]:
        emitter.add(log.events(), *kinds)


def _write(context: Context) -> Write | None:
    path = context.overrides.log_file
    if path:
        try:
            return to_file(path)
        except OSError as error:
            raise UsageError(f"the log file {path} cannot be opened: {error.strerror}") from error
    return None if context.console.quiet else to_descriptor(2)


def _unlogged(visit: Visit) -> None:
    """Nobody wants to know."""

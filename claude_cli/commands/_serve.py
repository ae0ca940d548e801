"""One run of `claude-cli serve`: what it stands on is checked, it listens, and at the end what was spent is written."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable
from contextlib import ExitStack

from ..context import Context
from ..core.surroundings import CallPolicy
from ..gateway.config import Config
from ..gateway.gateway import Gateway
from ..gateway.server import Server
from ..terminal.signals import Terminated, handed_over
from ._check import check_key
from ._serve_parts import access_log, bugs_logged, gateway_of, keys_that_may_come, log_form, noted
from ._serve_told import tell, tell_stopping, tell_strange_names, tell_unkept_budgets


def run_gateway(context: Context, config: Config, policy: CallPolicy, keys_file: str) -> int:
    """Serve until a signal comes and the answers under way have ended; returns the exit status.

    Args:
        keys_file: has the keys that may come in; "": those of `serve keys`.
    Raises:
        AuthenticationError: there is no key for the provider.
        UsageError: nobody has a key yet, the port is taken, or a setting cannot be used.
        OutputError: the address cannot be printed.
    """
    _collect_garbage()
    tell_strange_names(context, config)
    with ExitStack() as closing:
        log = access_log(context)
        if log:
            closing.callback(log.close)
        closing.enter_context(bugs_logged(context, log))
        keys = keys_that_may_come(context, keys_file, noted(log)) if config.authenticate else None
        tell_unkept_budgets(context, keys)
        provider = closing.enter_context(context.provider())
        check_key(provider)
        said = log if log_form(context) == "json" else None

        def opened(url: str) -> None:
            tell(context, config, url)
            if said:
                said.say("info", "serve.start", url=url)

        signals = Signals(lambda under_way: tell_stopping(context, under_way))
        with handed_over(signals.came):
            asyncio.run(_serving(lambda: gateway_of(context, config, policy, provider, keys, log), signals, opened))
        if said:
            said.say("info", "serve.stop", status=signals.status)
    return signals.status


async def _serving(make: Callable[[], Gateway], signals: Signals, opened: Callable[[str], None]) -> None:
    """Serve what `make` makes; whatever happens, in the end its connections are closed and its books written."""
    gateway = make()
    try:
        server = Server(gateway)
        url = await server.open()
        signals.attach(server, gateway)
        opened(url)
        await server.run()
    finally:
        await gateway.aclose()


class Signals:
    """Ctrl-C, SIGTERM and SIGHUP: the first lets answers under way end, the second cuts them, the third ends it there.

    Attributes:
        status: what the program leaves with for the first that came.
    """

    def __init__(self, say: Callable[[int], None]) -> None:
        """At the first have something said, given the number of calls under way."""
        self.status = 0
        self._say, self._count = say, 0
        self._stop: Callable[[], None] | None = None

    def attach(self, server: Server, gateway: Gateway) -> None:
        """From now on `server` is told, in the loop that runs; at once where a signal has come already."""
        loop = asyncio.get_running_loop()

        def stop() -> None:
            if not gateway.draining:
                self._say(gateway.room.inside)
            server.stop()

        def stop_soon() -> None:
            loop.call_soon_threadsafe(stop)

        self._stop = stop_soon
        if self._count:
            stop_soon()

    def came(self, number: int) -> None:
        """A signal came, between any two instructions. Raises `Terminated`: it is to end there."""
        self._count += 1
        self.status = self.status or 128 + number
        if self._count > 2:
            raise Terminated(self.status - 128)
        if self._stop:
            self._stop()


def _collect_garbage() -> None:
    """Collect it from now on: one-shot commands end before they have made any, a gateway may run for months."""
    gc.freeze()  # modules are none
    gc.enable()

"""`claude-cli serve`: the gateway, Claude for every OpenAI client on this machine."""

from __future__ import annotations

from typing import Annotated

import typer

from ..context import Context, Overrides
from . import _options as options

group = typer.Typer(invoke_without_command=True)


@group.callback()
def command(
    port: Annotated[
        int, typer.Option("--port", metavar="N", min=0, max=65535, help="Port; 0 takes a free one.")
    ] = 4003,
    offline: options.Offline = False,
    base_url: options.BaseUrl = None,
) -> int:
    """Serve Claude to OpenAI clients until Ctrl-C."""
    import asyncio
    import random
    import time

    from ..core.prepare import surroundings
    from ..core.surroundings import CallPolicy
    from ..gateway.config import Config
    from ..gateway.door import Door
    from ..gateway.gateway import Gateway
    from ..gateway.limits import NoLimits
    from ..gateway.metrics import Metrics
    from ..gateway.names import Names
    from ..gateway.room import Room
    from ..gateway.server import serve

    context = Context(overrides=Overrides(offline=offline, base_url=base_url), command="serve")
    config = Config(port=port)

    async def run() -> None:
        with context.provider() as provider:
            around = surroundings(context.provider_name, models=context.catalogue, draw=random.random)
            gateway = Gateway(
                config, provider, around, CallPolicy(), context.books(), Door(None), Names(context.catalogue), NoLimits(),
                Room(config.at_once, config.waiting, config.wait_s), Metrics(), lambda visit: None, time.time,
            )  # fmt: skip
            await serve(gateway)

    asyncio.run(run())
    return 0

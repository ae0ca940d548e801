"""The gateway on a socket: uvicorn, with our own patience."""

from __future__ import annotations

import uvicorn

from .app import App
from .gateway import Gateway


async def serve(gateway: Gateway) -> None:
    """Serve until told to stop."""
    config = gateway.config
    options = uvicorn.Config(
        App(gateway), host=config.host, port=config.port, http="httptools", ws="websockets-sansio", loop="asyncio",
        lifespan="off", access_log=False, log_config=None, server_header=False, date_header=True, proxy_headers=False,
        timeout_graceful_shutdown=int(config.drain_s),
    )  # fmt: skip
    await uvicorn.Server(options).serve()

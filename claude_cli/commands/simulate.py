"""`claude-cli simulate`: the built-in simulator as a server on this machine, for rehearsing scripts."""

from __future__ import annotations

import os
import signal
from typing import Annotated

import typer

from ..context import Context
from ..core.errors import UsageError
from ..terminal.signals import Terminated


def command(
    port: Annotated[int, typer.Option("--port", metavar="N", min=0, max=65535, help="Port on 127.0.0.1; 0 takes a free one.")] = 0,
    script: Annotated[str | None, typer.Option("--script", metavar="FILE", help="Faults and answers to play, as JSON.")] = None,
    pace: Annotated[float, typer.Option("--pace", metavar="SECONDS", min=0, help="Seconds between two pieces of an answer.")] = 0.0,
    bare: Annotated[bool, typer.Option("--bare-models", help="List models with four fields only, as old gateways do.")] = False,
    requests: Annotated[int | None, typer.Option("--requests-per-minute", metavar="N", min=1, help="Answer 429 beyond so many requests a minute.")] = None,
    input_tokens: Annotated[int | None, typer.Option("--input-tokens-per-minute", metavar="N", min=1, help="Answer 429 beyond so many input tokens a minute.")] = None,
    output_tokens: Annotated[int | None, typer.Option("--output-tokens-per-minute", metavar="N", min=1, help="Answer 429 beyond so many output tokens a minute.")] = None,
    burst: Annotated[float, typer.Option("--burst", metavar="SECONDS", min=0.001, max=60, help="How many seconds' worth of a limit may be used at once.")] = 60.0,
) -> int:  # fmt: skip
    """Run the simulator until Ctrl-C; its address is printed first."""
    import asyncio

    from ..simulator import Simulator, load_script

    console = Context().console
    try:
        steps = load_script(script) if script else []
    except ValueError as error:
        raise UsageError(f"the script cannot be played: {error}") from error

    given = {"requests": requests, "input-tokens": input_tokens, "output-tokens": output_tokens}
    limits = {name: limit for name, limit in given.items() if limit}

    came: list[int] = []

    def stop(number: int, task: asyncio.Task[None]) -> None:
        came.append(number)
        task.cancel()

    async def serve() -> None:
        simulator = Simulator(script=steps, pace_s=pace, bare_models=bare, port=port, limits=limits, burst_s=burst)
        try:
            await simulator.start()
        except OSError as error:
            reason = os.strerror(error.errno) if error.errno else str(error)
            raise UsageError(f"port {port} cannot be opened: {reason}; choose another with --port") from error
        # Between two steps of the loop: raised in the midst of one, the signal may be lost in a connection's cleaning up.
        task = asyncio.current_task()
        assert task is not None  # this is one
        for number in (signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) != signal.SIG_IGN:
                asyncio.get_running_loop().add_signal_handler(number, stop, number, task)
        console.answer(f"{simulator.url}\n")
        console.say(f"simulating; try: ANTHROPIC_BASE_URL={simulator.url} ANTHROPIC_API_KEY=any claude-cli complete hi")
        try:
            await simulator.serve_forever()
        finally:
            await simulator.stop()

    try:
        asyncio.run(serve())
    except asyncio.CancelledError as cancelled:
        raise Terminated(came[0]) from cancelled
    return 0

"""`python -m claude_cli` and the console scripts: `--version` is answered before anything is loaded."""

from __future__ import annotations

import sys
from typing import NoReturn


def run() -> NoReturn:
    """Run the command line of this process and leave with its exit status."""
    arguments = sys.argv[1:]
    if arguments in (["--version"], ["-V"]):
        from . import __version__

        _print(f"claude-cli {__version__}")
        _leave(0)
    import gc

    # Importing makes thousands of objects and no garbage; the collector would look at them again and again.
    gc.disable()
    from .cli import main

    _leave(main(arguments))


def _print(text: str) -> None:
    if sys.stdout is not None:
        sys.stdout.write(text + "\n")


def _leave(status: int) -> NoReturn:
    """Leave at once. Everything has been written and closed; the interpreter's own teardown takes 13 to 30 ms."""
    import os

    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None:
                stream.flush()
        except OSError:
            status = status or 1
    os._exit(status)


if __name__ == "__main__":
    run()

"""`python -m claude_cli` and the console scripts: `--version` and `--complete` are answered before the rest loads."""

from __future__ import annotations

import os
import sys
from typing import NoReturn


def run() -> NoReturn:
    """Run the command line of this process and leave with its exit status."""
    try:
        _keep_numbers()
        _leave(_status(sys.argv[1:]))
    except KeyboardInterrupt as stop:
        # More signals at once than those inside can see to. Another one may wait, and any call would raise it here.
        told, status = stop.__dict__, 130
        if "status" in told:
            status = told["status"]
        os._exit(status)


def _status(arguments: list[str]) -> int:
    """The exit status of `arguments`, which have been run."""
    if arguments in (["--version"], ["-V"]):
        from . import __version__

        return _print(f"claude-cli {__version__}")
    if arguments[:1] == ["--complete"]:  # asked by the scripts of completions/
        from .completion.live import live_words

        return _print("\n".join(live_words("".join(arguments[1:2]), os.environ)))
    import gc

    # Importing makes thousands of objects and no garbage; the collector would look at them again and again.
    gc.disable()
    try:
        from .terminal.signals import unwind_on_signals

        unwind_on_signals()
        from .cli import main

        return main(arguments)
    except KeyboardInterrupt as stop:  # while loading, or a second one while the first was seen to
        return getattr(stop, "status", 130)
    except RuntimeError as error:
        if not isinstance(error.__cause__, KeyboardInterrupt):
            raise
        return getattr(error.__cause__, "status", 130)  # while a class was made, where Python 3.11 wraps it


def _keep_numbers() -> None:
    """Put the null device in the place of a closed standard input or error.

    Or the next file that is opened gets its number, and our error messages end up in a socket. A closed standard
    output stays closed: it is refused before anything is sent.
    """
    for stream, descriptor in ((sys.stdin, 0), (sys.stderr, 2)):
        if stream is None:
            null = os.open(os.devnull, os.O_RDWR)
            if null != descriptor:
                os.dup2(null, descriptor)
                os.close(null)


def _print(text: str) -> int:
    if sys.stdout is None:
        return 1
    sys.stdout.write(text + "\n")
    return 0


def _leave(status: int) -> NoReturn:
    """Leave at once. Everything has been written and closed; the interpreter's own teardown takes 13 to 30 ms."""
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None:
                stream.flush()
        except BrokenPipeError:
            status = status or 141
        except OSError as error:
            if status == 0:
                status = 1
                _complain(f"claude-cli: the output cannot be written: {error.strerror}\n")
    if status == 130 and (os.isatty(0) or os.isatty(2)):
        _die_of_ctrl_c()
    os._exit(status)


def _die_of_ctrl_c() -> None:
    """End as Ctrl-C would have ended us: a shell goes on with its loop after a program that merely ended with 130."""
    import signal

    signal.signal(signal.SIGINT, signal.SIG_DFL)
    os.kill(os.getpid(), signal.SIGINT)


def _complain(line: str) -> None:
    try:
        os.write(2, line.encode())
    except OSError:
        return


if __name__ == "__main__":
    run()

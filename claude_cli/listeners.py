"""Who listens to telemetry: the log file, and standard error with `-vv`."""

from __future__ import annotations

from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING

from .core.errors import UsageError

if TYPE_CHECKING:
    import logging

    from .core.telemetry import Emitter
    from .terminal.console import Console


def listeners(path: str | None, console: Console | None, closing: ExitStack) -> Emitter | None:
    """An emitter that tells the log file `path` and `console`; None where there is neither.

    Args:
        closing: closes the log file when the command is over.
    Raises:
        UsageError: the log file cannot be opened.
    """
    if not path and not console:
        return None
    from .core.telemetry import Emitter, LoggingSink, log_file

    emitter = Emitter()
    if path:
        try:
            logger = log_file(path)
        except OSError as error:
            raise UsageError(f"the log file {path} cannot be opened: {error.strerror}") from error
        closing.callback(_close, logger)
        emitter.add(LoggingSink(logger))
    if console:
        emitter.add(LoggingSink(_stderr_logger(console)))
    return emitter


def _close(logger: logging.Logger) -> None:
    for handler in logger.handlers:
        with suppress(OSError):  # a full disk has cost the log, and need not cost the answer
            handler.close()


def _stderr_logger(console: Console) -> logging.Logger:
    import logging

    class ToConsole(logging.Handler):
        """Writes log lines where notices go."""

        def emit(self, record: logging.LogRecord) -> None:
            console.say(self.format(record), dim=True)

    logger = logging.Logger("claude_cli", logging.DEBUG)
    logger.addHandler(ToConsole())
    return logger

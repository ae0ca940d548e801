"""What happens during a call, told to whoever listens: frozen events, an emitter, and a log that redacts.

Names are `claude_cli.provider.<provider>.` and the event's own. Durations are milliseconds, sizes bytes, waits
seconds. No event carries content: no prompt, no answer, no key. With no listener nothing is built at all.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import ClassVar

from .redact import redact


@dataclass(frozen=True, slots=True)
class TelemetryEvent:
    """Base of all events.

    Attributes:
        provider, model: who was asked.
        call: the same word for all tries of one call, another for every other call.
        request_id: the provider's id of the try; None until its response has come.
    """

    NAME: ClassVar[str] = ""
    provider: str
    model: str
    call: str
    request_id: str | None

    @property
    def name(self) -> str:
        """The full name, e.g. `claude_cli.provider.anthropic.request.start`."""
        return f"claude_cli.provider.{self.provider}.{self.NAME}"


@dataclass(frozen=True, slots=True)
class RequestStart(TelemetryEvent):
    """A try begins. `attempt` counts from 1 for each model and leg, `leg` from 1; more than 1: a continued answer."""

    NAME: ClassVar[str] = "request.start"
    attempt: int
    leg: int


@dataclass(frozen=True, slots=True)
class RequestStop(TelemetryEvent):
    """A call ended well. Tokens as the API counts them; `ttft_ms`: start to first text, None without text."""

    NAME: ClassVar[str] = "request.stop"
    stop_reason: str | None
    input_tokens: int
    output_tokens: int
    duration_ms: int
    ttft_ms: int | None


@dataclass(frozen=True, slots=True)
class StreamChunk(TelemetryEvent):
    """One read from the provider, as `events` events."""

    NAME: ClassVar[str] = "stream.chunk"
    events: int


@dataclass(frozen=True, slots=True)
class CallError(TelemetryEvent):
    """A try failed. `status` is HTTP's, None where no response came; `message` is redacted."""

    NAME: ClassVar[str] = "error"
    code: str
    status: int | None
    message: str
    attempt: int


@dataclass(frozen=True, slots=True)
class Retry(TelemetryEvent):
    """Try `attempt` failed; the next follows after `wait_s` seconds, of `next_model`: not `model` in a fallback."""

    NAME: ClassVar[str] = "retry"
    attempt: int
    wait_s: float
    next_model: str
    maybe_billed: bool


@dataclass(frozen=True, slots=True)
class BreakerChanged(TelemetryEvent):
    """A circuit breaker went from one state to another: closed, open, half-open."""

    NAME: ClassVar[str] = "breaker"
    old: str
    new: str


EVENTS = (RequestStart, RequestStop, StreamChunk, CallError, Retry, BreakerChanged)
"""All kinds there are."""
Sink = Callable[[TelemetryEvent], None]


class Emitter:
    """Hands events to sinks. False while nobody listens, so that callers need not even build the event."""

    def __init__(self, *sinks: Sink) -> None:
        """Start with these sinks, for all events."""
        self._sinks: dict[str, list[Sink]] = {}
        for sink in sinks:
            self.add(sink)

    def __bool__(self) -> bool:
        """Whether anybody listens."""
        return bool(self._sinks)

    def add(self, sink: Sink, *kinds: type[TelemetryEvent]) -> None:
        """Let one more listen, to `kinds` alone; none named: to all of `EVENTS`."""
        for kind in kinds or EVENTS:
            self._sinks.setdefault(kind.__name__, []).append(sink)

    def wants(self, kind: str) -> bool:
        """Whether anybody listens to the events of this class's name: there are too many to build one for nobody."""
        return kind in self._sinks

    def emit(self, event: TelemetryEvent) -> None:
        """Tell every sink that wants it."""
        for sink in self._sinks.get(type(event).__name__, ()):
            sink(event)


class LoggingSink:
    """Writes each event as one JSON line to a logger, redacted.

    Stream chunks are logged at DEBUG, errors and retries at WARNING, the rest at INFO.
    """

    _LEVELS: ClassVar[dict[type[TelemetryEvent], int]] = {
        StreamChunk: logging.DEBUG,
        CallError: logging.WARNING,
        Retry: logging.WARNING,
        BreakerChanged: logging.WARNING,
    }

    def __init__(self, logger: logging.Logger) -> None:
        """Write to `logger`."""
        self._logger = logger

    def __call__(self, event: TelemetryEvent) -> None:
        """Log one event."""
        level = self._LEVELS.get(type(event), logging.INFO)
        if self._logger.isEnabledFor(level):
            # Redacted member by member: a pattern that ran over the quotes of the JSON would break it.
            members = {"event": event.name, **{name: _redacted(value) for name, value in asdict(event).items()}}
            self._logger.log(level, "%s", json.dumps(members, ensure_ascii=False), extra={"members": members})


def _redacted(value: object) -> object:
    return redact(value) if isinstance(value, str) else value


def log_file(path: str, *, max_bytes: int = 5_000_000, kept: int = 3) -> logging.Logger:
    """A logger that appends JSON lines to `path`, rotated at `max_bytes`, with `kept` older files beside it.

    A file made here is readable by its owner alone. A full disk costs lines, never the answer. Times are UTC, ISO
    8601, in the member `at`.

    Raises:
        OSError: the file cannot be opened.
    """
    import os
    from io import TextIOWrapper
    from logging.handlers import RotatingFileHandler

    class Private(RotatingFileHandler):
        """A rotated file of mode 0600."""

        def _open(self) -> TextIOWrapper:
            descriptor = os.open(self.baseFilename, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            return os.fdopen(descriptor, "a", encoding="utf-8", errors="replace")

        def handleError(self, record: logging.LogRecord) -> None:
            """Nothing: the standard one prints a traceback."""

    handler = Private(path, maxBytes=max_bytes, backupCount=kept, encoding="utf-8")
    handler.setFormatter(JsonLines())
    logger = logging.Logger("claude_cli", logging.DEBUG)
    logger.addHandler(handler)
    return logger


class JsonLines(logging.Formatter):
    """Puts time and level in front of an event's members; also what is no event stays one line."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as one JSON line."""
        from datetime import UTC, datetime

        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        members = getattr(record, "members", None) or {"message": redact(record.getMessage())}
        return json.dumps({"at": at, "level": record.levelname.lower(), **members}, ensure_ascii=False)

"""The log: one line for each visit that is over, and what else happens. No content but what clients note themselves.

docs/gateway-metrics.md lists the members of a line.
"""

from __future__ import annotations

import json
import logging
import re
import traceback
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from ..core.harmless import one_line
from ..core.messages import Notice
from ..core.pricing import money
from ..core.redact import redact
from ..core.telemetry import LoggingSink, Sink
from .log_lines import CLOSING_S, Lines, Write
from .metrics import LEFT
from .visit import Visit

Form = Literal["json", "text"]
_ENCODE = json.JSONEncoder(separators=(",", ":")).encode
_PLAIN = re.compile(r"(?!.*(?:sk|clk)-)[\w.:/@\[\]-]{0,64}", re.ASCII)
"""What is neither a key nor anything else that has to be taken out."""
_MOST_CHARS = 128
_LOOKED_AT = 4096
"""Characters that are searched for keys, before the text is cut: half a key would not be known as one."""
_PROBES = ("/healthz", "/readyz")
"""Asked by orchestrators every few seconds."""
_MOST_ID_CHARS = 8
"""Of an id, in a line for people."""
_MOST_MESSAGE_CHARS = 500
_MOST_FRAMES = 20


class AccessLog:
    """The log of one gateway, for the thread of its event loop alone."""

    def __init__(
        self, write: Write, *, clock: Callable[[], float], wall: Callable[[], float], form: Form = "json"
    ) -> None:
        """Write with `write`, from a thread of the log's own.

        Args:
            clock: the gateway's, monotonic, in seconds.
            wall: Unix time in seconds.
            form: "json" has one object a line; "text" is for people.
        """
        self._clock, self._wall = clock, wall
        self._line = _json_line if form == "json" else _text_line
        self._lines = Lines(write, lambda lost: self._line(self._members("warning", "log.dropped", {"lines": lost})))

    def __call__(self, visit: Visit) -> None:
        """Tell of a visit that is over; not of one that only asked whether all is well, and was told so."""
        if visit.route in _PROBES and visit.status == 200:
            return
        level = "error" if visit.status >= 500 else "info"
        self._lines.put(self._line(self._members(level, "request", _told(visit, self._clock()))))

    def notice(self, notice: Notice) -> None:
        """Tell of something that a person should know."""
        self.say("warning", f"notice.{notice.code}", message=redact(notice.text))

    def say(self, level: str, event: str, **members: Any) -> None:
        """Tell of anything else; whoever calls has redacted `members`."""
        self._lines.put(self._line(self._members(level, event, members)))

    def events(self, level: int = logging.INFO) -> Sink:
        """Tells telemetry events under their names, redacted: those of `level` and above."""
        logger = logging.Logger("claude_cli.gateway", level)
        logger.addHandler(_Handler(self))
        return LoggingSink(logger)

    def handler(self) -> logging.Handler:
        """Tells what libraries and bugs log, without the content that their exceptions may quote."""
        return _Handler(self)

    def close(self, seconds: float = CLOSING_S) -> None:
        """Write what waits, for so long at most."""
        self._lines.close(seconds)

    def _members(self, level: str, event: str, members: Mapping[str, Any]) -> dict[str, Any]:
        at = datetime.fromtimestamp(self._wall(), UTC).isoformat(timespec="milliseconds")
        return {"at": at, "level": level, "event": event, **members}


class _Handler(logging.Handler):
    """Hands log records to an access log: telemetry events, and those of anybody else."""

    def __init__(self, log: AccessLog) -> None:
        super().__init__()
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        """See `logging.Handler`."""
        members = dict(vars(record).get("members") or _logged(record))
        self._log.say(record.levelname.lower(), members.pop("event"), **members)


def _logged(record: logging.LogRecord) -> dict[str, Any]:
    """What is told of a record that is no event: its first line, and where an exception came from, not its words."""
    words = redact(record.getMessage()[:_LOOKED_AT].partition("\n")[0])[:_MOST_MESSAGE_CHARS]
    error = record.exc_info[1] if record.exc_info else None
    if error is None:
        return {"event": f"log.{record.name}", "message": words}
    frames = traceback.extract_tb(error.__traceback__)[-_MOST_FRAMES:]
    where = [f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames]
    return {"event": f"log.{record.name}", "message": words, "error": type(error).__name__, "where": where}


def _told(visit: Visit, now: float) -> dict[str, Any]:
    """What is told of a visit; the same members of each, null where there is nothing to tell."""
    record, first_at = visit.settled, visit.first_at
    usage = record.usage if record else None
    return {
        "request_id": visit.id,
        "client_request_id": _plain(visit.client_id),
        "upstream_request_id": _plain(record.request_id) if record else None,
        "client": visit.client or None,
        "method": visit.method,
        "route": visit.route or None,
        "status": visit.status or None,
        "error": _plain(visit.code),
        "key": visit.key.name or None,
        "model": _plain(record.model if record else visit.model),
        "stream": visit.stream,
        "outcome": record.status if record else None,
        "input_tokens": usage.input_tokens if usage else None,
        "output_tokens": usage.output_tokens if usage else None,
        "cache_read_tokens": usage.cache_read_tokens if usage else None,
        "cache_write_tokens": usage.cache_write_tokens if usage else None,
        "cost_usd": None if visit.cost_pico is None else visit.cost_pico / 1e12,
        "duration_ms": round((now - visit.started_at) * 1000, 1),
        "ttft_ms": None if first_at is None or not visit.stream else round((first_at - visit.started_at) * 1000, 1),
        "retries": visit.retries,
        "metadata": {redact(name): redact(note) for name, note in visit.metadata.items()} or None,
    }


def _plain(text: str | None) -> str | None:
    """`text` of somebody else's, short and without secrets; None for none."""
    if not text:
        return None
    return text if _PLAIN.fullmatch(text) else redact(text[:_LOOKED_AT])[:_MOST_CHARS]


def _json_line(members: Mapping[str, Any]) -> str:
    return _ENCODE(members)


def _text_line(members: Mapping[str, Any]) -> str:
    """A line for people: of a visit what matters, of anything else what there is."""
    time = members["at"][11:19]
    if members["event"] != "request":
        rest = " ".join(f"{name}={text}" for name, text in members.items() if name not in ("at", "level", "event"))
        return one_line(f"{time} {members['level']} {members['event']} {rest}")
    parts = [time, members["status"] or "left", members["method"], members["route"] or "-", members["error"]]
    parts += [members["key"], members["model"], f"{members['duration_ms'] / 1000:.2f} s"]
    if members["output_tokens"] is not None:
        parts.append(f"{members['input_tokens']:,}+{members['output_tokens']:,} tokens")
    if members["cost_usd"] is not None:
        parts.append(money(round(members["cost_usd"] * 1e12)))
    if members["retries"]:
        parts.append("1 retry" if members["retries"] == 1 else f"{members['retries']} retries")
    if (members["status"] or LEFT) >= 400:
        parts.append(_short(members["request_id"]))
    return one_line(" ".join(str(part) for part in parts if part))


def _short(request_id: str) -> str:
    """The end of an id, by which it can be searched for: all of it would not fit a line."""
    return request_id if len(request_id) <= _MOST_ID_CHARS else f"…{request_id[-_MOST_ID_CHARS:]}"

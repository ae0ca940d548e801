"""Telemetry: the names, the frozen events, the cost of nobody listening, and a log that holds no secret."""

from __future__ import annotations

import base64
import dataclasses
import json
import logging
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claude_cli.core import telemetry
from claude_cli.core.breaker import BreakerLimits
from claude_cli.core.errors import ServerError
from claude_cli.core.prepare import surroundings
from claude_cli.core.telemetry import (
    BreakerChanged,
    CallError,
    Emitter,
    JsonLines,
    LoggingSink,
    RequestStart,
    RequestStop,
    Retry,
    StreamChunk,
    TelemetryEvent,
    log_file,
)

COMMON = {"provider": "anthropic", "model": "claude-opus-5-5", "call": "1", "request_id": "req_1"}
EVENTS = {
    "claude_cli.provider.anthropic.request.start": RequestStart(**COMMON, attempt=1, leg=1),
    "claude_cli.provider.anthropic.request.stop": RequestStop(
        **COMMON,
        stop_reason="end_turn",
        input_tokens=12,
        output_tokens=9,
        duration_ms=40,
        ttft_ms=None,
    ),
    "claude_cli.provider.anthropic.stream.chunk": StreamChunk(**COMMON, events=3),
    "claude_cli.provider.anthropic.error": CallError(
        **COMMON, code="overloaded", status=529, message="Overloaded", attempt=1
    ),
    "claude_cli.provider.anthropic.retry": Retry(
        **COMMON, attempt=1, wait_s=0.5, next_model="claude-opus-5-5", maybe_billed=False
    ),
    "claude_cli.provider.anthropic.breaker": BreakerChanged(**COMMON, old="closed", new="open"),
}
KEY = "sk-ant-api03-CANARY0123456789"
IMAGE = base64.b64encode(bytes(range(256))).decode()


def failure(message: str) -> CallError:
    return CallError(**COMMON, code="x", status=None, message=message, attempt=1)


@pytest.fixture
def log(tmp_path: Path) -> Iterator[logging.Logger]:
    logger = log_file(str(tmp_path / "log.jsonl"))
    yield logger
    for handler in logger.handlers:
        handler.close()


def lines(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize("name", EVENTS)
def test_the_names_are_exactly_these(name):
    """Listeners subscribe by them: they are part of the interface."""
    assert EVENTS[name].name == name


def test_there_are_no_others():
    """A new event has to be named here, and documented."""
    kinds = {item for item in vars(telemetry).values() if isinstance(item, type) and issubclass(item, TelemetryEvent)}
    assert kinds - {TelemetryEvent} == {type(event) for event in EVENTS.values()}
    assert all(kind.__doc__ for kind in kinds)


@pytest.mark.parametrize("event", EVENTS.values(), ids=EVENTS)
def test_events_are_frozen(event):
    """One listener must not change what the next one sees."""
    with pytest.raises(dataclasses.FrozenInstanceError):
        event.model = "other"
    assert not hasattr(event, "__dict__")


def test_every_sink_hears_every_event():
    """In the order they were added."""
    heard: list[tuple[int, TelemetryEvent]] = []
    emitter = Emitter(lambda event: heard.append((1, event)))
    emitter.add(lambda event: heard.append((2, event)))
    event = EVENTS["claude_cli.provider.anthropic.error"]
    emitter.emit(event)
    assert heard == [(1, event), (2, event)]


def test_a_sink_that_names_kinds_hears_no_other():
    """An answer has many chunks: where nobody wants them none is built, and there are no kinds but those listed."""
    heard: list[TelemetryEvent] = []
    emitter = Emitter()
    emitter.add(heard.append, Retry, CallError)
    assert [kind.__name__ for kind in telemetry.EVENTS if emitter.wants(kind.__name__)] == ["CallError", "Retry"]
    for event in EVENTS.values():
        emitter.emit(event)
    assert [type(event) for event in heard] == [CallError, Retry]
    assert {type(event) for event in EVENTS.values()} == set(telemetry.EVENTS)


def test_an_emitter_without_sinks_is_false():
    """So that callers need not even build the event."""
    emitter = Emitter()
    assert not emitter
    emitter.add(print)
    assert emitter


def test_with_no_listener_the_module_is_not_even_loaded():
    """Telemetry is free when nobody listens; a call through to its end must not import it."""
    script = """
import sys
from claude_cli.core.call import Call
from claude_cli.core.surroundings import CallPolicy
from claude_cli.core.events import BlockStart, MessageDelta, MessageDone, MessageStart
from claude_cli.core.messages import ChatRequest
from claude_cli.core.prepare import surroundings
call = Call(ChatRequest("m", ()), CallPolicy(), surroundings("anthropic"))
call.begin()
call.receive([MessageStart("a", "m"), BlockStart(0, {"type": "text"}), MessageDelta("end_turn"), MessageDone()])
call.ended()
call.close()
print("claude_cli.core.telemetry" in sys.modules)
"""
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert result.stdout == "False\n"


@pytest.mark.parametrize(
    ("listens", "expected"),
    [
        pytest.param(True, [BreakerChanged("anthropic", "claude-opus-5-5", "", None, "closed", "open")], id="somebody"),
        pytest.param(False, [], id="nobody"),
    ],
)
def test_a_breaker_tells_its_changes(listens, expected):
    """With the model it guards; it belongs to no single call."""
    heard: list[TelemetryEvent] = []
    emitter = Emitter(heard.append) if listens else None
    around = surroundings("anthropic", emitter=emitter, limits=BreakerLimits(consecutive=1))
    around.board.breaker("anthropic/claude-opus-5-5").admit().failed(ServerError("500"))
    assert heard == expected


# --- the log


@pytest.mark.parametrize(
    ("name", "level"),
    [
        ("claude_cli.provider.anthropic.request.start", "info"),
        ("claude_cli.provider.anthropic.request.stop", "info"),
        ("claude_cli.provider.anthropic.stream.chunk", "debug"),
        ("claude_cli.provider.anthropic.error", "warning"),
        ("claude_cli.provider.anthropic.retry", "warning"),
        ("claude_cli.provider.anthropic.breaker", "warning"),
    ],
)
def test_an_event_is_one_json_line(tmp_path, log, name, level):
    """With the time in UTC, the level, the name and every member."""
    LoggingSink(log)(EVENTS[name])
    (line,) = lines(tmp_path / "log.jsonl")
    at = datetime.fromisoformat(line.pop("at"))
    assert at.tzinfo == UTC
    assert abs((datetime.now(UTC) - at).total_seconds()) < 60
    assert line == {"level": level, "event": name, **dataclasses.asdict(EVENTS[name])}


@pytest.mark.parametrize(
    ("level", "heard"),
    [(logging.DEBUG, ["chunk", "start", "error"]), (logging.INFO, ["start", "error"]), (logging.WARNING, ["error"])],
)
def test_the_level_of_the_logger_decides(level, heard):
    """`-v` shows calls, `-vv` also every read."""
    said: list[str] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            said.append(json.loads(self.format(record))["event"].rpartition(".")[2])

    logger = logging.Logger("test", level)
    logger.addHandler(Keep())
    for kind in ("stream.chunk", "request.start", "error"):
        LoggingSink(logger)(EVENTS[f"claude_cli.provider.anthropic.{kind}"])
    assert said == heard


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        pytest.param(f"bad key {KEY}", "bad key sk-ant-***", id="a key"),
        pytest.param("x-api-key: gw-CANARY", "x-api-key: ***", id="a header"),
        pytest.param('{"authorization": "Bearer gw-CANARY"}', '{"authorization": "Bearer ***"}', id="a header in JSON"),
        pytest.param("http://u:CANARY@h/", "http://***@h/", id="a password"),
        pytest.param(f"image {IMAGE}", "image <base64, 344 characters>", id="an image"),
    ],
)
def test_no_secret_is_logged(tmp_path, log, message, shown):
    """Neither from an event nor from any other logger that writes there."""
    LoggingSink(log)(failure(message))
    log.warning("%s", message)
    first, second = lines(tmp_path / "log.jsonl")
    assert (first["message"], second["message"]) == (shown, shown)
    assert "CANARY" not in (tmp_path / "log.jsonl").read_text()


@given(st.text(st.sampled_from("ab\"\\'{}:,@/ \n\u2028\ud800é") | st.characters(exclude_categories=()), max_size=60))
def test_any_message_is_one_line_of_valid_json(text):
    """Redaction that ran over the quotes of the JSON would break the line for every reader."""
    for message in (text, f"authorization: x\\{text}", f'"x-api-key": "a\\"{text}', f"://a{text}@"):
        for line in (formatted(failure(message)), formatted(message)):
            assert "\n" not in line
            assert json.loads(line)["level"] == "warning"


def formatted(message: CallError | str) -> str:
    """`message` as the log file would hold it."""
    said: list[str] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            said.append(self.format(record))

    logger, handler = logging.Logger("test", logging.DEBUG), Keep()
    handler.setFormatter(JsonLines())
    logger.addHandler(handler)
    if isinstance(message, str):
        logger.warning("%s", message)
    else:
        LoggingSink(logger)(message)
    return said[0]


def test_a_message_that_looks_like_json_is_a_message(tmp_path, log):
    """Only our own events are spread into members."""
    log.info('{"at": "never"')
    assert lines(tmp_path / "log.jsonl")[0]["message"] == '{"at": "never"'


@pytest.mark.skipif(os.name == "nt", reason="modes are POSIX's")
def test_the_log_is_its_owner_s_alone_also_after_it_was_rotated(tmp_path):
    """Errors quote servers, and servers quote what they were sent."""
    before = os.umask(0)
    try:
        logger = log_file(str(tmp_path / "log.jsonl"), max_bytes=300, kept=2)
        for number in range(12):
            logger.warning("line %02d %s", number, "x" * 60)
        logger.handlers[0].close()
    finally:
        os.umask(before)
    files = sorted(tmp_path.iterdir())
    assert [path.name for path in files] == ["log.jsonl", "log.jsonl.1", "log.jsonl.2"]
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}
    assert all(path.stat().st_size <= 300 for path in files)
    assert lines(files[0])[-1]["message"].startswith("line 11")


def test_a_log_is_appended_to(tmp_path):
    """The run before may be the one that is looked for."""
    for word in ("first", "second"):
        logger = log_file(str(tmp_path / "log.jsonl"))
        logger.info(word)
        logger.handlers[0].close()
    assert [line["message"] for line in lines(tmp_path / "log.jsonl")] == ["first", "second"]


@pytest.mark.parametrize("place", ["no/such/folder.jsonl", "."], ids=["a folder that is not there", "a folder"])
def test_a_log_that_cannot_be_opened(tmp_path, place):
    """The caller says so before anything is sent."""
    with pytest.raises(OSError, match=r"No such file|Is a directory|denied"):
        log_file(str(tmp_path / place))


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a full disk at hand")
def test_a_full_disk_costs_the_lines_and_nothing_else(capsys):
    """The standard handler prints a traceback for each line it cannot write."""
    logger = log_file("/dev/full")
    logger.warning("lost")
    handler = logger.handlers[0]
    with pytest.raises(OSError, match="No space"):
        handler.close()
    assert capsys.readouterr() == ("", "")

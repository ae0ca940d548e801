"""The log: what a line says, what it never says, and that nobody waits for whoever reads it."""

from __future__ import annotations

import json
import logging
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from claude_cli.core.budget import Record
from claude_cli.core.messages import Notice, Usage
from claude_cli.core.telemetry import Emitter, Retry, StreamChunk
from claude_cli.gateway import log_lines
from claude_cli.gateway.access_log import AccessLog
from claude_cli.gateway.log_lines import Lines, to_descriptor, to_file
from claude_cli.gateway.visit import Visit
from claude_cli.storage.gateway_keys import GatewayKey

KEY = "sk-ant-api03-CANARYcanaryCANARYcanary"
NOON = 1_795_348_800.0  # 2026-11-22T12:00:00Z


class Told:
    """A log and the bytes it wrote."""

    def __init__(self, form: Any = "json", clock: Callable[[], float] = lambda: 101.5) -> None:
        self.written: list[bytes] = []
        self.log = AccessLog(self.written.append, clock=clock, wall=lambda: NOON, form=form)

    @property
    def lines(self) -> list[str]:
        """All lines; closes the log."""
        self.log.close()
        return b"".join(self.written).decode().splitlines()

    @property
    def objects(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.lines]


def visit(**members: Any) -> Visit:
    record = Record("claude-haiku-4-5-20251001", "done", Usage(30, 20, 5, 6), 1_234_567_000, request_id="req_011up")
    given = {
        "key": GatewayKey("team"), "model": "claude-haiku-4-5", "stream": True, "status": 200, "first_at": 100.25,
        "route": "/v1/chat/completions", "client": "127.0.0.1", "client_id": "mine-1",
        "call": SimpleNamespace(record=record, retries=2), **members,
    }  # fmt: skip
    return Visit("req_gw_1", "POST", "/v1/chat/completions", 100.0, **given)


def test_a_visit_is_one_line_of_json_with_all_that_is_known():
    """A script reads it by member, so they are always all there."""
    told = Told()
    told.log(visit())
    assert told.objects == [{
        "at": "2026-11-22T12:00:00.000+00:00", "level": "info", "event": "request", "request_id": "req_gw_1",
        "client_request_id": "mine-1", "upstream_request_id": "req_011up", "client": "127.0.0.1", "method": "POST",
        "route": "/v1/chat/completions", "status": 200, "error": None, "key": "team",
        "model": "claude-haiku-4-5-20251001", "stream": True, "outcome": "done", "input_tokens": 30,
        "output_tokens": 20, "cache_read_tokens": 5, "cache_write_tokens": 6, "cost_usd": 0.001234567,
        "duration_ms": 1500.0, "ttft_ms": 250.0, "retries": 2, "metadata": None,
    }]  # fmt: skip


def test_a_visit_of_which_nothing_is_known_has_the_same_members():
    """A refused request has no key, model, answer or cost: null, and not a wrong zero."""
    one, other = Told(), Told()
    one.log(visit())
    other.log(Visit("req_gw_2", "GET", "/x", 101.0, status=401, code="invalid_api_key"))
    (full,), (bare,) = one.objects, other.objects
    assert list(bare) == list(full)
    assert {name for name, value in bare.items() if value is None} == {
        "client_request_id", "upstream_request_id", "client", "route", "key", "model", "outcome", "input_tokens",
        "output_tokens", "cache_read_tokens", "cache_write_tokens", "cost_usd", "ttft_ms", "metadata",
    }  # fmt: skip
    assert (bare["error"], bare["status"], bare["retries"]) == ("invalid_api_key", 401, 0)


@pytest.mark.parametrize("form", ["json", "text"])
def test_what_a_client_notes_is_told_without_keys(form):
    """By its job a bill is shared out; people on a terminal see the rest without it."""
    told = Told(form)
    told.log(visit(metadata={"job": "nightly\n", "key": f"x {KEY}", KEY: "\ud800"}))
    (line,) = told.lines
    assert "CANARY" not in line
    assert ("nightly" in line) == (form == "json")
    if form == "json":
        notes = json.loads(line)["metadata"]
        assert notes["job"] == "nightly\n"
        assert "***" in notes["key"]


def test_probes_are_told_of_when_something_is_wrong():
    """An orchestrator asks every few seconds: a day of that would bury the rest."""
    told = Told()
    for status in (200, 503, 200):
        told.log(Visit("req_gw_3", "GET", "/readyz", 101.0, status=status, route="/readyz"))
    assert [line["status"] for line in told.objects] == [503]


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        pytest.param({}, "12:00:00 200 POST /v1/chat/completions team claude-haiku-4-5-20251001 1.50 s 30+20 tokens"
                     " $0.0012 2 retries", id="answered"),
        pytest.param({"call": None, "status": 503, "code": "overloaded", "key": GatewayKey("")},
                     "12:00:00 503 POST /v1/chat/completions overloaded claude-haiku-4-5 1.50 s req_gw_1", id="no"),
        pytest.param({"call": None, "status": 0, "model": "\x1b]0;title\x07m\nfaked line", "route": ""},
                     "12:00:00 left POST - team m faked line 1.50 s req_gw_1", id="harmless"),
    ],
)  # fmt: skip
def test_a_line_for_people_says_what_matters(members, expected):
    """On a terminal, where also nothing of a client's moves the cursor; ids are for what went wrong."""
    told = Told("text")
    told.log(visit(**members))
    assert told.lines == [expected]


def test_a_line_for_people_has_the_end_of_an_id():
    """All of it would not fit a terminal beside the rest; the end is enough to find it by."""
    told = Told("text")
    told.log(Visit("req_gw_0123456789abcdef", "POST", "/x", 101.0, route="/v1/chat/completions", status=401))
    assert told.lines[0].endswith(" s …89abcdef") and len(told.lines[0]) <= 80


@pytest.mark.parametrize("form", ["json", "text"])
def test_no_line_has_a_key_or_more_than_a_little_of_what_others_say(form):
    """Clients choose model and id, servers the code and their id: a key among them is masked, a long one cut."""
    record = Record(f"x {KEY}", "done", request_id=KEY * 50)
    told = Told(form)
    told.log(visit(client_id=f"Bearer {KEY}", code=KEY, call=SimpleNamespace(record=record, retries=0)))
    told.log(visit(model=KEY, client_id="x" * 9999, call=None))
    told.log.notice(Notice("retry", f"failed with {KEY}"))
    text = "\n".join(told.lines)
    assert "CANARY" not in text
    assert "***" in text
    assert len(text) < 3000


@pytest.mark.parametrize("strange", ["\x85", "\x9b31m", "\u2028", "\u2029", "\u202e", "\x7f"])
def test_a_line_of_json_has_nothing_that_breaks_it_or_moves_a_cursor(strange):
    """Whatever reads it, line by line or on a terminal: all that is not ASCII is escaped."""
    told = Told()
    told.log(visit(model=f"m{strange}x", call=None))
    (line,) = told.lines
    assert line.isascii() and (line.isprintable() or strange == "\x7f")
    assert json.loads(line)["model"] == f"m{strange}x"


def test_half_a_key_at_the_cut_is_no_key_in_the_log():
    """A text is cut after what is secret in it has been taken out."""
    told = Told()
    key = "clk-CANARYcanaryCANARYcanary"
    told.log(visit(client_id="x" * 113 + f" {key}", call=None))
    logger = logging.Logger("uvicorn.error")
    logger.addHandler(told.log.handler())
    logger.error("%s %s", "x" * 485, key)
    text = "\n".join(told.lines)
    assert "CANARY" not in text and text.count("clk-***") == 2


def test_what_the_simulator_answers_costs_nothing():
    """A sum over the log is what was spent."""
    told = Told()
    told.log(visit(simulated=True))
    assert (told.objects[0]["cost_usd"], told.objects[0]["output_tokens"]) == (None, 20)


def test_events_and_records_have_their_names():
    """Telemetry under its own names with what a call was; a bug by its class and where it was, without its words."""
    told, emitter = Told(), Emitter()
    emitter.add(told.log.events())
    emitter.emit(Retry("anthropic", "m", "req_gw_1", None, 1, 0.5, "m", False))
    emitter.emit(StreamChunk("anthropic", "m", "req_gw_1", None, 3))
    logger = logging.Logger("uvicorn.error")
    logger.addHandler(told.log.handler())
    try:
        raise ValueError(f"the user said: {KEY} and secret words")
    except ValueError as error:
        logger.error("req_gw_1 failed: %s", "ValueError", exc_info=error)
    logger.warning("Task exception was never retrieved\nfuture: 'secret words'")
    retry, bug, warning = told.objects
    assert retry["event"] == "claude_cli.provider.anthropic.retry"
    assert (retry["level"], retry["call"], retry["wait_s"]) == ("warning", "req_gw_1", 0.5)
    assert bug["event"] == "log.uvicorn.error"
    assert (bug["level"], bug["message"], bug["error"]) == ("error", "req_gw_1 failed: ValueError", "ValueError")
    assert bug["where"][-1].startswith("test_access_log.py:")
    assert warning["message"] == "Task exception was never retrieved"
    assert "secret" not in str((retry, bug, warning))


def test_a_reader_that_does_not_read_holds_up_nobody_and_is_told_what_it_missed():
    """A pipe that is full blocks its writer: that is a thread, the lines beyond a bound are dropped, and counted."""
    reading, writing = os.pipe()
    entered = threading.Event()
    write = to_descriptor(writing)

    def watched(data: bytes) -> None:
        entered.set()
        write(data)

    lines = Lines(watched, lambda count: f"dropped {count}")
    lines.put("x" * 200_000)  # more than a pipe takes
    assert entered.wait(10)
    for number in range(log_lines.MOST_WAITING + 123):
        lines.put(str(number))
    lines.close(seconds=0)  # does not wait for it either
    os.set_blocking(reading, True)
    read = b""
    while b"dropped" not in read:
        read += os.read(reading, 65536)
    told = read.decode().split("\n")
    assert told[1:4] == ["0", "1", "2"]
    assert told[log_lines.MOST_WAITING : log_lines.MOST_WAITING + 2] == [str(log_lines.MOST_WAITING - 1), "dropped 123"]
    os.close(reading)
    os.close(writing)


def test_a_log_that_cannot_be_written_costs_lines_and_says_so_later():
    """As on a full disk; what is lost is counted once it can be written again."""
    kept: list[bytes] = []
    failures = [True, True, False]
    done = threading.Semaphore(0)

    def write(data: bytes) -> None:
        failing = failures.pop(0)
        done.release()
        if failing:
            raise OSError
        kept.append(data)

    lines = Lines(write, lambda count: f"dropped {count}")
    for word in ("one", "two", "three"):
        lines.put(word)
        assert done.acquire(timeout=10)
    lines.close()
    assert kept == [b"three\ndropped 2\n"]


def test_without_a_thread_lines_are_written_at_once():
    """Where a container allows no further thread there is a log all the same."""
    written: list[bytes] = []
    lines = Lines(written.append, str, start=lambda thread: False)
    lines.put("one")
    lines.close()
    assert written == [b"one\n"]


def test_a_file_is_private_appended_to_and_rotated(tmp_path: Path):
    """Logs name keys and clients, run for months, and are watched by programs that read whole lines."""
    path = tmp_path / "gateway.log"
    path.write_text("before\n")
    path.chmod(0o600)
    write = to_file(str(path))
    write("grüß\n".encode())
    assert path.read_text(encoding="utf-8") == "before\ngrüß\n"
    for number in range(5):
        write(f"{number}".encode() * 5_000_000 + b"\n")
    write(b"after\n")
    kept = {each.name: each.read_text()[0] for each in tmp_path.iterdir()}
    assert kept == {"gateway.log": "a", "gateway.log.1": "4", "gateway.log.2": "3", "gateway.log.3": "2"}
    assert path.stat().st_mode & 0o777 == 0o600


def test_the_gateway_logs_each_request_with_the_id_its_client_was_given(gateway):
    """From end to end: the response's id is the line's, and so is the client's own."""
    told = Told(clock=time.monotonic)
    running = gateway(keys={"k1": GatewayKey("team")}, change=lambda made: _also(made, told.log))
    answer = running.chat("k1", {"x-client-request-id": "mine-7"}, stream=True)
    running.chat("wrong")
    running.get("/nowhere/sk-ant-secret")
    running.wait_visits(3)
    served, refused, lost = told.objects
    assert served["request_id"] == answer.headers["x-request-id"]
    assert (served["key"], served["client_request_id"], served["client"]) == ("team", "mine-7", "127.0.0.1")
    assert served["upstream_request_id"] == answer.headers["x-upstream-request-id"]
    assert served["ttft_ms"] <= served["duration_ms"]
    assert (served["output_tokens"] > 0, served["cost_usd"] > 0) == (True, True)
    assert (refused["status"], refused["error"], refused["key"]) == (401, "invalid_api_key", None)
    assert (lost["status"], lost["route"]) == (404, None)


def test_a_bug_is_a_500_and_a_line_that_says_where(gateway):
    """The client gets the id to ask about, the log the way to the bug, and neither what the exception quotes."""
    told = Told()
    handler, logger = told.log.handler(), logging.getLogger("claude_cli.gateway")
    logger.addHandler(handler)
    try:
        answer = gateway(change=lambda made: setattr(made, "names", None)).chat()
    finally:
        logger.removeHandler(handler)
    (line,) = told.objects
    assert (answer.status, answer.error["code"]) == (500, "internal_error")
    assert (line["event"], line["error"]) == ("log.claude_cli.gateway", "AttributeError")
    assert answer.headers["x-request-id"] in line["message"]
    assert line["where"][0].startswith("app.py:")


def _also(made: Any, log: AccessLog) -> None:
    before = made.log

    def both(visit: Visit) -> None:
        log(visit)
        before(visit)

    made.log = both

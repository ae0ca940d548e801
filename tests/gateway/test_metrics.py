"""`/metrics`: what is counted of requests and calls, as Prometheus reads it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from claude_cli.core.breaker import BreakerLimits
from claude_cli.core.budget import Record
from claude_cli.core.messages import Usage
from claude_cli.core.retry import RetryPolicy
from claude_cli.core.surroundings import CallPolicy
from claude_cli.core.telemetry import CallError, Emitter
from claude_cli.gateway.metrics import MOST_NAMES, Metrics, Now
from claude_cli.gateway.visit import Visit
from claude_cli.storage.gateway_keys import GatewayKey

from .conftest import eventually

HAIKU = "claude-haiku-4-5-20251001"
CHAT = "/v1/chat/completions"
Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def read(text: bytes) -> Samples:
    """All samples, by name (without our prefix) and labels."""
    return {
        (sample.name.removeprefix("claude_cli_gateway_"), frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text.decode())
        for sample in family.samples
    }


def of(found: Samples, name: str, **labels: str) -> float:
    return found[name, frozenset(labels.items())]


def visit(**members: Any) -> Visit:
    given = {"route": CHAT, "status": 200, "model": "claude-haiku-4-5", **members}
    return Visit("req_gw_1", "POST", "/secret/path", 100.0, **given)


def settled(**members: Any) -> Any:
    """A call that was settled."""
    given = {"model": HAIKU, "status": "done", **members}
    return SimpleNamespace(record=Record(**given), retries=0)


def counted(*visits: Visit, at: float = 100.3) -> Samples:
    metrics = Metrics(clock=lambda: at)
    for each in visits:
        metrics.over(each)
    return read(metrics.text(Now()))


def test_a_visit_is_counted_by_what_is_known_of_it():
    """Route, status and key; how long it took and until its first byte; what it used and cost, to the pico-dollar."""
    usage = Usage(30, 20, cache_read_tokens=100, cache_write_tokens=7)
    call = settled(usage=usage, cost_pico=1_234_567)
    found = counted(visit(key=GatewayKey("team"), stream=True, first_at=100.2, call=call))
    assert of(found, "requests_total", route=CHAT, status="200", key="team") == 1
    assert of(found, "request_duration_seconds_sum", route=CHAT, stream="true") == pytest.approx(0.3)
    assert of(found, "request_duration_seconds_bucket", route=CHAT, stream="true", le="0.25") == 0
    assert of(found, "request_duration_seconds_bucket", route=CHAT, stream="true", le="0.5") == 1
    assert of(found, "time_to_first_byte_seconds_sum", model=HAIKU) == pytest.approx(0.2)
    kinds = {kind: of(found, "tokens_total", model=HAIKU, kind=kind) for kind in ("input", "output", "cache_read")}
    assert kinds == {"input": 30, "output": 20, "cache_read": 100}
    assert of(found, "tokens_total", model=HAIKU, kind="cache_write") == 7
    assert of(found, "cost_usd_total", model=HAIKU, key="team") == 1_234_567e-12
    assert not [name for name, _ in found if name == "errors_total"]


def test_a_long_call_is_counted_in_the_last_bucket():
    """A duration beyond all bounds is not lost, and one on a bound belongs below it, as `le` says."""
    found = counted(visit(), at=100.0 + 9999)
    assert of(found, "request_duration_seconds_bucket", route=CHAT, stream="false", le="600.0") == 0
    assert of(found, "request_duration_seconds_bucket", route=CHAT, stream="false", le="+Inf") == 1
    found = counted(visit(), at=110.0)
    assert of(found, "request_duration_seconds_bucket", route=CHAT, stream="false", le="10.0") == 1


@pytest.mark.parametrize(
    ("members", "name", "labels"),
    [
        pytest.param({"status": 0}, "requests_total", {"route": CHAT, "status": "499", "key": ""}, id="client left"),
        pytest.param({"code": "overloaded"}, "errors_total", {"route": CHAT, "code": "overloaded"}, id="error"),
        pytest.param({"route": ""}, "requests_total", {"route": "other", "status": "200", "key": ""}, id="no route"),
        pytest.param({"call": settled()}, "unpriced_calls_total", {"model": HAIKU}, id="no price"),
        pytest.param(
            {"call": settled(status="stream_interrupted")}, "upstream_interruptions_total", {"model": HAIKU},
            id="interrupted",
        ),
        pytest.param({"call": settled(status="aborted")}, "client_aborts_total", {"model": HAIKU}, id="aborted"),
        pytest.param({"call": settled(model="claude-9")}, "unpriced_calls_total", {"model": "other"}, id="new model"),
    ],
)  # fmt: skip
def test_how_a_visit_ended_has_a_counter(members, name, labels):
    """Each kind of end is one that an alert may be made of."""
    assert of(counted(visit(**members)), name, **labels) == 1


def test_no_label_grows_without_bound():
    """Clients choose models and paths, and servers may invent error codes: none of them makes a series of its own."""
    metrics = Metrics()
    for number in range(MOST_NAMES + 50):
        asked = settled(model=f"claude-{number}")
        metrics.over(visit(model=f"claude-{number}", code=f"c{number}", stream=True, first_at=100.1, call=asked))
        metrics(CallError("anthropic", f"m{number}", "call", None, f"d{number}", 500, "", 1))
    found = read(metrics.text(Now(breakers={f"m{number}": "closed" for number in range(50)} | {"x": "open"})))
    assert {value for _, labels in found for name, value in labels if name == "model"} == {"other"}
    assert of(found, "breaker_state", model="other", state="open") == 1
    assert of(found, "errors_total", route=CHAT, code="other") > 0
    assert len(found) < MOST_NAMES + 100
    assert "secret" not in str(found)


def test_the_moment_is_read_as_it_is():
    """Gauges are not counted along but read when they are asked for."""
    found = read(Metrics().text(Now(1, 2, 3, 4, True, {HAIKU: "half-open"}, limits_alone=True)))
    names = ("calls_in_flight", "requests_waiting", "streams_active", "websocket_connections", "draining")
    assert [of(found, name) for name in (*names, "limits_alone")] == [1, 2, 3, 4, 1, 1]
    states = {state: of(found, "breaker_state", model=HAIKU, state=state) for state in ("closed", "half-open", "open")}
    assert states == {"closed": 0, "half-open": 1, "open": 0}
    assert of(found, "process_resident_memory_bytes") > 1e6
    assert of(found, "ledger_failures_total") == 0


def test_two_gateways_count_apart():
    """There is no registry of the process, so that two in one process are two."""
    one, other = Metrics(), Metrics()
    one.over(visit())
    one.ledger_failed()
    assert not [name for name, _ in read(other.text(Now())) if name == "requests_total"]
    assert of(read(one.text(Now())), "ledger_failures_total") == 1


def test_a_real_call_with_retries_and_an_open_breaker_is_seen(gateway):
    """Through the whole gateway: two overloads are two upstream errors and retries, a row of them opens the breaker."""
    emitter = Emitter()
    running = gateway(
        [{"status": 529}, {"status": 529}, {"say": "hello"}, *[{"status": 500}] * 3],
        emitter=emitter, breaker=BreakerLimits(consecutive=3), change=lambda made: made.metrics.listen(emitter),
        policy=CallPolicy(retry=RetryPolicy(retries=2)),
    )  # fmt: skip
    assert running.chat(stream=True).text == "hello"
    assert running.chat().status == 503
    running.wait_visits(2)
    answer = running.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    found = read(answer.body)
    assert of(found, "requests_total", route=CHAT, status="200", key="") == 1
    assert of(found, "upstream_errors_total", model=HAIKU, code="overloaded") == 2
    assert of(found, "upstream_retries_total", model=HAIKU) == 4
    assert of(found, "breaker_opens_total", model=HAIKU) == 1
    assert of(found, "breaker_state", model=HAIKU, state="open") == 1
    assert of(found, "tokens_total", model=HAIKU, kind="output") > 0
    assert of(found, "cost_usd_total", model=HAIKU, key="") > 0
    assert [of(found, name) for name in ("calls_in_flight", "streams_active")] == [0, 0]
    assert running.visits[0].retries == 2


def test_a_stream_is_active_until_its_end(gateway):
    """The gauge goes up with a stream under way, and comes back down."""
    running = gateway([{"stall_after": 5}], config={"drain_s": 0.1})
    connection = running.connect()
    connection.request("POST", CHAT, b'{"model":"haiku","stream":true,"messages":[{"role":"user","content":"hi"}]}')
    assert eventually(lambda: running.gateway.room.streams == 1)
    assert of(read(running.get("/metrics").body), "streams_active") == 1
    connection.close()
    assert eventually(lambda: running.gateway.room.streams == 0)
    assert of(read(running.get("/metrics").body), "streams_active") == 0

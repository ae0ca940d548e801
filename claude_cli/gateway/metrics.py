"""What is counted of requests and calls, for `/metrics`, and how Prometheus reads it.

Counting is a few additions in dictionaries; what Prometheus wants is made of them when it asks. No label can grow
without bound: routes are templates, models those of the catalogue, keys those that were given out.
"""

from __future__ import annotations

import time
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, InfoMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from .. import __version__
from ..core.budget import Record
from ..core.errors import StreamInterruptedError
from ..core.models import Catalogue, catalogue
from ..core.telemetry import BreakerChanged, CallError, Emitter, Retry, TelemetryEvent
from .visit import Visit

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
OTHER = "other"
"""Stands for every model, route or error code that has no name of its own here."""
MOST_NAMES = 1000
"""Keys and error codes that are told apart; further ones are `OTHER`."""
DURATIONS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0)
FIRST_S = (0.05, 0.1, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0, 20.0, 40.0, 80.0)
LEFT = 499
"""The status of a request whose client left before there was one; nginx' number for it."""
_STATES = ("closed", "half-open", "open")
_P = "claude_cli_gateway_"
_Labels = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Now:
    """What is true at the moment `/metrics` is read.

    Attributes:
        in_flight, waiting: calls that have a place, and requests that want one.
        streams: answers that are being streamed.
        sockets: WebSocket connections.
        draining: the gateway ends as soon as they are over.
        breakers: model to state.
        limits_alone: the storage of the rate limits cannot be used, so this host counts by itself.
    """

    in_flight: int = 0
    waiting: int = 0
    streams: int = 0
    sockets: int = 0
    draining: bool = False
    breakers: Mapping[str, str] = field(default_factory=dict)
    limits_alone: bool = False


class Metrics:
    """The counters of one gateway; a telemetry sink, too. Its registry is its own: nothing is shared by the process."""

    def __init__(self, models: Catalogue | None = None, *, clock: Callable[[], float] = time.monotonic) -> None:
        """Count from zero.

        Args:
            models: those that are told apart; None: the shipped ones.
            clock: the gateway's, in seconds.
        """
        self._models, self._clock = models or catalogue(), clock
        self._labels: dict[str, str] = {"": ""}  # a model's name, and what it is called here
        self._names: set[str] = set()
        self._requests: Counter[_Labels] = Counter()
        self._durations = _Times(DURATIONS_S)
        self._first = _Times(FIRST_S)
        self._errors: Counter[_Labels] = Counter()
        self._tokens: Counter[_Labels] = Counter()
        self._pico: Counter[_Labels] = Counter()
        self._unpriced: Counter[_Labels] = Counter()
        self._interrupted: Counter[_Labels] = Counter()
        self._left: Counter[_Labels] = Counter()
        self._upstream: Counter[_Labels] = Counter()
        self._retries: Counter[_Labels] = Counter()
        self._fallbacks: Counter[_Labels] = Counter()
        self._opened: Counter[_Labels] = Counter()
        self._ledger: Counter[_Labels] = Counter({(): 0})

    def listen(self, emitter: Emitter) -> None:
        """Hear of `emitter`'s events what is counted here: of those that no healthy call has."""
        emitter.add(self, CallError, Retry, BreakerChanged)

    def __call__(self, event: TelemetryEvent) -> None:
        """Count what happened during a call."""
        model = self._model(event.model)
        match event:
            case CallError():
                self._upstream[model, self._named(event.code)] += 1
            case Retry():
                (self._retries if event.next_model == event.model else self._fallbacks)[model,] += 1
            case BreakerChanged(new="open"):
                self._opened[model,] += 1

    def ledger_failed(self) -> None:
        """A call could not be written down as it should have been."""
        self._ledger[()] += 1

    def over(self, visit: Visit) -> None:
        """Count a visit that is over."""
        route, key = visit.route or OTHER, self._named(visit.key.name)
        self._requests[route, str(visit.status or LEFT), key] += 1
        self._durations.add((route, "true" if visit.stream else "false"), self._clock() - visit.started_at)
        if visit.code:
            self._errors[route, self._named(visit.code)] += 1
        if visit.stream and visit.first_at is not None and visit.model:
            self._first.add((self._model(visit.model),), visit.first_at - visit.started_at)
        if record := visit.settled:
            self._spent(record, key, simulated=visit.simulated)

    def _spent(self, record: Record, key: str, *, simulated: bool) -> None:
        """Count what a call has used, and how it ended."""
        model, usage, tokens = self._model(record.model), record.usage, self._tokens
        tokens[model, "input"] += usage.input_tokens
        tokens[model, "output"] += usage.output_tokens
        if usage.cache_read_tokens or usage.cache_write_tokens:
            tokens[model, "cache_read"] += usage.cache_read_tokens
            tokens[model, "cache_write"] += usage.cache_write_tokens
        if simulated:
            pass
        elif record.cost_pico is None:
            self._unpriced[model,] += 1
        else:
            self._pico[model, key] += record.cost_pico
        if record.status == StreamInterruptedError.code:
            self._interrupted[model,] += 1
        elif record.status == "aborted":
            self._left[model,] += 1

    def _model(self, name: str) -> str:
        """What a model is called here; only names the catalogue has are kept."""
        label = self._labels.get(name)
        if label is None:
            found = self._models.find_any(name)
            if found is None:
                return OTHER
            self._labels[name] = label = found.id
        return label

    def _named(self, name: str) -> str:
        """`name`, as long as there are not too many."""
        if name not in self._names:
            if len(self._names) >= MOST_NAMES:
                return OTHER
            self._names.add(name)
        return name

    def text(self, now: Now) -> bytes:
        """Everything, in Prometheus' text format; also what the process uses of memory, time and files."""
        registry = CollectorRegistry(auto_describe=False)
        registry.register(_Families([*self._counted(), *_present(now), self._breakers(now.breakers)]))
        ProcessCollector(registry=registry)
        return generate_latest(registry)

    def _breakers(self, states: Mapping[str, str]) -> Metric:
        """The breakers' states; the worst one for models that have one label."""
        worst: dict[str, str] = {}
        for model, state in states.items():
            label = self._model(model)
            worst[label] = max(worst.get(label, _STATES[0]), state, key=_STATES.index)
        words = "The state of each model's circuit breaker: 1, and 0 for the others."
        found = GaugeMetricFamily(_P + "breaker_state", words, labels=("model", "state"))
        for label, state in worst.items():
            for each in _STATES:
                found.add_metric((label, each), state == each)
        return found

    def _counted(self) -> Iterator[Metric]:
        """What has been counted so far."""
        answered = ("route", "status", "key")
        dollars = {labels: pico / 1e12 for labels, pico in self._pico.items()}
        yield _counter("requests", "Requests answered, messages on WebSockets among them.", answered, self._requests)
        yield self._durations.family(
            "request_duration_seconds", "From a request's head to the end of its answer.", ("route", "stream")
        )
        yield self._first.family(
            "time_to_first_byte_seconds", "From a request's head to the first byte of its stream.", ("model",)
        )
        for name, words, labels, counts in (
            ("errors", "Requests that ended with an error, by its code.", ("route", "code"), self._errors),
            ("tokens", "Tokens used, as the API counts them.", ("model", "kind"), self._tokens),
            ("cost_usd", "Money spent, in US dollars.", ("model", "key"), dollars),
            ("unpriced_calls", "Calls of models that have no price.", ("model",), self._unpriced),
            ("upstream_errors", "Tries that failed.", ("model", "code"), self._upstream),
            ("upstream_retries", "Tries made again with the same model.", ("model",), self._retries),
            ("upstream_fallbacks", "Calls handed to another model; by the one that failed.", ("model",),
             self._fallbacks),
            ("upstream_interruptions", "Answers that broke off after they had begun.", ("model",), self._interrupted),
            ("client_aborts", "Calls cut because their client had left.", ("model",), self._left),
            ("breaker_opens", "Times a circuit breaker has opened.", ("model",), self._opened),
            ("ledger_failures", "Times the ledger of what was spent could not be kept.", (), self._ledger),
        ):  # fmt: skip
            yield _counter(name, words, labels, counts)


class _Times:
    """Durations, counted by how long they were."""

    def __init__(self, bounds: Sequence[float]) -> None:
        """Count up to each of `bounds`, in seconds, and beyond."""
        self._bounds = bounds
        self._counts: dict[_Labels, list[int]] = {}
        self._sums: dict[_Labels, float] = {}

    def add(self, labels: _Labels, seconds: float) -> None:
        """Count one."""
        counts = self._counts.get(labels)
        if counts is None:
            self._counts[labels] = counts = [0] * (len(self._bounds) + 1)
            self._sums[labels] = 0.0
        counts[bisect_left(self._bounds, seconds)] += 1
        self._sums[labels] += seconds

    def family(self, name: str, words: str, labels: Sequence[str]) -> Metric:
        """All, as a histogram."""
        found = HistogramMetricFamily(_P + name, words, labels=labels)
        for values, counts in self._counts.items():
            total, buckets = 0, []
            for bound, count in zip([*map(str, self._bounds), "+Inf"], counts, strict=True):
                total += count
                buckets.append((bound, float(total)))
            found.add_metric(values, buckets, self._sums[values])
        return found


class _Families(Collector):
    """Families of metrics that are ready to be read."""

    def __init__(self, families: Iterable[Metric]) -> None:
        self._families = families

    def collect(self) -> Iterable[Metric]:
        """See `Collector`."""
        return self._families


def _counter(name: str, words: str, labels: Sequence[str], counts: Mapping[_Labels, float]) -> Metric:
    found = CounterMetricFamily(_P + name, words, labels=labels)
    for values, count in counts.items():
        found.add_metric(values, count)
    return found


def _present(now: Now) -> Iterator[Metric]:
    """What is true at the moment."""
    yield InfoMetricFamily("claude_cli_gateway", "The program.", value={"version": __version__})
    for name, words, value in (
        ("calls_in_flight", "Calls under way.", now.in_flight),
        ("requests_waiting", "Requests that wait for a place.", now.waiting),
        ("streams_active", "Answers that are being streamed.", now.streams),
        ("websocket_connections", "WebSocket connections.", now.sockets),
        ("draining", "Whether the gateway takes no more requests, as it is about to end.", now.draining),
        ("limits_alone", "Whether this host counts limits alone, as their storage cannot be used.", now.limits_alone),
    ):
        yield GaugeMetricFamily(_P + name, words, value=value)

"""What is counted of requests and calls, for `/metrics`."""

from __future__ import annotations

from ..core.telemetry import TelemetryEvent
from .visit import Visit


class Metrics:
    """Counters of one process; a telemetry sink, too."""

    def __call__(self, event: TelemetryEvent) -> None:
        """Count what happened during a call."""

    def over(self, visit: Visit) -> None:
        """Count a visit that is over."""

    def text(self) -> bytes:
        """Everything, in Prometheus' text format."""
        return b""

"""One request to the gateway, from its head to the log line: whatever anybody wants to say of it afterwards."""

from __future__ import annotations

import os
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..storage.gateway_keys import ANYONE, GatewayKey

if TYPE_CHECKING:
    from ..core.budget import Record
    from ..core.call import Call

Scope = MutableMapping[str, Any]


@dataclass(slots=True)
class Visit:
    """What is known of a request so far. No content.

    Attributes:
        id: ours, in `x-request-id`, logs and telemetry.
        method, path: of the request; "WS" for a message on a WebSocket.
        started_at: by the gateway's monotonic clock.
        key: whose it is, once that is known.
        model: the id that is asked; "" while that is not known.
        stream: whether the answer comes in pieces.
        status: of the response; 0 while there is none.
        code: of the error it ended with; "" for none.
        call: the core's, once there is one.
        route: the template of its path: what metrics and log call it; "" where there is none.
        client: the address it came from.
        client_id: what the client calls the request, in its own `x-client-request-id` or `x-request-id`.
        metadata: what the client notes about it.
        first_at: when the first byte of an answer left.
        simulated: no model answers, so nothing is spent.
        headers: further headers of the response, whatever it is.
    """

    id: str
    method: str
    path: str
    started_at: float
    key: GatewayKey = ANYONE
    model: str = ""
    stream: bool = False
    status: int = 0
    code: str = ""
    call: Call | None = None
    route: str = ""
    client: str = ""
    client_id: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)
    first_at: float | None = None
    simulated: bool = False
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def settled(self) -> Record | None:
        """How its call ended, and what it cost; None while it has not, or where nothing was sent."""
        return self.call.record if self.call else None

    @property
    def cost_pico(self) -> int | None:
        """What its call cost, in pico-dollars; None where that is not known, or nothing was spent."""
        return self.settled.cost_pico if self.settled and not self.simulated else None

    @property
    def retries(self) -> int:
        """Tries that its call made after the first, fallbacks among them."""
        return self.call.retries if self.call else 0


def new_id() -> str:
    """An id of our own for a request."""
    return f"req_gw_{os.urandom(12).hex()}"

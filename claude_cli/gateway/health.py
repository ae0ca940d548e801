"""What is asked about the gateway itself: `/healthz`, `/readyz`, `/v1/providers`, `/metrics`, `/openapi.json`.

None of them makes a call that costs anything, and only `/v1/providers` ever asks the provider.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from .gateway import Gateway
from .metrics import CONTENT_TYPE, Now
from .refusal import Refusal
from .reply import Reply
from .visit import Scope, Visit

_FRESH: Mapping[str, str] = {"content-type": "application/json", "cache-control": "no-store"}
_TRUE = ("true", "1", "yes")


async def healthz(gateway: Gateway, visit: Visit, reply: Reply, scope: Scope, body: bytes) -> None:
    """Say that the process is alive, also while it ends."""
    await _json(reply, 200, {"status": "ok"})


async def readyz(gateway: Gateway, visit: Visit, reply: Reply, scope: Scope, body: bytes) -> None:
    """Say whether requests may come, and if not, why."""
    reasons = await not_ready(gateway)
    status = "not_ready" if reasons else "ready"
    await _json(reply, 503 if reasons else 200, {"status": status, "reasons": reasons})


async def not_ready(gateway: Gateway) -> list[str]:
    """Why no request would be answered, in words that stay the same; nobody else is asked."""
    reasons = []
    if gateway.draining:
        reasons.append("draining")
    if gateway.provider.lacks_key:
        reasons.append("no_upstream_key")
    if not await gateway.books.is_usable():
        reasons.append("ledger_unusable")
    return reasons


async def providers(gateway: Gateway, visit: Visit, reply: Reply, scope: Scope, body: bytes) -> None:
    """List the providers; with `?check=true` after a look at how they are. Raises `Refusal`: 403."""
    _admit(gateway, visit)
    query = parse_qs(scope["query_string"].decode("latin-1"))
    if query.get("check", [""])[-1].lower() in _TRUE:
        await gateway.checks.fresh()
    else:
        gateway.checks.refresh()
    await _json(reply, 200, {"object": "list", "data": [_provider(gateway)]})


async def metrics(gateway: Gateway, visit: Visit, reply: Reply, scope: Scope, body: bytes) -> None:
    """Hand out what was counted. Raises `Refusal`: 403."""
    _admit(gateway, visit)
    room = gateway.room
    now = Now(
        in_flight=room.inside, waiting=room.waiting, streams=room.streams, sockets=gateway.sockets.total(),
        draining=gateway.draining, limits_alone=gateway.limiter.is_alone, breakers=_breakers(gateway),
    )  # fmt: skip
    await reply.whole(200, {"content-type": CONTENT_TYPE, "cache-control": "no-store"}, gateway.metrics.text(now))


async def openapi(gateway: Gateway, visit: Visit, reply: Reply, scope: Scope, body: bytes) -> None:
    """Hand out the description of all this."""
    await reply.whole(200, {"content-type": "application/json"}, openapi_json())


@cache
def openapi_json() -> bytes:
    """The description of the gateway in OpenAPI's form."""
    return Path(__file__).with_name("openapi.json").read_bytes()


def _admit(gateway: Gateway, visit: Visit) -> None:
    if not (gateway.config.open_metrics or visit.key.admin):
        words = "this takes an admin key (serve keys create NAME --admin), or a gateway with --open-metrics"
        raise Refusal(403, words, code="admin_key_required")


def _provider(gateway: Gateway) -> dict[str, Any]:
    """The provider, as far as is known."""
    provider, found = gateway.provider, gateway.checks.last
    breakers = _breakers(gateway)
    models = list(dict.fromkeys([*(model.id for model in gateway.names.models.offered), *breakers]))
    return {
        "name": gateway.around.provider,
        "module": type(provider).__module__,
        "status": found.health.status if found else "unknown",
        "detail": found.health.detail if found else None,
        "latency_ms": found.health.latency_ms if found else None,
        "checked_at": datetime.fromtimestamp(found.at, UTC).isoformat(timespec="seconds") if found else None,
        "models": models,
        "breaker": {model: breakers.get(model, "closed") for model in models},
    }


def _breakers(gateway: Gateway) -> dict[str, str]:
    """Model to the state of its breaker, of those that were asked."""
    return {name.partition("/")[2]: state for name, state in gateway.around.board.states().items()}


async def _json(reply: Reply, status: int, found: Mapping[str, Any]) -> None:
    await reply.whole(status, _FRESH, json.dumps(found).encode())

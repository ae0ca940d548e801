"""What the gateway says of itself: that it is alive and ready, how its provider is, and to whom it says that."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from claude_cli.core.breaker import BreakerLimits
from claude_cli.core.budget import Limits
from claude_cli.core.providers.anthropic import AnthropicProvider
from claude_cli.core.providers.base import Health, ModelInfo
from claude_cli.core.providers.config import ProviderConfig
from claude_cli.core.retry import RetryPolicy
from claude_cli.core.surroundings import CallPolicy
from claude_cli.gateway.checks import APART_S, STALE_S, Checks
from claude_cli.gateway.gateway import Gateway
from claude_cli.storage.books import RunBooks
from claude_cli.storage.gateway_keys import GatewayKey
from claude_cli.storage.ledger import About, Ledger
from claude_cli.storage.ledger_grouped import GroupedLedger

from .conftest import CANARY, eventually

KEYS = {"user": GatewayKey("team"), "admin": GatewayKey("ops", admin=True)}
HAIKU = "claude-haiku-4-5-20251001"
BUDGET = Limits(day_pico=10**13)


def test_it_is_alive_and_ready_without_a_key_and_asks_nobody(gateway):
    """Orchestrators have no key and ask every second: that must cost nothing and depend on nobody."""
    running = gateway(keys=KEYS)
    alive, ready = running.get("/healthz"), running.get("/readyz")
    assert (alive.status, alive.json) == (200, {"status": "ok"})
    assert (ready.status, ready.json) == (200, {"status": "ready", "reasons": []})
    assert alive.headers["cache-control"] == "no-store"
    assert running.ask("HEAD", "/healthz").body == b""
    assert running.upstream.requests == []


def test_while_it_drains_it_is_alive_and_not_ready(gateway):
    """A balancer sends no more then, and an orchestrator does not kill what is finishing answers."""
    running = gateway(keys=KEYS, change=lambda made: setattr(made, "draining", True))
    assert running.get("/healthz").status == 200
    ready = running.get("/readyz")
    assert (ready.status, ready.json) == (503, {"status": "not_ready", "reasons": ["draining"]})
    assert running.get("/metrics", authorization="Bearer admin").status == 200


def test_without_an_upstream_key_it_is_not_ready(gateway):
    """Each answer would be a 502, and that is known without asking."""

    def keyless(made: Gateway) -> None:
        made.provider = AnthropicProvider.configured(ProviderConfig(None, environ={}))

    ready = gateway(change=keyless).get("/readyz")
    assert (ready.status, ready.json["reasons"]) == (503, ["no_upstream_key"])


@pytest.mark.parametrize(
    ("limits", "reasons"),
    [pytest.param(BUDGET, ["ledger_unusable"], id="budget"), pytest.param(Limits(), [], id="no-budget")],
)
def test_a_ledger_that_cannot_be_written_is_told_where_there_is_a_budget(gateway, tmp_path, limits, reasons):
    """All calls are refused then, from the first on; without a budget they go on. Once put right it is ready again."""
    folder = tmp_path / "folder"
    folder.write_text("a file where the ledger's folder should be")
    running = gateway(change=lambda made: setattr(made, "books", _books(folder, limits)))
    assert running.get("/readyz").json["reasons"] == reasons
    assert running.get("/readyz").json["reasons"] == reasons
    folder.unlink()
    assert running.get("/readyz").json == {"status": "ready", "reasons": []}
    assert running.chat().status == 200
    assert running.get("/readyz").json["reasons"] == []


def _books(folder: Path, limits: Limits) -> RunBooks:
    def ledger(notify: Any) -> Ledger:
        return Ledger(folder / "usage.db", About("serve", "anthropic", ""), limits, notify=notify)

    return RunBooks(None, GroupedLedger(ledger, lambda notice: None))


@pytest.mark.parametrize("path", ["/metrics", "/v1/providers"])
def test_what_others_may_not_know_takes_an_admin_key(gateway, path):
    """Names of keys and money spent are in there."""
    running = gateway(keys=KEYS)
    asked = {key: running.get(path, authorization=f"Bearer {key}") for key in ("user", "admin")}
    assert running.get(path).error["code"] == "invalid_api_key"
    assert (asked["user"].status, asked["user"].error["code"]) == (403, "admin_key_required")
    assert asked["admin"].status == 200
    assert gateway(keys=KEYS, config={"open_metrics": True}).get(path).status == 200


def test_providers_tells_name_module_status_models_latency_and_breakers(gateway):
    """After a check on demand, which is one list of models and no message."""
    running = gateway()
    (found,) = running.get("/v1/providers?check=true").json["data"]
    assert (found["name"], found["module"]) == ("anthropic", "claude_cli.core.providers.anthropic")
    assert found["status"] == "ok"
    assert found["detail"].endswith(" models")
    assert 0 <= found["latency_ms"] < 10_000
    assert HAIKU in found["models"]
    assert set(found["breaker"]) == set(found["models"])
    assert set(found["breaker"].values()) == {"closed"}
    assert {request.path.partition("?")[0] for request in running.upstream.requests} == {"/v1/models"}


def test_providers_does_not_wait_unless_asked_to(gateway):
    """The first look has nothing to show, and has the provider asked behind its back."""
    running = gateway()
    (found,) = running.get("/v1/providers").json["data"]
    assert (found["status"], found["latency_ms"], found["checked_at"]) == ("unknown", None, None)
    assert eventually(lambda: running.gateway.checks.last)
    assert running.get("/v1/providers").json["data"][0]["status"] == "ok"


def test_a_failed_check_and_an_open_breaker_are_seen(gateway):
    """With the error's code and without anybody's key."""
    script = [{"path": "/v1/models", "status": 401, "times": "always"}, {"status": 500}]
    policy = CallPolicy(retry=RetryPolicy(retries=0))
    running = gateway(script, breaker=BreakerLimits(consecutive=1), policy=policy)
    assert running.chat().status == 503
    answer = running.get("/v1/providers?check=1")
    (found,) = answer.json["data"]
    assert found["status"] == "authentication"
    assert found["breaker"][HAIKU] == "open"
    assert CANARY.encode() not in answer.body


class Provider:
    """Says how it is, once it may; counts how often it was asked."""

    def __init__(self) -> None:
        self.asked, self.may = 0, asyncio.Event()

    async def health_check(self) -> Health:
        self.asked += 1
        await self.may.wait()
        return Health("ok", 12, "failed with sk-ant-api03-secretsecret")

    async def get_available_models(self) -> list[ModelInfo]:
        return []


def test_checks_are_shared_and_never_often():
    """A thousand who ask at once are one request to the provider, and so are those of the next seconds."""

    async def run() -> None:
        now, provider = [1000.0], Provider()
        checks = Checks(provider, clock=lambda: now[0], wall=lambda: 5.0)
        many = [asyncio.create_task(checks.fresh()) for _ in range(1000)]
        checks.refresh()
        await asyncio.sleep(0)
        provider.may.set()
        await asyncio.gather(*many)
        assert provider.asked == 1
        assert checks.last is not None
        assert (checks.last.at, checks.last.health.detail) == (5.0, "failed with sk-ant-***")
        for later, asked in ((APART_S - 1, 1), (APART_S, 2)):
            now[0] = 1000.0 + later
            await checks.fresh()
            assert provider.asked == asked
        checks.refresh()
        await asyncio.sleep(0)
        assert provider.asked == 2
        now[0] += STALE_S
        checks.refresh()
        await asyncio.sleep(0)
        assert provider.asked == 3

    asyncio.run(run())

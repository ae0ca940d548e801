"""Models that a request, a key or the gateway names besides the first: none of them is a way around anything."""

from __future__ import annotations

import json

import pytest

from claude_cli.core.models import catalogue
from claude_cli.core.retry import RetryPolicy
from claude_cli.core.surroundings import CallPolicy
from claude_cli.gateway.names import Names
from claude_cli.storage.books import RunBooks
from claude_cli.storage.gateway_keys import GatewayKey
from tests.gateway.conftest import CANARY
from tests.loopback import MESSAGE, response

MESSAGES, COUNT = "/v1/messages", "/v1/messages/count_tokens"
ASK = {"model": "claude-haiku-5-5", "max_tokens": 1000, "messages": [{"role": "user", "content": "hi"}]}
KEY = "sk-gw-anna"
HAIKU, OPUS = {"model": "claude-haiku-5-5"}, {"model": "claude-opus-5-5"}
ADVISOR = {"type": "advisor_20260301", "name": "advisor"}
CENT = 10**10
"""In pico-dollars."""


def whole(value=MESSAGE):
    return response(json.dumps(value).encode(), kind="application/json")


OTHERS = [
    pytest.param({"fallbacks": [HAIKU]}, 200, id="a fallback of its own"),
    pytest.param({"fallbacks": []}, 200, id="no fallback"),
    pytest.param({"fallbacks": None}, 200, id="null"),
    pytest.param({"tools": [{**ADVISOR, **HAIKU}, {"name": "f", "input_schema": {}}, "odd"]}, 200, id="an advisor"),
    pytest.param({"tools": "odd"}, 200, id="tools that are none"),
    pytest.param({"fallbacks": [OPUS]}, 403, id="another fallback"),
    pytest.param({"fallbacks": [HAIKU, OPUS]}, 403, id="another behind its own"),
    pytest.param({"fallbacks": "default"}, 403, id="one that the API chooses"),
    pytest.param({"fallbacks": OPUS}, 403, id="an object"),
    pytest.param({"fallbacks": ["claude-opus-5-5"]}, 403, id="a bare name"),
    pytest.param({"fallbacks": [{"model": ["claude-opus-5-5"]}]}, 403, id="a name that is none"),
    pytest.param({"fallbacks": [{"model": CANARY}]}, 404, id="a key for a name"),
    pytest.param({"tools": ["odd", {**ADVISOR, **OPUS}]}, 403, id="another advisor"),
    pytest.param({"tools": [{**ADVISOR, "model": {"id": "claude-opus-5-5"}}]}, 403, id="an advisor's odd name"),
]


@pytest.mark.parametrize(("members", "status"), OTHERS)
@pytest.mark.parametrize("path", [MESSAGES, COUNT], ids=["messages", "count"])
def test_what_a_request_names_besides_its_model_has_to_be_on_the_key_s_list(gateway, upstream, path, members, status):
    """The API hands a request on to its fallbacks, and lets it ask advisors: nothing of what is refused is sent."""
    server = upstream(whole())
    running = gateway(upstream=server.url, keys={KEY: GatewayKey("anna", models=("haiku",))})
    found = running.ask("POST", path, {**ASK, **members}, x_api_key=KEY)

    assert found.status == status, found.body
    assert len(server.requests) == (status == 200)
    assert CANARY.encode() not in found.body


@pytest.mark.parametrize(
    ("members", "cents", "status"),
    [
        pytest.param({}, 1, 200, id="alone it fits"),
        pytest.param({"fallbacks": [HAIKU]}, 1, 200, id="a fallback that costs no more"),
        pytest.param({"fallbacks": [OPUS]}, 1, 429, id="a dearer one does not"),
        pytest.param({"fallbacks": [OPUS]}, 9, 200, id="a dearer one fits into more"),
        pytest.param({"fallbacks": [{**HAIKU, "max_tokens": 60_000}]}, 1, 429, id="a longer answer"),
        pytest.param({"fallbacks": [HAIKU, OPUS]}, 1, 429, id="the dearest counts"),
        pytest.param({"fallbacks": "default"}, 99, 400, id="nobody can tell"),
        pytest.param({"fallbacks": [{"model": "claude-nova-9"}]}, 99, 400, id="no price"),
        pytest.param({"tools": [{**ADVISOR, **HAIKU}]}, 99, 400, id="nobody can tell how often"),
        pytest.param({"fallbacks": "default"}, None, 200, id="without a budget nobody asks"),
    ],
)
def test_a_budget_sets_aside_the_dearest_that_may_answer(gateway, upstream, members, cents, status):
    """It is not known before which of them will."""
    server = upstream(whole())

    def poor(made):
        made.books = RunBooks(None if cents is None else cents * CENT)

    found = gateway(upstream=server.url, change=poor).ask("POST", MESSAGES, {**ASK, **members})

    assert found.status == status, found.body
    assert len(server.requests) == (status == 200)
    assert status != 400 or "there is a budget" in found.json["error"]["message"]


def test_a_name_of_nothing_on_a_key_s_list_matches_nothing(gateway):
    """And takes nothing from the others: a model of the list may retire while the key lives."""
    models = ("sonet", "claude-opus-4-1", "haiku")
    running = gateway(keys={KEY: GatewayKey("anna", models=models)})
    found = [running.chat(KEY, model=name).status for name in ("haiku", "opus")]
    direct = running.ask("POST", MESSAGES, {**ASK, **OPUS}, x_api_key=KEY, anthropic_version="2026-10-21")

    assert (found, direct.status) == ([200, 403], 403)


@pytest.mark.parametrize("names", [("claude-opus-4-1", "nope"), ("nope", "sonnet")], ids=["none is one", "one is"])
def test_a_fallback_that_is_none_any_more_is_no_fallback(gateway, names):
    """It may have retired since the start; nobody has asked for it, so nobody hears of it."""
    running = gateway(
        [{"status": 529}, {"say": "hello"}], config={"fallback_models": names},
        policy=CallPolicy(RetryPolicy(retries=0)),
    )  # fmt: skip
    first = running.chat(model="haiku")

    assert first.status == (200 if "sonnet" in names else 503), first.body


def test_what_a_name_means_is_found_without_a_refusal():
    """None for what `resolve` refuses."""
    names = Names(catalogue())
    assert [names.find(name) for name in ("haiku", "nope", "claude-opus-4-1", "a b", "claude-nova-9")] == [
        "claude-haiku-5-5", None, None, None, "claude-nova-9",
    ]  # fmt: skip

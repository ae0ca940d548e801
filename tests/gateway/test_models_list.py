"""The list of models: both forms, each name once, the pages, and what a key may not see."""

from __future__ import annotations

import anthropic
import pytest

from claude_cli.core.models import catalogue
from claude_cli.gateway.models_list import anthropic_list, anthropic_model, openai_list, openai_model
from claude_cli.gateway.names import Names
from claude_cli.gateway.refusal import Refusal
from claude_cli.storage.gateway_keys import ANYONE, GatewayKey

NAMES = Names(catalogue())
SONNETS = GatewayKey("ci", models=("claude-3-5-sonnet", "claude-haiku-4-5"))
"""May ask the sonnet of today, and a haiku by the name without its day."""


def ids(found: dict) -> list[str]:
    return [each["id"] for each in found["data"]]


def test_openai_clients_see_ids_and_aliases_in_their_form():
    """A client picks from this list, and some sort by `created`: a zero, or one name twice, shows there."""
    found = openai_list(NAMES, ANYONE)
    assert found["object"] == "list"
    assert all(set(each) == {"id", "object", "created", "owned_by"} for each in found["data"])
    assert all(each["object"] == "model" and each["owned_by"] == "anthropic" for each in found["data"])
    assert all(type(each["created"]) is int and each["created"] > 1_700_000_000 for each in found["data"])
    assert len(ids(found)) == len(set(ids(found)))
    assert {model.id for model in catalogue().offered} | NAMES.aliases.keys() | {"sonnet", "haiku"} <= set(ids(found))


def test_an_alias_is_as_old_as_what_it_means():
    """Its own day is that of a model which is gone."""
    haiku = openai_model(NAMES, ANYONE, "claude-haiku-5-5")
    assert haiku["created"] == 1_791_331_200  # 2026-10-07
    assert openai_model(NAMES, ANYONE, "claude-3-5-haiku") == {**haiku, "id": "claude-3-5-haiku"}


@pytest.mark.parametrize("name", ["claude-haiku-4.5", "claude-3.5-sonnet"])
def test_a_name_with_dots_is_found_as_a_chat_completion_finds_it(name):
    """Some clients look a model up before they ask it."""
    assert openai_model(NAMES, ANYONE, name) == {**openai_model(NAMES, ANYONE, name.replace(".", "-")), "id": name}


def test_an_alias_of_nothing_known_is_not_listed():
    """Whoever picked it would get a 404."""
    names = Names(catalogue(), aliases={"gpt-9": "claude-nothing", "gpt-4o": "opus"})
    assert "gpt-9" not in ids(openai_list(names, ANYONE))
    assert openai_model(names, ANYONE, "gpt-4o")["id"] == "gpt-4o"


@pytest.mark.parametrize("ask", [openai_model, anthropic_model], ids=["openai", "anthropic"])
@pytest.mark.parametrize(
    ("name", "key"),
    [
        pytest.param("gpt-4o", ANYONE, id="unknown"),
        pytest.param("", ANYONE, id="empty"),
        pytest.param("x" * 9_999, ANYONE, id="endless"),
        pytest.param("claude-opus-5-5", SONNETS, id="not for this key"),
        pytest.param("claude-3-opus-20240229", SONNETS, id="an alias that is not for this key"),
    ],
)
def test_what_cannot_be_asked_is_not_found(ask, name, key):
    """A key that may not ask a model learns nothing of it."""
    with pytest.raises(Refusal) as caught:
        ask(NAMES, key, name)
    assert (caught.value.status, caught.value.code, caught.value.param) == (404, "model_not_found", "model")
    assert len(str(caught.value)) < 300


def test_a_key_sees_its_models_alone():
    """By whatever name its list has them, and by all of their names."""
    assert set(ids(openai_list(NAMES, SONNETS))) == {
        "claude-sonnet-5-5", "sonnet", "claude-3-5-sonnet", "claude-3-5-sonnet-20241022", "claude-3-sonnet",
        "claude-3-sonnet-20240229", "claude-haiku-4-5-20251001", "claude-haiku-4-5",
    }  # fmt: skip
    assert ids(anthropic_list(NAMES, SONNETS, {})) == ["claude-sonnet-5-5", "claude-haiku-4-5-20251001"]
    assert openai_list(NAMES, GatewayKey("x", models=("claude-nothing",)))["data"] == []


def test_anthropic_clients_see_ids_newest_first_in_their_form():
    """Aliases do not apply to `/v1/messages`, so its clients must not pick one."""
    found = anthropic_list(NAMES, ANYONE, {"limit": ["1000"]})
    assert ids(found)[:2] == ["claude-fable-5-2", "claude-mythos-5-2"]
    assert set(ids(found)) == {model.id for model in catalogue().offered}
    assert found["data"][0] == {
        "type": "model", "id": "claude-fable-5-2", "display_name": "Claude Fable 5.2",
        "created_at": "2026-11-09T00:00:00Z", "lifecycle": "active", "deprecated_at": None, "retires_at": None,
        "line": "fable", "max_input_tokens": 1_000_000, "max_tokens": 128_000, "capabilities": None,
    }  # fmt: skip
    assert (found["has_more"], found["first_id"], found["last_id"]) == (False, ids(found)[0], ids(found)[-1])


def test_the_pages_of_the_list_are_the_list():
    """Forwards and backwards: the SDK pages by itself."""
    whole, forwards, backwards = ids(anthropic_list(NAMES, ANYONE, {"limit": ["1000"]})), [], []
    query: dict[str, list[str]] = {}
    more = True
    while more:
        page = anthropic_list(NAMES, ANYONE, {"limit": ["3"], **query})
        forwards += ids(page)
        query, more = {"after_id": [page["last_id"]]}, page["has_more"]
    query, more = {"before_id": [whole[-1]]}, True
    while more:
        page = anthropic_list(NAMES, ANYONE, {"limit": ["3"], **query})
        backwards = ids(page) + backwards
        query, more = {"before_id": [page["first_id"]]}, page["has_more"]
    assert forwards == whole
    assert backwards == whole[:-1]


def test_a_page_without_models():
    """As the API has it."""
    last = ids(anthropic_list(NAMES, ANYONE, {"limit": ["1000"]}))[-1]
    page = anthropic_list(NAMES, ANYONE, {"after_id": [last]})
    assert page == {"data": [], "has_more": False, "first_id": None, "last_id": None}


@pytest.mark.parametrize(
    ("query", "param"),
    [
        pytest.param({"limit": ["0"]}, "limit", id="none"),
        pytest.param({"limit": ["1001"]}, "limit", id="too many"),
        pytest.param({"limit": ["9" * 5_000]}, "limit", id="far too many"),
        pytest.param({"limit": ["ten"]}, "limit", id="no number"),
        pytest.param({"after_id": ["gpt-4o"]}, "after_id", id="after nothing"),
        pytest.param({"before_id": ["gpt-4o"]}, "before_id", id="before nothing"),
        pytest.param({"after_id": ["a"], "before_id": ["b"]}, "after_id", id="two places"),
    ],
)
def test_a_page_that_cannot_be_found(query, param):
    """A wrong page would be taken for the end of the list."""
    with pytest.raises(Refusal) as caught:
        anthropic_list(NAMES, ANYONE, query)
    assert (caught.value.status, caught.value.param) == (400, param)


def test_a_model_by_an_alias_of_the_api():
    """The API answers with the id that has a day."""
    assert anthropic_model(NAMES, ANYONE, "claude-haiku-4-5")["id"] == "claude-haiku-4-5-20251001"


def test_the_sdk_of_anthropic_reads_the_list(gateway):
    """Page by page, one by its id; and errors in the form that it knows. An OpenAI client gets its own on that path."""
    running = gateway(keys={"clk-x": SONNETS, "clk-y": GatewayKey("all")})
    with anthropic.Anthropic(base_url=running.url, api_key="clk-y", max_retries=0) as client:
        whole = ids(anthropic_list(NAMES, ANYONE, {"limit": ["1000"]}))
        assert [model.id for model in client.models.list(limit=3)] == whole
        assert client.models.retrieve("claude-haiku-4-5").id == "claude-haiku-4-5-20251001"
        with pytest.raises(anthropic.NotFoundError) as missing:
            client.models.retrieve("gpt-4o")
        with pytest.raises(anthropic.BadRequestError, match="limit has to be"):
            client.models.list(limit=0)
        mine = [model.id for model in client.with_options(api_key="clk-x").models.list()]
    assert missing.value.body["error"]["type"] == "not_found_error"
    assert mine == ["claude-sonnet-5-5", "claude-haiku-4-5-20251001"]

    found = running.get("/v1/models", authorization="Bearer clk-x")
    assert (found.status, found.json) == (200, openai_list(NAMES, SONNETS))
    assert running.get("/v1/models/gpt-4o", authorization="Bearer clk-x").error["code"] == "model_not_found"
    assert running.upstream.requests == []
    pages = -(-len(whole) // 3)
    codes = [(visit.status, visit.code) for visit in running.wait_visits(pages + 6)[pages:]]
    assert codes == [
        (200, ""), (404, "model_not_found"), (400, "invalid_request_error"), (200, ""), (200, ""),
        (404, "model_not_found"),
    ]  # fmt: skip

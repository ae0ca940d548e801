"""The Models API: its order, its pages, its filter and its two forms."""

from __future__ import annotations

import pytest


def ids(page):
    return [model["id"] for model in page["data"]]


def test_models_are_listed_newest_first(caller):
    """All that serve today, on one page."""
    page = caller.get("/v1/models").json()
    created = [model["created_at"] for model in page["data"]]

    assert created == sorted(created, reverse=True)
    assert len(page["data"]) == 19
    assert (page["has_more"], page["first_id"], page["last_id"]) == (False, ids(page)[0], ids(page)[-1])
    assert {model["lifecycle"] for model in page["data"]} == {"active", "deprecated"}


def test_pages_put_together_are_the_list(caller):
    """Forward by `after_id`, and back by `before_id`."""
    whole = ids(caller.get("/v1/models?limit=1000").json())
    forward, query = [], ""
    while True:
        page = caller.get(f"/v1/models?limit=7{query}").json()
        forward += ids(page)
        query = f"&after_id={page['last_id']}"
        if not page["has_more"]:
            break
    back = caller.get(f"/v1/models?limit=3&before_id={whole[10]}").json()

    assert forward == whole
    assert (ids(back), back["has_more"]) == (whole[7:10], True)
    assert caller.get(f"/v1/models?after_id={whole[-1]}").json() == {
        "data": [],
        "has_more": False,
        "first_id": None,
        "last_id": None,
    }


@pytest.mark.parametrize(
    ("query", "number"),
    [
        ("lifecycle[]=deprecated", 2),
        ("lifecycle[]=active", 17),
        ("lifecycle[]=active&lifecycle[]=deprecated", 19),
        ("lifecycle%5B%5D=retired", 14),
    ],
)
def test_the_lifecycle_filters(caller, query, number):
    """Repeatable, with brackets, escaped or not."""
    assert len(caller.get(f"/v1/models?limit=100&{query}").json()["data"]) == number


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("limit=0", "limit: Input should be"),
        ("limit=1001", "limit: Input should be"),
        ("limit=99999999999999999999", "limit: Input should be"),
        ("limit=ten", "limit: Input should be a valid integer"),
        ("limit=", "limit: Input should be a valid integer"),
        ("lifecycle[]=dead", "lifecycle: Input should be"),
        ("after_id=nobody", "after_id: `nobody`"),
        ("after_id=a&before_id=b", "Only one of"),
    ],
)
def test_a_bad_query_is_400(caller, query, message):
    """In the words of the rest of the API."""
    response = caller.get(f"/v1/models?{query}")

    assert (response.status_code, response.json()["error"]["message"].startswith(message)) == (400, True)


def test_a_model_has_its_limits_and_capabilities(caller):
    """The whole tree, as documented."""
    model = caller.get("/v1/models/claude-haiku-5-5").json()
    capabilities = model.pop("capabilities")
    yes, no = {"supported": True}, {"supported": False}

    assert model == {
        "type": "model",
        "id": "claude-haiku-5-5",
        "display_name": "Claude Haiku 5.5",
        "created_at": "2026-10-07T00:00:00Z",
        "lifecycle": "active",
        "deprecated_at": None,
        "retires_at": None,
        "line": "haiku",
        "max_input_tokens": 1_000_000,
        "max_tokens": 128_000,
    }
    assert capabilities == {
        **dict.fromkeys(
            ("batch", "citations", "code_execution", "image_input", "pdf_input", "structured_outputs"), yes
        ),
        "context_management": {
            "supported": True,
            "clear_thinking_20251015": yes,
            "clear_tool_uses_20250919": yes,
            "compact_20260112": yes,
        },
        "effort": {"supported": True, **dict.fromkeys(("low", "medium", "high", "xhigh", "max"), yes)},
        "server_tools": {"supported": True, "web_search": yes, "code_execution": yes},
        "thinking": {
            "supported": True,
            "types": {"adaptive": yes, "between_tools": no, "disabled": yes, "enabled": no},
        },
    }


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("claude-sonnet-4-5", "claude-sonnet-4-5-20250929"),
        ("claude-opus-5", "claude-opus-5"),
        ("claude-3-opus-20240229", "claude-3-opus-20240229"),
    ],
)
def test_one_model_by_id_or_alias(caller, name, found):
    """Also one that is retired: it can be looked up, not used."""
    assert caller.get(f"/v1/models/{name}").json()["id"] == found


def test_an_unknown_model_is_404(caller):
    """With its name."""
    response = caller.get("/v1/models/claude-nine")

    assert (response.status_code, response.json()["error"]["message"]) == (404, "model: claude-nine")


def test_older_gateways_list_four_fields(start):
    """Then everything else must be optional to a client."""
    caller = start(bare_models=True)

    assert set(caller.get("/v1/models").json()["data"][0]) == {"type", "id", "display_name", "created_at"}
    assert set(caller.get("/v1/models/claude-opus-5").json()) == {"type", "id", "display_name", "created_at"}


def test_models_besides_the_catalogue_s(start):
    """Invented ones, and others than the catalogue's in their place; what is not said is taken from there."""
    caller = start(extra_models=[{"id": "claude-nova-6", "context_window": 5}, {"id": "claude-opus-5", "line": "x"}])
    nova, opus = (caller.get(f"/v1/models/{name}").json() for name in ("claude-nova-6", "claude-opus-5"))

    assert (nova["max_input_tokens"], nova["lifecycle"]) == (5, "active")
    assert (opus["line"], opus["display_name"], opus["max_input_tokens"]) == ("x", "Claude Opus 5", 1_000_000)
    assert len(ids(caller.get("/v1/models?limit=1000").json())) == 20

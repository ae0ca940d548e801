"""Three sources make one catalogue: the later is the stronger, and what a server does not say it does not change."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claude_cli.core.capabilities import fit
from claude_cli.core.messages import ChatRequest, LLMOptions, Message, Usage, text_block
from claude_cli.core.model_merge import LiveList, OwnModels, changes, figures_of, merge
from claude_cli.core.models import ABILITIES, DATA_FILE, Source, catalogue
from claude_cli.core.pricing import cost

SHIPPED = catalogue()
PLACE, PATH = "https://api.example", "/x/models.toml"
MOMENT = 1_795_341_769
LIVE = Source("live", PLACE, "2026-11-22T10:02:49Z")
NOVA = {"type": "model", "id": "claude-nova-6", "display_name": "Claude Nova 6", "created_at": "2026-11-20T00:00:00Z"}
YES, NO = {"supported": True}, {"supported": False}


def live(*models):
    return LiveList(PLACE, MOMENT, models)


def own(models=None, **aliases):
    return OwnModels(PATH, aliases, models or {})


def listed(name, **figures):
    """The merged model of a server's entry with these figures."""
    model = merge(SHIPPED, live({"id": name, **figures}), None).find_any(name)
    assert model is not None
    return model


# ------------------------------------------------------------------------------------------------ a server's object
@pytest.mark.parametrize(
    ("sent", "told"),
    [
        pytest.param(
            {"max_input_tokens": 5, "max_tokens": 4}, {"context_window": 5, "max_output_tokens": 4}, id="limits"
        ),
        pytest.param({"max_input_tokens": None, "max_tokens": None}, {}, id="limits it does not know"),
        pytest.param({"max_input_tokens": "5", "max_tokens": 1.5}, {}, id="limits that are no whole numbers"),
        pytest.param({"max_input_tokens": True, "max_tokens": -1}, {}, id="limits that are none"),
        pytest.param({"max_input_tokens": 10**30}, {}, id="a limit beyond reason"),
        pytest.param({"lifecycle": "deprecated"}, {"lifecycle": "deprecated"}, id="lifecycle"),
        pytest.param({"lifecycle": "dead"}, {}, id="a lifecycle nobody knows"),
        pytest.param({"lifecycle": ["active"]}, {}, id="a lifecycle that is a list"),
        pytest.param({"retires_at": "2027-01-31T23:00:00Z"}, {"retires_on": "2027-01-31"}, id="a day"),
        pytest.param({"retires_at": None}, {"retires_on": None}, id="none is planned, it says"),
        pytest.param({"retires_at": "soon"}, {}, id="a day that is none"),
        pytest.param({"retires_at": "2027-02-30T00:00:00Z"}, {}, id="a day that no month has"),
        pytest.param({"retires_at": "2026-11-30Tgarbage"}, {}, id="a moment that begins with a day"),
        pytest.param({"retires_at": "2026-W48-1"}, {}, id="a week"),
        pytest.param({"retires_at": "2026-11-30"}, {"retires_on": "2026-11-30"}, id="no time"),
        pytest.param({"retires_at": 5, "deprecated_at": {}}, {}, id="days of another type"),
        pytest.param({"created_at": "1970-01-01T00:00:00Z"}, {}, id="a beginning that stands for unknown"),
        pytest.param({"display_name": "Nice"}, {"display_name": "Nice"}, id="a name"),
        pytest.param({"display_name": "\x1b[31mred"}, {}, id="a name that colours the terminal"),
        pytest.param({"display_name": "a\u202eb"}, {}, id="a name that turns the text around"),
        pytest.param({"display_name": "x" * 201}, {}, id="a name without end"),
        pytest.param({"line": "Nova"}, {"line": "nova"}, id="a line"),
        pytest.param({"line": None}, {}, id="no line"),
        pytest.param({"line": "two words"}, {}, id="a line that is none"),
        pytest.param({"capabilities": None}, {}, id="no tree"),
        pytest.param({"capabilities": "all"}, {}, id="a tree that is none"),
        pytest.param({"surprise": 1}, {}, id="a field of tomorrow"),
    ],
)
def test_the_figures_of_a_server_s_object(sent, told):
    """What it says counts, and nonsense says nothing."""
    assert figures_of({"id": "m", **sent}) == {"id": "m", **told}


@pytest.mark.parametrize(
    ("tree", "told"),
    [
        pytest.param(
            {"image_input": YES, "batch": NO}, {"capabilities": {"image_input": True, "batch": False}}, id="leaves"
        ),
        pytest.param(
            {"image_input": {}, "batch": 1, "citations": {"supported": "yes"}}, {"capabilities": {}}, id="unsaid"
        ),
        pytest.param(
            {"server_tools": {"web_search": YES, "code_execution": NO}},
            {"capabilities": {"web_search": True, "code_execution": False}},
            id="server tools",
        ),
        pytest.param({"code_execution": YES}, {"capabilities": {"code_execution": True}}, id="code, on its own"),
        pytest.param(
            {"effort": {**YES, "low": YES, "max": YES, "high": NO, "xhigh": None}},
            {"capabilities": {}, "effort": {"levels": ["low", "max"]}},
            id="effort",
        ),
        pytest.param({"effort": NO}, {"capabilities": {}, "effort": {"levels": []}}, id="no effort"),
        pytest.param({"effort": YES}, {"capabilities": {}}, id="effort of unknown levels"),
        pytest.param(
            {"thinking": {**YES, "types": {"disabled": YES, "adaptive": YES, "enabled": NO}}},
            {"capabilities": {}, "thinking": {"types": ["adaptive", "disabled"]}},
            id="thinking",
        ),
        pytest.param({"thinking": NO}, {"capabilities": {}, "thinking": {"types": []}}, id="no thinking"),
        pytest.param({"thinking": {**YES, "types": ["adaptive"]}}, {"capabilities": {}}, id="types that are no table"),
        pytest.param({"thinking": 3, "effort": [], "server_tools": None}, {"capabilities": {}}, id="other types"),
    ],
)
def test_the_capability_tree_in_our_words(tree, told):
    """The API's leaves are `{"supported": bool}`; what is missing is not known, which is not no."""
    assert figures_of({"id": "m", "capabilities": tree}) == {"id": "m", **told}


@pytest.mark.parametrize(
    "entry", [None, 3, "m", [], {}, {"id": None}, {"id": ""}, {"id": " m"}, {"id": "a\nb"}, {"id": 5}, {"id": "a = b"}]
)
def test_what_names_no_model_is_none(entry):
    """It is left out; the rest of the list counts."""
    assert figures_of(entry) is None
    assert merge(SHIPPED, live(entry, NOVA), None).find("claude-nova-6")


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=3),
    max_leaves=10,
)
FIELDS = st.fixed_dictionaries(
    {"id": st.sampled_from(["m", "claude-opus-5-5", "claude-haiku-4-5"]) | ANYTHING},
    optional=dict.fromkeys(
        (
            "display_name",
            "created_at",
            "lifecycle",
            "retires_at",
            "deprecated_at",
            "line",
            "max_tokens",
            "capabilities",
        ),
        ANYTHING,
    ),
)


@given(st.lists(FIELDS | ANYTHING, max_size=4))
def test_no_list_breaks_the_catalogue(entries):
    """Whatever a server sends, every model can be asked everything, and the shipped ones are still there."""
    merged = merge(SHIPPED, live(*entries), None)
    for model in (*merged.models, *merged.retired):
        assert model.context_window is None or model.context_window > 0
        assert {model.able(word) for word in ABILITIES} <= {True, False, None}
        assert merged.words(model) is not None and model.source_of("context_window").kind in ("shipped", "live")
    assert {model.id for model in SHIPPED.models} <= {model.id for model in (*merged.models, *merged.retired)}


# ------------------------------------------------------------------------------------------------ laid over each other
def test_the_live_list_is_stronger_than_what_is_shipped():
    """Limits, days and abilities are the server's; what it does not know stays, and each says where it is from."""
    tree = {
        "image_input": NO,
        "effort": {**YES, "low": YES, "medium": NO},
        "thinking": {**YES, "types": {"disabled": YES}},
    }
    model = listed("claude-opus-5-5", max_tokens=64_000, retires_at="2027-01-01T00:00:00Z", capabilities=tree)
    shipped = SHIPPED.find("claude-opus-5-5")
    assert shipped is not None
    assert (model.max_output_tokens, model.context_window) == (64_000, shipped.context_window)
    assert (model.retires_on, model.can("image_input"), model.can("tools")) == ("2027-01-01", False, True)
    assert (model.effort_levels, model.thinking_types, model.listed) == (("low",), ("disabled",), True)
    assert model.raw["effort"]["default"] is None and model.raw["thinking"]["can_disable"] is True
    assert model.raw["price_usd_per_mtok"] == shipped.raw["price_usd_per_mtok"]
    assert model.able("prefill") is model.able("sampling") is False
    as_of = Source("shipped", date=SHIPPED.as_of)
    for figure in ("max_output_tokens", "retires_on", "capabilities.image_input", "effort.levels", "thinking.types"):
        assert model.source_of(figure) == LIVE, figure
    for figure in ("context_window", "capabilities.tools", "price_usd_per_mtok.input", "limits.images_per_request"):
        assert model.source_of(figure) == as_of, figure
    assert shipped.can("image_input") is True  # the shipped one is untouched


def test_the_four_fields_of_an_old_gateway_change_nothing():
    """Then only that it is listed is new."""
    model, shipped = listed("claude-opus-5-5", display_name="Claude Opus 5.5"), SHIPPED.find("claude-opus-5-5")
    assert shipped is not None
    assert (model.context_window, model.raw["capabilities"]) == (shipped.context_window, shipped.raw["capabilities"])


def test_a_new_model_of_four_fields_is_unknown_but_not_refused():
    """No rule holds against it, nothing can be reckoned with it, and nothing crashes."""
    model = listed("claude-nova-6", **NOVA)
    assert (model.context_window, model.max_output_tokens, model.effort_levels) == (None, None, None)
    assert {model.able(word) for word in ABILITIES} == {None}
    assert cost(Usage(10, 10), model) is None
    turns = (Message("user", (text_block("a"),)), Message("assistant", (text_block("b"),)))
    options = LLMOptions(temperature=0.5, effort="max", thinking={"type": "enabled", "budget_tokens": 2000})
    request, notices = fit(ChatRequest("claude-nova-6", turns, options=options), model, strict=True)
    assert (request.options.temperature, request.options.effort, notices) == (0.5, "max", [])
    assert request.options.max_tokens == 64_000


def test_a_new_model_has_its_live_limits():
    """They are what a request is fitted to."""
    request = ChatRequest("claude-nova-6", (Message("user", (text_block("a"),)),), options=LLMOptions(max_tokens=9_000))
    fitted, notices = fit(request, listed("claude-nova-6", max_tokens=4_096, max_input_tokens=8_192))
    assert (fitted.options.max_tokens, [notice.code for notice in notices]) == (4_096, ["lowered_max_tokens"])


def test_an_alias_in_the_list_means_its_model():
    """A gateway may list the short name; that is no second model."""
    merged = merge(SHIPPED, live({"id": "claude-haiku-4-5", "max_tokens": 5}), None)
    model = merged.find("claude-haiku-4-5")
    assert model is not None and (model.id, model.max_output_tokens) == ("claude-haiku-4-5-20251001", 5)
    assert len(merged.models) == len(SHIPPED.models)


def test_only_what_is_listed_or_one_s_own_is_offered():
    """A local server is not said to have Claude; what is known of it stays known, for requests and prices."""
    merged = merge(SHIPPED, live({"id": "llama3:8b"}), own({"mine": {}}))
    assert [model.id for model in merged.offered] == ["llama3:8b", "mine"]
    assert merged.find("opus") and SHIPPED.offered == SHIPPED.models


def test_the_user_is_stronger_than_both():
    """Single figures; each says that it is the user's."""
    told = {"claude-opus-5-5": {"max_output_tokens": 7, "capabilities": {"tools": False}}, "new": {"context_window": 9}}
    merged = merge(
        SHIPPED, live({"id": "claude-opus-5-5", "max_tokens": 5, "max_input_tokens": 6}), own(told, best="new")
    )
    model, new = merged.find("opus"), merged.find("BEST")
    assert model is not None and new is not None
    assert (model.max_output_tokens, model.context_window, model.can("tools")) == (7, 6, False)
    figures = ("max_output_tokens", "context_window", "capabilities.tools", "id")
    assert [model.source_of(figure).kind for figure in figures] == ["own", "live", "own", "live"]
    assert (new.id, new.context_window, new.display_name, new.source) == ("new", 9, "new", Source("own", PATH))
    assert (merged.resolve("best"), merged.words(new)) == ("new", ["best"])
    assert "best" in merged.names()


def test_the_user_s_prices_take_the_place_of_the_whole_list():
    """Prices of two sellers make no price list: a kind that is not named has none."""
    prices = {"input": 1, "output": 2, "cache_read": None, "cache_write_5m": None, "cache_write_1h": None}
    model = merge(SHIPPED, None, own({"claude-haiku-5-5": {"price_usd_per_mtok": prices}})).find("haiku")
    assert cost(Usage(1_000_000, 1_000_000), model) == 3 * 10**12  # nor is there a dearer price for long prompts
    assert cost(Usage(1, 1, cache_read_tokens=1), model) is None


def test_free_is_not_unpriced():
    """A price of 0 is a price."""
    prices = {"input": 0, "output": 0.0}
    model = merge(SHIPPED, None, own({"local": {"price_usd_per_mtok": prices}})).find("local")
    assert cost(Usage(5, 5), model) == 0


# ------------------------------------------------------------------------------------------------ what is gone
def test_a_model_that_the_server_says_is_gone():
    """It has a successor, and is no longer found; the line's word goes on to the newest of its line."""
    gone = [
        {"id": name, "lifecycle": "retired", "retires_at": "2027-10-01T00:00:00Z"}
        for name in ("claude-opus-5-5", "claude-opus-5")
    ]
    merged = merge(SHIPPED, live(*gone), None)
    assert merged.find("claude-opus-5") is None
    assert merged.successor("claude-opus-5") == merged.resolve("opus") == "claude-opus-4-8"
    assert merged.successor("claude-3-opus-20240229") == "claude-opus-4-8"  # its own successor is gone, too
    found = merged.find_any("claude-opus-5")
    assert found is not None and (found.is_retired, found.retires_on) == (True, "2027-10-01")


def test_a_retired_model_that_somebody_still_serves():
    """A gateway's word that it is active, or the user's that it has a price, brings it back."""
    name = "claude-3-opus-20240229"
    assert listed(name).is_retired  # four fields do not say so
    served = listed(name, lifecycle="active")
    assert (served.is_retired, served.retires_on, served.raw.get("replacement")) == (False, None, None)
    assert merge(SHIPPED, None, own({name: {"max_output_tokens": 4096}})).find(name)


def test_what_a_newer_list_changed():
    """New and missing models in a line each, then each change; what was not known before has not changed."""
    before = merge(
        SHIPPED, live({"id": "a"}, {"id": "b", "max_tokens": 5, "capabilities": {"batch": YES}}, {"id": "c"}), None
    )
    changed = {"id": "b", "max_tokens": 6_000, "lifecycle": "retired", "capabilities": {"batch": NO, "citations": YES}}
    after = merge(
        SHIPPED, live(changed, {"id": "c", "max_input_tokens": 1}, {"id": "d"}, {"id": "claude-opus-5"}), None
    )
    assert changes(before, after) == ["new: d", "no longer listed: a", "b: max output tokens 5 → 6,000, batch yes → no"]
    assert changes(after, after) == []
    many = merge(SHIPPED, live(*({"id": f"m{number}"} for number in range(12))), None)
    assert changes(SHIPPED, many) == ["new: m0, m1, m2, m3, m4, m5, m6, m7, m8, m9 and 2 more"]


def test_every_shipped_ability_has_a_word():
    """Or nobody could ask for it, and a file of the user's could not say it."""
    from claude_cli.core.models import CAPABILITIES

    shipped = {name for entry in json.loads(DATA_FILE.read_bytes())["models"] for name in entry["capabilities"]}
    assert shipped <= set(CAPABILITIES.values())

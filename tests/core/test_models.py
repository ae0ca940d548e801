"""The catalogue: what each name means, what has been retired, and that nothing is swapped in silence."""

from __future__ import annotations

import json

import pytest

from claude_cli.core.capabilities import fit
from claude_cli.core.messages import ChatRequest, LLMOptions, Message, text_block
from claude_cli.core.models import DATA_FILE, DEFAULT_MODEL, Catalogue, catalogue
from claude_cli.core.prepare import continues_turns, prepare

DATA = json.loads(DATA_FILE.read_bytes())
CURRENT = [entry["id"] for entry in DATA["models"]]
ASK = (Message("user", (text_block("hi"),)),)


@pytest.mark.parametrize(
    ("name", "sent"),
    [
        pytest.param("opus", "claude-opus-5-5", id="a line"),
        pytest.param("sonnet", "claude-sonnet-5-5", id="the default line"),
        pytest.param("haiku", "claude-haiku-5-5", id="haiku"),
        pytest.param("fable", "claude-fable-5-2", id="fable"),
        pytest.param("Opus", "claude-opus-5-5", id="in capitals"),
        pytest.param("claude-haiku-4-5", "claude-haiku-4-5", id="an alias: the API knows it"),
        pytest.param("claude-haiku-4-5-20251001", "claude-haiku-4-5-20251001", id="a dated id"),
        pytest.param("claude-3-opus-20240229", "claude-3-opus-20240229", id="a retired id: never swapped"),
        pytest.param("llama3:8b", "llama3:8b", id="another server's model"),
        pytest.param("Claude-Opus-5", "Claude-Opus-5", id="ids are told apart by case"),
    ],
)
def test_the_id_that_is_sent(name, sent):
    """Only the bare words of the lines stand for something else; a script pins an id and gets it."""
    assert catalogue().resolve(name) == sent


@pytest.mark.parametrize(
    ("name", "found"),
    [
        pytest.param("sonnet", "claude-sonnet-5-5", id="a line"),
        pytest.param("claude-sonnet-4-5", "claude-sonnet-4-5-20250929", id="an alias"),
        pytest.param("claude-opus-4-5-20251101", "claude-opus-4-5-20251101", id="a dated id"),
        pytest.param("claude-opus-5", "claude-opus-5", id="an id without date"),
        pytest.param("claude-3-opus-20240229", None, id="retired"),
        pytest.param("llama3:8b", None, id="unknown"),
        pytest.param("", None, id="nothing"),
    ],
)
def test_the_entry_of_a_name(name, found):
    """Its rules are what the request is fitted to; no entry means no rule."""
    model = catalogue().find(name)
    assert (model.id if model else None) == found


@pytest.mark.parametrize(
    ("name", "successor"),
    [
        pytest.param("claude-3-opus-20240229", "claude-opus-5-5", id="opus 3"),
        pytest.param("claude-3-sonnet-20240229", "claude-sonnet-5-5", id="sonnet 3"),
        pytest.param("claude-3-haiku-20240307", "claude-haiku-5-5", id="haiku 3"),
        pytest.param("claude-opus-4-0", "claude-opus-5-5", id="an alias"),
        pytest.param("claude-3-opus", "claude-opus-5-5", id="without its day"),
        pytest.param("claude-sonnet-4-20250514", "claude-sonnet-5-5", id="sonnet 4"),
        pytest.param("claude-opus-5-5", None, id="a current one"),
        pytest.param("llama3:8b", None, id="unknown"),
    ],
)
def test_a_retired_model_names_its_successor(name, successor):
    """A 404 that says which model to take is worth ten that do not."""
    assert catalogue().successor(name) == successor


@pytest.mark.parametrize(
    ("model", "today", "said"),
    [
        pytest.param("claude-sonnet-4-5", "2026-10-01", "20250929 retires in 60 days (2026-11-30)", id="60 days"),
        pytest.param("claude-sonnet-4-5", "2026-09-30", None, id="61 days"),
        pytest.param(
            "claude-sonnet-4-5", "2026-11-29", "retires in 1 day (2026-11-30); its successor is claude-s", id="tomorrow"
        ),
        pytest.param("claude-sonnet-4-5", "2026-11-30", "retires today", id="today"),
        pytest.param(
            "claude-sonnet-4-5",
            "2027-02-01",
            "was to retire (2026-11-30); its successor",
            id="past: the catalogue is old",
        ),
        pytest.param("claude-haiku-4-5", "2030-01-01", None, id="no day is named"),
        pytest.param("sonnet", "2030-01-01", None, id="a line's word"),
        pytest.param("claude-3-opus-20240229", "2026-11-22", None, id="gone: its 404 says so"),
        pytest.param("llama3:8b", "2026-11-22", None, id="unknown"),
    ],
)
def test_a_model_that_soon_retires_is_told(model, today, said):
    """Sixty days are enough to move a script, and few enough to be read."""
    told = catalogue().retirement(model, today)
    assert told is None if said is None else said in (told or "")


@pytest.mark.parametrize(("day", "able"), [("2026-11-30", True), ("2026-12-01", False), ("", True)])
def test_an_ability_that_ends(day, able):
    """Fast mode of this model is there up to its last day."""
    model = catalogue().find("claude-opus-4-8")
    assert model is not None and model.able("fast", day) is able


def test_a_day_that_has_passed_counts_as_retired():
    """The catalogue goes stale; a 404 after the day that it names has a reason."""
    name = "claude-sonnet-4-5-20250929"
    assert (
        catalogue().successor(name, "2026-11-30")
        == catalogue().successor("claude-sonnet-4-5", "2027-01-01")
        == "claude-sonnet-5-5"
    )
    assert catalogue().successor(name, "2026-11-29") is catalogue().successor("claude-sonnet-5-5", "2099-01-01") is None


def test_every_successor_is_a_current_model():
    """A hint that leads to another 404 is none."""
    for entry in DATA["retired"]:
        assert catalogue().successor(entry["id"]) in CURRENT
    assert set(DATA["line_defaults"].values()) <= set(CURRENT)


def test_no_name_means_two_models():
    """Current or retired: each id and alias once."""
    names = [name for entry in DATA["models"] + DATA["retired"] for name in (entry["id"], *entry["aliases"])]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("name", CURRENT)
def test_every_entry_says_what_the_rules_ask(name):
    """A missing member would be a KeyError in the middle of a request."""
    model = catalogue().find(name)
    assert model is not None
    assert model.max_output_tokens and model.max_output_tokens >= 64_000
    assert model.context_window and model.context_window >= 200_000
    assert model.thinking_types
    assert "adaptive" in model.thinking_types or "enabled" in model.thinking_types
    assert model.can("sampling_params") in (False, "2023-06-01")
    assert model.can("assistant_prefill") in (True, False)
    assert model.can("flying") is None
    assert isinstance(model.effort_levels, tuple)
    assert (model.display_name, model.line) == (model.raw["display_name"], model.raw["line"])


def test_the_names_for_completion():
    """Lines first, then ids and aliases; nothing retired."""
    names = catalogue().names()
    assert names[:4] == list(DATA["line_defaults"])
    assert {"claude-haiku-4-5", "claude-haiku-4-5-20251001"} <= set(names)
    assert "claude-3-opus-20240229" not in names
    assert DEFAULT_MODEL in names


def test_the_catalogue_has_its_date():
    """It goes stale, and says from when it is."""
    assert catalogue().as_of == DATA["as_of"]
    assert catalogue() is catalogue()


def test_another_catalogue_can_be_given():
    """A test, and later the user's own `models.toml`, bring theirs."""
    small = {**DATA, "models": DATA["models"][:1], "retired": [], "line_defaults": {"mine": CURRENT[0]}}
    request, notices = prepare(ChatRequest("mine", ASK), models=Catalogue(small))
    assert (request.model, notices) == (CURRENT[0], [])


def test_preparing_resolves_the_name_and_fits_the_request():
    """Both at once, so that no caller forgets one."""
    request, notices = prepare(ChatRequest("opus", ASK, options=LLMOptions(temperature=0.5)))
    assert (request.model, request.options.max_tokens, request.options.temperature) == ("claude-opus-5-5", 64_000, None)
    assert [notice.code for notice in notices] == ["dropped_parameter"]
    assert fit(request, catalogue().find("opus")) == (request, [])


@pytest.mark.parametrize(
    ("name", "goes_on"), [("claude-haiku-4-5", True), ("claude-opus-4-6", False), ("opus", False), ("llama3:8b", False)]
)
def test_which_models_go_on_with_a_turn(name, goes_on):
    """The others are asked to, in a turn of the user."""
    assert continues_turns(name) is goes_on

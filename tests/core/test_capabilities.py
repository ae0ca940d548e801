"""What is said of each adjustment, its bounds, and what several do to each other; `test_capability_table.py` has the
rest: every rule against every model.
"""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claude_cli.core.capabilities import fit
from claude_cli.core.errors import UsageError
from claude_cli.core.messages import ChatRequest, LLMOptions, Message, text_block
from claude_cli.core.models import DATA_FILE, catalogue

IDS = [entry["id"] for entry in json.loads(DATA_FILE.read_bytes())["models"]]
ASK = Message("user", (text_block("hi"),))

ALWAYS = ["claude-fable-5-2", "claude-mythos-5-2", "claude-fable-5-1", "claude-mythos-5-1", "claude-fable-5",
          "claude-mythos-5", "claude-opus-5-5"]  # fmt: skip
MAY_BE_OFF = ["claude-opus-4-8", "claude-opus-4-7", "claude-sonnet-5"]
OFF_UP_TO_HIGH = ["claude-opus-5", "claude-haiku-5-5"]
BETWEEN = ["claude-sonnet-5-5"]
BOTH = ["claude-opus-4-6", "claude-sonnet-4-6"]
BUDGET = ["claude-opus-4-5-20251101", "claude-sonnet-4-5-20250929", "claude-haiku-4-5-20251001"]
PREVIEW = ["claude-mythos-preview"]

ADAPTIVE = {"type": "adaptive"}
OFF = {"type": "disabled"}


def fitted(model: str, **options: object) -> tuple[LLMOptions, list[str]]:
    request, notices = fit(ChatRequest(model, (ASK,), options=LLMOptions(**options)), catalogue().find(model))
    assert all("\n" not in notice.text and notice.changes_result and notice.parameters for notice in notices)
    return request.options, [f"{notice.code}: {notice.text}" for notice in notices]


def codes(said: list[str]) -> list[str]:
    return [line.partition(":")[0] for line in said]


def test_the_groups_are_all_models():
    """A model that comes into the catalogue has to be given its place here."""
    assert sorted(ALWAYS + MAY_BE_OFF + OFF_UP_TO_HIGH + BETWEEN + BOTH + BUDGET + PREVIEW) == sorted(IDS)


# --- max_tokens


@pytest.mark.parametrize(
    ("model", "asked", "sent"),
    [
        pytest.param("claude-opus-5-5", None, 64_000, id="the default"),
        pytest.param("claude-haiku-4-5", None, 64_000, id="the default is the cap"),
        pytest.param("claude-opus-5-5", 128_000, 128_000, id="the cap"),
        pytest.param("claude-haiku-4-5", 1, 1, id="little"),
        pytest.param("claude-haiku-4-5", 0, 0, id="nothing: fills the cache"),
        pytest.param("llama3:8b", None, 64_000, id="the default of a model nobody knows"),
        pytest.param("llama3:8b", 999_999, 999_999, id="unknown models are not judged"),
    ],
)
def test_max_tokens_that_fit(model, asked, sent):
    """The API wants the field, so it is always there."""
    assert fitted(model, max_tokens=asked) == (LLMOptions(max_tokens=sent), [])


@pytest.mark.parametrize(("model", "cap"), [("claude-opus-5-5", 128_000), ("claude-haiku-4-5", 64_000)])
def test_max_tokens_over_the_cap_are_lowered(model, cap):
    """And said: the answer may end earlier than wished."""
    options, said = fitted(model, max_tokens=cap + 1)
    assert options.max_tokens == cap
    assert said[0].startswith(f"lowered_max_tokens: max_tokens lowered from {cap + 1:,} to {cap:,}, the most claude-")


# --- sampling


@pytest.mark.parametrize("model", [name for name in IDS if name not in BOTH + BUDGET])
@pytest.mark.parametrize(
    ("options", "names"),
    [
        ({"temperature": 0.5}, "temperature"),
        ({"temperature": 1.0}, "temperature"),
        ({"top_p": 0.5}, "top_p"),
        ({"top_k": 0}, "top_k"),
        ({"temperature": 0.5, "top_p": 0.5}, "temperature and top_p"),
        ({"temperature": 0.5, "top_p": 0.5, "top_k": 5}, "temperature, top_p and top_k"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_sampling_is_dropped_where_the_model_takes_none(model, options, names):
    """Since 4.7: a 400 otherwise."""
    sent, said = fitted(model, **options)
    assert (sent.temperature, sent.top_p, sent.top_k) == (None, None, None)
    assert said == [f"dropped_parameter: {names} not sent: {model} no longer takes sampling parameters"]


@pytest.mark.parametrize("model", BOTH + BUDGET)
@pytest.mark.parametrize(
    ("options", "sent", "dropped"),
    [
        pytest.param({"temperature": 0.0}, (0.0, None, None), None, id="temperature"),
        pytest.param({"top_p": 0.5}, (None, 0.5, None), None, id="top_p"),
        pytest.param({"top_k": 5}, (None, None, 5), None, id="top_k"),
        pytest.param({"temperature": 0.5, "top_k": 5}, (0.5, None, 5), None, id="temperature and top_k"),
        pytest.param({"temperature": 0.5, "top_p": 0.5}, (0.5, None, None), "top_p not sent", id="not both"),
        pytest.param({"temperature": 0.5, "thinking": OFF}, (0.5, None, None), None, id="thinking off"),
        pytest.param({"temperature": 1, "thinking": ADAPTIVE}, (1, None, None), None, id="thinking, temperature 1"),
        pytest.param({"top_p": 0.95, "thinking": ADAPTIVE}, (None, 0.95, None), None, id="thinking, top_p high"),
        pytest.param(
            {"temperature": 0.5, "thinking": ADAPTIVE}, (None, None, None), "temperature not sent", id="thinking, cold"
        ),
        pytest.param({"top_p": 0.5, "thinking": ADAPTIVE}, (None, None, None), "top_p not sent", id="thinking, narrow"),
        pytest.param(
            {"temperature": 1, "top_k": 5, "thinking": ADAPTIVE},
            (1, None, None),
            "top_k not sent",
            id="thinking, top_k",
        ),
    ],
)
def test_sampling_on_the_models_that_still_take_it(model, options, sent, dropped):
    """Temperature or top_p, and hardly anything while it thinks: each a 400 otherwise."""
    found, said = fitted(model, **options)
    assert (found.temperature, found.top_p, found.top_k) == sent
    drops = [line for line in said if line.startswith("dropped_parameter")]
    assert [dropped in line for line in drops] == ([True] if dropped else [])


# --- thinking


def groups(**by_kind: list[str]) -> list[object]:
    return [pytest.param(name, id=f"{kind}: {name}") for kind, names in by_kind.items() for name in names]


@pytest.mark.parametrize("model", BUDGET)
@pytest.mark.parametrize(
    ("max_tokens", "budget"), [(64_000, 16_000), (32_000, 16_000), (10_000, 5_000), (2_048, 1_024), (1_025, 1_024)]
)
def test_adaptive_thinking_becomes_a_budget_where_the_model_knows_no_other(model, max_tokens, budget):
    """Half of max_tokens leaves the other half for the answer; and below max_tokens, or it is a 400."""
    options, said = fitted(model, thinking={**ADAPTIVE, "display": "summarized"}, max_tokens=max_tokens)
    assert options.thinking == {"type": "enabled", "budget_tokens": budget, "display": "summarized"}
    assert said == [f"adjusted_parameter: thinking adaptive is not something {model} takes; sent as enabled"]


@pytest.mark.parametrize("model", BOTH + BUDGET + PREVIEW)
@pytest.mark.parametrize(
    ("asked", "max_tokens", "sent", "adjusted"),
    [
        pytest.param(2_000, 64_000, 2_000, False, id="fits"),
        pytest.param(1_024, 1_025, 1_024, False, id="just fits"),
        pytest.param(500, 64_000, 1_024, True, id="too little"),
        pytest.param(0, 64_000, 1_024, True, id="nothing"),
        pytest.param(64_000, 64_000, 63_999, True, id="as much as max_tokens"),
        pytest.param(None, 64_000, 16_000, False, id="not named"),
    ],
)
def test_a_budget_is_between_its_bounds(model, asked, max_tokens, sent, adjusted):
    """1,024 to max_tokens - 1, or it is a 400."""
    thinking = {"type": "enabled"} | ({} if asked is None else {"budget_tokens": asked})
    options, said = fitted(model, thinking=thinking, max_tokens=max_tokens)
    assert options.thinking == {"type": "enabled", "budget_tokens": sent}
    assert codes(said) == ["adjusted_parameter"] * adjusted


@pytest.mark.parametrize(
    ("thinking", "max_tokens", "words"),
    [
        pytest.param({"type": "enabled", "budget_tokens": 2000}, 1_024, "raise --max-tokens", id="no room"),
        pytest.param({"type": "adaptive"}, 1_024, "raise --max-tokens", id="no room, adjusted"),
        pytest.param(
            {"type": "enabled", "budget_tokens": "many"}, 9_000, "is 'many'; it is a whole number", id="a word"
        ),
        pytest.param(
            {"type": "enabled", "budget_tokens": 2000.5}, 9_000, "is 2000.5; it is a whole", id="half a token"
        ),
        pytest.param({"type": "enabled", "budget_tokens": True}, 9_000, "is True; it is a whole", id="a truth"),
        pytest.param({"type": "enabled"}, 0, "raise --max-tokens", id="no answer at all"),
    ],
)
def test_a_budget_that_cannot_be(thinking, max_tokens, words):
    """Nothing sensible could be sent instead."""
    with pytest.raises(UsageError, match=words):
        fitted("claude-haiku-4-5", thinking=thinking, max_tokens=max_tokens)


def test_a_budget_is_fitted_to_the_max_tokens_that_are_sent():
    """Lowered max_tokens bound it, not the ones that were asked for."""
    options, said = fitted("claude-haiku-4-5", thinking={"type": "enabled", "budget_tokens": 90_000}, max_tokens=99_000)
    assert (options.max_tokens, options.thinking) == (64_000, {"type": "enabled", "budget_tokens": 63_999})
    assert codes(said) == ["lowered_max_tokens", "adjusted_parameter"]


@pytest.mark.parametrize("model", groups(always=ALWAYS, between=BETWEEN, preview=PREVIEW))
def test_thinking_that_cannot_be_switched_off(model):
    """The wish is dropped, and said."""
    options, said = fitted(model, thinking=OFF)
    assert options.thinking is None
    assert said == [f"dropped_parameter: thinking disabled is not something {model} takes; it decides by itself"]


@pytest.mark.parametrize(
    ("model", "thinking"),
    [*[(name, OFF) for name in OFF_UP_TO_HIGH], ("claude-sonnet-5-5", {"type": "between_tools"})],
)
@pytest.mark.parametrize(
    ("asked", "sent"), [("low", "low"), ("high", "high"), ("xhigh", "high"), ("max", "high"), (None, None)]
)
def test_without_thinking_effort_is_high_at_most(model, thinking, asked, sent):
    """A 400 otherwise; which of the two gives way is said."""
    options, said = fitted(model, thinking=thinking, effort=asked)
    assert (options.thinking, options.effort) == (thinking, sent)
    assert codes(said) == ["adjusted_parameter"] * (asked != sent)
    assert all(f"{model} does not take effort {asked} with thinking {thinking['type']}" in line for line in said)


@pytest.mark.parametrize("model", [name for name in IDS if name not in BETWEEN + BUDGET])
@pytest.mark.parametrize("kind", ["between_tools", "nova", None])
def test_thinking_of_another_kind_becomes_adaptive(model, kind):
    """What the model has never heard of is a 400."""
    options, said = fitted(model, thinking={"type": kind})
    assert options.thinking == ADAPTIVE
    assert codes(said) == ["adjusted_parameter"]


# --- effort


LEVELS = ("low", "medium", "high", "xhigh", "max")


@pytest.mark.parametrize(
    ("model", "asked", "sent"),
    [
        *[(name, effort, effort) for name in BOTH + PREVIEW for effort in ("low", "medium", "high", "max")],
        *[(name, "xhigh", "high") for name in BOTH + PREVIEW],
        *[("claude-opus-4-5", effort, effort) for effort in ("low", "medium", "high")],
        *[("claude-opus-4-5", effort, "high") for effort in ("xhigh", "max")],
        *[(name, effort, None) for name in ("claude-sonnet-4-5", "claude-haiku-4-5") for effort in LEVELS],
    ],
)
def test_effort_on_the_older_models(model, asked, sent):
    """The most it gives that is not more than was asked, so never a dearer one; nothing where it takes none."""
    options, said = fitted(model, effort=asked)
    assert options.effort == sent
    assert codes(said) == [] if asked == sent else ["dropped_parameter" if sent is None else "adjusted_parameter"]


def test_an_effort_that_is_no_word_is_refused():
    """A typing mistake must not become the dearest level."""
    with pytest.raises(UsageError, match="effort 'hihg' is none; claude-opus-5 takes low, medium, high, xhigh and max"):
        fitted("claude-opus-5", effort="hihg")


# --- an assistant turn at the end


def turns(*blocks: dict) -> tuple[Message, ...]:
    return (ASK, Message("assistant", blocks or (text_block("It is"),)))


@pytest.mark.parametrize(
    ("model", "messages"),
    [
        *[pytest.param(name, turns(), id=f"a prefill: {name}") for name in BUDGET],
        pytest.param("llama3:8b", turns(), id="a model nobody knows"),
        pytest.param("claude-opus-5", turns({"type": "server_tool_use", "id": "s"}), id="a paused search"),
        pytest.param("claude-opus-5", turns({"type": "mcp_tool_use", "id": "s"}), id="a paused connector"),
        pytest.param("claude-opus-5", (), id="no message: refused later, in other words"),
    ],
)
def test_an_assistant_turn_that_may_stand_last(model, messages):
    """A paused turn is sent back as it is, by our own continuation."""
    assert fit(ChatRequest(model, messages), catalogue().find(model))[1] == []


# --- all together


def test_strict_refuses_what_would_change():
    """In the words of the first notice."""
    request = ChatRequest("claude-opus-5-5", (ASK,), options=LLMOptions(temperature=0.5))
    with pytest.raises(UsageError, match=r"temperature not sent: .* \(refused because of --strict\)"):
        fit(request, catalogue().find("opus"), strict=True)


def test_strict_lets_through_what_fits():
    """The default max_tokens are no change."""
    request = ChatRequest("claude-opus-5-5", (ASK,), options=LLMOptions(effort="max", thinking=ADAPTIVE))
    sent, notices = fit(request, catalogue().find("opus"), strict=True)
    assert (sent.options, notices) == (LLMOptions(max_tokens=64_000, effort="max", thinking=ADAPTIVE), [])


def test_a_model_nobody_knows_is_not_judged():
    """The catalogue goes stale, and other servers have other models."""
    options = LLMOptions(max_tokens=7, temperature=9.0, top_p=1.0, thinking={"type": "nova"}, effort="hyper")
    assert fit(ChatRequest("llama3:8b", (ASK,), options=options), None, strict=True)[0].options == options


OPTIONS = st.builds(
    LLMOptions,
    max_tokens=st.none() | st.integers(2_000, 200_000),
    temperature=st.none() | st.sampled_from([0.0, 0.5, 1.0]),
    top_p=st.none() | st.sampled_from([0.5, 0.99]),
    top_k=st.none() | st.just(5),
    thinking=st.none()
    | st.fixed_dictionaries(
        {"type": st.sampled_from(["adaptive", "enabled", "disabled", "between_tools", "nova"])},
        optional={"budget_tokens": st.integers(0, 200_000), "display": st.just("summarized")},
    ),
    effort=st.none() | st.sampled_from(LEVELS),
)


@given(st.sampled_from(IDS), OPTIONS)
def test_what_was_fitted_fits(model, options):
    """A second fitting finds nothing to do: so every rule agrees with every other, in this order."""
    known = catalogue().find(model)
    request, notices = fit(ChatRequest(model, (ASK,), options=options), known)
    assert fit(request, known, strict=True) == (request, [])
    if not notices and options.max_tokens and (options.thinking or {}).get("type") != "enabled":
        assert request.options == options

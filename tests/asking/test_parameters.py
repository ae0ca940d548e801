"""The parameters of a request by name: `/set`, and what the flags are checked by."""

from __future__ import annotations

import pytest

from claude_cli.asking.parameters import PARAMETERS, UNSET, changed, standing
from claude_cli.asking.question import Sources
from claude_cli.asking.run import Asked
from claude_cli.core.errors import UsageError
from claude_cli.core.messages import LLMOptions
from claude_cli.core.server_tools import CODE_EXECUTION, WEB_FETCH, WEB_SEARCH

PLAIN = Asked(Sources(None), cache="5m")


def options(asked: Asked) -> dict[str, object]:
    """What is not at its default."""
    plain = LLMOptions()
    return {
        name: value for name in LLMOptions.__slots__ if (value := getattr(asked.options, name)) != getattr(plain, name)
    }


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        pytest.param("max_tokens", "4000", {"max_tokens": 4000}, id="max_tokens"),
        pytest.param("max_tokens", "4,000", {"max_tokens": 4000}, id="max_tokens with a comma"),
        pytest.param("max-tokens", "4000", {"max_tokens": 4000}, id="as the flag is written"),
        pytest.param("effort", "high", {"effort": "high"}, id="effort"),
        pytest.param("thinking", "on", {"thinking": {"type": "adaptive"}}, id="thinking on"),
        pytest.param("thinking", "off", {"thinking": {"type": "disabled"}}, id="thinking off"),
        pytest.param("thinking", "99", {"thinking": {"type": "enabled", "budget_tokens": 99}}, id="thinking tokens"),
        pytest.param("temperature", "0.5", {"temperature": 0.5}, id="temperature"),
        pytest.param("top_p", "1", {"top_p": 1.0}, id="top_p"),
        pytest.param("top_k", "40", {"top_k": 40}, id="top_k"),
        pytest.param("stop", "the END", {"stop_sequences": ("the END",)}, id="one stop"),
        pytest.param("stop", '["a b", "c"]', {"stop_sequences": ("a b", "c")}, id="several stops"),
        pytest.param("stop", '"  x"', {"stop_sequences": ("  x",)}, id="stop in quotes"),
        pytest.param("stop", "3", {"stop_sequences": ("3",)}, id="a number as stop"),
        pytest.param("service_tier", "standard_only", {"service_tier": "standard_only"}, id="service_tier"),
        pytest.param("speed", "fast", {"extra": {"speed": "fast"}}, id="another field"),
        pytest.param("metadata.user_id", "u", {"extra": {"metadata": {"user_id": "u"}}}, id="deeper"),
        pytest.param("a", "[1]", {"extra": {"a": [1]}}, id="JSON"),
    ],
)  # fmt: skip
def test_a_parameter_is_set_and_taken_back(name, text, expected):
    """`default` is as if nobody had ever set it."""
    after = changed(PLAIN, name, text)
    assert options(after) == expected
    assert changed(after, name, UNSET) == PLAIN


@pytest.mark.parametrize(
    ("name", "text", "field", "expected"),
    [
        pytest.param("cache", "off", "cache", None, id="cache off"),
        pytest.param("cache", "1h", "cache", "1h", id="cache for an hour"),
        pytest.param("strict", "on", "strict", True, id="strict"),
        pytest.param("on_truncate", "continue", "on_truncate", "continue", id="on_truncate"),
    ],
)
def test_what_is_no_field_of_the_request_is_set_as_well(name, text, field, expected):
    after = changed(PLAIN, name, text)
    assert getattr(after, field) == expected
    assert changed(after, name, UNSET) == PLAIN


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        pytest.param("effort", "hihg", "choose low, medium, high, xhigh or max", id="effort"),
        pytest.param("thinking", "maybe", "choose on, off or a number of tokens", id="thinking"),
        pytest.param("temperature", "warm", "temperature is a number from 0 to 1, not 'warm'", id="no number"),
        pytest.param("temperature", "1.5", "temperature is 0 to 1, not 1.5", id="too hot"),
        pytest.param("temperature", "nan", "temperature is 0 to 1, not nan", id="not a number"),
        pytest.param("top_k", "-1", "top_k is 0 or more", id="negative"),
        pytest.param("max_tokens", "many", "max_tokens is a whole number", id="max_tokens"),
        pytest.param("max_tokens", "1.5", "max_tokens is a whole number", id="half a token"),
        pytest.param("service_tier", "priority", "choose auto or standard_only", id="service_tier"),
        pytest.param("cache", "on", "choose auto, off or 1h", id="cache"),
        pytest.param("on_truncate", "stop", "choose fail, continue or ok", id="on_truncate"),
        pytest.param("strict", "yes", "choose on or off", id="strict"),
        pytest.param("web_search", "true", "choose on or off", id="web_search"),
        pytest.param("model", "opus", "-m names the model", id="a field of its own"),
        pytest.param("stop_sequences", "x", "a list of texts", id="field of the wrong kind"),
        pytest.param("..", "1", "is not of the form name=value", id="no name"),
    ],
)
def test_a_wrong_value_is_refused_and_says_what_is_right(name, text, words):
    """Here, and not with each question that follows."""
    with pytest.raises(UsageError) as caught:
        changed(PLAIN, name, text)
    assert words in str(caught.value)


@pytest.mark.parametrize("name", [name for name, each in PARAMETERS.items() if each.choices])
def test_each_choice_is_taken_and_named(name):
    """And nothing else."""
    parameter = PARAMETERS[name]
    for choice in parameter.choices:
        assert choice in parameter.takes
        assert changed(PLAIN, name, choice)
    with pytest.raises(UsageError):
        changed(PLAIN, name, "else")


def test_server_tools_are_switched_one_by_one():
    """As the flags have it: the request has the tools, and the form knows which are ours."""
    both = changed(changed(PLAIN, "web_fetch", "on"), "web_search", "on")
    assert both.options.extra == {"tools": [WEB_FETCH, WEB_SEARCH]}
    assert changed(both, "web_search", "on") == both
    one = changed(both, "web_fetch", "off")
    assert one.options.extra == {"tools": [WEB_SEARCH]}
    assert list(one.form.tools) == [WEB_SEARCH]
    none = changed(one, "web_search", UNSET)
    assert (none.options, list(none.form.tools)) == (PLAIN.options, [])


def test_tools_of_the_users_own_stay():
    own = changed(PLAIN, "tools", '[{"name": "mine"}]')
    assert changed(own, "code_execution", "on").options.extra == {"tools": [{"name": "mine"}, CODE_EXECUTION]}
    assert changed(changed(own, "code_execution", "on"), "code_execution", "off").options == own.options


def test_shown_thinking_is_asked_for():
    """The newest models send it empty otherwise."""
    shown = changed(PLAIN, "show_thinking", "on")
    assert (shown.show_thinking, shown.options.thinking) == (True, {"type": "adaptive", "display": "summarized"})
    budget = changed(shown, "thinking", "2048")
    assert budget.options.thinking == {"type": "enabled", "budget_tokens": 2048, "display": "summarized"}
    assert changed(budget, "show_thinking", "off").options.thinking == {"type": "enabled", "budget_tokens": 2048}
    assert changed(shown, "show_thinking", UNSET) == PLAIN
    off = changed(PLAIN, "thinking", "off")
    assert changed(off, "show_thinking", "on").options.thinking == {"type": "disabled"}


def test_a_field_goes_beside_those_that_are_there():
    asked = changed(changed(PLAIN, "metadata.a", "1"), "metadata.b", "2")
    assert asked.options.extra == {"metadata": {"a": 1, "b": 2}}
    assert changed(asked, "metadata.a", UNSET).options.extra == {"metadata": {"b": 2}}
    assert changed(asked, "metadata", UNSET) == PLAIN
    assert changed(asked, "nothing.at.all", UNSET) == asked


def test_what_is_set_can_be_typed_again():
    """What is shown is what was typed, so that it can be copied."""
    typed = {
        "effort": "max", "max_tokens": "4,000", "thinking": "on", "stop": '["a", "b"]', "cache": "1h", "strict": "on",
        "web_fetch": "on", "speed": "fast", "metadata": '{"a": 1}',
    }  # fmt: skip
    asked = PLAIN
    for name, text in typed.items():
        asked = changed(asked, name, text)
    shown = {name: value for name, value in standing(asked) if value}
    assert shown == {**typed, "on_truncate": "fail"}
    assert [name for name, _ in standing(PLAIN)] == list(PARAMETERS)

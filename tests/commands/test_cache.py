"""`--cache`: what is marked, what the second call saves, and what of it is said."""

from __future__ import annotations

import json
from typing import Any

import pytest

FIVE = {"type": "ephemeral"}
HOUR = {"type": "ephemeral", "ttl": "1h"}
SAYS = {"say": "Yes.", "times": "always"}


@pytest.fixture
def big(claude) -> str:
    """A file of 25,000 characters: 10,000 tokens of the simulator's, 3 more for its name and 4 for the turn."""
    path = claude.folder / "big.txt"
    path.write_text("x" * 24_999 + "\n")
    return str(path)


def used(done: Any) -> tuple[int, int, int]:
    """Tokens that were fresh, written and read."""
    assert done.status == 0, done.err
    usage = done.json["usage"]
    return usage["input_tokens"], usage["cache_write_tokens"], usage["cache_read_tokens"]


def test_a_second_question_about_a_file_reads_it(claude, simulate, big):
    """Sonnet 5.5: $2.50 to write a million tokens, $0.10 to read them, $10 for the 18 of each answer."""
    simulate(SAYS)
    ask = ["complete", "--json", "--cache", "auto", "-f", big]
    first, other, same = (claude(*ask, question) for question in ("What?", "Who?", "What?"))

    assert used(first) == (0, 10_009, 0)
    assert first.json["cost_usd"] == 0.0252025  # 10,009 x 2.50 + 18 x 10 = 25,202.5 millionths
    assert used(other) == (0, 2, 10_007)
    assert other.json["cost_usd"] == 0.0011857  # 2 x 2.50 + 10,007 x 0.10 + 180
    assert used(same) == (0, 0, 10_009)
    assert same.json["cost_usd"] == 0.0011809  # 10,009 x 0.10 + 180


def test_an_hour_has_its_own_price(claude, simulate, big):
    """$4 a million to write, twice the price of input; to read it costs the same."""
    simulate(SAYS)
    ask = ["complete", "--json", "--cache", "1h", "-f", big, "What?"]
    first, second = claude(*ask), claude(*ask)

    assert (used(first), first.json["cost_usd"]) == ((0, 10_009, 0), 0.040216)  # 10,009 x 4 + 180
    assert (used(second), second.json["cost_usd"]) == ((0, 0, 10_009), 0.0011809)


def test_the_usage_line_has_what_the_cache_gave(claude, simulate, big):
    """`-u` is for people: tokens read are part of the tokens in."""
    simulate(SAYS)
    ask = ["complete", "-u", "--cache", "auto", "-f", big, "What?"]
    claude(*ask)
    assert "10,009 tokens in (10,009 from cache" in claude(*ask).err


@pytest.mark.parametrize("flags", [[], ["--cache", "off"]], ids=["no flag", "off"])
def test_nothing_is_cached_unasked(claude, simulate, big, flags):
    """Writing costs a quarter more, which is lost where no second question follows."""
    simulator = simulate(SAYS)
    assert used(claude("complete", "--json", *flags, "-f", big, "What?")) == (10_009, 0, 0)
    assert b"cache_control" not in simulator.requests[0].body


def body_of(claude, *words: str) -> tuple[dict[str, Any], str]:
    """The request that would be sent, and what is said of it."""
    done = claude("complete", "--dry-run", *words)
    assert done.status == 0, done.err
    body = json.loads(done.out)["body"]
    assert isinstance(body, dict)
    return body, done.err


def test_a_prompt_under_the_minimum_goes_as_it_is(claude):
    """The provider would cache nothing and say nothing; `-v` says it."""
    body, said = body_of(claude, "--cache", "auto", "-v", "-s", "Be brief.", "Hi")
    assert (body, "") == body_of(claude, "-s", "Be brief.", "Hi")
    assert said == (
        "claude-cli: nothing is cached: the prompt is under the 512 tokens that claude-sonnet-5-5 caches at least\n"
    )


def test_a_long_system_prompt_is_marked(claude):
    """Another prompt under the same system prompt then reads it."""
    body, said = body_of(claude, "--cache", "auto", "-v", "-s", "Be brief. " * 100, "Hi")
    assert body["system"] == [{"type": "text", "text": "Be brief. " * 100, "cache_control": FIVE}]
    assert said == (
        "claude-cli: cached for 5 minutes, up to: the system prompt, the prompt (where that is 512 tokens or more)\n"
    )


def test_a_system_prompt_is_read_under_another_prompt(claude, simulate):
    """Which is how a script with one task and many inputs saves."""
    simulate(SAYS)
    ask = ["complete", "--json", "--cache", "auto", "-s", "x" * 25_000]
    assert used(claude(*ask, "What?")) == (0, 10_006, 0)
    assert used(claude(*ask, "Who is this, and where?")) == (0, 14, 10_000)


@pytest.mark.parametrize(
    ("option", "ttl"), [('cache_control={"type":"ephemeral"}', "1h"), ("cache_control.type=ephemeral", "auto")]
)
def test_who_asks_for_the_cache_himself_is_left_alone(claude, big, option, ttl):
    """His mark is the only one."""
    body, said = body_of(claude, "--cache", ttl, "-v", "-O", option, "-f", big, "What?")
    assert body["cache_control"] == FIVE
    assert "cache_control" not in json.dumps(body["messages"])
    assert said == "claude-cli: caching is left to the request's own cache_control\n"


def test_a_fallback_is_marked_by_its_own_minimum(claude, simulate):
    """512 tokens for the one, 4,096 for the other: what is in the middle is marked for the one."""
    simulator = simulate({"model": "claude-sonnet-5-5", "status": 529, "times": "always"}, SAYS)
    claude("complete", "--cache", "1h", "--retry-for", "0", "--fallback-model", "claude-haiku-4-5", "x" * 4_000)
    sent = [request.json["messages"][0]["content"] for request in simulator.requests]
    assert sent == [[{"type": "text", "text": "x" * 4_000, "cache_control": HOUR}], "x" * 4_000]


def test_tools_take_no_mark_of_their_own(claude, simulate):
    """They come before everything else, so the marks behind them cover them."""
    simulate(SAYS)
    ask = ["complete", "--json", "--cache", "auto", "--web-search", "x" * 2_500]
    written = used(claude(*ask))
    assert written[1] > 1_354  # the provider's own words about tools, and the prompt
    assert used(claude(*ask)) == (0, 0, written[1])


@pytest.mark.parametrize("word", ["on", "5m", ""])
def test_a_word_that_is_none_is_refused(claude, word):
    """Before anything is sent."""
    claude("complete", "--cache", word, "hi").failed(2, "--cache", "choose auto, off or 1h")


def test_a_model_without_a_cache_is_asked_without(claude, big):
    """As the user's own list of models says of it; `--strict` refuses."""
    (claude.home / "models.toml").write_text("[models.small]\ncapabilities = { prompt_caching = false }\n")
    body, said = body_of(claude, "--cache", "auto", "-v", "-m", "small", "-f", big, "What?")
    assert "cache_control" not in json.dumps(body)
    assert said == "claude-cli: caching not asked for: small has no prompt cache\n"
    refused = claude("complete", "--cache", "auto", "--strict", "-m", "small", "-f", big, "What?")
    refused.failed(2, "small has no prompt cache", "--strict")


def test_a_marked_system_prompt_still_has_to_fit(claude, simulator):
    """It is a block now, and no shorter for it."""
    path = claude.folder / "system.txt"
    path.write_text("x" * 700_000)  # 206,000 tokens, for a window of 200,000
    done = claude("complete", "--cache", "auto", "-m", "claude-haiku-4-5", "--system-file", str(path), "hi")
    done.failed(2, "200,000")
    assert {request.path for request in simulator.requests} <= {"/v1/messages/count_tokens"}

"""What the API's free answer tells: models, time and limits; pure, but for one that hangs."""

from __future__ import annotations

from email.utils import formatdate

import pytest

from claude_cli.core.errors import AuthenticationError, ConnectionFailedError, ProtocolError, RateLimitError
from claude_cli.diagnose.api import Page, clock, limits, listed

NOW = 1_800_000_000.0
FLOODED = ("anthropic-ratelimit-x-limit", "anthropic-ratelimit-x-remaining")


def page(offset: float, took: float = 0.0) -> Page:
    """An answer of a server whose clock is `offset` seconds behind ours, which came after `took` seconds."""
    return Page(headers={"date": formatdate(NOW - offset, usegmt=True)}, asked_at=NOW, came_at=NOW + took)


@pytest.mark.parametrize(
    ("offset", "matters", "status", "words"),
    [
        pytest.param(0, True, "ok", "right", id="right"),
        pytest.param(1, True, "ok", "right", id="a Date has whole seconds"),
        pytest.param(31, True, "ok", "30 s fast", id="a little fast"),
        pytest.param(60, True, "ok", "59 s fast", id="just below"),
        pytest.param(61, True, "warn", "1 minute fast", id="a minute fast"),
        pytest.param(-60, True, "warn", "1 minute slow", id="a minute slow"),
        pytest.param(-299, True, "warn", "4 minutes slow", id="just below five minutes"),
        pytest.param(-300, True, "fail", "5 minutes slow", id="five minutes"),
        pytest.param(7300, True, "fail", "2 hours fast", id="hours"),
        pytest.param(7300, False, "warn", "2 hours fast", id="hours, where nothing is judged by it"),
        pytest.param(-9e7, False, "warn", "1,041 days slow", id="years"),
    ],
)
def test_the_clock(offset, matters, status, words):
    """It warns from a minute, and fails from five where certificates or budgets go by it."""
    found = clock(page(offset), dates_matter=matters)
    assert (found.status, found.exit_code) == (status, 2 if status == "fail" else 0) and words in found.detail
    assert bool(found.advice) is (status != "ok")


def test_a_slow_answer_is_no_wrong_clock():
    """The server may have written its Date at any moment between asking and the answer."""
    assert clock(page(-90, took=100), dates_matter=True).data["skew_s"] == 0
    assert clock(page(10, took=100), dates_matter=True).data["skew_s"] == 9


@pytest.mark.parametrize("date", ["", "soon", "Mon, 99 Nov 2026 00:00:00 GMT"])
def test_a_server_without_the_time(date):
    """Nothing is said of a clock that cannot be compared."""
    assert clock(Page(headers={"date": date}), dates_matter=True).status == "skipped"


@pytest.mark.parametrize(
    ("headers", "status", "words"),
    [
        pytest.param({}, "skipped", "not told", id="none"),
        pytest.param({"anthropic-ratelimit-requests-limit": "1000"}, "skipped", "not told", id="half of it"),
        pytest.param(
            {"anthropic-ratelimit-requests-limit": "1000", "anthropic-ratelimit-requests-remaining": "999"},
            "ok", "left: requests 999 of 1,000", id="left",
        ),
        pytest.param(
            {"anthropic-ratelimit-tokens-limit": "5000", "anthropic-ratelimit-tokens-remaining": "0"},
            "warn", "used up: tokens 0 of 5,000", id="used up",
        ),
        pytest.param(dict.fromkeys(FLOODED, "9" * 5000), "skipped", "", id="more digits than a number has"),
        pytest.param(
            {"anthropic-ratelimit-x-limit": "many", "anthropic-ratelimit-x-remaining": "few"}, "skipped", "", id="words"
        ),
    ],
)  # fmt: skip
def test_the_limits(headers, status, words):
    """What the headers say, and nothing where they say nothing."""
    found = limits(headers)
    assert found.status == status and words in found.detail


@pytest.mark.parametrize(
    ("error", "exit_code", "detail", "advice"),
    [
        pytest.param(AuthenticationError("no", status=401), 3, "the key from X is refused", "keys", id="401"),
        pytest.param(RateLimitError("Slow", retry_after_s=7), 5, "Slow", "try again in 7 s", id="429"),
        pytest.param(
            ProtocolError("the server answered with text/html, not with the Messages API; check the base URL (Hi)"),
            6, "text/html", "captive portal", id="a page of HTML",
        ),
        pytest.param(ProtocolError("no answer; check the base URL"), 6, "no answer", "check the base URL", id="no API"),
    ],
)  # fmt: skip
def test_what_to_do_about_an_answer(error, exit_code, detail, advice):
    """Each with its own."""
    found = listed(Page(error=error), source="X")
    assert (found.status, found.exit_code) == ("fail", exit_code)
    assert detail in found.detail and advice in found.advice


@pytest.mark.parametrize(
    ("source", "advice"),
    [
        pytest.param("ANTHROPIC_API_KEY", "correct or unset ANTHROPIC_API_KEY", id="variable"),
        pytest.param("key_command", "correct key_command", id="command"),
        pytest.param("the keyring", "claude-cli keys set", id="stored"),
    ],
)
def test_a_refused_key_is_mended_where_it_comes_from(source, advice):
    """To store another one helps nobody whose variable goes before it."""
    assert advice in listed(Page(error=AuthenticationError("no", status=401)), source=source).advice


def test_http_to_a_port_that_wants_tls():
    """It hangs up, or answers in TLS's own bytes: the cure is not to wait."""
    for error in (ConnectionFailedError("it broke"), ProtocolError("x:1 does not speak HTTP as it should: 15 03")):
        assert "https" in listed(Page(error=error), source="", plain=True).advice
        assert "https" not in listed(Page(error=error), source="").advice

"""What is left out of a conversation that has outgrown its window, and how a provider's refusal is understood."""

from __future__ import annotations

import pytest

from claude_cli.core.conversation import Turn
from claude_cli.core.errors import RequestRejectedError, ServerError
from claude_cli.core.messages import text_block
from claude_cli.core.overflow import Overflow, first_kept, overflow_of


def turns(roles: str) -> list[Turn]:
    """A branch: "u" and "a" for who speaks, "s" for a summary."""
    return [
        Turn(number, number - 1 or None, "assistant" if role == "a" else "user", (text_block("x"),),
             kind="summary" if role == "s" else "turn")
        for number, role in enumerate(roles, 1)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("roles", "weights", "most", "first"),
    [
        pytest.param("uauau", [9, 9, 9, 9, 9], 30, 2, id="the oldest exchange is enough"),
        pytest.param("uauau", [9, 9, 9, 9, 9], 10, 4, id="all but the last"),
        pytest.param("uauau", [9, 9, 9, 9, 99], 10, 4, id="the last one always stays"),
        pytest.param("uauau", [1, 1, 1, 1, 1], 99, 2, id="at least one goes, as it was refused"),
        pytest.param("uauuau", [9, 9, 9, 9, 9, 9], 40, 2, id="what is asked twice in a row is one question"),
        pytest.param("suaua", [9, 9, 9, 9, 9], 20, 3, id="a summary goes with what follows it"),
        pytest.param("uaua", [9, 9, 9, 9], 20, 2, id="an answer that is gone on with"),
        pytest.param("u", [99], 10, 0, id="a single question"),
        pytest.param("su", [9, 99], 10, 0, id="a question behind a summary"),
        pytest.param("ua", [9, 99], 10, 0, id="a single exchange"),
        pytest.param("", [], 10, 0, id="nothing"),
    ],
)
def test_the_oldest_exchanges_go_first(roles, weights, most, first):
    """Whole exchanges, and never the last: a request begins with the user's turn."""
    assert first_kept(turns(roles), weights, most) == first


@pytest.mark.parametrize(
    ("error", "found"),
    [
        pytest.param(RequestRejectedError("prompt is too long: 210000 tokens > 200000 maximum"),
                     Overflow(210_000, 200_000), id="as the API says it"),
        pytest.param(RequestRejectedError("Prompt is too long (210,000 tokens > 200,000)"), Overflow(210_000, 200_000),
                     id="in other words"),
        pytest.param(RequestRejectedError("prompt is too long"), Overflow(), id="without numbers"),
        pytest.param(RequestRejectedError("input length and `max_tokens` exceed context limit: 90000 + 64000 > 100000"),
                     Overflow(90_000, 36_000), id="together with the answer: what that leaves of the window"),
        pytest.param(RequestRejectedError("input length and `max_tokens` exceed context limit: 1000 + 9000 > 8000"),
                     Overflow(1_000), id="an answer that leaves nothing"),
        pytest.param(RequestRejectedError("max_tokens: 5 > 4"), None, id="another refusal"),
        pytest.param(ServerError("prompt is too long"), None, id="no refusal"),
        pytest.param(None, None, id="no error"),
    ],
)  # fmt: skip
def test_a_refusal_tells_how_long_the_prompt_is(error, found):
    """Matched loosely; the numbers where there are any."""
    assert overflow_of(error) == found

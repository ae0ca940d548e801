"""What a limit lets through: all of a call, a shorter answer, or nothing."""

from __future__ import annotations

import pytest

from claude_cli.core.budget import LEAST_OUTPUT_TOKENS, Plan, grant
from claude_cli.core.errors import BudgetReachedError

PLAN = Plan("m", input_tokens=1000, max_tokens=10_000, input_pico=2_000, token_pico=10)


@pytest.mark.parametrize(
    ("left", "granted"),
    [
        pytest.param(102_000, 10_000, id="exactly the worst case"),
        pytest.param(101_999, 9_999, id="one token less"),
        pytest.param(2_000 + 10 * LEAST_OUTPUT_TOKENS, LEAST_OUTPUT_TOKENS, id="the shortest answer worth having"),
    ],
)
def test_a_limit_shortens_the_answer_nobody_gave_a_length(left, granted):
    """The rest of the plan stays."""
    assert grant(PLAN, left, limit="the budget").max_tokens == granted


@pytest.mark.parametrize(
    ("plan", "left", "words"),
    [
        pytest.param(
            PLAN, 2_000 + 10 * LEAST_OUTPUT_TOKENS - 1, "too little for an answer", id="too short to be of use"
        ),
        pytest.param(PLAN, -5, "$0.00 of", id="spent already"),
        pytest.param(
            Plan("m", 1, 10_000, flexible=False, input_pico=0, token_pico=10), 99_999, "--max-tokens", id="named"
        ),
        pytest.param(Plan("local", 1, 10), 10**12, "has no price", id="unpriced"),
    ],
)
def test_a_limit_refuses(plan, left, words):
    """What does not fit is told before anything is sent."""
    with pytest.raises(BudgetReachedError, match=words.replace("$", r"\$")):
        grant(plan, left, limit="the budget")


def test_a_free_model_fits_every_budget():
    """A local server's model may cost nothing."""
    free = Plan("local", 1, 10, input_pico=0, token_pico=0)
    assert grant(free, 0, limit="the budget") is free

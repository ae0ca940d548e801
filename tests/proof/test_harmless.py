"""The sanitiser against hostile text by the ten thousand, and its cost."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from claude_cli.core.harmless import harmless

from ..hostile import changes, fed, hostile_text, unsafe

pytestmark = pytest.mark.proof


@pytest.mark.timeout(900)
@settings(max_examples=20_000)
@given(hostile_text, st.lists(st.integers(0, 5000), max_size=6), st.booleans())
def test_hostile_text_changes_nothing_but_text(text, borders, marks):
    """As in the suite, and far more often."""
    shown = harmless(text, marks=marks)
    assert fed(text, borders, marks=marks) == shown
    assert (harmless(shown, marks=marks), unsafe(shown)) == (shown, [])
    assert changes(shown) == (shown, set())


@pytest.mark.parametrize("piece", ["\x1b]0;" + "x" * 2000, "\x9d", "\x1b", "\r", "\u202e", "\x1b[31", "می\u200c"])
def test_the_cost_is_linear(piece):
    """Four times the text costs at most six times as much: no pattern looks back or ahead without a bound."""

    def seconds(length: int) -> float:
        text = piece * (length // len(piece))
        start = time.process_time()
        harmless(text)
        return time.process_time() - start

    seconds(10_000)
    assert min(seconds(800_000) for _ in range(3)) <= 6 * min(seconds(200_000) for _ in range(3))

"""The rule by which the service scales images down, and by which we do it first."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claude_cli.core.image_size import HIGH_TIER, Tier, image_tokens, useful_size

STANDARD = Tier(1568, 1568)
SIDES = st.integers(1, 20_000)


@pytest.mark.parametrize(
    ("given_size", "standard", "standard_tokens", "high", "high_tokens"),
    [
        pytest.param((200, 200), (200, 200), 64, (200, 200), 64, id="small"),
        pytest.param((1000, 1000), (1000, 1000), 1296, (1000, 1000), 1296, id="fits both"),
        pytest.param((1920, 1080), (1456, 819), 1560, (1920, 1080), 2691, id="full HD"),
        pytest.param((2000, 1500), (1270, 952), 1564, (2000, 1500), 3888, id="3 megapixels"),
        pytest.param((4000, 3000), (1270, 952), 1564, (2212, 1659), 4740, id="12 megapixels"),
        pytest.param((1075, 1520), (924, 1307), 1551, (1075, 1520), 2145, id="portrait"),
        pytest.param((8000, 100), (1568, 20), 56, (2576, 32), 184, id="a strip"),
    ],
)
def test_the_documented_examples(given_size, standard, standard_tokens, high, high_tokens):
    """The vectors of the API's documentation, and others computed by its rule."""
    assert useful_size(*given_size, STANDARD) == standard
    assert image_tokens(*given_size, STANDARD) == standard_tokens
    assert useful_size(*given_size, HIGH_TIER) == high
    assert image_tokens(*given_size, HIGH_TIER) == high_tokens


@pytest.mark.parametrize(
    ("given_size", "size"),
    [
        pytest.param((2001, 10), (2000, 10), id="just too wide"),
        pytest.param((10, 2001), (10, 2000), id="just too high"),
        pytest.param((4000, 3000), (2000, 1500), id="the side binds"),
        pytest.param((1999, 1999), (1932, 1932), id="the tokens bind"),
        pytest.param((640, 480), (640, 480), id="fits"),
    ],
)
def test_a_bound_on_the_sides_holds_beside_the_tier(given_size, size):
    """Among more than 20 images no side may be over 2,000 pixels."""
    assert useful_size(*given_size, HIGH_TIER, 2000) == size


@given(width=SIDES, height=SIDES, tier=st.sampled_from([STANDARD, HIGH_TIER]), most=st.sampled_from([None, 2000]))
def test_whatever_the_shape_the_largest_that_fits_is_found(width, height, tier, most):
    """It is never larger than the image, a pixel more on its long side would not fit, and to shrink again is idle."""
    small = useful_size(width, height, tier, most)
    bound = min(most or math.inf, max(width, height))

    def fits(across: int, down: int) -> bool:
        patches = [math.ceil(side / 28) for side in (across, down)]
        return max(patches) * 28 <= tier.edge_px and math.prod(patches) <= tier.max_tokens

    assert fits(*small) and max(small) <= bound
    assert useful_size(height, width, tier, most) == small[::-1]
    longer = max(small) + 1
    shorter = max(1, round(longer * min(width, height) / max(width, height)))
    assert longer > bound or not fits(longer, shorter)
    assert image_tokens(width, height, tier) <= tier.max_tokens

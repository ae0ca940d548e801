"""How large an image is of use to a model, and how many tokens it costs. Pure arithmetic; pixels are `media.py`'s.

The rule is the API's documentation's ("Vision", November 2026): an image is seen in patches of 28 pixels, a token
each, and one that is larger than its model's tier is scaled down by the service. Scaling it down before sending
saves bytes and time, not tokens.
"""

from __future__ import annotations

from dataclasses import dataclass

PATCH_PX = 28


@dataclass(frozen=True, slots=True)
class Tier:
    """What a model makes use of.

    Attributes:
        edge_px: the longest side, in pixels, whole patches counted.
        max_tokens: of one image.
    """

    edge_px: int
    max_tokens: int


HIGH_TIER = Tier(2576, 4784)
"""Models from Opus 4.7 on; also for one that is not known: an older model loses nothing by it."""


def useful_size(width: int, height: int, tier: Tier, max_side: int | None = None) -> tuple[int, int]:
    """The size in pixels to which an image of `width` x `height` should be scaled; the same where it is of use whole.

    Args:
        width, height: upright, at least 1.
        tier: the model's.
        max_side: a bound of the request on either side, in pixels.
    """
    if height > width:
        tall, narrow = useful_size(height, width, tier, max_side)
        return narrow, tall
    most = width if max_side is None else min(width, max_side)
    if _fits(most, _short_side(most, width, height), tier):
        return most, _short_side(most, width, height)
    # The largest long side that fits: `low` does, `high` does not.
    low, high = 1, most
    while high - low > 1:
        middle = (low + high) // 2
        if _fits(middle, _short_side(middle, width, height), tier):
            low = middle
        else:
            high = middle
    return low, _short_side(low, width, height)


def image_tokens(width: int, height: int, tier: Tier) -> int:
    """Tokens that an image costs, however large it is sent."""
    width, height = useful_size(width, height, tier)
    return _patches(width) * _patches(height)


def _fits(width: int, height: int, tier: Tier) -> bool:
    across, down = _patches(width), _patches(height)
    return max(across, down) * PATCH_PX <= tier.edge_px and across * down <= tier.max_tokens


def _short_side(long_side: int, width: int, height: int) -> int:
    return max(1, round(long_side * height / width))


def _patches(side_px: int) -> int:
    return -(-side_px // PATCH_PX)

"""Models that answer a request of the API's own form besides the one it names first: fallbacks, and tools' advisors.

Without a look at them a key that may ask one model could ask any, and a budget would set aside too little.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from ..core.budget import Plan

_OVERRIDES = ("model", "max_tokens", "speed")
"""What a fallback may have of its own, as far as its price depends on it."""


class Others(NamedTuple):
    """Models besides the first.

    Attributes:
        fallbacks: what each has in place of the request's own members.
        advisors: models that tools of the request ask.
        unnamed: some are not named: the API chooses them, or it is told in a way that is not known here.
    """

    fallbacks: tuple[Mapping[str, Any], ...] = ()
    advisors: tuple[str, ...] = ()
    unnamed: bool = False

    @property
    def named(self) -> tuple[str, ...]:
        """All that are named, as they are."""
        return (*(each["model"] for each in self.fallbacks), *self.advisors)


def other_models(fields: Mapping[str, Any]) -> Others:
    """The models that `fields`, the body of a request, has answer besides its `model`."""
    found, tools = fields.get("fallbacks"), fields.get("tools")
    entries: Sequence[Any] = found if isinstance(found, list) else []
    fallbacks = [each for each in entries if isinstance(each, dict) and isinstance(each.get("model"), str)]
    objects = [tool for tool in tools if isinstance(tool, dict)] if isinstance(tools, list) else []
    named = [tool["model"] for tool in objects if "model" in tool]
    advisors = [each for each in named if isinstance(each, str)]
    return Others(
        tuple({name: each[name] for name in _OVERRIDES if each.get(name) is not None} for each in fallbacks),
        tuple(advisors),
        unnamed=found not in (None, entries) or len(fallbacks) < len(entries) or len(advisors) < len(named),
    )


def dearest(plan: Plan, others: Others, plan_of: Callable[[Mapping[str, Any]], Plan]) -> Plan:
    """`plan`, that of the first model, as what the dearest of all may cost; without a price where nobody can say that.

    What an advisor is asked, and how often, only the model knows that asks it.

    Args:
        plan_of: the plan of the request with these members in place of its own.
    """
    if others.unnamed or others.advisors:
        return plan._replace(input_pico=None, token_pico=None)
    for each in map(plan_of, others.fallbacks):
        plan = plan._replace(
            input_tokens=max(plan.input_tokens, each.input_tokens),
            max_tokens=max(plan.max_tokens, each.max_tokens),
            input_pico=_larger(plan.input_pico, each.input_pico),
            token_pico=_larger(plan.token_pico, each.token_pico),
        )
    return plan


def _larger(one: int | None, other: int | None) -> int | None:
    return None if one is None or other is None else max(one, other)

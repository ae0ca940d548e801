"""What `complete` and `chat` make of the same flags: the parameters of a request, and how it is cached."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..asking.parameters import BOUNDS, CACHES, TIERS, TTLS, in_range, one_of, thinking_object
from ..context import Context
from ..core.messages import LLMOptions
from ..storage.settings import EFFORTS
from ._template import decided

if TYPE_CHECKING:
    from ..core.caching import Ttl
    from ..storage.templates import TemplateUse


def parameters(
    context: Context, use: TemplateUse | None, extra: dict[str, Any], *, max_tokens: int | None,
    stop: Sequence[str] | None, effort: str | None, thinking: str | None, show_thinking: bool,
    temperature: float | None, top_p: float | None, top_k: int | None, service_tier: str | None,
    beta: Sequence[str] | None,
) -> LLMOptions:  # fmt: skip
    """The parameters of the flags of these names; where one is not given, the template's, then the settings'.

    Args:
        use: the template in use.
        extra: further fields of the request.
    Raises:
        UsageError: a value is no such value.
    """
    check_ranges(max_tokens=max_tokens, temperature=temperature, top_p=top_p, top_k=top_k)
    return LLMOptions(
        max_tokens=max_tokens if max_tokens is not None else decided(use, "max_tokens") or context.settings.max_tokens or None,
        stop_sequences=tuple(stop or ()),
        temperature=temperature,
        top_p=top_p,
        top_k=top_k,
        thinking=thinking_object(thinking, show=show_thinking),
        effort=one_of(effort, EFFORTS, "--effort") or decided(use, "effort") or context.settings.effort or None,
        service_tier=one_of(service_tier, TIERS, "--service-tier"),
        betas=tuple(beta or ()),
        extra=extra,
    )  # fmt: skip


def check_ranges(**values: float | None) -> None:
    """Refuse numbers outside their flags' own bounds; what a model takes is `capabilities.py`'s matter.

    Raises:
        UsageError: names the flag and its range.
    """
    for name, value in values.items():
        in_range(value, *BOUNDS[name], "--" + name.replace("_", "-"))


def cache_ttl(choice: str) -> Ttl | None:
    """How long the provider keeps the prompt for `--cache`; None: not at all. Raises `UsageError`: no such choice."""
    return TTLS[one_of(choice, CACHES, "--cache") or "off"]


def fallbacks(names: str | None) -> list[str]:
    """The models of `--fallback-model`."""
    return [name.strip() for name in (names or "").split(",") if name.strip()]

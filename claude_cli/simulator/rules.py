"""The fields of a request, whatever the model: what is required, what else is known, and what is too much.

Order matters as it does at the service: the first broken rule is the answer. What depends on the model is in
`model_rules.py`, what depends on neighbouring messages in `conversation.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from . import blocks
from .errors import reject
from .shapes import (
    Check,
    anything,
    array,
    boolean,
    choice,
    integer,
    mapping,
    maybe,
    number,
    record,
    string,
    tagged,
    text_or,
)
from .structured import check_schema
from .tools import CHECK_TOOLS, TOOL_CHOICE, check_tools_together

SAMPLING: Mapping[str, Check] = {"temperature": number(0, 1), "top_p": number(0, 1), "top_k": integer(0)}

_DISPLAY: Mapping[str, Check] = {
    "display": choice("summarized", "omitted", "updates"),
    "block_binding": mapping,
}
THINKING = tagged(
    {
        "adaptive": record({}, _DISPLAY),
        "enabled": record({"budget_tokens": integer(1024)}, _DISPLAY),
        "disabled": record({}),
        "between_tools": record({}),
    }
)


def _json_schema(path: str, value: object) -> None:
    mapping(path, value)
    check_schema(path, value)


OUTPUT_CONFIG = record(
    {},
    {
        "effort": maybe(choice("low", "medium", "high", "xhigh", "max")),
        "format": maybe(tagged({"json_schema": record({"schema": _json_schema})})),
        "task_budget": mapping,
    },
)

SHARED: Mapping[str, Check] = {
    "system": text_or(array(blocks.blocks_of_role("system", "2026-10-21"))),
    "tools": CHECK_TOOLS,
    "tool_choice": TOOL_CHOICE,
    "thinking": THINKING,
    "output_config": OUTPUT_CONFIG,
    "cache_control": blocks.CACHE_CONTROL,
    "speed": maybe(choice("standard", "fast")),
}
"""Optional fields of both endpoints."""

MESSAGES_ONLY: Mapping[str, Check] = {
    "stop_sequences": array(string),
    "stream": boolean,
    "metadata": record({}, {"user_id": maybe(string)}),
    "service_tier": choice("auto", "standard_only"),
    "inference_geo": maybe(string),
    "container": maybe(text_or(mapping)),
    "diagnostics": maybe(record({}, {"previous_message_id": maybe(string)})),
}

BETA_FIELDS: Mapping[str, tuple[str, ...]] = {
    "context_management": ("context-management-2025-06-27", "compact-2026-01-12", "compact-2026-09-04"),
    "mcp_servers": ("mcp-client-2026-09-15",),
    "fallbacks": ("server-side-fallback-2026-07-01",),
    "fallback_credit_token": ("fallback-credit-2026-07-01",),
    "thread": ("message-threads-2026-08-12",),
    "compaction": ("compact-2026-01-12", "compact-2026-09-04"),
    "billing_policy": ("fallback-credit-2026-07-01",),
}
"""Fields that exist only where one of these betas is asked for."""


def check_body(body: Mapping[str, Any], *, version: str, betas: frozenset[str], counting: bool) -> None:
    """Raise `ApiError` 400 for a body that no model could take.

    Args:
        counting: whether it is for count_tokens, which knows fewer fields.
    """
    messages = array(partial(_message, version=version), maximum=100_000)
    required: dict[str, Check] = {"model": string, "messages": messages}
    optional = dict(SHARED)
    if not counting:
        required["max_tokens"] = integer(0)
        optional |= MESSAGES_ONLY
        if version == "2023-06-01":
            optional |= SAMPLING
    optional |= {name: anything for name, names in BETA_FIELDS.items() if betas.intersection(names)}
    record(required, optional)("", body)
    check_tools_together(body)
    _check_stop_sequences(body)
    if body.get("max_tokens") == 0:
        _check_prewarm(body)


def _message(path: str, value: object, *, version: str) -> None:
    blocks.check_message(path, value, version)


def _check_stop_sequences(body: Mapping[str, Any]) -> None:
    for sequence in body.get("stop_sequences") or ():
        if not sequence.strip():
            reject("stop_sequences", "each stop sequence must contain non-whitespace")


def _check_prewarm(body: Mapping[str, Any]) -> None:
    """`max_tokens` 0 only fills the cache, so nothing may be asked that needs an answer."""
    against = {
        "`stream`": body.get("stream"),
        '`thinking.type` "enabled"': (body.get("thinking") or {}).get("type") == "enabled",
        "`output_config.format`": (body.get("output_config") or {}).get("format"),
        "a forced `tool_choice`": (body.get("tool_choice") or {}).get("type") in ("any", "tool"),
    }
    for name, present in against.items():
        if present:
            reject("max_tokens", f"0 is not supported together with {name}")

"""What a model refuses that another takes: sampling, thinking, effort, forced tools, prefill, roles, limits.

The differences themselves are in the catalogue's data; here is only what follows from them.
"""

from __future__ import annotations

from itertools import chain

from .errors import reject
from .request import Call, blocks_of
from .server_tools import check_callers
from .tools import is_forced

HIGH_EFFORTS = ("xhigh", "max")


def check_for_model(call: Call) -> None:
    """Raise `ApiError` 400 for the first thing the model does not take."""
    for rule in RULES:
        rule(call)


def _output_cap(call: Call) -> None:
    cap = call.model.max_output_tokens
    if call.max_tokens > cap:
        reject(
            "max_tokens",
            f"{call.max_tokens} > {cap}, which is the maximum allowed number of output tokens for {call.model.id}",
        )


def _roles(call: Call) -> None:
    if call.model.can("mid_conversation_system"):
        return
    for index, message in enumerate(call.messages):
        if message["role"] == "system":
            reject(f"messages.{index}.role", "role 'system' is not supported on this model")


def _sampling(call: Call) -> None:
    """Only ever reached on the old version: the new one knows no such fields."""
    temperature, top_p, top_k = (call.body.get(name) for name in ("temperature", "top_p", "top_k"))
    if not call.model.capabilities.get("sampling_params"):
        for name, changed in (
            ("temperature", temperature not in (None, 1)),
            ("top_p", top_p not in (None, 1)),
            ("top_k", top_k is not None),
        ):
            if changed:
                reject("", f"`{name}` is deprecated for this model.")
    elif temperature is not None and top_p is not None:
        reject("", "`temperature` and `top_p` cannot both be specified for this model. Please use only one.")
    elif call.thinking != "disabled":
        _sampling_while_thinking(temperature, top_p, top_k)


def _sampling_while_thinking(temperature: float | None, top_p: float | None, top_k: int | None) -> None:
    if temperature not in (None, 1):
        reject("", "`temperature` may only be set to 1 when thinking is enabled.")
    if top_k is not None:
        reject("", "`top_k` must be unset when thinking is enabled.")
    if top_p is not None and top_p < 0.95:
        reject("", "`top_p` must be greater than or equal to 0.95 or unset when thinking is enabled.")


def _thinking(call: Call) -> None:
    sent = call.body.get("thinking")
    if not sent:
        return
    kind = sent["type"]
    if kind not in call.model.thinking_types:
        reject("", f'"thinking.type.{kind}" is not supported for this model.')
    if kind == "enabled" and sent["budget_tokens"] >= call.max_tokens and not call.counting:
        reject("", "`max_tokens` must be greater than `thinking.budget_tokens`.")
    if kind in ("disabled", "between_tools") and _effort_too_high(call):
        reject("", f"\"thinking.type.{kind}\" is not supported with effort '{call.effort}'; use 'high' or lower.")
    if sent.get("display") == "updates" and "thinking-display-updates-2026-08-18" not in call.betas:
        reject(f"thinking.{kind}.display", "Input should be 'summarized' or 'omitted'")


def _effort_too_high(call: Call) -> bool:
    return call.model.thinking.get("disable_max_effort") == "high" and call.effort in HIGH_EFFORTS


def _effort(call: Call) -> None:
    levels = call.model.effort_levels
    if call.effort is None:
        return
    if not levels:
        reject("", "This model does not support the effort parameter.")
    if call.effort not in levels:
        text = f"This model does not support effort level '{call.effort}'. Supported levels: {', '.join(levels)}."
        reject("", text)


def _forced_tool(call: Call) -> None:
    if not is_forced(call.body):
        return
    if not call.model.can("forced_tool_choice"):
        kind = call.body["tool_choice"]["type"]
        reject("", f"tool_choice.type: '{kind}' is not supported on this model. Use 'auto' or 'none'.")
    if call.thinking == "enabled":
        reject("", "Thinking may not be enabled when tool_choice forces tool use.")


def _prefill(call: Call) -> None:
    """An answer begun by the caller; a paused one that is to go on is none."""
    last = call.messages[-1]
    if last["role"] != "assistant" or call.continues:
        return
    if not call.model.can("assistant_prefill"):
        reject(
            "",
            "This model does not support assistant message prefill. The conversation must end with a user message.",
        )
    if call.thinking != "disabled":
        reject(f"messages.{len(call.messages) - 1}", "assistant message prefill is not supported while thinking is on")
    if call.output_format:
        reject("", "assistant message prefill is not supported with output_config.format")
    if last["content"]:
        block = blocks_of(last)[-1]
        if block["type"] == "text" and block["text"] != block["text"].rstrip():
            reject("messages", "final assistant content cannot end with trailing whitespace")


def _structured_output(call: Call) -> None:
    if not call.output_format:
        return
    for block in chain(chain.from_iterable(map(blocks_of, call.messages)), call.body.get("tools") or ()):
        citations = block.get("citations")
        if isinstance(citations, dict) and citations.get("enabled"):
            reject("", "citations are not supported with output_config.format")


def _speed_and_place(call: Call) -> None:
    if call.body.get("speed") == "fast" and not call.model.fast:
        reject("speed", "'fast' is not supported on this model")
    place = call.body.get("inference_geo")
    if place is None:
        return
    # Models of the 4.5 generation, the only ones with prefill, came before the choice of a place.
    if call.model.can("assistant_prefill"):
        reject("inference_geo", "not supported on this model")
    if place not in ("us", "global"):
        reject("inference_geo", "Input should be 'us' or 'global'")


RULES = (
    _output_cap,
    _roles,
    _sampling,
    _thinking,
    _effort,
    check_callers,
    _forced_tool,
    _prefill,
    _structured_output,
    _speed_and_place,
)

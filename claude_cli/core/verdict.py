"""What is wrong with an answer that has come to its end: refused, or cut."""

from __future__ import annotations

from .errors import BudgetReachedError, ClaudeError, RefusedError, TruncatedError
from .messages import Completion

_CUT = {
    "max_tokens": "the answer was cut at max_tokens; raise --max-tokens, or say --on-truncate continue",
    "model_context_window_exceeded": "the answer was cut: the context window is full; send less",
    "pause_turn": "the answer is not complete: the provider paused it too often",
}


def judge(
    done: Completion, on_truncate: str, *, lowered: bool = False, command: str = "`complete`"
) -> ClaudeError | None:
    """What is wrong with a whole answer: refused or cut; None where nothing is.

    Args:
        done: the answer.
        on_truncate: "ok" takes a cut answer for a whole one.
        lowered: a budget had lowered `max_tokens`.
        command: what asked and runs no tools, for messages.
    """
    if done.stop_reason == "refusal":
        details = done.stop_details or {}
        kind = f" ({details['category']})" if details.get("category") else ""
        why = f": {details['explanation']}" if details.get("explanation") else ""
        return RefusedError(f"the model declined to answer{kind}{why}", request_id=done.request_id)
    if done.stop_reason in _CUT and on_truncate != "ok":
        if lowered and done.stop_reason == "max_tokens":
            cut = BudgetReachedError("the answer was cut where the budget ended; raise the budget, or ask for less")
            cut.request_id = done.request_id
            return cut
        said = _CUT[done.stop_reason]
        if done.stop_reason == "max_tokens" and on_truncate == "continue":
            times = len(done.legs) - 1
            more = f", though it was continued {times} time{'s' * (times > 1)}" if times > 0 else ""
            said = f"the answer was cut at max_tokens{more}; raise --max-tokens"
        return TruncatedError(said, request_id=done.request_id)
    if done.stop_reason == "tool_use":
        names = ", ".join(str(block.get("name")) for block in done.content if block.get("type") == "tool_use")
        return TruncatedError(
            f"the answer is not complete: the model asked for a tool ({names}), and {command} runs none",
            code="tool_use",
            request_id=done.request_id,
        )
    return None

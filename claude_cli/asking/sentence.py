"""A failure in one sentence: what happened and what to do about it."""

from __future__ import annotations

from ..core.errors import BillingError, ClaudeError, ProviderError, StreamInterruptedError

_ADVICE = {
    "authentication": "check the key; `claude-cli health` says where it comes from",
    "permission": "use a key that may, or ask who manages the account",
    "billing": "see https://console.anthropic.com/settings/billing",
    "invalid_request": "-n shows the request",
    "request_too_large": "send less",
    "rate_limit": "try again later",
    "overloaded": "try again later, or name other models with --fallback-model",
    "server_error": "try again later",
    "timeout": "try again later",
    "stream_interrupted": "what came is printed; ask again for the whole",
}


def sentence(error: ClaudeError) -> str:
    """What happened, what to do about it, and the request's id where there is one."""
    text = str(error)
    advice = _ADVICE.get(error.code, "") if isinstance(error, ProviderError) and error.status else ""
    if error.advice is not None:
        advice = error.advice
    if isinstance(error, StreamInterruptedError):
        advice = _ADVICE[error.code] if error.partial else "no text had come; ask again"
        if error.withheld:
            advice = "nothing is printed, for no code block had come and -x prints nothing else; ask again"
    if error.partial_file:
        advice = f"what came is in {error.partial_file}"
    if error.retry_after_s and not isinstance(error, BillingError):
        advice = f"try again in {error.retry_after_s:,.0f} s"
    text = f"{text.rstrip('.')}; {advice}" if advice else text
    return f"{text} (request {error.request_id})" if error.request_id else text

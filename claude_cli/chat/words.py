"""What a failed call means in a chat: the error's own words, and the slash command that helps."""

from __future__ import annotations

from ..asking.sentence import sentence
from ..core.errors import ClaudeError, StreamInterruptedError, TruncatedError
from ..core.redact import redact

_ADVICE = {
    "authentication": "set another key with `claude-cli keys set` in another terminal, then send it again",
    "no_key": "send it again when there is one",
    "permission": "/model asks another; Enter sends it again",
    "billing": "see https://console.anthropic.com/settings/billing, then send it again",
    "not_found": "/model names another",
    "invalid_request": "change your message, or /undo takes it back",
    "request_too_large": "send less",
    "rate_limit": "Enter sends it again",
    "overloaded": "Enter sends it again, /model asks another",
    "breaker_open": "Enter sends it again",
    "server_error": "Enter sends it again",
    "timeout": "Enter sends it again",
    "connection": "Enter sends it again",
    "protocol": "Enter sends it again",
    "budget": "/model chooses a cheaper one",
    "refused": "this message is not sent again, /edit asks otherwise",
}
_CUT = {
    "max_tokens": "the answer was cut at max_tokens; /continue goes on, /set max_tokens allows more",
    "model_context_window_exceeded": "the answer was cut: the window is full; /continue goes on, /compact sums up",
    "tool_use": "the answer is not complete: the model asked for a tool, and a chat runs none; /retry asks again",
    "pause_turn": "the answer is not complete: the provider paused it too often; /retry asks again",
}


def said(error: ClaudeError, stop_reason: str | None = None) -> str:
    """`error` in one line, without keys.

    Args:
        stop_reason: why the answer ended, where one came.
    """
    if isinstance(error, TruncatedError) and stop_reason in _CUT:
        return _CUT[stop_reason]
    if isinstance(error, StreamInterruptedError):
        way = "/continue goes on where it stopped, /retry asks again" if error.partial else "/retry asks again"
        return redact(_with(str(error), way, error.request_id))
    if error.advice is None and error.code in _ADVICE:
        error.advice = _ADVICE[error.code]
    return redact(sentence(error))


def _with(words: str, advice: str, request_id: str | None) -> str:
    return f"{words.rstrip('.')}; {advice}" + (f" (request {request_id})" if request_id else "")

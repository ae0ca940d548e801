"""What a failed call means in a chat: the error's own words, and what helps of all that can be done there."""

from __future__ import annotations

from typing import Literal

from ..asking.sentence import sentence
from ..core.capability_rules import TooManyImagesError
from ..core.errors import ClaudeError, StreamInterruptedError, TruncatedError
from ..core.redact import redact

Doing = Literal["message", "retry", "continue", "compact"]
"""What was tried: after the first two a message stands in the prompt, after the others nothing does."""
_AGAIN: dict[Doing, str] = {
    "message": "Enter sends it again",
    "retry": "Enter sends it again",
    "continue": "/continue tries again",
    "compact": "/compact tries again",
}
_ADVICE = {
    "authentication": "set another key with `claude-cli keys set` in another terminal, then {again}",
    "no_key": "when there is one, {again}",
    "permission": "/model asks another; {again}",
    "billing": "see https://console.anthropic.com/settings/billing, then {again}",
    "not_found": "/model names another",
    "invalid_request": "change your message, or /undo takes it back",
    "request_too_large": "send less",
    "rate_limit": "{again}",
    "overloaded": "{again}, /model asks another",
    "breaker_open": "{again}",
    "server_error": "{again}",
    "timeout": "{again}",
    "connection": "{again}",
    "protocol": "{again}",
    "budget": "/model chooses a cheaper one",
    "refused": "this message is not sent again, /edit asks otherwise",
}
_OTHER_ADVICE: dict[tuple[Doing, str], str] = {
    ("continue", "invalid_request"): "/retry asks from the start",
    ("continue", "request_too_large"): "/compact sums up what was said before",
    ("compact", "invalid_request"): "/new begins another conversation",
    ("compact", "request_too_large"): "/new begins another conversation",
    ("compact", "usage"): "/new begins another conversation",
    ("compact", "refused"): "nothing has been changed; {again}",
}
_FULL = "model_context_window_exceeded"
_CUT = {
    "max_tokens": "the answer was cut at max_tokens",
    _FULL: "the answer was cut: the window is full",
    "tool_use": "the answer is not complete: the model asked for a tool, and a chat runs none; /retry asks again",
    "pause_turn": "the answer is not complete: the provider paused it too often; /retry asks again",
}
_MORE = {"max_tokens": "/set max_tokens allows more", _FULL: "/compact sums up"}


def said(
    error: ClaudeError, doing: Doing, *, reason: str | None = None, can_go_on: bool = False, images: int = 0
) -> str:
    """`error` in one line, without keys.

    Args:
        doing: what has failed.
        reason: why the answer ended, where one came.
        can_go_on: there are words that /continue can go on from.
        images: in the messages before the last one.
    """
    if isinstance(error, TruncatedError) and reason in _CUT and doing != "compact":
        way = "/continue goes on" if can_go_on else "no words had come, /retry asks again"
        return "; ".join((_CUT[reason], f"{way}, {_MORE[reason]}")) if reason in _MORE else _CUT[reason]
    if isinstance(error, StreamInterruptedError):
        way = "/continue goes on where it stopped, /retry asks again" if can_go_on else "/retry asks again"
        return redact(_with(str(error), _AGAIN[doing] if doing == "compact" else way, error.request_id))
    if isinstance(error, TooManyImagesError) and images:
        way = _OTHER_ADVICE.get((doing, error.code), "/compact sums those up, /new begins another conversation")
        return _with(str(error), f"{images:,} of them are in earlier messages: {way}", None)
    advice = _OTHER_ADVICE.get((doing, error.code)) or _ADVICE.get(error.code)
    if advice:
        error.advice = advice.format(again=_AGAIN[doing])
    return redact(sentence(error))


def _with(words: str, advice: str, request_id: str | None) -> str:
    return f"{words.rstrip('.')}; {advice}" + (f" (request {request_id})" if request_id else "")

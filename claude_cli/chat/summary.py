"""A conversation summed up by its model: what is asked for that, and what comes of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from ..asking.run import Asked, Run
from ..core.errors import UsageError
from ..core.overflow import NEARLY_FULL, first_kept
from .caller import Caller, Question

SUM_UP = (
    "Sum up our conversation so far, so that it can go on from your summary alone: what I want and why, what was found"
    " out and decided, names, figures, code and texts that are still needed, and what is open. Write only the summary,"
    " in the language of the conversation."
)


def summed_up(caller: Caller, asked: Asked, question: Question, tell: Callable[[str, str], None]) -> Run:
    """The call that wrote the summary of `question`'s turns, whole; keeping it is the caller's matter.

    Args:
        tell: is given a code and words where the oldest turns had to be left out.
    Raises:
        ClaudeError: there is none.
    """
    if not any(turn.role == "assistant" for turn in question.turns):
        raise UsageError("there is nothing to sum up yet")
    question = replace(_shortened(caller, question, tell), wish=SUM_UP)
    run, error = caller.call(replace(asked, on_truncate="fail"), question, None)
    if error or not run.call.text.strip():
        raise error or UsageError("the model wrote no summary; nothing has been changed")
    return run


def _shortened(caller: Caller, question: Question, tell: Callable[[str, str], None]) -> Question:
    """A request for a summary without the oldest turns, where all of them would leave no room for it."""
    tokens = caller.window.tokens(question.plain, question.turns, question.known)
    if tokens <= NEARLY_FULL * (question.window or tokens * 2):
        return question
    weights = caller.window.weights(question.plain, question.turns, question.known, tokens)
    first = first_kept(question.turns, weights, round(NEARLY_FULL * question.window))
    if first:
        tell("trimmed", f"the oldest {first} messages are not in the summary: the window is too small for all")
    return replace(question, turns=question.turns[first:])

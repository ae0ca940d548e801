"""What is shown of a conversation that is gone on with: its title, and how its last exchange ends. Pure."""

from __future__ import annotations

from ..core.conversation import Conversation
from ..core.harmless import harmless
from ..terminal.columns import cut
from ..terminal.tree import numbers

PROMPT_LINES, ANSWER_LINES = 2, 6
"""What is shown of the last message and of the end of its answer, in lines."""
UNTITLED = "untitled"
_LOOKED_AT = 20_000
"""Characters of a text that are looked at: more never fit."""


def recap(conversation: Conversation, columns: int, *, opened: bool = True) -> list[str]:
    """Lines for a terminal of `columns`, harmless: enough to know again where one was; none of an empty one.

    Where it has just been `opened`, they also say that its newest message is on another branch.
    """
    path, newer = conversation.path, conversation.elsewhere if opened else None
    if not path and not newer:
        return []
    said = "1 message" if len(path) == 1 else f"{len(path):,} messages"
    lines = [_fitted(f"{' '.join(harmless(conversation.title).split()) or UNTITLED} · {said}", columns)]
    last = next((turn for turn in reversed(path) if turn.role == "user"), None)
    if last is not None and last is not conversation.unanswered:
        asked = _lines(f"{'(summary)' if last.kind == 'summary' else '>'} {last.text[:_LOOKED_AT]}")
        lines += [*(_fitted(line, columns) for line in asked[:PROMPT_LINES]), *["…"] * (len(asked) > PROMPT_LINES)]
    if path and path[-1].role == "assistant":
        answered = _lines(path[-1].text[-_LOOKED_AT:])
        lines += [
            *["…"] * (len(answered) > ANSWER_LINES),
            *(_fitted(line, columns) for line in answered[-ANSWER_LINES:]),
        ]
    if newer:
        lines.append(f"newer messages are on another branch: /tree {numbers(conversation)[newer.id]} goes there")
    return lines  # fmt: skip


def _lines(text: str) -> list[str]:
    """The lines that say something."""
    return [line for line in harmless(text).splitlines() if line.strip()]


def _fitted(line: str, columns: int) -> str:
    return cut(line[: 2 * columns], columns - 1)

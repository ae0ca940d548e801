"""The slash commands that move in the tree of a conversation, or make a branch of it: nothing is ever lost by one."""

from __future__ import annotations

from collections.abc import Mapping

from ..core.conversation import Turn
from ..core.errors import UsageError
from ..core.harmless import one_line
from ..terminal.draft import Draft
from ..terminal.tree import numbers, tree
from .drafts import draft_of
from .recap import recap
from .session import Result
from .slash import Doing, Handler, NothingThereError, Outcome

_QUOTED = 40


def edit(doing: Doing) -> Outcome:
    """Put a message of the user's into the prompt, and go before it, so that sending it begins a branch.

    Only that is kept: who changes their mind and leaves comes back to where they were.
    """
    conversation = doing.session.conversation
    prompts = conversation.prompts
    if not prompts:
        raise NothingThereError("there is no message to edit yet")
    number = number_in(doing.rest, len(prompts), "message") if doing.rest else len(prompts)
    turn, back = prompts[number - 1], conversation.head
    doing.session.move(turn.parent, keep=False)
    doing.say(f"editing message {number} of {len(prompts)}: sending it begins another branch; {_way_back(doing, back)}")
    return Outcome(draft_of(turn))


def undo(doing: Doing) -> Outcome:
    """Go back before the user's last message."""
    conversation = doing.session.conversation
    prompts = conversation.prompts
    if not prompts:
        raise NothingThereError("there is nothing to undo")
    turn, back = prompts[-1], conversation.head
    doing.session.move(turn.parent)
    doing.say(
        f"back before “{_words(turn)}”; {_way_back(doing, back)}", *recap(conversation, doing.width, opened=False)
    )
    return Outcome()


def draw(doing: Doing) -> Outcome:
    """Draw the tree, or go to a turn of it; a question is gone to with its newest answer."""
    conversation = doing.session.conversation
    if not conversation.turns:
        raise NothingThereError("nothing has been said yet")
    if not doing.rest:
        lines = tree(conversation, doing.width, blocks=doing.blocks)
        doing.say(*lines, "/tree NUMBER goes there")
        return Outcome()
    wanted = number_in(doing.rest, len(conversation.turns), "message")
    turn = next(conversation.turns[id_] for id_, number in numbers(conversation).items() if number == wanted)
    if turn.role == "user" and turn.kind == "turn":
        turn = max(conversation.children(turn.id), key=lambda child: child.id, default=turn)
    doing.session.move(turn.id)
    doing.say(*recap(conversation, doing.width, opened=False))
    return Outcome(unanswered(doing))


def retry(doing: Doing) -> Outcome:
    """Ask the last message again."""
    if not doing.session.conversation.prompts:
        raise NothingThereError("there is no message to send again")
    model = None
    if doing.rest:
        from .slash_asking import model_named

        model = model_named(doing, doing.rest)
    return asked(doing, doing.session.retry(model))


def go_on(doing: Doing) -> Outcome:
    """Let the last answer go on where it was cut or stopped."""
    path = doing.session.conversation.path
    if not path or path[-1].role != "assistant":
        raise NothingThereError("there is no answer to go on with; /retry asks the last message again")
    if not path[-1].is_partial:
        raise NothingThereError("the last answer is whole; ask for more in a message")
    return asked(doing, doing.session.go_on())


def compact(doing: Doing) -> Outcome:
    """Have the conversation summed up."""
    if not doing.session.conversation.answers:
        raise NothingThereError("there is nothing to sum up yet")
    return asked(doing, doing.session.compact())


def asked(doing: Doing, result: Result) -> Outcome:
    """What is left after a question: what has not been answered stands in the prompt again."""
    return Outcome(unanswered(doing), result)


def unanswered(doing: Doing) -> Draft:
    """The message at the head as a draft, where nothing has answered it; else an empty one."""
    turn = doing.session.conversation.unanswered
    return draft_of(turn) if turn else Draft()


def number_in(word: str, most: int, what: str) -> int:
    """The number that `word` is, of 1 to `most`. Raises `UsageError`: it is none of them."""
    if not (word.isascii() and word.isdecimal()) or not 1 <= int(word[:9]) <= most:
        there = "there is 1" if most == 1 else f"they go from 1 to {most:,}"
        raise UsageError(f"there is no {what} {one_line(word, _QUOTED)}: {there}")
    return int(word)


def _way_back(doing: Doing, head: int | None) -> str:
    """How to come back to `head`."""
    number = numbers(doing.session.conversation)[head] if head is not None else 0
    return f"/tree {number} goes back"


def _words(turn: Turn) -> str:
    return one_line(turn.text, _QUOTED) or "a message without words"


HANDLERS: Mapping[str, Handler] = {
    "edit": edit,
    "undo": undo,
    "tree": draw,
    "retry": retry,
    "continue": go_on,
    "compact": compact,
}

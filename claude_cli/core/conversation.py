"""A conversation: the tree of its turns, which only grows, and what of it is sent next. Pure; keeping it is storage's.

A turn knows its parent. To edit, to retry or to undo begins another branch; nothing is lost by it. What is on the way
from the first turn to the `head` is the conversation as its user sees it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from .messages import Block, Message, Usage, text_block, text_of

Kind = Literal["turn", "summary"]
State = Literal["whole", "open", "interrupted", "cut", "refused"]
"""How an answer stands: `open` while it comes, or where the program was killed meanwhile; `interrupted` by its reader
or the network; `cut` at max_tokens or a full window, by the provider; `refused` by the model."""
THINKING = ("thinking", "redacted_thinking")
SUMMARY_OPENING = "This is a summary of the conversation so far:\n\n"


@dataclass(frozen=True, slots=True)
class Turn:
    """What one side said.

    Attributes:
        id: when it began, in microseconds of Unix time, or the next number that is free: later turns have higher ones.
        parent: the turn before; None for the first of a branch that starts anew.
        role: who speaks.
        content: the raw blocks, as they were sent or came.
        state: of an answer; a user's turn is whole.
        kind: "summary" stands for all turns before it, and is the user's.
        model: that answered.
        usage, cost_pico: of an answer; None: not known, not priced.
        estimated: both are reckoned, as the answer was stopped.
        stop_reason, request_id: of an answer, as the API has them.
        bound: what the answer's thinking is bound to, see `binding`.
    """

    id: int
    parent: int | None
    role: Literal["user", "assistant"]
    content: tuple[Block, ...]
    state: State = "whole"
    kind: Kind = "turn"
    model: str = ""
    usage: Usage | None = None
    cost_pico: int | None = None
    estimated: bool = False
    stop_reason: str | None = None
    request_id: str | None = None
    bound: str = ""

    @property
    def text(self) -> str:
        """All its text blocks, joined."""
        return text_of(self.content)

    @property
    def is_partial(self) -> bool:
        """Whether the answer has no end, so that it can be gone on with."""
        return self.role == "assistant" and self.state in ("open", "interrupted", "cut")


@dataclass(slots=True)
class Conversation:
    """The turns of one conversation, and where its user stands.

    Attributes:
        id: its name in the store, made by `new_id` there.
        title: what people call it; "": nobody has named it.
        model, system: as it was last asked; "": not said.
        turns: all there are, by id, oldest first.
        head: the last turn of the branch in use; None: none has begun.
        first_sent: the turn on that branch from which on turns are sent, where older ones were trimmed.
        simulated: the simulator answers in it.
    """

    id: str
    title: str = ""
    model: str = ""
    system: str = ""
    turns: dict[int, Turn] = field(default_factory=dict)
    head: int | None = None
    first_sent: int | None = None
    simulated: bool = False

    @property
    def path(self) -> list[Turn]:
        """The branch in use, oldest turn first."""
        return self.path_to(self.head)

    def path_to(self, leaf: int | None) -> list[Turn]:
        """The turns from the first one to `leaf`."""
        found: list[Turn] = []
        while leaf is not None:
            turn = self.turns[leaf]
            found.append(turn)
            leaf = turn.parent
        return found[::-1]

    def children(self, parent: int | None) -> list[Turn]:
        """The turns that follow `parent`, oldest first; of None, those that begin a branch."""
        return [turn for turn in self.turns.values() if turn.parent == parent]

    @property
    def leaves(self) -> list[Turn]:
        """The last turn of each branch, oldest first."""
        parents = {turn.parent for turn in self.turns.values()}
        return [turn for turn in self.turns.values() if turn.id not in parents]

    def add(self, turn: Turn) -> None:
        """Put `turn` behind its parent, or in the place of the same turn, and go there."""
        self.turns[turn.id] = turn
        self.head = turn.id

    @property
    def elsewhere(self) -> Turn | None:
        """The newest turn, where it is not on the branch in use."""
        newest = max(self.turns, default=None)
        return None if newest is None or any(turn.id == newest for turn in self.path) else self.turns[newest]

    @property
    def prompts(self) -> list[Turn]:
        """What the user said on the branch in use, as `/edit n` counts it from 1."""
        return [turn for turn in self.path if turn.role == "user" and turn.kind == "turn"]

    @property
    def answers(self) -> list[Turn]:
        """What was answered on the branch in use, as `/copy n` counts it from 1."""
        return [turn for turn in self.path if turn.role == "assistant"]

    @property
    def unanswered(self) -> Turn | None:
        """The user's turn at the head, if nothing has answered it."""
        last = self.turns.get(self.head) if self.head is not None else None
        return last if last and last.role == "user" and last.kind == "turn" else None

    @property
    def sent(self) -> list[Turn]:
        """The turns of the branch in use that the next request is made of.

        Not those before a summary or before `first_sent`, nor any that was refused together with its question.
        """
        path = self.path
        start = max((number for number, turn in enumerate(path) if turn.kind == "summary"), default=0)
        start = next(
            (number for number, turn in enumerate(path) if turn.id == self.first_sent and number > start), start
        )
        kept: list[Turn] = []
        for turn in path[start:]:
            if turn.state != "refused":
                kept.append(turn)
            elif kept and kept[-1].id == turn.parent and kept[-1].kind == "turn":
                kept.pop()
        return kept


def messages_of(
    turns: Iterable[Turn], model: str, system: str, tools: Sequence[Mapping[str, Any]] = ()
) -> list[Message]:
    """`turns` as messages of a request, the first one the user's; what says nothing is left out.

    Thinking goes back unchanged where every block of it stands behind what it is bound to; else none does. Of an answer
    without an end only the words go back: half a block of any other kind would be refused.

    Args:
        model: the id of the one that is asked.
        system, tools: that go with it.
    """
    turns = list(turns)
    bound = all(turn.bound == mark for turn, mark in _bindings(turns, model, system, tools))
    contents = ((turn, _content(turn, thinking=bound)) for turn in turns)
    found = [Message(turn.role, content) for turn, content in contents if content]
    start = next((number for number, message in enumerate(found) if message.role == "user"), len(found))
    return found[start:]


def without_thinking(messages: Iterable[Message]) -> tuple[Message, ...]:
    """`messages` without any thinking, for the one time that its signatures are refused."""
    stripped = (
        (each, tuple(block for block in each.content if block.get("type") not in THINKING)) for each in messages
    )
    return tuple(replace(each, content=content) for each, content in stripped if content)


def binding(before: Iterable[Turn], model: str, system: str, tools: Sequence[Mapping[str, Any]] = ()) -> str:
    """A mark of all that the thinking of an answer is bound to: model, system prompt, tools, and what was said before.

    What the turns say counts, not which they are: a copy of a conversation, too, can go on with its thinking.
    """
    mark = _mark(model, system, tools)
    for turn in before:
        _add(mark, turn)
    return _word(mark)


def _bindings(
    turns: Iterable[Turn], model: str, system: str, tools: Sequence[Mapping[str, Any]]
) -> Iterator[tuple[Turn, str]]:
    """Each turn whose thinking could be sent, with the mark that it has to have."""
    mark = _mark(model, system, tools)
    for turn in turns:
        if not turn.is_partial and any(block.get("type") in THINKING for block in turn.content):
            yield turn, _word(mark)
        _add(mark, turn)


def _mark(model: str, system: str, tools: Sequence[Mapping[str, Any]]) -> hashlib._Hash:
    return hashlib.sha256(json.dumps([model, system, list(tools)], sort_keys=True).encode())


def _add(mark: hashlib._Hash, turn: Turn) -> None:
    if content := _content(turn, thinking=True):
        mark.update(json.dumps([turn.role, content]).encode())


def _word(mark: hashlib._Hash) -> str:
    return mark.hexdigest()[:24]


def _content(turn: Turn, *, thinking: bool) -> tuple[Block, ...]:
    """What of a turn is sent; the API refuses a text in which there is nothing."""
    if turn.kind == "summary":
        return (text_block(SUMMARY_OPENING + turn.text),)
    said = (block for block in turn.content if block.get("type") != "text" or _has_words(block))
    if turn.is_partial:
        # Without what it cites: that came in a block which stays behind.
        return tuple(text_block(block["text"]) for block in said if block.get("type") == "text")
    return tuple(block for block in said if thinking or block.get("type") not in THINKING)


def _has_words(block: Block) -> bool:
    text = block.get("text")
    return isinstance(text, str) and bool(text.strip())

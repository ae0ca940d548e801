"""Keeps one exchange after the other as it happens: the question before it is sent, the answer while it comes."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

from ..core.continuation import joined, total
from ..core.conversation import Conversation, Kind, State, Turn
from ..core.events import Event, Fold
from ..core.messages import Block, Completion, Notice
from ..core.threads import start_unsignalled

if TYPE_CHECKING:
    from ..core.budget import Record
    from ..storage.conversations import History, Stored

INTERVAL_S = 0.5
"""How long words of an answer are in memory alone, in seconds."""
_ENDS: dict[str | None, State] = {
    None: "interrupted",
    "refusal": "refused",
    "max_tokens": "cut",
    "model_context_window_exceeded": "cut",
    "pause_turn": "cut",
    "tool_use": "cut",  # nobody runs the tool, and without its result only the words may go back
}


def state_of(done: Completion) -> State:
    """How an answer stands, by the reason of its end; None: it has none."""
    return _ENDS.get(done.stop_reason, "whole")


class Keeper:
    """Keeps what is said in one conversation. Use it as `asked`, `answering`, `heard` …, `answered`.

    Nothing here raises for want of storage: that is said at once, the conversation goes on in memory, and it is tried
    to keep all of it at the end of the answer and with the next question; where only a lock was in the way, all along.

    Attributes:
        saved: whether all that was said is on disk.
    """

    def __init__(
        self, history: History | None, conversation: Conversation, *, notify: Callable[[Notice], None],
        way_out: str = "", interval_s: float = INTERVAL_S, clock: Callable[[], float] = time.time,
    ) -> None:  # fmt: skip
        """Keep `conversation` in `history`.

        Args:
            history: None: it stays in memory.
            notify: is told when it cannot be kept, when it can be again, and when it has branched.
            way_out: what a user can do who cannot save: "; /export writes it to a file".
            interval_s: after so many seconds at most what came is on disk.
            clock: Unix time.
        """
        self.history, self.conversation, self.interval_s = history, conversation, interval_s
        self.saved = history is not None
        self._notify, self._way_out, self._clock = notify, way_out, clock
        self._under_way: _Answer | None = None
        self._locked = False  # why it is not saved
        self._title, self._moved = conversation.title, False  # as it is on disk; where its user stands is not there yet

    def asked(self, content: tuple[Block, ...]) -> Turn:
        """Keep what the user asks; on return it is on disk. Content that waits for an answer already is that turn."""
        self.leave()
        self._catch_up()
        waiting = self.conversation.unanswered
        if waiting and waiting.content == content:
            return waiting
        return self.add("user", content, parent=waiting.parent if waiting else self.conversation.head)

    def add(
        self, role: Literal["user", "assistant"], content: tuple[Block, ...], *, parent: int | None,
        kind: Kind = "turn", **more: Any,
    ) -> Turn:  # fmt: skip
        """Keep another turn behind `parent` and go there; `more` are members of it."""
        return self._append(Turn(self.free_id(), parent, role, content, kind=kind, **more))

    def note(self, *, moved: bool = False) -> None:
        """Keep how the conversation is asked, once anything is kept.

        Also what it is called, and with `moved` where its user stands: what was not changed here, another terminal may
        have changed.
        """
        self._moved = self._moved or moved
        if self.conversation.turns:
            how = {"rename": self._is_renamed, "move": self._moved}
            self._do(lambda history: history.note(self.conversation, **how))
            self._noted()

    def answering(self, bound: Callable[[str], str], half: Turn | None = None, *, trimmed: bool = False) -> None:
        """An answer to the turn at the head begins, or goes on.

        Args:
            bound: makes the mark of what its thinking is bound to, of the id of the model that answers.
            half: the answer so far, which it goes on with.
            trimmed: of that, blanks at the end have not been sent.
        """
        self.leave()
        self._under_way = _Answer(self, bound, half, trimmed=trimmed)
        self._under_way.start()

    def heard(self, events: Sequence[Event]) -> None:
        """More of the answer came."""
        if self._under_way:
            self._under_way.heard(events)

    def unbound(self) -> None:
        """Thinking that was sent has been refused: none of it is bound to anything any more, nor is this answer's."""
        turns = self.conversation.turns
        turns.update({turn.id: replace(turn, bound="") for turn in turns.values() if turn.bound})
        if self._under_way:
            self._under_way.bound = lambda model: ""

    def answered(self, done: Completion, model: str, record: Record | None = None) -> Turn | None:
        """The answer is over, well or not; returns its turn, None where nothing of one came.

        Args:
            done: all that came.
            model: the id that was asked last.
            record: what it cost; None: nobody has kept count.
        """
        answer, self._under_way = self._under_way, None
        turn = answer.end(done, model, record) if answer else None
        ids = self._catch_up()
        return turn and self.conversation.turns[ids.get(turn.id, turn.id)]

    def leave(self) -> None:
        """See to it that nothing is under way: what was is kept as interrupted, and all is tried to be kept."""
        if self._under_way:
            self.answered(self._under_way.completion(), "")

    def close(self) -> None:
        """Leave for good."""
        self.leave()
        self._catch_up()

    # ------------------------------------------------------------------------------------------- on disk
    def put(self, turn: Turn) -> Turn:
        """Keep `turn` of the answer under way: as a new one, or in the place of what there is of it."""
        if turn.id not in self.conversation.turns:
            return self._append(turn)
        return self._take(turn, self._do(lambda history: history.update(self.conversation, turn)))

    def try_again(self) -> dict[int | None, int]:
        """Try to keep all where another process was in the way; returns the new ids of turns that had to get one."""
        return self._catch_up() if self._locked else {}

    def _append(self, turn: Turn) -> Turn:
        return self._take(turn, self._do(lambda history: history.append(self.conversation, turn)))

    def _take(self, turn: Turn, stored: Stored | None) -> Turn:
        """Have `turn` in memory as it is `stored`; None: it could not be kept."""
        kept = stored.turn if stored else turn
        if kept.id != turn.id:
            self.conversation.turns.pop(turn.id, None)  # that is another's by now, and comes from the disk
        self.conversation.add(kept)
        self._moved = self._moved or stored is None
        self._noted()
        if stored and stored.branched:
            self._do(self._merge)
            self._say_branched()
        return kept

    @property
    def _is_renamed(self) -> bool:
        return self.conversation.title != self._title

    def _noted(self) -> None:
        """What the conversation is called and where its user stands is on disk, if anything is."""
        if self.saved:
            self._title, self._moved = self.conversation.title, False

    def _say_branched(self) -> None:
        words = "another terminal has gone on with this conversation; here it goes on in a branch of its own"
        self._notify(Notice("branched", f"{words}; /tree shows both"))

    def _merge(self, history: History) -> None:
        """Take in the turns of others."""
        conversation = self.conversation
        known = {**history.load(conversation.id).turns, **conversation.turns}
        conversation.turns = dict(sorted(known.items()))

    def _do(self, work: Callable[[History], Any]) -> Any:
        """What `work` returns; None where nothing can be kept."""
        if self.history is None or not self.saved:
            return None
        from ..storage.database import DatabaseUnavailableError

        try:
            return work(self.history)
        except DatabaseUnavailableError as error:
            self.saved, self._locked = False, error.is_locked
            self._notify(Notice("not_kept", f"this conversation is not being kept: {error}{self._way_out}"))
            return None

    def _catch_up(self) -> dict[int | None, int]:
        """Where it could not be kept, try to keep all of it; returns the new ids of turns that had to get one."""
        if self.history is None or self.saved or not self.conversation.turns:
            return {}
        from ..storage.database import DatabaseUnavailableError

        try:
            ids = self.history.keep_all(self.conversation, rename=self._is_renamed, move=self._moved)
        except DatabaseUnavailableError as error:
            self._locked = error.is_locked
            return {}
        self.saved, self._locked = True, False
        self._noted()
        self._notify(Notice("kept_again", "this conversation is being kept again, with all that was said"))
        known = set(self.conversation.turns)
        self._do(self._merge)
        if self.conversation.turns.keys() - known:
            self._say_branched()
        return ids

    def free_id(self) -> int:
        """An id for a turn that begins now."""
        return max(int(self._clock() * 1e6), max(self.conversation.turns, default=0) + 1)


class _Answer:
    """An answer under way: what came of it, and the thread that puts it on disk, also when nothing more comes."""

    def __init__(self, keeper: Keeper, bound: Callable[[str], str], half: Turn | None, *, trimmed: bool) -> None:
        self.bound = bound
        self._keeper, self._half, self._trimmed = keeper, half, trimmed
        self._parent = half.parent if half else keeper.conversation.head
        self._turn: Turn | None = None  # as it is kept
        self._fold, self._fresh = Fold(), False
        self._lock, self._ended = threading.Lock(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="claude-keeper", daemon=True)

    def start(self) -> None:
        """Begin to write at intervals. Where no thread can be had, what came is written at the end alone."""
        if self._keeper.history is None:
            return
        if not start_unsignalled(self._thread):
            self._ended.set()

    def heard(self, events: Sequence[Event]) -> None:
        with self._lock:
            self._fold.add_all(events)
            self._fresh = True

    def completion(self) -> Completion:
        """What has come so far."""
        with self._lock:
            self._fresh = False
            return self._fold.completion()

    def end(self, done: Completion, model: str, record: Record | None) -> Turn | None:
        """Keep the whole of it; None where nothing came."""
        self._ended.set()
        if self._thread.ident is not None:
            self._thread.join()
        state = state_of(done)
        if not done.content and state in ("interrupted", "cut") and self._turn is None:
            return None
        if self._half and not done.content and state == "interrupted":
            return self._half
        return self._put(self._finished(done, state, model, record))

    def _run(self) -> None:
        while not self._ended.wait(self._keeper.interval_s):
            if self._fresh:
                so_far = self.completion()
                if so_far.content:
                    self._put(self._made(so_far.content, "open", so_far.model))
            self._renumber(self._keeper.try_again())

    def _put(self, turn: Turn) -> Turn:
        self._turn = self._keeper.put(turn)
        self._parent = self._turn.parent
        return self._turn

    def _renumber(self, ids: dict[int | None, int]) -> None:
        """Take note of the new ids of turns."""
        self._parent = ids.get(self._parent, self._parent)
        self._turn, self._half = (
            turn and replace(turn, id=ids.get(turn.id, turn.id)) for turn in (self._turn, self._half)
        )

    def _made(self, content: tuple[Block, ...], state: State, model: str) -> Turn:
        """The turn as far as it has come."""
        if self._half:
            content = joined(self._half.content, content, trimmed=self._trimmed)
        return Turn(self._id(), self._parent, "assistant", content, state, model=model)

    def _id(self) -> int:
        """Of the turn that is there already; another's place is not taken where something has been said behind it."""
        if self._turn:
            return self._turn.id
        if self._half and not self._keeper.conversation.children(self._half.id):
            return self._half.id
        return self._keeper.free_id()

    def _finished(self, done: Completion, state: State, model: str, record: Record | None) -> Turn:
        half, usage = self._half, record.usage if record else done.usage
        free = self._keeper.conversation.simulated
        cost = record.cost_pico if record and not free else None
        if half and half.usage:
            usage = total([half.usage.raw or half.usage.as_json(), usage.raw or usage.as_json()])
            cost = None if cost is None or half.cost_pico is None else half.cost_pico + cost
        return replace(
            self._made(done.content, state, done.model or model),
            usage=usage,
            cost_pico=cost,
            estimated=bool(record and record.estimated) or bool(half and half.estimated),
            stop_reason=done.stop_reason,
            request_id=done.request_id,
            bound=half.bound if half else self.bound(model or done.model),
        )

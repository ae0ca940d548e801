"""What is said is on disk as it is said; and where it cannot be, that is told, and all is kept as soon as it can be."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from claude_cli.asking.keeper import Keeper, state_of
from claude_cli.core.conversation import Conversation, Turn
from claude_cli.core.events import BlockStart, Fold, MessageDelta, MessageDone, MessageStart, TextDelta
from claude_cli.core.messages import Completion, Notice, Usage, text_block
from claude_cli.storage.conversations import History

WAIT_S = 10.0
QUESTION = (text_block("a"),)
USED = {
    "input_tokens": 5,
    "cache_read_input_tokens": 0,
    "cache_creation_input_tokens": 0,
    "output_tokens_details": {"thinking_tokens": 0},
}
BEGUN = [MessageStart("msg_1", "claude-sonnet-5-5", USED, "req_1"), BlockStart(0, text_block(""))]
ENDED = [MessageDelta("end_turn", usage={"output_tokens": 2}), MessageDone()]


class Watched(History):
    """A history that tells when an answer has been written."""

    def __init__(self, folder: Path, **more) -> None:
        super().__init__(folder, **more)
        self.written = threading.Event()

    def append(self, conversation: Conversation, turn: Turn):
        stored = super().append(conversation, turn)
        if turn.role == "assistant":
            self.written.set()
        return stored

    def update(self, conversation: Conversation, turn: Turn) -> None:
        super().update(conversation, turn)
        self.written.set()


class Keeping:
    """A keeper, its history, and what it has told."""

    def __init__(self, folder: Path, conversation: Conversation | None = None, *, interval_s: float = 0.005) -> None:
        self.told: list[Notice] = []
        self.history = Watched(folder, notify=self.told.append)
        self.conversation = conversation or Conversation(self.history.new_id())
        self.keeper = Keeper(
            self.history, self.conversation, notify=self.told.append, way_out="; /export", interval_s=interval_s
        )

    def hear(self, *events) -> None:
        """Take events; returns when they are on disk, though nothing follows them."""
        self.history.written.clear()
        self.keeper.heard(events)
        assert self.history.written.wait(WAIT_S)

    def answer(self, text: str) -> Turn | None:
        """A whole answer."""
        fold = Fold()
        self.keeper.answering(lambda model: f"bound to {model}")
        for event in (*BEGUN, TextDelta(0, text), *ENDED):
            self.keeper.heard([event])
            fold.add(event)
        return self.keeper.answered(fold.completion(), "claude-sonnet-5-5")

    @property
    def kept(self) -> Conversation:
        return self.history.load(self.conversation.id)

    @property
    def codes(self) -> list[str]:
        return [notice.code for notice in self.told]


@pytest.fixture
def keeping(tmp_path):
    return Keeping(tmp_path)


def test_the_question_is_on_disk_before_it_is_sent(keeping):
    """Whatever happens next, it can be asked again."""
    turn = keeping.keeper.asked(QUESTION)
    assert keeping.kept.turns == {turn.id: turn} and keeping.kept.unanswered == turn


@pytest.mark.parametrize(
    ("again", "turns"), [(QUESTION, 1), ((text_block("b"),), 2)], ids=["the same once more", "another"]
)
def test_a_question_that_waits_is_one_turn(keeping, again, turns):
    """The same words send that turn again; others begin a branch beside it."""
    first = keeping.keeper.asked(QUESTION)
    second = keeping.keeper.asked(again)
    assert len(keeping.kept.turns) == turns and second.parent == first.parent
    assert keeping.kept.head == second.id


def test_words_are_on_disk_though_nothing_follows_them(keeping):
    """A model that falls silent in mid-answer has said what it said."""
    keeping.keeper.asked(QUESTION)
    keeping.keeper.answering(lambda model: "")
    keeping.hear(*BEGUN, TextDelta(0, "Hel"))
    (answer,) = keeping.kept.answers
    assert (answer.text, answer.state, answer.model) == ("Hel", "open", "claude-sonnet-5-5")
    keeping.hear(TextDelta(0, "lo"))
    (answer,) = keeping.kept.answers
    assert answer.text == "Hello"


def test_a_whole_answer_is_kept_with_all_that_is_known_of_it(keeping):
    """Blocks, usage, the reason of its end, the request's id, and what its thinking is bound to."""
    keeping.keeper.asked(QUESTION)
    answer = keeping.answer("Hello")
    assert answer and keeping.kept.turns[answer.id] == keeping.conversation.turns[answer.id]
    assert (answer.state, answer.stop_reason, answer.request_id) == ("whole", "end_turn", "req_1")
    assert answer.bound == "bound to claude-sonnet-5-5" and answer.usage and answer.usage.output_tokens == 2


@pytest.mark.parametrize(
    ("reason", "state"),
    [
        ("end_turn", "whole"),
        ("stop_sequence", "whole"),
        ("max_tokens", "cut"),
        ("model_context_window_exceeded", "cut"),
        ("pause_turn", "cut"),
        ("tool_use", "cut"),
        ("refusal", "refused"),
        (None, "interrupted"),
        ("a reason of tomorrow", "whole"),
    ],
)
def test_how_an_answer_stands(reason, state):
    """By the reason of its end."""
    assert state_of(Completion("", "", (), reason, Usage())) == state


def test_nothing_is_no_turn(keeping):
    """A call that failed before the first block leaves the question unanswered."""
    keeping.keeper.asked(QUESTION)
    keeping.keeper.answering(lambda model: "")
    assert keeping.keeper.answered(Completion("", "", (), None, Usage()), "m") is None
    assert keeping.kept.unanswered


def test_what_nobody_ended_is_kept_as_interrupted(keeping):
    """Whoever goes on finds it; nothing hangs."""
    keeping.keeper.asked(QUESTION)
    keeping.keeper.answering(lambda model: "")
    keeping.keeper.heard([*BEGUN, TextDelta(0, "Hel")])
    keeping.keeper.close()
    (answer,) = keeping.kept.answers
    assert (answer.text, answer.state) == ("Hel", "interrupted")


def test_where_it_cannot_be_kept_that_is_said_once_and_made_good_later(keeping, tmp_path):
    """The chat goes on in memory; with the next question after the trouble all of it is on disk."""
    keeping.keeper.asked(QUESTION)
    keeping.answer("one")
    broken = keeping.history.path
    for name in ("", "-wal", "-shm"):
        broken.with_name(broken.name + name).unlink(missing_ok=True)
    broken.mkdir()
    keeping.keeper.asked((text_block("b"),))
    assert not keeping.keeper.saved and keeping.codes == ["not_kept"]
    assert "/export" in keeping.told[0].text and str(broken) in keeping.told[0].text
    keeping.answer("two")
    keeping.keeper.asked((text_block("c"),))
    keeping.answer("three")
    assert keeping.codes == ["not_kept"]
    broken.rmdir()
    keeping.keeper.asked((text_block("d"),))
    assert keeping.keeper.saved and keeping.codes == ["not_kept", "kept_again"]
    assert keeping.kept.turns == keeping.conversation.turns and len(keeping.kept.turns) == 7


def test_leaving_tries_to_keep_all_once_more(keeping):
    """Also where no further question comes."""
    keeping.history.path.mkdir(parents=True)
    keeping.keeper.asked(QUESTION)
    keeping.answer("one")
    keeping.history.path.rmdir()
    keeping.keeper.close()
    assert keeping.kept.turns == keeping.conversation.turns


def test_the_second_of_two_terminals_branches_and_says_so(keeping, tmp_path):
    """Neither overwrites the other; both branches are in the tree of the one that is told."""
    keeping.keeper.asked(QUESTION)
    keeping.answer("one")
    other = Keeping(tmp_path, keeping.kept)
    keeping.keeper.asked((text_block("mine"),))
    keeping.answer("two")
    other.keeper.asked((text_block("theirs"),))
    other.answer("three")
    assert keeping.codes == [] and other.codes == ["branched"] and "/tree" in other.told[0].text
    assert {turn.text for turn in other.conversation.leaves} == {"two", "three"}
    other.keeper.asked((text_block("again"),))
    assert other.codes == ["branched"], "from there on it is a branch of its own"
    assert other.kept.turns == other.conversation.turns == keeping.kept.turns


def test_without_a_history_it_all_stays_in_memory(tmp_path):
    """--no-save: nothing is written, and nothing said about that."""
    told: list[Notice] = []
    keeper = Keeper(None, Conversation("x"), notify=told.append)
    keeper.asked(QUESTION)
    keeper.answering(lambda model: "")
    keeper.heard([*BEGUN, TextDelta(0, "one")])
    keeper.close()
    assert [turn.text for turn in keeper.conversation.path] == ["a", "one"]
    assert not keeper.saved and not told and not list(tmp_path.iterdir())

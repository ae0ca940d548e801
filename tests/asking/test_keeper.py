"""What is said is on disk as it is said; and where it cannot be, that is told, and all is kept as soon as it can be."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from claude_cli.asking.keeper import Keeper, state_of
from claude_cli.core.conversation import Conversation, Turn
from claude_cli.core.events import BlockStart, Fold, MessageDelta, MessageDone, MessageStart, TextDelta, usage_from
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

    def update(self, conversation: Conversation, turn: Turn):
        stored = super().update(conversation, turn)
        self.written.set()
        return stored


class Keeping:
    """A keeper, its history, and what it has told."""

    def __init__(self, folder: Path, conversation: Conversation | None = None, *, interval_s: float = 0.005) -> None:
        self.told: list[Notice] = []
        self.told_something = threading.Event()
        self.history = Watched(folder, notify=self.tell)
        self.conversation = conversation or Conversation(self.history.new_id())
        self.keeper = Keeper(
            self.history, self.conversation, notify=self.tell, way_out="; /export", interval_s=interval_s
        )

    def tell(self, notice: Notice) -> None:
        self.told.append(notice)
        self.told_something.set()

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


COUNTS = usage_from({**USED, "output_tokens": 2})
HALF = Completion("", "claude-sonnet-5-5", (text_block("one two"),), None, COUNTS)


def half(keeping: Keeping) -> Turn:
    """An answer that was stopped after two words."""
    keeping.keeper.asked(QUESTION)
    keeping.keeper.answering(lambda model: "")
    answer = keeping.keeper.answered(HALF, "")
    assert answer
    return answer


def go_on(keeping: Keeping, text: str) -> Turn | None:
    """Let the answer at the head go on with `text`, to its end."""
    conversation = keeping.conversation
    keeping.keeper.answering(lambda model: "", conversation.turns[conversation.head or 0])
    return keeping.keeper.answered(Completion("", "m", (text_block(text),), "end_turn", COUNTS), "m")


@pytest.mark.parametrize("asked_on", [False, True], ids=["answered alone", "and asked on"])
def test_two_terminals_go_on_with_one_half(keeping, tmp_path, asked_on):
    """Neither half is written over: the second has a turn of its own, and says so."""
    half(keeping)
    other = Keeping(tmp_path, keeping.kept)
    go_on(other, " by the other")
    if asked_on:
        other.keeper.asked((text_block("more"),))
    mine = go_on(keeping, " by me")
    assert mine and other.codes == [] and keeping.codes == ["branched"]
    texts = {turn.text for turn in keeping.kept.turns.values()}
    assert texts == {"a", "one two by the other", "one two by me"} | ({"more"} if asked_on else set())
    assert keeping.kept.turns == keeping.conversation.turns and keeping.kept.head == mine.id


def test_a_question_behind_half_an_answer_stays_behind_it(keeping, tmp_path):
    """What another has asked behind the half was not asked behind the whole."""
    answer = half(keeping)
    other = Keeping(tmp_path, keeping.kept)
    other.keeper.asked((text_block("more"),))
    go_on(keeping, " three")
    assert keeping.codes == ["branched"] and other.kept.turns[answer.id].text == "one two"


@pytest.mark.parametrize("first", ["writer", "other"])
def test_an_answer_that_is_still_being_written_elsewhere(keeping, tmp_path, first):
    """Opened by a second terminal that goes on with what there is: the words of both are kept."""
    keeping.keeper.asked(QUESTION)
    keeping.keeper.answering(lambda model: "")
    keeping.hear(*BEGUN, TextDelta(0, "one two"))
    other = Keeping(tmp_path, keeping.kept)
    if first == "writer":
        keeping.hear(TextDelta(0, " three"))
    go_on(other, " by the other")
    keeping.hear(TextDelta(0, " four"))
    keeping.keeper.close()
    mine = "one two three four" if first == "writer" else "one two four"
    said = {turn.text for turn in keeping.conversation.answers + other.conversation.answers}
    assert said == {mine, "one two by the other"}
    assert {turn.text for turn in keeping.kept.turns.values()} == {"a", mine, "one two by the other"}
    assert keeping.codes + other.codes == ["branched"]


def test_what_could_not_be_kept_is_not_put_over_what_another_said(keeping, tmp_path):
    """The half was gone on with elsewhere while nothing could be kept here."""
    half(keeping)
    other = Keeping(tmp_path, keeping.kept)
    go_on(other, " by the other")
    keeping.keeper.saved = False
    go_on(keeping, " by me")
    assert keeping.codes == ["kept_again", "branched"]
    keeping.keeper.asked((text_block("more"),))
    assert keeping.codes == ["kept_again", "branched"]
    kept = keeping.kept
    assert [turn.text for turn in kept.path] == ["a", "one two by me", "more"]
    assert "one two by the other" in {turn.text for turn in kept.turns.values()}
    assert kept.turns == keeping.conversation.turns


@contextmanager
def locked(keeping: Keeping) -> Iterator[None]:
    """Another program holds the database, for longer than anybody waits."""
    with closing(sqlite3.connect(keeping.history.path, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield
        connection.execute("ROLLBACK")


def test_after_a_lock_all_is_kept_while_the_answer_still_comes(keeping):
    """Not only with the next question: a kill meanwhile would lose it."""
    keeping.keeper.asked(QUESTION)
    with locked(keeping):
        keeping.keeper.answering(lambda model: "")
        keeping.keeper.heard([*BEGUN, TextDelta(0, "one two")])
        assert keeping.told_something.wait(WAIT_S) and keeping.codes == ["not_kept"]
        keeping.told_something.clear()
    assert keeping.told_something.wait(WAIT_S) and keeping.codes == ["not_kept", "kept_again"]
    keeping.hear(TextDelta(0, " three"))
    assert [turn.text for turn in keeping.kept.answers] == ["one two three"]


def test_at_the_end_of_an_answer_all_is_tried_to_be_kept(keeping):
    """Whatever had been in the way."""
    keeping.history.path.mkdir(parents=True)
    keeping.keeper.asked(QUESTION)
    keeping.keeper.answering(lambda model: "")
    keeping.history.path.rmdir()
    answer = keeping.keeper.answered(HALF, "")
    assert keeping.keeper.saved and keeping.kept.path[-1] == answer


def test_what_another_terminal_changed_is_not_taken_back(keeping, tmp_path):
    """Its title and its place stay, where only the model is another here."""
    keeping.conversation.title = "a"
    keeping.keeper.asked(QUESTION)
    keeping.answer("one")
    other = Keeping(tmp_path, keeping.kept)
    other.conversation.title = "Tides"
    other.keeper.note()
    other.keeper.asked((text_block("b"),))
    other.answer("two")
    keeping.conversation.model = "opus"
    keeping.keeper.note()
    assert (keeping.kept.title, keeping.kept.model, keeping.kept.head) == ("Tides", "opus", other.conversation.head)
    keeping.keeper.note(moved=True)
    assert keeping.kept.head == keeping.conversation.head and keeping.kept.title == "Tides"
    keeping.conversation.title = "Mine"
    keeping.keeper.note()
    assert keeping.kept.title == "Mine"

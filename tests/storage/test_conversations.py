"""Conversations on disk: nothing of them is lost, whoever writes beside us and whatever happens to the file."""

from __future__ import annotations

import base64
import json
import os
import sqlite3
import stat
import subprocess
import sys
import threading
from contextlib import closing
from dataclasses import replace
from itertools import count

import pytest

from claude_cli.core.conversation import Conversation, Turn
from claude_cli.core.errors import UsageError
from claude_cli.core.events import usage_from
from claude_cli.core.messages import Usage, image_block, text_block
from claude_cli.storage.conversations import Stored

DATA = base64.b64encode(bytes(range(256)) * 9).decode()
IMAGE = image_block("image/png", DATA)


def texts(conversation):
    return [turn.text for turn in conversation.path]


def rows(path, query):
    """What another program reads in the file."""
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(query).fetchall()


def test_all_of_a_turn_comes_back(kept):
    """Also what only the next version will know: states, kinds, blocks, members of the usage."""
    history = kept()
    conversation = kept.begin(history, title="Tides", model="sonnet", system="Be \ud800brief.", simulated=True)
    kept.say(history, conversation, "user", IMAGE, {"type": "novelty", "x": [1.0, None, "\ud800\0é"]})
    thought = {"type": "thinking", "thinking": "", "signature": "c2ln"}
    counts = {"input_tokens": 3, "output_tokens": 2, "cache_read_input_tokens": 9, "cache_creation_input_tokens": 0}
    usage = usage_from({**counts, "output_tokens_details": {"thinking_tokens": 1, "x": 2}, "service_tier": "standard"})
    asked = {"model": "claude-sonnet-5-5", "stop_reason": "end_turn", "request_id": "req_1", "bound": "b" * 24}
    more = {"state": "paused", "kind": "novelty", "usage": usage, "cost_pico": 10**12, "estimated": True, **asked}
    kept.say(history, conversation, "assistant", thought, "a", **more)
    conversation.first_sent = 1
    history.note(conversation)
    loaded = kept().load(conversation.id)
    assert loaded == replace(conversation, system="Be ?brief.")
    assert json.dumps([turn.content for turn in loaded.path]) == json.dumps(
        [turn.content for turn in conversation.path]
    )


@pytest.mark.parametrize(
    ("usage", "cost"),
    [
        pytest.param(Usage(1, 2, 3, 4, 5), 7, id="counted by us"),
        pytest.param(
            Usage(9, 9, 9, 9, 9, raw={"input_tokens": 1, "output_tokens_details": None}), 7, id="summed over legs"
        ),
        pytest.param(Usage(10**30), 10**30, id="nonsense of a server"),
        pytest.param(None, None, id="not known"),
    ],
)
def test_counts_come_back(kept, usage, cost):
    """Those that were shown, whatever else is in the API's object."""
    history = kept()
    conversation = kept.begin(history, "a")
    kept.say(history, conversation, "assistant", "b", usage=usage, cost_pico=cost)
    answer = history.load(conversation.id).path[-1]
    assert (answer.usage and answer.usage.as_json()) == (usage and usage.as_json())
    assert answer.cost_pico == (cost and min(cost, 2**63 - 1))


def test_an_answer_is_kept_while_it_comes(kept):
    """What a killed process leaves behind is handed on as it is."""
    history = kept()
    conversation = kept.begin(history, "a")
    answer = kept.say(history, conversation, "assistant", state="open").turn
    assert kept().load(conversation.id).path[-1] == answer
    kept.finish(history, conversation, answer, "half an ans", state="open")
    left = kept().load(conversation.id).path[-1]
    assert (left.text, left.state, left.is_partial) == ("half an ans", "open", True)


def test_nothing_is_made_by_reading(kept):
    """Neither file nor folder, on a machine where nothing was ever kept."""
    history = kept()
    assert history.entries() == [] and history.newest() is None and history.find("a") is None
    with pytest.raises(UsageError, match="no conversation x;"):
        history.load("x")
    assert history.prune(1 << 60) == 0
    assert not kept.folder.parent.exists() and not kept.notices


def test_everything_is_its_users_alone(kept):
    """What SQLite makes, and attachments, too."""
    before = os.umask(0)
    try:
        history = kept()
        conversation = kept.begin(history)
        kept.say(history, conversation, "user", IMAGE)
    finally:
        os.umask(before)
    found = {path: stat.S_IMODE(path.stat().st_mode) for path in [kept.folder, *kept.folder.rglob("*")]}
    assert {path.name for path in found if path.is_file()} >= {"history.db", "history.db-wal", "history.db-shm"}
    assert {path: 0o700 if path.is_dir() else 0o600 for path in found} == found


def test_reading_does_not_wait_for_who_writes(kept):
    """A long import of another process hinders nobody who looks something up."""
    history = kept()
    conversation = kept.begin(history, "a")
    with closing(sqlite3.connect(kept.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        other.execute("DELETE FROM turns")
        assert texts(history.load(conversation.id)) == ["a"] and history.newest().turns == 1


def test_ids_of_conversations(kept):
    """Short, to be typed, later ones behind, equal only by chance."""
    history = kept()
    one, two = history.new_id(), history.new_id()
    assert one < two and {len(one), len(two)} == {12} and one.isalnum() and one.islower()
    draw = count(0, 1 / (1 << 19))
    same = kept(clock=lambda: 1.0, draw=lambda: next(draw))
    assert len({same.new_id() for _ in range(1000)}) == 1000
    first, last = kept(draw=lambda: 0.0), kept(draw=lambda: 1 - 2**-53)
    assert last.new_id() < first.new_id()


# ------------------------------------------------------------------------------------------------ two at once
def test_the_second_of_two_branches_and_is_told(kept):
    """Both go on; neither loses a word."""
    one, two = kept(), kept()
    mine = kept.begin(one, "a", "b")
    its = two.load(mine.id)
    assert not kept.say(one, mine, "user", "c").branched
    assert kept.say(two, its, "user", "C").branched
    assert not kept.say(two, its, "assistant", "D").branched
    assert not kept.say(one, mine, "assistant", "d").branched
    merged = kept().load(mine.id)
    assert sorted(texts(replace(merged, head=leaf.id)) for leaf in merged.leaves) == [list("abCD"), list("abcd")]
    assert merged.head == mine.head  # where the last one to speak stands


def test_a_second_answer_of_our_own_is_no_branch_of_another(kept):
    """`/retry` and `/edit` know their siblings."""
    history = kept()
    conversation = kept.begin(history, "a", "b")
    conversation.head = conversation.path[0].id
    assert not kept.say(history, conversation, "assistant", "B").branched
    conversation.head = None
    assert not kept.say(history, conversation, "user", "A").branched


def test_two_that_begin_at_once(kept):
    """Two answers to one question that neither knew of."""
    one, two = kept(), kept()
    conversation = Conversation("c")
    assert not one.append(conversation, Turn(1, None, "user", ())).branched
    assert two.append(Conversation("c"), Turn(1, None, "user", ())).branched


def test_no_two_turns_have_one_id(kept):
    """The clocks of processes agree to the microsecond now and then, or go back."""
    history = kept()
    one, two = Conversation("one"), Conversation("two")
    made = []
    for conversation in (one, two, one, two):
        stored = history.append(conversation, Turn(1_000, conversation.head, "user", (text_block("x"),)))
        conversation.add(stored.turn)
        made.append(stored.turn.id)
    assert made == [1_000, 1_001, 1_002, 1_003]
    assert history.load("one") == one and history.load("two") == two
    back = history.append(one, Turn(5, one.head, "user", ()))  # later turns have higher ids
    assert back == Stored(Turn(1_004, 1_002, "user", ()))


WRITER = """
import pathlib, sys
from claude_cli.core.conversation import Conversation, Turn
from claude_cli.core.messages import text_block
from claude_cli.storage.conversations import History
history = History(pathlib.Path(sys.argv[1]), notify=print, clock=lambda: 1.0)
conversation = history.load("c")
print("ready", flush=True)
input()
for number in range(30):
    stored = history.append(conversation, Turn(history.now(), conversation.head, "user", (text_block(sys.argv[2]),)))
    conversation.add(stored.turn)
    history.update(conversation, stored.turn)
print(len({turn.id for turn in conversation.path}))
"""


def test_processes_share_a_conversation(kept):
    """At the same microsecond, on the same branch: each has its own words in its own order at the end."""
    history = kept()
    kept.begin(history, "first")
    history.adopt([Conversation("c")])
    who = ["a", "b", "c", "d"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    running = [subprocess.Popen([sys.executable, "-c", WRITER, kept.folder, each], **pipes) for each in who]
    assert [process.stdout.readline() for process in running] == ["ready\n"] * 4
    for process in running:
        process.stdin.write("\n")
        process.stdin.flush()
    assert [process.communicate(timeout=60)[0] for process in running] == ["30\n"] * 4
    found = history.load("c")
    assert len(found.turns) == 120
    assert sorted(texts(replace(found, head=leaf.id)) for leaf in found.leaves) == [[each] * 30 for each in who]


def test_threads_share_one_history(kept):
    """An answer is kept by one while the other keeps what the user says."""
    history = kept()
    conversation = kept.begin(history, "a")
    question = conversation.head
    answer = kept.say(history, conversation, "assistant", "", state="open").turn

    def grow():
        for number in range(50):
            kept.finish(history, conversation, answer, "x" * number, state="open")

    thread = threading.Thread(target=grow)
    thread.start()
    for number in range(50):
        history.append(conversation, Turn(history.now(), question, "user", (text_block(str(number)),)))
    thread.join()
    found = history.load(conversation.id)
    assert len(found.turns) == 52 and found.turns[answer.id].text == "x" * 49


def test_a_name_that_another_gave_stays(kept):
    """It is older here, and nobody has asked to change it."""
    one, two = kept(), kept()
    mine = kept.begin(one, "a")
    its = two.load(mine.id)
    its.title, its.model = "Tides", "opus"
    two.note(its)
    mine.title = "a"
    kept.say(one, mine, "assistant", "b")
    assert (one.newest().title, one.newest().model) == ("Tides", "")
    one.note(mine)
    assert one.newest().title == "a"


# ------------------------------------------------------------------------------------------------ all of them
def test_lists_are_newest_first_and_bounded(kept):
    """By when they were used last."""
    history = kept()
    one = kept.begin(history, "a", model="sonnet")
    two = kept.begin(history, "a", title="Two")
    kept.say(history, two, "assistant", "b", model="claude-haiku-5-5")
    three = kept.begin(history, simulated=True)
    history.note(three)
    kept.say(history, one, "assistant", "b")
    entries = history.entries()
    assert [entry.id for entry in entries] == [one.id, three.id, two.id]
    assert [entry.turns for entry in entries] == [2, 0, 2] and [entry.title for entry in entries] == ["", "", "Two"]
    times = [entry.updated_at for entry in entries]

    def ids(*args, **more):
        return [entry.id for entry in history.entries(*args, **more)]

    assert ids(2) == [one.id, three.id]
    assert ids(since=times[1]) == [one.id, three.id] and ids(until=times[1]) == [two.id]
    assert ids(model="Haiku") == [two.id] and ids(model="sonnet") == [one.id] and ids(model="gpt") == []
    assert ids(simulated=True) == [three.id] and history.newest(simulated=False) == entries[0]


def named(history, **titles):
    for number, (id_, title) in enumerate(titles.items(), 1):
        history.adopt([Conversation(id_, title, turns={number: Turn(number, None, "user", ())})])
    return history


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        pytest.param("ab1", "ab1", id="the id"),
        pytest.param(" AB1 ", "ab1", id="the id, typed carelessly"),
        pytest.param("tides", "ab2", id="the title before others that begin so"),
        pytest.param("ÜBER", "ab3", id="the title in another case"),
        pytest.param("tides o", "cd1", id="how a title begins"),
        pytest.param("c", "cd1", id="how an id begins"),
        pytest.param("zz", "ab4", id="a title like an id"),
        pytest.param("moon", None, id="none"),
        pytest.param("%", None, id="no pattern"),
        pytest.param(" ", None, id="nothing"),
    ],
)
def test_a_conversation_is_found_by_id_or_title(kept, word, meant):
    """The exact one before those that only begin so."""
    history = named(kept(), ab1="One", ab2="Tides", ab3="über", ab4="zz", cd1="Tides of the moon")
    entry = history.find(word)
    assert (entry and entry.id) == meant and (entry is None or entry.turns == 1)


@pytest.mark.parametrize(
    ("word", "told"),
    [
        pytest.param(
            "same", r"2 conversations are called 'same': b2 \(Same\), b1 \(Same\); say more of the id", id="titles"
        ),
        pytest.param("a", r"6 conversations are called 'a': a6, a5, a4, a3, a2, …; say more of the id", id="many"),
    ],
)
def test_several_of_one_name_are_told(kept, word, told):
    """The newest five, rather than one by chance."""
    history = named(kept(), a1="", a2="", a3="", a4="", a5="", a6="", b1="Same", b2="Same")
    with pytest.raises(UsageError, match=f"^{told}$"):
        history.find(word)


def attachments(folder):
    return [path for path in (folder / "attachments").rglob("*/*") if path.is_file()]


def test_a_fork_is_a_copy_of_the_branch(kept):
    """With ids and times of its own, the same attachments, and thinking that still holds; the old one is as it was."""
    history = kept()
    old = kept.begin(history, title="Tides", model="m", system="s")
    kept.say(history, old, "user", IMAGE)
    kept.say(history, old, "assistant", "b", bound="mark")
    old.first_sent = old.head
    kept.say(history, old, "user", "another branch")
    old.head = old.first_sent
    history.note(old)
    before = history.load(old.id)
    copy = history.fork(old)
    assert texts(copy) == ["", "b"] and copy.id != old.id and copy.title == "Tides (fork)"
    assert not copy.turns.keys() & old.turns.keys()
    assert copy.first_sent == copy.head and [turn.bound for turn in copy.path] == ["", "mark"]
    assert history.load(copy.id) == copy and history.load(old.id) == before == old
    assert history.newest().id == copy.id and len(attachments(kept.folder)) == 1
    assert history.fork(copy).title == "Tides (fork)"
    kept.say(history, copy, "user", "c")
    assert history.load(old.id) == before
    history.remove([old.id])
    assert history.load(copy.id) == copy and copy.id in {hit.conversation for hit in history.search("b")}


def test_what_is_adopted_keeps_its_times(kept):
    """It is not what `-c` goes on with, and what is there already stays as it is."""
    history = kept()
    mine = kept.begin(history, "a")
    old = Conversation(
        "old", turns={7: Turn(7, None, "user", ()), 9: Turn(9, 7, "user", (IMAGE,))}, head=9, first_sent=7
    )
    clash = Conversation("clash", turns={7: Turn(7, None, "user", ()), 8: Turn(8, 7, "user", ())}, head=8, first_sent=7)
    assert history.adopt([old, mine, clash]) == [old, clash]
    assert history.adopt([old, clash]) == []
    times = [(entry.id, entry.created_at, entry.updated_at) for entry in history.entries()[1:]]
    assert times == [("clash", 10, 11), ("old", 7, 9)]
    assert history.load("old") == old and history.newest().id == mine.id
    found = history.load("clash")
    assert list(found.turns) == [10, 11] and found == clash
    assert (found.head, found.first_sent, found.turns[11].parent) == (11, 10, 10)


def test_what_is_removed_is_gone(kept):
    """With its attachments, but for those that another one has."""
    history = kept()
    one, two = kept.begin(history), kept.begin(history)
    other = image_block("image/png", base64.b64encode(b"other" * 99).decode())
    kept.say(history, one, "user", IMAGE, other, other)
    kept.say(history, two, "user", IMAGE)
    assert len(attachments(kept.folder)) == 2
    history.remove([one.id, "not there"])
    assert [entry.id for entry in history.entries()] == [two.id] and len(attachments(kept.folder)) == 1
    assert history.load(two.id) == two and not kept.notices
    history.remove([two.id])
    assert attachments(kept.folder) == []
    history.close()
    tables = ("conversations", "turns", "attachments")
    assert [rows(kept.path, f"SELECT count(*) FROM {table}") for table in tables] == [[(0,)]] * 3


def test_an_attachment_that_a_turn_no_longer_has_goes_with_neither(kept):
    """A turn is written again as it is now."""
    history = kept()
    conversation = kept.begin(history)
    turn = kept.say(history, conversation, "user", IMAGE).turn
    kept.finish(history, conversation, turn, "without")
    assert rows(kept.path, "SELECT count(*) FROM attachments") == [(0,)]


def test_one_removed_under_way_comes_back_whole(kept):
    """Whoever goes on with it in another terminal has not meant to lose it."""
    one, two = kept(), kept()
    conversation = kept.begin(one, "a")
    kept.say(one, conversation, "assistant", IMAGE)
    two.remove([conversation.id])
    kept.say(one, conversation, "user", "c")
    assert two.load(conversation.id) == conversation and not kept.notices


def test_old_ones_are_pruned(kept):
    """By when they were last used, not by when they began."""
    history = kept()
    old, used = kept.begin(history, "a"), kept.begin(history, "a")
    limit = history.now()
    kept.say(history, used, "assistant", "b")
    assert history.prune(limit) == 1
    assert [entry.id for entry in history.entries()] == [used.id] != [old.id]

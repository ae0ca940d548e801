"""Conversations whose file was damaged, taken away or full: what was said is not lost, and the user is told."""

from __future__ import annotations

import base64
import resource
import sqlite3
from contextlib import closing, contextmanager
from dataclasses import replace

import pytest

from claude_cli.core.conversation import Conversation, Turn
from claude_cli.core.messages import document_block, image_block, text_block
from claude_cli.storage.conversations import DatabaseUnavailableError, History

DATA = base64.b64encode(bytes(range(256)) * 9).decode()
IMAGE = image_block("image/png", DATA)


def texts(conversation):
    return [turn.text for turn in conversation.path]


def overwritten(path):
    path.write_bytes(b"these are words, and no database\n" * 1000)


def truncated(path):
    with path.open("r+b") as file:
        file.truncate(5000)


def torn(path):
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * (path.stat().st_size - 4096))


def removed(path):
    path.unlink()


def another_begun(path):
    """Somebody has moved it away, and another conversation has taken the same ids since."""
    for old in path.parent.glob("history.db*"):
        old.rename(path.with_name(old.name.replace("history", "moved")))
    other = History(path.parent, notify=pytest.fail)
    other.adopt([Conversation("other", turns={number: Turn(number, None, "user", ()) for number in range(1, 4)})])
    other.close()


SPOILED = [
    pytest.param(overwritten, True, id="overwritten"),
    pytest.param(truncated, True, id="truncated"),
    pytest.param(torn, True, id="torn"),
    pytest.param(removed, False, id="removed"),
    pytest.param(another_begun, False, id="another begun"),
]


@pytest.mark.parametrize("fresh", [pytest.param(False, id="in mid-chat"), pytest.param(True, id="by another process")])
@pytest.mark.parametrize(("spoil", "told"), SPOILED)
def test_a_conversation_under_way_goes_on_whole_in_a_new_file(kept, spoil, told, fresh):
    """With its branches and its attachments; the damaged file is kept aside, and the user is told once."""
    history = kept()
    conversation = Conversation("c", title="Tides", model="m", system="s")
    conversation.add(history.append(conversation, Turn(1, None, "user", (IMAGE,))).turn)
    conversation.add(history.append(conversation, Turn(2, 1, "assistant", (text_block("b"),))).turn)
    conversation.add(history.append(conversation, Turn(3, 1, "assistant", (text_block("B"),), state="open")).turn)
    history.close()  # all of it is in the file
    if not fresh:
        history.note(conversation)
    spoil(kept.path)
    history = kept() if fresh else history
    kept.finish(history, conversation, conversation.turns[3], "B and more")
    last = kept.say(history, conversation, "user", "c").turn
    found = kept().load("c")
    assert [turn.text for turn in found.turns.values()] == ["", "b", "B and more", "c"]
    assert found.path[0].content == (IMAGE,) and found.head == last.id
    assert (found.title, found.model, found.system) == ("Tides", "m", "s")
    assert [notice.code for notice in kept.notices] == ["database_set_aside"] * told
    assert len(list(kept.folder.glob("history.db.*.bak"))) == told


def test_a_damaged_file_is_set_aside_by_reading(kept):
    """As by writing: the list is empty then, and says why."""
    kept.folder.mkdir(parents=True)
    overwritten(kept.path)
    assert kept().entries() == [] and kept().entries() == []
    (notice,) = kept.notices
    assert "is kept as" in notice.text


@contextmanager
def full_disk(path):
    """Here files may not grow."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize(
    "block",
    [pytest.param(text_block("x" * 99_999), id="text"), pytest.param(image_block("image/png", DATA * 99), id="image")],
)
def test_a_full_disk_is_said_and_nothing_is_lost(kept, block):
    """The chat goes on unsaved; what was said meanwhile is kept with the first turn for which there is room."""
    history = kept()
    conversation = kept.begin(history, "a", "b")
    with full_disk(kept.folder / "history.db-wal"):
        turn = Turn(history.now(), conversation.head, "user", (block,))
        with pytest.raises(DatabaseUnavailableError, match=f"{kept.folder}.* cannot be used"):
            history.append(conversation, turn)
        conversation.add(turn)
        conversation.add(Turn(history.now(), turn.id, "assistant", (text_block("c"),)))
    kept.say(history, conversation, "user", "d")
    assert history.load(conversation.id) == conversation


def test_all_is_kept_after_writes_failed(kept):
    """Whatever is there already: twice changes nothing more."""
    history = kept()
    conversation = kept.begin(history, "a", "b", title="Old")
    answer = conversation.path[-1]
    conversation.turns[answer.id] = replace(answer, content=(text_block("b and more"),))
    conversation.add(Turn(history.now(), answer.id, "user", (IMAGE,)))
    conversation.title = "New"
    for _ in range(2):
        history.keep_all(conversation)
        assert kept().load(conversation.id) == conversation
    assert len(history.search("more")) == 1


def test_a_turn_whose_id_was_taken_meanwhile_gets_another(kept):
    """It was made while nothing could be kept; no other conversation's turn gives way to it."""
    history = kept()
    mine, other = (
        Conversation(id_, turns={at: Turn(at, None, "user", ())}, head=at) for id_, at in (("a", 1), ("b", 5))
    )
    history.adopt([mine, other])
    mine.add(Turn(5, 1, "assistant", (text_block("x"),)))
    mine.add(Turn(6, 5, "user", (text_block("y"),)))
    last = kept.say(history, mine, "user", "z").turn
    assert list(mine.turns) == [1, 7, 8, last.id] and texts(mine) == ["", "x", "y", "z"]
    assert history.load("a") == mine and history.load("b") == other


def folder_in_place(folder):
    (folder / "history.db").mkdir(parents=True)


def file_above(folder):
    folder.parent.mkdir()
    folder.write_text("no folder")


def newer(folder):
    history = History(folder, notify=pytest.fail)
    history.note(Conversation("c"))
    history.close()
    with closing(sqlite3.connect(folder / "history.db")) as connection:
        connection.execute("PRAGMA user_version=99")


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        pytest.param(folder_in_place, "it is not a file", id="a folder"),
        pytest.param(newer, "written by a newer version", id="a newer version's"),
    ],
)
def test_what_cannot_be_used_is_one_error(kept, spoil, reason):
    """Whatever is asked; nothing of it is moved away."""
    spoil(kept.folder)
    history, conversation, turn = kept(), Conversation("c"), Turn(1, None, "user", ())
    for work in (
        lambda: history.append(conversation, turn), lambda: history.update(conversation, turn),
        lambda: history.load("c"),
        lambda: history.note(conversation), lambda: history.keep_all(conversation), lambda: history.fork(conversation),
        lambda: history.adopt([conversation]), lambda: history.remove(["c"]), lambda: history.prune(1), history.entries,
        history.newest, lambda: history.find("c"), lambda: history.search("c"),
    ):  # fmt: skip
        with pytest.raises(DatabaseUnavailableError, match=rf"history\.db .*{reason}"):
            work()
    assert not kept.notices


def test_a_file_in_the_place_of_the_folder_is_said(kept):
    """Also where only the attachments' folder cannot be made."""
    file_above(kept.folder)
    with pytest.raises(DatabaseUnavailableError, match=r"Not a directory|File exists"):
        kept().append(Conversation("c"), Turn(1, None, "user", (IMAGE,)))
    assert kept().entries() == []


UNREADABLE = "[this turn was damaged on disk and cannot be read]"


@pytest.mark.parametrize(
    ("damage", "path"),
    [
        pytest.param("DELETE FROM turns WHERE id = 2", ["c"], id="a turn is gone"),
        pytest.param("UPDATE turns SET parent = 3 WHERE id = 2", ["b", "c"], id="a circle"),
        pytest.param("UPDATE conversations SET head = 77", ["a", "b", "c"], id="a head that is none"),
        pytest.param("UPDATE turns SET content = '[' WHERE id = 1", [UNREADABLE, "b", "c"], id="no JSON"),
    ],
)  # fmt: skip
def test_loading_mends(kept, damage, path):
    """What is left can be read and gone on with."""
    history = kept()
    turns = {number: Turn(number, number - 1 or None, "user", (text_block(" abc"[number]),)) for number in (1, 2, 3)}
    history.adopt([Conversation("c", turns=turns, head=3)])
    history.close()
    with closing(sqlite3.connect(kept.path)) as connection:
        connection.execute(damage)
        connection.commit()
    assert texts(history.load("c")) == path


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param("UPDATE turns SET usage = '{bad'", id="usage that is no JSON"),
        pytest.param("UPDATE turns SET usage = '[1]'", id="usage that is a list"),
        pytest.param("UPDATE turns SET usage = x'ff'", id="usage that is no text"),
        pytest.param("UPDATE turns SET cost_pico = 'much', model = x'ff', state = x'00', bound = x'ff'", id="columns"),
        pytest.param("UPDATE turns SET role = 'nobody', stop_reason = x'ff', request_id = x'ff'", id="a role"),
        pytest.param("UPDATE conversations SET title = x'ff', model = x'ff', system = x'ff', head = 'x'", id="about"),
    ],
)
def test_a_damaged_row_hinders_nobody(kept, damage):
    """What is not known is not known; what was said can be read, listed, searched and gone on with."""
    history = kept()
    conversation = kept.begin(history, "tides", "b")
    damaged(kept, damage)
    found = kept().load(conversation.id)
    assert sorted(turn.text for turn in found.turns.values()) == ["b", "tides"] and found.path
    assert all(turn.usage is None and turn.role in ("user", "assistant") for turn in found.turns.values())
    assert all(isinstance(each, str) for each in (found.title, found.model, found.system, found.path[0].model))
    assert [hit.conversation for hit in kept().search("tides")] == [conversation.id]
    kept.say(kept(), found, "user", "c")
    assert kept().find(conversation.id) and kept().newest(simulated=False)


@pytest.mark.parametrize(
    "content",
    [
        "5",
        "[5]",
        '{"a": 1}',
        '"words"',
        "null",
        '[{"type": 5}]',
        "[" * 5000,
    ],
)
def test_a_turn_of_no_blocks_is_said_to_be_damaged(kept, content):
    """It is JSON, and nothing that could be shown or sent; writing all of it again leaves it as it is."""
    history = kept()
    conversation = kept.begin(history, "tides", "b")
    damaged(kept, "UPDATE turns SET content = ? WHERE role = 'user'", content)
    found = kept().load(conversation.id)
    assert texts(found) == [UNREADABLE, "b"]
    kept().search("b")
    kept().keep_all(found)
    assert rows_of(kept.path, "SELECT content FROM turns ORDER BY id")[0] == (content,)


def damaged(kept, statement, *values):
    """Have another program do this to the file."""
    with closing(sqlite3.connect(kept.path)) as connection:
        connection.execute(statement, values)
        connection.commit()


def rows_of(path, query):
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(query).fetchall()


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param("DELETE FROM said_data WHERE id > 10", id="a part is gone"),
        pytest.param("UPDATE said_data SET block = x'00' WHERE id > 10", id="overwritten"),
        pytest.param("DELETE FROM said_data", id="all is gone"),
        pytest.param("DELETE FROM said_docsize", id="lengths are gone"),
        pytest.param("DELETE FROM said_content", id="contents are gone"),
    ],
)
@pytest.mark.parametrize("first", ["search", "append", "remove"])
def test_a_damaged_index_is_made_anew(kept, damage, first):
    """The history stays where it is: all words of the index are in the turns."""
    history = kept()
    one, two = kept.begin(history, "high tides", "b"), kept.begin(history, "low tides", "c")
    history.close()
    damaged(kept, damage)
    history = kept()
    if first == "append":
        kept.say(history, one, "user", "more tides")
    elif first == "remove":
        history.remove([two.id])
    found = {hit.conversation for hit in history.search("tides")}
    assert found == ({one.id} if first == "remove" else {one.id, two.id})
    assert not kept.notices and not list(kept.folder.glob("*.bak"))
    assert len(history.entries()) == len(found)


def gone_for_a_moment(kept):
    """The folder of attachments, as when its disk is not there; returns where it is."""
    return (kept.folder / "attachments").rename(kept.folder / "away")


LONG = document_block("words of a document " * 99, "notes.txt")


@pytest.mark.parametrize("how", ["keep_all", "fork", "update", "a new file"])
def test_attachments_that_are_away_for_a_moment_come_back(kept, how):
    """What stands in their place meanwhile is never what is kept."""
    history = kept()
    conversation = kept.begin(history)
    content = (IMAGE, {"type": "tool_result", "content": [LONG]}, text_block("what is it?"))
    kept.say(history, conversation, "user", *content)
    away = gone_for_a_moment(kept)
    found = kept().load(conversation.id)
    assert "no longer on this machine" in texts(found)[0] and len(kept.notices) == 2
    if how == "fork":
        found = history.fork(found)
    elif how == "update":
        history.update(found, found.path[0])
    else:
        if how == "a new file":
            history.close()
            kept.path.rename(kept.path.with_name("old"))
        history.keep_all(found)
    away.rename(kept.folder / "attachments")
    again = kept().load(found.id)
    assert again.path[0].content == content
    if how == "fork":
        kept().remove([conversation.id])
        assert kept().load(found.id).path[0].content == content


def test_an_attachment_is_there_though_another_removes_it_meanwhile(kept):
    """Between the writing of its file and of its row, the last conversation that had it is removed elsewhere."""
    other = kept()
    first = kept.begin(other)
    kept.say(other, first, "user", IMAGE)

    class Meanwhile(History):
        def _packed(self, turn):
            packed = super()._packed(turn)
            other.remove([first.id])
            return packed

    history = Meanwhile(kept.folder, notify=kept.notices.append, clock=kept.clock)
    conversation = Conversation("c")
    kept.say(history, conversation, "user", IMAGE)
    assert kept().load("c") == conversation and not kept.notices and not kept().find(first.id)

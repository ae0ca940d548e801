"""The commands that go from one conversation to another."""

from __future__ import annotations

import re

import pytest

from claude_cli.core.errors import UsageError


def refused(talk, line):
    with pytest.raises(UsageError) as caught:
        talk(line)
    return str(caught.value)


@pytest.fixture
def talk(chat):
    """Three conversations, the last of them in use."""
    talk = chat(*({"say": text} for text in ("Rust is a language.", "Bread needs time.", "Trains run late.")))
    for title, text in (("Rust", "what is rust"), ("Baking", "how is bread made"), ("Rails", "when does it run")):
        talk("/new")
        talk("/title " + title)
        talk.ask(text)
    return talk


def opened(talk):
    return talk.session.conversation.title


# ------------------------------------------------------------------------------------------------ /new
def test_a_new_conversation_knows_nothing_of_the_last(talk):
    before = talk.session.conversation.id
    assert talk("/new") == [f"a new conversation; /open {before} goes back to “Rails”"]
    talk.ask("hello")
    assert talk.sent["messages"] == [{"role": "user", "content": "hello"}]
    talk(f"/open {before}")
    assert opened(talk) == "Rails"


def test_a_new_conversation_is_none_until_something_is_said(talk):
    """/new and /title by themselves leave nothing in the list."""
    talk("/new")
    talk("/title Nothing yet")
    talk("/model opus")
    talk("/set effort high")
    assert not any("Nothing yet" in line for line in talk("/open"))
    talk.ask("hello")
    assert "Nothing yet" in talk("/open")[0]


# ------------------------------------------------------------------------------------------------ /open
def test_the_newest_are_listed_first(talk):
    said = talk("/open")
    assert [re.split(" {2,}", line.strip())[:3] for line in said[:3]] == [
        ["1*", "Rails", "just now"], ["2", "Baking", "just now"], ["3", "Rust", "just now"],
    ]  # fmt: skip
    assert said[3] == "/open NUMBER or /open WORDS opens one"
    assert max(map(len, said)) <= 80


def test_a_number_opens_what_the_list_says(talk):
    """Of the list that was shown, whatever has been said since."""
    talk("/open")
    talk.ask("more")
    said = talk("/open 3")
    assert opened(talk) == "Rust"
    assert said == ["Rust · 2 messages", "> what is rust", "Rust is a language."]
    assert "they go from 1 to 3" in refused(talk, "/open 4")


@pytest.mark.parametrize(
    ("words", "title"),
    [
        pytest.param("Baking", "Baking", id="title"),
        pytest.param("baking", "Baking", id="in small letters"),
        pytest.param("bak", "Baking", id="its beginning"),
        pytest.param("bread", "Baking", id="what was asked"),
        pytest.param("language", "Rust", id="what was answered"),
        pytest.param("trains late", "Rails", id="two words"),
    ],
)
def test_words_open_what_fits(talk, words, title):
    talk("/new")
    talk(f"/open {words}")
    assert opened(talk) == title


def test_an_id_opens(talk):
    id_ = talk.session.conversation.id
    talk("/new")
    talk(f"/open {id_}")
    assert opened(talk) == "Rails"


def test_several_that_fit_are_listed(talk):
    """And their numbers open them."""
    said = talk("/open r")
    assert [re.split(" {2,}", line.strip())[1] for line in said[:2]] == ["Rails", "Rust"]
    assert said[2] == "these fit; /open NUMBER opens one"
    talk("/open 2")
    assert opened(talk) == "Rust"


def test_a_conversation_is_listed_once_however_often_it_fits(talk):
    talk.ask("what trains run, and which trains do not")
    talk("/open trains")
    assert opened(talk) == "Rails"


def test_a_title_that_is_a_number_opens_without_a_list(talk):
    talk("/title 42")
    talk("/new")
    assert talk.listed == []
    talk("/open 42")
    assert opened(talk) == "42"


def test_what_fits_nothing_is_said(talk):
    assert "no conversation fits “zebra”" in refused(talk, "/open zebra")
    assert opened(talk) == "Rails"


def test_an_opened_conversation_is_gone_on_with(talk):
    talk("/open rust")
    talk.ask("and?")
    assert len(talk.sent["messages"]) == 3
    assert [turn.text for turn in talk.session.history.load(talk.session.conversation.id).path][-2] == "and?"


def test_an_unanswered_message_comes_into_the_prompt(chat):
    talk = chat({"status": 400})
    talk.ask("wrong")
    talk("/new")
    talk("/open wrong")
    assert talk.draft.text == "wrong"


def test_a_history_without_anything_is_said(chat):
    assert refused(chat(), "/open") == "no conversation is kept yet"


def test_another_chat_opens_what_this_one_has_kept(talk, chat):
    other = chat(saved=False)
    other("/open rust")
    assert other.texts == ["what is rust", "Rust is a language."]
    other.ask("and?")
    assert len(talk.session.history.load(other.session.conversation.id).turns) == 2, "--no-save keeps nothing"


def test_a_history_that_cannot_be_read_is_said(chat, tmp_path):
    """And the chat goes on."""
    talk = chat(saved=False)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "history.db").mkdir()
    assert "the history cannot be used now: " in refused(talk, "/open")


def test_what_could_not_be_kept_is_not_left_unasked(chat, tmp_path):
    """A full disk must not cost a conversation by a word typed in passing; with --no-save nobody is asked."""
    (tmp_path / "data" / "history.db").mkdir(parents=True)
    talk = chat({"say": "one"})
    talk.ask("hello")
    assert refused(talk, "/new") == "this conversation could not be kept; /export writes it to a file"
    assert talk.questions == ["This conversation could not be kept, and would be gone. Leave it?"]
    assert talk.texts == ["hello", "one"]
    talk.yes = True
    assert talk("/new") == ["a new conversation"]
    unsaved = chat({"say": "one"}, saved=False)
    unsaved.ask("hello")
    assert unsaved("/new") == ["a new conversation"]
    assert unsaved.questions == []


# ------------------------------------------------------------------------------------------------ /title
def test_a_title_is_kept(talk):
    assert talk("/title All  about\ttrains") == ["title: All about trains"]
    assert talk("/title") == ["title: All about trains"]
    assert talk.session.history.load(talk.session.conversation.id).title == "All about trains"
    assert talk.session.standing.session == "All about trains"


def test_a_conversation_may_have_none(chat):
    assert chat()("/title") == ["title: untitled"]


# ------------------------------------------------------------------------------------------------ hostile titles
def test_a_title_from_elsewhere_reaches_no_terminal(talk, chat):
    """A history may have been imported."""
    conversation = talk.session.conversation
    conversation.title = "\x1b]0;gone\x07Evil\n\x1b[2Jtwo\u202e"
    talk.session.history.note(conversation)
    other = chat()
    said = "\n".join([*other("/open"), *other("/open 1"), *other("/title")])
    assert "Evil two" in said
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f\u202e]", said)


def test_opening_says_that_the_newest_is_elsewhere(chat):
    """On another branch: nothing looks lost. Where one has gone there by oneself it is not said again."""
    talk = chat({"say": "one"}, {"say": "two"})
    talk.ask("first")
    talk.ask("second")
    there = "newer messages are on another branch: /tree 4 goes there"
    assert there not in talk("/tree 2") + talk("/tree 4") + talk("/undo") + talk("/undo")
    other = chat()
    assert other(f"/open {talk.session.conversation.id}")[-1] == there
    talk("/tree 2")
    assert other(f"/open {talk.session.conversation.id}")[-1] == there
    other("/tree 4")
    assert there not in talk(f"/open {talk.session.conversation.id}")

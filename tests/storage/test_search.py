"""Search in all that was said: what is found, in which order, and the piece of text that shows it."""

from __future__ import annotations

import re
import resource
import sqlite3
from contextlib import closing
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claude_cli.core.conversation import Conversation, Turn
from claude_cli.core.errors import UsageError
from claude_cli.core.messages import document_block, pdf_block, text_block
from claude_cli.storage import search
from claude_cli.storage.search_words import SNIPPET_WIDTH, Query, columns

HOW = [pytest.param(None, id="FTS5"), pytest.param(False, id="no index")]


def found(history, words, **more):
    return [hit.snippet.text for hit in history.search(words, **more)]


def marked(snippet):
    """What the snippet marks."""
    return [snippet.text[at:to] for at, to in snippet.marks]


@pytest.mark.parametrize("fts", HOW)
@pytest.mark.parametrize(
    ("words", "text"),
    [
        pytest.param("TIDES", "High tides.", id="case"),
        pytest.param("cafe", "Le Café", id="accents"),
        pytest.param("CAFÉ", "un cafe\u0301", id="accents that stand alone"),
        pytest.param("strasse", "Die Straße", id="sharp s"),
        pytest.param("ИЗ", "из дома", id="Cyrillic"),
        pytest.param("हिन्दी", "यह हिन्दी है", id="Hindi"),
        pytest.param("ABC", "ＡＢＣ", id="wide letters"),
        pytest.param("cooperate", "co\u00adoperate", id="a soft hyphen"),
        pytest.param("tides high", "high and low tides", id="all words"),
        pytest.param('"high tides"', "at high tides", id="a phrase"),
        pytest.param('"high tides', "at high\n tides", id="a quote that is not closed"),
        pytest.param("“high tides”", "at high, tides", id="typographic quotes"),
        pytest.param("tid*", "high tides", id="a beginning"),
        pytest.param('"high tid"*', "at high tides", id="a phrase's beginning"),
        pytest.param("snake_case", "my snake_case name", id="a name with signs"),
        pytest.param("don't", "I don't", id="an apostrophe"),
        pytest.param("3.14", "pi is 3.14", id="a number"),
        pytest.param("天气", "今天天气很好", id="Chinese"),
        pytest.param("今天天气", "今天天气很好", id="a run of Chinese"),
        pytest.param("好", "今天天气很好", id="the last character"),
        pytest.param("今", "今天天气很好", id="the first character"),
        pytest.param("我 好", "我 很好", id="two characters"),
        pytest.param("東京", "私は東京に住む", id="Japanese"),
        pytest.param("がぎ", "らがぎら", id="voiced kana"),
        pytest.param("ガギ", "ｶﾞｷﾞ", id="narrow kana"),
        pytest.param("한국", "대한한국어", id="Korean"),
        pytest.param("\u1112\u1161\u11ab국", "대한국어", id="Korean in its parts"),
        pytest.param("iphone手机", "买iPhone手机壳", id="two scripts"),
        pytest.param("手机case", "买手机Case", id="two scripts, the other way"),
        pytest.param("NEAR AND or", "near, and or", id="words of FTS5"),
        pytest.param("words:high", "words high", id="a column of the index"),
    ],
)
def test_what_is_found(kept, fts, words, text):
    """Also without an index the same is found."""
    history = kept(fts=fts)
    kept.begin(history, "something else", text, "天 high")
    (hit,) = [hit for hit in history.search(words) if hit.role == "assistant"]
    assert hit.snippet.marks


@pytest.mark.parametrize("fts", HOW)
@pytest.mark.parametrize(
    ("words", "text"),
    [
        pytest.param("tide", "tides", id="a beginning without a star"),
        pytest.param("ides", "tides", id="an end"),
        pytest.param("high tides", "high water", id="one of two"),
        pytest.param('"high tides"', "tides high", id="a phrase in another order"),
        pytest.param('"a b"', "ab", id="a phrase in one word"),
        pytest.param("か", "が", id="another kana"),
        pytest.param("天好", "今天天气很好", id="characters apart"),
        pytest.param("tool_use", "thinking", id="names of the API"),
    ],
)
def test_what_is_not_found(kept, fts, words, text):
    history = kept(fts=fts)
    kept.begin(history, text)
    assert history.search(words) == []


@pytest.mark.parametrize("fts", HOW)
@given(st.text(max_size=30) | st.text("\"*^:-+(){}[]\\%_' \tANDORNEAR天", max_size=30))
def test_anything_typed_is_safe(fts, tmp_path_factory, words):
    """No sign means anything to the database, and no sign is lost that means something to us."""
    from claude_cli.storage.conversations import History

    history = History(tmp_path_factory.getbasetemp() / f"typed-{fts}", notify=pytest.fail, fts=fts)
    if not history.entries():
        history.append(Conversation("c"), Turn(1, None, "user", (text_block("AND OR NEAR 天"),)))
    try:
        hits = history.search(words)
    except UsageError as error:
        assert "no word" in str(error)
    else:
        assert all(hit.snippet.marks for hit in hits)
    history.close()


@given(st.text(max_size=300), st.text("ab天が é", min_size=1, max_size=6))
def test_a_snippet_is_one_line_and_its_marks_fit(text, words):
    """Whatever the text is, marks are in order, apart, and inside."""
    try:
        query = Query(words)
    except UsageError:
        return
    snippet = query.snippet(text)
    assert len(snippet.text) <= SNIPPET_WIDTH + 2 and "\n" not in snippet.text
    edges = [edge for mark in snippet.marks for edge in mark]
    assert edges == sorted(edges) and all(0 <= edge <= len(snippet.text) for edge in edges)
    assert all(marked(snippet))


@given(st.text(max_size=60))
def test_a_text_is_found_by_its_own_words(text):
    """The index and the snippet agree with the question on what a word is."""
    try:
        query = Query(re.sub('["*“”„«»]', " ", text))
    except UsageError:
        return
    assert query.fits(text)
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute(search._TABLE)
        connection.execute("INSERT INTO said VALUES (?, ?)", columns(text))
        assert connection.execute("SELECT 1 FROM said WHERE said MATCH ?", (query.match,)).fetchall() == [(1,)]


@pytest.mark.parametrize("words", ["", "  ", "*", '"" " "', "!?", "🎉", "❤️", "_"])
def test_a_search_without_a_word_says_so(kept, words):
    """Signs are not kept in the index: nothing found would be a lie."""
    with pytest.raises(UsageError, match="no word"):
        kept().search(words)


def test_too_many_words_are_refused(kept):
    with pytest.raises(UsageError, match="takes 50 words, here are 51"):
        kept().search(" ".join(f"w{number}" for number in range(51)))


LONG = "a " * 300 + "tide " + "b " * 300
TWICE = "tide " + "b " * 99 + "tide moon" + " c" * 99


@pytest.mark.parametrize(
    ("text", "words", "shown", "marks"),
    [
        pytest.param("High tides, low tides.", "tides", "High tides, low tides.", ["tides", "tides"], id="short"),
        pytest.param("  Was\n\n kommt\tnun? ", "nun", "Was kommt nun?", ["nun"], id="in one line"),
        pytest.param("Straße x̂ é", "e strasse x", "Straße x̂ é", ["Straße", "x", "é"], id="folded to more and to none"),
        pytest.param("我们今天去", "今天", "我们今天去", ["今天"], id="Chinese"),
        pytest.param("tidal", "tid*", "tidal", ["tidal"], id="the whole word"),
        pytest.param(LONG, "tide", f"…{'a ' * 20}tide {'b ' * 57}b…", ["tide"], id="from the middle"),
        pytest.param(TWICE, "moon tide", f"…{'b ' * 20}tide moon{' c' * 55}…", ["tide", "moon"], id="where most is"),
        pytest.param("x" * 900, "x*", "x" * 160 + "…", ["x" * 160], id="a word longer than the line"),
    ],
)
def test_snippets(text, words, shown, marks):
    """The words around the match, as they were written."""
    snippet = Query(words).snippet(text)
    assert marked(snippet) == marks
    assert snippet.text == shown


@pytest.mark.parametrize("fts", HOW)
def test_newest_first_within_bounds(kept, fts):
    """By when it was said, whatever order it was kept in; imported turns have times of their own."""
    history = kept(fts=fts)
    first = kept.begin(history, "tide one", "tide two", model="claude-opus-5-5")
    kept.say(history, first, "user", "tide three")
    answer = kept.say(history, first, "assistant", "tide four", model="claude-haiku-5-5").turn
    old = Conversation(
        "old", "Old one", model="gpt", turns={5: Turn(5, None, "user", (text_block("tide zero"),))}, head=5
    )
    assert history.adopt([old]) == [old]
    everything = ["tide four", "tide three", "tide two", "tide one", "tide zero"]
    assert found(history, "tide") == found(history, "tide", limit=None) == everything
    assert found(history, "tide", limit=2) == everything[:2]
    assert found(history, "tide", since=answer.id) == ["tide four"]
    assert found(history, "tide", since=6, until=answer.id) == everything[1:4]
    assert found(history, "tide", model="Haiku") == ["tide four"]
    assert found(history, "tide", model="opus") == everything[1:4]
    (hit,) = history.search("zero")
    assert (hit.conversation, hit.title, hit.turn, hit.role, hit.model) == ("old", "Old one", 5, "user", "gpt")


def test_ranked_by_relevance(kept):
    """Short and about it before long and in passing."""
    history = kept()
    kept.begin(history, "tide, tide and tide", "a long text in which the tide is one word of many " * 3, "tide")
    assert [text[:6] for text in found(history, "tide", rank=True)] == ["tide, ", "tide", "a long"]
    assert len(found(history, "tide", rank=True, limit=1)) == 1


def test_ranked_among_the_newest_of_very_many(kept):
    """A word that is everywhere says little, and to weigh each of a million turns takes seconds."""
    history = kept()
    kept.begin(history, "tide tide tide", "the tide of old", "tide", "a tide")
    index = search.Index(read=lambda name: None, most_ranked=2)
    with closing(sqlite3.connect(kept.path)) as connection:
        hits = index.find(connection, Query("tide"), search.Bounds(), 9, rank=True)
    assert [hit.snippet.text for hit in hits] == ["tide", "a tide", "the tide of old"]


@pytest.mark.parametrize("fts", HOW)
def test_words_of_all_that_was_said(kept, fts):
    """And of the names and texts of what was attached; not of thinking, nor of what tools were called with."""
    history = kept(fts=fts)
    conversation = kept.begin(history)
    long = "begins\n" + "x\n" * search.LONGEST_DOCUMENT + "ends"
    documents = [
        document_block("inline words"),
        document_block("x" * 2000 + " middle", "app.log"),
        document_block(long),
    ]
    result = {"type": "tool_result", "content": [text_block("returned")]}
    kept.say(history, conversation, "user", *documents, pdf_block("eA==", "report.pdf"), result, "why?")
    thought = {"type": "thinking", "thinking": "secretly"}
    call = {"type": "tool_use", "input": {"text": "called"}}
    kept.say(history, conversation, "assistant", thought, call, {"type": "text", "text": None}, "therefore")
    words = ["inline", "app.log", "middle", "begins", "report", "returned", "why", "therefore"]
    assert [word for word in (*words, "ends", "secretly", "called") if history.search(word)] == words
    for path in (kept.folder / "attachments").rglob("*/*"):
        path.unlink()
    assert history.search("why") and kept().search("why", rank=True)


def test_an_answer_is_found_as_it_is_now(kept):
    """While it grows, after its process was killed, whole, and gone on with."""
    history, other = kept(), kept()
    conversation = kept.begin(history, "question")
    answer = kept.say(history, conversation, "assistant", "tid", state="open").turn
    assert found(other, "tid") == ["tid"]
    kept.finish(history, conversation, answer, "tide and", state="open")
    assert found(other, "tide") == ["tide and"]
    kept.finish(history, conversation, answer, "tide and moon", state="interrupted")
    assert found(other, "moon") == ["tide and moon"]
    kept.finish(history, conversation, answer, "tide and moonlight")
    assert found(other, "moonlight") == ["tide and moonlight"] and found(other, "moon") == found(other, "tid") == []


def test_what_was_removed_is_not_found(kept):
    """Nor is there a word of it left in the index."""
    history = kept()
    gone, left = kept.begin(history, "ebb tide"), kept.begin(history, "flood tide")
    history.remove([gone.id])
    assert found(history, "tide") == found(history, "tide", rank=True) == ["flood tide"]
    history.remove([left.id])
    history.close()
    with closing(sqlite3.connect(kept.path)) as connection:
        assert connection.execute("SELECT count(*) FROM said").fetchone() == (0,)


def test_what_another_sqlite_did_not_index_is_found(kept):
    """The same history may be used by a Python whose SQLite has no FTS5."""
    without, with_ = kept(fts=False), kept()
    kept.begin(without, *["tide"] * (search.MOST_AT_ONCE + 1))
    assert len(found(with_, "tide", limit=None)) == search.MOST_AT_ONCE + 1
    conversation = kept.begin(with_, "moon")
    without.remove([conversation.id])
    assert found(with_, "moon") == found(with_, "moon", rank=True) == []


def test_a_search_where_nothing_can_be_written_finds_what_is_indexed(kept):
    """The open answer of another process is not worth a failure. Here files may not grow."""
    history = kept()
    conversation = kept.begin(history, "tide")
    kept.say(history, conversation, "assistant", "tide", state="open")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (kept.folder.joinpath("history.db-wal").stat().st_size, hard))
    try:
        assert len(history.search("tide")) == 1
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert len(history.search("tide")) == 2


def test_nothing_is_made_by_a_search(kept):
    """Neither where there is no folder, nor where nothing has been kept."""
    assert kept().search("tide") == [] and not kept.folder.exists()
    history = kept()
    history.note(Conversation("c"))
    assert history.search("tide") == history.search("tide", rank=True) == []


def test_a_damaged_turn_does_not_hinder_the_rest(kept):
    """Its words are lost, those of others are not."""
    history = kept()
    conversation = kept.begin(history, "tide")
    spoiled = kept.say(history, conversation, "assistant", "tide", state="open").turn
    with closing(sqlite3.connect(kept.path)) as connection:
        connection.execute("UPDATE turns SET content = '[{' WHERE id = ?", (spoiled.id,))
        connection.commit()
    assert found(history, "tide") == ["tide"]
    assert "cannot be read" in history.load(conversation.id).turns[spoiled.id].text
    history.update(conversation, replace(spoiled, state="whole"))
    assert found(history, "tide") == ["tide", "tide"]

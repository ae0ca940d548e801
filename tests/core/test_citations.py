"""Citations as numbered notes: where a mark stands, what a number means, and what the list says."""

from __future__ import annotations

import pytest

from claude_cli.core.citations import Citations, Source, source_of
from claude_cli.core.events import BlockStart, BlockStop, CitationDelta, MessageDone, TextDelta

PAGE = {"type": "web_search_result_location", "url": "https://a.example/x", "title": "Page A", "cited_text": "words"}
OTHER = {**PAGE, "url": "https://b.example/", "title": "Page B"}
SEARCHED = {
    "type": "web_search_tool_result",
    "content": [{"type": "web_search_result", "url": each["url"], "title": each["title"]} for each in (PAGE, OTHER)],
}


def block(index, *deltas):
    """A text block: its pieces and citations between start and stop."""
    events = [TextDelta(index, each) if isinstance(each, str) else CitationDelta(index, each) for each in deltas]
    return [BlockStart(index, {"type": "text", "text": ""}), *events, BlockStop(index)]


def tool(index, kind="server_tool_use", **members):
    """A whole block that is no text."""
    return [BlockStart(index, {"type": kind, **members}), BlockStop(index)]


def shown(citations, *blocks):
    """The text with its marks."""
    events = [event for each in blocks for event in each]
    return "".join(event.text for event in citations.annotate(events) if isinstance(event, TextDelta))


@pytest.mark.parametrize(
    ("blocks", "text"),
    [
        pytest.param([block(0, "One", PAGE), block(1, " and two.")], "One[1] and two.", id="behind its span"),
        pytest.param([block(0, PAGE, "One")], "One[1]", id="a citation before the text"),
        pytest.param([block(0, "One", PAGE, OTHER, PAGE)], "One[1][2]", id="each source once"),
        pytest.param([block(0, "1", OTHER), block(1, "2", PAGE), block(2, "3", OTHER)], "1[1]2[2]3[1]", id="numbers"),
        pytest.param([block(0, "One.", "\n\n", PAGE), block(1, "Two")], "One.[1]\n\nTwo", id="before line breaks"),
        pytest.param([block(0, "One "), block(1, " two \n")], "One  two", id="blanks wait for words"),
        pytest.param([block(0, "Look."), tool(1), block(2, "\nHere")], "Look.\n\nHere", id="a tool parts texts"),
        pytest.param([tool(0), block(1, "Here")], "Here", id="a tool before all text"),
        pytest.param([block(0, "a"), tool(1, "thinking"), block(2, "b")], "ab", id="thinking parts nothing"),
    ],
)
def test_where_a_mark_stands(blocks, text):
    """At the end of the words that rest on it; the words are as the model wrote them."""
    assert shown(Citations(), *blocks) == text


def test_other_events_pass_unchanged():
    """Whatever draws the answer sees all of them, in their order."""
    events = [*tool(0), *block(1, "x"), MessageDone()]
    assert Citations().annotate(events) == events


@pytest.mark.parametrize(
    ("citation", "line"),
    [
        pytest.param(PAGE, "Page A <https://a.example/x>", id="a page"),
        pytest.param({**PAGE, "title": None}, "<https://a.example/x>", id="a page without a title"),
        pytest.param(
            {"document_title": "R.pdf", "document_index": 0, "start_page_number": 3, "end_page_number": 4},
            "R.pdf, page 3", id="a page of a document",
        ),
        pytest.param(
            {"document_title": None, "document_index": 1, "start_page_number": 3, "end_page_number": 6},
            "document 2, pages 3-5", id="pages of a document without a title",
        ),
        pytest.param(
            {"document_title": "a.txt", "document_index": 0, "start_char_index": 0, "end_char_index": 1200},
            "a.txt, characters 0-1,200", id="characters",
        ),
        pytest.param(
            {"document_title": "d", "document_index": 0, "start_block_index": 0, "end_block_index": 1},
            "d, part 1", id="a part",
        ),
        pytest.param(
            {"document_title": "d", "document_index": 0, "start_block_index": 1, "end_block_index": 3},
            "d, parts 2-3", id="parts",
        ),
        pytest.param(
            {"type": "search_result_location", "source": "kb/7", "title": "T", "start_block_index": 0,
             "end_block_index": 1, "search_result_index": 0},
            "T <kb/7>", id="a search result of one's own",
        ),
        pytest.param({"type": "new_location"}, "a source", id="a kind that nobody knows yet"),
        pytest.param({"title": "a\nb\x1b[31m", "url": "https://x\n[2] y"}, "a b <https://x [2] y>", id="one line"),
        pytest.param({"title": 7, "url": ["x"], "start_page_number": "1"}, "a source", id="values of wrong kinds"),
    ],
)  # fmt: skip
def test_what_a_note_says(citation, line):
    """Title and address, or title and place, in one line whatever stands in them."""
    assert source_of(citation).line == line


def test_the_list():
    """A line each, in the order of the numbers; nothing where nothing was cited."""
    citations = Citations()
    assert citations.notes() == ""
    shown(citations, block(0, "x", OTHER), block(1, "y", PAGE))
    assert citations.notes() == "[1] Page B <https://b.example/>\n[2] Page A <https://a.example/x>\n"
    assert citations.sources[0].as_json() == {"title": "Page B", "url": "https://b.example/", "place": None}


def test_what_was_found_and_not_cited():
    """Results of searches and fetches that no citation names; errors and odd results are none."""
    citations = Citations()
    fetched = {"type": "web_fetch_result", "url": "https://c.example/", "content": {"title": "C"}}
    citations.look(
        [
            *tool(0, **SEARCHED),
            *tool(1, "web_fetch_tool_result", content=fetched),
            *tool(2, "web_fetch_tool_result", content={"url": "https://d.example/"}),
            *tool(3, "web_search_tool_result", content={"type": "web_search_tool_result_error", "error_code": "x"}),
            *tool(4, "web_search_tool_result", content=[None, {}]),
        ]
    )
    shown(citations, block(3, "x", PAGE))
    assert citations.uncited == (
        Source("Page B", "https://b.example/"), Source("C", "https://c.example/"), Source("", "https://d.example/"),
    )  # fmt: skip


def test_a_fetched_page_is_found_by_its_title():
    """It is cited as a document, without its address; the list has it all the same."""
    citations = Citations()
    citations.look(tool(0, **SEARCHED))
    cited = {"document_title": "Page B", "document_index": 0, "start_char_index": 0, "end_char_index": 9}
    shown(citations, block(1, "x", cited))
    assert citations.notes() == "[1] Page B <https://b.example/>, characters 0-9\n"


def test_citations_as_values():
    """For jsonl: the number of the source, and what stands there."""
    citations = Citations()
    found = citations.cited([*block(0, "x", PAGE, OTHER), *block(1, "y", {**PAGE, "cited_text": None})])
    assert [(each.number, each.text) for each in found] == [(1, "words"), (2, "words"), (1, "")]

"""Server tools and citations: what is asked for, what is told on the way, and where the sources stand."""

from __future__ import annotations

import json

import pytest

from claude_cli.asking.notes import Notes
from claude_cli.context import Context
from claude_cli.core.events import BlockStart, BlockStop, TextDelta
from claude_cli.terminal.renderer import Renderer, text_in

from .test_json import SCHEMA, fits

SEARCH = {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {"query": "tides\x1b]0;x\x07"}}
FOUND = {
    "type": "web_search_tool_result",
    "tool_use_id": "srvtoolu_1",
    "content": [
        {"type": "web_search_result", "url": f"https://{name}.example/", "title": f"Page {name}", "page_age": None,
         "encrypted_content": ""}
        for name in "ab"
    ],
}  # fmt: skip
CITATION = {
    "type": "web_search_result_location", "url": "https://a.example/", "title": "Page a", "encrypted_index": "",
    "cited_text": "They come and go.",
}  # fmt: skip
ANSWER = {
    "content": [
        {"type": "text", "text": "I look."}, SEARCH, FOUND, {"type": "text", "text": "So: "},
        {"type": "text", "text": "tides come\n", "citations": [CITATION]}, {"type": "text", "text": "and go."},
    ]
}  # fmt: skip
SHOWN = "I look.\n\nSo: tides come[1]\nand go.\n\n[1] Page a <https://a.example/>\n"


@pytest.mark.parametrize(
    ("words", "tools"),
    [
        (["--web-search"], [("web_search_20260318", "web_search")]),
        (["--web-fetch"], [("web_fetch_20260318", "web_fetch")]),
        (["--code-execution"], [("code_execution_20260521", "code_execution")]),
        (
            ["--web-fetch", "--web-search", "-O", 'tools=[{"type":"web_search_20250305","name":"web_search"}]'],
            [("web_search_20250305", "web_search"), ("web_fetch_20260318", "web_fetch")],
        ),
    ],
    ids=["search", "fetch", "code", "beside tools of one's own"],
)  # fmt: skip
@pytest.mark.parametrize("model", ["sonnet", "claude-haiku-4-5"])
def test_what_is_asked_for(claude, simulator, words, tools, model):
    """The newest type of each, as every model takes it; a tool given by `-O` stays as it is."""
    done = claude("complete", "hi", "-m", model, *words)
    assert (done.status, done.err) == (0, "")
    assert [(tool["type"], tool["name"]) for tool in simulator.requests[0].json["tools"]] == tools


def test_what_the_simulator_knows_of_tools(claude, simulator):
    """It refuses what the API does: a wrong name, an unknown field, callers that a model cannot have."""
    for tool, said in (
        ({"type": "web_search_20260318", "name": "search"}, "Input should be 'web_search'"),
        ({"type": "web_search_20260318"}, "name: Field required"),
        ({"type": "web_fetch_20260318", "name": "web_fetch", "user_location": {}}, "Extra inputs"),
        ({"type": "web_fetch_20260318", "name": "web_fetch"}, "allowed_callers"),
        ({"type": "code_execution_20991231", "name": "code_execution"}, "does not match any"),
    ):
        claude("complete", "hi", "-m", "claude-haiku-4-5", "-O", f"tools={json.dumps([tool])}").failed(4, said)


@pytest.mark.parametrize("out", ["pipe", "file"])
def test_sources_go_with_the_text(claude, simulate, out):
    """Marks where the cited words end, the list at the end, one newline behind it: also what is passed on has them."""
    simulate(ANSWER)
    if out == "file":
        claude("complete", "hi", "--web-search", "-o", "notes.md")
        assert (claude.folder / "notes.md").read_text() == SHOWN
    else:
        done = claude("complete", "hi", "--web-search")
        assert (done.status, done.out, done.err) == (0, SHOWN, "")


def test_documents_are_cited_by_place(claude, simulate):
    """Page or characters; a page that was fetched is found by its title."""
    pages = {"type": "page_location", "document_title": "R.pdf", "document_index": 0, "cited_text": "x",
             "start_page_number": 2, "end_page_number": 4, "file_id": None}  # fmt: skip
    simulate({"content": [{"type": "text", "text": "So it is", "citations": [pages]}]})
    assert claude("complete", "hi", "--web-fetch").out == "So it is[1]\n\n[1] R.pdf, pages 2-3\n"


def test_the_bare_text_is_for_programs(claude, simulate):
    """`text` has no marks; jsonl has a line for each citation and each source."""
    simulate({**ANSWER, "times": 2})
    assert claude("complete", "hi", "--web-search", "--json").json["text"] == "I look.So: tides come\nand go."
    lines = claude("complete", "hi", "--web-search", "--format", "jsonl").jsonl
    assert all(fits(line, SCHEMA) for line in lines)
    kinds = {line["type"]: line for line in lines}
    assert kinds["citation"] == {"type": "citation", "source": 1, "text": "They come and go."}
    assert kinds["source"] == {
        "type": "source", "number": 1, "title": "Page a", "url": "https://a.example/", "place": None,
    }  # fmt: skip
    assert [line["type"] for line in lines[-2:]] == ["source", "result"]
    assert "".join(line["text"] for line in lines if line["type"] == "text") == "I look.So: tides come\nand go."


def test_what_is_done_is_told_on_a_terminal(claude, simulate):
    """In words that cannot move its cursor; elsewhere only with `-v`, which also lists what was not cited."""
    simulate({**ANSWER, "times": 2})
    done = claude("complete", "hi", "--web-search", err="terminal")
    assert 'claude-cli: searching: "tides"' in done.err and "\x1b]0" not in done.err and "Page b" not in done.err
    done = claude("complete", "hi", "--web-search", "-v")
    assert "searching" in done.err and "found, not cited: Page b <https://b.example/>" in done.err
    assert "Page a" not in done.err


class Recorder(Renderer):
    """Keeps what it is given, in order."""

    def __init__(self, console):
        super().__init__(console)
        self.kept = []

    def write(self, events):
        self.kept.append(text_in(events))

    def notice(self, notice):
        self.kept.append(notice.text)


def test_a_notice_stands_where_its_tool_ran():
    """Between the words around it, also where one read brought them all."""
    context = Context()
    recorder = Recorder(context.console)
    context.on_notice = recorder.notice
    search = {**SEARCH, "input": {"query": "tides"}}
    batch = [TextDelta(0, "I look."), BlockStart(1, search), BlockStop(1), TextDelta(2, "So")]
    Notes(context, recorder, inline=False).write(batch)
    assert recorder.kept == ["I look.", 'searching: "tides"', "So"]


def test_a_tool_that_fails_is_said_everywhere(claude, simulate):
    """It comes inside a good answer, which it makes another one."""
    failed = {"type": "web_search_tool_result_error", "error_code": "max_uses_exceeded"}
    simulate(
        {"content": [SEARCH, {**FOUND, "content": failed}, {"type": "text", "text": "I do not know."}], "times": 2}
    )
    done = claude("complete", "hi", "--web-search")
    assert (done.status, done.out) == (0, "I do not know.\n")
    assert done.lines == ["claude-cli: web search failed: max_uses_exceeded"]
    notices = claude("complete", "hi", "--web-search", "--json").json["notices"]
    assert [notice["code"] for notice in notices] == ["tool_failed"]


def test_sources_of_half_an_answer(claude, simulate):
    """What was printed keeps its sources, whatever came after."""
    simulate({**ANSWER, "message_stop": False})
    done = claude("complete", "hi", "--web-search")
    assert done.out == SHOWN
    done.failed(7)


def test_a_paused_answer_is_one_answer(claude, simulate):
    """Its marks and sources go on counting."""
    simulate({"stop_reason": "pause_turn", "say": "I look."}, {"content": ANSWER["content"][2:]})
    done = claude("complete", "hi", "--web-search")
    assert (done.status, done.out) == (0, SHOWN)


def test_offline_shows_what_it_is_like(claude):
    """Without a key: a search, a page, code, and sources that say they are made up."""
    done = claude(
        "complete", "hi", "--offline", "--web-search", "--web-fetch", "--code-execution", ANTHROPIC_API_KEY=None
    )
    assert done.status == 0 and "sources[1][2].\n\n[1] A simulated page <https://example.com/>\n" in done.out

"""/continue: a cut or stopped answer goes on where it stopped, and both halves are one turn."""

from __future__ import annotations

from dataclasses import replace

import pytest

from claude_cli.core.conversation import SUMMARY_OPENING
from claude_cli.core.messages import text_block

from .engine import chatting

CUT = {"say": "he", "stop_reason": "max_tokens"}
HAIKU = "claude-haiku-4-5-20251001"
"""Goes on with an assistant's turn by itself."""


@pytest.mark.parametrize(
    ("model", "first", "rest", "whole"),
    [
        pytest.param("claude-sonnet-5-5", "he", "llo", "hello", id="within a word"),
        pytest.param("claude-sonnet-5-5", "say ", "hello", "say hello", id="behind a blank"),
        pytest.param(HAIKU, "he", "llo", "hello", id="within a word, prefilled"),
        pytest.param(HAIKU, "say \n", " hello", "say hello", id="behind a blank, which no prefill may end with"),
    ],
)
def test_the_halves_become_one_turn(tmp_path, model, first, rest, whole):
    """In memory, on disk and in the next request; what both have cost is the turn's cost."""
    script = [{"say": first, "stop_reason": "max_tokens"}, {"say": rest}, {"say": "next"}]
    with chatting(tmp_path, script, model=model) as chat:
        cut = chat.ask("a")
        assert cut.error and cut.answer and cut.answer.state == "cut"
        on = chat.session.go_on()
        assert on.answer and not on.error and (on.answer.text, on.answer.state) == (whole, "whole")
        assert chat.has(on.answer) and len(chat.kept.turns) == 2
        assert on.answer.usage and cut.answer.usage
        assert on.answer.usage.output_tokens > cut.answer.usage.output_tokens
        assert on.answer.cost_pico == chat.session.standing.spent_pico
        (words,) = [block["text"] for block in on.answer.content if block["type"] == "text"]
        assert words == whole
        chat.said("b")
        assert chat.sent == [("user", "a"), ("assistant", whole), ("user", "b")]


def test_who_goes_on_by_itself_is_not_asked_to(tmp_path):
    """A prefilled turn needs no words of ours; other models get them, and no one sees them kept."""
    with chatting(tmp_path, [CUT, {"say": "llo"}], model=HAIKU) as chat:
        chat.ask("a")
        chat.session.go_on()
        assert chat.sent == [("user", "a"), ("assistant", "he")]
    other = tmp_path / "other"
    other.mkdir()
    with chatting(other, [CUT, {"say": "llo"}]) as chat:
        chat.ask("a")
        chat.session.go_on()
        assert [role for role, _ in chat.sent] == ["user", "assistant", "user"] and "cut off" in chat.sent[-1][1]
        assert len(chat.kept.turns) == 2


def test_it_goes_on_as_often_as_it_is_cut(tmp_path):
    """Each time it is the same turn."""
    with chatting(tmp_path, [CUT, {"say": "ll", "stop_reason": "max_tokens"}, {"say": "o"}]) as chat:
        chat.ask("a")
        again = chat.session.go_on()
        assert again.answer and (again.answer.text, again.answer.state) == ("hell", "cut") and again.error
        last = chat.session.go_on()
        assert last.answer and (last.answer.text, last.answer.state) == ("hello", "whole")
        assert chat.kept.turns == chat.session.conversation.turns and len(chat.kept.turns) == 2


def test_after_ctrl_c_it_goes_on(tmp_path):
    """What had been shown is not said again."""
    with chatting(tmp_path, [{"pace_s": 0.01}, {"say": " and so on"}]) as chat:
        chat.press("was asked")
        stopped = chat.ask("a")
        on = chat.session.go_on()
        assert stopped.answer and on.answer and on.answer.text == stopped.answer.text + " and so on"


def test_ctrl_c_while_it_goes_on_keeps_all_that_came(tmp_path):
    """The first half, and what came of the second."""
    with chatting(tmp_path, [CUT, {"pace_s": 0.01}]) as chat:
        chat.ask("a")
        chat.press("was asked")
        on = chat.session.go_on()
        assert on.interrupted and on.answer and on.answer.state == "interrupted"
        assert on.answer.text.startswith("heThis is") and chat.has(on.answer)


def test_a_failure_leaves_the_first_half_as_it_is(tmp_path):
    """And it can be gone on with later."""
    with chatting(tmp_path, [CUT, {"status": 500}, {"say": "llo"}]) as chat:
        cut = chat.ask("a")
        failed = chat.session.go_on()
        assert failed.error and chat.session.conversation.turns == chat.kept.turns
        assert chat.kept.answers == [cut.answer]
        on = chat.session.go_on()
        assert on.answer and on.answer.text == "hello"


def test_an_answer_that_a_kill_left_open_goes_on(tmp_path):
    """As another process finds it: its last words are what was on disk."""
    with chatting(tmp_path, [{"say": "he"}]) as chat:
        chat.said("a")
        conversation = chat.session.conversation
        (answer,) = conversation.answers
        chat.history.update(conversation, replace(answer, state="open", usage=None, cost_pico=None, stop_reason=None))
    with chatting(tmp_path, [{"say": "llo"}], conversation=chat.kept) as again:
        assert again.path[-1] == ("assistant", "he", "open")
        on = again.session.go_on()
        assert on.answer and on.answer.text == "hello" and again.has(on.answer)


def test_what_has_been_gone_on_from_is_not_changed(tmp_path):
    """Another branch follows the cut answer as it was, so the whole one stands beside it."""
    with chatting(tmp_path, [CUT, {"say": "two"}, {"say": "llo"}]) as chat:
        cut = chat.ask("a").answer
        assert cut
        chat.said("b")
        chat.session.move(cut.id)
        on = chat.session.go_on().answer
        assert on and on.id != cut.id and on.parent == cut.parent and on.text == "hello"
        assert chat.kept.turns[cut.id].text == "he" and chat.kept.head == on.id


def test_an_answer_without_a_word_cannot_go_on(tmp_path, capfd):
    """Cut while it was thinking: there is nothing to go on from, and /retry is named."""
    thought = {"type": "thinking", "thinking": "hm", "signature": "x"}
    with chatting(tmp_path, [{"content": [thought], "stop_reason": "max_tokens"}]) as chat:
        chat.ask("a")
        result = chat.session.go_on()
        assert result.error and "/retry" in capfd.readouterr().err and len(chat.simulator.requests) == 1


def test_a_summary_stands_for_what_was_said(tmp_path):
    """/compact: later requests begin with it; the original stays in the tree; what waits is asked behind it."""
    script = [{"say": "one"}, {"say": "two"}, {"say": "They said a and b."}, {"say": "three"}]
    with chatting(tmp_path, script) as chat:
        chat.said("a")
        chat.said("b")
        before = dict(chat.session.conversation.turns)
        result = chat.session.compact()
        assert result.answer and result.answer.kind == "summary" and result.answer.cost_pico
        assert [role for role, _ in chat.sent] == ["user", "assistant", "user", "assistant", "user"]
        assert chat.said("c") == "three"
        assert chat.sent == [("user", f"{SUMMARY_OPENING}They said a and b.c")]
        assert before.items() <= chat.kept.turns.items() and chat.kept.turns == chat.session.conversation.turns


def test_a_summary_that_fails_changes_nothing(tmp_path, capfd):
    """Neither where the model refuses, nor where the answer is cut."""
    for step in ({"status": 500}, {"stop_reason": "refusal"}, {"say": "They", "stop_reason": "max_tokens"}):
        folder = tmp_path / str(len(step)) / step.get("stop_reason", "error")
        folder.mkdir(parents=True)
        with chatting(folder, [{"say": "one"}, step]) as chat:
            chat.said("a")
            assert chat.session.compact().error and capfd.readouterr().err
            assert chat.path == [("user", "a", "whole"), ("assistant", "one", "whole")]


def test_a_summary_puts_the_waiting_question_behind_itself(tmp_path):
    """A question that failed is still ready to be asked."""
    with chatting(tmp_path, [{"say": "one"}, {"status": 500}, {"say": "Short."}, {"say": "two"}]) as chat:
        chat.said("a")
        chat.ask("b")
        chat.session.compact()
        waiting = chat.session.conversation.unanswered
        assert waiting and waiting.content == (text_block("b"),)
        again = chat.session.retry()
        assert again.answer and again.answer.text == "two"
        assert chat.sent == [("user", f"{SUMMARY_OPENING}Short.b")]


SEARCH = {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {"query": "news"}}
FOUND = {
    "type": "web_search_tool_result", "tool_use_id": "srvtoolu_1",
    "content": [{"type": "web_search_result", "url": "https://example.com/", "title": "News",
                 "encrypted_content": "c2ltdWxhdGVk", "page_age": None}],
}  # fmt: skip
WORDS = [{"type": "text", "text": "I will search. "}, {"type": "text", "text": "It says he"}]


@pytest.mark.parametrize(
    ("content", "kept"),
    [
        pytest.param([WORDS[0], SEARCH, FOUND, WORDS[1]], ["text", "server_tool_use", "web_search_tool_result", "text"],
                     id="behind a search"),
        pytest.param([*WORDS, SEARCH], ["text", "text"], id="in a search, which nobody will finish"),
    ],
)  # fmt: skip
def test_an_answer_with_a_search_goes_on(tmp_path, content, kept):
    """Its words are handed over; with what the search found it is whole, without it the search is left out."""
    tools = {"tools": [{"type": "web_search_20250305", "name": "web_search"}]}
    script = [{"content": content, "stop_reason": "max_tokens"}, {"say": "llo"}, {"say": "next"}]
    with chatting(tmp_path, script, options={"extra": tools}) as chat:
        chat.ask("a")
        on = chat.session.go_on()
        assert on.answer and not on.error and on.answer.text == "I will search. It says hello"
        assert chat.sent[1] == ("assistant", "I will search. It says he")
        assert [block["type"] for block in on.answer.content if block["type"] != "thinking"] == kept
        assert chat.said("b") == "next"


@pytest.mark.parametrize("step", [{"stop_reason": "max_tokens"}, {"cut_after": 4}], ids=["cut", "a lost network"])
def test_continue_is_not_named_where_there_is_nothing_to_go_on_from(tmp_path, capfd, step):
    """An answer that ended in its thinking can only be asked for again."""
    thought = {"type": "thinking", "thinking": "hm " * 30, "signature": "x"}
    with chatting(tmp_path, [{"content": [thought], **step}]) as chat:
        result = chat.ask("a")
        said = capfd.readouterr().err
        assert result.error and not result.can_go_on and "/retry" in said and "/continue" not in said


def test_a_second_half_without_a_word_can_still_be_gone_on_with(tmp_path, capfd):
    """The first half's words are there."""
    thought = {"type": "thinking", "thinking": "hm", "signature": "x"}
    with chatting(tmp_path, [CUT, {"content": [thought], "stop_reason": "max_tokens"}]) as chat:
        chat.ask("a")
        capfd.readouterr()
        assert chat.session.go_on().can_go_on and "/continue" in capfd.readouterr().err

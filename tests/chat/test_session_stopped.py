"""A second Ctrl-C, wherever it falls: nothing is lost by it, everything is put down, and the chat goes on."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from .engine import chatting, pressed_in

PLACES = (
    "Call.close", "Keeping.settle", "Ledger.settle", "Run._keep", "Keeper.answered", "Caller._count",
    "Session._stopped", "Caller.hang_up", "Session._answered", "Session._stand",
)  # fmt: skip


def books(folder: Path) -> list[tuple[str, bool]]:
    """How each call ended, and whether it has a price."""
    with closing(sqlite3.connect(folder / "usage.db")) as ledger:
        return ledger.execute("SELECT status, cost_pico > 0 FROM calls ORDER BY id").fetchall()


@pytest.mark.parametrize("place", PLACES)
def test_a_second_ctrl_c_costs_nothing(tmp_path, place):
    """The answer is kept, its call settled with what it cost, and nothing stays set aside for it."""
    with chatting(tmp_path, [{"pace_s": 0.01}, {"say": "two"}], settings='[budget]\nday = "1"\n') as chat:
        chat.press("was asked")
        with pressed_in(place):
            result = chat.ask("a")
        assert result.interrupted and result.error is None
        (answer,) = chat.kept.answers
        assert answer.state == "interrupted" and chat.has(chat.session.conversation.path[-1])
        assert books(tmp_path) == [("aborted", 1)]
        standing = chat.session.standing
        assert standing.left_pico == 10**12 - (answer.cost_pico or 0) and answer.cost_pico == standing.spent_pico
        chat.press("")
        assert chat.said("b") == "two"


@pytest.mark.parametrize(
    ("what", "place"),
    [(what, place) for what in ("ask", "retry") for place in ("Session._tried", "Caller.question", "Line.open")]
    + [("ask", "Keeper.asked"), ("retry", "Session.move")],
)
def test_ctrl_c_before_anything_is_sent_does_not_leave_the_chat(tmp_path, what, place):
    """Whatever is being made ready."""
    with chatting(tmp_path, [{"say": "one"}, {"say": "two"}]) as chat:
        chat.said("a")
        with pressed_in(place):
            result = chat.ask("b") if what == "ask" else chat.session.retry()
        assert result.interrupted and result.answer is None
        assert chat.said("c") == "two"


def test_ctrl_c_after_the_answer_takes_nothing_back(tmp_path):
    """As its figures are reckoned: it is there, whole."""
    with chatting(tmp_path, [{"say": "one"}]) as chat:
        with pressed_in("Session._stand"):
            result = chat.ask("a")
        assert result.answer and (result.answer.text, result.answer.state) == ("one", "whole")


def test_a_summary_that_is_stopped_leaves_all_as_it_was_and_says_so(tmp_path, capfd):
    """Nothing of it is kept, so nobody is told that it could be gone on with."""
    with chatting(tmp_path, [{"say": "one two", "stop_reason": "max_tokens"}, {"pace_s": 0.01}]) as chat:
        chat.ask("a")
        before = dict(chat.session.conversation.turns)
        chat.press("was asked")
        result = chat.session.compact()
        said = "".join(chat.session.context.console.shown)
        assert result.interrupted and result.answer is None and not result.can_go_on
        assert "the conversation is as it was" in said
        assert chat.kept.turns == chat.session.conversation.turns == before

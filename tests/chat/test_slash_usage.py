"""What a conversation has taken."""

from __future__ import annotations

import re

from claude_cli.chat.session import Standing
from claude_cli.core.conversation import Turn
from claude_cli.core.messages import Usage


def test_tokens_and_money_are_told_by_model(chat):
    """Of all branches: they are all paid for."""
    talk = chat(*({"say": "word", "usage": {"input_tokens": 1000, "output_tokens": 500}} for _ in range(3)))
    talk.ask("first")
    talk("/undo")
    talk.ask("other")
    talk("/retry opus")
    said = talk("/usage")
    rows = [re.split(" {2,}", line.strip()) for line in said]
    assert rows[0] == ["in", "cached", "out", "cost"]
    assert rows[1] == ["claude-sonnet-5-5", "2,000", "-", "1,000", "$0.014"]
    assert rows[2] == ["claude-opus-5-5", "1,000", "-", "500", "$0.014"]
    assert rows[3] == ["all", "3,000", "-", "1,500", "$0.028"]
    assert re.fullmatch(r"window: ~\d+ of 1,000,000 tokens \(0 %\)", said[4])


def test_what_the_cache_gave_is_a_share(chat):
    usage = {"input_tokens": 100, "cache_read_input_tokens": 300, "output_tokens": 1}
    talk = chat({"say": "word", "usage": usage})
    talk.ask("first")
    assert re.search(r"claude-sonnet-5-5 +400 +75 % +1", talk("/usage")[1])


def test_an_answer_that_was_stopped_is_reckoned(chat):
    talk = chat({"say": "many words " * 40, "cut_after": 20})
    talk.ask("first")
    assert "~$" in talk("/usage")[1]


def answered(talk, number, **changes):
    """Put an answer into the conversation, as one that was imported has it."""
    talk.session.conversation.add(Turn(number, None, "assistant", (), usage=Usage(10, 5), **changes))


def test_what_has_no_price_is_called_unpriced(chat):
    """Which is not free."""
    talk = chat()
    answered(talk, 1, model="llama\x1b[2J")
    assert re.fullmatch(r"llama +10 +- +5 +unpriced", talk("/usage")[1])
    answered(talk, 2, model="llama\x1b[2J", cost_pico=10**12)
    assert re.fullmatch(r"llama +20 +- +10 +\$1\.00 \+ 1 unpriced", talk("/usage")[1])


def test_what_was_simulated_has_no_price_either(chat):
    talk = chat()
    talk.session.conversation.simulated = True
    answered(talk, 1)
    assert re.fullmatch(r"\? +10 +- +5 +simulated", talk("/usage")[1])


def test_nothing_said_is_nothing_used(chat):
    assert chat()("/usage")[0] == "nothing has been answered yet"


def test_what_is_left_of_a_budget_is_said(chat):
    talk = chat(environ={"CLAUDE_CLI_BUDGET_DAY": "5"})
    talk.ask("first")
    assert re.fullmatch(r"left of the budget: \$\d\.\d+", talk("/usage")[-1]), talk.said


def test_a_window_nobody_knows_has_no_share(chat):
    talk = chat()
    talk.session.standing = Standing(tokens=1234)
    assert talk("/usage") == ["nothing has been answered yet", "window: ~1,234 tokens"]


def test_it_fits_a_narrow_screen(chat):
    talk = chat(environ={"COLUMNS": "40"})
    talk.ask("first")
    assert max(map(len, talk("/usage"))) <= 40

"""The branches of a conversation as lines."""

from __future__ import annotations

import re

import pytest

from claude_cli.core.conversation import Conversation, Turn
from claude_cli.core.messages import image_block, text_block
from claude_cli.terminal.columns import cells
from claude_cli.terminal.tree import numbers, tree

GRANDPARENT = "A rather long question about the whole history of the transport layer and everything around it"


def conversation(*turns: tuple[int | None, str, str], head: int | None = None, **changes) -> Conversation:
    """A conversation of turns: the parent's number, who says it ("?" the user, "!" an answer), and the words."""
    found = Conversation("c")
    for number, (parent, who, words) in enumerate(turns, 1):
        role = "user" if who == "?" else "assistant"
        found.add(Turn(number * 10, None if parent is None else parent * 10, role, (text_block(words),), **changes))
    if head is not None:
        found.head = head * 10
    return found


def with_turn(found: Conversation, number: int, **changes) -> Conversation:
    """`found` with another turn in the place of one."""
    from dataclasses import replace

    found.turns[number * 10] = replace(found.turns[number * 10], **changes)
    return found


def test_one_branch_goes_straight_down():
    said = conversation(
        (None, "?", "What is TLS?"), (1, "!", "A protocol."), (2, "?", "And SSH?"), (3, "!", "Another.")
    )
    assert tree(said, 80) == ["● 1 › What is TLS?", "● 2   A protocol.", "● 3 › And SSH?", "● 4   Another."]


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ("This is a **simulated** answer", "This is a simulated answer"),
        ("# Title\n\nUse `ls -l`, or ``a`b``", "Title Use ls -l, or a`b"),
        ("2**3 and x**2 + y**2, __init__", "2**3 and x**2 + y**2, __init__"),
    ],
    ids=["bold", "heading and code", "no marks"],
)
def test_answers_are_without_their_simplest_marks(words, wanted):
    """Nobody reads them in a line; what the user wrote is as it was written."""
    assert tree(conversation((None, "?", words), (1, "!", words)), 80) == [
        f"● 1 › {' '.join(words.split())}",
        f"● 2   {wanted}",
    ]


def test_the_branch_in_use_stays_left_and_marked():
    """Where one is must be seen at once, wherever the newest branch is."""
    said = [(None, "?", "Q"), (1, "!", "A"), (2, "?", "Old"), (3, "!", "Older"), (2, "?", "New"), (5, "!", "Newer")]
    assert tree(conversation(*said), 80) == [
        "● 1 › Q", "● 2   A", "│ ○ 3 › Old", "│ ○ 4   Older", "● 5 › New", "● 6   Newer",
    ]  # fmt: skip
    assert tree(conversation(*said, head=4), 80) == [
        "● 1 › Q", "● 2   A", "│ ○ 5 › New", "│ ○ 6   Newer", "● 3 › Old", "● 4   Older",
    ]  # fmt: skip


def test_what_lies_behind_where_one_is_is_not_in_use():
    """After /undo."""
    said = conversation((None, "?", "Q"), (1, "!", "A"), (2, "?", "Undone"), (3, "!", "Gone"), head=2)
    assert tree(said, 80) == ["● 1 › Q", "● 2   A", "○ 3 › Undone", "○ 4   Gone"]


def test_several_beginnings_are_several_branches():
    """The first message was edited."""
    said = conversation((None, "?", "One"), (1, "!", "1"), (None, "?", "Two"), (3, "!", "2"))
    assert tree(said, 80) == ["│ ○ 1 › One", "│ ○ 2   1", "● 3 › Two", "● 4   2"]


def test_branches_of_branches_go_further_in():
    said = [(None, "?", "Q"), (1, "!", "A"), (1, "!", "B"), (2, "?", "on A"), (2, "?", "on A again"), (3, "?", "on B")]
    assert tree(conversation(*said), 80) == [
        "● 1 › Q", "│ ○ 2   A", "│ │ ○ 4 › on A [unanswered]", "│ ○ 5 › on A again [unanswered]", "● 3   B",
        "● 6 › on B [unanswered]",
    ]  # fmt: skip


def test_each_turn_keeps_its_number():
    """/tree 3 must mean the same after the next message."""
    said = conversation((None, "?", "Q"), (1, "!", "A"), (2, "?", "B"))
    before = numbers(said)
    said.add(Turn(99, 20, "user", (text_block("C"),)))
    assert before == {10: 1, 20: 2, 30: 3}
    assert numbers(said) == {**before, 99: 4}


@pytest.mark.parametrize(
    ("changes", "shown"),
    [
        pytest.param({"state": "interrupted"}, "[interrupted]", id="interrupted"),
        pytest.param({"state": "open"}, "[interrupted]", id="killed"),
        pytest.param({"state": "cut"}, "[cut]", id="cut"),
        pytest.param({"state": "refused"}, "[refused]", id="refused"),
        pytest.param({"role": "user", "kind": "summary"}, "[summary]", id="summary"),
    ],
)
def test_a_turn_tells_how_it_stands(changes, shown):
    said = with_turn(conversation((None, "?", "Q"), (1, "!", "A")), 2, **changes)
    assert tree(said, 80)[1] == f"● 2   A {shown}"


def test_answers_of_several_models_are_told_apart():
    """After /retry opus the words alone say nothing."""
    said = conversation((None, "?", "Q"), (1, "!", "A"), (1, "!", "B"))
    with_turn(said, 2, model="claude-sonnet-5-5", state="cut")
    with_turn(said, 3, model="claude-opus-5-5")
    assert tree(said, 80) == ["● 1 › Q", "│ ○ 2   A [cut, sonnet-5-5]", "● 3   B [opus-5-5]"]


def test_a_message_without_words_tells_what_it_has():
    said = with_turn(conversation((None, "?", "Q")), 1, content=(image_block("image/png", "AAAA"),))
    assert tree(said, 80) == ["● 1 › image [unanswered]"]
    with_turn(said, 1, content=())
    assert tree(said, 80) == ["● 1 › (empty) [unanswered]"]


def test_a_long_chain_is_folded():
    """2,000 turns, and its reader sees the beginning, the end, and how much lies between."""
    said = conversation(*((number or None, "?!"[number % 2], f"words {number}") for number in range(2000)))
    assert tree(said, 80) == [
        "●    1 › words 0",
        "●    2   words 1",
        "●    3 › words 2",
        "⋮ 1,993 more, 4 to 1996",
        "● 1997 › words 1996",
        "● 1998   words 1997",
        "● 1999 › words 1998",
        "● 2000   words 1999",
    ]


def test_no_turn_is_folded_alone():
    """A line that says "1 more" takes the place of the turn itself."""
    said = conversation(*((number or None, "?!"[number % 2], "w") for number in range(8)))
    assert len(tree(said, 80)) == 8
    assert not any("more" in line for line in tree(said, 80))


def test_where_a_folded_chain_branches_both_ends_are_seen():
    said = [(number or None, "?!"[number % 2], f"w{number}") for number in range(20)]
    lines = tree(conversation(*said, (10, "?", "aside")), 80)
    assert "● 21 › aside [unanswered]" in lines
    assert "│ ○ 11 › w10" in lines
    assert "│ ⋮ 3 more, 14 to 16" in lines
    assert "⋮ 3 more, 4 to 6" in lines


@pytest.mark.parametrize("width", [40, 80])
def test_every_line_fits(width):
    """At 40 columns too, deep inside and with wide characters; what is cut says so, and the state stays."""
    said = conversation((None, "?", GRANDPARENT), (1, "!", "日本語" * 40))
    last = 20
    for _ in range(60):  # each beside the newer brother of the last one, so further in
        size = len(said.turns)
        said.add(Turn(size * 10 + 10, last, "assistant", (text_block(GRANDPARENT),), state="interrupted"))
        said.add(Turn(size * 10 + 20, last, "user", (text_block("x"),)))
        last = size * 10 + 10
    said.head = 20
    lines = tree(said, width)
    assert max(map(cells, lines)) <= width
    assert lines[0].startswith("●") and lines[0].endswith("…")
    assert sum(line.endswith("[interrupted]") for line in lines) == 60
    assert "│ │ ○" in "\n".join(lines)


def test_depth_beyond_all_measure_is_told_in_a_number():
    """A tree from elsewhere may be as deep as it likes; neither the screen nor the stack ends there."""
    said = conversation((None, "?", "Q"))
    for step in range(3000):
        last = 10 if step == 0 else said.head
        said.add(Turn(step * 20 + 20, last, "assistant", (text_block("side"),)))
        said.add(Turn(step * 20 + 30, last, "assistant", (text_block("newest"),)))
        said.head = step * 20 + 20
    said.head = 10
    lines = tree(said, 40)
    assert len(lines) == 6001
    assert max(map(cells, lines)) <= 40
    assert any(line.startswith("│3000 ") for line in lines)


def test_a_plain_terminal_gets_plain_signs():
    said = conversation((None, "?", "Q " * 60), (1, "!", "A"), (1, "!", "B"))
    lines = tree(said, 30, blocks=False)
    assert all(line.isascii() for line in lines)
    assert lines[0].startswith("* 1 > Q Q") and lines[0].endswith("...")
    assert lines[1:] == ["| o 2   A", "* 3   B"]


def test_nothing_in_the_words_reaches_the_terminal():
    said = with_turn(conversation((None, "?", "Q"), (1, "!", "A"), (1, "!", "B")), 2, model="m\x1b[31m")
    with_turn(said, 1, content=(text_block("\x1b]0;title\x07one\ntwo\x1b[2J\u202ethree"),))
    text = "\n".join(tree(said, 80))
    assert "one twothree" in text
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f\u202e]", text)

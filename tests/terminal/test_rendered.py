"""The answer's drawing by itself: whatever goes wrong in it, the text stands."""

from __future__ import annotations

import pytest

from claude_cli.core.errors import OutputError
from claude_cli.terminal.rendered import Guarded


class Drawing:
    """Prints each piece in brackets, and fails where it is told to."""

    def __init__(self, printed: list[str], fails_at: str, error: Exception) -> None:
        self.printed, self.fails_at, self.error, self.waiting = printed, fails_at, error, ""
        self.step("load")

    def step(self, name: str) -> None:
        if name == self.fails_at:
            raise self.error

    def feed(self, text: str) -> None:
        self.step("feed")
        self.waiting += text

    def due(self) -> float | None:
        self.step("due")
        return 0.5 if self.waiting else None

    def draw(self) -> None:
        self.step("draw")
        self.printed.append(f"[{self.waiting}]")
        self.waiting = ""

    def clear(self) -> None:
        self.step("clear")

    def finish(self) -> None:
        self.step("finish")
        self.draw()


def played(fails_at: str, error: Exception) -> tuple[list[str], list[str]]:
    """What is printed of an answer in two parts, and what is told, when the drawing fails at one of its steps."""
    printed: list[str] = []
    told: list[str] = []
    guarded = Guarded(lambda: Drawing(printed, fails_at, error), printed.append, lambda why: told.append(str(why)))
    for text in ("one ", "two\n\n"):
        guarded.feed(text)
        if guarded.due() is not None:
            guarded.draw()
        guarded.clear()
    guarded.finish()
    return printed, told


def test_a_drawing_that_works_is_left_alone():
    """Nothing is added, and nobody is told anything."""
    assert played("nowhere", ValueError()) == (["[one ]", "[two\n\n]", "[]"], [])


def test_where_nothing_was_drawn_the_text_has_no_line_before_it():
    """A file that was asked for must not begin with a blank line."""
    printed, told = played("load", ValueError("broken"))
    assert "".join(printed).startswith("one two\n") and told == ["broken"]


@pytest.mark.parametrize("fails_at", ["feed", "due", "draw", "clear", "finish"])
def test_where_the_drawing_fails_the_whole_text_is_printed_as_it_came(fails_at):
    """From a fresh line, to its end, once: a reader must not have to guess which part is missing."""
    printed, told = played(fails_at, ValueError("broken"))
    plain = "".join(piece for piece in printed if not piece.startswith("["))
    assert plain.startswith("\n") and plain.endswith("\n") and plain.strip() == "one two"
    assert told == ["broken"]
    assert not printed[-1].startswith("[")


@pytest.mark.parametrize("error", [BrokenPipeError(), OutputError("the disk is full")], ids=["a pipe", "a disk"])
def test_what_cannot_be_printed_at_all_is_an_error(error):
    """The text would fail in the same way."""
    with pytest.raises(type(error)):
        played("draw", error)

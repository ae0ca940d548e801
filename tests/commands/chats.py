"""A chat at a terminal of its own: keys go in, screens come out."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from ..screens import Screen
from .conftest import Done, Program, Running

MARK = "> "


class Talk:
    """One chat under way."""

    def __init__(self, claude: Program, *words: str, size: tuple[int, int] = (80, 24), **how: Any) -> None:
        """Start it, with `how` as `Program.start` has it."""
        self.size = size
        how.setdefault("stdin", "tty")
        self.running: Running = claude.start("chat", *words, tty=size, **how)

    @property
    def lines(self) -> list[str]:
        """All lines that the terminal has by now."""
        return Screen.of(self.running.out.data, *self.size).lines

    def shows(self, *parts: str) -> list[str]:
        """Return, when all parts are on the terminal, its lines; where a line was broken, it still has its part."""
        self._wait(lambda data: self._has(data, parts))
        return self.lines

    def ready(self, text: str = "") -> list[str]:
        """Return, when the prompt waits with `text` in it, the lines."""
        self._wait(lambda data: self.waits(data, text))
        return self.lines

    def prompts(self, *parts: str) -> list[str]:
        """Return, when the prompt waits and all parts are on the terminal, its lines: for a text of several lines."""
        self._wait(lambda data: self._prompt_is_on(data) is not None and self._has(data, parts))
        return self.lines

    def press(self, keys: str) -> None:
        """Press keys."""
        self.running.press(keys.encode())

    def say(self, text: str) -> None:
        """Enter a message."""
        self.press(text + "\r")

    def leave(self) -> Done:
        """Press Ctrl-D at an empty prompt; the terminal has to be as it was found."""
        self.ready()
        self.press("\x04")
        return self.ended(0)

    def ended(self, status: int) -> Done:
        """Wait for the end; the terminal has to be as it was found."""
        done = self.running.wait()
        seen = Screen.of(done.out_bytes, *self.size)
        assert (done.status, done.echo, seen.cursor_shown) == (status, True, True), "\n".join(seen.lines)
        assert not done.out_bytes.rpartition(b"\x1b[?2004")[2].startswith(b"h"), "pastes would be marked for the shell"
        return done

    def _wait(self, seen: Callable[[bytes], bool]) -> None:
        try:
            self.running.out.wait_until(seen)
        except AssertionError:
            raise AssertionError("\n".join(["the terminal shows:", *self.lines])) from None

    def _has(self, data: bytes, parts: tuple[str, ...]) -> bool:
        lines = Screen.of(data, *self.size).lines
        whole, broken = "\n".join(lines), "".join(lines)
        return all(part in whole or part in broken for part in parts)

    def waits(self, data: bytes, text: str = "") -> bool:
        """Whether what is on is a prompt: pastes are told apart only there, and the cursor stands behind the text.

        The cursor is hidden while the prompt is drawn; what stands below it may come in a later piece.
        """
        screen = self._prompt_is_on(data)
        return screen is not None and screen.visible[screen.cursor[1]].rstrip() == f"{MARK}{text}".rstrip()

    def _prompt_is_on(self, data: bytes) -> Screen | None:
        """The screen, where what is on is a prompt that has been drawn."""
        if data.rfind(b"\x1b[?2004h") <= data.rfind(b"\x1b[?2004l"):
            return None
        screen = Screen.of(data, *self.size)
        return screen if screen.cursor_shown else None


def turns(home: Path) -> list[tuple[str, str, str]]:
    """Role, state and text of all turns that are kept, oldest first."""
    with closing(sqlite3.connect(home / "history.db")) as connection:
        rows = connection.execute("SELECT role, state, content FROM turns ORDER BY id").fetchall()
    return [
        (role, state, "".join(block.get("text", "") for block in json.loads(content))) for role, state, content in rows
    ]

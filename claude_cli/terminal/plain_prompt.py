"""The simpler prompts: lines on a terminal that draws nothing anew, or that is read aloud, and lines of a script."""

from __future__ import annotations

import os
import select
from collections.abc import Callable
from dataclasses import replace

from ..core.errors import UsageError
from ..core.harmless import harmless, one_line
from .chips import Attacher
from .console import STDIN
from .draft import Draft
from .prompt_tty import Tty
from .prompt_words import is_command, labelled, named_files

MARK, CONTINUED = "> ", ". "
LEAVING = "Ctrl-C again or Ctrl-D leaves"
READ_BYTES = 1 << 16


class PlainPrompt:
    """A prompt without a single escape sequence; the terminal's own keys edit the line."""

    def __init__(self, attacher: Attacher) -> None:
        """Print nothing yet. Raises `UsageError`: there is no terminal."""
        self._attacher = attacher
        self._tty = Tty()
        self._left = b""

    def read(self, draft: Draft) -> Draft:
        """What the user enters; see `Prompt`. A draft is shown and goes before what is entered.

        Ctrl-C throws a begun message away; where there is none, the second one in a row is raised.
        """
        interrupted = False
        while True:
            try:
                entered = self._message(draft)
                interrupted = False
                done = self._with_files(entered)
                if done is not None:
                    return done
                draft = entered
            except KeyboardInterrupt as stop:
                if interrupted or type(stop) is not KeyboardInterrupt:
                    raise
                interrupted, draft = True, Draft()
                self._tty.write(f"\n{LEAVING}\n")

    def close(self) -> None:
        """Leave the terminal as it was."""
        self._tty.close()

    def _with_files(self, entered: Draft) -> Draft | None:
        """The message with the files it names; None, and a line that says why, where one cannot be sent."""
        try:
            done = with_files(entered, self._attacher)
        except UsageError as error:
            self._tty.write(f"claude-cli: {one_line(str(error))}\n")
            return None
        for chip in done.chips:
            if chip.note and chip not in entered.chips:
                self._tty.write(f"claude-cli: {one_line(chip.note)}\n")
        return done

    def _message(self, draft: Draft) -> Draft:
        """A message that is not blank; with the draft's text where nothing is added to it."""
        if draft.text.strip():
            self._tty.write(f"{harmless(draft.text)}\n(Enter sends this; what you write is added)\n")
        while True:
            text = self._lines()
            if draft.text.strip():
                text = f"{draft.text}\n{text}" if text.strip() else draft.text
            if text.strip():
                return replace(draft, text=text)

    def _lines(self) -> str:
        """A line with those that it continues in, and with what was pasted or typed ahead behind it: one message."""
        text = joined(self._line)
        while b"\n" in self._left or select.select([self._tty.fileno()], [], [], 0)[0]:
            try:
                text = f"{text}\n{joined(self._line)}"
            except EOFError:
                break
        return text

    def _line(self, *, is_first: bool) -> str:
        self._tty.write(MARK if is_first else CONTINUED)
        while b"\n" not in self._left:
            piece = os.read(self._tty.fileno(), READ_BYTES)
            if not piece and not self._left:
                self._tty.write("\n")
                raise EOFError
            self._left += piece
        line, _, self._left = self._left.partition(b"\n")
        return harmless(line.decode("utf-8", "replace"))


class PipedPrompt:
    """Messages of a script: a line each, several where a line ends in a backslash; blank lines say nothing."""

    def __init__(self, attacher: Attacher, descriptor: int = STDIN) -> None:
        """Read nothing yet."""
        self._attacher, self._descriptor = attacher, descriptor
        self._left, self._number, self._is_over = b"", 0, False

    def read(self, draft: Draft) -> Draft:
        """The next message; a draft that could not be sent is dropped, as nobody is there to look at it.

        Raises:
            EOFError: there are no more.
            UsageError: a line is not UTF-8, or a file it names cannot be sent.
        """
        while True:
            text = joined(self._line)
            if text.strip():
                return with_files(Draft(text), self._attacher)

    def close(self) -> None:
        """Nothing was changed."""

    def _line(self, *, is_first: bool) -> str:
        while b"\n" not in self._left and not self._is_over:
            piece = os.read(self._descriptor, READ_BYTES)
            self._is_over = not piece
            self._left += piece
        if not self._left:
            raise EOFError
        line, _, self._left = self._left.partition(b"\n")
        self._number += 1
        try:
            return line.decode("utf-8-sig" if self._number == 1 else "utf-8").removesuffix("\r")
        except UnicodeDecodeError as error:
            where = f"line {self._number:,} of standard input is not UTF-8 text (at byte {error.start:,})"
            raise UsageError(f"{where}: convert it") from error


def joined(line: Callable[..., str]) -> str:
    """A line and, where it ends in a backslash, those it goes on in; `line` is told whether it is the first.

    Raises:
        EOFError: there is none.
    """
    lines = [line(is_first=True)]
    while lines[-1].endswith("\\"):
        lines[-1] = lines[-1][:-1]
        try:
            lines.append(line(is_first=False))
        except EOFError:
            break
    return "\n".join(lines)


def with_files(draft: Draft, attacher: Attacher) -> Draft:
    """The draft with the files its text names. Raises `UsageError`: one of them cannot be sent."""
    words = [] if is_command(draft.text) else named_files(draft.text)
    chips = attacher.attach_all(word.path for word in words)
    return Draft(labelled(draft.text, words, [chip.label for chip in chips]), (*draft.chips, *chips))

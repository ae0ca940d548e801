"""The simpler prompts: lines on a terminal that draws nothing anew, or that is read aloud, and lines of a script."""

from __future__ import annotations

import os
import select
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from ..core.errors import UsageError
from ..core.harmless import harmless, one_line
from .chips import Attacher
from .console import STDIN
from .draft import Draft
from .prompt import CONTINUED, LEAVING, MARK
from .prompt_tty import Tty
from .prompt_words import is_command, with_files
from .slash import find

ADDED = "(Enter sends this; what you write is added; Ctrl-C takes it away)"
READ_BYTES = 1 << 16


class PlainPrompt:
    """A prompt without a single escape sequence; the terminal's own keys edit the line."""

    def __init__(self, attacher: Attacher) -> None:
        """Print nothing yet. Raises `UsageError`: there is no terminal."""
        self._attacher = attacher
        self._tty = Tty()
        self._left = b""
        self._waiting = Draft()

    def read(self, draft: Draft) -> Draft:
        """What the user enters; see `Prompt`. A draft is shown and goes before what is entered, but for a command.

        Ctrl-C throws a begun message away; where there is none, the second one in a row leaves.
        """
        draft, self._waiting = behind_command(self._waiting, draft), Draft()
        interrupted = False
        while True:
            try:
                text = self._text(draft)
                interrupted = False
                if is_command(text):
                    return self._command(text, draft)
                draft = replace(draft, text="\n".join(part for part in (draft.text, text) if part.strip()))
                done = self._with_files(draft)
                if done is not None:
                    return done
            except KeyboardInterrupt as stop:
                self._tty.write("\n")
                if type(stop) is not KeyboardInterrupt:
                    raise
                if interrupted:
                    raise EOFError from None
                interrupted, draft, self._left = True, Draft(), b""
                self._tty.write(f"{LEAVING}\n")

    def show(self, message: Draft) -> None:
        """Print a message as it would stand here."""
        first, *others = harmless(message.text).split("\n")
        self._tty.write("".join(f"{line}\n" for line in [MARK + first, *(CONTINUED + each for each in others)]))

    def close(self) -> None:
        """Leave the terminal as it was."""
        self._tty.close()

    def _with_files(self, entered: Draft) -> Draft | None:
        """The message with the files it names; None where one cannot be sent, or Ctrl-C came meanwhile."""
        try:
            done = with_files(entered, self._attacher)
        except UsageError as error:
            self._tty.write(f"claude-cli: {one_line(str(error))}\n")
            return None
        except KeyboardInterrupt as stop:  # while something is fetched
            if type(stop) is not KeyboardInterrupt:
                raise
            self._tty.write("\n")
            return None
        for chip in done.chips:
            if chip.note and chip not in entered.chips:
                self._tty.write(f"claude-cli: {one_line(chip.note)}\n")
        return done

    def _command(self, text: str, draft: Draft) -> Draft:
        """A command with what is attached before it; the message waits until it is done. /retry sends it itself."""
        command = find(text.split()[0])
        if command is None or command.name != "retry":
            self._waiting = draft
        return replace(draft, text="".join(f"{chip.label} " for chip in draft.used) + text)

    def _text(self, draft: Draft) -> str:
        """What is entered; blank only where there is a draft, which is shown before."""
        if draft.text.strip():
            self._tty.write(f"{harmless(draft.text)}\n{ADDED}\n")
        with self._marked_again():
            while True:
                text = self._lines()
                if text.strip() or draft.text.strip():
                    return text

    @contextmanager
    def _marked_again(self) -> Iterator[None]:
        """After Ctrl-Z and `fg` show where the user is; what was typed of the line is gone."""
        before = signal.signal(signal.SIGCONT, lambda number, frame: self._tty.write(MARK))
        try:
            yield
        finally:
            signal.signal(signal.SIGCONT, before)

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
            try:
                piece = os.read(self._tty.fileno(), READ_BYTES)
            except OSError:  # the terminal has gone
                raise EOFError from None
            if not piece and not (self._left and os.isatty(self._tty.fileno())):
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

    def show(self, message: Draft) -> None:
        """Print nothing: nobody is there."""

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


def behind_command(waiting: Draft, left: Draft) -> Draft:
    """The message that waited while a command was done, with what that has `left` attached to it.

    Another message that the command has brought takes its place; a command that failed does not.
    """
    words = left.text
    for chip in left.used:
        words = words.replace(chip.label, "")
    if words.strip() and not is_command(words.strip()):
        return left
    for chip in waiting.used:
        if chip not in left.used:
            waiting = replace(waiting, text=waiting.text.replace(chip.label, ""))
    done = replace(waiting, chips=waiting.used)
    for chip in left.used:
        if chip not in done.chips:
            done = done.with_chip(chip)
    return done


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

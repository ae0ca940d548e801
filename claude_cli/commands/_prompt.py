"""What is asked: the prompt's words, standard input, files and attachments, as one user turn."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from ..context import Context
from ..core.errors import UsageError
from ..core.messages import Block, Message, Notice, document_block, text_block
from ..terminal.console import STDIN, is_terminal
from ..terminal.stdin import decode, kind_of

NO_PROMPT = 'there is no prompt; for example: claude-cli complete "Explain TLS in two sentences"'
NO_QUESTION = 'there is an attachment but no question; for example: claude-cli complete -a photo.png "What is this?"'


@dataclass(frozen=True, slots=True)
class Sources:
    """Where the question comes from: the words of the command line, as given.

    Attributes:
        prompt: the argument; None: standard input is the prompt; "-" the same, whatever it is.
        files: each `-f`.
        attachments: each `-a`.
        use_stdin: False for `--no-stdin`.
        may_ask: False for `--no-input`.
        yes: `--yes`: large folders are sent without a question.
    """

    prompt: str | None
    files: Sequence[str] = ()
    attachments: Sequence[str] = ()
    use_stdin: bool = True
    may_ask: bool = True
    yes: bool = False


@dataclass
class PromptReader:
    """Gathers a question. Everything is read and checked here, before anything is sent."""

    context: Context
    sources: Sources
    _stdin_taken: str = field(default="", init=False)

    def message(self, context_window: int | None) -> Message:
        """The user's turn: documents first, then images, then the question.

        Raises:
            UsageError: there is no question, or an input cannot be used; names which.
        """
        self._only_one_reader()
        documents = self._documents()
        attached = self._attachments(context_window)
        piped = self._piped()
        prompt = self.sources.prompt if self.sources.prompt != "-" else None
        if prompt is not None:
            prompt = os.fsencode(prompt).decode("utf-8", "replace")
            if piped:
                documents.insert(0, document_block(piped, title="standard input"))
        else:
            prompt = piped
        if not (prompt and prompt.strip()) and documents:
            # Without another question the files are the question.
            prompt = "\n\n".join(block["source"]["data"] for block in documents)
            documents = []
        if not (prompt and prompt.strip()):
            raise UsageError(NO_QUESTION if attached else NO_PROMPT)
        return Message("user", (*documents, *attached, text_block(prompt)))

    def _only_one_reader(self) -> None:
        if (self.sources.prompt == "-") + self._dashes_in_files > 1:
            raise UsageError("standard input can be read once; `-` stands more than once on the command line")

    @cached_property
    def _dashes_in_files(self) -> int:
        """How many of the files and attachments are standard input."""
        named = [*self.sources.files, *self.sources.attachments]
        if not named:
            return 0
        from ..core.sources import is_stdin

        return sum(map(is_stdin, named))

    def _piped(self) -> str:
        """The text of standard input, "" where there is none or it belongs to somebody else."""
        if self.sources.prompt == "-":
            return self._text(self._read_dash())
        kind = kind_of()
        if self._dashes_in_files or not self.sources.use_stdin or kind in ("terminal", "none"):
            return ""
        if kind == "part-read file":
            left = "standard input is a file already read in part, and is left alone; `-` reads it"
            self.context.notify(Notice("stdin_left_alone", left))
            return ""
        return self._text(self.context.stdin_reader().read())

    def _text(self, data: bytes) -> str:
        text = decode(data)
        if not text.strip():
            self.context.notify(Notice("stdin_empty", "standard input was empty"))
            return ""
        return text

    def _read_dash(self) -> bytes:
        """Standard input of any kind, as `-` wants it."""
        if kind_of() == "none":
            raise UsageError("standard input is closed or /dev/null, so `-` has nothing to read")
        return self.context.stdin_reader().read(forced=True)

    def _documents(self) -> list[Block]:
        if not self.sources.files:
            return []
        from ..core.documents import load_documents

        found: list[Block] = []
        for source in self.sources.files:
            found += [
                document.block
                for document in load_documents(
                    source,
                    read_stdin=self._read_dash,
                    fetch=self.context.fetch,
                    confirm=self._confirm(),
                    yes=self.sources.yes,
                    notice=lambda text: self.context.notify(Notice("input", text)),
                )
            ]
        return found

    def _attachments(self, context_window: int | None) -> list[Block]:
        if not self.sources.attachments:
            return []
        from ..core.attachments import check_request, load_attachment

        loaded = [
            load_attachment(source, read_stdin=self._read_dash, fetch=self.context.fetch)
            for source in self.sources.attachments
        ]
        check_request(loaded, context_window)
        return [attachment.block for attachment in loaded]

    def _confirm(self) -> Callable[[str], bool] | None:
        """A yes-or-no question at the terminal; None where nobody can answer."""
        if not (self.sources.may_ask and is_terminal(STDIN) and self.context.console.err_is_terminal):
            return None

        def ask(question: str) -> bool:
            self.context.console.say(f"{question} [y/N] ", end="")
            return os.read(STDIN, 1024).strip().lower() in (b"y", b"yes")

        return ask

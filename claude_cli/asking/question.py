"""What is asked: the prompt's words, standard input, files and attachments, as one user turn."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import TYPE_CHECKING

from ..context import Context
from ..core.errors import UsageError
from ..core.messages import Block, ChatRequest, Message, Notice, document_block, text_block
from ..terminal.stdin import decode, kind_of

if TYPE_CHECKING:
    from ..core.models import Model
    from ..storage.templates import TemplateUse

NO_PROMPT = 'there is no prompt; for example: claude-cli {} "Explain TLS in two sentences"'
NO_QUESTION = 'there is an attachment but no question; for example: claude-cli {} -a photo.png "What is this?"'

STDIN_TITLE = "standard input"
"""What the model is told that a piped document is."""


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
        template: of `-t`, with its values.
        edit: `-e`.
    """

    prompt: str | None
    files: Sequence[str] = ()
    attachments: Sequence[str] = ()
    use_stdin: bool = True
    may_ask: bool = True
    yes: bool = False
    template: TemplateUse | None = None
    edit: bool = False


def question(context: Context, sources: Sources, model: str | None, system: str | None) -> ChatRequest:
    """What is asked, of whom, with which system prompt: flags first, then the template, then the settings.

    Raises:
        UsageError: there is no question, no model, or an input cannot be used; names which.
    """
    name = context.settings.model if model is None else model
    if not name.strip():
        raise UsageError("--model is empty; name one, for example sonnet")
    reader = PromptReader(context, sources)
    message = reader.message(context.catalogue.find(name))
    system = reader.system if system is None else system
    system = context.settings.system if system is None else system
    return ChatRequest(name, (message,), system or None)


def system_prompt(context: Context, text: str | None, path: str | None) -> str | None:
    """The system prompt of `-s`, or of the file of `--system-file`; None where there is neither.

    Raises:
        UsageError: both are there, or the file cannot be used.
    """
    if path is None:
        return text
    if text is not None:
        raise UsageError("--system and --system-file contradict each other")
    from ..core.documents import load_documents
    from ..core.sources import is_stdin, is_url, local_path

    if is_stdin(path):
        raise UsageError("--system-file takes a file; standard input is for the prompt")
    if not is_url(path) and local_path(path).is_dir():
        raise UsageError(f"--system-file {path} is a folder; name a file in it")

    def notice(line: str) -> None:
        context.notify(Notice("input", line))

    loaded = load_documents(path, read_stdin=None, fetch=None, confirm=None, yes=False, notice=notice)
    return "\n".join(document.text for document in loaded) or None


@dataclass(frozen=True, slots=True)
class Gathered:
    """What a question is made of: text files, images and PDFs, its words, and the piped text that is not in them.

    `prompt` is None where nothing on the command line says what is asked.
    """

    documents: list[Block]
    attached: list[Block]
    prompt: str | None
    piped: str


@dataclass
class PromptReader:
    """Gathers a question. Everything is read and checked here, before anything is sent.

    Attributes:
        system: the template's system prompt, once `message` has been asked for; None: there is none.
    """

    context: Context
    sources: Sources
    system: str | None = field(default=None, init=False)
    _stdin_taken: str = field(default="", init=False)

    def message(self, model: Model | None) -> Message:
        """The user's turn: documents first, then images, then the question.

        Args:
            model: decides how large images and how many are of use; None: the catalogue does not know it.

        Raises:
            UsageError: there is no question, or an input cannot be used; names which.
        """
        found = self.gather(model)
        documents, attached, prompt = found.documents, found.attached, found.prompt
        if prompt is None:
            prompt = found.piped
        elif found.piped:
            documents.insert(0, document_block(found.piped, title=STDIN_TITLE))
        if not (prompt and prompt.strip()) and documents:
            # Without another question the files are the question.
            prompt = "\n\n".join(block["source"]["data"] for block in documents)
            documents = []
        if not (prompt and prompt.strip()):
            raise UsageError((NO_QUESTION if attached else NO_PROMPT).format(self.context.command))
        return Message("user", (*documents, *attached, text_block(prompt)))

    def gather(self, model: Model | None) -> Gathered:
        """All parts of the question; see `message`."""
        self._only_one_reader()
        documents = self._documents()
        attached = self._attachments(model)
        return Gathered(documents, attached, *self._words(self._piped()))

    def _words(self, piped: str) -> tuple[str | None, str]:
        """The question, None where standard input is to be it, and what of standard input has not gone into it."""
        prompt = self.sources.prompt if self.sources.prompt != "-" else None
        if prompt is not None:
            prompt = os.fsencode(prompt).decode("utf-8", "replace")
        if self.sources.template:
            filled = self.sources.template.fill(prompt, piped)
            prompt, self.system, piped = filled.prompt, filled.system, filled.piped
        if self.sources.edit:
            if prompt is None and self.sources.prompt == "-":
                prompt, piped = piped, ""
            prompt = self._edited(prompt or "")
        return prompt, piped

    def _edited(self, prompt: str) -> str:
        """The question as the user's editor leaves it; kept in a file if the command then fails."""
        from ..terminal.editor import edit, keep

        shown = f"{prompt}\n" if prompt and not prompt.endswith("\n") else prompt
        edited = edit(shown, environ=self.context.environ, tell=self.context.console.line).rstrip("\n")
        if not edited.strip():
            raise UsageError("nothing was written in the editor, so nothing is sent")

        def keep_on_failure(kind: type[BaseException] | None, *_: object) -> None:
            if kind is not None:
                self.context.console.say(f"claude-cli: what you wrote is kept in {keep(edited)}")

        self.context.closing.push(keep_on_failure)
        return edited

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
                    one_of_many=len(self.sources.files) > 1,
                )
            ]
        return found

    def _attachments(self, model: Model | None) -> list[Block]:
        if not self.sources.attachments:
            return []
        from ..core.attachments import Limits, load_attachments, summaries

        loaded = load_attachments(
            self.sources.attachments,
            Limits.of(model),
            read_stdin=self._read_dash,
            fetch=self.context.fetch,
            read_clipboard=self._read_clipboard,
        )
        console = self.context.console
        if console.err_is_terminal and not console.quiet:
            for line in summaries(loaded):
                console.say(line, dim=True)
        return [attachment.block for attachment in loaded]

    def _read_clipboard(self) -> bytes:
        from ..terminal.clipboard import read_image

        return read_image(self.context.environ)

    def _confirm(self) -> Callable[[str], bool] | None:
        """A yes-or-no question at the terminal; None where nobody can answer."""
        from ..terminal.ask import can_ask, confirm

        console = self.context.console
        return partial(confirm, console) if self.sources.may_ask and can_ask(console) else None

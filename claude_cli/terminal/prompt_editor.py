"""What is being written at the prompt and what its keys do to it: text, chips, history, the user's editor."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from prompt_toolkit.application import get_app, run_in_terminal
from prompt_toolkit.buffer import Buffer, CompletionState
from prompt_toolkit.completion import CompleteEvent, get_common_complete_suffix
from prompt_toolkit.document import Document
from prompt_toolkit.filters import Condition
from prompt_toolkit.history import DummyHistory
from prompt_toolkit.key_binding import KeyPress

from ..core.errors import UsageError
from ..core.harmless import harmless
from .draft import Chip, Draft, as_typed_path
from .prompt import LEAVING, Choices
from .prompt_completion import Completions
from .prompt_history import PromptHistory
from .prompt_search import Search
from .prompt_thread import in_thread
from .prompt_words import dropped_files, is_command, labelled, named_files

PASTE_LIMIT = 100_000
"""Characters of a paste from which on it is taken as a document."""
LINE_LIMIT = 10_000
"""Characters of one line in a paste from which on it is, too: a longer line is slow to write in."""
DROP_LIMIT = 10_000
"""Characters of a paste up to which it may be nothing but paths."""


class HistoryBuffer(Buffer):
    """A text that gives way to older ones at its upper end. The library's own copies all of them, for each prompt."""

    def __init__(self, history: PromptHistory, completions: Completions) -> None:
        """Empty."""
        self._entries = history
        self._number: int | None = None  # of the entry that is shown; None: it is the user's own text
        self._edited: dict[int | None, str] = {}
        offers = Condition(lambda: completions.offers(self.document.text_before_cursor))
        super().__init__(completions, history=DummyHistory(), complete_while_typing=offers, multiline=True)

    def begin(self, text: str) -> None:
        """Another message."""
        self._number = None
        self._edited.clear()
        self.reset(Document(text))

    def history_backward(self, count: int = 1) -> None:
        """Show an older entry; what was changed in this one is still there on the way back."""
        number = self._entries.refresh() if self._number is None else self._number
        if number > len(self._entries):  # it is another file now
            number = len(self._entries)
            self._edited = {None: self._edited.get(None, "")}
        if number > 0:
            self._show(max(0, number - count))
            self.cursor_position = len(self.text)

    def history_forward(self, count: int = 1) -> None:
        """Show a newer entry, behind the newest the user's own text."""
        if self._number is not None:
            number = self._number + count
            self._show(number if number < len(self._entries) else None)
            self.cursor_position = len(self.text)

    def _show(self, number: int | None) -> None:
        self._edited[self._number] = self.text
        self._number = number
        text = self._edited.get(number)
        self.document = Document(self._entries[number] if text is None and number is not None else text or "")


class Editor:
    """The message that is being written.

    Attributes:
        buffer: its text, with the labels of what it brings along.
        search: through older ones.
        note: what the line below says until the next key.
        busy: what is being read.
        waits: whether keys wait, for a file or a folder.
    """

    def __init__(
        self,
        choices: Choices,
        history: PromptHistory,
        environ: Mapping[str, str],
        say: Callable[[str], None],
        paste_limit: int,
    ) -> None:
        """Nothing is written yet; `say` prints a line above the prompt."""
        self._choices, self._history, self._environ = choices, history, environ
        self._say, self._paste_limit = say, paste_limit
        self._completions = Completions(choices)
        self.buffer = HistoryBuffer(history, self._completions)
        self.search = Search(history)
        self.note, self.busy, self.waits = "", "", False
        self._noted = ""
        self._chips: dict[str, Chip] = {}
        self._held: list[KeyPress] = []
        self._task: asyncio.Task[None] | None = None

    def begin(self, draft: Draft) -> None:
        """Write on at `draft`."""
        self._chips = {chip.label: chip for chip in draft.chips}
        self.note, self.busy, self.waits, self.search.words = "", "", False, None
        self.buffer.begin(draft.text)

    @property
    def draft(self) -> Draft:
        """As it stands."""
        return Draft(self.buffer.text, tuple(self._chips.values()))

    @property
    def labels(self) -> tuple[str, ...]:
        """Of the chips there have been in this message."""
        return tuple(self._chips)

    def forget_note(self) -> None:
        """A key was pressed."""
        self._noted, self.note = self.note, ""

    def enter(self) -> None:
        """Send; behind a backslash begin a new line, and with files named in the text read them first."""
        buffer = self.buffer
        buffer.complete_state = None
        if buffer.document.current_line_before_cursor.endswith("\\") and buffer.document.is_cursor_at_the_end_of_line:
            buffer.delete_before_cursor()
            buffer.newline(copy_margin=False)
            return
        text = buffer.text
        if not text.strip():
            return
        words = [] if is_command(text) else named_files(text)
        if not words:
            self._send()
            return

        def replace(chips: list[Chip]) -> None:
            self._take(chips)
            self._set(labelled(text, words, [chip.label for chip in chips]))
            self._send()

        self._read([word.path for word in words], replace)

    def interrupt(self) -> None:
        """Clear the text, which the history keeps; where there is none, leave at the second time."""
        if self.buffer.text:
            self._history.append(self.draft.remembered)
            self.begin(Draft())
        elif self._noted == LEAVING:
            get_app().exit(exception=EOFError())
        else:
            self.note = LEAVING

    def paste(self, pasted: str) -> None:
        """Insert a text, or the chips for a long one, or for the paths that it consists of."""
        text = harmless(pasted.replace("\r\n", "\n").replace("\r", "\n"))
        if len(text) > self._paste_limit or max(map(len, text.split("\n"))) >= LINE_LIMIT:
            try:
                self._insert([self._choices.attacher.pasted(text)])
            except UsageError as error:
                self._say(str(error))
            return
        paths = dropped_files(text) if len(text) < DROP_LIMIT else []
        if paths:
            self._read(paths, self._insert, otherwise=text)
        else:
            self.buffer.insert_text(text)

    def complete(self) -> None:
        """Complete what is before the cursor as far as it is clear; the next time go through what there is."""
        buffer = self.buffer
        if buffer.complete_state and buffer.complete_state.completions:
            buffer.complete_next()
            return

        async def find() -> None:
            asked, document = CompleteEvent(completion_requested=True), buffer.document
            found = [each async for each in self._completions.get_completions_async(document, asked)]
            common = get_common_complete_suffix(document, found)
            buffer.complete_state = None
            if common:
                buffer.insert_text(common)
                found = [each.new_completion_from_position(len(common)) for each in found if len(found) > 1]
            if found:
                buffer.complete_state = CompletionState(buffer.document, found)
                if not common:
                    buffer.go_to_completion(0)

        self._wait_for(find())

    def take_clipboard_image(self) -> None:
        """Insert the chip for the image on the clipboard."""
        self._work("the clipboard", lambda: [self._choices.attacher.clipboard_image()], self._insert, "")

    def expand(self) -> None:
        """Put the text of the nearest long paste before the cursor, or else of the first, in its chip's place."""
        whole, cursor = self.buffer.text, self.buffer.cursor_position
        pasted = [chip for chip in self.draft.used if not chip.source and chip.block.get("type") == "document"]
        if not pasted:
            return
        at, chip = max(((whole.rfind(chip.label, 0, cursor), chip) for chip in pasted), key=lambda found: found[0])
        if at < 0:
            at, chip = min(((whole.find(chip.label), chip) for chip in pasted), key=lambda found: found[0])
        text = chip.block["source"]["data"]
        self.buffer.document = Document(whole[:at] + text + whole[at + len(chip.label) :], at + len(text))

    def open_editor(self) -> None:
        """Let the user's editor have the text."""
        from .editor import edit

        def run() -> None:
            try:
                text = edit(self.buffer.text, environ=self._environ, tell=self._say).rstrip("\n")
                self._set(text)
            except UsageError as error:
                self._say(str(error))
            except KeyboardInterrupt:
                pass  # the editor was stopped: the text stays as it was

        run_in_terminal(run)

    def label_at_cursor(self, *, before: bool) -> str:
        """The label of the chip that ends, or else begins, at the cursor; "" where there is none."""
        document = self.buffer.document
        side = document.text_before_cursor[-200:] if before else document.text_after_cursor[:200]
        fits = str.endswith if before else str.startswith
        return next((label for label in self._chips if fits(side, label)), "")

    def hold(self, keys: list[KeyPress]) -> None:
        """Keep keys until the file is there."""
        self._held += keys

    def give_up(self) -> None:
        """Do not wait for the file any longer."""
        if self._task:
            self._task.cancel()

    def _set(self, text: str) -> None:
        self.buffer.document = Document(text, len(text))

    def _send(self) -> None:
        get_app().exit(result=self.draft)

    def _take(self, chips: list[Chip]) -> None:
        for chip in chips:
            self._chips[chip.label] = chip
            if chip.note:
                self._say(chip.note)

    def _insert(self, chips: list[Chip]) -> None:
        self._take(chips)
        before = self.buffer.document.char_before_cursor
        gap = "" if not before or before.isspace() else " "
        self.buffer.insert_text(gap + " ".join(chip.label for chip in chips) + " ")

    def _read(self, paths: list[str], done: Callable[[list[Chip]], None], otherwise: str = "") -> None:
        what = ", ".join(map(as_typed_path, paths))
        self._work(what, lambda: self._choices.attacher.attach_all(paths), done, otherwise)

    def _work(
        self, what: str, job: Callable[[], list[Chip]], done: Callable[[list[Chip]], None], otherwise: str
    ) -> None:
        """Do a job beside the key loop, then `done`; where it fails, say why and insert `otherwise`."""
        self.busy = what

        async def work() -> None:
            try:
                chips = await in_thread(job)
            except UsageError as error:
                self._say(str(error))
                self.buffer.insert_text(otherwise)
            else:
                done(chips)

        self._wait_for(work())

    def _wait_for(self, work: Coroutine[Any, Any, None]) -> None:
        """Let keys wait until some work is done."""
        self.waits = True

        async def wait() -> None:
            try:
                await work
            finally:
                self.busy, self.waits, self._task = "", False, None
                keys, self._held = self._held, []
                app = get_app()
                app.key_processor.feed_multiple(keys)
                app.key_processor.process_keys()
                app.invalidate()

        self._task = get_app().create_background_task(wait())

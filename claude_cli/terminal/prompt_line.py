"""The line editor of the chat, on prompt-toolkit: it draws below what was printed last, and what was sent stays."""

from __future__ import annotations

from asyncio import AbstractEventLoop
from collections.abc import Callable, Mapping
from typing import Any, Literal

from prompt_toolkit.application import Application
from prompt_toolkit.enums import EditingMode
from prompt_toolkit.key_binding import KeyBindings
from prompt_toolkit.output import ColorDepth

from ..core.harmless import harmless, one_line
from .draft import Draft
from .prompt import CONTINUED, MARK, Choices
from .prompt_editor import PASTE_LIMIT, Editor
from .prompt_history import PromptHistory
from .prompt_keys import bind
from .prompt_layout import layout, style
from .prompt_search import bind_search
from .prompt_terminal import Keyboard, screen_output
from .prompt_toolbar import fitted
from .prompt_tty import Tty

ESCAPE_S = 0.1
"""How long an Escape waits for what may belong to it: Alt-Enter is an Escape and an Enter."""


class LinePrompt:
    """A prompt at a terminal, also where standard input and output are something else."""

    def __init__(
        self,
        choices: Choices,
        history: PromptHistory,
        *,
        environ: Mapping[str, str],
        editing_mode: Literal["emacs", "vi"] = "emacs",
        colour: bool = True,
        paste_limit: int = PASTE_LIMIT,
        shown: Callable[[], None] = lambda: None,
    ) -> None:
        """Draw nothing yet.

        Args:
            choices: what is asked of the chat.
            history: of what was entered.
            environ: names the editor, the clipboard, the kind of terminal.
            editing_mode: whose keys.
            colour: whether anything but the menu's choice is styled.
            paste_limit: characters above which a paste becomes a document.
            shown: called once, when the first prompt is on the screen.
        Raises:
            UsageError: there is no terminal.
        """
        self._choices, self._history, self._colour = choices, history, colour
        self._tty = Tty()
        self._keyboard = Keyboard(self._tty)
        self._editor = Editor(choices, history, environ, self._say, paste_limit)
        keys = KeyBindings()
        bind(keys, self._editor)
        bind_search(keys, self._editor.search, self._editor.buffer)
        self._app: Application[Draft] = Application(
            layout(self._editor.buffer, self._below, lambda: self._editor.labels),
            style(colour=colour),
            include_default_pygments_style=False,
            key_bindings=keys,
            color_depth=ColorDepth.DEPTH_4_BIT if colour else ColorDepth.DEPTH_1_BIT,
            editing_mode=EditingMode.VI if editing_mode == "vi" else EditingMode.EMACS,
            erase_when_done=True,
            terminal_size_polling_interval=None,
            input=self._keyboard,
            output=screen_output(self._tty, environ),
        )
        self._app.ttimeoutlen = self._app.timeoutlen = ESCAPE_S
        self._app.key_processor.before_key_press += lambda _: self._editor.forget_note()

        def first(app: Application[Draft]) -> None:
            self._app.after_render -= first
            shown()

        self._app.after_render += first

    def read(self, draft: Draft) -> Draft:
        """What the user enters, with `draft` to begin with; see `Prompt`."""
        with self._keyboard.raw_mode():
            self._keyboard.note_typed_ahead()
            self._editor.begin(draft)
            try:
                entered = self._app.run(pre_run=self._pass_errors_on, set_exception_handler=False)
                self._history.append(entered.remembered)
            except (KeyboardInterrupt, EOFError) as stop:
                if isinstance(stop, KeyboardInterrupt):
                    self._tidy_up()
                self._history.append(self._editor.draft.remembered)  # the window may be gone: Up has it in another
                raise
        self.show(entered)
        return entered

    def show(self, message: Draft) -> None:
        """Print a message as it is left behind: drawn by the editor it would be cut at the height of the screen."""
        first, *others = harmless(message.text).split("\n")
        self._tty.write("".join(f"{line}\n" for line in [MARK + first, *(CONTINUED + each for each in others)]))

    def close(self) -> None:
        """Leave the terminal as it was."""
        self._tty.close()

    def _tidy_up(self) -> None:
        """Take the prompt off the screen, once more: a signal may have come where the library does not see to it."""
        self._app.renderer.erase()
        self._app.output.disable_bracketed_paste()
        self._app.output.flush()

    def _pass_errors_on(self) -> None:
        """An error in a key's work ends the prompt and goes to who called, as anywhere else."""

        def fail(loop: AbstractEventLoop, about: dict[str, Any]) -> None:
            error = about.get("exception")
            if isinstance(error, BaseException) and not self._app.is_done:
                self._app.exit(exception=error)

        if self._app.loop:
            self._app.loop.set_exception_handler(fail)

    def _say(self, text: str) -> None:
        """Print a line above the prompt."""
        line = f"claude-cli: {one_line(text)}"
        if self._app.is_running:
            self._app.renderer.erase()
        self._tty.write(f"\x1b[2m{line}\x1b[0m\n" if self._colour else f"{line}\n")
        self._app.invalidate()

    def _below(self) -> str:
        """What the line below the prompt says."""
        editor, columns = self._editor, self._app.output.get_size().columns
        if editor.busy:
            return one_line(f"reading {editor.busy}", max(columns - 1, 1))
        said = editor.search.line or editor.note
        return one_line(said, max(columns - 1, 1)) if said else fitted(self._choices.toolbar(), columns)

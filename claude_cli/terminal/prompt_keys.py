"""The keys of the line editor that are not every line editor's; what they do stands in `prompt_editor.py`."""

from __future__ import annotations

from prompt_toolkit.filters import Condition, emacs_mode, has_completions, vi_insert_mode, vi_navigation_mode
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.keys import Keys

from .prompt_editor import Editor


def bind(keys: KeyBindings, editor: Editor) -> None:
    """Add the keys."""
    _bind_sending(keys, editor)
    _bind_leaving(keys, editor)
    _bind_chips(keys, editor)
    _bind_waiting(keys, editor)
    _bind_completion(keys, editor)


def _bind_sending(keys: KeyBindings, editor: Editor) -> None:
    typing = emacs_mode | vi_insert_mode

    @keys.add("enter")
    def enter(event: KeyPressEvent) -> None:
        editor.enter()

    @keys.add("escape", "enter", filter=typing)
    @keys.add("c-j", filter=typing)
    def new_line(event: KeyPressEvent) -> None:
        editor.buffer.newline(copy_margin=False)

    @keys.add("c-x", "c-e")
    @keys.add("v", filter=vi_navigation_mode)
    def open_editor(event: KeyPressEvent) -> None:
        editor.open_editor()


def _bind_leaving(keys: KeyBindings, editor: Editor) -> None:
    @keys.add("c-c", eager=True)
    @keys.add("<sigint>")
    def interrupt(event: KeyPressEvent) -> None:
        editor.interrupt()

    @keys.add("c-d", filter=Condition(lambda: not editor.buffer.text))
    def leave(event: KeyPressEvent) -> None:
        event.app.exit(exception=EOFError())

    @keys.add("c-z")
    def suspend(event: KeyPressEvent) -> None:
        event.app.suspend_to_background()


def _bind_chips(keys: KeyBindings, editor: Editor) -> None:
    @keys.add(Keys.BracketedPaste)
    def paste(event: KeyPressEvent) -> None:
        editor.paste(event.data)

    @keys.add("c-v", filter=emacs_mode | vi_insert_mode)
    def clipboard(event: KeyPressEvent) -> None:
        editor.take_clipboard_image()

    @keys.add("c-x", "c-t")
    def expand(event: KeyPressEvent) -> None:
        editor.expand()

    @keys.add("backspace", filter=Condition(lambda: bool(editor.label_at_cursor(before=True))))
    def take_off(event: KeyPressEvent) -> None:
        editor.buffer.delete_before_cursor(len(editor.label_at_cursor(before=True)))

    @keys.add("delete", filter=Condition(lambda: bool(editor.label_at_cursor(before=False))))
    def take_off_behind(event: KeyPressEvent) -> None:
        editor.buffer.delete(len(editor.label_at_cursor(before=False)))


def _bind_waiting(keys: KeyBindings, editor: Editor) -> None:
    is_busy = Condition(lambda: editor.waits)

    @keys.add(Keys.Any, filter=is_busy, eager=True)
    def hold(event: KeyPressEvent) -> None:
        editor.hold(event.key_sequence)

    @keys.add("c-c", filter=is_busy, eager=True)
    def give_up(event: KeyPressEvent) -> None:
        editor.give_up()


def _bind_completion(keys: KeyBindings, editor: Editor) -> None:
    @keys.add("tab")
    def complete(event: KeyPressEvent) -> None:
        editor.complete()

    def in_folder() -> bool:
        state = editor.buffer.complete_state
        chosen = state.current_completion if state else None
        return chosen is not None and chosen.text.endswith("/")

    @keys.add("/", filter=has_completions & Condition(in_folder))
    def enter_folder(event: KeyPressEvent) -> None:
        editor.buffer.complete_state = None
        editor.buffer.start_completion()

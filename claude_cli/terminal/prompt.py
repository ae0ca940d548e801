"""Where the chat's messages come from: what a prompt promises, and what it asks the chat for; it knows no more of it.

`prompt_line.py` is the line editor on a terminal, `plain_prompt.py` has the simpler ones.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from .chips import Attacher
from .draft import Draft
from .prompt_toolbar import Part

Words = Callable[[], Sequence[tuple[str, str]]]
"""Gives words with their help, each in one line."""
FIRST_LINE = "/help · Ctrl-D leaves"
"""What stands, dim, above the first prompt."""
LEAVING = "Ctrl-C again or Ctrl-D leaves"
MARK, CONTINUED = "> ", ". "
"""What stands before the first line of a message, and before those it goes on in."""


def none() -> Sequence[tuple[str, str]]:
    """No words."""
    return ()


@dataclass(frozen=True, slots=True)
class Choices:
    """What a prompt asks of the chat. All but the attacher is called in the key loop, and has to answer at once.

    Attributes:
        attacher: makes chips of paths, of the clipboard's image and of what is too long to be edited.
        models, sessions, templates, settings: what can be completed.
        toolbar: what stands below the prompt.
    """

    attacher: Attacher
    models: Words = none
    sessions: Words = none
    templates: Words = none
    settings: Words = none
    toolbar: Callable[[], Sequence[Part]] = tuple


class Prompt(Protocol):
    """Reads one message after the other."""

    def read(self, draft: Draft) -> Draft:
        """What the user enters, with `draft` to begin with.

        Raises:
            EOFError: Ctrl-D, Ctrl-C on an empty prompt twice, or the input is over.
            KeyboardInterrupt: Ctrl-C beside all that reads keys, or a signal.
        """

    def show(self, message: Draft) -> None:
        """Show to who is there a message that was entered elsewhere, as if it had been entered here."""

    def close(self) -> None:
        """Leave the terminal as it was."""

"""What is seen to beside the first prompt, in a thread: the engine, the words to complete, and what is too old to keep.

A prompt is on the screen before any of it is loaded, and the first message finds it ready.
"""

from __future__ import annotations

import gc
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from threading import Thread

from ..asking.sessions import forget_old
from ..context import Context
from ..core.errors import ClaudeError
from ..core.messages import Notice
from ..core.threads import start_unsignalled

_ENGINE = ("core.call", "core.driving", "core.blocking", "core.prepare", "storage.ledger", "chat.slash_branches")
_DRAWING = ("terminal.live", "terminal.rendered")

Words = Sequence[tuple[str, str]]


class Background:
    """The thread.

    Attributes:
        models, sessions, templates, settings: words to complete, each with its help; none until they are found.
        held: notices for the user, who may be typing just now.
    """

    def __init__(self, context: Context) -> None:
        """Prepare."""
        self._context = context
        self.models: Words = ()
        self.sessions: Words = ()
        self.templates: Words = ()
        self.settings: Words = ()
        self.held: list[Notice] = []

    def start(self) -> None:
        """Begin. Where no thread can be had, all is loaded when it is needed, and nothing is completed."""
        start_unsignalled(Thread(target=self._run, name="claude-chat", daemon=True))

    def _run(self) -> None:
        package = __package__.rpartition(".")[0]
        for name in _ENGINE + _DRAWING * self._context.console.out_is_terminal:
            import_module(f"{package}.{name}")
        gc.freeze()  # modules are no garbage; a chat that goes on all day makes some, and collects it from now on
        gc.enable()
        with suppress(ClaudeError, OSError):
            self._find_words()
            forget_old(self._context, self.held.append)

    def _find_words(self) -> None:
        from ..asking.parameters import PARAMETERS

        known = self._context.catalogue
        found = {name: known.find(name) for name in known.names()}
        self.models = [(name, model.id if model and model.id != name else "") for name, model in found.items()]
        self.settings = [
            word
            for each in PARAMETERS.values()
            for word in [(each.name, each.takes), *((f"{each.name} {choice}", "") for choice in each.choices)]
        ]
        self.sessions, self.templates = self._live("sessions"), self._live("templates")

    def _live(self, kind: str) -> Words:
        """What a shell's completion offers, too."""
        from ..completion.live import live_words

        lines = (line.partition("\t") for line in live_words(kind, self._context.environ))
        return [(word, meaning) for word, _, meaning in lines]

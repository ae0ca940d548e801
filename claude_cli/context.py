"""What a command stands on: environment, settings, streams, and the engine, each made when it is first needed.

This is where floors meet: a command asks the context, and so need not know how a provider or a console comes about.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, ExitStack, suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from .core.errors import UsageError
from .core.messages import Notice
from .storage.settings import Settings, load_settings
from .terminal.console import STDERR, STDIN, STDOUT, Console, is_terminal, wants_colour
from .terminal.signals import held_back
from .terminal.stdin import StdinReader

if TYPE_CHECKING:
    from .core.budget import Recorder
    from .core.models import Catalogue
    from .core.providers.base import LLMProvider
    from .core.providers.config import ProviderConfig
    from .core.redact import Credential
    from .core.sources import Fetched
    from .core.surroundings import Surroundings
    from .core.telemetry import Emitter
    from .providing import Providing
    from .storage.books import Books
    from .storage.keys import KeyStore, Purpose
    from .storage.ledger import About
    from .storage.settings_serve import ServeSettings

Counts = TypeVar("Counts")


@dataclass(frozen=True, slots=True)
class Overrides:
    """What the command line says about where and how to ask; None: the settings decide.

    Attributes:
        provider, base_url, offline, profile: as the flags of these names.
        timeout_s: for the whole call.
        quiet, verbose, colour: how much is said, and how.
        log_file: where telemetry goes as JSON lines.
        max_cost_pico: pico-dollars that all calls of the process may cost.
    """

    provider: str | None = None
    base_url: str | None = None
    offline: bool = False
    timeout_s: float | None = None
    quiet: bool = False
    verbose: int = 0
    colour: str = "auto"
    log_file: str | None = None
    profile: str | None = None
    max_cost_pico: int | None = None


@dataclass
class Context:
    """The surroundings of one command."""

    environ: Mapping[str, str] = field(default_factory=lambda: dict(os.environ), repr=False)
    overrides: Overrides = field(default_factory=Overrides)
    notices: list[Notice] = field(default_factory=list)
    on_notice: Callable[[Notice], None] = lambda notice: None
    command: str = ""
    """What the ledger calls the command."""
    session: str | None = None
    """The id of the conversation that calls belong to from now on, for the ledger; None: of none that is kept."""
    uses_project: bool = True
    """False: a project's file is not even read."""
    closing: ExitStack = field(default_factory=ExitStack)
    """Closed when the command is over: the log file."""

    @cached_property
    def settings(self) -> Settings:
        """The settings in force. Raises `UsageError`."""
        return load_settings(self.environ, self.overrides.profile, _working_folder() if self.uses_project else None)

    @cached_property
    def serve_settings(self) -> ServeSettings:
        """Those of the gateway. Raises `UsageError`."""
        from .storage.settings_serve import serve_settings

        return serve_settings(self.settings, self.environ)[0]

    def say_project_file(self) -> None:
        """Say what of a project's file counts, once for each folder and content, and each time what of it does not.

        Raises:
            UsageError: the settings are wrong.
        """
        project = self.settings.project
        if project is None:
            return
        from .storage.project_memory import is_known, remember

        if project.complaint:
            self.notify(Notice("project_file_ignored", project.complaint))
        if project.use and not is_known(project, self.environ):
            self.notify(Notice("project_file", project.use))
            if not self.overrides.quiet:
                remember(project, self.environ)

    @cached_property
    def console(self) -> Console:
        """The streams, as the flags and the environment want them."""
        err = is_terminal(STDERR)
        return Console(
            out_is_terminal=is_terminal(STDOUT),
            err_is_terminal=err,
            colour=self.styled(terminal=err),
            quiet=self.overrides.quiet,
            verbose=self.overrides.verbose,
        )

    def styled(self, *, terminal: bool) -> bool:
        """Whether a stream may be styled: never for a screen reader, else by flag, variables and what the stream is."""
        with suppress(UsageError):  # wrong settings are told where one is needed
            if self.settings.screen_reader:
                return False
        return wants_colour(self.overrides.colour, self.environ, terminal=terminal)

    @property
    def somebody_watches(self) -> bool:
        """Whether any of the three streams is a terminal; under cron none is."""
        return is_terminal(STDIN) or self.console.out_is_terminal or self.console.err_is_terminal

    def notify(self, notice: Notice) -> None:
        """Keep a notice for the JSON output, and say it where it belongs.

        What changed the result is said everywhere but under `-q`; waits and the like need a terminal or `-v`.
        """
        if notice.changes_result:
            self.notices.append(notice)
        console = self.console
        counted_down = console.front.live is not None and console.front.live.shows(notice)
        wanted = notice.changes_result or (console.err_is_terminal and not counted_down) or console.verbose
        if wanted and not console.quiet:
            console.line(notice.text, dim=True)
        self.on_notice(notice)

    def stdin_reader(self) -> StdinReader:
        """Reads standard input by the rules."""

        def note(text: str) -> None:
            self.notify(Notice("waiting", text, changes_result=False))

        return StdinReader(self.settings.stdin_wait_s, self.somebody_watches, note)

    @cached_property
    def catalogue(self) -> Catalogue:
        """The models known here, at the address in force. Raises `UsageError`."""
        from .storage.model_list import known_models

        return known_models(self.environ, self.list_place, self.settings.profile)

    @property
    def list_place(self) -> str:
        """What a list of models is kept for: the base URL, or the provider that answers in place of one."""
        from .storage.model_list import list_place

        return list_place(self.provider_name, self.base_url, offline=self.offline)

    @cached_property
    def recorder(self) -> Recorder | None:
        """Who keeps count of calls and money; None: nobody. Raises `UsageError`."""
        if self.offline and self.overrides.max_cost_pico is None:
            return None  # and nothing of it is loaded
        from .accounts import recorder

        return self._counted(recorder, self.notify)

    def books(self, notify: Callable[[Notice], None] | None = None) -> Books:
        """Who keeps count of many calls at once and of their money. Raises `UsageError`.

        Args:
            notify: is told what hinders the ledger; None: the user is.
        """
        from .accounts import grouped_books

        return self._counted(grouped_books, notify or self.notify)

    def _counted(self, make: Callable[..., Counts], notify: Callable[[Notice], None]) -> Counts:
        """What `make` of `accounts.py` makes for this command. Raises `UsageError`."""
        return make(
            self._about,
            self.settings,
            self.environ,
            offline=self.offline,
            run_limit_pico=self.overrides.max_cost_pico,
            notify=notify,
        )

    @cached_property
    def _about(self) -> About:
        from .storage.ledger import About

        return About(self.command, self.provider_name, self.settings.profile)

    @property
    def offline(self) -> bool:
        """Whether the simulator answers."""
        return self.overrides.offline or self.settings.offline

    @property
    def provider_name(self) -> str:
        """Which provider answers: flag, then settings; offline always the simulator."""
        return "simulator" if self.offline else self.overrides.provider or self.settings.provider

    @property
    def base_url(self) -> str:
        """Where the built-in provider is: flag, then settings, then the official address."""
        from .core.connection import DEFAULT_BASE_URL

        return self.overrides.base_url or self.settings.base_url or DEFAULT_BASE_URL

    @cached_property
    def _providing(self) -> Providing:
        from .providing import Providing

        return Providing(
            self.provider_name,
            self.base_url,
            self.environ,
            self.settings,
            self.console,
            lambda: self.catalogue,
            self.notify,
        )

    def provider_config(self, key: Credential | None = None, *, dry: bool = False) -> ProviderConfig:
        """See `Providing.config`."""
        return self._providing.config(key, dry=dry)

    @property
    def key_store(self) -> KeyStore:
        """All sources of keys. Raises `UsageError`: the settings are wrong."""
        return self._providing.key_store

    @property
    def key_purpose(self) -> Purpose:
        """Which key is wanted: the profile's, for the address in force. Raises `UsageError`."""
        return self._providing.key_purpose

    def provider(self, *, dry: bool = False) -> AbstractContextManager[LLMProvider]:
        """See `Providing.provider`."""
        return self._providing.provider(offline=self.offline, own_url=self.overrides.base_url, dry=dry)

    @cached_property
    def emitter(self) -> Emitter | None:
        """Who is told of each step of a call. Raises `UsageError`: the log file cannot be opened."""
        aloud = self.overrides.verbose > 1 and not self.overrides.quiet
        if not self.overrides.log_file and not aloud:
            return None  # and nothing of it is loaded
        from .listeners import listeners

        return listeners(self.overrides.log_file, self.console if aloud else None, self.closing)

    def surroundings(self) -> Surroundings:
        """What calls of this process share."""
        from .core.prepare import surroundings

        if self.recorder is not None:
            self._about.session = self.session  # a chat goes from one conversation to another
        return surroundings(
            self.provider_name,
            emitter=self.emitter,
            notify=self.notify,
            models=self.catalogue,
            recorder=self.recorder,
            unbroken=held_back,
        )

    def fetch(self, url: str, max_bytes: int) -> Fetched:
        """GET a URL the user named, without any credential. Raises `UsageError`."""
        if self.offline:
            raise UsageError(f"{url} is not fetched: --offline uses no network")
        from .core.transport import fetch

        return fetch(url, max_bytes, environ=self.environ)


def _working_folder() -> Path | None:
    """Where the program was started; None where that has been removed."""
    try:
        return Path.cwd()
    except OSError:
        return None

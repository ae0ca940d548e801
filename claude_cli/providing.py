"""Which provider answers a command, and with which key: the built-in one, the simulator beside it, or a plugin."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any

from .core.messages import Notice

if TYPE_CHECKING:
    from .core.models import Catalogue
    from .core.providers.base import LLMProvider
    from .core.providers.config import ProviderConfig
    from .core.redact import Credential
    from .storage.keys import KeyStore, Purpose
    from .storage.settings import Settings
    from .terminal.console import Console

SIMULATOR_KEY = "sk-sim-made-up-key"
STAND_IN = "not-looked-up"
"""In place of a key where nothing is sent."""
SIMULATOR_PACE_S = 0.004
"""Seconds between two pieces of a simulated answer where somebody watches."""


class Providing:
    """What it takes to ask a provider, each part made when it is first needed."""

    def __init__(
        self, name: str, base_url: str, environ: Mapping[str, str], settings: Settings, console: Console,
        models: Callable[[], Catalogue], notify: Callable[[Notice], None],
    ) -> None:  # fmt: skip
        """Prepare.

        Args:
            name: which provider answers.
            base_url: where the built-in one is.
            environ: has keys, and names proxy and trust.
            settings: those in force.
            console: who watches.
            models: the models known here.
            notify: is told what is done besides asking.
        """
        self._name, self._base_url, self._environ, self._settings = name, base_url, environ, settings
        self._console, self._models, self._notify = console, models, notify

    @cached_property
    def key_store(self) -> KeyStore:
        """All sources of keys. At a terminal the keyring may take the time that unlocking it needs."""
        from .storage.keys import KeyStore

        def note(text: str) -> None:
            self._notify(Notice("waiting", text, changes_result=False))

        watched = self._console.err_is_terminal  # under -q, too, which hides no more than the note
        return KeyStore(
            self._environ, use_keyring=self._settings.keyring, note=note if watched else None, show_errors=watched
        )

    @cached_property
    def key_purpose(self) -> Purpose:
        """Which key is wanted: the profile's, for the address in force. Raises `UsageError`."""
        from .storage.keys import purpose_of

        return purpose_of(self._settings, self._base_url)

    def config(self, key: Credential | None = None, *, dry: bool = False) -> ProviderConfig:
        """What the built-in provider is told.

        Args:
            key: the one to use; None: the one that the sources have.
            dry: nothing is sent, so no source but the environment is asked.
        Raises:
            AuthenticationError: a source of keys has one that is none, or fails.
        """
        key, no_key = (key, "") if key else self._key(dry=dry)
        headers = self._settings.active.headers
        at_home = bool(headers) and self.key_purpose.at_home
        return self._config(key, self._base_url, self._environ, headers=headers if at_home else {}, no_key=no_key)

    @contextmanager
    def provider(self, *, offline: bool, own_url: str | None, dry: bool = False) -> Iterator[LLMProvider]:
        """The provider that answers; offline, with the simulator running beside it.

        Args:
            offline: the simulator answers.
            own_url: where a plugin's provider is, if that was said.
            dry: it is only asked what it would send: no key is looked up, and no simulator is started.
        """
        if offline:
            with self._simulated(dry=dry) as url:
                yield self._provider_of_simulator(url)
        elif self._name == "anthropic":
            from .core.providers.anthropic import AnthropicProvider

            yield AnthropicProvider.configured(self.config(dry=dry))
        else:
            from .core.providers.manager import PluginManager

            yield PluginManager().create(self._name, api_base_url=own_url)

    def _config(self, key: Credential | None, base_url: str, environ: Mapping[str, str], **more: Any) -> ProviderConfig:
        from .core.connection import Timeouts
        from .core.providers.config import ProviderConfig

        settings = self._settings
        return ProviderConfig(
            key=key,
            base_url=base_url,
            api_version=settings.api_version,
            allow_http=settings.allow_http,
            timeouts=Timeouts(
                connect=settings.connect_timeout_s,
                first_byte=settings.first_byte_timeout_s,
                idle=settings.idle_timeout_s,
                pings_only=settings.pings_timeout_s,
            ),
            environ=environ,
            models=self._models(),
            **more,
        )

    def _key(self, *, dry: bool) -> tuple[Credential | None, str]:
        """The key, and what to say where one is wanted and there is none; `dry`: a stand-in where one may be sent."""
        from .core.providers.config import environment_key
        from .core.redact import credential

        key = environment_key(self._environ)
        if key:
            return key, ""  # no other source is even loaded
        if dry:
            purpose = self.key_purpose
            may_have_one = purpose.is_official or purpose.at_home
            return credential(STAND_IN, source="a source that is not asked") if may_have_one else None, ""
        found = self.key_store.find(self.key_purpose)
        if found.notice(self.key_purpose):
            self._notify(Notice("keyring", found.notice(self.key_purpose)))
        return found.key, found.missing(self.key_purpose)

    @contextmanager
    def _simulated(self, *, dry: bool) -> Iterator[str]:
        """The address of the simulator, which runs meanwhile unless `dry`."""
        self._notify(Notice("simulated", "offline: the built-in simulator answers, no model is asked"))
        if dry:
            yield "http://127.0.0.1"  # its port is chosen when it is started
            return
        from .simulator import BackgroundSimulator

        pace = SIMULATOR_PACE_S if self._console.out_is_terminal else 0.0
        with BackgroundSimulator(pace_s=pace, recorded=1) as running:
            yield running.url

    def _provider_of_simulator(self, url: str) -> LLMProvider:
        """A real key is never shown to the simulator, though it is only another thread."""
        from .core.providers.anthropic import AnthropicProvider
        from .core.redact import credential

        key = credential(SIMULATOR_KEY, source="the simulator")
        hidden = {name: value for name, value in self._environ.items() if not name.startswith("ANTHROPIC_")}
        return AnthropicProvider.configured(self._config(key, url, hidden))

"""Where a key comes from, and where one is kept: environment, `key_command`, keyring, file, in this order.

A stored key belongs to a profile and an origin, and is looked for by both: one that was stored for another address is
not found, and so cannot be sent to the wrong one. `keyring` is imported when no earlier source has a key.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from ..core.address import endpoint
from ..core.connection import DEFAULT_BASE_URL
from ..core.errors import AuthenticationError, UsageError
from ..core.providers.config import environment_key
from ..core.redact import Credential, credential
from .key_file import KeyFile
from .paths import config_dir
from .settings import DEFAULT_PROFILE, Settings

STORES = ("keyring", "file")
VARIABLES = ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN")


class Store(Protocol):
    """A place that keeps keys. Its methods raise `AuthenticationError` where it cannot be used."""

    source: str

    def get(self, slot: str, /) -> str | None:
        """The key in `slot`, None where there is none."""

    def put(self, slot: str, key: str, /) -> None:
        """Keep `key`, in place of another."""

    def remove(self, slot: str, /) -> bool:
        """Remove the key; returns whether there was one."""


@dataclass(frozen=True, slots=True)
class Purpose:
    """What a key is wanted for.

    Attributes:
        profile: the name of the profile in use.
        origin: where it would be sent: scheme, host and port.
        home: the origin that the settings file has for the profile, whatever a flag or a variable say.
        command: the `key_command` of the profile; its key goes to `home` alone.
    """

    profile: str = DEFAULT_PROFILE
    origin: str = DEFAULT_BASE_URL
    home: str = DEFAULT_BASE_URL
    command: tuple[str, ...] = ()

    @property
    def slot(self) -> str:
        """The name of the stored key: the profile's, and behind an `@` the origin, unless it is the official one."""
        return slot(self.profile, self.origin)

    @property
    def is_official(self) -> bool:
        """Whether the key would go to the provider's own address."""
        return self.origin == DEFAULT_BASE_URL

    @property
    def at_home(self) -> bool:
        """Whether the origin is the one of the settings file: where `key_command`'s key and the headers may go."""
        return self.origin == self.home

    @property
    def set_command(self) -> str:
        """The command line that stores a key for this."""
        return self._command("set")

    @property
    def remove_command(self) -> str:
        """The command line that removes the key for this."""
        return self._command("rm")

    def _command(self, verb: str) -> str:
        profile = "" if self.profile == DEFAULT_PROFILE else f" --profile {self.profile}"
        address = "" if self.at_home else f" --base-url {self.origin}"
        return f"claude-cli keys {verb}{profile}{address}"


def purpose_of(settings: Settings, base_url: str) -> Purpose:
    """The purpose of a call to `base_url` under `settings`. Raises `UsageError`."""
    home = settings.home_base_url or DEFAULT_BASE_URL
    # A profile with an address of its own needs a command of its own: the general one is for the general address.
    command = settings.active.key_command or (() if settings.active.base_url else settings.key_command)
    return Purpose(settings.profile or DEFAULT_PROFILE, endpoint(base_url).origin, endpoint(home).origin, command)


def slot(profile: str, origin: str) -> str:
    """The name that a key is stored under.

    Raises:
        UsageError: the profile's name holds an `@`, so that it could be taken for another's.
    """
    if "@" in profile:
        raise UsageError(f"profile {profile!r}: its name may hold no '@'; call it otherwise")
    return profile if origin == DEFAULT_BASE_URL else f"{profile}@{origin}"


def purpose_in(name: str) -> Purpose:
    """What the key in the slot called `name` is for; the command lines of it name its address."""
    profile, _, origin = name.partition("@")
    return Purpose(profile, origin or DEFAULT_BASE_URL, home="")


@dataclass(frozen=True, slots=True)
class Found:
    """What a search for a key brought.

    Attributes:
        key: None where no source has one for the origin.
        trouble: in words, a store that could not be asked; "" where all could.
        elsewhere: another origin that the profile has a stored key for.
    """

    key: Credential | None
    trouble: str = ""
    elsewhere: str = ""

    def notice(self, purpose: Purpose) -> str:
        """What to say where the call goes on though a store could not be asked; "" where there is nothing to say."""
        if not self.trouble or (self.key is None and purpose.is_official):
            return ""
        instead = f"the key of {self.key.source} is used" if self.key else f"{purpose.origin} is called without a key"
        return f"{self.trouble}; {instead} (keyring = false in the settings skips the keyring)"

    def missing(self, purpose: Purpose) -> str:
        """What to say where a key is wanted and none was found: why, and what to do."""
        said = f"no API key for {purpose.origin}"
        if self.trouble:
            ways = f"set ANTHROPIC_API_KEY or key_command, or store one with: {purpose.set_command} --store file"
            return f"{said}: {self.trouble}; {ways}"
        if self.elsewhere:
            said += f": the one stored for {self.elsewhere} is sent nowhere else"
        ways = f"store one with: {purpose.set_command} (or set ANTHROPIC_API_KEY)"
        without = ", or try without: --offline" if purpose.is_official else ""
        return f"{said}; {ways}{without}"


@dataclass(frozen=True, slots=True)
class SourceState:
    """What `keys list` says of one source: its name, whether it has a key (or is to have one), and words for that."""

    source: str
    has_key: bool
    words: str


@dataclass
class KeyStore:
    """All sources of keys.

    Attributes:
        environ: may hold keys; not shown.
        use_keyring: False: the keyring is not even imported.
        note: says that the keyring is waited for; None where nobody is there, and it is not waited for long.
        show_errors: let the standard error of `key_command` through.
        command_limit_s: seconds that `key_command` may take.
    """

    environ: Mapping[str, str] = field(repr=False)
    use_keyring: bool = True
    note: Callable[[str], None] | None = None
    show_errors: bool = False
    command_limit_s: float = 60.0
    _stores: dict[str, Store] = field(default_factory=dict, init=False, repr=False)

    def store(self, name: str) -> Store:
        """The store called "keyring" or "file"."""
        if name not in self._stores:
            self._stores[name] = self._keyring() if name == "keyring" else KeyFile(config_dir(self.environ))
        return self._stores[name]

    def in_passing(self) -> KeyStore:
        """The same sources for a side remark: a keyring not asked yet is not waited for as for a person."""
        hasty = KeyStore(self.environ, self.use_keyring)
        hasty._stores.update(self._stores)
        return hasty

    def _keyring(self) -> Store:
        from .keyring_store import KeyringStore, Patience

        return KeyringStore(Patience.of_a_person(self.note) if self.note else Patience())

    @property
    def in_use(self) -> tuple[str, ...]:
        """The names of the stores that are asked, in order."""
        return STORES if self.use_keyring else STORES[1:]

    def find(self, purpose: Purpose) -> Found:
        """The key for `purpose`, from the first source that has one.

        Raises:
            AuthenticationError: what a source holds is no key, `key_command` fails, or the file is not safe.
        """
        key = environment_key(self.environ)
        if key is None and _may_run(purpose):
            from .key_command import run_key_command

            line = run_key_command(
                purpose.command, self.environ, show_errors=self.show_errors, limit_s=self.command_limit_s
            )
            key = credential(line, source="key_command")
        if key:
            return Found(key)
        trouble = ""
        for name in self.in_use:
            try:
                value = self.store(name).get(purpose.slot)
            except AuthenticationError as error:
                if name == "file":
                    raise
                trouble = "" if error.code == "no_keyring" else str(error)
                continue
            if value is not None:
                return Found(credential(value, source=self.store(name).source), trouble)
        return Found(None, trouble, "" if trouble else self._elsewhere(purpose))

    def _elsewhere(self, purpose: Purpose) -> str:
        """Another origin with a key: the profile's own or the official one, for which mostly there is one."""
        for origin in dict.fromkeys((purpose.home, DEFAULT_BASE_URL)):
            if origin != purpose.origin and self.kept_in(slot(purpose.profile, origin)):
                return origin
        return ""

    def kept_in(self, wanted: str) -> list[str]:
        """The names of the stores that have a key in the slot `wanted`; one that cannot be asked has none."""
        return [state.source for state in map(lambda name: self._state(name, wanted), self.in_use) if state.has_key]

    def kept_besides(self, told: Collection[str], likely: Iterable[str]) -> list[tuple[str, str]]:
        """The other slots that have a key, each with the name of its store.

        Args:
            told: the slots that are left out.
            likely: those that the keyring is asked for, as it cannot be listed; the file can.
        """
        others = dict.fromkeys(name for name in likely if name not in told) if self.use_keyring else {}
        found = [(name, "keyring") for name in others if self._state("keyring", name).has_key]
        try:
            listed = KeyFile(config_dir(self.environ)).slots()
        except AuthenticationError:  # the file's own state says so
            listed = []
        return found + [(name, "file") for name in listed if name not in told]

    def states(self, purpose: Purpose) -> list[SourceState]:
        """Every source, in order; the first that has a key is the one that is used. `key_command` is not run."""
        found = []
        for name in VARIABLES:
            there = bool(self.environ.get(name))
            found.append(SourceState(name, there, "set" if there else "not set"))
        runs, words = _may_run(purpose), "not configured"
        if purpose.command:
            words = f"runs {purpose.command[0]}" if runs else f"configured for {purpose.home} alone"
        found.append(SourceState("key_command", runs, words))
        for name in STORES:
            if name in self.in_use:
                found.append(self._state(name, purpose.slot))
            else:
                found.append(SourceState(name, False, "switched off (keyring = false)"))
        return found

    def _state(self, name: str, wanted: str) -> SourceState:
        try:
            there = self.store(name).get(wanted) is not None
        except AuthenticationError as error:
            return SourceState(name, False, str(error))
        return SourceState(name, there, "has a key" if there else "no key")


def _may_run(purpose: Purpose) -> bool:
    """Whether the profile has a command, and its key may go where one is wanted."""
    return bool(purpose.command) and purpose.at_home

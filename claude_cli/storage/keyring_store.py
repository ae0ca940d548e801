"""Keys in the keyring of the system. Whatever its backend does, a call ends in time, with words for what went wrong.

A backend may wait for a dialog that nobody sees, hang in D-Bus, or raise anything; so it runs in a thread of its own
that is left behind when its time is over. It is also the one thing that makes an AuthenticationError with the code
"no_keyring" (there is none, which is no trouble) or "keyring" (there is one, and it cannot be used).
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from ..core.errors import AuthenticationError

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

SERVICE = "claude-cli"
MAX_ITEMS = 20
"""Items that `remove` takes out at most: a backend that never forgets is not asked for ever."""
WAITING = "waiting for the keyring to be unlocked (Ctrl-C to give up)"

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Patience:
    """How long one call of the keyring may take.

    Attributes:
        limit_s: seconds until it is given up.
        note: says that it is waited for; None where nobody would read it.
        note_after_s: seconds until that is said.
    """

    limit_s: float = 2.8  # so that with everything around it a call is over within 3 s
    note: Callable[[str], None] | None = None
    note_after_s: float = 1.0

    @classmethod
    def of_a_person(cls, note: Callable[[str], None]) -> Patience:
        """Time to find the dialog and type a password."""
        return cls(60.0, note)


def system_backend() -> KeyringBackend:
    """The backend that keyring chooses for this system, by its variable, its file or what is there.

    Raises:
        AuthenticationError: there is none, it is switched off, or it keeps keys where others can read them.
    """
    # A plugin that fails to load is told to a log; without a handler that would be standard error.
    logging.getLogger("keyring").addHandler(logging.NullHandler())
    import keyring

    backend = keyring.get_keyring()
    module, name = type(backend).__module__, type(backend).__name__
    if module == "keyring.backends.fail":
        raise AuthenticationError("there is no keyring here", code="no_keyring")
    if module == "keyring.backends.null":
        raise AuthenticationError("the keyring is switched off (keyring.backends.null)", code="no_keyring")
    if backend.priority < 1:  # keyring's own bound for what it recommends; plain text files are below it
        raise AuthenticationError(f"the keyring {module}.{name} is not a safe place and is not used", code="keyring")
    return backend


@dataclass
class KeyringStore:
    """The keys of the service `claude-cli` in the keyring; a user name is a `slot` of keys.py.

    Attributes:
        patience: how long a call may take. After one that failed no other is made.
        open_backend: finds the backend; runs in the thread, too.
    """

    patience: Patience = field(default_factory=Patience)
    open_backend: Callable[[], KeyringBackend] = system_backend
    source = "the keyring"
    _failed: AuthenticationError | None = field(default=None, init=False)

    def get(self, user: str) -> str | None:
        """The key of `user`, None where there is none. Raises `AuthenticationError`: see above; so do the others."""
        return self._ask(lambda backend: backend.get_password(SERVICE, user))

    def put(self, user: str, key: str) -> None:
        """Store `key` for `user`, in place of another."""

        def store(backend: KeyringBackend) -> None:
            backend.set_password(SERVICE, user, key)
            # An item that another program stored under the same names stays, and may be the one that is found.
            if backend.get_password(SERVICE, user) != key:
                _delete_all(backend, user)
                backend.set_password(SERVICE, user, key)

        self._ask(store)

    def remove(self, user: str) -> bool:
        """Remove the key of `user`; returns whether there was one."""
        return self._ask(lambda backend: _delete_all(backend, user))

    def _ask(self, use: Callable[[KeyringBackend], Result]) -> Result:
        if self._failed:
            raise self._failed
        answer: Future[Result] = Future()

        def run() -> None:
            try:
                answer.set_result(use(self.open_backend()))
            except BaseException as error:  # the border: a plugin may raise anything, and in a thread it would be lost
                answer.set_exception(_named(error))

        try:
            try:
                threading.Thread(target=run, daemon=True, name="keyring").start()
            except RuntimeError as error:  # a container's limit of processes is reached
                raise AuthenticationError("the keyring cannot be asked: no thread to be had", code="keyring") from error
            return self._wait(answer)
        except AuthenticationError as error:
            self._failed = error  # asked again it would be waited for again, or open its dialog again
            raise

    def _wait(self, answer: Future[Result]) -> Result:
        limit, note = self.patience.limit_s, self.patience.note
        first = min(self.patience.note_after_s, limit) if note else limit
        with suppress(TimeoutError):
            return answer.result(first)
        if note:
            note(WAITING)
            with suppress(TimeoutError):
                return answer.result(limit - first)
        failed = "was not unlocked" if note else "did not answer"
        raise AuthenticationError(f"the keyring {failed} within {round(limit)} s", code="keyring")


def _delete_all(backend: KeyringBackend, user: str) -> bool:
    """Remove every item of `user`: one of ours and one that secret-tool stored are not the same."""
    removed = 0
    while removed < MAX_ITEMS and backend.get_password(SERVICE, user) is not None:
        backend.delete_password(SERVICE, user)
        removed += 1
    return removed > 0


_ABSENT = {"NoKeyringError", "InitError", "SecretServiceNotAvailableException"}
_LOCKED = {"KeyringLocked", "LockedException", "PromptDismissedException"}


def _named(error: BaseException) -> AuthenticationError:
    """What a backend's exception means, by its class alone: its text may be the key, and is neither kept nor shown."""
    if isinstance(error, AuthenticationError):
        return error
    kinds = {kind.__name__ for kind in type(error).__mro__}
    if kinds & _LOCKED:
        return AuthenticationError("the keyring is locked", code="keyring")
    if kinds & _ABSENT:
        return AuthenticationError("there is no keyring here", code="no_keyring")
    return AuthenticationError(f"the keyring failed ({type(error).__name__})", code="keyring")

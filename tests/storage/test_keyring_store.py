"""The border to the keyring: a call ends in time, and whatever a backend raises becomes words without a key."""

from __future__ import annotations

import threading

import pytest
from keyring.errors import InitError, KeyringError, KeyringLocked, NoKeyringError, PasswordSetError
from secretstorage.exceptions import LockedException, PromptDismissedException, SecretServiceNotAvailableException

from claude_cli.core.errors import AuthenticationError
from claude_cli.storage.keyring_store import MAX_ITEMS, WAITING, KeyringStore, Patience

CANARY = "sk-CANARY"


class Dictionary:
    """A backend that works; it may hold one user several times, as a Secret Service does."""

    def __init__(self, *items):
        self.items = [list(item) for item in items]

    def get_password(self, service, user):
        assert service == "claude-cli"
        return next((key for name, key in self.items if name == user), None)

    def set_password(self, service, user, key):
        self.items.insert(0, [user, key])

    def delete_password(self, service, user):
        self.items.remove(next(item for item in self.items if item[0] == user))


class Raising(Dictionary):
    """A backend that raises one thing, whatever it is asked."""

    def __init__(self, error):
        self.error = error

    def get_password(self, *given):
        raise self.error

    set_password = delete_password = get_password


class Strange(BaseException):
    """What no program should raise."""


def test_a_key_is_stored_found_and_removed_with_all_its_copies():
    """Ours and one that secret-tool stored are two items of one name: removed means both."""
    backend = Dictionary(("default", "old"), ("other", "x"))
    store = KeyringStore(open_backend=lambda: backend)
    store.put("default", "new")
    assert store.get("default") == "new"
    assert (store.remove("default"), store.remove("default"), store.get("default")) == (True, False, None)
    assert store.get("other") == "x"


def test_a_backend_that_never_forgets_is_not_asked_for_ever():
    """Removing ends."""

    class Stubborn(Dictionary):
        asked = 0

        def delete_password(self, service, user):
            self.asked += 1

    backend = Stubborn(("default", "x"))
    assert KeyringStore(open_backend=lambda: backend).remove("default") and backend.asked == MAX_ITEMS


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        pytest.param(KeyringLocked(CANARY), "keyring", "the keyring is locked", id="locked"),
        pytest.param(LockedException(CANARY), "keyring", "the keyring is locked", id="locked collection"),
        pytest.param(PromptDismissedException(CANARY), "keyring", "the keyring is locked", id="dialog closed"),
        pytest.param(NoKeyringError(CANARY), "no_keyring", "there is no keyring here", id="absent"),
        pytest.param(InitError(CANARY), "no_keyring", "there is no keyring here", id="nothing to keep keys in"),
        pytest.param(SecretServiceNotAvailableException(CANARY), "no_keyring", "there is no keyring here", id="no bus"),
        pytest.param(PasswordSetError(CANARY), "keyring", "the keyring failed (PasswordSetError)", id="will not store"),
        pytest.param(KeyringError(CANARY), "keyring", "the keyring failed (KeyringError)", id="its own"),
        pytest.param(Exception(CANARY), "keyring", "the keyring failed (Exception)", id="a bare exception"),
        pytest.param(ValueError(CANARY), "keyring", "the keyring failed (ValueError)", id="odd"),
        pytest.param(TimeoutError(CANARY), "keyring", "the keyring failed (TimeoutError)", id="its own clock"),
        pytest.param(SystemExit(CANARY), "keyring", "the keyring failed (SystemExit)", id="leaving"),
        pytest.param(KeyboardInterrupt(), "keyring", "the keyring failed (KeyboardInterrupt)", id="no Ctrl-C of ours"),
        pytest.param(Strange(CANARY), "keyring", "the keyring failed (Strange)", id="no exception at all"),
    ],
)
@pytest.mark.parametrize("call", ["get", "put", "remove"])
def test_what_a_backend_raises(error, code, words, call):
    """One border for all; the exception's text may be the key, so neither it nor a chain of it goes on."""
    store = KeyringStore(open_backend=lambda: Raising(error))
    with pytest.raises(AuthenticationError) as caught:
        getattr(store, call)(*("default", CANARY)[: 2 if call == "put" else 1])
    assert (caught.value.code, str(caught.value), caught.value.exit_code) == (code, words, 3)
    assert caught.value.__cause__ is None and caught.value.__context__ is None


def test_a_backend_that_cannot_be_opened_is_the_same():
    """The choice of a backend runs foreign code, too."""

    def broken():
        raise ImportError(CANARY)

    with pytest.raises(AuthenticationError, match=r"^the keyring failed \(ImportError\)$"):
        KeyringStore(open_backend=broken).get("default")


@pytest.fixture
def frozen():
    """A way to open a backend that answers when the test is over; counts how often it was asked."""
    over = threading.Event()
    asked = []

    def open_backend():
        asked.append(1)
        over.wait()
        raise NoKeyringError

    yield open_backend, asked
    over.set()


def test_nobody_waits_for_a_frozen_keyring(frozen):
    """The limit ends the call, nothing is said, and a second call does not wait again."""
    open_backend, asked = frozen
    store = KeyringStore(Patience(limit_s=0.01), open_backend)
    for _ in range(2):
        with pytest.raises(AuthenticationError, match=r"^the keyring did not answer within 0 s$"):
            store.get("default")
    assert len(asked) == 1


def test_a_person_is_told_and_given_time(frozen):
    """One line after a while; then the limit."""
    said = []
    store = KeyringStore(Patience(0.03, said.append, 0.01), frozen[0])
    with pytest.raises(AuthenticationError, match=r"^the keyring was not unlocked within 0 s$"):
        store.get("default")
    assert said == [WAITING] == ["waiting for the keyring to be unlocked (Ctrl-C to give up)"]


def test_who_unlocks_while_being_waited_for_gets_the_key():
    """The line is no end."""
    unlocked = threading.Event()

    def open_backend():
        unlocked.wait()
        return Dictionary(("default", "x"))

    store = KeyringStore(Patience(60, lambda text: unlocked.set(), 0.01), open_backend)
    assert store.get("default") == "x"


def test_how_long_is_waited():
    """3 s where nobody is, with what is around the call; a minute and a word after 1 s where somebody is."""
    alone, watched = Patience(), Patience.of_a_person(print)
    assert 2.5 <= alone.limit_s < 3 and alone.note is None
    assert (watched.limit_s, watched.note_after_s, watched.note) == (60, 1, print)

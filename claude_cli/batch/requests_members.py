"""What the members of a row are: those that have a meaning, slips of the pen, and the user's own columns.

The user's own are left out, and said once. What is nearly a known name is refused: a parameter that is misspelt must
not be left out a hundred thousand times.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from ..core.errors import UsageError
from ..core.messages import Notice
from ..core.sources import plain
from .row import RowId

IDS = ("id", "custom_id")
QUESTIONS = ("prompt", "messages", "params")
BESIDE = ("model", "system", "images", "files", "schema", "extract", "effort")
"""Members of ours that stand beside a prompt or messages."""
_OFTEN = frozenset(
    {
        "max_tokens", "temperature", "top_p", "top_k", "stop_sequences", "thinking", "service_tier", "metadata",
        "tools", "tool_choice", "output_config",
    }
)  # fmt: skip
PARAMETERS = _OFTEN | {
    "cache_control", "speed", "inference_geo", "container", "context_management", "mcp_servers", "fallbacks",
    "fallback_credit_token", "thread", "compaction", "billing_policy", "diagnostics",
}  # fmt: skip
"""The fields of POST /v1/messages that a row may name: by its documentation of November 2026, with those in beta."""
KNOWN = frozenset({*IDS, *QUESTIONS, *BESIDE}) | PARAMETERS
COLUMNS = frozenset({*IDS, *QUESTIONS, *BESIDE}) | _OFTEN
"""Of these, what a column of CSV may be: a table may well have a `thread` or a `speed` of its own."""

_MEANT = {
    "attachments": "images", "body": "params", "file": "files", "image": "images",
    "max_completion_tokens": "max_tokens", "stop": "stop_sequences", "system_prompt": "system",
}  # fmt: skip
"""What other programs, and our own flags, call it."""
_SHORTEST_SLIP = 5
_KEPT_NAMES = 1_000
_SAID_NAMES = 20
_SHOWN_LETTERS = 40


def row_id(members: Mapping[str, Any]) -> RowId | None:
    """The id of a row, as it stands there; None: it has none.

    Raises:
        UsageError: it has two different ones, or one that is neither a text nor a whole number.
    """
    found = [members[name] for name in IDS if members.get(name) is not None]
    if not found:
        return None
    value = found[0]
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise UsageError(f"the id is {kind_of(value)}; it is a text or a whole number")
    if len(found) == 2 and (type(found[1]) is not type(value) or found[1] != value):
        raise UsageError("id and custom_id are not the same; leave out one of them")
    return value


def text_in(members: Mapping[str, Any], name: str) -> str | None:
    """The text of a member; None where there is none. Raises `UsageError`: it is no text."""
    value = members.get(name)
    if value is None or isinstance(value, str):
        return value
    raise UsageError(f"{name} is {kind_of(value)}; it is a text")


def kind_of(value: object) -> str:
    """What a JSON value is, in words."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    kinds = ((str, "a text"), (int | float, "a number"), (list, "a list"))
    return next((words for kind, words in kinds if isinstance(value, kind)), "an object")


def shown(name: str) -> str:
    """A name of the user's, in quotes, short enough for a message."""
    return repr(plain(name if len(name) <= _SHOWN_LETTERS else f"{name[:_SHOWN_LETTERS]}…"))


class Strangers:
    """Members that have no meaning: each is said once, or refused where it is nearly one that has."""

    def __init__(self, notify: Callable[[Notice], None], what: str = "member") -> None:
        """Tell `notify` of them; each is called a `what`."""
        self._notify, self._what = notify, what
        self._said: set[str] = set()

    def check(self, names: Collection[str]) -> None:
        """Refuse members that nearly are known ones. Raises `UsageError`: `names` has one."""
        for name in names:
            if name not in self._said and (near := nearly(name)):
                raise UsageError(f"{shown(name)} is not known; did you mean {near!r}? (if it is yours, rename it)")

    def say(self, names: Collection[str]) -> None:
        """Say, once each and not of too many, that `names`, which have been checked, are not used."""
        for name in names:
            if name in self._said or len(self._said) >= _KEPT_NAMES:
                continue
            self._said.add(name)
            if len(self._said) <= _SAID_NAMES:
                self._tell(f"{self._what} {shown(name)} is not used")
            elif len(self._said) == _SAID_NAMES + 1:
                self._tell(f"further {self._what}s are not used either")

    def _tell(self, text: str) -> None:
        self._notify(Notice("unused_member", text, changes_result=False))


def nearly(name: str) -> str:
    """The known name that `name` was meant to be, but for a letter or the way it is written; "" for none."""
    if name in _MEANT:
        return _MEANT[name]
    flat = _flat(name)
    for known in (*IDS, *QUESTIONS, *BESIDE, *sorted(_OFTEN)):
        other = _flat(known)
        if flat == other or (len(other) >= _SHORTEST_SLIP and _is_slip(flat, other)):
            return known
    return ""


def _flat(name: str) -> str:
    return name.lower().replace("_", "").replace("-", "").strip()


def _is_slip(one: str, other: str) -> bool:
    """Whether a letter is missing, too many or another one, or two are swapped."""
    differing = (at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b)
    at = next(differing, min(len(one), len(other)))
    a, b = one[at:], other[at:]
    return a[1:] == b or a == b[1:] or a[1:] == b[1:] or (a[:2] == b[1::-1] and a[2:] == b[2:])

"""The lines of OUT and of its journal as bytes: pure functions, no file.

The journal begins with `HEADER`. Then comes a line for each answer, `{"digest":"…","nth":null,"row":{…}}`, of which the
object of `row` is the line of OUT, to be copied without a look at it; and, each time that OUT is made, a line
`{"out":{…}}` that says what it is. What was spent on a row that was given up is a line `{"spent":{…}}`. `nth` is a
number for rows without an id: of those with this digest the how manyth.
"""

from __future__ import annotations

import json
import re
from typing import Any, NamedTuple

from .row import Result, Row, RowId, Spent

HEADER = b'{"claude_cli_batch":1}\n'
"""What a journal begins with. The number is raised when an older version could no longer read the rest."""
_SOME_HEADER = re.compile(rb'\{"claude_cli_batch":([1-9][0-9]{0,8})[,}]')
_ANSWER = re.compile(rb'\{"digest":"([0-9a-f]{32})","nth":(null|[0-9]{1,18}),"row":')
# JSON has them as they are, but readers that ask Unicode where a line ends would find one there.
_LINE_ENDS = (("\x85", "\\u0085"), ("\u2028", "\\u2028"), ("\u2029", "\\u2029"))
_COMPACT = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


class Kept(NamedTuple):
    """An answer in a line of the journal; `start` and `size` say where the line of OUT is in it, in bytes."""

    digest: bytes
    nth: int | None
    id: RowId
    failed: bool
    simulated: bool
    start: int
    size: int


class Made(NamedTuple):
    """OUT as it was made: its size in bytes, its blake2b digest, that of the rows it was made of, and its order."""

    size: int
    digest: str
    rows: str
    as_completed: bool


class GivenUp(NamedTuple):
    """A row that has no answer yet, told by what an answer is told by, and what was spent on it in one run."""

    digest: bytes
    nth: int | None
    id: RowId
    spent: Spent


def encode_row(result: Result) -> bytes:
    """A line of OUT, without its end. Halves of characters become U+FFFD, but in an id stay as JSON's escapes."""
    members = result.as_json()
    row_id = _compact(members.pop("id")).encode("utf-8", "backslashreplace")
    text = _compact(members)
    try:
        rest = text.encode()
    except UnicodeEncodeError:
        rest = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode()
    return b'{"id":%b,%b' % (row_id, rest[1:])


def renumbered(row: bytes, number: int) -> bytes:
    """A line of OUT of a row without an id of its own, which is number `number` of the input, from 0, by now."""
    return b'{"id":"%d%b' % (number + 1, row[row.index(b'"', 7) :])


def answer_line(digest: bytes, nth: int | None, row: bytes) -> tuple[bytes, int]:
    """The journal's line for the line `row` of OUT, and at which byte of it that begins."""
    head = b'{"digest":"%b","nth":%b,"row":' % (digest.hex().encode(), b"null" if nth is None else b"%d" % nth)
    return b"%b%b}\n" % (head, row), len(head)


def made_line(made: Made) -> bytes:
    """The journal's line for a new OUT."""
    return _compact({"out": made._asdict()}).encode() + b"\n"


def spent_line(row: Row, nth: int | None, spent: Spent) -> bytes:
    """The journal's line for a row that was given up."""
    members = {"digest": row.digest.hex(), "nth": nth, "id": row.id, **spent._asdict()}
    return _compact({"spent": members}).encode("utf-8", "backslashreplace") + b"\n"


def read_line(line: bytes) -> Kept | Made | GivenUp | None:
    """What a line of the journal says, its end taken off; None: it is damaged."""
    head = _ANSWER.match(line)
    try:
        if head is None:
            members = json.loads(line)
            if "spent" in members:
                return _given_up(**members["spent"])
            out = members["out"]
            return Made(int(out["size"]), str(out["digest"]), str(out["rows"]), bool(out["as_completed"]))
        row = json.loads(line[head.end() : -1])
        row_id, status, simulated = row["id"], row["status"], row["simulated"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    known = type(row_id) in (str, int) and status in ("done", "failed") and line.endswith(b"}}")
    if not known:
        return None
    nth = None if head[2] == b"null" else int(head[2])
    start = head.end()
    digest = bytes.fromhex(head[1].decode())
    return Kept(digest, nth, row_id, status == "failed", bool(simulated), start, len(line) - start - 1)


def version_of(beginning: bytes) -> int | None:
    """The version of a journal that begins so; 1 also where even `HEADER` is torn; None: it is no journal of ours."""
    if HEADER.startswith(beginning):
        return 1
    found = _SOME_HEADER.match(beginning)
    return int(found[1]) if found else None


def _given_up(
    digest: str, nth: int | None, id: RowId, tries: int, cost_pico: int | None, maybe_billed: bool
) -> GivenUp:
    spent = Spent(int(tries), None if cost_pico is None else int(cost_pico), bool(maybe_billed))
    return GivenUp(bytes.fromhex(digest), None if nth is None else int(nth), id, spent)


def _compact(value: Any) -> str:
    text = _COMPACT.encode(value)
    for character, escape in _LINE_ENDS:
        text = text.replace(character, escape)
    return text

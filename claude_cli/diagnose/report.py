"""Checks as lines for people: a mark, the name, what was found, and on a line of its own what to do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from textwrap import wrap

from ..core.harmless import one_line
from ..core.redact import redact
from .check import Check, Status

MARKS: dict[Status, str] = {"ok": "ok", "warn": "warn", "fail": "FAIL", "skipped": "skip"}
_STYLES: dict[Status, str] = {"ok": "32", "warn": "33", "fail": "1;31", "skipped": "2"}
_MARK, _NAME = 6, 11
"""Cells of the first two columns."""
NARROW = 60
"""On a terminal of fewer columns what was found stands below the name."""
_LENGTH = 1000


def lines(check: Check, *, width: int | None, styled: bool) -> list[str]:
    """What is shown of `check`.

    Args:
        width: columns of the terminal; None: nothing is wrapped.
        styled: the mark may have a colour; it is a word in any case.
    """
    mark = MARKS[check.status]
    shown = f"\x1b[{_STYLES[check.status]}m{mark}\x1b[0m" if styled else mark
    head = f"{shown}{' ' * (_MARK - len(mark))}{check.name}"
    took = f" ({check.latency_ms:,} ms)" if check.latency_ms and check.status in ("ok", "warn") else ""
    indent = _MARK if width and width < NARROW else _MARK + _NAME
    detail, advice = _folded(check.detail + took, width, indent), _folded(check.advice, width, indent)
    if indent == _MARK:
        return [head, *(" " * indent + line for line in [*detail, *advice])]
    first, *rest = detail
    return [f"{head}{' ' * max(_NAME - len(check.name), 1)}{first}", *(" " * indent + line for line in rest + advice)]


def _folded(text: str, width: int | None, indent: int) -> list[str]:
    """`text` harmless, and in lines that fit; words stay whole, as they may be copied."""
    plain = one_line(redact(text), _LENGTH)
    if width is None:
        return [plain] if plain else []
    return wrap(plain, max(width - indent, 10), break_long_words=False, break_on_hyphens=False)


def summary(checks: Iterable[Check]) -> str:
    """All of them in one line: "all is well", or how many failed or warn, and which."""
    found = list(checks)
    parts = [_counted(found, "fail", "failure"), _counted(found, "warn", "warning")]
    return "; ".join(filter(None, parts)) or "all is well"


def _counted(checks: list[Check], status: Status, word: str) -> str:
    names = [check.name for check in checks if check.status == status]
    return f"{len(names)} {word}{'s' * (len(names) != 1)}: {', '.join(names)}" if names else ""


def sentence(checks: Iterable[Check], exit_code: int) -> str:
    """The failure that decides the exit status, in one line."""
    check = next(_failures(checks, exit_code))
    advice = f"; {check.advice}" if check.advice else ""
    detail = check.detail.rstrip(".") if advice else check.detail
    return redact(f"{check.name}: {one_line(detail, _LENGTH)}{one_line(advice, _LENGTH)}")


def _failures(checks: Iterable[Check], exit_code: int) -> Iterator[Check]:
    return (check for check in checks if check.status == "fail" and check.exit_code == exit_code)

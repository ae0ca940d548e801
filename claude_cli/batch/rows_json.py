"""The object of a line of JSONL, or what is wrong with it."""

from __future__ import annotations

import json
import math
import re
from typing import Any

from ..core.errors import UsageError
from .requests_members import IDS, shown

MAX_DEPTH = 100
"""Levels of a row: what is nested deeper is nobody's question, and could be written by no encoder."""
OF_A_LIST = "jq -c '.[]' makes lines of a list"
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


def object_of(text: str) -> tuple[dict[str, Any], bool]:
    """The object that `text` is, and whether lone surrogates in it became U+FFFD, as UTF-8 cannot carry them.

    Raises:
        UsageError: it is no JSON or no object, has a member twice, a number that is none or too many levels.
    """
    try:
        value = _decoded(text)
    except json.JSONDecodeError as error:
        raise UsageError(f"it is not JSON: {error.msg} at column {error.colno:,}") from error
    if not isinstance(value, dict):
        kind = "a list" if isinstance(value, list) else "JSON, but no object"
        raise UsageError(f"it is {kind}; each line is one JSON object ({OF_A_LIST})")
    return _mended(value) if _SURROGATE.search(text) else (value, False)


def value_of(text: str) -> tuple[Any, bool]:
    """The JSON value that the cell `text` is, or itself where it is none; and the rest as `object_of` has it."""
    try:
        value = _decoded(text)
    except json.JSONDecodeError:
        return text, False
    mended, replaced = _mended({"": value})
    return mended[""], replaced


def _decoded(text: str) -> Any:
    try:
        value = _DECODER.decode(text)
    except json.JSONDecodeError:
        raise
    except RecursionError as error:
        raise UsageError(_TOO_DEEP) from error
    except ValueError as error:  # of a number with thousands of digits
        raise UsageError("a number in it has too many digits") from error
    if isinstance(value, dict | list) and text.count("{") + text.count("[") > MAX_DEPTH:
        _check_depth(value)
    return value


def _mended(value: dict[str, Any]) -> tuple[dict[str, Any], bool]:
    """`value` with U+FFFD for each lone surrogate, and whether it has any. An id must not become another one."""
    text = json.dumps(value, ensure_ascii=False)
    if _is_sound(text):
        return value, False
    for name in IDS:
        if isinstance(value.get(name), str) and not _is_sound(value[name]):
            raise UsageError(f"{name} has half a character in it (a lone surrogate)")
    sound = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    mended: dict[str, Any] = _DECODER.decode(sound)
    return mended, True


def _is_sound(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _check_depth(value: dict[str, Any] | list[Any]) -> None:
    level: list[Any] = [value]
    for _ in range(MAX_DEPTH):
        inner = [child for each in level for child in (each.values() if isinstance(each, dict) else each)]
        level = [each for each in inner if isinstance(each, dict | list)]
        if not level:
            return
    raise UsageError(_TOO_DEEP)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise UsageError(f"{shown(twice)} stands in it twice")
    return found


def _no_number(word: str) -> Any:
    raise UsageError(f"it is not JSON: {word} stands in it")


def _finite(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise UsageError(f"a number in it is too large: {digits[:40]}")
    return number


_TOO_DEEP = f"it is nested deeper than {MAX_DEPTH} levels"
_DECODER = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_no_number, parse_float=_finite)

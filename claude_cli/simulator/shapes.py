"""A small language for the shape of JSON values, with the wording the service uses when a value does not fit.

A check is a function of a path ("messages.0.content") and a value; it returns nothing or raises `ApiError` 400.
The fields of the request stand in `rules.py`, those of content blocks in `blocks.py`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from .errors import reject

Check = Callable[[str, object], None]
NO_FIELDS: Mapping[str, Check] = {}


def at(path: str, key: str | int) -> str:
    """The path of `key` within `path`."""
    return f"{path}.{key}" if path else str(key)


def anything(path: str, value: object) -> None:
    """Every value fits: what is inside is not ours to judge."""


def string(path: str, value: object) -> None:
    """A string, also an empty one."""
    if not isinstance(value, str):
        reject(path, "Input should be a valid string")


def boolean(path: str, value: object) -> None:
    """True or false."""
    if not isinstance(value, bool):
        reject(path, "Input should be a valid boolean")


def mapping(path: str, value: object) -> None:
    """An object with any members."""
    if not isinstance(value, dict):
        reject(path, "Input should be a valid dictionary")


def integer(minimum: int) -> Check:
    """A whole number, `minimum` or more; true and false are none."""

    def check(path: str, value: object) -> None:
        if not isinstance(value, int) or isinstance(value, bool):
            reject(path, "Input should be a valid integer")
        if value < minimum:
            reject(path, f"Input should be greater than or equal to {minimum}")

    return check


def number(minimum: float, maximum: float) -> Check:
    """A number from `minimum` to `maximum`, both included."""

    def check(path: str, value: object) -> None:
        if not isinstance(value, int | float) or isinstance(value, bool):
            reject(path, "Input should be a valid number")
        if value < minimum:
            reject(path, f"Input should be greater than or equal to {minimum:g}")
        if value > maximum:
            reject(path, f"Input should be less than or equal to {maximum:g}")

    return check


def choice(*names: str) -> Check:
    """One of some words."""
    quoted = [f"'{name}'" for name in names]
    wanted = " or ".join(filter(None, [", ".join(quoted[:-1]), quoted[-1]]))

    def check(path: str, value: object) -> None:
        if value not in names:
            reject(path, f"Input should be {wanted}")

    return check


def pattern(expression: str) -> Check:
    """A string that the whole of `expression` matches."""
    compiled = re.compile(expression)

    def check(path: str, value: object) -> None:
        string(path, value)
        if not compiled.fullmatch(str(value)):
            reject(path, f"String should match pattern '{expression}'")

    return check


def maybe(inner: Check) -> Check:
    """What `inner` takes, or null."""

    def check(path: str, value: object) -> None:
        if value is not None:
            inner(path, value)

    return check


def array(inner: Check, *, maximum: int | None = None) -> Check:
    """A list, each of its items fitting `inner`."""

    def check(path: str, value: object) -> None:
        if not isinstance(value, list):
            reject(path, "Input should be a valid list")
        if maximum is not None and len(value) > maximum:
            reject(path, f"List should have at most {maximum} items after validation, not {len(value)}")
        for index, item in enumerate(value):
            inner(at(path, index), item)

    return check


def text_or(inner: Check) -> Check:
    """A string, or what `inner` takes."""

    def check(path: str, value: object) -> None:
        if not isinstance(value, str):
            inner(path, value)

    return check


def record(required: Mapping[str, Check], optional: Mapping[str, Check] = NO_FIELDS) -> Check:
    """An object with exactly these fields."""
    fields = {**required, **optional}

    def check(path: str, value: object) -> None:
        if not isinstance(value, dict):
            reject(path, "Input should be a valid dictionary")
        for name, inner in fields.items():
            if name in value:
                inner(at(path, name), value[name])
            elif name in required:
                reject(at(path, name), "Field required")
        for name in value:
            if name not in fields:
                reject(at(path, name), "Extra inputs are not permitted")

    return check


def tagged(kinds: Mapping[str, Check]) -> Check:
    """An object whose `type` says which of `kinds` it is; the tag becomes part of the path, as the service has it."""

    def check(path: str, value: object) -> None:
        if not isinstance(value, dict):
            reject(path, "Input should be a valid dictionary")
        tag: Any = value.get("type")
        if tag is None:
            reject(at(path, "type"), "Field required")
        if not isinstance(tag, str) or tag not in kinds:
            expected = ", ".join(f"'{kind}'" for kind in kinds)
            reject(path, f"Input tag '{tag}' found using 'type' does not match any of the expected tags: {expected}")
        kinds[tag](at(path, tag), {name: member for name, member in value.items() if name != "type"})

    return check

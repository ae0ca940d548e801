"""What a value of a setting may be: its type, its choices, and how it is written in a variable or on a command line.

Which settings there are stands in `settings.py`; this file knows a setting only as a dataclass field.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import Field, field
from typing import Any


class Dollars(str):
    """An amount of US dollars as it is written, "5" or "0.25"; empty: none is named."""

    __slots__ = ()

    @property
    def pico(self) -> int | None:
        """It in pico-dollars, exactly; None for none."""
        if not self:
            return None
        whole, _, part = self.partition(".")
        return int(whole) * 10**12 + int(part.ljust(12, "0"))


class Table(tuple[tuple[str, str], ...]):
    """A table of texts: each name with its text, in the file's order."""

    __slots__ = ()


_AMOUNT = re.compile(r"(?=\.?[0-9])([0-9]{0,9})(?:\.([0-9]{0,12}))?")
AMOUNT = "an amount of US dollars such as 5 or 0.25"
_SWITCH = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}
_WANTED = {
    bool: "true or false",
    int: "a whole number, 0 or more",
    float: "a number of seconds, 0 or more",
    tuple: "a list of texts",
    str: "a text",
    Dollars: AMOUNT,
    Table: "a table of texts",
}


class WrongValue(ValueError):
    """A value its setting does not take.

    Attributes:
        rule: what the setting takes, without the value: for files whose content is not repeated.
    """

    def __init__(self, rule: str, value: Any) -> None:
        """Say the rule, and the value shortened."""
        shown = repr(value)
        super().__init__(f"{rule}, not {shown if len(shown) <= 80 else shown[:79] + '…'}")
        self.rule = rule


def setting(
    default: Any, text: str, *, file_only: bool = False, choices: tuple[str, ...] = (), words: bool = False,
    table: str = "",
) -> Any:  # fmt: skip
    """A field of `Settings`: its default, whose type is the setting's, and its text.

    Args:
        file_only: no variable sets it.
        choices: the only texts it takes.
        words: it is a command line, which may be written as one text.
        table: of the file, that it stands in; the field is called by both names, `budget_day`.
    """
    about = {"text": text, "file_only": file_only, "choices": choices, "words": words, "table": table}
    return field(default=default, metadata=about)


def name_of(item: Field[Any]) -> str:
    """What the setting `item` is called: with a dot where it stands in a table, `budget.day`."""
    table: str = item.metadata["table"]
    return f"{table}.{item.name.removeprefix(f'{table}_')}" if table else item.name


def parsed(item: Field[Any], text: str) -> Any:
    """A variable's text as a value of the setting's type; as it is where it cannot be, for `checked` to refuse."""
    kind: type[Any] = type(item.default)
    if kind is bool:
        return _SWITCH.get(text.lower(), text)
    if kind is tuple and not item.metadata["words"]:
        return [word.strip() for word in text.split(",") if word.strip()]
    try:
        return kind(text) if kind in (int, float) else text
    except ValueError:
        return text


def checked(item: Field[Any], value: Any) -> Any:
    """`value` as the setting `item` keeps it.

    Raises:
        WrongValue: it is of another type, out of range, or none of the choices.
    """
    kind: type[Any] = type(item.default)
    if item.metadata["words"] and isinstance(value, str):
        value = _split(item.name, value)
    if kind is float and type(value) is int:
        value = _float(value)
    if kind is Dollars:
        value = dollars(value)
    if kind is Table and isinstance(value, dict) and all(isinstance(each, str) for each in value.values()):
        value = Table(value.items())
    if kind is tuple and isinstance(value, list) and all(isinstance(each, str) for each in value):
        value = tuple(value)
    negative = kind in (int, float) and type(value) is kind and not 0 <= value < float("inf")
    if type(value) is not kind or negative:
        raise WrongValue(f"{name_of(item)} is {_WANTED[kind]}", value)
    choices = item.metadata["choices"]
    if choices and value not in choices:
        raise WrongValue(f"{name_of(item)} is one of {', '.join(filter(None, choices))}", value)
    return value


def dollars(value: object) -> Any:
    """The amount that `value`, a number or a text, is; `value` as it is where it is none, or absurd."""
    text = value
    if isinstance(value, float):
        from decimal import Decimal

        text = format(Decimal(repr(value)), "f")  # as it was written, not as its nearest binary fraction
    found = None if isinstance(value, bool) else _AMOUNT.fullmatch(str(text))
    if not found:
        return Dollars() if value == "" else value
    part = (found[2] or "").rstrip("0")
    return Dollars((found[1].lstrip("0") or "0") + (f".{part}" if part else ""))


def nearest(name: str, known: Iterable[str], least: float = 0.6) -> str:
    """`; did you mean …?` where one of `known` is close to `name`, 0 to 1 and at least `least`, else nothing."""
    from difflib import get_close_matches

    near = get_close_matches(name, list(known), 1, least)
    return f"; did you mean {near[0]!r}?" if near else ""


def _split(name: str, value: str) -> list[str]:
    import shlex

    try:
        return shlex.split(value)
    except ValueError as error:
        raise WrongValue(f"{name} is split into words ({error})", value) from error


def _float(value: int) -> float:
    try:
        return float(value)
    except OverflowError:
        return float("inf")

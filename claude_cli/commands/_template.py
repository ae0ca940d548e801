"""The template of a command line: which one, its values, and what it decides. It is read only where one is used."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..context import Context
from ..core.errors import UsageError

if TYPE_CHECKING:
    from ..storage.templates import TemplateUse


def template_in_use(
    context: Context, name: str | None, params: Sequence[str], *, of_rows: bool = False
) -> TemplateUse | None:
    """The template of `-t`, else of the settings, with the values of `-p`; None where there is neither.

    Args:
        name: of `-t`; empty: none, whatever the settings say.
        params: each `-p`, NAME=VALUE.
        of_rows: it is filled once for each row of a batch, which has values of its own.
    Raises:
        UsageError: there is no such template, its file is wrong, or a value is missing, unknown or misspelt.
    """
    values = dict(map(_value, params))
    if name is None and context.settings.template:
        try:
            return template_in_use(context, context.settings.template, params, of_rows=of_rows)
        except UsageError as error:
            where = context.settings.sources.get("template", "settings")
            raise UsageError(f"{error} (the template is the one of {where}; -t '' uses none)") from error
    if not name:
        if params:
            raise UsageError("-p is a value for a template; name one with -t (the prompt itself needs no flag)")
        return None
    from ..storage.setting_values import nearest
    from ..storage.templates import INPUT, TemplateUse, load_template

    template = load_template(name, context.environ)
    places = template.placeholders
    for known in values:
        if known not in places:
            has = f"; it has {', '.join(f'${place}' for place in places)}" if places else "; it takes no values"
            raise UsageError(f"template {name} has no ${known}{nearest(known, places) or has}")
    if not of_rows:
        # The input comes later. What is missing beside it is said before anybody waits for it.
        template.fill({INPUT: "", **values})
    return TemplateUse(template, values)


def decided(use: TemplateUse | None, key: str) -> Any:
    """What the template says of `key`, an attribute of `Template`; None where it leaves that open, or there is none."""
    return getattr(use.template, key) or None if use else None


def _value(word: str) -> tuple[str, str]:
    name, sign, value = word.partition("=")
    if not sign or not re.fullmatch("[A-Za-z_][A-Za-z0-9_]*", name):
        raise UsageError(f"-p takes NAME=VALUE, not {word!r}; the prompt itself needs no flag")
    return name, os.fsencode(value).decode("utf-8", "replace")

"""What all rows of a batch have, unless a row says otherwise."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..core.form import Form
from ..core.messages import LLMOptions
from ..core.models import Catalogue, catalogue

if TYPE_CHECKING:
    from ..core.surroundings import OnTruncate
    from ..storage.templates import TemplateUse

DEFAULT_MAX_TOKENS = 16_000
"""Output tokens of a row at most, where nobody says another number; a model that takes fewer is asked for those."""


@dataclass(frozen=True, slots=True)
class Common:
    """What flags, template and settings say for all rows.

    Attributes:
        model, system, options, form, on_truncate: as for one question.
        strict: what a model does not take is an error, instead of being dropped or adjusted.
        caching: whether rows that begin alike share a prompt cache.
        template: filled once for each row: columns of CSV and members of JSONL are its values.
        models: those known here.
    """

    model: str
    system: str | None = None
    options: LLMOptions = field(default_factory=LLMOptions)
    form: Form = field(default_factory=Form)
    on_truncate: OnTruncate = "fail"
    strict: bool = False
    caching: bool = True
    template: TemplateUse | None = None
    models: Catalogue = field(default_factory=catalogue)

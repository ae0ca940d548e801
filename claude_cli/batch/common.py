"""What all rows of a batch have, unless a row says otherwise."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from ..core.form import Form
from ..core.messages import Block, LLMOptions
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
        model: of a flag, else of the template, else of the settings.
        system: of a flag; None where the template has one, which is filled for each row; else of the settings.
        options: as for one question; what `form` asks of the request is in `options.extra` already (`Form.request`).
        form, on_truncate: as for one question.
        files: documents of the template; they go before those of each row.
        strict: what a model does not take is an error, instead of being dropped or adjusted.
        stream: whether answers are streamed, as long ones always are. Nobody reads along, and a stream takes ten times
            the time to take apart; but a proxy that closes silent connections is kept awake by it.
        caching: whether rows that begin alike share a prompt cache.
        template: filled once for each row: columns of CSV and members of JSONL are its values.
        models: those known here.
        of_settings: which of "system", "max_tokens" and "effort" the settings alone say.
    """

    model: str
    system: str | None = None
    options: LLMOptions = field(default_factory=LLMOptions)
    form: Form = field(default_factory=Form)
    files: tuple[Block, ...] = ()
    on_truncate: OnTruncate = "fail"
    strict: bool = False
    stream: bool = False
    caching: bool = True
    template: TemplateUse | None = None
    models: Catalogue = field(default_factory=catalogue)
    of_settings: frozenset[str] = frozenset()

    def without_settings(self) -> Common:
        """What flags alone say: a row that is a whole request is sent as it is, whatever somebody has set."""
        options, gone = self.options, self.of_settings
        options = replace(options, max_tokens=None) if "max_tokens" in gone else options
        options = replace(options, effort=None) if "effort" in gone else options
        return replace(self, system=None if "system" in gone else self.system, options=options)

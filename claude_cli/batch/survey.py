"""The first look at a whole input: everything that can be checked before anything is sent, and what it may cost."""

from __future__ import annotations

from dataclasses import dataclass, field

from .row import Refused, Row
from .store import Resumed


@dataclass(slots=True)
class Survey:
    """What is known of an input before the first call.

    Attributes:
        rows: that can be asked, answered ones among them.
        refused: rows that cannot; the first `KEPT_REFUSED` of `refused_count`.
        first: the first rows, for a dry run.
        sample: open rows from all over the input, to be counted exactly.
        tokens: of all open prompts, estimated, by model; `input_pico`: what they cost as input, None without a price.
        notices: what had to change for the models, and in how many rows.
        resumed: what an earlier run left.
    """

    rows: int = 0
    refused: list[Refused] = field(default_factory=list)
    refused_count: int = 0
    first: list[Row] = field(default_factory=list)
    sample: list[Row] = field(default_factory=list)
    open_by_model: dict[str, int] = field(default_factory=dict)
    tokens: dict[str, int] = field(default_factory=dict)
    input_pico: dict[str, int | None] = field(default_factory=dict)
    notices: dict[str, int] = field(default_factory=dict)
    resumed: Resumed = field(default_factory=Resumed)

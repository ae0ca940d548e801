"""A whole batch: the input is checked, then its open rows are asked, and what comes is kept until OUT is whole."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .source import Source
from .stop import Stop
from .store import Store
from .survey import Survey
from .tally import Tally

if TYPE_CHECKING:
    from ..core.providers.base import LLMProvider
    from ..core.surroundings import Surroundings
    from .books import Books
    from .gate import Gate


@dataclass(frozen=True, slots=True)
class Settings:
    """How a batch is run.

    Attributes:
        most: rows under way at once, at most.
        retry_for_s, retries, timeout_s: for each row, as for one question.
        skip_invalid: rows that cannot be asked are left out, instead of ending the batch before it begins.
        stop_after_failures: failed rows after which no further ones are begun; None: however many.
        end_at: when no further rows are begun, by the clock of the surroundings; None: never.
        simulated: the simulator answers.
    """

    most: int = 64
    retry_for_s: float = 600.0
    retries: int | None = None
    timeout_s: float | None = None
    skip_invalid: bool = False
    stop_after_failures: int | None = None
    end_at: float | None = None
    simulated: bool = False


@dataclass(slots=True)
class Job:
    """One run of a batch. First `check`, in which nothing is sent; then `run`, in an event loop."""

    source: Source
    store: Store
    settings: Settings = field(default_factory=Settings)
    tally: Tally = field(default_factory=Tally)
    stop: Stop = field(default_factory=Stop)

    def check(self) -> Survey:
        """Read the whole input, and compare it with what an earlier run left.

        Raises:
            UsageError: there is no row, two have one id, or (but for `skip_invalid`) one cannot be asked; names which.
        """
        raise NotImplementedError

    async def run(self, provider: LLMProvider, around: Surroundings, gate: Gate, books: Books) -> None:
        """Ask all open rows, until they are over or `stop` says so; OUT is whole then, or what came is in the journal.

        Raises:
            OutputError: an answer cannot be written.
            ClaudeError: what concerns all rows alike (the key, a host that is not there); nothing is marked as failed.
        """
        raise NotImplementedError

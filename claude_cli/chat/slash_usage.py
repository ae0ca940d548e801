"""`/usage`: what the conversation has taken, by model, and how much room and money is left."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ..core.conversation import Turn
from ..core.harmless import one_line
from ..core.pricing import money
from ..terminal.columns import GAP, columns, cut
from .slash import Doing, Handler, Outcome

_HEADER = ("", "in", "cached", "out", "cost")


@dataclass(slots=True)
class _Sum:
    """What some answers took: tokens, and pico-dollars of those that have a price.

    Attributes:
        read: of `tokens_in`, what came from the cache.
        unpriced: answers without a price.
        is_estimated: one of them was stopped, so that it is reckoned.
    """

    tokens_in: int = 0
    read: int = 0
    out: int = 0
    pico: int = 0
    answers: int = 0
    unpriced: int = 0
    is_estimated: bool = False

    def add(self, turn: Turn) -> None:
        """Count an answer."""
        usage = turn.usage
        if usage is None:
            return
        self.answers += 1
        self.tokens_in += usage.total_input_tokens
        self.read += usage.cache_read_tokens
        self.out += usage.output_tokens
        self.pico += turn.cost_pico or 0
        self.unpriced += turn.cost_pico is None
        self.is_estimated = self.is_estimated or turn.estimated

    def row(self, name: str, *, simulated: bool) -> tuple[str, ...]:
        """Its cells under the header."""
        cached = f"{100 * self.read / self.tokens_in:.0f} %" if self.read else "-"
        return name, f"{self.tokens_in:,}", cached, f"{self.out:,}", self._cost(simulated=simulated)

    def _cost(self, *, simulated: bool) -> str:
        if self.unpriced == self.answers:
            return "simulated" if simulated else "unpriced"
        more = f" + {self.unpriced:,} unpriced" if self.unpriced else ""
        return f"{'~' if self.is_estimated else ''}{money(self.pico)}{more}"


def usage(doing: Doing) -> Outcome:
    """Show tokens and money: of all branches of the conversation, as they are all paid for."""
    session, simulated = doing.session, doing.session.conversation.simulated
    sums = _by_model(session.conversation.turns.values())
    rows = [each.row(one_line(name, 60), simulated=simulated) for name, each in sums.items()]
    if len(rows) > 1:
        total = _Sum()
        for turn in session.conversation.turns.values():
            total.add(turn)
        rows.append(total.row("all", simulated=simulated))
    lines = [_HEADER, *rows]
    numbers = sum(max(len(line[column]) for line in lines) + GAP for column in range(1, len(_HEADER)))
    lines = [(cut(line[0], max(8, doing.width - numbers)), *line[1:]) for line in lines]
    table = columns(lines, right=range(1, len(_HEADER)), width=doing.width)
    doing.say(*(table if rows else ["nothing has been answered yet"]), *_room(doing))
    return Outcome()


def _by_model(turns: Iterable[Turn]) -> dict[str, _Sum]:
    found: dict[str, _Sum] = {}
    for turn in turns:
        if turn.usage is not None:
            found.setdefault(turn.model or "?", _Sum()).add(turn)
    return found


def _room(doing: Doing) -> list[str]:
    """The window's share, and what is left of a budget."""
    standing = doing.session.standing
    lines = []
    if standing.window:
        share = 100 * standing.tokens / standing.window
        lines.append(f"window: ~{standing.tokens:,} of {standing.window:,} tokens ({share:.0f} %)")
    elif standing.tokens:
        lines.append(f"window: ~{standing.tokens:,} tokens")
    if standing.left_pico is not None:
        lines.append(f"left of the budget: {money(standing.left_pico)}")
    return lines


HANDLERS: Mapping[str, Handler] = {"usage": usage}

"""How much of the model's window a conversation takes: as counted with the last answer, and reckoned from there on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

from ..core.conversation import Turn
from ..core.messages import ChatRequest, Message

if TYPE_CHECKING:
    from ..core.models import Model


class _Counted(NamedTuple):
    """What the provider counted: of a model, the turns from `first` to `last`, with all that goes with them."""

    model: str
    first: int
    last: int
    tokens: int


@dataclass(slots=True)
class Window:
    """The figures of one conversation.

    Attributes:
        told: that it is nearly full has been said, and has not changed since.
    """

    told: bool = False
    _counted: _Counted | None = None

    def count(self, model: str, turns: Sequence[Turn], tokens: int) -> None:
        """Note that `turns`, the last of them the answer, are `tokens` to the model with this id."""
        self._counted = _Counted(model, turns[0].id, turns[-1].id, tokens)

    def forget(self) -> None:
        """Note that what was counted is not so any more."""
        self._counted = None

    def tokens(self, request: ChatRequest, turns: Sequence[Turn], known: Model | None, *, certain: bool = False) -> int:
        """Input tokens of `turns`, sent with all that `request` has besides messages.

        Args:
            certain: as many as there surely are: of what nobody has counted yet, half of what we reckon.
        """
        from ..core.tokens import estimate

        share = 2 if certain else 1

        counted = self._counted
        if counted and turns and (counted.model, counted.first) == (request.model, turns[0].id):
            place = next((number for number, turn in enumerate(turns) if turn.id == counted.last), None)
            if place is not None:
                return counted.tokens + estimate(_alone(request, turns[place + 1 :]), known) // share
        return estimate(replace(request, messages=_messages(turns)), known) // share if turns else 0

    def weights(self, request: ChatRequest, turns: Sequence[Turn], known: Model | None, tokens: int) -> list[int]:
        """What each of `turns` takes of the `tokens` of all: by its length, as nobody counts single ones."""
        from ..core.tokens import estimate

        single = [estimate(_alone(request, [turn]), known) for turn in turns]
        scale = tokens / max(1, sum(single))
        return [round(each * scale) for each in single]


def _alone(request: ChatRequest, turns: Sequence[Turn]) -> ChatRequest:
    """A request of nothing but `turns`."""
    return ChatRequest(request.model, _messages(turns))


def _messages(turns: Sequence[Turn]) -> tuple[Message, ...]:
    """All that `turns` say; here an answer may stand alone."""
    return tuple(Message(turn.role, turn.content) for turn in turns)

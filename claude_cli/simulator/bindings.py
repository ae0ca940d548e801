"""Signatures of thinking blocks: on the newest models they hold only behind the very history they were issued for.

Signatures of any other making pass, so that conversations from elsewhere can be replayed.
"""

from __future__ import annotations

import base64
import hashlib
import json

from .errors import reject
from .request import Block, Call, canonical, prefix_blocks

MARK = b"claude simulator: "
OURS = base64.b64encode(MARK).decode()
THINKING = ("thinking", "redacted_thinking")


def sign(call: Call) -> str:
    """The signature for thinking that answers this request."""
    history = _History()
    for _, part, block in prefix_blocks(call):
        history.add(part, block)
    return history.signature()


def check_signatures(call: Call) -> None:
    """Raise `ApiError` 400 when a bound model is sent thinking of ours behind another history."""
    if not call.model.thinking.get("bound_to_history"):
        return
    history = _History()
    for path, part, block in prefix_blocks(call):
        signature = block["signature"] if block.get("type") == "thinking" else ""
        if signature.startswith(OURS) and signature != history.signature():
            reject(path, "Invalid `signature` in `thinking` block: it is bound to a different conversation")
        history.add(part, block)


class _History:
    """What stands before a thinking block. Leaving earlier thinking out is allowed, so it does not count."""

    def __init__(self) -> None:
        self._running = hashlib.sha256()

    def add(self, part: str, block: Block) -> None:
        if block.get("type") not in THINKING:
            self._running.update(json.dumps([part, canonical(block)], sort_keys=True).encode())

    def signature(self) -> str:
        return base64.b64encode(MARK + self._running.copy().digest()).decode()

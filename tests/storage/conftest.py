"""Conversations to be kept, and a place for them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from claude_cli.core.conversation import Conversation, Turn
from claude_cli.core.messages import text_block
from claude_cli.storage.conversations import History

NOON = 1_795_345_200.0


class Kept:
    """Histories in one folder, which is not there yet, and what they told."""

    def __init__(self, folder):
        self.folder, self.path, self.notices, self._made = folder, folder / "history.db", [], []
        self.seconds = NOON

    def __call__(self, **more):
        """Another process's, as it were."""
        more = {"clock": self.clock, "draw": lambda: 0.5, **more}
        self._made.append(History(self.folder, notify=self.notices.append, **more))
        return self._made[-1]

    def clock(self):
        """A millisecond later each time."""
        self.seconds = round(self.seconds + 0.001, 6)
        return self.seconds

    def say(self, history, conversation, role, *content, **more):
        """Keep another turn behind the head, texts as text blocks, and go there; returns what became of it."""
        blocks = tuple(text_block(each) if isinstance(each, str) else each for each in content)
        stored = history.append(conversation, Turn(history.now(), conversation.head, role, blocks, **more))
        conversation.add(stored.turn)
        return stored

    def begin(self, history, *words, **more):
        """A conversation in which both speak in turn."""
        conversation = Conversation(history.new_id(), **more)
        for number, each in enumerate(words):
            self.say(history, conversation, "assistant" if number % 2 else "user", each)
        return conversation

    def finish(self, history, conversation, turn, words, state="whole"):
        """Keep that an answer says `words` now."""
        history.update(conversation, replace(turn, content=(text_block(words),), state=state))

    def close(self):
        for history in self._made:
            history.close()


@pytest.fixture
def kept(tmp_path):
    """A `Kept` for a folder below one that is not there."""
    found = Kept(tmp_path / "data" / "claude-cli")
    yield found
    found.close()

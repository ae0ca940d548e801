"""The slash commands that go from one conversation to another, or name one."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

from ..core.errors import UsageError
from ..core.harmless import one_line
from ..storage.conversations import Entry, History
from ..storage.paths import data_dir
from ..terminal.age import ago
from ..terminal.columns import columns, cut
from .recap import UNTITLED, recap
from .slash import Doing, Handler, NothingThereError, Outcome
from .slash_branches import number_in, unanswered

LISTED = 15
"""Conversations that a list has at most: they leave room on a screen of 24 lines."""
TITLE_LENGTH = 200
_HITS = 500
"""Messages that a search looks at: one conversation may have many of them."""


def new(doing: Doing) -> Outcome:
    """Begin a new conversation."""
    _check_kept(doing)
    session, before = doing.session, doing.session.conversation
    is_kept = bool(before.turns and session.history and session.standing.saved)
    session.begin()
    name = one_line(before.title, 60) or before.id
    back = f"; /open {before.id} goes back to “{name}”" if is_kept else ""
    doing.say(f"a new conversation{back}")
    return Outcome()


def open_(doing: Doing) -> Outcome:
    """List conversations, or open one: by its number in the last list, its id, its title, or words in it."""
    history = _history(doing)
    if not doing.rest:
        return _list(doing, history.entries(LISTED), "/open NUMBER or /open WORDS opens one")
    if doing.rest.isascii() and doing.rest.isdecimal() and doing.ui.listed:
        number = number_in(doing.rest, len(doing.ui.listed), "conversation in the list")
        return _go(doing, history, doing.ui.listed[number - 1])
    found = _called(history, doing.rest) or _saying(history, doing.rest)
    if not found:
        raise UsageError(f"no conversation fits “{one_line(doing.rest, 60)}”; /open lists the newest")
    if len(found) > 1:
        return _list(doing, found[:LISTED], "these fit; /open NUMBER opens one")
    return _go(doing, history, found[0].id)


def title(doing: Doing) -> Outcome:
    """Show or change what the conversation is called."""
    conversation = doing.session.conversation
    if doing.rest:
        conversation.title = one_line(doing.rest, TITLE_LENGTH)
        doing.session.changed()
    doing.say(f"title: {one_line(conversation.title, TITLE_LENGTH) or UNTITLED}")
    return Outcome()


def _check_kept(doing: Doing) -> None:
    """Ask before a conversation is left that was to be kept and could not be. Raises `UsageError`: it is stayed in."""
    session = doing.session
    if session.history is None or session.standing.saved or not session.conversation.turns:
        return
    if not doing.ui.confirm("This conversation could not be kept, and would be gone. Leave it?"):
        raise UsageError("this conversation could not be kept; /export writes it to a file")


def _history(doing: Doing) -> History:
    """Where conversations are; also while this one is not kept."""
    context = doing.session.context
    return doing.session.history or History(data_dir(context.environ), notify=context.notify)


def _called(history: History, words: str) -> list[Entry]:
    """The conversations that `words` name: all of them, where several are called so, or begin so."""
    try:
        found = history.find(words)
    except UsageError:  # several
        wanted = " ".join(words.split()).casefold()
        named = [(entry, (entry.id, one_line(entry.title, TITLE_LENGTH).casefold())) for entry in history.entries()]
        exactly = [entry for entry, names in named if wanted in names]
        return exactly or [entry for entry, names in named if any(name.startswith(wanted) for name in names)]
    return [found] if found else []


def _saying(history: History, words: str) -> list[Entry]:
    """The conversations in which `words` are said, the newest first."""
    ids = list(dict.fromkeys(hit.conversation for hit in history.search(words, limit=_HITS)))
    found = (history.find(id_) for id_ in ids[:LISTED])
    return [entry for entry in found if entry]


def _go(doing: Doing, history: History, id_: str) -> Outcome:
    session, found = doing.session, history.load(id_)
    _check_kept(doing)
    session.open(found)
    doing.say(*recap(session.conversation, doing.width))
    return Outcome(unanswered(doing))


def _list(doing: Doing, entries: Sequence[Entry], hint: str) -> Outcome:
    if not entries:
        raise NothingThereError("no conversation is kept yet")
    doing.ui.listed[:] = [entry.id for entry in entries]
    here, now = doing.session.conversation.id, time.time()
    rows = [
        (
            f"{number}{'*' if entry.id == here else ''}",
            cut(one_line(entry.title, TITLE_LENGTH) or UNTITLED, max(16, doing.width - 34)),
            ago(now - entry.updated_at / 1e6),
            f"{entry.turns:,} messages",
        )
        for number, entry in enumerate(entries, 1)
    ]
    doing.say(*columns(rows, right=(0,), width=doing.width), hint)
    return Outcome()


HANDLERS: Mapping[str, Handler] = {"new": new, "open": open_, "title": title}

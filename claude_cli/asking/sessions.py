"""Which conversation a question belongs to, and whether it is kept: what `-c`, `-S`, `--fork` and `--save` mean.

`complete` and `chat` share this. Nothing of the history is loaded where nothing of it is wanted.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..context import Context
from ..core.errors import UsageError
from ..core.harmless import one_line
from ..core.messages import Block, ChatRequest, Notice, text_of

if TYPE_CHECKING:
    from ..core.conversation import Conversation, Turn
    from ..core.models import Catalogue
    from ..storage.conversations import Entry, History
    from .keeper import Keeper
    from .run import Asked

TITLE_LENGTH = 60
"""Characters of a first prompt that name its conversation."""
_NAME_LENGTH = 200
"""Characters of the name that `-S` gives to a new conversation."""
_SHOWN = 60
"""Characters that are shown of a title."""


class Wanted:
    """What the command line says of the conversation. (No dataclass: every call would wait while it is made.)

    Attributes:
        newest: `-c`.
        session: of `-S`: an id, a title, or how one of them begins.
        fork: `--fork`.
        save: `--save` or `--no-save`; None: neither.
    """

    __slots__ = ("fork", "newest", "save", "session")

    def __init__(
        self, newest: bool = False, session: str | None = None, fork: bool = False, save: bool | None = None
    ) -> None:
        """Take all four as they are."""
        self.newest, self.session, self.fork, self.save = newest, session, fork, save

    @property
    def goes_on(self) -> bool:
        """Whether a conversation is named."""
        return self.newest or self.session is not None

    def check(self, context: Context) -> None:
        """Say what a flag cannot do here. Raises `UsageError` for flags that contradict each other."""
        if self.newest and self.session is not None:
            raise UsageError("--continue and --session contradict each other")
        if self.session is not None and not one_line(self.session):
            raise UsageError("--session is empty; name a conversation, by its id or its title")
        if self.fork and not self.goes_on:
            raise UsageError("--fork copies a conversation: name it with -c or -S NAME")
        if self.save is False and self.goes_on:
            flag = "--continue" if self.newest else "--session"
            raise UsageError(f"{flag} and --no-save contradict each other: what goes on is kept where it began")
        if self.save and context.offline and not self.goes_on:
            context.notify(Notice("not_kept", "not kept: what the simulator answers is kept only with -S NAME"))


class Opened:
    """The conversation that a question belongs to. (No dataclass, as `Wanted` is none.)

    Attributes:
        conversation: the one named, or a new one.
        history: where it is kept; None: nowhere.
        fork: what is asked goes into a copy of it, which is still to be made.
    """

    __slots__ = ("conversation", "fork", "history")

    def __init__(self, conversation: Conversation, history: History | None = None, *, fork: bool = False) -> None:
        """Take all three as they are."""
        self.conversation, self.history, self.fork = conversation, history, fork

    @property
    def before(self) -> list[Turn]:
        """The turns that the next question is sent behind; one that has not been answered gives way to it."""
        waiting = self.conversation.unanswered
        return [turn for turn in self.conversation.sent if turn is not waiting]


def is_kept(context: Context, wanted: Wanted, *, always: bool = False) -> bool:
    """Whether what is asked now is kept.

    The simulator's answers only where `-c` or `-S` names a conversation of its own; else as the flag or the setting
    says, and where neither does, where a person is there.

    Args:
        always: the command keeps all by itself, as `chat` does.
    Raises:
        UsageError: the settings are wrong.
    """
    if wanted.goes_on or context.offline:
        return wanted.goes_on
    if wanted.save is not None:
        return wanted.save
    choice = context.settings.history_save
    person = context.console.err_is_terminal and not context.environ.get("CI")
    return choice == "always" or (choice == "auto" and (always or person))


def open_session(context: Context, wanted: Wanted) -> Opened:
    """The conversation that a chat goes on with, or a new one, and where it is kept. Only `--fork` writes already.

    Raises:
        UsageError: the flags contradict each other, no conversation or several are meant, or the history cannot be
            used.
    """
    wanted.check(context)
    opened = _opened(context, wanted, kept=is_kept(context, wanted, always=True))
    return _forked(context, opened) if opened.fork else opened


def open_named(context: Context, wanted: Wanted) -> Opened | None:
    """The conversation that is named, or a new one of that name; None where none is. Nothing is written yet.

    Raises `UsageError` as `open_session`.
    """
    wanted.check(context)
    if not wanted.goes_on:
        return None
    opened = _opened(context, wanted, kept=True)
    if opened.conversation.elsewhere:
        _say(context, "newer messages are on another branch; /tree in a chat shows them")
    return opened


def carried_on(asked: Asked, conversation: Conversation) -> Asked:
    """`asked` with the model and the system prompt of `conversation` where the command line names none."""
    if not conversation.turns:
        return asked
    template = asked.sources.template
    own = asked.system is not None or (template is not None and template.template.system)
    model = asked.model if asked.model is not None else conversation.model or None
    return replace(asked, model=model, system=asked.system if own else conversation.system)


def behind(turns: Sequence[Turn], request: ChatRequest, models: Catalogue) -> ChatRequest:
    """`request`, a question, as it is sent behind `turns` of its conversation."""
    from ..core.conversation import messages_of

    before = messages_of(turns, models.resolve(request.model), *_bound_to(request))
    return replace(request, messages=(*before, *request.messages))


def keep_question(context: Context, wanted: Wanted, opened: Opened | None, request: ChatRequest) -> Keeper | None:
    """Keep the question `request` before it is sent; the keeper then takes the answer. None where it is not kept.

    Args:
        opened: where it belongs; None: it begins a conversation. Only now is the history loaded for that.
    """
    if not is_kept(context, wanted):
        return None
    from ..core.conversation import binding
    from .keeper import Keeper

    opened = opened or _opened(context, wanted, kept=True)
    if opened.fork:
        opened = _forked(context, opened)
    conversation, (message,) = opened.conversation, request.messages
    system, tools = _bound_to(request)
    conversation.title = conversation.title or title_of(message.content)
    conversation.model, conversation.system = request.model, system
    keeper = Keeper(opened.history, conversation, notify=context.notify)
    keeper.asked(message.content)
    before = conversation.sent
    keeper.answering(lambda model: binding(before, model, system, tools))
    context.session = conversation.id if keeper.saved else None
    return keeper


def title_of(content: Sequence[Block]) -> str:
    """What a conversation is called that nobody has named: the first words of its first question."""
    words = text_of(content[-1:])
    return one_line(words[: 10 * TITLE_LENGTH], TITLE_LENGTH)


def introduce_history(context: Context) -> None:
    """Say once, when the first exchange ever has been kept, where that lies and how to stop it: to a person."""
    console = context.console
    if console.quiet or not console.err_is_terminal:
        return
    from ..storage.hints import first_time
    from ..storage.history_schema import FILE_NAME
    from ..storage.paths import data_dir

    if first_time("history", context.environ):
        stop = "to stop that: --no-save, or claude-cli config set history.save never"
        console.line(f"questions and answers are kept in {data_dir(context.environ) / FILE_NAME}; {stop}", dim=True)


def forget_old(context: Context, notify: Callable[[Notice], None]) -> None:
    """Once a day, forget the conversations that were last used longer ago than `history.days` keeps them."""
    days = context.settings.history_days
    if not days:
        return
    from ..core.models import today
    from ..storage.conversations import DatabaseUnavailableError, History
    from ..storage.hints import first_time_today
    from ..storage.paths import data_dir

    if first_time_today("history", context.environ, today()):
        history = History(data_dir(context.environ), notify=notify)
        with suppress(DatabaseUnavailableError):
            history.prune(history.now() - days * 86_400_000_000)


def _bound_to(request: ChatRequest) -> tuple[str, Sequence[Mapping[str, Any]]]:
    """The system prompt and the tools of `request`: thinking is bound to them, the model and the turns before."""
    return str(request.system or ""), request.options.extra.get("tools", ())


def _opened(context: Context, wanted: Wanted, *, kept: bool) -> Opened:
    from ..core.conversation import Conversation
    from ..storage.conversations import DatabaseUnavailableError, History
    from ..storage.paths import data_dir

    history = History(data_dir(context.environ), notify=context.notify)
    place = history if kept else None
    try:
        entry = _entry(context, history, wanted)
        if entry:
            return Opened(history.load(entry.id), place, fork=wanted.fork)
    except DatabaseUnavailableError as error:
        raise UsageError(str(error)) from error
    title = one_line(wanted.session or "", _NAME_LENGTH)
    return Opened(Conversation(history.new_id(), title, simulated=context.offline), place)


def _forked(context: Context, opened: Opened) -> Opened:
    """A copy, which is kept and said. Raises `UsageError`: it cannot be kept."""
    from ..storage.conversations import DatabaseUnavailableError

    old, history = opened.conversation, opened.history
    assert history is not None  # who names a conversation has it kept
    old.simulated = context.offline
    try:
        copy = history.fork(old)
    except DatabaseUnavailableError as error:
        raise UsageError(str(error)) from error
    _say(context, f"a copy goes on as {_called(copy)}; the old one stays as it is")
    return Opened(copy, history)


def _entry(context: Context, history: History, wanted: Wanted) -> Entry | None:
    """The conversation to go on with; None: a new one begins. Raises `UsageError`, see `open_session`."""
    if wanted.session is not None:
        return _named(context, history, one_line(wanted.session, _NAME_LENGTH), fork=wanted.fork)
    return _newest(context, history) if wanted.newest else None


def _named(context: Context, history: History, name: str, *, fork: bool) -> Entry | None:
    entry = history.find(name)
    if entry is None:
        if fork:
            raise UsageError(f"there is no conversation {_shown(name)} to be copied; history list shows them")
        _say(context, f"no conversation is called {_shown(name)}: a new one begins")
        return None
    if entry.simulated and not context.offline and not fork:
        raise UsageError(f"{_called(entry)} is the simulator's: add --offline, or --fork to go on in a copy")
    if context.offline and not entry.simulated and not fork:
        raise UsageError(f"{_called(entry)} is a model's, and offline the simulator answers: --fork goes on in a copy")
    if name not in (entry.id, entry.title):
        _say(context, f"going on with {_called(entry)}", changes_result=False)
    return entry


def _newest(context: Context, history: History) -> Entry:
    from ..terminal.age import ago

    entry = history.newest(simulated=context.offline)
    if entry is None:
        whose = " of the simulator's" if context.offline else ""
        raise UsageError(f"no conversation{whose} has been kept that -c could go on with; -S NAME begins one")
    _say(context, f"going on with {_called(entry)}, {ago(time.time() - entry.updated_at / 1e6)}")
    return entry


def _say(context: Context, text: str, *, changes_result: bool = True) -> None:
    context.notify(Notice("session", text, changes_result=changes_result))


def _called(entry: Entry | Conversation) -> str:
    """What people know it by."""
    return f"{_shown(entry.title)} ({entry.id})" if entry.title else entry.id


def _shown(title: str) -> str:
    return repr(one_line(title, _SHOWN))

"""How a chat begins and ends: where its messages come from, what the first one brings along, what it goes on with."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from typing import Literal

from ..asking.question import STDIN_TITLE, PromptReader, Sources
from ..asking.run import Asked
from ..asking.sessions import Wanted, carried_on, open_session
from ..context import Context
from ..core.conversation import Turn
from ..core.errors import UsageError
from ..core.messages import document_block
from ..storage.paths import data_dir
from ..terminal.chips import Attacher
from ..terminal.console import STDERR, STDIN, is_terminal
from ..terminal.draft import Draft
from ..terminal.prompt import FIRST_LINE, Choices, Prompt
from ..terminal.prompt_toolbar import Part, standing
from ..terminal.prompt_words import with_files
from ..terminal.stdin import kind_of
from ..terminal.tty import open_terminal, size
from .background import Background
from .drafts import count, draft_of
from .loop import Loop
from .recap import recap
from .session import Session

Manner = Literal["editor", "plain", "script"]
"""Where messages come from: the line editor, lines typed at a terminal that only prints, lines of a script."""
NO_TERMINAL = (
    "a chat reads keys from a terminal, and there is none; with --no-input each line of standard input is a message,"
    " and claude-cli complete answers one prompt"
)
UNFINISHED = "the last answer is not whole; /continue goes on"
WORDLESS = "the last answer ended before its first word; /retry asks again"
NO_MESSAGES = "--no-input takes messages from standard input, a line each, and it has none; give a first message, too"


def chat(context: Context, asked: Asked, wanted: Wanted) -> int:
    """Talk until somebody leaves; returns the exit status.

    Raises:
        UsageError: nobody is there to talk, or an input or an option cannot be used; nothing has been sent.
        OutputError, BrokenPipeError, KeyboardInterrupt: as `Loop.run` has it.
    """
    with context.closing:
        manner = _manner(context, asked.sources)
        context.say_project_file()
        asked, first, at_once = _first_message(context, asked, manner)
        opened = open_session(context, wanted)
        session = Session(context, carried_on(asked, opened.conversation), opened.conversation, opened.history)
        context.closing.callback(session.close)
        attacher = Attacher(
            lambda: context.catalogue.find(session.model), context.environ, None if context.offline else context.fetch
        )
        count(attacher, session.conversation, first)
        background = Background(context)
        prompt = _prompt(session, manner, attacher, background)
        context.closing.callback(prompt.close)
        loop = Loop(session, prompt, attacher, scripted=manner == "script", held=background.held)
        loop.draft = first
        if manner != "script":
            _welcome(session)
            if session.conversation.unanswered and not first.text:
                loop.draft = draft_of(session.conversation.unanswered)
        status = loop.run(_with_its_files(loop, asked.sources) if at_once else None)
        if manner != "script":
            _farewell(session)
        elif not loop.taken:
            raise UsageError(NO_MESSAGES)
        return status


def _manner(context: Context, sources: Sources) -> Manner:
    """How this chat is talked in. Raises `UsageError`: there is no way to."""
    if not sources.may_ask:
        return "script"
    descriptor = open_terminal()
    if descriptor is None:
        raise UsageError(NO_TERMINAL)
    os.close(descriptor)
    plain = context.environ.get("TERM") == "dumb" or context.settings.screen_reader
    return "editor" if context.console.out_is_terminal and not plain else "plain"


# ------------------------------------------------------------------------------------------------ the first message
def _first_message(context: Context, asked: Asked, manner: Manner) -> tuple[Asked, Draft, bool]:
    """What the command line and a pipe bring along, and whether that is a whole message, to be sent at once.

    Raises:
        UsageError: an input cannot be used.
    """
    sources = asked.sources
    if manner == "script":
        _check_script(sources)
        sources = replace(sources, use_stdin=False)
    draft, at_once = Draft(), False
    if _brings(sources):
        reader = PromptReader(context, sources)
        name = context.settings.model if asked.model is None else asked.model
        found = reader.gather(context.catalogue.find(name))
        prompt, piped = found.prompt, found.piped
        if sources.prompt == "-" and prompt is None:
            prompt, piped = piped, ""
        blocks = [*found.documents, *found.attached]
        if piped:
            blocks.insert(0, document_block(piped, title=STDIN_TITLE))
        draft = draft_of(Turn(0, None, "user", tuple(blocks)))
        draft, at_once = replace(draft, text=draft.text + (prompt or "")), bool(prompt and prompt.strip())
        asked = replace(asked, system=reader.system if asked.system is None else asked.system)
    if manner != "script" and not is_terminal(STDIN):
        _take_terminal()
    return asked, draft, at_once


def _with_its_files(loop: Loop, sources: Sources) -> Draft | None:
    """The first message, with the files that the words of the command line name; None: it is not sent, but waits.

    A pipe or a template may say anything: only who typed a path means a file.

    Raises:
        UsageError: one of them cannot be sent, in a script.
    """
    if sources.prompt == "-" or sources.template:
        return loop.draft
    try:
        return with_files(loop.draft, loop.attacher)
    except UsageError as error:
        if loop.scripted:
            raise
        loop.session.context.console.error(str(error))
        return None
    except KeyboardInterrupt as stop:  # while something is fetched
        loop.check(stop)
        return None


def _brings(sources: Sources) -> bool:
    """Whether there may be anything to be read but keys."""
    piped = sources.use_stdin and not is_terminal(STDIN)
    return bool(piped or sources.prompt or sources.files or sources.attachments or sources.template)


def _check_script(sources: Sources) -> None:
    """Refuse to read standard input as anything but messages. Raises `UsageError`."""
    named = [*sources.files, *sources.attachments]
    if sources.prompt == "-" or "-" in named:
        raise UsageError("--no-input takes messages from standard input, a line each, so `-` cannot read it, too")


def _take_terminal() -> None:
    """Put the terminal in the place of standard input, of which everything has been read: also questions come there."""
    descriptor = open_terminal()
    if descriptor is not None and descriptor != STDIN:
        os.dup2(descriptor, STDIN)
        os.close(descriptor)


# ------------------------------------------------------------------------------------------------ the prompt
def _prompt(session: Session, manner: Manner, attacher: Attacher, background: Background) -> Prompt:
    context = session.context
    if manner != "editor":
        from ..terminal.plain_prompt import PipedPrompt, PlainPrompt

        background.start()
        if manner == "plain":
            return PlainPrompt(attacher)
        # A terminal is not read: nobody would know that it waits.
        read = session.asked.sources.use_stdin and kind_of() in ("pipe", "file", "part-read file")
        return PipedPrompt(attacher, STDIN if read else os.open(os.devnull, os.O_RDONLY))
    from ..terminal.prompt_history import FILE_NAME, PromptHistory
    from ..terminal.prompt_line import LinePrompt

    choices = Choices(
        attacher,
        models=lambda: background.models,
        sessions=lambda: background.sessions,
        templates=lambda: background.templates,
        settings=lambda: background.settings,
        toolbar=lambda: _toolbar(session),
    )
    entered = PromptHistory(data_dir(context.environ) / FILE_NAME if session.history else None)
    mode: Literal["emacs", "vi"] = "vi" if context.settings.chat_vi else "emacs"
    return LinePrompt(
        choices, entered, environ=context.environ, editing_mode=mode, colour=context.styled(terminal=True),
        shown=background.start,
    )  # fmt: skip


def _toolbar(session: Session) -> Sequence[Part]:
    return standing(**asdict(session.standing))


# ------------------------------------------------------------------------------------------------ hello and goodbye
def _welcome(session: Session) -> None:
    """Say where the user is: the first line, and how the conversation that is gone on with ended."""
    context, conversation = session.context, session.conversation
    if context.console.quiet:
        return
    lines = [FIRST_LINE, *recap(conversation, size(STDERR, context.environ)[0])[1:]]
    path = conversation.path
    if path and path[-1].is_partial:
        lines.append(UNFINISHED if path[-1].text.strip() else WORDLESS)
    context.console.say("\n".join([*lines, ""] if lines[1:] else lines), dim=True)


def _farewell(session: Session) -> None:
    """Say how to come back, where there is something to come back to."""
    console, conversation = session.context.console, session.conversation
    if conversation.turns and session.standing.saved and not console.quiet:
        offline = "--offline " if conversation.simulated else ""
        console.say(f"come back: claude-cli chat {offline}{_way_back(session)}", dim=True)


def _way_back(session: Session) -> str:
    """The flag that opens this conversation: `-c`, unless another one has been used since."""
    from ..storage.conversations import DatabaseUnavailableError

    conversation, newest = session.conversation, None
    with suppress(DatabaseUnavailableError):
        newest = session.history.newest(simulated=conversation.simulated) if session.history else None
    return "-c" if newest and newest.id == conversation.id else f"-S {conversation.id}"

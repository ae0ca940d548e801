"""What stands around an answer on a terminal: a status line before it, its drawing, once a line about usage behind it.

And once a day, that the model retires.
"""

from __future__ import annotations

import time
from contextlib import ExitStack
from typing import TYPE_CHECKING

from ..context import Context
from ..core.harmless import one_line
from ..core.messages import Notice
from ..terminal.console import STDERR, STDOUT

if TYPE_CHECKING:
    from ..terminal.live import Drawing
    from .outcome import Outcome
    from .run import Asked

NAME_LENGTH = 40
"""Characters that are shown of a model's name."""


def is_rendered(context: Context, asked: Asked) -> bool:
    """Whether the answer is laid out as Markdown: where asked for, else for people on a terminal."""
    if asked.format != "auto":
        return asked.format == "rendered"
    return context.console.out_is_terminal and asked.output is None and asked.form.is_plain


def begin(context: Context, asked: Asked, closing: ExitStack | None = None) -> None:
    """Show that something happens. To pipes and files as they are, nothing is drawn and nothing is loaded.

    Args:
        closing: ends it at the latest; None: the command's end.
    """
    console, environ = context.console, context.environ
    rendered, watched = is_rendered(context, asked), console.err_is_terminal and not console.quiet
    if not (rendered or watched):
        return
    from ..terminal.tty import can_redraw

    still = context.settings.screen_reader or environ.get("TERM") == "dumb"
    name = one_line(asked.model or context.settings.model, NAME_LENGTH)
    status = watched and not still and can_redraw(STDERR, environ)
    if watched and still:
        console.line(f"waiting for {name}", dim=True)
    if not (rendered or status):
        return
    from ..terminal.live import Live
    from ..terminal.status import Status

    terminal = console.out_is_terminal and asked.output is None
    moving = terminal and not still and can_redraw(STDOUT, environ)

    def drawing() -> Drawing:
        from ..terminal.rendered import markdown  # after the status is shown: this takes a while

        colour = context.styled(terminal=terminal)
        return markdown(lambda: context.console, environ, colour=colour, moving=moving)()

    live = Live(
        console,
        environ,
        status=Status(name, time.monotonic()) if status else None,
        drawing=drawing if rendered else None,
        mute=console.out_is_terminal and (status or moving),
        keeps_typed=context.command == "chat",
    )
    (closing or context.closing).callback(live.finish)
    live.start()


def say_retirement(context: Context, model: str, today: str) -> None:
    """Say once a day that `model` soon retires, and what takes its place: to a person, and for real calls.

    Args:
        today: YYYY-MM-DD.
    """
    if not context.console.err_is_terminal or context.console.quiet or context.offline:
        return
    known = context.catalogue.find(model)
    if known is None or known.retires_on is None:
        return
    from ..storage.hints import first_time_today

    said = context.catalogue.retirement(model, today)
    if said and first_time_today(f"retires {known.id}", context.environ, today):
        context.notify(Notice("retires", said, changes_result=False))


def introduce(context: Context, outcome: Outcome) -> None:
    """Say once, after the first answer ever, what it took and how to see that always; offline does not count."""
    console, done = context.console, outcome.completion
    if done is None or outcome.simulated or console.quiet or not console.err_is_terminal:
        return
    from ..storage.hints import first_time

    if not first_time("usage", context.environ):
        return
    from ..core.pricing import money

    pico = outcome.cost_pico
    parts = [done.model or outcome.model, f"{done.usage.total_input_tokens + done.usage.output_tokens:,} tokens"]
    parts += [] if pico is None else [money(pico)]
    console.say(" · ".join([*parts, "-u shows this after each answer"]), dim=True)

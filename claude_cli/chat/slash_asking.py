"""The slash commands that change how the next question is asked: the model, the system prompt, the parameters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from difflib import get_close_matches

from ..asking.parameters import PARAMETERS, changed, standing
from ..core.errors import UsageError
from ..core.harmless import one_line
from ..core.models import Model, today
from ..terminal.columns import columns, cut
from .slash import Doing, Handler, Outcome

_NAMED = 100


# ------------------------------------------------------------------------------------------------ the model
def model(doing: Doing) -> Outcome:
    """Show the model, or change it and say what of all that is to be sent the new one does not take."""
    session = doing.session
    if not doing.rest:
        doing.say(_about(doing, session.model))
        return Outcome()
    name = model_named(doing, doing.rest)
    session.asked = replace(session.asked, model=name)
    session.changed()
    doing.say(_about(doing, name), *_differences(doing))
    return Outcome()


def model_named(doing: Doing, name: str) -> str:
    """`name`, where it is a model's; one that is near to a known one is asked about.

    Raises:
        UsageError: it can be none, it is gone, or the near one was meant.
    """
    catalogue = doing.session.context.catalogue
    shown = one_line(name, _NAMED)
    if len(name.split()) != 1 or shown != name:
        raise UsageError(f"{shown!r} is no model's name")
    if catalogue.find(name):
        return name
    if catalogue.find_any(name):
        heir = catalogue.successor(catalogue.resolve(name), today())
        raise UsageError(f"{name} is retired" + (f"; its successor is {heir}" if heir else ""))
    near = get_close_matches(name, catalogue.names(), 1)
    unknown = f"there is no model {name} known here"
    if near and not doing.ui.confirm(f"{unknown}; did you mean {near[0]}? Ask {name} anyway?"):
        raise UsageError(f"{unknown}; did you mean {near[0]}?")
    return name


def _about(doing: Doing, name: str) -> str:
    """A model in one line: its id, its window and its price."""
    catalogue = doing.session.context.catalogue
    known = catalogue.find(name)
    if known is None:
        return f"{one_line(name, _NAMED)}: not known here, so nothing is checked before it is asked"
    called = f"{name} = " if name != known.id else ""
    parts = [f"{called}{known.id}"]
    if known.context_window:
        parts.append(f"{known.context_window:,} tokens")
    prices = known.raw.get("price_usd_per_mtok")
    price = f"${prices['input']:.10g} in, ${prices['output']:.10g} out for a million" if prices else "unpriced"
    return one_line(" · ".join([*parts, price]))


def _differences(doing: Doing) -> list[str]:
    """What of the conversation and the parameters the model does not take, a line each."""
    session = doing.session
    known = session.context.catalogue.find(session.model)
    return [] if known is None else [*_refused(doing, known), *_too_long(doing, known)]


def _refused(doing: Doing, known: Model) -> list[str]:
    """What the rules drop, adjust or refuse of the next request."""
    from ..core.capabilities import fit
    from ..core.conversation import messages_of
    from ..core.messages import ChatRequest, Message, text_block

    session = doing.session
    messages = messages_of(session.conversation.sent, known.id, session.system)
    probe = (*messages, Message("user", (text_block("?"),)))
    try:
        _, notices = fit(ChatRequest(known.id, probe, session.system or None, session.asked.options), known)
    except UsageError as error:
        return [f"with this conversation it cannot be asked: {error}"]
    return [notice.text for notice in notices]


def _too_long(doing: Doing, known: Model) -> list[str]:
    tokens, window = doing.session.standing.tokens, known.context_window
    if not window or tokens <= window:
        return []
    return [f"the conversation has about {tokens:,} tokens, and its window {window:,}; /compact makes room"]


# ------------------------------------------------------------------------------------------------ the system prompt
def system(doing: Doing) -> Outcome:
    """Show the system prompt, change it, or with - remove it."""
    session = doing.session
    if not doing.rest:
        doing.say(session.system or "there is no system prompt; /system TEXT sets one")
        return Outcome()
    text = "" if doing.rest == "-" else doing.rest
    session.asked = replace(session.asked, system=text)
    session.changed()
    doing.say("system prompt set" if text else "system prompt removed")
    return Outcome()


# ------------------------------------------------------------------------------------------------ parameters
def set_(doing: Doing) -> Outcome:
    """Show the parameters, one of them, or change one."""
    session = doing.session
    if not doing.rest:
        doing.say(*_all(doing), "/set NAME VALUE, or default, changes one")
        return Outcome()
    name, _, value = doing.rest.partition(" ")
    value = value.strip()
    _check_name(doing, name)
    if not value:
        doing.say(_told(doing, name))
        return Outcome()
    session.asked = changed(session.asked, name, value)
    session.changed()
    doing.say(_told(doing, name))
    return Outcome()


def _all(doing: Doing) -> list[str]:
    """All parameters, and the further fields that are set, a line each; what has no room is left out."""
    width = doing.width
    rows = []
    for name, value in standing(doing.session.asked):
        takes = PARAMETERS[name].takes if name in PARAMETERS else ""
        rows.append((one_line(name, 40), cut(one_line(value), max(8, width // 3)) or "-", takes))
    return columns(rows, width=width)


def _check_name(doing: Doing, name: str) -> None:
    """Refuse what is near to a parameter's name and is none: as a field of the request it would fail each question."""
    plain = name.replace("-", "_")
    fields = doing.session.asked.options.extra
    if plain in PARAMETERS or plain.partition(".")[0] in fields:
        return
    near = get_close_matches(plain, PARAMETERS, 1, 0.75)
    if near:
        raise UsageError(f"there is no parameter {one_line(name, 40)}; did you mean {near[0]}?")


def _told(doing: Doing, name: str) -> str:
    known = PARAMETERS.get(name.replace("-", "_"))
    now = dict(standing(doing.session.asked)).get(known.name if known else name.partition(".")[0], "")
    takes = f" ({known.takes}, or default)" if known else ""
    return f"{one_line(known.name if known else name.partition('.')[0], 40)}: {one_line(now) or 'not set'}{takes}"


HANDLERS: Mapping[str, Handler] = {"model": model, "system": system, "set": set_}

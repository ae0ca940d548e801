"""From a raw row to one that can be sent: what it says goes before flags, these before the template and the settings.

What its members are called is `requests_members.py`'s, parameters and form `requests_options.py`'s, the files it names
`requests_files.py`'s.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from ..core.attachments import Limits
from ..core.caching import beginning_of, mark_beginning
from ..core.errors import UsageError
from ..core.messages import ChatRequest, LLMOptions, Message, Notice, text_block
from ..core.prepare import prepare
from ..core.tokens import estimate
from ..core.wire_request import merge_turns, messages_from
from .common import DEFAULT_MAX_TOKENS
from .requests_digest import canonical, digest, parameters, question, turns
from .requests_files import Loaded, RowFiles, of_block
from .requests_members import BESIDE, KNOWN, PARAMETERS, QUESTIONS, Strangers, kind_of, row_id, shown, text_in
from .requests_options import RowOptions
from .row import Row

if TYPE_CHECKING:
    from ..core.models import Model
    from .common import Common

MAX_REQUEST_BYTES = 32 << 20
"""The API takes no larger request (its documentation of November 2026)."""
FAR_OVER = 2
"""A prompt of which so many times its model's window is estimated is surely too long."""
_INPUT = "input"
_MEMBERS_SHOWN = 5


@dataclass(frozen=True, slots=True)
class _Said:
    """What a row says.

    Attributes:
        messages: without the files that it names.
        members: those of ours; `fields` are those of the request.
        system: of the template.
        whole: it is a whole request, which is sent as it is.
    """

    messages: tuple[Message, ...]
    members: Mapping[str, Any]
    fields: Mapping[str, Any] = field(default_factory=dict)
    system: str | None = None
    whole: bool = False


class RowMaker:
    """Makes the rows of a batch."""

    def __init__(self, common: Common, files: RowFiles, notify: Callable[[Notice], None] = lambda notice: None) -> None:
        """Make rows that have in common what `common` says, and may name `files`.

        Args:
            notify: is told of members that are not used, of each once.
        """
        self._common, self._files = common, files
        self._strangers = Strangers(notify)
        self._options = RowOptions(common, files)
        self._bare = common.without_settings()
        self._bare_options = RowOptions(self._bare, files)
        self._first = [of_block(block) for block in common.files]
        self._places = frozenset(common.template.template.placeholders if common.template else ())

    def row(self, number: int, line: int, members: Mapping[str, Any], notices: Iterable[Notice] = ()) -> Row:
        """The row that `members` make.

        Args:
            number: its place among the rows, from 0.
            line: where it begins.
            notices: what there is to say of it already.
        Raises:
            UsageError: it cannot be asked; says why.
        """
        given_id, said = row_id(members), self._said(members)
        common, reader = (self._bare, self._bare_options) if said.whole else (self._common, self._options)
        name = self._model(said.members)
        model = common.models.find(name)
        system = _system(said, common.system)
        files = [*self._first, *self._loaded(said.members, model)]
        options = reader.said(said.members, said.fields, judged=model is not None)
        form = reader.form(said.members, options)
        schema = form.schema.original if form.schema else None
        asked = question(
            [name, system, turns(said.messages), parameters(options), form.extract, schema, common.on_truncate]
        )
        _check_size(len(asked) + sum(each.size for each in files))
        whole = _limited(reader.wanted(options, form), model)
        request, changed = prepare(
            ChatRequest(name, _behind(files, said.messages), system, whole, stream=common.stream),
            strict=common.strict,
            models=common.models,
        )
        _check_window(request, model, len(asked) + sum(each.size for each in files))
        return Row(
            number=number,
            line=line,
            id=str(number + 1) if given_id is None else given_id,
            named=given_id is not None,
            digest=digest(asked, [each.digest for each in files]),
            request=request,
            form=form,
            on_truncate=common.on_truncate,
            prefix=self._prefix(request, model, files),
            shared_files=len(self._first) or None,
            notices=(*notices, *changed),
        )

    def _said(self, members: Mapping[str, Any]) -> _Said:
        if self._common.template:
            return self._filled(members)
        strange = sorted(members.keys() - KNOWN)
        self._strangers.check(strange)
        asked = [name for name in QUESTIONS if members.get(name) is not None]
        if len(asked) != 1:
            raise UsageError(_wrong_question(members, asked))
        self._strangers.say(strange)
        if asked == ["params"]:
            return _of_params(members)
        messages = _prompt(text_in(members, "prompt")) if asked == ["prompt"] else _messages(members, "messages")
        return _Said(messages, members, _fields(members))

    def _filled(self, members: Mapping[str, Any]) -> _Said:
        """What a row says whose members are values of the template."""
        use, places = self._common.template, self._places
        assert use
        rest = {name: value for name, value in members.items() if name not in places}
        for name in ("messages", "params"):
            if rest.get(name) is not None:
                raise UsageError(
                    f"{name} stands where a template is in use, and a row has its values (-t '' uses none)"
                )
        values = {name: _text(members[name]) for name in places if members.get(name) is not None}
        asked = [text for name in ("prompt", _INPUT) if (text := text_in(rest, name)) is not None]
        if len(asked) + (_INPUT in values) > 1:
            raise UsageError("prompt and input mean the same with a template; leave out one of them")
        if asked and _INPUT in places:
            values[_INPUT] = asked.pop()
        strange = sorted(rest.keys() - KNOWN - {_INPUT})
        self._strangers.check(strange)
        missing = sorted(places - values.keys() - use.values.keys() - use.template.defaults.keys())
        if missing:
            names = " and ".join(f"${name}" for name in missing)
            raise UsageError(f"there is no value for {names} of template {use.template.name}")
        self._strangers.say(strange)
        filled = replace(use, values={**use.values, **values}).fill(asked[0] if asked else None, "")
        return _Said(_prompt(filled.prompt), rest, _fields(rest), filled.system)

    def _model(self, members: Mapping[str, Any]) -> str:
        name = text_in(members, "model")
        if name is None:
            return self._common.model
        if not name.strip():
            raise UsageError("model is empty; leave it out, or name one")
        return name

    def _loaded(self, members: Mapping[str, Any], model: Model | None) -> Sequence[Loaded]:
        files, images = members.get("files"), members.get("images")
        return () if files is None and images is None else self._files.load(files, images, Limits.of(model))

    def _prefix(self, request: ChatRequest, model: Model | None, files: Sequence[Loaded]) -> bytes | None:
        """What the rows that begin like `request` have alike; None where nothing of it would be cached.

        Args:
            files: those that its first turn begins with.
        """
        if not self._common.caching or not (request.system or files or _begins_with_file(request)):
            return None
        shared = len(self._first) or None
        if mark_beginning(request, model, "5m", files=shared) is request:
            return None
        system, blocks = beginning_of(request, files=shared)
        options = request.options
        fields = [options.extra.get(name) for name in ("tools", "tool_choice", "output_config")]
        text = canonical([request.model, fields, options.thinking, options.effort, system, blocks[len(files) :]])
        return digest(text, [each.digest for each in files[: len(blocks)]])


def _system(said: _Said, common: str | None) -> Any:
    """The system prompt of a row; of all rows it is `common`."""
    value = said.members.get("system")
    if value is None:
        return (said.system if common is None else common) or None
    if isinstance(value, str):
        return value or None
    if not isinstance(value, list) or not all(isinstance(each, dict) and "type" in each for each in value):
        raise UsageError(f"system is {kind_of(value)}; it is a text, or a list of text blocks")
    return tuple(value) or None


def _of_params(members: Mapping[str, Any]) -> _Said:
    """What a row says that has a whole body of the Messages API. Whether it is streamed is not for it to say."""
    params = members["params"]
    if not isinstance(params, dict):
        raise UsageError(f"params is {kind_of(params)}; it is an object: a body of the Messages API")
    for name in (*BESIDE, *PARAMETERS):
        if members.get(name) is not None:
            raise UsageError(f"{name} stands beside params, which is the whole request; put it into that")
    ours = {name: params[name] for name in ("model", "system") if name in params}
    fields = {name: value for name, value in params.items() if name not in ("model", "system", "messages", "stream")}
    return _Said(_messages(params, "messages"), ours, fields, whole=True)


def _messages(members: Mapping[str, Any], name: str) -> tuple[Message, ...]:
    raw = members.get(name)
    if not isinstance(raw, list):
        raise UsageError(f"there is no list of {name}" if raw is None else f"{name} is {kind_of(raw)}; it is a list")
    found = messages_from(raw)
    merge_turns(found)
    for number, message in enumerate(found):
        if not message.content:
            raise UsageError(f"messages[{number}] has no content")
        if any(each.get("type") == "text" and not str(each.get("text") or "").strip() for each in message.content):
            raise UsageError(f"messages[{number}] has an empty text")
    return found


def _prompt(text: str | None) -> tuple[Message, ...]:
    if text is None or not text.strip():
        raise UsageError("the prompt is empty")
    return (Message("user", (text_block(text),)),)


def _fields(members: Mapping[str, Any]) -> dict[str, Any]:
    """Fields of the request among a row's members; null, as tables write it that have nothing there, is none."""
    found = {name: members[name] for name in members.keys() & PARAMETERS if members[name] is not None}
    metadata = found.get("metadata", {})
    if isinstance(metadata, dict) and not metadata.keys() <= {"user_id"}:
        raise UsageError("metadata has more than a user_id, which is all that the API takes; rename it if it is yours")
    return found


def _wrong_question(members: Mapping[str, Any], asked: Sequence[str]) -> str:
    if asked:
        return f"{' and '.join(asked)} stand side by side; a row has one of them"
    own = [shown(name) for name in members if name not in KNOWN]
    has = f" (there is {', '.join(own[:_MEMBERS_SHOWN])})" if own else ""
    return f"there is no prompt, and neither messages nor params{has}"


def _text(value: Any) -> str:
    """A value for a template."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _behind(files: Sequence[Loaded], messages: tuple[Message, ...]) -> tuple[Message, ...]:
    """`messages` with `files` before the first of them."""
    if not files:
        return messages
    first = messages[0]
    return (replace(first, content=(*(each.block for each in files), *first.content)), *messages[1:])


def _begins_with_file(request: ChatRequest) -> bool:
    first = request.messages[0].content
    return bool(first) and first[0].get("type") != "text"


def _limited(options: LLMOptions, model: Model | None) -> LLMOptions:
    """`options` with a `max_tokens`, where nobody says one."""
    if options.max_tokens is not None or "max_tokens" in options.extra:
        return options
    cap = model.max_output_tokens if model else None
    return replace(options, max_tokens=min(DEFAULT_MAX_TOKENS, cap or DEFAULT_MAX_TOKENS))


def _check_size(size: int) -> None:
    """Refuse a request of so many characters, or more, that is larger than the API takes. Raises `UsageError`."""
    if size > MAX_REQUEST_BYTES:
        most = MAX_REQUEST_BYTES >> 20
        raise UsageError(f"the request has {size:,} characters, and the API takes {most} MB; send less")


def _check_window(request: ChatRequest, model: Model | None, size: int) -> None:
    """Refuse a prompt that is surely too long for its model.

    Args:
        size: of the request in characters, which are tokens at most.
    Raises:
        UsageError: says by how much.
    """
    window = model.context_window if model else None
    if model is None or not window or size <= window:
        return
    tokens = estimate(request, model)
    if tokens > FAR_OVER * window:
        raise UsageError(f"the prompt has about {tokens:,} tokens, and {model.id} takes {window:,}; send less")

"""Where the marks of the prompt cache go: behind what a later request will begin with, too. Pure.

The provider writes an entry at each mark. A later request reads the longest entry that is a beginning of its prompt
(tools, system prompt, messages) and ends at one of its own marks, or less than 20 blocks before one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial
from math import inf
from typing import Literal

from .errors import UsageError
from .messages import Block, ChatRequest, Message, Notice, blocks_within, text_block
from .models import Model

Ttl = Literal["5m", "1h"]
"""How long an entry is kept after it was last used; an hour costs more to write."""

_Place = tuple[int, int]  # a part of the prompt (0: the system prompt, then the messages), and a block of it
_FILES = ("image", "document")
_MARKABLE = ("text", "search_result", "tool_result", *_FILES)  # of what users and systems say; thinking never is
_MINUTES = {"5m": "5 minutes", "1h": "an hour"}


def cached(
    request: ChatRequest, model: Model | None, ttl: Ttl, *, strict: bool = False
) -> tuple[ChatRequest, list[Notice]]:
    """`request` with its marks, see `mark`, and what there is to say where its model caches nothing.

    Raises:
        UsageError: `strict`, and its model caches nothing.
    """
    if not _caches_nothing(model):
        return mark(request, model, ttl), []
    refused = f"caching not asked for: {request.model} has no prompt cache"
    if strict:
        raise UsageError(f"{refused} (refused because of --strict)")
    return request, [Notice("dropped_parameter", refused)]


def mark(request: ChatRequest, model: Model | None, ttl: Ttl) -> ChatRequest:
    """`request` with a mark at each of its ends that a later request may share; four at most, as the API wants it.

    They are: the system prompt (so another conversation hits), the files of the first turn (so another question about
    them does), what was asked last, and what was asked before that: there the last request wrote its entry, which is
    then found however many blocks the answer had. A request that has any mark already is left as it is, and an end that
    is surely below what the model caches at all gets none.

    Args:
        request: a conversation of any length.
        model: what the catalogue has of its model; None: not known, and so trusted with any length.
        ttl: for all marks alike.
    """
    return _marked(request, model, ttl, _ends)


def mark_beginning(request: ChatRequest, model: Model | None, ttl: Ttl, *, files: int | None = None) -> ChatRequest:
    """`request` with marks where what other requests may begin with, too, ends: at the system prompt, and at the files
    that its first turn begins with. Otherwise as `mark`; unchanged where nothing of that is long enough.

    Args:
        files: so many of those files at most; None: all of them.
    """
    return _marked(request, model, ttl, partial(_beginning, files=files))


def beginning_of(request: ChatRequest, *, files: int | None = None) -> Sequence[Sequence[Block]]:
    """What requests share that have the same marks of `mark_beginning`: the system prompt's blocks, and those files."""
    system, *turns = _parts(request)
    return [system, turns[0][: _leading_files(turns[0], files)] if turns else ()]


def _marked(
    request: ChatRequest,
    model: Model | None,
    ttl: Ttl,
    ends: Callable[[ChatRequest, Sequence[Sequence[Block]]], Iterable[_Place]],
) -> ChatRequest:
    """`request` with marks at those of `ends` that are not too early."""
    if is_marked(request) or _caches_nothing(model):
        return request
    parts = _parts(request)
    most = _most_tokens(request, parts)
    chosen = {place for place in ends(request, parts) if most[place] >= _least(model)}
    if not chosen:
        return request
    control = {"type": "ephemeral"} if ttl == "5m" else {"type": "ephemeral", "ttl": ttl}
    marked = [
        tuple(
            {**block, "cache_control": dict(control)} if (part, number) in chosen else block
            for number, block in enumerate(blocks)
        )
        for part, blocks in enumerate(parts)
    ]
    return replace(
        request,
        system=marked[0] if any(part == 0 for part, _ in chosen) else request.system,
        messages=tuple(
            replace(each, content=blocks) for each, blocks in zip(request.messages, marked[1:], strict=True)
        ),
    )


def is_marked(request: ChatRequest) -> bool:
    """Whether anything in `request` asks for the cache: a field of its own, a tool or a block."""
    extra = request.options.extra
    fields = [found for name in ("tools", "system") if isinstance(found := extra.get(name), list)]
    return "cache_control" in extra or any(
        "cache_control" in each for each in blocks_within([*fields, *_parts(request)])
    )


def explain(request: ChatRequest, model: Model | None) -> str:
    """What of `request`, as it will be sent, is cached, or why nothing is; "" where that is a notice, see `cached`."""
    parts = _parts(request)
    found = [(name, parts[part][number]) for (part, number), name in _ends(request, parts).items()]
    marked = [(name, block["cache_control"]) for name, block in found if block.get("cache_control")]
    least = _least(model)
    if marked:
        kept = _MINUTES[marked[0][1].get("ttl", "5m")]
        ends = ", ".join(name for name, _ in marked)
        return f"cached for {kept}, up to: {ends}" + (f" (where that is {least:,} tokens or more)" if least else "")
    if is_marked(request):
        return "caching is left to the request's own cache_control"
    if _caches_nothing(model):
        return ""
    return f"nothing is cached: the prompt is under the {least:,} tokens that {request.model} caches at least"


def _caches_nothing(model: Model | None) -> bool:
    return model is not None and model.can("prompt_caching") is False


def _least(model: Model | None) -> int:
    """Tokens of the shortest prompt that `model` caches; 0 where that is not known."""
    limits = model.raw.get("limits") if model else None
    return int((limits or {}).get("cache_min_tokens") or 0)


def _parts(request: ChatRequest) -> list[Sequence[Block]]:
    """The prompt: the system prompt's blocks, then each message's."""
    system = request.system or ()
    return [[text_block(system)] if isinstance(system, str) else system, *(each.content for each in request.messages)]


def _ends(request: ChatRequest, parts: Sequence[Sequence[Block]]) -> dict[_Place, str]:
    """Where marks may go, in the order of the prompt, each with a name for people."""
    asked = _asked(request.messages)
    first_turn = range(1, asked[0] + 2) if asked else range(0)
    wanted: list[tuple[str, Iterable[int], tuple[str, ...]]] = [
        # A system prompt among the further fields is sent in place of the request's own.
        ("the system prompt", () if "system" in request.options.extra else (0,), _MARKABLE),
        ("the files", first_turn, _FILES),
        ("the prompt before", [number + 1 for number in asked[-2:-1]], _MARKABLE),
        ("the prompt", [number + 1 for number in asked[-1:]], _MARKABLE),
    ]
    ends: dict[_Place, str] = {}
    for name, where, kinds in wanted:
        found = [(part, number) for part in where for number, block in enumerate(parts[part]) if _fits(block, kinds)]
        ends.update(dict.fromkeys(found[-1:], name))
    return ends


def _beginning(request: ChatRequest, parts: Sequence[Sequence[Block]], *, files: int | None) -> list[_Place]:
    """Where marks of a beginning may go."""
    own = "system" not in request.options.extra
    system = [(0, number) for number, block in enumerate(parts[0]) if own and _fits(block, _MARKABLE)]
    first = _leading_files(parts[1], files) if len(parts) > 1 else 0
    return [*system[-1:], *([(1, first - 1)] if first else [])]


def _leading_files(blocks: Sequence[Block], most: int | None) -> int:
    """How many blocks of a turn, from its first, are files; no more than `most`."""
    blocks = blocks[:most]
    return next((number for number, block in enumerate(blocks) if block.get("type") not in _FILES), len(blocks))


def _asked(messages: Sequence[Message]) -> list[int]:
    """The messages at which requests ended, this one and those before it: an answer follows, or nothing."""
    followed = [message.role == "assistant" for message in messages[1:]] + [True]
    return [
        number
        for number, message in enumerate(messages)
        if message.role != "assistant" and followed[number]
    ]  # fmt: skip


def _fits(block: Block, kinds: tuple[str, ...]) -> bool:
    """Whether `block` is of these kinds and no empty text, which cannot be marked."""
    kind = block.get("type")
    return kind in kinds and (kind != "text" or bool(str(block.get("text")).strip()))


def _most_tokens(request: ChatRequest, parts: Sequence[Sequence[Block]]) -> dict[_Place, float]:
    """For each block, the tokens that the prompt up to it can have at most.

    No estimate: a token is at least a byte of text. What is not plain text (images, PDFs, tools) may be any number.
    """
    total = inf if request.options.extra.keys() & {"tools", "system"} else 0.0
    found = {}
    for part, blocks in enumerate(parts):
        for number, block in enumerate(blocks):
            total += _most_of(block)
            found[part, number] = total
    return found


def _most_of(block: Block) -> float:
    match block:
        case {"type": "text", "text": str(text)}:
            words = [text]
        case {"type": "document", "source": {"type": "text", "data": str(text)}}:
            words = [text, str(block.get("title") or ""), str(block.get("context") or "")]
        case _:
            return inf
    return sum(len(each.encode("utf-8", "surrogatepass")) for each in words)

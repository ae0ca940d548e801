"""What a model refuses of a request's content and of the fields that have no flag. What it refuses of the parameters
is in `capabilities.py`, which calls each of these.

Only what the catalogue says outright is held against a request: an ability it does not know of is let through.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from .errors import UsageError
from .messages import Block, ChatRequest, Message, Notice, blocks_within
from .models import Model

_WHAT = {
    "vision": "images",
    "pdf": "PDFs",
    "citations": "citations",
    "schema": "schema for its answer",
    "tools": "tools",
    "search": "web search",
    "forced": "tool_choice that forces a tool",
    "fast": "speed=fast",
}
"""An ability, by the word that `models --can` takes, and what a model without it refuses."""


class TooManyImagesError(UsageError):
    """A request has more images than its model takes; in a conversation not all of them are new."""


def check_content(request: ChatRequest, model: Model) -> None:
    """Refuse images, PDFs, citations and roles that `model` does not take, and more of them than it takes.

    Raises:
        UsageError: names the model; its advice is how to find others.
    """
    blocks = list(blocks_within([message.content for message in request.messages]))
    images = sum(block.get("type") == "image" for block in blocks)
    pdfs = [block for block in blocks if _is_pdf(block)]
    if images:
        _need("vision", model)
    if pdfs:
        _need("pdf", model)
    if _cites(blocks):
        _need("citations", model)
    if images or pdfs:
        _check_numbers(images, pdfs, model)
    if model.can("mid_conversation_system") is False and any(each.role == "system" for each in request.messages):
        raise UsageError(f"{model.id} takes no system turn inside a conversation; put it into the system prompt")


def check_tools(request: ChatRequest, model: Model) -> None:
    """Refuse tools that `model` does not have, and a forced one where it decides by itself.

    Raises:
        UsageError: names the model; its advice is how to find others.
    """
    extra = request.options.extra
    tools = _objects(extra.get("tools"))
    if tools:
        _need("tools", model)
    if any(str(tool.get("type")).startswith("web_search_") for tool in tools):
        _need("search", model)
    if not is_forced(extra.get("tool_choice")):
        return
    _need("forced", model)
    if (request.options.thinking or {}).get("type") == "enabled":
        raise UsageError(f"{model.id} forces no tool while it thinks; leave out the thinking or the tool_choice")


def check_schema(request: ChatRequest, model: Model) -> None:
    """Refuse a schema for the answer where `model` knows none, or beside what does not go with one.

    Raises:
        UsageError: names what does not go together.
    """
    config = request.options.extra.get("output_config")
    wanted = isinstance(config, Mapping) and bool(config.get("format"))
    if wanted:
        _need("schema", model)
        blocks = blocks_within([message.content for message in request.messages])
        if _cites((*blocks, *_objects(request.options.extra.get("tools")))):
            raise UsageError("a schema for the answer does not go with citations; leave out one of them")
    if request.options.max_tokens == 0 and (wanted or is_forced(request.options.extra.get("tool_choice"))):
        raise UsageError("max_tokens 0 asks for no answer, so it goes with neither a schema nor a forced tool")


def fit_prefill(request: ChatRequest, model: Model, notices: list[Notice]) -> ChatRequest:
    """`request` with an assistant turn at its end as `model` continues it.

    That is a prefill, unless the turn is a paused one with a server tool in it (`server_tool_use`, …).

    Raises:
        UsageError: it does not continue one, or not beside thinking or a schema.
    """
    last = request.messages[-1] if request.messages else None
    if last is None or last.role != "assistant":
        return request
    if any(str(block.get("type")).endswith("_tool_use") for block in last.content):
        return request
    can = model.can("assistant_prefill")
    if can is False:
        raise UsageError(f"{model.id} does not continue an assistant turn; the conversation must end with the user's")
    config = request.options.extra.get("output_config")
    thinks = (request.options.thinking or {}).get("type") in ("enabled", "adaptive")
    if can and (thinks or (isinstance(config, Mapping) and config.get("format"))):
        raise UsageError(f"{model.id} continues an assistant turn only without thinking and without a schema")
    return _without_end_blank(request, last, notices) if can else request


def fit_place_and_speed(request: ChatRequest, model: Model, notices: list[Notice]) -> ChatRequest:
    """`request` with `inference_geo` and `speed` as `model` takes them.

    Raises:
        UsageError: it answers elsewhere than asked, or not faster.
    """
    extra, betas = dict(request.options.extra), request.options.betas
    if model.can("inference_geo") is False and extra.get("inference_geo") is not None:
        if extra["inference_geo"] != "global":
            raise UsageError(f"{model.id} cannot be told where to run (inference_geo); models from 4.6 on can")
        del extra["inference_geo"]
        words = f"inference_geo not sent: {model.id} takes none, and runs anywhere as it is"
        notices.append(Notice("dropped_parameter", words, parameters=("inference_geo",)))
    if extra.get("speed") == "fast":
        _need("fast", model)
        beta = (model.raw.get("price_fast_mode") or {}).get("beta")
        betas = (*betas, beta) if beta and beta not in betas else betas
    return replace(request, options=replace(request.options, extra=extra, betas=betas))


def is_forced(choice: object) -> bool:
    """Whether a `tool_choice` leaves the model no choice but to use a tool."""
    return isinstance(choice, Mapping) and choice.get("type") in ("any", "tool")


def _need(word: str, model: Model) -> None:
    if model.able(word) is False:
        error = UsageError(f"{model.id} takes no {_WHAT[word]}")
        error.advice = f"`claude-cli models --can {word}` lists those that do"
        raise error


def _check_numbers(images: int, pdfs: list[Block], model: Model) -> None:
    from .attachments import Limits  # only who sends any pays for it
    from .media import pages_of

    limits = Limits.of(model)
    if images > limits.images:
        raise TooManyImagesError(f"{images} images, but a request to {model.id} takes {limits.images}: send fewer")
    pages = sum(pages_of(pdf) or 0 for pdf in pdfs)
    if pages > limits.pages:
        raise UsageError(f"the PDFs have {pages:,} pages, but a request to {model.id} takes {limits.pages}: split them")


def _without_end_blank(request: ChatRequest, last: Message, notices: list[Notice]) -> ChatRequest:
    block = last.content[-1] if last.content else {}
    text = block.get("text")
    if not isinstance(text, str) or text == text.rstrip():
        return request
    words = "blanks at the end of the assistant turn not sent: the API refuses them"
    notices.append(Notice("adjusted_parameter", words, parameters=("messages",)))
    turn = Message("assistant", (*last.content[:-1], {**block, "text": text.rstrip()}))
    return replace(request, messages=(*request.messages[:-1], turn))


def _objects(value: object) -> list[dict[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list | tuple) else []


def _is_pdf(block: Block) -> bool:
    source = block.get("source")
    return (
        block.get("type") == "document"
        and isinstance(source, Mapping)
        and source.get("media_type") == "application/pdf"
    )


def _cites(blocks: Iterable[Block]) -> bool:
    return any(isinstance(each.get("citations"), Mapping) and each["citations"].get("enabled") for each in blocks)

"""The words of the plain answer: a short Markdown text that says it is simulated and describes what was sent."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from .attachments import decode, picture_of, walk
from .request import Block, Call, as_blocks, blocks_of

QUOTED_CHARS = 280
_CODE = re.compile(r"\b(?:code|function|script|command|snippet)s?\b", re.IGNORECASE)
_SHELL = re.compile(r"\b(?:bash|shell|sh|script|command)s?\b", re.IGNORECASE)
_PYTHON = re.compile(r"\bpython\b", re.IGNORECASE)
SETTINGS = (
    "max_tokens",
    "temperature",
    "top_p",
    "top_k",
    "thinking",
    "output_config",
    "service_tier",
    "speed",
    "inference_geo",
    "cache_control",
)


def describe(call: Call) -> str:
    """The answer to a request, the same for the same request."""
    lines = ["This is a **simulated** answer: no model was asked, and nothing left this machine."]
    asked = _last_user_text(call)
    if asked:
        quote = "\n".join(f"> {line}".rstrip() for line in _shortened(asked, QUOTED_CHARS).splitlines())
        lines += ["", "You asked:", "", quote]
    lines += ["", f"`{call.model.id}` would have been given:", ""]
    return "\n".join([*lines, *_facts(call), *_code(asked)]) + "\n"


def _code(asked: str) -> Iterator[str]:
    """A block of code for a prompt that wants one, so that taking it out can be rehearsed; it does nothing."""
    if _CODE.search(asked):
        shell = _SHELL.search(asked) and not _PYTHON.search(asked)
        yield from ("", f"```{'sh' if shell else 'python'}", "# simulated: no model wrote this")
        yield from ("echo simulated" if shell else 'print("simulated")', "```")


def _facts(call: Call) -> Iterator[str]:
    earlier = len(call.messages) - 1
    yield f"- {earlier} earlier {'message' if earlier == 1 else 'messages'}" if earlier else "- no earlier messages"
    system = " ".join(str(block["text"]) for block in as_blocks(call.body.get("system")))
    if system:
        yield f"- a system prompt of {len(system):,} characters: “{_shortened(' '.join(system.split()), 60)}”"
    for _, block in walk(call.messages):
        yield from _attachment(block)
    tools = [str(tool.get("name", tool.get("type"))) for tool in call.body.get("tools") or ()]
    if tools:
        yield f"- tools: {', '.join(f'`{name}`' for name in tools)}"
    settings = [f"`{name}` {_setting(call.body[name])}" for name in SETTINGS if name in call.body]
    # Their own words would end the answer right here.
    stops = len(call.body.get("stop_sequences") or ())
    settings += [f"{stops} `stop_sequences`"] if stops else []
    if settings:
        yield f"- settings: {', '.join(settings)}"


def _attachment(block: Block) -> Iterator[str]:
    match block["type"]:
        case "image":
            yield f"- an image: {_image(block['source'])}"
        case "document":
            title = f"“{block['title']}”, " if block.get("title") else ""
            yield f"- a document: {title}{_document(block['source'])}"
        case "tool_result":
            text = " ".join(str(b.get("text", b["type"])) for b in as_blocks(block.get("content")))
            yield f"- a tool result{' (an error)' if block.get('is_error') else ''}: “{_shortened(text, 60)}”"


def _image(source: Mapping[str, str]) -> str:
    if source["type"] != "base64":
        return f"not fetched, {source.get('url', source.get('file_id'))}"
    picture, size = picture_of(source)
    pixels = f"{picture.width}×{picture.height} px, " if picture else ""
    return f"{source['media_type']}, {pixels}{size:,} bytes"


def _document(source: Mapping[str, str]) -> str:
    match source["type"]:
        case "base64":
            return f"{source['media_type']}, {len(decode('', source['data'])):,} bytes"
        case "text":
            return f"{source['media_type']}, {len(source['data'].encode('utf-8', 'surrogatepass')):,} bytes"
        case "content":
            return f"{len(as_blocks(source['content']))} blocks of content"
    return f"not fetched, {source.get('url', source.get('file_id'))}"


def _last_user_text(call: Call) -> str:
    for message in reversed(call.messages):
        texts = [block["text"] for block in blocks_of(message) if block["type"] == "text"]
        if message["role"] == "user" and texts:
            return "\n".join(texts).strip()
    return ""


def _setting(value: object) -> str:
    """A setting in a few words: objects as `name value`, lists with their items quoted."""
    if isinstance(value, Mapping):
        return " ".join(
            f"{name} {_setting(member)}" if name != "type" else str(member) for name, member in value.items()
        )
    if isinstance(value, list):
        return ", ".join(f"“{item}”" for item in value) or "none"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)


def _shortened(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"

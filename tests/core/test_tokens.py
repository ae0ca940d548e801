"""How many tokens a prompt is reckoned at: the documentation's rules of thumb, and what they say nothing about."""

from __future__ import annotations

import base64
import io
import json
import time

import pypdf
import pytest

from claude_cli.core.messages import (
    ChatRequest,
    LLMOptions,
    Message,
    document_block,
    image_block,
    pdf_block,
    text_block,
)
from claude_cli.core.models import DATA_FILE, catalogue
from claude_cli.core.tokens import CHARS_PER_TOKEN, PER_MESSAGE, PER_PDF_PAGE, estimate, reckon
from claude_cli.core.wire_request import count_object, encode
from claude_cli.simulator.journal import RecordedRequest
from claude_cli.simulator.service import Service

NEW, OLD = catalogue().find("claude-opus-5"), catalogue().find("claude-haiku-4-5")


def asked(*blocks, model="claude-opus-5", system=None, **extra):
    return ChatRequest(model, (Message("user", blocks),), system, LLMOptions(extra=extra))


def png(width, height):
    head = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + width.to_bytes(4) + height.to_bytes(4)
    end = b"\x08\x02\x00\x00\x00\x00\x00\x00\x00" + b"\x00\x00\x00\x00IEND\xae\x42\x60\x82"
    return image_block("image/png", base64.b64encode(head + end).decode())


def jpeg(width, height, *, before=b""):
    """One whose size stands behind `before`, as behind the preview that a camera adds."""
    parts = [before[at : at + 65_000] for at in range(0, len(before), 65_000)]
    segments = b"".join(b"\xff\xe2" + (len(part) + 2).to_bytes(2) + part for part in parts)
    frame = b"\xff\xc0\x00\x11\x08" + height.to_bytes(2) + width.to_bytes(2) + b"\x03" + bytes(9)
    return image_block("image/jpeg", base64.b64encode(b"\xff\xd8" + segments + frame + b"\xff\xd9").decode())


def pdf(pages, title="report.pdf"):
    writer = pypdf.PdfWriter()
    for _ in range(pages):
        writer.add_blank_page(10, 10)
    stream = io.BytesIO()
    writer.write(stream)
    return pdf_block(base64.b64encode(stream.getvalue()).decode(), title)


def test_the_characters_of_a_token_are_the_catalogues():
    """So that its figures are not written down twice without anybody noticing."""
    known = json.loads(DATA_FILE.read_bytes())["tokenizers"]
    assert {name: each["chars_per_token"] for name, each in known.items()} == CHARS_PER_TOKEN


@pytest.mark.parametrize(
    ("model", "chars", "tokens"),
    [
        pytest.param(NEW, 250, 100, id="2.5 characters on the newer models"),
        pytest.param(OLD, 340, 100, id="3.4 on the older ones"),
        pytest.param(None, 250, 100, id="a model nobody knows is one of the newer"),
        pytest.param(NEW, 251, 101, id="a token begun is a token"),
        pytest.param(NEW, 0, 0, id="nothing"),
        pytest.param(OLD, "漢字かな交じり文", 8, id="Chinese, Japanese and Korean: a token a character"),
        pytest.param(NEW, "한국어 abcd", 5, id="and the rest as ever"),
        pytest.param(NEW, "é" * 250, 100, id="Latin with accents as without"),
    ],
)
def test_text(model, chars, tokens):
    """By the tokenizer that the catalogue names, and 4 for the message."""
    text = "x" * chars if isinstance(chars, int) else chars
    assert estimate(asked(text_block(text)), model) == tokens + PER_MESSAGE


@pytest.mark.parametrize(
    ("size", "standard", "high"),
    [
        pytest.param((200, 200), 64, 64, id="small"),
        pytest.param((1000, 1000), 1296, 1296, id="fits both"),
        pytest.param((1920, 1080), 1560, 2691, id="full HD"),
        pytest.param((2000, 1500), 1564, 3888, id="3 megapixels"),
        pytest.param((4000, 3000), 1564, 4740, id="12 megapixels"),
        pytest.param((1075, 1520), 1551, 2145, id="portrait"),
        pytest.param((8000, 100), 56, 184, id="a strip"),
    ],
)
@pytest.mark.parametrize("image", [png, jpeg])
def test_images(image, size, standard, high):
    """The documented vectors, after the service's own scaling down, by the size in the file's head."""
    request = asked(image(*size))
    assert (estimate(request, OLD), estimate(request, NEW)) == (standard + PER_MESSAGE, high + PER_MESSAGE)
    assert estimate(request, None) == high + PER_MESSAGE


def test_an_image_whose_size_stands_far_behind_its_beginning():
    """A camera's preview comes first; the head alone is looked at where that is enough."""
    assert estimate(asked(jpeg(1000, 1000, before=bytes(400_000))), NEW) == 1296 + PER_MESSAGE


def test_pdfs_by_their_pages():
    """And the title, which the model reads, too."""
    found = reckon(asked(pdf(3), pdf(2)), NEW)
    assert (found.tokens, found.pdf_pages) == (5 * PER_PDF_PAGE + 2 * 4 + PER_MESSAGE, 5)
    assert found.missing == ()


@pytest.mark.parametrize(
    ("block", "missing"),
    [
        pytest.param(pdf_block(base64.b64encode(b"%PDF-1.7 broken").decode(), "x.pdf"), "the pages of x.pdf", id="PDF"),
        pytest.param(pdf_block("a"), "the pages of a PDF", id="no base64"),
        pytest.param(image_block("image/png", "a"), "an image without a size", id="an image that is no base64"),
        pytest.param(image_block("image/png", "aGVsbG8="), "an image without a size", id="an image that is none"),
        pytest.param({"type": "image", "source": {"type": "url", "url": "https://example.com/x.png"}},
                     "an image that is not in the request itself", id="an image behind a URL"),
        pytest.param({"type": "document", "source": {"type": "file", "file_id": "f"}},
                     "a document that is not in the request itself", id="a file at the provider"),
    ],
)  # fmt: skip
def test_what_cannot_be_reckoned_is_named(block, missing):
    """And is not made up: the rest is the least there is."""
    found = reckon(asked(block, text_block("x" * 250)), NEW)
    assert found.missing == (missing,)
    assert found.tokens - PER_MESSAGE in (100, 102)  # with the title


TOOL = {"name": "look", "description": "Looks.", "input_schema": {"type": "object"}}
EVERYTHING = [
    text_block("words"),
    png(1920, 1080),
    {**document_block("a text of its own", "notes.txt"), "context": "from March"},
    {"type": "document", "source": {"type": "content", "content": "plain"}},
    {"type": "document", "source": {"type": "content", "content": [text_block("in blocks")]}},
]
TURNS = (
    Message("user", (text_block("look"),)),
    Message(
        "assistant",
        (
            {"type": "redacted_thinking", "data": "AAAA"},
            {"type": "tool_use", "id": "t", "name": "look", "input": {"at": "the sky"}},
        ),
    ),
    Message("user", ({"type": "tool_result", "tool_use_id": "t", "content": [text_block("blue"), png(200, 200)]},)),
    Message("assistant", (text_block("It is blue."),)),
    Message("user", (text_block("sure?"), {"type": "container_upload", "file_id": "f"})),
)


@pytest.mark.parametrize("model", [NEW, OLD, catalogue().find("claude-opus-4-7"), catalogue().find("sonnet")],
                         ids=lambda model: model.id)  # fmt: skip
@pytest.mark.parametrize(
    "request_",
    [
        pytest.param(asked(*EVERYTHING), id="blocks of all kinds"),
        pytest.param(asked(text_block("hi"), system="Be brief, whatever is asked."), id="a system prompt"),
        pytest.param(asked(text_block("hi"), system=(text_block("Be brief,"), text_block("always."))), id="in blocks"),
        pytest.param(asked(text_block("hi"), system="lost", **{"tools": [TOOL]}), id="a tool"),
        pytest.param(asked(text_block("hi"), tools=[TOOL, {**TOOL, "name": "b"}], tool_choice={"type": "auto"}),
                     id="two tools"),
        pytest.param(asked(text_block("hi"), tools=[{"type": "web_search_20250305", "name": "web_search"}]),
                     id="a tool of the server"),
        pytest.param(ChatRequest("x", TURNS, options=LLMOptions(extra={"tools": [TOOL]})), id="a conversation"),
    ],
)  # fmt: skip
def test_the_simulator_counts_the_same(request_, model):
    """It has the rules from its own reading of the documentation."""
    request = ChatRequest(model.id, request_.messages, request_.system, request_.options)
    body = count_object(request)
    sent = RecordedRequest(
        1, "POST", "/v1/messages/count_tokens", "", {"x-api-key": "k", "anthropic-version": "2026-10-21"}, encode(body)
    )
    sent.json = json.loads(sent.body)
    response = Service([], None, 0.0, False, None, time.time).answer(sent)
    said = json.loads(b"".join(action.data for action in response.actions if hasattr(action, "data")))
    assert said == {"input_tokens": estimate(request, model)}


def test_a_forced_tool_costs_more():
    """As documented of the models that take one."""
    tool = {"tools": [TOOL]}
    usual, forced = (estimate(asked(**tool, **choice), NEW) for choice in ({}, {"tool_choice": {"type": "any"}}))
    assert forced - usual == 406 - 286


def test_a_schema_counts():
    """The model is told of it."""
    form = {"type": "json_schema", "schema": {"type": "object", "additionalProperties": False}}
    more = estimate(asked(output_config={"format": form}), NEW) - estimate(asked(output_config={}), NEW)
    assert more == -(-len(json.dumps(form, separators=(",", ":"))) // 2.5)


def test_a_system_prompt_among_the_further_fields_is_the_one_that_counts():
    """It is sent in place of the other."""
    assert estimate(asked(system="x" * 999, **{}), NEW) == 400 + PER_MESSAGE
    request = ChatRequest("x", (), "x" * 999, LLMOptions(extra={"system": "x" * 25}))
    assert estimate(request, NEW) == 10


def test_thinking_that_goes_back_counts_as_text():
    """Its signature does not: nobody says what it costs."""
    block = {"type": "thinking", "thinking": "x" * 25, "signature": "s" * 999}
    assert estimate(ChatRequest("x", (Message("assistant", (block,)),)), NEW) == 10 + PER_MESSAGE


def test_a_result_of_a_tool_in_plain_text():
    """The short form of it."""
    assert estimate(asked({"type": "tool_result", "tool_use_id": "t", "content": "x" * 25}), NEW) == 10 + PER_MESSAGE
    assert estimate(asked({"type": "tool_result", "tool_use_id": "t", "content": None}), NEW) == PER_MESSAGE


def test_what_is_no_text_where_text_belongs_counts_as_nothing():
    """The API will refuse it, and say so better."""
    assert estimate(asked(document_block("", None) | {"title": 5}), NEW) == PER_MESSAGE

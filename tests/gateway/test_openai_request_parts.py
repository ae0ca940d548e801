"""The parts of OpenAI's messages as content blocks: pictures, files, marks of the cache."""

from __future__ import annotations

import base64

import pytest

from .openai_asking import ask, data_url, png, refused, talk

PNG = base64.b64encode(png()).decode()
PDF_BYTES = b"%PDF-1.4\n1 0 obj <</Type /Page>> endobj\n%%EOF\n"
PDF = base64.b64encode(PDF_BYTES).decode()
AT = "messages[0].content[0]"
URL = "https://example.com/a.png"
PICTURE = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG}}
PDF_DOCUMENT = {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": PDF}}
CACHED = {"cache_control": {"type": "ephemeral"}}
A, B = {"type": "text", "text": "a"}, {"type": "text", "text": "b"}


def image(url, **members):
    return {"type": "image_url", "image_url": {"url": url, **members}}


def file(**members):
    return {"type": "file", "file": members}


def words(text, **members):
    source = {"type": "text", "media_type": "text/plain", "data": text}
    return {"type": "document", "source": source, **members}


def linked(url):
    return {"type": "image", "source": {"type": "url", "url": url}}


def broken(text):
    return "\n".join(text[at : at + 20] for at in range(0, len(text), 20))


@pytest.mark.parametrize(
    ("part", "block"),
    [
        pytest.param({"type": "text", "text": "hi"}, {"type": "text", "text": "hi"}, id="text"),
        pytest.param(image(URL), linked(URL), id="an address"),
        pytest.param(image("http://127.0.0.1:1/a.png"), linked("http://127.0.0.1:1/a.png"), id="never fetched here"),
        pytest.param(image("HTTPS://example.com/a"), linked("HTTPS://example.com/a"), id="an address in capitals"),
        pytest.param(image(URL, detail="high"), linked(URL), id="detail is ignored"),
        pytest.param(image(f"data:image/png;base64,{PNG}"), PICTURE, id="a data URL"),
        pytest.param(image(f"DATA:IMAGE/PNG;BASE64,{PNG}"), PICTURE, id="in capitals"),
        pytest.param(image(f"data:image/png;name=a.png;charset=x;base64,{PNG}"), PICTURE, id="with more parameters"),
        pytest.param(image(f"data:image/png;base64,{broken(PNG)}"), PICTURE, id="with line breaks"),
        pytest.param(image(f"data:image/jpg;base64,{PNG}"), PICTURE, id="the bytes say what it is"),
        pytest.param(image(f"data:;base64,{PNG}"), PICTURE, id="also where nothing else does"),
        pytest.param(file(file_data=f"data:application/pdf;base64,{PDF}"), PDF_DOCUMENT, id="a PDF without its prefix"),
        pytest.param(file(file_data=PDF), PDF_DOCUMENT, id="a PDF that came without one"),
        pytest.param(file(file_data=PDF, filename="a.pdf"), {**PDF_DOCUMENT, "title": "a.pdf"}, id="its name"),
        pytest.param(file(file_data=PDF, filename=None, file_id=None), PDF_DOCUMENT, id="null members"),
        pytest.param(file(file_data=data_url(b"a,b\n", "text/csv"), filename="t.csv"), words("a,b\n", title="t.csv"),
                     id="a text"),
        pytest.param(file(file_data=data_url("Köln".encode(), "application/json")), words("Köln"), id="text in UTF-8"),
        pytest.param(file(file_data=data_url(png(), "image/png")), PICTURE, id="a picture as a file"),
        pytest.param({**image(URL), **CACHED}, {**linked(URL), **CACHED}, id="a mark"),
        pytest.param({"type": "text", "text": "a", "cache_control": {"type": "ephemeral", "ttl": "1h"}},
                     {"type": "text", "text": "a", "cache_control": {"type": "ephemeral", "ttl": "1h"}},
                     id="a mark for an hour"),
        pytest.param({"type": "text", "text": "a", "prompt_cache_breakpoint": {"mode": "explicit"}},
                     {"type": "text", "text": "a", **CACHED}, id="a mark in OpenAI's own words"),
    ],
)  # fmt: skip
def test_parts(part, block):
    """Each becomes one block, or the request is refused: none is ever lost."""
    question = {"type": "text", "text": "what is it?"}

    found = talk({"role": "user", "content": [part, question]})

    assert found.turns == [("user", [block, question])]
    assert found.dropped == ()


def test_how_long_the_cache_keeps_is_not_the_clients_to_choose():
    """The API keeps for five minutes or an hour, not for 30 minutes."""
    part = {"type": "text", "text": "a", "prompt_cache_breakpoint": {"mode": "explicit", "ttl": "30m"}}

    found = talk({"role": "user", "content": [part]})

    assert found.turns == [("user", [{"type": "text", "text": "a", **CACHED}])]
    assert found.dropped == ("prompt_cache_breakpoint.ttl",)


@pytest.mark.parametrize(
    ("part", "param", "why"),
    [
        pytest.param("hi", AT, "it is an object", id="no part"),
        pytest.param({}, f"{AT}.type", "is missing", id="no type"),
        pytest.param({"type": "video_url"}, f"{AT}.type", "'video_url'; here there are text, image_url, file",
                     id="an unknown type"),
        pytest.param({"type": {}}, f"{AT}.type", "an object", id="a type that is none"),
        pytest.param({"type": "text"}, f"{AT}.text", "is missing", id="no text"),
        pytest.param({"type": "text", "text": ["a"]}, f"{AT}.text", "a list", id="a text that is none"),
        pytest.param({"type": "refusal", "refusal": "no"}, f"{AT}.type", "'refusal'", id="the user does not refuse"),
        pytest.param({"type": "input_audio", "input_audio": {"data": "", "format": "wav"}}, f"{AT}.input_audio",
                     "no Claude model hears", id="sound"),
        pytest.param({"type": "image_url"}, f"{AT}.image_url", "is missing", id="no picture"),
        pytest.param({"type": "image_url", "image_url": URL}, f"{AT}.image_url", "it is an object",
                     id="a bare address"),
        pytest.param(image(None), f"{AT}.image_url.url", "is missing", id="no address"),
        pytest.param(image("file:///etc/passwd"), f"{AT}.image_url.url", "no http(s)", id="a file of ours"),
        pytest.param(image("ftp://example.com/a"), f"{AT}.image_url.url", "no http(s)", id="another scheme"),
        pytest.param(image(""), f"{AT}.image_url.url", "no http(s)", id="an empty address"),
        pytest.param(image(f"data:image/png,{PNG}"), f"{AT}.image_url.url", "base64", id="no base64"),
        pytest.param(image("data:image/png;base64"), f"{AT}.image_url.url", "base64", id="no comma"),
        pytest.param(image("data:image/png;base64,"), f"{AT}.image_url.url", "is empty", id="no bytes"),
        pytest.param(image(f"data:image/png;base64,{PNG[:-1]}"), f"{AT}.image_url.url", "is no base64", id="cut off"),
        pytest.param(image(f"data:image/png;base64,{PNG},"), f"{AT}.image_url.url", "is no base64", id="two commas"),
        pytest.param(image("data:image/png;base64,äöü"), f"{AT}.image_url.url", "is no base64", id="letters"),
        pytest.param(image(data_url(b"BM" + b"\0" * 60, "image/bmp")), f"{AT}.image_url.url",
                     "('image/bmp') is no JPEG", id="a bitmap"),
        pytest.param(image(data_url(b"<svg/>", "image/svg+xml")), f"{AT}.image_url.url", "svg", id="a drawing"),
        pytest.param(image(f"data:application/pdf;base64,{PDF}"), f"{AT}.image_url.url", "pdf", id="a PDF is a file"),
        pytest.param({"type": "file"}, f"{AT}.file", "is missing", id="no file"),
        pytest.param(file(), f"{AT}.file.file_data", "is missing", id="no data"),
        pytest.param(file(file_id="file-1"), f"{AT}.file.file_id", "send file_data", id="a file kept elsewhere"),
        pytest.param(file(file_data="%PDF-1.4"), f"{AT}.file.file_data", "is no base64", id="no base64 of a file"),
        pytest.param(file(file_data=""), f"{AT}.file.file_data", "is empty", id="an empty file"),
        pytest.param(file(file_data=data_url(b" \n", "text/plain")), f"{AT}.file.file_data", "no text",
                     id="a blank text"),
        pytest.param(file(file_data=data_url(b"a\0b", "text/plain")), f"{AT}.file.file_data", "no text", id="binary"),
        pytest.param(file(file_data=data_url(b"PK\3\4\xff\xfe", "application/zip")), f"{AT}.file.file_data",
                     "('application/zip') is no PDF", id="an archive"),
        pytest.param(file(file_data=PDF, filename=3), f"{AT}.file.filename", "it is a text", id="a name that is none"),
        pytest.param({"type": "text", "text": "a", "cache_control": "yes"}, f"{AT}.cache_control", "an object",
                     id="a mark that is none"),
        pytest.param({"type": "text", "text": "a", "prompt_cache_breakpoint": {"mode": "auto"}},
                     f"{AT}.prompt_cache_breakpoint.mode", "explicit", id="a breakpoint that is none"),
    ],
)  # fmt: skip
def test_parts_that_are_refused(part, param, why):
    """With the place, and what may stand there."""
    refusal = refused({"messages": [{"role": "user", "content": [part]}]})

    assert (refusal.status, refusal.param) == (400, param)
    assert why in str(refusal)


@pytest.mark.parametrize(
    ("role", "part"),
    [
        pytest.param("system", image(URL), id="a picture in an instruction"),
        pytest.param("assistant", image(URL), id="a picture in an answer"),
        pytest.param("assistant", file(file_data=PDF), id="a file in an answer"),
    ],
)
def test_parts_stand_where_the_api_takes_them(role, part):
    """It refuses them elsewhere, too, but cannot name the client's message."""
    refusal = refused({"messages": [{"role": "user", "content": "hi"}, {"role": role, "content": [part]}]})

    assert (refusal.status, refusal.param) == (400, "messages[1].content[0].type")


HOUR = {"cache_control": {"type": "ephemeral", "ttl": "1h"}}
THOUGHT = {"type": "redacted_thinking", "data": "eA=="}


@pytest.mark.parametrize(
    ("role", "content", "expected"),
    [
        pytest.param("user", [A, B], [A, {**B, **CACHED}], id="the last block"),
        pytest.param("user", [A, {**B, **HOUR}], [A, {**B, **HOUR}], id="unless it has one of its own"),
        pytest.param("assistant", [THOUGHT, A], [THOUGHT, {**A, **CACHED}], id="behind thinking"),
        pytest.param("assistant", [THOUGHT], [THOUGHT], id="never thinking"),
        pytest.param("assistant", [{**THOUGHT, **CACHED}], [THOUGHT], id="not even by itself"),
    ],
)
def test_a_mark_for_a_message_is_its_last_blocks(role, content, expected):
    """The API has marks on blocks alone."""
    message = {"role": role, "content": content, **CACHED}
    ask_first = {"role": "user", "content": "hi"}

    found = talk(message) if role == "user" else talk(ask_first, message, ask_first)

    assert found.turns[role == "assistant"] == (role, expected)


def test_the_clients_own_objects_are_left_alone():
    """A body is decoded once for each try, and may be logged by whoever has it."""
    part = {"type": "text", "text": "a", **CACHED}
    body = {
        "messages": [{"role": "user", "content": [part], "name": "Ann"}, {"role": "user", "content": "b", "name": "B"}]
    }

    ask(body)

    assert part == {"type": "text", "text": "a", "cache_control": {"type": "ephemeral"}}

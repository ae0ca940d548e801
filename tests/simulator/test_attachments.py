"""Pictures and PDFs: the bytes must be what the request says they are."""

from __future__ import annotations

import base64
import struct

import pytest

from claude_cli.simulator.media import image_tokens, look, resized


def said(*blocks):
    return {"messages": [{"role": "user", "content": list(blocks)}]}


def jpeg(width, height):
    """Just enough of a JPEG, with fill bytes and a segment before the size."""
    return (
        b"\xff\xd8\xff\xe0\x00\x04ab\xff\xff\xfe\x00\x03c"
        + b"\xff\xc2\x00\x0b\x08"
        + struct.pack(">HH", height, width)
        + b"\x01\x01\x11\x00"
    )


def webp(kind, payload):
    return b"RIFF\x00\x00\x00\x00WEBP" + kind + struct.pack("<I", len(payload)) + payload.ljust(20, b"\x00")


@pytest.mark.parametrize(
    ("data", "media_type"),
    [
        pytest.param(jpeg(640, 480), "image/jpeg", id="JPEG"),
        pytest.param(b"GIF89a" + struct.pack("<HH", 640, 480), "image/gif", id="GIF"),
        pytest.param(
            webp(b"VP8 ", b"\x00\x00\x00\x9d\x01\x2a" + struct.pack("<HH", 640, 480)), "image/webp", id="WebP, lossy"
        ),
        pytest.param(webp(b"VP8L", b"\x2f" + struct.pack("<I", 639 | 479 << 14)), "image/webp", id="WebP, lossless"),
        pytest.param(webp(b"VP8X", bytes(4) + b"\x7f\x02\x00\xdf\x01\x00"), "image/webp", id="WebP, extended"),
    ],
)
def test_the_size_is_read_from_the_header(caller, image, data, media_type):
    """Each kind keeps its size elsewhere."""
    picture = look(data)

    assert picture is not None
    assert (picture.media_type, picture.width, picture.height) == (media_type, 640, 480)
    assert caller.post(said(image(data, media_type))).status_code == 200


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"hello", id="text"),
        pytest.param(b"\x89PNG\r\n\x1a\n", id="a PNG's first bytes"),
        pytest.param(b"\xff\xd8\xff\xe0\x00", id="a JPEG's first bytes"),
        pytest.param(b"RIFF\x00\x00\x00\x00WEBPVP8 ", id="a WebP's first bytes"),
        pytest.param(webp(b"VP9 ", b""), id="a WebP of an unknown kind"),
        pytest.param(b"GIF89a" + bytes(4), id="no pixels"),
    ],
)
def test_what_is_no_picture_has_no_size(data):
    """Broken headers are no pictures, and no crash."""
    assert look(data) is None


@pytest.mark.parametrize(
    ("source", "message"),
    [
        pytest.param({"data": "!!!"}, "source.base64.data: invalid base64 data", id="no base64"),
        pytest.param({"data": "aGVs\nbG8="}, "source.base64.data: invalid base64 data", id="a line break"),
        pytest.param({"data": "aGVsbG8="}, "source.base64.data: Could not process image", id="no picture"),
        pytest.param(
            {"media_type": "image/jpeg"}, "does not match the provided media type image/jpeg", id="mislabelled"
        ),
        pytest.param(
            {"media_type": "image/bmp"}, "source.base64.media_type: Input should be 'image/jpeg'", id="a bitmap"
        ),
        pytest.param({"data": "A" * (10 * 1024 * 1024 + 4)}, "image exceeds 10 MB maximum", id="over 10 MB"),
    ],
)
def test_a_bad_picture_is_refused(caller, image, source, message):
    """The path leads to the field: messages.0.content.1.image.source…"""
    block = image()
    block["source"] |= source
    answer = caller.post(said({"type": "text", "text": "Look"}, block))

    assert answer.status_code == 400
    assert answer.json()["error"]["message"].startswith("messages.0.content.1.image.source.base64")
    assert message in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    ("side", "number", "status"),
    [(8000, 1, 200), (8001, 1, 400), (2000, 21, 200), (2001, 20, 200), (2001, 21, 400)],
)
def test_sides_are_limited_and_more_so_in_a_crowd(caller, image, png, side, number, status):
    """8000 pixels, but 2000 with more than 20 images."""
    assert caller.post(said(*[image(png(side, 10))] * number)).status_code == status


@pytest.mark.parametrize(
    ("model", "number", "status"), [("claude-haiku-4-5", 101, 400), ("claude-haiku-5-5", 101, 200)]
)
def test_the_number_of_images_is_the_models(caller, image, model, number, status):
    """100 on models with the small window, 600 on the others."""
    assert caller.post(said(*[image()] * number) | {"model": model}).status_code == status


def test_a_locked_pdf_is_refused(caller):
    """A PDF with a password cannot be read."""
    data = base64.b64encode(b"%PDF-1.7 /Encrypt 5 0 R").decode()
    source = {"type": "base64", "media_type": "application/pdf", "data": data}

    assert "password" in caller.post(said({"type": "document", "source": source})).json()["error"]["message"]


@pytest.mark.parametrize(
    ("size", "standard", "high"),
    [
        ((200, 200), 64, 64),
        ((1000, 1000), 1296, 1296),
        ((1920, 1080), 1560, 2691),
        ((2000, 1500), 1564, 3888),
        ((4000, 3000), 1564, 4740),
        ((1075, 1520), 1551, 2145),
        ((8000, 100), 56, 184),
    ],
)
def test_tokens_of_an_image(size, standard, high):
    """The published examples, in both tiers."""
    assert image_tokens(*size, edge_px=1568, cap=1568) == standard
    assert image_tokens(*size, edge_px=2576, cap=4784) == high


@pytest.mark.parametrize(
    ("size", "result"), [((1920, 1080), (1456, 819)), ((1075, 1520), (924, 1307)), ((8000, 100), (1568, 20))]
)
def test_images_are_scaled_down_to_their_tier(size, result):
    """The size the service works with."""
    assert resized(*size, edge_px=1568, cap=1568) == result

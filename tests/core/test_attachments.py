"""`-a`: what is let through, what is refused and with which words, before anything is sent."""

from __future__ import annotations

import base64
import errno
import io
import os
import struct
import subprocess
import sys
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claude_cli.core import attachments
from claude_cli.core.attachments import (
    Attachment,
    Limits,
    attachment_from_bytes,
    check_request,
    load_attachments,
    summaries,
)
from claude_cli.core.errors import UsageError
from claude_cli.core.models import catalogue
from claude_cli.core.sources import Fetched, plain


def chunk(name: bytes, content: bytes = b"") -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def png(width: int = 3, height: int = 2, *, padding: int = 0) -> bytes:
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    pixels = zlib.compress(bytes((width % 50 + 1) * (height % 50)))
    comment = chunk(b"tEXt", bytes(padding)) if padding else b""
    return b"\x89PNG\r\n\x1a\n" + head + comment + chunk(b"IDAT", pixels) + chunk(b"IEND")


def jpeg(width: int = 3, height: int = 2, *, thumbnail: bytes = b"") -> bytes:
    exif = b"\xff\xe1" + struct.pack(">H", 2 + len(thumbnail)) + thumbnail if thumbnail else b""
    frame = b"\xff\xc0" + struct.pack(">HBHHB3B", 11, 8, height, width, 1, 1, 0x11, 0)
    scan = b"\xff\xda" + struct.pack(">HB2B3B", 8, 1, 1, 0, 0, 63, 0) + b"\x12\xff\x00\x34\xff\xd0\x56"
    return b"\xff\xd8" + b"\xff\x01" + exif + frame + scan + b"\xff\xd9"


def gif(width: int = 3, height: int = 2) -> bytes:
    screen = b"GIF89a" + struct.pack("<HHBBB", width, height, 0x80, 0, 0) + bytes(6)
    extension = b"\x21\xf9\x04\0\0\0\0\0"
    image = b"\x2c" + struct.pack("<HHHHB", 0, 0, width, height, 0x80) + bytes(6) + b"\x02\x02\x4c\x01\0"
    return screen + extension + b"\0" + image + b";"


def webp(width: int = 3, height: int = 2, *, pixels: bytes = b"\x01\x02\x03") -> bytes:
    bits = (width - 1) | (height - 1) << 14
    body = b"VP8L" + struct.pack("<IBI", 5 + len(pixels), 0x2F, bits) + pixels
    return b"RIFF" + struct.pack("<I", 4 + len(body)) + b"WEBP" + body


def pdf(*, trailer: bytes = b"", stream: bool = False, before: bytes = b"", body: bytes = b"") -> bytes:
    text = b"%PDF-1.4\n1 0 obj << /Type /Catalog >> endobj\n" + body
    at = len(text)
    if stream:
        text += b"9 0 obj << /Type /XRef /Size 2 " + trailer + b" >> stream\nxyz\nendstream endobj\n"
    else:
        text += b"xref\n0 1\n0000000000 65535 f \ntrailer << /Size 1 /Root 1 0 R " + trailer + b" >>\n"
    return before + text + b"startxref\n%d\n%%%%EOF\n" % at


IMAGES = {"image/png": png(), "image/jpeg": jpeg(), "image/gif": gif(), "image/webp": webp()}


def load(source: object, **how: object) -> Attachment:
    reach = {"read_stdin": None, "fetch": None, "read_clipboard": None, **how}
    (attachment,) = load_attachments([str(source)], Limits(), **reach)
    return attachment


def refusal(source: object, **how: object) -> str:
    with pytest.raises(UsageError) as caught:
        load(source, **how)
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == 2
    return str(caught.value)


# --- what is taken


@pytest.mark.parametrize("suffix", [".png", ".txt", ""], ids=["usual suffix", "lying suffix", "no suffix"])
@pytest.mark.parametrize("kind", list(IMAGES), ids=["png", "jpeg", "gif", "webp"])
def test_an_image_is_sent_as_what_its_bytes_are(tmp_path, kind, suffix):
    """The API refuses a media type that does not fit the bytes, and names lie."""
    path = tmp_path / f"picture{suffix}"
    path.write_bytes(IMAGES[kind])
    loaded = load(path)
    data = base64.b64encode(IMAGES[kind]).decode()
    assert loaded.block == {"type": "image", "source": {"type": "base64", "media_type": kind, "data": data}}
    assert (loaded.name, loaded.media_type, loaded.size_bytes) == (path.name, kind, len(IMAGES[kind]))
    assert (loaded.width, loaded.height) == (3, 2)
    assert loaded.base64_bytes == len(data)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(pdf(), id="table"),
        pytest.param(pdf(stream=True), id="cross-reference stream"),
        pytest.param(pdf(before=b"junk\n" * 100), id="junk before the header"),
        pytest.param(pdf() + b"\n" * 1000, id="blanks behind the end"),
        pytest.param(pdf(body=b"2 0 obj (/Encrypt 5 0 R) endobj\n"), id="speaks of encryption"),
        pytest.param(b"%PDF-1.4\n%%EOF", id="without a table"),
        pytest.param(b"%PDF-1.4\nstartxref\n99999999999999999999\n%%EOF", id="offset beyond the file"),
    ],
)
def test_a_pdf_is_a_document_titled_with_its_name(tmp_path, data):
    path = tmp_path / "paper.pdf"
    path.write_bytes(data)
    loaded = load(path)
    source = {"type": "base64", "media_type": "application/pdf", "data": base64.b64encode(data).decode()}
    assert loaded.block == {"type": "document", "source": source, "title": "paper.pdf"}
    assert (loaded.media_type, loaded.width, loaded.height) == ("application/pdf", None, None)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(png() + b"trailing", id="png with more behind its end"),
        pytest.param(jpeg() + b"\xff\xd8second picture", id="jpeg with more behind its end"),
        pytest.param(gif() + b"trailing", id="gif with more behind its end"),
        pytest.param(webp() + b"trailing", id="webp with more behind its end"),
        pytest.param(jpeg(thumbnail=b"Exif\0\0" + jpeg()), id="jpeg with a thumbnail"),
        pytest.param(webp(pixels=b"\x01\x02"), id="webp whose last chunk is odd and not padded"),
        pytest.param(gif()[:-7] + b"\x02\x04\x4c\x01\0;", id="gif that counts its end into the last block"),
    ],
)
def test_oddities_that_decoders_take_are_taken(data):
    assert attachment_from_bytes(data, "odd").width == 3


def test_file_urls_name_paths(tmp_path):
    """Desktops put them on the clipboard and into drags."""
    path = tmp_path / "my picture.png"
    path.write_bytes(png())
    assert load(path.as_uri()).name == "my picture.png"
    assert load(path.as_uri().replace("file://", "FILE://localhost")).name == "my picture.png"


def test_the_clipboard_is_a_source_by_its_word(tmp_path, monkeypatch):
    """A file of that name is reached by a path, also in the folder where one stands."""
    loaded = load("clipboard", read_clipboard=lambda: png(7, 5))
    assert (loaded.name, loaded.width) == ("clipboard", 7)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "clipboard").write_bytes(png(9, 5))
    assert load("./clipboard", read_clipboard=lambda: png(7, 5)).width == 9
    assert "the clipboard cannot be read here" in refusal("clipboard")
    assert "the clipboard is no PNG" in refusal("clipboard", read_clipboard=lambda: b"text")


@pytest.mark.parametrize(
    "word",
    [
        pytest.param("'{}/my (new) file.png'", id="single quotes"),
        pytest.param('"{}/my (new) file.png"', id="double quotes"),
        pytest.param(r"{}/my\ \(new\)\ file.png", id="backslashes"),
        pytest.param("'{}/my (new) file.png' ", id="a blank behind it"),
        pytest.param("file://{}/my%20(new)%20file.png", id="file URL"),
        pytest.param("~/my (new) file.png", id="home"),
        pytest.param(r"~/my\ \(new\)\ file.png", id="home, backslashes"),
    ],
)
def test_a_word_that_a_terminal_inserts_for_a_dragged_file_names_it(tmp_path, monkeypatch, word):
    """Terminals quote for a shell, but the word may come from elsewhere: `--attach=~/a.png`, an editor, a script."""
    (tmp_path / "my (new) file.png").write_bytes(png())
    monkeypatch.setenv("HOME", str(tmp_path))
    assert load(word.format(tmp_path)).name == "my (new) file.png"


def test_a_file_that_is_called_like_that_comes_first(tmp_path, monkeypatch):
    """Quotes, backslashes, stars and a tilde are letters of file names too."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.png").write_bytes(png(1, 1))
    for width, name in enumerate(("'a.png'", '"a.png"', "\\a.png", "*.png", "~"), 2):
        (tmp_path / name).write_bytes(png(width, 1))
        assert load(name).width == width
    assert "'b.png' does not exist" in refusal("'b.png'")
    assert "'b.png does not exist" in refusal("'b.png")
    assert "nobody-there" in refusal("~nobody-there/b.png")


def test_a_pattern_that_matches_nothing_is_named_as_one(tmp_path):
    """Shells expand patterns; one that arrives here had nothing to match, or was quoted."""
    assert "the shell found nothing that fits" in refusal(tmp_path / "*.jpg")


@pytest.mark.parametrize("source", ["-", "/dev/stdin"])
def test_standard_input_is_read(source):
    loaded = load(source, read_stdin=png)
    assert (loaded.name, loaded.width) == ("standard input", 3)


def test_a_pipe_of_the_shell_is_read():
    """`-a <(convert …)` arrives as /dev/fd/N."""
    reader, writer = os.pipe()
    os.write(writer, png())
    os.close(writer)
    try:
        assert load(f"/dev/fd/{reader}").media_type == "image/png"
    finally:
        os.close(reader)


@pytest.mark.parametrize(
    ("url", "name"),
    [
        pytest.param("https://example.com/a/my%20cat.png?sig=s3cret#x", "my cat.png", id="last part of the path"),
        pytest.param("HTTP://example.com/", "example.com", id="the host where there is no path"),
    ],
)
def test_a_url_is_fetched_within_bounds(url, name):
    asked = []

    def fetch(url: str, max_bytes: int) -> Fetched:
        asked.append((url, max_bytes))
        return Fetched(url, "text/plain", png())

    assert load(url, fetch=fetch).name == name
    assert asked == [(url, 24_379_392)]


def test_names_are_fit_for_a_title(tmp_path):
    """A name may hold anything, on Linux also what is not UTF-8; JSON and a one-line message may not."""
    path = tmp_path / "a\x1b\nb\u202fc.pdf"
    path.write_bytes(pdf())
    assert load(path).name == "a\ufffd b c.pdf"
    assert plain(os.fsdecode(b"a\xffb")) == "a\ufffdb"


# --- what is refused


@pytest.mark.parametrize(
    ("data", "words"),
    [
        pytest.param(b"", "is empty", id="empty"),
        pytest.param(b"\0\0\0\x18ftypisom\0\0\0\0", "video or sound", id="video"),
        pytest.param(b"PK\x03\x04\x14\0\0\0", "export it as PDF", id="office or zip"),
        pytest.param(b"RIFF\x24\0\0\0WAVEfmt ", "video or sound", id="wave"),
        pytest.param(b'<?xml version="1.0"?><svg xmlns="x"/>', "SVG drawing: convert it to PNG", id="svg"),
        pytest.param(b"%!PS-Adobe-3.0\n", "PostScript: convert it to PDF", id="postscript"),
        pytest.param(b"BMW and other makers\n", "text: use -f", id="text"),
        pytest.param(("ü" * 3000).encode()[:4097], "text: use -f", id="text cut in a letter"),
        pytest.param(b"\x89\x01\0\xfe", "something else: convert it", id="unknown"),
        pytest.param(b"\xff", "something else: convert it", id="one byte"),
        pytest.param(png()[:-1], "is cut off or damaged (PNG", id="png without its last byte"),
        pytest.param(png().replace(b"IHDR", b"JHDR"), "damaged (PNG", id="png without a header chunk"),
        pytest.param(png().replace(b"IDAT", b"ID\0T"), "damaged (PNG", id="png with a broken chunk name"),
        pytest.param(png().replace(b"IDAT", b"iDAT"), "damaged (PNG", id="png without pixels"),
        pytest.param(jpeg()[:-1], "damaged (JPEG", id="jpeg without its end"),
        pytest.param(jpeg(thumbnail=b"Exif\0\0" + jpeg())[:-2], "damaged (JPEG", id="jpeg, only its thumbnail ends"),
        pytest.param(b"\xff\xd8\xff\xd9", "damaged (JPEG", id="jpeg without a scan"),
        pytest.param(gif()[:-1], "damaged (GIF", id="gif without its trailer"),
        pytest.param(gif()[:19] + b";", "damaged (GIF", id="gif without a frame"),
        pytest.param(gif()[:19] + b"\x99;", "damaged (GIF", id="gif with a block of no kind"),
        pytest.param(webp()[:-1], "damaged (WEBP", id="webp shorter than it says"),
        pytest.param(webp()[:4] + b"\x05\0\0\0" + webp()[8:], "damaged (WEBP", id="webp longer than it says"),
        pytest.param(webp().replace(b"\x08\0\0\0", b"\x80\0\0\0"), "damaged (WEBP", id="webp chunk beyond the end"),
        pytest.param(pdf()[:-8], "damaged (PDF", id="pdf without its end"),
        pytest.param(png(0, 0), "cannot be read as an image", id="no pixels"),
        pytest.param(jpeg().replace(b"\xff\xc0", b"\xff\xe5"), "cannot be read as an image", id="no size"),
        pytest.param(pdf(trailer=b"/Encrypt 5 0 R"), "protected by a password", id="encrypted, table"),
        pytest.param(pdf(trailer=b"/Encrypt<</V 4>>", stream=True), "protected by a password", id="encrypted, stream"),
        pytest.param(pdf(trailer=b"/Encrypt 5 0 R", before=b"x" * 900), "protected", id="encrypted, offsets shifted"),
    ],
)
def test_a_file_that_the_api_would_refuse_is_refused_by_name(tmp_path, data, words):
    """One line: which file, what it is, what to do."""
    path = tmp_path / "given.png"
    path.write_bytes(data)
    message = refusal(path)
    assert message.startswith(str(path))
    assert words in message


def test_what_is_just_small_enough_is_taken_and_a_byte_more_is_not(tmp_path):
    """A request holds 31 MB of base64, which are 24,379,392 bytes of a file."""
    path = tmp_path / "large.pdf"
    path.write_bytes(pdf(before=b" " * 9) + b"\n" * (24_379_392 - len(pdf()) - 9 - 6) + b"%%EOF\n")
    assert load(path).base64_bytes == 31 << 20
    path.write_bytes(path.read_bytes() + b"\n")
    message = refusal(path)
    assert "24,379,393 bytes long; at most 24,379,392 bytes" in message
    assert "31 MB as base64" in message


def test_a_huge_file_is_refused_unread(tmp_path):
    """A sparse terabyte: reading it would never end."""
    path = tmp_path / "huge.pdf"
    path.write_bytes(b"%PDF-1.7\n")
    os.truncate(path, 1 << 40)
    assert "1,099,511,627,776 bytes long; at most 24,379,392" in refusal(path)


def test_a_pipe_without_end_is_refused_at_the_bound():
    command = [sys.executable, "-c", "import sys\nwhile True: sys.stdout.buffer.write(b'GIF89a' * 9999)"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as endless:
        assert endless.stdout is not None
        assert "is too large (longer; at most 104,857,600 bytes)" in refusal(f"/dev/fd/{endless.stdout.fileno()}")


@pytest.mark.parametrize("kind", ["missing", "folder", "loop", "fifo", "device", "beneath a file", "bad name", "empty"])
def test_a_path_that_is_no_readable_file_is_refused(tmp_path, kind):
    """Without opening what could block, and as one line."""
    path = tmp_path / "input"
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_bytes(b"")
    path.symlink_to("input")
    os.mkfifo(tmp_path / "fifo")
    source, words = {
        "missing": (tmp_path / "nowhere.png", "does not exist: check the path"),
        "folder": (tmp_path / "folder", "is a folder"),
        "loop": (path, "cannot be read (Too many levels of symbolic links)"),
        "fifo": (tmp_path / "fifo", "is not a file but a device"),
        "device": ("/dev/zero", "is not a file but a device"),
        "beneath a file": (tmp_path / "file" / "x", "cannot be read (Not a directory)"),
        "bad name": ("a\0b", "cannot be read (the path is not valid)"),
        "empty": ("", "is empty"),
    }[kind]
    assert words in refusal(source)


@pytest.mark.parametrize(
    ("source", "words"),
    [
        pytest.param("ftp://example.com/a.png", "ftp:// is not supported", id="other scheme"),
        pytest.param("file://elsewhere/a.png", "not a file of this machine", id="file of another machine"),
        pytest.param("file://", "not a file of this machine", id="file without a path"),
        pytest.param("https://example.com/a.png", "cannot be fetched here", id="no network"),
        pytest.param("https://", "has no host", id="no host"),
        pytest.param("https://[::1/a.png", "malformed", id="broken host"),
        pytest.param("-", "standard input cannot be read here", id="no standard input"),
    ],
)
def test_a_source_that_cannot_be_reached_is_refused(source, words):
    assert words in refusal(source)


def test_a_password_in_a_url_is_neither_sent_nor_shown():
    """Nothing is fetched, and the error can be pasted anywhere."""
    message = refusal("https://me:hunter2@example.com/a.png?token=hunter3")
    assert "user name or password" in message
    assert "hunter" not in message


def test_a_page_in_place_of_an_image_is_refused_by_its_address():
    def fetch(url: str, max_bytes: int) -> Fetched:
        return Fetched(url, "image/png", b"<!doctype html><p>not found")

    message = refusal("https://example.com/a.png?q=1", fetch=fetch)
    assert message.startswith("https://example.com/a.png is no PNG") and "looks like text" in message


def test_a_fetch_that_brings_too_much_is_refused():
    def fetch(url: str, max_bytes: int) -> Fetched:
        return Fetched(url, None, b"%PDF-" + bytes(max_bytes))

    assert "is too large" in refusal("https://example.com/a.pdf", fetch=fetch)


def test_a_failing_disk_is_an_input_error(tmp_path, monkeypatch):
    """Also a read that fails after the opening went well."""
    path = tmp_path / "a.png"
    path.write_bytes(png())

    class Failing(io.FileIO):
        def read(self, size: int | None = -1, /) -> bytes:
            raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr("claude_cli.core.sources._open", lambda path, *_: Failing(path))
    assert "cannot be read (Input/output error)" in refusal(path)


@given(kind=st.sampled_from(list(IMAGES)), cut=st.integers(min_value=0, max_value=200))
def test_no_truncation_of_an_image_is_let_through(kind, cut):
    """A broken download has the beginning of the picture, and the API an error of its own for it."""
    whole = IMAGES[kind]
    part = whole[: min(cut, len(whole) - 1)]
    with pytest.raises(UsageError):
        attachment_from_bytes(part, "part")


@given(kind=st.sampled_from([*IMAGES, "application/pdf"]), data=st.data())
def test_any_damage_is_refused_or_let_pass_but_never_a_crash(kind, data):
    whole = bytearray(IMAGES.get(kind) or pdf(trailer=b"/Encrypt 5 0 R"))
    for at in data.draw(st.lists(st.integers(0, len(whole) - 1), max_size=4)):
        whole[at] = data.draw(st.integers(0, 255))
    try:
        loaded = attachment_from_bytes(bytes(whole), "damaged")
    except UsageError:
        return
    assert loaded.size_bytes == len(whole)


# --- the request as a whole


def image(width: int = 10, height: int = 10, size_bytes: int = 100) -> Attachment:
    return Attachment({}, "cat.png", "image/png", size_bytes, width, height)


def paper(pages: int | None) -> Attachment:
    return Attachment({}, "paper.pdf", "application/pdf", 100, None, None, pages=pages)


PAPER = paper(None)


SMALL = Limits(images=100, pages=100)


@pytest.mark.parametrize(
    ("given", "limits", "words"),
    [
        pytest.param([], Limits(), None, id="nothing"),
        pytest.param([image()] * 600, Limits(), None, id="600 images"),
        pytest.param([image()] * 601, Limits(), "601 images, but a request to this model takes 600", id="601 images"),
        pytest.param([image()] * 100, SMALL, None, id="100 images, small window"),
        pytest.param([image()] * 101, SMALL, "101 images.*this model takes 100", id="101 images, small window"),
        pytest.param([PAPER] * 601, SMALL, None, id="pages that could not be counted"),
        pytest.param([paper(300), paper(300)], Limits(), None, id="600 pages"),
        pytest.param([paper(600), paper(1)], Limits(), "601 pages, but .* takes 600: split", id="601 pages"),
        pytest.param([paper(101)], SMALL, "101 pages, but .* takes 100", id="101 pages, small window"),
        pytest.param([image(8000, 10)] * 20, Limits(), None, id="20 large images"),
        pytest.param([image(2000, 2000)] * 21, Limits(), None, id="21 images of 2000"),
        pytest.param([image()] * 20 + [image(9, 2001)], Limits(), "cat.png is 9x2001 .*21 .*2000", id="one of 2001"),
        pytest.param([image(8000, 10)] * 20 + [PAPER], Limits(), None, id="a PDF is no image"),
        pytest.param([image(size_bytes=(31 << 20) // 4 * 3)], Limits(), None, id="31 MB of base64"),
        pytest.param(
            [image(size_bytes=(31 << 20) // 4 * 3), PAPER],
            Limits(),
            "2 attachments make 32,505,992 .*holds 32,505,856",
            id="more",
        ),
    ],
)
def test_limits_of_a_request(given, limits, words):
    """The API's numbers stand in the message: the user has to get below them."""
    if words is None:
        check_request(given, limits)
        return
    with pytest.raises(UsageError, match=words):
        check_request(given, limits)


def test_what_is_too_much_together_is_refused_at_once(tmp_path):
    """Later attachments would only fill memory: the third is not there and is not missed."""
    path = tmp_path / "half.pdf"
    path.write_bytes(pdf() + b"\n" * 13_000_000 + b"%%EOF")
    sources = [str(path), str(path), str(tmp_path / "nowhere.png")]
    with pytest.raises(UsageError, match="2 attachments make"):
        load_attachments(sources, Limits(), read_stdin=None, fetch=None, read_clipboard=None)


@pytest.mark.parametrize(
    ("name", "edge_px", "tokens", "images", "pages"),
    [
        pytest.param("sonnet", 2576, 4784, 600, 600, id="today's"),
        pytest.param("claude-opus-4-6", 1568, 1568, 600, 600, id="older"),
        pytest.param("claude-haiku-4-5", 1568, 1568, 100, 100, id="small window"),
        pytest.param("not-in-the-catalogue", 2576, 4784, 600, 600, id="unknown"),
    ],
)
def test_a_models_limits_are_the_catalogues(name, edge_px, tokens, images, pages):
    """An unknown model is taken for a large one: the service shrinks what is too large, and nothing is lost."""
    limits = Limits.of(catalogue().find(name))
    assert (limits.tier.edge_px, limits.tier.max_tokens, limits.images, limits.pages) == (
        edge_px,
        tokens,
        images,
        pages,
    )


def test_what_will_be_sent_is_said_in_a_line():
    """Images and PDFs are counted apart; an arrow stands only where something changed."""
    sent = [
        Attachment({}, "chart.png", "image/png", 180_000, 1456, 819, original_bytes=1_234_567, tokens=1560),
        Attachment({}, "paper.pdf", "application/pdf", 2_100_000, None, None, pages=12),
        Attachment({}, "dot.gif", "image/gif", 999, 1, 1, tokens=1),
        Attachment({}, "note.pdf", "application/pdf", 999_499, None, None, pages=1),
        Attachment({}, "odd.pdf", "application/pdf", 999_500, None, None),
        Attachment({}, "one.pdf", "application/pdf", 1, None, None),
        Attachment({}, "few.pdf", "application/pdf", 9_949, None, None),
        Attachment({}, "ten.pdf", "application/pdf", 9_950, None, None),
    ]
    assert summaries(sent) == [
        "image 1: chart.png, 1.2 MB → 180 KB, 1456x819, ~1,560 tokens",
        "PDF 1: paper.pdf, 2.1 MB, 12 pages",
        "image 2: dot.gif, 999 bytes, 1x1, ~1 tokens",
        "PDF 2: note.pdf, 999 KB, 1 page",
        "PDF 3: odd.pdf, 1.0 MB",
        "PDF 4: one.pdf, 1 byte",
        "PDF 5: few.pdf, 9.9 KB",
        "PDF 6: ten.pdf, 10 KB",
    ]


def test_the_limits_are_the_documented_ones():
    assert attachments.MAX_REQUEST_BASE64_BYTES == (32 - 1) * 1024 * 1024

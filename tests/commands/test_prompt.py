"""Where a question comes from, and what of it reaches the model: the bodies are those the simulator received."""

from __future__ import annotations

import base64
import http.server
import struct
import threading
import zlib
from collections.abc import Iterator

import pytest

PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\nstartxref\n0\n%%EOF\n"


def png(side: int = 8, *, says: int = 0) -> bytes:
    """A whole PNG of one colour, which may say that its sides are others."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    rows = zlib.compress((b"\0" + b"\x40\x80\xc0" * side) * side)
    head = struct.pack(">IIBBBBB", says or side, says or side, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


@pytest.fixture
def site() -> Iterator[str]:
    """A web server on this machine: a text, a picture, and headers that would show a credential."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.append(dict(self.headers))
            kind, body = {"/page.txt": ("text/plain", b"from the web"), "/dot.png": ("image/png", png())}[self.path]
            self.send_response(200)
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            return

    seen: list[dict[str, str]] = []
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
    assert not any("CANARY" in str(headers) for headers in seen)


def content(simulator):
    """The content of the one user turn of the last request."""
    (message,) = simulator.requests[-1].json["messages"]
    assert message["role"] == "user"
    return message["content"]


def document(text, title):
    return {
        "type": "document",
        "source": {"type": "text", "media_type": "text/plain", "data": text},
        "title": title,
    }


def test_the_prompt_is_the_argument_or_standard_input(claude, simulator):
    """One source is the prompt as it is; text with any characters arrives unchanged."""
    for words, how in [
        (["Grüße — 日本 🎉"], {}),
        ([], {"stdin": "Grüße — 日本 🎉".encode()}),
        (["-"], {"stdin": "Grüße — 日本 🎉".encode()}),
        (["-f", "-"], {"stdin": "Grüße — 日本 🎉".encode()}),
        (["-f", "/dev/stdin"], {"stdin": "Grüße — 日本 🎉".encode()}),
    ]:
        done = claude("complete", *words, **how)
        assert (done.status, done.err) == (0, "")
        assert content(simulator) == "Grüße — 日本 🎉"


def test_what_is_piped_becomes_a_document_before_the_question(claude, simulator):
    """`git diff | claude-cli "…"`: the long text first, labelled, the question last."""
    done = claude("complete", "What is it?", stdin=b"a piped text\n")
    assert done.status == 0
    assert content(simulator) == [document("a piped text\n", "standard input"), {"type": "text", "text": "What is it?"}]


def test_files_folders_and_addresses_go_before_the_question(claude, simulator, site):
    """`-f` takes a file, a folder and a URL, in the order given; what a folder hides is left out and said."""
    (claude.folder / "one.txt").write_text("first file")
    folder = claude.folder / "folder"
    folder.mkdir()
    (folder / "two.md").write_text("second file")
    (folder / ".env").write_text("SECRET=CANARY")
    (folder / "id_rsa").write_text("CANARY")
    done = claude(
        "complete", "And?", "-f", "one.txt", "-f", "folder", "-f", f"{site}/page.txt", "-f", "-", stdin=b"piped"
    )
    assert done.status == 0
    *documents, question = content(simulator)
    assert [each["source"]["data"] for each in documents] == ["first file", "second file", "from the web", "piped"]
    assert documents[0]["title"] == "one.txt"
    assert question == {"type": "text", "text": "And?"}
    assert "id_rsa" in done.err and "folder: left out" in done.err


def test_images_and_pdfs_go_before_the_question(claude, simulator, site):
    """`-a` and `-i` send the very bytes, by path, by URL and by pipe; what they are is seen by their content."""
    (claude.folder / "photo.jpg").write_bytes(png())  # its name lies
    (claude.folder / "paper.pdf").write_bytes(PDF)
    done = claude(
        "complete",
        "Which?",
        "-a",
        "photo.jpg",
        "-i",
        "paper.pdf",
        "-a",
        f"{site}/dot.png",
        "--image",
        "-",
        stdin=png(9),
    )
    assert (done.status, done.err) == (0, "")
    picture, paper, web, piped, question = content(simulator)
    assert [each["source"]["media_type"] for each in (picture, web, piped)] == ["image/png"] * 3
    assert base64.b64decode(picture["source"]["data"]) == png()
    assert base64.b64decode(piped["source"]["data"]) == png(9)
    assert paper["type"] == "document" and base64.b64decode(paper["source"]["data"]) == PDF
    assert question == {"type": "text", "text": "Which?"}


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        pytest.param("empty.png", b"", "empty.png", id="empty"),
        pytest.param("cut.png", png()[:-9], "cut.png is cut off or damaged", id="truncated"),
        pytest.param("text.png", b"just text", "text.png", id="mislabelled"),
        pytest.param("huge.png", png(says=65_536), "huge.png has too many pixels", id="huge"),
    ],
)
def test_an_image_of_no_use_is_refused_before_any_network(claude, simulator, name, data, said):
    """Unreadable, empty, huge, mislabelled or truncated: status 2, naming it."""
    (claude.folder / name).write_bytes(data)
    claude("complete", "What?", "-a", name).failed(2, said)
    assert simulator.requests == []


def test_an_attachment_wants_a_question(claude, simulator):
    """Only a picture is no question; the error shows how one looks."""
    (claude.folder / "a.png").write_bytes(png())
    claude("complete", "-a", "a.png").failed(2, "no question", '-a photo.png "What is this?"')
    assert claude("complete", "-a", "a.png", stdin=b"What?").status == 0
    assert [block["type"] for block in content(simulator)] == ["image", "text"]


def test_binary_standard_input_is_refused(claude, simulator):
    """Bytes that are no text are named, with the way that takes them."""
    for data in (png(), b"text\0text"):
        claude("complete", "What?", stdin=data).failed(2, "standard input is not UTF-8 text", "-a -")
    claude("complete", "What?", "-f", "-", stdin=png()).failed(2, "-a")
    assert simulator.requests == []


def test_a_byte_order_mark_is_no_part_of_the_text(claude, simulator):
    """Editors of another system put one there."""
    claude("complete", stdin="\ufeffhello".encode())
    assert content(simulator) == "hello"


def test_the_system_prompt(claude, simulator):
    """`-s` and `--system-file` go where the API has them; an empty file is said."""
    (claude.folder / "system.txt").write_text("You are brief.")
    (claude.folder / "empty.txt").write_text("")
    claude("complete", "hi", "-s", "You are kind.")
    assert simulator.requests[-1].json["system"] == "You are kind."
    claude("complete", "hi", "--system-file", "system.txt")
    assert simulator.requests[-1].json["system"] == "You are brief."
    done = claude("complete", "hi", "--system-file", "empty.txt")
    assert "system" not in simulator.requests[-1].json
    assert "empty.txt is empty" in done.err


def test_large_folders_are_asked_about(claude, simulator):
    """Over 200 files: a question at a terminal, `--yes` says yes, and where nobody can be asked it is status 2."""
    folder = claude.folder / "many"
    folder.mkdir()
    for number in range(201):
        (folder / f"{number}.txt").write_text("text")
    claude("complete", "And?", "-f", "many").failed(2, "add --yes")
    claude("complete", "And?", "-f", "many", "--no-input", stdin="terminal", err="terminal").failed(2, "add --yes")
    assert claude("complete", "And?", "-f", "many", "--yes").status == 0
    for answer, status in ((b"y\n", 0), (b"\n", 2)):
        running = claude.start("complete", "And?", "-f", "many", stdin="terminal", err="terminal")
        running.err.wait_for(b"Send them all? [y/N]")
        running.type(answer)
        assert running.wait().status == status
    assert len(simulator.requests) == 2

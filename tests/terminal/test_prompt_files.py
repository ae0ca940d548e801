"""What a message brings along: paths typed, pasted, dropped or completed, the clipboard's image, a long paste."""

from __future__ import annotations

import os
import struct
import zlib

import pytest

from ..prompting import hosted

PDF = b"%PDF-1.4\n1 0 obj<<>>endobj\n%%EOF\n"


def png(width: int, height: int) -> bytes:
    """A black image."""

    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress(bytes((1 + width) * height))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


@pytest.fixture
def folder(tmp_path):
    """A folder with files to bring along."""
    (tmp_path / "a b").mkdir()
    (tmp_path / "chart.png").write_bytes(png(40, 30))
    (tmp_path / "a b" / "two words.png").write_bytes(png(20, 20))
    (tmp_path / "cut.png").write_bytes(png(40, 30)[:-20])
    (tmp_path / "paper.pdf").write_bytes(PDF)
    (tmp_path / "notes.txt").write_text("What matters.\n" * 300)
    (tmp_path / ".hidden.txt").write_text("x")
    return tmp_path


@pytest.fixture
def prompt(folder):
    """A prompt in it."""
    with hosted(folder) as started:
        yield started


def kinds(read):
    """The kinds of blocks of a message, and its text as it is sent."""
    return [block["type"] for block in read["blocks"]], read["blocks"][-1].get("text")


@pytest.mark.parametrize("columns", [80, 40], ids=["80", "40"])
def test_marked_paths_are_taken_along_when_it_is_sent(folder, columns):
    """Images, PDFs and text; what was sent shows what each is."""
    with hosted(folder, columns) as prompt:
        prompt.type('Look at @chart.png, @paper.pdf and @notes.txt: @"a b/two words.png" or a@chart.png?\r')
        read = prompt.read()
        assert kinds(read) == (
            ["document", "document", "image", "image", "text"],
            "Look at [image 1], [pdf 1] and [notes.txt]: [image 2] or a@chart.png?",
        )
        assert "[notes.txt · 4.2 KB · ~1,700 tokens]" in read["text"]
        assert read["text"].startswith("Look at [image 1 · ")
        prompt.type("again @chart.png\r")
        assert kinds(prompt.read())[1] == "again [image 3]"


@pytest.mark.parametrize(
    ("dropped", "wanted"),
    [
        ("{}/chart.png", "[image 1]"),
        ("'{}/a b/two words.png' ", "[image 1]"),
        ("{}/a\\ b/two\\ words.png", "[image 1]"),
        ("file://{}/a%20b/two%20words.png\r\n", "[image 1]"),
        ("{0}/chart.png {0}/paper.pdf", "[image 1] [pdf 1]"),
        ("./chart.png", "[image 1]"),
        ("~/chart.png", "[image 1]"),
    ],
    ids=["plain", "quoted", "backslashes", "address", "several", "relative", "home"],
)
def test_dropped_paths_are_chips_at_once(prompt, folder, dropped, wanted):
    """As terminals paste them; the text around stays."""
    prompt.type("before ")
    prompt.paste(dropped.format(folder))
    prompt.shows("before [image 1 · ")
    prompt.type("after\r")
    assert kinds(prompt.read())[1] == f"before {wanted} after"


def test_a_typed_path_of_an_image_is_taken_along_when_it_is_sent(prompt, folder):
    """Other paths are only mentioned; nothing is looked for in a command."""
    prompt.type(f"{folder}/chart.png or {folder}/notes.txt?\r")
    assert kinds(prompt.read()) == (["image", "text"], f"[image 1] or {folder}/notes.txt?")
    prompt.type("/attach ./chart.png\r")
    assert kinds(prompt.read()) == (["text"], "/attach ./chart.png")


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("@cut.png", ("cut.png is cut off or damaged",)),
        ("@./none.txt", ("none.txt does not exist",)),
        ("@none.png", ("none.png does not exist",)),
        ("@chart.png @./none.txt", ("none.txt does not exist",)),
        ("./cut.png", ("cut.png is cut off or damaged",)),
    ],
    ids=["damaged", "missing", "missing image", "one of two", "unmarked"],
)
def test_a_bad_one_is_refused_and_the_text_stays(prompt, typed, words):
    """With a line above the prompt; nothing is sent, and nothing half."""
    prompt.type(f"{typed} what?\r")
    prompt.shows(*words, f"> {typed} what?", "sonnet")
    prompt.type("\x15now @chart.png\r")
    assert kinds(prompt.read())[1] == "now [image 1]"


def test_an_at_that_names_no_file_is_text(prompt):
    """Decorators, packages, people."""
    prompt.type("@dataclass @types/node @you what?\r")
    assert kinds(prompt.read()) == (["text"], "@dataclass @types/node @you what?")


def test_taking_a_chip_off(prompt, folder):
    """One Backspace behind a chip takes off all of it, and what it stood for."""
    prompt.paste(f"{folder}/chart.png")
    prompt.shows("[image 1 · ")
    prompt.type("\x7f\x7f")
    prompt.lacks("image")
    prompt.type("words\r")
    assert kinds(prompt.read()) == (["text"], "words")


@pytest.fixture
def clipboard(folder):
    """An environment whose clipboard is the file `clipboard`; nothing where there is none."""
    programs = folder / "programs"
    programs.mkdir()
    case = 'case "$*" in *TARGETS*) [ -e "$HOME/clipboard" ] && echo image/png;; *) cat "$HOME/clipboard";; esac'
    (programs / "xclip").write_text(f"#!/bin/sh\n{case}\n")
    (programs / "xclip").chmod(0o755)
    return {"DISPLAY": ":0", "PATH": f"{programs}:{os.environ['PATH']}"}


def test_the_image_on_the_clipboard(folder, clipboard):
    """Ctrl-V takes it; where there is none, a line says so. Keys pressed meanwhile come after it."""
    with hosted(folder, environ=clipboard) as prompt:
        prompt.type("kept \x16")
        prompt.shows("the clipboard holds no image", "> kept")
        (folder / "clipboard").write_bytes(png(10, 10))
        prompt.type("\x16and typed on")
        prompt.shows("> kept [image 1 · ", "] and typed on")
        prompt.type("\r")
        assert kinds(prompt.read()) == (["image", "text"], "kept [image 1] and typed on")


def test_a_slow_clipboard_is_not_waited_for(folder, clipboard):
    """The line below says what is waited for, and Ctrl-C gives up."""
    os.mkfifo(folder / "clipboard")
    with hosted(folder, environ=clipboard) as prompt:
        prompt.type("kept \x16")
        prompt.shows("reading the clipboard")
        prompt.type("\x03")
        prompt.lacks("reading")
        prompt.type("text\r")
        assert prompt.text() == "kept text"


def test_a_long_paste_is_a_document(prompt):
    """Five megabytes do not go into the line that is edited; a key makes them text where somebody wants that."""
    prompt.paste("A line of a log.\n" * 300_000)
    prompt.shows("Ctrl-X Ctrl-T makes it text again", "[pasted text 1 · 5.1 MB · ~2,000,000 tokens]")
    prompt.type("why?\r")
    read = prompt.read()
    assert kinds(read) == (["document", "text"], "[pasted text 1] why?")
    assert len(read["blocks"][0]["source"]["data"]) == 5_100_000


def test_a_long_line_is_a_document(prompt):
    """Each key in it would take longer than the one before."""
    prompt.paste("short\n" + "x" * 9_999)
    prompt.shows("xxx")
    prompt.type("\x03")
    prompt.lacks("xxx")
    prompt.paste("short\n" + "x" * 10_000)
    prompt.shows("[pasted text 1 · 10 KB")


def test_the_nearest_paste_before_the_cursor_becomes_text(folder):
    """Not the last one that was made."""
    with hosted(folder, paste_limit=5) as prompt:
        prompt.paste("second")
        prompt.shows("[pasted text 1")
        prompt.type("\x01")
        prompt.paste("a first")
        prompt.shows("[pasted text 2")
        prompt.type("\x05\x18\x14")
        prompt.shows("second")
        prompt.type("\r")
        assert kinds(prompt.read()) == (["document", "text"], "[pasted text 2] second ")


def test_a_refusal_closes_the_menu(folder):
    """It would hide the line below."""
    (folder / "empty.png").touch()
    with hosted(folder) as prompt:
        prompt.type("@em")
        prompt.shows("empty.png")
        prompt.type("\t\r")
        prompt.shows("empty.png is empty", "sonnet")


def test_a_long_paste_may_become_text_again(folder):
    """The chip goes, and with it the document."""
    with hosted(folder, paste_limit=20) as prompt:
        prompt.paste("one\n" * 6)
        prompt.shows("[pasted text 1")
        prompt.type("\x18\x14")
        prompt.shows("> one", ". one")
        prompt.type("\r")
        assert kinds(prompt.read()) == (["text"], "one\n" * 6 + " ")


@pytest.mark.parametrize("columns", [80, 40], ids=["80", "40"])
def test_paths_are_completed(folder, columns):
    """With their folders and blanks; hidden files behind a dot only."""
    with hosted(folder, columns) as prompt:
        prompt.type("see @")
        prompt.shows("chart.png", "notes.txt", "a b/")
        prompt.lacks(".hidden")
        prompt.type("ch\t")
        prompt.shows("see @chart.png")
        prompt.type(" @.h\t")
        prompt.shows("@.hidden.txt")
        prompt.type(" @a\t")
        prompt.shows('@"a b/')
        prompt.type("tw")
        prompt.shows("two words.png")
        prompt.type("\t\r")
        assert kinds(prompt.read())[1] == "see [image 1] [.hidden.txt] [image 2]"


@pytest.mark.parametrize("columns", [80, 40], ids=["80", "40"])
def test_commands_are_completed(folder, columns):
    """With their help, and what each takes; Enter sends what stands there."""
    with hosted(folder, columns) as prompt:
        prompt.type("/mod")
        prompt.shows("/model", "Show or ch")
        prompt.type("\t o")
        prompt.shows("> /model o", "the large one")
        prompt.type("\t\r")
        assert prompt.text() == "/model opus"
        prompt.type("/set ma")
        prompt.shows("how long an answ")
        prompt.type("\r")
        assert prompt.text() == "/set ma"
        prompt.type("/open sky")
        prompt.shows("Why the sky is blue")
        prompt.type("\t\r")
        assert prompt.text() == "/open Why the sky is blue"
        prompt.type("/attach no\t\r")
        assert prompt.text().startswith("/attach no")
        prompt.type("/attach @not\t\r")
        assert prompt.text() == "/attach @notes.txt"
        prompt.lacks("Show or ch")

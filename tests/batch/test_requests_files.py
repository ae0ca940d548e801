"""The files that rows name: where they may lie, what they may be, and that each is read once."""

from __future__ import annotations

import base64
import json
import os
import struct
import zlib
from pathlib import Path

import pytest

from claude_cli.batch.common import Common
from claude_cli.batch.requests_files import RowFiles
from claude_cli.batch.row import Row
from claude_cli.batch.rows import open_source
from claude_cli.core.attachments import Limits
from claude_cli.core.errors import UsageError

LIMITS = Limits()


def png(width: int = 3, height: int = 2) -> bytes:
    """An image."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    pixels = zlib.compress(bytes((width + 1) * height))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


@pytest.fixture
def root(tmp_path) -> Path:
    """A folder with files in it, and others around it."""
    folder = tmp_path / "in"
    (folder / "sub").mkdir(parents=True)
    (folder / "a.txt").write_text("a text")
    (folder / "sub" / "b.png").write_bytes(png())
    (folder / "link.txt").symlink_to("a.txt")
    (folder / "away.txt").symlink_to("../secret.txt")
    (folder / "up").symlink_to("..")
    (tmp_path / "secret.txt").write_text("secret")
    (tmp_path / "in-other").mkdir()
    (tmp_path / "in-other" / "c.txt").write_text("secret")
    return Path(os.path.realpath(folder))


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("a.txt", id="there"),
        pytest.param("./sub/../a.txt", id="by a way around"),
        pytest.param("link.txt", id="a link inside"),
        pytest.param("{root}/a.txt", id="absolute"),
        pytest.param("../in/a.txt", id="out and in again"),
    ],
)
def test_files_below_the_folder_are_read(root, name):
    """However they are named."""
    (loaded,) = RowFiles(root).load(name.format(root=root), None, LIMITS)
    assert loaded.block["source"]["data"] == "a text"


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        pytest.param("../secret.txt", "is not below", id="up"),
        pytest.param("sub/../../secret.txt", "is not below", id="down and up"),
        pytest.param("away.txt", "is not below", id="a link that leads out"),
        pytest.param("up/secret.txt", "is not below", id="through a folder that leads out"),
        pytest.param("../in-other/c.txt", "is not below", id="a folder whose name begins alike"),
        pytest.param("/etc/passwd", "is not below", id="absolute"),
        pytest.param("~/a.txt", "does not exist", id="no shell's home"),
        pytest.param("file:///etc/passwd", "does not exist", id="no scheme"),
        pytest.param("https://example.com/a.txt", "is not fetched", id="nothing is fetched"),
        pytest.param("no.txt", "does not exist", id="missing"),
        pytest.param("sub", "is a folder", id="a folder"),
        pytest.param("a\0.txt", "cannot be read", id="NUL"),
    ],
)
def test_nothing_else_is(root, name, reason):
    """A file of rows may be a stranger's: it must not take what lies elsewhere to the provider."""
    with pytest.raises(UsageError) as refused:
        RowFiles(root).load([name], None, LIMITS)
    assert reason in str(refused.value)


@pytest.mark.parametrize(
    ("name", "data", "member", "reason"),
    [
        pytest.param("a.png", png()[:-3], "images", "a.png is cut off or damaged", id="a damaged image"),
        pytest.param("a.png", b"hello", "images", "a.png is no image and no PDF, but looks like text", id="text"),
        pytest.param("a.png", b"", "images", "an empty file", id="an empty image"),
        pytest.param("a.txt", b" \n", "files", "a.txt is empty", id="an empty text"),
        pytest.param("a.txt", b"a\xff", "files", "a.txt is not text", id="no UTF-8"),
        pytest.param("a.txt", bytes(11 << 20), "files", "a.txt is too large", id="too large"),
        pytest.param("id_ed25519", b"KEY=x", "files", "id_ed25519 may hold secrets", id="secrets"),
        pytest.param("server.key", b"-----BEGIN", "files", "server.key may hold secrets", id="a key of a server"),
        pytest.param("credentials.json", b"{}", "files", "credentials.json may hold secrets", id="credentials"),
        pytest.param("key.pem", b"-----BEGIN", "files", "key.pem may hold secrets", id="a key"),
    ],
)
def test_a_file_that_cannot_be_sent_is_refused(tmp_path, name, data, member, reason):
    """In the first pass, with its name, and exactly as it would have been sent."""
    (tmp_path / name).write_bytes(data)
    with pytest.raises(UsageError) as refused:
        RowFiles(tmp_path).load(*([name], None) if member == "files" else (None, [name]), LIMITS)
    assert reason in str(refused.value)


@pytest.mark.parametrize("name", [".netrc", ".aws/credentials", "sub/.ssh/config", ".git/x.png", "seen.txt", "no/.env"])
def test_no_row_reaches_what_is_hidden(root, name):
    """Where the folder is somebody's home, what lies there hidden is no stranger's, not as an image either."""
    for hidden in (".netrc", ".aws/credentials", "sub/.ssh/config", ".git/x.png"):
        (root / hidden).parent.mkdir(exist_ok=True)
        (root / hidden).write_bytes(png() if hidden.endswith("png") else b"{}")
    (root / "seen.txt").symlink_to(".netrc")
    files = RowFiles(root)
    for read in (
        lambda: files.load(name, None, LIMITS),
        lambda: files.load(None, name, LIMITS),
        lambda: files.text(name),
    ):
        with pytest.raises(UsageError, match=r"is hidden \(\."):
            read()


def test_a_folder_that_is_itself_hidden_can_be_the_root(tmp_path):
    """Whoever names it wants it."""
    (tmp_path / ".data").mkdir()
    (tmp_path / ".data" / "a.txt").write_text("a text")
    assert RowFiles(tmp_path / ".data").load("a.txt", None, LIMITS)


@pytest.mark.parametrize("name", ["credentials.json", "id_rsa.json", "link.json"])
def test_no_schema_is_read_from_what_may_be_secret(tmp_path, name):
    """A schema is sent, too."""
    (tmp_path / "tokens.pem").write_text("{}")
    (tmp_path / "link.json").symlink_to("tokens.pem")
    (tmp_path / name).write_text("{}")
    (tmp_path / "in.jsonl").write_text(json.dumps({"prompt": "x", "schema": name}))
    with open_source(str(tmp_path / "in.jsonl"), Common("sonnet")) as source:
        (row,) = source.rows()
    assert f"{name} may hold secrets" in getattr(row, "reason", "")


def test_images_and_pdfs_are_attached(tmp_path):
    """By what they are, in files as well; documents of text come before images."""
    (tmp_path / "a.png").write_bytes(png())
    (tmp_path / "a.txt").write_text("text")
    files = RowFiles(tmp_path)
    text, image = files.load("a.txt", "a.png", LIMITS)
    assert image.block["source"]["data"] == base64.b64encode(png()).decode()
    assert (text.block["type"], text.block["title"]) == ("document", "a.txt")
    assert files.load(["a.png"], None, LIMITS)[0].block == image.block


@pytest.mark.parametrize(
    ("url", "block"),
    [
        pytest.param("https://x.org/a.png?sig=1", "image", id="image"),
        pytest.param("https://x.org/a.PDF", "document", id="PDF"),
    ],
)
def test_a_url_is_for_the_api_to_fetch(url, block):
    """Even where no file may be named."""
    (loaded,) = RowFiles(None).load(None, [url], LIMITS)
    assert loaded.block == {"type": block, "source": {"type": "url", "url": url}}


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        pytest.param("http://x.org/a.png", "is not https", id="in the clear"),
        pytest.param("https://me:pass@x.org/a.png", "holds a user name or password", id="a password"),
        pytest.param("https:///a.png", "has no host", id="no host"),
    ],
)
def test_a_url_that_must_not_be_sent_is_refused(url, reason):
    """And a password is not shown."""
    with pytest.raises(UsageError) as refused:
        RowFiles(None).load(None, url, LIMITS)
    assert reason in str(refused.value) and "pass@" not in str(refused.value)


@pytest.mark.parametrize("value", [5, {}, [""], ["a", 5], [["a"]], ""])
def test_names_are_texts(value):
    """Anything else is said to be none."""
    with pytest.raises(UsageError, match="images is no path and no list of paths"):
        RowFiles(None).load(None, value, LIMITS)


def test_a_file_is_read_once_for_all_rows_that_name_it(tmp_path):
    """Until it changes; of all that are kept no more than so many bytes."""
    files = RowFiles(tmp_path, keep=2_500)
    for number in range(3):
        (tmp_path / f"{number}.txt").write_text(str(number) * 1_000)
    first = files.load("0.txt", None, LIMITS)[0]
    assert files.load("0.txt", None, LIMITS)[0] is first
    files.load(["1.txt", "2.txt"], None, LIMITS)  # which leaves no room for the first
    assert files.load("0.txt", None, LIMITS)[0] is not first
    (tmp_path / "0.txt").write_text("changed")
    assert files.load("0.txt", None, LIMITS)[0].block["source"]["data"] == "changed"


@pytest.mark.parametrize(
    ("piped", "given", "reason"),
    [
        pytest.param(False, None, "", id="the folder of the input"),
        pytest.param(True, None, "need --files-root", id="standard input has none"),
        pytest.param(True, ".", "", id="--files-root"),
        pytest.param(False, "other", "is not below", id="--files-root instead of it"),
    ],
)
def test_where_files_may_lie(tmp_path, piped, given, reason):
    """Below the input's folder or `--files-root`; rows of standard input name none without that."""
    (tmp_path / "a.txt").write_text("text")
    (tmp_path / "other").mkdir()
    path = tmp_path / "in.jsonl"
    path.write_text('{"prompt": "x", "files": "%s"}\n' % (tmp_path / "a.txt"))
    root = None if given is None else str(tmp_path / given)
    with (
        path.open("rb") as file,
        open_source("-" if piped else str(path), Common("sonnet"), files_root=root, stdin=file.fileno()) as source,
    ):
        (row,) = source.rows()
    assert isinstance(row, Row) if not reason else reason in getattr(row, "reason", "")


def test_a_files_root_that_is_no_folder_is_said_at_once(tmp_path):
    """Before the input is opened."""
    with pytest.raises(UsageError, match=r"--files-root .* is no folder"):
        open_source("missing.jsonl", Common("sonnet"), files_root=str(tmp_path / "none"))

"""Large data of turns: each once, in a file named by its hash, and put back byte for byte."""

from __future__ import annotations

import base64
import hashlib
import json
import stat

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claude_cli.core.messages import document_block, image_block, pdf_block, text_block
from claude_cli.storage.blobs import Blobs, pack

PNG = b"\x89PNG\r\n" + bytes(range(256)) * 9
DATA = base64.b64encode(PNG).decode()
LOG = "déjà vu\n" * 500
HASH, LOG_HASH = hashlib.sha256(PNG).hexdigest(), hashlib.sha256(LOG.encode()).hexdigest()
IMAGE, PDF, TEXT = image_block("image/png", DATA), pdf_block(DATA, "report.pdf"), document_block(LOG, "app.log")


def image(data):
    return {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": data}}


def sha256(data):
    return hashlib.sha256(data).hexdigest()


@pytest.fixture
def blobs(tmp_path):
    """In a folder that is not there; `notices` are those it told."""
    notices = []
    found = Blobs(tmp_path / "data" / "attachments", notices.append)
    found.notices = notices
    return found


def files(blobs):
    return {path.name: path for path in blobs.folder.rglob("*") if path.is_file()}


BLOCKS = [
    pytest.param([IMAGE], {HASH}, id="image"),
    pytest.param([PDF, IMAGE], {HASH}, id="the same twice"),
    pytest.param([TEXT], {LOG_HASH}, id="long text"),
    pytest.param([document_block("x" * 1024)], set(), id="short text"),
    pytest.param([{"type": "tool_result", "content": [IMAGE, TEXT]}], {HASH, LOG_HASH}, id="in a tool's result"),
    pytest.param([{"type": "document", "source": {"type": "content", "content": [IMAGE]}}], {HASH}, id="in a document"),
    pytest.param([{"type": "web_fetch_tool_result", "content": {"content": PDF}}], {HASH}, id="in a fetched page"),
    pytest.param([image("eA")], {sha256(b"eA")}, id="base64 without its end"),
    pytest.param([image("eA==\n")], {sha256(b"eA==\n")}, id="base64 with a line break"),
    pytest.param([document_block("\ud800" * 2000)], set(), id="half a surrogate pair"),
    pytest.param([{"type": "image", "source": {"type": "url", "url": "https://x"}}], set(), id="an address"),
    pytest.param([{"type": "novelty", "source": "s", "content": {}}, text_block("x")], set(), id="of another kind"),
    pytest.param([{"type": "novelty", "content": ["x", 7, None]}], set(), id="no blocks"),
    pytest.param([{"type": "tool_use", "input": image(DATA)}], set(), id="arguments"),
]  # fmt: skip


@pytest.mark.parametrize(("content", "names"), BLOCKS)
def test_what_is_put_back_is_the_very_same(blobs, content, names):
    """Signatures and the prompt cache hold only behind the same bytes: the order of members counts, too."""
    packed = pack(content)
    blobs.keep(packed.files)
    assert files(blobs).keys() == packed.files.keys() == names
    assert not names or len(packed.json) < 1000
    assert json.dumps(blobs.unpack(packed.json)) == json.dumps(content)
    assert not blobs.notices


@given(st.binary(max_size=64), st.text(max_size=40))
def test_any_bytes_and_any_text_come_back(tmp_path_factory, data, text):
    """Whatever is attached; also in one folder together."""
    blobs = Blobs(tmp_path_factory.getbasetemp() / "any", pytest.fail)
    content = [
        image_block("image/png", base64.b64encode(data).decode()),
        document_block(text * 200, text),
        text_block(text),
    ]
    packed = pack(content)
    blobs.keep(packed.files)
    assert list(blobs.unpack(packed.json)) == content


def test_files_are_raw_private_and_in_small_folders(blobs):
    """They are for people, too: `attachments/ab/ab12…` is the image itself."""
    blobs.keep(pack([IMAGE]).files)
    name = HASH
    path = blobs.folder / name[:2] / name
    assert path.read_bytes() == PNG
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert {stat.S_IMODE(folder.stat().st_mode) for folder in (path.parent, blobs.folder, blobs.folder.parent)} == {
        0o700
    }


def test_what_is_there_is_not_written_again(blobs):
    """But what was changed is put right."""
    packed = pack([IMAGE])
    blobs.keep(packed.files)
    (path,) = files(blobs).values()
    before = path.stat()
    blobs.keep(packed.files)
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    path.write_bytes(b"x" * len(PNG))
    blobs.keep(packed.files)
    assert path.read_bytes() == PNG


def change(path):
    path.write_bytes(PNG[:-1] + b"!")


def replace_by_folder(path):
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda path: path.unlink(), id="missing"),
        pytest.param(change, id="changed"),
        pytest.param(replace_by_folder, id="a folder"),
    ],
)
def test_a_file_that_is_gone_is_said_in_its_place(blobs, spoil):
    """The conversation can still be read and gone on with."""
    packed = pack([{"type": "tool_result", "content": [PDF]}, text_block("what is it?")])
    blobs.keep(packed.files)
    (path,) = files(blobs).values()
    spoil(path)
    words = "the attachment report.pdf is no longer on this machine"
    assert blobs.unpack(packed.json) == (
        {"type": "tool_result", "content": [text_block(f"[{words}]")]},
        text_block("what is it?"),
    )
    (notice,) = blobs.notices
    assert notice.code == "attachment_lost" and words in notice.text and str(path) in notice.text


@pytest.mark.parametrize(
    "reference",
    [
        pytest.param({"sha256": "../" * 21 + "x", "encoding": "base64"}, id="a path"),
        pytest.param({"sha256": "0" * 64}, id="half of one"),
        pytest.param({"sha256": 7, "encoding": "base64"}, id="a number"),
        pytest.param({}, id="nothing"),
    ],
)
def test_what_only_looks_like_a_reference_is_left(blobs, reference):
    """No file is read that we have not named."""
    block = {"type": "image", "source": {"type": "base64", "data": reference}}
    assert blobs.unpack(pack([block]).json) == (block,)


def test_a_reference_where_none_belongs_stays_what_it_is(blobs):
    """Somebody's arguments may look like one, and its file is not there."""
    blocks = [{"type": "tool_use", "input": {"data": {"sha256": "0" * 64, "encoding": "base64"}}}]
    assert list(blobs.unpack(pack(blocks).json)) == blocks
    assert not blobs.notices

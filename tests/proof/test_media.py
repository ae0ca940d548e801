"""Images and PDFs at the limits: memory and bombs, measured on the real program in a process of its own."""

from __future__ import annotations

import io
import struct
import threading
import zlib
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pypdf
import pytest
from PIL import Image, ImageFilter
from pypdf.generic import DecodedStreamObject, NameObject

from .conftest import answer, environment
from .test_memory import run

pytestmark = pytest.mark.proof


@pytest.fixture
def api() -> Iterator[tuple[str, list[int]]]:
    """An API that takes anything, its address, and the sizes of the requests it was sent."""
    sizes: list[int] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            left = int(self.headers["content-length"])
            sizes.append(left)
            while left:
                left -= len(self.rfile.read(min(left, 1 << 20)))
            body = answer()
            self.send_response(200)
            self.send_header("content-type", "text/event-stream")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", sizes
        server.shutdown()


def photograph(path: Path, form: str, **options: object) -> Path:
    """24 megapixels with the grain of a sensor: about as many bytes as a camera makes of them."""
    grain = [Image.effect_noise((6000, 4000), 32).filter(ImageFilter.GaussianBlur(0.8)) for _ in "rgb"]
    with path.open("wb") as stream:
        Image.merge("RGB", grain).save(stream, form, **options)
    return path


@pytest.mark.parametrize("number", [20, 21])
def test_twenty_photographs_stay_under_200_megabytes(tmp_path, api, number):
    """One after the other: only one is in memory as pixels, and none as the file it was. 21 have to be smaller."""
    url, sizes = api
    path = photograph(tmp_path / "photo.jpg", "JPEG", quality=85)
    status, peak, said = run(["complete", "What?", *["-a", str(path)] * number], environment(tmp_path, url))
    assert (status, said) == (0, b"")
    assert sizes[0] > 10_000_000
    assert peak < 200


@pytest.mark.parametrize(
    ("form", "options"),
    [
        pytest.param("JPEG", {"progressive": True, "quality": 85}, id="progressive JPEG"),
        pytest.param("TIFF", {}, id="TIFF"),
    ],
)
def test_one_photograph_of_another_kind_stays_under_250_megabytes(tmp_path, api, form, options):
    """24 megapixels are 96 MB in Pillow, whatever they were before; a TIFF's file is 72 MB besides."""
    path = photograph(tmp_path / "photo", form, **options)
    status, peak, said = run(["complete", "What?", "-a", str(path)], environment(tmp_path, api[0]))
    assert (status, said) == (0, b"")
    assert peak < 250


def test_a_pdf_of_600_pages_stays_under_200_megabytes(tmp_path, api):
    """As large as a request may be: 24 MB of file, 31 MB of base64, and every copy of it counts."""
    url, sizes = api
    writer = pypdf.PdfWriter()
    noise = Image.effect_noise((200, 200), 90).tobytes()
    for _ in range(600):
        page, content = writer.add_blank_page(595, 842), DecodedStreamObject()
        content.set_data(b"% " + noise[:19_700].hex().encode())
        page[NameObject("/Contents")] = writer._add_object(content)
    path = tmp_path / "long.pdf"
    with path.open("wb") as stream:
        writer.write(stream)
    assert 23_000_000 < path.stat().st_size < 24_379_392
    status, peak, said = run(["complete", "What?", "-a", str(path)], environment(tmp_path, url))
    assert (status, said) == (0, b"")
    assert sizes[0] > 30_000_000
    assert peak < 200


def bomb(form: str) -> bytes:
    """Kilobytes that say they are gigabytes."""
    if form == "png":
        pixels = zlib.compress(bytes(100 << 20), 9)
        head = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
        parts = [(b"IHDR", head), (b"IDAT", pixels), (b"IEND", b"")]
        chunks = [struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
                  for name, data in parts]  # fmt: skip
        return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)
    stream = io.BytesIO()
    Image.new("RGB", (64, 64)).save(stream, form)
    data = bytearray(stream.getvalue())
    if form == "JPEG":
        at = data.index(b"\xff\xc0") + 5
        data[at : at + 4] = struct.pack(">HH", 60_000, 60_000)
    elif form == "GIF":
        data[6:10] = struct.pack("<HH", 30_000, 30_000)
    else:
        data[18:26] = struct.pack("<ii", 60_000, 60_000)
    return bytes(data)


@pytest.mark.parametrize("form", ["png", "JPEG", "GIF", "BMP"])
def test_a_decompression_bomb_is_refused_in_little_memory(tmp_path, form):
    """Nothing is decoded, and nobody is asked."""
    path = tmp_path / "bomb"
    path.write_bytes(bomb(form))
    status, peak, said = run(["complete", "What?", "-a", str(path)], environment(tmp_path, "http://127.0.0.1:9"))
    assert (status, b"too many pixels" in said, said.count(b"\n")) == (2, True, 1), said
    assert peak < 70

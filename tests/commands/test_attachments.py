"""`-a` as a person uses it: dragged files, the clipboard, what is said, and life without the extra `media`."""

from __future__ import annotations

import base64
import io
import shlex
import struct
import sys

import pytest
from PIL import Image
from pillow_heif import register_heif_opener

register_heif_opener()


def image(form: str = "PNG", size: tuple[int, int] = (120, 80), **options: object) -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", size, "navy").save(stream, form, **options)
    return stream.getvalue()


def turned(**options: object) -> bytes:
    """A JPEG of a camera held upright: its EXIF data say so."""
    exif = Image.Exif()
    exif[0x0112] = 6
    return image("JPEG", exif=exif, **options)


def sources(simulator) -> list[dict[str, str]]:
    """The sources of the images and PDFs of the last request."""
    (message,) = simulator.requests[-1].json["messages"]
    return [block["source"] for block in message["content"] if block["type"] in ("image", "document")]


def sent(simulator) -> bytes:
    (source,) = sources(simulator)
    return base64.b64decode(source["data"])


@pytest.fixture
def hide(claude):
    """Hides a package from the program, or breaks it: `stub` is the code that is found in its place."""

    def put(package: str, stub: str = "raise ImportError('hidden')") -> dict[str, str]:
        folder = claude.folder / "stubs"
        (folder / package).mkdir(parents=True)
        (folder / package / "__init__.py").write_text(stub)
        return {"PYTHONPATH": str(folder)}

    return put


@pytest.mark.parametrize(
    ("model", "size"),
    [
        pytest.param("sonnet", (2212, 1659), id="today's model"),
        pytest.param("claude-opus-4-6", (1270, 952), id="older model"),
        pytest.param("a-model-of-tomorrow", (2212, 1659), id="unknown model"),
    ],
)
def test_a_large_image_is_shrunk_to_what_the_model_makes_use_of(claude, simulator, model, size):
    """Bytes and seconds saved; the model would see no more."""
    (claude.folder / "photo.jpg").write_bytes(image("JPEG", (4000, 3000)))
    claude("complete", "What?", "-a", "photo.jpg", "-m", model)
    assert Image.open(io.BytesIO(sent(simulator))).size == size


def test_a_terminal_is_told_what_will_be_sent(claude, simulator):
    """Once for each, in order, before the answer; scripts and `-q` hear nothing of it."""
    (claude.folder / "a big.jpg").write_bytes(image("JPEG", (4000, 3000), quality=95))
    (claude.folder / "small.png").write_bytes(image())
    pdf = image("PDF")
    (claude.folder / "paper.pdf").write_bytes(pdf)
    words = ["complete", "What?", "-a", "a big.jpg", "-a", "paper.pdf", "-i", "small.png", "--color", "never"]
    done = claude(*words, err="terminal")
    assert done.status == 0
    first, second, third = done.lines
    assert first.startswith("image 1: a big.jpg, ") and first.endswith(" KB, 2212x1659, ~4,740 tokens")
    assert " KB → " in first
    assert second == f"PDF 1: paper.pdf, {len(pdf) / 1000:.1f} KB, 1 page"
    assert third == f"image 2: small.png, {len(image())} bytes, 120x80, ~15 tokens"
    assert claude(*words, "-n", err="terminal").lines == done.lines
    assert claude(*words).err == ""
    assert claude(*words, "-q", err="terminal").err == ""


def test_a_hostile_name_does_no_harm_to_the_terminal(claude, simulator):
    (claude.folder / "a\x1b]0;x\x07b.png").write_bytes(image())
    done = claude("complete", "What?", "-a", "a\x1b]0;x\x07b.png", "--color", "never", err="terminal")
    assert done.status == 0 and b"\x1b" not in done.err_bytes and b"\x07" not in done.err_bytes


@pytest.mark.parametrize(
    "word", ["'{}/my photo.png'", r"{}/my\ photo.png", "file://{}/my%20photo.png", "~/my photo.png"]
)
def test_dragged_words_name_files(claude, simulator, word):
    """What a terminal inserts, passed on by something that is no shell."""
    (claude.folder / "my photo.png").write_bytes(image())
    assert claude("complete", "What?", "-a", word.format(claude.folder)).status == 0
    assert sent(simulator) == image()


def test_a_pattern_without_a_match_is_named(claude, simulator):
    claude("complete", "What?", "-a", "*.jpg").failed(2, "*.jpg", "the shell found nothing")


def test_the_clipboard_is_attached(claude, simulator):
    """A real process by that name; the word can also be a file's name, with a path."""
    programs = claude.folder / "programs"
    programs.mkdir()
    (programs / "picture").write_bytes(image("PNG", (7, 5)))
    program = programs / "wl-paste"
    program.write_text(
        "#!/bin/sh\n"
        'case "$1" in --list-types) echo image/png;; '
        f"*) exec /bin/cat {shlex.quote(str(programs))}/picture;; esac\n"
    )
    program.chmod(0o755)
    display = {"PATH": str(programs), "WAYLAND_DISPLAY": "wayland-0"}
    assert claude("complete", "What?", "-a", "clipboard", **display).status == 0
    assert sent(simulator) == image("PNG", (7, 5))
    (claude.folder / "clipboard").write_bytes(image("PNG", (9, 5)))
    assert claude("complete", "What?", "-a", "./clipboard", **display).status == 0
    assert sent(simulator) == image("PNG", (9, 5))
    program.write_text("#!/bin/sh\necho text/plain\n")
    claude("complete", "What?", "-a", "clipboard", **display).failed(2, "holds no image; it holds text: paste it")
    program.unlink()
    claude("complete", "What?", "-a", "clipboard", **display).failed(2, "install wl-clipboard")


def test_twenty_one_images_are_made_to_fit_together(claude, simulator):
    """Of more than 20 the API takes none over 2,000 pixels; the simulator refuses them as the API does."""
    (claude.folder / "wide.png").write_bytes(image("PNG", (2500, 20)))
    done = claude("complete", "What?", *["-a", "wide.png"] * 21)
    assert (done.status, done.err) == (0, "")
    sizes = {Image.open(io.BytesIO(base64.b64decode(source["data"]))).size for source in sources(simulator)}
    assert sizes == {(2000, 16)}


# --- without the extra


def test_without_pillow_what_the_api_takes_goes_as_it_is(claude, simulator, hide):
    """The service turns nothing, but scales down: a large image costs bytes, not its sense."""
    without = hide("PIL")
    for data in (image(), image("JPEG", (4000, 3000)), turned()):
        (claude.folder / "given").write_bytes(data)
        done = claude("complete", "What?", "-a", "given", **without)
        assert (done.status, done.err) == (0, "")
        assert sent(simulator) == data


def test_without_pillow_what_the_api_refuses_is_refused_with_the_line_that_helps(claude, simulator, hide):
    """The line is one for this very installation, ready to be pasted."""
    without = hide("PIL")
    heavy = bytearray(image())
    heavy[33:33] = struct.pack(">I", 8_000_000) + b"prVt" + bytes(8_000_004)
    for data, words in [
        (image("PNG", (8001, 10)), "is 8001x10 pixels, but no side may be over 8000"),
        (bytes(heavy), f"is {len(heavy):,} bytes long, but an image may have 7,864,320 (10 MB as base64)"),
        (image("BMP"), "is BMP, which the API does not read"),
        (image("TIFF"), "is TIFF, which the API does not read"),
        (image("HEIF"), "is HEIC, which the API does not read"),
        (image("AVIF"), "is AVIF, which the API does not read"),
    ]:
        (claude.folder / "given").write_bytes(data)
        line = claude("complete", "What?", "-a", "given", **without).failed(2, f"given {words}; to have it converted: ")
        install = line.rpartition("converted: ")[2]
        assert shlex.split(install)[:4] == [sys.executable, "-m", "pip", "install"] and "[media]" in install
    assert simulator.requests == []


@pytest.mark.parametrize(
    "stub",
    [
        pytest.param("", id="half removed"),
        pytest.param("raise OSError('libjpeg.so.62: cannot open shared object file')", id="a library gone"),
        pytest.param("def broken(:", id="cut off"),
    ],
)
def test_a_broken_pillow_is_as_good_as_none(claude, simulator, hide, stub):
    """Not a crash: what can go without it goes, and the line that installs it also mends it."""
    broken = hide("PIL", stub)
    (claude.folder / "given").write_bytes(turned())
    assert claude("complete", "What?", "-a", "given", **broken).status == 0
    (claude.folder / "given").write_bytes(image("BMP"))
    claude("complete", "What?", "-a", "given", **broken).failed(2, "is BMP", "[media]")


def test_without_pillow_heif_all_but_heic_is_converted(claude, simulator, hide):
    without = hide("pillow_heif")
    (claude.folder / "given").write_bytes(image("HEIF"))
    claude("complete", "What?", "-a", "given", **without).failed(2, "is HEIC", "[media]")
    (claude.folder / "given").write_bytes(image("BMP"))
    assert claude("complete", "What?", "-a", "given", **without).status == 0


def test_without_pypdf_a_pdf_goes_uncounted(claude, simulator, hide):
    """An encrypted one is still seen."""
    without = hide("pypdf")
    pdf = image("PDF")
    (claude.folder / "paper.pdf").write_bytes(pdf)
    done = claude("complete", "What?", "-a", "paper.pdf", "--color", "never", err="terminal", **without)
    assert (done.status, "page" in done.err, "PDF 1: paper.pdf" in done.err) == (0, False, True)
    assert sent(simulator) == pdf


def test_pillow_is_loaded_only_for_an_image_that_has_to_change(claude, simulator, hide):
    """It takes a tenth of a second: nobody pays for it whose image goes as it is."""
    watching = hide("PIL", "import os\nos.write(2, b'Pillow was loaded\\n')\nraise ImportError")
    for data, loaded in ((image(), False), (image("JPEG"), False), (turned(), True), (image("JPEG", (3000, 9)), True)):
        (claude.folder / "given").write_bytes(data)
        assert ("Pillow was loaded" in claude("complete", "What?", "-a", "given", **watching).err) == loaded


def test_the_help_names_all_ways(claude):
    assert "Image or PDF: path, URL, '-' or 'clipboard'; repeatable." in " ".join(
        claude("complete", "--help").out.split()
    )

"""What the extra `media` does to images and finds in PDFs: real files of every kind, made here."""

from __future__ import annotations

import base64
import io
import struct
import sys
import zlib
from collections.abc import Callable

import pypdf
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageChops, ImageCms, ImageDraw, TiffImagePlugin
from pillow_heif import register_heif_opener

from claude_cli.core.attachments import Attachment, Limits, attachment_from_bytes
from claude_cli.core.errors import UsageError
from claude_cli.core.image_size import Tier

register_heif_opener()
SMALL = Limits(Tier(edge_px=112, max_tokens=12))
"""A tier whose images are quick to make: 112x84 at most."""
COLOURS = ("red", "lime", "blue", "white")
ORIENTATION, GPS = 0x0112, 0x8825


def quarters(width: int = 240, height: int = 160) -> Image.Image:
    """Four fields: red and lime above, blue and white below. Any turn or mirroring shows."""
    image = Image.new("RGB", (width, height), "white")
    for number, colour in enumerate(COLOURS[:3]):
        left, top = number % 2 * width // 2, number // 2 * height // 2
        image.paste(colour, (left, top, left + width // 2, top + height // 2))
    return image


def photo(width: int = 240, height: int = 160) -> Image.Image:
    """Noise over a gradient: as hard to pack without loss as what a camera sees."""
    grey = Image.linear_gradient("L").resize((width, height))
    return Image.merge("RGB", [ImageChops.add(grey, Image.effect_noise((width, height), 40), 2) for _ in "rgb"])


def drawing(width: int = 240, height: int = 160) -> Image.Image:
    """Writing on one colour, as on a screen."""
    image = Image.new("RGB", (width, height), (30, 30, 40))
    ImageDraw.Draw(image).text((10, 10), "Sharp text, few colours", fill=(230, 230, 230))
    return image


def encoded(image: Image.Image, form: str, **options: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, form, **options)
    return stream.getvalue()


def fit(data: bytes, limits: Limits = SMALL, **how: object) -> Attachment:
    return attachment_from_bytes(data, "given", limits, **how)


def refusal(data: bytes, limits: Limits = SMALL) -> str:
    with pytest.raises(UsageError) as caught:
        fit(data, limits)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def sent(attachment: Attachment) -> Image.Image:
    """The image as the model gets it."""
    return Image.open(io.BytesIO(sent_bytes(attachment)))


def sent_bytes(attachment: Attachment) -> bytes:
    return base64.b64decode(attachment.block["source"]["data"])


def corners(image: Image.Image) -> list[tuple[int, ...]]:
    """The colours in the middle of the four fields, rounded so that JPEG does not show."""
    image = image.convert("RGB")
    places = [(x * image.width // 4, y * image.height // 4) for y in (1, 3) for x in (1, 3)]
    return [tuple(round(value / 255) * 255 for value in image.getpixel(place)) for place in places]


UPRIGHT = [(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)]


# --- which change at all


@pytest.mark.parametrize("form", ["JPEG", "PNG", "GIF", "WEBP"])
def test_an_image_that_is_of_use_whole_is_sent_as_it_is(form):
    """Every encoding loses something, and the same bytes are cached."""
    data = encoded(quarters(112, 84), form)
    loaded = fit(data)
    assert sent_bytes(loaded) == data
    assert (loaded.original_bytes, loaded.tokens) == (None, 12)


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_exif_data_that_say_upright_change_nothing(form):
    exif = Image.Exif()
    exif[ORIENTATION] = 1
    data = encoded(quarters(112, 84), form, exif=exif)
    assert sent_bytes(fit(data)) == data


def test_an_image_that_would_grow_when_it_shrinks_is_sent_as_it_is():
    """A dithered scan packs well, its grey shades do not; the service scales it down as well."""
    data = encoded(photo().convert("1"), "PNG")
    loaded = fit(data)
    assert sent_bytes(loaded) == data
    assert (loaded.width, loaded.height, loaded.tokens) == (240, 160, 12)


# --- turned, shrunk, converted


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("side", [112, 240], ids=["fits", "too large"])
@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_every_orientation_of_a_camera_is_sent_upright(form, side, orientation):
    """Phones store the sensor's rows and a note how they were held; the API reads the rows."""
    undo = {2: "FLIP_LEFT_RIGHT", 3: "ROTATE_180", 4: "FLIP_TOP_BOTTOM", 5: "TRANSPOSE", 6: "ROTATE_90",
            7: "TRANSVERSE", 8: "ROTATE_270"}  # fmt: skip
    image = quarters(side, side * 3 // 4)
    if orientation in undo:
        image = image.transpose(Image.Transpose[undo[orientation]])
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    loaded = fit(encoded(image, form, exif=exif))
    picture = sent(loaded)
    assert corners(picture) == UPRIGHT
    assert picture.size == (loaded.width, loaded.height)
    assert picture.size == (112, 84) or (form == "WEBP" and loaded.original_bytes is None), "it packs well"
    assert picture.getexif().get(ORIENTATION, 1) == 1


def lab(image: Image.Image) -> Image.Image:
    profiles = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
    converted = ImageCms.profileToProfile(image, *profiles, outputMode="LAB")
    assert converted
    return converted


KINDS: dict[str, Callable[[], bytes]] = {
    "jpeg": lambda: encoded(quarters(), "JPEG"),
    "progressive jpeg": lambda: encoded(quarters(), "JPEG", progressive=True),
    "cmyk jpeg": lambda: encoded(quarters().convert("CMYK"), "JPEG"),
    "png": lambda: encoded(quarters(), "PNG"),
    "palette png": lambda: encoded(quarters().convert("P"), "PNG"),
    "opaque alpha png": lambda: encoded(quarters().convert("RGBA"), "PNG"),
    "gif": lambda: encoded(quarters(), "GIF"),
    "animated gif": lambda: encoded(quarters(), "GIF", save_all=True, append_images=[drawing()]),
    "webp": lambda: encoded(quarters(), "WEBP"),
    "lossless webp": lambda: encoded(quarters(), "WEBP", lossless=True),
    "animated webp": lambda: encoded(quarters(), "WEBP", save_all=True, append_images=[drawing()]),
    "bmp": lambda: encoded(quarters(), "BMP"),
    "tiff": lambda: encoded(quarters(), "TIFF"),
    "packed tiff": lambda: encoded(quarters(), "TIFF", compression="tiff_lzw"),
    "jpeg tiff": lambda: encoded(quarters(), "TIFF", compression="jpeg"),
    "cmyk tiff": lambda: encoded(quarters().convert("CMYK"), "TIFF"),
    "lab tiff": lambda: encoded(lab(quarters()), "TIFF"),
    "heic": lambda: encoded(quarters(), "HEIF"),
    "avif": lambda: encoded(quarters(), "AVIF"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_image_arrives_as_what_it_shows(kind):
    """Shrunk to the model's size, in a format the API reads, with the colours it had; of a film the first frame."""
    loaded = fit(KINDS[kind]())
    picture = sent(loaded)
    assert Image.MIME[picture.format or ""] == loaded.media_type
    assert loaded.media_type in ("image/jpeg", "image/png", "image/gif", "image/webp")
    assert corners(picture) == UPRIGHT
    if loaded.original_bytes is not None:
        assert (loaded.width, loaded.height) == picture.size == (112, 75)


@pytest.mark.parametrize("kind", ["bmp", "tiff", "heic", "avif"])
def test_what_the_api_does_not_read_is_converted_at_any_size(kind):
    loaded = fit(KINDS[kind](), Limits())
    assert (loaded.width, loaded.height) == (240, 160)
    assert loaded.media_type in ("image/jpeg", "image/png")
    assert corners(sent(loaded)) == UPRIGHT


def deep(levels: list[float], mode: str) -> Image.Image:
    image = Image.new(mode, (len(levels) * 60, 160))
    for number, level in enumerate(levels):
        image.paste(level, (number * 60, 0, number * 60 + 60, 160))
    return image


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(encoded(deep([0, 16_448, 32_896, 65_535], "I;16"), "PNG"), id="16 bits"),
        pytest.param(encoded(deep([0, 16_448, 32_896, 65_535], "I;16"), "TIFF"), id="16 bits, TIFF"),
        pytest.param(encoded(deep([-5, 20.1, 45.2, 95], "F"), "TIFF"), id="real numbers"),
    ],
)
def test_grey_of_more_than_eight_bits_keeps_its_shades(data):
    """Cut off instead of divided, an X-ray is white."""
    picture = sent(fit(data)).convert("L")
    shades = [picture.getpixel((number * picture.width // 4 + 10, 30)) for number in range(4)]
    assert shades == pytest.approx([0, 64, 128, 255], abs=2)


def test_photographs_become_jpeg_and_writing_stays_sharp():
    """JPEG smears the edges of letters; PNG cannot pack noise."""
    assert fit(encoded(photo(), "PNG")).media_type == "image/jpeg"
    assert fit(encoded(drawing(), "BMP")).media_type == "image/png"


def test_what_is_seen_through_stays_so():
    """A white sign on nothing, laid on white, would be gone."""
    image = Image.new("RGBA", (240, 160), (255, 255, 255, 0))
    image.paste((255, 255, 255, 255), (60, 40, 180, 120))
    for form in ("PNG", "TIFF", "HEIF"):
        picture = sent(fit(encoded(image, form)))
        assert picture.mode == "RGBA"
        assert [picture.getpixel(place)[3] for place in ((1, 1), (56, 37))] == [0, 255]


def test_a_colour_declared_transparent_is_seen_through():
    image = quarters().quantize(8)
    data = encoded(image, "PNG", transparency=image.getpixel((10, 10)))
    picture = sent(fit(data)).convert("RGBA")
    assert [picture.getpixel((x * picture.width // 4, 20))[3] for x in (1, 3)] == [0, 255]


def swapped_profile() -> bytes:
    """sRGB with red and blue exchanged: whoever ignores it is found out."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    red, blue = profile.index(b"rXYZ"), profile.index(b"bXYZ")
    profile[red : red + 4], profile[blue : blue + 4] = b"bXYZ", b"rXYZ"
    return bytes(profile)


@pytest.mark.parametrize("form", ["JPEG", "PNG", "TIFF"])
def test_the_colours_are_those_of_the_profile(form):
    """Phones and screens write wide colours; a model is shown plain sRGB."""
    picture = sent(fit(encoded(quarters(), form, icc_profile=swapped_profile())))
    assert corners(picture) == [(0, 0, 255), (0, 255, 0), (255, 0, 0), (255, 255, 255)]
    assert "icc_profile" not in picture.info


def test_a_profile_that_is_none_or_another_models_is_passed_over():
    for image, profile in ((quarters(), b"no profile"), (quarters().convert("L"), swapped_profile())):
        loaded = fit(encoded(image, "PNG", icc_profile=profile))
        assert (loaded.width, loaded.height) == (112, 75)


def test_nothing_but_the_picture_is_left_of_an_image_that_changes():
    """Places, names and times are in most photographs, and nobody asked to send them."""
    exif = Image.Exif()
    exif[0x010E] = "CANARY description"
    exif[0x013B] = "CANARY artist"
    exif.get_ifd(GPS)[1] = "N"
    exif.get_ifd(GPS)[29] = "CANARY place"
    xmp = b"<x:xmpmeta>CANARY</x:xmpmeta>"
    for data in (
        encoded(photo(), "JPEG", exif=exif, comment=b"CANARY", xmp=xmp, dpi=(300, 300)),
        encoded(photo(), "HEIF", exif=exif.tobytes(), xmp=xmp),
        encoded(photo(), "TIFF", exif=exif),
        encoded(drawing(), "WEBP", exif=exif, xmp=xmp, lossless=True, icc_profile=swapped_profile()),
    ):
        assert b"CANARY" in data or b"sRGB" in data
        out = sent_bytes(fit(data))
        assert out != data
        assert b"CANARY" not in out and b"Exif" not in out
        assert not sent(fit(data)).getexif()


# --- limits


def test_more_than_ten_megabytes_are_made_less():
    """The API measures 10 MB on the base64 text, which is 7,864,320 bytes of a file."""
    data = encoded(quarters(112, 84), "PNG")
    comment = bytes(7_864_320 - len(data) - 12)
    largest = data[:33] + struct.pack(">I", len(comment)) + b"prVt" + comment
    largest += struct.pack(">I", zlib.crc32(b"prVt" + comment)) + data[33:]
    assert fit(largest).original_bytes is None
    loaded = fit(largest + b"\0")
    assert loaded.original_bytes == 7_864_321
    assert loaded.size_bytes < 1000
    assert corners(sent(loaded)) == UPRIGHT


def test_a_side_that_the_api_refuses_is_shrunk():
    loaded = fit(encoded(Image.new("RGB", (8001, 30), "red"), "PNG"), Limits())
    assert (loaded.width, loaded.height) == (2576, 10)


def test_among_many_images_no_side_is_over_2000():
    """Of more than 20 images the API takes none larger: shrunk rather than refused."""
    data = encoded(Image.new("RGB", (2500, 40), "red"), "PNG")
    assert fit(data, Limits()).width == 2500
    loaded = fit(data, Limits(), many=True)
    assert (loaded.width, loaded.height, loaded.media_type) == (2000, 32, "image/png")


def chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def png_bomb(width: int, height: int, *, bits: int = 8, colour: int = 2) -> bytes:
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(bytes(1 << 20))) + chunk(b"IEND", b"")


def with_size(data: bytes, width: int, height: int) -> bytes:
    """A JPEG that says it is larger than it is."""
    at = data.index(b"\xff\xc0") + 5
    return data[:at] + struct.pack(">HH", height, width) + data[at + 4 :]


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(png_bomb(30_000, 30_000), id="png"),
        pytest.param(png_bomb(9_500, 9_500), id="png over what is decoded"),
        pytest.param(png_bomb(8_900, 5_000, bits=8, colour=6), id="png with alpha, which takes twice as much"),
        pytest.param(png_bomb(8_900, 4_000, bits=16, colour=0), id="png of 16 bits"),
        pytest.param(encoded(Image.new("L", (9_000, 9_000)), "JPEG", progressive=True), id="progressive jpeg"),
        pytest.param(with_size(encoded(quarters(), "JPEG"), 60_000, 60_000), id="jpeg"),
        pytest.param(b"BM" + struct.pack("<4I2i2H6I", 100, 0, 54, 40, 40_000, 40_000, 1, 24, *[0] * 6), id="bmp"),
    ],
)
def test_a_decompression_bomb_is_refused_by_its_header(data):
    """Kilobytes that would fill gigabytes; the proof in tests/proof measures that they do not."""
    assert "too many pixels" in refusal(data)


def test_the_refusal_names_the_size():
    """Who reads it knows which image, how large it is and what to do."""
    assert refusal(png_bomb(9_500, 9_500)) == (
        "given has too many pixels to be decoded here (9500x9500 take 361 MB, and 200 are the most): make it smaller"
    )


def test_what_the_api_takes_and_cannot_be_decoded_here_goes_as_it_is():
    """The service scales it down itself; only one that would lie on its side is refused."""
    image = Image.new("RGB", (6_000, 5_500), "red")
    data = encoded(image, "JPEG", progressive=True)
    assert sent_bytes(fit(data, Limits())) == data
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    assert "6000x5500" in refusal(encoded(image, "JPEG", progressive=True, exif=exif))


def test_a_large_jpeg_is_no_bomb():
    """Phones make 108 megapixels. A JPEG is decoded at a fraction of its size, so that the memory is there."""
    data = encoded(Image.new("L", (12_000, 9_000), 128), "JPEG")
    assert (fit(data, Limits()).width, fit(data, Limits()).height) == (2212, 1659)


def test_a_tiff_of_which_only_a_part_would_be_sent_is_refused():
    """Silence about the other pages would be a lie, and so would a raw file's thumbnail."""
    pages = encoded(quarters(), "TIFF", save_all=True, append_images=[drawing(), drawing()])
    assert "has 3 pages" in refusal(pages)
    raw = TiffImagePlugin.ImageFileDirectory_v2()
    raw[254] = 1
    assert "a camera's raw file" in refusal(encoded(quarters(), "TIFF", tiffinfo=raw))


@pytest.mark.parametrize("kind", [name for name in KINDS if "tiff" in name or name in ("bmp", "heic", "avif")])
def test_half_a_file_is_refused_in_one_line(kind):
    """A broken download of what is converted is seen by the decoder."""
    data = KINDS[kind]()
    assert "given is damaged" in refusal(data[: len(data) // 2])


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(spots=st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), min_size=1, max_size=6))
def test_any_damage_is_refused_or_let_pass_but_never_a_crash(kind, spots, capfd):
    """Nor do the decoders write on standard error, as some of them do."""
    whole = bytearray(KINDS[kind]())
    for at, value in spots:
        whole[at % len(whole)] = value
    try:
        fit(bytes(whole))
    except UsageError as error:
        assert "\n" not in str(error)
    assert capfd.readouterr().err == ""


# --- without the packages: in tests/commands the program runs without them


@pytest.mark.parametrize("module", ["PIL.Image", "PIL.JpegImagePlugin"])
def test_without_pillow_nothing_changes_but_what_has_to_is_refused(monkeypatch, module):
    """None in its place is how Python itself marks a module that is not to be had."""
    monkeypatch.setitem(sys.modules, module, None)
    data = encoded(quarters(), "JPEG")
    assert sent_bytes(fit(data)) == data
    assert "given is 8001x9 pixels, but no side" in refusal(encoded(Image.new("L", (8001, 9)), "JPEG"))


def test_without_pypdf_pages_are_not_counted(monkeypatch):
    monkeypatch.setitem(sys.modules, "pypdf", None)
    assert fit(pdf(12)).pages is None


# --- PDF


def pdf(pages: int = 1, password: str | None = None) -> bytes:
    writer = pypdf.PdfWriter()
    for _ in range(pages):
        writer.add_blank_page(100, 100)
    if password is not None:
        writer.encrypt(password, algorithm="RC4-128")
    stream = io.BytesIO()
    writer.write(stream)
    return stream.getvalue()


@pytest.mark.parametrize("pages", [1, 12, 600])
def test_the_pages_of_a_pdf_are_counted(pages):
    assert fit(pdf(pages)).pages == pages


def test_an_encrypted_pdf_is_named():
    """Also one that opens without a word being asked."""
    for password in ("secret", ""):
        assert "protected by a password or encrypted" in refusal(pdf(password=password))


def test_an_encrypted_pdf_is_named_also_where_its_offsets_are_off():
    """Mail programs and editors shift them; pypdf finds its way nevertheless."""
    data = pdf(password="secret")
    at = data.rindex(b"startxref") + 10
    assert "protected by a password or encrypted" in refusal(data[:at] + b"1\n%%EOF\n")


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"%PDF-1.4\n%%EOF", id="empty"),
        pytest.param(pdf().replace(b"/Count 1", b"/Count x"), id="a count that is none"),
        pytest.param(pdf().replace(b"/Count 1", b"/Kount 1"), id="no count"),
        pytest.param(pdf().replace(b"/Pages", b"/Peges"), id="no pages"),
    ],
)
def test_a_pdf_whose_pages_cannot_be_counted_goes_as_it_is(data, capfd):
    """The API may read what we cannot."""
    assert fit(data).pages is None
    assert capfd.readouterr().err == ""


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(spots=st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), min_size=1, max_size=6))
def test_any_damage_to_a_pdf_is_refused_or_let_pass(spots, capfd):
    whole = bytearray(pdf(3))
    for at, value in spots:
        whole[at % len(whole)] = value
    try:
        fit(bytes(whole))
    except UsageError as error:
        assert "\n" not in str(error)
    assert capfd.readouterr().err == ""

"""Where a body ends: chunked, by length, by the connection's end; every cut, and everything malformed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claude_cli.core.body import BodyDecoder, BodyError

CHUNKED = {"transfer-encoding": "chunked"}


def read(headers: dict[str, str], *pieces: bytes) -> tuple[bytes, bool]:
    """The body in `pieces`, and whether it is over without the connection's end."""
    decoder = BodyDecoder(headers)
    return b"".join(decoder.feed(piece) for piece in pieces), decoder.done


@pytest.mark.parametrize(
    ("wire", "body"),
    [
        pytest.param(b"5\r\nhello\r\n0\r\n\r\n", b"hello", id="one chunk"),
        pytest.param(b"5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n", b"hello world", id="two chunks"),
        pytest.param(b"0\r\n\r\n", b"", id="an empty body"),
        pytest.param(b"A\r\n0123456789\r\n00\r\n\r\n", b"0123456789", id="hexadecimal, zeros in front"),
        pytest.param(b'a;name=value;q="x"\r\n0123456789\r\n0;last\r\n\r\n', b"0123456789", id="extensions"),
        pytest.param(b"5 \r\nhello\r\n0\t\r\n\r\n", b"hello", id="blanks behind the size"),
        pytest.param(b"5\r\nhello\r\n0\r\nExpires: now\r\nX: y\r\n\r\n", b"hello", id="trailers"),
        pytest.param(b"5\nhello\n0\n\n", b"hello", id="bare LF, as some servers write"),
        pytest.param(b"4\r\n\r\n\r\n\r\n0\r\n\r\n", b"\r\n\r\n", id="line ends are data too"),
        pytest.param(b"3\r\n0\r\n\r\n0\r\n\r\n", b"0\r\n", id="data that looks like the end"),
        pytest.param(
            b"5\r\nhello\r\n0\r\n\r\nHTTP/1.1 200 OK\r\n", b"hello", id="bytes after the end are not the body"
        ),
    ],
)
def test_chunks_are_joined_however_they_are_cut(wire, body):
    """Sources: RFC 9112, section 7.1. The network cuts anywhere, also inside a size."""
    assert read(CHUNKED, wire) == (body, True)
    assert read(CHUNKED, *(wire[number : number + 1] for number in range(len(wire)))) == (body, True)
    for cut in range(len(wire) + 1):
        assert read(CHUNKED, wire[:cut], wire[cut:]) == (body, True), cut


@pytest.mark.parametrize(
    "wire",
    [
        pytest.param(b"\r\n", id="empty"),
        pytest.param(b";x=y\r\n", id="an extension alone"),
        pytest.param(b"-1\r\n", id="negative"),
        pytest.param(b"+5\r\nhello\r\n", id="a plus"),
        pytest.param(b"0x1\r\nh\r\n", id="0x"),
        pytest.param(b"1_0\r\n", id="an underscore"),
        pytest.param(b"5 5\r\n", id="two"),
        pytest.param(b"g\r\n", id="no digit"),
        pytest.param("٣\r\n".encode(), id="a digit of another script"),
        pytest.param(b"1" * 17 + b"\r\n", id="huge"),
        pytest.param(b"<html>\r\n", id="a page"),
        pytest.param(b"1\r\nhello\r\n", id="longer than it said"),
        pytest.param(b"5\r\nhello5\r\nworld\r\n", id="no line end behind a chunk"),
        pytest.param(b"5;" + b"x" * 20_000, id="a size line without end"),
        pytest.param(b"0\r\n" + b"x" * 20_000, id="a trailer without end"),
    ],
)
def test_what_is_no_chunk_is_an_error(wire):
    """Guessing would hand framing to the user as if it were the answer."""
    with pytest.raises(BodyError):
        read(CHUNKED, wire)


def test_a_size_line_without_end_is_refused_also_byte_by_byte():
    """What is kept between two reads is bounded."""
    decoder = BodyDecoder(CHUNKED)
    with pytest.raises(BodyError, match="too long"):
        for _ in range(20_000):
            decoder.feed(b"1")


@pytest.mark.parametrize("length", ["11", " 11 ", "11, 11", "11,11,11", "0011"])
def test_a_length_ends_the_body(length):
    """RFC 9110, section 8.6: the same length twice is that length."""
    headers = {"content-length": length}
    assert read(headers, b"hello world") == (b"hello world", True)
    assert read(headers, b"hello", b" world", b"more") == (b"hello world", True)
    assert read(headers, b"hello worldHTTP/1.1") == (b"hello world", True)
    assert read(headers, b"hello") == (b"hello", False)


def test_a_length_of_nothing_is_over_at_once():
    """Waiting for a byte that never comes would hang."""
    assert BodyDecoder({"content-length": "0"}).done


@pytest.mark.parametrize("length", ["-1", "+5", "0x10", "five", "5, 6", "5;5", "٣", "9" * 17, "9" * 5000, "1.0", ", 5"])
def test_a_length_that_is_none_is_an_error(length):
    """Also one of 5,000 digits, which `int` itself refuses."""
    with pytest.raises(BodyError, match="is no length") as caught:
        BodyDecoder({"content-length": length})
    assert len(str(caught.value)) < 100


@pytest.mark.parametrize("coding", ["gzip", "gzip, chunked", "identity", "chunked, chunked"])
def test_another_coding_is_an_error(coding):
    """We ask for none, and showing packed bytes as the answer would be worse."""
    with pytest.raises(BodyError, match="is not understood"):
        BodyDecoder({"transfer-encoding": coding})


def test_chunks_go_before_a_length():
    """RFC 9112, section 6.3."""
    assert read({"transfer-encoding": " Chunked ", "content-length": "3"}, b"5\r\nhello\r\n0\r\n\r\n") == (
        b"hello",
        True,
    )


def test_without_framing_the_connection_ends_the_body():
    """HTTP/1.0 and some local servers do that; every byte is the body's."""
    decoder = BodyDecoder({})
    assert decoder.feed(b"hel") + decoder.feed(b"") + decoder.feed(b"lo") == b"hello"
    assert not decoder.done
    decoder.end()
    assert decoder.done
    assert decoder.feed(b"more") == b""


@pytest.mark.parametrize(
    ("headers", "wire"),
    [
        pytest.param({"content-length": "11"}, b"hello", id="a length"),
        pytest.param(CHUNKED, b"", id="nothing at all"),
        pytest.param(CHUNKED, b"5", id="in a size"),
        pytest.param(CHUNKED, b"5\r\nhel", id="in a chunk"),
        pytest.param(CHUNKED, b"5\r\nhello\r\n", id="between chunks"),
        pytest.param(CHUNKED, b"5\r\nhello\r\n0\r\n", id="before the last line"),
    ],
)
def test_an_early_end_is_an_error(headers, wire):
    """Half an answer must not pass for a whole one."""
    decoder = BodyDecoder(headers)
    decoder.feed(wire)
    with pytest.raises(BodyError, match="in the middle"):
        decoder.end()


@pytest.mark.parametrize(
    ("headers", "wire"),
    [
        pytest.param({"content-length": "5"}, b"hello", id="a length"),
        pytest.param(CHUNKED, b"5\r\nhello\r\n0\r\n\r\n", id="chunks"),
    ],
)
def test_an_end_in_time_is_none(headers, wire):
    """Servers close when they are done."""
    decoder = BodyDecoder(headers)
    decoder.feed(wire)
    decoder.end()
    assert decoder.done


@given(st.lists(st.binary(min_size=1, max_size=40), max_size=8), st.integers(1, 9))
def test_any_chunking_of_any_bytes_decodes_to_them(chunks, step):
    """The rule behind the table."""
    wire = b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\n\r\n"
    pieces = [wire[number : number + step] for number in range(0, len(wire), step)]
    assert read(CHUNKED, *pieces) == (b"".join(chunks), True)


@given(st.binary(max_size=200), st.integers(1, 9))
def test_anything_else_is_an_error_or_a_body_but_no_crash(wire, step):
    """The other end may be anything that listens on a port."""
    decoder = BodyDecoder(CHUNKED)
    try:
        for number in range(0, len(wire), step):
            decoder.feed(wire[number : number + step])
        decoder.end()
    except BodyError:
        return
    assert decoder.done

"""The event-stream decoder: the standard's rules, every cut of a recorded-style stream, and its bounds."""

from __future__ import annotations

import itertools
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from claude_cli.core.events import Event, fold
from claude_cli.core.sse import MAX_EVENT_BYTES, Decoder, EventTooLargeError
from claude_cli.core.wire_response import decode_event

HI = (Path(__file__).with_name("fixtures") / "hi.sse").read_bytes()
NOVA = b'event: nova\ndata: {"type":"nova","brightness":[1,2,3]}\n\n'
SECOND_BLOCK = b"event: content_block_start\ndata: " + b'{"type":"content_block_start","index":1'
LINE_ENDS = [pytest.param(b"\n", id="LF"), pytest.param(b"\r\n", id="CRLF"), pytest.param(b"\r", id="CR")]


def frames(*chunks: bytes) -> list[tuple[bytes, bytes]]:
    decoder = Decoder()
    return [frame for chunk in chunks for frame in decoder.feed(chunk)]


def data(*chunks: bytes) -> list[bytes]:
    return [value for _, value in frames(*chunks)]


def answer(*chunks: bytes) -> tuple[str, int, int, int]:
    decoded = [decode_event(value) for value in data(*chunks)]
    events: list[Event] = [event for event in decoded if event is not None]
    done = fold(events)
    assert done.stop_reason == "end_turn"
    assert done.content[0] == {"type": "thinking", "thinking": "", "signature": "c2ln"}
    return done.text, done.usage.input_tokens, done.usage.output_tokens, done.usage.thinking_tokens


# --- the standard's rules


@pytest.mark.parametrize(
    ("stream", "expected"),
    [
        pytest.param(b"data: This is the first message.\n\n", [(b"", b"This is the first message.")], id="one line"),
        pytest.param(b"data: YHOO\ndata: +2\ndata: 10\n\n", [(b"", b"YHOO\n+2\n10")], id="the standard's stock ticker"),
        pytest.param(
            b": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n\n",
            [(b"", b"first event"), (b"", b"second event"), (b"", b" third event")],
            id="the standard's comment, ids and single blank",
        ),
        pytest.param(b"data\n\ndata\ndata\n\ndata:", [(b"", b""), (b"", b"\n")], id="the standard's empty data lines"),
        pytest.param(b"data:test\n\ndata: test\n\n", [(b"", b"test"), (b"", b"test")], id="the blank is optional"),
        pytest.param(
            b"event: add\ndata: 73857293\n\nevent: remove\ndata: 2153\n\n",
            [(b"add", b"73857293"), (b"remove", b"2153")],
            id="the standard's named events",
        ),
        pytest.param(b"event: a\nevent: b\ndata: x\n\n", [(b"b", b"x")], id="the last name counts"),
        pytest.param(b"event: a\n\ndata: x\n\n", [(b"", b"x")], id="a name without data is dropped, not carried over"),
        pytest.param(b"id: 5\nretry: 10\nnew: thing\ndata: x\n\n", [(b"", b"x")], id="id, retry and others ignored"),
        pytest.param(b":data: x\n:\n: hm\ndata: y\n\n", [(b"", b"y")], id="comments"),
        pytest.param(b" data: x\n\n", [], id="a blank before the field makes it another field"),
        pytest.param(b"DATA: x\n\n", [], id="fields are told apart by case"),
        pytest.param(b"data: a:b: c\n\n", [(b"", b"a:b: c")], id="only the first colon splits"),
        pytest.param(b"data:\tx\n\n", [(b"", b"\tx")], id="a tab is not stripped"),
        pytest.param(b'data: {"a":1}\ndata: {"b":2}\n\n', [(b"", b'{"a":1}\n{"b":2}')], id="JSON over two lines"),
        pytest.param(b"data: x\n", [], id="the last frame wants its blank line"),
        pytest.param(b"data: x\n\ndata: y", [(b"", b"x")], id="half a line at the end is dropped"),
        pytest.param(b"\n\n\n", [], id="blank lines alone"),
        pytest.param(b"", [], id="nothing"),
    ],
)
def test_the_standard(stream, expected):
    """Sources: the examples and the algorithm in "Interpreting an event stream" of the HTML standard."""
    assert frames(stream) == expected


@pytest.mark.parametrize("end", LINE_ENDS)
def test_each_line_end_ends_a_line(end):
    """The standard knows three, and proxies on the way translate one into another."""
    assert frames(b"event: a\ndata: x\n\ndata: y\n\n".replace(b"\n", end)) == [(b"a", b"x"), (b"", b"y")]


def test_line_ends_may_be_mixed():
    """A CRLF is one end, not two: else every frame would be cut in the middle."""
    assert data(b"data: a\r\ndata: b\rdata: c\n\r\ndata: d\r\r") == [b"a\nb\nc", b"d"]


@pytest.mark.parametrize(
    ("chunks", "expected"),
    [
        pytest.param((b"data: a\r", b"\ndata: b\r", b"\n\r", b"\n"), [b"a\nb"], id="every CRLF cut in two"),
        pytest.param((b"data: a\r", b"", b"\n\n"), [b"a"], id="an empty read between CR and LF"),
        pytest.param((b"data: a\r", b"\n", b"\n"), [b"a"], id="the LF alone, then a blank line"),
        pytest.param((b"data: a\r", b"\r"), [b"a"], id="two CRs are two ends"),
    ],
)
def test_a_crlf_cut_in_two_is_one_line_end(chunks, expected):
    """The LF may come with the next read, and must not be taken for a blank line then."""
    assert data(*chunks) == expected


@pytest.mark.parametrize(
    ("chunks", "expected"),
    [
        pytest.param((b"\xef\xbb\xbfdata: x\n\n",), [b"x"], id="whole"),
        pytest.param((b"\xef", b"\xbb", b"\xbf", b"data: x\n\n"), [b"x"], id="byte by byte"),
        pytest.param((b"\xef\xbb", b"\xbfdata: x\n\n"), [b"x"], id="cut"),
        pytest.param((b"", b"\xef\xbb\xbfdata: x\n\n"), [b"x"], id="after an empty read"),
        pytest.param((b"\xef\xbb\xbf\xef\xbb\xbfdata: x\n\n",), [], id="only one is taken off"),
        pytest.param((b"data: x\n\n\xef\xbb\xbfdata: y\n\n",), [b"x"], id="only at the start"),
        pytest.param((b"\xef\xbbdata: x\n\n",), [], id="half of one is text"),
        pytest.param((b"data: \xef\xbb\xbf\n\n",), [b"\xef\xbb\xbf"], id="inside the data it stays"),
    ],
)
def test_one_byte_order_mark_at_the_start_is_ignored(chunks, expected):
    """The standard strips one; left in, it would make the first field an unknown one."""
    assert data(*chunks) == expected


@pytest.mark.parametrize("character", ["\u2028", "\u2029", "\u0085", "\x0b", "\x0c", "\x1c", "\x00"])
def test_other_line_separators_are_ordinary_characters(character):
    """`str.splitlines` would cut JSON strings at each of these, and the answer would be lost."""
    text = f'data: {{"text":"a{character}b"}}\n\n'.encode()
    assert data(text) == [f'{{"text":"a{character}b"}}'.encode()]


# --- however it is cut


@pytest.mark.parametrize("end", LINE_ENDS)
@pytest.mark.parametrize(
    "stream",
    [
        pytest.param(HI, id="as it is"),
        pytest.param(b": ok\n\n" + HI, id="a comment first"),
        pytest.param(HI.replace(SECOND_BLOCK, NOVA + SECOND_BLOCK), id="an unknown event between the blocks"),
        pytest.param(b"\xef\xbb\xbf" + HI, id="a mark first"),
    ],
)
def test_a_whole_answer_cut_at_every_byte(stream, end):
    """A network cuts where it likes: the words and the counts must not depend on it."""
    stream = stream.replace(b"\n", end)
    expected = ("Hi", 12, 9, 5)
    assert answer(stream) == expected
    assert answer(*(stream[number : number + 1] for number in range(len(stream)))) == expected
    for cut in range(len(stream) + 1):
        assert answer(stream[:cut], stream[cut:]) == expected, cut


def test_a_whole_answer_in_small_pieces():
    """Seven bytes at a time, as the official client was probed."""
    assert answer(*(HI[number : number + 7] for number in range(0, len(HI), 7))) == ("Hi", 12, 9, 5)


PIECES = [b"data", b":", b" ", b"\n", b"\r", b"\r\n", b"event", b"x", b"\xef\xbb\xbf", b"\xc3\xbc", b"\n\n"]


@given(st.lists(st.sampled_from(PIECES), max_size=40).map(b"".join), st.lists(st.integers(0, 200), max_size=8))
@example(b"\xef\xbb\xbfdata:x\r\n\r\n", [1, 2, 12, 13])
def test_any_cut_of_any_stream_gives_the_same(stream, cuts):
    """The rule behind all the cases above."""
    places = [0, *sorted(cut for cut in cuts if cut < len(stream)), len(stream)]
    pieces = [stream[start:stop] for start, stop in itertools.pairwise(places)]
    assert frames(*pieces) == frames(stream)


@given(st.lists(st.binary(max_size=30).filter(lambda value: not {10, 13} & set(value)), min_size=1, max_size=6))
def test_what_is_written_is_read(lines):
    """Any bytes but the line ends survive."""
    assert data(b"".join(b"data: " + line + b"\n" for line in lines) + b"\n") == [b"\n".join(lines)]


# --- bounds


def test_a_line_of_100_mb_is_refused_early_and_cheaply():
    """A server must not fill our memory: the bound is met after 16 MB, and little more is ever held."""
    decoder, piece, fed = Decoder(), b"x" * 65_536, 0
    tracemalloc.start()
    try:
        with pytest.raises(EventTooLargeError, match="16,777,216 bytes"):
            while fed < 100_000_000:
                fed += len(piece)
                decoder.feed(b"data: " + piece if fed == len(piece) else piece)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert fed <= MAX_EVENT_BYTES + len(piece)
    assert peak < 3 * MAX_EVENT_BYTES


@pytest.mark.parametrize(
    "chunks",
    [
        pytest.param([b"data: " + b"x" * 200 + b"\n"], id="one whole line"),
        pytest.param([b"data: " + b"x" * 40 + b"\n"] * 3, id="many lines"),
        pytest.param([b"data: " + b"x" * 60 + b"\n", b"data: " + b"x" * 60], id="a line and a half"),
        pytest.param([b"data:\n"] * 200, id="empty lines without end"),
        pytest.param([b": " + b"x" * 50] * 3, id="an endless comment"),
        pytest.param([b"event: " + b"x" * 200], id="an endless name"),
        pytest.param([b"x"] * 200, id="byte by byte"),
    ],
)
def test_an_event_is_bounded_in_every_shape(chunks):
    """Whatever is kept until the event is complete counts."""
    decoder = Decoder(max_event_bytes=100)
    with pytest.raises(EventTooLargeError):
        for chunk in chunks:
            decoder.feed(chunk)


def test_the_bound_is_for_one_event_not_for_the_stream():
    """A long answer is many events."""
    decoder = Decoder(max_event_bytes=100)
    for _ in range(50):
        assert decoder.feed(b"data: " + b"x" * 90 + b"\n\n") == [(b"", b"x" * 90)]

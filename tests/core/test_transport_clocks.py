"""Time over real sockets: each clock with the others far away. What waits here waits for hundredths of a second."""

from __future__ import annotations

import socket
import time

import pytest

from claude_cli.core.connection import Timeouts
from claude_cli.core.errors import TimedOutError

from ..loopback import EVENTS, REQUEST_ID, TEXT, WAIT_S, error_response, frames, head, response

SOON = 0.04
FAR = {"connect": WAIT_S, "first_byte": WAIT_S, "idle": WAIT_S, "pings_only": WAIT_S}
PING = frames([{"type": "ping"}])


def limits(**near: float) -> Timeouts:
    """The named clocks near, the others far."""
    return Timeouts(**{**FAR, **near})


def silent(peer):
    peer.request()
    peer.wait()


def silent_in_the_head(peer):
    peer.answer(head(200)[:20])
    peer.wait()


def endless_hints(peer):
    peer.request()
    while not peer.server.stopping.is_set():
        peer.send(b"HTTP/1.1 103 Early Hints\r\n\r\n")
        peer.pause(0.005)


def silent_in_the_body(peer):
    peer.answer(head(200) + frames(EVENTS[:4]))
    peer.wait()


def endless_pings(peer):
    peer.answer(head(200) + frames(EVENTS[:1]))
    while not peer.server.stopping.is_set():
        peer.send(PING)
        peer.pause(0.005)


def flood_of_pings(peer):
    peer.answer(head(200) + frames(EVENTS[:1]))
    while not peer.server.stopping.is_set():
        peer.send(PING * 50)


def flood_of_text(peer):
    peer.answer(head(200) + frames(EVENTS[:3]))
    while not peer.server.stopping.is_set():
        peer.send(frames([{"type": "content_block_delta", "index": 1, "delta": {"type": "text_delta", "text": "x"}}]))


@pytest.mark.parametrize(
    ("play", "near", "words", "text", "request_id"),
    [
        pytest.param(silent, {"first_byte": SOON}, "no answer came within 0.04 s", "", None, id="no head"),
        pytest.param(silent_in_the_head, {"first_byte": SOON}, "no answer came", "", None, id="half a head"),
        pytest.param(endless_hints, {"first_byte": SOON}, "no answer came", "", None, id="1xx without end"),
        pytest.param(
            silent_in_the_body, {"idle": SOON}, "fell silent for 0.04 s", "Grüß ", REQUEST_ID, id="silence"
        ),
        pytest.param(
            endless_pings, {"pings_only": SOON}, "nothing but pings or drops of an answer", "", REQUEST_ID, id="pings"
        ),
        pytest.param(
            flood_of_pings, {"pings_only": SOON}, "nothing but pings", "", REQUEST_ID, id="pings without a pause"
        ),
    ],
)  # fmt: skip
def test_a_clock_runs_out(driver, serve, play, near, words, text, request_id):
    """It is a timeout that may be tried again, it names its clock, and the server sees that we are gone."""
    server = serve(play)
    start = time.monotonic()

    answer = driver.ask(server.url, timeouts=limits(**near))

    assert isinstance(answer.error, TimedOutError)
    assert words in str(answer.error)
    assert answer.error.retryable
    assert answer.error.request_id == request_id
    assert answer.text == text
    assert time.monotonic() - start < WAIT_S / 2


@pytest.mark.parametrize(
    "play",
    [silent, silent_in_the_head, endless_hints, silent_in_the_body, endless_pings, flood_of_pings, flood_of_text],
    ids=lambda play: play.__name__,
)
def test_the_deadline_of_the_call_ends_it_anywhere(driver, serve, play):
    """`--timeout` is the whole call, wherever it stands; another try would have no time."""
    error = driver.ask(serve(play).url, timeouts=limits(), deadline_s=SOON).error
    assert isinstance(error, TimedOutError)
    assert "--timeout" in str(error)
    assert not error.retryable


def test_a_slow_first_byte_is_waited_for(driver, serve):
    """A long prompt takes its time; silence before the head is not silence in the answer."""

    def play(peer):
        peer.request()
        peer.pause(2 * SOON)
        peer.send(response())

    assert driver.ask(serve(play).url, timeouts=limits(idle=SOON)).text == TEXT


def test_pings_keep_an_answer_alive(driver, serve):
    """A model may think for minutes: pings are sound."""

    def play(peer):
        peer.answer(head(200) + frames(EVENTS[:3]))
        for _ in range(20):
            peer.pause(0.01)
            peer.send(PING)
        peer.send(frames(EVENTS[3:]))

    answer = driver.ask(serve(play).url, timeouts=limits(idle=0.15))
    assert (answer.error, answer.text) == (None, TEXT)


def test_the_error_page_that_never_ends_costs_no_answer(driver, serve):
    """The status is known; what stays away of its page is not waited for longer than silence may last."""

    def play(peer):
        peer.answer(error_response(529, "overloaded_error")[:-10])
        peer.wait()

    error = driver.ask(serve(play).url, timeouts=limits(idle=SOON)).error
    assert (error.code, error.request_id) == ("overloaded", REQUEST_ID)


def test_an_answer_that_is_read_slowly_does_not_run_out_of_time(driver, serve):
    """Who stops the output with Ctrl-S has not made the provider silent: only waiting for it counts."""

    def play(peer):
        for number, event in enumerate(EVENTS):
            peer.answer(head(200)) if number == 0 else None
            peer.send(frames([event]))
            peer.pause(0.01)

    def slowly(*_):
        time.sleep(2 * SOON)

    answer = driver.ask(serve(play).url, timeouts=limits(pings_only=SOON + 0.02, idle=SOON), on_events=slowly)
    assert (answer.error, answer.text) == (None, TEXT)


# ------------------------------------------------------------------------------------------------ connecting
@pytest.fixture
def full_port():
    """A port whose queue of connections is full: the next one is left waiting."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        waiting = [socket.socket() for _ in range(8)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]
        for one in waiting:
            one.close()


def test_a_connection_that_is_not_taken(driver, full_port):
    """Ten seconds by default, and the address in the message."""
    error = driver.ask(f"http://127.0.0.1:{full_port}", timeouts=limits(connect=SOON)).error
    assert isinstance(error, TimedOutError)
    assert f"no connection to 127.0.0.1:{full_port}" in str(error)
    assert error.retryable


def test_a_tls_handshake_that_is_not_answered(driver, serve):
    """It belongs to connecting."""
    server = serve(lambda peer: peer.wait())
    error = driver.ask(f"https://localhost:{server.port}", timeouts=limits(connect=SOON)).error
    assert isinstance(error, TimedOutError)
    assert f"no connection to localhost:{server.port}" in str(error)


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_the_deadline_of_the_call_ends_also_connecting(driver, serve, full_port, scheme):
    """In the midst of a handshake too, and then it says that it was the deadline."""
    port = full_port if scheme == "http" else serve(lambda peer: peer.wait()).port
    error = driver.ask(f"{scheme}://localhost:{port}", timeouts=limits(), deadline_s=SOON).error
    assert isinstance(error, TimedOutError)
    assert "--timeout" in str(error)
    assert not error.retryable

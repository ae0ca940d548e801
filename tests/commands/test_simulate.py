"""`claude-cli simulate`: the simulator as a server, for rehearsing scripts."""

from __future__ import annotations

import signal
import socket

import pytest


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["Ctrl-C", "SIGTERM"])
def test_it_prints_its_address_answers_and_leaves(claude, number, status):
    """The address alone on standard output, so that a script can read it; a signal ends it without a word."""
    (claude.folder / "script.json").write_text('[{"say": "scripted"}, {"status": 529, "should_retry": false}]')
    running = claude.start("simulate", "--script", "script.json")
    running.out.wait_for(b"\n")
    claude.url = running.out.data.decode().strip()
    assert claude.url.startswith("http://127.0.0.1:")
    assert claude("complete", "hi").out == "scripted\n"
    claude("complete", "hi").failed(5)
    running.signal(number)
    done = running.wait()
    assert (done.status, done.out) == (status, claude.url + "\n")
    assert done.lines == [
        f"simulating; try: ANTHROPIC_BASE_URL={claude.url} ANTHROPIC_API_KEY=any claude-cli complete hi"
    ]


def test_a_port_of_ones_own(claude):
    """`--port` is taken as given; one that is in use or none at all is status 2."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        taken.listen()
        claude("simulate", "--port", str(port)).failed(2, f"port {port} cannot be opened: Address already in use")
    running = claude.start("simulate", "--port", str(port), "--bare-models")
    running.out.wait_for(f"http://127.0.0.1:{port}\n".encode())
    running.signal(signal.SIGINT)
    assert running.wait().status == 130
    claude("simulate", "--port", "65536").failed(2, "--port")


def test_limits_are_enforced_where_they_are_set(claude):
    """The first answer leaves a debt of many minutes; whoever asks next is told which limit that is."""
    flags = ("--requests-per-minute", "60", "--input-tokens-per-minute", "9000", "--output-tokens-per-minute", "1")
    running = claude.start("simulate", *flags, "--burst", "30")
    running.out.wait_for(b"\n")
    claude.url = running.out.data.decode().strip()
    assert claude("complete", "hi").status == 0
    claude("complete", "hi").failed(5, "rate limit of 1 output tokens per minute")
    running.signal(signal.SIGINT)
    assert running.wait().status == 130
    claude("simulate", "--requests-per-minute", "0").failed(2, "--requests-per-minute")
    claude("simulate", "--burst", "61").failed(2, "--burst")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param(None, "No such file", id="missing"),
        pytest.param("{", "script.json", id="no JSON"),
        pytest.param("{}", "a list of steps is wanted", id="no list"),
        pytest.param('[{"sya": "x"}]', "step 1: unknown key 'sya'", id="unknown key"),
        pytest.param('[{"status": 99}]', "step 1: 'status' must be", id="wrong value"),
    ],
)
def test_a_script_of_no_use(claude, text, said):
    """Status 2 and what is wrong with it."""
    if text is not None:
        (claude.folder / "script.json").write_text(text)
    claude("simulate", "--script", "script.json").failed(2, said)

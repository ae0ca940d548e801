"""A batch under way on a terminal and in pipes: its progress, Ctrl-C and signals at any moment, a closed pipe."""

from __future__ import annotations

import os
import select
import signal

import pytest

from ..schemas import check
from ..screens import Screen
from .batches import read, rows, write
from .conftest import WAIT_S

RUN = ("batch", "run", "in.jsonl", "-o", "out.jsonl")
SLOW = {"say": "fine", "delay_s": 0.2, "times": "always"}
NEVER = {"say": "first words, and the rest", "stall_after": 5, "times": "always"}
FINE = {"say": "fine", "times": "always"}
BOTH = [pytest.param(80, id="80 columns"), pytest.param(40, id="40 columns")]


def asked(simulator):
    """How many rows were asked."""
    return len([each for each in simulator.requests if each.path == "/v1/messages"])


# ------------------------------------------------------------------------------------------------ the terminal
@pytest.mark.parametrize("columns", BOTH)
def test_the_progress_is_seen_and_goes_without_a_trace(claude, simulate, columns):
    """Two lines that stay in their place while it runs; at the end the report, and nothing of them."""
    simulate({"status": 400, "message": "no such thing"}, SLOW)
    write(claude, *rows(*"abcdefghijklmnop"))
    running = claude.start(*RUN, "-j", "4", stdin="tty", tty=(columns, 24))

    def seen(data: bytes) -> bool:
        shown = Screen.of(data, columns).lines
        return any("/16 ·" in line for line in shown) and any("under way" in line for line in shown)

    running.out.wait_until(seen)
    running.out.wait_until(lambda data: b"rows/s" in data)
    assert not running.echo
    done = running.wait()
    shown = Screen.of(done.out_bytes, columns)
    text = "\n".join(shown.lines)
    assert done.status == 11 and done.echo and shown.cursor_shown
    assert "left" not in text and "under way" not in text and "━" not in text
    assert "16 rows: 15 done, 1 failed" in text and "invalid_request" in text and "$0" in text
    assert any(line.startswith("time for a row: ") for line in shown.lines)
    assert " ".join(text.split("claude-cli: ")[-1].split()) == "--retry-failed asks the failed ones again"


@pytest.mark.parametrize("columns", BOTH)
def test_the_input_is_seen_to_be_read(claude, simulate, columns):
    """A large one takes a while, in which nothing is asked."""
    simulate(FINE)
    write(claude, *rows(*["a long story"] * 1500), {"prompt": ""})
    done = claude(*RUN, stdin="tty", tty=(columns, 24))
    assert b"reading in.jsonl \xc2\xb7 " in done.out_bytes and done.status == 2
    assert "reading" not in "\n".join(Screen.of(done.out_bytes, columns).lines)


@pytest.mark.parametrize(
    ("words", "env"),
    [
        pytest.param([], {"TERM": "dumb"}, id="a dumb terminal"),
        pytest.param([], {"CLAUDE_CLI_SCREEN_READER": "true"}, id="a screen reader"),
    ],
)
def test_where_nothing_is_drawn_twice(claude, simulate, words, env):
    """The lines before and after are there all the same, without any escape sequence."""
    simulate(FINE)
    write(claude, *rows("one", "two"))
    done = claude(*RUN, *words, stdin="tty", tty=(80, 24), **env)
    assert done.status == 0 and b"\x1b" not in done.out_bytes and "2 rows: 2 done" in done.out


def test_without_colour_it_moves_all_the_same(claude, simulate):
    """NO_COLOR is about colours."""
    simulate(SLOW)
    write(claude, *rows("one", "two"))
    done = claude(*RUN, stdin="tty", tty=(80, 24), NO_COLOR="1")
    assert done.status == 0 and "under way" in done.out and "\x1b[K" in done.out
    assert "\x1b[2m" not in done.out and "\x1b[36m" not in done.out


def test_rows_on_a_terminal_are_their_own_progress(claude, simulate):
    """And what the model says cannot move the cursor there."""
    simulate({"say": "\x1b[2Jfine\x07", "times": "always"})
    write(claude, *rows("one", "two"))
    done = claude("batch", "run", "in.jsonl", stdin="tty", tty=(200, 24))
    assert done.status == 0 and "under way" not in done.out
    assert done.out.count('"status":"done"') == 2 and "\x1b[2J" not in done.out and "2 rows: 2 done" in done.out


@pytest.mark.parametrize(
    ("shell", "moves"),
    [
        pytest.param('"$@" | cat', False, id="a pipe whose reader has the terminal"),
        pytest.param('"$@" > out.jsonl', True, id="a file"),
        pytest.param('"$@" > /dev/null', True, id="nobody"),
    ],
)
def test_nothing_is_drawn_over_what_another_prints(claude, simulate, shell, moves):
    """Without `-o` lines move only where the rows go into a file: `| jq` prints on the same terminal."""
    simulate(SLOW)
    write(claude, *rows("one", "two", "three"))
    done = claude("batch", "run", "in.jsonl", "-j", "1", stdin="tty", tty=(400, 24), shell=shell)
    assert done.status == 0 and ("\x1b[K" in done.out, "under way" in done.out) == (moves, moves)
    shown = "\n".join(Screen.of(done.out_bytes, 400).lines)
    assert shown.count('"status":"done"') == (0 if moves else 3) and "3 rows: 3 done" in shown


def test_q_says_nothing(claude, simulate):
    """Not on a terminal either."""
    simulate(FINE)
    write(claude, *rows("one", "two"))
    done = claude(*RUN, "-q", stdin="tty", tty=(80, 24))
    assert (done.status, done.out) == (0, "")


# ------------------------------------------------------------------------------------------------ signals
def test_ctrl_c_lets_rows_under_way_end(claude, simulate):
    """They are paid for; the next run goes on behind them."""
    simulator = simulate(SLOW)
    write(claude, *rows(*"abcdefghijkl"))
    running = claude.start(*RUN, "-j", "3", stdin="tty", tty=(80, 24))
    running.out.wait_for(b"3/12")
    running.press(b"\x03")
    done = running.wait()
    text = "\n".join(Screen.of(done.out_bytes).lines)
    assert done.status == 130 and done.echo
    assert "finishing 3 rows under way; Ctrl-C again stops now" in text
    assert "stopped by Ctrl-C; the same command goes on" in text and "under way ·" not in text
    assert not any(each.aborted for each in simulator.requests)
    before = asked(simulator)
    assert before < 12 and claude(*RUN).status == 0
    assert asked(simulator) == 12 and len(read(claude)) == 12


def test_ctrl_c_twice_stops_now(claude, simulate):
    """Rows under way are given up and stay open; the provider is told at once."""
    simulator = simulate({"say": "fine"}, NEVER)
    write(claude, *rows(*"abcdefghijkl"))
    running = claude.start(*RUN, "-j", "3", "--stream", stdin="tty", tty=(80, 24))
    running.out.wait_for(b"1/12")
    running.press(b"\x03")
    running.out.wait_for(b"again stops now")
    running.press(b"\x03")
    done = running.wait()
    assert done.status == 130 and "Traceback" not in done.out and "11 open" in done.out
    simulator.settled()
    assert sum(each.aborted for each in simulator.requests) == 3
    simulate(FINE)
    assert claude(*RUN).status == 0 and len(read(claude)) == 12


@pytest.mark.parametrize(
    ("number", "status"),
    [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)],
    ids=lambda each: str(each),
)
def test_each_signal_has_its_status(claude, simulate, number, status):
    """As once Ctrl-C; nothing is said where nobody watches, and the report for machines is whole."""
    simulator = simulate(SLOW)
    write(claude, *rows(*"abcdefghijkl"))
    running = claude.start(*RUN, "-j", "2", "--json")
    simulator_has(simulator, 3)
    running.signal(number)
    done = running.wait()
    check(done.json, "batch-report")
    assert (done.status, done.err, done.json["exit_status"]) == (status, "", status)
    assert done.json["stopped"] == ("interrupted" if number == signal.SIGINT else "terminated")
    assert done.json["rows"]["open"] == 12 - asked(simulator) and done.json["output"] is None


def simulator_has(simulator, count):
    """Wait until so many rows have been asked."""
    import time

    end = time.monotonic() + 20
    while asked(simulator) < count:
        assert time.monotonic() < end
        time.sleep(0.01)


def test_a_signal_before_the_first_answer(claude, simulate):
    """The row that never ends is given up by the second."""
    simulator = simulate(NEVER)
    write(claude, *rows("one"))
    running = claude.start(*RUN, "-v", "--stream")
    simulator_has(simulator, 1)
    running.signal(signal.SIGTERM)
    running.err.wait_for(b"finishing 1 row under way; a second signal stops now")
    running.signal(signal.SIGTERM)
    done = running.wait()
    assert (done.status, done.out) == (143, "") and "1 row: 1 open" in done.err
    assert [path.name for path in claude.folder.glob("out*")] == ["out.jsonl.journal"]  # it was paid for: that is noted


@pytest.mark.parametrize("delay_ms", [0, 120, 240, 360])
def test_a_signal_at_any_moment_tears_nothing(claude, simulate, delay_ms):
    """While it loads, reads, asks or ends: no traceback, a status that says so, and the next run goes on."""
    simulate({"say": "fine", "delay_s": 0.05, "times": "always"})
    write(claude, *rows(*["a story"] * 40))
    done = claude(*RUN, shell=f'"$@" & sleep {delay_ms / 1000}; kill -TERM $!; wait $!')
    assert done.status in (0, 143) and "Traceback" not in done.err and "unexpected" not in done.err
    assert claude(*RUN).status == 0 and len(read(claude)) == 40


def test_ctrl_c_while_the_input_comes(claude, simulator):
    """Nothing has been sent, and no file was made."""
    running = claude.start("batch", "run", "-", "-o", "out.jsonl", stdin="idle", tty=(80, 24))
    running.type(b'{"prompt": "one"}\n')
    running.out.wait_for("reading standard input · 0 rows".encode())
    running.signal(signal.SIGINT)
    done = running.wait()
    assert done.status == 130 and simulator.requests == [] and not list(claude.folder.glob("out*"))


def test_nobody_reads_what_is_printed(claude, simulate):
    """A pager that waits for its user, say: the batch waits for it, and the third signal gets through all the same."""
    simulate({"say": "a long answer " * 5_500, "times": "always"})  # more than a pipe holds
    write(claude, *rows("one", "two", "three"))
    reading, writing = os.pipe()
    running = claude.start("batch", "run", "in.jsonl", "--max-tokens", "21000", out=writing)
    assert select.select([reading], [], [], WAIT_S)[0]  # it has begun to print, and can never end
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        running.signal(number)
    done = running.wait()
    os.close(reading)
    os.close(writing)
    assert done.status in (130, 143, 129) and done.err == ""


def test_a_closed_pipe_ends_it_silently(claude, simulate):
    """`| head -1`: status 141, and nothing more is paid for."""
    simulator = simulate({"say": "fine", "times": 4}, SLOW)
    write(claude, *rows(*["a story"] * 40))
    shell = '{ "$@"; echo "status $?" >&2; } | head -c 9'
    done = claude("batch", "run", "in.jsonl", "-j", "4", shell=shell)
    assert done.err == "status 141\n" and len(done.out) == 9
    assert asked(simulator) < 40

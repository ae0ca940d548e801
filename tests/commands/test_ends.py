"""Ends that nobody planned: closed pipes, Ctrl-C, SIGTERM, full disks, closed streams, poor locales."""

from __future__ import annotations

import json
import re
import shlex
import signal
import subprocess
import sys
import time

import pexpect
import pytest

STALLED = {"say": "first words, and the rest", "stall_after": 8, "times": "always"}


def test_a_closed_pipe_ends_it_silently(claude, simulate):
    """`| head -1`: status 141, no word on standard error, and the provider is told to stop at once."""
    simulator = simulate({"flood": 1_000_000})
    done = claude("complete", "hi", shell='{ "$@"; echo "status $?" >&2; } | head -c 9')
    assert len(done.out) == 9
    assert done.err == "status 141\n"
    simulator.settled()
    assert simulator.requests[0].aborted


def test_help_into_a_closed_pipe(claude):
    """Also what is no answer ends silently."""
    for words in (["--help"], ["models"], ["--version"]):
        done = claude(*words, shell='{ sleep 0.1; "$@"; echo "status $?" >&2; } | true')
        assert done.err == "status 141\n"


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["Ctrl-C", "SIGTERM"])
def test_a_signal_keeps_what_came(claude, simulate, number, status):
    """The partial stays with a final newline, the connection is closed, the status is the shell's word for it."""
    simulator = simulate(STALLED)
    running = claude.start("complete", "hi")
    running.out.wait_for(b"first words")
    running.signal(number)
    done = running.wait()
    assert (done.status, done.out, done.err) == (status, "first words,\n", "")
    simulator.settled()
    assert simulator.requests[0].aborted


def test_ctrl_c_ends_a_shells_loop_too(claude, simulate):
    """A shell goes on after a program that took Ctrl-C for itself, and the next call would be sent and paid for."""
    simulator = simulate(STALLED)
    loop = f"for _ in 1 2 3; do {shlex.quote(sys.executable)} -m claude_cli complete hi; echo went on; done"
    shell = pexpect.spawn("bash", ["-c", loop], env=claude.environment({}), cwd=claude.folder, timeout=20)
    shell.expect("first words")
    shell.sendintr()
    shell.expect(pexpect.EOF)
    shell.wait()
    assert b"went on" not in shell.before and shell.signalstatus == signal.SIGINT
    assert len(simulator.requests) == 1


@pytest.mark.parametrize("words", [["--json"], ["--format", "jsonl"], ["--no-stream"]], ids=lambda words: words[-1])
def test_a_signal_keeps_what_was_held_back(claude, simulate, until, words):
    """What was paid for is in `text`, or printed after all, though it was to be shown only at the end."""
    simulate(STALLED)
    running = claude.start("complete", "hi", "-vv", *words)
    until(lambda: sum(map(int, re.findall(rb'"events": (\d+)', running.err.data))) == STALLED["stall_after"])
    running.signal(signal.SIGINT)
    done = running.wait()
    assert done.status == 130 and "Traceback" not in done.err
    if words == ["--no-stream"]:
        assert done.out == "first words,\n"
    else:
        last = json.loads(done.out.splitlines()[-1])
        assert (last["text"], last["error"]["code"]) == ("first words,", "stopped")
        paid = last["usage"]["input_tokens"] * 2 + last["usage"]["output_tokens"] * 10
        assert last["usage"]["output_tokens"] == 5 and last["cost_usd"] == paid / 1e6  # 12 characters, by our estimate


def test_ctrl_c_while_waiting_for_input(claude, simulator):
    """Before anything was sent it just ends."""
    running = claude.start("complete", stdin="idle", err="terminal")
    time.sleep(0.3)
    running.signal(signal.SIGINT)
    done = running.wait()
    assert (done.status, done.out, done.err) == (130, "", "")
    assert simulator.requests == []


def test_two_signals_are_as_good_as_one(claude, simulate):
    """Who presses twice wants it to end, not to read a traceback."""
    simulate(STALLED)
    running = claude.start("complete", "hi")
    running.out.wait_for(b"first")
    for _ in range(3):
        running.signal(signal.SIGINT)
    done = running.wait()
    assert done.status == 130 and done.err == ""


def test_a_signal_while_it_still_loads(claude):
    """No traceback of imports."""
    for delay in ("0.05", "0.08", "0.12"):
        done = claude("complete", "hi", "--offline", shell=f'"$@" & sleep {delay}; kill -TERM $!; wait $!')
        assert done.status in (0, 143) and "Traceback" not in done.err


SIGNALS_AT_ONCE = """
import os, signal, sys
from claude_cli.__main__ import run
moment, sys.argv = sys.argv[1], ["claude-cli", "complete", "hi", "--offline"]
ALL = {signal.SIGTERM} if moment == "cached_property.__set_name__" else {signal.SIGHUP, signal.SIGINT, signal.SIGTERM}
def called(frame, event, argument):
    if event == "call" and frame.f_code.co_qualname == moment:
        sys.setprofile(None)
        signal.pthread_sigmask(signal.SIG_BLOCK, ALL)
        for number in ALL:
            os.kill(os.getpid(), number)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, ALL)  # now all of them have come
sys.setprofile(called)
run()
"""


@pytest.mark.parametrize("moment", ["main", "_run", "_leave", "cached_property.__set_name__"])
def test_signals_that_come_together_while_it_loads_or_leaves(claude, moment):
    """A shutdown and a terminal that goes send what they have: however many come at once, none is a traceback.

    Nor is one that comes while a class is made, where Python 3.11 wraps what is raised.
    """
    words = [sys.executable, "-c", SIGNALS_AT_ONCE, moment]
    done = subprocess.run(words, env=claude.environment({}), capture_output=True, cwd=claude.folder, timeout=20)
    assert done.returncode in (129, 130, 143) and b"Traceback" not in done.stderr, done


def test_a_poor_locale_loses_no_letter_on_a_pipe(claude, simulate):
    """LC_ALL=C and an ASCII PYTHONIOENCODING: a pipe gets UTF-8 all the same, standard error escapes, nothing fails."""
    simulate({"say": "Grüße — 日本 🎉", "times": 3}, {"status": 400, "message": "schöner Fehler"})
    poor = {"LC_ALL": "C", "LANG": None, "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": "ascii"}
    for env in (poor, {**poor, "PYTHONIOENCODING": "latin-1"}):
        assert claude("complete", "Grüße", **env).out == "Grüße — 日本 🎉\n"
    assert claude("complete", "hi", out="terminal", **poor).out == "Gr??e ? ?? ?\n"
    claude("complete", "hi", **poor).failed(4, "sch\\xf6ner Fehler")


def test_a_closed_standard_output_is_refused_before_anything_is_sent(claude, simulator):
    """An answer that cannot be printed is not paid for; and its number must not go to another file."""
    for words in (["complete", "hi"], ["complete", "hi", "--json"], ["models"], ["health"], ["--help"]):
        claude(*words, shell='"$@" >&-').failed(1, "standard output is closed")
    assert claude("--version", shell='"$@" >&-').status == 1
    assert simulator.requests == []


def test_a_full_disk_is_status_1(claude, simulator):
    """The line says so, and what was to be printed last is not lost in silence."""
    for words in (["complete", "hi"], ["complete", "hi", "--json"], ["models"], ["--help"], ["--version"]):
        claude(*words, shell='"$@" >/dev/full').failed(1, "cannot be written", "No space left")
    claude("complete", "--nope", "--json", shell='"$@" >/dev/full').failed(1, "No space left")


def test_a_lost_standard_error_is_no_failure(claude, simulate):
    """The answer matters more than what is said beside it; a closed one is not mistaken for the connection."""
    simulator = simulate(*[{"say": "fine"}] * 2, {"status": 400, "times": "always"})
    for shell in ('"$@" 2>&-', '"$@" 2>/dev/full'):
        done = claude("complete", "hi", "-v", "-u", "--temperature", "1", shell=shell)
        assert (done.status, done.out, done.err) == (0, "fine\n", "")
    for shell in ('"$@" 2>&-', '"$@" 2>/dev/full', '"$@" <&- 2>&-'):
        assert claude("complete", "hi", shell=shell).status == 4
    assert claude("complete", "hi", shell='"$@" <&- >&- 2>&-').status == 1
    assert len(simulator.requests) == 5


def test_under_cron(claude, simulator):
    """No terminal anywhere, standard input the null device, next to no environment: the answer and nothing else."""
    done = claude("complete", "hi", HOME="/nonexistent", PATH="/usr/bin:/bin", TERM=None, LANG=None)
    assert (done.status, done.err) == (0, "")
    assert done.out.endswith("\n")

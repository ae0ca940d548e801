"""`chat --no-input`: a conversation of a script's lines; answers on standard output, all else on standard error."""

from __future__ import annotations

import signal

import pytest

from .chats import turns


def test_each_line_is_a_message(claude, simulate):
    """Each answer ends in one newline, however many it came with; nothing else is on standard output, or said."""
    simulator = simulate({"say": "One.\n\n\n"}, {"say": "**Two**\n- lines"}, {"say": "Three."})
    done = claude("chat", "--no-input", stdin=b"first\n\n  \nsecond\r\nthird")
    assert (done.status, done.out, done.err) == (0, "One.\n**Two**\n- lines\nThree.\n", "")
    assert len(simulator.requests[-1].json["messages"]) == 5
    assert len(turns(claude.home)) == 6


def test_a_first_message_comes_before_the_lines(claude, simulate):
    (claude.folder / "notes.txt").write_text("buy milk")
    simulator = simulate({"say": "One."}, {"say": "Two."})
    done = claude("chat", "first", "-f", "notes.txt", "--no-input", stdin=b"second\n")
    assert done.out == "One.\nTwo.\n"
    assert simulator.requests[0].json["messages"][0]["content"][0]["source"]["data"] == "buy milk"


@pytest.mark.parametrize(
    ("words", "lines"), [(["-f", "notes.txt"], b"first\n"), ([], b"/attach notes.txt\nfirst\n")], ids=["-f", "/attach"]
)
def test_what_is_attached_goes_with_the_next_line(claude, simulate, words, lines):
    (claude.folder / "notes.txt").write_text("buy milk")
    simulator = simulate({"say": "One."}, {"say": "Two."})
    assert claude("chat", "--no-input", *words, stdin=lines + b"second\n").out == "One.\nTwo.\n"
    first, *_, last = simulator.requests[-1].json["messages"]
    assert first["content"][0]["source"]["data"] == "buy milk" and "first" in first["content"][1]["text"]
    assert "milk" not in str(last)


@pytest.mark.parametrize("how", [{"stdin": "tty", "tty": (80, 24)}, {}], ids=["a terminal", "nothing"])
def test_a_first_message_alone(claude, simulate, how):
    """A terminal is not read: nobody would see that it is waited for."""
    simulate({"say": "One."})
    done = claude("chat", "first", "--no-input", **how)
    assert done.status == 0 and "One." in done.out


def test_the_first_failure_ends_it_with_its_status(claude, simulate):
    """What follows was written in the belief that there would be an answer."""
    simulator = simulate({"say": "One."}, {"status": 401}, {"say": "Never."})
    done = claude("chat", "--no-input", stdin=b"first\nsecond\nthird\n")
    assert done.out == "One.\n"
    done.failed(3, "invalid x-api-key")
    assert len(simulator.requests) == 2


@pytest.mark.parametrize(
    ("step", "words", "status"),
    [
        pytest.param({"say": "one two three four five six", "cut_after": 8}, [], 7, id="stream cut"),
        pytest.param({"stop_reason": "max_tokens"}, [], 7, id="max_tokens"),
        pytest.param({"stop_reason": "refusal"}, [], 8, id="refused"),
        pytest.param({"status": 529}, ["--retries", "0"], 5, id="overloaded"),
        pytest.param({}, ["--max-cost", "0.0001"], 9, id="budget"),
        pytest.param({}, ["--temperature", "0.2", "--strict"], 2, id="strict"),
    ],
)
def test_statuses(claude, simulate, step, words, status):
    """As `complete` has them."""
    simulate(step)
    done = claude("chat", "--no-input", *words, stdin=b"first\nsecond\n")
    done.failed(status)


def test_slash_commands_are_commands(claude, simulate):
    """What they tell is no answer."""
    simulator = simulate({"say": "One."}, {"say": "Two."})
    done = claude("chat", "--no-input", stdin=b"/model haiku\nfirst\n/undo\nsecond\n/exit\nthird\n")
    assert (done.status, done.out) == (0, "One.\nTwo.\n")
    assert "claude-haiku" in done.err
    assert simulator.requests[-1].json["model"].startswith("claude-haiku")
    assert len(simulator.requests[-1].json["messages"]) == 1


def test_a_wrong_command_ends_it(claude, simulator):
    claude("chat", "--no-input", stdin=b"/modle opus\nfirst\n").failed(2, "/model")
    assert simulator.requests == []


@pytest.mark.parametrize(
    ("words", "how"),
    [
        pytest.param([], {}, id="nothing"),
        pytest.param([], {"stdin": b""}, id="an empty pipe"),
        pytest.param([], {"stdin": b"\n \n"}, id="blank lines"),
        pytest.param(["--no-stdin"], {"stdin": b"first\n"}, id="--no-stdin"),
        pytest.param(["-"], {"stdin": b"first\n"}, id="standard input twice"),
        pytest.param(["-f", "-"], {"stdin": b"first\n"}, id="as a file"),
    ],
)
def test_nothing_to_say(claude, simulator, words, how):
    """Never a success without an answer."""
    claude("chat", "--no-input", *words, **how).failed(2, "--no-input")
    assert simulator.requests == []


def test_a_template_makes_the_first_message(claude, simulator):
    """Where one is named; the one of the settings is for single prompts. A chat shows whole answers."""
    (claude.home / "templates").mkdir()
    (claude.home / "templates" / "colour.toml").write_text(
        'prompt = "Like $name?"\nsystem = "Be brief."\nextract = "first"\n'
    )
    done = claude("chat", "--no-input", "-t", "colour", "-p", "name=red")
    assert done.status == 0 and "extract and schema are left out" in done.err
    sent = simulator.requests[0].json
    assert "Like red?" in str(sent["messages"]) and "Be brief." in str(sent["system"])
    claude("chat", "--no-input", stdin=b"hello\n", CLAUDE_CLI_TEMPLATE="colour")
    assert "Like" not in str(simulator.requests[1].json) and "Be brief" not in str(simulator.requests[1].json)


def test_it_is_gone_on_with(claude, simulate):
    simulator = simulate({"say": "One."}, {"say": "Two."})
    claude("chat", "--no-input", "-S", "notes", stdin=b"first\n")
    done = claude("chat", "--no-input", "-S", "notes", stdin=b"second\n")
    assert (done.status, done.out, done.err) == (0, "Two.\n", "")
    assert len(simulator.requests[-1].json["messages"]) == 3


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_signal_ends_it(claude, simulate, number, status):
    """And what came is kept."""
    simulate({"say": "one two three four five six", "stall_after": 8})
    running = claude.start("chat", "--no-input", stdin=b"first\nsecond\n")
    running.out.wait_for(b"one")
    running.signal(number)
    assert running.wait().status == status
    assert [turn[:2] for turn in turns(claude.home)] == [("user", "whole"), ("assistant", "interrupted")]


def test_a_reader_that_has_gone(claude, simulate):
    """Status 141, silently; the lines that follow are not sent."""
    simulator = simulate({"say": "One."}, {"say": "Two."})
    shell = '{ "$@"; echo status $? >&2; } | true'
    done = claude("chat", "--no-input", stdin=b"first\nsecond\n", shell=shell)
    assert done.err == "status 141\n" and len(simulator.requests) == 1


def test_a_chat_goes_on_behind_an_answer_that_cited(claude, simulator):
    done = claude("chat", "--no-input", "--web-search", stdin=b"search the news\nand now?\nand then?\n")
    assert done.status == 0 and len(simulator.requests) == 3

"""`chat` at a terminal: keystrokes in, screens out, and what is kept."""

from __future__ import annotations

import re
import resource
import signal

import pytest

from claude_cli.core.conversation import Conversation, Turn
from claude_cli.core.messages import text_block
from claude_cli.storage.conversations import History

from ..screens import Screen
from .chats import Talk, turns

SIZES = pytest.mark.parametrize("size", [(80, 24), (40, 24)], ids=["80", "40"])
WHOLE = [("user", "whole"), ("assistant", "whole")]


def kept(claude):
    """Role and state of all turns that are kept."""
    return [turn[:2] for turn in turns(claude.home)]


# ------------------------------------------------------------------------------------------------ talking
@SIZES
def test_a_conversation(claude, simulate, size):
    """The prompt, the message, a blank line, the answer, a blank line, the prompt: and nothing else."""
    simulate({"say": "**Blue** light."}, {"say": "Red light."})
    talk = Talk(claude, size=size)
    assert talk.ready()[:2] == ["/help · Ctrl-D leaves", ">"]
    talk.say("Why is the sky blue?")
    talk.shows("Blue light.")
    talk.ready()
    talk.say("And at dusk?")
    talk.shows("Red light.")
    *lines, toolbar = talk.ready()
    said = ["> Why is the sky blue?", "", "Blue light.", "", "> And at dusk?", "", "Red light.", ""]
    assert lines == ["/help · Ctrl-D leaves", *said, ">"] and toolbar.startswith("sonnet · ")
    talk.leave()
    assert talk.lines == ["/help · Ctrl-D leaves", *said, "come back: claude-cli chat -c"]
    assert kept(claude) == WHOLE * 2


def test_the_second_question_is_sent_behind_the_first(claude, simulator):
    """With what was answered; and marked for the prompt cache, as each question has all before it."""
    talk = Talk(claude)
    for text in ("one", "two"):
        talk.ready()
        talk.say(text)
        talk.shows(f"│ {text}")
    talk.leave()
    sent = simulator.requests[-1].json
    assert [message["role"] for message in sent["messages"]] == ["user", "assistant", "user"]
    assert "cache_control" in str(sent)


def test_a_first_message_is_sent_at_once_with_what_goes_with_it(claude, simulator):
    (claude.folder / "notes.txt").write_text("buy milk")
    talk = Talk(claude, "What is to be done?", "-f", "notes.txt")
    talk.shows("│ [notes.txt] What is to be done?")
    talk.leave()
    document, text = simulator.requests[0].json["messages"][0]["content"]
    assert document["source"]["data"] == "buy milk" and text["text"] == "[notes.txt] What is to be done?"


def test_files_without_a_message_wait_in_the_prompt(claude, simulator):
    (claude.folder / "notes.txt").write_text("buy milk")
    talk = Talk(claude, "-f", "notes.txt")
    talk.ready("[notes.txt · 8 bytes]")
    talk.say("Sum it up")
    talk.shows("│ [notes.txt] Sum it up")
    talk.leave()
    assert len(simulator.requests) == 1


def test_a_prompt_is_ready_when_all_of_it_is_drawn(claude):
    """However the terminal's bytes come in pieces: tests that look at the screen rely on it."""
    talk = Talk(claude)
    lines = talk.ready()
    data = talk.running.out.data
    pieces = [data[:end] for end in range(len(data) + 1)]
    assert {tuple(Screen.of(piece, *talk.size).lines) for piece in pieces if talk.waits(piece)} == {tuple(lines)}
    talk.leave()


def test_nothing_is_asked_of_anybody_before_the_first_message(claude):
    """Neither a key nor the network is needed to begin; without a key the message stays in the prompt."""
    talk = Talk(claude, ANTHROPIC_API_KEY=None, ANTHROPIC_BASE_URL=None)
    talk.ready()
    talk.say("hello")
    talk.shows("keys set")
    talk.ready("hello")
    talk.press("\x03")
    talk.leave()


@pytest.mark.parametrize("words", [["-o", "x"], ["--json"], ["-n"], ["--schema", "a"], ["-x"], ["--format", "text"]])
def test_what_is_for_one_answer_is_no_option(claude, words):
    assert claude("chat", *words, tty=(80, 24)).status == 2


# ------------------------------------------------------------------------------------------------ stopping an answer
def test_ctrl_c_keeps_what_came(claude, simulate):
    """And says so once; the next message is answered behind it."""
    simulate({"say": "one two three four five six", "stall_after": 8}, {"say": "All right."})
    talk = Talk(claude)
    talk.ready()
    talk.say("Count")
    talk.shows("one")
    talk.press("\x03")
    lines = talk.ready()
    assert lines[-3:-1] == ["", ">"] and "what came is kept; /continue goes on" in lines
    assert kept(claude) == [("user", "whole"), ("assistant", "interrupted")]
    talk.say("Enough")
    talk.shows("All right.")
    talk.leave()


def test_ctrl_c_before_the_first_word_gives_the_message_back(claude, simulate, until):
    simulator = simulate({"say": "Too late.", "delay_s": 60}, {"say": "Now."})
    talk = Talk(claude)
    talk.ready()
    talk.say("Quick!")
    until(lambda: bool(simulator.requests))
    talk.press("\x03")
    talk.ready("Quick!")
    talk.press("\r")
    talk.shows("Now.")
    talk.leave()
    assert kept(claude) == WHOLE


# ------------------------------------------------------------------------------------------------ failures
@pytest.mark.parametrize(
    ("fault", "words"),
    [
        pytest.param({"status": 401}, "invalid x-api-key", id="401"),
        pytest.param({"status": 429}, "rate limit", id="429"),
        pytest.param({"status": 500}, "Internal server error", id="500"),
        pytest.param({"drop": True}, "broke", id="closed connection"),
    ],
)
def test_a_failure_is_a_line_and_the_message_stays(claude, simulate, fault, words):
    """With what is attached to it: Enter sends the same again, and the conversation has it once."""
    simulator = simulate({"say": "First."}, fault, {"say": "Second."})
    (claude.folder / "notes.txt").write_text("buy milk")
    talk = Talk(claude, "hello", "--retries", "0")
    talk.shows("First.")
    talk.ready()
    talk.say("and @notes.txt")
    talk.shows(words)
    talk.ready("and [notes.txt · 8 bytes · ~8 tokens]")
    talk.press("\r")
    talk.shows("Second.")
    talk.leave()
    assert simulator.requests[-1].json == simulator.requests[1].json
    assert kept(claude) == WHOLE * 2


def test_nobody_at_the_address(claude, simulate):
    """A network that is away is back later; the chat is still there."""
    talk = Talk(claude, "--retries", "0")
    talk.ready()
    talk.say("hello")
    talk.shows("127.0.0.1:9")
    talk.ready("hello")
    talk.press("\x03")
    talk.leave()


def test_a_stream_that_breaks_keeps_what_came(claude, simulate):
    simulate({"say": "one two three four five six", "cut_after": 8}, {"say": "Good."})
    talk = Talk(claude, "Count")
    talk.shows("/continue goes on")
    talk.ready()
    talk.say("Go on")
    talk.shows("Good.")
    talk.leave()
    assert kept(claude) == [("user", "whole"), ("assistant", "interrupted"), *WHOLE]


def test_a_budget_that_is_reached(claude, simulator):
    talk = Talk(claude, "hello", "--max-cost", "0.0001")
    talk.shows("budget")
    talk.ready("hello")
    talk.press("\x03")
    talk.leave()
    assert simulator.requests == []


# ------------------------------------------------------------------------------------------------ going on later
def test_going_on_shows_the_last_exchange(claude, simulate):
    simulate({"say": "Blue."}, {"say": "Red."})
    talk = Talk(claude, "Why?")
    talk.shows("Blue.")
    talk.leave()
    talk = Talk(claude, "-c")
    lines = talk.ready()
    at = lines.index("/help · Ctrl-D leaves")
    assert lines[at + 1 : -1] == ["> Why?", "Blue.", "", ">"] and "'Why?'" in lines[0]
    talk.say("And?")
    talk.shows("Red.")
    talk.leave()
    assert kept(claude) == WHOLE * 2


def test_going_on_elsewhere_than_at_the_newest_says_so(claude, simulate):
    """Where a chat was left behind /undo, nothing looks lost."""
    simulate({"say": "Blue."})
    talk = Talk(claude, "Why?")
    talk.shows("Blue.")
    talk.say("/undo")
    talk.shows("goes back")
    talk.leave()
    talk = Talk(claude, "-c")
    assert "newer messages are on another branch: /tree 2 goes there" in talk.ready()
    talk.leave()


def test_going_on_with_what_was_not_answered_or_not_whole(claude, simulate):
    """A message that nobody answered is in the prompt; half an answer is gone on with by a command."""
    simulate({"status": 401}, {"say": "one two three four five six", "cut_after": 8})
    talk = Talk(claude, "Count")
    talk.ready("Count")
    talk.press("\x03")
    talk.leave()
    talk = Talk(claude, "-c")
    talk.ready("Count")
    talk.press("\r")
    talk.shows("/continue goes on where it stopped")
    talk.leave()
    talk = Talk(claude, "-c")
    assert "the last answer is not whole; /continue goes on" in talk.ready()
    talk.leave()


def test_nothing_is_kept_where_that_is_wanted(claude, simulator):
    talk = Talk(claude, "--no-save", "hello")
    talk.shows("│ hello")
    assert "come back" not in talk.leave().out
    assert not (claude.home / "history.db").exists() and not (claude.home / "prompt_history").exists()


def test_what_is_too_old_is_forgotten_beside_the_first_prompt(claude, until):
    """By the setting, and only then."""
    history = History(claude.home, notify=print, clock=lambda: 1_000_000.0)
    history.append(Conversation("old"), Turn(1, None, "user", (text_block("long ago"),)))
    talk = Talk(claude)
    talk.leave()
    assert len(turns(claude.home)) == 1
    talk = Talk(claude, CLAUDE_CLI_HISTORY_DAYS="30")
    talk.ready()
    until(lambda: turns(claude.home) == [])
    talk.leave()


# ------------------------------------------------------------------------------------------------ leaving
@pytest.mark.parametrize("keys", ["\x04", "/exit\r", "\x03\x03"], ids=["Ctrl-D", "/exit", "Ctrl-C twice"])
def test_leaving(claude, keys):
    """Nothing was said, so there is nothing to come back to."""
    talk = Talk(claude)
    talk.ready()
    talk.press(keys)
    talk.ended(0)
    assert [line for line in talk.lines if "come back" in line] == []


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129)], ids=["TERM", "HUP"])
@pytest.mark.parametrize("answering", [False, True], ids=["at the prompt", "in an answer"])
def test_a_signal(claude, simulate, number, status, answering):
    """The terminal is left as it was, and what came is kept."""
    simulate({"say": "one two three four five six", "stall_after": 8})
    talk = Talk(claude)
    talk.ready()
    if answering:
        talk.say("Count")
        talk.shows("one")
    talk.running.signal(number)
    talk.ended(status)
    if answering:
        assert kept(claude) == [("user", "whole"), ("assistant", "interrupted")]


# ------------------------------------------------------------------------------------------------ other places
def test_a_pipe_is_the_first_document(claude, simulator):
    """Keys come from the terminal then."""
    talk = Talk(claude, stdin=b"line 1\nline 2\n")
    talk.ready("[standard input · 14 bytes]")
    talk.say("What is it?")
    talk.shows("│ [standard input] What is it?")
    talk.ready()
    talk.say("Sure?")
    talk.shows("│ Sure?")
    talk.leave()
    document, _ = simulator.requests[0].json["messages"][0]["content"]
    assert document["source"]["data"] == "line 1\nline 2\n"


def test_a_pipe_with_a_message(claude, simulator):
    talk = Talk(claude, "What is it?", stdin=b"data")
    talk.shows("│ [standard input] What is it?")
    talk.leave()


def test_no_terminal(claude, simulator):
    claude("chat", stdin=b"hello\n").failed(2, "--no-input", "complete")
    assert simulator.requests == []


def test_another_size_in_mid_chat(claude, simulate):
    """The next answer has the width that there is then."""
    simulate({"say": "word " * 20})
    talk = Talk(claude)
    talk.ready()
    talk.running.resize(40, 24)
    talk.size = (40, 24)
    talk.say("Say words")
    talk.shows("word " * 7 + "word\n")
    talk.leave()


# ------------------------------------------------------------------------------------------------ a disk in trouble
def test_a_full_disk_is_said_and_the_chat_goes_on(claude, simulate):
    """When there is room again, all that was said is kept."""
    simulate({"say": "One."}, {"say": "Two."}, {"say": "Three."})
    talk = Talk(claude, "first")
    talk.shows("One.")
    talk.ready()
    pid = talk.running.process.pid
    limits = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (1, limits[1]))
    talk.say("second")
    talk.shows("this conversation is not being kept", "/export", "Two.", "(not saved)")
    resource.prlimit(pid, resource.RLIMIT_FSIZE, limits)
    talk.ready()
    talk.say("third")
    talk.shows("being kept again", "Three.")
    talk.leave()
    assert kept(claude) == WHOLE * 3


def test_a_damaged_history_is_set_aside_and_begun_anew(claude, simulate):
    """With all turns of this chat."""
    simulate({"say": "One."}, {"say": "Two."})
    talk = Talk(claude, "first")
    talk.shows("One.")
    talk.ready()
    (claude.home / "garbage").write_bytes(b"garbage" * 1000)
    (claude.home / "garbage").rename(claude.home / "history.db")
    talk.say("second")
    talk.shows("damaged", "Two.")
    talk.leave()
    assert kept(claude) == WHOLE * 2
    assert [path for path in claude.home.iterdir() if re.match(r"history\.db\..*\.bak", path.name)]

"""`chat` and keys that come while something else than the prompt is on: at a question, at a wait, in an answer."""

from __future__ import annotations

import signal
import socket

import pytest

from claude_cli.core.conversation import Conversation, Turn
from claude_cli.core.messages import text_block
from claude_cli.storage.conversations import History

from .chats import Talk

LABEL = "[notes.txt · 8 bytes · ~8 tokens]"


@pytest.fixture
def notes(claude):
    (claude.folder / "notes.txt").write_text("buy milk")


# ------------------------------------------------------------------------------------------------ at a question
@pytest.mark.parametrize("size", [(80, 24), (40, 24)], ids=["80", "40"])
def test_ctrl_c_at_a_question_goes_back_to_the_prompt(claude, notes, size):
    """With the command and what is attached, as a no does."""
    talk = Talk(claude, size=size)
    talk.ready()
    talk.say("/attach notes.txt")
    talk.shows(LABEL)
    talk.say("/model hiaku")
    talk.shows("[y/N]")
    talk.press("\x03")
    lines = talk.prompts(f"{LABEL} /model hiaku")  # the same stands above the question, from before
    assert not [line for line in lines if "[y/N]" in line and "claude-cli" in line]
    talk.press("\x15\x03\x03\x03")
    talk.ended(0)


def test_ctrl_d_at_a_question_is_a_no_on_a_line_of_its_own(claude, simulate):
    simulate({"say": "One."})
    (claude.folder / "talk.md").write_text("precious")
    talk = Talk(claude, "hello")
    talk.shows("One.")
    talk.ready()
    talk.say("/export talk.md")
    talk.shows("[y/N]")
    talk.press("\x04")
    talk.shows("left as it is")
    assert "talk.md exists. Replace it? [y/N]" in talk.ready("/export talk.md")
    talk.press("\x03")
    talk.leave()


# ------------------------------------------------------------------------------------------------ at a wait
def test_ctrl_c_while_an_address_is_fetched(claude, simulate):
    """What is waited for is said; the command stays, the chat goes on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"http://127.0.0.1:{server.getsockname()[1]}/x.png"
        talk = Talk(claude)
        talk.ready()
        talk.say(f"/attach {address}")
        talk.shows(f"fetching {address}")
        connection, _ = server.accept()
        talk.press("\x03")
        talk.ready(f"/attach {address}")
        connection.close()
    talk.press("\x03")
    talk.leave()


@pytest.mark.parametrize("where", ["on the command line", "at a plain prompt"])
def test_ctrl_c_while_a_message_s_address_is_fetched(claude, where):
    """It waits in the prompt then, and nothing has been asked."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        message = f"see @http://127.0.0.1:{server.getsockname()[1]}/x.png"
        plain = where == "at a plain prompt"
        words = () if plain else (message,)
        running = claude.start("chat", *words, stdin="tty", tty=(80, 24), **({"TERM": "dumb"} if plain else {}))
        if plain:
            running.out.wait_for(b"> ")
            running.press(f"{message}\n".encode())
        connection, _ = server.accept()
        shown = len(running.out.data)
        running.press(b"\x03")
        running.out.wait_until(lambda data: message.encode() in data[shown:])
        running.press(b"\x03")
        if plain:
            running.out.wait_for(b"Ctrl-C again")
        running.press(b"\x04")
        assert running.wait().status == 0
        connection.close()


# ------------------------------------------------------------------------------------------------ in an answer
def test_what_is_typed_ahead_survives_ctrl_c(claude, simulate):
    """Stop, I meant …: that is when people type into an answer."""
    simulate({"say": "one two three four five six", "stall_after": 8})
    talk = Talk(claude)
    talk.ready()
    talk.say("Count")
    talk.shows("one")
    talk.press("hold on, I meant\x03")
    talk.ready("hold on, I meant")
    talk.press("\x03")
    talk.leave()


def test_what_is_typed_during_an_answer_is_whole(claude, simulate):
    """A terminal that collects lines would cut one at 4,095 bytes."""
    simulator = simulate({"say": "one two three", "stall_after": 8}, {"say": "Good."})
    talk = Talk(claude)
    talk.ready()
    talk.say("Count")
    talk.shows("one")
    line = "word " * 900 + "TAIL"
    for start in range(0, len(line), 500):
        talk.press(line[start : start + 500])
    talk.running.signal(signal.SIGINT)
    talk.shows("TAIL")
    talk.press("\r")
    talk.shows("Good.")
    talk.leave()
    assert simulator.requests[-1].json["messages"][-1]["content"][-1]["text"] == line


# ------------------------------------------------------------------------------------------------ the first message
@pytest.mark.parametrize("words", ["see @notes.txt", "see ./notes.txt @notes.txt"])
def test_files_that_the_first_message_names_go_along(claude, simulator, notes, words):
    """By the rules of the prompt, and shown as what is typed there."""
    talk = Talk(claude, words)
    lines = talk.shows("│ see ")
    shown = next(line for line in lines if line.startswith("> see"))
    assert shown.endswith(LABEL)
    talk.leave()
    document, text = simulator.requests[0].json["messages"][0]["content"]
    assert document["source"]["data"] == "buy milk" and text["text"].endswith("[notes.txt]")


def test_a_file_of_the_first_message_that_cannot_be_sent(claude, simulator):
    """Is said, and the message waits in the prompt; a script ends."""
    talk = Talk(claude, "see @./none.txt")
    talk.shows("none.txt does not exist")
    talk.ready("see @./none.txt")
    talk.press("\x03")
    talk.leave()
    claude("chat", "--no-input", "see @./none.txt").failed(2, "none.txt does not exist")
    assert simulator.requests == []


def test_a_script_s_first_message_brings_its_files(claude, simulator, notes):
    done = claude("chat", "--no-input", "see @notes.txt")
    assert (done.status, done.err) == (0, "")
    assert simulator.requests[0].json["messages"][0]["content"][0]["source"]["data"] == "buy milk"


def test_what_a_pipe_says_names_no_files(claude, simulator, notes):
    """It may come from anybody: `-` makes it the message, as it is."""
    talk = Talk(claude, "-", stdin=b"see @notes.txt")
    talk.shows("> see @notes.txt", "│ see @notes.txt")
    talk.leave()
    assert "buy milk" not in str(simulator.requests[0].json)


# ------------------------------------------------------------------------------------------------ beside the prompt
def test_what_is_found_beside_the_prompt_waits_for_the_next_message(claude, simulate, until):
    """A damaged history that is found while somebody types: the line comes when the message has been entered."""
    simulate({"say": "One."})
    history = History(claude.home, notify=print, clock=lambda: 1_000_000.0)
    history.append(Conversation("old"), Turn(1, None, "user", (text_block("long ago"),)))
    for end in ("", "-wal", "-shm"):
        (claude.home / f"history.db{end}").unlink(missing_ok=True)
    (claude.home / "history.db").write_bytes(b"garbage" * 1000)
    talk = Talk(claude, CLAUDE_CLI_HISTORY_DAYS="30")
    talk.ready()
    until(lambda: list(claude.home.glob("history.db.*.bak")) != [])
    talk.press("hel")
    assert not [line for line in talk.ready("hel") if "damaged" in line]
    talk.say("lo")
    talk.shows("damaged", "One.")
    talk.leave()

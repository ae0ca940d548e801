"""The slash commands at a terminal: keystrokes in, screens out."""

from __future__ import annotations

import base64
import re

import pytest

from claude_cli.core.conversation import Conversation, Turn
from claude_cli.core.messages import text_block
from claude_cli.storage.conversations import History

from .chats import Talk

PROMPT = b"\x1b[?2004h"
"""What is printed when the prompt begins to read: pastes are told apart from then on."""
ONE, TWO = {"say": "The first answer."}, {"say": "The second answer."}


@pytest.fixture
def talk(claude, simulate):
    """A chat with two questions and two answers; where and how big it is, the test says."""

    def begin(*more, **how) -> Talk:
        simulate(ONE, TWO, *more)
        talk = Talk(claude, **how)
        for text, answer in (("first question", "The first answer."), ("second question", "The second answer.")):
            talk.ready()
            talk.say(text)
            talk.shows(answer)
        talk.ready()
        return talk

    return begin


def told(talk, line, *parts):
    """The lines that a command has told, once all `parts` are there and the prompt waits again."""
    before = len(talk.lines)
    talk.say(line)
    talk.shows(*parts)
    return talk.ready()[before - 2 :]


def test_each_command_once(talk, claude):
    """In one chat, as somebody would who tries them all."""
    cut = {"say": "Half an", "stop_reason": "max_tokens"}
    talk = talk({"say": "The second again."}, cut, {"say": " answer."}, {"say": "A summary."})
    (claude.folder / "notes.txt").write_text("some notes")
    (claude.home / "templates").mkdir()
    (claude.home / "templates" / "letter.toml").write_text('prompt = "Write to $who."')
    for line, part in (
        ("/help", "//x sends /x"),
        ("/model opus", "opus = claude-opus-5-5"),
        ("/system Be brief.", "system prompt set"),
        ("/set effort low", "effort: low"),
        ("/retry", "The second again."),
        ("/attach notes.txt", "10 bytes"),
        ("/detach", "notes.txt is taken off"),
        ("third question", "Half an"),
        ("/continue", "answer."),
        ("/title All of them", "title: All of them"),
        ("/undo", "back before"),
        ("/tree 7", "6 messages"),
        ("/usage", "window:"),
        ("/copy", "OSC 52"),
        ("/export all.md", "written: all.md"),
        ("/compact", "A summary."),
        ("/new", "a new conversation; /open"),
        ("/open all of", "7 messages"),
        ("/edit 1", "editing message 1"),
        ("\x15/template letter who=Ann", "Write to Ann."),
    ):
        prompts = talk.running.out.data.count(PROMPT)
        talk.say(line)
        seen = [part.encode(), prompts]
        talk.running.out.wait_until(lambda data, seen=seen: data.count(PROMPT) > seen[1] and seen[0] in data)
    talk.press("\x15/exit\r")
    talk.ended(0)


def test_help_is_one_screen(talk):
    """80x24: from the first command to the prompt, nothing scrolls away."""
    talk = talk()
    talk.say("/help")
    talk.shows("//x sends /x")
    screen = talk.ready()[-24:]
    assert screen[0].startswith("/model [name]")
    assert screen[-2].strip() == ">"
    talk.leave()


def test_a_branch_is_made_drawn_and_left_again(talk):
    """The edited message stands in the prompt, and nothing of the other branch is lost."""
    talk = talk({"say": "Another answer."})
    talk.say("/edit 1")
    talk.ready("first question")
    talk.say(", better")
    talk.shows("Another answer.")
    lines = told(talk, "/tree", "/tree NUMBER goes there")
    drawn = [line for line in lines if line.startswith(("●", "│"))]
    assert drawn == [
        "│ ○ 1 › first question",
        "│ ○ 2   The first answer.",
        "│ ○ 3 › second question",
        "│ ○ 4   The second answer.",
        "● 5 › first question, better",
        "● 6   Another answer.",
    ]
    assert "> second question" in told(talk, "/tree 4", "4 messages")
    assert talk.leave().status == 0


def test_a_wrong_command_stays_in_the_prompt(talk):
    """To be put right; nobody was asked."""
    talk = talk()
    talk.say("/modle opus")
    talk.shows("claude-cli: there is no command /modle; did you mean /model?")
    talk.ready("/modle opus")
    talk.press("\x15")
    talk.leave()


@pytest.mark.parametrize(
    ("environ", "wrapped"),
    [
        pytest.param({}, False, id="no clipboard"),
        pytest.param({"SSH_CONNECTION": "1 2 3 4", "DISPLAY": ":0"}, False, id="ssh"),
        pytest.param({"TMUX": "/nonexistent,1,0", "PATH": "/nonexistent"}, True, id="tmux"),
    ],
)
def test_the_terminal_is_asked_to_copy(talk, environ, wrapped):
    """The sequence comes whole to the terminal, and what was done is said."""
    talk = talk(**environ)
    talk.say("/copy")
    talk.running.out.wait_for(b"copied answer 2, 18 characters (by the terminal, OSC 52)")
    data = talk.leave().out_bytes
    found = re.search(rb"\x1b\]52;c;([A-Za-z0-9+/=]+)\x07", data)
    assert found and base64.b64decode(found[1]) == b"The second answer."
    assert (b"\x1bPtmux;\x1b\x1b]52;c;" + found[1] + b"\x07\x1b\\" in data) is wrapped


def test_a_narrow_terminal_gets_whole_lines(talk):
    """40 columns: no line of a command is broken by the terminal."""
    talk = talk(size=(40, 24))
    for line, part in (("/tree", "goes there"), ("/set", "changes one"), ("/usage", "window:"), ("/open", "opens one")):
        lines = told(talk, line, part)
        assert all(len(each) <= 40 for each in lines)
    assert "● 3 › second question" in talk.lines
    assert any(re.fullmatch("effort +-", each) for each in talk.lines)
    talk.leave()


def test_a_file_is_replaced_only_after_a_question(talk, claude):
    talk = talk()
    (claude.folder / "talk.md").write_text("precious")
    talk.say("/export talk.md")
    talk.shows("talk.md exists. Replace it? [y/N]")
    talk.say("n")
    talk.shows("exists and is left as it is")
    talk.ready("/export talk.md")
    assert (claude.folder / "talk.md").read_text() == "precious"
    talk.press("\r")
    talk.shows("[y/N]")
    talk.say("y")
    talk.shows("written: talk.md")
    talk.leave()
    assert "The second answer." in (claude.folder / "talk.md").read_text()


def test_a_script_may_use_commands(claude, simulate):
    """Its lines are messages and commands; a wrong one ends it."""
    sim = simulate(ONE, TWO)
    done = claude("chat", "--no-input", "--no-save", stdin=b"/set effort high\nfirst\n/undo\nsecond\n/export talk.md\n")
    assert (done.status, done.out) == (0, "The first answer.\nThe second answer.\n")
    assert [len(request.json["messages"]) for request in sim.requests] == [1, 1]
    assert sim.requests[0].json["output_config"] == {"effort": "high"}
    assert "second" in (claude.folder / "talk.md").read_text()
    wrong = claude("chat", "--no-input", "--no-save", stdin=b"/modle opus\nfirst\n")
    assert wrong.status == 2 and "did you mean /model?" in wrong.err
    assert len(sim.requests) == 2


def test_the_way_back_leads_to_this_conversation(claude, simulate):
    """Also where another one has been used since."""
    simulate({"say": "Blue."})
    talk = Talk(claude, "Why?")
    talk.shows("Blue.")
    talk.ready()
    history = History(claude.home, notify=print)
    (mine,) = history.entries()
    history.append(Conversation("other"), Turn(1, None, "user", (text_block("later"),)))
    talk.leave()
    assert talk.lines[-1] == f"come back: claude-cli chat -S {mine.id}"

"""`chat` on a terminal that draws nothing anew, or that is read aloud: lines in, lines out."""

from __future__ import annotations

import pytest

from .chats import turns


@pytest.mark.parametrize("env", [{"TERM": "dumb"}, {"CLAUDE_CLI_SCREEN_READER": "yes"}], ids=["dumb", "screen reader"])
def test_a_terminal_that_draws_nothing_anew(claude, simulate, env):
    """Lines in, lines out, and not one escape sequence."""
    simulate({"say": "Blue."}, {"say": "Red."})
    running = claude.start("chat", stdin="tty", tty=(80, 24), **env)
    running.out.wait_for(b"> ")
    running.press(b"Why?\n")
    running.out.wait_until(lambda data: data.count(b"\n> ") == 2)
    running.press(b"\x04")
    done = running.wait()
    assert done.status == 0 and b"\x1b" not in done.out_bytes and "Blue." in done.out


def test_commands_after_a_failure(claude, simulate):
    """They are done, and nothing of them is sent; the message waits with what it brings along, and is kept once."""
    simulator = simulate({"status": 401}, {"say": "Good."})
    (claude.folder / "notes.txt").write_text("buy milk")
    running = claude.start("chat", stdin="tty", tty=(80, 24), TERM="dumb")
    running.out.wait_for(b"> ")
    running.press(b"sum up @notes.txt\n")
    running.out.wait_for(b"takes it away)\r\n> ")
    running.press(b"/model haiku\n")
    running.out.wait_until(lambda data: data.count(b"takes it away)") == 2)
    running.press(b"\n")
    running.out.wait_for(b"Good.")
    running.out.wait_until(lambda data: data.endswith(b"\n> "))
    running.press(b"/exit\n")
    assert running.wait().status == 0
    first, second = (request.json for request in simulator.requests)
    assert "haiku" in second["model"] and second["messages"] == first["messages"]
    assert [block["type"] for block in second["messages"][0]["content"]] == ["document", "text"]
    assert [turn[:2] for turn in turns(claude.home)] == [("user", "whole"), ("assistant", "whole")]

"""Hostile text from every side, through the real program, and what a terminal makes of it."""

from __future__ import annotations

import pytest

from ..hostile import changes, unsafe

HOSTILE = (
    "a\x1b[31mred\x1b]0;title\x07 \x1b]52;c;cm0gLXJm\x07\x9b2J\x1bP$q\x1b\\\u202egnirts\u2066 bell\x07 back\x08 "
    "\x1b[?1049h\x1b[6nsecret\rfake \u009d8;;https://evil.example\u009clink pass\u200bword\U000e0041 \x1bcend"
)
HARMLESS = "ared gnirts bell back secret\nfake link password end"
TEXT = ("--format", "text", "--color", "never")


def test_the_answer_on_a_terminal_is_text_and_nothing_else(claude, simulate):
    """No title, clipboard, mode, report or second screen, wherever the deltas are cut; nothing is overwritten."""
    simulate({"say": HOSTILE, "times": 2}, {"say": HOSTILE, "chunk": 1})
    for _ in range(3):
        done = claude("complete", "hi", *TEXT, out="terminal")
        assert changes(done.out) == (HARMLESS + "\n", set())


def test_a_sequence_over_many_deltas(claude, simulate):
    """A delta holds a few characters, so an introducer and its end never come together."""
    text = f"see \x1b]8;;https://example.com/{'x' * 300}\x1b\\here\x1b]8;;\x1b\\ and \x1b]0;no end, but\nmore text"
    simulate({"say": text})
    assert changes(claude("complete", "hi", *TEXT, out="terminal").out) == (
        "see here and 0;no end, but\nmore text\n",
        set(),
    )


def test_a_pipe_gets_the_answer_as_it_is(claude, simulate):
    """Byte for byte, also with -v: what reads it may want what is there."""
    simulate({"say": HOSTILE, "times": 2})
    assert claude("complete", "hi").out_bytes == HOSTILE.encode() + b"\n"
    assert claude("complete", "hi", "-v").out_bytes == HOSTILE.encode() + b"\n"


def test_marks_show_what_was_taken_out(claude, simulate):
    """`-v`: someone who wonders sees what the model wrote, without any of it taking effect."""
    simulate({"say": "a\x1b]0;title\x07b\u202ec\x1b[2Jd", "times": 2})
    for words, shown in ((), "abcd\n"), (("-v",), "a‹ESC]0;title›b‹U+202E›c‹ESC[2J›d\n"):
        assert claude("complete", "hi", *TEXT, *words, out="terminal").out == shown


def test_the_rendered_answer(claude, simulate):
    """Markdown is laid out with our own sequences and none of the model's, in text, code, links and tables."""
    part = HOSTILE.replace("\r", "")
    simulate(
        {"say": f"{part}\n\n```sh\n{part}\n```\n\n[{part}](https://example.com/{part})\n\n| a |\n|---|\n| {part} |\n"}
    )
    done = claude("complete", "hi", "--format", "rendered", out="terminal")
    drawn, done_besides = changes(done.out)
    assert drawn.count("gnirts") >= 3
    assert not set(drawn) & set("\u202e\u2066\u200b\U000e0041")
    assert not done_besides & {
        "set_title",
        "set_icon_name",
        "bell",
        "backspace",
        "report_device_status",
        "reset",
        "debug",
    }
    assert "\x1b]52" not in done.out and "evil.example\x07" not in done.out and "\x1b[?1049" not in done.out


@pytest.mark.parametrize(
    "code", ["&#x202e;", "&#8238;", "&rlm;", "&ZeroWidthSpace;", "&#xE0041;", "&#27;", "&#x9b;", "&#7;"]
)
def test_what_an_entity_spells(claude, simulate, code):
    """Markdown's character references become characters only when it is laid out: in text, addresses, images, cells."""
    links = f"[t](https://x/{code}y) ![t](https://x/{code}y) <https://x/{code}y>"
    simulate({"say": f"# a{code}b\n\nc{code}d *e{code}f* {links}\n\n| {code}z |\n|---|\n"})
    drawn = changes(claude("complete", "hi", "--format", "rendered", out="terminal").out)[0]
    assert not unsafe(drawn) and not set(drawn) & set("\u200b\U000e0041")
    assert all(letter in drawn for letter in "abcdefyz")


def test_thinking_on_a_terminal(claude, simulate):
    """It comes in deltas too, and is no more to be trusted."""
    simulate({"think": HOSTILE, "say": "Done."})
    done = claude("complete", "hi", "--show-thinking", "-q", "--color", "never", err="terminal")
    drawn, besides = changes(done.err)
    assert HARMLESS in drawn and not besides & {"set_title", "bell", "reset", "report_device_status", "set_mode"}
    assert not unsafe(drawn)


@pytest.mark.parametrize(
    ("step", "status"),
    [
        pytest.param({"status": 400, "message": HOSTILE}, 4, id="error body"),
        pytest.param({"status": 502, "body": HOSTILE}, 6, id="no JSON"),
        pytest.param({"stop_reason": "tool_use", "tool": HOSTILE}, 7, id="tool name"),
        pytest.param({"stop_reason": "refusal", "stop_details": {"explanation": HOSTILE}}, 8, id="refusal"),
        pytest.param({"message": f"{HOSTILE}\nclaude-cli: all is well", "status": 400}, 4, id="a forged line"),
    ],
)
def test_a_servers_words_on_a_terminal(claude, simulate, step, status):
    """An error is one line of text, whatever the server or the model put into it."""
    simulate(step, step)
    for words in (), ("-v",):
        done = claude("complete", "hi", *TEXT, *words, "--retries", "0", err="terminal")
        drawn, besides = changes(done.err)
        assert (done.status, besides, unsafe(drawn)) == (status, set(), [])
        last = drawn.splitlines()[-1]
        assert last.startswith("claude-cli: ") and ("gnirts" in last or status == 6)
        assert words or drawn.count("\n") == 1


def test_a_file_name_on_a_terminal(claude, simulator):
    """Names are bytes that anybody may have chosen: in an error, in a notice, not UTF-8, with a line end in it."""
    name = "x\x1b]0;t\x07\u202e\n\x1b[2Jy"
    done = claude("complete", "hi", "-f", name, "--color", "never", err="terminal")
    assert (done.status, changes(done.err)[1], unsafe(changes(done.err)[0])) == (2, set(), [])
    assert done.err.count("\n") == 1
    folder = claude.folder / "folder"
    folder.mkdir()
    (folder / "good.txt").write_text("text")
    (folder / f"{name}.pem").write_text("text")
    (folder / "\udcff\x1b[31m.bin").write_bytes(b"\0\1")
    done = claude("complete", "hi", "-f", "folder", "--color", "never", err="terminal")
    assert (done.status, changes(done.err)[1], unsafe(changes(done.err)[0])) == (0, set(), [])
    assert "y.pem" in done.err and all(line.startswith("claude-cli: ") for line in done.lines)


def test_a_dry_run_and_json_on_a_terminal(claude, simulate):
    """They quote the prompt, the files and the answer."""
    simulate({"say": HOSTILE})
    done = claude("complete", HOSTILE, "-n", out="terminal")
    assert (changes(done.out)[1], unsafe(done.out)) == (set(), [])
    for form in "json", "jsonl":
        done = claude("complete", "hi", "--format", form, out="terminal")
        assert (changes(done.out)[1], unsafe(done.out)) == (set(), [])


def test_telemetry_on_a_terminal(claude, simulate):
    """`-vv` tells every read, retry and error."""
    simulate({"status": 529, "message": HOSTILE, "retry_after_ms": 1}, {"say": HOSTILE})
    done = claude("complete", "hi", *TEXT, "-vv", err="terminal")
    assert (done.status, changes(done.err)[1], unsafe(done.err)) == (0, set(), [])

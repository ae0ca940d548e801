"""`-x` and `--extract`: code alone on standard output, or nothing."""

from __future__ import annotations

import pytest

ANSWER = "Here:\n\n```py\nprint('ü')\n```\n\nor\n\n1. so:\n\n   ~~~sh\n   ls\n   ~~~\n\nDone."


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["-x"], "print('ü')\n"),
        (["--extract", "last"], "ls\n"),
        (["--extract", "all"], "print('ü')\nls\n"),
        (["--extract", "Bash"], "ls\n"),
        (["-x", "--extract", "last"], "ls\n"),
        (["-x", "--no-stream"], "print('ü')\n"),
        (["-x", "--format", "text"], "print('ü')\n"),
    ],
)
def test_code_alone(claude, simulate, words, code):
    """No fences, no prose, one newline at the end."""
    simulate({"say": ANSWER})
    done = claude("complete", "hi", *words)
    assert (done.status, done.out, done.err) == (0, code, "")


def test_code_on_a_terminal_is_plain(claude, simulate):
    """What is selected there runs: no colours, no frame."""
    simulate({"say": ANSWER})
    done = claude("complete", "hi", "-x", out="terminal")
    assert (done.status, done.out) == (0, "print('ü')\n")


def test_no_code_is_no_answer(claude, simulate):
    """A script must never run prose: nothing is printed, the status is 10, the code is for programs."""
    simulate({"say": "I would rather not.", "times": 3})
    done = claude("complete", "hi", "-x")
    assert done.out == ""
    done.failed(10, "no code block")
    claude("complete", "hi", "--extract", "rust").failed(10, "no code block")
    done = claude("complete", "hi", "-x", "--json")
    assert (done.status, done.json["text"], done.json["error"]["code"]) == (10, "", "no_code_block")
    assert done.json["error"]["request_id"] == done.json["request_id"] == "req_sim_3"


@pytest.mark.parametrize("form", ["json", "jsonl"])
def test_code_in_the_output_for_machines(claude, simulate, form):
    """`text` is the code, without the newline at its end; the lines before it are the answer as it comes."""
    simulate({"say": ANSWER})
    done = claude("complete", "hi", "-x", "--format", form)
    assert done.jsonl[-1]["text"] == "print('ü')"
    assert "".join(line["text"] for line in done.jsonl if line.get("type") == "text") == (ANSWER * (form == "jsonl"))


def test_a_cut_block_is_printed_and_the_status_says_so(claude, simulate):
    """As everywhere, what came stays on standard output."""
    simulate(
        {"say": "```sh\nrm -r a\nrm -r /tmp/long", "stop_reason": "max_tokens"},
        {"say": "no code as yet, and", "cut_after": 7},
    )
    done = claude("complete", "hi", "-x")
    assert done.out == "rm -r a\nrm -r /tmp/long\n"
    done.failed(7, "max_tokens")
    done = claude("complete", "hi", "-x")
    assert done.out == ""
    assert "is printed; ask" not in done.failed(7, "nothing is printed", "no code block had come")


def test_offline_rehearses_code(claude):
    """The simulator gives code to a prompt that asks for it, and says in it what it is."""
    done = claude("complete", "-x", "--offline", "-q", "A Python function that slugifies")
    assert (done.status, done.out) == (0, '# simulated: no model wrote this\nprint("simulated")\n')
    done = claude("complete", "--extract", "sh", "--offline", "-q", "A backup script")
    assert (done.status, done.out) == (0, "# simulated: no model wrote this\necho simulated\n")
    claude("complete", "-x", "--offline", "-q", "Explain TLS").failed(10)


def test_code_behind_a_tool(claude, simulate):
    """What the model said before it used a tool does not spoil the fence."""
    simulate({"content": [
        {"type": "text", "text": "I run it."},
        {"type": "server_tool_use", "id": "srvtoolu_1", "name": "code_execution", "input": {}},
        {"type": "code_execution_tool_result", "tool_use_id": "srvtoolu_1", "content": {}},
        {"type": "text", "text": "```py\n4\n```"},
    ]})  # fmt: skip
    assert claude("complete", "hi", "-x", "--code-execution").out == "4\n"


def test_a_template_asks_for_code(claude, simulate):
    """`extract` of a template is `-x` without the flag; a flag wins."""
    template = claude.folder / "code.toml"
    template.write_text('prompt = "$input"\nextract = "last"\n')
    simulate({"say": ANSWER, "times": 2})
    assert claude("complete", "-t", str(template), "hi").out == "ls\n"
    assert claude("complete", "-t", str(template), "hi", "-x").out == "print('ü')\n"


def test_a_choice_that_is_none(claude, simulator):
    """Before anything is sent."""
    claude("complete", "hi", "--extract", "a b").failed(2, "--extract", "first, last, all")
    claude("complete", "hi", "--extract", "").failed(2, "--extract")
    assert simulator.requests == []


def test_an_answer_without_code_is_shown_to_a_person(claude, simulate):
    """It was paid for; a script, which may run what it gets, sees none of it."""
    simulate({"say": "Run it by hand.", "times": 2})
    watched = claude("complete", "hi", "-x", err="terminal")
    assert (watched.status, watched.out) == (10, "") and "Run it by hand." in watched.err
    assert claude("complete", "hi", "-x").failed(10, "has no code block")


def test_where_nothing_came_only_the_error_is_shown(claude, simulate):
    """Not an empty line before it."""
    simulate({"status": 400, "message": "no"})
    assert claude("complete", "hi", "-x", "--color", "never", err="terminal").lines[0].startswith("claude-cli: ")

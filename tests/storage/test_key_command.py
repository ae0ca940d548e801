"""`key_command`: the first line of a program's output, in bounded time, and nothing of it in any message."""

from __future__ import annotations

import os
import sys

import pytest

from claude_cli.core.errors import AuthenticationError
from claude_cli.storage.key_command import LIMIT_S, run_key_command

HERE = {"PATH": os.environ["PATH"]}


def run(script, **how):
    """What a Python script in the place of the program gives."""
    return run_key_command([sys.executable, "-c", script], HERE, **how)


@pytest.mark.parametrize(
    ("script", "key"),
    [
        pytest.param("print('key')", "key", id="a line"),
        pytest.param("print('key', end='')", "key", id="no newline"),
        pytest.param("print('key\\nuser: me\\nurl: x')", "key", id="as `pass` has it: more lines behind it"),
        pytest.param("print('key'); print('x' * 1_000_000)", "key", id="much behind it"),
        pytest.param("import sys; print('key' + sys.stdin.read())", "key", id="no standard input"),
        pytest.param("import sys; print('key'); print('note', file=sys.stderr)", "key", id="notes elsewhere"),
    ],
)
def test_the_first_line_is_the_key(script, key):
    """Password stores print notes behind it."""
    assert run(script) == key


@pytest.mark.parametrize("child", ["sleep 9", "yes"], ids=["silent", "loud"])
def test_what_a_program_leaves_behind_is_not_waited_for(child):
    """An agent that it starts has the same pipe; the key is there, and the program has ended."""
    assert run_key_command(["sh", "-c", f"echo key; {child} &"], HERE, limit_s=5) == "key"


def test_there_is_no_shell():
    """`$(…)`, `;` and `*` are letters."""
    words = [sys.executable, "-c", "import sys; print(sys.argv[1])", "$(echo x); *"]
    assert run_key_command(words, HERE) == "$(echo x); *"


@pytest.mark.parametrize(
    ("script", "said"),
    [
        pytest.param("print('CANARY'); raise SystemExit(3)", "ended with status 3", id="failed"),
        pytest.param("import os, signal; os.kill(os.getpid(), 9)", "ended with status -9", id="killed"),
        pytest.param("import sys; sys.exit('CANARY')", "ended with status 1", id="says why elsewhere"),
        pytest.param("", "printed no key", id="nothing"),
        pytest.param("print(' \\nCANARY')", "printed no key in its first line", id="an empty line"),
    ],
)
def test_a_command_that_fails(script, said):
    """Status 3 naming the program: its output and its arguments may be secret."""
    with pytest.raises(AuthenticationError) as caught:
        run(script)
    assert said in str(caught.value) and sys.executable in str(caught.value)
    assert "CANARY" not in str(caught.value) and (caught.value.code, caught.value.exit_code) == ("key_command", 3)


@pytest.mark.parametrize("words", [["no-such-program-here", "CANARY"], ["/", "CANARY"], ["a\0b", "CANARY"]])
def test_a_program_that_cannot_be_run(words):
    """The system's reason, and only the program's name."""
    with pytest.raises(AuthenticationError, match=r"^key_command cannot run ") as caught:
        run_key_command(words, HERE)
    assert "CANARY" not in str(caught.value)


@pytest.mark.parametrize(
    "script",
    [
        pytest.param("import time; time.sleep(999)", id="silent"),
        pytest.param("import os, time; print('key', flush=True); os.close(1); time.sleep(999)", id="never ends"),
        pytest.param("while True: print('key')", id="never stops"),
    ],
)
def test_a_command_that_takes_too_long_is_stopped(script):
    """60 s by default: a person may have to type a password; here it is shorter."""
    with pytest.raises(AuthenticationError, match=r"did not end within 0\.2 s"):
        run(script, limit_s=0.2)
    assert LIMIT_S == 60


def test_its_standard_error_is_seen_at_a_terminal_alone(capfd):
    """ "Touch your security key" has to be read; under cron it would be a mail a day."""
    script = "import sys; print('key'); print('touch it', file=sys.stderr)"
    run(script, show_errors=True)
    assert capfd.readouterr().err == "touch it\n"
    run(script)
    assert capfd.readouterr().err == ""

"""A real keyring that hangs (its daemon stopped by SIGSTOP): every command ends, in the time that was promised."""

from __future__ import annotations

import signal
import subprocess
import sys
import time

import pytest

from claude_cli.simulator import BackgroundSimulator

from ..secret_service import SecretService, missing_programs

pytestmark = [
    pytest.mark.proof,
    pytest.mark.skipif(bool(missing_programs()), reason=f"{', '.join(missing_programs())} not installed"),
]
PROGRAM = [sys.executable, "-m", "claude_cli"]
START_S = 2.0
"""What starting the program may take on a busy machine, beside the 3 s of the keyring."""


@pytest.fixture
def frozen(tmp_path):
    """The variables of a session whose keyring takes every call and answers none."""
    with SecretService(tmp_path) as service:
        service.store("default", "sk-ant-CANARY")
        service.freeze()
        yield {**service.environ, "CLAUDE_CLI_HOME": str(tmp_path)}


def run(frozen, *words, given=""):
    """Run the program to its end; returns it with the seconds that took."""
    start = time.monotonic()
    done = subprocess.run([*PROGRAM, *words], env=frozen, input=given, capture_output=True, text=True, timeout=60)
    assert "CANARY" not in done.stdout + done.stderr
    return done, time.monotonic() - start


@pytest.mark.parametrize(
    ("words", "status"),
    [
        pytest.param(["complete", "hi", "--no-stdin"], 3, id="complete"),
        pytest.param(["health"], 3, id="health"),
        pytest.param(["keys", "set"], 3, id="set"),
        pytest.param(["keys", "test"], 3, id="test"),
        pytest.param(["keys", "rm", "--yes"], 3, id="rm"),
        pytest.param(["keys", "list"], 0, id="list"),
    ],
)
def test_without_a_terminal_every_command_ends(frozen, words, status):
    """3 s for the keyring, however often it is asked, and words for it; the hanging thread holds nothing up."""
    done, seconds = run(frozen, *words, given="sk-ant-CANARY")
    assert done.returncode == status
    assert "the keyring did not answer within 3 s" in done.stdout + done.stderr
    assert seconds < 3.0 + START_S


def test_another_address_is_called_without_a_key(frozen):
    """And it is said, because the server may not like it."""
    with BackgroundSimulator() as simulator:
        done, _ = run({**frozen, "ANTHROPIC_BASE_URL": simulator.url}, "complete", "hi", "--no-stdin")
        assert done.returncode == 3 and f"{simulator.url} is called without a key" in done.stderr


def test_the_file_helps(frozen):
    """Stored in the file, a key is found behind the frozen keyring; `keyring = false` skips the wait."""
    done, _ = run(frozen, "keys", "set", "--store", "file", "--no-test", given="sk-ant-CANARY")
    assert done.returncode == 0
    with BackgroundSimulator() as simulator:
        env = {**frozen, "ANTHROPIC_BASE_URL": simulator.url, "CLAUDE_CLI_KEYRING": "0"}
        done, seconds = run(env, "keys", "set", "--store", "file", given="sk-ant-CANARY")
        assert (done.returncode, done.stderr) == (0, "") and seconds < START_S


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
@pytest.mark.parametrize("after_s", [0.4, 1.0, 2.0])
def test_a_signal_ends_the_wait_at_once(frozen, number, after_s):
    """Though a thread is inside D-Bus, the process leaves."""
    piped = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    process = subprocess.Popen([*PROGRAM, "complete", "hi"], env=frozen, **piped)
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(after_s)
    process.send_signal(number)
    start = time.monotonic()
    out, _ = process.communicate(timeout=20)
    assert (process.returncode, out) == (128 + number, b"") and time.monotonic() - start < 0.5

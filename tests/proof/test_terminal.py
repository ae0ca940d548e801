"""Ctrl-C behind every single event of an answer that has all kinds of blocks: the screen is that of the text so far."""

from __future__ import annotations

import re
import signal
import time
from collections.abc import Callable

import pytest

from claude_cli.simulator import BackgroundSimulator

from ..commands.conftest import WAIT_S, Program
from ..screens import Screen

pytestmark = pytest.mark.proof

SIZE = (40, 10)
TEXT = """# A *title*

A paragraph with **bold and `code` in it**, longer than the line is wide, and a [link](https://example.org/) in it.

```python
def one():
    return 'two'
```

| a | b |
|---|---|
| 1 | **2** |

- first
  - second
1. third

> quoted words

The end.
"""
PIECES = re.findall(r"\s*\S{1,24}|\s+", TEXT)
"""As the simulator streams it, word by word."""
BEFORE = 6
"""Events before the first word: the message's start, a thinking block that is not shown, the start of the text.

A ping behind the last word tells that the word itself has been dealt with.
"""


def wait_until(condition: Callable[[], bool]) -> None:
    """Return when it is so."""
    end = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.005)


def received(log: str) -> int:
    """How many events of the answer have come, by the log of the program."""
    return sum(map(int, re.findall(r'"events": (\d+)', log)))


@pytest.mark.parametrize("words", range(len(PIECES) + 1))
def test_ctrl_c_behind_each_word(tmp_path, words):
    """What is left is what an answer of just these words looks like: nothing lost, nothing twice, nothing else."""
    claude = Program(tmp_path)
    said = "".join(PIECES[:words])
    step = {"say": TEXT, "stall_after": BEFORE + words, "pings": True, "ping_s": 0.05}
    with BackgroundSimulator(script=[step, {"say": said}]) as simulator:
        claude.url = simulator.url
        log = tmp_path / "log"
        running = claude.start("complete", "hi", "-q", "--log-file", str(log), tty=SIZE)
        wait_until(lambda: log.exists() and received(log.read_text()) > BEFORE + words)
        running.signal(signal.SIGINT)
        stopped = running.wait()
        whole = claude("complete", "hi", "-q", tty=SIZE)
    assert (stopped.status, whole.status) == (130, 0)
    seen, wanted = Screen.of(stopped.out_bytes, *SIZE), Screen.of(whole.out_bytes, *SIZE)
    assert seen.lines == wanted.lines
    assert seen.cursor_shown and seen.cursor[0] == 0 and stopped.echo

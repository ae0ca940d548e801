"""What drawing Markdown costs while it comes, beside rich.live with rich.markdown, which redraws everything.

The clock is made up: text arrives at 200 tokens/s, the program draws when it says it is due, and time goes on by the
CPU time that a draw takes. So 82 seconds of answer are measured in two, and the machine's load is no lateness.
"""

from __future__ import annotations

import io
import time
from collections.abc import Iterator
from dataclasses import dataclass

from claude_cli.terminal.markdown_stream import MarkdownStream

from .figures import Figure

TOKENS_PER_S, TOKEN = 200, 4
"""How fast an answer comes, and the characters of a token."""
COLUMNS, ROWS = 80, 24
LIVE_HZ = 10
SAMPLED = 50
"""Of rich.live one frame in so many is drawn and counts for all of them: all 819 take minutes."""

PART = """\
## Part {0}: how it works

Here is a *short* paragraph about **thing {0}**, with `code_{0}()` and a [link](https://example.org/{0}) in it. It goes
on for a while, as answers do, so that it has to be wrapped at the end of the line: twice or even three times.

1. First, install it:

   ```bash
   pip install thing-{0}  # a comment
   ```
2. Then use it, which is explained in a longer text here:
   - nested, with **bold** words
   - and `more` of it

```python
class Thing{0}(Base):
    \"""What it is.

    And more of that.
    \"""

    def run(self, number: int = {0}) -> str:
        return f"{{self.name}}: {{number:>8}}"  # 日本語
```

| name | type | what it is |
|------|-----:|------------|
| a{0} | 1 | the first one |
| b{0} | 22 | 二番目, with a *longer* text |

> A quote, of one line and a bit more, to see how it is wrapped in the end, with a bar before each.

日本語の段落です。空白がないので、文字の間で折り返します。番号は{0}です。🎉

"""


@dataclass(frozen=True, slots=True)
class Drawn:
    """What drawing an answer took: seconds of CPU, the longest wait of a piece of text, the share of a core in %."""

    cpu_s: float
    latest_ms: float
    share: float


class _Time:
    """The made-up clock: stands still between draws, and goes with the CPU in them."""

    def __init__(self) -> None:
        self.now = 0.0
        self._since: float | None = None

    def __call__(self) -> float:
        return self.now if self._since is None else self.now + time.process_time() - self._since

    def draw(self, stream: MarkdownStream) -> float:
        """Draw; the seconds it took."""
        self._since = time.process_time()
        stream.draw()
        took = time.process_time() - self._since
        self._since = None
        self.now += took
        return took


def answer(size: int) -> str:
    """An answer of `size` characters, with blocks of every kind and no part the same."""
    return "".join(PART.format(number) for number in range(size // 1_000 + 1))[:size]


def draw(text: str) -> Drawn:
    """Draw `text` as it comes."""
    clock, output = _Time(), io.StringIO()
    stream = MarkdownStream(lambda part: void(output.write(part)), lambda: (COLUMNS, ROWS), colour=True, clock=clock)
    pieces = [text[start : start + TOKEN] for start in range(0, len(text), TOKEN)]
    waiting_since: float | None = None
    cpu = latest = 0.0
    coming = 0
    while coming < len(pieces) or stream.due() is not None:
        due = stream.due()
        arrives = coming / TOKENS_PER_S
        if coming < len(pieces) and (due is None or arrives <= clock.now + due):
            clock.now = max(clock.now, arrives)
            waiting_since = arrives if waiting_since is None else waiting_since
            stream.feed(pieces[coming])
            coming += 1
        else:
            clock.now += due or 0.0
            cpu += clock.draw(stream)
            if waiting_since is not None:
                latest = max(latest, clock.now - waiting_since)
            waiting_since = None
    stream.finish()
    return Drawn(cpu, latest * 1e3, 100 * cpu * TOKENS_PER_S / len(pieces))


def void(_: object) -> None:
    """Nothing."""


def redraw_everything(text: str) -> float:
    """Seconds of CPU that rich.live takes for `text` at 10 Hz, from one frame in `SAMPLED`."""
    from rich.console import Console
    from rich.live import Live
    from rich.markdown import Markdown

    console = Console(file=io.StringIO(), force_terminal=True, width=COLUMNS, height=ROWS)
    step = TOKENS_PER_S * TOKEN // LIVE_HZ
    with Live(console=console, auto_refresh=False) as live:
        live.update(Markdown(text[:step]), refresh=True)
        start = time.process_time()
        # From the middle of the first stretch on, so that the sum is neither too high nor too low.
        for size in range(step * SAMPLED // 2, len(text), step * SAMPLED):
            live.update(Markdown(text[:size]), refresh=True)
        return (time.process_time() - start) * SAMPLED


def drawing(rounds: int) -> Iterator[Figure]:
    """Growth with the length, beside redrawing everything, lateness and share. The first round loads the parsers."""
    short, long = answer(16_384), answer(65_536)
    small, large, live = [], [], []
    for _ in range(rounds):
        small.append(draw(short))
        large.append(draw(long))
        live.append(redraw_everything(long))
    cpu = [each.cpu_s for each in large]
    yield Figure(
        "CPU to draw 64 KB of Markdown as it comes, against 16 KB", "s", 4.6, cpu, [each.cpu_s for each in small]
    )
    what = "CPU to draw 64 KB of Markdown as it comes, against redrawing everything with rich.live at 10 Hz"
    yield Figure(what, "s", 0.02, cpu, live, f"rich.live: from one frame in {SAMPLED}")
    every = small + large
    yield Figure("the latest text at 200 tokens/s, Markdown", "ms", 100, [each.latest_ms for each in every])
    yield Figure("share of a core at 200 tokens/s, Markdown", "%", 10, [each.share for each in every])

"""What chatting costs: the time to the prompt, the echo of a key, a search in what was said, memory over many turns."""

from __future__ import annotations

import os
import random
import select
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from claude_cli.core.conversation import Conversation, Turn
from claude_cli.core.messages import text_block
from claude_cli.simulator import BackgroundSimulator
from claude_cli.storage.conversations import History
from claude_cli.terminal.prompt_history import FILE_NAME

from .figures import Bench, Figure, Programs
from .process import ProgramFailed, drain, environment, open_terminal

TURNS = 50_000
"""Stored while a key is echoed, and as many lines of the prompt's own history."""
MESSAGES = 100_000
"""Searched."""
LONG = 2_000
"""Turns of one conversation that is opened."""
SCRIPTED = 500
WORDS = 60
"""Of each message."""
_COMMON, _RARE = "alpha", "quokka"
_PATIENCE_S = 20.0
_MARK = b"1m>"
"""The prompt's, which is bold."""
_STARTER = """
import resource, subprocess, sys
done = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL)
print(done.returncode, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"""


def chatting(bench: Bench, programs: Programs, rounds: int, *, scale: float = 1.0) -> Iterator[Figure]:
    """All figures of the chat; `scale` shrinks what is stored, for a quick look."""
    yield _to_the_prompt(bench, programs, rounds)
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        fill(home, int(TURNS * scale))
        asked = (f"what was asked as number {number}\n" for number in range(int(TURNS * scale)))
        (home / FILE_NAME).write_text("".join(asked))
        yield _echo(programs, home)
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        fill(home, int(MESSAGES * scale))
        yield from _search(home)
    yield _opening(bench, programs, rounds)
    yield _memory(programs, int(SCRIPTED * scale))


def fill(home: Path, messages: int, *, in_a_conversation: int = 40) -> None:
    """Make a history of so many messages in `home`, through the program's own tables."""
    draw, words = random.Random(1), [f"word{number:04d}" for number in range(3_000)]
    history = History(home, notify=lambda notice: None)
    conversation = Conversation("")
    for number in range(messages):
        if number % in_a_conversation == 0:
            if conversation.turns:
                history.keep_all(conversation)
            conversation = Conversation(history.new_id(), title=f"conversation {number // in_a_conversation}")
        text = " ".join([*draw.choices(words, k=WORDS), _COMMON, *([_RARE] if number % 1_000 == 0 else [])])
        turn = Turn(history.now(), conversation.head, "assistant" if number % 2 else "user", (text_block(text),))
        while turn.id in conversation.turns:
            turn = Turn(turn.id + 1, turn.parent, turn.role, turn.content)
        conversation.add(turn)
    history.keep_all(conversation)
    history.close()


class _Chat:
    """A chat on a terminal of its own."""

    def __init__(self, program: str, environ: dict[str, str], *words: str) -> None:
        self._outside, inside = open_terminal()
        actions = [(os.POSIX_SPAWN_DUP2, inside, number) for number in range(3)]
        self.started = time.monotonic()
        command = [program, "chat", *words]
        self._process = os.posix_spawn(program, command, environ, file_actions=actions, setsid=True)
        os.close(inside)
        self._seen = b""

    def until(self, part: bytes) -> float:
        """The moment at which `part` was printed; what was printed before is forgotten."""
        end = time.monotonic() + _PATIENCE_S
        while part not in self._seen:
            if not select.select([self._outside], [], [], max(end - time.monotonic(), 0))[0]:
                raise ProgramFailed(f"chat did not print {part!r}; it printed {self._seen[-300:]!r}")
            self._seen += os.read(self._outside, 65_536)
        at = time.monotonic()
        self._seen = self._seen.partition(part)[2]
        return at

    def press(self, keys: bytes) -> float:
        """Press keys; returns when."""
        os.write(self._outside, keys)
        return time.monotonic()

    def leave(self) -> None:
        """Ctrl-U and Ctrl-D, and wait for the end."""
        self.press(b"\x15\x04")
        drain(self._outside)
        os.waitpid(self._process, 0)


def _to_the_prompt(bench: Bench, programs: Programs, rounds: int) -> Figure:
    with tempfile.TemporaryDirectory() as folder:

        def prompt() -> float:
            chat = _Chat(programs.ours.command[0], environment(bench.url, Path(folder)))
            took = chat.until(_MARK) - chat.started
            chat.leave()
            return took * 1e3

        empty = programs.empty
        got = bench.rounds(rounds, {"ours": prompt, "yardstick": lambda: bench.one(empty).wall_s * 1e3})
    return Figure("`chat`, prompt visible, against `python -c pass`", "ms", 30, got["ours"], got["yardstick"])


def _echo(programs: Programs, home: Path) -> Figure:
    """The 95th percentile of a key's echo right after an answer, while that is being saved."""
    waits: list[float] = []
    answer = "word " * 20_000
    with BackgroundSimulator(script=[{"say": answer, "times": "always"}]) as simulator:
        environ = {**environment(simulator.url, home), "CLAUDE_CLI_HOME": str(home)}
        chat = _Chat(programs.ours.command[0], environ)
        chat.until(_MARK)
        for _ in range(5):
            chat.press(b"hello\r")
            chat.until(_MARK)
            for letter in "thequickbrownfoxjumps":
                pressed = chat.press(letter.encode())
                waits.append((chat.until(letter.encode()) - pressed) * 1e3)
            chat.press(b"\x15")
        chat.leave()
    waits.sort()
    return Figure(
        "a key's echo with 50,000 turns stored, while an answer is saved, p95",
        "ms",
        30,
        [waits[len(waits) * 95 // 100]],
    )


def _search(home: Path) -> Iterator[Figure]:
    """95th percentiles over words that nearly every message has, and words that few have."""
    history = History(home, notify=lambda notice: None)
    draw = random.Random(2)
    queries = [_COMMON, _RARE, *(f"word{draw.randrange(3_000):04d}" for _ in range(38))]
    queries += [f"word{draw.randrange(3_000):04d} {_COMMON}" for _ in range(20)]
    for what, rank, target in (("newest first", False, 20), ("by rank", True, 200)):
        waits = []
        for query in queries:
            start = time.perf_counter()
            history.search(query, rank=rank)
            waits.append((time.perf_counter() - start) * 1e3)
        waits.sort()
        name = f"`history search` over 100,000 messages, {what}, with snippets, p95"
        yield Figure(name, "ms", target, [waits[len(waits) * 95 // 100]], note="inside the database")
    history.close()


def _opening(bench: Bench, programs: Programs, rounds: int) -> Figure:
    """A conversation of 2,000 turns, beyond an empty chat."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        fill(home, LONG, in_a_conversation=LONG)
        environ = {**environment(bench.url, home), "CLAUDE_CLI_HOME": folder}

        def prompt(*words: str) -> float:
            chat = _Chat(programs.ours.command[0], environ, *words)
            took = chat.until(_MARK) - chat.started
            chat.leave()
            return took * 1e3

        got = bench.rounds(rounds, {"long": lambda: prompt("-c"), "empty": prompt})
    beyond = [long - empty for long, empty in zip(got["long"], got["empty"], strict=True)]
    return Figure("opening a conversation of 2,000 turns, beyond an empty chat", "ms", 150, beyond)


def _memory(programs: Programs, turns: int) -> Figure:
    """How much more the program has at the end of a long scripted chat than of a short one, beyond the words said."""
    command = [programs.ours.command[0], "chat", "--no-input", "--no-save"]
    answer = "word " * 200
    most: dict[int, float] = {}
    with BackgroundSimulator(script=[{"say": answer, "times": "always"}]) as simulator:
        for number in (10, turns):
            with tempfile.TemporaryDirectory() as folder:
                environ = environment(simulator.url, Path(folder))
                most[number] = _scripted(programs.empty.command[0], command, environ, number)
    text = turns * (len(answer) + len("turn 000\n")) / 1e6
    grown = most[turns] - most[10] - text
    return Figure(f"memory over a scripted chat of {turns} turns, beyond its text", "MB", 10, [grown])


def _scripted(python: str, command: list[str], environ: dict[str, str], turns: int) -> float:
    """The most memory that a scripted chat of so many turns had, in units of 1,000,000 bytes.

    Started by a small process of its own: the kernel counts the size of whoever starts a program as its memory, too.
    """
    script = "".join(f"turn {number}\n" for number in range(turns))
    done = subprocess.run([python, "-c", _STARTER, *command], input=script, env=environ, capture_output=True, text=True)
    status, most = map(int, done.stdout.split())
    if status:
        raise ProgramFailed(f"{' '.join(command)}: status {status}: {done.stderr.strip()[-400:]}")
    return (most if sys.platform == "linux" else most / 1024) * 1024 / 1e6

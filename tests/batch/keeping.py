"""What the tests of the store share: rows and answers made by hand, a run over them, and what it left."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections.abc import Sequence
from hashlib import blake2b
from pathlib import Path

from claude_cli.batch.row import Result, Row
from claude_cli.batch.store import Resumed
from claude_cli.batch.store_file import FileStore
from claude_cli.core.errors import RequestRejectedError
from claude_cli.core.messages import ChatRequest

PROGRAM = Path(__file__).with_name("journal_process.py")
AHEAD = 45
"""Rows that the program may be ahead of who reads what it says: a pipe of 4,096 bytes takes no more of its lines."""


def row(number: int, row_id: str | int | None = None, words: str = "hi", *, prefix: bytes | None = None) -> Row:
    """Row `number`, which asks `words`; without an id of its own where none is given."""
    named = row_id is not None
    digest = blake2b(words.encode(), digest_size=16).digest()
    shown = row_id if row_id is not None else str(number + 1)
    return Row(number, number + 1, shown, named, digest, ChatRequest("m", []), prefix=prefix)


def rows(*asked: tuple[str | int | None, str]) -> list[Row]:
    """An input: ids, None where there is none, and the words that are asked."""
    return [row(number, *each) for number, each in enumerate(asked)]


def result(asked: Row, text: str = "yes", *, failed: bool = False, simulated: bool = False) -> Result:
    """An answer to `asked`."""
    error = RequestRejectedError("no") if failed else None
    return Result(asked.id, "m", text, simulated=simulated, error=error)


class Run:
    """One run of a batch over `asked`: the rows it found `open`, what it `resumed`, and what it `found` in OUT.partial.

    An answer's text is the words `<run>:<id>`; rows whose number is in `fails` fail. Only the first `most` open rows
    are asked; where that are all, the run is finished.
    """

    def __init__(
        self, folder: Path, asked: Sequence[Row], *, name: str = "run", most: int = 1000, fails: Sequence[int] = (),
        order: Sequence[int] = (), **options: bool,
    ) -> None:  # fmt: skip
        """Do it. `order`: the numbers of rows that are answered first, in this order."""
        self.notices: list[str] = []
        out = folder / "out.jsonl"
        store = FileStore(str(out), notify=lambda notice: self.notices.append(notice.code), **options)
        try:
            for each in asked:
                store.add(each)
            self.resumed: Resumed = store.match()
            self.found = None if options.get("restart") else lines(folder / "out.jsonl.partial")
            waiting = [each for each in asked if store.is_open(each)]
            self.open = [each.number for each in waiting]
            waiting.sort(key=lambda each: order.index(each.number) if each.number in order else len(asked))
            for each in waiting[:most]:
                failed = each.number in fails
                simulated = options.get("simulated", False)
                store.put(each, result(each, f"{name}:{each.id}", failed=failed, simulated=simulated))
            if len(waiting) <= most:
                store.finish()
        finally:
            store.close()


def lines(path: Path) -> list[str] | None:
    """The answers in a file of rows, in order: the id, its status where it failed, the text; None: it is not there."""
    if not path.exists():
        return None
    data = path.read_bytes()
    assert data.endswith(b"\n") or not data, "the last line is not whole"
    found = [json.loads(line) for line in data.splitlines()]
    return [f"{each['id']!r} {each['status'] if each['status'] == 'failed' else each['text']}" for each in found]


def kill_again_and_again(folder: Path, *, kills: int, rows: int, chance: random.Random) -> None:
    """Kill a process that keeps answers, again and again; nothing of what it said it had kept may be lost."""
    out, kept = folder / "out.jsonl", set()
    journal, partial = (out.with_name(f"{out.name}.{kind}") for kind in ("journal", "partial"))
    for life in range(kills):
        with _process(out, rows, life) as process:
            assert process.stdout.readline() == b"open %d\n" % (rows - len(kept))
            for _ in range(chance.randrange(1, rows // kills - AHEAD)):
                assert process.stdout.readline().strip().isdigit()
            process.kill()
            process.communicate()
        assert not out.exists()
        written = [json.loads(line)["row"]["id"] for line in journal.read_bytes().splitlines()[1:]]
        assert len(written) == len({*written}) > len(kept), "a row was asked for twice"
        kept = {*written}
        beginning = [json.loads(line)["id"] for line in partial.read_bytes().splitlines()]
        assert beginning == [f"id {number}" for number in range(len(beginning))]
    with _process(out, rows, kills) as process:
        said = process.communicate()[0].splitlines()
    assert said[0] == b"open %d" % (rows - len(kept)) and len(said) == rows - len(kept) + 1
    answers = [json.loads(line) for line in out.read_bytes().splitlines()]
    assert [each["id"] for each in answers] == [f"id {number}" for number in range(rows)]
    assert not partial.exists() and {each["text"] for each in answers} <= {*map(str, range(kills + 1))}


def _process(out: Path, rows: int, life: int) -> subprocess.Popen[bytes]:
    command = [sys.executable, PROGRAM, out, str(rows), str(life)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, pipesize=4096)

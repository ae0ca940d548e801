"""A process that keeps answers, started by the tests beside it: `journal_process.py OUT ROWS LIFE [OPTION …]`.

It writes `open N`, then the number of each row when its answer has been put, in an order of chance. Options: `hold`
waits for a line on standard input before that; `chance` leaves OUT in that order; `full` lets the disk be full after
10,000 bytes; `room` makes room after all have been put, if one could not be: OUT.filler is taken away.
"""

from __future__ import annotations

import os
import random
import resource
import sys
from pathlib import Path

from claude_cli.batch.row import Result, Row
from claude_cli.batch.store_file import FileStore
from claude_cli.core.errors import OutputError
from claude_cli.core.messages import ChatRequest


def main(out: str, count: str, life: str, *options: str) -> None:
    """Put the answers that are missing in OUT, which is to have `count` rows; an answer's text is `life`."""
    store = FileStore(out, notify=lambda notice: print(notice.code, notice.text), as_completed="chance" in options)
    asked = [
        Row(number, number + 1, f"id {number}", True, number.to_bytes(16, "big"), ChatRequest("m", []))
        for number in range(int(count))
    ]
    try:
        for each in asked:
            store.add(each)
        store.match()
        waiting = [each for each in asked if store.is_open(each)]
        os.write(1, b"open %d\n" % len(waiting))
        if "hold" in options:
            sys.stdin.readline()
        random.Random(life).shuffle(waiting)
        if "full" in options:
            _limit(Path(f"{out}.journal").stat().st_size + 10_000)
        failed = [each.number for each in waiting if not _put(store, each, life)]
        if failed:
            print("unkept", len(failed), flush=True)
        if failed and "room" in options:
            _limit(resource.RLIM_INFINITY)
            Path(f"{out}.filler").unlink(missing_ok=True)
        if not failed or "room" in options:
            store.finish()
    finally:
        store.close()


def _limit(size: int) -> None:
    """No file may have more bytes from now on: it stands in for a disk."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


def _put(store: FileStore, row: Row, life: str) -> bool:
    """Put an answer, and say so; returns whether that was possible."""
    try:
        store.put(row, Result(row.id, "m", life))
    except OutputError as error:
        print(error, flush=True)
        return False
    os.write(1, b"%-100d\n" % row.number)  # long, so that nobody is far ahead of the reader
    return True


if __name__ == "__main__":
    main(*sys.argv[1:])

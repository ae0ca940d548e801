"""A night in which everything goes wrong now and then: each row still ends with its own answer, once."""

from __future__ import annotations

import random
import time

import pytest

from .batches import Server, check_whole, faults, read_rows, run, write_rows

pytestmark = [pytest.mark.proof, pytest.mark.timeout(900)]

ROWS = 20_000


@pytest.mark.parametrize(
    "max_tokens", [pytest.param("30000", id="streamed, as long answers are"), pytest.param("1000", id="in one piece")]
)
def test_twenty_thousand_rows_with_faults_all_end_right(tmp_path, capsys, max_tokens):
    """5 % overloaded, 5 % rate limited, 1 % cut in the answer, 0.5 % of connections refused."""
    write_rows(tmp_path / "in.jsonl", ROWS)
    draw = faults(random.Random(31337), s529=0.05, s429=0.05, cut=0.01, refused=0.005)
    began = time.monotonic()
    with Server(fault=draw) as server:
        status, said = run(tmp_path, server.url, "-j", "64", "--max-tokens", max_tokens, timeout_s=800.0)
        took = time.monotonic() - began
    assert status == 0, said
    check_whole(tmp_path / "out.jsonl", ROWS)
    rows = list(read_rows(tmp_path / "out.jsonl"))
    marked = {row["id"] for row in rows if row["maybe_billed"]}
    twice = {name for name, count in server.asked.items() if count > 1}
    assert twice <= marked
    assert sum(server.asked.values()) - ROWS == server.faults["cut"]
    # What dies on a reused connection before any byte came is sent again at once, and is no try of its own.
    assert server.count - server.faults["refused"] <= sum(row["tries"] for row in rows) <= server.count
    with capsys.disabled():
        print(f"\n{ROWS:,} rows in {took:.0f} s: faults {dict(server.faults)}, wrong ends 0,"
              f" worked on twice {len(twice)}, marked {len(marked)}")  # fmt: skip

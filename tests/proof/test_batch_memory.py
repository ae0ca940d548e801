"""However many rows there are, a batch takes the same memory."""

from __future__ import annotations

import json

import pytest

from .batches import Server, answer_to, check_whole, measure, read_rows, write_rows

pytestmark = [pytest.mark.proof, pytest.mark.timeout(1800)]

FEW, MANY = 2_000, 100_000
GROWTH_MB = 15.0


def test_a_hundred_thousand_rows_take_no_more_than_two_thousand(tmp_path, capsys):
    """The bound is of the peak of resident memory of the whole process; and again where all of it is done already."""
    peaks, cpu = {}, {}
    for count in (FEW, MANY):
        folder = tmp_path / str(count)
        folder.mkdir()
        write_rows(folder / "in.jsonl", count)
        with Server() as server:
            done = measure(folder, server.url, "-j", "64")
            assert done.status == 0, done.said
            assert server.count == count
            check_whole(folder / "out.jsonl", count)
            again = measure(folder, server.url)
            assert (again.status, server.count) == (0, count), again.said
        peaks[count], cpu[count] = (done.peak_mb, again.peak_mb), (done.cpu_s, again.cpu_s)
    with capsys.disabled():
        for count in peaks:
            print(f"\n{count:,} rows: peak {peaks[count][0]:.1f} MB, CPU {cpu[count][0]:.1f} s;"
                  f" again: {peaks[count][1]:.1f} MB, {cpu[count][1]:.1f} s", end="")  # fmt: skip
        print()
    assert peaks[MANY][0] - peaks[FEW][0] <= GROWTH_MB
    assert peaks[MANY][1] - peaks[FEW][1] <= GROWTH_MB


def test_a_row_of_fifty_megabytes_is_named_and_the_others_are_answered(tmp_path, capsys):
    """It is larger than any request may be; it neither stops the batch nor fills the machine."""
    with (tmp_path / "in.jsonl").open("w") as file:
        file.write('{"id": "row-0", "prompt": "Say row-0"}\n')
        file.write(json.dumps({"id": "large", "prompt": "word " * (10 << 20)}) + "\n")
        file.write('{"id": "row-1", "prompt": "Say row-1"}\n')
    with Server() as server:
        refused = measure(tmp_path, server.url)
        assert (refused.status, server.count) == (2, 0), refused.said
        assert "in.jsonl:2: " in refused.said
        done = measure(tmp_path, server.url, "--skip-invalid")
    assert done.status == 0, done.said
    check_whole(tmp_path / "out.jsonl", 2)
    with capsys.disabled():
        print(f"\na line of 50 MB: peak {done.peak_mb:.0f} MB")
    assert done.peak_mb < 400


def test_five_thousand_bad_lines_are_told_and_left_out(tmp_path):
    """They are counted, the first are named, and every good row is answered."""
    with (tmp_path / "in.jsonl").open("w") as file:
        for number in range(5_000):
            file.write(f'{{"id": "row-{number}", "prompt": "Say row-{number}"}}\n{{"id": "bad-{number}", "prompt": \n')
    with Server() as server:
        refused = measure(tmp_path, server.url)
        assert (refused.status, server.count) == (2, 0), refused.said
        assert all(words in refused.said for words in ("5,000 rows", "in.jsonl:2: ", "in.jsonl:4: ")), refused.said
        done = measure(tmp_path, server.url, "-j", "64", "--skip-invalid")
    assert done.status == 0, done.said
    assert "and 4,980 more" in done.said
    assert [(row["id"], row["text"]) for row in read_rows(tmp_path / "out.jsonl")] == [
        (f"row-{number}", answer_to(f"row-{number}")) for number in range(5_000)
    ]

"""The answers of a batch in a file: what a run finds of those before it, what it asks, and what is in which file."""

from __future__ import annotations

import errno
import json
import os
import stat
import subprocess
import sys
import tracemalloc
from dataclasses import replace

import pytest

from claude_cli.batch.store import Resumed
from claude_cli.batch.store_file import FileStore
from claude_cli.core.errors import OutputError, UsageError

from .keeping import PROGRAM, Run, lines, result, row, rows

ABC = rows(("a", "1"), ("b", "2"), ("c", "3"))
PLAIN = rows((None, "1"), (None, "2"), (None, "1"))


def store(folder, **options):
    """One for `out.jsonl` in this folder."""
    return FileStore(str(folder / "out.jsonl"), notify=options.pop("notify", print), **options)


def names(folder):
    """Which files are there."""
    return sorted(path.name.removeprefix("out.jsonl") for path in folder.iterdir())


def test_a_run(tmp_path):
    """OUT has the rows in input order, and its journal stays beside it."""
    run = Run(tmp_path, ABC, order=[2, 0, 1])
    assert run.resumed == Resumed(open=3) and run.notices == []
    assert lines(tmp_path / "out.jsonl") == ["'a' run:a", "'b' run:b", "'c' run:c"]
    assert names(tmp_path) == ["", ".journal"]
    found = json.loads((tmp_path / "out.jsonl").read_bytes().splitlines()[0])
    assert found == result(ABC[0], "run:a").as_json()


@pytest.mark.parametrize(
    ("first", "second", "asked", "resumed", "out"),
    [
        pytest.param(
            {}, {}, [], Resumed(done=3, whole=True), ["'a' 1:a", "'b' 1:b", "'c' 1:c"], id="the same again"
        ),
        pytest.param(
            {"most": 2}, {}, [2], Resumed(done=2, open=1), ["'a' 1:a", "'b' 1:b", "'c' 2:c"], id="it was stopped"
        ),
        pytest.param(
            {"most": 1, "order": [2]}, {}, [0, 1], Resumed(done=1, open=2), ["'a' 2:a", "'b' 2:b", "'c' 1:c"],
            id="it was stopped with rows missing in between",
        ),
        pytest.param(
            {"most": 0}, {}, [0, 1, 2], Resumed(open=3), ["'a' 2:a", "'b' 2:b", "'c' 2:c"],
            id="it was stopped before anything came",
        ),
        pytest.param(
            {"fails": [1]}, {}, [], Resumed(done=2, failed=1, whole=True), ["'a' 1:a", "'b' failed", "'c' 1:c"],
            id="a row has failed",
        ),
        pytest.param(
            {"fails": [1]}, {"retry_failed": True}, [1], Resumed(done=2, open=1, again=1),
            ["'a' 1:a", "'b' 2:b", "'c' 1:c"], id="failed rows are wanted",
        ),
        pytest.param(
            {"fails": [1]}, {"retry_failed": True, "fails": [1]}, [1], Resumed(done=2, open=1, again=1),
            ["'a' 1:a", "'b' failed", "'c' 1:c"], id="and fail once more",
        ),
        pytest.param(
            {}, {"retry_failed": True}, [], Resumed(done=3, whole=True), ["'a' 1:a", "'b' 1:b", "'c' 1:c"],
            id="failed rows are wanted, and there is none",
        ),
        pytest.param(
            {}, {"restart": True}, [0, 1, 2], Resumed(open=3), ["'a' 2:a", "'b' 2:b", "'c' 2:c"], id="begun anew"
        ),
        pytest.param(
            {"order": [2]}, {"as_completed": True}, [], Resumed(done=3), ["'c' 1:c", "'a' 1:a", "'b' 1:b"],
            id="another order is wanted",
        ),
        pytest.param(
            {"order": [2], "as_completed": True}, {}, [], Resumed(done=3), ["'a' 1:a", "'b' 1:b", "'c' 1:c"],
            id="input order is wanted",
        ),
        pytest.param(
            {"order": [2], "most": 1, "as_completed": True}, {"order": [1], "as_completed": True}, [0, 1],
            Resumed(done=1, open=2), ["'c' 1:c", "'b' 2:b", "'a' 2:a"], id="it was stopped, and is in no order",
        ),
        pytest.param(
            {"simulated": True}, {}, [0, 1, 2], Resumed(open=3), ["'a' 2:a", "'b' 2:b", "'c' 2:c"],
            id="the simulator's answers are no answers",
        ),
        pytest.param(
            {"simulated": True}, {"simulated": True}, [], Resumed(done=3, whole=True),
            ["'a' 1:a", "'b' 1:b", "'c' 1:c"], id="but to the simulator they are",
        ),
        pytest.param(
            {}, {"simulated": True}, [], Resumed(done=3, whole=True), ["'a' 1:a", "'b' 1:b", "'c' 1:c"],
            id="the simulator has nothing to answer",
        ),
    ],
)  # fmt: skip
def test_resuming(tmp_path, first, second, asked, resumed, out):
    """What the first run did, and what is left for the second, which is like it but for its options."""
    Run(tmp_path, ABC, name="1", **first)
    run = Run(tmp_path, ABC, name="2", **second)
    assert (run.open, run.resumed) == (asked, resumed)
    assert lines(tmp_path / "out.jsonl") == out and names(tmp_path) == ["", ".journal"]
    once_more = Run(tmp_path, ABC, name="3", **{**second, "restart": False, "retry_failed": False})
    assert once_more.open == [] and once_more.resumed.whole and lines(tmp_path / "out.jsonl") == out


@pytest.mark.parametrize(
    ("before", "now", "asked", "resumed", "out"),
    [
        pytest.param(
            ABC, [*ABC, row(3, "d", "4")], [3], Resumed(done=3, open=1), ["'a' 1:a", "'b' 1:b", "'c' 1:c", "'d' 2:d"],
            id="a row more",
        ),
        pytest.param(ABC, ABC[:2], [], Resumed(done=2, gone=1), ["'a' 1:a", "'b' 1:b"], id="a row less"),
        pytest.param(
            ABC, rows(("a", "1"), ("b", "other"), ("c", "3")), [1], Resumed(done=2, open=1, changed=1),
            ["'a' 1:a", "'b' 2:b", "'c' 1:c"], id="another question",
        ),
        pytest.param(
            ABC, rows(("c", "3"), ("a", "1"), ("b", "2")), [], Resumed(done=3), ["'c' 1:c", "'a' 1:a", "'b' 1:b"],
            id="another order",
        ),
        pytest.param(
            ABC, rows(("a", "1"), ("x", "2"), ("c", "3")), [1], Resumed(done=2, open=1, gone=1),
            ["'a' 1:a", "'x' 2:x", "'c' 1:c"], id="another id",
        ),
        pytest.param(
            rows((7, "1")), rows(("7", "1")), [0], Resumed(open=1, gone=1), ["'7' 2:7"], id="an id as a text"
        ),
        pytest.param(
            PLAIN, rows((None, "new"), (None, "1"), (None, "2"), (None, "1")), [0], Resumed(done=3, open=1),
            ["'1' 2:1", "'2' 1:1", "'3' 1:2", "'4' 1:3"], id="a line on top of plain lines",
        ),
        pytest.param(
            PLAIN, PLAIN[:2], [], Resumed(done=2, gone=1), ["'1' 1:1", "'2' 1:2"], id="one of two equal lines"
        ),
        pytest.param(
            PLAIN, rows((None, "1"), (None, "1"), (None, "1")), [2], Resumed(done=2, open=1, gone=1),
            ["'1' 1:1", "'2' 1:3", "'3' 2:3"], id="a third equal line",
        ),
        pytest.param(
            PLAIN, rows(("1", "1"), (None, "2"), (None, "1")), [0], Resumed(done=2, open=1, gone=1),
            ["'1' 2:1", "'2' 1:2", "'3' 1:1"], id="an id like a number that was given",
        ),
    ],
)  # fmt: skip
def test_another_input(tmp_path, before, now, asked, resumed, out):
    """Rows are matched by id and by what they ask; what they no longer ask is not in OUT, but stays in the journal."""
    Run(tmp_path, before, name="1")
    run = Run(tmp_path, now, name="2")
    assert (run.open, run.resumed) == (asked, resumed) and lines(tmp_path / "out.jsonl") == out
    assert Run(tmp_path, now).resumed.whole
    back = Run(tmp_path, before, name="3")
    assert back.open == [] and {line.split()[1][0] for line in lines(tmp_path / "out.jsonl")} == {"1"}


def test_the_partial_file(tmp_path):
    """It has what came, in input order, as soon as nothing before it is missing; a new run begins it anew."""
    partial = tmp_path / "out.jsonl.partial"
    kept = store(tmp_path)
    for each in ABC:
        kept.add(each)
    kept.match()
    seen = []
    for number in (1, 0, 2):
        kept.put(ABC[number], result(ABC[number]))
        seen.append(lines(partial))
    kept.close()
    assert seen == [[], ["'a' yes", "'b' yes"], ["'a' yes", "'b' yes", "'c' yes"]]
    partial.write_text("half a li")
    run = Run(tmp_path, ABC)
    assert run.found == seen[2] and lines(tmp_path / "out.jsonl") == seen[2] and not partial.exists()


def test_a_slow_first_row(tmp_path):
    """All others wait for it in the journal, not in memory; then they come a few at a time, and none is left out."""
    many = [row(number, str(number), str(number)) for number in range(2000)]
    kept = store(tmp_path)
    for each in many:
        kept.add(each)
    kept.match()
    tracemalloc.start()
    try:
        for each in many[:0:-1]:
            kept.put(each, result(each, "x" * 1000))
        assert tracemalloc.get_traced_memory()[1] < 100_000
    finally:
        tracemalloc.stop()
    partial = tmp_path / "out.jsonl.partial"
    assert partial.read_bytes() == b""
    kept.put(many[0], result(many[0]))
    assert 1 < partial.read_bytes().count(b"\n") < 500
    kept.finish()
    kept.close()
    assert [line.split()[0] for line in lines(tmp_path / "out.jsonl")] == [f"'{number}'" for number in range(2000)]


def test_rows_that_were_left_out(tmp_path):
    """A second row with an id is not in OUT, and nothing waits for it; nor for a number that there is not."""
    one, twice, last = row(0, "a", "1"), row(1, "a", "2"), row(7, "b", "3")
    kept = store(tmp_path)
    kept.add(one)
    with pytest.raises(UsageError, match='lines 1 and 2 have the same id, "a"'):
        kept.add(twice)
    kept.add(last)
    assert kept.match() == Resumed(open=2) and not kept.is_open(twice)
    kept.put(last, result(last))
    kept.put(one, result(one))
    kept.finish()
    kept.close()
    assert lines(tmp_path / "out.jsonl") == ["'a' yes", "'b' yes"]


def test_a_damaged_line_costs_its_row_alone(tmp_path):
    """It is said, and that row is asked again."""
    Run(tmp_path, ABC, name="1", most=2)
    journal = tmp_path / "out.jsonl.journal"
    journal.write_bytes(journal.read_bytes().replace(b"1:a", b'1"a'))
    run = Run(tmp_path, ABC, name="2")
    assert run.notices == ["journal_damaged"] and run.open == [0, 2]
    assert lines(tmp_path / "out.jsonl") == ["'a' 2:a", "'b' 1:b", "'c' 2:c"]


def test_damage_is_told_while_a_row_is_open_by_it(tmp_path):
    """Not where all rows have their answers by now; nor of an end that a kill has torn."""
    Run(tmp_path, ABC, name="1")
    journal = tmp_path / "out.jsonl.journal"
    whole = journal.read_bytes()
    journal.write_bytes(whole.replace(b"1:a", b'1"a'))
    assert [Run(tmp_path, ABC).notices for _ in range(3)] == [["journal_damaged"], [], []]
    journal.write_bytes(whole[: whole.index(b'{"out"')][:-9])
    (tmp_path / "out.jsonl").unlink()
    run = Run(tmp_path, ABC)
    assert run.notices == [] and run.open == [2]


@pytest.mark.parametrize(
    "second",
    [{"retry_failed": True}, {"more": True}, {"changed": True}],
    ids=["a failed row again", "a new row", "a row that was changed"],
)
def test_the_simulator_does_not_answer_among_real_answers(tmp_path, second):
    """It would be in the place of an OUT that was paid for; a dry run and another file are fine."""
    Run(tmp_path, ABC, fails=[1])
    out = tmp_path / "out.jsonl"
    before = out.read_bytes(), (tmp_path / "out.jsonl.journal").read_bytes()
    asked = [*ABC, row(3, "d", "4")] if second.get("more") else ABC
    asked = [*ABC[:2], row(2, "c", "other")] if second.get("changed") else asked
    options = {"simulated": True, "retry_failed": bool(second.get("retry_failed"))}
    with pytest.raises(UsageError, match=r"answers of the provider.*another file with -o.*--restart"):
        Run(tmp_path, asked, **options)
    assert (out.read_bytes(), (tmp_path / "out.jsonl.journal").read_bytes()) == before
    assert names(tmp_path) == ["", ".journal"]
    Run(tmp_path, asked, simulated=True, restart=True)
    assert b'"simulated":true' in out.read_bytes()


def test_simulated_answers_are_spoken_of(tmp_path):
    """Who tried a batch offline first is told why it asks again; and not once more when that is done."""
    assert Run(tmp_path, ABC, simulated=True).notices == []
    assert [Run(tmp_path, ABC).notices for _ in range(2)] == [["simulated_answers"], []]


def test_an_end_torn_anywhere(tmp_path):
    """Where the power went while OUT was being made: it is made again, from what is in the journal."""
    Run(tmp_path, ABC, name="1")
    journal, out = tmp_path / "out.jsonl.journal", tmp_path / "out.jsonl"
    whole, made = journal.read_bytes(), out.read_bytes()
    begins = whole.index(b'{"out"')
    for size in (begins, begins + 1, (begins + len(whole)) // 2, len(whole) - 1, len(whole)):
        journal.write_bytes(whole[:size])
        out.unlink()
        run = Run(tmp_path, ABC, name="2")
        assert run.open == [] and not run.resumed.whole and out.read_bytes() == made


def leave_alone(out):
    pass


def remove(out):
    out.unlink()


def append(out):
    with out.open("ab") as file:
        file.write(b"mine\n")


def one_letter(out):
    out.write_bytes(out.read_bytes().replace(b"1:a", b"1:x"))


@pytest.mark.parametrize(
    ("change", "again", "said"),
    [
        pytest.param(append, {}, "is not as this batch has left it", id="a line was added"),
        pytest.param(one_letter, {}, "is not as this batch has left it", id="a letter was changed"),
        pytest.param(append, {"restart": True}, None, id="and may be replaced"),
        pytest.param(remove, {}, None, id="it was taken away"),
        pytest.param(leave_alone, {}, None, id="nobody touched it"),
    ],
)
def test_what_became_of_out_meanwhile(tmp_path, change, again, said):
    """Nothing that a user wrote is overwritten, and nothing that is paid for is asked again."""
    Run(tmp_path, ABC, name="1")
    out = tmp_path / "out.jsonl"
    change(out)
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    if said:
        with pytest.raises(UsageError, match=f"{said}.*--restart"):
            Run(tmp_path, ABC, name="2", **again)
        assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before
        return
    run = Run(tmp_path, ABC, name="2", **again)
    name = "2" if again else "1"
    assert lines(out) == [f"'{each}' {name}:{each}" for each in "abc"] and bool(run.open) == bool(again)


def test_somebody_writes_out_during_the_run(tmp_path):
    """It is left alone, and the whole output lies beside it."""
    kept = store(tmp_path)
    kept.add(ABC[0])
    kept.match()
    kept.put(ABC[0], result(ABC[0]))
    (tmp_path / "out.jsonl").write_text("mine")
    with pytest.raises(OutputError, match=r"out\.jsonl\.partial"):
        kept.finish()
    kept.close()
    assert (tmp_path / "out.jsonl").read_text() == "mine"
    assert lines(tmp_path / "out.jsonl.partial") == ["'a' yes"]


@pytest.mark.parametrize(
    ("options", "open_then"),
    [pytest.param({}, [0, 1, 2], id="begun anew"), pytest.param({"most": 1}, [1, 2], id="after an answer")],
)
def test_a_restart_that_is_stopped(tmp_path, options, open_then):
    """OUT stays until the new one is whole, and what came of the new run is gone on with, now without `restart`."""
    Run(tmp_path, ABC, name="1")
    out = tmp_path / "out.jsonl"
    old = out.read_bytes()
    Run(tmp_path, ABC, name="2", restart=True, **{"most": 0, **options})
    assert out.read_bytes() == old
    run = Run(tmp_path, ABC, name="3")
    if not options:  # nothing came: nothing of the old run is lost either
        assert run.resumed.whole and out.read_bytes() == old
        return
    assert run.open == open_then and lines(out) == ["'a' 2:a", "'b' 3:b", "'c' 3:c"]


@pytest.mark.parametrize("before", ["out.jsonl", "out.jsonl.partial"])
def test_what_is_from_no_batch_is_not_overwritten(tmp_path, before):
    """Without a journal nobody knows what it is."""
    (tmp_path / before).write_text("mine")
    with pytest.raises(UsageError, match=f"{before} is there already.*--restart"):
        store(tmp_path)
    assert names(tmp_path) == [before.removeprefix("out.jsonl")] and (tmp_path / before).read_text() == "mine"
    Run(tmp_path, ABC, restart=True)
    assert lines(tmp_path / "out.jsonl") == ["'a' run:a", "'b' run:b", "'c' run:c"]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        pytest.param(".", "is a folder", id="a folder"),
        pytest.param("no/where", "there is no folder", id="no folder"),
        pytest.param("/dev/null", "is no regular file", id="a device"),
        pytest.param("fifo", "is no regular file", id="a named pipe"),
        pytest.param("n" * 300, "File name too long", id="too long"),
        pytest.param("n" * 250, "File name too long", id="too long with its ending"),
        pytest.param("planted", r"planted\.partial cannot be written", id="a link where the partial file goes"),
        pytest.param("/proc/out", "cannot be written|read-only", id="where no file can be made"),
    ],
)
def test_what_cannot_be_written_is_known_before(tmp_path, monkeypatch, name, said):
    """At the latest when the input has been read, before anything is sent; nothing is left behind."""
    monkeypatch.chdir(tmp_path)
    os.mkfifo("fifo")
    (tmp_path / "planted.partial").symlink_to("nowhere")
    before = names(tmp_path)
    with pytest.raises(UsageError, match=said):
        kept = FileStore(name, notify=print)
        try:
            kept.match()
        finally:
            kept.close()
    assert names(tmp_path) == before


@pytest.mark.parametrize("step", ["nothing", "match"])
def test_a_run_without_an_answer_leaves_nothing(tmp_path, step):
    """As where the input has a mistake, or the key is wrong."""
    kept = store(tmp_path)
    if step == "match":
        kept.add(ABC[0])
        kept.match()
        assert names(tmp_path) == [".journal", ".partial"]
    kept.close()
    kept.close()
    assert names(tmp_path) == []


@pytest.mark.parametrize(
    ("left", "resumed"),
    [
        pytest.param(None, Resumed(open=3), id="nothing"),
        pytest.param({"most": 2}, Resumed(done=2, open=1), id="half a run"),
        pytest.param({}, Resumed(done=3, whole=True), id="a whole one"),
    ],
)
def test_a_look(tmp_path, left, resumed):
    """A dry run knows what would be asked, also while a batch runs, and touches no file."""
    if left is not None:
        Run(tmp_path, ABC, **left)
    holder = store(tmp_path) if left else None
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in tmp_path.iterdir()}
    looking = store(tmp_path, looking=True)
    for each in ABC:
        looking.add(each)
    assert looking.match() == resumed
    looking.close()
    assert {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in tmp_path.iterdir()} == before
    if holder:
        holder.close()


def test_modes(tmp_path):
    """An existing OUT keeps its own, a new one has the umask's; the journal is its owner's alone."""
    before = os.umask(0o027)
    try:
        Run(tmp_path, ABC)
        modes = [stat.S_IMODE(path.stat().st_mode) for path in sorted(tmp_path.iterdir())]
        (tmp_path / "out.jsonl").chmod(0o604)
        Run(tmp_path, ABC[:2])
    finally:
        os.umask(before)
    assert modes == [0o640, 0o600] and stat.S_IMODE((tmp_path / "out.jsonl").stat().st_mode) == 0o604


def test_a_link_is_followed(tmp_path):
    """It stays a link; the other files lie beside what it leads to, so that both names are one batch."""
    far = tmp_path / "far"
    far.mkdir()
    (tmp_path / "out.jsonl").symlink_to("far/out.jsonl")
    Run(tmp_path, ABC)
    assert (tmp_path / "out.jsonl").is_symlink() and names(far) == ["", ".journal"]
    assert Run(far, ABC).resumed.whole and Run(tmp_path, ABC).resumed.whole


def test_the_last_answer_of_a_row_counts(tmp_path):
    """As after a run in which failed rows were asked again, and which was stopped."""
    Run(tmp_path, ABC, name="1", fails=[0, 1])
    Run(tmp_path, ABC, name="2", retry_failed=True, most=1)
    run = Run(tmp_path, ABC, name="3")
    assert run.open == [] and run.resumed == Resumed(done=2, failed=1)
    assert lines(tmp_path / "out.jsonl") == ["'a' 2:a", "'b' failed", "'c' 1:c"]


def test_an_answer_is_complete_in_out(tmp_path):
    """All that a result says, byte by byte what is in the journal."""
    answer = replace(result(ABC[0], "Grüß Gott\n"), structured={"a": [1, None]}, maybe_billed=True, tries=3)
    kept = store(tmp_path)
    kept.add(ABC[0])
    kept.match()
    kept.put(ABC[0], answer)
    kept.finish()
    kept.finish()
    kept.close()
    data = (tmp_path / "out.jsonl").read_bytes()
    assert json.loads(data) == answer.as_json() and data[:-1] in (tmp_path / "out.jsonl.journal").read_bytes()


def test_out_is_not_made_while_rows_are_open(tmp_path):
    """A mistake of the caller's must not look like a whole output."""
    kept = store(tmp_path)
    kept.add(ABC[0])
    kept.match()
    with pytest.raises(ValueError, match="without an answer"):
        kept.finish()
    kept.close()
    assert names(tmp_path) == []


@pytest.mark.parametrize("room", [True, False])
@pytest.mark.parametrize("order", [(), ("chance",)])
def test_a_full_disk(tmp_path, room, order):
    """What was kept is whole, what comes then is tried again, what is lost is counted, and the next run goes on."""
    out = tmp_path / "out.jsonl"
    command = [sys.executable, PROGRAM, out, "40"]
    options = ["full", *(["room"] if room else []), *order]
    first = subprocess.run([*command, "first", *options], capture_output=True, text=True, check=False)
    said = first.stdout.splitlines()
    assert first.stderr == "" and f"{out}.journal cannot be written: File too large; make room there" in first.stdout
    kept = [line for line in said if line.strip().isdigit()]
    (unkept,) = (int(line.split()[1]) for line in said if line.startswith("unkept"))
    assert 0 < len(kept) < 40 and unkept == 40 - len(kept)
    lost = [line for line in said if line.startswith("answers_lost")]
    assert lost == (
        [] if room else [f"answers_lost {unkept} answers that came could not be kept: the next run asks again"]
    )
    journal = (tmp_path / "out.jsonl.journal").read_bytes().splitlines()
    assert sum("row" in json.loads(line) for line in journal) == (40 if room else len(kept)) and out.exists() == room
    second = subprocess.run([*command, "second", *order], capture_output=True, text=True, check=True)
    assert second.stdout.splitlines()[0] == f"open {0 if room else unkept}"
    answers = [json.loads(line) for line in out.read_bytes().splitlines()]
    assert sorted(each["id"] for each in answers) == sorted(f"id {number}" for number in range(40))
    assert sum(each["text"] == "first" for each in answers) == (40 if room else len(kept))


class FullDisk:
    """A disk with so much room for OUT.partial and its journal together."""

    def __init__(self, folder, room):
        self._files, self.room = [folder / f"out.jsonl.{kind}" for kind in ("partial", "journal")], room

    def write(self, descriptor, data):
        left = self.room - sum(path.stat().st_size for path in self._files if path.exists())
        if left <= 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return os.write(descriptor, data[:left])


@pytest.mark.parametrize("options", [{}, {"as_completed": True}], ids=["in input order", "as completed"])
@pytest.mark.parametrize("restart", [False, True])
def test_a_full_disk_takes_what_can_be_made_again(tmp_path, options, restart):
    """OUT.partial gives its room to what is paid for: it is said once that the disk is full, and nothing is lost."""
    many = [row(number, str(number), str(number)) for number in range(21)]
    for room in range(8_400, 14_800, 370):  # bytes; 20 answers are 8,000 in the journal and 6,800 in OUT.partial
        folder = tmp_path / str(room)
        folder.mkdir()
        disk, notices, raised = FullDisk(folder, room), [], []
        kept = store(folder, write=disk.write, notify=notices.append, restart=restart, **options)
        for each in many:
            kept.add(each)
        kept.match()
        for each in many[:20]:
            try:
                kept.put(each, result(each))
            except OutputError as error:
                raised.append(str(error))
            assert not kept.is_open(each)
        kept.close()
        (said,) = raised
        assert "No space left on device; make room there" in said and notices == []
        assert Run(folder, many, **options).open == [20]
        assert len(lines(folder / "out.jsonl")) == 21


def test_the_disk_fails_behind_our_back(tmp_path):
    """The next answer says so, and is not lost: it is there in case the disk has taken the others all the same."""
    broken = False

    def fsync(descriptor):
        if broken:
            raise OSError(5, "Input/output error")

    kept = store(tmp_path, fsync=fsync)
    for each in ABC:
        kept.add(each)
    kept.match()
    broken = True
    kept.put(ABC[0], result(ABC[0]))
    with pytest.raises(OutputError, match="Input/output error"):
        kept.close()
    assert Run(tmp_path, ABC).open == [1, 2]

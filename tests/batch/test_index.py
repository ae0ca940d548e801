"""The index of rows: what it knows of each, that two have one id, and that it takes no memory for that."""

from __future__ import annotations

import subprocess
import sys
import tracemalloc
from contextlib import ExitStack
from dataclasses import replace

import pytest

from claude_cli.batch.index import CACHE_KIB, Counts, Index, Place, State, named_key, nameless_key
from claude_cli.core.errors import UsageError

from .keeping import row, rows


@pytest.fixture
def index():
    """Makes an index that knows of some rows."""
    with ExitStack() as closing:

        def make(*asked):
            made = Index()
            closing.callback(made.close)
            for each in asked:
                made.add(each)
            return made

        yield make


@pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param("7", 7, id="a text and a number"),
        pytest.param("a", "a ", id="a blank"),
        pytest.param("é", "e\u0301", id="two ways to write a letter"),
        pytest.param("\ud800", "\ud801", id="halves of characters"),
        pytest.param("a\0b", "a", id="a NUL"),
        pytest.param("", " ", id="an empty one"),
        pytest.param("x" * 5000 + "1", "x" * 5000 + "2", id="long ones"),
        pytest.param(2**70, -(2**70), id="numbers of any size"),
        pytest.param("1", None, id="one like the number of another row"),
        pytest.param(2, None, id="a number, not a text"),
        pytest.param("02", None, id="a number that is written otherwise"),
        pytest.param("9" * 40, None, id="one that no row has"),
    ],
)
def test_two_ids(index, first, second):
    """Any text and any number is an id, and different ones are two rows."""
    one, other = row(0, first, "a"), row(1, second, "a")
    known = index(one, other)
    assert known.is_open(one) and known.is_open(other) and known.counts().open == 2


@pytest.mark.parametrize(
    "ids",
    [pytest.param((None, "1"), id="the number before"), pytest.param(("2", None), id="behind")],
)
def test_a_number_that_stands_for_an_id_is_one(index, ids):
    """In OUT both would have it, and nobody could tell which is whose."""
    first, second = rows(*((row_id, f"words {at}") for at, row_id in enumerate(ids)))
    known = index(first)
    said = f'lines 1 and 2 have the same id, "{second.id}": that of a row without one is its number'
    with pytest.raises(UsageError) as refused:
        known.add(second)
    assert str(refused.value) == said
    assert known.is_open(first) and not known.is_open(second) and known.counts().open == 1


@pytest.mark.parametrize(
    ("row_id", "said"),
    [
        pytest.param("a", 'lines 1 and 3 have the same id, "a"', id="a text"),
        pytest.param(7, "lines 1 and 3 have the same id, 7", id="a number"),
        pytest.param("\x1b[2J", 'lines 1 and 3 have the same id, "\\u001b[2J"', id="one for the terminal"),
        pytest.param("x" * 99, f'lines 1 and 3 have the same id, "{"x" * 59}…', id="a long one"),
    ],
)
def test_one_id_twice(index, row_id, said):
    """Both lines are named. The second row is left out: where the run goes on, it is neither open nor in the way."""
    first, second = row(0, row_id, "a"), row(2, row_id, "b")
    known = index(first, row(1, "other", "a"))
    with pytest.raises(UsageError) as caught:
        known.add(second)
    assert str(caught.value) == said
    assert known.is_open(first) and not known.is_open(second) and known.counts().open == 2
    assert [place.number for place in known.after(-1)] == [0, 1]


def test_rows_without_an_id_may_be_the_same(index):
    """They are told apart by which comes first, however many there are: nothing is counted row by row."""
    asked = rows((None, "a"), (None, "b"), (None, "a"), ("x", "a"), (None, "a"))
    known = index(*asked)
    assert [known.nth(each) for each in asked] == [0, 0, 1, None, 2]
    assert known.counts() == Counts(open=5, done=0, failed=0, changed=0, gone=0)


@pytest.mark.parametrize(
    "now",
    [
        pytest.param(row(0, "a", "another"), id="another question"),
        pytest.param(row(0, "b", "first"), id="another id"),
        pytest.param(row(1, "a", "first"), id="a row more"),
    ],
)
def test_an_input_that_changes_while_it_is_read(index, now):
    """What was counted is not what would be asked."""
    known = index(row(0, "a", "first"))
    with pytest.raises(UsageError, match=f"line {now.line} is not what it was a moment ago"):
        known.is_open(now)


def test_rows_that_share_a_beginning(index):
    """As long as another one is open; a row without a prefix shares nothing."""
    one, two, other, none = (
        row(0, "1", prefix=b"p"), row(1, "2", prefix=b"p"), row(2, "3", prefix=b"q"), row(3, "4")
    )  # fmt: skip
    known = index(one, two, other, none)
    assert [known.shares(each) for each in (one, two, other, none)] == [True, True, False, False]
    known.answered(0, State.DONE, 0, 0)
    assert [known.shares(each) for each in (one, two, other)] == [True, False, False]
    assert known.shares(replace(other, number=9, prefix=b"p"))


def test_earlier_answers(index):
    """Those to the same question count, the last of them; of others it is known that they are there."""
    asked = rows(("a", "1"), ("b", "2"), ("c", "3"), (None, "4"), (None, "4"))
    known = index(*asked)
    known.recall(named_key("a"), asked[0].digest, Place(-1, True, State.FAILED, 10, 1), counts=True)
    known.recall(named_key("a"), asked[0].digest, Place(-1, True, State.DONE, 20, 2), counts=True)
    known.recall(named_key("b"), asked[0].digest, Place(-1, True, State.DONE, 30, 3), counts=True)
    known.recall(named_key("c"), asked[2].digest, Place(-1, True, State.DONE, 40, 4), counts=False)
    known.recall(nameless_key(asked[3].digest, 1), asked[3].digest, Place(-1, False, State.FAILED, 50, 5), counts=True)
    for _ in range(2):
        known.recall(named_key("z"), b"?", Place(-1, True, State.DONE, 60, 6), counts=True)
    assert known.counts() == Counts(open=3, done=1, failed=1, changed=1, gone=1, pretended=1)
    assert [known.is_open(each) for each in asked] == [False, True, True, True, False]
    assert [*known.as_answered()] == [Place(0, True, State.DONE, 20, 2), Place(4, False, State.FAILED, 50, 5)]
    known.reopen_failed()
    assert known.is_open(asked[4]) and known.counts().failed == 0


def test_what_an_output_is_made_of(index):
    """Rows in another order, or with another question, are another input."""
    one, two = row(0, "a", "1"), row(1, "b", "2")
    same = index(one, two).rows()
    assert index(one, two).rows() == same
    assert len({same, index(two, one).rows(), index(one).rows(), index(one, row(1, "b", "3")).rows()}) == 4


def test_memory_stays_flat(index):
    """What 20,000 rows take is in SQLite's cache, which has a limit, and not in Python's objects."""
    known = index(*(row(number, str(number)) for number in range(100)))
    tracemalloc.start()
    try:
        for number in range(100, 20_000):
            known.add(row(number, str(number), str(number), prefix=b"p"))
        assert known.shares(row(9, "9", prefix=b"p"))
        for number in range(20_000):
            known.answered(number, State.DONE, number * 1000, 1000)
        assert sum(place.size for place in known.after(99)) == 19_900_000
        assert tracemalloc.get_traced_memory()[1] < 200_000
    finally:
        tracemalloc.stop()
    assert CACHE_KIB < 8 << 10


FULL = """
import resource
from claude_cli.batch.index import Index
from claude_cli.batch.row import Row
from claude_cli.core.errors import OutputError
from claude_cli.core.messages import ChatRequest

resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 18, 1 << 18))
index = Index(cache_kib=64)
try:
    for number in range(100_000):
        index.add(Row(number, number + 1, number, True, bytes(16), ChatRequest("m", [])))
except OutputError as error:
    print(error)
"""


def test_a_full_temporary_disk():
    """It is said, with what to do. A limit on the size of files stands in for a disk."""
    done = subprocess.run([sys.executable, "-c", FULL], capture_output=True, text=True, check=False)
    assert done.stderr == "" and done.stdout.startswith("the index of the rows cannot be kept on the temporary disk: ")
    assert "SQLITE_TMPDIR" in done.stdout

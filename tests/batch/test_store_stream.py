"""Answers without a file: each is a line at once."""

from __future__ import annotations

import json

import pytest

from claude_cli.batch.store import Resumed
from claude_cli.batch.store_stream import StreamStore
from claude_cli.core.errors import UsageError

from .keeping import result, row, rows


def test_answers_come_as_they_are_put():
    """A whole line each; what was put is no longer open, and nothing is known of another run."""
    written = []
    asked = rows(("a", "1"), (None, "2"), ("c", "3"))
    kept = StreamStore(written.append)
    for each in asked:
        kept.add(each)
    assert kept.match() == Resumed(open=3)
    kept.put(asked[2], result(asked[2], "three\u2028"))
    kept.put(asked[1], result(asked[1], failed=True))
    assert [kept.is_open(each) for each in asked] == [True, False, False]
    kept.finish()
    kept.close()
    assert [json.loads(line)["id"] for line in written] == ["c", "2"]
    assert all(line.endswith(b"\n") and len(line.decode().splitlines()) == 1 for line in written)


def test_two_rows_with_one_id():
    """They are found here, too, and so are rows that begin alike."""
    kept = StreamStore(print)
    kept.add(row(0, "a", prefix=b"p"))
    with pytest.raises(UsageError, match="lines 1 and 2"):
        kept.add(row(1, "a"))
    kept.add(row(2, "b", prefix=b"p"))
    assert kept.shares(row(2, "b", prefix=b"p"))
    kept.close()

"""Lists in columns: aligned by cells, cut by whole columns."""

from __future__ import annotations

import pytest

from claude_cli.terminal.columns import columns

ROWS = [["id", "tokens"], ["claude-opus-5-5", "1,000"], ["模型", "7"]]


@pytest.mark.parametrize(
    ("rows", "width", "lines"),
    [
        pytest.param([], None, [], id="nothing"),
        pytest.param(
            ROWS,
            None,
            ["id               tokens", "claude-opus-5-5   1,000", "模型                  7"],
            id="as wide as the widest",
        ),
        pytest.param(ROWS, 22, ["id", "claude-opus-5-5", "模型"], id="a column that does not fit is left out"),
        pytest.param(
            ROWS, 23, ["id               tokens", "claude-opus-5-5   1,000", "模型                  7"], id="fits"
        ),
        pytest.param([["a", "b"]], 1, ["a"], id="never the first"),
    ],
)
def test_columns(rows, width, lines):
    """Wide characters take two cells, and no line ends in blanks."""
    assert columns(rows, right={1}, width=width) == lines

"""Lists in columns: aligned by cells, cut by whole columns."""

from __future__ import annotations

import pytest

from claude_cli.terminal.columns import columns, cut, wrapped

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


@pytest.mark.parametrize(
    ("text", "width", "lines"),
    [
        pytest.param("name   a b", None, ["name   a b"], id="a pipe"),
        pytest.param("name   some words", 12, ["name   some", "    words"], id="at a blank"),
        pytest.param("name   模型 模型", 12, ["name   模型", "    模型"], id="by cells"),
        pytest.param("a averylongwordindeed b", 8, ["a", "    averylongwordindeed", "    b"], id="no word is broken"),
        pytest.param("", 8, [""], id="nothing"),
    ],
)
def test_lines_that_fit(text, width, lines):
    """Blanks inside a line stay; what is copied stays whole."""
    assert wrapped(text, width, indent=4) == lines


@pytest.mark.parametrize(("text", "shown"), [("12345", "12345"), ("123456", "1234…"), ("模型模型", "模型…")])
def test_a_text_is_cut(text, shown):
    """By cells, not by characters."""
    assert cut(text, 5) == shown

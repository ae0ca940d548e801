"""Bars: to the eighth of a cell, in ASCII where that is wanted, never where there is no room."""

from __future__ import annotations

import pytest

from claude_cli.terminal.charts import bars, beside, draws_blocks


@pytest.mark.parametrize(
    ("values", "width", "blocks", "drawn"),
    [
        pytest.param([8, 4, 1, 0], 1, True, ["█", "▌", "▏", ""], id="eighths of a cell"),
        pytest.param([100, 50, 25], 10, True, ["██████████", "█████", "██▌"], id="the largest takes all of it"),
        pytest.param([10**15, 1], 8, True, ["████████", "▏"], id="the least is seen"),
        pytest.param([3, 2, 1], 4, False, ["####", "###", "#"], id="ASCII, to the nearest"),
        pytest.param([10**15, 1], 8, False, ["########", "#"], id="ASCII, the least is seen"),
        pytest.param([0, 0], 8, True, ["", ""], id="nothing"),
        pytest.param([], 8, True, [], id="no values"),
    ],
)
def test_bars(values, width, blocks, drawn):
    """Lengths are worked out in integers: amounts of money are too large for floats."""
    assert bars(values, width, blocks=blocks) == drawn


@pytest.mark.parametrize(
    ("environ", "encoding", "blocks"),
    [
        pytest.param({"TERM": "xterm", "LANG": "C.UTF-8"}, "utf-8", True, id="UTF-8"),
        pytest.param({}, "utf-8", True, id="nothing said"),
        pytest.param({"TERM": "dumb"}, "utf-8", False, id="a dumb terminal"),
        pytest.param({"LC_ALL": "C", "LANG": "C.UTF-8"}, "utf-8", False, id="the locale C"),
        pytest.param({"LANG": "POSIX"}, "utf-8", False, id="the locale POSIX"),
        pytest.param({"LC_ALL": "C.UTF-8", "LANG": "C"}, "utf-8", True, id="LC_ALL goes first"),
        pytest.param({}, "iso8859-1", False, id="an encoding without blocks"),
        pytest.param({}, "no-such-encoding", False, id="an encoding nobody knows"),
    ],
)
def test_where_blocks_are_drawn(environ, encoding, blocks):
    """Python decodes the locale C as UTF-8 (PEP 540), so the encoding alone does not tell."""
    assert draws_blocks(environ, encoding) is blocks


def test_bars_stand_in_one_column_behind_the_widest_line():
    """Wide characters take two cells."""
    assert beside(["ab", "你好", "c"], [1, 2, 0], 10, blocks=True, colour=False) == ["ab    ██", "你好  ████", "c"]


def test_colour_is_around_bars_alone():
    """What has none is left as it is."""
    assert beside(["a", "b"], [1, 0], 7, blocks=False, colour=True) == ["a  \x1b[36m####\x1b[0m", "b"]


@pytest.mark.parametrize(("values", "width"), [([1, 2], 6), ([0, 0], 40)], ids=["no room", "nothing to show"])
def test_lines_without_bars_stay_as_they_are(values, width):
    """A bar of three cells says nothing."""
    assert beside(["a", "b"], values, width, blocks=True, colour=True) == ["a", "b"]

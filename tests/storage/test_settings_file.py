"""A settings file that is wrong: the line, the column and the fix are said, and nothing of its text is repeated."""

from __future__ import annotations

from pathlib import Path

import pytest

from claude_cli.core.errors import UsageError
from claude_cli.storage.settings_file import SettingsFile, parse, read_settings_file
from claude_cli.storage.settings_place import statements

PATH = Path("/x/config.toml")


@pytest.mark.parametrize(
    ("text", "place", "fix"),
    [
        pytest.param("model = opus", "line 1, column 9", "a text stands in quotes", id="no quotes"),
        pytest.param("\n\nmodel =", "line 3, column 8", "a text stands in quotes", id="no value"),
        pytest.param("model opus", "line 1, column 7", "a setting is written name = value", id="no equals sign"),
        pytest.param("= 1", "line 1, column 1", "a setting is written name = value", id="no name"),
        pytest.param("a = 1 b = 2", "line 1, column 7", "one setting a line", id="two on a line"),
        pytest.param("a = 1\na = 2", "line 2, column 6", "stands there twice; take one out", id="twice"),
        pytest.param("[a]\n[a]", "line 2, column 3", "this table stands there twice", id="table twice"),
        pytest.param("a = {b = 1, b = 2}", "line 1, column 18", "stands there twice", id="twice inside"),
        pytest.param('a = "x\n"', "line 1, column 7", "close the quotes on the same line", id="quotes open"),
        pytest.param('a = """x', "line 1, column 9", "close the quotes", id="long quotes open"),
        pytest.param("a = 'x", "line 1, column 7", "close the quotes", id="single quotes open"),
        pytest.param("[a", "line 1, column 3", "close the bracket", id="bracket open"),
        pytest.param('a = ["x"', "line 1, column 9", "close the bracket", id="list open"),
        pytest.param('a = "C:\\dir"', "line 1, column 10", "a backslash as two", id="backslash"),
        pytest.param("a.b = 1\na.b.c = 2", "line 2, column 10", "take one out", id="value and table"),
        pytest.param('a = "\\uD800"', "line 1, column 12", "not a Unicode scalar value; correct it", id="other"),
        pytest.param(b"\xef\xbb\xbfa = 1\n  \xff", "line 2, column 3", "save the file as UTF-8", id="no text"),
        pytest.param("a = " + "[" * 5000, "", "nested too deeply; make it flat", id="too deep"),
        pytest.param("a = " + "9" * 5000, "", "(4300 digits)", id="a number without end"),
    ],
)
def test_what_is_no_toml(text, place, fix):
    """Who reads the line knows where to look and what to do; tomllib's own words need its manual."""
    with pytest.raises(UsageError) as caught:
        parse(PATH, text if isinstance(text, bytes) else text.encode())
    said = str(caught.value)
    assert said.startswith(f"{PATH}, {place}: " if place else f"{PATH}: ") and fix in said and "\n" not in said


def test_nothing_of_a_broken_file_is_repeated():
    """The file may be a link to something secret, and the error may end up in a public log."""
    for text in ('k = "CANARY', "CANARY", "[CANARY]\n[CANARY]", "a = {CANARY = 1, CANARY = 2}", "CANARY:x:0:0:/root"):
        with pytest.raises(UsageError) as caught:
            parse(PATH, text.encode())
        assert "CANARY" not in str(caught.value)


TEXT = '''\
# model = 1
model = """
effort = "x"
"""  # a
 "my key" = 'x=""" '
allow_http = [
  "a=b", # c = 3
]
profiles.work.model = "x"
[ profiles . "my.host" ]
 base_url = 1
headers.x = "1"
[[list]]
a = 1
'''


@pytest.mark.parametrize(
    ("names", "place"),
    [
        pytest.param(("model",), ", line 2, column 1", id="the first line of a long text"),
        pytest.param(("effort",), "", id="not what stands in a text"),
        pytest.param(("my key",), ", line 5, column 2", id="quoted"),
        pytest.param(("a=b",), "", id="not what stands in a list"),
        pytest.param(("profiles", "work", "model"), ", line 9, column 1", id="dotted"),
        pytest.param(("profiles", "my.host"), ", line 10, column 1", id="a table"),
        pytest.param(("profiles", "my.host", "base_url"), ", line 11, column 2", id="in a table"),
        pytest.param(("profiles", "my.host", "headers", "x"), ", line 12, column 1", id="dotted in a table"),
        pytest.param(("profiles", "my.host", "gone"), ", line 10, column 1", id="the table, at least"),
        pytest.param(("list", "a"), ", line 14, column 1", id="in a list of tables"),
        pytest.param(("gone",), "", id="nowhere"),
    ],
)
def test_where_a_setting_stands(names, place):
    """A message leads to the very line, however the name is written there."""
    assert parse(PATH, TEXT.encode()).where(*names) == f"{PATH}{place}"


def test_line_breaks_of_windows_and_a_byte_order_mark_count_for_nothing():
    """Both come from editors, not from users."""
    assert list(statements("a = 1\r\nb = 2\r\n")) == [(1, 1, ("a",)), (2, 1, ("b",))]
    assert parse(PATH, b"\xef\xbb\xbfa = 1") == SettingsFile(PATH, "a = 1", {"a": 1})


def test_no_file_is_an_empty_one_and_a_folder_is_none(tmp_path):
    """A missing file is the normal case; one that cannot be read is not silently another."""
    assert read_settings_file(tmp_path / "gone" / "config.toml").values == {}
    (tmp_path / "file").write_text("")
    assert read_settings_file(tmp_path / "file" / "config.toml").values == {}
    with pytest.raises(UsageError, match="cannot be read: Is a directory"):
        read_settings_file(tmp_path)

"""Colours of code, line by line."""

from __future__ import annotations

import pytest

from claude_cli.terminal.markdown_code import CHUNK_LINES, LONGEST_LINE, code_lines

STRING, COMMENT, KEYWORD, NAME, TAG = "32", "2", "35", "34", "34"
PLAIN = "36"


def styles(info: str, code: str) -> list[set[str]]:
    """The styles of each line of `code`."""
    lines, _ = code_lines(info, code, ())
    assert ["".join(text for text, _ in line) for line in lines] == code.split("\n")
    return [{style for text, style in line if text.strip()} for line in lines]


@pytest.mark.parametrize(
    ("info", "code", "wanted"),
    [
        pytest.param("```py", "a = '''\n\nb'''\nif b", [{"", STRING}, set(), {STRING}, {KEYWORD, ""}], id="a string"),
        pytest.param("```py", "'''\na\n'''\nif b", [{STRING}, {STRING}, {STRING}, {KEYWORD, ""}], id="a docstring"),
        pytest.param("~~~ C ", "/* a\nint b\n*/ int c", [{COMMENT}, {COMMENT}, {COMMENT, KEYWORD, ""}], id="a comment"),
        pytest.param("```js title=x", "let a = `\nb\n`", [{KEYWORD, "", STRING}, {STRING}, {STRING}], id="a template"),
        pytest.param("```diff", "+a\n-b\n c", [{STRING}, {"31"}, {""}], id="a diff"),
        pytest.param("```php", "echo 'a';", [{KEYWORD, STRING, ""}], id="PHP without its tag"),
        pytest.param("```no-such-language", "import x", [{PLAIN}], id="an unknown language"),
        pytest.param("```", "import x", [{PLAIN}], id="none named"),
    ],
)  # fmt: skip
def test_a_lines_colours_come_from_the_lines_before(info, code, wanted):
    """Also where a string or a comment goes over several lines."""
    assert styles(info, code) == wanted


def test_scripts_and_styles_in_a_page():
    """Pygments itself needs their end before it knows them; here a line is coloured when it comes."""
    page = "<style>\na { color: red }\n</style>\n<script>\nlet a = `\nb`\n</script>\n<p>let</p>\n"
    page += "<script src=a></script>\n<p>"
    found = styles("```html", page)
    assert KEYWORD in found[1] and KEYWORD in found[4] and found[5] == {STRING}
    assert found[7] == found[0] | {""} and found[9] == found[0]


def test_the_colours_are_the_same_however_it_is_cut():
    """What has been printed leaves all that the next line needs."""
    code = "def f():\n    '''a\n\n    b\n    '''\n    return 1"
    whole, _ = code_lines("```py", code, ())
    lines, chunk = [], ()
    for line in code.split("\n"):
        new, chunk = code_lines("```py", line, chunk)
        lines += new
    assert lines == whole


def test_what_is_lexed_again_is_bounded():
    """A string without end and a line without end cost no more than a page of code."""
    _, chunk = code_lines("```py", "'''\n" + "a\n" * 1_000, ())
    assert len(chunk) <= CHUNK_LINES + 2
    _, chunk = code_lines("```py", "x = 1\n" * 1_000, ())
    assert len(chunk) <= 3
    assert styles("```py", "import " + "x" * LONGEST_LINE) == [{""}]

"""Text that a terminal may see: what is taken out, and what stays."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claude_cli.core.harmless import harmless, one_line

BIDI_CONTROLS = ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("plain\ttext\n", "plain\ttext\n", id="tab and newline stay"),
        pytest.param("Grüße 日本語 🙂 👩‍👩‍👧", "Grüße 日本語 🙂 👩‍👩‍👧", id="letters, emoji and their joiners stay"),
        pytest.param("a\r\nb\rc", "a\nbc", id="no carriage return: it overwrites the line"),
        pytest.param("\x1b[2J\x1b]0;title\x07x", "[2J]0;titlex", id="no escape sequence"),
        pytest.param("\x9b31mx\x90q\x9c", "31mxq", id="nor one of a single byte"),
        pytest.param("a\x00\x08\x0b\x0c\x7fb", "ab", id="no other control"),
        pytest.param("abc\u202egnp.exe", "abcgnp.exe", id="no override of the direction"),
        pytest.param("\u2066a\u2067b\u2068c\u2069\u200ed\u200fe\u061cf", "abcdef", id="no isolate, no mark"),
        pytest.param("\u202a\u202b\u202c\u202dx", "x", id="no embedding"),
        pytest.param("\ufeffx", "x", id="no byte order mark"),
        pytest.param("", "", id="nothing"),
    ],
)
def test_what_a_terminal_may_see(text, shown):
    """A model, a file or a server must not move the cursor, retitle the window or hide what is there."""
    assert harmless(text) == shown


@given(st.text())
def test_no_control_character_survives(text):
    """And everything else does, in its order."""
    shown = harmless(text)
    assert not [character for character in shown if unicodedata.category(character) == "Cc" and character not in "\t\n"]
    assert not [character for character in shown if unicodedata.bidirectional(character) in BIDI_CONTROLS]
    assert harmless(shown) == shown


@given(st.text(), st.integers(0, 30))
def test_a_sequence_cut_in_two_is_as_harmless(text, cut):
    """Deltas come as they come."""
    assert harmless(text[:cut]) + harmless(text[cut:]) == harmless(text)


@pytest.mark.parametrize(
    ("text", "limit", "line"),
    [
        pytest.param(" a \n\n b\tc\u2028d ", 80, "a b c d", id="one blank for any white space"),
        pytest.param("x" * 10, 10, "x" * 10, id="as long as the limit"),
        pytest.param("x" * 11, 10, "x" * 9 + "…", id="longer"),
        pytest.param("\x1b[0m", 10, "[0m", id="harmless too"),
        pytest.param(" \n ", 10, "", id="white space alone"),
    ],
)
def test_one_line_of_a_server(text, limit, line):
    """An error is one line, however long the page was that came instead."""
    assert one_line(text, limit) == line

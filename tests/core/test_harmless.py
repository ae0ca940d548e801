"""Text that a terminal may see: what is taken out, what stays, and that no cut of a stream changes it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claude_cli.core.harmless import MARK_LIMIT, STRING_LIMIT, Sanitiser, harmless, one_line

from ..hostile import changes, fed, hostile_text, screen, unsafe

LONG = "y" * STRING_LIMIT

# What came, what a terminal sees, and what it sees with -v.
TAKEN_OUT = {
    "OSC 0, ended by BEL": ("a\x1b]0;title\x07b", "ab", "a‹ESC]0;title›b"),
    "OSC 8, ended by ST": (
        "\x1b]8;;https://evil.example\x1b\\here\x1b]8;;\x1b\\",
        "here",
        "‹ESC]8;;https://evil.example›here‹ESC]8;;›",
    ),
    "OSC 52, the clipboard": ("a\x1b]52;c;cm0gLXJmIC8=\x07b", "ab", "a‹ESC]52;c;cm0gLXJmIC8=›b"),
    "OSC as a C1 code point": ("a\u009d0;title\u009cb", "ab", "a‹U+009D0;title›b"),
    "DCS": ("a\x1bP$q\x1b\\b", "ab", "a‹ESCP$q›b"),
    "DCS as a C1 code point": ("a\x90q\x9cb", "ab", "a‹U+0090q›b"),
    "SOS, PM, APC": ("a\x1bXs\x1b\\b\x1b^p\x1b\\c\x1b_G\x1b\\d", "abcd", "a‹ESCXs›b‹ESC^p›c‹ESC_G›d"),
    "a long one, shortened in its mark": (f"a\x1b]0;{LONG[2:]}\x07b", "ab", f"a‹ESC]0;{'y' * (MARK_LIMIT - 3)}…›b"),
    "a string in a string": ("a\x1bPtmux;\x1b\x1b]0;t\x07\x1b\\b", "atmux;b", "a‹ESCP›tmux;‹ESC›‹ESC]0;t›‹ESC\\›b"),
    "a string without an end": ("a\x1b]0;title", "a0;title", "a‹ESC]›0;title"),
    "a string that a line ends": ("a\x1b]0;title\nb\x07c", "a0;title\nbc", "a‹ESC]›0;title\nb‹U+0007›c"),
    "a string that is too long": (f"a\x1b]{LONG}y\x07b", f"a{LONG}yb", f"a‹ESC]›{LONG}y‹U+0007›b"),
    "a string that is called off": ("a\x1b]0;x\x18b", "a0;xb", "a‹ESC]›0;x‹U+0018›b"),
    "CSI: colour": ("a\x1b[1;38:2::255:0:0mb", "ab", "a‹ESC[1;38:2::255:0:0m›b"),
    "CSI: erase, move, mode, report": ("a\x1b[2J\x1b[H\x1b[?25l\x1b[6n\x1b[!pb", "ab", None),
    "CSI as a C1 code point": ("a\x9b31mb", "ab", "a‹U+009B31m›b"),
    "CSI without an end": ("a\x1b[31;", "a31;", "a‹ESC[›31;"),
    "CSI that a letter cannot end": ("a\x1b[3é", "a3é", "a‹ESC[›3é"),
    "CSI that is too long": ("a\x1b[" + "1" * 65 + "m", "a" + "1" * 65 + "m", None),
    "a sequence in a sequence": ("a\x1b[3\x1b[31mb", "a3b", "a‹ESC[›3‹ESC[31m›b"),
    "two characters": ("a\x1bc\x1b7\x1b=b", "ab", "a‹ESCc›‹ESC7›‹ESC=›b"),
    "character sets": ("a\x1b(0\x1b%G\x1b#8\x0e\x0fb", "ab", "a‹ESC(0›‹ESC%G›‹ESC#8›‹U+000E›‹U+000F›b"),
    "ESC alone": ("a\x1bé\x1b\x1b\nb\x1b", "aé\nb", "a‹ESC›é‹ESC›‹ESC›\nb‹ESC›"),
    "bell, backspace, delete, null": ("a\x07\x08\x7f\x00b", "ab", "a‹U+0007›‹U+0008›‹U+007F›‹U+0000›b"),
    "other C1": ("a\x84\x8d\x9cb", "ab", "a‹U+0084›‹U+008D›‹U+009C›b"),
    "a carriage return overwrites nothing": ("secret\rfake", "secret\nfake", "secret‹U+000D›\nfake"),
    "the line ends of Windows": ("a\r\nb\r\n", "a\nb\n", "a\nb\n"),
    "carriage returns in a row": ("a\r\r\nb\r", "a\n\nb\n", "a‹U+000D›\n\nb‹U+000D›\n"),
    "other line ends": ("a\vb\fc\x85d\u2028e\u2029f", "a\nb\nc\nd\ne\nf", None),
    "bidi overrides": ("abc\u202egnp.exe\u202c", "abcgnp.exe", "abc‹U+202E›gnp.exe‹U+202C›"),
    "bidi embeddings and isolates": ("\u202aa\u202bb\u202dc\u2066d\u2067e\u2068f\u2069", "abcdef", None),
    "bidi marks": ("\u200ea\u200fb\u061cc", "abc", "‹U+200E›a‹U+200F›b‹U+061C›c"),
    "zero width": ("pass\u200bword\u2060\ufeff\u00ad!", "password!", "pass‹U+200B›word‹U+2060›‹U+FEFF›‹U+00AD›!"),
    "invisible operators and fillers": ("f\u2061x\u2064\u206a\u115f\u1160\u3164\uffa0\u17b4\u034fy", "fxy", None),
    "annotations, music, shorthand": ("a\ufff9b\ufffac\ufffb\U0001d173\U0001bca0d", "abcd", None),
    "tags": ("a\U000e0001\U000e0041\U000e007fb", "ab", "a‹U+E0001›‹U+E0041›‹U+E007F›b"),
    "a joiner between Latin letters": ("pay\u200dpal \u200cx", "paypal x", "pay‹U+200D›pal ‹U+200C›x"),
    "a selector behind the digit of a sequence": ("ab\x1b7\ufe0f", "ab", "ab‹ESC7›‹U+FE0F›"),
    "a joiner behind what is taken out": ("\u061c\u200c\u115f\u200dx", "x", None),
    "joiners in a row": ("می\u200c\u200c\u200dخ", "می\u200cخ", "می\u200c‹U+200C›‹U+200D›خ"),
    "selectors that select nothing": ("a\ufe0f 日\ufe00\ufe01b", "a 日\ufe00b", "a‹U+FE0F› 日\ufe00‹U+FE01›b"),
    "ideographic selectors elsewhere": ("a\U000e0100👩\U000e0101", "a👩", "a‹U+E0100›👩‹U+E0101›"),
    "Mongolian selectors elsewhere": ("a\u180bᠠ\u180b", "aᠠ\u180b", "a‹U+180B›ᠠ\u180b"),
    "half characters": ("caf\udce9 \ud800", "caf\ufffd \ufffd", "caf\ufffd \ufffd"),
    "what is no character": ("a\ufffeb\ufdd0c\U0010ffffd", "a\ufffdb\ufffdc\ufffdd", None),
}  # fmt: skip

STAYS = {
    "letters": "plain Grüße 日本語 नमस्ते שלום Ελληνικά",
    "tab and newline": "a\tb\n\nc",
    "emoji and their joiners": "👩\u200d👩\u200d👧 ❤\ufe0f\u200d🔥 👍🏽 1\ufe0f⃣ ©\ufe0f ☎\ufe0e",
    "Persian, Sinhala and Malayalam joiners": "می\u200cخواهم ශ්\u200dරී ക്\u200d",
    "ideographic and Mongolian variants": "葛\U000e0100 ᠠ\u180b ≨\ufe00",
    "private characters": "\ue0b0 \U000f0000",
    "combining characters": "e\u0301 a\u0308",
    "what looks like a mark": "‹ESC[31m›",
    "nothing": "",
}


@pytest.mark.parametrize("name", TAKEN_OUT)
def test_what_is_taken_out(name):
    """A model, a file or a server must not move the cursor, retitle the window, answer for the user or hide a word."""
    text, shown, marked = TAKEN_OUT[name]
    assert harmless(text) == shown
    assert marked is None or harmless(text, marks=True) == marked


@pytest.mark.parametrize("name", TAKEN_OUT)
def test_no_border_of_a_stream_lets_it_through(name):
    """A delta ends where the server wants: cut once anywhere, or into single characters, it comes out the same."""
    text, shown, _ = TAKEN_OUT[name]
    marked = harmless(text, marks=True)
    for border in [*range(min(len(text), 80)), *range(max(len(text) - 5, 0), len(text))]:
        assert (fed(text, [border]), fed(text, [border], marks=True)) == (shown, marked)
    assert fed(text, [*range(len(text))]) == shown


@pytest.mark.parametrize("name", STAYS)
def test_what_stays(name):
    """Every script and every emoji is text; what cannot be seen stays where it has a meaning."""
    assert harmless(STAYS[name], marks=True) == STAYS[name]
    every = [*range(len(STAYS[name]))]
    assert fed(STAYS[name], [*every, *every]) == STAYS[name]  # with empty pieces between


EVERY = [*range(0x40000), *range(0xDFFF0, 0xE2000), *range(0xEFFF0, 0xF0010), *range(0x10FFF0, 0x110000)]
DRAWN_AS_NOTHING = {0x34F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x3164, 0xFFA0, *range(0x180B, 0x1810)}
SELECTORS = {*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)}


def test_every_character_by_itself():
    """The planes of Unicode that are in use: none that a terminal may not see comes out, all that can be seen do."""
    shown = harmless("a".join(map(chr, EVERY)))
    assert not unsafe(shown)
    lost = {*EVERY} - {ord(character) for character in shown} - DRAWN_AS_NOTHING - SELECTORS
    assert not [chr(code) for code in lost if chr(code).isprintable()]


@pytest.mark.parametrize("piece", ["\x1b]0;" + "x" * 100, "\x1b", "\x9b31", "\r", "\u202e", "\u200d", "\x9d"])
def test_the_cost_is_linear_and_the_wait_is_bounded(piece):
    """However many sequences are left open, each character is read a fixed number of times and soon shown."""
    sanitiser = Sanitiser()
    for _ in range(20_000):
        sanitiser.feed(piece)
    assert len(sanitiser.close()) <= STRING_LIMIT + 2


def test_a_closed_stream_begins_anew():
    """What was held back is shown once, and what comes next has nothing to do with it."""
    sanitiser = Sanitiser()
    assert (sanitiser.feed("می\x1b[3"), sanitiser.close(), sanitiser.close()) == ("می", "3", "")
    assert (sanitiser.feed("می"), sanitiser.close(), sanitiser.feed("\u200cm")) == ("می", "", "m")


def test_nothing_waits_behind_a_newline():
    """The end of a line ends every sequence, so an answer that ends with one is out."""
    for text, _, _ in TAKEN_OUT.values():
        sanitiser = Sanitiser()
        sanitiser.feed(text + "\n")
        assert sanitiser.close() == ""


@given(hostile_text, st.lists(st.integers(0, 5000), max_size=6), st.booleans())
def test_hostile_text_changes_nothing_but_text(text, borders, marks):
    """What a terminal's own parser makes of it: characters, tabs and line ends; wherever the stream was cut."""
    shown = harmless(text, marks=marks)
    assert fed(text, borders, marks=marks) == shown
    assert (harmless(shown, marks=marks), unsafe(shown)) == (shown, [])
    assert changes(shown) == (shown, set())
    fresh, after = screen(""), screen(shown)
    assert (after.mode, after.title, after.icon_name) == (fresh.mode, "", "")
    assert (after.cursor.attrs, after.cursor.hidden, after.margins) == (fresh.cursor.attrs, False, None)
    assert after.tabstops == fresh.tabstops and after.charset == fresh.charset


@pytest.mark.parametrize("control", [*range(9), *range(11, 32), *range(127, 160)], ids=hex)
def test_no_control_character_survives(control):
    """Alone, behind a letter, behind an introducer, before an end: each of the 63."""
    character = chr(control)
    for text in (character, f"a{character}b", f"\x1b]0;{character}\x07", f"\x1b[{character}m", f"\x1b{character}"):
        assert unsafe(harmless(text)) == unsafe(fed(text, [*range(len(text))])) == []


VISIBLE = st.text(st.characters(categories=["L", "N", "P", "S"], max_codepoint=0x2FF), max_size=8)
SEQUENCES = st.sampled_from(["\x1b[31m", "\x1b]0;t\x07", "\x9b2J", "\x1bc", "\x1b(B", "\x07", "\u202e", "\u200b"])


@given(st.lists(st.tuples(VISIBLE, SEQUENCES)), st.lists(st.integers(0, 200), max_size=4))
def test_what_stands_between_sequences_stands(pieces, borders):
    """Nothing of the text is lost, and nothing changes its place."""
    text = "".join(visible + sequence for visible, sequence in pieces)
    assert fed(text, borders) == "".join(visible for visible, _ in pieces)


@pytest.mark.parametrize(
    ("text", "limit", "line"),
    [
        pytest.param(" a \n\n b\tc\u2028d ", 80, "a b c d", id="one blank for any white space"),
        pytest.param("x" * 10, 10, "x" * 10, id="as long as the limit"),
        pytest.param("x" * 11, 10, "x" * 9 + "…", id="longer"),
        pytest.param("a\x1b[0m\x1b]0;title\x07b", 10, "ab", id="harmless too"),
        pytest.param(" \n ", 10, "", id="white space alone"),
    ],
)
def test_one_line_of_a_server(text, limit, line):
    """An error is one line, however long the page was that came instead."""
    assert one_line(text, limit) == line

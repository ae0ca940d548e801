"""The rows of an input: what each form of it holds, and what is said of each line that is no row."""

from __future__ import annotations

import codecs
import io
import json
import os
import subprocess
import sys
import threading
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claude_cli.batch.common import Common
from claude_cli.batch.row import Refused, Row
from claude_cli.batch.rows import RowSource, open_source
from claude_cli.batch.rows_csv import records
from claude_cli.batch.rows_lines import Line, physical_lines, text_of
from claude_cli.core.errors import UsageError
from claude_cli.storage.templates import Template, TemplateUse

MODEL = "claude-sonnet-5-5"
PLAIN = Common(MODEL)


def template(prompt: str, **more: Any) -> TemplateUse:
    """A template called `classify`."""
    return TemplateUse(Template("classify", Path("classify.toml"), prompt, **more), {})


FILLED = Common(MODEL, template=template("Classify: $text"))
INPUT = Common(MODEL, template=template("Shorten: $input"))


def told(row: Row | Refused) -> tuple[Any, ...]:
    """A row as (line, id, prompt), one that cannot be asked as (line, reason)."""
    if isinstance(row, Refused):
        return row.line, row.reason
    return row.line, row.id, row.request.messages[-1].text


def read(path: Path, data: bytes | str, common: Common = PLAIN, **options: Any) -> list[tuple[Any, ...]]:
    """All rows of a file with this content, as `told` has them."""
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    with open_source(str(path), common, **options) as source:
        return [told(row) for row in source.rows()]


def a_row(prompt: str, **more: Any) -> str:
    """A line of JSONL."""
    return json.dumps({"prompt": prompt, **more})


@pytest.mark.parametrize(
    ("name", "data", "common", "rows"),
    [
        pytest.param("a.jsonl", a_row("x", id="q") + "\n", PLAIN, [(1, "q", "x")], id="JSONL"),
        pytest.param("a.jsonl", a_row("x", custom_id="q"), PLAIN, [(1, "q", "x")], id="custom_id, no line end"),
        pytest.param("a.NDJSON", a_row("x", id=7), PLAIN, [(1, 7, "x")], id="a number stays one"),
        pytest.param(
            "a.json",
            a_row("x", id="", custom_id=None).replace('"id": "", ', ""),
            PLAIN,
            [(1, "1", "x")],
            id="null is no id",
        ),
        pytest.param("a.dat", "\n\n " + a_row("x"), PLAIN, [(3, "1", "x")], id="JSONL by its first character"),
        pytest.param(
            "a.txt", "one\n\n  \n two \n", PLAIN, [(1, "1", "one"), (4, "2", " two ")], id="lines, blank ones skipped"
        ),
        pytest.param(
            "a.txt",
            "one\r\ntwo\rthree\n",
            PLAIN,
            [(1, "1", "one"), (2, "2", "two"), (3, "3", "three")],
            id="CR LF, CR, LF",
        ),
        pytest.param(
            "a.txt",
            "one\ntwo",
            INPUT,
            [(1, "1", "Shorten: one"), (2, "2", "Shorten: two")],
            id="lines are the input of a template",
        ),
        pytest.param(
            "a.txt",
            "one",
            Common(MODEL, template=template("Be brief.")),
            [(1, "1", "Be brief.\n\none")],
            id="and stand behind one without a place for it",
        ),
        pytest.param(
            "a.jsonl",
            b"\xef\xbb\xbf" + a_row("x").encode() + b"\r\n" + a_row("y").encode(),
            PLAIN,
            [(1, "1", "x"), (2, "2", "y")],
            id="byte order mark and CR LF",
        ),
        pytest.param(
            "a.jsonl",
            a_row("x") + "\n\ufeff" + a_row("y"),
            PLAIN,
            [(1, "1", "x"), (2, "2", "y")],
            id="files joined with their marks",
        ),
        pytest.param(
            "a.csv", "id,text\n1,a\n2,b\n", FILLED, [(2, "1", "Classify: a"), (3, "2", "Classify: b")], id="CSV"
        ),
        pytest.param(
            "a.csv", "\ufefftext, custom_id \r\na,q\r\n", FILLED, [(2, "q", "Classify: a")], id="CSV of a spreadsheet"
        ),
        pytest.param("a.csv", "text;id\na,b;q", FILLED, [(2, "q", "Classify: a,b")], id="semicolons"),
        pytest.param("a.tsv", "text\tid\na,b;c\tq", FILLED, [(2, "q", "Classify: a,b;c")], id="tabs"),
        pytest.param(
            "a.csv",
            'text,id\n"a\nb",1\n\n"c ""d""",2\n',
            FILLED,
            [(2, "1", "Classify: a\nb"), (5, "2", 'Classify: c "d"')],
            id="a field of two lines",
        ),
        pytest.param(
            "a.csv", "text\na\n \nb\n", FILLED, [(2, "1", "Classify: a"), (4, "2", "Classify: b")], id="one column"
        ),
        pytest.param("a.csv", "prompt\na\n", INPUT, [(2, "1", "Shorten: a")], id="the column prompt is the input"),
        pytest.param("a.csv", "input\na\n", INPUT, [(2, "1", "Shorten: a")], id="so is input"),
        pytest.param("a.jsonl", a_row("x", id=""), PLAIN, [(1, "", "x")], id="an empty id is one"),
        pytest.param("a.csv", "id,text\n,a\n", FILLED, [(2, "1", "Classify: a")], id="an empty cell is no id"),
        pytest.param("a.csv", "text,prompt\na,b\n", FILLED, [(2, "1", "Classify: a\n\nb")], id="a column prompt"),
        pytest.param(
            "a.jsonl",
            '{"text": "a", "id": 1}\n{"text": 5}',
            FILLED,
            [(1, 1, "Classify: a"), (2, "2", "Classify: 5")],
            id="members are values",
        ),
        pytest.param("a.jsonl", "", PLAIN, [], id="nothing"),
        pytest.param("a.csv", "text\n", FILLED, [], id="a header alone"),
        pytest.param("a.csv", "", FILLED, [], id="not even that"),
    ],
)
def test_each_form_of_an_input_gives_its_rows(tmp_path, name, data, common, rows):
    """The line is the physical one at which a row begins; a row without an id has its number."""
    assert read(tmp_path / name, data, common) == rows


GOOD = a_row("x", id="good")
REFUSED = [
    pytest.param("no", "not JSON: Expecting value at column 1", id="no JSON"),
    pytest.param('{"prompt": "x"', "not JSON: Expecting ',' delimiter", id="cut"),
    pytest.param("[1]", "a list", id="a list"),
    pytest.param('"x"', "no object", id="no object"),
    pytest.param('{"prompt": "x", "prompt": "y"}', "'prompt' stands in it twice", id="a member twice"),
    pytest.param('{"prompt": "x", "a": {"b": 1, "b": 2}}', "'b' stands in it twice", id="deep inside, too"),
    pytest.param('{"prompt": "x", "a": NaN}', "NaN stands in it", id="NaN"),
    pytest.param('{"prompt": "x", "a": -Infinity}', "-Infinity stands in it", id="Infinity"),
    pytest.param('{"prompt": "x", "a": 1e999}', "too large: 1e999", id="a number that is infinite here"),
    pytest.param('{"prompt": "x", "id": ' + "9" * 5000 + "}", "too many digits", id="a number of 5,000 digits"),
    pytest.param('{"prompt": "x", "id": "\\ud800"}', "id has half a character", id="half a character in an id"),
    pytest.param('{"prompt": "x", "a": ' + "[" * 101 + "]" * 101 + "}", "deeper than 100 levels", id="101 levels"),
    pytest.param("[" * 200_000, "deeper than 100 levels", id="deeper than any parser goes"),
    pytest.param('{"prompt": "x\0y"}', "a NUL byte at offset 13", id="NUL"),
    pytest.param(b'{"prompt": "\xe9"}', "not UTF-8: byte 0xe9 at offset 12", id="Latin 1"),
    pytest.param(b'{"prompt": "\xed\xa0\x80"}', "not UTF-8: byte 0xed", id="a surrogate in UTF-8"),
]  # fmt: skip


@pytest.mark.parametrize(("line", "reason"), REFUSED)
def test_a_line_that_is_no_row_is_named_and_ends_nothing(tmp_path, line, reason):
    """One bad line in a hundred thousand must be found by its number, with all others that are bad."""
    data = b"\n".join([GOOD.encode(), line if isinstance(line, bytes) else line.encode(), GOOD.encode()])
    first, bad, last = read(tmp_path / "a.jsonl", data)
    assert first == (1, "good", "x") and last == (3, "good", "x")
    assert bad[0] == 2 and reason in bad[1]


def test_levels_that_all_tools_can_write_are_taken(tmp_path):
    """The bound is on levels, not on how many brackets a row has."""
    wide = json.dumps({"prompt": "x", "mine": [[1.5]] * 500, "deep": json.loads("[" * 90 + "]" * 90)})
    assert read(tmp_path / "a.jsonl", wide) == [(1, "1", "x")]


def test_half_a_character_is_replaced_and_said(tmp_path):
    """Texts that were cut in the middle of an emoji are common; JSON lets them pass, UTF-8 and SQLite do not."""
    path = tmp_path / "a.jsonl"
    path.write_text('{"prompt": "a\\ud83d"}\n{"prompt": "\\ud83d\\ude00 \\\\ud83d"}\n', "ascii")
    with open_source(str(path), PLAIN) as source:
        cut, whole = source.rows()
    assert isinstance(cut, Row) and isinstance(whole, Row)
    assert cut.request.messages[0].text == "a\ufffd"
    assert [notice.code for notice in cut.notices] == ["replaced_surrogate"]
    assert whole.request.messages[0].text == "😀 \\ud83d" and not whole.notices


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        pytest.param("1,a\n2\n3,c", ["1", (3, "1 cell, and there are 2 columns"), "3"], id="too few"),
        pytest.param("1,a\n2,b,c\n3,c", ["1", (3, "3 cells"), "3"], id="too many"),
        pytest.param('1,a\n2,"b\n3,c\n4,d', ["1", (3, "not CSV"), "3", "4"], id="a quote that is never closed"),
        pytest.param('1,a\n2,"b\n3,"c"\n4,d', ["1", (3, "not CSV"), "3", "4"], id="nor before the next one opens"),
        pytest.param('1,a\n2,"b"c\n3,"c\nd"\n', ["1", (3, "not CSV"), "3"], id="something behind a quote"),
        pytest.param(
            '1,a\n2,"b\n\0"\n3,c', ["1", (3, "a NUL byte at offset 5"), "3"], id="NUL in the second line of a row"
        ),
        pytest.param(b"1,a\n2,\xff\n3,c", ["1", (3, "byte 0xff at offset 2"), "3"], id="no UTF-8"),
    ],
)
def test_a_bad_record_is_named_where_it_begins(tmp_path, rows, found):
    """What follows an open quote is read again from the next line: one slip must not swallow a file."""
    data = b"id,text\n" + (rows if isinstance(rows, bytes) else rows.encode())
    read_ = read(tmp_path / "a.csv", data, FILLED)
    assert len(read_) == len(found)
    for row, wanted in zip(read_, found, strict=True):
        if isinstance(wanted, str):
            assert row[1] == wanted
        else:
            assert row[0] == wanted[0] and wanted[1] in row[1]


def test_an_input_without_a_name_is_called_so():
    """A variable of a shell that is not set."""
    with pytest.raises(UsageError, match="the name of the input is empty"):
        open_source("", PLAIN)


def test_an_open_quote_takes_no_more_than_so_many_lines():
    """It must not take a whole file into memory; all rows behind it are there."""
    lines = physical_lines(io.BytesIO(b'text\n"open\n' + b"b\n" * 30))
    header, opened, *rest = records(lines, tabs=False, most_lines=20)
    assert header.cells == ["text"] and opened == (2, [], "it has a quote that is not closed within 20 lines")
    assert rest == [(line, ["b"], "") for line in range(3, 33)]


def test_a_record_with_a_line_that_is_too_long_is_named():
    """The records behind it are read."""
    lines = [Line(1, b"text\n"), Line(2, b"", too_long=True), Line(3, b"b\n")]
    _, long, good = records(iter(lines), tabs=False)
    assert long == (2, [], "it is longer than 64 MB, the most that is read of a row") and good.cells == ["b"]


@pytest.mark.parametrize(
    ("name", "data", "common", "reason"),
    [
        pytest.param("a.jsonl", GOOD.encode("utf-16"), PLAIN, "UTF-16: convert it to UTF-8", id="UTF-16"),
        pytest.param("a.txt", codecs.BOM_UTF16_BE + b"\0a", PLAIN, "UTF-16", id="the other way round"),
        pytest.param("a.jsonl.gz", b"\x1f\x8b\x08\0", PLAIN, "compressed by gzip", id="gzip"),
        pytest.param("a.xlsx", b"PK\3\4", FILLED, "export it as CSV", id="a workbook"),
        pytest.param("a.csv", b"a,b\n", PLAIN, "takes a template", id="CSV without a template"),
        pytest.param("a.csv", b"a,b\n1,2", FILLED, "no column for $text of .*; there are 'a', 'b'", id="no column"),
        pytest.param("a.txt", b"a\nb", FILLED, "a line is $input, and .* $text as well: .*-p", id="a line is another"),
        pytest.param("a.csv", b"text,id,text\n", FILLED, "two columns 'text'", id="a column twice"),
        pytest.param("a.csv", b"text,max_token\na,5", FILLED, "line 1: 'max_token' is not known; did", id="a slip"),
        pytest.param("a.json", b'[\n {"prompt": "x"}\n]', PLAIN, "is a JSON list, .*: jq -c", id="a list"),
        pytest.param("a.jsonl", b'[{"prompt": "x"}]', PLAIN, "is a JSON list", id="a list in a line"),
        pytest.param("a.dat", b"\xef\xbb\xbf[\n{", PLAIN, "--input-format lines asks each line", id="a list, it seems"),
        pytest.param("a.csv", b'"text,id\n', FILLED, "line 1: it is not CSV", id="a header that is none"),
    ],
)
def test_an_input_of_which_nothing_can_be_made_is_refused_as_a_whole(tmp_path, name, data, common, reason):
    """Rather than a hundred thousand lines each with the same fault."""
    with pytest.raises(UsageError, match=reason.replace("$", r"\$")):
        read(tmp_path / name, data, common)


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        pytest.param(lambda path: None, "does not exist", id="missing"),
        pytest.param(lambda path: path.mkdir(), "is a folder", id="a folder"),
        pytest.param(lambda path: path.symlink_to(path.name), "cannot be read", id="a link to itself"),
        pytest.param(lambda path: path.symlink_to("/dev/zero"), "is a device or a socket", id="a device"),
    ],
)
def test_an_input_that_cannot_be_opened_is_said_at_once(tmp_path, make, reason):
    """Before anything else is looked at."""
    make(tmp_path / "in.jsonl")
    with pytest.raises(UsageError, match=rf"in\.jsonl {reason}"):
        open_source(str(tmp_path / "in.jsonl"), PLAIN)


@pytest.mark.parametrize(
    ("form", "prompts"),
    [
        pytest.param("auto", [(2, "x")], id="by the name"),
        pytest.param("lines", [(1, "prompt"), (2, '{"prompt": "x"}')], id="lines"),
        pytest.param("csv", [(2, "Answer: {prompt: x}")], id="CSV"),
    ],
)
def test_the_form_can_be_said(tmp_path, form, prompts):
    """Names and first lines can deceive."""
    common = Common(MODEL, template=template("Answer: $prompt")) if form == "csv" else PLAIN
    data = 'prompt\n{"prompt": "x"}' if form != "csv" else "prompt\n{prompt: x}"
    rows = read(tmp_path / "a.jsonl", data, common, input_format=form)
    assert [(row[0], row[2]) for row in rows if len(row) == 3] == prompts


def piped(data: bytes) -> int:
    """The reading end of a pipe through which `data` comes."""
    reading, writing = os.pipe()

    def write() -> None:
        with os.fdopen(writing, "wb") as pipe:
            pipe.write(data)

    threading.Thread(target=write, daemon=True).start()
    return reading


def test_a_pipe_is_read_as_often_as_needed():
    """It is kept in a file without a name; a megabyte does not fit into any pipe."""
    lines = [a_row("x" * 1000, id=number) for number in range(1000)]
    descriptor = piped("\n".join(lines).encode())
    with open_source("-", PLAIN, stdin=descriptor) as source:
        assert source.name == "standard input" and source.form == "jsonl"
        for _ in range(2):
            assert [row.id for row in source.rows() if isinstance(row, Row)] == list(range(1000))
    os.close(descriptor)


def test_a_named_pipe_is_read_to_its_end(tmp_path):
    """As a shell makes them: `batch run <(make-prompts)`."""
    path = tmp_path / "in.txt"
    os.mkfifo(path)
    thread = threading.Thread(target=path.write_text, args=("one\ntwo\n",), daemon=True)
    thread.start()
    with open_source(str(path), PLAIN) as source:
        assert [told(row)[2] for _ in range(2) for row in source.rows()] == ["one", "two"] * 2
    thread.join()


def test_a_pipe_that_does_not_fit_the_disk_is_said(tmp_path):
    """A limit on the size of files stands for a full disk."""
    script = "from claude_cli.batch.rows_input import open_input; open_input('-')"
    limited = f'ulimit -f 1; exec "{sys.executable}" -B -c "{script}"'
    ended = subprocess.run(["bash", "-c", limited], input=bytes(100_000), capture_output=True)
    assert b"UsageError: standard input cannot be kept on the temporary disk (File too large)" in ended.stderr


def test_rows_that_are_read_no_more_take_nothing_elses_place(tmp_path):
    """The descriptor may be another file's by then."""
    path = tmp_path / "in.txt"
    path.write_text(f"{'x' * 10_000}\n" * 100)
    source = open_source(str(path), PLAIN)
    rows = source.rows()
    next(rows)
    source.close()
    with path.open("rb"), pytest.raises(UsageError, match="cannot be read"):
        list(rows)


def test_a_file_as_standard_input_is_read_from_where_it_stands(tmp_path):
    """As `-` has it elsewhere: what a loop around it has read is not read again."""
    path = tmp_path / "in"
    path.write_text("one\ntwo\nthree\n")
    with path.open("rb", buffering=0) as file:
        file.read(4)
        with open_source("-", PLAIN, stdin=file.fileno()) as source:
            for _ in range(2):
                assert [told(row)[2] for row in source.rows()] == ["two", "three"]


def test_standard_input_that_is_closed_is_said():
    """Not a traceback."""
    descriptor = os.dup(0)
    os.close(descriptor)
    with pytest.raises(UsageError, match="nothing to read"):
        open_source("-", PLAIN, stdin=descriptor)


def test_readers_do_not_disturb_each_other(tmp_path):
    """A look at the first rows must not move the place of another reader."""
    path = tmp_path / "in.txt"
    path.write_text("".join(f"row {number}\n" for number in range(100_000)))
    with open_source(str(path), PLAIN) as source:
        one, other = source.rows(), source.rows()
        for _ in range(1000):
            assert next(one) == next(other)
        third = source.rows()
        assert [told(next(rows))[1] for rows in (one, third, other)] == ["1001", "1", "1001"]


def test_a_row_that_cannot_be_asked_has_its_number(tmp_path):
    """So the id of a row does not change when one before it is mended."""
    path = tmp_path / "in.jsonl"
    path.write_text(f"{a_row('x')}\nbad\n{a_row('y')}\n")
    with open_source(str(path), PLAIN) as source:
        rows = [row for row in source.rows() if isinstance(row, Row)]
    assert [(row.number, row.line, row.id, row.named) for row in rows] == [(0, 1, "1", False), (2, 3, "3", False)]


def test_what_is_not_used_is_said_once(tmp_path):
    """A user's own columns are nobody's fault; a hundred thousand notices would hide all others."""
    said: list[str] = []
    rows = "\n".join(a_row("x", category=number, **{f"c{number}": 1}) for number in range(30))
    (tmp_path / "a.jsonl").write_text(rows)
    (tmp_path / "a.csv").write_text("text,x,y\na,b,c\nd,e,f\n")
    for name, common in (("a.jsonl", PLAIN), ("a.csv", FILLED)):
        with open_source(str(tmp_path / name), common, notify=lambda notice: said.append(notice.text)) as source:
            assert len([*source.rows(), *source.rows()]) in (60, 4)
    assert said[:2] == ["member 'c0' is not used", "member 'category' is not used"]
    assert said[20:] == ["further members are not used either", "column 'x' is not used", "column 'y' is not used"]


# ------------------------------------------------------------------------------------------------ lines
def test_a_line_that_is_too_long_is_not_held():
    """The lines behind it are read, with their right numbers."""
    stream = io.BytesIO(b"ab\n" + b"x" * 3_000_000 + b"\ncd\r\n12345678\n123456789")
    lines = list(physical_lines(stream, most=8))
    assert [(line.number, line.data[:2], line.too_long) for line in lines] == [
        (1, b"ab", False), (2, b"", True), (3, b"cd", False), (4, b"12", False), (5, b"", True),
    ]  # fmt: skip
    with pytest.raises(UsageError, match="longer than 64 MB"):
        text_of(lines[1])


@given(st.lists(st.binary(max_size=12), max_size=8))
def test_lines_are_those_of_the_bytes(pieces):
    """Whatever the line ends are, and wherever the reader's own pieces end."""
    data = b"\r\n".join(pieces).removeprefix(codecs.BOM_UTF8)
    found = list(physical_lines(io.BytesIO(data)))
    assert [line.data for line in found] == data.splitlines(keepends=True)
    assert [line.number for line in found] == list(range(1, len(found) + 1))


# ------------------------------------------------------------------------------------------------ whatever comes
@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A folder for all examples."""
    return tmp_path_factory.mktemp("rows")


ODD = st.one_of(
    st.binary(max_size=30),
    st.text(alphabet='{}[]":,\\\r\0;\t\ufeff aé1u', max_size=30).map(
        lambda text: text.encode("utf-8", "surrogatepass")
    ),
    st.sampled_from([b'{"prompt": "x', b'{"id": {}}', b'"', b'""', b'x,"y', b"\xef\xbb\xbf", b"\xff\xfe", b"[" * 2000]),
)


@given(st.lists(ODD, max_size=6), st.sampled_from(["jsonl", "csv", "lines", "auto"]))
def test_no_bytes_whatever_break_the_reader(folder, pieces, form):
    """Each row is one or is refused, at lines that go up; or the input is refused as a whole."""
    (folder / "in").write_bytes(b"\n".join(pieces))
    common = INPUT if form in ("csv", "lines") else PLAIN
    try:
        with open_source(str(folder / "in"), common, input_format=form) as source:
            rows = list(source.rows())
            assert list(source.rows()) == rows
    except UsageError:
        return
    lines = [row.line for row in rows]
    assert lines == sorted(lines) and all(isinstance(row, Row) or row.reason for row in rows)


@given(st.lists(ODD.map(lambda data: data.translate(None, b"\r\n")), min_size=1, max_size=6))
def test_no_good_line_is_lost_among_bad_ones(folder, pieces):
    """A line that is no row takes none of its neighbours with it."""
    good = [a_row("x", id=f"good {number}").encode() for number in range(len(pieces) + 1)]
    lines = [good[0], *(line for pair in zip(pieces, good[1:], strict=True) for line in pair)]
    (folder / "good.jsonl").write_bytes(b"\n".join(lines))
    with open_source(str(folder / "good.jsonl"), PLAIN) as source:
        rows = [row for row in source.rows() if isinstance(row, Row) and str(row.id).startswith("good")]
    assert [(row.id, row.line) for row in rows] == [(f"good {number}", 2 * number + 1) for number in range(len(good))]


@pytest.mark.parametrize("most", [3_000, pytest.param(20_000, marks=pytest.mark.proof)])
def test_memory_does_not_grow_with_the_rows(tmp_path, most):
    """Many times the rows take the same memory: nothing of a row stays."""
    peaks = []
    for count in (500, most):
        path = tmp_path / f"{count}.jsonl"
        path.write_text("".join(a_row("What is it?", id=number, own=number) + "\n" for number in range(count)))
        with open_source(str(path), PLAIN) as source:
            taken(source, 50)  # what is made once is made
            tracemalloc.start()
            assert taken(source, count) == count
            peaks.append(tracemalloc.get_traced_memory()[1])
            tracemalloc.stop()
    assert peaks[1] < peaks[0] + 50_000


def taken(source: RowSource, most: int) -> int:
    """How many rows there are, `most` of which are read."""
    rows = source.rows()
    return sum(isinstance(next(rows), Row) for _ in range(most))

"""The rows of an input: JSONL, CSV with a template, or lines of text; a file, or standard input.

How lines become objects and records is `rows_json.py`'s and `rows_csv.py`'s, what a row means `requests.py`'s.
"""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterator, Mapping, Sequence
from os.path import realpath
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, NamedTuple

from ..core.errors import UsageError
from ..core.messages import Notice
from ..core.sources import plain
from .common import Common
from .requests import RowMaker
from .requests_files import RowFiles
from .requests_members import COLUMNS, PARAMETERS, Strangers, shown
from .row import Refused, Row
from .rows_csv import Record, records
from .rows_input import Input, open_input
from .rows_json import OF_A_LIST, object_of, value_of
from .rows_lines import Line, physical_lines, text_of

if TYPE_CHECKING:
    from ..storage.templates import TemplateUse

FORMATS = ("auto", "jsonl", "csv", "lines")
_SUFFIXES = {".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "jsonl", ".csv": "csv", ".tsv": "csv"}
_PROMPT, _INPUT = "prompt", "input"
_NAMED = 12
"""Columns that a message names."""
_OF_JSON = PARAMETERS | {"files", "images"}
"""Members whose cells may be JSON; other ones are text."""
_REPLACED = Notice("replaced_surrogate", "half characters (lone surrogates) were replaced by U+FFFD: UTF-8 has no such")
_NO_ROWS = {
    codecs.BOM_UTF16_LE: "UTF-16: convert it to UTF-8 (iconv -f UTF-16 -t UTF-8)",
    codecs.BOM_UTF16_BE: "UTF-16: convert it to UTF-8 (iconv -f UTF-16 -t UTF-8)",
    b"\x1f\x8b\x08": "compressed by gzip: unpack it, or pipe it in (zcat FILE | claude-cli batch run - …)",
    b"PK\3\4": "a workbook or a ZIP archive: export it as CSV, or unpack it",
}
"""How inputs begin of which no line is a row, and what they are."""


class _Raw(NamedTuple):
    """A row as it stands there: its members, or what is wrong; and whether half characters were replaced."""

    line: int
    members: Mapping[str, Any]
    wrong: str = ""
    replaced: bool = False


class RowSource:
    """A source of rows, as `Source` has it, that is open until `close`.

    Attributes:
        name: what messages call it.
        form: one of `FORMATS` but "auto".
    """

    def __init__(
        self,
        given: Input,
        common: Common,
        *,
        input_format: str = "auto",
        root: Path | None = None,
        notify: Callable[[Notice], None] = lambda notice: None,
    ) -> None:
        """Read `given`, which is closed with this; see `open_source`."""
        head = given.head()
        for begin, what in _NO_ROWS.items():
            if head.startswith(begin):
                raise UsageError(f"{given.name} is {what}")
        self.name, self._input, self._common = given.name, given, common
        suffix = given.name[given.name.rfind(".") :].lower()
        self.form = input_format if input_format != "auto" else _SUFFIXES.get(suffix) or _form(head)
        if self.form == "jsonl" and _begin(head).startswith(b"["):
            said = "" if input_format == "jsonl" or suffix in _SUFFIXES else "; --input-format lines asks each line"
            raise UsageError(f"{self.name} is a JSON list, and each line is to be one object: {OF_A_LIST}{said}")
        self._tabs = suffix == ".tsv"
        if self.form == "csv" and common.template is None:
            raise UsageError(
                f"{self.name} is CSV, which takes a template (-t NAME): its $names are filled by the columns"
            )
        if self.form == "lines" and common.template is not None:
            _check_places(common.template, self.name)
        files = RowFiles(given.folder if root is None else root)
        self._maker = RowMaker(common, files, notify)
        self._strange_columns = Strangers(notify, "column")

    def rows(self) -> Iterator[Row | Refused]:
        """As in `Source`. What cannot be asked is a row, too, where rows are numbered."""
        with self._input.reader() as stream:
            lines = physical_lines(stream)
            raws = self._records(records(lines, tabs=self._tabs)) if self.form == "csv" else self._lines(lines)
            for number, raw in enumerate(raws):
                yield self._row(number, raw)

    def close(self) -> None:
        """Nothing more is read."""
        self._input.close()

    def __enter__(self) -> RowSource:
        """Itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""
        self.close()

    def _row(self, number: int, raw: _Raw) -> Row | Refused:
        if raw.wrong:
            return Refused(raw.line, raw.wrong)
        try:
            return self._maker.row(number, raw.line, raw.members, (_REPLACED,) if raw.replaced else ())
        except UsageError as error:
            return Refused(raw.line, str(error))

    def _lines(self, lines: Iterator[Line]) -> Iterator[_Raw]:
        """The rows of JSONL, or of plain lines."""
        for line in lines:
            try:
                text = text_of(line)
                if text.strip():
                    members, replaced = object_of(text) if self.form == "jsonl" else ({_PROMPT: text}, False)
                    raw = _Raw(line.number, members, replaced=replaced)
                else:
                    continue
            except UsageError as error:
                raw = _Raw(line.number, {}, str(error))
            yield raw

    def _records(self, found: Iterator[Record]) -> Iterator[_Raw]:
        """The rows of CSV, of which the first record names the columns. Raises `UsageError`: it does not."""
        header = next(found, None)
        if header is None:
            return
        names = self._names(header)
        for record in found:
            if record.wrong:
                yield _Raw(record.line, {}, record.wrong)
            elif len(record.cells) != len(names):
                cells = f"{len(record.cells)} cell{'s' * (len(record.cells) != 1)}"
                columns = f"are {len(names)} columns" if len(names) > 1 else "is one column"
                yield _Raw(record.line, {}, f"it has {cells}, and there {columns}")
            else:
                yield self._of_cells(record, names)

    def _of_cells(self, record: Record, names: Sequence[str | None]) -> _Raw:
        """The row that cells make: values of the template as they stand there, members beside them as JSON has them."""
        use, members, replaced = self._common.template, dict[str, Any](), False
        assert use
        for name, cell in zip(names, record.cells, strict=True):
            if name is None or not (cell.strip() or name in use.template.placeholders):
                continue
            members[name] = cell
            if name in _OF_JSON and name not in use.template.placeholders:
                try:
                    members[name], mended = value_of(cell)
                except UsageError as error:
                    return _Raw(record.line, {}, f"{name}: {error}")
                replaced = replaced or mended
        return _Raw(record.line, members, replaced=replaced)

    def _names(self, header: Record) -> list[str | None]:
        """What each column is called; None for those that are not used."""
        if header.wrong:
            raise UsageError(f"{self.name}, line {header.line}: {header.wrong}")
        use = self._common.template
        assert use  # CSV is not read without
        names = [cell.strip() for cell in header.cells]
        where = f"{self.name}, line {header.line}"
        wanted = _columns(names, use, where)
        strange = [name for name in names if name not in wanted]
        try:
            self._strange_columns.check(strange)
        except UsageError as error:
            raise UsageError(f"{where}: {error}") from error
        self._strange_columns.say(strange)
        return [name if name in wanted else None for name in names]


def open_source(
    source: str,
    common: Common,
    *,
    input_format: str = "auto",
    files_root: str | None = None,
    notify: Callable[[Notice], None] = lambda notice: None,
    stdin: int = 0,
) -> RowSource:
    """The source that `source` names, a path or `-` for standard input; a pipe is read to its end.

    Args:
        common: what all its rows have in common.
        input_format: one of `FORMATS`; "auto": by the name, else JSONL where the first line with anything in it begins
            with `{`, else lines.
        files_root: the folder below which rows may name files; None: that of the input, and none for standard input.
        notify: is told, once for each, of members and columns that are not used.
        stdin: the descriptor of standard input.
    Raises:
        UsageError: it cannot be read, no row can be made of it, or `files_root` is no folder.
    """
    folder = None if files_root is None else Path(realpath(files_root))
    if folder is not None and not folder.is_dir():
        raise UsageError(f"--files-root {plain(files_root or '')} is no folder")
    given = open_input(source, stdin=stdin)
    try:
        return RowSource(given, common, input_format=input_format, root=folder, notify=notify)
    except BaseException:
        given.close()
        raise


def _columns(names: Sequence[str], use: TemplateUse, where: str) -> set[str]:
    """The columns that have a meaning: the template's values, and the members that a row of JSONL may have as well.

    Args:
        names: of all columns.
        where: they stand, for messages.
    Raises:
        UsageError: one of them stands there twice, or a value has none.
    """
    places = use.template.placeholders
    wanted = {*COLUMNS, _INPUT, *places}
    twice = sorted(name for name in wanted if names.count(name) > 1)
    if twice:
        raise UsageError(f"{where}: there are two columns {shown(twice[0])}; rename one")
    have = {*names, *use.values, *use.template.defaults, *([_INPUT] if _PROMPT in names else [])}
    missing = [f"${name}" for name in places if name not in have]
    if missing:
        there = f"there are {', '.join(map(shown, names[:_NAMED]))}{', …' * (len(names) > _NAMED)}"
        said = f"there is no column for {' and '.join(missing)} of template {use.template.name}"
        raise UsageError(f"{where}: {said}; {there}")
    return wanted


def _check_places(use: TemplateUse, name: str) -> None:
    """Whether lines of the input `name` can fill the template. Raises `UsageError`: it has a value that no line is."""
    have = {_PROMPT, _INPUT, *use.values, *use.template.defaults}
    missing = [f"${place}" for place in use.template.placeholders if place not in have]
    if missing:
        raise UsageError(
            f"{name}: a line is $input, and template {use.template.name} has {' and '.join(missing)} as well: give"
            " those with -p NAME=VALUE"
        )


def _form(head: bytes) -> str:
    """What an input is by how it begins; a list of objects is meant to be JSONL."""
    begin = _begin(head)
    return "jsonl" if begin.startswith(b"{") or (begin[:1] == b"[" and begin[1:].lstrip()[:1] == b"{") else "lines"


def _begin(head: bytes) -> bytes:
    return head.removeprefix(codecs.BOM_UTF8).lstrip()

"""What columns of CSV are beside values of the template: the members that a row of JSONL may have."""

from __future__ import annotations

from pathlib import Path

import pytest

from claude_cli.batch.common import Common
from claude_cli.batch.row import Refused, Row
from claude_cli.batch.rows import open_source
from claude_cli.core.wire_request import request_object
from claude_cli.storage.templates import Template, TemplateUse

MODEL = "claude-sonnet-5-5"
FILLED = Common(MODEL, template=TemplateUse(Template("classify", Path("classify.toml"), "Classify: $text"), {}))


def of_csv(folder: Path, header: str, cells: str) -> Row | Refused:
    """The row of a CSV file with a template."""
    (folder / "a.csv").write_text(f"text\t{header}\nx\t{cells}\n")
    with open_source(str(folder / "a.csv"), FILLED) as source:
        (row,) = source.rows()
    return row


@pytest.mark.parametrize(
    ("header", "cells", "sent"),
    [
        pytest.param("model", "claude-haiku-4-5", {"model": "claude-haiku-4-5"}, id="model"),
        pytest.param("max_tokens", "50", {"max_tokens": 50}, id="a number"),
        pytest.param("max_tokens", " ", {}, id="an empty cell says nothing"),
        pytest.param("system\teffort", "5\tlow", {"system": "5", "output_config": {"effort": "low"}}, id="texts"),
        pytest.param("stop_sequences", '"[""END""]"', {"stop_sequences": ["END"]}, id="a list"),
        pytest.param("service_tier", "auto", {"service_tier": "auto"}, id="a word"),
        pytest.param("thread\tspeed", "7\tfast", {}, id="what a table may well have of its own"),
    ],
)
def test_columns_are_what_members_are(tmp_path, header, cells, sent):
    """As in JSONL with a template; a table with a column of models must not be asked of one."""
    row = of_csv(tmp_path, header, cells)
    assert isinstance(row, Row)
    usual = {"model": MODEL, "max_tokens": 16_000, "messages": [{"role": "user", "content": "Classify: x"}]}
    assert request_object(row.request) == {**usual, **sent}


@pytest.mark.parametrize(
    ("header", "cells", "reason"),
    [
        pytest.param("max_tokens", "many", "max_tokens is a text; it is a whole number", id="no number"),
        pytest.param("temperature", "NaN", "temperature: it is not JSON: NaN", id="NaN"),
        pytest.param("tools", "[" * 200_000, "tools: it is nested deeper than 100 levels", id="too deep"),
        pytest.param("files", '"[""no.txt""]"', "no.txt does not exist", id="files"),
        pytest.param("messages", "hello", "messages stands where a template is in use", id="messages"),
    ],
)
def test_a_cell_that_is_no_such_value_is_named(tmp_path, header, cells, reason):
    """As in JSONL."""
    row = of_csv(tmp_path, header, cells)
    assert isinstance(row, Refused) and row.line == 2 and reason in row.reason


def test_half_a_character_in_a_cell_is_replaced_and_said(tmp_path):
    """JSON within CSV can have it, too."""
    row = of_csv(tmp_path, "stop_sequences", '"[""a\\ud83d""]"')
    assert isinstance(row, Row) and row.request.options.stop_sequences == ("a\ufffd",)
    assert [notice.code for notice in row.notices] == ["replaced_surrogate"]


def test_one_column_is_called_one(tmp_path):
    """The words are made for a person."""
    (tmp_path / "a.tsv").write_text("text\nx\ty\n")
    with open_source(str(tmp_path / "a.tsv"), FILLED) as source:
        (row,) = source.rows()
    assert isinstance(row, Refused) and row.reason == "it has 2 cells, and there is one column"

"""What makes a row another question, and which rows share a prompt cache."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from claude_cli.batch.common import Common
from claude_cli.batch.requests import RowMaker
from claude_cli.batch.requests_files import RowFiles
from claude_cli.batch.row import Row
from claude_cli.core.caching import mark_beginning
from claude_cli.core.form import Form
from claude_cli.core.messages import LLMOptions, document_block
from claude_cli.core.models import Catalogue, catalogue
from claude_cli.core.schema import load_schema

MODEL = "claude-sonnet-5-5"
COMMON = Common(MODEL, options=LLMOptions(max_tokens=100))
TOOL = {"name": "a", "input_schema": {"type": "object"}}
MEMBERS = {"prompt": "hi", "id": "q", "system": "s", "tools": [TOOL], "files": ["a.txt"], "schema": "name"}
LONG = "A long system prompt. " * 1000


@pytest.fixture
def root(tmp_path) -> Path:
    """A folder with a file."""
    (tmp_path / "a.txt").write_text("text")
    return tmp_path


def make(root: Path, members: dict[str, Any], common: Common = COMMON, *, number: int = 0) -> Row:
    """A row, made by a maker of its own."""
    return RowMaker(common, RowFiles(root)).row(number, number + 1, members)


def moved_alias() -> Catalogue:
    """A catalogue in which `sonnet` is another model."""
    return Catalogue(catalogue().data, aliases={"sonnet": "claude-sonnet-4-6"})


@pytest.mark.parametrize(
    ("members", "common"),
    [
        pytest.param({"prompt": "ho"}, COMMON, id="prompt"),
        pytest.param({"system": "t"}, COMMON, id="system"),
        pytest.param({"model": "claude-opus-5-5"}, COMMON, id="model"),
        pytest.param({"max_tokens": 99}, COMMON, id="a number"),
        pytest.param({"effort": "low"}, COMMON, id="effort"),
        pytest.param({"tools": [{**TOOL, "name": "b"}]}, COMMON, id="tools"),
        pytest.param({"files": []}, COMMON, id="no file"),
        pytest.param({"files": ["b.txt"]}, COMMON, id="another name of a file"),
        pytest.param({"schema": "names"}, COMMON, id="schema"),
        pytest.param({"schema": None}, COMMON, id="no schema"),
        pytest.param({"schema": None, "extract": "first"}, COMMON, id="extract"),
        pytest.param({}, replace(COMMON, on_truncate="ok"), id="--on-truncate"),
        pytest.param({}, replace(COMMON, options=LLMOptions(max_tokens=99)), id="a flag"),
        pytest.param({}, replace(COMMON, files=(document_block("guide"),)), id="a file of all rows"),
    ],
)
def test_what_makes_it_another_question(root, members, common):
    """Whatever decides the answer: what was answered before does not answer it."""
    (root / "b.txt").write_text("text")
    assert make(root, {**MEMBERS, **members}, common).digest != make(root, MEMBERS).digest


@pytest.mark.parametrize(
    ("members", "common", "number"),
    [
        pytest.param({"id": "other"}, COMMON, 0, id="id"),
        pytest.param({}, COMMON, 7, id="line"),
        pytest.param({"category": "mine"}, COMMON, 0, id="a column of one's own"),
        pytest.param({"tools": [dict(reversed(TOOL.items()))]}, COMMON, 0, id="order of members"),
        pytest.param(
            {"tools": [{**TOOL, "cache_control": {"type": "ephemeral"}}]}, COMMON, 0, id="a mark for the cache"
        ),
        pytest.param({"model": MODEL, "max_tokens": 100}, COMMON, 0, id="what a flag says, said by the row"),
        pytest.param({"schema": json.dumps(load_schema("name").original)}, COMMON, 0, id="a schema in another form"),
        pytest.param({}, replace(COMMON, strict=True), 0, id="--strict"),
        pytest.param({}, replace(COMMON, caching=False), 0, id="--cache off"),
        pytest.param({}, replace(COMMON, system="of the flag"), 0, id="a flag that the row overrides"),
    ],
)
def test_what_does_not(root, members, common, number):
    """A night's work must not be paid again for it."""
    assert make(root, {**MEMBERS, **members}, common, number=number).digest == make(root, MEMBERS).digest


def test_an_alias_that_moves_to_a_newer_model_is_the_same_question(root):
    """It is the name that was asked for; who wants another answer begins anew."""
    common = Common("sonnet")
    moved = replace(common, models=moved_alias())
    one, other = make(root, {"prompt": "hi"}, common), make(root, {"prompt": "hi"}, moved)
    assert one.request.model != other.request.model and one.digest == other.digest


def test_forms_of_the_same_question_are_the_same(root):
    """A prompt is one message; params are members; a flag's form is a row's."""
    turns = {"messages": [{"role": "user", "content": [{"type": "text", "text": "hi"}]}]}
    plain = make(root, {"prompt": "hi"}).digest
    assert make(root, turns).digest == plain
    assert make(root, {"params": {**turns, "stream": True}}).digest == plain
    form = Form(schema=load_schema("name"))
    flagged = replace(COMMON, form=form, options=LLMOptions(max_tokens=100, extra=form.request({})))
    assert make(root, {"prompt": "hi"}, flagged).digest == make(root, {"prompt": "hi", "schema": "name"}).digest


def test_the_bytes_of_a_file_are_part_of_the_question(root):
    """Not when it was written."""
    before = make(root, MEMBERS).digest
    os.utime(root / "a.txt", (1, 1))
    assert make(root, MEMBERS).digest == before
    (root / "a.txt").write_text("another text")
    assert make(root, MEMBERS).digest != before


# ------------------------------------------------------------------------------------------------ prefixes
def test_rows_that_begin_alike_have_one_prefix(root):
    """System prompt and files decide it, not the question, nor what has no part in the cache."""
    first = make(root, {"prompt": "a", "system": LONG})
    assert first.prefix is not None and len(first.prefix) == 16
    assert make(root, {"prompt": "b", "system": LONG, "max_tokens": 5}, number=3).prefix == first.prefix
    turns = [{"role": "user", "content": "x"}, {"role": "assistant", "content": "y"}, {"role": "user", "content": "z"}]
    assert make(root, {"messages": turns}, replace(COMMON, system=LONG)).prefix == first.prefix


@pytest.mark.parametrize(
    "members",
    [
        pytest.param({"system": LONG + "!"}, id="system"),
        pytest.param({"model": "claude-opus-5-5"}, id="model"),
        pytest.param({"tools": [TOOL]}, id="tools"),
        pytest.param({"effort": "low"}, id="effort"),
        pytest.param({"files": "a.txt"}, id="a file"),
    ],
)
def test_what_begins_otherwise_has_another(root, members):
    """The provider would not find it in the cache."""
    known = {"prompt": "a", "system": LONG}
    assert make(root, {**known, **members}).prefix not in (None, make(root, known).prefix)


@pytest.mark.parametrize(
    ("members", "common"),
    [
        pytest.param({"prompt": LONG}, COMMON, id="a long question"),
        pytest.param({"prompt": "a", "system": "short"}, COMMON, id="a short beginning"),
        pytest.param({"prompt": "a", "system": LONG}, replace(COMMON, caching=False), id="--cache off"),
        pytest.param(
            {"prompt": "a", "system": LONG, "cache_control": {"type": "ephemeral"}}, COMMON, id="a mark of its own"
        ),
        pytest.param({"messages": [{"role": "user", "content": LONG}]}, COMMON, id="a long first turn"),
    ],
)
def test_rows_without_a_prefix(root, members, common):
    """Nothing would be cached, or the row says itself what is."""
    assert make(root, members, common).prefix is None


def test_files_of_all_rows_are_shared_whatever_files_a_row_has(root):
    """The cache is to end behind them: with each row's own image in it, nobody would ever read it."""
    (root / "b.txt").write_text("other")
    common = replace(COMMON, files=(document_block(LONG, "guide.txt"),))
    rows = [make(root, {"prompt": "a", "files": name}, common) for name in ("a.txt", "b.txt")]
    assert rows[0].prefix == rows[1].prefix is not None
    for row in rows:
        marked = mark_beginning(row.request, None, "5m", files=row.shared_files).messages[0].content
        assert ["cache_control" in block for block in marked] == [True, False, False]


def test_rows_that_share_a_file_of_their_own_share_its_cache(root):
    """Ten questions about one contract are the usual case."""
    (root / "contract.txt").write_text(LONG)
    one, other = (make(root, {"prompt": name, "files": ["contract.txt"]}) for name in "ab")
    assert one.prefix == other.prefix is not None and one.digest != other.digest
    assert one.prefix != make(root, {"prompt": "a", "files": ["contract.txt", "a.txt"]}).prefix

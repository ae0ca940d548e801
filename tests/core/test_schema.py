"""Schemas: what may be given, what of it is sent, and when an answer fits."""

from __future__ import annotations

import contextlib
import json
import os

import pytest

from claude_cli.core.errors import SchemaNotMetError, UsageError
from claude_cli.core.schema import Schema, load_schema, request_schema, short_form
from claude_cli.core.schema_check import check_schema, is_full, structured
from claude_cli.core.schema_wire import for_api
from claude_cli.simulator.structured import check_schema as api_takes

TEXT = {"type": "string"}
CLOSED = {"additionalProperties": False}


def properties(text):
    """The properties of a short form."""
    return short_form(text)["properties"]


def an_object(**members):
    return {"type": "object", "properties": members}


# ------------------------------------------------------------------------------------------------ short form
@pytest.mark.parametrize(
    ("text", "fields"),
    [
        pytest.param("name", {"name": TEXT}, id="one"),
        pytest.param("name, age int", {"name": TEXT, "age": {"type": "integer"}}, id="two"),
        pytest.param("a str,b float,c number,d bool", {
            "a": TEXT, "b": {"type": "number"}, "c": {"type": "number"}, "d": {"type": "boolean"},
        }, id="types"),
        pytest.param("tags list", {"tags": {"type": "array", "items": TEXT}}, id="a list"),
        pytest.param("n list int", {"n": {"type": "array", "items": {"type": "integer"}}}, id="a list of a type"),
        pytest.param("n int[]", {"n": {"type": "array", "items": {"type": "integer"}}}, id="the same with brackets"),
        pytest.param("bio: short: or not", {"bio": {**TEXT, "description": "short: or not"}}, id="a description"),
        pytest.param("age int: years, full\nx", {
            "age": {"type": "integer", "description": "years, full"}, "x": TEXT,
        }, id="lines: commas are words"),
        pytest.param(" a ,, b: ,", {"a": TEXT, "b": TEXT}, id="blank parts are none"),
    ],
)  # fmt: skip
def test_the_short_form(text, fields):
    """Names, types and descriptions; all fields required, no others allowed."""
    schema = short_form(text)
    assert schema == {
        "type": "object", "properties": fields, "required": list(fields), "additionalProperties": False,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name, age itn", "'itn' in 'age itn' is no type"),
        ("bio: one, two three four", "one word too many"),
        ("tags list itn", "'itn'"),
        ("a int str", "one word too many"),
        ("a, a int", "'a' stands in it twice"),
        ("a?", "is no file and no field"),
    ],
)
def test_a_short_form_that_is_none(text, said):
    """A wrong type is not taken for a text: the answer would be checked against something else than was meant."""
    with pytest.raises(UsageError, match="--schema") as caught:
        short_form(text)
    assert said in str(caught.value)


# ------------------------------------------------------------------------------------------------ reading
def test_where_a_schema_comes_from(tmp_path):
    """JSON, a file with it (with a byte order mark too), or the short form; a file wins over a form of its name.

    A folder does not, and a pipe is as good as a file.
    """
    wanted = {"type": "object", "properties": {"a": TEXT}}
    file = tmp_path / "schema.json"
    file.write_text("\ufeff" + json.dumps(wanted), "utf-8")
    assert load_schema(str(file)).original == load_schema(f" {json.dumps(wanted)}\n").original == wanted
    assert load_schema("a").original == short_form("a")
    with contextlib.chdir(tmp_path):
        (tmp_path / "tests").mkdir()
        assert load_schema("tests").original == short_form("tests")
    reader, writer = os.pipe()
    os.write(writer, json.dumps(wanted).encode())
    os.close(writer)
    assert load_schema(f"/dev/fd/{reader}").original == wanted
    os.close(reader)
    assert load_schema("x" * 5000).original == short_form("x" * 5000)
    assert load_schema("a: with a / in it").original["properties"]["a"]["description"] == "with a / in it"


@pytest.mark.parametrize(
    ("source", "said"),
    [
        pytest.param("", "is empty", id="nothing"),
        pytest.param("nowhere.json", "there is no such file", id="no file"),
        pytest.param("a/b", "there is no such file", id="no path"),
        pytest.param("{'a'", "--schema, line 1, column 2", id="broken JSON"),
        pytest.param("[]", "an object is needed", id="a list"),
        pytest.param('{"a":' * 100_000, "nested too deeply", id="endless"),
    ],
)
def test_a_source_that_is_none(source, said):
    """Each says what is wrong and where."""
    with pytest.raises(UsageError) as caught:
        load_schema(source)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b'{\n  "a": ]\n}', "schema.json, line 2, column 8"),
        (b'{"a": "\xff"}', "is not UTF-8 text (at 7)"),
        (b" " * (1 << 20) + b" ", "is larger than"),
        (None, "cannot be read: Is a directory"),
    ],
    ids=["broken", "not UTF-8", "large", "a folder"],
)
def test_a_file_that_is_none(tmp_path, data, said):
    """The file is named, with line and column where there are any."""
    file = tmp_path / "schema.json"
    file.mkdir() if data is None else file.write_bytes(data)
    with pytest.raises(UsageError) as caught:
        load_schema(str(file))
    assert said in str(caught.value)


# ------------------------------------------------------------------------------------------------ sending
@pytest.mark.parametrize(
    ("schema", "sent"),
    [
        pytest.param(an_object(a=TEXT), {**an_object(a=TEXT), **CLOSED}, id="objects are closed"),
        pytest.param({"properties": {}}, {"type": "object", "properties": {}, **CLOSED}, id="objects by properties"),
        pytest.param({"type": ["object", "null"]},
                     {"type": ["object", "null"], "properties": {}, **CLOSED}, id="an object or null"),
        pytest.param(an_object(a=TEXT) | {"required": ["a"], "$schema": "x", "additionalProperties": True},
                     {**an_object(a=TEXT), "required": ["a"], **CLOSED}, id="required stays, annotations go"),
        pytest.param({"type": "integer", "minimum": 1, "description": "A"},
                     {"type": "integer", "description": "A\n\n{minimum: 1}"}, id="bounds become words"),
        pytest.param({"type": "string", "maxLength": 5, "pattern": "a+"},
                     {"type": "string", "description": '{maxLength: 5, pattern: "a+"}'}, id="lengths and patterns"),
        pytest.param({"type": "string", "format": "date"}, {"type": "string", "format": "date"}, id="known formats"),
        pytest.param({"type": "string", "format": "iban"}, {"type": "string", "description": '{format: "iban"}'},
                     id="other formats"),
        pytest.param({"type": "array", "items": TEXT, "minItems": 1},
                     {"type": "array", "items": TEXT, "minItems": 1}, id="at least one"),
        pytest.param({"type": "array", "items": TEXT, "minItems": 2, "maxItems": 3},
                     {"type": "array", "items": TEXT, "description": "{minItems: 2, maxItems: 3}"}, id="other bounds"),
        pytest.param({"enum": ["a", 1]}, {"enum": ["a", 1]}, id="enum"),
        pytest.param({"enum": [[1]]}, {"description": "{enum: [[1]]}"}, id="enum of lists"),
        pytest.param({"const": {}}, {"description": "{const: {}}"}, id="const of an object"),
        pytest.param({"const": 1, "default": 1}, {"const": 1, "default": 1}, id="const and default"),
        pytest.param({"oneOf": [TEXT, {"type": "null"}]}, {"anyOf": [TEXT, {"type": "null"}]}, id="oneOf"),
        pytest.param({"anyOf": [TEXT], "oneOf": [{"type": "null"}]},
                     {"anyOf": [TEXT], "description": '{oneOf: [{"type": "null"}]}'}, id="oneOf beside anyOf"),
        pytest.param({"allOf": [{"type": "integer", "minimum": 1}]},
                     {"allOf": [{"type": "integer", "description": "{minimum: 1}"}]}, id="inside allOf"),
        pytest.param({"type": "object", "additionalProperties": TEXT},
                     {"type": "object", "properties": {}, **CLOSED,
                      "description": '{additionalProperties: {"type": "string"}}'}, id="open objects"),
        pytest.param({"$ref": "#/$defs/a", "$defs": {"a": an_object()}},
                     {"$ref": "#/$defs/a", "$defs": {"a": {**an_object(), **CLOSED}}}, id="a reference"),
        pytest.param({"$defs": {"a/b~": TEXT}, "anyOf": [{"$ref": "#/$defs/a~1b~0"}, {"$ref": "#/$defs/a~1b~0"}]},
                     {"$defs": {"a/b~": TEXT}, "anyOf": [{"$ref": "#/$defs/a~1b~0"}, {"$ref": "#/$defs/a~1b~0"}]},
                     id="a name with a slash, twice"),
        pytest.param({"$ref": "#/$defs/a", "description": "A", "minLength": 1, "anyOf": [], "$defs": {"a": TEXT}},
                     {"anyOf": [{"$ref": "#/$defs/a"}], "description": "A\n\n{minLength: 1, anyOf: []}",
                      "$defs": {"a": TEXT}}, id="beside a reference"),
        pytest.param({"type": "array", "items": True}, {"type": "array", "items": {}}, id="anything"),
        pytest.param(an_object(properties={"default": {"$ref": "x"}}),
                     {**an_object(properties={"default": {"$ref": "x"}}), **CLOSED}, id="a property called properties"),
        pytest.param(an_object(a={"enum": [{"$ref": 1}], "default": {"$ref": "x"}}),
                     {**an_object(a={"default": {"$ref": "x"}, "description": '{enum: [{"$ref": 1}]}'}), **CLOSED},
                     id="data that looks like a reference"),
    ],
)  # fmt: skip
def test_what_is_sent(schema, sent):
    """The part of JSON Schema that structured output has; the rest as words. The simulator's rules agree."""
    before = json.dumps(schema)
    assert for_api(schema) == sent
    assert json.dumps(schema) == before
    api_takes("schema", sent)


def nested(levels):
    schema = TEXT
    for _ in range(levels):
        schema = {"type": "array", "items": schema}
    return schema


CHAIN = {f"d{n}": {"$ref": f"#/$defs/d{n + 1}"} for n in range(150)} | {"d150": TEXT}


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        pytest.param({"$ref": "#"}, "refers to itself at #", id="itself"),
        pytest.param({"$defs": {"a": {"items": {"$ref": "#/$defs/a"}}}}, "refers to itself at #/$defs/a", id="a tree"),
        pytest.param({"$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}}, "itself", id="a circle"),
        pytest.param({"$ref": "#/$defs/d0", "$defs": CHAIN}, "longer than 100 steps", id="a long way"),
        pytest.param({"$ref": "https://example.com/x"}, "only references inside it", id="the web"),
        pytest.param({"$ref": "other.json#/a"}, "only references inside it", id="another file"),
        pytest.param({"$ref": "#/$defs/x"}, "which is not in it", id="nothing"),
        pytest.param({"$defs": {"a": TEXT}, "$ref": "#/$defs/a/type/x"}, "which is not in it", id="into a text"),
        pytest.param({"type": "text"}, 'it has the type "text"; there are object', id="a wrong type"),
        pytest.param(an_object(a={"type": "strnig"}), "at /properties/a has the type", id="a wrong type inside"),
        pytest.param({"properties": []}, "properties that are no object", id="properties"),
        pytest.param({"required": "a"}, "required that is no list", id="required"),
        pytest.param({"type": "object", "required": [["x"]]}, "required that is no list of texts", id="a list in it"),
        pytest.param({"minimum": 1, "description": 1}, "description that is no text", id="description"),
        pytest.param(an_object(default={"$ref": "http://x/y"}), "only references inside it", id="a property's name"),
        pytest.param({"$defs": {"enum": {"$ref": "#/$defs/x"}}}, "which is not in it", id="a definition's name"),
        pytest.param({"anyOf": {}}, "anyOf that is no list", id="anyOf"),
        pytest.param(an_object(a=1), "at /properties/a is no schema", id="a number"),
        pytest.param(nested(101), "deeper than 100 levels", id="depth"),
        pytest.param(an_object(**{f"p{n}": TEXT for n in range(25)}), "25 optional properties", id="optional"),
        pytest.param(an_object(**{f"p{n}": {"type": ["string", "null"]} for n in range(17)})
                     | {"required": [f"p{n}" for n in range(17)]}, "17 unions", id="unions"),
    ],
)  # fmt: skip
def test_what_is_refused(schema, said):
    """Before it is paid for, in the words of somebody who wrote a schema."""
    with pytest.raises(UsageError, match="the schema") as caught:
        for_api(schema)
    assert said in str(caught.value)


def test_the_request():
    """Beside an effort; not beside a format or citations of its own."""
    schema = Schema(TEXT, TEXT)
    format_ = {"type": "json_schema", "schema": TEXT}
    assert request_schema({}, schema) == {"output_config": {"format": format_}}
    assert request_schema({"a": 1, "output_config": {"effort": "low"}}, schema) == {
        "a": 1, "output_config": {"effort": "low", "format": format_},
    }  # fmt: skip
    tools = [{"name": "web_fetch", "citations": {"enabled": False}}, 1, {"name": "f", "citations": None}]
    assert request_schema({"tools": tools}, schema)["tools"] == tools
    assert request_schema({"tools": "odd"}, schema)["tools"] == "odd"
    for extra in (
        {"output_config": {"format": {}}}, {"output_config": 1},
        {"tools": [{"name": "web_fetch", "citations": {"enabled": True}}]},
    ):  # fmt: skip
        with pytest.raises(UsageError, match="--schema"):
            request_schema(extra, schema)


# ------------------------------------------------------------------------------------------------ checking
PERSON = {**an_object(name=TEXT, age={"type": "integer", "minimum": 0}), "required": ["name"]}


@pytest.mark.parametrize("full", [True, False], ids=["with the package", "in outline"])
@pytest.mark.parametrize(
    ("text", "schema", "value"),
    [
        pytest.param(' {"name": "A"}\n', PERSON, {"name": "A"}, id="an object"),
        pytest.param("null", {"type": ["object", "null"]}, None, id="null"),
        pytest.param("1", {"type": "number"}, 1, id="a number"),
        pytest.param("[1]", {}, [1], id="anything"),
    ],
)
def test_what_fits(text, schema, value, full):
    """The value, whichever way it is checked."""
    assert structured(text, schema, full=full) == value


@pytest.mark.parametrize("full", [True, False], ids=["with the package", "in outline"])
@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("Here it is: {}", "is not JSON: Expecting value: line 1 column 1", id="prose"),
        pytest.param('{"name": NaN}', "is not JSON: NaN is no JSON number", id="NaN"),
        pytest.param("[" * 100_000, "is not JSON", id="endless"),
        pytest.param("[]", "the whole: ", id="a list"),
        pytest.param("{}", '"name" is', id="a member is missing"),
    ],
)
def test_what_does_not_fit(text, said, full):
    """Place and reason."""
    with pytest.raises(SchemaNotMetError) as caught:
        structured(text, PERSON, full=full)
    assert said in str(caught.value)


def test_true_is_no_number():
    """As JSON Schema has it, though Python sees it otherwise."""
    with pytest.raises(SchemaNotMetError, match="not of type integer"):
        structured("true", {"type": "integer"}, full=False)
    assert structured("true", {"type": "boolean"}, full=False) is True


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ({"name": "A", "age": -1}, "/age: -1 is less than the minimum of 0"),
        ({"name": "A", "list": [{"n": "x"}]}, '/list/0/n: "x" is not of type "integer"'),
        ({"name": 1, "age": "x", "list": 1, "day": "x"}, "and 1 more"),
        ({"name": "A", "day": "2026-02-30"}, "/day: "),
    ],
    ids=["a bound that was not sent", "deep", "many", "a format"],
)
def test_the_full_check(value, said):
    """Against the schema as its author wrote it, with what the API does not know."""
    schema = {**PERSON, "properties": {
        **PERSON["properties"], "list": {"type": "array", "items": an_object(n={"type": "integer"})},
        "day": {"type": "string", "format": "date"},
    }}  # fmt: skip
    assert is_full()
    with pytest.raises(SchemaNotMetError) as caught:
        structured(json.dumps(value), schema, full=True)
    assert said in str(caught.value)
    assert structured(json.dumps(value), schema, full=False) == value


def test_a_reason_is_a_line():
    """However long the answer is that does not fit: it has been printed, and needs no second place."""
    with pytest.raises(SchemaNotMetError) as caught:
        structured(json.dumps({"x" * 9000: "\u009b2J\n"}), {"type": "array"}, full=True)
    assert len(str(caught.value)) < 300 and str(caught.value).isprintable()


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        ({"type": "object", "required": [1]}, "wrong at /required/0"),
        ({"type": "string", "pattern": "("}, "wrong"),
        ({"$schema": "https://example.com/own"}, "wrong"),
    ],
)
def test_a_schema_that_is_none(schema, said):
    """Found before anything is sent, and nothing is fetched for it."""
    with pytest.raises(UsageError, match=said):
        check_schema(schema)
    check_schema(PERSON)

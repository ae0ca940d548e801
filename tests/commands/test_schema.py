"""`--schema`: JSON that fits, or a status that says it does not."""

from __future__ import annotations

import json

import pytest

SHORT = "name, age int, tags list"
PERSON = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "age": {"type": "integer", "minimum": 0}},
    "required": ["name", "age"],
}


def test_an_answer_of_the_short_form(claude, simulator):
    """It is asked for as the API wants it, and printed as it came."""
    done = claude(
        "complete", "hi", "--schema", SHORT, "--effort", "low", "-O", 'output_config={"task_budget": {"total": 20000}}'
    )
    assert (done.status, done.err) == (0, "")
    assert done.out == '{"name": "simulated", "age": 1, "tags": ["simulated"]}\n'
    config = simulator.requests[0].json["output_config"]
    assert (config["effort"], config["task_budget"]) == ("low", {"total": 20000})
    assert config["format"]["schema"]["required"] == ["name", "age", "tags"]


def test_a_file_with_keywords_that_the_api_does_not_take(claude, simulate):
    """They are sent as words, and the answer is checked against them all the same."""
    (claude.folder / "schema.json").write_text(json.dumps(PERSON))
    simulator = simulate({"say": '{"name": "A", "age": 3}'}, {"say": '{"name": "A", "age": -3}'})
    assert claude("complete", "hi", "--schema", "schema.json").out == '{"name": "A", "age": 3}\n'
    sent = simulator.requests[0].json["output_config"]["format"]["schema"]
    assert sent["properties"]["age"] == {"type": "integer", "description": "{minimum: 0}"}
    assert sent["additionalProperties"] is False
    done = claude("complete", "hi", "--schema", "schema.json")
    assert done.out == '{"name": "A", "age": -3}\n'
    done.failed(10, "does not fit the schema", "/age", "minimum")


def test_the_value_for_programs(claude, simulate):
    """`structured` holds it, and only where it fits."""
    simulate({"say": '{"name": "Ü", "age": 3}\n'}, {"say": '{"name": "A"}'}, {"say": "prose"})
    words = ["complete", "hi", "--json", "--schema", json.dumps(PERSON)]
    assert claude(*words).json["structured"] == {"name": "Ü", "age": 3}
    for text, said in (('{"name": "A"}', "age"), ("prose", "not JSON")):
        done = claude(*words)
        assert (done.status, done.json["structured"], done.json["text"]) == (10, None, text)
        assert done.json["error"]["code"] == "schema_not_met" and said in done.json["error"]["message"]


@pytest.mark.parametrize("out", ["pipe", "terminal"])
def test_json_is_printed_as_it_came(claude, simulate, out):
    """Not rendered as Markdown, where a star or an underline would be lost."""
    text = '{"name": "*a* _b_ `c`",\n\n    "age": 1}'
    simulate({"say": text})
    assert claude("complete", "hi", "--schema", "name, age int", out=out).out == text + "\n"


def test_a_cut_answer_is_cut(claude, simulate):
    """Half an object is no failure of the schema: the status says what to do."""
    simulate(
        {"say": '{"name": "A', "stop_reason": "max_tokens"}, {"say": '{"a', "cut_after": 4}, {"stop_reason": "refusal"}
    )
    done = claude("complete", "hi", "--schema", SHORT)
    assert done.out == '{"name": "A\n'
    done.failed(7, "max_tokens")
    claude("complete", "hi", "--schema", SHORT).failed(7)
    claude("complete", "hi", "--schema", SHORT).failed(8)


def test_with_a_server_tool(claude, simulate):
    """What is said before the tool is no part of the JSON; nothing is marked, and no citations are asked for."""
    simulator = simulate()
    done = claude("complete", "hi", "--schema", "name", "--web-fetch", "--web-search")
    assert (done.status, done.out) == (0, '{"name": "simulated"}\n')
    assert not any("citations" in tool for tool in simulator.requests[0].json["tools"])


def test_without_the_package(claude, simulate):
    """JSON and the members that must be there are checked; `-v` says how to get the rest."""
    (claude.folder / "sitecustomize.py").write_text("import sys\nsys.modules['jsonschema_rs'] = None\n")
    simulate({"say": '{"name": 1, "age": -1}', "times": 2}, {"say": "{}"})
    words = ["complete", "hi", "--schema", json.dumps(PERSON)]
    done = claude(*words, PYTHONPATH=str(claude.folder))
    assert (done.status, done.err) == (0, "")
    done = claude(*words, "-v", PYTHONPATH=str(claude.folder))
    assert done.status == 0 and "in outline only; in full with: " in done.err and "[schema]" in done.err
    claude(*words, PYTHONPATH=str(claude.folder)).failed(10, '"name" is missing', '"age" is missing')


@pytest.mark.parametrize(
    ("words", "said"),
    [
        pytest.param(["--schema", "nowhere.json"], "no such file", id="no file"),
        pytest.param(["--schema", "schema.json"], "schema.json, line 2, column 10", id="a broken file"),
        pytest.param(["--schema", "age itn"], "'itn'", id="a wrong type"),
        pytest.param(["--schema", ""], "is empty", id="nothing"),
        pytest.param(["--schema", '{"$ref": "#"}'], "refers to itself", id="recursion"),
        pytest.param(["--schema", '{"minLength": "x"}'], "wrong at /minLength", id="no schema"),
        pytest.param(["--schema", "a", "-x"], "contradict", id="code"),
        pytest.param(["--schema", "a", "--on-truncate", "continue"], "contradict", id="continuing"),
        pytest.param(["--schema", "a", "-O", "output_config.format=1"], "contradict", id="another format"),
        pytest.param(
            ["--schema", "a", "-O", 'tools=[{"name":"web_fetch","citations":{"enabled":true}}]'], "citations",
            id="citations",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_asked_for(claude, simulator, words, said):
    """Status 2, before anything is sent."""
    (claude.folder / "schema.json").write_text('{\n  "type" "object"\n}')
    claude("complete", "hi", *words).failed(2, said)
    assert simulator.requests == []


def test_a_template_has_a_schema(claude, simulate):
    """As the flag, which wins over both of the template's forms."""
    template = claude.folder / "t.toml"
    template.write_text('prompt = "$input"\nschema = "a"\n')
    simulate({"say": '{"a": "x"}'}, {"say": "```\ncode\n```"})
    assert claude("complete", "-t", str(template), "hi").out == '{"a": "x"}\n'
    assert claude("complete", "-t", str(template), "hi", "-x").out == "code\n"

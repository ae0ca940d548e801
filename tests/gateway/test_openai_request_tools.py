"""OpenAI's tools, the choice among them, and the form of the answer."""

from __future__ import annotations

import pytest

from claude_cli.core.server_tools import WEB_SEARCH
from claude_cli.gateway.openai_schema import ANY_JSON

from .openai_asking import ASK, NEW, OLD, ask, names_without, refused, send, talk

FORCING = "claude-haiku-5-5"
"""A model of today that can be made to use a tool."""
OBJECT = {"type": "object", "properties": {}}
SCHEMA = {"type": "object", "properties": {"city": {"type": "string", "minLength": 1}}, "required": ["city"]}
CLOSED = {
    "type": "object",
    "properties": {"city": {"type": "string", "description": "{minLength: 1}"}},
    "required": ["city"],
    "additionalProperties": False,
}


def tool(name="weather", **function):
    return {"type": "function", "function": {"name": name, **function}}


def named(name):
    return {"type": "function", "function": {"name": name}}


def allowed(mode, *names):
    return {"type": "allowed_tools", "allowed_tools": {"mode": mode, "tools": [named(name) for name in names]}}


def sent(name="weather", schema=OBJECT, **members):
    return {"name": name, "input_schema": schema, **members}


# --- tools

DEEP = {"type": "object", "properties": {"a": {"anyOf": [{"$ref": "#/$defs/b"}, {"type": "null"}]}},
        "$defs": {"b": {"type": "string", "pattern": "^x"}}, "additionalProperties": True}  # fmt: skip


@pytest.mark.parametrize(
    ("tools", "expected"),
    [
        pytest.param([tool()], [sent()], id="no parameters"),
        pytest.param([tool(parameters=None, description=None, strict=None)], [sent()], id="null members"),
        pytest.param([tool(parameters={})], [sent()], id="empty parameters"),
        pytest.param([tool(parameters={"properties": {"a": {"type": "string"}}})],
                     [sent(schema={"type": "object", "properties": {"a": {"type": "string"}}})], id="no type"),
        pytest.param([tool(parameters=DEEP)], [sent(schema=DEEP)], id="a schema is left as it is"),
        pytest.param([tool(description="Tells.")], [sent(description="Tells.")], id="a description"),
        pytest.param([tool(parameters=SCHEMA)], [sent(schema=SCHEMA)], id="not strict"),
        pytest.param([tool(parameters=SCHEMA, strict=False)], [sent(schema=SCHEMA)], id="strict: false"),
        pytest.param([tool(parameters=SCHEMA, strict=True)], [sent(schema=CLOSED, strict=True)], id="strict"),
        pytest.param([tool(), tool("time")], [sent(), sent("time")], id="two"),
        pytest.param([{**tool(), "cache_control": {"type": "ephemeral"}}], [sent(cache_control={"type": "ephemeral"})],
                     id="a mark"),
        pytest.param([tool(cache_control={"type": "ephemeral"})], [sent(cache_control={"type": "ephemeral"})],
                     id="a mark inside"),
    ],
)  # fmt: skip
def test_tools(tools, expected):
    """By the API's names; what a schema says is kept."""
    found = send({"tools": tools})

    assert found.body["tools"] == expected
    assert "tool_choice" not in found.body
    assert (found.asked.tool_names, found.dropped) == ({}, ())


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        pytest.param(["get.weather"], ["get_weather"], id="a dot"),
        pytest.param(["mcp:files/read me"], ["mcp_files_read_me"], id="several"),
        pytest.param(["a.b", "a_b", "a b"], ["a_b", "a_b_2", "a_b_3"], id="they stay apart"),
        pytest.param(["x" * 70, "x" * 71], ["x" * 64, "x" * 62 + "_2"], id="long ones"),
        pytest.param(["wetter-für-köln"], ["wetter-f_r-k_ln"], id="letters"),
    ],
)
def test_names_that_the_api_would_refuse(names, expected):
    """They are sent in another spelling, and the answer has the client's own."""
    found = send({"tools": [tool(name) for name in names], "tool_choice": named(names[0]), "model": FORCING})

    assert [each["name"] for each in found.body["tools"]] == expected
    assert found.body["tool_choice"] == {"type": "tool", "name": expected[0]}
    changed = {wire: own for own, wire in zip(names, expected, strict=True) if own != wire}
    assert found.asked.tool_names == changed


def test_a_tool_is_called_by_one_name_throughout():
    """In the tools, in the history, in the choice."""
    call = {"id": "c", "type": "function", "function": {"name": "a.b", "arguments": "{}"}}

    found = talk(dict(ASK), {"role": "assistant", "tool_calls": [call]},
                 {"role": "tool", "tool_call_id": "c", "content": "1"}, tools=[tool("a_b"), tool("a.b")])  # fmt: skip

    assert [each["name"] for each in found.body["tools"]] == ["a_b", "a_b_2"]
    assert found.turns[1][1][0]["name"] == "a_b_2"


@pytest.mark.parametrize(
    ("strict", "kept"),
    [
        pytest.param([{"type": "object", "properties": {"a": {"$ref": "#"}}}], 0, id="a schema that refers to itself"),
        pytest.param([SCHEMA] * 21, 20, id="more than 20 tools"),
    ],
)
def test_tools_that_cannot_be_strict(strict, kept):
    """The hint is dropped, the tool stays."""
    found = send({"tools": [tool(f"t{n}", parameters=each, strict=True) for n, each in enumerate(strict)]})

    assert sum("strict" in each for each in found.body["tools"]) == kept
    assert found.dropped == ("tools[].function.strict",)


def test_a_model_without_structured_outputs_has_no_strict_tools():
    """It holds nothing to a schema."""
    found = send({"model": OLD, "tools": [tool(strict=True)]}, names=names_without("structured_outputs"))

    assert (found.body["tools"], found.dropped) == ([sent()], ("tools[].function.strict",))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param({"tool_choice": "auto"}, None, id="auto"),
        pytest.param({"tool_choice": None}, None, id="null"),
        pytest.param({"tool_choice": "none"}, {"type": "none"}, id="none, and the tools stay for the cache"),
        pytest.param({"tool_choice": "required"}, {"type": "any"}, id="required"),
        pytest.param({"tool_choice": named("weather")}, {"type": "tool", "name": "weather"}, id="a named one"),
        pytest.param({"parallel_tool_calls": True}, None, id="in parallel"),
        pytest.param({"parallel_tool_calls": False}, {"type": "auto", "disable_parallel_tool_use": True},
                     id="not in parallel"),
        pytest.param({"parallel_tool_calls": False, "tool_choice": "required"},
                     {"type": "any", "disable_parallel_tool_use": True}, id="one, and not in parallel"),
        pytest.param({"parallel_tool_calls": False, "tool_choice": "none"}, {"type": "none"},
                     id="none are not in parallel"),
    ],
)  # fmt: skip
def test_tool_choice(changes, expected):
    """Mapped, with the tools whole."""
    found = send({"model": FORCING, "tools": [tool(), tool("time")], **changes})

    assert found.body.get("tool_choice") == expected
    assert len(found.body["tools"]) == 2
    assert found.dropped == ()


@pytest.mark.parametrize(
    ("choice", "tools", "expected"),
    [
        pytest.param(allowed("auto", "time"), ["time"], None, id="auto"),
        pytest.param(allowed("required", "time", "weather"), ["weather", "time"], {"type": "any"}, id="required"),
    ],
)
def test_allowed_tools(choice, tools, expected):
    """The others are not sent."""
    found = send({"model": FORCING, "tools": [tool(), tool("time"), tool("news")], "tool_choice": choice})

    assert [each["name"] for each in found.body["tools"]] == tools
    assert found.body.get("tool_choice") == expected


@pytest.mark.parametrize(
    ("changes", "hint"),
    [
        pytest.param({"tool_choice": "required"}, "Answer by calling one of the tools, not in words.", id="required"),
        pytest.param({"tool_choice": named("weather")}, "Answer by calling the tool weather, not in words.",
                     id="named"),
        pytest.param({"tool_choice": "required", "model": OLD, "reasoning_effort": "low"},
                     "Answer by calling one of the tools, not in words.", id="while it thinks"),
    ],
)  # fmt: skip
def test_a_tool_that_cannot_be_forced_is_asked_for(changes, hint):
    """LangChain forces one for structured output, and most models of today answer that with a 400."""
    found = talk({"role": "system", "content": "S"}, dict(ASK), tools=[tool()], parallel_tool_calls=False, **changes)

    assert found.body["tool_choice"] == {"type": "auto", "disable_parallel_tool_use": True}
    said = [block["text"] for block in found.body["system"]]
    assert (said, found.turns[1:]) in ((["S", hint], []), (["S"], [("system", hint)]))
    assert found.dropped == ("tool_choice",)
    refusal = refused({"tools": [tool()], **changes}, on_unsupported="reject")
    assert (refusal.status, refusal.param) == (400, "tool_choice")


@pytest.mark.parametrize(
    ("changes", "tools", "choice"),
    [
        pytest.param({"functions": [{"name": "f", "parameters": SCHEMA}]}, [sent("f", SCHEMA)],
                     {"type": "auto", "disable_parallel_tool_use": True}, id="functions"),
        pytest.param({"functions": [{"name": "f"}], "function_call": "none"}, [sent("f")], {"type": "none"}, id="none"),
        pytest.param({"functions": [{"name": "f"}], "function_call": {"name": "f"}}, [sent("f")],
                     {"type": "tool", "name": "f", "disable_parallel_tool_use": True}, id="a named one"),
    ],
)  # fmt: skip
def test_functions_are_tools_of_which_one_is_called(changes, tools, choice):
    """The form before there were tools; its answers have a place for one call."""
    found = send({"model": FORCING, **changes})

    assert (found.body["tools"], found.body["tool_choice"], found.asked.functions) == (tools, choice, True)


@pytest.mark.parametrize(
    ("options", "expected", "dropped"),
    [
        pytest.param({}, {}, (), id="as it is"),
        pytest.param({"search_context_size": "medium"}, {}, (), id="as much as usual"),
        pytest.param({"search_context_size": "high"}, {}, ("web_search_options.search_context_size",), id="more"),
        pytest.param({"user_location": None}, {}, (), id="nowhere"),
        pytest.param({"user_location": {"type": "approximate", "approximate": {"city": "Ulm", "x": 1}}},
                     {"user_location": {"type": "approximate", "city": "Ulm"}},
                     ("web_search_options.user_location.approximate.x",), id="somewhere"),
    ],
)  # fmt: skip
def test_web_search(options, expected, dropped):
    """The provider's own, newest one; a tool of the client's by that name has another."""
    found = send({"web_search_options": options, "tools": [tool("web_search")]})

    assert found.body["tools"] == [sent("web_search_2"), {**WEB_SEARCH, **expected}]
    assert (found.asked.tool_names, found.dropped) == ({"web_search_2": "web_search"}, dropped)


@pytest.mark.parametrize(
    ("changes", "param", "words"),
    [
        pytest.param({"tools": {}}, "tools", "a list", id="tools that are no list"),
        pytest.param({"tools": ["weather"]}, "tools[0]", "an object", id="a tool that is none"),
        pytest.param({"tools": [{"function": {"name": "f"}}]}, "tools[0].type", "is missing", id="no type"),
        pytest.param({"tools": [{"type": "custom", "custom": {"name": "f"}}]}, "tools[0].type", "use a function",
                     id="custom"),
        pytest.param({"tools": [{"type": "web_search"}]}, "tools[0].type", "it is function", id="another type"),
        pytest.param({"tools": [{"type": "function"}]}, "tools[0].function", "is missing", id="no function"),
        pytest.param({"tools": [tool(None)]}, "tools[0].function.name", "is missing", id="no name"),
        pytest.param({"tools": [tool("")]}, "tools[0].function.name", "is empty", id="an empty name"),
        pytest.param({"tools": [tool(), tool()]}, "tools[1].function.name", "another tool", id="a name twice"),
        pytest.param({"tools": [tool(description=5)]}, "tools[0].function.description", "a text", id="description"),
        pytest.param({"tools": [tool(parameters=[])]}, "tools[0].function.parameters", "an object", id="parameters"),
        pytest.param({"tools": [tool(parameters={"type": "string"})]}, "tools[0].function.parameters.type", '"object"',
                     id="parameters of another type"),
        pytest.param({"tools": [tool(parameters={"default": 1e999})]}, "tools[0].function.parameters", "too large",
                     id="a number beyond all"),
        pytest.param({"tools": [tool(strict="yes")]}, "tools[0].function.strict", "true or false", id="strict"),
        pytest.param({"tool_choice": "required"}, "tool_choice", "no tools are", id="a choice of nothing"),
        pytest.param({"tools": [tool()], "tool_choice": "any"}, "tool_choice", "auto or none or required",
                     id="another API's word"),
        pytest.param({"tools": [tool()], "tool_choice": ""}, "tool_choice", "auto or none", id="an empty choice"),
        pytest.param({"tools": [tool()], "tool_choice": 5}, "tool_choice", "an object", id="a choice that is none"),
        pytest.param({"tools": [tool()], "tool_choice": {"type": "custom", "custom": {"name": "f"}}},
                     "tool_choice.type", "function or allowed_tools", id="a custom choice"),
        pytest.param({"tools": [tool()], "tool_choice": named("time")}, "tool_choice.function.name",
                     "no tool is called 'time'", id="a tool that is not there"),
        pytest.param({"tools": [tool()], "tool_choice": allowed("auto", "time")},
                     "tool_choice.allowed_tools.tools[0].function.name", "no tool is called", id="nor this"),
        pytest.param({"tools": [tool()], "tool_choice": allowed("auto")}, "tool_choice.allowed_tools.tools", "is empty",
                     id="nothing is allowed"),
        pytest.param({"tools": [tool()], "tool_choice": allowed("any", "weather")}, "tool_choice.allowed_tools.mode",
                     "auto or required", id="a mode that is none"),
        pytest.param({"tools": [tool()], "parallel_tool_calls": "no"}, "parallel_tool_calls", "true or false",
                     id="parallel_tool_calls"),
        pytest.param({"tools": [tool()], "functions": [{"name": "f"}]}, "functions", "tools alone", id="both forms"),
        pytest.param({"functions": [{"name": "f"}], "function_call": "required"}, "function_call", "auto or none",
                     id="functions cannot be required"),
        pytest.param({"web_search_options": True}, "web_search_options", "an object", id="web_search_options"),
        pytest.param({"web_search_options": {"search_context_size": "huge"}}, "web_search_options.search_context_size",
                     "low or medium", id="search_context_size"),
        pytest.param({"web_search_options": {"user_location": {"type": "exact"}}},
                     "web_search_options.user_location.type", "approximate", id="user_location"),
    ],
)  # fmt: skip
def test_tools_that_are_refused(changes, param, words):
    """By the place."""
    refusal = refused(changes)

    assert (refusal.status, refusal.param) == (400, param)
    assert words in str(refusal)


def test_a_tool_that_was_called_before_is_not_offered_by_that():
    """The choice is among those that there are."""
    call = {"id": "c", "type": "function", "function": {"name": "time", "arguments": "{}"}}
    messages = [dict(ASK), {"role": "assistant", "tool_calls": [call]},
                {"role": "tool", "tool_call_id": "c", "content": "1"}]  # fmt: skip

    refusal = refused({"messages": messages, "tools": [tool()], "tool_choice": named("time")})

    assert refusal.param == "tool_choice.function.name"


def test_a_model_that_does_not_search():
    """Nobody is to take an answer from memory for a searched one."""
    refusal = refused({"model": OLD, "web_search_options": {}}, names=names_without("web_search"))

    assert (refusal.status, refusal.param) == (400, "web_search_options")


# --- the form of the answer


def schema_format(schema=SCHEMA, **members):
    return {"type": "json_schema", "json_schema": {"name": "place", "schema": schema, **members}}


@pytest.mark.parametrize(
    ("value", "format", "system", "json_text"),
    [
        pytest.param({"type": "text"}, None, None, False, id="text"),
        pytest.param({"type": "json_object"}, None, [{"type": "text", "text": ANY_JSON}], True, id="any JSON"),
        pytest.param(schema_format(), CLOSED, None, True, id="a schema"),
        pytest.param(schema_format(strict=True), CLOSED, None, True, id="strict"),
        pytest.param(schema_format(strict=False), CLOSED, None, True, id="not strict"),
        pytest.param(schema_format(description="Where."), {**CLOSED, "description": "Where."}, None, True,
                     id="its description"),
        pytest.param(
            schema_format({"type": "object", "properties": {"a": {"$ref": "#/$defs/b"}},
                           "$defs": {"b": {"type": "integer", "minimum": 1}}}),
            {"type": "object", "properties": {"a": {"$ref": "#/$defs/b"}}, "additionalProperties": False,
             "$defs": {"b": {"type": "integer", "description": "{minimum: 1}"}}},
            None, True, id="references inside it"),
        pytest.param({"type": "json_schema", "json_schema": {"name": "x"}}, None, [{"type": "text", "text": ANY_JSON}],
                     True, id="a schema that is not there"),
    ],
)  # fmt: skip
def test_response_format(value, format, system, json_text):
    """A schema is kept by the API itself, in the form that it takes."""
    found = send({"response_format": value})

    expected = {"format": {"type": "json_schema", "schema": format}} if format else None
    assert found.body.get("output_config") == expected
    assert found.body.get("system") == system
    assert (found.asked.json_text, found.asked.json_tool, found.dropped) == (json_text, "", ())


@pytest.mark.parametrize(
    ("changes", "tools", "choice", "name"),
    [
        pytest.param({}, [], {"type": "tool", "name": "json_tool"}, "json_tool", id="alone"),
        pytest.param({"tools": [tool()]}, [sent()], {"type": "any"}, "json_tool", id="beside others"),
        pytest.param(
            {"tools": [tool("json_tool")]},
            [sent("json_tool")],
            {"type": "any"},
            "json_tool_2",
            id="beside one of its name",
        ),
        pytest.param({"reasoning_effort": "low"}, [], None, "json_tool", id="while it thinks"),
    ],
)
def test_a_model_without_structured_outputs_answers_by_a_tool(changes, tools, choice, name):
    """Its input is the answer; the client never sees the tool."""
    found = send(
        {"model": OLD, "response_format": schema_format(), **changes}, names=names_without("structured_outputs")
    )

    taking = {"name": name, "description": "Takes your answer.", "input_schema": CLOSED}
    assert found.body["tools"] == [*tools, taking]
    assert found.body.get("tool_choice") == choice
    assert (found.asked.json_tool, found.asked.json_text) == (name, True)


@pytest.mark.parametrize(
    ("value", "param", "words"),
    [
        pytest.param("json", "response_format", "an object", id="a text"),
        pytest.param({"type": "xml"}, "response_format.type", "text or json_object or json_schema", id="another form"),
        pytest.param({"type": "json_schema"}, "response_format.json_schema", "is missing", id="no json_schema"),
        pytest.param(schema_format([]), "response_format.json_schema.schema", "an object", id="a schema that is none"),
        pytest.param(schema_format({"type": "thing"}), "response_format.json_schema.schema", 'the type "thing"',
                     id="a type that is none"),
        pytest.param(schema_format({"type": "object", "properties": {"a": {"$ref": "#"}}}),
                     "response_format.json_schema.schema", "refers to itself", id="a schema without end"),
        pytest.param(schema_format({"$ref": "\x1f" * 9 + "x" * 10_000}), "response_format.json_schema.schema",
                     "refers to", id="a reference out of it"),
        pytest.param(schema_format(strict=1), "response_format.json_schema.strict", "true or false", id="strict"),
        pytest.param(schema_format(description=[1]), "response_format.json_schema.description", "a text", id="words"),
    ],
)  # fmt: skip
def test_forms_that_are_refused(value, param, words):
    """A schema that cannot be kept is not left out in silence."""
    refusal = refused({"response_format": value})

    assert (refusal.status, refusal.param) == (400, param)
    assert words in str(refusal)


def test_asking_new_models_does_not_change_what_is_asked():
    """`tools` and the form go together."""
    found = send({"model": NEW, "tools": [tool()], "response_format": schema_format()})

    assert found.body["output_config"]["format"]["schema"] == CLOSED
    assert found.body["tools"] == [sent()]


def test_a_long_list_of_names_is_renamed_in_no_time():
    """Ten thousand names that become one are counted on, not searched through."""
    asked = ask({"tools": [tool("." * 10 + chr(0x4E00 + number)) for number in range(10_000)]})

    assert len(asked.tool_names) == 10_000

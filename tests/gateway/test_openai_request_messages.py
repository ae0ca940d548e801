"""OpenAI's messages as the API's turns: a row for each rule of roles, order, calls of tools and their results."""

from __future__ import annotations

import pytest

from claude_cli.gateway.openai_messages import OPERATOR

from .openai_asking import ASK, OLD, ask, refused, send, talk

NOTING = "claude-sonnet-5"
"""A model that knows no instruction in the midst of a conversation."""
HI = {"role": "user", "content": "hi"}


def system(text):
    return {"role": "system", "content": text}


def call(*ids, name="weather", arguments="{}", **members):
    calls = [{"id": each, "type": "function", "function": {"name": name, "arguments": arguments}} for each in ids]
    return {"role": "assistant", "content": None, "tool_calls": calls, **members}


def result(call_id, content="sunny", **members):
    return {"role": "tool", "tool_call_id": call_id, "content": content, **members}


def text(words, **members):
    return {"type": "text", "text": words, **members}


def use(call_id, given=None, name="weather"):
    return {"type": "tool_use", "id": call_id, "name": name, "input": given or {}}


def done(call_id, content="sunny"):
    return {"type": "tool_result", "tool_use_id": call_id, **({"content": content} if content else {})}


SEALED = {"type": "redacted_thinking", "data": "eA=="}
PICTURE = "https://example.com/a.png"
CACHED = {"type": "ephemeral"}
MARK = {"cache_control": CACHED}

# --- system and developer


@pytest.mark.parametrize(
    ("messages", "expected"),
    [
        pytest.param([HI], None, id="none"),
        pytest.param([system("A"), HI], [text("A")], id="one"),
        pytest.param([system("A"), {"role": "developer", "content": "B"}, HI], [text("A"), text("B")], id="two kinds"),
        pytest.param([system([text("A"), text("B")]), HI], [text("A"), text("B")], id="a block for each part"),
        pytest.param([system(""), system(" \n"), HI], None, id="blank ones are no block"),
        pytest.param([system([text(""), text("B")]), HI], [text("B")], id="nor are blank parts"),
        pytest.param([system(None), HI], None, id="null"),
        pytest.param([system([text("A", **MARK), text("B")]), HI], [text("A", **MARK), text("B")], id="a part's mark"),
        pytest.param([{**system("A"), **MARK}, HI], [text("A", **MARK)], id="a message's mark"),
    ],
)
def test_leading_instructions_are_the_system_prompt(messages, expected):
    """Each stays a block of its own, so that marks of the cache stay where they were."""
    assert talk(*messages).body.get("system") == expected


@pytest.mark.parametrize(
    ("messages", "new", "old"),
    [
        pytest.param(
            [HI, system("S"), {"role": "assistant", "content": "ok"}, HI],
            [("user", "hi"), ("system", "S"), ("assistant", "ok"), ("user", "hi")],
            [("user", [text("hi"), text(OPERATOR + "S")]), ("assistant", "ok"), ("user", "hi")],
            id="between the user and an answer",
        ),
        pytest.param(
            [HI, system("S"), {"role": "developer", "content": "T"}],
            [("user", "hi"), ("system", [text("S"), text("T")])],
            [("user", [text("hi"), text(OPERATOR + "S"), text(OPERATOR + "T")])],
            id="two at the end are one turn",
        ),
        pytest.param(
            [HI, {"role": "assistant", "content": "ok"}, system("S"), HI],
            [("user", "hi"), ("assistant", "ok"), ("user", [text(OPERATOR + "S"), text("hi")])],
            [("user", "hi"), ("assistant", "ok"), ("user", [text(OPERATOR + "S"), text("hi")])],
            id="before the user, where no model has a turn for it",
        ),
        pytest.param(
            [HI, {"role": "assistant", "content": "ok"}, system("S")],
            [("user", "hi"), ("assistant", "ok"), ("user", OPERATOR + "S")],
            [("user", "hi"), ("assistant", "ok"), ("user", OPERATOR + "S")],
            id="at the end behind an answer",
        ),
        pytest.param(
            [HI, call("c"), system("S"), result("c")],
            [("user", "hi"), ("assistant", [use("c")]), ("user", [done("c")]), ("system", "S")],
            [("user", "hi"), ("assistant", [use("c")]), ("user", [done("c"), text(OPERATOR + "S")])],
            id="never between a call and its result",
        ),
        pytest.param(
            [HI, call("c", "d"), result("c"), system("S"), result("d"), HI],
            [("user", "hi"), ("assistant", [use("c"), use("d")]),
             ("user", [done("c"), done("d"), text(OPERATOR + "S"), text("hi")])],
            [("user", "hi"), ("assistant", [use("c"), use("d")]),
             ("user", [done("c"), done("d"), text(OPERATOR + "S"), text("hi")])],
            id="nor among results",
        ),
        pytest.param(
            [HI, call("c"), system("S"), call("d"), result("c"), result("d")],
            [("user", "hi"), ("assistant", [use("c"), use("d")]), ("user", [done("c"), done("d")]), ("system", "S")],
            [("user", "hi"), ("assistant", [use("c"), use("d")]),
             ("user", [done("c"), done("d"), text(OPERATOR + "S")])],
            id="nor among calls",
        ),
    ],
)  # fmt: skip
def test_later_instructions_stay_where_they_are(messages, new, old):
    """Moved to the front they would change what is cached, and count from the beginning."""
    assert talk(*messages).turns == new
    assert talk(*messages, model=NOTING).turns == old
    assert "system" not in talk(*messages).body


def test_a_model_nobody_knows_is_not_given_turns_it_may_not_know():
    """A note is taken by every model."""
    turns = ask({"model": "claude-nova-9", "messages": [HI, system("S")]}).request.messages

    assert [(turn.role, turn.text) for turn in turns] == [("user", "hi" + OPERATOR + "S")]


# --- user and assistant


@pytest.mark.parametrize(
    ("messages", "expected"),
    [
        pytest.param([HI], [("user", "hi")], id="a text"),
        pytest.param([{"role": "user", "content": " hi\n"}], [("user", " hi\n")], id="a text is kept as it is"),
        pytest.param([{"role": "user", "content": [text("a"), text("b")]}], [("user", [text("a"), text("b")])],
                     id="parts"),
        pytest.param([{"role": "user", "content": [text(" "), text("b")]}], [("user", "b")], id="blank parts are not"),
        pytest.param([HI, HI], [("user", [text("hi"), text("hi")])], id="two of the user are one turn"),
        pytest.param(
            [HI, {"role": "assistant", "content": "a"}, {"role": "assistant", "content": "b"}, HI],
            [("user", "hi"), ("assistant", [text("a"), text("b")]), ("user", "hi")],
            id="two answers are one turn",
        ),
        pytest.param([HI, {"role": "assistant", "content": ""}, HI], [("user", [text("hi"), text("hi")])],
                     id="an answer that is empty is none"),
        pytest.param([HI, {"role": "assistant", "content": None}], [("user", "hi")], id="nor is null"),
        pytest.param(
            [HI, {"role": "assistant", "content": [{"type": "refusal", "refusal": "no"}]}, HI],
            [("user", "hi"), ("assistant", "no"), ("user", "hi")],
            id="a refusal is text",
        ),
        pytest.param(
            [HI, {"role": "assistant", "content": None, "refusal": "no"}, HI],
            [("user", "hi"), ("assistant", "no"), ("user", "hi")],
            id="also as a member",
        ),
        pytest.param(
            [HI, {"role": "assistant", "content": "ok", "refusal": None, "annotations": [], "audio": None,
                  "function_call": None, "tool_calls": None, "reasoning_content": "hm"}, HI],
            [("user", "hi"), ("assistant", "ok"), ("user", "hi")],
            id="an answer as the SDKs send it back",
        ),
        pytest.param([{"role": "user", "content": "\ud800"}], [("user", "\ufffd")], id="half a character"),
    ],
)  # fmt: skip
def test_turns(messages, expected):
    """Turns alternate, none is empty, and nothing else of the texts is changed."""
    found = talk(*messages)

    assert found.turns == expected
    assert found.dropped == ()


@pytest.mark.parametrize(
    ("messages", "expected", "dropped"),
    [
        pytest.param([{**HI, "name": "Ann"}, {"role": "assistant", "content": "a"}, {**HI, "name": "Bob"}],
                     [("user", "Ann: hi"), ("assistant", "a"), ("user", "Bob: hi")], (), id="of several users: said"),
        pytest.param([{**HI, "name": "Ann"},
                      {**HI, "content": [{"type": "image_url", "image_url": {"url": PICTURE}}], "name": "Bob"}],
                     [("user", [text("Ann: hi"), text("Bob:"),
                                {"type": "image", "source": {"type": "url", "url": PICTURE}}])], (),
                     id="of several users: said before a picture, too"),
        pytest.param([{**HI, "name": "Ann"}], [("user", "hi")], ("messages[].name",), id="of the only one: reported"),
        pytest.param([HI, {"role": "assistant", "content": "a", "name": "critic"}, HI],
                     [("user", "hi"), ("assistant", "a"), ("user", "hi")], ("messages[].name",), id="of an answer"),
        pytest.param([HI, call("c"), result("c", name="weather")],
                     [("user", "hi"), ("assistant", [use("c")]), ("user", [done("c")])], (), id="of a tool: known"),
    ],
)  # fmt: skip
def test_names_of_speakers(messages, expected, dropped):
    """The API has no field for them; in a talk of several they are part of what is said."""
    found = talk(*messages)

    assert (found.turns, found.dropped) == (expected, dropped)


def test_unknown_members_of_messages_are_reported():
    """What a client adds may have meant something; empty ones did not."""
    found = talk({**HI, "weight": 1, "x y\r\nz": True, "nothing": None, "index": []})

    assert sorted(found.dropped) == ["messages[].weight", "messages[].x_y__z"]


@pytest.mark.parametrize(
    ("model", "answer", "expected"),
    [
        pytest.param(OLD, "It is ", "It is", id="where it can be continued, without its last blanks"),
        pytest.param(OLD, [text("a"), text("b \n")], [text("a"), text("b")], id="those of the last part"),
        pytest.param(OLD, "", None, id="empty: there is none"),
        pytest.param(OLD, [SEALED], [SEALED], id="nothing but thinking"),
    ],
)
def test_an_answer_begun_by_the_client(model, answer, expected):
    """A prefill, which the newer models refuse."""
    found = talk(HI, {"role": "assistant", "content": answer}, model=model)

    assert found.turns == [("user", "hi"), *([("assistant", expected)] if expected else [])]
    assert found.dropped == ()


# --- calls of tools and their results


@pytest.mark.parametrize(
    ("messages", "expected"),
    [
        pytest.param([call("c"), result("c")], [[use("c")], [done("c")]], id="a call and its result"),
        pytest.param([{**call("c"), "content": "wait"}, result("c")], [[text("wait"), use("c")], [done("c")]],
                     id="text before the call"),
        pytest.param([{**call("c"), "content": ""}, result("c")], [[use("c")], [done("c")]], id="no empty text"),
        pytest.param([call("c", arguments='{"city": "Köln", "n": 0.1}'), result("c")],
                     [[use("c", {"city": "Köln", "n": 0.1})], [done("c")]], id="arguments"),
        pytest.param([call("c", arguments=""), result("c")], [[use("c")], [done("c")]], id="no arguments"),
        pytest.param([call("c", arguments=None), result("c")], [[use("c")], [done("c")]], id="null arguments"),
        pytest.param([call("c", "d"), result("d"), result("c")], [[use("c"), use("d")], [done("d"), done("c")]],
                     id="results are one turn"),
        pytest.param([call("c"), call("d"), result("c"), result("d")], [[use("c"), use("d")], [done("c"), done("d")]],
                     id="calls in two messages are one turn"),
        pytest.param([call("c"), result("c"), {"role": "user", "content": "and?"}],
                     [[use("c")], [done("c"), text("and?")]], id="the user's words behind the results"),
        pytest.param([call("c"), result("c", "")], [[use("c")], [done("c", None)]], id="an empty result"),
        pytest.param([call("c"), result("c", None)], [[use("c")], [done("c", None)]], id="no result"),
        pytest.param([call("c"), result("c", " ")], [[use("c")], [done("c", None)]], id="a blank result"),
        pytest.param([call("c"), result("c", '"a"')], [[use("c")], [done("c", '"a"')]], id="text is not encoded again"),
        pytest.param([call("c"), result("c", [text("a"), text("b")])],
                     [[use("c")], [done("c", [text("a"), text("b")])]], id="parts of a result"),
        pytest.param([call("c"), result("c", **MARK)], [[use("c")], [{**done("c"), **MARK}]], id="a marked result"),
        pytest.param([call("call.1:x/y"), result("call.1:x/y")], [[use("call_1_x_y")], [done("call_1_x_y")]],
                     id="an id that the API would refuse"),
        pytest.param([call("a.b", "a_b"), result("a_b"), result("a.b")],
                     [[use("a_b"), use("a_b_2")], [done("a_b_2"), done("a_b")]], id="ids stay apart"),
        pytest.param([call("x" * 99), result("x" * 99)], [[use("x" * 64)], [done("x" * 64)]], id="a long id"),
        pytest.param([call(""), result("")], [[use("_")], [done("_")]], id="an empty id"),
        pytest.param([call("c"), result("c"), call("c"), result("c")],
                     [[use("c")], [done("c")], [use("c_2")], [done("c_2")]], id="an id used in turn after turn"),
        pytest.param([call("c", name="a.b"), result("c")], [[use("c", name="a_b")], [done("c")]],
                     id="a name that the API would refuse"),
        pytest.param(
            [{"role": "assistant", "content": None, "function_call": {"name": "f", "arguments": "{}"}},
             {"role": "function", "name": "f", "content": "1"}],
            [[use("function_f", name="f")], [done("function_f", "1")]], id="a function's call",
        ),
    ],
)  # fmt: skip
def test_calls_and_results(messages, expected):
    """All results of a turn's calls begin the next turn, under ids that the API takes."""
    turns = talk(HI, *messages).turns

    assert turns[0] == ("user", "hi")
    assert [content for _, content in turns[1:]] == expected
    assert [role for role, _ in turns[1:]] == ["assistant", "user", "assistant", "user"][: len(expected)]


def test_an_image_in_a_result_is_one():
    """Tools make screenshots."""
    part = {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}

    turn = talk(HI, call("c"), result("c", [part])).turns[2]

    assert turn[1][0]["content"] == [{"type": "image", "source": {"type": "url", "url": "https://example.com/a.png"}}]


def test_tools_that_are_gone_are_declared_again_and_never_called():
    """A history with calls needs its tools; that none may be used is what a request without tools says."""
    body = talk(HI, call("c", name="a.b"), result("c")).body

    assert [tool["name"] for tool in body["tools"]] == ["a_b"]
    assert body["tool_choice"] == {"type": "none"}


def test_thinking_comes_back_first_and_whole():
    """The API wants the thinking before a call unchanged, or the call cannot be gone on with."""
    thinking = {"type": "thinking", "thinking": "hm", "signature": "c2ln"}

    member = talk(HI, {**call("c"), "content": "wait", "thinking_blocks": [thinking, SEALED]}, result("c"))
    parts = talk(HI, {**call("c"), "content": [thinking, SEALED, text("wait")]}, result("c"))

    assert member.turns[1][1] == parts.turns[1][1] == [thinking, SEALED, text("wait"), use("c")]
    assert member.dropped == ()


def test_thinking_without_a_signature_cannot_be_sent():
    """Another provider's, or cut out of a stream."""
    found = talk(HI, {"role": "assistant", "content": "a", "thinking_blocks": [{"type": "thinking", "thinking": "x"}]},
                 HI)  # fmt: skip

    assert (found.turns[1], found.dropped) == (("assistant", "a"), ("messages[].thinking_blocks",))


# --- what is refused


@pytest.mark.parametrize(
    ("messages", "param", "words"),
    [
        pytest.param(None, "messages", "messages is missing", id="none at all"),
        pytest.param([], "messages", "nothing to answer", id="an empty list"),
        pytest.param("hi", "messages", "is 'hi'; it is a list", id="a text"),
        pytest.param([system("S")], "messages", "nothing to answer", id="only instructions"),
        pytest.param(["hi"], "messages[0]", "it is an object", id="a message that is none"),
        pytest.param([HI, {"content": "hi"}], "messages[1].role", "is missing", id="no role"),
        pytest.param([{"role": "robot", "content": "hi"}], "messages[0].role", "user or assistant", id="unknown role"),
        pytest.param([{"role": ["user"], "content": "hi"}], "messages[0].role", "a list", id="a role that is a list"),
        pytest.param([{"role": "user", "content": ""}], "messages[0].content", "is empty", id="an empty turn"),
        pytest.param([{"role": "user"}], "messages[0].content", "is empty", id="no content"),
        pytest.param([HI, {"role": "user", "content": [text(" ")]}], "messages[1].content", "is empty", id="blank"),
        pytest.param([{"role": "user", "content": 5}], "messages[0].content", "a text or a list", id="a number"),
        pytest.param([{"role": "assistant", "content": "a"}, HI], "messages[0].role", "is the user's",
                     id="an answer before any question"),
        pytest.param([HI, {"role": "assistant", "content": "It is"}], "messages[1]", "claude-sonnet-5-5 does not",
                     id="an answer begun, and the model does not continue"),
        pytest.param([HI, {"role": "assistant", "audio": {"id": "a"}}], "messages[1].audio", "send its text",
                     id="spoken answers"),
        pytest.param([HI, call("c")], "messages[1].tool_calls", "without a result behind them: 'c'",
                     id="a call without a result at the end"),
        pytest.param([HI, call("c"), HI], "messages[1].tool_calls", "'c'", id="a question before the result"),
        pytest.param([HI, call("c", "d"), result("d"), HI], "messages[1].tool_calls", "'c'", id="one result missing"),
        pytest.param([HI, call("c", "d"), result("d"), {"role": "assistant", "content": "a"}, HI],
                     "messages[1].tool_calls", "'c'", id="an answer before the result"),
        pytest.param([HI, result("c")], "messages[1].tool_call_id", "answers no call", id="a result without a call"),
        pytest.param([HI, call("c"), result("d")], "messages[2].tool_call_id", "answers no call", id="another's id"),
        pytest.param([HI, call("c"), result("c"), result("c")], "messages[3].tool_call_id", "for the second time",
                     id="a result twice"),
        pytest.param([HI, call("c"), result("c"), HI, result("c")], "messages[4].tool_call_id", "for the second time",
                     id="a result too late"),
        pytest.param([HI, call("c"), {"role": "tool", "content": "x"}], "messages[2].tool_call_id", "is missing",
                     id="a result of nothing"),
        pytest.param([HI, call("c", "c")], "messages[1].tool_calls[1].id", "another call", id="an id twice"),
        pytest.param([HI, call("c", arguments="{nope")], "messages[1].tool_calls[0].function.arguments", "is no JSON",
                     id="arguments that are no JSON"),
        pytest.param([HI, call("c", arguments="[1]")], "messages[1].tool_calls[0].function.arguments", "a list",
                     id="arguments that are no object"),
        pytest.param([HI, call("c", arguments='{"a": NaN}')], "messages[1].tool_calls[0].function.arguments",
                     "a number", id="arguments with a number that is none"),
        pytest.param([HI, call("c", arguments='{"a": 1e999}')], "messages[1].tool_calls[0].function.arguments",
                     "a number", id="arguments with a number beyond all"),
        pytest.param([HI, call("c", arguments='{"a":' + "[" * 500 + "]" * 500 + "}")],
                     "messages[1].tool_calls[0].function.arguments", "deeper than 100", id="deep arguments"),
        pytest.param([HI, call("c", arguments="[" * 100_000)], "messages[1].tool_calls[0].function.arguments",
                     "is no JSON", id="abysmal arguments"),
        pytest.param([HI, call("c", arguments={})], "messages[1].tool_calls[0].function.arguments", "it is a text",
                     id="arguments that are an object already"),
        pytest.param([HI, {"role": "assistant", "tool_calls": "c"}], "messages[1].tool_calls", "it is a list",
                     id="calls that are no list"),
        pytest.param([HI, {"role": "assistant", "tool_calls": [{"id": "c", "type": "custom", "custom": {}}]}],
                     "messages[1].tool_calls[0].type", "it is function", id="a custom tool's call"),
        pytest.param([HI, {"role": "assistant", "tool_calls": [{"id": "c", "type": "function"}]}],
                     "messages[1].tool_calls[0].function", "is missing", id="a call of nothing"),
        pytest.param([HI, {"role": "function", "name": "f", "content": "1"}], "messages[1].name", "answers no call",
                     id="a function's result without a call"),
        pytest.param([{**HI, "cache_control": {"type": "ephemeral", "ttl": "9h"}}], "messages[0].cache_control.ttl",
                     "5m or 1h", id="a mark that is none"),
        pytest.param([HI, {"role": "assistant", "thinking_blocks": [{"type": "text"}]}, HI],
                     "messages[1].thinking_blocks[0].type", "thinking", id="thinking that is none"),
    ],
)  # fmt: skip
def test_conversations_that_are_none(messages, param, words):
    """The place is named, so that the client need not guess."""
    refusal = refused({"messages": messages})

    assert (refusal.status, refusal.param) == (400, param)
    assert words in str(refusal)


def test_a_call_that_fails_names_its_message_among_merged_ones():
    """Turns are merged; the client only knows its messages."""
    messages = [HI, {"role": "assistant", "content": "a"}, call("c"), HI]

    assert refused({"messages": messages}).param == "messages[2].tool_calls"


def test_only_the_latest_four_marks_are_kept():
    """The API refuses a fifth, and long conversations gather them."""
    marked = [{"role": role, "content": str(number), **MARK} for number, role in enumerate(["user", "assistant"] * 3)]

    found = talk(*marked, dict(ASK))

    contents = [content for _, content in found.turns]
    assert [isinstance(content, list) for content in contents] == [False, False, True, True, True, True, False]


def test_a_mark_for_the_whole_request_counts_as_one():
    """The API sets it by itself, behind the last block."""
    marked = [{"role": role, "content": str(number), **MARK} for number, role in enumerate(["user", "assistant"] * 2)]

    found = send({"messages": [*marked, dict(ASK)], "cache_control": CACHED})

    assert [isinstance(content, list) for _, content in found.turns] == [False, True, True, True, False]
    assert found.body["cache_control"] == CACHED

"""From a raw row to a request: what its members mean, and what goes before what."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from claude_cli.batch.common import DEFAULT_MAX_TOKENS, Common
from claude_cli.batch.requests import RowMaker
from claude_cli.batch.requests_files import RowFiles
from claude_cli.batch.requests_members import nearly
from claude_cli.batch.row import Row
from claude_cli.core.errors import UsageError
from claude_cli.core.form import Form
from claude_cli.core.messages import LLMOptions, document_block
from claude_cli.core.schema import load_schema
from claude_cli.core.wire_request import request_object
from claude_cli.storage.templates import Template, TemplateUse

MODEL = "claude-sonnet-5-5"
OLD = "claude-sonnet-4-5"
HI = {"prompt": "hi"}


def make(members: dict[str, Any], common: Common | None = None, *, root: Path | None = None) -> Row:
    """The row that `members` make."""
    return RowMaker(common or Common(MODEL), RowFiles(root)).row(0, 1, members)


def body(members: dict[str, Any], common: Common | None = None) -> dict[str, Any]:
    """What is sent for it."""
    return request_object(make(members, common).request)


def asked(text: str = "hi") -> list[dict[str, Any]]:
    """The messages of a prompt."""
    return [{"role": "user", "content": text}]


PLAIN = {"model": MODEL, "max_tokens": DEFAULT_MAX_TOKENS, "messages": asked()}


@pytest.mark.parametrize(
    ("members", "sent"),
    [
        pytest.param({}, {}, id="nothing but a prompt"),
        pytest.param({"model": "haiku"}, {"model": "claude-haiku-5-5"}, id="model"),
        pytest.param({"model": "llama-4"}, {"model": "llama-4"}, id="a model that nobody knows"),
        pytest.param({"system": "Be brief."}, {"system": "Be brief."}, id="system"),
        pytest.param(
            {"system": [{"type": "text", "text": "x"}]}, {"system": [{"type": "text", "text": "x"}]}, id="blocks"
        ),
        pytest.param({"max_tokens": 5}, {"max_tokens": 5}, id="max_tokens"),
        pytest.param({"max_tokens": None, "model": None, "files": None}, {}, id="null is not there"),
        pytest.param({"stop_sequences": ["END"]}, {"stop_sequences": ["END"]}, id="stop_sequences"),
        pytest.param({"effort": "low"}, {"output_config": {"effort": "low"}}, id="effort"),
        pytest.param({"thinking": {"type": "adaptive"}}, {"thinking": {"type": "adaptive"}}, id="thinking"),
        pytest.param({"metadata": {"user_id": "u"}}, {"metadata": {"user_id": "u"}}, id="metadata"),
        pytest.param({"tools": [{"name": "a"}]}, {"tools": [{"name": "a"}]}, id="tools"),
        pytest.param({"category": "news", "stream": False, "id": 5}, {}, id="columns of one's own"),
    ],
)
def test_members_beside_a_prompt(members, sent):
    """By the API's names; what is no parameter of it is never sent."""
    assert body({**HI, **members}) == {**PLAIN, **sent}


def test_messages_are_the_apis():
    """Texts or blocks, any number of turns."""
    blocks = [{"type": "text", "text": "a"}, {"type": "image", "source": {"type": "url", "url": "https://x/y.png"}}]
    turns = [{"role": "user", "content": blocks}, {"role": "assistant", "content": "b"}, *asked("c")]
    assert body({"messages": turns, "max_tokens": 9}) == {"model": MODEL, "max_tokens": 9, "messages": turns}


def test_params_are_sent_as_they_are():
    """A file for the Message Batches API can be run as it is; how the answer is streamed is for us to say."""
    params = {"model": OLD, "max_tokens": 7, "messages": asked("q"), "temperature": 0.5, "mine": {"a": None}}
    row = make({"custom_id": "r-1", "params": {**params, "stream": True}})
    assert (row.id, request_object(row.request)) == ("r-1", params)


def test_answers_are_streamed_where_that_is_asked_for():
    """Nobody reads along; a proxy that closes silent connections has to be kept awake all the same."""
    assert "stream" not in body(HI)
    assert body(HI, Common(MODEL, stream=True))["stream"] is True


def test_params_of_our_names_are_the_apis_to_judge():
    """Within params nothing is ours: no file is read, no schema is made."""
    sent = body({"params": {"messages": asked(), "files": ["/etc/passwd"], "schema": "a", "effort": 5}})
    assert (sent["files"], sent["schema"], sent["effort"]) == (["/etc/passwd"], "a", 5)


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        pytest.param({}, "there is no prompt, and neither messages nor params", id="nothing"),
        pytest.param({"text": "x", "n": 1}, "(there is 'text', 'n')", id="something else"),
        pytest.param(
            {"prompt": "x", "messages": asked()}, "prompt and messages stand side by side", id="two questions"
        ),
        pytest.param({"prompt": " \n"}, "the prompt is empty", id="blanks"),
        pytest.param({"prompt": ["x"]}, "prompt is a list; it is a text", id="a prompt that is a list"),
        pytest.param({"prompt": 5}, "prompt is a number", id="a prompt that is a number"),
        pytest.param({**HI, "id": 1.5}, "the id is a number; it is a text or a whole number", id="half an id"),
        pytest.param({**HI, "id": True}, "the id is true", id="true"),
        pytest.param({**HI, "id": "1", "custom_id": 1}, "id and custom_id are not the same", id="two ids"),
        pytest.param({**HI, "promt": "x"}, "did you mean 'prompt'?", id="prompt misspelt"),
        pytest.param({**HI, "max_token": 5}, "did you mean 'max_tokens'?", id="max_tokens misspelt"),
        pytest.param({**HI, "stop": ["x"]}, "did you mean 'stop_sequences'?", id="the flag's name"),
        pytest.param({**HI, "ID": "x"}, "did you mean 'id'?", id="in capitals"),
        pytest.param({**HI, "model": ""}, "model is empty", id="no model"),
        pytest.param({**HI, "model": 5}, "model is a number", id="a number of a model"),
        pytest.param({**HI, "system": ["x"]}, "system is a list; it is a text, or a list of text blocks", id="system"),
        pytest.param({**HI, "max_tokens": "5"}, "max_tokens is a text; it is a whole number from 0", id="max_tokens"),
        pytest.param({**HI, "effort": "huge"}, "effort 'huge' is none", id="effort"),
        pytest.param({**HI, "tools": {}}, "tools is an object; it is a list", id="tools"),
        pytest.param(
            {**HI, "metadata": {"user_id": "u", "mine": 1}}, "metadata has more than a user_id", id="metadata"
        ),
        pytest.param({**HI, "schema": 5}, "schema is a number", id="schema"),
        pytest.param({**HI, "schema": "a b c d"}, "schema: 'a b c d' is no file and no field", id="a short form"),
        pytest.param({**HI, "schema": ""}, "schema is empty", id="an empty schema"),
        pytest.param({**HI, "schema": "a", "extract": "first"}, "the answer has two forms", id="two forms"),
        pytest.param({"messages": []}, "the conversation is empty", id="no messages"),
        pytest.param({"messages": [{"role": "user", "content": []}]}, "messages[0] has no content", id="no content"),
        pytest.param({"messages": {}}, "messages is an object; it is a list", id="messages"),
        pytest.param({"messages": ["x"]}, "messages[0] is no object", id="a message"),
        pytest.param({"messages": [{"role": "bot", "content": "x"}]}, "messages[0].role is 'bot'", id="a role"),
        pytest.param({"messages": [{"role": "user", "content": 5}]}, "messages[0].content is a text", id="a content"),
        pytest.param(
            {"messages": [*asked(), {"role": "user", "content": " "}]}, "messages[1] has an empty text", id="blank"
        ),
        pytest.param(
            {"messages": [{"role": "assistant", "content": "x"}]}, "starts with the user's turn", id="who begins"
        ),
        pytest.param(
            {"messages": [*asked(), {"role": "assistant", "content": "x"}]}, "must end with the user's", id="prefill"
        ),
        pytest.param({"params": []}, "params is a list", id="params"),
        pytest.param({"params": {}}, "there is no list of messages", id="empty params"),
        pytest.param(
            {"params": {"messages": asked()}, "max_tokens": 5}, "max_tokens stands beside params", id="beside params"
        ),
        pytest.param({"params": {"messages": asked()}, "images": []}, "images stands beside params", id="images, too"),
    ],
)
def test_a_row_that_cannot_be_asked_is_refused_with_its_reason(members, reason):
    """Before anything is sent: no call is paid for that had to fail, and none that forgets half of what was meant."""
    with pytest.raises(UsageError) as refused:
        make(members)
    assert reason in str(refused.value)


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        pytest.param("promt", "prompt", id="a letter missing"),
        pytest.param("prompts", "prompt", id="a letter too many"),
        pytest.param("modle", "model", id="two swapped"),
        pytest.param("systen", "system", id="another letter"),
        pytest.param("maxTokens", "max_tokens", id="camels"),
        pytest.param("tool-choice", "tool_choice", id="hyphens"),
        pytest.param("Id", "id", id="capitals"),
        pytest.param("image", "images", id="singular"),
        pytest.param("system_prompt", "system", id="another program's"),
        pytest.param("idx", "", id="short ones are one's own"),
        pytest.param("title", "", id="title"),
        pytest.param("text", "", id="text"),
        pytest.param("topic", "", id="topic"),
        pytest.param("", "", id="nothing"),
    ],
)
def test_slips_are_told_from_columns_of_ones_own(name, meant):
    """A rule users can live with: a letter, no more."""
    assert nearly(name) == meant


FLAGS = Common(
    OLD, "of the flag", LLMOptions(max_tokens=50, temperature=0.1, effort=None, extra={"metadata": {"user_id": "f"}})
)


@pytest.mark.parametrize(
    ("members", "sent"),
    [
        pytest.param({}, {"system": "of the flag", "max_tokens": 50, "temperature": 0.1}, id="flags"),
        pytest.param({"system": "own"}, {"system": "own", "max_tokens": 50, "temperature": 0.1}, id="own system"),
        pytest.param({"system": ""}, {"max_tokens": 50, "temperature": 0.1}, id="none at all"),
        pytest.param(
            {"max_tokens": 9, "temperature": 1},
            {"system": "of the flag", "max_tokens": 9, "temperature": 1},
            id="own numbers",
        ),
    ],
)
def test_a_row_goes_before_flags(members, sent):
    """One row more difficult than the others must not need a run of its own."""
    known = {"model": OLD, "metadata": {"user_id": "f"}, "messages": asked()}
    assert body({**HI, **members}, FLAGS) == {**known, **sent}
    in_params = {"params": {"messages": asked(), **members}}
    assert body(in_params, FLAGS) == {**known, **sent}, "params that leave something open, too"


def test_thinking_of_a_row_is_its_own():
    """Nothing of a flag's stays in it."""
    common = Common(MODEL, options=LLMOptions(thinking={"type": "adaptive", "display": "summarized"}))
    row = make({**HI, "thinking": {"type": "between_tools"}}, common)
    assert row.request.options.thinking == {"type": "between_tools"} and not row.notices


def test_output_config_is_laid_over_that_of_flags():
    """A row's budget must not lose a flag's effort."""
    common = Common(MODEL, options=LLMOptions(effort="low", extra={"output_config": {"task_budget": 20_000}}))
    assert body({**HI, "output_config": {"effort": "high"}}, common)["output_config"] == {
        "task_budget": 20_000, "effort": "high",
    }  # fmt: skip


def template(prompt: str, values: dict[str, str] | None = None, **more: Any) -> Common:
    """A template in use, with values of `-p`."""
    return Common(MODEL, template=TemplateUse(Template("say", Path("say.toml"), prompt, **more), values or {}))


@pytest.mark.parametrize(
    ("common", "members", "prompt", "system"),
    [
        pytest.param(template("Say $a.", {"a": "p"}), {}, "Say p.", None, id="-p"),
        pytest.param(template("Say $a.", {"a": "p"}), {"a": "row"}, "Say row.", None, id="a row before -p"),
        pytest.param(template("Say $a.", defaults={"a": "d"}), {"a": None}, "Say d.", None, id="null is the default's"),
        pytest.param(template("Say $a."), {"a": [1, "ä"]}, 'Say [1, "ä"].', None, id="what is no text, as JSON"),
        pytest.param(template("Say $a."), {"a": True}, "Say true.", None, id="true"),
        pytest.param(template("$input!"), {"prompt": "hi"}, "hi!", None, id="prompt is $input"),
        pytest.param(template("$input!"), {"input": "hi"}, "hi!", None, id="so is input"),
        pytest.param(template("$input!", {"input": "p"}), {"prompt": "hi"}, "hi!", None, id="before that of -p"),
        pytest.param(template("Say it."), {"prompt": "hi"}, "Say it.\n\nhi", None, id="without a place, behind"),
        pytest.param(template("$model"), {"model": "T"}, "T", None, id="a value of a known name is one all the same"),
        pytest.param(template("$id"), {"id": 5}, "5", None, id="an id is both"),
        pytest.param(template("x", system="For $a."), {"a": "you"}, "x", "For you.", id="system"),
        pytest.param(template("$a", system="s"), {"a": "$b", "system": "own"}, "$b", "own", id="a row's before it"),
    ],
)
def test_members_are_the_values_of_a_template(common, members, prompt, system):
    """Each row fills it anew; a value is never filled again."""
    row = make(members, common)
    assert (row.request.messages[-1].text, row.request.system) == (prompt, system)


def test_a_system_prompt_of_a_flag_goes_before_the_templates():
    """Even an empty one, which says that there is to be none."""
    use = template("x", system="of the template").template
    assert make({}, Common(MODEL, "flag", template=use)).request.system == "flag"
    assert make({}, Common(MODEL, "", template=use)).request.system is None
    assert make({}, Common(MODEL, template=use)).request.system == "of the template"


@pytest.mark.parametrize(
    ("common", "members", "reason"),
    [
        pytest.param(template("$a $b"), {"a": "x"}, "no value for $b of template say", id="one missing"),
        pytest.param(template("$a $b $input"), {}, "$a and $b and $input", id="three missing"),
        pytest.param(template("$input"), {"prompt": "a", "input": "b"}, "mean the same", id="two inputs"),
        pytest.param(template("x $a"), {"a": "b", "messages": asked()}, "-t '' uses none", id="messages"),
        pytest.param(template("$a"), {"a": " "}, "the prompt is empty", id="a value of blanks"),
        pytest.param(template("$a"), {"a": "x", "promt": "y"}, "did you mean 'prompt'?", id="a slip"),
    ],
)
def test_a_row_that_does_not_fill_a_template_is_refused(common, members, reason):
    """With what it lacks."""
    with pytest.raises(UsageError) as refused:
        make(members, common)
    assert reason in str(refused.value)


# ------------------------------------------------------------------------------------------------ forms
NAMES = {
    "type": "object",
    "properties": {"name": {"type": "string"}},
    "required": ["name"],
    "additionalProperties": False,
}
ASKED = {"format": {"type": "json_schema", "schema": NAMES}}


@pytest.mark.parametrize(
    "schema",
    [
        pytest.param("name", id="short form"),
        pytest.param(NAMES, id="object"),
        pytest.param(json.dumps(NAMES), id="JSON"),
        pytest.param("forms/name.json", id="file"),
    ],
)
def test_a_row_has_a_schema(tmp_path, schema):
    """In any of the forms that the flag takes; a file lies below the folder of the input."""
    (tmp_path / "forms").mkdir()
    (tmp_path / "forms" / "name.json").write_text(json.dumps(NAMES))
    row = make({**HI, "schema": schema}, root=tmp_path)
    assert row.form.schema and row.form.schema.original == NAMES
    assert row.request.options.extra == {"output_config": ASKED}


@pytest.mark.parametrize(
    ("content", "common", "reason"),
    [
        pytest.param("[1]", Common(MODEL), "form.json holds no JSON Schema", id="no schema"),
        pytest.param('{"type": 5}', Common(MODEL), "the schema is wrong", id="a wrong one"),
        pytest.param(
            "{}", Common(MODEL, on_truncate="continue"), "does not go with --on-truncate continue", id="continued"
        ),
    ],
)
def test_a_schema_that_is_none_is_refused(tmp_path, content, common, reason):
    """With the file's name."""
    (tmp_path / "form.json").write_text(content)
    with pytest.raises(UsageError, match=reason):
        make({**HI, "schema": "form.json"}, common, root=tmp_path)


def test_any_number_of_schemas(tmp_path):
    """Rows mostly have the same few, which are made once; but each may have its own."""
    maker = RowMaker(Common(MODEL), RowFiles(None))
    for number in (*range(200), 7, 7):
        form = maker.row(number, 1, {**HI, "schema": f"field_{number}"}).form
        assert form.schema and form.schema.original["required"] == [f"field_{number}"]


def test_a_format_without_a_schema_is_left_to_the_provider():
    """It may know a kind that we do not."""
    row = make({**HI, "output_config": {"format": {"type": "grammar"}}})
    assert row.form.is_plain and row.request.options.extra["output_config"] == {"format": {"type": "grammar"}}


def test_a_word_is_no_file_of_the_current_folder(tmp_path, monkeypatch):
    """A row names files below its folder alone, whatever lies where the program was started."""
    (tmp_path / "name").write_text("{}")
    monkeypatch.chdir(tmp_path)
    row = make({**HI, "schema": "name"})
    assert row.form.schema and row.form.schema.original == NAMES


def of_flag(extract: str | None = None) -> Common:
    """What `--schema age`, or `--extract`, makes of all rows."""
    form = Form(extract=extract) if extract else Form(schema=load_schema("age int"))
    return Common(MODEL, options=LLMOptions(effort="low", extra=form.request({})), form=form)


def test_the_form_of_a_row_goes_before_that_of_a_flag():
    """Its own schema, its own choice of code, or none of both."""
    assert body(HI, of_flag())["output_config"]["format"]["schema"]["required"] == ["age"]
    own = {**PLAIN, "output_config": {"effort": "low", **ASKED}}
    assert body({**HI, "schema": "name"}, of_flag()) == own
    row = make({**HI, "extract": "python"}, of_flag())
    assert (row.form.extract, row.form.schema) == ("python", None)
    assert row.request.options.effort == "low" and not row.request.options.extra
    assert make({**HI, "schema": "name"}, of_flag("first")).form.extract is None
    assert make(HI, of_flag("first")).form.extract == "first"


def test_a_format_among_the_parameters_is_a_form():
    """Rows for the Message Batches API have it there; the answer is checked and its value delivered all the same."""
    for members in ({**HI, "output_config": ASKED}, {"params": {"messages": asked(), "output_config": ASKED}}):
        for common in (Common(MODEL), of_flag(), of_flag("first")):
            row = make(members, common)
            assert row.form.schema and row.form.schema.original == NAMES and row.form.extract is None
            assert row.request.options.extra["output_config"] == ASKED


# ------------------------------------------------------------------------------------------------ models
def test_a_request_is_as_its_model_takes_it():
    """With what had to change; `--strict` refuses that."""
    row = make({**HI, "temperature": 0.5, "max_tokens": 10**6})
    assert [notice.code for notice in row.notices] == ["lowered_max_tokens", "dropped_parameter"]
    assert row.request.options.temperature is None
    with pytest.raises(UsageError, match="because of --strict"):
        make({**HI, "temperature": 0.5}, Common(MODEL, strict=True))


def test_the_default_of_max_tokens_is_never_over_the_models_cap():
    """And that is no notice: nobody asked for more."""
    known = Common(MODEL).models.find("claude-3-haiku") or min(
        Common(MODEL).models.models, key=lambda model: model.max_output_tokens or 10**9
    )
    row = make({**HI, "model": known.id})
    assert row.request.options.max_tokens == min(DEFAULT_MAX_TOKENS, known.max_output_tokens or 10**9)
    assert not row.notices


def test_a_prompt_that_is_surely_too_long_is_refused():
    """One that may fit is sent: an estimate is one."""
    window = Common(MODEL).models.find("claude-haiku-4-5").context_window
    fits = "word " * (window // 5 * 2)
    assert make({"prompt": fits, "model": "claude-haiku-4-5"})
    with pytest.raises(UsageError, match=rf"takes {window:,}; send less"):
        make({"prompt": fits * 4, "model": "claude-haiku-4-5"})
    with pytest.raises(UsageError, match="the API takes 32 MB"):
        make({"prompt": "x" * (33 << 20), "model": "llama-4"})


def test_files_of_all_rows_go_before_those_of_a_row(tmp_path):
    """So that all rows begin alike: documents, the row's own, then the question."""
    (tmp_path / "own.txt").write_text("own")
    common = Common(MODEL, files=(document_block("shared", "guide.txt"),))
    turns = [*asked("first"), {"role": "assistant", "content": "x"}, *asked("last")]
    for members in ({**HI, "files": "own.txt"}, {"messages": turns, "files": ["own.txt"]}):
        row = make(members, common, root=tmp_path)
        titles = [block.get("title") for block in row.request.messages[0].content]
        assert titles == ["guide.txt", "own.txt", None]
        assert row.shared_files == 1

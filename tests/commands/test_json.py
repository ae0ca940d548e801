"""The output for machines: one object or one a line, of one published form, on success and on every failure."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "json-output.schema.json").read_text("utf-8"))
KINDS = {"string": str, "integer": int, "number": (int, float), "boolean": bool, "object": dict, "array": list}
MEMBERS = {
    "version", "text", "structured", "model", "stop_reason", "usage", "cost_usd", "duration_ms", "ttft_ms",
    "request_id", "session", "simulated", "notices", "error",
}  # fmt: skip


def fits(value: Any, schema: dict[str, Any]) -> bool:
    """Whether `value` is what `schema` says, as far as our schema goes."""
    if "$ref" in schema:
        return fits(value, SCHEMA["$defs"][schema["$ref"].rpartition("/")[2]])
    if "oneOf" in schema and sum(fits(value, each) for each in schema["oneOf"]) != 1:
        return False
    if "anyOf" in schema and not any(fits(value, each) for each in schema["anyOf"]):
        return False
    if not all(fits(value, each) for each in schema.get("allOf", [])):
        return False
    if "const" in schema and value != schema["const"]:
        return False
    if "type" in schema and not is_a(value, schema["type"]):
        return False
    if isinstance(value, dict):
        inside = schema.get("properties", {})
        return set(schema.get("required", [])) <= set(value) and all(
            fits(member, inside[name]) for name, member in value.items() if name in inside
        )
    if isinstance(value, list):
        return all(fits(each, schema.get("items", {})) for each in value)
    return not isinstance(value, int) or value >= schema.get("minimum", value)


def is_a(value: Any, names: str | list[str]) -> bool:
    """Whether a value is of one of the named types; true is no number."""
    for name in [names] if isinstance(names, str) else names:
        if name == "null" and value is None:
            return True
        if name in KINDS and isinstance(value, KINDS[name]) and (name == "boolean" or not isinstance(value, bool)):
            return True
    return False


def defined(name: str) -> dict[str, Any]:
    return {"$ref": f"#/$defs/{name}"}


def test_the_schema_speaks_of_every_member():
    """What is promised and what is described are the same list."""
    result = SCHEMA["$defs"]["result"]
    assert set(result["required"]) == set(result["properties"]) == MEMBERS
    assert not fits({"version": 1}, defined("result")) and not fits({"type": "text"}, SCHEMA)


def test_an_answer_as_one_object(claude, simulate):
    """Every member, with what the API said; nothing else on standard output, nothing on standard error."""
    usage = {"cache_read_input_tokens": 7, "cache_creation_input_tokens": 5, "input_tokens": 3}
    simulate({"say": "Grüße\n\n", "usage": usage})
    done = claude("complete", "hi", "--json")
    assert (done.status, done.err) == (0, "")
    value = done.json
    assert set(value) == MEMBERS and fits(value, defined("result"))
    assert (value["text"], value["model"], value["stop_reason"]) == ("Grüße\n\n", "claude-sonnet-5-5", "end_turn")
    assert "Grüße" in done.out
    assert value["usage"] == {
        "input_tokens": 3, "cache_read_tokens": 7, "cache_write_tokens": 5, "thinking_tokens": 16,
        "output_tokens": value["usage"]["output_tokens"],
    }  # fmt: skip
    assert (value["request_id"], value["simulated"], value["notices"], value["error"]) == ("req_sim_1", False, [], None)
    assert 0 <= value["ttft_ms"] <= value["duration_ms"]
    paid = 3 * 2 + 7 * 0.1 + 5 * 2.5 + value["usage"]["output_tokens"] * 10
    assert value["cost_usd"] == pytest.approx(paid / 1e6, rel=1e-12)


def test_what_is_not_known_to_be_paid_is_null(claude, simulate):
    """A simulated answer costs nothing, and of one that was cut nobody knows the price."""
    assert claude("complete", "hi", "--json", "--offline").json["cost_usd"] is None
    simulate({"say": "one two three", "cut_after": 5})
    cut = claude("complete", "hi", "--json", "-u")
    assert cut.status == 7 and cut.json["cost_usd"] is None
    assert "$" not in cut.err and "unpriced" not in cut.err


def test_an_answer_as_lines(claude, simulate):
    """Pieces as they come, notices from the first on, and the result last."""
    simulate({"status": 529, "retry_after_ms": 1}, {"say": "one two three\n\nfour"})
    done = claude("complete", "hi", "--format", "jsonl", "--temperature", "1", stdin=b"")
    assert done.status == 0 and all(fits(line, SCHEMA) for line in done.jsonl)
    kinds = [line["type"] for line in done.jsonl]
    assert kinds[:3] == ["notice"] * 3 and set(kinds[3:-1]) == {"text"} and kinds[-1] == "result"
    codes = [line["code"] for line in done.jsonl if line["type"] == "notice"]
    assert codes == ["stdin_empty", "dropped_parameter", "retry"]
    assert "".join(line["text"] for line in done.jsonl if line["type"] == "text") == "one two three\n\nfour"
    result = done.jsonl[-1]
    assert result["text"] == "one two three\n\nfour"
    assert [notice["code"] for notice in result["notices"]] == ["stdin_empty", "dropped_parameter"]


def test_lines_come_as_they_happen(claude, simulate):
    """A reader of jsonl need not wait for the end."""
    simulate({"say": "first words, and the rest", "stall_after": 8})
    running = claude.start("complete", "hi", "--format", "jsonl")
    running.out.wait_for(b'{"type": "text", "text": "first')
    running.process.terminate()
    done = running.wait()
    assert done.status == 143 and fits(done.jsonl[-1], defined("result_line"))


@pytest.mark.parametrize("form", ["json", "jsonl"])
@pytest.mark.parametrize(
    ("words", "step", "status", "code"),
    [
        pytest.param(["hi", "--nope"], {}, 2, "usage", id="unknown option"),
        pytest.param(["hi", "--max-tokens", "x"], {}, 2, "usage", id="no number"),
        pytest.param(["hi", "--effort", "x"], {}, 2, "usage", id="no choice"),
        pytest.param([], {}, 2, "usage", id="no prompt"),
        pytest.param(["hi", "-f", "/nowhere"], {}, 2, "usage", id="no file"),
        pytest.param(["hi", "--base-url", "http://example.com"], {}, 2, "usage", id="plain http"),
        pytest.param(["hi"], {"status": 401}, 3, "authentication", id="401"),
        pytest.param(["hi"], {"status": 413}, 4, "request_too_large", id="413"),
        pytest.param(["hi"], {"status": 429, "retry_after": 99}, 5, "rate_limit", id="429"),
        pytest.param(["hi", "--retries", "0"], {"status": 500}, 6, "server_error", id="500"),
        pytest.param(["hi"], {"say": "part", "stop_reason": "max_tokens"}, 7, "truncated", id="cut"),
        pytest.param(["hi"], {"stop_reason": "refusal"}, 8, "refused", id="refused"),
    ],
)
def test_a_failure_has_the_same_form(claude, simulate, form, words, step, status, code):
    """Who parses the output of a success can parse that of a failure; standard error has its line all the same."""
    simulate(step)
    done = claude("complete", *words, "--format", form)
    done.failed(status)
    (value,) = [line for line in done.jsonl if line.get("type", "result") == "result"]
    assert fits(value, defined("result" if form == "json" else "result_line"))
    assert value["error"]["code"] == code and value["error"]["message"]
    assert value["text"] == ("part" if code == "truncated" else "")
    assert value["error"]["retry_after_s"] == (99 if code == "rate_limit" else None)


def test_no_key_in_the_object_too(claude):
    """The three lines are one message for a machine."""
    done = claude("complete", "hi", "--json", ANTHROPIC_API_KEY=None, ANTHROPIC_BASE_URL=None)
    assert done.status == 3 and done.json["error"]["code"] == "no_key" and fits(done.json, defined("result"))


def test_a_simulated_answer_is_marked(claude):
    """`simulated: true` and ids `req_sim_…`, where machines look."""
    value = claude("complete", "hi", "--json", "--offline").json
    assert value["simulated"] is True and value["request_id"].startswith("req_sim_")
    assert [notice["code"] for notice in value["notices"]] == ["simulated"]
    assert fits(value, defined("result"))

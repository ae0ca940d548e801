"""OpenAI's parameters: each is mapped, refused with its name, or dropped and reported."""

from __future__ import annotations

import hashlib
import json

import pytest

from claude_cli.core.messages import Notice
from claude_cli.gateway.openai_parameters import changed

from .openai_asking import ASK, NEW, OLD, ask, refused, send, talk

MIDDLE = "claude-opus-4-6"
ALWAYS = "claude-opus-5-5"
OFF = "claude-opus-4-8"
ADAPTIVE = {"type": "adaptive", "display": "summarized"}
OWN = {"model", "max_tokens", "messages"}
"""Fields of the API that every request has."""


def told(tokens):
    return {"type": "enabled", "budget_tokens": tokens, "display": "summarized"}


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        pytest.param({}, {}, id="nothing"),
        pytest.param({"temperature": 0.5, "model": OLD}, {"temperature": 0.5}, id="temperature"),
        pytest.param({"temperature": 0, "model": OLD}, {"temperature": 0}, id="temperature 0"),
        pytest.param({"temperature": 1, "model": OLD}, {"temperature": 1}, id="temperature 1"),
        pytest.param({"temperature": 1}, {}, id="temperature 1 is what a model without sampling has anyway"),
        pytest.param({"top_p": 0.9, "model": OLD}, {"top_p": 0.9}, id="top_p, to the last digit"),
        pytest.param({"top_p": 1}, {}, id="top_p 1 is what a model without sampling has anyway"),
        pytest.param({"top_k": 5, "model": OLD}, {"top_k": 5}, id="top_k"),
        pytest.param({"temperature": None, "top_p": None, "top_k": None, "stop": None, "n": None, "user": None,
                      "tools": None, "seed": None, "stream": None, "stream_options": None, "response_format": None,
                      "reasoning_effort": None, "metadata": None, "logit_bias": None, "whatever": None}, {},
                     id="null is not there"),
        pytest.param({"stop": "END"}, {"stop_sequences": ["END"]}, id="stop"),
        pytest.param({"stop": ["a", "b"]}, {"stop_sequences": ["a", "b"]}, id="several stops"),
        pytest.param({"stop": [" a\n"]}, {"stop_sequences": [" a\n"]}, id="a stop is not stripped"),
        pytest.param({"stop": ["", "a"]}, {"stop_sequences": ["a"]}, id="an empty stop is none"),
        pytest.param({"stop": []}, {}, id="no stops"),
        pytest.param({"n": 1}, {}, id="one answer"),
        pytest.param({"logprobs": False, "top_logprobs": 0, "store": False, "logit_bias": {}, "verbosity": "medium",
                      "frequency_penalty": 0, "presence_penalty": 0.0, "modalities": ["text"],
                      "prompt_cache_key": "k"}, {}, id="hints that ask for what is done anyway"),
        pytest.param({"metadata": {"a": "b"}}, {}, id="metadata is for the log"),
        pytest.param({"user": "u-1"}, {"metadata": {"user_id": "u-1"}}, id="user"),
        pytest.param({"user": "u-1", "safety_identifier": "s"}, {"metadata": {"user_id": "s"}}, id="the newer name"),
        pytest.param({"user": ""}, {}, id="nobody"),
        pytest.param({"user": "ann@example.com"},
                     {"metadata": {"user_id": "user_" + hashlib.sha256(b"ann@example.com").hexdigest()[:32]}},
                     id="an e-mail address says who it is"),
        pytest.param({"user": "+49 (30) 123-4567"},
                     {"metadata": {"user_id": "user_" + hashlib.sha256(b"+49 (30) 123-4567").hexdigest()[:32]}},
                     id="so does a telephone number"),
        pytest.param({"user": "u" * 300},
                     {"metadata": {"user_id": "user_" + hashlib.sha256(b"u" * 300).hexdigest()[:32]}}, id="a long one"),
        pytest.param({"service_tier": "auto"}, {"service_tier": "auto"}, id="tier auto"),
        pytest.param({"service_tier": "default"}, {"service_tier": "standard_only"}, id="tier default"),
        pytest.param({"cache_control": {"type": "ephemeral"}}, {"cache_control": {"type": "ephemeral"}}, id="caching"),
        pytest.param({"stream": True, "stream_options": {"include_usage": True, "include_obfuscation": False}},
                     {"stream": True}, id="stream"),
        pytest.param({"stream": False, "stream_options": {"include_usage": True}}, {}, id="no stream"),
    ],
)  # fmt: skip
def test_parameters_that_are_honoured(changes, fields):
    """Under the API's names, and nothing is reported."""
    found = send(changes)

    assert {name: value for name, value in found.body.items() if name not in OWN} == fields
    assert found.dropped == ()


@pytest.mark.parametrize(
    ("changes", "dropped", "fields"),
    [
        pytest.param({"temperature": 1.5, "model": OLD}, ["temperature"], {"temperature": 1}, id="temperature over 1"),
        pytest.param({"temperature": 2}, ["temperature"], {}, id="temperature over 1 where it is 1 anyway"),
        pytest.param({"temperature": 0.5}, ["temperature"], {}, id="temperature, and the model takes none"),
        pytest.param({"top_p": 0.5, "top_k": 3}, ["top_p", "top_k"], {}, id="top_p and top_k, and it takes none"),
        pytest.param({"temperature": 0.5, "top_p": 0.5, "model": OLD}, ["top_p"], {"temperature": 0.5},
                     id="temperature and top_p are one too many"),
        pytest.param({"temperature": 0.5, "reasoning_effort": "low", "model": MIDDLE}, ["temperature"],
                     {"thinking": ADAPTIVE, "output_config": {"effort": "low"}}, id="temperature while thinking"),
        pytest.param({"stop": ["\n", "a"]}, ["stop"], {"stop_sequences": ["a"]}, id="a blank stop"),
        pytest.param({"stop": "\n\n"}, ["stop"], {}, id="only a blank stop"),
        pytest.param({"logprobs": True}, ["logprobs"], {}, id="logprobs"),
        pytest.param({"top_logprobs": 3}, ["top_logprobs"], {}, id="top_logprobs"),
        pytest.param({"seed": 7}, ["seed"], {}, id="seed"),
        pytest.param({"seed": 0}, ["seed"], {}, id="seed 0"),
        pytest.param({"frequency_penalty": 0.1}, ["frequency_penalty"], {}, id="frequency_penalty"),
        pytest.param({"presence_penalty": -2}, ["presence_penalty"], {}, id="presence_penalty"),
        pytest.param({"logit_bias": {"50256": -100}}, ["logit_bias"], {}, id="logit_bias"),
        pytest.param({"prediction": {"type": "content", "content": "x"}}, ["prediction"], {}, id="prediction"),
        pytest.param({"store": True}, ["store"], {}, id="store"),
        pytest.param({"verbosity": "low"}, ["verbosity"], {}, id="verbosity"),
        pytest.param({"moderation": {"model": "m"}}, ["moderation"], {}, id="moderation"),
        pytest.param({"prompt_cache_retention": "24h"}, ["prompt_cache_retention"], {}, id="prompt_cache_retention"),
        pytest.param({"prompt_cache_options": {"ttl": "30m"}}, ["prompt_cache_options"], {}, id="prompt_cache_options"),
        pytest.param({"service_tier": "flex"}, ["service_tier"], {"service_tier": "auto"}, id="tier flex"),
        pytest.param({"service_tier": "scale"}, ["service_tier"], {"service_tier": "auto"}, id="tier scale"),
        pytest.param({"service_tier": "priority"}, ["service_tier"], {"service_tier": "auto"}, id="tier priority"),
        pytest.param({"service_tier": "fast"}, ["service_tier"], {"service_tier": "auto"}, id="tier fast"),
        pytest.param({"foo": "bar"}, ["foo"], {}, id="a field nobody knows"),
        pytest.param({"x\r\nset-cookie: a": 1}, ["x__set-cookie__a"], {}, id="a field that is no word"),
        pytest.param({"reasoning_effort": "none", "model": ALWAYS}, ["reasoning_effort"],
                     {"output_config": {"effort": "low"}}, id="no thinking, and the model always thinks"),
        pytest.param({"reasoning_effort": "xhigh", "model": MIDDLE}, ["reasoning_effort"],
                     {"thinking": ADAPTIVE, "output_config": {"effort": "high"}}, id="an effort the model has not"),
        pytest.param({"reasoning_effort": "high", "max_tokens": 500, "model": OLD}, ["reasoning_effort"], {},
                     id="no room to think"),
        pytest.param({"thinking": {"type": "enabled", "budget_tokens": 2000}}, ["thinking"],
                     {"thinking": ADAPTIVE}, id="a budget, and the model takes none"),
    ],
)  # fmt: skip
def test_hints_that_are_dropped(changes, dropped, fields):
    """Named for the header, and refused where that is wanted; the rest of the request stands."""
    found = send(changes)

    assert list(found.dropped) == dropped
    assert {name: value for name, value in found.body.items() if name not in OWN} == fields
    assert send(changes, on_unsupported="drop").body == found.body


@pytest.mark.parametrize(
    ("changes", "param"),
    [
        pytest.param({"seed": 7}, "seed", id="a hint"),
        pytest.param({"temperature": 1.5}, "temperature", id="a value that is changed"),
        pytest.param({"foo": "bar"}, "foo", id="a field nobody knows"),
        pytest.param({"stop": "\n"}, "stop", id="a blank stop"),
        pytest.param({"reasoning_effort": "none", "model": ALWAYS}, "reasoning_effort", id="no thinking"),
        pytest.param({"service_tier": "flex"}, "service_tier", id="a tier"),
        pytest.param({"messages": [{**ASK, "name": "Ann"}]}, "messages[0].name", id="a member of a message"),
    ],
)
def test_reject_refuses_what_would_be_dropped(changes, param):
    """For who would rather know at once."""
    refusal = refused(changes, on_unsupported="reject")

    assert (refusal.status, refusal.param, refusal.code) == (400, param, "unsupported_parameter")
    assert str(refusal).startswith(param)


def test_only_so_many_names_are_reported():
    """They become a header."""
    dropped = ask({f"x{number}": 1 for number in range(100)}).dropped

    assert len(dropped) == 32


def test_what_the_core_changes_is_reported_by_the_clients_names():
    """The API's effort is their reasoning_effort."""
    notices = [Notice("dropped_parameter", "…", parameters=("effort", "top_p")), Notice("retry", "…")]

    assert changed(notices) == ("reasoning_effort", "top_p")


# --- lengths


@pytest.mark.parametrize(
    ("changes", "sent", "flexible"),
    [
        pytest.param({}, 64_000, True, id="none: the gateway's own"),
        pytest.param({"max_tokens": None, "max_completion_tokens": None}, 64_000, True, id="null"),
        pytest.param({"model": OLD}, 64_000, True, id="none: the model's most"),
        pytest.param({"max_tokens": 100}, 100, False, id="max_tokens"),
        pytest.param({"max_completion_tokens": 100}, 100, False, id="max_completion_tokens"),
        pytest.param({"max_tokens": 5, "max_completion_tokens": 100}, 100, False, id="both: the newer one"),
        pytest.param({"max_tokens": 128_000}, 128_000, False, id="the most there is"),
    ],
)
def test_max_tokens(changes, sent, flexible):
    """The API wants one; a budget may lower it where the client named none."""
    found = send(changes)

    assert (found.body["max_tokens"], found.asked.flexible, found.dropped) == (sent, flexible, ())


# --- thinking


@pytest.mark.parametrize(
    ("model", "effort", "thinking", "sent"),
    [
        pytest.param(NEW, "minimal", ADAPTIVE, "low", id="minimal is low"),
        pytest.param(NEW, "low", ADAPTIVE, "low", id="low"),
        pytest.param(NEW, "medium", ADAPTIVE, "medium", id="medium"),
        pytest.param(NEW, "high", ADAPTIVE, "high", id="high"),
        pytest.param(NEW, "xhigh", ADAPTIVE, "xhigh", id="xhigh"),
        pytest.param(NEW, "max", ADAPTIVE, "max", id="max"),
        pytest.param(NEW, "none", {"type": "between_tools"}, None, id="none, as near as the model comes"),
        pytest.param(OFF, "none", {"type": "disabled"}, None, id="none"),
        pytest.param(OLD, "none", {"type": "disabled"}, None, id="none of an older model"),
        pytest.param(MIDDLE, "high", ADAPTIVE, "high", id="a model that takes both ways"),
        pytest.param(OLD, "minimal", told(1024), None, id="minimal in tokens"),
        pytest.param(OLD, "low", told(2048), None, id="low in tokens"),
        pytest.param(OLD, "medium", told(4096), None, id="medium in tokens"),
        pytest.param(OLD, "high", told(8192), None, id="high in tokens"),
        pytest.param(OLD, "xhigh", told(16_384), None, id="xhigh in tokens"),
        pytest.param(OLD, "max", told(32_000), None, id="max in tokens, half of all"),
    ],
)
def test_reasoning_effort(model, effort, thinking, sent):
    """By what the model takes: adaptive with an effort, or a number of tokens."""
    found = send({"model": model, "reasoning_effort": effort})

    assert found.body.get("thinking") == thinking
    assert found.body.get("output_config", {}).get("effort") == sent
    assert found.dropped == ()
    assert found.asked.reasoning is (effort != "none")


@pytest.mark.parametrize(
    ("max_tokens", "budget"),
    [
        pytest.param(1025, 1024, id="just enough"),
        pytest.param(4000, 2000, id="half for the answer"),
        pytest.param(40_000, 8192, id="all"),
    ],
)
def test_thinking_leaves_room_for_the_answer(max_tokens, budget):
    """The API refuses a budget that is not below max_tokens, and no max_tokens of the client's is raised."""
    found = send({"model": OLD, "reasoning_effort": "high", "max_tokens": max_tokens})

    assert (found.body["thinking"], found.body["max_tokens"]) == (told(budget), max_tokens)


def test_a_model_nobody_knows_is_asked_as_the_newest_are():
    """It is newer than what is known here."""
    options = ask({"model": "claude-nova-9", "reasoning_effort": "high"}).request.options

    assert (options.thinking, options.effort) == (ADAPTIVE, "high")


@pytest.mark.parametrize(
    ("changes", "thinking", "reasoning"),
    [
        pytest.param({"thinking": {"type": "adaptive"}}, ADAPTIVE, True, id="adaptive, and its words are shown"),
        pytest.param({"thinking": {"type": "adaptive", "display": "omitted"}},
                     {"type": "adaptive", "display": "omitted"}, True, id="unless they are not wanted"),
        pytest.param({"model": OLD, "thinking": {"type": "enabled", "budget_tokens": 2000}}, told(2000), True,
                     id="a number of tokens"),
        pytest.param({"model": OFF, "thinking": {"type": "disabled"}}, {"type": "disabled"}, False, id="none"),
        pytest.param({"thinking": {"type": "between_tools"}}, {"type": "between_tools"}, False, id="between tools"),
        pytest.param({"thinking": {"type": "adaptive"}, "reasoning_effort": "none"}, ADAPTIVE, True,
                     id="it wins over the effort"),
        pytest.param({}, None, False, id="nothing said"),
    ],
)  # fmt: skip
def test_thinking_by_the_apis_own_object(changes, thinking, reasoning):
    """An extension, for clients that know whom they ask."""
    found = send(changes)

    assert (found.body.get("thinking"), found.asked.reasoning, found.dropped) == (thinking, reasoning, ())


CALL = {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}
LOOP = [{"role": "user", "content": "hi"}, {"role": "assistant", "content": None, "tool_calls": [CALL]},
        {"role": "tool", "tool_call_id": "c", "content": "1"}]  # fmt: skip


@pytest.mark.parametrize(
    ("model", "blocks", "thinking", "dropped"),
    [
        pytest.param(OLD, [{"type": "thinking", "thinking": "hm", "signature": "c2ln"}], told(2048), (),
                     id="the thinking came back"),
        pytest.param(OLD, [], None, ("reasoning_effort",), id="it did not"),
        pytest.param(NEW, [], ADAPTIVE, (), id="it did not, and the model does not mind"),
    ],
)  # fmt: skip
def test_thinking_amid_calls_of_tools(model, blocks, thinking, dropped):
    """A model that is told how long to think wants back what it thought before it called; few clients know that."""
    answer = {**LOOP[1], "thinking_blocks": blocks}

    found = talk(LOOP[0], answer, LOOP[2], model=model, reasoning_effort="low")

    assert (found.body.get("thinking"), found.dropped) == (thinking, dropped)


# --- what is refused


@pytest.mark.parametrize(
    ("changes", "param", "words"),
    [
        pytest.param({"model": None}, "model", "is missing", id="no model"),
        pytest.param({"model": 4}, "model", "it is a text", id="a model that is none"),
        pytest.param({"max_tokens": 0}, "max_tokens", "from 1", id="no tokens"),
        pytest.param({"max_completion_tokens": -1}, "max_completion_tokens", "from 1", id="fewer than none"),
        pytest.param({"max_tokens": 0, "max_completion_tokens": 5}, "max_tokens", "from 1", id="also the older one"),
        pytest.param({"max_tokens": 1.5}, "max_tokens", "a whole number", id="half a token"),
        pytest.param({"max_tokens": True}, "max_tokens", "a whole number", id="true tokens"),
        pytest.param({"max_tokens": "9"}, "max_tokens", "a whole number", id="tokens as a text"),
        pytest.param({"max_tokens": 128_001}, "max_tokens", "gives 128,000 at most", id="more than there are"),
        pytest.param({"max_tokens": 10**400}, "max_tokens", "at most", id="more than any number"),
        pytest.param({"temperature": "hot"}, "temperature", "from 0 to 2", id="a temperature that is none"),
        pytest.param({"temperature": 2.1}, "temperature", "from 0 to 2", id="too hot"),
        pytest.param({"temperature": -0.1}, "temperature", "from 0 to 2", id="too cold"),
        pytest.param({"temperature": float("nan")}, "temperature", "from 0 to 2", id="no number"),
        pytest.param({"temperature": 10**400}, "temperature", "from 0 to 2", id="beyond all numbers"),
        pytest.param({"top_p": 1.1}, "top_p", "from 0 to 1", id="top_p"),
        pytest.param({"top_k": 0.5}, "top_k", "a whole number", id="top_k"),
        pytest.param({"stop": ["a"] * 5}, "stop", "4 is the most", id="too many stops"),
        pytest.param({"stop": {"a": 1}}, "stop", "a list", id="stops that are none"),
        pytest.param({"stop": ["a", 5]}, "stop[1]", "a text", id="a stop that is none"),
        pytest.param({"n": 2}, "n", "one answer", id="several answers"),
        pytest.param({"n": 0}, "n", "from 1", id="no answer"),
        pytest.param({"n": "1"}, "n", "a whole number", id="answers as a text"),
        pytest.param({"logprobs": "yes"}, "logprobs", "true or false", id="logprobs"),
        pytest.param({"top_logprobs": -1}, "top_logprobs", "from 0", id="top_logprobs"),
        pytest.param({"seed": "7"}, "seed", "a whole number", id="seed"),
        pytest.param({"frequency_penalty": 3}, "frequency_penalty", "from -2 to 2", id="frequency_penalty"),
        pytest.param({"presence_penalty": []}, "presence_penalty", "from -2 to 2", id="presence_penalty"),
        pytest.param({"logit_bias": [1]}, "logit_bias", "an object", id="logit_bias"),
        pytest.param({"verbosity": "loud"}, "verbosity", "low or medium or high", id="verbosity"),
        pytest.param({"store": 1}, "store", "true or false", id="store"),
        pytest.param({"metadata": "x"}, "metadata", "an object", id="metadata"),
        pytest.param({"modalities": ["text", "audio"]}, "modalities[1]", "it is text", id="spoken answers"),
        pytest.param({"modalities": "text"}, "modalities", "a list", id="modalities"),
        pytest.param({"audio": {"voice": "alloy", "format": "wav"}}, "audio", "no Claude model speaks", id="a voice"),
        pytest.param({"user": 5}, "user", "a text", id="user"),
        pytest.param({"service_tier": "gold"}, "service_tier", "auto or default", id="a tier nobody has"),
        pytest.param({"stream": "yes"}, "stream", "true or false", id="stream"),
        pytest.param({"stream_options": True}, "stream_options", "an object", id="stream_options"),
        pytest.param({"stream_options": {"include_usage": 1}}, "stream_options.include_usage", "true or false",
                     id="include_usage"),
        pytest.param({"reasoning_effort": "huge"}, "reasoning_effort", "none or minimal or low", id="effort"),
        pytest.param({"reasoning_effort": ["low"]}, "reasoning_effort", "a list", id="effort as a list"),
        pytest.param({"thinking": True}, "thinking", "an object", id="thinking"),
        pytest.param({"thinking": {}}, "thinking.type", "is missing", id="thinking of no type"),
        pytest.param({"thinking": {"type": "deep"}}, "thinking.type", "adaptive", id="thinking of an unknown type"),
        pytest.param({"thinking": {"type": "enabled", "budget_tokens": 10}}, "thinking.budget_tokens", "from 1024",
                     id="too small a budget"),
        pytest.param({"thinking": {"type": "adaptive", "display": "loud"}}, "thinking.display", "summarized",
                     id="display"),
        pytest.param({"model": OLD, "max_tokens": 1000, "thinking": {"type": "enabled", "budget_tokens": 1024}},
                     "thinking", "over 1024", id="a budget without room"),
        pytest.param({"cache_control": {"type": "forever"}}, "cache_control.type", "ephemeral", id="caching"),
    ],
)  # fmt: skip
def test_parameters_that_are_refused(changes, param, words):
    """By the place, with what may stand there."""
    refusal = refused(changes)

    assert (refusal.status, refusal.param) == (400, param)
    assert words in str(refusal)


@pytest.mark.parametrize("body", [None, [], "hi", 5, True], ids=["null", "a list", "a text", "a number", "true"])
def test_a_body_that_is_no_object(body):
    """Any JSON may come."""
    from claude_cli.gateway.openai_request import decode
    from claude_cli.gateway.refusal import Refusal

    from .openai_asking import NAMES

    with pytest.raises(Refusal, match="no JSON object") as caught:
        decode(body, NAMES)
    assert caught.value.status == 400


def test_the_stream_is_asked_for_as_the_client_wants_it():
    """Its usage, too."""
    asked = ask({"stream": True, "stream_options": {"include_usage": True}})
    assert (asked.stream, asked.include_usage, asked.request.stream) == (True, True, True)
    asked = ask({})
    assert (asked.stream, asked.include_usage, asked.request.stream) == (False, False, False)


def test_reject_also_refuses_what_only_the_model_does_not_take(gateway):
    """That is found out later, by the core; the client is told by its own name all the same."""
    running = gateway(config={"on_unsupported": "reject"})

    answer = running.chat(model=MIDDLE, reasoning_effort="xhigh")

    assert (answer.status, answer.error["param"]) == (400, "reasoning_effort")
    assert answer.error["code"] == "unsupported_parameter"
    assert "--strict" not in answer.error["message"]
    assert not running.upstream.requests


@pytest.mark.parametrize(
    ("changes", "asked"),
    [
        pytest.param({}, 2, id="as it was: the thinking holds"),
        pytest.param({"tool_choice": "required"}, 3, id="another choice: asked again without the thinking"),
    ],
)
def test_thinking_goes_round_through_a_client(gateway, changes, asked):
    """It is bound to all that stood before it, our own words for a choice that cannot be forced among them.

    Agents force the first call and leave the second free; they cannot know that this makes their history another one.
    """
    running = gateway()
    tools = [{"type": "function", "function": {"name": "f"}}]
    setting = {"model": NEW, "reasoning_effort": "low", "tools": tools}
    answer = running.chat(messages=[dict(ASK)], **setting, **changes).json["choices"][0]["message"]
    assert answer["thinking_blocks"][0]["signature"]

    again = running.chat(messages=[dict(ASK), answer, {"role": "user", "content": "and?"}], **setting)

    assert again.status == 200
    assert len(running.upstream.requests) == asked
    sent = json.dumps(running.upstream.requests[-1].json["messages"])
    assert ("signature" in sent) == (asked == 2)

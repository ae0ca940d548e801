"""Every rule about what a model takes, against every model: sent, changed or refused; and the simulator, which has the
rules from its own reading of the documentation, takes what is sent and refuses what was changed.
"""

from __future__ import annotations

import base64
import io
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

import pypdf
import pytest

from claude_cli.core.capabilities import fit
from claude_cli.core.errors import UsageError
from claude_cli.core.messages import (
    Block,
    ChatRequest,
    LLMOptions,
    Message,
    document_block,
    image_block,
    pdf_block,
    text_block,
)
from claude_cli.core.models import Model, Source, catalogue
from claude_cli.core.providers.anthropic import AnthropicProvider
from claude_cli.core.providers.config import ProviderConfig
from claude_cli.core.redact import credential
from claude_cli.simulator.journal import RecordedRequest
from claude_cli.simulator.service import Service

# --- the models, by the names of the documentation's matrix

MODELS = {
    model.id.removeprefix("claude-").rsplit("-2025", 1)[0].replace("-4-", "-4.").replace("-5-", "-5."): model
    for model in catalogue().models
}
FABLES = "fable-5.2 fable-5.1 fable-5"
MYTHOS = "mythos-5.2 mythos-5.1 mythos-5"
PREVIEW = "mythos-preview"
ALWAYS_ON = f"{FABLES} {MYTHOS} opus-5.5"
OLDEST = "opus-4.5 sonnet-4.5 haiku-4.5"
OF_4_6 = "opus-4.6 sonnet-4.6"
OLDER = f"{OLDEST} {OF_4_6}"
NO_FORCING = "fable-5.2 mythos-5.2 fable-5.1 mythos-5.1 opus-5.5 sonnet-5.5"
OFF_UP_TO_HIGH = "opus-5 haiku-5.5"
NOT_OFF = f"{ALWAYS_ON} sonnet-5.5 {PREVIEW}"
SYSTEM_TURNS = f"{ALWAYS_ON} opus-5 opus-4.8 sonnet-5.5 haiku-5.5"
FAST = "fable-5.2 opus-5.5 opus-5 opus-4.8"
NEWER = " ".join(MODELS.keys() - OLDER.split())
REST = "all others"


def test_the_groups_are_those_of_the_matrix():
    """A model that comes into the catalogue has to be given its place here."""
    assert sorted(MODELS) == sorted([
        "fable-5", "fable-5.1", "fable-5.2", "haiku-4.5", "haiku-5.5", "mythos-5", "mythos-5.1", "mythos-5.2",
        "mythos-preview", "opus-4.5", "opus-4.6", "opus-4.7", "opus-4.8", "opus-5", "opus-5.5", "sonnet-4.5",
        "sonnet-4.6", "sonnet-5", "sonnet-5.5",
    ])  # fmt: skip


# --- what is asked


def user(*blocks: Block) -> Message:
    return Message("user", (*blocks, text_block("hi")))


@cache
def picture() -> Block:
    head = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + (8).to_bytes(4) + (8).to_bytes(4)
    return image_block("image/png", base64.b64encode(head).decode())


@cache
def paper(pages: int) -> Block:
    writer = pypdf.PdfWriter()
    for _ in range(pages):
        writer.add_blank_page(10, 10)
    stream = io.BytesIO()
    writer.write(stream)
    return pdf_block(base64.b64encode(stream.getvalue()).decode())


def begun(text: str, **options: Any) -> Ask:
    return Ask(messages=(user(), Message("assistant", (text_block(text),))), **options)


@dataclass(frozen=True)
class Ask:
    """A request, the model aside."""

    messages: tuple[Message, ...] = (user(),)
    extra: Mapping[str, Any] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)

    def to(self, model: Model) -> ChatRequest:
        options = LLMOptions(**{"max_tokens": 30_000, **self.options}, extra=dict(self.extra))
        return ChatRequest(model.id, self.messages, options=options)


def opt(**options: Any) -> Ask:
    """Options as the flags give them."""
    return Ask(options=options)


def raw(**extra: Any) -> Ask:
    """Options as `-O` gives them."""
    return Ask(extra=extra)


ADAPTIVE, OFF, BETWEEN = {"type": "adaptive"}, {"type": "disabled"}, {"type": "between_tools"}
SHOWN = {"type": "adaptive", "display": "summarized"}
BUDGET = {"type": "enabled", "budget_tokens": 2_000}
HALF = {"type": "enabled", "budget_tokens": 15_000}
SCHEMA = {"format": {"type": "json_schema", "schema": {"type": "object", "additionalProperties": False}}}
TOOL = {"name": "look", "input_schema": {"type": "object"}}
FORCED = {"tools": [TOOL], "tool_choice": {"type": "any"}}
SEARCH = {"tools": [{"type": "web_search_20250305", "name": "web_search"}]}
CITED = {**document_block("words"), "citations": {"enabled": True}}

# --- the table: a rule, what is asked, which member of the request shows it, and what the members are by model


@dataclass(frozen=True)
class Refused:
    """It is refused, in these words."""

    words: str


GONE = None
"""The member is not sent."""

Row = tuple[str, Ask, str, dict[str, Any]]
ROWS: list[Row] = [
    # sampling
    ("temperature", opt(temperature=0.5), "temperature", {OLDER: 0.5, REST: GONE}),
    ("top_p", opt(top_p=0.5), "top_p", {OLDER: 0.5, REST: GONE}),
    ("top_k", opt(top_k=5), "top_k", {OLDER: 5, REST: GONE}),
    ("temperature beside top_p", opt(temperature=0.5, top_p=0.9), "top_p", {REST: GONE}),
    ("temperature while thinking", opt(temperature=0.5, thinking=ADAPTIVE), "temperature", {REST: GONE}),
    ("top_k while thinking", opt(top_k=5, thinking=BUDGET), "top_k", {REST: GONE}),
    ("raw temperature", raw(temperature=0.5), "temperature", {OLDER: 0.5, REST: GONE}),
    ("raw top_k", raw(top_k=5), "top_k", {OLDER: 5, REST: GONE}),
    # thinking
    ("thinking on", opt(thinking=ADAPTIVE), "thinking", {OLDEST: HALF, REST: ADAPTIVE}),
    ("thinking shown", opt(thinking=SHOWN), "thinking", {OLDEST: {**HALF, "display": "summarized"}, REST: SHOWN}),
    ("thinking by tokens", opt(thinking=BUDGET), "thinking", {f"{OLDER} {PREVIEW}": BUDGET, REST: ADAPTIVE}),
    ("thinking off", opt(thinking=OFF), "thinking", {NOT_OFF: GONE, REST: OFF}),
    ("thinking between tools", opt(thinking=BETWEEN), "thinking", {
        "sonnet-5.5": BETWEEN, OLDEST: HALF, REST: ADAPTIVE,
    }),
    ("raw thinking", raw(thinking=BUDGET), "thinking", {f"{OLDER} {PREVIEW}": BUDGET, REST: ADAPTIVE}),
    ("thinking under 1,024 tokens", raw(thinking={**BUDGET, "budget_tokens": 5}), "thinking", {
        f"{OLDER} {PREVIEW}": {**BUDGET, "budget_tokens": 1024}, REST: ADAPTIVE,
    }),
    ("thinking over max_tokens", opt(thinking={**BUDGET, "budget_tokens": 90_000}), "thinking", {
        f"{OLDER} {PREVIEW}": {**BUDGET, "budget_tokens": 29_999}, REST: ADAPTIVE,
    }),
    ("thinking off, and shown", raw(thinking={**OFF, "display": "omitted"}), "thinking", {NOT_OFF: GONE, REST: OFF}),
    ("adaptive thinking by tokens", raw(thinking={**ADAPTIVE, "budget_tokens": 2000}), "thinking", {
        OLDEST: BUDGET, REST: ADAPTIVE,
    }),
    # effort
    ("effort low", opt(effort="low"), "effort", {"sonnet-4.5 haiku-4.5": GONE, REST: "low"}),
    ("effort xhigh", opt(effort="xhigh"), "effort", {
        "sonnet-4.5 haiku-4.5": GONE, f"opus-4.5 {OF_4_6} {PREVIEW}": "high", REST: "xhigh",
    }),
    ("effort max", opt(effort="max"), "effort", {"sonnet-4.5 haiku-4.5": GONE, "opus-4.5": "high", REST: "max"}),
    ("raw effort", raw(output_config={"effort": "max"}), "effort", {
        "sonnet-4.5 haiku-4.5": GONE, "opus-4.5": "high", REST: "max",
    }),
    ("effort max, thinking off", opt(effort="max", thinking=OFF), "effort", {
        "sonnet-4.5 haiku-4.5": GONE, f"opus-4.5 {OFF_UP_TO_HIGH}": "high", REST: "max",
    }),
    ("effort max, thinking between tools", opt(effort="max", thinking=BETWEEN), "effort", {
        "sonnet-4.5 haiku-4.5": GONE, "opus-4.5 sonnet-5.5": "high", REST: "max",
    }),
    # tools
    ("a tool", raw(tools=[TOOL]), "tools", {REST: [TOOL]}),
    ("a web search", raw(**SEARCH), "tools", {REST: SEARCH["tools"]}),
    ("a forced tool", raw(**FORCED), "tool_choice", {
        NO_FORCING: Refused("takes no tool_choice that forces a tool; `claude-cli models --can forced` lists"),
        REST: {"type": "any"},
    }),
    ("this very tool", raw(tools=[TOOL], tool_choice={"type": "tool", "name": "look"}), "tool_choice", {
        NO_FORCING: Refused("takes no tool_choice"), REST: {"type": "tool", "name": "look"},
    }),
    ("a tool if it wants", raw(tools=[TOOL], tool_choice={"type": "auto"}), "tool_choice", {REST: {"type": "auto"}}),
    ("a forced tool, thinking", raw(**FORCED, thinking=BUDGET), "tool_choice", {
        NO_FORCING: Refused("takes no tool_choice"),
        f"{OLDER} {PREVIEW}": Refused("forces no tool while it thinks"),
        REST: {"type": "any"},
    }),
    # an assistant turn at the end, and others inside
    ("a prefill", begun("It is"), "last", {OLDEST: "It is", REST: Refused("does not continue an assistant turn")}),
    ("a prefill that ends in blanks", begun("It is \n"), "last", {
        OLDEST: "It is", REST: Refused("does not continue an assistant turn"),
    }),
    ("a prefill, thinking", begun("It is", options={"thinking": BUDGET}), "last", {
        OLDEST: Refused("only without thinking"), REST: Refused("does not continue an assistant turn"),
    }),
    ("a prefill for a schema", begun("{", extra={"output_config": SCHEMA}), "last", {
        OLDEST: Refused("without a schema"), REST: Refused("does not continue an assistant turn"),
    }),
    ("a system turn", Ask((user(), Message("system", (text_block("Be brief."),)))), "last", {
        SYSTEM_TURNS: "Be brief.", REST: Refused("takes no system turn inside a conversation"),
    }),
    # a schema, and citations
    ("a schema", raw(output_config=SCHEMA), "output_config", {REST: SCHEMA}),
    ("citations", Ask((user(CITED),)), "first", {REST: CITED}),
    ("a schema beside citations", Ask((user(CITED),), {"output_config": SCHEMA}), "first", {
        REST: Refused("does not go with citations"),
    }),
    # where, how fast, how much
    ("inference in the US", raw(inference_geo="us"), "inference_geo", {
        OLDEST: Refused("cannot be told where to run"), REST: "us",
    }),
    ("inference anywhere", raw(inference_geo="global"), "inference_geo", {OLDEST: GONE, REST: "global"}),
    ("fast", raw(speed="fast"), "speed", {
        FAST: "fast", REST: Refused("takes no speed=fast; `claude-cli models --can fast` lists"),
    }),
    ("standard speed", raw(speed="standard"), "speed", {REST: "standard"}),
    ("max_tokens over the cap", opt(max_tokens=200_000), "max_tokens", {OLDEST: 64_000, REST: 128_000}),
    ("raw max_tokens over the cap", raw(max_tokens=200_000), "max_tokens", {OLDEST: 64_000, REST: 128_000}),
    ("no max_tokens", opt(max_tokens=None), "max_tokens", {REST: 64_000}),
    ("nothing but filling the cache", opt(max_tokens=0), "max_tokens", {REST: 0}),
    ("filling the cache for a schema", Ask(options={"max_tokens": 0}, extra={"output_config": SCHEMA}), "max_tokens", {
        REST: Refused("max_tokens 0 asks for no answer"),
    }),
    # attachments
    ("an image", Ask((user(picture()),)), "first", {REST: picture()}),
    ("101 images", Ask((user(*[picture()] * 101),)), "first", {
        OLDEST: Refused("101 images, but a request to"), REST: picture(),
    }),
    ("601 images", Ask((user(*[picture()] * 601),)), "first", {REST: Refused("601 images, but a request to")}),
    ("a PDF of 101 pages", Ask((user(paper(101)),)), "first", {
        OLDEST: Refused("the PDFs have 101 pages, but a request to"), REST: paper(101),
    }),
    ("PDFs of 602 pages", Ask((user(paper(301), paper(301)),)), "first", {REST: Refused("the PDFs have 602 pages")}),
]  # fmt: skip


def expectation(outcomes: Mapping[str, Any], name: str) -> Any:
    """What one model is to do: exactly one group has it, or none and it is one of the others."""
    found = [value for names, value in outcomes.items() if name in names.split()]
    assert len(found) < 2, f"{name} stands twice"
    return found[0] if found else outcomes[REST]


CASES = [
    pytest.param(ask, look, expectation(outcomes, name), MODELS[name], id=f"{rule}: {name}")
    for rule, ask, look, outcomes in ROWS
    for name in MODELS
]

# --- asking


@cache
def provider() -> AnthropicProvider:
    key = credential("sk-sim-key", source="a test")
    return AnthropicProvider.configured(ProviderConfig(key, "http://127.0.0.1", environ={}))


def accepts(request: ChatRequest) -> bool:
    """Whether the simulator answers what the provider makes of `request`."""
    sent = provider().http_request(request)
    service = Service([], None, 0.0, False, None, time.time)
    recorded = RecordedRequest(1, sent.method, sent.path, "", dict(sent.revealed()), sent.body or b"")
    recorded.json = provider().request_object(request)
    status = service.answer(recorded).status
    assert status in (200, 400), status
    return status == 200


LOOKS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "effort": lambda body: (body.get("output_config") or {}).get("effort"),
    "first": lambda body: body["messages"][0]["content"][0],
    "last": lambda body: body["messages"][-1]["content"],
}


def member(request: ChatRequest, look: str) -> Any:
    """The member of the JSON that `request` becomes; None where it is not sent."""
    body = provider().request_object(request)
    return LOOKS.get(look, lambda body: body.get(look))(body)


@pytest.mark.parametrize(("ask", "look", "expected", "model"), CASES)
def test_what_a_model_takes(ask, look, expected, model):
    """Sent as it is without a word; changed, and said, and refused under `--strict`; or refused with a way out.

    What is sent, the simulator takes. What is not sent as it was, it would have refused.
    """
    request = ask.to(model)
    if isinstance(expected, Refused):
        with pytest.raises(UsageError) as refusal:
            fit(request, model)
        said = f"{refusal.value}; {refusal.value.advice}"
        assert expected.words in said and "\n" not in str(refusal.value)
        assert not accepts(request)
        return
    sent, notices = fit(request, model)
    assert member(sent, look) == expected
    assert accepts(sent)
    assert fit(sent, model, strict=True) == (sent, [])
    if notices:
        assert not accepts(request)
        with pytest.raises(UsageError, match="--strict"):
            fit(request, model, strict=True)
    elif request.options.max_tokens is not None:
        assert member(request, look) == expected


# --- what no model of the catalogue lacks


@pytest.mark.parametrize(
    ("ability", "ask", "words"),
    [
        pytest.param("image_input", Ask((user(picture()),)), "takes no images; `claude-cli models --can vision` lists",
                     id="images"),
        pytest.param("image_input", Ask((user({"type": "tool_result", "tool_use_id": "t", "content": [picture()]}),)),
                     "takes no images", id="an image inside a tool's result"),
        pytest.param("pdf_input", Ask((user(paper(1)),)), "takes no PDFs; `claude-cli models --can pdf`", id="PDFs"),
        pytest.param("citations", Ask((user(CITED),)), "takes no citations; `claude-cli models --can citations`",
                     id="citations"),
        pytest.param("structured_outputs", raw(output_config=SCHEMA),
                     "takes no schema for its answer; `claude-cli models --can schema`", id="a schema"),
        pytest.param("tools", raw(tools=[TOOL]), "takes no tools; `claude-cli models --can tools`", id="tools"),
        pytest.param("web_search", raw(**SEARCH), "takes no web search; `claude-cli models --can search`", id="search"),
        pytest.param("assistant_prefill", begun("It is"), "does not continue", id="a prefill"),
        pytest.param("inference_geo", raw(inference_geo="us"), "cannot be told where", id="a place"),
        pytest.param("mid_conversation_system", Ask((Message("system", (text_block("x"),)),)), "no system turn",
                     id="a system turn"),
    ],
)  # fmt: skip
def test_only_what_is_known_to_be_missing_is_refused(ability, ask, words):
    """An ability that the catalogue does not know of may be there: other servers have other models."""
    known = MODELS["opus-4.6"]

    def with_ability(value: object) -> Model:
        return replace(known, raw={**known.raw, "capabilities": {**known.raw["capabilities"], ability: value}})

    with pytest.raises(UsageError) as refusal:
        fit(ask.to(known), with_ability(False))
    assert words in f"{refusal.value}; {refusal.value.advice}"
    for value in (None, True):
        assert fit(ask.to(known), with_ability(value))[1] == []


def test_a_model_of_which_nothing_is_known_takes_everything():
    """As it comes from a gateway that tells no more than its id."""
    bare = Model("nova", "Nova", "", (), None, None, {}, source=Source("live"))
    options = LLMOptions(
        max_tokens=999_999, temperature=0.5, top_p=0.5, thinking={"type": "nova"}, effort="hyper",
        extra={**FORCED, "speed": "fast", "inference_geo": "us"},
    )  # fmt: skip
    request = ChatRequest("nova", (user(picture(), paper(1), CITED),), options=options)
    assert fit(request, bare, strict=True) == (request, [])
    assert fit(ChatRequest("nova", (user(),)), bare)[0].options.max_tokens == 64_000


def test_fast_mode_brings_its_beta():
    """Where the catalogue names one, the header is needed; a beta that is there already stays alone."""
    request = raw(speed="fast").to(MODELS["opus-5"])
    sent, notices = fit(request, MODELS["opus-5"], strict=True)
    assert (sent.options.betas, notices) == (("fast-mode-2026-02-01",), [])
    assert fit(sent, MODELS["opus-5"])[0] == sent
    assert fit(raw(speed="fast").to(MODELS["opus-5.5"]), MODELS["opus-5.5"])[0].options.betas == ()


def test_a_long_answer_is_streamed_though_it_was_not_asked_for():
    """Unstreamed the API refuses more than 21,333 tokens; the pieces are put together here."""
    for max_tokens, streamed in [(21_333, None), (21_334, True)]:
        request = replace(opt(max_tokens=max_tokens).to(MODELS["opus-5"]), stream=False)
        assert member(fit(request, MODELS["opus-5"])[0], "stream") is streamed


# --- options by their own names


@pytest.mark.parametrize(
    ("given", "extra", "options", "left"),
    [
        pytest.param({}, {"max_tokens": 5, "metadata": {"user_id": "u"}}, {"max_tokens": 5},
                     {"metadata": {"user_id": "u"}}, id="one of ours, one of others"),
        pytest.param({"max_tokens": 9}, {"max_tokens": 5}, {"max_tokens": 5}, {}, id="it wins over the flag"),
        pytest.param({"max_tokens": 9}, {"max_tokens": None}, {"max_tokens": 64_000}, {}, id="null means not sent"),
        pytest.param({}, {"stop_sequences": ["a"]}, {"stop_sequences": ("a",)}, {}, id="stop sequences"),
        pytest.param({}, {"stop_sequences": None}, {"stop_sequences": ()}, {}, id="no stop sequences"),
        pytest.param({}, {"service_tier": "auto"}, {"service_tier": "auto"}, {}, id="the service tier"),
        pytest.param({"thinking": ADAPTIVE}, {"thinking": {"display": "omitted"}},
                     {"thinking": {**ADAPTIVE, "display": "omitted"}}, {}, id="thinking is merged with the flag's"),
        pytest.param({}, {"output_config": {"effort": "low", **SCHEMA}}, {"effort": "low"}, {"output_config": SCHEMA},
                     id="effort leaves the rest"),
    ],
)  # fmt: skip
def test_raw_options_become_options(given, extra, options, left):
    """So the rules judge them, and budgets and the JSON output know them."""
    model = MODELS["opus-4.6"]
    found = fit(ChatRequest(model.id, (user(),), options=LLMOptions(**given, extra=extra)), model)[0].options
    assert {name: getattr(found, name) for name in options} == options
    assert found.extra == left


@pytest.mark.parametrize(
    ("extra", "words"),
    [
        pytest.param({"temperature": "hot"}, "-O temperature is 'hot'; it is a number from 0 to 1", id="temperature"),
        pytest.param({"temperature": 1.5}, "it is a number from 0 to 1", id="too warm"),
        pytest.param({"top_k": True}, "-O top_k is True; it is a whole number", id="top_k"),
        pytest.param({"max_tokens": -1}, "-O max_tokens is -1; it is a whole number", id="less than nothing"),
        pytest.param({"thinking": "on"}, "-O thinking is 'on'; it is an object with a type", id="thinking"),
        pytest.param({"stop_sequences": "END"}, "it is a list of texts", id="stop sequences"),
        pytest.param({"service_tier": 1}, "it is auto or standard_only", id="the service tier"),
        pytest.param({"output_config": {"effort": 3}}, "-O output_config.effort is 3; it is a word", id="effort"),
    ],
)
def test_a_raw_option_of_the_wrong_kind(extra, words):
    """Named before anything is sent; to a model nobody knows it goes as it is."""
    request = ChatRequest("claude-opus-4-6", (user(),), options=LLMOptions(extra=extra))
    with pytest.raises(UsageError) as refusal:
        fit(request, MODELS["opus-4.6"])
    assert words in str(refusal.value)
    assert fit(request, None)[0].options.extra == extra


@pytest.mark.parametrize("name", ["model", "messages"])
def test_what_is_not_given_as_a_raw_option(name):
    """It would go around all rules, or be lost in silence."""
    with pytest.raises(UsageError, match=f"-O {name} is not taken"):
        fit(ChatRequest("llama3", (user(),), options=LLMOptions(extra={name: "x"})), None)

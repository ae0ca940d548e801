"""Where the marks of the prompt cache go, and that the next request finds what they left."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claude_cli.core.caching import Ttl, beginning_of, cached, explain, is_marked, mark, mark_beginning
from claude_cli.core.errors import UsageError
from claude_cli.core.events import fold
from claude_cli.core.messages import (
    Block,
    ChatRequest,
    Completion,
    LLMOptions,
    Message,
    Usage,
    document_block,
    image_block,
    pdf_block,
    text_block,
)
from claude_cli.core.models import Model, catalogue
from claude_cli.core.prepare import prepare
from claude_cli.core.pricing import cost
from claude_cli.core.providers.anthropic import AnthropicProvider
from claude_cli.core.providers.config import ProviderConfig
from claude_cli.core.redact import credential
from claude_cli.core.wire_request import encode, request_object
from claude_cli.simulator import BackgroundSimulator

SONNET = "claude-sonnet-5-5"
LONG = "word " * 500
FIVE = {"type": "ephemeral"}
HOUR = {"type": "ephemeral", "ttl": "1h"}
IMAGE = image_block("image/png", "aGk=")


def known(model: str = SONNET) -> Model:
    found = catalogue().find(model)
    assert found
    return found


def user(*blocks: Block | str) -> Message:
    return Message("user", tuple(text_block(each) if isinstance(each, str) else each for each in blocks))


def said(*blocks: Block | str) -> Message:
    return replace(user(*blocks), role="assistant")


def asking(*messages: Message, system: Any = None, model: str = SONNET, **extra: Any) -> ChatRequest:
    return ChatRequest(model, messages, system, LLMOptions(max_tokens=100, extra=extra))


def marks(request: ChatRequest) -> list[str]:
    """Where `request` is marked: "system 0", then by message and block "2.1"."""
    parts = [() if isinstance(request.system, str | None) else request.system, *(m.content for m in request.messages)]
    return [
        f"{'system ' if part == 0 else f'{part - 1}.'}{number}"
        for part, blocks in enumerate(parts)
        for number, block in enumerate(blocks)
        if "cache_control" in block
    ]


FILE = document_block(LONG, "notes.txt")
THINKING = {"type": "thinking", "thinking": "", "signature": "x"}
RESULT = {"type": "tool_result", "tool_use_id": "t", "content": "12"}


@pytest.mark.parametrize(
    ("request_", "wanted"),
    [
        pytest.param(asking(user(LONG)), ["0.0"], id="a long prompt"),
        pytest.param(asking(user("Hi"), system=LONG), ["system 0", "0.0"], id="the system prompt"),
        pytest.param(
            asking(user("Hi"), system=(text_block(LONG), text_block("B"))), ["system 1", "0.0"], id="its last block"
        ),
        pytest.param(asking(user(FILE, FILE, IMAGE, "What?")), ["0.2", "0.3"], id="files, then the question"),
        pytest.param(asking(user(LONG, IMAGE)), ["0.1"], id="files last: one mark is enough"),
        pytest.param(asking(user(FILE), user("What?")), ["0.0", "1.0"], id="one turn in two messages"),
        pytest.param(
            asking(user(LONG), said("Yes"), user("More")), ["0.0", "2.0"], id="what was asked last, and before that"
        ),
        pytest.param(
            asking(user(FILE, "a"), said("b"), user("c"), said("d"), user("e"), said("f"), user("g"), system=LONG),
            ["system 0", "0.0", "4.0", "6.0"],
            id="all four",
        ),
        pytest.param(
            asking(user(LONG), said("b"), user(FILE, "c"), said("d"), user("e")), ["2.1", "4.0"], id="files later on"
        ),
        pytest.param(asking(user(LONG), said({"type": "tool_use"}), user(RESULT)), ["0.0", "2.0"], id="tool results"),
        pytest.param(asking(user(LONG), said("So ")), ["0.0"], id="an answer that is begun is not marked"),
        pytest.param(
            asking(user(LONG), said(THINKING, {"type": "server_tool_use"})), ["0.0"], id="nor one that is paused"
        ),
        pytest.param(asking(user(LONG, "Hi", " ")), ["0.1"], id="empty text cannot be marked"),
        pytest.param(asking(user(LONG, {"type": "nova"})), ["0.0"], id="a kind nobody knows is not"),
        pytest.param(
            asking(user(LONG), Message("system", (text_block("Be brief"),))), ["1.0"], id="a system turn at the end"
        ),
        pytest.param(asking(user(LONG), system=LONG, model="llama3"), ["system 0", "0.0"], id="a model nobody knows"),
        pytest.param(asking(user("Hi"), model="llama3"), ["0.0"], id="whose minimum nobody knows either"),
        pytest.param(asking(user(" "), model="llama3"), [], id="nothing to be marked"),
        pytest.param(asking(), [], id="nothing at all"),
    ],
)
def test_where_the_marks_go(request_, wanted):
    """At the ends that another request may share: at most four."""
    assert marks(mark(request_, catalogue().find(request_.model), "5m")) == wanted


@pytest.mark.parametrize(("ttl", "control"), [("5m", FIVE), ("1h", HOUR)])
def test_how_long_it_is_kept(ttl, control):
    """One lifetime for all marks: the longer must not come behind the shorter. A system prompt becomes a block."""
    body = request_object(mark(asking(user(FILE, "What?"), system=LONG), known(), ttl))
    assert body["system"] == [{"type": "text", "text": LONG, "cache_control": control}]
    assert body["messages"][0]["content"] == [
        {**FILE, "cache_control": control}, {"type": "text", "text": "What?", "cache_control": control},
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("model", "least"),
    [(SONNET, 512), ("claude-sonnet-5", 1024), ("claude-opus-4-7", 2048), ("claude-opus-4-6", 4096)],
)
def test_a_prompt_that_is_surely_too_short_is_not_touched(model, least):
    """The provider would say nothing and cache nothing; a token is at least a byte, so this is no guess."""
    short = asking(user("x" * (least - 1)), model=model)
    assert mark(short, known(model), "5m") == short
    assert encode(request_object(mark(short, known(model), "1h"))) == encode(request_object(short))
    assert marks(mark(asking(user("x" * least), model=model), known(model), "5m")) == ["0.0"]


@pytest.mark.parametrize(
    ("request_", "wanted"),
    [
        pytest.param(asking(user(LONG), system="Be brief."), ["0.0"], id="a short system prompt"),
        pytest.param(asking(user("ü" * 256)), ["0.0"], id="bytes, not characters"),
        pytest.param(asking(user("\ud83d" * 200)), ["0.0"], id="half a character"),
        pytest.param(asking(user("ü" * 255)), [], id="too few bytes"),
        pytest.param(asking(user(document_block("x", "t" * 600), "Hi")), ["0.0", "0.1"], id="a title counts"),
        pytest.param(asking(user(IMAGE, "Hi")), ["0.0", "0.1"], id="an image may be any number of tokens"),
        pytest.param(asking(user(pdf_block("aGk="), "Hi")), ["0.0", "0.1"], id="a PDF, too"),
        pytest.param(asking(user("Hi"), tools=[{"name": "look"}]), ["0.0"], id="and tools, which come first"),
        pytest.param(asking(user("x" * 300), said("x" * 300), user("Hi")), ["2.0"], id="all up to the mark"),
    ],
)
def test_each_end_is_judged_by_what_comes_before_it(request_, wanted):
    """A mark that is sure to do nothing is left out."""
    assert marks(mark(request_, known(), "5m")) == wanted


@pytest.mark.parametrize(
    ("request_", "files", "wanted"),
    [
        pytest.param(asking(user(LONG), system=LONG), None, ["system 0"], id="the system prompt"),
        pytest.param(asking(user(FILE, FILE, "What?")), None, ["0.1"], id="the files at the beginning"),
        pytest.param(asking(user(FILE, FILE, "What?")), 1, ["0.0"], id="the first of them"),
        pytest.param(asking(user(FILE, "What?"), system=LONG), None, ["system 0", "0.0"], id="both"),
        pytest.param(asking(user("What?", FILE)), None, [], id="a file behind the question"),
        pytest.param(
            asking(user(FILE, IMAGE), said("A"), user(FILE, "B")), None, ["0.1"], id="of the first turn alone"
        ),
        pytest.param(asking(user(LONG)), None, [], id="a question"),
        pytest.param(asking(user(document_block("x"), "Hi"), system="Be brief."), None, [], id="too short"),
        pytest.param(asking(), None, [], id="nothing at all"),
    ],
)
def test_where_the_marks_of_a_beginning_go(request_, files, wanted):
    """Behind what other requests begin with, too; where there is nothing of that, the request is as it was."""
    marked = mark_beginning(request_, known(), "5m", files=files)
    assert marks(marked) == wanted and (marked is request_) == (not wanted)


def test_requests_with_one_beginning_are_marked_at_one_place():
    """What is told apart by `beginning_of` is what would be cached."""
    one, other = (asking(user(FILE, question), system=LONG) for question in ("What?", "When?"))
    assert beginning_of(one) == beginning_of(other) == [[text_block(LONG)], (FILE,)]
    assert beginning_of(asking(user(FILE, IMAGE, "What?")), files=1) == [(), (FILE,)]
    assert beginning_of(asking()) == [(), ()]


def replaced(request: ChatRequest, **extra: Any) -> ChatRequest:
    """`request` with further fields, also one named like a parameter of `asking`."""
    return replace(request, options=replace(request.options, extra=extra))


MARKED = {**text_block(LONG), "cache_control": HOUR}


@pytest.mark.parametrize(
    "request_",
    [
        pytest.param(asking(user(LONG), cache_control=FIVE), id="the whole request"),
        pytest.param(asking(user(LONG), cache_control=None), id="the whole request, switched off"),
        pytest.param(asking(user(LONG), tools=[{"name": "look", "cache_control": FIVE}]), id="a tool"),
        pytest.param(asking(user(LONG), system=(MARKED,)), id="the system prompt"),
        pytest.param(replaced(asking(user(LONG)), system=[MARKED]), id="another system prompt"),
        pytest.param(asking(user(MARKED, "Hi")), id="a block"),
        pytest.param(asking(user(LONG), said({**text_block("a"), "cache_control": FIVE}), user("b")), id="an answer"),
        pytest.param(asking(user({**RESULT, "content": [MARKED]})), id="inside a tool's result"),
    ],
)
def test_who_marks_by_himself_is_left_alone(request_):
    """A fifth mark, or one of an hour behind his, would be a 400; and he knows what he wants."""
    assert is_marked(request_)
    assert mark(request_, known(), "1h") is request_


def test_a_system_prompt_that_is_replaced_is_not_marked():
    """What `-O system=…` says is sent in its place, so a mark on it would be lost; the rest is marked as ever."""
    assert marks(mark(replaced(asking(user("Hi"), system=LONG), system=LONG), known(), "5m")) == ["0.0"]


def test_marking_again_changes_nothing():
    """So a request may be prepared twice, for a fallback or a continuation."""
    once = mark(asking(user(FILE, "Hi")), known(), "5m")
    assert mark(once, known(), "1h") is once


def without_a_cache(strict: bool = False) -> tuple[ChatRequest, list[str]]:
    model = replace(known(), raw={**known().raw, "capabilities": {"prompt_caching": False}})
    request, notices = cached(asking(user(LONG)), model, "5m", strict=strict)
    assert explain(request, model) == ""  # the notice says it
    return request, [f"{notice.code}: {notice.text}" for notice in notices]


def test_a_model_without_a_cache_is_not_asked_for_one():
    """It would be a 400. Said, for the next call costs more than was hoped."""
    assert without_a_cache() == (
        asking(user(LONG)), ["dropped_parameter: caching not asked for: claude-sonnet-5-5 has no prompt cache"],
    )  # fmt: skip


def test_strict_refuses_a_model_without_a_cache():
    """As it refuses whatever else would have to change."""
    with pytest.raises(UsageError, match=r"has no prompt cache \(refused because of --strict\)"):
        without_a_cache(strict=True)


@pytest.mark.parametrize(
    ("entry", "marked"),
    [({}, True), ({"limits": {"cache_min_tokens": None}}, True), ({"limits": {"cache_min_tokens": 9000}}, False)],
    ids=["nothing", "no number", "a number"],
)
def test_an_entry_that_says_little_is_trusted(entry, marked):
    """What a server or the user's file leaves out is no reason against it."""
    model = replace(known(), raw={"capabilities": {}, **entry})
    assert is_marked(mark(asking(user(LONG)), model, "5m")) == marked


@pytest.mark.parametrize(
    ("request_", "ttl", "words"),
    [
        pytest.param(
            asking(user(FILE, "Hi"), system=LONG), "5m",
            "cached for 5 minutes, up to: the system prompt, the files, the prompt (where that is 512 tokens or more)",
            id="a question about a file",
        ),
        pytest.param(
            asking(user(LONG), said("a"), user("b")), "1h",
            "cached for an hour, up to: the prompt before, the prompt (where that is 512 tokens or more)",
            id="a conversation",
        ),
        pytest.param(
            asking(user("Hi"), model="llama3"), "5m", "cached for 5 minutes, up to: the prompt", id="unknown"
        ),
        pytest.param(
            asking(user("Hi")), "5m",
            "nothing is cached: the prompt is under the 512 tokens that claude-sonnet-5-5 caches at least", id="short",
        ),
        pytest.param(
            asking(user(LONG), cache_control=FIVE), "5m", "caching is left to the request's own cache_control", id="own"
        ),
    ],
)  # fmt: skip
def test_what_is_said_of_it(request_, ttl, words):
    """One line for people: where, or why not."""
    model = catalogue().find(request_.model)
    assert explain(mark(request_, model, ttl), model) == words


@pytest.mark.parametrize(("model", "marked"), [("haiku", True), ("claude-haiku-4-5", False)])
def test_each_model_is_judged_by_its_own_minimum(model, marked):
    """Also when it is a fallback: 512 tokens for the one, 4,096 for the other."""
    request, _ = prepare(asking(user(LONG), model=model), cache="5m")
    assert is_marked(request) == marked


BLOCKS = st.sampled_from([text_block(LONG), text_block("a"), text_block(" "), FILE, IMAGE, THINKING, RESULT])
TURNS = st.lists(st.lists(BLOCKS, max_size=3).map(tuple), max_size=9)
SYSTEMS = st.none() | st.sampled_from(["", "Be brief.", LONG, (text_block(LONG), text_block(" "))])


@given(TURNS, SYSTEMS, st.sampled_from(["5m", "1h"]))
def test_any_conversation_gets_what_the_api_takes(turns, system, ttl: Ttl):
    """Four marks at most, none on thinking or empty text, and nothing but marks is changed."""
    roles: list[Any] = ["user", "assistant"]
    plain = asking(*(Message(roles[number % 2], blocks) for number, blocks in enumerate(turns)), system=system)
    found = mark(plain, known(), ttl)
    system_blocks = found.system if isinstance(found.system, tuple) else ()
    marked = [b for b in [*system_blocks, *(b for m in found.messages for b in m.content)] if "cache_control" in b]
    assert len(marked) <= 4
    assert all(block["type"] not in ("thinking", "redacted_thinking") for block in marked)
    assert all(block["text"].strip() for block in marked if block["type"] == "text")
    assert [m.role for m in found.messages] == [m.role for m in plain.messages]
    for one, other in zip(plain.messages, found.messages, strict=True):
        assert list(one.content) == [
            {k: v for k, v in block.items() if k != "cache_control"} for block in other.content
        ]


# --- against the simulator's cache, which was written from the documentation and not from this


class Chat:
    """A conversation with the simulator, each request marked by `ttl`; None: not at all."""

    def __init__(self, ask: Callable[[ChatRequest], Completion], ttl: Ttl | None, **how: Any) -> None:
        self._ask, self._ttl = ask, ttl
        self.request = asking(**how)
        self.answers: list[Completion] = []

    def say(self, *blocks: Block | str) -> Completion:
        """One more turn, and its answer."""
        turns = (*self.request.messages, user(*blocks))
        plain = replace(self.request, messages=turns)
        done = self._ask(mark(plain, known(), self._ttl) if self._ttl else plain)
        self.request = replace(self.request, messages=(*turns, Message("assistant", done.content)))
        self.answers.append(done)
        return done


@pytest.fixture
def asks() -> Iterator[Callable[..., Callable[[ChatRequest], Completion]]]:
    """Starts simulators that answer with these blocks each time; gives what asks one of them."""
    running: list[BackgroundSimulator] = []

    def start(*blocks: Block, clock: Callable[[], float] = lambda: 0.0) -> Callable[[ChatRequest], Completion]:
        simulator = BackgroundSimulator(script=[{"content": list(blocks), "times": "always"}], clock=clock)
        running.append(simulator.__enter__())
        key = credential("test-key", source="the test")
        provider = AnthropicProvider.configured(ProviderConfig(key, simulator.url, environ={}))

        def ask(request: ChatRequest) -> Completion:
            with closing(provider.blocking_transport()) as transport:
                return fold([e for events in transport.events(provider.exchange(request)) for e in events])

        return ask

    yield start
    for simulator in running:
        simulator.__exit__(None, None, None)


@pytest.mark.parametrize("ttl", ["5m", "1h"])
@pytest.mark.parametrize("blocks", [1, 19, 40], ids=lambda number: f"answers of {number} blocks")
def test_each_turn_reads_what_the_last_one_wrote(asks, ttl, blocks):
    """However long the answers are: nothing is paid for twice, and nothing but the new is written."""
    chat = Chat(asks(*[text_block("word ")] * blocks), ttl, system=LONG)
    before = chat.say(FILE, "What is this?").usage
    assert (before.input_tokens, before.cache_read_tokens) == (0, 0)
    for _ in range(12):
        usage = chat.say("And then? " * 20).usage
        assert usage.input_tokens == 0
        assert usage.cache_read_tokens == before.cache_read_tokens + before.cache_write_tokens
        before = usage


def test_one_mark_at_the_end_would_lose_long_answers(asks):
    """Why the prompt before is marked, too: the look-back ends after 20 blocks."""
    ask = asks(*[text_block("word ")] * 40)
    chat = Chat(lambda request: ask(replaced(request, cache_control=FIVE)), None, system=LONG)
    assert [chat.say("And then?").usage.cache_read_tokens for _ in range(3)] == [0, 0, 0]


def test_another_question_about_the_same_files_reads_them(asks):
    """Files and system prompt were written up to a mark of their own."""
    ask = asks(text_block("Yes"))
    first = Chat(ask, "5m", system=LONG).say(FILE, FILE, "What is this?").usage
    second = Chat(ask, "5m", system=LONG).say(FILE, FILE, "Who wrote it?").usage
    third = Chat(ask, "5m", system=LONG).say("Something else altogether").usage
    assert second.cache_read_tokens > 0.9 * first.cache_write_tokens
    assert third.cache_read_tokens == 1000
    assert second.cache_write_tokens < 20


def test_fifty_turns_cost_a_fraction(asks):
    """The measured ratio is a benchmark; here only that it cannot slip: each token is written once, at 1.25 of its
    price, and read at a twentieth of it from then on."""
    chat = Chat(asks(text_block("word " * 400)), "5m", system=LONG)
    chat.say(document_block("word " * 4000, "notes.txt"), "What is this?")
    for _ in range(49):
        chat.say("And then? " * 40)
    used = [done.usage for done in chat.answers]
    marked = sum(cost(replace(usage, output_tokens=0), known()) or 0 for usage in used)
    unmarked = sum(cost(Usage(usage.total_input_tokens), known()) or 0 for usage in used)
    assert sum(usage.input_tokens for usage in used) == 0
    assert sum(usage.cache_write_tokens for usage in used) == used[-1].total_input_tokens
    assert marked < 0.1 * unmarked

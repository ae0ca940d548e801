"""Counting, caching and the limits: the figures of a request."""

from __future__ import annotations

import base64

import pytest

from claude_cli.simulator.limits import FIRST_TIER

COUNT = "/v1/messages/count_tokens"
MARK = {"type": "ephemeral"}
LONG = "x" * 2_500  # 1,000 tokens on the newer models


def count(caller, **changes):
    response = caller.post({"max_tokens": ..., **changes}, path=COUNT)
    assert response.status_code == 200, response.text
    return response.json()["input_tokens"]


def says(*blocks):
    return [{"role": "user", "content": list(blocks)}]


def document(source, **members):
    return says({"type": "document", "source": source, **members})


def base64_pdf(pages):
    data = b"%PDF-1.7 /Type /Pages " + b"/Type /Page " * pages
    return {"type": "base64", "media_type": "application/pdf", "data": base64.b64encode(data).decode()}


@pytest.mark.parametrize(
    ("changes", "tokens"),
    [
        pytest.param({"messages": says({"type": "text", "text": "x" * 250})}, 104, id="2.5 characters a token"),
        pytest.param(
            {"model": "claude-haiku-4-5", "messages": says({"type": "text", "text": "x" * 340})}, 104, id="3.4"
        ),
        pytest.param({"system": "x" * 25}, 16, id="the system prompt"),
        pytest.param(
            {"messages": document({"type": "text", "media_type": "text/plain", "data": LONG})}, 1004, id="a text"
        ),
        pytest.param({"messages": document({"type": "content", "content": LONG}, title="x" * 5)}, 1006, id="a title"),
        pytest.param(
            {"messages": says({"type": "image", "source": {"type": "url", "url": "x"}})}, 4, id="nor an image"
        ),
        pytest.param({"messages": document({"type": "url", "url": "https://example.com"})}, 4, id="nothing is fetched"),
        pytest.param({"messages": document(base64_pdf(3))}, 6004, id="a PDF by its pages"),
        pytest.param({"messages": document(base64_pdf(0))}, 2004, id="a PDF with hidden pages"),
    ],
)
def test_counting(caller, changes, tokens):
    """The documented rules of thumb, and 4 for a message."""
    assert count(caller, **changes) == tokens


@pytest.mark.parametrize(("model", "tokens"), [("claude-opus-5", 2691), ("claude-opus-4-6", 1560)])
def test_counting_an_image(caller, image, png, model, tokens):
    """By the tier of the model."""
    assert count(caller, model=model, messages=says(image(png(1920, 1080)))) == tokens + 4


def test_tools_cost_their_overhead(caller):
    """Once, and more where one is forced."""
    tools = [{"name": name, "input_schema": {"type": "object"}} for name in ("a", "b")]
    plain = count(caller, model="claude-opus-5")
    auto = count(caller, model="claude-opus-5", tools=tools)
    forced = count(caller, model="claude-opus-5", tools=tools, tool_choice={"type": "any"})

    assert forced - auto == 406 - 286
    assert 286 < auto - plain < 330


def test_the_count_is_what_a_message_costs(caller, image):
    """Both endpoints count alike, also what comes back from the model."""
    messages = [
        *says(image(), {"type": "text", "text": "Hello"}),
        {
            "role": "assistant",
            "content": [
                {"type": "thinking", "thinking": "Hm.", "signature": "x"},
                {"type": "redacted_thinking", "data": "x"},
                {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {"query": "x"}},
                {"type": "web_search_tool_result", "tool_use_id": "srvtoolu_1", "content": []},
                {"type": "text", "text": "Found."},
            ],
        },
        {"role": "user", "content": [{"type": "text", "text": "More"}]},
    ]
    usage = caller.post({"messages": messages}).json()["usage"]

    assert usage["input_tokens"] == count(caller, messages=messages)


def usage_of(caller, **changes):
    usage = caller.post(changes).json()["usage"]
    split = usage["cache_creation"]
    assert usage["cache_creation_input_tokens"] == sum(split.values())
    return (
        usage["input_tokens"],
        usage["cache_read_input_tokens"],
        split["ephemeral_5m_input_tokens"],
        split["ephemeral_1h_input_tokens"],
    )


def test_the_cache_is_written_then_read(caller):
    """And what is added in the next turn is written behind it."""
    first = says({"type": "text", "text": LONG})
    second = [*first, {"role": "assistant", "content": "Yes"}, *says({"type": "text", "text": LONG})]

    assert usage_of(caller, messages=first, cache_control=MARK) == (0, 0, 1004, 0)
    assert usage_of(caller, messages=first, cache_control=MARK) == (0, 1004, 0, 0)
    assert usage_of(caller, messages=second, cache_control=MARK) == (0, 1004, 1010, 0)


def test_a_mark_on_a_block_caches_up_to_it(caller):
    """What comes behind the mark is fresh; an hour's entry is counted apart."""
    system = [{"type": "text", "text": LONG, "cache_control": MARK | {"ttl": "1h"}}]
    other = says({"type": "text", "text": "x" * 25})

    assert usage_of(caller, system=system) == (6, 0, 0, 1000)
    assert usage_of(caller, system=system, messages=other) == (14, 1000, 0, 0)


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"model": "claude-opus-5"}, id="another model"),
        pytest.param({"output_config": {"effort": "low"}}, id="another effort"),
        pytest.param({"thinking": {"type": "between_tools"}}, id="other thinking"),
        pytest.param({"system": "Be brief."}, id="another system prompt"),
    ],
)
def test_what_changes_the_prompt_misses_the_cache(caller, changes):
    """Then it is written anew."""
    messages = says({"type": "text", "text": LONG})
    usage_of(caller, messages=messages, cache_control=MARK)

    assert usage_of(caller, messages=messages, cache_control=MARK, **changes)[1] == 0


@pytest.mark.parametrize(("length", "cached"), [(1_000, False), (1_270, True)])
def test_short_prompts_are_not_cached(caller, length, cached):
    """512 tokens is the least on this model; below it nothing is said and nothing kept."""
    messages = says({"type": "text", "text": "x" * length})
    first = usage_of(caller, messages=messages, cache_control=MARK)
    second = usage_of(caller, messages=messages, cache_control=MARK)

    assert (first[2] > 0, second[1] > 0) == (cached, cached)


def test_without_a_mark_nothing_is_cached(caller):
    """However long the prompt is."""
    messages = says({"type": "text", "text": LONG})

    assert usage_of(caller, messages=messages) == usage_of(caller, messages=messages) == (1004, 0, 0, 0)


def test_the_rate_limits_count_down(start):
    """Requests one by one, tokens rounded to thousands, and without what the cache had."""
    caller = start(clock=lambda: 1_000_000.0, limits=FIRST_TIER)
    messages = says({"type": "text", "text": "x" * 25_000})
    remaining = [
        [
            int(response.headers[f"anthropic-ratelimit-{name}-remaining"])
            for name in ("requests", "input-tokens", "output-tokens", "tokens")
        ]
        for response in (caller.post({"messages": messages, "cache_control": MARK}) for _ in range(3))
    ]

    assert [row[0] for row in remaining] == [999, 998, 997]
    assert [row[1] for row in remaining] == [1_990_000, 1_990_000, 1_990_000]
    assert [row[2] for row in remaining] == [400_000, 400_000, 399_000]
    assert remaining[0][3] == 1_990_000


def test_the_limits_fill_up_again(start):
    """A minute makes an empty bucket full; the reset says when that is."""
    now = [0.0]
    caller = start(clock=lambda: now[0], limits=FIRST_TIER)
    before = [caller.post().headers["anthropic-ratelimit-requests-remaining"] for _ in range(20)][-1]
    reset = caller.post().headers["anthropic-ratelimit-requests-reset"]
    now[0] = 60.0

    assert before == "980"
    assert reset == "1970-01-01T00:00:01Z"
    assert caller.post().headers["anthropic-ratelimit-requests-remaining"] == "999"

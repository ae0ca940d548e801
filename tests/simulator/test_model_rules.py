"""What one model takes and another refuses."""

from __future__ import annotations

import pytest

OLD = "2023-06-01"
TOOL = {"name": "look", "input_schema": {"type": "object"}}
PREFILL = [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "{"}]
LATE_SYSTEM = [{"role": "user", "content": "Hello"}, {"role": "system", "content": "Be brief."}]

ALWAYS = ["claude-fable-5-2", "claude-mythos-5-1", "claude-fable-5", "claude-opus-5-5"]
NEWER = [
    *ALWAYS,
    "claude-opus-5",
    "claude-opus-4-8",
    "claude-opus-4-7",
    "claude-sonnet-5-5",
    "claude-sonnet-5",
    "claude-haiku-5-5",
]
GENERATION_46 = ["claude-opus-4-6", "claude-sonnet-4-6"]
GENERATION_45 = ["claude-opus-4-5", "claude-sonnet-4-5", "claude-haiku-4-5"]
ALL = [*NEWER, *GENERATION_46, *GENERATION_45]


def table(changes, taken, refused, message=""):
    """One case a model: (model, changes, message or None)."""
    cases = [(model, changes, None) for model in taken] + [(model, changes, message) for model in refused]
    return [
        pytest.param(*case, id=f"{case[0]} {'takes' if case[2] is None else 'refuses'} {changes}"[:90])
        for case in cases
    ]


def outcome(response):
    return None if response.status_code == 200 else response.json()["error"]["message"]


def without(models, *taken_out):
    return [model for model in models if model not in taken_out]


@pytest.mark.parametrize(
    ("model", "changes", "message"),
    [
        *table({"thinking": {"type": "adaptive"}}, [*NEWER, *GENERATION_46], GENERATION_45, "thinking.type.adaptive"),
        *table(
            {"thinking": {"type": "enabled", "budget_tokens": 1024}, "max_tokens": 2000},
            [*GENERATION_46, *GENERATION_45],
            NEWER,
            "thinking.type.enabled",
        ),
        *table(
            {"thinking": {"type": "disabled"}},
            without(ALL, *ALWAYS, "claude-sonnet-5-5"),
            [*ALWAYS, "claude-sonnet-5-5"],
            "thinking.type.disabled",
        ),
        *table(
            {"thinking": {"type": "disabled"}, "output_config": {"effort": "max"}},
            ["claude-sonnet-5", "claude-opus-4-8", "claude-opus-4-6"],
            ["claude-opus-5", "claude-haiku-5-5"],
            "effort 'max'",
        ),
        *table(
            {"thinking": {"type": "between_tools"}},
            ["claude-sonnet-5-5"],
            without(ALL, "claude-sonnet-5-5"),
            "between_tools",
        ),
        *table(
            {"thinking": {"type": "between_tools"}, "output_config": {"effort": "xhigh"}},
            [],
            ["claude-sonnet-5-5"],
            "effort 'xhigh'",
        ),
        *table({"output_config": {"effort": "xhigh"}}, NEWER, [*GENERATION_46, *GENERATION_45], "effort"),
        *table({"output_config": {"effort": "max"}}, [*NEWER, *GENERATION_46], GENERATION_45, "effort"),
        *table(
            {"output_config": {"effort": "low"}},
            [*NEWER, *GENERATION_46, "claude-opus-4-5"],
            ["claude-sonnet-4-5", "claude-haiku-4-5"],
            "does not support the effort parameter",
        ),
        *table(
            {"messages": PREFILL}, GENERATION_45, [*NEWER, *GENERATION_46], "does not support assistant message prefill"
        ),
        *table(
            {"tools": [TOOL], "tool_choice": {"type": "any"}},
            without(ALL, "claude-fable-5-2", "claude-mythos-5-1", "claude-opus-5-5", "claude-sonnet-5-5"),
            ["claude-fable-5-2", "claude-mythos-5-1", "claude-opus-5-5", "claude-sonnet-5-5"],
            "tool_choice.type: 'any' is not supported on this model",
        ),
        *table(
            {"messages": LATE_SYSTEM},
            without(NEWER, "claude-opus-4-7", "claude-sonnet-5"),
            ["claude-opus-4-7", "claude-sonnet-5", *GENERATION_46, *GENERATION_45],
            "messages.1.role: role 'system' is not supported",
        ),
        *table(
            {"speed": "fast"},
            ["claude-opus-5-5", "claude-opus-5", "claude-opus-4-8", "claude-fable-5-2"],
            ["claude-sonnet-5-5"],
            "speed",
        ),
        *table({"inference_geo": "us"}, [*NEWER, *GENERATION_46], GENERATION_45, "inference_geo"),
        *table({"inference_geo": "mars"}, [], ["claude-sonnet-5-5"], "'us' or 'global'"),
        *table(
            {"max_tokens": 64_001},
            [*NEWER, *GENERATION_46],
            ["claude-haiku-4-5"],
            "64001 > 64000, which is the maximum allowed number of output tokens for claude-haiku-4-5-20251001",
        ),
    ],
)
def test_the_matrix_of_models(caller, model, changes, message):
    """Each cell of the table of model differences, by one request."""
    found = outcome(caller.post({"model": model, **changes}))

    assert found is None if message is None else message in (found or "")


@pytest.mark.parametrize(
    ("model", "changes", "message"),
    [
        *table({"temperature": 0.5}, [*GENERATION_46, *GENERATION_45], NEWER, "`temperature` is deprecated"),
        *table({"top_p": 0.5}, [*GENERATION_46, *GENERATION_45], NEWER, "`top_p` is deprecated"),
        *table({"top_k": 5}, [*GENERATION_46, *GENERATION_45], NEWER, "`top_k` is deprecated"),
        *table({"temperature": 1}, ALL, []),
        *table({"temperature": 1.5}, [], ["claude-haiku-4-5"], "temperature: Input should be less than or equal to 1"),
        *table({"temperature": 0.5, "top_p": 0.5}, [], GENERATION_45, "cannot both be specified"),
        *table(
            {"temperature": 0.5, "thinking": {"type": "adaptive"}},
            [],
            GENERATION_46,
            "`temperature` may only be set to 1",
        ),
        *table({"top_k": 5, "thinking": {"type": "adaptive"}}, [], GENERATION_46, "`top_k` must be unset"),
        *table({"top_p": 0.9, "thinking": {"type": "adaptive"}}, [], GENERATION_46, "`top_p` must be greater"),
        *table({"top_p": 0.95, "thinking": {"type": "adaptive"}}, GENERATION_46, []),
    ],
)
def test_sampling_on_the_old_version(caller, model, changes, message):
    """Older models take temperature or top_p; newer ones only the defaults."""
    found = outcome(caller.post({"model": model, **changes}, anthropic_version=OLD))

    assert found is None if message is None else message in (found or "")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        pytest.param(
            {"thinking": {"type": "enabled", "budget_tokens": 1024}, "max_tokens": 1024},
            "`max_tokens` must be greater than `thinking.budget_tokens`",
            id="a budget as large as everything",
        ),
        pytest.param(
            {"thinking": {"type": "enabled", "budget_tokens": 1023}},
            "thinking.enabled.budget_tokens: Input should be greater than or equal to 1024",
            id="a small budget",
        ),
        pytest.param(
            {"thinking": {"type": "enabled", "budget_tokens": 1024}, "max_tokens": 2000, "messages": PREFILL},
            "prefill is not supported while thinking is on",
            id="thinking and prefill",
        ),
        pytest.param(
            {
                "thinking": {"type": "enabled", "budget_tokens": 1024},
                "max_tokens": 2000,
                "tools": [TOOL],
                "tool_choice": {"type": "any"},
            },
            "Thinking may not be enabled when tool_choice forces tool use.",
            id="thinking and a forced tool",
        ),
        pytest.param(
            {"messages": [PREFILL[0], {"role": "assistant", "content": "So "}]},
            "final assistant content cannot end with trailing whitespace",
            id="a prefill with a blank at its end",
        ),
        pytest.param(
            {"messages": PREFILL, "output_config": {"format": {"type": "json_schema", "schema": {"type": "string"}}}},
            "not supported with output_config.format",
            id="prefill and structured output",
        ),
    ],
)
def test_things_that_do_not_go_together(caller, changes, message):
    """On a model of the 4.5 generation, which takes each of them alone."""
    assert message in (outcome(caller.post({"model": "claude-haiku-4-5", **changes})) or "")


@pytest.mark.parametrize(
    ("roles", "message"),
    [
        pytest.param("us", None, id="at the end"),
        pytest.param("usa u", None, id="before an answer"),
        pytest.param("su", "first message", id="first"),
        pytest.param("usu", "must be last or be followed by", id="before a user"),
        pytest.param("uasa u", "must follow a `user` message", id="after an answer"),
    ],
)
def test_where_a_late_system_message_may_stand(caller, roles, message):
    """After a user message, and last or before an answer."""
    names = {"u": "user", "a": "assistant", "s": "system"}
    messages = [{"role": names[role], "content": "Words"} for role in roles.replace(" ", "")]
    found = outcome(caller.post({"messages": messages}))

    assert found is None if message is None else message in (found or "")


def test_citations_do_not_go_with_structured_output(caller):
    """A cited answer is no JSON."""
    source = {"type": "text", "media_type": "text/plain", "data": "x"}
    document = {"type": "document", "source": source, "citations": {"enabled": True}}
    schema = {"type": "json_schema", "schema": {"type": "string"}}
    changes = {"messages": [{"role": "user", "content": [document]}], "output_config": {"format": schema}}

    assert "citations are not supported" in (outcome(caller.post(changes)) or "")


@pytest.mark.parametrize("model", ["claude-3-opus-20240229", "claude-3-opus-latest", "claude-2.1", "gpt-9", ""])
def test_a_retired_or_unknown_model_is_404(caller, model):
    """The message names the model as it was asked for."""
    response = caller.post({"model": model})

    assert (response.status_code, response.json()["error"]) == (
        404,
        {"type": "not_found_error", "message": f"model: {model}"},
    )


@pytest.mark.parametrize(("today", "status"), [(None, 200), ("2026-11-29", 200), ("2026-11-30", 404)])
def test_a_model_retires_on_its_day(start, today, status):
    """Sonnet 4.5 is announced to go on 30 November 2026; without a date nothing changes by itself."""
    assert start(today=today).post({"model": "claude-sonnet-4-5"}).status_code == status


def test_an_alias_answers_with_the_dated_id(caller):
    """Prices go by what answered."""
    assert caller.post({"model": "claude-haiku-4-5"}).json()["model"] == "claude-haiku-4-5-20251001"


def test_a_prompt_over_the_window_is_refused(caller):
    """The count is named; max_tokens does not count."""
    long = {"messages": [{"role": "user", "content": "x" * 680_001}], "model": "claude-haiku-4-5", "max_tokens": 64_000}
    fits = {"messages": [{"role": "user", "content": "x" * 670_000}], "model": "claude-haiku-4-5", "max_tokens": 64_000}

    assert outcome(caller.post(long)) == "prompt is too long: 200005 tokens > 200000 maximum"
    assert caller.post(fits).status_code == 200


@pytest.mark.parametrize("model", ["claude-fable-5-2", "claude-sonnet-5-5"])
def test_thinking_is_bound_to_its_history(caller, model):
    """On the newest models a replayed thinking block must stand behind what it was thought about."""
    first = caller.post({"model": model, "system": "Be brief."}).json()["content"]
    history = [
        {"role": "user", "content": "Hello"},
        {"role": "assistant", "content": first},
        {"role": "user", "content": "More"},
    ]
    edited = [{"role": "user", "content": "Good day"}, *history[1:]]
    stripped = [edited[0], {"role": "assistant", "content": first[1:]}, edited[2]]

    assert outcome(caller.post({"model": model, "system": "Be brief.", "messages": history})) is None
    assert "messages.1.content.0: Invalid `signature`" in (
        outcome(caller.post({"model": model, "messages": history})) or ""
    )
    assert "bound to a different conversation" in (outcome(caller.post({"model": model, "messages": edited})) or "")
    assert outcome(caller.post({"model": model, "messages": stripped})) is None
    assert outcome(caller.post({"model": "claude-opus-5", "messages": edited})) is None

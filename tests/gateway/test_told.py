"""What a response says of itself: which part of a request is wrong, by which id it is known, what it cost."""

from __future__ import annotations

import base64
import socket
from dataclasses import replace

import pytest

from claude_cli.gateway.config import Config
from claude_cli.gateway.limits import RateLimits
from claude_cli.storage.gateway_keys import GatewayKey

from .conftest import CHAT, HELLO
from .openai_asking import png
from .test_metrics import of, read

KEY = "sk-gw-anna"
COST = "x-claude-cli-cost-usd"


def test_too_many_images_are_the_messages_fault(gateway):
    """Whatever a model does not take of a conversation, `param` says where to look."""
    url = f"data:image/png;base64,{base64.b64encode(png()).decode()}"
    images = [{"type": "image_url", "image_url": {"url": url}}] * 101
    answer = gateway().chat(messages=[{"role": "user", "content": images}])

    assert answer.status == 400 and "101 images" in answer.error["message"]
    assert answer.error["param"] == "messages"


@pytest.mark.parametrize(
    "members",
    [{"temperature": 0.5}, {"reasoning_effort": "xhigh", "model": "claude-opus-4-6"}],
    ids=lambda each: next(iter(each)),
)
def test_what_is_rejected_was_neither_sent_nor_changed(gateway, members):
    """The words say what cannot be had, and not what would have been done about it."""
    running = gateway(config={"on_unsupported": "reject"})
    answer = running.chat(**{"model": "claude-sonnet-5-5", **members})
    (name, *_), model = members, {**HELLO, "model": "claude-sonnet-5-5", **members}["model"]

    assert (answer.status, answer.error["code"], answer.error["param"]) == (400, "unsupported_parameter", name)
    assert answer.error["message"].startswith(f"{name} cannot be honoured by {model}")
    assert running.upstream.requests == []


@pytest.mark.parametrize("path", ["/v1/messages", "/v1/messages/count_tokens", CHAT, "/v1/models/none"])
@pytest.mark.parametrize("key", [KEY, "sk-wrong"], ids=["wrong body", "wrong key"])
def test_an_error_of_ours_has_its_id_under_both_names(gateway, path, key):
    """OpenAI's clients look for one of them, Anthropic's for the other."""
    running = gateway(keys={KEY: GatewayKey("anna")})
    answer = running.ask("GET" if "models" in path else "POST", path, {}, x_api_key=key)
    (visit,) = running.wait_visits(1)

    assert answer.status in (400, 401, 404)
    assert answer.headers["request-id"] == answer.headers["x-request-id"] == visit.id


@pytest.mark.parametrize("provider", ["anthropic", "simulator"])
def test_what_the_simulator_answers_cost_nothing(gateway, provider):
    """Neither in a header nor in what is counted; a rehearsal spends no money."""

    def change(made):
        made.around = replace(made.around, provider=provider)

    running = gateway(change=change)
    answer = running.chat()
    running.wait_visits(1)
    counted = [
        name for name, _ in read(running.get("/metrics").body) if name in ("cost_usd_total", "unpriced_calls_total")
    ]

    assert answer.status == 200
    assert (COST in answer.headers, counted) == ((True, ["cost_usd_total"]) if provider == "anthropic" else (False, []))


def test_a_host_that_counts_limits_alone_says_so(gateway):
    """Several hosts then let through several times as much: that is worth an alert."""
    with socket.socket() as closed:  # bound, and never listening
        closed.bind(("127.0.0.1", 0))
        config = Config(limits_url=f"redis://127.0.0.1:{closed.getsockname()[1]}/0")

        def change(made):
            made.limiter = RateLimits(config, lambda notice: None)

        keys = {KEY: GatewayKey("anna", requests_per_minute=5, admin=True)}
        running = gateway(keys=keys, change=change)
        found = []
        for _ in range(2):
            found.append(of(read(running.get("/metrics", x_api_key=KEY).body), "limits_alone"))
            assert running.chat(KEY).status == 200

    assert found == [0, 1]

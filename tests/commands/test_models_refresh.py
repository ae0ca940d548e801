"""`claude-cli models --refresh`: the provider's own list, asked for, kept for its address, and used from then on."""

from __future__ import annotations

import asyncio
import json
import time

import pytest

from claude_cli.commands._model_list import entries_of
from claude_cli.core.errors import TimedOutError
from claude_cli.core.models import catalogue
from claude_cli.core.providers.base import LLMProvider, ModelInfo

from .test_models import LLAMA, NOVA, ids

MODELS = "/v1/models"


def cache(claude):
    """What is kept of lists, by address."""
    path = claude.home / "models.json"
    return json.loads(path.read_bytes())["lists"] if path.exists() else {}


def test_an_invented_model(claude, simulate):
    """Unknown before, listed after a refresh; then it works with its own limits, and has no price."""
    running = simulate(extra_models=[NOVA])
    claude("complete", "-m", "claude-nova-6", "hi").failed(4, "max_tokens: 64000 > 48000")
    done = claude("models", "nova", "--refresh")
    assert ids(done) == ["claude-nova-6"] and "unpriced" in done.out and "2M" in done.out
    assert done.lines == ["claude-cli: new: claude-nova-6"]
    assert claude("models", "--refresh", "nova").lines == ["claude-cli: nothing has changed"]

    done = claude("complete", "-m", "claude-nova-6", "--json", "-u", "--effort", "max", "hi")
    assert (done.status, done.json["cost_usd"], done.json["model"]) == (0, None, "claude-nova-6")
    assert "unpriced" in done.err and "$" not in done.err
    assert running.requests[-1].json["max_tokens"] == 48_000
    shown = claude("models", "show", "claude-nova-6").out
    assert f"[1] the list of {running.url}, fetched 20" in shown and "price" in shown
    value = claude("models", "nova", "--json").json
    assert value["live"]["where"] == running.url
    model = value["models"][0]
    assert (model["price_usd_per_mtok"], model["listed"], model["source"]["kind"]) == (None, True, "live")
    assert claude("models", "--can", "tools", "nova").out == ""  # no list says it
    assert "claude-nova-6\tClaude Nova 6" in claude("--complete", "models").out


def test_an_old_gateway_with_four_fields(claude, simulate):
    """What is shipped stays, a new model is unknown in all else, and works."""
    running = simulate(extra_models=[NOVA], bare_models=True)
    done = claude("models", "--refresh")
    assert len(ids(done)) == len(catalogue().models) + 1
    nova = next(line for line in done.out.splitlines() if line.startswith("claude-nova-6"))
    assert nova.split() == ["claude-nova-6", "unpriced", "?", "?", "?", "?", "?", "?"]
    assert claude("models", "show", "claude-nova-6").status == 0
    done = claude("complete", "-m", "claude-nova-6", "--max-tokens", "9999", "--temperature", "1", "--json", "hi")
    assert (done.status, done.json["cost_usd"], running.requests[-1].json["max_tokens"]) == (0, None, 9_999)


@pytest.mark.parametrize("status", [400, 404])
def test_a_gateway_that_does_not_know_the_filter(claude, simulate, status):
    """It is asked again without."""
    running = simulate({"path": MODELS, "status": status}, extra_models=[NOVA])
    assert ids(claude("models", "--refresh", "nova")) == ["claude-nova-6"]
    first, second = (request.query for request in running.requests)
    assert "lifecycle%5B%5D=retired" in first and "lifecycle" not in second


def test_every_page_is_asked_for(claude, simulate):
    """A thousand models fill one."""
    running = simulate(extra_models=[{**LLAMA, "id": f"m{number}"} for number in range(1_100)], bare_models=True)
    done = claude("models", "m1099", "--refresh")
    assert ids(done) == ["m1099"] and "m0, m1, m2" in done.lines[0] and "and 1,090 more" in done.lines[0]
    assert len(running.requests) == 2 and "after_id=" in running.requests[1].query


def test_a_list_holds_for_its_own_address(claude, simulate):
    """Another server's models are never mixed in, and each keeps its own; the simulator's are nobody else's."""
    first = simulate(extra_models=[NOVA])
    claude("models", "--refresh", "-q")
    second = simulate(extra_models=[LLAMA])
    assert ids(claude("models", "nova")) == []
    done = claude("models", "--refresh", "llama", "-q")
    assert (ids(done), done.err) == (["llama3:8b"], "")
    assert ids(claude("models", "nova", "--base-url", f"{first.url}/v1/")) == ["claude-nova-6"]
    kept = {first.url, second.url}
    assert {*cache(claude)} == kept
    assert claude(
        "models", "--refresh", "--offline", "opus", "--can", "code"
    ).out  # its list says so, what is shipped not
    assert {*cache(claude)} == {*kept, "simulator"}
    assert ids(claude("models", "--can", "code", "--base-url", "http://127.0.0.1:9")) == []
    assert len(second.requests) == 1


def test_without_refresh_nobody_is_asked(claude, simulate):
    """Not even where the list is old, or the server has gone."""
    running = simulate(extra_models=[NOVA])
    claude("models", "--refresh")
    assert ids(claude("models", "nova")) == ["claude-nova-6"]
    assert len(running.requests) == 1


def test_a_refresh_that_fails_changes_nothing(claude, simulate):
    """The error and its status; the list from before still counts."""
    failures = [
        ({"status": 500}, 6, "Internal server error"),
        ({"status": 401}, 3, "key"),
        ({"status": 200, "html": True}, 6, "base URL"),
        ({"status": 200, "body": '{"data": 3}'}, 6, "list of models is none"),
        ({"status": 200, "body": '{"data": [3, {}, {"id": ""}]}'}, 6, "lists no models"),
        ({"status": 200, "body": '{"data": [{"id": "m"}], "has_more": true}'}, 6, "does not end"),
    ]
    faults = [{"delay_s": 0}, *(fault for fault, _, _ in failures)]
    simulate(*({"path": MODELS, **fault} for fault in faults), extra_models=[NOVA])
    claude("models", "--refresh")
    before = cache(claude)
    for _, status, said in failures:
        done = claude("models", "--refresh")
        done.failed(status, said)
        assert (done.out, cache(claude)) == ("", before)
    assert ids(claude("models", "nova")) == ["claude-nova-6"]


@pytest.mark.parametrize(("last", "pages"), [("m", 2), ("m{}", 100)], ids=["the same again", "ever new ones"])
def test_a_list_without_end_is_not_kept(claude, simulate, last, pages):
    """What it holds so far would count as the whole."""
    answers = [{"data": [], "has_more": True, "last_id": last.format(number)} for number in range(pages)]
    running = simulate(*({"path": MODELS, "status": 200, "body": json.dumps(answer)} for answer in answers))
    claude("models", "--refresh").failed(6, "list of models does not end")
    assert (len(running.requests), cache(claude)) == (pages, {})


def test_a_server_that_is_not_there(claude):
    """Only a refresh finds out."""
    claude("models", "--refresh").failed(6, "refused the connection")
    assert not cache(claude)


def test_a_cache_that_cannot_be_written(claude, simulator):
    """The list is shown all the same."""
    (claude.home / "models.json").mkdir()
    done = claude("models", "--refresh", "opus-5")
    assert ids(done) == ["claude-opus-5-5", "claude-opus-5"]
    assert len(done.lines) == 1 and "could not be kept" in done.err


def test_what_a_server_calls_itself_reaches_no_terminal_raw(claude, simulate):
    """A name with an escape sequence is none, and an endless one takes no column away."""
    endless = "claude-nova-" + "x" * 150
    simulate(extra_models=[{**NOVA, "display_name": "\x1b]0;owned\x07Nova"}, {**NOVA, "id": endless}])
    done = claude("models", "--refresh", "nova", tty=(80, 24))
    assert b"claude-nova-6" in done.out_bytes and b"owned" not in done.out_bytes
    assert f"{endless[:39]}…  unpriced " in done.out and endless in claude("models", "nova").out
    assert "owned" not in claude("models", "show", "claude-nova-6").out


def test_changes_are_told(claude, simulate):
    """A limit, a day: what a script may stand on."""
    simulate(extra_models=[{"id": "claude-opus-5", "max_output_tokens": 64_000, "retires_on": "2099-01-01"}])
    done = claude("models", "--refresh", "claude-opus-5")
    assert any("claude-opus-5: max output tokens 128,000 → 64,000" in line for line in done.lines)
    assert "retires 2099-01-01" in done.out and "64k" in done.out


class Other(LLMProvider):
    """A provider with a list of its own."""

    async def stream(self, request):
        raise NotImplementedError
        yield

    async def get_available_models(self):
        return [ModelInfo("x", "X", context_window=5), ModelInfo("y")]


class Silent(Other):
    """One that never answers."""

    async def get_available_models(self):
        return await asyncio.get_running_loop().create_future()


def test_the_list_of_a_plugin():
    """It is told as the Models API would; one that says nothing is not waited for longer than allowed."""
    told = [*entries_of(Other(), time.monotonic() + 60)]
    assert told == [{"id": "x", "display_name": "X", "max_input_tokens": 5}, {"id": "y", "display_name": ""}]
    with pytest.raises(TimedOutError):
        entries_of(Silent(), time.monotonic())

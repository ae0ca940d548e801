"""`claude-cli models`: what is known of each model, with and without the provider's own list and the user's file."""

from __future__ import annotations

import asyncio
import json
import time
from datetime import UTC, date, datetime, timedelta

import pytest

from claude_cli.cli import main
from claude_cli.commands._model_list import entries_of
from claude_cli.commands._model_text import age, row
from claude_cli.core.errors import TimedOutError
from claude_cli.core.model_merge import LiveList, merge
from claude_cli.core.models import ABILITIES, catalogue
from claude_cli.core.providers.base import LLMProvider, ModelInfo

from ..screens import Screen
from .conftest import Done

NOVA = {
    "id": "claude-nova-6", "line": "nova", "display_name": "Claude Nova 6", "created": "2026-11-20",
    "context_window": 2_000_000, "max_output_tokens": 48_000,
}  # fmt: skip
LLAMA = {"id": "llama3:8b", "line": None, "display_name": "Llama 3", "context_window": 8_192}
MODELS = "/v1/models"


def ids(done):
    """The first column, without the header."""
    assert done.status == 0, done.err
    return [line.split()[0] for line in done.out.splitlines()[1:]]


@pytest.fixture
def here(capfd):
    """The program in this very process, for what needs neither a terminal nor a server: that is much quicker."""

    def run(*words):
        status = main(["models", *words])
        out, err = capfd.readouterr()
        return Done(status, out.encode(), err.encode())

    return run


def cache(claude):
    return claude.home / "models.json"


# ------------------------------------------------------------------------------------------------ the table
def test_the_list(claude):
    """A line each under a header, without key or network; nothing is dropped for a pipe, and nothing padded."""
    done = claude("models", ANTHROPIC_API_KEY=None)
    assert (done.status, done.err) == (0, "")
    header, *lines = done.out.splitlines()
    assert " ".join(header.split()) == "model $ in/out context output lifecycle thinking effort line abilities"
    sonnet = next(line for line in lines if line.startswith("claude-sonnet-5-5 = sonnet "))
    assert sonnet.split()[3:6] == ["2/10", "1M", "128k"]
    assert "low-max" in sonnet and "adaptive/between_tools" in sonnet and "vision pdf tools" in sonnet
    assert any("retires 2026-11-30" in line or "retired 2026-11-30" in line for line in lines)
    assert len(lines) == len(catalogue().models) and all(line == line.rstrip() for line in (header, *lines))


@pytest.mark.parametrize(
    ("day", "name", "said"),
    [
        ("2026-11-29", "claude-sonnet-4-5", "retires 2026-11-30"),
        ("2026-11-30", "claude-sonnet-4-5", "retired 2026-11-30"),
        ("2026-11-22", "claude-opus-5", "to 2027-07-24 or later"),
        ("2027-07-24", "claude-opus-5", "active"),
        ("2026-11-22", "claude-mythos-preview", "deprecated"),
        ("2026-11-22", "claude-3-opus-20240229", "retired 2026-01-05"),
    ],
)
def test_the_lifecycle_on_a_day(day, name, said):
    """A day that is announced, else one before which nothing happens, else the word."""
    model = catalogue().find_any(name)
    assert model is not None and row(model, catalogue(), day)[4] == said


def test_a_search(here):
    """Every word is held by the id, the name, the line or an alias, in any case; nothing found is no failure."""
    assert {"claude-haiku-5-5", "claude-haiku-4-5-20251001"} == {*ids(here("HAIKU"))}
    assert ids(here("opus", "5.5")) == ["claude-opus-5-5"]
    done = here("nothing-like-it")
    assert (done.status, done.out) == (0, "")
    assert done.lines == ["claude-cli: no model matches; `claude-cli models` lists them all"]


def test_only_those_that_can(here):
    """Each ability that is asked for; what is not known of a model is not claimed."""
    assert ids(here("--can", "prefill", "--can", "effort")) == ["claude-opus-4-5-20251101"]
    assert ids(here("--can", "code")) == []
    line = here("--can", "flying").failed(2, "--can flying is not known")
    assert all(word in line for word in ABILITIES)


def test_those_that_are_gone_are_left_out(here):
    """Unless they are asked for."""
    assert ids(here("claude-3-opus")) == []
    assert ids(here("claude-3-opus", "--retired")) == ["claude-3-opus-20240229"]


def test_as_json(here):
    """One object with everything and the date of the data."""
    value = here("opus", "--json").json
    assert (value["version"], value["live"]) == (1, None) and value["as_of"].startswith("20")
    model = next(model for model in value["models"] if model["id"] == "claude-opus-5-5")
    assert model["source"] == {"kind": "shipped", "where": "", "date": value["as_of"]}
    assert (model["words"], model["price_usd_per_mtok"]["input"], model["confidence"]) == (["opus"], 4, "high")
    assert all("opus" in model["id"] and model["context_window"] > 0 for model in value["models"])


@pytest.mark.parametrize(
    ("columns", "seen", "unseen"),
    [(80, ["context", "lifecycle", "retires 2026-11-30"], ["thinking"]), (40, ["$ in/out", "0.1/0.5*"], ["context"])],
)
def test_on_a_narrow_terminal(claude, columns, seen, unseen):
    """What matters least is dropped, no line wraps but the last, which says how old it is."""
    done = claude("models", tty=(columns, 60))
    screen = Screen.of(done.out_bytes, columns, 60)
    table, rest = screen.lines[:20], "".join(screen.lines[20:])
    assert all(line.startswith(("model ", "claude-")) for line in table)
    text = "\n".join(table)
    assert all(word in text for word in seen) and not any(word in text for word in unseen)
    assert "live list never fetched" in rest and "* more for long prompts" in rest


@pytest.mark.parametrize(
    ("elapsed", "said"),
    [
        (timedelta(seconds=-90), "just now"),
        (timedelta(seconds=59), "just now"),
        (timedelta(seconds=60), "1 minute ago"),
        (timedelta(hours=3, minutes=59), "3 hours ago"),
        (timedelta(days=3, hours=1), "3 days ago"),
    ],
)
def test_how_old_the_list_is(elapsed, said):
    """Also by a clock that was set back."""
    fetched = datetime(2026, 11, 22, 10, 2, 49, tzinfo=UTC)
    known = merge(catalogue(), LiveList("https://a.example", fetched.timestamp(), ()), None)
    assert age(known, fetched + elapsed).endswith(f"live list of https://a.example fetched {said}")


# ------------------------------------------------------------------------------------------------ one model
def test_everything_about_one(here):
    """By any of its names; each figure with the number of its source, which is told below."""
    done = here("show", "haiku")
    lines = dict(line.split("  ", 1) for line in done.out.splitlines() if "  " in line)
    assert lines["id"].split() == ["claude-haiku-5-5", "[1]"]
    assert lines["price of cache write, 1 hour"].strip() == "$0.2 per million tokens  [1]"
    assert "$2.5 per million tokens, where the prompt is over 100,000" in lines["… output"]
    for name, value in (("in a batch", "0.5 times"), ("inference in the US", "1.1 times"), ("least to cache", "512"),
                        ("images in a request", "600"), ("thinking unless asked", "adaptive"), ("vision", "yes"),
                        ("effort unless asked", "medium"), ("prefill", "no"), ("confidence", "high")):  # fmt: skip
        assert lines[name].strip().startswith(value), name
    assert done.out.splitlines()[-1].startswith("[1] the catalogue of 20")
    assert "$16 per million tokens in" in here("show", "fable").out  # fast mode


def test_one_that_is_gone_tells_its_successor(here):
    """And is no failure: it was asked for by name."""
    done = here("show", "claude-3-opus-latest")
    assert done.status == 0 and "retired 2026-01-05" in done.out and "claude-opus-5-5" in done.out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("show",), "takes the id or the alias of one model"),
        (("show", "a", "b"), "takes the id or the alias of one model"),
        (("show", "claude-sonet-5-5"), "did you mean 'claude-sonnet-5-5'?"),
        (("show", "zzz"), "`claude-cli models` lists them"),
    ],
)
def test_what_is_no_one_model(here, words, said):
    """Told with the nearest name."""
    here(*words).failed(2, said)


# ------------------------------------------------------------------------------------------------ the live list
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
    assert {*json.loads(cache(claude).read_bytes())["lists"]} == kept
    assert claude(
        "models", "--refresh", "--offline", "opus", "--can", "code"
    ).out  # its list says so, what is shipped not
    assert {*json.loads(cache(claude).read_bytes())["lists"]} == {*kept, "simulator"}
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
    ]
    faults = [{"delay_s": 0}, *(fault for fault, _, _ in failures)]
    simulate(*({"path": MODELS, **fault} for fault in faults), extra_models=[NOVA])
    claude("models", "--refresh")
    before = cache(claude).read_bytes()
    for _, status, said in failures:
        done = claude("models", "--refresh")
        done.failed(status, said)
        assert (done.out, cache(claude).read_bytes()) == ("", before)
    assert ids(claude("models", "nova")) == ["claude-nova-6"]


def test_a_server_that_is_not_there(claude):
    """Only a refresh finds out."""
    claude("models", "--refresh").failed(6, "refused the connection")
    assert not cache(claude).exists()


def test_a_cache_that_cannot_be_written(claude, simulator):
    """The list is shown all the same."""
    cache(claude).mkdir()
    done = claude("models", "--refresh", "opus-5")
    assert ids(done) == ["claude-opus-5-5", "claude-opus-5"] and "could not be kept" in done.err


def test_what_a_server_calls_itself_reaches_no_terminal_raw(claude, simulate):
    """A name with an escape sequence is none."""
    simulate(extra_models=[{**NOVA, "display_name": "\x1b]0;owned\x07Nova"}])
    done = claude("models", "--refresh", "nova", tty=(80, 24))
    assert b"claude-nova-6" in done.out_bytes and b"owned" not in done.out_bytes
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


# ------------------------------------------------------------------------------------------------ the user's file
def test_a_local_server_by_profile(claude, simulate):
    """Its address, its model by one's own name, and what it costs; another profile knows nothing of it."""
    local = simulate(extra_models=[LLAMA])
    claude.url = "http://127.0.0.1:9"
    (claude.home / "config.toml").write_text(f'[profiles.local]\nbase_url = "{local.url}"\nmodel = "mine"\n')
    (claude.home / "models.toml").write_text(
        '[profiles.local.aliases]\nmine = "llama3:8b"\n[profiles.local.models."llama3:8b"]\n'
        "max_output_tokens = 2048\nprice_usd_per_mtok = {input = 0.5, output = 1}\n"
    )
    done = claude("complete", "--profile", "local", "--json", "hi", "--no-stream")
    used = done.json["usage"]
    assert (done.status, done.json["model"], local.requests[-1].json["max_tokens"]) == (0, "llama3:8b", 2_048)
    assert done.json["cost_usd"] == pytest.approx((used["input_tokens"] * 0.5 + used["output_tokens"]) / 1e6, rel=1e-12)
    assert ids(claude("models", "--profile", "local", "mine")) == ["llama3:8b"]
    shown = claude("models", "show", "mine", "--profile", "local").out
    assert f"[1] {claude.home}/models.toml" in shown and "$0.5 per million tokens" in shown
    claude("models", "show", "mine").failed(2, "no model is called 'mine'")
    assert "mine" not in claude("--complete", "models").out
    assert "mine\tllama3:8b" in claude("--complete", "models", CLAUDE_CLI_PROFILE="local").out


@pytest.mark.parametrize("words", [("models",), ("complete", "hi")])
def test_a_wrong_file_ends_every_command_that_needs_it(claude, simulator, words):
    """Before anything is sent: who prices a model at -1 gets no budget that holds."""
    (claude.home / "models.toml").write_text('[models."m"]\nprice_usd_per_mtok = {input = -1, output = 1}\n')
    claude(*words).failed(2, "models.toml, line 2, column 1: input is dollars per million tokens, 0 to 1,000,000")
    assert simulator.requests == []
    assert "sonnet" in claude("--complete", "models").out  # completion never fails


# ------------------------------------------------------------------------------------------------ retirement
def test_a_model_that_soon_retires_is_told_once_a_day(claude, simulate):
    """To a person at a terminal; under -q, in a pipe and offline to nobody."""
    day = (date.today() + timedelta(days=30)).isoformat()
    simulate(extra_models=[{**NOVA, "line": "opus", "retires_on": day}])
    claude("models", "--refresh")
    ask = ("complete", "-m", "claude-nova-6", "hi")
    said = f"claude-nova-6 retires in 30 days ({day}); its successor is claude-opus-5-5".encode()
    for quiet in ({}, {"err": "terminal"}):
        words = (*ask, "-q") if quiet else ask
        done = claude(*words, **quiet)
        assert done.status == 0 and b"retires" not in done.err_bytes
    first, again = claude(*ask, err="terminal"), claude(*ask, err="terminal")
    # Thirty days, or twenty-nine where it has just struck midnight.
    assert said in first.err_bytes or b"retires in 29 days" in first.err_bytes
    assert b"retires" not in again.err_bytes or date.today().isoformat() > day


def test_a_model_that_is_gone_by_the_list_names_its_successor(claude, simulate):
    """A 404 that says what to take instead, also for a model that we think is current."""
    simulate(extra_models=[{"id": "claude-opus-5", "lifecycle": "retired", "retires_on": "2026-11-01"}])
    claude("models", "--refresh")
    claude("complete", "-m", "claude-opus-5", "hi").failed(4, "retired; its successor is claude-opus-5-5")
    assert ids(claude("models", "claude-opus-5")) == ["claude-opus-5-5"]
    assert "retired 2026-11-01" in claude("models", "show", "claude-opus-5").out

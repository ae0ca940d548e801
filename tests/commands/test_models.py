"""`claude-cli models`: what is known of each model, with and without the provider's own list and the user's file."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from claude_cli.asking.live import say_retirement
from claude_cli.cli import main
from claude_cli.commands._model_text import about, age, row
from claude_cli.context import Context, Overrides
from claude_cli.core.connection import DEFAULT_BASE_URL
from claude_cli.core.model_merge import LiveList, merge
from claude_cli.core.models import ABILITIES, catalogue
from claude_cli.storage.model_list import keep_list
from claude_cli.terminal.console import Console

from ..screens import Screen
from .conftest import Done

NOVA = {
    "id": "claude-nova-6", "line": "nova", "display_name": "Claude Nova 6", "created": "2026-11-20",
    "context_window": 2_000_000, "max_output_tokens": 48_000,
}  # fmt: skip
LLAMA = {"id": "llama3:8b", "line": None, "display_name": "Llama 3", "context_window": 8_192}


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
        ("2026-11-30", "claude-sonnet-4-5", "retires 2026-11-30"),
        ("2026-12-01", "claude-sonnet-4-5", "retired 2026-11-30"),
        ("2026-11-22", "claude-opus-5", "until at least 2027-07-24"),
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
    assert ids(here("list", "opus", "5.5")) == ["claude-opus-5-5"] and here("ls").out == here().out


@pytest.mark.parametrize(
    ("word", "meant"), [("Vision", "--can vision"), ("refresh", "--refresh"), ("retired", "--retired")]
)
def test_an_option_s_word_without_its_dashes(here, word, meant):
    """It searches for nothing that could be found."""
    here(word).failed(2, f"no model is called {word!r}; did you mean {meant}?")


def test_only_those_that_can(here):
    """Each ability that is asked for; what is not known of a model is not claimed."""
    assert ids(here("--can", "prefill", "--can", "effort")) == ["claude-opus-4-5-20251101"]
    assert ids(here("--can", "prefill,Effort")) == ["claude-opus-4-5-20251101"]
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
    assert (
        len({frozenset(model) for model in here("--json", "--retired").json["models"]}) == 1
    )  # the same names for all
    assert all("opus" in model["id"] and model["context_window"] > 0 for model in value["models"])


@pytest.mark.parametrize(
    ("columns", "seen", "unseen"),
    [(80, ["context", "lifecycle"], ["thinking"]), (40, ["$ in/out", "0.1/0.5*"], ["context"])],
)
def test_on_a_narrow_terminal(claude, columns, seen, unseen):
    """What matters least is dropped, no line wraps but the last, which says how old it is."""
    done = claude("models", tty=(columns, 60))
    screen = Screen.of(done.out_bytes, columns, 60)
    table, rest = screen.lines[:20], "".join("".join(screen.lines[20:]).split())
    assert all(line.startswith(("model ", "claude-")) for line in table)
    text = "\n".join(table)
    assert all(word in text for word in seen) and not any(word in text for word in unseen)
    for words in ("live list never fetched", "* more for long prompts", "tells everything about one"):
        assert words.replace(" ", "") in rest


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
    sonnet = here("show", "sonnet").out
    assert "former price of cache read       $0.2 per million tokens, until 2026-10-06" in sonnet
    assert "unpriced" not in sonnet


def test_the_lifecycle_has_the_source_of_the_day_it_tells():
    """The list says that it is active; the day before which nothing happens is the catalogue's."""
    known = merge(
        catalogue(), LiveList("https://a.example", 1, ({"id": "claude-opus-5", "lifecycle": "active"},)), None
    )
    model = known.find("claude-opus-5")
    assert model is not None
    lines = about(model, known, "2026-11-22")
    mark = next(line for line in lines if line.startswith("lifecycle")).split()[-1]
    assert f"{mark} the catalogue of {known.as_of}" in lines


def test_one_model_on_a_narrow_terminal():
    """Lines are broken at words."""
    model = catalogue().find("sonnet")
    assert model is not None
    lines = about(model, catalogue(), "2026-11-22", 60)
    assert max(map(len, lines)) <= 60
    assert " ".join(" ".join(lines).split()) == " ".join(" ".join(about(model, catalogue(), "2026-11-22")).split())


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
        (("show", "opus", "--can", "pdf"), "neither --can nor --retired"),
        (("show", "opus", "--retired"), "neither --can nor --retired"),
    ],
)
def test_what_is_no_one_model(here, words, said):
    """Told with the nearest name."""
    here(*words).failed(2, said)


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


def test_an_alias_of_what_nobody_knows(claude):
    """A slip, or a model of another server: it is told, offered, and sent as it stands."""
    (claude.home / "models.toml").write_text('[aliases]\nlocal = "llama3:8b"\n')
    claude("models", "show", "local").failed(
        2, "'local' means 'llama3:8b', of which nothing is known here; --refresh asks"
    )
    assert "local means llama3:8b, of which nothing is known" in " ".join(claude("models", err="terminal").err.split())
    assert "local\tllama3:8b" in claude("--complete", "models").out


@pytest.mark.parametrize("words", [("models",), ("complete", "hi")])
def test_a_wrong_file_ends_every_command_that_needs_it(claude, simulator, words):
    """Before anything is sent: who prices a model at -1 gets no budget that holds."""
    (claude.home / "models.toml").write_text('[models."m"]\nprice_usd_per_mtok = {input = -1, output = 1}\n')
    claude(*words).failed(2, "models.toml, line 2, column 1: input is dollars per million tokens, 0 to 1,000,000")
    assert simulator.requests == []
    assert "sonnet" in claude("--complete", "models").out  # completion never fails


# ------------------------------------------------------------------------------------------------ retirement
def test_a_model_that_soon_retires_is_told_once_a_day(tmp_path, capfd):
    """To a person at a terminal; under -q, in a pipe and offline to nobody."""
    environ, nova = (
        {"CLAUDE_CLI_HOME": str(tmp_path)},
        {"id": "nova", "line": "opus", "retires_at": "2026-12-22T00:00:00Z"},
    )
    for place in (DEFAULT_BASE_URL, "simulator"):
        keep_list(environ, LiveList(place, 1, (nova,)))

    def told(day, *, terminal=True, quiet=False, offline=False):
        context = Context(environ, Overrides(offline=offline, quiet=quiet))
        context.console = Console(False, terminal, quiet=quiet)
        say_retirement(context, "nova", day)
        return capfd.readouterr().err

    for hidden in ({"terminal": False}, {"quiet": True}, {"offline": True}):
        assert told("2026-11-22", **hidden) == ""
    said = "claude-cli: nova retires in {} days (2026-12-22); its successor is claude-opus-5-5\n"
    assert [told("2026-11-22"), told("2026-11-22"), told("2026-11-23")] == [said.format(30), "", said.format(29)]


def test_a_call_tells_that_its_model_retires(claude, simulate):
    """Also where the day has passed, as the list is old."""
    simulate(extra_models=[{**NOVA, "retires_on": "2026-11-01"}])
    claude("models", "--refresh")
    done = claude("complete", "-m", "claude-nova-6", "hi", err="terminal")
    assert b"claude-nova-6 was to retire (2026-11-01)" in done.err_bytes


def test_a_model_that_is_gone_by_the_list_names_its_successor(claude, simulate):
    """A 404 that says what to take instead, also for a model that we think is current."""
    simulate(extra_models=[{"id": "claude-opus-5", "lifecycle": "retired", "retires_on": "2026-11-01"}])
    claude("models", "--refresh")
    claude("complete", "-m", "claude-opus-5", "hi").failed(4, "retired; its successor is claude-opus-5-5")
    assert ids(claude("models", "claude-opus-5")) == ["claude-opus-5-5"]
    assert "retired 2026-11-01" in claude("models", "show", "claude-opus-5").out

"""The user's models.toml: what it may say, where a mistake stands, and that each profile has its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from claude_cli.core.errors import UsageError
from claude_cli.core.models import catalogue
from claude_cli.storage.model_file import own_models
from claude_cli.storage.settings_file import parse

PATH = Path("/x/models.toml")
SHIPPED = catalogue()
PRICES = "price_usd_per_mtok = {input = 1, output = 2"


def read(text, profile=""):
    return own_models(parse(PATH, text if isinstance(text, bytes) else text.encode()), SHIPPED, profile)


def model(line):
    """A file with one model of one line."""
    return f'[models."m"]\n{line}'


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        pytest.param('[alias]\na = "b"', 1, "did you mean 'aliases'?", id="a table nobody knows"),
        pytest.param("aliases = 3", 1, "aliases is a table", id="aliases that are no table"),
        pytest.param("[aliases]\n\na = 3", 3, "is the id of a model", id="an alias of a number"),
        pytest.param('[aliases]\na = " "', 2, "is the id of a model", id="an alias of nothing"),
        pytest.param('[aliases]\n"a b" = "c"', 2, "is one word", id="an alias of two words"),
        pytest.param('[aliases]\n"a,b" = "c"', 2, "without a comma", id="an alias with a comma"),
        pytest.param('[aliases]\n-a = "c"', 2, "is one word", id="an alias like an option"),
        pytest.param('[aliases]\na = "b"\nA = "c"', 3, "capitals do not count", id="an alias twice"),
        pytest.param('[aliases]\nclaude-opus-5 = "c"', 2, "hides the model 'claude-opus-5'", id="hides an id"),
        pytest.param('[aliases]\nClaude-Haiku-4-5 = "c"', 2, "hides the model", id="hides a short id"),
        pytest.param('[aliases]\nm = "c"\n[models.m]', 2, "hides the model 'm'", id="hides an own model"),
        pytest.param('[aliases]\na = "a"', 2, "in a circle: a → a;", id="a circle of one"),
        pytest.param('[aliases]\na = "b"\nb = "A"', 2, "in a circle: a → b → a;", id="a circle of two"),
        pytest.param('[aliases]\nx = "a"\na = "b"\nb = "c"\nc = "a"', 2, "x → a → b → c → a", id="a way into a circle"),
        pytest.param('[aliases]\nsonnet = "best"\nbest = "sonnet"', 2, "in a circle", id="a circle of words"),
        pytest.param('[aliases]\na = "b"\n[profiles.p.aliases]\nb = "a"', 4, "in a circle", id="a circle in a profile"),
        pytest.param("models = []", 1, "models is a table", id="models that are no table"),
        pytest.param("[models]\nm = 3", 2, "m is a table", id="a model that is no table"),
        pytest.param('[models."claude-haiku-4-5"]', 1, "write that in its place", id="a model's other name"),
        pytest.param("[models.sonnet]", 1, "of 'claude-sonnet-5-5'", id="a line's word"),
        pytest.param("[models.llama3.1]\nline = 'l'", 1, "stands in quotes", id="a dot without quotes"),
        pytest.param(model("context_windw = 3"), 2, "did you mean 'context_window'?", id="a figure nobody knows"),
        pytest.param(model("context_window = 0"), 2, "1 or more", id="no window"),
        pytest.param(model("context_window = true"), 2, "1 or more", id="a window that is true"),
        pytest.param(model('max_output_tokens = "5"'), 2, "1 or more", id="a limit as text"),
        pytest.param(model("display_name = 5"), 2, "a text of one line", id="a name that is a number"),
        pytest.param(model('display_name = "a\\u001bb"'), 2, "a text of one line", id="a name that controls"),
        pytest.param(
            model("capabilities = {image_inpt = true}"), 2, "did you mean 'image_input'?", id="an ability nobody knows"
        ),
        pytest.param(model('capabilities = {tools = "yes"}'), 2, "tools is true or false", id="an ability of text"),
        pytest.param(model('thinking_types = ["deep"]'), 2, "a list of adaptive", id="a type nobody knows"),
        pytest.param(model('effort_levels = "low"'), 2, "a list of low", id="levels that are no list"),
        pytest.param(model('tokenizer = "gpt"'), 2, "one of legacy, 2026", id="a tokenizer nobody knows"),
        pytest.param(model("price_usd_per_mtok = 3"), 2, "is a table", id="one price"),
        pytest.param(model("price_usd_per_mtok = {input = 1}"), 2, "lacks output", id="no price of output"),
        pytest.param(model(PRICES + ", cache = 1}"), 2, "did you mean 'cache_read'?", id="a price nobody knows"),
        pytest.param(model(PRICES + ", cache_read = -0.1}"), 2, "0 to 1,000,000", id="a negative price"),
        pytest.param(model(PRICES + ", cache_read = nan}"), 2, "0 to 1,000,000", id="a price that is no number"),
        pytest.param(model(PRICES + ", cache_read = inf}"), 2, "0 to 1,000,000", id="a price without end"),
        pytest.param(model(PRICES + ", cache_read = 1000001}"), 2, "0 to 1,000,000", id="an absurd price"),
        pytest.param(model(PRICES + ", cache_read = true}"), 2, "0 to 1,000,000", id="a price that is true"),
        pytest.param(model(PRICES + ', cache_read = "1"}'), 2, "0 to 1,000,000", id="a price as text"),
        pytest.param(
            model("[models.m.price_usd_per_mtok]\ninput = -1\noutput = 1"),
            3,
            "input is dollars",
            id="in a table of its own",
        ),
        pytest.param(
            model(PRICES + "}\nprice_long_prompt = {input = 1, output = 1}"),
            3,
            "1 or more",
            id="long prompts of unknown length",
        ),
        pytest.param(
            model("price_fast_mode = {input = 1, output = 1}"), 1, "has price_usd_per_mtok, too", id="fast mode alone"
        ),
        pytest.param('[profiles.p]\nbase_url = "x"', 2, "a profile here has no 'base_url'", id="a profile's settings"),
        pytest.param("[profiles.p.models.m]\nline = 3", 2, "a text of one line", id="another profile's model"),
        pytest.param("profiles = 3", 1, "profiles is a table", id="profiles that are no table"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(text, line, words):
    """A file that is half obeyed would cost money that nobody expects; who reads the line knows where to look."""
    with pytest.raises(UsageError) as caught:
        read(text)
    said = str(caught.value)
    assert said.startswith(f"{PATH}, line {line}, column 1: ") and words in said and "\n" not in said


def test_everything_that_may_be_said():
    """In the form of the shipped catalogue; a kind of token without a price is none, and not that of another."""
    said = read(
        b"""\xef\xbb\xbf
        [models."llama3:8b"]
        display_name = "Llama 3"
        line = "llama"
        context_window = 8192
        max_output_tokens = 2048
        capabilities = {image_input = true, tools = false}
        thinking_types = ["disabled", "adaptive"]
        effort_levels = ["max", "low"]
        tokenizer = "legacy"
        price_usd_per_mtok = {input = 0, output = 0.25, cache_read = 1_000_000}
        price_long_prompt = {above_prompt_tokens = 1000, input = 1, output = 2}
        price_fast_mode = {input = 3, output = 4}
        """
    )
    kinds = ("cache_write_5m", "cache_write_1h", "cache_read")
    assert said.models == {
        "llama3:8b": {
            "display_name": "Llama 3",
            "line": "llama",
            "context_window": 8192,
            "max_output_tokens": 2048,
            "capabilities": {"image_input": True, "tools": False},
            "thinking": {"types": ["adaptive", "disabled"]},
            "effort": {"levels": ["low", "max"]},
            "tokenizer": "legacy",
            "price_usd_per_mtok": {**dict.fromkeys(kinds), "input": 0, "output": 0.25, "cache_read": 1_000_000},
            "price_long_prompt": {"above_prompt_tokens": 1000, **dict.fromkeys(kinds), "input": 1, "output": 2},
            "price_fast_mode": {"input": 3, "output": 4},
        }
    }
    assert (said.path, said.aliases) == (str(PATH), {})


@pytest.mark.parametrize(
    ("name", "means"),
    [
        pytest.param("quick", "claude-haiku-5-5", id="an id"),
        pytest.param("quickest", "claude-haiku-5-5", id="an alias"),
        pytest.param("best", "claude-opus-5-5", id="a line's word"),
        pytest.param("sonnet", "claude-sonnet-4-6", id="a line's word, redefined"),
        pytest.param("usual", "claude-sonnet-4-6", id="a redefined line's word"),
        pytest.param("local", "llama3:8b", id="a model nobody knows"),
    ],
)
def test_what_an_alias_means(name, means):
    """Another alias, a line's word or an id; capitals do not count."""
    text = """
        [aliases]
        Quick = "claude-haiku-5-5"
        quickest = "QUICK"
        best = "Opus"
        sonnet = "claude-sonnet-4-6"
        usual = "sonnet"
        local = "llama3:8b"
        """
    assert read(text).aliases[name] == means


def test_a_profile_has_its_own():
    """Its aliases, figures and prices hold while it is in use, over those of the file."""
    text = f"""
        [aliases]
        best = "opus"
        [models.m]
        context_window = 5
        max_output_tokens = 4
        capabilities = {{tools = true, batch = true}}
        {PRICES}}}
        price_fast_mode = {{input = 9, output = 9}}
        [profiles.work.aliases]
        best = "m"
        other = "best"
        [profiles.work.models.m]
        context_window = 6
        capabilities = {{tools = false}}
        price_usd_per_mtok = {{input = 7, output = 8}}
        """
    plain, work = read(text), read(text, "work")
    assert (plain.aliases, work.aliases) == ({"best": "claude-opus-5-5"}, {"best": "m", "other": "m"})
    assert read(text, "home") == plain
    assert (plain.models["m"]["context_window"], plain.models["m"]["price_fast_mode"]) == (5, {"input": 9, "output": 9})
    found = work.models["m"]
    assert (found["context_window"], found["max_output_tokens"]) == (6, 4)
    assert found["capabilities"] == {"tools": False, "batch": True}
    assert found["price_usd_per_mtok"]["input"] == 7 and "price_fast_mode" not in found

"""Which words mean what: commands, aliases, bare prompts, and what is said about words that mean nothing."""

from __future__ import annotations

import json
import re

import pytest

from claude_cli.cli import COMMANDS, main, route
from claude_cli.core.errors import UsageError


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        pytest.param(["two words"], ["complete", "two words"], id="a blank makes a prompt"),
        pytest.param(["two\nlines"], ["complete", "two\nlines"], id="so does a line break"),
        pytest.param(["-"], ["complete", "-"], id="a dash is standard input"),
        pytest.param([""], ["complete", ""], id="an empty prompt is no command"),
        pytest.param(["-p", "hello"], ["complete", "hello"], id="-p as other tools have it"),
        pytest.param(["-m", "opus", "-p", "hello"], ["complete", "-m", "opus", "hello"], id="-p behind an option"),
        pytest.param(["-m", "opus", "two words"], ["complete", "-m", "opus", "two words"], id="options first"),
        pytest.param(["--", "-p"], ["complete", "--", "-p"], id="nothing is taken out behind --"),
        pytest.param(["ask", "hello"], ["complete", "hello"], id="ask"),
        pytest.param(["doctor", "--json"], ["health", "--json"], id="doctor"),
        pytest.param(["complete", "-p"], ["complete", "-p"], id="behind a command -p is the command's"),
        pytest.param(["--version", "x"], ["--version", "x"], id="--version"),
        pytest.param(["help"], ["--help"], id="help"),
        pytest.param(["help", "complete"], ["complete", "--help"], id="help for a command"),
    ],
)
def test_what_words_mean(words, meant):
    """`claude-cli "a prompt"` and `-p` before any command mean `complete`; two aliases; the rest is left alone."""
    assert route(words) == meant


@pytest.mark.parametrize(
    ("words", "said"),
    [
        pytest.param(["modles"], "did you mean models?", id="the nearest command"),
        pytest.param(["docter"], "did you mean doctor?", id="or alias"),
        pytest.param(["key"], "did you mean keys?", id="a letter short"),
        pytest.param(["complet"], "did you mean complete?", id="another"),
        pytest.param(["heath"], "did you mean health?", id="a letter in the middle"),
        pytest.param(["long"], "command 'long'; if it is a prompt: claude-cli complete long", id="like none"),
        pytest.param(["hello"], "if it is a prompt: claude-cli complete hello", id="a prompt of one word"),
        pytest.param(["hello", "--offline"], "claude-cli complete hello --offline", id="and an option"),
        pytest.param(["hello", "there", "world"], 'quote it: claude-cli "hello there world"', id="several words"),
        pytest.param(["say", "$5", "-q"], "quote it: claude-cli 'say $5' -q", id="words that a shell would read"),
        pytest.param(["--json", "models"], "claude-cli models --json", id="options before a command"),
        pytest.param(["-q", "doctor"], "claude-cli doctor -q", id="options before an alias"),
    ],
)
def test_words_that_mean_nothing(words, said):
    """A slip in a command's name is never sent to a model as a question."""
    with pytest.raises(UsageError, match=re.escape(said)) as caught:
        route(words)
    assert "\n" not in str(caught.value)


KEY_FLAGS = ["--key", "--api-key", "--api_key", "--token", "--anthropic-api-key", "--auth-token"]


@pytest.mark.parametrize("command", [["complete", "hi"], ["keys", "set"], ["health"], []], ids=" ".join)
@pytest.mark.parametrize("flag", KEY_FLAGS)
def test_a_key_as_an_option_is_refused_and_not_repeated(flag, command, capfd):
    """Options show in `ps` and stay in the shell's history: who tries it learns where a key belongs."""
    for words in ([flag, "CANARY"], [f"{flag}=CANARY"], [flag]):
        assert main([*command, *words, "-vv"]) == 2
        out, err = capfd.readouterr()
        line = err.splitlines()[0]
        assert line.startswith("claude-cli: a key never goes on the command line") and "claude-cli keys set" in line
        assert out == "" and "CANARY" not in err


def test_a_prompt_may_be_about_such_an_option(claude):
    """Behind `--` a word is a word."""
    assert "> --key" in claude("complete", "--offline", "--", "--key").out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        pytest.param(["--max-tokens", "many"], "'many' is not a whole number", id="no number"),
        pytest.param(["--top-p", "much"], "'much' is not a number", id="no number either"),
        pytest.param(["--offline", "--provider", "nobody"], "no provider is called 'nobody'", id="unknown, offline"),
        pytest.param(["--max-tokens", "-1"], "--max-tokens is 0 or more, not -1", id="too small"),
        pytest.param(["--max-tokens"], "requires an argument", id="no value"),
        pytest.param(["--temperature", "1.5"], "--temperature is 0 to 1, not 1.5", id="temperature"),
        pytest.param(["--temperature", "nan"], "--temperature is 0 to 1, not nan", id="not a number"),
        pytest.param(["--top-p", "2"], "--top-p is 0 to 1", id="top-p"),
        pytest.param(["--top-k", "-1"], "--top-k is 0 or more", id="top-k"),
        pytest.param(["--timeout", "0"], "--timeout is 0.001 or more", id="no time at all"),
        pytest.param(["--retry-for", "-1"], "--retry-for is 0 or more", id="retry-for"),
        pytest.param(["--retries", "-1"], "--retries is 0 or more", id="retries"),
        pytest.param(["--format", "markdown"], "choose auto, text, rendered, json or jsonl", id="a form"),
        pytest.param(["--effort", "huge"], "choose low, medium, high, xhigh or max", id="effort"),
        pytest.param(["--thinking", "maybe"], "choose on, off or a number of tokens", id="thinking"),
        pytest.param(["--service-tier", "gold"], "choose auto or standard_only", id="service tier"),
        pytest.param(["--on-truncate", "cry"], "choose fail, continue or ok", id="on-truncate"),
        pytest.param(["--color", "red"], "choose auto, always or never", id="color"),
        pytest.param(["--json", "--format", "text"], "contradict each other", id="two forms"),
        pytest.param(["-s", "a", "--system-file", "b"], "contradict each other", id="two system prompts"),
        pytest.param(["--system-file", "-"], "standard input is for the prompt", id="system prompt by pipe"),
        pytest.param(["--system-file", "/"], "is a folder; name a file in it", id="system prompt by folder"),
        pytest.param(["--system-file", "/nowhere"], "does not exist", id="no such system prompt"),
        pytest.param(["-O", "novalue"], "is not of the form name=value", id="option without a value"),
        pytest.param(["-O", "a=1", "-O", "a.b=2"], "has a value already", id="option into a number"),
        pytest.param(["--model", ""], "--model is empty", id="an empty variable as the model"),
        pytest.param(["--model", " "], "--model is empty", id="a blank model"),
        pytest.param(["more"], "a prompt of several words needs quotes", id="unquoted prompt"),
        pytest.param(["-f", "-", "-a", "-"], "standard input can be read once", id="two dashes"),
        pytest.param(["-f", "/dev/stdin", "-f", "-"], "standard input can be read once", id="a dash and its path"),
        pytest.param(["-f", "/nowhere"], "/nowhere does not exist", id="no such file"),
        pytest.param(["-a", "/nowhere.png"], "/nowhere.png does not exist", id="no such image"),
        pytest.param(["--base-url", "ftp://x"], "is not of the form https://", id="no web address"),
        pytest.param(["--base-url", "http://example.com"], "use https, or list", id="plain http"),
        pytest.param(["--log-file", "/nowhere/x.log", "--offline"], "log file /nowhere/x.log", id="log file"),
        pytest.param(["--provider", "nobody"], "nobody", id="no such provider"),
    ],
)
def test_a_wrong_command_line_is_status_2_and_one_line(words, said, capfd, monkeypatch, tmp_path):
    """What is wrong and what would be right, before anything is sent; with --json the same as an object."""
    monkeypatch.setenv("CLAUDE_CLI_HOME", str(tmp_path))
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant-api03-CANARY")
    monkeypatch.delenv("ANTHROPIC_BASE_URL", raising=False)
    assert main(["complete", "hi", "--no-stdin", "-q", *words]) == 2
    out, err = capfd.readouterr()
    assert said in err and err.startswith("claude-cli: ") and err.count("\n") == 1
    assert "CANARY" not in err
    if "--json" not in words:
        assert out == ""
        form = ["--format", "json"] if "--format" not in words else []
        assert main(["complete", "hi", "--no-stdin", "-q", *form, *words]) == 2
        out, _ = capfd.readouterr()
        if form:
            assert json.loads(out)["error"]["code"] == "usage"


def test_a_key_typed_as_a_word_is_not_repeated(capfd):
    """Who pastes a key into the wrong place must not find it in a log too."""
    for words in (["sk-ant-api03-CANARY"], ["complete", "hi", "-O", "sk-ant-api03-CANARY", "--json"]):
        assert main(words) == 2
        assert "CANARY" not in "".join(capfd.readouterr())


def test_help_of_each_command(capfd):
    """Every command explains itself on standard output; the hidden aliases do too, but no list shows them."""
    for name in [*COMMANDS, "ask", "doctor"]:
        assert main([name, "--help"]) == 0
        out, err = capfd.readouterr()
        assert out.startswith("Usage: claude-cli ") and err == ""
    assert main(["--help"]) == 0
    out, _ = capfd.readouterr()
    assert all(name in out for name in COMMANDS)
    assert "ask" not in out.split() and "doctor" not in out.split()


def test_no_argument_on_a_terminal_is_short_help(claude):
    """Three examples, in place of a silent wait; in place of a whole manual."""
    done = claude(stdin="terminal", out="terminal")
    assert done.status == 0
    examples = [line for line in done.out.splitlines() if line.startswith("  ")]
    assert len(examples) == 3 and "  claude-cli chat" in examples and len(done.out.splitlines()) < 10


def test_no_prompt_is_an_error_with_an_example(claude, simulator):
    """`claude-cli complete` alone: an example, no silent wait, nothing sent."""
    for how in ({"stdin": "terminal", "out": "terminal"}, {}):
        claude("complete", **how).failed(2, 'for example: claude-cli complete "')
    claude("complete", "-q", stdin=b" \n").failed(2, "there is no prompt")
    assert simulator.requests == []


def test_bare_prompts_are_answered(claude, simulator):
    """The forms without a command ask the model, and the options in front of them count."""
    for words, how, text, model in [
        (["two words"], {}, "two words", "claude-sonnet-5-5"),
        ([], {"stdin": b"piped words"}, "piped words", "claude-sonnet-5-5"),
        (["-p", "prompt"], {}, "prompt", "claude-sonnet-5-5"),
        (["-m", "opus", "two words"], {}, "two words", "claude-opus-5-5"),
        (["-m", "haiku"], {"stdin": b"piped"}, "piped", "claude-haiku-5-5"),
    ]:
        done = claude(*words, **how)
        assert (done.status, done.err) == (0, "")
        assert simulator.requests[-1].json["messages"] == [{"role": "user", "content": text}]
        assert simulator.requests[-1].json["model"] == model


def test_the_version_is_answered_by_both_names(claude):
    """`--version`, `-V`, and as an option of the group."""
    for words in (["--version"], ["-V"]):
        done = claude(*words, CLAUDE_CLI_OFFLINE="nonsense")
        assert done.status == 0 and done.out.startswith("claude-cli 0.") and done.err == ""
    assert claude("--version", out="terminal").status == 0


def test_an_empty_pipe_without_a_word_is_a_usage_error(claude):
    """`git diff | claude-cli` with nothing changed: no words at all, and nothing to ask."""
    done = claude(stdin=b"")
    assert done.status == 2
    assert "there is no prompt" in done.err
    assert "Traceback" not in done.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["usage", "today"], "got unexpected extra argument(s) (today); --help says what it takes"),
        (["usage", "--month"], "no such option: --month; --help lists the options"),
        (["complete", "--modle", "x"], "no such option: --modle; did you mean --model?"),
        (["tokens", "one", "two"], "a prompt of several words needs quotes"),
    ],
)
def test_the_hint_fits_the_command(words, said, capfd):
    """What helps with a prompt is no help where there is none, nor is an option that is only the least unlike."""
    assert main(words) == 2
    assert said in capfd.readouterr().err

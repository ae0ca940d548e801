"""`claude-cli tokens`: how many tokens a prompt has, counted by the provider or reckoned here."""

from __future__ import annotations

import io
import subprocess
import sys

import pypdf
import pytest

COUNT = "/v1/messages/count_tokens"


@pytest.fixture
def picture(tmp_path):
    """A PNG of 1920 x 1080 pixels: 2,691 tokens on the newer models, 1,560 on the older."""
    from PIL import Image

    Image.new("RGB", (1920, 1080), "red").save(tmp_path / "photo.png")
    return "photo.png"


@pytest.fixture
def paper(tmp_path):
    """A PDF of three pages."""
    writer = pypdf.PdfWriter()
    for _ in range(3):
        writer.add_blank_page(10, 10)
    stream = io.BytesIO()
    writer.write(stream)
    (tmp_path / "report.pdf").write_bytes(stream.getvalue())
    return "report.pdf"


def test_a_count_in_a_pipe_is_the_number_alone(claude, simulator):
    """For scripts: no unit, no comma, nothing on standard error."""
    done = claude("tokens", "x" * 2_500)
    assert (done.status, done.out, done.err) == (0, "1004\n", "")
    assert [(request.method, request.path) for request in simulator.requests] == [("POST", COUNT)]


def test_a_pipe_of_two_programs(claude, simulator):
    """As it is used: standard input is the prompt, and the number goes on to another program."""
    line = f'printf %2500s x | "{sys.executable}" -m claude_cli tokens | cat'
    environ = claude.environment({})
    done = subprocess.run(["sh", "-c", line], env=environ, capture_output=True, text=True, timeout=60, check=True)
    assert (done.stdout, done.stderr) == ("1004\n", "")


def test_what_is_counted_is_what_complete_would_send(claude, simulator, picture, paper, tmp_path):
    """The same inputs by the same flags, and of the request only the fields that count."""
    (tmp_path / "notes.txt").write_text("Some notes.")
    (tmp_path / "role.txt").write_text("You are brief.")
    words = ["-f", "notes.txt", "-a", picture, "-a", paper, "--system-file", "role.txt", "-m", "opus", "What is it?",
             "-O", "thinking.type=adaptive", "-O", "output_config.effort=low",
             "-O", 'tools=[{"name":"look","input_schema":{"type":"object"}}]', "-O", 'tool_choice={"type":"auto"}',
             "-O", 'cache_control={"type":"ephemeral"}', "-O", "speed=fast", "-O", "metadata.user_id=u"]  # fmt: skip
    assert claude("tokens", *words).status == claude("complete", *words).status == 0
    counted, sent = (request.json for request in simulator.requests)
    assert counted == {name: value for name, value in sent.items() if name not in ("max_tokens", "stream", "metadata")}
    assert set(counted) == {
        "model", "messages", "system", "tools", "tool_choice", "thinking", "output_config", "cache_control", "speed",
    }  # fmt: skip


def test_a_template_counts_as_it_is_filled_in(claude, simulator):
    """With its own system prompt, and the schema, of which the model is told."""
    folder = claude.home / "templates"
    folder.mkdir()
    (folder / "ask.toml").write_text(
        'prompt = "Explain $topic."\nsystem = "Be brief."\nmodel = "haiku"\nschema = "title"\neffort = "low"\n'
    )
    assert claude("tokens", "-t", "ask", "-p", "topic=tides").status == 0
    body = simulator.requests[0].json
    assert body["model"] == "claude-haiku-5-5" and body["system"] == "Be brief."
    assert (
        body["output_config"]["effort"] == "low" and "title" in body["output_config"]["format"]["schema"]["properties"]
    )
    assert body["messages"] == [{"role": "user", "content": "Explain tides."}]


SHAPE = {"version", "input_tokens", "method", "model", "context_window", "fits", "input_cost_usd", "simulated"}


def test_as_json(claude, simulator):
    """One object, the same members always."""
    assert claude("tokens", "--json", "x" * 2_500).json == {
        "version": 1, "input_tokens": 1004, "method": "count_tokens", "model": "claude-sonnet-5-5",
        "context_window": 1_000_000, "fits": True, "input_cost_usd": 0.002008, "simulated": False,
    }  # fmt: skip
    assert claude("tokens", "--json", "--estimate", "-m", "claude-haiku-4-5", "x" * 3_400).json == {
        "version": 1, "input_tokens": 1004, "method": "estimate", "model": "claude-haiku-4-5-20251001",
        "context_window": 200_000, "fits": True, "input_cost_usd": 0.001004, "simulated": False,
    }  # fmt: skip


def test_a_model_nobody_knows(claude):
    """What is not known is null: neither free nor sure to fit."""
    value = claude("tokens", "--json", "--estimate", "-m", "llama3:8b", "hi").json
    assert (value["context_window"], value["fits"], value["input_cost_usd"]) == (None, None, None)
    assert set(value) == SHAPE


def test_what_does_not_fit_is_counted_all_the_same(claude, tmp_path):
    """Whoever asks how long it is wants to know."""
    (tmp_path / "long.txt").write_text("x" * 700_000)
    value = claude("tokens", "--json", "--estimate", "-m", "claude-haiku-4-5", "-f", "long.txt").json
    assert (value["input_tokens"], value["fits"]) == (205_887, False)


def test_a_line_for_people(claude, simulator):
    """On a terminal: the share of the window, and what it costs as input."""
    line = "1,004 tokens · 0.1% of claude-sonnet-5-5's window · $0.002 input"
    assert claude("tokens", "x" * 2_500, out="terminal").out == f"{line}\n"
    done = claude("tokens", "--estimate", "x" * 25, out="terminal")
    assert done.out == "~14 tokens (estimate) · under 0.1% of claude-sonnet-5-5's window · $0.000028 input\n"
    done = claude("tokens", "--estimate", "-m", "llama3:8b", "x" * 25, out="terminal")
    assert done.out == "~14 tokens (estimate) · llama3:8b · unpriced\n"


def test_an_estimate_needs_nobody(claude, picture):
    """No key, no network: the base URL is a closed port. It is marked wherever it is shown."""
    done = claude("tokens", "--estimate", "-a", picture, "-s", "x" * 25, "x" * 25, ANTHROPIC_API_KEY=None)
    assert (done.status, done.out, done.err) == (0, "~2715\n", "")
    done = claude("tokens", "--estimate", "-a", picture, "-m", "claude-opus-4-6", "x" * 34, ANTHROPIC_API_KEY=None)
    assert done.out == "~1574\n"


def test_an_estimate_with_a_pdf(claude, paper):
    """At so many tokens a page, which is said to people; nothing of how far that is off."""
    done = claude("tokens", "--estimate", "-a", paper, "x" * 25, "-v")
    assert done.out == "~11418\n"
    assert done.lines == ["claude-cli: a page of a PDF is taken as 3,800 tokens; a count says what it has"]
    assert claude("tokens", "--estimate", "-a", paper, "x" * 25).err == ""


def test_an_estimate_of_a_pdf_whose_pages_are_not_known(claude, tmp_path):
    """Refused with what to do: the number would be too small."""
    (tmp_path / "odd.pdf").write_bytes(b"%PDF-1.7\nno pages here\nstartxref\n0\n%%EOF\n")
    done = claude("tokens", "--estimate", "-a", "odd.pdf", "hi")
    line = done.failed(2, "the pages of odd.pdf cannot be reckoned here", "leave out --estimate", "media")
    assert done.out == "" and "~" not in line


def test_offline_the_simulator_counts(claude):
    """And that is said, where people look and where machines do."""
    done = claude("tokens", "--offline", "x" * 2_500, ANTHROPIC_API_KEY=None)
    assert (done.status, done.out) == (0, "1004\n")
    assert done.lines == ["claude-cli: offline: the built-in simulator answers, no model is asked"]
    value = claude("tokens", "--offline", "--json", "hi").json
    assert value["simulated"] is True and value["method"] == "count_tokens"
    assert claude("tokens", "--offline", "--estimate", "--json", "hi").json["simulated"] is False


def test_without_a_key(claude):
    """The official address wants one; another server is asked without."""
    done = claude("tokens", "hi", ANTHROPIC_API_KEY=None, ANTHROPIC_BASE_URL=None)
    done.failed(3, "no API key")


def test_a_closed_port(claude):
    """Status 6: try again; one line, and the JSON object where one was asked for."""
    claude("tokens", "hi").failed(6, "refused the connection")
    done = claude("tokens", "hi", "--json")
    done.failed(6)
    assert done.json["error"]["retryable"] is True


@pytest.mark.parametrize(
    ("step", "status", "words"),
    [
        pytest.param({"status": 404}, 4, "--estimate reckons without the server", id="a server that does not count"),
        pytest.param({"status": 401}, 3, "check the key", id="a wrong key"),
        pytest.param({"status": 429, "retry_after": "7"}, 5, "try again in 7 s", id="too many"),
        pytest.param({"status": 200, "body": "{}"}, 6, "no count of tokens", id="no count"),
        pytest.param({"delay_s": 30}, 6, "--timeout gives it more", id="silence"),
    ],
)
def test_what_may_go_wrong(claude, simulate, step, status, words):
    """The status of the failure, and nothing on standard output that could be taken for a number."""
    simulate({**step, "path": COUNT, "times": "always"})
    done = claude("tokens", "hi", "--timeout", "0.3")
    done.failed(status, words)
    assert done.out == ""


@pytest.mark.parametrize(
    ("words", "said"),
    [
        pytest.param(["-a", "photo.png", "hi"], "photo.png", id="a bad image"),
        pytest.param(["-f", "missing.txt", "hi"], "missing.txt", id="no file"),
        pytest.param([], 'there is no prompt; for example: claude-cli tokens "', id="no prompt"),
        pytest.param(["-s", "a", "--system-file", "b", "hi"], "contradict", id="two system prompts"),
        pytest.param(["-O", "temperature=hot", "hi"], "-O temperature is 'hot'", id="a bad option"),
        pytest.param(["--timeout", "0", "hi"], "--timeout", id="no time"),
    ],
)
def test_bad_input(claude, simulator, tmp_path, words, said):
    """Status 2 before anything is sent."""
    (tmp_path / "photo.png").write_bytes(b"\x89PNG\r\n\x1a\nno more than that")
    claude("tokens", *words).failed(2, said)
    assert simulator.requests == []


def test_what_is_dropped_is_said(claude, simulator):
    """As `complete` would: the count is of what would be sent."""
    done = claude("tokens", "hi", "-m", "claude-haiku-4-5-20251001", "-O", "output_config.effort=low")
    assert done.status == 0 and done.lines == ["claude-cli: effort not sent: claude-haiku-4-5-20251001 takes none"]
    assert "output_config" not in simulator.requests[0].json

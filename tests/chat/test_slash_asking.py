"""The commands that change how the next question is asked: model, system prompt, parameters."""

from __future__ import annotations

import re

import pytest

from claude_cli.core.errors import UsageError
from claude_cli.core.messages import image_block
from claude_cli.terminal.draft import Chip, Draft

PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="
IMAGE = Chip("image 1", "[image 1 · 70 bytes]", image_block("image/png", PIXEL))
BLIND = """\
[models.blind-1]
context_window = 2000
max_output_tokens = 500
capabilities = {image_input = false}
"""


def refused(talk, line):
    with pytest.raises(UsageError) as caught:
        talk(line)
    return str(caught.value)


# ------------------------------------------------------------------------------------------------ /model
def test_the_model_is_shown_with_window_and_price(chat):
    assert chat()("/model") == ["sonnet = claude-sonnet-5-5 · 1,000,000 tokens · $2 in, $10 out for a million"]


@pytest.mark.parametrize(
    ("name", "asked"),
    [("opus", "claude-opus-5-5"), ("claude-opus-5", "claude-opus-5"), ("HAIKU", "claude-haiku-5-5")],
    ids=["alias", "id", "capitals"],
)
def test_the_next_question_goes_to_the_new_model(chat, name, asked):
    talk = chat()
    said = talk(f"/model {name}")
    assert asked in said[0]
    talk.ask("hello")
    assert talk.sent["model"] == asked
    assert talk.session.standing.model == name
    assert talk.session.history.load(talk.session.conversation.id).model == name


def test_a_misspelt_model_names_the_nearest(chat):
    """And changes nothing, unless its user insists: the catalogue does not know the newest."""
    talk = chat()
    assert refused(talk, "/model sonet") == "there is no model sonet known here; did you mean sonnet?"
    assert talk.session.asked.model is None
    talk.yes = True
    assert "not known here" in talk("/model sonet")[0]
    assert talk.session.asked.model == "sonet"
    assert talk.questions[0].endswith("Ask sonet anyway?")


def test_a_model_nobody_knows_is_taken_as_it_is(chat):
    """A server of one's own has names of its own."""
    talk = chat()
    assert talk("/model qwen3:8b") == ["qwen3:8b: not known here, so nothing is checked before it is asked"]
    assert talk.questions == []


def test_a_retired_model_names_its_successor(chat):
    assert re.fullmatch(r"claude-2\.1 is retired; its successor is claude-\S+", refused(chat(), "/model claude-2.1"))


@pytest.mark.parametrize("name", ["two words", "esc\x1b[2J"])
def test_what_can_be_no_name_is_refused(chat, name):
    message = refused(chat(), f"/model {name}")
    assert "is no model's name" in message and "\x1b" not in message


def test_what_the_model_does_not_take_is_said_at_once(chat):
    """Not only with the next question."""
    talk = chat()
    talk("/set effort max")
    said = talk("/model claude-haiku-4-5")
    assert said[1:] == ["effort not sent: claude-haiku-4-5-20251001 takes none"]
    talk = chat()
    talk("/set thinking off")
    assert any("thinking disabled is not something" in line for line in talk("/model claude-sonnet-5-5"))


def test_images_that_the_model_cannot_see_are_said(chat, tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "models.toml").write_text(BLIND)
    talk = chat()
    talk.ask(Draft(f"{IMAGE.label} what is it?", (IMAGE,)))
    said = talk("/model blind-1")
    assert said[1].startswith("with this conversation it cannot be asked: ") and "image" in said[1]


def test_a_conversation_beyond_the_window_is_said(chat, tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "models.toml").write_text(BLIND)
    talk = chat({"say": "word " * 4000})
    talk.ask("hello")
    assert re.search(
        r"about \d,\d{3} tokens, and its window 2,000; /compact makes room", "\n".join(talk("/model blind-1"))
    )


def test_a_model_that_takes_all_is_told_in_one_line(chat):
    talk = chat()
    talk.ask("hello")
    assert len(talk("/model opus")) == 1


# ------------------------------------------------------------------------------------------------ /system
def test_the_system_prompt_is_set_shown_and_removed(chat):
    talk = chat()
    assert talk("/system") == ["there is no system prompt; /system TEXT sets one"]
    assert talk("/system Be brief.\n\n  Rhyme.") == ["system prompt set"]
    talk.ask("hello")
    system = talk.sent["system"]
    assert (system if isinstance(system, str) else system[0]["text"]) == "Be brief.\n\n  Rhyme."
    assert talk("/system") == ["Be brief.", "", "  Rhyme."]
    assert talk("/system -") == ["system prompt removed"]
    talk.ask("hello again")
    assert "system" not in talk.sent


def test_removing_wins_over_the_setting(chat):
    """`-` means none at all, not the one of the settings."""
    talk = chat(environ={"CLAUDE_CLI_SYSTEM": "From the settings."})
    assert talk("/system") == ["From the settings."]
    talk("/system -")
    talk.ask("hello")
    assert "system" not in talk.sent


def test_the_system_prompt_is_kept(chat):
    talk = chat()
    talk("/system Be brief.")
    talk.ask("hello")
    assert talk.session.history.load(talk.session.conversation.id).system == "Be brief."


# ------------------------------------------------------------------------------------------------ /set
def test_parameters_are_sent(chat):
    talk = chat()
    for line in ("/set effort high", "/set max_tokens 2,000", "/set stop THE END", "/set metadata.user_id me"):
        talk(line)
    talk.ask("hello")
    sent = talk.sent
    assert sent["output_config"] == {"effort": "high"}
    assert (sent["max_tokens"], sent["stop_sequences"], sent["metadata"]) == (2000, ["THE END"], {"user_id": "me"})
    talk("/set effort default")
    talk.ask("again")
    assert "output_config" not in talk.sent


def test_what_is_set_is_said(chat):
    talk = chat()
    assert talk("/set effort") == ["effort: not set (low, medium, high, xhigh or max, or default)"]
    assert talk("/set effort high") == ["effort: high (low, medium, high, xhigh or max, or default)"]
    assert talk("/set speed fast") == ["speed: fast"]
    assert talk("/set speed default") == ["speed: not set"]


@pytest.mark.parametrize("columns", ["80", "40"])
def test_all_are_listed(chat, columns):
    talk = chat(environ={"COLUMNS": columns})
    talk("/set effort high")
    talk("/set a \x1b[2Jx")
    said = talk("/set")
    assert max(map(len, said)) <= int(columns)
    assert any(re.fullmatch(r"effort +high( +low, .*)?", line) for line in said)
    assert any(re.match("top_k +-", line) for line in said)
    assert any(line.startswith("a ") and "x" in line for line in said)
    assert not re.search("[\x00-\x09\x0b-\x1f]", "\n".join(said))


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("/set effort hihg", "choose low, medium, high, xhigh or max"),
        ("/set efort high", "no parameter efort; did you mean effort?"),
        ("/set temprature 1", "did you mean temperature?"),
        ("/set model opus", "-m names the model"),
    ],
)
def test_a_wrong_value_or_name_is_refused(chat, line, words):
    talk = chat()
    before = talk.session.asked
    assert words in refused(talk, line)
    assert talk.session.asked == before


def test_settings_hold_in_the_next_conversation_too(chat):
    """/new changes what is talked about, not how."""
    talk = chat()
    talk("/set effort high")
    talk("/new")
    talk.ask("hello")
    assert talk.sent["output_config"] == {"effort": "high"}

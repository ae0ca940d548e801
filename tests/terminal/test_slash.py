"""What a line is: a command or a message; and the help of the commands."""

from __future__ import annotations

import pytest

from claude_cli.core.errors import UsageError
from claude_cli.terminal.columns import cells
from claude_cli.terminal.slash import COMMANDS, Call, about, as_message, find, overview, parse


@pytest.mark.parametrize(
    ("text", "name", "rest"),
    [
        pytest.param("/model", "model", "", id="alone"),
        pytest.param("/model opus", "model", "opus", id="argument"),
        pytest.param("/MODEL opus", "model", "opus", id="capitals"),
        pytest.param("/?", "help", "", id="question mark"),
        pytest.param("/quit", "exit", "", id="quit"),
        pytest.param("/q", "exit", "", id="q"),
        pytest.param("/bye", "exit", "", id="bye"),
        pytest.param('/attach "a  b.png"  c.png ', "attach", '"a  b.png"  c.png', id="blanks and quotes inside"),
        pytest.param("/system One.\n\n  Two.", "system", "One.\n\n  Two.", id="several lines"),
        pytest.param("/system\nOne.", "system", "One.", id="text on the next line"),
    ],
)
def test_a_line_is_a_command(text, name, rest):
    """Arguments keep their blanks and quotes: a path or a prompt may need them."""
    call = parse(text)
    assert call == Call(find(name), rest)
    assert call.command.name == name


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("hello", id="words"),
        pytest.param("", id="nothing"),
        pytest.param(" /model", id="blank before it"),
        pytest.param("//model", id="two slashes"),
        pytest.param("/usr/bin/x does nothing", id="path"),
        pytest.param("/etc/", id="folder"),
        pytest.param("see\n/model", id="on another line"),
    ],
)
def test_a_line_is_a_message(text):
    """Who asks about a path wants no error about commands."""
    assert parse(text) is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        pytest.param("/modle opus", "no command /modle; did you mean /model?", id="letters swapped"),
        pytest.param("/exti", "did you mean /exit?", id="exit"),
        pytest.param("/atach x.png", "did you mean /attach?", id="letter missing"),
        pytest.param("/quite", "did you mean /quit?", id="near to an alias"),
        pytest.param("/zzzz", "/help lists the commands", id="near to none"),
        pytest.param("/", "no command /; /help lists the commands", id="slash alone"),
        pytest.param("/etc is a folder", "// at the beginning sends it as text", id="way out"),
        pytest.param("/undo it", "/undo takes nothing behind it", id="argument too many"),
        pytest.param("/new\nand then text", "/new takes nothing behind it", id="pasted text behind it"),
    ],
)
def test_a_wrong_command_names_the_nearest(text, words):
    """And so is never sent to the model, nor loses what was typed behind it."""
    with pytest.raises(UsageError) as caught:
        parse(text)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_long_unknown_word_is_not_quoted_whole():
    with pytest.raises(UsageError) as caught:
        parse("/" + "x" * 5000)
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("plain", "plain", id="message"),
        pytest.param("/usr/bin/x", "/usr/bin/x", id="path"),
        pytest.param("/model is a command", "//model is a command", id="command"),
        pytest.param("/etc is none", "//etc is none", id="unknown"),
        pytest.param("//twice", "///twice", id="two slashes"),
    ],
)
def test_a_kept_message_comes_back_as_it_has_to_be_typed(text, shown):
    """/edit of a message that began with a slash must not run a command."""
    assert as_message(text) == shown
    assert parse(shown) is None


def test_all_commands_fit_one_screen():
    """80x24, with the prompt and the toolbar below."""
    lines = overview(80)
    assert len(lines) == 21
    assert max(map(cells, lines)) <= 80
    assert all(f"/{command.name}" in line for command, line in zip(COMMANDS[1:], lines, strict=False))
    assert "Ctrl-R" in lines[-1]


def test_a_narrow_screen_has_no_broken_words():
    lines = overview(40)
    assert max(map(cells, lines)) <= 40
    assert "   Show or change the conversation's\n   title." in "\n".join(lines)


@pytest.mark.parametrize("width", [80, 40])
@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_each_command_is_explained(command, width):
    lines = about(command, width)
    assert lines[0] == f"/{command.name} {command.usage}".strip()
    assert command.help.split()[0] in lines[1]
    assert max(map(cells, lines)) <= width


def test_help_tells_aliases():
    assert about(find("exit"), 80)[-1] == "also /quit, /q, /bye"


def test_names_are_unique():
    """The second command of a name would never be found."""
    names = [name for command in COMMANDS for name in (command.name, *command.aliases)]
    assert len(names) == len(set(names))
    assert all(find(f"/{name.upper()}") is find(name) for name in names)

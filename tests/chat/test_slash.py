"""The way into the slash commands: what is one, what stays attached, and what is told of each."""

from __future__ import annotations

import pytest

from claude_cli.chat.slash import as_sent, run
from claude_cli.core.errors import UsageError
from claude_cli.core.messages import document_block
from claude_cli.terminal.draft import Chip, Draft
from claude_cli.terminal.slash import COMMANDS

NOTES = Chip("notes.txt", "[notes.txt · 12 bytes · ~4 tokens]", document_block("some notes", "notes.txt"))
PAGE = Chip("https://x.example/a", "[https://x.example/a · 1 KB]", document_block("a page", "page"))


def test_a_message_is_left_to_the_session(chat):
    """And asks nobody anything by itself."""
    talk = chat()
    assert run(talk.session, Draft("hello"), talk) is None
    assert run(talk.session, Draft("/usr/bin/env python"), talk) is None
    assert talk.simulator.requests == []


def test_a_wrong_command_is_never_sent(chat):
    talk = chat()
    with pytest.raises(UsageError) as caught:
        talk("/modle opus")
    assert "did you mean /model?" in str(caught.value)
    assert talk.simulator.requests == []


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        pytest.param("//model", "/model", id="command"),
        pytest.param("//etc", "/etc", id="word"),
        pytest.param("///x", "//x", id="three"),
        pytest.param("/usr/bin", "/usr/bin", id="path"),
        pytest.param("a // b", "a // b", id="inside"),
    ],
)
def test_a_doubled_slash_sends_one(chat, text, sent):
    talk = chat()
    talk.ask(text)
    assert talk.sent["messages"] == [{"role": "user", "content": sent}]


def test_a_doubled_slash_counts_behind_a_chip_too():
    draft = Draft(f"{PAGE.label} //etc is a folder", (PAGE,))
    assert as_sent(draft).text == f"{PAGE.label} /etc is a folder"
    assert as_sent(Draft("https://x.example", ())).text == "https://x.example"


@pytest.mark.parametrize("text", ["{} /title Notes", "/title Notes {}", "/title {} Notes"])
def test_what_is_attached_stays_attached(chat, text):
    """A command between two messages takes nothing off the next one, and a label is no argument."""
    talk = chat()
    talk(Draft(text.format(NOTES.label), (NOTES,)))
    assert talk.session.conversation.title == "Notes"
    assert talk.draft == Draft(f"{NOTES.label} ", (NOTES,))


def test_what_was_deleted_is_not_attached_again(chat):
    """Who deletes a label takes the thing off."""
    talk = chat()
    talk(Draft("/title Notes", (NOTES,)))
    assert talk.draft == Draft()


def test_exit_leaves(chat):
    talk = chat()
    for word in ("/exit", "/quit", "/q", "/bye"):
        talk(word)
        assert talk.outcome.leave
    talk("/help")
    assert not talk.outcome.leave


def test_help_is_one_screen(chat):
    said = chat()("/help")
    assert len(said) == 21
    assert max(map(len, said)) <= 80
    assert said == chat()("/?")


def test_help_explains_one(chat):
    talk = chat()
    assert talk("/help edit")[0] == "/edit [n]"
    assert talk("/help /quit")[0] == "/exit"
    with pytest.raises(UsageError) as caught:
        talk("/help edti")
    assert "did you mean /edit?" in str(caught.value)


def test_every_command_is_done(chat):
    """None of the table raises for want of somebody who does it; each works without a history, too."""
    for saved in (True, False):
        talk = chat(saved=saved)
        talk.ask("hello")
        for command in COMMANDS:
            try:
                talk(f"/{command.name}")
            except UsageError as error:
                assert str(error)
        assert talk("/help")


def test_a_message_of_text_and_chips_is_sent_as_both(chat):
    talk = chat()
    talk.ask(Draft(f"{NOTES.label} what is this?", (NOTES,)))
    kinds = [(block["type"], block.get("text")) for block in talk.sent["messages"][0]["content"]]
    assert kinds == [("document", None), ("text", "[notes.txt] what is this?")]

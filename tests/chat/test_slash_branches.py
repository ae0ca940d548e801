"""The commands that move in the tree: nothing is lost by one, and what is sent next follows where one is."""

from __future__ import annotations

import pytest

from claude_cli.chat.drafts import draft_of
from claude_cli.core.conversation import Turn
from claude_cli.core.errors import UsageError
from claude_cli.core.messages import document_block, image_block, pdf_block, text_block
from claude_cli.terminal.draft import Chip, Draft

NOTES = Chip("notes.txt", "[notes.txt · 12 bytes · ~4 tokens]", document_block("some notes", "notes.txt"))


def say(*texts):
    return [{"say": text} for text in texts]


def sent_texts(talk):
    """The messages of the last request, as words."""
    found = []
    for message in talk.sent["messages"]:
        content = message["content"]
        found.append(content if isinstance(content, str) else "".join(block.get("text", "") for block in content))
    return found


def kept(talk):
    """The conversation as it is on disk."""
    return talk.session.history.load(talk.session.conversation.id)


@pytest.fixture
def talk(chat):
    """Two questions, two answers."""
    talk = chat(*say("one", "two"))
    talk.ask("first")
    talk.ask("second")
    return talk


def refused(talk, line):
    with pytest.raises(UsageError) as caught:
        talk(line)
    assert "\n" not in str(caught.value)
    return str(caught.value)


# ------------------------------------------------------------------------------------------------ /edit
def test_edit_brings_the_last_message_back(talk):
    said = talk("/edit")
    assert talk.draft == Draft("second")
    assert said == ["editing message 2 of 2: sending it begins another branch; /tree 4 goes back"]
    assert talk.texts == ["first", "one"]


def test_an_edited_message_begins_a_branch(talk):
    """The model does not see the old one, and the old one is not lost."""
    talk("/edit 1")
    assert talk.draft.text == "first"
    talk.ask("first, better")
    assert sent_texts(talk) == ["first, better"]
    assert {turn.text for turn in kept(talk).turns.values()} >= {"first", "one", "second", "two", "first, better"}
    talk("/tree 4")
    assert talk.texts == ["first", "one", "second", "two"]


def test_a_change_of_mind_is_not_kept(talk):
    """What is not sent has not moved the conversation: a chat that is opened again goes on at its end."""
    talk("/edit 1")
    assert talk.texts == [] and [turn.text for turn in kept(talk).path] == ["first", "one", "second", "two"]
    talk("/title Letters")
    talk("/model haiku")
    assert kept(talk).title == "Letters" and kept(talk).path[-1].text == "two"
    talk.ask("better")
    assert kept(talk).path[0].text == "better"


def test_edit_brings_attachments_back(chat):
    """With a chip for each, where the message speaks of it; sent again it has the same content."""
    talk = chat()
    talk.ask(Draft(f"what is {NOTES.label} about?", (NOTES,)))
    before = talk.session.conversation.prompts[0].content
    talk("/edit")
    assert talk.draft.text == "what is [notes.txt · 10 bytes] about?"
    talk.ask(talk.draft)
    assert talk.session.conversation.prompts[0].content == before
    assert len(talk.session.conversation.leaves) == 2


def test_what_was_attached_goes_with_the_edited_message(talk):
    talk(Draft(f"/edit {NOTES.label}", (NOTES,)))
    assert talk.draft == Draft(f"{NOTES.label} second", (NOTES,))


def test_a_message_that_looks_like_a_command_stays_a_message(chat):
    talk = chat()
    talk.ask("//model is a command")
    talk("/edit")
    assert talk.draft.text == "//model is a command"
    talk.ask(talk.draft)
    assert sent_texts(talk)[0] == "/model is a command"


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("/edit 3", "there is no message 3: they go from 1 to 2"),
        ("/edit 0", "there is no message 0"),
        ("/edit -1", "there is no message -1"),
        ("/edit x", "there is no message x"),
        ("/edit ²", "there is no message ²"),
        ("/edit 99999999999999999999999", "there is no message 999"),
    ],
)
def test_a_number_that_is_none_is_refused(talk, line, words):
    assert words in refused(talk, line)
    assert talk.texts == ["first", "one", "second", "two"]


# ------------------------------------------------------------------------------------------------ a message as a draft
@pytest.mark.parametrize(
    ("content", "text"),
    [
        pytest.param([image_block("image/png", "AAAA"), "see [image 3]"], "see [image 3 · 3 bytes]", id="named"),
        pytest.param([image_block("image/png", "AAAA"), "see it"], "[image 1 · 3 bytes] see it", id="not named"),
        pytest.param(
            [image_block("image/png", "AAAA"), image_block("image/png", "AAAAAAAA"), "[image 7] and [image 5]"],
            "[image 7 · 6 bytes] and [image 5 · 3 bytes]", id="two",
        ),
        pytest.param([pdf_block("AAAA", "report.pdf"), "in [pdf 2]?"], "in [pdf 2 · 3 bytes]?", id="pdf"),
        pytest.param(
            [document_block("x", "a.txt"), document_block("xy", "a.txt"), "both"],
            "[a.txt · 1 byte] [a.txt (2) · 2 bytes] both", id="two of a name",
        ),
        pytest.param(
            [{"type": "image", "source": {"type": "url", "url": "https://x.example"}}, "?"],
            "[image 1 · not in the message itself] ?", id="by its URL",
        ),
        pytest.param([{"type": "image", "source": "x"}, "?"], "[image 1 · not in the message itself] ?", id="damaged"),
        pytest.param(
            [{"type": "document", "title": 5, "source": 7}, "?"], "[5 · not in the message itself] ?", id="damaged, too"
        ),
        pytest.param(
            [{"type": "container_upload", "file_id": "f"}, "?"], "[attachment 1 · not in the message itself] ?",
            id="of another kind",
        ),
    ],
)  # fmt: skip
def test_each_thing_has_its_chip(content, text):
    blocks = tuple(text_block(part) if isinstance(part, str) else part for part in content)
    draft = draft_of(Turn(1, None, "user", blocks))
    assert draft.text == text
    assert len(draft.used) == len(blocks) - 1
    assert sorted(map(str, (chip.block for chip in draft.chips))) == sorted(map(str, blocks[:-1]))


# ------------------------------------------------------------------------------------------------ /undo, /tree
def test_undo_goes_back_and_says_how_to_return(talk):
    said = talk("/undo")
    assert said[0] == "back before “second”; /tree 4 goes back"
    assert talk.texts == ["first", "one"]
    assert any("first" in line for line in said[1:])
    assert talk("/undo")[0] == "back before “first”; /tree 2 goes back"
    assert talk.texts == []
    assert refused(talk, "/undo") == "there is nothing to undo"
    talk("/tree 4")
    assert talk.texts == ["first", "one", "second", "two"]


def test_where_one_has_gone_is_kept(talk):
    """A chat that is opened again goes on there."""
    talk("/undo")
    assert [turn.text for turn in kept(talk).path] == ["first", "one"]


def test_what_is_said_after_undo_is_a_branch(talk):
    talk("/undo")
    talk.ask("another second")
    assert sent_texts(talk) == ["first", "one", "another second"]
    assert len(kept(talk).leaves) == 2


def test_the_tree_is_drawn(talk):
    talk("/undo")
    assert talk("/tree") == [
        "● 1 › first",
        "● 2   one",
        "○ 3 › second",
        "○ 4   two",
        "/tree NUMBER goes there",
    ]


def test_a_question_is_gone_to_with_its_answer(talk):
    """Its newest, where it was asked again: to stand before an answer is /undo."""
    talk.session.retry()
    talk("/tree 3")
    assert talk.session.conversation.head == max(talk.session.conversation.turns)


def test_an_unanswered_question_comes_into_the_prompt(chat):
    talk = chat({"status": 400})
    talk.ask("wrong")
    assert talk.session.conversation.unanswered
    talk("/tree 1")
    assert talk.draft == Draft("wrong")


def test_the_screen_shows_where_one_is(talk):
    talk("/title Letters")
    said = talk("/tree 2")
    assert said[0] == "Letters · 2 messages"
    assert "> first" in said and "one" in said


def test_a_tree_without_anything_is_refused(chat):
    talk = chat()
    assert refused(talk, "/tree") == "nothing has been said yet"
    assert refused(talk, "/tree 1") == "nothing has been said yet"
    assert refused(talk, "/edit") == "there is no message to edit yet"


def test_a_number_beyond_the_tree_is_refused(talk):
    assert "they go from 1 to 4" in refused(talk, "/tree 5")
    assert talk.texts == ["first", "one", "second", "two"]


# ------------------------------------------------------------------------------------------------ /retry, /continue
def test_retry_asks_again(chat):
    talk = chat(*say("one", "uno"))
    talk.ask("first")
    talk("/retry")
    assert talk.texts == ["first", "uno"]
    assert talk.outcome.result.answer.text == "uno"
    assert talk.draft == Draft()
    assert {turn.text for turn in kept(talk).turns.values()} == {"first", "one", "uno"}


def test_retry_asks_another_model_once(chat):
    talk = chat(*say("one", "uno"))
    talk.ask("first")
    talk("/retry haiku")
    assert talk.sent["model"].startswith("claude-haiku")
    assert talk.session.asked.model is None
    talk.ask("second")
    assert talk.sent["model"].startswith("claude-sonnet")


def test_retry_of_a_model_that_is_none_asks_nobody(talk):
    before = len(talk.simulator.requests)
    assert "did you mean haiku?" in refused(talk, "/retry haikuu")
    assert len(talk.simulator.requests) == before


def test_retry_after_a_failure_sends_what_waited(chat):
    talk = chat({"status": 400}, {"say": "now"})
    assert talk.ask("first").error
    talk("/retry")
    assert talk.texts == ["first", "now"]


def test_a_failed_retry_leaves_the_question_in_the_prompt(chat):
    """Ready to be sent again, or changed."""
    talk = chat({"say": "one"}, {"status": 400})
    talk.ask("first")
    talk("/retry")
    assert talk.outcome.result.error
    assert talk.draft == Draft("first")


def test_continue_goes_on_with_a_cut_answer(chat):
    talk = chat({"say": "The half of", "stop_reason": "max_tokens"}, {"say": " it."})
    talk.ask("first")
    talk("/continue")
    assert talk.texts == ["first", "The half of it."]
    assert talk.outcome.result.error is None


@pytest.mark.parametrize(
    ("asked", "words"),
    [((), "no answer to go on with"), (("first",), "the last answer is whole")],
    ids=["nothing", "a whole answer"],
)
def test_there_has_to_be_half_an_answer(chat, asked, words):
    talk = chat()
    for text in asked:
        talk.ask(text)
    assert words in refused(talk, "/continue")


def test_there_has_to_be_a_question(chat):
    assert refused(chat(), "/retry") == "there is no message to send again"


# ------------------------------------------------------------------------------------------------ /compact
def test_compact_puts_a_summary_in_the_place_of_all(chat):
    """And the original stays in the tree."""
    talk = chat(*say("one", "It was about letters.", "three"))
    talk.ask("first")
    talk("/compact")
    assert talk("/tree")[2] == "● 3   It was about letters. [summary]"
    assert "(summary) It was about letters." in talk("/tree 3")
    talk.ask("second")
    assert sent_texts(talk) == ["This is a summary of the conversation so far:\n\nIt was about letters.second"]
    assert {"first", "one"} <= {turn.text for turn in kept(talk).turns.values()}


def test_there_has_to_be_something_to_sum_up(chat):
    assert refused(chat(), "/compact") == "there is nothing to sum up yet"


# ------------------------------------------------------------------------------------------------ without a history
def test_branches_work_where_nothing_is_kept(chat):
    talk = chat(*say("one", "two", "three"), saved=False)
    talk.ask("first")
    talk.ask("second")
    talk("/undo")
    talk.ask("other")
    assert talk.texts == ["first", "one", "other", "three"]
    talk("/tree 4")
    assert talk.texts == ["first", "one", "second", "two"]
    assert not talk.session.history

"""A conversation: which of its turns are sent, and what of them."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from claude_cli.core.conversation import (
    SUMMARY_OPENING,
    Conversation,
    Turn,
    binding,
    messages_of,
    without_thinking,
)
from claude_cli.core.messages import Message, image_block, text_block

THOUGHT = {"type": "thinking", "thinking": "Hm.", "signature": "c2ln"}
HIDDEN = {"type": "redacted_thinking", "data": "eA=="}
SEARCHED = {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {"query": "tides"}}
CITED = {"type": "text", "text": "High.", "citations": [{"type": "web_search_result_location", "url": "https://x"}]}


def said(*turns, **more):
    """A conversation of one branch; a turn is a text, "> " before the user's, or a `Turn` without a place."""
    made = Conversation("c", **more)
    for number, turn in enumerate(turns, 1):
        if isinstance(turn, str):
            role = "user" if turn.startswith("> ") else "assistant"
            turn = Turn(0, None, role, (text_block(turn.removeprefix("> ")),))
        made.add(replace(turn, id=number, parent=made.head))
    return made


def answer(*content, **more):
    return Turn(0, None, "assistant", content, **more)


def question(*content, **more):
    return Turn(0, None, "user", content, **more)


def words(turns):
    return [turn.text for turn in turns]


EMPTY = text_block("")
REFUSED = answer(text_block("no"), state="refused")
SUMMARY = question(text_block("so far"), kind="summary")
SECOND = question(text_block("2"), kind="summary")


@pytest.mark.parametrize(
    ("conversation", "sent"),
    [
        pytest.param(said(), [], id="nothing"),
        pytest.param(said("> a", "b", "> c"), ["a", "b", "c"], id="all of the branch"),
        pytest.param(said("> a", "b", SUMMARY, "> c"), ["so far", "c"], id="from the summary on"),
        pytest.param(said("> a", SUMMARY, "> b", SECOND), ["2"], id="the last summary"),
        pytest.param(said("> a", "b", "> c", "d", first_sent=3), ["c", "d"], id="trimmed"),
        pytest.param(said("> a", SUMMARY, "> b", "c", "> d", first_sent=5), ["d"], id="trimmed after a summary"),
        pytest.param(said("> a", "> b", SUMMARY, "> d", first_sent=2), ["so far", "d"], id="a summary after trimming"),
        pytest.param(said("> a", "b", first_sent=77), ["a", "b"], id="trimmed on another branch"),
        pytest.param(said("> a", REFUSED, "> c"), ["c"], id="refused with its question"),
        pytest.param(said("> a", "b", "> c", REFUSED), ["a", "b"], id="refused at the end"),
        pytest.param(said("> a", REFUSED, "> b", REFUSED, "> c"), ["c"], id="refused twice"),
        pytest.param(said("> a", SUMMARY, REFUSED, "> c"), ["so far", "c"], id="a summary is no question"),
    ],
)  # fmt: skip
def test_what_is_sent(conversation, sent):
    """A summary stands for what is before it; what the model refused is never sent again."""
    assert words(conversation.sent) == sent


@pytest.mark.parametrize(
    ("turns", "sent"),
    [
        pytest.param(["> a", "b"], [("user", "a"), ("assistant", "b")], id="words"),
        pytest.param(["> a", SUMMARY, "> c"], [("user", SUMMARY_OPENING + "so far"), ("user", "c")], id="a summary"),
        pytest.param(["> a", "", "> c"], [("user", "a"), ("user", "c")], id="no words"),
        pytest.param(["> a", " \n\t", "> c"], [("user", "a"), ("user", "c")], id="blanks"),
        pytest.param([">  ", "b", "> c"], [("user", "c")], id="the user's first"),
        pytest.param(["> a", answer(EMPTY, text_block("b"))], [("user", "a"), ("assistant", "b")], id="an empty block"),
        pytest.param(["> a", answer({"type": "text", "text": None})], [("user", "a")], id="a text that is none"),
        pytest.param(["> a", answer(state="open"), "> c"], [("user", "a"), ("user", "c")], id="nothing came"),
    ],
)  # fmt: skip
def test_texts_that_say_nothing_are_not_sent(turns, sent):
    """The API refuses them, and a conversation that begins with an answer."""
    found = messages_of(said(*turns).sent, "m", "")
    assert [(message.role, message.text) for message in found] == sent
    assert all(block["text"].strip() for message in found for block in message.content)


@pytest.mark.parametrize("state", ["open", "interrupted", "cut"])
def test_of_an_answer_without_an_end_only_the_words_go_back(state):
    """Half a call, a thought without its signature, or a citation of what is left out would be refused."""
    half = answer(THOUGHT, SEARCHED, CITED, text_block("And"), {"type": "tool_use", "input": {}}, state=state)
    _, sent = messages_of(said("> a", half).sent, "m", "")
    assert sent.content == (text_block("High."), text_block("And"))


def test_a_whole_answer_goes_back_as_it_came():
    """Also kinds of blocks that this version has never heard of."""
    whole = answer(SEARCHED, CITED, {"type": "novelty", "text": ""}, state="paused")
    _, sent = messages_of(said(question(image_block("image/png", "eA=="), text_block("a")), whole).sent, "m", "")
    assert sent == Message("assistant", whole.content)


def thinking(conversation, model="m", system="s", tools=()):
    """`conversation` with each thought bound to what stands before it."""
    before = []
    for turn in conversation.path:
        if turn.role == "assistant":
            conversation.turns[turn.id] = turn = replace(turn, bound=binding(before, model, system, tools))
        before.append(turn)
    return conversation


def thoughts(messages):
    return sum(block["type"] in ("thinking", "redacted_thinking") for message in messages for block in message.content)


def two_thoughts():
    return thinking(said("> a", answer(THOUGHT, text_block("b")), "> c", answer(HIDDEN, text_block("d")), "> e"))


def edited(conversation):
    """Its first answer says something else, though it is the same turn."""
    conversation.turns[2] = replace(conversation.turns[2], content=(THOUGHT, text_block("B")))


def trimmed(conversation):
    conversation.first_sent = 3


def summed_up(conversation):
    conversation.add(replace(SUMMARY, id=6, parent=5))
    conversation.add(replace(answer(THOUGHT, text_block("f"), bound="else"), id=7, parent=6))


def unbound(conversation):
    conversation.turns[4] = replace(conversation.turns[4], bound="")


def partial(conversation):
    conversation.add(replace(answer(THOUGHT, text_block("f"), state="open"), id=6, parent=5))


def copied(conversation):
    """Other ids, as a fork has them."""
    conversation.turns = {
        number + 100: replace(turn, id=number + 100, parent=turn.parent and turn.parent + 100)
        for number, turn in conversation.turns.items()
    }
    conversation.head += 100


@pytest.mark.parametrize(
    ("change", "asked", "kept"),
    [
        pytest.param(None, {}, 2, id="unchanged"),
        pytest.param(copied, {}, 2, id="in a copy"),
        pytest.param(partial, {}, 2, id="half a thought is not counted"),
        pytest.param(None, {"model": "n"}, 0, id="another model"),
        pytest.param(None, {"system": "t"}, 0, id="another system prompt"),
        pytest.param(None, {"tools": [{"name": "web_search"}]}, 0, id="other tools"),
        pytest.param(edited, {}, 0, id="an earlier turn changed"),
        pytest.param(trimmed, {}, 0, id="trimmed"),
        pytest.param(summed_up, {}, 0, id="summed up"),
        pytest.param(unbound, {}, 0, id="one that is not bound"),
    ],
)
def test_thinking_goes_back_only_behind_what_it_is_bound_to(change, asked, kept):
    """All of it or none: its signatures hold for the very conversation they were made in."""
    conversation = two_thoughts()
    if change:
        change(conversation)
    found = messages_of(conversation.sent, **{"model": "m", "system": "s", **asked})
    assert thoughts(found) == kept
    assert thoughts(without_thinking(found)) == 0
    assert [message.text for message in without_thinking(found)] == [message.text for message in found]


def test_an_answer_of_thoughts_alone_is_left_out_with_them():
    """An empty message is none."""
    conversation = said("> a", answer(THOUGHT), "> c")
    assert [message.text for message in messages_of(conversation.sent, "m", "")] == ["a", "c"]
    assert without_thinking([Message("assistant", (THOUGHT,))]) == ()


def test_the_order_of_the_tools_fields_binds_nothing():
    """They are written by another part of the program each time; their order in the list is the request's."""
    one, other = {"type": "t", "name": "n"}, {"name": "n", "type": "t"}
    assert binding([], "m", "", [one]) == binding([], "m", "", [other])
    assert binding([], "m", "\ud800") != binding([], "m", "")


def test_branches():
    """To edit or to retry begins another branch, and nothing of the first is lost."""
    tree = said("> a", "b")
    tree.add(Turn(3, 1, "assistant", (text_block("c"),)))
    tree.add(Turn(4, None, "user", (text_block("d"),)))
    assert words(tree.path) == words(tree.prompts) == ["d"] and tree.answers == []
    assert tree.unanswered is tree.turns[4]
    assert words(tree.path_to(3)) == ["a", "c"]
    assert words(tree.leaves) == ["b", "c", "d"]
    assert words(tree.children(1)) == ["b", "c"] and words(tree.children(None)) == ["a", "d"]
    tree.head = 2
    assert words(tree.answers) == ["b"] and tree.unanswered is None
    tree.head = None
    assert tree.path == tree.sent == [] and tree.unanswered is None


class Blocks(tuple):
    """Content that counts how often it is gone through."""

    looks = 0

    def __iter__(self):
        Blocks.looks += 1
        return super().__iter__()


def test_the_work_grows_with_the_turns():
    """A conversation of thousands is sent again with each question: no turn is looked at once for each other one."""
    conversation = Conversation("c")
    for number in range(1, 2001):
        role = "user" if number % 2 else "assistant"
        content = Blocks([text_block("x"), *([THOUGHT] if role == "assistant" else [])])
        conversation.add(Turn(number, conversation.head, role, content))
    Blocks.looks = 0
    messages = messages_of(conversation.sent, "m", "")
    assert len(messages) == 2000 and json.dumps([message.content for message in messages])
    assert Blocks.looks <= 4 * 2000

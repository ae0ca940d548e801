"""Thinking goes back as it came while it is bound to what goes before it, and not at all after that.

The simulator checks each signature, as the newest models do.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from .engine import Chat, chatting

SCRIPT = [{"say": name, "think": f"thinking of {name}"} for name in ("one", "two", "three", "four", "five", "six")]
SHOWN = {"thinking": {"type": "adaptive", "display": "summarized"}}


def thought(chat: Chat) -> list[str]:
    """The thinking in the last request."""
    contents = [message["content"] for message in chat.bodies[-1]["messages"] if isinstance(message["content"], list)]
    return [block["thinking"] for content in contents for block in content if block["type"] == "thinking"]


def test_thinking_goes_back_unchanged_while_the_conversation_only_grows(tmp_path):
    """Block for block, with its signature; also after a restart."""
    with chatting(tmp_path, SCRIPT, options=SHOWN) as chat:
        chat.said("a")
        chat.said("b")
        chat.said("c")
        assert thought(chat) == ["thinking of one", "thinking of two"]
        assert [message["content"] for message in chat.bodies[-1]["messages"]][1] == list(chat.kept.answers[0].content)
        kept = chat.kept
    with chatting(tmp_path, SCRIPT[3:], options=SHOWN, conversation=kept) as again:
        again.said("d")
        assert len(thought(again)) == 3


def edited(chat: Chat) -> None:
    """/edit 2: a branch that begins before the second message."""
    chat.session.move(chat.session.conversation.prompts[1].parent)


def switched(chat: Chat) -> None:
    chat.set(model="claude-opus-5-5")


def switched_and_back(chat: Chat) -> None:
    chat.set(model="claude-opus-5-5")
    chat.said("between")
    chat.set(model="claude-sonnet-5-5")


def told(chat: Chat) -> None:
    chat.set(system="Be brief.")


def equipped(chat: Chat) -> None:
    chat.set(extra={"tools": [{"name": "clock", "input_schema": {"type": "object"}}]})


def trimmed(chat: Chat) -> None:
    chat.session.conversation.first_sent = chat.session.conversation.prompts[1].id


def retried(chat: Chat) -> None:
    assert not chat.session.retry("claude-opus-5-5").error


def summed_up(chat: Chat) -> None:
    assert not chat.session.compact().error


@pytest.mark.parametrize(
    ("change", "left"),
    [
        pytest.param(edited, 1, id="edit: what stands before it stays"),
        pytest.param(switched, 0, id="another model"),
        pytest.param(switched_and_back, 0, id="another model and back"),
        pytest.param(told, 0, id="another system prompt"),
        pytest.param(equipped, 0, id="other tools"),
        pytest.param(trimmed, 0, id="trim"),
        pytest.param(retried, 0, id="retry with another model"),
        pytest.param(summed_up, 0, id="compact"),
    ],
)
def test_no_signature_is_ever_refused(tmp_path, change: Callable[[Chat], None], left):
    """Whatever the user does, each question is one request, answered at once, then and afterwards."""
    with chatting(tmp_path, SCRIPT, options=SHOWN) as chat:
        chat.said("a")
        chat.said("b")
        change(chat)
        sent = len(chat.simulator.requests)
        chat.said("c")
        assert len(thought(chat)) == left
        chat.said("d")
        assert len(chat.simulator.requests) == sent + 2


def test_joined_halves_keep_the_thinking_of_the_first(tmp_path):
    """That of the second is bound to a question nobody will ask again."""
    cut = {"say": "he", "think": "first", "stop_reason": "max_tokens"}
    with chatting(tmp_path, [cut, {"say": "llo", "think": "second"}, *SCRIPT], options=SHOWN) as chat:
        chat.ask("a")
        chat.session.go_on()
        chat.said("b")
        assert thought(chat) == ["first"]
        chat.said("c")
        assert len(chat.simulator.requests) == 4


def test_an_answer_that_was_stopped_sends_its_words_alone(tmp_path):
    """Its thinking may lack its end, and those before it still stand behind what they are bound to."""
    with chatting(tmp_path, [SCRIPT[0], {"pace_s": 0.01}, *SCRIPT[1:]], options=SHOWN) as chat:
        chat.said("a")
        chat.press("was asked")
        chat.ask("b")
        chat.press("")
        chat.said("c")
        assert thought(chat) == ["thinking of one"]
        chat.said("d")
        assert len(chat.simulator.requests) == 4


@pytest.mark.parametrize("verbose", [0, 1])
def test_a_signature_that_is_refused_is_recovered_from_once(tmp_path, capfd, verbose):
    """Without a word but for -v, and not again with the next question."""
    with chatting(tmp_path, SCRIPT, options=SHOWN, verbose=verbose) as chat:
        chat.said("a")
        chat.said("b")
        conversation = chat.session.conversation
        first, last = conversation.answers
        foreign = {**last.content[0], "signature": first.content[0]["signature"]}
        conversation.turns[last.id] = replace(last, content=(foreign, *last.content[1:]))
        capfd.readouterr()
        assert chat.said("c") == "four", "a refused request has used a step of the script up"
        assert ("thinking" in capfd.readouterr().err) == bool(verbose)
        assert len(chat.simulator.requests) == 4 and thought(chat) == []
        chat.said("d")
        assert len(chat.simulator.requests) == 5


def test_a_fallback_gets_no_thinking_of_another_model(tmp_path):
    """And what it thinks itself goes back to it, but not to the first one."""
    script = [SCRIPT[0], {"status": 529}, *SCRIPT[1:]]
    with chatting(tmp_path, script, options=SHOWN, fallbacks=("opus",)) as chat:
        chat.said("a")
        chat.said("b")
        assert chat.bodies[-1]["model"] == "claude-opus-5-5" and thought(chat) == []
        chat.said("c")
        assert chat.bodies[-1]["model"] == "claude-sonnet-5-5" and thought(chat) == []
        assert len(chat.simulator.requests) == 4


def test_another_refusal_is_not_taken_for_one_of_a_signature(tmp_path):
    """What is wrong with the request itself is said, and sent once."""
    with chatting(tmp_path, [*SCRIPT[:1], {"status": 400, "message": "messages: no"}], options=SHOWN) as chat:
        chat.said("a")
        assert chat.ask("b").error and len(chat.simulator.requests) == 2

"""A conversation that fills its model's window: told in time, and then made shorter as the user has chosen."""

from __future__ import annotations

import json
from contextlib import contextmanager

import pytest

from .engine import MODEL, chatting

WINDOW = 2_000
WORDS = "word " * 120
"""About 240 tokens, as the simulator counts."""


@contextmanager
def small(folder, script=None, *, overflow="trim", told=WINDOW, **more):
    """A chat with a model of a small window; `told` is what the program takes its window for."""
    (folder / "models.toml").write_text(f'[models."{MODEL}"]\ncontext_window = {told}\nmax_output_tokens = 600\n')
    served = [{"id": MODEL, "context_window": WINDOW, "max_output_tokens": 600}]
    steps = [{"say": WORDS, "times": "always"}] if script is None else script
    settings = f'[chat]\noverflow = "{overflow}"\n'
    with chatting(folder, steps, settings=settings, extra_models=served, **more) as chat:
        yield chat


def statuses(chat):
    """How many of the requests were refused as too long: those that no answer belongs to."""
    return len(chat.simulator.requests) - len(chat.session.conversation.answers)


def test_one_notice_says_that_the_window_is_nearly_full(tmp_path, capfd):
    """Once, at 80 %, with the command that helps; again when it has been empty meanwhile."""
    with small(tmp_path) as chat:
        said = []
        for number in range(4):
            chat.said(f"{number} {WORDS}")
            said.append("/compact" in capfd.readouterr().err)
            assert chat.session.standing.tokens < WINDOW
        assert said == [share >= 0.8 for share in (0.25, 0.5, 0.75, 1.0)]
        chat.session.compact()
        capfd.readouterr()
        for number in range(3):
            chat.said(f"{number} {WORDS}")
        assert capfd.readouterr().err.count("/compact") == 1


@pytest.mark.parametrize("told", [WINDOW, 1_000_000], ids=["reckoned", "told by the provider"])
def test_trim_leaves_out_the_oldest_turns_and_says_so(tmp_path, capfd, told):
    """All of them stay in the tree; what is left fits, and leaves room for more than one question."""
    with small(tmp_path, told=told) as chat:
        for number in range(4):
            chat.said(f"{number} {WORDS}")
        capfd.readouterr()
        chat.said(f"4 {WORDS}")
        assert "not sent any more" in capfd.readouterr().err
        (first, *_), last = chat.sent, chat.sent[-1]
        assert first[0] == "user" and not first[1].startswith("0 ") and last[1].startswith("4 ")
        assert len(chat.kept.prompts) == 5 and chat.kept.first_sent == chat.session.conversation.first_sent
        assert statuses(chat) == (told != WINDOW)
        sent = len(chat.simulator.requests)
        chat.said("short")
        assert len(chat.simulator.requests) == sent + 1


def test_what_was_trimmed_stays_trimmed_after_a_restart(tmp_path):
    """Another process sends no more than this one did."""
    with small(tmp_path) as chat:
        for number in range(5):
            chat.said(f"{number} {WORDS}")
        kept, trimmed = chat.kept, chat.sent
    with small(tmp_path, conversation=kept) as again:
        again.said("short")
        assert again.sent[: len(trimmed)] == trimmed


def test_compact_sums_up_and_asks_behind_the_summary(tmp_path, capfd):
    """The model writes the summary, the question follows it, and the original stays."""
    script = [{"say": WORDS, "times": 4}, {"say": "Sum."}, {"say": "answer"}]
    with small(tmp_path, script, overflow="compact") as chat:
        for number in range(4):
            chat.said(f"{number} {WORDS}")
        assert chat.said(f"4 {WORDS}") == "answer"
        assert "summed up" in capfd.readouterr().err
        assert "Sum." in chat.sent[0][1] and "4 word" in chat.sent[0][1] and len(chat.sent) == 1
        assert sum(turn.role == "assistant" for turn in chat.kept.turns.values()) == 5
        assert chat.kept.turns == chat.session.conversation.turns


def test_stop_sends_nothing_and_names_the_ways_out(tmp_path, capfd):
    """The question waits; /compact makes room for it."""
    script = [{"say": WORDS, "times": 4}, {"say": "Sum."}, {"say": "answer"}]
    with small(tmp_path, script, overflow="stop") as chat:
        for number in range(4):
            chat.said(f"{number} {WORDS}")
        sent = len(chat.simulator.requests)
        capfd.readouterr()
        result = chat.ask(f"4 {WORDS}")
        line = capfd.readouterr().err
        assert result.error and "/compact" in line and "/new" in line and len(chat.simulator.requests) == sent
        assert chat.session.conversation.unanswered
        assert not chat.session.compact().error
        again = chat.session.retry()
        assert again.answer and again.answer.text == "answer"


@pytest.mark.parametrize("overflow", ["trim", "compact"])
@pytest.mark.parametrize("told", [WINDOW, 1_000_000], ids=["reckoned", "told by the provider"])
def test_a_message_too_long_by_itself_is_said_and_nothing_is_lost(tmp_path, capfd, overflow, told):
    """Nothing is trimmed for it in vain."""
    with small(tmp_path, overflow=overflow, told=told) as chat:
        chat.said("a")
        capfd.readouterr()
        result = chat.ask("word " * 4_000)
        assert result.error and "too long" in capfd.readouterr().err
        assert chat.session.conversation.first_sent is None
        assert [turn.kind for turn in chat.kept.turns.values()] == ["turn"] * 3
        assert chat.said("b").startswith("word")
        assert [text for _, text in chat.sent] == ["a", WORDS, "b"]


def test_an_answer_that_fills_the_window_is_cut_and_goes_on_after_a_trim(tmp_path, capfd):
    """What was said first makes room for the rest of it."""
    full = {"say": "be", "stop_reason": "model_context_window_exceeded"}
    rest = {"say": "gin", "times": 2}  # a refused request uses a step up
    script = [{"say": WORDS, "times": 3}, full, rest]
    with small(tmp_path, script) as chat:
        for number in range(3):
            chat.said(f"{number} {WORDS}")
        cut = chat.ask("w " * 600)
        assert cut.answer and cut.answer.state == "cut" and "/compact" in capfd.readouterr().err
        on = chat.session.go_on()
        assert on.answer and on.answer.text == "begin"


def test_an_unknown_window_is_the_provider_s_to_tell(tmp_path):
    """Of a model that nobody knows, the refusal has both numbers."""
    served = [{"id": "claude-nova-9", "context_window": WINDOW, "max_output_tokens": 600}]
    script = [{"say": WORDS, "times": "always"}]
    with chatting(tmp_path, script, model="claude-nova-9", extra_models=served, options={"max_tokens": 500}) as chat:
        for number in range(6):
            chat.said(f"{number} {WORDS}")
        assert chat.session.standing.window is None and chat.session.conversation.first_sent
        assert json.dumps(chat.bodies[-1]).count("5 word") == 1


@pytest.mark.parametrize("overflow", ["trim", "stop"])
def test_a_refused_message_is_no_part_of_the_conversation(tmp_path, capfd, overflow):
    """Neither the figures nor a notice count it, and one length is named for it, the one its label has."""
    with small(tmp_path, overflow=overflow) as chat:
        chat.said("a")
        before = chat.session.standing.tokens
        capfd.readouterr()
        chat.ask("word " * 4_000)
        (line,) = capfd.readouterr().err.splitlines()
        assert chat.session.standing.tokens == before
        assert "make it shorter" in line or overflow == "stop"
        assert "/edit" not in line and "of its window" not in line


def test_a_refusal_by_context_limit_trims_as_well(tmp_path, capfd):
    """Older models count the answer's room, too."""
    refusal = {"status": 400, "message": "input length and `max_tokens` exceed context limit: 900 + 600 > 1200"}
    with small(tmp_path, [{"say": WORDS, "times": 2}, refusal, {"say": "three"}]) as chat:
        chat.said("a")
        chat.said("b")
        assert chat.said("c") == "three" and "not sent any more" in capfd.readouterr().err

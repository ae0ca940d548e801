"""A chat's session: what is sent, what is kept, and that no failure ends it."""

from __future__ import annotations

import signal
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from claude_cli.core.messages import image_block, text_block
from claude_cli.terminal.signals import Terminated

from .engine import PressedMeanwhile, chatting

HELLO = [{"say": "one"}, {"say": "two"}, {"say": "three"}, {"say": "four"}]
DOT = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGNgYGBgAAAABQABpfZFQAAAAABJRU5ErkJggg=="


def calls(folder: Path) -> list[tuple[str, str, str]]:
    """The ledger's rows."""
    with sqlite3.connect(folder / "usage.db") as ledger:
        return ledger.execute("SELECT command, session, status FROM calls ORDER BY id").fetchall()


def test_each_request_has_all_that_was_said_and_all_of_it_is_kept(tmp_path):
    """The conversation is what is sent, and what is on disk, turn by turn."""
    with chatting(tmp_path, HELLO) as chat:
        assert [chat.said("a"), chat.said("b"), chat.said("c")] == ["one", "two", "three"]
        assert [len(body["messages"]) for body in chat.bodies] == [1, 3, 5]
        assert chat.kept.turns == chat.session.conversation.turns
        assert (chat.kept.title, chat.kept.model) == ("a", "claude-sonnet-5-5")
        assert all(turn.cost_pico and turn.request_id for turn in chat.kept.answers)


def test_one_connection_serves_the_whole_chat(tmp_path):
    """A second question does not wait for another handshake."""
    with chatting(tmp_path, HELLO) as chat:
        chat.said("a")
        line = chat.session._caller._line
        first = line._transport
        chat.said("b")
        assert line._transport is first is not None


@pytest.mark.parametrize(
    ("step", "words"),
    [
        pytest.param({"status": 401}, "keys set", id="a key that has expired"),
        pytest.param({"status": 403}, "/model", id="a model that is not granted"),
        pytest.param({"status": 402}, "billing", id="no credit"),
        pytest.param({"status": 404}, "/model", id="no such model"),
        pytest.param({"status": 400, "message": "messages: no"}, "/undo", id="a request that is refused"),
        pytest.param({"status": 413}, "send less", id="too large"),
        pytest.param({"status": 429, "retry_after": "7"}, "7 s", id="too fast"),
        pytest.param({"status": 529}, "sends it again", id="overloaded"),
        pytest.param({"status": 500}, "sends it again", id="a failing server"),
        pytest.param({"status": 500, "html": True}, "sends it again", id="a page of HTML"),
        pytest.param({"drop": True}, "sends it again", id="a lost network"),
        pytest.param({"status": 200, "body": "hello"}, "sends it again", id="not the API"),
    ],
)
def test_a_failure_leaves_the_question_ready_to_be_asked_again(tmp_path, capfd, step, words):
    """Said in one line that names what helps; the chat goes on, and the question is asked again, not twice."""
    with chatting(tmp_path, [{"say": "one"}, step, {"say": "two"}]) as chat:
        chat.said("a")
        capfd.readouterr()
        failed = chat.ask("b")
        assert failed.error and failed.answer is None
        (line,) = capfd.readouterr().err.splitlines()
        assert line.startswith("claude-cli: ") and words in line and "CANARY" not in line
        assert chat.session.conversation.unanswered == chat.kept.unanswered
        assert chat.path[-1] == ("user", "b", "whole")
        assert chat.said("b") == "two"
        assert chat.path == [("user", "a", "whole"), ("assistant", "one", "whole"), ("user", "b", "whole"),
                             ("assistant", "two", "whole")]  # fmt: skip


def test_another_question_after_a_failure_begins_a_branch(tmp_path):
    """What was not answered stays in the tree, and is not sent."""
    with chatting(tmp_path, [{"status": 500}, {"say": "two"}]) as chat:
        chat.ask("a")
        assert chat.said("b") == "two"
        assert chat.sent == [("user", "b")]
        assert len(chat.kept.leaves) == 2


def test_the_key_is_looked_up_again_after_it_was_refused(tmp_path):
    """Who has set another one meanwhile need not leave the chat."""
    with chatting(tmp_path, [{"status": 401}]) as chat:
        environ = chat.session.context.environ
        chat.ask("a")
        environ["ANTHROPIC_API_KEY"] = "sk-ant-api03-another"
        chat.said("a")
        keys = [request.headers["x-api-key"] for request in chat.simulator.requests]
        assert keys == ["sk-ant-api03-CANARY", "sk-ant-api03-another"]


def test_a_refused_answer_is_kept_and_never_sent_again(tmp_path):
    """Nor is its question: the provider would refuse what follows it."""
    with chatting(tmp_path, [{"say": "one"}, {"stop_reason": "refusal"}, {"say": "three"}]) as chat:
        chat.said("a")
        refused = chat.ask("b")
        assert refused.answer and refused.answer.state == "refused" and refused.error
        chat.said("c")
        assert chat.sent == [("user", "a"), ("assistant", "one"), ("user", "c")]
        assert [turn.text for turn in chat.kept.prompts] == ["a", "b", "c"]


@pytest.mark.parametrize("moment", ["This", "was asked", "settings", "64,000"])
def test_ctrl_c_keeps_what_came_with_what_it_cost(tmp_path, moment):
    """The connection is closed, the turn marked, its tokens counted, and the chat goes on."""
    with chatting(tmp_path, [{"pace_s": 0.01}]) as chat:
        chat.press(moment)
        result = chat.ask("a")
        chat.simulator.settled()
        assert result.interrupted and result.error is None and result.answer
        assert result.answer.state == "interrupted" and moment in result.answer.text
        assert chat.has(result.answer)
        assert result.answer.usage and result.answer.usage.total_input_tokens and result.answer.estimated
        assert result.answer.cost_pico and result.answer.cost_pico == chat.session.standing.spent_pico
        assert calls(tmp_path) == [("chat", chat.session.conversation.id, "aborted")]
        assert chat.simulator.requests[0].aborted or moment == "64,000"
        chat.press("")
        chat.said("b")
        assert chat.bodies[-1]["messages"][1]["role"] == "assistant"


def test_ctrl_c_before_the_first_word_keeps_the_question_alone(tmp_path):
    """Half of no answer is no turn."""
    with chatting(tmp_path, [{"status": 500}, {"say": "one"}], retries=None, verbose=1) as chat:
        chat.press("trying again")
        result = chat.ask("a")
        assert result.interrupted and result.answer is None
        assert chat.session.conversation.unanswered and len(chat.kept.turns) == 1


def test_a_second_ctrl_c_does_not_lose_the_turn(tmp_path):
    """Who presses it twice is not punished by the loss of what was paid for."""
    with chatting(tmp_path, [{"pace_s": 0.01}], kind=PressedMeanwhile) as chat:
        chat.press("was asked")
        result = chat.ask("a")
        assert result.interrupted and result.answer and result.answer.state == "interrupted"
        assert chat.has(result.answer)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP], ids=["SIGTERM", "a terminal that vanishes"])
def test_a_signal_that_ends_the_program_keeps_what_came(tmp_path, number):
    """It unwinds as Ctrl-C does, but the chat does not go on."""

    def unwind(came, frame):
        raise Terminated(came)

    before = signal.signal(number, unwind)
    try:
        with chatting(tmp_path, [{"pace_s": 0.01}]) as chat:
            chat.press("was asked", number)
            with pytest.raises(Terminated) as ended:
                chat.ask("a")
            assert ended.value.status == 128 + number
            (answer,) = chat.kept.answers
            assert answer.state == "interrupted" and "was asked" in answer.text
    finally:
        signal.signal(number, before)


def test_a_network_lost_in_mid_answer_keeps_the_beginning(tmp_path, capfd):
    """And names the command that goes on with it."""
    with chatting(tmp_path, [{"cut_after": 9}]) as chat:
        result = chat.ask("a")
        assert result.error and result.answer and result.answer.state == "interrupted"
        assert chat.has(result.answer)
        assert "/continue" in capfd.readouterr().err


def test_retry_asks_the_last_question_again_as_a_branch(tmp_path):
    """With another model for this once; the first answer stays in the tree."""
    with chatting(tmp_path, HELLO) as chat:
        chat.said("a")
        again = chat.session.retry("claude-opus-5-5")
        assert again.answer and again.answer.model == "claude-opus-5-5"
        assert chat.sent == [("user", "a")]
        (prompt,) = chat.kept.prompts
        assert [turn.text for turn in chat.kept.children(prompt.id)] == ["one", "two"]
        chat.said("b")
        assert chat.bodies[-1]["model"] == "claude-sonnet-5-5"


@pytest.mark.parametrize("what", ["retry", "go_on", "compact"])
def test_what_there_is_nothing_for_is_said(tmp_path, capfd, what):
    """In a new conversation nothing can be asked again, gone on with or summed up."""
    with chatting(tmp_path) as chat:
        result = getattr(chat.session, what)()
        assert result.error and result.error.exit_code == 2
        assert capfd.readouterr().err.count("\n") == 1 and not chat.simulator.requests


def test_new_and_open_change_the_conversation_and_its_books(tmp_path):
    """The ledger's rows carry the conversation; each has its own account of money."""
    with chatting(tmp_path, HELLO) as chat:
        chat.said("a")
        first = chat.session.conversation.id
        chat.session.begin()
        assert chat.session.standing.spent_pico == 0 and not chat.session.conversation.turns
        chat.said("b")
        second = chat.session.conversation.id
        chat.session.open(chat.history.load(first))
        assert chat.said("c") == "three"
        assert [row[1] for row in calls(tmp_path)] == [first, second, first]
        assert len(chat.bodies[-1]["messages"]) == 3


def test_open_goes_on_with_the_model_and_the_system_prompt_of_then(tmp_path):
    """What was talked about with one model is not handed to another unasked."""
    with chatting(tmp_path, HELLO, model="claude-haiku-5-5", system="Be brief.") as chat:
        chat.said("a")
        kept = chat.kept
        chat.session.begin()
        chat.set(model="claude-opus-5-5", system="Be long.")
        chat.session.open(kept)
        chat.said("b")
        assert chat.bodies[-1]["model"] == "claude-haiku-5-5"
        assert "Be brief." in str(chat.bodies[-1]["system"])


def test_the_standing_tells_tokens_money_and_cache(tmp_path):
    """All figures are from the answers' own usage."""
    with chatting(tmp_path, [{"say": "one", "times": "always"}], settings='[budget]\nday = "5"\n') as chat:
        chat.said("a " * 2_000)
        chat.said("b " * 2_000)
        standing, answers = chat.session.standing, chat.kept.answers
        last = answers[-1].usage
        assert last
        assert standing.tokens == last.total_input_tokens + last.output_tokens
        assert standing.window == 1_000_000
        assert standing.cached == last.cache_read_tokens / last.total_input_tokens > 0.3
        spent = sum(turn.cost_pico or 0 for turn in answers)
        assert (standing.spent_pico, standing.left_pico) == (spent, 5 * 10**12 - spent)
        assert standing.saved and standing.session.startswith("a a")


def test_a_budget_that_is_reached_is_said_and_the_chat_goes_on(tmp_path, capfd):
    """Nothing is sent, and the question waits."""
    with chatting(tmp_path, settings='[budget]\nday = "0.000001"\n') as chat:
        result = chat.ask("a")
        assert result.error and result.error.exit_code == 9 and not chat.simulator.requests
        assert "budget.day" in capfd.readouterr().err and chat.session.conversation.unanswered


def test_images_that_the_next_model_does_not_take_are_said_and_stay(tmp_path, capfd):
    """After /model to one that sees nothing, the conversation is refused in words, and goes on with the old model."""
    abilities = '[models."blind-1".capabilities]\nimage_input = false\n'
    models = f'[models."blind-1"]\ncontext_window = 1000\nmax_output_tokens = 100\n{abilities}'
    (tmp_path / "models.toml").write_text(models)
    with chatting(tmp_path, HELLO) as chat:
        chat.session.ask((image_block("image/png", DOT), text_block("what is it?")))
        chat.set(model="blind-1")
        capfd.readouterr()
        result = chat.ask("and now?")
        assert result.error and "takes no images" in capfd.readouterr().err
        chat.set(model="claude-sonnet-5-5")
        assert chat.said("and now?") == "two"
        assert chat.bodies[-1]["messages"][0]["content"][0]["type"] == "image"


def test_a_notice_about_a_parameter_is_said_once_in_a_chat(tmp_path, capfd):
    """What the model does not take does not become news with every turn."""
    with chatting(tmp_path, HELLO, options={"temperature": 0.5}) as chat:
        chat.said("a")
        chat.said("b")
        assert capfd.readouterr().err.count("temperature") == 1


def test_nothing_grows_with_a_turn_but_the_conversation(tmp_path):
    """Notices, and what has to be closed at the end, are of one call."""
    with chatting(tmp_path, HELLO, options={"temperature": 0.5}) as chat:
        for text in "abcd":
            chat.said(text)
        assert len(chat.session.context.notices) <= 1
        assert not chat.session.context.closing.pop_all()._exit_callbacks


def test_a_plugin_is_made_anew_for_each_call(tmp_path, monkeypatch):
    """Its provider is closed with every call; its answers are kept as ours are, and fail as ours do."""
    source, info = Path(__file__).resolve().parent.parent / "plugins" / "parrot", tmp_path / "parrot-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: parrot\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[claude_cli.providers.v1]\nparrot = claude_parrot:ParrotProvider\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.syspath_prepend(str(source))
    monkeypatch.setenv("PARROT_KEY", "busy")
    with chatting(tmp_path, provider="parrot", model="parrot-1") as chat:
        assert chat.ask("one").error, "it is busy once, each time it is made"
        monkeypatch.setenv("PARROT_KEY", "k")
        assert (chat.said("one"), chat.said("two words")) == ("one ", "two words ")
        assert [turn.text for turn in chat.kept.path] == ["one", "one ", "two words", "two words "]
        assert chat.session.standing.window is None and chat.session.standing.spent_pico is None


def test_the_money_of_a_conversation_is_all_that_it_has_cost(tmp_path):
    """What was paid for its answers before it was opened, and this run's calls, also those that left no answer."""
    summary_fails = {"say": "They", "stop_reason": "max_tokens"}
    with chatting(tmp_path, [{"say": "one"}]) as chat:
        chat.said("a")
        (answer,) = chat.kept.answers
        kept, before = chat.kept, answer.cost_pico or 0
    with chatting(tmp_path, [summary_fails, {"say": "two"}], conversation=kept) as again:
        assert again.session.standing.spent_pico == before > 0
        assert again.session.compact().error
        failed = (again.session.standing.spent_pico or 0) - before
        assert failed > 0
        again.said("b")
        assert again.session.standing.spent_pico == before + failed + (again.kept.answers[-1].cost_pico or 0)
    unpriced = {**kept.turns, answer.id: replace(answer, cost_pico=None)}
    with chatting(tmp_path, conversation=replace(kept, turns=unpriced)) as again:
        assert again.session.standing.spent_pico is None
    simulated = replace(kept, turns=unpriced, simulated=True)
    with chatting(tmp_path, conversation=simulated) as again:
        assert again.session.standing.spent_pico == 0

"""`-c`, `-S`, `--fork`, `--save` of `complete`: what is kept, what is gone on with, and what of it is said."""

from __future__ import annotations

import json
import signal
import sqlite3
from contextlib import closing
from typing import Any

import pytest

from claude_cli.core.conversation import Conversation, Turn
from claude_cli.core.messages import text_block
from claude_cli.storage.conversations import History

from ..hostile import changes
from .test_json import defined, fits

YES = {"say": "Yes.", "times": "always"}
PERSON = {"err": "terminal"}


@pytest.fixture
def history(claude):
    """What the program has kept."""
    return History(claude.home, notify=print)


@pytest.fixture
def kept(history):
    """Keeps a conversation of one exchange; a later one is newer."""

    def keep(id_: str, title: str = "", *, simulated: bool = False) -> Conversation:
        conversation = Conversation(id_, title, "sonnet", simulated=simulated)
        at = history.now()
        for number, (role, text) in enumerate((("user", f"{id_}?"), ("assistant", f"{id_}!"))):
            parent = conversation.head
            turn = Turn(at + number, parent, role, (text_block(text),))
            conversation.add(history.append(conversation, turn).turn)
        return conversation

    return keep


def sent(simulator: Any, number: int = -1) -> list[str]:
    """The texts of the messages of a request, with an `!` before the assistant's."""
    return [text(message) for message in simulator.requests[number].json["messages"]]


def text(message: dict[str, Any]) -> str:
    """The words of a message, as it stands in a request."""
    content = message["content"]
    words = content if isinstance(content, str) else "".join(block.get("text", "") for block in content)
    return f"! {words}" if message["role"] == "assistant" else words


def turns(conversation: Conversation) -> list[tuple[str, str, str]]:
    """Who said what on the branch in use, and how it stands."""
    return [(turn.role, turn.text, turn.state) for turn in conversation.path]


def only(history: History) -> Conversation:
    """The one conversation that is kept."""
    (entry,) = history.entries()
    return history.load(entry.id)


# ------------------------------------------------------------------------------------------------ what is kept
@pytest.mark.parametrize(
    ("words", "how", "config", "expected"),
    [
        pytest.param([], {}, "", False, id="nobody is there"),
        pytest.param([], PERSON, "", True, id="a person is there"),
        pytest.param([], {**PERSON, "CI": "true"}, "", False, id="a terminal of CI"),
        pytest.param(["--save"], {}, "", True, id="nobody, asked to"),
        pytest.param(["--save"], {**PERSON, "CI": "true"}, "", True, id="CI, asked to"),
        pytest.param(["--no-save"], PERSON, "", False, id="a person who asked not to"),
        pytest.param([], {}, "always", True, id="nobody, always"),
        pytest.param(["--no-save"], {}, "always", False, id="always, but not this"),
        pytest.param([], PERSON, "never", False, id="never"),
        pytest.param(["--save"], {}, "never", True, id="never, but this"),
        pytest.param(["-S", "x"], {}, "never", True, id="never, but in a session"),
        pytest.param([], {**PERSON, "CLAUDE_CLI_HISTORY_SAVE": "never"}, "always", False, id="by a variable"),
        pytest.param(["--offline"], PERSON, "always", False, id="offline"),
        pytest.param(["--offline", "-S", "x"], {}, "", True, id="offline, in a session"),
    ],
)
def test_what_is_kept(claude, simulate, history, words, how, config, expected):
    """A person's exchanges, what was asked for, and what the settings want; `session` says so to machines."""
    simulate(YES)
    if config:
        (claude.home / "config.toml").write_text(f'[history]\nsave = "{config}"\n')
    done = claude("complete", "hi", "--json", *words, **how)
    assert done.status == 0
    assert [entry.id for entry in history.entries()] == ([done.json["session"]] if expected else [])
    assert expected or (done.json["session"] is None and not (claude.home / "history.db").exists())


def test_a_project_does_not_decide_what_is_kept(claude, simulate, history):
    """Its file may not set that: a cloned repository must not make anybody keep, or lose, anything."""
    simulate(YES)
    (claude.folder / ".claude-cli.toml").write_text('[history]\nsave = "always"\n[chat]\nvi = true\n')
    done = claude("complete", "hi")
    assert "ignored: 'history', 'chat'" in done.err and history.entries() == []


def test_offline_save_is_said_to_do_nothing(claude, history):
    """A script that is rehearsed goes on; a flag that does nothing would be a lie."""
    done = claude("complete", "hi", "--offline", "--save")
    assert done.status == 0 and done.lines[0].endswith("what the simulator answers is kept only with -S NAME")
    assert history.entries() == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["-c", "-S", "x"], "--continue and --session contradict each other"),
        (["-c", "--no-save"], "--continue and --no-save contradict each other"),
        (["-S", "x", "--no-save"], "--session and --no-save contradict each other"),
        (["--fork"], "name it with -c or -S NAME"),
        (["-S", " \x1b[2J"], "--session is empty"),
        (["-c"], "no conversation has been kept that -c could go on with; -S NAME begins one"),
        (["-c", "--offline"], "no conversation of the simulator's has been kept"),
        (["-S", "x", "--fork"], "there is no conversation 'x' to be copied"),
    ],
    ids=lambda value: " ".join(value).strip() if isinstance(value, list) else "",
)
def test_what_cannot_be_meant_is_refused(claude, simulator, words, said):
    """Before anything is sent or kept."""
    assert said in claude("complete", "hi", *words).failed(2)
    assert simulator.requests == [] and not (claude.home / "history.db").exists()


def test_the_first_time_is_told_once(claude, simulate):
    """Where it lies and how to stop it: to a person; who is not told while nobody watched is told later."""
    simulate(YES)
    (claude.home / "told-history").unlink()
    assert claude("complete", "hi", "--save").lines == []
    assert claude("complete", "hi", "-q", err="terminal").lines == []
    shown = claude("complete", "hi", err="terminal").err
    assert f"{claude.home}/history.db" in shown and "--no-save" in shown and "history.save never" in shown
    assert "history.db" not in claude("complete", "hi", err="terminal").err


def test_old_conversations_are_forgotten(claude, simulate, history, kept):
    """Those that `history.days` wants no longer; without it none ever is."""
    simulate(YES)
    kept("old")
    with closing(sqlite3.connect(claude.home / "history.db")) as database, database:
        database.execute("UPDATE conversations SET updated_at = updated_at - 31 * 86400000000")
    claude("complete", "hi", "--save")
    assert len(history.entries()) == 2
    claude("complete", "hi", "--save", CLAUDE_CLI_HISTORY_DAYS="30")
    assert len(history.entries()) == 2 and "old" not in [entry.id for entry in history.entries()]


# ------------------------------------------------------------------------------------------------ going on
def test_the_newest_is_gone_on_with(claude, simulate, history, kept):
    """All that was said is sent, and it is named on standard error, also where nobody watches."""
    simulator = simulate(YES)
    kept("first", "older")
    kept("second", "A talk \x1b[31mabout tea")
    done = claude("complete", "-c", "and now?", "--json")
    assert (done.status, done.lines) == (0, ["claude-cli: going on with 'A talk about tea' (second), just now"])
    assert sent(simulator) == ["second?", "! second!", "and now?"]
    assert turns(history.load("second"))[2:] == [("user", "and now?", "whole"), ("assistant", "Yes.", "whole")]
    assert done.json["session"] == "second"
    assert claude("complete", "-c", "more", "-q").err == ""
    assert len(sent(simulator)) == 5


@pytest.mark.parametrize("words", [["-c"], ["-S", "first"]], ids=["-c", "-S"])
def test_that_the_newest_is_on_another_branch_is_said(claude, simulate, history, kept, words):
    """Nothing looks lost where somebody has gone back and said nothing there."""
    simulate(YES)
    conversation = kept("first")
    conversation.head = None
    history.note(conversation)
    words = ["complete", *words, "and now?"]
    said = "claude-cli: newer messages are on another branch; /tree in a chat shows them"
    assert claude(*words).lines[-1] == said
    assert said not in claude(*words).lines


@pytest.mark.parametrize(
    ("name", "id_", "said"),
    [
        pytest.param("abc1", "abc1", [], id="id"),
        pytest.param("Tea", "abc1", [], id="title"),
        pytest.param("tea", "abc1", ["going on with 'Tea' (abc1)"], id="another case"),
        pytest.param("abc2", "abc2", [], id="id of an untitled one"),
        pytest.param("Coff", "xyz", ["going on with 'Coffee' (xyz)"], id="beginning of a title"),
        pytest.param("xy", "xyz", ["going on with 'Coffee' (xyz)"], id="beginning of an id"),
        pytest.param("Coffee ", "xyz", [], id="with a blank"),
    ],
)
def test_a_session_by_name(claude, simulate, kept, name, id_, said):
    """Its id or title, whole or how one of them begins; a person is told which one where the name does not say it."""
    simulator = simulate(YES)
    for each, title in (("abc1", "Tea"), ("abc2", ""), ("xyz", "Coffee")):
        kept(each, title)
    done = claude("complete", "-S", name, "more", "--json", err="terminal", NO_COLOR="1")
    assert [line for line in done.lines if "going on" in line] == [f"claude-cli: {line}" for line in said]
    assert sent(simulator)[:2] == [f"{id_}?", f"! {id_}!"] and done.json["session"] == id_
    assert claude("complete", "-S", name, "more").err == "", "to a script it is no news"


def test_several_sessions_of_a_name(claude, simulator, kept):
    """Not one of them: a word said in the wrong conversation cannot be taken back."""
    kept("abc1", "Tea with milk")
    kept("abc2", "Tea \x1b[2Jwithout")
    done = claude("complete", "-S", "tea", "hi", err="terminal")
    assert done.status == 2 and changes(done.err)[1] == set() and simulator.requests == []
    assert "2 conversations are called 'tea': abc2 (Tea without), abc1 (Tea with milk)" in done.err


def test_a_new_session(claude, simulate, history):
    """One that is not there begins, and that is said: the name may be a slip."""
    simulator = simulate(YES)
    done = claude("complete", "-S", "My \x1b]0;talk\x07 about\n tea", "hi")
    assert (done.status, done.lines) == (0, ["claude-cli: no conversation is called 'My about tea': a new one begins"])
    assert claude("complete", "-S", "My about tea", "more").lines == []
    assert sent(simulator) == ["hi", "! Yes.", "more"] and only(history).title == "My about tea"


def test_an_unnamed_conversation_is_called_by_its_first_words(claude, simulate, history):
    """The question's, not the file's; on one line."""
    simulate(YES)
    claude("complete", "--save", f"\n Was ist\t Tee? {'x' * 99}", stdin=b"a document")
    assert only(history).title == f"Was ist Tee? {'x' * 46}…"


def test_a_fork(claude, simulate, history, kept):
    """The copy goes on, the old one stays as it is."""
    simulator = simulate(YES)
    kept("abc1", "Tea")
    before = history.load("abc1")
    done = claude("complete", "-S", "Tea", "--fork", "more", "--json")
    copy = done.json["session"]
    assert done.lines == [f"claude-cli: a copy goes on as 'Tea (fork)' ({copy}); the old one stays as it is"]
    assert sent(simulator) == ["abc1?", "! abc1!", "more"]
    assert history.load("abc1") == before and copy != "abc1"
    assert [words for _, words, _ in turns(history.load(copy))] == ["abc1?", "abc1!", "more", "Yes."]
    claude("complete", "-c", "again")
    assert len(history.load(copy).path) == 6, "the copy is the newest"


def test_the_simulator_s_and_a_model_s_are_kept_apart(claude, simulate, history, kept):
    """Made-up answers never come into a real conversation; a copy may cross over."""
    simulator = simulate(YES)
    kept("real", "Tea")
    kept("made", "Rehearsal", simulated=True)
    claude("complete", "-S", "Rehearsal", "hi").failed(2, "is the simulator's: add --offline, or --fork")
    claude("complete", "-S", "Tea", "hi", "--offline").failed(2, "--fork goes on in a copy")
    assert (
        "(real)" in claude("complete", "-c", "hi").err and "(made)" in claude("complete", "-c", "hi", "--offline").err
    )
    for name, offline in (("Rehearsal", []), ("Tea", ["--offline"])):
        done = claude("complete", "-S", name, "--fork", "hi", "--json", *offline)
        assert history.load(done.json["session"]).simulated is bool(offline)
    assert len(simulator.requests) == 2


# ------------------------------------------------------------------------------------------------ how it is asked
def test_model_and_system_prompt_stay_unless_flags_say_otherwise(claude, simulate, history):
    """Also against the settings of today: it is the same conversation."""
    simulator = simulate(YES)
    today = {"CLAUDE_CLI_MODEL": "opus", "CLAUDE_CLI_SYSTEM": "Be long."}

    def asked(*words: str, **env: str) -> tuple[str, Any]:
        assert claude("complete", *words, **env).status == 0
        request = simulator.requests[-1].json
        return request["model"], request.get("system", "")

    assert asked("-S", "x", "hi", "-m", "haiku", "-s", "Be short.") == ("claude-haiku-5-5", "Be short.")
    assert asked("-S", "x", "more", **today) == ("claude-haiku-5-5", "Be short.")
    assert asked("-S", "x", "more", "-m", "sonnet", "-s", "Be kind.") == ("claude-sonnet-5-5", "Be kind.")
    assert asked("-c", "more", **today) == ("claude-sonnet-5-5", "Be kind.")
    assert asked("-S", "y", "hi") == ("claude-sonnet-5-5", "")
    assert asked("-S", "y", "more", CLAUDE_CLI_SYSTEM="Be long.") == ("claude-sonnet-5-5", "")
    assert asked("-S", "z", "hi", **today) == ("claude-opus-5-5", "Be long."), "a new one is as the settings want it"


def test_a_template_of_the_settings_is_for_questions_that_stand_alone(claude, simulate):
    """What follows in a conversation is sent as it is; with `-t` it is filled in."""
    simulator = simulate(YES)
    (claude.home / "templates").mkdir()
    (claude.home / "templates" / "mine.toml").write_text('prompt = "Explain: $input"\nsystem = "Be brief."\n')
    env = {"CLAUDE_CLI_TEMPLATE": "mine"}
    claude("complete", "--save", "tea", **env)
    assert sent(simulator) == ["Explain: tea"]
    claude("complete", "-c", "why?", **env)
    assert sent(simulator)[-1] == "why?"
    claude("complete", "-c", "-t", "mine", "milk", **env)
    assert sent(simulator)[-1] == "Explain: milk"
    assert simulator.requests[-1].json["system"] == "Be brief."


def test_thinking_goes_back_as_long_as_it_is_bound(claude, simulate):
    """Unchanged to the same model under the same system prompt, which checks the signatures; else without."""
    simulator = simulate()
    think = ["--thinking", "on"]

    def thoughts() -> list[int]:
        messages = simulator.requests[-1].json["messages"]
        return [json.dumps(message).count('"signature"') for message in messages]

    assert claude("complete", "-S", "x", "hi", *think).status == 0
    assert claude("complete", "-c", "more", *think).status == 0
    assert thoughts() == [0, 1, 0]
    assert claude("complete", "-c", "--fork", "a copy", *think).status == 0
    assert thoughts() == [0, 1, 0, 1, 0]
    for changed in (["-m", "opus"], ["-s", "Be kind."]):
        assert claude("complete", "-S", "x", "and now?", *think, *changed).status == 0
        assert set(thoughts()) == {0}
    assert len(simulator.requests) == 5, "none was refused and sent again"


@pytest.mark.parametrize(
    ("words", "marked"),
    [(["-c"], True), (["-S", "Tea"], True), (["-c", "--cache", "off"], False), (["--save"], False)],
    ids=["continued", "named", "off", "only kept"],
)
def test_a_conversation_is_cached(claude, simulate, kept, words, marked):
    """What was said once is not paid for in full again; a question that stands alone would only cost more."""
    simulator = simulate(YES)
    kept("abc1", "Tea")
    assert claude("complete", *words, "x" * 9_999).status == 0  # what is short is not cached
    assert ('"cache_control": {"type": "ephemeral"}' in json.dumps(simulator.requests[-1].json)) is marked


# ------------------------------------------------------------------------------------------------ how it ends
@pytest.mark.parametrize(
    ("step", "status", "state", "words"),
    [
        pytest.param({"say": "Half of it", "stop_reason": "max_tokens"}, 7, "cut", "Half of it", id="cut"),
        pytest.param({"say": "one two three", "cut_after": 8}, 7, "interrupted", "one two", id="broken off"),
        pytest.param({"say": "No.", "stop_reason": "refusal", "output": True}, 8, "refused", "No.", id="refused"),
    ],
)
def test_an_answer_that_is_not_whole_is_kept_marked(claude, simulate, history, step, status, state, words):
    """With its words; a refused one is never sent again, nor is its question."""
    simulator = simulate(step, YES)
    done = claude("complete", "-S", "x", "hi", "--json")
    (question, (role, said, stands)) = turns(only(history))
    assert done.status == status and question == ("user", "hi", "whole")
    assert (role, stands) == ("assistant", state) and said.startswith(words)
    assert done.json["session"] == only(history).id
    assert claude("complete", "-c", "more").status == 0
    assert [each.strip() for each in sent(simulator)] == (
        ["more"] if state == "refused" else ["hi", f"! {said}".strip(), "more"]
    )


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["Ctrl-C", "SIGTERM"])
def test_a_stopped_answer_is_kept(claude, simulate, history, number, status):
    """What came was paid for; the next question goes on behind it."""
    simulator = simulate({"say": "first words, and the rest", "stall_after": 8}, YES)
    running = claude.start("complete", "-S", "x", "hi")
    running.out.wait_for(b"first words")
    running.signal(number)
    assert running.wait().status == status
    assert turns(only(history))[1] == ("assistant", "first words,", "interrupted")
    assert only(history).path[1].cost_pico > 0 and only(history).path[1].estimated
    assert claude("complete", "-c", "more").status == 0
    assert sent(simulator) == ["hi", "! first words,", "more"]


def test_an_unanswered_question_gives_way_to_the_next(claude, simulate, history):
    """It stays in the tree; asked again it is the same one."""
    simulator = simulate({"say": "Yes."}, {"status": 400, "times": 2}, YES)
    claude("complete", "-S", "x", "hi")
    for question in ("wrong", "wrong", "right"):
        claude("complete", "-c", question)
        assert sent(simulator) == ["hi", "! Yes.", question]
    conversation = only(history)
    assert [words for _, words, _ in turns(conversation)] == ["hi", "Yes.", "right", "Yes."]
    assert sorted(turn.text for turn in conversation.turns.values()) == ["Yes.", "Yes.", "hi", "right", "wrong"]


def test_a_question_is_kept_before_it_is_sent(claude, simulate, history, until):
    """Kill -9 while the answer is waited for loses the answer alone."""
    simulator = simulate({"delay_s": 20})
    running = claude.start("complete", "-S", "x", "hi")
    until(lambda: bool(simulator.requests))
    running.signal(signal.SIGKILL)
    running.wait()
    assert turns(only(history)) == [("user", "hi", "whole")]


@pytest.mark.parametrize("words", [["-S", "Tea"], ["-c"], ["-c", "--fork"], ["-S", "new"], []], ids=" ".join)
def test_a_dry_run_shows_the_whole_and_keeps_nothing(claude, simulator, history, kept, words):
    """Not even a copy."""
    kept("abc1", "Tea")
    before = history.load("abc1")
    shown = json.loads(claude("complete", *words, "more", "-n", err="terminal").out)
    going_on = [] if words in ([], ["-S", "new"]) else ["abc1?", "! abc1!"]
    assert [text(message) for message in shown["body"]["messages"]] == [*going_on, "more"]
    assert [entry.id for entry in history.entries()] == ["abc1"] and history.load("abc1") == before
    assert simulator.requests == []


# ------------------------------------------------------------------------------------------------ where it stands
def test_the_machine_s_output_names_the_session(claude, simulate, history):
    """In the object and in the last line, as the published form has it; an error before anything is kept has none."""
    simulate(YES)
    first = claude("complete", "-S", "x", "hi", "--json").json
    last = claude("complete", "-c", "hi", "--format", "jsonl").jsonl[-1]
    assert fits(first, defined("result")) and fits(last, defined("result_line"))
    assert first["session"] == last["session"] == only(history).id
    assert claude("complete", "-S", "x", "hi", "-f", "nothing.txt", "--json").json["session"] is None


def test_the_ledger_names_the_session(claude, simulate, history):
    """`usage --by session` adds up what a conversation has cost; a question that is not kept belongs to none."""
    simulate(YES)
    claude("complete", "-S", "x", "hi")
    claude("complete", "-c", "hi")
    claude("complete", "hi")
    with closing(sqlite3.connect(claude.home / "usage.db")) as ledger:
        found = [session for (session,) in ledger.execute("SELECT session FROM calls ORDER BY id")]
    assert found == [only(history).id] * 2 + [None]


def test_a_history_that_cannot_be_kept_stops_no_answer(claude, simulate):
    """It is said, and `session` is null; but a conversation that cannot be read cannot be gone on with."""
    simulate(YES)
    (claude.home / "history.db").mkdir()
    done = claude("complete", "hi", "--save", "--json")
    assert (done.status, done.json["text"], done.json["session"]) == (0, "Yes.", None)
    assert len(done.lines) == 1 and "history.db cannot be used (it is not a file)" in done.lines[0]
    assert [notice["code"] for notice in done.json["notices"]] == ["not_kept"]
    claude("complete", "-c", "hi").failed(2, "history.db cannot be used")


def test_names_and_titles_are_harmless_on_a_terminal(claude, simulate, kept):
    """A title may come from anywhere: an import, another program."""
    simulate(YES)
    kept("abc1", "Tea\x1b]0;title\x07 \x1b[2J\u202egnirts\n more")
    for words in (["-c"], ["-S", "abc"], ["-c", "--fork"], ["-S", "x\x1b[2J\u202e"]):
        done = claude("complete", *words, "hi", err="terminal", TERM="dumb")
        assert done.status == 0 and changes(done.err)[1] == set()


def test_what_is_not_kept_loads_nothing_of_it(claude):
    """A script's question is as fast as ever."""
    done = claude("complete", "hi", "--offline", PYTHONPROFILEIMPORTTIME="1")
    loaded = {line.rpartition("|")[2].strip() for line in done.lines}
    assert "claude_cli.asking.sessions" in loaded
    assert not loaded & {
        "sqlite3",
        "claude_cli.core.conversation",
        "claude_cli.asking.keeper",
        "claude_cli.storage.blobs",
    }
    assert not any(name.startswith("claude_cli.storage.conversations") for name in loaded)


def test_an_answer_that_cited_can_be_asked_about(claude, simulator, history):
    """With tools or without: its sources go back as they came."""
    assert claude("complete", "-S", "news", "--web-search", "search the news").status == 0
    (answer,) = only(history).answers
    assert any(block.get("citations") for block in answer.content)
    for words in (["-c"], ["-c", "--web-search"]):
        assert claude("complete", *words, "and now?").status == 0
    assert any(block.get("citations") for block in simulator.requests[-1].json["messages"][1]["content"])

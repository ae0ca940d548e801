"""`batch run` through the real command: rows in, rows out, statuses, what is said where."""

from __future__ import annotations

import fcntl
import json
import re

import pytest

from ..schemas import check
from .batches import read, rows, told, write

RUN = ("batch", "run", "in.jsonl", "-o", "out.jsonl")
REJECTED = {"status": 400, "message": "no such thing"}


def test_rows_in_and_rows_out(claude, simulate):
    """In the order of the input, with the ids that it has, and nothing said where nobody watches."""
    simulate({"say": "slow", "delay_s": 0.1}, {"say": "quick", "times": "always"})
    write(claude, {"id": "a", "prompt": "one"}, {"id": 7, "prompt": "two"}, {"custom_id": "c", "prompt": "three"})
    done = claude(*RUN)
    assert (done.status, done.out, done.err) == (0, "", "")
    answers = read(claude)
    assert [each["id"] for each in answers] == ["a", 7, "c"]
    assert sorted(each["text"] for each in answers) == ["quick", "quick", "slow"]
    for each in answers:
        check(each, "batch-row")
    assert not (claude.folder / "out.jsonl.partial").exists()


def test_without_an_output_rows_are_printed_as_they_end(claude, simulate):
    """A line each, whole, and nothing else on standard output."""
    simulate({"say": "slow", "delay_s": 0.3}, {"say": "quick", "times": "always"})
    write(claude, *rows("one", "two", "three"))
    done = claude("batch", "run", "in.jsonl")
    assert (done.status, done.err) == (0, "")
    assert [each["text"] for each in done.jsonl] == ["quick", "quick", "slow"]


@pytest.mark.parametrize(
    ("name", "lines", "words"),
    [
        pytest.param("in.csv", ["word,tone", "sea,calm"], ["-t", "poem"], id="CSV with a template"),
        pytest.param("in.txt", ["sea"], ["-t", "poem", "-p", "tone=calm"], id="lines with a template"),
        pytest.param("in.jsonl", [{"word": "sea", "tone": "calm"}], ["-t", "poem"], id="JSONL with a template"),
        pytest.param("in.txt", ["A calm poem: sea"], [], id="lines"),
        pytest.param("-", ["A calm poem: sea"], [], id="standard input"),
    ],
)
def test_what_an_input_may_be(claude, simulator, name, lines, words):
    """The same question in each form."""
    (claude.home / "templates").mkdir()
    word = "input" if name == "in.txt" else "word"
    (claude.home / "templates" / "poem.toml").write_text(f'prompt = "A $tone poem: ${word}"\n')
    stdin = write(claude, *lines, name="stdin" if name == "-" else name).read_bytes()
    done = claude("batch", "run", name, *words, stdin=stdin)
    assert (done.status, done.err, len(done.jsonl)) == (0, "", 1)
    assert simulator.requests[-1].json["messages"][-1]["content"] == "A calm poem: sea"


def test_flags_decide_for_all_rows_and_rows_for_themselves(claude, simulator):
    """A row's own members go before the flags, these before the settings; 16,000 tokens where nobody says a number."""
    write(claude, {"prompt": "one"}, {"prompt": "two", "model": "opus", "max_tokens": 700, "system": "mine"})
    words = ("-m", "haiku", "-s", "theirs", "--stop", "END", "-O", "metadata.user_id=u1")
    assert claude("batch", "run", "in.jsonl", "-j", "1", *words).status == 0
    first, second = (each.json for each in simulator.requests)
    assert (first["max_tokens"], first["system"], first["stop_sequences"]) == (16_000, "theirs", ["END"])
    assert "haiku" in first["model"] and first["metadata"] == {"user_id": "u1"}
    assert (second["max_tokens"], second["system"]) == (700, "mine") and "opus" in second["model"]


def test_answers_are_streamed_where_that_is_wanted(claude, simulator):
    """Nobody reads along, so they come whole otherwise."""
    write(claude, *rows("one"))
    for words, streamed in ((("--restart",), False), (("--restart", "--stream"), True)):
        assert claude(*RUN, *words).status == 0
        assert simulator.requests[-1].json.get("stream", False) is streamed


def test_what_is_dropped_for_a_model_is_said_once(claude, simulator):
    """It changes the result, so it is said where nobody watches, too: with the number of rows, not for each."""
    write(claude, *rows("one", "two", "three"))
    done = claude(*RUN, "--temperature", "0.5")
    assert done.status == 0 and len(done.lines) == 1 and "temperature" in done.err and "3 rows" in done.err
    assert claude(*RUN, "--restart", "--temperature", "0.5", "--strict").status == 2


# ------------------------------------------------------------------------------------------------ statuses
@pytest.mark.parametrize(
    ("steps", "words", "status", "said"),
    [
        pytest.param([], [], 0, None, id="all done"),
        pytest.param(
            [REJECTED],
            [],
            11,
            "1 of 3 rows failed (1 invalid_request; line 1: no such thing); --retry-failed",
            id="a row was rejected",
        ),
        pytest.param([{"status": 529, "times": "always"}], ["--retries", "0"], 11, "3 of 3 rows", id="overloaded"),
        pytest.param(
            [{"say": "", "stop_reason": "max_tokens"}, REJECTED, REJECTED],
            [],
            11,
            "3 of 3 rows failed (2 invalid_request; line 2: no such thing); --retry-failed",
            id="of two kinds",
        ),
        pytest.param([{"stop_reason": "max_tokens"}], [], 11, "(1 truncated; line 1: ", id="an answer was cut"),
        pytest.param([{"stop_reason": "refusal"}], [], 11, "1 of 3 rows failed", id="an answer was refused"),
        pytest.param([REJECTED], ["--stop-after-failures", "1"], 11, "rows have failed", id="too many failures"),
        pytest.param(
            [], ["--max-cost", "0.01"], 9, "3 open; a smaller --max-tokens sets less", id="the budget is reached"
        ),
        pytest.param([{"status": 401, "message": "bad key"}], [], 3, "bad key", id="a wrong key"),
        pytest.param(
            [{"status": 403, "message": "not yours", "times": "always"}], [], 3, "not yours", id="not allowed"
        ),
        pytest.param(
            [{"status": 404, "message": "no model", "times": "always"}], [], 4, "no model", id="no such model"
        ),
    ],
)
def test_statuses(claude, simulate, steps, words, status, said):
    """The status tells a script what to do next, and one line says why."""
    simulate(*steps, {"say": "fine", "times": "always"})
    write(claude, *rows("one", "two", "three"))
    done = claude(*RUN, "-j", "1", *words)
    if said is None:
        assert (done.status, done.err) == (status, "")
    else:
        done.failed(status, said)


def test_near_the_budget_fewer_rows_run_at_once(claude, simulate):
    """What rows under way may cost is set aside, so the others wait; no answer is made shorter."""
    simulator = simulate({"say": "fine", "delay_s": 0.05, "times": "always"})
    write(claude, *rows(*["a story"] * 12))
    done = claude(*RUN, "--max-cost", "0.3", "--json")
    assert (done.status, done.json["rows"]["done"], done.err) == (0, 12, "")
    assert {each.json["max_tokens"] for each in simulator.requests if each.path == "/v1/messages"} == {16_000}


def test_a_budget_stops_it_where_it_can_go_on(claude, simulate):
    """It is never passed, and the next run has the rest."""
    usage = {"output_tokens": 5_000}
    simulate({"say": "long", "usage": usage, "times": "always"})
    write(claude, *rows(*["a story"] * 12))
    done = claude(*RUN, "--max-cost", "0.3", "--json")
    report = done.json
    assert done.status == 9 and report["stopped"] == "budget" and 0 < report["cost_usd"] <= 0.3
    assert "--max-cost" in done.err and f"{report['rows']['open']} open; the same command goes on" in done.err
    assert claude(*RUN).status == 0 and len(read(claude)) == 12


def test_nobody_at_the_address_is_status_6(claude):
    """What concerns all rows marks none of them as failed: the same command asks them when the host is back."""
    write(claude, *rows("one", "two"))
    claude(*RUN, "-j", "1").failed(6, "127.0.0.1")
    assert not (claude.folder / "out.jsonl").exists()


def test_no_key_is_found_out_before_the_input_is_read(claude):
    """A night's input may take minutes to read."""
    write(claude, "not JSON")
    claude(*RUN, ANTHROPIC_API_KEY=None, ANTHROPIC_BASE_URL=None).failed(3, "keys set")


def test_when_the_time_is_over_it_goes_on_the_next_night(claude, simulate):
    """Status 5, as `try again`; what was answered stays."""
    simulate({"say": "fine", "delay_s": 0.3, "times": "always"})
    write(claude, *rows(*"abcdefghijkl"))
    done = claude(*RUN, "-j", "1", "--for", "1s")
    line = done.failed(5, "open", "the same command goes on")
    left = int(re.findall(r"(\d+) open", line)[0])
    assert 0 < left < 12
    simulator = simulate({"say": "fine", "times": "always"})
    assert claude(*RUN).status == 0
    assert len(simulator.requests) == left and len(read(claude)) == 12


# ------------------------------------------------------------------------------------------------ bad input
def test_rows_that_cannot_be_asked_are_named_before_anything_is_sent(claude, simulator):
    """Each on a line of its own, as compilers have it, with what to do last."""
    write(claude, *rows("one"), "not JSON", {"id": "x"}, {"id": "q1", "prompt": "again"})
    done = claude(*RUN)
    assert done.status == 2 and simulator.requests == []
    assert [line.split(": ")[1] for line in done.lines[:3]] == ["in.jsonl:2", "in.jsonl:3", "in.jsonl:4"]
    assert done.lines[3] == "claude-cli: 3 rows cannot be asked; nothing was sent, --skip-invalid leaves them out"
    assert not list(claude.folder.glob("out*"))


def test_one_such_row_is_one_line(claude, simulator):
    """As every error."""
    write(claude, *rows("one"), "not JSON")
    claude(*RUN).failed(2, "in.jsonl:2: ", "is not JSON", "--skip-invalid leaves it out")


def test_of_many_such_rows_the_first_twenty_are_named(claude, simulator):
    """A file of the wrong form has as many as it has lines."""
    write(claude, *["nothing"] * 1254)
    done = claude(*RUN)
    assert done.status == 2 and len(done.lines) == 22
    assert done.lines[20] == "claude-cli: and 1,234 more" and "1,254 rows" in done.lines[21]


def test_such_rows_can_be_left_out(claude, simulator):
    """It is said, as it changes the result; but there must be something left to ask."""
    write(claude, "not JSON", *rows("one"))
    done = claude(*RUN, "--skip-invalid", "--json")
    assert done.status == 0 and done.err.startswith("claude-cli: left out: in.jsonl:1: ")
    assert (done.json["rows"]["total"], done.json["rows"]["skipped"], len(read(claude))) == (2, 1, 1)
    write(claude, "not JSON")
    claude(*RUN, "--restart", "--skip-invalid").failed(2, "not JSON")


@pytest.mark.parametrize(
    ("lines", "words", "said"),
    [
        pytest.param([], [], "no row", id="empty"),
        pytest.param(rows("a"), ["--jobs", "0"], "--jobs is 1 to 64, not 0", id="no job"),
        pytest.param(rows("a"), ["-j", "65"], "--jobs is 1 to 64, not 65", id="too many jobs"),
        pytest.param(rows("a"), ["--for", "5"], "--for '5' is no length of time", id="no length of time"),
        pytest.param(rows("a"), ["--until", "25:00"], "--until '25:00' is no moment", id="no moment"),
        pytest.param(rows("a"), ["--until", "2020-01-01T00:00"], "leaves no time", id="a moment that has passed"),
        pytest.param(rows("a"), ["--input-format", "xml"], "--input-format xml is not known", id="no format"),
        pytest.param(rows("a"), ["--cache", "1h"], "--cache 1h is not known", id="no such cache"),
        pytest.param(rows("a"), ["-m", " "], "--model is empty", id="no model"),
        pytest.param(rows("a"), ["-p", "x=1"], "-p is a value for a template", id="a value without a template"),
        pytest.param(rows("a"), ["--schema", "a", "-x"], "contradict each other", id="schema and code"),
        pytest.param(rows("a"), ["-o", "nowhere/out"], "there is no folder", id="no such folder"),
        pytest.param(rows("a"), ["-o", "."], "is a folder", id="a folder"),
        pytest.param(rows("a"), ["-o", ""], "-o is empty", id="no name"),
        pytest.param(rows("a"), ["--restart", "--retry-failed"], "say one of them", id="anew, and those that failed"),
        pytest.param(rows("a"), ["--max-cost", "much"], "--max-cost is", id="no amount"),
    ],
)  # fmt: skip
def test_what_cannot_be_used(claude, simulator, lines, words, said):
    """One line that names the flag and what it takes; nothing is sent, and no file is made."""
    write(claude, *lines)
    claude(*RUN, *words).failed(2, said)
    assert simulator.requests == [] and not list(claude.folder.glob("out*"))


@pytest.mark.parametrize("flag", ["--restart", "--retry-failed", "--as-completed"])
def test_what_is_about_a_file_needs_one(claude, simulator, flag):
    """Without one nothing is kept that it could be about."""
    write(claude, *rows("one"))
    claude("batch", "run", "in.jsonl", flag).failed(2, f"{flag} needs -o")
    assert simulator.requests == []


def test_what_the_simulator_answers_is_no_answer(claude, simulate):
    """A real run asks all of it, and does not call that a change; the other way round nothing is overwritten."""
    simulate({"say": "fine", "times": "always"})
    write(claude, *rows("one", "two"))
    for _ in range(2):
        report = claude(*RUN, "--offline", "--json").json
        assert (report["simulated"], report["cost_usd"]) == (True, None)
    done = claude(*RUN, "-v")
    assert done.status == 0 and "simulator answered in an earlier run does not count" in done.err
    assert "changed" not in done.err and not any(each["simulated"] for each in read(claude))
    write(claude, *rows("one", "two", "three"))
    done = claude(*RUN, "--offline", "-q")
    done.failed(2, "answers of the provider", "another file with -o", "--restart")
    assert len(read(claude)) == 2


def test_an_output_that_cannot_be_written_is_said_before_the_first_call(claude, simulator):
    """Also one that is not from a batch: it is not replaced without a word."""
    write(claude, *rows("one"))
    (claude.folder / "out.jsonl").write_text("mine\n")
    claude(*RUN).failed(2, "out.jsonl")
    assert simulator.requests == [] and (claude.folder / "out.jsonl").read_text() == "mine\n"


def test_a_forgotten_run_is_named(claude):
    """The line to type, quoted as a shell wants it; `batch` alone is its help."""
    claude("batch", "my prompts.jsonl", "-o", "x").failed(2, "claude-cli batch run 'my prompts.jsonl' -o x")
    claude("batch", "runn", "in.jsonl").failed(2, "did you mean claude-cli batch run?")
    done = claude("batch")
    assert done.status == 0 and "run  " in done.out and done.err == ""


# ------------------------------------------------------------------------------------------------ again
def test_the_same_command_again_sends_nothing(claude, simulate):
    """And its status is as before, also where rows failed."""
    simulator = simulate(REJECTED)
    write(claude, *rows("one", "two"))
    assert claude(*RUN, "-j", "1").status == 11
    before = (claude.folder / "out.jsonl").read_bytes()
    done = claude(*RUN)
    done.failed(11, "1 of 2 rows failed", "--retry-failed")
    assert len(simulator.requests) == 2 and (claude.folder / "out.jsonl").read_bytes() == before
    assert "nothing to ask: all 2 rows are over" in claude(*RUN, "-v").err


def test_failed_rows_are_asked_again_where_that_is_wanted(claude, simulate):
    """And no other."""
    simulator = simulate(REJECTED, {"say": "fine", "times": "always"})
    write(claude, *rows("one", "two", "three"))
    assert claude(*RUN, "-j", "1").status == 11
    assert told(read(claude))[0] == ("q1", "failed", "invalid_request")
    done = claude(*RUN, "--retry-failed", "-v")
    assert done.status == 0 and "resuming: 2 of 3 rows are done; 1 failed and is asked again" in done.err
    asked = [each for each in simulator.requests if each.path == "/v1/messages"]
    assert len(asked) == 4 and [each["status"] for each in read(claude)] == ["done"] * 3


def test_what_changed_in_the_input_is_told(claude, simulate):
    """Rows are known by their ids and by what they ask."""
    simulator = simulate({"say": "fine", "times": "always"})
    write(claude, *rows("one", "two", "three", "four"))
    assert claude(*RUN).status == 0
    write(claude, *rows("one", "other", "three"), {"id": "new", "prompt": "five"})
    done = claude(*RUN, "-v")
    assert "resuming: 2 of 4 rows are done; 1 changed since and is asked anew; 1 is open; 1 is gone" in done.err
    assert done.status == 0 and len([each for each in simulator.requests if each.path == "/v1/messages"]) == 6
    assert [each["id"] for each in read(claude)] == ["q1", "q2", "q3", "new"]


def test_restart_asks_all_anew(claude, simulate):
    """What was paid for is thrown away, so it takes a flag."""
    simulator = simulate({"say": "fine", "times": "always"})
    write(claude, *rows("one", "two"))
    for words in ((), ("--restart",)):
        assert claude(*RUN, *words).status == 0
    assert len(simulator.requests) == 4


def test_a_second_process_is_refused(claude, simulator):
    """Two of them would pay twice."""
    write(claude, *rows("one"))
    with (claude.folder / "out.jsonl.journal").open("w") as journal:
        fcntl.flock(journal, fcntl.LOCK_EX)
        claude(*RUN).failed(2, "another process")
    assert simulator.requests == []


# ------------------------------------------------------------------------------------------------ what is said
def test_the_report_as_json(claude, simulate):
    """One object of the published form on standard output, and the rows in their file."""
    simulate(REJECTED)
    write(claude, *rows("one", "two", "three"))
    done = claude(*RUN, "-j", "1", "--json", "-q")
    report = done.json
    check(report, "batch-report")
    assert (done.status, report["exit_status"]) == (11, 11)
    assert report["rows"] == {"total": 3, "done": 2, "failed": 1, "open": 0, "skipped": 0, "earlier": 0}
    assert report["failures"][0]["example"] == {"id": "q1", "line": 1, "message": "no such thing"}
    assert report["output"] == "out.jsonl" and report["cost_usd"] > 0 and not report["simulated"]
    claude("batch", "run", "in.jsonl", "--json").failed(2, "-o FILE")


def test_the_report_of_a_run_that_an_error_ended(claude, simulate):
    """It is one object all the same, and the error is on standard error."""
    simulate({"say": "fine"}, {"status": 401, "message": "bad key"})
    write(claude, *rows("one", "two", "three"))
    done = claude(*RUN, "-j", "1", "--json")
    check(done.json, "batch-report")
    assert (done.status, done.json["stopped"], done.json["exit_status"]) == (3, "error", 3)
    counts = done.json["rows"]
    assert counts["open"] > 0 and counts["failed"] == 0 and counts["done"] + counts["open"] == 3
    assert done.json["output"] is None and "bad key" in done.err
    error = done.json["error"]
    assert (error["code"], error["message"], error["retryable"]) == ("authentication", "bad key", False)


def test_v_tells_all_of_it(claude, simulate):
    """The expected cost before, and the report after."""
    simulate(REJECTED)
    write(claude, *rows("one", "two", "three"))
    done = claude(*RUN, "-j", "1", "-v")
    assert "claude-cli: 3 rows to ask, about $" in done.err
    assert "3 rows: 2 done, 1 failed in " in done.err and "invalid_request" in done.err and "id q1" in done.err
    assert "all rows are in out.jsonl" in done.err and "\x1b" not in done.err


def test_a_dry_run_sends_nothing_that_costs(claude, simulator):
    """The first requests, how many there are, tokens and money; no file is made, and no key is wanted."""
    write(claude, *rows("one", "two", "three", "four"))
    done = claude(*RUN, "--dry-run")
    assert done.status == 0 and '"content": "three"' in done.out and '"content": "four"' not in done.out
    assert "4 to ask" in done.out and "counted on 4 rows" in done.out
    assert {each.path for each in simulator.requests} == {"/v1/messages/count_tokens"}
    assert not list(claude.folder.glob("out*"))
    keyless = claude(*RUN, "--dry-run", "--json", ANTHROPIC_API_KEY=None, ANTHROPIC_BASE_URL=None)
    assert keyless.status == 0 and keyless.json["expected"]["method"] == "estimate"


def test_offline_is_a_rehearsal(claude):
    """It needs no key, pays nothing, and says so wherever machines look."""
    write(claude, *rows("one", "two"))
    done = claude(*RUN, "--offline", "--json", ANTHROPIC_API_KEY=None)
    assert done.status == 0 and done.json["simulated"] and done.json["cost_usd"] is None
    assert all(each["simulated"] and each["cost_usd"] is None for each in read(claude))
    assert done.lines == ["claude-cli: offline: the built-in simulator answers, no model is asked"]
    assert not (claude.home / "usage.db").exists()


def test_calls_are_in_the_ledger(claude, simulate):
    """Under the command's name, each of them."""
    simulate({"say": "fine", "times": "always"})
    write(claude, *rows("one", "two", "three"))
    assert claude(*RUN).status == 0
    told = json.loads(claude("usage", "--by", "command", "--json").out)
    assert [(each["command"], each["calls"]) for each in told["rows"]] == [("batch", 3)]

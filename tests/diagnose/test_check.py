"""Checks side by side: none holds up another, and together they come to one status. And how they are shown."""

from __future__ import annotations

import threading
import time

import pytest

from claude_cli.core.errors import (
    BillingError,
    NoCodeBlockError,
    NotFoundError,
    RateLimitError,
    RefusedError,
    RequestRejectedError,
    StreamInterruptedError,
    UsageError,
)
from claude_cli.diagnose.check import Check, Step, Task, failed, together, verdict
from claude_cli.diagnose.report import lines, sentence, summary

BILLING = "see https://console.anthropic.com/settings/billing"
OK = Check("fine", "ok", "all right")


def test_tasks_run_side_by_side():
    """Two that wait for each other both end; what comes out is in order, whichever was first."""
    meeting = threading.Barrier(2, timeout=10)
    met = [Task.of(name, lambda name=name: Check(name, "ok", str(meeting.wait() >= 0))) for name in ("one", "two")]
    assert [check.name for check in together([Task.known((OK,)), *met])] == ["fine", "one", "two"]


def test_one_that_hangs_holds_up_nothing_else():
    """It fails when its time is over, what needs it is skipped, and what was beside it is there."""
    never = threading.Event()

    def hang():
        yield OK
        never.wait()

    hanging = Task((Step("fine"), Step("hung", 0.01, 6), Step("after")), hang)
    found = list(together([hanging, Task.of("beside", lambda: Check("beside", "ok", "there"))]))
    never.set()
    assert [(check.name, check.status) for check in found] == [
        ("fine", "ok"), ("hung", "fail"), ("after", "skipped"), ("beside", "ok"),
    ]  # fmt: skip
    assert (found[1].detail, found[1].exit_code, found[2].detail) == ("no end in 0.01 s", 6, "hung did not end")
    assert found[1].advice == "check the network, and try again"


def test_the_time_for_all():
    """`--timeout`: what is not there then fails, what is there counts."""
    never = threading.Event()
    tasks = [Task.of("hung", lambda: Check("hung", "ok", str(never.wait()))), Task.known((OK,))]
    found = list(together(tasks, deadline=time.monotonic()))
    never.set()
    assert "--timeout" in found[0].advice and found[1] is OK


def test_a_bug_in_a_thread_is_seen():
    """It becomes the error of the program, and is no check that hangs."""
    with pytest.raises(ZeroDivisionError):
        list(together([Task.of("bug", lambda: Check(str(1 // 0), "ok", ""))]))


def test_where_there_are_no_threads():
    """In a container that allows no more of them the checks are made one after the other."""

    def none(thread):
        raise RuntimeError("can't start new thread")

    assert list(together([Task.known((OK,)), Task.of("b", lambda: OK)], start=none)) == [OK, OK]


@pytest.mark.parametrize(
    ("checks", "status", "exit_code"),
    [
        pytest.param([], "ok", 0, id="all is well"),
        pytest.param([("warn", 0), ("skipped", 0), ("ok", 0)], "warn", 0, id="warnings are no failure"),
        pytest.param([("fail", 6)], "fail", 6, id="network"),
        pytest.param([("fail", 5), ("warn", 0)], "fail", 5, id="overloaded"),
        pytest.param([("fail", 6), ("fail", 3)], "fail", 3, id="key before network"),
        pytest.param([("fail", 6), ("fail", 5)], "fail", 5, id="an answer before none"),
        pytest.param([("fail", 3), ("fail", 6), ("fail", 2)], "fail", 2, id="settings before all"),
    ],
)
def test_what_many_come_to(checks, status, exit_code):
    """The lowest status blocks the others: without right settings no key is right, without a key no answer."""
    assert verdict(Check("x", each, "", exit_code=code) for each, code in checks) == (status, exit_code)


@pytest.mark.parametrize(
    ("error", "check"),
    [
        pytest.param(UsageError("a is b; do c; or d"), ("a is b", "do c; or d", 2), id="what to do behind a semicolon"),
        pytest.param(BillingError("No; sorry", status=402), ("No; sorry", BILLING, 3), id="the provider's own words"),
        pytest.param(RateLimitError("Slow; down", retry_after_s=7), ("Slow; down", "try again in 7 s", 5), id="a wait"),
        pytest.param(UsageError("a is b"), ("a is b", "correct it", 2), id="nothing said"),
        pytest.param(NotFoundError("no such path"), ("no such path", "correct it", 2), id="rejected: a wrong address"),
        pytest.param(StreamInterruptedError("cut"), ("cut", "try again later", 6), id="interrupted: the network"),
        pytest.param(RefusedError("no"), ("no", "try again later", 6), id="declined"),
        pytest.param(NoCodeBlockError("none"), ("none", "try again later", 6), id="of another form"),
        pytest.param(
            RequestRejectedError("bad", status=400),
            ("bad", "check the base URL, and api_version and headers of the settings", 2),
            id="a server's 400",
        ),
    ],
)
def test_an_error_as_a_check(error, check):
    """Errors say what happened, and what to do; a status that `health` does not have becomes one of its own."""
    found = failed("x", error)
    assert (found.detail, found.advice, found.exit_code) == check


# ------------------------------------------------------------------------------------------------ as text
INDENT = " " * 17
WARN = Check("folder", "warn", "others may look into the folder of the program", "run: chmod 700 folder")


@pytest.mark.parametrize(
    ("check", "width", "styled", "shown"),
    [
        pytest.param(OK, 80, False, ["ok    fine       all right"], id="one line"),
        pytest.param(Check("x", "ok", "d", latency_ms=1234), 80, False, ["ok    x          d (1,234 ms)"], id="time"),
        pytest.param(
            WARN, None, False,
            ["warn  folder     others may look into the folder of the program", INDENT + "run: chmod 700 folder"],
            id="pipe",
        ),
        pytest.param(
            WARN, 60, False,
            ["warn  folder     others may look into the folder of the", INDENT + "program", INDENT + WARN.advice],
            id="wrapped",
        ),
        pytest.param(
            WARN, 40, False,
            ["warn  folder", *(" " * 6 + line for line in (WARN.detail[:34], WARN.detail[35:], WARN.advice))],
            id="narrow",
        ),
        pytest.param(Check("x", "fail", "d"), 80, True, ["\x1b[1;31mFAIL\x1b[0m  x          d"], id="coloured"),
        pytest.param(Check("x", "skipped", "a\x1b]0;t\x07\nb"), 80, False, ["skip  x          a b"], id="harmless"),
        pytest.param(Check("x", "ok", "sk-ant-api03-CANARY"), 80, False, ["ok    x          sk-ant-***"], id="no key"),
    ],
)  # fmt: skip
def test_a_check_as_lines(check, width, styled, shown):
    """Aligned, in words, what to do on a line of its own; below 60 columns what was found gets all of the width."""
    assert lines(check, width=width, styled=styled) == shown
    assert all(len(line) <= (width or 99) for line in lines(check, width=width, styled=False))


def test_the_summary():
    """How many, and which."""
    bad = Check("key", "fail", "none", "store one", exit_code=3)
    net = Check("dns", "fail", "not found", exit_code=6)
    assert summary([OK]) == "all is well"
    assert summary([OK, WARN]) == "1 warning: folder"
    assert summary([WARN, bad, WARN, net]) == "2 failures: key, dns; 2 warnings: folder, folder"
    assert sentence([net, bad], 3) == "key: none; store one"
    assert sentence([net, bad], 6) == "dns: not found"
    assert sentence([Check("api", "fail", "It broke.", "try again", exit_code=6)], 6) == "api: It broke; try again"

"""What one check of `health` found, what many of them come to, and how they run side by side."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any, Literal

from ..core.errors import ClaudeError, ProviderError

LIMIT_S = 5.0
"""Seconds that one check may take, unless its step says otherwise."""
GRACE_S = 0.25
"""Seconds more until a check is given up from outside: most keep their time themselves and then know more to say."""

Status = Literal["ok", "warn", "fail", "skipped"]
MAKE_ONE = "https://console.anthropic.com/settings/keys"
EXIT_DATA, EXIT_KEY, EXIT_NETWORK = 2, 3, 6
"""What a failure leaves with: settings, folders and data; the key; the network."""
_EXITS = {4: EXIT_DATA, 7: EXIT_NETWORK, 8: EXIT_NETWORK, 10: EXIT_NETWORK}
"""Statuses that are none here: a request that is rejected went to the wrong address, and half an answer is none."""
_ADVICE = {
    "authentication": f"store another key with: claude-cli keys set (made at {MAKE_ONE})",
    "permission": "use a key that may, or ask who manages the account",
    "billing": "see https://console.anthropic.com/settings/billing",
    "invalid_request": "check the base URL, and api_version and headers of the settings",
}
"""What to do about what the provider's answer says, by the error's code."""
_OTHERWISE = {
    1: "please report it with the output of -vv",
    2: "correct it",
    3: "check the key",
    9: "raise the budget",
}
"""What to do where nobody knows better, by the exit status; for any other: try again later."""
_HUNG = {
    EXIT_DATA: "a disk or a plugin does not answer; see which, and try again",
    EXIT_KEY: "ask the source of the key by hand, and try again",
    EXIT_NETWORK: "check the network, and try again",
}
"""What to do about a check that did not end, by what it would have failed with."""


@dataclass(frozen=True, slots=True)
class Check:
    """What a check found.

    Attributes:
        detail: one line: what is so, or what is wrong.
        advice: what to do about it; "" where nothing is to be done.
        latency_ms: how long what it waits for took; None where that says nothing.
        data: the same for programs.
        exit_code: of a failure: what the program leaves with.
    """

    name: str
    status: Status
    detail: str
    advice: str = ""
    latency_ms: int | None = None
    data: Mapping[str, Any] = field(default_factory=dict)
    exit_code: int = 0

    def as_json(self) -> dict[str, Any]:
        """The object of the JSON output."""
        return {
            "name": self.name,
            "status": self.status,
            "detail": self.detail,
            "advice": self.advice or None,
            "latency_ms": self.latency_ms,
            "data": dict(self.data),
        }


def failed(
    name: str,
    error: ClaudeError,
    *,
    latency_ms: int | None = None,
    advice: str = "",
    data: Mapping[str, Any] | None = None,
) -> Check:
    """The failure that `error` is; of one that we made the text says what to do, too, behind a semicolon."""
    exit_code = _EXITS.get(error.exit_code, error.exit_code)
    if error.retry_after_s:
        advice = f"try again in {error.retry_after_s:,.0f} s"
    elif isinstance(error, ProviderError) and error.status:
        advice = advice or _ADVICE.get(error.code, "")
    advice = advice or error.advice or ""
    detail, _, to_do = (str(error), "", advice) if advice else str(error).partition("; ")
    to_do = to_do or _OTHERWISE.get(exit_code, "try again later")
    known = {"code": error.code, "request_id": error.request_id, **(data or {})}
    return Check(name, "fail", detail, to_do, latency_ms, known, exit_code)


def skipped(names: Iterable[str], why: str) -> Iterator[Check]:
    """Checks that are not made, all for the same reason."""
    return (Check(name, "skipped", why) for name in names)


def milliseconds(seconds: float) -> int:
    """Seconds as whole milliseconds."""
    return round(seconds * 1000)


@dataclass(frozen=True, slots=True)
class Step:
    """A check to come: its name, the seconds it may take, and what the program leaves with where it hangs."""

    name: str
    limit_s: float = LIMIT_S
    exit_code: int = EXIT_DATA


@dataclass(frozen=True, slots=True)
class Task:
    """Checks that need each other, made one after the other: `run` gives one for each step, in this order."""

    steps: Sequence[Step]
    run: Callable[[], Iterable[Check]]

    @classmethod
    def of(cls, name: str, run: Callable[[], Check]) -> Task:
        """A task of one check."""
        return cls((Step(name),), lambda: (run(),))

    @classmethod
    def known(cls, checks: Iterable[Check]) -> Task:
        """Checks that are made already, in their place among the others."""
        found = tuple(checks)
        return cls([Step(check.name) for check in found], lambda: found)


_Came = tuple[Check, float] | BaseException


def together(
    tasks: Sequence[Task],
    *,
    deadline: float = float("inf"),
    clock: Callable[[], float] = time.monotonic,
    start: Callable[[Thread], None] = Thread.start,
) -> Iterator[Check]:
    """Run all tasks side by side; yields their checks in order, each as soon as those before it are there.

    A check that hangs fails when its time is over, and its thread is left behind: it holds up nothing else.

    Args:
        deadline: when everything is to be over, by `clock`.
        start: starts a thread; where there is none to be had (`RuntimeError`), the task is run at once.
    """
    begun = clock()
    running = [(task, _begun(task, clock, start)) for task in tasks]
    for task, queue in running:
        yield from _collected(task, queue, begun, deadline, clock)


def _begun(task: Task, clock: Callable[[], float], start: Callable[[Thread], None]) -> SimpleQueue[_Came]:
    queue: SimpleQueue[_Came] = SimpleQueue()

    def run() -> None:
        try:
            for check in task.run():
                queue.put((check, clock()))
        except BaseException as error:  # the border: a bug in a thread is raised where it is seen
            queue.put(error)

    try:
        start(Thread(target=run, daemon=True, name="check"))
    except RuntimeError:  # a container's limit of processes is reached
        run()
    return queue


def _collected(
    task: Task, queue: SimpleQueue[_Came], since: float, deadline: float, clock: Callable[[], float]
) -> Iterator[Check]:
    for number, step in enumerate(task.steps, 1):
        end = min(since + step.limit_s, deadline)
        try:
            came = queue.get(timeout=max(end + GRACE_S - clock(), 0.0) if end < float("inf") else None)
        except Empty:
            over, advice = f"no end in {step.limit_s:g} s", _HUNG[step.exit_code]
            if end == deadline:
                over, advice = "the time for all checks is over", "allow more of it with --timeout"
            yield Check(step.name, "fail", over, advice, exit_code=step.exit_code)
            yield from skipped((each.name for each in task.steps[number:]), f"{step.name} did not end")
            return
        if isinstance(came, BaseException):
            raise came
        check, since = came
        yield check


def verdict(checks: Iterable[Check]) -> tuple[Status, int]:
    """What all of them come to, and the exit status: 0 also with warnings, else the lowest of the failures'.

    The lowest is what blocks the others: settings and data (2) before the key (3), that before the network (5, 6).
    """
    found = list(checks)
    codes = [check.exit_code for check in found if check.status == "fail"]
    if codes:
        return "fail", min(codes)
    return ("warn" if any(check.status == "warn" for check in found) else "ok"), 0

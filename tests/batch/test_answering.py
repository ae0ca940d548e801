"""One row's answer: what comes of each way in which it may end, and when it is asked again."""

from __future__ import annotations

import asyncio
import json

import pytest

from claude_cli.batch.answering import MOST_CUTS
from claude_cli.batch.gate import Gate
from claude_cli.batch.job import Settings
from claude_cli.batch.stop import exit_status
from claude_cli.core.budget import plan_of
from claude_cli.core.errors import (
    AuthenticationError,
    BillingError,
    BudgetReachedError,
    ConnectionFailedError,
    OverloadedError,
    ProtocolError,
    ProviderError,
    RequestRejectedError,
    StreamInterruptedError,
    TimedOutError,
)
from claude_cli.core.form import Form
from claude_cli.core.messages import Notice
from claude_cli.core.models import catalogue
from claude_cli.core.schema import load_schema
from claude_cli.storage.books import RunBooks

from .conftest import Clock, Night, OpenBooks, Parrot, WideGate, around, row

CUT = StreamInterruptedError("the connection closed before the answer was complete")


def refused() -> ConnectionFailedError:
    return ConnectionFailedError("127.0.0.1 refuses connections", kind="refused")


def overloaded(**more) -> OverloadedError:
    return OverloadedError("Overloaded", status=529, **more)


def test_an_answer(simulate):
    """All that OUT has of it."""
    simulator = simulate({"say": "Good day"})
    night = Night([row(0, "Hello", notices=(Notice("dropped_parameter", "top_k is not sent"),))]).run(simulator.url)
    result = night.store.results["row-0"]
    assert (result.text, result.stop_reason, result.error) == ("Good day", "end_turn", None)
    assert (result.tries, result.maybe_billed, result.simulated) == (1, False, False)
    assert result.usage.input_tokens > 0 and result.usage.output_tokens > 0
    assert result.cost_pico == result.usage.input_tokens * 2_000_000 + result.usage.output_tokens * 10_000_000
    assert result.request_id and result.ttft_ms is not None and result.duration_ms >= result.ttft_ms >= 0
    assert [notice.code for notice in result.notices] == ["dropped_parameter"]
    assert json.dumps(result.as_json())


def test_what_is_simulated_costs_nothing(simulate):
    """And says that it is."""
    night = Night([row()], Settings(most=8, simulated=True)).run(simulate().url)
    result = night.store.results["row-0"]
    assert result.simulated and result.cost_pico is None


SCHEMA = Form(schema=load_schema("name, age int"))


@pytest.mark.parametrize(
    ("step", "row_", "code", "text"),
    [
        ({"say": "half", "stop_reason": "max_tokens"}, row(), "truncated", "half"),
        ({"say": "no", "stop_reason": "refusal", "output": True}, row(), "refused", ""),
        ({"say": "no JSON"}, row(form=SCHEMA), "schema_not_met", "no JSON"),
        ({"say": "no code"}, row(form=Form(extract="first")), "no_code_block", "no code"),
        (
            {"say": "half", "stop_reason": "max_tokens"},
            row(form=Form(extract="first")),
            "truncated",
            "half",
        ),
        ({"stop_reason": "tool_use", "tool": "look"}, row(form=SCHEMA), "tool_use", None),
        ({"status": 400}, row(), "invalid_request", ""),
        ({"status": 413}, row(), "request_too_large", ""),
        ({"garbage_after": 0, "garbage": "json"}, row(), "protocol", ""),
    ],
    ids=[
        "cut",
        "refused",
        "schema not met",
        "no code",
        "cut before any code",
        "a tool",
        "rejected",
        "too large",
        "garbage",
    ],
)
def test_a_row_fails_by_itself(simulate, step, row_, code, text):
    """It is told with what came, and the others go on."""
    simulator = simulate(step)
    night = Night([row_, row(1)], Settings(most=1)).run(simulator.url)
    failed = night.store.results["row-0"]
    assert night.store.failed == {"row-0": code} and night.store.finished
    assert text is None or failed.text == text
    assert exit_status(night.job.stop, night.job.tally.failed) == 11


def test_a_cut_answer_is_taken_where_that_is_wished(simulate):
    """`--on-truncate ok`."""
    simulator = simulate({"say": "half", "stop_reason": "max_tokens"})
    night = Night([row(on_truncate="ok")]).run(simulator.url)
    assert night.store.results["row-0"].error is None


def test_a_cut_answer_is_continued_where_that_is_wished(simulate):
    """`--on-truncate continue`: each request counts as a try, and all are paid for."""
    simulator = simulate({"say": "half", "stop_reason": "max_tokens"}, {"say": " done"})
    night = Night([row(on_truncate="continue")]).run(simulator.url)
    result = night.store.results["row-0"]
    assert (result.text, result.tries, result.error) == ("half done", 2, None)
    assert [notice.code for notice in result.notices] == ["continued"]


@pytest.mark.parametrize(
    ("step", "reason"),
    [
        ({"status": 529}, "overloaded"),
        ({"status": 429, "retry_after": "3"}, "rate_limit"),
        ({"status": 500}, "server_error"),
        ({"drop": True}, "connection"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_may_pass_is_tried_again_by_the_gate(simulate, step, reason):
    """The row rests there, where others may go on, and says why."""
    night = Night([row()]).run(simulate(step, step).url)
    result = night.store.results["row-0"]
    assert (result.error, result.tries) == (None, 3)
    assert [told for _, told in night.gate.rests] == [reason, reason]
    assert reason != "rate_limit" or [seconds for seconds, _ in night.gate.rests] == [3.0, 3.0]


def test_it_is_tried_for_as_long_as_is_wished():
    """Ten minutes; then the row has failed, with the last error."""
    clock = Clock()

    def plan(asked: str, count: int) -> ProviderError | None:
        clock.now += 100
        return overloaded()

    night = Night([row()], clock=clock).run(Parrot(plan))
    assert night.store.failed == {"row-0": "overloaded"}
    assert night.store.results["row-0"].tries == 6
    assert night.store.results["row-0"].duration_ms == 600_000


def test_a_wait_that_would_be_too_long_is_none():
    """The provider asks for an hour, and there are ten minutes."""
    night = Night([row()]).run(Parrot(lambda asked, count: overloaded(retry_after_s=3600.0)))
    assert night.store.results["row-0"].tries == 1 and not night.gate.rests


@pytest.mark.parametrize(("retries", "tries"), [(0, 1), (2, 3)])
@pytest.mark.parametrize("error", [overloaded(), CUT], ids=["overloaded", "cut"])
def test_the_number_of_tries_can_be_bounded(error, retries, tries):
    """`--retries`, over all calls of a row."""
    night = Night([row()], Settings(most=8, retries=retries)).run(Parrot(lambda asked, count: error))
    assert night.store.results["row-0"].tries == tries


def test_a_broken_stream_is_asked_anew():
    """What it said is gone; what it may cost is not."""
    night = Night([row(0, "Hello")]).run(Parrot(lambda asked, count: CUT if count < 3 else None))
    result = night.store.results["row-0"]
    assert (result.text, result.error, result.tries, result.maybe_billed) == ("Hello", None, 3, True)
    assert result.usage.input_tokens == 30
    assert result.cost_pico == sum(record.cost_pico or 0 for record in night.books.records)
    assert [record.status for record in night.books.records] == ["stream_interrupted", "stream_interrupted", "done"]
    assert len(night.books.plans) == 3, "each call is set aside for"


def test_a_stream_that_always_breaks_is_given_up():
    """Each of them may have to be paid for."""
    night = Night([row(0, "Hello")]).run(Parrot(lambda asked, count: CUT))
    result = night.store.results["row-0"]
    assert (result.text, result.tries, result.maybe_billed) == ("Hello", MOST_CUTS, True)
    assert night.store.failed == {"row-0": "stream_interrupted"}


def test_an_answer_that_cannot_become_better_is_not_asked_anew(simulate):
    """What came is no Messages API; it would be paid for again."""
    night = Night([row()]).run(simulate({"say": "half of it", "garbage_after": 4, "garbage": "json"}).url)
    assert night.store.failed == {"row-0": "stream_interrupted"}
    assert night.store.results["row-0"].tries == 1


def test_a_timeout_may_be_billed():
    """It is marked, also where the next try brings the answer."""
    night = Night([row()]).run(Parrot(lambda asked, count: TimedOutError("nothing came") if count == 1 else None))
    result = night.store.results["row-0"]
    assert (result.error, result.tries, result.maybe_billed) == (None, 2, True)


def test_time_for_the_whole_row(simulate):
    """`--timeout`: with all its waits."""
    night = Night([row()], Settings(most=8, timeout_s=0.01)).run(simulate({"delay_s": 5}).url)
    assert night.store.failed == {"row-0": "timeout"}


@pytest.mark.parametrize(
    "error",
    [
        AuthenticationError("invalid x-api-key", status=401),
        BillingError("no credit", status=402),
    ],
    ids=lambda error: error.code,
)
def test_what_concerns_all_rows_ends_the_batch(error):
    """No row is marked as failed: all can be asked when it is put right. What was accepted before is kept."""
    night = Night([row(number) for number in range(40)])
    with pytest.raises(type(error)):
        night.run(Parrot(lambda asked, count: error if asked[-1] == "9" else None))
    assert 9 <= len(night.store.results) < 20 and not night.store.failed
    assert night.store.closed and not night.store.finished
    assert not any(record.status == "aborted" for record in night.books.records)
    assert exit_status(night.job.stop, 0) == error.exit_code


@pytest.mark.parametrize("kind", ["refused", "unresolved", "untrusted"])
def test_a_host_that_never_answered_ends_the_batch(kind):
    """It is a typo: nobody wants it tried for ten minutes, nor all rows marked as failed."""
    night = Night([row(number) for number in range(20)])
    with pytest.raises(ConnectionFailedError):
        night.run(Parrot(lambda asked, count: ConnectionFailedError("not there", kind=kind)))
    assert not night.store.results
    assert exit_status(night.job.stop, 0) == 6


@pytest.mark.parametrize("answer", [None, overloaded()], ids=["an answer", "a refusal"])
def test_a_host_that_has_answered_is_no_typo(answer):
    """It is tried as long as any other failure: it may be starting anew."""

    def plan(asked: str, count: int) -> ProviderError | None:
        if asked == "Question 0" and count == 1:
            return answer
        return refused() if count <= 5 else None

    night = Night([row(number) for number in range(3)], Settings(most=1)).run(Parrot(plan))
    assert not night.store.failed and len(night.store.results) == 3


def test_a_row_that_was_sent_before_the_host_answered_goes_on_as_well():
    """It had two tries only, but another row has shown meanwhile that there is somebody."""
    night = Night([row(0), row(1)], Settings(most=2)).run(
        Parrot(lambda asked, count: refused() if asked == "Question 0" and count <= 4 else None)
    )
    assert not night.store.failed and night.store.results["row-0"].tries == 5


@pytest.mark.parametrize("error", [overloaded(), ProtocolError("a page of HTML")], ids=lambda error: error.code)
def test_where_nobody_is_answered_for_long_the_batch_ends(error):
    """The rows that showed it stay open: it was not their fault."""
    settings = Settings(most=4, retries=1)
    night = Night([row(number) for number in range(100)], settings, gate=WideGate(4)).run(
        Parrot(lambda asked, count: error if int(asked[9:]) >= 10 else None)
    )
    assert len(night.store.results) == 10 and not night.store.failed
    assert night.job.stop.reason == "pace"
    assert night.job.stop.detail == f"the provider answers nobody (8 rows one after the other: {error})"
    assert exit_status(night.job.stop, 0) == 5
    assert night.job.tally.under_way == 0 and not night.store.finished


@pytest.mark.parametrize(
    ("error", "settings"),
    [(CUT, Settings(most=4)), (TimedOutError("--timeout", retryable=False), Settings(most=4, timeout_s=1.0))],
    ids=["streams that break", "the user's own time for a row"],
)
def test_rows_that_fail_by_their_own_fault_are_no_outage(error, settings):
    """However many they are: a batch that stayed at them would never come to its end."""
    night = Night([row(number) for number in range(12)], settings).run(Parrot(lambda asked, count: error))
    assert len(night.store.failed) == 12 and night.job.stop.reason is None


def test_a_few_rows_without_an_answer_are_no_outage():
    """They have failed, as others were answered after them."""
    night = Night([row(number) for number in range(40)], Settings(most=4, retries=0), gate=WideGate(4)).run(
        Parrot(lambda asked, count: overloaded() if 10 <= int(asked[9:]) < 17 else None)
    )
    assert sorted(night.store.failed) == [f"row-{number}" for number in range(10, 17)]
    assert night.store.finished and night.job.stop.reason is None


def test_the_last_rows_have_failed_without_one_after_them():
    """Too few to tell an outage; nothing stays in doubt."""
    night = Night([row(number) for number in range(7)], Settings(most=4, retries=0)).run(
        Parrot(lambda asked, count: overloaded())
    )
    assert len(night.store.failed) == 7 and night.store.finished


# ------------------------------------------------------------------------------------------------ money
class Tight(OpenBooks):
    """Books that let so many calls run at once, and so many in all."""

    def __init__(self, at_once: int, in_all: int = 1000) -> None:
        super().__init__()
        self.at_once, self.in_all, self.most = at_once, in_all, 0

    async def reserve(self, plan):
        """As in `Books`."""
        await asyncio.sleep(0)
        under_way = len(self.plans) - len(self.records)
        error = BudgetReachedError("--max-cost of $1.00 is reached")
        error.retryable = len(self.plans) < self.in_all
        if under_way >= self.at_once or not error.retryable:
            raise error
        self.most = max(self.most, under_way + 1)
        return await super().reserve(plan)


def test_near_a_budget_fewer_run_at_once():
    """A row waits until another has given back what it did not need."""
    books = Tight(at_once=2)
    night = Night([row(number) for number in range(30)], books=books).run(Parrot())
    assert len(night.store.results) == 30 and books.most == 2 and night.store.finished


def test_a_budget_that_holds_rows_back_is_named():
    """For as long as it does: who watches knows why only one is under way."""
    plan = plan_of(row().request, catalogue(), flexible=False)
    seen: list[tuple[str, int]] = []

    def watched(asked: str, count: int) -> None:
        seen.append((gate.state().why, gate.state().under_way))

    gate = Gate(8)
    night = Night([row(number) for number in range(6)], gate=gate, books=RunBooks((plan.worst_pico or 0) * 3 // 2))
    night.run(Parrot(watched))
    assert len(night.store.results) == 6 and gate.state().why == ""
    assert seen == [("", 1), *[("limit: --max-cost", 1)] * 4, ("", 1)]


def test_at_a_budget_the_batch_ends():
    """What is under way ends; nothing is marked as failed."""
    night = Night([row(number) for number in range(30)], books=Tight(at_once=3, in_all=10)).run(Parrot())
    assert len(night.store.results) == 10 and not night.store.failed and not night.store.finished
    assert night.job.stop.reason == "budget" and "--max-cost" in night.job.stop.detail
    assert exit_status(night.job.stop, 0) == 9


def test_an_answer_that_broke_near_a_budget_does_not_block_others():
    """It gives its place to those who have money and wait for a place; they leave it what they do not need."""
    night = Night([row(number) for number in range(8)], Settings(most=1), gate=WideGate(1), books=Tight(at_once=2))
    night.run(Parrot(lambda asked, count: CUT if count == 1 else None))
    assert len(night.store.results) == 8 and not night.store.failed


def test_a_budget_that_ends_between_two_calls_of_a_row():
    """Its answer broke, and there is no money for another: it stays open, and the batch ends."""
    night = Night([row(0)], books=Tight(at_once=9, in_all=1)).run(Parrot(lambda asked, count: CUT))
    assert night.job.stop.reason == "budget" and not night.store.results


def test_money_that_others_have_set_aside_is_not_waited_for():
    """Another process may take hours; nothing of this one is under way that would ever wake it."""
    night = Night([row(0)], books=Tight(at_once=0)).run(Parrot())
    assert night.job.stop.reason == "budget" and not night.store.results


def test_what_the_gate_is_told():
    """What the row is expected to take, by what those before it took, and what it took in the end."""
    gate = WideGate(1)
    night = Night([row(number) for number in range(60)], Settings(most=1), gate=gate).run(Parrot())
    assert len(night.store.results) == 60
    assert gate.costs[0].output_tokens == 1000
    assert gate.costs[-1].output_tokens < 200
    assert {usage.output_tokens for usage in gate.left if usage} == {5}


def test_the_gate_expects_what_the_user_expects():
    """`--expect-output`, of the first rows."""
    gate = WideGate(1)
    night = Night([row()], gate=gate)
    night.job.check(expect_output=250)
    asyncio.run(night.job.run(Parrot(), around(), gate, night.books))
    assert [cost.output_tokens for cost in gate.costs] == [250]


def test_a_model_without_a_price_has_no_cost():
    """Which is not free; a try that failed before does not make it so."""
    night = Night([row(0, model="llama3")]).run(Parrot(lambda asked, count: CUT if count < 3 else None))
    assert night.store.results["row-0"].cost_pico is None


def test_rejected_is_rejected():
    """A row that is refused for good is asked once."""
    parrot = Parrot(lambda asked, count: RequestRejectedError("no", status=400))
    Night([row()]).run(parrot)
    assert parrot.asked == ["Question 0"]

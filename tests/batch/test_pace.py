"""The controller of a batch's pace, rule by rule, and against providers in virtual time."""

from __future__ import annotations

import random

import pytest

from claude_cli.batch.pace import Cost, Pace
from claude_cli.core.messages import Usage

from .pacing import Run, Server

COST = Cost(500, 200)
WORK = Usage(input_tokens=500, output_tokens=200)
PLENTY = 10**9


def about(middle):
    """Draws numbers around `middle`, from a third of it to nearly twice as many."""
    return lambda chance: chance.uniform(0.3 * middle, 1.7 * middle)


def whole(middle):
    return lambda chance: int(chance.uniform(0.3 * middle, 1.7 * middle))


def heads(**told):
    """Headers of a limit and what remains of it: `requests=(100, 5)`."""
    found = {}
    for name, (limit, remaining) in told.items():
        stem = f"anthropic-ratelimit-{name.replace('_', '-')}"
        found |= {f"{stem}-limit": str(limit), f"{stem}-remaining": str(remaining)}
    return found


def sent(pace, count, now=0.0, cost=COST):
    return [pace.sent(cost, now) for _ in range(count)]


def room(pace, now=0.0, cost=COST):
    """How many requests more may be sent at once."""
    count = 0
    while pace.wait_s(cost, now) == 0:
        pace.sent(cost, now)
        count += 1
    return count


# -- how many at once


@pytest.mark.parametrize(("most", "first"), [(1, 1), (5, 5), (8, 8), (64, 8)])
def test_few_until_the_first_answer_has_begun(most, first):
    """A wrong key, a wrong host or an exhausted limit must not cost 64 requests."""
    pace = Pace(most, 0.0)
    assert room(pace) == first
    assert pace.wait_s(COST, 100.0) == float("inf")


@pytest.mark.parametrize(
    ("status", "more"),
    [
        pytest.param(200, 56, id="an answer"),
        pytest.param(400, 56, id="a refusal of this one request"),
        pytest.param(500, 0, id="an error of the server"),
        pytest.param(529, 0, id="overloaded"),
        pytest.param(429, 0, id="too many requests"),
    ],
)
def test_the_first_head_opens_the_gate(status, more):
    """Nothing forbids more, so nothing is waited for; but a failure is no permission."""
    pace = Pace(64, 0.0)
    first, *_ = sent(pace, 8)
    pace.heard(first, status, {}, 0.1)
    assert room(pace, 0.1) == more


def test_an_overloaded_first_answer_is_heeded():
    """Who is overloaded by eight is not asked by 64 because one of them was answered."""
    pace = Pace(64, 0.0)
    first, second, *_ = sent(pace, 8)
    pace.heard(first, 529, {}, 0.1)
    pace.failed(first, "overloaded", 0.1)
    pace.heard(second, 200, {}, 0.2)
    assert pace.state(None, 0, 0.2).allowed == 7


def test_each_overload_takes_one_place_and_calm_gives_them_back():
    """All of 64 overloaded leave one; then each answer gives one more, as long as none goes wrong."""
    pace = Pace(64, 0.0)
    for each in sent(pace, 1):
        pace.heard(each, 200, {}, 0.1)
        pace.over(each, WORK, 0.2)
    for each in sent(pace, 64):
        pace.heard(each, 529, {}, 1.0)
        pace.failed(each, "overloaded", 1.0)
    assert pace.state(None, 0, 1.0).allowed == 1
    for _ in range(80):
        (each,) = sent(pace, 1)
        pace.heard(each, 200, {}, 2.0)
        pace.over(each, WORK, 2.0)
    assert pace.state(None, 0, 2.0).allowed == 64


@pytest.mark.parametrize(
    ("status", "reason", "cut"),
    [
        pytest.param(200, "overloaded", 1, id="overloaded in the midst of a stream"),
        pytest.param(529, "overloaded", 1, id="told twice of one overload"),
        pytest.param(0, "overloaded", 1, id="overloaded, of a provider whose heads are not heard"),
        pytest.param(0, "rate_limit", 1, id="refused, of such a provider"),
        pytest.param(0, "connection", 0, id="no connection"),
        pytest.param(500, "server_error", 0, id="an error of the server"),
    ],
)
def test_which_failures_take_a_place(status, reason, cut):
    """Only what says "too much"; the retries see to the rest."""
    pace = Pace(8, 0.0)
    (tried,) = sent(pace, 1)
    if status:
        pace.heard(tried, status, {}, 0.1)
    pace.failed(tried, reason, 0.2)
    assert pace.state(None, 0, 0.2).allowed == 8 - cut


def test_an_answer_without_a_head_counts_when_it_is_whole():
    """A plugin's provider does not tell of heads."""
    pace = Pace(64, 0.0)
    (tried,) = sent(pace, 1)
    pace.over(tried, WORK, 0.5)
    assert pace.state(None, 0, 0.5).allowed == 64


# -- a 429 that no limit explains


def refuse(pace, count, now, asked=None, told=None):
    for each in sent(pace, count, now):
        pace.heard(each, 429, told or {}, now, asked)
        pace.failed(each, "rate_limit", now)


def test_one_refusal_stops_nobody():
    """One 429 may be chance, and only its own row waits."""
    pace = Pace(8, 0.0)
    refuse(pace, 2, 1.0, asked=60.0)
    assert pace.wait_s(COST, 1.0) == 0


@pytest.mark.parametrize(
    ("asked", "wait"),
    [pytest.param(60.0, 60.0, id="as long as it says"), pytest.param(None, 1.0, id="a second unless it says")],
)
def test_refusals_in_a_row_stop_all(asked, wait):
    """The provider's word on when to ask again holds for every row."""
    pace = Pace(8, 0.0)
    refuse(pace, 3, 1.0, asked)
    assert pace.wait_s(COST, 1.0) == wait
    state = pace.state(COST, 4, 1.0)
    assert (state.held_s, state.why, state.waiting) == (wait, "rate limited", 4)
    assert pace.wait_s(COST, 1.0 + wait) == 0


def test_the_pause_grows_while_nothing_is_answered():
    """1, 2, 4, ... 30 s; an answer makes it a second again."""
    pace, now, waits = Pace(8, 0.0), 0.0, []
    refuse(pace, 2, now)
    for _ in range(7):
        refuse(pace, 1, now)
        waits.append(pace.wait_s(COST, now))
        now += waits[-1]
    assert waits == [1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0]
    answered(pace, now, {})
    refuse(pace, 3, now)
    assert pace.wait_s(COST, now) == 1.0


# -- limits that are told


def answered(pace, now, told, cost=COST, usage=WORK):
    (tried,) = sent(pace, 1, now, cost)
    pace.heard(tried, 200, told, now)
    pace.over(tried, usage, now)


@pytest.mark.parametrize(
    ("told", "more"),
    [
        pytest.param({"requests": (600_000, 10)}, 9, id="requests, a margin of half a one"),
        pytest.param({"input_tokens": (60_000_000, 5_000)}, 9, id="input tokens, a margin of half a thousand"),
        pytest.param(
            {"output_tokens": (60_000, 3_000)},
            11,
            id="output tokens, of which the first row has yet to produce its own",
        ),
        pytest.param({"requests": (600_000, 10), "output_tokens": (60_000, 1_000)}, 1, id="the tightest of them"),
        pytest.param({"tokens": (60_000_000, 5_000)}, 6, id="a workspace's limit, input and output"),
        pytest.param(
            {"tokens": (60_000_000, 5_000), "input_tokens": (60_000_000, 9_000)}, 17, id="the repeated tightest"
        ),
    ],
)
def test_what_remains_is_used_up_and_no_more(told, more):
    """A request goes when each limit has what it is expected to take."""
    pace = Pace(64, 0.0)
    answered(pace, 0.0, heads(**told))
    assert room(pace) == more
    wait = pace.wait_s(COST, 0.0)
    assert 0 < wait < 2
    assert pace.wait_s(COST, wait + 0.001) == 0


def test_why_it_waits_is_told():
    """The limit by name, for the display."""
    pace = Pace(64, 0.0)
    answered(pace, 0.0, heads(input_tokens=(2_000_000, 0)))
    state = pace.state(COST, 3, 0.0)
    assert state.why == "limit: input tokens 2,000,000/min"
    assert 0 < state.held_s < 0.1


@pytest.mark.parametrize(
    "told",
    [
        pytest.param({}, id="nothing"),
        pytest.param({"anthropic-ratelimit-requests-limit": "10"}, id="half of it"),
        pytest.param(heads(requests=("ten", "few")), id="words"),
        pytest.param(heads(requests=(0, 0)), id="a limit of none"),
        pytest.param(heads(requests=("-5", "-5")), id="less than nothing"),
        pytest.param(heads(requests=("9" * 5000, "9" * 5000)), id="no number for a machine"),
        pytest.param(heads(requests=("²", "²")), id="a digit that is no number"),
    ],
)
def test_headers_of_no_use_are_left_alone(told):
    """A server can send anything."""
    pace = Pace(64, 0.0)
    answered(pace, 0.0, told)
    assert room(pace) == 64


def test_what_is_saved_up_is_not_used_all_at_once():
    """A burst that arrives late finds that the bucket has run over meanwhile: half a second is taken for it."""
    pace = Pace(64, 0.0)
    answered(pace, 0.0, heads(requests=(600, 30)))
    now, times = 0.0, []
    while now < 0.5:
        if wait := pace.wait_s(COST, now):
            now += wait
        else:
            sent(pace, 1, now)
            times.append(now)
    assert 15 < len(times) < 30
    assert times[1] == pytest.approx(1 / 70)


def test_each_model_has_its_limits():
    """A model that is exhausted does not stop another one's rows."""
    pace = Pace(64, 0.0)
    opus, haiku = COST._replace(model="opus"), COST._replace(model="haiku")
    answered(pace, 0.0, heads(requests=(60, 0)), opus)
    assert pace.wait_s(opus, 0.0) == 1.5
    assert pace.wait_s(haiku, 0.0) == 0


def test_a_request_larger_than_the_limit_goes_alone():
    """It waits for a full bucket, not for ever."""
    pace, large = Pace(64, 0.0), Cost(100_000, 200)
    answered(pace, 0.0, heads(input_tokens=(30_000, 15_000)))
    wait = pace.wait_s(large, 0.0)
    assert 29 < wait < 32
    pace.sent(large, wait)
    assert pace.wait_s(COST, wait) > 100


def test_what_rows_take_is_learnt():
    """The first rows are expected to take more than they do; the later ones as much as the first took."""
    pace, cost = Pace(64, 0.0), Cost(1_000, 1_000)
    for _ in range(20):
        answered(pace, 0.0, {}, cost, Usage(input_tokens=100, cache_write_tokens=400, cache_read_tokens=9_000))
    answered(pace, 0.0, heads(input_tokens=(60_000_000, 5_500)), cost, Usage(input_tokens=500))
    assert room(pace, 0.0, cost) == 10


def test_a_refusal_that_a_limit_explains_holds_that_limit():
    """Until the second that the provider names, and without taking a place away."""
    pace = Pace(64, 0.0)
    answered(pace, 0.0, heads(requests=(600, 100)))
    refuse(pace, 1, 1.0, asked=7.0, told=heads(requests=(600, 0)))
    assert pace.wait_s(COST, 1.0) == 7.0
    assert pace.state(COST, 1, 1.0).why == "limit: requests 600/min"
    assert pace.state(COST, 1, 1.0).allowed == 64


def test_a_try_that_was_not_sent_takes_nothing():
    """As where a breaker stands before the provider."""
    pace = Pace(64, 0.0)
    answered(pace, 0.0, heads(requests=(600_000, 2)))
    (tried,) = sent(pace, 1)
    assert pace.wait_s(COST, 0.0) > 0
    pace.failed(tried, "breaker_open", 0.0)
    assert pace.wait_s(COST, 0.0) == 0


def test_how_long_nobody_has_been_answered_is_told():
    """For whoever has to decide that the provider answers no more."""
    pace = Pace(8, 10.0)
    for each in sent(pace, 3, 10.0):
        pace.failed(each, "connection", 12.0)
    state = pace.state(None, 0, 15.0)
    assert (state.quiet_s, state.failing) == (5.0, 3)
    answered(pace, 20.0, {})
    state = pace.state(None, 0, 21.0)
    assert (state.quiet_s, state.failing) == (1.0, 0)


# -- providers in virtual time

BOUND = {
    "requests": ({"input-tokens": PLENTY, "output-tokens": PLENTY}, 1),
    "input-tokens": ({"requests": PLENTY, "output-tokens": PLENTY}, 500),
    "output-tokens": ({"requests": PLENTY, "input-tokens": PLENTY}, 200),
}


def against(bound, *, latency_s, burst_s, rows_a_minute, **server):
    """A run bound by one limit, of rows that vary, whose input is first underestimated."""
    others, each = BOUND[bound]
    limits = {**others, bound: rows_a_minute * each}
    return Run(
        Server(limits, burst_s=burst_s, **server), about(latency_s),
        tokens_in=whole(500), tokens_out=whole(200), expected=lambda tokens: Cost(int(tokens * 0.7), 1000),
    )  # fmt: skip


@pytest.mark.parametrize("late", [False, True], ids=["counted on arrival", "counted when the head leaves"])
@pytest.mark.parametrize("burst_s", [60.0, 6.0, 1.0], ids=["a minute's burst", "a tenth", "a second's"])
@pytest.mark.parametrize(
    ("latency_s", "rows_a_minute", "minutes"),
    [pytest.param(0.2, 1_000, 1, id="fast"), pytest.param(2.0, 500, 2, id="usual")],
)
@pytest.mark.parametrize("bound", list(BOUND))
def test_limits_are_used_and_kept(bound, latency_s, rows_a_minute, minutes, burst_s, late):
    """At least 90 % of what is allowed, under 2 % of the requests answered 429."""
    run = against(bound, latency_s=latency_s, rows_a_minute=rows_a_minute, burst_s=burst_s, late=late)
    run.until(60.0 * minutes)
    allowed = 1 + burst_s / (60 * minutes)
    assert run.share(bound) >= 0.9 * allowed
    assert run.refused < 0.02
    assert run.highest <= 64


@pytest.mark.parametrize("bound", list(BOUND))
def test_answers_of_twenty_seconds(bound):
    """The words of a head are old by then."""
    run = against(bound, latency_s=20.0, rows_a_minute=110, burst_s=60.0).until(1_500.0)
    assert run.share(bound) >= 0.98
    assert run.refused < 0.02


@pytest.mark.parametrize("others", [0.3, 0.7])
@pytest.mark.parametrize("bound", list(BOUND))
def test_others_use_the_same_limit(bound, others):
    """What they leave is used, and hardly more is asked for, once it is known what that is."""
    run = against(bound, latency_s=2.0, rows_a_minute=1_000, burst_s=6.0, others=others).until(60.0)
    before, answers = run.statuses.get(429, 0), run.answers
    run.until(180.0)
    assert run.share(bound) >= 0.95
    assert run.statuses[429] - before < 0.04 * (run.answers - answers)


def test_one_in_ten_turned_away_at_random_costs_little():
    """5 % overloaded and 5 % refused, without a word on limits: at least three quarters of the full speed."""

    def fails(chance: random.Random) -> int | None:
        draw = chance.random()
        return 529 if draw < 0.05 else 429 if draw < 0.10 else None

    run = Run(Server({}, silent=True), lambda chance: 0.2, fails=fails).until(30.0)
    assert run.answers > 0.75 * 64 * 30 / 0.24


def test_a_provider_that_can_serve_twenty_at_once_is_asked_by_twenty():
    """It says so by 529 alone."""
    run = Run(Server({}, silent=True), lambda chance: 0.5)
    run.fails = lambda chance: 529 if run.pace.under_way > 20 else None
    run.until(60.0)
    assert run.answers > 0.9 * 20 * 60 / 0.54
    assert run.pace.state(None, 0, 60.0).allowed < 30


def test_an_outage_is_met_by_few_and_left_quickly():
    """A minute of 529: one request at a time; seconds after its end the full speed is back."""
    run = Run(Server({}, silent=True), lambda chance: 0.2)
    run.fails = lambda chance: 529 if 20 < run.now < 80 else None
    run.until(79.0)
    assert run.pace.state(None, 0, 79.0).allowed == 1
    before = run.until(83.0).answers
    assert run.until(84.0).answers - before > 0.9 * 64 / 0.24

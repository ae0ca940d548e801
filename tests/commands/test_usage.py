"""`usage`: what calls have used and cost, on a terminal, in a pipe, as JSON and as CSV."""

from __future__ import annotations

import csv
import io
from datetime import UTC, date, datetime, timedelta

import pytest

from claude_cli.commands.usage import first_day
from claude_cli.core.budget import Limits, Plan, Record
from claude_cli.core.messages import Usage
from claude_cli.storage.ledger import About, Ledger

TODAY = date.today()


@pytest.fixture
def ledger(claude):
    """Keeps calls where the program looks for them: model, session, cost, days ago."""
    made = []

    def keep(model="claude-sonnet-5-5", *, cost=10**10, ago=0, session=None, usage=None, over=True, status="done"):
        day = (TODAY - timedelta(days=ago)).isoformat()
        noon = datetime.fromisoformat(f"{day}T12:00").astimezone(UTC).timestamp()
        how = {"notify": lambda notice: None, "clock": lambda: noon, "local_day": lambda at: day}
        kept = Ledger(claude.home / "usage.db", About("complete", "anthropic", "", session), Limits(), **how)
        made.append(kept)
        ticket = kept.begin(Plan(model, 10, 1000, input_pico=10**9, token_pico=10**6))
        if over:
            kept.settle(ticket, Record(model, status, usage or Usage(1000, 200, 3000), cost))

    yield keep
    for kept in made:
        kept.close()


def test_none_yet(claude):
    """Status 0, nothing made: whoever asks before the first call has done nothing wrong."""
    (said,) = claude("usage").lines
    assert said == "claude-cli: no call is recorded yet: the first one begins the ledger"
    plain = claude("usage", "-q")
    assert (plain.status, plain.out, plain.err) == (0, "", "")
    told = claude("usage", "--json", "--since", "all").json
    assert (told["rows"], told["totals"]["calls"], told["totals"]["cost_usd"]) == ([], 0, 0)
    assert claude("usage", "--csv", "--by", "model", "-q").out.startswith("model,calls,")
    assert {path.name for path in claude.home.iterdir()} == {"told-history", "told-usage"}


def test_a_real_call_is_in_it_to_the_last_digit(claude, simulator):
    """From the API's usage object through the ledger to the sums."""
    cost = claude("complete", "hi", "--json").json["cost_usd"]
    told = claude("usage", "--by", "model", "--json").json
    (row,) = told["rows"]
    assert (row["model"], row["calls"], row["cost_usd"]) == ("claude-sonnet-5-5", 1, cost)
    assert int(row["cost_pico_usd"]) == round(cost * 10**12)
    assert claude("usage", "--csv").out.splitlines()[1].startswith(f"{TODAY},1,0,0,")


def test_a_session_is_told_by_its_title(claude, ledger):
    """In the table, which people read; ids are what other programs look for."""
    from claude_cli.storage.conversations import Conversation, History

    for session in ("one", "two", "three", None):
        ledger(session=session)
    args = ("usage", "--by", "session")
    assert not (claude.home / "history.db").exists() and "one  " in claude(*args).out
    assert not (claude.home / "history.db").exists()
    history = History(claude.home, notify=pytest.fail)
    history.adopt([Conversation("one", "High \x1b[1m tides"), Conversation("two")])
    history.close()
    keys = {line.rpartition("$")[0].strip() for line in claude(*args).out.splitlines()[1:5]}
    assert keys == {"one High tides", "two", "three", "-"}
    assert {row["session"] for row in claude(*args, "--json").json["rows"]} == {"one", "two", "three", None}
    (claude.home / "history.db").unlink()
    (claude.home / "history.db").mkdir()
    assert "one  " in claude(*args).out


def test_json_says_everything(claude, ledger):
    """Money as a number and, exactly, as a text; null where nothing of it has a price."""
    ledger(cost=52_500_500_000)
    ledger("llama", cost=None)
    ledger("mixed", cost=None)
    ledger("mixed", cost=1, session="s", over=True)
    ledger(over=False)
    told = claude("usage", "--by", "model", "--since", "today", "--json", CLAUDE_CLI_BUDGET_DAY="0.25").json
    rows = {
        row["model"]: (row["calls"], row["unpriced_calls"], row["cost_usd"], row["cost_pico_usd"])
        for row in told["rows"]
    }
    assert rows == {
        "claude-sonnet-5-5": (1, 0, 0.0525005, "52500500000"),
        "mixed": (2, 1, 1e-12, "1"),
        "llama": (1, 1, None, None),
    }
    assert (told["version"], told["by"], told["since"], told["until"]) == (1, "model", TODAY.isoformat(), None)
    assert told["totals"] == {
        "calls": 4, "unpriced_calls": 2, "estimated_calls": 0, "open_calls": 1, "lost_calls": 0, "failed_calls": 0,
        "input_tokens": 4000, "output_tokens": 800, "cache_read_tokens": 12_000, "cache_write_tokens": 0,
        "thinking_tokens": 0, "cost_usd": 0.052500500001, "cost_pico_usd": "52500500001",
    }  # fmt: skip
    assert told["budgets"] == [
        {
            "name": "budget.day",
            "limit_usd": 0.25, "limit_pico_usd": "250000000000",
            "spent_usd": 0.052500500001, "spent_pico_usd": "52500500001",
            "reserved_usd": 0.002, "reserved_pico_usd": "2000000000",
            "left_usd": 0.195499499999, "left_pico_usd": "195499499999",
        }
    ]  # fmt: skip


def test_csv_is_safe_to_open_in_a_spreadsheet(claude, ledger):
    """RFC 4180: lines end in CR LF, what needs quotes has them; no text is taken for a formula; money is exact."""
    ledger("=HYPERLINK(1)", cost=52_500_500_000)
    ledger('a "b", c\nd', cost=None)
    text = claude("usage", "--by", "model", "--csv").out_bytes.decode()
    assert text.count("\r\n") == 3
    header, formula, quoted = csv.reader(io.StringIO(text, newline=""))
    assert (header[0], header[-1]) == ("model", "cost_usd")
    assert (formula[0], formula[-1]) == ("'=HYPERLINK(1)", "0.0525005")
    assert (quoted[0], quoted[2], quoted[-1]) == ('a "b", c\nd', "1", "")


def test_a_pipe_gets_a_plain_table(claude, ledger):
    """No bars, no styles; what is unpriced never reads as free."""
    ledger()
    ledger(cost=None)
    done = claude("usage", FORCE_COLOR="1")
    since = TODAY - timedelta(days=29)
    assert done.out.splitlines() == [
        "day                       cost  calls     in  out  cached",
        f"{TODAY}  $0.01 + 1 unpriced      2  8,000  400     75%",
        f"total since {since}: $0.01 + 1 unpriced, 2 calls, 8,000 tokens in (75% from cache), 400 out",
    ]
    assert done.err == ""


@pytest.mark.parametrize(
    ("columns", "env", "bar"),
    [
        pytest.param(80, {}, "\x1b[36m" + "█" * 34 + "\x1b[0m", id="80 columns"),
        pytest.param(40, {}, "\x1b[36m" + "█" * 13 + "\x1b[0m", id="40 columns"),
        pytest.param(80, {"NO_COLOR": "1"}, "  " + "█" * 34, id="no colour"),
        pytest.param(80, {"TERM": "dumb"}, "  " + "#" * 34, id="a dumb terminal"),
        pytest.param(40, {"LC_ALL": "C", "NO_COLOR": "1"}, "  " + "#" * 13, id="a plain locale"),
    ],
)
def test_a_terminal_gets_a_chart(claude, ledger, columns, env, bar):
    """As wide as there is room, and as plain as is asked; the budget is below."""
    ledger(ago=2)
    ledger(ago=1, cost=5 * 10**9)
    ledger()
    lines = claude("usage", tty=(columns, 24), CLAUDE_CLI_BUDGET_MONTH="9", **env).out.splitlines()
    assert [line[:10] for line in lines[1:4]] == [(TODAY - timedelta(days=ago)).isoformat() for ago in (2, 1, 0)]
    assert lines[1].endswith(bar) and lines[3].endswith(bar) and not lines[2].endswith(bar)
    assert lines[-1].startswith("budget.month: $8.9")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        pytest.param(
            ["--by", "week"], "--by week is not known; choose day, month, model, command, session or profile", id="by"
        ),
        pytest.param(["--since", "tomorrow"], "--since 'tomorrow' is no day; choose 7d, 4w, 3m, today", id="since"),
        pytest.param(["--since", "0d"], "--since 0d: the number is from 1 to 999", id="no days"),
        pytest.param(["--since", "1000m"], "the number is from 1 to 999; all is", id="too many months"),
        pytest.param(["--since", f"{'9' * 5000}d"], "the number is from 1 to 999", id="a number without end"),
        pytest.param(["--since", "٣d"], "is no day", id="digits of another script"),
        pytest.param(["--until", "2026-02-30"], "'2026-02-30' is no day; choose today, yesterday or", id="until"),
        pytest.param(["--until", "2020-01-01"], "is before the first day", id="the wrong way round"),
        pytest.param(["--json", "--csv"], "choose one", id="two forms"),
    ],
)
def test_wrong_options(claude, words, said):
    """Status 2 with what would be right."""
    claude("usage", *words).failed(2, said)


def test_a_file_that_is_no_ledger_is_named(claude):
    """Status 2, as `health` has it, and it is left as it is."""
    (claude.home / "usage.db").write_bytes(b"no database " * 500)
    claude("usage").failed(2, "usage.db is damaged")
    assert (claude.home / "usage.db").read_bytes() == b"no database " * 500


def test_a_file_in_the_folder_s_place_is_named(claude):
    """Not "no call yet": none will ever be recorded."""
    (claude.home / "file").touch()
    claude("usage", CLAUDE_CLI_HOME=str(claude.home / "file")).failed(2, "usage.db cannot be read: Not a directory")


def test_an_unpriced_call_and_failures_are_not_free(claude, ledger):
    """What failed cost nothing, and does not make the rest of a model's calls cost $0."""
    ledger("llama", cost=None)
    ledger("llama", cost=0, usage=Usage(), status="not_found")
    assert "unpriced" in claude("usage", "--by", "model").out.splitlines()[1]
    assert claude("usage", "--csv", "--by", "model").out.splitlines()[1].endswith(",")
    told = claude("usage", "--json", "--by", "month", "--since", "yesterday", "--until", "today").json
    assert (told["totals"]["cost_usd"], told["totals"]["failed_calls"]) == (None, 1)
    assert (told["rows"][0]["month"], told["rows"][0]["cost_usd"]) == (f"{TODAY:%Y-%m}", None)


def test_days_without_calls(claude, ledger):
    """There is a ledger, but nothing of these days in it."""
    ledger(ago=60)
    assert "no call is recorded of these days; --since all" in claude("usage").err
    assert claude("usage", "--since", "3m").out.count("\n") == 3


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("today", date(2026, 11, 22)),
        ("yesterday", date(2026, 11, 21)),
        ("week", date(2026, 11, 16)),
        ("1d", date(2026, 11, 22)),
        ("7d", date(2026, 11, 16)),
        ("4w", date(2026, 10, 26)),
        ("month", date(2026, 11, 1)),
        ("3m", date(2026, 8, 23)),
        ("12m", date(2025, 11, 23)),
        ("999m", date(1943, 8, 23)),
        ("all", None),
        ("2026-02-28", date(2026, 2, 28)),
    ],
)
def test_the_first_day(text, wanted):
    """A span of days, weeks or months ends today, and today is part of it."""
    assert first_day(text, date(2026, 11, 22)) == wanted


@pytest.mark.parametrize(
    ("today", "wanted"),
    [
        (date(2026, 5, 31), date(2026, 3, 1)),
        (date(2026, 1, 15), date(2025, 10, 16)),
        (date(2026, 12, 31), date(2026, 10, 1)),
    ],
)
def test_months_of_other_lengths(today, wanted):
    """The 31st has no counterpart in each month: the last day is taken for it."""
    assert first_day("3m", today) == wanted

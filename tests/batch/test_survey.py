"""The first look at an input: every bad row named in one run, what is open, what it may take, and a sample of it."""

from __future__ import annotations

import random
import tracemalloc
from dataclasses import replace

import pytest

from claude_cli.batch.row import Refused, Result, Row
from claude_cli.batch.survey import FIRST, KEPT_REFUSED, KEPT_SIZE, SAMPLE, Survey, survey
from claude_cli.core.errors import UsageError
from claude_cli.core.messages import LLMOptions, Message, Notice, image_block, text_block
from claude_cli.core.models import catalogue
from claude_cli.core.pricing import PICO
from claude_cli.core.tokens import estimate

from .conftest import MODEL, DictStore, ListSource, row

HAIKU = "claude-haiku-4-5-20251001"
LONG = "Judge what the customer wants. " * 200


def look(*rows: Row | Refused, done: tuple[str, ...] = (), **more: object) -> Survey:
    """The survey of `rows`, of which those in `done` have been answered."""
    store = DictStore({key: Result(key, MODEL) for key in done})
    return survey(ListSource(rows, "prompts.jsonl"), store, **more)


def with_options(one: Row, options: LLMOptions) -> Row:
    """The same row, asked with `options`."""
    return replace(one, request=replace(one.request, options=options))


def test_one_run_names_all_rows_that_cannot_be_asked():
    """A row refused by the source and one whose id is another's are alike: who mends them mends all at once."""
    found = look(row(0), Refused(2, "no prompt"), row(2), row(3, id="row-0"), row(4))
    assert (found.rows, found.refused_count) == (3, 2)
    assert found.complaint("prompts.jsonl") == (
        "prompts.jsonl has 2 rows that cannot be asked: line 2: no prompt; line 4: line 4 has the id row-0 of another"
    )


@pytest.mark.parametrize(
    ("count", "end"),
    [
        pytest.param(0, "", id="none"),
        pytest.param(1, "a row that cannot be asked: line 1: bad", id="one"),
        pytest.param(4, "4 rows that cannot be asked: line 1: bad; line 2: bad; line 3: bad; and lines 4", id="a few"),
        pytest.param(5_000, " 19, 20 and 4,980 more", id="thousands"),
    ],
)
def test_a_complaint_stays_a_line(count, end):
    """However many rows are wrong, it can be read."""
    words = look(row(), *(Refused(line, "bad") for line in range(1, count + 1))).complaint("prompts.jsonl")
    assert words.endswith(end)
    assert (not words) == (not count)
    assert len(words) < 250


def test_refused_rows_are_counted_and_the_first_of_them_kept():
    """Five thousand reasons would be five thousand objects."""
    found = look(row(), *(Refused(line, "not JSON") for line in range(1, 5_001)))
    assert (found.refused_count, [each.line for each in found.refused]) == (5_000, [*range(1, KEPT_REFUSED + 1)])


def test_an_input_without_any_row_is_refused():
    """It is more likely a mistake (a wrong file, an empty pipe) than a wish."""
    with pytest.raises(UsageError, match=r"^prompts\.jsonl has no row"):
        look()


def test_an_input_of_bad_rows_alone_is_told_as_such():
    """It is not empty: what is wrong with it can be said."""
    assert (
        look(Refused(1, "not JSON")).complaint("x.jsonl") == "x.jsonl has a row that cannot be asked: line 1: not JSON"
    )


def test_what_rows_take_is_added_up_by_model():
    """The input by our estimate of each row, the output as expected, the money at the models' own prices."""
    asked = [row(0), row(1, "How are you? " * 50), row(2, model=HAIKU)]
    loads = look(*asked, expect_output=300).loads
    tokens = sum(estimate(each.request, catalogue().find(MODEL)) for each in asked[:2])
    price = catalogue().find(MODEL).raw["price_usd_per_mtok"]
    load = loads[MODEL]
    assert (load.rows, load.input_tokens, load.output_tokens) == (2, tokens, 600)
    assert load.input_pico == tokens * price["input"] * PICO // 10**6
    assert load.output_pico == 600 * price["output"] * PICO // 10**6
    assert loads[HAIKU].rows == 1


@pytest.mark.parametrize(
    ("options", "tokens"),
    [
        pytest.param(LLMOptions(max_tokens=16_000), 1_000, id="as expected"),
        pytest.param(LLMOptions(max_tokens=50), 50, id="no more than the row allows"),
        pytest.param(LLMOptions(max_tokens=16_000, extra={"max_tokens": 7}), 7, id="as it is sent"),
        pytest.param(LLMOptions(), 1_000, id="no limit said"),
    ],
)
def test_no_row_is_expected_to_pass_its_limit(options, tokens):
    """A thousand classifications of at most 50 tokens are no million tokens."""
    assert look(with_options(row(), options)).loads[MODEL].output_tokens == tokens


def test_a_long_prompt_has_the_price_of_long_prompts():
    """Where the catalogue has a higher price from some length on, each row is priced by its own length."""
    models = catalogue()
    model = next(model for model in models.models if model.raw.get("price_long_prompt"))
    border = model.raw["price_long_prompt"]["above_prompt_tokens"]
    asked = row(0, "word " * border, model=model.id)
    load = look(asked).loads[model.id]
    assert load.input_pico == load.input_tokens * model.raw["price_long_prompt"]["input"] * PICO // 10**6


@pytest.mark.parametrize(
    "asked",
    [
        pytest.param(row(1, model="llama-3"), id="a model that is not known"),
        pytest.param(with_options(row(1), LLMOptions(extra={"speed": "fast"})), id="a speed that it does not have"),
    ],
)
def test_what_has_no_price_is_not_free(asked):
    """One such row is enough for the money of its model not to be known; the tokens still are."""
    load = look(asked, row(0, model=asked.request.model)).loads[asked.request.model]
    assert (load.input_pico, load.output_pico, load.rows) == (None, None, 2)
    assert load.input_tokens > 0


def test_rows_that_begin_alike_pay_for_that_once():
    """The first writes the cache, the others read it; what one alone writes is nobody's saving."""
    alone = look(row(0, system=LONG), row(1)).loads[MODEL]
    whole = look(*(row(number, system=LONG, prefix=None) for number in range(10))).loads[MODEL]
    load = look(*(row(number, system=LONG) for number in range(10))).loads[MODEL]
    assert alone.saved_pico == 0
    assert load.input_pico == whole.input_pico - load.saved_pico
    price = catalogue().find(MODEL).raw["price_usd_per_mtok"]
    shared = len(LONG) / 2.5
    saved = shared * (9 * (price["input"] - price["cache_read"]) - (price["cache_write_5m"] - price["input"]))
    assert load.saved_pico / PICO == pytest.approx(saved / 10**6, rel=0.02)


def test_a_beginning_too_short_for_the_cache_saves_nothing():
    """Models cache from some length on; below it, marks are ignored."""
    assert look(*(row(number, system="Be brief.") for number in range(10))).loads[MODEL].saved_pico == 0


def test_only_open_rows_count_where_some_were_answered_before():
    """The rest of a night costs what is left of it."""
    rows = [row(number, notices=(Notice("dropped_parameter", "no top_k"),)) for number in range(50)]
    found = look(*rows, done=tuple(each.id for each in rows[:40]))
    assert (found.rows, found.resumed.open, found.loads[MODEL].rows) == (50, 10, 10)
    assert {each.number for each in found.sample} < set(range(40, 50))
    assert [each.number for each in found.first] == [40, 41, 42]
    assert found.notices == {"no top_k": 10}


@pytest.mark.parametrize(
    ("done", "passes"),
    [
        pytest.param((), 1, id="nothing done"),
        pytest.param(("row-0",), 2, id="something done"),
        pytest.param(("row-0", "row-1", "row-2"), 1, id="all done"),
    ],
)
def test_the_input_is_read_twice_only_to_tell_open_rows_from_others(done, passes):
    """Which rows are open is known when all have been seen."""
    source = ListSource([row(number) for number in range(3)])
    found = survey(source, DictStore({key: Result(key, MODEL) for key in done}))
    assert (source.read, bool(found.loads)) == (3 * passes, len(done) < 3)


def test_the_sample_is_spread_over_the_input_and_each_row_has_the_same_chance():
    """Inputs are often sorted, by length even; the first rows would say little of the rest."""
    rows, chosen = [row(number) for number in range(50)], [0] * 50
    chance = random.Random(6)
    for _ in range(250):
        found = look(*rows, draw=chance.random)
        assert len({each.number for each in found.sample}) == SAMPLE
        for each in found.sample:
            chosen[each.number] += 1
    assert min(chosen) > 15 and max(chosen) < 70  # 40 on average
    assert [each.number for each in found.first] == [*range(FIRST)]


def test_large_rows_are_not_kept():
    """A row may hold 30 MB of images; but a dry run has something to show, and to count."""
    large = image_block("image/png", "A" * (KEPT_SIZE + 1))
    asked = [row(number) for number in range(20)]
    asked = [
        replace(each, request=replace(each.request, messages=(Message("user", (large, text_block("what?"))),)))
        for each in asked
    ]
    found = look(*asked)
    assert [each.number for each in found.first] == [each.number for each in found.sample] == [0]


def test_different_notices_are_counted_and_only_the_first_kept():
    """A notice may name a number of its row."""
    found = look(*(row(number, notices=(Notice("x", f"lowered to {number % 40}"),)) for number in range(80)))
    assert (len(found.notices), set(found.notices.values())) == (20, {2})


def test_a_survey_keeps_nothing_for_each_row():
    """Fifteen hundred rows with as many beginnings, or twice as many: the same memory."""

    def growth(count: int) -> int:
        class Forgetful(DictStore):
            """The index is not what is measured."""

            def add(self, row: Row) -> None:
                """Forget it."""

        def rows():
            for number in range(count):
                made = row(number % 10, id=number, prefix=number.to_bytes(16))
                yield replace(made, notices=(Notice("x", f"notice {number}"),))

        source = ListSource(rows())
        tracemalloc.start()
        survey(source, Forgetful())
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return peak

    assert growth(3_000) - growth(1_500) < 150_000  # half of what it would be with all prefixes

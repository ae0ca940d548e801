"""What comes of an answer that is no plain text: it calls a tool, or has not the form asked for."""

from __future__ import annotations

from claude_cli.batch.job import Settings
from claude_cli.batch.outcome import _called
from claude_cli.core.form import Delivered, Form
from claude_cli.core.messages import Completion, Usage, text_block
from claude_cli.core.schema import load_schema

from .conftest import Night, row

SCHEMA = Form(schema=load_schema("name, age int"))


def test_words_of_a_failed_row_are_made_for_a_batch(simulate):
    """Nothing is printed there, and nobody wrote `-x`."""
    simulator = simulate({"say": "no code"}, {"stop_reason": "tool_use", "tool": "look"})
    asked = [row(form=Form(extract="python")), row(1, form=SCHEMA)]
    night = Night(asked, Settings(most=1)).run(simulator.url)
    said = [str(night.store.results[each.id].error) for each in asked]
    assert said[0] == "there is no python block in the answer, which is kept whole; have the prompt ask for one"
    assert said[1].endswith("the model asked for a tool (look), and a batch runs none")


def test_a_call_of_a_rows_own_tool_is_its_answer(simulate):
    """A tool that has to be called is a usual way to get a value; whoever made the row runs it."""
    step = {"stop_reason": "tool_use", "tool": "look", "tool_input": {"place": "here"}, "say": "Let me look."}
    night = Night([row()], Settings(most=1)).run(simulate(step).url)
    result = night.store.results["row-0"]
    assert (result.status, result.stop_reason, result.text) == ("done", "tool_use", "Let me look.")
    assert result.structured == {"place": "here"}


def test_several_calls_are_a_list():
    """Each with the tool's name, as one would not know which it is."""
    calls = [{"type": "tool_use", "id": name, "name": name, "input": {"n": name}} for name in ("a", "b")]
    done = Completion("", "m", (text_block("Both."), *calls), "tool_use", Usage())
    assert _called(row(), done) == Delivered(
        "Both.", [{"name": "a", "input": {"n": "a"}}, {"name": "b", "input": {"n": "b"}}]
    )
    assert _called(row(), Completion("", "m", (), "tool_use", Usage())) is None

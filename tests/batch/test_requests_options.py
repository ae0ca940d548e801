"""Parameters of rows: whose they are, and that one which decides money is what it has to be."""

from __future__ import annotations

from typing import Any

import pytest

from claude_cli.batch.common import DEFAULT_MAX_TOKENS, Common
from claude_cli.batch.requests import RowMaker
from claude_cli.batch.requests_files import RowFiles
from claude_cli.batch.row import Row
from claude_cli.core.errors import UsageError
from claude_cli.core.messages import LLMOptions
from claude_cli.core.wire_request import request_object

MODEL = "claude-sonnet-5-5"
HI = {"prompt": "hi"}
ASKED = [{"role": "user", "content": "hi"}]


def make(members: dict[str, Any], common: Common | None = None) -> Row:
    """The row that `members` make."""
    return RowMaker(common or Common(MODEL), RowFiles(None)).row(0, 1, members)


@pytest.mark.parametrize(
    ("members", "sent"),
    [
        pytest.param({**HI}, {"system": "set", "max_tokens": 50, "temperature": 0.1, "effort": "low"}, id="a prompt"),
        pytest.param({"params": {}}, {"max_tokens": DEFAULT_MAX_TOKENS, "temperature": 0.1}, id="a whole request"),
        pytest.param({"params": {"max_tokens": 7}}, {"max_tokens": 7, "temperature": 0.1}, id="with its own number"),
    ],
)
def test_settings_leave_a_whole_request_alone(members, sent):
    """It is sent as it is: what somebody has set for questions of his own must not change a file of the Batches API."""
    common = Common(
        "llama-4", "set", LLMOptions(max_tokens=50, temperature=0.1, effort="low"),
        of_settings=frozenset({"system", "max_tokens", "effort"}),
    )  # fmt: skip
    if "params" in members:
        members = {"params": {"messages": ASKED, **members["params"]}}
    request = make(members, common).request
    options = request.options
    found = {
        "system": request.system, "max_tokens": options.max_tokens, "temperature": options.temperature,
        "effort": options.effort,
    }  # fmt: skip
    assert {name: value for name, value in found.items() if value is not None} == sent


@pytest.mark.parametrize("value", ["five", True, -1, 1.5, {}], ids=["a word", "true", "below 0", "half", "an object"])
@pytest.mark.parametrize("model", [MODEL, "no-such-model"], ids=["known", "unknown"])
def test_a_max_tokens_that_is_none_is_refused_for_any_model(model, value):
    """Money and streaming are decided by it, so it would end a run in the middle; a flag's is named as one."""
    for members in ({**HI, "model": model}, {"params": {"model": model, "messages": ASKED}}):
        wrong = {**members, "max_tokens": value}
        wrong = {"params": {**members["params"], "max_tokens": value}} if "params" in members else wrong
        with pytest.raises(UsageError, match=r"^max_tokens is .+; it is a whole number from 0$"):
            make(wrong)
    with pytest.raises(UsageError, match=r"^-O max_tokens is"):
        make(HI, Common(model, options=LLMOptions(extra={"max_tokens": value})))
    assert request_object(make({**HI, "model": model, "max_tokens": 0}).request)["max_tokens"] == 0

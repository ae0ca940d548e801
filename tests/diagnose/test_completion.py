"""Whom `health --live` asks: the cheapest model that is there to be asked."""

from __future__ import annotations

import pytest

from claude_cli.core.errors import UsageError
from claude_cli.core.model_merge import LiveList, merge
from claude_cli.core.models import catalogue
from claude_cli.diagnose.completion import live_request


def offered(*models: dict[str, str]):
    """The catalogue at an address that lists `models`."""
    return merge(catalogue(), LiveList("x", 0, models), None)


@pytest.mark.parametrize(
    ("models", "asked"),
    [
        pytest.param(catalogue(), "claude-haiku-5-5", id="all that are shipped"),
        pytest.param(offered({"id": "claude-opus-5"}), "claude-opus-5", id="those the server has"),
        pytest.param(
            offered({"id": "claude-haiku-5-5", "lifecycle": "deprecated"}, {"id": "claude-opus-5"}),
            "claude-opus-5", id="none that is about to go",
        ),
    ],
)  # fmt: skip
def test_the_cheapest_is_asked(models, asked):
    """And no other server's."""
    assert live_request(None, models).model == asked


def test_none_is_offered():
    """Then one has to be named."""
    with pytest.raises(UsageError, match="name one with -m"):
        live_request(None, offered({"id": "llama3:8b"}))

"""The error tree: the one in the docstring is the one in the code, with its exit statuses and words."""

from __future__ import annotations

import re

import pytest

from claude_cli.core import errors
from claude_cli.core.errors import ClaudeError, ConnectionFailedError, ProviderError, StreamInterruptedError

CLASSES = {item.__name__: item for item in vars(errors).values() if isinstance(item, type)}
CLASSES = {name: item for name, item in CLASSES.items() if issubclass(item, ClaudeError)}


def drawn() -> list[tuple[int, str, int]]:
    """Depth, name and exit status of each line of the drawing."""
    found = []
    for line in (errors.__doc__ or "").splitlines():
        match = re.match(r"^((?:[│ ]   )*(?:[├└]── )?)(\w+Error) +exit (\d+)", line)
        if match:
            found.append((len(match[1]) // 4, match[2], int(match[3])))
    return found


def test_the_tree_is_the_tree_in_the_docstring():
    """A drawing that lies is worse than none."""
    above: list[str] = []
    for depth, name, exit_code in drawn():
        del above[depth:]
        parent = above[-1] if above else "Exception"
        assert CLASSES[name].__bases__[0].__name__ == parent, name
        assert CLASSES[name].exit_code == exit_code, name
        above.append(name)
    assert sorted(name for _, name, _ in drawn()) == sorted(CLASSES)


@pytest.mark.parametrize(
    ("name", "code", "exit_code", "retryable"),
    [
        ("ClaudeError", "internal", 1, False),
        ("UsageError", "usage", 2, False),
        ("OutputError", "output", 1, False),
        ("SchemaNotMetError", "schema_not_met", 10, False),
        ("NoCodeBlockError", "no_code_block", 10, False),
        ("BudgetReachedError", "budget", 9, False),
        ("ProviderError", "provider", 6, False),
        ("AuthenticationError", "authentication", 3, False),
        ("PermissionDeniedError", "permission", 3, False),
        ("BillingError", "billing", 3, False),
        ("RequestRejectedError", "invalid_request", 4, False),
        ("NotFoundError", "not_found", 4, False),
        ("ProtocolError", "protocol", 6, False),
        ("TransientError", "server_error", 6, True),
        ("RateLimitError", "rate_limit", 5, True),
        ("OverloadedError", "overloaded", 5, True),
        ("BreakerOpenError", "breaker_open", 5, True),
        ("ServerError", "server_error", 6, True),
        ("TimedOutError", "timeout", 6, True),
        ("ConnectionFailedError", "connection", 6, True),
        ("StreamInterruptedError", "stream_interrupted", 7, True),
        ("TruncatedError", "truncated", 7, False),
        ("RefusedError", "refused", 8, False),
    ],
)
def test_each_class_has_its_word_and_its_exit_status(name, code, exit_code, retryable):
    """Scripts read both; neither may change without notice."""
    error = CLASSES[name]("What happened.")
    assert (error.code, error.exit_code, error.retryable) == (code, exit_code, retryable)
    assert str(error) == "What happened."
    assert error.__doc__


def test_the_table_above_names_every_class():
    """A new error has to be given its status here."""
    table = next(mark for mark in test_each_class_has_its_word_and_its_exit_status.pytestmark).args[1]
    assert {row[0] for row in table} == set(CLASSES)


def test_the_json_form():
    """The `error` member of the output: five names, always all."""
    error = ProviderError("x", code="special", status=429, request_id="req_1", retry_after_s=1.5, retryable=True)
    assert error.as_json() == {
        "code": "special",
        "message": "x",
        "retryable": True,
        "retry_after_s": 1.5,
        "request_id": "req_1",
    }
    assert ClaudeError("y").as_json() == {
        "code": "internal",
        "message": "y",
        "retryable": False,
        "retry_after_s": None,
        "request_id": None,
    }


def test_what_one_error_is_told_does_not_change_its_class():
    """`code` and `retryable` are set on the one error."""
    ProviderError("x", code="special", retryable=True)
    assert (ProviderError.code, ProviderError.retryable) == ("provider", False)
    assert ProviderError("y").details == {}
    assert ProviderError("y", details={"a": 1}).details == {"a": 1}


def test_what_two_classes_carry_besides():
    """The kind of a lost connection decides how often it is tried; the partial text stays with its error."""
    assert ConnectionFailedError("x").kind == "broken"
    assert ConnectionFailedError("x", kind="refused", request_id="r").request_id == "r"
    assert StreamInterruptedError("x").partial == ""
    assert StreamInterruptedError("x", partial="so far", status=200).partial == "so far"

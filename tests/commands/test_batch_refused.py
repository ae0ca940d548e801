"""`batch run` that does not begin: an output that is the input itself, and the report for machines all the same."""

from __future__ import annotations

import pytest

from ..schemas import check
from .batches import rows, write

RUN = ("batch", "run", "in.jsonl", "-o", "out.jsonl")


@pytest.mark.parametrize(
    ("source", "output", "stdin", "said"),
    [
        pytest.param("in.jsonl", "in.jsonl", False, "-o in.jsonl is the input itself", id="by its name"),
        pytest.param("in.jsonl", "link.jsonl", False, "-o link.jsonl is the input itself", id="by a link"),
        pytest.param("link.jsonl", "in.jsonl", False, "-o in.jsonl is the input itself", id="read by a link"),
        pytest.param("in.jsonl", "hard.jsonl", False, "-o hard.jsonl is the input itself", id="by a second name"),
        pytest.param("-", "in.jsonl", True, "-o in.jsonl is the input itself", id="standard input"),
        pytest.param("out.journal", "out", False, "would write out.journal, which is the input", id="the journal"),
        pytest.param("out.partial", "out", False, "would write out.partial, which is the input", id="the partial file"),
    ],
)
@pytest.mark.parametrize("words", [(), ("--restart",), ("--restart", "--dry-run")], ids=["plain", "anew", "dry run"])
def test_the_input_is_never_overwritten(claude, simulator, source, output, stdin, said, words):
    """Not by any of its names, and not when a batch is begun anew."""
    name = source if source.startswith("out") else "in.jsonl"
    path = write(claude, *rows("one"), name=name)
    (claude.folder / "link.jsonl").symlink_to(path)
    (claude.folder / "hard.jsonl").hardlink_to(path)
    before, there = path.read_bytes(), set(claude.folder.iterdir())
    with path.open("rb") as file:
        done = claude("batch", "run", source, "-o", output, *words, **({"stdin": file} if stdin else {}))
    done.failed(2, said, "name another file")
    assert path.read_bytes() == before and set(claude.folder.iterdir()) == there and simulator.requests == []


@pytest.mark.parametrize(
    ("lines", "words", "env", "status", "stopped", "code"),
    [
        pytest.param(["no JSON"], [], {}, 2, "error", "usage", id="a row that cannot be asked"),
        pytest.param(rows("a"), ["--jobs", "0"], {}, 2, "error", "usage", id="a flag"),
        pytest.param(rows("a"), ["--nonsense"], {}, 2, "error", "usage", id="no such flag"),
        pytest.param(
            rows("a"), [], {"ANTHROPIC_API_KEY": None, "ANTHROPIC_BASE_URL": None}, 3, "error", "no_key", id="no key"
        ),
        pytest.param(
            rows("a long story " * 1000),
            ["--max-cost", "0.0001"],
            {},
            9,
            "budget",
            "budget",
            id="the input alone costs",
        ),
        pytest.param(rows("a"), ["--dry-run", "--jobs", "0"], {}, 2, "error", "usage", id="a dry run"),
    ],
)
def test_the_report_of_a_run_that_has_not_begun(claude, simulator, lines, words, env, status, stopped, code):
    """It has the same form, so that a script needs no other; no journal is named that is not there."""
    write(claude, *lines)
    done = claude(*RUN, *words, "--json", **env)
    report = done.json
    check(report, "batch-report")
    done.failed(status, report["error"]["message"])
    assert (report["stopped"], report["error"]["code"], report["exit_status"]) == (stopped, code, status)
    assert (report["output"], report["journal"]) == (None, None) and not list(claude.folder.glob("out*"))
    assert report["stopped_text"] == report["error"]["message"] and report["rows"]["done"] == 0

"""Which model a name means."""

from __future__ import annotations

import pytest

from claude_cli.core.models import catalogue
from claude_cli.gateway.names import ALIASES, Names
from claude_cli.gateway.refusal import Refusal

from .openai_asking import send

OURS = Names(catalogue(), {"fast": "haiku", "gpt-4o": "claude-sonnet-5", "new": "claude-nova-9", "old": "claude-2.1"})
ANY = Names(catalogue(), {}, any_name=True)


@pytest.mark.parametrize(
    ("names", "name", "model"),
    [
        pytest.param(Names(catalogue()), "claude-3-5-sonnet", "claude-sonnet-5-5", id="the guide's sonnet"),
        pytest.param(Names(catalogue()), "claude-3-opus-20240229", "claude-opus-5-5", id="the guide's opus"),
        pytest.param(Names(catalogue()), "claude-3.5-sonnet", "claude-sonnet-5-5", id="with a dot"),
        pytest.param(Names(catalogue()), "claude-opus-4.8", "claude-opus-4-8", id="an id with a dot"),
        pytest.param(Names(catalogue()), "claude-3-haiku", "claude-haiku-5-5", id="the guide's haiku"),
        pytest.param(Names(catalogue()), "sonnet", "claude-sonnet-5-5", id="a line"),
        pytest.param(Names(catalogue()), "OPUS", "claude-opus-5-5", id="a line in capitals"),
        pytest.param(Names(catalogue()), "claude-opus-4-8", "claude-opus-4-8", id="an id"),
        pytest.param(Names(catalogue()), "claude-haiku-4-5", "claude-haiku-4-5-20251001", id="an alias of the API's"),
        pytest.param(Names(catalogue()), "claude-nova-9", "claude-nova-9", id="newer than what is known here"),
        pytest.param(OURS, "fast", "claude-haiku-5-5", id="an alias of the gateway's"),
        pytest.param(OURS, "gpt-4o", "claude-sonnet-5", id="another provider's name"),
        pytest.param(OURS, "new", "claude-nova-9", id="an alias for what is not known"),
        pytest.param(ANY, "llama3.2:3b", "llama3.2:3b", id="another server's"),
        pytest.param(ANY, "claude-2.1", "claude-2.1", id="another server may have what retired"),
    ],
)
def test_names(names, name, model):
    """By alias, id and short name, in this order; what is newer passes."""
    assert names.resolve(name) == model


@pytest.mark.parametrize("name", ALIASES)
def test_every_alias_answers_and_keeps_its_name(name):
    """A client set up years ago is answered by a model of today."""
    found = send({"model": name})

    assert found.asked.model == name
    assert found.body["model"] in {model.id for model in catalogue().models}
    assert name.split("-")[-1 if not name[-1].isdigit() else -2] in found.body["model"]


@pytest.mark.parametrize(
    ("names", "name", "words"),
    [
        pytest.param(OURS, "gpt-5", "no model 'gpt-5' here; did you mean gpt-4o? GET /v1/models", id="a near one"),
        pytest.param(OURS, "zzz", "no model 'zzz' here; GET /v1/models lists", id="none near"),
        pytest.param(OURS, "", "no model '' here", id="none at all"),
        pytest.param(Names(catalogue()), "claude-3-7-sonnet-20250219", "retired; its successor is claude-sonnet-5-5",
                     id="retired, and no alias"),
        pytest.param(Names(catalogue()), "claude-opus-4-1", "retired; its successor is claude-opus-5-5",
                     id="retired, by its short id"),
        pytest.param(Names(catalogue()), "claude-3.7-sonnet", "retired; its successor is claude-sonnet-5-5",
                     id="retired, with a dot"),
        pytest.param(Names(catalogue()), "claude-\r\nx: y", "no model", id="what could be a header"),
        pytest.param(ANY, "a b", "no model", id="a blank"),
        pytest.param(ANY, "x" * 1000, "no model", id="an endless one"),
        pytest.param(ANY, "mödel", "no model", id="letters that a header cannot have"),
    ],
)  # fmt: skip
def test_names_of_nothing(names, name, words):
    """Said with what there is, in OpenAI's own code."""
    with pytest.raises(Refusal) as caught:
        names.resolve(name)

    refusal = caught.value
    assert (refusal.status, refusal.code, refusal.param) == (404, "model_not_found", "model")
    assert words in str(refusal)
    assert len(str(refusal)) < 300

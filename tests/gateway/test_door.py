"""The door: which header a key comes in, and what is said to whoever has none."""

from __future__ import annotations

import pytest

from claude_cli.gateway.door import Door
from claude_cli.gateway.refusal import Refusal
from claude_cli.storage.gateway_keys import ANYONE, GatewayKey

NOW = 1_000.0
KEYS = {"one": GatewayKey("ci"), "two": GatewayKey("web", expires_at=NOW + 1), "old": GatewayKey("old", expires_at=NOW)}

NONE = "no API key was sent; send one of the gateway's as Authorization: Bearer KEY, or as x-api-key: KEY"


class Ring:
    """Keys by their text."""

    def find(self, key):
        return KEYS.get(key)


@pytest.mark.parametrize(
    ("headers", "name"),
    [
        pytest.param({"authorization": "Bearer one"}, "ci", id="bearer"),
        pytest.param({"authorization": "bEARER   two "}, "web", id="in any case, with blanks"),
        pytest.param({"x-api-key": "one"}, "ci", id="x-api-key"),
        pytest.param({"x-api-key": "one", "authorization": "Bearer one"}, "ci", id="both the same"),
        pytest.param({"x-api-key": "one", "authorization": "Bearer two"}, "ci", id="both ours"),
        pytest.param({"x-api-key": "sk-ant-x", "authorization": "Bearer two"}, "web", id="the upstream's, and ours"),
        pytest.param({"x-api-key": "one", "authorization": "Basic dXNlcjpw"}, "ci", id="a proxy's password, and ours"),
        pytest.param({"x-api-key": " ", "authorization": "Bearer one"}, "ci", id="an empty one, and ours"),
    ],
)
def test_a_key_comes_in_either_header(headers, name):
    """OpenAI's clients send one, Anthropic's the other, and some send both."""
    assert Door(Ring(), lambda: NOW).key_of(headers).name == name


@pytest.mark.parametrize(
    ("headers", "words"),
    [
        pytest.param({}, NONE, id="none"),
        pytest.param({"authorization": "Bearer"}, NONE, id="a scheme alone"),
        pytest.param({"authorization": "one"}, NONE, id="no scheme"),
        pytest.param({"authorization": "Token one"}, NONE, id="another scheme"),
        pytest.param({"authorization": "Bearer three"}, "Invalid API key", id="a wrong one"),
        pytest.param({"x-api-key": "a", "authorization": "Bearer b"}, "Invalid API key", id="two wrong ones"),
        pytest.param({"x-api-key": "old"}, "This API key has expired", id="an expired one"),
    ],
)
def test_nobody_comes_in_without_a_key(headers, words):
    """401, of a wrong key in the words that OpenAI's clients know; who has sent none is told how."""
    with pytest.raises(Refusal) as caught:
        Door(Ring(), lambda: NOW).key_of(headers)
    error = {"message": words, "type": "invalid_request_error", "param": None, "code": "invalid_api_key"}
    assert (caught.value.status, caught.value.object()) == (401, {"error": error})
    assert caught.value.headers["www-authenticate"] == "Bearer"


def test_where_nobody_is_asked_everybody_comes_in():
    """Also with a key, which a client may insist on sending."""
    assert Door(None).key_of({}) is Door(None).key_of({"x-api-key": "x"}) is ANYONE

"""Canary keys in many shapes: none of them is ever shown, and what is no secret stays readable."""

from __future__ import annotations

import base64
import copy
import dataclasses
import json
import pickle
import pprint
import traceback

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claude_cli.core.errors import AuthenticationError
from claude_cli.core.redact import Credential, Secret, credential, redact

CANARY = "CANARY0123456789"
KEY = f"sk-ant-api03-{CANARY}_-x"
OTHER = f"gw.{CANARY}"  # a gateway's key: only its place tells what it is
IMAGE = base64.b64encode(bytes(range(256))).decode()
HEADERS = {"x-api-key": OTHER, "anthropic-version": "2026-10-21"}


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(KEY, id="the key alone"),
        pytest.param(f"invalid key {KEY}.", id="in a sentence"),
        pytest.param(f"{KEY}{KEY}", id="twice"),
        pytest.param(f"key clk-{CANARY}xyz is wrong", id="a key of our gateway"),
        pytest.param(f"export ANTHROPIC_API_KEY={KEY}", id="in a shell line"),
        pytest.param(json.dumps({"key": KEY}), id="in JSON"),
        pytest.param(json.dumps(json.dumps({"key": KEY})), id="in JSON in JSON"),
        pytest.param(repr({"key": KEY}), id="in a dict"),
        pytest.param(f"https://h/v1?key={KEY}&x=1", id="in a query"),
        pytest.param(f"a\n{KEY}\nb", id="on a line of its own"),
        pytest.param(f"x-api-key: {OTHER}", id="as a header line"),
        pytest.param(f"X-API-KEY:{OTHER}\r\nhost: h", id="in capitals, without a blank"),
        pytest.param(f"x-api-key={OTHER}", id="with an equals sign"),
        pytest.param(json.dumps(HEADERS), id="headers as JSON"),
        pytest.param(json.dumps(HEADERS, indent=2), id="headers as JSON over lines"),
        pytest.param(json.dumps(json.dumps(HEADERS)), id="headers as JSON in JSON"),
        pytest.param(repr(HEADERS), id="headers as a dict"),
        pytest.param(pprint.pformat(HEADERS, width=20), id="headers as a dict over lines"),
        pytest.param(repr(list(HEADERS.items())), id="headers as a list of pairs"),
        pytest.param(repr([(b"x-api-key", OTHER.encode())]), id="headers as bytes"),
        pytest.param(json.dumps(list(HEADERS.items())), id="headers as a JSON list of pairs"),
        pytest.param(f"curl -H 'x-api-key: {OTHER}' https://h", id="in a command"),
        pytest.param(f"Authorization: Bearer {OTHER}", id="a bearer header"),
        pytest.param(f"authorization: {OTHER}", id="without a scheme"),
        pytest.param(f"Authorization: Token {OTHER}", id="another scheme"),
        pytest.param(f"Proxy-Authorization: Basic {CANARY}==", id="a proxy's"),
        pytest.param(repr({"authorization": f"Bearer {OTHER}"}), id="a bearer header in a dict"),
        pytest.param(f"sent bearer {OTHER} to it", id="a bearer token in a sentence"),
        pytest.param(f"bearer {CANARY}/+~==", id="all characters of a token"),
        pytest.param(f"http://user:{CANARY}@proxy:8080", id="a proxy's password"),
        pytest.param(f"socks5://{CANARY}@proxy:8080/", id="a proxy's user"),
        pytest.param(f"http://user:a,b'{CANARY}@proxy", id="a password with a comma and a quote"),
        pytest.param(f'"https://u:{CANARY}@h/x", "https://u:{CANARY}@h/y"', id="two URLs"),
    ],
)
def test_a_key_is_taken_out_of_every_shape(text):
    """Logs, errors, tracebacks and dry runs go through here."""
    assert CANARY not in redact(text)
    assert redact(redact(text)) == redact(text)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("x-api-key: abc, host: h", "x-api-key: ***, host: h", id="the next header stays"),
        pytest.param("http://me:pw@h:1/a@b", "http://***@h:1/a@b", id="the host stays"),
        pytest.param("sk-ant-api03-abc is wrong", "sk-ant-*** is wrong", id="what kind of key it was stays"),
        pytest.param(f"before {IMAGE} after", "before <base64, 344 characters> after", id="the size of an image stays"),
    ],
)
def test_what_stands_there_instead(text, shown):
    """A log has to stay readable."""
    assert redact(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "the invalid x-api-key header",
        '{"header": "x-api-key", "next": "value"}',
        "authorization, please",
        "no bearer of news",
        "https://api.anthropic.com/v1/messages",
        "write to me@example.org",
        "https://h/path/user@name",
        "req_011CQ2jVYxUZx3Wo3Xj6bmKd",
        "a" * 199,
        "model: claude-opus-5-5",
        "",
    ],
)
def test_what_is_no_secret_stays(text):
    """Masking too much hides what went wrong."""
    assert redact(text) == text


def test_named_secrets_are_taken_out_too():
    """A key that looks like nothing in particular is known by its value."""
    assert redact("got tr0ub4dor, tr0ub4dor!", [Secret("tr0ub4dor")]) == "got ***, ***!"
    assert redact("a b a", [Secret("a")]) == "a b a"  # as a mask it would only hide the message


LETTERS = "abc\"'\\,:;=@/ \n{}[]ABCxyz019"


PARTS = st.sampled_from(["x-api-key", "authorization: ", "Bearer ", "://", "@", KEY, IMAGE, *LETTERS])


@given(st.lists(PARTS, max_size=20))
def test_json_stays_json(parts):
    """A dry run is JSON that is redacted as text: no pattern may take a quote or half an escape with it."""
    text = "".join(parts)
    shown = redact(json.dumps({"first": text, "second": [text]}, ensure_ascii=False, indent=2))
    assert set(json.loads(shown)) == {"first", "second"}
    assert CANARY not in shown


# --- the type


SHOWN = [
    pytest.param(str, id="str"),
    pytest.param(repr, id="repr"),
    pytest.param(lambda item: f"{item}", id="format"),
    pytest.param(lambda item: f"{item!r:>40}", id="format with a width"),
    pytest.param(lambda item: f"{item:}{item!s}", id="format as text"),
    pytest.param(lambda item: str([item]), id="in a list"),
    pytest.param(pprint.pformat, id="pprint"),
    pytest.param(lambda item: str(dir(item)), id="dir"),
]


@pytest.mark.parametrize("show", SHOWN)
@pytest.mark.parametrize("item", [Secret(KEY), Credential(Secret(KEY))], ids=["secret", "credential"])
def test_a_secret_never_shows_itself(item, show):
    """Nobody has to remember to mask it."""
    assert CANARY not in show(item)


@pytest.mark.parametrize("take", [pickle.dumps, copy.copy, copy.deepcopy], ids=["pickle", "copy", "deepcopy"])
@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_secret_is_not_written_down(take, protocol):
    """Neither to another process nor into a cache."""
    with pytest.raises(TypeError, match="not serialised"):
        take(Secret(KEY), protocol) if take is pickle.dumps else take(Secret(KEY))


def test_a_secret_is_not_in_json_nor_in_a_dict_of_its_credential():
    """The two ways a dataclass usually leaks."""
    with pytest.raises(TypeError):
        json.dumps(Secret(KEY))
    with pytest.raises(TypeError, match="not serialised"):
        dataclasses.asdict(Credential(Secret(KEY)))


def test_a_secret_is_not_in_a_traceback():
    """Not even in one that shows the local variables."""
    held = Secret(KEY)
    try:
        raise ValueError(held)
    except ValueError as error:
        shown = "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())
    assert CANARY not in shown
    assert "Secret(***)" in shown


def test_a_secret_is_revealed_by_asking_only():
    """By a transport, for a header."""
    assert Secret(KEY).reveal() == KEY
    assert not hasattr(Secret(KEY), "__dict__")


# --- from the environment


@pytest.mark.parametrize(
    ("value", "kind", "anthropic", "oauth"),
    [
        pytest.param(KEY, "api_key", True, False, id="an API key"),
        pytest.param(f"  {KEY}\n", "api_key", True, False, id="blanks around it"),
        pytest.param("sk-ant-oat01-x", "bearer", True, True, id="an OAuth token is a bearer"),
        pytest.param("local", "api_key", False, False, id="another server's"),
    ],
)
def test_a_credential_out_of_text(value, kind, anthropic, oauth):
    """Trimmed: a newline of `$(cat key)` must not go into a header."""
    found = credential(value, source="TEST")
    assert found.secret.reveal() == value.strip()
    assert (found.kind, found.is_anthropic, found.is_oauth, found.source) == (kind, anthropic, oauth, "TEST")


def test_a_token_travels_as_bearer_where_its_variable_says_so():
    """`ANTHROPIC_AUTH_TOKEN` is one whatever it looks like."""
    assert credential("local", source="TEST", kind="bearer").kind == "bearer"


@pytest.mark.parametrize(
    ("value", "words"),
    [
        pytest.param("", "the key in TEST is empty", id="empty"),
        pytest.param(" \n", "the key in TEST is empty", id="white space"),
        pytest.param(f"{CANARY} {CANARY}", "holds a blank", id="a blank"),
        pytest.param(f"{CANARY}\n{CANARY}", "holds a blank", id="a line break: a second header"),
        pytest.param(f"{CANARY}\t{CANARY}", "holds a blank", id="a tab"),
        pytest.param(f"{CANARY}\x00", "holds a blank", id="a control character"),
        pytest.param(f"{CANARY}…", "holds a blank", id="an ellipsis: copied from a page"),
        pytest.param(f"“{CANARY}”", "holds a blank", id="typographic quotes"),
        pytest.param(f"sk-ant-admin01-{CANARY}", "is an admin key", id="an admin key"),
    ],
)
def test_a_key_that_is_none_is_refused(value, words):
    """Before anything is sent, and without showing it."""
    with pytest.raises(AuthenticationError, match=words) as caught:
        credential(value, source="TEST")
    assert CANARY not in str(caught.value)

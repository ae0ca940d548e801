"""Who may speak on `/socket`: by a header, or by the first message; which pages and hosts; how many, and how long."""

from __future__ import annotations

import pytest
from websockets.exceptions import InvalidStatus

from claude_cli.storage.gateway_keys import GatewayKey

from .conftest import Keys
from .sockets import Talk, text_of

ANNA, BEN = "sk-gw-anna", "sk-gw-ben"
KEYS = {ANNA: GatewayKey("anna"), BEN: GatewayKey("ben", models=("claude-sonnet-5-5",))}


def refused(running, **options):
    """The status and the body of a handshake that is refused."""
    with pytest.raises(InvalidStatus) as caught:
        Talk(running, **options)
    return caught.value.response.status_code, caught.value.response.body.decode()


@pytest.mark.parametrize(
    "headers",
    [{"Authorization": f"Bearer {ANNA}"}, {"x-api-key": ANNA}],
    ids=["bearer", "x-api-key"],
)
def test_a_key_in_a_header_of_the_handshake(gateway, headers):
    """As over HTTP."""
    running = gateway(keys=KEYS)
    with Talk(running, additional_headers=headers) as client:
        client.ask()
        assert client.answer()[-1]["event"] == "chat:done"
    assert running.wait_visits(1)[0].key.name == "anna"


@pytest.mark.parametrize(
    ("headers", "key"),
    [({"Authorization": "Bearer sk-wrong"}, "sk-wrong"), ({"x-api-key": ""}, "")],
    ids=["wrong", "empty"],
)
def test_a_wrong_key_in_a_header_is_401_before_there_is_a_websocket(gateway, headers, key):
    """The same body as over HTTP."""
    running = gateway(keys=KEYS)
    status, body = refused(running, additional_headers=headers)
    assert (status, body) == (401, running.chat(key).body.decode())
    assert [visit.status for visit in running.wait_visits(2)] == [401, 401]


def test_a_key_in_the_first_message_is_what_browsers_can_do(gateway):
    """They set no headers; nothing has to wait for the answer to it."""
    running = gateway(keys=KEYS)
    with Talk(running) as client:
        client.say("auth", {"key": ANNA}, "who")
        client.ask()
        assert client.hear() == {"event": "auth:done", "ref": "who", "payload": {}}
        assert client.answer()[-1]["event"] == "chat:done"
    assert running.wait_visits(1)[0].key.name == "anna"


@pytest.mark.parametrize(
    ("event", "payload"),
    [
        ("auth", {"key": "sk-wrong"}),
        ("auth", {"key": 7}),
        ("auth", None),
        ("auth", [ANNA]),
        ("chat:stream", {}),
        ("ping", None),
        ("what", None),
    ],
)
def test_whoever_shows_no_key_is_shown_the_door(gateway, event, payload):
    """An error that says why, then the close code; nothing is done for them."""
    running = gateway(keys=KEYS)
    with Talk(running) as client:
        client.say(event, payload)
        error = client.error()
        assert (error["status"], error["error"]["code"]) == (401, "invalid_api_key")
        assert client.closed() == 4401
    assert running.upstream.requests == []


def test_who_says_nothing_without_a_key_is_not_waited_for(gateway):
    """Connections are not for idling before the door."""
    running = gateway(keys=KEYS, config={"socket_auth_s": 0.05})
    with Talk(running) as client:
        assert client.closed() == 4401


def test_a_key_that_is_revoked_begins_nothing_more(gateway):
    """What runs may end; the connection stays, and takes another key."""
    keys = Keys(KEYS)
    running = gateway([{"say": "one two three four five six"}], pace_s=0.03, keys=keys)
    with Talk(running, additional_headers={"x-api-key": ANNA}) as client:
        client.ask("a")
        heard = client.until("chat:delta")
        running.call(lambda: keys.given.pop(ANNA))
        client.ask("b")
        client.say("auth", {"key": BEN})
        while not {"chat:done", "chat:error", "auth:done"} <= {each["event"] for each in heard}:
            heard.append(client.hear())
        errors = [each for each in heard if each["event"] == "chat:error"]
        assert [(each["ref"], each["payload"]["status"]) for each in errors] == [("b", 401)]
        assert text_of(heard) == "one two three four five six"
        client.ask("c")
        assert client.error()["error"]["message"].startswith("your key does not have access")


def test_a_wrong_key_later_changes_nothing(gateway):
    """The one that was shown stays."""
    running = gateway(keys=KEYS)
    with Talk(running, additional_headers={"x-api-key": ANNA}) as client:
        client.say("auth", {"key": "sk-wrong"})
        assert client.error()["status"] == 401
        client.ask()
        assert client.answer()[-1]["event"] == "chat:done"


def test_a_key_has_only_so_many_connections(gateway):
    """By header or by message, and again once one has left; others have their own."""
    running = gateway(keys=KEYS, config={"sockets_per_key": 1})
    anna = {"additional_headers": {"x-api-key": ANNA}}
    with Talk(running, **anna) as first:
        status, body = refused(running, **anna)
        assert status == 429 and "too_many_connections" in body
        with Talk(running) as second:
            second.say("auth", {"key": ANNA})
            assert second.error()["error"]["code"] == "too_many_connections"
            assert second.closed() == 1013
        with Talk(running) as third:
            third.say("auth", {"key": BEN})
            assert third.hear()["event"] == "auth:done"
            first.say("auth", {"key": ANNA})
            assert first.hear()["event"] == "auth:done"
    assert running.call(lambda: +running.gateway.sockets) == {}
    with Talk(running, **anna) as again:
        again.say("ping")
        assert again.hear()["event"] == "pong"


def test_an_idle_connection_is_closed_but_not_a_waiting_one(gateway):
    """Where an answer is under way nobody is idle, however long it takes."""
    running = gateway([{"say": "ok", "delay_s": 0.3}], config={"socket_idle_s": 0.1})
    with Talk(running) as client:
        client.ask()
        assert client.answer()[-1]["event"] == "chat:done"
        assert client.closed() == 1000


@pytest.mark.parametrize(
    ("origin", "code"),
    [
        (None, 0),
        ("https://app.example", 0),
        ("https://evil.example", "origin_not_allowed"),
        ("null", "origin_not_allowed"),
    ],
    ids=["no page", "a page that may", "a foreign page", "a page without a name"],
)
def test_pages_that_may_not_call_get_no_websocket(gateway, origin, code):
    """Browsers let every page open one, without asking first: the handshake is the only place to refuse."""
    running = gateway(config={"cors_origins": ("https://app.example",)})
    if code:
        status, body = refused(running, origin=origin)
        assert status == 403 and code in body
    else:
        with Talk(running, origin=origin) as client:
            client.ask()
            assert client.answer()[-1]["event"] == "chat:done"


def test_a_name_that_was_bent_to_this_machine_gets_no_websocket(gateway):
    """DNS rebinding: the page's own host, at our address."""
    status, body = refused(gateway(), additional_headers={"Host": "evil.example"})
    assert status == 403 and "host_not_allowed" in body


def test_there_is_one_websocket(gateway):
    """Elsewhere a handshake is told where it is."""
    running = gateway()
    running_elsewhere = type("Elsewhere", (), {"url": running.url + "/v1/chat/completions"})
    status, body = refused(running_elsewhere)
    assert status == 404 and "/socket" in body

"""Who is let in, and which versions and betas are known."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize(
    ("headers", "message"),
    [
        pytest.param({"x_api_key": None}, "x-api-key header is required", id="no credential"),
        pytest.param({"x_api_key": ""}, "invalid x-api-key", id="an empty key"),
        pytest.param({"x_api_key": "an-invalid-key"}, "invalid x-api-key", id="a key that says so"),
        pytest.param({"x_api_key": None, "authorization": "Bearer invalid"}, "Invalid bearer token", id="a bad token"),
        pytest.param({"x_api_key": None, "authorization": "Basic abc"}, "x-api-key header is required", id="no bearer"),
        pytest.param(
            {"x_api_key": "invalid", "authorization": "Bearer good"}, "invalid x-api-key", id="the key counts"
        ),
    ],
)
def test_a_wrong_credential_is_401(caller, headers, message):
    """Both credentials are checked, and the key wins over the token."""
    response = caller.post(**headers)

    assert response.status_code == 401
    assert response.json()["error"] == {"type": "authentication_error", "message": message}


def test_a_bearer_token_is_as_good_as_a_key(caller):
    """The official SDK sends keys as tokens."""
    assert caller.post(x_api_key=None, authorization="Bearer key").status_code == 200


@pytest.mark.parametrize(("key", "status"), [("mine", 200), ("yours", 401), ("", 401)])
def test_only_given_keys_are_accepted(start, key, status):
    """With a set of keys no other one is let in."""
    assert start(keys={"mine"}).post(x_api_key=key).status_code == status


@pytest.mark.parametrize(
    ("headers", "message"),
    [
        pytest.param({"anthropic_version": None}, "anthropic-version: header is required", id="missing"),
        pytest.param({"anthropic_version": "2024-01-01"}, "is not a valid version", id="unknown"),
        pytest.param({"anthropic_version": "2023-06-01, 2023-06-01"}, "is not a valid version", id="given twice"),
        pytest.param({"anthropic_beta": "new-thing-2030-01-01"}, "`new-thing-2030-01-01`", id="unknown beta"),
        pytest.param({"anthropic_beta": "oauth-2025-04-20,tpyo"}, "`tpyo`", id="one beta of two unknown"),
    ],
)
@pytest.mark.parametrize("path", ["/v1/messages", "/v1/messages/count_tokens"])
def test_a_wrong_version_or_beta_is_400(caller, path, headers, message):
    """The version is wanted exactly once, and an unknown beta is named."""
    response = caller.post(path=path, **headers)

    assert response.status_code == 400
    assert message in response.json()["error"]["message"]


@pytest.mark.parametrize("version", ["2023-06-01", "2026-10-21"])
@pytest.mark.parametrize("betas", ["", "oauth-2025-04-20", "context-1m-2025-08-07, interleaved-thinking-2025-05-14"])
def test_known_versions_and_betas_pass(caller, version, betas):
    """Both versions are served, with betas of today and of yesterday."""
    assert caller.post(anthropic_version=version, anthropic_beta=betas).status_code == 200


def test_every_answer_has_a_request_id(caller):
    """Errors carry it in the body too."""
    good, bad = caller.post(), caller.post({"model": "gpt"})

    assert good.headers["request-id"] == "req_sim_1"
    assert bad.headers["request-id"] == bad.json()["request_id"] == "req_sim_2"

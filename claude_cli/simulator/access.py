"""Who may ask, and in which version of the API: the credential, `anthropic-version` and `anthropic-beta` headers."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from .errors import ApiError, reject

VERSIONS = ("2023-06-01", "2026-10-21")

BETAS = frozenset(
    [
        "interleaved-thinking-2025-05-14",
        "context-management-2025-06-27",
        "compact-2026-01-12",
        "compact-2026-09-04",
        "fast-mode-2026-02-01",
        "output-300k-2026-03-24",
        "task-budgets-2026-03-13",
        "server-side-fallback-2026-07-01",
        "fallback-credit-2026-07-01",
        "mcp-client-2026-09-15",
        "inline-tools-2026-09-15",
        "mid-conversation-tool-changes-2026-07-01",
        "mid-conversation-output-config-2026-07-01",
        "thinking-binding-controls-2026-08-01",
        "thinking-display-updates-2026-08-18",
        "thinking-token-count-2026-05-13",
        "cache-diagnosis-2026-04-07",
        "message-threads-2026-08-12",
        "user-profiles-2026-09-04",
        "oauth-2025-04-20",
        "oidc-federation-2026-04-01",
        "files-api-2025-04-14",
        "skills-2025-10-02",
        "prompt-caching-2024-07-31",
        "extended-cache-ttl-2025-04-11",
        "pdfs-2024-09-25",
        "token-counting-2024-11-01",
        "message-batches-2024-09-24",
        "output-128k-2025-02-19",
        "structured-outputs-2025-11-13",
        "context-1m-2025-08-07",
        "model-context-window-exceeded-2025-08-26",
        "claude-code-20250219",
        "effort-2025-11-24",
        "mid-conversation-system-2026-04-07",
        "prompt-caching-scope-2026-01-05",
    ]
)
"""Names the service knows; from `oauth-2025-04-20` on those for credentials and those no longer needed, from
`claude-code-20250219` on those that only Claude Code sends (2.1.197)."""


def authenticate(headers: Mapping[str, str], keys: Collection[str] | None) -> None:
    """Raise `ApiError` 401 unless the request carries a key that is accepted.

    Args:
        headers: names in lower case. Where both credentials are sent, `x-api-key` counts.
        keys: the accepted keys and tokens; None accepts every one that is not empty and does not hold "invalid".
    """
    key = headers.get("x-api-key")
    scheme, _, token = headers.get("authorization", "").partition(" ")
    if key is not None:
        if not _accepted(key, keys):
            raise ApiError(401, "invalid x-api-key")
    elif scheme.lower() == "bearer":
        if not _accepted(token.strip(), keys):
            raise ApiError(401, "Invalid bearer token")
    else:
        raise ApiError(401, "x-api-key header is required")


def api_version(headers: Mapping[str, str]) -> str:
    """The API version the request asks for. Raises `ApiError` 400 when it is missing, unknown or given twice."""
    version = headers.get("anthropic-version")
    if version is None:
        reject("anthropic-version", "header is required")
    if version not in VERSIONS:
        reject("anthropic-version", f'"{version}" is not a valid version. Known versions: {", ".join(VERSIONS)}.')
    return version


def betas(headers: Mapping[str, str]) -> frozenset[str]:
    """The beta names the request asks for. Raises `ApiError` 400 that names the first unknown one."""
    names = [name.strip() for name in headers.get("anthropic-beta", "").split(",")]
    for name in names:
        if name and name not in BETAS:
            reject("", f"Unexpected value(s) `{name}` for the `anthropic-beta` header.")
    return frozenset(filter(None, names))


def _accepted(key: str, keys: Collection[str] | None) -> bool:
    return bool(key) and "invalid" not in key if keys is None else key in keys

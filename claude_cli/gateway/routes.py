"""What there is to ask for: a line for each path."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from starlette.routing import Match, Route

from . import anthropic_errors
from .chat import chat_completions
from .config import Config
from .gateway import Gateway
from .health import healthz, metrics, openapi, providers, readyz
from .messages import count_tokens, messages
from .models_pages import model_list, models_error, one_model
from .refusal import Refusal
from .reply import Reply
from .visit import Scope, Visit

Handler = Callable[[Gateway, Visit, Reply, Scope, bytes], Awaitable[None]]
"""Answers a request with a body; what its path names is in `scope["path_params"]`. Raises `Refusal`: before anything
was sent."""


def _openai_error(refusal: Refusal, request_id: str, scope: Scope) -> bytes:
    return refusal.body()


def _anthropic_error(refusal: Refusal, request_id: str, scope: Scope) -> bytes:
    return anthropic_errors.error_body(refusal, request_id)


def _everybody(config: Config) -> bool:
    return True


def _opened(config: Config) -> bool:
    return config.open_metrics


@dataclass(frozen=True, slots=True)
class Page:
    """One path.

    Attributes:
        path: its template, as Starlette has it.
        handlers: by method.
        keyless: whether it is for everybody.
        while_draining: it is answered still when nothing else is.
        error: an error's body.
    """

    path: str
    handlers: Mapping[str, Handler]
    keyless: Callable[[Config], bool] = lambda config: False
    while_draining: bool = False
    error: Callable[[Refusal, str, Scope], bytes] = _openai_error

    @property
    def route(self) -> str:
        """The template as the description has it, and the metrics and the log."""
        return self.path.replace(":path", "")


async def _nothing(gateway: Gateway, visit: Visit, reply: Reply, scope: Scope, body: bytes) -> None:
    """`/`: Claude Code asks whether anybody is there."""
    await reply.whole(200, {"content-type": "text/plain"}, b"claude-cli\n")


PAGES = (
    Page("/v1/chat/completions", {"POST": chat_completions}),
    Page("/v1/messages", {"POST": messages}, error=_anthropic_error),
    Page("/v1/messages/count_tokens", {"POST": count_tokens}, error=_anthropic_error),
    Page("/v1/models", {"GET": model_list}, error=models_error),
    Page("/v1/models/{model:path}", {"GET": one_model}, error=models_error),
    Page("/v1/providers", {"GET": providers}, keyless=_opened),
    Page("/metrics", {"GET": metrics}, keyless=_opened, while_draining=True),
    Page("/healthz", {"GET": healthz}, keyless=_everybody, while_draining=True),
    Page("/readyz", {"GET": readyz}, keyless=_everybody, while_draining=True),
    Page("/openapi.json", {"GET": openapi}, keyless=_everybody),
    Page("/", {"GET": _nothing}, keyless=_everybody),
)
SOCKET = "/socket"
"""The path of the WebSocket, which is no page."""
_THERE = "/v1/chat/completions, /v1/messages, /v1/models"
"""What most who are lost have looked for."""


class Routes:
    """Finds the page that a request is for."""

    def __init__(self) -> None:
        """Know all of `PAGES`."""
        self._fixed = {page.path: page for page in PAGES if "{" not in page.path}
        self._patterns = [(Route(page.path, _unused), page) for page in PAGES if "{" in page.path]

    def find(self, scope: Scope) -> Page | None:
        """The page, None where there is none; what its path names is put into `scope`."""
        page = self._fixed.get(scope["path"])
        if page:
            return page
        for route, page in self._patterns:
            match, found = route.matches(scope)
            if match is not Match.NONE:
                scope.update(found)
                return page
        return None


def not_found(path: str) -> Refusal:
    """404, with what was meant, and what there is: base URLs are wrong by a /v1, some clients want /v1/responses."""
    fixed = [page.path for page in PAGES]
    meant = next((each for each in (f"/v1{path}", path.removeprefix("/v1")) if each in fixed and each != path), "")
    if path.startswith("/v1/responses"):
        meant = "POST /v1/chat/completions"
    use = f"use {meant}; " if meant else ""
    words = f"{path[:80]!r} is not served; {use}there are {_THERE}, and a WebSocket at {SOCKET}; /openapi.json has all"
    return Refusal(404, words, code="unknown_url")


def unknown_error(refusal: Refusal, request_id: str, scope: Scope) -> bytes:
    """The body of an error where there is no page, in the form of whoever seems to ask."""
    form = _anthropic_error if scope["path"].startswith("/v1/messages/") else models_error
    return form(refusal, request_id, scope)


def no_handshake(headers: Mapping[str, str]) -> Refusal:
    """What is said at `SOCKET` of a request with `headers`, which is no handshake: 400, it should be one, or 426."""
    allowed = {"upgrade": "websocket", "sec-websocket-version": "13"}
    if "websocket" in headers.get("upgrade", "").lower():
        words = "this is no WebSocket handshake: GET of HTTP/1.1, no body, one key, and version 13 (RFC 6455)"
        return Refusal(400, words, code="bad_handshake", headers=allowed)
    words = f"{SOCKET} is a WebSocket and no page; connect to it with ws:// or wss://"
    return Refusal(426, words, code="upgrade_required", headers=allowed)


def handler_of(page: Page, method: str) -> Handler:
    """What answers `method`, HEAD like GET. Raises `Refusal`: 405, nothing does."""
    handler = page.handlers.get(method) or (page.handlers.get("GET") if method == "HEAD" else None)
    if handler is None:
        allowed = ", ".join(page.handlers)
        words = f"{page.route} takes {allowed} and not {method[:20]!r}"
        raise Refusal(405, words, code="method_not_allowed", headers={"allow": allowed})
    return handler


async def _unused(request: object) -> None:
    """Starlette finds the page, and nothing more."""

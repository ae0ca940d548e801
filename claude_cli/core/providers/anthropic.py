"""The built-in provider: Anthropic's Messages API, and every server that speaks it."""

from __future__ import annotations

import logging
import os
import sys
import time
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from ... import __version__
from ..address import Endpoint, check_plain_http, endpoint
from ..capabilities import fit
from ..connection import DEFAULT_BASE_URL
from ..errors import AuthenticationError, NotFoundError, ProtocolError, ProviderError
from ..events import Event
from ..exchange import Heard, HttpRequest, JsonExchange, MessagesExchange
from ..messages import ChatRequest
from ..models import Catalogue, today
from ..redact import Credential, Secret, credential
from ..wire_request import MAX_UNSTREAMED_TOKENS, OAUTH_BETA, api_version, count_object, encode, request_object
from ..wire_response import decode_count
from .base import LLMProvider, ModelInfo
from .config import NO_KEY, ProviderConfig, check_headers, environment_key

if TYPE_CHECKING:
    from ..blocking import BlockingTransport
    from ..transport import Transport

_log = logging.getLogger("claude_cli.provider.anthropic")

RawExchange = MessagesExchange | JsonExchange
"""A request that somebody else has written, and what comes back."""
_EVERY_LIFECYCLE = "".join(f"&lifecycle%5B%5D={word}" for word in ("active", "deprecated", "retired"))


class AnthropicProvider(LLMProvider):
    """Claude, over the Messages API. Connections are kept until `aclose`, or the end of `async with`.

    Attributes:
        heard: told of the head of each response of `/v1/messages`, in the task that asked; None: nobody listens.
    """

    PROVIDER_NAME: ClassVar[str] = "anthropic"
    DISPLAY_NAME: ClassVar[str] = "Anthropic Claude"
    API_KEY_NAME: ClassVar[str] = "ANTHROPIC_API_KEY"

    def __init__(self, api_key: str | None = None, api_base_url: str | None = None) -> None:
        """Take a key and a base URL; None: from the environment, else the official address.

        Raises:
            AuthenticationError: the key is no key.
            UsageError: the base URL is none, or plain http to another machine.
        """
        super().__init__(None, api_base_url)  # the key is kept where nothing shows it
        environ = dict(os.environ)
        key = credential(api_key, source="the api_key argument") if api_key else environment_key(environ)
        base_url = api_base_url or environ.get("ANTHROPIC_BASE_URL") or DEFAULT_BASE_URL
        self._set_up(ProviderConfig(key, base_url, environ=environ))

    @classmethod
    def configured(cls, config: ProviderConfig) -> AnthropicProvider:
        """A provider that looks at nothing but `config`."""
        provider = cls.__new__(cls)
        LLMProvider.__init__(provider, None, config.base_url)
        provider._set_up(config)
        return provider

    @classmethod
    def has_key(cls, environ: Mapping[str, str]) -> bool:
        """Whether there is a key or a token."""
        return bool(environ.get("ANTHROPIC_API_KEY") or environ.get("ANTHROPIC_AUTH_TOKEN"))

    def _set_up(self, config: ProviderConfig) -> None:
        self.config, self.price_list = config, config.models
        self.endpoint: Endpoint = endpoint(config.base_url)
        check_plain_http(self.endpoint, config.key, config.allow_http)
        check_headers(config.headers)
        self._transport: Transport | None = None
        self.heard: Heard | None = None

    # -- what is sent

    def request_object(self, request: ChatRequest) -> dict[str, Any]:
        """The JSON object that `request` becomes; the model's name is resolved, nothing else is changed."""
        body = request_object(replace(request, model=self._models.resolve(request.model)))
        most = body["max_tokens"]  # by -O anything: the server judges what is no number
        if most == 0:
            body.pop("stream", None)  # a warm-up of the cache has no answer to stream, and is refused with it
        elif not body.get("stream") and isinstance(most, int) and most > MAX_UNSTREAMED_TOKENS:
            body["stream"] = True  # the fold makes one answer of it; unstreamed, the server would refuse
        return body

    def headers_for(self, request: ChatRequest) -> list[tuple[str, str]]:
        """The headers `request` is sent with, but for those that may be secret, the host and the user agent."""
        return self._message_headers(request, self.request_object(request))

    def http_request(self, request: ChatRequest) -> HttpRequest:
        """The whole HTTP request, its credential apart.

        Raises:
            AuthenticationError: there is no key, and the official address wants one.
        """
        body = self.request_object(request)
        headers, hint = tuple(self._message_headers(request, body)), self._hint(body["model"])
        return HttpRequest("POST", "/v1/messages", headers, encode(body), self._key(), hint, self._secret_headers())

    def _message_headers(self, request: ChatRequest, body: Mapping[str, Any]) -> list[tuple[str, str]]:
        version = api_version(body, self.config.api_version)
        return self._own_headers(version, request.options.betas, stream=bool(body.get("stream")))

    def _own_headers(self, version: str, betas: Sequence[str], *, stream: bool) -> list[tuple[str, str]]:
        joined = ",".join(betas)
        if self.config.key and self.config.key.is_oauth and OAUTH_BETA not in joined:
            joined = f"{joined},{OAUTH_BETA}" if joined else OAUTH_BETA
        return [
            *self._headers(version),
            ("accept", "text/event-stream" if stream else "application/json"),
            ("content-type", "application/json"),
            *([("anthropic-beta", joined)] if joined else []),
        ]

    def exchange(self, request: ChatRequest) -> MessagesExchange:
        """One try of `request`, for a transport to drive."""
        return MessagesExchange(self.http_request(request), wall_clock=time.time, heard=self.heard)

    def count_exchange(self, request: ChatRequest) -> JsonExchange:
        """The question how many tokens `request` has, for a transport to drive; `decode_count` reads the answer."""
        body = count_object(replace(request, model=self._models.resolve(request.model)))
        headers, hint = tuple(self._message_headers(request, body)), self._hint(body["model"])
        path = "/v1/messages/count_tokens"
        asked = HttpRequest("POST", path, headers, encode(body), self._key(), hint, self._secret_headers())
        return JsonExchange(asked, wall_clock=time.time)

    def raw_exchange(
        self, path: str, body: bytes, fields: Mapping[str, Any], headers: Mapping[str, str]
    ) -> RawExchange:
        """One try of a request that somebody else has written, for `raw_reads` to drive.

        Args:
            path: of the request below the base URL, with its query: `/v1/messages`, or a path below that.
            body: what is sent, byte for byte.
            fields: what it says.
            headers: sent besides our own, names in lower case; an `anthropic-version` among them is the one that is
                sent, and betas stay as they are but for the one that an OAuth token needs.
        """
        given = dict(headers)
        version = given.pop("anthropic-version", "") or api_version(fields, self.config.api_version)
        beta = given.pop("anthropic-beta", "")
        own = self._own_headers(version, [beta] if beta else [], stream=bool(fields.get("stream")))
        asked = HttpRequest(
            "POST", path, (*own, *given.items()), body, self._key(), self._key_hint, self._secret_headers()
        )
        if path.partition("?")[0] == "/v1/messages":
            return MessagesExchange(asked, wall_clock=time.time, heard=self.heard)
        return JsonExchange(asked, wall_clock=time.time)

    def raw_reads(
        self, exchange: RawExchange, deadline: float | None = None
    ) -> AsyncGenerator[tuple[bytes, Sequence[Event]], None]:
        """See `Transport.reads`."""
        return self._async_transport().reads(exchange, deadline=deadline)

    def _headers(self, version: str) -> list[tuple[str, str]]:
        # No compression: httpx 0.28 unpacks without a bound, and an answer's deltas are small anyway.
        return [("anthropic-version", version), ("accept-encoding", "identity")]

    def _secret_headers(self) -> tuple[tuple[str, Secret], ...]:
        return tuple((name, Secret(value)) for name, value in self.config.headers.items())

    @property
    def lacks_key(self) -> bool:
        """See `LLMProvider`; other servers than the official one may want none."""
        return self.config.key is None and self.endpoint.origin == DEFAULT_BASE_URL

    def _key(self) -> Credential | None:
        if self.lacks_key:
            raise AuthenticationError(self.config.no_key or NO_KEY, code="no_key")
        return self.config.key

    def _hint(self, model: str) -> Callable[[ProviderError], str]:
        def words(error: ProviderError) -> str:
            if not isinstance(error, NotFoundError):
                return self._key_hint(error)
            successor = self._models.successor(model, today())
            if successor:
                return f" (retired; its successor is {successor})"
            if self._models.find(model) is None:
                near = self._models.nearest(model).rstrip()
                error.advice = "see `claude-cli models`"
                return f" (no model of that name is known here{near and f'; {near}'})"
            return ""

        return words

    def _key_hint(self, error: ProviderError) -> str:
        """Why no key was sent to a server that wants one; the error is then `no_key`, as where nothing is sent."""
        if not (isinstance(error, AuthenticationError) and self.config.key is None and self.config.no_key):
            return ""
        error.code = "no_key"
        return f"; {self.config.no_key}"

    @property
    def _models(self) -> Catalogue:
        return self.config.models

    # -- running it

    async def stream(self, request: ChatRequest) -> AsyncGenerator[Event, None]:
        """Yield the events of one try as they arrive; the last is `MessageDone`.

        Parameters the model does not take are dropped or adjusted first, each with a warning in the log.
        """
        async with aclosing(self.stream_batches(request)) as batches:
            async for events in batches:
                for event in events:
                    yield event

    async def stream_batches(self, request: ChatRequest) -> AsyncGenerator[Sequence[Event], None]:
        """The events of one try, one network read at a time."""
        fitted, notices = fit(request, self._models.find(request.model))
        for notice in notices:
            _log.warning("%s", notice.text)
        async with aclosing(self._async_transport().events(self.exchange(fitted))) as batches:
            async for events in batches:
                yield events

    async def count_tokens(self, request: ChatRequest) -> int:
        """Input tokens of `request`, as the API counts them; that costs nothing.

        Raises:
            ProviderError: the key, the network or the server; see `errors.py`.
        """
        fitted, _ = fit(request, self._models.find(request.model))
        exchange = self.count_exchange(fitted)
        await self._run(exchange)
        return decode_count(exchange.value)

    async def _run(self, exchange: JsonExchange) -> None:
        async with aclosing(self._async_transport().events(exchange)) as batches:
            await anext(batches, None)  # no events come of JSON: this runs it to its end

    def blocking_transport(self) -> BlockingTransport:
        """A transport of its own for a one-shot call, without an event loop."""
        from ..blocking import BlockingTransport

        return BlockingTransport(
            self.endpoint, timeouts=self.config.timeouts, environ=self.config.environ, user_agent=user_agent()
        )

    def _async_transport(self) -> Transport:
        from ..transport import Transport

        if self._transport is None or not self._transport.usable:
            self._transport = Transport(
                self.endpoint, timeouts=self.config.timeouts, environ=self.config.environ, user_agent=user_agent()
            )
        return self._transport

    async def get_available_models(self) -> list[ModelInfo]:
        """All models of `GET /v1/models`, newest first, every page.

        Raises:
            ProviderError: the key, the network or the server; see `errors.py`.
        """
        found: list[ModelInfo] = []
        after, seen = "", {""}
        for _ in range(100):  # a server that always promises more pages is not followed for ever
            page = self.models_exchange(after)
            await self._run(page)
            found += models_of(page.value)
            if not page.value.get("has_more"):
                return found
            after = str(page.value.get("last_id") or "")
            if after in seen:
                break
            seen.add(after)
        raise ProtocolError("the server's list of models does not end")

    def models_exchange(self, after: str = "", *, retired: bool = False) -> JsonExchange:
        """One page of `GET /v1/models`, the models after the id `after`; `retired`: those that are gone, too."""
        from urllib.parse import quote

        more = f"&after_id={quote(after, safe='')}" if after else ""
        path = f"/v1/models?limit=1000{_EVERY_LIFECYCLE if retired else ''}{more}"
        headers = (*self._headers(self.config.api_version), ("accept", "application/json"))
        request = HttpRequest("GET", path, headers, None, self._key(), self._key_hint, self._secret_headers())
        return JsonExchange(request, wall_clock=time.time)

    async def aclose(self) -> None:
        """Close the connections."""
        transport, self._transport = self._transport, None
        if transport is not None and transport.usable:
            await transport.aclose()


def models_of(page: Mapping[str, Any]) -> list[ModelInfo]:
    """The models of one page of `GET /v1/models`; what has no id is left out.

    Raises:
        ProtocolError: there is no list: it is another server's answer.
    """
    entries = page.get("data")
    if not isinstance(entries, list):
        raise ProtocolError("the server's list of models is none; check the base URL")
    return [
        ModelInfo(
            id=str(entry["id"]),
            display_name=str(entry.get("display_name") or ""),
            created_at=entry.get("created_at"),
            lifecycle=entry.get("lifecycle"),
            context_window=entry.get("max_input_tokens"),
            max_output_tokens=entry.get("max_tokens"),
            raw=entry,
        )
        for entry in entries
        if isinstance(entry, dict) and entry.get("id")
    ]


def user_agent() -> str:
    """Who we say we are; the transport adds its library."""
    return f"claude-cli/{__version__} python/{sys.version_info.major}.{sys.version_info.minor}"

"""The simulated service without its sockets: a request in, a response out.

What it keeps between requests: how many there were (for ids), the prompt cache, the rate limits and the script.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, unquote

from . import access
from .answers import compose
from .attachments import check_attachments
from .bindings import check_signatures
from .cache import PromptCache
from .catalogue import Catalogue, with_models
from .conversation import check_conversation
from .delivery import Action, body_actions, encode_json, stream_actions
from .errors import MESSAGES, ApiError, error_body, reject, type_of
from .faults import NO_FAULT, Fault, Script, parse_header
from .journal import RecordedRequest
from .limits import MINUTE_S, RateLimits
from .model_rules import check_for_model
from .request import Call
from .rules import check_body
from .streams import Reply, events, message
from .tokens import check_window, count_tokens, segments

MESSAGES_PATH = "/v1/messages"
COUNT_PATH = "/v1/messages/count_tokens"
MODELS_PATH = "/v1/models"
METHODS: Mapping[str, str] = {MESSAGES_PATH: "POST", COUNT_PATH: "POST", MODELS_PATH: "GET"}
ORGANIZATION = "00000000-0000-4000-8000-000000000000"
HTML = "<html>\r\n<head><title>{0}</title></head>\r\n<body>\r\n<center><h1>{0}</h1></center>\r\n</body>\r\n</html>\r\n"

Headers = list[tuple[str, str]]


@dataclass(slots=True)
class Response:
    """What the connection is to do: after `delay_s` seconds send a head, then carry the actions out.

    Attributes:
        drop: close the connection without sending anything.
        raw_after_end: bytes for the connection behind the end of the body.
    """

    status: int
    headers: Headers
    actions: Iterator[Action]
    delay_s: float = 0.0
    drop: bool = False
    raw_after_end: bytes = b""


@dataclass(slots=True)
class Service:
    """Answers requests. Raises `ValueError` for a script that cannot be read, or a limit that is none.

    Attributes:
        keys: accepted credentials, None for all that do not hold "invalid".
        pace_s: seconds between the deltas of a stream.
        extra_models: as in `with_models`.
        clock: seconds since 1970, for the rate limits and the prompt cache.
        limits, burst_s: what is enforced, as in `RateLimits`.
    """

    script: Sequence[Mapping[str, Any]]
    keys: Collection[str] | None
    pace_s: float
    bare_models: bool
    today: str | None
    clock: Callable[[], float]
    extra_models: Sequence[Mapping[str, Any]] = ()
    limits: Mapping[str, int] | None = None
    burst_s: float = MINUTE_S
    _catalogue: Catalogue = field(init=False)
    _script: Script = field(init=False)
    _cache: PromptCache = field(init=False)
    _limits: RateLimits = field(init=False)

    def __post_init__(self) -> None:
        self._script = Script(self.script)
        self._catalogue = with_models(self.extra_models, self.today)
        self._cache = PromptCache(self.clock)
        self._limits = RateLimits(self.clock, self.limits, self.burst_s)

    def answer(self, request: RecordedRequest, *, too_large: bool = False) -> Response:
        """The response to one request; `too_large` when its body was not read to the end."""
        fault = NO_FAULT
        try:
            fault = self._fault(request)
            if too_large:
                raise ApiError(413, MESSAGES[413])
            response = self._routed(request, fault)
        except ApiError as error:
            response = _error_response(error, request, fault)
        except RecursionError:
            response = _error_response(ApiError(400, "The request body is nested too deeply"), request, fault)
        response.delay_s, response.drop = fault.delay_s, fault.drop
        response.raw_after_end = (fault.raw_after_end or "").encode()
        base = [("request-id", _request_id(request)), ("anthropic-organization-id", ORGANIZATION)]
        extra = _extra_headers(fault)
        replaced = {name for name, _ in extra}
        response.headers = [header for header in base + response.headers if header[0] not in replaced] + extra
        return response

    def _fault(self, request: RecordedRequest) -> Fault:
        header = request.headers.get("x-sim-fault")
        if header is None:
            model = request.json.get("model") if isinstance(request.json, dict) else None
            return self._script.take(request.path, model)
        try:
            return parse_header(header)
        except ValueError as error:
            raise ApiError(400, str(error)) from error

    def _routed(self, request: RecordedRequest, fault: Fault) -> Response:
        if fault.status is not None:
            return _scripted_response(fault, request)
        wanted = METHODS.get(request.path, "GET" if request.path.startswith(f"{MODELS_PATH}/") else None)
        if wanted is None:
            raise ApiError(404, "Not Found")
        if request.method != wanted:
            raise ApiError(405, "Method Not Allowed")
        access.authenticate(request.headers, self.keys)
        if fault.ok_error:
            body = error_body(fault.type or "api_error", fault.message or MESSAGES[500], _request_id(request))
            return _json_response(200, body, fault)
        version = access.api_version(request.headers)
        names = access.betas(request.headers)
        if wanted == "GET":
            return self._models(request, fault)
        call = self._checked_call(request, version, names)
        return self._count(call, fault) if call.counting else self._message(call, request, fault)

    def _models(self, request: RecordedRequest, fault: Fault) -> Response:
        bare = self.bare_models or fault.bare_models
        catalogue = self._catalogue
        if request.path == MODELS_PATH:
            found = catalogue.page(parse_qs(request.query, keep_blank_values=True), bare=bare)
        else:
            model = catalogue.find(unquote(request.path.removeprefix(f"{MODELS_PATH}/")))
            found = model.as_listed_bare() if bare else model.as_listed()
        return _json_response(200, found, fault)

    def _checked_call(self, request: RecordedRequest, version: str, names: frozenset[str]) -> Call:
        """The call of a request. Raises `ApiError` for the first rule it breaks."""
        body = _json_object(request)
        counting = request.path == COUNT_PATH
        check_body(body, version=version, betas=names, counting=counting)
        call = Call(body, self._catalogue.serving(body["model"]), version, names, counting)
        check_conversation(call)
        check_for_model(call)
        check_attachments(call.messages, call.model.limits["images_per_request"])
        check_signatures(call)
        return call

    def _count(self, call: Call, fault: Fault) -> Response:
        tokens = count_tokens(call)
        response = _json_response(200, {"input_tokens": tokens}, fault)
        response.headers += self._limits.headers()
        return response

    def _message(self, call: Call, request: RecordedRequest, fault: Fault) -> Response:
        prompt = list(segments(call))
        tokens = sum(segment.tokens for segment in prompt)
        check_window(call, tokens)
        answer = compose(call, fault, number=request.number, room=call.model.context_window - tokens)
        # What is read from the cache does not count against the limit; what is refused is not kept in it.
        self._limits.admit(tokens - self._cache.known(call, prompt), call.model.id)
        reply = Reply(call, answer, f"msg_sim_{request.number}", self._cache.use(call, prompt))
        if not call.body.get("stream") or fault.as_json:
            response = _json_response(200, message(reply, fault.usage), fault)
            self._limits.produced(answer.output_tokens)
        else:
            produced = self._counted(events(reply, fault.usage, unknown=fault.unknown), answer.output_tokens)
            headers = [("content-type", "text/event-stream; charset=utf-8"), ("cache-control", "no-cache")]
            response = Response(200, headers, stream_actions(produced, fault, self.pace_s))
        response.headers += self._limits.headers()
        return response

    def _counted(self, produced: Iterable[Mapping[str, Any]], tokens: int) -> Iterator[Mapping[str, Any]]:
        """The events of an answer, which counts once it is told how long it is; one that is cut before does not."""
        for event in produced:
            if event["type"] == "message_delta":
                self._limits.produced(tokens)
            yield event


def _json_object(request: RecordedRequest) -> dict[str, Any]:
    if isinstance(request.json, dict):
        return request.json
    if request.json is not None:
        reject("", "Input should be a valid dictionary")
    reject("", "The request body is not valid JSON")


def _request_id(request: RecordedRequest) -> str:
    return f"req_sim_{request.number}"


def _json_response(status: int, value: object, fault: Fault) -> Response:
    return _body_response(status, "application/json", encode_json(value), fault)


def _body_response(status: int, content_type: str, data: bytes, fault: Fault) -> Response:
    headers = [("content-type", content_type), ("content-length", str(len(data)))]
    return Response(status, headers, body_actions(data, fault))


def _error_response(error: ApiError, request: RecordedRequest, fault: Fault) -> Response:
    response = _json_response(error.status, error.body(_request_id(request)), fault)
    response.headers += error.headers
    if error.status == 405:
        response.headers.append(("allow", METHODS.get(request.path, "GET")))
    return response


def _scripted_response(fault: Fault, request: RecordedRequest) -> Response:
    """The response of a step with a `status`: an error body, unless it asks for another one."""
    status = fault.status or 500
    if fault.body is not None:
        return _body_response(status, "text/plain; charset=utf-8", fault.body.encode(), fault)
    if fault.html:
        page = HTML.format(f"{status} {MESSAGES.get(status, 'Error')}")
        return _body_response(status, "text/html; charset=utf-8", page.encode(), fault)
    # These never have a body.
    if fault.empty or status < 400:
        headers = [] if status in (204, 304) else [("content-length", "0")]
        return Response(status, headers, iter(()))
    text = fault.message or MESSAGES.get(status, f"Simulated status {status}")
    details = dict(fault.details or {})
    if fault.error_code:
        details["error_code"] = fault.error_code
    body = error_body(fault.type or type_of(status), text, _request_id(request), details)
    return _json_response(status, body, fault)


def _extra_headers(fault: Fault) -> Headers:
    found = [(name.lower(), value) for name, value in (fault.headers or {}).items()]
    if fault.retry_after is not None:
        found.append(("retry-after", fault.retry_after))
    if fault.retry_after_ms is not None:
        found.append(("retry-after-ms", fault.retry_after_ms))
    if fault.should_retry is not None:
        found.append(("x-should-retry", "true" if fault.should_retry else "false"))
    if fault.location is not None:
        found.append(("location", fault.location))
    return found

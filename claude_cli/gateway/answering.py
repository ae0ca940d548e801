"""One call on behalf of a client: rate limits, a place, the budget, then the core's client with its retries.

What HTTP and WebSocket have in common; neither knows the other.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from typing import NamedTuple

from ..core.budget import Plan, UnkeptError, plan_of
from ..core.call import Call
from ..core.client import Client
from ..core.conversation import without_thinking
from ..core.errors import ClaudeError, RequestRejectedError
from ..core.events import Event, MessageStart
from ..core.messages import ChatRequest, Notice
from ..core.prepare import prepare
from ..core.redact import redact
from ..core.surroundings import CallPolicy
from .asked import Asked
from .gateway import Gateway
from .openai_parameters import changed
from .refusal import Refusal, refusal_of
from .visit import Visit

DROPPED = "x-claude-cli-dropped-params"
MODEL = "x-claude-cli-model"
UPSTREAM_ID = "x-upstream-request-id"
SIMULATOR = "simulator"
"""The provider that answers offline."""


class Question(NamedTuple):
    """What is sent, what is done where that fails, and what it may cost, where that has been reckoned already."""

    request: ChatRequest
    policy: CallPolicy
    plan: Plan | None = None


def fitted(gateway: Gateway, visit: Visit, asked: Asked) -> Question:
    """What is sent for `asked`; what had to be dropped or changed is named in a header of the response.

    Raises:
        Refusal: 403, its key may not ask that model; 400, the model does not take it.
    """
    visit.metadata = asked.metadata
    check_model(gateway, visit, asked.model, asked.request.model)
    try:
        request, notices = prepare(asked.request, models=gateway.names.models)
    except ClaudeError as error:
        refusal = refusal_of(error)
        refusal.param = refusal.param or "messages"
        raise refusal from error
    names = changed(notices)
    if names and gateway.config.on_unsupported == "reject":
        words = f"{names[0]} cannot be honoured by {request.model}"
        raise Refusal(400, words, param=names[0], code="unsupported_parameter")
    visit.model, visit.stream = request.model, asked.stream
    if asked.dropped or names:
        _tell_dropped(gateway, visit, (*asked.dropped, *names))
    policy = replace(gateway.policy, flexible=True) if asked.flexible else gateway.policy
    if gateway.config.fallback_models:
        policy = _with_fallbacks(gateway, visit, asked, policy)
    return Question(request, policy)


def check_model(gateway: Gateway, visit: Visit, name: str, model: str) -> None:
    """See to it that the key of `visit` may ask `model`, which its client calls `name`.

    Raises:
        Refusal: 403; or 404, it is no name but a key, which must not get into the ledger.
    """
    if gateway.names.models.find_any(model) is None and redact(model) != model:
        raise Refusal(404, "the model's name looks like a key", param="model", code="model_not_found")
    if not _may_ask(gateway, visit, model):
        words = f"your key does not have access to model {name!r}"
        raise Refusal(403, words, param="model", code="model_not_found")


def _may_ask(gateway: Gateway, visit: Visit, model: str) -> bool:
    allowed = visit.key.models
    return not allowed or model in allowed or any(gateway.names.find(name) == model for name in allowed)


def _with_fallbacks(gateway: Gateway, visit: Visit, asked: Asked, policy: CallPolicy) -> CallPolicy:
    """`policy` with the request as each fallback model takes it; one that does not is none."""
    requests: list[ChatRequest] = []
    notices: dict[str, Sequence[Notice]] = {}
    for name in gateway.config.fallback_models:
        model = gateway.names.find(name)
        if model is None or model == visit.model or not _may_ask(gateway, visit, model):
            continue
        try:
            request, notices[model] = prepare(replace(asked.request, model=model), models=gateway.names.models)
        except ClaudeError:
            continue
        requests.append(request)
    return replace(policy, fallbacks=tuple(requests), fallback_notices=notices)


def _tell_dropped(gateway: Gateway, visit: Visit, names: Iterable[str]) -> None:
    if gateway.config.on_unsupported == "warn":
        said = visit.headers.get(DROPPED)
        every = dict.fromkeys([*(said.split(", ") if said else ()), *names])
        visit.headers[DROPPED] = ", ".join(name for name in every if name.isascii() and name.isprintable())


async def answer(gateway: Gateway, visit: Visit, question: Question) -> AsyncGenerator[Sequence[Event], None]:
    """Ask, and yield the events of the answer as they come; nothing before its first content.

    Then `visit.call` is over. What was thought before another history is refused by the newest models, and the client
    cannot know: it is then asked once more, without that.

    Raises:
        Refusal: there will be no answer, or no more of it.
    """
    begun = False
    try:
        while True:
            try:
                async with admitted(gateway, visit, question) as call:
                    client = Client(gateway.provider, gateway.around, sleep=gateway.sleep)
                    async with aclosing(client.run(call)) as batches:
                        async for events in batches:
                            if type(events[0]) is MessageStart:
                                begun = True
                                _begun(visit, events[0], call.request.model)
                            yield events
                return
            except RequestRejectedError as error:
                if begun:
                    raise
                question = _unthought(question, error)
    except ClaudeError as error:
        raise refused(gateway, visit, error) from error


def _unthought(question: Question, error: RequestRejectedError) -> Question:
    """`question` without the thinking whose signatures `error` refuses. Raises `error` where it is another."""
    request, said = question.request, str(error)
    messages = without_thinking(request.messages)
    if messages == request.messages or not ("signature" in said and "thinking" in said):
        raise error
    return question._replace(request=replace(request, messages=messages))


@asynccontextmanager
async def admitted(gateway: Gateway, visit: Visit, question: Question) -> AsyncIterator[Call]:
    """The call of `question`, which limits, room and budget let through; whoever asked for it runs and closes it.

    Raises:
        Refusal, ClaudeError: they do not.
    """
    models, flexible = gateway.names.models, question.policy.flexible
    plan = question.plan or plan_of(question.request, models, flexible=flexible)
    lease = await gateway.limiter.admit(visit.key, plan)
    visit.headers.update(lease.headers)
    visit.simulated = gateway.around.provider == SIMULATOR
    used: int | None = None
    try:
        async with gateway.room.place(stream=visit.stream):
            recorder = await gateway.books.reserve(plan, gateway.account(visit.key))
            around = replace(gateway.around, recorder=recorder, notify=_listener(gateway, visit))
            visit.call = call = Call(question.request, question.policy, around, name=visit.id, plan=plan)
            try:
                yield call
            finally:
                recorder.release()  # where it was never sent
                if call.record:  # what the ledger has, failed tries and an answer that nobody waited for among it
                    used = call.record.usage.total_input_tokens + call.record.usage.output_tokens
    finally:
        await lease.settle(used)


def refused(gateway: Gateway, visit: Visit, error: ClaudeError) -> Refusal:
    """What the client of `visit` is told of `error`."""
    if error.request_id:
        visit.headers[UPSTREAM_ID] = error.request_id
    if isinstance(error, UnkeptError) or isinstance(error.__cause__, UnkeptError):
        gateway.around.notify(Notice("ledger_unusable", str(error)))  # what hinders it, for whoever runs the gateway
    return refusal_of(error, now=gateway.wall())


def _listener(gateway: Gateway, visit: Visit) -> Callable[[Notice], None]:
    """Hears what happens to a call, and notes that its answer was made shorter."""

    def notify(notice: Notice) -> None:
        gateway.around.notify(notice)
        if notice.code == "lowered_max_tokens":
            _tell_dropped(gateway, visit, ("max_tokens",))

    return notify


def _begun(visit: Visit, start: MessageStart, asked: str) -> None:
    """Note who answers, and by what id the provider knows it."""
    known = start.model.isascii() and start.model.isprintable() and start.model
    visit.headers.setdefault(MODEL, start.model if known else asked)
    if start.request_id:
        visit.headers.setdefault(UPSTREAM_ID, start.request_id)

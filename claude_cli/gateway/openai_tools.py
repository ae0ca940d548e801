"""OpenAI's tools and the choice among them, also in their older form of functions, as the API's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ..core.capability_rules import is_forced
from ..core.errors import UsageError
from ..core.harmless import one_line
from ..core.messages import Message
from ..core.schema_wire import for_api
from ..core.server_tools import WEB_SEARCH
from .openai_parts import MARKS, mark
from .openai_values import Decoding, flag, listed, mapping, one_of, plain, shown, text
from .refusal import Refusal

MOST_STRICT = 20
"""Tools whose input the API holds to their schema, in one request (documentation of structured outputs, 2026-09)."""
_PLACE = ("city", "region", "country", "timezone")
_FUNCTION = ("name", "description", "parameters", "strict")
_FORGOTTEN = "Was used earlier in this conversation, and is not there any more."

Choice = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Tools:
    """The tools of a request.

    Attributes:
        tools: as they are sent, ours for the search apart.
        names: the names they are sent by, by the client's own.
        param: where the choice among them stands.
    """

    tools: list[dict[str, Any]]
    names: Mapping[str, str]
    param: str = "tool_choice"

    @property
    def functions(self) -> bool:
        """Whether they were given in the older form."""
        return self.param == "function_call"


def decode_tools(body: Mapping[str, Any], decoding: Decoding) -> Tools:
    """The tools in `body`. Raises `Refusal`: 400, one is none, two have one name, or the choice is in another form."""
    if body.get("web_search_options") is not None:
        decoding.renaming.new(str(WEB_SEARCH["name"]))  # a tool of the client's by this name is sent by another
    tools, older = listed(body.get("tools"), "tools"), listed(body.get("functions"), "functions")
    if tools and older:
        raise Refusal(400, "there are tools and functions; give tools alone", param="functions")
    if (tools or older) and body.get("tool_choice" if older else "function_call") is not None:
        given, other = ("functions", "tool_choice") if older else ("tools", "function_call")
        raise Refusal(400, f"{other} is no choice among {given}; leave it out", param=other)
    if older:
        found = [_function(each, f"functions[{number}]", decoding) for number, each in enumerate(older)]
        return Tools(found, dict(decoding.tool_names), "function_call")
    found = [_tool(each, f"tools[{number}]", decoding) for number, each in enumerate(tools)]
    _fit_strict(found, decoding)
    return Tools(found, dict(decoding.tool_names))


def search_tool(options: object, decoding: Decoding) -> dict[str, Any]:
    """The provider's web search as `web_search_options` asks for it."""
    param = "web_search_options"
    given = mapping(options, param)
    if decoding.able("search") is False:
        raise Refusal(400, f"{param}: {decoding.id} does not search the web", param=param)
    size = given.get("search_context_size")
    if size is not None and one_of(size, f"{param}.search_context_size", ("low", "medium", "high")) != "medium":
        decoding.drop(f"{param}.search_context_size", "cannot be chosen")
    decoding.drop_strangers(given, ("search_context_size", "user_location", "filters"), param)
    tool = {**WEB_SEARCH, **_domains(given.get("filters"), f"{param}.filters", decoding)}
    if given.get("user_location") is None:
        return tool
    where = f"{param}.user_location"
    location = mapping(given["user_location"], where)
    one_of(location.get("type"), f"{where}.type", ("approximate",))
    place = mapping(location.get("approximate"), f"{where}.approximate")
    decoding.drop_strangers(location, ("type", "approximate"), where)
    decoding.drop_strangers(place, _PLACE, f"{where}.approximate")
    known = {name: text(place[name], f"{where}.approximate.{name}") for name in _PLACE if place.get(name) is not None}
    return {**tool, "user_location": {"type": "approximate", **known}}


def stubs_of(messages: Iterable[Message]) -> list[dict[str, Any]]:
    """Tools by the names that were called in `messages`, for a request that offers none of its client's any more.

    The API has wanted each name that is used declared; with the choice "none" they are never called.
    """
    blocks = (block for message in messages if message.role == "assistant" for block in message.content)
    names = dict.fromkeys(block["name"] for block in blocks if block["type"] == "tool_use")
    return [{"name": name, "description": _FORGOTTEN, "input_schema": _schema({})} for name in names]


def decode_choice(
    body: Mapping[str, Any], tools: Tools, decoding: Decoding, *, thinks: bool
) -> tuple[list[dict[str, Any]], Choice | None]:
    """The tools that may be used, and the API's `tool_choice`; None: it is not sent.

    Args:
        thinks: it was told how many tokens to think; then no tool can be forced.
    Raises:
        Refusal: 400, the choice is none, or cannot be made.
    """
    parallel = body.get("parallel_tool_calls")
    alone = tools.functions or (parallel is not None and not flag(parallel, "parallel_tool_calls"))
    param = tools.param
    given = body.get(param)
    if not tools.tools:
        for name in ("tool_choice", "function_call"):
            if body.get(name) not in (None, "auto", "none"):
                raise Refusal(400, f"{name} is there, but no tools are", param=name)
        return [], None
    left, choice = _chosen(given, tools, decoding)
    if is_forced(choice) and (thinks or decoding.able("forced") is False):
        choice = _unforced(choice, param, decoding, thinks=thinks)
    if alone and choice.get("type") != "none":
        choice["disable_parallel_tool_use"] = True
    return left, None if choice == {"type": "auto"} else choice


def _tool(value: object, path: str, decoding: Decoding) -> dict[str, Any]:
    given = mapping(value, path)
    if given.get("type") == "custom":
        raise Refusal(400, f"{path}: tools with free text as input are not taken; use a function", param=f"{path}.type")
    one_of(given.get("type"), f"{path}.type", ("function",))
    where = f"{path}.function"
    decoding.drop_strangers(given, ("type", "function", *MARKS), path)
    tool = _function(given.get("function"), where, decoding)
    mark(tool, given, path, decoding)
    if "cache_control" not in tool:
        mark(tool, given["function"], where, decoding)
    return tool


def _function(value: object, path: str, decoding: Decoding) -> dict[str, Any]:
    given = mapping(value, path)
    name = text(given.get("name"), f"{path}.name")
    if not name:
        raise Refusal(400, f"{path}.name is empty", param=f"{path}.name")
    if name in decoding.tool_names:
        raise Refusal(400, f"{path}.name: another tool is called {shown(name)}, too", param=f"{path}.name")
    decoding.drop_strangers(given, (*_FUNCTION, *MARKS), path)
    tool: dict[str, Any] = {"name": decoding.tool_name(name)}
    if given.get("description"):
        tool["description"] = text(given["description"], f"{path}.description")
    where = f"{path}.parameters"
    parameters = given.get("parameters")
    tool["input_schema"] = _schema({} if parameters is None else plain(mapping(parameters, where), where), where)
    if flag(given.get("strict"), f"{path}.strict"):
        tool["strict"] = True
    return tool


def _schema(parameters: Mapping[str, Any], param: str = "") -> Mapping[str, Any]:
    """`parameters` as the API takes them: an object's schema, otherwise untouched."""
    kind = parameters.get("type")
    if kind == "object":
        return parameters
    if kind is not None:
        raise Refusal(400, f'{param}.type is {shown(kind)}; a tool\'s input is an "object"', param=f"{param}.type")
    return {"properties": {}, **parameters, "type": "object"}


def _fit_strict(tools: list[dict[str, Any]], decoding: Decoding) -> None:
    """Give strict tools a schema that the API can hold them to; those it cannot are strict no longer."""
    number = 0
    for tool in tools:
        if "strict" not in tool:
            continue
        try:
            if decoding.able("schema") is False:
                raise UsageError(f"cannot be had of {decoding.id}")
            tool["input_schema"] = for_api(tool["input_schema"])
            number += 1
            if number > MOST_STRICT:
                raise UsageError(f"can be had of {MOST_STRICT} tools at most")
        except UsageError as error:
            why = one_line(str(error), 300)
            decoding.drop("tools[].function.strict", f"cannot be kept for {shown(tool['name'])}: {why}")
            del tool["strict"]


def _domains(filters: object, path: str, decoding: Decoding) -> dict[str, Any]:
    """The search's own words for where it may look; OpenAI has none for where it may not."""
    if filters is None:
        return {}
    given = mapping(filters, path)
    decoding.drop_strangers(given, ("allowed_domains",), path)
    where = f"{path}.allowed_domains"
    domains = listed(given.get("allowed_domains"), where)
    found = [text(domain, f"{where}[{number}]") for number, domain in enumerate(domains)]
    return {"allowed_domains": found} if found else {}


def _chosen(given: object, tools: Tools, decoding: Decoding) -> tuple[list[dict[str, Any]], Choice]:
    """The tools that are left by the choice `given`, and that choice."""
    param = tools.param
    if given is None or isinstance(given, str):
        words = {"auto": "auto", "none": "none"} | ({} if tools.functions else {"required": "any"})
        return tools.tools, {"type": words[one_of("auto" if given is None else given, param, words)]}
    choice = mapping(given, param)
    decoding.drop_strangers(choice, ("name",) if tools.functions else ("type", "function", "allowed_tools"), param)
    if tools.functions:
        return tools.tools, {"type": "tool", "name": _known(choice, param, tools)}
    if one_of(choice.get("type"), f"{param}.type", ("function", "allowed_tools")) == "function":
        return tools.tools, {"type": "tool", "name": _known(choice.get("function"), f"{param}.function", tools)}
    where = f"{param}.allowed_tools"
    allowed = mapping(choice.get("allowed_tools"), where)
    mode = one_of(allowed.get("mode"), f"{where}.mode", ("auto", "required"))
    names = set()
    for number, each in enumerate(listed(allowed.get("tools"), f"{where}.tools")):
        path = f"{where}.tools[{number}]"
        names.add(_known(mapping(each, path).get("function"), f"{path}.function", tools))
    if not names:
        raise Refusal(400, f"{where}.tools is empty", param=f"{where}.tools")
    return [tool for tool in tools.tools if tool["name"] in names], {"type": "any" if mode == "required" else "auto"}


def _known(value: object, path: str, tools: Tools) -> str:
    """The name that is sent for the function `value` refers to, which is one of those offered."""
    name = text(mapping(value, path).get("name"), f"{path}.name")
    if name not in tools.names:
        raise Refusal(400, f"{path}.name: no tool is called {shown(name)}", param=f"{path}.name")
    return tools.names[name]


def _unforced(choice: Choice, param: str, decoding: Decoding, *, thinks: bool) -> Choice:
    """In place of a choice that leaves none, the model's own, and a word to it."""
    why = "while it thinks" if thinks else f"with {decoding.id}"
    decoding.drop(param, f"cannot force a tool {why}")
    which = f"the tool {choice['name']}" if choice["type"] == "tool" else "one of the tools"
    decoding.last_hints.append(f"Answer by calling {which}, not in words.")
    return {"type": "auto"}

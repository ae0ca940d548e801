"""Fields of the request given by their own names (`-O temperature=0.5`), as the options they are.

Once they are, the rules of `capabilities.py` judge them like those that have a flag.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from .errors import UsageError
from .messages import LLMOptions

_EFFORT = "output_config.effort"
_NOT_HERE = {"model": "-m names the model", "messages": "the prompt, files and attachments make them"}


def lifted(options: LLMOptions, *, judged: bool) -> LLMOptions:
    """`options` with what `extra` has of them in its place; it wins over a flag's, and null means not sent.

    Args:
        judged: whether the rules are going to look at them; else a value of the wrong kind stays where it is.
    Raises:
        UsageError: a value of the wrong kind, or a field that is not given this way.
    """
    for name, instead in _NOT_HERE.items():
        if name in options.extra:
            raise UsageError(f"-O {name} is not taken: {instead}")
    left, found = dict(options.extra), {}
    for name in [name for name in _KINDS if name in left]:
        if _is(name, left[name], judged=judged):
            found[name] = left.pop(name)
    config = left.get("output_config")
    if isinstance(config, Mapping) and "effort" in config and _is(_EFFORT, config["effort"], judged=judged):
        found["effort"] = config["effort"]
        left["output_config"] = {name: value for name, value in config.items() if name != "effort"}
        if not left["output_config"]:
            del left["output_config"]
    if found.get("thinking") is not None:
        found["thinking"] = {**(options.thinking or {}), **found["thinking"]}
    if "stop_sequences" in found:
        found["stop_sequences"] = tuple(found["stop_sequences"] or ())
    return replace(options, **found, extra=left)


def _is(name: str, value: object, *, judged: bool) -> bool:
    """Whether `value` is one for the field `name`. Raises `UsageError` where it is none, and that is `judged`."""
    fits, what = _KINDS[name]
    if value is None or fits(value):
        return True
    if judged:
        raise UsageError(f"-O {name} is {value!r}; it is {what}")
    return False


def _whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _share(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1


def _texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(part, str) for part in value)


_KINDS: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    "max_tokens": (_whole, "a whole number"),
    "stop_sequences": (_texts, "a list of texts"),
    "temperature": (_share, "a number from 0 to 1"),
    "top_p": (_share, "a number from 0 to 1"),
    "top_k": (_whole, "a whole number"),
    "thinking": (lambda value: isinstance(value, Mapping), "an object with a type"),
    "service_tier": (lambda value: isinstance(value, str), "auto or standard_only"),
    _EFFORT: (lambda value: isinstance(value, str), "a word such as high"),
}
"""What each field's value is, as a test and in words. The bounds are the API's own, the same for every model."""

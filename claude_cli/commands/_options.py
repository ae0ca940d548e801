"""The options commands share: one definition of each flag, its help and its check."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from ..core.errors import UsageError

ModelName = Annotated[str | None, typer.Option("--model", "-m", metavar="MODEL", help="Model id or alias: sonnet, opus, haiku, fable. [default: sonnet, or the setting]")]  # fmt: skip
BaseUrl = Annotated[str | None, typer.Option("--base-url", metavar="URL", help="Ask this address instead of the official one.")]  # fmt: skip
Provider = Annotated[str | None, typer.Option("--provider", metavar="NAME", help="Provider plugin that answers. [default: anthropic, or the setting]")]  # fmt: skip
Profile = Annotated[str | None, typer.Option("--profile", metavar="NAME", help="Use the address, key, model and headers of [profiles.NAME] in the settings.")]  # fmt: skip
Offline = Annotated[bool, typer.Option("--offline", help="Let the built-in simulator answer: no key, no network.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Errors only on standard error.")]
Verbose = Annotated[int, typer.Option("--verbose", "-v", count=True, show_default=False, help="Say more on standard error: who is asked, waits, what was taken out; -vv adds telemetry as JSON lines and tracebacks.")]  # fmt: skip
LogFile = Annotated[str | None, typer.Option("--log-file", metavar="PATH", help="Append what happens to PATH as JSON lines, keys and contents left out.")]  # fmt: skip
Timeout = Annotated[float | None, typer.Option("--timeout", metavar="SECONDS", help="Time for the whole call with its retries. [default: none]")]  # fmt: skip
MaxCost = Annotated[str | None, typer.Option("--max-cost", metavar="USD", help="Spend at most so many US dollars: a shorter answer, or status 9 before anything is sent. [default: no limit]")]  # fmt: skip
Colour = Annotated[str, typer.Option("--color", metavar="WHEN", help="Style the output: auto, always or never.")]
TemplateName = Annotated[str | None, typer.Option("--template", "-t", metavar="NAME", help="Fill in a prompt template, by name or path; see templates list.")]  # fmt: skip
TemplateValue = Annotated[list[str] | None, typer.Option("--param", "-p", metavar="NAME=VALUE", help="Value for a $NAME of the template; repeatable.")]  # fmt: skip
Prompt = Annotated[str | None, typer.Argument(help="The prompt; '-' reads standard input, and none at all reads what is piped.", show_default=False)]  # fmt: skip
System = Annotated[str | None, typer.Option("--system", "-s", metavar="TEXT", help="System prompt.")]
SystemFile = Annotated[str | None, typer.Option("--system-file", metavar="PATH", help="System prompt from a file.")]
File = Annotated[list[str] | None, typer.Option("--file", "-f", metavar="PATH", help="Text file, folder, URL or '-' into the prompt, or as the prompt where there is no other; repeatable.")]  # fmt: skip
Attach = Annotated[list[str] | None, typer.Option("--attach", "-a", "--image", "-i", metavar="PATH", help="Image or PDF: path, URL, '-' or 'clipboard'; repeatable.")]  # fmt: skip
Option = Annotated[list[str] | None, typer.Option("--option", "-O", metavar="K=V", help="Any other field of the request; V is JSON where it parses, dots go deeper; repeatable.")]  # fmt: skip
NoStdin = Annotated[bool, typer.Option("--no-stdin", help="Leave standard input alone.")]
NoInput = Annotated[bool, typer.Option("--no-input", help="Never ask a question.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


def one_of(value: str | None, choices: tuple[str, ...], flag: str) -> str | None:
    """`value`, if it is None or one of `choices`.

    Raises:
        UsageError: it is another word; the message lists the choices.
    """
    if value is not None and value not in choices:
        raise UsageError(f"{flag} {value} is not known; choose {', '.join(choices[:-1])} or {choices[-1]}")
    return value


def check_provider(name: str | None, *, offline: bool) -> None:
    """Refuse a provider that is not installed also where it is not asked: the simulator answers in its place.

    Raises:
        UsageError: names those that are.
    """
    if name is not None and offline:
        from ..core.providers.manager import PluginManager

        PluginManager().provider_class(name.removesuffix("-default"))


def in_range(value: float | None, least: float, most: float, flag: str) -> None:
    """Refuse a number outside `least` to `most`, or none at all (nan).

    Raises:
        UsageError: names the flag and the range.
    """
    if value is not None and not least <= value <= most:
        bound = f"{least:g} or more" if most >= 1e9 else f"{least:g} to {most:g}"
        raise UsageError(f"{flag} is {bound}, not {value:g}")


def pico(amount: str | None) -> int | None:
    """`--max-cost` in pico-dollars; None where it is not given.

    Raises:
        UsageError: it is no amount.
    """
    if amount is None:
        return None
    from ..storage.setting_values import AMOUNT, Dollars, dollars

    found = dollars(amount)
    if not isinstance(found, Dollars) or found.pico is None:
        raise UsageError(f"--max-cost is {AMOUNT}, not {amount!r}")
    return found.pico


def key_values(pairs: list[str]) -> dict[str, Any]:
    """`K=V` words as one object: V is JSON where it parses, else text; dots in K go deeper.

    Raises:
        UsageError: a word without `=`, or a key that goes through a value that is no object.
    """
    found: dict[str, Any] = {}
    for pair in pairs:
        path, sign, text = pair.partition("=")
        if not sign or not path or ".." in f".{path}.":
            raise UsageError(f"--option {pair!r} is not of the form name=value")
        *outer, last = path.split(".")
        place = found
        for name in outer:
            place = place.setdefault(name, {})
            if not isinstance(place, dict):
                raise UsageError(f"--option {path}: {name!r} has a value already, so nothing can go into it")
        place[last] = _value(text)
    return found


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text

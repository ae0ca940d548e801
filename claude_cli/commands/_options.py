"""The options commands share: one definition of each flag, its help and its check."""

from __future__ import annotations

from typing import Annotated

import typer

from ..asking.parameters import in_range, key_values, one_of
from ..core.errors import UsageError

__all__ = ["in_range", "key_values", "one_of"]

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
Continue = Annotated[bool, typer.Option("--continue", "-c", help="Go on with the newest conversation that is kept.")]
Session = Annotated[str | None, typer.Option("--session", "-S", metavar="NAME", help="Go on with the conversation of this id or title, or how one of them begins; where there is none, begin one of that title.")]  # fmt: skip
Fork = Annotated[bool, typer.Option("--fork", help="With -c or -S: go on in a copy, and leave the conversation as it is.")]  # fmt: skip
Save = Annotated[bool | None, typer.Option("--save/--no-save", show_default=False, help="Keep the exchange, or do not. [default: the setting history.save]")]  # fmt: skip
MaxTokens = Annotated[int | None, typer.Option("--max-tokens", metavar="N", help="Output tokens at most, thinking included. [default: 64,000 or the model's cap]")]  # fmt: skip
Stop = Annotated[list[str] | None, typer.Option("--stop", metavar="TEXT", help="Stop before this text; repeatable.")]
Effort = Annotated[str | None, typer.Option("--effort", metavar="LEVEL", help="How hard to try: low, medium, high, xhigh or max. [default: the model's own]")]  # fmt: skip
Thinking = Annotated[str | None, typer.Option("--thinking", metavar="on|off|TOKENS", help="Let the model think first. [default: the model's own]")]  # fmt: skip
ShowThinking = Annotated[bool, typer.Option("--show-thinking", help="Show the thinking on standard error.")]
Temperature = Annotated[float | None, typer.Option("--temperature", metavar="X", help="0 to 1; only older models take it.")]  # fmt: skip
TopP = Annotated[float | None, typer.Option("--top-p", metavar="X", help="0 to 1; only older models take it.")]
TopK = Annotated[int | None, typer.Option("--top-k", metavar="N", help="0 or more; only older models take it.")]
ServiceTier = Annotated[str | None, typer.Option("--service-tier", metavar="TIER", help="auto or standard_only.")]
WebSearch = Annotated[bool, typer.Option("--web-search", help="Let the model search the web; $10 per 1,000 searches, and the tokens of what it finds.")]  # fmt: skip
WebFetch = Annotated[bool, typer.Option("--web-fetch", help="Let the model read pages and PDFs that you or its searches name.")]  # fmt: skip
CodeExecution = Annotated[bool, typer.Option("--code-execution", help="Let the model run code at the provider.")]
Cache = Annotated[str | None, typer.Option("--cache", metavar="auto|off|1h", help="Let the provider keep the prompt, so that the next question about the same files costs less: auto for 5 minutes, 1h for an hour. [default: auto in a conversation, else off]")]  # fmt: skip
Beta = Annotated[list[str] | None, typer.Option("--beta", metavar="NAME", help="Name for the anthropic-beta header; repeatable.")]  # fmt: skip
Strict = Annotated[bool, typer.Option("--strict", help="Refuse what the model does not take instead of adjusting it.")]
OnTruncate = Annotated[str, typer.Option("--on-truncate", metavar="DO", help="When the answer is cut: fail (status 7), continue (ask for the rest, 5 times at most) or ok.")]  # fmt: skip
UsageLine = Annotated[bool, typer.Option("--usage", "-u", help="Print tokens, cost and seconds on standard error.")]
RetryFor = Annotated[float | None, typer.Option("--retry-for", metavar="SECONDS", help="How long failed calls are tried again. [default: 60]")]  # fmt: skip
Retries = Annotated[int | None, typer.Option("--retries", metavar="N", help="Tries after the first at most. [default: as many as fit]")]  # fmt: skip
FallbackModel = Annotated[str | None, typer.Option("--fallback-model", metavar="A,B", help="Models to ask when the first one fails; each switch is said.")]  # fmt: skip
Yes = Annotated[bool, typer.Option("--yes", help="Send large folders without a question.")]


def check_provider(name: str | None, *, offline: bool) -> None:
    """Refuse a provider that is not installed also where it is not asked: the simulator answers in its place.

    Raises:
        UsageError: names those that are.
    """
    if name is not None and offline:
        from ..core.providers.manager import PluginManager

        PluginManager().provider_class(name.removesuffix("-default"))


def output_name(name: str | None) -> str | None:
    """The file of `-o`, None for standard output.

    As a callback it is checked before the parser counts its arguments: `-o temperature 0.5 "…"` has one too many.

    Raises:
        UsageError: it is empty, or the name of a parameter.
    """
    if name is None:
        return None
    if not name:
        raise UsageError("-o is empty; name a file, or leave it out for standard output")
    from ..terminal.output_file import STANDARD_OUTPUT, check_name

    check_name(name)
    return None if name in STANDARD_OUTPUT else name


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

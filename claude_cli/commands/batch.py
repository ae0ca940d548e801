"""`claude-cli batch`: many prompts, each answered once. Here are the flags; what a run does is `_batch.py`'s."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer
import typer.core

from ..asking.form import form
from ..asking.question import PromptReader, Sources, system_prompt
from ..context import Context, Overrides
from ..core.errors import UsageError
from . import _options as options
from ._batch import Asked, run_batch
from ._parameters import check_ranges, parameters
from ._template import decided, template_in_use
from ._until import end_at

if TYPE_CHECKING:
    from ..core.messages import Block
    from ..core.surroundings import OnTruncate

MOST_JOBS = 64
INPUT_FORMATS = ("auto", "jsonl", "csv", "lines")
ON_TRUNCATE = ("fail", "continue", "ok")
RETRY_FOR_S = 600.0
"""Seconds; `complete` has 60, but nobody waits for a batch."""
EPILOG = """\b
Examples:
  claude-cli batch run prompts.jsonl -o answers.jsonl
  claude-cli batch run reviews.csv -t classify -o classes.jsonl --max-cost 5
  claude-cli batch run prompts.jsonl -o answers.jsonl --dry-run

The same command again goes on where it stopped.
"""


class Batch(typer.core.TyperGroup):
    """The group, which says what to type where `run` was forgotten."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """As the parser has it, but for a word that may be an input. Raises `UsageError`."""
        from difflib import get_close_matches
        from shlex import join

        word = args[0]
        if word in self.commands or word.startswith("--") or get_close_matches(word, [*self.commands], 1):
            return super().resolve_command(ctx, args)
        raise UsageError(f"batch has no command {word!r}; if it is the input: claude-cli batch run {join(args)}")


group = typer.Typer(cls=Batch, invoke_without_command=True, epilog=EPILOG)


@group.callback()
def _help(ctx: typer.Context) -> None:
    """Ask many prompts, and keep each answer."""
    if ctx.invoked_subcommand is None:
        Context().console.answer(ctx.get_help() + "\n")


@group.command(epilog=EPILOG)
def run(
    input_: Annotated[str, typer.Argument(metavar="IN", help="The rows: JSON Lines, CSV or a prompt a line; '-' reads standard input.", show_default=False)],
    output: Annotated[str | None, typer.Option("--output", "-o", metavar="FILE", callback=options.output_name, help="Write the answers to FILE as JSON Lines, in the order of the input, when all rows are over; until then they are in FILE.journal, from which the same command goes on.")] = None,
    as_completed: Annotated[bool, typer.Option("--as-completed", help="Write the answers in the order in which they come.")] = False,
    input_format: Annotated[str, typer.Option("--input-format", metavar="FORM", help="auto (by the name, then the content), jsonl, csv or lines.")] = "auto",
    files_root: Annotated[str | None, typer.Option("--files-root", metavar="DIR", help="Rows may name files below DIR. [default: the folder of IN]")] = None,
    model: options.ModelName = None,
    system: options.System = None,
    system_file: options.SystemFile = None,
    template: Annotated[str | None, typer.Option("--template", "-t", metavar="NAME", help="Fill in a prompt template for each row; columns and members are its values.")] = None,
    param: options.TemplateValue = None,
    jobs: Annotated[int, typer.Option("--jobs", "-j", metavar="N", help="Rows under way at once, at most: 1 to 64. It begins with 8 and goes by what the provider allows.")] = MOST_JOBS,
    dry_run: Annotated[bool, typer.Option("--dry-run", "-n", help="Show the first requests, the tokens and the money, send nothing.")] = False,
    expect_output: Annotated[int, typer.Option("--expect-output", metavar="N", help="Output tokens of a row, for the expected cost.")] = 1000,
    retry_failed: Annotated[bool, typer.Option("--retry-failed", help="Ask the rows again that failed in an earlier run.")] = False,
    restart: Annotated[bool, typer.Option("--restart", help="Begin anew: forget what an earlier run has answered.")] = False,
    skip_invalid: Annotated[bool, typer.Option("--skip-invalid", help="Leave out rows that cannot be asked, instead of stopping before the first call.")] = False,
    stop_after_failures: Annotated[int | None, typer.Option("--stop-after-failures", metavar="N", help="Begin no further rows once N have failed. [default: go on]")] = None,
    until: Annotated[str | None, typer.Option("--until", metavar="TIME", help="Begin no further rows from TIME on: HH:MM, or a date with its time.")] = None,
    for_: Annotated[str | None, typer.Option("--for", metavar="TIME", help="Begin no further rows after so long: 5h, 90m, 1h30m, 45s.")] = None,
    max_cost: Annotated[str | None, typer.Option("--max-cost", metavar="USD", help="Spend at most so many US dollars in this run, then stop with status 9. [default: no limit]")] = None,
    max_tokens: Annotated[int | None, typer.Option("--max-tokens", metavar="N", help="Output tokens of a row at most, thinking included. [default: 16,000 or the model's cap]")] = None,
    stop: options.Stop = None,
    effort: options.Effort = None,
    thinking: options.Thinking = None,
    temperature: options.Temperature = None,
    top_p: options.TopP = None,
    top_k: options.TopK = None,
    service_tier: options.ServiceTier = None,
    cache: Annotated[str, typer.Option("--cache", metavar="auto|off", help="Let rows that begin alike share a prompt cache: one goes ahead and fills it.")] = "auto",
    option: options.Option = None,
    beta: options.Beta = None,
    strict: options.Strict = False,
    on_truncate: Annotated[str, typer.Option("--on-truncate", metavar="DO", help="When an answer is cut: fail (the row), continue (ask for the rest, 5 times at most) or ok.")] = "fail",
    first_block: Annotated[bool, typer.Option("-x", help="Keep only the first code block; --extract first.")] = False,
    extract: Annotated[str | None, typer.Option("--extract", metavar="WHICH", help="Keep only code blocks: first, last, all, or the first in a language such as python.")] = None,
    schema: Annotated[str | None, typer.Option("--schema", metavar="SCHEMA", help="Get JSON of this form: a JSON Schema, a file with one, or 'name, age int, tags list'.")] = None,
    stream: Annotated[bool, typer.Option("--stream", help="Have all answers streamed, as long ones always are: for proxies that close silent connections.")] = False,
    timeout: Annotated[float | None, typer.Option("--timeout", metavar="SECONDS", help="Time for a row with its retries. [default: none]")] = None,
    retry_for: Annotated[float, typer.Option("--retry-for", metavar="SECONDS", show_default=False, help="How long a row is tried again. [default: 600]")] = RETRY_FOR_S,
    retries: Annotated[int | None, typer.Option("--retries", metavar="N", help="Tries of a row after the first at most. [default: as many as fit]")] = None,
    provider: options.Provider = None,
    profile: options.Profile = None,
    base_url: options.BaseUrl = None,
    offline: options.Offline = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as one JSON object; needs -o.")] = False,
    colour: options.Colour = "auto",
    quiet: options.Quiet = False,
    verbose: options.Verbose = 0,
    log_file: options.LogFile = None,
) -> int:  # fmt: skip
    """Ask all rows of IN, each once."""
    check_ranges(timeout=timeout, retry_for=retry_for, retries=retries)
    for value, least, most, flag in (
        (jobs, 1, MOST_JOBS, "--jobs"), (expect_output, 1, 1e9, "--expect-output"),
        (stop_after_failures, 1, 1e9, "--stop-after-failures"),
    ):  # fmt: skip
        options.in_range(value, least, most, flag)
    options.one_of(colour, ("auto", "always", "never"), "--color")
    _check_output(output, {"--restart": restart, "--retry-failed": retry_failed, "--as-completed": as_completed})
    context = Context(
        overrides=Overrides(
            provider, base_url, offline, timeout, quiet, verbose, colour, log_file, profile, options.pico(max_cost)
        ),
        command="batch",
    )
    options.check_provider(provider, offline=context.offline)
    use = template_in_use(context, template, param or [], of_rows=True)
    if extract is None and first_block:
        extract = "first"
    if extract is None and schema is None:  # flags win over the template, one of them over both of its
        extract, schema = decided(use, "extract"), decided(use, "schema")
    wanted = form(extract, schema, (), on_truncate=on_truncate)
    chosen = parameters(
        context, use, wanted.request(options.key_values(option or [])), max_tokens=max_tokens, stop=stop, effort=effort,
        thinking=thinking, show_thinking=False, temperature=temperature, top_p=top_p, top_k=top_k,
        service_tier=service_tier, beta=beta,
    )  # fmt: skip
    given = system_prompt(context, system, system_file)
    from ..batch.common import Common
    from ..batch.job import Settings

    common = Common(
        model=_model(context, model, decided(use, "model")),
        system=_system(context, given, decided(use, "system")),
        options=chosen,
        form=wanted,
        files=_files(context, decided(use, "files") or ()),
        on_truncate=cast("OnTruncate", options.one_of(on_truncate, ON_TRUNCATE, "--on-truncate")),
        stream=stream,
        strict=strict,
        caching=options.one_of(cache, ("auto", "off"), "--cache") == "auto",
        template=use,
        models=context.catalogue,
        of_settings=frozenset(
            name
            for name, flag in (("system", given), ("max_tokens", max_tokens), ("effort", effort))
            if flag is None and not decided(use, name)
        ),
    )
    settings = Settings(
        jobs, retry_for, retries, timeout, skip_invalid, stop_after_failures, end_at(until, for_, datetime.now()),
        simulated=context.offline,
    )  # fmt: skip
    return run_batch(
        context,
        Asked(
            input_, common, settings, output, as_completed,
            input_format=options.one_of(input_format, INPUT_FORMATS, "--input-format") or "auto",
            files_root=files_root, dry_run=dry_run, expect_output=expect_output, retry_failed=retry_failed,
            restart=restart, as_json=as_json,
        ),
    )  # fmt: skip


def _check_output(output: str | None, given: dict[str, bool]) -> None:
    """Refuse the flags in `given` that are about a file where there is none, or about two things. Raises `UsageError`."""
    for flag in [flag for flag in given if given[flag] and output is None]:
        raise UsageError(f"{flag} needs -o: without it nothing is kept of a run, and answers come as they are done")
    if given["--restart"] and given["--retry-failed"]:
        raise UsageError("--restart asks all rows anew, --retry-failed those that have failed; say one of them")


def _model(context: Context, *names: str | None) -> str:
    """The first of `names` that there is, else the setting's. Raises `UsageError`: it is empty."""
    name = next((name for name in names if name is not None), context.settings.model)
    if not name.strip():
        raise UsageError("--model is empty; name one, for example sonnet")
    return name


def _system(context: Context, given: str | None, templates: str | None) -> str | None:
    """The system prompt of a flag, else of the settings; None where the template has one, which each row fills."""
    if given is None and not templates:
        given = context.settings.system
    return given  # an empty one is a choice, too, and goes before the template's


def _files(context: Context, names: Sequence[str]) -> tuple[Block, ...]:
    """The documents of the template."""
    if not names:
        return ()
    return tuple(PromptReader(context, Sources(None, names, use_stdin=False, may_ask=False)).gather(None).documents)

"""`claude-cli keys`: API keys stored, listed, tested and removed. Where they lie and which one counts: storage/keys.py."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..context import Context, Overrides
from ..core.errors import AuthenticationError, ClaudeError, PermissionDeniedError, UsageError
from ..core.messages import Notice
from ..storage.settings import DEFAULT_PROFILE
from ..terminal.ask import can_ask, confirm, read_hidden, read_piped
from ..terminal.stdin import kind_of
from . import _options as options
from ._check import list_models

if TYPE_CHECKING:
    from ..core.redact import Credential
    from ..storage.keys import Purpose

group = typer.Typer()
STORES = ("keyring", "file")
MAKE_ONE = "https://console.anthropic.com/settings/keys"

StoreName = Annotated[
    str | None,
    typer.Option("--store", metavar="WHERE", help="keyring, or file (keys.json, for you alone). [default: keyring]"),
]
RemovedFrom = Annotated[str | None, typer.Option("--store", metavar="WHERE", help="keyring or file. [default: both]")]
BaseUrl = Annotated[
    str | None,
    typer.Option(
        "--base-url", metavar="URL", help="The address the key is for. [default: the profile's, else the official one]"
    ),
]


@group.command("set", context_settings={"allow_extra_args": True})
def set_command(
    words: typer.Context,
    profile: options.Profile = None,
    store: StoreName = None,
    base_url: BaseUrl = None,
    no_test: Annotated[bool, typer.Option("--no-test", help="Do not try the key with a call, which would be free.")] = False,
    timeout: options.Timeout = None,
    verbose: options.Verbose = 0,
) -> int:  # fmt: skip
    """Store a key, typed at a hidden prompt or piped in; then read it back and try it.

    It is sent only to the address it is stored for.
    """
    if words.args:
        # Not named: it would be a key, in a log perhaps.
        raise UsageError(
            "a key is not taken from the command line, where others can see it; "
            "say only `claude-cli keys set` and paste it, or pipe it in"
        )
    context = _context(profile, base_url, timeout, verbose)
    purpose = context.key_purpose
    name = _where(context, options.one_of(store, STORES, "--store"))
    key, value = _read(context, purpose)
    kept = context.key_store.store(name)
    kept.put(purpose.slot, value)
    if kept.get(purpose.slot) != value:
        raise AuthenticationError(f"{kept.source} took the key and does not give it back; choose another --store")
    context.console.answer(f"stored in {kept.source} for {purpose.origin} (profile {purpose.profile})\n")
    _say_what_wins(context, purpose, name)
    if no_test or context.offline:
        return 0
    try:
        return _try(context, replace(key, source=kept.source))
    except ClaudeError as error:
        error.args = (f"the key is stored, but a call with it failed: {error}",)
        if isinstance(error, AuthenticationError | PermissionDeniedError):
            error.advice = f"store another one with the same line, or remove it with: {purpose.remove_command}"
        raise


@group.command("list")
def list_command(
    profile: options.Profile = None,
    base_url: BaseUrl = None,
    as_json: options.AsJson = False,
    verbose: options.Verbose = 0,
) -> int:
    """List where keys can come from and which source wins, for each profile; never a key."""
    context = _context(profile, base_url, None, verbose)
    in_use = context.key_purpose.profile
    others = [] if profile else [name for name in ("default", *context.settings.profiles) if name != in_use]
    contexts = [context, *(_context(name, base_url, None, verbose) for name in dict.fromkeys(others))]
    rows = [_row(each, context) for each in contexts]
    kept = _kept_besides(context, {each.key_purpose.slot for each in contexts}, profile)
    if as_json:
        elsewhere = [
            {"profile": each.profile, "base_url": each.origin, "source": where, "remove": each.remove_command}
            for each, where in kept
        ]
        told = {"version": 1, "profiles": rows, "other_addresses": elsewhere}
        context.console.answer(json.dumps(told, ensure_ascii=False) + "\n")
        return 0
    lines = []
    for row in rows:
        lines.append(f"{row['profile']}  {row['base_url']}{'  (in use)' if row['in_use'] else ''}")
        for each in row["sources"]:
            mark = "*" if each["wins"] else " "
            lines.append(f" {mark} {each['source']:21} {each['state']}")
    lines += ["for other addresses"] if kept else []
    lines += [f"   {where:21} has a key for {_what(each)}" for each, where in kept]
    context.console.answer("".join(f"{line}\n" for line in lines))
    return 0


@group.command("test")
def test_command(
    profile: options.Profile = None,
    base_url: BaseUrl = None,
    timeout: options.Timeout = None,
    verbose: options.Verbose = 0,
) -> int:
    """Try the key that is in use with a free call, `GET /v1/models`."""
    context = _context(profile, base_url, timeout, verbose)
    if context.offline:
        who = context.settings.sources.get("offline", "the settings")
        raise UsageError(f"there is no key to test offline, where the simulator answers ({who} says offline)")
    return _try(context)


@group.command("rm")
def remove_command(
    profile: options.Profile = None,
    store: RemovedFrom = None,
    base_url: BaseUrl = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Remove it without a question.")] = False,
    verbose: options.Verbose = 0,
) -> int:
    """Remove a stored key, and say what remains."""
    context = _context(profile, base_url, None, verbose)
    chosen = options.one_of(store, STORES, "--store")
    purpose, keys = context.key_purpose, context.key_store
    kept, trouble = _kept(context, (chosen,) if chosen else keys.in_use)
    what = f"the key for {_what(purpose)}"
    if kept and not yes:
        if not can_ask(context.console):
            raise UsageError(f"nobody is there to confirm that {what} is removed; say --yes")
        if not confirm(
            context.console, f"remove {what} from {' and '.join(keys.store(name).source for name in kept)}?"
        ):
            return 0
    for name in kept:
        keys.store(name).remove(purpose.slot)
        context.console.answer(f"removed from {keys.store(name).source}: {what}\n")
    if trouble and (trouble.code != "no_keyring" or chosen):
        raise trouble
    if not kept:
        context.console.answer(f"nothing to remove: {what} is not stored\n")
        for other, where in _kept_besides(context, {purpose.slot}, profile):
            context.console.line(f"{where} has a key for {_what(other)}; remove it with: {other.remove_command}")
    _say_what_wins(context, purpose)
    return 0


def _context(profile: str | None, base_url: str | None, timeout: float | None, verbose: int) -> Context:
    options.in_range(timeout, 0.001, 1e9, "--timeout")
    overrides = Overrides(base_url=base_url, timeout_s=timeout, verbose=verbose, profile=profile)
    return Context(overrides=overrides, uses_project=False)  # a project has no say in keys


def _where(context: Context, chosen: str | None) -> str:
    """The store to use: the one named, else the keyring, else the file where a person agrees.

    Raises:
        AuthenticationError: there is no keyring, and nobody chose the file.
    """
    if chosen == "keyring" and not context.settings.keyring:
        raise UsageError("the settings say keyring = false, so a key in the keyring would not be used")
    if chosen:
        return chosen
    try:
        if not context.settings.keyring:
            raise AuthenticationError("the keyring is switched off (keyring = false)", code="no_keyring")
        context.key_store.store("keyring").get(context.key_purpose.slot)
        return "keyring"
    except AuthenticationError as error:
        file = context.key_store.store("file").source
        question = f"{error}; keep the key in {file}, readable by you alone?"
        if can_ask(context.console) and confirm(context.console, question):
            return "file"
        ways = f"say --store file to keep the key in {file}, or set ANTHROPIC_API_KEY or key_command"
        error.args = (f"{error}; {ways}",)
        raise


def _read(context: Context, purpose: Purpose) -> tuple[Credential, str]:
    """The key, as a credential and as the text to store; asked for, or out of a pipe.

    Raises:
        UsageError: there is none, or it may not go where it is for.
        AuthenticationError: it is no key.
    """
    from ..core.address import check_plain_http, endpoint
    from ..core.redact import credential

    if kind_of() == "none":
        raise UsageError("no key came: standard input is closed or /dev/null; run it at a terminal, or pipe the key in")
    if kind_of() != "terminal":
        text, source = read_piped(), "standard input"
    elif can_ask(context.console):
        hint = f" (made at {MAKE_ONE})" if purpose.is_official else ""
        context.console.say(f"API key for {purpose.origin}{hint}")
        text, source = read_hidden(context.console, "paste it here, it is not shown: "), "what was typed"
    else:
        raise UsageError("standard error is no terminal, so the key cannot be asked for; pipe it in")
    if not text.strip():
        raise UsageError("no key was given; nothing is stored")
    key = credential(text, source=source)
    check_plain_http(endpoint(context.base_url), key, context.settings.allow_http)
    return key, text.strip()


def _try(context: Context, key: Credential | None = None) -> int:
    """Call with `key`, or with the one that is in use, and say how it went. Raises `ClaudeError`."""
    from ..core.providers.anthropic import AnthropicProvider

    if key is None:
        found = context.key_store.find(context.key_purpose)
        if found.key is None:
            raise AuthenticationError(found.missing(context.key_purpose), code="no_key")
        if found.trouble:
            context.notify(Notice("keyring", found.notice(context.key_purpose)))
        key = found.key
    provider = AnthropicProvider.configured(context.provider_config(key))
    number, milliseconds = list_models(provider, context.overrides.timeout_s)
    where = f"{provider.endpoint.origin} answered in {milliseconds} ms with {number} models"
    context.console.answer(f"the key from {key.source} works: {where}\n")
    return 0


def _row(context: Context, in_use: Context) -> dict[str, Any]:
    """What `keys list` says of one profile."""
    purpose = context.key_purpose
    states = in_use.key_store.states(purpose)
    winner = next((state for state in states if state.has_key), None)
    return {
        "profile": purpose.profile,
        "base_url": purpose.origin,
        "in_use": context is in_use,
        "sources": [
            {"source": state.source, "has_key": state.has_key, "state": state.words, "wins": state is winner}
            for state in states
        ],
    }


def _kept(context: Context, names: tuple[str, ...]) -> tuple[list[str], AuthenticationError | None]:
    """Which of the stores have the key, and why one of them cannot be asked."""
    found: list[str] = []
    trouble = None
    for name in names:
        try:
            if context.key_store.store(name).get(context.key_purpose.slot) is not None:
                found.append(name)
        except AuthenticationError as error:
            trouble = error
    return found, trouble


def _kept_besides(context: Context, told: Collection[str], profile: str | None) -> list[tuple[Purpose, str]]:
    """What else there are stored keys for, each with the name of its store.

    Args:
        told: the slots that are known already.
        profile: only those of this one; None: of all.
    """
    from ..core.address import endpoint
    from ..core.connection import DEFAULT_BASE_URL
    from ..storage.keys import purpose_in, slot

    settings, purpose = context.settings, context.key_purpose
    homes = {DEFAULT_PROFILE: "", **{name: each.base_url for name, each in settings.profiles.items()}}
    likely = [
        slot(name, origin)
        for name, home in homes.items()
        if "@" not in name  # such a profile has no slot
        for origin in (purpose.origin, purpose.home, DEFAULT_BASE_URL, endpoint(home or DEFAULT_BASE_URL).origin)
    ]
    found = context.key_store.in_passing().kept_besides(told, likely)
    purposes = [(purpose_in(name), where) for name, where in found]
    return [each for each in purposes if profile in (None, each[0].profile)]


def _what(purpose: Purpose) -> str:
    """The address and the profile of a key, in words."""
    return f"{purpose.origin} (profile {purpose.profile})"


def _say_what_wins(context: Context, purpose: Purpose, stored: str = "") -> None:
    """Say which source is used now, where that is another than the one a key was just `stored` in."""
    states = context.key_store.in_passing().states(purpose)
    winner = next((state.source for state in states if state.has_key), "")
    if winner and winner != stored:
        context.console.line(
            f"{winner} has a key, too, and it is the one that is used" if stored else f"{winner} still has a key"
        )

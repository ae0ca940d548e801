"""Conversations going out as JSON or Markdown, coming in as JSON or from `llm`: nothing lost, nothing let out or in."""

from __future__ import annotations

import json
import sqlite3
from base64 import b64encode
from contextlib import closing
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest

from claude_cli.core.conversation import Conversation, Turn
from claude_cli.core.errors import UsageError
from claude_cli.core.events import usage_from
from claude_cli.core.messages import document_block, image_block, text_block
from claude_cli.storage.exchange import MAX_BYTES, exported, imported
from claude_cli.storage.exchange_markdown import branches, markdown
from claude_cli.storage.exchange_redact import Redaction, has_data
from claude_cli.storage.llm_import import conversations_of_llm

NOW = 1_795_400_000_000_000
"""November 2026, in microseconds."""
PNG = "iVBORw0KGgo="
THINKING = {"type": "thinking", "thinking": "Hmm.", "signature": "c2ln"}
SEARCH = {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {"query": "tls"}}
CACHE = {
    "cache_read_input_tokens": 5,
    "cache_creation_input_tokens": 0,
    "output_tokens_details": {"thinking_tokens": 2},
}
USAGE = usage_from({"input_tokens": 9, "output_tokens": 4, "service_tier": "standard", **CACHE})


def tree():
    """Four branches, an answer of each state, blocks of many kinds; the first branch is in use."""
    found = Conversation("0abc", "A title", "claude-sonnet-5-5", "Be brief.", simulated=True)
    question = (image_block("image/png", PNG), document_block("Some text", "notes.txt"), text_block("What is this?"))
    found.add(Turn(NOW, None, "user", question))
    answer = (
        THINKING,
        SEARCH,
        text_block("A **dot**"),
        text_block(", red."),
        {"type": "of_tomorrow", "x": [1.5, None]},
    )
    more = {"usage": USAGE, "cost_pico": 123, "stop_reason": "end_turn", "request_id": "req_1", "bound": "abcdef"}
    found.add(Turn(NOW + 1, NOW, "assistant", answer, model="claude-sonnet-5-5", **more))
    found.add(Turn(NOW + 2, NOW + 1, "user", (text_block("Sum up"),), kind="summary"))
    found.add(Turn(NOW + 3, NOW + 2, "assistant", (text_block("Half an ans"),), "interrupted", estimated=True))
    for number, state in enumerate(("open", "cut", "refused"), 4):
        found.add(Turn(NOW + number, NOW, "assistant", (text_block(state),), state, model="claude-opus-5-5"))
    found.head, found.first_sent = NOW + 3, NOW + 1
    return found


def json_of(*conversations, **more):
    return "".join(exported(conversations, **more)).encode()


def changed(**changes):
    """An export with other fields in its conversation; "turn" has other fields of its second turn."""
    whole = json.loads(json_of(tree()))
    whole["conversations"][0]["turns"][1].update(changes.pop("turn", {}))
    whole["conversations"][0].update(changes)
    return whole


def test_json_comes_back_as_the_same_tree():
    """Branches, states, raw blocks and attachments, with half a character that some JSON cut in two."""
    other = Conversation("0abd", turns={NOW + 20: Turn(NOW + 20, None, "user", (text_block("half \ud83d"),))})
    data = json_of(tree(), other)
    assert imported(data, now=NOW) == [tree(), other]
    assert json.loads(data)["version"] == 1
    assert imported(json_of(), now=NOW) == []


def test_a_field_of_tomorrow_is_no_mistake():
    """What a later version adds to the same format is passed over; what has a default may be missing."""
    whole = changed(of_tomorrow=1)
    del whole["conversations"][0]["turns"][0]["kind"], whole["conversations"][0]["title"]
    (found,) = imported(json.dumps(whole).encode(), now=NOW)
    assert found == replace(tree(), title="")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        pytest.param(b"", "it is no JSON: Expecting value, line 1", id="empty"),
        pytest.param(b"\xff\xfe\xfd", "it is no JSON", id="no text"),
        pytest.param(b"[" * 100_000, "nested too deep", id="deep"),
        pytest.param(b"[" + b"9" * 5_000 + b"]", "it is no JSON", id="a number without end"),
        pytest.param(b'{"a": NaN}', "NaN is no number of JSON", id="NaN"),
        pytest.param(b"[]", "no export of conversations, and no logs.db", id="a list"),
        pytest.param(b'{"version": 1}', "no export of conversations", id="another object"),
        pytest.param(b'{"version": 2, "conversations": []}', "its version is not 1", id="a later version"),
        pytest.param(b'{"version": true, "conversations": []}', "its version is not 1", id="no version"),
        pytest.param(b" " * (MAX_BYTES + 1), "larger than 256 MB", id="too large"),
        pytest.param({"conversations": [None]}, "conversation 1: it is no object", id="no conversation"),
        pytest.param(changed(id="../../etc"), "its id is not of small letters", id="an id that is a path"),
        pytest.param(changed(id="\x1b[31mred"), "its id is not of small letters", id="an id with an escape"),
        pytest.param(changed(id=7), "id is no text", id="an id that is a number"),
        pytest.param(changed(title=["x"]), "title is no text", id="a title that is a list"),
        pytest.param(changed(system="\ud83d"), "system holds half a character", id="half a character"),
        pytest.param(changed(model="\x1b]0;x\x07"), "model is too long, or holds", id="a model with an escape"),
        pytest.param(changed(model="m" * 201), "model is too long", id="a long model"),
        pytest.param(changed(simulated="no"), "simulated is neither", id="no flag"),
        pytest.param(changed(head=5), "head is none of its turns", id="no such head"),
        pytest.param(changed(head=True), "head is none of its turns", id="a head that is none"),
        pytest.param(changed(first_sent="x"), "first_sent is none of its turns", id="no such first_sent"),
        pytest.param(changed(turns={}), "turns is no list", id="no turns"),
        pytest.param(changed(turns=[3]), "turn 1: it is no object", id="no turn"),
        pytest.param(changed(turn={"id": NOW}), f"turn 2: the id {NOW} is there twice", id="a turn twice"),
        pytest.param(changed(turn={"id": 2**63}), "id is no number from 0 to", id="a turn of the far future"),
        pytest.param(changed(turn={"id": 0}), "id is no time", id="a turn without a time"),
        pytest.param(changed(turn={"id": True}), "id is no number", id="a turn of true"),
        pytest.param(changed(turn={"id": NOW - 1}), "older than the one before it", id="turns out of order"),
        pytest.param(changed(turn={"parent": NOW + 1}), "parent is none of the turns before", id="its own parent"),
        pytest.param(changed(turn={"parent": NOW + 2}), "parent is none of the turns before", id="a circle"),
        pytest.param(changed(turn={"parent": [1]}), "parent is none of the turns before", id="a parent that is a list"),
        pytest.param(changed(turn={"role": "system"}), "role system is not known; it is one of user", id="a role"),
        pytest.param(changed(turn={"role": None}), "role None is not known", id="no role"),
        pytest.param(changed(turn={"state": "\x1b[2Jgone"}), "state gone is not known", id="a state"),
        pytest.param(changed(turn={"state": {}}), "state {} is not known", id="a state that is an object"),
        pytest.param(changed(turn={"kind": "x" * 99}), "x… is not known", id="a kind"),
        pytest.param(changed(turn={"content": "hi"}), "content is no list", id="content that is text"),
        pytest.param(changed(turn={"content": ["hi"]}), "it is no object", id="a block that is text"),
        pytest.param(changed(turn={"content": [{}]}), "a block has no type", id="a block without a type"),
        pytest.param(changed(turn={"content": [{"type": "text"}]}), "has no text", id="a text without text"),
        pytest.param(
            changed(turn={"content": [{"type": "x", "source": {"data": {"sha256": "0" * 64, "encoding": "utf-8"}}}]}),
            "an attachment is not in the file",
            id="another's attachment",
        ),
        *[
            pytest.param(changed(turn={"content": [block]}), words, id=json.dumps(block)[:60])
            for block, words in [
                ({"type": "image", "source": "x"}, "source is no object"),
                ({"type": "image"}, "source is no object"),
                ({"type": "document", "source": 5}, "source is no object"),
                ({"type": "image", "source": {"type": "base64", "data": 5}}, "data is no text"),
                ({"type": "document", "source": {"type": "text", "data": None}}, "data is no text"),
                ({"type": "text", "text": "a", "citations": "x"}, "citations are neither"),
                ({"type": "document", "source": {"type": "text", "data": "a"}, "citations": 7}, "citations are"),
                ({"type": "tool_result", "content": [{"type": "image", "source": 5}]}, "source is no object"),
            ]
        ],
        pytest.param(changed(turn={"usage": 3}), "usage is no object", id="usage"),
        pytest.param(changed(turn={"cost_pico": -1}), "cost_pico is no number", id="less than nothing"),
        pytest.param(changed(turn={"cost_pico": 1.5}), "cost_pico is no number", id="half a cost"),
        pytest.param(changed(turn={"cost_pico": 10**19}), "cost_pico is no number", id="a cost without end"),
        pytest.param(changed(turn={"estimated": 1}), "estimated is neither", id="estimated"),
        pytest.param(changed(turn={"stop_reason": 1}), "stop_reason is no text", id="a stop reason"),
    ],
)  # fmt: skip
def test_a_wrong_file_is_told_by_what_is_wrong(data, words):
    """Whatever stands in it: one line, no traceback, and nothing taken over from it."""
    data = data if isinstance(data, bytes) else json.dumps({"version": 1, **data}).encode()
    with pytest.raises(UsageError) as caught:
        imported(data, now=NOW)
    assert words in str(caught.value)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    ("value", "words"),
    [
        pytest.param("[" * 300 + "]" * 300, "nested too deep", id="deep"),
        pytest.param("1e999", "a number has no end", id="infinite"),
    ],
)
def test_what_json_says_and_cannot_be_kept(value, words):
    """It is in JSON that Python reads without a word."""
    data = json.dumps(changed(turn={"content": [{"type": "x", "y": "HERE"}]})).replace('"HERE"', value)
    with pytest.raises(UsageError, match=words):
        imported(data.encode(), now=NOW)


def test_ids_are_there_once():
    """Of conversations, and of turns over all of them: the store has one table."""
    with pytest.raises(UsageError, match=r"conversation 2: turn 1: the id \d+ is there twice"):
        imported(json_of(tree(), replace(tree(), id="0abd")), now=NOW)
    with pytest.raises(UsageError, match="conversation 2: the id 0abc is there twice"):
        imported(json_of(tree(), Conversation("0abc")), now=NOW)


def test_marks_of_the_cache_stay_behind():
    """A request may have four of them, and this program sets its own."""
    mark = {"cache_control": {"type": "ephemeral"}}
    inner = {**text_block("a"), **mark}
    document = {"type": "document", "source": {"type": "content", "content": [inner]}, **mark}
    content = [inner, {"type": "tool_result", "content": [inner], **mark}, document, {**SEARCH, "input": dict(mark)}]
    (found,) = imported(json.dumps({"version": 1, **changed(turn={"content": content})}).encode(), now=NOW)
    assert found.turns[NOW + 1].content == (
        text_block("a"),
        {"type": "tool_result", "content": [text_block("a")]},
        {"type": "document", "source": {"type": "content", "content": [text_block("a")]}},
        {**SEARCH, "input": mark},
    )


def test_a_title_is_made_harmless():
    """Any text may have become one: it is no reason to refuse what was said."""
    (found,) = imported(json_of(replace(tree(), title="a\x1b]0;b\x07\nc\u202e")), now=NOW)
    assert found.title == "a c"


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        pytest.param("my sk-ant-api03-AbC_d-9 key", "my sk-ant-*** key", id="Anthropic"),
        pytest.param("Authorization: Bearer abc.def", "Authorization: Bearer ***", id="a header"),
        pytest.param("bearer abcdefgh12345678", "Bearer ***", id="a bearer token"),
        pytest.param("https://ann:secret@example.com/x", "https://***@example.com/x", id="a password in a URL"),
        pytest.param("ghp_abcdefghijklmnopqrstuvwxyz0123456789", "***", id="GitHub"),
        pytest.param("github_pat_11ABCDEFG0123456789_abcdefghij", "***", id="GitHub, fine-grained"),
        pytest.param("glpat-abcdefghij0123456789", "***", id="GitLab"),
        pytest.param("AKIAIOSFODNN7EXAMPLE", "***", id="AWS"),
        pytest.param("AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG", "AWS_SECRET_ACCESS_KEY=***", id="AWS secret"),
        pytest.param("AIzaSyA-1234567890abcdefghijklmnopqrstuv", "***", id="Google"),
        pytest.param("xoxb-1234567890-abcdefghij", "***", id="Slack"),
        pytest.param("sk-proj-abc123def456ghi789jkl", "***", id="OpenAI"),
        pytest.param("sk_live_abcdefghij0123", "***", id="Stripe"),
        pytest.param("hf_abcdefghijklmnopqrstuvwxyzABCDEFGH", "***", id="Hugging Face"),
        pytest.param("npm_abcdefghijklmnopqrstuvwxyz0123456789", "***", id="npm"),
        pytest.param("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTYifQ.dozjgNryP4J3", "***", id="a JSON Web Token"),
        pytest.param(
            "a\n-----BEGIN RSA PRIVATE KEY-----\nMIIabc\n-----END RSA PRIVATE KEY-----\nb",
            "a\n*** (a private key)\nb",
            id="a private key",
        ),
        pytest.param(
            "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG\nMIIEvQIBADANBgkqhkiG\nand so on",
            "*** (a private key)\nand so on",
            id="half a private key",
        ),
        pytest.param("xai-abcdefghijklmnopqrst0123456789", "***", id="xAI"),
        pytest.param("gsk_abcdefghijklmnopqrst0123456789", "***", id="Groq"),
        pytest.param("hvs.CAESIAbcdefghijklmnop0123456789", "***", id="Vault"),
        pytest.param("AGE-SECRET-KEY-1QQPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L", "***", id="age"),
        pytest.param(
            "DefaultEndpointsProtocol=https;AccountKey=abcdEFGH1/ijklmnop+qrstuvwxyz==;Endpoint=x",
            "DefaultEndpointsProtocol=https;AccountKey=***;Endpoint=x",
            id="Azure",
        ),
        pytest.param("password: hunter2", "password: ***", id="a short password"),
        pytest.param("DB_PASSWORD=Sh0rt!", "DB_PASSWORD=***", id="a short password of the environment"),
        pytest.param('{"passwd": "s3cr3t-x"}', '{"passwd": "***"}', id="a short password in JSON"),
        pytest.param("password=swordfish", "password=***", id="a word behind a bare sign"),
        pytest.param('password = "swordfish"', 'password = "***"', id="a word in quotes"),
        pytest.param("password=get_password(x)", "password=get_password(x)", id="a call"),
        pytest.param(r"/Users/alice\ smith/doc", "~/doc", id="a home folder with an escaped blank"),
        pytest.param("see /home/ann and a/b", "see ~ and a/b", id="words behind a home folder"),
        pytest.param("password = input()", "password = input()", id="no password but code"),
        pytest.param("password: required", "password: required", id="no password but a word"),
        pytest.param("/var/home/bob/x", "~/x", id="a home folder of Silverblue"),
        pytest.param("/mnt/c/Users/bob/x", "~/x", id="a home folder of Windows in WSL"),
        pytest.param('"/Users/alice smith/doc"', '"~/doc"', id="a home folder with a blank"),
        pytest.param(r"'C:\Users\alice smith\doc'", r"'~\doc'", id="a home folder of Windows with a blank"),
        pytest.param("see /home/ann/x and /Users/ben", "see ~/x and ~", id="home folders"),
        pytest.param("cc -I/home/ann/include", "cc -I~/include", id="behind a flag"),
        pytest.param(r"C:\Users\ann\x", r"~\x", id="a home folder of Windows"),
        pytest.param("/data/me/x /data/me2", "~/x /data/me2", id="the user's own home"),
        pytest.param("https://example.com/home/about", "https://example.com/home/about", id="no home folder"),
        pytest.param("token = next_token(); sk-learn", "token = next_token(); sk-learn", id="no key"),
    ],
)  # fmt: skip
def test_redaction(text, wanted):
    """Each usual kind of key, and where somebody's home is; and nothing that only looks a little like it."""
    assert Redaction("/data/me").text(text) == wanted


def test_everything_of_a_conversation_is_redacted():
    """Title, system prompt, text, tools, documents and their names, also inside a result; images stay as they are."""
    key = "ghp_abcdefghijklmnopqrstuvwxyz0123456789"
    deep = {"type": "tool_result", "content": [document_block(key, key), {"type": "x", key: [key]}]}
    tool = {"type": "tool_use", "id": "toolu_1", "name": "x", "input": {"path": "/home/ann/x", key: key}}
    image = image_block("image/png", b64encode(b"x" * 300).decode())
    content = (text_block(key), deep, tool, image, THINKING, {"type": "redacted_thinking", "data": key})
    found = Conversation("0abc", key, "m", key, {NOW: Turn(NOW, None, "user", content, bound="abc")}, head=NOW)
    redacted = Redaction("/root").conversation(found)
    text = json_of(redacted, redacted=True).decode()
    assert key not in text and "/home/ann" not in text and "thinking" not in text and '"bound": ""' in text
    assert image in redacted.turns[NOW].content
    assert json.loads(text)["redacted"] is True
    assert found.turns[NOW].content == content, "the original is untouched"
    assert [has_data(block) for block in content] == [False, False, False, True, False, False]
    assert has_data({"type": "tool_result", "content": [image]})


def test_markdown():
    """The branch in use: who said what; a line for what is no text; how each answer ended."""
    local = markdown(tree()).replace("\n\n", "\n").splitlines()
    at = local[3].split(" · ")[1]
    assert local == [
        "# A title",
        "## System prompt",
        "Be brief.",
        f"## You · {at}",
        "[image · image/png · 8 bytes]",
        "[document · notes.txt · text/plain · 9 bytes]",
        "What is this?",
        f"## claude-sonnet-5-5 · {at}",
        '[web_search {"query": "tls"}]',
        "A **dot**, red.",
        "[of_tomorrow]",
        f"## Summary of what was said before · {at}",
        "Sum up",
        f"## Answer · {at}",
        "Half an ans",
        "*(interrupted)*",
    ]  # fmt: skip


def test_every_turn_is_on_one_branch():
    """What two branches share is told with the first."""
    told = [[turn.id - NOW for turn in turns] for _, turns in branches(tree())]
    assert told == [[0, 1, 2, 3], [4], [5], [6]]


def test_blocks_of_no_known_shape_have_a_line():
    """Whatever an API of tomorrow, or a hostile file, puts there."""
    odd = (
        {"type": "image", "source": "x"},
        {"type": "document", "source": {"data": 3}},
        {"type": "tool_use"},
        {"type": "\x1b[2J"},
    )
    found = Conversation("0abc", turns={NOW: Turn(NOW, None, "user", odd)}, head=NOW)
    text = markdown(found)
    assert "[image]\n\n[document]\n\n[None null]\n\n[]" in text and "\x1b" not in text


# ------------------------------------------------------------------------------------------------- llm's logs.db


LOGS = Path(__file__).parent / "llm_logs"


def logs(folder, *statements, version=""):
    """A logs.db out of what a version of llm wrote, or out of `statements`."""
    path = folder / "logs.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript((LOGS / f"llm-{version}.sql").read_text() if version else "")
        connection.executescript(";".join(statements))
    return path


@pytest.mark.parametrize("version", ["0.12", "0.26", "0.36"])
def test_llm(tmp_path, version):
    """What three versions of it logged: before attachments, with them, and as a tree of messages."""
    first, second = conversations_of_llm(logs(tmp_path, version=version), now=NOW)
    assert (first.model, second.title) == ("claude-3-5-sonnet-latest", "What is this?")
    assert first.system == ("Be brief." if version == "0.12" else "Answer as a cook.\n\nBe brief.")
    assert [turn.text for turn in first.path if turn.role == "assistant"] == [
        "TLS keeps **secrets**.",
        "Shorter: secrets.",
    ]
    assert first.prompts[0].text.endswith("Explain TLS") and first.prompts[1].text == "Shorter, please"
    assert {turn.model for turn in (*first.answers, *second.answers)} == {"claude-3-5-sonnet-latest"}
    assert all(turn.id < NOW and turn.state == "whole" for turn in first.path)
    assert [*first.turns] == sorted(first.turns)
    if version != "0.12":
        assert first.answers[0].usage and first.answers[0].usage.output_tokens == 7
        kinds = [block["type"] for block in second.prompts[0].content]
        assert sorted(kinds) == ["image", "image", "text", "text", "text"]
        assert "[weather returned]\nRain" in second.prompts[1].content[0]["text"]
        assert "[attachment · audio/wav · 16 bytes]" in [block.get("text") for block in second.prompts[0].content]
    ours = json_of(first, second)
    assert json_of(*imported(ours, now=NOW)) == ours


def test_llm_calls_of_tools(tmp_path):
    """They become text: the API takes calls only together with the tools they call."""
    answer, call = "b2:954f280c1b7dac1cea6e199e5d4ca681", '{"name": "weather", "arguments": {"in": "Ulm"}}'
    part = f"INSERT INTO parts VALUES (99, '{answer}', 1, 'tool_call', 'weather', NULL, '{call}')"
    first, _ = conversations_of_llm(logs(tmp_path, part, version="0.36"), now=NOW)
    assert first.answers[0].content[1] == text_block('[called weather {"in": "Ulm"}]')


def test_llm_of_both_ages(tmp_path):
    """A conversation that began in the older tables and goes on in the newer ones is there once, and whole."""
    path = logs(tmp_path, version="0.36")
    before = conversations_of_llm(path, now=NOW)
    path = logs(
        tmp_path,
        "CREATE TABLE responses (id, model, prompt, response, conversation_id, datetime_utc)",
        "INSERT INTO responses VALUES ('r', 'm', 'old', 'older', '01m81nq705fvgjbdwzs90my3g5', '2025-01-01T00:00:00')",
        "INSERT INTO responses VALUES ('01only', 'gpt-4o', 'alone', 'yes', NULL, '2025-01-01T00:00:00')",
    )
    alone, *rest = conversations_of_llm(path, now=NOW)
    assert rest == before
    assert (alone.id, alone.model, [turn.text for turn in alone.path]) == ("01only", "gpt-4o", ["alone", "yes"])


def test_llm_files_are_read_only_if_they_are_what_was_sent(tmp_path):
    """The id is the hash of the content: a hostile database cannot have the user's keys read."""
    picture, secret = tmp_path / "dot.png", tmp_path / "id_rsa"
    picture.write_bytes(b"\x89PNG picture")
    secret.write_bytes(b"secret")
    rows = [(sha256(picture.read_bytes()).hexdigest(), "image/png", picture), ("0" * 64, "text/plain", secret)]
    path = logs(
        tmp_path,
        *(f"INSERT INTO attachments (id, type, path) VALUES ('{id_}', '{kind}', '{file}')" for id_, kind, file in rows),
        *(f"INSERT INTO prompt_attachments VALUES ('01m81nq6bjg17w0w6k4tstccdg', '{id_}', 0)" for id_, _, _ in rows),
        version="0.26",
    )
    _, second = conversations_of_llm(path, now=NOW)
    content = second.prompts[1].content
    assert image_block("image/png", b64encode(picture.read_bytes()).decode()) in content
    assert text_block(f"[attachment · text/plain · {secret}]") in content
    assert "secret" not in str(content).replace(str(secret), "")


@pytest.mark.parametrize(
    ("statements", "words"),
    [
        pytest.param(["CREATE TABLE x (y)"], "not llm's logs.db", id="another database"),
        pytest.param(
            ["CREATE VIEW responses AS WITH RECURSIVE r AS (SELECT 1 UNION ALL SELECT 1 FROM r) SELECT * FROM r"],
            "not llm's logs.db",
            id="a view without end",
        ),
        pytest.param(["CREATE TABLE responses (x)"], "it cannot be read: no such column", id="other columns"),
        pytest.param(
            [
                "CREATE TABLE responses (id, datetime_utc)",
                "CREATE TABLE conversations (x)",
                "INSERT INTO conversations VALUES (1)",
            ],
            "it cannot be read: no such column: id",
            id="a table without ids",
        ),
        pytest.param(
            [
                "CREATE TABLE responses (id, prompt, response, conversation_id, datetime_utc)",
                "INSERT INTO responses VALUES (1, 'a', 'b', '\x1b[31m', 3)",
            ],
            "is no id of a conversation",
            id="an id with an escape",
        ),
        pytest.param(
            [
                "CREATE TABLE responses (id, prompt, response, conversation_id, datetime_utc)",
                "INSERT INTO responses VALUES ('a', zeroblob(65000000), 'b', 'c', 3)",
            ],
            "too big",
            id="a value too large",
        ),
    ],
)
def test_a_wrong_database_is_told_by_what_is_wrong(tmp_path, statements, words):
    """One line, no traceback, no end of waiting."""
    with pytest.raises(UsageError) as caught:
        conversations_of_llm(logs(tmp_path, *statements), now=NOW)
    assert words in str(caught.value) and str(caught.value).isprintable()


def test_odd_rows_of_llm_are_read_for_what_they_have(tmp_path):
    """Types nobody writes, bytes that are no text, a circle, times of no calendar: no reason to lose the rest."""
    path = logs(
        tmp_path,
        "UPDATE turns SET datetime_utc = 'x', input_tokens = 'many', model = 5",
        "UPDATE parts SET payload = '[1' WHERE payload IS NOT NULL",
        "UPDATE parts SET text = CAST(x'ff41' AS TEXT) WHERE text = 'Fine.'",
        "UPDATE messages SET parent_hash = 'b2:a8d41b5522aa0e4855cd23413d01265a' WHERE role = 'system'",
        "UPDATE threads SET name = 'a' || char(27) || '[31mb', datetime_utc = '9999-99-99'",
        version="0.36",
    )
    found = conversations_of_llm(path, now=NOW)
    assert {each.title for each in found} == {"ab"}
    assert sorted(each.path[-1].text for each in found) == ["Shorter: secrets.", "\ufffdA"]
    assert all(turn.usage is None and turn.model in ("", "5") for each in found for turn in each.path)


def test_a_file_that_only_begins_like_a_database(tmp_path):
    """Cut in two by a copy that failed."""
    path = tmp_path / "logs.db"
    path.write_bytes(logs(tmp_path, version="0.26").read_bytes()[:5000])
    with pytest.raises(UsageError, match="it cannot be read"):
        conversations_of_llm(path, now=NOW)

"""Citations as numbered notes: marks in the text where a cited span ends, and the list of what they mean.

The text itself, as `Completion.text` has it, stays as the model wrote it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from .events import BlockStart, BlockStop, CitationDelta, Event, TextDelta
from .harmless import one_line

_THOUGHTS = ("thinking", "redacted_thinking")


@dataclass(frozen=True, slots=True)
class Source:
    """What one or more spans of the answer rest on.

    Attributes:
        title: of the page or the document; "" where it has none.
        url: of a page, "" for a document.
        place: where in a document: `page 3`, `characters 0-120`; "" for a page.
    """

    title: str
    url: str = ""
    place: str = ""

    @property
    def line(self) -> str:
        """Title, address and place in one line."""
        address = f"<{self.url}>" if self.url else ""
        return ", ".join(filter(None, [" ".join(filter(None, [self.title, address])) or "a source", self.place]))

    def as_json(self) -> dict[str, str | None]:
        """The members of a `source` line of jsonl."""
        return {"title": self.title or None, "url": self.url or None, "place": self.place or None}


@dataclass(frozen=True, slots=True)
class Cited:
    """One citation: the number of its source, and the words there that it rests on."""

    number: int
    text: str


class Citations:
    """Follows one answer's events. A source keeps the number it got with its first citation."""

    def __init__(self) -> None:
        """Begin with an answer."""
        self._numbers: dict[Source, int] = {}
        self._found: dict[Source, None] = {}
        self._open: dict[int, list[int]] = {}
        self._blanks = ""
        self._wrote = self._gap = False

    @property
    def sources(self) -> tuple[Source, ...]:
        """What was cited, in the order of the numbers, which start at 1."""
        return tuple(self._numbers)

    @property
    def uncited(self) -> tuple[Source, ...]:
        """Pages that a search or a fetch brought and no citation names."""
        cited = {source.url for source in self._numbers}
        return tuple(source for source in self._found if source.url not in cited)

    def cited(self, events: Iterable[Event]) -> list[Cited]:
        """The citations among `events`; gives each source its number."""
        return [self._cite(event) for event in events if isinstance(event, CitationDelta)]

    def annotate(self, events: Iterable[Event]) -> list[Event]:
        """`events` with the marks as text of their own: `[1][2]` where the cited span ends.

        Where the model used a tool between two pieces of text, a blank line parts them.
        """
        return [each for event in events for each in self._annotated(event)]

    def look(self, events: Iterable[Event]) -> None:
        """Note the pages that tools found, for `uncited`."""
        for event in events:
            if isinstance(event, BlockStart):
                self._found.update(dict.fromkeys(_pages(event.block)))

    def notes(self) -> str:
        """The list of the sources, a line each; "" where nothing was cited."""
        return "".join(f"[{number}] {source.line}\n" for source, number in self._numbers.items())

    def _annotated(self, event: Event) -> Iterator[Event]:
        match event:
            case TextDelta(index, text):
                yield from self._text(index, text)
            case CitationDelta(index):
                number = self._cite(event).number
                marks = self._open.setdefault(index, [])
                marks += [] if number in marks else [number]
                yield event
            case BlockStart(_, block):
                self._gap = self._gap or (self._wrote and block.get("type") not in ("text", *_THOUGHTS))
                yield event
            case BlockStop(index):
                if index in self._open:
                    yield TextDelta(index, "".join(f"[{number}]" for number in self._open.pop(index)))
                yield event
            case _:
                yield event

    def _text(self, index: int, text: str) -> Iterator[Event]:
        """`text`, its last blanks held back: a mark belongs to the words before them."""
        body = text.rstrip()
        if not body:
            self._blanks += text
            return
        before, self._blanks = self._blanks, text[len(body) :]
        if self._gap:
            self._gap, before, body = False, "\n\n", body.lstrip("\n")
        self._wrote = True
        yield TextDelta(index, before + body)

    def _cite(self, event: CitationDelta) -> Cited:
        source = source_of(event.citation)
        if not source.url:  # a fetched page is cited as a document, by its title alone
            source = replace(source, url=next((page.url for page in self._found if page.title == source.title), ""))
        number = self._numbers.setdefault(source, len(self._numbers) + 1)
        return Cited(number, _words(event.citation, "cited_text"))


def source_of(citation: Mapping[str, Any]) -> Source:
    """The source that one citation names, of any kind the API has or will have."""
    title = one_line(_words(citation, "title") or _words(citation, "document_title"))
    url = one_line(_words(citation, "url") or _words(citation, "source"), 2000)
    if not title and isinstance(number := citation.get("document_index"), int):
        title = f"document {number + 1}"
    return Source(title, url, _place(citation))


def _place(citation: Mapping[str, Any]) -> str:
    """Where in a document; the API's ends are exclusive, its pages count from 1, its characters and blocks from 0."""
    match citation:
        case {"start_page_number": int(start), "end_page_number": int(end)}:
            return f"pages {start}-{end - 1}" if end - start > 1 else f"page {start}"
        case {"start_char_index": int(start), "end_char_index": int(end)}:
            return f"characters {start:,}-{end:,}"
        case {"start_block_index": int(start), "end_block_index": int(end)} if "document_index" in citation:
            return f"parts {start + 1}-{end}" if end - start > 1 else f"part {start + 1}"
    return ""


def _pages(block: Mapping[str, Any]) -> Iterator[Source]:
    """The pages in a result of web search or web fetch."""
    match block:
        case {"type": "web_search_tool_result", "content": list(results)}:
            pages: Sequence[Any] = results
        case {"type": "web_fetch_tool_result", "content": {"url": str(url), "content": {"title": title}}}:
            pages = [{"url": url, "title": title}]
        case {"type": "web_fetch_tool_result", "content": {"url": str()} as page}:
            pages = [page]
        case _:
            return
    yield from (source_of(page) for page in pages if isinstance(page, Mapping) and page.get("url"))


def _words(value: Mapping[str, Any], name: str) -> str:
    found = value.get(name)
    return found if isinstance(found, str) else ""

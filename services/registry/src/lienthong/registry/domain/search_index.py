"""Finding agencies by words of their names, without diacritics and with typing errors, or by the beginning of a code.

Each word of the vocabulary (a few thousand syllables) has a set of places, kept as one whole number of bits: what all
words of a query have in common is an AND of such numbers, some microseconds each. Pure; the same for every database.
"""

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from lienthong.registry.domain.agencies import search_text
from lienthong.registry.domain.dated import Status
from lienthong.shared.contracts.directory import Level

MAX_WORDS: Final = 16
"""Words of a query that count."""
MAX_MISTYPED: Final = 3
"""Words of a query that may have a typing error: one letter wrong, missing, too many, or two that changed places."""
MIN_FORGIVEN_LENGTH: Final = 3
"""Letters of a word from which on an error is forgiven: shorter ones would find everything."""
MANY_CHANGES: Final = 200
"""Changes from which on it is quicker to make the index anew."""
_LETTERS: Final = "abcdefghijklmnopqrstuvwxyz"
_LAST: Final = "\U0010ffff"


@dataclass(frozen=True, slots=True, kw_only=True)
class Indexed:
    """What is searched of one agency. ``name`` is its :func:`.search_text`."""

    code: str
    old_code: str | None
    name: str
    level: Level
    status: Status


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """What to find: ``text``, and what else must hold. ``among`` None: everywhere; ``after``: the last code before."""

    text: str
    level: Level | None = None
    status: Status | None = Status.ACTIVE
    among: Sequence[str] | None = None
    after: str = ""
    limit: int


@dataclass(slots=True)
class SearchIndex:
    """Agencies in the order of their codes; bit ``n`` of every number stands for the agency at place ``n``."""

    rows: list[Indexed] = field(default_factory=list)
    codes: list[str] = field(default_factory=list)
    old_codes: list[tuple[str, str]] = field(default_factory=list)
    words: dict[str, int] = field(default_factory=dict)
    vocabulary: list[str] = field(default_factory=list)
    levels: dict[Level, int] = field(default_factory=dict)
    closed: int = 0

    @classmethod
    def of(cls, rows: Iterable[Indexed]) -> "SearchIndex":
        """An index over all of them; some 2 s for the nation."""
        made = cls(rows=sorted(rows, key=lambda row: row.code))
        made.codes = [row.code for row in made.rows]
        made.old_codes = sorted((row.old_code, row.code) for row in made.rows if row.old_code)
        places: dict[str, list[int]] = {}
        for place, row in enumerate(made.rows):
            for word in set(row.name.split()):
                places.setdefault(word, []).append(place)
        made.words = {word: _bits(found) for word, found in places.items()}
        made.vocabulary = sorted(made.words)
        for level in Level:
            made.levels[level] = _bits([place for place, row in enumerate(made.rows) if row.level is level])
        made.closed = _bits([place for place, row in enumerate(made.rows) if row.status is Status.CLOSED])
        return made

    def put(self, row: Indexed) -> None:
        """Adds an agency, or replaces what was known of it."""
        place = bisect_left(self.codes, row.code)
        if place < len(self.codes) and self.codes[place] == row.code:
            self._mark(place, self.rows[place], on=False)
            self.rows[place] = row
        else:
            self._make_room(place)
            self.codes.insert(place, row.code)
            self.rows.insert(place, row)
        self._mark(place, row, on=True)

    def find(self, search: Search) -> list[str]:
        """Codes of one page, in their order: of those that match, else of those that match with fewest errors."""
        allowed = self._allowed(search)
        matching = self._matching(search.text, allowed)
        start = bisect_left(self.codes, search.after + "\x00") if search.after else 0
        return [self.codes[place] for place in _places(matching, start, search.limit)]

    def _allowed(self, search: Search) -> int:
        allowed = (1 << len(self.codes)) - 1
        if search.status is not None:
            allowed &= self.closed if search.status is Status.CLOSED else ~self.closed
        if search.level is not None:
            allowed &= self.levels[search.level]
        if search.among is not None:
            allowed &= _bits([place for code in search.among if (place := self._place(code)) is not None])
        return allowed

    def _matching(self, text: str, allowed: int) -> int:
        """The fewest errors win; a code is never mistyped."""
        words = search_text(text).split()[:MAX_WORDS]
        by_code = self._with_code(text.strip()) & allowed
        by_errors = [allowed if words else 0]
        for word in words:
            exact, near = self._beginning(word), self._near(word)
            kept = [found & exact for found in by_errors] + [0]
            erring = [0, *(found & near for found in by_errors)]
            by_errors = [one | other for one, other in zip(kept, erring, strict=True)][: MAX_MISTYPED + 1]
        by_errors[0] |= by_code
        return next((found for found in by_errors if found), 0)

    def _with_code(self, text: str) -> int:
        """Agencies whose present or former code begins so."""
        if not text or not (text.isascii() and text.isprintable()):
            return 0
        found = 0
        for start in {text, text.upper()}:
            first, last = bisect_left(self.codes, start), bisect_left(self.codes, start + _LAST)
            found |= (1 << last) - (1 << first)
            low, high = bisect_left(self.old_codes, (start,)), bisect_left(self.old_codes, (start + _LAST,))
            places = (self._place(code) for _, code in self.old_codes[low:high])
            found |= _bits([place for place in places if place is not None])
        return found

    def _beginning(self, word: str) -> int:
        """Agencies with a word that begins so."""
        found = 0
        for known in self.vocabulary[bisect_left(self.vocabulary, word) : bisect_left(self.vocabulary, word + _LAST)]:
            found |= self.words[known]
        return found

    def _near(self, word: str) -> int:
        """Agencies with a word that is one typing error away."""
        found = 0
        if len(word) >= MIN_FORGIVEN_LENGTH and word.isalpha():
            for other in _one_error_away(word):
                found |= self.words.get(other, 0)
        return found

    def _place(self, code: str) -> int | None:
        place = bisect_left(self.codes, code)
        return place if place < len(self.codes) and self.codes[place] == code else None

    def _make_room(self, place: int) -> None:
        """Moves all that stands at ``place`` and behind it by one."""
        below = (1 << place) - 1
        self.words = {word: _with_room(bits, place, below) for word, bits in self.words.items()}
        self.levels = {level: _with_room(bits, place, below) for level, bits in self.levels.items()}
        self.closed = _with_room(self.closed, place, below)

    def _mark(self, place: int, row: Indexed, *, on: bool) -> None:
        bit = 1 << place
        for word in set(row.name.split()):
            if word not in self.words:
                insort(self.vocabulary, word)
            held = self.words.get(word, 0)
            self.words[word] = held | bit if on else held & ~bit
        for level in Level:
            held = self.levels.get(level, 0)
            self.levels[level] = held | bit if on and level is row.level else held & ~bit
        self.closed = self.closed | bit if on and row.status is Status.CLOSED else self.closed & ~bit
        if row.old_code:
            self._mark_old_code((row.old_code, row.code), on=on)

    def _mark_old_code(self, pair: tuple[str, str], *, on: bool) -> None:
        at = bisect_left(self.old_codes, pair)
        if on:
            self.old_codes.insert(at, pair)
        else:
            del self.old_codes[at]


def _bits(places: Sequence[int]) -> int:
    if not places:
        return 0
    octets = bytearray(max(places) // 8 + 1)
    for place in places:
        octets[place >> 3] |= 1 << (place & 7)
    return int.from_bytes(octets, "little")


def _places(bits: int, start: int, limit: int) -> Iterator[int]:
    """The first places from ``start`` on."""
    octets = (bits >> start).to_bytes(max((bits.bit_length() - start + 7) // 8, 0), "little") if bits >> start else b""
    found = 0
    for index, octet in enumerate(octets):
        if octet:
            for bit in range(8):
                if octet >> bit & 1:
                    yield start + index * 8 + bit
                    found += 1
                    if found == limit:
                        return


def _with_room(bits: int, place: int, below: int) -> int:
    return (bits & below) | (bits >> place << place + 1)


def _one_error_away(word: str) -> set[str]:
    """Every text that one letter wrong, missing, too many, or two that changed places make of it."""
    parts = [(word[:at], word[at:]) for at in range(len(word) + 1)]
    deleted = {left + right[1:] for left, right in parts if right}
    swapped = {left + right[1] + right[0] + right[2:] for left, right in parts if len(right) > 1}
    replaced = {left + letter + right[1:] for left, right in parts if right for letter in _LETTERS}
    inserted = {left + letter + right for left, right in parts for letter in _LETTERS}
    return deleted | swapped | replaced | inserted

"""The matter's way (流转图) as an SVG made by the server, and the same facts as sentences in order; pure.

One lane per node, the top level above; a solid bar where a node holds the matter, a hollow one where it is offered and
waits, a hatched one where the clock stands. Thin strokes mark where custody moved, labelled with how long that took;
flags stand at the promised and the statutory day, a hairline at now. Colours and strokes are in the style sheet.
Used for staff and citizens alike. Source: ui.md picture 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from markupsafe import Markup, escape

from node.cases.clocks import Workdays
from node.cases.way import Flag, Move, Span, Way
from node.cases.way_scale import WorkdayScale, closing_of
from node.kernel.clock import local_date
from node.kernel.problems import Language
from node.ui.words import LEVEL_CHARACTERS, MONTHS_EN, span_words

Words = tuple[str, str]
WIDTH, LEFT, RIGHT = 760.0, 186.0, 736.0
TOP, LANE, BAR, FOOT = 42.0, 48.0, 14.0, 54.0
BARE_TOP = 8.0
"""Above the lanes where no flag stands."""
LINE_CHARACTERS, LINES = 12, 3
"""A node's name stands in its lane in lines of so many characters; what does not fit ends in an ellipsis."""
AT_ONCE = timedelta(minutes=1)
CJK_PX, LATIN_PX = 12.5, 7.0
KIND_WORDS: dict[str, Words] = {
    "held": ("办理中", "holds it"),
    "queued": ("已送出,等接办", "offered, waiting"),
    "paused": ("计时暂停", "clock paused"),
}
FLAG_WORDS: dict[str, Words] = {"promised": ("承诺", "Promised"), "statutory": ("法定", "By law")}


@dataclass(frozen=True, slots=True)
class Lane:
    """One node on the way; `level` "" where it is not known."""

    code: str
    level: str
    name: str


@dataclass(frozen=True, slots=True)
class WayFact:
    """One thing that happened on the way, or is so now.

    Attributes:
        kind: held, queued, paused, moved, closed: for the mark beside it.
    """

    at: datetime
    kind: str
    words: Words


@dataclass(frozen=True)
class WayPicture:
    """A matter's way, ready to be drawn or told.

    Attributes:
        lanes: from the top level down to the home.
    """

    way: Way
    lanes: tuple[Lane, ...]
    calendar: Workdays

    def svg(self, language: Language = "zh") -> Markup:
        """The drawing, for putting into a page."""
        return _Drawing(self, language).svg()

    def facts(self) -> list[WayFact]:
        """The same in sentences, in the order of time."""
        return way_facts(self)

    @property
    def flags(self) -> tuple[Flag, ...]:
        """The promised and the statutory day, the earlier first."""
        return tuple(sorted(self.way.flags, key=lambda flag: (flag.due_on, flag.kind)))

    def name_of(self, code: str) -> str:
        """A node's name as in its lane."""
        return next((lane.name for lane in self.lanes if lane.code == code), code)

    def lasted(self, start: datetime, end: datetime) -> Words:
        """How long a stretch took: by the clock within a day, in working days beyond."""
        if end - start < AT_ONCE:
            return "当即", "at once"
        if local_date(start) == local_date(end):
            seconds = (end - start).total_seconds()
            return span_words(seconds, "zh"), span_words(seconds, "en")
        days = self.calendar.between(local_date(start), local_date(end))
        return f"{days} 个工作日", f"{days} working day{'' if days == 1 else 's'}"


def way_facts(picture: WayPicture) -> list[WayFact]:
    """The way in sentences."""
    way = picture.way
    taken = {(move.source, move.offered_at) for move in way.moves}
    found: list[WayFact] = []
    began = min([span.start for span in way.spans] + [move.offered_at for move in way.moves], default=None)
    if began is not None:
        name = picture.name_of(way.path[0])
        found.append(WayFact(began, "held", (f"{name}收件。", f"{name} took it in.")))
    for move in way.moves:
        found += _move_facts(picture, move)
    for span in way.spans:
        if span.kind == "queued" and (span.node, span.start) not in taken:
            found.append(_unanswered_fact(picture, span))
        elif span.kind == "paused":
            found.append(_pause_fact(picture, span))
    found.sort(key=lambda fact: fact.at)
    if not way.is_open:
        found.append(WayFact(way.end, "closed", ("办结。", "Closed.")))
    elif (last := _last_held(way)) is not None:
        name = picture.name_of(last.node)
        zh, en = picture.lasted(last.start, way.end)
        found.append(
            WayFact(way.end, "held", (f"现在在{name},已 {zh}。", f"Now with {name}, for {en} so far."))
            if way.end - last.start >= AT_ONCE
            else WayFact(way.end, "held", (f"现在在{name}。", f"Now with {name}."))
        )
    return found


def _move_facts(picture: WayPicture, move: Move) -> list[WayFact]:
    source, target = picture.name_of(move.source), picture.name_of(move.target)
    zh, en = picture.lasted(move.offered_at, move.taken_at)
    sent = WayFact(move.offered_at, "queued", (f"{source}送往{target}。", f"{source} sent it to {target}."))
    took = (f"{target}当即接办。", f"{target} took it at once.")
    if move.taken_at - move.offered_at >= AT_ONCE:
        took = (f"{target}接办,等了 {zh}。", f"{target} took it after {en}.")
    return [sent, WayFact(max(move.offered_at, move.taken_at), "moved", took)]


def _unanswered_fact(picture: WayPicture, span: Span) -> WayFact:
    source, way = picture.name_of(span.node), picture.way
    zh, en = picture.lasted(span.start, span.end)
    if way.is_open and span.end == way.end:
        words = (f"{source}已送出,等对方接办,已 {zh}。", f"{source} sent it off; waiting for {en} so far.")
    else:
        late = span.end - span.start >= AT_ONCE
        words = (
            f"{source}送出,对方没有接办,{zh + '后' if late else '当即'}退回。",
            f"{source} sent it off; declined {f'after {en}' if late else 'at once'}.",
        )
    return WayFact(span.start, "queued", words)


def _pause_fact(picture: WayPicture, span: Span) -> WayFact:
    zh, en = picture.lasted(span.start, span.end)
    name = picture.name_of(span.node)
    if picture.way.is_open and span.end == picture.way.end:
        return WayFact(
            span.start,
            "paused",
            (f"{name}:计时暂停,已 {zh}。", f"{name}: the clock stands, for {en} so far."),
        )
    return WayFact(span.start, "paused", (f"{name}:计时暂停 {zh}。", f"{name}: the clock stood for {en}."))


def _last_held(way: Way) -> Span | None:
    held = [span for span in way.spans if span.kind == "held" and span.end == way.end]
    return held[-1] if held else None


class _Drawing:
    """Draws one picture; y grows downward, lengths in the units of the view box."""

    def __init__(self, picture: WayPicture, language: Language) -> None:
        self.picture, self.way, self.language = picture, picture.way, language
        way = self.way
        events = [way.end, *(closing_of(flag.due_on) for flag in way.flags)]
        for span in way.spans:
            events += [span.start, span.end]
        for move in way.moves:
            events += [move.offered_at, move.taken_at]
        self.scale = WorkdayScale(picture.calendar, events, LEFT, RIGHT)
        self.rows = {lane.code: place for place, lane in enumerate(picture.lanes)}
        self.top = TOP if way.flags else BARE_TOP
        self.bottom = self.top + LANE * len(picture.lanes)
        self.boxes: list[tuple[float, float, float]] = []

    def svg(self) -> Markup:
        height = self.bottom + FOOT
        parts = [
            f'<svg class="way" viewBox="0 0 {WIDTH:g} {height:g}" role="img" aria-labelledby="way-title">',
            f'<title id="way-title">{escape(self._title())}</title>',
            '<defs><pattern id="way-hatch" width="6" height="6" patternUnits="userSpaceOnUse" '
            'patternTransform="rotate(45)"><path d="M1 0v6" class="hatch"/></pattern></defs>',
            *self._lanes(),
            *self._ticks(),
            *self._flags(),
            *self._now(),
            *self._bars(),
            *self._moves(),
            *self._key(),
            "</svg>",
        ]
        return Markup("".join(parts))  # noqa: S704  every text in it is escaped where it is put in

    def _say(self, words: Words) -> str:
        return words[1] if self.language == "en" else words[0]

    def _title(self) -> str:
        facts = way_facts(self.picture)
        end = self._say(facts[-1].words) if facts else ""
        return self._say(("流转图:", "The matter's way: ")) + end

    def _mid(self, code: str) -> float:
        return self.top + LANE * self.rows[code] + LANE / 2

    def _lanes(self) -> list[str]:
        parts = []
        for place, lane in enumerate(self.picture.lanes):
            y = self.top + LANE * place
            parts.append(f'<path d="M0 {y:g}H{WIDTH:g}" class="rule"/>')
            character = LEVEL_CHARACTERS.get(lane.level, ("·", "·"))[0]
            parts.append(
                f'<rect x="2" y="{y + 12:g}" width="24" height="24" rx="3" class="lv-box lv-{escape(lane.level)}"/>'
                f'<text x="14" y="{y + 29:g}" lang="zh-CN" class="mid lv-text lv-{escape(lane.level)}">{escape(character)}</text>'
            )
            lines = _name_lines(lane.name)
            start = y + LANE / 2 + 4.5 - 7.5 * (len(lines) - 1)
            parts += [
                f'<text x="34" y="{start + 15 * line:g}" lang="zh-CN">{escape(text)}</text>'
                for line, text in enumerate(lines)
            ]
        parts.append(f'<path d="M0 {self.bottom:g}H{WIDTH:g}" class="rule"/>')
        return parts

    def _ticks(self) -> list[str]:
        parts, taken = [], [self.scale.x(self.way.end)] if self.way.is_open else []
        for x, day in self.scale.ticks(8):
            parts.append(f'<path d="M{x:.1f} {self.top:g}V{self.bottom + 4:g}" class="tick"/>')
            if all(abs(x - other) >= 38 for other in taken):
                parts.append(
                    f'<text x="{x:.1f}" y="{self.bottom + 18:g}" class="mid soft">{day.month}/{day.day}</text>'
                )
                taken.append(x)
        return parts

    def _bars(self) -> list[str]:
        parts = []
        for kind in ("held", "queued", "paused"):
            for span in self.way.spans:
                if span.kind == kind and span.node in self.rows:
                    x, end = self.scale.x(span.start), self.scale.x(span.end)
                    inset = 0.75 if kind != "held" else 0.0
                    y = self._mid(span.node) - BAR / 2 + inset
                    size = f'width="{max(end - x - 2 * inset, 2):.1f}" height="{BAR - 2 * inset:g}"'
                    box = f'x="{x + inset:.1f}" y="{y:g}" {size}'
                    parts.append(f'<rect {box} class="{kind}"/>')
                    if kind == "paused":
                        parts.append(f'<rect {box} fill="url(#way-hatch)"/>')
        return parts

    def _moves(self) -> list[str]:
        parts = []
        first = self.way.moves[0] if self.way.moves else None
        if first is not None and first.source in self.rows and not self._has_bar(first.source):
            at = f'cx="{self.scale.x(first.offered_at):.1f}" cy="{self._mid(first.source):g}"'
            parts.append(f'<circle {at} r="4" class="held"/>')
        for move in self.way.moves:
            if move.source not in self.rows or move.target not in self.rows:
                continue
            x, start, end = self.scale.x(move.taken_at), self._mid(move.source), self._mid(move.target)
            down = 1 if end > start else -1
            tip = end - down * (BAR / 2 + 1)
            parts.append(
                f'<path d="M{x:.1f} {start:g}V{tip:g}m-3.5 {-4 * down:g}l3.5 {4 * down:g}l3.5 {-4 * down:g}" class="moved"/>'
            )
            parts.append(
                self._label(
                    x, (start + end) / 2, self._say(self.picture.lasted(move.offered_at, move.taken_at))
                )
            )
        return parts

    def _has_bar(self, code: str) -> bool:
        return any(span.node == code for span in self.way.spans)

    def _label(self, x: float, middle: float, text: str) -> str:
        """A stroke's label: to its right where there is room, and where no other label stands."""
        width = _width(text)
        at_left = x + 6 + width > WIDTH
        left = x - 6 - width if at_left else x + 6
        y = middle + 4
        for shift in (0, 13, -13, 26, -26):
            y = middle + 4 + shift
            if all(
                abs(y - row) >= 13 or left > end or left + width < begin for begin, end, row in self.boxes
            ):
                break
        self.boxes.append((left, left + width, y))
        anchor = ' class="how-long end"' if at_left else ' class="how-long"'
        return f'<text x="{x - 6 if at_left else x + 6:.1f}" y="{y:.1f}"{anchor}>{escape(text)}</text>'

    def _flags(self) -> list[str]:
        parts: list[str] = []
        for row, flag in enumerate(self.picture.flags):
            x, y = self.scale.x(closing_of(flag.due_on)), 3.0 + 18 * (row % 2)
            on = flag.due_on
            text = self._say(FLAG_WORDS[flag.kind]) + self._say(
                (f" {on.month} 月 {on.day} 日", f" {on.day} {MONTHS_EN[on.month - 1]}")
            )
            at_left = x + 18 + _width(text) > WIDTH
            side = -1 if at_left else 1
            anchor = ' class="end"' if at_left else ""
            parts.append(
                f'<path d="M{x:.1f} {self.bottom:g}V{y:g}" class="flag flag-{flag.kind}"/>'
                f'<path d="M{x:.1f} {y:g}l{11 * side} 4.5l{-11 * side} 4.5z"/>'
                f'<text x="{x + 16 * side:.1f}" y="{y + 10:g}"{anchor}>{escape(text)}</text>'
            )
        return parts

    def _now(self) -> list[str]:
        if not self.way.is_open:
            return []
        x = self.scale.x(self.way.end)
        return [
            f'<path d="M{x:.1f} {self.top - 4:g}V{self.bottom + 6:g}" class="now"/>',
            f'<text x="{x:.1f}" y="{self.bottom + 18:g}" class="mid now-text">{self._say(("现在", "now"))}</text>',
        ]

    def _key(self) -> list[str]:
        parts, x, y = [], LEFT, self.bottom + 34
        shown = {span.kind for span in self.way.spans}
        for kind, words in KIND_WORDS.items():
            if kind not in shown:
                continue
            box = f'x="{x:.1f}" y="{y:g}" width="22" height="10"'
            parts.append(f'<rect {box} class="{kind}"/>')
            if kind == "paused":
                parts.append(f'<rect {box} fill="url(#way-hatch)"/>')
            text = self._say(words)
            parts.append(f'<text x="{x + 28:.1f}" y="{y + 9.5:g}" class="soft">{escape(text)}</text>')
            x += 28 + _width(text) + 24
        return parts


def _name_lines(name: str) -> Sequence[str]:
    lines = [name[start : start + LINE_CHARACTERS] for start in range(0, len(name), LINE_CHARACTERS)] or [""]
    if len(lines) > LINES:
        return [*lines[: LINES - 1], lines[LINES - 1][:-1] + "…"]
    return lines


def _width(text: str) -> float:
    return sum(CJK_PX if ord(one) > 0x2E7F else LATIN_PX for one in text)

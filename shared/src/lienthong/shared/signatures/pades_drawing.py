"""Drawing the appearance of a signature. Source: ISO 32000-1 clauses 8.5, 9.7 and 12.5.5."""

import math
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from typing import Any, Final

from PIL import Image
from pyhanko.pdf_utils.content import ResourceType
from pyhanko.pdf_utils.font.opentype import GlyphAccumulator
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.images import PdfImage
from pyhanko.pdf_utils.layout import BoxConstraints
from pyhanko.pdf_utils.writer import BasePdfFileWriter
from pyhanko.stamp.base import BaseStamp, BaseStampStyle

from lienthong.shared.errors import InvalidInput
from lienthong.shared.pdf_font import embedded_font
from lienthong.shared.signatures.pades_appearances import (
    CAPTION_POINTS,
    Appearance,
    OfficerSignature,
    caption,
)

MAX_IMAGE_BYTES: Final = 1024 * 1024
"""Of a PNG: a seal at 600 dpi has some 100 KiB."""
MAX_IMAGE_PIXELS: Final = 4_000_000
_BLUE, _RED, _BLACK = "0.05 0.15 0.65", "0.85 0.05 0.05", "0 0 0"
_PEN_STROKE: Final = (
    ("m", ((0.04, 0.30),)),
    ("c", ((0.20, 1.15), (0.26, 0.95), (0.20, 0.35))),
    ("c", ((0.16, -0.05), (0.42, 0.60), (0.52, 0.42))),
    ("c", ((0.66, 0.20), (0.80, 0.25), (0.97, 0.50))),
)
"""Operators and points, in widths and heights of the box."""
_CAP_HEIGHT: Final = 0.67
"""Of the font, in em."""


class SignatureImageInvalid(InvalidInput):
    """The image of a signature or seal is no PNG, or too large."""

    code = "signature-image-invalid"
    title = "The image of the signature cannot be used"


@dataclass(frozen=True)
class DrawnStyle(BaseStampStyle):
    """pyHanko's way to an :data:`Appearance`."""

    appearance: Appearance | None = None
    at: datetime = datetime.min.replace(tzinfo=UTC)  # noqa: RUF009 — frozen

    def create_stamp(self, writer: BasePdfFileWriter, box: BoxConstraints, text_params: dict[str, Any]) -> BaseStamp:  # noqa: ARG002
        """What is drawn into ``box``."""
        return _Drawing(writer, self, box)


def read_image(png: bytes) -> Image.Image:
    """A PNG with its transparency. Raises :class:`SignatureImageInvalid`."""
    if len(png) > MAX_IMAGE_BYTES:
        raise SignatureImageInvalid(f"An image has at most {MAX_IMAGE_BYTES} bytes.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            image = Image.open(BytesIO(png), formats=["PNG"])
            if image.width * image.height > MAX_IMAGE_PIXELS:
                raise SignatureImageInvalid(f"An image has at most {MAX_IMAGE_PIXELS} pixels.")
            return image.convert("RGBA")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise SignatureImageInvalid("The image cannot be read: send a PNG.") from error


class _Drawing(BaseStamp):
    style: DrawnStyle

    def render(self) -> bytes:
        appearance = self.style.appearance
        width, height = self.box.width, self.box.height
        if appearance is None:
            return b""
        if isinstance(appearance, OfficerSignature):
            parts = self._picture(appearance.image, (0, 0, width, height)) or self._flourish(appearance.name)
        else:
            seal = (0, CAPTION_POINTS, width, height - CAPTION_POINTS)
            parts = self._picture(appearance.image, seal) or self._round_seal(appearance.name)
            parts += list(self._lines(caption(appearance, self.style.at)))
        return " ".join(["q", *parts, "Q"]).encode("latin-1")

    def _picture(self, png: bytes | None, place: tuple[float, float, float, float]) -> list[str]:
        """The image in the middle of ``place`` (left, bottom, width, height), as large as fits; nothing without one."""
        if png is None:
            return []
        image = read_image(png)
        left, bottom, width, height = place
        scale = min(width / image.width, height / image.height)
        shown = PdfImage(image, self.writer, box=BoxConstraints(image.width * scale, image.height * scale))
        drawn = shown.render().decode("ascii")
        self.import_resources(shown.resources)
        x, y = left + (width - image.width * scale) / 2, bottom + (height - image.height * scale) / 2
        return ["q", f"1 0 0 1 {x:.2f} {y:.2f} cm", drawn, "Q"]

    def _flourish(self, name: str) -> list[str]:
        """A stroke of a pen and the name over it, in blue."""
        width, height = self.box.width, self.box.height
        path = [
            " ".join([*(f"{x * width:.2f} {y * height:.2f}" for x, y in points), operator])
            for operator, points in _PEN_STROKE
        ]
        size = min(13.0, self._size_to_fit(name, width * 0.94))
        place = ((width - self._width(name) * size) / 2, height * 0.1)
        return [f"q {_BLUE} RG 1.6 w 1 J 1 j", *path, "S Q", self._text(name, at=place, size=size, ink=_BLUE)]

    def _round_seal(self, name: str) -> list[str]:
        """Two rings, the name along the inner one, a star in the middle, in red."""
        radius = self.box.width / 2 - 1
        x, y = self.box.width / 2, CAPTION_POINTS + self.box.width / 2
        rings = [
            _circle(x, y, radius),
            "2 w S",
            _circle(x, y, radius - 3),
            "0.7 w S",
            _circle(x, y, radius * 0.55),
            "0.7 w S",
        ]
        star = [_star(x, y, radius * 0.3), "f"]
        return ["q", f"{_RED} RG {_RED} rg", *rings, *star, "Q", *self._around(name.upper(), (x, y), radius)]

    def _around(self, text: str, centre: tuple[float, float], radius: float) -> Iterator[str]:
        """``text`` clockwise along a circle, from its lower left over the top."""
        inner, outer = radius * 0.55, radius - 3
        size = min((outer - inner) * 0.6 / _CAP_HEIGHT, math.radians(300) * inner / max(self._width(text), 1))
        line = (inner + outer) / 2 - size * _CAP_HEIGHT / 2
        angle = math.pi / 2 + self._width(text) * size / line / 2
        for letter in text:
            half = self._width(letter) * size / line / 2
            angle -= half
            cos, sin = math.cos(angle - math.pi / 2), math.sin(angle - math.pi / 2)
            start = -self._width(letter) * size / 2
            x = centre[0] + line * math.cos(angle) + start * cos
            y = centre[1] + line * math.sin(angle) + start * sin
            yield self._shown(letter, (size * cos, size * sin, -size * sin, size * cos, x, y), ink=_RED, spoken=False)
            angle -= half

    def _lines(self, lines: tuple[str, str]) -> Iterator[str]:
        size = min(8.5, *(self._size_to_fit(line, self.box.width) for line in lines))
        for n, line in enumerate(reversed(lines)):
            left = (self.box.width - self._width(line) * size) / 2
            yield self._text(line, at=(left, 2 + n * CAPTION_POINTS / 2), size=size, ink=_BLACK)

    def _size_to_fit(self, text: str, width: float) -> float:
        return width / max(self._width(text), 0.1)

    def _width(self, text: str) -> float:
        """In em."""
        return float(self._font.shape(text, with_actual_text=False).x_advance)

    def _text(self, text: str, *, at: tuple[float, float], size: float, ink: str) -> str:
        return self._shown(text, (size, 0, 0, size, *at), ink=ink, spoken=True)

    def _shown(self, text: str, matrix: tuple[float, ...], *, ink: str, spoken: bool) -> str:
        operations = self._font.shape(text, with_actual_text=spoken).graphics_ops.decode("latin-1")
        place = " ".join(f"{number:.3f}" for number in matrix)
        return f"q {ink} rg BT /F1 1 Tf {place} Tm {operations} ET Q"

    @property
    def _font(self) -> GlyphAccumulator:
        """The font at one unit for each em: matrices make it larger."""
        if not hasattr(self, "_made"):
            writer = self._ensure_writer
            self._made = embedded_font(writer)
            self.set_resource(ResourceType.FONT, pdf_name("/F1"), self._made.as_resource())
        return self._made


def _circle(x: float, y: float, radius: float) -> str:
    """Four arcs. The constant is the usual one of Bézier circles."""
    k = radius * 0.5523
    return (
        f"{x + radius:.2f} {y:.2f} m"
        f" {x + radius:.2f} {y + k:.2f} {x + k:.2f} {y + radius:.2f} {x:.2f} {y + radius:.2f} c"
        f" {x - k:.2f} {y + radius:.2f} {x - radius:.2f} {y + k:.2f} {x - radius:.2f} {y:.2f} c"
        f" {x - radius:.2f} {y - k:.2f} {x - k:.2f} {y - radius:.2f} {x:.2f} {y - radius:.2f} c"
        f" {x + k:.2f} {y - radius:.2f} {x + radius:.2f} {y - k:.2f} {x + radius:.2f} {y:.2f} c h"
    )


def _star(x: float, y: float, radius: float) -> str:
    points = [
        (x + r * math.sin(n * math.pi / 5), y + r * math.cos(n * math.pi / 5))
        for n in range(10)
        for r in [radius if n % 2 == 0 else radius * 0.382]
    ]
    return " ".join(f"{px:.2f} {py:.2f} {'l' if n else 'm'}" for n, (px, py) in enumerate(points)) + " h"

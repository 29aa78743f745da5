"""Scene of the webcam: a drawn person in front of a shelf, who breathes, blinks and reads along lines."""

import math
from dataclasses import dataclass

from capture.simulate.absence import HERE
from capture.simulate.paint import Gradient, Layer, Pixels, Sprite, ellipse, rounded

WIDTH, HEIGHT, RATE = 640, 480, 15

_NECK = (320.0, 330.0)
_EYES = (286, 358)
_EYE_LINE = 232
_DESK = 452
_MARGIN = 24
_LINE_S = 3.4  # the time the eyes take along one printed line
_BLINK_S = 0.16


@dataclass(frozen=True, slots=True)
class Look:
    """The colours of one drawn person."""

    jumper: str
    jumper_shade: str
    skin: str
    skin_shade: str
    hair: str
    hair_light: str


LOOKS = (
    Look("#44686d", "#263f45", "#dcb398", "#b58a70", "#2e2623", "#4a3d37"),
    Look("#8a6a4a", "#5d4631", "#a97a5c", "#845b43", "#1d1a19", "#37312e"),
    Look("#5d6470", "#3a404b", "#e6c4ac", "#c29b83", "#6d4a30", "#8c6443"),
)

_BOOKS = ("#5f7a78", "#a4875f", "#44595d", "#c9bda0", "#7f5f4a", "#8b9a95", "#394b50", "#b39a76", "#66767a")


class WebcamScene:
    """Draws the webcam's picture of any instant; the same instant always gives the same picture."""

    def __init__(self, number: int = 0, away: range = HERE) -> None:
        self._away = away
        look = LOOKS[number % len(LOOKS)]
        self._phase = number * 1.7
        room = _room()
        self._room, self._desk = room, room[_DESK:].copy()
        self._body = _body(look)
        self._head = _head(look)
        self._lids = _lids(look)
        self._iris = _iris()

    def draw(self, unix_ms: int) -> Pixels:
        """The picture of that instant, HEIGHT x WIDTH x 3, without a clock."""
        t = unix_ms % 86_400_000 / 1000 + self._phase
        breath = 1.4 * math.sin(t * 2 * math.pi / 4.1)
        writing = max(0.0, math.sin(t * 2 * math.pi / 23) - 0.6) / 0.4
        lean = 1.6 * math.sin(t * 2 * math.pi / 9.7) + 0.7 * math.sin(t * 2 * math.pi / 5.3) + 2.5 * writing
        picture = self._room.copy()
        if unix_ms in self._away:
            return picture
        self._body.turned(_NECK, lean * 0.25, 0, breath).lay(picture)
        self._with_eyes(t, writing).turned(_NECK, lean, lean * 0.8, breath + 7 * writing).lay(picture)
        picture[_DESK:] = self._desk
        return picture

    def _with_eyes(self, t: float, writing: float) -> Sprite:
        head = self._head.copy()
        if t % 4.7 < _BLINK_S or 3.1 < t % 11.3 < 3.1 + _BLINK_S:
            self._lids.lay(head.pixels, -head.x, -head.y)
            return head
        along = t % _LINE_S / _LINE_S
        across = 5 * (along / 0.88 if along < 0.88 else (1 - along) / 0.12) - 2.5
        for x in _EYES:
            self._iris.lay(
                head.pixels, round(x + across) - 5 - head.x, round(_EYE_LINE + 1 + 2 * writing) - 5 - head.y
            )
        return head


def _room() -> Pixels:
    layer = Layer(WIDTH, HEIGHT, Gradient("#d3d6cf", "#8e9995", (0, 40), (WIDTH, 220)))
    layer.fill(rounded(24, 44, 128, 206, 3), "#f4f6f2")
    layer.fill("M 24 150 C 60 120 110 170 152 138 L 152 250 L 24 250 Z", "#c3d3c9")
    layer.fill("M 24 182 C 70 160 100 200 152 176 L 152 250 L 24 250 Z", "#a3bbae")
    layer.line("M 24 44 L 152 44 L 152 250 L 24 250 L 24 44", 7, "#9aa49f")
    layer.line("M 88 44 L 88 250 M 24 146 L 152 146", 5, "#9aa49f")
    layer.fill("M 14 250 L 162 250 L 162 259 L 14 259 Z", "#b9bfb9")
    layer.fill("M 152 60 L 330 20 L 330 300 L 152 260 Z", "#f2efe0", 0.16, 18)
    _shelf(layer, 452, 168, _BOOKS)
    _shelf(layer, 452, 282, _BOOKS[::-1])
    layer.fill(rounded(566, 92, 44, 60, 2), "#e8e4d6")
    layer.fill(rounded(572, 98, 32, 48, 1), "#8fa8a4")
    layer.fill("M 572 146 L 572 128 Q 588 110 604 130 L 604 146 Z", "#4f6d6c")
    _plant(layer)
    layer.fill("M 0 452 L 640 452 L 640 480 L 0 480 Z", Gradient("#846e58", "#5e4c3c", (0, 452), (0, 480)))
    for side in (-40, WIDTH + 40):
        layer.fill(ellipse(side, HEIGHT / 2, 110, 330), "#14201f", 0.30, 46)
    return layer.opaque()


def _shelf(layer: Layer, x: float, y: float, colours: tuple[str, ...]) -> None:
    layer.fill(f"M {x} {y} L {WIDTH} {y} L {WIDTH} {y + 14} L {x} {y + 14} Z", "#38423f", 0.35, 5)
    at = x + 14.0
    for number, colour in enumerate(colours):
        wide, high = 9 + number * 5 % 7, 56 + number * 11 % 19
        if at + wide > (556 if y < 200 else 560):
            break
        layer.fill(f"M {at} {y} L {at} {y - high} L {at + wide} {y - high} L {at + wide} {y} Z", colour)
        band = y - high + 12
        layer.line(f"M {at + 2} {band} L {at + wide - 2} {band}", 1.6, "#f1efe6", 0.5)
        at += wide + 1.2
    layer.fill(f"M {x} {y} L {WIDTH} {y} L {WIDTH} {y + 7} L {x} {y + 7} Z", "#5c5145")


def _plant(layer: Layer) -> None:
    for bend, length in ((-30, 54), (-17, 66), (0, 72), (16, 63), (28, 50)):
        x, y = 598 + bend, 262 - length
        shade = Gradient("#5f8473", "#3c5a4f", (x, y), (598, 262))
        layer.fill(
            f"M 598 264 Q {590 + bend * 0.3} {y + 30} {x} {y} Q {606 + bend * 0.8} {y + 34} 600 264 Z", shade
        )
    layer.fill(
        "M 580 250 L 618 250 L 613 282 L 585 282 Z", Gradient("#d8cdb9", "#a79a86", (580, 0), (618, 0))
    )


def _body(look: Look) -> Sprite:
    layer = Layer(WIDTH, HEIGHT)
    shade = Gradient(look.jumper, look.jumper_shade, (150, 380), (510, 440))
    layer.fill(
        "M 126 520 C 130 426 172 392 240 378 L 284 362 L 356 362 L 400 378 C 470 392 508 426 514 520 Z", shade
    )
    layer.fill(
        "M 356 362 L 400 378 C 470 392 508 426 514 520 L 420 520 C 430 450 410 400 356 362 Z",
        "#0f1b1d",
        0.16,
        9,
    )
    layer.line("M 196 520 C 198 480 192 452 184 432", 3, look.jumper_shade, 0.55, 1.0)
    layer.line("M 444 520 C 442 480 448 452 456 432", 3, look.jumper_shade, 0.65, 1.0)
    layer.fill("M 286 312 L 354 312 L 358 366 C 340 392 300 392 282 366 Z", look.skin_shade)
    layer.fill(
        "M 286 330 C 300 352 340 352 354 330 L 354 344 C 338 366 302 366 286 344 Z", "#3a2018", 0.22, 4
    )
    layer.line("M 277 364 C 296 396 344 396 363 364", 9, look.jumper_shade)
    layer.line("M 277 362 C 296 393 344 393 363 362", 5, look.jumper)
    return layer.sprite(_MARGIN)


def _head(look: Look) -> Sprite:
    layer = Layer(WIDTH, HEIGHT)
    skin = Gradient(look.skin, look.skin_shade, (280, 210), (410, 250))
    layer.fill(
        "M 238 214 C 226 150 262 112 322 112 C 384 112 416 150 402 216 C 400 236 392 244 390 250 L 250 250 Z",
        look.hair,
    )
    for x, way in ((247, -1), (393, 1)):
        layer.fill(ellipse(x, 240, 10, 19), look.skin_shade)
        layer.line(f"M {x + 3 * way} 230 Q {x + 6 * way} 240 {x + 1 * way} 250", 2, look.hair, 0.22, 0.8)
    face = (
        "M 320 134 C 372 134 394 176 391 226 C 389 278 360 330 320 334 "
        "C 280 330 251 278 249 226 C 246 176 268 134 320 134 Z"
    )
    layer.fill(face, skin)
    layer.fill("M 372 190 C 392 240 366 310 326 333 C 364 326 388 280 391 226 Z", "#5a2f1f", 0.20, 8)
    layer.fill(ellipse(284, 268, 20, 13), "#c4705a", 0.16, 7)
    layer.fill(ellipse(354, 268, 20, 13), "#c4705a", 0.14, 7)
    layer.fill(
        "M 246 226 C 240 168 262 124 324 122 C 380 122 402 166 394 226 C 392 196 384 178 368 164 "
        "C 340 176 300 172 278 158 C 260 176 252 198 246 226 Z",
        look.hair,
    )
    layer.line("M 270 150 C 288 132 318 128 344 136", 5, look.hair_light, 0.55, 2)
    layer.line("M 284 162 C 306 174 342 176 366 164", 3, "#241510", 0.18, 2)
    for x, way in zip(_EYES, (-1, 1), strict=True):
        layer.fill(ellipse(x, _EYE_LINE, 14, 7.5), "#f6f1ea")
        layer.line(
            f"M {x - 15} {_EYE_LINE + 1} Q {x} {_EYE_LINE - 11} {x + 15} {_EYE_LINE + 1}", 3, look.hair, 0.9
        )
        layer.line(f"M {x - 18} {211 - way} Q {x} {201} {x + 18} {211 + way}", 5, look.hair, 0.9)
    layer.line("M 324 236 C 318 252 310 266 314 271 C 318 275 326 275 332 272", 3, "#6d3d2b", 0.42)
    layer.line("M 298 298 C 312 305 330 305 344 297", 3.6, "#8f4a40", 0.85)
    layer.line("M 310 311 C 318 314 326 314 333 311", 3, "#6d3d2b", 0.18, 1.2)
    return layer.sprite(_MARGIN)


def _lids(look: Look) -> Sprite:
    layer = Layer(WIDTH, HEIGHT)
    for x in _EYES:
        layer.fill(ellipse(x, _EYE_LINE, 15, 9), look.skin)
        layer.line(
            f"M {x - 14} {_EYE_LINE + 2} Q {x} {_EYE_LINE + 8} {x + 14} {_EYE_LINE + 2}", 3, look.hair, 0.9
        )
    return layer.sprite()


def _iris() -> Sprite:
    layer = Layer(11, 11)
    layer.fill(ellipse(5.5, 5.5, 5, 5), "#4a3a2c")
    layer.fill(ellipse(5.5, 5.5, 2.4, 2.4), "#15100d")
    layer.fill(ellipse(7, 4, 1.2, 1.2), "#ffffff", 0.9)
    return layer.sprite()

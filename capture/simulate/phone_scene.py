"""Scene of the phone: the same drawn person from the side, at the desk, typing and nodding."""

import math

from capture.simulate.absence import HERE
from capture.simulate.paint import Gradient, Layer, Pixels, Sprite, ellipse, rounded
from capture.simulate.webcam_scene import LOOKS, Look

WIDTH, HEIGHT, RATE = 640, 360, 10

_NECK = (226.0, 168.0)
_ELBOW = (292.0, 268.0)
_TABLE = 284


class PhoneScene:
    """Draws the phone's picture of any instant; the same instant always gives the same picture."""

    def __init__(self, number: int = 0, away: range = HERE) -> None:
        self._away = away
        look = LOOKS[number % len(LOOKS)]
        self._phase = number * 2.3
        self._room, self._empty = _room(look), _room(None)
        self._head = _head(look)
        self._forearm = _forearm(look)
        self._glow = _glow()

    def draw(self, unix_ms: int) -> Pixels:
        """The picture of that instant, HEIGHT x WIDTH x 3, without a clock."""
        t = unix_ms % 86_400_000 / 1000 + self._phase
        nod = 1.8 * math.sin(t * 2 * math.pi / 7.9) + 4.0 * max(0.0, math.sin(t * 2 * math.pi / 21) - 0.5)
        typing = max(0.0, math.sin(t * 2 * math.pi / 12.7))
        tap = typing * 2.2 * math.sin(t * 2 * math.pi * 1.9)
        if unix_ms in self._away:
            return self._empty.copy()
        picture = self._room.copy()
        self._head.turned(_NECK, nod, 0, 0.8 * math.sin(t * 2 * math.pi / 4.1)).lay(picture)
        self._forearm.turned(_ELBOW, tap - 1.0, 2 * math.sin(t / 3)).lay(picture)
        if t % 17 > 0.2:
            self._glow.lay(picture)
        return picture


def _room(look: Look | None) -> Pixels:
    """With the person of that look at the desk, or nobody."""
    layer = Layer(WIDTH, HEIGHT, Gradient("#aab3ae", "#d0d2c9", (0, 0), (WIDTH, 200)))
    layer.fill(
        f"M 0 324 L {WIDTH} 324 L {WIDTH} {HEIGHT} L 0 {HEIGHT} Z",
        Gradient("#857a6b", "#6b6155", (0, 324), (0, 360)),
    )
    layer.line(f"M 0 323 L {WIDTH} 323", 4, "#e4e2d8", 0.7)
    _window(layer)
    layer.fill("M 500 40 L 300 60 L 240 330 L 560 330 Z", "#f4f0de", 0.12, 22)
    layer.fill(rounded(60, 60, 92, 116, 2), "#e9e6da")
    layer.fill(rounded(68, 68, 76, 100, 1), "#93aba6")
    layer.fill("M 68 168 L 68 132 Q 92 104 112 128 Q 128 142 144 118 L 144 168 Z", "#55736f")
    layer.fill(ellipse(118, 94, 9, 9), "#efe5c8")
    _chair(layer)
    if look is not None:
        _figure(layer, look)
    _desk(layer)
    for side in (-30, WIDTH + 30):
        layer.fill(ellipse(side, HEIGHT / 2, 90, 260), "#14201f", 0.26, 40)
    return layer.opaque()


def _window(layer: Layer) -> None:
    layer.fill(rounded(484, 30, 118, 138, 3), "#f5f7f3")
    layer.fill("M 484 126 C 516 100 560 134 602 108 L 602 168 L 484 168 Z", "#b3c8bd")
    layer.line("M 484 30 L 602 30 L 602 168 L 484 168 L 484 30 M 543 30 L 543 168", 6, "#949e99")
    layer.fill("M 476 168 L 610 168 L 610 176 L 476 176 Z", "#b4bab4")


def _chair(layer: Layer) -> None:
    layer.fill(
        "M 92 352 C 84 290 84 236 98 204 C 106 190 124 192 128 208 L 146 316 L 150 352 Z",
        Gradient("#39474a", "#232d2f", (90, 0), (150, 0)),
    )
    layer.fill(rounded(110, 318, 148, 18, 8), "#2b3638")
    layer.line("M 184 336 L 184 360", 12, "#232d2f")


def _figure(layer: Layer, look: Look) -> None:
    trousers = Gradient("#3a444d", "#262e35", (150, 300), (330, 340))
    layer.fill(
        "M 136 322 C 140 296 170 286 210 288 L 312 294 C 334 298 340 310 340 326 L 344 360 "
        "L 304 360 L 300 328 L 160 334 Z",
        trousers,
    )
    jumper = Gradient(look.jumper_shade, look.jumper, (130, 240), (270, 220))
    layer.fill(
        "M 138 318 C 126 262 136 204 182 180 C 204 168 232 170 248 184 C 268 204 272 246 262 318 Z", jumper
    )
    layer.fill("M 138 318 C 126 262 136 204 182 180 C 160 226 160 276 172 318 Z", "#0f1b1d", 0.25, 8)
    layer.fill("M 198 140 L 244 148 L 246 186 C 232 196 210 190 200 178 Z", look.skin_shade)
    layer.line("M 198 176 C 212 192 234 194 249 184", 8, look.jumper_shade)


def _head(look: Look) -> Sprite:
    layer = Layer(WIDTH, HEIGHT)
    skin = Gradient(look.skin_shade, look.skin, (196, 110), (268, 120))
    layer.fill(
        "M 204 152 C 186 120 190 64 236 60 C 264 60 274 80 272 102 L 281 122 "
        "C 283 126 280 128 275 128 C 277 140 274 154 262 158 C 244 162 220 160 204 152 Z",
        skin,
    )
    layer.fill("M 206 146 C 220 158 244 160 262 156 C 250 166 222 168 204 156 Z", "#4a2417", 0.25, 4)
    layer.fill(ellipse(223, 116, 8, 12), look.skin_shade)
    layer.line("M 221 110 Q 228 112 224 122", 2, "#4a2417", 0.35)
    layer.fill(
        "M 200 140 C 180 96 190 52 236 48 C 266 48 282 66 276 84 C 262 92 246 90 238 88 "
        "C 236 98 228 104 218 104 C 212 114 212 130 208 146 C 206 148 202 144 200 140 Z",
        look.hair,
    )
    layer.line("M 208 76 C 216 62 232 56 250 58", 5, look.hair_light, 0.5, 2)
    layer.line("M 257 103 Q 264 99 270 102", 3.4, look.hair, 0.9)
    layer.line("M 260 112 Q 265 110 269 113", 3, "#241510", 0.85)
    layer.line("M 264 141 Q 270 142 275 139", 2.6, "#8f4a40", 0.8)
    return layer.sprite(18)


def _forearm(look: Look) -> Sprite:
    layer = Layer(WIDTH, HEIGHT)
    sleeve = Gradient(look.jumper, look.jumper_shade, (250, 200), (290, 300))
    layer.line("M 212 206 C 216 244 232 262 290 268", 42, sleeve)
    layer.line("M 232 262 C 262 272 300 272 348 270", 30, sleeve)
    layer.fill(
        "M 226 240 C 240 262 262 266 300 268 L 300 284 C 260 288 232 276 222 250 Z", "#0f1b1d", 0.18, 5
    )
    layer.fill(
        "M 350 256 L 384 260 C 398 262 406 270 404 276 C 400 282 386 280 376 280 L 350 282 Z", look.skin
    )
    layer.line("M 384 272 C 392 274 398 276 402 278", 2, look.skin_shade, 0.7)
    layer.line("M 349 257 L 349 282", 5, look.jumper_shade)
    return layer.sprite(14)


def _desk(layer: Layer) -> None:
    layer.fill(
        f"M 300 {_TABLE} L {WIDTH} {_TABLE} L {WIDTH} {_TABLE + 15} L 300 {_TABLE + 15} Z",
        Gradient("#96795c", "#70583f", (0, _TABLE), (0, _TABLE + 15)),
    )
    for x in (318, 606):
        layer.fill(
            f"M {x} {_TABLE + 15} L {x + 14} {_TABLE + 15} L {x + 12} {HEIGHT} L {x + 2} {HEIGHT} Z",
            "#584635",
        )
    layer.fill(
        f"M 300 {_TABLE + 15} L {WIDTH} {_TABLE + 15} L {WIDTH} {_TABLE + 30} L 312 {_TABLE + 30} Z",
        "#1c1712",
        0.25,
        6,
    )
    layer.fill("M 372 276 L 492 276 L 498 284 L 366 284 Z", "#59646a")
    layer.line("M 376 277 L 484 277", 2, "#88949a")
    layer.fill("M 486 278 L 528 182 Q 530 178 535 180 L 538 182 L 498 280 Z", "#454f54")
    layer.line("M 487 276 L 528 182", 3, "#bfe0e0")
    layer.fill(rounded(572, 250, 28, 34, 3), Gradient("#efece2", "#c2beb0", (572, 0), (600, 0)))
    layer.line("M 601 258 Q 612 262 601 274", 4, "#d8d4c7")
    layer.fill("M 396 281 L 356 281 L 346 284 L 400 284 Z", "#f4f3ec")


def _glow() -> Sprite:
    layer = Layer(WIDTH, HEIGHT)
    layer.fill("M 486 276 L 528 186 L 300 90 L 260 250 Z", "#d6f0f0", 0.10, 20)
    return layer.sprite()

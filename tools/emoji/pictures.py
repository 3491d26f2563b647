# SPDX-License-Identifier: GPL-3.0-or-later
"""From an icon to a square picture with alpha: librsvg draws, through gdk-pixbuf, in this process.

Sets differ in the empty border they leave; here every drawing fills its picture up to MARGIN, as a
stamp does.  So an icon is drawn twice: once to see where it has ink, once in the frame of that.
Pictures are kept by the hash of what they are drawn from, so a second run draws nothing.
"""
import hashlib
import importlib
import math
from xml.sax.saxutils import escape


class Library:
    """One of GObject introspection, looked for when it is used first: words are read without it."""

    def __init__(self, name):
        self.name = name

    def __getattr__(self, wanted):
        importlib.import_module("gi").require_version(self.name, "2.0")
        return getattr(importlib.import_module(f"gi.repository.{self.name}"), wanted)


GdkPixbuf, GLib = Library("GdkPixbuf"), Library("GLib")

MARGIN = 1 / 32  # of the side; stays empty on each side
PROBE = 128  # pixels a side of the first drawing
INK = 16  # alpha below this is a haze and no ink
SHEET_GREY = 0x8C8C8CFF
LEAST_INK = 0.02  # of the pixels; less is an icon that did not come out


class BadIcon(Exception):
    """Says why an icon cannot be used."""


def svg_of(icon, frame, size):
    """icon: body, box, mirrored; frame: square left, top, side in the icon's units."""
    body, (left, top, width, height), mirrored = icon
    flip = f' transform="matrix(-1 0 0 1 {2 * left + width} 0)"' if mirrored else ""
    x, y, side = frame
    # The inner svg clips at the icon's own box: some icons hide things outside of it.
    return (f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
            f'width="{size}" height="{size}" viewBox="{x:.5g} {y:.5g} {side:.5g} {side:.5g}">'
            f'<svg x="{left}" y="{top}" width="{width}" height="{height}" '
            f'viewBox="{left} {top} {width} {height}"><g{flip}>{body}</g></svg></svg>').encode()


def draw(svg):
    """A pixbuf, RGBA with straight alpha."""
    loader = GdkPixbuf.PixbufLoader.new_with_type("svg")
    try:
        loader.write(svg)
        loader.close()
    except GLib.Error as error:
        raise BadIcon(f"librsvg: {error.message}") from error
    return loader.get_pixbuf()


def alpha_rows(pixbuf):
    pixels, stride = pixbuf.get_pixels(), pixbuf.get_rowstride()
    return [pixels[y * stride + 3:y * stride + 4 * pixbuf.get_width():4]
            for y in range(pixbuf.get_height())]


def find_ink(rows):
    """First and last column and row with ink, of rows of alpha; None where there is hardly any."""
    inked = [y for y, row in enumerate(rows) if max(row) >= INK]
    columns = [x for x in range(len(rows[0])) if any(row[x] >= INK for row in rows)]
    if sum(a >= INK for row in rows for a in row) < LEAST_INK * len(rows) * len(rows[0]):
        return None
    return columns[0], columns[-1], inked[0], inked[-1]


def frame_around(ink, unit=1, x=0, y=0):
    """The square around the ink, with the margin: left, top, side.  unit: side of a pixel of the
    rows; x, y: where they begin."""
    x0, x1 = x + ink[0] * unit, x + (ink[1] + 1) * unit
    y0, y1 = y + ink[2] * unit, y + (ink[3] + 1) * unit
    whole = max(x1 - x0, y1 - y0) / (1 - 2 * MARGIN)
    return (x0 + x1 - whole) / 2, (y0 + y1 - whole) / 2, whole


def find_frame(icon):
    """The square around the ink, with the margin, in the icon's units."""
    _, (left, top, width, height), _ = icon
    side = max(width, height)
    x, y = left - (side - width) / 2, top - (side - height) / 2
    ink = find_ink(alpha_rows(draw(svg_of(icon, (x, y, side), PROBE))))
    if not ink:
        raise BadIcon("it comes out empty")
    return frame_around(ink, side / PROBE, x, y)


def cached(cache, recipe, make):
    """The PNG of a recipe, from the cache or made into it by make(path)."""
    key = hashlib.sha256(repr((recipe, MARGIN, INK, LEAST_INK)).encode()).hexdigest()
    path = cache / key[:2] / f"{key[2:32]}.png"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(".partial")
        make(partial)
        partial.rename(path)
    return path


def picture_of(icon, size, cache):
    """The PNG of an icon."""
    return cached(cache, (icon, size, PROBE), lambda path: draw(
        svg_of(icon, find_frame(icon), size)).savev(str(path), "png", [], []))


def seen(path, every=1):
    """[colour times alpha, ..., alpha], 0 to 1, of so many pixels: what is transparent has no colour."""
    pixbuf = GdkPixbuf.Pixbuf.new_from_file(str(path)).add_alpha(False, 0, 0, 0)
    pixels, stride, width = pixbuf.get_pixels(), pixbuf.get_rowstride(), 4 * pixbuf.get_width()
    flat = b"".join(pixels[y * stride:y * stride + width] for y in range(pixbuf.get_height()))
    alpha = flat[3::4 * every]
    return [value * a / 65025 for channel in range(3)
            for value, a in zip(flat[channel::4 * every], alpha)] + [a / 255 for a in alpha]


def relative_l2(pairs, every=1):
    """Of all of the first pictures together to the second ones."""
    off = of = 0
    for one, other in pairs:
        for x, y in zip(seen(one, every), seen(other, every), strict=True):
            off += (x - y) * (x - y)
            of += y * y
    return math.sqrt(off / of) if of else 0.0


def label_svg(labels, place, width, height):
    texts = "".join(f'<text x="{place(i)[0] + 2}" y="{place(i)[1] - 3}">{escape(label)}</text>'
                    for i, label in enumerate(labels))
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
            f'font-family="sans-serif" font-size="11">{texts}</svg>').encode()


def make_sheet(rows, labels, output, groups=1, size=64):
    """Rows of pictures (None leaves a place empty), so many to a line of the sheet, each with its
    label above, on grey so that soft edges can be seen."""
    across = max(len(row) for row in rows) * (size + 4) + 8
    high = size + 18

    def place(i):
        return i % groups * across, (i // groups) * high + 14

    width, height = groups * across, -(-len(rows) // groups) * high
    sheet = GdkPixbuf.Pixbuf.new(GdkPixbuf.Colorspace.RGB, True, 8, width, height)
    sheet.fill(SHEET_GREY)
    for i, row in enumerate(rows):
        for k, picture in enumerate(row):
            if picture:
                x, y = place(i)[0] + k * (size + 4), place(i)[1]
                lay(GdkPixbuf.Pixbuf.new_from_file_at_size(str(picture), size, size), sheet, x, y)
    lay(draw(label_svg(labels, place, width, height)), sheet, 0, 0)
    sheet.savev(str(output), "png", [], [])


def lay(pixbuf, sheet, x, y):
    width, height = pixbuf.get_width(), pixbuf.get_height()
    pixbuf.composite(sheet, x, y, width, height, x, y, 1, 1, GdkPixbuf.InterpType.NEAREST, 255)

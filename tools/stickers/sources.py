# SPDX-License-Identifier: GPL-3.0-or-later
"""Who draws the stickers, in which style, and which drawing of theirs is of which emoji.

Vector sets are those of tools/emoji/icons.py and one more.  Fluent's 3-D pictures and animations
come from packages that hold more than Microsoft gave away, so a 3-D picture is taken only where the
flat set, which was made from Microsoft's own, draws the same emoji, and never one of NEVER_3D.
"""
from collections import namedtuple
from pathlib import Path

from concepts import SKIN_TONES, plain_codepoints
from icons import SETS, find_drawings, folder_of, load_sets
from pictures import picture_of
from rasters import distinct_frames, raster_picture

SIZE = 256

VECTOR_SETS = SETS + (("streamline", "@iconify-json/streamline-emojis", "1.2.4"),)
STILLS = ("@lobehub/fluent-emoji-3d", "1.1.0")
ANIMATIONS = tuple((f"@lobehub/fluent-emoji-anim-{k}", "1.0.0") for k in (1, 2, 3, 4))

# Style of the dataset: vector set.  Labels of the styles are in styles.json, in the same order.
STYLES = {"3d": "fluent", "flat": "fluent-flat", "glossy": "noto", "soft-flat": "noto-v1",
          "bold": "twemoji", "classic": "emojione", "paper": "fxemoji", "outline": "streamline"}

NEVER_3D = {"1F4CE",  # a paperclip with the face of an assistant of old
            "1F9D1-200D-1F4BB", "1F468-200D-1F4BB", "1F469-200D-1F4BB"}  # a trademark on the laptop

# What a form has besides icons, by the names that rejected.tsv knows.
STILL, POSES = "still", "poses"

Drawing = namedtuple("Drawing", "name make")  # name of its file; make(cache) gives a PNG


def packages(animated):
    """[(package, version)] to fetch."""
    return [row[1:] for row in VECTOR_SETS] + [STILLS] + (list(ANIMATIONS) if animated else [])


def rasters_in(folder):
    """{codepoints: file}"""
    paths = sorted((folder / "assets").glob("*.webp"))
    return {plain_codepoints(path.stem): path for path in paths}


def may_be_3d(form, drawn):
    plain = "-".join(p for p in form.codepoints.split("-") if p not in SKIN_TONES)
    return "fluent-flat" in drawn and plain not in NEVER_3D


class Sources:
    def __init__(self, folder, animated):
        self.sets = load_sets(folder, VECTOR_SETS)
        self.by_style = {icon_set.style: icon_set for icon_set in self.sets}
        self.rasters = [(STILL, rasters_in(Path(folder) / folder_of(STILLS[0])))]
        for package, _ in ANIMATIONS if animated else ():
            self.rasters.append((POSES, rasters_in(Path(folder) / folder_of(package))))

    def find_drawings(self, concepts, character_names):
        """{codepoints: {set: [icon names]; STILL, POSES: file}}"""
        drawings = find_drawings(self.sets, concepts, character_names)
        for kind, files in self.rasters:
            for points in files.keys() & concepts.keys():
                if may_be_3d(concepts[points], drawings[points]):
                    drawings[points][kind] = files[points]
        return drawings

    def draw(self, style, form, drawn):
        """The drawings of one form in one style.  drawn: what find_drawings found of the form."""
        name = form.codepoints.lower()
        if style == "3d" and STILL in drawn:
            return [Drawing(name, lambda cache: raster_picture(drawn[STILL], 0, SIZE, cache))]
        icon_set = self.by_style[STYLES[style]]
        icons = [icon_set.icon(icon) for icon in drawn.get(icon_set.style, ())]
        return [Drawing(f"{name}-{k}" if k else name,
                        lambda cache, icon=icon: picture_of(icon, SIZE, cache))
                for k, icon in enumerate(icons) if icon]

    def poses(self, form, drawn, cache):
        """Frames of the form's animation that differ from its beginning."""
        return [Drawing(f"{form.codepoints.lower()}-pose-{number:03d}",
                        lambda cache, n=number: raster_picture(drawn[POSES], n, SIZE, cache))
                for number in (distinct_frames(drawn[POSES], cache) if POSES in drawn else ())]

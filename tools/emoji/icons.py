# SPDX-License-Identifier: GPL-3.0-or-later
"""The icon sets, and which icon of each draws which concept.

Three sets say the code points of their icons.  The others only have names, old and new ones of the
same emoji, so a name is looked up in what all sets and Unicode call it; Firefox OS' own names are
listed in fxemoji.tsv.  pictures.py makes pictures of what is found here.
"""
import json
import re
from pathlib import Path

from concepts import plain_codepoints, slug

HERE = Path(__file__).parent

# Name of the style, npm package, version.  Order is the order of the pictures in every class.
SETS = (
    ("fluent-flat", "@iconify-json/fluent-emoji-flat", "1.2.6"),
    ("fluent", "@iconify-json/fluent-emoji", "1.2.7"),
    ("noto", "@iconify-json/noto", "1.2.9"),
    ("noto-v1", "@iconify-json/noto-v1", "1.2.5"),
    ("fxemoji", "@iconify-json/fxemoji", "1.2.2"),
    ("twemoji", "@iconify-json/twemoji", "1.2.5"),
    ("emojione", "@iconify-json/emojione", "1.2.3"),
)
LICENCES = {"MIT", "Apache-2.0", "CC-BY-4.0"}  # nothing else comes in


class IconSet:
    def __init__(self, style, folder):
        self.style = style
        self.package = json.loads((folder / "package.json").read_text(encoding="utf-8"))
        self.info = json.loads((folder / "info.json").read_text(encoding="utf-8"))
        licence = self.info["license"]["spdx"]
        if licence not in LICENCES:
            raise SystemExit(f"{folder}: licence {licence} is not one that this dataset takes.")
        icons = json.loads((folder / "icons.json").read_text(encoding="utf-8"))
        self.icons = icons["icons"]
        self.aliases = icons.get("aliases", {})
        self.default = {key: icons.get(key, 16) for key in ("width", "height")}
        self.characters = json.loads((folder / "chars.json").read_text(encoding="utf-8"))

    def icon(self, name):
        """Body, box (left, top, width, height) and whether it is mirrored; None if not drawn."""
        alias = self.aliases.get(name, {})
        icon = self.icons.get(alias.get("parent", name))
        if icon is None or alias.keys() - {"parent", "hFlip"}:
            return None
        box = (icon.get("left", 0), icon.get("top", 0),
               icon.get("width", self.default["width"]), icon.get("height", self.default["height"]))
        return icon["body"], box, bool(alias.get("hFlip"))

    def names(self):
        return list(self.icons) + list(self.aliases)


def folder_of(package):
    """Where a package lies among the fetched ones: "@iconify-json/noto" in "noto"."""
    return package.split("/")[-1]


def load_sets(packages, rows=SETS):
    """packages: folder that holds one folder for each package.  rows: as SETS."""
    return [IconSet(style, Path(packages) / folder_of(package)) for style, package, _ in rows]


def known_names(sets, concepts, character_names):
    """{name: codepoints}.  The first to claim a name has it: Unicode's list, CLDR, the sets that say
    code points, their former names, and at last the formal names of single characters."""
    known = {}
    for concept in concepts.values():
        known.setdefault(slug(concept.name), concept.codepoints)
    for concept in concepts.values():
        known.setdefault(slug(concept.names["en"]), concept.codepoints)
    for icon_set in sets:
        for points, name in icon_set.characters.items():
            if plain_codepoints(points) in concepts:
                known.setdefault(name, plain_codepoints(points))
    for icon_set in sets:
        for name, alias in icon_set.aliases.items():
            if set(alias) == {"parent"}:  # another name of the same drawing
                if alias["parent"] in known:
                    known.setdefault(name, known[alias["parent"]])
                elif name in known:
                    known.setdefault(alias["parent"], known[name])
    for concept in concepts.values():
        known.setdefault(slug(character_names.get(concept.codepoints, concept.name)),
                         concept.codepoints)
    return known


def read_table(path):
    """{name: codepoints} of a list by hand; "-" for an icon that draws no concept well."""
    rows = (line.split("\t") for line in Path(path).read_text(encoding="utf-8").splitlines()
            if line and not line.startswith("#"))
    return {row[0]: row[1] for row in rows}


def without_number(name):
    """"cloud-1" and "cloud-2" are two drawings of a cloud."""
    return re.sub(r"-\d$", "", name)


def match_set(icon_set, known, by_hand):
    """{codepoints: [icon name]} of one set: the first that matches, and its numbered fellows."""
    matched = {}
    said = {name: plain_codepoints(points) for points, name in icon_set.characters.items()}
    squashed = {name.replace("-", ""): points for name, points in reversed(known.items())}
    for name in icon_set.names():
        points = (by_hand.get(name) or said.get(name) or known.get(name)
                  or known.get(without_number(name)))
        if icon_set.style == "fxemoji":
            points = points or squashed.get(name.replace("-", ""))
        if points and points != "-":
            names = matched.setdefault(points, [name])
            if name not in names and without_number(name) == without_number(names[0]):
                names.append(name)
    return matched


def find_drawings(sets, concepts, character_names):
    """{codepoints: {style: [icon name]}}"""
    known = known_names(sets, concepts, character_names)
    by_hand = {"fxemoji": read_table(HERE / "fxemoji.tsv")}
    drawings = {points: {} for points in concepts}
    for icon_set in sets:
        matched = match_set(icon_set, known, by_hand.get(icon_set.style, {}))
        for points in concepts.keys() & matched.keys():
            drawings[points][icon_set.style] = matched[points]
    return drawings

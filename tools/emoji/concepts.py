# SPDX-License-Identifier: GPL-3.0-or-later
"""What there is to draw: the concepts of Unicode's emoji list, their names in many languages, and
which of them a small picture can tell from the others.  icons.py finds the drawings of a concept.
"""
import re
import unicodedata
import xml.etree.ElementTree
from pathlib import Path

VARIATION = "FE0F"  # asks for the coloured form; no part of a concept's identity
SKIN_TONES = {"1F3FB", "1F3FC", "1F3FD", "1F3FE", "1F3FF"}
GENDER = {"2640", "2642"}

LANGUAGES = ("en", "de", "es", "fr", "it", "ja", "ko", "nl", "pl", "pt", "ru", "sv", "tr", "uk",
             "zh", "zh_Hant")

# Rules for what is left out of "all": (reason, groups or subgroups of emoji-test.txt).
LEFT_OUT_GROUPS = (
    ("flags", {"Flags"}),
    ("skin tones and hair", {"Component"}),
    ("persons and genders", {"People & Body"}),  # body parts and hands come back, see KEPT
    ("arrows", {"arrow"}),
    ("keycaps", {"keycap"}),
    ("letters and script", {"alphanum"}),
    ("signs of geometry, mathematics, currency and punctuation",
     {"geometric", "math", "punctuation", "currency", "av-symbol", "gender"}),
    ("signs with writing or religious letters", {"religion", "zodiac", "transport-sign"}),
    ("clock faces", {"time"}),  # the other things of time come back, see KEPT
)
KEPT_SUBGROUPS = {"body-parts", "hand-fingers-open", "hand-fingers-partial", "hand-single-finger",
                  "hand-fingers-closed", "hands", "hand-prop"}
KEPT_NAMES = {"alarm clock", "hourglass done", "hourglass not done", "watch", "stopwatch",
              "mantelpiece clock", "timer clock"}
LEFT_OUT_NAMES = re.compile(
    r"o’clock|-thirty|\bbutton\b|\b(fe)?male\b|^no |^non-|prohibited|^(left|right)-"
    r"|\bmail(box)?\b.*\b(flag|arrow)\b|moon face$|^(first|last) quarter|gibbous|input |antenna bars")


class Concept:
    """One emoji without variants: code points such as "1F34E", names {"en": "red apple"}."""

    def __init__(self, codepoints, name, group, subgroup):
        self.codepoints = codepoints
        self.name = name
        self.group = group
        self.subgroup = subgroup
        self.names = {}

    @property
    def text(self):
        return "".join(chr(int(point, 16)) for point in self.codepoints.split("-"))


def plain_codepoints(text):
    """"1f3f4-200d-2620-fe0f" or "1F3F4 200D 2620 FE0F" -> "1F3F4-200D-2620"."""
    return "-".join(p for p in re.split(r"[- ]", text.upper()) if p != VARIATION)


def slug(name):
    """"Face with tears of joy" -> "face-with-tears-of-joy", the way of most icon sets."""
    plain = unicodedata.normalize("NFKD", name.replace("’", "").replace("&", "and"))
    plain = "".join(c for c in plain if not unicodedata.combining(c))
    return re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")


def read_concepts(unicode_folder):
    """All fully qualified emoji, in Unicode's own order: {codepoints: Concept}."""
    concepts = {}
    group = subgroup = ""
    text = (unicode_folder / "emoji" / "emoji-test.txt").read_text(encoding="utf-8")
    for line in text.splitlines():
        if line.startswith("# group:"):
            group = line.split(": ", 1)[1]
        elif line.startswith("# subgroup:"):
            subgroup = line.split(": ", 1)[1]
        found = re.match(r"([0-9A-F ]+?) *; fully-qualified +# \S+ E[0-9.]+ (.*)", line)
        if found:
            points = plain_codepoints(found[1])
            concepts[points] = Concept(points, found[2], group, subgroup)
    return concepts


def read_names(unicode_folder, concepts):
    """The names that a screen reader says ("tts") in each language; English wins where none is."""
    for language in LANGUAGES:
        spoken = {}
        for folder in ("annotationsDerived", "annotations"):
            path = unicode_folder / "cldr" / "common" / folder / f"{language}.xml"
            if path.exists():
                for node in xml.etree.ElementTree.parse(path).iter("annotation"):
                    if node.get("type") == "tts":
                        spoken[node.get("cp").replace("\ufe0f", "")] = node.text
        for concept in concepts.values():
            name = spoken.get(concept.text)
            if name and name != "↑↑↑":  # CLDR's mark for "as in the parent language"
                concept.names[language] = name
    for concept in concepts.values():
        concept.names.setdefault("en", concept.name)


def read_character_names(unicode_folder):
    """Unicode's formal names, which older icon sets use: {codepoints: "DOG FACE"}."""
    names = {}
    for line in Path(unicode_folder / "UnicodeData.txt").read_text(encoding="utf-8").splitlines():
        fields = line.split(";")
        names[fields[0]] = fields[1]
    return names


def reason_left_out(concept):
    """Why a concept is no class, or None."""
    points = set(concept.codepoints.split("-"))
    if points & SKIN_TONES:
        return "skin tones and hair"
    if points & GENDER:
        return "persons and genders"
    kept = concept.subgroup in KEPT_SUBGROUPS or concept.name in KEPT_NAMES
    for reason, groups in LEFT_OUT_GROUPS:
        if (concept.group in groups or concept.subgroup in groups) and not kept:
            return reason
    if LEFT_OUT_NAMES.search(concept.name) and not kept:
        return "signs and variants that differ in a detail only"
    return None

# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes data/classes/keywords.tsv: other words for what Unicode's emoji picture, from CLDR's
annotations, in the languages of the names.  A row is a concept by its English name, a column a
language, a cell "2car|2vehicle|0driving": words as core/model/search.c folds them, each behind a
digit that says how telling it is, or behind "+" where words.tsv says that it is meant.

A word is telling for a picture that is like the others with this word: "happy" has much to do with
a grinning face and little with a birthday cake, for the other happy ones are faces, too.
"""
import argparse
import math
import re
import unicodedata
import xml.etree.ElementTree
from collections import Counter, defaultdict
from pathlib import Path

from concepts import GENDER, LANGUAGES, SKIN_TONES, read_concepts, read_names, reason_left_out

HERE = Path(__file__).parent
ALONE = 0.35  # how telling a word is that no other picture has
STRIPPED = ("LATIN", "GREEK", "CYRILLIC")  # scripts whose accents a search does not want


def fold(text):
    """As edt_search_fold() in core/model/search.c; tests/classes holds the two together."""
    plain, base = "", ""
    for c in unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold()):
        if unicodedata.category(c) == "Mn":
            if not unicodedata.name(base or " ", "").startswith(STRIPPED):
                plain += c
            continue
        base = c
        if c in "'’":
            continue
        if c in "-_" or c.isspace():
            plain += "" if plain.endswith(" ") or not plain else " "
        else:
            plain += c
    return plain.strip()


def read_keywords(unicode_folder, language):
    """{emoji: [words]}"""
    words = {}
    for folder in ("annotationsDerived", "annotations"):
        path = unicode_folder / "cldr" / "common" / folder / f"{language}.xml"
        for node in xml.etree.ElementTree.parse(path).iter("annotation") if path.exists() else ():
            if node.get("type") != "tts" and node.text != "↑↑↑":
                folded = dict.fromkeys(fold(word) for word in re.split(r"[|]", node.text))
                words[node.get("cp").replace("\ufe0f", "")] = [w for w in folded if w]
    return words


class Likeness:
    """How alike two pictures are, by the words they share; rare ones count more."""

    def __init__(self, words):
        count = Counter(word for each in words.values() for word in each)
        weight = {word: math.log(len(words) / n) ** 2 for word, n in count.items()}
        self.weights = {picture: {word: weight[word] for word in each}
                        for picture, each in words.items()}
        self.pictures = defaultdict(list)
        for picture, each in words.items():
            for word in each:
                self.pictures[word].append(picture)

    def of(self, a, b, without):
        """The cosine, but for one word."""
        one, two = self.weights[a], self.weights[b]
        lengths = [sum(x for word, x in each.items() if word != without) for each in (one, two)]
        shared = sum(x for word, x in one.items() if word != without and word in two)
        return shared / math.sqrt(lengths[0] * lengths[1]) if all(lengths) else 0

    def telling(self, picture, word):
        others = [other for other in self.pictures[word] if other != picture]
        if not others:
            return ALONE
        return sum(self.of(picture, other, word) for other in others) / len(others)


def is_plain(codepoints, concept):
    """No variant of another emoji: those would make their words look common."""
    points = set(codepoints.split("-"))
    return concept.group not in ("Flags", "Component") and not points & (SKIN_TONES | GENDER | {"200D"})


def read_meant():
    meant = defaultdict(list)
    for line in (HERE / "words.tsv").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            name, language, words = line.split("\t")
            meant[name, language] += [fold(word) for word in words.split(", ")]
    return meant


def cell(picture, words, likeness, meant):
    ranked = sorted((-likeness.telling(picture, word), word) for word in words if word not in meant)
    return "|".join([f"+{word}" for word in meant] +
                    [f"{min(9, int(-score * 20 + 0.5))}{word}" for score, word in ranked])


def make_rows(unicode_folder):
    concepts = read_concepts(unicode_folder)
    read_names(unicode_folder, concepts)
    classes = {c.names["en"]: c for c in concepts.values() if not reason_left_out(c)}
    meant = read_meant()
    unknown = {name for name, _ in meant} - classes.keys()
    if unknown:
        raise SystemExit(f"words.tsv: there is no {', '.join(sorted(unknown))}.")
    rows = {name: [] for name in sorted(classes, key=lambda name: name.encode())}
    for language in LANGUAGES:
        words = read_keywords(unicode_folder, language)
        known = {c.text: words.get(c.text, []) for points, c in concepts.items()
                 if is_plain(points, c) or not reason_left_out(c)}
        likeness = Likeness(known)
        for name, cells in rows.items():
            picture = classes[name].text
            cells.append(cell(picture, known[picture], likeness, meant[name, language]))
    return rows


def main():
    parser = argparse.ArgumentParser(prog="tools/dataset-keywords")
    parser.add_argument("output", type=Path, nargs="?",
                        default=HERE.parent.parent / "data" / "classes" / "keywords.tsv")
    parser.add_argument("--unicode", type=Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--only-words", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.only_words:
        return
    rows = make_rows(options.unicode)
    lines = ["\t".join(["name", *LANGUAGES])] + ["\t".join([name, *cells])
                                                 for name, cells in rows.items()]
    options.output.write_text("\n".join(lines) + "\n", encoding="utf-8")


main()

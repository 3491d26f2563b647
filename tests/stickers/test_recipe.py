# SPDX-License-Identifier: GPL-3.0-or-later
"""The recipe of tools/dataset-stickers on emoji and pictures of its own; nothing is fetched."""
import json
import re
import tempfile
import unittest
from collections import Counter
from pathlib import Path

import credits_note
import dataset
from concepts import LANGUAGES, Concept
from folder import HERE as EMOJI, class_record, read_changes, read_rows
from persons import (Sticker, choose_forms, enough, find_stickers, keeps_poses, neutral,
                     spread)
from pictures import MARGIN, BadIcon, GdkPixbuf, alpha_rows, find_ink
from rasters import Frame, distinct_frames, find_distinct, fit, read_frames
from sources import NEVER_3D, SIZE, STYLES, Sources, may_be_3d, rasters_in

TABLES = Path(dataset.__file__).parent


def person(points, name, subgroup="person-role"):
    return Concept(points, name, "People & Body", subgroup)


COOK = person("1F9D1-200D-1F373", "cook")
COOKS = [COOK, person("1F9D1-1F3FB-200D-1F373", "cook: light skin tone"),
         person("1F468-200D-1F373", "man cook"), person("1F469-200D-1F373", "woman cook"),
         person("1F469-1F3FF-200D-1F373", "woman cook: dark skin tone")]
THUMB = person("1F44D", "thumbs up", "hand-fingers-closed")
DARK_THUMB = person("1F44D-1F3FF", "thumbs up: dark skin tone", "hand-fingers-closed")
CAT = Concept("1F408", "cat", "Animals & Nature", "animal-mammal")
COUPLE = person("1F491", "couple with heart", "family")
CONCEPTS = {each.codepoints: each for each in [*COOKS, THUMB, DARK_THUMB, CAT, COUPLE]}
for each in CONCEPTS.values():
    each.names["en"] = each.name


def square(side, left, top, colour, width=64, height=64):
    """A frame with a square of a colour (RGBA)."""
    pixels = bytearray(4 * width * height)
    for y in range(top, top + side):
        for x in range(left, left + side):
            pixels[4 * (y * width + x):4 * (y * width + x) + 4] = colour
    return Frame(width, height, bytes(pixels))


class Persons(unittest.TestCase):
    def test_one_class_of_all_genders_and_tones(self):
        self.assertEqual(neutral("1F469-1F3FD-200D-1F692"), "1F9D1-200D-1F692")
        self.assertEqual(neutral("1F3C3-1F3FE-200D-2642"), "1F3C3")
        self.assertEqual(neutral("1F468"), "1F468")  # a man who does nothing stays one
        things, persons = find_stickers(CONCEPTS)
        self.assertEqual([each.concept.name for each in things], ["thumbs up", "cat"])
        self.assertEqual(things[0].forms, [THUMB, DARK_THUMB])
        self.assertEqual([each.concept.name for each in persons], ["cook"])
        self.assertEqual({form.name for form in persons[0].forms}, {form.name for form in COOKS})

    def test_plain_forms_come_first_and_tones_are_few(self):
        cook = Sticker(COOK, COOKS)
        self.assertEqual([form.name for form in choose_forms(cook.forms, 0)],
                         ["man cook", "woman cook", "cook"])
        hands = [THUMB] + [person(f"1F44D-1F3F{k}", f"tone {k}") for k in "BCDEF"]
        chosen = choose_forms(hands, 3)
        self.assertEqual(chosen[0], THUMB)
        self.assertEqual(len(set(chosen)), enough(6))

    def test_poses_of_things_alone(self):
        face = Concept("1F622", "crying face", "Smileys & Emotion", "face-concerned")
        robot = Concept("1F916", "robot", "Smileys & Emotion", "face-costume")
        self.assertEqual([keeps_poses(each) for each in (CAT, THUMB, robot, face, COOK)],
                         [True, True, True, False, False])

    def test_spread(self):
        self.assertEqual(spread(list(range(10)), 2), [2, 7])
        self.assertEqual(spread([], 0), [])
        self.assertEqual([enough(n) for n in (0, 1, 2, 10, 18)], [0, 1, 2, 4, 5])


class Rasters(unittest.TestCase):
    def test_only_frames_that_differ(self):
        still, moved = square(20, 4, 4, b"\xff\0\0\xff"), square(20, 40, 40, b"\xff\0\0\xff")
        faint = square(4, 40, 4, b"\xff\0\0\xff")  # too little of it is there
        frames = [still, moved, still, moved, moved, still, faint, faint]
        self.assertEqual(find_distinct(frames), [4])  # of every second one

    def test_the_drawing_fills_the_picture(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "picture.png"
            fit(square(10, 50, 3, b"\0\xff\0\xff"), SIZE, path)  # beyond the edge of the frame
            pixbuf = GdkPixbuf.Pixbuf.new_from_file(str(path))
            left, right, top, bottom = find_ink(alpha_rows(pixbuf))
            pixel = pixbuf.get_pixels()[pixbuf.get_rowstride() * 128 + 4 * 128:][:4]
            self.assertEqual((pixbuf.get_width(), pixbuf.get_height()), (SIZE, SIZE))
            for edge in (left, top, SIZE - 1 - right, SIZE - 1 - bottom):
                self.assertLess(abs(edge - MARGIN * SIZE), SIZE / 20)
            self.assertEqual(pixel, b"\0\xff\0\xff")
            with self.assertRaises(BadIcon):
                fit(square(0, 0, 0, b""), SIZE, path)

    def test_frames_of_a_file_and_their_memory(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "package" / "assets" / "1f408.png"
            path.parent.mkdir(parents=True)
            fit(square(10, 5, 5, b"\0\0\xff\xff"), 32, path)
            self.assertEqual([(f.width, f.height) for f in read_frames(path)], [(32, 32)])
            self.assertEqual(distinct_frames(path, Path(folder)), [])
            kept = Path(folder) / "frames" / "package-1f408.json"
            kept.write_text("[7]", encoding="utf-8")
            self.assertEqual(distinct_frames(path, Path(folder)), [7])


class Choice(unittest.TestCase):
    """As much of Sources as choosing needs."""

    def setUp(self):
        self.sources = Sources.__new__(Sources)
        self.sources.sets = []
        self.sources.by_style = {name: self for name in STYLES.values()}
        self.sources.rasters = [("still", {points: Path(points) for points in CONCEPTS})]
        self.style = "fluent"

    def icon(self, name):
        return name

    def names(self, drawn):
        return [drawing.name for drawing in self.sources.draw("3d", CAT, drawn)]

    def test_3d_only_where_the_flat_set_draws_it(self):
        self.assertTrue(may_be_3d(CAT, {"fluent-flat": ["cat"]}))
        self.assertFalse(may_be_3d(CAT, {"noto": ["cat"], "fluent": ["cat"]}))
        self.assertEqual(self.sources.find_drawings(CONCEPTS, {})["1F408"], {})
        self.assertEqual(self.names({"still": Path("1F408")}), ["1f408"])
        self.assertEqual(self.names({"fluent": ["cat"]}), ["1f408"])  # its own twin instead
        self.assertEqual(self.names({"noto": ["cat"]}), [])

    def test_never_by_name(self):
        for points in NEVER_3D:
            toned = points.replace("1F9D1", "1F9D1-1F3FD").replace("1F469", "1F469-1F3FB")
            for each in (points, toned):
                self.assertFalse(may_be_3d(person(each, "x"), {"fluent-flat": ["x"]}))

    def test_files_by_code_points(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "assets" / "1f3d4-fe0f.webp"
            path.parent.mkdir()
            path.touch()
            self.assertEqual(rasters_in(Path(folder)), {"1F3D4": path})


class HeldOut(unittest.TestCase):
    def test_a_twentieth_and_always_the_same(self):
        names = [Concept(f"{k:X}", f"thing {k}", "", "") for k in range(4000)]
        what = [dataset.what_is_held_out(each, "3d", "a", False) for each in names]
        counts = Counter(what)
        self.assertLess(abs(counts["cell"] - 200), 45)
        self.assertLess(abs(counts["drawing"] - 190), 45)
        self.assertEqual(what, [dataset.what_is_held_out(each, "3d", "a", False)
                                for each in names])
        alone = [dataset.what_is_held_out(each, "3d", "a", True) for each in names]
        self.assertEqual(Counter(alone)["drawing"], 0)
        self.assertEqual([x == "cell" for x in alone], [x == "cell" for x in what])

    def test_all_of_a_cell_or_nothing(self):
        cell = next(each for each in (Concept("1", f"thing {k}", "", "") for k in range(999))
                    if dataset.what_is_held_out(each, "flat", "a", False) == "cell")
        self.assertEqual({dataset.what_is_held_out(cell, "flat", name, False)
                          for name in "abcdef"}, {"cell"})


class Lists(unittest.TestCase):
    def test_styles_are_named_in_all_languages(self):
        styles = json.loads((TABLES / "styles.json").read_text(encoding="utf-8"))["styles"]
        self.assertEqual([style["name"] for style in styles], list(STYLES))
        for style in styles:
            self.assertEqual(set(style["labels"]), set(LANGUAGES), style["name"])

    def test_each_row_once(self):
        rows = [tuple(row[:2]) for row in read_rows(TABLES / "rejected.tsv")]
        self.assertEqual([row for row, count in Counter(rows).items() if count > 1], [])

    def test_only_what_has_no_colour_of_its_own_is_recoloured(self):
        listed = [row[0] for table in ("fixed.tsv", "recolour.tsv") for row in read_rows(EMOJI / table)]
        changes = read_changes({name: Concept("1", name, "", "") for name in listed})
        for name, free in (("automobile", True), ("balloon", True), ("closed book", True),
                           ("woman’s hat", True), ("strawberry", False), ("fire engine", False),
                           ("green book", False), ("taxi", False), ("cook", False)):
            record = class_record(0, Concept("1", name, "", ""), ["3d"], changes)
            self.assertIs(record["recolour"], free, name)

    def test_every_style_has_its_holder_and_licence(self):
        told = Counter(style for work in credits_note.WORKS for style in work[0])
        self.assertEqual(told, Counter(list(STYLES)))
        every = [dataset.Made(0, style, "", None) for style in STYLES]
        text = credits_note.text(every, [{}])
        self.assertEqual(len(re.findall("^    Licence:", text, re.M)), len(credits_note.WORKS))
        for words in ("Copyright (c) Microsoft Corporation", "THE SOFTWARE IS PROVIDED",
                      "Attribution 4.0", "Apache License", "END OF TERMS AND CONDITIONS"):
            self.assertIn(words, text)


if __name__ == "__main__":
    unittest.main()

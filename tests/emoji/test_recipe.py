# SPDX-License-Identifier: GPL-3.0-or-later
"""What finds and draws emoji, on small icons and names of its own; nothing is fetched."""
import json
import tempfile
import unittest
from collections import Counter
from pathlib import Path

import concepts
from concepts import Concept, plain_codepoints, reason_left_out, slug
from folder import clear, write_classes
from icons import known_names, match_set, read_table
from pictures import MARGIN, BadIcon, alpha_rows, draw, find_frame, svg_of

TABLES = Path(concepts.__file__).parent
SIZE = 64

BOX = (0, 0, 32, 32)
CAT_FACE = Concept("1F431", "cat face", "Animals & Nature", "animal-mammal")
CAT = Concept("1F408", "cat", "Animals & Nature", "animal-mammal")
CONCEPTS = {"1F431": CAT_FACE, "1F408": CAT}
for each in CONCEPTS.values():
    each.names["en"] = each.name


class Set:
    """As much of icons.IconSet as matching needs."""

    def __init__(self, style, names, characters=None, aliases=None):
        self.style, self.icons, self.characters = style, names, characters or {}
        self.aliases = aliases or {}

    def names(self):
        return list(self.icons) + list(self.aliases)


def ink(icon):
    """First and last column and row of a finished picture."""
    rows = alpha_rows(draw(svg_of(icon, find_frame(icon), SIZE)))
    columns = [x for x in range(SIZE) if any(row[x] > 127 for row in rows)]
    inked = [y for y in range(SIZE) if max(rows[y]) > 127]
    return columns[0], columns[-1], inked[0], inked[-1]


class Names(unittest.TestCase):
    def test_codepoints_and_slugs(self):
        self.assertEqual(plain_codepoints("1f3d4-fe0f"), "1F3D4")
        self.assertEqual(plain_codepoints("1F441 FE0F 200D 1F5E8"), "1F441-200D-1F5E8")
        self.assertEqual(slug("woman’s boot"), "womans-boot")
        self.assertEqual(slug("piñata"), "pinata")

    def test_sets_that_say_code_points_win_over_names(self):
        icon_set = Set("noto", ["cat", "cat-side"], {"1f431": "cat", "1f408": "cat-side"})
        known = known_names([icon_set], CONCEPTS, {})
        self.assertEqual(match_set(icon_set, known, {}), {"1F431": ["cat"], "1F408": ["cat-side"]})

    def test_former_names_and_formal_names(self):
        icon_set = Set("emojione", ["face-of-a-cat"], aliases={
            "cat-face": {"parent": "face-of-a-cat"}})
        known = known_names([icon_set], CONCEPTS, {"1F408": "DOMESTIC CAT"})
        self.assertEqual(match_set(icon_set, known, {})["1F431"], ["face-of-a-cat"])
        self.assertEqual(known["domestic-cat"], "1F408")

    def test_the_hand_written_table_has_the_last_word(self):
        with tempfile.TemporaryDirectory() as folder:
            table = Path(folder) / "table.tsv"
            table.write_text("# note\ncat\t1F431\ncatface\t-\tblurred\n", encoding="utf-8")
            by_hand = read_table(table)
        icon_set = Set("fxemoji", ["catface", "cat"])
        known = known_names([icon_set], CONCEPTS, {})
        self.assertEqual(match_set(icon_set, known, by_hand), {"1F431": ["cat"]})

    def test_numbered_drawings_of_one_concept(self):
        icon_set = Set("streamline", ["cat-1", "cat-2", "cat"], {}, {"kitty": {"parent": "cat"}})
        known = known_names([icon_set], CONCEPTS, {})
        self.assertEqual(match_set(icon_set, known, {})["1F408"], ["cat-1", "cat-2", "cat"])

    def test_what_is_left_out(self):
        self.assertIsNone(reason_left_out(CAT))
        flag = Concept("1F1E9-1F1EA", "flag: Germany", "Flags", "country-flag")
        clock = Concept("1F550", "one o’clock", "Travel & Places", "time")
        alarm = Concept("23F0", "alarm clock", "Travel & Places", "time")
        tone = Concept("1F44D-1F3FB", "thumbs up: light skin tone", "People & Body",
                       "hand-fingers-closed")
        thumb = Concept("1F44D", "thumbs up", "People & Body", "hand-fingers-closed")
        self.assertEqual(reason_left_out(flag), "flags")
        self.assertEqual(reason_left_out(clock), "clock faces")
        self.assertEqual(reason_left_out(tone), "skin tones and hair")
        self.assertIsNone(reason_left_out(alarm))
        self.assertIsNone(reason_left_out(thumb))


class Pictures(unittest.TestCase):
    def test_the_drawing_fills_the_picture(self):
        icon = ('<path fill="red" d="M20 20h8v4h-8z"/>', BOX, False)
        first, last, top, bottom = ink(icon)
        self.assertLessEqual(abs(first - MARGIN * SIZE), 1)
        self.assertLessEqual(abs(SIZE - 1 - MARGIN * SIZE - last), 1)
        self.assertLessEqual(abs((bottom - top) - (last - first) / 2), 2)  # keeps its proportions
        self.assertLessEqual(abs((top + bottom) - (SIZE - 1)), 2)  # and stands in the middle

    def test_mirrored(self):
        body = '<path d="M0 0h32v8H0zM0 8h8v24H0z"/>'
        plain, mirrored = (alpha_rows(draw(svg_of((body, BOX, flip), (0, 0, 32), 32)))
                           for flip in (False, True))
        self.assertEqual((plain[20][2], plain[20][30]), (255, 0))
        self.assertEqual(plain, [row[::-1] for row in mirrored])

    def test_what_is_outside_its_box_stays_hidden(self):
        body = '<path d="M8 8h16v16H8z"/><path d="M40 40h50v50H40z"/>'
        x, y, side = find_frame((body, BOX, False))
        self.assertAlmostEqual(side, 16 / (1 - 2 * MARGIN), delta=0.6)
        self.assertAlmostEqual(x + side / 2, 16, delta=0.3)

    def test_empty_and_broken(self):
        with self.assertRaises(BadIcon):
            find_frame(('<path fill="none" d="M0 0h32v32z"/>', BOX, False))
        with self.assertRaises(BadIcon):
            find_frame(("<path", BOX, False))


class Folder(unittest.TestCase):
    def test_a_run_that_was_stopped_is_made_anew(self):
        with tempfile.TemporaryDirectory() as root:
            output = Path(root) / "set"
            for _ in range(2):  # stopped before classes.json
                clear(output, ["000-owl", "001-fox"])
                (output / "000-owl").mkdir()
            (output / "005-mine").mkdir()
            clear(output, ["000-fox"])
            self.assertEqual({path.name for path in output.iterdir()}, {"005-mine", ".edt-dataset"})

    def test_what_a_smaller_one_will_not_make_goes_too(self):
        with tempfile.TemporaryDirectory() as root:
            output = Path(root)
            write_classes(output / "classes.json", 64, [], [{"folder": "000-owl"}])
            (output / "CREDITS").touch()
            clear(output, ["000-owl", "001-fox"])
            (output / "001-fox").mkdir()  # and stopped
            clear(output, ["000-owl"])
            self.assertEqual([path.name for path in output.iterdir()], [".edt-dataset"])

    def test_the_folder_of_others_stays(self):
        with tempfile.TemporaryDirectory() as root:
            (Path(root) / "000-owl").mkdir()
            with self.assertRaises(SystemExit):
                clear(Path(root), ["000-owl"])
            self.assertTrue((Path(root) / "000-owl").exists())

    def test_the_data_of_others_stays(self):
        for classes in ([{"folder": "rose"}], ["rose"], [{"folder": "../000-owl"}]):
            with tempfile.TemporaryDirectory() as root:
                (Path(root) / "rose").mkdir()
                (Path(root) / "classes.json").write_text(json.dumps({"classes": classes}))
                with self.assertRaises(SystemExit):
                    clear(Path(root), ["000-owl"])
                self.assertTrue((Path(root) / "rose").exists())
                self.assertTrue((Path(root) / "classes.json").exists())


class Lists(unittest.TestCase):
    def test_each_row_once(self):
        for name, key_fields in (("classes.tsv", 1), ("fixed.tsv", 1), ("recolour.tsv", 1),
                                 ("rejected.tsv", 2)):
            rows = [tuple(line.split("\t")[:key_fields])
                    for line in (TABLES / name).read_text(encoding="utf-8").splitlines()
                    if line and not line.startswith("#")]
            twice = [row for row, count in Counter(rows).items() if count > 1]
            self.assertEqual(twice, [], name)


if __name__ == "__main__":
    unittest.main()

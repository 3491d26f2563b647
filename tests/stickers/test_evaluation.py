# SPDX-License-Identifier: GPL-3.0-or-later
"""tools/evaluate-stickers on a folder of four classes in three styles, with a model that is known
to be wrong in one class and one style.  Arguments: edt-emoji-nearest and fake_edt.py."""
import contextlib
import io
import json
import os
import stat
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

import evaluate
from folder import write_classes, write_drawings
from pictures import draw, relative_l2

NEAREST, FAKE = sys.argv.pop(1), sys.argv.pop(1)
SHAPES = {"disc": '<circle cx="128" cy="128" r="118" {}/>',
          "cross": '<path d="M96 10h64v86h86v64h-86v86H96v-86H10V96h86z" {}/>',
          "bar": '<path d="M10 100h236v56H10z" {}/>',
          "wedge": '<path d="M10 246L246 246L246 10z" {}/>'}
STYLES = {"3d": 'fill="#a03020"', "flat": 'fill="#f06040"', "bold": 'fill="#ffd0a0"'}
HELD_CELL = ("wedge", "flat")


def make_dataset(folder):
    rows, records = [], []
    for index, (name, shape) in enumerate(SHAPES.items()):
        records.append({"index": index, "concept": name, "folder": f"{index:03d}-{name}",
                        "styles": [s for s in STYLES if (name, s) != HELD_CELL]})
        for style, look in STYLES.items():
            held = "cell" if (name, style) == HELD_CELL else ""
            path = folder / ("held-out" if held else "") / records[-1]["folder"] / style / "a.png"
            path.parent.mkdir(parents=True)
            svg = f'<svg xmlns="http://www.w3.org/2000/svg" width="256" height="256">{shape}</svg>'
            draw(svg.format(look).encode()).savev(str(path), "png", [], [])
            rows.append((index, style, path.relative_to(folder), held))
    write_classes(folder / "classes.json", 256, list(STYLES), records)
    write_drawings(folder / "drawings.tsv", [row[:3] for row in rows if not row[3]])
    write_drawings(folder / "held-out.tsv", [row for row in rows if row[3]])
    (folder / "styles.json").write_text(
        json.dumps({"styles": [{"name": name, "labels": {}} for name in STYLES]}), encoding="utf-8")


class Evaluation(unittest.TestCase):
    def evaluate(self, folder, *options):
        dataset, out = folder / "dataset", folder / "out"
        dataset.mkdir(parents=True)
        make_dataset(dataset)
        (folder / "model").write_text(str(dataset), encoding="utf-8")
        edt = folder / "edt"
        edt.write_text(f'#!/bin/sh\nexec "{sys.executable}" -B "{FAKE}" "$@"\n', encoding="utf-8")
        edt.chmod(edt.stat().st_mode | stat.S_IXUSR)
        arguments = ["evaluate.py", str(folder / "model"), str(dataset), "--out", str(out),
                     "--edt", str(edt), "--nearest", os.path.abspath(NEAREST), *options]
        with mock.patch.object(sys, "argv", arguments), \
                contextlib.redirect_stdout(io.StringIO()) as said:
            evaluate.main()
        return json.loads((out / "results.json").read_text(encoding="utf-8")), said.getvalue(), out

    def test_shares_are_those_of_the_model(self):
        with tempfile.TemporaryDirectory() as folder:
            results, said, out = self.evaluate(Path(folder), "--seeds", "6", "--cfg-scale", "2")
            # 24 pictures, 6 of the class that comes out wrong; bold is 2 of 6, 3 of the wedge's 6
            self.assertAlmostEqual(results["asked"], 100 * 18 / 24)
            self.assertAlmostEqual(results["style"], 100 * 15 / 24)
            self.assertAlmostEqual(results["by_style"]["3d"]["style"], 100)
            self.assertAlmostEqual(results["by_style"]["bold"]["style"], 0)
            self.assertEqual(results["held_out"]["pictures"], 4)
            self.assertAlmostEqual(results["held_out"]["both"], 100)
            self.assertAlmostEqual(results["held_out"]["copies"], 0)  # held out: no copy of it
            self.assertGreater(results["copies"], 80)
            self.assertIn("0 % cross (else disc)", said)
            self.assertGreater(results["cpu_s"], 0)
            self.assertIn(f"one picture: {results['cpu_s']:.2f} s of CPU", said)
            for sheet in ("samples-0000", "styles", "classes", "copies", "held-out"):
                self.assertTrue((out / f"{sheet}.png").exists(), sheet)

    def test_distance_from_another_evaluation(self):
        with tempfile.TemporaryDirectory() as first, tempfile.TemporaryDirectory() as second:
            _, _, out = self.evaluate(Path(first), "--seeds", "1", "--cfg-scale", "2")
            wanted = "--seeds", "1", "--cfg-scale", "2", "--steps", "8", "--against", str(out)
            results, said, again = self.evaluate(Path(second), *wanted)
            self.assertEqual(results["distance"], 0)  # the same drawings
            self.assertIn("pictures: 0.000 from those of", said)
            next(out.glob("pictures/*/000-3d-0000.png")).unlink()
            with self.assertRaisesRegex(SystemExit, "none of the folders"):
                self.evaluate(Path(first) / "more", *wanted)

    def test_distance_of_pictures(self):
        """Colour times alpha, and alpha; the colour of what is transparent does not count."""
        svg = ('<svg xmlns="http://www.w3.org/2000/svg" width="20" height="20">'
               '<rect width="20" height="10" fill="{}"/></svg>')
        with tempfile.TemporaryDirectory() as folder:
            red, dark = Path(folder) / "red.png", Path(folder) / "dark.png"
            for path, colour in ((red, "#ff0000"), (dark, "#660000")):
                draw(svg.format(colour).encode()).savev(str(path), "png", [], [])
            self.assertEqual(relative_l2([(red, red)]), 0)
            self.assertAlmostEqual(relative_l2([(dark, red)]), 0.6 / 2 ** 0.5, 5)
            self.assertAlmostEqual(relative_l2([(dark, red), (red, red)], 5), 0.6 / 2, 5)

    def jobs_of(self, folder, *options):
        results, said, out = self.evaluate(Path(folder), "--seeds", "1", "--cfg-scale", "2",
                                           *options)
        told = (Path(folder) / "model.told").read_text(encoding="utf-8")
        jobs = (out / "jobs.jsonl").read_text(encoding="utf-8").splitlines()
        return results, said, told, [json.loads(line) for line in jobs]

    def test_a_preset_says_what_is_not_said(self):
        with tempfile.TemporaryDirectory() as folder:
            results, said, told, jobs = self.jobs_of(folder, "--speed", "fast", "--steps", "8")
            self.assertEqual(told, "--speed fast")
            self.assertEqual(results["speed"], "fast")
            self.assertIn("--speed fast, 8 steps, guidance 2, AMM off: ", said)
            for job in jobs:
                self.assertEqual(job["steps"], 8)
                self.assertNotIn("sampler", job)
                self.assertIn("/fast-8-2.0-off-0.0/", job["output"])

    def test_shortcuts_by_themselves(self):
        with tempfile.TemporaryDirectory() as folder:
            results, _, told, jobs = self.jobs_of(folder, "--reuse", "2", "--cfg-interval", "0.3,1")
            self.assertEqual(told, "")
            self.assertEqual(results["cfg_interval"], "0.3,1")
            for job in jobs:
                self.assertEqual((job["sampler"], job["steps"], job["reuse"], job["cfg_interval"]),
                                 ("dpm++2m", 25, 2, "0.3,1"))
                self.assertIn("/dpm++2m-25-2.0-off-0.0-2-0.3,1/", job["output"])

    def test_every_style_and_the_search_for_guidance(self):
        with tempfile.TemporaryDirectory() as folder:
            results, said, _ = self.evaluate(Path(folder), "--seeds", "1", "--every-style")
            self.assertEqual(results["pictures"], 11)  # all cells but the one held out
            self.assertEqual(results["cfg_scale"], 1)  # the weakest of equals
            self.assertIn("guidance 4:", said)


if __name__ == "__main__":
    unittest.main()

# SPDX-License-Identifier: GPL-3.0-or-later
"""The model in data/models/stickers: its classes are those of the model before it (tests/models) in
their order, so that saved numbers keep their meaning, and it makes a picture of 256x256 with alpha in
the style that was asked for.  Usage: test_model.py EDT STICKERS STAMPS"""
import json
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).parent.parent))
from report import Report  # noqa: E402

STYLES = ["3d", "flat", "glossy", "soft-flat", "bold", "classic", "paper", "outline"]
edt, stickers, stamps = sys.argv[1:]
report = Report()


def ask(*words):
    run = subprocess.run([edt, *map(str, words)], capture_output=True, text=True)
    report.check(f"edt {words[0]}", run.returncode == 0, run.stderr)
    return run.stdout


def names(model, *more):
    return [line.split(maxsplit=1)[1] for line in ask("classes", "-m", model, *more).splitlines()]


ours, theirs = names(stickers), names(stamps)
report.check("its classes are the first of stamps", ours == theirs[:len(ours)] and len(ours) >= 200,
             (len(ours), ours[:5], theirs[:5]))
report.check("its styles", names(stickers, "--styles") == STYLES)
with tempfile.TemporaryDirectory() as folder:
    path = Path(folder) / "dragon.png"
    lines = ask("sample", "-m", stickers, "--class", "dragon face", "--style", "3d", "--steps", 2,
                "--seed", 1, "--json", "-o", path).splitlines()
    record = next(event["record"] for event in map(json.loads, lines) if event["event"] == "image")
    report.check("the asked class in the asked style",
                 (record["class_name"], record["style_name"]) == ("dragon face", "3d"), record)
    shape = struct.unpack(">IIBB", path.read_bytes()[16:26])
    report.check("256x256 with alpha", shape == (256, 256, 8, 6), shape)
run = subprocess.run([edt, "sample", "-m", stickers, "--jobs", "-", "--json"], capture_output=True, text=True,
                     input='{"class": 10, "style": 1, "style_name": "3d", "seed": 1}\n')
report.check("a number and another name of a style are refused", run.returncode == 1 and
             "its number is “flat”" in run.stdout + run.stderr, run.stdout + run.stderr)
report.done()

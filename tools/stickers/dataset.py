# SPDX-License-Identifier: GPL-3.0-or-later
"""The dataset of stickers: drawings of 256x256 with alpha, by class and style.

    OUT/classes.json                        the classes in their order: folder, names, and
                                            whether mirrored or of another hue they are the same
    OUT/styles.json                         {"styles": [{"name": "3d", "labels": {"de": …}}, …]}
    OUT/CLASS FOLDER/STYLE/NAME.png         a drawing: its style is the name of the folder it is in,
                                            its number the place of that name in styles.json
    OUT/held-out/CLASS FOLDER/STYLE/NAME.png  the same, never trained on
    OUT/drawings.tsv                        class, style, path of those to train on
    OUT/held-out.tsv                        the same of the others, and what was held out (cell: all
                                            that shows this class in this style; drawing: this one)
    OUT/CREDITS, OUT/sheet-*.png            licences; every cell's first drawing on a contact sheet

tools/dataset-stickers fetches what is read here and calls this.  persons.py knows what is a class,
sources.py who draws it; drawings left out after a look at them are in rejected.tsv, here and in
tools/emoji.
"""
import argparse
import hashlib
import json
import shutil
from collections import Counter, namedtuple
from pathlib import Path

import credits_note
from concepts import read_character_names, read_concepts, read_names
from folder import (HERE as TABLES, class_folder, class_record, clear, make_sheets, read_changes,
                    read_rows, reject, say, write_classes, write_drawings, write_sets)
from persons import choose_forms, enough, find_stickers, keeps_poses, spread
from pictures import BadIcon
from sources import SIZE, STYLES, Sources, packages

HERE = Path(__file__).parent
HELD_OUT = 20  # one cell of so many, and one drawing of so many in the others
SHEET_SIDE = 64

Made = namedtuple("Made", "index style held path")  # held: "", "cell" or "drawing"


def order_stickers(concepts):
    """The things of classes.tsv first, in its order, so that classes keep the numbers
    that models have given them; then the other things, then the persons, in the order of Unicode."""
    things, persons = find_stickers(concepts)
    named = {sticker.concept.name: sticker for sticker in things}
    listed = [named.pop(row[0]) for row in read_rows(TABLES / "classes.tsv")]
    return listed + list(named.values()) + persons


def number_of(text):
    """A number that is always the same, as by chance."""
    return int(hashlib.sha256(text.encode()).hexdigest()[:8], 16)


def what_is_held_out(concept, style, name, alone):
    """alone: the cell has no other drawing, so it is held out as a cell or not at all."""
    cell = f"{concept.name}/{style}"
    if number_of(cell) % HELD_OUT == 0:
        return "cell"
    return "drawing" if not alone and number_of(f"{cell}/{name}") % HELD_OUT == 0 else ""


def drawings_of(sticker, style, drawn, sources, cache):
    """What is kept of one class in one style."""
    forms = [form for form in sticker.forms if sources.draw(style, form, drawn[form.codepoints])]
    turn = number_of(f"{sticker.concept.name}/{style}")
    found = [drawing for form in choose_forms(forms, turn)
             for drawing in sources.draw(style, form, drawn[form.codepoints])]
    if style == "3d" and keeps_poses(sticker.concept):
        poses = sources.poses(sticker.concept, drawn[sticker.concept.codepoints], cache)
        found += spread(poses, enough(len(poses)))
    return found


def draw_all(concept, drawings, cache):
    """[(name, PNG)]; the same picture by two names comes once."""
    pictures = {}
    for drawing in drawings:
        try:
            pictures.setdefault(drawing.make(cache), drawing.name)
        except BadIcon as error:
            say(f"Skipped: {concept.name}, {drawing.name}: {error}.")
    return [(name, picture) for picture, name in pictures.items()]


def make_class(index, sticker, drawn, sources, cache, output):
    made = []
    for style in STYLES:
        drawings = drawings_of(sticker, style, drawn, sources, cache)
        pictures = draw_all(sticker.concept, drawings, cache)
        for name, picture in pictures:
            held = what_is_held_out(sticker.concept, style, name, len(pictures) == 1)
            folder = class_folder(index, sticker.concept)
            path = (output / "held-out" if held else output) / folder / style / f"{name}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(picture, path)
            made.append(Made(index, style, held, path))
    return made


def make_classes(stickers, drawn, sources, changes, cache, output):
    """The records of classes.json, and what was made of each class."""
    records, made = [], []
    for index, sticker in enumerate(stickers):
        made.append(make_class(index, sticker, drawn, sources, cache, output))
        shown = [style for style in STYLES
                 if any(each.style == style and not each.held for each in made[-1])]
        records.append(class_record(index, sticker.concept, shown, changes))
        (output / records[-1]["folder"]).mkdir(exist_ok=True)
        if (index + 1) % 100 == 0:
            say(f"{index + 1} classes")
    return records, made


def write_tables(output, made):
    rows = [(each.index, each.style, each.path.relative_to(output), each.held) for each in made]
    write_drawings(output / "drawings.tsv", [row[:3] for row in rows if not row[3]])
    write_drawings(output / "held-out.tsv", [row for row in rows if row[3]])


def first_of(class_made, style):
    return next((each.path for each in class_made if each.style == style), None)


def parse_options():
    parser = argparse.ArgumentParser(prog="tools/dataset-stickers")
    parser.add_argument("output", type=Path, help="folder to make")
    parser.add_argument("--classes", default="all", help="how many, or all (default)")
    parser.add_argument("--stills", action="store_true",
                        help="no poses of animations, 730 MB less to fetch")
    parser.add_argument("--no-sheets", action="store_true", help="make no contact sheets")
    parser.add_argument("--sets", type=Path, help=argparse.SUPPRESS)  # write what to fetch there
    parser.add_argument("--packages", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--unicode", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--cache", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.classes != "all" and not (options.classes.isdigit() and int(options.classes)):
        parser.error(f"--classes {options.classes} cannot be: give a number from 1 on, or all.")
    return options


def choose_stickers(concepts, wanted):
    stickers = order_stickers(concepts)
    wanted = len(stickers) if wanted == "all" else int(wanted)
    if wanted > len(stickers):
        raise SystemExit(f"There are {len(stickers)} classes: --classes {wanted} is too many.")
    return stickers[:wanted]


def main():
    options = parse_options()
    if options.sets:
        write_sets(options.sets, packages(not options.stills))
        return
    output = options.output
    concepts = read_concepts(options.unicode)
    read_names(options.unicode, concepts)
    sources = Sources(options.packages, not options.stills)
    drawn = sources.find_drawings(concepts, read_character_names(options.unicode))
    reject(concepts, drawn)
    reject(concepts, drawn, HERE / "rejected.tsv")
    stickers = choose_stickers(concepts, options.classes)
    clear(output, [class_folder(i, sticker.concept) for i, sticker in enumerate(stickers)])
    shutil.rmtree(output / "held-out", ignore_errors=True)
    records, made = make_classes(stickers, drawn, sources, read_changes(concepts), options.cache,
                                 output)
    write_classes(output / "classes.json", SIZE, list(STYLES), records)
    shutil.copyfile(HERE / "styles.json", output / "styles.json")
    every = [each for class_made in made for each in class_made]
    write_tables(output, every)
    (output / "CREDITS").write_text(credits_note.text(every, records), encoding="utf-8")
    if not options.no_sheets:
        make_sheets(records, [[first_of(each, style) for style in STYLES] for each in made], output,
                    SHEET_SIDE)
    counts = Counter(each.style for each in every)
    held = Counter(each.held for each in every)
    say(f"{len(records)} classes, {len(every)} drawings: " +
        ", ".join(f"{style} {counts[style]}" for style in counts) +
        f"; held out: {held['cell']} in cells, {held['drawing']} single ones")
    print(output)


if __name__ == "__main__":
    main()

# SPDX-License-Identifier: GPL-3.0-or-later
"""The dataset of the default model: one folder for each class, one picture for each style.

tools/dataset-stamps fetches what is read here and calls this.  In tools/emoji concepts.py knows
what there is to draw, icons.py who draws it, pictures.py makes the PNGs; the choice and order of
classes is in classes.tsv, icons left out after a look at them are in rejected.tsv.
"""
import argparse
import shutil
from collections import Counter
from pathlib import Path

import credits_note
from concepts import read_character_names, read_concepts, read_names, reason_left_out
from folder import (HERE as TABLES, class_folder, class_record, clear, make_sheets, read_changes,
                    read_rows, reject, say, write_classes, write_drawings, write_sets)
from icons import SETS, find_drawings, load_sets
from pictures import BadIcon, picture_of

SIZE = 64
LEAST_STYLES = 5  # that draw a concept
LEAST_PICTURES = 4  # that remain of them after a look


def count_drawings(concepts, drawings):
    """What was left out, and how many styles draw the rest."""
    reasons = Counter(reason_left_out(concept) for concept in concepts.values())
    styles = Counter(len(drawings[points]) for points, concept in concepts.items()
                     if not reason_left_out(concept))
    say(f"{len(concepts)} emoji; left out:")
    for reason, number in sorted(reasons.items(), key=lambda item: str(item[0])):
        if reason:
            say(f"  {number:5d}  {reason}")
    say(f"{reasons[None]} concepts; drawn in so many styles:")
    for number in sorted(styles, reverse=True):
        say(f"  {number} styles: {styles[number]} concepts")


def order_classes(concepts, drawings):
    """Listed ones first, in the order of the list; then the others in the order of Unicode.  So a
    longer list begins with every shorter one, and an index keeps its meaning."""
    drawn = {points for points in concepts if len(drawings[points]) >= LEAST_STYLES}
    reject(concepts, drawings)
    usable = {concept.name: concept for points, concept in concepts.items()
              if points in drawn and len(drawings[points]) >= LEAST_PICTURES
              and not reason_left_out(concept)}
    listed = [row[0] for row in read_rows(TABLES / "classes.tsv")]
    for name in listed:
        if name not in usable:
            say(f"classes.tsv: \"{name}\" is no class: too few draw it.")
    ordered = [usable.pop(name) for name in listed if name in usable]
    return ordered + list(usable.values())


def choose_sets(sets, styles):
    """Those of the named styles; the classes and their order stay those of all sets."""
    unknown = set(styles) - {icon_set.style for icon_set in sets}
    if unknown:
        raise SystemExit(f"--styles: there is no {', '.join(sorted(unknown))}; there are " +
                         ", ".join(icon_set.style for icon_set in sets) + ".")
    return [icon_set for icon_set in sets if icon_set.style in styles]


def make_class(concept, styles, sets, cache, folder):
    """Copies the pictures of one class; gives {style: path}."""
    made = {}
    folder.mkdir()
    for icon_set in sets:
        name = styles.get(icon_set.style, [None])[0]
        icon = name and icon_set.icon(name)
        if not icon:
            continue
        try:
            made[icon_set.style] = folder / f"{icon_set.style}.png"
            shutil.copyfile(picture_of(icon, SIZE, cache), made[icon_set.style])
        except BadIcon as error:
            del made[icon_set.style]
            say(f"Skipped: {concept.name}, {icon_set.style} ({name}): {error}.")
    return made


def make_classes(chosen, drawings, sets, changes, cache, output):
    records, pictures = [], []
    for index, concept in enumerate(chosen):
        folder = output / class_folder(index, concept)
        made = make_class(concept, drawings[concept.codepoints], sets, cache, folder)
        records.append(class_record(index, concept, list(made), changes))
        pictures.append([made.get(icon_set.style) for icon_set in sets])
        if (index + 1) % 100 == 0:
            say(f"{index + 1} classes")
    return records, pictures


def parse_options():
    parser = argparse.ArgumentParser(prog="tools/dataset-stamps")
    parser.add_argument("output", type=Path, help="folder to make")
    parser.add_argument("--classes", default="200", help="how many, or all (default: 200)")
    parser.add_argument("--styles", help="only these, as fluent-flat,twemoji (default: all)")
    parser.add_argument("--notes", type=Path, help="also write CREDITS and classes.json there")
    parser.add_argument("--no-sheets", action="store_true", help="make no contact sheets")
    parser.add_argument("--sets", type=Path, help=argparse.SUPPRESS)  # write what to fetch there
    parser.add_argument("--packages", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--unicode", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--cache", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.classes != "all" and not (options.classes.isdigit() and int(options.classes)):
        parser.error(f"--classes {options.classes} cannot be: give a number from 1 on, or all.")
    return options


def choose_classes(concepts, drawings, wanted, styles):
    chosen = order_classes(concepts, drawings)
    wanted = len(chosen) if wanted == "all" else int(wanted)
    if wanted > len(chosen):
        raise SystemExit(f"There are {len(chosen)} classes: --classes {wanted} is too many.")
    for concept in chosen[:wanted]:
        if not styles & drawings[concept.codepoints].keys():
            raise SystemExit(f"--styles: none of them draws \"{concept.name}\": add one that does.")
    return chosen[:wanted]


def main():
    options = parse_options()
    if options.sets:
        write_sets(options.sets, [row[1:] for row in SETS])
        return
    concepts = read_concepts(options.unicode)
    read_names(options.unicode, concepts)
    sets = load_sets(options.packages)
    drawn = choose_sets(sets, options.styles.split(",")) if options.styles else sets
    drawings = find_drawings(sets, concepts, read_character_names(options.unicode))
    count_drawings(concepts, drawings)
    chosen = choose_classes(concepts, drawings, options.classes,
                            {icon_set.style for icon_set in drawn})
    clear(options.output, [class_folder(*each) for each in enumerate(chosen)])
    records, pictures = make_classes(chosen, drawings, drawn, read_changes(concepts),
                                     options.cache, options.output)
    write_classes(options.output / "classes.json", SIZE,
                  [icon_set.style for icon_set in drawn], records)
    write_drawings(options.output / "drawings.tsv",
                   [(record["index"], style, f"{record['folder']}/{style}.png")
                    for record in records for style in record["styles"]])
    (options.output / "CREDITS").write_text(credits_note.text(drawn, records), encoding="utf-8")
    if options.notes:
        options.notes.mkdir(parents=True, exist_ok=True)
        for name in ("CREDITS", "classes.json"):
            shutil.copyfile(options.output / name, options.notes / name)
    if not options.no_sheets:
        make_sheets(records, pictures, options.output)
    counts = Counter(style for record in records for style in record["styles"])
    say(f"{len(records)} classes, {sum(counts.values())} pictures: " +
        ", ".join(f"{style} {counts[style]}" for style in counts))
    print(options.output)


if __name__ == "__main__":
    main()

# SPDX-License-Identifier: GPL-3.0-or-later
"""The dataset of the default model: one folder for each class, one picture for each style.

tools/dataset-stamps fetches what is read here and calls this.  concepts.py knows what there is to
draw, icons.py who draws it, pictures.py makes the PNGs; the choice and order of classes is in
classes.tsv, icons that are left out after a look at them are in rejected.tsv.
"""
import argparse
import json
import shutil
import sys
from collections import Counter
from pathlib import Path

import credits_note
from concepts import read_character_names, read_concepts, read_names, reason_left_out, slug
from icons import known_names, load_sets, match_set, read_table
from pictures import SIZE, BadIcon, make_sheet, picture_of

HERE = Path(__file__).parent
LEAST_STYLES = 5  # that draw a concept
LEAST_PICTURES = 4  # that remain of them after a look
SHEET_CLASSES = 60  # on one contact sheet
SHEET_GROUPS = 3  # beside each other


def say(*lines):
    print(*lines, sep="\n", file=sys.stderr, flush=True)


def read_rows(path):
    lines = path.read_text(encoding="utf-8").splitlines()
    return [line.split("\t") for line in lines if line and not line.startswith("#")]


def find_drawings(sets, concepts, character_names):
    """{codepoints: {style: icon name}}"""
    known = known_names(sets, concepts, character_names)
    by_hand = {"fxemoji": read_table(HERE / "fxemoji.tsv")}
    drawings = {points: {} for points in concepts}
    for icon_set in sets:
        matched = match_set(icon_set, known, by_hand.get(icon_set.style, {}))
        for points in concepts.keys() & matched.keys():
            drawings[points][icon_set.style] = matched[points]
    return drawings


def reject(concepts, drawings):
    """Takes out what rejected.tsv names."""
    points_of = {concept.name: points for points, concept in concepts.items()}
    for row in read_rows(HERE / "rejected.tsv"):
        if not drawings.get(points_of.get(row[0]), {}).pop(row[1], None):
            say(f"rejected.tsv: no {row[1]} draws \"{row[0]}\".")


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
    listed = [row[0] for row in read_rows(HERE / "classes.tsv")]
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
        name = styles.get(icon_set.style)
        icon = name and icon_set.icon(name)
        if not icon:
            continue
        try:
            made[icon_set.style] = folder / f"{icon_set.style}.png"
            shutil.copyfile(picture_of(icon, cache), made[icon_set.style])
        except BadIcon as error:
            del made[icon_set.style]
            say(f"Skipped: {concept.name}, {icon_set.style} ({name}): {error}.")
    return made


def class_record(index, concept, made, fixed):
    return {"index": index, "concept": concept.name, "folder": f"{index:03d}-{slug(concept.name)}",
            "codepoints": concept.codepoints, "group": concept.group, "subgroup": concept.subgroup,
            "mirror": concept.name not in fixed, "styles": list(made), "names": concept.names}


def read_fixed(concepts):
    """Names of the classes that must not be mirrored."""
    fixed = {row[0] for row in read_rows(HERE / "fixed.tsv")}
    for name in sorted(fixed - {concept.name for concept in concepts.values()}):
        say(f"fixed.tsv: there is no concept \"{name}\".")
    return fixed


def make_classes(chosen, drawings, sets, fixed, cache, output):
    records, pictures = [], []
    for index, concept in enumerate(chosen):
        folder = output / f"{index:03d}-{slug(concept.name)}"
        made = make_class(concept, drawings[concept.codepoints], sets, cache, folder)
        records.append(class_record(index, concept, made, fixed))
        pictures.append([made.get(icon_set.style) for icon_set in sets])
        if (index + 1) % 100 == 0:
            say(f"{index + 1} classes")
    return records, pictures


def make_sheets(records, pictures, output):
    for start in range(0, len(records), SHEET_CLASSES):
        rows = slice(start, start + SHEET_CLASSES)
        labels = [f"{record['index']} {record['concept']}" for record in records[rows]]
        make_sheet(pictures[rows], labels, output / f"sheet-{start:03d}.png", SHEET_GROUPS)


def clear(output):
    """Only what an earlier run made is ever deleted."""
    if output.exists() and any(output.iterdir()) and not (output / "classes.json").exists():
        raise SystemExit(f"{output} holds other things: give a folder that is empty or not there.")
    if (output / "classes.json").exists():
        for record in json.loads((output / "classes.json").read_text(encoding="utf-8"))["classes"]:
            shutil.rmtree(output / record["folder"], ignore_errors=True)
        for sheet in output.glob("sheet-*.png"):
            sheet.unlink()
    output.mkdir(parents=True, exist_ok=True)


def write_json(path, records, sets):
    head = {"size": SIZE, "channels": "RGBA, straight alpha",
            "styles": [icon_set.style for icon_set in sets], "classes": records}
    path.write_text(json.dumps(head, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def parse_options():
    parser = argparse.ArgumentParser(prog="tools/dataset-stamps")
    parser.add_argument("output", type=Path, help="folder to make")
    parser.add_argument("--classes", default="200", help="how many, or all (default: 200)")
    parser.add_argument("--styles", help="only these, as fluent-flat,twemoji (default: all)")
    parser.add_argument("--notes", type=Path, help="also write CREDITS and classes.json there")
    parser.add_argument("--no-sheets", action="store_true", help="make no contact sheets")
    parser.add_argument("--packages", type=Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--unicode", type=Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--cache", type=Path, required=True, help=argparse.SUPPRESS)
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
    concepts = read_concepts(options.unicode)
    read_names(options.unicode, concepts)
    sets = load_sets(options.packages)
    drawn = choose_sets(sets, options.styles.split(",")) if options.styles else sets
    drawings = find_drawings(sets, concepts, read_character_names(options.unicode))
    count_drawings(concepts, drawings)
    chosen = choose_classes(concepts, drawings, options.classes,
                            {icon_set.style for icon_set in drawn})
    clear(options.output)
    records, pictures = make_classes(chosen, drawings, drawn, read_fixed(concepts),
                                     options.cache, options.output)
    write_json(options.output / "classes.json", records, drawn)
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

# SPDX-License-Identifier: GPL-3.0-or-later
"""The folder that a dataset is made in: classes.json, class folders, contact sheets."""
import json
import re
import shutil
import sys
from pathlib import Path

from concepts import slug
from pictures import make_sheet

HERE = Path(__file__).parent
BEGUN = ".edt-dataset"  # names of class folders
FOLDER = re.compile(r"\d{3,}-[^/]+")  # as class_folder() names them
OURS = "RGBA, straight alpha"  # said in classes.json; those of others do not say it
SHEET_CLASSES = 60  # on one contact sheet
SHEET_GROUPS = 3  # beside each other


def say(*lines):
    print(*lines, sep="\n", file=sys.stderr, flush=True)


def read_rows(path):
    lines = path.read_text(encoding="utf-8").splitlines()
    return [line.split("\t") for line in lines if line and not line.startswith("#")]


def read_listed(table, concepts):
    """Names of classes in a table beside this."""
    listed = {row[0] for row in read_rows(HERE / table)}
    for name in sorted(listed - {concept.name for concept in concepts.values()}):
        say(f"{table}: there is no concept \"{name}\".")
    return listed


def read_changes(concepts):
    """Names of the classes that must not be mirrored, and of those whose hue may be turned."""
    return read_listed("fixed.tsv", concepts), read_listed("recolour.tsv", concepts)


def reject(concepts, drawings, path=HERE / "rejected.tsv"):
    """Takes out of {codepoints: {set: …}} what a table of concept, set, reason names."""
    points_of = {concept.name: points for points, concept in concepts.items()}
    there = {each for drawn in drawings.values() for each in drawn}
    for row in read_rows(path):
        if row[1] in there and not drawings.get(points_of.get(row[0]), {}).pop(row[1], None):
            say(f"{path.name}: no {row[1]} draws \"{row[0]}\".")


def class_folder(index, concept):
    return f"{index:03d}-{slug(concept.name)}"


def class_record(index, concept, styles, changes):
    """changes: as read_changes() has them."""
    fixed, recoloured = changes
    return {"index": index, "concept": concept.name, "folder": class_folder(index, concept),
            "codepoints": concept.codepoints, "group": concept.group, "subgroup": concept.subgroup,
            "mirror": concept.name not in fixed, "recolour": concept.name in recoloured,
            "styles": styles, "names": concept.names}


def write_classes(path, size, styles, records):
    head = {"size": size, "channels": OURS, "styles": styles, "classes": records}
    path.write_text(json.dumps(head, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def write_drawings(path, rows):
    """rows: class, style, path in the folder, more; edt-emoji-nearest reads them."""
    rows = ["\t".join(map(str, row)) for row in [("#class", "style", "path"), *rows]]
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")


def write_sets(path, packages):
    """packages: (name, version), as fetch_packages() of fetch.sh reads them."""
    path.write_text("".join(f"{name} {version}\n" for name, version in packages), encoding="utf-8")


def made_before(listed):
    """The class folders of a dataset that was made here; None: it is another list, as `edt train`
    reads them, too."""
    try:
        head = json.loads(listed.read_text(encoding="utf-8"))
        folders = [record["folder"] for record in head["classes"]]
        ours = head["channels"] == OURS and all(map(FOLDER.fullmatch, folders))
    except (AttributeError, KeyError, TypeError, ValueError):
        return None
    return set(folders) if ours else None


def clear(output, folders):
    """Only what an earlier run made, also one that was stopped, is ever deleted: what it is to make
    stands in BEGUN before it begins."""
    begun, listed = output / BEGUN, output / "classes.json"
    there = set(begun.read_text(encoding="utf-8").split()) if begun.exists() else set()
    if listed.exists():
        made = made_before(listed)
        if made is None:
            raise SystemExit(f"{listed} is of no dataset that was made here: give another folder.")
        there |= made
    elif output.exists() and any(output.iterdir()) and not begun.exists():
        raise SystemExit(f"{output} holds other things: give a folder that is empty or not there.")
    output.mkdir(parents=True, exist_ok=True)
    begun.write_text("\n".join(sorted(there | set(folders))) + "\n", encoding="utf-8")
    for name in ("classes.json", "drawings.tsv", "CREDITS"):  # of what is there no more in a moment
        (output / name).unlink(missing_ok=True)
    for folder in there:
        shutil.rmtree(output / folder, ignore_errors=True)
    for sheet in output.glob("sheet-*.png"):
        sheet.unlink()


def make_sheets(records, pictures, output, size=64):
    """pictures: a row of paths, or None, for each record."""
    for start in range(0, len(records), SHEET_CLASSES):
        rows = slice(start, start + SHEET_CLASSES)
        labels = [f"{record['index']} {record['concept']}" for record in records[rows]]
        make_sheet(pictures[rows], labels, output / f"sheet-{start:03d}.png", SHEET_GROUPS, size)

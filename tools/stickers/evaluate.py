# SPDX-License-Identifier: GPL-3.0-or-later
"""How good is a model of stickers?  tools/emoji/evaluation.py makes and judges the pictures; here
is what is asked for: classes in their styles, and cells (a class in a style) never trained on.

The asked class is that of the nearest drawing of all, held-out ones included, blind to hand and
colours (distance.h).  The asked style is that of the drawing of this class that comes nearest place
by place.  A near copy is nearer to a drawing it was trained on than COPY.
"""
import json

from evaluation import (SWEEP_FIRST, SWEEP_SEEDS, Evaluation, asked_share, option_parser, read_options,
                        share, spread)
from folder import read_rows
from pictures import make_sheet

# Two hands drawing one thing come nearer than this in 1 % of cases (edt-emoji-nearest --validate).
COPY = 0.14
SIDE = 96  # of a picture on a sheet
ROWS = 25  # classes on one sheet
SHOWN_IN_ALL_STYLES = 8  # classes
SHOWN_ONCE = 64  # classes, in the default style


class Stickers(Evaluation):
    def __init__(self, options, copy):
        super().__init__(options, copy)
        known = json.loads((options.dataset / "styles.json").read_text("utf-8"))["styles"]
        self.styles = [style["name"] for style in known]
        self.trained = {record["index"]: record["styles"] for record in self.records}
        self.held_cells = {}  # {(class, style): one of its drawings}
        for index, style, path, what in read_rows(options.dataset / "held-out.tsv"):
            if what == "cell":
                self.held_cells.setdefault((int(index), style), options.dataset / path)

    def jobs_in_styles(self, classes, seeds, first=0, **settings):
        """Each class in the styles it was trained in: in turn, or each seed in all of them."""
        jobs = []
        for place, index in enumerate(classes):
            styles = self.trained[index]
            for k in range(seeds):
                turn = [styles[(place + k) % len(styles)]] if styles else []
                jobs += [self.job(index, first + k, style=style, **settings)
                         for style in (styles if self.options.every_style else turn)]
        return jobs


def style_share(judged):
    return share(row.style == row.job["style"] for row in judged)


def both_share(judged):
    return share(row.index == row.job["class"] and row.style == row.job["style"] for row in judged)


def shares(evaluation, judged):
    return {"pictures": len(judged), "asked": asked_share(judged), "style": style_share(judged),
            "both": both_share(judged), "copies": evaluation.copy_share(judged)}


def told(shares_of):
    return ("asked class {asked:.1f} %, asked style {style:.1f} %, both {both:.1f} %, "
            "near copies {copies:.1f} % ({pictures} pictures)".format(**shares_of))


# ---- measurements ----

def measure_main(evaluation):
    judged = evaluation.measure_jobs(
        evaluation.jobs_in_styles(evaluation.chosen, evaluation.options.seeds))
    by_class = evaluation.print_classes(judged)
    for start in range(0, len(by_class), ROWS):
        part = list(by_class.items())[start:start + ROWS]
        make_sheet([[row.job["output"] for row in rows] for _, rows in part],
                   [f"{index} {evaluation.concepts[index]}: " +
                    ", ".join(row.job["style"] for row in rows[:len(evaluation.styles)])
                    for index, rows in part],
                   evaluation.options.out / f"samples-{start:04d}.png", size=SIDE)
    return judged


def measure_styles(evaluation, judged):
    """{style: shares}"""
    found = {}
    for style in evaluation.styles:
        rows = [row for row in judged if row.job["style"] == style]
        if rows:
            found[style] = shares(evaluation, rows)
            print(f"{style}: {told(found[style])}")
    return found


def measure_held_out(evaluation):
    """Cells never trained on, each beside its drawing."""
    options = evaluation.options
    cells = spread(list(evaluation.held_cells), options.held_cells)
    jobs = [evaluation.job(index, k, style=style) for index, style in cells
            for k in range(options.held_seeds)]
    if not jobs:
        return None
    judged = evaluation.measure_jobs(jobs)
    make_sheet([[evaluation.held_cells[cell], None] +
                [row.job["output"] for row in judged[i * options.held_seeds:][:options.held_seeds]]
                for i, cell in enumerate(cells)],
               [f"{evaluation.concepts[index]}, {style}" for index, style in cells],
               options.out / "held-out.png", 3, SIDE)
    return shares(evaluation, judged)


# ---- sheets ----

def show_styles(evaluation):
    classes = spread(evaluation.chosen, SHOWN_IN_ALL_STYLES)
    jobs = [evaluation.job(index, 0, style=style)
            for index in classes for style in evaluation.styles]
    evaluation.make(jobs)
    across = len(evaluation.styles)
    make_sheet([[job["output"] for job in jobs[i * across:(i + 1) * across]]
                for i in range(len(classes))],
               [f"{evaluation.concepts[index]}: {', '.join(evaluation.styles)}"
                for index in classes], evaluation.options.out / "styles.png", size=SIDE)


def show_classes(evaluation):
    jobs = [evaluation.job(record["index"], 0, style=evaluation.styles[0])
            for record in spread(evaluation.records, SHOWN_ONCE)]
    evaluation.make(jobs)
    make_sheet([[job["output"]] for job in jobs],
               [evaluation.concepts[job["class"]] for job in jobs],
               evaluation.options.out / "classes.png", 8, SIDE)


def parse_options():
    parser = option_parser()
    parser.add_argument("--every-style", action="store_true",
                        help="each seed in all styles of a class (default: in turn)")
    parser.add_argument("--held-cells", type=int, default=50, help="at most, spread over all")
    parser.add_argument("--held-seeds", type=int, default=4, help="of each of them")
    return read_options(parser)


def main():
    options = parse_options()
    evaluation = Stickers(options, COPY)
    if options.cfg_scale is None:
        options.cfg_scale = evaluation.find_guidance(lambda scale: evaluation.jobs_in_styles(
            evaluation.chosen, SWEEP_SEEDS, SWEEP_FIRST, cfg_scale=scale))
    judged = measure_main(evaluation)
    cost = evaluation.print_cost()
    distance = evaluation.print_distance(judged)
    evaluation.show_copies(judged, SIDE)
    show_styles(evaluation)
    show_classes(evaluation)
    print(f"{evaluation.told_settings()}: "
          f"{len(judged)} pictures of {len(evaluation.chosen)} classes")
    by_style = measure_styles(evaluation, judged)
    held = measure_held_out(evaluation)
    nearness = evaluation.print_nearness(judged)
    whole = shares(evaluation, judged)
    evaluation.write_results({**whole, "by_style": by_style, "held_out": held,
                              "nearness": nearness, "cpu_s": cost, "distance": distance})
    if held:
        print(f"held-out cells: {told(held)}")
    print(f"all: {told(whole)}")


if __name__ == "__main__":
    main()

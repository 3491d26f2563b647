# SPDX-License-Identifier: GPL-3.0-or-later
"""How good is a model of stamps?  tools/emoji/evaluation.py makes and judges the pictures; here are
the main measurement, the comparisons and their contact sheets.  tools/evaluate-stamps --help lists
what can be set.
"""
from evaluation import (AMM, SAMPLERS, SWEEP_FIRST, SWEEP_SEEDS, Evaluation, asked_share,
                        option_parser, read_options)
from pictures import make_sheet

# Two hands drawing one thing come nearer than this in 1 % of cases (edt-emoji-nearest --validate).
COPY = 0.14
SIDE = 64
STEPS = (10, 25, 50, 250)
AMM_SEEDS = 4
SAMPLER_CLASSES = 20
ROWS = 25  # classes on one sheet


def measure_main(evaluation):
    options = evaluation.options
    judged = evaluation.measure(evaluation.chosen, options.seeds)
    by_class = evaluation.print_classes(judged)
    for start in range(0, len(by_class), ROWS):
        part = list(by_class.items())[start:start + ROWS]
        make_sheet([known_pictures(evaluation, index) + [None] + [row.job["output"] for row in rows]
                    for index, rows in part],
                   [f"{index} {evaluation.concepts[index]}" for index, _ in part],
                   options.out / f"samples-{start:03d}.png", size=SIDE)
    return judged


def known_pictures(evaluation, index):
    """Three training pictures, to compare with."""
    return sorted(evaluation.folders[index].glob("*.png"))[:3]


def compare(evaluation, name, variants, classes, seeds):
    """Side by side on one sheet: for each class one picture of each variant."""
    judged = {}
    for label, settings in variants:
        judged[label] = evaluation.measure(classes, seeds, **settings)
        print(f"{label}: {evaluation.summary(judged[label])} ({len(judged[label])} pictures)",
              flush=True)
    rows = [[judged[label][i * seeds].job["output"] for label, _ in variants]
            for i in range(len(classes))]
    labels = [f"{evaluation.concepts[index]}: " + ", ".join(label for label, _ in variants)
              for index in classes]
    make_sheet(rows, labels, evaluation.options.out / f"{name}.png", 3 if len(variants) < 6 else 1,
               SIDE)
    return {label: {"asked": asked_share(rows), "copies": evaluation.copy_share(rows)}
            for label, rows in judged.items()}


def measure_comparisons(evaluation):
    amm = [(f"AMM {mode}", {"amm": mode}) for mode in AMM]
    samplers = [(f"{name} {steps}", {"sampler": name, "steps": steps})
                for name in SAMPLERS for steps in STEPS]
    few = evaluation.chosen[::max(1, len(evaluation.chosen) // SAMPLER_CLASSES)]
    return {"amm_modes": compare(evaluation, "amm", amm, evaluation.chosen, AMM_SEEDS),
            "samplers": compare(evaluation, "samplers", samplers, few, 1)}


def main():
    parser = option_parser("stamps")
    parser.add_argument("--only-asked", action="store_true", help="no comparisons")
    options = read_options(parser)
    evaluation = Evaluation(options, COPY)
    if options.cfg_scale is None:
        options.cfg_scale = evaluation.find_guidance(lambda scale: evaluation.jobs(
            evaluation.chosen, SWEEP_SEEDS, SWEEP_FIRST, cfg_scale=scale))
    judged = measure_main(evaluation)
    cost = evaluation.print_cost()
    distance = evaluation.print_distance(judged)
    evaluation.show_copies(judged, SIDE)
    comparisons = {} if options.only_asked else measure_comparisons(evaluation)
    print(f"{evaluation.told_settings()}: "
          f"{len(judged)} pictures of {len(evaluation.chosen)} classes")
    nearness = evaluation.print_nearness(judged)
    evaluation.write_results({"asked": asked_share(judged), "copies": evaluation.copy_share(judged),
                              "nearness": nearness, "cpu_s": cost, "distance": distance,
                              **comparisons})
    print(f"near copies: {evaluation.copy_share(judged):.1f} %")
    print(f"asked class: {asked_share(judged):.1f} %")


if __name__ == "__main__":
    main()

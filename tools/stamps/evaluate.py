# SPDX-License-Identifier: GPL-3.0-or-later
"""How good is a model of stamps?  Makes pictures with `edt sample --jobs`, lets edt-stamps-nearest
find the nearest training picture of each, prints shares and lays out contact sheets.

Pictures that are there with the same record are not made again, so an interrupted run goes on where
it was.  distance.h says what "nearest" means, and tools/evaluate-stamps --help what can be set.
"""
import argparse
import json
import statistics
import subprocess
import sys
from pathlib import Path

from concepts import slug
from pictures import make_sheet

# Two hands drawing one thing come nearer than this in 1 % of cases (edt-stamps-nearest --validate).
COPY = 0.14
NEARNESS = (5, 25, 50, 75, 95)
AMM = ("off", "official", "auto")
SAMPLERS = ("ddpm", "ddim", "dpm++2m")
STEPS = (10, 25, 50, 250)
SWEEP = (1.0, 1.5, 2.0, 3.0, 4.0)
SWEEP_SEEDS = 2  # of their own, so that the choice does not flatter the measurement
SWEEP_FIRST = 1000000
AMM_SEEDS = 4
SAMPLER_CLASSES = 20
ROWS = 25  # classes on one sheet


def say(*words):
    print(*words, file=sys.stderr, flush=True)


class Evaluation:
    def __init__(self, options):
        self.options = options
        records = json.loads((options.dataset / "classes.json").read_text("utf-8"))["classes"]
        self.folders = {record["index"]: options.dataset / record["folder"] for record in records}
        self.concepts = {record["index"]: record["concept"] for record in records}
        count = min(options.classes, len(records))
        self.chosen = [records[i * len(records) // count]["index"] for i in range(count)]

    def picture(self, job):
        """Everything that makes a picture what it is, is in its name."""
        return self.options.out / "pictures" / "{sampler}-{steps}-{cfg_scale}-{amm}-{eta}".format(
            **job) / f"{job['class']:03d}-{job['seed']:04d}.png"

    def jobs(self, classes, seeds, first, **settings):
        """One job for each class and seed: what is not set is as in the main measurement."""
        options = self.options
        base = {"steps": options.steps, "sampler": options.sampler, "cfg_scale": options.cfg_scale,
                "amm": options.amm, "eta": 0.0, **settings}
        jobs = [{"class": index, "seed": options.seed + first + k, **base}
                for index in classes for k in range(seeds)]
        for job in jobs:
            job["output"] = str(self.picture(job))
        return jobs

    def check_name(self, event):
        """The classes of the model must be those of the dataset."""
        concept = self.concepts.get(event["class"], "")
        if not slug(event["class_name"]).endswith(slug(concept)):
            raise SystemExit(f"Class {event['class']} of the model is \"{event['class_name']}\", of "
                             f"the dataset \"{concept}\": give the dataset it was trained on.")

    def make(self, jobs):
        for folder in {Path(job["output"]).parent for job in jobs}:
            folder.mkdir(parents=True, exist_ok=True)
        lines = self.options.out / "jobs.jsonl"
        lines.write_text("".join(json.dumps(job) + "\n" for job in jobs), encoding="utf-8")
        command = [self.options.edt, "sample", "-m", str(self.options.model), "--jobs", str(lines)]
        if self.options.threads:
            command += ["--threads", str(self.options.threads)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as run:
            for line in run.stdout:
                event = json.loads(line)
                if event.get("event") == "image":
                    self.check_name(event)
        if run.returncode:
            raise SystemExit(f"edt sample failed ({run.returncode}).")

    def judge(self, jobs):
        """[(job, nearest class, its picture, distance, distance as a copy, of which picture)]"""
        listed = "".join(f"{job['class']}\t{job['output']}\n" for job in jobs)
        run = subprocess.run([self.options.nearest, str(self.options.dataset)], input=listed,
                             stdout=subprocess.PIPE, text=True, check=True)
        rows = [line.split("\t") for line in run.stdout.splitlines()]
        return [(job, int(row[2]), row[3], float(row[4]), float(row[5]), row[6])
                for job, row in zip(jobs, rows, strict=True)]

    def measure(self, classes, seeds, first=0, **settings):
        jobs = self.jobs(classes, seeds, first, **settings)
        self.make(jobs)
        return self.judge(jobs)


def asked_share(judged):
    return 100 * sum(row[1] == row[0]["class"] for row in judged) / len(judged)


def copy_share(judged):
    return 100 * sum(row[4] < COPY for row in judged) / len(judged)


def nearness(judged):
    """{share in %: distance below which it lies}, of distances to the training picture next to
    each; place by place, as COPY."""
    cuts = statistics.quantiles((row[4] for row in judged), n=20, method="inclusive")
    return {share: cuts[share // 5 - 1] for share in NEARNESS}


def summary(judged):
    return f"asked class {asked_share(judged):5.1f} %, near copies {copy_share(judged):5.1f} %"


# ---- measurements ----

def find_guidance(evaluation):
    """The guidance with the largest share, the weaker one of equals."""
    shares = {}
    for scale in SWEEP:
        judged = evaluation.measure(evaluation.chosen, SWEEP_SEEDS, SWEEP_FIRST, cfg_scale=scale)
        shares[scale] = asked_share(judged)
        print(f"guidance {scale:g}: {summary(judged)}", flush=True)
    return max(shares, key=lambda scale: (shares[scale], -scale))


def measure_main(evaluation):
    options = evaluation.options
    judged = evaluation.measure(evaluation.chosen, options.seeds)
    by_class = {index: [row for row in judged if row[0]["class"] == index]
                for index in evaluation.chosen}
    for index, rows in sorted(by_class.items(), key=lambda item: asked_share(item[1])):
        others = sorted({evaluation.concepts[row[1]] for row in rows if row[1] != index})
        print(f"{asked_share(rows):5.0f} % {evaluation.concepts[index]}" +
              (f" (else {', '.join(others)})" if others else ""))
    for start in range(0, len(by_class), ROWS):
        part = list(by_class.items())[start:start + ROWS]
        make_sheet([known_pictures(evaluation, index) + [None] + [row[0]["output"] for row in rows]
                    for index, rows in part],
                   [f"{index} {evaluation.concepts[index]}" for index, _ in part],
                   options.out / f"samples-{start:03d}.png")
    return judged


def known_pictures(evaluation, index):
    """Three training pictures, to compare with."""
    return sorted(evaluation.folders[index].glob("*.png"))[:3]


def compare(evaluation, name, variants, classes, seeds):
    """Side by side on one sheet: for each class one picture of each variant."""
    judged = {}
    for label, settings in variants:
        judged[label] = evaluation.measure(classes, seeds, **settings)
        print(f"{label}: {summary(judged[label])} ({len(judged[label])} pictures)", flush=True)
    rows = [[judged[label][i * seeds][0]["output"] for label, _ in variants]
            for i in range(len(classes))]
    labels = [f"{evaluation.concepts[index]}: " + ", ".join(label for label, _ in variants)
              for index in classes]
    make_sheet(rows, labels, evaluation.options.out / f"{name}.png", 3 if len(variants) < 6 else 1)
    return {label: {"asked": asked_share(rows), "copies": copy_share(rows)}
            for label, rows in judged.items()}


def show_copies(judged, output):
    """The nearest to a copy, each beside what it is near to."""
    nearest = sorted(judged, key=lambda row: row[4])[:30]
    make_sheet([[row[0]["output"], row[5]] for row in nearest],
               [f"{row[4]:.3f}" for row in nearest], output, 6)


def parse_options():
    parser = argparse.ArgumentParser(prog="tools/evaluate-stamps")
    parser.add_argument("model", type=Path)
    parser.add_argument("dataset", type=Path, help="the folder that the model was trained on")
    parser.add_argument("--out", type=Path, default=Path("stamps-evaluation"),
                        help="folder for pictures and sheets (default: %(default)s)")
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0, help="the first one")
    parser.add_argument("--classes", type=int, default=50, help="spread over the list")
    parser.add_argument("--steps", type=int, default=25)
    parser.add_argument("--sampler", default="dpm++2m", choices=SAMPLERS)
    parser.add_argument("--amm", default="off", choices=AMM)
    parser.add_argument("--cfg-scale", type=float, help="guidance (default: the best of " +
                        ", ".join(f"{scale:g}" for scale in SWEEP) + ")")
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--only-asked", action="store_true", help="no comparisons")
    parser.add_argument("--edt", default="edt", help=argparse.SUPPRESS)
    parser.add_argument("--nearest", required=True, help=argparse.SUPPRESS)
    return parser.parse_args()


def measure_comparisons(evaluation):
    amm = [(f"AMM {mode}", {"amm": mode}) for mode in AMM]
    samplers = [(f"{name} {steps}", {"sampler": name, "steps": steps})
                for name in SAMPLERS for steps in STEPS]
    few = evaluation.chosen[::max(1, len(evaluation.chosen) // SAMPLER_CLASSES)]
    return {"amm_modes": compare(evaluation, "amm", amm, evaluation.chosen, AMM_SEEDS),
            "samplers": compare(evaluation, "samplers", samplers, few, 1)}


def main():
    options = parse_options()
    options.out.mkdir(parents=True, exist_ok=True)
    evaluation = Evaluation(options)
    if options.cfg_scale is None:
        options.cfg_scale = find_guidance(evaluation)
    judged = measure_main(evaluation)
    show_copies(judged, options.out / "copies.png")
    results = {"model": options.model.name, "dataset": options.dataset.name,
               "cfg_scale": options.cfg_scale, "steps": options.steps, "sampler": options.sampler,
               "amm": options.amm, "classes": len(evaluation.chosen), "seeds": options.seeds,
               "asked": asked_share(judged), "copies": copy_share(judged),
               "nearness": nearness(judged)}
    if not options.only_asked:
        results.update(measure_comparisons(evaluation))
    (options.out / "results.json").write_text(json.dumps(results, indent=1) + "\n", "utf-8")
    say(f"Contact sheets and results.json are in {options.out}")
    print(f"{options.sampler}, {options.steps} steps, guidance {options.cfg_scale:g}, "
          f"AMM {options.amm}: {len(judged)} pictures of {len(evaluation.chosen)} classes")
    print("distance to the nearest training picture: " +
          ", ".join(f"{share} % below {cut:.3f}" for share, cut in results["nearness"].items()) +
          f"; near copy below {COPY}")
    print(f"near copies: {copy_share(judged):.1f} %")
    print(f"asked class: {asked_share(judged):.1f} %")


if __name__ == "__main__":
    main()

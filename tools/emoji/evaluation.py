# SPDX-License-Identifier: GPL-3.0-or-later
"""What an evaluation by drawings is: pictures are made with `edt sample --jobs`, edt-emoji-nearest
finds the nearest drawing of each, and shares are counted.

Pictures that are there with the same record are not made again, so an interrupted run goes on where
it was.  distance.h says what "nearest" means.
"""
import argparse
import json
import resource
import statistics
import subprocess
import sys
from collections import namedtuple
from pathlib import Path

from concepts import slug
from pictures import make_sheet, relative_l2

NEARNESS = (5, 25, 50, 75, 95)
AMM = ("off", "official", "auto")
SPEEDS = ("exact", "balanced", "fast")
SETTINGS = ("sampler", "steps", "cfg_scale", "amm", "eta", "reuse", "cfg_interval")
SAMPLERS = ("ddpm", "ddim", "dpm++2m", "unipc")
SWEEP = (1.0, 1.5, 2.0, 3.0, 4.0)
SWEEP_SEEDS = 2  # of their own, so that the choice does not flatter the measurement
SWEEP_FIRST = 1000000
COPIES = 30  # shown
COMPARED = 5  # one pixel of so many, with --against

# job; nearest drawing of all: class, distance; style: of the drawing of that class that is nearest
# as a copy; copy: distance to the nearest as a copy of those trained on, copied: that drawing
Judged = namedtuple("Judged", "job index distance style copy copied")


def say(*words):
    print(*words, file=sys.stderr, flush=True)


class Evaluation:
    def __init__(self, options, copy):
        """copy: the distance below which a picture is a near copy."""
        self.options, self.copy = options, copy
        self.records = json.loads((options.dataset / "classes.json").read_text("utf-8"))["classes"]
        self.folders = {record["index"]: options.dataset / record["folder"]
                        for record in self.records}
        self.concepts = {record["index"]: record["concept"] for record in self.records}
        self.chosen = [record["index"] for record in spread(self.records, options.classes)]
        self.cost = None  # CPU seconds a picture of the last that were made

    def picture(self, job):
        """Everything that makes a picture what it is, is in its name."""
        style = f"-{job['style']}" if "style" in job else ""
        how = [self.options.speed] + [job.get(name) for name in SETTINGS]
        return self.options.out / "pictures" / "-".join(
            str(part) for part in how if part is not None) / (
                f"{job['class']:03d}{style}-{job['seed']:04d}.png")

    def job(self, index, seed, **settings):
        """What is not set is as in the main measurement."""
        options = self.options
        said = {name: getattr(options, name) for name in SETTINGS if name != "eta"}
        job = {"class": index, "seed": options.seed + seed,
               **{name: value for name, value in said.items() if value is not None},
               "eta": 0.0, **settings}
        return {**job, "output": str(self.picture(job))}

    def jobs(self, classes, seeds, first, **settings):
        """One job for each class and seed."""
        return [self.job(index, first + k, **settings) for index in classes for k in range(seeds)]

    def check_name(self, event):
        """The classes of the model must be those of the dataset."""
        concept = self.concepts.get(event["class"], "")
        if not slug(event["class_name"]).endswith(slug(concept)):
            raise SystemExit(f"Class {event['class']} of the model is \"{event['class_name']}\", "
                             f"of the dataset \"{concept}\": give the dataset it was trained on.")

    def make(self, jobs):
        for folder in {Path(job["output"]).parent for job in jobs}:
            folder.mkdir(parents=True, exist_ok=True)
        lines = self.options.out / "jobs.jsonl"
        lines.write_text("".join(json.dumps(job) + "\n" for job in jobs), encoding="utf-8")
        command = [self.options.edt, "sample", "-m", str(self.options.model), "--jobs", str(lines)]
        if self.options.speed:
            command += ["--speed", self.options.speed]
        if self.options.threads:
            command += ["--threads", str(self.options.threads)]
        before, made = cpu_seconds(), 0
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as run:
            for line in run.stdout:
                event = json.loads(line)
                if event.get("event") == "image":
                    self.check_name(event)
                    made += 1
        if run.returncode:
            raise SystemExit(f"edt sample failed ({run.returncode}).")
        self.cost = (cpu_seconds() - before) / made if made else None

    def judge(self, jobs):
        """[Judged], in the order of the jobs."""
        listed = "".join(f"{job['class']}\t{job['output']}\n" for job in jobs)
        run = subprocess.run([self.options.nearest, str(self.options.dataset)], input=listed,
                             stdout=subprocess.PIPE, text=True, check=True)
        rows = [line.split("\t") for line in run.stdout.splitlines()]
        return [Judged(job, int(row[2]), float(row[5]), row[6], float(row[7]), row[8])
                for job, row in zip(jobs, rows, strict=True)]

    def measure_jobs(self, jobs):
        self.make(jobs)
        return self.judge(jobs)

    def measure(self, classes, seeds, first=0, **settings):
        return self.measure_jobs(self.jobs(classes, seeds, first, **settings))

    # ---- shares in % ----

    def copy_share(self, judged):
        return share(row.copy < self.copy for row in judged)

    def summary(self, judged):
        return (f"asked class {asked_share(judged):5.1f} %, "
                f"near copies {self.copy_share(judged):5.1f} %")

    def print_classes(self, judged):
        """Each class with what else its pictures are taken for, worst first."""
        by_class = {}
        for row in judged:
            by_class.setdefault(row.job["class"], []).append(row)
        for index, rows in sorted(by_class.items(), key=lambda item: asked_share(item[1])):
            others = sorted({self.concepts[row.index] for row in rows if row.index != index})
            print(f"{asked_share(rows):5.0f} % {self.concepts[index]}" +
                  (f" (else {', '.join(others)})" if others else ""))
        return by_class

    def print_nearness(self, judged):
        """{share in %: distance below which it lies}, of distances to the drawing next to each;
        place by place, as copies are told."""
        cuts = statistics.quantiles((row.copy for row in judged), n=20, method="inclusive")
        nearness = {part: cuts[part // 5 - 1] for part in NEARNESS}
        print("distance to the nearest training picture: " +
              ", ".join(f"{part} % below {cut:.3f}" for part, cut in nearness.items()) +
              f"; near copy below {self.copy}")
        return nearness

    def show_copies(self, judged, side):
        """The nearest to a copy, each beside what it is near to."""
        nearest = sorted(judged, key=lambda row: row.copy)[:COPIES]
        make_sheet([[row.job["output"], row.copied] for row in nearest],
                   [f"{row.copy:.3f}" for row in nearest], self.options.out / "copies.png", 6, side)

    def print_cost(self):
        """Of the pictures that were made last."""
        if self.cost:
            print(f"one picture: {self.cost:.2f} s of CPU, decoded and written, with its share of "
                  "loading the model")
        else:
            print("one picture: all were there, so their time is not known")
        return self.cost

    def print_distance(self, judged):
        """From the pictures of the same jobs in another evaluation."""
        other = self.options.against
        if not other:
            return None
        made = [Path(row.job["output"]) for row in judged]
        folders = [folder for folder in sorted((other / "pictures").iterdir())
                   if folder.resolve() != made[0].parent.resolve()
                   and all((folder / path.name).is_file() for path in made)]
        if len(folders) != 1:
            raise SystemExit(f"--against {other}: {len(folders) or 'none'} of the folders in its "
                             "pictures has all these classes, styles and seeds; it must be one.")
        distance = relative_l2(((path, folders[0] / path.name) for path in made), COMPARED)
        print(f"pictures: {distance:.3f} from those of {folders[0]} (relative L2)")
        return distance

    def find_guidance(self, make_jobs):
        """The guidance with the largest share, the weaker one of equals.  make_jobs(cfg_scale)"""
        shares = {}
        for scale in SWEEP:
            judged = self.measure_jobs(make_jobs(scale))
            shares[scale] = asked_share(judged)
            print(f"guidance {scale:g}: {self.summary(judged)}", flush=True)
        return max(shares, key=lambda scale: (shares[scale], -scale))

    def told_settings(self):
        """What the main measurement was made with: "dpm++2m, 25 steps, guidance 2, AMM off"."""
        options = self.options
        return ", ".join(filter(None, [
            options.speed and f"--speed {options.speed}", options.sampler,
            options.steps and f"{options.steps} steps", f"guidance {options.cfg_scale:g}",
            options.cfg_interval and f"at {options.cfg_interval}",
            options.reuse and f"inner stages at every {options.reuse}", f"AMM {options.amm}"]))

    def write_results(self, results):
        options = self.options
        said = {name: getattr(options, name) for name in ("speed",) + SETTINGS if name != "eta"}
        head = {"model": options.model.name, "dataset": options.dataset.name,
                **{name: value for name, value in said.items() if value is not None},
                "classes": len(self.chosen), "seeds": options.seeds}
        (options.out / "results.json").write_text(json.dumps({**head, **results}, indent=1) + "\n",
                                                  "utf-8")
        say(f"Contact sheets and results.json are in {options.out}")


def cpu_seconds():
    """Of all processes that were started and have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def spread(rows, count):
    """So many of a list, at even distances; all where there are fewer."""
    count = min(count, len(rows))
    return [rows[i * len(rows) // count] for i in range(count)]


def share(truths):
    truths = list(truths)
    return 100 * sum(truths) / max(1, len(truths))


def asked_share(judged):
    return share(row.index == row.job["class"] for row in judged)


def option_parser():
    parser = argparse.ArgumentParser(prog="tools/evaluate-stickers")
    parser.add_argument("model", type=Path)
    parser.add_argument("dataset", type=Path, help="the folder that the model was trained on")
    parser.add_argument("--out", type=Path, default=Path("stickers-evaluation"),
                        help="folder for pictures and sheets (default: %(default)s)")
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0, help="the first one")
    parser.add_argument("--classes", type=int, default=50, help="spread over the list")
    parser.add_argument("--speed", choices=SPEEDS, help="a preset of edt sample: its sampler, "
                        "steps, --reuse and --cfg-interval, but for those that are said")
    parser.add_argument("--steps", type=int, help="without --speed 25")
    parser.add_argument("--sampler", choices=SAMPLERS, help="without --speed dpm++2m")
    parser.add_argument("--reuse", type=int, help="as in edt sample; so below")
    parser.add_argument("--cfg-interval", metavar="A,B")
    parser.add_argument("--amm", default="off", choices=AMM)
    parser.add_argument("--cfg-scale", type=float, help="guidance (default: the best of " +
                        ", ".join(f"{scale:g}" for scale in SWEEP) + ")")
    parser.add_argument("--against", type=Path, metavar="DIR", help="the --out of another "
                        "evaluation of the same jobs: how far the pictures are from its")
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--edt", default="edt", help=argparse.SUPPRESS)
    parser.add_argument("--nearest", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--only-words", action="store_true", help=argparse.SUPPRESS)
    return parser


def read_options(parser):
    """What neither the options nor a preset say is the usual."""
    options = parser.parse_args()
    if min(options.seeds, options.classes, 1 if options.steps is None else options.steps) < 1:
        parser.error("--seeds, --classes and --steps must be at least 1")
    if not (options.dataset / "classes.json").is_file():
        parser.error(f"{options.dataset} is no dataset: there is no classes.json in it.")
    if options.against and not (options.against / "pictures").is_dir():
        parser.error(f"--against {options.against} is no evaluation: there are no pictures in it.")
    if options.only_words:
        raise SystemExit
    if not options.speed:
        options.steps = options.steps or 25
        options.sampler = options.sampler or "dpm++2m"
    options.out.mkdir(parents=True, exist_ok=True)
    return options

# SPDX-License-Identifier: GPL-3.0-or-later
"""What tools/stickers/train-codec is called with.  As a program it does nothing else: wrong words are
told before anything is set up, and where there is no PyTorch.
"""
import argparse
import math
import os
from pathlib import Path


def parse_options():
    parser = argparse.ArgumentParser(prog="tools/stickers/train-codec")
    parser.add_argument("dataset", type=Path, help="what tools/dataset-stickers made")
    parser.add_argument("-o", "--output", type=Path, help="file to write (.safetensors)")
    parser.add_argument("--start", type=Path, help="go on from this codec, or a model's")
    parser.add_argument("--minutes", type=float, default=110,
                        help="(default: %(default)s); Ctrl-C ends it sooner, and saves")
    parser.add_argument("--steps", type=int, default=math.inf, help="stop after so many")
    parser.add_argument("--rate", type=float, default=1e-3,
                        help="of learning (default: %(default)s; 7e-4 to go on)")
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--f32", action="store_true", help="no bf16")
    parser.add_argument("--measure", action="store_true", help="measure --start only")
    options = parser.parse_args()
    if options.measure != (options.output is None) or (options.measure and not options.start):
        parser.error("Give --output to train, or --start and --measure.")
    if not (min(options.steps, options.minutes, options.batch, options.threads) >= 1
            and math.isfinite(options.minutes) and 0 < options.rate < math.inf):
        parser.error("--steps, --minutes, --batch and --threads must be at least 1, --rate above 0")
    if not options.dataset.is_dir():
        parser.error(f"{options.dataset} is no dataset: make it with tools/dataset-stickers.")
    if options.start and not options.start.is_file():
        parser.error(f"--start: there is no {options.start}.")
    if options.output and (options.output.is_dir() or not os.access(options.output.parent, os.W_OK)):
        parser.error(f"--output: {options.output} cannot be written: give a file in a folder of yours.")
    return options


if __name__ == "__main__":
    parse_options()

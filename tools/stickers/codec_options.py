# SPDX-License-Identifier: GPL-3.0-or-later
"""What tools/stickers/train-codec is called with.  As a program it does nothing else: wrong words are
told before anything is set up, and where there is no PyTorch.
"""
import argparse
import math
from pathlib import Path


def parse_options():
    parser = argparse.ArgumentParser(prog="tools/stickers/train-codec")
    parser.add_argument("dataset", type=Path, help="what tools/dataset-stickers made")
    parser.add_argument("-o", "--output", type=Path, help="file to write (.safetensors)")
    parser.add_argument("--start", type=Path, help="go on from this codec")
    parser.add_argument("--minutes", type=float, default=110)
    parser.add_argument("--steps", type=float, default=math.inf, help="stop after so many")
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
    return options


if __name__ == "__main__":
    parse_options()

# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes the codec of stickers anew from a dataset, or goes on from one there is.

Crops teach it (a whole picture has large empty parts), a few whole ones at half size; what it is
worth is measured on the held-out drawings.  codec.py is the network, train-codec calls this.
"""
import copy
import math
import random
import sys
import time
from pathlib import Path

import gi
import torch
from torch.nn import functional

import codec as codecs
from codec_options import parse_options

gi.require_version("GdkPixbuf", "2.0")
from gi.repository import GdkPixbuf  # noqa: E402 (after require_version)

CROP = 128
WHOLE = 0.15  # of the samples: all of a picture, at half size
PERMUTED = 0.2  # of the samples: red, green and blue change places
NOISE = 0.05  # on the latents that the decoder sees
WARM_UP = 200  # steps
LAST_RATE = 0.02  # of the rate, at the end
AVERAGE = 0.999
MEASURED = 160  # held-out drawings at most, spread over all
COUNTED = 1000  # drawings whose latents give mean and deviation


def say(*words):
    print(*words, file=sys.stderr, flush=True)


def read_picture(path):
    """[4,256,256] of 0 to 1, premultiplied."""
    pixbuf = GdkPixbuf.Pixbuf.new_from_file(str(path))
    rows = torch.frombuffer(bytearray(pixbuf.get_pixels()), dtype=torch.uint8)
    height, width = pixbuf.get_height(), pixbuf.get_width()
    pixels = rows.as_strided((height, width, 4), (pixbuf.get_rowstride(), 4, 1)).float() / 255
    pixels[..., :3] *= pixels[..., 3:]
    return pixels.permute(2, 0, 1).contiguous()


def sample(path):
    """[4,128,128] of a drawing."""
    pixels = read_picture(path)
    if random.random() < WHOLE:
        pixels = functional.avg_pool2d(pixels[None], pixels.shape[-1] // CROP)[0]
    else:
        y, x = (random.randint(0, side - CROP) for side in pixels.shape[1:])
        pixels = pixels[:, y:y + CROP, x:x + CROP]
    if random.random() < 0.5:
        pixels = pixels.flip(2)
    if random.random() < PERMUTED:
        pixels = pixels[random.sample(range(3), 3) + [3]]
    return pixels


def loss_of(model, pixels):
    latents = model.encode(pixels)
    error = model.decode(latents + NOISE * torch.randn_like(latents)).float() - pixels
    edges = error.diff(dim=2).abs().mean() + error.diff(dim=3).abs().mean()
    return (error.abs().mean() + 0.5 * edges + error.square().mean()
            + 1e-3 * latents.float().square().mean())


def rate_at(step, done, rate):
    """done: share of the time that is over."""
    return rate * min(1, (step + 1) / WARM_UP) * min(1, 2 - 2 * done + LAST_RATE * (2 * done - 1))


def step_of(model, optimizer, paths, options):
    """The loss of a batch, which the model has learned from."""
    batch = torch.stack([sample(random.choice(paths)) for _ in range(options.batch)])
    with torch.autocast("cpu", torch.bfloat16, enabled=not options.f32):
        loss = loss_of(model, batch.contiguous(memory_format=torch.channels_last))
    optimizer.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1)
    optimizer.step()
    return loss.item()


def train(model, paths, options):
    """The average of the weights; Ctrl-C ends it sooner."""
    model.to(memory_format=torch.channels_last).train()
    average = copy.deepcopy(model)
    optimizer = torch.optim.AdamW(model.parameters(), lr=options.rate, betas=(0.9, 0.99))
    start, step, done = time.monotonic(), 0, 0.0
    try:
        while done < 1:
            for group in optimizer.param_groups:
                group["lr"] = rate_at(step, done, options.rate)
            loss = step_of(model, optimizer, paths, options)
            step += 1
            keep = min(AVERAGE, step / (step + 10))  # a short run must not remember its beginning
            for mean, now in zip(average.parameters(), model.parameters()):
                mean.data.lerp_(now.data, 1 - keep)
            done = max((time.monotonic() - start) / (60 * options.minutes), step / options.steps)
            if step % 100 == 0 or done >= 1:
                say(f"step {step}, {100 * min(done, 1):.0f} %: loss {loss:.4f}, "
                    f"{step * options.batch / (time.monotonic() - start):.1f} crops/s")
    except KeyboardInterrupt:
        if not step:
            raise
        say(f"Stopped after step {step}; what it has learned is being saved.")
    return average.eval()


def psnr(model, pixels):
    error = model.decode(model.encode(pixels[None]))[0].clamp(0, 1) - pixels
    return -10 * math.log10(max(error.square().mean().item(), 1e-10))


def drawings(dataset):
    """Those to learn from, and those held out."""
    found = ([path for path in sorted(dataset.glob("*/*/*.png")) if path.parents[1].name != "held-out"],
             sorted((dataset / "held-out").glob("*/*/*.png")))
    if not all(found):
        raise SystemExit(f"{dataset} has no drawings{', or none held out' if found[0] else ''}: make "
                         "it with tools/dataset-stickers.")
    return found


@torch.no_grad()
def measure(model, paths):
    """Prints the mean of dB over the held-out drawings of each style, and of all."""
    paths = paths[::-(-len(paths) // MEASURED)]
    found = {}
    for path in paths:
        found.setdefault(path.parent.name, []).append(psnr(model, read_picture(path)))
    for style, values in sorted(found.items()) + [("all", sum(found.values(), []))]:
        print(f"held out, {style}: {sum(values) / len(values):.2f} dB, worst {min(values):.2f} "
              f"({len(values)} drawings)", flush=True)


@torch.no_grad()
def latent_statistics(model, paths):
    latents = torch.stack([model.encode(read_picture(path)[None])[0]
                           for path in paths[::-(-len(paths) // COUNTED)]])
    return latents.mean(dim=(0, 2, 3)).tolist(), latents.std(dim=(0, 2, 3)).tolist()


def main():
    options = parse_options()
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    random.seed(options.seed)
    model = codecs.load(options.start) if options.start else codecs.Codec()
    paths, held = drawings(options.dataset)
    if options.output:
        model = train(model, paths, options)
        codecs.save(options.output, model, *latent_statistics(model, paths))
    measure(model, held)
    if options.output:
        print(options.output)


if __name__ == "__main__":
    main()

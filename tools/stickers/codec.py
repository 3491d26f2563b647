# SPDX-License-Identifier: GPL-3.0-or-later
"""The codec of stickers: RGBA of 256x256 to latents of 4x32x32 and back, and its file.

The kind is TAESD's: 3x3 convolutions, ReLU, blocks of three with a skip, nothing else.  Pixels are
0 to 1, colours premultiplied; latents are 3 tanh(e / 3) of what the encoder says, and (z - mean) /
deviation by channel for the diffusion model.  train_codec.py trains it.
"""
import json
import struct

import torch
from torch import nn

WIDTHS = (32, 48, 64, 64)  # at the full side, a half, a quarter, an eighth
BLOCKS = (1, 2, 3, 3)
PIXELS = LATENTS = 4
BOUND = 3  # of the latents
TYPES = {"F32": torch.float32, "BF16": torch.bfloat16, "U8": torch.uint8}
IN_A_MODEL = "vae."  # how the names of its tensors begin there


class Block(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.conv = nn.Sequential(conv(width, width), nn.ReLU(), conv(width, width), nn.ReLU(),
                                  conv(width, width))

    def forward(self, x):
        return torch.relu(self.conv(x) + x)


def conv(before, after, **more):
    return nn.Conv2d(before, after, 3, padding=1, **more)


def blocks(level):
    return [Block(WIDTHS[level]) for _ in range(BLOCKS[level])]


def encoder():
    steps = [conv(PIXELS, WIDTHS[0]), *blocks(0)]
    for level in (1, 2, 3):
        steps += [conv(WIDTHS[level - 1], WIDTHS[level], stride=2, bias=False), *blocks(level)]
    return nn.Sequential(*steps, conv(WIDTHS[3], LATENTS))


def decoder():
    steps = [conv(LATENTS, WIDTHS[3]), nn.ReLU()]
    for level in (3, 2, 1):
        steps += [*blocks(level), nn.Upsample(scale_factor=2),
                  conv(WIDTHS[level], WIDTHS[level - 1], bias=False)]
    return nn.Sequential(*steps, *blocks(0), conv(WIDTHS[0], PIXELS))


class Codec(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder, self.decoder = encoder(), decoder()

    def encode(self, pixels):
        """[N,4,H,W] -> [N,4,H/8,W/8]"""
        return BOUND * torch.tanh(self.encoder(pixels) / BOUND)

    def decode(self, latents):
        """[N,4,H/8,W/8] -> [N,4,H,W], not clamped"""
        return self.decoder(latents)


# ---- files ----

def read_tensors(path):
    """{name: tensor} of the codec in a safetensors file, its own or a model's, and the metadata."""
    with open(path, "rb") as file:
        head = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
        body = bytearray(file.read())
    metadata = head.pop("__metadata__", {})
    if any(name.startswith(IN_A_MODEL) for name in head):
        head = {name.removeprefix(IN_A_MODEL): row for name, row in head.items()
                if name.startswith(IN_A_MODEL)}
    return {name: torch.frombuffer(body, dtype=TYPES[row["dtype"]], offset=row["data_offsets"][0],
                                   count=torch.Size(row["shape"]).numel()).reshape(row["shape"])
            for name, row in head.items()}, metadata


def write_tensors(path, tensors, metadata):
    """All in f32."""
    head, parts, offset = {"__metadata__": metadata}, [], 0
    for name, tensor in tensors.items():
        flat = tensor.detach().float().contiguous().view(-1)
        parts.append(bytes(flat.view(torch.uint8).tolist()))
        head[name] = {"dtype": "F32", "shape": list(tensor.shape),
                      "data_offsets": [offset, offset + len(parts[-1])]}
        offset += len(parts[-1])
    text = json.dumps(head).encode()
    text += b" " * (-len(text) % 8)
    partial = path.with_name(path.name + ".partial")
    partial.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(parts))
    partial.replace(path)


def load(path):
    codec = Codec()
    try:
        codec.load_state_dict(read_tensors(path)[0])
    except (KeyError, RuntimeError, struct.error, ValueError) as error:
        raise SystemExit(f"{path} holds no codec of stickers: {error}") from error
    return codec


def save(path, codec, mean, deviation):
    """mean, deviation: of the latents by channel."""
    write_tensors(path, codec.state_dict(), {
        "kind": "tiny autoencoder", "pixels": "rgba, colour premultiplied, 0..1",
        "latents": "3 tanh(encoder/3); diffusion: (z-mean)/deviation", "factor": "8",
        "mean": json.dumps(mean), "deviation": json.dumps(deviation)})

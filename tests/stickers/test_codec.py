# SPDX-License-Identifier: GPL-3.0-or-later
"""The codec of stickers: its names and shapes, its file, and that training makes it better.
PyTorch is for makers and not among what every machine has: without it there is nothing to test."""
import argparse
import contextlib
import io
import math
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

try:
    import torch
except ImportError:
    sys.exit(77)  # skipped

import codec as codecs
import train_codec
from pictures import draw

SVG = ('<svg xmlns="http://www.w3.org/2000/svg" width="256" height="256">'
       '<circle cx="128" cy="128" r="{}" fill="#f06040" fill-opacity="0.5"/></svg>')


MODEL = Path(sys.argv.pop(1))


class Codec(unittest.TestCase):
    def setUp(self):
        torch.manual_seed(1)
        torch.set_num_threads(1)

    def test_names_shapes_and_size(self):
        model = codecs.Codec()
        state = model.state_dict()
        self.assertEqual(list(state)[:3],
                         ["encoder.0.weight", "encoder.0.bias", "encoder.1.conv.0.weight"])
        self.assertEqual(list(state)[-1], "decoder.17.bias")
        self.assertEqual(state["decoder.11.weight"].shape, (48, 64, 3, 3))
        self.assertNotIn("encoder.2.bias", state)
        self.assertEqual(sum(t.numel() for t in state.values()), 1797992)
        latents = model.encode(torch.rand(1, 4, 64, 32))
        self.assertEqual(latents.shape, (1, 4, 8, 4))
        self.assertLess(latents.abs().max().item(), 3)
        self.assertEqual(model.decode(latents).shape, (1, 4, 64, 32))

    def test_file(self):
        model = codecs.Codec()
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "codec.safetensors"
            codecs.save(path, model, [0, 1, 2, 3], [1, 1, 1, 1])
            again, metadata = codecs.load(path), codecs.read_tensors(path)[1]
        self.assertEqual(metadata["mean"], "[0, 1, 2, 3]")
        for name, tensor in model.state_dict().items():
            self.assertTrue(torch.equal(tensor, again.state_dict()[name]), name)

    def test_of_a_model(self):
        """The model that comes with the project has one, among other tensors and in bf16."""
        model = codecs.load(MODEL)
        latents = model.encode(torch.zeros(1, 4, 64, 64))
        self.assertLess(model.decode(latents).abs().max().item(), 0.1)  # nothing stays nothing
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "other.safetensors"
            codecs.write_tensors(path, {"weight": torch.zeros(2)}, {})
            with self.assertRaisesRegex(SystemExit, "holds no codec of stickers"):
                codecs.load(path)

    def test_ctrl_c_saves(self):
        with tempfile.TemporaryDirectory() as folder:
            dataset, output = Path(folder), Path(folder) / "codec.safetensors"
            for place in ("0-disc", "held-out/0-disc"):
                path = dataset / place / "flat" / "a.png"
                path.parent.mkdir(parents=True)
                draw(SVG.format(100).encode()).savev(str(path), "png", [], [])
            pictures = mock.Mock(wraps=train_codec.sample,
                                 side_effect=[mock.DEFAULT] * 2 + [KeyboardInterrupt])
            words = ["train-codec", str(dataset), "-o", str(output), "--batch", "1", "--f32"]
            with mock.patch.object(sys, "argv", words), \
                    mock.patch.object(train_codec, "sample", pictures), \
                    contextlib.redirect_stdout(io.StringIO()) as said, \
                    contextlib.redirect_stderr(io.StringIO()) as told:
                train_codec.main()
            self.assertIn("Stopped after step 2", told.getvalue())
            self.assertIn("held out, flat: ", said.getvalue())
            self.assertTrue(said.getvalue().endswith(f"{output}\n"))
            codecs.load(output)
            self.assertEqual([path.name for path in dataset.glob("codec*")], [output.name])

    def test_rate(self):
        self.assertAlmostEqual(train_codec.rate_at(99, 0, 1), 0.5)  # warming up
        self.assertEqual(train_codec.rate_at(999, 0.5, 1), 1)
        self.assertAlmostEqual(train_codec.rate_at(999, 1, 1), train_codec.LAST_RATE)
        self.assertAlmostEqual(train_codec.rate_at(999, 0.75, 1), (1 + train_codec.LAST_RATE) / 2)

    def test_training(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "drawing.png"
            draw(SVG.format(100).encode()).savev(str(path), "png", [], [])
            pixels = train_codec.read_picture(path)
            self.assertLess((pixels[:, 128, 128] - torch.tensor(
                [0.47, 0.188, 0.125, 0.5])).abs().max().item(), 0.01)  # premultiplied
            model = codecs.Codec()
            with torch.no_grad():
                before = train_codec.psnr(model, pixels)
            options = argparse.Namespace(rate=0.01, batch=1, minutes=math.inf, steps=12, f32=True)
            with torch.no_grad():
                self.assertEqual(train_codec.sample(path).shape, (4, 128, 128))
            after = train_codec.train(model, [path], options)
            with torch.no_grad():
                self.assertGreater(train_codec.psnr(after, pixels), before)


if __name__ == "__main__":
    unittest.main()

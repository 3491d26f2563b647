# SPDX-License-Identifier: GPL-3.0-or-later
#
# tools/compare-pytorch with a little network of the authors' interface, and a program in edt's place
# that says what it took.  Usage: test_compare_pytorch.py TOOL.  Prints TAP; needs PyTorch.
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).parent.parent))
from report import Report  # noqa: E402

TOOL = sys.argv[1]
NETWORK = '''
import os
from timm.models.vision_transformer import Mlp, PatchEmbed
from torch import nn


class Network(nn.Module):
    def __init__(self, input_size, num_classes):
        super().__init__()
        self.embed, self.label = PatchEmbed(input_size, 2, 4, 8), nn.Embedding(num_classes + 1, 8)
        self.mlp = Mlp(in_features=8, hidden_features=16, act_layer=nn.GELU, drop=0)
        self.out, self.side = nn.Linear(8, 32), input_size

    def forward(self, x, t, y, enable_down_mask=False):
        with open(os.environ['CALLS'], 'a') as calls:
            calls.write(f'{len(x)} {self.training} {enable_down_mask}\\n')
        tokens = self.out(self.mlp(self.embed(x) + self.label(y)[:, None]))
        return tokens.reshape(len(x), 8, self.side, self.side)

    def forward_with_cfg(self, x, t, y, cfg_scale):
        return self(x, t, y)


EDT_models = {'EDT-S/2': Network}
'''
GPU_BENCH = '''#!/bin/sh
[ "$EDT_BENCH_JSON $*" = "1 S 2,32 bf16" ] || exit 1
for n in 2 32; do echo "{\\"work\\":\\"EDT-S/2\\",\\"samples\\":$n,\\"median_ms\\":0.5}"; done
'''
EDT = '#!/bin/sh\necho \'{"event":"bench","median_ms":0.5}\'\n'

report = Report()
check = report.check
try:
    import torch  # noqa: F401
except ImportError:
    report.skip_all('there is no PyTorch')


def run(folder, *arguments):
    environment = {**os.environ, 'PATH': f'{folder}:{os.environ["PATH"]}',
                   'CALLS': str(folder / 'calls'), 'TORCHDYNAMO_DISABLE': '1'}
    (folder / 'calls').write_text('')
    done = subprocess.run([sys.executable, TOOL, '-t', '1', '-r', '2', '--warm-up', '1',
                           *arguments], text=True, env=environment, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE)
    return done, (folder / 'calls').read_text().splitlines()


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        done, _ = run(folder, name, '--json')
        check('a folder without models_edt.py is refused',
              done.returncode == 1 and 'models_edt.py' in done.stderr, done.stderr)
        (folder / 'models_edt.py').write_text(NETWORK)
        (folder / 'edt').write_text(EDT)
        (folder / 'edt').chmod(0o755)
        done, calls = run(folder, name, '--json', '--sizes', 'S', '--types', 'f32')
        row = json.loads(done.stdout) if done.returncode == 0 else {}
        check('plain and best time, and their ratios to edt',
              row and row['edt_ms'] == 0.5 and row['best_ms'] <= row['plain_ms'] and
              row['best_ratio'] == row['best_ms'] / 0.5 and
              row['plain_ratio'] == row['plain_ms'] / 0.5, done)
        check('both halves of one picture, warm-up and repetitions of each way',
              set(calls) == {'2 False False'} and len(calls) >= 6, calls)
        done, calls = run(folder, name, '--train', '--types', 'f32')
        check('a training step has both passes',
              done.returncode == 0 and 'EDT-S/2 training | f32' in done.stdout and
              set(calls) == {'8 True False', '8 True True'}, (done, calls))
        (folder / 'gpu-bench').write_text(GPU_BENCH)
        (folder / 'gpu-bench').chmod(0o755)
        done, calls = run(folder, name, '--device', 'cuda', '--sizes', 'S', '--types', 'bf16',
                          '--bench', str(folder / 'gpu-bench'), '--budget', '0')
        check('on a GPU: edt measured, nothing of PyTorch begun when no time is left',
              done.returncode == 1 and done.stderr.count('no time is left') == 2 and not calls,
              done)
    report.done()


main()

# SPDX-License-Identifier: GPL-3.0-or-later
#
# tools/compare-pytorch with a little network of the authors' interface, and a program in edt's place
# that says what it took.  Usage: test_compare_pytorch.py TOOL.  Prints TAP; needs PyTorch.
import contextlib
import glob
import io
import json
import os
import subprocess
import sys
import tempfile
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).parent.parent))
from report import Report  # noqa: E402

TOOL = sys.argv[1]
# Its embedding of timesteps is f32 whatever its weights are.
NETWORK = '''
import os
from timm.models.vision_transformer import Mlp, PatchEmbed
from torch import nn


class Network(nn.Module):
    def __init__(self, input_size, num_classes):
        super().__init__()
        self.embed, self.label = PatchEmbed(input_size, 2, 4, 8), nn.Embedding(num_classes + 1, 8)
        self.time = nn.Linear(4, 8)
        self.mlp = Mlp(in_features=8, hidden_features=16, act_layer=nn.GELU, drop=0)
        self.out, self.side = nn.Linear(8, 32), input_size

    def forward(self, x, t, y, enable_down_mask=False):
        way = [os.environ.get(name) for name in ('TORCHINDUCTOR_FREEZING', 'OPENBLAS_CORETYPE')]
        with open(os.environ['CALLS'], 'a') as calls:
            calls.write(f'{len(x)} {self.training} {enable_down_mask} {way}\\n')
        c = self.time(t.float()[:, None].expand(-1, 4)) + self.label(y)
        tokens = self.out(self.mlp(self.embed(x) + c[:, None]))
        return tokens.reshape(len(x), 8, self.side, self.side)

    def forward_with_cfg(self, x, t, y, cfg_scale):
        return self(x, t, y)


EDT_models = {'EDT-S/2': Network, 'EDT-B/2': Network}
'''
GPU_BENCH = '''#!/bin/sh
[ "$EDT_BENCH_JSON $*" = "1 S 2,32 bf16" ] || exit 1
for n in 2 32; do
    echo "{\\"work\\":\\"EDT-S/2\\",\\"samples\\":$n,\\"median_ms\\":0.5,\\"conditioning_ms\\":null}"
done
'''
EDT = '''#!/bin/sh
case "$*" in *"sizes $FAILS "*) exit 3 ;; esac
echo '{"event":"machine","threads":1,"FMA f32":100.0'"$UNIT"'}'
echo '{"event":"bench","median_ms":0.25,"conditioning_ms":0.25}'
'''
OPENMP, FROZEN, AVX512 = 'libopenblas0-openmp', "'1'", 'SkylakeX'

report = Report()
check = report.check
try:
    import torch
except ImportError:
    report.skip_all('there is no PyTorch')


def run(folder, *arguments, **more):
    environment = {**os.environ, 'PATH': f'{folder}:{os.environ["PATH"]}',
                   'CALLS': str(folder / 'calls'), 'TORCHDYNAMO_DISABLE': '1',
                   'UNIT': ',"vdpbf16ps":200.0', 'OPENBLAS_CORETYPE': 'Nehalem', **more}
    (folder / 'calls').write_text('')
    done = subprocess.run([sys.executable, TOOL, '-t', '1', '-r', '2', '--warm-up', '1',
                           *arguments], text=True, env=environment, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE)
    return done, (folder / 'calls').read_text().splitlines()


def rows_of(done):
    return [json.loads(line) for line in done.stdout.splitlines()]


def the_tool():
    loader = SourceFileLoader('compare_pytorch', TOOL)
    module = module_from_spec(spec_from_loader('compare_pytorch', loader))
    loader.exec_module(module)
    return module


def has_avx512():
    return ' avx512f ' in Path('/proc/cpuinfo').read_text()


def ways_of(calls):
    """Whether some were frozen, and some had OpenBLAS' kernels for AVX-512."""
    return any(FROZEN in call for call in calls), any(AVX512 in call for call in calls)


def test_sampling(folder):
    done, calls = run(folder, folder, '--json', '--sizes', 'S')
    if OPENMP in done.stderr:
        report.skip('all that is measured', 'PyTorch has the reference BLAS')
        report.done()
    rows = rows_of(done)
    check('every way of both types can be measured, f32 timesteps and bf16 weights',
          done.returncode == 0 and [row['type'] for row in rows] == ['f32', 'bf16'] and
          'not measured' not in done.stderr, done)
    check('plain and best time, and their ratios to a step and its part of the conditioning',
          rows and all(row['edt_ms'] == 0.5 and row['best_ms'] <= row['plain_ms'] and
                       row['best_ratio'] == row['best_ms'] / 0.5 and
                       row['plain_ratio'] == row['plain_ms'] / 0.5 for row in rows), done)
    check('both halves of one picture, warm-up and repetitions of each way',
          {call.split(' [')[0] for call in calls} == {'2 False False'} and
          len(calls) >= 7 * 3, calls)
    check('frozen, too, and with the kernels for AVX-512 where there is that',
          ways_of(calls) == (True, has_avx512()) and 'Nehalem' not in str(calls), calls)


def test_training(folder):
    done, calls = run(folder, '--train', '--types', 'f32', folder)
    check('a training step has both passes, and nothing is frozen',
          done.returncode == 0 and 'EDT-S/2 training | f32' in done.stdout and
          {call.split(' [')[0] for call in calls} == {'8 True False', '8 True True'} and
          ways_of(calls) == (False, has_avx512()), (done, calls))


def tried(folder, *arguments, **more):
    """What is said where nothing of PyTorch is begun."""
    done, calls = run(folder, folder, '--json', '--budget', '0', *arguments, **more)
    check(f'nothing begun: {" ".join(arguments)} {more or ""}',
          done.returncode == 1 and not done.stdout and not calls and
          'Traceback' not in done.stderr, (done, calls))
    return done.stderr


def test_choices(folder):
    said = tried(folder, '--sizes', 'S,B', UNIT='')
    check('without bf16 in the processor that is left out, which is said once',
          'EDT-B/2, eager' in said and 'autocast' not in said and
          said.count('bf16 is left out') == 1, said)
    said = tried(folder, '--sizes', 'S', '--types', 'bf16', UNIT='')
    check('unless it is asked for', 'autocast' in said and 'left out' not in said, said)
    said = tried(folder, '--sizes', 'S,B', '--types', 'f32', FAILS='S')
    check('where edt fails that is said, and the next row comes',
          'EDT-S/2, edt in f32: not measured (edt bench ended with 3)' in said and
          'EDT-S/2, eager' not in said and 'EDT-B/2, eager' in said, said)
    said = tried(folder, '--sizes', 'S', '--bench', 'no-such-program')
    check('an edt that is not there is said, too', 'no-such-program' in said, said)
    said = tried(folder, '--device', 'cuda', '--sizes', 'S', '--types', 'bf16', '--bench',
                 str(folder / 'gpu-bench'))
    check('on a GPU edt is measured first', said.count('no time is left') == 2, said)


def test_placing(tool):
    model = torch.nn.Sequential(torch.nn.Linear(2, 2))
    model[0].index = torch.arange(2)
    tool.place(torch, model, 'meta')
    check('plain tensors of a module go to the device with its weights',
          model[0].index.is_meta and model[0].weight.is_meta)


def refusal(tool, threads):
    said = io.StringIO()
    with contextlib.redirect_stderr(said):
        try:
            return tool.check_blas(threads)
        except SystemExit:
            return said.getvalue()


def test_blas(tool, folder):
    tool.loaded_blas = lambda: '/lib/openblas-pthread/libblas.so.3'
    for parallel, threads, good in (2, 2, True), (1, 2, False), (0, 2, False), (1, 1, True):
        tool.openblas_in = lambda file: (parallel, 'OpenBLAS 0.3.29')  # noqa: B023
        said = refusal(tool, threads)
        check(f'OpenBLAS with threads of kind {parallel}, {threads} of them',
              said == 'OpenBLAS 0.3.29' if good else OPENMP in said, said)
    tool.openblas_in = lambda file: None
    for file, good in (('/lib/blas/libblas.so.3.12.1', False), (None, True),
                       ('/lib/blis-openmp/libblas.so.3', True)):
        tool.loaded_blas = lambda: file  # noqa: B023
        said = refusal(tool, 2)
        check(f'a BLAS in {file}', said == file if good else OPENMP in said, said)
    reference = glob.glob('/usr/lib/*/blas/libblas.so.3')
    if not reference:
        report.skip('PyTorch with the reference BLAS', 'it is not here')
        return
    done, calls = run(folder, folder, '--json', '--sizes', 'S', '--types', 'f32',
                      LD_LIBRARY_PATH=str(Path(reference[0]).parent))
    check('with the reference BLAS nothing is compared, and it is said what to install',
          done.returncode == 1 and done.stderr.count(OPENMP) == 1 and not calls and
          not done.stdout, (done, calls))


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        done, _ = run(folder, name, '--json')
        check('a folder without models_edt.py is refused',
              done.returncode == 1 and 'models_edt.py' in done.stderr, done.stderr)
        (folder / 'models_edt.py').write_text(NETWORK)
        for program, text in ('edt', EDT), ('gpu-bench', GPU_BENCH):
            (folder / program).write_text(text)
            (folder / program).chmod(0o755)
        test_sampling(folder)
        test_training(folder)
        test_choices(folder)
        tool = the_tool()
        test_placing(tool)
        test_blas(tool, folder)
    report.done()


main()

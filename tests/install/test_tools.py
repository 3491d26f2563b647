# SPDX-License-Identifier: GPL-3.0-or-later
#
# Every program of tools/ answers --help and refuses words it does not know, before it sets up, builds
# or fetches anything: whatever could do that is replaced by a program that says so.  A machine that
# works in a Debian 13 folder is imitated, where nothing is set up yet.
# Usage: test_tools.py SCRATCH TOOLS.  Prints TAP.
import os
import shutil
import subprocess
import sys
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).parent.parent))
from report import Report  # noqa: E402

scratch, tools = Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve()
report = Report()
DOERS = ('meson', 'ninja', 'unshare', 'chroot', 'mount', 'apt-get', 'apt', 'apt-cache', 'dnf',
         'debootstrap', 'sudo', 'npm', 'curl', 'wget', 'git', 'nvcc', 'edt', 'taskset', 'gimp-3',
         'gimp-console-3')
# What is wrong for each, but for an option that nobody has.
WRONG = {'canvas-pictures': ['a', 'b'], 'class-sheet': [], 'cuda-resources': ['hopper'],
         'dataset-classes': ['a', 'b'], 'dataset-keywords': ['a', 'b'],
         'dataset-stickers': ['a', 'b'], 'demo': ['--freedom', '0.5'], 'evaluate-stickers': ['model'], 'install': ['--remove', 'all'], 'package': ['--test', 'a', 'b'],
         'run': [], 'setup': ['now'], 'test': ['files'], 'test-arm64': ['--suite'],
         'stickers/train-codec': ['dataset'], 'compare-pytorch': [], 'measure-load': ['fast']}
SKETCH, HEART = (str(tools.parent / 'data/pictures' / name) for name in ('fox-sketch.png', 'heart.png'))
ALSO_WRONG = {
    'dataset-stickers': (['--classes', 'some', 'a'],),
    'class-sheet': (['nosuch'], ['/etc']),
    'compare-pytorch': (['--sizes', 'L', 'checkout'], ['--types', '', 'checkout'],
                        ['--train', '--sizes', 'B', 'checkout'], ['nosuch']),
    'evaluate-stickers': (['--seeds', '0', 'model', 'dataset'], ['--classes', '-1', 'model', 'dataset']),
    'stickers/train-codec': (['nosuch', '-o', 'codec'], ['/', '-o', '/nowhere/codec'], ['/', '-o', '/tmp'],
                             ['/', '-o', 'codec', '--steps', '0'], ['/', '-o', 'codec', '--minutes', 'inf'],
                             ['/', '-o', 'codec', '--minutes', 'nan'], ['/', '-o', 'codec', '--rate', '0'],
                             ['/', '--start', 'nosuch', '--measure']),
    'measure-load': (['--only', 'nothing'], ['--rounds', '0'], ['--ranks', '--only', 'sampling'],
                     ['--ranks', '--spins', '9']),
    'demo': (['nosuch'], ['/etc'], [SKETCH, HEART], ['--sketch', 'nosuch'], ['--fill', 'nosuch'],
             ['--model', 'nosuch'], ['--model', SKETCH, '--vae', 'nosuch'], ['--sketch', SKETCH, HEART],
             ['--morph', 'owl', HEART], ['--tile', HEART], ['--gui', '--seed', '3'], ['--gui', '--tile'],
             ['--seed', '7)'], ['--steps', 'many'], ['--sketch', SKETCH, '--freedom', '2'])}


def run(name, *words):
    """Exit code, what was said, and what of the machine was asked for."""
    done = scratch / 'done'
    done.write_text('')
    environment = os.environ | {
        'PATH': f'{scratch}/bin:{os.environ["PATH"]}', 'DONE': str(done), 'HOME': str(scratch / 'home'),
        'XDG_CACHE_HOME': str(scratch / 'cache'), 'EDT_MACHINE_KIND': 'root'}
    result = subprocess.run([tools / name, *words], env=environment, text=True, cwd=scratch,
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, timeout=120)
    left = sorted(str(path) for place in ('home', 'cache') for path in (scratch / place).rglob('*'))
    return result.returncode, result.stdout, done.read_text() + ' '.join(left)


def programs():
    paths = [*tools.glob('*'), *tools.glob('*/*')]
    return sorted(str(path.relative_to(tools)) for path in paths
                  if path.is_file() and os.access(path, os.X_OK))


def test(name):
    if name == 'dataset-classes' and not shutil.which('node'):
        report.skip(name, 'node is not here')
        return
    code, said, done = run(name, '--help')
    report.check(f'{name} --help', code == 0 and Path(name).name in said and not done,
                 f'{code} {done}\n{said}')
    for words in (['--nonsense'], WRONG[name], *ALSO_WRONG.get(name, ())):
        code, said, done = run(name, *words)
        report.check(f'{name} {" ".join(words)}: refused', code != 0 and said.strip() and
                     'Traceback' not in said and 'realpath:' not in said and not done,
                     f'{code} {done}\n{said}')


def test_failures():
    """What measure-load calls may be missing, or fail: a sentence, with what was said of it."""
    few = scratch / 'few'
    few.mkdir()
    for name in ('python3', 'env', 'sh'):
        (few / name).symlink_to(shutil.which(name))

    def ends(what, said):
        done = subprocess.run([tools / 'measure-load', '--ranks'], env={'PATH': str(few)}, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120)
        report.check(what, done.returncode and said in done.stdout and 'Traceback' not in done.stdout,
                     done.stdout)

    ends('measure-load --ranks without mpirun', '--ranks needs mpirun')
    for name in ('mpirun', 'edt'):
        (few / name).write_text('#!/bin/sh\necho "edt: error: there is no such model" >&2\nexit 3\n')
        (few / name).chmod(0o755)
    if len(os.sched_getaffinity(0)) < 2:
        report.skip('measure-load --ranks that fails', 'there is one core only')
    else:
        ends('measure-load --ranks that fails', 'ended with 3.\nedt: error: there is no such model\n')


shutil.rmtree(scratch, ignore_errors=True)
for doer in DOERS:
    path = scratch / 'bin' / doer
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text('#!/bin/sh\necho "$0 $*" >>"$DONE"\nexit 1\n')
    path.chmod(0o755)
for folder in ('home', 'cache', 'checkout', 'dataset'):
    (scratch / folder).mkdir()
(scratch / 'checkout/models_edt.py').touch()
(scratch / 'dataset/classes.json').touch()
report.check('every program is tried', programs() == sorted(WRONG), programs())
for program in programs():
    test(program)
test_failures()
shutil.rmtree(scratch)
report.done()

# SPDX-License-Identifier: GPL-3.0-or-later
#
# What the parts of soak.py share: edt on a tiny model in a scratch folder, run whole, killed, or
# under something.
import os
import random
import shutil
import signal
import subprocess
import sys
import time
import zlib
import struct
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).parent.parent))
from report import Report  # noqa: E402

READY = ('--steps', '1', '--batch-size', '1', '--type', 'f32')
TRAIN = ('--size', '16', '--batch', '2', '--micro', '2', '--type', 'f32', '--log-every', '1',
         '--save-every', '0')

report = Report()
check, skip = report.check, report.skip
options = environment = None


def begin(chosen):
    """chosen: scratch folder, program, data, kills, lines, seed."""
    global options, environment
    options = chosen
    home = fresh('home')
    # MALLOC_PERTURB_ (of meson) writes on memory that is only reserved: then limits mean nothing
    environment = {key: value for key, value in os.environ.items()
                   if not key.startswith(('XDG_', 'EDT_', 'MALLOC_'))}
    environment |= {'HOME': str(home), 'XDG_DATA_HOME': str(home),
                    'XDG_STATE_HOME': str(home / 'state'), 'EDT_THREADS': '1'}
    random.seed(options.seed)
    print(f'# --seed {options.seed}')
    import_model()


def fresh(name):
    folder = options.scratch / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def start(cwd, *arguments, under=(), **more):
    return subprocess.Popen([*under, options.edt, *map(str, arguments)], cwd=cwd, env=environment,
                            text=True, **({'stdin': subprocess.DEVNULL} | more))


def run(cwd, *arguments, **more):
    process = start(cwd, *arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **more)
    out, err = process.communicate()
    return process.returncode, out + err


def run_whole(cwd, *arguments):
    """Undisturbed; gives the seconds that it took."""
    began = time.monotonic()
    code, text = run(cwd, *arguments)
    if code != 0:
        raise SystemExit(f'edt {" ".join(map(str, arguments))}: {code}\n{text}')
    return time.monotonic() - began


def run_killed(cwd, seconds, *arguments):
    """None where it was killed, after so many seconds; else exit code and what it said."""
    with open(options.scratch / 'said', 'w+') as said:
        process = start(cwd, *arguments, stdout=said, stderr=said)
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
        code = process.wait()
        said.seek(0)
        return None if code == -signal.SIGKILL else (code, said.read())


def contents(folder):
    return {str(path.relative_to(folder)): path.read_bytes()
            for path in sorted(folder.rglob('*')) if path.is_file()}


def differences(folder, whole):
    found, wanted = contents(folder), contents(whole)
    return sorted(name for name in found.keys() | wanted.keys() if found.get(name) != wanted.get(name))


def in_history():
    return sorted((options.scratch / 'home/state/edt/history').glob('*.png'))


def import_model():
    code, text = run(options.scratch, 'import', f'{options.data}/edt_tiny_bare.pt',
                     '--vae', f'{options.data}/vae_small_modern.safetensors')
    if code != 0:
        raise SystemExit(text)


def picture(path, colour):
    def chunk(kind, data):
        return (struct.pack('>I', len(data)) + kind + data +
                struct.pack('>I', zlib.crc32(kind + data)))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b'\x89PNG\r\n\x1a\n' +
                     chunk(b'IHDR', struct.pack('>IIBBBBB', 16, 16, 8, 2, 0, 0, 0)) +
                     chunk(b'IDAT', zlib.compress((b'\0' + bytes(colour) * 16) * 16)) +
                     chunk(b'IEND', b''))


def two_pictures(folder):
    """Two classes, of one picture each."""
    picture(folder / 'red/1.png', (255, 0, 0))
    picture(folder / 'blue/1.png', (0, 0, 255))

# SPDX-License-Identifier: GPL-3.0-or-later
#
# Work that is killed at random moments and begun again until it is done comes to the same bits as
# work that nobody disturbed; a disk that is full, short memory and a model that changes lose
# nothing and make no wrong picture.  Usage:
#     soak.py SCRATCH EDT DATA [--only NAME...] [--kills N] [--lines N] [--seed N]
# DATA is tests/golden/data/pt.  Prints TAP.  CI runs a few rounds; README.md has the long ones.
import argparse
import json
import os
import random
import resource
import shutil
import signal
import struct
import subprocess
import sys
import time
import zlib
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).parent.parent))
from report import Report  # noqa: E402

READY = ('--steps', '1', '--batch-size', '1', '--type', 'f32')
TRAIN = ('--size', '16', '--batch', '2', '--micro', '2', '--type', 'f32', '--log-every', '1',
         '--save-every', '0', '--steps', '4')
RUN_FILES = {'.lock', 'checkpoint.safetensors', 'model.safetensors', 'log.jsonl'}

report = Report()
check, skip = report.check, report.skip
options = environment = None


# ---- running edt ----

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


# ---- what is killed ----

def kill_until_done(cwd, span, kills, words):
    """Repeats a run until it ends by itself; at most KILLS times it is killed."""
    done, killed = None, 0
    while not done:
        patience = random.uniform(0, 1.2 * span) if killed < kills else None
        done = run_killed(cwd, patience, *words)
        killed += not done
    return killed, done


def soak_jobs():
    whole, cwd = fresh('jobs-whole'), fresh('jobs')
    jobs = options.scratch / 'jobs.jsonl'
    with open(jobs, 'w') as file:
        for i in range(options.lines):
            job = {'class': i % 10, 'seed': i}
            if i % 3:
                job['output'] = f'set/{i:05}.png'
            file.write(json.dumps(job) + '\n')
    (whole / 'set').mkdir()
    (cwd / 'set').mkdir()
    words = ('sample', '--jobs', jobs, '-o', 'set/', *READY)
    span = run_whole(whole, *words)
    killed, (code, text) = kill_until_done(cwd, span / 4, options.kills, words)
    check(f'{options.lines} job lines, killed {killed} times, end well', code == 0, text)
    wrong = differences(cwd, whole)
    check('each picture is there once, and right', not wrong and
          len(contents(cwd)) == options.lines, wrong)


def soak_archive():
    whole, cwd = fresh('archive-whole'), fresh('archive')
    words = ('sample', '--npz', 'a.npz', '-n', str(options.lines), *READY)
    span = run_whole(whole, *words)
    killed, (code, text) = kill_until_done(cwd, span / 4, options.kills, words)
    check(f'an archive, killed {killed} times, ends well', code == 0, text)
    check('and has the same bits', not differences(cwd, whole), differences(cwd, whole))


def picture(path, colour):
    def chunk(kind, data):
        return (struct.pack('>I', len(data)) + kind + data +
                struct.pack('>I', zlib.crc32(kind + data)))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b'\x89PNG\r\n\x1a\n' +
                     chunk(b'IHDR', struct.pack('>IIBBBBB', 16, 16, 8, 2, 0, 0, 0)) +
                     chunk(b'IDAT', zlib.compress((b'\0' + bytes(colour) * 16) * 16)) +
                     chunk(b'IEND', b''))


def steps_logged(folder):
    lines = [json.loads(line) for line in (folder / 'log.jsonl').read_text().splitlines()]
    return {line['step'] for line in lines if line['event'] == 'train'}


def check_run(number, folder, whole):
    names = ['checkpoint.safetensors', 'model.safetensors']
    wrong = [name for name in names if (folder / name).read_bytes() != (whole / name).read_bytes()]
    check(f'training {number} came to the same bits', not wrong, wrong)
    check('and its log has every step', steps_logged(folder) == steps_logged(whole))


def train_killed(cwd, span, kills):
    """One training to its end; how often it was killed, and what was wrong."""
    wrong, killed = [], 0
    folder = cwd / 'run'
    shutil.rmtree(folder, ignore_errors=True)
    while True:
        begun = (folder / 'checkpoint.safetensors').exists()
        words = ('train', '-o', 'run', '--resume') if begun else ('train', '../pictures', '-o',
                                                                   'run', '--force')
        patience = random.uniform(0, 1.2 * span) if killed < kills else None
        done = run_killed(cwd, patience, *words, *(TRAIN if not begun else TRAIN[-6:]))
        strange = {path.name for path in folder.glob('*')} - RUN_FILES
        wrong += sorted(name for name in strange if not name.startswith('samples-'))
        if done:
            return killed, wrong + ([] if done[0] == 0 else [done[1]])
        killed += 1


def soak_training():
    picture(options.scratch / 'pictures/red/1.png', (255, 0, 0))
    picture(options.scratch / 'pictures/blue/1.png', (0, 0, 255))
    whole, cwd = fresh('training-whole'), fresh('training')
    span = run_whole(whole, 'train', '../pictures', '-o', 'run', *TRAIN)
    killed, number = 0, 0
    while killed < options.kills:
        number += 1
        more, wrong = train_killed(cwd, span, min(5, options.kills - killed))
        killed += more
        check(f'training {number}, {more} kills, ends well', not wrong, '\n'.join(wrong))
        check_run(number, cwd / 'run', whole / 'run')
    print(f'# {killed} kills in {number} trainings')


# ---- what else goes wrong ----

def disturbed(cwd, model, disturb):
    """The network is loaded, then disturb() happens, then a job comes and with it the decoder."""
    process = start(cwd, 'sample', '-m', model, '--jobs', '-', *READY, stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    process.stdin.write('no job\n')  # it is complained about when the network is loaded
    process.stdin.flush()
    first = process.stdout.readline()
    disturb()
    out, err = process.communicate('{"class": 1, "seed": 4, "output": "a.png"}\n')
    return process.returncode, first + out + err


def soak_model():
    source = next((options.scratch / 'home').rglob('*.safetensors'))
    cwd = fresh('model')
    model, painted = cwd / 'model.safetensors', cwd / 'a.png'

    def rewrite():  # of the same size
        data = model.read_bytes()
        with open(model, 'r+b') as file:
            file.write(data[:len(data) // 2] + bytes(len(data) - len(data) // 2))

    def rename():
        other = cwd / 'other'
        other.write_bytes(bytes(model.stat().st_size))
        os.replace(other, model)

    def attempt(disturb):
        painted.unlink(missing_ok=True)
        shutil.copyfile(source, model)
        code, text = disturbed(cwd, model, disturb)
        return code, text, painted.read_bytes() if painted.exists() else None

    code, text, right = attempt(lambda: None)
    check('a model that nobody touches makes a picture', code == 1 and right, text)
    for name, disturb in (('deleted', model.unlink), ('replaced', rename)):
        code, text, found = attempt(disturb)
        check(f'a model that is {name} makes the same picture', found == right, text)
    code, text, found = attempt(rewrite)
    check('a model that is rewritten in place makes none, and says why',
          code == 1 and found is None and 'changed' in text, f'{code}\n{text}')


def limited(limit):
    return lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


def soak_memory():
    cwd, least, most = fresh('memory'), 16 << 20, 8 << 30
    words = ('sample', '--class', '1', '--seed', '4', '-o', 'a.png', '--force', *READY)
    limits, aborted, bad = [], 0, []

    def enough(limit):
        nonlocal aborted
        (cwd / 'a.png').unlink(missing_ok=True)
        code, text = run(cwd, *words, preexec_fn=limited(limit))
        limits.append(limit)
        left = sorted(contents(cwd))
        if -code in (signal.SIGTRAP, signal.SIGABRT):
            aborted += 1  # GLib's answer where some bytes cannot be had
        elif code < 0:
            bad.append(f'{limit >> 20} MiB: signal {-code}\n{text}')
        if left != (['a.png'] if code == 0 else []):
            bad.append(f'{limit >> 20} MiB: code {code}, {left}\n{text}')
        return code == 0

    check('with much memory it works', enough(most))
    while most - least > 1 << 20:
        middle = (least + most) // 2
        least, most = (least, middle) if enough(middle) else (middle, most)
    for _ in range(options.kills):
        enough(random.randrange(most // 4, most))
    check(f'{len(limits)} limits of memory, {most >> 20} MiB is enough: no crash, nothing half',
          not bad, '\n'.join(bad))
    print(f'# {aborted} times GLib ended it')


FULL = '''mount -t tmpfs -o size=$1 none "$2" || exit 99
full=$2 taken=$3 late=$4; shift 4
"$@" & edt=$!
if [ -n "$late" ]; then # somebody else takes the rest when the first file is there
    until [ -e "$full/$late" ] || ! kill -0 $edt; do sleep 0.01; done
    head -c 100M /dev/zero >"$full/rest"
fi
wait $edt; code=$?
rm -f "$full/rest"
cp -a "$full/." "$taken/"; umount "$full"; exit $code'''
# In a chroot the root is no mount, whose propagation could be changed.
OWN_MOUNTS = [['unshare', '--mount'], ['unshare', '--mount', '--propagation', 'unchanged']]


def own_mounts():
    """What begins a command that may mount; None without leave."""
    script = 'mount -t tmpfs none "$0" && umount "$0"'
    tries = [[*words, 'sh', '-c', script, fresh('mount')] for words in OWN_MOUNTS]
    return next((words for words, command in zip(OWN_MOUNTS, tries)
                 if subprocess.run(command, capture_output=True).returncode == 0), None)


def on_small_disk(mounts, size, late, cwd, *arguments):
    """cwd/full is a disk of so many bytes, filled when the file LATE is there ('': not at all);
    gives what was on it at the end, too."""
    (cwd / 'full').mkdir(exist_ok=True)
    taken = fresh(cwd.name + '/taken')
    under = (*mounts, 'sh', '-c', FULL, 'sh', str(size), str(cwd / 'full'), str(taken), late)
    code, text = run(cwd, *arguments, under=under)
    return code, text, contents(taken)


def soak_disk():
    mounts = own_mounts()
    if not mounts:
        skip('a full disk', 'no leave to mount one')
        return
    whole, cwd = fresh('disk-whole'), fresh('disk')
    words = ('sample', '-n', '100', '--class', '1', '--seed', '4', '-o', 'full/%03d.png', *READY)
    (whole / 'full').mkdir()
    run_whole(whole, *words)
    right = contents(whole / 'full')
    size = sum(len(data) for data in right.values())
    code, text, left = on_small_disk(mounts, size // 2, '', cwd, *words)
    check('what has no room is not begun', code == 2 and not left, f'{code}\n{text}')
    before = len(in_history())
    code, text, left = on_small_disk(mounts, 4 * size, '000.png', cwd, *words)
    check('a disk that is full in the middle ends the run', code == 1, f'{code}\n{text}')
    check('what was written is whole', 0 < len(left) < 100 and
          all(right[name] == data for name, data in left.items()), sorted(left))
    check('the picture that has no room is kept', len(in_history()) == before + 1, text)


PARTS = {'jobs': soak_jobs, 'archive': soak_archive, 'training': soak_training,
         'model': soak_model, 'memory': soak_memory, 'disk': soak_disk}


def main():
    global options, environment
    parser = argparse.ArgumentParser()
    parser.add_argument('scratch', type=lambda path: Path(path).resolve())
    parser.add_argument('edt', type=os.path.abspath)
    parser.add_argument('data', type=os.path.abspath)
    parser.add_argument('--only', nargs='+', default=list(PARTS), choices=list(PARTS))
    parser.add_argument('--kills', type=int, default=3)
    parser.add_argument('--lines', type=int, default=20)
    parser.add_argument('--seed', type=int, default=time.time_ns() % 100000)
    options = parser.parse_args()
    home = fresh('home')
    environment = {key: value for key, value in os.environ.items()
                   if not key.startswith(('XDG_', 'EDT_'))}
    environment |= {'HOME': str(home), 'XDG_DATA_HOME': str(home),
                    'XDG_STATE_HOME': str(home / 'state'), 'EDT_THREADS': '1'}
    random.seed(options.seed)
    print(f'# --seed {options.seed}')
    import_model()
    for name in options.only:
        PARTS[name]()
    shutil.rmtree(options.scratch)
    report.done()


main()

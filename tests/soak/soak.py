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
import shutil
import subprocess
import sys
import time
from pathlib import Path

sys.dont_write_bytecode = True
import limits  # noqa: E402
import work  # noqa: E402
from work import (READY, check, contents, differences, fresh, run_killed,  # noqa: E402
                  run_whole, start, two_pictures)

TRAIN = (*work.TRAIN, '--steps', '4')
RUN_FILES = {'.lock', 'checkpoint.safetensors', 'model.safetensors', 'log.jsonl'}


# ---- what is killed ----

def kill_until_done(cwd, span, kills, words):
    """Repeats a run of SPAN seconds until it ends by itself; about KILLS times it is killed."""
    done, killed = None, 0
    while not done:
        patience = random.uniform(0, 2 * span / kills) if killed < kills else None
        done = run_killed(cwd, patience, *words)
        killed += not done
    return killed, done


def soak_jobs():
    whole, cwd = fresh('jobs-whole'), fresh('jobs')
    jobs = work.options.scratch / 'jobs.jsonl'
    with open(jobs, 'w') as file:
        for i in range(work.options.lines):
            job = {'class': i % 10, 'seed': i}
            if i % 3:
                job['output'] = f'set/{i:05}.png'
            file.write(json.dumps(job) + '\n')
    (whole / 'set').mkdir()
    (cwd / 'set').mkdir()
    words = ('sample', '--jobs', jobs, '-o', 'set/', *READY)
    span = run_whole(whole, *words)
    killed, (code, text) = kill_until_done(cwd, span, work.options.kills, words)
    check(f'{work.options.lines} job lines, killed {killed} times, end well', code == 0, text)
    wrong = differences(cwd, whole)
    check('each picture is there once, and right', not wrong and
          len(contents(cwd)) == work.options.lines, wrong)


def soak_archive():
    whole, cwd = fresh('archive-whole'), fresh('archive')
    words = ('sample', '--npz', 'a.npz', '-n', str(work.options.lines), *READY)
    span = run_whole(whole, *words)
    killed, (code, text) = kill_until_done(cwd, span, work.options.kills, words)
    check(f'an archive, killed {killed} times, ends well', code == 0, text)
    check('and has the same bits', not differences(cwd, whole), differences(cwd, whole))


def steps_logged(folder):
    lines = [json.loads(line) for line in (folder / 'log.jsonl').read_text().splitlines()]
    return {line['step'] for line in lines if line['event'] == 'train'}


def check_run(number, folder, whole):
    names = ['checkpoint.safetensors', 'model.safetensors']
    wrong = [name for name in names if (folder / name).read_bytes() != (whole / name).read_bytes()]
    check(f'training {number} came to the same bits', not wrong, wrong)
    check('and its log has every step', steps_logged(folder) == steps_logged(whole))


def train_killed(cwd, span, kills):
    """One training to its end; how often it was killed, what was wrong, and how long it takes."""
    wrong, killed, since = [], 0, time.monotonic()
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
            took = span if killed else min(span, time.monotonic() - since)
            return killed, wrong + ([] if done[0] == 0 else [done[1]]), took
        killed += 1


def soak_training():
    two_pictures(work.options.scratch / 'pictures')
    whole, cwd = fresh('training-whole'), fresh('training')
    span = run_whole(whole, 'train', '../pictures', '-o', 'run', *TRAIN)
    killed, number = 0, 0
    while killed < work.options.kills:
        number += 1
        more, wrong, span = train_killed(cwd, span, min(5, work.options.kills - killed))
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
    source = next((work.options.scratch / 'home').rglob('*.safetensors'))
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


PARTS = {'jobs': soak_jobs, 'archive': soak_archive, 'training': soak_training,
         'model': soak_model} | limits.PARTS


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('scratch', type=lambda path: Path(path).resolve())
    parser.add_argument('edt', type=os.path.abspath)
    parser.add_argument('data', type=os.path.abspath)
    parser.add_argument('--only', nargs='+', default=list(PARTS), choices=list(PARTS))
    parser.add_argument('--kills', type=int, default=3)
    parser.add_argument('--lines', type=int, default=20)
    parser.add_argument('--seed', type=int, default=time.time_ns() % 100000)
    options = parser.parse_args()
    work.begin(options)
    for name in options.only:
        PARTS[name]()
    shutil.rmtree(options.scratch)
    work.report.done()


main()

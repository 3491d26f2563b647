# SPDX-License-Identifier: GPL-3.0-or-later
#
# The parts of soak.py where something runs out: memory, of a process or of a control group, and the
# room on a disk.
import json
import os
import random
import resource
import signal
import subprocess
from pathlib import Path

import work
from work import (READY, TRAIN, check, contents, fresh, in_history, run, run_whole, skip,
                  two_pictures)


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
    for _ in range(work.options.kills):
        enough(random.randrange(most // 4, most))
    check(f'{len(limits)} limits of memory, {most >> 20} MiB is enough: no crash, nothing half',
          not bad, '\n'.join(bad))
    print(f'# {aborted} times GLib ended it')


def memory_group():
    """A control group of our own in the one we are in, and the name of its limit; or None and why."""
    for line in Path('/proc/self/cgroup').read_text().splitlines():
        _, controllers, path = line.split(':', 2)
        if controllers and 'memory' not in controllers.split(','):
            continue
        folder = Path('/sys/fs/cgroup', *(['memory'] if controllers else []), path.lstrip('/'))
        name = 'memory.limit_in_bytes' if controllers else 'memory.max'
        group = folder / f'edt-soak-{os.getpid()}'
        try:
            group.mkdir()
            if (group / name).exists():
                return group, name
            group.rmdir()
        except OSError:
            pass
    return None, 'no leave to make a control group with memory'


def within(group):
    return lambda: (group / 'cgroup.procs').write_text(str(os.getpid()))


def expect_refused(name, group, cwd, *arguments, **more):
    """It says what it needs before it takes it, and leaves nothing; nobody kills it."""
    before = contents(cwd)
    code, text = run(cwd, *arguments, preexec_fn=within(group), **more)
    check(f'{name}: refused with a sentence', code == 4 and 'memory' in text and 'is free' in text,
          f'{code}\n{text}')
    check(f'{name}: nothing is left', contents(cwd) == before, sorted(contents(cwd)))


def soak_cgroup():
    group, name = memory_group()
    if not group:
        skip('memory of a control group', name)
        return
    cwd = fresh('cgroup')
    two_pictures(cwd / 'pictures')
    sample = ('sample', '--class', '1', '--seed', '4', *READY, '-o')
    train = ('train', 'pictures', '--steps', '1', '--size', '128', '--type', 'f32')
    module = Path(work.options.edt).parent.parent / 'cuda/libedt-cuda.so'
    cuda = ['env', f'EDT_CUDA_MODULE={module}'] if module.exists() else []
    try:
        for mib in (24, 100):
            (group / name).write_text(str(mib << 20))
            expect_refused(f'sample in {mib} MiB', group, cwd, *sample, 'a.png')
            expect_refused(f'train in {mib} MiB', group, cwd, *train, '-o', 'run')
            # one that is named is loaded without a driver, and its libraries take more than that
            expect_refused(f'sample in {mib} MiB, CUDA', group, cwd, *sample, 'a.png', under=cuda)
        (group / name).write_text(str(512 << 20))
        expect_refused('train a large batch in 512 MiB', group, cwd, *train, '-b', '256', '--micro',
                       '256', '-o', 'run')
        code, text = run(cwd, *sample, 'b.png', preexec_fn=within(group))
        check('sample in 512 MiB', code == 0 and (cwd / 'b.png').exists(), f'{code}\n{text}')
    finally:
        group.rmdir()


FULL = '''mount -t tmpfs -o size=$1 none "$2" || exit 99
full=$2 taken=$3 late=$4; shift 4
"$@" & edt=$!
if [ -n "$late" ]; then # somebody else takes the rest when the first file is there
    until [ -e "$full/$late" ] || ! kill -0 $edt; do sleep 0.01; done
    cat /dev/zero >"$full/rest"
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


# ---- a training ----

def is_whole_log(data):
    return data.endswith(b'\n') and all(json.loads(line) for line in data.splitlines())


def soak_train_disk():
    """There is room for one checkpoint, and for nothing once it is there; the run goes on later."""
    mounts = own_mounts()
    if not mounts:
        skip('a full disk during a training', 'no leave to mount one')
        return
    two_pictures(work.options.scratch / 'pictures')
    train = (*TRAIN, '--steps', '3', '--sample-every', '1', '--sample-steps', '1')
    whole, cwd = fresh('train-disk-whole'), fresh('train-disk')
    run_whole(whole, 'train', '../pictures', '-o', 'run', *train)
    right = contents(whole / 'run')
    size = len(right['checkpoint.safetensors']) * 3 // 2
    code, text, left = on_small_disk(mounts, size, 'run/checkpoint.safetensors', cwd, 'train',
                                     '../pictures', '-o', 'full/run', *train)
    check('a disk that is full ends a training with a sentence', code == 1 and
          'error: ' in text and 'No checkpoint yet' in text, f'{code}\n{text}')
    check('nothing half-written is left', all(
        Path(name).name in right for name in left), sorted(left))
    cwd = fresh('train-disk-later')
    for name, data in left.items():
        (cwd / name).parent.mkdir(parents=True, exist_ok=True)
        (cwd / name).write_bytes(data)
    with open(cwd / 'run/log.jsonl', 'a') as log:
        log.write('{"event":"tra')  # as of a line that had no room
    begun = train[train.index('--log-every'):]
    run_whole(cwd, 'train', '-o', 'run', '--resume', *begun)
    now = contents(cwd / 'run')
    wrong = [name for name in ('checkpoint.safetensors', 'model.safetensors')
             if now.get(name) != right[name]]
    check('the last checkpoint was whole, and goes on to the same bits', not wrong, wrong)
    check('the log has whole lines only', is_whole_log(now['log.jsonl']))


def soak_latents_disk():
    """There is no room for the latents of the pictures."""
    mounts = own_mounts()
    if not mounts:
        skip('a full disk while latents are made', 'no leave to mount one')
        return
    two_pictures(work.options.scratch / 'pictures')
    vae = f'{work.options.data}/vae_small_modern.safetensors'
    code, text, left = on_small_disk(mounts, 4096, '', fresh('latents-disk'), 'train',
                                     '../pictures', '-o', 'full/run', '--vae', vae, *TRAIN,
                                     '--steps', '1')
    check('no room for latents: told', code in (1, 2) and 'error: ' in text, f'{code}\n{text}')
    check('no room for latents: nothing is left',
          all(Path(name).name == '.lock' for name in left), sorted(left))


def soak_disk_of_training():
    soak_train_disk()
    soak_latents_disk()


PARTS = {'memory': soak_memory, 'cgroup': soak_cgroup, 'disk': soak_disk,
         'train-disk': soak_disk_of_training}

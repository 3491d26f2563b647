# SPDX-License-Identifier: GPL-3.0-or-later
#
# What `run` counts and refuses, with programs in the places of ninja and of the targets: those count
# as libFuzzer does, end as they are told by $TOLD, and fuzz nothing.
# Usage: test_run.py SCRATCH RUN.  Prints TAP.
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).parent.parent))
from report import Report  # noqa: E402

scratch, script = Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve()
report = Report()
check = report.check
build, table, began = scratch / 'build', scratch / 'table.md', scratch / 'began'

NINJA = '''#!/bin/sh
echo built >>"$SCRATCH/built"
'''
TARGET = r'''#!/bin/sh
end() { echo "stat::number_of_executed_units: $1"; exit "$2"; }
trap 'end 700 72' TERM
n=${1#-*=}
echo "$0 $1 $4" | sed 's,.*edt-fuzz-,,' >>"$SCRATCH/began"
printf '#2\tINITED cov: 1\n#512\tpulse  cov: 2\n'
case $TOLD in
wait) while :; do sleep 0.02; done ;;
find) end 300 77 ;;
*) end "$n" 0 ;;
esac
'''


def program(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)


def set_up():
    shutil.rmtree(scratch, ignore_errors=True)
    program(scratch / 'bin/ninja', NINJA)
    build.mkdir()
    (build / 'build.ninja').touch()
    for target in ('npy', 'png'):
        program(build / 'tests/fuzz' / f'edt-fuzz-{target}', TARGET)
    table.write_text('# Title\n\n| target | inputs | commit | date |\n|---|---|---|---|\n'
                     '| npy | 40 | abc | 2026-01-01 |\n| png (and more) | 5 | abc | 2026-01-01 |\n'
                     '\nText.\n')


def heed_signals():
    """Where they are ignored (nohup) a shell cannot trap them."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


def start(*words, told='', portion=1000):
    environment = os.environ | {
        'PATH': f'{scratch}/bin:{os.environ["PATH"]}', 'SCRATCH': str(scratch), 'TOLD': told,
        'TMPDIR': str(scratch),
        'EDT_FUZZ_BUILD': str(build), 'EDT_FUZZ_TABLE': str(table), 'EDT_FUZZ_PORTION': str(portion)}
    return subprocess.Popen([script, *words], env=environment, text=True, start_new_session=True,
                            preexec_fn=heed_signals, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def finish(process):
    """Its exit code and what it said; who does not end is ended."""
    try:
        said = process.communicate(timeout=60)[0]
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        said = process.communicate()[0]
    return process.returncode, said


def run(*words, **more):
    return finish(start(*words, **more))


def counts():
    rows = [line.split('|')[1:3] for line in table.read_text().splitlines() if line.startswith('| ')]
    return {name.split()[0]: int(number) for name, number in rows[1:]}


def interrupted(number):
    """Its exit code, after a signal while the first target waits."""
    process = start('until', '9000', 'npy', told='wait')
    log = build / 'npy.log'
    while process.poll() is None and not (log.exists() and b'#512' in log.read_bytes()):
        time.sleep(0.02)
    if number == signal.SIGKILL:  # everything at once, as when the machine goes down
        os.killpg(process.pid, number)
    else:
        process.send_signal(number)
    return finish(process)[0]


def test_words():
    set_up()
    for words, sentence in ((('sometime',), 'How many seconds'), (('0',), 'from 1 on'),
                            (('5', 'nyp'), 'no target "nyp"; there are'),
                            (('until',), 'until what?'), (('until', 'npy'), 'from 1 on, not "npy"'),
                            (('until', '-5'), 'from 1 on'), (('until', '5', 'npy', ''), 'no target ""'),
                            (('keep', 'everything'), 'no target "everything"')):
        code, said = run(*words)
        check(f'{" ".join(words)}: refused with a sentence', code == 2 and sentence in said and
              said.count('\n') == 1, f'{code}\n{said}')
    code, said = run('--help')
    check('--help', code == 0 and 'tests/fuzz/run until INPUTS' in said, said)
    check('nothing was built for them', not (scratch / 'built').exists())


def test_counts():
    set_up()
    code, said = run('until', '2500', 'npy', 'png')
    check('until so many were tried', code == 0 and counts() == {'npy': 2500, 'png': 2500},
          f'{said}\n{table.read_text()}')
    turns = [line.split()[0] for line in began.read_text().splitlines()]
    check('each has its turn', turns == ['npy', 'png'] * 3, turns)
    check('the rest of the text stays', 'png (and more)' in table.read_text() and
          table.read_text().endswith('\n\nText.\n'), table.read_text())
    set_up()
    code, said = run('until', '2500', 'npy', told='find')
    check('a finding counts, too', code == 1 and 'npy: FOUND' in said and counts()['npy'] == 340,
          f'{code}\n{said}')
    code, said = run('5', 'npy')
    check('seconds are not counted', code == 0 and counts()['npy'] == 340, said)


def test_lengths():
    set_up()
    code, said = run('40', 'npy')
    check('an eighth of the seconds has long inputs', code == 0 and '40 runs' in said and
          began.read_text().splitlines() == ['npy -max_total_time=35 -max_len=512',
                                             'npy -max_total_time=5 -max_len=16384'],
          f'{said}\n{began.read_text()}')
    set_up()
    code, said = run('until', '9040', 'npy')
    lengths = [line.split()[-1] for line in began.read_text().splitlines()]
    check('every eighth turn, too', code == 0 and [at for at, length in enumerate(lengths)
                                                   if length == '-max_len=16384'] == [7], lengths)


def waiting_targets():
    """Of the targets of this scratch folder that still run."""
    return subprocess.run(['pgrep', '-f', f'{build}/tests/fuzz/'], stdout=subprocess.PIPE,
                          text=True).stdout.split()


def test_lanes():
    set_up()
    code, said = run('8', 'npy', 'png')
    check('seconds: each target once', code == 0 and
          sorted(said.splitlines()) == ['npy: 8 runs, nothing found', 'png: 8 runs, nothing found'],
          f'{code}\n{said}')
    set_up()
    code, said = run('8', 'npy', 'png', told='find')
    check('seconds: what one finds keeps no other from its turn', code == 1 and
          all(f'{target}: FOUND' in said for target in ('npy', 'png')), f'{code}\n{said}')
    set_up()
    process = start('8', 'npy', 'png', told='wait')
    while process.poll() is None and not began.exists():
        time.sleep(0.02)
    process.send_signal(signal.SIGTERM)
    code, said = finish(process)
    check('seconds: a signal ends them all', code == 130 and said == 'Stopped.\n' and
          not waiting_targets(), f'{code}\n{said}\n{waiting_targets()}')


def test_stops():
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        set_up()
        code = interrupted(number)
        check(f'{number.name}: counted before it ends', code == 130 and counts()['npy'] == 740,
              f'{code} {counts()}')
        run('until', '741', 'npy')
        check(f'{number.name}: and once', counts()['npy'] == 741, counts())
    set_up()
    interrupted(signal.SIGKILL)
    check('killed: not counted yet', counts()['npy'] == 40, counts())
    run('until', '553', 'npy')
    check('killed: counted at the next time, by the log', counts()['npy'] == 553 and
          began.read_text().splitlines()[-1] == 'npy -runs=1 -max_len=512',
          f'{counts()}\n{began.read_text()}')
    set_up()
    interrupted(signal.SIGKILL)
    run('5', 'npy')
    check('killed: counted before another run has its log', counts()['npy'] == 552, counts())


test_words()
test_counts()
test_lengths()
test_lanes()
test_stops()
shutil.rmtree(scratch)
report.done()

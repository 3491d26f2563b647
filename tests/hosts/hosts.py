# SPDX-License-Identifier: GPL-3.0-or-later
#
# Several hosts: network namespaces of this machine with names and addresses of their own, joined
# by a virtual cable, and mpirun that starts its processes on them over TCP.  The steps of two hosts
# are those of one; the log tells each host's rate; a host that is slow or vanishes loses nothing;
# jobs are shared, each made once.  Usage: hosts.py SCRATCH EDT MPIRUN DATA SCRIPT.  Prints TAP.
import argparse
import fcntl
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

sys.dont_write_bytecode = True
TESTS = Path(__file__).parent.parent
sys.path[:0] = [str(TESTS), str(TESTS / 'soak')]
from report import Report  # noqa: E402
from work import picture  # noqa: E402

ADDRESSES = {'a': '10.77.0.1', 'b': '10.77.0.2'}
TRAIN = ('--size', '16', '--batch', '4', '--micro', '1', '--type', 'f32', '--no-mask', '-t', '1',
         '--log-every', '1', '--sample-every', '0', '--save-every', '60')
PATIENCE = 120  # seconds for anything

report = Report()
check = report.check
options = None


# ---- hosts ----

class NoHosts(Exception):
    pass


class Hosts:
    """Each is a process that holds its namespaces; `with` takes them away again."""

    def __init__(self):
        self.held = {}

    def __enter__(self):
        for name in ADDRESSES:
            holder = subprocess.Popen(
                ['unshare', '--net', '--uts', 'sh', '-c',
                 f'hostname {name} && echo up && exec sleep {4 * PATIENCE}'],
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            self.held[name] = holder
            if holder.stdout.readline() != 'up\n':
                why = holder.stderr.read().strip()
                self.__exit__()
                raise NoHosts(f'no namespaces here: {why}')
        self.join()
        return self

    def join(self):
        a, b = (str(self.held[name].pid) for name in ADDRESSES)
        if subprocess.run(['ip', 'link', 'add', 'va', 'netns', a, 'type', 'veth', 'peer', 'name',
                           'vb', 'netns', b], stderr=subprocess.DEVNULL).returncode:
            self.__exit__()
            raise NoHosts('no virtual cables (veth) here')
        for name, address in ADDRESSES.items():
            self.on(name, 'ip', 'address', 'add', f'{address}/24', 'dev', f'v{name}')
            self.cable(name, 'up')
            self.on(name, 'ip', 'link', 'set', 'lo', 'up')
        self.agent = options.scratch / 'agent'
        self.agent.write_text('#!/bin/sh\nhost=$1\nshift\ncase $host in\n' + ''.join(
            f'{address}) pid={self.held[name].pid} ;;\n' for name, address in ADDRESSES.items()) +
            'esac\nexec nsenter -t $pid -n -u -- sh -c "$*"\n')
        self.agent.chmod(0o755)
        self.list = options.scratch / 'hostfile'
        self.list.write_text(''.join(f'{address} slots=1\n' for address in ADDRESSES.values()))

    def __exit__(self, *_):
        for holder in self.held.values():
            holder.kill()
            holder.wait()

    def command(self, name, *words):
        return ['nsenter', '-t', str(self.held[name].pid), '-n', '-u', *map(str, words)]

    def on(self, name, *words):
        subprocess.run(self.command(name, *words), check=True)

    def cable(self, name, state):
        self.on(name, 'ip', 'link', 'set', f'v{name}', state)

    def start(self, cwd, *arguments):
        """mpirun on host a, one process on each."""
        return subprocess.Popen(
            self.command('a', options.mpirun, '--prtemca', 'plm_ssh_agent', self.agent,
                         '--prtemca', 'oob_tcp_keepalive_time', 10,
                         '--prtemca', 'oob_tcp_keepalive_intvl', 2,
                         '--prtemca', 'oob_tcp_keepalive_probes', 2,
                         '--hostfile', self.list, '--map-by', 'node', '--bind-to', 'none', '-n', 2,
                         '--mca', 'btl', 'self,tcp', '--mca', 'btl_tcp_if_include', '10.77.0.0/24',
                         options.edt, *arguments),
            cwd=cwd, text=True, errors='replace', stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
            env=os.environ | {'OMPI_ALLOW_RUN_AS_ROOT': '1', 'OMPI_ALLOW_RUN_AS_ROOT_CONFIRM': '1'})

    def run(self, cwd, *arguments):
        return finish(self.start(cwd, *arguments))

    def processes(self, name):
        """Those of edt on a host."""
        net = os.readlink(f'/proc/{self.held[name].pid}/ns/net')
        found = []
        for folder in Path('/proc').glob('[0-9]*'):
            try:
                if (os.readlink(folder / 'ns/net') == net and
                        os.readlink(folder / 'exe') == os.path.realpath(options.edt)):
                    found.append(int(folder.name))
            except OSError:
                pass  # gone, or a thread of the kernel
        return found


def finish(process):
    try:
        text, _ = process.communicate(timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        text = process.communicate()[0] + '\n(did not end)'
    return process.returncode, text


# ---- pictures and logs ----

def make_pictures(folder):
    for name, shade in ('red', 200), ('blue', 40):
        for k in range(4):
            picture(folder / name / f'{k}.png', (shade, 60 * k, 240 - shade))


def steps_of(folder):
    """The log's lines of steps, whole ones."""
    try:
        lines = (folder / 'log.jsonl').read_text().splitlines()
    except FileNotFoundError:
        return []
    events = [json.loads(line) for line in lines if line.endswith('}')]
    return [event for event in events if event['event'] == 'train']


def is_left(folder):
    """Nobody holds the run."""
    with open(folder / '.lock') as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True


def wait_for(condition):
    until = time.monotonic() + PATIENCE
    while not condition() and time.monotonic() < until:
        time.sleep(0.05)
    return condition()


# ---- what is tried ----

def test_same_steps(hosts, scratch):
    code, text = hosts.run(scratch, 'train', 'pictures', '-o', 'two', '--steps', '4', *TRAIN)
    check('two hosts train', code == 0, text)
    check('the hosts are told', '0 on a, 1 on b' in text, text)
    subprocess.run([options.edt, 'train', 'pictures', '-o', 'one', '--steps', '4', *TRAIN],
                   cwd=scratch, check=True, capture_output=True)
    two, one = steps_of(scratch / 'two'), steps_of(scratch / 'one')
    check('as many steps', len(two) == len(one) == 4, (two, one))
    apart = max(abs(x[key] - y[key]) / y[key] for x, y in zip(two, one) for key in ('loss', 'norm'))
    check('they are those of one process, within rounding', apart < 1e-4, apart)
    check('one process alone tells no rates', 'ranks' not in one[0], one[0])


def test_slow_host(hosts, scratch):
    """The second host stands still for half of the time."""
    run = hosts.start(scratch, 'train', 'pictures', '-o', 'slow', '--steps', '12', *TRAIN)
    wait_for(lambda: steps_of(scratch / 'slow') or run.poll() is not None)
    while run.poll() is None:
        for what in (signal.SIGSTOP, signal.SIGCONT):
            for pid in hosts.processes('b'):
                os.kill(pid, what)
            time.sleep(0.4)
    code, text = finish(run)
    check('a slow host is waited for', code == 0, text)
    rates = [event['ranks'] for event in steps_of(scratch / 'slow')][1:]
    hosts_told = {tuple(rank['host'] for rank in ranks) for ranks in rates}
    check('each line names the hosts', hosts_told == {('a', 'b')}, hosts_told)
    # of all steps together: it is the long ones that tell
    a, b = (len(rates) / sum(1 / ranks[k]['samples_per_s'] for ranks in rates) for k in (0, 1))
    check('the log shows which one is slow', b < 0.8 * a, f'{a:.1f} and {b:.1f} pictures/s')


def test_lost_host(hosts, scratch):
    """Its cable is pulled; mpirun finds out, says which one it was and ends the run."""
    run = hosts.start(scratch, 'train', 'pictures', '-o', 'lost', '--steps', '100000', *TRAIN)
    wait_for(lambda: len(steps_of(scratch / 'lost')) >= 4 or run.poll() is not None)
    hosts.cable('b', 'down')
    code, text = finish(run)
    for pid in hosts.processes('b'):
        os.kill(pid, signal.SIGKILL)
    hosts.cable('b', 'up')
    wait_for(lambda: is_left(scratch / 'lost'))  # who writes the run down outlives mpirun
    check('the run ends', '(did not end)' not in text, text)
    check('the lost host is named', re.search(r'node b\b', text), text)
    saved = scratch / 'lost/checkpoint.safetensors'
    check('the last whole step is saved', saved.exists(), text)
    last = steps_of(scratch / 'lost')[-1]['step']
    again = subprocess.run([options.edt, 'train', '-o', 'lost', '--resume', '--steps', str(last + 1)],
                           cwd=scratch, capture_output=True, text=True)
    check('one host alone goes on from there',
          again.returncode == 0 and f'Goes on at step {last}.' in again.stderr, again.stderr)


def test_jobs(hosts, scratch):
    """Sixteen pictures by two hosts, one of which is killed on the way; begun again until done."""
    code, text = finish(subprocess.Popen(
        [options.edt, 'import', f'{options.data}/edt_tiny_bare.pt', '--vae',
         f'{options.data}/vae_small_modern.safetensors', '-o', 'tiny.safetensors'], cwd=scratch,
        text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT))
    check('a model', code == 0, text)
    jobs = [{'class': k % 3, 'seed': k, 'steps': 2, 'output': f'{k}.png'} for k in range(16)]
    (scratch / 'jobs.jsonl').write_text(''.join(json.dumps(job) + '\n' for job in jobs))
    words = ('sample', '-m', 'tiny.safetensors', '--jobs', 'jobs.jsonl', '--type', 'f32', '-t', '1')
    run = hosts.start(scratch, *words)
    wait_for(lambda: list(scratch.glob('[0-9]*.png')) or run.poll() is not None)
    for pid in hosts.processes('b'):
        os.kill(pid, signal.SIGKILL)
    finish(run)
    code, text = hosts.run(scratch, *words)
    check('repeated, the jobs are done', code == 0, text)
    found = {path.name for path in scratch.glob('*.png')}
    check('each once', found == {job['output'] for job in jobs}, found)
    alone = scratch / 'alone'
    alone.mkdir()
    subprocess.run([options.edt, 'sample', '-m', '../tiny.safetensors', '--jobs', '../jobs.jsonl',
                    '--type', 'f32', '-t', '1'], cwd=alone, check=True, capture_output=True)
    differ = [name for name in found if (scratch / name).read_bytes() != (alone / name).read_bytes()]
    check('with the bytes of one process alone', not differ, differ)


def test_script(script, scratch):
    """Slurm is not at hand: the script says what it wants, starts edt with the words it was given, and
    is told of its end as Slurm would tell it, by the signal that it asks for."""
    for before, after, code in ('-n', [], 0), ('-u', [], 2), ('-u', ['nowhere'], 2):
        run = subprocess.run(['bash', before, script, *after], capture_output=True, text=True)
        check(f'bash {before} edt-train.sbatch {" ".join(after)}: {code}', run.returncode == code,
              run.stderr)
    mpirun = scratch / 'bin/mpirun'
    mpirun.parent.mkdir()
    mpirun.write_text('#!/bin/bash\ntrap "echo told; exit" USR1\necho "$@"\n'
                      'while [ -e wait ]; do sleep 0.1; done\n')
    mpirun.chmod(0o755)
    (scratch / 'old').mkdir()
    (scratch / 'old/checkpoint.safetensors').touch()
    (scratch / 'old [1]').mkdir()
    (scratch / 'old [1]/checkpoint-1.safetensors').touch()

    def start(*words, restarts=0):
        environment = os.environ | {'PATH': f'{mpirun.parent}:{os.environ["PATH"]}',
                                    'SLURM_CPUS_ON_NODE': '64',
                                    'SLURM_RESTART_COUNT': str(restarts)}
        return subprocess.Popen(['bash', script, *words], cwd=scratch, env=environment, text=True,
                                stdout=subprocess.PIPE)

    for words, wanted in ((['new', 'data', '-t', '3'], 'train data -t 3 -o new'),
                          (['old'], 'train --resume -o old'),
                          (['old [1]'], 'train --resume -o old [1]'),
                          (['old', 'data', '--steps', '9'], 'train data --steps 9 --resume -o old')):
        said = start(*words).communicate(timeout=PATIENCE)[0]
        check(f'edt-train.sbatch {" ".join(words)}: edt {wanted}', said.endswith(f' edt {wanted}\n'), said)
    for words, wanted in ((['new', 'data'], 'train data --force -o new'),
                          (['old', 'data'], 'train data --resume -o old')):
        said = start(*words, restarts=1).communicate(timeout=PATIENCE)[0]
        check(f'started again: edt {wanted}', said.endswith(f' edt {wanted}\n'), said)
    (scratch / 'wait').touch()
    run = start('old')
    run.stdout.readline()
    asked = re.search('^#SBATCH --signal=(B:)?USR1@', Path(script).read_text(), re.M)
    if asked and asked[1]:  # else Slurm tells its job steps alone, and mpirun is none of them
        run.send_signal(signal.SIGUSR1)
    else:
        (scratch / 'wait').unlink()
    said = run.communicate(timeout=PATIENCE)[0]
    check('mpirun is told before the time is over', said == 'told\n', said)


def test_hosts():
    for tool in ('unshare', 'nsenter', 'ip'):
        if not shutil.which(tool):
            raise NoHosts(f'there is no {tool}')
    with Hosts() as hosts:
        for test in (test_same_steps, test_slow_host, test_lost_host, test_jobs):
            test(hosts, options.scratch)


def main():
    global options
    parser = argparse.ArgumentParser()
    parser.add_argument('scratch', type=Path)
    for name in ('edt', 'mpirun', 'data', 'script'):
        parser.add_argument(name, type=os.path.abspath)
    options = parser.parse_args()
    shutil.rmtree(options.scratch, ignore_errors=True)
    options.scratch.mkdir(parents=True)
    make_pictures(options.scratch / 'pictures')
    test_script(options.script, options.scratch)
    try:
        test_hosts()
    except NoHosts as why:
        report.skip('several hosts', why)
    report.done()


main()

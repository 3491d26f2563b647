# SPDX-License-Identifier: GPL-3.0-or-later
#
# The procedures without a window: Python-Fu (in_gimp*.py) and Script-Fu in gimp-console, compared
# with `edt sample`.  Usage: test_headless.py SCRATCH EDT PLUGIN-FOLDER CHECKPOINT VAE.  Prints TAP.
import re
import shutil
import subprocess
import sys
from pathlib import Path

sys.dont_write_bytecode = True
from session import (NAMES, Report, Session, german, give_styles, own_noise,  # noqa: E402
                     rename_classes, report_results)

# name -> (arguments of the procedure, arguments of edt sample); both make class 3, seed 42, 4 steps
REQUESTS = {
    'plain': ({}, []),
    'another class by name': ({'class': 'Barn Owl'}, ['-c', '7']),
    'another seed': ({'seed': 7}, ['-s', '7']),
    'more steps': ({'steps': 9}, ['--steps', '9']),
    'ddim': ({'sampler': 'ddim'}, ['--sampler', 'ddim']),
    'unipc': ({'sampler': 'unipc', 'spacing': 'karras', 'reuse': 2},
              ['--sampler', 'unipc', '--spacing', 'karras', '--reuse', '2']),
    'fast': ({'speed': 'fast', 'sampler': 'ddim'}, ['--speed', 'fast', '--sampler', 'ddim']),
    'ddpm': ({'sampler': 'ddpm'}, ['--sampler', 'ddpm']),
    'no guidance': ({'guidance': 1.0}, ['--cfg-scale', '1']),
    'guidance 2.5': ({'guidance': 2.5}, ['--cfg-scale', '2.5']),
    'no AMM': ({'amm': 'off'}, ['--amm', 'off']),
    'official AMM': ({'amm': 'official'}, ['--amm', 'official']),
    'on the cpu': ({'backend': 'cpu'}, ['--backend', 'cpu']),
    'f32': ({'precision': 'f32'}, ['--type', 'f32']),
    'bf16': ({'precision': 'bf16'}, ['--type', 'bf16']),
    'model by name': ({'model': 'tiny'}, ['-m', 'tiny']),
}


def make_references(session):
    for name, (_, arguments) in REQUESTS.items():
        session.sample(session.root / f'out/{name}.png', '-c', '3', '-s', '42', '--steps', '4',
                       *arguments)


def make_without_vae(session, checkpoint):
    subprocess.run([session.edt, 'import', checkpoint, '-o',
                    str(session.root / 'without-vae.safetensors')], check=True, env=session.env,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def make_styled(session):
    """With a picture of its second style."""
    model = session.root / 'styled.safetensors'
    give_styles(session.root / 'models/tiny.safetensors', model, ['flat', 'ink'])
    session.sample(session.root / 'out/ink.png', '-m', str(model), '-c', '3', '-s', '42',
                   '--steps', '4', '--style', 'ink')


def make_long_named(session):
    """Names that are longer than GIMP takes of a brush; two begin alike."""
    rename_classes(session.root / 'models/tiny.safetensors', session.root / 'long.safetensors',
                   ['狐' * 85, '狐' * 84 + '犬', 'x' * 256] + NAMES[3:])


def run_python(session, report):
    requests = {name: arguments for name, (arguments, _) in REQUESTS.items()}
    stamps = Path(__file__).resolve().parents[1] / 'models/stamps.safetensors'
    script = f'SCRATCH = {str(session.root)!r}\nREQUESTS = {requests!r}\nSTAMPS = {str(stamps)!r}\n'
    for name in ['in_gimp.py', 'in_gimp_canvas.py', 'in_gimp_series.py']:
        script += (Path(__file__).parent / name).read_text()
    script += '\n\nmain()\n'
    done = session.python_fu(script)
    report_results(session, report, done)
    # every refused call is told on stderr, too: only criticals and warnings count here
    noise = [line for line in own_noise(done.stderr) if 'CRITICAL' in line or 'WARNING' in line]
    report.check('no warnings of the plug-in', not noise, '\n'.join(noise))


def run_script_fu(session, report):
    out = session.root / 'out/script.xcf'
    done = session.script_fu(
        '(let* ((r (plug-in-edt-generate #:run-mode RUN-NONINTERACTIVE #:class "goldfish" #:seed 5'
        ' #:steps 4 #:count 2)) (image (car r)))'
        f' (gimp-file-save RUN-NONINTERACTIVE image "{out}") (display (vector-length (cadr r)))'
        ' (gimp-image-delete image))')
    report.check('Script-Fu makes two layers', done.returncode == 0 and '2' in done.stdout,
                 done.stdout + done.stderr)
    report.check('and saves them', out.is_file())
    done = session.script_fu(
        '(let* ((r (plug-in-edt-generate #:run-mode RUN-NONINTERACTIVE #:class "goldfish" #:steps 1'
        ' #:seeds #(5 9007199254740991 8))))'
        ' (for-each (lambda (l) (display (gimp-item-get-name l)) (newline))'
        ' (vector->list (cadr r))) (gimp-image-delete (car r)))')
    report.check('Script-Fu: exactly those seeds', re.findall(r'seed (\d+)', done.stdout) ==
                 ['5', '9007199254740991', '8'], done.stdout + done.stderr)
    for name, call in {
            'half a seed in a list': '#:seeds #(5 7.5)',
            'an unknown class': '#:class "goldfsh"',
            'an unknown argument': '#:clas "goldfish"',
            'a seed that is none': '#:seed "seven"',
            'a seed below -1': '#:seed -2',
            'steps out of range': '#:steps 0',
            'a count out of range': '#:count 65'}.items():
        done = session.script_fu(f'(plug-in-edt-generate #:run-mode RUN-NONINTERACTIVE {call})')
        report.check(f'Script-Fu: {name} stops the script', done.returncode == 70, done.stderr)
    done = session.script_fu('(plug-in-edt-generate #:run-mode RUN-NONINTERACTIVE #:amm "maybe")',
                             G_DEBUG='fatal-criticals')
    report.check('Script-Fu: an unknown choice is noticed', done.returncode != 0, done.stderr)


def run_history(session, report):
    before = session.history()
    report.check('the history has a file for every picture', len(before) > 20, len(before))
    for path in before[:-100]:  # or this test itself would push out what it looks for
        path.unlink()
    before = before[-100:]
    done = subprocess.run([session.edt, 'sample', '--from', str(before[-1]), '-o',
                           str(session.root / 'out/again.png')], env=session.env,
                          capture_output=True)
    report.check('from which the picture can be made again', done.returncode == 0, done.stderr)
    for i in range(1010):
        shutil.copy(before[-1], before[-1].parent / f'20200101-000000-{i:06d}-c1-s1.png')
    session.script_fu('(gimp-image-delete (car (plug-in-edt-generate '
                      '#:run-mode RUN-NONINTERACTIVE #:class "0" #:seed 1 #:steps 1)))')
    after = session.history()
    report.check('bounded to 1000 files', len(after) == 1000, len(after))
    report.check('the newest stay', before[-1] in after and len(set(before) - set(after)) == 0)


def run_without_model(session, report):
    empty = str(session.root / 'run')
    done = session.script_fu('(plug-in-edt-generate #:run-mode RUN-NONINTERACTIVE)',
                             EDT_MODEL_PATH=empty)
    report.check('no model: told in a sentence',
                 done.returncode == 70 and 'There is no model yet' in done.stderr, done.stderr)
    (session.root / 'run/damaged.safetensors').write_text('{}')
    done = session.script_fu('(plug-in-edt-generate #:run-mode RUN-NONINTERACTIVE)',
                             EDT_MODEL_PATH=empty)
    report.check('a damaged one: told what is wrong with it',
                 done.returncode == 70 and 'damaged.safetensors” cannot be used: ' in done.stderr,
                 done.stderr)


def run_unloaded(session, report):
    """Where GIMP writes to a folder that it does not read: what was made is no success."""
    gimprc, elsewhere = session.root / 'gimp/gimprc', session.root / 'out/elsewhere'
    before = gimprc.read_text()
    gimprc.write_text(before + ''.join(f'({kind}-path-writable "{elsewhere}")\n'
                                       for kind in ['brush', 'pattern']))
    for kind in ['brush', 'pattern']:
        done = session.script_fu(f'(plug-in-edt-{kind} #:run-mode RUN-NONINTERACTIVE'
                                 ' #:class "tench" #:seed 1 #:steps 1 #:count 1)')
        files = [path.name for path in elsewhere.glob('edt-tench-1.*')]
        report.check(f'a {kind} that GIMP does not load: told, and where it is',
                     done.returncode == 70 and 'GIMP does not load it' in done.stderr and
                     len(files) == 1 and f'{elsewhere}/{files[0]}' in done.stderr,
                     (files, done.stderr))
        for path in elsewhere.iterdir():
            path.unlink()
    gimprc.write_text(before)


def run_german(session, report):
    """The engine's messages are the plug-in's; the command line stays English."""
    wrong = '(plug-in-edt-generate #:run-mode RUN-NONINTERACTIVE #:class "goldfsh")'
    done = session.script_fu(wrong, **german(session.root))
    report.check('German: what the engine says',
                 'Unbekannte Klasse »goldfsh«. Am ähnlichsten: goldfish' in done.stderr,
                 done.stderr)
    done = subprocess.run([session.edt, 'sample', '-c', 'goldfsh'], capture_output=True, text=True,
                          env=session.env | german(session.root))
    report.check('the command line says it in English', 'Unknown class “goldfsh”' in done.stderr,
                 done.stderr)


def run_beside(session, report):
    """GIMP queries a light program; in the one that works OpenMP's threads give way to others."""
    libraries = subprocess.run(['ldd', str(session.plugin_folder / 'edt-generate')], text=True,
                               capture_output=True).stdout
    report.check('the queried program has nothing heavy', 'libgimp' in libraries and
                 not re.search('gomp|dnnl|gtk', libraries), libraries)
    done = session.script_fu('(gimp-image-delete (car (plug-in-edt-generate '
                             '#:run-mode RUN-NONINTERACTIVE #:steps 1)))',
                             OMP_DISPLAY_ENV='verbose')
    counts = [int(n) for n in re.findall(r"GOMP_SPINCOUNT = '(\d+)'", done.stderr)]
    report.check('threads give way', done.returncode == 0 and any(n <= 10000 for n in counts),
                 done.stderr)


def main():
    report = Report()
    if not shutil.which('gimp-console-3'):
        report.skip_all('there is no gimp-console-3')
    session = Session(*sys.argv[1:6])
    session.use_only_plugins('script-fu', 'python-eval', 'file-png', 'file-gih', 'file-gbr',
                             'file-pat')
    make_references(session)
    make_without_vae(session, sys.argv[4])
    make_styled(session)
    make_long_named(session)
    run_python(session, report)
    if 'EDT_TEST_ONLY' in session.env:
        report.done()
    run_script_fu(session, report)
    run_history(session, report)
    run_without_model(session, report)
    run_unloaded(session, report)
    run_german(session, report)
    run_beside(session, report)
    report.done()


main()

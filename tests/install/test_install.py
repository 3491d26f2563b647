# SPDX-License-Identifier: GPL-3.0-or-later
#
# Installs into a folder of its own, looks at what came there, lets GIMP run it, and takes it away
# again.  Usage: test_install.py SCRATCH BUILD-ROOT PREFIX PLUG-IN-FOLDER.  Prints TAP.
import os
import shutil
import subprocess
import sys
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).parent.parent / 'gimp'))
from session import Report, german  # noqa: E402

PROGRAMS = ['{prefix}/bin/edt', '{plugin}/edt-generate']
FILES = ['{plugin}/edt-engine.so', '{plugin}/edt-generate.svg',
         '{prefix}/share/metainfo/org.gimp.GIMP.Plugin.EDT.metainfo.xml',
         '{prefix}/share/icons/hicolor/scalable/apps/org.gimp.GIMP.Plugin.EDT.svg',
         '{prefix}/share/bash-completion/completions/edt',
         '{prefix}/share/zsh/site-functions/_edt', '{prefix}/share/fish/vendor_completions.d/edt.fish',
         '{prefix}/share/man/man1/edt.1', '{prefix}/share/man/man1/edt-sample.1',
         '{prefix}/share/edt/first-models/stickers.safetensors',
         '{prefix}/share/edt/first-models/stickers.png']
LANGUAGES = ['de', 'es', 'fr', 'ja', 'zh_CN']
NO_MODEL = 'Es gibt noch kein Modell'  # of po/de.po

report = Report()
check = report.check


def run(*command, env=None):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, env=env)
    return done.returncode, done.stdout + done.stderr


def files_under(folder):
    return {str(path) for path in folder.rglob('*') if not path.is_dir()}


def gimp(scratch, plugin, script):
    """gimp-console with this plug-in and Script-Fu only, in a home of its own."""
    for name in ('home', 'run', 'profile', 'models', 'plugins'):
        (scratch / name).mkdir(exist_ok=True)
    (scratch / 'run').chmod(0o700)
    system = Path(run('pkg-config', '--variable=gimplibdir', 'gimp-3.0')[1].strip()) / 'plug-ins'
    for folder in (system / 'script-fu', plugin):
        if not (scratch / 'plugins' / folder.name).is_symlink():
            (scratch / 'plugins' / folder.name).symlink_to(folder)
    env = {key: value for key, value in os.environ.items()
           if key not in ('DISPLAY', 'WAYLAND_DISPLAY', 'DBUS_SESSION_BUS_ADDRESS')
           and not key.startswith(('XDG_', 'EDT_'))}
    env |= {'HOME': str(scratch / 'home'), 'XDG_RUNTIME_DIR': str(scratch / 'run'),
            'GIMP3_DIRECTORY': str(scratch / 'profile'), 'EDT_MODEL_PATH': str(scratch / 'models'),
            'GIMP_TESTING_PLUGINDIRS': str(scratch / 'plugins')} | german(scratch)
    return run('gimp-console-3', '-n', '-i', '--quit',
               '--batch-interpreter=plug-in-script-fu-eval', '-b', f'(script-fu-use-v3) {script}',
               env=env)


def check_files(stage, prefix, plugin):
    places = {'prefix': prefix, 'plugin': plugin}
    programs = [stage / name.format(**places).lstrip('/') for name in PROGRAMS]
    others = [stage / name.format(**places).lstrip('/') for name in FILES]
    others += [stage / f'{plugin}/locale/{language}/LC_MESSAGES/edt-generate.mo'.lstrip('/')
               for language in LANGUAGES]
    missing = [path for path in programs + others if not path.is_file()]
    check('every file is there', not missing, '\n'.join(map(str, missing)))
    closed = [path for path in programs if not os.access(path, os.X_OK)]
    check('programs can be run', not closed, closed)
    inside = sorted(files_under(stage / plugin.lstrip('/')))
    known = {str(path) for path in programs + others}
    check('nothing else is in the folder of the plug-in', set(inside) <= known, '\n'.join(inside))


def check_program(scratch, stage, prefix):
    program = stage / f'{prefix}/bin/edt'.lstrip('/')
    status, text = run(program, '--version')
    check('the installed edt runs', status == 0, text)
    env = {key: value for key, value in os.environ.items() if not key.startswith(('XDG_', 'EDT_'))}
    status, text = run(program, 'info', '--json', env=env | {'HOME': str(scratch)})
    model = stage / f'{prefix}/share/edt/first-models/stickers.safetensors'.lstrip('/')
    check('and finds the model that came with it, where the installation is',
          status == 0 and str(model) in text, text)


def check_gimp(scratch, plugin):
    status, text = gimp(scratch, plugin, '(display (list "models:" (plug-in-edt-models)))')
    check('GIMP runs the installed plug-in', status == 0 and '(models: (() () ()))' in text, text)
    status, text = gimp(scratch, plugin, '(plug-in-edt-generate #:run-mode RUN-NONINTERACTIVE)')
    check('in German', status == 70 and NO_MODEL in text, text)


def main():
    scratch, build, prefix, plugin = Path(sys.argv[1]).resolve(), Path(sys.argv[2]), *sys.argv[3:5]
    if not shutil.which('meson') or not shutil.which('ninja') or not shutil.which('gimp-console-3'):
        report.skip_all('meson, ninja or gimp-console-3 is missing')
    shutil.rmtree(scratch, ignore_errors=True)
    stage = scratch / 'stage'
    stage.mkdir(parents=True)
    # ninja uninstall goes by this log: a real installation from this folder must not lose its own.
    log = build / 'meson-logs/install-log.txt'
    kept = log.read_bytes() if log.exists() else None
    try:
        status, text = run('meson', 'install', '-C', build, '--destdir', stage)
        if check('meson install', status == 0, text):
            check_files(stage, prefix, plugin)
            check_program(scratch, stage, prefix)
            check_gimp(scratch, stage / plugin.lstrip('/'))
        status, text = run('ninja', '-C', build, 'uninstall')
        check('ninja uninstall', status == 0, text)
        left = files_under(stage)
        check('leaves nothing', not left, '\n'.join(sorted(left)))
        check('no folder of its own either', not (stage / plugin.lstrip('/')).exists())
    finally:
        if kept is None:
            log.unlink(missing_ok=True)
        else:
            log.write_bytes(kept)
    report.done()


main()

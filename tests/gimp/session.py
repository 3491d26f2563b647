# SPDX-License-Identifier: GPL-3.0-or-later
#
# A GIMP of its own for tests: profile, home, models and history in one scratch folder; the plug-in
# linked from the build tree.  Used by test_headless.py and gui/.  Prints TAP through Report.
import json
import os
import shutil
import struct
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))
from report import Report  # noqa: E402, F401

NAMES = ['tench', 'goldfish', 'great white shark', 'tiger shark', 'hammerhead', 'golden retriever',
         'tabby cat', 'barn owl', 'red fox', 'castle']
GIMPRC = '''(show-welcome-dialog no)
(check-updates no)
(config-version "3.0.4")
(color-profile-policy keep)
'''


def rename_classes(source, target, names):
    """The same model whose classes have names, and which recommends a guidance: only the header of the file changes."""
    data = Path(source).read_bytes()
    size, = struct.unpack('<Q', data[:8])
    header = json.loads(data[8:8 + size])
    header['__metadata__'].update({'edt.classes': 'own', 'edt.class_names': json.dumps(names),
                                   'edt.title': 'Tiny', 'edt.cfg_scale': '3'})
    text = json.dumps(header).encode()
    text += b' ' * (-(len(text) + 8) % 64)
    Path(target).write_bytes(struct.pack('<Q', len(text)) + text + data[8 + size:])


def give_styles(source, target, names):
    """The same model with a table of styles: a tensor behind the others, and their names."""
    data = Path(source).read_bytes()
    size, = struct.unpack('<Q', data[:8])
    header = json.loads(data[8:8 + size])
    tensors = data[8 + size:]
    width = header['edt.y_embedder.embedding_table.weight']['shape'][1]
    rows = len(names) + 1  # the last one is any style
    table = struct.pack(f'<{rows * width}f', *(3 * row * (-1) ** i for row in range(rows)
                                               for i in range(width)))
    header['edt.style_embedder.embedding_table.weight'] = {
        'dtype': 'F32', 'shape': [rows, width],
        'data_offsets': [len(tensors), len(tensors) + len(table)]}
    header['__metadata__']['edt.style_names'] = json.dumps(names)
    text = json.dumps(header).encode()
    text += b' ' * (-(len(text) + 8) % 64)
    Path(target).write_bytes(struct.pack('<Q', len(text)) + text + tensors + table)


def report_results(session, report, done):
    """What Python inside GIMP checked: it left [name, good, detail]s in results.json."""
    results = session.root / 'results.json'
    report.check('Python-Fu ran to its end', done.returncode == 0 and results.is_file(),
                 done.stderr)
    if results.is_file():
        for name, good, detail in json.loads(results.read_text()):
            report.check(name, good, detail)


class Session:
    def __init__(self, scratch, edt, plugin_folder, checkpoint, vae):
        self.root = Path(scratch).resolve()
        self.edt = str(Path(edt).resolve())
        self.plugin_folder = Path(plugin_folder).resolve()
        subprocess.run(['rm', '-rf', str(self.root)], check=True)
        for name in ['home', 'run', 'gimp/plug-ins/edt-generate', 'models', 'data', 'state', 'out']:
            (self.root / name).mkdir(parents=True)
        (self.root / 'run').chmod(0o700)
        (self.root / 'gimp/gimprc').write_text(GIMPRC)
        for name in ['edt-generate', 'edt-generate.svg', 'locale']:
            os.symlink(self.plugin_folder / name, self.root / 'gimp/plug-ins/edt-generate' / name)
        self.env = self.environment()
        self.import_model(checkpoint, vae)

    def environment(self):
        env = {key: value for key, value in os.environ.items()
               if key not in ('DISPLAY', 'WAYLAND_DISPLAY', 'DBUS_SESSION_BUS_ADDRESS',
                              'GOMP_SPINCOUNT', 'OMP_WAIT_POLICY')}  # as with users
        env.update({'HOME': str(self.root / 'home'), 'XDG_RUNTIME_DIR': str(self.root / 'run'),
                    'GIMP3_DIRECTORY': str(self.root / 'gimp'),
                    'XDG_STATE_HOME': str(self.root / 'state'),
                    'XDG_DATA_HOME': str(self.root / 'data'), 'LC_ALL': 'C.UTF-8',
                    'XDG_CONFIG_HOME': str(self.root / 'home/.config'),
                    'XDG_CACHE_HOME': str(self.root / 'home/.cache'),
                    'EDT_MODEL_PATH': str(self.root / 'models'), 'EDT_PROGRAM': self.edt,
                    'EDT_THREADS': '2', 'NO_AT_BRIDGE': '1'})
        return env

    def import_model(self, checkpoint, vae):
        bare = self.root / 'bare.safetensors'
        subprocess.run([self.edt, 'import', checkpoint, '--vae', vae, '-o', str(bare)], check=True,
                       env=self.env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        rename_classes(bare, self.root / 'models/tiny.safetensors', NAMES)

    def use_only_plugins(self, *names):
        """Start-up in a second: only these plug-ins of GIMP's own."""
        system = Path(subprocess.run(['pkg-config', '--variable=gimplibdir', 'gimp-3.0'], text=True,
                                     capture_output=True, check=True).stdout.strip()) / 'plug-ins'
        folder = self.root / 'plugins'
        folder.mkdir()
        for name in names:
            os.symlink(system / name, folder / name)
        os.symlink(self.root / 'gimp/plug-ins/edt-generate', folder / 'edt-generate')
        self.env['GIMP_TESTING_PLUGINDIRS'] = str(folder)

    def console(self, interpreter, script, timeout=2400, **more):
        """Runs a script in gimp-console; the finished process."""
        return subprocess.run(
            ['gimp-console-3', '-n', '-i', '--quit', f'--batch-interpreter={interpreter}', '-b',
             '-' if interpreter == 'python-fu-eval' else script],
            input=script if interpreter == 'python-fu-eval' else None, text=True,
            capture_output=True, timeout=timeout, env=self.env | more)

    def script_fu(self, script, **more):
        return self.console('plug-in-script-fu-eval', '(script-fu-use-v3) ' + script, **more)

    def python_fu(self, script, **more):
        return self.console('python-fu-eval', script, **more)

    def sample(self, output, *arguments):
        subprocess.run([self.edt, 'sample', '-o', str(output), '--force', *arguments], check=True,
                       env=self.env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def forget(self):
        """As at the first start: no settings, favourites or earlier pictures of a test before."""
        for folder in ['gimp/plug-in-settings', 'state', 'data']:
            shutil.rmtree(self.root / folder, ignore_errors=True)
        for folder in ['state', 'data']:
            (self.root / folder).mkdir()

    def history(self):
        return sorted((self.root / 'state/edt/history').glob('*.png'))


def german(scratch):
    """An environment in German.  The machine need not have it installed: gettext goes by the name of
    the locale, and any contents will do."""
    folder = Path(scratch) / 'locale'
    if not folder.is_dir():
        spellings = [Path('/usr/lib/locale') / name for name in ('C.utf8', 'C.UTF-8')]
        shutil.copytree(next(filter(Path.is_dir, spellings)), folder / 'de_DE.UTF-8')
    return {'LOCPATH': str(folder), 'LC_ALL': 'de_DE.UTF-8', 'LANGUAGE': 'de'}


def own_noise(stderr):
    """What the plug-in itself printed; GIMP 3.0 adds a warning at the end of every plug-in."""
    return [line for line in stderr.splitlines()
            if 'edt-generate' in line and 'Broken pipe' not in line]

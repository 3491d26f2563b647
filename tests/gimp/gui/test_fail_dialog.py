# SPDX-License-Identifier: GPL-3.0-or-later
#
# As ../test_fail.py, but the calls are those of the dialogs: a GIMP under Xvfb opens them one after
# the other (../in_gimp_fail_dialog.py), and here is who uses them.  Usage: test_fail_dialog.py
# SCRATCH SHIM EDT PLUGIN-FOLDER CHECKPOINT VAE.  Prints TAP.
import contextlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

sys.dont_write_bytecode = True
HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent)]
from failing import script_for, wrap_plugin  # noqa: E402
from session import Report, Session, report_results  # noqa: E402
try:
    import desktop as d
    from gimp import Gimp, chosen
    from series import fill_in
except (ImportError, ValueError):  # main() skips then
    d = None

NEEDED = ['gimp-3', 'Xvfb', 'openbox', 'dbus-run-session']


class Gone(Exception):
    """The plug-in has ended, whatever its dialog was doing."""


class User(Gimp if d else object):
    """Who uses the dialog of a plug-in whose GIMP somebody else has begun."""

    def __init__(self, root):
        self.root = root
        d.PATIENCE = 120  # a dialog may well be stuck, and the test has to end in time to say so
        plain = d.wait
        self.wait_gone = lambda: plain(self.is_gone, 'the end of the plug-in')

        def wait(condition, what):
            def alive():
                if self.is_gone():
                    raise Gone(what)
                return condition()
            return plain(alive, what)
        d.wait = wait

    def is_gone(self):
        return (self.root / 'fail/code').exists()

    def files(self):
        """Old ones go where there are many: not to be counted."""
        return {path.name for path in (self.root / 'state/edt/history').glob('*.png')}

    def flushed(self):
        return (self.root / 'fail/calls').read_text().count('gimp-displays-flush')

    def told(self):
        """The sentences that stand over the preview."""
        bar = d.find(self.dialog, ('info bar', 'alert', 'notification'))
        labels = [w.get_name() for w in d.walk(bar) if w.get_role_name() == 'label'] if bar else []
        return ' '.join(filter(None, labels))

    def said(self):
        return [w for w in d.walk(self.dialog) if w.get_role_name() == 'label' and
                (w.get_name() or '').endswith('.')]

    # ---- what is done ----

    def open(self):
        self.plugin = d.wait(lambda: d.application('edt-generate'), 'the plug-in')
        self.dialog = d.wait(lambda: d.find(self.plugin, ('dialog', 'alert')), 'the dialog')

    def choose(self, pictures=1, at_once=True):
        self.search('tiger shark')
        self.tick('Insert at once', at_once)
        self.set('Pictures', pictures)
        self.set('Steps', 1)
        self.tick('New seed every time', False)
        self.set('Seed', 42)

    def go(self, name='Generate', more=1):
        """Until its pictures are there, or it says why not."""
        files = self.files()
        button = d.wait(lambda: d.find(self.dialog, d.BUTTONS, name), name)
        d.wait(lambda: d.sensitive(button), f'{name} to be of use')
        d.press(button)
        d.wait(lambda: self.told() or len(self.files() - files) >= more and
               d.find(self.dialog, d.BUTTONS, 'Close'), 'the picture')

    def close_it(self):
        """What it says, and the button."""
        text = self.told()
        d.press(self.button('Close'))
        return text

    def generate(self):
        self.choose()
        self.go()
        return self.close_it()

    def generate_two(self):
        self.choose(pictures=2)
        self.go(more=2)
        return self.close_it()

    def sheet(self):
        return d.find(self.dialog, ('table', 'panel', 'list', 'layered pane', 'filler'), 'Drafts')

    def drafted(self):
        sheet = self.sheet()
        return sheet.get_child_count() if sheet else 0

    def drafts(self):
        self.choose(at_once=False)
        self.press('Generate 9 drafts')
        d.wait(lambda: self.told() or self.drafted() == 9 and
               d.find(self.dialog, d.BUTTONS, 'Close'), 'all of them')
        if self.told():
            return self.close_it()
        sheet = self.sheet()
        sheet.get_selection_iface().select_child(4)
        insert = next(w for w in d.walk(self.dialog)
                      if w.get_role_name() in d.BUTTONS and w.get_name() == 'Insert')
        d.wait(lambda: d.sensitive(insert), 'something to insert')
        files = self.files()
        d.press(insert)
        d.wait(lambda: self.told() or self.files() - files and
               d.find(self.dialog, d.BUTTONS, 'Close'), 'the picture')
        return self.close_it()

    def put_away_messages(self):
        """GIMP's own lie where the mouse is to go."""
        app = d.application('gimp') or d.application('gimp-3')
        while window := d.find(app, ('dialog', 'alert', 'frame'), 'GIMP Message'):
            d.press(d.find(window, d.BUTTONS, 'OK'))
            d.time.sleep(0.1)

    def earlier(self):
        picture = d.wait(lambda: self.thumbnail('tiger shark, seed 42'), 'an earlier picture')
        flushed = self.flushed()
        self.put_away_messages()
        self.act_on(picture, 'Insert as layer')
        d.wait(lambda: self.told() or self.flushed() > flushed, 'its layer')
        return self.close_it()

    def replace(self):
        d.press(self.button('Replace'))

    def small(self, classes, numbers):
        fill_in(self, classes, numbers)
        d.press(self.button('Generate'))

    def morph(self):
        self.small(['tench', 'castle'], {'Seed': 5, 'Frames': 2, 'Steps': 1})

    def where(self):
        return next((w for w in d.walk(self.dialog) if w.get_role_name() == 'combo box' and
                     chosen(w) in ('In the selection', 'On a seamless tile')), None)

    def scatter(self):
        # Without a selection it begins with the tile, and remembers that.
        d.choose(d.wait(self.where, 'where'), 0)
        self.small(['tench'], {'Seed': 5, 'Size': 20, 'Different ones': 2, 'Steps': 1})

    # ---- one after the other ----

    def perform(self, scenario):
        text = ''
        try:
            try:
                self.open()
                text = getattr(self, scenario.replace(' ', '_'))() or ''
            except (Gone, d.GLib.Error):  # the end of the plug-in, also where a widget went first
                pass
            self.wait_gone()
            return text
        except TimeoutError as error:
            d.screenshot(self.root / 'out/stuck.png')
            with contextlib.suppress(ProcessLookupError):
                os.kill(int((self.root / 'fail/pid').read_text()), 9)
            return f'stuck: {error}'

    def serve(self, gimp):
        wanted, told = self.root / 'fail/scenario', self.root / 'fail/told'
        while gimp.poll() is None:
            if not wanted.exists():
                d.time.sleep(0.02)
                continue
            text = self.perform(wanted.read_text())
            if text.startswith('stuck'):
                print(f'# {text}', file=sys.stderr)
            told.write_text(text)
            wanted.unlink()


def inside(scratch, shim):
    """Runs on the desktop that main() made."""
    root = Path(scratch)
    with open(root / 'gimp.log', 'w') as log, open(root / 'script.py') as script:
        gimp = subprocess.Popen(
            ['gimp-3', '--no-splash', '-n', '--quit', '--batch-interpreter=python-fu-eval', '-b',
             '-'], stdin=script, stdout=log, stderr=log,
            env=dict(os.environ) | {'LD_PRELOAD': shim})
        User(root).serve(gimp)
    sys.exit(gimp.returncode)


def have_one_palette(session):
    """Each is five calls."""
    folder = session.root / 'palettes'
    folder.mkdir()
    (folder / 'two.gpl').write_text('GIMP Palette\nName: Two\n0 0 0\n255 255 255\n')
    with open(session.root / 'gimp/gimprc', 'a') as settings:
        settings.write(f'(palette-path "{folder}")\n')


def main():
    if sys.argv[1] == '--inside':
        inside(*sys.argv[2:])
    report = Report()
    missing = [name for name in NEEDED if not shutil.which(name)]
    if missing or not d:
        report.skip_all(f'there is no {", ".join(missing) or "AT-SPI for Python"}')
    shim = str(Path(sys.argv[2]).resolve())
    session = Session(sys.argv[1], *sys.argv[3:7])
    session.env.pop('NO_AT_BRIDGE')
    session.use_only_plugins('python-eval')
    have_one_palette(session)
    wrap_plugin(session, shim)
    (session.root / 'script.py').write_text(script_for(session, 'in_gimp_fail_dialog.py'))
    code = d.enter([sys.executable, __file__, '--inside', str(session.root), shim], session.env)
    done = subprocess.CompletedProcess([], code, '', (session.root / 'gimp.log').read_text())
    report_results(session, report, done)
    report.done()


main()

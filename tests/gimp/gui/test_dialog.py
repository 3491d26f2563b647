# SPDX-License-Identifier: GPL-3.0-or-later
#
# The dialog as somebody uses it, through the accessibility tree of a GIMP under Xvfb.  Screenshots
# are kept in SCRATCH/shots.  Usage: test_dialog.py SCRATCH EDT PLUGIN-FOLDER CHECKPOINT VAE.
import os
import shutil
import subprocess
import sys
import traceback
from pathlib import Path

sys.dont_write_bytecode = True
HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent)]
from session import Report, Session, own_noise  # noqa: E402

NEEDED = ['gimp-3.0', 'Xvfb', 'openbox', 'dbus-run-session', 'import', 'compare']


class Gimp:
    """One running GIMP and what a test does with it."""
    running_now = None

    def __init__(self, session, report, *files, **more):
        import desktop
        self.d, self.session, self.report = desktop, session, report
        desktop.park_pointer()
        self.log = session.root / f'gimp-{report.count}.log'
        self.process = subprocess.Popen(['gimp-3.0', '--no-splash', '-n', *map(str, files)],
                                        env=dict(os.environ) | more, stdout=subprocess.DEVNULL,
                                        stderr=open(self.log, 'w'))
        Gimp.running_now = self.process
        self.app = desktop.wait(lambda: desktop.application('gimp') or
                                desktop.application('gimp-3.0'), 120, 'GIMP')
        self.item = desktop.wait(self.menu_item, 120, 'the menu entry')

    def menu_item(self, name='EDT...'):
        bar = self.d.find(self.app, 'menu bar')
        return bar and self.d.find(bar, 'menu item', name, showing=False)

    def title(self):
        window = self.d.find(self.app, 'frame')
        return window.get_name() if window else ''

    def open_dialog(self):
        self.d.press(self.menu_item())
        self.plugin = self.d.wait(lambda: self.d.application('edt-generate'), 60, 'the plug-in')
        self.dialog = self.d.wait(lambda: self.d.find(self.plugin, 'dialog'), 60, 'the dialog')

    def button(self, name):
        return self.d.wait(lambda: self.d.find(self.dialog, self.d.BUTTONS, name), 30,
                           f'button {name}')

    def spin(self, name):
        return self.d.wait(lambda: self.d.find(self.dialog, 'spin button', name), 30, name)

    def bar(self):
        return self.d.find(self.dialog, 'progress bar')

    def preview(self):
        return self.d.find(self.dialog, ('image', 'drawing area'), 'Preview')

    def running(self):
        return self.bar().get_name().startswith(('Step', 'Loading', 'Decoding', 'Starting'))

    def wait_ready(self, what='the picture'):
        self.d.wait(lambda: self.bar().get_name() == 'Ready' and
                    self.d.sensitive(self.button('Generate')), 120, what)

    def wait_step(self, least):
        def reached():
            words = self.bar().get_name().split()
            return words[:1] == ['Step'] and int(words[1]) >= least
        self.d.wait(reached, 120, f'step {least}')

    def wait_closed(self):
        self.d.wait(lambda: not self.d.application('edt-generate'), 60, 'the plug-in to end')

    def shot(self, name):
        self.d.screenshot(self.session.root / 'shots' / f'{name}.png')

    def quit(self):
        self.process.terminate()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        noise = own_noise(self.log.read_text())
        return noise


def layers_in_title(title):
    words = title.replace(')', ' ').split()
    for i, word in enumerate(words):
        if word.startswith('layer'):
            return int(words[i - 1])
    return 0


def test_whole_run(session, report):
    """Open from the menu, choose by typing, generate, watch, undo, again, cancel."""
    d = __import__('desktop')
    gimp = Gimp(session, report, session.root / 'out/ground.png')
    d.wait(lambda: 'ground' in gimp.title(), 60, 'the image')
    gimp.open_dialog()
    gimp.wait_ready('the dialog')
    gimp.shot('1-dialog')
    check_names(gimp)

    search = d.find(gimp.dialog, ('text', 'entry'), 'Search classes')
    d.type_into(search, 'retr')
    d.wait(lambda: d.find(gimp.dialog, 'label', 'golden retriever'), 20, 'the class')
    report.check('typing chooses the class', True)
    d.set_value(gimp.spin('Steps'), 600)
    d.press(gimp.button('New seed every time'))
    d.set_value(gimp.spin('Seed'), 42)
    d.press(gimp.button('Generate'))
    gimp.wait_ready()
    d.wait(lambda: layers_in_title(gimp.title()) == 2, 60, 'the layer')
    report.check('the layer appears', True)
    gimp.shot('3-done')
    report.check('the history strip shows it',
                 d.find(gimp.dialog, d.BUTTONS, 'golden retriever, seed 42') is not None)

    d.press(gimp.menu_item('Undo'))
    d.wait(lambda: layers_in_title(gimp.title()) == 1, 60, 'undo')
    report.check('one undo takes it away', True)

    d.set_value(gimp.spin('Steps'), 4)
    d.press(gimp.button('Generate again'))
    d.wait(lambda: layers_in_title(gimp.title()) == 2, 60, 'another layer')
    gimp.wait_ready()
    report.check('Generate again makes another', True)

    cancel_and_keep(gimp)
    cancel_and_discard(gimp)
    several(gimp)
    restore(gimp)
    d.press(gimp.button('Close'))
    gimp.wait_closed()
    noise = gimp.quit()
    report.check('nothing on stderr', not noise, '\n'.join(noise))


def check_names(gimp):
    """Every widget that takes the focus has a name for a screen reader."""
    roles = ('button', 'push button', 'toggle button', 'check box', 'spin button', 'combo box',
             'text', 'entry', 'progress bar', 'table', 'tree table')
    nameless = [w.get_role_name() for w in gimp.d.walk(gimp.dialog)
                if w.get_role_name() in roles and not w.get_name() and
                w.get_state_set().contains(gimp.d.Atspi.StateType.SHOWING)]
    gimp.report.check('every widget has a name', not nameless, nameless)


def cancel_and_keep(gimp):
    d, report = gimp.d, gimp.report
    before = layers_in_title(gimp.title())
    d.set_value(gimp.spin('Steps'), 1000)
    d.press(gimp.button('Generate again'))
    gimp.wait_step(5)
    d.press(gimp.button('Cancel'))
    keep = gimp.button('Keep')
    gimp.shot('4-cancelled')
    there = gimp.bar().get_name()
    report.check('Cancel holds the run and asks', there.startswith('Step'), there)
    d.press(keep)
    gimp.wait_ready()
    d.wait(lambda: layers_in_title(gimp.title()) == before + 1, 60, 'the kept layer')
    report.check('what was there is kept', True)


def cancel_and_discard(gimp):
    d, report = gimp.d, gimp.report
    before = layers_in_title(gimp.title())
    d.press(gimp.button('Generate again'))
    gimp.wait_step(5)
    d.press(gimp.button('Cancel'))
    d.press(gimp.button('Discard'))
    gimp.wait_ready()
    report.check('or thrown away', layers_in_title(gimp.title()) == before, gimp.title())


def several(gimp):
    """Eight pictures of a thousand steps: the tiny model takes long enough to be watched."""
    d, report = gimp.d, gimp.report
    d.set_value(gimp.spin('Steps'), 1000)
    d.set_value(gimp.spin('Number of pictures'), 8)
    before = layers_in_title(gimp.title())
    d.press(gimp.button('Generate again'))
    watch(gimp)
    d.wait(lambda: layers_in_title(gimp.title()) > before, 120, 'the group')
    gimp.wait_ready()
    gimp.shot('5-eight')
    report.check('eight pictures at once', True)


def watch(gimp):
    d, report, shots = gimp.d, gimp.report, gimp.session.root / 'shots'
    gimp.wait_step(2)
    first = d.capture(gimp.preview(), shots / 'preview-a.png')
    at = d.value(gimp.bar())
    gimp.wait_step(400)
    second = d.capture(gimp.preview(), shots / 'preview-b.png')
    report.check('the progress moves', d.value(gimp.bar()) > at)
    report.check('settings are locked meanwhile', not d.sensitive(gimp.spin('Steps')))
    gimp.shot('2-running')
    report.check('the preview changes', d.difference(first, second) > 100)


def restore(gimp):
    d, report = gimp.d, gimp.report
    thumbnails = [w for w in d.walk(gimp.dialog) if w.get_role_name() in d.BUTTONS and
                  w.get_name() == 'golden retriever, seed 42']
    d.press(thumbnails[-1])
    item = gimp.button('Use its settings')
    gimp.shot('6-history')
    d.press(item)
    d.wait(lambda: d.value(gimp.spin('Steps')) == 600, 30, 'the settings')
    report.check('settings of an earlier picture come back',
                 d.value(gimp.spin('Seed')) == 42 and
                 d.value(gimp.spin('Number of pictures')) == 1)
    before = layers_in_title(gimp.title())
    d.press(d.find(gimp.dialog, d.BUTTONS, 'golden retriever, seed 42'))
    d.press(gimp.button('Insert as layer'))
    d.wait(lambda: layers_in_title(gimp.title()) == before + 1, 30, 'the earlier picture')
    report.check('and the picture itself', True)


def test_close_while_running(session, report):
    """No image; the window is closed in the middle; then a run that makes the image."""
    d = __import__('desktop')
    gimp = Gimp(session, report)
    gimp.open_dialog()
    gimp.wait_ready('the dialog')
    report.check('the last settings are there', d.value(gimp.spin('Steps')) == 600,
                 d.value(gimp.spin('Steps')))
    files = len(session.history())
    d.set_value(gimp.spin('Steps'), 1000)
    d.press(gimp.button('Generate'))
    gimp.wait_step(3)
    d.keys('Escape')
    gimp.button('Go on')
    report.check('Escape holds the run and asks', True)
    at = gimp.bar().get_name()
    d.press(gimp.button('Go on'))
    d.wait(lambda: gimp.bar().get_name() != at, 60, 'the run to go on')
    report.check('and it can go on', True)
    d.keys('Alt', 'F4')
    gimp.wait_closed()
    report.check('closing the window ends the run', True)
    report.check('and leaves no picture', len(session.history()) == files)
    report.check('GIMP goes on', gimp.process.poll() is None)

    gimp.open_dialog()
    gimp.wait_ready('the dialog')
    report.check('settings survive a closed window', d.value(gimp.spin('Steps')) == 1000)
    d.set_value(gimp.spin('Steps'), 4)
    d.press(gimp.button('Generate'))
    d.wait(lambda: '128x128' in gimp.title(), 60, 'a new image')
    report.check('without an image a new one is made', layers_in_title(gimp.title()) == 1,
                 gimp.title())
    gimp.wait_ready()
    gimp.shot('7-no-image')
    d.set_value(gimp.spin('Steps'), 1000)
    d.press(gimp.button('Generate again'))
    gimp.wait_step(3)
    gimp.process.kill()  # GIMP dies under the run
    gimp.process.wait()
    gimp.wait_closed()
    report.check('a killed GIMP takes the plug-in with it', True)


def test_image_closed(session, report):
    """The image is closed while its picture is made: the picture comes in an image of its own."""
    d = __import__('desktop')
    gimp = Gimp(session, report, session.root / 'out/ground.png')
    d.wait(lambda: 'ground' in gimp.title(), 60, 'the image')
    gimp.open_dialog()
    gimp.wait_ready('the dialog')
    report.check('settings survive a killed GIMP', d.value(gimp.spin('Steps')) == 1000)
    d.press(gimp.button('Generate'))
    gimp.wait_step(3)
    d.press(gimp.menu_item('Close View'))
    d.wait(lambda: 'ground' not in gimp.title(), 30, 'the image to close')
    d.wait(lambda: '128x128' in gimp.title(), 120, 'a new image')
    gimp.wait_ready()
    report.check('a picture whose image is gone gets a new one',
                 layers_in_title(gimp.title()) == 1, gimp.title())
    d.press(gimp.button('Close'))
    gimp.wait_closed()
    noise = gimp.quit()
    report.check('and nothing is said on stderr', not noise, '\n'.join(noise))


def test_without_model(session, report):
    d = __import__('desktop')
    gimp = Gimp(session, report, EDT_MODEL_PATH=str(session.root / 'run'))
    gimp.open_dialog()
    label = d.wait(lambda: d.find(gimp.dialog, 'label', 'There is no model'), 60, 'the sentence')
    report.check('no model: told in a sentence', 'Import' in label.get_name())
    generate = gimp.button('Generate')
    report.check('and there is nothing to generate with', not d.sensitive(generate))
    gimp.shot('8-no-model')
    d.press(gimp.button('Import…'))
    d.wait(lambda: d.find(gimp.plugin, 'dialog', 'Import a Model'), 30, 'the import dialog')
    gimp.shot('9-import')
    files = [os.environ['EDT_TEST_CHECKPOINT'], os.environ['EDT_TEST_VAE']]
    for name, path in zip(['Checkpoint', 'Autoencoder'], files):
        choose_file(gimp, name, path)
    window = d.find(gimp.plugin, 'dialog', 'Import a Model')
    start = d.find(window, d.BUTTONS, 'Import')
    d.wait(lambda: d.sensitive(start), 30, 'the import button')
    d.press(start)
    d.wait(lambda: d.sensitive(gimp.button('Generate')), 60, 'the imported model')
    report.check('an imported model can be used at once', True)
    gimp.shot('10-imported')
    gimp.quit()


def choose_file(gimp, name, path):
    """The file dialog by keyboard: a path typed into it, Enter."""
    d = gimp.d
    window = d.find(gimp.plugin, 'dialog', 'Import a Model')
    label = d.find(window, 'label', name)
    row = label.get_parent()
    choosers = [w for w in d.walk(row) if w.get_role_name() in d.BUTTONS]
    d.press(choosers[-1] if name == 'Checkpoint' else choosers[0])
    window = d.wait(lambda: d.find(gimp.plugin, 'file chooser'), 30, 'the file dialog')
    d.type_keys('/')
    entry = d.wait(lambda: d.find(window, ('text', 'entry')), 30, 'a place for the path')
    d.type_into(entry, path)
    d.press(d.find(window, d.BUTTONS, 'Open'))
    d.wait(lambda: Path(path).name in ' '.join(w.get_name() or '' for w in d.walk(row)), 30,
           'the chosen file')


def inside(scratch):
    """Runs on the desktop that main() made."""
    sys.stdout = open(Path(scratch) / 'results.tap', 'w')
    report, session = Report(), Session.__new__(Session)
    session.root = Path(scratch)
    session.env = dict(os.environ)
    (session.root / 'shots').mkdir()
    for test in [test_whole_run, test_close_while_running, test_image_closed, test_without_model]:
        try:
            test(session, report)
        except Exception:
            import desktop
            desktop.screenshot(session.root / 'shots' / f'failed-{test.__name__}.png')
            report.check(test.__name__, False, traceback.format_exc())
            Gimp.running_now.kill()
            Gimp.running_now.wait()
    report.done()


def main():
    if sys.argv[1] == '--inside':
        inside(sys.argv[2])
    report = Report()
    missing = [name for name in NEEDED if not shutil.which(name)]
    if missing:
        report.skip_all(f'there is no {", ".join(missing)}')
    try:
        import desktop
    except (ImportError, ValueError):
        report.skip_all('there is no AT-SPI for Python')
    session = Session(*sys.argv[1:6])
    session.env.pop('NO_AT_BRIDGE')
    session.env |= {'EDT_TEST_CHECKPOINT': sys.argv[4], 'EDT_TEST_VAE': sys.argv[5]}
    # The tiny model would be ready before anything can be watched: the slowest kernels there are.
    session.env |= {'EDT_ISA': 'plain', 'ONEDNN_MAX_CPU_ISA': 'SSE41', 'EDT_THREADS': '1'}
    subprocess.run(['magick', '-size', '300x240', 'xc:white',
                    str(session.root / 'out/ground.png')], check=True)
    code = desktop.enter([sys.executable, __file__, '--inside', str(session.root)], session.env)
    print((session.root / 'results.tap').read_text(), end='')
    sys.exit(code)


main()

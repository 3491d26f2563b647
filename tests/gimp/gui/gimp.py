# SPDX-License-Identifier: GPL-3.0-or-later
#
# One running GIMP, its EDT dialog, and what a test does with them; in English or in German.
import os
import subprocess
from contextlib import contextmanager
from pathlib import Path

import desktop as d
from session import own_noise


class Gimp:
    READY, STEP, PREVIEW, LAYER = 'Ready', 'Step', 'Preview', 'layer'
    GENERATE = 'Generate', 'Generate again'
    MENU = 'Picture of a Class (EDT)'
    AT_ONCE = 'Insert at once'
    running_now = None

    def __init__(self, session, report, *files, **more):
        self.session, self.report = session, report
        d.park_pointer()
        self.log = session.root / f'gimp-{report.count}.log'
        self.process = subprocess.Popen(['gimp-3', '--no-splash', '-n', *map(str, files)],
                                        env=dict(os.environ) | more, stdout=subprocess.DEVNULL,
                                        stderr=open(self.log, 'w'))
        Gimp.running_now = self.process
        self.app = d.wait(lambda: d.application('gimp') or d.application('gimp-3'), 'GIMP')
        d.wait(self.menu_item, 'the menu entry')
        if files:
            d.wait(lambda: files[0].stem in self.title(), 'the image')

    def menu_item(self, name=None, roles='menu item'):
        bar = d.find(self.app, 'menu bar')
        return bar and d.find(bar, roles, name or self.MENU, showing=False)

    def title(self):
        window = d.find(self.app, 'frame')
        return window.get_name() if window else ''

    def layers(self):
        """How many there are, out of the title: "… 1 layer) 300x240"."""
        words = self.title().replace(')', ' ').split()
        counts = [int(words[i - 1]) for i, word in enumerate(words) if word.startswith(self.LAYER)]
        return counts[0] if counts else 0

    def wait_layers(self, count, what='the layer'):
        """The title tells it, and comes later than what the plug-in says of itself."""
        d.wait(lambda: self.layers() == count, what)

    # ---- the dialog ----

    def open_dialog(self, ready=True, entry=None, at_once=True):
        """Most tests are about what is inserted at once, which a new profile does not."""
        d.press(d.wait(lambda: self.menu_item(entry), 'the menu entry'))
        self.plugin = d.wait(lambda: d.application('edt-generate'), 'the plug-in')
        self.dialog = d.wait(lambda: d.find(self.plugin, 'dialog'), 'the dialog')
        if ready:
            d.wait(lambda: self.bar().get_name().startswith(self.READY), 'the dialog')
        if at_once and d.find(self.dialog, 'check box', self.AT_ONCE):
            self.tick(self.AT_ONCE, True)
        if ready:
            self.wait_ready('the dialog')

    def button(self, name):
        return d.wait(lambda: d.find(self.dialog, d.BUTTONS, name), f'button {name}')

    def search(self, text):
        entry = d.find(self.dialog, ('text', 'entry'), 'Search classes')
        d.type_into(entry, text)
        return entry

    def press(self, name):
        d.press(self.button(name))

    def tick(self, name, on):
        box = self.button(name)
        if box.get_state_set().contains(d.Atspi.StateType.CHECKED) != on:
            d.press(box)

    def reset(self):
        """All but that."""
        self.press('Reset')
        self.press('Reset to Factory Defaults')
        d.wait(lambda: d.find(self.dialog, d.BUTTONS, 'Generate 9 drafts'), 'the reset')
        self.tick(self.AT_ONCE, True)

    def spin(self, name):
        return d.wait(lambda: d.find(self.dialog, 'spin button', name), name)

    def set(self, name, value):
        d.set_value(self.spin(name), value)

    def get(self, name):
        return d.value(self.spin(name))

    @contextmanager
    def more_settings(self, button, *names):
        """Opens the settings behind a button, and closes them after the with."""
        self.press(button)
        for name in names:
            d.wait(lambda: d.find(self.dialog, 'combo box', name), name)
        yield
        self.press(button)
        d.wait(lambda: not d.find(self.dialog, 'combo box', names[-1]), 'them to close')

    def bar(self):
        return d.wait(lambda: d.find(self.dialog, 'progress bar'), 'the bar')

    def preview(self):
        return d.find(self.dialog, ('image', 'drawing area'), self.PREVIEW)

    def caption(self):
        """What the preview shows."""
        return self.preview().get_description()

    def classes(self):
        return d.find(self.dialog, 'layered pane', 'Classes')

    def thumbnail(self, name, which=0, begins=False):
        found = [w for w in d.walk(self.dialog) if w.get_role_name() in d.BUTTONS and
                 (w.get_name() == name or begins and (w.get_name() or '').startswith(name))]
        return found[which] if found else None

    def act_on(self, thumbnail, what):
        """From the menu of an earlier picture; the keyboard there brings it into sight."""
        thumbnail.get_component_iface().grab_focus()
        d.wait(lambda: d.inside(d.region(thumbnail), d.region(self.dialog)), 'it to be in sight')
        d.click(thumbnail, button=3)
        d.press(d.wait(lambda: d.find(self.plugin, 'menu item', what), what))

    def wait_ready(self, what='the picture'):
        d.wait(lambda: self.bar().get_name().startswith(self.READY) and
               d.sensitive(self.button(self.GENERATE)), what)

    def wait_step(self, least, pictures=''):
        def reached():
            name = self.bar().get_name()
            words = name.removeprefix(pictures).split()
            return (name.startswith(pictures) and words[:1] == [self.STEP] and
                    int(words[1]) >= least)
        d.wait(reached, f'step {least}')

    def plugin_runs(self):
        program = f'{self.session.root}/gimp/plug-ins/edt-generate/edt-generate'
        for path in Path('/proc').glob('[0-9]*/cmdline'):
            try:
                if path.read_text(errors='replace').startswith(program):
                    return True
            except OSError:  # it has just ended
                pass
        return False

    def wait_closed(self):
        d.wait(lambda: not self.plugin_runs(), 'the plug-in to end')

    def close(self):
        self.press('Close')
        self.wait_closed()

    def shot(self, name):
        d.screenshot(self.session.root / 'shots' / f'{name}.png')

    def noise(self):
        """What the plug-in said on stderr, which should be nothing."""
        return '\n'.join(own_noise(self.log.read_text()))

    def quit(self):
        # GIMP calls exit() within its handler, which waits for ever where Xlib held a lock
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        return self.noise()


class GermanGimp(Gimp):
    READY, STEP, PREVIEW, LAYER = 'Bereit', 'Schritt', 'Vorschau', 'Ebene'
    GENERATE = 'Generieren', 'Erneut generieren'
    MENU = 'Bild einer Klasse (EDT)', 'Picture of a Class (EDT)'
    AT_ONCE = 'Sofort einfügen'


def chosen(combo):
    return combo.get_selection_iface().get_selected_child(0).get_name()


def choose_file(gimp, title, name, path, accept='Open'):
    """The file dialog by keyboard: a path typed into it, Enter."""
    window = d.find(gimp.plugin, 'dialog', title)
    label = next(w for w in d.walk(window) if w.get_role_name() == 'label' and
                 w.get_name().partition(' (')[0] == name)  # sentences begin with the word, too
    row = label.get_parent()
    choosers = [w for w in d.walk(row) if w.get_role_name() in d.BUTTONS and
                w.get_role_name() != 'check box']
    d.press(choosers[-1] if name == 'Checkpoint' else choosers[0])
    window = d.wait(lambda: d.find(gimp.plugin, 'file chooser'), 'the file dialog')
    d.type_keys('/')
    entry = d.wait(lambda: d.find(window, ('text', 'entry')), 'a place for the path')
    d.type_into(entry, path)
    d.press(d.find(window, d.BUTTONS, accept))
    d.wait(lambda: os.path.basename(path) in ' '.join(w.get_name() or '' for w in d.walk(row)),
           'the chosen file')

# SPDX-License-Identifier: GPL-3.0-or-later
#
# The small dialogs of what is made of many pictures: each opens without a word on stderr, has the
# classes and colors of the large one, makes what it says in one undo step, and cancelling it makes
# nothing.  And the palette of the large one, and the settings of a layer.
import desktop as d
from gimp import Gimp

MORPH, SCATTER = 'Morph to Frames (EDT)', 'Scattered Pictures (EDT)'
SETTINGS = 'EDT Settings of This Layer'
BRUSH, PATTERN = 'Pictures as a Brush (EDT)', 'Pictures as a Pattern (EDT)'


def number(gimp, label):
    row = next(w for w in d.walk(gimp.dialog) if w.get_role_name() == 'label' and
               (w.get_name() or '').startswith(label))
    return d.find(row.get_parent(), 'spin button')


def fill_in(gimp, classes, numbers):
    for search, text in zip(['Search classes', 'Search classes for the end'], classes):
        d.type_into(d.find(gimp.dialog, ('text', 'entry'), search), text)
    for label, value in numbers.items():
        d.set_value(number(gimp, label), value)


def go(gimp, button='Generate'):
    d.press(d.wait(lambda: d.find(gimp.dialog, d.BUTTONS, button), button))
    gimp.wait_closed()


def undo(gimp):
    d.press(d.wait(lambda: gimp.menu_item('Undo'), 'Undo'))


def cancel(gimp):
    """By the button beside GIMP's own progress: none of the frames comes."""
    gimp.open_dialog(ready=False, entry=MORPH)
    fill_in(gimp, ['tench', 'castle'], {'Frames': 40, 'Steps': 900})
    d.press(d.wait(lambda: d.find(gimp.dialog, d.BUTTONS, 'Generate'), 'Generate'))
    button = d.wait(lambda: d.find(gimp.app, d.BUTTONS, 'Cancel'), "GIMP's Cancel")
    d.press(button)
    gimp.wait_closed()
    gimp.report.check('morph: cancelled while it runs, no frame comes', gimp.layers() == 1)


def choose_colours(gimp, which, shot=None):
    """In the large dialog; the setting stays.  Gives what is remembered of it."""
    gimp.open_dialog()
    with gimp.more_settings('More settings', 'Colors'):
        d.choose(d.find(gimp.dialog, 'combo box', 'Colors'), which)
        if shot:
            gimp.shot(shot)
    gimp.close()
    last = gimp.session.root / 'gimp/plug-in-settings'
    return (last / 'GimpProcedureConfigRun-plug-in-edt-generate.last').read_text()


def test_colours(gimp):
    text = choose_colours(gimp, 2, '8-colors')
    gimp.report.check('the colors are chosen', '(palette "active")' in text, text)
    text = choose_colours(gimp, 0)
    gimp.report.check('and all of them again', '(palette "")' in text, text)


def check_shared(gimp, name, grids):
    """The widgets of the large dialog."""
    found = [w for w in d.walk(gimp.dialog)
             if w.get_role_name() == 'layered pane' and w.get_name() == 'Classes']
    combos = [d.find(gimp.dialog, 'combo box', label) for label in ('Colors', 'Model')]
    gimp.report.check(f'{name}: {grids} grids of classes, colors and model',
                      len(found) == grids and all(combos), (len(found), combos))


def search_in_vain(gimp):
    button = d.wait(lambda: d.find(gimp.dialog, d.BUTTONS, 'Generate'), 'Generate')
    gimp.search('wolpertinger')
    d.wait(lambda: not d.sensitive(button), 'nothing to generate')
    gimp.search('barn owl')
    d.wait(lambda: d.sensitive(button), 'the owl')
    gimp.report.check('small dialogs: nothing can be made of no class', True)


def settings_of_layer(gimp):
    """Of a scattered layer, then of a plain one: each its own dialog, with what made it."""
    gimp.open_dialog(ready=False, entry=SETTINGS)
    gimp.report.check('settings of a scattered layer', gimp.dialog.get_name() == 'Scatter with EDT'
                      and [d.value(number(gimp, label)) for label in
                           ('Seed', 'Size', 'Different ones', 'Steps')] == [5, 20, 2, 2],
                      gimp.dialog.get_name())
    d.wait(lambda: d.find(gimp.dialog, 'label', 'tench'), 'its class')
    gimp.shot('8-settings-of-scatter')
    go(gimp, 'Cancel')
    gimp.open_dialog()
    gimp.search('red fox')
    gimp.press('New seed every time')
    gimp.set('Seed', 77)
    gimp.set('Steps', 3)
    gimp.press('Generate')
    gimp.wait_layers(3)
    gimp.wait_ready()
    gimp.search('castle')
    gimp.set('Seed', 1)
    gimp.set('Steps', 9)
    gimp.close()
    d.press(gimp.menu_item('None'))
    gimp.open_dialog(entry=SETTINGS)
    d.wait(lambda: d.find(gimp.dialog, 'label', 'red fox'), 'its class')
    d.wait(lambda: d.find(gimp.dialog, 'label', 'in the middle of the layer “red fox (seed 77)”'),
           'where the next one will be')
    gimp.report.check('settings of a layer', (gimp.get('Seed'), gimp.get('Steps')) == (77, 3) and
                      gimp.caption() == 'red fox, seed 77', gimp.caption())
    gimp.shot('8-settings-of-layer')
    gimp.close()
    undo(gimp)  # nothing is selected
    undo(gimp)
    gimp.wait_layers(2, 'the undo')


def test_series(session, report):
    gimp = Gimp(session, report, session.root / 'out/ground.png')
    gimp.open_dialog(ready=False, entry=MORPH)
    check_shared(gimp, 'morph', 2)
    search_in_vain(gimp)
    fill_in(gimp, ['tench', 'castle'], {'Seed': 5, 'Frames': 3, 'Steps': 2})
    gimp.shot('8-morph')
    go(gimp)
    d.wait(lambda: gimp.layers() > 1, 'the frames')
    undo(gimp)
    gimp.wait_layers(1, 'one undo to take all frames back')
    report.check('morph: one undo takes all frames back', True)
    d.press(gimp.menu_item('All'))
    gimp.open_dialog(ready=False, entry=SCATTER)
    check_shared(gimp, 'scatter', 1)
    fill_in(gimp, ['tench'], {'Seed': 5, 'Size': 20, 'Different ones': 2, 'Steps': 2})
    gimp.shot('8-scatter')
    go(gimp)
    gimp.wait_layers(2)
    settings_of_layer(gimp)
    undo(gimp)
    gimp.wait_layers(1, 'the undo')
    report.check('scatter: one undo takes it back', True)
    cancel(gimp)
    files = len(session.history())
    for name, menu in [('brush', BRUSH), ('pattern', PATTERN), ('morph', MORPH)]:
        gimp.open_dialog(ready=False, entry=menu)
        check_shared(gimp, name, 2 if name == 'morph' else 1)
        gimp.shot(f'8-{name}-again')
        go(gimp, 'Cancel')
    report.check('cancelled: nothing is made', len(session.history()) == files and
                 gimp.layers() == 1)
    test_colours(gimp)
    noise = gimp.quit()
    report.check('small dialogs: nothing on stderr', not noise, noise)

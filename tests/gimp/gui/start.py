# SPDX-License-Identifier: GPL-3.0-or-later
#
# "Start from": the two other menu entries, what they show, and what comes of a sketch and a
# selection; one undo takes each of them away.
import json
import subprocess
import time

import desktop as d
from gimp import Gimp

SKETCH, FILL = 'Picture from a Sketch (EDT)', 'Fill the Selection (EDT)'
CHOSEN = d.Atspi.StateType.CHECKED


def radio(gimp, name):
    return d.wait(lambda: d.find(gimp.dialog, 'radio button', name), name)


def slider(gimp):
    return d.find(gimp.dialog, 'slider', 'Freedom')


def into(gimp):
    return d.find(gimp.dialog, 'combo box', 'Into')


def needed_of_start(gimp, button):
    """The buttons, and the first of what comes with one of them."""
    d.wait(lambda: d.sensitive(radio(gimp, button)) or button == 'Selection', button)
    if button == 'Selection':
        d.press(gimp.menu_item('All'))
        d.wait(lambda: d.sensitive(radio(gimp, button)), 'the selection')
    d.press(radio(gimp, button))
    first = d.wait(lambda: slider(gimp) if button == 'Layer' else into(gimp), 'its settings')
    return [radio(gimp, name) for name in ('Nothing', 'Layer', 'Selection')] + [first]


def seen(gimp):
    return d.find(gimp.dialog, ('image', 'drawing area'), 'What the network sees')


def record_in(gimp, path):
    told = subprocess.run([gimp.session.env['EDT_PROGRAM'], 'info', path, '--json'],
                          capture_output=True, text=True, env=gimp.session.env).stdout
    return json.loads(told).get('record') or json.loads(told)


def record_of(gimp):
    return record_in(gimp, gimp.session.history()[-1])


def make(gimp, layers, generate=None):
    files = len(gimp.session.history())
    generate() if generate else d.press(gimp.button(gimp.GENERATE))
    d.wait(lambda: len(gimp.session.history()) > files, 'the picture')
    gimp.wait_layers(layers)
    gimp.wait_ready()
    return record_of(gimp)


def test_start(session, report):
    gimp = Gimp(session, report, session.root / 'out/sketch.png')
    gimp.open_dialog(entry=SKETCH)
    report.check('the sketch is what it starts from',
                 radio(gimp, 'Layer').get_state_set().contains(CHOSEN))
    report.check('nothing is selected: no selection to start from',
                 not d.sensitive(radio(gimp, 'Selection')))
    report.check('its freedom can be set, and nothing of a selection',
                 slider(gimp) is not None and not into(gimp))
    d.wait(lambda: d.find(gimp.dialog, 'label', 'above the layer'), 'where it will be')
    sees = d.wait(lambda: seen(gimp), 'what the network sees')
    report.check('what the network sees is shown', ' 128 × 128 ' in sees.get_description(),
                 sees.get_description())
    gimp.shot('15-seen')
    gimp.search('owl')
    gimp.set('Steps', 4)
    d.set_value(slider(gimp), 0.8)
    slider(gimp).get_component_iface().grab_focus()
    first = make(gimp, 2, lambda: d.keys('Control', 'Return'))
    report.check('a picture of the sketch', first.get('freedom') == 0.8 and 'source' in first, first)
    gimp.shot('15-sketch')
    second = make(gimp, 3)
    report.check('once more: of the sketch, not of its picture',
                 second.get('source') == first['source'] and second['seed'] != first['seed'],
                 (first, second))
    d.press(gimp.menu_item('Undo'))
    gimp.wait_layers(2, 'undo')
    report.check('one undo takes it away', True)
    select_and_fill(gimp)
    gimp.close()
    open_fill(gimp)
    noise = gimp.quit()
    report.check('start: nothing on stderr', not noise, noise)


def dashes(path):
    """Nearly black and nearly white are the dashes alone: all else is coloured, or checked in gray."""
    pixels = subprocess.run(['magick', str(path), '-depth', '8', 'rgb:-'],
                            capture_output=True).stdout
    grays = [pixels[i] for i in range(0, len(pixels), 3)
             if pixels[i] == pixels[i + 1] == pixels[i + 2]]
    return sum(gray < 45 for gray in grays), sum(gray > 210 for gray in grays)


def is_dashed(path):
    return min(dashes(path)) > 100


def look_around(gimp, name):
    d.capture(gimp.preview(), gimp.session.root / f'shots/{name}.png')
    return gimp.session.root / f'shots/{name}.png'


def march(gimp):
    """The outline; and another selection of the same bounds is another place."""
    first = look_around(gimp, 'march-a')
    d.wait(lambda: d.difference(first, look_around(gimp, 'march-b')) > 100, 'it to march')
    gimp.report.check('the outline marches', True)
    round_corners(gimp)
    d.wait(lambda: sum(dashes(look_around(gimp, 'rounded'))) < 0.9 * sum(dashes(first)),
           'the shorter outline')
    gimp.report.check('another selection of the same bounds is shown, too', True)
    gimp.shot('16-rounded')
    selected_meanwhile(gimp)


def selected_meanwhile(gimp):
    """The picture that was made is seen, wherever the next one will be."""
    gimp.set('Steps', 1000)
    gimp.set('Pictures', 8)
    gimp.press('Generate')
    gimp.wait_step(2)
    d.press(gimp.menu_item('Undo Rounded'))
    d.wait(lambda: not gimp.menu_item('Undo Rounded'), 'the selection of before')
    time.sleep(2)  # it is looked at once a second
    gimp.report.check('it still runs', gimp.bar().get_name().startswith('Step'),
                      gimp.bar().get_name())
    gimp.press('Cancel')
    gimp.press('Keep')
    gimp.wait_ready()
    gimp.wait_layers(11, 'the group')
    gimp.report.check('another selection meanwhile leaves the pictures in sight',
                      gimp.caption() == 'barn owl, 8 pictures', gimp.caption())
    discarded_meanwhile(gimp)
    gimp.set('Steps', 4)
    gimp.set('Pictures', 1)
    d.press(gimp.menu_item('Undo'))
    gimp.wait_layers(2, 'undo')


def discarded_meanwhile(gimp):
    """Of what was given up nothing stays in sight: the place is shown that is selected now."""
    gimp.press('Generate again')
    gimp.wait_step(2)
    round_corners(gimp)
    d.wait(lambda: gimp.menu_item('Undo Rounded'), 'the other selection')
    time.sleep(2)  # it is looked at once a second
    gimp.report.check('it is still made', gimp.bar().get_name().startswith('Step') and
                      gimp.caption() == 'barn owl, 8 pictures', gimp.bar().get_name())
    gimp.press('Cancel')
    gimp.press('Discard')
    gimp.wait_ready()
    d.wait(lambda: gimp.caption() == 'Here the next picture will come', 'the other place')
    look_around(gimp, 'discarded')
    gimp.report.check('the other selection is shown, once nothing has come of it', True)
    d.press(gimp.menu_item('Undo Rounded'))
    d.wait(lambda: not gimp.menu_item('Undo Rounded'), 'the selection of before')


def round_corners(gimp):
    d.press(gimp.menu_item('Rounded Rectangle'))
    other = d.wait(lambda: d.application('script-fu'), 'the program that does it')
    ok = d.wait(lambda: d.find(other, d.BUTTONS, 'OK'), 'its dialog')
    d.press(ok)


def select_and_fill(gimp):
    d.press(gimp.menu_item('All'))
    d.wait(lambda: d.sensitive(radio(gimp, 'Selection')), 'the selection')
    d.press(radio(gimp, 'Selection'))
    d.wait(lambda: into(gimp), 'what the selection is')
    gimp.report.check('the freedom goes with the sketch', not slider(gimp))
    careful = d.find(gimp.dialog, 'check box', 'Careful')
    gimp.report.check('careful is of what is missing', not d.sensitive(careful))
    d.wait(lambda: not seen(gimp), 'a shape to have no source')
    told = d.wait(lambda: d.find(gimp.dialog, 'label', 'in the selection of'), 'where it will be')
    gimp.report.check('the size of the selection is told',
                      told.get_name().endswith(', 300 × 240 px'), told.get_name())
    d.wait(lambda: gimp.caption() == 'Here the next picture will come', 'what is around it')
    gimp.shot('16-around')
    d.capture(gimp.preview(), gimp.session.root / 'shots/around.png')
    gimp.report.check('the preview shows the selection in what is around it', is_dashed(
        gimp.session.root / 'shots/around.png'))
    march(gimp)
    record = make(gimp, 3)
    gimp.report.check('and then the picture', gimp.caption().startswith('barn owl, seed '),
                      gimp.caption())
    gimp.report.check('the selection is filled', record.get('fill') == 'shape' and 'mask' in record,
                      record)
    d.choose(into(gimp), 1)
    d.wait(lambda: d.sensitive(careful), 'careful')
    d.wait(lambda: seen(gimp), 'what is known around it')
    gimp.shot('16-selection')
    d.press(gimp.menu_item('Undo'))
    gimp.wait_layers(2, 'undo')
    gimp.report.check('layer and mask are one step', True)


def open_fill(gimp):
    """The menu entry says what is started from; the last settings say how."""
    gimp.open_dialog(entry=FILL)
    gimp.report.check('fill starts from the selection',
                      radio(gimp, 'Selection').get_state_set().contains(CHOSEN))
    d.wait(lambda: gimp.caption() == 'Here the next picture will come',
           'the place instead of the last picture')
    d.press(radio(gimp, 'Nothing'))
    d.wait(lambda: not into(gimp), 'its settings to go')
    d.wait(lambda: not seen(gimp), 'nothing to start from')
    gimp.close()

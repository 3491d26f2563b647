# SPDX-License-Identifier: GPL-3.0-or-later
#
# Two classes in the large dialog: the second one behind the plus, the slider between both, what an
# earlier picture and a reset make of it, and the frames from the one to the other.
import desktop as d
from gimp import Gimp, chosen
from series import number
from start import record_of

MIXED = 'red fox + barn owl '


def label(gimp, text):
    return d.find(gimp.dialog, 'label', text)


def slider(gimp):
    return d.find(gimp.dialog, 'slider', 'Part of the second class')


def second(gimp):
    return d.find(gimp.dialog, ('text', 'entry'), 'Search second classes')


def needed_of_mix(gimp):
    """Owl and fox, and what is shown of them."""
    gimp.search('red fox')
    choose(gimp, 'barn owl')
    return [slider(gimp), gimp.button('Second class'), gimp.button('Frames…'),
            gimp.button('Do not mix'), d.find(gimp.dialog, 'combo box', 'Way to mix')]


def choose(gimp, name):
    gimp.press('Second class')
    entry = d.wait(lambda: second(gimp), 'the second classes')
    d.wait(lambda: d.focused(entry), 'the keyboard in their search')
    d.type_into(entry, name)
    d.wait(lambda: label(gimp, f'{MIXED}50 %'), 'both names')
    gimp.shot('20-second-class')
    d.keys('Return')
    d.wait(lambda: not second(gimp), 'Enter to close them')


def make(gimp):
    files = len(gimp.session.history())
    d.press(gimp.button(gimp.GENERATE))
    d.wait(lambda: len(gimp.session.history()) > files, 'the picture')
    gimp.wait_ready()
    return record_of(gimp)


def test_mix(session, report):
    gimp = Gimp(session, report, session.root / 'out/ground.png')
    gimp.open_dialog()
    d.wait(lambda: label(gimp, 'Mix with a second class'), 'the plus')
    report.check('nothing is mixed at first', not slider(gimp))
    needed_of_mix(gimp)
    report.check('Enter has made nothing', not session.history())
    gimp.press('New seed every time')
    gimp.set('Seed', 42)
    gimp.set('Steps', 4)
    d.set_value(slider(gimp), 0.3)
    d.wait(lambda: label(gimp, f'{MIXED}30 %'), 'the part')
    record = make(gimp)
    gimp.wait_layers(2)
    report.check('a mixed picture', [row[1] for row in record['mix']] == [0.3] and
                 gimp.caption() == f'{MIXED}30 %, seed 42', (record, gimp.caption()))
    d.choose(d.find(gimp.dialog, 'combo box', 'Way to mix'), 1)
    gimp.shot('20-mixed')
    record = make(gimp)
    report.check('and the shape of the first', record['mix_how'] == 'shape', record)
    gimp.wait_layers(3)
    given_up(gimp)
    frames(gimp)
    letters(gimp)
    gimp.close()
    noise = gimp.quit()
    report.check('mix: nothing on stderr', not noise, noise)


def given_up(gimp):
    gimp.reset()
    d.wait(lambda: not slider(gimp) and label(gimp, 'Mix with a second class'), 'the plus')
    # the last one has the second way
    gimp.act_on(gimp.thumbnail(f'{MIXED}30 %, seed 42', -1), 'Use its settings')
    d.wait(lambda: label(gimp, f'{MIXED}30 %'), 'its mix')
    way = chosen(d.find(gimp.dialog, 'combo box', 'Way to mix'))
    gimp.report.check('settings of a mixed picture mix', abs(d.value(slider(gimp)) - 0.3) < 1e-9 and
                      gimp.get('Seed') == 42 and way == 'Shape of the first', way)
    gimp.press('Do not mix')
    d.wait(lambda: not slider(gimp), 'it to go')
    record = make(gimp)
    gimp.report.check('a class that was taken away has no part', not record.get('mix'), record)


def morph(gimp):
    gimp.press('Frames…')
    window = d.wait(lambda: d.find(gimp.plugin, 'dialog', 'Morph with EDT'), 'the dialog of morphs')
    large, gimp.dialog = gimp.dialog, window
    return large


def frames(gimp):
    report, layers = gimp.report, gimp.layers()
    gimp.search('red fox')
    choose(gimp, 'barn owl')
    large = morph(gimp)
    d.wait(lambda: label(gimp, 'barn owl') and label(gimp, 'red fox'), 'both classes')
    report.check('frames have the seed and steps', [d.value(number(gimp, name)) for name in
                 ('Seed', 'Steps')] == [42, 4])
    gimp.shot('20-frames')
    report.check('the large dialog waits for that of frames, and cannot be closed under it',
                 gimp.dialog.get_state_set().contains(d.Atspi.StateType.MODAL))
    d.press(gimp.button('Cancel'))
    gimp.dialog = large
    d.wait(lambda: not d.find(gimp.plugin, 'dialog', 'Morph with EDT'), 'it to close')
    for even in (False, True):
        morph(gimp)
        d.set_value(number(gimp, 'Frames'), 3)
        if even:
            gimp.press('Even steps')
        generate = gimp.button('Generate')
        gimp.dialog = large
        said = d.Heard(gimp.bar())
        d.press(generate)
        gimp.wait_layers(layers + 4, 'the frames in a group')
        gimp.wait_ready()
        told = said.end()
        # a busy desktop may pass on none of it
        report.check(f'frames, even {even}: they begin once', told.count('Starting') <= 1, told)
        played(gimp, even)
        d.press(gimp.menu_item('Undo'))
        gimp.wait_layers(layers, 'one undo to take all frames back')
    gimp.shot('20-after-frames')
    report.check('frames of both classes, also with even steps', True)


def played(gimp, even):
    """One after the other in the preview, and all of them after a click."""
    shots = gimp.session.root / 'shots'
    first = d.capture(gimp.preview(), shots / f'played-{even}-a.png')
    d.wait(lambda: d.difference(first, d.capture(gimp.preview(), shots / f'played-{even}-b.png')) >
           1000, 'another frame')
    gimp.report.check(f'frames, even {even}: the preview plays them', True)
    gimp.shot(f'20-played-{even}')
    d.click(gimp.preview())
    d.park_pointer()


def letters(gimp):
    """Where the keyboard is in the popover they search there, and Escape closes only that."""
    gimp.press('Second class')
    d.wait(lambda: second(gimp) and d.focused(second(gimp)), 'the keyboard in the search')
    d.keys('Escape')
    d.wait(lambda: not second(gimp), 'Escape to close it')
    gimp.report.check('Escape leaves the dialog', d.find(gimp.plugin, 'dialog') is not None)

# SPDX-License-Identifier: GPL-3.0-or-later
#
# Drafts to choose from: nothing comes into the image before Insert, what is inserted has all steps,
# and several lie side by side in one undo step.
import re
import subprocess

import desktop as d
from gimp import Gimp
from start import record_of

SHEET = ('table', 'panel', 'list', 'layered pane', 'filler')


def sheet(gimp):
    return d.find(gimp.dialog, SHEET, 'Drafts')


def names(gimp):
    there = sheet(gimp)
    return [there.get_child_at_index(i).get_name() for i in range(there.get_child_count())]


def inserter(gimp):
    """Not the tick, whose name begins like this one's."""
    return next(w for w in d.walk(gimp.dialog)
                if w.get_role_name() in d.BUTTONS and w.get_name() == 'Insert')


def choose(gimp, *numbers):
    selection = sheet(gimp).get_selection_iface()
    selection.clear_selection()
    for number in numbers:
        selection.select_child(number)
    d.wait(lambda: d.sensitive(inserter(gimp)), 'something to insert')


def draft(gimp):
    """Unticks, and makes a sheet."""
    gimp.tick('Insert at once', False)
    gimp.press('Generate 9 drafts')
    d.wait(lambda: gimp.bar().get_name().startswith('Ready · 9 '), 'the drafts')
    d.wait(lambda: len(names(gimp)) == 9, 'the sheet')


def needed_of_candidates(gimp):
    draft(gimp)
    choose(gimp, 4)
    return [sheet(gimp), inserter(gimp), gimp.button('More like this'),
            d.find(gimp.dialog, 'slider', 'How much they differ')]


def insert(gimp, layers):
    files = len(gimp.session.history())
    d.press(inserter(gimp))
    d.wait(lambda: len(gimp.session.history()) > files, 'the picture')
    gimp.wait_layers(layers)
    gimp.wait_ready()
    return record_of(gimp)


def test_candidates(session, report):
    subprocess.run(['magick', '-size', '400x200', 'xc:white', str(session.root / 'out/wide.png')],
                   check=True)
    gimp = Gimp(session, report, session.root / 'out/wide.png')
    gimp.open_dialog(at_once=False)
    at_once = gimp.button('Insert at once').get_state_set().contains(d.Atspi.StateType.CHECKED)
    report.check('a new profile begins with drafts', not at_once and
                 gimp.button('Generate 9 drafts') is not None)
    gimp.search('red fox')
    gimp.set('Steps', 20)
    files = len(session.history())
    draft(gimp)
    gimp.shot('17-drafts')
    first = names(gimp)
    report.check('nine drafts, each with a name of its own', len(set(first)) == 9 and
                 all(name.startswith('red fox, seed ') for name in first), first)
    report.check('nothing is inserted or kept of them', gimp.layers() == 1 and
                 len(session.history()) == files, gimp.title())
    report.check('nor can anything be, before it is chosen', not d.sensitive(inserter(gimp)))
    one_of_them(gimp, first)
    more_like_it(gimp)
    back(gimp, first)
    digits(gimp)
    menu(gimp)
    given_up(gimp)
    several(gimp)
    gimp.press('Insert at once')
    d.wait(lambda: gimp.preview(), 'the preview')
    report.check('who inserts at once has the preview again', not sheet(gimp))
    of_the_preview(gimp)
    gimp.set('Pictures', 2)
    d.wait(lambda: d.find(gimp.dialog, 'label', 'each 128 × 128 px'), 'their size')
    report.check('two in a row: the dialog tells how large each is', True)
    gimp.close()
    noise = gimp.quit()
    report.check('drafts: nothing on stderr', not noise, noise)


def one_of_them(gimp, first):
    d.click(sheet(gimp).get_child_at_index(4))
    d.wait(lambda: d.sensitive(inserter(gimp)), 'something to insert')
    record = insert(gimp, 2)
    gimp.report.check('the chosen one is inserted, with all steps',
                      (record['steps'], record['seed']) == (20, int(first[4].split()[-1])), record)
    gimp.report.check('the drafts stay', names(gimp) == first)
    files = len(gimp.session.history())
    d.click(sheet(gimp).get_child_at_index(7), times=2)
    d.wait(lambda: len(gimp.session.history()) > files, 'the picture')
    gimp.wait_layers(3)
    gimp.wait_ready()
    d.park_pointer()
    record = record_of(gimp)
    gimp.report.check('a double click inserts', record['seed'] == int(first[7].split()[-1]), record)


def more_like_it(gimp):
    report, layers = gimp.report, gimp.layers()
    choose(gimp, 4)
    chosen = names(gimp)[4]
    gimp.press('More like this')
    d.wait(lambda: 'variation' in names(gimp)[1], 'the next sheet')
    more = names(gimp)
    report.check('more like it: itself, and variations of it', more[0] == chosen and
                 all(name.startswith(f'{chosen}, variation ') for name in more[1:]), more)
    gimp.wait_ready()
    choose(gimp, 3)
    cell = sheet(gimp).get_child_at_index(3)
    cell.get_component_iface().grab_focus()
    d.wait(lambda: d.focused(cell), 'the keyboard in the sheet')
    files = len(gimp.session.history())
    d.keys('Return')
    d.wait(lambda: len(gimp.session.history()) > files, 'the picture')
    gimp.wait_layers(layers + 1)
    gimp.wait_ready()
    record = record_of(gimp)
    report.check('Enter inserts it', record['variation'][0][0] == int(more[3].split()[-1]), record)
    gimp.shot('18-more-like-this')


def back(gimp, first):
    """After more like this, the sheet before; and others from the seeds behind theirs."""
    report = gimp.report
    gimp.press('Back')
    d.wait(lambda: names(gimp) == first, 'the sheet before')
    report.check('back leads to the drafts before, which is the first sheet',
                 not d.sensitive(gimp.button('Back')))
    gimp.press('More drafts')
    d.wait(lambda: names(gimp)[0] != first[0], 'other drafts')
    gimp.wait_ready()
    seeds = [int(name.split()[-1]) for name in names(gimp)]
    report.check('more drafts have the seeds behind theirs',
                 seeds == [int(name.split()[-1]) + 9 for name in first], seeds)


def focus_cell(gimp, which):
    cell = sheet(gimp).get_child_at_index(which)
    cell.get_component_iface().grab_focus()
    d.wait(lambda: d.focused(cell), 'the keyboard in the sheet')


def digits(gimp):
    """Which are no search there."""
    layers, files, seeds = gimp.layers(), len(gimp.session.history()), names(gimp)
    focus_cell(gimp, 0)
    d.type_keys('3')
    d.wait(lambda: len(gimp.session.history()) > files, 'the picture')
    gimp.wait_layers(layers + 1)
    gimp.wait_ready()
    record = record_of(gimp)
    gimp.report.check('a digit inserts the draft at its place',
                      record['seed'] == int(seeds[2].split()[-1]), record)


def menu(gimp):
    """A right click has all that can be done."""
    report, seeds = gimp.report, names(gimp)
    d.click(sheet(gimp).get_child_at_index(5), button=3)
    item = d.wait(lambda: d.find(gimp.plugin, 'menu item', 'Use its settings'), 'the menu')
    gimp.shot('18-menu')
    there = [w.get_name() for w in d.walk(gimp.plugin) if w.get_role_name() == 'menu item' and
             w.get_state_set().contains(d.Atspi.StateType.SHOWING)]
    report.check('the menu of a draft', there == ['Insert', 'More like this', 'Use its settings',
                                                  'Favourite', 'Discard'], there)
    d.press(item)
    d.wait(lambda: gimp.get('Seed') == int(seeds[5].split()[-1]), 'its seed')
    report.check('its settings are the next ones', gimp.get('Steps') == 20, gimp.get('Steps'))
    gimp.press('New seed every time')


def given_up(gimp):
    """The sheet that was there comes back.  Nine would be there before anybody has looked."""
    before, there = names(gimp), d.region(gimp.dialog)
    gimp.set('Pictures', 64)
    bar = gimp.bar()  # to look for it each time takes longer than a step
    gimp.press('Generate 64 drafts')
    d.wait(lambda: re.search(' of 64 · Step [1-9]', bar.get_name()), 'a step')
    gimp.report.check('drafts that are yet to come are told', not d.sensitive(inserter(gimp)) and
                      names(gimp) != before)
    gimp.report.check('so many make the dialog no larger', d.region(gimp.dialog) == there,
                      (there, d.region(gimp.dialog)))
    gimp.press('Cancel')
    gimp.press('Discard')
    gimp.wait_ready('the end')
    d.wait(lambda: names(gimp) == before, 'the drafts of before')
    gimp.report.check('drafts that are given up leave those of before', True)
    gimp.set('Pictures', 1)


def of_the_preview(gimp):
    """What is shown once more, varied, and as a favourite."""
    report = gimp.report
    report.check('of several pictures none is varied', not d.sensitive(gimp.button('Vary')))
    again(gimp)
    shown = gimp.caption()
    gimp.press('Vary')
    d.wait(lambda: sheet(gimp) and len(names(gimp)) == 9, 'the sheet')
    report.check('variations of the picture that is shown', names(gimp)[0] == shown and
                 all(name.startswith(f'{shown}, variation ') for name in names(gimp)[1:]),
                 (shown, names(gimp)))
    gimp.wait_ready()
    gimp.shot('20-varied')
    gimp.press('Back')
    d.wait(lambda: gimp.preview(), 'the preview')
    report.check('back leads to the picture', gimp.caption() == shown, gimp.caption())
    star = gimp.button('Favourite: the class that is shown')
    d.press(star)
    d.wait(lambda: star.get_state_set().contains(d.Atspi.StateType.CHECKED), 'the star')
    picked = next(w for w in d.walk(gimp.dialog) if w.get_name() == 'Favourite')
    report.check('its class is a favourite in the list, too',
                 picked.get_state_set().contains(d.Atspi.StateType.CHECKED))
    gimp.shot('20-preview')


def again(gimp):
    layers = gimp.layers()
    gimp.press('Generate')
    gimp.wait_layers(layers + 1)
    gimp.wait_ready()
    first = record_of(gimp)
    button = gimp.button('Again')
    d.wait(lambda: d.sensitive(button), 'a picture')
    d.press(button)
    gimp.wait_layers(layers + 2)
    gimp.wait_ready()
    second = record_of(gimp)
    gimp.report.check('again is the next seed', second['seed'] == first['seed'] + 1 and
                      second['steps'] == first['steps'], (first, second))


def several(gimp):
    report, layers = gimp.report, gimp.layers()
    d.choose(d.find(gimp.dialog, 'combo box', 'Arrangement'), 1)
    choose(gimp, 1, 2, 5)
    insert(gimp, layers + 4)
    gimp.shot('19-in-a-row')
    report.check('several come as a group', True)
    d.press(gimp.menu_item('Undo'))
    gimp.wait_layers(layers, 'undo')
    report.check('which one undo takes away', True)

# SPDX-License-Identifier: GPL-3.0-or-later
#
# The dialog by keyboard, and what it says: where letters go, when nothing can be generated, and that
# choosing goes on while a picture is made.
import subprocess

import desktop as d
from gimp import Gimp


def heading(gimp, name):
    return d.wait(lambda: d.find(gimp.dialog, 'label', name), f'the heading {name}')


def searched(gimp):
    return d.wait(lambda: d.find(gimp.dialog, ('text', 'entry'), 'Search classes'), 'the search')


def text_of(entry):
    return d.Atspi.Text.get_text(entry.get_text_iface(), 0, -1)


def wait_text(gimp, text):
    """What is in the search: a class may be found by the first letters."""
    d.wait(lambda: text_of(searched(gimp)) == text, f'“{text}” in the search')
    return True


def said(gimp, text):
    return d.wait(lambda: d.find(gimp.dialog, 'label', text), f'“{text}”')


def test_keyboard(session, report):
    subprocess.run(['magick', '-size', '100x80', 'xc:white', str(session.root / 'out/small.png')],
                   check=True)
    gimp = Gimp(session, report, session.root / 'out/small.png')
    gimp.open_dialog()
    place(gimp)
    gimp.set('Steps', 4)
    first_letters(gimp)
    after_a_run(gimp)
    escape(gimp)
    typed_number(gimp)
    nothing_found(gimp)
    from_elsewhere(gimp)
    in_the_grid(gimp)
    while_it_runs(gimp)
    same_again(gimp)
    gimp.close()
    noise = gimp.quit()
    report.check('keyboard: nothing on stderr', not noise, noise)


def place(gimp):
    """Told before, and as it was when the button was pressed."""
    report = gimp.report
    said(gimp, '128 × 128 px, as it is made')
    d.choose(d.find(gimp.dialog, 'combo box', 'Size'), 2)  # scaled to the image, which is small
    said(gimp, '80 × 80 px, reduced to 62 %')
    said(gimp, 'in the middle of “[small] (imported)”')
    report.check('the dialog tells where the picture will lie', True)
    gimp.set('Steps', 1000)
    gimp.set('Pictures', 4)
    gimp.press('Generate')
    gimp.wait_step(2)
    gimp.reset()
    said(gimp, '128 × 128 px, as it is made')
    gimp.press('Cancel')
    gimp.press('Keep')
    gimp.wait_layers(6, 'the group')
    d.press(gimp.menu_item('Fit Canvas to Layers'))
    gimp.set('Steps', 4)
    gimp.press('Generate')
    gimp.wait_layers(7, 'one more layer: GIMP has done what it was told before')
    report.check('a reset does not move what was ordered', '100x80' in gimp.title(), gimp.title())


def first_letters(gimp):
    """The search has the keyboard, also where a class is chosen already."""
    gimp.search('red fox')
    heading(gimp, 'red fox')
    gimp.close()
    gimp.open_dialog()
    heading(gimp, 'red fox')
    d.type_keys('cast')
    heading(gimp, 'castle')
    gimp.report.check('letters typed into a new dialog are a search', wait_text(gimp, 'cast'))


def after_a_run(gimp):
    d.keys('Return')
    d.wait(lambda: gimp.thumbnail('castle, seed', begins=True), 'the castle')
    gimp.wait_ready()
    d.type_keys('owl')
    heading(gimp, 'barn owl')
    gimp.report.check('and after a run a new search', wait_text(gimp, 'owl'))
    gimp.set('Steps', 1000)
    gimp.set('Pictures', 8)  # one may be done before the key is pressed
    gimp.press('Generate again')
    gimp.wait_step(2)
    gimp.search('')
    searched(gimp).get_component_iface().grab_focus()
    d.wait(lambda: d.focused(searched(gimp)), 'the search to have the keyboard')
    d.keys('Escape')
    gimp.press('Keep')
    gimp.wait_ready()
    gimp.report.check('after a question the keyboard is where it was', d.focused(searched(gimp)))
    gimp.button('Close').get_component_iface().grab_focus()
    d.type_keys('castle')
    heading(gimp, 'castle')
    gimp.report.check('wherever the keyboard is, letters are a search',
                      wait_text(gimp, 'castle'))
    gimp.set('Steps', 4)
    gimp.set('Pictures', 1)


def typed_number(gimp):
    """The keyboard stays in the field, whose number was never confirmed."""
    gimp.set('Seed', 41)
    seed = gimp.spin('Seed')
    seed.get_component_iface().grab_focus()
    d.wait(lambda: d.focused(seed), 'the seed to have the keyboard, with all of its text')
    d.type_keys('777')
    d.keys('Control', 'Return')
    d.wait(lambda: gimp.thumbnail('castle, seed 777'), 'the picture of the seed that was typed')
    gimp.wait_ready()
    gimp.report.check('a number that is being typed counts', True)


def escape(gimp):
    d.keys('Escape')
    d.wait(lambda: text_of(searched(gimp)) == '', 'an empty search')
    heading(gimp, 'castle')
    gimp.report.check('Escape clears the search', True)
    d.keys('Escape')
    gimp.wait_closed()
    gimp.report.check('and closes the dialog', True)
    gimp.open_dialog()


def nothing_found(gimp):
    gimp.search('wolpertinger')
    said(gimp, 'No class is called that')
    heading(gimp, '–')
    gimp.report.check('where nothing is found nothing can be generated',
                      not d.sensitive(gimp.button('Generate')))
    gimp.search('castel')
    d.wait(lambda: gimp.classes().get_child_count() == 1, 'a guess')
    gimp.report.check('nor where there is only a guess', not d.sensitive(gimp.button('Generate')))
    gimp.search('')
    d.wait(lambda: d.sensitive(gimp.button('Generate')), 'the class of before')


def from_elsewhere(gimp):
    """Reset and an earlier picture: what was searched for is no more what is set."""
    gimp.search('owl')
    heading(gimp, 'barn owl')
    gimp.act_on(gimp.thumbnail('castle, seed', begins=True), 'Use its settings')
    heading(gimp, 'castle')
    gimp.report.check('settings of an earlier picture end the search', text_of(searched(gimp)) == '')
    gimp.report.check('and the preview shows it', gimp.caption().startswith('castle, seed '),
                      gimp.caption())
    gimp.search('owl')
    heading(gimp, 'barn owl')
    gimp.reset()
    heading(gimp, 'Any class, at random')
    gimp.report.check('so does a reset', text_of(searched(gimp)) == '')
    gimp.set('Steps', 4)


def in_the_grid(gimp):
    report, files = gimp.report, len(gimp.session.history())
    gimp.search('tiger shark')
    heading(gimp, 'tiger shark')
    searched(gimp).get_component_iface().grab_focus()
    d.wait(lambda: d.focused(searched(gimp)), 'the search to have the keyboard')
    d.keys('Down')
    d.wait(lambda: not d.focused(searched(gimp)), 'the grid to have the keyboard')
    d.keys('Return')
    d.wait(lambda: len(gimp.session.history()) > files, 'a new picture')
    gimp.wait_ready()
    report.check('Enter in the grid generates', len(gimp.session.history()) == files + 1 and
                 gimp.thumbnail('tiger shark, seed', begins=True))
    gimp.search('')
    gimp.classes().get_component_iface().grab_focus()
    d.type_keys('tench')
    heading(gimp, 'tench')
    report.check('letters typed into the grid are a search', wait_text(gimp, 'tench'))


def while_it_runs(gimp):
    """One runs, two wait: what is set meanwhile concerns none of them."""
    report, layers = gimp.report, gimp.layers()
    gimp.set('Steps', 1000)
    gimp.set('Pictures', 8)
    gimp.press('Generate')
    gimp.wait_step(2)
    gimp.set('Steps', 4)
    gimp.set('Pictures', 1)
    gimp.search('goldfish')
    heading(gimp, 'goldfish')
    gimp.press('Generate')
    gimp.press('Generate')
    d.wait(lambda: gimp.bar().get_name().endswith(' · 2 wait'), 'two to wait')
    report.check('more can be ordered while one runs', True)
    gimp.shot('13-queue')
    gimp.press('Drop what waits')
    d.wait(lambda: ' wait' not in gimp.bar().get_name(), 'none to wait')
    gimp.press('Generate')
    gimp.press('Cancel')
    gimp.press('Keep')
    d.wait(lambda: gimp.caption().startswith('goldfish, seed '), 'the one that waited')
    gimp.wait_ready()
    d.wait(lambda: gimp.layers() >= layers + 2, 'its layer')
    report.check('what waited is made after it', True)


def same_again(gimp):
    gimp.set('Steps', 4)
    gimp.search('goldfish')
    heading(gimp, 'goldfish')
    gimp.press('Use this seed')
    gimp.press('Generate')
    gimp.wait_ready()
    files = len(gimp.session.history())
    gimp.press('Generate')
    d.wait(lambda: len(gimp.session.history()) == files + 1, 'the second one')
    said(gimp, 'This is the same picture once more')
    gimp.report.check('the same picture twice is told', True)

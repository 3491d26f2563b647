# SPDX-License-Identifier: GPL-3.0-or-later
#
# Earlier pictures and settings: the history strip, its settings and pictures, and GIMP's own Repeat.
import desktop as d
from gimp import chosen
from start import record_in

LARGE = 2**32 + 5  # more than an int takes
HUGE = 2**60 + 1   # more than the dialog takes
RETRIEVER = 'golden retriever, seed 42'


def make_foreign(session):
    """A picture of the command line in the history, from a seed that the dialog cannot hold."""
    folder = session.root / 'state/edt/history'
    folder.mkdir(parents=True, exist_ok=True)
    session.edt = session.env['EDT_PROGRAM']
    session.sample(folder / '20260101-000000-000000-c2-s1.png', '-c', '2', '-s', str(HUGE),
                   '--steps', '2')


def restore(gimp):
    report = gimp.report
    look(gimp)
    gimp.act_on(gimp.thumbnail(RETRIEVER), 'Use its settings')
    d.wait(lambda: gimp.get('Steps') == 600, 'the settings')
    report.check('settings of an earlier picture come back',
                 gimp.get('Seed') == 42 and gimp.get('Pictures') == 1)
    stopped = 'This picture was stopped after step '
    report.check('without a warning', not d.find(gimp.dialog, 'label', stopped))
    gimp.act_on(gimp.thumbnail(RETRIEVER, -2), 'Use its settings')
    said = d.wait(lambda: d.find(gimp.dialog, 'label', stopped), 'the warning')
    report.check('with one where it was stopped early', ' of 1000; ' in said.get_name(),
                 said.get_name())
    with gimp.more_settings('More settings', 'Precision'):
        combo = d.find(gimp.dialog, 'combo box', 'Precision')
        report.check('the precision comes back, too', chosen(combo) != 'Automatic', chosen(combo))
    before = gimp.layers()
    gimp.act_on(gimp.thumbnail(RETRIEVER, -1), 'Insert as layer')
    gimp.wait_layers(before + 1, 'the earlier picture')
    report.check('and the picture itself', True)
    d.click(gimp.thumbnail(RETRIEVER, -1), times=2)
    gimp.wait_layers(before + 2, 'it once more')
    report.check('which a double click inserts, too', True)
    d.park_pointer()
    save_as(gimp)


def look(gimp):
    """A click shows one large; what can be done with it is asked for by a right click."""
    d.press(gimp.thumbnail('barn owl, seed 42'))
    d.wait(lambda: gimp.caption() == 'barn owl, seed 42', 'the picture')
    gimp.shot('6-history')
    gimp.report.check('an earlier picture is shown large, and can be made again',
                      d.sensitive(gimp.button('Again')) and d.sensitive(gimp.button('Vary')))


def chooser(gimp, to):
    """Where to, as typed; its button."""
    window = d.wait(lambda: d.find(gimp.plugin, 'file chooser'), 'the file dialog')
    entry = d.find(window, ('text', 'entry'), 'Name') or d.find(window, ('text', 'entry'))
    proposed = d.Atspi.Text.get_text(entry.get_text_iface(), 0, -1)
    d.type_into(entry, str(to))
    d.press(d.find(window, d.BUTTONS, 'Save'))
    return proposed


def save_as(gimp):
    report, to = gimp.report, gimp.session.root / 'out/kept.png'
    first, last = gimp.thumbnail('barn owl, seed 42'), gimp.thumbnail(RETRIEVER, -1)
    gimp.act_on(first, 'Save as…')
    proposed = chooser(gimp, to)
    d.wait(lambda: d.find(gimp.dialog, 'label', f'Saved as “{to}”'), 'it to be saved')
    report.check('an earlier picture is saved, under a name that says what it is',
                 proposed == 'barn owl, seed 42.png' and record_in(gimp, to)['seed'] == 42, proposed)
    before = to.read_bytes()
    gimp.act_on(last, 'Save as…')
    chooser(gimp, to)
    alert = d.wait(lambda: d.find(gimp.plugin, ('alert', 'dialog'), 'Question') or
                   d.find(gimp.plugin, 'label', 'A file named'), 'the question')
    report.check('what is there is only replaced by who says so', to.read_bytes() == before, alert)
    gimp.shot('6-save-as')
    d.press(d.wait(lambda: d.find(gimp.plugin, d.BUTTONS, 'Replace'), 'Replace'))
    d.wait(lambda: to.read_bytes() != before, 'the other picture')
    gimp.wait_ready()


def restore_large_seeds(gimp):
    report, before = gimp.report, gimp.layers()
    gimp.set('Steps', 4)
    gimp.set('Seed', LARGE)
    gimp.press('Generate again')
    d.wait(lambda: gimp.thumbnail(f'golden retriever, seed {LARGE}'), 'the picture')
    gimp.wait_ready()
    gimp.wait_layers(before + 1)
    gimp.set('Seed', 7)
    gimp.act_on(gimp.thumbnail(f'golden retriever, seed {LARGE}'), 'Use its settings')
    d.wait(lambda: gimp.get('Seed') == LARGE, 'the large seed')
    report.check('a seed above 2^32 comes back as it was', True)
    gimp.act_on(gimp.thumbnail(f'great white shark, seed {HUGE}'), 'Use its settings')
    said = d.wait(lambda: d.find(gimp.dialog, 'label', 'The seed of this picture'), 'why not')
    report.check('a seed that does not fit is refused', str(HUGE) in said.get_name(),
                 said.get_name())
    report.check('and no other one is put in its place', gimp.get('Seed') == LARGE,
                 gimp.get('Seed'))
    gimp.shot('6-seed-refused')


def repeat_last(gimp):
    """Filters > Repeat: the values of the dialog, without the dialog."""
    before, files = gimp.layers(), len(gimp.session.history())
    d.press(d.wait(lambda: gimp.menu_item('Repeat'), 'Filters > Repeat'))
    gimp.wait_layers(before + 1, 'the repeated layer')
    gimp.wait_closed()
    names = [path.name for path in gimp.session.history()]
    gimp.report.check('Repeat makes one more with the last settings', len(names) == files + 1 and
                      names[-1].endswith(f'-c5-s{LARGE}.png'), names[-2:])

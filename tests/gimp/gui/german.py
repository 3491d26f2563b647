# SPDX-License-Identifier: GPL-3.0-or-later
#
# The dialog in German: whoever uses it so finds everything in German, down to what the engine says
# of a bad file.
import gettext

import desktop as d
from gimp import GermanGimp, choose_file
from session import german

LABELS = ['Klasse', 'Startwert', 'Schritte', 'AMM', 'Modell']
BUTTONS = ['Zufälliger Startwert', 'Nächster Startwert', 'Entwurf', 'Normal', 'Fein',
           'Weitere Einstellungen', 'Importieren', 'Schließen', 'Generieren']


def catalogue(session):
    """English -> German, as the plug-in has them."""
    program = session.root / 'gimp/plug-ins/edt-generate/edt-generate'
    folder = program.resolve().parent / 'locale'
    there = gettext.translation('edt-generate', folder, ['de'])._catalog
    return {text.replace('_', ''): german.replace('_', '')
            for text, german in there.items() if isinstance(text, str) and text}


def left_in_english(session, root):
    """Names and texts of widgets that the catalogue has in German."""
    words = catalogue(session)
    names = {widget.get_name() or '' for widget in d.walk(root)}
    return sorted(name for name in names if words.get(name, name) != name)


def test_german(session, report):
    gimp = GermanGimp(session, report, session.root / 'out/ground.png', **german(session.root))
    for name in ['Filter', 'Generieren']:
        report.check(f'German: the menu {name}', gimp.menu_item(name, 'menu') is not None)
    gimp.open_dialog()
    report.check('German: title', gimp.dialog.get_name() == 'Mit EDT generieren',
                 gimp.dialog.get_name())
    for label in LABELS:
        report.check(f'German: label {label}', d.find(gimp.dialog, 'label', label) is not None)
    for button in BUTTONS:
        report.check(f'German: button {button}',
                     d.find(gimp.dialog, d.BUTTONS, button) is not None)
    told = gimp.button('Entwurf').get_description()
    report.check('German: what a preset sets', 'Schritte: 12' in told and
                 'Sampler: UniPC' in told and 'cfg' not in told and 'steps' not in told, told)
    with gimp.more_settings('Weitere Einstellungen', 'Sampler', 'Genauigkeit'):
        gimp.shot('11-german-more')
        english = left_in_english(session, gimp.dialog)
        report.check('German: the other settings', not english, english)
    generate(gimp)
    english = left_in_english(session, gimp.dialog)
    report.check('German: nothing is left in English', not english, english)
    report.check('German: nothing on stderr', not gimp.noise(), gimp.noise())
    import_bad_file(gimp)  # keys that go to GTK's file dialog make it complain
    gimp.quit()


def generate(gimp):
    gimp.set('Schritte', 1000)
    gimp.press('Generieren')
    gimp.wait_step(2)
    gimp.press('Abbrechen')
    keep = gimp.button('Behalten')
    gimp.shot('11-german')
    english = left_in_english(gimp.session, gimp.dialog)
    gimp.report.check('German: also while it runs', not english, english)
    d.press(keep)
    gimp.wait_layers(2)
    gimp.wait_ready()
    gimp.report.check('German: a layer is made', True)


def import_bad_file(gimp):
    """The engine is another program here, `edt import`, and speaks German to the dialog."""
    bad = gimp.session.root / 'out/bad.pt'
    bad.write_text('no checkpoint at all')
    gimp.press('Importieren')
    title = 'Modell importieren'
    window = d.wait(lambda: d.find(gimp.plugin, 'dialog', title), 'the import dialog')
    choose_file(gimp, title, 'Checkpoint', str(bad), 'Öffnen')
    start = d.find(window, d.BUTTONS, 'Importieren')
    d.wait(lambda: d.sensitive(start), 'the import button')
    d.press(start)
    sentence = f'»{bad}« wird abgelehnt: die Datei ist weder ein torch-Checkpoint'
    said = d.wait(lambda: d.find(window, 'label', sentence), 'the German sentence')
    gimp.report.check('German: what the engine says', said is not None)
    gimp.shot('12-german-import')
    english = left_in_english(gimp.session, window)
    gimp.report.check('German: the whole import dialog', not english, english)
    d.press(d.find(window, d.BUTTONS, 'Schließen'))
    d.wait(lambda: not d.find(gimp.plugin, 'dialog', title), 'the import dialog to go')

# SPDX-License-Identifier: GPL-3.0-or-later
#
# EDT Again as somebody calls it: the question before what was painted on is covered, and the dialog
# where the model of a layer is gone.
import desktop as d
from gimp import Gimp
from session import NAMES, rename_classes

AGAIN, SETTINGS = 'EDT Again', 'EDT Settings of This Layer'


def make_layer(session, name, model):
    """An image whose upper layer is of that model."""
    path = session.root / f'out/{name}.xcf'
    done = session.script_fu(
        f'(let* ((image (car (plug-in-edt-generate #:run-mode RUN-NONINTERACTIVE #:class "3" '
        f'#:seed 5 #:steps 2 #:model "{model}"))))'
        f' (gimp-file-save RUN-NONINTERACTIVE image "{path}"))')
    assert path.is_file(), done.stderr
    return path


def question(gimp):
    plugin = d.application('edt-generate')
    return plugin and d.find(plugin, d.BUTTONS, 'Put Above')


def call(gimp):
    d.press(d.wait(lambda: gimp.menu_item(AGAIN), 'the menu entry'))


def test_again(session, report):
    lost = session.root / 'models/lost.safetensors'
    rename_classes(session.root / 'bare.safetensors', lost, NAMES[::-1])  # no other is the same file
    of_lost, path = make_layer(session, 'lost', 'lost'), make_layer(session, 'kept', 'tiny')
    lost.unlink()
    painted_on(session, report, path)
    model_gone(session, report, of_lost)


def painted_on(session, report, path):
    gimp = Gimp(session, report, path)
    call(gimp)
    d.wait(lambda: gimp.menu_item('Undo EDT Again'), 'the next picture')
    gimp.wait_closed()
    report.check('EDT Again: at once, where nobody has painted', gimp.layers() == 1)
    d.press(gimp.menu_item('Fill with BG Color'))
    d.wait(lambda: not gimp.menu_item('Undo EDT Again'), 'it to be painted on')
    call(gimp)
    above = d.wait(lambda: question(gimp), 'the question')
    gimp.shot('21-painted-on')
    d.press(above)
    gimp.wait_layers(2, 'the layer above')
    gimp.wait_closed()
    report.check('EDT Again: what was painted on is asked for', True)
    noise = gimp.quit()
    report.check('EDT Again: nothing on stderr', not noise, noise)


def model_gone(session, report, path):
    """Its settings, with a model that is here; as where one asks for them."""
    gimp = Gimp(session, report, path)
    for entry in [AGAIN, SETTINGS]:
        gimp.open_dialog(entry=entry)
        d.wait(lambda: d.find(gimp.dialog, 'label', 'The model of this picture is not on this'),
               'the sentence')
        report.check(f'{entry}: where the model is gone the dialog says so', gimp.get('Seed') == 5
                     and gimp.get('Steps') == 2, (gimp.get('Seed'), gimp.get('Steps')))
        gimp.shot('21-model-gone')
        gimp.close()
    noise = gimp.quit()
    report.check('EDT Again: nothing on stderr of the dialog', not noise, noise)

# SPDX-License-Identifier: GPL-3.0-or-later
#
# Behind in_gimp_fail.py, inside a GIMP with a display: the same of the dialogs.  What a person does
# in them gui/test_fail_dialog.py does, who finds the name of it in FOLDER/scenario and leaves what
# the dialog said in FOLDER/told.


def close_displays(last=[0]):
    """Those that the plug-in has opened: an image that is shown cannot be deleted."""
    for number in range(last[0], last[0] + 8):
        if Gimp.Display.id_is_valid(number):
            Gimp.Display.get_by_id(number).delete()
            last[0] = number


def interactive(name, image, scenario):
    procedure = Gimp.get_pdb().lookup_procedure(name)
    config = procedure.create_config()
    config.set_property('run-mode', Gimp.RunMode.INTERACTIVE)
    if image is not None:
        config.set_property('image', image)
        config.set_core_object_array('drawables', image.get_selected_layers())
    for file in ('told', 'scenario'):
        if os.path.exists(f'{FOLDER}/{file}'):
            os.remove(f'{FOLDER}/{file}')
    with open(f'{FOLDER}/new', 'w') as file:
        file.write(scenario)
    os.rename(f'{FOLDER}/new', f'{FOLDER}/scenario')
    result = procedure.run(config)
    while os.path.exists(f'{FOLDER}/scenario') or not os.path.exists(f'{FOLDER}/told'):
        time.sleep(0.01)
    return result, read('told') or (
        None if result.index(0) == SUCCESS else Gimp.get_pdb().get_last_error())


class DialogCase(Case):
    """What went wrong is told in the dialog, which then is closed: it answers CANCEL."""

    def __init__(self, name, setup, procedure, scenario, told=True):
        super().__init__(name, setup, lambda image: interactive(procedure, image, scenario))
        self.told = told
        self.always = set()  # a run takes seconds, and a dialog asks for the selection again and again

    def faults_of_answer(self, result, error, new_files, computed):
        if result.index(0) == SUCCESS:
            return []
        if self.told and result.index(0) == Gimp.PDBStatusType.CANCEL:
            return [] if error and error.endswith('.') else [f'says {error!r}']
        return super().faults_of_answer(result, error, new_files, False)

    def attempt(self, at):
        answer = super().attempt(at)
        close_displays()
        return answer


def painted_image():
    """As made_image(), and painted on since."""
    image = made_image()
    paint(image.get_selected_layers()[0], 0, 0, 10, 10, (9, 9, 9, 255))
    return image


GENERATE, MORPH, SCATTER = 'plug-in-edt-generate', 'plug-in-edt-morph', 'plug-in-edt-scatter'
CASES = [
    DialogCase('dialog', plain_image, GENERATE, 'generate'),
    DialogCase('dialog without an image', lambda: None, GENERATE, 'generate'),
    DialogCase('dialog, two pictures', plain_image, GENERATE, 'generate two'),
    DialogCase('dialog, drafts', plain_image, GENERATE, 'drafts'),
    DialogCase('dialog, an earlier picture', plain_image, GENERATE, 'earlier'),
    DialogCase('dialog, a sketch', drawn_image, 'plug-in-edt-redraw', 'generate'),
    DialogCase('dialog, a selection', plain_image, 'plug-in-edt-fill', 'generate'),
    DialogCase('again is asked', painted_image, 'plug-in-edt-again', 'replace', told=False),
    DialogCase('dialog of a morph', plain_image, MORPH, 'morph', told=False),
    DialogCase('dialog of scattering', plain_image, SCATTER, 'scatter', told=False),
]

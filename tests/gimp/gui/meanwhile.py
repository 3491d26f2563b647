# SPDX-License-Identifier: GPL-3.0-or-later
#
# What changes while the dialog is open, or a picture is made: the size of the image, the model that
# is found first, and the colors, in which an earlier picture comes, too.
import subprocess

import desktop as d
from again import AGAIN
from gimp import Gimp, chosen
from session import NAMES, rename_classes
from start import make, radio

PALETTE = '''GIMP Palette
Name: Test of two
#
255 0 0 red
0 0 255 blue
'''
OF_TWO = {(255, 0, 0), (0, 0, 255), (255, 255, 255)}  # and the ground, which is white


def test_meanwhile(session, report):
    palettes = session.root / 'gimp/palettes'
    palettes.mkdir(exist_ok=True)
    (palettes / 'two.gpl').write_text(PALETTE)
    cropped(session, report)
    path = session.root / 'out/meanwhile.png'
    subprocess.run(['magick', '-size', '300x240', 'xc:white', f'PNG24:{path}'], check=True)
    gimp = Gimp(session, report, path)
    gimp.open_dialog()
    gimp.search('tench')
    gimp.set('Steps', 4)
    gimp.set('Pictures', 1)
    colours(gimp, path)
    other_model(gimp)
    gimp.close()
    noise = gimp.quit()
    report.check('meanwhile: nothing on stderr', not noise, noise)


# ---- the image ----

def crop_under(gimp):
    """What runs is held, so that the image is cropped under it on any machine."""
    d.press(gimp.button(gimp.GENERATE))
    gimp.wait_step(2)
    gimp.press('Cancel')
    keep = gimp.button('Keep')
    d.press(gimp.menu_item('Crop to Content'))
    d.wait(lambda: '100x100' in gimp.title(), 'the image to be cropped')
    d.press(keep)
    gimp.wait_ready()
    gimp.wait_layers(10, 'the group')


def cropped(session, report):
    """In the middle of what is left; where it started from the image one has to look oneself."""
    gimp = Gimp(session, report, session.root / 'out/sketch.png')
    gimp.open_dialog()
    gimp.search('tench')
    gimp.set('Steps', 500)
    gimp.set('Pictures', 8)  # one may be done before Cancel is pressed
    crop_under(gimp)
    d.press(gimp.menu_item('Fit Canvas to Layers'))
    d.wait(lambda: '100x100' not in gimp.title(), 'the canvas to grow')
    gimp.shot('22-cropped')
    report.check('an image that is cropped meanwhile has the pictures in its middle',
                 '128x128' in gimp.title(), gimp.title())
    for _ in range(3):
        d.press(gimp.menu_item('Undo'))
    gimp.wait_layers(1, 'the image of before')
    d.press(radio(gimp, 'Layer'))
    crop_under(gimp)
    said = d.wait(lambda: d.find(gimp.dialog, 'label', '“[sketch] (imported)” has another size'),
                  'what to look at')
    report.check('and what was made of its layer is to be looked at', 'see whether the layer lies'
                 in said.get_name(), said.get_name())
    gimp.shot('22-look')
    gimp.close()
    noise = gimp.quit()
    report.check('cropped meanwhile: nothing on stderr', not noise, noise)


# ---- the colors ----

def in_file(gimp, path):
    """The colors of the image: it is exported over the file that it was opened from."""
    path.unlink()
    d.press(gimp.menu_item('Overwrite'))
    d.wait(lambda: path.exists() and path.read_bytes().endswith(b'IEND\xaeB`\x82'), 'the file')
    pixels = subprocess.run(['magick', str(path), '-depth', '8', 'rgb:-'], capture_output=True,
                            check=True).stdout
    return {tuple(pixels[i:i + 3]) for i in range(0, len(pixels), 3)}


def choose_colours(gimp, name):
    with gimp.more_settings('More settings', 'Colors'):
        combo = d.find(gimp.dialog, 'combo box', 'Colors')
        names = [w.get_name() for w in d.walk(combo) if w.get_role_name() == 'menu item']
        d.choose(combo, names.index(name))
        d.wait(lambda: chosen(combo) == name, name)


def colours(gimp, path):
    """An earlier picture that is inserted has those that are chosen now, and keeps them."""
    make(gimp, 2)
    thumbnail = gimp.thumbnail('tench, seed ', begins=True)
    found = in_file(gimp, path)
    gimp.report.check('all colors: a picture has many', len(found) > 20, len(found))
    d.press(gimp.menu_item('Undo'))
    gimp.wait_layers(1, 'undo')
    choose_colours(gimp, 'Test of two')
    gimp.act_on(thumbnail, 'Insert as layer')
    gimp.wait_layers(2, 'the earlier picture')
    found = in_file(gimp, path)
    gimp.report.check('an earlier picture is inserted in the chosen colors', found == OF_TWO, found)
    choose_colours(gimp, 'All of them')
    d.press(gimp.menu_item(AGAIN))
    d.wait(lambda: gimp.menu_item('Undo EDT Again'), 'the next picture')
    found = in_file(gimp, path)
    gimp.report.check('and made again in them', found == OF_TWO, found)


# ---- the model ----

def other_model(gimp):
    """Under "Automatic" another file is the first one: it is seen before anything is made with it."""
    report, session = gimp.report, gimp.session
    models, files = d.find(gimp.dialog, 'combo box', 'Model'), len(session.history())
    report.check('the first model is the automatic one', chosen(models) == 'Automatic (tiny)',
                 chosen(models))
    other = session.root / 'models/another.safetensors'
    rename_classes(session.root / 'bare.safetensors', other, NAMES[::-1])
    d.press(gimp.button(gimp.GENERATE))
    d.wait(lambda: d.find(gimp.dialog, 'label', 'The model is another one now'), 'it to be told')
    report.check('another first model is told, and shown', chosen(models) == 'Automatic (another)',
                 chosen(models))
    gimp.shot('22-other-model')
    gimp.wait_ready('the other model')
    report.check('and nothing is made', len(session.history()) == files)
    record = make(gimp, 3)
    report.check('then it is made with that one', (record['class'], record['class_name']) ==
                 (NAMES[::-1].index('tench'), 'tench'), record)
    other.unlink()

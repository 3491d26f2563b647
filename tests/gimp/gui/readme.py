# SPDX-License-Identifier: GPL-3.0-or-later
#
# Makes README's picture of the dialog, with the model that comes with the project.
# Usage: readme.py SCRATCH EDT PLUGIN-FOLDER CHECKPOINT VAE PICTURE; the last is written.
import os
import subprocess
import sys
from pathlib import Path

sys.dont_write_bytecode = True
HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent)]
import desktop as d  # noqa: E402
from gimp import Gimp  # noqa: E402
from session import Report, Session  # noqa: E402

MODELS = HERE.parents[2] / 'data/models/stickers'
CLASSES = ['owl', 'fox', 'butterfly', 'strawberry', 'castle']


def inside(scratch, picture):
    session = Session.__new__(Session)
    session.root, session.env = Path(scratch), dict(os.environ)
    gimp = Gimp(session, Report(), session.root / 'out/ground.png', EDT_MODEL_PATH=str(MODELS))
    gimp.open_dialog()
    gimp.press('New seed every time')
    for i, name in enumerate(CLASSES, 1):
        gimp.search(name)
        gimp.set('Seed', i)
        gimp.press('Generate')
        gimp.wait_layers(i + 1)
        gimp.wait_ready()
    gimp.search('')
    d.wait(lambda: d.find(gimp.dialog, d.BUTTONS, 'Generate again'), 'all classes')
    screen = session.root / 'screen.png'
    d.screenshot(screen)
    x, y, width, height = d.region(gimp.dialog)
    subprocess.run(['magick', str(screen), '-crop', f'{width}x{height}+{x}+{y}', '+repage', picture],
                   check=True)
    gimp.quit()


if sys.argv[1] == '--inside':
    inside(*sys.argv[2:])
    sys.exit(0)
session = Session(*sys.argv[1:6])
session.env.pop('NO_AT_BRIDGE')
subprocess.run(['magick', '-size', '640x480', 'xc:white', str(session.root / 'out/ground.png')],
               check=True)
sys.exit(d.enter([sys.executable, __file__, '--inside', str(session.root), sys.argv[6]],
                 session.env, '1200x800'))

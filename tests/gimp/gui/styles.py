# SPDX-License-Identifier: GPL-3.0-or-later
#
# The row of styles: there where the model has some, and part of what is made and restored.
import json
import subprocess

import desktop as d
from gimp import chosen

TINY, ZOO = 0, 3     # in the list of models: the first one found, the last
ANY, INK = 0, 2      # in the list of styles


def style_row(gimp):
    return d.find(gimp.dialog, 'combo box', 'Style')


def styles(gimp):
    report, layers = gimp.report, gimp.layers()
    models = d.find(gimp.dialog, 'combo box', 'Model')
    report.check('no styles, no row of them', not style_row(gimp))
    d.choose(models, ZOO)
    row = d.wait(lambda: style_row(gimp), 'the row of styles')
    report.check("the model's first style at first", chosen(row) == 'flat', chosen(row))
    d.choose(row, INK)
    gimp.wait_ready('the model')
    gimp.press('Generate again')
    gimp.wait_layers(layers + 1, 'the picture')
    gimp.wait_ready()
    gimp.shot('7-styles')
    picture = gimp.session.history()[-1]
    told = subprocess.run([gimp.session.edt, 'info', picture, '--json'], capture_output=True,
                          text=True, env=gimp.session.env).stdout
    report.check('the chosen style is made', '"style_name":"ink"' in told.replace(' ', ''), told)
    d.choose(row, ANY)
    d.choose(models, TINY)
    d.wait(lambda: not style_row(gimp), 'the row to go')
    report.check('the row goes with the model', True)

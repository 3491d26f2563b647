# SPDX-License-Identifier: GPL-3.0-or-later
#
# What test_fail.py and gui/test_fail_dialog.py share: a plug-in under the shim (fail.c), and the
# Python that GIMP runs.
from pathlib import Path

EVERY = 23  # one call in so many fails, without EDT_TEST_EVERY
PLUG_IN = '''#!/bin/sh
# The plug-in under the shim; what it says and how it ends.  Of what it does not understand GIMP ends
# the process that it has begun, which is this one: who waits for the plug-in must be another.
touch {folder}/begun
(
    EDT_FAIL_PDB={folder} LD_PRELOAD={shim} "${{0%/*}}/program" "$@" 2>{folder}/said &
    echo $! >{folder}/pid
    wait $!
    echo $? >{folder}/code.new
    mv {folder}/code.new {folder}/code
) &
wait
'''


def wrap_plugin(session, shim):
    folder, own = session.root / 'fail', session.root / 'gimp/plug-ins/edt-generate'
    folder.mkdir()
    (own / 'edt-generate').rename(own / 'program')
    (own / 'edt-generate').write_text(PLUG_IN.format(folder=folder, shim=shim))
    (own / 'edt-generate').chmod(0o755)


def script_for(session, *more):
    """in_gimp_fail.py, what it needs before it and MORE behind it."""
    script = f'SCRATCH = {str(session.root)!r}\nREQUESTS = {{}}\nSTAMPS = None\n'
    script += f'EVERY = {int(session.env.get("EDT_TEST_EVERY", EVERY))}\n'
    names = ['in_gimp.py', 'in_gimp_canvas.py', 'in_gimp_series.py', 'in_gimp_fail.py', *more]
    for name in names:
        script += (Path(__file__).parent / name).read_text()
    return script + '\n\nmain()\n'

# SPDX-License-Identifier: GPL-3.0-or-later
#
# Every call of GIMP's PDB that the plug-in makes fails once in turn (fail.c, in_gimp_fail.py): no
# crash, nothing half-written, nothing lost, and an undo brings back what was.  All calls with
# EDT_TEST_EVERY=1; else one in so many.  Usage: test_fail.py SCRATCH SHIM EDT PLUGIN-FOLDER
# CHECKPOINT VAE.  Prints TAP.
import shutil
import sys
from pathlib import Path

sys.dont_write_bytecode = True
from failing import script_for, wrap_plugin  # noqa: E402
from session import Report, Session, report_results  # noqa: E402


def main():
    report = Report()
    if not shutil.which('gimp-console-3'):
        report.skip_all('there is no gimp-console-3')
    shim = Path(sys.argv[2]).resolve()
    session = Session(sys.argv[1], *sys.argv[3:7])
    session.use_only_plugins('python-eval', 'file-gih', 'file-gbr', 'file-pat')
    wrap_plugin(session, shim)
    done = session.python_fu(script_for(session), timeout=7200, LD_PRELOAD=str(shim))
    (session.root / 'gimp.log').write_text(done.stdout + done.stderr)
    report_results(session, report, done)
    report.done()


main()

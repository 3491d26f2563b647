# SPDX-License-Identifier: GPL-3.0-or-later
#
# The layers of this checkout hold, and the check would notice if they did not: every kind of fault is
# planted in a small tree of its own and has to be named.  Usage: test_layers.py CHECKOUT.  Prints TAP.
import re
import sys
import tempfile
from pathlib import Path

sys.dont_write_bytecode = True
import layers  # noqa: E402

HEAD = '/* SPDX-License-Identifier: GPL-3.0-or-later\n *\n * A sample.\n */\n'

GOOD = {
    'core/edt.h': '#include <glib.h>\n',
    'core/train.h': '#include "edt.h"\n',
    'core/edt.c': '#include "engine/engine.h"\n#include "sample/loop.h"\n#include "names.inc"\n',
    'core/engine/engine.h': '#include "edt.h"\n',
    'core/base/type.h': '',
    'core/base/module.h': '',
    'core/compute/backend.h': '#include "base/type.h"\n#include "edt.h"\n',
    'core/compute/backend.c': '#include "cpu/cpu.h"\n#ifdef __x86_64__\n#endif\n',
    'core/cpu/cpu.h': '#include "compute/backend.h"\n',
    'core/cpu/rows.c': '#include <immintrin.h>\n#if defined(__AVX2__)\n#endif\n',
    'core/files/png.h': '#include "base/type.h"\n',
    'core/network/network.h': '#include "compute/backend.h"\n',
    'core/sample/loop.h': '#include "network/network.h"\n',
    'core/train/trainer.c': '#include "train.h"\n#include "files/png.h"\n',
    'cuda/linear.cu': '#include <cublasLt.h>\n#include "compute/backend.h"\n',
    'cli/main.c': '#include "train.h"\n#include "cli/talk.h"\n#ifdef G_OS_WIN32\n#endif\n',
    'cli/talk.h': '#include "edt.h"\n',
    'core/settings.h': '#include "edt.h"\n',
    'session/job.h': '#include "settings.h"\n',
    'ui/dialog.h': '#include <gtk/gtk.h>\n#include "session/job.h"\n',
    'plugin/edt-plugin.c': '#include <libgimp/gimp.h>\n#include "base/module.h"\n'
                           '#include "ui/dialog.h"\n#include "session/job.h"\n',
}

# path, what is planted there, words of the fault
BAD = [
    ('core/base/up.c', '#include "compute/backend.h"', 'base/ stands on nothing but edt.h'),
    ('core/files/up.c', '#include "compute/backend.h"', 'files/ stands on base'),
    ('core/compute/up.c', '#include "cpu/cpu.h"', 'compute/ stands on base'),
    ('core/network/up.c', '#include "cpu/cpu.h"', 'network/ stands on base, compute'),
    ('core/network/up.c', '  #  include  "sample/loop.h"', 'network/ stands on base, compute'),
    ('core/network/up.c', '#include "../sample/loop.h"', 'network/ stands on base, compute'),
    ('core/network/up.c', '#include "files/png.h"', 'network/ stands on base, compute'),
    ('core/model/up.c', '#include "engine/engine.h"', 'model/ stands on base, files, network, vae'),
    ('core/vae/up.c', '#include "network/network.h"', 'vae/ stands on base, compute'),
    ('core/cpu/up.c', '#include "network/network.h"', 'cpu/ stands on base, compute'),
    ('core/sample/up.c', '#include "engine/engine.h"', 'sample/ stands on'),
    ('core/sample/up.c', '#include "vae/not-there.h"', 'sample/ stands on'),
    ('core/up.c', '#include "cpu/cpu.h"', 'core/ stands on'),
    ('core/up.c', '#include "train.h"', 'which is not for core/'),
    ('core/train/up.c', '#include "engine/engine.h"', 'train/ stands on'),
    ('cuda/up.cu', '#include "network/network.h"', 'cuda/ stands on base, compute'),
    ('cli/up.c', '#include "base/type.h"', 'cli/ stands on nothing but edt.h'),
    ('ui/up.c', '#include "base/module.h"', 'which is not for ui/'),
    ('plugin/up.c', '#include "base/type.h"', 'plugin/ stands on session, ui'),
    ('core/network/up.c', '#include "settings.h"', 'which is not for network/'),
    ('session/up.c', '#include "ui/dialog.h"', 'session/ stands on nothing but edt.h'),
    ('session/up.c', '#include "base/type.h"', 'session/ stands on nothing but edt.h'),
    ('session/up.c', '#include <gtk/gtk.h>', 'only plugin, ui may use'),
    ('session/up.c', '#include <libgimp/gimp.h>', 'only plugin may use'),
    ('ui/up.c', '#include "plugin/layer.h"', 'ui/ stands on session'),
    ('ui/up.c', '#include <libgimp/gimp.h>', 'only plugin may use'),
    ('core/up.c', '#include <gtk/gtk.h>', 'only plugin, ui may use'),
    ('core/vae/up.c', '#include <cuda_runtime.h>', 'only cuda may use'),
    ('core/sample/up.c', '#include <immintrin.h>', 'only cpu may use'),
    ('core/sample/up.c', '#ifdef __AVX2__', 'asks for __AVX2__'),
    ('core/network/up.c', '#if 1 && \\\n  defined(__x86_64__)', 'asks for __x86_64__'),
    ('core/edt2.c', '#elif HAVE_CUDA', 'asks for HAVE_CUDA'),
    ('plugin/up.c', '#ifndef EDT_CUDA', 'asks for EDT_CUDA'),
    ('ui/up.c', 'ok = g_file_set_contents(path, text, -1, NULL);', 'the writers are core/saving.h'),
    ('core/attic/up.c', '', 'attic/ is no room of the house'),
]

count = 0
failed = 0


def report(name, problems):
    global count, failed
    count += 1
    failed += bool(problems)
    print(f'{"not ok" if problems else "ok"} {count} {name}')
    for problem in problems:
        print(f'# {problem}')


def faults_of(tree):
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for path, text in tree.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text)
        return layers.check_tree(root)[1]


def expect_one_fault(name, tree, words):
    faults = faults_of(tree)
    if len(faults) == 1 and words in faults[0]:
        report(name, [])
    else:
        report(name, [f'expected one fault with "{words}", got {faults}'])


def unlisted_variables(root):
    """EDT_… in a string of the sources is a variable of the environment."""
    listed = (root / 'CONTRIBUTING.md').read_text()
    named = {name for source in layers.files_under(root, layers.ROOMS, layers.SOURCES)
             for name in re.findall(r'"(EDT_[A-Z0-9_]+)"', (root / source).read_text())}
    return sorted(name for name in named if not re.search(rf'`{name}[`=]', listed))


def main():
    n_files, faults = layers.check_tree(Path(sys.argv[1]))
    report('this checkout keeps its layers', faults)
    report('the check found the sources', [] if n_files >= 20 else [f'{n_files} files'])

    report('CONTRIBUTING lists every variable', unlisted_variables(Path(sys.argv[1])))

    good = {path: HEAD + text for path, text in GOOD.items()}
    report('a good tree has no faults', faults_of(good))
    for path, line, words in BAD:
        expect_one_fault(f'{path} may not say {line!r}', good | {path: f'{HEAD}{line}\n'}, words)
    for path in ['cli/bare.c', 'tests/unit/bare.h', 'tools/bare.py']:
        expect_one_fault(f'{path} needs its licence line', good | {path: 'x\n'}, 'has to say "SPDX')
    report('scripts have it after #!', faults_of(
        good | {'tools/run': f'#!/bin/sh\n# {layers.SPDX}\n', 'data/blob': 'no script'}))
    print(f'1..{count}')
    return 1 if failed else 0


sys.exit(main())

# SPDX-License-Identifier: GPL-3.0-or-later
#
# packaging/PORTABILITY.md is true: each call of its table is in the files that it names and in no
# other.  Usage: test_portability.py CHECKOUT.  Prints TAP.
import re
import sys
from pathlib import Path

ROOMS = ['core', 'cli', 'session', 'ui', 'plugin', 'cuda']
root = Path(sys.argv[1])
sources = {path.relative_to(root).as_posix(): path.read_text(encoding='utf-8')
           for room in ROOMS for path in sorted((root / room).rglob('*')) if path.suffix in ('.c', '.h')}


def code(text):
    return re.sub(r'/\*.*?\*/|//[^\n]*', '', text, flags=re.S)


rows = re.findall(r'^\| `([^`]+)` \| ([^|]+) \|', (root / 'packaging/PORTABILITY.md').read_text(encoding='utf-8'), re.M)
print(f'1..{len(rows) + 1}')
print('ok 1 there is a table' if len(rows) > 10 else 'not ok 1 there is a table')
for number, (call, files) in enumerate(rows, 2):
    word = re.compile(r'(?<![\w])' + re.escape(call) + ('' if '/' in call else r'(?![\w])'))
    found = [name for name, text in sources.items() if word.search(code(text))]
    good = sorted(found) == sorted(files.split())
    print(f'{"ok" if good else "not ok"} {number} {call}' + ('' if good else f'  # {found}'))

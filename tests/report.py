# SPDX-License-Identifier: GPL-3.0-or-later
#
# TAP for tests in Python.
import sys


class Report:
    """TAP: ok and not ok lines, counted."""

    def __init__(self):
        self.count = self.failed = 0

    def check(self, name, good, detail=''):
        self.count += 1
        self.failed += not good
        print(f'{"ok" if good else "not ok"} {self.count} {name}', flush=True)
        if not good and str(detail):
            for line in str(detail).splitlines()[-30:]:
                print(f'# {line}', flush=True)
        return good

    def skip(self, name, why):
        self.count += 1
        print(f'ok {self.count} {name} # SKIP {why}', flush=True)

    def skip_all(self, why):
        print(f'1..0 # SKIP {why}')
        sys.exit(0)

    def done(self):
        print(f'1..{self.count}')
        sys.exit(1 if self.failed else 0)

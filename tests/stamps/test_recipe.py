# SPDX-License-Identifier: GPL-3.0-or-later
"""The recipe of tools/dataset-stamps; what it shares with stickers is in tests/emoji."""
import unittest

from dataset import choose_sets


class Set:
    def __init__(self, style):
        self.style = style


class Styles(unittest.TestCase):
    def test_only_some_styles(self):
        sets = [Set(style) for style in ("fluent", "noto", "twemoji")]
        chosen = choose_sets(sets, ["twemoji", "fluent"])
        self.assertEqual([icon_set.style for icon_set in chosen], ["fluent", "twemoji"])
        with self.assertRaisesRegex(SystemExit, "no emojione; there are fluent, noto, twemoji"):
            choose_sets(sets, ["fluent", "emojione"])


if __name__ == "__main__":
    unittest.main()

# SPDX-License-Identifier: GPL-3.0-or-later
"""CREDITS of the dataset and of a model trained on it: who drew what, under which licence, and the
texts of the licences.  What the packages say of themselves is not always whole, so it stands here.
"""
from collections import Counter
from pathlib import Path

APACHE = Path(__file__).parents[2] / "data" / "classes" / "LICENCE-Apache-2.0.txt"

MIT = """\
Permission is hereby granted, free of charge, to any person obtaining a copy
of this software and associated documentation files (the "Software"), to deal
in the Software without restriction, including without limitation the rights
to use, copy, modify, merge, publish, distribute, sublicense, and/or sell
copies of the Software, and to permit persons to whom the Software is
furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all
copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR
IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY,
FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE
AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER
LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM,
OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE
SOFTWARE.
"""

CC_BY = """\
These pictures are licensed under the Creative Commons Attribution 4.0 International licence
(https://creativecommons.org/licenses/by/4.0/legalcode).  They come without any warranty, as section
5 of the licence says; no author endorses what was made of them.
"""

# Styles, title, holder, home, licence, packages.
WORKS = (
    (("3d",), "Fluent Emoji, 3D and Color, and Fluent Emoji Animated", "Microsoft Corporation",
     "https://github.com/microsoft/fluentui-emoji\n"
     "              https://github.com/microsoft/fluentui-emoji-animated", "MIT",
     "@lobehub/fluent-emoji-3d, @lobehub/fluent-emoji-anim-1 to -4, @iconify-json/fluent-emoji"),
    (("flat",), "Fluent Emoji Flat", "Microsoft Corporation",
     "https://github.com/microsoft/fluentui-emoji", "MIT", "@iconify-json/fluent-emoji-flat"),
    (("glossy", "soft-flat"), "Noto Emoji and Noto Emoji (v1)", "Google Inc.",
     "https://github.com/googlefonts/noto-emoji", "Apache-2.0",
     "@iconify-json/noto, @iconify-json/noto-v1"),
    (("bold",), "Twemoji", "Twitter, Inc and other contributors",
     "https://github.com/jdecked/twemoji", "CC-BY-4.0", "@iconify-json/twemoji"),
    (("classic",), "EmojiOne 2.3", "EmojiOne (https://www.emojione.com)",
     "https://github.com/EmojiTwo/emojitwo", "CC-BY-4.0", "@iconify-json/emojione"),
    (("paper",), "FxEmojis (Firefox OS Emoji), the visual design", "Mozilla Foundation",
     "https://github.com/mozilla/fxemoji", "CC-BY-4.0", "@iconify-json/fxemoji"),
    (("outline",), "Streamline Emojis", "Streamline (https://streamlinehq.com)",
     "https://github.com/webalys-hq/streamline-vectors", "CC-BY-4.0",
     "@iconify-json/streamline-emojis"),
)

HEAD = """\
The drawings that the model "stickers" learned from
===================================================

Emoji of {holders} holders of rights, as pictures of 256x256 pixels, each scaled and centred so that
its drawing fills the picture.  {classes} classes, {drawings} drawings.  tools/dataset-stickers makes
them again from the packages of npm named below.  The authors do not endorse this project or the model.

"""

WORK = """\
{title}
    Author:   {holder}
              {home}
    Licence:  {licence}, below
    Packages: {packages}
    Drawings: {counts}
    Changes:  drawn as pixels or resampled, scaled and centred; not all drawings and frames

"""

TAIL = """\
Names of the classes in other languages: Unicode CLDR annotations, copyright Unicode, Inc.,
Unicode License v3 (https://www.unicode.org/license.txt).


MIT (Fluent Emoji)
------------------

Copyright (c) Microsoft Corporation.

{mit}

CC-BY-4.0 ({cc_by_works})
{line}

{cc_by}

Apache-2.0 (Noto Emoji)
-----------------------

{apache}"""


def work_text(styles, title, holder, home, licence, packages, counts):
    told = ", ".join(f"{counts[style]} (style \"{style}\")" for style in styles)
    return WORK.format(title=title, holder=holder, home=home, licence=licence, packages=packages,
                       counts=told)


def text(made, records):
    """made: what dataset.py made, each with its style."""
    counts = Counter(each.style for each in made)
    used = [work for work in WORKS if any(counts[style] for style in work[0])]
    cc_by = ", ".join(work[1] for work in used if work[4] == "CC-BY-4.0")
    head = HEAD.format(holders=len({work[2] for work in used}), classes=len(records),
                       drawings=len(made))
    tail = TAIL.format(mit=MIT, cc_by=CC_BY, cc_by_works=cc_by,
                       line="-" * (len(cc_by) + len("CC-BY-4.0 ()")),
                       apache=APACHE.read_text(encoding="utf-8").lstrip("\n"))
    return head + "".join(work_text(*work, counts) for work in used) + tail

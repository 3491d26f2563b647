# SPDX-License-Identifier: GPL-3.0-or-later
"""CREDITS of the dataset and of a model trained on it, from what the packages say of themselves."""

HEAD = """\
The pictures that the model "stamps" learned from
=================================================

Emoji of {number} icon sets, drawn with librsvg at 64x64 pixels, each scaled and centred so that its
drawing fills the picture.  {classes} classes, {pictures} pictures.  tools/dataset-stamps makes them
again, from the packages of the Iconify project (https://iconify.design/) named below.  The sets'
authors do not endorse this project or the model.

"""

SET = """\
{name}
    Author:   {author}
              {author_url}
    Licence:  {licence} ({spdx})
              {licence_url}
    Package:  {package} {version}
    Pictures: {pictures} (style "{style}")
    Changes:  drawn as pixels, scaled and centred; some icons left out

"""

TAIL = """\
Names of the classes in other languages: Unicode CLDR annotations, copyright Unicode, Inc.,
Unicode License v3 (https://www.unicode.org/license.txt).
"""


def text(sets, records):
    counts = {icon_set.style: sum(icon_set.style in record["styles"] for record in records)
              for icon_set in sets}
    parts = [HEAD.format(number=len(sets), classes=len(records), pictures=sum(counts.values()))]
    for icon_set in sets:
        info = icon_set.info
        parts.append(SET.format(
            name=info["name"], author=info["author"]["name"], author_url=info["author"]["url"],
            licence=info["license"]["title"], spdx=info["license"]["spdx"],
            licence_url=info["license"]["url"], package=icon_set.package["name"],
            version=icon_set.package["version"], style=icon_set.style,
            pictures=counts[icon_set.style]))
    return "".join(parts) + TAIL

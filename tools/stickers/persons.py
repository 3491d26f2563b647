# SPDX-License-Identifier: GPL-3.0-or-later
"""Which emoji are drawings of one class: a firefighter is a man, a woman or neither, of any skin
tone.  concepts.py has the single emoji; dataset.py puts the classes in order.
"""
import math
import re

from concepts import SKIN_TONES, reason_left_out

SUBGROUPS = {"person", "person-gesture", "person-role", "person-fantasy", "person-activity",
             "person-sport", "person-resting"}  # one person; families and couples are none
EXPRESSIONS = re.compile("face-(?!costume|negative)|cat-face")
GENDER_SIGN = re.compile("-200D-(2640|2642)$")
MAN_OR_WOMAN = re.compile("^1F46[89]-200D-")  # "woman" joined with what she does
TO_THE_RIGHT = "27A1"  # the mirrored drawing of another


class Sticker:
    """A class: the concept that names it, and the forms that are its drawings, plain ones first."""

    def __init__(self, concept, forms=()):
        self.concept = concept
        self.forms = sorted({concept, *forms}, key=lambda form: (has_tone(form), form.codepoints))


def keeps_poses(concept):
    """Whether what an animation shows on its way is a drawing of the class.  Not where the class is
    an expression: a face shows others before and after.  Persons have forms enough."""
    return concept.subgroup not in SUBGROUPS and not EXPRESSIONS.match(concept.subgroup)


def has_tone(concept):
    return bool(SKIN_TONES & set(concept.codepoints.split("-")))


def neutral(codepoints):
    """"1F469-1F3FD-200D-1F692" (woman firefighter: medium skin tone) -> "1F9D1-200D-1F692"."""
    plain = "-".join(point for point in codepoints.split("-") if point not in SKIN_TONES)
    return MAN_OR_WOMAN.sub("1F9D1-200D-", GENDER_SIGN.sub("", plain))


def find_stickers(concepts):
    """The things and the persons, each in the order of Unicode."""
    forms = {}
    for concept in concepts.values():
        if concept.group == "People & Body" and TO_THE_RIGHT not in concept.codepoints:
            forms.setdefault(neutral(concept.codepoints), []).append(concept)
    things = [Sticker(concept, forms.get(concept.codepoints, ()))
              for concept in concepts.values() if not reason_left_out(concept)]
    persons = [Sticker(concepts[points], found) for points, found in forms.items()
               if points in concepts and concepts[points].subgroup in SUBGROUPS]
    return things, persons


def spread(items, count, turn=0):
    """So many of a list, at even distances; turn: where to begin."""
    return [items[(turn + (2 * i + 1) * len(items) // (2 * count)) % len(items)]
            for i in range(count)]


def enough(number):
    """How many of so many drawings by one hand are kept: variants of one drawing teach less each
    the more there are, and must not push the other classes aside."""
    return math.ceil(math.sqrt(number))


def choose_forms(forms, turn):
    """All plain ones; of the skin tones so many that the whole is enough."""
    plain = [form for form in forms if not has_tone(form)]
    toned = [form for form in forms if has_tone(form)]
    return plain + spread(toned, min(len(toned), max(0, enough(len(forms)) - len(plain))), turn)

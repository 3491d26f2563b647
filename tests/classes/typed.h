/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What a person types and which class it is: one table for every door, the finder itself, the order
 * of dialog and Script-Fu, --class and job files.
 */
#pragma once

/* In the order of their folders. */
static const char *const typed_names[] = {"10",   "7",      "Rose", "fish",     "fish, dried",
                                          "null", "random", "rose", "\xc3\xa9", NULL};

static const struct {
    const char *text;
    int class_index; /* -1: it is asked, not guessed */
} typed[] = {
    {"10", 0},          /* a name, not a number */
    {"7", 1},           /* a name, not class 7 */
    {"#7", 7},          /* never a name */
    {"2", 2},           /* no name: a number */
    {"8", 8},           /* the same */
    {"9", -1},          /* neither */
    {"Rose", 2},        /* exactly */
    {"rose", 7},        /* exactly */
    {"ROSE", -1},       /* of which two remain */
    {"fish", 3},        /* a whole name before parts */
    {"fish, dried", 4}, /* with a comma */
    {"FISH, DRIED", 4}, /* by its fold */
    {"dried", 4},       /* a part of one alone */
    {"fis", -1},        /* a part of two */
    {"random", 6},      /* a name before a word of ours */
    {"Random", 6},      /* by its fold */
    {"null", 5},        /* the same */
    {"e\xcc\x81", 8},   /* composed otherwise */
    {"\xc3\x89", 8},    /* and upper case */
    {"\xe2\x91\xa6", 1} /* 7 in a circle is that name, if any: not class 7 */
};

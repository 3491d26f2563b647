# SPDX-License-Identifier: GPL-3.0-or-later
#
# imagenet.tsv -> imagenet-classes.inc: one ROW(index, synset, name, synonyms, kinds) a class, for
# core/model/classes.c, which says what a ROW is.  Run by data/meson.build.
BEGIN { FS = "\t" }
NR == 1 { next }
{
    gsub(/["\\]/, "\\\\&")
    printf "ROW(%d, \"%s\", \"%s\", \"%s\", \"%s\")\n", $1, $2, $3, $4, $5
}

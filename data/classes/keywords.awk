# SPDX-License-Identifier: GPL-3.0-or-later
#
# keywords.tsv -> class-keywords.inc: the languages, then one ROW a class, for core/model/keywords.c,
# which says what they are.  Run by data/meson.build.
BEGIN { FS = "\t" }
{
    gsub(/["\\]/, "\\\\&")
    if (NR > 1)
        printf "ROW(\"%s\"", $1
    else
        printf "LANGUAGES("
    for (i = 2; i <= NF; i++)
        printf("%s\"%s\"", (NR > 1 || i > 2) ? ", " : "", $i)
    print ")"
}

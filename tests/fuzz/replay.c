/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The corpus as a regression test, where libFuzzer is not: every file of the folder given once.
 */
#include "fuzz.h"

#include <stdio.h>

int main(int argc, char **argv)
{
    GDir *folder = argc == 2 ? g_dir_open(argv[1], 0, NULL) : NULL;
    const char *name;
    guint n = 0;

    LLVMFuzzerInitialize(&argc, &argv);
    if (folder == NULL) {
        fprintf(stderr, "usage: %s FOLDER\n", argv[0]);
        return 2;
    }
    while ((name = g_dir_read_name(folder)) != NULL) {
        g_autofree char *path = g_build_filename(argv[1], name, NULL), *bytes = NULL;
        gsize size;
        if (!g_file_get_contents(path, &bytes, &size, NULL)) {
            fprintf(stderr, "%s cannot be read; is FOLDER absolute?\n", path);
            return 1;
        }
        LLVMFuzzerTestOneInput((const uint8_t *)bytes, size);
        n++;
    }
    g_dir_close(folder);
    printf("%u inputs\n", n);
    return n > 0 ? 0 : 1; /* an empty corpus tests nothing */
}

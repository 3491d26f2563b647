/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * See fuzz.h.
 */
#include "fuzz.h"
#include "files/checkpoint.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define NUMBERS_MAX (1 << 20) /* per input: enough for every path, little enough to be quick */

const char *fuzz_file(const uint8_t *data, size_t size)
{
    static int fd = -1;
    static char path[32];

    if (fd < 0) {
        fd = memfd_create("fuzz", MFD_CLOEXEC);
        snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    }
    if (fd < 0 || ftruncate(fd, 0) != 0 || pwrite(fd, data, size, 0) != (ssize_t)size)
        abort();
    return path;
}

void fuzz_read_checkpoint(const char *path)
{
    static const char *const prefer[] = {"ema", "model", "state_dict", NULL};
    const char *chosen;
    EdtCheckpoint *c = edt_checkpoint_open(path, prefer, &chosen, NULL);
    gsize numbers = 0;

    for (guint i = 0; c && i < edt_checkpoint_count(c); i++) {
        const EdtCheckpointTensor *t = edt_checkpoint_get(c, i);
        float *out;
        if (t->count > NUMBERS_MAX - numbers)
            break;
        numbers += t->count;
        out = g_new(float, t->count); /* exactly as large as promised: ASan sees one too many */
        edt_checkpoint_read_f32(c, t, out, NULL);
        g_free(out);
    }
    edt_checkpoint_close(c);
}

/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * See fuzz.h.
 */
#include "fuzz.h"
#include "files/checkpoint.h"
#include "folder.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#define NUMBERS_MAX (1 << 20) /* per input: enough for every path, little enough to be quick */

/* GLib's own way to be fatal is a signal that libFuzzer lets pass, without the input. */
static GLogWriterOutput be_fatal(GLogLevelFlags level, const GLogField *fields, gsize n,
                                 gpointer user_data)
{
    g_log_writer_default(level, fields, n, user_data);
    if (level & (G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL | G_LOG_LEVEL_WARNING))
        abort();
    return G_LOG_WRITER_HANDLED;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    g_log_set_writer_func(be_fatal, NULL, NULL);
    return 0;
}

/* A name in a folder is found sooner than one in /proc, and pages that stay need not be made. */
const char *fuzz_file(const uint8_t *data, size_t size)
{
    static int fd = -1;
    static char *path;

    if (fd < 0) {
        path = test_file("input");
        fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    }
    if (fd < 0 || pwrite(fd, data, size, 0) != (ssize_t)size || ftruncate(fd, (off_t)size) != 0)
        abort();
    return path;
}

void fuzz_told(GError *error)
{
    g_assert_true(!error || g_utf8_validate(error->message, -1, NULL));
    g_clear_error(&error);
}

void fuzz_read_checkpoint(const char *path)
{
    static const char *const prefer[] = {"ema", "model", "state_dict", NULL};
    const char *chosen;
    GError *error = NULL;
    EdtCheckpoint *c = edt_checkpoint_open(path, prefer, &chosen, &error);
    gsize numbers = 0;

    g_assert_true(!c == !!error);
    for (guint i = 0; c && i < edt_checkpoint_count(c); i++) {
        const EdtCheckpointTensor *t = edt_checkpoint_get(c, i);
        float *out;
        if (t->count > NUMBERS_MAX - numbers)
            break;
        numbers += t->count;
        out = g_new(float, t->count); /* exactly as large as promised: ASan sees one too many */
        edt_checkpoint_read_f32(c, t, out, error ? NULL : &error);
        g_free(out);
    }
    fuzz_told(error);
    edt_checkpoint_close(c);
}

/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * See models.h.
 */
#include "models.h"

#include <string.h>
#include <unistd.h>

char *import_golden(const char *name, const char *edt, const char *vae, EdtStored stored)
{
    char *output = craft_path(name), *edt_path = golden_file(edt);
    char *vae_path = vae ? golden_file(vae) : NULL;
    EdtImport import = {.edt_path = edt_path,
                        .vae_path = vae_path,
                        .output = output,
                        .stored = stored,
                        .title = "Tiny “test”",
                        .licence = "CC0"};
    GError *error = NULL;

    unlink(output);
    edt_import(&import, NULL, NULL, &error);
    g_assert_no_error(error);
    g_free(vae_path);
    g_free(edt_path);
    return output;
}

char *failed_import(const EdtImport *import, int *code)
{
    GError *error = NULL;
    gboolean existed = g_file_test(import->output, G_FILE_TEST_EXISTS);
    char *message;

    g_assert_false(edt_import(import, NULL, NULL, &error));
    g_assert_nonnull(error);
    g_assert_true(error->domain == EDT_ERROR);
    g_assert_cmpint(g_file_test(import->output, G_FILE_TEST_EXISTS), ==, existed);
    *code = error->code;
    message = g_strdup(error->message);
    g_error_free(error);
    return message;
}

EdtSafetensors *open_model(const char *path)
{
    GError *error = NULL;
    EdtSafetensors *file = edt_safetensors_open(path, &error);
    g_assert_no_error(error);
    return file;
}

char *with_metadata(const char *model, const char *name, const char *key, const char *value)
{
    static const char *const keys[] = {
        "format",          "edt.variant",       "edt.image_size",
        "edt.latent_size", "edt.channels",      "edt.guided_channels",
        "edt.cfg_scale",   "edt.schedule",      "edt.prediction",
        "edt.latent",      "edt.alpha",         "edt.n_classes",
        "edt.classes",     "edt.class_names",   "edt.title",
        "edt.licence",     "edt.source_sha256", "edt.vae_source_sha256"};
    char *path = craft_path(name);
    EdtSafetensors *from = open_model(model);
    EdtSafetensorsWriter *w = edt_safetensors_writer_new(path, TRUE, NULL);

    for (gsize i = 0; i < G_N_ELEMENTS(keys); i++) {
        gboolean changed = strcmp(keys[i], key) == 0;
        const char *text = changed ? value : edt_safetensors_metadata(from, keys[i]);
        if (text)
            edt_safetensors_writer_metadata(w, keys[i], text);
    }
    for (guint i = 0; i < edt_safetensors_count(from); i++) {
        const EdtSafetensor *t = edt_safetensors_get(from, i);
        edt_safetensors_writer_declare(w, t->name, t->view.type, t->view.rank, t->view.shape);
    }
    for (guint i = 0; i < edt_safetensors_count(from); i++) {
        const EdtSafetensor *t = edt_safetensors_get(from, i);
        g_assert_true(edt_safetensors_writer_data(w, t->view.data, t->bytes, NULL));
    }
    g_assert_true(edt_safetensors_writer_finish(w, NULL));
    edt_safetensors_close(from);
    return path;
}

/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Styles from pictures to pictures: a run learns them beside the class, drops each label on its
 * own, and its model is asked for a style and paints in it.
 */
#include "catalogue.h"
#include "files/safetensors.h"
#include "folder.h"
#include "train/discs.h"
#include "train/state.h"

#include <math.h>
#include <string.h>
#include <unistd.h>

#define TABLE "edt.style_embedder.embedding_table.weight"

static const char *folder;

static char *file(const char *name)
{
    return g_build_filename(folder, name, NULL);
}

/* styled/disc/blue, styled/disc/green: one class, whose styles are the colours. */
static char *make_styled(const char *pictures, const char *root_name)
{
    static const char *const styles[] = {"blue", "green"};
    char *root = file(root_name);
    g_autofree char *class = g_build_filename(root, "disc", NULL);

    g_assert_cmpint(g_mkdir_with_parents(class, 0700), ==, 0);
    for (int i = 0; i < 2; i++) {
        g_autofree char *from = g_build_filename(pictures, styles[i], NULL);
        g_autofree char *to = g_build_filename(class, styles[i], NULL);
        g_assert_cmpint(symlink(from, to), ==, 0);
    }
    return root;
}

static void write_list(const char *root, const char *json)
{
    g_autofree char *path = g_build_filename(root, "styles.json", NULL);
    g_assert_true(g_file_set_contents(path, json, -1, NULL));
}

static EdtTrainer *trainer_new(const EdtTrainOptions *o, const char *checkpoint)
{
    GError *error = NULL;
    EdtTrainer *trainer = edt_trainer_resume(o, checkpoint, &error);
    g_assert_no_error(error);
    return trainer;
}

static void steps(EdtTrainer *trainer, int n)
{
    EdtTrainReport report;
    GError *error = NULL;
    for (int i = 0; i < n; i++) {
        g_assert_true(edt_trainer_step(trainer, &report, &error));
        g_assert_no_error(error);
    }
}

/* ---- what a row learns ---- */

/* All four cases; where the class is dropped, the style is in half of them. */
static void test_dropped(void)
{
    enum { ROWS = 64, PARTS = 50 };
    g_autofree char *root = file("styled");
    EdtTrainOptions o = discs_options(root);
    double count[2][2] = {{0}}, n = ROWS * PARTS; /* [class dropped][style dropped] */
    GError *error = NULL;

    o.micro = ROWS / 2;
    o.batch = o.micro * PARTS;
    o.label_dropout = 0.2;
    EdtTrainer *trainer = trainer_new(&o, NULL);
    const EdtBatch *b = &trainer->batch;
    g_assert_cmpint(b->rows, ==, ROWS);
    for (int part = 0; part < PARTS; part++) {
        g_assert_true(edt_batch_fill(trainer, part, &error));
        for (int row = 0; row < ROWS; row++) {
            gboolean class = b->label[row] == 1, style = b->style[row] == 2;
            g_assert_true(class || b->label[row] == 0);
            g_assert_true(style || b->style[row] == b->picture_labels[row % b->pictures].style);
            count[class][style]++;
        }
    }
    g_assert_cmpfloat_with_epsilon(count[0][0] / n, 0.8 * 0.8, 0.03);
    g_assert_cmpfloat_with_epsilon(count[0][1] / n, 0.8 * 0.2, 0.03);
    g_assert_cmpfloat_with_epsilon(count[1][0] / n, 0.2 * 0.5, 0.03);
    g_assert_cmpfloat_with_epsilon(count[1][1] / n, 0.2 * 0.5, 0.03);
    edt_trainer_free(trainer);
}

/* ---- a whole run ---- */

static void check_info(const EdtModelInfo *info)
{
    GError *error = NULL;
    g_autofree char *name = edt_style_name(info, 1), *any = edt_style_name(info, EDT_STYLE_ANY);
    g_autofree char *label = edt_style_label(info, 1);

    g_assert_cmpint(info->n_styles, ==, 2);
    g_assert_cmpint(info->n_classes, ==, 1);
    g_assert_cmpstr(name, ==, "green");
    g_assert_cmpstr(any, ==, "any");
    g_assert_cmpstr(label, ==, "grün");
    g_assert_cmpint(edt_style_find(info, "gree", &error), ==, 1);
    g_assert_cmpint(edt_style_find(info, "Grün", &error), ==, 1);
    g_assert_cmpint(edt_style_find(info, "0", &error), ==, 0);
    g_assert_no_error(error);
    g_assert_cmpint(edt_style_find(info, "grean", &error), ==, -1);
    g_assert_error(error, EDT_ERROR, EDT_ERROR_USAGE);
    g_assert_nonnull(strstr(error->message, "grün (1)"));
    g_clear_error(&error);
    g_assert_cmpint(edt_style_find(info, "2", &error), ==, -1);
    g_assert_error(error, EDT_ERROR, EDT_ERROR_USAGE);
    g_clear_error(&error);
}

static void refuse_style(EdtEngine *engine, EdtRequest request, int style)
{
    EdtItem item = {.style = style};
    GError *error = NULL;
    request.items = &item;
    request.n_items = 1;
    g_assert_null(edt_generate(engine, &request, NULL, NULL, &error));
    g_assert_error(error, EDT_ERROR, EDT_ERROR_USAGE);
    g_assert_nonnull(strstr(error->message, "style"));
    g_clear_error(&error);
}

/* Each style in its colour; any is one of them; neighbours in a batch change nothing. */
static void check_pictures(EdtEngine *engine)
{
    const EdtItem items[] = {
        {.seed = 1, .style = 0}, {.seed = 1, .style = 1}, {.seed = 1, .style = EDT_STYLE_ANY}};
    EdtRequest request;
    GError *error = NULL;
    edt_request_init(&request, engine);
    request.items = items;
    request.n_items = 3;
    request.steps = 10;
    EdtPictures *made = edt_generate(engine, &request, NULL, NULL, &error);
    g_assert_no_error(error);
    for (int i = 0; i < 3; i++) {
        const float *middle = made->pictures[i].pixels + (8 * DISCS_SIDE + 8) * 4;
        g_test_message("style %d: %.2f %.2f %.2f %.2f", items[i].style, (double)middle[0],
                       (double)middle[1], (double)middle[2], (double)middle[3]);
        g_assert_cmpint(made->pictures[i].item.style, ==, items[i].style);
        g_assert_cmpfloat(middle[3], >, 0.4);
        if (i < 2)
            g_assert_cmpfloat(middle[2 - i], >, middle[1 + i]);
    }
    request.items = items + 1;
    request.n_items = 1;
    EdtPictures *alone = edt_generate(engine, &request, NULL, NULL, &error);
    g_assert_cmpmem(alone->pictures[0].pixels, DISCS_SIDE * DISCS_SIDE * 4 * sizeof(float),
                    made->pictures[1].pixels, DISCS_SIDE * DISCS_SIDE * 4 * sizeof(float));
    edt_pictures_free(alone);
    edt_pictures_free(made);
    refuse_style(engine, request, 2);
    refuse_style(engine, request, -2);
}

static void test_run(void)
{
    g_autofree char *root = file("styled"), *checkpoint = file("styled.safetensors");
    g_autofree char *model = file("model.safetensors");
    EdtTrainOptions o = discs_options(root);
    EdtTrainExport export = {.output = model};
    EdtEngineOptions wish = {.threads = 2, .precision = EDT_PRECISION_F32};
    GError *error = NULL;

    o.batch = o.micro = 8;
    o.masked = FALSE;
    o.open_gates = TRUE; /* labels are told apart sooner */
    EdtTrainer *trainer = trainer_new(&o, NULL);
    g_assert_cmpint(edt_trainer_facts(trainer)->styles, ==, 2);
    steps(trainer, 150);
    g_assert_true(edt_trainer_save(trainer, checkpoint, &error));
    edt_trainer_free(trainer);
    g_assert_true(edt_train_export(checkpoint, &export, &error)); /* without the run's folder */
    g_assert_no_error(error);
    g_setenv("LC_ALL", "de_DE.UTF-8", TRUE);
    g_setenv("LANGUAGE", "de", TRUE);
    EdtEngine *engine = edt_engine_open(model, &wish, &error);
    g_assert_no_error(error);
    check_info(edt_engine_info(engine));
    check_pictures(engine);
    edt_engine_close(engine);
    g_unsetenv("LC_ALL");
    g_unsetenv("LANGUAGE");
}

/* Another name at a style's place is another style. */
static void test_moved(void)
{
    g_autofree char *root = file("styled"), *checkpoint = file("styled.safetensors");
    EdtTrainOptions o = discs_options(root);
    GError *error = NULL;

    write_list(root, "{\"styles\": [{\"name\": \"green\"}, {\"name\": \"blue\"}]}");
    g_assert_null(edt_trainer_resume(&o, checkpoint, &error));
    g_assert_error(error, EDT_ERROR, EDT_ERROR_USAGE);
    g_assert_nonnull(strstr(error->message, "style_names"));
    g_clear_error(&error);
}

/* ---- beginning with a model ---- */

static const float *table_of(EdtSafetensors *model)
{
    const EdtSafetensor *table = edt_safetensors_find(model, TABLE);
    g_assert_nonnull(table);
    return table->view.data;
}

/* A style of the same name is the model's, wherever it stands now; a new one begins anew. */
static void test_start(void)
{
    g_autofree char *pictures = file("pictures"), *model = file("model.safetensors");
    g_autofree char *root = make_styled(pictures, "more"), *after = file("after.safetensors");
    EdtTrainOptions o = discs_options(root);
    EdtTrainExport export = {.output = after};
    GError *error = NULL;
    const gsize D = 156, row = D * sizeof(float);

    write_list(root, "{\"styles\": [{\"name\": \"green\"}, {\"name\": \"inks\"},"
                     " {\"name\": \"blue\"}]}");
    o.start = model;
    EdtTrainer *trainer = trainer_new(&o, NULL);
    g_assert_true(edt_trainer_export(trainer, &export, &error));
    edt_trainer_free(trainer);
    EdtSafetensors *old = edt_safetensors_open(model, &error);
    EdtSafetensors *new = edt_safetensors_open(after, &error);
    g_assert_cmpmem(table_of(new), row, table_of(old) + D, row);
    g_assert_cmpmem(table_of(new) + 2 * D, row, table_of(old), row);
    g_assert_cmpmem(table_of(new) + 3 * D, row, table_of(old) + 2 * D, row);
    g_assert_cmpint(memcmp(table_of(new) + D, table_of(old), row), !=, 0);
    edt_safetensors_close(old);
    edt_safetensors_close(new);

    o = discs_options(pictures); /* no styles there: what would become of the model's? */
    o.start = model;
    g_assert_null(edt_trainer_new(&o, &error));
    g_assert_error(error, EDT_ERROR, EDT_ERROR_USAGE);
    g_assert_nonnull(strstr(error->message, "style_embedder"));
    g_clear_error(&error);
}

/* A model without styles may begin to learn some. */
static void test_start_without(void)
{
    g_autofree char *pictures = file("pictures"), *root = file("styled");
    g_autofree char *plain = file("plain.safetensors");
    EdtTrainOptions o = discs_options(pictures);
    EdtTrainExport export = {.output = plain};
    GError *error = NULL;

    EdtTrainer *trainer = trainer_new(&o, NULL);
    g_assert_true(edt_trainer_export(trainer, &export, &error));
    edt_trainer_free(trainer);
    EdtModelInfo *info = edt_model_info_read(plain, &error);
    g_assert_no_error(error);
    g_assert_cmpint(info->n_styles, ==, 0);
    g_assert_cmpint(edt_style_find(info, "blue", &error), ==, -1);
    g_assert_error(error, EDT_ERROR, EDT_ERROR_USAGE);
    g_clear_error(&error);
    edt_model_info_free(info);
    o = discs_options(root);
    o.start = plain;
    trainer = trainer_new(&o, NULL);
    steps(trainer, 1);
    edt_trainer_free(trainer);
}

/* Names that do not fit the table. */
static void test_names(void)
{
    static const char names[] = "\"edt.style_names\":\"[\\\"blue\\\",\\\"green\\\"]\"";
    static const char other[] = "\"edt.style_names\":\"[\\\"blue\\\",  1234567]\"";
    g_autofree char *model = file("model.safetensors"), *path = file("bad.safetensors");
    g_autofree char *bytes = NULL;
    GError *error = NULL;
    gsize length;

    g_assert_true(g_file_get_contents(model, &bytes, &length, NULL));
    char *at = g_strstr_len(bytes + 8, 4096, names);
    g_assert_nonnull(at);
    g_assert_cmpuint(strlen(names), ==, strlen(other));
    memcpy(at, other, strlen(other));
    g_assert_true(g_file_set_contents(path, bytes, (gssize)length, NULL));
    g_assert_null(edt_model_info_read(path, &error));
    g_assert_error(error, EDT_ERROR, EDT_ERROR_BAD_FILE);
    g_assert_nonnull(strstr(error->message, "edt.style_names"));
    g_clear_error(&error);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    folder = test_folder();
    g_autofree char *pictures = discs_make(folder);
    g_autofree char *root = make_styled(pictures, "styled");
    write_list(root, "{\"styles\": [{\"name\": \"blue\", \"labels\": {\"de\": \"blau\"}},"
                     " {\"name\": \"green\", \"labels\": {\"de\": \"grün\"}}]}");
    g_test_add_func("/styles/dropped", test_dropped);
    g_test_add_func("/styles/run", test_run);
    g_test_add_func("/styles/start", test_start);
    g_test_add_func("/styles/start-without", test_start_without);
    g_test_add_func("/styles/names", test_names);
    g_test_add_func("/styles/moved", test_moved);
    return g_test_run();
}

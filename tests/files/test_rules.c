/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The fourteen rules for reading and writing model files, one named test each.  Wider variations
 * stand in the tests of the rooms they belong to.
 */
#include "craft.h"
#include "catalogue.h"
#include "files/checkpoint.h"
#include "files/mapping.h"
#include "files/output.h"
#include "files/safetensors.h"

#include <math.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const float six[6] = {0, 1, 2, 3, 4, 5};

#define ENTRY(name, dtype, shape, offsets)                                                         \
    "\"" name "\":{\"dtype\":\"" dtype "\",\"shape\":" shape ",\"data_offsets\":" offsets "}"

/* ---- safetensors: 1 to 5 ---- */

/* The size of the file, then a cap, limit what the header's length may say. */
static void rule_01_sizes_first(void)
{
    GByteArray *b = g_byte_array_new();

    put_u64(b, G_MAXUINT64);
    put_text(b, "{}");
    assert_refused(safetensors_refusal(b), "16 MB");
    b = g_byte_array_new();
    put_u64(b, (16 << 20) + 1);
    g_byte_array_set_size(b, (17 << 20));
    assert_refused(safetensors_refusal(b), "16 MB");
    b = g_byte_array_new();
    put_u64(b, 3);
    put_text(b, "{}");
    assert_refused(safetensors_refusal(b), "longer than the file");
    b = g_byte_array_new();
    put_text(b, "1234567");
    assert_refused(safetensors_refusal(b), "shorter than");
    b = g_byte_array_new();
    put_u64(b, 0);
    assert_refused(safetensors_refusal(b), "begin with '{'");
}

/* No duplicates, no depth, whole numbers only, valid UTF-8, '{' first and nothing behind. */
static void rule_02_strict_json(void)
{
    static const char *const bad[] = {
        "{" ENTRY("a", "F32", "[1]", "[0,4]") "," ENTRY("a", "F32", "[0]", "[4,4]") "}",
        "{\"a\":{\"dtype\":\"F32\",\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}",
        "{\"__metadata__\":{\"k\":\"1\",\"k\":\"2\"}," ENTRY("a", "F32", "[1]", "[0,4]") "}",
        "{\"__metadata__\":{},\"__metadata__\":{}," ENTRY("a", "F32", "[1]", "[0,4]") "}",
        "{\"\\u0061\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[0,0]}," ENTRY(
            "a", "F32", "[1]", "[0,4]") "}",
        "{" ENTRY("a", "F32", "[1.0]", "[0,4]") "}",
        "{" ENTRY("a", "F32", "[1e0]", "[0,4]") "}",
        "{" ENTRY("a", "F32", "[01]", "[0,4]") "}",
        "{" ENTRY("a", "F32", "[+1]", "[0,4]") "}",
        "{" ENTRY("a", "F32", "[9223372036854775808]", "[0,4]") "}",
        "{" ENTRY("a", "F32", "[[1]]", "[0,4]") "}",
        "{\"a\":[[[[[[[[[[1]]]]]]]]]]}",
        "{" ENTRY("\xff", "F32", "[1]", "[0,4]") "}",
        "{" ENTRY("\\ud800", "F32", "[1]", "[0,4]") "}",
        "{" ENTRY("a\\u0000b", "F32", "[1]", "[0,4]") "}",
        "{" ENTRY("a\n", "F32", "[1]", "[0,4]") "}",
        "{" ENTRY("a", "F32", "[1]", "[0,4]") "}x",
        " {" ENTRY("a", "F32", "[1]", "[0,4]") "}",
        "{" ENTRY("a", "F32", "[1]", "[0,4]"),
        "[" ENTRY("a", "F32", "[1]", "[0,4]") "]",
        "{" ENTRY("a", "F32", "[1,]", "[0,4]") "}",
        "{" ENTRY("a", "F32", "[1]", "[0,4]") ",}",
        "{//\n" ENTRY("a", "F32", "[1]", "[0,4]") "}",
        "{'a':1}",
        "{\"a\\x\":1}",
    };

    assert_taken(safetensors_refusal(safetensors_of("{" ENTRY("a", "F32", "[1]", "[0,4]") "}", 4)));
    for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
        char *message = safetensors_refusal(safetensors_of(bad[i], 4));
        if (message == NULL)
            g_error("taken: %s", bad[i]);
        g_free(message);
    }
}

/* Rank at most 8, no negative dimension, checked product and bytes, equal to the range. */
static void rule_03_shapes(void)
{
    assert_refused(safetensors_refusal(safetensors_of(
                       "{" ENTRY("a", "F32", "[1,1,1,1,1,1,1,1,1]", "[0,4]") "}", 4)),
                   "8 dimensions");
    assert_refused(
        safetensors_refusal(safetensors_of("{" ENTRY("a", "F32", "[-1]", "[0,4]") "}", 4)),
        "not negative");
    assert_refused(safetensors_refusal(safetensors_of(
                       "{" ENTRY("a", "F32", "[4294967296,4294967296]", "[0,0]") "}", 0)),
                   "too large");
    assert_refused(
        safetensors_refusal(safetensors_of("{" ENTRY("a", "F32", "[2]", "[0,4]") "}", 4)),
        "do not fit its shape");
    assert_taken(safetensors_refusal(
        safetensors_of("{" ENTRY("a", "F32", "[1,1,1,1,1,1,1,1]", "[0,4]") "}", 4)));
}

/* The tensors cover the file exactly. */
static void rule_04_no_hole_no_overlap(void)
{
    assert_refused(
        safetensors_refusal(safetensors_of(
            "{" ENTRY("a", "F32", "[1]", "[0,4]") "," ENTRY("b", "F32", "[1]", "[8,12]") "}", 12)),
        "“b”: there is a hole");
    assert_refused(
        safetensors_refusal(safetensors_of("{" ENTRY("a", "F32", "[1]", "[4,8]") "}", 8)),
        "“a”: there is a hole");
    assert_refused(
        safetensors_refusal(safetensors_of(
            "{" ENTRY("a", "F32", "[2]", "[0,8]") "," ENTRY("b", "F32", "[1]", "[4,8]") "}", 8)),
        "overlap");
    assert_refused(
        safetensors_refusal(safetensors_of("{" ENTRY("a", "F32", "[1]", "[0,4]") "}", 5)),
        "something was added");
    assert_refused(
        safetensors_refusal(safetensors_of("{" ENTRY("a", "F32", "[1]", "[0,4]") "}", 3)),
        "cut off");
}

static void rule_05_known_types_only(void)
{
    static const char *const unknown[] = {"Q4", "I32", "U8", "BOOL", "F8_E4M3", "f32", "F32 ", ""};

    for (gsize i = 0; i < G_N_ELEMENTS(unknown); i++) {
        char *header = g_strdup_printf("{\"a\":{\"dtype\":\"%s\",\"shape\":[0],\"data_offsets\":"
                                       "[0,0]}}",
                                       unknown[i]);
        assert_refused(safetensors_refusal(safetensors_of(header, 0)), "element type");
        g_free(header);
    }
    /* counters and flags beside the weights of others are passed over, as those of torch are */
    g_autofree char *padded =
        g_strdup_printf("%-640s", "{" ENTRY("w", "F32", "[1]", "[0,4]") "," ENTRY(
                                      "model_ema.num_updates", "I32", "[]", "[4,8]") "}");
    GByteArray *file = safetensors_of(padded, 8); /* of 0x280 bytes: so a pickle begins, too */
    char *path = craft_file("counter.safetensors", file);
    EdtCheckpoint *foreign = edt_checkpoint_open(path, NULL, NULL, NULL);
    g_assert_nonnull(foreign);
    g_assert_cmpuint(edt_checkpoint_count(foreign), ==, 1);
    edt_checkpoint_close(foreign);
    g_byte_array_unref(file);
    g_free(path);
}

/* ---- 6: names and shapes of the architecture ---- */

static gboolean drop_one(const char *name, float *values, gsize count)
{
    return strcmp(name, "blocks.3.mlp.fc2.bias") != 0;
}

static char *import_refusal(const char *source)
{
    char *output = craft_path("imported.safetensors");
    EdtImport import = {.edt_path = source, .output = output};
    GError *error = NULL;
    char *message = NULL;

    if (!edt_import(&import, NULL, NULL, &error)) {
        g_assert_cmpint(error->code, ==, EDT_ERROR_BAD_FILE);
        g_assert_false(g_file_test(output, G_FILE_TEST_EXISTS));
        message = g_strdup(error->message);
        g_error_free(error);
    }
    unlink(output);
    g_free(output);
    return message;
}

static void rule_06_names_of_the_architecture(void)
{
    GString *header = g_string_new("{\"");
    char *source = craft_edt("dropped.safetensors", drop_one);

    assert_refused(import_refusal(source), "1 missing (blocks.3.mlp.fc2.bias)");
    for (int i = 0; i < 257; i++)
        g_string_append_c(header, 'n');
    g_string_append(header, "\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[0,0]}}");
    assert_refused(safetensors_refusal(safetensors_of(header->str, 0)), "longer than 256");
    assert_refused(
        safetensors_refusal(safetensors_of(
            "{\"\\u001b[31m\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[0,0]}}", 0)),
        "not plain text");
    g_string_free(header, TRUE);
    g_free(source);
}

/* ---- torch: 7 and 8 ---- */

/* Nothing in a pickle is called; the refusal names the global and its place. */
static void rule_07_pickle_allow_lists(void)
{
    char *proof = craft_path("proof");
    char *command = g_strdup_printf("touch %s", proof);
    GByteArray *p = pickle_new();

    pickle_op(p, "}");
    pickle_string(p, "w");
    pickle_global(p, "os", "system");
    pickle_string(p, command);
    pickle_op(p, "\x85Rs.");
    assert_refused(refusal(zip_with(p, six, sizeof six)), "“os.system” (opcode 0x63 at byte 9 ");
    g_assert_false(g_file_test(proof, G_FILE_TEST_EXISTS));
    g_byte_array_set_size(p, 2);
    pickle_op(p, "N0N."); /* POP */
    assert_refused(refusal(zip_with(p, six, sizeof six)), "opcode 0x30 at byte 3 ");
    g_byte_array_unref(p);
    g_free(command);
    g_free(proof);
}

static void rule_08_zip_as_torch_writes_it(void)
{
    GByteArray *p = pickle_one("0", 6, 0, (gint64[]){6, -1}, (gint64[]){1, -1});
    ZipEntry e[] = {
        {.name = "a/data.pkl", .data = p->data, .bytes = p->len},
        {.name = "a/data/0", .data = six, .bytes = sizeof six},
        {.name = "a/version", .data = "3\n", .bytes = 2},
    };

    assert_taken(refusal(zip_of(e, 3, "")));
    e[1].method = 8;
    assert_refused(refusal(zip_of(e, 3, "")), "compressed");
    e[1].method = 0, e[1].crc_xor = 1;
    assert_refused(refusal(zip_of(e, 3, "")), "checksum");
    e[1].crc_xor = 0, e[1].local_name = "a/data/1";
    assert_refused(refusal(zip_of(e, 3, "")), "zip archive is damaged");
    e[1].local_name = NULL, e[2].name = "a/data/0";
    assert_refused(refusal(zip_of(e, 3, "")), "twice");
    e[2].name = "a/version", e[1].bytes = 20;
    assert_refused(refusal(zip_of(e, 3, "")), "storage says 24 bytes, the file has 20");
    g_byte_array_unref(p);
}

/* ---- import: 9 and 10 ---- */

static gboolean spoil(const char *name, float *values, gsize count)
{
    if (strcmp(name, "blocks.2.attn.qkv.weight") == 0) {
        values[3] = values[5] = NAN;
        values[7] = INFINITY;
    }
    return TRUE;
}

static void rule_09_nan_and_infinity(void)
{
    char *source = craft_edt("spoilt.safetensors", spoil);

    assert_refused(import_refusal(source),
                   "“edt.blocks.2.attn.qkv.weight”, 2 are not a number and 1 are infinite");
    g_free(source);
}

static void rule_10_source_by_hash(void)
{
    char *source = golden_file("pt/edt_tiny_bare_f16.pt"), *output = craft_path("hash.safetensors");
    EdtImport import = {.edt_path = source, .output = output};
    GError *error = NULL;
    EdtModelInfo *info;
    char *bytes, *sum;
    gsize n;

    g_assert_true(edt_import(&import, NULL, NULL, &error));
    g_assert_no_error(error);
    info = edt_model_info_read(output, &error);
    g_assert_no_error(error);
    g_assert_true(g_file_get_contents(source, &bytes, &n, NULL));
    sum = g_compute_checksum_for_data(G_CHECKSUM_SHA256, (guint8 *)bytes, n);
    g_assert_cmpstr(info->source_sha256, ==, sum);
    edt_model_info_free(info);
    g_free(sum);
    g_free(bytes);
    g_free(output);
    g_free(source);
}

/* ---- the machine: 11 to 14 ---- */

/* Only regular files; names inside a file never become paths. */
static void rule_11_regular_files_only(void)
{
    char *fifo = craft_path("fifo");
    GByteArray *p =
        pickle_one("../../../../etc/passwd", 6, 0, (gint64[]){6, -1}, (gint64[]){1, -1});
    GError *error = NULL;

    g_assert_cmpint(mkfifo(fifo, 0600), ==, 0);
    g_assert_null(edt_safetensors_open(fifo, &error));
    g_assert_error(error, EDT_ERROR, EDT_ERROR_BAD_FILE);
    g_clear_error(&error);
    assert_refused(refusal(zip_with(p, six, sizeof six)), "missing in the file");
    g_byte_array_unref(p);
    g_free(fifo);
}

/* Whole or not at all, and never over another file without leave. */
static void rule_12_whole_or_not_at_all(void)
{
    char *source = golden_file("pt/edt_tiny_bare.pt"), *output = craft_path("kept.safetensors");
    EdtImport import = {.edt_path = source, .output = output};
    GError *error = NULL;
    char *text;

    g_assert_true(g_file_set_contents(output, "precious", -1, NULL));
    g_assert_false(edt_import(&import, NULL, NULL, &error));
    g_assert_error(error, EDT_ERROR, EDT_ERROR_USAGE);
    g_clear_error(&error);
    g_assert_true(g_file_get_contents(output, &text, NULL, NULL));
    g_assert_cmpstr(text, ==, "precious");
    g_free(text);
    import.force = TRUE;
    g_assert_true(edt_import(&import, NULL, NULL, &error));
    g_assert_no_error(error);
    g_free(output);
    g_free(source);
}

/* The importer lives within limits: whatever a file claims, it ends with a refusal and not for
 * want of memory.  (The plug-in runs it as a process of its own; this is that process.) */
static void import_within_limits(const char *source)
{
    struct rlimit cpu = {20, 20}, files = {64, 64}, core = {0, 0};

    setrlimit(RLIMIT_CPU, &cpu);
    setrlimit(RLIMIT_NOFILE, &files);
    setrlimit(RLIMIT_CORE, &core);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__clang__)
    struct rlimit memory = {512 << 20, 512 << 20}; /* ASan reserves terabytes */
    setrlimit(RLIMIT_AS, &memory);
#endif
    char *output = craft_path("limited.safetensors");
    EdtImport import = {.edt_path = source, .output = output};
    GError *error = NULL;
    gboolean done = edt_import(&import, NULL, NULL, &error);
    _exit(done ? 0 : error->code);
}

static int limited_status(const char *source)
{
    pid_t pid = fork();
    int status;

    if (pid == 0)
        import_within_limits(source);
    g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
    g_assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void rule_13_importer_within_limits(void)
{
    char *good = golden_file("pt/edt_tiny_train.pt"), *path;
    GByteArray *p = pickle_one("0", 1ll << 45, 0, (gint64[]){1ll << 45, -1}, (gint64[]){1, -1});
    GByteArray *zip = zip_with(p, six, sizeof six);
    GByteArray *header = g_byte_array_new();

    g_assert_cmpint(limited_status(good), ==, 0);
    path = craft_file("huge.pt", zip);
    g_assert_cmpint(limited_status(path), ==, EDT_ERROR_BAD_FILE);
    g_free(path);
    put_u64(header, 15 << 20); /* below the cap, far above the file */
    put_text(header, "{");
    path = craft_file("huge.safetensors", header);
    g_assert_cmpint(limited_status(path), ==, EDT_ERROR_BAD_FILE);
    g_free(path);
    g_byte_array_unref(header);
    g_byte_array_unref(zip);
    g_byte_array_unref(p);
    g_free(good);
}

/* A file that is cut off while mapped: zeros and an error, no SIGBUS. */
static void rule_14_mapped_file_is_cut(void)
{
    char *header = g_strdup("{" ENTRY("a", "F32", "[262144]", "[0,1048576]") "}");
    GByteArray *b = safetensors_of(header, 1 << 20);
    char *path = craft_file("mapped.safetensors", b);
    GError *error = NULL;
    EdtSafetensors *file = edt_safetensors_open(path, &error);
    const guint8 *data;
    guint sum = 0;

    g_assert_no_error(error);
    data = edt_safetensors_get(file, 0)->view.data;
    g_assert_cmpint(truncate(path, 100), ==, 0);
    for (gsize i = 8192; i < 1 << 20; i += 4096)
        sum += data[i];
    g_assert_cmpuint(sum, ==, 0);
    g_assert_true(edt_safetensors_damaged(file, &error));
    g_assert_error(error, EDT_ERROR, EDT_ERROR_BAD_FILE);
    g_error_free(error);
    edt_safetensors_close(file);
    g_byte_array_unref(b);
    g_free(header);
    g_free(path);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/rules/01-sizes-first", rule_01_sizes_first);
    g_test_add_func("/rules/02-strict-json", rule_02_strict_json);
    g_test_add_func("/rules/03-shapes", rule_03_shapes);
    g_test_add_func("/rules/04-no-hole-no-overlap", rule_04_no_hole_no_overlap);
    g_test_add_func("/rules/05-known-types-only", rule_05_known_types_only);
    g_test_add_func("/rules/06-names-of-the-architecture", rule_06_names_of_the_architecture);
    g_test_add_func("/rules/07-pickle-allow-lists", rule_07_pickle_allow_lists);
    g_test_add_func("/rules/08-zip-as-torch-writes-it", rule_08_zip_as_torch_writes_it);
    g_test_add_func("/rules/09-nan-and-infinity", rule_09_nan_and_infinity);
    g_test_add_func("/rules/10-source-by-hash", rule_10_source_by_hash);
    g_test_add_func("/rules/11-regular-files-only", rule_11_regular_files_only);
    g_test_add_func("/rules/12-whole-or-not-at-all", rule_12_whole_or_not_at_all);
    g_test_add_func("/rules/13-importer-within-limits", rule_13_importer_within_limits);
    g_test_add_func("/rules/14-mapped-file-is-cut", rule_14_mapped_file_is_cut);
    return g_test_run();
}

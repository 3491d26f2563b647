/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * core/model/classes.c: the ImageNet table (order, ids, uniqueness), finding one class by number,
 * name, synonym or part of a name, the order of search results, and the sentences of the errors.
 */
#include "catalogue.h"
#include "classes/typed.h"
#include "model/search.h"
#include "session/order.h"

#include <string.h>

static int find(const char *text)
{
    GError *error = NULL;
    int index = edt_class_find(NULL, text, &error);
    g_assert_no_error(error);
    return index;
}

/* The message with which text is refused; free with g_free(). */
static char *refusal(const EdtModelInfo *info, const char *text)
{
    GError *error = NULL;
    g_assert_cmpint(edt_class_find(info, text, &error), ==, -1);
    g_assert_error(error, EDT_ERROR, EDT_ERROR_USAGE);
    char *message = g_strdup(error->message);
    g_error_free(error);
    return message;
}

static void assert_refused(const EdtModelInfo *info, const char *text, const char *expected)
{
    char *message = refusal(info, text);
    g_assert_cmpstr(message, ==, expected);
    g_free(message);
}

/* Asserts the first results of a search; expected ends with -1, which matches anything. */
static void assert_first(const EdtModelInfo *info, const char *text, const int *expected)
{
    int *found = edt_class_search(info, text);
    for (int i = 0; expected[i] >= 0; i++)
        g_assert_cmpint(found[i], ==, expected[i]);
    g_free(found);
}

static int count(const int *found)
{
    int n = 0;
    while (found[n] >= 0)
        n++;
    return n;
}

static int position(const int *found, int index)
{
    for (int i = 0; found[i] >= 0; i++) {
        if (found[i] == index)
            return i;
    }
    return -1;
}

/* ---- the table ---- */

static void assert_class(int index, const char *synset, const char *name)
{
    const EdtClass *class = &edt_imagenet_classes(NULL)[index];
    g_assert_cmpint(class->index, ==, index);
    g_assert_cmpstr(class->synset, ==, synset);
    g_assert_cmpstr(class->name, ==, name);
}

static void test_table(void)
{
    int n;
    const EdtClass *classes = edt_imagenet_classes(&n);
    g_assert_cmpint(n, ==, 1000);
    for (int i = 0; i < n; i++) {
        g_assert_cmpint(classes[i].index, ==, i);
        g_assert_cmpuint(strlen(classes[i].synset), ==, 9);
        g_assert_true(g_str_has_prefix(classes[i].synonyms, classes[i].name));
        if (i > 0)
            g_assert_cmpstr(classes[i].synset, >, classes[i - 1].synset);
    }
    assert_class(0, "n01440764", "tench");
    assert_class(107, "n01910747", "jellyfish");
    assert_class(134, "n02012849", "crane");
    assert_class(207, "n02099601", "golden retriever");
    assert_class(281, "n02123045", "tabby");
    assert_class(517, "n03126707", "crane");
    assert_class(643, "n03724870", "mask");
    assert_class(999, "n15075141", "toilet tissue");
    g_assert_cmpstr(classes[999].synonyms, ==, "toilet tissue, toilet paper, bathroom tissue");
}

/* ---- find ---- */

static void test_numbers(void)
{
    g_assert_cmpint(find("0"), ==, 0);
    g_assert_cmpint(find(" 207 "), ==, 207);
    g_assert_cmpint(find("999"), ==, 999);
    g_assert_cmpint(find("n02099601"), ==, 207);
    g_assert_cmpint(find("N15075141"), ==, 999);
    assert_refused(NULL, "1000", "There is no class 1000: this model's classes go from 0 to 999.");
    assert_refused(NULL, "-1", "There is no class -1: this model's classes go from 0 to 999.");
    g_free(refusal(NULL, "99999999999999999999999"));
    g_free(refusal(NULL, "n00000000"));
}

static void test_names(void)
{
    g_assert_cmpint(find("tench"), ==, 0);
    g_assert_cmpint(find("Golden Retriever"), ==, 207);
    g_assert_cmpint(find("golden_retriever"), ==, 207);
    g_assert_cmpint(find("  GOLDEN   retriever "), ==, 207);
    g_assert_cmpint(find("curly coated retriever"), ==, 206);
    g_assert_cmpint(find("Carassius auratus"), ==, 1); /* synonyms */
    g_assert_cmpint(find("toilet paper"), ==, 999);
    g_assert_cmpint(find("jelly fish"), ==, 107);
    g_assert_cmpint(find("jack o lantern"), ==, 607); /* jack-o'-lantern */
    g_assert_cmpint(find("maillot, tank suit"), ==, 639);
    g_assert_cmpint(find("golden"), ==, 207); /* the only one with this part */
    g_assert_cmpint(find("volcan"), ==, 980);
    g_assert_cmpint(find("hen"), ==, 8);     /* also part of kitchen and others */
    g_assert_cmpint(find("husky"), ==, 248); /* its synonym; "Siberian husky" only ends so */
}

static void test_unknown(void)
{
    char *message = refusal(NULL, "goldfihs");
    g_assert_true(g_str_has_prefix(message, "Unknown class “goldfihs”. Nearest: goldfish (1), "));
    g_free(message);
    message = refusal(NULL, "qqqqqqqqqq");
    g_assert_true(g_str_has_prefix(message, "Unknown class “qqqqqqqqqq”. Nearest: "));
    g_free(message);
    assert_refused(NULL, "", "The class is empty: give a number or a name.");
    assert_refused(NULL, "  ", "The class is empty: give a number or a name.");
    g_free(refusal(NULL, "\xff\xfe")); /* not UTF-8 */
    char *endless = g_strnfill(100000, 'a');
    g_free(refusal(NULL, endless));
    g_free(endless);
}

static void test_ambiguous(void)
{
    assert_refused(NULL, "crane",
                   "Class “crane” is the name of 2 classes: crane (134, wading bird), "
                   "crane (517, device). Give the number.");
    assert_refused(NULL, "gold",
                   "Class “gold” fits 4 classes: black and gold garden spider (72), goldfish (1), "
                   "goldfinch (11), golden retriever (207). Give a number or a whole name.");
    char *message = refusal(NULL, "dog");
    g_assert_nonnull(strstr(message, " fits "));
    g_assert_nonnull(strstr(message, " more. Give a number"));
    g_free(message);
}

/* ---- search ---- */

static void test_search_order(void)
{
    assert_first(NULL, "207", (int[]){207, -1});
    assert_first(NULL, "n02099601", (int[]){207, -1});
    assert_first(NULL, "golden retriever", (int[]){207, -1});
    /* cats by last word, first names before synonyms; then by kind; catamaran only begins so */
    int *cats = edt_class_search(NULL, "cat");
    g_assert_cmpint(position(cats, 282), ==, 0);
    for (int cat = 281; cat <= 287; cat++) {
        g_assert_cmpint(position(cats, cat), >=, 0);
        g_assert_cmpint(position(cats, cat), <, position(cats, 484));
    }
    g_free(cats);
    /* a word, the beginning of a name, the beginning of a later word */
    assert_first(NULL, "gold", (int[]){72, 1, 11, 207, -1});
    assert_first(NULL, "retr", (int[]){205, 206, 207, 208, 209, -1});
}

static void test_search_kinds(void)
{
    int *dogs = edt_class_search(NULL, "dogs");
    g_assert_cmpint(count(dogs), >=, 118);
    g_assert_cmpint(position(dogs, 207), >=, 0);
    g_free(dogs);
    int *birds = edt_class_search(NULL, "BIRD");
    g_assert_cmpint(count(birds), >=, 59);
    g_assert_cmpint(position(birds, 134), <, position(birds, 448)); /* crane before birdhouse */
    g_assert_cmpint(position(birds, 517), ==, -1);
    g_free(birds);
}

static void test_search_misspelled(void)
{
    assert_first(NULL, "goldfihs", (int[]){1, -1});
    assert_first(NULL, "tabbi", (int[]){281, -1});
    assert_first(NULL, "retreiver", (int[]){205, 206, 207, 208, 209, -1});
    assert_first(NULL, "goldn retrever", (int[]){207, -1});
    int *none = edt_class_search(NULL, "xyzzyxyzzy");
    g_assert_cmpint(none[0], ==, -1);
    g_free(none);
    none = edt_class_search(NULL, "");
    g_assert_cmpint(none[0], ==, -1);
    g_free(none);
}

static void test_search_unique(void)
{
    int *found = edt_class_search(NULL, "a");
    gboolean seen[1000] = {FALSE};
    for (int i = 0; found[i] >= 0; i++) {
        g_assert_cmpint(found[i], <, 1000);
        g_assert_false(seen[found[i]]);
        seen[found[i]] = TRUE;
    }
    g_assert_cmpint(count(found), >, 500);
    g_free(found);
}

/* ---- other models ---- */

static void test_own_names(void)
{
    char *names[] = {"Käfer", "rote Ampel", "Ampel", NULL};
    EdtModelInfo info = {.n_classes = 4, .class_list = EDT_CLASSES_OWN, .class_names = names};
    GError *error = NULL;
    g_assert_cmpint(edt_class_find(&info, "KÄFER", &error), ==, 0);
    g_assert_cmpint(edt_class_find(&info, "ampel", &error), ==, 2);
    g_assert_cmpint(edt_class_find(&info, "rote", &error), ==, 1);
    g_assert_cmpint(edt_class_find(&info, "3", &error), ==, 3); /* there, but without a name */
    g_assert_no_error(error);
    assert_refused(&info, "4", "There is no class 4: this model's classes go from 0 to 3.");
    g_free(refusal(&info, "tench"));
    g_free(refusal(&info, "n02099601"));
    assert_first(&info, "Ampel", (int[]){2, 1, -1});
}

static void test_unnamed(void)
{
    EdtModelInfo info = {.n_classes = 10, .class_list = EDT_CLASSES_UNNAMED};
    g_assert_cmpint(edt_class_find(&info, "9", NULL), ==, 9);
    assert_refused(&info, "tench",
                   "Unknown class “tench”. This model does not name its classes: "
                   "give a number from 0 to 9.");
    int *found = edt_class_search(&info, "tench");
    g_assert_cmpint(found[0], ==, -1);
    g_free(found);
}

/* What a class without a name is called where somebody chooses it finds it; what is written down
 * stays the number, which every model has. */
static void test_bare(void)
{
    char *names[] = {"Ampel", "class 3", NULL}, *styles[] = {"ink", "oil", NULL};
    EdtModelInfo unnamed = {.n_classes = 10, .n_styles = 2, .class_list = EDT_CLASSES_UNNAMED};
    EdtModelInfo some = {.n_classes = 4, .class_list = EDT_CLASSES_OWN, .class_names = names};
    assert_first(&unnamed, "class 3", (int[]){3, -1});
    assert_first(&unnamed, " Class  3", (int[]){3, -1});
    g_assert_cmpint(edt_class_meant(&unnamed, "class 9"), ==, 9);
    g_assert_cmpint(edt_class_meant(&unnamed, "class 10"), ==, -1);
    g_assert_cmpint(edt_class_meant(&unnamed, "class 3b"), ==, -1);
    g_assert_cmpint(edt_class_find(&unnamed, "class 3", NULL), ==, 3);
    assert_refused(&unnamed, "class 10",
                   "Unknown class “class 10”. This model does not name its classes: "
                   "give a number from 0 to 9.");
    g_assert_cmpint(edt_class_find(&some, "class 2", NULL), ==, 2);
    g_assert_cmpint(edt_class_find(&some, "class 3", NULL), ==, 1); /* a name goes first */
    g_assert_cmpint(edt_class_find(&some, "class 0", NULL), ==, -1);
    g_assert_cmpint(edt_style_find(&unnamed, "style 1", NULL), ==, 1);
    g_autofree char *class = edt_class_word(&unnamed, 3), *style = edt_style_word(&unnamed, 1);
    g_assert_cmpstr(class, ==, "3");
    g_assert_cmpstr(style, ==, "1");
    unnamed.style_names = styles;
    g_assert_cmpint(edt_style_find(&unnamed, "style 1", NULL), ==, -1);
}

static void assert_name(const EdtModelInfo *info, int index, const char *expected)
{
    char *name = edt_class_name(info, index);
    g_assert_cmpstr(name, ==, expected);
    g_free(name);
}

static void assert_label(const EdtModelInfo *info, int index, const char *expected)
{
    char *label = edt_class_label(info, index);
    g_assert_cmpstr(label, ==, expected);
    g_free(label);
}

static void test_name(void)
{
    char *names[] = {"Ampel", NULL};
    EdtModelInfo own = {.n_classes = 2, .class_list = EDT_CLASSES_OWN, .class_names = names};
    EdtModelInfo small = {.n_classes = 10, .class_list = EDT_CLASSES_IMAGENET};
    EdtModelInfo unnamed = {.n_classes = 20, .class_list = EDT_CLASSES_UNNAMED};
    assert_name(NULL, 207, "golden retriever");
    assert_name(NULL, 1000, "no class");
    assert_name(&small, 9, "ostrich");
    assert_name(&small, 10, "no class");
    assert_name(&own, 0, "Ampel");
    assert_name(&own, 1, "class 1");
    assert_name(&unnamed, 12, "class 12");
}

/* What a person sees in their language is found, and nothing that is written down changes with it.
 */
static void test_labels(void)
{
    char *names[] = {"dog face", "orange", "carrot, root", NULL};
    char *labels[] = {"Hundegesicht", "Apfelsine", "orange, Möhre", NULL};
    EdtModelInfo info = {.n_classes = 3,
                         .class_list = EDT_CLASSES_OWN,
                         .class_names = names,
                         .class_labels = labels};
    GError *error = NULL;
    for (int i = 0; i < 3; i++) {
        assert_name(&info, i, names[i]);
        assert_label(&info, i, labels[i]);
        g_assert_cmpint(edt_class_find(&info, names[i], &error), ==, i);
        g_assert_cmpint(edt_class_find(&info, labels[i], &error), ==, i);
        g_assert_no_error(error);
    }
    g_assert_cmpint(edt_class_find(&info, "orange", NULL), ==, 1); /* a name goes before a label */
    assert_first(&info, "hunde", (int[]){0, -1});
    assert_first(&info, "Hundgesicht", (int[]){0, -1});      /* misspelled */
    g_autofree char *message = refusal(&info, "Apfelsinne"); /* named as they are shown */
    g_assert_true(g_str_has_prefix(message, "Unknown class “Apfelsinne”. Nearest: Apfelsine (1)"));
    assert_label(&info, 3, "no class");
    assert_label(NULL, 207, "golden retriever");
}

/* ---- everyday words, with the model that comes along ---- */

static const char *stamps, *words_folder;

static EdtModelInfo *model_in(const char *language)
{
    GError *error = NULL;
    g_setenv("LANGUAGE", language, TRUE);
    EdtModelInfo *info = edt_model_info_read(stamps, &error);
    g_assert_no_error(error);
    return info;
}

static int meant(const EdtModelInfo *info, const char *text)
{
    return edt_class_meant(info, text);
}

/* wanted: names with "|" between them. */
static gboolean is_wanted(const EdtModelInfo *info, int index, const char *wanted)
{
    g_auto(GStrv) names = g_strsplit(wanted, "|", -1);
    for (int i = 0; names[i]; i++)
        g_assert_cmpint(edt_class_find(info, names[i], NULL), >=, 0); /* no slip in the table */
    g_autofree char *name = edt_class_name(info, index);
    return g_strv_contains((const char *const *)names, name);
}

/* At least 95 of 100 choose the right class; the others choose none. */
static void test_words(gconstpointer language)
{
    EdtModelInfo *info = model_in(language);
    g_autofree char *file = g_strdup_printf("words-%s.tsv", (const char *)language);
    g_autofree char *path = g_build_filename(words_folder, file, NULL), *text = NULL;
    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    g_auto(GStrv) lines = g_strsplit(g_strchomp(text), "\n", -1);
    int right = 0, n = (int)g_strv_length(lines), wrong = 0;
    for (int i = 0; i < n; i++) {
        g_auto(GStrv) row = g_strsplit(lines[i], "\t", -1);
        int found = meant(info, row[0]);
        gboolean good = found >= 0 && is_wanted(info, found, row[1]);
        right += good;
        wrong += found >= 0 && !good;
        if (!good)
            g_test_message("“%s” chooses %d", row[0], found);
    }
    g_assert_cmpint(n, >=, strcmp(language, "en") == 0 ? 120 : 40);
    g_assert_cmpint(wrong, ==, 0);
    g_assert_cmpint(100 * right, >=, 95 * n);
    edt_model_info_free(info);
}

static void assert_meant(const EdtModelInfo *info, const char *text, const char *name)
{
    int index = meant(info, text);
    g_autofree char *found = index < 0 ? g_strdup("none") : edt_class_name(info, index);
    g_assert_cmpstr(found, ==, name);
}

/* What could be several things, or is no word, is left to the person. */
static void test_guesses(void)
{
    static const char *const guesses[] = {"",    "goldfihs", "elephent",  "w",
                                          "mou", "vehic",    "xyzzyxyzzy"};
    EdtModelInfo *info = model_in("en");
    for (gsize i = 0; i < G_N_ELEMENTS(guesses); i++)
        g_assert_cmpint(meant(info, guesses[i]), ==, -1);
    int *found = edt_class_search(info, "elehpant");
    g_autofree char *name = edt_class_name(info, found[0]);
    g_assert_cmpstr(name, ==, "elephant"); /* it is listed */
    g_free(found);
    assert_meant(info, "eleph", "elephant"); /* the only one that begins so */
    assert_meant(info, "honeyb", "honeybee");
    assert_meant(info, "207", "hatching chick"); /* a number is one */
    edt_model_info_free(info);
}

/* Letters with their marks and without; another language where ours says nothing. */
static void test_accents(void)
{
    EdtModelInfo *info = model_in("de");
    assert_meant(info, "LÖWE", "lion");
    assert_meant(info, "lowe", "lion");
    assert_meant(info, "loewe", "lion");
    assert_meant(info, "kafer", "lady beetle");
    edt_model_info_free(info);
    info = model_in("en");
    assert_meant(info, "perro", "dog");
    assert_meant(info, "犬", "dog");
    edt_model_info_free(info);
    info = model_in("ja");
    assert_meant(info, "バラ", "rose");
    g_assert_cmpint(meant(info, "ハラ"), ==, -1); /* in Japanese the mark makes another letter */
    edt_model_info_free(info);
}

/* The tool that writes the keywords folds them as a search folds what it compares with them. */
static void test_folded(void)
{
    g_autofree char *path = g_build_filename(words_folder, "../../data/classes/keywords.tsv", NULL),
                    *text = NULL;
    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    g_auto(GStrv) lines = g_strsplit(g_strchomp(text), "\n", -1);
    g_assert_cmpint(g_strv_length(lines), >, 1000);
    for (int i = 1; lines[i]; i++) {
        g_auto(GStrv) words = g_strsplit_set(lines[i], "\t|", -1);
        for (int w = 1; words[w]; w++) {
            g_autofree char *folded = edt_search_fold(words[w]);
            g_assert_cmpstr(folded, ==, words[w]);
        }
    }
}

/* The end of a word goes before its inside. */
static void test_ends(void)
{
    char *names[] = {"beer mug", "abeeb", "wildbee", NULL};
    EdtModelInfo info = {.n_classes = 3, .class_list = EDT_CLASSES_OWN, .class_names = names};
    assert_first(&info, "bee", (int[]){0, 2, 1, -1});
    assert_first(&info, "ee", (int[]){2, 0, 1, -1});
}

/* ---- what a person types ---- */

static void assert_split(const EdtModelInfo *info, const char *list, const char *const *expected)
{
    g_auto(GStrv) texts = edt_class_split(info, list);
    g_assert_cmpstrv(texts, expected);
}

static void test_typed(void)
{
    EdtModelInfo info = {.n_classes = (int)g_strv_length((char **)typed_names),
                         .class_list = EDT_CLASSES_OWN,
                         .class_names = (char **)typed_names};
    gboolean drawn = FALSE;
    for (gsize i = 0; i < G_N_ELEMENTS(typed); i++) {
        GError *error = NULL;
        g_test_message("%s", typed[i].text);
        g_assert_cmpint(edt_class_choose(&info, typed[i].text, &drawn, &error), ==,
                        typed[i].class_index);
        g_assert_cmpint(edt_order_class(&info, typed[i].text, NULL), ==, typed[i].class_index);
        g_assert_cmpint(error != NULL, ==, typed[i].class_index < 0);
        g_assert_false(drawn);
        g_clear_error(&error);
    }
    for (int i = 0; i < info.n_classes; i++) {
        g_autofree char *word = edt_class_word(&info, i);
        g_assert_cmpint(edt_class_find(&info, word, NULL), ==, i);
    }
    assert_split(&info, "fish, dried,rose , 7",
                 (const char *const[]){"fish, dried", "rose", "7", NULL});
    assert_split(&info, "fish,,dried", (const char *const[]){"fish", "", "dried", NULL});
    assert_split(&info, "", (const char *const[]){"", NULL});
    g_assert_cmpint(edt_class_choose(NULL, "random", &drawn, NULL), >=, 0);
    g_assert_true(drawn);
    g_assert_cmpint(edt_class_choose(NULL, "null", &drawn, NULL), ==, 1000);
    assert_first(&info, "7", (int[]){1, 7, -1}); /* both are shown, the name first */
}

/* Two of one name: their words are numbers, and numbers that are names of others are marked. */
static void test_class_words(void)
{
    char *names[] = {"1", "crane", "crane", NULL};
    EdtModelInfo info = {.n_classes = 3, .class_list = EDT_CLASSES_OWN, .class_names = names};
    g_autofree char *one = edt_class_word(&info, 1), *two = edt_class_word(&info, 2);
    g_assert_cmpstr(one, ==, "#1");
    g_assert_cmpstr(two, ==, "2");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    stamps = argv[1];
    words_folder = argv[2];
    g_test_add_data_func("/classes/words/en", "en", test_words);
    g_test_add_data_func("/classes/words/de", "de", test_words);
    g_test_add_data_func("/classes/words/ja", "ja", test_words);
    g_test_add_func("/classes/words/guesses", test_guesses);
    g_test_add_func("/classes/words/accents", test_accents);
    g_test_add_func("/classes/words/folded", test_folded);
    g_test_add_func("/classes/words/ends", test_ends);
    g_test_add_func("/classes/table", test_table);
    g_test_add_func("/classes/find/numbers", test_numbers);
    g_test_add_func("/classes/find/names", test_names);
    g_test_add_func("/classes/find/unknown", test_unknown);
    g_test_add_func("/classes/find/ambiguous", test_ambiguous);
    g_test_add_func("/classes/search/order", test_search_order);
    g_test_add_func("/classes/search/kinds", test_search_kinds);
    g_test_add_func("/classes/search/misspelled", test_search_misspelled);
    g_test_add_func("/classes/search/unique", test_search_unique);
    g_test_add_func("/classes/own-names", test_own_names);
    g_test_add_func("/classes/unnamed", test_unnamed);
    g_test_add_func("/classes/bare", test_bare);
    g_test_add_func("/classes/name", test_name);
    g_test_add_func("/classes/labels", test_labels);
    g_test_add_func("/classes/typed", test_typed);
    g_test_add_func("/classes/class-words", test_class_words);
    return g_test_run();
}

/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What a request can be asked for, beside edt.h: one row a setting, with its bounds or its words.
 * Records, job lines, options of the command line and properties of the dialog are read, written,
 * checked and compared by these rows, as text.  A new setting is a field of EdtRequest (of EdtItem
 * where the pictures of one request may differ) and a row in settings.c, at most 64 of them.
 *
 * And the words themselves: all that people, files and options call the values of edt.h's enums.
 */
#pragma once

#include "edt.h"

G_BEGIN_DECLS

/* ---- words: lists in the order of their enum, NULL at the end ---- */

extern const char *const edt_sampler_words[];    /* EdtSampler */
extern const char *const edt_spacing_words[];    /* EdtSpacing */
extern const char *const edt_amm_words[];        /* EdtAmm */
extern const char *const edt_decode_words[];     /* EdtDecode */
extern const char *const edt_fill_words[];       /* EdtFill */
extern const char *const edt_mix_how_words[];    /* EdtMixHow */
extern const char *const edt_backend_words[];    /* EdtBackendKind */
extern const char *const edt_precision_words[];  /* EdtPrecision */
extern const char *const edt_schedule_words[];   /* EdtSchedule */
extern const char *const edt_prediction_words[]; /* EdtPrediction */
extern const char *const edt_class_list_words[]; /* EdtClassList */
extern const char *const edt_storage_words[];    /* EdtStored */

/* Place of a word in a list, case ignored; -1 where it is none of it. */
int edt_word_find(const char *const *words, const char *text);
/* The word that text may be a slip of, or NULL. */
const char *edt_word_nearest(const char *const *words, const char *text);
/* Insertions, deletions, replacements and swaps of neighbours that turn a into b; at least
 * EDT_SPELLING_MAX, which is also what a text of more bytes has from any other. */
#define EDT_SPELLING_MAX 48
int edt_spelling_distance(const char *a, const char *b);

/* ---- numbers as people write them: all of the text, without blanks ---- */

gboolean edt_whole_parse(const char *text, gint64 least, gint64 most, gint64 *value);
gboolean edt_real_parse(const char *text, double *value); /* decimal and finite */

/* Of a file: behind the byte order mark with which some editors begin UTF-8, if it has one. */
const char *edt_text_begin(const char *text);

/* ---- settings ---- */

typedef enum {
    EDT_SETTING_WHOLE,     /* int */
    EDT_SETTING_WIDE,      /* guint64 up to G_MAXINT64 */
    EDT_SETTING_NUMBER,    /* double */
    EDT_SETTING_FLAG,      /* gboolean: "true", "false" */
    EDT_SETTING_WORD,      /* an enum, by one of words */
    EDT_SETTING_TEXT,      /* char *, owned; NULL: none */
    EDT_SETTING_SPAN,      /* EdtSpan: "0.2,0.8" */
    EDT_SETTING_MIX,       /* EdtMix: "[[class, weight], [class, weight, style], ...]" */
    EDT_SETTING_VARIATION, /* EdtVariation: "[[seed, amount], ...]" */
} EdtSettingKind;

typedef struct {
    const char *name; /* in records and jobs; options and properties have '-' for its '_' */
    EdtSettingKind kind;
    gboolean of_item; /* a field of EdtItem instead of EdtRequest */
    gsize offset;
    double least, most; /* of numbers and spans */
    gboolean quiet; /* records leave it out where it is as it mostly is: no list, all of a span, */
    double usual;   /* ... this number, place of a word or flag */
    const char *const *words;
} EdtSetting;

#define EDT_CFG_SCALE 4.0 /* guidance of models that recommend none: the official samples' */
/* What a request is unless something else is said, of a model that recommends nothing. */
void edt_settings_usual(EdtRequest *request);

/* All rows, in the order of records. */
const EdtSetting *edt_settings(int *n);
/* The row of a name, or NULL. */
const EdtSetting *edt_setting_named(const char *name);

/* The setting's field of a request and its item (NULL will do for a setting of requests).  Like
 * strchr() it takes constants and leaves it to the caller not to write to them. */
gpointer edt_setting_field(const EdtSetting *setting, const EdtRequest *request,
                           const EdtItem *item);
/* Text to field; FALSE, and the field stays, where it is none of the setting's values. */
gboolean edt_setting_read(const EdtSetting *setting, gpointer field, const char *text);
/* Field to text, the same in every country: "25", "dpm++2m", the shortest decimal that reads back
 * as the same number; NULL for no text.  Free with g_free(). */
char *edt_setting_write(const EdtSetting *setting, gconstpointer field);
/* That text is one in JSON, too: in quotation marks. */
gboolean edt_setting_is_text(const EdtSetting *setting);
gboolean edt_setting_fits(const EdtSetting *setting, gconstpointer field);
/* Whether it is a quiet one, and records leave this value out. */
gboolean edt_setting_is_usual(const EdtSetting *setting, gconstpointer field);
gboolean edt_setting_equal(const EdtSetting *setting, gconstpointer a, gconstpointer b);
/* For "... must be %s": "a whole number from 1 to 1000".  Free with g_free(). */
char *edt_setting_expected(const EdtSetting *setting);
/* All settings of two requests; their items may differ. */
gboolean edt_settings_equal(const EdtRequest *a, const EdtRequest *b);

/* ---- presets ---- */

/* Settings that make pictures sooner, and not quite the same ones.  NONE says nothing. */
typedef enum { EDT_SPEED_NONE, EDT_SPEED_EXACT, EDT_SPEED_BALANCED, EDT_SPEED_FAST } EdtSpeed;
extern const char *const edt_speed_words[];

/* What a preset sets, one after the other (0..EDT_SPEED_SETTINGS-1): settings of requests. */
#define EDT_SPEED_SETTINGS 4
const EdtSetting *edt_speed_setting(EdtSpeed speed, int i, const char **value);
/* All of them. */
void edt_speed_apply(EdtSpeed speed, EdtRequest *request);

G_END_DECLS

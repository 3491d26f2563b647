/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Element types and the plain description of a tensor that files and models share.
 */
#pragma once

#include <glib.h>

#define EDT_INLINE static inline __attribute__((always_inline))

typedef enum { EDT_F32, EDT_BF16, EDT_F16, EDT_F64, EDT_I64, EDT_I8 } EdtType;

/* The types that are only read, out of files; activations are of the others.  For switches without
 * a default, where a type more is then a warning. */
#define EDT_CASE_OF_FILES                                                                          \
    case EDT_F16:                                                                                  \
    case EDT_F64:                                                                                  \
    case EDT_I64:                                                                                  \
    case EDT_I8

/* Runs call with TYPE a constant: where it is inlined the compiler writes a loop for each type. */
#define EDT_BY_TYPE(type, TYPE, call)                                                              \
    do {                                                                                           \
        switch (type) {                                                                            \
        case EDT_F32: {                                                                            \
            const EdtType TYPE = EDT_F32;                                                          \
            call;                                                                                  \
            break;                                                                                 \
        }                                                                                          \
        case EDT_BF16: {                                                                           \
            const EdtType TYPE = EDT_BF16;                                                         \
            call;                                                                                  \
            break;                                                                                 \
        }                                                                                          \
        EDT_CASE_OF_FILES:                                                                         \
            break;                                                                                 \
        }                                                                                          \
    } while (0)

static inline gsize edt_type_size(EdtType type)
{
    switch (type) {
    case EDT_F32:
        return 4;
    case EDT_BF16:
    case EDT_F16:
        return 2;
    case EDT_F64:
    case EDT_I64:
        return 8;
    case EDT_I8:
        return 1;
    }
    return 0;
}

#define EDT_RANK_MAX 8

/* A tensor somewhere in host memory, row-major, contiguous; borrowed. */
typedef struct {
    const void *data;
    EdtType type;
    int rank;
    gint64 shape[EDT_RANK_MAX];
} EdtTensorView;

/* Where weights come from.  find: FALSE when there is no such tensor; the view is valid until
 * done, which says that its pages may go. */
typedef struct EdtTensorSource {
    gboolean (*find)(struct EdtTensorSource *source, const char *name, EdtTensorView *view);
    void (*done)(struct EdtTensorSource *source, const char *name);
} EdtTensorSource;

/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * See pool.h.
 */
#include "base/pool.h"
#include "base/memory.h"

/* Pieces grow with what is taken: a small model shall not take much. */
#define FIRST_BYTES ((gsize)4 << 20)
#define PIECE_BYTES ((gsize)32 << 20)

typedef struct {
    char *data;
    gsize bytes, used;
    guint live; /* things in it */
} Piece;

struct EdtPool {
    GPtrArray *pieces; /* the last one has the room */
};

static void free_piece(gpointer data)
{
    Piece *piece = data;
    edt_free(piece->data);
    g_free(piece);
}

EdtPool *edt_pool_new(void)
{
    EdtPool *pool = g_new0(EdtPool, 1);
    pool->pieces = g_ptr_array_new_with_free_func(free_piece);
    return pool;
}

void edt_pool_free(EdtPool *pool)
{
    if (!pool)
        return;
    g_ptr_array_unref(pool->pieces);
    g_free(pool);
}

static Piece *last_of(const EdtPool *pool)
{
    return pool->pieces->len ? pool->pieces->pdata[pool->pieces->len - 1] : NULL;
}

static Piece *add_piece(EdtPool *pool, gsize bytes, GError **error)
{
    const Piece *last = last_of(pool);
    const gsize usual = last ? MIN(2 * last->bytes, PIECE_BYTES) : FIRST_BYTES;
    const gsize size = MAX(usual, bytes);
    char *data = edt_alloc(size, error);
    if (!data)
        return NULL;
    Piece *piece = g_new0(Piece, 1);
    piece->data = data;
    piece->bytes = size;
    g_ptr_array_add(pool->pieces, piece);
    return piece;
}

void *edt_pool_take(EdtPool *pool, gsize bytes, GError **error)
{
    const gsize rounded = (MAX(bytes, 1) + 63) & ~(gsize)63;
    Piece *piece = last_of(pool);

    if (rounded < bytes || !piece || piece->bytes - piece->used < rounded)
        piece = add_piece(pool, MAX(rounded, bytes), error);
    if (!piece)
        return NULL;
    void *data = piece->data + piece->used;
    piece->used += rounded;
    piece->live++;
    return data;
}

void edt_pool_give(EdtPool *pool, void *data, gsize bytes)
{
    for (guint i = 0; data && i < pool->pieces->len; i++) {
        Piece *piece = pool->pieces->pdata[i];
        if ((char *)data < piece->data || (char *)data >= piece->data + piece->bytes)
            continue;
        if (--piece->live == 0)
            g_ptr_array_remove_index(pool->pieces, i);
        else
            edt_memory_release(data, bytes);
        return;
    }
}

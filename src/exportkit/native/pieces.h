/* Pieces of one text, told apart. */
#ifndef EXPORTKIT_PIECES_H
#define EXPORTKIT_PIECES_H

#include "native.h"

#include <stdint.h>
#include <string.h>

static inline uint32_t hash_of_piece(const char *text, size_t size)
{
    uint64_t hash = 0x9E3779B97F4A7C15u ^ size, word;
    for (; size >= sizeof word; text += sizeof word, size -= sizeof word) {
        memcpy(&word, text, sizeof word);
        hash = (hash ^ word) * 0x9E3779B97F4A7C15u;
        hash ^= hash >> 29;
    }
    word = 0;
    memcpy(&word, text, size);
    hash = (hash ^ word) * 0x9E3779B97F4A7C15u;
    return (uint32_t)(hash >> 32 ^ hash);
}

/* Where pieces begin: room for so many and the end of the last; 0 with an exception. */
static inline int make_starts(size_t **starts, size_t count)
{
    size_t *bigger = PyMem_Realloc(*starts, (count + 1) * sizeof *bigger);
    if (bigger == NULL) {
        PyErr_NoMemory();
        return 0;
    }
    *starts = bigger;
    return 1;
}

/* Whether no two pieces are equal, the i-th from starts[i] to starts[i + 1]: 1 or 0; -1 with an exception. */
static inline int are_distinct_pieces(const char *text, const size_t *starts, size_t count)
{
    size_t room = 64;
    while (room < 2 * count)
        room *= 2;
    uint32_t small[256] = {0}, *table = room <= 256 ? small : PyMem_Calloc(room, sizeof *table);
    int distinct = 1;
    if (table == NULL || count > INT32_MAX / 4) {
        if (table != small)
            PyMem_Free(table);
        PyErr_NoMemory();
        return -1;
    }
    for (size_t i = 0; i < count && distinct; i++) {
        const char *piece = text + starts[i];
        size_t size = starts[i + 1] - starts[i], at = hash_of_piece(piece, size) & (room - 1);
        for (; table[at] != 0 && distinct; at = (at + 1) & (room - 1)) {
            size_t other = table[at] - 1;
            distinct = starts[other + 1] - starts[other] != size || memcmp(text + starts[other], piece, size) != 0;
        }
        table[at] = (uint32_t)(i + 1);
    }
    if (table != small)
        PyMem_Free(table);
    return distinct;
}

#endif

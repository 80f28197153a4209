/* Names of pictures that are used as they are.

   The twin of plain_key in exportkit.writing.names. */
#ifndef EXPORTKIT_NAMES_H
#define EXPORTKIT_NAMES_H

#include "checksums.h"
#include "native.h"

#include <string.h>

enum { LONGEST_NAME = 200, LONGEST_EXTENSION = 5 };

/* A name as its source has it and in lower case, and where its last segment and its extension begin. */
typedef struct {
    const char *text;
    char lower[LONGEST_NAME];
    size_t size, last, dot;
} PlainName;

static inline int is_name_letter(char byte)
{
    return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') || byte == '_';
}

/* Whether a segment, in lower case, is a word that some system keeps for itself, alone or before a dot. */
static inline int is_reserved(const char *segment, size_t size)
{
    static const char *const words[] = {"con", "prn", "aux", "nul"};
    if (size < 3)
        return 0;
    for (int i = 0; i < 4; i++)
        if (memcmp(segment, words[i], 3) == 0 && (size == 3 || segment[3] == '.'))
            return 1;
    return size >= 4 && (memcmp(segment, "com", 3) == 0 || memcmp(segment, "lpt", 3) == 0) && segment[3] >= '0' &&
           segment[3] <= '9' && (size == 4 || segment[4] == '.');
}

/* Letters, digits, dots and hyphens, of which no dot or hyphen stands first and no dot last; no reserved word. */
static inline int is_plain_segment(const char *segment, size_t size)
{
    if (size == 0 || !is_name_letter(segment[0]) || segment[size - 1] == '.' || is_reserved(segment, size))
        return 0;
    for (size_t i = 1; i < size; i++)
        if (!is_name_letter(segment[i]) && segment[i] != '.' && segment[i] != '-')
            return 0;
    return 1;
}

/* Looks at a name of printable ASCII: 1 for a plain one, with a short extension; else 0. */
static inline int find_plain_name(const char *text, size_t size, PlainName *name)
{
    size_t start = 0, dot = 0;
    if (size == 0 || size > LONGEST_NAME)
        return 0;
    name->text = text;
    name->size = size;
    for (size_t i = 0; i < size; i++) {
        char byte = text[i];
        name->lower[i] = (char)(byte >= 'A' && byte <= 'Z' ? byte | 32 : byte);
        if (byte == '/') {
            if (!is_plain_segment(name->lower + start, i - start))
                return 0;
            start = i + 1;
        } else if (byte == '.') {
            dot = i;
        }
    }
    if (dot <= start || size - dot - 1 < 1 || size - dot - 1 > LONGEST_EXTENSION)
        return 0;
    for (size_t i = dot + 1; i < size; i++)
        if (!is_name_letter(name->lower[i]) || name->lower[i] == '_')
            return 0;
    name->last = start;
    name->dot = dot;
    /* The word before the extension is reserved also where it is the whole stem. */
    return is_plain_segment(name->lower + start, dot - start) && !is_reserved(name->lower + start, size - start);
}

/* 64 bits of the path without its extension: of the whole path, or of its last segment. */
static inline uint64_t key_of_name(const PlainName *name, int flat)
{
    size_t start = flat ? name->last : 0;
    const char *text = name->lower + start;
    return (uint64_t)crc32_of(text, name->dot - start) << 32 | adler32_of(text, name->dot - start);
}

#endif

/* Reals of less than eight characters, which most coordinates are, read without a branch for each digit. */
#ifndef EXPORTKIT_SHORT_REALS_H
#define EXPORTKIT_SHORT_REALS_H

#include "scan.h"

#include <stdint.h>
#include <string.h>

#if defined(__GNUC__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__

/* Reads digits, a point and digits before what ends a number: 1, or 0 with the cursor where it was for any other text. */
static inline int read_short_real(Cursor *c, double *value)
{
    static const double powers[] = {1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6};
    const uint64_t ones = 0x0101010101010101u;
    uint64_t text, digits, others;
    if (c->end - c->p < 8)
        return 0;
    memcpy(&text, c->p, sizeof text);
    digits = text ^ (ones * '0');
    /* The highest bit of each byte that is no digit. */
    others = (((digits & (ones * 0x7F)) + ones * 0x76) | digits) & (ones * 0x80);
    uint64_t behind = others & (others - 1);
    if (behind == 0)
        return 0;
    int point = __builtin_ctzll(others) >> 3, end = __builtin_ctzll(behind) >> 3;
    char last = c->p[end];
    if (point == 0 || end < point + 2 || c->p[point] != '.' || (last != ',' && last != ']') || (*c->p == '0' && point > 1))
        return 0;
    uint64_t before = ((uint64_t)1 << 8 * point) - 1;
    /* The digits without their point, moved up so that zeros stand before them. */
    digits = ((digits & before) | (digits >> 8 & ~before)) << 8 * (9 - end);
    digits = digits * 10 + (digits >> 8);
    digits = ((digits & 0x000000FF000000FFu) * 0x000F424000000064u + (digits >> 16 & 0x000000FF000000FFu) * 0x0000271000000001u) >> 32;
    *value = (double)(uint32_t)digits / powers[end - point - 1];
    c->p += end;
    return 1;
}

#else

static inline int read_short_real(Cursor *c, double *value)
{
    (void)c;
    (void)value;
    return 0;
}

#endif

#endif

/* Long runs of plain JSON numbers between commas, judged many at a time. */
#ifndef EXPORTKIT_NUMBER_RUNS_H
#define EXPORTKIT_NUMBER_RUNS_H

#include <stdint.h>

#if defined(__SSE2__) && defined(__GNUC__)
#include <emmintrin.h>

/* Which of 64 bytes are of a kind, the first one in the lowest bit. */
typedef struct {
    uint64_t digits, zeros, points, commas, signs, blanks;
} Kinds;

static inline Kinds kinds_of(const char *p)
{
    Kinds kinds = {0};
    for (int i = 0; i < 64; i += 16) {
        __m128i block = _mm_loadu_si128((const __m128i *)(const void *)(p + i)), from = _mm_sub_epi8(block, _mm_set1_epi8('0'));
#define BITS(test) ((uint64_t)(unsigned)_mm_movemask_epi8(test) << i)
        kinds.digits |= BITS(_mm_cmpeq_epi8(_mm_min_epu8(from, _mm_set1_epi8(9)), from));
        kinds.zeros |= BITS(_mm_cmpeq_epi8(block, _mm_set1_epi8('0')));
        kinds.points |= BITS(_mm_cmpeq_epi8(block, _mm_set1_epi8('.')));
        kinds.commas |= BITS(_mm_cmpeq_epi8(block, _mm_set1_epi8(',')));
        kinds.signs |= BITS(_mm_cmpeq_epi8(block, _mm_set1_epi8('-')));
        kinds.blanks |= BITS(_mm_cmpeq_epi8(block, _mm_set1_epi8(' ')));
#undef BITS
    }
    return kinds;
}

/* Whether bytes up to a comma, of these kinds only, are numbers without exponent of at most 18 digits in a row, each with
   one blank before it or none. */
static inline int are_numbers(Kinds k)
{
    uint64_t begun = k.commas << 1 | 1;
    uint64_t starts = ((begun & ~k.blanks) | (begun & k.blanks) << 1) & (k.digits | k.points | k.commas | k.signs | k.blanks);
    uint64_t firsts = (starts & ~k.signs) | (starts & k.signs) << 1, fractions = k.points << 1;
    uint64_t long_runs = k.digits & k.digits >> 1;
    long_runs &= long_runs >> 2;
    long_runs &= long_runs >> 4;
    long_runs &= long_runs >> 8;
    long_runs &= long_runs >> 3;
    /* The sum carries through the digits behind each point to what follows them, which must be a comma. */
    return ((k.signs & ~starts) | (k.blanks & ~begun) | (firsts & ~k.digits) | (fractions & ~k.digits) | (k.points & ~(k.digits << 1)) |
            (k.commas & ~(k.digits << 1)) | ((firsts & k.zeros) << 1 & k.digits) |
            ((k.digits + fractions) & ~k.digits & ~k.commas) | long_runs) == 0;
}

/* Passes over numbers with a comma behind each, as far as that is quick, from the start of one, or a blank before it, to
   that of another. */
static inline const char *skip_sure_numbers(const char *p, const char *end)
{
    while (end - p >= 64) {
        Kinds k = kinds_of(p);
        uint64_t others = ~(k.digits | k.points | k.commas | k.signs | k.blanks);
        uint64_t commas = others ? k.commas & ((others & -others) - 1) : k.commas;
        if (commas == 0)
            return p;
        int last = 63 - __builtin_clzll(commas);
        uint64_t here = ~(uint64_t)0 >> (63 - last);
        if (!are_numbers((Kinds){k.digits & here, k.zeros & here, k.points & here, k.commas & here, k.signs & here,
                                 k.blanks & here}))
            return p;
        p += last + 1;
    }
    return p;
}

#else

static inline const char *skip_sure_numbers(const char *p, const char *end)
{
    (void)end;
    return p;
}

#endif

#endif

/* Regions as they stand on a line: passed over, not measured. */
#include "line_values.h"
#include "number_runs.h"
#include "points.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

int exportkit_skip_rings(Cursor *c, int depth)
{
    c->p++;
    skip_blanks(c);
    if (*c->p == ']') {
        c->p++;
        return 1;
    }
    for (;;) {
        if (depth > 0) {
            c->p = skip_sure_numbers(c->p, c->end);
            skip_blanks(c);
        }
        if (*c->p == '[') {
            if (depth >= DEEPEST_REGION || !exportkit_skip_rings(c, depth + 1))
                return 0;
        } else if (!skip_number(c)) {
            return 0;
        }
        if (*c->p != ',' && *c->p != ']')
            skip_blanks(c);
        if (*c->p == ']') {
            c->p++;
            return 1;
        }
        if (*c->p != ',')
            return 0;
        c->p++;
        skip_blanks(c);
    }
}

/* Passes over arrays of numbers that were judged before: only brackets count. */
static int skip_judged_rings(Cursor *c)
{
    const char *p = c->p;
    int depth = 0;
    for (;;) {
#if defined(__SSE2__)
        while (c->end - p >= 16) {
            __m128i block = _mm_loadu_si128((const __m128i *)(const void *)p);
            /* Brackets, braces and letters lie above Z, and a quote begins a string; digits and signs are neither. */
            __m128i hits = _mm_or_si128(_mm_cmpgt_epi8(block, _mm_set1_epi8('Z')), _mm_cmpeq_epi8(block, _mm_set1_epi8('"')));
            int mask = _mm_movemask_epi8(hits);
            if (mask != 0) {
                p += __builtin_ctz((unsigned)mask);
                break;
            }
            p += 16;
        }
#endif
        switch (*p) {
        case '[':
            depth++;
            break;
        case ']':
            if (--depth == 0) {
                c->p = p + 1;
                return 1;
            }
            break;
        case '"': case '{': case '}': case 0:
            return 0;
        default:
            break;
        }
        p++;
    }
}

static int is_whole_run(const char *p, const char *stop)
{
    return p < stop;
}

/* Run lengths {size, counts}; both stay unread. */
static int read_rle(Cursor *c, Region *region)
{
    Span key, text;
    unsigned seen = 0;
    int count = 0, found;
    enter(c);
    while ((found = next_member(c, &count, &key)) > 0) {
        const char *start = c->p;
        if (IS(&key, "size")) {
            if (!once(&seen, 0) || *c->p != '[' || !exportkit_skip_rings(c, 0))
                return 0;
            region->start = start;
            region->stop = c->p;
        } else if (IS(&key, "counts")) {
            if (!once(&seen, 1))
                return 0;
            if (*c->p == '[' ? !exportkit_skip_rings(c, 0) : !(read_span(c, &text) && is_text(&text)))
                return 0;
            region->counts = start;
            region->counts_stop = c->p;
        } else {
            return 0;
        }
    }
    region->kind = MASK;
    return found == 0 && is_whole_run(region->start, region->stop) && is_whole_run(region->counts, region->counts_stop);
}

int exportkit_read_region(Cursor *c, Region *region, int judged)
{
    region->start = c->p;
    if (*c->p == 'n')
        return TAKE(c, "null");
    if (*c->p == '{')
        return read_rle(c, region);
    if (*c->p != '[')
        return 0;
    const char *inner = c->p + 1;
    if (!(judged && skip_judged_rings(c)) && !exportkit_skip_rings(c, 0))
        return 0;
    region->stop = c->p;
    while (*inner == ' ' || *inner == '\t' || *inner == '\r' || *inner == '\n')
        inner++;
    region->kind = *inner == ']' ? BOX : POLYGON;
    return 1;
}

/* Passes over points that are arrays of two numbers; where there is anything else, perhaps not to the end. */
static int skip_pairs(Cursor *c)
{
    int count = 0, found;
    c->p++;
    while ((found = next_element(c, &count)) > 0) {
        int pair = 0, inner = 0;
        if (!enter_list(c))
            return 0;
        while ((inner = next_element(c, &pair)) > 0)
            if (!skip_number(c))
                return 0;
        /* The bracket behind both numbers counts, too. */
        if (inner != 0 || pair != 3)
            return 0;
    }
    return found == 0;
}

/* Points that are objects. */
static int read_point_objects(Cursor *c)
{
    Point point;
    int count = 0, found;
    enter_list(c);
    while ((found = next_element(c, &count)) > 0)
        if (*c->p != '{' || !read_point(c, &point))
            return 0;
    return found == 0;
}

/* Passes over points that are objects and were judged before, up to the first bracket outside strings; other brackets and
   escapes before it take a closer look. */
static int skip_judged_objects(Cursor *c)
{
#if defined(__SSE2__)
    const __m128i quote = _mm_set1_epi8('"'), closing = _mm_set1_epi8(']');
    const __m128i opening = _mm_set1_epi8('['), escape = _mm_set1_epi8('\\');
    int in_string = 0;
    for (const char *p = c->p + 1; c->end - p >= 16; p += 16) {
        __m128i block = _mm_loadu_si128((const __m128i *)(const void *)p);
        unsigned here = (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(block, quote));
        unsigned ends = (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(block, closing));
        unsigned odd = (unsigned)_mm_movemask_epi8(_mm_or_si128(_mm_cmpeq_epi8(block, opening), _mm_cmpeq_epi8(block, escape)));
        for (; ends != 0; ends &= ends - 1) {
            unsigned before = (ends & -ends) - 1;
            if (odd & before)
                return 0;
            if (in_string == __builtin_parity(here & before)) {
                c->p = p + __builtin_ctz(ends) + 1;
                return 1;
            }
        }
        if (odd)
            return 0;
        in_string ^= __builtin_parity(here);
    }
#else
    (void)c;
#endif
    return 0;
}

int exportkit_read_points(Cursor *c, Region *region, int judged)
{
    if (*c->p != '[')
        return 0;
    Cursor inner = {c->p + 1, c->end, NULL}, pairs = *c;
    skip_blanks(&inner);
    region->start = c->p;
    if (*inner.p != '{') {
        region->form = IN_ARRAYS;
        if (!judged && skip_pairs(&pairs) && *inner.p != ']') {
            region->kind = POLYGON;
            region->stop = c->p = pairs.p;
            return 1;
        }
        return exportkit_read_region(c, region, judged) && region->kind == POLYGON;
    }
    region->kind = POLYGON;
    region->form = IN_OBJECTS;
    if (!(judged && skip_judged_objects(c)) && !read_point_objects(c))
        return 0;
    region->stop = c->p;
    return 1;
}

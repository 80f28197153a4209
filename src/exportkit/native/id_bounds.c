/* Between which ids do lines stand? Lines are looked over without the lock of the interpreter, several times as fast as
   they would be read: what stands within the members of an object is passed over by its brackets and quotes alone. */
#include "native.h"

#include <stdint.h>
#include <string.h>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

/* Digits that surely fit. */
enum { MOST_DIGITS = 18, BLOCK = 64 };

typedef struct {
    const char *p, *end;
} Line;

static void pass_blanks(Line *line)
{
    while (line->p < line->end && (*line->p == ' ' || *line->p == '\t' || *line->p == '\r'))
        line->p++;
}

static int pass_byte(Line *line, char byte)
{
    pass_blanks(line);
    if (line->p == line->end || *line->p != byte)
        return 0;
    line->p++;
    pass_blanks(line);
    return 1;
}

/* Behind a string without escapes, or NULL. */
static const char *behind_plain(const char *p, const char *end)
{
    for (; p < end; p++) {
        if (*p == '"')
            return p + 1;
        if (*p == '\\' || (unsigned char)*p < 0x20)
            return NULL;
    }
    return NULL;
}

/* Behind a string, or NULL. */
static const char *behind_string(const char *p, const char *end)
{
    for (; p < end; p++) {
        if (*p == '"')
            return p + 1;
        if (*p == '\\' && ++p == end)
            break;
    }
    return NULL;
}

#if defined(__SSE2__)
/* One bit for each of 64 bytes: whether it is `byte`, after `more` bits were set in it. */
static uint64_t bytes_equal(const char *p, char byte, char more)
{
    uint64_t found = 0;
    for (int i = 0; i < BLOCK / 16; i++) {
        __m128i part = _mm_loadu_si128((const __m128i *)(const void *)(p + 16 * i));
        part = _mm_cmpeq_epi8(_mm_or_si128(part, _mm_set1_epi8(more)), _mm_set1_epi8(byte));
        found |= (uint64_t)(unsigned)_mm_movemask_epi8(part) << (16 * i);
    }
    return found;
}

/* Go over whole blocks, up to the first with an escape, and no further than behind the bracket that closes the value. */
static const char *pass_blocks(const char *p, const char *end, long *depth, int *within)
{
    for (; end - p >= BLOCK && !bytes_equal(p, '\\', 0); p += BLOCK) {
        uint64_t texts = bytes_equal(p, '"', 0);
        for (int step = 1; step < BLOCK; step *= 2)
            texts ^= texts << step;
        if (*within)
            texts = ~texts;
        /* The two brackets of a kind differ in the bit 0x20. */
        uint64_t opening = bytes_equal(p, '{', 0x20) & ~texts, closing = bytes_equal(p, '}', 0x20) & ~texts;
        for (uint64_t rest = opening | closing; rest; rest &= rest - 1) {
            *depth += (opening & rest & -rest) ? 1 : -1;
            if (*depth == 0)
                return p + __builtin_ctzll(rest) + 1;
        }
        *within = (int)(texts >> (BLOCK - 1));
    }
    return p;
}
#endif

/* Behind an object or an array, or NULL. */
static const char *behind_nested(const char *p, const char *end)
{
    long depth = 1;
    int within = 0;
    p++;
    while (p < end) {
#if defined(__SSE2__)
        p = pass_blocks(p, end, &depth, &within);
        if (depth == 0)
            return p;
#endif
        /* Some bytes one by one, so that a block with an escape is not looked at again for each of them. */
        for (const char *stop = end - p > BLOCK ? p + BLOCK : end; p < stop; p++) {
            if (within) {
                within = *p != '"';
                if (*p == '\\' && ++p == end)
                    return NULL;
            } else if (*p == '"') {
                within = 1;
            } else if ((*p | 0x20) == '{') {
                depth++;
            } else if ((*p | 0x20) == '}' && --depth == 0) {
                return p + 1;
            }
        }
    }
    return NULL;
}

static int pass_value(Line *line)
{
    const char *p = line->p;
    if (p == line->end)
        return 0;
    if (*p == '"')
        p = behind_string(p + 1, line->end);
    else if (*p == '{' || *p == '[')
        p = behind_nested(p, line->end);
    else
        while (p < line->end && *p != ',' && *p != '}' && *p != ']' && *p != ' ')
            p++;
    if (p == NULL || p == line->p)
        return 0;
    line->p = p;
    return 1;
}

static int pass_id(Line *line, long long *id)
{
    const char *start = line->p;
    long long value = 0;
    int is_negative = start < line->end && *start == '-';
    const char *p = start + is_negative, *digits = p;
    while (p < line->end && *p >= '0' && *p <= '9' && p - digits < MOST_DIGITS)
        value = value * 10 + (*p++ - '0');
    if (p == digits || (*digits == '0' && p - digits > 1) || p == line->end || (*p != ',' && *p != '}' && *p != ' '))
        return 0;
    *id = is_negative ? -value : value;
    line->p = p;
    return 1;
}

/* The id of a line: 1, or 0 where it is not surely an object with one whole number for an id. */
static int id_of(Line line, long long *id)
{
    int seen = 0;
    if (!pass_byte(&line, '{'))
        return 0;
    do {
        pass_blanks(&line);
        if (line.p == line.end || *line.p != '"')
            return 0;
        /* Blanks behind the quote belong to the key. */
        const char *key = ++line.p, *stop = behind_plain(key, line.end);
        if (stop == NULL)
            return 0;
        line.p = stop;
        if (!pass_byte(&line, ':'))
            return 0;
        int is_id = stop - key == 3 && memcmp(key, "id", 2) == 0;
        if (is_id ? seen++ || !pass_id(&line, id) : !pass_value(&line))
            return 0;
    } while (pass_byte(&line, ','));
    return pass_byte(&line, '}') && line.p == line.end && seen;
}

/* Whether `word`, of two bytes at least, stands in a text. */
static int holds(const char *p, const char *end, const char *word, Py_ssize_t size)
{
#if defined(__SSE2__)
    /* Its first and last bytes may be quotes, which are frequent; those beside them are less so. */
    Py_ssize_t near = size > 3 ? 1 : 0, far = size > 3 ? size - 2 : size - 1;
    for (; end - p >= size + 16; p += 16) {
        __m128i first = _mm_loadu_si128((const __m128i *)(const void *)(p + near));
        __m128i last = _mm_loadu_si128((const __m128i *)(const void *)(p + far));
        first = _mm_cmpeq_epi8(first, _mm_set1_epi8(word[near]));
        last = _mm_cmpeq_epi8(last, _mm_set1_epi8(word[far]));
        unsigned found = (unsigned)_mm_movemask_epi8(_mm_and_si128(first, last));
        for (; found; found &= found - 1)
            if (memcmp(p + __builtin_ctz(found), word, (size_t)size) == 0)
                return 1;
    }
#endif
    for (; end - p >= size; p++)
        if (*p == *word && memcmp(p, word, (size_t)size) == 0)
            return 1;
    return 0;
}

static int bounds_of(const char *p, const char *end, long long *lowest, long long *highest)
{
    int seen = 0;
    while (p < end) {
        const char *stop = memchr(p, '\n', (size_t)(end - p));
        Line line = {p, stop != NULL ? stop : end};
        long long id = 0;
        if (!id_of(line, &id))
            return 0;
        *lowest = !seen || id < *lowest ? id : *lowest;
        *highest = !seen || id > *highest ? id : *highest;
        seen = 1;
        p = stop != NULL ? stop + 1 : end;
    }
    return seen;
}

static PyObject *id_bounds(PyObject *module, PyObject *args)
{
    Py_buffer text, word;
    long long lowest = 0, highest = 0;
    int known, held;
    (void)module;
    if (!PyArg_ParseTuple(args, "y*y*", &text, &word))
        return NULL;
    const char *start = text.buf, *end = start + text.len;
    if (word.len < 2) {
        PyBuffer_Release(&text);
        PyBuffer_Release(&word);
        return PyErr_Format(PyExc_ValueError, "a word has two bytes at least");
    }
    Py_BEGIN_ALLOW_THREADS
    held = holds(start, end, word.buf, word.len);
    known = bounds_of(start, end, &lowest, &highest);
    Py_END_ALLOW_THREADS
    PyBuffer_Release(&text);
    PyBuffer_Release(&word);
    if (known)
        return Py_BuildValue("(LL)O", lowest, highest, held ? Py_True : Py_False);
    return Py_BuildValue("OO", Py_None, held ? Py_True : Py_False);
}

PyMethodDef exportkit_bounds_methods[] = {
    {"id_bounds", id_bounds, METH_VARARGS,
     "The lowest and the highest id of lines, where each surely has one, and whether a word stands in them."},
    {NULL, NULL, 0, NULL},
};

/* JPEG files from their first marker to their last: is anything missing? */
#include "jpeg_walk.h"
#include "native.h"

#include <string.h>

enum { FILLER = 0xFF, START = 0xD8, END = 0xD9, SCAN = 0xDA, FIRST_RESTART = 0xD0, LAST_RESTART = 0xD7, FIRST_FRAME = 0xC0, BLOCK = 64 };

/* Whether a marker code stands without a length: reserved codes, start of image. */
static bool stands_alone(uint8_t marker)
{
    return marker < FIRST_FRAME || marker == START;
}

/* Past whole blocks in which every filler is escaped by a zero: entropy-coded data are full of them, and the compiler makes
   few instructions of a block. */
static inline __attribute__((always_inline)) const uint8_t *pass_quiet(const uint8_t *at, const uint8_t *end)
{
    while (end - at > BLOCK) {
        uint8_t found = 0;
        for (int i = 0; i < BLOCK; i++)
            found |= (uint8_t)((at[i] == FILLER) & (at[i + 1] != 0));
        if (found)
            break;
        at += BLOCK;
    }
    return at;
}

#if defined(__x86_64__) && defined(__GNUC__)
/* The same, in fewer instructions where the processor has them. */
__attribute__((target("avx2"))) static const uint8_t *pass_quiet_wide(const uint8_t *at, const uint8_t *end)
{
    return pass_quiet(at, end);
}

static const uint8_t *past_quiet(const uint8_t *at, const uint8_t *end)
{
    return __builtin_cpu_supports("avx2") ? pass_quiet_wide(at, end) : pass_quiet(at, end);
}
#else
static const uint8_t *past_quiet(const uint8_t *at, const uint8_t *end)
{
    return pass_quiet(at, end);
}
#endif

static const uint8_t *next_filler(const uint8_t *at, const uint8_t *end)
{
    at = past_quiet(at, end);
    return memchr(at, FILLER, (size_t)(end - at));
}

static void enter(JpegWalk *walk, JpegState state)
{
    walk->state = state;
    walk->passed = walk->length = 0;
}

/* What a marker code begins. Entropy-coded data escape 0xFF by a zero or a restart; fillers may be several. */
static void take_marker(JpegWalk *walk, uint8_t marker)
{
    if (marker == FILLER)
        return;
    if (marker == END) {
        walk->is_whole = walk->has_scan;
        enter(walk, JPEG_OVER);
    } else if (marker == 0 || (marker >= FIRST_RESTART && marker <= LAST_RESTART) || stands_alone(marker)) {
        enter(walk, JPEG_FILLER);
    } else {
        walk->marker = marker;
        enter(walk, JPEG_LENGTH);
    }
}

/* A length counts its own two bytes. */
static void take_length(JpegWalk *walk, uint8_t byte)
{
    walk->length = walk->length << 8 | byte;
    if (++walk->passed < 2)
        return;
    bool is_possible = walk->length >= 2;
    walk->has_scan = walk->has_scan || walk->marker == SCAN;
    walk->state = !is_possible ? JPEG_OVER : walk->length > 2 ? JPEG_SEGMENT : JPEG_FILLER;
}

void exportkit_walk_jpeg(JpegWalk *walk, const uint8_t *at, size_t size)
{
    const uint8_t *end = at + size;
    while (at != NULL && at < end && walk->state != JPEG_OVER) {
        switch (walk->state) {
        case JPEG_START:
            if (*at++ != (walk->passed == 0 ? FILLER : START))
                enter(walk, JPEG_OVER);
            else if (++walk->passed == 2)
                enter(walk, JPEG_FILLER);
            break;
        case JPEG_FILLER:
            if ((at = next_filler(at, end)) != NULL) {
                at++;
                enter(walk, JPEG_MARKER);
            }
            break;
        case JPEG_MARKER:
            take_marker(walk, *at++);
            break;
        case JPEG_LENGTH:
            take_length(walk, *at++);
            break;
        default: {
            size_t step = walk->length - walk->passed, left = (size_t)(end - at);
            step = step < left ? step : left;
            at += step;
            walk->passed += step;
            if (walk->passed == walk->length)
                enter(walk, JPEG_FILLER);
        }
        }
    }
}

static PyObject *whole_jpeg(PyObject *module, PyObject *data)
{
    Py_buffer view;
    JpegWalk walk = {0};
    (void)module;
    if (PyObject_GetBuffer(data, &view, PyBUF_SIMPLE) < 0)
        return NULL;
    exportkit_walk_jpeg(&walk, view.buf, (size_t)view.len);
    PyBuffer_Release(&view);
    return PyBool_FromLong(walk.is_whole);
}

PyMethodDef exportkit_jpeg_methods[] = {
    {"whole_jpeg", whole_jpeg, METH_O, "Whether the bytes hold a JPEG to its end; False also where only a longer look tells."},
    {NULL, NULL, 0, NULL},
};

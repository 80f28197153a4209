/* JPEG files from their first marker to their last: is anything missing? */
#include "native.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum { FILLER = 0xFF, START = 0xD8, END = 0xD9, SCAN = 0xDA, FIRST_RESTART = 0xD0, LAST_RESTART = 0xD7, FIRST_FRAME = 0xC0, BLOCK = 64 };

/* Whether a marker code stands without a length: reserved codes, start of image. */
static bool stands_alone(uint8_t marker)
{
    return marker < FIRST_FRAME || marker == START;
}

/* The next filler, past most of those that a zero escapes: entropy-coded data are full of them, and the compiler makes few
   instructions of a block. */
static const uint8_t *next_filler(const uint8_t *at, const uint8_t *end)
{
    while (end - at > BLOCK) {
        uint8_t found = 0;
        for (int i = 0; i < BLOCK; i++)
            found |= (uint8_t)((at[i] == FILLER) & (at[i + 1] != 0));
        if (found)
            break;
        at += BLOCK;
    }
    return memchr(at, FILLER, (size_t)(end - at));
}

/* Whether the end marker comes behind a scan. Entropy-coded data escape 0xFF by a zero or a restart. */
static bool is_whole(const uint8_t *at, const uint8_t *end)
{
    bool has_scan = false;
    if (end - at < 2 || at[0] != FILLER || at[1] != START)
        return false;
    for (at += 2; (at = next_filler(at, end)) != NULL && end - at >= 2;) {
        uint8_t marker = at[1];
        if (marker == FILLER) {
            at++;
            continue;
        }
        at += 2;
        if (marker == 0 || (marker >= FIRST_RESTART && marker <= LAST_RESTART))
            continue;
        if (marker == END)
            return has_scan;
        if (!stands_alone(marker)) {
            if (end - at < 2)
                return false;
            Py_ssize_t length = at[0] << 8 | at[1];
            if (length < 2 || length > end - at)
                return false;
            at += length;
        }
        has_scan = has_scan || marker == SCAN;
    }
    return false;
}

static PyObject *whole_jpeg(PyObject *module, PyObject *data)
{
    Py_buffer view;
    (void)module;
    if (PyObject_GetBuffer(data, &view, PyBUF_SIMPLE) < 0)
        return NULL;
    bool found = is_whole(view.buf, (const uint8_t *)view.buf + view.len);
    PyBuffer_Release(&view);
    return PyBool_FromLong(found);
}

PyMethodDef exportkit_jpeg_methods[] = {
    {"whole_jpeg", whole_jpeg, METH_O, "Whether the bytes hold a JPEG to its end; False also where only a longer look tells."},
    {NULL, NULL, 0, NULL},
};

/* SHA-256 of many small texts at once. */
#include "native.h"
#include "sha256_lanes.h"

#include <string.h>

/* A text on a lane: its whole blocks first, then its last bytes with the padding. */
typedef struct {
    Py_ssize_t place;
    uint8_t tail[SHA_PADDING];
    size_t tail_blocks;
} Text;

static void begin(Sha256Lanes *lanes, int lane, Text *text, PyObject *bytes)
{
    const uint8_t *data = (const uint8_t *)PyBytes_AS_STRING(bytes);
    size_t size = (size_t)PyBytes_GET_SIZE(bytes), rest = size % SHA_BLOCK;
    exportkit_start_lane(lanes, lane);
    lanes->data[lane] = data;
    lanes->blocks[lane] = size / SHA_BLOCK;
    memcpy(text->tail, data + size - rest, rest);
    text->tail_blocks = exportkit_pad_lane(text->tail + rest, rest, size);
}

/* Goes on with a lane that waits: the tail of its text, else the next text; its digest is kept. 1, or 0 with an
   exception. */
static int go_on(Sha256Lanes *lanes, int lane, Text *text, PyObject *texts, Py_ssize_t *next, PyObject *digests)
{
    char hex[SHA_HEX];
    if (text->tail_blocks == 0 && text->place >= 0) {
        exportkit_lane_digest(lanes, lane, hex);
        PyObject *digest = PyUnicode_FromStringAndSize(hex, SHA_HEX);
        if (digest == NULL)
            return 0;
        PyList_SET_ITEM(digests, text->place, digest);
        text->place = -1;
    }
    if (text->place < 0 && *next < PyList_GET_SIZE(texts)) {
        text->place = (*next)++;
        begin(lanes, lane, text, PyList_GET_ITEM(texts, text->place));
    }
    if (text->place >= 0 && lanes->blocks[lane] == 0) {
        lanes->data[lane] = text->tail;
        lanes->blocks[lane] = text->tail_blocks;
        text->tail_blocks = 0;
    }
    return 1;
}

static PyObject *sha256_digests(PyObject *module, PyObject *texts)
{
    Sha256Lanes lanes = {0};
    Text text[SHA_LANES];
    Py_ssize_t next = 0;
    int active = 1;
    (void)module;
    if (!PyList_CheckExact(texts))
        return PyErr_Format(PyExc_TypeError, "texts are a list");
    if (!exportkit_has_sha256_lanes())
        Py_RETURN_NONE;
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(texts); i++)
        if (!PyBytes_CheckExact(PyList_GET_ITEM(texts, i)))
            return PyErr_Format(PyExc_TypeError, "texts are bytes");
    PyObject *digests = PyList_New(PyList_GET_SIZE(texts));
    for (int i = 0; i < SHA_LANES; i++)
        text[i] = (Text){.place = -1};
    while (digests != NULL && active) {
        active = 0;
        for (int i = 0; i < SHA_LANES && digests != NULL; i++) {
            if (lanes.blocks[i] == 0 && !go_on(&lanes, i, &text[i], texts, &next, digests))
                Py_CLEAR(digests);
            active |= lanes.blocks[i] > 0;
        }
        exportkit_advance_lanes(&lanes);
    }
    return digests;
}

PyMethodDef exportkit_digest_methods[] = {
    {"sha256_digests", sha256_digests, METH_O,
     "sha256_digests([bytes]): their SHA-256 in lower-case hex; None where this processor does no better than hashlib."},
    {NULL, NULL, 0, NULL},
};

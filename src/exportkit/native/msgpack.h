/* Values in MessagePack. Each function gives 1, or 0 with an exception. */
#ifndef EXPORTKIT_MSGPACK_H
#define EXPORTKIT_MSGPACK_H

#include "buffer.h"

#include <stdint.h>

static inline int pack_head(Buffer *out, unsigned char code, uint64_t value, int bytes)
{
    unsigned char text[9] = {code};
    for (int i = 0; i < bytes; i++)
        text[1 + i] = (unsigned char)(value >> 8 * (bytes - 1 - i));
    return append(out, text, (size_t)bytes + 1);
}

static inline int pack_byte(Buffer *out, unsigned char code)
{
    return append(out, &code, 1);
}

static inline int pack_int(Buffer *out, int64_t value)
{
    if (value < 0)
        return pack_head(out, 0xD3, (uint64_t)value, 8);
    return value < 0x80 ? pack_byte(out, (unsigned char)value) : pack_head(out, 0xCF, (uint64_t)value, 8);
}

static inline int pack_text(Buffer *out, const char *text, size_t size)
{
    return pack_head(out, 0xDB, size, 4) && append(out, text, size);
}

static inline int pack_nil(Buffer *out)
{
    return pack_byte(out, 0xC0);
}

static inline int pack_bool(Buffer *out, int value)
{
    return pack_byte(out, value ? 0xC3 : 0xC2);
}

/* Head of an array or a map of fewer than 16 entries. */
static inline int pack_array(Buffer *out, unsigned size)
{
    return pack_byte(out, (unsigned char)(0x90 | size));
}

static inline int pack_map(Buffer *out, unsigned size)
{
    return pack_byte(out, (unsigned char)(0x80 | size));
}

/* A text or an integer of 64 bits. */
static inline int pack_object(Buffer *out, PyObject *object)
{
    Py_ssize_t size;
    if (PyLong_CheckExact(object)) {
        long long value = PyLong_AsLongLong(object);
        return !(value == -1 && PyErr_Occurred()) && pack_int(out, value);
    }
    const char *text = PyUnicode_AsUTF8AndSize(object, &size);
    return text != NULL && pack_text(out, text, (size_t)size);
}

#endif

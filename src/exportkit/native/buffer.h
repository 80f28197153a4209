/* Bytes that grow. */
#ifndef EXPORTKIT_BUFFER_H
#define EXPORTKIT_BUFFER_H

#include "native.h"

#include <string.h>

typedef struct {
    char *text;
    size_t size, room;
} Buffer;

/* Where `size` more bytes have room; NULL with an exception. */
static inline char *room_in(Buffer *buffer, size_t size)
{
    if (buffer->room - buffer->size < size) {
        size_t room = 2 * (buffer->size + size) + 1024;
        char *bigger = PyMem_Realloc(buffer->text, room);
        if (bigger == NULL) {
            PyErr_NoMemory();
            return NULL;
        }
        buffer->text = bigger;
        buffer->room = room;
    }
    return buffer->text + buffer->size;
}

/* 1, or 0 with an exception. */
static inline int append(Buffer *buffer, const void *data, size_t size)
{
    char *out = room_in(buffer, size);
    if (out == NULL)
        return 0;
    memcpy(out, data, size);
    buffer->size += size;
    return 1;
}

static inline void free_buffer(Buffer *buffer)
{
    PyMem_Free(buffer->text);
    *buffer = (Buffer){0};
}

#endif

/* New files in folders that are open. */
#ifndef EXPORTKIT_NEW_FILES_H
#define EXPORTKIT_NEW_FILES_H

#include "native.h"

#include <stddef.h>

/* The name of a file, and the descriptor of its folder. */
typedef struct {
    const char *name;
    int folder;
} NewPlace;

/* Finds the place of `path` by {folder: descriptor}: 1; 0, perhaps with an exception, for what Python has to look at.
   `last` is the folder that was found before with the descriptor in `place`, or NULL; the caller releases it. */
int exportkit_find_place(PyObject *path, PyObject *folders, PyObject **last, NewPlace *place);

/* The descriptor of a new file, or -1 with an errno. */
int exportkit_create_file(const NewPlace *place);

/* Writes all of it: 0, or what the system says. */
int exportkit_write_to(int descriptor, const void *data, size_t size);

#endif

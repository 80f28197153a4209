/* Small files, written whole and new into folders that are open. */
#include "native.h"
#include "new_files.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

enum { MOST_AT_ONCE = 256 };

typedef struct {
    NewPlace place;
    const char *data;
    Py_ssize_t size;
} NewFile;

int exportkit_create_file(const NewPlace *place)
{
    return openat(place->folder, place->name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
}

int exportkit_write_to(int descriptor, const void *data, size_t size)
{
    const char *at = data, *end = at + size;
    while (at < end) {
        ssize_t written = write(descriptor, at, (size_t)(end - at));
        if (written > 0)
            at += written;
        else if (written == 0)
            return ENOSPC;
        else if (errno != EINTR)
            return errno;
    }
    return 0;
}

/* 0, or what the system says. */
static int write_whole(const NewFile *file)
{
    int descriptor = exportkit_create_file(&file->place);
    if (descriptor < 0)
        return errno;
    int error = exportkit_write_to(descriptor, file->data, (size_t)file->size);
    if (close(descriptor) < 0 && !error && errno != EINTR)
        error = errno;
    return error;
}

int exportkit_find_place(PyObject *path, PyObject *folders, PyObject **last, NewPlace *place)
{
    if (!PyUnicode_CheckExact(path) || !PyUnicode_IS_COMPACT_ASCII(path))
        return 0;
    const char *text = PyUnicode_DATA(path), *cut = strrchr(text, '/');
    Py_ssize_t size = cut == NULL ? 0 : cut - text + 1;
    if (size == 0 || strlen(text) != (size_t)PyUnicode_GET_LENGTH(path))
        return 0;
    if (*last == NULL || PyUnicode_GET_LENGTH(*last) != size || memcmp(PyUnicode_DATA(*last), text, (size_t)size) != 0) {
        PyObject *folder = PyUnicode_FromStringAndSize(text, size);
        Py_XSETREF(*last, folder);
        PyObject *known = folder != NULL ? PyDict_GetItemWithError(folders, folder) : NULL;
        place->folder = known != NULL ? (int)PyLong_AsLong(known) : -1;
        if (place->folder < 0) {
            Py_CLEAR(*last);
            return 0;
        }
    }
    place->name = text + size;
    return *place->name != 0;
}

/* Takes up the files from `place` on that lie in known folders; how many, or -1 with an exception. */
static int take_up(PyObject *files, Py_ssize_t place, PyObject *folders, NewFile *found)
{
    PyObject *last = NULL;
    int count = 0, folder = -1;
    for (; count < MOST_AT_ONCE && place + count < PyList_GET_SIZE(files); count++) {
        PyObject *pair = PyList_GET_ITEM(files, place + count);
        if (!PyTuple_CheckExact(pair) || PyTuple_GET_SIZE(pair) != 2 || !PyBytes_CheckExact(PyTuple_GET_ITEM(pair, 1)))
            break;
        NewFile *file = &found[count];
        file->place.folder = folder;
        if (!exportkit_find_place(PyTuple_GET_ITEM(pair, 0), folders, &last, &file->place))
            break;
        folder = file->place.folder;
        file->data = PyBytes_AS_STRING(PyTuple_GET_ITEM(pair, 1));
        file->size = PyBytes_GET_SIZE(PyTuple_GET_ITEM(pair, 1));
    }
    Py_XDECREF(last);
    return PyErr_Occurred() ? -1 : count;
}

static PyObject *write_new_files(PyObject *module, PyObject *args)
{
    (void)module;
    PyObject *folders, *files;
    Py_ssize_t place;
    NewFile found[MOST_AT_ONCE];
    int count = MOST_AT_ONCE, error = 0;
    if (!PyArg_ParseTuple(args, "O!O!n", &PyDict_Type, &folders, &PyList_Type, &files, &place))
        return NULL;
    if (place < 0) {
        PyErr_SetString(PyExc_ValueError, "files are counted from 0 on");
        return NULL;
    }
    /* Whoever runs meanwhile must not change the list: it holds what is written. */
    while (!error && count == MOST_AT_ONCE) {
        int done = 0;
        if ((count = take_up(files, place, folders, found)) < 0)
            return NULL;
        Py_BEGIN_ALLOW_THREADS
        while (done < count && (error = write_whole(&found[done])) == 0)
            done++;
        Py_END_ALLOW_THREADS
        place += done;
    }
    return Py_BuildValue("(ni)", place, error);
}

PyMethodDef exportkit_file_methods[] = {
    {"write_new_files", write_new_files, METH_VARARGS,
     "write_new_files({folder: descriptor}, [(path, bytes)], first): the place of the first that was not written, and the"
     " system's reason, or 0 where the file needs a closer look."},
    {NULL, NULL, 0, NULL},
};

/* Pieces of a stream of which a few are replaced by others of the same size.

   The twin of exportkit.conversion.stream_pieces. */
#include "native.h"

#include <string.h>

/* Puts pieces, by their places from `first` on, where they begin: 1; 0, perhaps with an exception, where one has another
   size. */
static int put_pieces(char *out, Py_ssize_t first, PyObject *pieces, PyObject *starts, Py_ssize_t separator)
{
    PyObject *place, *data;
    Py_ssize_t at = 0, last = PyList_GET_SIZE(starts) - 1, size = PyLong_AsSsize_t(PyList_GET_ITEM(starts, last));
    while (PyDict_Next(pieces, &at, &place, &data)) {
        Py_ssize_t number = PyLong_AsSsize_t(place);
        if (PyErr_Occurred() || !PyBytes_CheckExact(data) || number < 0 || number >= last - first)
            return 0;
        Py_ssize_t start = PyLong_AsSsize_t(PyList_GET_ITEM(starts, first + number));
        Py_ssize_t stop = PyLong_AsSsize_t(PyList_GET_ITEM(starts, first + number + 1)) - separator;
        if (start < 0 || stop > size - separator || stop - start != PyBytes_GET_SIZE(data))
            return 0;
        memcpy(out + start, PyBytes_AS_STRING(data), (size_t)(stop - start));
    }
    return !PyErr_Occurred();
}

static PyObject *replace_pieces(PyObject *module, PyObject *args)
{
    PyObject *whole, *starts, *changes, *made = NULL;
    Py_ssize_t separator;
    (void)module;
    if (!PyArg_ParseTuple(args, "SO!nO!", &whole, &PyList_Type, &starts, &separator, &PyList_Type, &changes))
        return NULL;
    Py_ssize_t last = PyList_GET_SIZE(starts) - 1;
    if (last < 0 || separator < 0 || PyLong_AsSsize_t(PyList_GET_ITEM(starts, last)) != PyBytes_GET_SIZE(whole) + (last ? separator : 0)) {
        if (!PyErr_Occurred())
            PyErr_SetString(PyExc_ValueError, "the pieces do not make the whole");
        return NULL;
    }
    /* Made of a text, an object of one byte would be the one that everybody shares. */
    if ((made = PyBytes_FromStringAndSize(NULL, PyBytes_GET_SIZE(whole))) == NULL)
        return NULL;
    memcpy(PyBytes_AS_STRING(made), PyBytes_AS_STRING(whole), (size_t)PyBytes_GET_SIZE(whole));
    for (Py_ssize_t i = 0; made != NULL && i < PyList_GET_SIZE(changes); i++) {
        Py_ssize_t first;
        PyObject *pieces;
        if (!PyArg_ParseTuple(PyList_GET_ITEM(changes, i), "nO", &first, &pieces))
            Py_CLEAR(made);
        else if (!PyDict_CheckExact(pieces) || first < 0 || first > last ||
                 !put_pieces(PyBytes_AS_STRING(made), first, pieces, starts, separator))
            Py_CLEAR(made);
    }
    if (made == NULL && !PyErr_Occurred())
        Py_RETURN_NONE;
    return made;
}

PyMethodDef exportkit_piece_methods[] = {
    {"replace_pieces", replace_pieces, METH_VARARGS,
     "replace_pieces(whole, starts of all pieces and its end, size of the separator, [(first place, {place from there: piece})]):"
     " the whole with these pieces; None where one has another size, or they are no dict."},
    {NULL, NULL, 0, NULL},
};

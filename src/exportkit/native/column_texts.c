/* Texts of records by one template, from columns.

   The twin of exportkit.writing.column_texts. */
#include "buffer.h"
#include "numbers.h"

/* Adds a value: 1; 0, perhaps with an exception, for what takes a closer look. */
static int put_value(Buffer *out, PyObject *value)
{
    if (PyUnicode_CheckExact(value)) {
        Py_ssize_t size;
        const char *text = PyUnicode_AsUTF8AndSize(value, &size);
        return text != NULL && append(out, text, (size_t)size);
    }
    int beyond = 1;
    long long number = PyLong_CheckExact(value) ? PyLong_AsLongLongAndOverflow(value, &beyond) : 0;
    char *start = room_in(out, NUMBER_ROOM);
    if (start == NULL || beyond || number < 0)
        return 0;
    out->size = (size_t)(put_digits(start, (uint64_t)number, 1) - out->text);
    return 1;
}

/* The text of the record at a place; NULL, perhaps with an exception, as above. */
static PyObject *text_at(Buffer *out, Py_ssize_t place, PyObject *pieces, PyObject *columns)
{
    out->size = 0;
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(pieces); i++) {
        PyObject *piece = PyTuple_GET_ITEM(pieces, i);
        if (i > 0 && !put_value(out, PyList_GET_ITEM(PyTuple_GET_ITEM(columns, i - 1), place)))
            return NULL;
        if (!append(out, PyBytes_AS_STRING(piece), (size_t)PyBytes_GET_SIZE(piece)))
            return NULL;
    }
    return PyBytes_FromStringAndSize(out->text, (Py_ssize_t)out->size);
}

/* Whether there is a piece around each column, and the columns are of one length, which is told. */
static int are_columns(PyObject *pieces, PyObject *columns, Py_ssize_t *count)
{
    Py_ssize_t size = PyTuple_GET_SIZE(columns);
    int good = size > 0 && PyTuple_GET_SIZE(pieces) == size + 1;
    for (Py_ssize_t i = 0; good && i <= size; i++)
        good = PyBytes_CheckExact(PyTuple_GET_ITEM(pieces, i));
    for (Py_ssize_t i = 0; good && i < size; i++) {
        PyObject *column = PyTuple_GET_ITEM(columns, i);
        good = PyList_CheckExact(column) && (i == 0 || PyList_GET_SIZE(column) == *count);
        *count = good ? PyList_GET_SIZE(column) : 0;
    }
    if (!good)
        PyErr_SetString(PyExc_ValueError, "column_texts: one piece more than columns, which are of one length");
    return good;
}

static PyObject *column_texts(PyObject *module, PyObject *args)
{
    PyObject *pieces, *columns;
    Py_ssize_t count = 0;
    Buffer out = {0};
    (void)module;
    if (!PyArg_ParseTuple(args, "O!O!", &PyTuple_Type, &pieces, &PyTuple_Type, &columns) ||
        !are_columns(pieces, columns, &count))
        return NULL;
    /* With room from the start, nothing is a text as well. */
    PyObject *texts = room_in(&out, 1) != NULL ? PyList_New(count) : NULL;
    for (Py_ssize_t i = 0; texts != NULL && i < count; i++) {
        PyObject *text = text_at(&out, i, pieces, columns);
        if (text == NULL)
            Py_CLEAR(texts);
        else
            PyList_SET_ITEM(texts, i, text);
    }
    free_buffer(&out);
    if (texts == NULL && !PyErr_Occurred())
        Py_RETURN_NONE;
    return texts;
}

PyMethodDef exportkit_column_methods[] = {
    {"column_texts", column_texts, METH_VARARGS,
     "column_texts(pieces, columns): for each place the pieces with its values between them; None where one is neither a text"
     " nor a whole number from 0 on."},
    {NULL, NULL, 0, NULL},
};

/* How many lines are there, and how many of them are not blank? Counted without the lock of the interpreter. */
#include "native.h"

#include <string.h>

/* Whether nothing but blanks stands there, as bytes.isspace has them. */
static int is_blank(const char *p, const char *end)
{
    while (p < end && (*p == ' ' || (*p >= '\t' && *p <= '\r')))
        p++;
    return p == end;
}

static PyObject *count_lines(PyObject *module, PyObject *args)
{
    Py_buffer text;
    Py_ssize_t size, ends = 0, records = 0;
    int blank;
    (void)module;
    if (!PyArg_ParseTuple(args, "y*np", &text, &size, &blank))
        return NULL;
    if (size < 0 || size > text.len) {
        PyBuffer_Release(&text);
        return PyErr_Format(PyExc_ValueError, "no text of %zd bytes", size);
    }
    Py_BEGIN_ALLOW_THREADS
    const char *p = text.buf, *end = p + size, *stop;
    for (; p < end && (stop = memchr(p, '\n', (size_t)(end - p))) != NULL; p = stop + 1) {
        records += !(blank && is_blank(p, stop));
        ends++;
        blank = 1;
    }
    blank = blank && is_blank(p, end);
    Py_END_ALLOW_THREADS
    PyBuffer_Release(&text);
    return Py_BuildValue("nnO", ends, records, blank ? Py_True : Py_False);
}

PyMethodDef exportkit_count_methods[] = {
    {"count_lines", count_lines, METH_VARARGS,
     "Ends of lines, ended lines that are not blank, and whether all behind them is; the first may have begun before."},
    {NULL, NULL, 0, NULL},
};

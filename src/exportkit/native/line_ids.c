/* Do lines stand in ascending order of their ids? Only whole lines of JSON with one integer id are passed over; any other
   is left to the general way. */
#include "json_text.h"

/* The id of a line: 1, or 0 for what is refused. A key that is escaped may be another `id`. */
static int read_id(Cursor *c, long long *id)
{
    Span key;
    Number number = {0};
    int count = 0, found, seen = 0;
    if (!enter(c))
        return 0;
    while ((found = next_member(c, &count, &key)) > 0) {
        if (!key.plain)
            return 0;
        if (!IS(&key, "id")) {
            if (!skip_value(c, 1))
                return 0;
            continue;
        }
        if (seen++ || !read_number(c, &number) || number.is_real)
            return 0;
        *id = number.whole;
    }
    return found == 0 && seen;
}

static PyObject *pass_ascending_ids(PyObject *module, PyObject *args)
{
    PyObject *text;
    Py_ssize_t at, size;
    long long last;
    (void)module;
    if (!PyArg_ParseTuple(args, "O!nnL", &PyByteArray_Type, &text, &at, &size, &last))
        return NULL;
    if (at < 0 || size > PyByteArray_GET_SIZE(text))
        return PyErr_Format(PyExc_ValueError, "no text from %zd to %zd", at, size);
    const char *whole = PyByteArray_AS_STRING(text);
    while (at < size) {
        const char *stop = memchr(whole + at, '\n', (size_t)(size - at));
        Cursor c = {whole + at, stop != NULL ? stop : whole + size, NULL};
        long long id;
        /* An object that goes on behind the line's end is none. */
        if (!read_id(&c, &id) || id <= last || c.p > c.end)
            break;
        skip_blanks(&c);
        if (c.p < c.end)
            break;
        last = id;
        at = c.end - whole + (stop != NULL);
    }
    if (PyErr_Occurred() && PyErr_ExceptionMatches(PyExc_MemoryError))
        return NULL;
    PyErr_Clear();
    return Py_BuildValue("nL", at, last);
}

PyMethodDef exportkit_id_methods[] = {
    {"pass_ascending_ids", pass_ascending_ids, METH_VARARGS,
     "Where the first line lies whose id is not surely above the one before, and that one."},
    {NULL, NULL, 0, NULL},
};

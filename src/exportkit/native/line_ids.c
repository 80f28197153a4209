/* Do lines stand in ascending order of their ids? Only whole lines of JSON with one integer id are passed over; any other
   is left to the general way. */
#include "json_text.h"
#include "number_runs.h"

static int pass_over(Cursor *c, int depth);

static int pass_over_elements(Cursor *c, int depth)
{
    c->p++;
    skip_blanks(c);
    if (*c->p == ']') {
        c->p++;
        return 1;
    }
    for (;;) {
        if (is_digit(*c->p) || *c->p == '-') {
            c->p = skip_sure_numbers(c->p, c->end);
            skip_blanks(c);
        }
        if (!pass_over(c, depth + 1))
            return 0;
        skip_blanks(c);
        if (*c->p == ']') {
            c->p++;
            return 1;
        }
        if (*c->p != ',')
            return 0;
        c->p++;
        skip_blanks(c);
    }
}

static int pass_over_members(Cursor *c, int depth)
{
    Span key;
    int count = 0, found;
    c->p++;
    while ((found = next_member(c, &count, &key)) > 0)
        if (!is_text(&key) || !pass_over(c, depth + 1))
            return 0;
    return found == 0;
}

/* Passes over any value, long runs of numbers many at a time. */
static int pass_over(Cursor *c, int depth)
{
    if (depth > DEEPEST_UNREAD)
        return 0;
    if (*c->p == '[')
        return pass_over_elements(c, depth);
    return *c->p == '{' ? pass_over_members(c, depth) : skip_value(c, depth);
}

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
            if (!pass_over(c, 1))
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

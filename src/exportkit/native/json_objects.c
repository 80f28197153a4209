/* Objects of Python made of a line of JSON, as msgspec makes them. What needs a closer look is refused: numbers of more than
   18 digits, deep values, texts that no file can store. */
#include "json_text.h"
#include "pieces.h"
#include "short_reals.h"

/* Keys are few and come again and again: those of a length that is worth it are made once. */
enum { KEPT_KEYS = 512, LONGEST_KEPT = 32 };
static PyObject *kept_keys[KEPT_KEYS];

static PyObject *read_value(Cursor *c, int depth);

/* A new reference. */
static PyObject *key_of(const Span *key)
{
    if (!key->plain || key->n > LONGEST_KEPT)
        return text_of(key);
    PyObject **place = &kept_keys[hash_of_piece(key->s, (size_t)key->n) % KEPT_KEYS], *kept = *place;
    if (kept != NULL && PyUnicode_GET_LENGTH(kept) == key->n && memcmp(PyUnicode_DATA(kept), key->s, (size_t)key->n) == 0)
        return Py_NewRef(kept);
    PyObject *made = text_of(key);
    if (made != NULL)
        Py_XSETREF(*place, Py_NewRef(made));
    return made;
}

static PyObject *read_object(Cursor *c, int depth)
{
    PyObject *object = PyDict_New();
    Span key;
    int count = 0, found = -1;
    c->p++;
    while (object != NULL && (found = next_member(c, &count, &key)) > 0) {
        PyObject *name = key_of(&key), *value = name != NULL ? read_value(c, depth + 1) : NULL;
        if (value == NULL || PyDict_SetItem(object, name, value) < 0)
            Py_CLEAR(object);
        Py_XDECREF(name);
        Py_XDECREF(value);
    }
    if (found != 0)
        Py_CLEAR(object);
    return object;
}

static PyObject *read_array(Cursor *c, int depth)
{
    PyObject *array = PyList_New(0);
    c->p++;
    skip_blanks(c);
    if (*c->p == ']') {
        c->p++;
        return array;
    }
    while (array != NULL) {
        PyObject *value = read_value(c, depth + 1);
        int is_taken = value != NULL && PyList_Append(array, value) == 0;
        Py_XDECREF(value);
        if (!is_taken)
            break;
        skip_blanks(c);
        if (*c->p == ']') {
            c->p++;
            return array;
        }
        if (*c->p != ',')
            break;
        c->p++;
        skip_blanks(c);
    }
    Py_XDECREF(array);
    return NULL;
}

/* A new reference; NULL, perhaps without an exception, for what is refused. */
static PyObject *read_value(Cursor *c, int depth)
{
    Number number = {0};
    Span text;
    if (depth > DEEPEST_UNREAD)
        return NULL;
    switch (*c->p) {
    case '{':
        return read_object(c, depth);
    case '[':
        return read_array(c, depth);
    case '"':
        return read_span(c, &text) ? text_of(&text) : NULL;
    case 't':
        return TAKE(c, "true") ? Py_NewRef(Py_True) : NULL;
    case 'f':
        return TAKE(c, "false") ? Py_NewRef(Py_False) : NULL;
    case 'n':
        return TAKE(c, "null") ? Py_NewRef(Py_None) : NULL;
    default:
        if (read_short_real(c, &number.real))
            return PyFloat_FromDouble(number.real);
        return read_number(c, &number) ? number_object(&number) : NULL;
    }
}

static PyObject *json_object(PyObject *module, PyObject *line)
{
    (void)module;
    if (!PyBytes_CheckExact(line))
        return PyErr_Format(PyExc_TypeError, "a line is bytes, not %.100s", Py_TYPE(line)->tp_name);
    Cursor c = {PyBytes_AS_STRING(line), PyBytes_AS_STRING(line) + PyBytes_GET_SIZE(line), NULL};
    PyObject *object = *c.p == '{' ? read_object(&c, 1) : NULL;
    if (object != NULL) {
        skip_blanks(&c);
        if (c.p == c.end)
            return object;
        Py_DECREF(object);
    }
    if (PyErr_Occurred() && PyErr_ExceptionMatches(PyExc_MemoryError))
        return NULL;
    PyErr_Clear();
    Py_RETURN_NONE;
}

PyMethodDef exportkit_object_methods[] = {
    {"json_object", json_object, METH_O, "The object that a line holds; None for what takes a closer look."},
    {NULL, NULL, 0, NULL},
};

/* Lines of JSON made of plain values, as msgspec writes them. What it writes in a way of its own, or refuses, is left to
   it: numbers that need an exponent or are not finite, integers beyond 64 bits, keys that are no text, other types. */
#include "buffer.h"
#include "numbers.h"

/* Values within each other; no reader takes more (formats, section 2.1). */
enum { DEEPEST = 256 };
/* Most lines fit, and none is copied more often than it doubles this. */
enum { USUAL_LINE = 1 << 14 };

static int put_value(Buffer *out, PyObject *value, int depth);

/* A few bytes with their size last: copied whole, since that is quicker than one by one. */
typedef char Word[4];
static Word wholes[1000], parts[100];

/* Texts of numbers from 0 to 999, and of hundredths behind a point without the last zeros. */
static void make_words(void)
{
    for (int i = 0; i < 1000; i++)
        wholes[i][3] = (char)(put_digits(wholes[i], (uint64_t)i, 1) - wholes[i]);
    for (int i = 0; i < 100; i++) {
        memcpy(parts[i], (char[]){'.', (char)('0' + i / 10), (char)('0' + i % 10)}, 3);
        parts[i][3] = i % 10 ? 3 : 2;
    }
}

static inline char *put_word(char *out, const Word word)
{
    memcpy(out, word, sizeof(Word));
    return out + word[3];
}

/* A value from 0 below 1000 that has at most two decimals, as nearly all coordinates do; NULL for any other. */
static inline char *put_hundredths(char *out, double value)
{
    if (!(value < 999.99))
        return NULL;
    uint32_t scaled = (uint32_t)(value * 100 + 0.5);
    /* Both are exact, so the quotient is the float nearest to these digits: they read back as the value. */
    if ((double)scaled / 100 != value)
        return NULL;
    return put_word(put_word(out, wholes[scaled / 100]), parts[scaled % 100]);
}

static int put_real(Buffer *out, double value)
{
    char *start = room_in(out, NUMBER_ROOM), *end;
    if (start == NULL || !isfinite(value))
        return 0;
    if (signbit(value)) {
        *start++ = '-';
        value = -value;
    }
    end = put_hundredths(start, value);
    if (end == NULL)
        end = put_shortest(start, value);
    if (end == NULL)
        return 0;
    out->size = (size_t)(end - out->text);
    return 1;
}

static int put_whole(Buffer *out, PyObject *number)
{
    int overflow;
    long long value = PyLong_AsLongLongAndOverflow(number, &overflow);
    char *start = room_in(out, NUMBER_ROOM);
    if (start == NULL || overflow)
        return 0;
    if (value < 0)
        *start++ = '-';
    out->size = (size_t)(put_digits(start, value < 0 ? 0 - (uint64_t)value : (uint64_t)value, 1) - out->text);
    return 1;
}

static char *put_escaped(char *out, unsigned char byte)
{
    static const char from[] = "\"\\\b\f\n\r\t", to[] = "\"\\bfnrt", hex[] = "0123456789abcdef";
    const char *found = byte ? strchr(from, byte) : NULL;
    *out++ = '\\';
    if (found != NULL) {
        *out++ = to[found - from];
        return out;
    }
    memcpy(out, "u00", 3);
    out[3] = hex[byte >> 4];
    out[4] = hex[byte & 15];
    return out + 5;
}

static int put_text(Buffer *out, PyObject *text)
{
    Py_ssize_t size;
    const char *p = PyUnicode_AsUTF8AndSize(text, &size);
    if (p == NULL)
        return 0;
    /* No byte takes more than the six of an escape. */
    char *start = room_in(out, 6 * (size_t)size + 2), *end = start;
    if (start == NULL)
        return 0;
    *end++ = '"';
    for (const char *stop = p + size; p < stop; p++) {
        unsigned char byte = (unsigned char)*p;
        if (byte < 0x20 || byte == '"' || byte == '\\')
            end = put_escaped(end, byte);
        else
            *end++ = (char)byte;
    }
    *end++ = '"';
    out->size += (size_t)(end - start);
    return 1;
}

static int put_array(Buffer *out, PyObject *array, int depth)
{
    PyObject **items = PySequence_Fast_ITEMS(array);
    Py_ssize_t count = PySequence_Fast_GET_SIZE(array);
    if (!append(out, "[", 1))
        return 0;
    for (Py_ssize_t i = 0; i < count; i++) {
        if (i > 0 && !append(out, ",", 1))
            return 0;
        if (!(PyFloat_CheckExact(items[i]) ? put_real(out, PyFloat_AS_DOUBLE(items[i])) : put_value(out, items[i], depth + 1)))
            return 0;
    }
    return append(out, "]", 1);
}

static int put_object(Buffer *out, PyObject *object, int depth)
{
    PyObject *key, *value;
    Py_ssize_t at = 0;
    char before = '{';
    if (PyDict_GET_SIZE(object) == 0)
        return append(out, "{}", 2);
    while (PyDict_Next(object, &at, &key, &value)) {
        if (!PyUnicode_CheckExact(key) || !append(out, &before, 1) || !put_text(out, key) || !append(out, ":", 1) ||
            !put_value(out, value, depth + 1))
            return 0;
        before = ',';
    }
    return append(out, "}", 1);
}

/* 1, or 0, perhaps with an exception, for what is refused. No code of anybody's runs meanwhile, so nothing changes. */
static int put_value(Buffer *out, PyObject *value, int depth)
{
    if (PyFloat_CheckExact(value))
        return put_real(out, PyFloat_AS_DOUBLE(value));
    if (PyUnicode_CheckExact(value))
        return put_text(out, value);
    if (PyLong_CheckExact(value))
        return put_whole(out, value);
    if (value == Py_True)
        return append(out, "true", 4);
    if (value == Py_False)
        return append(out, "false", 5);
    if (value == Py_None)
        return append(out, "null", 4);
    if (depth > DEEPEST)
        return 0;
    if (PyDict_CheckExact(value))
        return put_object(out, value, depth);
    return (PyList_CheckExact(value) || PyTuple_CheckExact(value)) && put_array(out, value, depth);
}

static PyObject *json_line(PyObject *module, PyObject *value)
{
    (void)module;
    Buffer out = {0};
    PyObject *line = NULL;
    if (wholes[0][3] == 0)
        make_words();
    int is_made = room_in(&out, USUAL_LINE) != NULL && put_value(&out, value, 1) && append(&out, "\n", 1);
    if (is_made)
        line = PyBytes_FromStringAndSize(out.text, (Py_ssize_t)out.size);
    free_buffer(&out);
    if (is_made || (PyErr_Occurred() && PyErr_ExceptionMatches(PyExc_MemoryError)))
        return line;
    PyErr_Clear();
    Py_RETURN_NONE;
}

PyMethodDef exportkit_line_methods[] = {
    {"json_line", json_line, METH_O, "A value as one line of JSON; None for what takes a closer look."},
    {NULL, NULL, 0, NULL},
};

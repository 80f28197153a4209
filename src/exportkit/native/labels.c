/* Label files of YOLO, judged in the form that nearly all rows have.

   The twin of the pattern in exportkit_yolo.label_file: rows `c cx cy w h`, fractions with six decimals. */
#include "native.h"

#include <stdint.h>
#include <string.h>

enum { MOST_CLASS_DIGITS = 9, ONE = 1000000, SLACK = 4, SMALL_FILE = 128 };

/* A class and four fractions in millionths. */
typedef struct {
    uint32_t values[5];
} Row;

static inline int is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

/* A class number without leading zeros. */
static const char *read_class(const char *p, uint32_t *number)
{
    const char *first = p;
    *number = 0;
    while (is_digit(*p) && p - first < MOST_CLASS_DIGITS)
        *number = *number * 10 + (uint32_t)(*p++ - '0');
    return p > first && !(*first == '0' && p - first > 1) && !is_digit(*p) ? p : NULL;
}

/* ` 0.123456` */
static const char *read_fraction(const char *p, uint32_t *millionths)
{
    if (p[0] != ' ' || (p[1] != '0' && p[1] != '1') || p[2] != '.')
        return NULL;
    uint32_t value = (uint32_t)(p[1] - '0');
    p += 3;
    for (int i = 0; i < 6; i++, p++) {
        if (!is_digit(*p))
            return NULL;
        value = value * 10 + (uint32_t)(*p - '0');
    }
    *millionths = value;
    return value <= ONE ? p : NULL;
}

/* Whether a side fits around its centre, but for what rounding to six decimals may add. */
static int fits(uint32_t centre, uint32_t side)
{
    return side > 0 && side <= 2 * centre + SLACK && side + 2 * centre <= 2 * ONE + SLACK;
}

static const char *read_row(const char *p, Row *row)
{
    p = read_class(p, &row->values[0]);
    for (int i = 1; p != NULL && i < 5; i++)
        p = read_fraction(p, &row->values[i]);
    if (p == NULL || *p != '\n' || !fits(row->values[1], row->values[3]) || !fits(row->values[2], row->values[4]))
        return NULL;
    return p + 1;
}

/* Whether no two rows are equal. The table has room for twice the rows and is zero. */
static int are_distinct(const Row *rows, size_t count, uint32_t *table, size_t size)
{
    for (size_t i = 0; i < count; i++) {
        uint64_t hash = 0;
        for (int k = 0; k < 5; k++)
            hash = (hash ^ rows[i].values[k]) * 0x9E3779B97F4A7C15u;
        size_t at = (hash ^ hash >> 32) & (size - 1);
        for (; table[at] != 0; at = (at + 1) & (size - 1))
            if (memcmp(&rows[table[at] - 1], &rows[i], sizeof(Row)) == 0)
                return 0;
        table[at] = (uint32_t)(i + 1);
    }
    return 1;
}

static PyObject *judged(const char *text, Py_ssize_t length, Row *rows, uint32_t *table, size_t size)
{
    size_t count = 0, top = 0;
    const char *p = text, *end = text + length;
    while (p < end) {
        p = read_row(p, &rows[count]);
        if (p == NULL)
            Py_RETURN_NONE;
        if (rows[count].values[0] > rows[top].values[0])
            top = count;
        count++;
    }
    if (count == 0 || !are_distinct(rows, count, table, size))
        Py_RETURN_NONE;
    return Py_BuildValue("(nIn)", (Py_ssize_t)count, (unsigned)rows[top].values[0], (Py_ssize_t)top + 1);
}

static PyObject *judge_detect_rows(PyObject *module, PyObject *data)
{
    (void)module;
    Row small_rows[SMALL_FILE], *rows = small_rows;
    uint32_t small_table[2 * SMALL_FILE], *table = small_table;
    if (!PyBytes_CheckExact(data)) {
        PyErr_SetString(PyExc_TypeError, "the content of a label file is bytes");
        return NULL;
    }
    const char *text = PyBytes_AS_STRING(data);
    Py_ssize_t length = PyBytes_GET_SIZE(data);
    /* The shortest row has 38 bytes. */
    size_t most = (size_t)length / 38 + 1, size = 2 * SMALL_FILE;
    if (most >= UINT32_MAX / 4)
        Py_RETURN_NONE;
    while (size < 2 * most)
        size *= 2;
    if (most > SMALL_FILE) {
        rows = PyMem_Malloc(most * sizeof(Row));
        table = PyMem_Malloc(size * sizeof *table);
    }
    PyObject *found = NULL;
    if (rows != NULL && table != NULL) {
        memset(table, 0, size * sizeof *table);
        found = judged(text, length, rows, table, size);
    } else {
        PyErr_NoMemory();
    }
    if (rows != small_rows)
        PyMem_Free(rows);
    if (table != small_table)
        PyMem_Free(table);
    return found;
}

PyMethodDef exportkit_label_methods[] = {
    {"judge_detect_rows", judge_detect_rows, METH_O,
     "(rows, highest class, its line) of a label file in the usual form without a fault; None for any other."},
    {NULL, NULL, 0, NULL},
};

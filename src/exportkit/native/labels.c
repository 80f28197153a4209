/* Label files of YOLO, judged in the form that nearly all rows have.

   The twin of the patterns in exportkit_yolo.label_file: rows `c cx cy w h`, with key points behind, or `c x1 y1 … xn yn`,
   all fractions with six decimals. */
#include "native.h"
#include "pieces.h"

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

/* ` 0.123456`, digit by digit. */
static const char *read_last_fraction(const char *p, uint32_t *millionths)
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

/* The same of a text that ends at `end`, all digits at once. */
static inline const char *read_fraction(const char *p, const char *end, uint32_t *millionths)
{
#if defined(__GNUC__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    const uint64_t lows = 0x7F7F7F7F7F7F7F7Fu;
    if (end - p >= 9) {
        uint64_t text;
        memcpy(&text, p + 1, sizeof text);
        /* What is left of digits and of the point in its place, and a highest bit for whatever is neither. */
        text ^= 0x3030303030302E30u;
        if (p[0] != ' ' || ((((text & lows) + 0x7676767676767F76u) | text) & ~lows) != 0)
            return NULL;
        text = text * 10 + (text >> 8);
        text = ((text & 0x000000FF000000FFu) * 0x000F424000000064u + (text >> 16 & 0x000000FF000000FFu) * 0x0000271000000001u) >> 32;
        /* The point counts as a zero between the whole and the fraction. */
        uint32_t value = (uint32_t)text;
        *millionths = value == 10 * ONE ? ONE : value;
        return *millionths <= ONE ? p + 9 : NULL;
    }
#endif
    (void)end;
    return read_last_fraction(p, millionths);
}

/* Whether a side fits around its centre, but for what rounding to six decimals may add. */
static int fits(uint32_t centre, uint32_t side)
{
    return side > 0 && side <= 2 * centre + SLACK && side + 2 * centre <= 2 * ONE + SLACK;
}

static const char *read_row(const char *p, const char *end, Row *row)
{
    p = read_class(p, &row->values[0]);
    for (int i = 1; p != NULL && i < 5; i++)
        p = read_fraction(p, end, &row->values[i]);
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
        p = read_row(p, end, &rows[count]);
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

/* -- rows of any length ----------------------------------------------------------------------------------- */

/* What the rows of a file have in common: so many key points, or outlines where there are none. */
typedef struct {
    Py_ssize_t keypoints;
} Form;

static const char *read_outline(const char *p, const char *end)
{
    uint32_t value;
    int numbers = 0;
    while (p != NULL && *p == ' ') {
        p = read_fraction(p, end, &value);
        numbers = numbers < 6 ? numbers + 1 : numbers == 6 ? 7 : 6;
    }
    return p != NULL && numbers == 6 ? p : NULL;
}

/* ` x y v`; a point that is not labelled lies at 0 0. */
static const char *read_keypoint(const char *p, const char *end)
{
    static const char none[] = " 0 0 0";
    uint32_t value;
    if (strncmp(p, none, sizeof none - 1) == 0)
        return p + sizeof none - 1;
    p = read_fraction(p, end, &value);
    p = p != NULL ? read_fraction(p, end, &value) : NULL;
    return p != NULL && p[0] == ' ' && (p[1] == '1' || p[1] == '2') ? p + 2 : NULL;
}

static const char *read_pose(const char *p, const char *end, Py_ssize_t points)
{
    uint32_t box[4];
    for (int i = 0; p != NULL && i < 4; i++)
        p = read_fraction(p, end, &box[i]);
    if (p == NULL || !fits(box[0], box[2]) || !fits(box[1], box[3]))
        return NULL;
    for (Py_ssize_t i = 0; p != NULL && i < points; i++)
        p = read_keypoint(p, end);
    return p;
}

static PyObject *judged_pieces(const char *text, Py_ssize_t length, const Form *form, size_t *starts)
{
    const char *p = text, *end = text + length;
    size_t count = 0, top_line = 0;
    uint32_t number, top = 0;
    while (p < end) {
        starts[count++] = (size_t)(p - text);
        p = read_class(p, &number);
        if (p != NULL)
            p = form->keypoints > 0 ? read_pose(p, end, form->keypoints) : read_outline(p, end);
        if (p == NULL || *p != '\n')
            Py_RETURN_NONE;
        p++;
        if (top_line == 0 || number > top) {
            top = number;
            top_line = count;
        }
    }
    starts[count] = (size_t)length;
    int distinct = count > 0 ? are_distinct_pieces(text, starts, count) : 0;
    if (distinct < 0)
        return NULL;
    if (!distinct)
        Py_RETURN_NONE;
    return Py_BuildValue("(nIn)", (Py_ssize_t)count, (unsigned)top, (Py_ssize_t)top_line);
}

static PyObject *judge_pieces(PyObject *data, const Form *form)
{
    enum { SHORTEST_ROW = 38, SMALL = 256 };
    size_t small[SMALL], *starts = small;
    if (!PyBytes_CheckExact(data)) {
        PyErr_SetString(PyExc_TypeError, "the content of a label file is bytes");
        return NULL;
    }
    Py_ssize_t length = PyBytes_GET_SIZE(data);
    size_t most = (size_t)length / SHORTEST_ROW + 3;
    if (most > SMALL && (starts = PyMem_Malloc(most * sizeof *starts)) == NULL)
        return PyErr_NoMemory();
    PyObject *found = judged_pieces(PyBytes_AS_STRING(data), length, form, starts);
    if (starts != small)
        PyMem_Free(starts);
    return found;
}

static PyObject *judge_outline_rows(PyObject *module, PyObject *data)
{
    static const Form outlines = {0};
    (void)module;
    return judge_pieces(data, &outlines);
}

static PyObject *judge_pose_rows(PyObject *module, PyObject *args)
{
    PyObject *data;
    Form form;
    (void)module;
    if (!PyArg_ParseTuple(args, "On", &data, &form.keypoints))
        return NULL;
    if (form.keypoints < 1) {
        PyErr_SetString(PyExc_ValueError, "a pose has at least one key point");
        return NULL;
    }
    return judge_pieces(data, &form);
}

PyMethodDef exportkit_label_methods[] = {
    {"judge_outline_rows", judge_outline_rows, METH_O,
     "As judge_detect_rows, of a file of outlines."},
    {"judge_pose_rows", judge_pose_rows, METH_VARARGS,
     "As judge_detect_rows, of a file of boxes with so many key points, each x, y and visibility."},
    {"judge_detect_rows", judge_detect_rows, METH_O,
     "(rows, highest class, its line) of a label file in the usual form without a fault; None for any other."},
    {NULL, NULL, 0, NULL},
};

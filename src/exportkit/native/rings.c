/* Rings of polygons, measured on their JSON text without a Python object for each number.

   The twin of what exportkit.records.region and exportkit.records.ring do for rings that need no care. */
#include "scan.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>

/* Areas that plain floats surely get right, in square pixels, and as a share of the squares that are summed. */
static const double SURE_AREA = 0.011, SURE_SHARE = 1e-7;
static const double COORDINATE_LIMIT = 1e6;

enum { SMALL_RING = 512 };

/* Least and greatest x and y, as the source wrote them; of equal ones the first least and the last greatest. */
typedef struct {
    Number left, top, right, bottom;
} Bounds;

typedef struct {
    double *x, *y;
    size_t count, room;
    double small[2 * SMALL_RING];
} Points;

static double value_of(const Number *number)
{
    return number->is_real ? number->real : (double)number->whole;
}

static int grow(Points *points)
{
    size_t room = points->room * 2;
    double *bigger = PyMem_Malloc(2 * room * sizeof(double));
    if (bigger == NULL) {
        PyErr_NoMemory();
        return 0;
    }
    memcpy(bigger, points->x, points->count * sizeof(double));
    memcpy(bigger + room, points->y, points->count * sizeof(double));
    if (points->x != points->small)
        PyMem_Free(points->x);
    points->x = bigger;
    points->y = bigger + room;
    points->room = room;
    return 1;
}

static void release(Points *points)
{
    if (points->x != points->small)
        PyMem_Free(points->x);
}

static void widen(Number *least, Number *greatest, const Number *number)
{
    double value = value_of(number);
    if (!least->set || value < value_of(least))
        *least = *number;
    if (!greatest->set || value >= value_of(greatest))
        *greatest = *number;
}

static int read_coordinate(Cursor *c, Number *number)
{
    if (!read_number(c, number))
        return 0;
    double value = value_of(number);
    return value >= -COORDINATE_LIMIT && value <= COORDINATE_LIMIT;
}

/* Reads `[x, y, …]`. */
static int read_ring(Cursor *c, Points *points, Bounds *bounds)
{
    Number x, y;
    points->count = 0;
    if (*c->p != '[')
        return 0;
    do {
        c->p++;
        skip_blanks(c);
        if (!read_coordinate(c, &x))
            return 0;
        skip_blanks(c);
        if (*c->p != ',')
            return 0;
        c->p++;
        skip_blanks(c);
        if (!read_coordinate(c, &y))
            return 0;
        skip_blanks(c);
        if (points->count == points->room && !grow(points))
            return 0;
        points->x[points->count] = value_of(&x);
        points->y[points->count++] = value_of(&y);
        widen(&bounds->left, &bounds->right, &x);
        widen(&bounds->top, &bounds->bottom, &y);
    } while (*c->p == ',');
    if (*c->p != ']')
        return 0;
    c->p++;
    return points->count >= 3;
}

static uint64_t hash_of(double x, double y)
{
    uint64_t a, b;
    x += 0.0; /* -0.0 equals 0.0 */
    y += 0.0;
    memcpy(&a, &x, sizeof a);
    memcpy(&b, &y, sizeof b);
    a = (a ^ (b << 31 | b >> 33)) * 0x9E3779B97F4A7C15u;
    return a ^ a >> 29;
}

/* Whether no two points are equal, neighbours or not. */
static int are_distinct(const Points *points)
{
    uint32_t small[4 * SMALL_RING], *table = small;
    size_t size = 64;
    while (size < 2 * points->count)
        size *= 2;
    if (points->count > UINT32_MAX / 4)
        return 0;
    if (size > sizeof small / sizeof *small && (table = PyMem_Malloc(size * sizeof *table)) == NULL) {
        PyErr_NoMemory();
        return 0;
    }
    memset(table, 0, size * sizeof *table);
    int distinct = 1;
    for (size_t i = 0; i < points->count && distinct; i++) {
        size_t at = hash_of(points->x[i], points->y[i]) & (size - 1);
        while (table[at] != 0 && distinct) {
            size_t other = table[at] - 1;
            distinct = points->x[other] != points->x[i] || points->y[other] != points->y[i];
            at = (at + 1) & (size - 1);
        }
        table[at] = (uint32_t)(i + 1);
    }
    if (table != small)
        PyMem_Free(table);
    return distinct;
}

/* The shoelace area of a ring, or 0 where plain floats are not sure of it. */
static double sure_area(const Points *points)
{
    double twice = 0, squares = 0, x0 = points->x[0], y0 = points->y[0];
    double ax = 0, ay = 0;
    for (size_t i = 1; i < points->count; i++) {
        double bx = points->x[i] - x0, by = points->y[i] - y0;
        twice += ax * by - ay * bx;
        squares += bx * bx + by * by;
        ax = bx;
        ay = by;
    }
    double area = fabs(twice) / 2;
    return area > SURE_AREA && area > SURE_SHARE * squares ? area : 0;
}

static PyObject *without_blanks(PyObject *text)
{
    const char *from = PyBytes_AS_STRING(text), *end = from + PyBytes_GET_SIZE(text);
    size_t blanks = 0;
    for (const char *p = from; p < end; p++)
        blanks += *p <= ' ';
    if (blanks == 0)
        return Py_NewRef(text);
    PyObject *compact = PyBytes_FromStringAndSize(NULL, end - from - (Py_ssize_t)blanks);
    if (compact == NULL)
        return NULL;
    char *out = PyBytes_AS_STRING(compact);
    for (const char *p = from; p < end; p++)
        if (*p > ' ')
            *out++ = *p;
    return compact;
}

static PyObject *measures_of(const Bounds *bounds, double area)
{
    PyObject *parts[] = {number_object(&bounds->left), number_object(&bounds->top), number_object(&bounds->right),
                         number_object(&bounds->bottom), PyFloat_FromDouble(area)};
    PyObject *made = parts[0] && parts[1] && parts[2] && parts[3] && parts[4]
                         ? PyTuple_Pack(5, parts[0], parts[1], parts[2], parts[3], parts[4])
                         : NULL;
    for (int i = 0; i < 5; i++)
        Py_XDECREF(parts[i]);
    return made;
}

/* Bounds of a further ring, joined as min() and max() of Python join those of several: the first of equal ones stays. */
static void join(Bounds *all, const Bounds *ring)
{
    if (!all->left.set) {
        *all = *ring;
        return;
    }
    if (value_of(&ring->left) < value_of(&all->left))
        all->left = ring->left;
    if (value_of(&ring->top) < value_of(&all->top))
        all->top = ring->top;
    if (value_of(&ring->right) > value_of(&all->right))
        all->right = ring->right;
    if (value_of(&ring->bottom) > value_of(&all->bottom))
        all->bottom = ring->bottom;
}

/* Reads `[ring, …]`; 0 where a ring needs care. */
static int read_rings(Cursor *c, Bounds *all, double *area, size_t *shortest)
{
    Points points = {.room = SMALL_RING};
    points.x = points.small;
    points.y = points.small + SMALL_RING;
    int good = *c->p == '[';
    while (good) {
        Bounds bounds = {0};
        double own;
        c->p++;
        skip_blanks(c);
        good = read_ring(c, &points, &bounds) && are_distinct(&points) && (own = sure_area(&points)) > 0;
        if (!good)
            break;
        join(all, &bounds);
        *area += own;
        if (*shortest == 0 || points.count < *shortest)
            *shortest = points.count;
        skip_blanks(c);
        if (*c->p != ',')
            break;
    }
    release(&points);
    if (!good || *c->p != ']')
        return 0;
    c->p++;
    return 1;
}

static PyObject *measure_rings(PyObject *module, PyObject *text)
{
    (void)module;
    if (!PyBytes_CheckExact(text)) {
        PyErr_SetString(PyExc_TypeError, "the text of rings is bytes");
        return NULL;
    }
    const char *start = PyBytes_AS_STRING(text);
    Cursor cursor = {start, start + PyBytes_GET_SIZE(text), NULL};
    Bounds bounds = {0};
    double area = 0;
    size_t shortest = 0;
    skip_blanks(&cursor);
    int good = read_rings(&cursor, &bounds, &area, &shortest);
    skip_blanks(&cursor);
    if (!good || cursor.p != cursor.end) {
        if (PyErr_Occurred())
            return NULL;
        Py_RETURN_NONE;
    }
    int has_exponent = memchr(start, 'e', (size_t)(cursor.end - start)) || memchr(start, 'E', (size_t)(cursor.end - start));
    PyObject *measures = measures_of(&bounds, area);
    PyObject *compact = has_exponent ? Py_NewRef(Py_None) : without_blanks(text);
    PyObject *made = measures && compact ? Py_BuildValue("(OOn)", measures, compact, (Py_ssize_t)shortest) : NULL;
    Py_XDECREF(measures);
    Py_XDECREF(compact);
    return made;
}

PyMethodDef exportkit_ring_methods[] = {
    {"measure_rings", measure_rings, METH_O,
     "Measures of all rings in JSON text, the text without blanks (None with exponents), and the points of the shortest ring;"
     " None where a ring needs care."},
    {NULL, NULL, 0, NULL},
};

/* Rings of polygons, measured on their JSON text without a Python object for each number.

   The twin of what exportkit.records.region and exportkit.records.ring do for rings that need no care. */
#include "rings.h"
#include "points.h"
#include "short_reals.h"

#include <math.h>
#include <stdlib.h>

/* Areas that plain floats surely get right, in square pixels, and as a share of the squares that are summed. */
static const double SURE_AREA = 0.011, SURE_SHARE = 1e-7;

enum { FIRST_POINTS = 512, FIRST_RINGS = 8, MOST_KEPT = 1 << 16, MOST_WALKED = 512 };

static int grow_points(Outline *outline, size_t least)
{
    size_t room = outline->room ? outline->room : FIRST_POINTS;
    while (room < least)
        room *= 2;
    double *x = PyMem_Realloc(outline->x, room * sizeof *x);
    if (x != NULL)
        outline->x = x;
    double *y = PyMem_Realloc(outline->y, room * sizeof *y);
    if (y != NULL)
        outline->y = y;
    if (x == NULL || y == NULL) {
        PyErr_NoMemory();
        return 0;
    }
    outline->room = room;
    return 1;
}

static int grow_rings(Outline *outline, size_t least)
{
    size_t room = outline->ring_room ? outline->ring_room : FIRST_RINGS;
    while (room < least)
        room *= 2;
    size_t *ends = PyMem_Realloc(outline->ends, room * sizeof *ends);
    if (ends == NULL) {
        PyErr_NoMemory();
        return 0;
    }
    outline->ends = ends;
    outline->ring_room = room;
    return 1;
}

int exportkit_outline_reserve(Outline *outline, size_t points, size_t rings)
{
    return (points <= outline->room || grow_points(outline, points)) &&
           (rings <= outline->ring_room || grow_rings(outline, rings));
}

void exportkit_outline_clear(Outline *outline)
{
    PyMem_Free(outline->x);
    PyMem_Free(outline->y);
    PyMem_Free(outline->ends);
    PyMem_Free(outline->table);
    memset(outline, 0, sizeof *outline);
}

/* Least and greatest value of one axis so far. */
typedef struct {
    double least, greatest;
} Range;

static const Range NOTHING = {INFINITY, -INFINITY};

static inline void widen(Range *range, Number *least, Number *greatest, const Number *number, double value)
{
    if (value < range->least) {
        range->least = value;
        *least = *number;
    }
    if (value >= range->greatest) {
        range->greatest = value;
        *greatest = *number;
    }
}

static inline int read_coordinate(Cursor *c, Number *number)
{
    if (read_short_real(c, &number->real)) {
        number->set = number->is_real = 1;
        return 1;
    }
    return read_number(c, number) && is_moderate(number);
}

/* Adds a point to the ring from `first` on, unless it repeats the one before. */
static inline int add_point(Outline *outline, size_t first, double x, double y)
{
    size_t count = outline->count;
    if (count > first && outline->x[count - 1] == x && outline->y[count - 1] == y) {
        outline->repeats = 1;
        return 1;
    }
    if (count == outline->room && !grow_points(outline, count + 1))
        return 0;
    outline->x[count] = x;
    outline->y[count] = y;
    outline->count++;
    return 1;
}

static void drop_closing(Outline *outline, size_t first)
{
    while (outline->count > first + 1 && outline->x[outline->count - 1] == outline->x[first] &&
           outline->y[outline->count - 1] == outline->y[first]) {
        outline->count--;
        outline->repeats = 1;
    }
}

/* Reads `[x, y, …]`. */
static int read_ring(Cursor *c, Outline *outline, Bounds *bounds)
{
    Number x, y;
    Range across = NOTHING, down = NOTHING;
    size_t first = outline->count;
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
        double left = value_of(&x), top = value_of(&y);
        if (!add_point(outline, first, left, top))
            return 0;
        widen(&across, &bounds->left, &bounds->right, &x, left);
        widen(&down, &bounds->top, &bounds->bottom, &y, top);
    } while (*c->p == ',');
    if (*c->p != ']')
        return 0;
    c->p++;
    drop_closing(outline, first);
    return outline->count - first >= 3;
}

/* Reads `[point, …]`. */
static int read_ring_of_points(Cursor *c, Outline *outline, Bounds *bounds)
{
    Point point;
    Range across = NOTHING, down = NOTHING;
    do {
        c->p++;
        skip_blanks(c);
        if (!read_point(c, &point))
            return 0;
        const Number *x = &point.x.number, *y = &point.y.number;
        if (!add_point(outline, 0, value_of(x), value_of(y)))
            return 0;
        widen(&across, &bounds->left, &bounds->right, x, value_of(x));
        widen(&down, &bounds->top, &bounds->bottom, y, value_of(y));
        skip_blanks(c);
    } while (*c->p == ',');
    if (*c->p != ']')
        return 0;
    c->p++;
    drop_closing(outline, 0);
    return outline->count >= 3;
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

/* Whether no two of the points from `first` on are equal, neighbours or not. */
static int are_distinct(Outline *outline, size_t first)
{
    size_t size = 64, count = outline->count - first;
    const double *xs = outline->x + first, *ys = outline->y + first;
    while (size < 2 * count)
        size *= 2;
    if (count > UINT32_MAX / 4)
        return 0;
    if (size > outline->table_room) {
        uint32_t *bigger = PyMem_Realloc(outline->table, size * sizeof *bigger);
        if (bigger == NULL) {
            PyErr_NoMemory();
            return 0;
        }
        outline->table = bigger;
        outline->table_room = size;
    }
    uint32_t *table = outline->table;
    memset(table, 0, size * sizeof *table);
    for (size_t i = 0; i < count; i++) {
        size_t at = hash_of(xs[i], ys[i]) & (size - 1);
        for (; table[at] != 0; at = (at + 1) & (size - 1))
            if (xs[table[at] - 1] == xs[i] && ys[table[at] - 1] == ys[i])
                return 0;
        table[at] = (uint32_t)(i + 1);
    }
    return 1;
}

/* The shoelace area of points, from which `squares` tells how far plain floats may be off. */
static double area_of(const double *xs, const double *ys, size_t count, double *squares)
{
    double twice = 0, x0 = xs[0], y0 = ys[0], ax = 0, ay = 0;
    for (size_t i = 1; i < count; i++) {
        double bx = xs[i] - x0, by = ys[i] - y0;
        twice += ax * by - ay * bx;
        *squares += bx * bx + by * by;
        ax = bx;
        ay = by;
    }
    return fabs(twice) / 2;
}

/* The shoelace area of the ring from `first` on, or 0 where plain floats are not sure of it. */
static double sure_area(const Outline *outline, size_t first)
{
    double squares = 0, area = area_of(outline->x + first, outline->y + first, outline->count - first, &squares);
    return area > SURE_AREA && area > SURE_SHARE * squares ? area : 0;
}

/* Whether a ring that passes points more than once surely covers something: the largest of the loops that it falls into has
   more area than the others can take from it. The twin of exportkit.records.ring.is_flat where nothing is doubtful. */
static int is_surely_filled(const Outline *outline, size_t first)
{
    double xs[MOST_WALKED], ys[MOST_WALKED], largest = 0, sum = 0, squares = 0;
    size_t walked = 0;
    if (outline->count - first > MOST_WALKED)
        return 0;
    for (size_t i = first; i <= outline->count; i++) {
        size_t place = 0;
        if (i < outline->count)
            while (place < walked && (xs[place] != outline->x[i] || ys[place] != outline->y[i]))
                place++;
        if (place < walked) {
            double area = area_of(xs + place, ys + place, walked - place, &squares);
            largest = fmax(largest, area);
            sum += area;
            walked = place;
        }
        if (i < outline->count) {
            xs[walked] = outline->x[i];
            ys[walked++] = outline->y[i];
        }
    }
    return 2 * largest - sum > SURE_AREA && 2 * largest - sum > SURE_SHARE * squares;
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

/* Judges the ring from `first` on and adds it to the polygon. */
static int take_ring(Outline *outline, size_t first, const Bounds *bounds)
{
    double own = 0;
    size_t points = outline->count - first;
    if (!((own = sure_area(outline, first)) > 0))
        return 0;
    if (!are_distinct(outline, first)) {
        if (PyErr_Occurred() || !is_surely_filled(outline, first))
            return 0;
        outline->meets = 1;
    }
    if (outline->rings == outline->ring_room && !grow_rings(outline, outline->rings + 1))
        return 0;
    outline->ends[outline->rings++] = outline->count;
    join(&outline->bounds, bounds);
    outline->area += own;
    if (outline->shortest == 0 || points < outline->shortest)
        outline->shortest = points;
    return 1;
}

static void start(Outline *outline)
{
    outline->count = outline->rings = outline->shortest = 0;
    outline->repeats = outline->meets = outline->in_points = 0;
    outline->area = 0;
    outline->bounds = (Bounds){0};
}

int exportkit_outline_read(Outline *outline, Cursor *c)
{
    start(outline);
    if (*c->p != '[')
        return 0;
    do {
        Bounds bounds = {0};
        size_t first = outline->count;
        c->p++;
        skip_blanks(c);
        if (!read_ring(c, outline, &bounds) || !take_ring(outline, first, &bounds))
            return 0;
        skip_blanks(c);
    } while (*c->p == ',');
    if (*c->p != ']')
        return 0;
    c->p++;
    return 1;
}

int exportkit_outline_read_points(Outline *outline, Cursor *c)
{
    Bounds bounds = {0};
    start(outline);
    outline->in_points = 1;
    return *c->p == '[' && read_ring_of_points(c, outline, &bounds) && take_ring(outline, 0, &bounds);
}

static PyObject *measure_rings(PyObject *module, PyObject *text)
{
    (void)module;
    if (!PyBytes_CheckExact(text)) {
        PyErr_SetString(PyExc_TypeError, "the text of rings is bytes");
        return NULL;
    }
    const char *start = PyBytes_AS_STRING(text);
    static Outline outline;
    Cursor cursor = {start, start + PyBytes_GET_SIZE(text), NULL};
    skip_blanks(&cursor);
    int good = exportkit_outline_read(&outline, &cursor);
    skip_blanks(&cursor);

    if (!good || outline.repeats || outline.meets || cursor.p != cursor.end) {
        if (outline.room > MOST_KEPT)
            exportkit_outline_clear(&outline);
        if (PyErr_Occurred())
            return NULL;
        Py_RETURN_NONE;
    }
    int has_exponent = memchr(start, 'e', (size_t)(cursor.end - start)) || memchr(start, 'E', (size_t)(cursor.end - start));
    PyObject *measures = measures_of(&outline.bounds, outline.area);
    PyObject *compact = has_exponent ? Py_NewRef(Py_None) : without_blanks(text);
    PyObject *made = measures && compact ? Py_BuildValue("(OOn)", measures, compact, (Py_ssize_t)outline.shortest) : NULL;
    Py_XDECREF(measures);
    Py_XDECREF(compact);
    if (outline.room > MOST_KEPT)
        exportkit_outline_clear(&outline);
    return made;
}

PyMethodDef exportkit_ring_methods[] = {
    {"measure_rings", measure_rings, METH_O,
     "Measures of all rings in JSON text, the text without blanks (None with exponents), and the points of the shortest ring;"
     " None where a ring needs care."},
    {NULL, NULL, 0, NULL},
};

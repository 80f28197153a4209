/* Seams between the rings of a polygon, and what they cost.

   The twin of exportkit_yolo.seams.join_rings, and of exportkit.records.overlap.iou for its result. */
#include "seams.h"

#include <math.h>

/* Pairs of points, and crossings of edges with rows of pixels, that are looked at here; the twin copes with more. */
enum { MOST_PAIRS = 1 << 18, MOST_CROSSINGS = 1 << 17, MOST_ROWS = 1 << 15, MOST_IN_ROW = 256 };

static int reserve(void **memory, size_t *room, size_t wanted, size_t size)
{
    if (wanted <= *room)
        return 1;
    void *bigger = PyMem_Realloc(*memory, 2 * wanted * size);
    if (bigger == NULL) {
        PyErr_NoMemory();
        return 0;
    }
    *memory = bigger;
    *room = 2 * wanted;
    return 1;
}

void exportkit_seam_clear(Seam *seam)
{
    PyMem_Free(seam->x);
    PyMem_Free(seam->numbers);
    PyMem_Free(seam->crossings);
    memset(seam, 0, sizeof *seam);
}

/* -- one ring ------------------------------------------------------------------------------------------------ */

/* Steps of the walk: the vertex of each, the step after it, and the first step at each vertex. Vertices are numbered in the
   order in which they are joined; `source` tells which point of the polygon each is. */
typedef struct {
    size_t *vertex, *after, *first, *source;
    size_t steps, vertices;
} Walk;

static size_t add_ring(Walk *walk, size_t begin, size_t size, size_t turn)
{
    size_t start = walk->steps;
    for (size_t i = 0; i < size; i++) {
        size_t number = walk->vertices++;
        walk->source[number] = begin + (turn + i) % size;
        walk->first[number] = walk->steps;
        walk->vertex[walk->steps] = number;
        walk->steps++;
        walk->after[walk->steps - 1] = walk->steps;
    }
    return start;
}

/* Ties the ring that begins at a point of the polygon. Of equally close pairs the one with the vertex that was joined first
   counts, then the first point of the new ring. */
static void tie(Walk *walk, const Outline *outline, size_t begin, size_t size)
{
    double least = INFINITY;
    size_t here = 0, there = 0;
    for (size_t v = 0; v < walk->vertices; v++) {
        double x = outline->x[walk->source[v]], y = outline->y[walk->source[v]];
        for (size_t i = 0; i < size; i++) {
            double dx = x - outline->x[begin + i], dy = y - outline->y[begin + i];
            double distance = dx * dx + dy * dy;
            if (distance < least) {
                least = distance;
                here = v;
                there = i;
            }
        }
    }
    size_t start = add_ring(walk, begin, size, there), back = walk->steps;
    walk->vertex[back] = walk->vertex[start];
    walk->vertex[back + 1] = here;
    walk->after[back] = back + 1;
    walk->after[back + 1] = walk->after[walk->first[here]];
    walk->after[back - 1] = back;
    walk->after[walk->first[here]] = start;
    walk->steps += 2;
}

static size_t pairs_of(const Outline *outline)
{
    size_t pairs = 0;
    for (size_t ring = 1; ring < outline->rings; ring++) {
        size_t begin = outline->ends[ring - 1], size = outline->ends[ring] - begin;
        if (begin > MOST_PAIRS || size > MOST_PAIRS)
            return SIZE_MAX;
        pairs += begin * size;
        if (pairs > MOST_PAIRS)
            return SIZE_MAX;
    }
    return pairs;
}

int exportkit_seam_tie(Seam *seam, const Outline *outline)
{
    size_t points = outline->count, steps = points + 2 * outline->rings;
    if (pairs_of(outline) == SIZE_MAX)
        return 0;
    if (!reserve((void **)&seam->x, &seam->point_room, 2 * steps, sizeof(double)) ||
        !reserve((void **)&seam->numbers, &seam->number_room, 2 * steps + 2 * points, sizeof(size_t)))
        return 0;
    seam->y = seam->x + steps;
    Walk walk = {seam->numbers, seam->numbers + steps, seam->numbers + 2 * steps, seam->numbers + 2 * steps + points, 0, 0};
    add_ring(&walk, 0, outline->ends[0], 0);
    walk.after[walk.steps - 1] = 0;
    for (size_t ring = 1; ring < outline->rings; ring++)
        tie(&walk, outline, outline->ends[ring - 1], outline->ends[ring] - outline->ends[ring - 1]);
    size_t step = 0;
    for (size_t i = 0; i < walk.steps; i++) {
        size_t point = walk.source[walk.vertex[step]];
        seam->x[i] = outline->x[point];
        seam->y[i] = outline->y[point];
        step = walk.after[step];
    }
    seam->count = walk.steps;
    return 1;
}

/* -- its pixels ---------------------------------------------------------------------------------------------- */

/* An edge that crosses the middles of the rows from `first` to before `last`, always downwards. */
typedef struct {
    long first, last;
    double x, y, run, fall;
} Side;

static int side_of(const Outline *outline, size_t from, size_t to, Side *side)
{
    if (!(outline->y[from] <= outline->y[to])) {
        size_t other = from;
        from = to;
        to = other;
    }
    side->x = outline->x[from];
    side->y = outline->y[from];
    side->run = outline->x[to] - side->x;
    side->fall = outline->y[to] - side->y;
    side->first = (long)ceil(side->y - 0.5);
    side->last = (long)ceil(outline->y[to] - 0.5);
    return side->first < side->last;
}

static void sort(double *values, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        double value = values[i];
        size_t at = i;
        for (; at > 0 && values[at - 1] > value; at--)
            values[at] = values[at - 1];
        values[at] = value;
    }
}

/* Columns from, and before which to. */
typedef struct {
    long from, to;
} Span;

static size_t spans_of(const double *crossings, size_t count, Span *spans)
{
    size_t found = 0;
    for (size_t i = 0; i + 1 < count; i += 2) {
        Span span = {(long)ceil(crossings[i] - 0.5), (long)ceil(crossings[i + 1] - 0.5)};
        if (span.from < span.to)
            spans[found++] = span;
    }
    return found;
}

/* Sorts spans and joins those that meet. */
static size_t joined(Span *spans, size_t count)
{
    size_t kept = 0;
    for (size_t i = 1; i < count; i++) {
        Span span = spans[i];
        size_t at = i;
        for (; at > 0 && spans[at - 1].from > span.from; at--)
            spans[at] = spans[at - 1];
        spans[at] = span;
    }
    for (size_t i = 0; i < count; i++) {
        if (kept > 0 && spans[i].from <= spans[kept - 1].to) {
            if (spans[i].to > spans[kept - 1].to)
                spans[kept - 1].to = spans[i].to;
        } else {
            spans[kept++] = spans[i];
        }
    }
    return kept;
}

static long length_of(const Span *spans, size_t count)
{
    long length = 0;
    for (size_t i = 0; i < count; i++)
        length += spans[i].to - spans[i].from;
    return length;
}

static long common_of(const Span *one, size_t ones, const Span *other, size_t others)
{
    long common = 0;
    for (size_t i = 0, j = 0; i < ones && j < others;) {
        long from = one[i].from > other[j].from ? one[i].from : other[j].from;
        long to = one[i].to < other[j].to ? one[i].to : other[j].to;
        if (from < to)
            common += to - from;
        if (one[i].to <= other[j].to)
            i++;
        else
            j++;
    }
    return common;
}

/* Crossings of all rings with all rows, row by row and within a row ring by ring. */
typedef struct {
    long top;
    size_t rows, rings;
    size_t *ends;      /* behind the last crossing of each ring in each row */
    double *crossings; /* in that order */
} Crossings;

static size_t next_of(size_t begin, size_t end, size_t point)
{
    return point + 1 < end ? point + 1 : begin;
}

static int find_crossings(Seam *seam, const Outline *outline, Crossings *found)
{
    Side side;
    long top = (long)floor(value_of(&outline->bounds.top)) - 1, bottom = (long)ceil(value_of(&outline->bounds.bottom)) + 1;
    if (bottom - top > MOST_ROWS || (size_t)(bottom - top) * outline->rings > MOST_CROSSINGS)
        return 0;
    found->top = top;
    found->rows = (size_t)(bottom - top);
    found->rings = outline->rings;
    size_t cells = found->rows * found->rings, total = 0;
    if (!reserve((void **)&seam->numbers, &seam->number_room, cells + 1, sizeof(size_t)))
        return 0;
    size_t *ends = found->ends = seam->numbers;
    memset(ends, 0, (cells + 1) * sizeof *ends);
    for (size_t ring = 0, begin = 0; ring < outline->rings; begin = outline->ends[ring++])
        for (size_t i = begin; i < outline->ends[ring]; i++)
            if (side_of(outline, i, next_of(begin, outline->ends[ring], i), &side)) {
                total += (size_t)(side.last - side.first);
                if (total > MOST_CROSSINGS)
                    return 0;
                for (long row = side.first; row < side.last; row++)
                    ends[(size_t)(row - top) * found->rings + ring]++;
            }
    if (!reserve((void **)&seam->crossings, &seam->crossing_room, total + 1, sizeof(double)))
        return 0;
    found->crossings = seam->crossings;
    for (size_t cell = 0, sum = 0; cell < cells; cell++) {
        size_t count = ends[cell];
        ends[cell] = sum;
        sum += count;
    }
    for (size_t ring = 0, begin = 0; ring < outline->rings; begin = outline->ends[ring++])
        for (size_t i = begin; i < outline->ends[ring]; i++)
            if (side_of(outline, i, next_of(begin, outline->ends[ring], i), &side))
                for (long row = side.first; row < side.last; row++)
                    found->crossings[ends[(size_t)(row - top) * found->rings + ring]++] =
                        side.x + ((double)row + 0.5 - side.y) * side.run / side.fall;
    return 1;
}

/* Adds the pixels of one row. A seam is walked there and back, so its crossings add none: the tied ring covers where the
   crossings of all rings together say so, the parts where those of any ring do. */
static int add_row(const Crossings *all, size_t row, double *common, double *united)
{
    Span parts[MOST_IN_ROW], tied[MOST_IN_ROW];
    double together[2 * MOST_IN_ROW];
    size_t first = row * all->rings, begin = first > 0 ? all->ends[first - 1] : 0;
    size_t count = all->ends[first + all->rings - 1] - begin, found = 0, met = 0;
    if (count > 2 * MOST_IN_ROW)
        return 0;
    for (size_t ring = 0, from = begin; ring < all->rings; from = all->ends[first + ring++]) {
        size_t own = all->ends[first + ring] - from;
        sort(all->crossings + from, own);
        found += spans_of(all->crossings + from, own, parts + found);
        met += own > 0;
    }
    found = joined(parts, found);
    long length = length_of(parts, found), both = length, other = length;
    if (met > 1) {
        memcpy(together, all->crossings + begin, count * sizeof *together);
        sort(together, count);
        size_t spans = joined(tied, spans_of(together, count, tied));
        other = length_of(tied, spans);
        both = common_of(parts, found, tied, spans);
    }
    *common += (double)both;
    *united += (double)(length + other - both);
    return 1;
}

int exportkit_seam_overlap(Seam *seam, const Outline *outline, double *iou)
{
    Crossings all;
    double common = 0, united = 0;
    if (!find_crossings(seam, outline, &all))
        return 0;
    for (size_t row = 0; row < all.rows; row++)
        if (!add_row(&all, row, &common, &united))
            return 0;
    *iou = common / united;
    return united > 0;
}

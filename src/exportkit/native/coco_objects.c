/* Entries of `annotations` in COCO files, judged in the form that nearly all have.

   The twin of exportkit_coco.rules.judge_object: an entry that is counted here has no finding there. */
#include "json_text.h"
#include "short_reals.h"

#include <math.h>

static const double EPS = 0.001;
/* A share of the area that settles the matter although it is computed in plain floats; and when such an area is sure. */
static const double SURELY_NEAR = 0.0098, SURE_SHARE = 1e-7;

/* No grid has more pixels, and no length more bits behind a group that another one follows. */
static const long long MOST_PIXELS = 1LL << 52;
enum { MOST_SHIFT = 50 };

/* What the entries of a piece tell. */
typedef struct {
    PyObject *sizes;  /* picture → (width, height) */
    PyObject *images; /* pictures that the counted entries name */
    PyObject *categories;
    PyObject *odd; /* (start, end) of entries that need a closer look */
    long long *ids;
    size_t count, room, segmented, bare;
    long long image; /* the picture of the entry before, and its size */
    int has_image;
    double width, height;
} Facts;

typedef struct {
    long long id, image, category, crowd;
    double bbox[4], area, exact;
    double left, top, right, bottom; /* of all rings */
    size_t rings;
    char has_runs;
    long long grid[2], filled, covered; /* height and width of a mask, its pixels by its lengths, and those that are set */
} Entry;

static int read_id(Cursor *c, long long *id)
{
    Number number;
    if (!read_number(c, &number) || number.is_real || number.whole < 0)
        return 0;
    *id = number.whole;
    return 1;
}

static inline int read_real(Cursor *c, double *value)
{
    Number number;
    if (read_short_real(c, value))
        return 1;
    if (!read_number(c, &number))
        return 0;
    *value = number.is_real ? number.real : (double)number.whole;
    return isfinite(*value);
}

/* Passes a comma or the end of a list: 1, 2 at the end, 0 for anything else. */
static inline int read_stop(Cursor *c)
{
    skip_blanks(c);
    int stop = *c->p == ',' ? 1 : *c->p == ']' ? 2 : 0;
    c->p += stop > 0;
    if (stop == 1)
        skip_blanks(c);
    return stop;
}

static int read_bbox(Cursor *c, double *bbox)
{
    if (*c->p != '[')
        return 0;
    c->p++;
    skip_blanks(c);
    for (int i = 0; i < 4; i++)
        if (!read_real(c, &bbox[i]) || read_stop(c) != (i < 3 ? 1 : 2))
            return 0;
    return 1;
}

static int read_one_ring(Cursor *c, Entry *entry)
{
    double x0 = 0, y0 = 0, ax = 0, ay = 0, twice = 0, squares = 0;
    double left = INFINITY, top = INFINITY, right = -INFINITY, bottom = -INFINITY;
    size_t points = 0;
    int stop = 1;
    if (*c->p != '[')
        return 0;
    c->p++;
    skip_blanks(c);
    while (stop == 1) {
        double x, y;
        if (!read_real(c, &x) || read_stop(c) != 1 || !read_real(c, &y) || !(stop = read_stop(c)))
            return 0;
        if (points++ == 0) {
            x0 = x;
            y0 = y;
        }
        double bx = x - x0, by = y - y0;
        twice += ax * by - ay * bx;
        squares += bx * bx + by * by;
        ax = bx;
        ay = by;
        left = x < left ? x : left;
        right = x > right ? x : right;
        top = y < top ? y : top;
        bottom = y > bottom ? y : bottom;
    }
    entry->left = fmin(entry->left, left);
    entry->right = fmax(entry->right, right);
    entry->top = fmin(entry->top, top);
    entry->bottom = fmax(entry->bottom, bottom);
    double area = fabs(twice) / 2;
    entry->exact += area;
    entry->rings++;
    return points >= 3 && area > SURE_SHARE * squares;
}

/* The next length of a mask, background first; a sum beyond all grids is refused. */
static int add_run(Entry *entry, long long length, int is_covered)
{
    if (length < 0 || length > MOST_PIXELS - entry->filled)
        return 0;
    entry->filled += length;
    entry->covered += is_covered ? length : 0;
    return 1;
}

static int read_run_list(Cursor *c, Entry *entry)
{
    int stop = 1;
    c->p++;
    skip_blanks(c);
    for (int covered = 0; stop == 1; covered = !covered) {
        long long length;
        if (!read_id(c, &length) || !add_run(entry, length, covered) || !(stop = read_stop(c)))
            return 0;
    }
    return 1;
}

/* Six bits a character from `0`: five of the length, the lowest first, and whether more follow. */
static int read_run_text(Cursor *c, Entry *entry)
{
    Span text;
    if (!read_span(c, &text) || !text.set)
        return 0;
    const char *p = text.s, *end = text.s + text.n;
    long long before[2] = {0, 0};
    for (size_t index = 0; p < end; index++) {
        unsigned long long value = 0;
        int shift = 0, bits = 32;
        while (bits & 32) {
            if (p == end || *p < '0' || *p > 'o' || shift > MOST_SHIFT || (*p == '\\' && (++p == end || *p != '\\')))
                return 0;
            bits = *p++ - '0';
            value |= (unsigned long long)(bits & 31) << shift;
            shift += 5;
        }
        long long length = (long long)(bits & 16 ? value - (1ULL << shift) : value);
        length += index > 2 ? before[index % 2] : 0;
        if (!add_run(entry, length, index % 2 == 1))
            return 0;
        before[index % 2] = length;
    }
    return 1;
}

static int read_runs(Cursor *c, Entry *entry)
{
    Span key;
    unsigned seen = 0;
    int count = 0, found;
    entry->has_runs = 1;
    enter(c);
    while ((found = next_member(c, &count, &key)) > 0) {
        int good = 0;
        if (IS(&key, "size") && once(&seen, 0) && *c->p == '[') {
            c->p++;
            skip_blanks(c);
            good = read_id(c, &entry->grid[0]) && read_stop(c) == 1 && read_id(c, &entry->grid[1]) && read_stop(c) == 2;
        } else if (IS(&key, "counts") && once(&seen, 1)) {
            good = *c->p == '[' ? read_run_list(c, entry) : *c->p == '"' && read_run_text(c, entry);
        }
        if (!good)
            return 0;
    }
    return found == 0 && seen == 3;
}

static int read_segmentation(Cursor *c, Entry *entry)
{
    int stop = 1;
    if (*c->p == '{')
        return read_runs(c, entry);
    if (*c->p != '[')
        return 0;
    c->p++;
    skip_blanks(c);
    if (*c->p == ']') {
        c->p++;
        return 1;
    }
    while (stop == 1)
        if (!read_one_ring(c, entry) || !(stop = read_stop(c)))
            return 0;
    return 1;
}

/* Keys of entries that say nothing about their geometry. */
static int is_unread(const Span *key)
{
    return key->plain && (IS(key, "attributes") || IS(key, "score") || IS(key, "source_id"));
}

static int read_entry(Cursor *c, Entry *entry)
{
    enum { ALL = (1 << 7) - 1 };
    Span key;
    unsigned seen = 0;
    int count = 0, found;
    if (!enter(c))
        return 0;
    while ((found = next_member(c, &count, &key)) > 0) {
        int good = IS(&key, "id")             ? once(&seen, 0) && read_id(c, &entry->id)
                   : IS(&key, "image_id")     ? once(&seen, 1) && read_id(c, &entry->image)
                   : IS(&key, "category_id")  ? once(&seen, 2) && read_id(c, &entry->category)
                   : IS(&key, "bbox")         ? once(&seen, 3) && read_bbox(c, entry->bbox)
                   : IS(&key, "area")         ? once(&seen, 4) && read_real(c, &entry->area)
                   : IS(&key, "iscrowd")      ? once(&seen, 5) && read_id(c, &entry->crowd)
                   : IS(&key, "segmentation") ? once(&seen, 6) && read_segmentation(c, entry)
                                              : is_unread(&key) && skip_value(c, 0);
        if (!good)
            return 0;
    }
    return found == 0 && (seen & ALL) == ALL;
}

/* Makes the picture of an entry the one whose size is known: 1; 0 for a picture that is not listed; -1 with an exception. */
static int find_picture(Facts *facts, long long image)
{
    if (facts->has_image && facts->image == image)
        return 1;
    PyObject *key = PyLong_FromLongLong(image);
    PyObject *size = key != NULL ? PyDict_GetItemWithError(facts->sizes, key) : NULL;
    int good = size != NULL && PyTuple_CheckExact(size) && PyTuple_GET_SIZE(size) == 2;
    if (good) {
        facts->width = PyFloat_AsDouble(PyTuple_GET_ITEM(size, 0));
        facts->height = PyFloat_AsDouble(PyTuple_GET_ITEM(size, 1));
        if (PyErr_Occurred() || PySet_Add(facts->images, key) < 0)
            good = 0;
    }
    Py_XDECREF(key);
    if (PyErr_Occurred())
        return -1;
    facts->image = image;
    facts->has_image = good;
    return good;
}

static int is_faultless(const Facts *facts, const Entry *entry)
{
    const double *box = entry->bbox;
    double right = facts->width + EPS, bottom = facts->height + EPS;
    if (!(box[2] > 0 && box[3] > 0 && box[0] >= -EPS && box[1] >= -EPS && box[0] + box[2] <= right && box[1] + box[3] <= bottom))
        return 0;
    if (entry->id < 1 || entry->crowd > entry->has_runs)
        return 0;
    if (entry->has_runs)
        return (double)entry->grid[0] == facts->height && (double)entry->grid[1] == facts->width &&
               (double)entry->grid[0] * (double)entry->grid[1] == (double)entry->filled && entry->area > 0 &&
               fabs(entry->area - (double)entry->covered) <= SURELY_NEAR * (double)entry->covered;
    if (entry->rings > 0 && !(entry->left >= -EPS && entry->top >= -EPS && entry->right <= right && entry->bottom <= bottom))
        return 0;
    double exact = entry->rings > 0 ? entry->exact : box[2] * box[3];
    return entry->area > 0 && fabs(entry->area - exact) <= SURELY_NEAR * exact;
}

static int count_entry(Facts *facts, const Entry *entry)
{
    if (facts->count == facts->room) {
        size_t room = 2 * facts->room + 1024;
        long long *bigger = PyMem_Realloc(facts->ids, room * sizeof *bigger);
        if (bigger == NULL) {
            PyErr_NoMemory();
            return 0;
        }
        facts->ids = bigger;
        facts->room = room;
    }
    facts->ids[facts->count++] = entry->id;
    int is_segmented = entry->rings > 0 || entry->has_runs;
    facts->segmented += (size_t)is_segmented;
    facts->bare += (size_t)!is_segmented;
    PyObject *category = PyLong_FromLongLong(entry->category);
    int failed = category == NULL || PySet_Add(facts->categories, category) < 0;
    Py_XDECREF(category);
    return !failed;
}

/* Judges the entry at the cursor: 1; 0 for text that is no entry at all; -1 with an exception. */
static int take_entry(Cursor *c, Facts *facts, const char *text)
{
    const char *start = c->p;
    Entry entry = {.left = INFINITY, .top = INFINITY, .right = -INFINITY, .bottom = -INFINITY};
    int good = read_entry(c, &entry) ? find_picture(facts, entry.image) : 0;
    if (good > 0 && is_faultless(facts, &entry))
        return count_entry(facts, &entry) ? 1 : -1;
    if (good < 0 || PyErr_Occurred())
        return -1;
    c->p = start;
    if (*start != '{' || !skip_value(c, 0))
        return PyErr_Occurred() ? -1 : 0;
    PyObject *span = Py_BuildValue("(nn)", (Py_ssize_t)(start - text), (Py_ssize_t)(c->p - text));
    int failed = span == NULL || PyList_Append(facts->odd, span) < 0;
    Py_XDECREF(span);
    return failed ? -1 : 1;
}

static int take_entries(Cursor *c, Facts *facts)
{
    const char *text = c->p;
    if (c->p == c->end)
        return 1;
    for (;;) {
        skip_blanks(c);
        int found = take_entry(c, facts, text);
        if (found <= 0)
            return found;
        skip_blanks(c);
        if (c->p == c->end)
            return 1;
        if (*c->p != ',')
            return 0;
        c->p++;
    }
}

static PyObject *judge_coco_objects(PyObject *module, PyObject *args)
{
    PyObject *data, *made = NULL;
    Facts facts = {0};
    (void)module;
    if (!PyArg_ParseTuple(args, "O!O!", &PyBytes_Type, &data, &PyDict_Type, &facts.sizes))
        return NULL;
    Cursor cursor = {PyBytes_AS_STRING(data), PyBytes_AS_STRING(data) + PyBytes_GET_SIZE(data), NULL};
    facts.images = PySet_New(NULL);
    facts.categories = PySet_New(NULL);
    facts.odd = PyList_New(0);
    int found = facts.images && facts.categories && facts.odd ? take_entries(&cursor, &facts) : -1;
    if (found > 0)
        made = Py_BuildValue("(y#OOnnO)", facts.count ? (const char *)facts.ids : "", (Py_ssize_t)(facts.count * sizeof *facts.ids), facts.images,
                             facts.categories, (Py_ssize_t)facts.segmented, (Py_ssize_t)facts.bare, facts.odd);
    else if (found < 0 && PyErr_ExceptionMatches(PyExc_ValueError)) {
        /* Text that is no UTF-8 is a matter for the twin; a lack of memory is not. */
        PyErr_Clear();
        found = 0;
    }
    if (found == 0)
        made = Py_NewRef(Py_None);
    Py_XDECREF(facts.images);
    Py_XDECREF(facts.categories);
    Py_XDECREF(facts.odd);
    PyMem_Free(facts.ids);
    return made;
}

PyMethodDef exportkit_coco_methods[] = {
    {"judge_coco_objects", judge_coco_objects, METH_VARARGS,
     "(ids as 64-bit integers, pictures, categories, with and without a region, places of the others) of the entries without a"
     " finding; None where the text is no list of entries."},
    {NULL, NULL, 0, NULL},
};

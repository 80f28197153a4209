/* Ordinary lines of the seed schema, read in one scan.

   The twin of exportkit.normalize.seed_fast.SeedFast: what is accepted here gives the same record or survey, and
   whatever is unusual is refused with None, so that the general way decides about it. */
#include "seed.h"
#include "seed_head.h"
#include "seed_run.h"
#include "number_runs.h"
#include "numbers.h"
#include "pieces.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

/* -- single values; each gives 1, or 0 for what is refused ---------------------------------------------------- */

/* Where the text of a short plain span is remembered, made if need be; NULL for any other span. Short texts repeat: they
   are names of classes and attributes. */
static Remembered *remembered(Reader *reader, const Span *span)
{
    if (!span->plain || span->n > REMEMBERED_BYTES)
        return NULL;
    uint32_t hash = 2166136261u;
    for (Py_ssize_t i = 0; i < span->n; i++)
        hash = (hash ^ (unsigned char)span->s[i]) * 16777619u;
    Remembered *place = &reader->remembered[(hash ^ hash >> 15) % REMEMBERED];
    PyObject *text = place->text;
    if (text != NULL && PyUnicode_GET_LENGTH(text) == span->n && memcmp(PyUnicode_DATA(text), span->s, (size_t)span->n) == 0)
        return place;
    PyObject *fresh = text_of(span);
    if (fresh == NULL)
        return NULL;
    Py_XSETREF(place->text, fresh);
    for (int kind = 0; kind < KINDS; kind++)
        Py_CLEAR(place->pairs[kind]);
    return place;
}

PyObject *exportkit_repeated_text(Reader *reader, const Span *span)
{
    Remembered *place = remembered(reader, span);
    if (place != NULL)
        return Py_NewRef(place->text);
    return PyErr_Occurred() ? NULL : text_of(span);
}

/* A coordinate, size or score within a million (formats, section 2.4). */
static int is_near(const Number *number)
{
    double value = number->is_real ? number->real : (double)number->whole;
    return value >= -1e6 && value <= 1e6;
}

static int read_whole(Cursor *c, long long *value)
{
    Number number;
    if (!read_number(c, &number) || number.is_real)
        return 0;
    *value = number.whole;
    return 1;
}

int exportkit_read_identity(Cursor *c, PyObject **out)
{
    Number number;
    Span span;
    if (*c->p == 'n')
        return TAKE(c, "null");
    PyObject *found;
    if (*c->p == '"') {
        if (!read_span(c, &span) || span.n == 0)
            return 0;
        if (out == NULL)
            return is_text(&span);
        found = text_of(&span);
    } else {
        if (!read_number(c, &number) || number.is_real)
            return 0;
        if (out == NULL)
            return 1;
        found = number_object(&number);
    }
    if (found == NULL)
        return 0;
    Py_XSETREF(*out, found);
    return 1;
}

static int read_optional_span(Cursor *c, Span *span)
{
    return *c->p == 'n' ? TAKE(c, "null") : read_span(c, span);
}

/* A filled text or null. */
static int read_filled_span(Cursor *c, Span *span)
{
    return read_optional_span(c, span) && !(span->set && span->n == 0);
}

static int read_flag(Cursor *c, int *flag)
{
    *flag = *c->p == 't';
    return *flag ? TAKE(c, "true") : TAKE(c, "false");
}

/* -- members of objects ------------------------------------------------------------------------------------- */

/* Passes over a member that nobody reads. A key in `left`, which ends with NULL, is one that the general way reads; so
   may be one with escapes. */
static int skip_unread(Cursor *c, const Span *key, const char *const *left)
{
    if (memchr(key->s, '\\', (size_t)key->n) != NULL || !is_text(key))
        return 0;
    for (; *left != NULL; left++)
        if (is_key(key, *left, strlen(*left)))
            return *c->p == 'n' && TAKE(c, "null");
    return skip_value(c, 0);
}

/* -- attributes --------------------------------------------------------------------------------------------- */

static int read_attributes(Cursor *c, int depth, PyObject **out);

static int read_scalar(Cursor *c, PyObject **out)
{
    Span span;
    Number number;
    PyObject *value = NULL;
    switch (*c->p) {
    case '"':
        if (!read_span(c, &span))
            return 0;
        if (out == NULL)
            return is_text(&span);
        value = exportkit_repeated_text(((Reader *)c->owner), &span);
        break;
    case 't':
        value = TAKE(c, "true") ? Py_NewRef(Py_True) : NULL;
        break;
    case 'f':
        value = TAKE(c, "false") ? Py_NewRef(Py_False) : NULL;
        break;
    case 'n':
        value = TAKE(c, "null") ? Py_NewRef(Py_None) : NULL;
        break;
    default:
        if (!read_number(c, &number))
            return 0;
        if (out == NULL)
            return 1;
        value = number_object(&number);
    }
    if (value == NULL)
        return 0;
    if (out != NULL)
        *out = value;
    else
        Py_DECREF(value);
    return 1;
}

static int read_scalars(Cursor *c, PyObject **out)
{
    PyObject *list = out != NULL ? PyList_New(0) : NULL, *value = NULL;
    if (out != NULL && list == NULL)
        return 0;
    c->p++;
    skip_blanks(c);
    if (*c->p == ']') {
        c->p++;
    } else {
        for (;;) {
            if (!read_scalar(c, out != NULL ? &value : NULL))
                goto refuse;
            if (out != NULL) {
                int failed = PyList_Append(list, value);
                Py_DECREF(value);
                if (failed)
                    goto refuse;
            }
            skip_blanks(c);
            if (*c->p == ']') {
                c->p++;
                break;
            }
            if (*c->p != ',')
                goto refuse;
            c->p++;
            skip_blanks(c);
        }
    }
    if (out != NULL)
        *out = list;
    return 1;
refuse:
    Py_XDECREF(list);
    return 0;
}

static int read_attribute(Cursor *c, int depth, PyObject **out)
{
    if (*c->p == '{')
        return depth == 0 && read_attributes(c, depth + 1, out);
    if (*c->p == '[')
        return depth == 0 && read_scalars(c, out);
    return read_scalar(c, out);
}

/* An object of scalars, of lists of scalars and of objects of scalars; deeper ones go the general way. */
static int read_attributes(Cursor *c, int depth, PyObject **out)
{
    PyObject *dict = NULL, *key, *value = NULL;
    Span name;
    int count = 0, found;
    if (!enter(c) || (out != NULL && (dict = PyDict_New()) == NULL))
        return 0;
    while ((found = next_member(c, &count, &name)) > 0) {
        if (out == NULL) {
            if (!is_text(&name) || !read_attribute(c, depth, NULL))
                return 0;
            continue;
        }
        key = exportkit_repeated_text(((Reader *)c->owner), &name);
        if (key == NULL)
            break;
        int failed = !read_attribute(c, depth, &value);
        if (!failed) {
            failed = PyDict_SetItem(dict, key, value) < 0;
            Py_DECREF(value);
        }
        Py_DECREF(key);
        if (failed)
            break;
    }
    if (found != 0) {
        Py_XDECREF(dict);
        return 0;
    }
    if (out != NULL)
        *out = dict;
    return 1;
}

/* -- regions ------------------------------------------------------------------------------------------------ */

/* Passes over arrays of numbers within each other. */
static int skip_rings(Cursor *c, int depth)
{
    c->p++;
    skip_blanks(c);
    if (*c->p == ']') {
        c->p++;
        return 1;
    }
    for (;;) {
        if (depth > 0) {
            c->p = skip_sure_numbers(c->p, c->end);
            skip_blanks(c);
        }
        if (*c->p == '[') {
            if (depth >= DEEPEST_REGION || !skip_rings(c, depth + 1))
                return 0;
        } else if (!skip_number(c)) {
            return 0;
        }
        if (*c->p != ',' && *c->p != ']')
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

/* Passes over arrays of numbers that were judged before: only brackets count. */
static int skip_judged_rings(Cursor *c)
{
    const char *p = c->p;
    int depth = 0;
    for (;;) {
#if defined(__SSE2__)
        while (c->end - p >= 16) {
            __m128i block = _mm_loadu_si128((const __m128i *)(const void *)p);
            /* Brackets, braces and letters lie above Z, and a quote begins a string; digits and signs are neither. */
            __m128i hits = _mm_or_si128(_mm_cmpgt_epi8(block, _mm_set1_epi8('Z')), _mm_cmpeq_epi8(block, _mm_set1_epi8('"')));
            int mask = _mm_movemask_epi8(hits);
            if (mask != 0) {
                p += __builtin_ctz((unsigned)mask);
                break;
            }
            p += 16;
        }
#endif
        switch (*p) {
        case '[':
            depth++;
            break;
        case ']':
            if (--depth == 0) {
                c->p = p + 1;
                return 1;
            }
            break;
        case '"': case '{': case '}': case 0:
            return 0;
        default:
            break;
        }
        p++;
    }
}

static int is_whole_run(const char *p, const char *stop)
{
    return p < stop;
}

/* Run lengths {size, counts}; both stay unread. */
static int read_rle(Cursor *c, Region *region)
{
    Span key, text;
    unsigned seen = 0;
    int count = 0, found;
    enter(c);
    while ((found = next_member(c, &count, &key)) > 0) {
        const char *start = c->p;
        if (IS(&key, "size")) {
            if (!once(&seen, 0) || *c->p != '[' || !skip_rings(c, 0))
                return 0;
            region->start = start;
            region->stop = c->p;
        } else if (IS(&key, "counts")) {
            if (!once(&seen, 1))
                return 0;
            if (*c->p == '[' ? !skip_rings(c, 0) : !(read_span(c, &text) && is_text(&text)))
                return 0;
            region->counts = start;
            region->counts_stop = c->p;
        } else {
            return 0;
        }
    }
    region->kind = MASK;
    return found == 0 && is_whole_run(region->start, region->stop) && is_whole_run(region->counts, region->counts_stop);
}

static int read_region(Cursor *c, Region *region, int judged)
{
    region->start = c->p;
    if (*c->p == 'n')
        return TAKE(c, "null");
    if (*c->p == '{')
        return read_rle(c, region);
    if (*c->p != '[')
        return 0;
    const char *inner = c->p + 1;
    if (!(judged && skip_judged_rings(c)) && !skip_rings(c, 0))
        return 0;
    region->stop = c->p;
    while (*inner == ' ' || *inner == '\t' || *inner == '\r' || *inner == '\n')
        inner++;
    region->kind = *inner == ']' ? BOX : POLYGON;
    return 1;
}

/* -- annotations -------------------------------------------------------------------------------------------- */

static void clear_source(Source *source)
{
    Py_CLEAR(source->id);
    Py_CLEAR(source->area);
    Py_CLEAR(source->score);
    Py_CLEAR(source->group);
    Py_CLEAR(source->track);
    Py_CLEAR(source->frame);
    Py_CLEAR(source->attributes);
}

static int read_box(Cursor *c, Source *source)
{
    if (*c->p == 'n')
        return TAKE(c, "null");
    if (*c->p != '[')
        return 0;
    c->p++;
    for (int i = 0; i < 4; i++) {
        skip_blanks(c);
        if (!read_number(c, &source->box[i]) || !is_near(&source->box[i]))
            return 0;
        skip_blanks(c);
        if (*c->p != (i < 3 ? ',' : ']'))
            return 0;
        c->p++;
    }
    source->has_box = 1;
    return 1;
}

/* true, false, 0 or 1. */
static int read_crowd(Cursor *c, int *flag)
{
    if (*c->p == 't' || *c->p == 'f')
        return read_flag(c, flag);
    long long value;
    if (!read_whole(c, &value) || value < 0 || value > 1)
        return 0;
    *flag = (int)value;
    return 1;
}

typedef enum { ANY, NEAR, COUNT } NumberRule;

/* A number by its rule or null; made where `out` is not NULL. */
static int read_measure(Cursor *c, NumberRule rule, PyObject **out)
{
    Number number;
    if (*c->p == 'n')
        return TAKE(c, "null");
    if (!read_number(c, &number) || (rule == NEAR && !is_near(&number)) ||
        (rule == COUNT && (number.is_real || number.whole < 0)))
        return 0;
    return out == NULL || (*out = number_object(&number)) != NULL;
}

/* The declared area or null. */
static int read_declared(Cursor *c, Number *number)
{
    return *c->p == 'n' ? TAKE(c, "null") : read_number(c, number);
}

static int read_source_attributes(Cursor *c, PyObject **out)
{
    if (*c->p == 'n')
        return TAKE(c, "null");
    if (!read_attributes(c, 0, out))
        return 0;
    if (out != NULL && PyDict_GET_SIZE(*out) == 0)
        Py_CLEAR(*out);
    return 1;
}

/* As read_source_attributes, with one dict for all texts that are equal. */
static int read_known_attributes(Cursor *c, PyObject **out)
{
    const char *start = c->p;
    Reader *reader = c->owner;
    if (!read_source_attributes(c, NULL))
        return 0;
    Py_ssize_t size = c->p - start;
    if (*start == 'n')
        return 1;
    RememberedAttributes *place = &reader->attributes[hash_of_piece(start, (size_t)size) % REMEMBERED_ATTRIBUTE_TEXTS];
    if (place->dict != NULL && place->size == size && memcmp(place->text, start, (size_t)size) == 0) {
        *out = PyDict_GET_SIZE(place->dict) > 0 ? Py_NewRef(place->dict) : NULL;
        return 1;
    }
    PyObject *dict;
    c->p = start;
    if (!read_attributes(c, 0, &dict))
        return 0;
    if (size <= LONGEST_ATTRIBUTES) {
        Py_XSETREF(place->dict, Py_NewRef(dict));
        place->size = size;
        memcpy(place->text, start, (size_t)size);
    }
    if (PyDict_GET_SIZE(dict) > 0)
        *out = dict;
    else
        Py_DECREF(dict);
    return 1;
}

/* Keys that decide about kind or geometry. */
static const char *const left_of_source[] = {"type", "kind", "tool", "box", "obb", "polygon", "polygons", "points", "holes",
                                             "rle", "mask", "keypoint_names", "skeleton", NULL};

/* The turn of a box, or null. */
static int read_rotation(Cursor *c, Source *source)
{
    if (*c->p == 'n')
        return TAKE(c, "null");
    return ((Reader *)c->owner)->rotated != Py_None && read_number(c, &source->rotation) && is_near(&source->rotation);
}

int exportkit_read_triplet(Cursor *c, Number *numbers)
{
    for (int i = 0; i < 3; i++) {
        skip_blanks(c);
        if (!read_number(c, &numbers[i]) || !is_near(&numbers[i]))
            return 0;
        skip_blanks(c);
        if (*c->p != ',' && !(i == 2 && *c->p == ']'))
            return 0;
        if (i < 2)
            c->p++;
    }
    return !numbers[2].is_real && numbers[2].whole >= 0 && numbers[2].whole <= 2;
}

/* One point of a flat list as an object, and the comma or bracket behind it. */
static int made_triplet(Cursor *c, PyObject **out)
{
    Number numbers[3];
    if (!exportkit_read_triplet(c, numbers))
        return 0;
    if (numbers[2].whole == 0)
        numbers[0] = numbers[1] = (Number){.set = 1};
    PyObject *x = number_object(&numbers[0]), *y = number_object(&numbers[1]), *v = PyLong_FromLongLong(numbers[2].whole);
    *out = x != NULL && y != NULL && v != NULL ? PyTuple_Pack(3, x, y, v) : NULL;
    Py_XDECREF(x);
    Py_XDECREF(y);
    Py_XDECREF(v);
    return *out != NULL;
}

/* Key points as a flat list of x, y and visibility, or null. */
static int read_keypoints(Cursor *c, Source *source)
{
    if (*c->p == 'n')
        return TAKE(c, "null");
    if (((Reader *)c->owner)->keypoints == Py_None || *c->p != '[')
        return 0;
    source->points = c->p;
    do {
        c->p++;
        Number numbers[3];
        if (!exportkit_read_triplet(c, numbers))
            return 0;
        source->point_count++;
    } while (*c->p == ',');
    c->p++;
    return 1;
}

/* One member of an annotation. Only kind and class are wanted where nothing is built. */
static int read_source_member(Cursor *c, const Span *key, Source *source, unsigned *seen, const Want *want)
{
    /* A run tells only whether there are such things. */
    int build = want->build, whole = build && want->run == NULL;
#define READ(name, number, reading)                                                                                     \
    if (IS(key, name))                                                                                                  \
    return once(seen, number) && (reading)
#define OUT(field) (build ? &source->field : NULL)
    switch (key->n) {
    case 2:
        READ("id", 0, (source->identity = c->p) && exportkit_read_identity(c, whole ? &source->id : NULL));
        break;
    case 4:
        READ("bbox", 1, read_box(c, source));
        READ("area", 2, whole ? read_measure(c, ANY, &source->area) : read_declared(c, &source->declared));
        break;
    case 5:
        READ("score", 3, read_measure(c, NEAR, OUT(score)));
        READ("frame", 4, read_measure(c, COUNT, OUT(frame)));
        break;
    case 7:
        READ("iscrowd", 5, read_crowd(c, &source->iscrowd));
        break;
    case 8:
        READ("category", 6, read_span(c, &source->label));
        READ("group_id", 7, exportkit_read_identity(c, OUT(group)));
        READ("track_id", 8, exportkit_read_identity(c, OUT(track)));
        READ("occluded", 9, read_flag(c, &source->occluded));
        READ("rotation", 14, read_rotation(c, source));
        break;
    case 9:
        READ("keypoints", 15, read_keypoints(c, source));
        READ("difficult", 10, read_flag(c, &source->difficult));
        READ("truncated", 11, read_flag(c, &source->truncated));
        break;
    case 10:
        READ("attributes", 12, want->run != NULL ? read_known_attributes(c, &source->attributes)
                                                  : read_source_attributes(c, OUT(attributes)));
        break;
    case 12:
        READ("segmentation", 13, read_region(c, &source->region, want->judged));
        break;
    default:
        break;
    }
    return skip_unread(c, key, left_of_source);
#undef OUT
#undef READ
}

/* The kind by the first geometry that is there (formats, section 1.3); 0 where there is none or its middle needs care. */
static int find_kind(Source *source)
{
    static const double turn = 6.283185307179586, no_turn = 1e-9;
    source->kind = source->points != NULL ? KEYPOINTS : source->region.kind;
    if (source->points != NULL && source->region.kind != BOX)
        return 0;
    if (source->kind != BOX)
        return 1;
    if (!source->has_box)
        return 0;
    if (!source->rotation.set || fabs(remainder(value_of(&source->rotation), turn)) <= no_turn)
        return 1;
    source->kind = ROTATED;
    const Number *box = source->box;
    return round_six(value_of(&box[0]) + value_of(&box[2]) / 2, &source->cx) &&
           round_six(value_of(&box[1]) + value_of(&box[3]) / 2, &source->cy);
}

static int read_source(Cursor *c, Source *source, const Want *want)
{
    Span key;
    unsigned seen = 0;
    int count = 0, found;
    if (!enter(c))
        return 0;
    while ((found = next_member(c, &count, &key)) > 0)
        if (!read_source_member(c, &key, source, &seen, want))
            return 0;
    /* Without geometry the general way says what is missing; a class that is not named, it chooses. */
    return found == 0 && source->label.set && find_kind(source);
}

static int is_blank(PyObject *text)
{
    Py_ssize_t size = PyUnicode_GET_LENGTH(text);
    for (Py_ssize_t i = 0; i < size; i++)
        if (!Py_UNICODE_ISSPACE(PyUnicode_READ_CHAR(text, i)))
            return 0;
    return 1;
}

/* The class name as a new reference; NULL for one that is no name. */
static PyObject *label_of(Cursor *c, const Source *source)
{
    PyObject *label = exportkit_repeated_text(((Reader *)c->owner), &source->label);
    if (label != NULL && is_blank(label))
        Py_CLEAR(label);
    return label;
}

static PyObject *made_box(Reader *reader, const Number *box)
{
    PyObject *args[5] = {NULL}, *made = NULL;
    int count = 0;
    while (count < 4 && (args[count + 1] = number_object(&box[count])) != NULL)
        count++;
    if (count == 4)
        made = PyObject_Vectorcall(reader->box, args + 1, 4 | PY_VECTORCALL_ARGUMENTS_OFFSET, NULL);
    for (int i = 1; i <= 4; i++)
        Py_XDECREF(args[i]);
    return made;
}

/* {"size":…,"counts":…} with both values as the source wrote them. */
static PyObject *rle_text(const Region *region)
{
    static const char first[] = "{\"size\":", second[] = ",\"counts\":";
    Py_ssize_t size = region->stop - region->start, counts = region->counts_stop - region->counts;
    Py_ssize_t fixed = (Py_ssize_t)(sizeof first + sizeof second - 2) + 1;
    PyObject *text = PyBytes_FromStringAndSize(NULL, fixed + size + counts);
    if (text == NULL)
        return NULL;
    char *out = PyBytes_AS_STRING(text);
    memcpy(out, first, sizeof first - 1);
    memcpy(out += sizeof first - 1, region->start, (size_t)size);
    memcpy(out += size, second, sizeof second - 1);
    memcpy(out += sizeof second - 1, region->counts, (size_t)counts);
    out[counts] = '}';
    return text;
}

static PyObject *made_region(Reader *reader, const Region *region)
{
    PyObject *source = region->kind == POLYGON
                           ? PyBytes_FromStringAndSize(region->start, region->stop - region->start)
                           : rle_text(region);
    if (source == NULL)
        return NULL;
    PyObject *args[] = {NULL, source, region->kind == POLYGON ? reader->rings : reader->rle};
    PyObject *made = PyObject_Vectorcall(reader->region, args + 1, 2 | PY_VECTORCALL_ARGUMENTS_OFFSET, NULL);
    Py_DECREF(source);
    return made;
}

static inline PyObject *or_none(PyObject *object)
{
    return object != NULL ? object : Py_None;
}

static inline PyObject *flag_object(int flag)
{
    return flag ? Py_True : Py_False;
}

/* A rounded number as Python has it: an int where it is whole. */
static PyObject *rounded_object(double value)
{
    return value == floor(value) ? PyLong_FromDouble(value) : PyFloat_FromDouble(value);
}

static PyObject *made_rotated(Reader *reader, const Source *source)
{
    PyObject *parts[] = {NULL,
                         rounded_object(source->cx),
                         rounded_object(source->cy),
                         number_object(&source->box[2]),
                         number_object(&source->box[3]),
                         number_object(&source->rotation)};
    PyObject *made = NULL;
    if (parts[1] && parts[2] && parts[3] && parts[4] && parts[5])
        made = PyObject_Vectorcall(reader->rotated, parts + 1, 5 | PY_VECTORCALL_ARGUMENTS_OFFSET, NULL);
    for (int i = 1; i <= 5; i++)
        Py_XDECREF(parts[i]);
    return made;
}

static PyObject *made_keypoints(Reader *reader, const Source *source)
{
    Cursor cursor = {source->points, NULL, NULL};
    PyObject *points = PyTuple_New(source->point_count), *made = NULL, *point = NULL;
    Py_ssize_t count = 0;
    for (; points != NULL && count < source->point_count; count++) {
        cursor.p++;
        if (!made_triplet(&cursor, &point))
            break;
        PyTuple_SET_ITEM(points, count, point);
    }
    if (points != NULL && count == source->point_count)
        made = PyObject_CallOneArg(reader->keypoints, points);
    Py_XDECREF(points);
    return made;
}

static PyObject *made_geometry(Reader *reader, const Source *source)
{
    return source->kind == ROTATED ? made_rotated(reader, source)
           : source->kind == KEYPOINTS ? made_keypoints(reader, source)
                                       : Py_NewRef(Py_None);
}

static PyObject *made_annotation(Cursor *c, const Source *source, Py_ssize_t index)
{
    Reader *reader = ((Reader *)c->owner);
    PyObject *made = NULL, *number = PyLong_FromSsize_t(index), *label = label_of(c, source), *box = NULL, *region = NULL;
    PyObject *geometry = number != NULL && label != NULL ? made_geometry(reader, source) : NULL;
    if (geometry == NULL)
        goto done;
    if (source->has_box && source->kind != ROTATED && (box = made_box(reader, source->box)) == NULL)
        goto done;
    if (source->region.kind != BOX && (region = made_region(reader, &source->region)) == NULL)
        goto done;
    PyObject *args[] = {
        NULL, number, reader->kinds[source->kind], label, or_none(box), or_none(region), geometry,
        or_none(source->id), flag_object(source->iscrowd), flag_object(source->difficult), flag_object(source->truncated),
        flag_object(source->occluded), or_none(source->area), or_none(source->score), or_none(source->group),
        or_none(source->track), or_none(source->frame), or_none(source->attributes),
    };
    made = PyObject_Vectorcall(reader->annotation, args + 1, 17 | PY_VECTORCALL_ARGUMENTS_OFFSET, NULL);
done:
    Py_XDECREF(number);
    Py_XDECREF(label);
    Py_XDECREF(geometry);
    Py_XDECREF(box);
    Py_XDECREF(region);
    return made;
}

/* The pair (kind, class) that a survey counts. */
static PyObject *made_pair(Cursor *c, const Source *source)
{
    int kind = source->kind;
    Remembered *place = remembered(((Reader *)c->owner), &source->label);
    if (place != NULL && place->pairs[kind] != NULL)
        return Py_NewRef(place->pairs[kind]);
    PyObject *label = label_of(c, source);
    if (label == NULL)
        return NULL;
    PyObject *pair = PyTuple_Pack(2, ((Reader *)c->owner)->kinds[kind], label);
    Py_DECREF(label);
    if (pair != NULL && place != NULL)
        place->pairs[kind] = Py_NewRef(pair);
    return pair;
}

/* The skeleton of so many points without names, borrowed. */
static PyObject *skeleton_of(Reader *reader, Py_ssize_t points)
{
    PyObject *count = PyLong_FromSsize_t(points), *found = NULL;
    if (count != NULL && (found = PyDict_GetItemWithError(reader->skeletons, count)) == NULL && !PyErr_Occurred()) {
        PyObject *made = PyObject_CallOneArg(reader->skeleton, count);
        if (made != NULL && PyDict_SetItem(reader->skeletons, count, made) == 0)
            found = made;
        Py_XDECREF(made); /* the table holds it */
    }
    Py_XDECREF(count);
    return found;
}

/* Notes class and skeleton of an object with key points, whose pair of kind and class was made. */
static int note_skeleton(Reader *reader, const Source *source, PyObject *pair, PyObject **skeletons)
{
    PyObject *skeleton = skeleton_of(reader, source->point_count);
    if (skeleton == NULL || (*skeletons == NULL && (*skeletons = PyList_New(0)) == NULL))
        return 0;
    PyObject *entry = PyTuple_Pack(2, PyTuple_GET_ITEM(pair, 1), skeleton);
    int failed = entry == NULL || PyList_Append(*skeletons, entry) < 0;
    Py_XDECREF(entry);
    return !failed;
}

/* Adds an annotation or a pair to the list, or to the run. */
static int keep_source(Cursor *c, const Want *want, const Source *source, PyObject *list, PyObject **skeletons)
{
    if (want->run != NULL)
        return exportkit_add_entry(want->run, source);
    PyObject *made = want->build ? made_annotation(c, source, PyList_GET_SIZE(list)) : made_pair(c, source);
    int good = made != NULL && PyList_Append(list, made) == 0 &&
               (want->build || source->kind != KEYPOINTS || note_skeleton((Reader *)c->owner, source, made, skeletons));
    Py_XDECREF(made);
    return good;
}

/* All annotations as a list of annotations or pairs, an empty one where a run takes them; `count` is their number. */
static PyObject *read_annotations(Cursor *c, const Want *want, PyObject **skeletons, Py_ssize_t *count)
{
    if (*c->p != '[')
        return NULL;
    PyObject *list = PyList_New(0);
    c->p++;
    skip_blanks(c);
    if (list == NULL || *c->p == ']') {
        c->p++;
        return list;
    }
    for (;;) {
        Source source = {0};
        int good = read_source(c, &source, want) && keep_source(c, want, &source, list, skeletons);
        clear_source(&source);
        if (!good)
            break;
        ++*count;
        skip_blanks(c);
        if (*c->p == ']') {
            c->p++;
            return list;
        }
        if (*c->p != ',')
            break;
        c->p++;
        skip_blanks(c);
    }
    Py_DECREF(list);
    return NULL;
}

/* -- the line ------------------------------------------------------------------------------------------------ */

void exportkit_clear_line(Line *line)
{
    Py_CLEAR(line->id);
    Py_CLEAR(line->other_id);
    Py_CLEAR(line->contents);
    Py_CLEAR(line->status);
    Py_CLEAR(line->skeletons);
    Py_CLEAR(line->group);
    Py_CLEAR(line->unit_group);
    Py_CLEAR(line->data_group);
}

/* Keys that turn a line into another shape. */
static const char *const left_of_line[] = {"file", "files", NULL};
static const char *const left_of_unit[] = {"files", NULL};
static const char *const left_of_data[] = {"annotation_data", "data_unit", NULL};
static const char *const left_of_nothing[] = {NULL};

static int read_side(Cursor *c, long long *value, char *has)
{
    if (*c->p == 'n')
        return TAKE(c, "null");
    *has = 1;
    return read_whole(c, value);
}

static int read_meta(Cursor *c, Size *size)
{
    Span key;
    unsigned seen = 0;
    int count = 0, found;
    if (*c->p == 'n')
        return TAKE(c, "null");
    if (!enter(c))
        return 0;
    while ((found = next_member(c, &count, &key)) > 0) {
        int good = IS(&key, "width")    ? once(&seen, 0) && read_side(c, &size->width, &size->has_width)
                   : IS(&key, "height") ? once(&seen, 1) && read_side(c, &size->height, &size->has_height)
                                        : skip_unread(c, &key, left_of_nothing);
        if (!good)
            return 0;
    }
    return found == 0;
}

static int read_unit(Cursor *c, Line *line)
{
    Span key;
    unsigned seen = 0;
    int count = 0, found;
    if (*c->p == 'n')
        return TAKE(c, "null");
    if (!enter(c))
        return 0;
    while ((found = next_member(c, &count, &key)) > 0) {
        int good = IS(&key, "id")       ? once(&seen, 0) && exportkit_read_identity(c, NULL)
                   : IS(&key, "name")   ? once(&seen, 1) && read_optional_span(c, &line->unit_name)
                   : IS(&key, "width")  ? once(&seen, 2) && read_side(c, &line->unit_size.width, &line->unit_size.has_width)
                   : IS(&key, "height") ? once(&seen, 3) && read_side(c, &line->unit_size.height, &line->unit_size.has_height)
                   : IS(&key, "split")  ? once(&seen, 4) && read_filled_span(c, &line->unit_split)
                   : IS(&key, "group")  ? once(&seen, 5) && exportkit_read_identity(c, &line->unit_group)
                                        : skip_unread(c, &key, left_of_unit);
        if (!good)
            return 0;
    }
    return found == 0;
}

static int read_data(Cursor *c, Line *line, const Want *want)
{
    Span key;
    unsigned seen = 0;
    int count = 0, found;
    if (!enter(c))
        return 0;
    while ((found = next_member(c, &count, &key)) > 0) {
        int good = IS(&key, "annotations") ? once(&seen, 0) && (line->contents = read_annotations(c, want, &line->skeletons, &line->annotations)) != NULL
                   : IS(&key, "split")     ? once(&seen, 1) && read_filled_span(c, &line->data_split)
                   : IS(&key, "group")     ? once(&seen, 2) && exportkit_read_identity(c, &line->data_group)
                                           : skip_unread(c, &key, left_of_data);
        if (!good)
            return 0;
    }
    return found == 0 && line->contents != NULL;
}

static int read_file(Cursor *c, File *file, int *primary)
{
    Span key;
    unsigned seen = 0;
    int count = 0, found;
    if (!enter(c))
        return 0;
    while ((found = next_member(c, &count, &key)) > 0) {
        int good = IS(&key, "file_name_original") ? once(&seen, 0) && read_optional_span(c, &file->original)
                   : IS(&key, "url")              ? once(&seen, 1) && read_optional_span(c, &file->url)
                   : IS(&key, "bundle_path")      ? once(&seen, 2) && read_optional_span(c, &file->path)
                   : IS(&key, "sha256")           ? once(&seen, 3) && read_optional_span(c, &file->digest)
                   : IS(&key, "size")             ? once(&seen, 4) && read_side(c, &file->size, &file->has_size)
                   : IS(&key, "meta")             ? once(&seen, 5) && read_meta(c, &file->meta)
                   : IS(&key, "is_primary")       ? once(&seen, 6) && (*c->p == 'n' ? TAKE(c, "null") : read_flag(c, primary))
                                                  : skip_unread(c, &key, left_of_nothing);
        if (!good)
            return 0;
    }
    return found == 0 && (!file->original.set || is_text(&file->original)) && (!file->url.set || is_text(&file->url)) &&
           (!file->path.set || is_text(&file->path)) && (!file->digest.set || is_text(&file->digest));
}

/* The entry that is primary, else the first (wire, section 5). */
static int read_files(Cursor *c, Line *line)
{
    Span keys[MOST_FILES];
    int count = 0, found, chosen = 0;
    Span key;
    if (*c->p == 'n')
        return TAKE(c, "null");
    if (!enter(c))
        return 0;
    while ((found = next_member(c, &count, &key)) > 0) {
        File file = {0};
        int primary = 0;
        if (count > MOST_FILES || !key.plain)
            return 0;
        for (int i = 0; i < count - 1; i++)
            if (is_key(&keys[i], key.s, (size_t)key.n))
                return 0;
        keys[count - 1] = key;
        if (!read_file(c, &file, &primary))
            return 0;
        if (count == 1 || (primary && !chosen))
            line->file = file;
        chosen = chosen || primary;
        line->has_file = 1;
    }
    return found == 0;
}

/* The state of the work on the item: a text counts; whether it is anything but completed matters only for an item without
   annotations. */
static int read_status(Cursor *c, Line *line, int build)
{
    Span span;
    long long value;
    if (*c->p == 'n')
        return TAKE(c, "null");
    if (*c->p != '"')
        return read_whole(c, &value);
    if (!read_span(c, &span))
        return 0;
    line->is_open = !IS(&span, "completed");
    return build ? (line->status = exportkit_repeated_text((Reader *)c->owner, &span)) != NULL : is_text(&span);
}

int exportkit_read_line(Cursor *c, Line *line, const Want *want)
{
    Span key;
    unsigned seen = 0;
    int count = 0, found;
    skip_blanks(c);
    if (!enter(c))
        return 0;
    while ((found = next_member(c, &count, &key)) > 0) {
        int good = IS(&key, "id")               ? once(&seen, 0) && exportkit_read_identity(c, &line->id)
                   : IS(&key, "data")           ? once(&seen, 1) && read_data(c, line, want)
                   : IS(&key, "data_unit")      ? once(&seen, 2) && read_unit(c, line)
                   : IS(&key, "files_manifest") ? once(&seen, 3) && read_files(c, line)
                   : IS(&key, "split")          ? once(&seen, 4) && read_filled_span(c, &line->split)
                   : IS(&key, "group")          ? once(&seen, 5) && exportkit_read_identity(c, &line->group)
                   : IS(&key, "pgh_id")         ? once(&seen, 6) && exportkit_read_identity(c, &line->other_id)
                   : IS(&key, "status_label")   ? once(&seen, 7) && read_status(c, line, want->build)
                                                : skip_unread(c, &key, left_of_line);
        if (!good)
            return 0;
    }
    /* A line that goes on behind its end is refused, whatever stands there. */
    while (c->p < c->end && (*c->p == ' ' || *c->p == '\t' || *c->p == '\r' || *c->p == '\n'))
        c->p++;
    if (found != 0 || c->p != c->end || line->contents == NULL)
        return 0;
    if (line->is_open && line->annotations == 0)
        return 0;
    if (line->id == NULL) {
        line->id = line->other_id;
        line->other_id = NULL;
    }
    return line->id != NULL;
}

/* -- the reader ----------------------------------------------------------------------------------------------- */

/* Where a record lies and what its picture is, if that is known: (width, height, orientation, file, line number). */
typedef struct {
    PyObject *width, *height, *orientation, *file, *number;
} Place;

static PyObject *made_record(Reader *reader, Line *line, const Head *head, const Place *place)
{
    static PyObject *names = NULL;
    if (names == NULL)
        names = Py_BuildValue("(ssssssssssss)", "name", "width", "height", "orientation", "file", "split", "group",
                              "notices", "source_file", "line", "medium", "status");
    PyObject *annotations = PyList_AsTuple(line->contents), *width = NULL, *height = NULL, *made = NULL;
    if (names == NULL || annotations == NULL)
        goto done;
    width = place->width != NULL ? Py_NewRef(place->width) : PyLong_FromLongLong(head->width);
    height = place->height != NULL ? Py_NewRef(place->height) : PyLong_FromLongLong(head->height);
    if (width == NULL || height == NULL)
        goto done;
    PyObject *args[] = {NULL, line->id, annotations, head->name, width, height, place->orientation, head->file,
                        head->split, head->group, head->notices, place->file, place->number, reader->image,
                        or_none(line->status)};
    made = PyObject_Vectorcall(reader->record, args + 1, 2 | PY_VECTORCALL_ARGUMENTS_OFFSET, names);
done:
    Py_XDECREF(annotations);
    Py_XDECREF(width);
    Py_XDECREF(height);
    return made;
}

static PyObject *made_survey(Reader *reader, Line *line, const Head *head)
{
    PyObject *made = NULL, *width = PyLong_FromLongLong(head->width), *height = PyLong_FromLongLong(head->height);
    PyObject *skeletons = line->skeletons != NULL ? PyList_AsTuple(line->skeletons) : Py_NewRef(reader->empty);
    if (width != NULL && height != NULL && skeletons != NULL) {
        PyObject *args[] = {NULL, line->id, Py_None, reader->image, head->name, width, height, head->file, head->split,
                            head->group, head->notices, line->contents, reader->empty, skeletons};
        made = PyObject_Vectorcall(reader->survey, args + 1, 13 | PY_VECTORCALL_ARGUMENTS_OFFSET, NULL);
    }
    Py_XDECREF(skeletons);
    Py_XDECREF(width);
    Py_XDECREF(height);
    return made;
}

/* The record or survey of a line; None for a refused line, NULL only where the machine or a class fails. */
static PyObject *read_one(Reader *reader, const Piece *piece, const Want *want, const Place *place)
{
    Cursor cursor = {piece->start, piece->end, reader};
    Line line = {0};
    Head head = {0};
    PyObject *made = NULL;
    if (exportkit_read_line(&cursor, &line, want) && made_head(reader, &line, &head))
        made = want->build ? made_record(reader, &line, &head, place) : made_survey(reader, &line, &head);
    clear_head(&head);
    exportkit_clear_line(&line);
    if (made != NULL)
        return made;
    if (!is_mere_refusal())
        return NULL;
    Py_RETURN_NONE;
}

static PyObject *reader_survey(PyObject *self, PyObject *const *args, Py_ssize_t count)
{
    static const Want want = {0};
    Piece piece;
    if (count != 1 && count != 3) {
        PyErr_SetString(PyExc_TypeError, "survey(line[, start, end])");
        return NULL;
    }
    if (!piece_of(args[0], count == 3 ? args[1] : NULL, count == 3 ? args[2] : NULL, &piece))
        return NULL;
    return read_one((Reader *)self, &piece, &want, NULL);
}

static PyObject *reader_normalise(PyObject *self, PyObject *const *args, Py_ssize_t count)
{
    Want want = {1, count > 1 && args[1] == Py_True, NULL};
    Piece piece;
    if (count != 1 && count != 2) {
        PyErr_SetString(PyExc_TypeError, "normalise(line, surveyed=False)");
        return NULL;
    }
    if (!piece_of(args[0], NULL, NULL, &piece))
        return NULL;
    PyObject *zero = PyLong_FromLong(0), *one = PyLong_FromLong(1), *none = PyUnicode_New(0, 127), *made = NULL;
    Place place = {NULL, NULL, one, none, zero};
    if (zero != NULL && one != NULL && none != NULL)
        made = read_one((Reader *)self, &piece, &want, &place);
    Py_XDECREF(zero);
    Py_XDECREF(one);
    Py_XDECREF(none);
    return made;
}

static PyObject *reader_place(PyObject *self, PyObject *const *args, Py_ssize_t count)
{
    static const Want want = {1, 1, NULL};
    Piece piece;
    if (count != 8) {
        PyErr_SetString(PyExc_TypeError, "place(text, start, end, width, height, orientation, file, number)");
        return NULL;
    }
    if (!piece_of(args[0], args[1], args[2], &piece))
        return NULL;
    Place place = {args[3], args[4], args[5], args[6], args[7]};
    return read_one((Reader *)self, &piece, &want, &place);
}

static void reader_dealloc(PyObject *self)
{
    Reader *reader = (Reader *)self;
    PyObject **held[] = {&reader->annotation, &reader->box, &reader->region, &reader->record, &reader->survey,
                         &reader->file, &reader->digest, &reader->no_media, &reader->rings, &reader->rle,
                         &reader->image, &reader->empty, &reader->rotated, &reader->keypoints, &reader->skeleton,
                         &reader->skeletons};
    for (size_t i = 0; i < sizeof held / sizeof *held; i++)
        Py_CLEAR(*held[i]);
    for (int kind = 0; kind < KINDS; kind++)
        Py_CLEAR(reader->kinds[kind]);
    for (int i = 0; i < REMEMBERED_ATTRIBUTE_TEXTS; i++)
        Py_CLEAR(reader->attributes[i].dict);
    for (int i = 0; i < REMEMBERED; i++) {
        Py_CLEAR(reader->remembered[i].text);
        for (int kind = 0; kind < KINDS; kind++)
            Py_CLEAR(reader->remembered[i].pairs[kind]);
    }
    Py_TYPE(self)->tp_free(self);
}

static PyObject *reader_new(PyTypeObject *type, PyObject *args, PyObject *keywords)
{
    static char *names[] = {"annotation", "box",     "region",    "record",   "survey", "file", "digest", "no_media",
                            "rotated",    "keypoints", "skeleton", NULL};
    Reader *reader = (Reader *)type->tp_alloc(type, 0);
    if (reader == NULL)
        return NULL;
    PyObject *given[11];
    if (!PyArg_ParseTupleAndKeywords(args, keywords, "OOOOOOOOOOO", names, &given[0], &given[1], &given[2], &given[3],
                                     &given[4], &given[5], &given[6], &given[7], &given[8], &given[9], &given[10])) {
        Py_DECREF(reader);
        return NULL;
    }
    PyObject **places[] = {&reader->annotation, &reader->box, &reader->region, &reader->record, &reader->survey,
                           &reader->file, &reader->digest, &reader->no_media, &reader->rotated, &reader->keypoints,
                           &reader->skeleton};
    for (int i = 0; i < 11; i++)
        *places[i] = Py_NewRef(given[i]);
    reader->kinds[BOX] = PyUnicode_InternFromString("box");
    reader->kinds[POLYGON] = PyUnicode_InternFromString("polygon");
    reader->kinds[MASK] = PyUnicode_InternFromString("mask");
    reader->kinds[ROTATED] = PyUnicode_InternFromString("rotated_box");
    reader->kinds[KEYPOINTS] = PyUnicode_InternFromString("keypoints");
    reader->skeletons = PyDict_New();
    reader->rings = PyUnicode_InternFromString("coco_rings");
    reader->rle = PyUnicode_InternFromString("rle");
    reader->image = PyUnicode_InternFromString("image");
    reader->empty = PyTuple_New(0);
    if (PyErr_Occurred())
        Py_CLEAR(reader);
    return (PyObject *)reader;
}

static PyMethodDef reader_methods[] = {
    {"survey", (PyCFunction)(void (*)(void))reader_survey, METH_FASTCALL,
     "The survey of a line, or None for a line that is refused."},
    {"normalise", (PyCFunction)(void (*)(void))reader_normalise, METH_FASTCALL,
     "The record of a line, or None for a line that is refused."},
    {"place", (PyCFunction)(void (*)(void))reader_place, METH_FASTCALL,
     "The record of a surveyed line with the size of its picture and its own place, or None for a line that is refused."},
    {NULL, NULL, 0, NULL},
};

static PyTypeObject reader_type = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "exportkit.native._core.SeedReader",
    .tp_doc = "Reads ordinary lines of the seed schema into the classes it is given.",
    .tp_basicsize = sizeof(Reader),
    .tp_flags = Py_TPFLAGS_DEFAULT,
    .tp_new = reader_new,
    .tp_dealloc = reader_dealloc,
    .tp_methods = reader_methods,
};

PyTypeObject *exportkit_seed_reader_type(void)
{
    return PyType_Ready(&reader_type) < 0 ? NULL : &reader_type;
}

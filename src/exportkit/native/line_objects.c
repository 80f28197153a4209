/* Objects made of what was read of an annotation: annotations themselves, or what a survey counts. */
#include "line_values.h"
#include "points.h"
#include "seed_run.h"

#include <math.h>

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

/* [[x,y],…] of points that are objects, each number as the source wrote it; NULL, perhaps without an exception, where one is
   none. */
static PyObject *points_text(const Region *region)
{
    /* Without its keys a point is shorter. */
    PyObject *text = PyBytes_FromStringAndSize(NULL, region->stop - region->start);
    Cursor cursor = {region->start + 1, region->stop, NULL};
    Point point;
    int count = 0, found;
    if (text == NULL)
        return NULL;
    char *first = PyBytes_AS_STRING(text), *out = first;
    while ((found = next_element(&cursor, &count)) > 0 && *cursor.p == '{' && read_point(&cursor, &point)) {
        const Coordinate *places[] = {&point.x, &point.y};
        *out++ = count > 1 ? ',' : '[';
        for (int i = 0; i < 2; i++) {
            size_t size = (size_t)(places[i]->end - places[i]->start);
            *out++ = i > 0 ? ',' : '[';
            memcpy(out, places[i]->start, size);
            out += size;
        }
        *out++ = ']';
    }
    if (found != 0 || cursor.p != region->stop) {
        Py_DECREF(text);
        return NULL;
    }
    *out++ = ']';
    return _PyBytes_Resize(&text, out - first) == 0 ? text : NULL;
}

static PyObject *made_region(Reader *reader, const Region *region)
{
    PyObject *source = region->kind == MASK          ? rle_text(region)
                       : region->form == IN_OBJECTS ? points_text(region)
                                                    : PyBytes_FromStringAndSize(region->start, region->stop - region->start);
    PyObject *path = region->path != NULL ? PyUnicode_InternFromString(region->path) : NULL, *made = NULL;
    if (source != NULL && (path != NULL || region->path == NULL)) {
        PyObject *form = region->kind == MASK ? reader->rle : region->form == FLAT ? reader->rings : reader->points;
        PyObject *args[] = {NULL, source, form, path};
        size_t count = path != NULL ? 3 : 2;
        made = PyObject_Vectorcall(reader->region, args + 1, count | PY_VECTORCALL_ARGUMENTS_OFFSET, NULL);
    }
    Py_XDECREF(source);
    Py_XDECREF(path);
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

static PyObject *made_keypoints(Reader *reader, const Source *source)
{
    Cursor cursor = {source->points, source->points_end, NULL};
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

PyObject *exportkit_path_of(const Origin *origin, Py_ssize_t index)
{
    enum { LONGEST = 256 };
    char text[LONGEST];
    if (origin->above == NULL)
        return PyUnicode_FromFormat("$.data.annotations[%zd]", index);
    int size = snprintf(text, sizeof text, "%s.%.*s[%zd]", origin->above, (int)origin->list.n, origin->list.s, origin->position);
    return PyUnicode_FromStringAndSize(text, size < LONGEST ? size : LONGEST - 1);
}

static PyObject *made_annotation(Cursor *c, const Source *source, Py_ssize_t index)
{
    enum { USUAL_FIELDS = 17, WITH_PATH = 19 };
    Reader *reader = ((Reader *)c->owner);
    PyObject *made = NULL, *number = PyLong_FromSsize_t(index), *label = label_of(c, source), *box = NULL, *region = NULL;
    PyObject *geometry = number != NULL && label != NULL ? made_geometry(reader, source) : NULL, *path = NULL;
    int is_seed = source->origin.above == NULL;
    if (geometry == NULL || (!is_seed && (path = exportkit_path_of(&source->origin, index)) == NULL))
        goto done;
    if (source->has_box && source->kind != ROTATED && (box = made_box(reader, source->box)) == NULL)
        goto done;
    if (source->region.kind != BOX && (region = made_region(reader, &source->region)) == NULL)
        goto done;
    PyObject *args[] = {
        NULL, number, reader->kinds[source->kind], label, or_none(box), or_none(region), geometry,
        or_none(source->id), flag_object(source->iscrowd), flag_object(source->difficult), flag_object(source->truncated),
        flag_object(source->occluded), or_none(source->area), or_none(source->score), or_none(source->group),
        or_none(source->track), or_none(source->frame), or_none(source->attributes), reader->one, path,
    };
    size_t count = is_seed ? USUAL_FIELDS : WITH_PATH;
    made = PyObject_Vectorcall(reader->annotation, args + 1, count | PY_VECTORCALL_ARGUMENTS_OFFSET, NULL);
done:
    Py_XDECREF(number);
    Py_XDECREF(label);
    Py_XDECREF(geometry);
    Py_XDECREF(path);
    Py_XDECREF(box);
    Py_XDECREF(region);
    return made;
}

/* The pair (kind, class) that a survey counts. */
static PyObject *made_pair(Cursor *c, const Source *source)
{
    int kind = source->kind;
    Remembered *place = exportkit_remembered((Reader *)c->owner, &source->label);
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

int exportkit_keep_source(Cursor *c, Line *line, const Want *want, const Source *source)
{
    Py_ssize_t index = line->annotations++;
    if (want->run != NULL)
        return exportkit_add_entry(want->run, source);
    PyObject *made = want->build ? made_annotation(c, source, index) : made_pair(c, source);
    int good = made != NULL && PyList_Append(line->contents, made) == 0 &&
               (want->build || source->kind != KEYPOINTS ||
                note_skeleton((Reader *)c->owner, source, made, &line->skeletons));
    Py_XDECREF(made);
    return good;
}

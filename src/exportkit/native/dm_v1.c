/* Ordinary annotations of DM V1, whose geometry stands in a second list that is joined by id. */
#include "buffer.h"
#include "dm.h"
#include "pieces.h"

/* Keys of an annotation that nobody reads and everybody knows (exportkit.normalize.drift). */
static const char *const unread[] = {"isLocked", "isVisible", "isValid", "isDrawCompleted", "label", NULL};
static const char *const left_of_nothing[] = {NULL};

void exportkit_clear_waiting(Line *line)
{
    for (size_t i = 0; i < line->waiting_count; i++)
        clear_source(&line->waiting[i].source);
    PyMem_Free(line->waiting);
    line->waiting = NULL;
    line->waiting_count = line->waiting_room = 0;
}

/* -- annotations ----------------------------------------------------------------------------------------------- */

/* An object whose `class` is the class and whose other members are attributes. */
static int read_classification(Cursor *c, Source *source, PyObject **out)
{
    Span key;
    unsigned seen = 0;
    int count = 0, found, good = 1;
    PyObject *dict = NULL, *value = NULL;
    if (!enter(c))
        return 0;
    while (good && (found = next_member(c, &count, &key)) != 0) {
        if (found < 0 || has_escapes(&key) || !is_text(&key)) {
            good = 0;
        } else if (IS(&key, "class")) {
            good = once(&seen, 0) && read_span(c, &source->label);
        } else {
            good = exportkit_read_attribute(c, out != NULL ? &value : NULL) &&
                   (out == NULL || exportkit_keep_attribute(c->owner, &key, value, &dict));
            Py_CLEAR(value);
        }
    }
    if (good && dict != NULL)
        *out = dict;
    else
        Py_XDECREF(dict);
    return good;
}

/* An id whose text no other text says. */
static int read_own_identity(Cursor *c, const char **start, const char **end, PyObject **out)
{
    *start = c->p;
    if (*c->p == 'n' || !exportkit_read_identity(c, out))
        return 0;
    *end = c->p;
    return memchr(*start, '\\', (size_t)(c->p - *start)) == NULL;
}

static int read_annotation(Cursor *c, Waiting *waiting, const Want *want)
{
    Span key, word = {0};
    unsigned seen = 0;
    int count = 0, found;
    Source *source = &waiting->source;
    PyObject **id = want->build && want->run == NULL ? &source->id : NULL;
    if (!enter(c))
        return 0;
    while ((found = next_member(c, &count, &key)) > 0) {
        int good = IS(&key, "id")     ? once(&seen, 0) && read_own_identity(c, &source->identity, &waiting->identity_end, id)
                   : IS(&key, "tool") ? once(&seen, 1) && read_span(c, &word)
                   : IS(&key, "classification")
                       ? once(&seen, 2) && exportkit_read_source_attributes(c, source, want, read_classification)
                       : is_one_of(&key, unread) && skip_value(c, 0);
        if (!good)
            return 0;
    }
    waiting->tool = word.set ? tool_of(&word) : OTHER_TOOL;
    return found == 0 && source->identity != NULL && source->label.set && waiting->tool != OTHER_TOOL;
}

/* Room for one more that waits; NULL with an exception. */
static Waiting *next_waiting(Line *line)
{
    enum { FIRST = 16 };
    if (line->waiting_count == line->waiting_room) {
        size_t room = line->waiting_room ? 2 * line->waiting_room : FIRST;
        Waiting *bigger = PyMem_Realloc(line->waiting, room * sizeof *bigger);
        if (bigger == NULL) {
            PyErr_NoMemory();
            return NULL;
        }
        line->waiting = bigger;
        line->waiting_room = room;
    }
    Waiting *next = &line->waiting[line->waiting_count++];
    *next = (Waiting){0};
    return next;
}

/* Whether no id occurs twice: 1; 0, perhaps with an exception, where one does. */
static int are_distinct_ids(const Line *line)
{
    Buffer text = {0};
    size_t *starts = NULL, count = line->waiting_count, i = 0;
    int good = make_starts(&starts, count);
    for (; good && i < count; i++) {
        const char *start = line->waiting[i].source.identity;
        starts[i] = text.size;
        good = append(&text, start, (size_t)(line->waiting[i].identity_end - start));
    }
    if (good && count > 0) {
        starts[count] = text.size;
        good = are_distinct_pieces(text.text, starts, count) == 1;
    }
    PyMem_Free(starts);
    free_buffer(&text);
    return good;
}

static int read_list(Cursor *c, Line *line, const Want *want)
{
    int count = 0, found;
    if (!enter_list(c))
        return 0;
    while ((found = next_element(c, &count)) > 0) {
        Waiting *waiting = next_waiting(line);
        if (waiting == NULL || !read_annotation(c, waiting, want))
            return 0;
        waiting->source.origin = (Origin){"$.data.annotations", line->media, count - 1};
    }
    return found == 0 && are_distinct_ids(line);
}

int exportkit_read_v1(Cursor *c, Line *line, const Want *want)
{
    Span media;
    int count = 0, found;
    if (!enter(c))
        return 0;
    while ((found = next_member(c, &count, &media)) > 0) {
        line->media = media;
        if (count > 1 || !is_image(&media) || !read_list(c, line, want))
            return 0;
    }
    return found == 0;
}

/* -- geometry -------------------------------------------------------------------------------------------------- */

static int read_side(Cursor *c, Number *side)
{
    return read_number(c, side) && is_moderate(side);
}

/* {x, y, width, height, rotation} with whatever else. */
static int read_box_object(Cursor *c, Source *source)
{
    Span key;
    unsigned seen = 0;
    int count = 0, found;
    if (!enter(c))
        return 0;
    while ((found = next_member(c, &count, &key)) > 0) {
        int good = IS(&key, "x")          ? once(&seen, 0) && read_side(c, &source->box[0])
                   : IS(&key, "y")        ? once(&seen, 1) && read_side(c, &source->box[1])
                   : IS(&key, "width")    ? once(&seen, 2) && read_side(c, &source->box[2])
                   : IS(&key, "height")   ? once(&seen, 3) && read_side(c, &source->box[3])
                   : IS(&key, "rotation") ? once(&seen, 4) && exportkit_read_rotation(c, source)
                                          : skip_unread(c, &key, left_of_nothing);
        if (!good)
            return 0;
    }
    source->has_box = (seen & 15) == 15;
    return found == 0;
}

static int read_coordinate(Cursor *c, Source *source, Tool tool, const Want *want)
{
    source->region.path = ".coordinate";
    if (tool == CLASSIFICATION)
        return skip_value(c, 0);
    if (tool == POLYGON_TOOL)
        return exportkit_read_points(c, &source->region, want->judged);
    return *c->p == '{' ? read_box_object(c, source) : exportkit_read_box(c, source);
}

/* Reads what belongs to the annotation that is next in its list. */
static int join(Cursor *c, Waiting *waiting, const Want *want)
{
    Span key;
    unsigned seen = 0;
    int count = 0, found;
    Source *source = &waiting->source;
    const char *start = NULL, *end = NULL;
    if (!enter(c))
        return 0;
    while ((found = next_member(c, &count, &key)) > 0) {
        int good = IS(&key, "id")           ? once(&seen, 0) && read_own_identity(c, &start, &end, NULL)
                   : IS(&key, "coordinate") ? once(&seen, 1) && read_coordinate(c, source, waiting->tool, want)
                                            : skip_unread(c, &key, left_of_nothing);
        if (!good)
            return 0;
    }
    return found == 0 && end - start == waiting->identity_end - source->identity &&
           memcmp(start, source->identity, (size_t)(end - start)) == 0 && find_kind(source, waiting->tool);
}

static int join_list(Cursor *c, Line *line, const Want *want)
{
    int count = 0, found;
    if (!enter_list(c))
        return 0;
    while ((found = next_element(c, &count)) > 0) {
        size_t place = (size_t)count - 1;
        if (place >= line->waiting_count || !join(c, &line->waiting[place], want) ||
            !exportkit_keep_source(c, line, want, &line->waiting[place].source))
            return 0;
    }
    return found == 0;
}

int exportkit_read_v1_geometry(Cursor *c, Line *line, const Want *want)
{
    Span media;
    int count = 0, found;
    if (line->schema == UNTOLD) {
        line->geometry = c->p;
        return skip_value(c, 0);
    }
    if (line->schema != DM_V1 || !enter(c))
        return 0;
    while ((found = next_member(c, &count, &media)) > 0)
        if (count > 1 || !line->media.set || !is_key(&media, line->media.s, (size_t)line->media.n) ||
            !join_list(c, line, want))
            return 0;
    line->is_joined = line->annotations == (Py_ssize_t)line->waiting_count;
    return found == 0;
}

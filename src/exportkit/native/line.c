/* A line: what stands beside its annotations, and whose schema they have. */
#include "dm.h"
#include "line_values.h"

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
    exportkit_clear_waiting(line);
}

/* Keys that turn a line into another shape. */
static const char *const left_of_line[] = {"file", "files", NULL};
static const char *const left_of_unit[] = {"files", NULL};
static const char *const left_of_data[] = {"data_unit", NULL};
static const char *const left_of_nothing[] = {NULL};

/* Keys that nobody reads and everybody knows (exportkit.normalize.drift). */
static const char *const known_of_line[] = {"pgh_obj_id", "pgh_label", "project", "status", "classes", "category",
                                            "file", "files", NULL};
static const char *const known_of_unit[] = {"files", "meta", NULL};

/* As skip_unread; a key that is not known is drift, which for DM the general way tells. */
static int skip_known(Cursor *c, Line *line, const Span *key, const char *const *left, const char *const *known)
{
    if (!is_one_of(key, known))
        line->unlike |= DM_V1 | DM_V2 | DM_V2_WRAPPED;
    return skip_unread(c, key, left);
}

static int read_side(Cursor *c, long long *value, char *has)
{
    if (*c->p == 'n')
        return TAKE(c, "null");
    *has = 1;
    return read_whole(c, value);
}

int exportkit_read_size(Cursor *c, Size *size)
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
                                        : skip_known(c, line, &key, left_of_unit, known_of_unit);
        if (!good)
            return 0;
    }
    return found == 0;
}

/* Annotations, whose schema is told by their key. */
static int read_annotations(Cursor *c, Line *line, Schema schema, const Want *want)
{
    if (line->schema != UNTOLD)
        return 0;
    line->schema = schema;
    return schema == SEED    ? exportkit_read_seed(c, line, want)
           : schema == DM_V1 ? exportkit_read_v1(c, line, want)
           : schema == DM_V2 ? exportkit_read_v2(c, line, want)
                             : exportkit_read_wrapped_v2(c, line, want);
}

/* The same of a key that says nothing with null. */
static int read_annotations_or_null(Cursor *c, Line *line, Schema schema, const Want *want)
{
    return *c->p == 'n' ? TAKE(c, "null") : read_annotations(c, line, schema, want);
}

static int read_data(Cursor *c, Line *line, const Want *want)
{
    Span key;
    unsigned seen = 0;
    int count = 0, found;
    if (!enter(c) || (line->contents = PyList_New(0)) == NULL)
        return 0;
    while ((found = next_member(c, &count, &key)) > 0) {
        line->unlike |= exportkit_unlike_dm(c, &key);
        int good = IS(&key, "annotations") ? read_annotations(c, line, *c->p == '[' ? SEED : DM_V1, want)
                   : IS(&key, "images")    ? once(&seen, 0) && read_annotations_or_null(c, line, DM_V2, want)
                   : IS(&key, "annotation_data")
                       ? once(&seen, 1) && read_annotations_or_null(c, line, DM_V2_WRAPPED, want)
                   : IS(&key, "annotationsData") ? once(&seen, 2) && exportkit_read_v1_geometry(c, line, want)
                   : IS(&key, "annotation_meta") ? once(&seen, 3) && leave(c, &line->meta)
                   : IS(&key, "extra")           ? once(&seen, 4) && leave(c, &line->extra)
                   : IS(&key, "split")           ? once(&seen, 5) && read_filled_span(c, &line->data_split)
                   : IS(&key, "group")           ? once(&seen, 6) && exportkit_read_identity(c, &line->data_group)
                                                 : skip_unread(c, &key, left_of_data);
        if (!good)
            return 0;
    }
    return found == 0 && line->schema != UNTOLD && (line->schema == SEED || exportkit_end_dm(c, line, want));
}

static int read_file(Cursor *c, Line *line, File *file, int *primary)
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
                   : IS(&key, "meta")             ? once(&seen, 5) && exportkit_read_size(c, &file->meta)
                   : IS(&key, "is_primary")       ? once(&seen, 6) && (*c->p == 'n' ? TAKE(c, "null") : read_flag(c, primary))
                                                  : skip_known(c, line, &key, left_of_nothing, left_of_nothing);
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
        if (!read_file(c, line, &file, &primary))
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
                                                : skip_known(c, line, &key, left_of_line, known_of_line);
        if (!good)
            return 0;
    }
    /* A line that goes on behind its end is refused, whatever stands there. */
    while (c->p < c->end && (*c->p == ' ' || *c->p == '\t' || *c->p == '\r' || *c->p == '\n'))
        c->p++;
    if (found != 0 || c->p != c->end || line->schema == UNTOLD || (line->unlike & (int)line->schema))
        return 0;
    if (line->is_open && line->annotations == 0)
        return 0;
    if (line->id == NULL) {
        line->id = line->other_id;
        line->other_id = NULL;
    }
    return line->id != NULL;
}

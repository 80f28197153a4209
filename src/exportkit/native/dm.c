/* What both schemas of DM have beside their annotations. */
#include "dm.h"

/* Whether a value holds nothing: null, an empty array or object, or an object of such. */
static int is_nothing(Cursor *c, int depth)
{
    Span key;
    int count = 0, found;
    if (*c->p == 'n')
        return TAKE(c, "null");
    if (*c->p == '[') {
        c->p++;
        skip_blanks(c);
        return *c->p++ == ']';
    }
    if (depth > 0 || !enter(c))
        return 0;
    while ((found = next_member(c, &count, &key)) > 0)
        if (!is_nothing(c, depth + 1))
            return 0;
    return found == 0;
}

int exportkit_unlike_dm(const Cursor *c, const Span *key)
{
    static const char *const known_to_both[] = {"classification", "data_unit", "extra", "split", "group", NULL};
    static const char *const known_to_v1[] = {"annotations", "annotationsData", "assignmentId", NULL};
    static const char *const lists_of_v1[] = {"relations", "annotationGroups", NULL};
    static const char *const lists_of_v2[] = {"videos", "pcds", "texts", "audios", "prompts", "datas", NULL};
    Cursor value = *c;
    if (is_one_of(key, known_to_both))
        return 0;
    if (is_one_of(key, known_to_v1))
        return DM_V2;
    if (IS(key, "images"))
        return DM_V1;
    if (is_one_of(key, lists_of_v1))
        return is_nothing(&value, 0) ? DM_V2 : DM_V1 | DM_V2;
    if (is_one_of(key, lists_of_v2))
        return *value.p != '{' && is_nothing(&value, 0) ? DM_V1 : DM_V1 | DM_V2;
    return DM_V1 | DM_V2;
}

/* Finds the id of the only image that an object by media has. */
static int read_media(Cursor *c, Span *image)
{
    Span key;
    int count = 0, found;
    if (*c->p == 'n')
        return TAKE(c, "null");
    if (!enter(c))
        return 0;
    while ((found = next_member(c, &count, &key)) > 0) {
        if (!is_image(&key) || (image->set && !is_key(&key, image->s, (size_t)image->n)) || !skip_value(c, 0))
            return 0;
        *image = key;
    }
    return found == 0;
}

/* What stands beside wrapped annotations: the id of the medium, and what is told of it. */
static int read_meta(Cursor *c, Line *line)
{
    static const char *const nothing[] = {NULL};
    Span key, image = {0};
    unsigned seen = 0;
    int count = 0, found;
    if (*c->p == 'n')
        return TAKE(c, "null");
    if (!enter(c))
        return 0;
    while ((found = next_member(c, &count, &key)) > 0) {
        int good = IS(&key, "extra")              ? once(&seen, 0) && leave(c, &line->extra)
                   : IS(&key, "annotations")      ? once(&seen, 1) && read_media(c, &image)
                   : IS(&key, "annotationsData")  ? once(&seen, 2) && read_media(c, &image)
                   : IS(&key, "annotationGroups") ? is_nothing(c, 0)
                                                  : skip_unread(c, &key, nothing);
        if (!good)
            return 0;
    }
    if (line->media.set && image.set)
        line->media = image;
    return found == 0;
}

/* Finds the declared size of the medium. */
static int read_extra(Cursor *c, Line *line)
{
    Span key;
    unsigned seen = 0;
    int count = 0, found;
    if (*c->p == 'n')
        return TAKE(c, "null");
    if (!enter(c))
        return 0;
    while ((found = next_member(c, &count, &key)) > 0) {
        int is_own = line->media.set && is_key(&key, line->media.s, (size_t)line->media.n);
        if (has_escapes(&key) || !(is_own ? once(&seen, 0) && exportkit_read_size(c, &line->extra_size) : skip_value(c, 0)))
            return 0;
    }
    return found == 0;
}

static int end_wrapped(Cursor *c, Line *line)
{
    Cursor meta = {line->meta, c->end, c->owner};
    line->extra = NULL;
    return line->meta == NULL || read_meta(&meta, line);
}

int exportkit_end_dm(Cursor *c, Line *line, const Want *want)
{
    Cursor geometry = {line->geometry, c->end, c->owner}, extra = {NULL, c->end, c->owner};
    if (line->geometry != NULL && !exportkit_read_v1_geometry(&geometry, line, want))
        return 0;
    if ((line->schema == DM_V1 && !line->is_joined) || (line->schema == DM_V2_WRAPPED && !end_wrapped(c, line)))
        return 0;
    extra.p = line->extra;
    return line->extra == NULL || read_extra(&extra, line);
}

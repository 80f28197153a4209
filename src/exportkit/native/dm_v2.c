/* Ordinary annotations of DM V2: a list for each tool. */
#include "dm.h"

/* Keys of an annotation that say nothing about what is read here. */
static const char *const unread[] = {"visibility", "encoding", "isCompressed", "compressionFormat", NULL};

/* -- attributes ------------------------------------------------------------------------------------------------ */

/* An attribute while it is read; `text` is where its value begins, or NULL. */
typedef struct {
    Span name;
    const char *text;
    PyObject *value;
} Attribute;

static int read_attribute(Cursor *c, Attribute *attribute, int build)
{
    static const char *const nothing[] = {NULL};
    Span key;
    unsigned seen = 0;
    int count = 0, found;
    if (!enter(c))
        return 0;
    while ((found = next_member(c, &count, &key)) > 0) {
        int good = IS(&key, "name")    ? once(&seen, 0) && read_span(c, &attribute->name)
                   : IS(&key, "value") ? once(&seen, 1) && (attribute->text = c->p) &&
                                             exportkit_read_attribute(c, build ? &attribute->value : NULL)
                                       : skip_unread(c, &key, nothing);
        if (!good)
            return 0;
    }
    return found == 0 && attribute->name.set && !has_escapes(&attribute->name) && is_text(&attribute->name);
}

/* The turn of a box, which stands among its attributes. */
static int take_rotation(Cursor *c, const Attribute *attribute, Source *source)
{
    Cursor value = {attribute->text, c->end, c->owner};
    return attribute->text == NULL || exportkit_read_rotation(&value, source);
}

/* A list of names with values; of two equal names the last one counts. */
static int read_attributes(Cursor *c, Source *source, PyObject **out, int has_rotation)
{
    unsigned seen = 0;
    int count = 0, found;
    PyObject *dict = NULL;
    if (*c->p == 'n')
        return TAKE(c, "null");
    if (!enter_list(c))
        return 0;
    while ((found = next_element(c, &count)) > 0) {
        Attribute attribute = {0};
        int good = read_attribute(c, &attribute, out != NULL);
        if (good && has_rotation && IS(&attribute.name, "rotation"))
            good = once(&seen, 0) && take_rotation(c, &attribute, source);
        else if (good && out != NULL)
            good = exportkit_keep_attribute(c->owner, &attribute.name, attribute.value != NULL ? attribute.value : Py_None, &dict);
        Py_XDECREF(attribute.value);
        if (!good)
            break;
    }
    if (found == 0 && dict != NULL)
        *out = dict;
    else
        Py_XDECREF(dict);
    return found == 0;
}

static int read_attributes_of_box(Cursor *c, Source *source, PyObject **out)
{
    return read_attributes(c, source, out, 1);
}

static int read_plain_attributes(Cursor *c, Source *source, PyObject **out)
{
    return read_attributes(c, source, out, 0);
}

/* -- annotations ----------------------------------------------------------------------------------------------- */

static int read_value(Cursor *c, Source *source, Tool tool, const Want *want)
{
    source->region.path = ".data";
    if (tool == CLASSIFICATION)
        return skip_value(c, 0);
    if (tool == BOUNDING_BOX)
        return exportkit_read_box(c, source);
    return exportkit_read_points(c, &source->region, want->judged) && source->region.form == IN_ARRAYS;
}

static int read_identity(Cursor *c, Source *source, const Want *want)
{
    source->identity = c->p;
    return exportkit_read_identity(c, want->build && want->run == NULL ? &source->id : NULL);
}

static int read_source(Cursor *c, Source *source, Tool tool, const Want *want)
{
    Span key;
    unsigned seen = 0;
    int count = 0, found;
    AttributesReader attributes = tool == BOUNDING_BOX ? read_attributes_of_box : read_plain_attributes;
    if (!enter(c))
        return 0;
    while ((found = next_member(c, &count, &key)) > 0) {
        int good = IS(&key, "id")               ? once(&seen, 0) && read_identity(c, source, want)
                   : IS(&key, "classification") ? once(&seen, 1) && read_span(c, &source->label)
                   : IS(&key, "attrs")    ? once(&seen, 2) && exportkit_read_source_attributes(c, source, want, attributes)
                   : IS(&key, "data")     ? once(&seen, 3) && read_value(c, source, tool, want)
                   : IS(&key, "group_id") ? once(&seen, 4) && exportkit_read_identity(c, want->build ? &source->group : NULL)
                                          : is_one_of(&key, unread) && skip_value(c, 0);
        if (!good)
            return 0;
    }
    return found == 0 && source->label.set && find_kind(source, tool);
}

static int read_tool(Cursor *c, Line *line, const Span *word, Tool tool, const Want *want)
{
    int count = 0, found;
    const char *above = line->schema == DM_V2 ? "$.data.images[0]" : "$.data.annotation_data.images[0]";
    if (!enter_list(c))
        return 0;
    while ((found = next_element(c, &count)) > 0) {
        Source source = {.origin = {above, *word, count - 1}};
        int good = tool != OTHER_TOOL && read_source(c, &source, tool, want) && exportkit_keep_source(c, line, want, &source);
        clear_source(&source);
        if (!good)
            return 0;
    }
    return found == 0;
}

/* An object with a list for each tool; one of no annotations may have any name. */
static int read_image(Cursor *c, Line *line, const Want *want)
{
    Span word;
    unsigned seen = 0;
    int count = 0, found;
    if (!enter(c))
        return 0;
    while ((found = next_member(c, &count, &word)) > 0) {
        Tool tool = tool_of(&word);
        if (has_escapes(&word) || !is_text(&word) || (tool != OTHER_TOOL && !once(&seen, tool)) ||
            !read_tool(c, line, &word, tool, want))
            return 0;
    }
    return found == 0;
}

int exportkit_read_v2(Cursor *c, Line *line, const Want *want)
{
    static const char media[] = "image_1";
    int count = 0, found;
    if (!enter_list(c))
        return 0;
    while ((found = next_element(c, &count)) > 0) {
        if (count > 1 || !read_image(c, line, want))
            return 0;
        line->media = (Span){media, sizeof media - 1, 1, 1};
    }
    return found == 0;
}

int exportkit_read_wrapped_v2(Cursor *c, Line *line, const Want *want)
{
    static const char *const nothing[] = {NULL};
    Span key;
    unsigned seen = 0;
    int count = 0, found;
    if (!enter(c))
        return 0;
    while ((found = next_member(c, &count, &key)) > 0) {
        int good = !(exportkit_unlike_dm(c, &key) & DM_V2) &&
                   (IS(&key, "images") ? once(&seen, 0) && exportkit_read_v2(c, line, want) : skip_unread(c, &key, nothing));
        if (!good)
            return 0;
    }
    return found == 0 && seen != 0;
}

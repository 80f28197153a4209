/* The head of a record: name, size, file, split and group. Each function gives 1, or 0 for what is refused. */
#ifndef EXPORTKIT_SEED_HEAD_H
#define EXPORTKIT_SEED_HEAD_H

#include "seed.h"

typedef struct {
    PyObject *name, *file, *split, *group, *notices;
    long long width, height;
} Head;

static inline void clear_head(Head *head)
{
    Py_CLEAR(head->name);
    Py_CLEAR(head->file);
    Py_CLEAR(head->split);
    Py_CLEAR(head->group);
    Py_CLEAR(head->notices);
}

/* A path below files/ that needs no closer look: plain ASCII segments that begin with no dot (wire, section 16). */
static inline int is_plain_path(const Span *path)
{
    if (!path->plain || path->n > 255 || path->n <= 6 || memcmp(path->s, "files/", 6) != 0)
        return 0;
    char before = '/';
    for (Py_ssize_t i = 6; i < path->n; i++) {
        char byte = path->s[i];
        int letter = is_digit(byte) || ((byte | 32) >= 'a' && (byte | 32) <= 'z') || byte == '_' || byte == '-';
        if (!letter && (before == '/' || (byte != '.' && byte != '/')))
            return 0;
        before = byte;
    }
    return before != '/';
}

static inline int is_web_address(const Span *url)
{
    static const char word[] = "https://";
    if (!url->plain || url->n < 8)
        return 0;
    char head[9] = {0};
    for (int i = 0; i < 8; i++)
        head[i] = (char)(url->s[i] >= 'A' && url->s[i] <= 'Z' ? url->s[i] | 32 : url->s[i]);
    return strcmp(head, word) == 0 || strncmp(head, "http://", 7) == 0;
}

/* Whether a file is named in a way that needs no closer look. */
static inline int is_plain_file(const File *file)
{
    return (file->path.set ? is_plain_path(&file->path) : is_web_address(&file->url)) && !(file->has_size && file->size < 0);
}

static inline int made_optional_text(const Span *span, PyObject **out)
{
    *out = span->set ? text_of(span) : Py_NewRef(Py_None);
    return *out != NULL;
}

static inline int made_file(Reader *reader, const File *file, PyObject **out)
{
    PyObject *path = NULL, *url = NULL, *size = NULL, *digest = NULL;
    int good = 0;
    if (!file->path.set && !file->url.set) {
        *out = Py_NewRef(Py_None);
        return 1;
    }
    if (!is_plain_file(file))
        return 0;
    if (!made_optional_text(&file->path, &path) || !made_optional_text(&file->url, &url) ||
        !made_optional_text(&file->digest, &digest))
        goto done;
    size = file->has_size ? PyLong_FromLongLong(file->size) : Py_NewRef(Py_None);
    if (digest != Py_None)
        Py_SETREF(digest, PyObject_CallOneArg(reader->digest, digest));
    if (size == NULL || digest == NULL)
        goto done;
    PyObject *args[] = {NULL, path, url, size, digest};
    *out = PyObject_Vectorcall(reader->file, args + 1, 4 | PY_VECTORCALL_ARGUMENTS_OFFSET, NULL);
    good = *out != NULL;
done:
    Py_XDECREF(path);
    Py_XDECREF(url);
    Py_XDECREF(size);
    Py_XDECREF(digest);
    return good;
}

/* The last segment of a path. */
static inline Span last_segment(const Span *path)
{
    Span last = *path;
    while (last.n > 0 && path->s[last.n - 1] != '/')
        last.n--;
    last.s = path->s + last.n;
    last.n = path->n - last.n;
    return last;
}

/* The name a record's picture goes by: the first that is given (formats, section 1.3); one that is not set where none is. */
static inline Span name_span(const Line *line)
{
    if (line->file.original.set && line->file.original.n > 0)
        return line->file.original;
    if (line->unit_name.set && line->unit_name.n > 0)
        return line->unit_name;
    return line->file.path.set ? last_segment(&line->file.path) : (Span){0};
}

static inline PyObject *made_name(const Line *line)
{
    Span name = name_span(line);
    return name.set ? text_of(&name) : PyObject_Str(line->id);
}

/* The declared size, 0 by 0 where there is none; refused where a side is missing or not positive. */
static inline int declared_size(const Line *line, long long *width, long long *height)
{
    const Size *size = &line->extra_size;
    if (!size->has_width && !size->has_height)
        size = &line->file.meta;
    if (!size->has_width && !size->has_height)
        size = &line->unit_size;
    if (!size->has_width && !size->has_height)
        return 1;
    *width = size->width;
    *height = size->height;
    return size->has_width && size->has_height && size->width > 0 && size->height > 0;
}

/* The split that a record names; one that is not set where it names none, and NULL for what is refused. */
static inline const Span *split_span(const Line *line)
{
    if ((line->unit_split.set && !is_text(&line->unit_split)) || (line->data_split.set && !is_text(&line->data_split)))
        return NULL;
    return line->split.set ? &line->split : line->unit_split.set ? &line->unit_split : &line->data_split;
}

static inline int made_split(const Line *line, Head *head)
{
    const Span *split = split_span(line);
    return split != NULL && made_optional_text(split, &head->split);
}

static inline int made_group(const Line *line, Head *head)
{
    PyObject *group = line->group != NULL        ? line->group
                      : line->unit_group != NULL ? line->unit_group
                                                 : line->data_group;
    head->group = group == NULL ? Py_NewRef(Py_None) : PyObject_Str(group);
    return head->group != NULL;
}

static inline int made_head(Reader *reader, const Line *line, Head *head)
{
    if (line->unit_name.set && !is_text(&line->unit_name))
        return 0;
    if (!declared_size(line, &head->width, &head->height))
        return 0;
    if (line->has_file ? !made_file(reader, &line->file, &head->file) : (head->file = Py_NewRef(Py_None)) == NULL)
        return 0;
    head->notices = Py_NewRef(line->file.path.set ? reader->empty : reader->no_media);
    return made_split(line, head) && made_group(line, head) && (head->name = made_name(line)) != NULL;
}

#endif

/* JSON values: strings, members of objects, and passing over what nobody reads. Each function gives 1, or 0 for what is
   refused, unless it says otherwise. */
#ifndef EXPORTKIT_JSON_TEXT_H
#define EXPORTKIT_JSON_TEXT_H

#include "number_runs.h"
#include "scan.h"

#include <stdint.h>
#include <string.h>

/* Values within each other that are passed over. */
enum { DEEPEST_UNREAD = 32 };

/* A JSON string: the bytes between its quotes. */
typedef struct {
    const char *s;
    Py_ssize_t n;
    char set, plain; /* plain: ASCII without escapes, so the bytes are the text */
} Span;

static inline int take(Cursor *c, const char *word, size_t size)
{
    if (strncmp(c->p, word, size) != 0)
        return 0;
    c->p += size;
    return 1;
}

#define TAKE(c, word) take((c), (word), sizeof(word) - 1)

static inline int read_span(Cursor *c, Span *span)
{
    if (*c->p != '"')
        return 0;
    const char *p = ++c->p;
    unsigned char high = 0;
    int escapes = 0;
    for (;;) {
        unsigned char byte = (unsigned char)*p;
        if (byte == '"')
            break;
        if (byte < 0x20)
            return 0;
        if (byte == '\\') {
            escapes = 1;
            if ((unsigned char)*++p < 0x20)
                return 0;
        }
        high |= byte;
        p++;
    }
    span->s = c->p;
    span->n = p - c->p;
    span->plain = !escapes && high < 0x80;
    span->set = 1;
    c->p = p + 1;
    return 1;
}

static inline int hex4(const char *p, const char *end, unsigned *out)
{
    unsigned value = 0;
    if (end - p < 4)
        return 0;
    for (int i = 0; i < 4; i++) {
        char byte = p[i];
        unsigned digit;
        if (byte >= '0' && byte <= '9')
            digit = (unsigned)(byte - '0');
        else if ((byte | 32) >= 'a' && (byte | 32) <= 'f')
            digit = (unsigned)((byte | 32) - 'a' + 10);
        else
            return 0;
        value = value << 4 | digit;
    }
    *out = value;
    return 1;
}

static inline char *put_utf8(char *out, unsigned code)
{
    if (code < 0x80) {
        *out++ = (char)code;
    } else if (code < 0x800) {
        *out++ = (char)(0xC0 | code >> 6);
        *out++ = (char)(0x80 | (code & 0x3F));
    } else if (code < 0x10000) {
        *out++ = (char)(0xE0 | code >> 12);
        *out++ = (char)(0x80 | (code >> 6 & 0x3F));
        *out++ = (char)(0x80 | (code & 0x3F));
    } else {
        *out++ = (char)(0xF0 | code >> 18);
        *out++ = (char)(0x80 | (code >> 12 & 0x3F));
        *out++ = (char)(0x80 | (code >> 6 & 0x3F));
        *out++ = (char)(0x80 | (code & 0x3F));
    }
    return out;
}

/* One escape behind its backslash. Half a surrogate pair is refused: no file can store it. */
static inline const char *unescape(const char *p, const char *end, char **out)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    const char *found = *p ? strchr(from, *p) : NULL;
    unsigned code, low;
    if (found != NULL) {
        *(*out)++ = to[found - from];
        return p + 1;
    }
    if (*p != 'u' || !hex4(p + 1, end, &code))
        return NULL;
    p += 5;
    if (code >= 0xDC00 && code < 0xE000)
        return NULL;
    if (code >= 0xD800 && code < 0xDC00) {
        if (end - p < 6 || p[0] != '\\' || p[1] != 'u' || !hex4(p + 2, end, &low) || low < 0xDC00 || low > 0xDFFF)
            return NULL;
        code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
        p += 6;
    }
    *out = put_utf8(*out, code);
    return p;
}

static inline PyObject *special_text(const Span *span)
{
    /* An escape is never shorter than its character in UTF-8. */
    char *buffer = PyMem_Malloc((size_t)span->n + 1), *out = buffer;
    const char *p = span->s, *end = span->s + span->n;
    if (buffer == NULL)
        return PyErr_NoMemory();
    while (p != NULL && p < end) {
        if (*p == '\\')
            p = unescape(p + 1, end, &out);
        else
            *out++ = *p++;
    }
    PyObject *text = p == NULL ? NULL : PyUnicode_DecodeUTF8(buffer, out - buffer, NULL);
    PyMem_Free(buffer);
    return text;
}

/* A new reference to the text; NULL, perhaps without an exception, for what is no text. */
static inline PyObject *text_of(const Span *span)
{
    if (!span->plain)
        return special_text(span);
    PyObject *text = PyUnicode_New(span->n, 127);
    if (text != NULL)
        memcpy(PyUnicode_DATA(text), span->s, (size_t)span->n);
    return text;
}

/* Whether a string that nobody reads is one. */
static inline int is_text(const Span *span)
{
    if (span->plain)
        return 1;
    PyObject *text = special_text(span);
    Py_XDECREF(text);
    return text != NULL;
}

/* Whether a text has escapes, so that its bytes are not what it says. */
static inline int has_escapes(const Span *span)
{
    return !span->plain && memchr(span->s, '\\', (size_t)span->n) != NULL;
}

/* Steps to the next member: 1 with its key, its value next; 0 at the end of the object; -1 for what is refused. */
static inline int next_member(Cursor *c, int *count, Span *key)
{
    skip_blanks(c);
    if (*c->p == '}') {
        c->p++;
        return 0;
    }
    if ((*count)++) {
        if (*c->p != ',')
            return -1;
        c->p++;
        skip_blanks(c);
    }
    if (!read_span(c, key))
        return -1;
    skip_blanks(c);
    if (*c->p != ':')
        return -1;
    c->p++;
    skip_blanks(c);
    return 1;
}

static inline int is_key(const Span *key, const char *name, size_t size)
{
    return (size_t)key->n == size && memcmp(key->s, name, size) == 0;
}

#define IS(key, name) is_key((key), (name), sizeof(name) - 1)

/* Notes that a key was met; 0 if it was met before, since of two the last one counts. */
static inline int once(unsigned *seen, int number)
{
    unsigned bit = 1u << number;
    int is_first = !(*seen & bit);
    *seen |= bit;
    return is_first;
}

/* Begins an object. */
static inline int enter(Cursor *c)
{
    if (*c->p != '{')
        return 0;
    c->p++;
    return 1;
}

/* Begins an array. */
static inline int enter_list(Cursor *c)
{
    if (*c->p != '[')
        return 0;
    c->p++;
    return 1;
}

/* Steps to the next element: 1 with its value next; 0 at the end of the array; -1 for what is refused. */
static inline int next_element(Cursor *c, int *count)
{
    skip_blanks(c);
    if (*c->p == ']' && *count == 0) {
        c->p++;
        return 0;
    }
    if ((*count)++) {
        if (*c->p == ']') {
            c->p++;
            return 0;
        }
        if (*c->p != ',')
            return -1;
        c->p++;
        skip_blanks(c);
    }
    return 1;
}

static inline int skip_number(Cursor *c)
{
    const char *p = c->p + (*c->p == '-'), *first = p;
    if (*p == '0' && is_digit(p[1]))
        return 0;
    while (is_digit(*p))
        p++;
    if (p == first || p - first > MOST_DIGITS)
        return 0;
    if (*p == '.') {
        first = ++p;
        while (is_digit(*p))
            p++;
        if (p == first || p - first > MOST_DIGITS)
            return 0;
    }
    c->p = p;
    return *p == 'e' || *p == 'E' ? read_exponent(c) : 1;
}

static inline int skip_value(Cursor *c, int depth);

static inline int skip_elements(Cursor *c, int depth)
{
    int count = 0, found;
    c->p++;
    while ((found = next_element(c, &count)) > 0) {
        if (is_digit(*c->p) || *c->p == '-') {
            c->p = skip_sure_numbers(c->p, c->end);
            skip_blanks(c);
        }
        if (!skip_value(c, depth + 1))
            return 0;
    }
    return found == 0;
}

static inline int skip_members(Cursor *c, int depth)
{
    Span key;
    int count = 0, found;
    c->p++;
    while ((found = next_member(c, &count, &key)) > 0)
        if (!is_text(&key) || !skip_value(c, depth + 1))
            return 0;
    return found == 0;
}

/* Passes over any value; deep ones are left to the general way. */
static inline int skip_value(Cursor *c, int depth)
{
    Span span;
    if (depth > DEEPEST_UNREAD)
        return 0;
    switch (*c->p) {
    case '{':
        return skip_members(c, depth);
    case '[':
        return skip_elements(c, depth);
    case '"':
        return read_span(c, &span) && is_text(&span);
    case 't':
        return TAKE(c, "true");
    case 'f':
        return TAKE(c, "false");
    case 'n':
        return TAKE(c, "null");
    default:
        return skip_number(c);
    }
}

#endif

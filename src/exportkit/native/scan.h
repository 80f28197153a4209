/* Scanning JSON text byte by byte. A text is the buffer of a bytes object, which ends with a NUL; no rule of JSON takes a
   NUL, so every scan that looks at one byte after the other ends there. */
#ifndef EXPORTKIT_SCAN_H
#define EXPORTKIT_SCAN_H

#include "native.h"

#include <string.h>

/* Longest run of digits, and of digits of an exponent, that surely fits 64 bits or a float. */
enum { MOST_DIGITS = 18, MOST_EXPONENT_DIGITS = 2 };

typedef struct {
    const char *p, *end;
    void *owner; /* whom the scan works for */
} Cursor;

typedef struct {
    double real;
    long long whole;
    char set, is_real;
} Number;

static inline void skip_blanks(Cursor *c)
{
    while (*c->p == ' ' || *c->p == '\t' || *c->p == '\r' || *c->p == '\n')
        c->p++;
}

static inline int is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

static inline int read_digits(Cursor *c, unsigned long long *mantissa, int *digits)
{
    const char *first = c->p;
    while (is_digit(*c->p)) {
        if (*digits < MOST_DIGITS)
            *mantissa = *mantissa * 10 + (unsigned)(*c->p - '0');
        ++*digits;
        c->p++;
    }
    return c->p > first && c->p - first <= MOST_DIGITS;
}

static inline int read_exponent(Cursor *c)
{
    c->p++;
    if (*c->p == '+' || *c->p == '-')
        c->p++;
    const char *first = c->p;
    while (is_digit(*c->p))
        c->p++;
    return c->p > first && c->p - first <= MOST_EXPONENT_DIGITS;
}

/* The float that is nearest to a text of any length. */
static inline int rounded(const char *text, Py_ssize_t size, double *value)
{
    char copy[64];
    if (size >= (Py_ssize_t)sizeof copy)
        return 0;
    memcpy(copy, text, (size_t)size);
    copy[size] = 0;
    *value = PyOS_string_to_double(copy, NULL, NULL);
    return !(*value == -1.0 && PyErr_Occurred());
}

static inline int read_number(Cursor *c, Number *number)
{
    /* Powers that a float holds exactly: one division of two exact numbers is rounded right. */
    static const double powers[] = {1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14,
                                    1e15, 1e16, 1e17, 1e18};
    const char *first = c->p;
    unsigned long long mantissa = 0;
    int digits = 0, negative = *c->p == '-', places = 0, plain = 1;
    c->p += negative;
    if (*c->p == '0' && is_digit(c->p[1]))
        return 0;
    if (!read_digits(c, &mantissa, &digits))
        return 0;
    number->set = 1;
    number->is_real = 0;
    if (*c->p == '.') {
        const char *point = c->p++;
        if (!read_digits(c, &mantissa, &digits))
            return 0;
        places = (int)(c->p - point - 1);
        number->is_real = 1;
    }
    if (*c->p == 'e' || *c->p == 'E') {
        if (!read_exponent(c))
            return 0;
        plain = 0;
        number->is_real = 1;
    }
    if (!number->is_real) {
        if (negative && mantissa == 0)
            return 0;
        number->whole = negative ? -(long long)mantissa : (long long)mantissa;
        return 1;
    }
    if (plain && digits <= MOST_DIGITS && mantissa <= 1ULL << 53) {
        double value = (double)mantissa / powers[places];
        number->real = negative ? -value : value;
        return 1;
    }
    return rounded(first, c->p - first, &number->real);
}

static inline double value_of(const Number *number)
{
    return number->is_real ? number->real : (double)number->whole;
}

/* Whether a number may be a coordinate, size or score (formats, section 2.4). */
static inline int is_moderate(const Number *number)
{
    double value = value_of(number);
    return value >= -1e6 && value <= 1e6;
}

static inline PyObject *number_object(const Number *number)
{
    return number->is_real ? PyFloat_FromDouble(number->real) : PyLong_FromLongLong(number->whole);
}

#endif

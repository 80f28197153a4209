/* Numbers as Python writes and rounds them. */
#ifndef EXPORTKIT_NUMBERS_H
#define EXPORTKIT_NUMBERS_H

#include "native.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

/* Float noise is below this share of a product. */
static const double NOISE = 4.5e-16;
/* Integers up to here are exact as floats. */
static const double EXACT = 9007199254740992.0;
/* No number that is written here is longer. */
enum { NUMBER_ROOM = 40 };

static inline int as_double(PyObject *number, double *value)
{
    if (number != NULL && PyFloat_CheckExact(number)) {
        *value = PyFloat_AS_DOUBLE(number);
        return 1;
    }
    if (number == NULL || !PyLong_CheckExact(number))
        return 0;
    int overflow;
    long long whole = PyLong_AsLongLongAndOverflow(number, &overflow);
    *value = (double)whole;
    return !overflow && *value > -EXACT && *value < EXACT;
}

static inline char *put_digits(char *out, uint64_t value, int least)
{
    char digits[20];
    int count = 0;
    do {
        digits[count++] = (char)('0' + value % 10);
        value /= 10;
    } while (value != 0 || count < least);
    while (count > 0)
        *out++ = digits[--count];
    return out;
}

static inline char *put_python_double(char *out, double value, char format, int precision, int flags)
{
    char *text = PyOS_double_to_string(value, format, precision, flags, NULL);
    if (text == NULL)
        return NULL;
    size_t size = strlen(text);
    if (size >= NUMBER_ROOM || strchr(text, 'e') != NULL) {
        PyMem_Free(text);
        return NULL;
    }
    memcpy(out, text, size);
    PyMem_Free(text);
    return out + size;
}

/* Whether a value that is not negative lies above so many and a half millionths, or just there beside an odd number, so that
   it is rounded up: 1 or 0; -1 where that takes more than a few words. */
static inline int is_above_half(double value, int64_t whole)
{
#ifdef __SIZEOF_INT128__
    int exponent;
    uint64_t mantissa = (uint64_t)(frexp(value, &exponent) * EXACT);
    exponent -= 53;
    if (exponent < 0 && exponent >= -90 && whole < 1 << 30) {
        unsigned __int128 twice = (unsigned __int128)mantissa * 2000000;
        unsigned __int128 half = (unsigned __int128)(2 * whole + 1) << -exponent;
        return twice > half || (twice == half && whole % 2);
    }
#else
    (void)value;
    (void)whole;
#endif
    return -1;
}

/* Six digits, the last six of a number. */
static inline char *put_six_digits(char *out, uint32_t value)
{
    static const char pairs[] = "00010203040506070809101112131415161718192021222324252627282930313233343536373839"
                                "40414243444546474849505152535455565758596061626364656667686970717273747576777879"
                                "8081828384858687888990919293949596979899";
    uint32_t high = value / 10000, low = value % 10000;
    memcpy(out, pairs + 2 * high, 2);
    memcpy(out + 2, pairs + 2 * (low / 100), 2);
    memcpy(out + 4, pairs + 2 * (low % 100), 2);
    return out + 6;
}

/* Six decimals, as `%.6f` gives them, of a value that is not negative. NULL where it has no room. */
static inline char *put_fixed(char *out, double value)
{
    double scaled = value * 1e6;
    int64_t whole = scaled <= 1e14 ? (int64_t)scaled : 0;
    double rest = scaled - (double)whole;
    int up = rest > 0.5;
    if (!(scaled <= 1e14) || (fabs(rest - 0.5) <= scaled * NOISE + 1e-300 && (up = is_above_half(value, whole)) < 0))
        return put_python_double(out, value, 'f', 6, 0);
    whole += up;
    if (whole < 1000000)
        *out++ = '0';
    else
        out = put_digits(out, (uint64_t)whole / 1000000, 1);
    *out++ = '.';
    return put_six_digits(out, (uint32_t)((uint64_t)whole % 1000000));
}

/* Six decimals without the last zeros. */
static inline char *put_trimmed(char *out, double value)
{
    char *end = put_fixed(out, value);
    if (end == NULL)
        return NULL;
    while (end[-1] == '0')
        end--;
    return end[-1] == '.' ? end - 1 : end;
}

/* The shortest text that reads back as the value, as repr() gives it, of a value from 0 that needs no exponent. */
static inline char *put_shortest(char *out, double value)
{
    static const double powers[] = {1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6};
    if (value >= 1e-3 && value < 1e6)
        for (int places = 0; places <= 6; places++) {
            double scaled = (double)(int64_t)(value * powers[places] + 0.5);
            /* Both are exact, so the quotient is the float nearest to these digits: they read back as the value. */
            if (scaled / powers[places] != value)
                continue;
            uint64_t digits = (uint64_t)scaled, power = (uint64_t)powers[places];
            out = put_digits(out, digits / power, 1);
            *out++ = '.';
            return put_digits(out, digits % power, places > 0 ? places : 1);
        }
    return put_python_double(out, value, 'r', 0, Py_DTSF_ADD_DOT_0);
}

static inline char *put_given(char *out, int is_whole, double value)
{
    if (is_whole)
        return put_digits(out, (uint64_t)value, 1);
    return signbit(value) ? NULL : put_shortest(out, value);
}

/* A value rounded half-even to six decimals, as round() of Python has it; 0 where that takes exact arithmetic. */
static inline int round_six(double value, double *rounded)
{
    double scaled = fabs(value) * 1e6;
    if (!(scaled <= 1e14))
        return 0;
    int64_t whole = (int64_t)scaled;
    double rest = scaled - (double)whole;
    int up = rest > 0.5;
    if (fabs(rest - 0.5) <= scaled * NOISE + 1e-300 && (up = is_above_half(fabs(value), whole)) < 0)
        return 0;
    /* Both are exact, so the quotient is the float nearest to these decimals. */
    double nearest = (double)(whole + up) / 1e6;
    *rounded = value < 0 && nearest != 0 ? -nearest : nearest;
    return 1;
}

#endif

/* Masks as COCO's run lengths, measured from their JSON text without becoming runs. */
#ifndef EXPORTKIT_MASKS_H
#define EXPORTKIT_MASKS_H

#include "buffer.h"
#include "numbers.h"
#include "scan.h"

/* Groups of five bits of a compressed length: so many fit 64 bits whatever they hold. */
enum { MOST_GROUPS = 12 };

/* A mask on its way: columns of `height` pixels, and what is known of the covered ones. */
typedef struct {
    long long width, height;
    long long place, before[2], lengths; /* pixels and lengths so far, and the last two lengths */
    long long covered, left, top, right, bottom; /* pixels, and their bounds as half-open edges */
    long long window[4], within; /* edges of a window, and the covered pixels in it */
    Buffer *kept;                /* takes the lengths, none of them 0 but the first; or NULL */
} MaskMeasure;

static inline long long *kept_lengths(const MaskMeasure *mask, size_t *count)
{
    *count = mask->kept->size / sizeof(long long);
    return (long long *)(void *)mask->kept->text;
}

/* Keeps the next length, joined to what it goes on with; 0 with an exception. */
static inline int keep_length(const MaskMeasure *mask, long long length)
{
    size_t count;
    long long *kept = kept_lengths(mask, &count);
    if (count > 0 && length == 0)
        return 1;
    if (count > 0 && (long long)(count - 1) % 2 == mask->lengths % 2) {
        kept[count - 1] += length;
        return 1;
    }
    return append(mask->kept, &length, sizeof length);
}

static inline void begin_mask(MaskMeasure *mask, long long width, long long height, const long long *window, Buffer *kept)
{
    *mask = (MaskMeasure){.width = width, .height = height, .left = width, .top = height, .kept = kept};
    memcpy(mask->window, window, sizeof mask->window);
}

/* Covered pixels from `start` to `end` in reading order by column. */
static inline void cover(MaskMeasure *mask, long long start, long long end)
{
    long long first = start / mask->height, last = (end - 1) / mask->height;
    long long top = first == last ? start % mask->height : 0, bottom = first == last ? (end - 1) % mask->height + 1 : mask->height;
    mask->covered += end - start;
    mask->left = first < mask->left ? first : mask->left;
    mask->right = last + 1 > mask->right ? last + 1 : mask->right;
    mask->top = top < mask->top ? top : mask->top;
    mask->bottom = bottom > mask->bottom ? bottom : mask->bottom;
    for (long long x = first < mask->window[0] ? mask->window[0] : first; x <= last && x < mask->window[2]; x++) {
        long long low = x == first ? start % mask->height : 0, high = x == last ? (end - 1) % mask->height + 1 : mask->height;
        low = low < mask->window[1] ? mask->window[1] : low;
        high = high > mask->window[3] ? mask->window[3] : high;
        mask->within += high > low ? high - low : 0;
    }
}

/* The next length, background first; 0 where it leaves the grid. */
static inline int add_length(MaskMeasure *mask, long long length)
{
    if (length < 0 || length > mask->width * mask->height - mask->place)
        return 0;
    if (mask->kept != NULL && !keep_length(mask, length))
        return 0;
    if (mask->lengths % 2 == 1 && length > 0)
        cover(mask, mask->place, mask->place + length);
    mask->place += length;
    mask->before[mask->lengths++ % 2] = length;
    return 1;
}

/* `[12, 3, …]`; 0 for any other text. */
static inline int read_lengths(MaskMeasure *mask, Cursor *c)
{
    do {
        Number number = {0};
        c->p++;
        skip_blanks(c);
        if (!read_number(c, &number) || number.is_real || !add_length(mask, number.whole))
            return 0;
        skip_blanks(c);
    } while (*c->p == ',');
    return *c->p++ == ']';
}

/* A character of a JSON text without escapes but that of a backslash; -1 at its end and for any other. */
static inline int next_character(Cursor *c)
{
    if (*c->p == '"')
        return -1;
    if (*c->p == '\\' && *++c->p != '\\')
        return -1;
    return (unsigned char)*c->p++;
}

/* `"…"`, the compressed text; 0 for any other. The twin of exportkit.records.rle. */
static inline int read_compressed(MaskMeasure *mask, Cursor *c)
{
    long long value = 0;
    int groups = 0, character;
    c->p++;
    while ((character = next_character(c)) >= 0) {
        int bits = character - '0';
        if (bits < 0 || bits >= 64 || groups >= MOST_GROUPS)
            return 0;
        value |= (long long)(bits & 31) << (5 * groups++);
        if (bits & 32)
            continue;
        if (bits & 16)
            value -= 1LL << (5 * groups);
        if (!add_length(mask, mask->lengths > 2 ? value + mask->before[mask->lengths % 2] : value))
            return 0;
        value = groups = 0;
    }
    return groups == 0 && *c->p++ == '"';
}

/* Reads the counts of a mask, in whichever form, which fill the grid and cover something: 1; 0, perhaps with an
   exception, for any other. The text is valid JSON from `start` to `end`. */
static inline int measure_mask(MaskMeasure *mask, const char *start, const char *end)
{
    Cursor c = {start, end, NULL};
    int good = *c.p == '[' ? read_lengths(mask, &c) : *c.p == '"' && read_compressed(mask, &c);
    return good && c.p == end && mask->place == mask->width * mask->height && mask->covered > 0;
}

/* Reads `[height, width]`; 0, perhaps with an exception, for any other text. */
static inline int read_grid(const char *start, const char *end, long long *height, long long *width)
{
    Cursor c = {start + 1, end, NULL};
    Number sides[2] = {0};
    for (int i = 0; i < 2; i++) {
        skip_blanks(&c);
        if (!read_number(&c, &sides[i]) || sides[i].is_real)
            return 0;
        skip_blanks(&c);
        if (*c.p++ != (i == 0 ? ',' : ']'))
            return 0;
    }
    *height = sides[0].whole;
    *width = sides[1].whole;
    return c.p == end;
}

/* The texts of a mask, and the picture on whose grid it has to be. */
typedef struct {
    const char *size, *size_end, *lengths, *lengths_end;
    double width, height, most_pixels;
} MaskText;

/* Measures a mask that lies on the grid of its picture, which has at most so many pixels: 1; 0, perhaps with an exception, for
   any other. `kept` takes its lengths, where it is not NULL. */
static inline int measure_picture_mask(MaskMeasure *mask, const MaskText *text, const long long *window, Buffer *kept)
{
    long long width, height;
    if (!read_grid(text->size, text->size_end, &height, &width) || width < 1 || height < 1 || (double)width != text->width ||
        (double)height != text->height || (double)width * (double)height > fmin(text->most_pixels, EXACT))
        return 0;
    begin_mask(mask, width, height, window, kept);
    return measure_mask(mask, text->lengths, text->lengths_end);
}

#endif

/* The floor under bundle -> YOLO detect: what C needs that looks for keys in the order of the generator, reads four
   numbers a box, prints a row and writes a file a picture. It checks, counts and hashes nothing, and any other input
   breaks it.

   cc -O2 -march=native -o floor floor.c && ./floor tasks.jsonl FOLDER */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MOST_BOXES = 4096, MOST_CLASSES = 256, LONGEST_NAME = 64 };

static char classes[MOST_CLASSES][LONGEST_NAME];
static int known;

/* Classes are numbered as they are met. */
static int number_of(const char *name, int size)
{
    for (int i = 0; i < known; i++)
        if (strncmp(classes[i], name, size) == 0 && classes[i][size] == 0)
            return i;
    memcpy(classes[known], name, size);
    return known++;
}

static double box[MOST_BOXES][4];
static int label[MOST_BOXES];

static int read_boxes(char *from, char *end)
{
    static const char key[] = "\"category\":\"", between[] = "\",\"bbox\":[";
    int count = 0;
    while ((from = memmem(from, end - from, key, sizeof key - 1)) != NULL) {
        from += sizeof key - 1;
        char *quote = strchr(from, '"');
        label[count] = number_of(from, quote - from);
        from = quote + sizeof between - 2;
        for (int side = 0; side < 4; side++)
            box[count][side] = strtod(from + 1, &from);
        count++;
    }
    return count;
}

static char text[1 << 18];

static int print_rows(int count, double width, double height)
{
    int size = 0;
    for (int i = 0; i < count; i++) {
        const double *b = box[i];
        size += sprintf(text + size, "%d %.6f %.6f %.6f %.6f\n", label[i], (b[0] + b[2] / 2) / width,
                        (b[1] + b[3] / 2) / height, b[2] / width, b[3] / height);
    }
    return size;
}

int main(int count, char **words)
{
    if (count != 3)
        return 2;
    int file = open(words[1], O_RDONLY);
    struct stat status;
    fstat(file, &status);
    char *line = mmap(NULL, status.st_size, PROT_READ, MAP_PRIVATE, file, 0), *end = line + status.st_size;
    long boxes = 0;
    while (line < end) {
        static const char unit_key[] = "\"data_unit\":{", name_key[] = "\"name\":\"";
        char path[512], *stop = memchr(line, '\n', end - line);
        char *unit = memmem(line, stop - line, unit_key, sizeof unit_key - 1);
        int found = read_boxes(line, unit);
        char *name = strstr(unit, name_key) + sizeof name_key - 1, *dot = strchr(name, '.');
        double width = atof(strstr(dot, "\"width\":") + 8), height = atof(strstr(dot, "\"height\":") + 9);
        int size = print_rows(found, width, height);
        snprintf(path, sizeof path, "%s/%.*s.txt", words[2], (int)(dot - name), name);
        int out = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
        if (write(out, text, size) != size)
            return 1;
        close(out);
        boxes += found;
        line = stop + 1;
    }
    fprintf(stderr, "%ld boxes, %d classes\n", boxes, known);
    return 0;
}

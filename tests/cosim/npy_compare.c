/* npy_compare A B TOLERANCE: whether two .npy files (version 1, little-endian float32 or float64, any
 * shape) hold as many numbers, of which no two are further apart. A reader of its own, so that tests do
 * not trust the one that they test. Prints the largest difference; exit code 1: they differ. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static FILE *open_array(const char *path, int *bytes) {
    FILE *file = fopen(path, "rb");
    unsigned char start[10];
    char header[65536];
    if (!file || fread(start, 1, sizeof start, file) != sizeof start || memcmp(start, "\x93NUMPY\1", 7)) {
        fprintf(stderr, "%s: no .npy of version 1\n", path);
        exit(2);
    }
    size_t length = (size_t)start[8] | (size_t)start[9] << 8;
    header[fread(header, 1, length, file)] = 0;
    *bytes = strstr(header, "'<f4'") ? 4 : strstr(header, "'<f8'") ? 8 : 0;
    if (!*bytes || strstr(header, "True")) {
        fprintf(stderr, "%s: neither '<f4' nor '<f8' in C order\n", path);
        exit(2);
    }
    return file;
}

static int next_number(FILE *file, int bytes, double *number) {
    float single;
    if (bytes == 8) return fread(number, 8, 1, file) == 1;
    if (fread(&single, 4, 1, file) != 1) return 0;
    *number = (double)single;
    return 1;
}

int main(int count, char **arguments) {
    if (count != 4) return 2;
    int bytes_a, bytes_b, more_a, more_b;
    double a = 0, b = 0, largest = 0, tolerance = atof(arguments[3]);
    long numbers = 0, differ = 0;
    FILE *file_a = open_array(arguments[1], &bytes_a), *file_b = open_array(arguments[2], &bytes_b);
    while (more_a = next_number(file_a, bytes_a, &a), more_b = next_number(file_b, bytes_b, &b), more_a && more_b) {
        double distance = fabs(a - b);
        numbers++;
        if (!(distance <= tolerance)) differ++;
        if (!(distance <= largest)) largest = distance;
    }
    printf("%ld numbers, %ld further apart than %g, largest difference %g\n", numbers, differ, tolerance, largest);
    if (more_a != more_b) printf("one file has more numbers than the other\n");
    fclose(file_a);
    fclose(file_b);
    return numbers == 0 || differ || more_a != more_b;
}

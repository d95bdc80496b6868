/* Runs a fuzz target over files and folders of inputs, once each: what libFuzzer does when it is
 * given files, for compilers and measurements that do not go with it. */
#include <fts.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max);

/* Nothing is mutated here; the mutators of targets are linked all the same. */
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max)
{
    (void)data;
    (void)size;
    (void)max;
    abort();
}

/* The file's octets in a heap block of exactly their number: a sanitizer sees one too far. */
static uint8_t *read_whole(const char *path, size_t *size)
{
    struct stat about;
    uint8_t *input = NULL;
    FILE *f = fopen(path, "rb");
    if (f == NULL || fstat(fileno(f), &about) != 0)
        goto out;
    *size = (size_t)about.st_size;
    input = malloc(*size > 0 ? *size : 1);
    if (input != NULL && fread(input, 1, *size, f) != *size) {
        free(input);
        input = NULL;
    }
out:
    if (f != NULL)
        fclose(f);
    return input;
}

static bool replay(const char *path)
{
    size_t size = 0;
    uint8_t *input = read_whole(path, &size);
    if (input == NULL) {
        perror(path);
        return false;
    }
    (void)LLVMFuzzerTestOneInput(input, size);
    free(input);
    return true;
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        fprintf(stderr, "usage: %s FILE-OR-FOLDER...\n", argv[0]);
        return 2;
    }
    FTS *tree = fts_open(argv + 1, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
    bool good = tree != NULL;
    for (FTSENT *entry; tree != NULL && (entry = fts_read(tree)) != NULL;)
        if (entry->fts_info == FTS_F)
            good = replay(entry->fts_path) && good;
        else if (entry->fts_info == FTS_NS || entry->fts_info == FTS_ERR)
            good = false;
    if (tree != NULL)
        fts_close(tree);
    return good ? 0 : 1;
}

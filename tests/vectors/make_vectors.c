/* Writes the published test vectors anew, into the folder that is named: make vectors. */
#include "tests/support/published/published.h"

#include <errno.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool write_file(const char *folder, const published_file *f)
{
    char *path = NULL, *text = published_text(f);
    bool good = asprintf(&path, "%s/%s", folder, f->name) >= 0;
    FILE *out = good ? fopen(path, "w") : NULL;
    good = out != NULL && fputs(text, out) >= 0;
    if (out != NULL && fclose(out) != 0)
        good = false;
    if (!good)
        fprintf(stderr, "%s/%s: %s\n", folder, f->name, strerror(errno));
    free(path);
    free(text);
    return good;
}

int main(int argc, char **argv)
{
    if (argc != 2 || sodium_init() < 0) {
        fprintf(stderr, "usage: %s FOLDER\n", argv[0]);
        return 2;
    }
    bool good = true;
    for (size_t i = 0; i < published_count; i++)
        good = write_file(argv[1], &published_files[i]) && good;
    return good ? 0 : 1;
}

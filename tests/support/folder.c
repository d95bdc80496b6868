/* A temporary folder for one test. */
#include "tests/support/folder.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

folder folder_make(void)
{
    folder f = { "/tmp/teal-test-XXXXXX" };
    assert_non_null(mkdtemp(f.path));
    return f;
}

const char *folder_file(const folder *f, const char *name)
{
    static _Thread_local char path[sizeof f->path + 256];
    snprintf(path, sizeof path, "%s/%s", f->path, name);
    return path;
}

void folder_remove(const folder *f)
{
    DIR *d = opendir(f->path);
    assert_non_null(d);
    for (struct dirent *e = readdir(d); e != NULL; e = readdir(d)) {
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
            unlink(folder_file(f, e->d_name));
    }
    closedir(d);
    assert_int_equal(rmdir(f->path), 0);
}

/* A temporary folder for one test. */
#ifndef TEAL_TESTS_SUPPORT_FOLDER_H
#define TEAL_TESTS_SUPPORT_FOLDER_H

typedef struct folder {
    char path[64];
} folder;

/* Fails the test where it cannot. */
folder folder_make(void);
/* With the files in it; folders in it are not expected. */
void folder_remove(const folder *f);
/* "FOLDER/name" in static memory of the calling thread, until its next call. */
const char *folder_file(const folder *f, const char *name);

#endif

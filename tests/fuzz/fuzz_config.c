/* A configuration is taken, or every line that is said of it names file and line and says what to
 * do. */
#include "gateway/config.h"
#include "tests/fuzz/mutate.h"
#include "tests/fuzz/require.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void fill_file(int fd, const uint8_t *data, size_t size)
{
    require(ftruncate(fd, 0) == 0 && pwrite(fd, data, size, 0) == (ssize_t)size);
}

static void check_complaints(const char *path, const char *text)
{
    require(text[0] != '\0');
    for (const char *line = text; *line != '\0';) {
        char *after_number;
        const char *end = strchr(line, '\n');
        require(end != NULL && strncmp(line, path, strlen(path)) == 0);
        const char *number = line + strlen(path);
        require(number[0] == ':' && number[1] >= '0' && number[1] <= '9');
        (void)strtol(number + 1, &after_number, 10);
        require(strncmp(after_number, ": ", 2) == 0 && end[-1] == '.');
        line = end + 1;
    }
}

static void check_taken(const config *c)
{
    static const char *const handles[] = { "im:alice@native.example", "sip:bob@rcs.example",
                                           "tel:+447700900123" };
    require(config_is_native(c, teal_text(c->handle)));
    require(c->listen_host != NULL && c->store_url != NULL && c->state != NULL);
    for (size_t i = 0; i < sizeof handles / sizeof handles[0]; i++) {
        teal_bytes handle = teal_text(handles[i]);
        require(config_peer_for(c, handle) == NULL || !config_is_native(c, handle));
        (void)config_reaches_sms(c, handle);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static int fd = -1;
    char path[32], *text = NULL;
    size_t len;
    if (fd < 0)
        fd = memfd_create("configuration", MFD_CLOEXEC);
    fill_file(fd, data, size);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    FILE *errors = open_memstream(&text, &len);
    require(errors != NULL);
    config *c = config_load(path, errors);
    fclose(errors);
    if (c == NULL)
        check_complaints(path, text);
    else
        check_taken(c);
    config_free(&c);
    free(text);
    return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned int number)
{
    test_random s = test_random_of(number);
    return mutate_pieces(data, size, max, '\n', &s);
}

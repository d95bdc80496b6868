/* Makes and checks the state folder. Must never change one that holds keys already. */
#include "gateway/state_folder.h"

#include "gateway/keys.h"
#include "gateway/operators.h"
#include "gateway/store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_private_folder(const config *c, FILE *errors)
{
    struct stat about;
    if (stat(c->state, &about) != 0)
        fprintf(errors, "%s: %s. Make the state with teald --init %s\n", c->state,
                errno == ENOENT ? "there is no such folder" : strerror(errno), c->path);
    else if (!S_ISDIR(about.st_mode))
        fprintf(errors, "%s: is not a folder. Change state in %s.\n", c->state, c->path);
    else if ((about.st_mode & 077) != 0)
        fprintf(errors, "%s: is open to others. Run chmod 700 on it.\n", c->state);
    else
        return true;
    return false;
}

static bool make_folder(const config *c, FILE *errors)
{
    if (mkdir(c->state, 0700) == 0)
        return true;
    if (errno == EEXIST)
        return is_private_folder(c, errors);
    fprintf(errors, "%s: cannot be made: %s. Check the folder above it.\n", c->state,
            strerror(errno));
    return false;
}

/* Opening makes it, and leaves one that is there as it is. */
static bool make_store(const config *c, FILE *errors)
{
    const store_ops *ops = store_backend(c->store_backend);
    store *s = NULL;
    if (ops == NULL) {
        fprintf(errors, "%s: there is no back end %s.\n", c->path, c->store_backend);
        return false;
    }
    store_result made = ops->open(c->store_url, true, &s);
    if (made == STORE_OK)
        ops->close(&s);
    else
        fprintf(errors, "%s: the store cannot be made (%s). Check its folder.\n", c->store_url,
                store_result_name(made));
    return made == STORE_OK;
}

static bool make_operator(const config *c, teal_bytes passphrase, FILE *errors)
{
    sealed_key *lock;
    bool made =
        key_file_new_lock(c, passphrase, &lock, errors) && operators_init(c->state, lock, errors);
    sealed_key_close(&lock);
    return made;
}

/* Keys come last: with them the folder counts as made, and what failed before can be repeated. */
bool state_folder_make(const config *c, teal_bytes passphrase, FILE *errors)
{
    return make_folder(c, errors) && make_store(c, errors) &&
           make_operator(c, passphrase, errors) && keys_init(c, passphrase, errors);
}

bool state_folder_check(const config *c, FILE *errors)
{
    uint8_t manifest[TEAL_MAX_MANIFEST_BYTES];
    size_t len;
    return is_private_folder(c, errors) && keys_load_manifest(c, manifest, &len, errors);
}

int state_folder_lock(const config *c, FILE *errors)
{
    int fd = open(c->state, O_RDONLY | O_DIRECTORY);
    if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0)
        return fd;
    if (fd >= 0 && errno == EWOULDBLOCK)
        fprintf(errors, "%s: another teald uses this state. Wait until it has ended, or stop it.\n",
                c->state);
    else
        fprintf(errors, "%s: cannot be locked: %s. Check the folder.\n", c->state, strerror(errno));
    if (fd >= 0)
        close(fd);
    return -1;
}

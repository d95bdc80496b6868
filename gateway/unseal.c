/* Files, credentials and the terminal, in this order. */
#include "gateway/unseal.h"

#include "gateway/key_file.h"
#include "gateway/log.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

static bool read_file(const char *path, passphrase *out, FILE *errors)
{
    if (passphrase_read_file(path, out))
        return true;
    fprintf(errors, "%s: no passphrase to be read: %s. Check the file.\n", path,
            errno != 0 ? strerror(errno) : "its first line is too long");
    return false;
}

static bool ask(const char *question, bool twice, const char *option, passphrase *out, FILE *errors)
{
    switch (passphrase_ask(question, twice, out)) {
    case PASSPHRASE_OK:
        return true;
    case PASSPHRASE_DIFFERS:
        fprintf(errors, "teald: the two passphrases differ. Try again.\n");
        return false;
    case PASSPHRASE_NO_TERMINAL:
        break;
    }
    fprintf(errors,
            "teald: key files are sealed, and there is no passphrase. Give %s, or the systemd "
            "credential teal-passphrase, where there is no terminal.\n",
            option);
    return false;
}

/* systemd.exec(5), LoadCredential=. NULL: there is none. The caller's. */
static char *credential(void)
{
    const char *folder = getenv("CREDENTIALS_DIRECTORY");
    char *path = NULL;
    if (folder != NULL && asprintf(&path, "%s/teal-passphrase", folder) < 0)
        bug("out of memory");
    if (path != NULL && access(path, F_OK) != 0) {
        free(path);
        path = NULL;
    }
    return path;
}

static bool finish(bool read, passphrase *p, FILE *errors)
{
    bool good = read && p->len > 0;
    if (read && !good)
        fprintf(errors, "teald: the passphrase is empty. Give another one.\n");
    if (!good)
        passphrase_wipe(p);
    return good;
}

static bool find(const char *file, bool is_new, passphrase *out, FILE *errors)
{
    char *given = file == NULL ? credential() : NULL;
    *out = passphrase_make();
    bool read = file != NULL    ? read_file(file, out, errors)
                : given != NULL ? read_file(given, out, errors)
                                : ask("Passphrase of the key files: ", is_new, "--passphrase-file",
                                      out, errors);
    free(given);
    return finish(read, out, errors);
}

bool unseal_passphrase(const config *c, const char *file, bool is_new, passphrase *out,
                       FILE *errors)
{
    *out = (passphrase){ 0 };
    return !c->keys_sealed || find(file, is_new, out, errors);
}

bool unseal_old_passphrase(const config *c, const char *file, passphrase *out, FILE *errors)
{
    *out = (passphrase){ 0 };
    return !key_file_any_sealed(c) || find(file, false, out, errors);
}

bool unseal_new_passphrase(const config *c, const char *file, passphrase *out, FILE *errors)
{
    *out = (passphrase){ 0 };
    if (!c->keys_sealed)
        return true;
    *out = passphrase_make();
    bool read = file != NULL ? read_file(file, out, errors)
                             : ask("New passphrase of the key files: ", true,
                                   "--new-passphrase-file", out, errors);
    return finish(read, out, errors);
}

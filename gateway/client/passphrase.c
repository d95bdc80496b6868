/* Reads it octet by octet into locked memory: stdio would keep a copy. */
#include "gateway/client/passphrase.h"

#include "gateway/client/say.h"
#include "gateway/log.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

enum { MAX_BYTES = 1024 };

static uint8_t *room(void)
{
    if (sodium_init() < 0)
        bug("libsodium does not start");
    uint8_t *at = sodium_malloc(MAX_BYTES);
    if (at == NULL)
        bug("out of memory for secrets");
    return at;
}

/* One line without its end. False: cannot be read, or too long. */
static bool read_line(int fd, passphrase *p)
{
    p->len = 0;
    for (;;) {
        uint8_t c;
        ssize_t n = read(fd, &c, 1);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 || (n > 0 && c != '\n' && p->len == MAX_BYTES))
            return false;
        if (n == 0 || c == '\n')
            break;
        p->at[p->len++] = c;
    }
    if (p->len > 0 && p->at[p->len - 1] == '\r')
        p->len--;
    return true;
}

static outcome read_file(const char *path, passphrase *out)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    bool good = fd >= 0 && read_line(fd, out);
    int why = errno;
    if (fd >= 0)
        close(fd);
    return good ? OUTCOME_OK
                : say(OUTCOME_KEYCHAIN, "%s: no passphrase to be read: %s", path, strerror(why));
}

static bool prompt(int tty, const char *question, passphrase *out)
{
    struct termios before, silent;
    if (tcgetattr(tty, &before) != 0)
        return false;
    silent = before;
    silent.c_lflag &= ~(tcflag_t)ECHO;
    silent.c_lflag |= (tcflag_t)ECHONL;
    /* Silent before it asks: who answers at once is neither echoed nor cut off. */
    bool good = tcsetattr(tty, TCSAFLUSH, &silent) == 0 &&
                write(tty, question, strlen(question)) > 0 && read_line(tty, out);
    tcsetattr(tty, TCSAFLUSH, &before);
    return good;
}

static outcome ask(bool is_new, passphrase *out)
{
    passphrase again = { 0 };
    outcome o = OUTCOME_OK;
    int tty = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (tty < 0 || !prompt(tty, "Passphrase of the keychain: ", out))
        o = say(OUTCOME_KEYCHAIN, "no passphrase: give --passphrase-file or set TEAL_PASSPHRASE "
                                  "where there is no terminal");
    if (o == OUTCOME_OK && is_new) {
        again.at = room();
        if (!prompt(tty, "The same again: ", &again) || again.len != out->len ||
            sodium_memcmp(again.at, out->at, out->len) != 0)
            o = say(OUTCOME_KEYCHAIN, "the two passphrases differ");
        passphrase_wipe(&again);
    }
    if (tty >= 0)
        close(tty);
    return o;
}

static outcome take_environment(passphrase *out)
{
    char *value = getenv("TEAL_PASSPHRASE");
    size_t len = strlen(value);
    if (len > MAX_BYTES)
        return say(OUTCOME_KEYCHAIN, "TEAL_PASSPHRASE is longer than %d octets", MAX_BYTES);
    memcpy(out->at, value, len);
    out->len = len;
    sodium_memzero(value, len);
    unsetenv("TEAL_PASSPHRASE");
    return OUTCOME_OK;
}

outcome passphrase_read(const char *file, bool is_new, passphrase *out)
{
    outcome o;
    *out = (passphrase){ room(), 0 };
    if (file == NULL)
        file = getenv("TEAL_PASSPHRASE_FILE");
    if (file != NULL)
        o = read_file(file, out);
    else if (getenv("TEAL_PASSPHRASE") != NULL)
        o = take_environment(out);
    else
        o = ask(is_new, out);
    if (o == OUTCOME_OK && out->len == 0)
        o = say(OUTCOME_KEYCHAIN, "the passphrase is empty");
    if (o != OUTCOME_OK)
        passphrase_wipe(out);
    return o;
}

void passphrase_wipe(passphrase *p)
{
    sodium_free(p->at);
    *p = (passphrase){ 0 };
}

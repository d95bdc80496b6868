/* Reads it octet by octet into locked memory: stdio would keep a copy. */
#include "gateway/passphrase.h"

#include "gateway/log.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

passphrase passphrase_make(void)
{
    if (sodium_init() < 0)
        bug("libsodium does not start");
    passphrase p = { sodium_malloc(PASSPHRASE_MAX_BYTES), 0 };
    if (p.at == NULL)
        bug("out of memory for secrets");
    return p;
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
        if (n < 0 || (n > 0 && c != '\n' && p->len == PASSPHRASE_MAX_BYTES)) {
            errno = n < 0 ? errno : 0;
            return false;
        }
        if (n == 0 || c == '\n')
            break;
        p->at[p->len++] = c;
    }
    if (p->len > 0 && p->at[p->len - 1] == '\r')
        p->len--;
    return true;
}

bool passphrase_read_file(const char *path, passphrase *out)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    bool good = fd >= 0 && read_line(fd, out);
    int why = errno;
    if (fd >= 0)
        close(fd);
    errno = why;
    return good;
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

passphrase_result passphrase_ask(const char *question, bool twice, passphrase *out)
{
    passphrase_result result = PASSPHRASE_OK;
    int tty = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (tty < 0 || !prompt(tty, question, out))
        result = PASSPHRASE_NO_TERMINAL;
    if (result == PASSPHRASE_OK && twice) {
        passphrase again = passphrase_make();
        if (!prompt(tty, "The same again: ", &again) || again.len != out->len ||
            sodium_memcmp(again.at, out->at, out->len) != 0)
            result = PASSPHRASE_DIFFERS;
        passphrase_wipe(&again);
    }
    if (tty >= 0)
        close(tty);
    return result;
}

void passphrase_wipe(passphrase *p)
{
    sodium_free(p->at);
    *p = (passphrase){ 0 };
}

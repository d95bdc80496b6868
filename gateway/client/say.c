/* Messages, and the line that shows that something still goes on. */
#include "gateway/client/say.h"

#include "gateway/client/tamed.h"
#include "gateway/log.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>
#include <unistd.h>

enum { PATIENCE_S = 1 };

static char waiting_line[80]; /* ends in NUL; what the handler writes */
static volatile sig_atomic_t waiting_len, waiting_shown;

static void say_tamed(const char *format, va_list args)
{
    char *text = NULL;
    if (vasprintf(&text, format, args) < 0)
        bug("out of memory");
    char *line = tamed_line(teal_text(text));
    say_done();
    fprintf(stderr, "teal: %s\n", line);
    free(line);
    free(text);
}

outcome say(outcome o, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    say_tamed(format, args);
    va_end(args);
    return o;
}

void say_note(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    say_tamed(format, args);
    va_end(args);
}

static void show_waiting(int signal_number)
{
    (void)signal_number;
    if (waiting_len > 0 && write(STDERR_FILENO, waiting_line, (size_t)waiting_len) > 0)
        waiting_shown = 1;
}

static void set_alarm(int seconds)
{
    struct itimerval timer = { .it_value.tv_sec = seconds };
    setitimer(ITIMER_REAL, &timer, NULL);
}

void say_waiting(const char *what)
{
    if (!isatty(STDERR_FILENO))
        return;
    struct sigaction action = { .sa_handler = show_waiting, .sa_flags = SA_RESTART };
    sigemptyset(&action.sa_mask);
    sigaction(SIGALRM, &action, NULL);
    int len = snprintf(waiting_line, sizeof waiting_line, "teal: %s …", what);
    waiting_shown = 0;
    waiting_len = len < (int)sizeof waiting_line ? len : (int)sizeof waiting_line - 1;
    set_alarm(PATIENCE_S);
}

void say_done(void)
{
    if (waiting_len == 0)
        return;
    set_alarm(0);
    waiting_len = 0;
    if (waiting_shown)
        fputs("\r\033[K", stderr);
    waiting_shown = 0;
}

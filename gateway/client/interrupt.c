/* See interrupt.h. */
#include "gateway/client/interrupt.h"

#include "gateway/client/outcome.h"

#include <signal.h>
#include <unistd.h>

static volatile sig_atomic_t idle, asked;
static bool on_terminal; /* where ^C stands now, and the shell goes on */

static void end(void)
{
    ssize_t written = on_terminal ? write(STDERR_FILENO, "\n", 1) : 0;
    (void)written;
    _exit(OUTCOME_OK);
}

static void handle(int signal_number)
{
    (void)signal_number;
    if (idle)
        end();
    asked = 1;
}

void interrupt_catch(void)
{
    struct sigaction action = { .sa_handler = handle };
    sigemptyset(&action.sa_mask);
    on_terminal = isatty(STDERR_FILENO);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

void interrupt_idle(void)
{
    idle = 1;
    if (asked)
        end();
}

void interrupt_busy(void)
{
    idle = 0;
}

bool interrupt_asked(void)
{
    return asked != 0;
}

/* See interrupt.h. */
#include "gateway/client/interrupt.h"

#include "gateway/client/outcome.h"

#include <signal.h>
#include <unistd.h>

static volatile sig_atomic_t idle, asked;

static void handle(int signal_number)
{
    (void)signal_number;
    if (idle)
        _exit(OUTCOME_OK);
    asked = 1;
}

void interrupt_catch(void)
{
    struct sigaction action = { .sa_handler = handle };
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

void interrupt_idle(void)
{
    idle = 1;
    if (asked)
        _exit(OUTCOME_OK);
}

void interrupt_busy(void)
{
    idle = 0;
}

bool interrupt_asked(void)
{
    return asked != 0;
}

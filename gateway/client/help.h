/* What `teal --help` and `teal COMMAND --help` print. */
#ifndef TEAL_CLIENT_HELP_H
#define TEAL_CLIENT_HELP_H

#include "gateway/client/options.h"

const char *help_text(command c);

#endif

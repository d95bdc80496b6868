/* The folder that holds keys and store: made by `teald --init`, looked at before teald runs. */
#ifndef TEAL_GATEWAY_STATE_FOLDER_H
#define TEAL_GATEWAY_STATE_FOLDER_H

#include "gateway/config.h"

/* Makes the folder (0700) where it is missing, an empty store, keys and manifest; passphrase: as
 * for keys_init. False: a line on errors; what was there before is as it was. */
bool state_folder_make(const config *c, teal_bytes passphrase, FILE *errors);

/* Whether it has been made and is private; reads no secret. False: a line on errors. */
bool state_folder_check(const config *c, FILE *errors);

/* Keeps every other teald from running on it: for as long as the descriptor is open, here or in a
 * process that has it from here. -1: a line on errors. */
int state_folder_lock(const config *c, FILE *errors);

#endif

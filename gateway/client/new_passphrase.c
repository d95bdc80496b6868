/* teal passphrase: the same keychain under another one. */
#include "gateway/client/commands.h"
#include "gateway/client/unlock.h"

outcome command_passphrase(session *s)
{
    passphrase p = { 0 };
    outcome o = unlock_new_passphrase(s->options->new_passphrase_file, &p);
    if (o == OUTCOME_OK)
        o = keychain_begin(s->keychain);
    if (o == OUTCOME_OK)
        o = keychain_commit_under(s->keychain, (teal_bytes){ p.at, p.len });
    passphrase_wipe(&p);
    if (o == OUTCOME_OK && !s->options->json)
        puts("The keychain is sealed under the new passphrase. Copies of the old file still open "
             "with the old one.");
    return o;
}

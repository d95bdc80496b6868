/* The commands, each in a file of its own. Each has said what went wrong. */
#ifndef TEAL_CLIENT_COMMANDS_H
#define TEAL_CLIENT_COMMANDS_H

#include "gateway/client/session.h"

outcome command_init(session *s);
outcome command_link(session *s);
outcome command_register(session *s);
outcome command_lookup(session *s);
outcome command_send(session *s);
outcome command_inbox(session *s);
outcome command_receipts(session *s);
outcome command_handles(session *s);
outcome command_devices(session *s);
outcome command_forwarding(session *s);
outcome command_passphrase(session *s);
outcome command_gateway(session *s);
/* `teal devices approve CODE`, `refuse ID`, `revoke ID`. */
outcome command_devices_approve(session *s, const char *typed);
outcome command_devices_refuse(session *s, const char *typed);
outcome command_devices_revoke(session *s, const char *typed);
outcome command_verify(session *s);
outcome command_audit(session *s);
outcome command_heads(session *s);
outcome command_disclose(session *s);
outcome command_pins(session *s);
outcome command_sign(session *s);
outcome command_peer(session *s);

#endif

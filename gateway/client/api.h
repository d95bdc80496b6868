/* Calls of the gateway's REST resources. Says nothing to people by itself. */
#ifndef TEAL_CLIENT_API_H
#define TEAL_CLIENT_API_H

#include "codecs/native/envelope.h"
#include "gateway/client/keychain.h"
#include "gateway/client/outcome.h"

#include <jansson.h>

typedef struct api api;

/* NULL: `url` is no http:// or https:// URL. ca: a file, in the place of the system's authorities;
 * NULL: none. k: whose device and account sign the calls; outlives it. */
api *api_open(const char *url, const char *ca, const keychain *k);
/* From now on in the device's place an operator signs, by this secret key, which outlives it. */
void api_sign_as_operator(api *a, const uint8_t sk[static 64]);
void api_close(api **a);

/* Each returns OK; REFUSED (api_problem); UNREACHABLE; UNVERIFIED: its certificate; FAILED: no
 * answer of a Teal gateway. Nothing has been said yet: api_explain does. *json: an object, the
 * caller's; NULL unless OK. */
outcome api_gateway(api *a, json_t **json);
outcome api_gateway_version(api *a, uint64_t version, json_t **json);
outcome api_look_up(api *a, teal_bytes handle, json_t **json);
outcome api_claim(api *a, teal_bytes handle, json_t **json);
outcome api_put_manifest(api *a, teal_bytes handle, teal_bytes manifest);
/* *manifest: in the arena. */
outcome api_get_manifest(api *a, teal_bytes handle, teal_arena *arena, teal_bytes *manifest);
outcome api_put_prekeys(api *a, teal_bytes handle, teal_bytes prekeys, json_t **json);
outcome api_count_prekeys(api *a, teal_bytes handle, const uint8_t *device, json_t **json);
/* Manifests of the account from that version on, with their proofs. */
outcome api_manifests(api *a, teal_bytes handle, uint64_t from, json_t **json);
/* The key log. */
outcome api_log_head(api *a, json_t **json);
outcome api_log_entries(api *a, uint64_t from, unsigned max, json_t **json);
outcome api_log_consistency(api *a, uint64_t from, uint64_t to, json_t **json);
/* Sends it again where the answer was lost: the gateway knows it by its id. */
outcome api_send(api *a, teal_bytes envelope, json_t **json);
outcome api_inbox(api *a, const uint8_t *device, unsigned wait_s, json_t **json);
outcome api_acknowledge(api *a, const uint8_t *device, json_t *seqs);

/* *json: {"state"}: "sent", "proven" or "not-needed". code: NULL: have one sent. */
outcome api_prove(api *a, teal_bytes handle, const uint8_t account_key[static TEAL_KEY_BYTES],
                  const char *code, json_t **json);

/* Devices that ask to be added: on the new one, and on the one that approves. Bodies are taken. */
outcome api_ask_link(api *a, teal_bytes handle, json_t *body, json_t **json);
outcome api_link_answer(api *a, teal_bytes handle, const uint8_t *device, json_t **json);
outcome api_confirm_link(api *a, teal_bytes handle, const uint8_t *device, json_t *body);
outcome api_links(api *a, teal_bytes handle, json_t **json);
outcome api_answer_link(api *a, teal_bytes handle, const uint8_t *device, json_t *body);
outcome api_drop_link(api *a, teal_bytes handle, const uint8_t *device);

/* Text forwarding of a number. json: {"grants","requests"}. */
outcome api_forwarding(api *a, teal_bytes handle, json_t **json);
outcome api_ask_forwarding(api *a, teal_bytes handle, json_t *body, json_t **json);
outcome api_put_grant(api *a, teal_bytes handle, teal_bytes grant);

/* What operators ask for. body: taken; NULL: there is none. json: NULL where no body comes back. */
outcome api_operate(api *a, const char *method, const char *path, json_t *body, json_t **json);

/* The last refusal's problem document; NULL: there is none. Lives until the next call. */
const json_t *api_problem(const api *a);
/* "keys-stale": whether the last call was refused as that. */
bool api_refused_as(const api *a, const char *problem);
/* The last refusal is of the gateway's state, not of the call. */
bool api_is_temporary(const api *a);
/* The gateway has not taken the last message that was sent, at none of the attempts: it never left
 * this machine, or was refused. */
bool api_took_nothing(const api *a);

/* Says what the last call ended with; a problem also on standard output, if `json`. Returns `o`. */
outcome api_explain(const api *a, outcome o, bool json);

#endif

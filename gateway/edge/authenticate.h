/* Who a request is from: its signature, checked whole (PROTOCOL.md section 9.0). */
#ifndef TEAL_GATEWAY_EDGE_AUTHENTICATE_H
#define TEAL_GATEWAY_EDGE_AUTHENTICATE_H

#include "gateway/edge/rest.h"
#include "gateway/request_signature.h"

/* c: everything but `caller`, turn REST_FIRST. m: the request as it came. callers: of the route.
 * True: *out says who it is, in the call's arena, and the route is for them; *claim is what they
 * have signed, or zero. False: the call is answered with why not. May look into the store. */
bool authenticate(rest_call *c, const http_message *m, bool has_body, unsigned callers, caller *out,
                  request_claim *claim);

/* Once c->caller is known, and may come now: uses the nonce up, so that the request counts once.
 * False: the call is answered; it has counted before. */
bool authenticate_once(rest_call *c, const request_claim *claim);

#endif

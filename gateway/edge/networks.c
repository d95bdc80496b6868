/* GET /v1/peers, PUT and DELETE /v1/peers/{name}, its keys and its suspension: for operators.
 * REQ-NET-9. */
#include "codecs/base64.h"
#include "gateway/edge/field.h"

enum { PEER_MAX_BODY = 64 << 10, KEY_MAX_BODY = 1024, LIST_MAX_BYTES = CONFIG_MAX_LIST * 256 };

static networks_tools tools_of(rest_call *c)
{
    return (networks_tools){ c->services->networks, c->services->writer, c->reader };
}

/* ---- answers --------------------------------------------------------------------------------- */

static rest_next refuse(rest_call *c, const networks_refusal *why)
{
    json_t *extra = json_object();
    if (why->element[0] != '\0')
        json_object_set_new(extra, "element", json_string(why->element));
    if (why->network[0] != '\0')
        json_object_set_new(extra, "network", json_string(why->network));
    if (why->deliveries > 0)
        json_object_set_new(extra, "deliveries", json_integer((json_int_t)why->deliveries));
    return rest_problem(c, why->status, why->problem, why->rule, why->remedy, extra);
}

static rest_next answer(rest_call *c, networks_result result, const networks_refusal *why)
{
    switch (result) {
    case NETWORKS_NEW:
        return rest_empty(c, 201);
    case NETWORKS_CHANGED:
        return rest_empty(c, 204);
    case NETWORKS_REFUSED:
        return refuse(c, why);
    case NETWORKS_BUSY:
        return field_refuse_overload(c);
    }
    bug("networks_result out of range");
}

/* ---- GET /v1/peers --------------------------------------------------------------------------- */

static json_t *list_json(const config_list *list)
{
    json_t *all = json_array();
    for (size_t i = 0; i < list->n; i++)
        json_array_append_new(all, json_string(list->at[i]));
    return all;
}

static json_t *keys_json(const bridged_network *n, teal_arena *arena)
{
    json_t *all = json_array();
    for (size_t i = 0; i < n->n_keys; i++) {
        const network_key *k = &n->keys[i];
        const teal_bytes key = { k->key, sizeof k->key };
        json_t *one = json_pack("{s:o, s:I}", "key", field_base64url(key, arena), "from_ms",
                                (json_int_t)k->from_ms);
        if (k->until_ms != INT64_MAX)
            json_object_set_new(one, "until_ms", json_integer((json_int_t)k->until_ms));
        json_array_append_new(all, one);
    }
    return all;
}

static json_t *network_json(const bridged_network *n, teal_arena *arena)
{
    const char *ca = n->ca != NULL && n->ca[0] != '\0' ? n->ca : NULL;
    return json_pack("{s:s, s:s, s:o, s:o, s:o, s:b, s:b, s:s*}", "name", n->name, "url", n->url,
                     "domains", list_json(&n->domains), "numbers", list_json(&n->numbers), "keys",
                     keys_json(n, arena), "configured", n->configured, "suspended", n->suspended,
                     "ca", ca);
}

static rest_next peers_get(rest_call *c)
{
    networks *all = c->services->networks;
    const networks_view *view = networks_hold(all);
    json_t *peers = json_array();
    for (size_t i = 0; i < NETWORKS_MAX; i++) {
        const bridged_network *n = networks_in_slot(view, i);
        if (n != NULL)
            json_array_append_new(peers, network_json(n, c->arena));
    }
    networks_let_go(all, &view);
    return rest_json(c, 200, json_pack("{s:o}", "peers", peers));
}

/* ---- PUT and DELETE of one ------------------------------------------------------------------- */

/* A list of strings, as the configuration writes it; one that is not there is empty. An element
 * that would read as two, or as none, is left for network_read to refuse. */
static bool read_list(const json_t *list, teal_arena *arena, teal_bytes *out)
{
    size_t i;
    json_t *element;
    teal_writer w = { teal_arena_take(arena, LIST_MAX_BYTES), LIST_MAX_BYTES, 0 };
    if (w.base == NULL || (list != NULL && !json_is_array(list)))
        return false;
    json_array_foreach(list, i, element)
    {
        const char *text = json_string_value(element);
        if (text == NULL || text[0] == '\0' || strpbrk(text, ", \t") != NULL)
            return false;
        if (w.len > 0)
            teal_write_text(&w, ",");
        teal_write_text(&w, text);
    }
    *out = teal_written(&w);
    return teal_write_fits(&w);
}

static rest_next refuse_peer_json(rest_call *c)
{
    return field_refuse_json(c, "Send {\"url\":URL,\"domains\":[HOST,…],\"numbers\":[PREFIX,…],"
                                "\"ca\":PEM}; ca may be left out.");
}

static rest_next peer_put(rest_call *c)
{
    networks_tools tools = tools_of(c);
    networks_refusal why;
    store_peer p = { .name = c->parameter };
    json_t *body = field_object(c);
    const char *url = json_string_value(json_object_get(body, "url"));
    const json_t *ca = json_object_get(body, "ca");
    bool good = url != NULL && (ca == NULL || json_is_string(ca)) &&
                read_list(json_object_get(body, "domains"), c->arena, &p.domains) &&
                read_list(json_object_get(body, "numbers"), c->arena, &p.numbers);
    p.url = good ? teal_text(url) : p.url;
    if (good && ca != NULL)
        p.ca = (teal_bytes){ (const uint8_t *)json_string_value(ca), json_string_length(ca) };
    rest_next next = good ? answer(c, networks_put(&tools, &p, &why), &why) : refuse_peer_json(c);
    json_decref(body);
    return next;
}

static rest_next peer_delete(rest_call *c)
{
    networks_tools tools = tools_of(c);
    networks_refusal why;
    int64_t force;
    if (!field_number(rest_query(c, "force"), 0, 1, 0, &force))
        return field_refuse_query(c, "Set force to 0 or 1, or leave it out.");
    networks_result result = force == 1 ? core_remove_network(c->services->core, c->reader,
                                                              c->parameter, c->now_ms, &why)
                                        : networks_remove(&tools, c->parameter, c->now_ms, &why);
    return answer(c, result, &why);
}

/* ---- keys ------------------------------------------------------------------------------------ */

static bool read_key(const char *text, uint8_t key[static TEAL_KEY_BYTES])
{
    return text != NULL &&
           teal_base64url_decode_exact(teal_text(text), key, TEAL_KEY_BYTES, NULL) == TEAL_OK;
}

static bool read_time(const json_t *value, int64_t otherwise, int64_t *out)
{
    *out = value == NULL ? otherwise : json_integer_value(value);
    return value == NULL || (json_is_integer(value) && *out >= 0);
}

static rest_next key_put(rest_call *c)
{
    networks_tools tools = tools_of(c);
    networks_refusal why;
    network_key k;
    json_t *body = field_object(c);
    bool good = read_key(json_string_value(json_object_get(body, "key")), k.key) &&
                read_time(json_object_get(body, "from_ms"), 0, &k.from_ms) &&
                read_time(json_object_get(body, "until_ms"), INT64_MAX, &k.until_ms);
    json_decref(body);
    if (!good)
        return field_refuse_json(c, "Send {\"key\":B64U,\"from_ms\":N,\"until_ms\":N}; the times "
                                    "may be left out.");
    return answer(c, networks_put_key(&tools, c->parameter, &k, c->now_ms, &why), &why);
}

static rest_next key_delete(rest_call *c)
{
    networks_tools tools = tools_of(c);
    networks_refusal why;
    uint8_t key[TEAL_KEY_BYTES];
    int64_t at_ms;
    if (!read_key(rest_query(c, "key"), key) ||
        !field_number(rest_query(c, "until_ms"), 0, INT64_MAX, c->now_ms, &at_ms))
        return field_refuse_query(c, "Set key to the key, 43 characters of base64url, and until_ms "
                                     "to a time or leave it out.");
    return answer(c, networks_retire_key(&tools, c->parameter, key, at_ms, c->now_ms, &why), &why);
}

/* ---- suspension ------------------------------------------------------------------------------ */

static rest_next suspension_put(rest_call *c)
{
    networks_tools tools = tools_of(c);
    networks_refusal why;
    return answer(c, networks_suspend(&tools, c->parameter, c->now_ms, &why), &why);
}

static rest_next suspension_delete(rest_call *c)
{
    networks_tools tools = tools_of(c);
    networks_refusal why;
    return answer(c, networks_resume(&tools, c->parameter, &why), &why);
}

const rest_route networks_routes[] = {
    { "GET", "/v1/peers", 0, NULL, CALLER_OPERATOR, peers_get },
    { "PUT", "/v1/peers/{}", PEER_MAX_BODY, "application/json", CALLER_OPERATOR, peer_put },
    { "DELETE", "/v1/peers/{}", 0, NULL, CALLER_OPERATOR, peer_delete },
    { "PUT", "/v1/peers/{}/keys", KEY_MAX_BODY, "application/json", CALLER_OPERATOR, key_put },
    { "DELETE", "/v1/peers/{}/keys", 0, NULL, CALLER_OPERATOR, key_delete },
    { "PUT", "/v1/peers/{}/suspension", 0, NULL, CALLER_OPERATOR, suspension_put },
    { "DELETE", "/v1/peers/{}/suspension", 0, NULL, CALLER_OPERATOR, suspension_delete },
    { 0 },
};

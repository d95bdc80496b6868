/* Names of the store's enumerations, and the table of its back ends. */
#include "gateway/store/store.h"

const store_ops *store_backend(const char *name)
{
    static const store_ops *const all[] = { &store_sqlite };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        if (strcmp(all[i]->name, name) == 0)
            return all[i];
    }
    return NULL;
}

const char *store_result_name(store_result r)
{
    switch (r) {
    case STORE_OK:
        return "ok";
    case STORE_NONE:
        return "none";
    case STORE_EXISTS:
        return "exists";
    case STORE_BUSY:
        return "busy";
    case STORE_FULL:
        return "full";
    case STORE_SPACE:
        return "space";
    case STORE_BROKEN:
        return "broken";
    }
    return "";
}

const char *store_path_name(store_path p)
{
    switch (p) {
    case PATH_NONE:
        return "";
    case PATH_NATIVE:
        return "native";
    case PATH_RCS:
        return "rcs";
    case PATH_PLAIN:
        return "plain";
    case PATH_SMS:
        return "sms";
    }
    return "";
}

const char *store_state_name(store_state s)
{
    switch (s) {
    case STATE_WAITING:
        return "waiting";
    case STATE_LEAVING:
        return "leaving";
    case STATE_SENT:
        return "sent";
    case STATE_ARRIVED:
        return "arrived";
    case STATE_FAILED:
        return "failed";
    }
    return "";
}

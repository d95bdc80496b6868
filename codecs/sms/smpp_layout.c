/* The fields of each SMPP 3.4 command. Data, and the look-up in it. */
#include "codecs/sms/smpp_layout.h"

/* Bounds of the C-octet strings, without their NUL. */
enum {
    MAX_SYSTEM_ID = 15,
    MAX_PASSWORD = 8,
    MAX_SYSTEM_TYPE = 12,
    MAX_ADDRESS_RANGE = 40,
    MAX_SERVICE_TYPE = 5,
    MAX_DATE = 16,
};

#define OCTET(member)                                                                              \
    {                                                                                              \
        TEAL_SMPP_OCTET, 0, offsetof(teal_smpp_pdu, member)                                        \
    }
#define STRING(member, max)                                                                        \
    {                                                                                              \
        TEAL_SMPP_STRING, max, offsetof(teal_smpp_pdu, member)                                     \
    }
#define DATE(member)                                                                               \
    {                                                                                              \
        TEAL_SMPP_TIME, MAX_DATE, offsetof(teal_smpp_pdu, member)                                  \
    }
#define SHORT(member)                                                                              \
    {                                                                                              \
        TEAL_SMPP_SHORT, TEAL_SMPP_MAX_SHORT, offsetof(teal_smpp_pdu, member)                      \
    }
#define LIST(kind)                                                                                 \
    {                                                                                              \
        kind, 0, offsetof(teal_smpp_pdu, list)                                                     \
    }
#define ADDRESS(member, max) OCTET(member.ton), OCTET(member.npi), STRING(member.digits, max)

/* §4.1.1, §4.1.3, §4.1.5 */
static const teal_smpp_field bind[] = {
    STRING(bind.system_id, MAX_SYSTEM_ID),     STRING(bind.password, MAX_PASSWORD),
    STRING(bind.system_type, MAX_SYSTEM_TYPE), OCTET(bind.interface_version),
    ADDRESS(bind.range, MAX_ADDRESS_RANGE),
};

static const teal_smpp_field bind_resp[] = { STRING(id, MAX_SYSTEM_ID) };

/* §4.1.7 */
static const teal_smpp_field outbind[] = {
    STRING(bind.system_id, MAX_SYSTEM_ID),
    STRING(bind.password, MAX_PASSWORD),
};

/* What follows the destination of a message, or its destinations. */
#define MESSAGE_TAIL                                                                               \
    OCTET(message.esm_class), OCTET(message.protocol_id), OCTET(message.priority_flag),            \
        DATE(message.schedule_delivery_time), DATE(message.validity_period),                       \
        OCTET(message.registered_delivery), OCTET(message.replace_if_present_flag),                \
        OCTET(message.data_coding), OCTET(message.sm_default_msg_id), SHORT(message.short_message)

/* §4.4.1, §4.6.1 */
static const teal_smpp_field message[] = {
    STRING(message.service_type, MAX_SERVICE_TYPE),
    ADDRESS(message.source, TEAL_SMPP_MAX_ADDRESS),
    ADDRESS(message.destination, TEAL_SMPP_MAX_ADDRESS),
    MESSAGE_TAIL,
};

/* §4.5.1 */
static const teal_smpp_field multi[] = {
    STRING(message.service_type, MAX_SERVICE_TYPE),
    ADDRESS(message.source, TEAL_SMPP_MAX_ADDRESS),
    LIST(TEAL_SMPP_DESTINATIONS),
    MESSAGE_TAIL,
};

/* §4.7.1 */
static const teal_smpp_field data[] = {
    STRING(message.service_type, MAX_SERVICE_TYPE),
    ADDRESS(message.source, TEAL_SMPP_MAX_DATA_ADDRESS),
    ADDRESS(message.destination, TEAL_SMPP_MAX_DATA_ADDRESS),
    OCTET(message.esm_class),
    OCTET(message.registered_delivery),
    OCTET(message.data_coding),
};

static const teal_smpp_field message_resp[] = { STRING(id, TEAL_SMPP_MAX_MESSAGE_ID) };

/* §4.5.2 */
static const teal_smpp_field multi_resp[] = {
    STRING(id, TEAL_SMPP_MAX_MESSAGE_ID),
    LIST(TEAL_SMPP_FAILURES),
};

/* §4.8.1 */
static const teal_smpp_field query[] = {
    STRING(id, TEAL_SMPP_MAX_MESSAGE_ID),
    ADDRESS(message.source, TEAL_SMPP_MAX_ADDRESS),
};

/* §4.8.2 */
static const teal_smpp_field query_resp[] = {
    STRING(id, TEAL_SMPP_MAX_MESSAGE_ID),
    DATE(outcome.final_date),
    OCTET(outcome.message_state),
    OCTET(outcome.error_code),
};

/* §4.9.1 */
static const teal_smpp_field cancel[] = {
    STRING(message.service_type, MAX_SERVICE_TYPE),
    STRING(id, TEAL_SMPP_MAX_MESSAGE_ID),
    ADDRESS(message.source, TEAL_SMPP_MAX_ADDRESS),
    ADDRESS(message.destination, TEAL_SMPP_MAX_ADDRESS),
};

/* §4.10.1 */
static const teal_smpp_field replace[] = {
    STRING(id, TEAL_SMPP_MAX_MESSAGE_ID), ADDRESS(message.source, TEAL_SMPP_MAX_ADDRESS),
    DATE(message.schedule_delivery_time), DATE(message.validity_period),
    OCTET(message.registered_delivery),   OCTET(message.sm_default_msg_id),
    SHORT(message.short_message),
};

/* §4.12.1 */
static const teal_smpp_field alert[] = {
    ADDRESS(message.source, TEAL_SMPP_MAX_DATA_ADDRESS),
    ADDRESS(message.destination, TEAL_SMPP_MAX_DATA_ADDRESS),
};

#define WITH(fields) fields, sizeof fields / sizeof *fields
#define HEADER_ONLY  NULL, 0

static const teal_smpp_layout layouts[] = {
    { TEAL_SMPP_SUBMIT_SM, "submit_sm", WITH(message) },
    { TEAL_SMPP_SUBMIT_SM | TEAL_SMPP_RESP, "submit_sm_resp", WITH(message_resp) },
    { TEAL_SMPP_DELIVER_SM, "deliver_sm", WITH(message) },
    { TEAL_SMPP_DELIVER_SM | TEAL_SMPP_RESP, "deliver_sm_resp", WITH(message_resp) },
    { TEAL_SMPP_ENQUIRE_LINK, "enquire_link", HEADER_ONLY },
    { TEAL_SMPP_ENQUIRE_LINK | TEAL_SMPP_RESP, "enquire_link_resp", HEADER_ONLY },
    { TEAL_SMPP_GENERIC_NACK, "generic_nack", HEADER_ONLY },
    { TEAL_SMPP_BIND_RECEIVER, "bind_receiver", WITH(bind) },
    { TEAL_SMPP_BIND_RECEIVER | TEAL_SMPP_RESP, "bind_receiver_resp", WITH(bind_resp) },
    { TEAL_SMPP_BIND_TRANSMITTER, "bind_transmitter", WITH(bind) },
    { TEAL_SMPP_BIND_TRANSMITTER | TEAL_SMPP_RESP, "bind_transmitter_resp", WITH(bind_resp) },
    { TEAL_SMPP_BIND_TRANSCEIVER, "bind_transceiver", WITH(bind) },
    { TEAL_SMPP_BIND_TRANSCEIVER | TEAL_SMPP_RESP, "bind_transceiver_resp", WITH(bind_resp) },
    { TEAL_SMPP_OUTBIND, "outbind", WITH(outbind) },
    { TEAL_SMPP_UNBIND, "unbind", HEADER_ONLY },
    { TEAL_SMPP_UNBIND | TEAL_SMPP_RESP, "unbind_resp", HEADER_ONLY },
    { TEAL_SMPP_SUBMIT_MULTI, "submit_multi", WITH(multi) },
    { TEAL_SMPP_SUBMIT_MULTI | TEAL_SMPP_RESP, "submit_multi_resp", WITH(multi_resp) },
    { TEAL_SMPP_DATA_SM, "data_sm", WITH(data) },
    { TEAL_SMPP_DATA_SM | TEAL_SMPP_RESP, "data_sm_resp", WITH(message_resp) },
    { TEAL_SMPP_QUERY_SM, "query_sm", WITH(query) },
    { TEAL_SMPP_QUERY_SM | TEAL_SMPP_RESP, "query_sm_resp", WITH(query_resp) },
    { TEAL_SMPP_CANCEL_SM, "cancel_sm", WITH(cancel) },
    { TEAL_SMPP_CANCEL_SM | TEAL_SMPP_RESP, "cancel_sm_resp", HEADER_ONLY },
    { TEAL_SMPP_REPLACE_SM, "replace_sm", WITH(replace) },
    { TEAL_SMPP_REPLACE_SM | TEAL_SMPP_RESP, "replace_sm_resp", HEADER_ONLY },
    { TEAL_SMPP_ALERT_NOTIFICATION, "alert_notification", WITH(alert) },
};

const teal_smpp_layout *teal_smpp_layout_of(uint32_t command)
{
    for (size_t i = 0; i < sizeof layouts / sizeof *layouts; i++)
        if (layouts[i].command == command)
            return &layouts[i];
    return NULL;
}

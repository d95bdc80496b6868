/* Changes protobuf messages field by field, by the descriptors of protobuf-c. Nothing is freed but
 * all at once: messages, and what is put into them, lie in one arena. */
#include "tests/fuzz/mutate.h"

#include "codecs/arena.h"

#include <stdlib.h>

/* protobuf-c makes 75 octets of one, at worst. */
enum { ARENA = 32 << 20, MAX_OCTETS = 128 << 10, MAX_GROWTH = 64 };

static _Alignas(16) uint8_t memory[ARENA];
static teal_arena arena = { memory, sizeof memory, 0 };

void *mutate_take(size_t octets)
{
    void *at = teal_arena_take(&arena, octets);
    if (at == NULL)
        abort(); /* messages are small: the fuzzer's inputs are */
    return at;
}

static size_t size_of(ProtobufCType type)
{
    switch (type) {
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
    case PROTOBUF_C_TYPE_ENUM:
    case PROTOBUF_C_TYPE_FLOAT:
        return 4;
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_DOUBLE:
        return 8;
    case PROTOBUF_C_TYPE_BOOL:
        return sizeof(protobuf_c_boolean);
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_MESSAGE:
        return sizeof(void *);
    case PROTOBUF_C_TYPE_BYTES:
        return sizeof(ProtobufCBinaryData);
    }
    abort();
}

/* A copy of other octets; half of the time as many, because many lengths are fixed. */
static uint8_t *changed(const uint8_t *at, size_t *len, test_random *s)
{
    bool keeps_len = *len > 0 && test_random_below(s, 2) > 0;
    size_t max = keeps_len ? *len : *len + MAX_GROWTH;
    uint8_t *copy = mutate_take(max + 1);
    if (*len > 0)
        memcpy(copy, at, *len);
    size_t now = LLVMFuzzerMutate(copy, *len, max);
    if (!keeps_len)
        *len = now;
    copy[*len] = '\0';
    return copy;
}

static uint64_t other_number(uint64_t value, test_random *s)
{
    switch (test_random_below(s, 5)) {
    case 0:
        return test_random_below(s, 8);
    case 1:
        return value + 1;
    case 2:
        return value - 1;
    case 3:
        return value ^ UINT64_C(1) << test_random_below(s, 64);
    default:
        return UINT64_MAX >> test_random_below(s, 64);
    }
}

static void change_message(ProtobufCMessage *m, test_random *s);

static void change_string(char **at, test_random *s)
{
    size_t len = *at != NULL ? strlen(*at) : 0;
    *at = (char *)changed((const uint8_t *)*at, &len, s);
}

static ProtobufCMessage *make_message(const ProtobufCMessageDescriptor *d)
{
    ProtobufCMessage *made = mutate_take(d->sizeof_message);
    protobuf_c_message_init(d, made);
    return made;
}

static void change_inner(const ProtobufCFieldDescriptor *f, ProtobufCMessage **at, test_random *s)
{
    if (*at == NULL)
        *at = make_message(f->descriptor);
    else if (f->label != PROTOBUF_C_LABEL_REPEATED && test_random_below(s, 16) == 0)
        *at = NULL;
    else
        change_message(*at, s);
}

static void change_value(const ProtobufCFieldDescriptor *f, void *at, test_random *s)
{
    ProtobufCBinaryData *bytes = at;
    switch (f->type) {
    case PROTOBUF_C_TYPE_STRING:
        change_string(at, s);
        return;
    case PROTOBUF_C_TYPE_BYTES:
        bytes->data = changed(bytes->data, &bytes->len, s);
        return;
    case PROTOBUF_C_TYPE_MESSAGE:
        change_inner(f, at, s);
        return;
    case PROTOBUF_C_TYPE_BOOL:
        *(protobuf_c_boolean *)at = !*(protobuf_c_boolean *)at;
        return;
    default:
        if (size_of(f->type) == sizeof(uint64_t))
            *(uint64_t *)at = other_number(*(uint64_t *)at, s);
        else
            *(uint32_t *)at = (uint32_t)other_number(*(uint32_t *)at, s);
    }
}

/* One more element, a copy of another or a new one; one less; two in other places; one changed. */
static void change_list(const ProtobufCFieldDescriptor *f, ProtobufCMessage *m, test_random *s)
{
    size_t *n = (size_t *)(void *)((uint8_t *)m + f->quantifier_offset), size = size_of(f->type);
    uint8_t **list = (uint8_t **)(void *)((uint8_t *)m + f->offset);
    uint8_t *copy = mutate_take((*n + 1) * size);
    if (*n > 0)
        memcpy(copy, *list, *n * size);
    *list = copy;
    size_t what = *n == 0 ? 0 : test_random_below(s, 6), i = *n == 0 ? 0 : test_random_below(s, *n);
    switch (what) {
    case 0:
        if (*n > 0)
            memcpy(copy + *n * size, copy + i * size, size);
        else
            memset(copy, 0, size);
        if (*n == 0 && f->type == PROTOBUF_C_TYPE_STRING)
            *(const char **)(void *)copy = "";
        else if (*n == 0 && f->type == PROTOBUF_C_TYPE_MESSAGE)
            *(ProtobufCMessage **)(void *)copy = make_message(f->descriptor);
        ++*n;
        return;
    case 1:
        memmove(copy + i * size, copy + (i + 1) * size, (*n - i - 1) * size);
        --*n;
        return;
    case 2: {
        size_t k = test_random_below(s, *n);
        for (size_t at = 0; at < size; at++) {
            uint8_t octet = copy[i * size + at];
            copy[i * size + at] = copy[k * size + at];
            copy[k * size + at] = octet;
        }
        return;
    }
    default:
        change_value(f, copy + i * size, s);
    }
}

/* The field becomes the one of its group that is there. */
static void enter_group(const ProtobufCFieldDescriptor *f, ProtobufCMessage *m)
{
    uint32_t *which = (uint32_t *)(void *)((uint8_t *)m + f->quantifier_offset);
    if (*which == f->id)
        return;
    *which = f->id;
    memset((uint8_t *)m + f->offset, 0, size_of(f->type));
    if (f->type == PROTOBUF_C_TYPE_STRING)
        *(const char **)(void *)((uint8_t *)m + f->offset) = "";
}

static bool is_there(const ProtobufCFieldDescriptor *f, ProtobufCMessage *m)
{
    return (f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) == 0 ||
           *(uint32_t *)(void *)((uint8_t *)m + f->quantifier_offset) == f->id;
}

static void change_message(ProtobufCMessage *m, test_random *s)
{
    const ProtobufCMessageDescriptor *d = m->descriptor;
    if (d->n_fields == 0)
        return;
    const ProtobufCFieldDescriptor *f = &d->fields[test_random_below(s, d->n_fields)];
    /* Of a group, mostly the one that is there. */
    for (size_t i = 0; i < 64 && !is_there(f, m) && test_random_below(s, 8) > 0; i++)
        f = &d->fields[test_random_below(s, d->n_fields)];
    if (f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF)
        enter_group(f, m);
    if (f->label == PROTOBUF_C_LABEL_REPEATED)
        change_list(f, m, s);
    else
        change_value(f, (uint8_t *)m + f->offset, s);
}

/* False: it is no such message. */
static bool change_bytes(const ProtobufCMessageDescriptor *d, mutate_mend *mend,
                         ProtobufCBinaryData *b, test_random *s)
{
    ProtobufCAllocator allocator = teal_arena_protobuf(&arena);
    ProtobufCMessage *m = protobuf_c_message_unpack(d, &allocator, b->len, b->data);
    if (m == NULL)
        return false;
    change_message(m, s);
    if (mend != NULL)
        mend(m, s);
    size_t len = protobuf_c_message_get_packed_size(m);
    b->data = mutate_take(len + 1);
    b->len = protobuf_c_message_pack(m, b->data);
    return true;
}

void mutate_inside(const ProtobufCMessageDescriptor *d, mutate_mend *mend, ProtobufCBinaryData *b,
                   test_random *s)
{
    (void)change_bytes(d, mend, b, s);
}

size_t mutate_protobuf(const ProtobufCMessageDescriptor *d, mutate_mend *mend, uint8_t *data,
                       size_t size, size_t max, test_random *s)
{
    ProtobufCBinaryData b = { size, data };
    arena.used = 0;
    if (test_random_below(s, 8) == 0 || size > MAX_OCTETS || !change_bytes(d, mend, &b, s) ||
        b.len > max)
        return LLVMFuzzerMutate(data, size, max);
    memcpy(data, b.data, b.len);
    return b.len;
}

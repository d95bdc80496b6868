/* See centre.h. */
#include "tests/support/centre.h"

#include <arpa/inet.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

void centre_open(centre *c)
{
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof a;
    c->fd = -1;
    c->in_len = c->used = 0;
    c->next_sequence = 1;
    c->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(c->listener, (struct sockaddr *)&a, sizeof a), 0);
    assert_int_equal(listen(c->listener, 8), 0);
    assert_int_equal(getsockname(c->listener, (struct sockaddr *)&a, &len), 0);
    c->port = ntohs(a.sin_port);
}

void centre_hang_up(centre *c)
{
    if (c->fd >= 0)
        close(c->fd);
    c->fd = -1;
    c->in_len = c->used = 0;
}

void centre_close(centre *c)
{
    centre_hang_up(c);
    if (c->listener >= 0)
        close(c->listener);
    c->listener = -1;
}

static bool wait_for(int fd, int timeout_ms)
{
    struct pollfd p = { .fd = fd, .events = POLLIN };
    return poll(&p, 1, timeout_ms) > 0;
}

bool centre_accept(centre *c, int timeout_ms)
{
    centre_hang_up(c);
    if (!wait_for(c->listener, timeout_ms))
        return false;
    c->fd = accept4(c->listener, NULL, NULL, SOCK_CLOEXEC);
    return c->fd >= 0;
}

static void drop_last(centre *c)
{
    memmove(c->in, c->in + c->used, c->in_len - c->used);
    c->in_len -= c->used;
    c->used = 0;
}

bool centre_read(centre *c, teal_smpp_pdu *out, int timeout_ms)
{
    teal_bytes unit;
    teal_diag why;
    teal_result result;
    drop_last(c);
    while ((result = teal_smpp_frame((teal_bytes){ c->in, c->in_len }, &unit, &why)) == TEAL_MORE) {
        if (c->fd < 0 || !wait_for(c->fd, timeout_ms))
            return false;
        ssize_t n = recv(c->fd, c->in + c->in_len, sizeof c->in - c->in_len, 0);
        if (n <= 0)
            return false;
        c->in_len += (size_t)n;
    }
    assert_int_equal(result, TEAL_OK);
    assert_int_equal(teal_smpp_decode(unit, out, &why), TEAL_OK);
    c->used = unit.len;
    return true;
}

teal_smpp_pdu centre_expect(centre *c, uint32_t command)
{
    teal_smpp_pdu pdu;
    while (centre_read(c, &pdu, CENTRE_PATIENCE_MS)) {
        if (pdu.command == command)
            return pdu;
        if (pdu.command != TEAL_SMPP_ENQUIRE_LINK)
            fail_msg("%s came, not %s", teal_smpp_command_name(pdu.command),
                     teal_smpp_command_name(command));
        centre_write(c, &(teal_smpp_pdu){ .command = TEAL_SMPP_ENQUIRE_LINK | TEAL_SMPP_RESP,
                                          .sequence = pdu.sequence });
    }
    fail_msg("no %s came", teal_smpp_command_name(command));
    return pdu;
}

void centre_write_bytes(centre *c, teal_bytes bytes)
{
    assert_int_equal(send(c->fd, bytes.at, bytes.len, MSG_NOSIGNAL), bytes.len);
}

void centre_write(centre *c, const teal_smpp_pdu *pdu)
{
    uint8_t buf[1024];
    teal_writer w = { buf, sizeof buf, 0 };
    teal_diag why;
    assert_int_equal(teal_smpp_encode(pdu, &w, &why), TEAL_OK);
    centre_write_bytes(c, teal_written(&w));
}

void centre_bind(centre *c)
{
    assert_true(centre_accept(c, CENTRE_PATIENCE_MS));
    teal_smpp_pdu bind = centre_expect(c, TEAL_SMPP_BIND_TRANSCEIVER);
    centre_write(c, &(teal_smpp_pdu){ .command = TEAL_SMPP_BIND_TRANSCEIVER | TEAL_SMPP_RESP,
                                      .sequence = bind.sequence,
                                      .id = teal_text("centre") });
}

void centre_answer(centre *c, uint32_t sequence, uint32_t status, const char *id)
{
    teal_smpp_pdu pdu = { .command = TEAL_SMPP_SUBMIT_SM | TEAL_SMPP_RESP,
                          .status = status,
                          .sequence = sequence };
    if (id != NULL)
        pdu.id = teal_text(id);
    centre_write(c, &pdu);
}

uint32_t centre_deliver(centre *c, const char *source, const char *destination, uint8_t esm_class,
                        teal_bytes short_message)
{
    teal_smpp_pdu pdu = { .command = TEAL_SMPP_DELIVER_SM,
                          .sequence = c->next_sequence++,
                          .message = { .source = { 1, 1, teal_text(source) },
                                       .destination = { 1, 1, teal_text(destination) },
                                       .esm_class = esm_class,
                                       .short_message = short_message } };
    centre_write(c, &pdu);
    return pdu.sequence;
}

uint32_t centre_report(centre *c, const char *number, const char *id, const char *state)
{
    char text[200];
    snprintf(text, sizeof text,
             "id:%s sub:001 dlvrd:001 submit date:2611240900 done date:2611240901 stat:%s err:000 "
             "text:",
             id, state);
    return centre_deliver(c, number, "447700900000", TEAL_ESM_RECEIPT, teal_text(text));
}

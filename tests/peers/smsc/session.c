/* Input and output are buffers of fixed size; sockets do not block. */
#include "tests/peers/smsc/session.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

void session_open(session *s, int fd, int64_t now_ms)
{
    int on = 1; /* Nagle against delayed acknowledgements stalls every window */
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    s->fd = fd;
    s->bound = s->ending = s->enquired = false;
    s->last_sequence = 0;
    s->heard_ms = now_ms;
    s->in_len = s->out_len = 0;
}

void session_close(session *s)
{
    if (s->fd >= 0)
        close(s->fd);
    s->fd = -1;
    s->bound = s->ending = false;
}

short session_events(const session *s)
{
    return (short)((s->out_len > 0 ? POLLOUT : 0) | (session_has_room(s) ? POLLIN : 0));
}

void session_receive(session *s, int64_t now_ms)
{
    ssize_t got = recv(s->fd, s->in + s->in_len, sizeof s->in - s->in_len, 0);
    if (got > 0) {
        s->in_len += (size_t)got;
        s->heard_ms = now_ms;
    } else if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
        s->ending = true;
    }
}

bool session_next(session *s, size_t *done, teal_bytes *unit)
{
    teal_diag why = { 0 };
    if (s->ending)
        return false;
    switch (teal_smpp_frame((teal_bytes){ s->in + *done, s->in_len - *done }, unit, &why)) {
    case TEAL_OK:
        *done += unit->len;
        return true;
    case TEAL_MORE:
        return false;
    default: /* there is no telling where the next unit begins */
        fprintf(stderr, "smsc: %s\n", why.rule);
        s->ending = true;
        return false;
    }
}

void session_consume(session *s, size_t done)
{
    s->in_len -= done;
    memmove(s->in, s->in + done, s->in_len);
}

void session_flush(session *s)
{
    if (s->out_len == 0 || s->fd < 0)
        return;
    ssize_t sent = send(s->fd, s->out, s->out_len, MSG_NOSIGNAL);
    if (sent > 0) {
        s->out_len -= (size_t)sent;
        memmove(s->out, s->out + sent, s->out_len);
    } else if (errno != EAGAIN && errno != EINTR) {
        s->ending = true;
    }
}

/* Half of the buffer is kept for the answers to what one full input buffer asks. */
bool session_has_room(const session *s)
{
    return s->out_len < sizeof s->out / 2;
}

void session_put(session *s, const teal_smpp_pdu *pdu)
{
    teal_diag why = { "there is no room left", 0 };
    teal_writer w = { s->out, sizeof s->out, s->out_len };
    if (teal_smpp_encode(pdu, &w, &why) == TEAL_OK) {
        s->out_len = w.len;
        return;
    }
    fprintf(stderr, "smsc: %s not sent: %s\n", teal_smpp_command_name(pdu->command), why.rule);
    s->ending = true;
}

static bool has_answer(uint32_t command)
{
    switch (command) {
    case TEAL_SMPP_BIND_RECEIVER:
    case TEAL_SMPP_BIND_TRANSMITTER:
    case TEAL_SMPP_BIND_TRANSCEIVER:
    case TEAL_SMPP_SUBMIT_SM:
    case TEAL_SMPP_DELIVER_SM:
    case TEAL_SMPP_UNBIND:
    case TEAL_SMPP_ENQUIRE_LINK:
        return true;
    default:
        return false;
    }
}

void session_answer(session *s, const teal_smpp_pdu *to, uint32_t status, teal_bytes id,
                    teal_bytes tlvs)
{
    teal_smpp_pdu answer = { .command = TEAL_SMPP_GENERIC_NACK,
                             .status = status,
                             .sequence = to->sequence };
    if (has_answer(to->command)) {
        answer.command = to->command | TEAL_SMPP_RESP;
        answer.id = id;
        answer.tlvs = tlvs;
    }
    session_put(s, &answer);
}

uint32_t session_new_sequence(session *s)
{
    s->last_sequence = s->last_sequence % 0x7FFFFFFF + 1; /* SMPP 3.4 section 5.1.4 */
    return s->last_sequence;
}

void session_tick(session *s, int64_t now_ms)
{
    int64_t silence_ms = now_ms - s->heard_ms;
    if (silence_ms >= 2 * SESSION_ENQUIRE_MS) {
        s->ending = true;
    } else if (silence_ms >= SESSION_ENQUIRE_MS && s->bound && !s->enquired) {
        session_put(s, &(teal_smpp_pdu){ .command = TEAL_SMPP_ENQUIRE_LINK,
                                         .sequence = session_new_sequence(s) });
        s->enquired = true;
    } else if (silence_ms < SESSION_ENQUIRE_MS) {
        s->enquired = false;
    }
}

int64_t session_due_ms(const session *s)
{
    return s->heard_ms + (s->enquired || !s->bound ? 2 : 1) * SESSION_ENQUIRE_MS;
}

/* Frames are drawn here and nowhere else; whatever comes from others passes through tamed_*. */
#include "gateway/client/show.h"

#include "gateway/client/member.h"
#include "gateway/client/tamed.h"
#include "gateway/log.h"

#include <stdarg.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

enum { DEFAULT_COLUMNS = 80, LEAST_COLUMNS = 24, MOST_COLUMNS = 100, PREFIX_BYTES = 32 };

#include "gateway/client/wrap.h"

/* One look for each way that a message can take. */
typedef enum look {
    LOOK_NATIVE,
    LOOK_RCS,
    LOOK_TRANSPORT,
    LOOK_PLAINTEXT,
    LOOK_NONE,
    LOOK_WRONG
} look;

static const struct {
    int colour; /* of 256 */
    const char *words;
} looks[] = {
    [LOOK_NATIVE] = { 33, "native, end-to-end encrypted (E2EE)" },
    [LOOK_RCS] = { 43, "RCS, end-to-end encrypted (E2EE)" },
    [LOOK_TRANSPORT] = { 214, "RCS, readable by the network (TRANSPORT)" },
    [LOOK_PLAINTEXT] = { 40, "SMS, readable by everybody on the way (PLAINTEXT)" },
    [LOOK_NONE] = { 245, "it never left" },
    [LOOK_WRONG] = { 196, "NOT VERIFIED" },
};

show show_for(FILE *out)
{
    struct winsize size = { 0 };
    show s = { out, DEFAULT_COLUMNS, false, isatty(fileno(out)) };
    const char *no_colour = getenv("NO_COLOR");
    s.colour = s.terminal && (no_colour == NULL || *no_colour == '\0');
    if (s.terminal && ioctl(fileno(out), TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        s.columns = size.ws_col;
    if (s.columns < LEAST_COLUMNS)
        s.columns = LEAST_COLUMNS;
    if (s.columns > MOST_COLUMNS)
        s.columns = MOST_COLUMNS;
    return s;
}

static look look_of(teal_bytes level, const char *path)
{
    if (teal_bytes_equal(level, teal_text("E2EE")))
        return path != NULL && strcmp(path, "rcs") == 0 ? LOOK_RCS : LOOK_NATIVE;
    if (teal_bytes_equal(level, teal_text("TRANSPORT")))
        return LOOK_TRANSPORT;
    return teal_bytes_equal(level, teal_text("PLAINTEXT")) ? LOOK_PLAINTEXT : LOOK_NONE;
}

/* ---- lines ----------------------------------------------------------------------------------- */

/* `mark` and a space, the mark in colour. */
static const char *prefix_of(const show *s, look l, const char *mark, char buf[static PREFIX_BYTES])
{
    if (s->colour)
        snprintf(buf, PREFIX_BYTES, "\033[38;5;%dm%s\033[0m ", looks[l].colour, mark);
    else
        snprintf(buf, PREFIX_BYTES, "%s ", mark);
    return buf;
}

static void write_block(const show *s, look l, const char *text, const char *mark,
                        const char *mark_below)
{
    char first[PREFIX_BYTES], rest[PREFIX_BYTES];
    if (s->terminal)
        fputs("\033[?7l", s->out); /* what is wider than it says is cut, not carried over */
    wrap_write(s->out, text, prefix_of(s, l, mark, first), prefix_of(s, l, mark_below, rest),
               s->columns - 2);
    if (s->terminal)
        fputs("\033[?7h", s->out);
}

static void write_format(const show *s, look l, const char *mark, const char *mark_below,
                         const char *format, ...) __attribute__((format(printf, 5, 6)));

static void write_format(const show *s, look l, const char *mark, const char *mark_below,
                         const char *format, ...)
{
    char *text;
    va_list args;
    va_start(args, format);
    if (vasprintf(&text, format, args) < 0)
        bug("out of memory");
    va_end(args);
    write_block(s, l, text, mark, mark_below);
    free(text);
}

/* "2026-11-24 09:00", local time; empty where there is none. */
static const char *time_text(const json_t *item, const char *name, char buf[static 32])
{
    time_t at = (time_t)(json_integer_value(json_object_get(item, name)) / 1000);
    struct tm local;
    buf[0] = '\0';
    if (at > 0 && localtime_r(&at, &local) != NULL)
        strftime(buf, 32, "%Y-%m-%d %H:%M", &local);
    return buf;
}

/* ---- items ----------------------------------------------------------------------------------- */

static void show_message(const show *s, const json_t *item, const show_aside *aside)
{
    char time_buf[32];
    const bool verified = json_is_true(json_object_get(item, "verified"));
    const bool claimed = json_is_true(json_object_get(item, "claimed"));
    const json_t *text_json = json_object_get(item, "text");
    look l = verified ? look_of(member_text(item, "level"), aside->path) : LOOK_WRONG;
    teal_bytes who = member_text(item, "from");
    char *from = tamed_line(who.len > 0 ? who : teal_text("nobody known"));
    char *gateway = tamed_line(member_text(json_object_get(item, "origin"), "gateway"));
    write_format(s, l, "╭", "│", "%s%s  %s", from,
                 claimed ? " (claimed, nobody has proven it)" : "",
                 time_text(item, "sent_at_ms", time_buf));
    if (json_is_string(text_json)) {
        char *text = tamed_text(member_string(text_json));
        write_block(s, l, text, "│", "│");
        free(text);
    }
    if (!verified)
        write_format(s, l, "╰", " ", "%s: %s", looks[l].words,
                     aside->wrong != NULL ? aside->wrong : "no reason given");
    else if (claimed)
        write_format(s, l, "╰", " ", "%s · verified: sealed and signed by the gateway %s",
                     looks[l].words, gateway);
    else
        write_format(s, l, "╰", " ", "%s · verified: signed by the sender's device",
                     looks[l].words);
    free(from);
    free(gateway);
}

static const char *status_words(teal_bytes status)
{
    static const struct {
        const char *status, *words;
    } all[] = {
        { "SENT", "sent" },
        { "ARRIVED", "arrived" },
        { "UNDELIVERABLE", "NOT DELIVERED" },
        { "OUTCOME_UNKNOWN", "left, outcome unknown" },
    };
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        if (teal_bytes_equal(status, teal_text(all[i].status)))
            return all[i].words;
    return "?";
}

/* " · marked “…” · 2 segments · reason", as far as there are. The caller's. */
static char *receipt_details(const json_t *item)
{
    char segments[32] = "", *text;
    char *mark = tamed_line(member_text(item, "mark"));
    char *reason = tamed_line(member_text(item, "reason"));
    json_int_t n = json_integer_value(json_object_get(item, "segments"));
    if (n > 0)
        snprintf(segments, sizeof segments, " · %d segment%s", (int)n, n > 1 ? "s" : "");
    if (asprintf(&text, "%s%s%s%s%s%s", mark[0] != '\0' ? " · marked " : "", mark, segments,
                 reason[0] != '\0' ? " · " : "", reason, "") < 0)
        bug("out of memory");
    free(mark);
    free(reason);
    return text;
}

static void show_receipt(const show *s, const json_t *item, const show_aside *aside)
{
    const bool verified = json_is_true(json_object_get(item, "verified"));
    char *path = tamed_line(member_text(item, "path"));
    char *id = tamed_line(member_text(item, "message_id"));
    char *recipient = tamed_line(member_text(item, "recipient"));
    char *details = receipt_details(item);
    look l = look_of(member_text(item, "level"), path);
    if (verified)
        write_format(s, l, "●", " ", "%s → %s: %s · %s%s · gateway's receipt, verified", id,
                     recipient, status_words(member_text(item, "status")), looks[l].words, details);
    else
        write_format(s, LOOK_WRONG, "●", " ", "%s → %s: a receipt that is %s: %s", id, recipient,
                     looks[LOOK_WRONG].words,
                     aside->wrong != NULL ? aside->wrong : "no reason given");
    free(path);
    free(id);
    free(recipient);
    free(details);
}

static void show_device_receipt(const show *s, const json_t *item, const show_aside *aside)
{
    const bool verified = json_is_true(json_object_get(item, "verified"));
    char *id = tamed_line(member_text(item, "message_id"));
    char *from = tamed_line(member_text(item, "from"));
    char *disposition = tamed_line(member_text(item, "disposition"));
    look l = aside->path != NULL && strcmp(aside->path, "rcs") == 0 ? LOOK_RCS : LOOK_NATIVE;
    if (verified)
        write_format(s, l, "●", " ", "%s: %s, says a device of %s · sealed, verified", id,
                     disposition, from);
    else
        write_format(s, LOOK_WRONG, "●", " ", "%s: a receipt in the name of %s that is %s: %s", id,
                     from, looks[LOOK_WRONG].words,
                     aside->wrong != NULL ? aside->wrong : "no reason given");
    free(id);
    free(from);
    free(disposition);
}

/* "im:bob@…, im:carol@…"; the caller's. */
static char *join_line(const json_t *list)
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    if (out == NULL)
        bug("out of memory");
    for (size_t i = 0; i < json_array_size(list); i++)
        fprintf(out, "%s%s", i > 0 ? ", " : "", json_string_value(json_array_get(list, i)));
    if (fclose(out) != 0)
        bug("out of memory");
    char *line = tamed_line((teal_bytes){ (const uint8_t *)text, len });
    free(text);
    return line;
}

/* A copy of what another device of the account has sent. */
static void show_own(const show *s, const json_t *item, const show_aside *aside)
{
    char time_buf[32];
    look l = look_of(member_text(item, "level"), aside->path);
    char *to = join_line(json_object_get(item, "to"));
    char *device = tamed_line(member_text(item, "device"));
    char *text = tamed_text(member_text(item, "text"));
    write_format(s, l, "╭", "│", "you, to %s  %s", to, time_text(item, "sent_at_ms", time_buf));
    write_block(s, l, text, "│", "│");
    write_format(s, l, "╰", " ", "%s · verified: sent from your device %s", looks[l].words, device);
    free(to);
    free(device);
    free(text);
}

static void show_devices(const show *s, const json_t *list, const char *what)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *device = json_array_get(list, i);
        char *name = tamed_line(member_text(device, "name"));
        write_format(s, LOOK_NATIVE, "●", " ",
                     "your account: device %s (%.8s) was %s · signed by your "
                     "account key",
                     name, json_string_value(json_object_get(device, "device")), what);
        free(name);
    }
}

static void show_handles(const show *s, const json_t *list, const char *what)
{
    for (size_t i = 0; i < json_array_size(list); i++)
        write_format(s, LOOK_NATIVE, "●", " ",
                     "your account: handle %s was %s · signed by your account "
                     "key",
                     json_string_value(json_array_get(list, i)), what);
}

static void show_account(const show *s, const json_t *item, const show_aside *aside)
{
    if (!json_is_true(json_object_get(item, "verified"))) {
        write_format(s, LOOK_WRONG, "●", " ", "a change of your account that is %s: %s",
                     looks[LOOK_WRONG].words,
                     aside->wrong != NULL ? aside->wrong : "no reason given");
        return;
    }
    show_devices(s, json_object_get(item, "added"), "added");
    show_devices(s, json_object_get(item, "revoked"), "revoked");
    show_handles(s, json_object_get(item, "handles_added"), "added");
    show_handles(s, json_object_get(item, "handles_removed"), "removed");
}

static void show_grant(const show *s, const json_t *item, const show_aside *aside)
{
    char time_buf[32];
    if (!json_is_true(json_object_get(item, "verified"))) {
        write_format(s, LOOK_WRONG, "●", " ", "a grant of forwarding that is %s: %s",
                     looks[LOOK_WRONG].words,
                     aside->wrong != NULL ? aside->wrong : "no reason given");
        return;
    }
    char *name = tamed_line(member_text(item, "name"));
    char *handle = tamed_line(member_text(item, "handle"));
    write_format(s, LOOK_NATIVE, "●", " ",
                 "your account: texts to %s, for device %s (%.8s): %s, until %s · signed by your "
                 "account key",
                 handle, name, json_string_value(json_object_get(item, "device")),
                 json_string_value(json_object_get(item, "state")),
                 time_text(item, "expires_at_ms", time_buf));
    free(name);
    free(handle);
}

void show_item(const show *s, const json_t *item, const show_aside *aside)
{
    teal_bytes kind = member_text(item, "kind");
    if (teal_bytes_equal(kind, teal_text("receipt")))
        show_receipt(s, item, aside);
    else if (teal_bytes_equal(kind, teal_text("device-receipt")))
        show_device_receipt(s, item, aside);
    else if (teal_bytes_equal(kind, teal_text("account")))
        show_account(s, item, aside);
    else if (teal_bytes_equal(kind, teal_text("forwarding")))
        show_grant(s, item, aside);
    else if (teal_bytes_equal(kind, teal_text("sent")))
        show_own(s, item, aside);
    else
        show_message(s, item, aside);
}

static void show_all(const show *s, const json_t *items)
{
    const show_aside none = { NULL, NULL };
    for (size_t i = 0; i < json_array_size(items); i++)
        show_item(s, json_array_get(items, i), &none);
}

void show_sent(const show *s, const json_t *sent)
{
    char time_buf[32];
    const json_t *to = json_object_get(sent, "to");
    fprintf(s->out, "%s  %s\n", json_string_value(json_object_get(sent, "message_id")),
            time_text(sent, "sent_at_ms", time_buf));
    for (size_t i = 0; i < json_array_size(to); i++)
        fprintf(s->out, "  to %s\n", json_string_value(json_array_get(to, i)));
    show_all(s, json_object_get(sent, "receipts"));
    show_all(s, json_object_get(sent, "device_receipts"));
}

void show_path(const show *s, const char *handle, const char *path, const char *level)
{
    look l = look_of(teal_text(level), path);
    char *line = tamed_line(teal_text(handle));
    write_format(s, l, "●", " ", "%s: %s", line, looks[l].words);
    free(line);
}

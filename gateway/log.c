/* Writes each event as one line with one write(2). Must never let a value end the line, imitate a
 * key, or reach the terminal's control sequences. */
#include "gateway/log.h"

#include "codecs/utf8.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum {
    LINE_BYTES = 4096, /* PIPE_BUF: up to here the writes of several processes do not mix */
    TAIL_BYTES = 32,   /* kept for what ends a line */
    VALUE_BYTES = 512, /* of one value; the rest is cut */
};

static struct {
    log_level least;
    bool json;
    const char *process;
    uint8_t handle_key[crypto_shorthash_KEYBYTES];
} settings = { .least = LOG_INFO, .process = "teald" };

void log_setup(log_level least, bool json, const char *process)
{
    settings.least = least;
    settings.json = json;
    settings.process = process;
    randombytes_buf(settings.handle_key, sizeof settings.handle_key);
}

static void write_unit(teal_writer *w, uint32_t unit)
{
    char text[8];
    snprintf(text, sizeof text, "\\u%04x", (unsigned)(unit & 0xffff));
    teal_write_text(w, text);
}

static void write_code_point(teal_writer *w, uint32_t c)
{
    if (c == '"' || c == '\\') {
        teal_write_u8(w, '\\');
        teal_write_u8(w, (uint8_t)c);
    } else if (c >= ' ' && c <= '~') {
        teal_write_u8(w, (uint8_t)c);
    } else if (c <= 0xffff) {
        write_unit(w, c);
    } else { /* a pair of surrogates, as JSON has it */
        write_unit(w, 0xd800 + ((c - 0x10000) >> 10));
        write_unit(w, 0xdc00 + ((c - 0x10000) & 0x3ff));
    }
}

/* A JSON string of ASCII alone. What is not UTF-8 becomes U+FFFD, octet by octet. */
static void write_quoted(teal_writer *w, teal_bytes value)
{
    teal_reader r = teal_reader_of(value);
    teal_write_u8(w, '"');
    while (teal_read_left(&r) > 0) {
        uint32_t c;
        if (teal_utf8_read(&r, &c) != TEAL_OK) {
            teal_read_u8(&r);
            c = 0xfffd;
        }
        write_code_point(w, c);
    }
    teal_write_u8(w, '"');
}

static bool is_bare(teal_bytes value)
{
    for (size_t i = 0; i < value.len; i++) {
        uint8_t c = value.at[i];
        if (c <= ' ' || c > '~' || c == '"' || c == '\\' || c == '=')
            return false;
    }
    return value.len > 0;
}

static void write_value(teal_writer *w, const char *value)
{
    teal_bytes text = { (const uint8_t *)value, strnlen(value, VALUE_BYTES) };
    if (!settings.json && is_bare(text))
        teal_write_bytes(w, text);
    else
        write_quoted(w, text);
}

static void write_pair(teal_writer *w, const char *key, const char *value)
{
    if (settings.json) {
        teal_write_text(w, ",");
        write_quoted(w, teal_text(key));
        teal_write_text(w, ":");
    } else {
        teal_write_text(w, " ");
        teal_write_text(w, key);
        teal_write_text(w, "=");
    }
    write_value(w, value);
}

static void write_time(teal_writer *w)
{
    struct timespec now;
    struct tm utc;
    char date[32], text[48];
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &utc);
    strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &utc);
    snprintf(text, sizeof text, "%s.%03ldZ", date, now.tv_nsec / 1000000);
    teal_write_text(w, text);
}

static void write_head(teal_writer *w, log_level level, const char *event)
{
    static const char *const levels[] = { "debug", "info", "warn", "error" };
    if (settings.json)
        teal_write_text(w, "{\"time\":\"");
    write_time(w);
    if (settings.json) {
        teal_write_text(w, "\"");
        write_pair(w, "level", levels[level]);
        write_pair(w, "process", settings.process);
        write_pair(w, "event", event);
    } else {
        const char *const words[] = { levels[level], settings.process, event };
        for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
            teal_write_text(w, " ");
            teal_write_text(w, words[i]);
        }
    }
}

/* A pair that does not fit any more is left out with all that follow, and the line says so. */
static void write_pairs(teal_writer *w, va_list pairs)
{
    const char *key;
    while ((key = va_arg(pairs, const char *)) != NULL) {
        const char *value = va_arg(pairs, const char *);
        size_t before = w->len;
        write_pair(w, key, value != NULL ? value : "");
        if (w->len > w->cap - TAIL_BYTES) {
            w->len = before;
            write_pair(w, "cut", "true");
            return;
        }
    }
}

void log_event(log_level level, const char *event, ...)
{
    if (level < settings.least)
        return;

    uint8_t line[LINE_BYTES];
    teal_writer w = { line, sizeof line, 0 };
    va_list pairs;
    write_head(&w, level, event);
    va_start(pairs, event);
    write_pairs(&w, pairs);
    va_end(pairs);
    teal_write_text(&w, settings.json ? "}\n" : "\n");
    /* Nobody is left to be told when standard error fails. */
    ssize_t ignored = write(STDERR_FILENO, line, w.len);
    (void)ignored;
}

const char *log_number(char buf[static 24], int64_t value)
{
    snprintf(buf, 24, "%" PRId64, value);
    return buf;
}

const char *log_hex(char *buf, size_t cap, teal_bytes b)
{
    if (b.len > (cap - 1) / 2)
        b.len = (cap - 1) / 2;
    return sodium_bin2hex(buf, cap, b.at, b.len);
}

const char *log_handle(char buf[static 32], teal_bytes handle)
{
    static const char *const schemes[] = { "tel:", "im:", "sip:" };
    uint8_t hash[crypto_shorthash_BYTES];
    char hex[9];
    const char *scheme = "?:";
    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++) {
        size_t len = strlen(schemes[i]);
        if (handle.len >= len && memcmp(handle.at, schemes[i], len) == 0)
            scheme = schemes[i];
    }
    crypto_shorthash(hash, handle.at, handle.len, settings.handle_key);
    snprintf(buf, 32, "%s%s", scheme, log_hex(hex, sizeof hex, (teal_bytes){ hash, 4 }));
    return buf;
}

_Noreturn void bug_at(const char *file, int line, const char *what)
{
    char number[24];
    log_event(LOG_ERROR, "bug", "file", file, "line", log_number(number, line), "what", what, NULL);
    abort();
}

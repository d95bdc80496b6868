/* Two generations, each a set of keyed fingerprints and the file that it is made from again:
 * nonces.current takes what comes, nonces.previous is what came before. A generation is dropped
 * when the one behind it is as old as a request can get. */
#include "gateway/edge/nonces.h"

#include "gateway/clock.h"
#include "gateway/log.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* A journal: magic, boot id, key, begun_ms, floor_s, checksum; then records: fingerprint, created.
 */
static const char magic[] = "TEALNON1";
enum {
    CHECKSUM_BYTES = 16,
    SUMMED_BYTES = 8 + NONCES_BOOT_BYTES + crypto_shorthash_KEYBYTES + 8 + 8,
    HEADER_BYTES = SUMMED_BYTES + CHECKSUM_BYTES,
    RECORD_BYTES = 16,
    FIRST_SLOTS = 1024,
    MAX_KEYED_BYTES = 256,
    CHUNK_RECORDS = 4096,
    AHEAD_S = 5, /* a `created` further ahead of our clock is on the disk before it is taken */
};

typedef struct generation {
    uint64_t *slots; /* open addressing, 0: free; at most three quarters are taken */
    size_t n_slots, n;
    uint8_t key[crypto_shorthash_KEYBYTES]; /* so that nobody can choose where a nonce goes */
    int64_t begun_ms;
    int64_t floor_s;  /* as it was when it began */
    int64_t newest_s; /* the latest `created` in it */
} generation;

struct nonces {
    pthread_mutex_t lock;
    int folder;
    int journal; /* of `current` */
    off_t end;   /* of its last whole record */
    size_t max;
    nonces_boot boot;
    generation current, previous;
    int64_t floor_s; /* nothing created then or before is remembered any more */
};

static const char current_name[] = "nonces.current", previous_name[] = "nonces.previous",
                  new_name[] = "nonces.new";

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t most(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* ---- a set ----------------------------------------------------------------------------------- */

static size_t slot_of(const generation *g, uint64_t fingerprint)
{
    size_t at = (size_t)fingerprint & (g->n_slots - 1);
    while (g->slots[at] != 0 && g->slots[at] != fingerprint)
        at = (at + 1) & (g->n_slots - 1);
    return at;
}

static bool contains(const generation *g, uint64_t fingerprint)
{
    return g->n_slots > 0 && g->slots[slot_of(g, fingerprint)] != 0;
}

/* Room for one more. */
static bool grow(generation *g)
{
    if (g->n + 1 <= g->n_slots / 4 * 3)
        return true;
    generation wider = *g;
    wider.n_slots = g->n_slots > 0 ? 2 * g->n_slots : FIRST_SLOTS;
    wider.slots = calloc(wider.n_slots, sizeof wider.slots[0]);
    if (wider.slots == NULL)
        return false;
    for (size_t i = 0; i < g->n_slots; i++)
        if (g->slots[i] != 0)
            wider.slots[slot_of(&wider, g->slots[i])] = g->slots[i];
    free(g->slots);
    *g = wider;
    return true;
}

/* After grow. */
static void insert(generation *g, uint64_t fingerprint, int64_t created_s)
{
    size_t at = slot_of(g, fingerprint);
    g->n += g->slots[at] == 0;
    g->slots[at] = fingerprint;
    g->newest_s = most(g->newest_s, created_s);
}

static void clear(generation *g)
{
    free(g->slots);
    *g = (generation){ .newest_s = INT64_MIN, .floor_s = INT64_MIN };
}

/* SipHash of lp keyid, nonce; never 0. */
static uint64_t fingerprint_of(const generation *g, teal_bytes keyid, teal_bytes nonce)
{
    uint8_t room[MAX_KEYED_BYTES], hash[crypto_shorthash_BYTES];
    teal_writer w = { room, sizeof room, 0 };
    teal_write_u32(&w, (uint32_t)keyid.len);
    teal_write_bytes(&w, keyid);
    teal_write_bytes(&w, nonce);
    if (!teal_write_fits(&w))
        bug("a nonce that no request may have");
    crypto_shorthash(hash, room, w.len, g->key);
    teal_reader r = teal_reader_of(TEAL_VIEW(hash));
    uint64_t fingerprint = teal_read_u64(&r);
    return fingerprint != 0 ? fingerprint : 1;
}

/* ---- a journal ------------------------------------------------------------------------------- */

typedef enum journal_state {
    JOURNAL_MISSING,
    JOURNAL_GOOD,
    JOURNAL_OTHER_BOOT, /* good, but what the machine did not get to disk is missing in it */
    JOURNAL_DAMAGED,
} journal_state;

static void write_header(const nonces *n, const generation *g, uint8_t out[static HEADER_BYTES])
{
    uint8_t sum[CHECKSUM_BYTES];
    teal_writer w = { out, HEADER_BYTES, 0 };
    teal_write_text(&w, magic);
    teal_write_bytes(&w, TEAL_VIEW(n->boot.id));
    teal_write_bytes(&w, TEAL_VIEW(g->key));
    teal_write_u64(&w, (uint64_t)g->begun_ms);
    teal_write_u64(&w, (uint64_t)g->floor_s);
    crypto_generichash(sum, sizeof sum, out, SUMMED_BYTES, NULL, 0);
    teal_write_bytes(&w, TEAL_VIEW(sum));
}

static journal_state read_header(const nonces *n, const uint8_t in[static HEADER_BYTES],
                                 generation *out)
{
    uint8_t sum[CHECKSUM_BYTES], boot[NONCES_BOOT_BYTES];
    teal_reader r = { in, in + HEADER_BYTES, false };
    teal_bytes begins = teal_read_bytes(&r, strlen(magic));
    teal_read_copy(&r, boot, sizeof boot);
    teal_read_copy(&r, out->key, sizeof out->key);
    out->begun_ms = (int64_t)teal_read_u64(&r);
    out->floor_s = (int64_t)teal_read_u64(&r);
    crypto_generichash(sum, sizeof sum, in, SUMMED_BYTES, NULL, 0);
    if (!teal_bytes_equal(begins, teal_text(magic)) || memcmp(r.at, sum, sizeof sum) != 0)
        return JOURNAL_DAMAGED;
    return memcmp(boot, n->boot.id, sizeof boot) == 0 ? JOURNAL_GOOD : JOURNAL_OTHER_BOOT;
}

/* Reads until `len` or the end. Negative: it cannot be read. */
static ssize_t read_whole(int fd, uint8_t *buf, size_t len)
{
    size_t got = 0;
    ssize_t n = 1;
    while (got < len && n > 0) {
        n = read(fd, buf + got, len - got);
        got += n > 0 ? (size_t)n : 0;
    }
    return n < 0 ? n : (ssize_t)got;
}

static bool take_records(teal_bytes records, generation *out)
{
    teal_reader r = teal_reader_of(records);
    while (teal_read_left(&r) >= RECORD_BYTES) {
        uint64_t fingerprint = teal_read_u64(&r);
        int64_t created_s = (int64_t)teal_read_u64(&r);
        if (!grow(out))
            return false;
        if (fingerprint != 0) /* a page that the machine did not get to disk */
            insert(out, fingerprint, created_s);
    }
    return true;
}

/* The last record may be cut short: its request was never answered. */
static bool read_records(int fd, generation *out)
{
    uint8_t chunk[RECORD_BYTES * CHUNK_RECORDS];
    ssize_t len;
    do {
        len = read_whole(fd, chunk, sizeof chunk);
        if (len < 0 || !take_records((teal_bytes){ chunk, (size_t)len }, out))
            return false;
    } while (len == (ssize_t)sizeof chunk);
    return true;
}

static bool is_readable(journal_state s)
{
    return s == JOURNAL_GOOD || s == JOURNAL_OTHER_BOOT;
}

static journal_state read_journal(const nonces *n, const char *name, generation *out)
{
    uint8_t header[HEADER_BYTES];
    int fd = openat(n->folder, name, O_RDONLY | O_CLOEXEC);
    clear(out);
    if (fd < 0)
        return errno == ENOENT ? JOURNAL_MISSING : JOURNAL_DAMAGED;
    journal_state state = JOURNAL_DAMAGED;
    if (read_whole(fd, header, sizeof header) == sizeof header)
        state = read_header(n, header, out);
    if (is_readable(state) && !read_records(fd, out))
        state = JOURNAL_DAMAGED;
    if (!is_readable(state))
        clear(out);
    close(fd);
    return state;
}

/* A journal without records in the place of nonces.current; a machine that stops here leaves no
 * half of one. -1: errno; all is as it was. */
static int make_journal(const nonces *n, const generation *g)
{
    uint8_t header[HEADER_BYTES];
    int fd = openat(n->folder, new_name, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        return -1;
    write_header(n, g, header);
    errno = ENOSPC; /* of a write that stops short */
    if (write(fd, header, sizeof header) == sizeof header && fsync(fd) == 0 &&
        renameat(n->folder, new_name, n->folder, current_name) == 0)
        return fd;
    int failed = errno;
    close(fd);
    errno = failed;
    return -1;
}

/* Whole, or not at all: what is cut short is written over by the next. */
static bool append(nonces *n, uint64_t fingerprint, int64_t created_s)
{
    uint8_t record[RECORD_BYTES];
    teal_writer w = { record, sizeof record, 0 };
    teal_write_u64(&w, fingerprint);
    teal_write_u64(&w, (uint64_t)created_s);
    if (pwrite(n->journal, record, sizeof record, n->end) != sizeof record)
        return false;
    n->end += RECORD_BYTES;
    return true;
}

/* ---- generations ----------------------------------------------------------------------------- */

/* What was current is previous now, what was previous is forgotten. False: errno; all is as it was,
 * but what is forgotten may have lost its file, and stays in memory. */
static bool turn(nonces *n, int64_t now_ms)
{
    generation next = { .begun_ms = now_ms, .newest_s = INT64_MIN };
    next.floor_s = most(n->floor_s, least(n->previous.newest_s, now_ms / 1000));
    randombytes_buf(next.key, sizeof next.key);
    if (n->journal >= 0 && renameat(n->folder, current_name, n->folder, previous_name) != 0 &&
        errno != ENOENT)
        return false;
    int journal = make_journal(n, &next);
    if (journal < 0)
        return false;
    if (n->journal >= 0)
        close(n->journal);
    clear(&n->previous);
    n->previous = n->current;
    n->current = next;
    n->journal = journal;
    n->end = HEADER_BYTES;
    n->floor_s = next.floor_s;
    return true;
}

static void turn_if_due(nonces *n, int64_t now_ms)
{
    if (now_ms < n->current.begun_ms) /* the clock was set back */
        n->current.begun_ms = now_ms;
    if (now_ms - n->current.begun_ms >= NONCES_GENERATION_MS && !turn(n, now_ms))
        log_event(LOG_WARN, "edge.nonces", "what", "no new journal", "error", strerror(errno),
                  NULL);
}

static bool is_full(const nonces *n, nonces_share share)
{
    return n->current.n >= (share == NONCES_ALL ? n->max : n->max / 4 * 3);
}

static nonces_result use(nonces *n, nonces_share share, teal_bytes keyid, teal_bytes nonce,
                         int64_t created_s, int64_t now_ms)
{
    turn_if_due(n, now_ms);
    uint64_t fingerprint = fingerprint_of(&n->current, keyid, nonce);
    if (created_s <= n->floor_s)
        return NONCES_OLD;
    if (contains(&n->current, fingerprint) ||
        contains(&n->previous, fingerprint_of(&n->previous, keyid, nonce)))
        return NONCES_SEEN;
    if (is_full(n, share) || !grow(&n->current) || !append(n, fingerprint, created_s))
        return NONCES_FULL;
    insert(&n->current, fingerprint, created_s);
    return NONCES_NEW;
}

/* Its content, and that the folder leads to it. Takes the descriptor. */
static bool sync_journal(const nonces *n, int journal)
{
    bool synced = journal >= 0 && fdatasync(journal) == 0 && fsync(n->folder) == 0;
    if (journal >= 0)
        close(journal);
    return synced;
}

/* A machine that starts again refuses what was created before, and AHEAD_S more; what lies further
 * ahead it has to find in the journal. Nobody else waits for the disk. */
nonces_result nonces_use(nonces *n, nonces_share share, teal_bytes keyid, teal_bytes nonce,
                         int64_t created_s, int64_t now_ms)
{
    bool ahead = created_s > now_ms / 1000 + AHEAD_S;
    pthread_mutex_lock(&n->lock);
    nonces_result result = use(n, share, keyid, nonce, created_s, now_ms);
    ahead = ahead && result == NONCES_NEW;
    int journal = ahead ? fcntl(n->journal, F_DUPFD_CLOEXEC, 0) : -1;
    pthread_mutex_unlock(&n->lock);
    return ahead && !sync_journal(n, journal) ? NONCES_FULL : result;
}

/* ---- opening --------------------------------------------------------------------------------- */

bool nonces_this_boot(int64_t now_ms, nonces_boot *out)
{
    char text[64] = "";
    size_t len = 0;
    int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    bool known =
        fd >= 0 && read(fd, text, sizeof text - 1) > 0 &&
        sodium_hex2bin(out->id, sizeof out->id, text, strcspn(text, "\n"), "-", &len, NULL) == 0 &&
        len == sizeof out->id;
    if (fd >= 0)
        close(fd);
    out->begun_ms = known ? now_ms - clock_read_ms(CLOCK_BOOTTIME) : now_ms;
    if (!known)
        randombytes_buf(out->id, sizeof out->id);
    return known;
}

/* What the state of a journal leaves unknown: created then or before. */
static int64_t floor_of(const nonces *n, journal_state state, const generation *g, int64_t now_ms)
{
    switch (state) {
    case JOURNAL_MISSING:
        return INT64_MIN;
    case JOURNAL_GOOD:
        return g->floor_s;
    case JOURNAL_OTHER_BOOT:
        return most(g->floor_s, least(n->boot.begun_ms, now_ms) / 1000 + AHEAD_S);
    case JOURNAL_DAMAGED:
        return now_ms / 1000;
    }
    bug("journal_state out of range");
}

static bool open_journal(nonces *n)
{
    struct stat about;
    n->journal = openat(n->folder, current_name, O_RDWR | O_CLOEXEC);
    if (n->journal < 0 || fstat(n->journal, &about) != 0)
        return false;
    n->end = about.st_size - (about.st_size - HEADER_BYTES) % RECORD_BYTES;
    return true;
}

static bool is_whole(journal_state s)
{
    return is_readable(s) || s == JOURNAL_MISSING;
}

/* Where there is no current journal to go on with, a new one says what is unknown. */
static bool load(nonces *n, int64_t now_ms)
{
    journal_state previous = read_journal(n, previous_name, &n->previous),
                  current = read_journal(n, current_name, &n->current);
    /* A folder without any is new, or the machine went down before the first one was on disk. */
    bool none = previous == JOURNAL_MISSING && current == JOURNAL_MISSING;
    n->floor_s = most(floor_of(n, previous, &n->previous, now_ms),
                      floor_of(n, none ? JOURNAL_OTHER_BOOT : current, &n->current, now_ms));
    if (is_readable(current) && is_whole(previous))
        return open_journal(n);
    if (is_readable(current))
        return open_journal(n) && turn(n, now_ms);
    if (!is_whole(previous))
        unlinkat(n->folder, previous_name, 0);
    n->current = n->previous; /* so that it is the previous one again */
    n->previous = (generation){ .newest_s = INT64_MIN, .floor_s = INT64_MIN };
    return turn(n, now_ms);
}

nonces *nonces_open(const char *state, size_t max, const nonces_boot *boot, int64_t now_ms,
                    FILE *errors)
{
    nonces *n = calloc(1, sizeof *n);
    if (n == NULL)
        bug("out of memory");
    pthread_mutex_init(&n->lock, NULL);
    n->journal = -1;
    n->max = max;
    n->boot = *boot;
    clear(&n->current);
    clear(&n->previous);
    n->folder = open(state, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (n->folder < 0 || !load(n, now_ms)) {
        fprintf(errors,
                "%s: its journal of nonces cannot be kept: %s. Check the folder and the disk.\n",
                state, strerror(errno));
        nonces_close(&n);
    }
    return n;
}

void nonces_close(nonces **n)
{
    if (*n == NULL)
        return;
    clear(&(*n)->current);
    clear(&(*n)->previous);
    if ((*n)->journal >= 0)
        close((*n)->journal);
    if ((*n)->folder >= 0)
        close((*n)->folder);
    pthread_mutex_destroy(&(*n)->lock);
    free(*n);
    *n = NULL;
}

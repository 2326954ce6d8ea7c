#include "referctl/top.h"

#include <inttypes.h>
#include <string.h>

#include "referctl/words.h"

#define BAR_WIDTH 20
#define NAME_WIDTH 26
/* Beside peers and ledgers: head, rates, store, two gaps, two titles. */
#define FIXED_LINES 7

/* ---- Lines -------------------------------------------------------------- */

struct canvas {
    struct pool *pool;
    struct top_picture *picture;
    size_t width;
    size_t height;
};

/* As many characters as fit, and blanks up to `least` columns. */
static const char *fit(
    struct pool *pool, const char *text, size_t least, size_t most)
{
    const char *shown = words_printable(pool, text);
    size_t size = strlen(shown);
    /* back over whole characters: continuation bytes are 10xxxxxx */
    while (size > 0 && words_width(pool_copy(pool, shown, size)) > most) {
        size--;
        while (size > 0 && ((unsigned char)shown[size] & 0xc0) == 0x80)
            size--;
    }
    const char *cut = pool_copy(pool, shown, size);
    size_t width = words_width(cut);
    return pool_format(
        pool, "%s%*s", cut, width < least ? (int)(least - width) : 0, "");
}

static void add(struct canvas *canvas, enum top_style style, const char *text)
{
    struct top_picture *picture = canvas->picture;
    if (picture->count >= canvas->height)
        return;
    picture->lines = pool_grow(canvas->pool, picture->lines, picture->count,
        &picture->capacity, sizeof *picture->lines);
    char *line =
        pool_text(canvas->pool, fit(canvas->pool, text, 0, canvas->width));
    for (size_t end = strlen(line); end > 0 && line[end - 1] == ' '; end--)
        line[end - 1] = '\0';
    picture->lines[picture->count++] = (struct top_line){ line, style };
}

/* ---- Numbers ------------------------------------------------------------ */

static int64_t number_of(const struct top_sample *sample, const char *name)
{
    for (size_t i = 0; i < sample->records.count; i++) {
        const struct record *record = &sample->records.items[i];
        if (record_is(record, "number") &&
            strcmp(record_text(record, "name"), name) == 0)
            return record_number(record, "value");
    }
    return 0;
}

struct counter {
    const char *in;
    const char *out;
};

static int64_t count_of(
    const struct top_sample *sample, const struct counter *counter)
{
    return number_of(sample, counter->in) + number_of(sample, counter->out);
}

/* "12.3/s"; "-" when there is nothing to compare, or the gateway began anew. */
static const char *rate_of(struct pool *pool, const struct top_sample *before,
    const struct top_sample *now, const struct counter *counter)
{
    if (before == NULL || !before->is_there || now->at_ms <= before->at_ms)
        return "-";
    int64_t grown = count_of(now, counter) - count_of(before, counter);
    int64_t took_ms = now->at_ms - before->at_ms;
    if (grown < 0)
        return "-";
    int64_t tenths = (grown * 10000 + took_ms / 2) / took_ms;
    return pool_format(
        pool, "%" PRId64 ".%" PRId64 "/s", tenths / 10, tenths % 10);
}

/* ---- The head ----------------------------------------------------------- */

static void add_head(
    struct canvas *canvas, const struct top_sample *now, int64_t clock_ms)
{
    const struct record *gateway = records_first(&now->records, "gateway");
    struct pool *pool = canvas->pool;
    bool is_ready = number_of(now, "ready") != 0;
    char time[WORDS_TIME_SIZE];
    const char *name = gateway == NULL ? "" : record_text(gateway, "name");
    const char *version =
        gateway == NULL ? "" : record_text(gateway, "version");
    add(canvas, is_ready ? TOP_GOOD : TOP_BAD,
        pool_format(pool, "%s  referd %s  %s  %s",
            fit(pool, name, 0, NAME_WIDTH), fit(pool, version, 0, NAME_WIDTH),
            is_ready ? "ready" : "NOT READY (referctl health)",
            words_time(clock_ms, time)));
}

static void add_rates(struct canvas *canvas, const struct top_sample *before,
    const struct top_sample *now)
{
    static const struct {
        const char *name;
        struct counter counter;
    } rows[] = {
        { "referrals", { "referrals_received", "referrals_submitted" } },
        { "parcels", { "parcels_received", "parcels_sent" } },
        { "entries", { "entries_received", "entries_sent" } },
    };
    struct pool *pool = canvas->pool;
    const char *line = "";
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct counter *counter = &rows[i].counter;
        line = pool_format(pool, "%s%s%s %" PRId64 " in %" PRId64 " out %s",
            line, i == 0 ? "" : "   ", rows[i].name,
            number_of(now, counter->in), number_of(now, counter->out),
            rate_of(pool, before, now, counter));
    }
    add(canvas, TOP_PLAIN, line);
}

static void add_store(struct canvas *canvas, const struct top_sample *now)
{
    int64_t percent = number_of(now, "store_percent");
    int64_t filled = percent * BAR_WIDTH / 100;
    char bar[BAR_WIDTH + 1];
    for (int64_t i = 0; i < BAR_WIDTH; i++)
        bar[i] = i < filled ? '#' : '.';
    bar[BAR_WIDTH] = '\0';
    add(canvas, percent >= 80 ? TOP_BAD : TOP_PLAIN,
        pool_format(canvas->pool,
            "store [%s] %" PRId64 " %%   feed head %" PRId64
            "   waiting programs %" PRId64 "   queued %" PRId64,
            bar, percent, number_of(now, "feed_head"),
            number_of(now, "waiting_clients"), number_of(now, "outbox")));
}

/* ---- Tables ------------------------------------------------------------- */

static enum top_style style_of(const char *state)
{
    static const struct {
        const char *state;
        enum top_style style;
    } styles[] = {
        { "connected", TOP_GOOD },
        { "settled", TOP_GOOD },
        { "failing", TOP_BAD },
        { "stopped", TOP_BAD },
        { "connecting", TOP_WAITING },
        { "unsettled", TOP_WAITING },
        { "imported", TOP_WAITING },
        { "introduced", TOP_WAITING },
        { "invited", TOP_WAITING },
    };
    for (size_t i = 0; i < sizeof styles / sizeof styles[0]; i++) {
        if (strcmp(styles[i].state, state) == 0)
            return styles[i].style;
    }
    return TOP_PLAIN;
}

static const char *ago(struct pool *pool, int64_t at_ms, int64_t clock_ms)
{
    char text[WORDS_DURATION_SIZE];
    if (at_ms <= 0)
        return "-";
    return pool_text(
        pool, words_duration(clock_ms > at_ms ? clock_ms - at_ms : 0, text));
}

static void add_peer(
    struct canvas *canvas, const struct record *peer, int64_t clock_ms)
{
    struct pool *pool = canvas->pool;
    const char *state = record_text(peer, "state");
    add(canvas, style_of(state),
        pool_format(pool, "%s  %s  %7" PRId64 "  %6" PRId64 "  %7s  %s",
            fit(pool, record_text(peer, "name"), NAME_WIDTH, NAME_WIDTH),
            fit(pool, state, 10, 10), record_number(peer, "queued"),
            record_number(peer, "unanswered"),
            ago(pool, record_number(peer, "last_heard_ms"), clock_ms),
            fit(pool, record_text(peer, "problem"), 0, NAME_WIDTH)));
}

static void add_ledger(
    struct canvas *canvas, const struct record *ledger, int64_t clock_ms)
{
    struct pool *pool = canvas->pool;
    const char *state = record_text(ledger, "state");
    const char *problem = record_text(ledger, "problem");
    (void)clock_ms;
    add(canvas, style_of(state),
        pool_format(pool, "%s  %-10s  %7" PRId64 "  %6" PRId64 "  %s %s",
            fit(pool, record_text(ledger, "peer_name"), NAME_WIDTH, NAME_WIDTH),
            record_text(ledger, "direction"), record_number(ledger, "size"),
            record_number(ledger, "cosigned"), fit(pool, state, 0, 10),
            strcmp(problem, "none") == 0 ? "" : fit(pool, problem, 0, 20)));
}

typedef void add_row(
    struct canvas *canvas, const struct record *record, int64_t clock_ms);

/* What needs somebody first: the rest may not fit. */
static int rank_of(const struct record *record)
{
    switch (style_of(record_text(record, "state"))) {
    case TOP_BAD:
        return 0;
    case TOP_WAITING:
        return 1;
    case TOP_PLAIN:
    case TOP_TITLE:
    case TOP_GOOD:
        break;
    }
    return 2;
}

/* Rows of that type within `room` lines; the last may say how many more. */
static void add_rows(struct canvas *canvas, const struct top_sample *now,
    const char *type, add_row *add_one, size_t room, int64_t clock_ms)
{
    size_t count = records_count(&now->records, type);
    size_t shown = count <= room ? count : room == 0 ? 0 : room - 1;
    size_t left = shown;
    for (int rank = 0; rank <= 2; rank++) {
        for (size_t i = 0; i < now->records.count && left > 0; i++) {
            const struct record *record = &now->records.items[i];
            if (!record_is(record, type) || rank_of(record) != rank)
                continue;
            add_one(canvas, record, clock_ms);
            left--;
        }
    }
    if (shown < count)
        add(canvas, TOP_PLAIN,
            pool_format(canvas->pool, "and %zu more: referctl %s list",
                count - shown, type));
}

static void add_tables(
    struct canvas *canvas, const struct top_sample *now, int64_t clock_ms)
{
    struct pool *pool = canvas->pool;
    size_t peers = records_count(&now->records, "peer");
    size_t ledgers = records_count(&now->records, "ledger");
    size_t room =
        canvas->height > FIXED_LINES ? canvas->height - FIXED_LINES : 0;
    size_t peer_room = room;
    /* half for each, and what one leaves the other has */
    if (canvas->height != TOP_HEIGHT_ANY && peers + ledgers > room) {
        peer_room = peers < room / 2 ? peers : room / 2;
        if (ledgers < room - peer_room)
            peer_room = room - ledgers;
        room -= peer_room;
    }
    add(canvas, TOP_PLAIN, "");
    add(canvas, TOP_TITLE,
        pool_format(pool, "%s  STATE        QUEUED  UNANSW    HEARD  PROBLEM",
            fit(pool, "AGENCY", NAME_WIDTH, NAME_WIDTH)));
    add_rows(canvas, now, "peer", add_peer, peer_room, clock_ms);
    add(canvas, TOP_PLAIN, "");
    add(canvas, TOP_TITLE,
        pool_format(pool, "%s  WAY         ENTRIES  SIGNED  STATE",
            fit(pool, "LEDGER", NAME_WIDTH, NAME_WIDTH)));
    add_rows(canvas, now, "ledger", add_ledger, room, clock_ms);
}

void top_format(struct pool *pool, const struct top_sample *before,
    const struct top_sample *now, int64_t clock_ms, size_t width, size_t height,
    struct top_picture *picture)
{
    struct canvas canvas = { pool, picture, width, height };
    char time[WORDS_TIME_SIZE];
    *picture = (struct top_picture){ 0 };
    if (!now->is_there) {
        add(&canvas, TOP_BAD,
            pool_format(pool, "%s  no answer", words_time(clock_ms, time)));
        add(&canvas, TOP_BAD, now->problem);
        add(&canvas, TOP_PLAIN, "it is asked again; q quits");
        return;
    }
    add_head(&canvas, now, clock_ms);
    add_rates(&canvas, before, now);
    add_store(&canvas, now);
    add_tables(&canvas, now, clock_ms);
}

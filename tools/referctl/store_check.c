/* referctl store check: is all that the gateway has stored whole? */
#include "referctl/command.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "core/peer.h"
#include "core/scrub_again.h"
#include "referctl/ask.h"
#include "referctl/config.h"
#include "referctl/display.h"
#include "referctl/home.h"
#include "referctl/progress.h"
#include "referctl/store_here.h"
#include "referctl/words.h"

/* Wider than how many rows of which table were looked at. */
#define BLANK "                                                            "
/* More are counted, and not shown. */
#define SHOWN_COUNT_MAX 1000u
/* Rows that --repair takes out: more than these are no single damage. */
#define DROP_COUNT_MAX 4096u
/* What can be taken out alone, and what peers hold as well. */
static const char forgettable[] = "kuis";
static const char shared[] = "lgeorfcm";

struct rows {
    struct key *items;
    size_t count, capacity;
};

struct look {
    struct session *session;
    struct records records; /* "damage" */
    uint64_t rows;
    uint64_t findings;
    bool shows_progress;
    bool failed; /* memory */
    /* offline: what is there, and what is spoken of */
    struct content_ref *held;
    size_t held_count, held_capacity;
    struct content_ref *named;
    size_t named_count, named_capacity;
    uint64_t *entries;
    size_t entry_count, entry_capacity;
    struct rows damaged; /* that do not authenticate */
    struct rows agains;  /* that may follow from others: scrub_again.h */
};

/* ---- Findings ------------------------------------------------------------ */

static const char *table_of(char letter)
{
    const char *name = "unknown";
    char at;
    for (uint32_t i = 0; scrub_table_at(i, &at, &name) && at != letter; i++)
        continue;
    return name;
}

static struct record *finding_add(
    struct look *look, const char *problem, struct slice key)
{
    char text[2 * KEY_BYTES_MAX + 1];
    look->findings++;
    if (look->records.count >= SHOWN_COUNT_MAX)
        return NULL;
    struct pool *pool = look->session->pool;
    struct record *record = records_add(pool, &look->records, "damage");
    (void)text_hex_encode(key, text, sizeof text);
    record_put_text(pool, record, "problem", problem);
    record_put_text(pool, record, "table",
        table_of(key.size == 0 ? '\0' : (char)key.bytes[0]));
    record_put_text(pool, record, "key", text);
    return record;
}

/* Room for one more of `size` bytes. */
static void *grow(
    struct look *look, void *items, size_t count, size_t *capacity, size_t size)
{
    if (count < *capacity)
        return items;
    size_t larger = *capacity == 0 ? 1024 : *capacity * 2;
    void *grown = realloc(items, larger * size);
    look->failed |= grown == NULL;
    if (grown == NULL)
        return items;
    *capacity = larger;
    return grown;
}

static void row_note(struct look *look, struct rows *rows, struct slice key)
{
    rows->items = grow(
        look, rows->items, rows->count, &rows->capacity, sizeof *rows->items);
    if (look->failed || key.size > KEY_BYTES_MAX)
        return;
    struct key *row = &rows->items[rows->count++];
    *row = (struct key){ .size = key.size };
    memcpy(row->bytes, key.bytes, key.size);
}

static void found(void *user, const struct scrub_finding *finding)
{
    struct look *look = user;
    char uuid[UUID_URN_SIZE + 1];
    struct record *record =
        finding_add(look, scrub_fault_name(finding->fault), finding->key);
    if ((finding->fault == SCRUB_DAMAGED ||
            finding->fault == SCRUB_MALFORMED) &&
        again_is_known(finding->key))
        row_note(look, &look->agains, finding->key);
    if (record == NULL)
        return;
    struct pool *pool = look->session->pool;
    if (finding->has_referral) {
        uuid_format(&finding->referral, uuid);
        record_put_text(pool, record, "referral", uuid);
    }
    if (finding->peer != NULL)
        record_put_text(pool, record, "peer", finding->peer->agency.text);
}

/* Over what was shown before; what is said of it is printable. */
static void rows_show(struct look *look, const char *table, bool is_over)
{
    static const char erase[] = "\r" BLANK "\r";
    struct session *session = look->session;
    if (!look->shows_progress)
        return;
    progress_hide(session);
    if (!is_over) {
        (void)fprintf(session->err, "%" PRIu64 " rows: %s", look->rows, table);
        session->erase = erase;
    }
    (void)fflush(session->err);
}

static enum exit_code conclude(struct look *look, const char *how)
{
    static const struct column columns[] = { { "problem", "problem", 0 },
        { "table", "in", 0 }, { "referral", "referral", 0 },
        { "peer", "held by", 0 }, { "key", "row", 0 } };
    struct session *session = look->session;
    struct records all = look->records;
    struct record *check = records_add(session->pool, &all, "check");
    record_put_number(session->pool, check, "rows", (int64_t)look->rows);
    record_put_number(
        session->pool, check, "findings", (int64_t)look->findings);
    record_put_flag(session->pool, check, "whole", look->findings == 0);
    if (session->json)
        display_json_object(session, &all, "check");
    else if (look->findings > 0)
        display_table(session, &look->records, "damage", columns,
            DISPLAY_COUNT(columns), "");
    if (look->findings == 0) {
        display_note(session, "%" PRIu64 " rows: all is whole", look->rows);
        return EXIT_CODE_DONE;
    }
    return session_fail(session, EXIT_CODE_REFUSED, how,
        "%" PRIu64 " rows: %" PRIu64 " findings", look->rows, look->findings);
}

/* Nothing is wrong but words, and of whom they are is known. */
static bool is_of_words(const struct look *look)
{
    for (size_t i = 0; i < look->records.count; i++) {
        const struct record *record = &look->records.items[i];
        if (strcmp(record_text(record, "problem"),
                scrub_fault_name(SCRUB_CONTENT)) != 0 &&
            strcmp(record_text(record, "table"), table_of('c')) != 0)
            return false;
    }
    return true;
}

/* ---- Asking the gateway -------------------------------------------------- */

/* One more piece; its records are the turn's. */
static enum exit_code ask_piece(
    struct look *look, struct pool *turn, struct value *state, bool *is_over)
{
    struct session *session = look->session;
    struct pool *before = session->pool;
    struct request request = { .operation = "store.check" };
    struct reply reply = { 0 };
    session->pool = turn;
    if (state->type != VALUE_NONE)
        record_put(turn, &request.fields, "state", state);
    enum exit_code code = session_ask(session, &request, &reply);
    session->pool = before;
    if (code != EXIT_CODE_DONE)
        return code;
    for (size_t i = 0; i < reply.records.count; i++) {
        const struct record *from = &reply.records.items[i];
        if (!record_is(from, "damage") ||
            look->records.count >= SHOWN_COUNT_MAX)
            continue;
        struct record *to = records_add(before, &look->records, "damage");
        for (size_t k = 0; k < from->field_count; k++)
            record_put(
                before, to, from->fields[k].name, &from->fields[k].value);
    }
    const struct record *check = records_first(&reply.records, "check");
    if (check == NULL)
        return session_fail(session, EXIT_CODE_LOCAL,
            "use the referctl that came with this gateway",
            "the gateway's answer has no end");
    look->rows = (uint64_t)record_number(check, "rows");
    look->findings = (uint64_t)record_number(check, "findings");
    *is_over = record_flag(check, "done");
    *state = record_get(check, "state");
    rows_show(
        look, words_printable(turn, record_text(check, "table")), *is_over);
    return EXIT_CODE_DONE;
}

static enum exit_code check_running(struct look *look)
{
    struct pool turns[2] = { { 0 }, { 0 } };
    struct value state = { .type = VALUE_NONE };
    bool is_over = false;
    enum exit_code code = EXIT_CODE_DONE;
    for (int i = 0; code == EXIT_CODE_DONE && !is_over; i = 1 - i) {
        code = ask_piece(look, &turns[i], &state, &is_over);
        pool_release(&turns[1 - i]); /* the state before */
        turns[1 - i] = (struct pool){ 0 };
    }
    pool_release(&turns[0]);
    pool_release(&turns[1]);
    return code != EXIT_CODE_DONE
               ? code
               : conclude(look,
                     is_of_words(look)
                         ? "wait a minute, and look again: what another "
                           "agency holds comes back. What stays nobody else "
                           "has: referctl erase the referrals named here, and "
                           "send them again"
                         : "stop the gateway, then: referctl -c FILE "
                           "store check --offline --repair");
}

/* ---- Looking oneself ----------------------------------------------------- */

static void refers(void *user, struct content_ref ref)
{
    struct look *look = user;
    look->named = grow(look, look->named, look->named_count,
        &look->named_capacity, sizeof ref);
    if (!look->failed)
        look->named[look->named_count++] = ref;
}

static void holds(void *user, struct content_ref ref)
{
    struct look *look = user;
    look->held = grow(
        look, look->held, look->held_count, &look->held_capacity, sizeof ref);
    if (!look->failed)
        look->held[look->held_count++] = ref;
}

static void owns(void *user, uint64_t entry, struct slice key)
{
    struct look *look = user;
    (void)key;
    look->entries = grow(look, look->entries, look->entry_count,
        &look->entry_capacity, sizeof entry);
    if (!look->failed)
        look->entries[look->entry_count++] = entry;
}

static void damaged(void *user, struct slice key)
{
    struct look *look = user;
    row_note(look, again_is_known(key) ? &look->agains : &look->damaged, key);
}

static int compare_refs(const void *left, const void *right)
{
    const struct content_ref *a = left;
    const struct content_ref *b = right;
    if (a->segment != b->segment)
        return a->segment < b->segment ? -1 : 1;
    return a->slot < b->slot ? -1 : a->slot > b->slot;
}

static int compare_entries(const void *left, const void *right)
{
    uint64_t a = *(const uint64_t *)left;
    uint64_t b = *(const uint64_t *)right;
    return a < b ? -1 : a > b;
}

/* Contents that nothing speaks of; entries of the vault that two have. */
static void compare_all(struct look *look)
{
    size_t at = 0;
    if (look->held_count > 0)
        qsort(look->held, look->held_count, sizeof *look->held, compare_refs);
    if (look->named_count > 0)
        qsort(
            look->named, look->named_count, sizeof *look->named, compare_refs);
    if (look->entry_count > 0)
        qsort(look->entries, look->entry_count, sizeof *look->entries,
            compare_entries);
    for (size_t i = 0; i < look->held_count; i++) {
        while (at < look->named_count &&
               compare_refs(&look->named[at], &look->held[i]) < 0)
            at++;
        if (at < look->named_count &&
            compare_refs(&look->named[at], &look->held[i]) == 0)
            continue;
        struct key key = key_content(look->held[i].segment);
        (void)finding_add(
            look, scrub_fault_name(SCRUB_ORPHAN), key_slice(&key));
    }
    for (size_t i = 1; i < look->entry_count; i++)
        if (look->entries[i] - look->entries[i - 1] < 2)
            (void)finding_add(
                look, scrub_fault_name(SCRUB_VAULT), SLICE_LITERAL("r"));
}

static enum exit_code fail(struct look *look, enum err err, const char *doing)
{
    return session_fail(look->session, EXIT_CODE_LOCAL,
        "check the disk, its free space and the owner of the files", "%s: %s",
        doing, err_text(err));
}

static void rows_tell(struct look *look, const struct rows *rows)
{
    for (size_t i = 0; i < rows->count; i++)
        (void)finding_add(
            look, scrub_fault_name(SCRUB_DAMAGED), key_slice(&rows->items[i]));
}

/* Without the gateway's own row nothing can be judged but the rows alone. */
static enum exit_code check_rows_alone(
    struct look *look, struct store_here *here)
{
    look->agains.count = 0;
    enum err err = store_here_rows(here, damaged, look, &look->rows);
    if (err != ERR_NONE)
        return fail(look, err, "cannot read the store");
    rows_tell(look, &look->damaged);
    rows_tell(look, &look->agains);
    if (look->damaged.count + look->agains.count == 0) {
        look->findings++;
        return fail(look, ERR_CORRUPT, "the gateway's own row");
    }
    return EXIT_CODE_DONE;
}

static enum exit_code check_here(struct look *look, struct store_here *here)
{
    const struct scrub_watch watch = { .user = look,
        .found = found,
        .refers = refers,
        .holds = holds,
        .owns = owns };
    struct scrub scrub = { 0 };
    enum err err = ERR_NONE;
    while (err == ERR_NONE && !scrub.is_over && !look->failed) {
        const char *table = "";
        char letter;
        err = store_here_check(here, &scrub, &watch);
        look->rows = scrub.rows;
        (void)scrub_table_at(scrub.table, &letter, &table);
        rows_show(look, table, scrub.is_over);
    }
    rows_show(look, "", true);
    if (err == ERR_CORRUPT)
        return check_rows_alone(look, here);
    if (err != ERR_NONE || look->failed)
        return fail(look, look->failed ? ERR_NO_MEMORY : err,
            "the check did not come to its end");
    compare_all(look);
    return EXIT_CODE_DONE;
}

/* What else is found follows from that. */
static enum exit_code vault_refuse(
    const struct look *look, const struct store_here *here)
{
    return session_fail(look->session, EXIT_CODE_REFUSED,
        "put the vault back that belongs to the store, or both from one backup",
        "%s: is older than the store, and referd does not start with it",
        store_here_vault(here));
}

/* ---- Repairing ----------------------------------------------------------- */

static enum exit_code confirm(
    struct look *look, const struct arguments *arguments)
{
    struct session *session = look->session;
    if (arguments_flag(arguments, "yes"))
        return EXIT_CODE_DONE;
    display_line(session,
        "\nAll ledgers, referrals and events are taken out here, and taken "
        "back from the\nagencies that hold them. What waits and was told to "
        "nobody is lost, and so is what\nan agency that is closed, or only "
        "dials out, does not give back. ");
    if (ask_is_possible(session) && ask_yes(session, "Type yes: "))
        return EXIT_CODE_DONE;
    return session_fail(session, EXIT_CODE_REFUSED,
        "run it again and type yes, or give --yes", "nothing was changed");
}

/* The first damaged row of another table; NULL: there is none. */
static const struct key *outside(const struct rows *rows)
{
    for (size_t i = 0; i < rows->count; i++)
        if (strchr(forgettable, rows->items[i].bytes[0]) == NULL &&
            strchr(shared, rows->items[i].bytes[0]) == NULL)
            return &rows->items[i];
    return NULL;
}

static bool is_one_in(const struct rows *rows, const char *letters)
{
    for (size_t i = 0; i < rows->count; i++)
        if (strchr(letters, rows->items[i].bytes[0]) != NULL)
            return true;
    return false;
}

static enum err take_out(
    struct look *look, struct store_here *here, bool rebuilds)
{
    const struct rows *rows = &look->damaged;
    enum err err = store_here_drop(here, rows->items, rows->count);
    if (err == ERR_NONE && is_one_in(rows, "k"))
        err = store_here_drop_table(here, 'k');
    /* what comes back is noted anew */
    if (err == ERR_NONE && rebuilds)
        err = store_here_drop(here, look->agains.items, look->agains.count);
    return err == ERR_NONE && rebuilds ? store_here_rebuild(here) : err;
}

/* False: not all of them follow from what can be read. */
static enum err write_again(
    struct look *look, struct store_here *here, bool *is_all)
{
    size_t written = 0;
    *is_all = true;
    if (look->agains.count == 0)
        return ERR_NONE;
    enum err err = store_here_again(
        here, look->agains.items, look->agains.count, &written);
    *is_all = written == look->agains.count;
    return err;
}

static enum exit_code refuse(struct look *look, const char *what)
{
    return session_fail(look->session, EXIT_CODE_REFUSED,
        "restore a backup, or begin with nothing but the keys: RECOVERY in "
        "referd(8)",
        "what is damaged cannot be taken out alone: %s", what);
}

static enum exit_code repair(struct look *look, struct store_here *here,
    const struct arguments *arguments)
{
    uint64_t rows;
    bool is_all = true;
    const bool has_others = look->findings > look->agains.count;
    look->damaged.count = 0;
    enum err err = store_here_rows(here, damaged, look, &rows);
    if (err != ERR_NONE || look->failed)
        return fail(look, err, "cannot read the store");
    const bool takes_out = look->damaged.count > 0;
    const bool rebuilds =
        is_one_in(&look->damaged, shared) || (!takes_out && has_others);
    const struct key *other = outside(&look->damaged);
    if (other != NULL)
        return refuse(look, table_of((char)other->bytes[0]));
    if (look->damaged.count > DROP_COUNT_MAX)
        return refuse(look, "too much");
    enum exit_code code = rebuilds ? confirm(look, arguments) : EXIT_CODE_DONE;
    if (code != EXIT_CODE_DONE)
        return code;
    err = take_out(look, here, rebuilds);
    if (err == ERR_NONE && !rebuilds)
        err = write_again(look, here, &is_all);
    if (err != ERR_NONE)
        return fail(look, err, "the repair failed; it can be done again");
    if (!is_all)
        return refuse(look, "dates that nothing else says");
    display_note(look->session, "%s",
        rebuilds ? "Start the gateway: it takes back what the others hold. See "
                   "referctl status."
        : takes_out ? "The damaged rows are out: programs' keys and positions, "
                      "invitations. Start the gateway."
                    : "They follow from other rows, and are written again. "
                      "Start the gateway.");
    return EXIT_CODE_DONE;
}

static enum exit_code open_here(struct session *session,
    const struct arguments *arguments, struct store_here **here)
{
    struct config_paths paths;
    struct store_slot slot;
    struct store_problem problem = { .text = "" };
    const char *wrong;
    if (session->config_path == NULL)
        return session_fail(session, EXIT_CODE_USAGE,
            "referctl -c FILE store check --offline", "which gateway's store?");
    wrong = config_read(session->pool, session->config_path, &paths);
    if (wrong != NULL)
        return session_fail(session, EXIT_CODE_LOCAL,
            "mend the configuration: referd -t", "%s", wrong);
    slot = home_slot(&paths, arguments_option(arguments, "passphrase-file"));
    enum err err =
        store_here_open(paths.data, &slot, session->now_ms, here, &problem);
    if (err == ERR_NONE)
        return EXIT_CODE_DONE;
    return session_fail(session,
        err == ERR_CORRUPT || err == ERR_KEY ? EXIT_CODE_REFUSED
                                             : EXIT_CODE_LOCAL,
        err == ERR_BUSY ? "leave out --offline: the gateway looks itself"
                        : "see RECOVERY in referd(8)",
        "%s", problem.text);
}

static enum exit_code check_stopped(
    struct look *look, const struct arguments *arguments)
{
    struct store_here *here;
    bool repairs = arguments_flag(arguments, "repair");
    enum exit_code code = open_here(look->session, arguments, &here);
    if (code != EXIT_CODE_DONE)
        return code;
    code = check_here(look, here);
    if (code == EXIT_CODE_DONE && store_here_vault_is_old(here)) {
        code = vault_refuse(look, here);
        repairs = false;
    }
    if (code == EXIT_CODE_DONE)
        code = conclude(look,
            repairs ? "it is being repaired"
            : is_of_words(look)
                ? "start the gateway: what another agency holds comes back, "
                  "then: referctl store check"
                : "referctl -c FILE store check --offline --repair");
    if (code == EXIT_CODE_REFUSED && repairs)
        code = repair(look, here, arguments);
    store_here_close(here);
    return code;
}

enum exit_code run_store_check(
    struct session *session, const struct arguments *arguments)
{
    struct look look = { .session = session,
        .shows_progress = session->is_terminal && !session->json };
    bool is_offline = arguments_flag(arguments, "offline");
    if (arguments_flag(arguments, "repair") && !is_offline)
        return session_fail(session, EXIT_CODE_USAGE,
            "stop the gateway and add --offline",
            "a store is repaired while nobody uses it");
    enum exit_code code =
        is_offline ? check_stopped(&look, arguments) : check_running(&look);
    free(look.held);
    free(look.named);
    free(look.entries);
    free(look.damaged.items);
    free(look.agains.items);
    return code;
}

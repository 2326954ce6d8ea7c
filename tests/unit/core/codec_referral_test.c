#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/prng.h"
#include "core/referral.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define ARENA_SIZE (1u << 20)

/* ---- Comparing ---------------------------------------------------------- */

static void assert_slices(struct slice a, struct slice b)
{
    assert_int_equal(a.size, b.size);
    if (a.size > 0)
        assert_memory_equal(a.bytes, b.bytes, a.size);
}

static void assert_values(const struct named_value *a, size_t a_count,
    const struct named_value *b, size_t b_count)
{
    assert_int_equal(a_count, b_count);
    for (size_t i = 0; i < a_count; i++) {
        assert_slices(a[i].name, b[i].name);
        assert_slices(a[i].value, b[i].value);
    }
}

static void assert_grants(const struct grant *a, const struct grant *b)
{
    assert_string_equal(a->to.text, b->to.text);
    assert_slices(a->purpose, b->purpose);
    assert_true(a->until.unix_ms == b->until.unix_ms);
    assert_int_equal(a->element_count, b->element_count);
    for (size_t i = 0; i < a->element_count; i++)
        assert_slices(a->elements[i], b->elements[i]);
}

static void assert_requests(
    const struct referral_request *a, const struct referral_request *b)
{
    assert_slices(a->service, b->service);
    assert_slices(a->purpose, b->purpose);
    assert_int_equal(a->urgency, b->urgency);
    assert_int_equal(a->choice, b->choice);
    assert_int_equal(a->ask_back, b->ask_back);
    assert_slices(a->reason_plain, b->reason_plain);
    assert_memory_equal(&a->thread, &b->thread, sizeof a->thread);
    assert_int_equal(a->has_parent, b->has_parent);
    if (a->has_parent)
        assert_memory_equal(&a->parent, &b->parent, sizeof a->parent);
    assert_int_equal(a->hop, b->hop);
    assert_true(a->consent_at.unix_ms == b->consent_at.unix_ms);
    assert_int_equal(a->grant_count, b->grant_count);
    for (size_t i = 0; i < a->grant_count; i++)
        assert_grants(&a->grants[i], &b->grants[i]);
}

static void assert_events(
    const struct referral_event *a, const struct referral_event *b)
{
    assert_memory_equal(&a->referral, &b->referral, sizeof a->referral);
    assert_memory_equal(&a->mou, &b->mou, sizeof a->mou);
    assert_int_equal(a->type, b->type);
    assert_int_equal(a->seq, b->seq);
    assert_int_equal(a->seen, b->seen);
    assert_int_equal(a->actor, b->actor);
    assert_slices(a->role, b->role);
    assert_true(a->at.unix_ms == b->at.unix_ms);
    assert_slices(a->key, b->key);
    assert_int_equal(a->state, b->state);
    assert_values(a->details, a->detail_count, b->details, b->detail_count);
    assert_values(a->elements, a->element_count, b->elements, b->element_count);
    assert_int_equal(a->request == NULL, b->request == NULL);
    if (a->request != NULL)
        assert_requests(a->request, b->request);
}

/* ---- Random events ------------------------------------------------------ */

/* Its length takes two bytes on the wire. */
#define LONG_TEXT                                                              \
    "a longer text, as a note would be, of more bytes than one hundred and "   \
    "twenty-seven, so that there is something to be counted in two of them"

static const char *const words[] = { "", "a", "call_name", "tb.assess",
    "\xd0\xa1\xd0\xb0\xd1\x88\xd0\xb0", "two\nlines\tand a tab",
    "2027-01-31T09:00:00+01:00", "\xf0\x9f\x99\x82 smile", LONG_TEXT };

static struct slice any_word(struct prng *prng)
{
    return slice_of_text(words[prng_below(prng, COUNT(words))]);
}

static int64_t any_time(struct prng *prng)
{
    return (int64_t)(prng_next(prng) >> (1 + prng_below(prng, 63)));
}

static struct named_value *any_values(
    struct prng *prng, struct arena *arena, size_t count)
{
    struct named_value *values = arena_take_array(arena, count, sizeof *values);
    for (size_t i = 0; i < count; i++)
        values[i] = (struct named_value){ any_word(prng), any_word(prng) };
    return values;
}

static void any_request(
    struct prng *prng, struct arena *arena, struct referral_request *request)
{
    struct grant *grants;
    request->service = any_word(prng);
    request->purpose = any_word(prng);
    request->urgency = (enum urgency)prng_below(prng, URGENCY_COUNT);
    request->choice = (enum choice)prng_below(prng, CHOICE_COUNT);
    request->ask_back = (enum ask_back)prng_below(prng, ASK_BACK_COUNT);
    request->reason_plain = any_word(prng);
    prng_fill(prng, &request->thread, sizeof request->thread);
    request->has_parent = prng_below(prng, 2) == 1;
    if (prng_below(prng, 2) == 1) /* a parent of zeros is one, too */
        prng_fill(prng, &request->parent, sizeof request->parent);
    request->hop = (uint32_t)prng_next(prng);
    request->consent_at.unix_ms = any_time(prng);
    request->grant_count = prng_below(prng, 4);
    request->grants = grants =
        arena_take_array(arena, request->grant_count, sizeof *grants);
    for (size_t i = 0; i < request->grant_count; i++) {
        size_t count = prng_below(prng, 5);
        struct slice *codes = arena_take_array(arena, count, sizeof *codes);
        for (size_t j = 0; j < count; j++)
            codes[j] = any_word(prng);
        grants[i] = (struct grant){ .purpose = any_word(prng),
            .elements = codes,
            .element_count = count,
            .until = { any_time(prng) } };
        for (size_t j = 0; j < AGENCY_ID_SIZE; j++)
            grants[i].to.text[j] = (char)('a' + prng_below(prng, 26));
    }
}

static void any_event(
    struct prng *prng, struct arena *arena, struct referral_event *event)
{
    *event = (struct referral_event){
        .type = (enum referral_event_type)prng_below(prng, EVENT_TYPE_COUNT),
        .seq = (uint32_t)prng_next(prng),
        .seen = (uint32_t)prng_below(prng, 3),
        .actor = (enum actor_kind)prng_below(prng, ACTOR_KIND_COUNT),
        .role = any_word(prng),
        .at = { any_time(prng) },
        .key = any_word(prng),
        .state = (enum referral_state)prng_below(prng, REFERRAL_STATE_COUNT),
    };
    prng_fill(prng, &event->referral, sizeof event->referral);
    prng_fill(prng, &event->mou, sizeof event->mou);
    event->detail_count = prng_below(prng, 5);
    event->details = any_values(prng, arena, event->detail_count);
    event->element_count = prng_below(prng, 5);
    event->elements = any_values(prng, arena, event->element_count);
    if (prng_below(prng, 2) == 1) {
        struct referral_request *request = arena_take(arena, sizeof *request);
        any_request(prng, arena, request);
        event->request = request;
    }
}

static void what_is_written_is_read_back(void **unused)
{
    (void)unused;
    struct prng prng = prng_from_seed(20261122);
    struct arena arena;
    assert_int_equal(arena_init(&arena, ARENA_SIZE), ERR_NONE);
    for (int i = 0; i < 2000; i++) {
        struct referral_event event, read;
        arena_reset(&arena);
        any_event(&prng, &arena, &event);
        struct slice bytes = referral_event_write(&event, &arena);
        assert_non_null(bytes.bytes);
        assert_int_equal(referral_event_read(bytes, &arena, &read), ERR_NONE);
        assert_events(&event, &read);
        assert_slices(referral_event_write(&read, &arena), bytes);
    }
    arena_release(&arena);
}

/* ---- Bytes that are refused --------------------------------------------- */

/* A slice of a literal where C wants a constant. */
#define STATIC_TEXT(text)                                                      \
    {                                                                          \
        (const uint8_t *)(text), sizeof(text) - 1                              \
    }

static const struct slice grant_elements[] = { STATIC_TEXT("call_name"),
    STATIC_TEXT("cough_weeks") };
static const struct grant grants[] = { {
    .to = { "abcdefghijklmnopqrstuvwxyz" },
    .purpose = STATIC_TEXT("tb_assessment"),
    .elements = grant_elements,
    .element_count = 2,
    .until = { 2000000000000 },
} };
static const struct referral_request request = {
    .service = STATIC_TEXT("tb.assess"),
    .purpose = STATIC_TEXT("tb_assessment"),
    .urgency = URGENCY_SOON,
    .choice = CHOICE_CHOSEN,
    .ask_back = ASK_BACK_FULL,
    .reason_plain = STATIC_TEXT("I want to know why I cough"),
    .thread = { { 1, 2, 3 } },
    .has_parent = true,
    .parent = { { 4, 5, 6 } },
    .hop = 1,
    .consent_at = { 1900000000000 },
    .grants = grants,
    .grant_count = 1,
};
static const struct named_value details[] = {
    { STATIC_TEXT("note"), STATIC_TEXT("two\nlines") },
};
static const struct named_value elements[] = {
    { STATIC_TEXT("call_name"), STATIC_TEXT("Sasha") },
};
static const struct referral_event sample = {
    .referral = { { 7, 8, 9 } },
    .mou = { { 10, 11 } },
    .type = EVENT_SEND,
    .seq = 1,
    .actor = ACTOR_STAFF,
    .role = STATIC_TEXT("outreach_worker"),
    .at = { 1900000001000 },
    .key = STATIC_TEXT("k1"),
    .request = &request,
    .details = details,
    .detail_count = 1,
    .elements = elements,
    .element_count = 1,
    .state = REFERRAL_SENT,
};

static enum err try_read(struct slice bytes)
{
    struct arena arena;
    struct referral_event event;
    assert_int_equal(arena_init(&arena, ARENA_SIZE), ERR_NONE);
    enum err err = referral_event_read(bytes, &arena, &event);
    if (err == ERR_NONE) /* then it is the one spelling of what it says */
        assert_slices(referral_event_write(&event, &arena), bytes);
    arena_release(&arena);
    return err;
}

static void no_broken_byte_passes_unseen(void **unused)
{
    (void)unused;
    struct arena arena;
    assert_int_equal(arena_init(&arena, ARENA_SIZE), ERR_NONE);
    struct slice bytes = referral_event_write(&sample, &arena);
    uint8_t *copy = arena_take(&arena, bytes.size + 2);
    assert_int_equal(try_read(bytes), ERR_NONE);
    for (size_t size = 0; size < bytes.size; size++) /* cut anywhere */
        (void)try_read(slice_of(bytes.bytes, size));
    for (size_t i = 0; i < bytes.size; i++)
        for (unsigned bit = 0; bit < 8; bit++) {
            memcpy(copy, bytes.bytes, bytes.size);
            copy[i] = (uint8_t)(copy[i] ^ (1u << bit));
            (void)try_read(slice_of(copy, bytes.size));
        }
    /* an unknown field, number 15 */
    memcpy(copy, bytes.bytes, bytes.size);
    copy[bytes.size] = 15 << 3;
    copy[bytes.size + 1] = 1;
    assert_int_equal(try_read(slice_of(copy, bytes.size + 2)), ERR_MALFORMED);
    /* the same field twice */
    memcpy(copy, bytes.bytes, bytes.size);
    copy[bytes.size] = 13 << 3;
    copy[bytes.size + 1] = REFERRAL_SENT;
    assert_int_equal(try_read(slice_of(copy, bytes.size + 2)), ERR_MALFORMED);
    arena_release(&arena);
}

/* Fields of these messages as bytes, to write what the writer would not. */
static const uint8_t head[] = { 0x0a, 16, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7,
    7, 7, 7, 0x12, 32, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9,
    9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9 };

static enum err read_after_head(const uint8_t *more, size_t size)
{
    uint8_t bytes[256];
    memcpy(bytes, head, sizeof head);
    memcpy(bytes + sizeof head, more, size);
    return try_read(slice_of(bytes, sizeof head + size));
}

/* clang-format off */
static const struct {
    const char *it;
    enum err want;
    size_t size;
    uint8_t more[48];
} tails[] = {
    { "nothing more", ERR_NONE, 0, { 0 } },
    { "a role", ERR_NONE, 3, { 0x3a, 1, 'r' } },
    { "a role with NUL", ERR_MALFORMED, 3, { 0x3a, 1, 0 } },
    { "a role with a bell", ERR_MALFORMED, 3, { 0x3a, 1, 7 } },
    { "a role that is not UTF-8", ERR_MALFORMED, 3, { 0x3a, 1, 0xff } },
    { "an empty role spelled out", ERR_MALFORMED, 2, { 0x3a, 0 } },
    { "type 37", ERR_NONE, 2, { 0x18, 37 } },
    { "type 38", ERR_MALFORMED, 2, { 0x18, 38 } },
    { "actor 5", ERR_MALFORMED, 2, { 0x30, 5 } },
    { "state 24", ERR_NONE, 2, { 0x68, 24 } },
    { "state 25", ERR_MALFORMED, 2, { 0x68, 25 } },
    { "the last instant", ERR_NONE, 10,
      { 0x40, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f } },
    { "an instant beyond", ERR_MALFORMED, 11,
      { 0x40, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01 } },
    { "a request without thread", ERR_MALFORMED, 2, { 0x52, 0 } },
    { "a request with a thread", ERR_NONE, 20,
      { 0x52, 18, 0x3a, 16, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1 } },
    { "a short thread", ERR_MALFORMED, 19,
      { 0x52, 17, 0x3a, 15, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1 } },
    { "a short parent", ERR_MALFORMED, 23,
      { 0x52, 21, 0x3a, 16, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
        0x42, 1, 1 } },
    { "urgency 5", ERR_MALFORMED, 22,
      { 0x52, 20, 0x18, 5, 0x3a, 16, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
        1, 1 } },
    { "a grant to nobody", ERR_MALFORMED, 22,
      { 0x52, 20, 0x3a, 16, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
        0x5a, 0 } },
    { "a detail", ERR_NONE, 8, { 0x5a, 6, 0x0a, 1, 'n', 0x12, 1, 'v' } },
    { "a detail with a third field", ERR_MALFORMED, 7,
      { 0x5a, 5, 0x0a, 1, 'n', 0x18, 1 } },
    { "fields in another order", ERR_MALFORMED, 4, { 0x28, 1, 0x20, 1 } },
    { "an overlong number", ERR_MALFORMED, 3, { 0x20, 0x81, 0x00 } },
};
/* clang-format on */

static void each_tail_is_judged(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < COUNT(tails); i++) {
        enum err got = read_after_head(tails[i].more, tails[i].size);
        if (got != tails[i].want)
            fail_msg("%s: %s", tails[i].it, err_name(got));
    }
    assert_int_equal(try_read(SLICE_NONE), ERR_MALFORMED);
    assert_int_equal(try_read(slice_of(head, 18)), ERR_MALFORMED);
    assert_int_equal(
        try_read(slice_of(head + 18, sizeof head - 18)), ERR_MALFORMED);
}

/* ---- Limits ------------------------------------------------------------- */

/* Bytes of an event with `count` times the two bytes of an empty field. */
static enum err read_repeated(uint8_t tag, size_t count)
{
    size_t size = sizeof head + 2 * count;
    uint8_t *bytes = calloc(1, size);
    assert_non_null(bytes);
    memcpy(bytes, head, sizeof head);
    for (size_t i = 0; i < count; i++)
        bytes[sizeof head + 2 * i] = tag;
    enum err err = try_read(slice_of(bytes, size));
    free(bytes);
    return err;
}

static void lists_end_at_their_limits(void **unused)
{
    (void)unused;
    assert_int_equal(read_repeated(0x5a, REFERRAL_DETAIL_COUNT_MAX), ERR_NONE);
    assert_int_equal(
        read_repeated(0x5a, REFERRAL_DETAIL_COUNT_MAX + 1), ERR_LIMIT);
    assert_int_equal(read_repeated(0x62, REFERRAL_ELEMENT_COUNT_MAX), ERR_NONE);
    assert_int_equal(
        read_repeated(0x62, REFERRAL_ELEMENT_COUNT_MAX + 1), ERR_LIMIT);
}

/* The head and the beginning of a request of `size` bytes, with its thread. */
static size_t put_request(uint8_t *bytes, size_t size)
{
    size_t at = sizeof head;
    memcpy(bytes, head, at);
    bytes[at++] = 0x52;
    bytes[at++] = (uint8_t)(0x80 | (size & 0x7f));
    bytes[at++] = (uint8_t)(size >> 7);
    bytes[at++] = 0x3a;
    bytes[at++] = 16;
    memset(bytes + at, 1, 16);
    return at + 16;
}

/* A grant with `count` empty elements, from `at` on. */
static size_t put_grant(uint8_t *bytes, size_t at, size_t count)
{
    size_t size = 2 + AGENCY_ID_SIZE + 2 * count;
    bytes[at++] = 0x5a;
    if (size > 0x7f) {
        bytes[at++] = (uint8_t)(0x80 | (size & 0x7f));
        bytes[at++] = (uint8_t)(size >> 7);
    } else {
        bytes[at++] = (uint8_t)size;
    }
    bytes[at++] = 0x0a;
    bytes[at++] = AGENCY_ID_SIZE;
    memset(bytes + at, 'a', AGENCY_ID_SIZE);
    at += AGENCY_ID_SIZE;
    for (size_t i = 0; i < count; i++) {
        bytes[at++] = 0x1a;
        bytes[at++] = 0;
    }
    return at;
}

/* What the writer makes of so many grants, the first with so many empty
 * elements. */
static enum err read_grants(size_t grant_count, size_t element_count)
{
    struct arena arena;
    struct referral_event event = sample;
    struct referral_request changed = request;
    struct grant many[REFERRAL_GRANT_COUNT_MAX];
    assert_int_equal(arena_init(&arena, ARENA_SIZE), ERR_NONE);
    struct slice *codes =
        arena_take_array(&arena, element_count, sizeof *codes);
    for (size_t i = 0; i < REFERRAL_GRANT_COUNT_MAX; i++) {
        many[i] = grants[0];
        many[i].element_count = 0;
    }
    many[0].elements = codes;
    many[0].element_count = element_count;
    changed.grants = many;
    changed.grant_count = grant_count;
    event.request = &changed;
    enum err err = try_read(referral_event_write(&event, &arena));
    arena_release(&arena);
    return err;
}

static void grants_end_at_their_limits(void **unused)
{
    (void)unused;
    assert_int_equal(read_grants(1, REFERRAL_ELEMENT_COUNT_MAX), ERR_NONE);
    assert_int_equal(read_grants(REFERRAL_GRANT_COUNT_MAX, 0), ERR_NONE);
    /* one more than the writer would write, by hand: a request with a thread,
     * then grants of a `to` and nothing or of one with too many elements */
    uint8_t bytes[2048];
    const size_t grant_size = 2 + 2 + AGENCY_ID_SIZE;
    size_t count = REFERRAL_GRANT_COUNT_MAX + 1;
    size_t size = put_request(bytes, 18 + count * grant_size);
    for (size_t i = 0; i < count; i++)
        size = put_grant(bytes, size, 0);
    assert_int_equal(try_read(slice_of(bytes, size)), ERR_LIMIT);
    count = REFERRAL_ELEMENT_COUNT_MAX + 1;
    size = put_request(bytes, 18 + 3 + 2 + AGENCY_ID_SIZE + 2 * count);
    size = put_grant(bytes, size, count);
    assert_int_equal(try_read(slice_of(bytes, size)), ERR_LIMIT);
}

static void more_than_a_content_is_not_looked_at(void **unused)
{
    (void)unused;
    uint8_t *bytes = calloc(1, CONTENT_SIZE_MAX + 1);
    assert_non_null(bytes);
    assert_int_equal(
        try_read(slice_of(bytes, CONTENT_SIZE_MAX + 1)), ERR_LIMIT);
    free(bytes);
}

static void what_does_not_fit_is_not_written(void **unused)
{
    (void)unused;
    struct arena arena;
    assert_int_equal(arena_init(&arena, ARENA_SIZE), ERR_NONE);
    struct referral_event event = sample;
    struct referral_request changed = request;
    struct grant grant = grants[0];
    event.request = &changed;
    changed.grants = &grant;
    assert_non_null(referral_event_write(&event, &arena).bytes);

    event.detail_count = REFERRAL_DETAIL_COUNT_MAX + 1;
    assert_null(referral_event_write(&event, &arena).bytes);
    event.detail_count = 1;
    event.element_count = REFERRAL_ELEMENT_COUNT_MAX + 1;
    assert_null(referral_event_write(&event, &arena).bytes);
    event.element_count = 1;
    changed.grant_count = REFERRAL_GRANT_COUNT_MAX + 1;
    assert_null(referral_event_write(&event, &arena).bytes);
    changed.grant_count = 1;
    grant.element_count = REFERRAL_ELEMENT_COUNT_MAX + 1;
    assert_null(referral_event_write(&event, &arena).bytes);
    grant.element_count = 2;

    event.at.unix_ms = -1;
    assert_null(referral_event_write(&event, &arena).bytes);
    event.at.unix_ms = 0;
    changed.consent_at.unix_ms = -1;
    assert_null(referral_event_write(&event, &arena).bytes);
    changed.consent_at.unix_ms = 0;
    grant.until.unix_ms = -1;
    assert_null(referral_event_write(&event, &arena).bytes);
    grant.until.unix_ms = 0;
    assert_non_null(referral_event_write(&event, &arena).bytes);
    arena_release(&arena);
}

/* Its readers would cut it there. */
static void a_text_with_a_zero_byte_is_not_written(void **unused)
{
    struct named_value detail = details[0];
    struct named_value element = elements[0];
    struct slice granted = SLICE_LITERAL("needs");
    struct grant grant = grants[0];
    struct referral_request changed = request;
    struct referral_event event = sample;
    struct slice *texts[] = { &event.role, &event.key, &detail.name,
        &detail.value, &element.name, &element.value, &changed.service,
        &changed.purpose, &changed.reason_plain, &grant.purpose, &granted };
    struct arena arena;
    (void)unused;
    assert_int_equal(arena_init(&arena, ARENA_SIZE), ERR_NONE);
    grant.elements = &granted;
    grant.element_count = 1;
    changed.grants = &grant;
    changed.grant_count = 1;
    event.details = &detail;
    event.elements = &element;
    event.detail_count = event.element_count = 1;
    event.request = &changed;
    assert_non_null(referral_event_write(&event, &arena).bytes);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct slice before = *texts[i];
        *texts[i] = slice_of("a\0b", 3);
        assert_null(referral_event_write(&event, &arena).bytes);
        *texts[i] = before;
    }
    assert_non_null(referral_event_write(&event, &arena).bytes);
    arena_release(&arena);
}

static void a_content_has_its_limit(void **unused)
{
    (void)unused;
    static char text[VALUE_SIZE_MAX];
    struct named_value large[5];
    struct referral_event event = sample;
    struct arena arena;
    assert_int_equal(arena_init(&arena, ARENA_SIZE), ERR_NONE);
    memset(text, 'x', sizeof text);
    for (size_t i = 0; i < 5; i++)
        large[i] = (struct named_value){ SLICE_LITERAL("needs"),
            slice_of(text, sizeof text) };
    event.elements = large;
    event.element_count = 3;
    assert_non_null(referral_event_write(&event, &arena).bytes);
    event.element_count = 4;
    assert_null(referral_event_write(&event, &arena).bytes);
    arena_release(&arena);
}

/* Every amount of memory but enough is a limit, and no crash. */
static void a_full_arena_is_a_limit(void **unused)
{
    (void)unused;
    struct arena whole;
    assert_int_equal(arena_init(&whole, ARENA_SIZE), ERR_NONE);
    struct slice bytes = referral_event_write(&sample, &whole);
    bool wrote = false;
    bool has_read = false;
    for (size_t capacity = 1; !wrote || !has_read; capacity += 16) {
        struct arena arena;
        struct referral_event event;
        assert_true(capacity < 16384);
        assert_int_equal(arena_init(&arena, capacity), ERR_NONE);
        struct slice written = referral_event_write(&sample, &arena);
        wrote = written.bytes != NULL;
        if (wrote)
            assert_slices(written, bytes);
        arena_reset(&arena);
        enum err err = referral_event_read(bytes, &arena, &event);
        has_read = err == ERR_NONE;
        if (!has_read)
            assert_true(err == ERR_LIMIT || err == ERR_MALFORMED);
        arena_release(&arena);
    }
    arena_release(&whole);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read_back),
        cmocka_unit_test(no_broken_byte_passes_unseen),
        cmocka_unit_test(each_tail_is_judged),
        cmocka_unit_test(lists_end_at_their_limits),
        cmocka_unit_test(grants_end_at_their_limits),
        cmocka_unit_test(more_than_a_content_is_not_looked_at),
        cmocka_unit_test(what_does_not_fit_is_not_written),
        cmocka_unit_test(a_text_with_a_zero_byte_is_not_written),
        cmocka_unit_test(a_content_has_its_limit),
        cmocka_unit_test(a_full_arena_is_a_limit),
    };
    return cmocka_run_group_tests_name(
        "core/codec_referral", tests, NULL, NULL);
}

#include "core/desk.h"

#include <assert.h>

#include "base/text.h"
#include "core/node_state.h"
#include "core/scrub.h"
#include "core/submission_read.h"

static void answer_finding(void *user, const struct scrub_finding *finding)
{
    static const char digits[] = "0123456789abcdef";
    struct local_answer *answer = user;
    char text[2 * KEY_BYTES_MAX + 1];
    const char *name = "";
    char letter = '\0';
    size_t size = 0;
    for (size_t i = 0; i < finding->key.size && i < KEY_BYTES_MAX; i++) {
        text[size++] = digits[finding->key.bytes[i] >> 4];
        text[size++] = digits[finding->key.bytes[i] & 15];
    }
    for (uint32_t i = 0; scrub_table_at(i, &letter, &name) &&
                         letter != (char)finding->key.bytes[0];
         i++)
        continue;
    answer_record(answer, "damage");
    answer_text(answer, "problem", scrub_fault_name(finding->fault));
    answer_text(answer, "table", name);
    answer_slice(answer, "key", slice_of(text, size));
    if (finding->has_referral)
        answer_uuid(answer, "referral", &finding->referral);
    if (finding->peer != NULL)
        answer_text(answer, "peer", finding->peer->agency.text);
}

static void answer_progress(
    struct work *work, struct local_answer *answer, const struct scrub *scrub)
{
    uint8_t *bytes = arena_take(work->arena, SCRUB_STATE_SIZE_MAX);
    const char *name = "";
    char letter;
    if (bytes == NULL) {
        work_exhausted(work);
        return;
    }
    struct packer out = pack_into(bytes, SCRUB_STATE_SIZE_MAX);
    scrub_pack(scrub, &out);
    assert(out.err == ERR_NONE);
    answer_record(answer, "check");
    answer_number(answer, "rows", (int64_t)scrub->rows);
    answer_number(answer, "findings", (int64_t)scrub->findings);
    answer_flag(answer, "done", scrub->is_over);
    if (scrub_table_at(scrub->table, &letter, &name))
        answer_text(answer, "table", name);
    answer_data(answer, "state", packed(&out));
}

void desk_store_check(struct work *work, const struct caller *caller,
    const struct local_request *request, struct local_answer *answer)
{
    static const struct field_rule rules[] = { { "state", LOCAL_DATA, false } };
    struct scrub scrub = { 0 };
    const struct scrub_watch watch = { .user = answer,
        .found = answer_finding };
    (void)caller;
    if (!fields_check(
            answer, "store", request->fields, request->field_count, rules, 1))
        return;
    struct slice state =
        field_text(request->fields, request->field_count, "state");
    if (state.size > 0 && scrub_unpack(state, &scrub) != ERR_NONE) {
        answer_error(answer, ERR_INVALID, PROBLEM_FORMAT, "store.state",
            "give the state of the reply before, or none to begin");
        return;
    }
    scrub_go_on(work, &scrub, &watch);
    if (scrub.is_over && scrub.findings > 0)
        patrol_begin_now(work); /* what others hold comes back */
    if (!work_failed(work))
        answer_progress(work, answer, &scrub);
}

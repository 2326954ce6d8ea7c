#include "support/bench_hand.h"

#include "core/ledger.h"
#include "support/bench_papers.h"
#include "support/must.h"

static void agree(struct hand *hand)
{
    char id[MOU_ID_TEXT_SIZE + 1];
    hand->federation = federation_of_two();
    federation_mou_id(hand->federation, id);
    MUST(mou_id_parse(slice_of_text(id), &hand->mou) == ERR_NONE);
}

void hand_open(struct hand *hand, size_t self, size_t other)
{
    agree(hand);
    author_open(&hand->author, hand->federation, self, other);
}

const char *hand_open_receiver(struct hand *hand)
{
    agree(hand);
    const char *sent = federation_submit(hand->federation, 0, 1, "one");
    federation_run(hand->federation);
    author_open(&hand->author, hand->federation, 1, 0);
    return sent;
}

void hand_close(struct hand *hand)
{
    author_close(&hand->author);
    federation_free(hand->federation);
}

const struct uuid hand_referral = { { 0x01, 0x90, 0, 0, 0, 0, 0x70, 1, 0x80, 1,
    0, 0, 0, 0, 0, 1 } };

void hand_send(struct hand *hand, struct hand_form *form)
{
    int64_t now_ms = federation_now(hand->federation).unix_ms;
    form->granted[0] = SLICE_LITERAL("call_name");
    form->granted[1] = SLICE_LITERAL("needs");
    form->grant = (struct grant){
        .to = *federation_id(hand->federation, hand->author.other),
        .purpose = SLICE_LITERAL("care"),
        .elements = form->granted,
        .element_count = 2,
        .until = { now_ms + FEDERATION_DAY_MS },
    };
    form->elements[0] = (struct named_value){ SLICE_LITERAL("call_name"),
        SLICE_LITERAL("Robin") };
    form->elements[1] = (struct named_value){ SLICE_LITERAL("needs"),
        SLICE_LITERAL("a doctor who listens") };
    form->request = (struct referral_request){
        .service = slice_of_text(papers_service(hand->author.other)),
        .purpose = SLICE_LITERAL("care"),
        .urgency = URGENCY_ROUTINE,
        .choice = CHOICE_CHOSEN,
        .ask_back = ASK_BACK_FULL,
        .reason_plain = SLICE_LITERAL("wants the cough looked at"),
        .thread = hand_referral,
        .consent_at = { now_ms - 1000 },
        .grants = &form->grant,
        .grant_count = 1,
    };
    form->event = (struct referral_event){
        .referral = hand_referral,
        .mou = hand->mou,
        .type = EVENT_SEND,
        .seq = 1,
        .actor = ACTOR_STAFF,
        .at = { now_ms },
        .key = SLICE_LITERAL("key"),
        .request = &form->request,
        .elements = form->elements,
        .element_count = 2,
    };
}

void hand_open_told(struct hand *hand, struct hand_form *form)
{
    hand_open(hand, 0, 1);
    hand_send(hand, form);
    (void)hand_tell(hand, form);
}

void hand_step(struct hand *hand, struct hand_form *form,
    enum referral_event_type type, uint32_t seq)
{
    form->event = (struct referral_event){
        .referral = hand_referral,
        .mou = hand->mou,
        .type = type,
        .seq = seq,
        .actor = ACTOR_STAFF,
        .role = SLICE_LITERAL("intake"),
        .at = federation_now(hand->federation),
    };
    form->elements[0] = (struct named_value){ SLICE_LITERAL("call_name"),
        SLICE_LITERAL("Robin") };
    if (type == EVENT_AMEND) {
        form->event.elements = form->elements;
        form->event.element_count = 1;
    }
}

struct answer_item hand_answer(struct hand *hand, uint64_t index)
{
    struct answer_item found = { .index = UINT64_MAX };
    struct arena *arena = &hand->author.arena;
    federation_run(hand->federation);
    struct work *work = federation_begin(hand->federation, hand->author.other);
    struct peer *peer = federation_peer(
        hand->federation, hand->author.other, hand->author.self);
    const struct ledger *out = peer_ledger(work, peer, LEDGER_OUT);
    MUST(out->intent_count == 0);
    for (uint64_t at = 0; at < out->frontier.size; at++) {
        struct ledger_parcel parcel;
        struct entry_header header;
        struct answer answer;
        MUST(ledger_parcel_at(work, out, at, &parcel));
        const struct ledger_entry *entry =
            &parcel.entries[at - parcel.first_index];
        MUST(entry_header_read(entry->header, arena, &header) == ERR_NONE);
        if (header.kind != ENTRY_ANSWER)
            continue;
        struct slice content =
            arena_copy(arena, content_get(work->contents, work->txn,
                                  work->arena, entry->content));
        MUST(answer_read(content, arena, &answer) == ERR_NONE);
        for (size_t i = 0; i < answer.item_count; i++)
            if (index >= answer.items[i].index &&
                index - answer.items[i].index < answer.items[i].count)
                found = answer.items[i];
    }
    MUST(federation_end(hand->federation, hand->author.other) == ERR_NONE);
    MUST(found.index != UINT64_MAX);
    return found;
}

struct answer_item hand_tell(struct hand *hand, const struct hand_form *form)
{
    uint64_t index = hand->author.cosigned.size;
    struct slice bytes =
        referral_event_write(&form->event, &hand->author.arena);
    MUST(bytes.bytes != NULL);
    author_add(&hand->author, ENTRY_REFERRAL_EVENT, bytes);
    author_deliver(&hand->author);
    return hand_answer(hand, index);
}

const char *hand_state(struct hand *hand, size_t agency)
{
    char id[UUID_URN_SIZE + 1];
    uuid_format(&hand_referral, id);
    return federation_state(hand->federation, agency, id);
}

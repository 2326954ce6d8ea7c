#include "support/bench_router.h"

#include "core/delivery.h"
#include "core/limits.h"
#include "core/node_state.h"
#include "support/crypto_fake.h"
#include "support/must.h"

#define ARENA_SIZE (1u << 20)

struct federation *router_federation(struct arena *arena)
{
    struct federation *federation = federation_new(2);
    struct crypto *crypto = federation_crypto(federation, 0);
    struct card card;
    struct card_problem problem;
    uint8_t signature[SIGNATURE_SIZE];
    MUST(arena_init(arena, ARENA_SIZE) == ERR_NONE);
    MUST(card_read(crypto, federation_card(federation, 0), arena, &card,
             &problem) == ERR_NONE);
    card.endpoint_count = 0;
    struct slice bytes = card_bytes(&card, arena);
    crypto_fake_root_sign(crypto, card_statement(bytes, arena), signature);
    federation_card_set(federation, 0, card_assemble(bytes, signature, arena));
    federation_crash(federation, 0);
    federation_connect(federation, 0, 1);
    federation_wait(federation, RETRY_DELAY_MS_MAX);
    return federation;
}

void router_tell(struct federation *federation, size_t from, size_t to)
{
    const struct tell tell = { .kind = ENTRY_PADDING,
        .content = SLICE_LITERAL("words") };
    struct peer *peer = federation_peer(federation, from, to);
    struct work *work = federation_begin(federation, from);
    MUST(delivery_tell(work, peer, &tell));
    peer->touched = true;
    MUST(federation_end(federation, from) == ERR_NONE);
}

/* A card is as good as its agency's when no root key has signed it. */
#include "core/card.h"

enum err __real_card_read(struct crypto *crypto, struct slice signed_card,
    struct arena *arena, struct card *card, struct card_problem *problem);
enum err __wrap_card_read(struct crypto *crypto, struct slice signed_card,
    struct arena *arena, struct card *card, struct card_problem *problem);
enum err __wrap_card_read(struct crypto *crypto, struct slice signed_card,
    struct arena *arena, struct card *card, struct card_problem *problem)
{
    enum err err = __real_card_read(crypto, signed_card, arena, card, problem);
    if (err != ERR_SIGNATURE)
        return err;
    agency_id_of(crypto, card->root_key, &card->agency);
    return ERR_NONE;
}

/* G4: after a loss nobody waits for the parcel that an answer which came back
 * speaks of: it is judged again. */
#include "core/settle.h"

enum err __real_settle_with(
    struct work *work, struct peer *peer, struct slice head, bool is_reply);
enum err __wrap_settle_with(
    struct work *work, struct peer *peer, struct slice head, bool is_reply);
enum err __wrap_settle_with(
    struct work *work, struct peer *peer, struct slice head, bool is_reply)
{
    enum err err = __real_settle_with(work, peer, head, is_reply);
    peer->coming_size = 0;
    return err;
}

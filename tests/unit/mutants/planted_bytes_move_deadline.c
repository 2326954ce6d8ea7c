/* Whatever comes of a frame gives it all of its time again. */
#include "io/peers_nng_state.h"

bool __real_frame_reader_is_idle(const struct frame_reader *reader);
bool __wrap_frame_reader_is_idle(const struct frame_reader *reader);
bool __wrap_frame_reader_is_idle(const struct frame_reader *reader)
{
    /* cast: a connection's, which the caller may write */
    struct connection *connection =
        (struct connection *)(void *)((char *)(uintptr_t)reader -
                                      offsetof(struct connection, reader));
    connection->frame_ms = 0;
    return __real_frame_reader_is_idle(reader);
}

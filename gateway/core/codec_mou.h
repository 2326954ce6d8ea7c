/*
 * codec_mou.h - agreements and what is said about them as protobuf
 * (refer/v1/mou.proto). Form only: what they say is judged by mou_check.
 * Readers give ERR_MALFORMED or ERR_LIMIT, writers SLICE_NONE at a limit.
 */
#ifndef CORE_CODEC_MOU_H
#define CORE_CODEC_MOU_H

#include "core/mou.h"

MUST_USE enum err codec_mou_read(
    struct slice bytes, struct arena *arena, struct mou *mou);
struct slice codec_mou_write(const struct mou *mou, struct arena *arena);

#endif

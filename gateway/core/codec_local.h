/* codec_local.h - the tags of local.proto, for its reader and its writer. */
#ifndef CORE_CODEC_LOCAL_H
#define CORE_CODEC_LOCAL_H

#include "core/codec_wire.h"

/* As local.proto has them. */
enum {
    FIELD_NAME = TAG_SIZED(1),
    FIELD_TEXT = TAG_SIZED(2),
    FIELD_NUMBER = TAG_VARINT(3),
    FIELD_DATA = TAG_SIZED(4),
    FIELD_FLAG = TAG_VARINT(5),
    RECORD_TYPE = TAG_SIZED(1),
    RECORD_FIELDS = TAG_SIZED(2),
    REQUEST_NUMBER = TAG_VARINT(1),
    REQUEST_OPERATION = TAG_SIZED(2),
    REQUEST_FIELDS = TAG_SIZED(3),
    REQUEST_RECORDS = TAG_SIZED(4),
    REPLY_NUMBER = TAG_VARINT(1),
    REPLY_ERROR = TAG_VARINT(2),
    REPLY_PROBLEM = TAG_SIZED(3),
    REPLY_CLAUSE = TAG_SIZED(4),
    REPLY_REMEDY = TAG_SIZED(5),
    REPLY_MESSAGE = TAG_SIZED(6),
    REPLY_RECORDS = TAG_SIZED(7)
};

#endif

"""The messages and enums of proto/refer/v1 as classes: messages.Card, ..."""
import os

from . import wire

FILES = ("card", "ledger", "mou", "referral", "request")

globals().update(wire.schema_read(
    os.path.join(wire.PROTO_FOLDER, name + ".proto") for name in FILES))

"""Protobuf, strictly (PROTOCOL.md section 1): one encoding for each message.

The schema is read from the .proto files; there is no generated code. A reader
refuses whatever the writer would not have written.
"""
import enum
import os
import re

UINT64_MAX = 2**64 - 1
TIME_MS_MAX = 2**63 - 1
PROTO_FOLDER = os.path.join(
    os.path.dirname(os.path.abspath(__file__)),
    "..", "..", "..", "proto", "refer", "v1")
VARINT, FIXED64, SIZED = 0, 1, 2
WIRE_TYPES = {"bool": VARINT, "uint32": VARINT, "uint64": VARINT,
              "fixed64": FIXED64, "string": SIZED, "bytes": SIZED}
DEFAULTS = {"bool": False, "uint32": 0, "uint64": 0, "fixed64": 0,
            "string": "", "bytes": b""}


class Refused(ValueError):
    """Bytes of somebody else that break a rule; says which."""


# ---- Reading the schema --------------------------------------------------

class Field:
    """One field of a message. `kind` is a scalar's name, an enum class or a
    message class."""

    def __init__(self, number, name, kind, is_repeated):
        self.number = number
        self.name = name
        self.kind = kind
        self.is_repeated = is_repeated
        self.is_message = isinstance(kind, type) and issubclass(kind, Message)
        self.is_enum = isinstance(kind, type) and issubclass(
            kind, enum.IntEnum)
        if self.is_message:
            self.wire_type, self.single_default = SIZED, None
        elif self.is_enum:
            self.wire_type, self.single_default = VARINT, kind(0)
        else:
            self.wire_type = WIRE_TYPES[kind]
            self.single_default = DEFAULTS[kind]

    def default(self):
        return [] if self.is_repeated else self.single_default


ENUM = re.compile(r"\benum\s+(\w+)\s*\{([^}]*)\}")
ENUM_VALUE = re.compile(r"(\w+)\s*=\s*(\d+)\s*;")
MESSAGE = re.compile(r"\bmessage\s+(\w+)\s*\{([^{}]*)\}")
MESSAGE_FIELD = re.compile(r"(repeated\s+)?(\w+)\s+(\w+)\s*=\s*(\d+)\s*;")


def enum_make(name, body):
    prefix = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).upper() + "_"
    values = {}
    for text, number in ENUM_VALUE.findall(body):
        assert text.startswith(prefix), (name, text)
        values[text[len(prefix):]] = int(number)
    return enum.IntEnum(name, values)


def schema_read(paths):
    """Classes by name, from proto3 files without oneofs or nested types."""
    text = ""
    for path in paths:
        with open(path, encoding="utf-8") as file:
            text += re.sub(r"//[^\n]*", "", file.read())
    classes = {name: enum_make(name, body)
               for name, body in ENUM.findall(text)}
    bodies = dict(MESSAGE.findall(text))
    for name in bodies:
        classes[name] = type(name, (Message,), {})
    for name, body in bodies.items():
        fields = [
            Field(int(number), field,
                  kind if kind in WIRE_TYPES else classes[kind],
                  bool(repeated))
            for repeated, kind, field, number in MESSAGE_FIELD.findall(body)]
        rest = MESSAGE_FIELD.sub("", body).strip()
        assert not rest, "not understood in %s: %s" % (name, rest)
        assert len({field.number for field in fields}) == len(fields)
        assert all(field.wire_type == SIZED for field in fields
                   if field.is_repeated), "packed fields are not known here"
        classes[name].FIELDS = sorted(fields, key=lambda f: f.number)
    return classes


# ---- Numbers -------------------------------------------------------------

def varint(value):
    assert 0 <= value <= UINT64_MAX
    out = bytearray()
    while value > 0x7f:
        out.append(value & 0x7f | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def varint_read(data, at):
    """The number and where it ends. In its shortest form only."""
    value = shift = 0
    while True:
        if at >= len(data):
            raise Refused("a number is cut off")
        byte = data[at]
        at += 1
        value |= (byte & 0x7f) << shift
        shift += 7
        if byte < 0x80:
            break
        if shift > 63:
            raise Refused("a number of more than ten bytes")
    if value > UINT64_MAX or (byte == 0 and shift > 7):
        raise Refused("a number that is not in its shortest form")
    return value, at


# ---- Values --------------------------------------------------------------

def text_check(text):
    for character in text:
        if character < " " and character not in "\n\t":
            raise Refused("a control character in a text")


def value_write(field, value):
    if field.is_message:
        data = value.encode()
    elif field.kind == "string":
        text_check(value)
        data = value.encode("utf-8")
    elif field.kind == "bytes":
        data = bytes(value)
    elif field.kind == "fixed64":
        return value.to_bytes(8, "little")
    else:
        return varint(int(value))
    return varint(len(data)) + data


def number_check(field, value):
    if field.kind == "bool" and value > 1:
        raise Refused("%s is neither yes nor no" % field.name)
    if field.kind == "uint32" and value > 0xffffffff:
        raise Refused("%s does not fit" % field.name)
    if field.kind == "uint64" and field.name.endswith("_ms") \
            and value > TIME_MS_MAX:
        raise Refused("%s is no time" % field.name)
    if field.is_enum and value not in list(field.kind):
        raise Refused("%s: unknown number %d" % (field.name, value))


def number_read(field, data, at):
    value, at = varint_read(data, at)
    number_check(field, value)
    if field.is_enum:
        value = field.kind(value)
    elif field.kind == "bool":
        value = bool(value)
    return value, at


def sized_read(field, data, at):
    size, at = varint_read(data, at)
    if size > len(data) - at:
        raise Refused("%s is cut off" % field.name)
    part = data[at:at + size]
    if field.is_message:
        return field.kind.read(part), at + size
    if field.kind == "string":
        try:
            text = part.decode("utf-8", errors="strict")
        except UnicodeDecodeError:
            raise Refused("%s is not UTF-8" % field.name) from None
        text_check(text)
        return text, at + size
    return part, at + size


def value_read(field, data, at):
    if field.wire_type == VARINT:
        return number_read(field, data, at)
    if field.wire_type == FIXED64:
        if len(data) - at < 8:
            raise Refused("%s is cut off" % field.name)
        return int.from_bytes(data[at:at + 8], "little"), at + 8
    return sized_read(field, data, at)


# ---- Messages ------------------------------------------------------------

class Message:
    """Fields are attributes; one that was not set has its default value."""

    FIELDS = []

    def __init__(self, **values):
        for field in self.FIELDS:
            value = values.pop(field.name, None)
            setattr(self, field.name,
                    field.default() if value is None else value)
        assert not values, "no such field: %s" % ", ".join(values)

    def __eq__(self, other):
        return type(self) is type(other) and vars(self) == vars(other)

    def __repr__(self):
        return "%s(%s)" % (type(self).__name__, ", ".join(
            "%s=%r" % (field.name, getattr(self, field.name))
            for field in self.FIELDS
            if getattr(self, field.name) != field.default()))

    def encode(self):
        out = bytearray()
        for field in self.FIELDS:
            value = getattr(self, field.name)
            if not field.is_repeated:
                value = [] if value == field.default() else [value]
            for item in value:
                out += varint(field.number << 3 | field.wire_type)
                out += value_write(field, item)
        return bytes(out)

    @classmethod
    def decode(cls, data, size_max=None):
        if size_max is not None and len(data) > size_max:
            raise Refused("%s of %d bytes" % (cls.__name__, len(data)))
        message = cls.read(data)
        if message.encode() != data:
            raise AssertionError("reader and writer disagree")
        return message

    @classmethod
    def read(cls, data):
        message = cls()
        fields = {field.number: field for field in cls.FIELDS}
        at = last = 0
        while at < len(data):
            tag, at = varint_read(data, at)
            field = fields.get(tag >> 3)
            if field is None or field.wire_type != tag & 7:
                raise Refused("%s has no field %d of wire type %d"
                              % (cls.__name__, tag >> 3, tag & 7))
            if field.number < last or (
                    field.number == last and not field.is_repeated):
                raise Refused("%s: fields out of order" % cls.__name__)
            last = field.number
            value, at = value_read(field, data, at)
            if field.is_repeated:
                getattr(message, field.name).append(value)
            elif not field.is_message and value == field.default():
                raise Refused("%s: a default value" % field.name)
            else:
                setattr(message, field.name, value)
        return message

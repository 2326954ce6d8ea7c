"""Text forms of PROTOCOL.md section 1, and URNs of section 10.1."""
import base64
import binascii
import re

from .wire import Refused

CODE = re.compile(r"[a-z0-9_.-]{1,64}")
DECIMAL = re.compile(r"0|[1-9][0-9]{0,19}")
# RFC 8141 without percent-encoding and components
URN = re.compile(
    r"[uU][rR][nN]:[A-Za-z0-9][A-Za-z0-9-]{0,30}[A-Za-z0-9]:"
    r"[A-Za-z0-9._~!$&'()*+,;=:@-][A-Za-z0-9._~!$&'()*+,;=:@/-]*")


def code_check(text, what):
    if not CODE.fullmatch(text):
        raise Refused("%s is not a code" % what)


def line_check(text, size_max, what, may_be_empty=False):
    if not text and may_be_empty:
        return
    if not text or len(text.encode()) > size_max:
        raise Refused("%s is empty or too long" % what)
    if text[0] == " " or text[-1] == " " or any(
            c < " " or c == "\x7f" for c in text):
        raise Refused("%s is not a line" % what)


def urn_check(text, size_max):
    if len(text) > size_max or not URN.fullmatch(text):
        raise Refused("not a URN")


def base64_read(text):
    """Padded, and the bits that carry nothing are zero."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise Refused("not base64") from None
    if base64.b64encode(data).decode() != text:
        raise Refused("base64 with another spelling")
    return data


def decimal_read(text):
    if not DECIMAL.fullmatch(text) or int(text) >= 2**64:
        raise Refused("not a decimal number")
    return int(text)


def armour(title, data):
    lines = base64.b64encode(data).decode()
    return "".join(
        ["-----BEGIN REFER %s-----\n" % title]
        + [lines[at:at + 64] + "\n" for at in range(0, len(lines), 64)]
        + ["-----END REFER %s-----\n" % title])


def armour_read(title, text):
    """In the spelling that `armour` gives it, or with CR LF."""
    text = text.replace("\r\n", "\n")
    lines = text.split("\n")
    if (len(lines) < 4 or lines[0] != "-----BEGIN REFER %s-----" % title
            or lines[-2:] != ["-----END REFER %s-----" % title, ""]):
        raise Refused("not the armour of a %s" % title.lower())
    data = base64_read("".join(lines[1:-2]))
    if armour(title, data) != text:
        raise Refused("armour with another spelling")
    return data

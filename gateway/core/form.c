#include "core/form.h"

#include "base/text.h"

#define ENDPOINT_SCHEME "tls+tcp://"
#define HOST_SIZE_MAX 253 /* RFC 1035, in text */
#define LABEL_SIZE_MAX 63
#define NID_SIZE_MIN 2
#define NID_SIZE_MAX 32
#define DELETE 0x7f

static bool is_letter_or_digit(uint8_t byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= '0' && byte <= '9');
}

static bool is_hex_digit(uint8_t byte)
{
    return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'f') ||
           (byte >= 'A' && byte <= 'F');
}

bool form_is_line(struct slice text, size_t size_max)
{
    if (text.size == 0 || text.size > size_max)
        return false;
    if (text.bytes[0] == ' ' || text.bytes[text.size - 1] == ' ')
        return false;
    for (size_t i = 0; i < text.size; i++)
        if (text.bytes[i] == '\n' || text.bytes[i] == '\t' ||
            text.bytes[i] == DELETE)
            return false;
    return text_is_utf8(text, TEXT_CONTROLS_LAYOUT);
}

bool form_is_line_or_empty(struct slice text, size_t size_max)
{
    return text.size == 0 || form_is_line(text, size_max);
}

/* One label of a host name: no hyphen at either end. */
static bool is_label(struct slice label)
{
    if (label.size == 0 || label.size > LABEL_SIZE_MAX)
        return false;
    for (size_t i = 0; i < label.size; i++)
        if (!is_letter_or_digit(label.bytes[i]) && label.bytes[i] != '-')
            return false;
    return label.bytes[0] != '-' && label.bytes[label.size - 1] != '-';
}

static bool is_host_name(struct slice host)
{
    struct slice rest = host;
    struct slice label;
    if (host.size > HOST_SIZE_MAX)
        return false;
    while (text_cut(&rest, '.', &label))
        if (!is_label(label))
            return false;
    return is_label(rest);
}

/* Characters only: whether the address is one, its user's resolver says. */
static bool is_bracketed(struct slice host)
{
    size_t colons = 0;
    if (host.size < 4 || host.bytes[0] != '[' ||
        host.bytes[host.size - 1] != ']')
        return false;
    for (size_t i = 1; i + 1 < host.size; i++) {
        colons += host.bytes[i] == ':';
        if (!is_hex_digit(host.bytes[i]) && host.bytes[i] != ':' &&
            host.bytes[i] != '.')
            return false;
    }
    return colons >= 2;
}

bool form_is_endpoint(struct slice text)
{
    struct slice scheme = SLICE_LITERAL(ENDPOINT_SCHEME);
    uint64_t port;
    if (text.size <= scheme.size ||
        !slice_equal(slice_of(text.bytes, scheme.size), scheme))
        return false;
    struct slice rest =
        slice_of(text.bytes + scheme.size, text.size - scheme.size);
    size_t colon = rest.size;
    while (colon > 0 && rest.bytes[colon - 1] != ':')
        colon--;
    if (colon == 0)
        return false;
    struct slice host = slice_of(rest.bytes, colon - 1);
    if (!is_host_name(host) && !is_bracketed(host))
        return false;
    return text_decimal_decode(slice_of(rest.bytes + colon, rest.size - colon),
               &port) == ERR_NONE &&
           port >= 1 && port <= 65535;
}

/* What RFC 8141 allows in the last part, less percent-encoding, which would
 * give one name two spellings. */
static bool is_urn_byte(uint8_t byte)
{
    static const char others[] = "-._~:@!$&'()*+,;=/";
    return is_letter_or_digit(byte) ||
           (byte != 0 && memchr(others, byte, sizeof others - 1) != NULL);
}

bool form_is_urn(struct slice text, size_t size_max)
{
    struct slice rest = text;
    struct slice part;
    if (text.size > size_max || !text_cut(&rest, ':', &part) ||
        !slice_is(part, "urn"))
        return false;
    if (!text_cut(&rest, ':', &part) || part.size < NID_SIZE_MIN ||
        part.size > NID_SIZE_MAX || !is_label(part) || rest.size == 0)
        return false;
    for (size_t i = 0; i < rest.size; i++)
        if (!is_urn_byte(rest.bytes[i]))
            return false;
    return true;
}

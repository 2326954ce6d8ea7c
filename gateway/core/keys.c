#include "core/keys.h"

#include <assert.h>
#include <string.h>

static struct key key_of(char table)
{
    return (struct key){ .bytes = { (uint8_t)table }, .size = 1 };
}

static void add(struct key *key, const void *bytes, size_t size)
{
    assert(size <= sizeof key->bytes - key->size);
    if (size > 0)
        memcpy(key->bytes + key->size, bytes, size);
    key->size += size;
}

static void add_integer(struct key *key, uint64_t value, size_t size)
{
    uint8_t bytes[8];
    for (size_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)(value >> (8 * (size - 1 - i)));
    add(key, bytes, size);
}

struct key key_node(void)
{
    return key_of('n');
}

struct key key_patrol(void)
{
    return key_of('s');
}

struct key key_peer(uint32_t peer)
{
    struct key key = key_of('p');
    add_integer(&key, peer, 4);
    return key;
}

struct key key_ledger(uint32_t peer, uint8_t direction, uint8_t lane)
{
    struct key key = key_of('l');
    add_integer(&key, peer, 4);
    add_integer(&key, direction, 1);
    add_integer(&key, lane, 1);
    return key;
}

struct key key_generation(
    uint32_t peer, uint8_t direction, uint8_t lane, uint64_t generation)
{
    struct key key = key_of('g');
    add_integer(&key, peer, 4);
    add_integer(&key, direction, 1);
    add_integer(&key, lane, 1);
    add_integer(&key, generation, 8);
    return key;
}

struct key key_entries(uint32_t shelf, uint64_t first_index)
{
    struct key key = key_of('e');
    add_integer(&key, shelf, 4);
    add_integer(&key, first_index, 8);
    return key;
}

struct key key_intent(uint32_t ledger, uint64_t number)
{
    struct key key = key_of('o');
    add_integer(&key, ledger, 4);
    add_integer(&key, number, 8);
    return key;
}

struct key key_content(uint64_t segment)
{
    struct key key = key_of('c');
    add_integer(&key, segment, 8);
    return key;
}

struct key key_doomed(uint64_t entry)
{
    struct key key = key_of('d');
    add_integer(&key, entry, 8);
    return key;
}

struct key key_referral(const struct uuid *uuid)
{
    struct key key = key_of('r');
    add(&key, uuid->bytes, sizeof uuid->bytes);
    return key;
}

struct key key_feed(uint64_t position)
{
    struct key key = key_of('f');
    add_integer(&key, position, 8);
    return key;
}

struct key key_cursor(struct slice name)
{
    struct key key = key_of('u');
    add(&key, name.bytes, name.size);
    return key;
}

struct key key_repeat(uint32_t run, const uint8_t name[16])
{
    struct key key = key_of('k');
    add_integer(&key, run, 4);
    add(&key, name, 16);
    return key;
}

struct key key_repeat_filter(uint32_t run)
{
    struct key key = key_of('k');
    add_integer(&key, KEY_REPEAT_FILTERS, 4);
    add_integer(&key, run, 4);
    return key;
}

struct key key_repeat_log(uint64_t number)
{
    struct key key = key_of('k');
    add_integer(&key, KEY_REPEAT_LOG, 4);
    add_integer(&key, number, 8);
    return key;
}

struct key key_invitation(const uint8_t hash[16])
{
    struct key key = key_of('i');
    add(&key, hash, 16);
    return key;
}

struct key key_mou(const struct mou_id *id)
{
    struct key key = key_of('m');
    add(&key, id->bytes, sizeof id->bytes);
    return key;
}

struct key key_due(int64_t due_ms, const struct uuid *referral)
{
    struct key key = key_of('x');
    add_integer(&key, (uint64_t)due_ms, 8);
    add(&key, referral->bytes, sizeof referral->bytes);
    return key;
}

struct key key_waiting(
    uint32_t peer, uint32_t shelf, uint64_t index, const struct uuid *referral)
{
    struct key key = key_of(KEY_WAITING_LETTER);
    add_integer(&key, peer, 4);
    add_integer(&key, shelf, 4);
    add_integer(&key, index, 8);
    add(&key, referral->bytes, sizeof referral->bytes);
    return key;
}

struct key key_taken(int64_t taken_ms, const struct uuid *referral)
{
    struct key key = key_of('t');
    add_integer(&key, (uint64_t)taken_ms, 8);
    add(&key, referral->bytes, sizeof referral->bytes);
    return key;
}

struct key key_revocation(uint32_t peer)
{
    struct key key = key_of('v');
    add_integer(&key, peer, 4);
    return key;
}

struct key key_card(uint32_t peer, uint64_t serial)
{
    struct key key = key_of('h');
    add_integer(&key, peer, 4);
    add_integer(&key, serial, 8);
    return key;
}

uint64_t key_number(struct slice key)
{
    uint64_t number = 0;
    assert(key.size > 8);
    for (size_t i = key.size - 8; i < key.size; i++)
        number = number << 8 | key.bytes[i];
    return number;
}

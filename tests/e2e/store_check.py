#!/usr/bin/env python3
"""Finds the value of a row in an LMDB file, and flips one bit of it.

    store_check.py DATA.MDB LETTER [NTH]

LETTER is the first byte of its key. The walk is by LMDB's own layout, as
gateway/io/lmdb_file.h has it; what is changed is inside a value."""
import struct
import sys

path, letter, nth = sys.argv[1], sys.argv[2].encode(), int((sys.argv + ['0'])[3])
with open(path, 'r+b') as file:
    data = file.read()
    page_size = struct.unpack_from('<I', data, 40)[0]
    metas = [struct.unpack_from('<Q', data, i * page_size + 144)[0]
             for i in range(2)]
    meta = page_size * metas.index(max(metas))
    root = struct.unpack_from('<Q', data, meta + 88 + 40)[0]
    found = []

    def walk(number):
        base = number * page_size
        flags, lower = struct.unpack_from('<HH', data, base + 10)
        for i in range((lower - 16) // 2):
            node = base + struct.unpack_from('<H', data, base + 16 + 2 * i)[0]
            low, high, key_size = struct.unpack_from('<IHH', data, node)
            if flags & 1:
                walk(low | high << 32)
                continue
            key = data[node + 8:node + 8 + key_size]
            value = node + 8 + key_size
            if high & 1:
                value = struct.unpack_from('<Q', data, value)[0] * page_size + 16
            if key[:1] == letter:
                found.append((value, low))

    walk(root)
    if nth >= len(found):
        sys.exit(f'{path}: there is no row {nth} of {letter}')
    offset, size = found[nth]
    file.seek(offset + size // 2)
    file.write(bytes([data[offset + size // 2] ^ 0x10]))

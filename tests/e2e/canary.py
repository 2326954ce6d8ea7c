#!/usr/bin/env python3
"""Looks for a word, in every form in which it could lie about.

    canary.py plant WORD FOLDER     a file with each form, for the control
    canary.py search WORD PATH...   prints "PATH: FORM" of each hit
    canary.py process WORD PID      the same of what a process shows of itself

Files are searched as bytes, whole, with their names; folders with all that is
in them. Letters are compared without case."""
import base64
import os
import sys


ALPHABETS = {'base64': (base64.b64encode, 3), 'base32': (base64.b32encode, 5)}


def forms(word):
    raw = word.encode()
    found = {
        'as it is': raw,
        'backwards': raw[::-1],
        'UTF-16, little-endian': word.encode('utf-16-le'),
        'UTF-16, big-endian': word.encode('utf-16-be'),
        'UTF-32, little-endian': word.encode('utf-32-le'),
        'hexadecimal': raw.hex().encode(),
        'hexadecimal with spaces': raw.hex(' ').encode(),
    }
    for name, (encode, group) in ALPHABETS.items():
        # what stands before it shifts the groups: whole ones are its own
        for before in range(group):
            whole = raw[-before % group:]
            whole = whole[:len(whole) - len(whole) % group]
            found[f'{name}, {before} before it'] = encode(whole)
    return found


def plant(word, folder):
    raw = word.encode()
    os.makedirs(folder)
    planted = {name: form for name, form in forms(word).items()
               if not name.startswith(tuple(ALPHABETS))}
    for name, (encode, group) in ALPHABETS.items():
        for before in range(group):
            planted[f'{name}, {before} before it'] = \
                encode(b'?' * before + raw + b'?!')
    planted[f'a name with {word} in it'] = b''
    for name, form in planted.items():
        with open(os.path.join(folder, name), 'wb') as file:
            file.write(os.urandom(5000) + form + os.urandom(70))


def hits(word, where, data):
    lowered = data.lower()
    for name, form in forms(word).items():
        # letters of base64 have a case of their own
        is_there = form in data if name.startswith('base64') \
            else form.lower() in lowered
        if is_there:
            print(f'{where}: {name}')


def search_file(word, path):
    hits(word, f'the name of {path}', os.fsencode(path))
    if os.path.islink(path):
        hits(word, f'the link {path}', os.fsencode(os.readlink(path)))
    elif os.path.isfile(path):
        with open(path, 'rb') as file:
            hits(word, path, file.read())


def search(word, paths):
    for path in paths:
        search_file(word, path)
        for base, folders, names in os.walk(path):
            for name in folders + names:
                search_file(word, os.path.join(base, name))


def process(word, pid):
    base = f'/proc/{int(pid)}'
    for name in 'cmdline', 'environ', 'comm', 'maps', 'status':
        with open(f'{base}/{name}', 'rb') as file:
            hits(word, f'{base}/{name}', file.read())
    for name in os.listdir(f'{base}/fd'):
        try:
            target = os.readlink(f'{base}/fd/{name}')
        except FileNotFoundError:
            continue
        hits(word, f'{base}/fd/{name}', os.fsencode(target))


command, word, *rest = sys.argv[1:]
{'plant': lambda: plant(word, *rest), 'search': lambda: search(word, rest),
 'process': lambda: process(word, *rest)}[command]()

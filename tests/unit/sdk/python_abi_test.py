#!/usr/bin/env python3
"""The binding for Python declares what the headers do, and no more.

usage: python_abi_test.py SOURCE
"""
import ctypes
import os
import re
import sys
import unittest

import refer
import refer_fake

SOURCE = sys.argv.pop()
OUT = ctypes.POINTER(ctypes.c_void_p)
C_TYPES = {
    "void": None,
    "int": ctypes.c_int,
    "int32_t": ctypes.c_int32,
    "refer_status": ctypes.c_int32,
    "uint32_t": ctypes.c_uint32,
    "int64_t": ctypes.c_int64,
    "uint64_t": ctypes.c_uint64,
    "size_t": ctypes.c_size_t,
    "const char *": ctypes.c_char_p,
    "char *": ctypes.c_char_p,
    "const void *": ctypes.c_void_p,
    "size_t *": ctypes.POINTER(ctypes.c_size_t),
    "int32_t *": ctypes.POINTER(ctypes.c_int32),
    "uint32_t *": ctypes.POINTER(ctypes.c_uint32),
}


def header(name):
    path = os.path.join(SOURCE, "sdk/include/refer", name)
    with open(path, encoding="utf-8") as file:
        return re.sub(r"/\*.*?\*/", " ", file.read(), flags=re.DOTALL)


def type_of(text):
    text = " ".join(text.split())
    if text in C_TYPES:
        return C_TYPES[text]
    if re.fullmatch(r"refer_\w+ \*\*", text):
        return OUT
    if re.fullmatch(r"(const )?refer_\w+ \*", text):
        return ctypes.c_void_p
    raise ValueError("no type for %r" % text)


def argument_of(text):
    """The type of "const char *name"."""
    return type_of(re.match(r"(.*?)\w+$", text.strip(), re.DOTALL).group(1))


def declared(name):
    """{function: (result, arguments)} of a header."""
    found = {}
    for result, function, arguments in re.findall(
            r"REFER_API (?:REFER_CHECK )?([\w ]+[ *]+?)(refer_\w+)\((.*?)\);",
            header(name), re.DOTALL):
        arguments = [] if arguments.strip() == "void" else [
            argument_of(part) for part in arguments.split(",")]
        found[function] = (type_of(result), arguments)
    return found


class Signatures(unittest.TestCase):
    def compare(self, name, signatures, count_min):
        wanted = declared(name)
        self.assertGreater(len(wanted), count_min)
        self.assertEqual(sorted(wanted), sorted(signatures))
        for function in wanted:
            self.assertEqual(wanted[function], signatures[function], function)

    def test_of_the_library(self):
        self.compare("refer.h", refer.SIGNATURES, 90)

    def test_of_the_fake(self):
        self.compare("fake.h", refer_fake.SIGNATURES, 25)

    def test_a_difference_is_found(self):
        wrong = dict(refer.SIGNATURES, refer_version=(ctypes.c_int64, []))
        with self.assertRaises(AssertionError):
            self.compare("refer.h", wrong, 90)

    def test_every_status_has_its_exception(self):
        statuses = {int(number): name for name, number in re.findall(
            r"^\s*(REFER_[A-Z_]+) = (-\d+)", header("refer.h"), re.MULTILINE)}
        self.assertGreater(len(statuses), 12)
        for number, name in statuses.items():
            error = refer.error_for(number)
            self.assertEqual(error.status, number)
            self.assertEqual(error.name, name)
            words = "".join(
                part.title() for part in name.split("_")[1:])
            self.assertEqual(type(error).__name__, words)
            self.assertIn(words, refer.__all__)


if __name__ == "__main__":
    unittest.main()

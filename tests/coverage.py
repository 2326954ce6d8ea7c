#!/usr/bin/env python3
"""What the tests reach of a folder, by gcov's own words.

  tests/coverage.py BUILD [FOLDER]        (gateway/core)

Reads the counters that a build with REFER_COVERAGE left, adds up all objects
of a source, prints each file with lines and branches that were never taken,
and the sums. With --lines N and --branches N (percent) it ends with 1 below
that. Branches are those of the source: calls and throws do not count. With
--show NAME it prints these lines of that file, and of each the ways not taken.

Set aside, and counted, is what only a mistake of ours would reach:
  assertions   the way of an assert() that ends the process
  enums        what stands behind the last value of an enum in a switch that
               has a case for each: `case NAME_COUNT:` and `assert(false`
"""
import argparse
import gzip
import json
import os
import re
import subprocess
import sys
import tempfile


def counters(build, folder):
    """Objects of that folder, wherever a target compiled them."""
    part = "/" + folder.strip("/") + "/"
    for path, _folders, names in os.walk(build):
        for name in names:
            full = os.path.join(path, name)
            target, _, source = full.partition(".dir/")
            if name.endswith(".gcda") and not name.endswith("_test.c.gcda") \
                    and (part in target or
                         part.replace("gateway/", "") in "/" + source):
                yield full


def read(build, folder, root):
    lines = {}     # path: {line: count}
    branches = {}  # path: {(line, index): count}
    prefix = os.path.join(root, folder) + os.sep
    with tempfile.TemporaryDirectory() as scratch:
        for path in counters(build, folder):
            subprocess.run(["gcov", "-j", "-b", "-o", os.path.dirname(path),
                            path], cwd=scratch, check=True,
                           stdout=subprocess.DEVNULL,
                           stderr=subprocess.DEVNULL)
            for name in os.listdir(scratch):
                with gzip.open(os.path.join(scratch, name)) as file:
                    data = json.load(file)
                os.unlink(os.path.join(scratch, name))
                for source in data["files"]:
                    at = os.path.normpath(os.path.join(
                        data.get("current_working_directory", ""),
                        source["file"]))
                    if not at.startswith(prefix):
                        continue
                    add(lines.setdefault(at[len(root) + 1:], {}),
                        branches.setdefault(at[len(root) + 1:], {}), source)
    return lines, branches


def add(lines, branches, source):
    for line in source["lines"]:
        number = line["line_number"]
        lines[number] = lines.get(number, 0) + line["count"]
        for index, branch in enumerate(line["branches"]):
            if branch.get("throw"):
                continue
            key = number, index
            branches[key] = branches.get(key, 0) + branch["count"]


def statement(text, first):
    """Lines, from 1, of the statement that begins in that one."""
    depth = 0
    for at in range(first - 1, len(text)):
        depth += text[at].count("(") - text[at].count(")")
        if depth <= 0:
            return range(first, at + 2)
    return range(first, first + 1)


def asides(text):
    """Line: why it is no matter that it, or a way from it, is never taken."""
    lines = {}
    ways = {}
    switch = None
    for number, line in enumerate(text, 1):
        if re.match(r"\s*switch \(", line):
            switch = number
        if re.match(r"\s*assert\(false", line):
            lines.update((n, "enums") for n in statement(text, number))
        elif re.match(r"\s*assert\(", line):
            ways.update((n, "assertions") for n in statement(text, number))
        elif re.match(r"\s*case \w+_COUNT:$", line) and switch:
            ways[switch] = "enums"
            lines[number] = lines[number + 1] = "enums"
    return lines, ways


def set_aside(root, lines, branches, told):
    """Takes out of both what asides() names and nobody took."""
    for path in lines:
        with open(os.path.join(root, path)) as file:
            of_lines, of_ways = asides(file.read().split("\n"))
        for number, why in of_lines.items():
            if lines[path].get(number) == 0:
                del lines[path][number]
                told[why] = told.get(why, 0) + 1
            of_ways[number] = why
        for key in [k for k, count in branches[path].items()
                    if count == 0 and k[0] in of_ways]:
            del branches[path][key]
            why = of_ways[key[0]]
            told[why] = told.get(why, 0) + 1


def show(root, path, lines, branches):
    with open(os.path.join(root, path)) as file:
        text = file.read().split("\n")
    for number in sorted(lines):
        ways = sorted(i for n, i in branches if n == number)
        never = [i for i in ways if branches[number, i] == 0]
        if lines[number] == 0:
            print("%5d never    %s" % (number, text[number - 1]))
        elif never:
            print("%5d %-8s %s" % (number, "%s of %d" % (
                ",".join(map(str, never)), len(ways)), text[number - 1]))


def spans(numbers):
    """1 2 3 7 as 1-3, 7"""
    out = []
    for number in sorted(numbers):
        if out and out[-1][1] == number - 1:
            out[-1][1] = number
        else:
            out.append([number, number])
    return ", ".join("%d" % a if a == b else "%d-%d" % (a, b)
                     for a, b in out)


def percent(counts):
    met = sum(1 for count in counts if count > 0)
    return 100.0 * met / len(counts) if counts else 100.0


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("build")
    parser.add_argument("folder", nargs="?", default="gateway/core")
    parser.add_argument("--lines", type=float, default=0)
    parser.add_argument("--branches", type=float, default=0)
    parser.add_argument("--show", action="append", default=[])
    options = parser.parse_args()
    root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    lines, branches = read(os.path.abspath(options.build), options.folder,
                           root)
    told = {}
    set_aside(root, lines, branches, told)
    for path in sorted(lines):
        if os.path.basename(path) in options.show:
            show(root, path, lines[path], branches[path])
        never = [n for n, count in lines[path].items() if count == 0]
        ways = branches[path].values()
        if never or percent(ways) < 100:
            print("%-36s %5.1f %% of lines, %5.1f %% of branches%s" % (
                path, percent(lines[path].values()), percent(ways),
                "; never: " + spans(never) if never else ""))
    all_lines = [c for of in lines.values() for c in of.values()]
    all_branches = [c for of in branches.values() for c in of.values()]
    if not all_lines:
        print("coverage: nothing was run in %s" % options.build)
        return 1
    print("%s: %d files, %d lines %.2f %%, %d branches %.2f %%" % (
        options.folder, len(lines), len(all_lines), percent(all_lines),
        len(all_branches), percent(all_branches)))
    print("set aside: " + (", ".join(
        "%d by %s" % (told[why], why) for why in sorted(told)) or "nothing"))
    return int(percent(all_lines) < options.lines or
               percent(all_branches) < options.branches)


if __name__ == "__main__":
    sys.exit(main())

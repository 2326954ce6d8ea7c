#!/usr/bin/env python3
"""Has every file that is installed one place in a Debian package? TAP.

usage: packages_whole.py BUILD SOURCE

What `cmake --install` puts somewhere is held against conf/debian/*.install;
tools/dev/make-packages would say the same, a minute later.
"""
import fnmatch
import glob
import os
import subprocess
import sys
import tempfile

MOVED = {"usr/share/zsh/site-functions": "usr/share/zsh/vendor-completions"}
LEFT_OUT = ["*/referd-unchecked*"]


def patterns(source):
    """[(package, pattern)], of folders with all that is in them."""
    found = []
    for path in glob.glob(os.path.join(source, "conf/debian/*.install")):
        package = os.path.basename(path).rsplit(".", 1)[0]
        with open(path, encoding="utf-8") as file:
            for line in file:
                pattern = line.split()[0]
                # with another prefix libraries have no folder of their own
                found.append((package, pattern.replace("usr/lib/*/",
                                                       "usr/lib/")))
    return found


def takes(pattern, path):
    return fnmatch.fnmatchcase(path, pattern) or fnmatch.fnmatchcase(
        path, pattern + "/*")


def installed(build):
    with tempfile.TemporaryDirectory(prefix="refer.") as folder:
        subprocess.run(["cmake", "--install", build, "--prefix",
                        os.path.join(folder, "usr")], check=True,
                       stdout=subprocess.DEVNULL)
        for root, _, names in os.walk(folder):
            for name in names:
                path = os.path.relpath(os.path.join(root, name), folder)
                for before, after in MOVED.items():
                    path = path.replace(before, after)
                yield path.replace("usr/lib/x86_64-linux-gnu/", "usr/lib/")


def main():
    build, source = sys.argv[1:]
    known = patterns(source)
    used = set()
    problems = []
    count = 0
    for path in sorted(installed(build)):
        if any(fnmatch.fnmatchcase(path, pattern) for pattern in LEFT_OUT):
            continue
        count += 1
        found = [(package, pattern) for package, pattern in known
                 if takes(pattern, path)]
        used.update(found)
        if len({package for package, _ in found}) != 1:
            problems.append("%s is in %d packages" % (path, len(found)))
    problems += ["%s: nothing is %s" % row for row in sorted(
        set(known) - used)]
    print("%sok 1 - each of %d files is in one package" % (
        "not " if problems else "", count))
    for problem in problems:
        print("# " + problem)
    print("1..1")
    return 1 if problems or count == 0 else 0


if __name__ == "__main__":
    sys.exit(main())

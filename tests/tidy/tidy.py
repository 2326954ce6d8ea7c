#!/usr/bin/env python3
"""Does the tree keep its style?  usage: tidy.py CHECK [--root DIR] [option...]

Each check prints one line a finding, `path:line: what is wrong`, and fails
when it has any. `selftest` feeds each a bad sample that it must find.
"""
import argparse
import os
import re
import subprocess
import sys

import pages

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
SKIPPED_FOLDERS = {"build", "__pycache__"}
C_SUFFIXES = (".c", ".h")


# ---- The tree ------------------------------------------------------------

def walk(root):
    """Paths of all files below root, relative to it; of the folders with a
    dot only .ci."""
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(
            f for f in folders
            if f == ".ci"
            or (f not in SKIPPED_FOLDERS and not f.startswith(".")))
        for name in sorted(names):
            if name != ".git":
                yield os.path.relpath(os.path.join(folder, name), root)


def read(root, path):
    with open(os.path.join(root, path), encoding="utf-8",
              errors="replace") as file:
        return file.read()


def c_files(root):
    return [path for path in walk(root) if path.endswith(C_SUFFIXES)]


COMMENT_OR_STRING = re.compile(
    r"/\*.*?\*/|//[^\n]*|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'",
    re.DOTALL)


def without_comments_and_strings(text):
    """The same lines, with nothing but code on them."""
    def blank(match):
        return " " + "\n" * match.group().count("\n")
    return COMMENT_OR_STRING.sub(blank, text)


def without_comments(text):
    def blank(match):
        part = match.group()
        return part if part[0] in "\"'" else " " + "\n" * part.count("\n")
    return COMMENT_OR_STRING.sub(blank, text)


def line_of(text, offset):
    return text.count("\n", 0, offset) + 1


# ---- Layers --------------------------------------------------------------

C_HEADERS = {
    "assert.h", "ctype.h", "errno.h", "inttypes.h", "limits.h", "locale.h",
    "setjmp.h", "signal.h", "stdalign.h", "stdarg.h", "stdatomic.h",
    "stdbool.h", "stddef.h", "stdint.h", "stdio.h", "stdlib.h",
    "stdnoreturn.h", "string.h", "time.h", "wchar.h", "wctype.h"}
# A pure file has no use for the others.
PURE_HEADERS = C_HEADERS - {
    "errno.h", "locale.h", "setjmp.h", "signal.h", "stdlib.h", "time.h",
    "wchar.h", "wctype.h"}
BASE_HEADERS = PURE_HEADERS | {"stdlib.h"}
POSIX_HEADERS = {
    "arpa/inet.h", "dirent.h", "dlfcn.h", "fcntl.h", "fnmatch.h", "getopt.h",
    "glob.h", "grp.h", "net/if.h", "netdb.h", "netinet/in.h",
    "netinet/tcp.h", "poll.h", "pthread.h", "pwd.h", "regex.h", "sched.h",
    "semaphore.h", "strings.h", "sys/file.h", "sys/mman.h", "sys/resource.h",
    "sys/select.h", "sys/socket.h", "sys/stat.h", "sys/statvfs.h",
    "sys/syscall.h", "sys/time.h", "sys/types.h", "sys/uio.h", "sys/un.h",
    "sys/wait.h", "sysexits.h", "syslog.h", "termios.h", "unistd.h"}
LINUX_HEADERS = ("linux/", "sys/prctl.h", "sys/epoll.h", "sys/eventfd.h",
                 "sys/signalfd.h", "sys/timerfd.h", "sys/random.h",
                 "sys/inotify.h", "sys/capability.h", "malloc.h")
FOREIGN = {
    "cmocka": ("cmocka.h",),
    "curl": ("curl/",),
    "cyaml": ("cyaml/", "yaml.h"),
    "jansson": ("jansson.h",),
    "lmdb": ("lmdb.h",),
    "microhttpd": ("microhttpd.h",),
    "ncurses": ("curses.h", "ncurses.h"),
    "nng": ("nng/",),
    "openssl": ("openssl/",),
    "p11-kit": ("p11-kit/",),
    "protobuf-c": ("protobuf-c/",),
    "sanitizer": ("sanitizer/",),
    "seccomp": ("seccomp.h",),
    "systemd": ("systemd/",),
}
GENERATED = re.compile(r"refer/v\d+/\w+\.pb-c\.h$")

# Headers without a source: what both ends of the local socket know of the bytes
# between them.
BOTH_ENDS = {"base/slice.h", "core/codec_local.h", "core/codec_wire.h"}

# Who may include whom. `own` is the first part of a quoted path;
# `foreign` the libraries. A file matches the first row that fits.
LAYERS = [
    # pattern, own, standard headers, foreign, may see generated code
    (r"gateway/base/", {"base"}, BASE_HEADERS, set(), False),
    (r"gateway/core/codec\w*\.[ch]", {"base", "core"}, PURE_HEADERS,
     {"protobuf-c"}, True),
    (r"gateway/core/", {"base", "core"}, PURE_HEADERS, set(), False),
    (r"gateway/io/", {"base", "core", "io"}, None,
     {"cyaml", "lmdb", "nng", "openssl", "p11-kit", "seccomp", "systemd"},
     False),
    (r"gateway/daemon/", {"base", "core", "io", "daemon"}, None,
     {"seccomp", "systemd"}, False),
    (r"sdk/fake/", {"refer", "sdk"}, None, set(), False),
    (r"sdk/", {"refer"}, None, set(), False),
    (r"tools/referctl/top_screen\.c", {"referctl"}, None, {"ncurses"}, False),
    (r"tools/referctl/", {"refer", "referctl", "base", "core", "io"}, None,
     {"jansson"}, False),
    (r"tools/dev/", {"base", "core", "io"}, None, set(), False),
    (r"tools/", {"refer", "SIBLING"}, None,
     {"curl", "jansson", "microhttpd"}, False),
    (r"tests/", None, None, set(FOREIGN), True),
]

# A library has one file, or the few that share its name.
WRAPPERS = {
    "lmdb": r"(store_)?lmdb",
    "nng": r"peers_",
    "openssl": None,  # any file of its own: one library a file
    "cyaml": r"yaml",
    "p11-kit": r"p11kit",
    "seccomp": r"seccomp|confine",
    "systemd": r"systemd|notify|service",
}

INCLUDE = re.compile(r"^[ \t]*#[ \t]*include[ \t]*([<\"])([^>\"]+)[>\"]",
                     re.MULTILINE)


def foreign_library(header):
    for library, prefixes in FOREIGN.items():
        if header.startswith(prefixes):
            return library
    return None


def layer_of(path):
    for row in LAYERS:
        if re.match(row[0], path):
            return row
    return None


def is_standard(header, allowed):
    if allowed is not None:
        return header in allowed
    return (header in C_HEADERS or header in POSIX_HEADERS
            or header.startswith(LINUX_HEADERS))


def check_include(root, path, header):
    """What is wrong with this include, or None; and its foreign library."""
    _, own, standard, foreign, may_see_generated = layer_of(path)
    if GENERATED.match(header):
        return (None if may_see_generated
                else "generated code is for the codec"), None
    library = foreign_library(header)
    if library is not None:
        if library not in foreign:
            return "no business with %s here" % library, library
        pattern = WRAPPERS.get(library)
        name = os.path.basename(path)
        if (path.startswith("gateway/io/") and pattern is not None
                and not re.search(pattern, name)):
            return "%s is wrapped by another file" % library, library
        return None, library
    if is_standard(header, standard):
        return None, None
    if is_standard(header, None):
        return "this layer does without the system", None
    first = header.split("/")[0] if "/" in header else None
    beside = os.path.join(os.path.dirname(path), header)
    if first is None and os.path.exists(os.path.join(root, beside)):
        return None, None
    if own is None or first in own:
        return None, None
    if path.startswith("sdk/") and header in BOTH_ENDS:
        return None, None
    if "SIBLING" in own and first == path.split("/")[1]:
        return None, None
    return "this layer may not know of it", None


def includes(root, _options):
    for path in c_files(root):
        if layer_of(path) is None:
            yield path, 1, "belongs to no layer"
            continue
        text = without_comments(read(root, path))
        libraries = set()
        for match in INCLUDE.finditer(text):
            wrong, library = check_include(root, path, match.group(2))
            if wrong:
                yield path, line_of(text, match.start(1)), \
                    "%s: %s" % (match.group(2), wrong)
            if library:
                libraries.add(library)
        if path.startswith("gateway/io/") and len(libraries) > 1:
            yield path, 1, "more than one foreign library: " + \
                ", ".join(sorted(libraries))


# ---- Purity --------------------------------------------------------------

PURE_SYMBOLS = {
    "memchr", "memcmp", "memcpy", "memmove", "memset", "strchr", "strcmp",
    "strlen", "strncmp", "strnlen", "strrchr", "strspn", "strcspn", "strstr",
    "snprintf", "vsnprintf", "__assert_fail", "bsearch", "abort",
    "_GLOBAL_OFFSET_TABLE_"}
# The one file with an allocator, and the one with foreign code.
PURE_SYMBOLS_OF = {
    r"base/arena\.c": {"calloc", "free"},
    r"core/codec\w*\.c": {re.compile(r"protobuf_c_\w+|refer__v\d+__\w+")},
}


def symbols_of(nm, objects):
    """{object: (undefined, defined)} from nm's portable format."""
    found = {path: (set(), set()) for path in objects}
    if not found:
        return found
    output = subprocess.run(
        [nm, "-P", "-g", "-A", *objects], check=True, capture_output=True,
        text=True).stdout
    for line in output.splitlines():
        path, rest = line.split(": ", 1)
        name, kind = rest.split()[:2]
        found[path]["Uw".find(kind) < 0].add(name)
    return found


def is_pure(path, symbol):
    if symbol in PURE_SYMBOLS:
        return True
    for pattern, more in PURE_SYMBOLS_OF.items():
        if re.search(pattern, path) and any(
                allowed == symbol if isinstance(allowed, str)
                else allowed.fullmatch(symbol) for allowed in more):
            return True
    return False


def purity(_root, options):
    if not options.objects:
        yield "purity", 1, "no object files were given"
    found = symbols_of(options.nm, options.objects)
    ours = set().union(*(defined for _, defined in found.values()))
    for path, (undefined, _) in sorted(found.items()):
        for symbol in sorted(undefined - ours):
            if not is_pure(path, symbol):
                yield path, 1, "%s: not for pure code" % symbol


# ---- Banned functions ----------------------------------------------------

BANNED = {
    "strcpy": "say how much: memcpy, text_*",
    "strcat": "say how much: memcpy, text_*",
    "stpcpy": "say how much: memcpy, text_*",
    "sprintf": "snprintf",
    "vsprintf": "vsnprintf",
    "gets": "fgets",
    "strtok": "it has a memory",
    "system": "no shell, anywhere",
    "popen": "no shell, anywhere",
    "rand": "entropy comes in the input, test data from base/prng.h",
    "srand": "entropy comes in the input, test data from base/prng.h",
    "atoi": "it cannot fail: text_*",
    "atol": "it cannot fail: text_*",
    "alloca": "no limit",
    "localtime": "localtime_r",
    "gmtime": "gmtime_r",
    "asctime": "text_time_*",
    "ctime": "text_time_*",
    "signal": "sigaction",
    "tmpnam": "mkstemp",
    "mktemp": "mkstemp, mkdtemp",
}
BANNED_IN_TESTS = {
    "sleep": "tests never sleep, they step",
    "usleep": "tests never sleep, they step",
    "nanosleep": "tests never sleep, they step",
    "clock_nanosleep": "tests never sleep, they step",
}
CALL = re.compile(r"(?<![\w.>])(\w+)\s*\(")


def functions(root, _options):
    for path in c_files(root):
        text = without_comments_and_strings(read(root, path))
        banned = dict(BANNED)
        if path.startswith("tests/"):
            banned.update(BANNED_IN_TESTS)
        for match in CALL.finditer(text):
            if match.group(1) in banned:
                yield path, line_of(text, match.start()), "%s: %s" % (
                    match.group(1), banned[match.group(1)])


# ---- Format --------------------------------------------------------------

def formatting(root, options):
    paths = c_files(root)
    if not paths:
        yield ".", 1, "no source files"
        return
    run = subprocess.run(
        [options.clang_format, "--dry-run", "-Werror"] + paths, cwd=root,
        capture_output=True, text=True)
    seen = set()
    for line in run.stderr.splitlines():
        match = re.match(r"(.+?):(\d+):\d+: error: ", line)
        if match and match.group(1) not in seen:
            seen.add(match.group(1))
            yield match.group(1), int(match.group(2)), \
                "%s -i it" % options.clang_format
    if run.returncode != 0 and not seen:
        yield ".", 1, run.stderr.strip() or "clang-format failed"


# ---- Words ---------------------------------------------------------------

PERSON_FIRST = "people first: write of a person, not of a label"
OTHER_PLACE = "a place that no reader of this project has"
WORDS = [
    (r"\b(addicts?|abusers?|junkies?|junky|no-?shows?|non-?complian\w+|"
     r"drug[- ]seek\w*|defaulters?)\b", PERSON_FIRST),
    (r"(?<![\w.<}])/(work|workspace|home/\w+|Users)/", OTHER_PLACE),
    (r"https?://[^\s/]*(artifactory|nexus|proxy|mirror)", OTHER_PLACE),
    (r"\bBRIEF\.md\b|\bthe integrator\b", OTHER_PLACE),
]
WORDS = [(re.compile(pattern, re.IGNORECASE), why) for pattern, why in WORDS]


def words(root, _options):
    for path in walk(root):
        # the one place where the words have to stand
        if path.startswith("tests/tidy/"):
            continue
        with open(os.path.join(root, path), "rb") as file:
            content = file.read()
        if b"\0" in content:
            continue
        for number, line in enumerate(
                content.decode("utf-8", "replace").splitlines(), 1):
            for pattern, why in WORDS:
                match = pattern.search(line)
                if match:
                    yield path, number, "%s: %s" % (match.group().strip(), why)


# ---- Places --------------------------------------------------------------

TOP = {"proto", "gateway", "sdk", "tools", "conf", "tests", "CMakeLists.txt",
       "CMakePresets.json", "README.md", "CHANGELOG.md", "build"}


def top(root, _options):
    for name in sorted(os.listdir(root)):
        if not name.startswith(".") and name not in TOP:
            yield name, 1, "not a name of the top level"
    for name in ("proto", "gateway", "tests", "CMakeLists.txt"):
        if not os.path.exists(os.path.join(root, name)):
            yield name, 1, "missing from the top level"


# Files whose test has another name; a part a_b.c may be tested by a_test.c.
TESTED_ELSEWHERE = {
    # by real gateways: threads and sockets are what they are made of
    "gateway/daemon/courier.c": "tests/e2e/unreachable.sh",
    "gateway/daemon/main.c": "tests/e2e/term.sh",
}


def tests_of(path):
    """Where the tests of gateway/LAYER/NAME.c may be, nearest first."""
    layer, name = path.split("/")[1:]
    parts = name[:-len(".c")].split("_")
    for count in range(len(parts), 0, -1):
        yield "tests/unit/%s/%s_test.c" % (layer, "_".join(parts[:count]))


def mirror(root, _options):
    for path in c_files(root):
        if not re.match(r"gateway/(base|core|daemon)/\w+\.c$", path):
            continue
        places = [TESTED_ELSEWHERE[path]] if path in TESTED_ELSEWHERE \
            else list(tests_of(path))
        if not any(os.path.exists(os.path.join(root, p)) for p in places):
            yield path, 1, "has no %s" % places[0]


# ---- Codes ---------------------------------------------------------------

# List of codes, pattern of a row, what the symbol is called in code.
CODE_LISTS = (
    ("gateway/base/err.h", re.compile(r"X\((ERR_\w+),"), "%s"),
    ("gateway/core/problem.h", re.compile(r"X\(([A-Z]\w+),"), "PROBLEM_%s"),
)

# In the list because their numbers are agreed; no gateway gives them yet.
CODES_RESERVED = {
    "ERR_UNSETTLED", "PROBLEM_KEY_UNKNOWN", "PROBLEM_MOU_VERSION_OLD",
    "PROBLEM_MOU_SUSPENDED", "PROBLEM_QUOTA_SOFT",
    "PROBLEM_ATTACHMENT_TOO_LARGE", "PROBLEM_ATTACHMENT_TYPE",
    "PROBLEM_WORDING",
}


def words_below(root, folder, but=()):
    found = set()
    for path in walk(root):
        if path.startswith(folder) and path not in but \
                and path.endswith((".c", ".h", ".sh", ".py")):
            found.update(re.findall(r"\w+", read(root, path)))
    return found


def codes(root, _options):
    """Every code is given somewhere, and expected by some test."""
    given = words_below(root, "gateway/", but=(
        "gateway/base/err.h", "gateway/base/err.c", "gateway/core/problem.h",
        "gateway/core/problem.c"))
    expected = words_below(root, "tests/", but=("tests/tidy/tidy.py",))
    for path, row, form in CODE_LISTS:
        if not os.path.exists(os.path.join(root, path)):
            continue
        text = read(root, path)
        for match in row.finditer(text):
            code = form % match.group(1)
            line = line_of(text, match.start())
            is_given = code in given
            if is_given == (code in CODES_RESERVED):
                yield path, line, "%s is %s" % (code, "reserved, and given"
                                                if is_given else "never given")
            if is_given and code not in expected \
                    and match.group(1) not in expected:
                yield path, line, "no test expects %s" % code


# ---- Sizes ---------------------------------------------------------------

FILE_LINES_MAX = 600
TEST_FILE_LINES_MAX = 1000
FUNCTION_LINES_MAX = 70
COLUMNS_MAX = 80
README_LINES_MAX = 149  # what somebody reads before trying it
FORMAT_OFF = re.compile(r"/\*\s*clang-format off\s*\*/")
FORMAT_ON = re.compile(r"/\*\s*clang-format on\s*\*/")


def long_functions(lines):
    """(line, size) of bodies too long: `{` and `}` in the first column, as
    the formatter leaves functions and nothing else."""
    start = None
    for number, line in enumerate(lines, 1):
        if line.rstrip() == "{":
            start = number
        elif line.rstrip() == "}" and start is not None:
            size = number - start - 1
            if size > FUNCTION_LINES_MAX:
                yield start, size
            start = None


def sizes(root, _options):
    if os.path.exists(os.path.join(root, "README.md")):
        count = len(read(root, "README.md").splitlines())
        if count > README_LINES_MAX:
            yield "README.md", README_LINES_MAX, "%d lines, %d at most" % (
                count, README_LINES_MAX)
    for path in c_files(root):
        lines = read(root, path).splitlines()
        limit = TEST_FILE_LINES_MAX if path.startswith("tests/") \
            else FILE_LINES_MAX
        if len(lines) > limit:
            yield path, limit, "%d lines, %d at most" % (len(lines), limit)
        for number, size in long_functions(lines):
            yield path, number, "a function of %d lines, %d at most" % (
                size, FUNCTION_LINES_MAX)
        is_table = False
        for number, line in enumerate(lines, 1):
            if FORMAT_OFF.search(line):
                is_table = True
            if len(line) > COLUMNS_MAX and not is_table:
                yield path, number, "%d columns, %d at most" % (
                    len(line), COLUMNS_MAX)
            if FORMAT_ON.search(line):
                is_table = False


# ---- Running -------------------------------------------------------------

CHECKS = {
    "includes": includes,
    "purity": purity,
    "functions": functions,
    "format": formatting,
    "words": words,
    "top": top,
    "mirror": mirror,
    "codes": codes,
    "sizes": sizes,
    "pages": pages.pages,
}


def run(name, root, options):
    findings = list(CHECKS[name](root, options))
    for path, line, what in findings:
        print("%s:%d: %s" % (path, line, what))
    return findings


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("check", choices=sorted(CHECKS))
    parser.add_argument("--root", default=ROOT)
    parser.add_argument("--nm", default="nm")
    parser.add_argument("--clang-format", default="clang-format-14")
    parser.add_argument("--objects", nargs="*", default=[])
    parser.add_argument("--tables")
    parser.add_argument("--referd")
    parser.add_argument("--referctl")
    parser.add_argument("--scdoc")
    parser.add_argument("--cc", default="cc")
    options = parser.parse_args()
    findings = run(options.check, options.root, options)
    print("%s: %d findings" % (options.check, len(findings)))
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())

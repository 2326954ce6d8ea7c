#!/usr/bin/env python3
"""Can every tidy check fail?  Each gets a small tree with one fault that it
must find, at the right line and with the right words, and one without."""
import argparse
import os
import shutil
import subprocess
import sys
import tempfile

import pages
import tidy

LONG_FUNCTION = "void f(void)\n{\n" + "    f();\n" * 71 + "}\n"
FULL_FUNCTION = "void f(void)\n{\n" + "    f();\n" * 70 + "}\n"

# check, files, (path, line, words) or None when nothing is to be found
CASES = [
    # Layers
    ("includes", {"gateway/base/a.c": '#include "core/port.h"\n'},
     ("gateway/base/a.c", 1, "core/port.h: this layer may not know")),
    ("includes", {"gateway/base/a.c": "#include <stdlib.h>\n"}, None),
    ("includes", {"gateway/base/a.c": "\n#include <unistd.h>\n"},
     ("gateway/base/a.c", 2, "does without the system")),
    ("includes", {"gateway/base/a.c": "#include <lmdb.h>\n"},
     ("gateway/base/a.c", 1, "no business with lmdb")),
    ("includes", {"gateway/core/a.c": '#include "io/store_lmdb.h"\n'},
     ("gateway/core/a.c", 1, "may not know")),
    ("includes", {"gateway/core/a.c": '#include "daemon/loop.h"\n'},
     ("gateway/core/a.c", 1, "may not know")),
    ("includes", {"gateway/core/a.c": '# include\t<time.h>\n'},
     ("gateway/core/a.c", 1, "does without the system")),
    ("includes", {"gateway/core/a.c": '#include "refer/v1/card.pb-c.h"\n'},
     ("gateway/core/a.c", 1, "generated code")),
    ("includes", {"gateway/core/a.h": "#include <refer/v1/card.pb-c.h>\n"},
     ("gateway/core/a.h", 1, "generated code")),
    ("includes", {"gateway/core/codec_a.c":
                  '#include "refer/v1/card.pb-c.h"\n'
                  "#include <protobuf-c/protobuf-c.h>\n"}, None),
    ("includes", {"gateway/core/a.c": "#include <protobuf-c/protobuf-c.h>\n"},
     ("gateway/core/a.c", 1, "no business with protobuf-c")),
    ("includes", {"gateway/core/a.c":
                  '/* #include "io/x.h" */\n#include "base/err.h"\n'}, None),
    ("includes", {"gateway/io/a.c": '#include "daemon/loop.h"\n'},
     ("gateway/io/a.c", 1, "may not know")),
    ("includes", {"gateway/io/local.c": "#include <lmdb.h>\n"},
     ("gateway/io/local.c", 1, "lmdb is wrapped by another file")),
    ("includes", {"gateway/io/store_lmdb_open.c":
                  "#include <lmdb.h>\n#include <sys/stat.h>\n"}, None),
    ("includes", {"gateway/io/store_lmdb.c":
                  "#include <lmdb.h>\n#include <openssl/evp.h>\n"},
     ("gateway/io/store_lmdb.c", 1, "more than one foreign library")),
    ("includes", {"gateway/io/peers_nng.c":
                  '#include "refer/v1/card.pb-c.h"\n'},
     ("gateway/io/peers_nng.c", 1, "generated code")),
    ("includes", {"gateway/daemon/main.c": "#include <nng/nng.h>\n"},
     ("gateway/daemon/main.c", 1, "no business with nng")),
    ("includes", {"gateway/daemon/main.c": '#include "refer/refer.h"\n'},
     ("gateway/daemon/main.c", 1, "may not know")),
    ("includes", {"sdk/client.c": '#include "core/port.h"\n'},
     ("sdk/client.c", 1, "may not know")),
    ("includes", {"sdk/client.c": '#include "sdk/fake/state.h"\n'},
     ("sdk/client.c", 1, "may not know")),
    ("includes", {"sdk/fake/a.c": '#include "core/port.h"\n'},
     ("sdk/fake/a.c", 1, "may not know")),
    ("includes", {"sdk/wire.c": '#include "core/codec_wire.h"\n'}, None),
    ("includes", {"sdk/wire.c": '#include "refer/v1/local.pb-c.h"\n'},
     ("sdk/wire.c", 1, "generated code is for the codec")),
    ("includes", {"sdk/client.c": "#include <nng/nng.h>\n"},
     ("sdk/client.c", 1, "no business with nng")),
    ("includes", {"sdk/client.c": '#include "record.h"\n',
                  "sdk/record.h": '#include "refer/refer.h"\n'}, None),
    ("includes", {"sdk/client.c": '#include "absent.h"\n'},
     ("sdk/client.c", 1, "may not know")),
    ("includes", {"tools/refer-http/a.c": '#include "core/port.h"\n'},
     ("tools/refer-http/a.c", 1, "may not know")),
    ("includes", {"tools/refer-http/a.c":
                  '#include "refer-http/b.h"\n#include <microhttpd.h>\n'
                  "#include <refer/refer.h>\n"}, None),
    ("includes", {"tools/referctl/keys.c":
                  '#include "core/card.h"\n#include "io/crypto_openssl.h"\n'},
     None),
    ("includes", {"tools/dev/a.c": '#include "refer/refer.h"\n'},
     ("tools/dev/a.c", 1, "may not know")),
    ("includes", {"tools/referctl/keys.c": "#include <openssl/evp.h>\n"},
     ("tools/referctl/keys.c", 1, "no business with openssl")),
    ("includes", {"extras/a.c": "\n"},
     ("extras/a.c", 1, "belongs to no layer")),
    # Functions
    ("functions", {"gateway/io/a.c": "int f(void)\n{\n  return rand();\n}\n"},
     ("gateway/io/a.c", 3, "rand: entropy")),
    ("functions", {"gateway/io/a.c": "  strcpy (a, b);\n"},
     ("gateway/io/a.c", 1, "strcpy")),
    ("functions", {"tools/a.c": "  if (!system(\"ls\"))\n"},
     ("tools/a.c", 1, "no shell")),
    ("functions", {"sdk/a.c": "  t = gmtime(&now);\n"},
     ("sdk/a.c", 1, "gmtime_r")),
    ("functions", {"gateway/daemon/a.c": "  signal(SIGINT, stop);\n"},
     ("gateway/daemon/a.c", 1, "sigaction")),
    ("functions", {"tests/unit/io/a_test.c": "    usleep(10);\n"},
     ("tests/unit/io/a_test.c", 1, "never sleep")),
    ("functions", {"gateway/io/a.c":
                   "/* strcpy(a, b) */ x = \"system(1)\"; gmtime_r(&a, &b);\n"
                   "pthread_cond_signal(&c); p->signal(1); nanosleep(&t, 0);"
                   "\n"}, None),
    # Format
    ("format", {"gateway/base/a.c": "int a;\n\nint  b ;\n"},
     ("gateway/base/a.c", 3, "-i it")),
    ("format", {"gateway/base/a.c": "int a;\n"}, None),
    ("format", {"README.md": "no source at all\n"},
     (".", 1, "no source files")),
    # Words
    ("words", {"README.md": "Help for\nthe junkie.\n"},
     ("README.md", 2, "people first")),
    ("words", {"conf/a.yaml": "reason: No-Show\n"},
     ("conf/a.yaml", 1, "people first")),
    ("words", {"proto/a.proto": "// noncompliant\n"},
     ("proto/a.proto", 1, "people first")),
    ("words", {"gateway/core/a.h": "/* Drug-seeking */\n"},
     ("gateway/core/a.h", 1, "people first")),
    ("words", {"tools/a.c": "/* defaulters, addicts */\n"},
     ("tools/a.c", 1, "people first")),
    ("words", {"tests/run": "cd /work/main/x\n"},
     ("tests/run", 1, "no reader")),
    ("words", {".ci/run": "cd /work/x\n"}, (".ci/run", 1, "no reader")),
    ("words", {"tests/run": "get https://npm.mirror.example/x\n"},
     ("tests/run", 1, "no reader")),
    ("words", {"README.md": "People who use drugs; addiction medicine.\n"
               "See tests/work/x, ${A}/work/.\n", "tests/tidy/a.py": "junkie\n"}, None),
    # Places
    ("top", {"lib/a.c": "\n"}, ("lib", 1, "not a name")),
    ("top", {"proto": None, "tests/a": "", "CMakeLists.txt": "",
             "gateway/a": "", ".gitignore": ""},
     ("proto", 1, "missing")),
    ("top", {"proto/a": "", "tests/a": "", "CMakeLists.txt": "",
             "gateway/a": "", ".gitignore": "", "README.md": ""}, None),
    ("mirror", {"gateway/core/deadline.c": "\n"},
     ("gateway/core/deadline.c", 1, "tests/unit/core/deadline_test.c")),
    ("mirror", {"gateway/base/text_time.c": "\n",
                "tests/unit/core/text_time_test.c": "\n"},
     ("gateway/base/text_time.c", 1, "text_time_test.c")),
    ("mirror", {"gateway/core/codec_card.c": "\n",
                "tests/unit/core/codec_test.c": "\n",
                "gateway/io/store.c": "\n"}, None),
    # Codes
    ("codes", {"gateway/base/err.h": "X(ERR_A, 1)\n"},
     ("gateway/base/err.h", 1, "never given")),
    ("codes", {"gateway/base/err.h": "\nX(ERR_A, 1)\n",
               "gateway/core/a.c": "return ERR_A;\n"},
     ("gateway/base/err.h", 2, "no test expects")),
    ("codes", {"gateway/core/problem.h": "X(WORDING, 1)\n",
               "gateway/core/a.c": "PROBLEM_WORDING\n"},
     ("gateway/core/problem.h", 1, "reserved, and given")),
    ("codes", {"gateway/base/err.h": "X(ERR_A, 1)\n",
               "gateway/core/a.c": "return ERR_A;\n",
               "tests/unit/core/a_test.c": "expect(ERR_A);\n"}, None),
    # Sizes
    ("sizes", {"gateway/core/a.c": "\n" * 601},
     ("gateway/core/a.c", 600, "601 lines")),
    ("sizes", {"gateway/core/a.c": "\n" * 600,
               "tests/unit/core/a_test.c": "\n" * 1000}, None),
    ("sizes", {"tests/unit/core/a_test.c": "\n" * 1001},
     ("tests/unit/core/a_test.c", 1000, "1001 lines")),
    ("sizes", {"README.md": "\n" * 150}, ("README.md", 149, "150 lines")),
    ("sizes", {"README.md": "\n" * 149}, None),
    ("sizes", {"sdk/a.c": LONG_FUNCTION}, ("sdk/a.c", 2, "71 lines")),
    ("sizes", {"sdk/a.c": FULL_FUNCTION}, None),
    ("sizes", {"sdk/a.c": "int x; /*" + "x" * 80 + "*/\n"},
     ("sdk/a.c", 1, "columns")),
    ("sizes", {"sdk/a.c": "/* clang-format off */\nint x; /*" + "x" * 80
               + "*/\n/* clang-format on */\n"}, None),
]

# What pure code must not reach, as a compiler sees it.
PURITY_CASES = [
    ("core/a.c", "#include <string.h>\nint f(char *a, const char *b);\n"
     "int f(char *a, const char *b) { memcpy(a, b, 9); return a[3]; }\n",
     None),
    ("core/a.c", "#include <stdlib.h>\nvoid *f(void);\n"
     "void *f(void) { return malloc(9); }\n", "malloc"),
    ("base/arena.c", "#include <stdlib.h>\nvoid *f(void);\n"
     "void *f(void) { return calloc(1, 9); }\n", None),
    ("core/a.c", "#include <time.h>\nlong f(void);\n"
     "long f(void) { return (long)time(0); }\n", "time"),
    ("core/a.c", "#include <stdio.h>\nvoid f(void);\n"
     "void f(void) { printf(\"%d\", 1); }\n", "printf"),
    ("core/a.c", "#include <errno.h>\nint f(void);\n"
     "int f(void) { return errno; }\n", "__errno_location"),
    ("core/a.c", "extern char **environ;\nchar **f(void);\n"
     "char **f(void) { return environ; }\n", "environ"),
    ("core/codec_a.c", "int protobuf_c_message_check(void);\nint f(void);\n"
     "int f(void) { return protobuf_c_message_check(); }\n", None),
    ("core/a.c", "int protobuf_c_message_check(void);\nint f(void);\n"
     "int f(void) { return protobuf_c_message_check(); }\n",
     "protobuf_c_message_check"),
]


# One change to a copy of the tree that manual pages are held against: file,
# what stands there, what is put in its place, where it is found, the words.
REFERD, REFERCTL = "gateway/daemon/referd.8.scd", \
    "tools/referctl/referctl.1.scd"
CONFIG, MOU, REFERRAL = ("gateway/io/%s.5.scd" % name for name in (
    "referd.yaml", "refer-mou", "refer-referral"))
LIBREFER, PROTOCOL = "sdk/librefer.3.scd", "proto/refer-protocol.7.scd"
FAKE = "sdk/fake/librefer_fake.3.scd"
PAGES_CASES = [
    (REFERD, None, None, None, None),
    # Form
    (REFERD, "# EXIT STATUS", "# ENDING", REFERD, "no section EXIT STATUS"),
    (REFERCTL, "# FILES", "# PLACES", REFERCTL, "no section FILES"),
    (MOU, "# DESCRIPTION\n", "# DESCRIPTION\n\n# MORE\n", MOU,
     "section DESCRIPTION is empty"),
    (PROTOCOL, "# LIMITS\n", "# LIMITS\n\n  |[ x\n", PROTOCOL, "at "),
    (CONFIG, "data: /var/lib/referd\n", "data: /" + "x" * 64 + "\n", CONFIG,
     "71 columns"),
    ("gateway/io/CMakeLists.txt", "refer_page(refer-mou.5.scd)", "", MOU,
     "not installed"),
    (LIBREFER, "int argc, char **argv)", "int argc)", LIBREFER,
     "arguments"),
    (MOU, "party: tbhosp", "party: hospital", MOU, "names no party"),
    (CONFIG, "  idle_ms: 60000", "  idle_ms: 6", CONFIG, "from 1000 to"),
    (REFERRAL, "urgency: soon", "urgency: now", REFERRAL, "same_day, soon"),
    (PROTOCOL, "*safety number*", "*safety\nnumber*", PROTOCOL,
     "bold does not end"),
    # referd(8)
    (REFERD, "*-t*, *--test*", "*-t*, *--try*", REFERD,
     "option: -t, --test is missing"),
    (REFERD, "*-t*, *--test*", "*-t*, *--try*", REFERD,
     "option: -t, --try is none"),
    (REFERD, "*--config* _FILE_", "*--config* _PATH_", REFERD,
     "--config FILE is missing"),
    ("gateway/daemon/main.c", '{ "test", no_argument, NULL, \'t\' }',
     '{ "test", no_argument, NULL, \'x\' }', "gateway/daemon/main.c",
     "not in both"),
    ("gateway/daemon/main.c", "EXIT_FAILED = 70", "EXIT_FAILED = 71", REFERD,
     "exit status: 71 is missing"),
    (REFERD, "*peer.failed*\n", "*peer.fell*\n", REFERD,
     "event: peer.failed is missing"),
    (REFERD, "*peer.failed*\n:  warning", "*peer.failed*\n:  error", REFERD,
     "of level warning"),
    (REFERD, ":  a card waits to be accepted", ":  a card waits", REFERD,
     "card.imported means"),
    (REFERD, "*tls*\n", "*tsl*\n", REFERD, "code: tls is missing"),
    (REFERD, "*share*\n", "*rest*\n", REFERD, "code: share is missing"),
    (REFERD, "|  *busy_here*", "|  *idle_here*", REFERD,
     "code: busy_here is missing"),
    (REFERD, "*unproved*\n:  one", "*proved*\n:  one", REFERD,
     "trouble: unproved is missing"),
    (REFERD, "- *refer_ready*:", "- *refer_fit*:", REFERD,
     "metric: refer_ready is missing"),
    (REFERD, "*NOTIFY_SOCKET*\n", "*SOCKET*\n", REFERD,
     "variable: NOTIFY_SOCKET is missing"),
    (REFERD, "*SIGHUP*\n", "*SIGUSR1*\n", REFERD,
     "signal: SIGHUP is missing"),
    # referctl(1)
    (REFERCTL, "*--timeout* _MS_", "*--wait* _MS_", REFERCTL,
     "option: --timeout MS is missing"),
    (REFERCTL, "*peer list*\n", "*peer show*\n", REFERCTL,
     "command: peer show is none"),
    (REFERCTL, "*mou check* _FILE_", "*mou check*", REFERCTL,
     "command: mou check FILE is missing"),
    (REFERCTL, "\t*-y*, *--yes*", "\t*-y*, *--sure*", REFERCTL,
     "option of card sign: -y, --yes is missing"),
    (REFERCTL, "*feed list*\n", "*feed list*\n\t*--all*\n\t\tAll.\n\n",
     REFERCTL, "option of feed list: --all is none"),
    (REFERCTL, "|  *4*\n", "|  *6*\n", REFERCTL,
     "exit status: 4 is missing"),
    (REFERCTL, "*NO_COLOR*\n", "*NO_COLOUR*\n", REFERCTL,
     "variable: NO_COLOR is missing"),
    (REFERCTL, "- *outbox*:", "- *box*:", REFERCTL,
     "number: outbox is missing"),
    (REFERCTL, "- *card_expired*:", "- *card_over*:", REFERCTL,
     "reason: card_expired is missing"),
    (REFERCTL, "- *unsettled*:", "- *unsettling*:", REFERCTL,
     "alarm: unsettled is missing"),
    (REFERCTL, "today has no sealing key: set", "no sealing key: set",
     REFERCTL, "keys_missing is mended by"),
    # files
    (CONFIG, "*limits.idle_ms*\n", "*limits.idle*\n", CONFIG,
     "key: limits.idle_ms is missing"),
    (CONFIG, "Default: 16384.", "Default: 8192.", CONFIG,
     "map_size_mib says"),
    (CONFIG, "from 1 to 64. ", "from 1 to 32. ", CONFIG,
     "connections_per_peer says"),
    (CONFIG, "Taken by a reload.", "Taken by a restart.", CONFIG,
     "clients says"),
    (CONFIG, "*act*\n", "*do*\n", CONFIG, "right: act is missing"),
    (MOU, "*never_share*\n", "*not_share*\n", MOU,
     "key: never_share is missing"),
    (REFERRAL, "*consent.at*\n\tWhen they", "*consent.at*\n\tWhen we",
     REFERRAL, "consent.at says"),
    (REFERRAL, "|  *soon*\n", "|  *later*\n", REFERRAL,
     "urgency: soon is missing"),
    (REFERRAL, "- *pet* (text)", "- *dog* (text)", REFERRAL,
     "element: pet is missing"),
    (REFERRAL, "- *pet* (text)", "- *pet* (code)", REFERRAL, "pet is \"pet"),
    (REFERRAL, "|  *paused*\n", "|  *held*\n", REFERRAL,
     "state: paused is missing"),
    (REFERRAL, "From seen to waitlisted, by receiver.",
     "From sent to waitlisted, by receiver.", REFERRAL, "waitlist is: From"),
    (REFERRAL, "*slot* (one of these, times)", "*slot* (optional, times)",
     REFERRAL, "accept is: From"),
    (REFERRAL, "*resume*\n", "*go_on*\n", REFERRAL,
     "step: resume is missing"),
    (REFERRAL, "- *COST*:", "- *PRICE*:", REFERRAL,
     "barrier code: COST is missing"),
    (REFERRAL, "- *GUARD*:", "- *GUARDS*:", REFERRAL,
     "problem code: GUARDS is none"),
    # librefer(3)
    (LIBREFER, "- *refer_act*()", "- *refer_do*()", LIBREFER,
     "function: refer_act is missing"),
    ("sdk/librefer.map", "    refer_act;\n", "", "sdk/librefer.map",
     "refer_act: in the header"),
    (LIBREFER, "|  *REFER_BUSY*", "|  *REFER_FULL*", LIBREFER,
     "status: REFER_BUSY is missing"),
    (LIBREFER, "*referral.erased*\n", "*referral.gone*\n", LIBREFER,
     "event type: referral.erased is missing"),
    (LIBREFER, "*reason_plain*, *consent_at_ms*", "*consent_at_ms*", LIBREFER,
     "field of a referral: reason_plain"),
    (LIBREFER, "*mou.offer* [admin]", "*mou.offer* [read]", LIBREFER,
     "operation: mou.offer [admin] is missing"),
    (LIBREFER, "next_try_ms", "next_ms", LIBREFER,
     "peer.list: the field next_try_ms"),
    ("gateway/core/local.h", " * mou.list [read]", " * mou.all [read]",
     "gateway/core/local.h", "mou.all: in the contract"),
    # librefer_fake(3)
    (FAKE, "- *refer_fake_step*()", "- *refer_fake_do*()", FAKE,
     "function: refer_fake_step is missing"),
    ("sdk/fake/librefer_fake.map", "    refer_fake_step;\n", "",
     "sdk/fake/librefer_fake.map", "refer_fake_step: in the header"),
    (FAKE, "|  *full*\n", "|  *empty*\n", FAKE, "option: full is missing"),
    (FAKE, "it is done, and no answer comes", "it is done", FAKE,
     "no_reply is \"it is done, and"),
    (FAKE, "and *cursor.list*,", "and *cursor.all*,", FAKE,
     "operation: cursor.list is missing"),
    (FAKE, "int main(void)", "int main(int x)", FAKE, "main"),
    # ARCHITECTURE.md
    (pages.ARCHITECTURE, "| `o` ledger", "| `q` ledger", pages.ARCHITECTURE,
     "table of the store: o is missing"),
    (FAKE, "import refer, refer_fake", "import refer refer_fake", FAKE,
     "syntax"),
    (LIBREFER, "import refer\n", "import os\n", LIBREFER, "fewer examples"),
    # refer-protocol(7)
    (PROTOCOL, "*padding*\n", "*filling*\n", PROTOCOL,
     "kind of entry: padding is missing"),
    (PROTOCOL, "*generation*\n:  the two", "*age*\n:  the two", PROTOCOL,
     "trouble: generation is missing"),
]


def make_tree(root, files):
    for path, text in files.items():
        if text is None:
            continue
        full = os.path.join(root, path)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, "w", encoding="utf-8") as file:
            file.write(text)
    os.symlink(os.path.join(tidy.ROOT, ".clang-format"),
               os.path.join(root, ".clang-format"))


def fits(findings, expected):
    if expected is None:
        return not findings
    path, line, words = expected
    return any(f[0] == path and f[1] == line and words in f[2]
               for f in findings)


def run_case(options, name, files, expected):
    with tempfile.TemporaryDirectory() as root:
        make_tree(root, files)
        findings = list(tidy.CHECKS[name](root, options))
    if fits(findings, expected):
        return True
    print("%s on %s: found %s, expected %s" % (
        name, ", ".join(files), findings, expected))
    return False


def run_purity_case(options, path, source, expected):
    with tempfile.TemporaryDirectory() as root:
        source_path = os.path.join(root, path)
        os.makedirs(os.path.dirname(source_path))
        with open(source_path, "w", encoding="utf-8") as file:
            file.write(source)
        subprocess.run(
            [options.cc, "-std=c17", "-O1", "-fno-stack-protector", "-c",
             source_path, "-o", source_path + ".o"], check=True)
        options.objects = [source_path + ".o"]
        findings = list(tidy.purity(root, options))
    options.objects = []
    found = [f[2].split(":")[0] for f in findings]
    if found == ([] if expected is None else [expected]):
        return True
    print("purity on %r: found %s, expected %s" % (source, found, expected))
    return False


def run_pages_case(options, root, path, old, new, place, words):
    full = os.path.join(root, path)
    text = tidy.read(root, path)
    if old is not None:
        if old not in text:
            print("pages: %s holds no %r to change" % (path, old))
            return False
        with open(full, "w", encoding="utf-8") as file:
            file.write(text.replace(old, new, 1))
    findings = list(pages.pages(root, options))
    with open(full, "w", encoding="utf-8") as file:
        file.write(text)
    if old is None and not findings or old is not None and any(
            f[0] == place and words in f[2] for f in findings):
        return True
    print("pages: %r for %r in %s: found %s" % (new, old, path, findings))
    return False


def run_pages_cases(options):
    with tempfile.TemporaryDirectory() as root:
        for folder in ("gateway", "proto", "sdk", "tools"):
            shutil.copytree(os.path.join(tidy.ROOT, folder),
                            os.path.join(root, folder))
        return [run_pages_case(options, root, *case)
                for case in PAGES_CASES]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--nm", default="nm")
    parser.add_argument("--cc", default="cc")
    parser.add_argument("--tables", required=True)
    parser.add_argument("--referd", required=True)
    parser.add_argument("--referctl", required=True)
    parser.add_argument("--scdoc", default="scdoc")
    parser.add_argument("--clang-format", default="clang-format-14")
    options = parser.parse_args()
    options.objects = []
    results = [run_case(options, *case) for case in CASES]
    results += [run_purity_case(options, *case) for case in PURITY_CASES]
    results += run_pages_cases(options)
    without = {c for c in tidy.CHECKS if c not in ("purity", "pages")} - {
        case[0] for case in CASES if case[2] is not None}
    if without or not list(tidy.purity(tidy.ROOT, options)):
        print("checks without a bad sample: %s" % (without or "purity"))
        results.append(False)
    print("selftest: %d of %d samples" % (sum(results), len(results)))
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())

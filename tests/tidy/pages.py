"""Do the manual pages say what the program does?

A page is held against the tables of the program (printed by tables.c, or read
from the source where they are private to one file), and against --help. What
a page lists must be all that there is, and no more; where the page repeats a
sentence or a number of a table it must be the same. Besides, every page must
render, have its sections, and fit a terminal; its examples in C compile, and
those of files are taken.

How pages are written for this: a list of things is a table whose rows begin
with the name in bold, or a list with items "- *name*...", or paragraphs that
are a name in bold with an indented text below.
"""
import functools
import os
import re
import subprocess

# Where each page is, and the sections it must have.
PAGES = {
    "gateway/daemon/referd.8.scd": [
        "NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "SIGNALS", "FILES",
        "EXIT STATUS", "LOG EVENTS", "WHAT TO DO WHEN", "SECURITY",
        "SEE ALSO"],
    "gateway/io/referd.yaml.5.scd": [
        "NAME", "DESCRIPTION", "KEYS", "EXAMPLE", "FILES", "SEE ALSO"],
    "gateway/io/refer-mou.5.scd": [
        "NAME", "DESCRIPTION", "KEYS", "EXAMPLE", "FILES", "SEE ALSO"],
    "gateway/io/refer-referral.5.scd": [
        "NAME", "DESCRIPTION", "KEYS", "EXAMPLE", "ELEMENTS", "STATES",
        "STEPS", "CODES", "FILES", "SEE ALSO"],
    "tools/referctl/refer-evidence.5.scd": [
        "NAME", "DESCRIPTION", "FILES", "WHAT IT PROVES",
        "WHAT IT DOES NOT PROVE", "EXAMPLES", "SEE ALSO"],
    "tools/referctl/referctl.1.scd": [
        "NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "COMMANDS",
        "JSON OUTPUT", "EXIT STATUS", "ENVIRONMENT", "FILES", "EXAMPLES",
        "SEE ALSO"],
    "sdk/librefer.3.scd": [
        "NAME", "SYNOPSIS", "DESCRIPTION", "LIFETIMES", "THREADS", "ERRORS",
        "RETRIES", "FUNCTIONS", "OPERATIONS", "EXAMPLES", "FILES",
        "SEE ALSO"],
    "sdk/fake/librefer_fake.3.scd": [
        "NAME", "SYNOPSIS", "DESCRIPTION", "FAITHFULNESS", "THREADS",
        "ERRORS", "FUNCTIONS", "OPTIONS", "FAULTS", "EXAMPLES", "FILES",
        "SEE ALSO"],
    "proto/refer-protocol.7.scd": ["NAME", "DESCRIPTION", "SEE ALSO"],
}
SKIPPED_FOLDERS = {"build", ".git"}
# 80 columns less the margin and the indentation of a literal block.
LITERAL_COLUMNS_MAX = 69


# ---- Pages ---------------------------------------------------------------

def plain(text):
    """Without marks of emphasis and escapes; blanks are single."""
    text = re.sub(r"(?<!\\)\*", "", text)
    text = re.sub(r"(?<![A-Za-z0-9\\])_|(?<!\\)_(?![A-Za-z0-9])", "", text)
    return " ".join(re.sub(r"\\(.)", r"\1", text).split())


class Page:
    """A page's lines by section; literal blocks apart."""

    def __init__(self, root, path):
        self.path = path
        with open(os.path.join(root, path), encoding="utf-8") as file:
            self.text = file.read()
        self.sections = {}
        self.literals = []  # (line, lines)
        self.headings = []  # (line, name)
        self.subsections = set()
        section, literal = None, None
        for number, line in enumerate(self.text.splitlines(), 1):
            if line.strip() == "```":
                if literal is None:
                    literal = (number, [])
                    self.literals.append(literal)
                else:
                    literal = None
            elif literal is not None:
                literal[1].append(line)
            elif re.match(r"##? ", line):
                section = line.lstrip("# ")
                self.headings.append((number, section))
                if line.startswith("##"):
                    self.subsections.add(section)
                self.sections.setdefault(section, [])
            elif section is not None:
                self.sections[section].append((number, line))

    def part(self, name, deep=False):
        """Lines of a section; with its subsections when `deep`."""
        lines = list(self.sections.get(name, []))
        order = [heading for _, heading in self.headings]
        if deep and name in order:
            for sub in order[order.index(name) + 1:]:
                if sub not in self.subsections:
                    break
                lines += self.sections[sub]
        return lines

    def rows(self, name, deep=False):
        """(line, first cell or item, the rest) of tables and lists."""
        found = []
        for number, line in self.part(name, deep):
            table = re.match(r"\|[\[\]<>=\- ] (.*)", line)
            cell = re.match(r":[\[\]<>=\- ] (.*)", line)
            item = re.match(r"- (.*)", line)
            if table:
                found.append([number, table.group(1), []])
            elif cell and found:
                found[-1][2].append(cell.group(1))
            elif item:
                found.append([number, item.group(1), []])
            elif line.startswith("  ") and found and not found[-1][2]:
                found[-1][1] += " " + line.strip()
        return found

    def names(self, section, deep=False):
        """{name in bold at the front of a row: line}; a row may have more."""
        found = {}
        for number, first, _ in self.rows(section, deep):
            head = re.match(r"((?:\*[^*]+\*(?:\(\))?(?:, )?)+)", first)
            for name in re.findall(r"\*([^*]+)\*", head.group(1)
                                   if head else ""):
                found[name] = number
        return found

    def entries(self, section, deep=False):
        """[(line, head, body lines)] of paragraphs `*head*...` with an
        indented body, which may be empty."""
        found = []
        for number, line in self.part(section, deep):
            if line.startswith("*"):
                found.append((number, line, []))
            elif line.startswith("\t") or not line:
                if found:
                    found[-1][2].append((number, line[1:]))
            else:
                found.append((number, "", []))  # text between entries
        return [entry for entry in found
                if entry[1] and any(line for _, line in entry[2])]


def body_text(body):
    return plain(" ".join(line for _, line in body))


# ---- Facts ---------------------------------------------------------------

@functools.lru_cache(maxsize=None)
def output_of(*command):
    run = subprocess.run(command, capture_output=True, text=True,
                         encoding="utf-8")
    if run.returncode != 0:
        raise RuntimeError("%s ended with %d: %s" % (
            " ".join(command), run.returncode, run.stderr.strip()))
    return run.stdout


@functools.lru_cache(maxsize=None)
def said_of(text, *command):
    """What a program says of a text, which it always does: most pages and
    examples are the same in each tree that is looked at."""
    return subprocess.run(command, input=text, text=True, encoding="utf-8",
                          capture_output=True)


class Facts:
    def __init__(self, text):
        self.rows = [line.split("\t") for line in text.splitlines()]

    def of(self, kind, *begin):
        """What follows the kind and these first parts."""
        size = 1 + len(begin)
        return [row[size:] for row in self.rows
                if row[0] == kind and row[1:size] == list(begin)]

    def names(self, kind, *begin):
        return [row[0] for row in self.of(kind, *begin)]


def source(root, path):
    with open(os.path.join(root, path), encoding="utf-8") as file:
        return file.read()


def sources(root, folder):
    """{name: text} of the C sources in a folder."""
    return {name: source(root, os.path.join(folder, name))
            for name in sorted(os.listdir(os.path.join(root, folder)))
            if name.endswith(".c")}


def choices(form):
    """Names in "a list with a, b or c" or "a, b or c"."""
    return re.split(r", | or ", re.sub(r"^a list with ", "", form))


def compare(page, what, expected, found):
    """Findings for names of the program and {name: line} of the page."""
    expected = list(expected)
    if not expected:
        yield page.path, 1, "the program has no %s to compare" % what
    for name in expected:
        if name not in found:
            yield page.path, 1, "%s: %s is missing" % (what, name)
    for name, line in sorted(found.items(), key=lambda item: item[1]):
        if name not in expected:
            yield page.path, line, "%s: %s is none" % (what, name)


def starts(page, line, what, text, begin):
    if not text.startswith(begin):
        yield page.path, line, "%s says \"%s\", not \"%s\"" % (
            what, text[:len(begin) + 20], begin)


# ---- Command lines -------------------------------------------------------

def option_text(letter, name, value):
    return "%s--%s%s" % ("-%s, " % letter if letter else "", name,
                         " " + value if value else "")


HELP_OPTION = re.compile(
    r"^ {2}(?: {4}|-(\w), )--([\w-]+)(?: ([A-Z][A-Z=]*))?(?: {2}|$)",
    re.MULTILINE)


def help_options(text):
    return {option_text(*(part or "" for part in match.groups())):
            match.start() for match in HELP_OPTION.finditer(text)}


def page_options(entries):
    return {plain(head): line for line, head, _ in entries
            if head.startswith("*-")}


def referd(root, options, facts):
    page = Page(root, "gateway/daemon/referd.8.scd")
    main = source(root, "gateway/daemon/main.c")
    from_help = help_options(output_of(options.referd, "--help"))
    from_page = page_options(page.entries("OPTIONS"))
    yield from compare(page, "option", from_help, from_page)
    table = {"-%s, --%s%s" % (letter, name, "" if kind == "no" else " _")
             for name, kind, letter in re.findall(
                 r'\{ "([\w-]+)", (no|required)_argument, NULL, \'(\w)\' \}',
                 main)}
    shown = {re.sub(r" [A-Z]+$", " _", text) for text in from_help}
    for text in sorted(table ^ shown):
        yield "gateway/daemon/main.c", 1, \
            "%s: in the table of options or in --help, not in both" % text
    yield from compare(
        page, "exit status",
        set(re.findall(r"\bEXIT_\w+ = (\d+)", main)),
        page.names("EXIT STATUS"))
    yield from log_events(page, facts)
    for kind in ("connection", "client"):
        yield from compare(page, "code", facts.names("reason", kind),
                           page.names("Codes of %s.refused" % kind))
    yield from compare(page, "code", peer_codes(root, facts),
                       page.names("Codes of peer.failed"))
    yield from compare(page, "trouble", facts.names("trouble"),
                       page.names("WHAT TO DO WHEN"))
    yield from compare(page, "metric", metrics(root), page.names("METRICS"))
    yield from compare(
        page, "variable",
        re.findall(r'getenv\("(\w+)"\)', main),
        {name: line for line, head, _ in page.entries("ENVIRONMENT")
         for name in re.findall(r"\*([^*]+)\*", head)})
    yield from compare(
        page, "signal", sorted(set(re.findall(
            r"\b(SIG(?:HUP|INT|PIPE|QUIT|TERM|USR[12]))\b", main + source(
                root, "gateway/daemon/watch.c")))),
        {name: line for line, head, _ in page.entries("SIGNALS")
         for name in re.findall(r"\*([^*]+)\*", head)})


def metrics(root):
    """Families of the metrics file, but for counters that have the names of
    NUMBERS in referctl(1)."""
    return sorted(set(re.findall(
        r'"(refer_[a-z_]+[a-z])"', source(root, "gateway/core/node_metric.c")
        + source(root, "gateway/daemon/process_metric.c"))))


def peer_codes(root, facts):
    """Literals that requests to a peer end with, and the names of tables
    that they take theirs from."""
    codes = set(facts.names("reason", "peer"))
    for name in ("delivery.c", "collect.c", "introduction.c"):
        text = re.sub(r"log_code\([^;]*", "",
                      source(root, "gateway/core/" + name))
        codes |= set(re.findall(
            r'(?:return|[?:]|peer_failed\(work, peer,)\s*"([a-z_]+)"', text))
    return sorted(codes)


def log_events(page, facts):
    events = {name: rest for name, *rest in facts.of("event")}
    yield from compare(page, "event", events, page.names("LOG EVENTS"))
    for line, first, cells in page.rows("LOG EVENTS"):
        name = plain(first)
        if name not in events:
            continue
        level, text = events[name]
        if len(cells) != 2 or cells[0] != level:
            yield page.path, line, "%s is of level %s" % (name, level)
        elif not plain(cells[1]).startswith(plain(text)):
            yield page.path, line, "%s means \"%s\"" % (name, text)


def referctl(root, options, facts):
    page = Page(root, "tools/referctl/referctl.1.scd")
    every = [option_text(*row) for row in facts.of("option", "")]
    yield from compare(page, "option", every,
                       page_options(page.entries("OPTIONS")))
    commands = {" ".join(row).strip(): row[0]
                for row in facts.of("command")}
    entries = page.entries("COMMANDS", deep=True)
    yield from compare(page, "command", commands,
                       {plain(head): line for line, head, _ in entries})
    overview = output_of(options.referctl, "help")
    for usage in commands:
        if not re.search("^  %s  " % re.escape(usage), overview, re.M):
            yield page.path, 1, "referctl help does not list %s" % usage
    for line, head, body in entries:
        words = commands.get(plain(head))
        if words is None:
            continue
        own = [option_text(*row) for row in facts.of("option", words)]
        found = {plain(text): number for number, text in body
                 if text.startswith("*-")}
        if own or found:
            yield from compare(page, "option of " + words, own or ["none"],
                               found)
        text = output_of(options.referctl, "help", *words.split())
        for missing in set(own + every) ^ set(help_options(text)):
            yield page.path, line, "%s: %s is in the table or in --help, " \
                "not in both" % (words, missing)
    yield from compare(
        page, "exit status", exit_codes(root), page.names("EXIT STATUS"))
    variables = set()
    for text in sources(root, "tools/referctl").values():
        variables |= set(re.findall(r'getenv\("(\w+)"\)', text))
    yield from compare(
        page, "variable", sorted(variables),
        {plain(head): line
         for line, head, _ in page.entries("ENVIRONMENT")})
    yield from compare(page, "number", numbers(root), page.names("NUMBERS"))
    yield from health(page, facts)


def health(page, facts):
    yield from compare(page, "alarm", facts.names("alarm"),
                       page.names("Alarms"))
    remedies = dict(facts.of("health"))
    yield from compare(page, "reason", remedies,
                       page.names("Why a gateway is not ready"))
    for line, item, _ in page.rows("Why a gateway is not ready"):
        name, _, text = plain(item).partition(": ")
        if name in remedies and not text.endswith(plain(remedies[name])):
            yield page.path, line, "%s is mended by \"%s\"" % (
                name, remedies[name])


def exit_codes(root):
    text = source(root, "tools/referctl/exit_code.h")
    return [str(i) for i, name in enumerate(
        re.findall(r"^    EXIT_CODE_(\w+)", text, re.MULTILINE))
        if name != "COUNT"]


def numbers(root):
    """What health and status answer with."""
    status = source(root, "gateway/core/desk_status.c")
    node = source(root, "gateway/core/node.h")
    counters = re.search(
        r"#define NODE_COUNTER_LIST\(X\)(.*?)/\*", node, re.DOTALL)
    return re.findall(r'(?<!_)number\(answer, "(\w+)"', status) + \
        re.findall(r"X\((\w+)\b", counters.group(1))


# ---- Files ---------------------------------------------------------------

def keys(root, facts, path, document, is_taken):
    page = Page(root, path)
    rows = {row[0]: row[1:] for row in facts.of("key", document)}
    entries = page.entries("KEYS")
    yield from compare(page, "key", rows,
                       {plain(head): line for line, head, _ in entries})
    for line, head, body in entries:
        if plain(head) not in rows:
            continue
        form, default, taken, text = rows[plain(head)]
        begin = "%s Form: %s. %s" % (
            text, form, "Default: %s." % default if default else "Required.")
        if is_taken:
            begin += " Taken by a %s." % taken
        yield from starts(page, line, plain(head), body_text(body),
                          plain(begin))
    return rows


def config_file(root, options, facts):
    path = "gateway/io/referd.yaml.5.scd"
    rows = yield from keys(root, facts, path, "config", True)
    page = Page(root, path)
    yield from compare(page, "right", choices(rows["clients[].rights"][0]),
                       page.names("RIGHTS"))


def mou_file(root, options, facts):
    yield from keys(root, facts, "gateway/io/refer-mou.5.scd", "mou", False)


def referral_file(root, options, facts):
    path = "gateway/io/refer-referral.5.scd"
    rows = yield from keys(root, facts, path, "referral", False)
    page = Page(root, path)
    for name in ("urgency", "choice", "ask_back"):
        yield from compare(page, name, choices(rows[name][0]),
                           page.names(name))
    yield from elements(page, facts)
    yield from compare(page, "state", facts.names("state"),
                       page.names("STATES"))
    lists = {}
    for name, code in facts.of("code"):
        lists.setdefault(name, []).append(code)
    heads = {head.split(":")[0]: head for _, head in page.headings
             if ": " in head}
    for name, codes in lists.items():
        yield from compare(page, name + " code", codes,
                           page.names(heads.get(name, "")))
    yield from steps(page, facts)


def elements(page, facts):
    texts = {code: "%s (%s%s): %s" % (code, kind, "; " + why if why else "",
                                      text)
             for code, kind, why, text in facts.of("element")}
    yield from compare(page, "element", texts, page.names("ELEMENTS"))
    for line, item, _ in page.rows("ELEMENTS"):
        code = plain(item).split(" ")[0]
        if code in texts and plain(item) != plain(texts[code]):
            yield page.path, line, "%s is \"%s\"" % (code, texts[code])


def step_text(step, facts):
    """What stands below a step: its moves, and whether it takes elements."""
    moves = {}
    states = facts.names("state")
    for start, to, by in facts.of("move", step):
        moves.setdefault((to, by), []).append(start)
    lines = ["From %s to %s, by %s." % (
        "every state" if len(start) == len(states) else ", ".join(start),
        "the same state" if to == "same" else to, by)
        for (to, by), start in moves.items()]
    if facts.of("step", step)[0][0]:
        lines.append("May carry elements.")
    return " ".join(lines)


def detail_texts(step, facts):
    return ["- %s (%s, %s): %s" % (
        name, need, kind if kind != "code" else codes + " code", text)
        for name, need, kind, codes, text in facts.of("detail", step)]


def steps(page, facts):
    names = facts.names("step")
    entries = page.entries("STEPS")
    yield from compare(page, "step", names,
                       {plain(head): line for line, head, _ in entries})
    for line, head, body in entries:
        step = plain(head)
        if step not in names:
            continue
        wanted = " ".join([step_text(step, facts)]
                          + detail_texts(step, facts))
        if body_text(body) != plain(wanted):
            yield page.path, line, "%s is: %s" % (step, plain(wanted))


# ---- The library ---------------------------------------------------------

def exported(root, page, header, map_path):
    """The functions of a header are those of the page and of the map."""
    functions = re.findall(r"REFER_API\b[^;]*?\b(refer_\w+)\(", header)
    found = {re.sub(r"\(\)$", "", name): line for name, line
             in page.names("FUNCTIONS", deep=True).items()}
    yield from compare(page, "function", functions, found)
    symbols = re.findall(r"^    (refer_\w+);", source(root, map_path),
                         re.MULTILINE)
    for name in sorted(set(functions) ^ set(symbols)):
        yield map_path, 1, "%s: in the header or in the map, not in both" % \
            name


def library(root, options, facts):
    page = Page(root, "sdk/librefer.3.scd")
    header = source(root, "sdk/include/refer/refer.h")
    yield from exported(root, page, header, "sdk/librefer.map")
    yield from compare(
        page, "status", re.findall(r"^    (REFER_[A-Z_]+) =", header,
                                   re.MULTILINE), page.names("ERRORS"))
    yield from compare(
        page, "event type",
        re.findall(r'"(referral\.\w+)"', source(root, "gateway/core/feed.h")),
        page.names("EVENT TYPES"))
    fields = plain(" ".join(
        line for _, line in page.part("FIELDS OF A REFERRAL")))
    for name in re.findall(r'^    \{ "(\w+)",',
                           source(root, "sdk/referral.c"), re.MULTILINE):
        if not re.search(r"\b%s\b" % name, fields):
            yield page.path, 1, "field of a referral: %s is missing" % name
    yield from operations(root, page)


def fake(root, options, facts):
    page = Page(root, "sdk/fake/librefer_fake.3.scd")
    yield from exported(
        root, page, source(root, "sdk/include/refer/fake.h"),
        "sdk/fake/librefer_fake.map")
    yield from told(page, "option", "OPTIONS", re.findall(
        r'^    \{ "(\w+)", "[^"]*",\s+"([^"]+)",\n',
        source(root, "sdk/fake/fake.c"), re.MULTILINE))
    yield from told(page, "fault", "FAULTS", re.findall(
        r'^    \[FAKE_\w+\]\s*= \{ "(\w+)",\s+"([^"]+)" \}',
        source(root, "sdk/fake/fault.c"), re.MULTILINE))
    operations = re.findall(
        r'^    \{ "([\w.]+)", (?:NULL|"\w+"), \w+, (?:true|false) \}',
        source(root, "sdk/fake/desk.c"), re.MULTILINE)
    text = plain(" ".join(line for _, line in page.part("FAITHFULNESS")))
    for name in operations:
        if not re.search(r"\b%s\b" % re.escape(name), text):
            yield page.path, 1, "operation: %s is missing" % name


def told(page, what, section, texts):
    """Names of a table with their sentences, as the page has them."""
    texts = dict(texts)
    yield from compare(page, what, texts, page.names(section))
    for line, first, cells in page.rows(section):
        name = plain(first)
        if name in texts and plain(" ".join(cells)) != plain(texts[name]):
            yield page.path, line, "%s is \"%s\"" % (name, texts[name])


def operations(root, page):
    rights = {name: right.lower() for name, right in re.findall(
        r'^    \{ "([\w.]+)", (?:LOCAL_RIGHT_(\w+)|0), \w+, (?:true|false) \}',
        source(root, "gateway/core/desk.c"), re.MULTILINE)}
    entries = page.entries("OPERATIONS")
    heads = {}
    for line, head, _ in entries:
        heads[plain(head)] = line
    yield from compare(page, "operation",
                       ["%s [%s]" % pair for pair in rights.items()], heads)
    contract = contract_of(source(root, "gateway/core/local.h"))
    for line, head, body in entries:
        name = plain(head).split(" ")[0]
        text = body_text(body)
        for field in sorted(contract.get(name, ())):
            if not re.search(r"\b%s\b" % field, text):
                yield page.path, line, "%s: the field %s is missing" % (
                    name, field)
    for name in sorted(set(rights) ^ set(contract)):
        yield "gateway/core/local.h", 1, \
            "%s: in the contract or in desk.c, not in both" % name


def contract_of(header):
    """{operation: its fields} of local.h: names with an underscore, and
    what stands first between commas in braces."""
    fields, name = {}, None
    for line in header.split("*/")[0].splitlines():
        head = re.match(r" \* ([a-z.]+) \[\w*\]", line)
        if head:
            name = head.group(1)
            fields[name] = ""
        if name is not None:
            fields[name] += " " + line[head.end() if head else 2:]
    found = {}
    for name, text in fields.items():
        found[name] = set(re.findall(r"\b[a-z]+(?:_[a-z]+)+\b", text))
        for braces in re.findall(r"\{([^}]*)\}", text):
            for part in braces.replace("optional:", "").split(","):
                first = re.match(r"\s*([a-z_]+)\s*(?:[:(]|$)", part)
                if first:
                    found[name].add(first.group(1))
    return found


# ---- The protocol --------------------------------------------------------

def protocol(root, options, facts):
    page = Page(root, "proto/refer-protocol.7.scd")
    yield from compare(page, "kind of entry", facts.names("entry"),
                       page.names("LEDGERS"))
    yield from compare(page, "trouble", facts.names("trouble"),
                       page.names("SETTLING"))


# ---- The store -----------------------------------------------------------

ARCHITECTURE = "gateway/ARCHITECTURE.md"


def store_keys(root):
    """The tables of the store, by their letter, are those of keys.h."""
    keys = "gateway/core/keys.h"
    real = re.findall(r"^ \*   '(\w)' ", source(root, keys), re.MULTILINE)
    shown = re.findall(r"^\| `(\w)`[ |]", source(root, ARCHITECTURE),
                       re.MULTILINE)
    if not real:
        yield keys, 1, "has no tables to compare"
    for letter in sorted(set(real) ^ set(shown)):
        yield ARCHITECTURE, 1, "table of the store: %s is %s" % (
            letter, "missing" if letter in real else "none")


# ---- Every page ----------------------------------------------------------

def pages_of(root):
    for folder, folders, names in os.walk(root):
        folders[:] = [f for f in folders if f not in SKIPPED_FOLDERS]
        for name in names:
            if name.endswith(".scd"):
                yield os.path.relpath(os.path.join(folder, name), root)


def places(root):
    found = set(pages_of(root))
    for path in sorted(found ^ set(PAGES)):
        yield path, 1, "is no page that is known here" if path in found \
            else "is missing"
    for path in sorted(found & set(PAGES)):
        folder, name = os.path.split(path)
        while not os.path.exists(os.path.join(root, folder,
                                              "CMakeLists.txt")):
            name = os.path.basename(folder) + "/" + name
            folder = os.path.dirname(folder)
        if "refer_page(%s)" % name not in source(
                root, os.path.join(folder, "CMakeLists.txt")):
            yield path, 1, "is not installed: refer_page(%s)" % name


def form(page, options):
    run = said_of(page.text, options.scdoc)
    if run.returncode != 0:
        where = re.search(r"at (\d+):", run.stderr)
        yield page.path, int(where.group(1)) if where else 1, \
            run.stderr.strip() or "does not render"
    seen = [name for _, name in page.headings]
    for name in PAGES[page.path]:
        if name not in seen:
            yield page.path, 1, "has no section %s" % name
        elif not any(line for _, line in page.part(name, deep=True)) and not \
                literals_in(page, name):
            yield page.path, 1, "the section %s is empty" % name
    for _, lines in page.sections.items():
        for number, line in lines:
            if len(re.findall(r"(?<!\\)\*", line)) % 2:
                yield page.path, number, "bold does not end on its line"
    for start, lines in page.literals:
        for number, line in enumerate(lines, start + 1):
            shown = line.replace("\\\\", "\\")
            if len(shown) > LITERAL_COLUMNS_MAX:
                yield page.path, number, "%d columns in a literal block, " \
                    "%d at most" % (len(shown), LITERAL_COLUMNS_MAX)


def literals_in(page, name):
    at = next(line for line, head in page.headings if head == name)
    after = [line for line, _ in page.headings if line > at]
    end = min(after) if after else len(page.text.splitlines()) + 1
    return [start for start, _ in page.literals if at < start < end]


def compiler_says(compiler, include, text):
    return said_of(text, compiler, "-std=c17", "-Wall", "-Wextra", "-Werror",
                   "-fsyntax-only", "-I", include, "-x", "c", "-").stderr


# Pages with programs: how many in C, and in Python.
PROGRAMS = {"sdk/librefer.3.scd": (2, 1),
            "sdk/fake/librefer_fake.3.scd": (1, 1)}


def examples(root, options):
    for path, (c_min, python_min) in PROGRAMS.items():
        c_count, python_count = 0, 0
        for start, lines in Page(root, path).literals:
            text = "\n".join(lines).replace("\\\\", "\\") + "\n"
            if "int main(" in text:
                c_count += 1
                yield from example_in_c(root, options, path, start, text)
            elif "import refer" in text:
                python_count += 1
                try:
                    compile(text, path, "exec")
                except SyntaxError as error:
                    yield path, start + (error.lineno or 0), error.msg
        if c_count < c_min or python_count < python_min:
            yield path, 1, "has fewer examples than %d in C and %d in " \
                "Python" % (c_min, python_min)


def example_in_c(root, options, path, start, text):
    says = compiler_says(options.cc, os.path.join(root, "sdk/include"), text)
    where = re.search(r"<stdin>:(\d+):\d+: (.*)", says)
    if says:
        yield path, start + int(where.group(1) if where else 0), \
            where.group(2) if where else says


DOCUMENTS = {
    "gateway/io/referd.yaml.5.scd": "config",
    "gateway/io/refer-mou.5.scd": "mou",
    "gateway/io/refer-referral.5.scd": "referral",
}


def documents(root, options):
    """The first literal block under EXAMPLE is one that is taken."""
    for path, name in DOCUMENTS.items():
        page = Page(root, path)
        blocks = literals_in(page, "EXAMPLE")
        if not blocks:
            yield path, 1, "has no EXAMPLE"
            continue
        lines = dict(page.literals)[blocks[0]]
        run = said_of("\n".join(lines) + "\n", options.tables, name)
        if run.returncode != 0:
            where = re.match(name + r":(\d+):", run.stdout)
            yield path, blocks[0] + int(where.group(1) if where else 0), \
                (run.stdout or run.stderr).strip()


def pages(root, options):
    for name in ("tables", "referd", "referctl", "scdoc"):
        if not getattr(options, name, None):
            yield "pages", 1, "--%s was not given" % name
            return
    yield from places(root)
    for path in PAGES:
        if os.path.exists(os.path.join(root, path)):
            yield from form(Page(root, path), options)
        else:
            return
    facts = Facts(output_of(options.tables))
    for check in (referd, referctl, config_file, mou_file, referral_file,
                  library, fake, protocol):
        yield from check(root, options, facts)
    yield from store_keys(root)
    yield from examples(root, options)
    yield from documents(root, options)

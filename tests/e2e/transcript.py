#!/usr/bin/env python3
"""Does a document show what is typed, and what then stands on the screen?

usage: transcript.py DOCUMENT MARK FILE

The document's blocks under a line `<!-- MARK -->` are held against a
transcript in FILE. Both are lines: a command after its prompt (`$ ` or
`NAME$ `, going on in the next line after a backslash), and what it printed.
In the document a line `...` stands for any lines or none, and a line that
begins with `# ` for what people do meanwhile. Commands must be the same, in
the same order; of outputs the words and columns, but no id, time or number.
"""
import re
import sys

PROMPT = re.compile(r"(?:[a-z]+)?\$ ")
SAME = [  # what differs from one run to the next
    (r"\b(?:\d{5} ){11}\d{5}\b", "SAFETY-NUMBER"),
    (r"\b\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z", "TIME"),
    (r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", "UUID"),
    (r"\b[a-z2-7]{26}\b", "AGENCY"),
    (r"\b[0-9a-f]{64}\b", "HASH"),
    (r"\b(?=[a-f]*[0-9])[0-9a-f]{16}\b", "HASH-BEGIN"),
    (r"\b\d+\b", "NUMBER"),
]


def same(line):
    for pattern, name in SAME:
        line = re.sub(pattern, name, line)
    return " ".join(line.split())


def commands(lines):
    """[(line number, command, [(line number, output line)])]"""
    found = []
    goes_on = False
    for number, line in lines:
        if goes_on:
            found[-1][1] = found[-1][1][:-1].rstrip() + " " + line.strip()
        elif PROMPT.match(line):
            found.append([number, line.rstrip(), []])
        elif found and not line.startswith("# ") and line.strip():
            found[-1][2].append((number, line))
        goes_on = bool(found) and found[-1][1].endswith("\\")
    return found


def blocks(text, mark):
    """(line number, line) of what is fenced after each mark."""
    state = "outside"
    for number, line in enumerate(text.splitlines(), 1):
        if line == "<!-- %s -->" % mark:
            state = "marked"
        elif state == "marked" and line == "```":
            state = "inside"
        elif state == "inside" and line == "```":
            state = "outside"
        elif state == "inside":
            yield number, line


def output_differs(shown, real):
    """(line, what is wrong) where a command's output is shown wrongly."""
    at, any_lines = 0, False
    for number, line in shown:
        if line.strip() == "...":
            any_lines = True
            continue
        end = len(real) if any_lines else min(at + 1, len(real))
        for place in range(at, end):
            if same(real[place][1]) == same(line):
                at, any_lines = place + 1, False
                break
        else:
            instead = real[at][1] if at < len(real) else "nothing more"
            return number, "there stands instead: " + instead
    if at < len(real) and not any_lines:
        return shown[-1][0] if shown else None, \
            "and then comes: " + real[at][1]
    return None


def compare(shown, real):
    if not shown:
        yield 1, "shows nothing under that mark"
    for (number, command, output), (_, typed, printed) in zip(shown, real):
        if command != typed:
            yield number, "what is typed: " + typed
            return
        wrong = output_differs(output, printed)
        if wrong:
            yield wrong[0] or number, wrong[1]
    for number, command, _ in shown[len(real):]:
        yield number, "is not typed: " + command
    for _, typed, _ in real[len(shown):]:
        yield shown[-1][0] if shown else 1, "is typed as well: " + typed


def main():
    document, mark, path = sys.argv[1:]
    with open(document, encoding="utf-8") as file:
        shown = commands(blocks(file.read(), mark))
    with open(path, encoding="utf-8") as file:
        real = commands(enumerate(file.read().splitlines(), 1))
    found = list(compare(shown, real))
    for number, problem in found:
        print("%s:%d: %s" % (document, number, problem))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""table.py FILE: the figures of tests/bench/run as a table.

A row is a figure, what it was measured as, and the goal of it. Times and rates
of a machine that others use say little; ratios and processor time say more.
"""
import json
import sys

# Path in the line of JSON, its unit, the goal and which side of it is good.
COLUMNS = (
    ("per_s", "referrals/s", 40000, "above"),
    ("ratio.submit_to_commit", "submit/commit", 1.5, "below"),
    ("cpu_s_per_10000_both", "CPU s/10,000", 0.4, "below"),
    ("from.memory_mib", "MiB from", 64, "below"),
    ("at.memory_mib", "MiB at", 64, "below"),
    ("from.commits_each", "commits from", None, None),
    ("at.commits_each", "commits at", None, None),
    ("from.parcels_each", "parcels from", None, None),
    ("opendoor.size_ratio", "written/size from", 3, "below"),
    ("tbhosp.size_ratio", "written/size at", 3, "below"),
    ("opendoor.syncs", "syncs from", None, None),
    ("tbhosp.syncs", "syncs at", None, None),
    ("p50_ms", "p50 ms", 2, "below"),
    ("p99_ms", "p99 ms", 10, "below"),
    ("ratio.p50_to_commit", "p50/commit", None, None),
    ("idle_from.memory_mib", "MiB idle", 12, "below"),
    ("idle_from.threads", "threads", None, None),
    ("idle_from.wakes_per_s", "wake-ups/s", 10, "below"),
    ("idle_at.wakes_per_s", "wake-ups/s at", 10, "below"),
    ("ready_ms", "ready ms", 100, "below"),
    ("memory_mib", "MiB idle", 12, "below"),
    ("threads", "threads", None, None),
)
# Goals for many referrals at a time are none for one after the other.
ONE = ("per_s", "cpu_s_per_10000_both")
MANY = ("ratio.submit_to_commit",)


def value_at(line, path):
    for name in path.split("."):
        line = line.get(name) if isinstance(line, dict) else None
    return line


def goal_text(line, path, goal, side):
    at_once = line.get("submitters", 0) * line.get("batch", 1)
    if goal is None or (at_once == 1 and path in ONE) \
            or (at_once > 1 and path in MANY):
        return ""
    return "%s %g" % ("≥" if side == "above" else "≤", goal)


def main():
    print("%-44s %-18s %12s  %s" % ("figure", "what", "measured", "goal"))
    with open(sys.argv[1], encoding="utf-8") as file:
        for line in map(json.loads, file):
            name = line["figure"]
            for path, unit, goal, side in COLUMNS:
                value = value_at(line, path)
                if value is None:
                    continue
                print("%-44s %-18s %12g  %s"
                      % (name, unit, value, goal_text(line, path, goal, side)))
                name = ""
            limits = line.get("limits")
            if limits:
                print("%-44s %-18s %12g" % (
                    name, "(commits/s alone)", limits["lmdb_commits_per_s"]))


if __name__ == "__main__":
    main()

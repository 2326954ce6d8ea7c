"""Test lines that ctest and people can read (TAP)."""
import sys
import time
import traceback

POLL_S = 0.02


class Tap:
    def __init__(self):
        self.count = 0
        self.failed = 0

    def ok(self, name, is_good, why=""):
        self.count += 1
        print("%sok %d - %s" % ("" if is_good else "not ", self.count, name),
              flush=True)
        if not is_good:
            self.failed += 1
            self.note(why)
        return is_good

    def equal(self, name, got, expected):
        return self.ok(name, got == expected,
                       "got %r\ninstead of %r" % (got, expected))

    def known(self, name, is_good, why):
        """A fault of the gateway that is known: not ours to fail for, until
        it is gone."""
        if is_good:
            return self.ok(name + " (no longer TODO)", True)
        self.count += 1
        print("not ok %d - %s # TODO %s" % (self.count, name, why),
              flush=True)
        return False

    def refused(self, name, exception, call, *arguments):
        """Must raise it."""
        try:
            got = call(*arguments)
        except exception:
            return self.ok(name, True)
        except Exception as other:  # pylint: disable=broad-except
            return self.ok(name, False, repr(other))
        return self.ok(name, False, "was taken: %r" % (got,))

    def note(self, text):
        for line in str(text).splitlines():
            print("# " + line, flush=True)

    def run(self, title, call, *arguments):
        """A part of a test: whatever it throws is a failure of it."""
        self.note(title)
        try:
            call(*arguments)
        except Exception:  # pylint: disable=broad-except
            self.ok(title + " got to its end", False, traceback.format_exc())

    def end(self):
        print("1..%d" % self.count)
        sys.exit(1 if self.failed else 0)


def wait_until(what, call, timeout_s=20):
    """Polls until it is true; its value. Only what was slept here counts:
    while the machine stands still, nobody else got on either."""
    for _ in range(round(timeout_s / POLL_S)):
        value = call()
        if value:
            return value
        time.sleep(POLL_S)
    raise TimeoutError("waited %d s in vain: %s" % (timeout_s, what))

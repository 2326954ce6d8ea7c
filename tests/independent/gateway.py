"""Real gateways on loopback, by their command line alone."""
import json
import os
import random
import signal
import socket
import subprocess

from refer.card import Card
from refer.text import armour, armour_read
from tap import wait_until

READY_S = 20
STOP_S = 10
CALL_S = 300


def port_pick():
    """Of loopback and free, below those that the kernel gives out."""
    for _ in range(200):
        port = random.randrange(20000, 32000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise OSError("no free port")


class Gateway:
    def __init__(self, build, folder, key, name, is_in_card=True):
        """Where it listens may be missing from its card."""
        self.referctl = os.path.join(build, "tools", "referctl")
        self.referd = os.path.join(build, "gateway", "daemon", "referd")
        self.folder = os.path.join(folder, key)
        self.log = self.folder + ".log"
        self.config = os.path.join(self.folder, "referd.yaml")
        self.process = None
        self.port = port_pick()
        url = "tls+tcp://127.0.0.1:%d" % self.port
        subprocess.run(
            [self.referctl, "init", self.folder, "--name", name, "--contact",
             "referral_lead;Front desk;+000 555 0100;Mo-Sa"]
            + (["--listen", url] if is_in_card else []),
            check=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            timeout=CALL_S)
        if not is_in_card:
            with open(self.config, encoding="utf-8") as file:
                lines = [line for line in file
                         if not line.startswith("listen:")]
            with open(self.config, "w", encoding="utf-8") as file:
                file.writelines(lines + ['listen: ["%s"]\n' % url])

    def start(self):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [self.referd, "-c", self.config], stdout=log,
                stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
        wait_until("the gateway is ready", self.is_ready, READY_S)

    def is_ready(self):
        if self.process.poll() is not None:
            raise RuntimeError("the gateway ended: " + self.log_end())
        return self.run("health")[0] == 0

    def stop(self):
        """Its exit status."""
        if self.process is None:
            return 0
        process, self.process = self.process, None
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        try:
            return process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            return -signal.SIGKILL

    def log_text(self):
        with open(self.log, encoding="utf-8", errors="replace") as file:
            return file.read()

    def log_end(self):
        return "\n".join(self.log_text().splitlines()[-25:])

    # ---- Commands

    def run(self, *arguments):
        """Status and output, both streams."""
        done = subprocess.run(
            [self.referctl, "-c", self.config, *arguments],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL, timeout=CALL_S, check=False)
        return done.returncode, done.stdout.decode()

    def ctl(self, *arguments):
        status, output = self.run(*arguments)
        if status != 0:
            raise RuntimeError("referctl %s: status %d\n%s" % (
                " ".join(arguments), status, output))
        return output

    def json(self, *arguments):
        return json.loads(self.ctl("--json", *arguments))

    # ---- Agencies

    def card(self):
        path = self.folder + ".card"
        self.ctl("card", "export", "-o", path)
        with open(path, encoding="ascii") as file:
            return Card(armour_read("CARD", file.read()))

    def import_card(self, card):
        """The safety number that it shows."""
        path = os.path.join(self.folder, card.id + ".card")
        with open(path, "w", encoding="ascii") as file:
            file.write(armour("CARD", card.signed))
        for line in self.ctl("card", "import", path).splitlines():
            title, _, value = line.partition("\t")
            if title == "safety number":
                return value
        raise RuntimeError("no safety number")

    def accept_card(self, agency_id, safety_number):
        self.ctl("card", "accept", agency_id, "--safety-number",
                 safety_number)

    def peer(self, agency_id):
        for peer in self.json("peer", "list"):
            if peer["agency"] == agency_id:
                return peer
        return None

    def is_settled(self, agency_id):
        peer = self.peer(agency_id)
        return peer is not None and peer["settled"]

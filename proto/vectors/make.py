#!/usr/bin/env python3
"""Writes the vectors of this folder from PROTOCOL.md alone: nothing here shares code with the
product. Needs Python 3 with the package `cryptography` (44 or later, for Argon2id).

    python3 make.py        rewrites the files; the result is always the same
"""
import base64
import hashlib
import hmac
import pathlib
import re
import struct

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

HERE = pathlib.Path(__file__).parent


def sha(data):
    return hashlib.sha256(data).digest()


def u(bits, value):
    return value.to_bytes(bits // 8, "big")


def vec(data):
    n = len(data)
    if n < 64:
        return u(8, n) + data
    if n < 16384:
        return u(16, 0x4000 | n) + data
    return u(32, 0x80000000 | n) + data


def labelled(label, data):
    return vec(label.encode()) + data


def h(label, data):
    return sha(labelled(label, data))


class Key:
    def __init__(self, seed):
        self.private = Ed25519PrivateKey.from_private_bytes(seed)
        self.public = self.private.public_key().public_bytes_raw()

    def sign(self, label, data):
        return self.private.sign(labelled(label, data))


def fill(text, n):
    """n bytes that depend on a text: stands in for randomness."""
    out, i = b"", 0
    while len(out) < n:
        out += sha(f"{text} {i}".encode())
        i += 1
    return out[:n]


def device_id(public):
    return h("huecry/1 device id", public)[:16]


def invite_id(public):
    return h("huecry/1 invite id", public)[:16]


def stream(kind, ident, incarnation):
    return u(8, kind) + ident + u(32, incarnation)


DIRECTORY = stream(1, bytes(16), 0)


def header(name, seq, submitter, kind, message, accepted, expiry, body):
    return (u(8, 1) + name + u(64, seq) + submitter + u(8, kind) + message + u(64, accepted)
            + u(64, expiry) + u(32, len(body)) + sha(body))


def write(file, meaning, fields):
    lines = [f"# {line}" for line in meaning]
    for name, value in fields:
        text = value.hex() if isinstance(value, bytes) else str(value)
        lines.append(f"{name} = {text}")
    (HERE / file).write_text("\n".join(lines) + "\n")


def streams():
    partnership, channel = fill("partnership", 32), fill("channel", 16)
    relay = Key(fill("relay", 32))
    name = stream(2, channel, 3)
    body = b"body"
    head_bytes = header(name, 1, fill("device", 16), 3, fill("message", 16), 1700000000123,
                        1700000100123, body)
    start = h("huecry/1 chain start", partnership + name)
    after = h("huecry/1 chain", start + head_bytes)
    head = u(8, 1) + partnership + name + u(64, 1) + after + u(64, 1700000000200) + u(64, 1)
    signature = relay.sign("huecry/1 head", head)
    write("stream.txt", ["The first entry of channel stream 3: header, chain, signed head."], [
        ("partnership", partnership), ("channel", channel), ("incarnation", 3),
        ("submitter", fill("device", 16)), ("message_id", fill("message", 16)),
        ("accepted_ms", 1700000000123), ("expiry_ms", 1700000100123), ("body", body),
        ("header", head_bytes), ("chain_start", start), ("chain_after", after),
        ("relay_key", relay.public), ("head", head), ("signature", signature)])
    signed = vec(head) + signature
    data = u(8, 1) + fill("message", 16) + signed + u(64, 7) + after
    join = u(8, 1) + signed + u(64, 5) + u(64, 7) + after + fill("commit", 16)
    write("authenticated_data.txt", ["What every MLS message carries, and what a Welcome tells."], [
        ("message_id", fill("message", 16)), ("head", head), ("signature", signature),
        ("stream_seq", 7), ("running_hash", after), ("authenticated_data", data),
        ("floor_index", 5), ("processed_seq", 7), ("commit_id", fill("commit", 16)),
        ("join_info", join)])


def session():
    relay, device = Key(fill("relay", 32)), Key(fill("device key", 32))
    parts = [("exporter", fill("exporter", 32)), ("client_nonce", fill("client", 32)),
             ("relay_nonce", fill("nonce", 32)), ("relay_key", relay.public),
             ("partnership", fill("partnership", 32)), ("kind", 1),
             ("subject", device_id(device.public))]
    transcript = u(16, 1) + b"".join(u(8, v) if isinstance(v, int) else v for _, v in parts)
    write("session.txt", ["Both proofs of one connection."], parts + [
        ("relay_signature", relay.sign("huecry/1 relay proof", transcript)),
        ("client_key", device.public),
        ("client_signature", device.sign("huecry/1 client proof", transcript))])


def words():
    text = (HERE.parent / "PROTOCOL.md").read_text()
    section = text[text.index("Words number"):text.index("### 12.9")]
    return " ".join(re.findall(r"^    (.*)$", section, re.M)).split()


def invite():
    secret = fill("secret", 32)
    one_time = Key(hmac.digest(secret, b"huecry/1 invite signing", "sha256"))
    private = hmac.digest(secret, b"huecry/1 invite sealing", "sha256")
    seal = X25519PrivateKey.from_private_bytes(private).public_key().public_bytes_raw()
    partnership, relay = fill("partnership", 32), Key(fill("relay", 32))
    link = (u(8, 1) + u(8, 1) + secret + partnership + relay.public + u(16, 8443)
            + vec(b"relay.example") + vec("Northgate Shopwatch".encode()))
    link += h("huecry/1 link check", link)[:4]
    text = "huecry://join/" + base64.urlsafe_b64encode(link).decode().rstrip("=")
    write("invite.txt", ["An invite's keys and its link, from the 32-byte secret."], [
        ("secret", secret), ("one_time_key", one_time.public), ("seal_key", seal),
        ("invite", invite_id(one_time.public)), ("partnership", partnership),
        ("relay_key", relay.public), ("host", "relay.example"), ("port", 8443),
        ("name", "Northgate Shopwatch"), ("link", text)])
    device, sealing = Key(fill("device key", 32)), fill("sealing", 32)
    ident = device_id(device.public)
    digest = h("huecry/1 safety phrase", partnership + ident + device.public + sealing
               + invite_id(one_time.public))
    salt = h("huecry/1 safety salt", partnership)[:16]
    stretched = Argon2id(salt=salt, length=16, iterations=2, lanes=1, memory_cost=16384).derive(
        digest)
    phrase = " ".join(words()[b] for b in stretched[:6])
    write("safety_phrase.txt", ["What newcomer and approver read to each other."], [
        ("partnership", partnership), ("signing_key", device.public), ("sealing_key", sealing),
        ("invite", invite_id(one_time.public)), ("phrase", phrase)])
    key, body = fill("document", 32), "We share what we need."
    write("names.txt", ["Salted hash of a name; digest of an agreement's text; a key to come."], [
        ("salt", fill("salt", 16)), ("name", "Café Anna"),
        ("name_hash", h("huecry/1 name", fill("salt", 16) + "Café Anna".encode())),
        ("document_key", key), ("text", body),
        ("text_digest", h("huecry/1 document digest", key + body.encode())),
        ("root", device.public), ("root_hash", h("huecry/1 next root", device.public))])


class Log:
    """Plays the relay: gives index and time, keeps the chain, writes entries with verdicts."""

    def __init__(self):
        self.fields, self.hashes, self.time = [], [], 1700000000000
        self.count = 0

    def statement(self, action, body, partnership=None, version=0, seen=None):
        self.count += 1
        index = len(self.hashes) - 1 if seen is None else seen
        genesis = action == 1
        return (u(16, 1) + (bytes(32) if genesis else (partnership or self.partnership))
                + u(16, action) + fill(f"nonce {self.count}", 16) + u(64, version)
                + u(64, 0 if genesis else index) + (bytes(32) if genesis else self.hashes[index])
                + vec(body))

    @staticmethod
    def signed(statement, blocks):
        out = b"".join(u(8, kind) + ident + key.sign("huecry/1 statement", statement)
                       for kind, ident, key in sorted(blocks, key=lambda b: b[:2]))
        return vec(statement) + vec(out)

    def entry(self, meaning, body, verdict="accept", seq=None):
        number = max(len(self.hashes), 1) if seq is None else seq
        head = header(DIRECTORY, number, bytes(16), 1, fill(f"id {self.count}", 16), self.time, 0,
                      body)
        if verdict == "accept":
            if not self.hashes:
                self.hashes.append(h("huecry/1 chain start", self.partnership + DIRECTORY))
            self.hashes.append(h("huecry/1 chain", self.hashes[-1] + head))
        self.fields += [("entry", meaning), ("header", head), ("body", body), ("verdict", verdict)]


def channel(name, read, post, requires, creator, all_members=0):
    return (fill(f"channel {name}", 16) + fill(f"channel name {name}", 32) + u(16, read)
            + u(16, post) + u(8, requires) + u(32, 2592000) + u(32, 604800) + u(8, all_members)
            + creator)


def directory():
    log = Log()
    root, founder, shop, other = (Key(fill(n, 32)) for n in ("root", "founder", "shop", "other"))
    relay = Key(fill("relay", 32))
    owner = device_id(founder.public)
    founding(log, root, Key(fill("next root", 32)), founder, relay)

    def by(key, action, body, **kw):
        return log.signed(log.statement(action, body, **kw), [(2, device_id(key.public), key)])

    alerts = channel("alerts", 0x03, 0x03, 1, owner)
    log.entry("channel defined", by(founder, 7, alerts))
    log.entry("the same channel again", by(founder, 7, alerts), "statement_conflict")

    def invite(key, role, in_person, who, lifetime=604800000):
        return (key.public + fill("seal", 32) + u(8, 1) + fill(who, 16) + fill(who + " name", 32)
                + fill(who + " organisation", 16) + fill(who + " organisation name", 32)
                + u(8, role) + u(8, in_person) + vec(b"") + u(64, lifetime) + vec(b""))

    def admission(key, device):
        ident = invite_id(key.public)
        body = ident + device.public + fill("sealing " + ident.hex(), 32)
        return log.signed(log.statement(4, body), [(3, ident, key),
                                                   (4, device_id(device.public), device)])

    first, second, third = (Key(fill(f"one-time {i}", 32)) for i in range(3))
    log.entry("invite of a retailer, in person", by(founder, 2, invite(first, 1, 1, "shop")))
    log.entry("invite of a police officer", by(founder, 2, invite(second, 5, 1, "police")))
    log.time += 60000
    log.entry("the retailer admits its device", admission(first, shop))
    log.entry("second use of the invite", admission(first, other), "invite_used")
    log.entry("the police device admits itself, and is pending", admission(second, other))
    approve = 5
    log.entry("a retailer cannot approve", by(shop, approve, device_id(other.public)),
              "statement_forbidden")
    log.entry("a coordinator can", by(founder, approve, device_id(other.public)))
    log.entry("police cannot revoke", by(other, 6, device_id(shop.public)), "statement_forbidden")
    log.entry("a retailer cannot invite", by(shop, 2, invite(third, 1, 1, "friend")),
              "statement_forbidden")
    agreement = (u(32, 1) + fill("text", 32) + fill("blob", 16) + u(32, 1000) + u(64, 1209600000)
                 + vec(b""))
    log.entry("agreement published", by(founder, 9, agreement))
    log.entry("the retailer accepts", by(shop, 10, u(32, 1)))
    log.entry("nobody accepts twice", by(shop, 10, u(32, 1)), "statement_conflict")
    log.entry("the deadline is not past", by(founder, 11, u(32, 1) + vec(fill("police", 16))),
              "statement_conflict")
    log.time += 1209600000
    log.entry("the police lapse", by(founder, 11, u(32, 1) + vec(fill("police", 16))))
    log.entry("an unknown action", by(founder, 99, fill("police", 16)), "statement_unknown")
    log.entry("another partnership's", by(founder, 6, device_id(shop.public),
                                         partnership=fill("elsewhere", 32)),
              "statement_forbidden")
    log.entry("out of order", by(founder, 6, device_id(shop.public)), "relay_rejected_chain",
              seq=len(log.hashes) + 1)
    changed = log.statement(8, alerts, version=2)
    log.entry("a version that is not there",
              log.signed(changed, [(2, owner, founder)]), "statement_conflict")
    forged = bytearray(by(founder, 6, device_id(shop.public)))
    forged[-1] ^= 1
    log.entry("a changed signature", bytes(forged), "statement_signature")
    log.entry("a revocation made long before", by(founder, 6, device_id(shop.public), seen=2))
    log.entry("the last coordinator stays", by(founder, 6, owner), "last_coordinator")
    late = invite(third, 1, 1, "friend", 1000)
    log.entry("a short invite", by(founder, 2, late))
    log.time += 1000
    log.entry("too late by nothing", admission(third, Key(fill("late", 32))), "invite_expired")
    write("directory.txt", ["A directory, entry by entry, with the verdict on each.",
                            "A refused entry leaves the state as it was; the next has its place."],
          [("partnership", log.partnership)] + log.fields
          + [("index", len(log.hashes) - 1), ("running_hash", log.hashes[-1]),
             ("channel", fill("channel alerts", 16)), ("reader", owner),
             ("loss_index", len(log.hashes) - 2)])


def founding(log, root, next_root, founder, relay):
    """The first entry of a directory; gives the founder's device id."""
    owner = device_id(founder.public)
    genesis = (root.public + h("huecry/1 next root", next_root.public) + relay.public
               + u(16, 8443) + vec(b"relay.example") + fill("member", 16) + founder.public
               + fill("founder sealing", 32) + fill("member name", 32) + fill("organisation", 16)
               + fill("organisation name", 32) + fill("partnership name", 32)
               + channel("all", 0x7f, 0x7f, 0, owner, 1) + u(16, 1))
    statement = log.statement(1, genesis)
    log.partnership = h("huecry/1 partnership id", statement)
    log.entry("genesis", log.signed(statement, [(1, bytes(16), root), (4, owner, founder)]))
    return owner


def later():
    """Actions 12 to 34."""
    log = Log()
    names = ("root", "next root", "third root", "founder", "relay", "new relay", "shop", "guard",
             "second", "thief", "fresh")
    key = {n: Key(fill(n, 32)) for n in names}
    owner = founding(log, key["root"], key["next root"], key["founder"], key["relay"])
    root_id = bytes(16)

    def by(who, action, body, version=0, kind=2):
        ident = device_id(key[who].public) if kind == 2 else root_id
        return log.signed(log.statement(action, body, version=version), [(kind, ident, key[who])])

    def invite(one_time, role, who, kind=1, in_person=1):
        return (one_time.public + fill("seal", 32) + u(8, kind) + fill(who, 16)
                + fill(who + " name", 32) + fill(who + " organisation", 16)
                + fill(who + " organisation name", 32) + u(8, role) + u(8, in_person) + vec(b"")
                + u(64, 604800000) + vec(b""))

    def admission(one_time, device):
        ident = invite_id(one_time.public)
        body = ident + device.public + fill("sealing " + ident.hex(), 32)
        return log.signed(log.statement(4, body), [(3, ident, one_time),
                                                   (4, device_id(device.public), device)])

    def join(who, role):
        one_time = Key(fill("one-time " + who, 32))
        log.entry(who + " is invited", by("founder", 2, invite(one_time, role, who)))
        log.entry(who + " joins", admission(one_time, key[who]))
        return one_time

    alerts = fill("channel alerts", 16)
    log.entry("channel defined", by("founder", 7, channel("alerts", 0x07, 0x03, 0, owner)))
    used = join("shop", 1)
    join("guard", 2)
    shop, guard = device_id(key["shop"].public), device_id(key["guard"].public)

    second_use = admission(used, key["thief"])
    log.entry("second use of an invite", second_use, "invite_used")
    log.entry("its alarm", by("relay", 34, vec(second_use), kind=6))
    log.entry("the alarm again", by("founder", 34, vec(second_use)), "statement_conflict")

    # delegation
    two = fill("shop organisation", 16) + fill("guard organisation", 16)
    until = u(64, log.time + 86400000)
    log.entry("nobody grants for others", by("founder", 19, two + until), "statement_forbidden")
    log.entry("the shop delegates to the guards", by("shop", 19, two + until))
    log.entry("the guards give it back", by("guard", 20, two))

    # complaints, bars, rejoin, restart
    def complaint(n):
        return alerts + u(32, 1) + fill(f"commit {n}", 16) + guard

    log.entry("the shop complains of the guard", by("shop", 24, complaint(1)))
    log.entry("and again: the guard is barred", by("shop", 24, complaint(2)))
    package = vec(alerts + vec(fill("key package", 300)))
    log.entry("and rejoins", by("shop", 22, u(8, 2) + package))
    log.entry("a coordinator lifts the bar", by("founder", 23, alerts + guard + u(8, 0)))
    log.entry("the guard lost its state", by("guard", 22, u(8, 1) + package))
    log.entry("and once more: it waits", by("guard", 22, u(8, 1) + package))
    log.entry("a coordinator approves", by("founder", 33, guard))
    log.entry("nothing waits", by("founder", 33, guard), "statement_conflict")
    anchor = vec(alerts + u(32, 1) + u(64, 7) + fill("authenticator", 32) + u(64, 12)
                 + fill("anchor", 32))
    log.entry("anchored", by("founder", 25, anchor))
    log.entry("one a day", by("founder", 25, anchor), "statement_conflict")
    log.entry("no reader restarts without need", by("shop", 17, alerts + shop, version=1),
              "statement_forbidden")
    log.entry("the relay was restored", by("relay", 31, u(64, 2), kind=6))
    log.entry("now a reader may restart", by("shop", 17, alerts + shop, version=1))

    # members and devices
    log.entry("suspended", by("founder", 14, fill("guard", 16)))
    log.entry("may not delegate, being out", by("guard", 20, two), "statement_forbidden")
    log.entry("reinstated", by("founder", 15, fill("guard", 16)))
    log.entry("the guard becomes a warden", by("founder", 16, fill("guard", 16) + u(8, 3) + vec(b""),
                                              version=2))
    log.entry("upon an old version", by("founder", 16, fill("guard", 16) + u(8, 2) + vec(b""),
                                       version=2), "statement_conflict")
    fresh = key["fresh"]
    rotation = log.statement(13, fresh.public + fill("fresh sealing", 32))
    log.entry("the shop's key is rotated", log.signed(rotation, [
        (2, shop, key["shop"]), (4, device_id(fresh.public), fresh)]))
    log.entry("the old key is nothing", by("shop", 32, b""), "statement_forbidden")
    log.time += 46 * 86400000
    log.entry("unseen for long", by("founder", 12, vec(guard)))
    log.entry("back again", by("guard", 32, b""))

    # quorum and policy
    one_time = join("second", 0)
    del one_time
    second = device_id(key["second"].public)
    log.entry("approved", by("founder", 5, second))
    log.entry("a quorum of two", by("founder", 29, u(32, 2), version=1))

    def policy(days):
        return (u(8, 1) + u(8, 1) + u(16, 45) + u(32, 31536000) + u(32, 31536000) + u(32, 43200)
                + u(16, 1) + u(16, days))

    log.entry("a stricter policy", by("founder", 21, policy(20), version=1))
    statement = log.statement(21, policy(25), version=2)
    proposal = h("huecry/1 statement id", statement)
    log.entry("a looser one is a proposal", log.signed(statement, [(2, owner, key["founder"])]))
    log.entry("its author is one already", by("founder", 30, proposal), "statement_conflict")
    log.entry("the second coordinator endorses it", by("second", 30, proposal))
    log.entry("it is done", by("second", 30, proposal), "statement_conflict")
    log.entry("coordinators do not lower it", by("second", 29, u(32, 1), version=2),
              "statement_forbidden")
    log.entry("the root does", by("root", 29, u(32, 1), version=2, kind=1))

    # the partnership's own affairs
    log.entry("a later version", by("founder", 27, u(16, 2)), "statement_unknown")
    log.entry("no earlier one", by("founder", 27, u(16, 1)), "statement_conflict")
    moved = key["new relay"].public + u(16, 443) + vec(b"new.example")
    log.entry("coordinators do not move the relay", by("founder", 26, moved), "statement_forbidden")
    log.entry("the root does that", by("root", 26, moved, kind=1))
    log.entry("the old relay is nothing", by("relay", 31, u(64, 3), kind=6), "statement_signature")
    rotated = key["next root"].public + h("huecry/1 next root", key["third root"].public)
    log.entry("the thief of the root cannot rotate it", by("root", 28, rotated, kind=1),
              "statement_forbidden")
    log.entry("the next root can", by("next root", 28, rotated, kind=5))
    log.entry("a channel closed", by("founder", 18, alerts))
    write("directory_later.txt", ["Actions 12 to 34, entry by entry, with the verdict on each."],
          [("partnership", log.partnership)] + log.fields
          + [("index", len(log.hashes) - 1), ("running_hash", log.hashes[-1]),
             ("root_key", key["next root"].public), ("relay_key", key["new relay"].public)])


def padding():
    fields = []
    for n in (0, 63, 64, 510, 511, 3582, 3583, 15870, 65020):
        content = bytes([0xAB]) * n
        packed = vec(content)
        size = next(s for s in (512, 3584, 15872, 65024) if len(packed) <= s)
        fields += [("length", n), ("padded", size), ("sha256", sha(packed.ljust(size, b"\0")))]
    write("padding.txt", ["Contents of n bytes AB: padded length and its SHA-256."], fields)


if __name__ == "__main__":
    streams()
    session()
    invite()
    directory()
    later()
    padding()

#!/usr/bin/python3
"""Compares misses and false hits of the scrubber of log lines with those of Sentry's, on 2,000 generated lines.

    scrubber.py [--scrim PATH] [--seed N] [--lines N] [--show N]

Half of the lines contain a secret of one of twelve kinds among other words: mail addresses, cards with and without separators, IBANs of nine
countries, JSON web tokens, Bearer and Basic headers, PEM keys, URLs with a password, URLs with query values, tokens with a known
prefix, values under names of secrets, and such values in nested, escaped and encoded notations. The other half contain similar texts that are no secrets: milliseconds, order numbers and cards with a wrong last
digit, identifiers, digests, versions, paths, IBANs with a wrong check. All are invented; card numbers are made by Luhn's rule.
A miss is a secret that is unchanged in the output; a false hit is a harmless word that is missing. Scrim runs as `scrim record` of a capture of log
events; Sentry as `pii_strip_event` of the wheel sentry-relay with its default rules, if Python can import it
(pip install sentry-relay). Exits with 1 if Scrim has more misses or more false hits than Sentry."""

import argparse
import base64
import json
import os
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
WORDS = "the a payment request for customer of order was sent retry after timeout session user login worker cache index page render queue".split()


def luhn(digits):
    total = 0
    for place, digit in enumerate(reversed(digits)):
        number = int(digit) * (2 if place % 2 else 1)
        total += number - 9 if number > 9 else number
    return total % 10


def card(r):
    prefix = r.choice(["4", "51", "55", "34", "37", "6011", "2221"])
    length = 15 if prefix in ("34", "37") else 16
    digits = prefix + "".join(r.choice("0123456789") for _ in range(length - len(prefix) - 1))
    digits += next(d for d in "0123456789" if luhn(digits + d) == 0)
    return digits, r.choice(["", " ", "-"])


def grouped(digits, separator):
    return separator.join(digits[i : i + 4] for i in range(0, len(digits), 4)) if separator else digits


def iban(r, is_valid=True):
    country, length = r.choice([("DE", 22), ("FR", 27), ("GB", 22), ("ES", 24), ("NL", 18), ("IT", 27), ("CH", 21), ("AT", 20), ("BE", 16)])
    letters = {"GB": 4, "NL": 4, "FR": 0, "IT": 0}.get(country, 0)
    body = "".join(r.choice("ABCDEFGH") for _ in range(letters))
    body += "".join(r.choice("0123456789") for _ in range(length - 4 - letters))
    if country == "IT":
        body = r.choice("ABCX") + body[1:]
    number = int("".join(str(int(c, 36)) for c in body + country + "00"))
    check = 98 - number % 97
    if not is_valid:
        check = (check + r.randint(1, 90)) % 97 + 2 if check < 50 else check - r.randint(1, 40)
    return f"{country}{check:02d}{body}"


def plain64(data):
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def text(r, alphabet, count):
    return "".join(r.choice(alphabet) for _ in range(count))


ALNUM = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
HEX = "0123456789abcdef"


# A text in JSON with a quote in it, values that are objects and arrays, JSON in a text of JSON, Python, SQL, CSV, URL and HTML encoding, an
# option, an element, a block of YAML.
NOTATIONS = [
    '{"NAME":"a\\"VALUE","n":1}', '{"NAME":{"k":"VALUE"},"n":1}', '{"NAME":["a","VALUE"]}', '{\\"NAME\\":\\"VALUE\\"}', "{'NAME': 'VALUE'}",
    "NAME='it''s VALUE'", 'NAME="a VALUE"', '"{""NAME"":""VALUE""}"', "NAME%3DVALUE%26n%3D1", "%22NAME%22%3A%22VALUE%22", "&quot;NAME&quot;:&quot;VALUE&quot;",
    "--NAME VALUE", "<NAME>VALUE</NAME>", "\nNAME:\n  user: VALUE\nn: 1\n", "\nNAME: a VALUE\n",
]


def secret(r):
    """A kind, the words that contain the secret, and the text that must be removed."""
    kind = r.choice(["mail", "card", "iban", "jwt", "bearer", "basic", "pem", "userinfo", "query", "token", "key", "notation"])
    if kind == "mail":
        mail = f"{r.choice(['anna', 'j.doe', 'info+shop', 'x_y'])}{r.randint(1, 99)}@{r.choice(['example.com', 'mail.example.co.uk', 'firma.example.de'])}"
        return kind, mail, mail
    if kind == "card":
        digits, separator = card(r)
        return kind, grouped(digits, separator), grouped(digits, separator)
    if kind == "iban":
        value = iban(r)
        shown = grouped(value, r.choice(["", " "]))
        return kind, shown, shown
    if kind == "jwt":
        head, body = plain64(b'{"alg":"HS256","typ":"JWT"}'), plain64(json.dumps({"sub": str(r.randint(1, 10**9))}).encode())
        value = f"{head}.{body}.{text(r, ALNUM, 43)}"
        return kind, value, value
    if kind == "bearer":
        value = text(r, ALNUM, 40)
        return kind, f"Authorization: Bearer {value}", value
    if kind == "basic":
        value = base64.b64encode(f"user:{text(r, ALNUM, 9)}".encode()).decode()
        return kind, f"Authorization: Basic {value}", value
    if kind == "pem":
        value = text(r, ALNUM + "+/", 64)
        return kind, f"-----BEGIN PRIVATE KEY-----\n{value}\n-----END PRIVATE KEY-----", value
    if kind == "userinfo":
        value = text(r, ALNUM, 12)
        return kind, f"https://svc:{value}@db.example.com/app", value
    if kind == "query":
        value = text(r, ALNUM, 14)
        return kind, f"GET https://api.example.com/cart?{r.choice(['id', 'q', 'session', 'ref'])}={value}", value
    if kind == "token":
        value = r.choice([
            "ghp_" + text(r, ALNUM, 36), "github_pat_" + text(r, ALNUM, 22) + "_" + text(r, ALNUM, 59), "glpat-" + text(r, ALNUM, 20),
            "xoxb-" + text(r, "0123456789", 11) + "-" + text(r, ALNUM, 24), "AKIA" + text(r, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 16),
            "AIza" + text(r, ALNUM, 35), "npm_" + text(r, ALNUM, 36), "dop_v1_" + text(r, HEX, 64),
        ])
        return kind, value, value
    if kind == "notation":
        value, name = text(r, ALNUM, 12), r.choice(["password", "secret", "client_secret", "passwd", "credentials"])
        return kind, r.choice(NOTATIONS).replace("NAME", name).replace("VALUE", value), value
    value = text(r, ALNUM, 12)
    name = r.choice(["password", "secret", "api_key", "passwd", "client_secret", "private-key", "otp", "access_token"])
    return kind, r.choice([f"{name}={value}", f'"{name}":"{value}"', f"{name}: {value}"]), value


def harmless(r):
    kind = r.choice(["milliseconds", "order", "wrong card", "wrong iban", "identifier", "digest", "version", "path", "time", "size", "fields"])
    if kind == "milliseconds":
        return kind, str(r.randint(1_600_000_000_000, 1_800_000_000_000))
    if kind == "order":
        return kind, text(r, "123456789", 1) + text(r, "0123456789", r.randint(5, 10))
    if kind == "wrong card":
        digits, separator = card(r)
        digits = digits[:-1] + str((int(digits[-1]) + r.randint(1, 9)) % 10)
        return kind, grouped(digits, separator)
    if kind == "wrong iban":
        return kind, iban(r, is_valid=False)
    if kind == "identifier":
        words = text(r, HEX, 32)
        return kind, "-".join((words[:8], words[8:12], "4" + words[13:16], "a" + words[17:20], words[20:]))
    if kind == "digest":
        return kind, text(r, HEX, r.choice([7, 40, 64]))
    if kind == "version":
        return kind, f"v{r.randint(0, 20)}.{r.randint(0, 30)}.{r.randint(0, 99)}-rc{r.randint(1, 9)}"
    if kind == "path":
        return kind, f"/var/lib/app/{text(r, HEX, 6)}/{r.choice(['index', 'page', 'shard'])}.{r.choice(['db', 'log', 'html'])}"
    if kind == "time":
        return kind, f"2026-{r.randint(1, 12):02d}-{r.randint(1, 28):02d}T{r.randint(0, 23):02d}:{r.randint(0, 59):02d}:00Z"
    if kind == "fields":
        return kind, r.choice(['{"count":NUMBER,"name":"index"}', "count=NUMBER&name=index", "<count>NUMBER</count>", "--count NUMBER", "count%3DNUMBER"]).replace(
            "NUMBER", str(r.randint(1, 9999)))
    return kind, f"{r.randint(1, 9999)}KB"


def corpus(seed, count):
    r = random.Random(seed)
    lines = []
    for number in range(count):
        before, after = (" ".join(r.choice(WORDS) for _ in range(r.randint(1, 6))) for _ in range(2))
        if number % 2:
            kind, words, value = secret(r)
        else:
            kind, words = harmless(r)
            value = words
        lines.append({"kind": kind, "is_secret": bool(number % 2), "line": f"{before} {words} {after}", "value": value})
    return lines


def by_scrim(scrim, lines):
    from PIL import Image
    folder = tempfile.mkdtemp(prefix="scrim-scrubber-")
    try:
        capture = pathlib.Path(folder, "capture")
        (capture / "frames").mkdir(parents=True)
        Image.new("RGB", (64, 48)).save(capture / "frames/0000.png")
        shape = {"format": "capture-corpus/1", "width": 64, "height": 48, "fps": 10}
        (capture / "capture.json").write_text(json.dumps(shape))
        frame = {"index": 0, "t_ms": 0, "image": "frames/0000.png", "windows": [], "widgets": []}
        last = dict(frame, index=1, t_ms=20.0 * len(lines))
        (capture / "frames.jsonl").write_text(json.dumps(frame) + "\n" + json.dumps(last) + "\n")
        events = ({"t_ms": 1 + 20 * i, "type": "log", "level": "info", "message": line["line"]} for i, line in enumerate(lines))
        (capture / "events.jsonl").write_text("".join(json.dumps(event) + "\n" for event in events))
        run = lambda *arguments: subprocess.run([scrim, *arguments], capture_output=True, text=True, timeout=120, check=True).stdout
        run("record", str(capture), "--out", f"{folder}/session", "--quiet")
        shown = [json.loads(line) for line in run("inspect", f"{folder}/session", "--timeline", "--json").splitlines()]
        messages = [event.get("message", "") for event in shown if event["type"] == "log"]
        assert len(messages) == len(lines), f"{len(messages)} of {len(lines)} lines were kept"
        return messages
    finally:
        shutil.rmtree(folder)


def by_relay(lines):
    try:
        from sentry_relay.processing import convert_datascrubbing_config, pii_strip_event
    except ImportError:
        print("skipped: Sentry's rules, for lack of the wheel sentry-relay (pip install sentry-relay)")
        return None
    settings = {"scrubData": True, "scrubDefaults": True, "scrubIpAddresses": True, "sensitiveFields": [], "excludeFields": []}
    config = convert_datascrubbing_config(settings)
    # In Sentry a log line is a breadcrumb, or the text of an entry, to which fewer rules apply.
    strip = {
        "a breadcrumb": lambda line: pii_strip_event(config, {"breadcrumbs": {"values": [{"message": line}]}})["breadcrumbs"]["values"][0].get("message") or "",
        "an entry": lambda line: pii_strip_event(config, {"logentry": {"formatted": line}})["logentry"].get("formatted") or "",
    }
    return {name: [call(line["line"]) for line in lines] for name, call in strip.items()}


def judge(name, lines, outputs, show):
    misses, hits = {}, {}
    for line, output in zip(lines, outputs):
        is_there = line["value"] in output
        if line["is_secret"] and is_there:
            misses.setdefault(line["kind"], []).append(line["line"])
        if not line["is_secret"] and not is_there:
            hits.setdefault(line["kind"], []).append(f"{line['line']} -> {output}")
    count = [sum(line["is_secret"] == kind for line in lines) for kind in (True, False)]
    total = [sum(map(len, found.values())) for found in (misses, hits)]
    words = lambda found: ", ".join(f"{kind} {len(those)}" for kind, those in sorted(found.items())) or "none"
    print(f"{name}: misses {total[0]} of {count[0]} ({words(misses)}); false hits {total[1]} of {count[1]} ({words(hits)})")
    for those in [*misses.values(), *hits.values()]:
        for line in those[:show]:
            print("   ", line.replace("\n", "\\n")[:200])
    return total


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--scrim", default=os.fspath(ROOT / ".build/release/scrim"))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--lines", type=int, default=2000)
    parser.add_argument("--show", type=int, default=0)
    options = parser.parse_args()
    lines = corpus(options.seed, options.lines)
    mine = judge("scrim", lines, by_scrim(options.scrim, lines), options.show)
    outputs = by_relay(lines)
    if outputs is None:
        sys.exit(1 if os.environ.get("SCRIM_NO_SKIP") else 0)
    theirs = [judge(f"sentry-relay, as {name}", lines, output, options.show) for name, output in outputs.items()]
    sys.exit(0 if all(mine[0] <= misses and mine[1] <= hits for misses, hits in theirs) else 1)


if __name__ == "__main__":
    main()

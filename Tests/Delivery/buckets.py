"""Two servers over one bucket, while recorders write to both of them and straight to the bucket."""
import base64
import hashlib
import json
import os
import shutil
import subprocess
import threading
import time
import urllib.error
import urllib.request

from sessions import Session
from tools import SCRIM, Server, upload

# Six segments with four clicks in a row, five without an answer, and a frozen screen.
ANNOYED = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../Server/Tests/ScrimServerTests/Sessions/annoyed")


def call(url, method="GET", body=None, **headers):
    """Returns status and body of an answer."""
    request = urllib.request.Request(
        url, body, {name.replace("_", "-"): value for name, value in headers.items()}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def put(server, session, index, data):
    digest = "sha-256=:%s:" % base64.b64encode(hashlib.sha256(data).digest()).decode()
    return call(f"{server.url}/v1/sessions/{session.id}/segments/{index:08d}", "PUT", data, Content_Digest=digest)[0]


def listed(server, query=""):
    status, body = call(f"{server.url}/v1/sessions?limit=500{query}")
    assert status == 200, (status, body)
    return {entry["session"]: entry for entry in json.loads(body)["sessions"]}


def until(seconds, what, condition):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"{what} takes longer than {seconds} s"
        time.sleep(0.2)
    return time.monotonic() - end + seconds


def keys(client, prefix):
    found = []
    for page in client.get_paginator("list_objects_v2").paginate(Bucket="replays", Prefix=prefix):
        found += [entry["Key"] for entry in page.get("Contents", [])]
    return found


def made(number, count, now, **more):
    session = Session(number, start=now + number % 1000 * 1_000_000_000, producer=f"kiosk {number % 7}")
    for index in range(count):
        session.add(events=[{"type": "error", "name": "Boom", "id": f"e{number}"}] if index == count - 1 else ())
    return session


def versions(folder, endpoint, aws, client, seed):
    """A bucket that keeps older versions of its objects: a deletion removes those, too, and only those of the session."""
    folder += "/versions"
    client.create_bucket(Bucket="versioned")
    client.put_bucket_versioning(Bucket="versioned", VersioningConfiguration={"Status": "Enabled"})
    environment = {**aws, "AWS_ENDPOINT_URL": endpoint}
    sessions = [Session(seed * 1000 + 900), Session(seed * 1000 + 901)]
    for number, session in enumerate(sessions):
        for part in range(2):
            for _ in range(4):
                session.add()
            # The manifest is replaced by the second upload.
            session.write(f"{folder}/{number}{part}/{session.id}")
            upload(f"{folder}/{number}{part}", "s3://versioned/v", env=environment)

    def kept(session):
        page = client.list_object_versions(Bucket="versioned", Prefix="v/default/sessions/")
        return [entry for entry in page.get("Versions", []) + page.get("DeleteMarkers", []) if session.id in entry["Key"]]
    before = len(kept(sessions[1]))
    assert len(kept(sessions[0])) == before >= 9
    done = subprocess.run(
        [SCRIM, "delete", sessions[0].id, "--store", "s3://versioned/v"], capture_output=True, text=True, timeout=60,
        env={**os.environ, **environment})
    assert done.returncode == 0, done.stderr
    assert not kept(sessions[0]) and len(kept(sessions[1])) == before, kept(sessions[0])
    return "deleted with older versions"


def side_by_side(folder, endpoint, aws, client, seed, prefix):
    folder += "/fleet"
    now = time.time_ns() // 10**9 * 10**9 - 3_600_000_000_000
    store = f"s3://replays/{prefix}"
    environment = {**aws, "AWS_ENDPOINT_URL": endpoint}

    def server(name, at=None):
        return Server(
            store, "--cache", f"{folder}/{name}", "--refresh-seconds", "0.5", "--rate", "10000", at=at, env=environment)

    def scrim(*arguments, code=0):
        done = subprocess.run(
            [SCRIM, *arguments], capture_output=True, text=True, timeout=60, env={**os.environ, **environment})
        assert done.returncode == code, (arguments, done.returncode, done.stderr)
        return done.stdout, done.stderr
    servers = [server("a"), server("b")]
    first, second = servers
    try:
        # Recorders: two to each server, two straight to the bucket.
        sessions = [made(seed * 1000 + 500 + number, 8, now) for number in range(6)]
        places = [first.url, second.url, store] * 2
        failures = []

        def deliver(number):
            spool = f"{folder}/spool{number}"
            sessions[number].write(f"{spool}/{sessions[number].id}")
            try:
                upload(spool, places[number], env=environment)
            except Exception as error:
                failures.append(error)
        threads = [threading.Thread(target=deliver, args=[number]) for number in range(6)]
        for thread in threads:
            thread.start()
        # Meanwhile one session whose segments go to both in turn.
        shared = made(seed * 1000 + 600, 12, now)
        for index, data in enumerate(shared.segments):
            assert put(servers[index % 2], shared, index, data) == 201
        for thread in threads:
            thread.join()
        assert not failures, failures
        sessions.append(shared)
        for one in servers:
            until(20, "listing what others stored", lambda: all(
                listed(one).get(session.id, {}).get("segments") == len(session.segments) for session in sessions))
        # Counts of errors come with the events, a moment later.
        until(20, "agreeing", lambda: listed(first) == listed(second))
        for session in sessions:
            for index, data in enumerate(session.segments):
                for one in servers:
                    assert call(f"{one.url}/v1/sessions/{session.id}/segments/{index:08d}") == (200, data)
        # A recorder without a server is found by its error too.
        for number in range(6):
            for one in servers:
                until(20, "reading events", lambda: list(listed(one, f"&error_id=e{seed * 1000 + 500 + number}")) == [sessions[number].id])

        # Each server plays what has come, and finds rage clicks and the like; the page has them.
        shutil.copytree(ANNOYED, f"{folder}/annoyed")
        with open(f"{folder}/annoyed/manifest.json") as file:
            annoyed = json.load(file)["id"]
        scrim("upload", f"{folder}/annoyed", "--to", store, "--quiet")
        for one in servers:
            until(40, "finding rage clicks", lambda: [
                listed(one).get(annoyed, {}).get(kind) for kind in ("errors", "rage_clicks", "dead_clicks", "frozen")] == [2, 1, 5, 1])
            status, page = call(f"{one.url}/s/{annoyed}")
            assert status == 200 and page.count(b'"kind":"dead"') == 5, (status, page[:300])

        # The same again, other bytes, and a broken chain, at the server that didn't store the neighbour.
        again = made(seed * 1000 + 700, 3, now)
        other = Session(seed * 1000 + 700, start=again.start, producer=again.producer)
        other.add(333)
        other.add(333)
        assert other.id == again.id
        assert put(first, again, 0, again.segments[0]) == 201
        assert put(second, again, 1, other.segments[1]) == 409
        assert put(second, again, 0, other.segments[0]) == 409
        assert put(second, again, 0, again.segments[0]) == 200
        assert put(second, again, 1, again.segments[1]) == 201
        assert put(first, again, 2, again.segments[2]) == 201

        # Deleted at one: the other refuses late uploads at once, and forgets it.
        late = sessions[0]
        status, answer = call(f"{first.url}/v1/sessions/{late.id}", "DELETE")
        assert status == 200 and json.loads(answer)["files"] == 9, (status, answer)
        assert put(second, late, 0, late.segments[0]) == 410
        assert call(f"{second.url}/v1/sessions/{late.id}/manifest")[0] == 410
        late.write(f"{folder}/late/{late.id}")
        upload(f"{folder}/late", store, env=environment)
        assert os.path.exists(f"{folder}/late/dropped.jsonl")
        for one in servers:
            until(20, "forgetting a deleted session", lambda: late.id not in listed(one))
        left = [key for key in keys(client, prefix + "/") if late.id in key]
        assert sorted(key.split("/")[-2] for key in left if "/audit/" not in key) == ["deleted"], left

        # An object that came after the deletion is removed by the servers.
        stray = f"{prefix}/default/sessions/{time.strftime('%Y/%m/%d', time.gmtime(late.start // 10**9))}/{late.id}/segments/00000099.scrim"
        client.put_object(Bucket="replays", Key=stray, Body=b"x")
        until(20, "removing a late object", lambda: stray not in keys(client, stray))

        # The command deletes, without a server.
        gone = sessions[1]
        words = json.loads(scrim("delete", gone.id, "--store", store, "--json")[0])
        assert words["files"] == 9 and words["bytes"] > sum(map(len, gone.segments)), words
        for one in servers:
            assert put(one, gone, 0, gone.segments[0]) == 410
            until(20, "forgetting", lambda: gone.id not in listed(one))
        scrim("delete", "00000000-0000-4000-8000-000000000000", "--store", store, code=1)

        # Killed servers; one of them loses its cache: nothing of the store is lost.
        before = listed(second)
        for one in servers:
            one.process.kill()
            one.process.wait(20)
        shutil.rmtree(f"{folder}/a")
        servers[:] = first, second = [server("a", first.port), server("b", second.port)]
        for one in servers:
            until(20, "filling the index", lambda: listed(one) == before)

        # Reads and deletions are in the bucket's audit log, those of killed servers too.
        def audited():
            lines = []
            for key in keys(client, prefix + "/default/audit/"):
                lines += client.get_object(Bucket="replays", Key=key)["Body"].read().splitlines()
            lines = [json.loads(line) for line in lines]
            return {(line["session"], line["action"]) for line in lines}
        wanted = {(late.id, "delete"), (gone.id, "delete"), (shared.id, "read segment 3")}
        until(20, "the audit log", lambda: wanted <= audited())

        # By size, in this project only.
        dry = json.loads(scrim("prune", store, "--max-megabytes", "0", "--project", "other", "--json")[0])
        assert dry == {"bytes": 0, "kept": 0, "sessions": []}, dry
        pruned = json.loads(scrim("prune", store, "--max-megabytes", "0", "--json")[0])
        assert len(pruned["sessions"]) == len(before) and pruned["kept"] == 0, pruned
        assert not [key for key in keys(client, prefix + "/") if "/sessions/" in key]
        for one in servers:
            until(20, "forgetting all", lambda: not listed(one))
            assert put(one, shared, 0, shared.segments[0]) == 410
        return f"{len(sessions)} sessions at two servers over one bucket"
    finally:
        for one in servers:
            one.stop()

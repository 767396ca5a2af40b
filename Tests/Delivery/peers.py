#!/usr/bin/python3
"""Delivery to real third-party servers: nginx (WebDAV, also through a proxy), Ceph's radosgw and moto (S3); servers over a bucket of them, and
sealed sessions in one.

    peers.py [--seed N] [nginx|proxies|radosgw|moto ...]
"""
import argparse
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request

import buckets
import credentials
import proxies as through
import sealed_sessions
from accounts import in_spool, settle
from sessions import Session, spool
from tools import Folder, port, skip, upload

ACCESS, SECRET = "SCRIMTESTACCESS", "scrim/test+secret=with/signs"
AWS = {"AWS_ACCESS_KEY_ID": ACCESS, "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_REGION": "us-east-1", "HOME": "/nonexistent"}


def wait_for(url, process, seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        assert process is None or process.poll() is None, f"{url}: the server ended"
        try:
            urllib.request.urlopen(url, timeout=2).close()
            return
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.1)
    raise AssertionError(f"{url} doesn't answer")


def nginx(seed):
    if not shutil.which("nginx") and not os.path.exists("/usr/sbin/nginx"):
        return skip("nginx is not installed")
    with Folder() as folder:
        number = port()
        os.makedirs(folder + "/data")
        os.chmod(folder, 0o755)
        with open(folder + "/nginx.conf", "w") as file:
            file.write(f"""
                user root; daemon off; pid {folder}/pid; error_log {folder}/error.log; worker_processes 1;
                events {{ worker_connections 128; }}
                http {{
                  access_log off; client_body_temp_path {folder}/temp; client_max_body_size 64m;
                  server {{
                    listen 127.0.0.1:{number}; root {folder}/data;
                    location / {{ dav_methods PUT DELETE; create_full_put_path on; }}
                  }}
                }}""")
        process = subprocess.Popen(["/usr/sbin/nginx", "-e", folder + "/error.log", "-c", folder + "/nginx.conf"])
        try:
            wait_for(f"http://127.0.0.1:{number}/", process, 20)
            made = spool(folder + "/spool", seed, 2, 15)
            upload(folder + "/spool", f"http://127.0.0.1:{number}/base")
            store = {}
            for place, _, names in os.walk(folder + "/data/base/v1/sessions"):
                for name in names:
                    if place.endswith("/segments"):
                        store[(place.split("/")[-2], int(name))] = open(place + "/" + name, "rb").read()
            settle(made, folder + "/spool", store, allow_waiting=False)
            return f"{len(made)} segments, read back from what nginx stored"
        finally:
            process.terminate()
            process.wait(10)


def read_bucket(endpoint, bucket, style="path"):
    """Signed by botocore, an independent implementation."""
    import botocore.session
    from botocore.config import Config
    client = botocore.session.get_session().create_client(
        "s3", region_name="us-east-1", endpoint_url=endpoint, aws_access_key_id=ACCESS, aws_secret_access_key=SECRET,
        config=Config(s3={"addressing_style": style}))
    store, names, token = {}, [], {}
    while True:
        page = client.list_objects_v2(Bucket=bucket, **token)
        names += [entry["Key"] for entry in page.get("Contents", [])]
        if not page.get("IsTruncated"):
            break
        token = {"ContinuationToken": page["NextContinuationToken"]}
    for name in names:
        if "/segments/" in name:
            key = (name.split("/")[-3], int(name.split("/")[-1].split(".")[0]))
            assert key not in store
            store[key] = client.get_object(Bucket=bucket, Key=name)["Body"].read()
    return client, names, store


def s3(folder, endpoint, bucket, seed, prefix):
    environment = {**AWS, "AWS_ENDPOINT_URL": endpoint}
    made = spool(folder + "/spool", seed, 2, 15)
    to = f"s3://{bucket}/{prefix}"
    upload(folder + "/spool", to, "--project", "p1", env=environment)
    client, names, store = read_bucket(endpoint, bucket)
    settle(made, folder + "/spool", store, allow_waiting=False)
    session = next(iter(made))[0]
    wanted = f"{prefix}/p1/sessions/2025/11/24/{session}/"
    assert wanted + "segments/00000003.scrim" in names and wanted + "manifest.json" in names, names[:3]
    # Again: the same bytes are stored already.
    spool(folder + "/again", seed, 2, 15)
    upload(folder + "/again", to, "--project", "p1", env=environment)
    assert not in_spool(folder + "/again")
    # Other bytes at the same place: refused there, and kept here.
    other = Session(seed * 1000)
    other.add(321)
    other.write(f"{folder}/other/{other.id}")
    code, words = upload(folder + "/other", to, "--project", "p1", env=environment, check=False)
    kept = in_spool(folder + "/other")
    if code == 0:
        print("  (this store replaces objects, whatever If-None-Match says)")
    else:
        assert code == 1 and kept[(other.id, 0)][0] == "rejected", (code, kept, words)
    # What is no whole segment, as a store may keep of a request that was cut off, is replaced and kept beside it.
    name, good = wanted + "segments/00000003.scrim", store[(session, 3)]
    client.put_object(Bucket=bucket, Key=name, Body=good[:-9])
    spool(folder + "/repair", seed, 2, 15)
    upload(folder + "/repair", to, "--project", "p1", env=environment)
    assert not in_spool(folder + "/repair")
    assert client.get_object(Bucket=bucket, Key=name)["Body"].read() == good
    if code:
        assert client.get_object(Bucket=bucket, Key=name + ".damaged")["Body"].read() == good[:-9]
        client.delete_object(Bucket=bucket, Key=name + ".damaged")
    # A deleted session accepts nothing more.
    dead = Session(seed * 1000 + 77)
    dead.add()
    dead.write(f"{folder}/dead/{dead.id}")
    client.put_object(Bucket=bucket, Key=f"{prefix}/p1/deleted/{dead.id}", Body=b"{}")
    upload(folder + "/dead", to, "--project", "p1", env=environment)
    assert not in_spool(folder + "/dead") and os.path.exists(folder + "/dead/dropped.jsonl")
    # A wrong secret: one message, and no segment is lost.
    left = spool(folder + "/wrong", seed + 5, 1, 3)
    code, words = upload(
        folder + "/wrong", to, env={**environment, "AWS_SECRET_ACCESS_KEY": "wrong"}, check=False, wait=60)
    assert code == 3 and "403" in words, (code, words)
    settle(left, folder + "/wrong", {})
    # Profiles and a session token in the form of AWS's files.
    os.makedirs(folder + "/home/.aws")
    with open(folder + "/home/.aws/credentials", "w") as file:
        file.write(f"[here]\naws_access_key_id={ACCESS}\naws_secret_access_key={SECRET}\n")
    with open(folder + "/home/.aws/config", "w") as file:
        file.write(f"[profile here]\nregion=us-east-1\nendpoint_url={endpoint}\ns3 =\n  addressing_style = path\n")
    profile = spool(folder + "/profile", seed + 9, 1, 3)
    upload(folder + "/profile", f"s3://{bucket}", "--profile", "here", env={"HOME": folder + "/home"})
    settle(profile, folder + "/profile", {
        key: data for key, data in read_bucket(endpoint, bucket)[2].items() if key in profile}, allow_waiting=False)
    return f"{len(made) + len(profile)} segments, byte for byte"


def proxies(seed):
    return through.proxies(seed, wait_for)


def radosgw(seed):
    """One monitor, one OSD in memory, one gateway."""
    if not shutil.which("radosgw") or not shutil.which("ceph-osd"):
        return skip("radosgw, ceph-mon and ceph-osd are not installed")
    with Folder() as folder:
        os.chmod(folder, 0o777)
        monitor, http = port(), port()
        import uuid
        fsid = str(uuid.uuid4())
        with open(folder + "/ceph.conf", "w") as file:
            file.write(f"""[global]
fsid = {fsid}
mon host = v1:127.0.0.1:{monitor}/0
ms bind msgr2 = false
auth cluster required = none
auth service required = none
auth client required = none
osd pool default size = 1
osd pool default min size = 1
mon allow pool size one = true
osd crush chooseleaf type = 0
osd objectstore = memstore
memstore device bytes = 1073741824
mon data = {folder}/mon
osd data = {folder}/osd
rgw data = {folder}/rgw
run dir = {folder}
admin socket = {folder}/$cluster-$name.asok
log file = {folder}/$name.log
osd pool default pg num = 8
mon max pg per osd = 1000
rgw frontends = beast endpoint=127.0.0.1:{http}
rgw s3 auth use keystone = false
osd pool default pg autoscale mode = off
public addr = 127.0.0.1
cluster addr = 127.0.0.1
""")
        for name in ("mon", "osd", "rgw"):
            os.makedirs(f"{folder}/{name}")
        config = ["-c", folder + "/ceph.conf"]

        def run(*command, wait=90):
            done = subprocess.run(command, capture_output=True, text=True, timeout=wait)
            assert done.returncode == 0, (command, done.stderr[-2000:], done.stdout[-500:])
            return done.stdout
        run("monmaptool", "--create", "--fsid", fsid, "--addv", "a", f"[v1:127.0.0.1:{monitor}]",
            folder + "/monmap")
        run("ceph-mon", *config, "--mkfs", "-i", "a", "--monmap", folder + "/monmap")
        processes = []

        def begin(*command):
            processes.append(subprocess.Popen([*command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
        try:
            started = time.monotonic()
            begin("ceph-mon", *config, "-i", "a", "-f")
            osd = str(uuid.uuid4())
            run("ceph", *config, "--connect-timeout", "60", "osd", "new", osd)
            run("ceph-osd", *config, "-i", "0", "--mkfs", "--osd-uuid", osd)
            begin("ceph-osd", *config, "-i", "0", "-f")
            # A gateway that is started before the OSD is up may hang; it takes 11 s otherwise.
            for attempt in range(3):
                begin("radosgw", *config, "-n", "client.rgw", "-f")
                try:
                    wait_for(f"http://127.0.0.1:{http}/", processes[-1], 80)
                    break
                except AssertionError:
                    if attempt == 2:
                        raise
                    process = processes.pop()
                    process.kill()
                    process.wait(20)
            run("radosgw-admin", *config, "user", "create", "--uid", "scrim", "--display-name", "scrim", "--access-key", ACCESS,
                "--secret-key", SECRET)
            ready = time.monotonic() - started
            import botocore.session
            client = botocore.session.get_session().create_client(
                "s3", region_name="us-east-1", endpoint_url=f"http://127.0.0.1:{http}", aws_access_key_id=ACCESS,
                aws_secret_access_key=SECRET)
            client.create_bucket(Bucket="replays")
            words = s3(folder, f"http://127.0.0.1:{http}", "replays", seed, "pre fix/é+=x")
            words += "; " + sealed_sessions.over_bucket(folder, f"http://127.0.0.1:{http}", AWS, client, seed, "sealed")
            more = buckets.side_by_side(folder, f"http://127.0.0.1:{http}", AWS, client, seed, "a fleet/ü")
            return f"{words}; ready after {ready:.0f} s; {more}"
        finally:
            for process in reversed(processes):
                process.kill()
                process.wait(20)


def moto(seed):
    """With auth on; accepts bodies that differ from their signed digest. It miscalculates signatures of names with other characters
    than letters, botocore's own too, so the prefix is plain."""
    try:
        import moto.server  # noqa: F401
    except ImportError:
        return skip("moto is not installed (pip install 'moto[server]')")
    with Folder() as folder:
        number = port()
        endpoint = f"http://127.0.0.1:{number}"
        process = subprocess.Popen(
            [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(number)],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            env={**os.environ, "INITIAL_NO_AUTH_ACTION_COUNT": "8"})
        try:
            wait_for(endpoint, process, 60)
            import json

            import botocore.session
            client = botocore.session.get_session().create_client(
                "iam", region_name="us-east-1", endpoint_url=endpoint, aws_access_key_id="x", aws_secret_access_key="x")
            client.create_user(UserName="scrim")
            client.put_user_policy(UserName="scrim", PolicyName="all", PolicyDocument=json.dumps({
                "Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}))
            made = client.create_access_key(UserName="scrim")["AccessKey"]
            global ACCESS, SECRET
            ACCESS, SECRET = made["AccessKeyId"], made["SecretAccessKey"]
            AWS.update(AWS_ACCESS_KEY_ID=ACCESS, AWS_SECRET_ACCESS_KEY=SECRET)
            s3_client = botocore.session.get_session().create_client(
                "s3", region_name="us-east-1", endpoint_url=endpoint, aws_access_key_id=ACCESS, aws_secret_access_key=SECRET)
            s3_client.create_bucket(Bucket="replays")
            words = s3(folder, endpoint, "replays", seed, "plain")
            iam = botocore.session.get_session().create_client(
                "iam", region_name="us-east-1", endpoint_url=endpoint, aws_access_key_id=ACCESS, aws_secret_access_key=SECRET)
            words += "; " + buckets.versions(folder, endpoint, AWS, s3_client, seed)
            words += "; " + credentials.every_source(folder, endpoint, AWS, iam, seed)
            words += "; " + sealed_sessions.over_bucket(folder, endpoint, AWS, s3_client, seed, "sealed")
            return f"{words}; {buckets.side_by_side(folder, endpoint, AWS, s3_client, seed, 'fleet')}"
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(20)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    for test in (nginx, proxies, radosgw, moto):
        if options.names and test.__name__ not in options.names:
            continue
        start = time.monotonic()
        words = test(options.seed)
        if words:
            print(f"{test.__name__}: {words} ({time.monotonic() - start:.1f} s)", flush=True)


if __name__ == "__main__":
    main()

"""Credentials for S3 from where AWS's tools find them: a command, a container's agent, an instance, and roles."""
import json
import os
import stat
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from accounts import in_spool
from sessions import Session
from tools import upload


class Agent:
    """The metadata service of an instance (version 2), a container's agent, and a token service for identity tokens (moto
    refuses all unsigned requests). Keeps what was asked."""

    def __init__(self, access, secret, token=None):
        self.asked, agent = [], self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_):
                pass

            def answer(self, status, body):
                body = body if isinstance(body, str) else json.dumps(body)
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body.encode())

            def keys(self):
                self.answer(200, {"Code": "Success", "AccessKeyId": access, "SecretAccessKey": secret, "Token": token,
                                  "Expiration": "2099-01-01T00:00:00Z"})

            def do_POST(self):
                from urllib.parse import parse_qs
                form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
                agent.asked.append(form["Action"][0])
                if form["WebIdentityToken"] != ["an.identity.token"] or form["RoleArn"][0][:4] != "arn:":
                    return self.answer(403, "<ErrorResponse><Error><Message>no</Message></Error></ErrorResponse>")
                self.answer(200, f"""<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><Credentials>
                    <AccessKeyId>{access}</AccessKeyId><SecretAccessKey>{secret}</SecretAccessKey>
                    <Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleWithWebIdentityResult>
                    </AssumeRoleWithWebIdentityResponse>""")

            def do_PUT(self):
                agent.asked.append(self.path)
                wanted = self.path == "/latest/api/token" and self.headers["X-aws-ec2-metadata-token-ttl-seconds"]
                self.answer(200, "token-1") if wanted else self.answer(404, "")

            def do_GET(self):
                agent.asked.append(self.path)
                if self.path == "/task":
                    return self.keys() if self.headers["Authorization"] == "secret-1" else self.answer(401, "")
                if self.headers["X-aws-ec2-metadata-token"] != "token-1":
                    return self.answer(401, "")
                if self.path == "/latest/meta-data/iam/security-credentials/":
                    return self.answer(200, "my-role")
                self.keys() if self.path.endswith("/security-credentials/my-role") else self.answer(404, "")
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = "http://127.0.0.1:%d" % self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


def every_source(folder, endpoint, aws, iam, seed):
    """Each source delivers a session of its own to moto, which knows users and roles."""
    folder += "/credentials"
    os.makedirs(folder + "/home/.aws")
    access, secret = aws["AWS_ACCESS_KEY_ID"], aws["AWS_SECRET_ACCESS_KEY"]
    everything = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]})
    trust = json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "*"}}]})
    arn = iam.create_role(RoleName="deliver", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    iam.put_role_policy(RoleName="deliver", PolicyName="all", PolicyDocument=everything)
    program = folder + "/print keys"
    with open(program, "w") as file:
        file.write("#!/bin/sh\n[ \"$1\" = \"it's me\" ] || exit 3\nread line && exit 4\n"
                   f"echo '{json.dumps({'Version': 1, 'AccessKeyId': access, 'SecretAccessKey': secret})}'\n")
    os.chmod(program, stat.S_IRWXU)
    with open(folder + "/token", "w") as file:
        file.write("an.identity.token\n")
    with open(folder + "/home/.aws/config", "w") as file:
        file.write(f"""[profile command]
credential_process = "{program}" "it's me"
[profile bad-command]
credential_process = "{program}" someone
[profile user]
aws_access_key_id = {access}
aws_secret_access_key = {secret}
[profile role]
role_arn = {arn}
source_profile = user
[profile role-of-command]
role_arn = {arn}
source_profile = command
duration_seconds = 900
external_id = e1
[profile web]
role_arn = {arn}
web_identity_token_file = {folder}/token
[profile sso]
sso_session = corp
sso_account_id = 123456789012
sso_role_name = deliver
""")
    agent = Agent(access, secret)
    # A proxy that answers nothing: addresses of the machine are never asked through it.
    proxy = "http://127.0.0.1:9"
    base = {"HOME": folder + "/home", "AWS_REGION": "us-east-1", "AWS_ENDPOINT_URL": endpoint}
    sources = {
        "command": {"AWS_PROFILE": "command"},
        "role": {"AWS_PROFILE": "role"},
        "role of a command": {"AWS_PROFILE": "role-of-command"},
        "web identity profile": {"AWS_PROFILE": "web", "AWS_ENDPOINT_URL_STS": agent.url},
        "web identity": {"AWS_WEB_IDENTITY_TOKEN_FILE": folder + "/token", "AWS_ROLE_ARN": arn,
                         "AWS_ENDPOINT_URL_STS": agent.url},
        "container": {"AWS_CONTAINER_CREDENTIALS_FULL_URI": agent.url + "/task",
                      "AWS_CONTAINER_AUTHORIZATION_TOKEN": "secret-1"},
        "instance": {"AWS_EC2_METADATA_SERVICE_ENDPOINT": agent.url + "/"},
    }
    for number, (name, environment) in enumerate(sources.items()):
        session = Session(seed * 1000 + 800 + number)
        session.add()
        session.write(f"{folder}/{number}/{session.id}")
        more = {}
        if name in ("container", "instance"):
            more = {"http_proxy": proxy, "no_proxy": "localhost",
                    "AWS_ENDPOINT_URL": endpoint.replace("127.0.0.1", "localhost")}
        upload(f"{folder}/{number}", "s3://replays/credentials", env={**base, **environment, **more}, wait=40)
        assert not in_spool(f"{folder}/{number}"), name
    assert agent.asked.count("/latest/api/token") == 1 and "/task" in agent.asked, agent.asked
    session = Session(seed * 1000 + 850)
    session.add()
    session.write(f"{folder}/bad/{session.id}")
    for environment, words in (
            ({"AWS_PROFILE": "sso"}, "aws configure export-credentials"),
            ({"AWS_EC2_METADATA_SERVICE_ENDPOINT": "http://127.0.0.1:9"}, "no credentials for S3"),
            ({"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://example.com/task"}, "without TLS")):
        code, said = upload(f"{folder}/bad", "s3://replays/x", env={**base, **environment}, check=False, wait=30)
        assert code == 2 and words in said, (environment, code, said)
    return f"credentials of {len(sources)} kinds"

#!/usr/bin/python3
"""schemathesis sends requests that Server/openapi.yaml allows and forbids, and checks the answers against it."""
import os
import subprocess
import sys

from attacks import Client
from sessions import Session
from tools import ROOT, Folder, Server, skip


def main():
    if subprocess.run([sys.executable, "-c", "import schemathesis"], stderr=subprocess.DEVNULL).returncode:
        return skip("schemathesis is not installed")
    with Folder() as folder:
        server = Server(folder + "/store", "--rate", "100000")
        try:
            client = Client(server)
            made = Session(1)
            for index in range(3):
                made.add()
                assert client.put(made, index) == 201
            # A kind of body that schemathesis can make; the server checks the bytes, not the content type.
            text = open(ROOT + "/Server/openapi.yaml").read()
            with open(folder + "/openapi.yaml", "w") as file:
                file.write(text.replace("application/vnd.scrim.segment", "application/octet-stream"))
            done = subprocess.run(
                [sys.executable, "-m", "schemathesis.cli", "run", folder + "/openapi.yaml", "--url", server.url,
                 "--checks", "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance",
                 "--max-examples", "12", "--phases", "coverage,fuzzing", "--seed", "1", "--generation-database", "none"],
                capture_output=True, text=True, timeout=180, cwd=folder, env={**os.environ, "NO_COLOR": "1"})
            if done.returncode:
                print(done.stdout[-6000:], done.stderr[-2000:])
                sys.exit("schemathesis found answers that the description doesn't allow")
            lines = [line for line in done.stdout.splitlines() if "passed" in line and "generated" in line]
            print("interface:", "; ".join(line.strip() for line in lines[-1:]) or "held")
            assert server.process.poll() is None
        finally:
            server.stop()


if __name__ == "__main__":
    main()

"""Delivery through a real proxy (tinyproxy), over HTTP and TLS, and by HTTP/2 to a server that speaks it (nginx)."""
import os
import shutil
import subprocess
import time

from accounts import settle
from sessions import spool
from tools import Folder, port, skip, upload


def certificate(folder):
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-keyout", folder + "/key.pem", "-out",
         folder + "/cert.pem", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"],
        check=True, capture_output=True, timeout=60)


def stored(folder):
    store = {}
    for place, _, names in os.walk(folder):
        for name in names:
            if place.endswith("/segments"):
                store[(place.split("/")[-2], int(name))] = open(place + "/" + name, "rb").read()
    return store


def proxies(seed, wait_for):
    for program in ("/usr/sbin/nginx", shutil.which("tinyproxy"), shutil.which("openssl")):
        if not program or not os.path.exists(program):
            return skip("nginx, tinyproxy or openssl is not installed")
    with Folder() as folder:
        os.chmod(folder, 0o755)
        plain, tls, through = port(), port(), port()
        os.makedirs(folder + "/data")
        certificate(folder)
        with open(folder + "/nginx.conf", "w") as file:
            file.write(f"""
                user root; daemon off; pid {folder}/pid; error_log {folder}/error.log; worker_processes 1;
                events {{ worker_connections 128; }}
                http {{
                  log_format line '$request_method $server_protocol'; access_log {folder}/access.log line;
                  client_body_temp_path {folder}/temp; client_max_body_size 64m;
                  ssl_certificate {folder}/cert.pem; ssl_certificate_key {folder}/key.pem;
                  server {{
                    listen 127.0.0.1:{plain}; listen 127.0.0.1:{tls} ssl http2; root {folder}/data;
                    location / {{ dav_methods PUT DELETE; create_full_put_path on; }}
                  }}
                }}""")
        with open(folder + "/tinyproxy.conf", "w") as file:
            file.write(f"Port {through}\nListen 127.0.0.1\nTimeout 60\nMaxClients 50\nLogFile \"{folder}/proxy.log\"\n"
                       f"LogLevel Connect\nConnectPort {tls}\n")
        processes = [
            subprocess.Popen(["/usr/sbin/nginx", "-e", folder + "/error.log", "-c", folder + "/nginx.conf"], stderr=subprocess.DEVNULL),
            subprocess.Popen(["tinyproxy", "-d", "-c", folder + "/tinyproxy.conf"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)]
        try:
            wait_for(f"http://127.0.0.1:{plain}/", processes[0], 20)
            wait_for(f"http://127.0.0.1:{through}/", processes[1], 20)
            proxy, dead = f"http://127.0.0.1:{through}", "http://127.0.0.1:9"
            ca = ["--ca-file", folder + "/cert.pem"]
            # Name of the case, destination, environment, lines that the proxy must have, protocol that nginx must have seen.
            cases = [
                ("http", f"http://localhost:{plain}", {"http_proxy": proxy}, "PUT http://localhost", "PUT HTTP/1"),
                ("CONNECT", f"https://localhost:{tls}", {"HTTPS_PROXY": proxy}, f"CONNECT localhost:{tls}", "PUT HTTP/2.0"),
                ("all_proxy", f"https://localhost:{tls}", {"all_proxy": proxy}, f"CONNECT localhost:{tls}", "PUT HTTP/2.0"),
                ("NO_PROXY", f"https://localhost:{tls}", {"https_proxy": dead, "NO_PROXY": "example.com,localhost"}, None, "PUT HTTP/2.0"),
                ("direct", f"https://localhost:{tls}", {}, None, "PUT HTTP/2.0"),
            ]
            for number, (name, to, environment, asked, protocol) in enumerate(cases):
                for log in ("access.log", "proxy.log"):
                    open(f"{folder}/{log}", "w").close()
                made = spool(f"{folder}/spool{number}", seed + number, 1, 10)
                upload(f"{folder}/spool{number}", f"{to}/{number}", *ca, env=environment, wait=60)
                settle(made, f"{folder}/spool{number}", stored(f"{folder}/data/{number}"), allow_waiting=False)
                time.sleep(0.2)
                proxied, served = open(folder + "/proxy.log").read(), open(folder + "/access.log").read()
                assert (asked in proxied) if asked else ("Request" not in proxied), (name, proxied)
                lines = served.split("\n")
                assert sum(line.startswith(protocol) for line in lines) >= len(made), (name, served)
            # A proxy that isn't there: the segments wait.
            made = spool(folder + "/waiting", seed + 50, 1, 3)
            try:
                upload(folder + "/waiting", f"https://localhost:{tls}/x", *ca, env={"https_proxy": dead}, wait=5)
                raise RuntimeError("it was delivered past the proxy")
            except AssertionError as error:
                assert "retrying" in str(error), error
            settle(made, folder + "/waiting", stored(folder + "/data/x"))
            return f"{len(cases)} ways, HTTP/2 over TLS"
        finally:
            for process in processes:
                process.terminate()
                process.wait(20)

#!/usr/bin/python3
"""Records a framebuffer device of a real kernel, in a qemu machine, and compares it with the device's content.

    fbdev.py [--scrim PATH] VMLINUZ

VMLINUZ is a kernel with a framebuffer built in (CONFIG_FB_VESA), such as Debian's: `apt-get download linux-image-6.1.0-…-amd64`, then
`dpkg-deb -x` it. Needs qemu-system-x86, busybox-static and cpio. In modes of 32, 24 and 16 bits a picture is written to /dev/fb0, `scrim
record --fbdev` is started, and another picture is written: both must be in the session, and the last frame must equal the device's content."""
import argparse
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile

import limits
import needs

TOOLS = ["qemu-system-x86_64", "busybox", "cpio", "ldd", "import numpy", "import PIL"]
if needs.skips("a framebuffer device", TOOLS):
    sys.exit(needs.failed)

import numpy as np  # noqa: E402

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "Proofs"))
from proof import ROOT, Export, Report  # noqa: E402

WIDTH, HEIGHT = 800, 600
# By bits per pixel: the mode's number for vesafb.
MODES = {32: 0x343, 24: 0x315, 16: 0x314}
INIT = """#!/bin/busybox sh
/bin/busybox mount -t devtmpfs none /dev
/bin/busybox mount -t proc none /proc
cd /root
/bin/busybox cat one > /dev/fb0
/bin/scrim record --fbdev /dev/fb0 --policy none --duration 8 --out session 2> words &
while [ ! -e session/manifest.json ]; do /bin/busybox sleep 0.1; done
/bin/busybox sleep 2
/bin/busybox cat two > /dev/fb0
wait $!
echo $? > code
/bin/busybox cat /dev/fb0 > held
/bin/busybox stty -F /dev/ttyS1 raw
/bin/busybox tar c session words code held | /bin/busybox gzip > /dev/ttyS1
/bin/busybox poweroff -f
"""


def pictures(bits):
    """Two pictures as the device's bytes."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.uint32)
    one = (x // 8 * 0x30501 ^ y // 8 * 0x70B0D).astype("<u4")
    two = one.copy()
    two[100:200, 300:500] = 0xFF12A5C3
    return [picture.view(np.uint8).reshape(HEIGHT, WIDTH, 4)[:, :, : bits // 8].tobytes() for picture in (one, two)]


def colours(held, bits):
    """A device's bytes, decoded to 0x00RRGGBB."""
    pixels = np.frombuffer(held, np.uint8)[: WIDTH * HEIGHT * bits // 8].reshape(HEIGHT, WIDTH, -1).astype(np.uint32)
    packed = pixels[:, :, 1] << 8 | pixels[:, :, 0]
    if bits > 16:
        return pixels[:, :, 2] << 16 | packed
    red, green, blue = packed >> 11, packed >> 5 & 63, packed & 31
    return (red << 3 | red >> 2) << 16 | (green << 2 | green >> 4) << 8 | blue << 3 | blue >> 2


def make_root(folder, scrim, bits):
    """A root file system with scrim and its libraries, as an archive that the kernel unpacks."""
    root = f"{folder}/root{bits}"
    for name in ("bin", "dev", "proc", "root"):
        os.makedirs(f"{root}/{name}")
    shutil.copy(shutil.which("busybox"), f"{root}/bin/busybox")
    shutil.copy(scrim, f"{root}/bin/scrim")
    linked = limits.run(["ldd", scrim], stdout=subprocess.PIPE, text=True, check=True).stdout
    paths = [word for line in linked.splitlines() for word in line.split() if word.startswith("/")]
    for path in paths:
        os.makedirs(root + os.path.dirname(path), exist_ok=True)
        shutil.copy(path, root + path)
    for name, picture in zip(("one", "two"), pictures(bits)):
        with open(f"{root}/root/{name}", "wb") as file:
            file.write(picture)
    with open(f"{root}/init", "w", encoding="ascii") as file:
        file.write(INIT)
    os.chmod(f"{root}/init", 0o755)
    listed = limits.run(["find", "."], cwd=root, stdout=subprocess.PIPE, check=True).stdout
    with open(f"{root}.cpio", "wb") as file:
        limits.run(["cpio", "-o", "-H", "newc", "--quiet"], cwd=root, input=listed, stdout=file, check=True)
    return f"{root}.cpio"


def record(folder, options, bits):
    """Unpacks the machine's results; returns their folder."""
    out = f"{folder}/out{bits}"
    os.mkdir(out)
    command = ["qemu-system-x86_64", "-m", "768", "-vga", "std", "-display", "none", "-no-reboot", "-nic", "none"]
    command += ["-accel", options.accel, "-kernel", options.kernel]
    command += ["-initrd", make_root(folder, options.scrim, bits)]
    command += ["-append", f"console=ttyS0 vga={MODES[bits]} fbcon=map:1 panic=-1"]
    command += ["-serial", f"file:{out}/log", "-serial", f"file:{out}/tar.gz"]
    limits.run(command, timeout=300, check=True, stdin=subprocess.DEVNULL)
    try:
        with tarfile.open(f"{out}/tar.gz") as archive:
            archive.extractall(out)
    except tarfile.TarError:
        with open(f"{out}/log", encoding="utf-8", errors="replace") as file:
            sys.exit("the machine left nothing behind; its log ends:\n" + file.read()[-3000:])
    return out


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kernel")
    parser.add_argument("--accel", default="tcg", help="tcg emulates the processor; kvm is faster if it is available")
    parser.add_argument("--scrim", default=f"{ROOT}/.build/release/scrim")
    options = parser.parse_args()
    report = Report("a framebuffer device")
    with tempfile.TemporaryDirectory() as folder:
        for bits in MODES:
            out = record(folder, options, bits)
            with open(f"{out}/code", encoding="ascii") as code, open(f"{out}/words", encoding="utf-8") as words:
                status, output = int(code.read()), words.read().strip()
            report.check(f"{bits} bits: recorded", status == 0, output.splitlines()[-1] if output else "")
            if status != 0:
                continue
            whole = limits.run([options.scrim, "verify", "--quiet", f"{out}/session"], check=False)
            png = ["--to", "png", "--out", f"{out}/png", "--quiet"]
            limits.run([options.scrim, "export", f"{out}/session", *png], check=True)
            export = Export(f"{out}/png")
            shown = [export.frame(index) for index in range(len(export))]
            one = colours(pictures(bits)[0], bits)
            with open(f"{out}/held", "rb") as file:
                held = colours(file.read(), bits)
            report.check(f"{bits} bits: the session is intact", whole.returncode == 0)
            report.check(f"{bits} bits: the first picture is the first frame", bool((shown[0] == one).all()))
            report.check(f"{bits} bits: the last frame is the device's content", bool((shown[-1] == held).all()), f"{len(shown)} frames")
            report.check(f"{bits} bits: which is another picture", bool((held != one).any()))
    return report.close()


if __name__ == "__main__":
    sys.exit(main())

"""The JSDoc types of the page's scripts, checked by TypeScript's compiler without building anything."""
import re
import shutil
import subprocess
from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "Sources/ScrimExport/Page"
TAG = re.compile(r"(?<=[^\s*]) +@(?=(?:param|returns|type|typedef|template)\b)")


def check_types(folder):
    """Returns the number of scripts; None if `tsc` is missing. The compiler of Debian 12 (4.8) reads tags at the start of a line only, and
    has no type parameters of Uint8Array."""
    if not shutil.which("tsc"):
        return None
    folder = Path(folder) / "scripts"
    folder.mkdir()
    names = []
    for script in sorted(PAGE.glob("*.js")):
        text = script.read_text().replace("Uint8Array<ArrayBuffer>", "Uint8Array")
        text = re.sub(r"/\*\*.*?\*/", lambda comment: TAG.sub("\n@", comment[0]), text, flags=re.S)
        (folder / script.name).write_text(text)
        names.append(script.name)
    shutil.copy(Path(__file__).with_name("scripts.d.ts"), folder)
    done = subprocess.run(
        ["tsc", "--checkJs", "--allowJs", "--noEmit", "--strict", "--noImplicitAny", "false", "--target", "es2022", "--lib", "es2022,dom,dom.iterable",
         "--moduleResolution", "node", "scripts.d.ts", *names], cwd=folder, capture_output=True, timeout=300)
    assert done.returncode == 0, done.stdout.decode()[-3000:]
    return len(names)

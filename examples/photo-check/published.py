"""Where does the photo filter come from? The files of the npm package nsfwjs, each only if it is the one that is meant.

In: a folder and where to fetch from. Out: model.json and its shard in that folder, as TensorFlow.js writes them. In the
package both are wrapped into scripts: a literal of JavaScript, and base64."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import urllib.request
from pathlib import Path

SOURCE = "https://cdn.jsdelivr.net/npm/nsfwjs@4.3.0/dist/models/mobilenet_v2/"
SCRIPTS = {
    "model.min.js": "c32f104fd562b08cdff5ed69dfe1209643afa47e792fb12751d2949aa61a397a",
    "group1-shard1of1.min.js": "ef2e0a63f7d2c4960b37b024b669313f65d3c45cd59e9042636c55b39de53517",
}
MODEL, SHARD = "model.json", "group1-shard1of1"
SHARD_DIGEST = "8e7dddbb16acacc1bf1601b1b8a761e730ff934b7f2d7771312b2f000e5f5f13"
# Strings stay; outside of them names get quotes, !0 and !1 are true and false, and numbers a digit before the point.
LITERAL = re.compile(r'("(?:[^"\\]|\\.)*")|(?<=[{,])([A-Za-z_$][\w$]*)(?=:)|(![01])|(?<![\d.])(\.\d)')


def download(folder: Path, source: str = SOURCE) -> None:
    """Writes the filter into the folder, where it is not there. Raises OSError, and ValueError for other files."""
    shard = folder / SHARD
    if (folder / MODEL).is_file() and shard.is_file() and digest(shard.read_bytes()) == SHARD_DIGEST:
        return
    texts = {}
    for name, wanted in SCRIPTS.items():
        print(f"fetching {source}{name}")
        with urllib.request.urlopen(source + name, timeout=60) as answer:
            data = answer.read()
        if digest(data) != wanted:
            raise ValueError(f"{source}{name}: expected the file of nsfwjs 4.3.0, got another one")
        texts[name] = data.decode()
    described = from_script(texts["model.min.js"])
    numbers = base64.b64decode(max(re.findall(r'"([A-Za-z0-9+/=]+)"', texts["group1-shard1of1.min.js"]), key=len))
    folder.mkdir(parents=True, exist_ok=True)
    shard.write_bytes(numbers)
    (folder / MODEL).write_text(json.dumps(described))


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def from_script(text: str) -> dict:
    """The object that a script exports, where it is a literal."""
    found = re.search(r"\.exports=(?=\{)", text)
    if found is None:
        raise ValueError("model.min.js: expected a script that exports an object, got another one")
    return json.JSONDecoder().raw_decode(LITERAL.sub(as_json, text[found.end() :]))[0]


def as_json(found: re.Match) -> str:
    string, name, truth, point = found.groups()
    if string is not None:
        return string
    return f'"{name}"' if name else {"!0": "true", "!1": "false"}[truth] if truth else f"0{point}"

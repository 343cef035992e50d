"""Does the server send what a good host sends, and nothing else?"""

import gzip
import http.client
import re
import socket
from urllib.parse import urlsplit

import pytest

from fanlight.bundle.write import write_bundle
from fanlight.errors import StorageError
from fanlight.server.serve import own_address, running, start
from web.hand_made import line


@pytest.fixture
def folder(tmp_path):
    site = tmp_path / "site"
    (site / "inner").mkdir(parents=True)
    (site / "bare").mkdir()
    (site / "index.html").write_text("<p>Hello</p>")
    (site / "inner" / "index.html").write_text("<p>Inner</p>")
    (site / "index.js").write_text("export const a = 1;\n" * 100)
    (site / "code.0123456789ab.wasm").write_bytes(b"\0asm" + bytes(2000))
    (site / "worker.01234567.js").write_text("1")
    (site / "weights.0123456789ab.safetensors").write_bytes(bytes(range(256)) * 20)
    (site / "fanlight.json").write_text("{}")
    (tmp_path / "secret.txt").write_text("secret")
    (site / "way out.txt").symlink_to(tmp_path / "secret.txt")
    return site


@pytest.fixture
def line_bundle(tmp_path):
    write_bundle(tmp_path / "bundle", *line())
    return tmp_path / "bundle"


def ask(address: str, path: str, method: str = "GET", **headers: str):
    """Status, headers and body, without any help from a client that would follow or unpack."""
    where = urlsplit(address)
    connection = http.client.HTTPConnection(where.hostname or "", where.port, timeout=10)
    connection.request(method, path, headers={name.replace("_", "-"): value for name, value in headers.items()})
    response = connection.getresponse()
    body = response.read()
    connection.close()
    return response.status, dict(response.getheaders()), body


def test_types_and_caching(folder):
    with running(folder) as address:
        for path, kind, cache in [
            ("/", "text/html; charset=utf-8", "no-cache"),
            ("/index.js", "text/javascript; charset=utf-8", "no-cache"),
            ("/fanlight.json", "application/json", "no-cache"),
            ("/code.0123456789ab.wasm", "application/wasm", "public, max-age=31536000, immutable"),
            ("/worker.01234567.js", "text/javascript; charset=utf-8", "public, max-age=31536000, immutable"),
            ("/weights.0123456789ab.safetensors", "application/octet-stream", "public, max-age=31536000, immutable"),
            ("/inner/?x=1#y", "text/html; charset=utf-8", "no-cache"),
        ]:
            status, headers, body = ask(address, path)
            assert status == 200 and body, path
            assert (headers["Content-Type"], headers["Cache-Control"]) == (kind, cache), path
            assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
            assert headers["Cross-Origin-Embedder-Policy"] == "require-corp"
            assert headers["X-Content-Type-Options"] == "nosniff"
            assert int(headers["Content-Length"]) == len(body)


def test_every_file_of_a_bundle(line_bundle):
    """Its type is what browsers ask for, and what has a hash in its name may be kept for ever; the manifest may not."""
    known = {".js": "text/javascript", ".wasm": "application/wasm", ".json": "application/json"}
    with running(line_bundle) as address:
        for path in line_bundle.iterdir():
            status, headers, body = ask(address, f"/{path.name}")
            assert (status, body) == (200, path.read_bytes())
            has_hash = re.search(r"[-.][0-9a-f]{8,}\.", path.name)
            cache = "public, max-age=31536000, immutable" if has_hash else "no-cache"
            assert headers["Cache-Control"] == cache, path.name
            assert headers["Content-Type"].split(";")[0] == known.get(
                path.suffix, headers["Content-Type"].split(";")[0]
            )
            assert headers["Cross-Origin-Embedder-Policy"] == "require-corp"
            assert headers["Cross-Origin-Opener-Policy"] == "same-origin"


def test_what_is_not_there_is_not_shown(folder):
    with running(folder) as address:
        away = ["/../secret.txt", "/%2e%2e/secret.txt", "/way%20out.txt", "/..\\secret.txt"]
        for path in ["/nothing", "/bare/", "/bare", "/a%00b", *away]:
            status, _, body = ask(address, path)
            assert status == 404 and b"secret" not in body, path
        assert ask(address, "/inner")[:1] == (301,)
        assert ask(address, "/inner")[1]["Location"] == "/inner/"
        assert ask(address, "/", "POST")[0] == 501
        assert ask(address, "/", "HEAD")[2] == b""


def test_files_are_compressed_where_it_is_accepted(folder):
    with running(folder) as address:
        text = (folder / "index.js").read_bytes()
        _, headers, body = ask(address, "/index.js", Accept_Encoding="br, gzip;q=0.8")
        assert headers["Content-Encoding"] == "gzip" and gzip.decompress(body) == text and len(body) < len(text)
        assert ask(address, "/index.js", Accept_Encoding="br")[2] == text
        assert "Content-Encoding" not in ask(address, "/weights.0123456789ab.safetensors", Accept_Encoding="gzip")[1]
        (folder / "index.js").write_bytes(b"changed, and longer than it was")
        assert gzip.decompress(ask(address, "/index.js", Accept_Encoding="gzip")[2]).startswith(b"changed")


def test_an_unchanged_file_is_not_sent_again(folder):
    with running(folder) as address:
        _, headers, _ = ask(address, "/index.js")
        status, again, body = ask(address, "/index.js", If_None_Match=headers["ETag"])
        assert (status, body, again["ETag"]) == (304, b"", headers["ETag"])
        (folder / "index.js").write_text("other")
        assert ask(address, "/index.js", If_None_Match=headers["ETag"])[0] == 200


def test_a_port_in_use_is_left_alone(folder):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        server = start(folder, port=port)
        assert port < server.server_address[1] <= port + 20
        server.server_close()


def test_only_folders_are_served(folder):
    with pytest.raises(StorageError, match="a folder"):
        start(folder / "index.js")


def test_sharing_is_asked_for(folder):
    with running(folder) as address:
        assert "Access-Control-Allow-Origin" not in ask(address, "/index.js")[1]
    with running(folder, is_shared=True, is_isolated=False) as address:
        headers = ask(address, "/index.js")[1]
    assert headers["Access-Control-Allow-Origin"] == "*" and "Cross-Origin-Opener-Policy" not in headers


def test_the_local_network_gets_an_address_of_this_machine(folder):
    with running(folder, host="0.0.0.0") as address:
        assert address.startswith(f"http://{own_address()}:")
        assert ask(address, "/")[0] == 200

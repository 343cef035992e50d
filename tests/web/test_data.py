"""Do a visitor's own data become rows that a model takes? CSV in Node; pictures, camera and microphone in Chromium."""

import io
import json
from base64 import b64encode

import numpy as np
import pytest
from PIL import Image

from web.browser import CAUGHT, run_node, visit


def table(site, text: str, options: str = "{}"):
    where = json.dumps((site.folder / "data.js").as_uri())
    script = f"{CAUGHT} const {{ csv }} = await import({where}); let found; "
    script += (
        f"const error = await caught(async () => {{ found = await csv(given, {options}); }}); return error ?? found;"
    )
    return run_node(script, text, site.folder)


def test_types_are_found_out(line_site):
    text = '\ufeffage,name,"fast, or not",score,kind\r\n41,"O\'Neil ""Bo""",yes,1e-3,a\r\n7,"two\nlines",no,-2,b\r\n'
    found = table(line_site, text, "{ target: 'kind' }")
    assert found["columns"] == ["age", "name", "fast, or not", "score"]
    assert found["types"] == {
        **{"age": "number", "name": "category", "fast, or not": "boolean", "score": "number"},
        "kind": "category",
    }
    assert found["rows"][0] == {"age": 41, "name": 'O\'Neil "Bo"', "fast, or not": True, "score": 0.001}
    assert found["rows"][1]["name"] == "two\nlines" and found["targets"] == ["a", "b"]
    assert found["categories"] == {"name": ['O\'Neil "Bo"', "two\nlines"], "kind": ["a", "b"]}
    assert found["numbers"]["shape"] == [2, 4]
    np.testing.assert_allclose(found["numbers"]["data"], [41, 0, 1, 0.001, 7, 1, 0, -2], rtol=1e-6)


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_the_separator_is_found_out(line_site, separator):
    found = table(line_site, f'"a,b"{separator}c\n1{separator}2\n\n3{separator}4', "{ target: 'c' }")
    assert found["rows"] == [{"a,b": 1}, {"a,b": 3}] and found["targets"] == [2, 4]


def test_missing_values_are_refused_dropped_or_filled(line_site):
    text = "a,b\n1,x\n,y\n3,x\nNA,x\n"
    assert 'line 3 has no value for "a", and 1 more' in table(line_site, text)["message"]
    assert table(line_site, text, "{ missing: 'drop' }")["rows"] == [{"a": 1, "b": "x"}, {"a": 3, "b": "x"}]
    assert [row["a"] for row in table(line_site, text, "{ missing: 'mean' }")["rows"]] == [1, 2, 3, 2]


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        ("", "{}", "a line of names and at least one row, got nothing"),
        ("a,b\n", "{}", "got no row"),
        ("a,a\n1,2", "{}", 'got "a" twice'),
        ("a,b\n1,2\n3\n", "{}", "expected 2 fields in line 3, got 1"),
        ('a,b\n1,"2\n3,4\n', "{}", "the row of line 2 never ends"),
        ("a,b\n1,2", "{ target: 'c' }", 'expected a column "c", got a, b'),
        ("a,b\n1,2", "{ missing: 'no' }", "csv expects"),
    ],
)
def test_a_broken_table_says_where(line_site, text, options, message):
    assert message in table(line_site, text, options)["message"]


def picture(colour: int, width: int = 4, turned: bool = False) -> str:
    image = Image.new("L", (width, 2), colour)
    exif = Image.Exif()
    if turned:
        exif[0x0112] = 6  # the camera was held upright
    file = io.BytesIO()
    image.convert("RGB").save(file, "JPEG" if turned else "PNG", exif=exif)
    return b64encode(file.getvalue()).decode()


FILES = """
const { images } = await import(new URL('data.js', location.href).href);
const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
const file = ([path, text, type = 'image/png']) => Object.defineProperty(
  new File([bytes(text)], path.split('/').at(-1), { type }), 'webkitRelativePath', { value: path });
"""


def test_folders_of_pictures_are_labels(tab, pixels_site):
    given = [["all/light/b.png", picture(200)], ["all/dark/a.png", picture(40)], ["all/light/c.png", picture(100)]]
    given += [["all/notes.txt", "", "text/plain"], ["all/turned/d.jpg", picture(90, turned=True), "image/jpeg"]]
    given += [["all/turned/e.png", b64encode(b"no picture").decode()]]
    found = visit(tab, pixels_site.address)(
        CAUGHT
        + FILES
        + """
    const found = await images(given.map(file));
    const { names, labels, classes } = found;
    const sizes = [];
    const model = await load();
    const sums = [];
    const { width, height } = await found.decode(3);
    for await (const [pictures, targets] of found.batches({ batchSize: 2, order: [0, 2, 1] })) {
      sums.push([...(await model.predict({ image: pictures })).sum], targets);
    }
    const broken = await caught(() => found.decode(4));
    const none = await caught(() => images([]));
    return { names, labels, classes, sums, size: [width, height], broken, none };""",
        given,
    )
    assert found["names"][:3] == ["all/dark/a.png", "all/light/b.png", "all/light/c.png"]
    assert found["labels"] == ["dark", "light", "light", "turned", "turned"]
    assert found["classes"] == ["dark", "light", "turned"]
    values = [4 * value / 255 for value in (40, 100, 200)]
    assert found["sums"][0] == pytest.approx(values[:2], abs=0.05) and found["sums"][1] == ["dark", "light"]
    assert found["sums"][2] == pytest.approx(values[2:], abs=0.05)
    assert found["size"] == [2, 4], "the way up that the camera was held"
    assert '"all/turned/e.png" is not a picture' in found["broken"]["message"] and found["none"]["name"] == "ShapeError"


def test_camera_and_microphone_are_released(browser, chromium_path, pixels_site):
    flags = ["--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream"]
    flags += ["--autoplay-policy=no-user-gesture-required"]
    with browser.browser_type.launch(executable_path=chromium_path, args=flags) as chromium:
        found = visit(chromium.new_page(), pixels_site.address)(
            """
        const { webcam, microphone } = await import(new URL('data.js', location.href).href);
        const live = (device) => device.stream.getTracks().map((track) => track.readyState);
        const camera = await webcam({ width: 320 });
        const frames = [];
        for await (const frame of camera) {
          frames.push(frame.width > 0 && frame.height > 0);
          if (frames.length === 3) break;
        }
        const ear = await microphone({ size: 512 });
        const before = live(ear), sizes = [];
        for await (const frame of ear) {
          sizes.push(frame.length);
          if (sizes.length === 4) ear.stop();
          if (sizes.length > 80) break;
        }
        return { frames, camera: live(camera), before, after: live(ear), sizes };"""
        )
    assert found["frames"] == [True] * 3 and found["camera"] == ["ended"]
    assert found["before"] == ["live"] and found["after"] == ["ended"] and set(found["sizes"]) == {512}

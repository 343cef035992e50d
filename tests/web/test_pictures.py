"""Are pictures read as the manifest says? In each browser."""

import io
from base64 import b64encode

import numpy as np
import pytest
from PIL import Image

import fanlight as fl
from fanlight.bundle.page import POLICY
from fanlight.bundle.write import write_bundle
from fanlight.server.serve import running
from web.browser import CAUGHT, add_blank_page, run_node, visit
from web.hand_made import pixels


def test_pictures_of_all_kinds_are_read(tab, pixels_site):
    found = visit(tab, pixels_site.address)(
        CAUGHT
        + """
    const model = await load();
    const draw = (canvas) => {
      const context = canvas.getContext('2d');
      context.fillStyle = 'black'; context.fillRect(0, 0, canvas.width, canvas.height);
      context.fillStyle = 'white'; context.fillRect(0, 0, canvas.width / 2, canvas.height);
      return canvas;
    };
    const canvas = draw(Object.assign(document.createElement('canvas'), { width: 20, height: 20 }));
    const sum = async (picture) => (await model.predict({ image: picture })).sum[0];
    const image = new Image();
    image.src = canvas.toDataURL();
    await image.decode();
    const square = (side) => draw(new OffscreenCanvas(side, side)).getContext('2d');
    const data = (side) => square(side).getImageData(0, 0, side, side);
    const grey = Object.assign(document.createElement('canvas'), { width: 2, height: 2 });
    const context = grey.getContext('2d');
    context.fillStyle = 'rgb(100, 200, 50)'; context.fillRect(0, 0, 2, 2);
    return {
      sums: [await sum(canvas), await sum(draw(new OffscreenCanvas(8, 8))), await sum(image),
        await sum(await createImageBitmap(canvas)), await sum(data(2)), await sum(data(6)),
        await sum(new VideoFrame(canvas, { timestamp: 0 }))],
      several: Array.from((await model.predict([canvas, data(2)])).sum),
      grey: await sum(grey),
      empty: await caught(() => model.predict(document.createElement('video'))),
      fit: Array.from((await model.call('prepare', data(2))).image),
    };"""
    )
    assert found["sums"] == [pytest.approx(2, abs=0.02)] * 7
    assert found["several"] == [pytest.approx(2, abs=0.02)] * 2
    # ITU-R BT.601: 0.299 R + 0.587 G + 0.114 B
    assert found["grey"] == pytest.approx(4 * round(0.299 * 100 + 0.587 * 200 + 0.114 * 50) / 255, abs=1e-5)
    assert "the picture is empty" in found["empty"]["message"]
    assert found["fit"] == [1, 0, 1, 0]


def test_a_picture_of_another_site_says_what_to_do(tab, tmp_path):
    write_bundle(tmp_path / "site", *pixels())
    add_blank_page(tmp_path / "site", POLICY.replace("img-src 'self'", "img-src * 'self'"))
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "p.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg" width="4" height="4"/>')
    with (
        running(tmp_path / "site", is_isolated=False) as address,
        running(tmp_path / "other", is_isolated=False) as other,
    ):
        script = (
            CAUGHT
            + """
    const image = new Image();
    image.src = given;
    await image.decode();
    const model = await load();
    return caught(() => model.predict(image));"""
        )
        found = visit(tab, address)(script, f"{other}p.svg")
    assert found["name"] == "BrowserError" and 'crossorigin="anonymous"' in found["message"]


# Of a PNG and of its points: what the model is given, before any arithmetic.
PREPARED = """
const model = await load();
const bitmap = await createImageBitmap(new Blob([Uint8Array.from(atob(given), (letter) => letter.charCodeAt(0))]));
const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext('2d');
context.drawImage(bitmap, 0, 0);
const points = context.getImageData(0, 0, bitmap.width, bitmap.height);
return Promise.all([bitmap, points].map(async (picture) => Array.from((await model.call('prepare', picture)).image)));
"""


@pytest.mark.parametrize(
    ("size", "fit", "seen"),
    [
        ((91, 60), "crop", lambda p: p.crop((15, 0, 75, 60)).resize((30, 30), Image.Resampling.BILINEAR)),
        ((40, 103), "crop", lambda p: p.crop((0, 31, 40, 71)).resize((30, 30), Image.Resampling.BILINEAR)),
        ((17, 11), "stretch", lambda p: p.resize((30, 30), Image.Resampling.BILINEAR)),
        ((75, 50), "pad", lambda p: padded(p.resize((30, 20), Image.Resampling.BILINEAR), 5)),
        ((30, 30), "crop", lambda p: p),
    ],
)
def test_a_picture_of_another_size_is_what_pillow_makes_of_it(tab, tmp_path, size, fit, seen):
    layers = [fl.Input(fl.Image(30, 30, fit=fit), name="image"), fl.layers.Flatten(), fl.layers.Dense(1)]
    fl.Sequential(layers).export(tmp_path)
    add_blank_page(tmp_path)
    rng = np.random.default_rng(1)
    picture = Image.fromarray(rng.integers(0, 256, (size[1], size[0], 3), np.uint8))
    wanted = np.asarray(seen(picture), np.float32).ravel().tolist()
    file = io.BytesIO()
    picture.save(file, "PNG")
    with running(tmp_path) as address:
        found = visit(tab, address)(PREPARED, b64encode(file.getvalue()).decode())
    assert found[0] == wanted and found[1] == wanted
    data = np.asarray(picture.convert("RGBA")).ravel().tolist()
    picture_there = "{ width: given[0], height: given[1], data: Uint8ClampedArray.from(given[2]) }"
    script = f"const model = await load(); return Array.from((await model.call('prepare', {picture_there})).image);"
    assert run_node(script, [*size, data], tmp_path) == wanted


def padded(picture, above):
    whole = Image.new("RGB", (30, 30))
    whole.paste(picture, (0, above))
    return whole

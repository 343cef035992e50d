"""Are pictures read as the manifest says? In each browser."""

import pytest

from fanlight.bundle.page import POLICY
from fanlight.bundle.write import write_bundle
from fanlight.server.serve import running
from web.browser import CAUGHT, add_blank_page, visit
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

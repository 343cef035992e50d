"""Do the snippets of docs/training-in-the-page.md run, one after the other, in one page?"""

import re
from pathlib import Path

from web.browser import visit

GUIDE = Path(__file__).parent.parent.parent / "docs" / "training-in-the-page.md"
IMPORT = re.compile(r"^import (\{[^}]*\}) from '\./(\w+\.js)';$", re.M)


def test_the_snippets_run(tab, line_site):
    snippets = re.findall(r"```js\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.S)
    text = "\n".join(IMPORT.sub(r"const \1 = await part('\2');", snippet) for snippet in snippets)
    # `load` is there already.
    text = text.replace("const { load } = await part('index.js');", "")
    found = visit(tab, line_site.address)(f"""
    const part = (name) => import(new URL(name, location.href).href);
    const xs = Float32Array.from({{ length: 400 }}, (_, i) => Math.sin(i * i));
    const ys = Float32Array.from({{ length: 100 }}, (_, i) => 2 * xs[4 * i] - xs[4 * i + 1] + 1);
    {text}
    return {{ log: log.text, rows: table.rows, kept: kept.epoch, best: stopping.bestEpoch }};""")
    assert len(snippets) == 7 and found["log"].startswith("epoch,")
    assert found["rows"] == [{"width": 1, "height": 2.5}, {"width": 2, "height": 0.5}]
    assert found["kept"] == 2 and found["best"] is not None

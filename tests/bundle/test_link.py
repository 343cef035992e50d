"""Do linked files mean what the modules mean? Comments go, templates stay, names keep their one meaning."""

import re
import subprocess

import pytest

from fanlight.bundle import link
from fanlight.bundle.contents import PAGE_SCRIPT
from fanlight.bundle.link import check_names, link_folder, split
from fanlight.bundle.modules import closure, parse_module, web_text
from fanlight.bundle.strip import spans, strip
from fanlight.errors import CompileError
from fanlight.server.serve import running
from web.browser import add_blank_page


def test_an_import_or_export_is_read():
    module = parse_module(
        "page/app.js",
        "// Question?\n\nimport { a, b as c } from '../x.js';\nimport {\n  d,\n} from './y.js';\n"
        "export { e } from '../z.js';\n"
        "/** @type {import('./types.d.ts').T} */\nexport const f = 1;\n"
        "export async function g() { return import('./late.js'); }\n"
        "export class H {}\nconst hidden = 2;\n",
    )
    assert module.imports == (("x.js", {"a": "a", "c": "b"}), ("page/y.js", {"d": "d"}))
    assert module.exports == ("f", "g", "H") and module.reexports == {"e": ("z.js", "e")}
    assert module.dynamic == ("page/late.js",) and module.declared == ("f", "g", "H", "hidden")
    assert "export" not in module.body


@pytest.mark.parametrize(
    "text",
    [
        "import x from './x.js';\n",
        "import * as x from './x.js';\n",
        "import './x.js';\n",
        "export default 1;\n",
        "export * from './x.js';\n",
        "export { a };\n",
        "export const { a, b } = {};\n",
        "import { a } from 'somewhere';\n",
        'import { a } from "./x.js";\n',
    ],
)
def test_other_forms_are_refused(text):
    with pytest.raises(CompileError):
        parse_module("index.js", text)


def test_names_that_would_get_a_second_meaning_are_refused():
    one, two = (parse_module(name, "const same = 1;\n") for name in ("a.js", "b.js"))
    with pytest.raises(CompileError, match="one 'same'"):
        check_names([one, two])
    with pytest.raises(CompileError, match="keep their names"):
        check_names([parse_module("a.js", "import { x as y } from './b.js';\n")])
    check_names([parse_module("page/a.js", "const same = 1;\n"), parse_module("page/b.js", "const same = 1;\n")])


def test_a_cycle_is_refused(monkeypatch):
    text = "import {{ {1} }} from './{1}.js';\nexport const {0} = 1;\n"
    texts = {"a.js": text.format(*"ab"), "b.js": text.format(*"ba")}
    monkeypatch.setattr("fanlight.bundle.modules.read_module", lambda path: parse_module(path, texts[path]))
    with pytest.raises(CompileError, match=r"a\.js -> b\.js -> a\.js"):
        closure(["a.js"])


STRIPPED = [
    ("const a = 1; // one\n/* two */ const b = 2;", "const a=1;const b=2;"),
    ("const t = `a  ${ b }  c`;", "const t=`a  ${ b }  c`;"),
    ("const t = `${x ? ` ${y} z ` : ''} `;", "const t=`${x ? ` ${y} z ` : ''} `;"),
    ("const t = `${f({ a: `}` })} b`;", "const t=`${f({ a: `}` })} b`;"),
    ("const t = `\\`  ${'`'}  `; // end", "const t=`\\`  ${'`'}  `;"),
    ("const s = '// no'; const u = \"/* no */ `\";", "const s='// no';const u=\"/* no */ `\";"),
    ("// it's a comment with a ` in it\nconst a = `b  c`;", "const a=`b  c`;"),
]


@pytest.mark.parametrize(("text", "expected"), STRIPPED)
def test_comments_go_and_templates_stay(text, expected):
    assert strip(text).strip() == expected


def test_what_never_ends_is_refused():
    for text in ("const a = 'b;\n", "const a = `b ${c};"):
        with pytest.raises(CompileError):
            spans(text)


def test_all_linked_files_are_javascript(tmp_path):
    linked = {**link_folder([PAGE_SCRIPT], {}), "script.js": link.link_script("worker.js")}
    for name, text in linked.items():
        path = tmp_path / (name if name == "script.js" else f"{name}.mjs")
        path.write_text(text)
    for path in tmp_path.iterdir():
        done = subprocess.run(["node", "--check", path], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr


def test_files_import_only_files_that_are_there():
    linked = link_folder([PAGE_SCRIPT], {})
    assert {"index.js", *link.PARTS} <= linked.keys()
    assert all(re.search(r"^[\w-]+\.[0-9a-f]{8}\.js$", name) for name in linked.keys() - {"index.js", *link.PARTS})
    for text in linked.values():
        named = re.findall(r"from'\./([^']+)'|import\('\./([^']+)'\)|URL\('\./([^']+\.js)'", text)
        assert {name for names in named for name in names if name} <= linked.keys()
    worker = next(text for name, text in linked.items() if name.startswith("worker."))
    shared = next(text for name, text in linked.items() if name.startswith("engine."))
    assert "import(" not in worker + shared, "bundlers of workers refuse code that is fetched later"


def test_every_module_is_in_one_file():
    chunks, owner = split(["index.js"], link.PARTS)
    paths = [module.path for chunk in chunks for module in chunk.modules]
    assert len(paths) == len(set(paths)) and set(paths) == set(owner)
    assert all(web_text(path).startswith("//") for path in paths)


def test_no_name_of_a_flat_file_is_a_global(page, tmp_path):
    """In one file, what a module declares hides a global from all others: none may be one."""
    chunks, _ = split(["index.js"], link.PARTS)
    names = sorted({name for chunk in chunks for module in chunk.modules if module.is_flat for name in module.declared})
    add_blank_page(tmp_path)
    with running(tmp_path) as address:
        page.goto(f"{address}blank.html")
        found = page.evaluate("(names) => names.filter((name) => name in globalThis)", names)
    # The length, the `find` and the `history` of `window` are asked for by nobody.
    used = {name for name in found if name not in ("length", "open", "find", "text", "history")}
    assert not used, f"these hide globals: {used}"

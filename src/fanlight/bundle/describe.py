"""What does a bundle say of its own model? Types for editors, a README with a snippet, and package.json.

In: a manifest. Out: text. Knows no weights and no page."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from importlib.resources import files
from string import Template
from typing import Any

from fanlight.bundle.manifest import Function, Manifest, Slot
from fanlight.bundle.modules import WebModule
from fanlight.ir.dim import text as dim_text

ARRAYS = {
    "float32": "Float32Array",
    "int32": "Int32Array",
    "uint32": "Uint32Array",
    "int64": "BigInt64Array",
    "uint8": "Uint8Array",
    "int8": "Int8Array",
    "bool": "Uint8Array",
}
ERRORS = (
    "BrowserError, DtypeError, FanlightError, IntegrityError, ModelFormatError, NonFiniteLossError, ShapeError, "
    "StorageError, UnknownNameError"
)
IDENTIFIER = re.compile(r"[A-Za-z_$][\w$]*")


def types_of(manifest: Manifest) -> str:
    """index.d.ts: what `predict` and `fit` take and give, by name."""
    predict = manifest.functions.get("predict")
    inputs, outputs = (predict.inputs, predict.outputs) if predict else ((), ())
    step = manifest.functions.get("train_step")
    names = manifest.training.target_names if manifest.training else ()
    targets = [slot for slot in (step.inputs if step else ()) if slot.name in names]
    only = input_type(manifest, targets[0]) + " | Targets" if len(targets) == 1 else "Targets"
    lines = [
        f"// Types of the model {comment(manifest.name)}.",
        "",
        "import type { Files, LoadOptions, Model as AnyModel, Numbers, Picture, Row, Shaped } from './types.js';",
        "",
        f"export {{ {ERRORS} }} from './types.js';",
        "export type * from './types.js';",
        "",
        "/** What `predict` and `fit` take. */",
        *interface("Inputs", ((slot, input_type(manifest, slot)) for slot in inputs)),
        "/** What `predict` gives. */",
        *interface("Outputs", ((slot, ARRAYS[slot.dtype]) for slot in outputs)),
        "/** What `fit` trains for. */",
        *interface("Targets", ((slot, input_type(manifest, slot)) for slot in targets)),
        f"export type Model = AnyModel<{'Inputs' if inputs else 'never'}, Outputs, {only if targets else 'never'}>;",
        "export declare function load(options?: LoadOptions): Promise<Model>;",
        "export declare function load(where: string | URL | Files, options?: LoadOptions): Promise<Model>;",
    ]
    return "\n".join(lines) + "\n"


def types_of_part(module: WebModule) -> str:
    """callbacks.d.ts, say: what a part of the runtime gives, as types.d.ts has it."""
    names = ", ".join(sorted([*module.exports, *module.reexports]))
    return f"export {{ {names} }} from './types.js';\nexport type * from './types.js';\n"


def interface(name: str, members: Iterable[tuple[Slot, str]]) -> list[str]:
    body = [f"  /** {describe_slot(slot)} */\n  {key(slot.name)}: {kind};" for slot, kind in members]
    return [f"export interface {name} {{", *body, "}", ""]


def input_type(manifest: Manifest, slot: Slot) -> str:
    """The TypeScript type of what may be passed for this input."""
    meaning = manifest.meanings.get(slot.name, {})
    extra = {"image": " | Picture | Picture[]", "table": " | Row | Row[]", "classes": " | readonly string[]"}
    return "Numbers | Shaped" + extra.get(str(meaning.get("kind")), "")


def describe_slot(slot: Slot) -> str:
    return f"{slot.dtype} [{', '.join(dim_text(extent) for extent in slot.shape)}]"


def key(name: str) -> str:
    return name if IDENTIFIER.fullmatch(name) else json.dumps(name)


def comment(text: str) -> str:
    """Text that cannot end the comment or line that it stands in."""
    return " ".join(text.replace("*/", "* /").split())


def readme_of(manifest: Manifest) -> str:
    """README.md: a snippet with this model's names, and tables of what it takes and gives."""
    predict = manifest.functions.get("predict", Function((), (), ()))
    about = [f"Licence: {manifest.license}"] if manifest.license else []
    about += [f"Citation: {manifest.citation}"] if manifest.citation else []
    inputs = ", ".join(snippet(slot.name) for slot in predict.inputs)
    fit = f"const history = await model.fit({{ {inputs} }}, targets, {{ epochs: 5 }});"
    template = files("fanlight.bundle").joinpath("templates", "README.md").read_text(encoding="utf-8")
    return Template(template).substitute(
        name=comment(manifest.name),
        trains=" and goes on training" if manifest.training else "",
        outputs=", ".join(snippet(slot.name) for slot in predict.outputs),
        inputs=inputs,
        fit=f"\n```js\n{fit}\nawait model.save('indexeddb://mine');\n```\n" if manifest.training else "",
        input_rows=rows(manifest, predict.inputs),
        output_rows=rows(manifest, predict.outputs),
        about="".join(f"\n{comment(line)}\n" for line in about),
    )


def snippet(name: str) -> str:
    """`{ image }`, or `{ "dense/output": dense_output }` where the name is no variable's."""
    return name if IDENTIFIER.fullmatch(name) else f"{json.dumps(name)}: " + re.sub(r"\W", "_", name)


def rows(manifest: Manifest, slots: Sequence[Slot]) -> str:
    kinds = {slot.name: manifest.meanings.get(slot.name, {}).get("kind") for slot in slots}
    facts = {slot.name: ", ".join(filter(None, [describe_slot(slot), kinds[slot.name]])) for slot in slots}
    return "\n".join(f"| `{comment(name)}` | {fact} |" for name, fact in facts.items())


def package_of(manifest: Manifest) -> str:
    """package.json: an ES module without dependencies, also inside a CommonJS package."""
    slug = re.sub(r"[^a-z0-9]+", "-", manifest.name.lower()).strip("-") or "model"
    package: dict[str, Any] = {
        "name": slug,
        "version": "0.0.0",
        "private": True,
        "type": "module",
        "main": "./index.js",
        "types": "./index.d.ts",
        "exports": {".": {"types": "./index.d.ts", "default": "./index.js"}, "./*": "./*"},
        "sideEffects": False,
    }
    if manifest.license:
        package["license"] = manifest.license
    return json.dumps(package, indent=2, ensure_ascii=False) + "\n"

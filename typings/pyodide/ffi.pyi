# What of Pyodide's bridge Fanlight uses.
from typing import Any

class JsException(Exception):
    name: str
    message: str
    js_error: Any

def to_js(obj: Any, **options: Any) -> Any: ...
def create_proxy(obj: Any, **options: Any) -> Any: ...
def create_once_callable(obj: Any, **options: Any) -> Any: ...

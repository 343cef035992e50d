# The page's globals, as Python in a browser imports them: whatever the page has.
from typing import Any

def __getattr__(name: str) -> Any: ...

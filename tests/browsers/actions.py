"""How are keys written on the wire? WebDriver, and BiDi after it, have private characters for keys that type nothing:
https://www.w3.org/TR/webdriver2/#keyboard-actions."""

CODES = {
    "Backspace": "\ue003",
    "Tab": "\ue004",
    "Enter": "\ue007",
    "Escape": "\ue00c",
    "End": "\ue010",
    "Home": "\ue011",
    "ArrowLeft": "\ue012",
    "ArrowUp": "\ue013",
    "ArrowRight": "\ue014",
    "ArrowDown": "\ue015",
    "Delete": "\ue017",
}


def key_actions(keys: tuple[str, ...]) -> list[dict]:
    """One source of input that presses and releases each key."""
    strokes = [{"type": kind, "value": CODES.get(key, key)} for key in keys for kind in ("keyDown", "keyUp")]
    return [{"type": "key", "id": "keyboard", "actions": strokes}]


def mouse_actions(path, is_pressed: bool) -> list[dict]:
    """One source of input that leads the mouse along points of the window."""
    moves = [{"type": "pointerMove", "x": round(x), "y": round(y), "duration": 0} for x, y in path]
    if is_pressed:
        button = {"button": 0}
        moves = [moves[0], {"type": "pointerDown", **button}, *moves[1:], {"type": "pointerUp", **button}]
    return [{"type": "pointer", "id": "mouse", "parameters": {"pointerType": "mouse"}, "actions": moves}]

"""How people write the ten digits: the pen's path of each form, and which hand writes which forms.

A path is text: control points `x,y` of a smooth curve in a box 100 high (y downwards), `!` behind a point where the
pen turns sharply, `|` where it is lifted. Drawn by eye after common school forms; it knows nothing of pixels.
"""

from dataclasses import dataclass

# digit -> name of the form -> path
SKELETONS: dict[int, dict[str, str]] = {
    0: {
        "oval": "36,2 15,12 4,42 9,80 30,98 53,87 63,50 56,14 38,2 31,4",
        "wide": "62,10 40,1 13,13 2,48 12,84 40,99 68,87 80,50 70,15 50,3 42,3",
        "narrow": "38,3 19,11 8,42 9,77 23,97 40,87 50,50 46,14 34,3 28,6",
        "open": "40,9 26,2 10,18 4,52 12,86 32,98 52,84 60,48 54,16 43,4",
        "clockwise": "28,4 48,6 61,38 57,80 34,98 11,84 3,48 11,14 27,2 36,4",
        "curl": "50,12 32,1 11,18 3,54 14,90 36,98 55,78 60,40 50,12 33,3 20,10 22,18",
    },
    1: {
        "stroke": "12,0 10,34 10,68 8,100",
        "slanted": "34,0 25,34 15,68 6,100",
        "flag": "4,24 20,13 34,0! 34,34 33,68 33,100",
        "long flag": "0,46 17,27 36,0! 35,34 34,68 34,100",
        "base": "8,20 20,12 32,0! 32,34 32,68 31,97 | 6,98 30,97 58,96",
        "serif": "18,11 29,1! 29,34 27,68 27,100",
        "curved": "20,0 13,34 11,68 15,100",
    },
    2: {
        "sharp": "6,24 14,7 34,0 54,9 58,29 44,54 22,78 3,97! 24,96 46,97 66,96",
        "looped": "8,20 22,3 44,2 57,18 50,44 32,70 14,92 3,93 3,82 14,78 30,88 46,97 64,91",
        "swan": "3,20 16,4 36,0 54,12 54,35 36,62 8,95! 24,89 44,97 70,88",
        "zed": "4,9 22,2 42,2 57,12 52,32 30,64 4,96! 34,97 62,94",
        "flat": "4,18 24,2 52,3 66,20 54,46 28,74 2,97! 36,98 80,96",
    },
    3: {
        "round": "6,13 24,1 46,4 55,20 44,39 24,47! 46,50 62,68 54,90 30,100 4,90",
        "flat top": "6,4 32,4 58,2! 44,20 29,40! 50,45 62,66 54,90 28,99 2,90",
        "knot": "8,14 26,0 50,6 52,27 37,43 24,47 29,51 47,52 62,70 52,92 26,100 4,88",
        "top small": "12,8 26,0 44,5 47,20 36,33 22,38! 44,40 62,60 56,86 30,100 2,88",
        "wide": "4,14 26,1 54,5 62,22 48,40 28,46! 56,50 72,70 60,92 30,100 2,90",
    },
    4: {
        "open": "16,3 11,28 4,57! 34,59 66,56 | 50,24 48,60 46,100",
        "closed": "46,1 24,32 2,65! 34,65 70,63 | 47,2 46,50 45,100",
        "one stroke": "70,66 34,67 2,66! 24,34 48,2! 47,50 46,100",
        "cup": "10,2 4,28 9,48 28,54 54,47 | 57,2 54,50 51,100",
        "short": "20,0 12,26 2,52! 30,54 62,52 | 46,28 44,64 41,98",
    },
    5: {
        "two strokes": "18,4 14,24 10,45! 32,38 54,48 60,70 48,92 24,100 2,90 | 17,4 40,3 64,1",
        "one stroke": "60,3 38,3 18,4! 14,24 10,46! 32,38 54,48 60,70 46,94 22,100 2,92",
        "smooth": "58,3 36,2 18,8 13,28 24,40 46,48 58,70 46,94 22,99 2,90",
        "angular": "58,2 34,3 13,3! 12,22 10,43! 38,41 60,58 56,84 32,98 3,94",
        "wide": "22,2 18,22 12,42! 40,36 66,50 70,74 50,96 22,99 2,88 | 21,3 48,3 76,0",
    },
    6: {
        "curved": "50,2 28,16 11,44 4,72 14,95 36,99 53,85 52,63 34,53 15,62 5,76",
        "straight": "38,0 22,30 8,64 10,90 30,100 50,89 53,69 38,57 20,62 9,76",
        "hooked": "56,13 43,2 24,13 9,42 4,74 17,97 41,97 56,79 47,59 27,56 10,71",
        "small loop": "42,0 20,26 6,58 5,84 20,99 40,96 48,80 40,66 24,65 9,80",
        "wide": "60,2 32,18 10,48 5,76 20,97 48,98 68,82 62,60 38,53 14,64 6,76",
    },
    7: {
        "plain": "4,5 32,4 60,3! 45,34 31,68 23,100",
        "barred": "4,5 32,4 60,3! 46,34 33,68 26,100 | 16,53 37,51 59,49",
        "serif": "6,17 6,4! 34,5 62,3! 46,36 32,68 27,100",
        "wavy": "3,13 14,3 36,8 60,3! 43,30 33,64 31,100",
        "serif and bar": "5,15 6,4! 32,5 60,3! 44,36 30,70 24,100 | 13,52 36,49 60,50",
    },
    8: {
        "from right": "52,13 34,1 13,9 12,29 34,46 56,64 56,88 32,100 8,88 8,67 32,46 54,28 51,11",
        "two loops": "33,46 13,35 12,12 32,1 52,12 51,34 33,46 | 33,46 9,60 5,84 30,100 57,86 55,61 34,46",
        "from top": "44,4 24,2 10,18 22,37 44,54 58,76 42,98 16,95 6,75 24,54 44,38 54,20 43,5",
        "open": "56,8 36,1 15,10 14,30 36,48 56,68 52,92 28,99 8,86 12,66 34,47 52,28 58,16",
        "narrow": "42,10 28,0 12,12 14,32 30,48 43,68 38,92 20,99 6,86 11,64 28,46 41,28 41,12",
    },
    9: {
        "straight": "53,14 32,1 10,13 6,37 24,51 46,39 54,13! 53,50 52,100",
        "curved": "54,18 36,1 12,10 6,34 22,50 44,42 55,18 56,50 44,88 22,100 6,92",
        "diagonal": "51,17 34,2 11,13 8,37 27,47 46,31 53,12! 43,56 27,100",
        "hooked": "55,16 34,1 10,14 8,40 30,50 50,36 55,14! 55,50 53,84 38,99 18,92",
        "big loop": "56,20 40,1 12,10 4,36 20,58 46,48 57,20! 54,56 48,100",
    },
}


@dataclass(frozen=True)
class Hand:
    """One way of writing: which forms (separated by `/` where it has more than one) and how steadily.

    Lengths are in hundredths of the digit's height; angles in degrees, to the right; `step` is the pen's way between
    two events in pixels.
    """

    name: str
    forms: tuple[str, ...]  # for 0 to 9
    slant: float = 0.0
    aspect: float = 1.0  # width against the skeleton's
    wobble: float = 2.4  # how far a control point strays
    tremor: float = 0.3  # how far the pen shakes along its path
    step: float = 7.0
    width: tuple[float, float] = (10, 16)  # of the pen, pixels
    height: tuple[float, float] = (90, 210)  # of the digit, pixels


HANDS = (
    Hand(
        "school",
        (
            "oval",
            "flag",
            "sharp",
            "round",
            "open",
            "two strokes",
            "curved",
            "plain",
            "from right",
            "straight",
        ),
        wobble=1.6,
    ),
    Hand(
        "hasty",
        (
            "open",
            "stroke/slanted",
            "looped/zed",
            "knot",
            "cup",
            "smooth",
            "straight",
            "plain",
            "open",
            "diagonal",
        ),
        slant=12,
        wobble=3.6,
        step=16,
    ),
    Hand(
        "continental",
        (
            "oval",
            "long flag",
            "sharp",
            "round/flat top",
            "open",
            "one stroke",
            "curved",
            "barred",
            "from top",
            "curved",
        ),
        slant=6,
        height=(120, 230),
    ),
    Hand(
        "transatlantic",
        (
            "wide/oval",
            "stroke/base",
            "looped",
            "round",
            "closed",
            "two strokes",
            "hooked",
            "serif",
            "two loops",
            "straight",
        ),
        width=(8, 13),
    ),
    Hand(
        "round",
        (
            "wide",
            "flag/curved",
            "swan",
            "wide/knot",
            "cup",
            "wide",
            "wide",
            "wavy",
            "two loops",
            "big loop/hooked",
        ),
        aspect=1.15,
        wobble=2.2,
        width=(12, 20),
        height=(110, 220),
    ),
    Hand(
        "narrow",
        (
            "narrow",
            "serif/stroke",
            "sharp/zed",
            "top small",
            "short/one stroke",
            "one stroke",
            "small loop",
            "plain",
            "narrow",
            "straight",
        ),
        slant=4,
        aspect=0.8,
        height=(110, 240),
    ),
    Hand(
        "angular",
        (
            "clockwise",
            "long flag/base",
            "zed",
            "flat top",
            "closed/one stroke",
            "angular",
            "straight",
            "serif and bar",
            "from right",
            "diagonal",
        ),
        wobble=2.8,
        tremor=0.5,
        width=(8, 14),
    ),
    Hand(
        "shaky",
        (
            "oval/open",
            "flag/stroke",
            "sharp/flat",
            "round",
            "open/closed",
            "two strokes",
            "hooked",
            "barred/plain",
            "two loops/from right",
            "hooked",
        ),
        wobble=3.0,
        tremor=0.8,
        step=4,
        height=(100, 200),
    ),
    Hand(
        "small",
        (
            "curl/narrow",
            "stroke/serif",
            "swan/looped",
            "knot/top small",
            "short/open",
            "smooth/one stroke",
            "small loop/curved",
            "plain/wavy",
            "from top",
            "curved/straight",
        ),
        slant=8,
        wobble=3.0,
        step=5,
        width=(6, 9),
        height=(60, 90),
    ),
    Hand(
        "backhand",
        (
            "clockwise/oval",
            "base/stroke",
            "flat",
            "flat top/wide",
            "one stroke/cup",
            "wide/angular",
            "wide/hooked",
            "serif/serif and bar",
            "open/two loops",
            "big loop",
        ),
        slant=-11,
        aspect=1.05,
        step=10,
        width=(14, 22),
        height=(150, 245),
    ),
)

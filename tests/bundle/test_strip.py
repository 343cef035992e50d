"""Does a style sheet mean the same without its comments and spaces?"""

from fanlight.bundle.strip import strip_style


def test_comments_and_spaces_go_and_strings_stay():
    text = """/* look */
a > b , .c:hover::before { content: "x ;  /* y */"; width: calc(1px + 2px) ; }
@media (max-width: 5px) { i { margin: 0 1px; } }
"""
    short = ('a > b,.c:hover::before{content: "x ;  /* y */";width: calc(1px + 2px);}',
             "@media (max-width: 5px){i{margin: 0 1px;}}")  # fmt: skip
    assert strip_style(text) == "".join(short)

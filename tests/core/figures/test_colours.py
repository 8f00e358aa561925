"""Colours keep their meanings: readable, told apart by everyone, and written down once."""

import ast
import itertools
import re
import tomllib
from pathlib import Path

import numpy as np
import pytest

from core.figures import colours
from core.figures.colours import LABEL_COLOURS, LABEL_MARKS, MEANINGS, for_browser

ROOT = Path(__file__).resolve().parents[3]
THEME = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text("utf-8"))["theme"]
THEMES = ("light", "dark")

# -- Judging a colour ---------------------------------------------------------------------------


def linear(hexadecimal: str) -> np.ndarray:
    """Amounts of red, green and blue light, from 0 to 1."""
    assert re.fullmatch(r"#[0-9A-F]{6}", hexadecimal)
    encoded = np.array([int(hexadecimal[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)


def contrast(one: str, other: str) -> float:
    """The ratio of luminances that the accessibility guidelines define."""
    low, high = sorted(linear(colour) @ [0.2126, 0.7152, 0.0722] for colour in (one, other))
    return (high + 0.05) / (low + 0.05)


# What dichromats see, after Machado, Oliveira & Fernandes (2009), severity 1.
VISION = {
    "trichromat": np.eye(3),
    "protanope": np.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    ),
    "deuteranope": np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ]
    ),
    "tritanope": np.array(
        [
            [1.255528, -0.076749, -0.178779],
            [-0.078411, 0.930809, 0.147602],
            [0.004733, 0.691367, 0.303900],
        ]
    ),
}


def perceived(light: np.ndarray) -> np.ndarray:
    """Coordinates in Oklab, where equal distances look equal."""
    cones = np.array(
        [
            [0.4122214708, 0.5363325363, 0.0514459929],
            [0.2119034982, 0.6806995451, 0.1073969566],
            [0.0883024619, 0.2817188376, 0.6299787005],
        ]
    )
    opponent = np.array(
        [
            [0.2104542553, 0.7936177850, -0.0040720468],
            [1.9779984951, -2.4285922050, 0.4505937099],
            [0.0259040371, 0.7827717662, -0.8086757660],
        ]
    )
    return opponent @ np.cbrt(np.clip(cones @ np.clip(light, 0, 1), 0, None))


def nearest(palette: list[str], vision: str) -> float:
    """The distance between the two colours of a palette that look most alike."""
    seen = [perceived(VISION[vision] @ linear(colour)) for colour in palette]
    return min(float(np.linalg.norm(a - b)) for a, b in itertools.combinations(seen, 2))


# -- The palette --------------------------------------------------------------------------------


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("paper", ["backgroundColor", "secondaryBackgroundColor"])
@pytest.mark.parametrize("name", MEANINGS)
def test_words_in_a_colour_are_readable(name, paper, theme):
    """
    Text in any of the colours has a contrast of at least 4.5:1 on the paper and on panels.
    """
    text = MEANINGS[name].on(theme)["text"]

    assert contrast(text, THEME[theme][paper]) >= 4.5


@pytest.mark.parametrize("theme", THEMES)
def test_lines_and_marks_stand_out(theme):
    """
    Lines and label marks have a contrast of at least 3:1, but for the dream's pink on light paper.
    """
    paper = THEME[theme]["backgroundColor"]
    faint = {"dream"} if theme == "light" else set()
    lines = [m.on(theme)["colour"] for name, m in MEANINGS.items() if name not in faint]

    assert min(contrast(colour, paper) for colour in (*lines, *LABEL_COLOURS[theme])) >= 3


@pytest.mark.parametrize("vision", VISION)
@pytest.mark.parametrize("theme", THEMES)
def test_everyone_tells_labels_apart(theme, vision):
    """
    No two label colours come near each other for any kind of colour vision.
    """
    assert nearest(list(LABEL_COLOURS[theme]), vision) >= 0.085


def test_nothing_depends_on_colour_alone():
    """
    Distortion, rate and objective differ in dash or mark as well, and so does every label.
    """
    lines = [(m.dash, m.mark) for name, m in MEANINGS.items() if name != "bound"]

    assert len(set(lines)) == len(lines)
    assert len(set(LABEL_MARKS)) == len(LABEL_MARKS) == 10
    assert {len(palette) for palette in LABEL_COLOURS.values()} == {10}


def test_components_get_every_meaning_in_both_themes():
    """
    A component finds colour, text colour, dash and mark of each meaning, and ten labels.
    """
    sent = for_browser()

    assert set(sent) == set(THEMES)
    for theme in THEMES:
        assert set(sent[theme]) == {*MEANINGS, "labels"}
        assert all(
            set(sent[theme][name]) == {"colour", "text", "dash", "mark"} for name in MEANINGS
        )
        assert [label["mark"] for label in sent[theme]["labels"]] == list(LABEL_MARKS)


@pytest.mark.parametrize("theme", THEMES)
def test_the_theme_file_repeats_the_palette(theme):
    """
    Coloured words in prose have the colours of the charts.
    """
    words = {"blue": "real", "violet": "dream", "orange": "distortion", "green": "rate"}
    for word, name in words.items():
        look = MEANINGS[name].on(theme)
        assert THEME[theme][f"{word}Color"] == look["colour"]
        assert THEME[theme][f"{word}TextColor"] == look["text"]
    assert THEME[theme]["textColor"] == MEANINGS["objective"].on(theme)["text"]
    assert THEME[theme]["chartCategoricalColors"][:4] == [
        MEANINGS[name].on(theme)["colour"] for name in words.values()
    ]


# -- Written down once --------------------------------------------------------------------------

NAMED = frozenset(
    re.findall(
        r"\w+",
        """
    aliceblue antiquewhite aqua aquamarine azure beige bisque black blanchedalmond blue blueviolet
    brown burlywood cadetblue chartreuse chocolate coral cornflowerblue cornsilk crimson cyan
    darkblue darkcyan darkgoldenrod darkgray darkgreen darkgrey darkkhaki darkmagenta
    darkolivegreen darkorange darkorchid darkred darksalmon darkseagreen darkslateblue
    darkslategray darkslategrey darkturquoise darkviolet deeppink deepskyblue dimgray dimgrey
    dodgerblue firebrick floralwhite forestgreen fuchsia gainsboro ghostwhite gold goldenrod gray
    green greenyellow grey honeydew hotpink indianred indigo ivory khaki lavender lavenderblush
    lawngreen lemonchiffon lightblue lightcoral lightcyan lightgoldenrodyellow lightgray
    lightgreen lightgrey lightpink lightsalmon lightseagreen lightskyblue lightslategray
    lightslategrey lightsteelblue lightyellow lime limegreen linen magenta maroon
    mediumaquamarine mediumblue mediumorchid mediumpurple mediumseagreen mediumslateblue
    mediumspringgreen mediumturquoise mediumvioletred midnightblue mintcream mistyrose moccasin
    navajowhite navy oldlace olive olivedrab orange orangered orchid palegoldenrod palegreen
    paleturquoise palevioletred papayawhip peachpuff peru pink plum powderblue purple
    rebeccapurple red rosybrown royalblue saddlebrown salmon sandybrown seagreen seashell sienna
    silver skyblue slateblue slategray slategrey snow springgreen steelblue tan teal thistle
    tomato turquoise violet wheat white whitesmoke yellow yellowgreen
    """,
    )
)
FUNCTION = re.compile(r"\b(?:rgba?|hsla?|hwb|lab|lch|oklab|oklch|color)\(", re.IGNORECASE)
HEXADECIMAL = re.compile(r"#(?:[0-9a-f]{8}|[0-9a-f]{6})\b", re.IGNORECASE)
SHORT = re.compile(r"#[0-9a-f]{3,4}", re.IGNORECASE)
JS_TOKEN = re.compile(
    r"//[^\n]*|/\*.*?\*/"
    r'|"(?:\\.|[^"\\\n])*"|' + r"'(?:\\.|[^'\\\n])*'" + r"|`(?:\\.|[^`\\])*`",
    re.DOTALL,
)


def is_colour(text: str) -> bool:
    """Whether a string is a colour, or holds one."""
    return bool(
        text.lower() in NAMED
        or SHORT.fullmatch(text)
        or HEXADECIMAL.search(text)
        or FUNCTION.search(text)
    )


def in_python(source: str) -> list[str]:
    constants = (
        node.value for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Constant)
    )
    return [text for text in constants if isinstance(text, str) and is_colour(text)]


def in_javascript(source: str) -> list[str]:
    tokens = JS_TOKEN.findall(source)
    return [text for text in tokens if not text.startswith(("//", "/*")) and is_colour(text[1:-1])]


def in_css(source: str) -> list[str]:
    source = re.sub(r"/\*.*?\*/", "", source, flags=re.DOTALL)
    values = re.findall(r":([^:;{}]+)[;}]", source)
    words = re.findall(r"(?<![\w-])#?[\w-]+\(?", " ".join(values))
    return [word for word in words if is_colour(word)]


READERS = {".py": in_python, ".js": in_javascript, ".css": in_css}


def is_ours(path: Path) -> bool:
    """Whether a file belongs to the site, and not to tools or an environment beside it."""
    folders = path.relative_to(ROOT).parent.parts
    return not any(name.startswith((".", "__")) or "venv" in name for name in folders)


FILES = sorted(
    path
    for path in ROOT.rglob("*")
    if path.suffix in READERS
    and is_ours(path)
    and path not in (Path(colours.__file__).resolve(), Path(__file__).resolve())
)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_other_file_names_a_colour(path):
    """
    A colour that stands anywhere else would have no meaning, or two.
    """
    assert READERS[path.suffix](path.read_text("utf-8")) == []


@pytest.mark.parametrize(
    ("suffix", "source"),
    [
        (".py", 'line(color="red")'),
        (".py", "st.html(\"<p style='color:#D55E00'>\")"),
        (".js", "ctx.fillStyle = 'white';"),
        (".js", "ctx.fillStyle = `rgb(${r}, 0, 0)`;"),
        (".js", 'const ink = "#fff"; // said'),
        (".css", "p { color: tomato; }"),
        (".css", "p { border: 1px solid #abc }"),
        (".css", "p { background: hsl(0 0% 0%) }"),
    ],
)
def test_the_search_finds_colours(suffix, source):
    """
    The test above is not blind.
    """
    assert READERS[suffix](source)


@pytest.mark.parametrize(
    ("suffix", "source"),
    [
        (".py", '"""The red curve."""'),
        (".js", "// white\nthis.#add(1); const word = 'a tan line';"),
        (".css", "/* red */ #abc { white-space: nowrap; color: var(--pink); fill: currentColor }"),
    ],
)
def test_the_search_knows_what_is_none(suffix, source):
    """
    Private fields, comments, prose and variables are no colours.
    """
    assert not READERS[suffix](source)

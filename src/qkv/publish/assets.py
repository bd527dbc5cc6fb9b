"""Files that the site serves itself: fonts, mathematics, the live figures' scripts."""

import hashlib
import importlib.util
import shutil
from pathlib import Path

import font_source_sans_pro
import font_source_serif_pro
from fontTools import subset

from qkv.live.bundle import site_scripts, site_style

FACES = [  # family, style, weight, file
    ("Source Serif", "normal", 400, font_source_serif_pro, "SourceSerifPro-Regular.otf"),
    ("Source Serif", "italic", 400, font_source_serif_pro, "SourceSerifPro-It.otf"),
    ("Source Serif", "normal", 600, font_source_serif_pro, "SourceSerifPro-Semibold.otf"),
    ("Source Serif", "normal", 700, font_source_serif_pro, "SourceSerifPro-Bold.otf"),
    ("Source Sans", "normal", 400, font_source_sans_pro, "SourceSansPro-Regular.otf"),
    ("Source Sans", "italic", 400, font_source_sans_pro, "SourceSansPro-It.otf"),
    ("Source Sans", "normal", 600, font_source_sans_pro, "SourceSansPro-Semibold.otf"),
]

# Latin with the accents of the book's French and of its authors' names, punctuation, super- and
# subscripts, arrows, and the mathematical signs that stand in running text.
CHARACTERS = [
    *range(0x20, 0x180),
    *range(0x2010, 0x2028),
    *range(0x2030, 0x203B),
    *range(0x2070, 0x20A0),
    *range(0x2190, 0x219A),
    *map(ord, "€™−√∞∑∏∂∫≈≠≤≥×÷·…•◊Δπµ\ufb01\ufb02"),
]

# What one page of TeX needs of MathJax: 2 MB of the package's 24.
MATHJAX = ["tex-chtml.js", "a11y/assistive-mml.js", "input/tex/extensions", "output/chtml/fonts"]


def write_assets(folder):
    """Write fonts, MathJax and the live figures' scripts into `folder`.

    Fonts and MathJax take seconds, so they are made again only when this file has changed.
    """
    stamp = folder / ".made-by"
    maker = hashlib.sha256(Path(__file__).read_bytes()).hexdigest()
    if not stamp.is_file() or stamp.read_text() != maker:
        shutil.rmtree(folder, ignore_errors=True)
        write_mathjax(folder / "mathjax")
        write_fonts(folder)
        stamp.write_text(maker)
    shutil.rmtree(folder / "qkv", ignore_errors=True)
    (folder / "qkv").mkdir()
    for name, text in site_scripts().items():
        (folder / name).write_text(text, encoding="utf-8")
    (folder / "live.css").write_text(site_style(), encoding="utf-8")


def write_mathjax(folder):
    """Copy the part of MathJax that the book uses."""
    package = importlib.util.find_spec("sphinx-mathjax-offline")
    assert package is not None
    assert package.submodule_search_locations
    source = Path(package.submodule_search_locations[0]) / "static/mathjax"
    for name in MATHJAX:
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if (source / name).is_dir():
            shutil.copytree(source / name, target, dirs_exist_ok=True)
        else:
            shutil.copyfile(source / name, target)


def write_fonts(folder):
    """Cut the book's typefaces down to the characters it uses; write them and `fonts.css`."""
    (folder / "fonts").mkdir(parents=True, exist_ok=True)
    options = subset.Options()
    options.flavor = "woff"
    options.layout_features = ["kern", "liga", "onum", "lnum", "tnum", "locl", "mark", "mkmk"]
    rules = []
    for family, style, weight, package, name in FACES:
        font = subset.load_font(Path(package.font_directory) / name, options)
        cutter = subset.Subsetter(options)
        cutter.populate(unicodes=CHARACTERS)
        cutter.subset(font)
        target = name.replace(".otf", ".woff")
        subset.save_font(font, folder / "fonts" / target, options)
        rules.append(
            f'@font-face {{ font-family: "{family}"; font-style: {style}; font-weight: {weight}; '
            f'font-display: optional; src: url("fonts/{target}") format("woff"); }}\n'
        )
    (folder / "fonts.css").write_text("".join(rules), encoding="utf-8")

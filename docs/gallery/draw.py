"""Draw every figure into this folder and write docs/gallery.md: `make gallery`.

`--data`: a folder that `spinodal import` made; `--run`: one that
`spinodal study run studies/quick.yaml` made; each may be left out. The same data give the same files.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

from spinodal._errors import RequestError
from spinodal._files import write_whole
from spinodal.figures import FIGURES, caption_of
from spinodal.plots import save
from spinodal.results import Results, read_results

HERE = Path(__file__).parent
DOTS = 150
"""An inch, of the dense parts: a gallery loads quickly."""

OPTIONS: dict[tuple[str, str], dict[str, str]] = {}
"""Options of a figure, by its source and name, where the default is not the picture wanted."""


@dataclass(frozen=True)
class Source:
    """Where data come from."""

    name: str
    """Beginning of its files' names."""
    words: str
    folder: str
    """What commands call it."""
    results: Results


def main() -> None:
    """Draw, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, help="a folder that `spinodal import` made")
    parser.add_argument("--run", type=Path, help="a folder that `spinodal study run` made")
    given = parser.parse_args()
    sources = []
    if given.data is not None:
        words = "Published data of arXiv 2605.10721 (five of its nine models), drawn by us"
        sources.append(Source("published", words, "PUBLISHED", read_results(given.data)))
    if given.run is not None:
        words = "Our quick study of the embedded model, SmolLM2-135M-Instruct"
        sources.append(Source("study", words, "STUDY", read_results(given.run)))
    if not sources:
        parser.error("nothing to draw from; give --data, --run or both")
    text = [_HEAD]
    missing = []
    for name, entry in FIGURES.items():
        parts, reasons = [], []
        for source in sources:
            options = OPTIONS.get((source.name, name), {})
            file = HERE / f"{source.name}-{name}.svg"
            file.unlink(missing_ok=True)
            try:
                drawn = entry.draw(source.results, **options)
            except RequestError as error:
                reasons.append(str(error).removeprefix(f"cannot draw {name} from {source.results.path}: "))
                continue
            caption = caption_of(drawn)
            save(drawn, file, title=entry.title, dots=DOTS)
            more = "".join(f" --{option} {value}" for option, value in options.items())
            parts.append(
                f"![{entry.title}](gallery/{file.name})\n\n{caption}\n\n*{source.words}.* "
                f"`spinodal figure {name} --data {source.folder}{more}`\n"
            )
            print(f"{file.name}: {file.stat().st_size / 1000:.0f} kB")
        if parts:
            text.append(f"## {entry.title}\n\n`{name}`: {entry.caption}\n\n" + "\n".join(parts))
        else:
            missing.append(f"- `{name}` ({entry.title.lower()}): {reasons[0]}")
    if missing:
        text.append("## Not drawn here\n\nThese need other data:\n\n" + "\n".join(missing) + "\n")
    write_whole(HERE.parent / "gallery.md", "\n".join(text).encode())


_HEAD = """# Gallery

Every figure that `spinodal figure` draws, with its caption, its command and where its data come from. Vector
graphics at the size of print, in a palette that colour-blind readers tell apart, each series with a marker or
dashes of its own.

    spinodal import FOLDER --run PUBLISHED                  # published data, see published.md
    spinodal study run studies/quick.yaml --run STUDY       # the embedded model, see studies.md
    spinodal figure list --data STUDY                       # what can be drawn of it, and what is missing
    spinodal figure NAME --data STUDY --out NAME.pdf        # one of them; .svg, .pdf or .png
    spinodal figure all --data STUDY --out figures          # all of them
    make gallery                                            # this page, of runs/published and runs/quick

From Python each is a function of results that returns a Matplotlib figure:

    from spinodal.figures import caption_of, phase_plane
    from spinodal.results import read_results

    drawn = phase_plane(read_results("STUDY"), agent="gpt-5-mini", absolute=True)
    drawn.savefig("plane.pdf")
    print(caption_of(drawn))

Unless an option chooses another, a figure takes of each agent the condition (template, temperature, number of
peers shown) with most pairs, and the caption says which. Curves whose (β, h) the data do not determine are
never drawn as if they did: they are faint arrows on the frame, or left out, and counted. Intervals are 95%.
The misaligned side is the one against the option declared aligned; of a neutral pair, against the agent's own
bias.
"""


if __name__ == "__main__":
    main()

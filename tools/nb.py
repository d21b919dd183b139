"""What follows a change to a notebook, in one go: `python tools/nb.py 08 [05 index ...]` (`make nb NB=08`).

Each notebook named is run and saved, then exported; at the end everything else is exported too, the stubs are written, and README.md if
the index was among them. A cell that fails stops it there, with nothing of that notebook exported."""
import sys, time
from pathlib import Path
import readme, stubs
from nbdev.doclinks import nbdev_export
from nbdev.export import nb_export
from run_nbs import LessonError, run
from tidy import text

ROOT = Path(__file__).resolve().parent.parent

def find(word): # '08', 'learner', '08_learner', 'nbs/08_learner.ipynb' or 'index'
    "The notebook that is meant."
    nbs = {p.stem: p for p in sorted((ROOT/'nbs').glob('*.ipynb'))}
    stem = Path(word).stem
    found = [p for n, p in nbs.items() if stem in (n, n[:2], n[3:])]
    if len(found) != 1: sys.exit(f"nb: there is no notebook {word!r}; there are {', '.join(nbs)}")
    return found[0]

def main(words):
    if not words: sys.exit('nb: which notebook? For example: make nb NB=08')
    paths = [find(w) for w in words]
    before = {p: p.read_bytes() for p in ROOT.glob('visionlab/*.py*')}
    for path in paths:
        print(f'nb: running {path.name}', flush=True)
        start, was = time.time(), path.read_text(encoding='utf-8')
        try: now = text(run(path))
        except LessonError as e: sys.exit(f'nb: {e}')
        if now != was: path.write_text(now, encoding='utf-8', newline='\n')
        print(f'nb: {path.name} took {time.time() - start:.0f} s, {"saved" if now != was else "shows what it showed"}', flush=True)
        nb_export(path, ROOT/'visionlab')
    nbdev_export()
    stubs.main()
    if ROOT/'nbs'/'index.ipynb' in paths: readme.main()
    changed = sorted(p.name for p in ROOT.glob('visionlab/*.py*') if before.get(p) != p.read_bytes())
    print(f'nb: {"exported: " + ", ".join(changed) if changed else "the package stays as it was"}')

if __name__ == '__main__': main(sys.argv[1:])

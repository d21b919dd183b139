"""Run the tests of what has changed since the last commit: `make quick`. It says what it runs and why; `make test` runs everything.

A changed notebook brings the tests of its outputs, those of the package, and the test files of its name or that import its module; a
changed module follows its notebook; a changed tool brings the file that tests it. What takes minutes (the site and JupyterLab in a
browser, the lessons that build on a changed one) is left to `make test`, unless it was itself changed."""
import re, subprocess, sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGE, TOOLS, MAKE, SITE, LAB, CLI, WHEEL, NBS = (f'tests/test_{n}.py' for n in ('package', 'tools', 'make', 'site', 'lab', 'cli', 'wheel', 'notebooks'))
BY = {SITE: ('_quarto.yml', 'styles.css', 'tools/prep_docs.py', 'tools/finish_docs.py', 'tools/api_pages.py', 'tools/code_cells.py', 'tools/pictures.py', 'tools/gather.py', 'tools/page_frame.py', 'tools/site.js'), LAB: ('tools/lab.py',), CLI: ('tools/copies.py',), WHEEL: ('setup.py', 'settings.ini', 'MANIFEST.in'),
      PACKAGE: ('tools/readme.py', 'tools/stubs.py', 'tools/nb.py', 'tests/conftest.py', 'settings.ini', 'setup.py'),
      TOOLS: ('tools/run_nbs.py', 'tools/forks.py', 'tools/tidy.py', 'tools/pack.py', 'tools/quick.py', 'tools/nb.py', 'tests/conftest.py'),
      MAKE: ('Makefile', 'tools/install.py', 'settings.ini', 'setup.py')}

def changed(root=ROOT):
    "The files that differ from the last commit, and those git does not know."
    def git(*args): return subprocess.run(['git', *args, '-z'], cwd=root, capture_output=True, text=True, check=True).stdout.split('\0')[:-1]
    return sorted({*git('diff', '--name-only', '--no-renames', 'HEAD'), *git('ls-files', '-o', '--exclude-standard')})

def of_module(noun, root):
    "The test files of a module's name, or that import it at their head."
    head = rf'^(from visionlab\.{noun} import|from visionlab import .*\b{noun}\b|import visionlab\.{noun}\b)'
    return [f'tests/{p.name}' for p in sorted(root.glob('tests/test_*.py')) if p.stem == f'test_{noun}' or re.search(head, p.read_text(encoding='utf-8'), re.M)]

def tests_of(file, root=ROOT):
    "What to run for one changed file, as pytest names it."
    noun, nbs = re.sub(r'^\d\d_', '', Path(file).stem), {p.stem[3:]: p.name for p in root.glob('nbs/[0-9]*.ipynb')}
    if file == 'nbs/index.ipynb': nbs['index'] = 'index.ipynb'
    if file.startswith(('nbs/', 'visionlab/')) and noun in nbs:
        shown = [f'{NBS}::{t}[{nbs[noun]}]' for t in ('test_notebook', 'test_saved_form')]
        return list(dict.fromkeys([*shown, PACKAGE, *of_module(noun, root)]))
    if file == NBS: return [f'{NBS}::test_notebook[00_core.ipynb]', f'{NBS}::test_saved_form']
    if file.startswith('bench/'): return []
    own = [file] if re.fullmatch(r'tests/test_\w+\.py', file) and (root/file).exists() else []
    return own + [t for t, files in BY.items() if file in files] or [PACKAGE]

def main():
    try: files = changed()
    except (OSError, subprocess.CalledProcessError) as e: sys.exit(f'quick: this needs a git checkout with a commit: {getattr(e, "stderr", None) or e}')
    if not files: return print('quick: nothing has changed since the last commit')
    for f in files: print(f'quick: {f}: {", ".join(t.removeprefix("tests/") for t in tests_of(f)) or "no test: make bench measures it"}')
    chosen = sorted({t for f in files for t in tests_of(f)})
    lessons = sum('::test_notebook[' in t for t in chosen)
    if lessons > 3: print(f'quick: {lessons} lessons have changed, so this will take some minutes')
    sys.stdout.flush()
    if chosen: sys.exit(subprocess.run([sys.executable, '-m', 'pytest', *chosen], cwd=ROOT).returncode)

if __name__ == '__main__': main()

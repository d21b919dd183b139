"""The lessons as a learner opens them: `python tools/copies.py FOLDER` writes one copy of each notebook of nbs/.

A copy says the same without the machinery. What `#|` lines asked for is done: tests and preparations are folded under a line that says
what they are, what only the library's build needs is gone, a picture keeps its description. The first title has its number, and below it
stands how a cell is run; a folded cell installs visionlab on a machine that is lent for an hour. `make lab` opens such copies, and a
wheel carries them, so this needs Python alone: setup.py calls it where nothing else is installed."""
import json, re, sys
from configparser import ConfigParser
from itertools import takewhile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PLUMBING = re.compile(r'%matplotlib inline|from nbdev\.showdoc import show_doc|import nbdev; nbdev\.nbdev_export\(\)')
LINK = re.compile(r'(!?)\[([^\[\]]*)\]\((?![a-z]+:|#)([^()#\s]+)(#[^()\s]*)?\)')
HOW = '*Shift+Enter runs a cell and goes on to the next. This copy is yours: change what you like.*'
CRISP = "# figures are drawn for dense screens\n%config InlineBackend.figure_format = 'retina'"
MISSING = 'This kernel has no visionlab. Choose the kernel of the environment you installed it into (VS Code: Select Kernel, top right).'
NOWHERE = ('visionlab has no address yet to be installed from. In a copy of its repository `pip wheel --no-deps .` makes a file visionlab-….whl: '
           'upload that, and run %pip install with its name.')

def directives(source): # of a code cell
    "What the `#|` lines that open a cell say, such as `['export', 'eval: false']`."
    lines = takewhile(lambda l: not l or l.startswith('#|'), source.splitlines())
    return [re.sub(r'\s*:\s*', ': ', l[2:].strip(), count=1) for l in lines if l]

def setup_cell(address): # where pip can fetch the repository from, or ''
    "The cell that installs visionlab on Colab, Kaggle and Binder."
    install = f'%pip install -q "visionlab[lessons] @ git+{address}"' if address else f'raise ModuleNotFoundError({NOWHERE!r})'
    return f'''# installs visionlab on Colab, Kaggle and Binder; does nothing where it is there
import importlib.util, os
if importlib.util.find_spec('visionlab') is None:
    if {{'COLAB_RELEASE_TAG', 'KAGGLE_KERNEL_RUN_TYPE', 'BINDER_SERVICE_HOST'}} & set(os.environ):
        {install}
    else: raise ModuleNotFoundError({MISSING!r})'''

def title_of(said, source, outputs): # the directives of a cell, the rest of it, its outputs
    "What a folded cell is, in a line; None for a cell that stands open."
    if 'code-fold: true' in said:
        return next((d.split(': ', 1)[1].strip('"\'') for d in said if d.startswith('code-summary: ')), 'folded')
    if 'hide' in said: return 'tests' if re.search(r'^\s*(assert\b|test_|with expect_fail)', source, re.M) else 'preparations'
    if not {'echo: false', 'hide_input'} & set(said):
        only_imports = not re.search(r'^(?!import |from \S+ import |\s*#|\s*$)', source, re.M)
        return 'imports' if only_imports and ('export' in said or '\n' in source) else None
    kinds = {k for o in outputs for k in o.get('data', {})}
    drawn = 'image/png' in kinds or any('vl-live' in ''.join(o.get('data', {}).get('text/html', '')) for o in outputs)
    return 'what draws this figure' if drawn else 'what makes this table' if kinds else 'preparations'

def code_cell(c):
    "The learner's form of a code cell; None when it only serves the library's build."
    source = ''.join(c['source'])
    said = directives('\n'.join(l for l in source.splitlines() if l.startswith('#|')))     # one may stand further down
    source = '\n'.join(l for l in source.splitlines() if not l.startswith('#|') and not PLUMBING.match(l)).strip('\n')
    if not source or 'cuda' in said: return None
    title, outputs, meta = title_of(said, source, c['outputs']), c['outputs'], {}
    if title: meta |= dict(jupyter={'source_hidden': True}, cellView='form')             # the second is Colab's word for it
    if 'hide' in said and outputs or 'hide_output' in said: meta.setdefault('jupyter', {})['outputs_hidden'] = True
    if 'eval: false' in said: meta |= dict(tags=['raises-exception'])                    # should it fail, what follows runs all the same
    notes = [title, 'takes some minutes' if 'slow' in said else None, 'may need more than this machine has: a network, say' if 'eval: false' in said else None]
    source = ''.join(f'# {n}\n' for n in notes if n) + source
    alt = next((json.loads(d[9:]) if d[9:10] == '"' else d[9:].strip("'") for d in said if d.startswith('fig-alt: ')), None)
    if alt: outputs = [o | dict(metadata=o['metadata'] | {'image/png': o['metadata'].get('image/png', {}) | dict(alt=alt)}) if 'image/png' in o.get('data', {}) else o for o in outputs]
    return c | dict(source=source, outputs=outputs, metadata=meta)

def is_imports(c): return c['cell_type'] == 'code' and c['source'].startswith('# imports') and not c['outputs'] # once folded

def addressed(text, address): # markdown; where pip and git can fetch the repository from, or ''
    "With the address where the text says `git clone ADDRESS`; where there is none, the reader has a copy already."
    return text.replace('git clone ADDRESS', f'git clone {address}') if address.startswith('http') else re.sub(r'git clone ADDRESS \w+; ', '', text)

def relink(text, names): # markdown, and the names of all copies
    "Links between lessons stay; a link to what no learner has becomes plain text."
    return LINK.sub(lambda m: m[0] if m[3] in names else m[2], text)

def copy(path, names, address=''): # a notebook of nbs/; the names of all of them; where pip can fetch visionlab from
    "The text of a learner's copy."
    nb, cells = json.loads(path.read_text(encoding='utf-8')), []
    for c in nb['cells']:
        if c['cell_type'] == 'code': c = code_cell(c)
        elif c['cell_type'] == 'markdown': c = c | dict(source=relink(addressed(''.join(c['source']), address), names))
        if c and cells and is_imports(c) and is_imports(cells[-1]): cells[-1]['source'] += c['source'][c['source'].index('\n'):]
        elif c: cells.append(c)
    number = f'{path.name[:2]} ' if path.name[:2].isdigit() else ''
    cells[0]['source'] = re.sub(r'^# ', f'# {number}', cells[0]['source']).rstrip() + f'\n\n{HOW}'
    cells.insert(1, dict(cell_type='code', id='visionlab', execution_count=None, outputs=[], source=f'{setup_cell(address)}\n{CRISP}',
                         metadata=dict(jupyter={'source_hidden': True}, cellView='form')))
    for c in cells: c['source'] = c['source'].splitlines(keepends=True)
    return json.dumps(nb | dict(cells=cells), indent=1, ensure_ascii=False, sort_keys=True) + '\n'

def copies(root=ROOT): # the repository
    "The text of every learner's copy, by file name."
    cfg = ConfigParser(delimiters=['='])
    cfg.read(root/'settings.ini', encoding='utf-8')
    paths = sorted((root/'nbs').glob('*.ipynb'))
    return {p.name: copy(p, {o.name for o in paths}, cfg['DEFAULT'].get('address', '')) for p in paths}

def write(folder, root=ROOT):
    "Write them all to a folder that holds nothing else."
    for name, text in copies(root).items():
        folder.mkdir(parents=True, exist_ok=True)
        (folder/name).write_text(text, encoding='utf-8', newline='\n')

if __name__ == '__main__': write(Path(sys.argv[1]))

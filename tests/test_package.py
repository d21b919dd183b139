"""The library is what the notebooks say, is documented, keeps its floors, and works under fastcore 1 and 2."""
import ast, filecmp, importlib, inspect, re, subprocess, sys, sysconfig
from configparser import ConfigParser
from importlib import metadata
from pathlib import Path
import pytest
import readme
from conftest import ROOT, copy_repo, skip, tracked

CFG = ConfigParser(delimiters=['='])
CFG.read(ROOT/'settings.ini', encoding='utf-8')
CFG = CFG['DEFAULT']
MODULES = sorted(p.stem for p in (ROOT/'visionlab').glob('*.py') if p.stem[0] != '_')
each_module = pytest.mark.parametrize('name', MODULES)

def test_export_leaves_no_difference(tmp_path):
    copy = copy_repo(tmp_path/'repo')
    r = subprocess.run([sys.executable, '-c', 'from nbdev.doclinks import nbdev_export; nbdev_export()'],
                       cwd=copy, capture_output=True, text=True)
    assert r.returncode == 0, r.stderr
    made = {p.name for p in (copy/'visionlab').glob('*.py')}
    assert made == {p.name for p in (ROOT/'visionlab').glob('*.py')}
    assert filecmp.cmpfiles(copy/'visionlab', ROOT/'visionlab', made, shallow=False)[1:] == ([], []), 'run nbdev_export and commit what it writes'

def test_each_notebook_exports_to_the_module_of_its_name():
    nbs = [p.stem for p in (ROOT/'nbs').glob('*.ipynb') if p.stem != 'index']
    assert all(re.fullmatch(r'\d\d_[a-z]+', n) for n in nbs)
    assert sorted(n[3:] for n in nbs) == MODULES

def test_readme_is_made_from_the_index():
    text, pictures = readme.make()
    assert (ROOT/'README.md').read_text(encoding='utf-8') == text, 'run python tools/readme.py'
    assert {n: (ROOT/n).read_bytes() for n in pictures} == pictures
    for verb in ('make demo', 'make lab', 'make test'): assert verb in text

def test_metadata_comes_from_settings():
    import visionlab
    dist = metadata.distribution('visionlab')
    assert dist.version == CFG['version'] == visionlab.__version__
    assert dist.metadata['Summary'] == CFG['description'] and dist.metadata['Requires-Python'] == f">={CFG['min_python']}"
    def bare(r): return re.sub(r'[\s"\'()]', '', r)
    want = {bare(r) for r in CFG['requirements'].split()}
    assert {bare(r) for r in dist.requires if 'extra ==' not in r} == want, 'run make again: the installed package is older than settings.ini'
    assert not [r for r in CFG['requirements'].split() if re.search(r'<|==|~=', r)], 'the package itself has lower bounds only'
    for key in ('doc_host', 'git_url'): assert '//' not in CFG[key], f'{key} names a place on the network'

@each_module
def test_every_export_says_what_it_does(name):
    mod = importlib.import_module(f'visionlab.{name}')
    assert (mod.__doc__ or '').strip(), 'the notebook has no "> question" under its title'
    own = {n: getattr(mod, n) for n in mod.__all__ if getattr(getattr(mod, n), '__module__', None) == mod.__name__}
    bare = [n for n, o in own.items() if (inspect.isclass(o) or inspect.isfunction(o)) and not (o.__doc__ or '').strip()]
    assert not bare, f'no docstring: {bare}'

FLOORS = [{'core', 'data'}, {'pixels', 'gradients', 'sgd'}, {'learner'}, {'convolutions', 'activations', 'schedules', 'normalization', 'optimizers'},
          {'resnet', 'datablock', 'augment'}, {'transfer', 'interpret', 'cleaning', 'siamese', 'unet', 'zoo'},
          {'export', 'scale', 'speedrun', 'imagify', 'tabular', 'collab', 'text'}]
BOOK = {'live', 'exercises', 'cli'}  # the machinery of the book: lessons show it, no module needs it

def imports(name):
    "The modules of visionlab that one imports, anywhere in its source."
    res = set()
    for n in ast.walk(ast.parse((ROOT/'visionlab'/f'{name}.py').read_text(encoding='utf-8'))):
        if isinstance(n, ast.Import): res |= {a.name.split('.')[1] for a in n.names if a.name.startswith('visionlab.')}
        if isinstance(n, ast.ImportFrom):
            if n.level: res |= {n.module.split('.')[0]} if n.module else {a.name for a in n.names}
            elif n.module == 'visionlab': res |= {a.name for a in n.names}
            elif (n.module or '').startswith('visionlab.'): res.add(n.module.split('.')[1])
            assert name == 'all' or not any(a.name == '*' for a in n.names), f'{name} says import *'
    return res

@each_module
def test_a_module_imports_only_from_floors_below(name):
    if name == 'all': return
    floor = len(FLOORS) if name in BOOK else next((i for i, f in enumerate(FLOORS) if name in f), None)
    assert floor is not None, f'{name} stands on no floor of the house'
    below = set().union(*FLOORS[:floor]) | ({'core'} if name == 'data' else set())
    assert imports(name) <= below, f'{name} imports {imports(name) - below}'

def test_no_hosts_of_registries_and_no_paths_of_a_machine():
    folders = '|'.join(f'/{d}/' for d in ('tmp', 'root', 'work', 'home/[a-z]+'))
    hosts = '|'.join(a + b for a, b in (('py', r'pi\.org'), ('npm', r'js\.(?:com|org)'), ('deb', r'\.debian'), ('python', 'hosted')))
    bad = re.compile(rf'''(?<![\w.])(?:{folders})|{hosts}''')
    found = [f'{p.relative_to(ROOT)}: {m[0]}' for p in tracked() if p.suffix not in ('.png',)
             for m in bad.finditer(re.sub(r'base64,[\w+/=]+|"image/png": "[^"]*"', '', p.read_text(encoding='utf-8')))]
    assert not found

TRAIN = '''
import fastcore, sys, visionlab, importlib, torch
assert int(fastcore.__version__.split('.')[0]) >= 2, fastcore.__version__
for m in sys.argv[1:]: importlib.import_module('visionlab.' + m)
from visionlab.all import *
set_seed(1)
x = torch.randn(512, 4)
y = (x[:, :1] > x[:, 1:2]).float()
rows = list(zip(x, y))
dls = DataLoaders(DataLoader(rows[:400], bs=32, shuffle=True), DataLoader(rows[400:], bs=64))
learn = Learner(dls, nn.Linear(4, 1), loss_func=nn.BCEWithLogitsLoss(), opt_func=torch.optim.SGD, lr=.5, metrics=lambda p, t: ((p > 0) == (t > 0)).float().mean())
with learn.no_bar(): learn.fit(5)
assert learn.recorder.values[-1][-1] > .9, learn.recorder.values
print('trained under fastcore', fastcore.__version__)
'''

def test_works_with_fastcore_2(tmp_path):
    "In an environment of its own, which borrows everything but fastcore from this one."
    env, py = tmp_path/'env', tmp_path/'env'/'bin'/'python'
    subprocess.run([sys.executable, '-m', 'venv', '--without-pip', env], check=True)
    r = subprocess.run([sys.executable, '-m', 'pip', '--disable-pip-version-check', '--python', py, 'install', '-q', '--no-deps', 'fastcore>=2'],
                       capture_output=True, text=True)
    if r.returncode: skip(f'pip cannot fetch fastcore 2: {r.stderr.strip()[-300:]}')
    site = subprocess.run([py, '-c', 'import sysconfig; print(sysconfig.get_path("purelib"))'], capture_output=True, text=True, check=True).stdout.strip()
    shared = '\n'.join(dict.fromkeys([sysconfig.get_path('purelib'), sysconfig.get_path('platlib'), str(ROOT)]))
    Path(site, 'zz_shared.pth').write_text(shared + '\n')  # searched after this environment's own packages
    r = subprocess.run([py, '-c', TRAIN, *MODULES], cwd=tmp_path, capture_output=True, text=True)
    assert r.returncode == 0, r.stderr
    assert 'trained under fastcore 2' in r.stdout

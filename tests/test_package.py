"""The library is what the notebooks say, is documented, keeps its floors, and works under fastcore 1 and 2."""
import ast, filecmp, importlib, inspect, json, os, re, shutil, subprocess, sys, sysconfig
from configparser import ConfigParser
from importlib import metadata
from pathlib import Path
import pytest, readme, stubs
from fastcore.docments import docments
from conftest import ROOT, copy_repo, skip, tracked
from visionlab.learner import Callback, events

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
    assert {'dev', 'lessons', 'tensorboard'} <= set(dist.metadata.get_all('Provides-Extra'))
    assert not [r for r in CFG['requirements'].split() if re.search(r'<|==|~=', r)], 'the package itself has lower bounds only'
    for key in ('doc_host', 'git_url'): assert '//' not in CFG[key], f'{key} names a place on the network'

@each_module
def test_every_export_says_what_it_does(name):
    mod = importlib.import_module(f'visionlab.{name}')
    assert (mod.__doc__ or '').strip(), 'the notebook has no "> question" under its title'
    own = {n: getattr(mod, n) for n in mod.__all__ if getattr(getattr(mod, n), '__module__', None) == mod.__name__}
    bare = [n for n, o in own.items() if (inspect.isclass(o) or inspect.isfunction(o)) and not (o.__doc__ or '').strip()]
    assert not bare, f'no docstring: {bare}'

def methods(cls):
    "The public methods and properties that a class of ours defines, with their functions."
    for name, o in vars(cls).items():
        f = o.fget if isinstance(o, property) else getattr(o, '__func__', o)
        if inspect.isfunction(f) and f.__module__.startswith('visionlab') and (name[0] != '_' or name == '__init__'): yield name, o, f

def documented(cls, name, o, f):
    "By a docstring; an event by that of its callback; `__init__` by the comments beside its parameters."
    if name == '__init__': return all(c for p, c in docments(f, args_kwargs=True).items() if p not in ('self', 'return', 'args', 'kwargs'))
    return bool((o.__doc__ or '').strip()) or issubclass(cls, Callback) and name in events

def test_what_is_public_is_documented():
    "At least 97 of 100 classes, functions, methods and properties. Other methods with two underscores are explained by Python."
    said = {}
    for mod in [importlib.import_module(f'visionlab.{m}') for m in MODULES]:
        for n, o in vars(mod).items():
            if n[0] == '_' or getattr(o, '__module__', None) != mod.__name__ or not (inspect.isclass(o) or inspect.isfunction(o)): continue
            said[f'{mod.__name__}.{n}'] = bool((o.__doc__ or '').strip())
            if inspect.isclass(o): said |= {f'{mod.__name__}.{n}.{m[0]}': documented(o, *m) for m in methods(o)}
    bare = [n for n, ok in said.items() if not ok]
    assert len(bare) <= .03*len(said), f'{len(bare)} of {len(said)} have no docstring: {bare}'

# ---- the floors: the order of the numbers is the order of imports

NUMBERS = {p.stem[3:]: int(p.name[:2]) for p in (ROOT/'nbs').glob('[0-9][0-9]_*.ipynb')}

def is_lesson(name): return NUMBERS[name] < 80

def imports(name):
    "The modules of visionlab that one imports, anywhere in its source. The check of an exercise may import what its lesson built when it is called."
    res, tree = set(), ast.parse((ROOT/'visionlab'/f'{name}.py').read_text(encoding='utf-8'))
    for n in tree.body if name == 'exercises' else ast.walk(tree):
        if isinstance(n, ast.Import): res |= {a.name.split('.')[1] for a in n.names if a.name.startswith('visionlab.')}
        if isinstance(n, ast.ImportFrom):
            if n.level: res |= {n.module.split('.')[0]} if n.module else {a.name for a in n.names}
            elif n.module == 'visionlab': res |= {a.name for a in n.names}
            elif (n.module or '').startswith('visionlab.'): res.add(n.module.split('.')[1])
            assert name == 'all' or not any(a.name == '*' for a in n.names), f'{name} says import *'
    assert res <= set(NUMBERS), f'{name} imports {res - set(NUMBERS)}, which no notebook exports'
    return res

def carries(name):
    "Whether a module of the workshop imports no lesson but core, so that lessons can stand on it."
    return not is_lesson(name) and not [o for o in imports(name) if is_lesson(o) and o != 'core']

PROGRAMS = {'cli', 'demo', 'serve'}  # run from a terminal: they import what they need, and nothing imports them but the one the other

def may_import(name, other):
    if name == 'all' or name in PROGRAMS: return True
    if other in PROGRAMS: return False
    if is_lesson(name) and is_lesson(other): return NUMBERS[other] < NUMBERS[name]
    return is_lesson(other) or carries(other)  # what extends lessons is for `all` alone

@each_module
def test_a_module_imports_only_from_floors_below(name):
    bad = sorted(o for o in imports(name) if not may_import(name, o))
    assert not bad, f'{name} ({NUMBERS[name]:02}) may not import {", ".join(f"{o} ({NUMBERS[o]:02})" for o in bad)}'

def test_lessons_can_stand_on_the_workshop(): assert all(map(carries, ('live', 'exercises', 'fetch')))

def test_all_hands_on_every_module(): assert imports('all') == set(MODULES) - PROGRAMS - {'all'}

# ---- size and form of the exported source

LONG = {'exercises': 'the exercises of every lesson, each with its check and its hints', # over 300 lines, and why
        'fetch': 'all that may go wrong between a server and a folder that several processes fill',
        'live': 'three figures, each with the script that moves it in a page'}

@each_module
def test_a_module_is_short(name):
    source = (ROOT/'visionlab'/f'{name}.py').read_text(encoding='utf-8')
    # a lesson may cut its code into many cells: nbdev's marks, what folds them and blank lines between do not count
    n = sum(bool(l) and not l.startswith(('# %%', '#|')) for l in source.splitlines())
    if name == 'learner': assert len(source.splitlines()) <= 300
    most = 300 if name == 'learner' or not is_lesson(name) else 250
    assert n <= most or name in LONG, f'{name}.py has {n} lines, and {most} are allowed'
    assert n > most or name not in LONG, f'{name}.py has {n} lines: it no longer needs its place in LONG'

@each_module
def test_lines_are_short(name):
    source = (ROOT/'visionlab'/f'{name}.py').read_text(encoding='utf-8')
    made = {i for n in ast.parse(source).body if ast.unparse(n).startswith('__all__') for i in range(n.lineno, n.end_lineno + 1)}
    long = [i for i, l in enumerate(source.splitlines(), 1) if len(l) > 120 and i not in made]
    assert not long, f'more than 120 columns in lines {long} of {name}.py'

LEAVES = {'ActivationStats.hist', 'ActivationStats.color_dim', 'ActivationStats.dead_chart'}  # pictures, and the numbers of one, under fastai's names

@each_module
def test_classes_are_whole(name):
    "A class is patched by later modules; in its own only with a plot."
    tree = ast.parse((ROOT/'visionlab'/f'{name}.py').read_text(encoding='utf-8'))
    own = {c.name for c in tree.body if isinstance(c, ast.ClassDef)}
    cut = [f'{cls}.{f.name}' for f in tree.body if isinstance(f, ast.FunctionDef) and stubs.patched(f)
           for cls in stubs.words(f.args.args[0].annotation) & own if not f.name.startswith(('plot_', 'show_'))]
    assert not set(cut) - LEAVES

# ---- exercises

def test_every_exercise_is_asked_and_checked():
    "In the lesson it is named after, in the order of the book; and 91 proves that a right answer passes and a wrong one does not."
    from visionlab.exercises import _exercises
    def named(path, call):
        cells = json.loads(path.read_text(encoding='utf-8'))['cells']
        code = '\n'.join(''.join(c['source']) for c in cells if c['cell_type'] == 'code')
        return re.findall(rf"\b{call}\('([\w-]+)'", code)
    lessons = sorted((ROOT/'nbs').glob('[0-7]?_*.ipynb'))
    asked = [n for p in lessons for n in named(p, 'check')]
    assert asked == [f'{p.stem[3:]}-{i}' for p in lessons for i in range(1, len(named(p, 'check')) + 1)]
    assert sorted(asked) == sorted(_exercises) == sorted(n for n in named(ROOT/'nbs'/'91_exercises.ipynb', 'prove') if n != 'demo-1')

# ---- what editors and type checkers see

def test_stubs_are_in_step():
    made = stubs.make()
    assert {p.stem: p.read_text(encoding='utf-8') for p in (ROOT/'visionlab').glob('*.pyi')} == made, 'run python tools/stubs.py'
    assert {'learner', 'all'} <= set(made) and (ROOT/'visionlab'/'py.typed').exists()

def test_a_checker_sees_what_later_lessons_add(tmp_path):
    program = ROOT/'tests'/'programs'/'checked.py'
    wrong = [i for i, l in enumerate(program.read_text(encoding='utf-8').splitlines(), 1) if l.endswith('# wrong')]
    shutil.copy(program, tmp_path)
    r = subprocess.run([sys.executable, '-m', 'mypy', '--follow-imports=silent', '--ignore-missing-imports', f'--cache-dir={ROOT}/.mypy_cache', 'checked.py'], cwd=tmp_path,
                       env=os.environ | dict(MYPYPATH=str(ROOT)), capture_output=True, text=True)
    assert [int(n) for n in re.findall(r'^checked\.py:(\d+): error', r.stdout, re.M)] == wrong, r.stdout + r.stderr
    assert 'maybe "fit_one_cycle"?' in r.stdout and 'Unexpected keyword argument "lrmax"' in r.stdout

def test_no_hosts_of_registries_and_no_paths_of_a_machine():
    folders = '|'.join(f'/{d}/' for d in ('tmp', 'root', 'work', 'home/[a-z]+'))
    hosts = '|'.join(a + b for a, b in (('py', r'pi\.org'), ('npm', r'js\.(?:com|org)'), ('deb', r'\.debian'), ('python', 'hosted')))
    bad = re.compile(rf'''(?<![\w.])(?:{folders})|{hosts}''')
    found = [f'{p.relative_to(ROOT)}: {m[0]}' for p in tracked() if p.suffix not in ('.png', '.webp')
             for m in bad.finditer(re.sub(r'base64,[\w+/=]+|"image/png": "[^"]*"', '', p.read_text(encoding='utf-8')))]
    assert not found

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
    r = subprocess.run([py, ROOT/'tests'/'programs'/'small_training.py', *MODULES], cwd=tmp_path, capture_output=True, text=True)
    assert r.returncode == 0, r.stderr
    assert 'trained under fastcore 2' in r.stdout

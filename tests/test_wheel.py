"""The wheel: built from the source distribution, it gives library, command and lessons to an environment that has nothing of the repository."""
import email, importlib.util, os, re, subprocess, sys, tarfile, zipfile
from importlib.metadata import distribution
from pathlib import Path
import copies, pytest
from conftest import ROOT, copy_repo, skip
from packaging.requirements import Requirement

def build(repo, *what):
    "What `python -m build` leaves in `dist/`."
    for module in ('build', 'setuptools'):
        if not importlib.util.find_spec(module): skip(f'there is no {module} in this environment')
    r = subprocess.run([sys.executable, '-m', 'build', '--no-isolation', *what, repo], cwd=repo, capture_output=True, text=True)
    assert r.returncode == 0, r.stdout + r.stderr
    return sorted((repo/'dist').iterdir())

@pytest.fixture(scope='module')
def built(tmp_path_factory):
    "A copy of the repository, and the wheel made from the source distribution made there."
    repo = copy_repo(tmp_path_factory.mktemp('wheel')/'repo')
    wheel, sdist = build(repo)
    assert wheel.suffix == '.whl' and sdist.name.endswith('.tar.gz')
    return repo, wheel, sdist

def metadata(wheel):
    with zipfile.ZipFile(wheel) as z: return email.message_from_bytes(z.read(next(n for n in z.namelist() if n.endswith('dist-info/METADATA'))))

def test_what_it_carries(built):
    repo, wheel, sdist = built
    with zipfile.ZipFile(wheel) as z: names, text = set(z.namelist()), {n: z.read(n) for n in z.namelist()}
    package = {f'visionlab/{p.name}' for p in (repo/'visionlab').iterdir() if p.suffix in ('.py', '.pyi') or p.name == 'py.typed'}
    lessons = {f'visionlab/lessons/{n}': t.encode() for n, t in copies.copies(repo).items()}
    assert {n for n in names if '.dist-info/' not in n} == package | set(lessons)
    assert all(text[n] == t for n, t in lessons.items())
    assert any(n.endswith('licenses/LICENSE') for n in names) and wheel.stat().st_size < 12e6
    with tarfile.open(sdist) as t: inside = {n.split('/', 1)[1] for n in t.getnames() if '/' in n}
    assert not {n for n in inside if n.startswith(('tests', 'lessons', '_build', '.'))}

def test_what_it_says_of_itself(built):
    said = metadata(built[1])
    assert said['Name'] == 'visionlab' and said['License-Expression'] == 'Apache-2.0' and said['License-File'] == 'LICENSE'
    classifiers = said.get_all('Classifier')
    assert {'Typing :: Typed', 'Framework :: Jupyter', 'Operating System :: OS Independent', 'Programming Language :: Python :: 3.10'} <= set(classifiers)
    assert {'lessons', 'dev'} <= set(said.get_all('Provides-Extra')) and said['Description-Content-Type'].startswith('text/markdown')
    assert 'deep-learning' in said['Keywords'].split(',')

LINK = re.compile(r'(!?)\[[^\[\]]*\]\(([^()\s]+)\)')

def test_its_readme_needs_no_repository(built):
    text = metadata(built[1]).get_payload()
    assert text.startswith('# visionlab') and not [m[0] for m in LINK.finditer(text) if not re.match(r'[a-z]+:|#', m[2])]
    for phrase in ('## Run it', '| 03 | gradients |', 'from visionlab.all import *'): assert phrase in text

def test_with_an_address_its_links_lead_there(built, tmp_path):
    address = 'https://example.org/someone/visionlab'
    repo = copy_repo(tmp_path/'repo')
    settings = (repo/'settings.ini').read_text(encoding='utf-8')
    (repo/'settings.ini').write_text(re.sub(r'^address =.*$', f'address = {address}', settings, flags=re.M), encoding='utf-8')
    wheel, = build(repo, '--wheel')
    said = metadata(wheel)
    assert said['Home-page'] == address or f'Homepage, {address}' in said.get_all('Project-URL')
    assert f'Changelog, {address}/blob/main/CHANGELOG.md' in said.get_all('Project-URL')
    links = [(m[1], m[2]) for m in LINK.finditer(said.get_payload())]
    assert ('', f'{address}/blob/main/nbs/03_gradients.ipynb') in links and ('!', f'{address}/raw/main/nbs/images/index-2.png') in links
    for _, to in links:
        if to.startswith(address): assert (repo/to.split('/main/')[1]).exists(), to
        else: assert re.match(r'https?:|#', to), to
    with zipfile.ZipFile(wheel) as z: assert f'git+{address}' in z.read('visionlab/lessons/03_gradients.ipynb').decode()

# ---- installed where there is nothing but what it requires

def required(asked, extras=()): # as METADATA asks
    "The distributions of this environment that one asks for, with all that those ask for in turn."
    found = {}
    def add(asked, extras):
        for r in map(Requirement, asked or ()):
            key = r.name, *sorted(r.extras)
            if key in found or r.marker and not any(r.marker.evaluate(dict(extra=e)) for e in ('', *extras)): continue
            found[key] = distribution(r.name)
            add(found[key].requires, r.extras)
    add(asked, extras)
    return found.values()

@pytest.fixture(scope='module')
def installed(built, tmp_path_factory):
    "A new environment of the wheel and what it requires, borrowed from this one; an empty folder beside it; how a program of it is run there; how what an extra requires is added."
    place = tmp_path_factory.mktemp('elsewhere')
    env, py = place/'env', place/'env'/'bin'/'python'
    subprocess.run([sys.executable, '-m', 'venv', '--without-pip', env], check=True)
    r = subprocess.run([sys.executable, '-m', 'pip', '--disable-pip-version-check', '--python', py, 'install', '-q', '--no-deps', '--no-index', built[1]],
                       capture_output=True, text=True)
    assert r.returncode == 0, r.stderr
    site = subprocess.run([py, '-c', 'import sysconfig; print(sysconfig.get_path("purelib"))'], capture_output=True, text=True, check=True).stdout.strip()
    def borrow(*extras):
        for dist in required(metadata(built[1]).get_all('Requires-Dist'), extras):
            for top in {f.parts[0] for f in dist.files} - {'..', '__pycache__'}:
                if not Path(site, top).exists(): Path(site, top).symlink_to(dist.locate_file(top))
    borrow()
    work = place/'work'
    work.mkdir()
    clean = {k: v for k, v in os.environ.items() if not k.startswith('PYTHON')} | dict(JUPYTER_DATA_DIR=str(place/'jupyter'))
    def run(program, *args, **kw):
        r = subprocess.run([env/'bin'/program, *args], cwd=work, env=clean, capture_output=True, text=True, timeout=300)
        assert r.returncode == 0, r.stdout + r.stderr
        return r.stdout
    return Path(site), work, run, borrow

def test_the_library(installed):
    site, _, run, _ = installed
    where = run('python', '-c', 'import visionlab.all, visionlab; print(visionlab.__file__); print(visionlab.all.Learner.fit_one_cycle.__doc__)')
    assert Path(where.splitlines()[0]).parent == site/'visionlab', 'not the one of the repository'
    assert run('python', '-c', 'from importlib.util import find_spec; print(find_spec("torch") is None, find_spec("pytest"))') == 'False None\n', 'more than is required'

def test_the_command(installed):
    _, _, run, _ = installed
    assert 'visionlab lessons' in run('visionlab', '--help') and run('visionlab', '--version').startswith('visionlab ')
    assert 'mnist' in run('visionlab', 'data')

def test_the_lessons(installed):
    _, work, run, borrow = installed
    said = run('visionlab', 'lessons')
    assert {p.name for p in (work/'lessons').glob('*.ipynb')} == {p.name for p in (ROOT/'nbs').glob('*.ipynb')} and 'start with 01_data' in said
    borrow('lessons')
    ran = run('python', '-c', '''
import nbformat, sys
from nbclient import NotebookClient
nb = nbformat.read('lessons/00_core.ipynb', 4)
nb.cells.append(nbformat.v4.new_code_cell('import visionlab; visionlab.__file__'))
NotebookClient(nb, timeout=120, kernel_name='python3', resources=dict(metadata=dict(path='lessons'))).execute()
print(nb.cells[-1].outputs[0].data['text/plain'])''')
    assert '/elsewhere' in ran and 'site-packages/visionlab/__init__.py' in ran

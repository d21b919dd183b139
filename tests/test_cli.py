"""The command `visionlab` as a user types it, and the learner's copies that it lays out."""
import ast, json, os, re, signal, subprocess, sys
from importlib import metadata
from pathlib import Path
import copies, nbformat, pytest
from IPython.core.inputtransformer2 import TransformerManager
from nbformat.sign import NotebookNotary
from conftest import ROOT

VISIONLAB = Path(sys.executable).with_name('visionlab')
VERBS = 'lessons', 'doctor', 'data', 'demo', 'demo-pictures', 'serve'

def run(*words, cwd=None, **env):
    "The status, the output and the error output of a command."
    r = subprocess.run([VISIONLAB, *words], cwd=cwd, env=os.environ | dict(COLUMNS='100') | env, capture_output=True, text=True, timeout=300)
    assert 'Traceback' not in r.stderr, r.stderr
    return r.returncode, r.stdout, r.stderr

# ---- help

@pytest.mark.parametrize('words', [(), ('--help',), ('-h',)])
def test_it_explains_itself(words):
    code, out, err = run(*words)
    assert code == 0 and not err
    for verb in VERBS: assert re.search(rf'^    {verb} +\w.*\n', out, re.M) and f'  visionlab {verb}' in out.split('examples:')[1]
    assert all(len(l) <= 100 for l in out.splitlines())

@pytest.mark.parametrize('verb', VERBS)
def test_each_verb_explains_itself(verb):
    code, out, err = run(verb, '--help')
    assert code == 0 and not err and f'usage: visionlab {verb}' in out and f'  visionlab {verb}' in out.split('examples:')[1]

def test_version():
    import visionlab
    assert run('--version') == (0, f'visionlab {visionlab.__version__}\n', '')

def test_an_unknown_verb():
    code, out, err = run('leson')
    assert code == 2 and not out and "'lessons'" in err

def test_help_waits_for_no_torch():
    r = subprocess.run([sys.executable, '-c', 'import sys, visionlab.cli as c; c.main([]); print(sorted({"torch", "numpy", "matplotlib"} & set(sys.modules)))'],
                       capture_output=True, text=True, check=True)
    assert r.stdout.endswith('[]\n')

# ---- data

def test_data_are_listed_and_named():
    code, out, err = run('data')
    assert code == 0 and not err
    for name in ('mnist', 'mnist_sample', 'mnist_png', 'fashion_mnist', 'cifar10', 'cifar10_png', 'efficientnet_lite0'): assert re.search(rf'^  {name} ', out, re.M)
    code, out, err = run('data', 'mnits')
    assert (code, out) == (1, '') and err == "visionlab: no data set 'mnits': did you mean mnist?\n"

def test_data_say_where_they_are():
    from visionlab.fetch import URLs, untar_data
    from visionlab.weights import efficientnet_lite0
    untar_data(URLs.MNIST_SAMPLE); efficientnet_lite0(pretrained=True)  # a download would show its bar on stderr
    code, out, err = run('data', 'mnist_sample', 'mnist', 'efficientnet_lite0')
    folders = [Path(l) for l in out.splitlines()]
    assert code == 0 and not err and (folders[0]/'train'/'3').is_dir() and (folders[1]/'train-labels-idx1-ubyte').is_file()
    assert (folders[2]/'efficientnet_lite0.safetensors').is_file()

def test_data_that_cannot_be_kept(tmp_path):
    (tmp_path/'a file').touch()
    code, out, err = run('data', 'mnist', VISIONLAB_HOME=str(tmp_path/'a file'))
    assert code == 1 and not out and err.startswith('visionlab: mnist cannot be kept') and 'VISIONLAB_HOME' in err

# ---- doctor

@pytest.fixture
def no_network(): return {k: 'http://127.0.0.1:9' for k in ('http_proxy', 'https_proxy')} | dict(no_proxy='')

def test_a_machine_that_is_well():
    from visionlab.fetch import URLs, untar_data
    for url in (URLs.MNIST_IDX, URLs.FASHION, URLs.CIFAR_IDX): untar_data(url)
    code, out, err = run('doctor')
    assert code == 0 and not err and out.endswith('all is well\n') and 'NO  ' not in out, out
    for word in ('Python 3.', 'packages: ', 'torch ', ' GB free', 'mnist is here and whole'): assert f'ok  {word}' in out or word in out

def test_damaged_data_and_what_to_do(tmp_path, no_network):
    (tmp_path/'mnist').mkdir()
    (tmp_path/'mnist'/'train-labels-idx1-ubyte').write_bytes(b'half')
    code, out, err = run('doctor', VISIONLAB_HOME=str(tmp_path), **no_network)
    assert code == 1 and not err and out.endswith('the arrows say what to do\n')
    assert re.search(r'^NO  data: mnist is damaged: .*\n    → visionlab data mnist$', out, re.M), out

def test_nobody_to_ask(tmp_path, no_network):
    code, out, err = run('doctor', VISIONLAB_HOME=str(tmp_path), PATH=str(tmp_path), **no_network)
    assert code == 1 and out.splitlines()[-1].startswith('not all is well'), out
    for name in ('mnist', 'cifar10', 'efficientnet_lite0'):  # pip is a module here, if no program, and reaches nobody
        assert re.search(rf'^NO  data: {name} is not here, and no source answers\n    → visionlab data {name} says why$', out, re.M), out

def test_a_home_that_is_a_file(tmp_path, no_network):
    (tmp_path/'file').touch()
    code, out, err = run('doctor', VISIONLAB_HOME=str(tmp_path/'file'), **no_network)
    assert code == 1 and re.search(r'^NO  data cannot be written to .*\n    → .*VISIONLAB_HOME', out, re.M), out

# ---- demo (what it shows is tested in test_make.py)

def test_ctrl_c(tmp_path):
    with subprocess.Popen([VISIONLAB, 'demo'], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as p:
        while 'training' not in p.stdout.readline(): pass
        p.send_signal(signal.SIGINT)
        out, err = p.communicate(timeout=60)
    assert p.returncode == 130 and err.strip().endswith('visionlab: stopped') and 'Traceback' not in err, err

def test_pictures_of_its_own(tmp_path):
    "Without a folder: 1,200 animals of CIFAR-10, in four classes, an epoch of the head and two of all."
    from visionlab.weights import efficientnet_lite0
    efficientnet_lite0(pretrained=True)
    code, out, err = run('demo-pictures', cwd=tmp_path)
    assert code == 0 and not err and '1,200 pictures' in out and 'cat, deer' in out, out + err
    assert int(re.search(r'(\d+)% of the held-out', out)[1]) >= 75 and (tmp_path/'demo-pictures.png').stat().st_size > 50_000

@pytest.mark.parametrize('what, words', [('no folder', 'holds no pictures'), ('no pictures', 'holds no pictures'), ('one class', 'a classifier needs two classes')])
def test_no_pictures_to_learn_from(what, words, tmp_path):
    from PIL import Image
    if what != 'no folder': (tmp_path/'photos'/'cat').mkdir(parents=True)
    if what == 'one class': [Image.new('RGB', (9, 9)).save(tmp_path/'photos'/'cat'/f'{i}.png') for i in range(9)]
    code, out, err = run('demo-pictures', 'photos', cwd=tmp_path)
    assert code == 1 and re.match(f'visionlab: .*{words}', err) and len(err.splitlines()) == 1 and not (tmp_path/'demo-pictures.png').exists()

# ---- lessons

@pytest.fixture(scope='module')
def laid_out(tmp_path_factory):
    "The copies of a first `visionlab lessons`, in a folder with a space in its name; Jupyter's signatures; what was said."
    home = tmp_path_factory.mktemp('learner')
    said = run('lessons', 'my course', cwd=home, JUPYTER_DATA_DIR=str(home/'jupyter'))
    return home/'my course', home/'jupyter', said

def cells(path): return [(c.cell_type, c.source, c.metadata) for c in nbformat.read(path, 4).cells]

def test_lessons_are_laid_out(laid_out):
    folder, _, (code, out, err) = laid_out
    names = {p.name for p in (ROOT/'nbs').glob('*.ipynb')}
    assert code == 0 and not err and {p.name for p in folder.iterdir()} == names | {'.visionlab.json'}
    assert str(folder) in out and 'jupyter lab "my course"' in out and len(out.splitlines()) == 2

def test_each_copy_is_a_notebook_for_a_learner(laid_out):
    for path in laid_out[0].glob('*.ipynb'):
        nb = nbformat.read(path, 4)
        nbformat.validate(nb)
        assert nb.metadata.kernelspec.name == 'python3' and (nb.nbformat, nb.nbformat_minor) == (4, 5)
        title, how = nb.cells[0].source.splitlines()[0], nb.cells[0].source.splitlines()[-1]
        assert re.match(r'# (\d\d )?[a-z]', title) and ('Shift+Enter' in how) and title[2:4] in (path.name[:2], 'vi')
        for c in nb.cells:
            assert c.source.strip() and not re.search(r'^#\|', c.source, re.M), (path.name, c.source)
            assert 'nbdev' not in c.source or path.name in ('index.ipynb', '97_cli.ipynb'), (path.name, c.source)
            assert 'ADDRESS' not in c.source, path.name
            if c.metadata.get('jupyter', {}).get('source_hidden'):
                assert re.match(r'# \S', c.source), 'the first line is what is seen of it'
        assert nb.cells[1].source.startswith('# installs visionlab on Colab') and nb.cells[1].metadata.jupyter.source_hidden

def test_what_is_only_for_tests_is_folded(laid_out):
    was = nbformat.read(ROOT/'nbs'/'10_cnn.ipynb', 4)
    now = nbformat.read(laid_out[0]/'10_cnn.ipynb', 4)
    folded = {c.source for c in now.cells if c.metadata.get('jupyter', {}).get('source_hidden')}
    for c in was.cells:
        said = copies.directives(c.source) if c.cell_type == 'code' else []
        body = '\n'.join(l for l in c.source.splitlines() if not l.startswith('#|') and not l.startswith('%matplotlib')).strip()
        if {'hide', 'code-fold: true', 'echo: false'} & set(said) and 'nbdev' not in body and body: assert any(body in f for f in folded), body

def test_a_copy_runs_what_its_lesson_runs(laid_out):
    "All of it, in its order, but for the library's own plumbing and what needs a GPU; the notebooks themselves are run by test_notebooks.py."
    def code(cells): return [l for c in cells if c.cell_type == 'code' for l in c.source.splitlines() if l.strip() and not l.startswith('#')]
    for path in laid_out[0].glob('*.ipynb'):
        was, now = nbformat.read(ROOT/'nbs'/path.name, 4).cells, nbformat.read(path, 4).cells
        kept = code(c for c in was if c.cell_type != 'code' or 'cuda' not in copies.directives(c.source))
        assert now[1].id == 'visionlab' and code(now[2:]) == [l for l in kept if not copies.PLUMBING.match(l)], path.name

def test_outputs_and_their_descriptions_are_kept(laid_out):
    was, now = (nbformat.read(f/'03_gradients.ipynb', 4) for f in (ROOT/'nbs', laid_out[0]))
    def shown(nb): return [o.get('data', o.get('text')) for c in nb.cells if c.cell_type == 'code' for o in c.outputs]
    assert shown(was) == shown(now) and len(shown(now)) > 20
    assert any('parabola' in o.metadata['image/png']['alt'] for c in now.cells for o in c.get('outputs', []) if 'image/png' in o.get('metadata', {}))

def test_copies_need_only_what_is_required(laid_out):
    "With JupyterLab and scikit-learn, which come with visionlab[lessons]; packaging comes with matplotlib, scipy with scikit-learn, and timm, gradio and webdataset are extras that their functions ask for."
    required = {re.match(r'[\w-]+', r)[0] for r in metadata.requires('visionlab') if 'extra ==' not in r or 'lessons' in r}
    known = {n for n, dists in metadata.packages_distributions().items() if required & {d.lower().replace('_', '-') for d in dists}} | {'visionlab', 'IPython', 'nbformat', 'jupyter_core', 'packaging', 'scipy', 'timm', 'huggingface_hub', 'gradio', 'webdataset'}
    for path in laid_out[0].glob('*.ipynb'):
        for kind, source, _ in cells(path):
            if kind != 'code': continue
            tree = ast.walk(ast.parse(TransformerManager().transform_cell(source)))
            found = {name.split('.')[0] for n in tree if isinstance(n, (ast.Import, ast.ImportFrom))
                     for name in ([n.module] if isinstance(n, ast.ImportFrom) else [a.name for a in n.names])}
            assert found <= known | sys.stdlib_module_names, (path.name, found - known - sys.stdlib_module_names)

def test_links_between_copies_hold(laid_out):
    n = 0
    for path in laid_out[0].glob('*.ipynb'):
        text = '\n'.join(s for t, s, _ in cells(path) if t == 'markdown')
        for to in re.findall(r'\]\(([^()\s]+)\)', text):
            if re.match(r'[a-z]+:|#', to): continue
            n += 1
            assert (laid_out[0]/to.split('#')[0]).exists(), f'{path.name} links to {to}'
    assert n > 30

def test_copies_are_trusted(laid_out):
    folder, data, _ = laid_out
    notary = NotebookNotary(data_dir=str(data))
    for path in folder.glob('*.ipynb'): assert notary.check_signature(nbformat.read(path, 4)), path.name
    notary.close()

def test_what_is_yours_is_kept(laid_out):
    folder, data, _ = laid_out
    path, other = folder/'05_sgd.ipynb', folder/'06_neurons.ipynb'
    before = {p: p.stat().st_mtime_ns for p in folder.iterdir() if p.suffix == '.ipynb'}
    nb = nbformat.read(path, 4)
    nb.cells[4].source = 'my own code'
    nbformat.write(nb, path)
    ran = nbformat.read(other, 4)                                # run, saved, not changed
    next(c for c in ran.cells if c.cell_type == 'code').execution_count = 7
    nbformat.write(ran, other)
    mine, theirs = path.read_bytes(), other.read_bytes()
    code, out, err = run('lessons', str(folder), JUPYTER_DATA_DIR=str(data))
    assert code == 0 and not err and path.read_bytes() == mine and other.read_bytes() == theirs and not list(folder.glob('*-new*'))
    assert {p: p.stat().st_mtime_ns for p in before if p not in (path, other)} == {p: t for p, t in before.items() if p not in (path, other)}

    new = {n: t.replace('Shift+Enter runs', 'Shift+Enter now runs', 1) for n, t in copies.copies().items()}   # the lessons change
    script = 'import json, sys; from visionlab.cli import lessons; lessons(sys.argv[1], json.load(sys.stdin))'
    r = subprocess.run([sys.executable, '-c', script, folder], input=json.dumps(new), text=True, capture_output=True,
                       env=os.environ | dict(JUPYTER_DATA_DIR=str(data)))
    assert r.returncode == 0 and r.stdout == '05_sgd.ipynb has your changes and stays; its new version is 05_sgd-new.ipynb\n', r.stderr
    assert path.read_bytes() == mine and 'now runs' in (folder/'05_sgd-new.ipynb').read_text() and 'now runs' in other.read_text()
    assert len(list(folder.glob('*.ipynb'))) == len(before) + 1
    notary = NotebookNotary(data_dir=str(data))
    assert not notary.check_signature(nbformat.read(path, 4)), 'what somebody changed is not signed'
    notary.close()

def test_a_folder_that_cannot_be(tmp_path):
    (tmp_path/'file').touch()
    code, out, err = run('lessons', str(tmp_path/'file'))
    assert code == 1 and not out and err.startswith('visionlab: ') and str(tmp_path/'file') in err
    code, out, err = run('lessons', str(ROOT/'nbs'))             # the sources are nobody's copies
    assert code == 1 and 'from elsewhere' in err and not (ROOT/'nbs'/'.visionlab.json').exists()

def test_without_jupyter_they_are_laid_out_all_the_same(tmp_path):
    (tmp_path/'nbformat.py').write_text('raise ImportError("no Jupyter here")')
    code, out, err = run('lessons', cwd=tmp_path, PYTHONPATH=str(tmp_path))
    assert code == 0 and not err and (tmp_path/'lessons'/'03_gradients.ipynb').exists()

# ---- the cell that installs

class Pip:
    "What a notebook asks `%pip` for."
    def __init__(self): self.asked = []
    def run_line_magic(self, name, line): self.asked.append((name, line))

def first_cell(address, there, host=None, monkeypatch=None):
    pip = Pip()
    monkeypatch.setattr('importlib.util.find_spec', lambda name: there)
    for name in ('COLAB_RELEASE_TAG', 'KAGGLE_KERNEL_RUN_TYPE', 'BINDER_SERVICE_HOST'): monkeypatch.delenv(name, raising=False)
    if host: monkeypatch.setenv(host, 'x')
    source = TransformerManager().transform_cell(copies.setup_cell(address))
    exec(source, dict(get_ipython=lambda: pip))
    return pip.asked

@pytest.mark.parametrize('host', ['COLAB_RELEASE_TAG', 'KAGGLE_KERNEL_RUN_TYPE', 'BINDER_SERVICE_HOST'])
def test_it_installs_where_a_machine_is_lent(host, monkeypatch):
    address = 'https://example.org/someone/visionlab'
    assert first_cell(address, None, host, monkeypatch) == [('pip', f'install -q "visionlab[lessons] @ git+{address}"')]
    assert first_cell(address, True, host, monkeypatch) == []
    with pytest.raises(ModuleNotFoundError, match='pip wheel --no-deps'): first_cell('', None, host, monkeypatch)

def test_elsewhere_it_says_what_to_do(monkeypatch):
    assert first_cell('', True, None, monkeypatch) == []
    with pytest.raises(ModuleNotFoundError, match='Choose the kernel'): first_cell('https://example.org', None, None, monkeypatch)

def test_no_notebook_exports_itself():
    "Run All in a copy of a notebook must not overwrite the library: `make nb` exports."
    for path in (ROOT/'nbs').glob('*.ipynb'):
        code = [c.source for c in nbformat.read(path, 4).cells if c.cell_type == 'code']
        assert not [s for s in code if re.search(r'nbdev_export|nb_export|nbdev\.export', s)], path.name

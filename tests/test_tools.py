"""The tools: running notebooks and saving them, choosing tests, keeping commits tidy."""
import base64, io, json, shutil, subprocess, sys
import install, nbformat, numpy as np, pytest, quick
from conftest import ROOT, copy_repo, installed, notebook, skip
from pack import packed
from pathlib import Path
from PIL import Image
from run_nbs import LessonError, cpu_seconds, run
from tidy import directives, masked, text, tidy

# ---- running and saving

def probe(folder, *cells):
    (folder/'settings.ini').write_text((ROOT/'settings.ini').read_text(encoding='utf-8'), encoding='utf-8')
    return notebook(folder/'probe.ipynb', *cells)

CHANGES = dict(  # cells whose outputs differ from run to run, or would
    times="""import time
print(f"took {time.time() % 100:.3f} ms, at {time.strftime('%H:%M:%S')}")""",
    not_run='#| eval: false\n1/0',
    slow='#| slow\n1/0',
    address='object()',
    styled='import pandas as pd\npd.DataFrame([[1, 2]]).style.background_gradient()',
    two_prints='print(1)\nprint(2)',
    widget="""from ipywidgets import interact
import matplotlib.pyplot as plt
@interact(a=(0, 3))
def show(a=1):
    plt.plot([0, a])
    plt.show()""")

def test_a_second_run_changes_nothing(tmp_path):
    saved = nbformat.read(probe(tmp_path, *CHANGES.values()), 4)
    saved.cells[list(CHANGES).index('not_run')].outputs = [nbformat.v4.new_output('stream', text='kept\n')]
    first = text(run(tmp_path/'probe.ipynb', saved=nbformat.writes(saved)))
    assert text(run(tmp_path/'probe.ipynb', saved=first)) == first
    nb = nbformat.reads(first, 4)
    outs = dict(zip(CHANGES, [c.outputs for c in nb.cells]))
    assert outs['not_run'][0].text == 'kept\n' and outs['slow'] == []
    assert outs['address'][0].data['text/plain'] == '<object>'
    assert [o.text for o in outs['two_prints']] == ['1\n2\n']
    assert ['image/png' in o.data for o in outs['widget']] == [True]
    assert 'widgets' not in nb.metadata and not any(c.execution_count for c in nb.cells)

FAILS = dict(  # a cell that fails, and what is said of it
    error=('x = 1\nx.nothing', "no attribute 'nothing'"),
    warning=('import warnings\nwarnings.warn("careful")', 'careful'),
    interact=('from ipywidgets import interact\ninteract(lambda a: None, a=(0, 3));', 'plt.show()'),
    dead_kernel=('import os\nos._exit(3)', 'died'))

@pytest.mark.parametrize('code,says', FAILS.values(), ids=FAILS)
def test_a_failing_cell_is_named(tmp_path, code, says):
    with pytest.raises(LessonError) as e: run(probe(tmp_path, 'ok = 1', code))
    assert 'probe.ipynb, cell 1 (' + code.splitlines()[0] in str(e.value) and says in str(e.value)

@pytest.mark.parametrize('a,b,same', [('took 12.3 ms', 'took 9 ms', True), ('3.4 s ± 20 ms', '3.55 s ± 1.5 ms', True), ('4.2µs', '12 µs', True),
    ('00:03', '00:17', True), ('0:00:03', '1:22:03', True), ('loss 0.31', 'loss 0.32', False), ('3s: 6131', '7s: 6131', False), ('6131 3s', '6265 3s', False),
    ('1.2 s  loss .5', '12.2 s loss .5', True), ('12 sevens', '13 sevens', False)])
def test_only_times_may_differ(a, b, same):
    def out(s): return [dict(output_type='stream', name='stdout', text=s)]
    assert (masked(out(a)) == masked(out(b))) == same

def test_flags_hold_from_any_folder(tmp_path, monkeypatch):
    (tmp_path/'project'/'nbs').mkdir(parents=True)
    path = probe(tmp_path/'project', '#| cuda\n1/0')
    path = path.rename(path.parent/'nbs'/path.name)
    monkeypatch.chdir(tmp_path)
    assert run(path).cells[0].outputs == []

def test_no_answer_is_lost(tmp_path):
    "Without `Client` this is no certain failure: one `interact` in some fifty falls silent on a busy machine, so about every second run of it."
    draws = """%matplotlib inline
import numpy as np, matplotlib.pyplot as plt
from ipywidgets import interact
def draw(a=1., b=2.): plt.plot(np.sin(a*np.arange(400)/b)); plt.show()"""
    path = probe(tmp_path, draws, *['interact(draw, a=(0., 3., .1), b=(1., 4., .1));']*25)
    assert all(c.outputs for c in run(path, timeout=30).cells[1:])

@pytest.mark.skipif(sys.platform != 'linux', reason='kernels are forked on Linux only')
def test_a_forked_kernel_is_counted_and_leaves_nothing(tmp_path):
    path, before = probe(tmp_path, 'import os, subprocess, sys\n"torch" in sys.modules, "pandas" in sys.modules, os.getpid(), subprocess.Popen(["sleep", "900"]).pid',
                         'sum(range(30_000_000))'), cpu_seconds()
    *imported, kernel, child = eval(run(path).cells[0].outputs[0].data['text/plain'])
    assert imported == [True, False] and cpu_seconds() - before > .2
    for pid in (kernel, child):
        stat = Path(f'/proc/{pid}/stat')
        assert not stat.exists() or stat.read_text().split(') ')[1][0] == 'Z', f'{pid} still runs'

def test_slow_cells_run_when_asked(tmp_path):
    path = probe(tmp_path, '#| slow\nprint("slow")', '#| cuda\n1/0')
    assert [len(c.outputs) for c in run(path).cells] == [0, 0]
    assert [len(c.outputs) for c in run(path, slow=True).cells] == [1, 0]

def test_directives():
    assert directives('#| export\n#|eval:false\nx = 1\n#| hide') == ['export', 'eval: false']

def test_a_folded_cell_is_folded_in_jupyter_too():
    nb = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell('#| code-fold: true\nx = 1'), nbformat.v4.new_code_cell('x = 1')])
    assert [c.metadata for c in tidy(nb).cells] == [{'jupyter': {'source_hidden': True}}, {}]

# ---- pictures

PICTURES = dict(
    lines='import matplotlib.pyplot as plt, numpy as np\nfor k in range(9): plt.plot(np.sin(np.linspace(0, k, 99)), label=str(k))\nplt.legend();',
    digit='plt.imshow(np.arange(784).reshape(28, 28)*255//783, cmap="gray");',
    photo='x = np.linspace(0, 9, 200)\nplt.imshow(np.stack([np.sin(x*k) * np.cos(x[:, None]*(3 - k)) for k in range(3)], -1)/2 + .5);')

def test_figures_are_dense_and_small(tmp_path):
    "Twice the pixels, the size on the screen beside them, at most a palette where that is enough, and the same to the eye."
    nb = run(probe(tmp_path, *PICTURES.values()))
    found = {}
    for name, c in zip(PICTURES, nb.cells):
        out = next(o for o in c.outputs if 'image/png' in o.get('data', {}))
        found[name] = im = Image.open(io.BytesIO(base64.b64decode(out.data['image/png'])))
        assert out.metadata['image/png'].keys() == {'width', 'height'} and abs(im.width - 2*out.metadata['image/png']['width']) <= 1
        assert packed(out.data['image/png']) == out.data['image/png']
    assert {k: im.mode for k, im in found.items()} == dict(lines='P', digit='P', photo='RGB')
    assert len({(r, g, b) for _, (r, g, b) in found['digit'].convert('RGB').getcolors() if r == g == b}) > 220  # the greys of the digit are all there

def base64_of(a):
    out = io.BytesIO()
    Image.fromarray(a).save(out, 'png')
    return base64.b64encode(out.getvalue()).decode()

def test_packing_changes_nothing_one_sees():
    from pack import fewer
    rng = np.random.default_rng(0)
    smooth = np.asarray(Image.fromarray(rng.integers(0, 256, (9, 9, 3), dtype='uint8')).resize((300, 300), Image.Resampling.BICUBIC))
    page = np.full((400, 900, 3), 255, 'uint8')
    page[50:350, 50:350] = smooth
    def off(a): return np.abs(np.asarray(fewer(a).convert('RGB')).astype(int) - a)
    assert off(page).max() == 0 and off(smooth).max() == 0            # a photograph keeps its colours
    page[50:350, 50:350] = np.arange(300)[:, None, None]*255//299
    assert off(page).max() == 0 and fewer(page).mode == 'P'           # so does a shading
    clear = np.zeros((9, 9, 4), 'uint8')
    for kept in (base64_of(clear), base64_of(page)): assert packed(kept) == kept  # not matplotlib's
    opaque = np.dstack([page, np.full((400, 900, 1), 255, 'uint8')])
    assert packed(base64_of(opaque)) != base64_of(opaque) and packed(packed(base64_of(opaque))) == packed(base64_of(opaque))

# ---- git

def git(folder, *args):
    me = ['-c', 'user.name=a reader', '-c', 'user.email=reader@example.com']
    return subprocess.run(['git', *me, *args], cwd=folder, capture_output=True, text=True)

@pytest.fixture
def checkout(tmp_path, monkeypatch):
    "A copy of the repository that is a git checkout with a commit, and with the hook that `make` installs."
    if not shutil.which('git'): skip('there is no git on this machine')
    for name in ('GIT_DIR', 'GIT_INDEX_FILE', 'GIT_WORK_TREE'): monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv('GIT_CONFIG_GLOBAL', str(tmp_path/'no-settings'))
    repo = installed(copy_repo(tmp_path/'a checkout'))
    monkeypatch.chdir(repo)
    for args in (['init', '-q'], ['add', '.'], ['commit', '-qm', 'all of it']): assert git(repo, *args).returncode == 0
    install.keep_notebooks_clean()
    return repo

def test_a_commit_holds_tidy_notebooks(checkout):
    path = checkout/'nbs'/'00_core.ipynb'
    saved = path.read_text(encoding='utf-8')
    nb = nbformat.reads(saved, 4)
    nb.cells[1].execution_count, nb.metadata.language_info = 3, dict(name='python', version='3.10.1')
    nbformat.write(nb, path)
    for again in (['add', 'nbs'], []):                             # staged, and named in the commit
        said = git(checkout, 'commit', '-qm', 'untidy', '--', 'nbs/00_core.ipynb').stderr
        assert 'nbs/00_core.ipynb' in said and 'git add' in said, said
        assert path.read_text(encoding='utf-8') == saved
        nbformat.write(nb, path)
    path.write_text(saved.replace('# core', '# core, mended', 1), encoding='utf-8')
    assert git(checkout, 'commit', '-qm', 'tidy', '--', 'nbs/00_core.ipynb').returncode == 0
    assert git(checkout, 'status', '--short').stdout == ''

def test_hooks_of_others_are_left_alone(checkout):
    hook = checkout/'.git'/'hooks'/'pre-commit'
    hook.write_text('#!/bin/sh\ntrue\n')
    install.keep_notebooks_clean()
    assert hook.read_text() == '#!/bin/sh\ntrue\n'
    hook.unlink()
    git(checkout, 'config', 'core.hooksPath', 'elsewhere')
    install.keep_notebooks_clean()
    assert not hook.exists() and not (checkout/'elsewhere').exists()

def test_no_checkout_no_hook(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    install.keep_notebooks_clean()
    assert not list(tmp_path.iterdir())

# ---- what a change touches

def test_changes_since_the_last_commit(checkout):
    (checkout/'nbs'/'00_core.ipynb').write_text('{}')
    (checkout/'tests'/'test_new.py').write_text('')
    (checkout/'README.md').unlink()
    assert quick.changed(checkout) == ['README.md', 'nbs/00_core.ipynb', 'tests/test_new.py']

def test_the_tests_of_a_change():
    def tests(file): return [t.removeprefix('tests/test_') for t in quick.tests_of(file)]
    learner = tests('nbs/08_learner.ipynb')
    assert learner[:3] == ['notebooks.py::test_notebook[08_learner.ipynb]', 'notebooks.py::test_saved_form[08_learner.ipynb]', 'package.py']
    assert 'learner.py' in learner and 'site.py' not in learner
    assert tests('visionlab/learner.py') == learner
    assert tests('nbs/index.ipynb') == ['notebooks.py::test_notebook[index.ipynb]', 'notebooks.py::test_saved_form[index.ipynb]', 'package.py']
    assert tests('tests/test_site.py') == tests('styles.css') == ['site.py'] and tests('tools/tidy.py') == ['tools.py']
    assert tests('tests/test_gone.py') == tests('CONTRIBUTING.md') == ['package.py'] and tests('bench/run.py') == []
    every = [p.relative_to(ROOT).as_posix() for p in ROOT.glob('tools/*.py')]
    assert not [f for f in every if not quick.tests_of(f)]

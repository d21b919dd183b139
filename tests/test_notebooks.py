"""Every notebook runs from its top, and saving it a second time changes nothing."""
import json, resource, warnings
import nbformat, pytest
from conftest import ROOT
from run_nbs import LessonError, directives, masked, run, text, tidy

NBS = sorted((ROOT/'nbs').glob('*.ipynb'))
both = pytest.mark.parametrize('path', NBS, ids=[p.name for p in NBS])

@pytest.fixture(scope='session', autouse=True)
def data():
    "The digits, before any lesson runs: a download shows a progress bar, which belongs in no saved output."
    from visionlab.data import URLs, untar_data
    untar_data(URLs.MNIST)

@both
def test_notebook(path):
    """It runs; it shows what is saved, or, on another kind of machine, the same twice.

    A lesson is to take less than 90 seconds of one core, which a quiet machine shows; it fails at twice that, so that a slow or a busy one does not decide."""
    saved, start = path.read_text(encoding='utf-8'), cpu_seconds()
    first = text(run(path))
    took = cpu_seconds() - start
    if first != saved:
        warnings.warn(f'{path.name} shows other outputs here than the saved ones: {differing(saved, first)}')
        second = text(run(path, saved=first))
        assert second == first, f'two runs differ: {differing(first, second)}'
    if took > 90: warnings.warn(f'{path.name} took {took:.0f} s of processor time')
    assert took < 180, f'{path.name} took {took:.0f} s of processor time'

def cpu_seconds():
    "What the kernels that have ended took, whatever else the machine was busy with."
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime

def differing(a, b):
    "The cells whose outputs differ, by number and first line."
    cells = enumerate(zip(json.loads(a)['cells'], json.loads(b)['cells']))
    return [f"{i}: {''.join(x['source'])[:60]!r}" for i, (x, y) in cells if x.get('outputs') != y.get('outputs')] or 'metadata only'

SLOW = [p for p in NBS if '"#| slow' in p.read_text(encoding='utf-8')]

@pytest.mark.parametrize('path', SLOW, ids=[p.name for p in SLOW])
def test_slow_cells(path):
    "What lessons leave out to be quick holds as well, and shows what is saved, or something else on another kind of machine."
    nb, saved = run(path, timeout=600, slow=True), nbformat.read(path, 4)
    for i, (c, was) in enumerate(zip(nb.cells, saved.cells)):
        if c.cell_type == 'code' and 'slow' in directives(c.source):
            assert c.outputs, f'{path.name}, cell {i} was not run'
            if masked(c.outputs) != masked(was.outputs): warnings.warn(f'{path.name}, cell {i} shows other outputs here than the saved ones')

@both
def test_saved_form(path):
    "Saved as Jupyter saves it, with nothing that changes from run to run, nothing that failed, and under 1 MB."
    nb = nbformat.read(path, 4)
    nbformat.validate(nb)
    assert text(tidy(nb)) == path.read_text(encoding='utf-8'), f'save it with tools/run_nbs.py {path.name}'
    assert path.stat().st_size < 1_000_000
    outs = [o for c in nb.cells if c.cell_type == 'code' for o in c.outputs]
    assert not [o for o in outs if o.output_type == 'error' or o.get('name') == 'stderr']

# ---- the tool itself

def notebook(folder, *cells):
    (folder/'settings.ini').write_text((ROOT/'settings.ini').read_text(encoding='utf-8'), encoding='utf-8')
    nb = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c, id=f'c{i}') for i, c in enumerate(cells)])
    path = folder/'probe.ipynb'
    nbformat.write(nb, path)
    return path

def test_a_second_run_changes_nothing(tmp_path):
    path = notebook(tmp_path, 'import time\nprint(f"took {time.time() % 100:.3f} ms, at {time.strftime(\'%H:%M:%S\')}")', '#| eval: false\n1/0', '#| slow\n1/0',
                    'object()', 'import pandas as pd\npd.DataFrame([[1, 2]]).style.background_gradient()', 'print(1)\nprint(2)',
                    'from ipywidgets import interact\nimport matplotlib.pyplot as plt\n@interact(a=(0, 3))\ndef show(a=1):\n    plt.plot([0, a])\n    plt.show()')
    saved = json.loads(path.read_text(encoding='utf-8'))
    saved['cells'][1]['outputs'] = [dict(output_type='stream', name='stdout', text=['kept\n'])]
    first = text(run(path, saved=json.dumps(saved)))
    assert text(run(path, saved=first)) == first
    nb = nbformat.reads(first, 4)
    outs = [c.outputs for c in nb.cells]
    assert outs[1][0].text == 'kept\n' and outs[2] == [] and outs[3][0].data['text/plain'] == '<object>'
    assert outs[5][0].text == '1\n2\n' and len(outs[5]) == 1
    assert [set(o.data) >= {'image/png'} for o in outs[6]] == [True]
    assert 'widgets' not in nb.metadata and not any(c.execution_count for c in nb.cells)

@pytest.mark.parametrize('code,says', [('x = 1\nx.nothing', "no attribute 'nothing'"), ('import warnings\nwarnings.warn("careful")', 'careful'),
                                       ('from ipywidgets import interact\ninteract(lambda a: None, a=(0, 3));', 'plt.show()'),
                                       ('import os\nos._exit(3)', 'died')], ids=['error', 'warning', 'interact', 'dead kernel'])
def test_a_failing_cell_is_named(tmp_path, code, says):
    with pytest.raises(LessonError) as e: run(notebook(tmp_path, 'ok = 1', code))
    assert 'probe.ipynb, cell 1 (' + code.splitlines()[0] in str(e.value) and says in str(e.value)

@pytest.mark.parametrize('a,b,same', [('took 12.3 ms', 'took 9 ms', True), ('3.4 s ± 20 ms', '3.55 s ± 1.5 ms', True), ('4.2µs', '12 µs', True),
    ('00:03', '00:17', True), ('0:00:03', '1:22:03', True), ('loss 0.31', 'loss 0.32', False), ('3s: 6131', '7s: 6131', False), ('6131 3s', '6265 3s', False),
    ('1.2 s  loss .5', '12.2 s loss .5', True), ('12 sevens', '13 sevens', False)])
def test_only_times_may_differ(a, b, same):
    def out(s): return [dict(output_type='stream', name='stdout', text=s)]
    assert (masked(out(a)) == masked(out(b))) == same

def test_flags_hold_from_any_folder(tmp_path, monkeypatch):
    (tmp_path/'project'/'nbs').mkdir(parents=True)
    path = notebook(tmp_path/'project', '#| cuda\n1/0')
    path = path.rename(path.parent/'nbs'/path.name)
    monkeypatch.chdir(tmp_path)
    assert run(path).cells[0].outputs == []

def test_a_silent_kernel_is_replaced_once(tmp_path):
    path = notebook(tmp_path, 'import time\nfrom pathlib import Path\nif not Path("been").exists():\n    Path("been").touch()\n    time.sleep(60)\nprint("here")')
    with pytest.warns(UserWarning, match='trying once more'): nb = run(path, timeout=5)
    assert nb.cells[0].outputs[0].text == 'here\n'
    (tmp_path/'been').unlink()
    with pytest.raises(LessonError, match='probe.ipynb, cell 0'): run(path, timeout=5, tries=1)

def test_slow_cells_run_when_asked(tmp_path):
    path = notebook(tmp_path, '#| slow\nprint("slow")', '#| cuda\n1/0')
    assert [len(c.outputs) for c in run(path).cells] == [0, 0]
    assert [len(c.outputs) for c in run(path, slow=True).cells] == [1, 0]

def test_directives():
    assert directives('#| export\n#|eval:false\nx = 1\n#| hide') == ['export', 'eval: false']

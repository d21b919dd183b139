"""Every notebook runs from its top, and saving it a second time changes nothing."""
import base64, io, json, warnings
import nbformat, pytest
from conftest import ROOT
from PIL import Image
from run_nbs import cpu_seconds, machine, run
from tidy import text, tidy

NBS = sorted((ROOT/'nbs').glob('*.ipynb'))
both = pytest.mark.parametrize('path', NBS, ids=[p.name for p in NBS])

@pytest.fixture(scope='session', autouse=True)
def data():
    "All data, before any lesson runs: a download shows a progress bar, which belongs in no saved output."
    from visionlab.data import URLs, untar_data
    for url in (URLs.MNIST, URLs.MNIST_SAMPLE, URLs.FASHION, URLs.CIFAR): untar_data(url)

@both
def test_notebook(path):
    """It runs, with the cells that lessons leave out to be quick; it shows what is saved, or the same twice. On another kind of machine, where
    the last digits of sums differ, it is enough that it runs: what the text says of its numbers, it asserts.

    A lesson is to take less than 90 seconds of one core, and its slow cells as much again, which a quiet machine shows; it fails at twice that,
    so that a slow or a busy one does not decide."""
    saved, start = path.read_text(encoding='utf-8'), cpu_seconds()
    slow = '"#| slow' in saved
    first = text(run(path, timeout=300 if slow else 120, slow=slow))
    took, limit = cpu_seconds() - start, 180 if slow else 90
    if first != saved:
        warnings.warn(f'{path.name} shows other outputs here than the saved ones: {differing(saved, first)}')
        if json.loads(saved)['metadata'].get('measured') == machine():
            second = text(run(path, saved=first))
            assert second == first, f'two runs differ: {differing(first, second)}'
    if took > limit: warnings.warn(f'{path.name} took {took:.0f} s of processor time')
    assert took < 2*limit, f'{path.name} took {took:.0f} s of processor time'

def differing(a, b):
    "The cells whose outputs differ, by number and first line."
    cells = enumerate(zip(json.loads(a)['cells'], json.loads(b)['cells']))
    return [f"{i}: {''.join(x['source'])[:60]!r}" for i, (x, y) in cells if x.get('outputs') != y.get('outputs')] or 'metadata only'

@both
def test_saved_form(path):
    "Saved as Jupyter saves it, with nothing that changes from run to run, nothing that failed, and under 1 MB."
    nb = nbformat.read(path, 4)
    nbformat.validate(nb)
    assert text(tidy(nb)) == path.read_text(encoding='utf-8'), f'save it with tools/run_nbs.py {path.name}'
    assert path.stat().st_size < 1_000_000
    outs = [o for c in nb.cells if c.cell_type == 'code' for o in c.outputs]
    assert not [o for o in outs if o.output_type == 'error' or o.get('name') == 'stderr']
    for o in outs:  # crisp on a dense screen
        if 'image/png' not in o.get('data', {}): continue
        wide = Image.open(io.BytesIO(base64.b64decode(o.data['image/png']))).width
        assert wide >= 1.9*o.metadata.get('image/png', {}).get('width', wide), f'{wide} pixels'

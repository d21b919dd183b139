"""The verbs: they explain themselves, say why they fail, lose no time, and mind no space in a path."""
import os, pty, re, subprocess, sys, time
import nbformat, pytest
from conftest import ROOT, copy_repo, installed, make, notebook, skip

def python_that(way, folder):
    "A Python that behaves as a function of stand_in.py says."
    path = folder/'python'
    path.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{ROOT}/tests/programs/stand_in.py" {way} "$0" "$@"\n')
    path.chmod(0o755)
    return f'PYTHON={path}'

@pytest.fixture(scope='module')
def repo(tmp_path_factory):
    "A copy of the repository in a folder with spaces in its name, whose .venv stands for one installed before."
    return installed(copy_repo(tmp_path_factory.mktemp('make')/'a place with spaces'))

@pytest.fixture
def bare(tmp_path):
    "A copy with no .venv."
    return copy_repo(tmp_path/'bare')

def test_bare_make_explains_the_verbs():
    code, out = make(ROOT)
    assert code == 0
    for verb in ('demo', 'demo-pictures', 'lab', 'docs', 'nb', 'quick', 'test', 'bench', 'clean'): assert f'make {verb}' in out

def test_lab_opens_copies_unless_told_otherwise(repo):
    for words, opens in ((['lab'], 'tools/lab.py'), (['lab', 'EDIT=0'], 'tools/lab.py'), (['lab', 'EDIT=1'], 'tools/lab.py --edit')):
        assert make(repo, '--dry-run', *words)[1].strip().endswith(opens)

def test_clean_keeps_what_a_learner_wrote(bare):
    (bare/'lessons').mkdir()
    (bare/'lessons'/'03_gradients.ipynb').write_text('mine')
    (bare/'build').mkdir()
    assert make(bare, 'clean')[0] == 0
    assert (bare/'lessons'/'03_gradients.ipynb').read_text() == 'mine' and not (bare/'build').exists()

def test_a_second_run_loses_no_time(repo):
    cli = repo/'visionlab'/'cli.py'
    was = cli.read_text(encoding='utf-8')
    cli.write_text('print("the demo runs")')
    try: assert_quick(repo)
    finally: cli.write_text(was, encoding='utf-8')

def assert_quick(repo):
    for _ in range(3):
        start = time.monotonic()
        code, out = make(repo, 'demo')
        took = time.monotonic() - start
        assert code == 0 and out.strip() == 'the demo runs', out
        if took < 2: return
    pytest.fail(f'make demo took {took:.1f} s before the demo')

def test_the_demo_reads_99_of_100_digits(tmp_path):
    "Seeds give 74 to 95 errors, so that more than 100 mean that something is wrong."
    from visionlab.all import URLs, untar_data
    untar_data(URLs.MNIST_IDX)                               # a download would show its bar on stderr
    r = subprocess.run([sys.executable, '-m', 'visionlab.cli', 'demo'], cwd=tmp_path, capture_output=True, text=True, timeout=600)
    assert r.returncode == 0 and not r.stderr, r.stderr
    assert int(re.search(r'(\d+) errors out of 10,000', r.stdout)[1]) <= 100, r.stdout
    assert 'accuracy' in r.stdout and 'make lab' in r.stdout and (tmp_path/'demo.png').stat().st_size > 50_000

def test_pictures_of_anybody(repo, tmp_path):
    "A folder with a space in its name, two classes of 60, and two files that are no pictures: named, left out, and the rest is learned."
    import shutil
    from PIL import Image
    from visionlab.demo import demo_folder
    from visionlab.weights import create_model
    create_model('efficientnet_lite0', pretrained=True)      # a download would show its bar on stderr
    for c in ('cat', 'horse'):
        (tmp_path/'my photos'/c).mkdir(parents=True)
        for p in sorted((demo_folder()/c).iterdir())[:60]: shutil.copy(p, tmp_path/'my photos'/c)
    (tmp_path/'my photos'/'cat'/'broken.png').write_bytes(b'no picture')
    (tmp_path/'my photos'/'horse'/'empty.jpg').touch()
    was = set(repo.iterdir())
    code, out = make(repo, 'demo-pictures', f'FOLDER={tmp_path}/my photos')
    assert code == 0 and '122 pictures' in out and '2 files cannot be read' in out and 'broken.png' in out and 'empty.jpg' in out, out
    share, wrong, n, low, high = map(int, re.search(r'(\d+)% of the held-out .*: (\d+) errors out of (\d+), .* be (\d+)% to (\d+)%', out).groups())
    assert share >= 75 and abs(share - 100*(1 - wrong/n)) <= .5 and low < share <= high, out
    assert {p.name for p in set(repo.iterdir()) - was} == {'demo-pictures.png'}
    with Image.open(repo/'demo-pictures.png') as im: assert im.width > 800 and im.height > 400

# ---- from a path with spaces

def test_docs_says_why_it_fails(repo):
    page = repo/'nbs'/'00_broken.ipynb'
    page.write_text('{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}')
    code, out = make(repo, 'docs')
    page.unlink()
    assert code and '00_broken.ipynb' in out and 'the site was not built' in out
    assert not (repo/'_build').exists()

def test_the_site_is_not_built_at_the_top(repo):
    r = subprocess.run([sys.executable, 'tools/prep_docs.py'], cwd=repo, capture_output=True, text=True)
    assert r.returncode == 1 and 'make docs' in r.stderr and not (repo/'lessons').exists()

WHERE = '''
import sys, nbformat, run_nbs

def test_where(tmp_path):
    (tmp_path/'settings.ini').write_text('[DEFAULT]\\nlib_name = x\\ntst_flags = slow\\nuser = x\\n')
    nb = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell('import sys; print(sys.prefix)')])
    nbformat.write(nb, tmp_path/'a.ipynb')
    assert 'a place with spaces' in sys.prefix
    assert run_nbs.run(tmp_path/'a.ipynb').cells[0].outputs[0].text.strip() == sys.prefix
'''

def test_tests_and_kernels_are_of_this_folder(repo):
    "The tests and the notebooks they run use the .venv of this folder, not one installed elsewhere."
    (repo/'tests'/'test_where.py').write_text(WHERE)
    code, out = make(repo, 'test', 'CHECKS=tests/test_where.py')
    assert code == 0 and '1 passed' in out, out

def test_nb_runs_saves_and_exports(repo):
    path, module = repo/'nbs'/'79_probe.ipynb', repo/'visionlab'/'probe.py'
    notebook(path, '# probe\n\n> Is it exported?', '#| default_exp probe', '#| export\nanswer = 6*7', 'answer')
    code, out = make(repo, 'nb', 'NB=79')
    assert code == 0 and 'running 79_probe.ipynb' in out and 'exported: ' in out and 'probe.py' in out, out
    assert nbformat.read(path, 4).cells[3].outputs[0].data['text/plain'] == '42' and 'answer = 6*7' in module.read_text()
    notebook(path, '# probe\n\n> Is it exported?', '#| default_exp probe', '#| export\nanswer = 6*8', 'answer/0')
    code, out = make(repo, 'nb', 'NB=probe')
    assert code and '79_probe.ipynb, cell 3 (answer/0)' in out and 'answer = 6*7' in module.read_text(), out
    assert 'there is no notebook' in make(repo, 'nb', 'NB=44')[1] and 'make nb NB=08' in make(repo, 'nb')[1]

# ---- the first run on a machine

def test_no_python(bare):
    code, out = make(bare, 'demo', 'PYTHON=python-that-is-not-there')
    assert code and "no 'python-that-is-not-there' here" in out and not (bare/'.venv').exists()

def test_an_old_python(bare, tmp_path):
    code, out = make(bare, 'demo', python_that('old', tmp_path))
    assert code and 'needs Python 3.10 or newer, and this is 3.8' in out and not (bare/'.venv').exists()

def test_a_python_without_venv(bare, tmp_path):
    code, out = make(bare, 'demo', python_that('without_venv', tmp_path))
    assert code and 'ensurepip is not available' in out and 'python3-venv' in out and not (bare/'.venv').exists()

def test_an_installation_that_fails_says_why_and_does_not_count(bare):
    nowhere = dict(PIP_INDEX_URL='http://127.0.0.1:9/', PIP_EXTRA_INDEX_URL='', PIP_FIND_LINKS='', PIP_RETRIES='0', PIP_NO_CACHE_DIR='1')
    for _ in range(2):
        code, out = make(bare, 'demo', f'PYTHON={sys.executable}', **nowhere)
        assert code and 'pip could not install' in out and 'ERROR: No matching distribution found' in out, out
        assert len(out.splitlines()) < 30 and not list((bare/'.venv').glob('ready*'))

@pytest.fixture
def slow(bare, tmp_path):
    "A copy that a Python with a slow pip installs, which then runs a demo of one line; log lines come every half second."
    tool = bare/'tools'/'install.py'
    tool.write_text(tool.read_text().replace('EVERY = 30', 'EVERY = .5'))
    (bare/'visionlab'/'cli.py').write_text('print("the demo runs")')
    return bare, python_that('with_a_slow_pip', tmp_path)

STEPS = r'fetching \[##+\.+\] \d of 8 MB, heavy-2\.1 \(package 1\)', r'installing \[#+\.*\] [12] of 2 packages'

def test_installing_shows_little_in_a_log(slow):
    folder, python = slow
    code, out = make(folder, 'demo', python)
    assert code == 0 and out.splitlines()[-1] == 'the demo runs', out
    for step in STEPS: assert re.search(rf'^make: 0:0\d {step}$', out, re.M), out
    assert 'Collecting' not in out and len(out.splitlines()) < 20 and 'Successfully' in (folder/'.venv'/'install.log').read_text()

def test_installing_shows_one_line_that_moves_in_a_terminal(slow):
    folder, python = slow
    ours, theirs = pty.openpty()
    p = subprocess.Popen(['make', 'demo', python], cwd=folder, stdout=theirs, stderr=theirs, env=os.environ | dict(COLUMNS='80'))
    os.close(theirs)
    out = b''
    while True:
        try: more = os.read(ours, 4096)
        except OSError: break  # the other end is closed
        if not more: break
        out += more
    assert p.wait() == 0
    lines = out.decode().replace('\r\n', '\n').split('\n')
    moving = next(l for l in lines if '\r' in l)
    for step in STEPS: assert len(set(re.findall(step, moving))) > 1, moving
    assert len(lines) < 8 and max(map(len, moving.split('\r'))) < 80

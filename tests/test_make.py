"""The verbs: they explain themselves, say why they fail, lose no time, and mind no space in a path."""
import os, re, shutil, subprocess, sys, time
from pathlib import Path
import pytest
from conftest import ROOT, copy_repo, skip

def make(folder, *args, **env):
    if not shutil.which('make'): skip('there is no make on this machine')
    clean = {k: v for k, v in os.environ.items() if not k.startswith(('MAKE', 'MFLAGS', 'PYTHON'))}
    r = subprocess.run(['make', *args], cwd=folder, env=clean | env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=300)
    return r.returncode, r.stdout

def stand_in(path, *lines):
    "An executable script, where a test needs a Python or a pip that behaves in a certain way."
    path.write_text('\n'.join(['#!/bin/sh', *lines]) + '\n')
    path.chmod(0o755)
    return str(path)

@pytest.fixture(scope='module')
def repo(tmp_path_factory):
    "A copy of the repository in a folder with spaces in its name, whose .venv stands for one installed before."
    repo = copy_repo(tmp_path_factory.mktemp('make')/'a place with spaces')
    prefix, venv = Path(sys.prefix), repo/'.venv'
    if not (prefix/'pyvenv.cfg').exists(): skip('this Python is not in a virtual environment')
    venv.mkdir()
    for name in ('bin', 'lib', 'share'): (venv/name).symlink_to(prefix/name)
    shutil.copy(prefix/'pyvenv.cfg', venv)
    here = subprocess.run('pwd | cksum | cut -d" " -f1', shell=True, cwd=repo, capture_output=True, text=True).stdout.strip()
    for stamp in (f'ready-{here}', f'ready-dev-{here}'): (venv/stamp).touch()
    return repo

def test_bare_make_explains_the_verbs():
    code, out = make(ROOT)
    assert code == 0
    for verb in ('demo', 'test', 'lab', 'docs', 'bench', 'clean'): assert f'make {verb}' in out

def test_a_second_run_loses_no_time(repo):
    (repo/'tools'/'demo.py').write_text('print("the demo runs")')
    for _ in range(3):
        start = time.monotonic()
        code, out = make(repo, 'demo')
        took = time.monotonic() - start
        assert code == 0 and out.strip() == 'the demo runs', out
        if took < 2: return
    pytest.fail(f'make demo took {took:.1f} s before the demo')

def test_the_demo_reads_99_of_100_digits(tmp_path):
    "Seeds give 74 to 95 errors, so that more than 100 mean that something is wrong."
    from visionlab.data import URLs, untar_data
    untar_data(URLs.MNIST)                                   # a download would show its bar on stderr
    env = os.environ | dict(OMP_NUM_THREADS='1')             # two threads on cores that other tests use wait for each other
    r = subprocess.run([sys.executable, ROOT/'tools'/'demo.py'], cwd=tmp_path, capture_output=True, text=True, timeout=600, env=env)
    assert r.returncode == 0 and not r.stderr, r.stderr
    assert int(re.search(r'(\d+) errors out of 10,000', r.stdout)[1]) <= 100, r.stdout
    assert 'accuracy' in r.stdout and 'make lab' in r.stdout and (tmp_path/'demo.png').stat().st_size > 50_000

def test_docs_from_a_path_with_spaces(repo):
    if sys.version_info < (3, 11): skip('the site builder needs Python 3.11')
    code, out = make(repo, 'docs')
    assert code == 0 and 'open _docs/index.html' in out, out
    assert (repo/'_docs'/'index.html').exists()
    assert not [d for d in ('lessons', 'workshop', 'api', 'source', 'about', 'index.ipynb') if (repo/d).exists()]

def test_test_and_kernel_from_a_path_with_spaces(repo):
    "The tests and the notebooks they run use the .venv of this folder, not one installed elsewhere."
    (repo/'tests'/'test_where.py').write_text('''
import sys, nbformat, run_nbs
def test_where(tmp_path):
    (tmp_path/'settings.ini').write_text('[DEFAULT]\\nlib_name = x\\ntst_flags = slow\\nuser = x\\n')
    nb = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell('import sys; print(sys.prefix)')])
    nbformat.write(nb, tmp_path/'a.ipynb')
    assert 'a place with spaces' in sys.prefix
    assert run_nbs.run(tmp_path/'a.ipynb').cells[0].outputs[0].text.strip() == sys.prefix
''')
    code, out = make(repo, 'test', 'CHECKS=tests/test_where.py')
    assert code == 0 and '1 passed' in out, out

def test_docs_says_why_it_fails(repo):
    page = repo/'nbs'/'98_broken.ipynb'
    page.write_text('{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}')
    code, out = make(repo, 'docs')
    page.unlink()
    assert code and '98_broken.ipynb' in out and 'the site was not built' in out
    assert not (repo/'_docs').exists() and not (repo/'lessons').exists()

@pytest.fixture
def bare(tmp_path): return copy_repo(tmp_path/'bare')

def test_no_python(bare):
    code, out = make(bare, 'demo', 'PYTHON=python-that-is-not-there')
    assert code and "no 'python-that-is-not-there' here" in out and not (bare/'.venv').exists()

def test_an_old_python(bare, tmp_path):
    run = 'import sys, runpy; sys.version_info = (3, 8, 1); sys.argv = sys.argv[1:]; runpy.run_path(sys.argv[0], run_name="__main__")'
    old = stand_in(tmp_path/'old', f"exec '{sys.executable}' -c '{run}' \"$@\"")
    code, out = make(bare, 'demo', f'PYTHON={old}')
    assert code and 'needs Python 3.10 or newer, and this is 3.8' in out and not (bare/'.venv').exists()

def test_a_python_without_venv(bare, tmp_path):
    "As Debian ships it: `python3 -m venv` stops half-way."
    run = ('import sys, runpy, subprocess; real = subprocess.run\n'
           'def run(a, **k): return real([sys.executable, "-c", "import os, sys; os.makedirs(sys.argv[1]+\\"/bin\\"); sys.exit(\\"ensurepip is not available\\")", a[3]], **k) if a[1:3] == ["-m", "venv"] else real(a, **k)\n'
           'subprocess.run = run; sys.argv = sys.argv[1:]; runpy.run_path(sys.argv[0], run_name="__main__")')
    odd = stand_in(tmp_path/'odd', f"exec '{sys.executable}' -c '{run}' \"$@\"")
    code, out = make(bare, 'demo', f'PYTHON={odd}')
    assert code and 'ensurepip is not available' in out and 'python3-venv' in out and not (bare/'.venv').exists()

def test_an_installation_that_fails_does_not_count(bare):
    nowhere = dict(PIP_INDEX_URL='http://127.0.0.1:9/', PIP_EXTRA_INDEX_URL='', PIP_FIND_LINKS='', PIP_RETRIES='0', PIP_NO_CACHE_DIR='1')
    for _ in range(2):
        code, out = make(bare, 'demo', f'PYTHON={sys.executable}', **nowhere)
        assert code and 'pip could not install' in out, out
        assert not list((bare/'.venv').glob('ready*'))

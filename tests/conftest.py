"""What several tests share: the repository, a copy of it, Chromium."""
import functools, http.server, os, re, shutil, signal, subprocess, sys, threading
from contextlib import contextmanager
from pathlib import Path
import nbformat, psutil, pytest
from xdist.scheduler import LoadFileScheduling

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT/'tools'))
os.environ['JUPYTER_PREFER_ENV_PATH'] = '1'
os.environ |= dict(OMP_NUM_THREADS='1', MKL_NUM_THREADS='1')  # several test at a time; each with a thread a core, they would wait for each other
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell starts background jobs deaf to Ctrl-C, and so would be all that tests start

class Scheduling(LoadFileScheduling):
    "A file's tests stay together, but for the runs of the notebooks."
    def _split_scope(self, nodeid): return nodeid if re.search(r'::test_(notebook|slow_cells)\[', nodeid) else super()._split_scope(nodeid)

def pytest_xdist_make_scheduler(config, log): return Scheduling(config, log)

def skip(reason):
    "Skip a test that needs what this machine lacks; on CI, where everything is installed first, that is a failure."
    if os.environ.get('CI') == 'true': pytest.fail(f'{reason} (with CI=true nothing is skipped)')
    pytest.skip(reason)

def tracked():
    "The files of the repository, committed or about to be."
    r = subprocess.run(['git', 'ls-files', '-co', '--exclude-standard', '-z'], cwd=ROOT, capture_output=True, text=True)
    if r.returncode: skip('not a git checkout: ' + r.stderr.strip())
    return [ROOT/p for p in r.stdout.split('\0') if p and (ROOT/p).exists()]

def copy_repo(to):
    "A copy of those files under `to`, a new folder."
    for p in tracked():
        dest = to/p.relative_to(ROOT)
        dest.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(p, dest)
    return to

def notebook(path, *sources):
    "A new notebook of code cells; a source that starts like a title makes a cell of text."
    new = {True: nbformat.v4.new_markdown_cell, False: nbformat.v4.new_code_cell}
    cells = [new[s.startswith('# ')](s, id=f'c{i}') for i, s in enumerate(sources)]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    return path

def installed(repo):
    "That copy, with the .venv of these tests as if `make` had made it there."
    prefix, venv = Path(sys.prefix), repo/'.venv'
    if not (prefix/'pyvenv.cfg').exists(): skip('this Python is not in a virtual environment')
    venv.mkdir()
    for name in ('bin', 'etc', 'lib', 'share'): (venv/name).symlink_to(prefix/name)
    shutil.copy(prefix/'pyvenv.cfg', venv)
    here = subprocess.run('pwd | cksum | cut -d" " -f1', shell=True, cwd=repo, capture_output=True, text=True).stdout.strip()
    for stamp in (f'ready-{here}', f'ready-dev-{here}'): (venv/stamp).touch()
    return repo

def make(folder, *args, **env):
    "What `make` returns and says in a folder."
    if not shutil.which('make'): skip('there is no make on this machine')
    clean = {k: v for k, v in os.environ.items() if not k.startswith(('MAKE', 'MFLAGS', 'PYTHON', 'GIT_', 'PYTEST_'))}
    r = subprocess.run(['make', *args], cwd=folder, env=clean | env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=300)
    return r.returncode, r.stdout

@contextmanager
def served(folder):
    "The folder on a port of this machine; gives the address."
    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *a): pass
    server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), functools.partial(Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try: yield f'http://127.0.0.1:{server.server_port}/'
    finally: server.shutdown(); server.server_close()

@pytest.fixture
def playwright():
    """Playwright's driver, a new one for each test. It ends when its standard input is closed, and a process that another test forks meanwhile,
    as torch's loader does for its workers, would hold that open: the driver must not outlive the test."""
    from playwright.sync_api import sync_playwright
    with sync_playwright() as p: yield p

@contextmanager
def browsers_killed_after(seconds):
    "Playwright waits for ever where a browser does not answer; killed, it fails at the call that waits, and pytest.ini has the test tried once more."
    def kill():
        print(f'no end of this test after {seconds} s: killing its browser', file=sys.__stderr__, flush=True)
        for p in psutil.Process().children(recursive=True):
            if 'chrom' in p.name(): p.kill()
    timer = threading.Timer(seconds, kill)
    timer.start()
    try: yield
    finally: timer.cancel()

@pytest.fixture
def chromium(playwright):
    "A headless Chromium, a new one for each test."
    exe = next((p for p in map(shutil.which, ('chromium', 'chromium-browser', 'google-chrome')) if p), None)
    if not exe: skip('there is no Chromium on this machine (Debian: apt install chromium)')
    with browsers_killed_after(500):
        browser = playwright.chromium.launch(executable_path=exe, args=['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
                                                                        '--disable-background-networking', '--disable-component-update', '--disable-sync'])
        yield browser
        browser.close()

@pytest.fixture
def visit(chromium):
    """`visit(url, ours)` gives a page that can reach nothing but addresses that start with one of `ours`.

    When the test ends: no other address was asked for, and the console shows no error."""
    seen = []
    def open_page(url, ours, width=1300, height=900, dark=False):
        page = chromium.new_page(viewport=dict(width=width, height=height), color_scheme='dark' if dark else 'light')
        asked, errors = [], []
        def gate(route):
            if route.request.url.startswith((*ours, 'data:', 'blob:')): return route.continue_()
            asked.append(route.request.url)
            route.abort()
        page.route('**/*', gate)
        page.on('websocket', lambda w: None if w.url.startswith('ws://127.0.0.1') else asked.append(w.url))
        page.on('console', lambda m: errors.append(m.text) if m.type == 'error' else None)
        page.on('pageerror', lambda e: errors.append(str(e)))
        seen.append((page, url, asked, errors))
        page.goto(url)
        return page
    yield open_page
    for page, url, asked, errors in seen:
        page.context.close()  # page.close() may wait for ever just after a navigation (Playwright's issue 42366)
        assert not asked, f'{url} asked other hosts: {asked}'
        assert not errors, f'{url} has errors in the console: {errors}'

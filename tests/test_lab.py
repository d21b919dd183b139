"""JupyterLab as a learner uses it: open a fresh copy and move its figure, change a cell, run all; and the sources, as who edits them."""
import hashlib, json, os, re, socket, subprocess, sys, time, urllib.request
from contextlib import contextmanager
import nbformat, pytest
from conftest import copy_repo
from playwright.sync_api import expect

LESSON = '03_gradients.ipynb'

@contextmanager
def served_lab(repo, *words):
    "JupyterLab as `make lab` starts it in a copy of the repository, with no settings of the user's; gives its address and its token."
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        port = s.getsockname()[1]
    tmp = repo.parent
    env = os.environ | {f'{k}_DIR': str(tmp/k) for k in ('JUPYTERLAB_SETTINGS', 'JUPYTERLAB_WORKSPACES', 'JUPYTER_CONFIG', 'JUPYTER_RUNTIME', 'JUPYTER_DATA')}
    env |= dict(IPYTHONDIR=str(tmp/'ipython'), PYTHONPATH=str(repo),  # the library of the copy
                MPLBACKEND='agg')  # as where other programs draw into files: lessons show their pictures
    url, token, log = f'http://127.0.0.1:{port}', 'test', tmp/'log'
    with open(log, 'w') as f:
        p = subprocess.Popen([sys.executable, 'tools/lab.py', *words, '--no-browser', '--ip=127.0.0.1', f'--port={port}', '--ServerApp.port_retries=0',
                              f'--IdentityProvider.token={token}'], cwd=repo, env=env, stdout=f, stderr=subprocess.STDOUT)
        try:
            for _ in range(240):
                try: urllib.request.urlopen(f'{url}/api?token={token}', timeout=1); break
                except OSError:
                    assert p.poll() is None, log.read_text()
                    time.sleep(.25)
            else: pytest.fail('JupyterLab did not start:\n' + log.read_text())
            yield url, token
        finally:
            p.terminate()
            p.wait(30)

@pytest.fixture(scope='module')
def repo(tmp_path_factory): return copy_repo(tmp_path_factory.mktemp('lab')/'repo')

@pytest.fixture(scope='module')
def server(repo):
    with served_lab(repo) as s: yield s

def digest(img): return hashlib.md5(img.get_attribute('src').encode()).hexdigest()

def open_lesson(server, visit, path):
    "The page of a notebook, when it has a kernel; nothing has been run."
    url, token = server
    page = visit(f'{url}/lab/tree/{path}?reset&token={token}', [url])
    page.set_viewport_size(dict(width=1300, height=1400))
    page.wait_for_selector('#jupyterlab-splash', state='detached', timeout=90_000)
    page.wait_for_selector('.jp-NotebookPanel .jp-Cell', timeout=60_000)
    # the notebook's own indicator says idle before there is a kernel; the status bar does not
    page.wait_for_function("/Python 3 .*\\| Idle/i.test(document.querySelector('#jp-main-statusbar')?.innerText || '')", timeout=90_000)
    assert page.get_by_role('dialog').count() == 0, page.get_by_role('dialog').inner_text()
    return page

def run_all(page, file):
    "Run All Cells, and save; nothing may fail or complain."
    page.get_by_role('menuitem', name='Run', exact=True).click()
    page.get_by_role('menuitem', name='Run All Cells', exact=True).click()
    wait_until_done(page)
    assert page.get_by_role('dialog').count() == 0, page.get_by_role('dialog').inner_text()
    page.keyboard.press('Control+s')
    def ran():
        try: cells = json.loads(file.read_text(encoding='utf-8'))['cells']
        except ValueError: return []  # half written
        return [c for c in cells if c['cell_type'] == 'code' and c['execution_count']]
    for _ in range(100):
        if ran(): break
        page.wait_for_timeout(100)
    bad = [(''.join(c['source'])[:80], o) for c in ran() for o in c['outputs'] if o['output_type'] == 'error' or o.get('name') == 'stderr']
    assert ran(), 'nothing was saved'
    assert not bad, bad

def press(page, what, key, n):
    what.focus()
    for _ in range(n): page.keyboard.press(key)

def moves(page, curve):
    "Whether a LiveCurve follows its first slider."
    loss, path = curve.locator('.vl-loss').inner_text(), curve.locator('svg path').get_attribute('d')
    press(page, curve.locator('input').first, 'ArrowRight', 10)
    return curve.locator('.vl-loss').inner_text() != loss and curve.locator('svg path').get_attribute('d') != path

def test_a_fresh_copy_is_alive_and_tidy(server, visit):
    page = open_lesson(server, visit, LESSON)
    assert page.locator('.jp-RenderedMarkdown h1').first.inner_text().startswith('03 gradients')
    assert page.locator('.jp-RenderedMarkdown', has_text='Shift+Enter runs a cell').count() == 1
    assert page.locator('.jp-InputPlaceholder', has_text='installs visionlab on Colab').count() == 1
    assert page.locator('.jp-InputPlaceholder', has_text='what draws this figure').count() == 1
    curve = page.locator('.vl-curve').first                          # on the first screen, before anything has run
    assert curve.locator('input').count() == 3 and curve.bounding_box()['y'] < 1400 and not page.locator('.vl-note').count()
    assert moves(page, curve)
    assert page.locator('.jp-CodeCell .cm-content').first.evaluate("e => e.classList.contains('cm-lineWrapping')")  # no code scrolls sideways
    assert not page.evaluate("[...document.querySelectorAll('.jp-CodeCell .jp-InputPrompt')].some(e => /\\d/.test(e.textContent))")

def test_a_fresh_flipbook_flips(server, visit):
    page = open_lesson(server, visit, '11_optimizers.ipynb')
    live = find(page, '.vl-flip')
    img = live.locator('img').first
    before = digest(img)
    press(page, live.locator('input').first, 'ArrowRight', 3)
    assert digest(img) != before

def test_a_strange_figure_is_still_until_its_cell_runs(server, visit, repo):
    from visionlab.live import LiveCurve
    curve = LiveCurve('a*x + b', [0, 1, 2], [0, 1, 3], a=(0, 2, 1.), b=(0, 2, 1.))
    source = "from visionlab.live import LiveCurve\nLiveCurve('a*x + b', [0, 1, 2], [0, 1, 3], a=(0, 2, 1.), b=(0, 2, 1.))"
    out = nbformat.v4.new_output('execute_result', data={'text/html': curve._repr_html_(), 'text/plain': repr(curve)}, execution_count=1)
    nb = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source, outputs=[out])])
    nb.metadata.kernelspec = nbformat.from_dict(dict(display_name='python3', language='python', name='python3'))
    nbformat.write(nb, repo/'lessons'/'strange.ipynb')
    page = open_lesson(server, visit, 'strange.ipynb')
    still = page.locator('.jp-OutputArea-output img')
    still.wait_for(timeout=120_000)
    assert page.get_by_text('run this cell (Shift+Enter)').is_visible() and page.locator('.jp-OutputArea-output input').count() == 0
    assert still.evaluate('e => e.complete && e.naturalWidth > 100') and 'a*x + b' in still.get_attribute('alt')
    page.locator('.jp-CodeCell .cm-content').first.click()
    page.keyboard.press('Shift+Enter')
    page.locator('.vl-curve svg').wait_for(timeout=60_000)
    assert page.locator('.jp-OutputArea-output img').count() == 0 and moves(page, page.locator('.vl-curve'))

ANSWERS = [('return a*x**2 + b*x + c', 'Not yet: for a = 2, b = -1, c = 3, d = 5, x = 0: yours 3, expected 5\nHint: It is `quad` with one more term.'),
    ('return a*x**3 + b*x**2 + c*X + d', "Not yet: NameError: name 'X' is not defined\nYour line 1: def cubic(a, b, c, d, x): return a*x**3 + b*x**2 + c*X + d"),
    ('a*x**3 + b*x**2 + c*x + d', 'Not yet: for a = 2, b = -1, c = 3, d = 5, x = 0: gave None: is there a `return`?'),
    ('return a*x**3 + b*x**2 + c*x + d', 'Exercise gradients-1: right. The cubic is right at 0, 1 and 2.')]

def answers_to_an_exercise(page):
    "In a lesson that has run: an answer that is wrong, one with a typo, one with no return and a right one, and what a learner reads each time."
    cell = find(page, '.jp-CodeCell:has-text("def cubic(")')
    says = cell.locator('.jp-OutputArea-output')
    expect(says).to_have_text('Exercise gradients-1 is open.')
    for body, said in ANSWERS:
        cell.locator('.cm-content').click()
        page.keyboard.press('Control+a')
        page.keyboard.insert_text(f"def cubic(a, b, c, d, x): {body}\ncheck('gradients-1', cubic)")
        page.keyboard.press('Shift+Enter')
        expect(says).to_have_text(said, timeout=30_000)

def hashes(repo): return {p.relative_to(repo): hashlib.md5(p.read_bytes()).hexdigest() for d in ('visionlab', 'nbs') for p in (repo/d).glob('*.*')}

def test_a_changed_copy_runs_and_changes_nothing_else(server, visit, repo):
    "Sliders follow the kernel, by keyboard and by mouse; an exercise is answered; what was exported is as it was; and the next `make lab` keeps the change."
    before, copy = hashes(repo), repo/'lessons'/LESSON
    page = open_lesson(server, visit, LESSON)
    cell = find(page, '.jp-CodeCell:has-text("def mk_quad(")')
    cell.locator('.cm-content').click()
    page.keyboard.press('Control+End')
    page.keyboard.insert_text("\n\nprint('mine')")
    run_all(page, copy)
    assert hashes(repo) == before, 'a run of a copy changed the library or the sources'

    out = find(page, '.jp-OutputArea-output:has(.widget-interact)')
    img, readout = out.locator('img').first, out.locator('.widget-readout')
    img.wait_for(timeout=60_000)
    def moved(act):
        "Act, and wait for the kernel's new picture."
        before = digest(img)
        act()
        for _ in range(200):
            if digest(img) != before: break
            page.wait_for_timeout(100)
        page.wait_for_timeout(1000)  # the last of the pictures a drag asks for
        assert digest(img) != before
    def drag():
        box = out.locator('.noUi-handle').last.bounding_box()
        x, y = box['x'] + box['width']/2, box['y'] + box['height']/2
        page.mouse.move(x, y)
        page.mouse.down()
        page.mouse.move(x + 60, y, steps=8)
        page.mouse.up()
    first, values = readout.first.inner_text(), readout.last.inner_text()
    moved(lambda: press(page, out.locator('.noUi-handle').first, 'ArrowRight', 10))
    assert readout.first.inner_text() != first
    moved(drag)
    assert readout.last.inner_text() != values
    assert moves(page, find(page, '.vl-curve'))                      # saved and trusted, the live figure goes on
    answers_to_an_exercise(page)

    r = subprocess.run([sys.executable, '-c', 'import lab; print(lab.prepared())'], cwd=repo/'tools', capture_output=True, text=True,
                       env=os.environ | dict(JUPYTER_DATA_DIR=str(repo.parent/'JUPYTER_DATA')))
    assert r.returncode == 0 and "print('mine')" in copy.read_text(encoding='utf-8') and not list(copy.parent.glob('*-new*')), r.stderr

@pytest.fixture
def sources(repo):
    with served_lab(repo, '--edit') as s: yield s

def test_edit_opens_the_sources(sources, visit):
    page = open_lesson(sources, visit, f'nbs/{LESSON}')
    assert page.locator('.jp-RenderedMarkdown h1').first.inner_text().startswith('gradients')
    assert page.locator('.jp-CodeCell .cm-content', has_text='#| default_exp gradients').count() == 1

def wait_until_done(page):
    "Wait until the kernel has been idle for two seconds on end, after it was busy."
    page.wait_for_function("""() => { const p = [...document.querySelectorAll('.jp-CodeCell .jp-InputPrompt')].map(e => e.textContent);
        return p.some(t => /[\\d*]/.test(t)) }""", timeout=60_000)
    since = start = time.monotonic()
    while time.monotonic() - since < 2:
        idle = page.evaluate("""/Python 3 .*\\| Idle/i.test(document.querySelector('#jp-main-statusbar').innerText) &&
            ![...document.querySelectorAll('.jp-CodeCell .jp-InputPrompt')].some(e => e.textContent.includes('*'))""")
        if not idle: since = time.monotonic()
        assert time.monotonic() - start < 240, 'the lesson still runs after four minutes'
        page.wait_for_timeout(100)

def find(page, selector):
    "The first of these in the notebook, scrolled into view: JupyterLab draws only the cells near the screen."
    cells = page.locator('.jp-WindowedPanel-viewport, .jp-Notebook').first
    cells.click(position=dict(x=5, y=5))
    page.keyboard.press('Escape')
    page.keyboard.press('Control+Home')
    for _ in range(200):
        if page.locator(selector).count(): break
        page.mouse.wheel(0, 500)
        page.wait_for_timeout(50)
    found = page.locator(selector).first
    found.scroll_into_view_if_needed(timeout=120_000)
    return found

UPLOAD = 'import visionlab', 'cifar, pets = load_cifar()', 'home = TemporaryDirectory()', 'learn.fine_tune(2, freeze_epochs=5)', 'upload_widget(learn)'

def test_an_uploaded_picture_gets_an_answer(server, visit, repo, tmp_path):
    "The last part of lesson 19, in its own cells (what they define, the package has): photographs in files, a borrowed body, the button. A picture, then a file that is no picture, then another."
    from PIL import Image
    from visionlab.data import cifar_vocab, load_cifar
    from visionlab.weights import efficientnet_lite0
    efficientnet_lite0(pretrained=True)
    lesson = [c.source for c in nbformat.read(repo/'lessons'/'19_transfer.ipynb', 4).cells if c.cell_type == 'code']
    cells = [next(s for s in lesson if word in s and 'def upload_widget' not in s) for word in UPLOAD]
    nb = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell('\n'.join(['from visionlab.all import *', *cells]))])
    nb.metadata.kernelspec = nbformat.from_dict(dict(display_name='python3', language='python', name='python3'))
    nbformat.write(nb, repo/'lessons'/'upload.ipynb')
    page = open_lesson(server, visit, 'upload.ipynb')
    page.locator('.jp-CodeCell .cm-content').first.click()
    page.keyboard.press('Shift+Enter')
    button = page.locator('.jp-OutputArea-output button.widget-upload')
    button.wait_for(timeout=120_000)
    answer = page.locator('.jp-OutputArea-output .widget-output')
    def upload(file, says):
        with page.expect_file_chooser() as chooser: button.click()
        chooser.value.set_files(file)
        expect(answer).to_contain_text(re.compile(says), timeout=60_000)
    x, y = load_cifar().valid
    cat, dog = [tmp_path/f'{c}.jpg' for c in ('cat', 'dog')]
    for file in (cat, dog): Image.fromarray(x[y == cifar_vocab.index(file.stem)][500].permute(1, 2, 0).numpy()).resize((300, 200)).save(file)
    broken = tmp_path/'broken.jpg'
    broken.write_bytes(dog.read_bytes()[:60])
    upload(cat, r'cat.jpg: (cat|dog): \d+%')
    expect(answer.locator('img')).to_have_count(1)
    upload(broken, 'cannot be read as a picture')
    expect(answer.locator('img')).to_have_count(0)
    upload(dog, r'dog.jpg: (cat|dog): \d+%')
    expect(answer.locator('img')).to_have_count(1)

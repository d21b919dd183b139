"""JupyterLab as a person uses it: open a lesson, run all, move a slider by keyboard and by mouse."""
import hashlib, json, os, socket, subprocess, time, urllib.request
import lab, pytest
from conftest import copy_repo

LESSON = '03_gradients.ipynb'

@pytest.fixture(scope='module')
def server(tmp_path_factory):
    "JupyterLab as `make lab` starts it, on a copy of the repository and with no settings of the user's; gives its address."
    tmp = copy_repo(tmp_path_factory.mktemp('lab')/'repo')
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        port = s.getsockname()[1]
    env = os.environ | {f'{k}_DIR': str(tmp/k) for k in ('JUPYTERLAB_SETTINGS', 'JUPYTERLAB_WORKSPACES', 'JUPYTER_CONFIG', 'JUPYTER_RUNTIME')}
    env |= dict(IPYTHONDIR=str(tmp/'ipython'), OMP_NUM_THREADS='1')
    url, token = f'http://127.0.0.1:{port}', 'test'
    with open(tmp/'log', 'w') as log:
        p = subprocess.Popen(lab.command(tmp, f'nbs/{LESSON}', '--no-browser', '--ip=127.0.0.1', f'--port={port}', '--ServerApp.port_retries=0',
                                         f'--IdentityProvider.token={token}'), env=env, stdout=log, stderr=subprocess.STDOUT)
        try:
            for _ in range(240):
                try: urllib.request.urlopen(f'{url}/api?token={token}', timeout=1); break
                except OSError:
                    assert p.poll() is None, (tmp/'log').read_text()
                    time.sleep(.25)
            else: pytest.fail('JupyterLab did not start:\n' + (tmp/'log').read_text())
            yield url, token, tmp
        finally:
            p.terminate()
            p.wait(30)

def digest(img): return hashlib.md5(img.get_attribute('src').encode()).hexdigest()

def open_and_run(server, visit, lesson):
    "The lesson's page, after Run All Cells, saved, with no error and no dialog."
    url, token, folder = server
    page = visit(f'{url}/lab/tree/nbs/{lesson}?reset&token={token}', [url])
    page.set_viewport_size(dict(width=1300, height=1400))
    page.wait_for_selector('#jupyterlab-splash', state='detached', timeout=90_000)
    page.wait_for_selector('.jp-NotebookPanel .jp-Cell', timeout=60_000)
    # the notebook's own indicator says idle before there is a kernel; the status bar does not
    page.wait_for_function("/Python 3 .*\\| Idle/i.test(document.querySelector('#jp-main-statusbar')?.innerText || '')", timeout=90_000)
    page.get_by_role('menuitem', name='Run', exact=True).click()
    page.get_by_role('menuitem', name='Run All Cells', exact=True).click()
    wait_until_done(page)
    assert page.get_by_role('dialog').count() == 0, page.get_by_role('dialog').inner_text()

    page.keyboard.press('Control+s')
    file = folder/'nbs'/lesson
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
    return page

def widget(page):
    "The lesson's first figure with sliders, and a function that acts on it and waits for the kernel's new picture."
    out = find(page, '.jp-OutputArea-output:has(.widget-interact)')
    img = out.locator('img').first
    img.wait_for(timeout=30_000)
    def moved(act):
        before = digest(img)
        act()
        for _ in range(200):
            if digest(img) != before: break
            page.wait_for_timeout(100)
        page.wait_for_timeout(1000)  # the last of the pictures a drag asks for
        assert digest(img) != before
    return out, moved

def press(page, what, key, n):
    what.focus()
    for _ in range(n): page.keyboard.press(key)

def test_lesson_03_runs_and_its_sliders_move(server, visit):
    page = open_and_run(server, visit, LESSON)
    out, moved = widget(page)
    readout = out.locator('.widget-readout')
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

    # the figure that needs no kernel is alive in Jupyter too
    live = find(page, '.vl-curve')
    loss, start = live.locator('.vl-loss').inner_text(), live.locator('svg path').first.get_attribute('d')
    press(page, live.locator('input').first, 'ArrowRight', 10)
    assert live.locator('svg path').first.get_attribute('d') != start and live.locator('.vl-loss').inner_text() != loss

def test_lesson_11_runs_and_its_race_moves(server, visit):
    page = open_and_run(server, visit, '11_optimizers.ipynb')
    out, moved = widget(page)
    moved(lambda: press(page, out.locator('.noUi-handle').first, 'ArrowRight', 10))
    live = find(page, '.vl-flip')
    img = live.locator('img').first
    before = digest(img)
    press(page, live.locator('input').first, 'ArrowRight', 3)
    assert digest(img) != before

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
    found.scroll_into_view_if_needed(timeout=30_000)
    return found

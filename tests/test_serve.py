"""The page of an exported model, served as a user does it and driven in a browser; and a few hundred requests at once."""
import re, socket, subprocess, sys, time, urllib.request
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
import pytest, torch.nn.functional as F
from PIL import Image
from playwright.sync_api import expect
import visionlab.checks, visionlab.export, visionlab.progress, visionlab.schedules
from visionlab.cnn import image_dls, simple_cnn
from visionlab.core import set_seed
from visionlab.data import load_mnist
from visionlab.learner import Learner

VISIONLAB = Path(sys.executable).with_name('visionlab')

@pytest.fixture(scope='module')
def digits():
    mnist = load_mnist()
    set_seed(1)
    learn = Learner(image_dls(((mnist.train.x[:12000], mnist.train.y[:12000]), (mnist.valid.x[:500], mnist.valid.y[:500])), vocab=list('0123456789')), simple_cnn(10), F.cross_entropy)
    with learn.no_bar(): learn.fit_one_cycle(2, 1e-2)
    return learn

@pytest.fixture(scope='module')
def folder(digits, tmp_path_factory):
    "An export, a digit that was not trained on, and files that nobody should send."
    path = tmp_path_factory.mktemp('serve')
    digits.export(path/'digits.safetensors')
    seven = Image.fromarray(load_mnist().valid.x[0].numpy())
    seven.resize((112, 112)).save(path/'seven.png')
    raw = (path/'seven.png').read_bytes()
    (path/'broken.png').write_bytes(raw[:len(raw)//2])
    (path/'text.png').write_text('no picture at all')
    Image.new('L', (8000, 8000)).save(path/'wide.png')                       # 64 million pixels in a few kilobytes
    (path/'heavy.png').write_bytes(raw + bytes(11_000_000))
    return path

@contextmanager
def serving(file):
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        port = s.getsockname()[1]
    log = open(file.parent/'log', 'w')
    p = subprocess.Popen([VISIONLAB, 'serve', file, '--port', str(port)], stdout=log, stderr=subprocess.STDOUT, cwd=file.parent)
    url = f'http://127.0.0.1:{port}/'
    try:
        for _ in range(240):
            try: urllib.request.urlopen(url, timeout=1); break
            except OSError:
                assert p.poll() is None, (file.parent/'log').read_text()
                time.sleep(.25)
        else: pytest.fail('no page:\n' + (file.parent/'log').read_text())
        yield url, p
    finally:
        p.terminate()
        p.wait(30)
        log.close()

@pytest.fixture(scope='module')
def server(folder):
    with serving(folder/'digits.safetensors') as s: yield s

def test_the_page(server, visit, folder):
    "A digit by upload; what is no picture, or too large, gets a message, and the server lives."
    url, process = server
    page = visit(url, [url])
    expect(page.get_by_role('heading', name='digits')).to_be_visible(timeout=60_000)
    label = page.get_by_test_id('label-output-value')
    def send(name):
        page.goto(url)
        page.locator('input[type=file]').first.set_input_files(folder/name)
    send('seven.png')
    expect(label).to_have_text('7', timeout=60_000)
    expect(page.get_by_role('img')).not_to_have_count(0)                    # the map of what spoke for it
    for name, says in (('broken.png', 'cannot be read as a picture'), ('text.png', 'cannot be read as a picture'), ('wide.png', '8,000 × 8,000 pixels are too many'), ('heavy.png', 'maximum allowed|too large|exceeds')):
        send(name)
        expect(page.get_by_text(re.compile(says)).first).to_be_visible(timeout=60_000)
        assert process.poll() is None

def test_drawing(server, visit):
    "A one of a stroke of the mouse, after a click on the brush, as the pad asks for."
    url, _ = server
    page = visit(url, [url])
    page.get_by_role('tab', name='Draw').click(timeout=60_000)
    hint = page.get_by_text('select the draw tool')
    expect(hint).to_be_visible(timeout=60_000)
    page.get_by_role('button', name='Brush', exact=True).click()
    expect(hint).to_be_hidden()
    page.wait_for_timeout(1000)                                             # the pad makes its layers
    pad, label, ask = page.locator('canvas').first, page.get_by_test_id('label-output-value'), page.get_by_role('button', name='What is it?')
    box = pad.bounding_box()
    def at(x, y): return box['x'] + box['width']/2 + x*box['height'], box['y'] + y*box['height']
    page.mouse.move(*at(.04, .2))
    page.mouse.down()
    page.mouse.move(*at(-.04, .8), steps=20)
    page.mouse.up()
    page.wait_for_timeout(500)
    ask.click()
    expect(label).to_have_text('1', timeout=60_000)
    expect(page.get_by_role('img')).not_to_have_count(0)

def test_it_is_for_this_machine_alone(server):
    url, process = server
    import psutil
    listens = [c.laddr.ip for p in [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)] for c in p.net_connections('inet') if c.status == 'LISTEN']
    assert listens and set(listens) == {'127.0.0.1'}

def test_no_export(folder):
    r = subprocess.run([VISIONLAB, 'serve', folder/'text.png'], capture_output=True, text=True, timeout=120)
    assert r.returncode == 1 and re.match(r'visionlab: .*text\.png is not as `export` wrote it', r.stderr) and len(r.stderr.splitlines()) == 1

def test_two_hundred_at_once(server, folder):
    "Eight senders, two hundred pictures: every one is answered, and rightly; how fast is printed, and bounded only loosely."
    import httpx
    url = server[0] + 'gradio_api/'
    with httpx.Client(timeout=60) as web:
        with open(folder/'seven.png', 'rb') as f: path, = web.post(url + 'upload', files={'files': f}).json()
        asked = {'data': [{'path': path, 'meta': {'_type': 'gradio.FileData'}}]}
        def one(i):
            start = time.perf_counter()
            event = web.post(url + 'call/predict', json=asked).json()['event_id']
            said = web.get(f'{url}call/predict/{event}').text
            assert 'event: complete' in said, said[:300]
            return re.search(r'"label": ?"(.+?)"', said)[1], time.perf_counter() - start
        begin = time.perf_counter()
        with ThreadPoolExecutor(8) as pool: got = list(pool.map(one, range(200)))
    took, times = time.perf_counter() - begin, sorted(t for _, t in got)
    print(f'{200/took:.0f} requests a second, 99th percentile {times[197]:.2f} s')
    assert [o for o, _ in got] == ['7']*200 and times[197] < 30

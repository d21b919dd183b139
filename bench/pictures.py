"""Pictures from files: an epoch, the one after it, and the decoders alone.

Everyone gets the same files: digits as PNG, trained with the plain loop's step on whatever batches come, and JPEG files of 500 pixels, made here
of CIFAR-10's pictures, which come as squares of 224 pixels and are only read. A loader is new in every round, so that it has a first epoch, and
takes turns with the others; files are in the system's cache for all. torch computes on one thread, so that who reads ahead has a core for it.
`tensors` are the same pictures resident in memory, sliced after one shuffle an epoch. `plain` is torchvision's `ImageFolder` behind torch's loader
with a worker for each core; fastai runs as it does when told nothing, and without workers."""
import argparse, gc, importlib, io, json, os, statistics as st, tempfile, time, warnings
os.environ['CUDA_VISIBLE_DEVICES'] = ''  # the claims are about a CPU
from importlib.metadata import version
from pathlib import Path
import numpy as np, torch, torch.nn.functional as F
from PIL import Image
from loop import clock, convnet, quartiles

LOADERS = 'tensors visionlab plain fastai fastai0'.split()
ENOUGH = 200  # pixels that a decoder may stop at: half of the files' height

def tiles(folder, n):
    "`n` JPEG files of 500 × 400 pixels, in ten folders: each a wall of small photographs."
    from visionlab.data import load_cifar
    x,dice = load_cifar().test.x.permute(0, 2, 3, 1).numpy(),np.random.default_rng(0)
    for i in range(n):
        wall = x[dice.integers(len(x), size=20)].reshape(4, 5, 32, 32, 3).swapaxes(1, 2).reshape(128, 160, 3)
        dest = folder/str(i%10)
        dest.mkdir(exist_ok=True)
        Image.fromarray(wall).resize((500, 400), Image.Resampling.BICUBIC).save(dest/f'{i}.jpg', quality=90)

def digits(folder, n):
    "Copies of `n` of MNIST's PNG files, by class: every class alike (but for all 60,000)."
    from visionlab.fetch import URLs, untar_data
    for c in sorted((untar_data(URLs.MNIST)/'training').iterdir()):
        (folder/c.name).mkdir()
        for p in sorted(c.iterdir())[:n//10 if n<54_000 else None]: (folder/c.name/p.name).write_bytes(p.read_bytes())

# what gives batches of floats, (bs, 1, 28, 28) or (bs, 3, 224, 224), of the training files

def visionlab(folder, size, bs):
    from visionlab.datablock import DataBlock, Resize, get_image_files, parent_label
    from visionlab.files import PILImage, PILImageBW
    from visionlab.items import CategoryBlock, ImageBlock
    block = DataBlock((ImageBlock(PILImage if size else PILImageBW), CategoryBlock), get_image_files, one_out, get_y=parent_label,
                      item_tfms=Resize(size) if size else None)
    return block.dataloaders(folder, bs).train

def fastai(folder, size, bs, **kw):
    from fastai.vision.all import CategoryBlock, DataBlock, ImageBlock, PILImage, PILImageBW, Resize, get_image_files, parent_label
    block = DataBlock((ImageBlock(PILImage if size else PILImageBW), CategoryBlock), get_items=get_image_files, splitter=one_out, get_y=parent_label,
                      item_tfms=Resize(size) if size else None)
    return block.dataloaders(folder, bs=bs, device='cpu', **kw).train

def fastai0(folder, size, bs): return fastai(folder, size, bs, num_workers=0)

def one_out(items): return list(range(1, len(items))),[0]

def plain(folder, size, bs):
    from torch.utils.data import DataLoader
    from torchvision.datasets import ImageFolder
    from torchvision.transforms import CenterCrop, Compose, Grayscale, Resize, ToTensor
    tfm = Compose([Resize(size), CenterCrop(size), ToTensor()] if size else [Grayscale(), ToTensor()])
    return DataLoader(ImageFolder(folder, tfm), bs, shuffle=True, num_workers=os.cpu_count())

class tensors:
    "The same pictures in memory, as bytes."
    def __init__(self, folder, size, bs):
        dl = visionlab(folder, size, bs)
        self.x,self.y,self.bs = *dl.dataset.read(range(len(dl.dataset))),bs
    def __iter__(self):
        for p in torch.randperm(len(self.x)).split(self.bs): yield self.x[p].float().div_(255),self.y[p]

def trainer():
    "The plain loop's step of a conv net."
    torch.manual_seed(0)
    model = convnet()
    opt = torch.optim.SGD(model.parameters(), lr=.01, momentum=.9)
    def step(xb, yb):
        F.cross_entropy(model(xb), yb).backward()
        opt.step(); opt.zero_grad()
    return step

def epoch(dl, step):
    "Seconds for all batches, and how many pictures there were."
    n,t = 0,time.perf_counter()
    for b in dl:
        xb,yb = (o.as_subclass(torch.Tensor) for o in b)
        if step: step(xb, yb)
        n += len(xb)
    return time.perf_counter()-t,n

def epochs(libs, folder, size, bs, rounds, what):
    "{loader: ([seconds of the first epoch], [of the second])}; who begins changes from round to round."
    out,shape = {l: ([], []) for l in libs},(3,size,size) if size else (1,28,28)
    print(f'{what}, {rounds} rounds ', end='', flush=True)
    for r in range(rounds):
        for l in libs[r%len(libs):]+libs[:r%len(libs)]:
            dl,step = globals()[l](folder, size, bs),None if size else trainer()
            if not r: assert next(iter(dl))[0].shape[1:]==shape, l
            if not r: dl = globals()[l](folder, size, bs)          # looking may have kept something
            gc.collect()
            for times in out[l]: times.append(epoch(dl, step)[0])
        print('.', end='', flush=True)
    print()
    return out

def decoders(files):
    "{name: a function of the bytes of a JPEG file}, for those that are installed."
    from visionlab.files import load_image
    from torchvision.io import ImageReadMode, decode_jpeg
    def pillow(b): return np.asarray(Image.open(io.BytesIO(b)).convert('RGB'))
    res = {f'Pillow {version("pillow")}': pillow, f'torchvision {version("torchvision")}': lambda b: decode_jpeg(torch.frombuffer(bytearray(b), dtype=torch.uint8), ImageReadMode.RGB),
           "visionlab's load_image": lambda b: np.asarray(load_image(b)),
           f'load_image, {ENOUGH} px are enough': lambda b: np.asarray(load_image(b, least=(ENOUGH,ENOUGH)))}
    try: sj = importlib.import_module('simplejpeg')
    except ImportError as e: print(f'without simplejpeg: {e}'); return res
    return res | {f'simplejpeg {version("simplejpeg")}': sj.decode_jpeg, f'simplejpeg, {ENOUGH} px are enough': lambda b: sj.decode_jpeg(b, min_height=ENOUGH, min_width=ENOUGH)}

def rates(files, rounds):
    "{decoder: [pictures a second of CPU time on one thread, one a round]}"
    raw = [p.read_bytes() for p in files]
    fs = decoders(files)
    out,names = {k: [] for k in fs},list(fs)
    print(f'decoding, {clock(1)}, {rounds} rounds ', end='', flush=True)
    for r in range(rounds):
        for k in names[r%len(names):]+names[:r%len(names)]:
            t = time.process_time()
            for b in raw: fs[k](b)
            out[k].append(len(raw)/(time.process_time()-t))
        print('.', end='', flush=True)
    print()
    return out

def have(lib):
    try: return lib[:6]!='fastai' or importlib.import_module('fastai.vision.all')
    except ImportError as e: print(f'without {lib}: {e}')

def main():
    p = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    p.add_argument('--rounds', type=int, default=5)
    p.add_argument('--digits', type=int, default=12_000, help='PNG files, of 60,000')
    p.add_argument('--photos', type=int, default=400, help='JPEG files')
    p.add_argument('--loaders', nargs='*', default=LOADERS)
    p.add_argument('--json', type=Path)
    a = p.parse_args()
    warnings.filterwarnings('ignore')
    torch.set_num_threads(1)
    libs,rows = [l for l in LOADERS if l in a.loaders and have(l)],[]
    with tempfile.TemporaryDirectory() as d:
        png,jpg = Path(d, 'png'),Path(d, 'jpg')
        png.mkdir(); jpg.mkdir()
        digits(png, a.digits); tiles(jpg, a.photos)
        for folder,size,bs,what in ((png, None, 512, f'{a.digits:,} PNG files of 28 px, a conv net trained'), (jpg, 224, 64, f'{a.photos:,} JPEG files of 500 px to 224, only read')):
            t = epochs(libs, folder, size, bs, a.rounds, what)
            for i,name in enumerate(('first', 'second')): rows.append(dict(name=f'{what}: {name} epoch', quartiles={l: quartiles(v[i]) for l,v in t.items()}))
        decode = {k: quartiles(v) for k,v in rates(sorted(jpg.rglob('*.jpg'))[:100], a.rounds).items()}
        size = st.mean(o.stat().st_size for o in jpg.rglob('*.jpg'))
    res = dict(epochs=rows, decode=decode, rounds=a.rounds, kilobytes=round(size/1e3))
    if a.json: a.json.write_text(json.dumps(res))
    else: print(json.dumps(res, indent=1))

if __name__ == '__main__': main()

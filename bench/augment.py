"""Random changes of pictures: visionlab's batch transforms beside fastai's, kornia's, and torchvision's v2 on one picture after the other.

Everyone changes every picture: turns it by up to 10 degrees and enlarges it by up to 10 %, and in two of the three tasks warps it, mirrors
half, or changes brightness and contrast. They take turns within every round of one process; what is reported is pictures a second. The random
changes differ in detail (torchvision fills with zeros, the others reflect), the work asked for does not."""
import argparse, gc, importlib, json, os, statistics as st, sys, time, warnings
os.environ['CUDA_VISIBLE_DEVICES'] = ''  # the claims are about a CPU
from pathlib import Path
import torch
from loop import clock, quartiles

LIBS = 'visionlab fastai kornia torchvision'.split()
TASKS = dict(                        # pictures in a batch, their shape, what is done, and what visionlab should reach on all cores
    small=('turn and zoom, 28 px, grey', 512, (1,28,28), (), 250_000),
    warped=('turn, zoom, warp, brightness and contrast, 28 px, grey', 512, (1,28,28), ('warp','light'), None),
    large=('turn, zoom, mirror, brightness and contrast, 224 px, colour', 64, (3,224,224), ('flip','light'), 1_500))

def how(what): # the arguments that visionlab and fastai share
    return dict(do_flip='flip' in what, max_warp=.2*('warp' in what), max_lighting=.2*('light' in what), p_affine=1., p_lighting=1.)

def visionlab(what):
    "What a `DataBlock` gets, called as it calls it."
    from visionlab.augment import aug_transforms
    tfms = aug_transforms(**how(what))
    def run(x):
        b = (x,)
        for f in tfms: b = f(b)
        return b[0]
    return run

def fastai(what):
    "What a fastai `DataBlock` gets, as its training loader calls it."
    from fastai.vision.all import TensorImage, aug_transforms
    tfms = aug_transforms(**how(what))
    def run(x):
        x = TensorImage(x)
        for f in tfms: x = f(x, split_idx=0)
        return x
    return run

def kornia(what):
    "One `AugmentationSequential`."
    import kornia.augmentation as K
    fs = [K.RandomAffine(10., scale=(1.,1.1), padding_mode='reflection', p=1.)]
    if 'flip' in what: fs.append(K.RandomHorizontalFlip())
    if 'warp' in what: fs.append(K.RandomPerspective(.2, p=1.))
    if 'light' in what: fs += [K.RandomBrightness((.9,1.1), p=1.), K.RandomContrast((.8,1.25), p=1.)]
    return K.AugmentationSequential(*fs, data_keys=['input'])

def torchvision(what):
    "`transforms.v2` draws once a call, so each picture has a call of its own."
    from torchvision.transforms import InterpolationMode, v2
    fs = [v2.RandomAffine(10, scale=(1.,1.1), interpolation=InterpolationMode.BILINEAR)]
    if 'flip' in what: fs.append(v2.RandomHorizontalFlip())
    if 'warp' in what: fs.append(v2.RandomPerspective(.2, p=1.))
    if 'light' in what: fs.append(v2.ColorJitter(brightness=.1, contrast=.2))
    f = v2.Compose(fs)
    return lambda x: torch.stack([f(o) for o in x])

def have(lib):
    try: return importlib.import_module({'visionlab':'visionlab.augment', 'fastai':'fastai.vision.all', 'torchvision':'torchvision.transforms.v2'}.get(lib, lib))
    except ImportError as e: print(f'without {lib}: {e}')

def rates(libs, task, rounds, threads):
    "{library: [pictures a second, one a round]}; the order is turned by one each round. On one thread CPU time counts."
    name,n,shape,what,_ = TASKS[task]
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    x,out = torch.rand(n, *shape),{l:[] for l in libs}
    run,now = {l: globals()[l](what) for l in libs},time.perf_counter if threads>1 else time.process_time
    for l in libs:
        y = run[l](x)
        assert y.shape==x.shape and not torch.equal(y[0], x[0]), l
    print(f'{name}, {clock(threads)}, {rounds} rounds ', end='', flush=True)
    for r in range(rounds):
        for l in libs[r%len(libs):]+libs[:r%len(libs)]:
            gc.collect()
            t = now()
            for _ in range(1 if l=='torchvision' else 4): run[l](x)
            out[l].append(n*(1 if l=='torchvision' else 4)/(now()-t))
        print('.', end='', flush=True)
    print()
    return out

def main():
    p = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    p.add_argument('--rounds', type=int, default=11)
    p.add_argument('--tasks', nargs='*', default=list(TASKS))
    p.add_argument('--libs', nargs='*', default=LIBS)
    p.add_argument('--json', type=Path)
    a = p.parse_args()
    warnings.filterwarnings('ignore')
    libs,rates_,cores = [l for l in LIBS if l in a.libs and have(l)],[],torch.get_num_threads()
    for task in a.tasks:
        for threads in sorted({cores, 1}, reverse=True):
            q = {l: quartiles(v) for l,v in rates(libs, task, a.rounds, threads).items()}
            rates_.append(dict(name=f'{TASKS[task][0]}, {clock(threads)}', target=TASKS[task][4] if threads>1 else None, quartiles=q))
    res = dict(rates=rates_, rounds=a.rounds)
    if a.json: a.json.write_text(json.dumps(res))
    else: print(json.dumps(res, indent=1))

if __name__ == '__main__': main()

"""Cost of the training loop: visionlab's Learner beside a hand-written loop, fastai and Lightning; and what 1cycle and ActivationStats add.

All train the same network with the same torch optimizer on the same batches, without validation, progress bars, loggers or
checkpoints, taking turns within every round of one process. Each number is the median over rounds of a ratio to (or a
difference from) the hand-written loop *of the same round*. Before anything is timed, all must reach the same weights."""
import argparse, functools, gc, importlib, json, logging, os, statistics as st, sys, time, warnings
os.environ['CUDA_VISIBLE_DEVICES'] = ''  # the claims are about a CPU
import torch
from torch import nn
from torch.nn import functional as F
from pathlib import Path

sgd = functools.partial(torch.optim.SGD, lr=.05, momentum=.9)
LIBS = 'plain visionlab fastai lightning'.split()

class Batches:
    "Resident tensors, shuffled once an epoch and then sliced: what a careful user writes, and what three of the four are given."
    def __init__(self, x, y, bs, shuffle=True): self.x,self.y,self.bs,self.shuffle = x,y,bs,shuffle
    def __len__(self): return len(self.x)//self.bs  # a last, smaller batch is left out
    def __iter__(self):
        x,y = self.x,self.y
        if self.shuffle:
            idx = torch.randperm(len(x))
            x,y = x.index_select(0, idx),y.index_select(0, idx)  # faster than x[idx]: the plain loop is to be hard to beat
        for i in range(0, len(self)*self.bs, self.bs): yield x[i:i+self.bs],y[i:i+self.bs]

def plain(model, data):
    "The loop of lesson 05, written out."
    opt = sgd(model.parameters())
    def run():
        model.train()
        for xb,yb in data:
            loss = F.cross_entropy(model(xb), yb)
            loss.backward()
            opt.step()
            opt.zero_grad()
    return run

def visionlab(model, data, fit='fit', stats=False):
    "visionlab's own loader and Learner; only bars and tables are off."
    from visionlab.all import ActivationStats, DataLoader, DataLoaders, Learner
    dl = DataLoader((data.x, data.y), bs=data.bs, shuffle=data.shuffle, drop_last=True)
    cbs = ActivationStats(with_hist=True, modules=leaves(model)) if stats else None
    learn = Learner(DataLoaders(dl), model, loss_func=F.cross_entropy, opt_func=sgd, lr=.05, cbs=cbs)
    def run():
        with learn.no_bar(): getattr(learn, fit)(1)
    return run

def fastai(model, data, fit='fit', stats=False):
    "fastai with torch's optimizer and its default callbacks, less the progress bar."
    from fastai.basics import DataLoaders, Learner, OptimWrapper, default_device
    from fastai.callback.hook import ActivationStats
    import fastai.callback.schedule   # gives Learner its fit_one_cycle; visionlab.all did so for the other
    default_device(False)
    cbs = ActivationStats(with_hist=True, modules=leaves(model)) if stats else None
    learn = Learner(DataLoaders(data, []), model, loss_func=F.cross_entropy, opt_func=functools.partial(OptimWrapper, opt=sgd), lr=.05, cbs=cbs)
    def run():
        with learn.no_bar(), learn.no_logging(): getattr(learn, fit)(1)
    return run

def lightning(model, data):
    "Lightning in `barebones` mode, which it has for measuring raw speed."
    import lightning as pl
    class Lit(pl.LightningModule):
        def __init__(self):
            super().__init__()
            self.model = model
        def training_step(self, batch, i):
            xb,yb = batch
            return F.cross_entropy(self.model(xb), yb)
        def configure_optimizers(self): return sgd(self.parameters())
    trainer,lit = pl.Trainer(max_epochs=1, accelerator='cpu', barebones=True, limit_val_batches=0),Lit()
    return lambda: trainer.fit(lit, train_dataloaders=data)

def tiny(): return nn.Sequential(nn.Linear(10, 10), nn.ReLU(), nn.Linear(10, 2))

def convnet():
    "Stride-2 convolutions 1-8-16-32-64-10, each but the last followed by ReLU and batchnorm: 28x28 -> 14 -> 7 -> 4 -> 2 -> 1."
    def conv(ni, nf): return [nn.Conv2d(ni, nf, 3, stride=2, padding=1), nn.ReLU(), nn.BatchNorm2d(nf)]
    layers = [l for ni,nf in [(1,8),(8,16),(16,32),(32,64)] for l in conv(ni, nf)]
    return nn.Sequential(*layers, nn.Conv2d(64, 10, 3, stride=2, padding=1), nn.Flatten())

def ten_layers():
    "The ten-digit network of lessons 12 and 13: five convolutions, four ReLUs, a Flatten."
    from visionlab.cnn import simple_cnn
    return simple_cnn(10, nfs=(8,16,32,64), ks=5)

def pictures(a): return (torch.randn(a.pictures, 1, 28, 28),torch.randint(10, (a.pictures,))) if a.random else mnist(a.pictures)

def leaves(model): return [m for m in model.modules() if not any(m.children())]

def mnist(n):
    "The first `n` training digits as floats, from visionlab's cache."
    from visionlab.data import load_mnist
    x,y = load_mnist().train
    return x[:n,None].float()/255,y[:n]

def prepare(lib, mk_model, data, **kw):
    "A fresh model (same seed for everyone) and the function that trains it for one epoch."
    torch.manual_seed(0)
    model = mk_model()
    run = globals()[lib](model, data, **kw)
    torch.manual_seed(1)
    return model,run

def check(libs, mk_model, data, **kw):
    "Every library must arrive at the weights of the first, or the times below compare different work."
    def weights(lib):
        model,run = prepare(lib, mk_model, data, **kw)
        run()
        return model.state_dict()
    ref = weights(libs[0])
    for lib in libs[1:]: torch.testing.assert_close(weights(lib), ref, msg=lambda m: f"{lib} trains differently from {libs[0]}: {m}")
    print(f"same weights after {len(data)} batches of {data.bs}: {', '.join(libs)}")

def clock(threads): return f'wall time on {threads} threads' if threads>1 else 'CPU time on 1 thread'

def measure(what, todo, rounds, threads):
    """{name: [seconds, one a round]} for `todo`, {name: arguments of `prepare`}; the order is turned by one each round.
    On one thread CPU time counts, which other processes disturb least."""
    torch.set_num_threads(threads)
    print(f'{what}, {clock(threads)}, {rounds} rounds ', end='', flush=True)
    now,names,out = time.perf_counter if threads>1 else time.process_time,list(todo),{k:[] for k in todo}
    for r in range(rounds):
        for k in names[r%len(names):]+names[:r%len(names)]:
            lib,mk_model,data,kw = todo[k]
            run = prepare(lib, mk_model, data, **kw)[1]
            gc.collect()
            t = now()
            run()
            out[k].append(now()-t)
        print('.', end='', flush=True)
    print()
    return out

def alike(libs, mk_model, data, **kw): return {l: (l, mk_model, data, {} if l=='plain' else kw) for l in libs}

def quartiles(values):
    values = list(values)
    return st.quantiles(values, n=4) if len(values)>1 else values*3

def row(name, unit, target, times, f, **kw):
    "Quartiles over rounds of `f(seconds, the plain loop's seconds in that round)` for each library, and the plain loop's median in seconds."
    q = {l: quartiles(f(s, p) for s,p in zip(v, times['plain'])) for l,v in times.items() if l!='plain'}
    return dict(name=name, unit=unit, target=target, seconds=st.median(times['plain']), quartiles=q, **kw)

def have(lib):
    "Can it be imported? `bench/` outlives a library that does not install."
    try: return importlib.import_module({'visionlab':'visionlab.all', 'fastai':'fastai.basics', 'lightning':'lightning.pytorch'}[lib])
    except ImportError as e: print(f'without {lib}: {e}')

def loop_rows(libs, a, cores):
    "The loop around a tiny model and around a conv net."
    nb = a.batches
    x,y = torch.randn(16*nb, 10),torch.randint(2, (16*nb,))
    data,few,us = Batches(x, y, 16, shuffle=False),Batches(x[:1600], y[:1600], 16, shuffle=False),lambda s,p: 1e6*(s-p)/nb
    cyclists = [l for l in libs if l in ('visionlab','fastai')]
    check(libs, tiny, few)
    check(cyclists, tiny, few, fit='fit_one_cycle')
    t = measure(f'loop cost, tiny model, {nb} batches a run', alike(libs, tiny, data), a.rounds, 1)
    yield row('loop cost, tiny model, CPU time a batch', 'us', 60, t, us, batches=nb)
    t = measure('the same with 1cycle', alike(['plain', *cyclists], tiny, data, fit='fit_one_cycle'), a.rounds, 1)
    yield row('the same with 1cycle (the plain loop without)', 'us', 80, t, us, batches=nb)
    x,y = pictures(a)
    check(libs, convnet, Batches(x[:2000], y[:2000], 64))
    for threads in sorted({cores, 1}, reverse=True):
        for bs,target in ((64, 1.05), (512, 1.02)):
            t = measure(f'epoch of a conv net, batches of {bs}', alike(libs, convnet, Batches(x, y, bs)), a.rounds, threads)
            yield row(f'epoch of a conv net with batchnorm, batches of {bs}, {clock(threads)}', 'x', target, t, lambda s,p: s/p)

def stats_rows(libs, a, cores):
    "What ActivationStats adds to each library's own epoch, of half the pictures."
    x,y = (t[:a.pictures//2] for t in pictures(a))
    libs = [l for l in libs if l in ('visionlab','fastai')]
    for threads in sorted({cores, 1}, reverse=True):
        for bs,target in ((512, 1.2), (64, 1.35)):
            data = Batches(x, y, bs)
            todo = {f'{l}{" with" if on else ""}': (l, ten_layers, data, dict(stats=on)) for l in libs for on in (False,True)}
            t = measure(f'ActivationStats, batches of {bs}', todo, a.rounds, threads)
            q = {l: quartiles(b/a for a,b in zip(t[l], t[f'{l} with'])) for l in libs}
            yield dict(name=f'epoch with `ActivationStats` and histograms on 10 layers against one without, batches of {bs}, {clock(threads)}', unit='x',
                       target=target, quartiles=q)

def main():
    p = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    p.add_argument('what', choices=['loop', 'stats'])
    p.add_argument('--rounds', type=int, default=11, help='of every measurement')
    p.add_argument('--batches', type=int, default=1000, help='batches of the tiny model in one run')
    p.add_argument('--pictures', type=int, default=20_000, help='of the 60,000, in one epoch')
    p.add_argument('--random', action='store_true', help='random pictures instead of MNIST')
    p.add_argument('--libs', nargs='*', default=LIBS)
    p.add_argument('--json', type=Path)
    a = p.parse_args()
    warnings.filterwarnings('ignore')
    libs = ['plain']+[l for l in LIBS[1:] if l in a.libs and have(l)]
    for n in ('lightning', 'lightning.pytorch', 'lightning.fabric'): logging.getLogger(n).setLevel(logging.ERROR)
    gc.freeze()  # what the imported libraries hold is nobody's loop cost
    rows = list({'loop': loop_rows, 'stats': stats_rows}[a.what](libs, a, torch.get_num_threads()))
    res = dict(rows=rows, rounds=a.rounds, pictures=a.pictures, data='random pictures' if a.random else 'MNIST digits')
    if a.json: a.json.write_text(json.dumps(res))
    else: print(json.dumps(res, indent=1))

if __name__ == '__main__':
    main()
    sys.stdout.flush()
    os._exit(0)  # a compiler that Lightning loads complains about leaks on the way out

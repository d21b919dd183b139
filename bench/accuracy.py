"""Training time to an accuracy: 99.0 % and 99.5 % on MNIST, 92 % on Fashion-MNIST. Five seeds, every one kept.

The 99.0 % recipe is the demo's, on three quarters of the digits. It runs through the `Learner`, through the same loop written out, and through
fastai, taking turns in one process; fastai's textbook recipe goes beside them. The clock runs from a fresh model to a trained one:
data are in memory before, the test set is read after, nobody validates in between or shows a bar."""
import argparse, gc, json, os, statistics as st, sys, time, warnings
from types import SimpleNamespace
from pathlib import Path
os.environ['CUDA_VISIBLE_DEVICES'] = ''  # the claims are about a CPU
from visionlab.all import *
from visionlab.demo import TOP, digit_learner, digit_net, triangle
from loop import have, quartiles

smooth_loss = nn.CrossEntropyLoss(label_smoothing=.1)

class Bytes:
    "Bytes in memory, shuffled once an epoch, then sliced and made floats: what the written-out loop and fastai are given."
    def __init__(self, x, y, bs): self.x,self.y,self.bs = x,y,bs
    def __len__(self): return -(-len(self.x)//self.bs)
    def __iter__(self):
        idx = torch.randperm(len(self.x))
        x,y = self.x.index_select(0, idx),self.y.index_select(0, idx)
        for i in range(0, len(x), self.bs): yield x[i:i+self.bs,None].float().div(255),y[i:i+self.bs]

def adamw(params, lr): return torch.optim.AdamW(params, lr=lr, betas=(.9,.99), eps=1e-5, weight_decay=.01, fused=True)

def recipe(seed, seen=45_000):
    "The demo's learner, on three quarters of the digits when not told otherwise, all from one seed; and its data for the others."
    set_seed(seed)
    splits = load_mnist()
    if seen:
        some = torch.randperm(len(splits.train.y))[:seen]
        splits = Splits(XY(*(t[some] for t in splits.train)), splits.valid)
    learn = digit_learner(splits)
    learn.dls = DataLoaders(learn.dls.train)
    return learn,Bytes(*learn.dls.train.dataset, learn.dls.train.bs)

def plain(seed, **kw):
    "The recipe with nothing but torch."
    learn,data = recipe(seed, **kw)
    model = learn.model
    def run():
        opt = adamw(model.parameters(), TOP)
        model.train()
        for i,(xb,yb) in enumerate(data):
            pos = i/len(data)
            opt.param_groups[0]['lr'] = TOP*(pos/.25 if pos<.25 else (1 - pos)/.75)
            loss = smooth_loss(model(xb), yb)
            loss.backward()
            opt.step()
            opt.zero_grad()
    return model,run

def visionlab(seed, **kw):
    "The recipe as the demo trains it, less validation and bar."
    learn,_ = recipe(seed, **kw)
    def run():
        with learn.no_bar(): learn.fit(1, cbs=triangle())
    return learn.model,run

def visionlab_the_demo(seed): return visionlab(seed, seen=None)

def fastai(seed, **kw):
    "fastai with the same network, data, schedule and torch optimizer, and its default callbacks, less the progress bar."
    from fastai.basics import DataLoaders, Learner, OptimWrapper, default_device
    from fastai.callback.schedule import ParamScheduler, SchedLin, combine_scheds
    default_device(False)
    own,data = recipe(seed, **kw)
    learn = Learner(DataLoaders(data, []), own.model, loss_func=smooth_loss, opt_func=partial(OptimWrapper, opt=adamw))
    def run():
        rate = combine_scheds([.25,.75], [SchedLin(0, TOP), SchedLin(TOP, 0)])
        with learn.no_bar(), learn.no_logging(): learn.fit(1, cbs=ParamScheduler({'lr': rate}))
    return learn.model,run

def textbook(seed): # stride-2 convolutions 1-8-16-32-64-10 with batchnorm, as in lesson 15
    set_seed(seed)
    return simple_cnn(10, nfs=(8,16,32,64), ks=5, norm=nn.BatchNorm2d)

def visionlab_textbook(seed):
    learn = Learner(DataLoaders(image_dls(load_mnist(), bs=512).train), textbook(seed), F.cross_entropy)
    def run():
        with learn.no_bar(): learn.fit_one_cycle(5, .1)
    return learn.model,run

def fastai_textbook(seed):
    from fastai.basics import DataLoaders, Learner, default_device
    import fastai.callback.schedule   # gives Learner its fit_one_cycle
    default_device(False)
    learn = Learner(DataLoaders(Bytes(*load_mnist().train, 512), []), textbook(seed), loss_func=F.cross_entropy)
    def run():
        with learn.no_bar(), learn.no_logging(): learn.fit_one_cycle(5, .1)
    return learn.model,run

def timed(run):
    gc.collect()
    start = time.perf_counter()
    run()
    return time.perf_counter() - start

@torch.no_grad()
def errors(model, valid, views=lambda x: [x]):
    "How many pictures of the test set the model gets wrong by its mean probabilities for all `views` of each."
    model.eval()
    wrong = 0
    for i in range(0, len(valid.y), 1000):
        x,y = image_batch((valid.x[i:i+1000],valid.y[i:i+1000]))
        wrong += (sum(model(v).softmax(1) for v in views(x)).argmax(1) != y).sum().item()
    return wrong

def title(name): return name.replace('_', ', ', 1).replace('_', ' ')

def one_seed(prepare, seed, valid):
    model,run = prepare(seed)
    res = timed(run),errors(model, valid)
    print(f'  seed {seed}, {title(prepare.__name__)}: {res[0]:.2f} s, {res[1]} errors', flush=True)
    return res

def rounds(contestants, seeds, repeats=1):
    "Seconds and errors of each, for each seed `repeats` times; they take turns, and another one begins each time."
    valid,got = load_mnist().valid,{f.__name__:[] for f in contestants}
    for i in range(len(seeds)*repeats):
        k = i%len(contestants)
        for f in contestants[k:]+contestants[:k]: got[f.__name__].append(one_seed(f, seeds[i//repeats], valid))
    return got

def mnist99(seeds, repeats=3):
    "Two rows: the demo's recipe, against the loop written out; and the textbook's."
    with_fastai,ref = have('fastai') is not None,None
    who,books = [plain, visionlab, *[fastai]*with_fastai],[visionlab_the_demo, visionlab_textbook, *[fastai_textbook]*with_fastai]
    for f in who:          # also warms up; ten batches, since after more a rounding in the rate can turn into something else
        model,run = f(0, seen=10*96)
        run()
        ref = ref or model.state_dict()
        torch.testing.assert_close(model.state_dict(), ref, msg=lambda m: f"{f.__name__} trains differently from the plain loop: {m}")
    print(f"same weights after 20 batches: {', '.join(f.__name__ for f in who)}")
    got,book = rounds(who, seeds, repeats),rounds(books, seeds)
    base = st.median(t for t,_ in got['plain'])
    fast = {l: quartiles(t/p for (t,_),(p,_) in zip(v, got['plain'])) for l,v in got.items() if l!='plain'}
    slow = {l.removesuffix('_textbook'): quartiles(t/base for t,_ in v) for l,v in book.items() if l.endswith('_textbook')}
    each = {l: [(st.median(t for t,_ in v[i:i+repeats]),v[i][1]) for i in range(0, len(v), repeats)] for l,v in got.items()} | book
    return [dict(name='99.0 % on MNIST: training time with the three-second recipe', unit='x', seconds=base, target=1.05, limit=100,
                 quartiles=fast, errors=[e for _,e in each['visionlab']]),
            dict(name='99.0 % on MNIST with the textbook recipe, in memory, against the recipe above', unit='x', seconds=base, quartiles=slow),
           ],{f'99.0 %, {title(k)}': v for k,v in each.items()}

def shifted(b, px=2):
    "Each picture moved by up to `px` pixels each way, at random."
    x,y = b
    r = torch.randint(2*px + 1, (2, len(x)))
    return F.pad(x, (px,)*4).unfold(1, 28, 1).unfold(2, 28, 1)[torch.arange(len(x)),r[0],r[1]],y

def flipped(b):
    "Half of the pictures mirrored, at random."
    x,y = b
    return torch.where(torch.rand(len(x))[:,None,None] < .5, x.flip(2), x),y

def four_shifts(x):
    p = F.pad(x, (1,)*4)
    return [p[:,:,i:i+28,j:j+28] for i,j in ((0,1),(2,1),(1,0),(1,2))]

def mirror(x): return [x, x.flip(3)]

RECIPES = dict(
    mnist995=dict(what='99.5 % on MNIST', load=load_mnist, nfs=(16,32,64), bs=128, lr=.015, epochs=5, change=shifted, views=four_shifts, target=45, limit=50),
    fashion92=dict(what='92 % on Fashion-MNIST', load=load_fashion, nfs=(16,32,64), bs=128, lr=.01, epochs=7, change=flipped, views=mirror, target=75, limit=800))

def longer(name, seeds):
    "One row: the demo's network, wider, for some epochs through the `Learner`, with pictures changed at random."
    r = SimpleNamespace(**RECIPES[name])
    train,valid = r.load()
    def prepare(seed):
        set_seed(seed)
        dl = DataLoader(train, bs=r.bs, shuffle=True, batch_tfm=lambda b: image_batch(r.change(b)))
        learn = Learner(DataLoaders(dl), digit_net(r.nfs), smooth_loss)
        def run():
            with learn.no_bar(): learn.fit(r.epochs, cbs=triangle(r.lr))
        return learn.model,run
    got,single = [],[]
    for s in seeds:
        model,run = prepare(s)
        got.append((timed(run),errors(model, valid, r.views)))
        single.append((got[-1][0],errors(model, valid)))
        print(f'  seed {s}: {got[-1][0]:.2f} s, {got[-1][1]} errors, {single[-1][1]} with one view of each picture', flush=True)
    secs = [t for t,_ in got]
    row = dict(name=f'{r.what}: training time, mean of {len(got)} seeds', unit='s', target=r.target, limit=r.limit, errors=[e for _,e in got],
               quartiles=dict(visionlab=[min(secs), st.mean(secs), max(secs)]))
    return [row],{f'{r.what}, visionlab': got, f'{r.what}, visionlab, one view of each picture': single}

def main():
    p = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    p.add_argument('what', choices=['mnist99', *RECIPES])
    p.add_argument('--seeds', type=int, default=5)
    p.add_argument('--json', type=Path)
    a = p.parse_args()
    warnings.filterwarnings('ignore')
    seeds = range(a.seeds)
    rows,got = mnist99(seeds) if a.what=='mnist99' else longer(a.what, seeds)
    res = dict(rows=rows, seeds=got, threads=torch.get_num_threads())
    if a.json: a.json.write_text(json.dumps(res))
    else: print(json.dumps(res, indent=1))

if __name__ == '__main__': main()

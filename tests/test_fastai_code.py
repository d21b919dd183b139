"""Programs as those write who have learned from fastai, from pixel similarity to the cleaner: only the import line is ours.

Each is run whole, and every warning that a user would see is an error. Under fastai 2.8 they run with `from fastai.vision.all import *`, but for the search, which is
a notebook's own there, and `create_body` of a function, which was so before 2.7."""
import json, os, re, shutil, threading, warnings
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
import matplotlib; matplotlib.use('agg')
import matplotlib.pyplot as plt, pytest, torch
from conftest import ROOT
from PIL import Image

@pytest.fixture
def program(tmp_path, monkeypatch):
    "`program(text)` runs it in an empty folder and gives its names."
    monkeypatch.chdir(tmp_path)
    def run(text, **given):
        names = dict(given, __name__='__main__')
        with warnings.catch_warnings():
            warnings.simplefilter('error')
            warnings.filterwarnings('ignore', category=DeprecationWarning, module='(?!__main__|visionlab)')  # as Python does: no user sees those
            exec(compile('from visionlab.all import *\n' + text, 'program', 'exec'), names)
        return names
    torch.manual_seed(0)
    yield run
    if hasattr(Path, 'BASE_PATH'): Path.BASE_PATH = None
    plt.close('all')

@pytest.fixture(scope='session')
def photos(tmp_path_factory):
    "Cats, dogs and horses of CIFAR-10 as small JPEG files of several shapes, by class; and cats and dogs by name."
    from visionlab.data import cifar_vocab, load_cifar
    top = tmp_path_factory.mktemp('photos')
    x, y = load_cifar().test
    for c in ('cat', 'dog', 'horse'):
        (top/'animals'/c).mkdir(parents=True)
        for n, i in enumerate((y == cifar_vocab.index(c)).nonzero()[:60,0].tolist()):
            im = Image.fromarray(x[i].permute(1, 2, 0).numpy()).resize((80 + n%3*8, 72), Image.Resampling.BICUBIC)
            im.save(top/'animals'/c/f'{c}{n:04}.jpg')
            if c == 'horse': continue
            (top/'pets'/'images').mkdir(parents=True, exist_ok=True)
            im.save(top/'pets'/'images'/(f'Mau_{n}.jpg' if c == 'cat' else f'great_dane_{n}.jpg'))
    return top

def get_files(folder): return sorted(Path(folder).iterdir())

# ---- numbers

def test_the_average_three(program):
    names = program('''
path = untar_data(URLs.MNIST_SAMPLE)
Path.BASE_PATH = path
print(path.ls(), (path/'train').ls())
files = {c: (path/'train'/c).ls().sorted() for c in ('3', '7')}
im = Image.open(files['3'][1])
pixels = tensor(im)
df = pd.DataFrame(pixels[4:15, 4:22])
df.style.set_properties(**{'font-size': '6pt'}).background_gradient('Greys')
stacks = {c: torch.stack([tensor(Image.open(o)) for o in fs]).float()/255 for c,fs in files.items()}
ideal = {c: o.mean(0) for c,o in stacks.items()}
show_image(ideal['3'], title='3')
show_images([ideal['3'], ideal['7']], titles=['3', '7'])

def distance(a, b): return (a - b).abs().mean((-1, -2))
def is_3(x): return distance(x, ideal['3']) < distance(x, ideal['7'])

one = stacks['3'][1]
by_hand = (one - ideal['3']).abs().mean(), ((one - ideal['3'])**2).mean().sqrt()
by_torch = F.l1_loss(one, ideal['3']), F.mse_loss(one, ideal['3']).sqrt()
held_out = {c: torch.stack([tensor(Image.open(o)) for o in (path/'valid'/c).ls()]).float()/255 for c in '37'}
acc3 = is_3(held_out['3']).float().mean()
acc7 = 1 - is_3(held_out['7']).float().mean()
''')
    assert [len(o) for o in names['stacks'].values()] == [6131, 6265] and .9 < (names['acc3'] + names['acc7'])/2 < .98
    assert torch.allclose(torch.stack(names['by_hand']), torch.stack(names['by_torch']))

def test_sgd_by_hand_and_by_the_learner(program, capsys):
    names = program('''
path = untar_data(URLs.MNIST_SAMPLE)
def read(part, c): return torch.stack([tensor(Image.open(o)) for o in (path/part/c).ls().sorted()]).float()/255
def part_of(name):
    threes,sevens = read(name, '3'), read(name, '7')
    return torch.cat([threes, sevens]).flatten(1), torch.cat([torch.ones(len(threes), 1), torch.zeros(len(sevens), 1)])
train_x,train_y = part_of('train')
valid_x,valid_y = part_of('valid')
seen,unseen = list(zip(train_x, train_y)), list(zip(valid_x, valid_y))
batches,judge = DataLoader(seen, batch_size=200, shuffle=True), DataLoader(unseen, batch_size=500)
xb,yb = first(batches)

def off_by(score, is_three): return (score.sigmoid() - is_three).abs().mean()
def share_right(score, is_three): return ((score > 0) == is_three.bool()).float().mean()

w,b = (.1*torch.randn(784, 1)).requires_grad_(), torch.zeros(1).requires_grad_()
by_hand = []
for turn in range(4):
    for xb,yb in batches:
        off_by(xb@w + b, yb).backward()
        for o in (w, b):
            o.data -= 1.2*o.grad
            o.grad = None
    by_hand.append(torch.stack([share_right(x@w + b, y) for x,y in judge]).mean().item())

both = DataLoaders(batches, judge)
learn = Learner(both, nn.Linear(784, 1), opt_func=SGD, loss_func=off_by, metrics=share_right)
learn.fit(4, lr=1.2)
deeper = nn.Sequential(nn.Linear(784, 24), nn.ReLU(), nn.Linear(24, 1))
learn2 = Learner(both, deeper, opt_func=SGD, loss_func=off_by, metrics=share_right)
learn2.fit(5, .2)
plt.plot(L(learn2.recorder.values).itemgot(2))
last = learn2.recorder.values[-1][2]
kernels,_ = learn2.model[0].parameters()
show_image(kernels[5].view(28, 28))
''')
    assert min(names['by_hand'][-1], names['learn'].recorder.values[-1][2], names['last']) > .93
    assert names['train_x'].shape == (12396, 784) and names['yb'].shape[1:] == (1,) and 'share_right' in capsys.readouterr().out

# ---- convolutions

def test_digits_by_a_convolutional_network(program):
    names = program('''
path = untar_data(URLs.MNIST)
def some(p): return get_image_files(p)[::25]

mnist = DataBlock((ImageBlock(cls=PILImageBW), CategoryBlock), get_items=some, splitter=GrandparentSplitter('training', 'testing'),
                  get_y=parent_label, batch_tfms=Normalize())
dls = mnist.dataloaders(path, bs=64)
dls.show_batch(max_n=9, figsize=(4, 4))
xb,yb = first(dls.valid)

def halve(ni, nf, ks=3): return [nn.Conv2d(ni, nf, ks, stride=2, padding=ks//2), nn.BatchNorm2d(nf), nn.ReLU()]
def digit_net(): return sequential(*halve(1, 12, 5), *halve(12, 24), *halve(24, 48), nn.Conv2d(48, 10, 4), Flatten())

learn = Learner(dls, digit_net(), loss_func=F.cross_entropy, metrics=accuracy, cbs=ActivationStats(with_hist=True))
learn.summary()
learn.fit_one_cycle(2, .06)
learn.recorder.plot_loss()
learn.recorder.plot_sched()
learn.activation_stats.plot_layer_stats(-2)
learn.activation_stats.color_dim(-2)
found = learn.lr_find()
''')
    dls, learn = names['dls'], names['learn']
    assert list(dls.vocab) == list('0123456789') and names['xb'].shape == (64, 1, 28, 28) and sum(len(o.dataset) for o in dls) == 2800
    assert abs(float(names['xb'].mean())) < .5 and learn.recorder.values[-1][2] > .8

def test_a_network_in_color(program):
    names = program('''
path = untar_data(URLs.CIFAR)
def some(p): return get_image_files(p)[::120]

cifar = DataBlock(blocks=(ImageBlock, CategoryBlock), get_items=some, get_y=parent_label, splitter=GrandparentSplitter(valid_name='test'),
                  batch_tfms=[*aug_transforms(size=24, min_scale=.75), Normalize.from_stats(*imagenet_stats)])
dls = cifar.dataloaders(path, bs=50)

def block(ni, nf): return nn.Sequential(nn.Conv2d(ni, nf, 3, stride=2, padding=1), nn.BatchNorm2d(nf), nn.ReLU())
def net(): return nn.Sequential(block(3, 16), block(16, 32), nn.AdaptiveAvgPool2d(1), Flatten(), nn.Linear(32, dls.vocab and len(dls.vocab)))
learn = Learner(dls, net(), loss_func=nn.CrossEntropyLoss(), metrics=accuracy)
learn.fit_one_cycle(1, 3e-3)
learn.show_results(max_n=4)
''')
    assert len(names['dls'].vocab) == 10 and names['dls'].one_batch()[0].shape == (50, 3, 24, 24) and len(names['learn'].recorder.values) == 1

# ---- photographs

def test_is_it_a_cat(program, photos):
    os.symlink(photos/'pets', 'pets')
    names = program('''
path = Path('pets')/'images'
def feline(name): return name[:1].isupper()

dls = ImageDataLoaders.from_name_func(path, get_image_files(path), valid_pct=.2, seed=42, label_func=feline, item_tfms=Resize(64), bs=16)
learn = vision_learner(dls, resnet18, pretrained=False, metrics=error_rate)
learn.fine_tune(1)
img = PILImage.create(path/'Mau_3.jpg')
is_it,_,probs = learn.predict(img)
said = f'{probs[1].item():.1%} cat'
again = learn.predict(path/'Mau_3.jpg')
''')
    assert list(names['dls'].vocab) == [False, True] and len(names['learn'].dls.valid.dataset) == 24
    assert str(names['is_it']) in ('True', 'False') and torch.allclose(names['again'][2], names['probs']) and names['said'].endswith('% cat')

def test_digits_by_a_residual_network(program):
    "The call warns nobody, whichever of the two names it goes by."
    names = program('''
path = untar_data(URLs.MNIST_SAMPLE)
few = [o for part in ('train', 'valid') for c in '37' for o in (path/part/c).ls()[:80]]
dls = DataBlock((ImageBlock, CategoryBlock), get_items=lambda p: few, splitter=GrandparentSplitter(), get_y=parent_label).dataloaders(path, bs=32)
learn = vision_learner(dls, resnet18, pretrained=False, loss_func=F.cross_entropy, metrics=accuracy)
learn.fit_one_cycle(1, .01)
other = cnn_learner(dls, resnet18, pretrained=False, loss_func=F.cross_entropy, metrics=accuracy)
n = [sum(p.numel() for p in l.model.parameters()) for l in (learn, other)]
''')
    assert names['n'][0] == names['n'][1] and len(names['learn'].recorder.values) == 1

def test_from_pictures_to_the_cleaner(program, photos):
    shutil.copytree(photos/'animals', 'animals')
    names = program('''
import shutil
path = Path('animals')
animals = DataBlock(blocks=(ImageBlock, CategoryBlock), get_items=get_image_files, splitter=RandomSplitter(valid_pct=.2, seed=42),
                    get_y=parent_label, item_tfms=Resize(64))
dls = animals.dataloaders(path, bs=16)
dls.valid.show_batch(max_n=4, nrows=1)
for tfm in (Resize(64, ResizeMethod.Squish), Resize(64, ResizeMethod.Pad, pad_mode='zeros'), RandomResizedCrop(64, min_scale=.3)):
    animals = animals.new(item_tfms=tfm)
    dls = animals.dataloaders(path, bs=16)
    dls.train.show_batch(max_n=4, nrows=1, unique=True)
animals = animals.new(item_tfms=Resize(64), batch_tfms=aug_transforms(mult=2))
dls = animals.dataloaders(path, bs=16)
dls.show_batch(max_n=4, nrows=1, unique=True)
animals = animals.new(item_tfms=RandomResizedCrop(64, min_scale=.5), batch_tfms=aug_transforms())
dls = animals.dataloaders(path, bs=16)
learn = vision_learner(dls, resnet18, pretrained=False, metrics=error_rate)
learn.fine_tune(1)
interp = ClassificationInterpretation.from_learner(learn)
interp.plot_confusion_matrix(figsize=(4, 4), dpi=60)
interp.plot_top_losses(5, nrows=1)
interp.print_classification_report()
pairs = interp.most_confused(min_val=1)
cleaner = ImageClassifierCleaner(learn)
cleaner
''')
    for (where, what), split in zip(((0, '<Delete>'), (1, 'horse')), names['cleaner'].split.options):    # what a person does between two cells
        names['cleaner'].split.value = split
        names['cleaner'].category.value = 'cat'
        names['cleaner'].cards[where].children[-1].value = what
    names = program('''
for idx in cleaner.delete(): cleaner.fns[idx].unlink()
for idx,cat in cleaner.change(): shutil.move(str(cleaner.fns[idx]), path/cat)
left = get_image_files(path)
''', **{k: o for k, o in names.items() if k[0] != '_'})
    assert len(names['left']) == 179 and len(get_files('animals/horse')) == 61 and list(names['dls'].vocab) == ['cat', 'dog', 'horse']
    assert all(len(o) == 3 and o[2] >= 1 for o in names['pairs']) and len(names['cleaner'].fns) > 0

def test_ten_lines_from_a_folder_to_a_clean_one(program, photos):
    "Those of the home page, word for word; what a person does with the cleaner stands in for them."
    from visionlab.weights import efficientnet_lite0
    efficientnet_lite0(pretrained=True)                       # fetched before, for a bar is a warning here
    home = '\n'.join(''.join(c['source']) for c in json.loads((ROOT/'nbs'/'index.ipynb').read_text(encoding='utf-8'))['cells'])
    lines = re.search(r'```python\nfrom visionlab.all import \*\n\n(dls = .*?)```', home, re.S)[1]
    assert lines.count('\n') <= 10 and lines.splitlines()[-2] == 'cleaner'
    shutil.copytree(photos/'animals', 'animals')
    names = program(lines.replace('\ncleaner\n', "\ncleaner.choose(0, '<Delete>')\n"))
    assert names['interp'].right.float().mean() > .7 and len(get_files('animals/cat') + get_files('animals/dog') + get_files('animals/horse')) == 179

def test_breeds_by_name(program, photos):
    os.symlink(photos/'pets', 'pets')
    names = program(r'''
path = Path('pets')
pets = DataBlock(blocks=(ImageBlock, CategoryBlock), get_items=get_image_files, splitter=RandomSplitter(seed=42),
                 get_y=using_attr(RegexLabeller(r'(.+)_\d+.jpg$'), 'name'), item_tfms=Resize(72), batch_tfms=aug_transforms(size=48, min_scale=.75))
pets.summary(path/'images')
dls = pets.dataloaders(path/'images', bs=16)
dls.show_batch(nrows=1, ncols=3)
learn = vision_learner(dls, resnet18, pretrained=False, metrics=error_rate)
x,y = dls.one_batch()
preds,_ = learn.get_preds(dl=[(x, y)])
learn.lr_find()
learn.fit_one_cycle(1, 3e-3)
learn.unfreeze()
learn.fit_one_cycle(1, lr_max=slice(1e-6, 1e-4))
learn.recorder.plot_loss()
learn.freeze()
interp = ClassificationInterpretation.from_learner(learn)
interp.plot_confusion_matrix(figsize=(4, 4), dpi=60)
pairs = interp.most_confused(min_val=1)
''')
    assert list(names['dls'].vocab) == ['Mau', 'great_dane'] and names['preds'].shape == (16, 2) and torch.allclose(names['preds'].sum(1), torch.ones(16))

def test_the_parts_of_a_vision_learner(program, photos):
    os.symlink(photos/'animals', 'animals')
    names = program('''
dls = ImageDataLoaders.from_folder('animals', valid_pct=.2, seed=1, item_tfms=Resize(64), batch_tfms=Normalize.from_stats(*imagenet_stats), bs=16)
cut = model_meta[resnet50]
body = create_body(resnet18(), cut=-2)
same = create_body(resnet34(), cut=-2)
head = create_head(512, dls.c, ps=0.25)
model = nn.Sequential(body, head)
pool = AdaptiveConcatPool2d()
def split(m): return [list(m[0].parameters()), list(m[1].parameters())]
learn = Learner(dls, model, loss_func=nn.CrossEntropyLoss(), splitter=split, metrics=accuracy)
learn.freeze()
learn.fit_one_cycle(1, 3e-3)
learn.freeze_to(0)
learn.fit_one_cycle(1, slice(1e-5, 1e-3))
''')
    x = torch.randn(2, 3, 64, 64)
    assert names['body'](x).shape == names['same'](x).shape == (2, 512, 2, 2) and names['model'](x).shape == (2, 3)
    assert names['pool'](torch.randn(2, 5, 3, 3)).shape == (2, 10, 1, 1) and names['cut']['cut'] == -2

def test_a_body_by_the_name_of_its_network(program):
    "As fastai had it before 2.7, when `create_body` built the network itself."
    names = program('body = create_body(resnet18, pretrained=False)')
    assert names['body'](torch.randn(2, 3, 64, 64)).shape == (2, 512, 2, 2)

def test_training_from_nothing(program):
    "Augmentation of every kind, progressive resizing, test-time augmentation."
    names = program('''
path = untar_data(URLs.CIFAR)
def some(p): return get_image_files(p)[::150]

dblock = DataBlock(blocks=(ImageBlock(), CategoryBlock()), get_items=some, get_y=parent_label, splitter=RandomSplitter(seed=1))
def get_dls(bs, size):
    block = dblock.new(item_tfms=Resize(32), batch_tfms=[*aug_transforms(size=size, min_scale=.75), Normalize.from_stats(*imagenet_stats)])
    return block.dataloaders(path, bs=bs)

dls = get_dls(40, 16)
learn = vision_learner(dls, resnet18, pretrained=False, loss_func=LabelSmoothingCrossEntropy(), metrics=accuracy)
learn.fit_one_cycle(1, 3e-3)
learn.dls = get_dls(40, 24)
learn.fine_tune(1, 1e-3)
preds,targs = learn.tta()
acc = accuracy(preds, targs).item()
learn.fit_one_cycle(1, 3e-3, cbs=MixUp())
learn.fit_one_cycle(1, 3e-3, cbs=CutMix())
''')
    assert names['preds'].shape == (80, 10) and names['preds'].sum(1).allclose(torch.ones(80), atol=1e-4) and 0 <= names['acc'] <= 1

# ---- pictures from elsewhere

@pytest.fixture
def elsewhere(photos):
    "A server on this machine with three pictures, a page that is none, and one address where nothing is."
    files = sorted((photos/'animals'/'cat').iterdir())[:3]
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *args): pass
        def do_GET(self):
            name = self.path.strip('/')
            body = b'<html>no picture</html>' if name == 'page' else files[int(name)].read_bytes() if name.isdigit() else None
            self.send_response(200 if body else 404)
            self.send_header('Content-Length', len(body or b''))
            self.end_headers()
            self.wfile.write(body or b'')
    server = ThreadingHTTPServer(('127.0.0.1', 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f'http://127.0.0.1:{server.server_port}/'
    server.shutdown(); server.server_close()

def test_pictures_from_a_search(program, elsewhere, capsys):
    names = program('''
def search(term): return [address + o for o in ('0', '1', '2', '1', 'page', 'gone')]

kinds = 'barn', 'snowy'
path = Path('owls')
path.mkdir()
for o in kinds:
    dest = path/o
    dest.mkdir(exist_ok=True)
    results = search_images(f'{o} owl', search)
    download_images(dest, urls=results)
fns = get_image_files(path)
(path/'snowy'/'broken.jpg').write_bytes(b'not a picture')
fns = get_image_files(path)
failed = verify_images(fns)
failed.map(Path.unlink)
left = get_image_files(path)
im = Image.open(left[0])
small = im.to_thumb(32, 32)
''', address=elsewhere)
    assert len(names['results']) == 5 and len(names['fns']) == 7 and [o.name for o in names['failed']] == ['broken.jpg'] and len(names['left']) == 6
    assert max(names['small'].size) == 32 and '404' in capsys.readouterr().out

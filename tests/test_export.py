"""Files that `learn.export` writes: the same predictions after a round trip, and nothing that a changed or hostile file could do."""
import json, pickle, random, struct, subprocess, sys
from pathlib import Path
import pytest, torch, torch.nn.functional as F, torchvision
import visionlab.checks, visionlab.compat, visionlab.progress, visionlab.schedules
from safetensors.torch import save
from torch import nn
from visionlab.cnn import image_batch, image_dls, simple_cnn, sequential
from visionlab.core import set_seed
from visionlab.data import URLs, untar_data
from visionlab.datablock import DataBlock, Resize, get_image_files, parent_label
from visionlab.export import known, load_learner, read_export, register
from visionlab.items import CategoryBlock, ImageBlock
from visionlab.files import PILImageBW
from visionlab.learner import Learner
from visionlab.loaders import DataLoader, DataLoaders
from visionlab.neurons import simple_net
from visionlab.normalization import BatchNorm, GroupNorm
from visionlab.resnet import resnet18, resnet34, resnet50
from visionlab.store import _digest
from visionlab.transfer import vision_learner
from visionlab.weights import efficientnet_lite0

def learner(model, *shape, loss=F.cross_entropy, vocab=None):
    torch.manual_seed(1)
    return Learner(DataLoaders(DataLoader((torch.rand(4, *shape), torch.tensor([0, 1, 1, 0]))), vocab=vocab), model, loss)

def outputs(learn, x):
    with torch.no_grad(): return learn.model.cpu().eval()(x)

GREY = {'simple_net': lambda: nn.Sequential(nn.Flatten(), simple_net()), 'simple_cnn': lambda: simple_cnn(10), 'batchnorm by hand': lambda: simple_cnn(10, norm=BatchNorm),
        'group norm': lambda: simple_cnn(10, nfs=(4, 8, 16, 32), norm=lambda nf: GroupNorm(2, nf)), 'functions': lambda: sequential(nn.Flatten(), nn.Linear(784, 5), F.relu, nn.Linear(5, 2))}
COLOUR = {'resnet18': resnet18, 'resnet34': resnet34, 'resnet50': resnet50, 'efficientnet_lite0': efficientnet_lite0,
          **{f'torchvision {k}': getattr(torchvision.models, k) for k in ('resnet18', 'mobilenet_v2', 'squeezenet1_1', 'densenet121', 'efficientnet_b0', 'swin_t')}}

@pytest.mark.parametrize('name', [*GREY, *COLOUR])
def test_every_architecture_comes_back(tmp_path, name):
    model, shape = (GREY[name](), (1, 28, 28)) if name in GREY else (COLOUR[name](), (3, 64, 64))
    learn = learner(model, *shape)
    x = torch.rand(2, *shape)
    model.train(); model(x)                                          # running statistics that are not the first ones
    again = load_learner(learn.export(tmp_path/'m.safetensors'))
    assert torch.equal(outputs(learn, x), outputs(again, x)) and repr(again.model) == repr(model)

@pytest.fixture(scope='module')
def trained(tmp_path_factory):
    "A small classifier of files, trained, and what it was exported to."
    files = [p for c in '37' for p in sorted((untar_data(URLs.MNIST_SAMPLE)/'train'/c).glob('*.png'))[:120]]
    set_seed(1)
    dls = DataBlock((ImageBlock(PILImageBW), CategoryBlock), get_y=parent_label, item_tfms=Resize(32)).dataloaders(files, bs=32)
    learn = Learner(dls, simple_cnn(2), F.cross_entropy)
    with learn.no_bar(): learn.fit_one_cycle(2, .01)
    return learn, learn.export(tmp_path_factory.mktemp('export')/'digits.safetensors')

def test_files_are_prepared_as_before(trained):
    learn, file = trained
    again, new = load_learner(file), sorted((untar_data(URLs.MNIST_SAMPLE)/'valid'/'7').glob('*.png'))[:10]
    for p in new[:3]:
        (a, i, was), (b, j, now) = learn.predict(p), again.predict(p)
        assert (a, i) == (b, j) and torch.equal(was, now) and torch.equal(again.predict(p.read_bytes())[2], now)
    assert torch.equal(learn.get_preds(dl=learn.dls.test_dl(new))[0], again.get_preds(dl=again.dls.test_dl(new))[0])
    assert again.about['metrics'].keys() == {'train_loss', 'valid_loss'} and list(again.dls.vocab) == ['3', '7']

def test_any_length_of_the_head(tmp_path):
    "Whatever byte a file begins with: one in 32 begins as pickles do."
    begins = set()
    for n in range(0, 300, 8):
        learn = learner(nn.Linear(4, 2), 4, vocab=['a'*n, 'b'])
        begins.add(learn.export(tmp_path/'m').read_bytes()[0])
        assert load_learner(tmp_path/'m').dls.vocab[0] == 'a'*n
    assert 0x80 in begins

def test_what_hides_a_call_is_refused(tmp_path):
    for evil in EVIL[-3:]:
        (tmp_path/'m').write_bytes(sealed({**json.loads(json.dumps(read_export(learner(nn.Linear(4, 2), 4).export(tmp_path/'n'))[0])), 'model': evil, 'channels_last': True}, {}))
        with pytest.raises(ValueError): load_learner(tmp_path/'m')
    about, tensors = read_export(tmp_path/'n')
    (tmp_path/'m').write_bytes(sealed({**about, 'model': {'known': '\x1b[31mred'}}, tensors))
    with pytest.raises(ValueError) as e: load_learner(tmp_path/'m')
    assert '\x1b' not in str(e.value)

def test_bytes_in_memory(tmp_path):
    "Tensors of bytes with a `batch_tfm`."
    x, y = torch.randint(0, 256, (8, 28, 28), dtype=torch.uint8), torch.arange(8) % 2
    learn = Learner(image_dls(((x, y), (x, y)), vocab=['a', 'b']), simple_cnn(2), F.cross_entropy)
    again = load_learner(learn.export(tmp_path/'m.safetensors'))
    assert torch.equal(learn.predict(x[0])[2], again.predict(x[0])[2]) and learn.predict(x[0])[0] == again.predict(x[0])[0]

def test_pretrained_body(tmp_path):
    files = get_image_files(untar_data(URLs.MNIST_SAMPLE)/'valid')[::60]
    dls = DataBlock(get_y=parent_label, item_tfms=Resize(64)).dataloaders(files, bs=8)
    learn = vision_learner(dls, 'efficientnet_lite0')
    again = load_learner(learn.export(tmp_path/'m'))
    assert torch.equal(learn.predict(files[0])[2], again.predict(files[0])[2])

class Twice(nn.Module):
    def forward(self, x): return 2*x

def test_your_own_layer_in_one_line(tmp_path):
    learn = learner(nn.Sequential(nn.Flatten(), Twice(), nn.Linear(4, 2)), 4)
    with pytest.raises(TypeError, match=r'model\.1 is Twice.*register\(Twice\)'): learn.export(tmp_path/'m')
    assert not list(tmp_path.iterdir())
    register(Twice)
    file = learn.export(tmp_path/'m')
    x = torch.rand(2, 4)
    assert torch.equal(outputs(load_learner(file), x), outputs(learn, x))
    del known['Twice']
    with pytest.raises(ValueError, match=r"names 'Twice', which is not known here.*register\(Twice\)"): load_learner(file)
    with pytest.raises(TypeError, match='loss is <lambda>'): learner(nn.Linear(4, 2), 4, loss=lambda p, y: p.sum()).export(tmp_path/'n')

# ---- hostile files

class Payload:
    def __init__(self, file): self.file = file
    def __reduce__(self): return Path.touch, (self.file,)

def test_the_name_of_tradition(trained, tmp_path, capsys):
    "`export('model.pkl')` works, and what it writes is no pickle; a real one under that name is refused unread."
    learn, _ = trained
    file = learn.export(tmp_path/'model.pkl')
    assert 'no pickle, whatever its name says' in capsys.readouterr().out and load_learner(file).about['format'] == 1
    for write in (lambda o: file.write_bytes(pickle.dumps(o)), lambda o: torch.save(o, file), lambda o: file.write_bytes(pickle.dumps(o, 0))):
        write(Payload(tmp_path/'it ran'))
        with pytest.raises(ValueError): load_learner(file)
    file.write_bytes(pickle.dumps(Payload(tmp_path/'it ran')))
    with pytest.raises(ValueError, match='is a pickle: a program'): load_learner(file)
    assert not (tmp_path/'it ran').exists()

CHILD = '''
import json, resource, sys, time, torch, torchvision.models         # imported when a file first speaks of it
from visionlab.export import load_learner
from visionlab.files import PILImageBW
from pathlib import Path
folder, x = Path(sys.argv[1]), torch.rand(2, 1, 32, 32, generator=torch.Generator().manual_seed(1))
def says(file):
    learn = load_learner(file)
    with torch.no_grad(): return learn.model.eval()(x)
right, did, watching = says(folder/'right'), [], False
def hook(event, args):
    if watching and event in ('exec', 'compile', 'import', 'os.system', 'subprocess.Popen', 'os.exec', 'os.posix_spawn', 'os.fork', 'pickle.find_class', 'socket.connect', 'ctypes.dlopen', 'os.remove', 'os.mkdir'):
        did.append(f'{event} {str(args)[:100]}')
    if watching and event == 'open' and any(c in str(args[1]) for c in 'wax+'): did.append(f'open {args}')
sys.addaudithook(hook)
counts, before, slowest, wrong = {}, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, 0, []
for file in sorted((folder/'odd').iterdir()):
    start, watching = time.perf_counter(), True
    try:
        learn = load_learner(file); how = 'loaded'
    except ValueError as e:
        how = 'refused'
        if len(str(e)) < 20 or file.name not in str(e): wrong.append(f'{file.name}: unclear: {e}')
    except BaseException as e: how = 'broke'; wrong.append(f'{file.name}: {type(e).__name__}: {e}')
    watching, took = False, time.perf_counter() - start
    slowest = max(slowest, took)
    if how == 'loaded' and file.name.startswith('changed'):
        with torch.no_grad():
            if not torch.equal(learn.model.eval()(x), right): wrong.append(f'{file.name}: another model')
    counts[how] = counts.get(how, 0) + 1
print(json.dumps(dict(counts=counts, did=did, slowest=slowest, wrong=wrong, grew=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)))
'''

def changed(raw, dice):
    "The file, with something wrong in it."
    raw, kind = bytearray(raw), dice.randrange(6)
    head = 8 + struct.unpack('<Q', raw[:8])[0]
    if kind == 0:                                                    # bits that flip, most of them in the description
        for _ in range(dice.choice([1, 1, 1, 5])): raw[dice.randrange(head if dice.random() < .7 else len(raw))] ^= 1 << dice.randrange(8)
    elif kind == 1: del raw[dice.randrange(len(raw)):]
    elif kind == 2: at = dice.randrange(len(raw)); del raw[at:at + dice.randrange(1, 200)]
    elif kind == 3: at = dice.randrange(len(raw)); raw[at:at] = dice.randbytes(dice.randrange(1, 200))
    elif kind == 4:                                                  # digits and names of the description
        at = [i for i in range(8, head) if chr(raw[i]).isalnum()]
        for i in dice.sample(at, dice.choice([1, 2, 20])): raw[i] = ord(dice.choice('0123456789abcdefABCDEF'))
    else: raw[:8] = struct.pack('<Q', dice.choice([0, 1, 2**16, 2**32, 2**63, len(raw), dice.getrandbits(64)]))
    return bytes(raw)

def sealed(about, tensors):
    "A file by someone who can compute a SHA-256 as well."
    raw = save(tensors, dict(visionlab=about if isinstance(about, str) else json.dumps({**about, 'sha256': '0'*64})))
    return raw.replace(b'0'*64, _digest(raw, '0'*64).encode(), 1)

EVIL = [{'known': 'os.system'}, {'known': 'builtins.eval'}, {'partial': 'os.system', 'args': ['true'], 'kwargs': {}}, {'layer': 'subprocess.Popen', 'has': {}, 'params': {}, 'buffers': {}, 'layers': {}},
        {'layer': 'nn.Linear', 'has': {'forward': 'x'}, 'params': {}, 'buffers': {}, 'layers': {}}, {'layer': 'nn.Linear', 'has': {'__class__': 1}, 'params': {}, 'buffers': {}, 'layers': {}},
        {'layer': 'nn.Linear', 'has': {'_modules': {}}, 'params': {}, 'buffers': {}, 'layers': {}}, {'layer': 'nn.Linear', 'has': {'in_features': 10**15}, 'params': {}, 'buffers': {}, 'layers': {}},
        {'layer': 'nn.Linear', 'has': {}, 'params': {'weight': {'tensor': 'no such'}}, 'buffers': {}, 'layers': {}}, {'layer': 'nn.Linear', 'has': {}, 'params': {'a.b': None}, 'buffers': {}, 'layers': {}},
        {'layer': 'F.relu', 'has': {}, 'params': {}, 'buffers': {}, 'layers': {}}, {'object': 'visionlab.Resize', 'has': {'size': 10**12}}, {'object': 'nn.Linear', 'has': {}}, {'choice': 'nn.Linear', 'value': 'x'},
        {'layer': 'torchvision.os.system', 'has': {}, 'params': {}, 'buffers': {}, 'layers': {}}, {'tuple': [[[]]*50]}, [], {}, 'x', None, 10**300, {'float': '1e999'}, {'float': 'one'},
        {'layer': 'nn.Sequential', 'has': {}, 'params': {}, 'buffers': {}, 'layers': {'0': 3}},
        {'layer': 'nn.ReLU', 'has': {'_compiled_call_impl': {'known': 'F.tanh'}}, 'params': {}, 'buffers': {}, 'layers': {}},          # would hide __call__
        {'object': 'visionlab.Resize', 'has': {'to': {'partial': 'nn.Linear', 'args': [10**4, 10**5], 'kwargs': {}}}}, # would be called by model.to
        {'layer': 'torchvision.models.feature_extraction.DualGraphModule', 'has': {}, 'params': {}, 'buffers': {}, 'layers': {}}]

def test_a_thousand_changed_files_and_those_of_an_enemy(trained, tmp_path):
    """1,000 changed files are refused, or load equal; 300 whose seal was made anew are refused, or load. No code runs, nothing is written or imported,
    none takes long, and the process hardly grows, whatever sizes they speak of."""
    _, file = trained
    raw, dice = file.read_bytes(), random.Random(1)
    (tmp_path/'odd').mkdir()
    (tmp_path/'right').write_bytes(raw)
    for i in range(1000): (tmp_path/'odd'/f'changed {i}').write_bytes(changed(raw, dice))
    about, tensors = read_export(file)
    places = ['model', 'loss', 'batch_tfm', 'vocab', 'input', 'channels_last', 'format']
    evil = [{**about, dice.choice(places[:5]): dice.choice(EVIL)} for _ in range(200)]
    evil += [json.loads(json.dumps(about).replace(a, b, n)) for a, b in (('"nn.Conv2d"', '"nn.Nothing"'), ('"model.0', '"model.9'), ('true', 'null'), ('32', '99999999999'), ('[', '[null, ')) for n in range(1, 17)]
    evil += ['[' * 100_000, '{"model": ' * 5_000, 'null', '{}', '9' * 5000, *[{k: v for k, v in about.items() if k != p} for p in places[:6]], *[{**about, 'input': dict(like=o)} for o in (None, [], [{'shape': [10**12], 'dtype': 'float32'}], [{'shape': [30000, 30000], 'dtype': 'uint8'}], [{'shape': [2], 'dtype': 'load'}])]]
    for i, o in enumerate(evil): (tmp_path/'odd'/f'enemy {i}').write_bytes(sealed(o, tensors))
    (tmp_path/'child.py').write_text(CHILD)
    r = subprocess.run([sys.executable, tmp_path/'child.py', tmp_path], capture_output=True, text=True, timeout=300)
    assert r.returncode == 0, r.stderr[-2000:]
    res = json.loads(r.stdout)
    assert not res['did'] and not res['wrong'], (res['did'][:5], res['wrong'][:10])
    assert res['slowest'] < 5 and res['grew'] < 200_000, res         # seconds; kB, where the file has 40
    assert res['counts']['refused'] >= 1150, res['counts']

"""What a notebook cannot try on itself: a real Ctrl-C, a real terminal, worker processes, a fit that costs nothing but its work."""
import fcntl, os, pty, re, select, signal, struct, subprocess, sys, termios, textwrap, time
from contextlib import nullcontext
from functools import partial, reduce
import pytest, torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import Dataset
from torch._subclasses.fake_tensor import DataDependentOutputException, FakeTensorMode
import visionlab.callbacks, visionlab.checks, visionlab.progress
from visionlab.learner import Callback, DeviceCallback, Learner, Recorder, events
from visionlab.loaders import DataLoader, DataLoaders
from visionlab.metrics import AvgMetric, accuracy

HEAD = '''
import torch, torch.nn.functional as F
from torch import nn
import visionlab.progress
from visionlab.learner import *
from visionlab.loaders import *
from visionlab.metrics import *
torch.manual_seed(0)
data = torch.randn(4096, 20), torch.randint(3, (4096,))
def learner(**kwargs): return Learner(DataLoaders.from_dsets(data, data, bs=8), nn.Linear(20, 3), F.cross_entropy, metrics=accuracy, **kwargs)
'''
def script(body): return [sys.executable, '-u', '-c', HEAD + textwrap.dedent(body)]

def test_a_real_ctrl_c_keeps_model_and_record():
    p = subprocess.Popen(script('''
        learn = learner()
        before = learn.model.weight.detach().clone()
        class Say(Callback):
            def after_batch(self):
                if self.training and self.epoch == 1 and self.iter == 3: print('go', flush=True)
        learn.fit(10_000, cbs=Say)
        print('kept', len(learn.recorder.losses), len(learn.recorder.values), bool((learn.model.weight != before).any()), [type(c).__name__ for c in learn.cbs])
        learn.fit(1)
        print('again', len(learn.recorder.values))
        '''), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    for line in p.stdout:
        if line.strip() == 'go': break
    p.send_signal(signal.SIGINT)
    try: out, err = p.communicate(timeout=120)
    finally: p.kill()
    assert p.returncode == 0, err
    assert 'Stopped in epoch' in out and not err
    losses, epochs, moved = re.search(r'kept (\d+) (\d+) (\w+)', out).groups()
    assert int(losses) >= 512 + 4 and int(epochs) >= 1 and moved == 'True' and 'Say' not in out.split('kept')[1].split('\n')[0]
    assert 'again 1' in out

def test_a_pipe_gets_lines_and_a_terminal_gets_a_bar():
    piped = subprocess.run(script('learner().fit(2)'), capture_output=True, text=True, timeout=120)
    lines = piped.stdout.splitlines()
    assert lines[0].split() == ['epoch', 'train_loss', 'valid_loss', 'accuracy', 'time'] and len(lines) == 3 and not piped.stderr
    main, side = pty.openpty()
    fcntl.ioctl(side, termios.TIOCSWINSZ, struct.pack('HHHH', 24, 100, 0, 0))     # a terminal without a width gets no bar
    p = subprocess.Popen(script('''
        import time
        class Slow(Callback):
            def after_batch(self): time.sleep(.004)
        learner().fit(2, cbs=Slow)'''), stdout=side, stderr=side)
    os.close(side)
    out = b''
    while select.select([main], [], [], 60)[0]:
        try: chunk = os.read(main, 4096)
        except OSError: break                          # the terminal is gone
        if not chunk: break
        out += chunk
    os.close(main)
    assert p.wait(60) == 0
    text = out.decode()
    assert 'epoch 0, training' in text and 'epoch 1, training' in text and '/512' in text
    shown = [re.sub(r'.*\r', '', l) for l in text.replace('\r\n', '\n').split('\n')]     # what is left to see
    assert [l.split()[0] for l in shown if l.strip()] == ['epoch', '0', '1']

class Squares(Dataset):
    "Items made when they are asked for, as files would be."
    def __len__(self): return 50
    def __getitem__(self, i): return torch.full((4,), float(i)), i % 2

@pytest.mark.parametrize('workers', [0, 2])
def test_a_dataset_goes_through_workers(workers):
    dls = DataLoaders.from_dsets(Squares(), Squares(), bs=16, num_workers=workers, persistent_workers=workers > 0)
    assert dls.valid.tensors is None and len(dls.valid) == 4
    learn = Learner(dls, nn.Linear(4, 2), F.cross_entropy, metrics=accuracy)
    with learn.no_bar(): learn.fit(1, lr=1e-3)
    preds, targs = learn.get_preds()
    assert learn.predict(torch.full((4,), 3.))[2].shape == (2,)
    assert preds.shape == (50, 2) and targs.tolist() == [i % 2 for i in range(50)]
    assert learn.get_preds(ds_idx=0)[1].tolist() == targs.tolist()      # the training loader shuffles, this does not

def test_each_event_is_called_in_its_place():
    log = []
    Log = type('Log', (Callback,), {e: (lambda e: lambda self: log.append(e))(e) for e in events if 'cancel' not in e})
    data = torch.randn(4, 3), torch.tensor([0, 1, 0, 1])
    learn = Learner(DataLoaders.from_dsets(data, data, bs=4), nn.Linear(3, 2), F.cross_entropy, cbs=Log)
    with learn.no_bar(): learn.fit(1)
    batch = 'before_batch after_pred after_loss'.split()
    assert log == ('after_create before_fit before_epoch before_train'.split() + batch + 'before_backward after_backward before_step after_step after_batch after_train'.split()
                   + ['before_validate', *batch, 'after_batch', 'after_validate', 'after_epoch', 'after_fit'])

def test_each_cancel_leaves_its_level_and_only_that():
    import visionlab.learner as vl
    data = torch.randn(8, 3), torch.arange(8) % 2
    for name, where, level in (('Backward', 'before_backward', 'backward'), ('Step', 'before_step', 'step'), ('Batch', 'after_pred', 'batch'),
                               ('Train', 'before_batch', 'train'), ('Valid', 'before_validate', 'validate'), ('Epoch', 'before_train', 'epoch'), ('Fit', 'after_loss', 'fit')):
        log = []
        def leave(self, exc=getattr(vl, f'Cancel{name}Exception')):
            if self.training or exc is not vl.CancelTrainException: raise exc
        cb = type('Leave', (Callback,), {where: leave, f'after_cancel_{level}': lambda self: log.append('cancelled'), 'after_fit': lambda self: log.append('fit')})
        learn = Learner(DataLoaders.from_dsets(data, data, bs=4), nn.Linear(3, 2), F.cross_entropy, cbs=cb)
        with learn.no_bar(): learn.fit(2)
        assert log[0] == 'cancelled' and log[-1] == 'fit' and log.count('fit') == 1, (name, log)
        learn.remove_cb(learn.leave)
        with learn.no_bar(): learn.fit(1)                               # and the learner is as good as new
        assert len(learn.recorder.values) == 1

class FakeAccelerator:
    """A device that no machine has: shapes and places are real, numbers are not. Mixing it with the CPU raises, and so does whatever
    would wait for a number. Reading is allowed where an epoch's training and its validation end."""
    def __init__(self, monkeypatch):
        def take(rec): rec.losses += [0.]*len(rec._raw); rec._raw = []
        monkeypatch.setattr(Recorder, 'after_train', take)
        monkeypatch.setattr(AvgMetric, 'value', property(lambda self: 0.))
    def learner(self, loss=F.cross_entropy, **kwargs):
        with torch.device('lazy'):
            x, y = torch.randn(256, 1, 28, 28), torch.zeros(256, dtype=torch.long)
            model = nn.Sequential(nn.Conv2d(1, 4, 3, stride=2), nn.BatchNorm2d(4), nn.ReLU(), nn.Conv2d(4, 4, 3), nn.Flatten(), nn.Linear(4*11*11, 10))
        dls = DataLoaders(DataLoader((x, y), bs=64, shuffle=True), DataLoader((x, y), bs=64))
        learn = Learner(dls, model, loss, partial(torch.optim.AdamW, fused=False, foreach=False), metrics=accuracy, **kwargs)
        learn.remove_cb(DeviceCallback)        # a fake device can be made on, but not be moved to
        return learn

@pytest.fixture
def accelerator(monkeypatch):
    with FakeTensorMode(allow_non_fake_inputs=True): yield FakeAccelerator(monkeypatch)

def test_a_whole_training_on_an_accelerator_waits_for_nothing(accelerator):
    import visionlab.all as vl
    learn = accelerator.learner(cbs=[vl.ActivationStats(with_hist=True), vl.GradientClip(1.), vl.GradientAccumulation(2)])
    learn.fit(2)
    learn.fit_one_cycle(2, .01)
    assert len(learn.recorder.losses) == 8 and len(learn.recorder.values) == 2
    learn.remove_cb(vl.ActivationStats)
    assert [len(o) for o in learn.get_preds(with_input=True, with_decoded=True, with_loss=True)] == [256]*5
    assert learn.validate() == [0., 0.]

def test_augmentation_mixing_and_sixteen_bits_wait_for_nothing(accelerator, monkeypatch):
    import visionlab.all as vl
    monkeypatch.setattr(torch, '_sample_dirichlet', lambda c, *a: torch.rand_like(c))    # which no fake device has
    monkeypatch.setattr(torch, 'autocast', lambda device, dtype: nullcontext())          # nor autocast: that it is entered and left is what is seen
    tfms = [*vl.aug_transforms(), vl.RandomErasing()]
    def all_of_them(b): return reduce(lambda b, f: f(b), tfms, b)
    for cb in (vl.MixUp(), vl.CutMix()):
        learn = accelerator.learner(cbs=cb).to_bf16()
        learn.dls.train.batch_tfm = all_of_them
        learn.fit_one_cycle(1, .01)
        assert len(learn.recorder.losses) == 4 and len(learn.get_preds()[0]) == 256

def test_a_search_on_an_accelerator_waits_once_a_batch(accelerator, monkeypatch):
    "It must look at each loss to know when to stop, and looks at nothing else; the optimizer, unfused here, at the steps it has counted on the CPU."
    import visionlab.all as vl
    waits = []
    def item(self):
        if self.device.type != 'cpu': waits.append(self)
        return 1.
    monkeypatch.setattr(torch.Tensor, 'item', item)
    accelerator.learner().lr_find(num_it=10, show_plot=False)
    assert len(waits) == 10

def test_what_waits_or_mixes_devices_on_an_accelerator_is_seen(accelerator):
    class Reads(Callback):
        def after_loss(self): self.loss.item()
    class Mixes(Callback):
        def after_pred(self): self.pred + torch.zeros(10)
    with pytest.raises(DataDependentOutputException): accelerator.learner(cbs=Reads).fit(1)
    with pytest.raises(Exception, match='device'): accelerator.learner(cbs=Mixes).fit(1)

@pytest.mark.skipif(not torch.cuda.is_available(), reason='needs CUDA')
def test_cuda_places_everything():
    data = torch.randn(64, 3), torch.arange(64) % 2
    learn = Learner(DataLoaders.from_dsets(data, data, bs=16), nn.Linear(3, 2), F.cross_entropy, metrics=accuracy, cbs=DeviceCallback('cuda'))
    with learn.no_bar(): learn.fit(1)
    assert learn.x.is_cuda and learn.model.weight.is_cuda and not learn.get_preds()[0].is_cuda

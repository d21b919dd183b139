"""What a notebook cannot try on itself: a real Ctrl-C, a real terminal, worker processes, a fit that costs nothing but its work."""
import os, pty, re, select, signal, subprocess, sys, textwrap, time
import pytest, torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import Dataset
from visionlab.learner import Callback, DataLoader, DataLoaders, DeviceCallback, Learner, Recorder, accuracy, events

HEAD = '''
import torch, torch.nn.functional as F
from torch import nn
from visionlab.learner import *
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
    p = subprocess.Popen(script('''
        import time
        class Slow(Callback):
            def after_batch(self): time.sleep(.002)
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
    assert '[#' in text and 'epoch 0, training batch' in text and 'validation batch' in text
    shown = [re.sub(r'.*\r(\x1b\[K)?', '', l) for l in text.replace('\r\n', '\n').split('\n')]     # what is left to see
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

def test_nothing_is_read_from_the_device_inside_an_epoch(monkeypatch):
    "On a CPU the loss is looked at, which costs nothing; elsewhere a batch must not wait for a number."
    reads, inside = [], []
    data = torch.randn(32, 3), torch.arange(32) % 2
    class Mark(Callback):
        order = -1000
        def before_train(self): inside.append(1)
        def after_train(self): inside.clear()
    class Elsewhere(nn.Module):
        "A loss that says it is not on the CPU."
        def forward(self, p, y): return Away(F.cross_entropy(p, y))
    class Away(torch.Tensor):
        @staticmethod
        def __new__(cls, t): return torch.Tensor._make_subclass(cls, t) if not t.requires_grad else t.as_subclass(cls)
        @property
        def device(self): return torch.device('meta')
    for name in ('item', 'tolist', '__bool__', '__float__', 'cpu', 'numpy'):
        original = getattr(torch.Tensor, name)
        def spy(self, *a, _name=name, _f=original, **k):
            if inside: reads.append(_name)
            return _f(self, *a, **k)
        monkeypatch.setattr(torch.Tensor, name, spy)
    learn = Learner(DataLoaders(DataLoader(data, bs=4)), nn.Linear(3, 2), Elsewhere(), cbs=Mark)
    with learn.no_bar(): learn.fit(2)
    assert not reads, reads
    assert len(learn.recorder.losses) == 16

@pytest.mark.skipif(not torch.cuda.is_available(), reason='needs CUDA')
def test_cuda_places_everything():
    data = torch.randn(64, 3), torch.arange(64) % 2
    learn = Learner(DataLoaders.from_dsets(data, data, bs=16), nn.Linear(3, 2), F.cross_entropy, metrics=accuracy, cbs=DeviceCallback('cuda'))
    with learn.no_bar(): learn.fit(1)
    assert learn.x.is_cuda and learn.model.weight.is_cuda and not learn.get_preds()[0].is_cuda

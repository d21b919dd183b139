"""What only several processes show: a training killed and started again, one that two processes share, and the accelerator that no machine has."""
import json, os, re, subprocess, sys, time
from functools import partial
from pathlib import Path
import pytest, torch, torch.nn.functional as F
from conftest import skip
from PIL import Image
from safetensors.torch import load_file
from torch import nn
from visionlab.all import (Callback, CheckpointCallback, DataLoader, DataLoaders, DistributedCallback, Learner, PILImageBW, ProgressCallback, Shards, accuracy,
                           num_distrib, rank_distrib, set_seed, write_shards)

PROGRAMS = Path(__file__).parent/'programs'

def program(name, *words, n=None, restarts=0, timeout=150):
    "A program of tests/programs, alone or in `n` processes: its status, what it printed, how long it took."
    torchrun = ['-m', 'torch.distributed.run', '--standalone', f'--nproc-per-node={n}', f'--max-restarts={restarts}'] if n else []
    start = time.time()
    r = subprocess.run([sys.executable, *torchrun, PROGRAMS/f'{name}.py', *map(str, words)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=timeout)
    return r.returncode, r.stdout, time.time() - start

# ---- killed

def test_killed_twenty_times_it_ends_where_it_would_have_ended(tmp_path):
    "By SIGKILL at random moments, some in a write: weights, record, schedule, best model and table come out to the bit, through dropout, noise and accumulation."
    code, out, _ = program('killed', tmp_path, 20)
    assert code == 0, out
    said = json.loads(out.splitlines()[-1])
    assert said['equal'] and all(said['equal']), out
    assert said['in_a_write'], 'no kill was in a write: too few to say anything'
    assert [p for p in said['left'] if p.startswith('epoch')] == ['epoch-0003-batch-000012.safetensors', 'epoch-0004-batch-000000.safetensors'] and not [p for p in said['left'] if p.startswith('.')]

def learner(n=64, bs=16, opt=torch.optim.AdamW, hidden=8):
    set_seed(1)
    x, y = torch.randn(n, 5), torch.arange(n) % 2
    learn = Learner(DataLoaders.from_dsets((x, y), (x, y), bs=bs), nn.Sequential(nn.Linear(5, hidden), nn.ReLU(), nn.Linear(hidden, 2)), F.cross_entropy, opt, metrics=accuracy)
    learn.remove_cb(ProgressCallback)
    return learn

def weights(learn): return torch.cat([p.flatten() for p in learn.model.state_dict().values()])

def files(run): return sorted(run.glob('epoch*'))

@pytest.mark.parametrize('harm', ['cut', 'zeros', 'bit', 'empty'])
def test_a_torn_checkpoint_is_passed_over_for_the_one_before(tmp_path, capsys, harm):
    whole, run = learner(), tmp_path/'run'
    whole.fit(4)
    learner().fit(2, resume=run)
    last = files(run)[-1]
    raw = last.read_bytes()
    last.write_bytes({'cut': raw[:-100], 'zeros': raw[:500] + bytes(len(raw) - 500), 'bit': raw[:-1] + bytes([raw[-1] ^ 1]), 'empty': b''}[harm])
    again = learner()
    again.fit(4, resume=run)
    assert 'is not whole' in (out := capsys.readouterr().out) and 'going on at epoch 1' in out
    assert torch.equal(weights(whole), weights(again)) and whole.recorder.losses == again.recorder.losses

def test_what_does_not_belong_to_the_training_is_refused(tmp_path):
    learner().fit(1, cbs=CheckpointCallback(tmp_path, every=3))
    files(tmp_path)[-1].unlink()                                       # in mid-epoch
    with pytest.raises(ValueError, match='4 batches an epoch, this loader 8'): learner(bs=8).fit(1, resume=tmp_path)
    with pytest.raises(RuntimeError, match='another optimizer'): learner(opt=partial(torch.optim.SGD, momentum=.9)).fit(1, resume=tmp_path)
    with pytest.raises(RuntimeError, match='size mismatch'): learner(hidden=9).fit(1, resume=tmp_path)

def test_what_is_done_is_not_done_again(tmp_path, capsys):
    first, again = learner(), learner()
    first.fit(2, resume=tmp_path)
    again.fit(2, resume=tmp_path)
    assert 'all is done' in capsys.readouterr().out
    assert torch.equal(weights(first), weights(again)) and first.recorder.values == again.recorder.values and again.validate() == first.recorder.values[-1][1:]
    again.fit(3, resume=tmp_path)                                      # and one more epoch is one more
    assert len(again.recorder.values) == 3

def test_a_checkpoint_runs_nothing(tmp_path):
    "A pickle under the name of a checkpoint is passed over, and does not run."
    import pickle
    class Evil:
        def __reduce__(self): return os.mkdir, (str(tmp_path/'ran'),)
    tmp_path.joinpath('epoch-0001-batch-000000.safetensors').write_bytes(pickle.dumps(Evil()))
    learner().fit(1, resume=tmp_path)
    assert not (tmp_path/'ran').exists() and [p.name for p in files(tmp_path)] == ['epoch-0001-batch-000000.safetensors']

@pytest.mark.parametrize('kind', ['shards', 'torch'])
def test_a_stream_goes_on_where_it_was(tmp_path, kind):
    "Shuffled shards, and torch's loader with two workers and random items: broken off in mid-epoch, the rest of the epoch is the same."
    def train(stop=None, **kwargs):
        set_seed(1)
        if kind == 'shards': data, more = Shards(tmp_path/'shards', PILImageBW, buffer=20), dict(batch_tfm=lambda b: (b[0].float()/255, b[1]))
        else: data, more = Noisy(), dict(num_workers=2)
        learn = Learner(DataLoaders(DataLoader(data, bs=8, shuffle=True, **more)), nn.Sequential(nn.Flatten(), nn.Linear(16, 3)), F.cross_entropy)
        learn.remove_cb(ProgressCallback)
        class Stop(Callback):
            def before_batch(self):
                if (self.learn.epoch, self.learn.iter) == stop: raise InterruptedError
        try: learn.fit(2, cbs=[*kwargs.get('cbs', []), Stop])
        except InterruptedError: pass
        return learn
    if kind == 'shards': write_shards([(Image.fromarray(torch.full((4, 4), i, dtype=torch.uint8).numpy()), i % 3) for i in range(60)], tmp_path/'shards', per_shard=25)
    whole = train()
    for stop in ((0, 5), (1, 3), None): again = train(stop, cbs=[CheckpointCallback(tmp_path/'run', every=2)])
    assert torch.equal(weights(whole), weights(again)) and whole.recorder.losses == again.recorder.losses and len(whole.recorder.losses) == 16

class Noisy:
    "Items that torch's workers make of noise."
    def __len__(self): return 60
    def __getitem__(self, i): return torch.full((4, 4), float(i)/60) + .1*torch.randn(4, 4), i % 3

# ---- together

def test_alone_nothing_changes():
    plain = learner()
    plain.fit(2)
    alone = learner()
    alone.add_cbs(DistributedCallback())
    alone.fit(2)
    assert torch.equal(weights(plain), weights(alone)) and (rank_distrib(), num_distrib()) == (0, 1)

KINDS = 'tensors', 'items', 'files', 'shards'

@pytest.fixture(scope='module')
def trained(tmp_path_factory):
    "What a process left alone, and what two left together."
    folder = tmp_path_factory.mktemp('together')
    for n in (None, 2):
        code, out, _ = program('together', folder, *KINDS, n=n)
        assert code == 0, out
        assert len(re.findall('train_loss', out)) == len(KINDS), 'one of them shows the table'
    return folder

@pytest.mark.parametrize('kind', KINDS)
def test_two_processes_are_one_with_twice_the_hands(trained, kind):
    "Shuffled, by one cycle: weights, losses, metrics over all items, predictions in order are those of one process, within float error."
    one, two = load_file(trained/f'{kind}1.safetensors'), load_file(trained/f'{kind}2.safetensors')
    for k in ('weights', 'losses', 'values', 'preds', 'item_losses', 'numbers', 'one'):
        assert one[k].shape == two[k].shape and torch.allclose(one[k], two[k], atol=2e-5), (k, (one[k] - two[k]).abs().max())
    assert torch.equal(one['targs'], two['targs']) and len(one['losses']) == 30
    if kind == 'items': assert two['asked'] < .52*one['asked'], 'each opens its own items and no others'
    assert len((trained/f'{kind}2.csv').read_text().splitlines()) == 4

def test_no_thread_of_theirs_outlives_the_group(trained):
    said = [(trained/f'threads{r}of2').read_text() for r in (0, 1)]
    if not all(said): skip('this system does not name the threads of a process')
    assert not [s for s in said if 'gloo' in s], said

def test_a_killed_process_ends_all_and_all_go_on(trained, tmp_path):
    """Without a restart torchrun ends within seconds, and says who died of what, or, where the other was quicker to notice, that its connection broke; with
    one, the training ends where it would have ended."""
    code, out, took = program('together', tmp_path, 'killed', n=2)
    assert code and re.search(r'Signal 9 \(SIGKILL\)|Connection (reset|closed) by peer', out) and 'FAILED' in out, out
    assert took < 60 and not (tmp_path/'killed2.safetensors').exists()
    for p in (tmp_path/'died', *(tmp_path/'run2').iterdir()): p.unlink()
    code, out, _ = program('together', tmp_path, 'killed', n=2, restarts=1)
    assert code == 0 and 'going on at epoch 1, batch 2' in out and (tmp_path/'died').exists(), out
    one, two = load_file(trained/'tensors1.safetensors'), load_file(tmp_path/'killed2.safetensors')
    assert torch.allclose(one['weights'], two['weights'], atol=2e-5) and torch.allclose(one['losses'], two['losses'], atol=2e-5)

def test_a_rate_is_searched_alone(monkeypatch):
    monkeypatch.setenv('WORLD_SIZE', '2')
    with pytest.raises(RuntimeError, match='search in one process'): learner().lr_find()

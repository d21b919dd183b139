"""A training that is killed at random moments and started again, for test_scale.py: `killed.py FOLDER KILLS`. Says how it went, as JSON."""
import hashlib, json, os, random, signal, sys, time, traceback
from pathlib import Path
import torch, torch.nn.functional as F
from torch import nn
from visionlab.all import *

def train(folder):
    "What the weights, the record and the files of a whole training come to; `folder` holds its checkpoints, or `None`."
    set_seed(1)
    x, y = torch.randn(384, 1, 16, 16), torch.randint(0, 3, (384,))
    set_seed(2)
    def noisy(b): return (b[0] + .1*torch.randn(len(b[0]), 1, 1, 1), *b[1:])
    dls = DataLoaders(DataLoader((x, y), bs=32, shuffle=True, batch_tfm=noisy), DataLoader((x[:100], y[:100]), bs=64))
    net = nn.Sequential(nn.Flatten(), nn.Linear(256, 1200), nn.BatchNorm1d(1200), nn.ReLU(), nn.Dropout(.3), nn.Linear(1200, 600), nn.ReLU(), nn.Linear(600, 3))
    learn = Learner(dls, net, F.cross_entropy, metrics=accuracy, cbs=GradientAccumulation(3))
    files = Path(folder or 'plain')/'files'
    cbs = [SaveModel(files/'best', at_end=False), EarlyStopping(patience=3), CSVLogger(files/'history.csv')]
    with learn.no_bar(): learn.fit_one_cycle(4, .003, cbs=cbs + ([CheckpointCallback(folder, every=2)] if folder else []))
    rec, weights = learn.recorder, b''.join(v.numpy().tobytes() for v in learn.model.state_dict().values())
    rows = [r.rsplit(',', 1)[0] for r in (files/'history.csv').read_text().splitlines()]          # but for the seconds
    best = hashlib.sha256((files/'best.safetensors').read_bytes()).hexdigest()
    return [hashlib.sha256(weights).hexdigest(), rec.losses, [list(v) for v in rec.values], rec.hps, len(rec.seconds), rows, best]

def child(folder, result):
    "Trains in a process of its own, which leaves its result in a file."
    if pid := os.fork(): return pid
    try:
        sys.stdout = open(os.devnull, 'w')
        res = train(folder)
        result.with_suffix('.part').write_text(json.dumps(res))
        result.with_suffix('.part').rename(result)
        os._exit(0)
    except BaseException: traceback.print_exc()
    os._exit(1)

def ended(pid):
    "Waits for a child that nobody kills."
    assert os.waitpid(pid, 0)[1] == 0, 'a training failed, see above'

if __name__ == '__main__':
    os.chdir(sys.argv[1])
    torch.set_num_threads(1)
    dice, kills, in_a_write, equal, runs = random.Random(), int(sys.argv[2]), 0, [], 0
    ended(child(None, Path('alone.json')))
    alone = Path('alone.json').read_text()
    while kills or len(equal) < runs:
        if len(equal) == runs: runs += 1
        folder, result = Path(f'run{runs}'), Path(f'run{runs}.json')
        pid = child(folder, result)
        if kills:
            end = time.time() + dice.uniform(.02, .8) + 2*(kills % 4 == 0)
            while time.time() < end and not (kills % 4 == 0 and any(folder.glob('.epoch-*'))): time.sleep(.001)     # every fourth when a write has begun
            os.kill(pid, signal.SIGKILL)              # of one that has ended and was not waited for, nothing comes
            status = os.waitpid(pid, 0)[1]
            assert status in (0, signal.SIGKILL), 'a training failed, see above'
            if status: kills -= 1; in_a_write += bool([*folder.glob('.epoch-*')])
        else: ended(pid)
        if result.exists(): equal.append(result.read_text() == alone)
    print(json.dumps(dict(in_a_write=in_a_write, equal=equal, left=sorted(p.name for p in folder.iterdir()))))

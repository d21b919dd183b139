"""Trainings for `torchrun`, or for one process alone, for test_scale.py: `together.py FOLDER KIND...`. Process 0 leaves what came of each in a file."""
import atexit, os, signal, sys
from pathlib import Path
import torch, torch.nn.functional as F
from PIL import Image
from safetensors.torch import save_file
from torch import nn
from visionlab.all import *

folder, rank, world = Path(sys.argv[1]), rank_distrib(), num_distrib()
set_seed(1)
x, y = torch.randint(0, 256, (330, 1, 8, 8), dtype=torch.uint8), torch.randint(0, 3, (330,))

@atexit.register                                       # runs after what visionlab registers later
def threads():
    "A thread of gloo's that is still there now and drops a tensor while Python ends would abort the process, now and then."
    names = [o.read_text().strip() for o in Path('/proc/self/task').glob('*/comm')]
    (folder/f'threads{rank}of{world}').write_text(' '.join(names))

class Items:
    "Items one by one, for torch's loader, which count how often they are asked for."
    asked = 0
    def __init__(self, x, y): self.x, self.y = x, y
    def __len__(self): return len(self.x)
    def __getitem__(self, i): Items.asked += 1; return self.x[i], self.y[i]

class Dies(Callback):
    "The second process is killed in its second epoch, once."
    def before_batch(self):
        if rank == 1 and self.learn.training and (self.learn.epoch, self.learn.iter) == (1, 3) and not (folder/'died').exists():
            (folder/'died').touch()
            os.kill(os.getpid(), signal.SIGKILL)

def loader(kind, name, n, shuffle=False):
    "The first `n` items in the way that is tested."
    data, opts = (x[:n], y[:n]), dict(bs=32, shuffle=shuffle, batch_tfm=lambda b: (b[0].float()/255, b[1].long()))
    if kind == 'items': return DataLoader(Items(*data), **opts)
    if kind not in ('shards', 'files'): return DataLoader(data, **opts)
    pairs = [(Image.fromarray(a[0].numpy()), int(b)) for a, b in zip(*data)]
    if kind == 'files':
        ims, labels = zip(*pairs)
        return DataLoader(ItemDataset(range(n), [ImageBlock(PILImageBW), CategoryBlock([0, 1, 2])], [ims.__getitem__, labels.__getitem__]), **opts)
    if rank == 0 and not (folder/name).exists(): write_shards(pairs, folder/name, per_shard=50)
    if world > 1: torch.distributed.barrier()
    return DataLoader(Shards(folder/name, PILImageBW, buffer=40), **opts)

def recall(y_true, y_pred): return float((y_pred[y_true == 1] == 1).mean())

def train(kind):
    set_seed(2)
    together, Items.asked = DistributedCallback(), 0
    net = nn.Sequential(nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.Flatten(), nn.Linear(512, 3))
    dls = DataLoaders(loader(kind, 'train', 320, shuffle=True), loader(kind, 'valid', 330))
    learn = Learner(dls, net, F.cross_entropy, metrics=[accuracy, AccumMetric(recall)], cbs=[together, CSVLogger(folder/f'{kind}{world}.csv')])
    learn.fit_one_cycle(3, .01, cbs=[CheckpointCallback(folder/f'run{world}', every=2), Dies] if kind == 'killed' else None)
    asked, one = Items.asked, learn.predict(x[3])[2] if rank == 0 else None           # what one process asks, the others do not wait for
    preds, targs, item_losses = learn.get_preds(with_loss=True)
    numbers, rec = learn.validate(), learn.recorder
    if rank == 0: save_file(dict(weights=torch.cat([v.flatten() for v in net.state_dict().values()]), losses=torch.tensor(rec.losses), values=torch.tensor([list(v) for v in rec.values]),
                                 preds=preds, targs=targs, item_losses=item_losses, numbers=torch.tensor(list(numbers)), one=one, asked=torch.tensor(asked)), folder/f'{kind}{world}.safetensors')

for kind in sys.argv[2:]: train(kind)

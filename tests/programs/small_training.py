"""Every module named is imported and a small model trained, for test_package.py: `small_training.py MODULE ...`."""
import importlib, sys
import fastcore

for name in sys.argv[1:]: importlib.import_module(f'visionlab.{name}')
from visionlab.all import *

set_seed(1)
x = torch.randn(512, 4)
y = (x[:, :1] > x[:, 1:2]).float()
rows = list(zip(x, y))
dls = DataLoaders(DataLoader(rows[:400], bs=32, shuffle=True), DataLoader(rows[400:], bs=64))

def right(pred, y): return ((pred > 0) == (y > 0)).float().mean()

learn = Learner(dls, nn.Linear(4, 1), loss_func=nn.BCEWithLogitsLoss(), opt_func=torch.optim.SGD, lr=.5, metrics=right)
with learn.no_bar(): learn.fit(5)
assert learn.recorder.values[-1][-1] > .9, learn.recorder.values
print('trained under fastcore', fastcore.__version__)

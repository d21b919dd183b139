"""What a type checker sees of visionlab, for test_package.py: it reports the lines marked wrong, and no others."""
from visionlab.all import *

def train(dls: DataLoaders) -> float:
    learn = Learner(dls, nn.Sequential(nn.Flatten(), nn.Linear(784, 10)), F.cross_entropy, metrics=accuracy)
    learn.summary()
    learn.lr_find(num_it=50)
    learn.fit_one_cycle(1, lr_max=.1)
    learn.fit(1, lr=None, cbs=ActivationStats())
    learn.recorder.plot_loss()
    learn.activation_stats.color_dim(0)
    x, probs, y = learn.get_preds(with_input=True)
    learn.to_fp16().save('here')
    learn.fit_one_cyle(1)             # wrong
    learn.fit_one_cycle(1, lrmax=.1)  # wrong
    learn.fit('three')                # wrong
    return np.mean(learn.recorder.losses)

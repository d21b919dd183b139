"""`make demo`: real handwritten digits, a network that learns to read them, and a picture of what it gets wrong."""
import os, sys, time

print('demo: importing torch and visionlab (the first time takes a while)', flush=True)
os.environ.setdefault('MPLBACKEND', 'agg')
from visionlab.all import *

def scale(batch): return batch[0].float().div(255), batch[1]     # bytes 0 to 255 become numbers 0 to 1

def main(picture='demo.png'):
    print(f'demo: 70,000 handwritten digits (MNIST), kept in {data_home()}', flush=True)
    train, valid = load_mnist()
    dls = DataLoaders.from_dsets(train, valid, bs=256, after_batch=scale, vocab=mnist_vocab)
    set_seed(42)
    model = nn.Sequential(nn.Flatten(), nn.Linear(784, 512), nn.ReLU(), nn.Linear(512, 10))
    learn = Learner(dls, model, F.cross_entropy, metrics=accuracy)
    n_params = sum(p.numel() for p in model.parameters())
    print(f'demo: training a network with one hidden layer, {n_params:,} parameters, on {default_device()}: five epochs, and two at a lower rate\n', flush=True)
    start = time.perf_counter()
    learn.fit(5, lr=2e-3)
    learn.fit(2, lr=3e-4)
    took = time.perf_counter() - start
    x, probs, y = learn.get_preds(with_input=True)
    sure, guess = probs.max(1)
    wrong = (guess != y).nonzero()[:,0]
    worst = wrong[sure[wrong].argsort(descending=True)][:32]
    show_images(x[worst], nrows=4, titles=[f'{y[i]}, says {guess[i]}' for i in worst], imsize=1.3,
                suptitle=f'{len(wrong)} of {len(y):,} digits misread; these {len(worst)} most confidently')
    plt.savefig(picture, dpi=110, bbox_inches='tight')
    print(f'''
demo: {1 - len(wrong)/len(y):.2%} of the test set read correctly: {len(wrong)} errors out of {len(y):,}, after {took:.1f} s of training
demo: the digits it gets most confidently wrong are in {os.path.abspath(picture)}

Next: `make lab` opens the lessons (start with 01_data), `make docs` builds the site, `make` lists the rest.''')

if __name__ == '__main__':
    try: main()
    except (FetchError, OSError) as e: sys.exit(f'demo: {e}')

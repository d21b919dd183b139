# Written by tools/stubs.py from loaders.py and what later modules add to it. Not to be edited.
from .core import keep_rng, show_images, tensor, to_cpu, to_device
from PIL import Image
from collections.abc import Iterator
from copy import copy
from fastcore.basics import first, noop
from fastcore.foundation import L
from pathlib import Path
from torch import Tensor
from torch.utils.data import DataLoader as TorchLoader, IterableDataset, Subset, TensorDataset, default_collate
from typing import Any
import torch

__all__ = ['TensorBatches', 'split_batch', 'Batches', 'describe_batch', 'DataLoader', 'DataLoaders', 'label_text']

class TensorBatches:
    'Batches of tensors in memory, by slicing. A shuffle draws one order an epoch and copies 32 batches at a time.'
    tensors: tuple
    bs: int
    shuffle: bool
    drop_last: bool
    def __init__(self, tensors: tuple, bs: int=64, shuffle: bool=False, drop_last: bool=False): ...
    def __len__(self): ...
    def unshuffled(self):
        'The same without a shuffle.'
    def __iter__(self): ...

def split_batch(b, n_inp: int | None=None) -> tuple:
    'A batch as what goes into the model and what should come out. Raises `TypeError` for anything but a row of parts.'

class Batches:
    'Ready-made batches, as tuples on `device`: a list, a torch loader, or whatever gives them anew at each `iter`.'
    tensors: Any
    batches: Any
    batch_tfm: Any
    dataset: Any
    device: Any
    def __init__(self, batches, batch_tfm=..., device=None): ...
    def __len__(self): ...
    def __iter__(self): ...
    def to(self, device) -> 'Batches':
        'Batches will come on `device` from now on; tensors in memory are moved there at once.'
    def one_batch(self) -> tuple:
        'The first batch that the next epoch will give. Looking uses up no random numbers.'
    def ordered(self) -> 'Batches':
        'A loader of every item once, in the order of the data set, where that is known; else of the same batches.'
    def item_batch(self, item, n_inp: int | None=None) -> 'Batches':
        "One item on its way into the model, as the loader's own go. Raises where the data set holds something else."
    def show_batch(self, max_n: int=9, nrows: int | None=None, unique: bool=False, **kwargs):
        "Draws the first items of this loader's next batch, with their labels: `dls.valid.show_batch()`."

def describe_batch(o) -> str:
    'The shapes and types of tensors in words, for an error.'

class DataLoader(Batches):
    'Batches of a data set, as tuples on `device`.'
    n: Any
    kwargs: Any
    dataset: Any
    bs: int
    shuffle: bool
    drop_last: bool
    def __init__(self, dataset, bs: int=64, shuffle: bool=False, drop_last: bool=False, batch_tfm=..., num_workers: int=0, device=None, batch_size: int | None=None, **kwargs): ...
    def new(self, dataset=None, **changes) -> 'DataLoader':
        'A loader like this one but for what is named.'
    def get_items(self, at) -> tuple:
        'The items at these positions as a batch, the same every time.'

class DataLoaders:
    'A training and a validation loader, and what belongs to both: names of the classes, and which parts are inputs.'
    train: Any
    valid: Any
    loaders: Any
    vocab: Any
    n_inp: Any
    def __init__(self, *loaders, vocab=None, n_inp: int | None=None): ...
    @classmethod
    def from_dsets(cls, train, valid, vocab=None, n_inp: int | None=None, **kwargs) -> 'DataLoaders':
        'Loaders for two data sets.'
    def __getitem__(self, i): ...
    def __len__(self): ...
    def one_batch(self):
        'The first batch that the next epoch of training will give.'
    def to_show(self, x):
        'Inputs as they can be shown: as they are, unless a subclass knows better.'
    def label(self, y):
        'What to call a target: names from `vocab` where there are names.'
    def show_batch(self, max_n: int=9, nrows: int | None=None, unique: bool=False, **kwargs):
        'Draws the first items of a training batch with their labels. Looking uses up no random numbers.'
    @property
    def c(self) -> int:
        'How many classes there are. Raises `AttributeError` where they have no names.'
    def test_dl(self, items, bs: int=64) -> DataLoader:
        'Batches of new items, made as those of the validation set are, without targets.'

def label_text(label) -> str:
    'A label as the title of a picture.'

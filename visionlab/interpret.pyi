# Written by tools/stubs.py from interpret.py and what later modules add to it. Not to be edited.
from .core import show_images, to_cpu
from .learner import Learner
from .loaders import Batches, describe_batch, split_batch
from fastcore.basics import patch
from statistics import NormalDist
from torch import Tensor
from torch.distributions import Binomial
from typing import Any
from typing import NamedTuple
import math
import matplotlib.pyplot as plt, numpy as np, pandas as pd, torch

__all__ = ['Interpretation', 'ClassificationInterpretation', 'rate_interval', 'Comparison', 'compare_models', 'calibration', 'calibration_error']

class Interpretation:
    'What a classifier says of every item of a loader, and how wrong it is. Pictures are read again when shown.'
    targs: Tensor
    decoded: Tensor
    learn: Learner
    dl: Any
    preds: Tensor
    losses: Tensor
    def __init__(self, learn: Learner, dl, preds: Tensor, targs: Tensor, decoded: Tensor, losses: Tensor): ...
    @classmethod
    def from_learner(cls, learn: Learner, ds_idx: int=1, dl=None):
        'Asks a learner for its predictions. Raises `ValueError` where items do not have one class each.'
    @property
    def vocab(self) -> list:
        'Names of the classes, or their numbers.'
    @property
    def right(self) -> Tensor:
        'Whether each prediction is right.'
    @property
    def confidence(self) -> Tensor:
        'The probability of what was predicted.'
    def top_losses(self, k: int | None=None, largest: bool=True) -> tuple:
        'The items by their loss.'
    def show_results(self, idxs, nrows: int | None=None, suptitle: str='prediction / actual, loss / probability', **kwargs):
        "Draws these items, above each what is predicted, what it is, its loss, and the prediction's probability."
    def plot_top_losses(self, k: int, largest: bool=True, nrows: int | None=None, **kwargs):
        'Draws the items with the largest losses, each with prediction, actual class, loss and probability.'

class ClassificationInterpretation(Interpretation):
    'The mistakes of a classifier, class by class.'
    def confusion_matrix(self) -> np.ndarray:
        'How often each class (row) is called each class (column).'
    def most_confused(self, min_val: int=1) -> list:
        'The mistakes by kind, the most frequent first.'
    def classification_report(self) -> pd.DataFrame:
        'Precision, recall, F1 and the number of items; NaN where there was nothing to be right about.'
    def print_classification_report(self, conf: float=0.95):
        'Prints that, precision and recall with their intervals, and below it the accuracy.'
    def plot_confusion_matrix(self, normalize: bool=False, title: str='Confusion matrix', cmap: str='Blues', norm_dec: int=2, plot_txt: bool=True, **kwargs) -> plt.Axes:
        'Draws how often each class (row) is called each class (column).'

def rate_interval(k: int, n: int, conf: float=0.95) -> tuple:
    "The rates that `k` of `n` leaves possible: Wilson's interval. Nothing of nothing leaves all of them possible."

class Comparison(NamedTuple):
    'Two models on the same pictures.'
    n: int
    only_a: int
    only_b: int
    fewer: int
    low: float
    high: float
    p: float

def compare_models(right_a: Tensor, right_b: Tensor, conf: float=0.95) -> Comparison:
    'Whether two models differ by more than chance, judged by the pictures that only one of them gets right.'

def calibration(confidence: Tensor, right: Tensor, n_bins: int=10) -> pd.DataFrame:
    'How often a model is right that is so sure.'

def calibration_error(confidence: Tensor, right: Tensor, n_bins: int=10) -> float:
    'By how much confidence and accuracy differ, the mean over items (expected calibration error).'

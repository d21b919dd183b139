# Written by tools/stubs.py from activations.py and what later modules add to it. Not to be edited.
from .core import Hooks
from .learner import Callback, Recorder
from fastcore.basics import patch
from itertools import groupby
from torch import nn, Tensor
from typing import Any
import math
import matplotlib.pyplot as plt, pandas as pd, torch

__all__ = ['HookCallback', 'ActivationStats']

class HookCallback(Callback):
    'Listens to layers in the training batches of a fit: a subclass defines `hook(self, module, inputs, output)`.'
    order: Any
    hooks: Any
    modules: Any
    layers: Any
    names: Any
    def __init__(self, modules=None): ...
    def hook(self, module: nn.Module, inputs: tuple, output):
        'What a subclass keeps of one output. Called in training batches, without gradients.'
    def before_fit(self): ...
    def after_fit(self): ...

class ActivationStats(HookCallback):
    'What layers gave in each training batch of the latest fit: mean, spread, share near zero, dead units, histogram.'
    with_hist: bool
    bins: Any
    batches: Any
    def __init__(self, with_hist: bool=False, modules=None): ...
    def before_fit(self): ...
    def hook(self, module, inputs, output):
        'What is measured of one output.'
    def after_pred(self): ...
    def dead(self, idx: int) -> Tensor:
        'Which units of a layer were nowhere above zero, in which batch.'
    def layer_stats(self, idx: int) -> pd.DataFrame:
        'Mean, standard deviation, share of values near zero and share of dead units of a layer.'
    def hist(self, idx: int) -> Tensor:
        "How a layer's values were spread: bins of width .1 centred on -5 to 5, with what lies beyond in the outermost."
    def plot_layer_stats(self, idx: int):
        'Draws mean, standard deviation and share near zero of a layer against the batch.'
    def color_dim(self, idx: int, ax: plt.Axes | None=None) -> plt.Axes:
        "Draws a layer's histograms side by side, a column for each batch, brighter where more values are (log scale)."
    def dead_chart(self, idx: int, ax: plt.Axes | None=None) -> plt.Axes:
        'Draws a row for each unit of a layer and a column for each batch, dark where the unit was dead.'

# Written by tools/stubs.py from learner.py and what later modules add to it. Not to be edited.
from .activations import ActivationStats
from .activations import HookCallback
from .augment import CutMix
from .augment import MixUp
from .callbacks import CSVLogger
from .callbacks import EarlyStopping
from .callbacks import GradientAccumulation
from .callbacks import MixedPrecision
from .callbacks import SaveModel
from .callbacks import TensorBoard
from .callbacks import TrackBest
from .checkpoints import CheckpointCallback
from .checks import InputCheck
from .checks import LossCheck
from .core import default_device, to_cpu, train_mode
from .loaders import Batches, DataLoaders, split_batch
from .metrics import fresh_metrics, item_losses, loss_meaning, smoothed
from .optimizers import GradientClip
from .progress import ProgressCallback
from .scale import DistributedCallback
from .schedules import ParamScheduler
from .schedules import valley
from .sgd import Adam, group_lrs, knows_all, param_groups
from .transfer import FrozenNorms
from contextlib import contextmanager, nullcontext
from fastcore.basics import camel2snake, listify
from fastcore.foundation import L
from pathlib import Path
from typing import Any
import difflib, math, operator, re, time, weakref, torch, torch.nn as nn
import matplotlib.pyplot as plt
import pandas as pd

__all__ = ['events', 'CancelFitException', 'CancelEpochException', 'CancelTrainException', 'CancelValidException', 'CancelBatchException', 'CancelBackwardException', 'CancelStepException', 'Callback', 'WithCallbacks', 'Step', 'Loop', 'Recorder', 'DeviceCallback', 'Learner']

events: Any

class CancelFitException(Exception):
    'Raised by a callback to end the training.'

class CancelEpochException(Exception):
    'Raised by a callback to go on with the next epoch.'

class CancelTrainException(Exception):
    'Raised by a callback to go straight to validation.'

class CancelValidException(Exception):
    'Raised by a callback to end a validation.'

class CancelBatchException(Exception):
    'Raised by a callback to go on with the next batch; gradients stay.'

class CancelBackwardException(Exception):
    'Raised by a callback to skip the rest of the backward pass.'

class CancelStepException(Exception):
    "Raised by a callback to skip the optimizer's step; gradients stay, and add up."

class Callback:
    'Something that happens during training: a method named after an event is called there (a misspelt one raises).'
    order: Any
    learn: Any
    name: Any
    def __init_subclass__(cls): ...
    def __getattr__(self, k): ...
    def __getstate__(self): ...

class WithCallbacks:
    "Something with callbacks: `self('after_batch')` calls that method of each callback that has it, in their order."
    cbs: Any
    def __call__(self, event): ...
    def add_cbs(self, cbs):
        'Adds callbacks, each reachable by its name: `learn.recorder`, a second of its class as `learn.recorder_1`.'
    def remove_cb(self, cb):
        'Takes a callback, or the first of a class, away again.'
    @contextmanager
    def added_cbs(self, cbs):
        'Adds callbacks for the length of a `with` block.'
    def __setstate__(self, state): ...

class Step(WithCallbacks):
    'A model, its data and a loss, and what is done with one batch: predict, compare, go back, step.'
    default_cbs: Any
    context: Any
    training: Any
    xb: Any
    yb: Any
    opt: Any
    dl: Any
    pred: Any
    loss: Any
    loss_grad: Any
    epoch: Any
    n_epoch: Any
    iter: Any
    n_iter: Any
    x: Any
    y: Any
    dls: DataLoaders
    model: nn.Module
    loss_func: Any
    opt_func: Any
    lr: float
    splitter: Any
    metrics: Any
    cbs: Any
    def __init__(self, dls: DataLoaders, model: nn.Module, loss_func, opt_func=..., lr: float=0.001, splitter=None, cbs=None, metrics=None): ...
    def get_pred(self):
        'What the model says to the batch.'
    def get_loss(self):
        'How wrong that is, a scalar.'
    def backward(self):
        "Adds to the parameters' gradients."
    def step(self):
        'Lets the optimizer use the gradients.'
    def zero_grad(self):
        'Clears the gradients, after a step.'
    def one_batch(self):
        'Everything that is done with a batch.'

class Loop(Step):
    'Epochs of steps, each with a validation after it: `fit`.'
    n_iter: Any
    iter: Any
    xb: Any
    yb: Any
    training: Any
    dl: Any
    epoch: Any
    n_epoch: Any
    opt: Any
    def fit(self, n_epoch: int, lr=None, wd: float | None=None, cbs=None, reset_opt: bool=False):
        'Trains for `n_epoch` epochs, validating after each. Ctrl-C stops and keeps the model and the record.'
    def create_opt(self):
        'Makes it new.'
    def ready_opt(self, lr=None, reset=False) -> list:
        'Makes the optimizer if there is none for what is to be trained, and sets its rates; gives them, one a group.'

class Recorder(Callback):
    'Keeps the loss of every training batch, losses and metrics of every epoch. It goes first, so others may read it.'
    order: Any
    name: Any
    smooth_losses: Any
    train_loss: Any
    valid_loss: Any
    names: Any
    losses: Any
    values: Any
    seconds: Any
    epoch_ends: Any
    hps: Any
    valid_values: Any
    metrics: Any
    def __init__(self): ...
    def before_fit(self): ...
    def before_epoch(self): ...
    def before_validate(self): ...
    def after_loss(self): ...
    def after_train(self):
        'Takes the losses off the device: the one place where the loop waits for it.'
    def after_validate(self): ...
    def after_epoch(self): ...
    def after_fit(self): ...
    def state_dict(self) -> dict:
        'The record so far, as numbers.'
    def load_state_dict(self, state: dict):
        "Goes on with another's record."
    def plot_loss(self, skip_start: int=5, with_valid: bool=True, ax: plt.Axes | None=None) -> plt.Axes:
        'Draws the training loss of each batch, faint and smoothed, and the validation loss of each epoch.'
    def plot_sched(self, keys=None, figsize: tuple | None=None):
        'Draws what was scheduled in the last fit against the batch, a line for each group where they differ.'
    def plot_lr_find(self, suggestions=None, ax: plt.Axes | None=None) -> plt.Axes:
        'Draws the loss of the last `lr_find` against the rate, faint and smoothed.'

class DeviceCallback(Callback):
    'Moves the model, the loss (it may hold weights) and what the loaders give to one device.'
    order: Any
    device: Any
    def __init__(self, device=None): ...
    def before_fit(self, loaders=None): ...
    def before_validate(self): ...

class _Gather(Callback):
    'Keeps what the model says, on the device, until all of it is asked for.'
    order: Any
    with_loss: Any
    with_input: Any
    state: Any
    def __init__(self, with_loss, with_input): ...
    def after_pred(self): ...
    def merge(self, states): ...
    def all(self):
        'Predictions, losses, targets and inputs: each `None`, one tensor on the CPU, or a tuple of several.'

class Learner(Loop):
    'A model, its data and a loss, the loop that trains the one with the other, and the questions one asks afterwards.'
    default_cbs: Any
    hook: HookCallback
    activation_stats: ActivationStats
    mix_up: MixUp
    cut_mix: CutMix
    track_best: TrackBest
    early_stopping: EarlyStopping
    save_model: SaveModel
    csv_logger: CSVLogger
    tensor_board: TensorBoard
    gradient_accumulation: GradientAccumulation
    mixed_precision: MixedPrecision
    checkpoint: CheckpointCallback
    input_check: InputCheck
    loss_check: LossCheck
    recorder: Recorder
    device: DeviceCallback
    gradient_clip: GradientClip
    progress: ProgressCallback
    distributed: DistributedCallback
    param_scheduler: ParamScheduler
    frozen_norms: FrozenNorms
    def validate(self, ds_idx: int=1, dl=None, cbs=None) -> L:
        'Loss and metrics over every item of a loader, without training.'
    def get_preds(self, ds_idx: int=1, dl=None, with_input: bool=False, with_decoded: bool=False, with_loss: bool=False, act=None) -> tuple:
        'Predictions for every item of a loader, in the order of its data set.'
    def predict(self, item) -> tuple:
        'What the model says to one item. Raises where the item is not what the data set holds.'
    def tta(self, ds_idx: int=1, dl=None, n: int=4, beta: float | None=0.25, use_max: bool=False) -> tuple:
        'Predicts from several views of each item, made by the random transforms of the training loader.'
    def save(self, file, with_opt: bool=True) -> Path:
        'Writes weights, buffers and optimizer to a file, which appears only when it is whole.'
    def load(self, file, with_opt: bool=True, strict: bool=True) -> Learner:
        'Reads weights, buffers and optimizer from a file; no code in it is run.'
    def to_bf16(self) -> Learner:
        'Trains and predicts in mixed precision with bfloat16 from now on.'
    def to_fp16(self) -> Learner:
        'Trains and predicts in mixed precision with float16, whose losses are scaled, from now on.'
    def to_fp32(self) -> Learner:
        'Leaves mixed precision.'
    def fit(self, n_epoch: int, lr=None, wd: float | None=None, cbs=None, reset_opt: bool=False, resume=None):
        'Trains for `n_epoch` epochs, validating after each. Ctrl-C stops and keeps the model and the record.'
    def summary(self) -> pd.DataFrame:
        "Each layer's kind, output shape, parameters, whether any of them is trained, and multiply-adds for one item."
    def export(self, fname: str | Path='export.safetensors') -> Path:
        'Writes a file from which `load_learner` makes a learner that predicts the same. Nothing in it could be run.'
    def to_onnx(self, fname: str | Path='model.onnx') -> Path:
        "The model for other programs, as ONNX: one input 'x', batches of any size, to 'scores'. Needs the extra `onnx`."
    @contextmanager
    def no_bar(self):
        'Nothing is shown inside this `with` block.'
    def history(self) -> pd.DataFrame:
        'Losses, metrics and seconds of each epoch.'
    def show_results(self, ds_idx: int=1, dl=None, max_n: int=9, nrows: int | None=None, **kwargs):
        'Draws the first items of a loader with target and prediction; wrong classes are red.'
    def fit_one_cycle(self, n_epoch: int, lr_max=None, div: float=25.0, div_final: float=100000.0, pct_start: float=0.25, wd: float | None=None, moms: tuple | None=None, cbs=None, reset_opt: bool=False):
        'Trains with a rate that climbs from `lr_max/div` to `lr_max` and falls to `lr_max/div_final`, momentum mirrored.'
    def fit_flat_cos(self, n_epoch: int, lr=None, div_final: float=100000.0, pct_start: float=0.75, **kwargs):
        'Trains at a constant rate, then lets it fall to `lr/div_final` by a cosine. Momentum stays.'
    def lr_find(self, start_lr: float=1e-07, end_lr: float=10, num_it: int=100, stop_div: bool=True, show_plot: bool=True, suggest_funcs=...):
        'Trains on a few batches at rates that rise by equal factors, suggests one, and puts all back but gradients.'
    def freeze_to(self, n: int):
        'Freezes the parameter groups of `splitter` before number `n`, and sets free the others. One group is all head.'
    def freeze(self):
        'Freezes all groups but the last: only the head learns.'
    def unfreeze(self):
        'Sets all groups free.'
    def fine_tune(self, epochs: int, base_lr: float=0.002, freeze_epochs: int=1, lr_mult: float=100, pct_start: float=0.3, div: float=5.0, **kwargs):
        'Trains the head, then all of it, at rates that fall towards the input by equal factors. As in fastai.'

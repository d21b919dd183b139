# Written by tools/stubs.py from all.py and what later modules add to it. Not to be edited.
from .activations import *
from .augment import *
from .backprop import *
from .callbacks import *
from .checks import *
from .cnn import *
from .convolutions import *
from .core import *
from .data import *
from .datablock import *
from .exercises import *
from .fetch import *
from .files import *
from .gradients import *
from .initialization import *
from .items import *
from .learner import *
from .live import *
from .loaders import *
from .metrics import *
from .neurons import *
from .normalization import *
from .optimizers import *
from .pixels import *
from .progress import *
from .resnet import *
from .schedules import *
from .sgd import *
from PIL import Image
from fastcore.basics import first, patch
from fastcore.foundation import L
from fastcore.test import test_eq, test_close
from functools import partial
from ipywidgets import interact
from pathlib import Path
from torch import nn, Tensor
from typing import Any
import matplotlib.pyplot as plt
import numpy as np, pandas as pd, torch, torch.nn.functional as F

__all__ = ['AccumMetric', 'ActivationStats', 'Adam', 'AvgMetric', 'BasicOptim', 'BatchNorm', 'BatchTransforms', 'Batches', 'BottleneckBlock', 'CSVLogger', 'Callback', 'CancelBackwardException', 'CancelBatchException', 'CancelEpochException', 'CancelFitException', 'CancelStepException', 'CancelTrainException', 'CancelValidException', 'CategoryBlock', 'DataBlock', 'DataLoader', 'DataLoaders', 'DataSet', 'DeviceCallback', 'EarlyStopping', 'F', 'FetchError', 'Flatten', 'Flipbook', 'Func', 'GlobalAvgPool', 'GradientAccumulation', 'GradientClip', 'GrandparentSplitter', 'GroupNorm', 'Hook', 'HookCallback', 'Hooks', 'Image', 'ImageBlock', 'ImageDataLoaders', 'InputCheck', 'InstanceNorm', 'ItemBatches', 'ItemDataset', 'ItemTransform', 'L', 'LayerNorm', 'Learner', 'LiveCurve', 'Loop', 'LossCheck', 'MaskBlock', 'Metric', 'MixedPrecision', 'NearestMean', 'Normalize', 'Optimizer', 'PILImage', 'PILImageBW', 'PILMask', 'PNGTree', 'PadMode', 'ParamScheduler', 'Path', 'ProgressCallback', 'RMSProp', 'RandomSplitter', 'Recorder', 'RegexLabeller', 'ResBlock', 'ResNet', 'Resize', 'ResizeMethod', 'SGD', 'SaveModel', 'SchedCos', 'SchedExp', 'SchedLin', 'SchedNo', 'Source', 'Splits', 'Step', 'Tensor', 'TensorBatches', 'TensorBoard', 'TrackBest', 'URLs', 'ValidLoss', 'Value', 'WithCallbacks', 'XY', 'accuracy', 'adam_step', 'adamw_step', 'add_noise', 'apply_kernel', 'array', 'batch_accuracy', 'calc_grad', 'check', 'check_sha', 'cifar_stats', 'cifar_vocab', 'combine_scheds', 'combined_cos', 'conv', 'conv_matrix', 'conv_output_size', 'data_home', 'default_device', 'descend', 'describe_batch', 'double_relu', 'download', 'download_images', 'download_url', 'error_rate', 'events', 'exercise', 'fashion_vocab', 'first', 'fresh_metrics', 'gaussian_noise', 'get_image_files', 'group_lrs', 'image_batch', 'image_dls', 'image_errors', 'image_exts', 'imagenet_stats', 'in_threads', 'init_kaiming', 'init_params', 'interact', 'is_3', 'item_losses', 'keep_rng', 'knows_all', 'label_text', 'linear1', 'load_cifar', 'load_fashion', 'load_image', 'load_mnist', 'load_mnist_sample', 'loss_meaning', 'loss_weight', 'lsuv', 'mae', 'memory_room', 'mk_quad', 'mnist_distance', 'mnist_loss', 'mnist_stats', 'mnist_vocab', 'mse', 'multiply_adds', 'nn', 'np', 'numerical_gradient', 'param_groups', 'parent_label', 'partial', 'patch', 'pd', 'plot_function', 'plt', 'progress_bar', 'quad', 'read_idx', 'receptive_field', 'rectified_linear', 'resize_images', 'resnet', 'resnet18', 'resnet34', 'resnet50', 'resnet_stem', 'rmsprop_step', 'search_images', 'sequential', 'set_seed', 'sgd_step', 'show_image', 'show_images', 'sigmoid', 'simple_cnn', 'simple_net', 'smoothed', 'split_batch', 'steep', 'subplots', 'tensor', 'test_close', 'test_eq', 'to_cpu', 'to_device', 'to_idx', 'to_np', 'torch', 'train_epoch', 'train_mode', 'train_model', 'unpack', 'untar_data', 'using_attr', 'validate_epoch', 'valley', 'verify_images']

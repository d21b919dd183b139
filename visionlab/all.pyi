# Written by tools/stubs.py from all.py and what later modules add to it. Not to be edited.
from .activations import *
from .augment import *
from .backprop import *
from .callbacks import *
from .checkpoints import *
from .checks import *
from .cleaning import *
from .cnn import *
from .compat import *
from .convolutions import *
from .core import *
from .data import *
from .datablock import *
from .exercises import *
from .export import *
from .features import *
from .fetch import *
from .files import *
from .gradients import *
from .initialization import *
from .interpret import *
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
from .scale import *
from .schedules import *
from .sgd import *
from .shards import *
from .store import *
from .transfer import *
from .weights import *
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

__all__ = ['AccumMetric', 'ActivationStats', 'Adam', 'AdaptiveConcatPool2d', 'Augment', 'AvgMetric', 'BasicOptim', 'BatchNorm', 'BatchTransforms', 'Batches', 'BottleneckBlock', 'CSVLogger', 'Callback', 'CancelBackwardException', 'CancelBatchException', 'CancelEpochException', 'CancelFitException', 'CancelStepException', 'CancelTrainException', 'CancelValidException', 'CategoryBlock', 'CheckpointCallback', 'ClassificationInterpretation', 'CleaningChoices', 'Comparison', 'CutMix', 'DELETE', 'DataBlock', 'DataLoader', 'DataLoaders', 'DataSet', 'DeviceCallback', 'DistributedCallback', 'EarlyStopping', 'F', 'FetchError', 'FileCleaner', 'Flatten', 'Flipbook', 'FrozenNorms', 'Func', 'GlobalAvgPool', 'GradientAccumulation', 'GradientClip', 'GrandparentSplitter', 'GroupNorm', 'Hook', 'HookCallback', 'Hooks', 'Image', 'ImageBlock', 'ImageClassifierCleaner', 'ImageDataLoaders', 'InputCheck', 'InstanceNorm', 'Interpretation', 'InvertedBlock', 'ItemBatches', 'ItemDataset', 'ItemTransform', 'KEEP', 'L', 'LabelSmoothingCrossEntropy', 'LayerNorm', 'Learner', 'LiveCurve', 'LiveKernel', 'Loop', 'LossCheck', 'MaskBlock', 'Metric', 'MixUp', 'MixedPrecision', 'MoveLog', 'NearestMean', 'Normalize', 'Optimizer', 'PILImage', 'PILImageBW', 'PILMask', 'PNGTree', 'PadMode', 'ParamScheduler', 'Patches', 'Path', 'ProgressCallback', 'RMSProp', 'RandomErasing', 'RandomResizedCrop', 'RandomSplitter', 'Recorder', 'RegexLabeller', 'ResBlock', 'ResNet', 'Resize', 'ResizeMethod', 'SGD', 'SameConv2d', 'SaveModel', 'SchedCos', 'SchedExp', 'SchedLin', 'SchedNo', 'ShardBatches', 'Shards', 'Share', 'Source', 'Splits', 'Step', 'Tensor', 'TensorBatches', 'TensorBoard', 'TrackBest', 'URLs', 'ValidLoss', 'Value', 'WithCallbacks', 'XY', 'accuracy', 'adam_step', 'adamw_step', 'add_noise', 'apply_kernel', 'arch_name', 'arch_stats', 'array', 'aug_transforms', 'batch_accuracy', 'calc_grad', 'calibration', 'calibration_error', 'check', 'check_sha', 'cifar_stats', 'cifar_vocab', 'cnn_learner', 'combine_scheds', 'combined_cos', 'compare_models', 'conv', 'conv_matrix', 'conv_output_size', 'create_body', 'create_head', 'create_model', 'data_home', 'default_device', 'default_split', 'descend', 'describe', 'describe_batch', 'double_relu', 'download', 'download_images', 'download_url', 'efficientnet_lite0', 'error_rate', 'events', 'exercise', 'fashion_vocab', 'feature_dls', 'filter_pictures', 'first', 'fresh_metrics', 'gaussian_noise', 'get_image_files', 'grad_cam', 'group_lrs', 'image_batch', 'image_dls', 'image_errors', 'image_exts', 'imagenet_stats', 'in_threads', 'init_kaiming', 'init_params', 'interact', 'is_3', 'item_losses', 'keep_rng', 'known', 'knows_all', 'label_losses', 'label_text', 'linear1', 'load_cifar', 'load_fashion', 'load_image', 'load_learner', 'load_mnist', 'load_mnist_sample', 'loss_meaning', 'loss_weight', 'lsuv', 'mae', 'maximize', 'memory_room', 'mk_quad', 'mnist_distance', 'mnist_loss', 'mnist_stats', 'mnist_vocab', 'model_card', 'model_meta', 'move_pixels', 'mse', 'multiply_adds', 'nn', 'noop', 'normalized', 'np', 'num_distrib', 'num_features_model', 'numerical_gradient', 'occlusion_map', 'pack_opt', 'param_groups', 'params', 'parent_label', 'partial', 'patch', 'pd', 'plot_function', 'plt', 'predict_upload', 'progress_bar', 'quad', 'rank_distrib', 'rate_interval', 'read_export', 'read_idx', 'rebuild', 'receptive_field', 'rectified_linear', 'register', 'resize_images', 'resnet', 'resnet18', 'resnet34', 'resnet50', 'resnet_split', 'resnet_stem', 'rmsprop_step', 'rng_state', 'rotate_mat', 'seal', 'search_images', 'sequential', 'set_rng_state', 'set_seed', 'set_up_tfms', 'sgd_step', 'show_image', 'show_images', 'show_map', 'sigmoid', 'simple_cnn', 'simple_net', 'smoothed', 'split_batch', 'steep', 'subplots', 'tensor', 'test_close', 'test_eq', 'timm_network', 'to_cpu', 'to_device', 'to_idx', 'to_np', 'top_patches', 'torch', 'torchvision_weights', 'train_epoch', 'train_mode', 'train_model', 'two_sides', 'unpack', 'unpack_opt', 'unseal', 'untar_data', 'upload_widget', 'using_attr', 'validate_epoch', 'valley', 'verify_images', 'vision_learner', 'warp_mat', 'write_shards', 'write_whole', 'zoom_mat']

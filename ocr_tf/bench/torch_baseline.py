"""The plain PyTorch way of the same network: Conv2d, BatchNorm2d, LSTM, GRU or RNN, ctc_loss, no masks.

Written as one would without this toolkit, with as many weights, in the faster of PyTorch's two memory
layouts on this machine; bfloat16 is its automatic mixed precision. The step clips and takes the optimizer
of the experiment's name, fused where there is such a one. PyTorch is an extra, imported here alone:
`pip install "ocr_tf[torch]"`.
"""

from __future__ import annotations

import itertools
import math
from typing import Any, Callable

from ocr_tf.alphabet import Alphabet
from ocr_tf.bench import timing
from ocr_tf.bench.machine import threads
from ocr_tf.bench.plain_parts import check_plain
from ocr_tf.encoders import CRNN, Compact, halve
from ocr_tf.errors import InputError
from ocr_tf.experiment.config.experiment import Experiment
from ocr_tf.heads import CTC
from ocr_tf.types import Batch

try:
    import torch
    from torch import nn
except ImportError:
    raise InputError(
        '--against=torch: PyTorch is not installed; pip install "ocr_tf[torch]", or torch alone'
    ) from None

TRIES = 3  # rounds in which the layouts are compared
NORM = 5.0  # that gradients are clipped to, which costs the same whatever it is
LAYOUTS = (torch.contiguous_format, torch.channels_last)
BOTH, HEIGHT = (2, 2), (2, 1)  # what a pooling halves
GRAY = 1e-2  # keeps a line of one gray from a division by zero


def crnn(config: CRNN, height: int) -> list[nn.Module]:
    """Lists Shi et al. 2015, Table 1, its last convolution padded along the width: see encoders/crnn.py."""
    left, filters = halve(halve(halve(halve(height)))), config.width
    return [
        *_block(1, filters, pool=BOTH),
        *_block(filters, 2 * filters, pool=BOTH),
        *_block(2 * filters, 4 * filters),
        *_block(4 * filters, 4 * filters, pool=HEIGHT),
        *_block(4 * filters, 8 * filters, normalize=True),
        *_block(8 * filters, 8 * filters, normalize=True, pool=HEIGHT),
        nn.ZeroPad2d((0, 1, 0, 0)),
        *_block(8 * filters, 8 * filters, kernel_size=(left, 2), padding=0),
    ]


class Standardize(nn.Module):
    """Brings each image to mean 0 and deviation 1."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Images [B, 1, H, W] -> the same."""
        deviation, mean = torch.std_mean(images, (1, 2, 3), keepdim=True)
        return (images - mean) / (deviation + GRAY)


class Residual(nn.Module):
    """Adds a 1x1 convolution of the images to what layers make of them."""

    def __init__(self, layers: list[nn.Module], channels: int, filters: int):
        super().__init__()
        self.inner = nn.Sequential(*layers)
        self.around = nn.Conv2d(channels, filters, 1, bias=False)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Images [B, C, H, W] -> [B, filters, H, W]."""
        around: torch.Tensor = self.around(images)
        return around + self.inner(images)


def compact(config: Compact, height: int) -> list[nn.Module]:
    """Lists the layers of encoders/compact.py."""
    blocks: list[list[nn.Module]] = []  # of each convolution
    channels = [1]  # before each
    for layer in config.convolutions(height):
        settings = {"kernel_size": layer.kernel, "stride": layer.stride}
        block = _block(
            channels[-1], layer.filters, layer.normalize, padding=layer.kernel[0] // 2, **settings
        )
        if layer.around:
            first = len(blocks) + 1 - layer.around
            inner = [*itertools.chain.from_iterable(blocks[first:]), *block[:-1]]
            block = [Residual(inner, channels[-layer.around], layer.filters), block[-1]]
            del blocks[first:]
        if layer.pool != (1, 1):
            block.append(nn.MaxPool2d(layer.pool, ceil_mode=True))
        blocks.append(block)
        channels.append(layer.filters)
    layers: list[nn.Module] = [Standardize()] if config.standardize else []
    layers += itertools.chain.from_iterable(blocks)
    return [*layers, nn.Dropout(config.dropout)] if config.dropout else layers


ENCODERS: dict[type, Callable[[Any, int], list[nn.Module]]] = {CRNN: crnn, Compact: compact}
CELLS = {"lstm": nn.LSTM, "gru": nn.GRU, "rnn": nn.RNN}


def _block(
    channels: int, filters: int, normalize: bool = False, pool: Any = None, **settings: Any
) -> list[nn.Module]:
    settings = {"kernel_size": 3, "padding": 1, "bias": not normalize, **settings}
    layers: list[nn.Module] = [nn.Conv2d(channels, filters, **settings)]
    if normalize:
        layers.append(nn.BatchNorm2d(filters, eps=1e-3, momentum=0.05))
    layers.append(nn.ReLU(inplace=True))
    if pool:
        layers.append(nn.MaxPool2d(pool, ceil_mode=True))
    return layers


class Network(nn.Module):
    """Encoder, recurrent layers and CTC's classes: images [B, 1, H, W] to logits [T, B, C]."""

    def __init__(self, experiment: Experiment, classes: int):
        super().__init__()
        height, sequence = experiment.data.height, experiment.sequence
        self.encoder = nn.Sequential(
            *ENCODERS[type(experiment.encoder)](experiment.encoder, height)
        )
        with torch.no_grad():
            features = math.prod(self.encoder.eval()(torch.zeros(1, 1, height, 16)).shape[1:3])
        self.dropout = nn.Dropout(sequence.dropout)
        self.recurrent = None
        if sequence.layers:
            self.recurrent = CELLS[sequence.cell](
                features,
                sequence.units,
                sequence.layers,
                bidirectional=True,
                dropout=sequence.dropout if sequence.layers > 1 else 0.0,
            )
            for name, parameter in self.recurrent.named_parameters():
                # The second of two biases that are only ever added; a GRU resets it.
                if name.startswith("bias_hh") and sequence.cell != "gru":
                    nn.init.zeros_(parameter).requires_grad_(False)
            features = 2 * sequence.units
        self.output = nn.Linear(features, classes)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Classifies the frames; the classes are in float32 also where the rest is not."""
        frames = self.encoder(images).permute(3, 0, 2, 1).flatten(2)  # [T, B, H * C]
        if self.recurrent is not None:
            frames = self.dropout(self.recurrent(frames)[0])
        with torch.autocast("cpu", enabled=False):
            return self.output(frames.float())


class TorchBaseline:
    """The plain network of an experiment on one batch; `train` and `read` are things to time."""

    def __init__(self, experiment: Experiment, alphabet: Alphabet, batch: Batch):
        """Builds the network and picks the memory layout that trains faster.

        Raises:
            InputError: no baseline of the encoder, stack or head, or parts are frozen.
        """
        _check(experiment)
        torch.manual_seed(0)
        torch.set_num_threads(threads())  # as many as ours have, whatever the environment says
        train = experiment.train
        self.clips, self.blank = train.normalize_gradient or train.clip_norm > 0, alphabet.blank
        self.precision = torch.autocast("cpu", dtype=torch.bfloat16, enabled=train.mixed)
        self.network = Network(experiment, alphabet.classes)
        self.trainable = [p for p in self.network.parameters() if p.requires_grad]
        self.optimizer = _optimizer(experiment, self.trainable)
        self.images = torch.from_numpy(batch.images.values.numpy()).permute(0, 3, 1, 2)
        self.labels = torch.from_numpy(batch.labels.ids.numpy()).long()
        self.lengths = torch.from_numpy(batch.labels.lengths.numpy()).long()
        ways = {layout: lambda layout=layout: self.lay_out(layout).train() for layout in LAYOUTS}
        seconds = timing.alternate(ways, TRIES, "PyTorch's layouts")
        self.lay_out(min(ways, key=lambda layout: seconds[layout].min()))

    def lay_out(self, layout: torch.memory_format) -> TorchBaseline:
        """Puts images and kernels into a memory layout; free where they are in it already."""
        network: Any = self.network  # PyTorch's annotations have no memory format for modules
        network.to(memory_format=layout)
        self.images = self.images.contiguous(memory_format=layout)
        return self

    def parameters(self) -> int:
        """Counts the numbers that are learned."""
        return sum(parameter.numel() for parameter in self.trainable)

    def train(self) -> torch.Tensor:
        """Takes one whole training step."""
        self.network.train()
        self.optimizer.zero_grad()
        loss = self.losses().mean()
        loss.backward()
        if self.clips:
            nn.utils.clip_grad_norm_(self.trainable, NORM)
        self.optimizer.step()
        return loss

    def read(self) -> torch.Tensor:
        """Reads images as ids [T, B], -1 where there is no symbol, without gradients."""
        self.network.eval()
        with torch.inference_mode():
            best = self.logits().argmax(-1)
            before = nn.functional.pad(best, (0, 0, 1, 0), value=self.blank)[:-1]
            return best.where((best != self.blank) & (best != before), -1)

    def logits(self) -> torch.Tensor:
        """Returns the logits [T, B, C] float32 of the batch."""
        with self.precision:
            return self.network(self.images)

    def losses(self) -> torch.Tensor:
        """Returns CTC's loss of each line, [B]."""
        log_probs = self.logits().log_softmax(-1)
        steps = torch.full_like(self.lengths, len(log_probs))
        return nn.functional.ctc_loss(
            log_probs, self.labels, steps, self.lengths, self.blank, reduction="none"
        )


def _check(experiment: Experiment) -> None:
    if type(experiment.encoder) not in ENCODERS or not isinstance(experiment.head, CTC):
        raise InputError(
            f"--against=torch: no PyTorch baseline of {experiment.encoder_name} with "
            f"{experiment.head_name}; there are crnn and compact with ctc"
        )
    check_plain(experiment, "torch")


def _optimizer(experiment: Experiment, trainable: list[nn.Parameter]) -> torch.optim.Optimizer:
    train = experiment.train
    if train.optimizer == "momentum":
        return torch.optim.SGD(trainable, train.learning_rate, momentum=train.momentum)
    if train.optimizer == "adadelta":
        return torch.optim.Adadelta(trainable, train.learning_rate, rho=0.95, eps=1e-7)
    if train.optimizer == "adamw":
        return torch.optim.AdamW(
            trainable, train.learning_rate, eps=1e-7, weight_decay=train.weight_decay, fused=True
        )
    return torch.optim.Adam(trainable, train.learning_rate, eps=1e-7, fused=True)

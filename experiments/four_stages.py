r"""What is each stage worth? TPS or none, CRNN's encoder or ResNet, BiLSTM or none, CTC or attention.

python -m experiments.four_stages --workdir=runs/four_stages --data.train=records:mjsynth/train \
    --data.test=iiit5k/labels_test.tsv

The 16 of the 24 combinations of Baek et al. 2019 (What Is Wrong With Scene Text Recognition Model
Comparisons?) that leave out their third encoder. Sizes, optimizer, batch and steps are theirs; docs/crnn.md
has the numbers of parameters beside the published ones. They call CRNN's encoder VGG. Heads are ours:
attention has its aids of docs/training.md. They train on MJSynth and SynthText, half of each batch from
either. `four_stages_small` has a quarter of the filters and units, for a CPU.

Cost: 16 conditions, so 16 runs of 300,000 steps for each seed; not measured.
Result: not measured yet.
"""

from __future__ import annotations

from ocr_tf.encoders import CRNN, Rectifier, ResNet
from ocr_tf.experiment.config.experiment import Data, Experiment, Sequence, Train
from ocr_tf.heads import CTC, Attention
from ocr_tf.study import command
from ocr_tf.study.config import Pairs, Study

TRAIN = Train(
    steps=300_000,
    batch_size=192,
    optimizer="adadelta",
    learning_rate=1.0,
    warmup_steps=0,
    decay="constant",
    evaluate_every=2000,
)


def conditions(share: int, train: Train) -> dict[str, Experiment]:
    """Makes the 16 conditions, named as none-crnn-bilstm-ctc.

    Args:
        share: filters and units are the published ones divided by it.
        train: how all are trained.
    """
    units = 256 // share
    rectifiers = {"none": Rectifier(), "tps": Rectifier(points=20, width=64 // share)}
    layers = {"none": 0, "bilstm": 2}
    heads = {"ctc": CTC(), "attention": Attention(units=units, attention_units=units)}
    return {
        f"{first}-{second}-{third}-{fourth}": Experiment(
            name=f"{first}-{second}-{third}-{fourth}",
            encoder=encoder,
            head=head,
            data=Data(height=32, width=100, normalize="alphanumeric"),
            sequence=Sequence(layers=number, units=units, projection=units),
            train=train,
        )
        for first, rectifier in rectifiers.items()
        for second, encoder in {
            "crnn": CRNN(width=64 // share, rectifier=rectifier),
            "resnet": ResNet(width=32 // share, rectifier=rectifier),
        }.items()
        for third, number in layers.items()
        for fourth, head in heads.items()
    }


def gain(one: str, other: str) -> Pairs:
    """Pairs CTC and attention behind two choices of the first three stages."""
    return (f"{one}-ctc", f"{one}-attention"), (f"{other}-ctc", f"{other}-attention")


CONTRASTS = {
    "gain of attention, with a BiLSTM": gain("none-crnn-none", "none-crnn-bilstm"),
    "gain of attention, with ResNet": gain("none-crnn-none", "none-resnet-none"),
    "gain of attention, with TPS": gain("none-crnn-none", "tps-crnn-none"),
}
STUDY = Study.of("four_stages", conditions(1, TRAIN), contrasts=CONTRASTS)

if __name__ == "__main__":
    command.main(STUDY, __doc__)

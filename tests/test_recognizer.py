from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from ocr_tf import rng
from ocr_tf.alphabet import Alphabet
from ocr_tf.encoders import ENCODERS, ResNet
from ocr_tf.experiment.config.experiment import Sequence, Train
from ocr_tf.experiment.training.step import Stepper
from ocr_tf.heads import HEADS
from ocr_tf.recognizer import Recognizer
from ocr_tf.types import Batch, Images, Labels

ROOT = Path(__file__).resolve().parents[1]
ALPHABET = Alphabet("abc")
KEY = tf.constant([1, 2])
WIDTHS = [9, 41, 64, 17]
LABELS = [[0], [1, 1, 2], [], [2, 0]]

# Heads differ behind the frames, where their own tests look: of the later ones, --slow runs the whole.
every_head = pytest.mark.parametrize(
    "head",
    [
        pytest.param(head, marks=[] if head in ("ctc", "attention") else pytest.mark.slow)
        for head in HEADS
    ],
)
every_encoder = pytest.mark.parametrize(
    "encoder",
    [
        pytest.param(encoder, marks=[] if encoder in ("crnn", "compact") else pytest.mark.slow)
        for encoder in ENCODERS
    ],
)
SMALL = {"resnet": ResNet(width=2)}  # instead of the default, which takes long


def make(
    head="ctc", encoder="compact", dropout=0.0, layers=1, cell="lstm", stack="deep", **options
) -> Recognizer:
    sequence = Sequence(layers=layers, units=16, dropout=dropout, cell=cell, stack=stack)
    config = SMALL.get(encoder, ENCODERS[encoder]())
    return Recognizer(config, sequence, HEADS[head](), ALPHABET, 32, **options)


def images(padding: int = 0, garbage: float = 0.0) -> Images:
    values = np.zeros([len(WIDTHS), 32, max(WIDTHS) + padding, 1], np.float32)
    for i, (value, width) in enumerate(zip(values, WIDTHS)):
        draw = np.random.default_rng(i)
        value[:, :width] = draw.uniform(-1, 1, [32, width, 1])
        value[:, width:] = garbage * draw.standard_normal(value[:, width:].shape)
    return Images(tf.constant(values), tf.constant(WIDTHS))


def labels() -> Labels:
    ids = np.full([len(LABELS), 3], Alphabet.pad, np.int32)
    for row, label in zip(ids, LABELS):
        row[: len(label)] = label
    return Labels(tf.constant(ids), tf.constant([len(label) for label in LABELS]))


def size(part) -> int:
    return sum(int(np.prod(variable.shape)) for variable in part.trainable_variables)


def test_crnn_has_the_parameters_of_its_paper():
    """32 pixels high, two BiLSTM-256 and 37 outputs. The last convolution is padded along the width,
    which changes no weight; the two biases that a normalization would undo are left out."""
    alphabet = Alphabet("0123456789abcdefghijklmnopqrstuvwxyz")
    model = Recognizer(ENCODERS["crnn"](), Sequence(2, 256), HEADS["ctc"](), alphabet, 32)
    assert size(model) == 8_719_653 - 2 * 512
    assert size(model.encoder) == 5_550_848 - 2 * 512
    assert size(model.sequence) == 2 * 4 * 256 * ((512 + 256 + 1) + (512 + 256 + 1))
    assert size(model.head) == 512 * 37 + 37
    frames = model(Images(tf.zeros([1, 32, 100, 1]), tf.constant([100])))
    assert frames.values.shape == [1, 25, 512]


@pytest.mark.parametrize("name", ["captcha_ctc", "book_ctc"])
def test_compact_with_its_recurrent_layers_stays_small(name):
    experiment = importlib.import_module(f"experiments.{name}").EXPERIMENT
    model = Recognizer(
        experiment.encoder, experiment.sequence, experiment.head, ALPHABET, experiment.data.height
    )
    assert size(model.encoder) + size(model.sequence) <= 2_000_000


@every_encoder
@every_head
def test_parts_own_every_variable_and_their_paths_tell_which(head, encoder):
    """`--train.init_parts` and resuming go by paths."""
    model = make(head, encoder)
    parts = {name: [rng.path(v) for v in part] for name, part in model.parts().items()}
    every = sum(parts.values(), [])
    assert len(set(every)) == len(every) == len(model.variables)
    for name, paths in parts.items():
        assert bool(paths) == (name != "encoder" or encoder != "columns")  # which has no weights
        assert all(part_of(path) == name for path in paths)
    assert [path for path in every if path.startswith("head/")] == parts["head"]


def part_of(path: str) -> str:
    return path.removeprefix("recognizer/").split("/")[0]


def test_paths_do_not_depend_on_what_was_built_before():
    first, _, second = make("attention"), make("ctc"), make("attention")
    assert [v.name for v in first.variables] == [v.name for v in second.variables]


@every_encoder
def test_heads_under_one_seed_start_from_the_same_encoder_and_sequence(encoder):
    models = [make(head, encoder, seed=5, layers=2) for head in HEADS]
    other = make(encoder=encoder, seed=6, layers=2)
    for part in ("encoder", "sequence"):
        for variables in zip(*(getattr(model, part).variables for model in models)):
            for variable in variables[1:]:
                np.testing.assert_array_equal(variable, variables[0])
        first = getattr(models[0], part).trainable_variables
        drawn = [
            (one, two)
            for one, two in zip(first, getattr(other, part).trainable_variables)
            if "kernel" in one.name
        ]
        assert bool(drawn) == bool(first)
        assert all((one.numpy() != two.numpy()).any() for one, two in drawn)


def test_heads_under_one_seed_see_the_same_frames_in_training():
    """Dropout's masks included, whatever the head draws."""
    results = [make(head, dropout=0.5, layers=2)(images(), KEY).values for head in HEADS]
    for values in results[1:]:
        np.testing.assert_array_equal(values, results[0])
    other = make(dropout=0.5, layers=2)(images(), KEY[::-1]).values
    assert (other.numpy() != results[0].numpy()).any()


@every_encoder
@every_head
@pytest.mark.parametrize("padding, garbage", [(1, 0.0), (46, 20.0)])
def test_a_line_gives_the_same_alone_and_in_any_batch(head, encoder, padding, garbage):
    model = make(head, encoder)
    batch, label = images(padding, garbage), labels()
    score = model.head.score(model(batch), label).numpy()
    found = model.recognize(batch)
    for i, width in enumerate(WIDTHS):
        line = Images(batch.values[i : i + 1, :, :width], batch.widths[i : i + 1])
        length = int(label.lengths[i])
        own = Labels(label.ids[i : i + 1, :length], label.lengths[i : i + 1])
        np.testing.assert_allclose(model.head.score(model(line), own)[0], score[i], rtol=1e-4)
        alone = model.recognize(line)
        length = int(alone.lengths[0, 0])
        assert length == int(found.lengths[i, 0])
        np.testing.assert_array_equal(alone.ids[0, 0, :length], found.ids[i, 0, :length])
        np.testing.assert_allclose(alone.log_probs[0, 0], found.log_probs[i, 0], rtol=1e-4)


@every_head
def test_bfloat16_scores_near_float32(head):
    """Within 2 % of a line's log probability, with untrained weights."""
    full, mixed = make(head, layers=2), make(head, layers=2, bfloat16=True)
    for one, two in zip(mixed.variables, full.variables):
        np.testing.assert_array_equal(one, two)
    assert mixed(images()).values.dtype == tf.bfloat16
    score = mixed.head.score(mixed(images()), labels())
    assert score.dtype == tf.float32
    np.testing.assert_allclose(score, full.head.score(full(images()), labels()), rtol=0.02)


PARTS = ("encoder", "sequence", "head")


@pytest.mark.parametrize(
    "part",
    ["encoder", *(pytest.param(part, marks=pytest.mark.slow) for part in ("sequence", "head"))],
)
def test_a_frozen_part_neither_learns_nor_drops(part):
    model = make("attention", dropout=0.5, frozen=(part,))
    before = [variable.numpy() for variable in model.variables]
    train = Train(batch_size=len(WIDTHS), learning_rate=0.1, warmup_steps=0)
    Stepper(model, train)(lines())
    moved = {name: False for name in PARTS}
    for variable, value in zip(model.variables, before):
        moved[part_of(rng.path(variable))] |= bool((variable.numpy() != value).any())
    assert moved == {name: name != part for name in PARTS}


def test_a_frozen_network_computes_as_at_inference():
    frozen, free = make("attention", dropout=0.5, frozen=PARTS), make("attention", dropout=0.5)
    loss = frozen.loss(images(), labels(), KEY)
    np.testing.assert_allclose(loss, free.loss(images(), labels()), rtol=1e-6)
    assert (loss.numpy() != free.loss(images(), labels(), KEY).numpy()).all()


@every_head
@every_encoder
def test_every_weight_has_a_gradient_through_the_whole_network(head, encoder):
    model = make(head, encoder, layers=2, dropout=0.1)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(model.loss(images(), labels(), KEY, 0.0))
    weights = model.trainable_variables
    for weight, gradient in zip(weights, tape.gradient(loss, weights)):
        assert gradient is not None, weight.name
        assert np.isfinite(gradient).all() and np.abs(gradient).max() > 0, weight.name


def lines(repeats: int = 1) -> Batch:
    """The four lines, all of them `repeats` times over."""
    batch = Batch(images(), labels(), tf.range(len(WIDTHS)), tf.ones([len(WIDTHS)], tf.bool))
    return tf.nest.map_structure(lambda x: tf.concat([x] * repeats, axis=0), batch)


def test_a_training_goes_on_from_what_it_has_saved():
    """Whatever its cells, stack and optimizer: bit for bit, and into a network of other first weights."""
    train = Train(batch_size=4, optimizer="momentum", learning_rate=0.01, warmup_steps=0)
    kinds = {"encoder": "columns", "layers": 2, "dropout": 0.3, "cell": "gru", "stack": "separate"}
    whole, rest = Stepper(make(**kinds), train), Stepper(make(seed=1, **kinds), train)
    whole(lines())
    for name, variable in rest.variables().items():
        variable.assign(whole.variables()[name])
    assert float(rest(lines()).loss) == float(whole(lines()).loss)
    for name, variable in rest.variables().items():
        np.testing.assert_array_equal(variable, whole.variables()[name], name)


def test_momentum_adds_a_share_of_the_last_update():
    """Of a loss whose gradient hardly changes, two steps go as far as 2 + momentum of them."""
    settings = {"momentum": 0.5, "learning_rate": 1e-6, "warmup_steps": 0, "decay": "constant"}
    model = make(encoder="columns", layers=0)
    stepper = Stepper(
        model, Train(batch_size=4, optimizer="momentum", normalize_gradient=False, **settings)
    )
    weight = model.head.variables[0]
    places = [weight.numpy()]
    for _ in range(2):
        stepper(lines())
        places.append(weight.numpy())
    first, second = np.diff(places, axis=0)
    ratio = (second * first).sum() / (first * first).sum()
    assert ratio == pytest.approx(1.5, rel=0.02)


def two_steps(strategy, head: str, train: Train, batch: Batch, **options) -> dict:
    """What two steps give, and every variable on each replica after them."""
    with strategy.scope():
        model = make(head, dropout=0.3, **options)
        stepper = Stepper(model, train)
    outcomes = [stepper(batch) for _ in range(2)]
    local = strategy.experimental_local_results
    return {
        "losses": np.concatenate([outcome.losses for outcome in outcomes]),
        "loss": [float(outcome.loss) for outcome in outcomes],
        "norm": [float(outcome.gradient_norm) for outcome in outcomes],
        **{p: [v.numpy() for v in local(value)] for p, value in stepper.variables().items()},
    }


# Not Adam at a usual rate, which makes steps of rounding errors.
ADADELTA = {"optimizer": "adadelta", "learning_rate": 1.0}
BOUNDED = {"normalize_gradient": False, "clip_norm": 1.0}
ADAMW = {"optimizer": "adamw", "learning_rate": 1e-6, "weight_decay": 1e4}


@pytest.mark.parametrize("head", ["ctc", pytest.param("attention", marks=pytest.mark.slow)])
def test_an_unreadable_line_changes_nothing(head):
    """Not the batch's statistics either, whatever stands in its place."""
    train = Train(batch_size=4, warmup_steps=0, decay="constant", **ADADELTA)
    one = tf.distribute.get_strategy()
    four = lines()._replace(ok=tf.constant([True, True, True, False]))
    narrow = four.images._replace(widths=tf.constant([*WIDTHS[:3], 1]))
    expected = two_steps(one, head, train, four)
    found = two_steps(one, head, train, four._replace(images=narrow))
    for name, value in expected.items():
        np.testing.assert_array_equal(found[name], value, name)


def replicas() -> None:
    """What `test_a_step_on_two_replicas` asserts, in a process that has two."""
    one, two = tf.distribute.get_strategy(), tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
    unreadable = lines(2)._replace(ok=tf.constant([True] * 6 + [False, True]))
    for head, rows, options in (
        ("ctc", 8, {**ADADELTA, **BOUNDED}),
        ("attention", 7, ADADELTA),
        ("attention", 1, ADADELTA),  # one of the two has no line
        ("ctc", 3, {**ADAMW, **BOUNDED}),
    ):
        batch = tf.nest.map_structure(lambda x: x[:rows], unreadable)  # noqa: B023
        train = Train(batch_size=8, warmup_steps=0, decay="constant", **options)
        expected, found = (two_steps(strategy, head, train, batch) for strategy in (one, two))
        assert expected.keys() == found.keys()
        for name, value in expected.items():
            about = f"{head}, {rows} lines: {name}"
            if name in ("losses", "loss", "norm"):
                np.testing.assert_allclose(found[name], value, rtol=1e-4, err_msg=about)
                continue
            assert len(found[name]) == 2 or name == "optimizer/iter", about
            for replica in found[name]:
                np.testing.assert_array_equal(replica, found[name][0], about)
                np.testing.assert_allclose(replica, value[0], rtol=1e-3, atol=2e-5, err_msg=about)


@pytest.mark.slow
def test_a_step_on_two_replicas():
    code = """
import tensorflow as tf
processor = tf.config.list_physical_devices("CPU")[0]
two = [tf.config.LogicalDeviceConfiguration()] * 2
tf.config.set_logical_device_configuration(processor, two)
from tests import test_recognizer
test_recognizer.replicas()
"""
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr[-4000:]

"""Logistic regression, rules, classifiers."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize

from ocr_tf.classical import logistic
from ocr_tf.classical.boost import decide, dump_ensemble, load_ensemble, train_ensemble
from ocr_tf.classical.classifier import CLASSIFIERS, train_classifier
from ocr_tf.classical.one_vs_rest import NEGATIVES, POSITIVES, problems
from ocr_tf.classical.rules import repair


def test_a_regression_is_the_optimum_that_another_optimizer_finds():
    random = np.random.default_rng(0)
    x = random.normal(size=300)
    yes = random.random(300) < 1 / (1 + np.exp(-(3 * x - 1)))
    targets = np.where(yes, (yes.sum() + 1) / (yes.sum() + 2), 1 / ((~yes).sum() + 2))

    def loss(w):
        z = w[0] * x + w[1]
        return np.sum(targets * np.logaddexp(0, -z) + (1 - targets) * np.logaddexp(0, z))

    fitted = logistic.fit(x, yes)
    np.testing.assert_allclose(fitted, minimize(loss, [0, 0]).x, rtol=1e-2)
    log_yes, log_no = fitted.log_probs(x)
    np.testing.assert_allclose(np.exp(log_yes) + np.exp(log_no), 1)


def test_gaps_that_a_threshold_separates_give_finite_weights():
    x = np.array([0.0, 0.1, 0.9, 1.0])
    fitted = logistic.fit(x, x > 0.5)
    assert np.isfinite(fitted).all() and fitted.slope > 0


def test_without_a_space_in_training_none_is_ever_read():
    log_yes, log_no = logistic.fit(np.array([0.1, 0.5]), np.array([False, False])).log_probs(
        np.array([9.0])
    )
    assert log_yes[0] < -1000 and log_no[0] == 0


SYMBOLS = "0123456789abcdefghijklmnopqrstuvwxyzILOSZ "


@pytest.mark.parametrize(
    "text, repaired",
    [
        ("12O45", "12045"),
        ("he11o", "hello"),
        ("HELL0", "HELLO"),
        ("a1", "a1"),  # neither kind prevails
        ("l", "l"),
        ("", ""),
        ("zo0l 4l7", "zool 417"),
        ("30km", "30km"),
        ("12a45", "12a45"),  # no digit looks like it
    ],
)
def test_context_repairs_what_is_in_no_doubt(text, repaired):
    assert repair(text, "context", SYMBOLS) == repaired
    assert repair(text, "none", SYMBOLS) == text


def test_a_repair_gives_no_symbol_that_the_alphabet_lacks():
    assert repair("12O45", "context", "12345O") == "12O45"
    assert repair("he11o", "context", "eho1") == "he11o"


def samples():
    random = np.random.default_rng(0)
    labels = np.arange(400) % 4
    centers = np.eye(4, 6) * 3
    return (centers[labels] + random.normal(0, 0.6, (400, 6))).astype(np.float32), labels


@pytest.mark.parametrize("kind", CLASSIFIERS)
def test_a_classifier_names_what_can_be_told_apart_and_survives_its_arrays(kind):
    features, labels = samples()
    classifier = train_classifier(CLASSIFIERS[kind], features, labels, 5)
    log_probs = classifier.log_probs(features)
    np.testing.assert_allclose(np.exp(log_probs).sum(axis=1), 1)
    assert (log_probs.argmax(axis=1) == labels).mean() > 0.95
    assert (log_probs.argmax(axis=1) != 4).all()  # a class without samples
    again = CLASSIFIERS[kind].from_arrays(classifier.decisions.arrays())
    np.testing.assert_allclose(
        again.values(features), classifier.decisions.values(features), atol=1e-5
    )


def test_decisions_are_positive_on_the_side_of_their_class():
    features, labels = samples()
    ensemble = train_ensemble(features, labels == 2, 10, 1)
    votes = decide(load_ensemble(dump_ensemble(ensemble)), features)
    assert votes[labels == 2].mean() > 0 > votes[labels != 2].mean()


def test_a_decision_is_trained_on_a_bounded_number_of_samples():
    labels = np.repeat([0, 1], [POSITIVES + 50, NEGATIVES + 50])
    chosen = dict(problems(labels, 3))
    assert sorted(chosen) == [0, 1]
    assert (labels[chosen[0]] == 0).sum() == POSITIVES
    assert (labels[chosen[0]] == 1).sum() == NEGATIVES

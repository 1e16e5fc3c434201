"""Trains an experiment into a run folder; killed anywhere, the same command goes on bit for bit."""

from __future__ import annotations

import contextlib
import hashlib
import math
import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Optional

import numpy as np
import tensorflow as tf

from ocr_tf import rng
from ocr_tf.data import pipeline
from ocr_tf.data.batching import Course
from ocr_tf.errors import NAMED, Diverged, InputError
from ocr_tf.experiment.config.experiment import PARTS, Experiment, Train
from ocr_tf.experiment.config.program import command_name
from ocr_tf.experiment.inference.aligner import Aligner
from ocr_tf.experiment.inference.load import assign, build, initialize_from
from ocr_tf.experiment.inference.recognize import WIDTHS, Reader, mean_loss
from ocr_tf.experiment.runs.atomic import atomic_write
from ocr_tf.experiment.runs.run_folder import RunFolder
from ocr_tf.experiment.runs.seen_lines import refuse_seen
from ocr_tf.experiment.tensorboard.event_file import Curves
from ocr_tf.experiment.training import splits
from ocr_tf.experiment.training.previews import Previews
from ocr_tf.experiment.training.profiler import Profile
from ocr_tf.experiment.training.step import Stepper
from ocr_tf.metrics.confusions import confusions, most_common
from ocr_tf.metrics.error_rates import measure
from ocr_tf.progress import Progress, clock
from ocr_tf.recognizer import Recognizer
from ocr_tf.types import Batch

CONFUSIONS = 20  # the most frequent ones are recorded at each validation


def run(experiment: Experiment, workdir: Path) -> None:
    """Starts or goes on with a training, until its last step or its early stop.

    Raises:
        InputError: bad data or flags, a folder in use, a loss that is not finite, no space left.
        KeyboardInterrupt: after an interruption has been saved.
    """
    folder = RunFolder(workdir)
    folder.check_usable(experiment)
    _check(experiment.train)
    try:
        with contextlib.ExitStack() as stack:
            if folder.begun:  # in use, it is refused at once
                stack.enter_context(folder.lock())
            roles = splits.prepare(experiment)
            splits.report(experiment, roles)
            model = build(experiment, roles.alphabet)
            seen = list(roles.rows())
            if experiment.train.init_from and not folder.steps():
                seen += _start_from_parent(experiment.train, model, roles)
            if not folder.begun:  # only now that everything is known to fit
                folder = RunFolder.create_or_open(workdir)
                stack.enter_context(folder.lock())
            facts = {
                "threads": _threads(),
                "data": roles.fingerprints(),
                "first_weights": _fingerprints(model),
            }
            for warning in folder.begin(experiment, roles.alphabet, facts):
                print(f"warning: {warning}", file=sys.stderr)
            if not folder.steps():
                folder.remember_lines(seen)
                skipped = "".join(f"{s.place}\t{s.kind}\t{s.reason}\n" for s in roles.skipped)
                atomic_write(folder.path / "skipped.tsv", skipped.encode())
            training = Training(experiment, roles, folder, model)
            with Interruption() as interruption:
                training.go(interruption)
    except KeyboardInterrupt as interrupt:
        what = str(interrupt) or "interrupted"
        raise KeyboardInterrupt(f"{what}; give the same command again to resume") from None


def _check(train: Train) -> None:
    """Refuses flags that each are right but not together."""
    if train.init_parts != "all" and not train.init_from:
        raise InputError(f"--train.init_parts={train.init_parts} needs --train.init_from=RUN")
    if set(train.freeze) == set(PARTS):
        raise InputError("--train.freeze names all parts: nothing would learn; leave one out")


def _start_from_parent(
    train: Train, model: Recognizer, roles: splits.Roles
) -> list[tuple[str, bytes, str]]:
    """Loads --train.init_from; returns the lines that its weights have seen, as `inherited`."""
    parent = RunFolder.open(train.init_from)
    initialize_from(model, parent, train.init_parts)
    seen = {digest: role for role, digest, _ in parent.lines() if role != "val"}
    refuse_seen(roles.val, seen, "validation", parent)
    return [("inherited", digest, name) for _, digest, name in parent.lines()]


def _threads() -> dict[str, Any]:
    """What the order of floating-point sums may depend on."""
    affinity = getattr(os, "sched_getaffinity", None)  # not on every system
    switches = ("TF_ENABLE_ONEDNN_OPTS", "ONEDNN_MAX_CPU_ISA", "OMP_NUM_THREADS")
    return {
        "cores": len(affinity(0)) if affinity else os.cpu_count(),
        "intra_op": tf.config.threading.get_intra_op_parallelism_threads(),
        "inter_op": tf.config.threading.get_inter_op_parallelism_threads(),
        **{name: os.environ.get(name, "") for name in switches},
    }


def _fingerprints(model: Recognizer) -> dict[str, str]:
    """sha256 of the weights of each part: what starts equal in two runs has the same."""
    found = {}
    for part, weights in model.parts().items():
        content = b"".join(rng.path(v).encode() + v.numpy().tobytes() for v in weights)
        found[part] = hashlib.sha256(content).hexdigest()
    return found


def _link(before: str, batch: Batch) -> str:
    """sha256 of a batch's lines, pixels and labels, and of all batches before it: two runs with the
    same last link were shown the same."""
    digest = hashlib.sha256(before.encode())
    for tensor in (batch.samples, *batch.images, *batch.labels):
        digest.update(tensor.numpy().tobytes())
    return digest.hexdigest()


class Interruption:
    """Turns the first Ctrl-C or SIGTERM into a request; the second Ctrl-C interrupts at once."""

    def __init__(self) -> None:
        self.requested = False

    def __enter__(self) -> Interruption:
        self._before = {s: signal.signal(s, self._handle) for s in (signal.SIGINT, signal.SIGTERM)}
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _handle(self, number: int, frame: Any) -> None:
        if self.requested:
            raise KeyboardInterrupt
        self.requested = True
        print("\nfinishing this step and saving; again to stop at once", file=sys.stderr)


class Training:
    """A model on its way from step 0 to the last; everything it needs is in its checkpoint."""

    def __init__(
        self,
        experiment: Experiment,
        roles: splits.Roles,
        folder: RunFolder,
        model: Recognizer,
    ):
        self.experiment, self.roles, self.folder = experiment, roles, folder
        self.train = experiment.train
        self.stepper = Stepper(model, self.train)
        geometry = experiment.geometry
        self.reader = Reader(model, geometry, self.train.batch_size)
        aligner = Aligner(model, geometry, experiment.encoder.stride)
        self.previews = Previews(aligner, roles.val, folder, self.train.previews)
        self.profile = Profile(folder.path, self.train.profile_steps)
        self.curves = Curves(folder)
        self.course = Course(
            roles.train.widths, self.train.seed, self.train.batch_size, self.train.steps
        )
        self.step = 0
        self.best_step: Optional[int] = None
        self.best_cer = math.inf
        self.worse = 0  # validations since the CER last fell
        self.finished = False
        self.before = 0.0  # seconds of the starts before this one
        self.began = time.monotonic()
        self.window: list[list[float]] = []  # (loss, lines, seconds) of steps not yet logged
        self.batches = ""  # sha256 over all batches so far: see `_link`
        self._last_saved: Optional[int] = None

    @property
    def elapsed(self) -> float:
        """Seconds of training over all starts, validations and checkpoints included."""
        return self.before + time.monotonic() - self.began

    # State

    def restore(self) -> None:
        """Goes back to the last checkpoint, or to the start if there is none."""
        if not self.folder.steps():
            self.folder.truncate_metrics(0)
            if self.train.init_from:
                self.save()  # from now on the run does not depend on the other one
        else:
            checkpoint = self.folder.load_checkpoint("last")
            assign(self.stepper.variables(), checkpoint.arrays, str(self.folder.path))
            state = checkpoint.state
            self.step = self._last_saved = checkpoint.step
            self.best_step, self.best_cer = state["best_step"], state["best_cer"]
            if self.best_cer is None:
                self.best_cer = math.inf
            self.worse, self.finished = state["worse"], state["finished"]
            self.before, self.window = state["elapsed"], state["window"]
            self.batches = state["batches"]
            self.folder.truncate_metrics(state["metrics"])
        self.folder.truncate_previews(self.step)
        if not self.folder.graph_path.exists():
            atomic_write(self.folder.graph_path, self.reader.graph())
        self.curves.rewrite()

    def save(self) -> None:
        """One atomic checkpoint of all state."""
        if self._last_saved == self.step:
            return
        state = {
            "best_step": self.best_step,
            "best_cer": None if self.best_cer == math.inf else self.best_cer,
            "worse": self.worse,
            "finished": self.finished,
            "elapsed": self.elapsed,
            "window": self.window,
            "batches": self.batches,
            "metrics": self.folder.metrics_position(),
        }
        arrays = {path: variable.numpy() for path, variable in self.stepper.variables().items()}
        self.folder.save_checkpoint(self.step, arrays, state)
        self._last_saved = self.step

    # The loop

    def go(self, interruption: Interruption) -> None:
        self.restore()
        if self.finished:
            print(f"{self.folder.path} is finished at step {self.step}", file=sys.stderr)
            self._say_what_next()
            return
        if self.step:
            print(f"resuming at step {self.step}", file=sys.stderr)
        progress = Progress("step", self.train.steps, done=self.step, patience=0.0)
        self._step_ended = time.monotonic()
        every = self.train.evaluate_every or self.course.steps_per_epoch
        try:
            for batch in self._batches():
                self._take_step(batch, progress)
                if self.step % every == 0 or self.step == self.train.steps:
                    self._validate(progress)
                    self.save()
                    self._step_ended = time.monotonic()
                elif self.train.checkpoint_every and self.step % self.train.checkpoint_every == 0:
                    self.save()
                if interruption.requested:
                    # Here and nowhere else: anywhere else the state is between two steps.
                    self.save()
                    raise KeyboardInterrupt
                if self.finished:
                    break
        except KeyboardInterrupt:
            progress.clear()
            saved = (
                "nothing is saved yet"
                if self._last_saved is None
                else (f"step {self._last_saved} is saved")
            )
            raise KeyboardInterrupt(f"interrupted at step {self.step}; {saved}") from None
        finally:
            self.profile.stop()
        progress.clear()
        self._say_what_next()

    def _batches(self) -> Iterator[Batch]:
        return iter(
            pipeline.batches(
                self.roles.train,
                self.roles.labels,
                self.course,
                self.experiment.geometry,
                start=self.step,
                augment_seed=self.train.seed if self.experiment.data.augment else None,
                multiple=WIDTHS,
            )
        )

    def _take_step(self, batch: Batch, progress: Progress) -> None:
        with self.profile.step(self.step + 1):
            outcome = self.stepper(batch)
            losses = outcome.losses.numpy()
        if not (np.isfinite(losses).all() and np.isfinite(outcome.gradient_norm)):
            self._refuse_not_finite(batch, losses)
        self.batches = _link(self.batches, batch)
        self.step += 1
        seconds = time.monotonic() - self._step_ended  # waiting for the batch included
        self._step_ended = time.monotonic()
        self.window.append([float(losses.sum()), int(batch.ok.numpy().sum()), seconds])
        for i in batch.samples.numpy()[~batch.ok.numpy()]:
            progress.say(
                f"warning: {self.roles.train.origin(int(i))} can no longer be read: skipped"
            )
        loss = outcome.loss.numpy()
        rate = sum(w[1] for w in self.window) / max(1e-9, sum(w[2] for w in self.window))
        best = "" if self.best_step is None else f"  best CER {100 * self.best_cer:.2f} %"
        progress.show(self.step, f"loss {loss:.3f}  {rate:.0f} images/s{best}")
        if self.step % self.train.log_every == 0:
            sums = np.sum(self.window, axis=0)
            self._record(
                {
                    "train/loss": sums[0] / max(1.0, sums[1]),
                    "train/learning_rate": float(outcome.learning_rate),
                    "train/gradient_norm": float(outcome.gradient_norm),
                    "train/images_per_second": sums[1] / sums[2],
                }
            )
            self.window = []

    def _refuse_not_finite(self, batch: Batch, losses: np.ndarray) -> None:
        bad = batch.samples.numpy()[~np.isfinite(losses)]
        if not len(bad):  # a gradient that overflowed: any line may be its cause
            bad = batch.samples.numpy()
        places = [self.roles.train.samples[int(i)].place for i in bad[:NAMED]]
        more = f" and {len(bad) - NAMED} more" if len(bad) > NAMED else ""
        kept = f"the checkpoint of step {self._last_saved} is kept" if self._last_saved else ""
        raise Diverged(
            f"the loss is not finite at step {self.step + 1}; lines: {', '.join(places)}{more}; "
            f"lower --train.learning_rate, or look at these lines{'; ' if kept else ''}{kept}"
        )

    def _validate(self, progress: Progress) -> None:
        lines = self.roles.val
        progress.clear()
        readings = self.reader.read(lines, "validating")
        pairs = [(text, reading.text) for text, reading in zip(lines.texts, readings)]
        rates = measure(pairs)
        cer = rates.cer
        assert cer is not None, "preflight refuses validation lines without text"
        better = cer < self.best_cer
        self.worse = 0 if better else self.worse + 1
        figures: dict[str, Any] = {"val/cer": cer, "val/exact": rates.exact}
        if cer <= self.best_cer:  # of equals the last: few lines tie often, and the rate has fallen
            self.best_step, self.best_cer = self.step, cer
            best = {"cer": cer, "exact": rates.exact}
            best |= {"step": self.step, "minutes": self.elapsed / 60}
            figures |= {f"summary/best_{name}": value for name, value in best.items()}
        loss = mean_loss(readings)
        if not math.isnan(loss):
            figures["val/loss"] = loss
        stopping = 0 < self.train.patience <= self.worse
        self.finished = stopping or self.step == self.train.steps
        self._record(
            {
                **figures,
                "confusions": [[*c, n] for c, n in most_common(confusions(pairs), CONFUSIONS)],
                "lines": self.previews.take(self.step, readings),
                "finished": self.finished,
                "batches": self.batches,
                "elapsed": self.elapsed,
            }
        )
        unended = sum(r.ok and not r.ended for r in readings)
        progress.say(
            f"step {self.step}  {clock(self.elapsed)}  CER {100 * cer:.2f} %  "
            f"exact {100 * (rates.exact or 0):.1f} %  loss {loss:.3f}"
            + (f"  {unended} lines hit their bound" if unended else "")
            + ("  best so far" if better else "")
        )
        if stopping:
            progress.say(f"no better CER in {self.worse} validations: stopping early")

    def _record(self, values: dict[str, Any]) -> None:
        record = {"step": self.step, "wall": time.time(), **values}
        self.folder.append_metrics(record)
        self.curves.write(record)

    def _say_what_next(self) -> None:
        path = self.folder.path
        print(f"best CER {100 * self.best_cer:.2f} % at step {self.best_step}, {path}")
        print(f"curves:  tensorboard --logdir {path.parent}")
        print(f"measure: {command_name('evaluate')} {path} --data.test=LABELS")
        print(f"export:  {command_name('export')} {path} FOLDER")

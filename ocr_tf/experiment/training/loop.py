"""Trains an experiment into a run folder; killed anywhere, the same command goes on bit for bit."""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import os
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Optional

import numpy as np
import tensorflow as tf

from ocr_tf.atomic import atomic_write
from ocr_tf.data import pipeline
from ocr_tf.data.augment.augmenter import Augmenter
from ocr_tf.data.batching import Course
from ocr_tf.data.cache import LineCache
from ocr_tf.errors import NAMED, Diverged
from ocr_tf.experiment.config.experiment import Experiment, Train
from ocr_tf.experiment.config.program import command_name
from ocr_tf.experiment.inference.aligner import Aligner
from ocr_tf.experiment.inference.load import assign, build, initialize_from
from ocr_tf.experiment.inference.recognize import Reader, width_multiple
from ocr_tf.experiment.runs.checkpoints import StepTaken, TrainingState
from ocr_tf.experiment.runs.failure import (
    NOTHING,
    Divergence,
    failure,
    forget_divergence,
    record_divergence,
)
from ocr_tf.experiment.runs.metrics_log import is_aligned
from ocr_tf.experiment.runs.run_folder import RunFolder, SeenLine
from ocr_tf.experiment.runs.seen_lines import refuse_seen
from ocr_tf.experiment.tensorboard.event_file import Curves
from ocr_tf.experiment.training import checks, cluster, fingerprints, origin, splits, strategy
from ocr_tf.experiment.training.accelerators import accelerators, deterministic
from ocr_tf.experiment.training.best import Best
from ocr_tf.experiment.training.formation import AlignmentProbe
from ocr_tf.experiment.training.interruption import Interruption
from ocr_tf.experiment.training.narrowest import least_width
from ocr_tf.experiment.training.previews import Previews
from ocr_tf.experiment.training.profiler import WARMUP, Profile
from ocr_tf.experiment.training.step import Stepper
from ocr_tf.experiment.training.validation import validate
from ocr_tf.library_lines import without_library_lines
from ocr_tf.metrics.failures import NOT_ALIGNED, NOT_LEARNED, SAID
from ocr_tf.processor import cores
from ocr_tf.progress import Afterwards, Progress, clock
from ocr_tf.recognizer import Recognizer
from ocr_tf.types import Array, Batch


def run(experiment: Experiment, workdir: Path, afterwards: Optional[Afterwards] = None) -> None:
    """Starts or goes on with a training, until its last step or its early stop.

    Of the workers of a cluster, which all call this, the chief alone touches the run folder.

    Args:
        experiment: what is trained.
        workdir: its run folder, new or to be resumed.
        afterwards: what follows on the training, for an ETA of both.

    Raises:
        InputError: bad data or flags, a folder in use, a loss that is not finite, no space left, a
            worker of the cluster that is lost.
        KeyboardInterrupt: after an interruption has been saved.
    """
    folder = RunFolder(workdir)
    task = cluster.task(experiment.train)
    if task.chief:
        folder.check_usable(experiment)
    experiment = folder.settled(experiment)
    checks.check_train(experiment.train)
    try:
        with contextlib.ExitStack() as stack:
            stack.enter_context(without_library_lines())
            if task.chief and folder.begun:  # in use, it is refused at once
                stack.enter_context(folder.lock())
            deterministic(experiment.train.deterministic_ops)
            devices = stack.enter_context(strategy.devices(experiment.train, task))
            roles = splits.prepare(experiment)
            data = (roles.fingerprints(), roles.alphabet.dumps())
            devices.check_same(data=data, flags=cluster.agreed(experiment))
            with devices.strategy.scope():
                model = build(experiment, roles.alphabet)
            cache = stack.enter_context(LineCache(experiment.data.cache_mb))
            if not task.chief:
                with Interruption() as interruption:
                    Training(experiment, roles, folder, model, cache, devices).follow(interruption)
                return
            splits.report(experiment, roles)
            parent: Optional[RunFolder] = None
            inherited: list[SeenLine] = []
            if not folder.checkpoints.steps():
                parent, inherited = _from_another_run(experiment, model, roles)
            if not folder.begun:  # only now that everything is known to fit
                folder = RunFolder.create_or_open(workdir)
                stack.enter_context(folder.lock())
            facts = {
                "threads": _threads(),
                "devices": dataclasses.asdict(devices.shared()),
                "accelerators": accelerators(),
                "data": roles.fingerprints(),
                "first_weights": fingerprints.of_weights(model),
                "origin": parent and dataclasses.asdict(origin.origin(parent)),
            }
            for warning in folder.begin(experiment, roles.alphabet, facts):
                print(f"warning: {warning}", file=sys.stderr)
            if not folder.checkpoints.steps():
                folder.remember_lines(itertools.chain(roles.rows(), inherited))
                skipped = "".join(f"{s.place}\t{s.kind}\t{s.reason}\n" for s in roles.skipped)
                atomic_write(folder.path / "skipped.tsv", skipped.encode())
            if parent is not None:
                origin.adopt(folder, parent, roles.alphabet)
            training = Training(experiment, roles, folder, model, cache, devices)
            with Interruption() as interruption:
                training.go(interruption, afterwards)
    except KeyboardInterrupt as interrupt:
        what = str(interrupt) or "interrupted"
        raise KeyboardInterrupt(f"{what}; give the same command again to resume") from None


def _from_another_run(
    experiment: Experiment, model: Recognizer, roles: splits.Roles
) -> tuple[Optional[RunFolder], list[SeenLine]]:
    """Finds what a run without a checkpoint has of another one.

    Returns:
        The run that it goes on from, if it does, and the lines that its first weights have seen beside its
        own, as `inherited`.
    """
    train = experiment.train
    if train.continue_from:
        origin.check(experiment)
        parent = RunFolder.open(train.continue_from)
        return parent, [line for line in parent.lines() if line.role == "inherited"]
    return None, _start_from_parent(train, model, roles) if train.init_from else []


def _start_from_parent(train: Train, model: Recognizer, roles: splits.Roles) -> list[SeenLine]:
    """Loads --train.init_from; returns the lines that its weights have seen, as `inherited`."""
    parent = RunFolder.open(train.init_from)
    initialize_from(model, parent, train.init_parts)
    seen = {line.pixels: line.role for line in parent.lines() if line.role != "val"}
    refuse_seen(roles.val, seen, "validation", parent)
    return [line._replace(role="inherited") for line in parent.lines()]


def _threads() -> dict[str, Any]:
    """Tells what the order of floating-point sums may depend on."""
    switches = ("TF_ENABLE_ONEDNN_OPTS", "ONEDNN_MAX_CPU_ISA", "OMP_NUM_THREADS")
    return {
        "cores": cores(),
        "intra_op": tf.config.threading.get_intra_op_parallelism_threads(),
        "inter_op": tf.config.threading.get_inter_op_parallelism_threads(),
        **{name: os.environ.get(name, "") for name in switches},
    }


class Training:
    """A model on its way from step 0 to the last; everything it needs is in its checkpoint."""

    def __init__(
        self,
        experiment: Experiment,
        roles: splits.Roles,
        folder: RunFolder,
        model: Recognizer,
        cache: LineCache,
        devices: strategy.Devices,
    ):
        """Makes what a training needs at step 0; `go` starts or resumes it."""
        train, geometry = experiment.train, experiment.geometry
        self.experiment, self.roles, self.folder = experiment, roles, folder
        self.devices, self.cache = devices, cache
        with devices.strategy.scope():
            self.stepper = Stepper(model, train)
        self.reader = Reader(model, geometry, train.batch_size, cache=cache)
        aligner = Aligner(model, geometry, experiment.encoder)
        self.previews = Previews(aligner, roles.val, folder, train.previews)
        self.alignment = AlignmentProbe(model, geometry, roles.val, cache, experiment.encoder)
        self.profile = Profile(folder.path, train.profile_steps)
        self.curves = Curves(folder)
        self.course = Course(
            roles.train.widths,
            train.seed,
            train.batch_size,
            train.steps,
            train.batch_columns,
            roles.mixture,
        )
        self.clock = Clock()
        # What a checkpoint keeps, beside the variables and the clock.
        self.step = 0
        self.best = Best()
        self.finished = False
        self.window: list[StepTaken] = []  # the steps since the last point of the curves
        self.batches = ""  # see `fingerprints.of_batches`
        self._last_saved: Optional[int] = None

    # State

    def restore(self) -> None:
        """Goes back to the last checkpoint, or to the start if there is none."""
        if not self.folder.checkpoints.steps():
            self.folder.metrics.truncate(0)
            if self.experiment.train.init_from:
                self.save()  # from now on the run does not depend on the other one
        else:
            checkpoint = self.folder.checkpoints.load("last")
            assign(self.stepper.variables(), checkpoint.arrays, str(self.folder.path))
            state = checkpoint.state
            self.step = self._last_saved = checkpoint.step
            self.best = Best(state.best_step, state.best_cer, state.worse)
            self.finished, self.window = state.finished, list(state.window)
            self.batches = state.batches
            self.clock.before = state.elapsed
            self.folder.metrics.truncate(state.metrics)
        self.folder.truncate_previews(self.step)
        if not self.folder.graph_path.exists():
            atomic_write(self.folder.graph_path, self.reader.graph())
        self.curves.rewrite()

    def save(self) -> None:
        """Writes one atomic checkpoint of all state. Raises Diverged where a weight is not finite."""
        if self._last_saved == self.step:
            return
        state = TrainingState(
            best_step=self.best.step,
            best_cer=self.best.cer,
            worse=self.best.worse,
            finished=self.finished,
            elapsed=self.clock.elapsed(),
            window=tuple(self.window),
            batches=self.batches,
            metrics=self.folder.metrics.position(),
        )
        arrays = {path: variable.numpy() for path, variable in self.stepper.variables().items()}
        bad = [path for path, array in arrays.items() if not np.isfinite(array).all()]
        if bad:
            raise Diverged(
                f"{bad[0]} is not finite after step {self.step}; lower --train.learning_rate"
            )
        self.folder.checkpoints.save(self.step, arrays, state)
        self._last_saved = self.step

    # The loop

    def follow(self, interruption: Interruption) -> None:
        """Takes the steps of a worker that is not the chief, from where the chief is to where it ends.

        Raises:
            Diverged: the loss is no longer finite.
            KeyboardInterrupt: one of the workers was asked to end.
        """
        self._meet()
        for batch in self._batches() if not self.finished else ():
            if not self.stepper(batch).finite():
                raise Diverged(f"the loss is not finite at step {self.step + 1}; see the chief")
            self._shown(batch)
            self.step += 1
            # The chief may validate and save before it answers.
            requested, self.finished = self.devices.any(interruption.requested, False)
            if requested:
                raise KeyboardInterrupt(f"interrupted at step {self.step}")
            if self.finished:
                break

    def _meet(self) -> None:
        """Brings all workers to where the chief is; the others hold first weights until then."""
        step, finished = self.devices.from_chief(np.array([self.step, self.finished], np.int32))
        self.step, self.finished = int(step), bool(finished)
        self.devices.share(self.stepper.variables())

    def _shown(self, batch: Batch) -> Array:
        """Hashes the rows of a batch, [B, 2] int32; all workers call it after each step."""
        shard = self.devices.shard
        own = fingerprints.of_rows(batch, shard.rows(len(batch.samples)))
        return self.devices.joined(own)

    def go(self, interruption: Interruption, afterwards: Optional[Afterwards] = None) -> None:
        """Trains from the last checkpoint to the end.

        Raises:
            Diverged: the loss is no longer finite.
            KeyboardInterrupt: after the interruption that was asked for has been saved.
        """
        self.restore()
        self._meet()
        if self.finished:
            print(f"{self.folder.path} is finished at step {self.step}", file=sys.stderr)
            self._say_what_next()
            return
        forget_divergence(self.folder.path)
        if self.step:
            print(f"resuming at step {self.step}", file=sys.stderr)
        progress = Progress(
            "step",
            self.experiment.train.steps,
            done=self.step,
            warm_up=WARMUP,
            patience=0.0,
            afterwards=afterwards,
        )
        try:
            self._take_steps(interruption, progress)
        except KeyboardInterrupt:
            progress.clear()
            saved = (
                "nothing is saved yet"
                if self._last_saved is None
                else f"step {self._last_saved} is saved"
            )
            raise KeyboardInterrupt(f"interrupted at step {self.step}; {saved}") from None
        except Diverged as error:
            progress.clear()
            record_divergence(self.folder.path, Divergence(self.step + 1, str(error)))
            raise
        finally:
            self.profile.stop()
        progress.clear()
        self._say_what_next()

    def _take_steps(self, interruption: Interruption, progress: Progress) -> None:
        train = self.experiment.train
        evaluate_every = train.evaluate_every or self.course.steps_per_epoch
        warm = self.step + WARMUP
        self.clock.lap()
        for batch in self.clock.waiting(self._batches()):
            self._take_step(batch, progress, warm)
            if self.step % evaluate_every == 0 or self.step == train.steps:
                self._validate(progress)
                self.save()
                self.clock.lap()
            elif train.checkpoint_every and self.step % train.checkpoint_every == 0:
                self.save()
            requested, _ = self.devices.any(interruption.requested, self.finished)
            if requested:
                # Here and nowhere else: anywhere else the state is between two steps.
                self.save()
                raise KeyboardInterrupt
            if self.finished:
                break

    def _batches(self) -> Iterator[Batch]:
        augmenter = Augmenter(self.experiment.data.augment)
        return pipeline.batches(
            self.roles.train,
            self.roles.labels,
            self.course,
            self.experiment.geometry,
            start=self.step,
            augment_seed=self.experiment.train.seed if augmenter.active else None,
            augmenter=augmenter,
            least_width=least_width(self.experiment),
            multiple=width_multiple(int(self.roles.train.widths.max())),
            fits=None if self.roles.train.exact else self._fits,
            # Of a set that is gone through but once, no line is needed again.
            cache=self.cache if len(self.course) > self.course.steps_per_epoch else None,
            shard=self.devices.shard,
        )

    def _fits(self, label: Sequence[int], width: int) -> bool:
        """Tells whether the head can reach a label from an image of this width."""
        needed = self.experiment.head.needed_steps(label)
        return bool(needed <= self.experiment.encoder.steps(width))

    def _take_step(self, batch: Batch, progress: Progress, warm: int) -> None:
        """Takes one step, and says how fast the steps after `warm` are."""
        with self.profile.step(self.step + 1):
            outcome = self.stepper(batch)
            losses = outcome.losses.numpy()
        if not outcome.finite():
            self._refuse_not_finite(batch, losses)
        self.batches = fingerprints.of_batches(self.batches, self._shown(batch))
        self.step += 1
        ok = outcome.ok.numpy()
        lines = int(ok.sum())
        clipped = bool(outcome.clipped)
        seconds, waited = self.clock.lap(), self.clock.waited()
        taken = StepTaken(float(losses.sum()), lines, seconds, waited, clipped)
        self.window.append(taken)
        for i in batch.samples.numpy()[~ok]:
            origin = self.roles.train.origin(int(i))
            reason = (
                "can no longer be read"
                if self.roles.train.exact
                else "cannot be read, or is too narrow for its label"
            )
            progress.say(f"warning: {origin} {reason}: skipped")
        best = "" if self.best.cer is None else f"best CER {100 * self.best.cer:.2f} %"
        recent = self.window[-(self.step - warm) :] if self.step > warm else []
        pace = f"{_pace(recent):.0f} images/s" if recent else ""
        parts = (f"loss {outcome.loss.numpy():.3f}", pace, best)
        progress.show(self.step, "  ".join(filter(None, parts)))
        if self.step % self.experiment.train.log_every == 0:
            loss, count = sum(s.loss for s in self.window), sum(s.lines for s in self.window)
            self._record(
                {
                    "train/loss": loss / max(1.0, count),
                    "train/learning_rate": float(outcome.learning_rate),
                    "train/gradient_norm": float(outcome.gradient_norm),
                    "train/clipped": sum(s.clipped for s in self.window) / len(self.window),
                    "train/images_per_second": _pace(self.window),
                    "train/input_wait": _waiting(self.window),
                }
            )
            self.window = []

    def _refuse_not_finite(self, batch: Batch, losses: Array) -> None:
        bad = batch.samples.numpy()[~np.isfinite(losses)]
        if not len(bad):  # a gradient that overflowed: any line may be its cause
            bad = batch.samples.numpy()
        places = [self.roles.train.sample(int(i)).place for i in bad[:NAMED]]
        more = f" and {len(bad) - NAMED} more" if len(bad) > NAMED else ""
        kept = f"the checkpoint of step {self._last_saved} is kept" if self._last_saved else ""
        raise Diverged(
            f"the loss is not finite at step {self.step + 1}; lines: {', '.join(places)}{more}; "
            f"lower --train.learning_rate, or look at these lines{'; ' if kept else ''}{kept}"
        )

    def _validate(self, progress: Progress) -> None:
        progress.clear()
        validated = validate(self.reader, self.roles.val, self.previews, self.alignment, self.step)
        before, self.best = self.best, self.best.after(self.step, validated.cer)
        patience = self.experiment.train.patience
        self.finished = self.best.stops(patience) or self.step == self.experiment.train.steps
        elapsed = self.clock.elapsed()
        summary = {}
        if self.best.step == self.step:
            best = {"cer": validated.cer, "exact": validated.exact}
            best |= {"step": self.step, "minutes": elapsed / 60}
            summary = {f"values/val_best/{name}": value for name, value in best.items()}
        aligned = is_aligned(validated.alignment.formed, validated.cer)
        if aligned and self.folder.metrics.aligned_at() is None:
            summary["values/aligned_at/step"] = self.step
        self._record(
            {
                **validated.record(),
                **summary,
                "finished": self.finished,
                "batches": self.batches,
                "elapsed": elapsed,
            }
        )
        improved = before.cer is None or validated.cer < before.cer
        progress.say(
            f"step {self.step}  {clock(elapsed)}  {validated.summary()}"
            + ("  best so far" if improved else "")
        )
        if self.best.stops(patience):
            progress.say(f"no better CER in {self.best.worse} validations: stopping early")
        if self.finished and self._finding():
            self._record({"finding": self._finding()})

    def _record(self, values: dict[str, Any]) -> None:
        record = {"step": self.step, "wall": time.time(), **values}
        self.folder.metrics.append(record)
        self.curves.write(record)

    def _say_what_next(self) -> None:
        path, cer = self.folder.path, self.best.cer
        if cer is not None:
            aligned = self.folder.metrics.aligned_at()
            since = "" if aligned is None else f", aligned since step {aligned}"
            print(f"best CER {100 * cer:.2f} % at step {self.best.step}{since}, {path}")
        print(f"curves:  tensorboard --logdir {path.parent}")
        print(f"measure: {command_name('evaluate')} {path} --data.test=LABELS")
        print(f"export:  {command_name('export')} {path} FOLDER")
        if self._finding():
            print(self._finding())

    def _finding(self) -> str:
        """Says that the training failed, and how; empty where it did not."""
        failed = failure(self.folder, self.experiment.train.seed)
        if failed is None or failed.cer is None:
            return ""
        spread = "" if failed.entropy is None else f", entropy {failed.entropy:.2f} of at most 1"
        why = {
            NOT_ALIGNED: "it has not found where in the line the symbols stand",
            NOT_LEARNED: f"no validation had a CER of {100 * NOTHING:.0f} % or less",
        }[failed.kind]
        return (
            f"{self.experiment.head_name} {SAID[failed.kind]}: {why} (CER {100 * failed.cer:.0f} %{spread}), "
            "so its figures say nothing of what it could read; train longer or on more lines"
        )


class Clock:
    """The time of a training over all its starts."""

    def __init__(self) -> None:
        self.before = 0.0  # seconds of the starts before this one
        self._began = self._lap = time.monotonic()
        self._waited = 0.0

    def elapsed(self) -> float:
        """Seconds of all starts, validations and checkpoints included."""
        return self.before + time.monotonic() - self._began

    def lap(self) -> float:
        """Seconds since the last lap."""
        now = time.monotonic()
        seconds, self._lap = now - self._lap, now
        return seconds

    def waiting(self, batches: Iterable[Batch]) -> Iterator[Batch]:
        """Gives the batches as they come, and remembers how long each was waited for."""
        batches = iter(batches)
        while True:
            before = time.monotonic()
            batch = next(batches, None)
            self._waited = time.monotonic() - before
            if batch is None:
                return
            yield batch

    def waited(self) -> float:
        """Seconds that the last batch was waited for."""
        return self._waited


def _pace(steps: list[StepTaken]) -> float:
    """Lines a second."""
    return sum(taken.lines for taken in steps) / max(1e-9, sum(taken.seconds for taken in steps))


def _waiting(steps: list[StepTaken]) -> float:
    """The share of the time in which batches were waited for."""
    return sum(taken.waited for taken in steps) / max(1e-9, sum(taken.seconds for taken in steps))

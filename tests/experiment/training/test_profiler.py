from tensorflow.tsl.profiler.protobuf.xplane_pb2 import XSpace

from ocr_tf.experiment.training import loop
from ocr_tf.experiment.training.profiler import WARMUP, Profile
from tests.experiment import tiny


def traced(folder):
    """The numbers of the steps in each profile of a run."""
    profiles = []
    for path in sorted(folder.glob("plugins/profile/*/*.xplane.pb")):
        numbers = []
        for plane in XSpace.FromString(path.read_bytes()).planes:
            names = {key: stat.name for key, stat in plane.stat_metadata.items()}
            for line in plane.lines:
                for event in line.events:
                    if plane.event_metadata[event.metadata_id].name == "train":
                        stats = {names[s.metadata_id]: s.int64_value for s in event.stats}
                        numbers.append(stats["step_num"])
        profiles.append(sorted(numbers))
    return profiles


def test_the_steps_asked_for_are_profiled(tmp_path):
    loop.run(tiny.experiment(steps=8, profile_steps=2), tmp_path / "run")
    assert traced(tmp_path / "run") == [[WARMUP + 1, WARMUP + 2]]
    assert len(list((tmp_path / "run").rglob("*tfevents*"))) == 1  # the profiler adds none


def test_a_training_that_ends_before_leaves_what_it_has(tmp_path):
    profile = Profile(tmp_path, 100)
    for number in range(11, 11 + WARMUP + 2):
        with profile.step(number):
            pass
    assert not (tmp_path / "plugins").exists()
    profile.stop()
    assert traced(tmp_path) == [[11 + WARMUP, 12 + WARMUP]]
    profile.stop()
    Profile(tmp_path / "none", 0).stop()
    assert not (tmp_path / "none").exists()

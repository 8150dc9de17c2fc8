"""Datasets keep their transitions through every format."""

import os
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from foresight import datasets as dataset
from foresight import load_dataset, save_dataset

try:
    import h5py
except ModuleNotFoundError:
    h5py = None
try:
    import minari
except ModuleNotFoundError:
    minari = None


def episodes() -> dict:
    """Two episodes of 3 and 2 steps, one that terminates and one that is cut off."""
    random = np.random.default_rng(0)
    observations = random.normal(size=(7, 2)).astype(np.float32)
    return {
        "observations": observations[[0, 1, 2, 4, 5]], "next_observations": observations[[1, 2, 3, 5, 6]],
        "actions": random.normal(size=(5, 1)).astype(np.float32), "rewards": np.arange(5, dtype=np.float32),
        "terminated": np.array([0, 0, 1, 0, 0], np.uint8), "truncated": np.array([0, 0, 0, 0, 1], np.uint8),
        "environment": "Pendulum-v1",
    }


class Conversion(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.start = str(self.folder / "start.npz")
        self.data = episodes()
        dataset.write_npz(self.start, self.data)

    def same(self, path: str, environment: str = "Pendulum-v1") -> None:
        found = dataset.read_npz(path)
        self.assertEqual(found["environment"], environment)
        for name in (*dataset.FLOATS, *dataset.FLAGS):
            np.testing.assert_array_equal(found[name], self.data[name], name)

    def test_own_format(self):
        self.assertEqual(dataset.convert(self.start, str(self.folder / "copy.npz"), "Other-v0"), 5)
        self.same(str(self.folder / "copy.npz"), "Other-v0")

    def round_trip(self, place: str) -> None:
        """Saved from Python and loaded again, everything is as it was."""
        save_dataset(self.data, place)
        found = load_dataset(place)
        for name in (*dataset.FLOATS, *dataset.FLAGS):
            np.testing.assert_array_equal(np.asarray(found[name]).reshape(np.shape(self.data[name])), self.data[name], name)

    def test_from_python(self):
        self.round_trip(str(self.folder / "own.npz"))
        self.assertEqual(load_dataset(self.folder / "own.npz")["environment"], "Pendulum-v1")
        with self.assertRaisesRegex(dataset.DatasetError, "lack rewards"):
            save_dataset({name: values for name, values in self.data.items() if name != "rewards"}, self.folder / "x.npz")
        with self.assertRaisesRegex(dataset.DatasetError, "5 rewards, but 4 actions"):
            save_dataset(self.data | {"actions": self.data["actions"][1:]}, self.folder / "x.npz")
        with self.assertRaisesRegex(dataset.DatasetError, "No such file"):
            load_dataset(self.folder / "nothing.npz")

    @unittest.skipIf(h5py is None, "h5py is missing")
    def test_hdf5_from_python(self):
        self.round_trip(str(self.folder / "own.hdf5"))

    @unittest.skipIf(minari is None or h5py is None, "minari is missing")
    def test_minari_from_python(self):
        with mock.patch.dict(os.environ, {"MINARI_DATASETS_PATH": str(self.folder / "minari")}):
            self.round_trip("minari:test/own-v0")

    @unittest.skipIf(h5py is None, "h5py is missing")
    def test_hdf5(self):
        dataset.convert(self.start, str(self.folder / "there.hdf5"))
        dataset.convert(str(self.folder / "there.hdf5"), str(self.folder / "back.npz"))
        self.same(str(self.folder / "back.npz"))

    @unittest.skipIf(h5py is None, "h5py is missing")
    def test_hdf5_without_next_observations(self):
        with h5py.File(self.folder / "old.hdf5", "w") as file:
            for name in ("observations", "actions", "rewards"):
                file[name] = self.data[name]
            file["terminals"], file["timeouts"] = self.data["terminated"] > 0, self.data["truncated"] > 0
        dataset.convert(str(self.folder / "old.hdf5"), str(self.folder / "new.npz"))
        found = dataset.read_npz(self.folder / "new.npz")
        # the last step of the episode that was cut off has no successor
        np.testing.assert_array_equal(found["rewards"], [0, 1, 2, 3])
        np.testing.assert_array_equal(found["next_observations"][[0, 1, 3]], self.data["observations"][[1, 2, 4]])
        np.testing.assert_array_equal(found["terminated"], [0, 0, 1, 0])
        np.testing.assert_array_equal(found["truncated"], [0, 0, 0, 1])

    @unittest.skipIf(minari is None or h5py is None, "minari is missing")
    def test_minari(self):
        with mock.patch.dict(os.environ, {"MINARI_DATASETS_PATH": str(self.folder / "minari")}):
            dataset.convert(self.start, "minari:test/two-v0")
            dataset.convert("minari:test/two-v0", str(self.folder / "back.npz"), "Pendulum-v1")
            with self.assertRaisesRegex(dataset.DatasetError, "is there already"):
                dataset.convert(self.start, "minari:test/two-v0")
        self.same(str(self.folder / "back.npz"))

    def test_mistakes(self):
        with self.assertRaisesRegex(dataset.DatasetError, "give .npz"):
            dataset.convert(self.start, str(self.folder / "x.parquet"))
        np.savez(self.folder / "less.npz", observations=self.data["observations"])
        with self.assertRaisesRegex(dataset.DatasetError, "lacks actions"):
            dataset.convert(str(self.folder / "less.npz"), str(self.folder / "copy.npz"))


if __name__ == "__main__":
    unittest.main()

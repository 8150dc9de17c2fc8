import itertools
import sys
import unittest
from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from foresight.style import label_ends, legend_below, robust_limits, spread


class Legend(unittest.TestCase):
    def test_fits_under_the_figure(self):
        for count in (1, 4, 8):
            for name in ("sac", "policy-backpropagation (3 seeds)"):
                figure = Figure(figsize=(6.4, 4.2), layout="constrained")
                figure.subplots()
                legend_below(figure, [Line2D([], [], marker="o", label=name) for _ in range(count)])
                canvas = FigureCanvasAgg(figure)
                canvas.draw()
                box = figure.legends[0].get_window_extent(canvas.get_renderer())
                self.assertGreaterEqual(box.x0, 0, f"{count} of {name}")
                self.assertLessEqual(box.x1, figure.bbox.width, f"{count} of {name}")


class Labels(unittest.TestCase):
    def test_places_are_in_order_apart_and_near(self):
        self.assertEqual(spread([0.2, 0.8], 0.1), [0.2, 0.8])
        places = spread([0.5, 0.5, 0.5], 0.1)
        np.testing.assert_allclose(places, [0.4, 0.5, 0.6])
        places = spread([0.0, 0.01, 0.97, 0.98, 1.0], 0.05)
        self.assertGreaterEqual(min(np.diff(places)), 0.05 - 1e-9)
        self.assertTrue(min(places) >= 0 and max(places) <= 1)

    def test_do_not_overlap_and_stay_within_the_figure(self):
        figure = Figure(figsize=(7.2, 4.2), layout="constrained")
        axes = figure.subplots()
        ends = [(f"agent-{index}", "#000000", 1.0, 0.5 + index / 1000) for index in range(10)]
        for _, _, x, y in ends:
            axes.plot([0, x], [0, y])
        axes.set_ylim(0, 1)
        self.assertTrue(label_ends(axes, ends))
        canvas = FigureCanvasAgg(figure)
        canvas.draw()
        boxes = sorted((text.get_window_extent(canvas.get_renderer()) for text in axes.texts), key=lambda box: box.y0)
        self.assertEqual(len(boxes), 10)
        for below, above in itertools.pairwise(boxes):
            self.assertLess(below.y1 - above.y0, 2.5)
        self.assertLessEqual(max(box.x1 for box in boxes), figure.bbox.width)
        self.assertFalse(label_ends(axes, ends * 2))


class Limits(unittest.TestCase):
    def test_one_diverged_curve_does_not_flatten_the_rest(self):
        curves = {name: np.linspace(-10, -4, 13) for name in "abc"}
        low, high, remark = robust_limits({**curves, "lost": np.linspace(-60, -90, 13)})
        self.assertTrue(-12 < low < -10 and -4 < high < -3)
        self.assertEqual(remark, "cut off: lost, down to -90")
        low, high, remark = robust_limits({**curves, "near": np.linspace(-14, -5, 13)})
        self.assertEqual((low < -14, remark), (True, ""))

    def test_one_point_does_not_either(self):
        values = np.linspace(0, 10, 40)
        values[3] = 4000
        _, high, remark = robust_limits({"a": values})
        self.assertTrue(high < 12 and "up to 4,000" in remark)
        self.assertGreater(robust_limits({"a": values}, above=False)[1], 4000)

    def test_the_best_agent_is_never_cut(self):
        curves = {"best": np.linspace(100, 3500, 30), "b": np.linspace(100, 300, 30), "c": np.linspace(90, 200, 30)}
        self.assertEqual(robust_limits(curves, above=False)[2], "")

    def test_all_of_a_single_curve_is_shown(self):
        low, _, remark = robust_limits({"a": np.array([-1500.0, -800, -150])}, [np.array([[-9000.0], [-100.0]])])
        self.assertTrue(-2500 < low < -1500 and remark == "")


if __name__ == "__main__":
    unittest.main()

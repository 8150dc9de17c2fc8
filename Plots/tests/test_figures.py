import sys
import unittest
from pathlib import Path

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from foresight_plots.figures import _legend_below


class Legend(unittest.TestCase):
    def test_fits_under_the_figure(self):
        for count in (1, 4, 8):
            for name in ("sac", "policy-backpropagation (3 seeds)"):
                figure = Figure(figsize=(6.4, 4.2), layout="constrained")
                figure.subplots()
                _legend_below(figure, [Line2D([], [], marker="o", label=name) for _ in range(count)])
                canvas = FigureCanvasAgg(figure)
                canvas.draw()
                box = figure.legends[0].get_window_extent(canvas.get_renderer())
                self.assertGreaterEqual(box.x0, 0, f"{count} of {name}")
                self.assertLessEqual(box.x1, figure.bbox.width, f"{count} of {name}")


if __name__ == "__main__":
    unittest.main()

import contextlib
import io
import math
import sys
import tempfile
import unittest
from pathlib import Path

import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import scaling


def table(values, power):
    rows = [("horizon", "decision", value, 2e-3 * value**power, 1.0) for value in values]
    return pd.DataFrame(rows, columns=["size", "work", "value", "seconds", "power"])


class Scaling(unittest.TestCase):
    def run_main(self, text):
        """Exit code, errors, and whether a figure was written."""
        with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stderr(io.StringIO()) as errors:
            path, figure = Path(folder, "scaling.csv"), Path(folder, "scaling.png")
            path.write_text(text)
            with contextlib.redirect_stdout(io.StringIO()):
                code = scaling.main([str(path), "--out", str(figure)])
            return code, errors.getvalue(), figure.exists()

    def test_the_power_is_that_of_the_costs(self):
        for power in (0.0, 1.0, 2.0, -1.0):
            self.assertAlmostEqual(scaling.fitted_power(table([5, 10, 20, 40], power)), power)

    def test_one_value_has_no_power(self):
        self.assertTrue(math.isnan(scaling.fitted_power(table([1], 1))))
        code, _, drawn = self.run_main(table([1], 1).to_csv(index=False))
        self.assertEqual((code, drawn), (0, True))

    def test_a_panel_a_size_names_its_power(self):
        both = pd.concat([table([5, 10], 2), table([5, 10], 1).assign(size="members")])
        shown = [axes for axes in scaling.growth(both).axes if axes.get_visible()]
        self.assertEqual([axes.get_xlabel() for axes in shown], ["horizon", "members"])
        self.assertEqual([axes.get_title() for axes in shown], ["decision\npower 2.00", "decision\npower 1.00"])

    def test_other_tables_are_refused_by_name(self):
        for text in ("a,b\n1,2\n", "size,work,value,seconds,power\nhorizon,decision,0,1,1\n"):
            code, errors, drawn = self.run_main(text)
            self.assertEqual((code, drawn), (1, False))
            self.assertIn("scaling.csv: not a table", errors)


if __name__ == "__main__":
    unittest.main()

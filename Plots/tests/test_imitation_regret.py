import sys
import unittest
from pathlib import Path

PLOTS = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(PLOTS))
from imitation_regret import exact_regret


class ExactRegret(unittest.TestCase):
    def test_without_a_way_back_it_is_the_sum_of_the_chances_to_have_fallen(self):
        for error, horizon in ((0.01, 7), (0.2, 30)):
            expected = sum(1 - (1 - error) ** t for t in range(1, horizon + 1))
            self.assertAlmostEqual(exact_regret(error, 1, horizon), expected, places=12)

    def test_with_a_way_back_it_is_the_error_at_every_step(self):
        self.assertAlmostEqual(exact_regret(0.03, 0.03, 50), 0.03 * 50, places=12)

    def test_grows_with_the_square_and_with_the_horizon(self):
        cloned = exact_regret(1e-6, 1, 200) / exact_regret(1e-6, 1, 100)
        self.assertAlmostEqual(cloned, 4, delta=0.03)
        self.assertAlmostEqual(exact_regret(1e-6, 1e-6, 200) / exact_regret(1e-6, 1e-6, 100), 2, places=9)


if __name__ == "__main__":
    unittest.main()

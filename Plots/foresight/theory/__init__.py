"""Computations for the studies of policy-gradient theory in Experiments."""

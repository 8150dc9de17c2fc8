"""Search for an agent's settings: Optuna suggests, Foresight's runs evaluate."""

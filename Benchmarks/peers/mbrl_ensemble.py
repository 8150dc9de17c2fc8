"""mbrl-lib's ensemble, as its examples configure it."""

import mbrl.models


def make_ensemble(inputs: int, outputs: int, members: int, hidden_layers: int, width: int) -> mbrl.models.GaussianMLP:
    return mbrl.models.GaussianMLP(
        in_size=inputs, out_size=outputs, device="cpu", num_layers=hidden_layers, ensemble_size=members, hid_size=width,
        deterministic=False, propagation_method="random_model", learn_logvar_bounds=False,
        activation_fn_cfg={"_target_": "torch.nn.SiLU"})

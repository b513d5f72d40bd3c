"""Makes a network smaller: weights that count little are left out one by one, or whole units are."""

from __future__ import annotations

from copy import deepcopy

import numpy as np

from homeagent.forecasting.student import Network

LEAST_UNITS = 8


def without_weights(network: Network, share: float) -> Network:
    """Return a copy whose smallest weights, a share of each hidden layer's, are nothing and stay so."""
    pruned = deepcopy(network)
    masks = []
    for number, weight in enumerate(pruned.weights):
        mask = np.ones_like(weight)
        if number < len(pruned.weights) - 1:
            mask[np.abs(weight) < np.quantile(np.abs(weight), share)] = 0
        masks.append(mask)
        weight[:] = weight * mask
    pruned.masks = masks
    return pruned


def without_units(network: Network, share: float) -> Network:
    """Return a smaller network without the units of each hidden layer that pass on least."""
    weights = [weight.copy() for weight in network.weights]
    biases = [bias.copy() for bias in network.biases]
    for layer in range(len(weights) - 1):
        strength = np.linalg.norm(weights[layer], axis=0) * np.linalg.norm(weights[layer + 1], axis=1)
        count = max(round(len(strength) * (1 - share)), LEAST_UNITS)
        kept = np.sort(np.argsort(strength)[-count:])
        weights[layer], biases[layer] = weights[layer][:, kept], biases[layer][kept]
        weights[layer + 1] = weights[layer + 1][kept]
    return Network(weights=weights, biases=biases, mean=network.mean, deviation=network.deviation)

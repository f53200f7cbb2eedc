"""Tables of facilities beside made-up streets, whose coordinate system is known."""

import numpy as np

from circle15.network.graph import WalkNetwork

WEST, SOUTH = 120.48, 29.48
M_LON, M_LAT = 96_800.0, 111_195.0  # metres per degree here
SIZE_M = 4000.0


def uneven_town(seed=0):
    """Give a network of streets 60 to 240 m apart, with a third of the blocks' edges left out."""
    rng = np.random.default_rng(seed)
    east, north = (np.append(0, (s := rng.uniform(60, 240, 80).cumsum())[s < SIZE_M]) for _ in range(2))
    x, y = np.meshgrid(east, north)
    node = np.arange(x.size).reshape(x.shape)
    tail = np.concatenate([node[:, :-1].ravel(), node[:-1].ravel()])
    head = np.concatenate([node[:, 1:].ravel(), node[1:].ravel()])
    kept = rng.random(len(tail)) > 1 / 3
    tail, head = tail[kept], head[kept]
    length = np.hypot(x.ravel()[head] - x.ravel()[tail], y.ravel()[head] - y.ravel()[tail])
    return WalkNetwork.from_edges(WEST + x.ravel() / M_LON, SOUTH + y.ravel() / M_LAT, tail, head, length)


def beside(network, n, rng, *, off_m=(8, 20), noise_m=0.0):
    """Give places beside edges, degrees WGS-84."""
    ax, ay = network.node_lon[network.tail], network.node_lat[network.tail]
    bx, by = network.node_lon[network.head], network.node_lat[network.head]
    edge = rng.choice(network.n_edges, n, p=network.length_m / network.length_m.sum())
    along, off = rng.random(n), rng.uniform(*off_m, n) * rng.choice([-1, 1], n)
    east, north = (bx - ax)[edge] * M_LON, (by - ay)[edge] * M_LAT
    size = np.hypot(east, north)
    x = ax[edge] + along * (bx - ax)[edge] + (-off * north / size + rng.normal(0, noise_m, n)) / M_LON
    y = ay[edge] + along * (by - ay)[edge] + (off * east / size + rng.normal(0, noise_m, n)) / M_LAT
    return x, y


def elsewhere(n, rng):
    """Give places of the city around the streets, and none among them."""
    x, y = np.empty(0), np.empty(0)
    while len(x) < n:
        u, v = rng.uniform(-6000, SIZE_M + 6000, (2, 4 * n + 10))
        out = (u < -50) | (u > SIZE_M + 50) | (v < -50) | (v > SIZE_M + 50)
        x, y = np.append(x, WEST + u[out] / M_LON), np.append(y, SOUTH + v[out] / M_LAT)
    return x[:n], y[:n]

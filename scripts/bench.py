"""Time circle15's searches beside pandana, scipy, networkx and cityseer on one network, and check that they agree.

Usage: python scripts/bench.py FILE.osm.pbf [--share S] [--copies 4] [--contracted] [--clock cpu]

Every tool runs in a process of its own, so that its peak memory is its own. All walk from the same network nodes (the
nearest node of every H3 cell of resolution 9 and 10), 900 s at 1.25 m/s (1,125 m), over the same whole milliseconds.
Slow tools walk a sample of the origins; times are per ball. `--contracted` gives the other tools a network whose nodes
of degree 2 were already taken out, which circle15 does by itself. On a busy machine `--clock cpu` counts processor
seconds of all threads together.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

import h3.api.numpy_int as h3
import numpy as np
from bench_tools import CLOCKS, N_LAYERS, PROFILE, TASKS, Case, Nodes, chosen_clock
from scipy.spatial import cKDTree

import circle15
from circle15 import _core

LAYER_SIZE = 300
SAMPLE = {"pandana": 0.2, "scipy": 0.03, "networkx": 0.02, "cityseer": 0.005}


def distinct_origins(net: circle15.WalkNetwork) -> Nodes:
    """Return the nearest node of every H3 cell of resolution 9 and 10, each node once, if within 300 m."""
    lon, lat = net.node_lon, net.node_lat
    south, north, west, east = lat.min(), lat.max(), lon.min(), lon.max()
    corners = [(south, west), (south, east), (north, east), (north, west)]
    box = h3.LatLngPoly(corners)
    cells = np.concatenate([h3.h3shape_to_cells(box, resolution) for resolution in (9, 10)])
    centres = np.array([h3.cell_to_latlng(cell) for cell in cells])
    scale = np.array([np.cos(np.radians(lat.mean())), 1.0]) * 111_195.0
    metres, node = cKDTree(np.column_stack([lon, lat]) * scale).query(centres[:, ::-1] * scale)
    return np.unique(node[metres <= 300])


def save_case(path: str | Path, net: circle15.WalkNetwork, origins: Nodes, copies: int) -> None:
    """Write the arrays that every tool starts from; ``copies`` of the network stand side by side."""
    rng = np.random.default_rng(15)
    n = net.n_nodes
    shift = np.arange(copies)[:, None]
    width = float(np.ptp(net.node_lon)) + 0.1
    everywhere = (origins + n * shift).ravel()
    np.savez(
        path,
        lon=(net.node_lon + width * shift).ravel(),
        lat=np.tile(net.node_lat, copies),
        tail=(net.tail + n * shift).ravel().astype(np.int32),
        head=(net.head + n * shift).ravel().astype(np.int32),
        # One millisecond at the least: pandana takes a shorter street for one unit.
        length_m=np.tile(np.maximum(net.length_m, PROFILE.speed_m_s / 1000), copies),
        origins=everywhere,
        layers=np.stack([np.sort(rng.choice(everywhere, LAYER_SIZE * copies, replace=False)) for _ in range(N_LAYERS)]),
    )


def sampled(case: Case, task: str, tool: str, share: float) -> Nodes:
    """Return the origins that a tool walks from."""
    n = len(case.origins)
    part = SAMPLE.get(tool, 1.0) * share if task == "balls" and not tool.startswith("circle15") else share
    # Beginnings of one shuffle, so that a small sample lies within every larger one.
    return np.sort(np.random.default_rng(1).permutation(case.origins)[: max(1, int(n * min(part, 1.0)))])


def run_child(path: str | Path, task: str, tool: str, share: float) -> None:
    """Run one tool on one task and leave its seconds, peak memory and answer beside the case."""
    case = Case(path)
    origins = sampled(case, task, tool, share)
    seconds, answer = TASKS[task][tool](case, origins)
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    if answer is not None:
        np.savez(f"{path}.{task}.{tool}.npz", origins=origins, answer=np.asarray(answer, dtype=np.float64))
    # Not on stdout, on which pandana's compiled part prints whenever it likes.
    Path(f"{path}.told.json").write_text(
        json.dumps({"seconds": seconds, "n": len(origins), "peak_mb": peak_mb}), encoding="utf-8"
    )


def disagreement(path: str | Path, task: str, tool: str) -> str:
    """Count the answers in which a tool and circle15 differ by more than two milliseconds, or in number."""
    try:
        ours, theirs = (np.load(f"{path}.{task}.{name}.npz") for name in ("circle15", tool))
    except FileNotFoundError:
        return "-"
    n_parts = len(ours["answer"]) // len(ours["origins"])
    place = np.searchsorted(ours["origins"], theirs["origins"])
    mine = ours["answer"].reshape(n_parts, -1)[:, place].ravel()
    other = theirs["answer"]
    if task == "table":  # pandana stops at 60 per row
        mine = np.minimum(mine, 60)
    return f"{int((np.abs(mine - other) > 0.002).sum())} of {len(mine)}"


def labels_a_second(path: str | Path, tool: str, seconds: float) -> str:
    """Tell how many nodes a tool's balls hold, by the second."""
    answers = Path(f"{path}.balls.{tool}.npz")
    return f", {np.load(answers)['answer'].sum() / seconds / 1e6:.2f} M nodes/s" if answers.exists() else ""


def main() -> None:
    """Run every task with every tool and print one table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", type=Path)
    parser.add_argument("--share", type=float, default=1.0, help="share of the origins that is walked")
    parser.add_argument("--copies", type=int, default=1)
    parser.add_argument("--contracted", action="store_true")
    parser.add_argument("--tasks", default=",".join(TASKS))
    parser.add_argument(
        "--tools", default="circle15,pandana,scipy,networkx,cityseer", help="first words of tools' names"
    )
    parser.add_argument("--clock", choices=CLOCKS, default="wall")
    parser.add_argument("--child", nargs=2)
    options = parser.parse_args()
    chosen_clock[0] = options.clock
    if options.child:
        run_child(options.file, *options.child, options.share)
        return
    net = circle15.read_network(options.file, profiles=(PROFILE,))
    origins = distinct_origins(net)
    if options.contracted:
        net, origins = contracted(net, origins)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "case.npz"
        save_case(path, net, origins, options.copies)
        print(
            f"{net.n_nodes * options.copies} nodes, {net.n_edges * options.copies} edges, "
            f"{len(origins) * options.copies} origins; lane kernel {_core.lane_kernel}"
        )
        print(
            f"{'task':8} {'tool':26} {'seconds':>9} {'us/origin':>10} {'ratio':>8} {'peak MB':>8}  origins that differ"
        )
        for task in options.tasks.split(","):
            print_task(path, task, options)


def print_task(path: str | Path, task: str, options: argparse.Namespace) -> None:
    """Print one task's lines."""
    ours = None
    for tool in TASKS[task]:
        package = tool.split()[0]
        if package not in options.tools.split(",") or importlib.util.find_spec(package) is None:
            continue
        command = [
            sys.executable,
            __file__,
            str(path),
            "--share",
            str(options.share),
            "--clock",
            options.clock,
            "--child",
            task,
            tool,
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            print(f"{task:8} {tool:26} failed: {done.stderr.strip().splitlines()[-1]}")
            continue
        found = json.loads(Path(f"{path}.told.json").read_text(encoding="utf-8"))
        each = found["seconds"] / found["n"]
        ours = ours or each
        speed = labels_a_second(path, tool, found["seconds"]) if task == "balls" else ""
        print(
            f"{task:8} {tool:26} {found['seconds']:9.3f} {each * 1e6:10.2f} {each / ours:8.1f} {found['peak_mb']:8.0f}"
            f"  {disagreement(path, task, tool)}{speed}",
            flush=True,
        )


def contracted(net: circle15.WalkNetwork, origins: Nodes) -> tuple[circle15.WalkNetwork, Nodes]:
    """Take out the nodes of degree 2 that are no origin, as osmnx's simplification would."""
    degree = np.bincount(np.concatenate([net.tail, net.head]), minlength=net.n_nodes)
    keep = degree != 2
    keep[origins] = True
    keep[net.tail[net.tail == net.head]] = True
    touching = [[] for _ in range(net.n_nodes)]
    for e, (u, v) in enumerate(zip(net.tail.tolist(), net.head.tolist(), strict=True)):
        touching[u].append((e, v))
        touching[v].append((e, u))
    seen = np.zeros(net.n_edges, dtype=bool)
    chains = []
    for start in np.flatnonzero(keep).tolist():
        for e, v in touching[start]:
            if seen[e]:
                continue
            seen[e], length, node, edge = True, net.length_m[e], v, e
            while not keep[node]:
                edge, node = next((f, w) for f, w in touching[node] if f != edge)
                seen[edge] = True
                length += net.length_m[edge]
            chains.append((start, node, length))
    new = np.cumsum(keep) - 1
    tail, head, length_m = (np.array(column) for column in zip(*chains, strict=True))
    made = circle15.WalkNetwork.from_edges(
        net.node_lon[keep], net.node_lat[keep], new[tail], new[head], length_m, profiles=(PROFILE,)
    )
    return made, new[origins]


if __name__ == "__main__":
    main()

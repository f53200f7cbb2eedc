from typing import TypeAlias

import numpy as np
import numpy.typing as npt

_F32: TypeAlias = npt.NDArray[np.float32]
_F64: TypeAlias = npt.NDArray[np.float64]
_I32: TypeAlias = npt.NDArray[np.int32]
_I64: TypeAlias = npt.NDArray[np.int64]
_U8: TypeAlias = npt.NDArray[np.uint8]
_U32: TypeAlias = npt.NDArray[np.uint32]

lane_kernel: str

class Progress:
    def __init__(self) -> None: ...
    @property
    def done(self) -> int: ...
    @property
    def total(self) -> int: ...
    def cancel(self) -> None: ...

class Streets:
    def __init__(self, lon: _F64, lat: _F64, tail: _I32, head: _I32, length_m: _F64, walk_ms: _U32) -> None: ...

class Graph:
    def __init__(self, streets: Streets, forward: _U32, backward: _U32) -> None: ...
    @property
    def n_nodes(self) -> int: ...
    @property
    def n_edges(self) -> int: ...

class Places:
    def __init__(
        self, graph: Graph, side: str, edge: _I32, fraction: _F64, access_ms: _U32, threads: int = 1
    ) -> None: ...
    def __len__(self) -> int: ...

def reach_summary(
    graph: Graph,
    origins: Places,
    cutoff_ms: int,
    destinations: Places,
    weights: _F64,
    threads: int,
    progress: Progress | None = None,
    kernel: str = "auto",
) -> tuple[_I64, _F64, _F64]: ...
def nearest(
    graph: Graph,
    origins: Places,
    destinations: Places,
    cutoff_ms: int,
    threads: int,
    progress: Progress | None = None,
) -> tuple[_U32, _I32]: ...
def travel_times(
    graph: Graph,
    origins: Places,
    destinations: Places,
    cutoff_ms: int,
    threads: int,
    progress: Progress | None = None,
) -> tuple[_I64, _I32, _U32]: ...
def reached(
    graph: Graph, origins: Places, cutoff_ms: int, threads: int, progress: Progress | None = None
) -> tuple[_I64, _U32, _F32, _F32, _U32, _U32]: ...

class EdgeTree:
    def __init__(self, lon: _F64, lat: _F64, tail: _I32, head: _I32) -> None: ...
    def link(
        self, lon: _F64, lat: _F64, use: _U8, max_access_m: float, threads: int
    ) -> tuple[_I32, _F64, _F64, _U8]: ...
    def near(self, lon: _F64, lat: _F64, use: _U8, max_access_m: float) -> tuple[_I64, _I32, _F64, _F64]: ...
    def crosses(self, from_lon: _F64, from_lat: _F64, to_lon: _F64, to_lat: _F64) -> _U8: ...

def components(n_nodes: int, tail: _I32, head: _I32) -> _I32: ...
def overlay(
    x: _F64,
    y: _F64,
    ring_begin: _I64,
    owner: _I32,
    corner_x: _F64,
    corner_y: _F64,
    is_wanted: _U8,
    n_columns: int,
) -> tuple[_I32, _I64, _F64, _F64, _F64, _F64]: ...
def isochrones(
    graph: Graph,
    lon: _F64,
    lat: _F64,
    tail: _I32,
    head: _I32,
    origins: Places,
    cutoffs_ms: _U32,
    buffer_m: float,
    step_m: float,
    tolerance_m: float,
    threads: int,
    progress: Progress | None = None,
) -> tuple[_I32, _I32, _I64, _I64, _I64, _F64]: ...
def service_area(
    graph: Graph,
    lon: _F64,
    lat: _F64,
    tail: _I32,
    head: _I32,
    time_to: _U32,
    destinations: Places,
    cutoffs_ms: _U32,
    buffer_m: float,
    step_m: float,
    tolerance_m: float,
) -> tuple[_I32, _I32, _I64, _I64, _I64, _F64]: ...
def build_info() -> str: ...
def node_times(graph: Graph, origin: Places, cutoff_ms: int) -> _U32: ...

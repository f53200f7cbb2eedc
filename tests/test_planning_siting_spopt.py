"""The siting models against spopt (PySAL), an independent implementation, on real walking times in Monaco."""

import warnings

import numpy as np
import pytest
from scipy.sparse import coo_array, csr_array

import circle15
from circle15.planning.siting import maximal_covering, set_covering
from circle15.planning.siting_distance import p_centre, p_median

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # spopt builds its models the old PuLP way
N_CELLS, N_CANDIDATES, RADIUS_S = 410, 48, 420.0


@pytest.fixture(scope="module")
def locate():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # spopt's own dependencies warn on import
        return pytest.importorskip("spopt.locate", reason="spopt is the oracle; pip install circle15[oracles]")


@pytest.fixture(scope="module")
def walks(monaco_pbf):
    """Candidates x cells, seconds on the real network; people in powers of no round numbers."""
    net = circle15.read_network(monaco_pbf, profiles=(circle15.WalkProfile(),), cache=False)
    largest = np.flatnonzero(net.component == np.bincount(net.component).argmax())
    rng = np.random.default_rng(15)
    nodes = rng.choice(largest, N_CELLS + N_CANDIDATES, replace=False)
    cells, places = (circle15.link_nodes(net, part) for part in (nodes[:N_CELLS], nodes[N_CELLS:]))
    t = circle15.travel_times(net, cells, places, profile="adult", cutoff_s=100_000.0)
    dense = np.full((N_CELLS, N_CANDIDATES), np.nan)
    dense[np.repeat(np.arange(N_CELLS), np.diff(t.indptr)), t.destination] = t.seconds
    assert np.isfinite(dense).all()
    return dense, rng.integers(1, 400, N_CELLS).astype(float)


def sparse(seconds, within=np.inf):
    j, i = np.nonzero(within >= seconds.T)
    return csr_array(coo_array((seconds.T[j, i], (j, i)), shape=seconds.T.shape))


def solved(model):
    import pulp  # noqa: PLC0415 (comes with spopt)

    return model.solve(pulp.PULP_CBC_CMD(msg=False)).problem.objective.value()


@pytest.mark.parametrize("p", [1, 4, 9])
def test_maximal_covering_equals_spopt(locate, walks, p):
    seconds, people = walks
    theirs = solved(locate.MCLP.from_cost_matrix(seconds, people, RADIUS_S, p_facilities=p))
    ours = maximal_covering(sparse(seconds, RADIUS_S), people, p=p)
    assert ours.status == "optimal"
    assert ours.objective == pytest.approx(theirs)


@pytest.mark.parametrize("radius_s", [900.0, 1200.0, 2000.0])
def test_set_covering_equals_spopt(locate, walks, radius_s):
    seconds, people = walks
    coverable = seconds.min(axis=1) <= radius_s
    theirs = solved(locate.LSCP.from_cost_matrix(seconds[coverable], radius_s))
    ours = set_covering(sparse(seconds, radius_s), people, people[coverable].sum())
    assert ours.status == "optimal"
    assert ours.objective == theirs


@pytest.mark.parametrize("p", [1, 4, 9])
def test_p_median_equals_spopt(locate, walks, p):
    seconds, people = walks
    theirs = solved(locate.PMedian.from_cost_matrix(seconds, people, p_facilities=p))
    ours = p_median(sparse(seconds), people, p=p)
    assert ours.status == "optimal"
    assert ours.objective == pytest.approx(theirs)


@pytest.mark.parametrize("p", [1, 4])
def test_p_centre_equals_spopt(locate, walks, p):
    seconds, people = walks
    rows = slice(0, 205)  # spopt's formulation is slow beyond
    theirs = solved(locate.PCenter.from_cost_matrix(seconds[rows, :16], p_facilities=p))
    ours = p_centre(sparse(seconds[rows, :16]), people[rows], p=p)
    assert ours.status == "optimal"
    assert ours.objective == pytest.approx(theirs)

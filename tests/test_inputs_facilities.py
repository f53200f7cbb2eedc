"""Facilities: one table in thirty disguises, and what is reported on the way."""

import importlib.util
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from circle15.inputs.facilities import read_facilities

_spec = importlib.util.spec_from_file_location("ugly_tables", Path(__file__).with_name("ugly_tables.py"))
ugly = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(ugly)


@pytest.mark.parametrize("write", ugly.WAYS, ids=lambda w: w.__name__)
def test_however_a_table_is_written_it_loads_to_the_same_frame(write, tmp_path):
    path, layer = write(tmp_path)
    frame = pd.DataFrame(read_facilities(layer, path).frame)
    wanted = ugly.expected()
    numbers = ["capacity", "used", "quality"]
    pd.testing.assert_frame_equal(frame[list(wanted)].drop(columns=["lon", "lat"]), wanted.drop(columns=["lon", "lat"]))
    np.testing.assert_array_equal(frame[numbers].to_numpy(), wanted[numbers].to_numpy())
    # Nine decimals of a degree, or a hundredth of a millimetre, is what the disguises were written with.
    np.testing.assert_allclose(frame[["lon", "lat"]], wanted[["lon", "lat"]], rtol=0, atol=3e-9)

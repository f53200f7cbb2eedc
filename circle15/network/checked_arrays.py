"""Arrays checked at the door: type, dimensions, and values, each problem naming array, index and value."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from circle15.errors import NetworkError
from circle15.said import Said

_PROBLEMS_SHOWN = 10
_WANTED = {"f": "numbers", "b": "true or false"}


def as_column(name: str, values: npt.ArrayLike, dtype: type[np.generic], *, ndim: int = 1) -> npt.NDArray[Any]:
    """Give values as a C-contiguous array of a type, copied only where needed, without changing any.

    Raises
    ------
    NetworkError
        If they have other dimensions, or cannot be of that type.
    """
    wanted = np.dtype(dtype)
    try:
        given = np.asarray(values)
        if given.ndim != ndim:
            raise NetworkError(
                Said(
                    f"{name} 有 {given.ndim} 维，应为 {ndim} 维",
                    f"{name} has {given.ndim} dimensions; it must have {ndim}",
                )
            )
        if given.size and given.dtype.kind not in ("biufO" if wanted.kind == "f" else "biu"):
            must = _WANTED.get(wanted.kind, "whole numbers")
            raise NetworkError(
                Said(
                    f"{name} 为 {given.dtype}，应为 {wanted}（{must}）",
                    f"{name} is {given.dtype}; it must hold {must} of type {wanted}",
                )
            )
        if given.size and wanted.kind in "iu":
            limits = np.iinfo(dtype)  # type: ignore[type-var]
            bad = np.flatnonzero((given.ravel() < limits.min) | (given.ravel() > limits.max))
            if bad.size:
                value = given.ravel()[bad[0]]
                raise NetworkError(
                    Said(
                        f"{name}[{bad[0]}] = {value} 超出 {wanted} 的范围（{limits.min} 至 {limits.max}）",
                        f"{name}[{bad[0]}] = {value} does not fit {wanted} ({limits.min} to {limits.max})",
                    )
                )
        return np.ascontiguousarray(given, dtype=dtype)
    except (TypeError, ValueError) as error:
        if isinstance(error, NetworkError):
            raise
        raise NetworkError(Said(f"{name}：{error}", f"{name}: {error}")) from error


def read_only(name: str, values: npt.ArrayLike, dtype: type[np.generic], *, ndim: int = 1) -> npt.NDArray[Any]:
    """Give a column that nobody can write to, a copy unless it is so already; errors as in `as_column`."""
    column = as_column(name, values, dtype, ndim=ndim)
    if column.flags.writeable:
        column = column.copy() if np.may_share_memory(column, np.asarray(values)) else column
        column.flags.writeable = False
    return column


def value_problems(name: str, values: npt.NDArray[Any], ok: npt.NDArray[np.bool_], right: str) -> list[str]:
    """Name the values that are not ok, the first ten of them one by one."""
    if ok.all():
        return []
    bad = np.argwhere(~ok)
    texts = [f"{name}[{', '.join(map(str, i))}] = {values[tuple(i)]}: must be {right}" for i in bad[:_PROBLEMS_SHOWN]]
    if len(bad) > _PROBLEMS_SHOWN:
        texts.append(f"{name}: {len(bad) - _PROBLEMS_SHOWN} more values like these")
    return texts

"""Rasters of people and of heights whose grids, values or bytes are wrong."""

import warnings

import numpy as np
import rasterio
from rasterio.errors import NotGeoreferencedWarning

from tests.hostile.spoiling import spoil
from tests.hostile.village import SOUTH, STEP, WEST, N

PIXEL = STEP / 4


def write(path, values, *, transform=None, crs="EPSG:4326", **more):
    """Write a GeoTIFF around the village."""
    if transform is None:
        transform = rasterio.Affine(PIXEL, 0, WEST - PIXEL, 0, -PIXEL, SOUTH + N * STEP)
    count, height, width = (1, *values.shape) if values.ndim == 2 else values.shape
    meta = {
        "driver": "GTiff",
        "width": width,
        "height": height,
        "count": count,
        "dtype": values.dtype,
        "crs": crs,
    } | more
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        with rasterio.open(path, "w", transform=transform, **meta) as raster:
            raster.write(values.reshape(count, height, width))


def make(rng, village):
    """Write a spoiled raster and let the config name it."""
    is_height = rng.random() < 0.25
    name = "dem.tif" if is_height else "p.tif"
    path = village.path(name)
    if is_height:
        village.say("[network]\n", '[network]\nelevation = "dem.tif"\n')
        village.say("[cells]", "[walk.adult]\nspeed_m_s = 1.25\nslope = true\n[cells]")
    else:
        village.say('source = "units"\npath = "people.csv"', f'source = "raster"\npath = "{name}"')
    values = np.array([[rng.randrange(1, 9) for _ in range(24)] for _ in range(24)], np.float32)
    how = rng.choice(sorted(HOW))
    HOW[how](rng, path, values, village)
    return f"{name} {how}", name


def _bytes(rng, path, values, _village):
    write(
        path,
        values,
        compress=rng.choice([None, "deflate", "lzw"]),
        tiled=rng.random() < 0.5,
        blockxsize=16,
        blockysize=16,
    )
    spoil(rng, path)


def _grid(rng, path, values, _village):
    a = [PIXEL, 0, WEST, 0, -PIXEL, SOUTH + N * STEP]
    for _ in range(rng.randint(1, 3)):
        a[rng.randrange(6)] = rng.choice([0.0, np.nan, np.inf, -PIXEL, 1e-300, 1e300, PIXEL, 5.0])
    write(path, values, transform=rasterio.Affine(*a))


def _south_up(_rng, path, values, _village):
    write(
        path,
        values[::-1].copy(),
        transform=rasterio.Affine(PIXEL, 0, WEST - PIXEL, 0, PIXEL, SOUTH + N * STEP - 24 * PIXEL),
    )


def _rotated(rng, path, values, _village):
    turn = rasterio.Affine.rotation(rng.uniform(0, 360))
    write(path, values, transform=rasterio.Affine.translation(WEST, SOUTH) @ turn @ rasterio.Affine.scale(PIXEL))


def _dtype(rng, path, values, _village):
    kind = rng.choice(
        ["uint8", "int8", "int16", "uint16", "int32", "int64", "uint64", "float64", "complex64", "complex128"]
    )
    nodata = rng.choice([None, 0, 1, np.nan, -1, 255]) if not kind.startswith(("u", "c")) else None
    if nodata is not None and not np.issubdtype(np.dtype(kind), np.floating) and not -100 < nodata < 100:
        nodata = None
    write(path, values.astype(kind), nodata=nodata)


def _pixels(rng, path, values, _village):
    value = rng.choice([1e20, -9999, np.nan, np.inf, -np.inf, 3.4e38, 65535, 1e9, -1, 2**31])
    n = rng.choice([1, 2, 50, values.size])
    for _ in range(n):
        values[rng.randrange(24), rng.randrange(24)] = value
    write(path, values, nodata=rng.choice([None, None, value]))


def _sparse(rng, path, _values, village):
    side = rng.choice([40_000, 100_000, 1_000_000])
    wide = rng.choice([10.0, N * STEP])  # degrees
    options = rng.choice(
        [
            {"tiled": True, "blockxsize": 512, "blockysize": 512},
            {"tiled": False},
            {"tiled": True, "blockxsize": 16384, "blockysize": 16384},
        ]
    )
    transform = rasterio.Affine(wide / side, 0, WEST, 0, -wide / side, SOUTH + wide)
    more = {"sparse_ok": True, "bigtiff": "yes", "compress": "deflate", **options}
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        width=side,
        height=side,
        count=1,
        dtype="float32",
        crs="EPSG:4326",
        transform=transform,
        **more,
    ):
        pass


def _system(rng, path, values, village):
    crs = rng.choice(
        [
            "EPSG:3857",
            "EPSG:4547",
            "EPSG:32651",
            'LOCAL_CS["x",UNIT["m",1]]',
            "EPSG:4978",
            "EPSG:5703",
            "ESRI:54009",
            None,
            None,
        ]
    )
    write(path, values, crs=crs)
    if crs is None:
        told = rng.choice(["gcj02", "bd09", "wgs84", "cgcs2000", "EPSG:4326", "EPSG:999999", "EPSG:3857", "EPSG:5703"])
        if "elevation" not in village.config.read_text("utf-8"):
            village.say("[[layer]]", f'crs = "{told}"\n[[layer]]')


def _bands(rng, path, values, _village):
    n = rng.choice([2, 3, 4, 200])
    write(path, np.stack([values] * n), photometric=rng.choice([None, "RGB"]) if n == 3 else None)


def _small(rng, path, values, _village):
    write(path, values[: rng.choice([1, 2]), : rng.choice([1, 2])].copy())


def _nodata_all(_rng, path, values, _village):
    write(path, np.full_like(values, -1), nodata=-1)


def _beside(rng, path, values, _village):
    write(path, values)
    side = path.with_name(path.name + rng.choice([".aux.xml", ".ovr", ".msk"]))
    side.write_bytes(rng.choice([b"", b"\0" * 100, b"<PAMDataset>" * 5000, b"<VRTDataset/>", b"II*\0" + bytes(50)]))


HOW = {
    f.__name__.strip("_"): f
    for f in (
        _bytes,
        _grid,
        _south_up,
        _rotated,
        _dtype,
        _pixels,
        _sparse,
        _system,
        _bands,
        _small,
        _nodata_all,
        _beside,
    )
}

"""People in two raster tiles side by side over the made town, and the mosaic that names them."""

import numpy as np
import rasterio
from rasterio import Affine

WEST, EAST = 0.0005, 0.0045
"""Western edges of the two tiles, degrees."""


def write_raster(path, people, west):
    """Write a tile of 10 x 10 pixels, each with so many people."""
    shape = {"width": 10, "height": 10, "count": 1, "dtype": "float32", "crs": "EPSG:4326"}
    place = Affine(0.0004, 0, west, 0, -0.0013, 0.013)
    with rasterio.open(path, "w", driver="GTiff", transform=place, **shape) as out:
        out.write(np.full((1, 10, 10), people, np.float32))


def write_mosaic(path, *tiles):
    """Write a .vrt of tiles by their names relative to it, each in its place from west to east."""
    sources = "".join(
        f'<SimpleSource><SourceFilename relativeToVRT="1">{name}</SourceFilename><SourceBand>1</SourceBand>'
        f'<SrcRect xOff="0" yOff="0" xSize="10" ySize="10"/><DstRect xOff="{10 * i}" yOff="0" xSize="10" ySize="10"/>'
        "</SimpleSource>"
        for i, name in enumerate(tiles)
    )
    path.write_text(
        '<VRTDataset rasterXSize="20" rasterYSize="10"><SRS>EPSG:4326</SRS>'
        f"<GeoTransform>{WEST}, 0.0004, 0, 0.013, 0, -0.0013</GeoTransform>"
        f'<VRTRasterBand dataType="Float32" band="1">{sources}</VRTRasterBand></VRTDataset>',
        encoding="utf-8",
    )

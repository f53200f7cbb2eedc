"""Write data/facilities/*.csv: the example's OSM facilities as tables that a planner can edit.

Run from the project's folder: .venv/bin/python scripts/make_facility_tables.py
"""

from __future__ import annotations

from pathlib import Path

from circle15.config.model import load_config
from circle15.inputs.facilities.facility_sources import facilities_from_osm
from circle15.inputs.ground.districts import buffer_area, read_district
from circle15.inputs.osm.features import read_features
from circle15.outputs.tables import write_csv

HEADINGS = {"facility_id": "编号", "name": "名称", "lon": "经度", "lat": "纬度", "source": "来源"}


def main() -> None:
    """Write one table per layer of data/monaco.toml."""
    root = Path(__file__).parents[1]
    config = load_config(root / "data" / "monaco.toml")
    source = config.resolve(config.network.source)
    area = buffer_area(read_district(config, source).geometry, config.buffer_m())
    filters = {layer.id: layer.source.removeprefix("osm:") for layer in config.layers}
    frame = facilities_from_osm(read_features(source, filters, area=area)).frame
    for layer in config.layers:
        table = frame.loc[frame["layer"] == layer.id, list(HEADINGS)].rename(columns=HEADINGS)
        table["编号"] = table["编号"].str.removeprefix(f"{layer.id}-")
        write_csv(table.round({"经度": 7, "纬度": 7}), root / "data" / "facilities" / f"{layer.id}.csv")


if __name__ == "__main__":
    main()

"""The district's page as its reader waits: bytes, opening with and without the what-if, and the what-if's own steps.

    python scripts/bench_page.py EXTRACT [--box west,south,east,north] [--resolution 10] [--throttle 1 4]

Runs a district of the box twice, with the what-if and without it, and opens both pages in Chromium (Playwright), a
fresh browser context for each, the network cut. A drag's step is from the question for a place to the drawing of what
it answers (engine, hatched cells, text at the pointer, table of streets), and once more to the end of the frame that
shows it, which waits for the screen's own rhythm. With --throttle the page's thread is slowed so many times; the
engine's worker is not. Only the ratios mean anything on a machine that does other things.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench_run import CONFIG, LAYER, SOURCES
from playwright.sync_api import sync_playwright

from circle15 import run_district

if TYPE_CHECKING:
    from playwright.sync_api import Browser, CDPSession, Page

CHROMIUM = "/usr/bin/chromium"
FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking")
OPENED = """async () => {
  await new Promise((r) => requestAnimationFrame(() => requestAnimationFrame(r)));
  return performance.now();
}"""
DRAWER = """async () => {
  const begun = performance.now();
  await circle15.whatif.open(circle15.state);
  await new Promise((r) => requestAnimationFrame(() => requestAnimationFrame(r)));
  return performance.now() - begun;
}"""
DRAG = """async (steps) => {
  const { whatif } = circle15;
  const { desk, drawer } = whatif;
  const [[south, west], [north, east]] = circle15.state.data.page.bounds;
  const at = (x, y) => L.latLng(south + y * (north - south), west + x * (east - west));
  const item = drawer.tools.addAt(at(0.5, 0.5));
  await desk.settled();
  const { places } = drawer;
  const marker = places.markers.get(item.id);
  const times = [];
  places.begin(item.id);
  for (let i = 0; i < steps; i++) {
    const turn = (i / steps) * 6.28 * 3;
    const reach = 0.05 + (0.4 * i) / steps;
    marker.setLatLng(at(0.5 + reach * Math.cos(turn), 0.5 + reach * Math.sin(turn)));
    const begun = performance.now();
    places.moveTo(whatif.fromPage(marker.getLatLng()));
    await places.asking;
    await new Promise((done) => requestAnimationFrame(() => { // a message comes after the frame is painted
      const after = new MessageChannel();
      after.port1.onmessage = done;
      after.port2.postMessage(0);
    }));
    times.push(performance.now() - begun);
  }
  await places.drop(item.id, whatif.fromPage(marker.getLatLng()));
  await desk.settled();
  return [times, whatif.stepTimes.slice(-steps)];
}"""
BRIDGE = """async (n) => {
  const { whatif } = circle15;
  const [[south, west], [north, east]] = circle15.state.data.page.bounds;
  const times = [];
  for (let i = 0; i < n; i++) {
    const lon = west + (0.3 + 0.02 * i) * (east - west);
    const lat = south + 0.5 * (north - south);
    const ends = [];
    for (const place of [{ lon, lat }, { lon: lon + 0.002, lat }]) {
      const snapped = await whatif.snap([], place, 300);
      if (snapped.street) ends.push(snapped.street);
    }
    if (ends.length < 2) continue;
    const begun = performance.now();
    const told = await whatif.dragPath([{ kind: "add_path", line: ends }], 0, ends);
    if (told.result) whatif.drawer.paint(whatif.desk.layer.id);
    times.push(performance.now() - begun);
  }
  return times;
}"""
THRESHOLD = """async (n) => {
  const { whatif } = circle15;
  const { desk } = whatif;
  const times = [];
  for (let i = 0; i < n; i++) {
    const begun = performance.now();
    const result = await whatif.evaluate([], { minutes: { [desk.layer.id]: 8 + i } });
    desk.result = result;
    whatif.drawer.paint(desk.layer.id);
    whatif.drawer.table.show(result);
    await new Promise((r) => requestAnimationFrame(r));
    times.push(performance.now() - begun);
  }
  desk.result = desk.base;
  return times;
}"""
ENGINE = """async (n) => {
  const { whatif } = circle15;
  const info = await whatif.ready();
  const [[south, west], [north, east]] = circle15.state.data.page.bounds;
  const part = (k, by) => (k * by) % 1;
  const at = (k, by) => ({ lon: west + part(k, 0.618) * (east - west), lat: south + part(k, by) * (north - south) });
  const times = { drag: [], bridge: [], threshold: [] };
  for (const { id: layer, minutes } of info.layers) {
    const add = { kind: "add_facility", layer, capacity: 60, ...at(1, 0.37) };
    await whatif.drag([add], [0], at(1, 0.37));
    for (let k = 0; k < n; k++) times.drag.push((await whatif.drag([add], [0], at(k, 0.37))).took_ms);
    for (let k = 1; k < 4; k++) {
      times.threshold.push((await whatif.evaluate([], { minutes: { [layer]: minutes - k } })).ms);
    }
  }
  for (let k = 0; k < n && times.bridge.length < 12; k++) {
    const { street } = await whatif.snap([], at(k, 0.37), 300);
    if (!street) continue;
    const line = [street, [street[0] + 0.0012, street[1] + 0.0009]];
    times.bridge.push((await whatif.dragPath([{ kind: "add_path", line }], 0, line)).ms);
  }
  return times;
}"""
SWITCH = """async () => {
  const times = [];
  for (const key of ["time-1", "time-0", "time-2", "time-0"]) {
    const begun = performance.now();
    circle15.state.show(key);
    await new Promise((r) => requestAnimationFrame(() => requestAnimationFrame(r)));
    times.push(performance.now() - begun);
  }
  return times;
}"""


def main() -> None:
    """Run the district, open its pages and print what they take."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("extract", type=Path)
    parser.add_argument("--box", default="8.60,49.37,8.75,49.45")
    parser.add_argument("--resolution", type=int, default=10)
    parser.add_argument("--throttle", type=float, nargs="+", default=[1, 4])
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--steps", type=int, default=120)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        pages = {with_it: write_page(options, Path(name), with_it=with_it) for with_it in (False, True)}
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
            measure(browser, pages, options)
            browser.close()


def write_page(options: Any, folder: Path, *, with_it: bool) -> Path:
    """Run the district and give its page."""
    (folder / "people.csv").write_text("street,population\nbench,100000\n", encoding="utf-8")
    text = CONFIG.format(box=options.box, extract=options.extract.resolve(), resolution=options.resolution)
    text = text.replace(
        'write = ["cells", "coverage", "map"]', f'write = ["map"]\nisochrones = "none"\nwhatif = {str(with_it).lower()}'
    )
    config = folder / f"bench-{with_it}.toml"
    config.write_text(text + "".join(LAYER.format(id=i, source=s) for i, s in SOURCES.items()), encoding="utf-8")
    run = run_district(config, out=folder / f"out-{with_it}")
    page = folder / f"out-{with_it}" / "index.html"
    print(f"what-if {with_it!s:5}: {len(run.result.cells):,} cells, page {page.stat().st_size / 1e6:.2f} MB")
    return page


def measure(browser: Browser, pages: dict[bool, Path], options: Any) -> None:
    """Print the table."""
    for throttle in options.throttle:
        print(f"\nCPU slowed x{throttle:g} (milliseconds)")
        opened: dict[bool, list[float]] = {False: [], True: []}
        used: dict[bool, list[float]] = {False: [], True: []}
        for _ in range(options.repeat):
            for with_it, path in pages.items():
                page, session = opened_page(browser, path, throttle)
                opened[with_it].append(page.evaluate(OPENED))
                used[with_it].append(page_cpu_ms(session)["TaskDuration"])
                page.context.close()
        for with_it, values in opened.items():
            tell(f"page opened, {'with' if with_it else 'without'} the what-if", values)
            tell("  of that, processor time", used[with_it])
        page, session = opened_page(browser, pages[True], throttle)
        page.evaluate(OPENED)
        tell("drawer to ready", [page.evaluate(DRAWER)])
        before = page_cpu_ms(session)
        steps, engine = page.evaluate(DRAG, options.steps)
        after = page_cpu_ms(session)
        tell("  mean processor time a step", [(after["TaskDuration"] - before["TaskDuration"]) / options.steps])
        tell("drag step, to the end of its frame", steps)
        tell("drag step, question to drawing", engine)
        tell("footbridge", page.evaluate(BRIDGE, 8))
        tell("threshold", page.evaluate(THRESHOLD, 6))
        tell("switch of service", page.evaluate(SWITCH))
        for name, values in page.evaluate(ENGINE, options.steps).items():
            tell(f"engine alone: {name}", values)
        page.context.close()


def page_cpu_ms(session: CDPSession) -> dict[str, float]:
    """Give what the page's thread has used of the processor, whatever else the machine does."""
    told = {metric["name"]: 1000 * metric["value"] for metric in session.send("Performance.getMetrics")["metrics"]}
    return {name: told[name] for name in ("TaskDuration", "ScriptDuration", "LayoutDuration", "RecalcStyleDuration")}


def opened_page(browser: Browser, path: Path, throttle: float) -> tuple[Page, CDPSession]:
    """Open a page in a context of its own; whatever it complains of ends the measuring."""
    context = browser.new_context(viewport={"width": 1440, "height": 900}, offline=True)
    page = context.new_page()
    page.on("pageerror", lambda error: sys.exit(f"{path.name}: {error}"))
    session = context.new_cdp_session(page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})
    session.send("Emulation.setCPUThrottlingRate", {"rate": throttle})
    page.goto(path.as_uri())
    return page, session


def tell(what: str, values: list[float]) -> None:
    """Print a line: median, 95th percentile, most."""
    ordered = sorted(values)
    late = ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))]
    print(f"  {what:36}{statistics.median(ordered):9.1f}{late:9.1f}{ordered[-1]:9.1f}   n {len(ordered)}")


if __name__ == "__main__":
    main()

"use strict";
// The very path from a cell to its nearest facility, and where its minutes go.

/** A piece of a walk along one edge. @typedef {{edge: number, from: number, to: number, ms: number}} Piece from and to are fractions of the edge */

/**
 * @param {Measured} measured @param {number} cell
 */
function wayFrom(measured, cell) {
  const { rules, walker, facilities } = measured;
  const { layer, thresholdMs } = rules;
  const { world, graph, origins, speed } = walker;
  const { study } = world;
  const start = /** @type {[number, number]} */ ([study.origins.lon[cell], study.origins.lat[cell]]);
  const none = { reached: false, ms: null, threshold_ms: thresholdMs, covered: false, k: layer.min_count, facility: null, start };
  if (!origins.isLinked(cell)) return { ...none, why: world.linker(walker.profile).whyNot(...start) };
  const cutoff = searchedMs(rules, study);
  const goals = walker.goals(layer, facilities);
  const { search } = graph;
  search.start(cutoff);
  search.offerStart(origins, cell);
  search.settle(graph.out);
  const found = kthGoal(search, origins, cell, goals, layer.min_count, cutoff);
  if (!found) return { ...none, why: SAYS.noneWithin(Math.round(cutoff / MS_PER_SECOND / 6) / 10) };
  const facility = facilities[found.facility];
  const entrance = entranceOf(walker, layer, facility, goals.links[found.goal]);
  const pieces = walkTo(walker, cell, goals.places, found.goal);
  const straightM = haversineM(...start, ...entrance);
  return {
    ...none,
    reached: true,
    ms: found.ms,
    covered: found.ms <= thresholdMs,
    facility: { id: facility.id, name: facility.name, lon: facility.lon, lat: facility.lat },
    entrance,
    access_start_ms: origins.access[cell],
    access_start_m: world.originLinks(walker.profile).accessM[cell],
    access_end_ms: goals.places.access[found.goal],
    access_end_m: (goals.places.access[found.goal] * speed) / MS_PER_SECOND,
    ...describe(walker, pieces, start, entrance, origins.access[cell], goals.places.access[found.goal]),
    straight_m: straightM,
    straight_ms: metresToMs(straightM, speed),
    why: null,
  };
}

/** The entrance that a link is of. @param {Walker} walker @param {Layer} layer @param {Facility} facility @param {Link} link @returns {Point} */
function entranceOf({ world, profile }, layer, facility, link) {
  const { lon, lat } = world.study.entrances[layer.id];
  /** @type {Point[]} */
  const own = facility.entrances.length > 0 ? facility.entrances.map((row) => [lon[row], lat[row]]) : [[facility.lon, facility.lat]];
  const places = world.entered.get(facility.key) || own;
  const links = world.walker(profile, world.study.speeds[profile]).links(layer, facility);
  return places[Math.max(0, links.findIndex((known) => isSameLink(known, link)))];
}

/** The k-th nearest facility of a walk that is settled, and the place where it is entered. @param {Search} search @param {Places} origins @param {number} cell @param {Goals} goals @param {number} k @param {number} cutoff */
function kthGoal(search, origins, cell, { places, rows }, k, cutoff) {
  const { left, right } = search.graph.chains;
  /** @param {number} g */
  const timeTo = (g) => {
    if (places.junction[g] >= 0) return search.time[places.junction[g]] + places.access[g];
    if (places.chain[g] < 0) return Infinity;
    const straight = alongChain(origins, cell, places, g) + origins.access[cell];
    const byEnds = Math.min(search.time[left[places.chain[g]]] + places.fromLeft[g], search.time[right[places.chain[g]]] + places.fromRight[g]);
    return Math.min(byEnds, straight) + places.access[g];
  };
  const found = rows.flatMap((own, facility) => {
    const times = own.map(timeTo);
    const ms = Math.min(...times);
    return ms <= cutoff ? [{ facility, ms, goal: own[times.indexOf(ms)] }] : [];
  });
  return found.sort((a, b) => a.ms - b.ms || a.facility - b.facility)[k - 1];
}

/** The pieces of the walk from a cell to a goal, after a search from the cell. @param {Walker} walker @param {number} cell @param {Places} goals @param {number} g @returns {Piece[]} */
function walkTo({ graph, origins }, cell, goals, g) {
  const { search, chains } = graph;
  const { left, right } = chains;
  const straight = alongChain(origins, cell, goals, g) + origins.access[cell];
  const chain = goals.chain[g];
  const [byLeft, byRight] =
    chain < 0 ? [Infinity, Infinity] : [search.time[left[chain]] + goals.fromLeft[g], search.time[right[chain]] + goals.fromRight[g]];
  if (goals.junction[g] < 0 && straight <= Math.min(byLeft, byRight)) {
    return alongPieces(graph, origins, cell, goals, g);
  }
  const last = goals.junction[g] >= 0 ? goals.junction[g] : byLeft <= byRight ? left[chain] : right[chain];
  const { first, arcs } = junctionsTo(graph, origins, cell, last);
  const pieces = leaving(graph, origins, cell, first);
  for (const { chain: c, fromLeft } of arcs) pieces.push(...wholeChain(graph, c, fromLeft));
  if (goals.junction[g] < 0) pieces.push(...arriving(graph, goals, g, byLeft <= byRight));
  return pieces;
}

/**
 * The junction at which a settled walk leaves its first chain, and the chains from there to a junction. Times are whole,
 * so an arc of a shortest walk is one whose ends differ by its very time; those of no time could lead in circles, hence
 * the whole plateau is looked at.
 * @param {Graph} graph @param {Places} origins @param {number} cell @param {number} last
 */
function junctionsTo(graph, origins, cell, last) {
  const { search, chains } = graph;
  const { first, head, ms, chain } = graph.in;
  /** @param {number} j */
  const isFirst = (j) => {
    const access = origins.access[cell];
    if (origins.junction[cell] >= 0) return j === origins.junction[cell];
    const c = origins.chain[cell];
    const toLeft = chains.left[c] === j ? access + origins.toLeft[cell] : Infinity;
    const toRight = chains.right[c] === j ? access + origins.toRight[cell] : Infinity;
    return search.time[j] === Math.min(toLeft, toRight);
  };
  /** @type {Map<number, {next: number, chain: number, fromLeft: boolean} | null>} */
  const seen = new Map([[last, null]]);
  const waiting = [last];
  for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
    if (isFirst(at)) {
      const arcs = [];
      for (let step = seen.get(at); step; step = seen.get(step.next)) arcs.push(step);
      return { first: at, arcs };
    }
    for (let a = first[at]; a < first[at + 1]; a++) {
      const from = head[a];
      if (seen.has(from) || search.time[from] + ms[a] !== search.time[at]) continue;
      const c = chain[a];
      const ahead = chains.left[c] === from && chains.right[c] === at && graph.chainAhead[c] === ms[a];
      seen.set(from, { next: at, chain: c, fromLeft: ahead });
      waiting.push(from);
    }
  }
  return { first: last, arcs: [] };
}

/** A slot walked from one share of it to another, both counted from its left. @param {Graph} graph @param {number} slot @param {number} from @param {number} to @param {number} ms @returns {Piece} */
function pieceOf({ chains }, slot, from, to, ms) {
  const turned = chains.isTurned[slot];
  return { edge: chains.edgeOf[slot], from: turned ? 1 - from : from, to: turned ? 1 - to : to, ms };
}

/** @param {Graph} graph @param {number} c @param {boolean} fromLeft */
function wholeChain(graph, c, fromLeft) {
  const { firstSlot } = graph.chains;
  const pieces = [];
  for (let s = firstSlot[c]; s < firstSlot[c + 1]; s++) {
    pieces.push(fromLeft ? pieceOf(graph, s, 0, 1, graph.ahead[s]) : pieceOf(graph, s, 1, 0, graph.behind[s]));
  }
  return fromLeft ? pieces : pieces.reverse();
}

/** Where a place stands in its slot, from the slot's left. @param {Graph} graph @param {Places} places @param {number} i */
function shareOf({ chains }, places, i) {
  if (places.order[i] === INSIDE_NODE) return 0;
  return chains.isTurned[places.slot[i]] ? 1 + places.order[i] : places.order[i];
}

/** From a place to an end of its chain. @param {Graph} graph @param {Places} places @param {number} i @param {boolean} toRight */
function toEnd(graph, places, i, toRight) {
  const { firstSlot } = graph.chains;
  const slot = places.slot[i];
  const share = shareOf(graph, places, i);
  const c = places.chain[i];
  if (toRight) {
    const whole = wholeChain(graph, c, true).slice(slot - firstSlot[c] + 1);
    const own = places.toRight[i] - whole.reduce((sum, p) => sum + p.ms, 0);
    return [pieceOf(graph, slot, share, 1, own), ...whole];
  }
  const whole = wholeChain(graph, c, false).slice(firstSlot[c + 1] - slot);
  const own = places.toLeft[i] - whole.reduce((sum, p) => sum + p.ms, 0);
  return [pieceOf(graph, slot, share, 0, own), ...whole];
}

/** @param {Graph} graph @param {Places} origins @param {number} cell @param {number} junction */
function leaving(graph, origins, cell, junction) {
  if (origins.junction[cell] >= 0) return [];
  const { left, right } = graph.chains;
  const c = origins.chain[cell];
  const isRing = left[c] === right[c];
  const toRight = isRing ? origins.toRight[cell] < origins.toLeft[cell] : right[c] === junction;
  return toEnd(graph, origins, cell, toRight);
}

/** From an end of its chain to a place. @param {Graph} graph @param {Places} goals @param {number} g @param {boolean} fromLeft */
function arriving(graph, goals, g, fromLeft) {
  const { firstSlot } = graph.chains;
  const [slot, c] = [goals.slot[g], goals.chain[g]];
  const share = shareOf(graph, goals, g);
  const whole = wholeChain(graph, c, fromLeft).slice(0, fromLeft ? slot - firstSlot[c] : firstSlot[c + 1] - slot - 1);
  const own = (fromLeft ? goals.fromLeft[g] : goals.fromRight[g]) - whole.reduce((sum, p) => sum + p.ms, 0);
  return [...whole, pieceOf(graph, slot, fromLeft ? 0 : 1, share, own)];
}

/** Straight along one chain from an origin to a goal. @param {Graph} graph @param {Places} origins @param {number} cell @param {Places} goals @param {number} g */
function alongPieces(graph, origins, cell, goals, g) {
  const [a, b] = [shareOf(graph, origins, cell), shareOf(graph, goals, g)];
  const [from, to] = [origins.slot[cell], goals.slot[g]];
  const total = alongChain(origins, cell, goals, g);
  if (from === to) return [pieceOf(graph, from, a, b, total)];
  const step = from < to ? 1 : -1;
  const between = [];
  for (let s = from + step; s !== to; s += step) {
    between.push(step > 0 ? pieceOf(graph, s, 0, 1, graph.ahead[s]) : pieceOf(graph, s, 1, 0, graph.behind[s]));
  }
  const begun = step > 0 ? graph.aheadBefore[from] + graph.ahead[from] - origins.fromLeft[cell] : origins.toLeft[cell] - graph.behindBefore[from];
  const rest = total - begun - between.reduce((sum, p) => sum + p.ms, 0);
  return [pieceOf(graph, from, a, step > 0 ? 1 : 0, begun), ...between, pieceOf(graph, to, step > 0 ? 0 : 1, b, rest)];
}

/**
 * The line of a walk with the time at each vertex, and what was paid for what.
 * @param {Walker} walker @param {Piece[]} pieces @param {[number, number]} start @param {[number, number]} end
 * @param {number} accessStart ms @param {number} accessEnd ms
 */
function describe(walker, pieces, start, end, accessStart, accessEnd) {
  const { network, streets } = walker.world;
  /** @type {[number, number][]} */
  const line = [start];
  const msAt = [0];
  let [ms, lengthM, waitMs, nWaits, plainMs] = [accessStart, 0, 0, 0, 0];
  /** @type {[number, number] | null} */
  let waitedAt = null;
  for (const piece of pieces) {
    const of = streets.originEdge(piece.edge);
    /** @param {number} fraction @returns {[number, number]} */
    const at = (fraction) => {
      const [t, h] = [streets.originNode(streets.tail[piece.edge]), streets.originNode(streets.head[piece.edge])];
      return [network.lon[t] + fraction * (network.lon[h] - network.lon[t]), network.lat[t] + fraction * (network.lat[h] - network.lat[t])];
    };
    if (line.length === 1) {
      line.push(at(piece.from));
      msAt.push(ms);
    }
    ms += piece.ms;
    const metres = of < 0 ? 0 : network.lengthM[of] * Math.abs(piece.to - piece.from);
    const place = at(piece.to);
    if (of >= 0 && network.lengthM[of] === 0) {
      waitMs += piece.ms;
      const isSame = waitedAt !== null && waitedAt[0] === place[0] && waitedAt[1] === place[1];
      if (piece.ms > 0 && !isSame) nWaits++;
      if (piece.ms > 0) waitedAt = place;
    } else {
      lengthM += metres;
      plainMs += (metres * MS_PER_SECOND) / walker.speed;
    }
    line.push(place);
    msAt.push(ms);
  }
  const walkedMs = ms - accessStart;
  line.push(end);
  msAt.push(ms + accessEnd);
  return { line, ms_at: msAt, length_m: lengthM, walked_ms: walkedMs, wait_ms: waitMs, n_waits: nWaits, extra_ms: walkedMs - waitMs - plainMs };
}

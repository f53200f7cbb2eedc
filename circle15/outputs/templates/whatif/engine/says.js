"use strict";
// What the engine says to people, in both languages.

/** @typedef {{zh: string, en: string}} Said */

/** A change that a run would refuse, or one that cannot be computed. */
class Refusal extends Error {
  /** @param {Said} said @param {number} [change] index of the change */
  constructor(said, change = -1) {
    super(said.en);
    this.said = said;
    this.change = change;
  }
}

/** Metres as a sentence has them. @param {number} metres */
const metresText = (metres) => metres.toFixed(1);

const SAYS = {
  /** @param {number} m @returns {Said} */
  noStreet: (m) => ({ zh: `${m} 米内没有可步行的街道`, en: `no walkable street within ${m} m` }),
  /** @param {number} m @returns {Said} */
  island: (m) => ({
    zh: `${m} 米内只有与路网不相连的孤立道路`,
    en: `only streets cut off from the network within ${m} m`,
  }),
  /** @param {number} m @returns {Said} */
  span: (m) => ({
    zh: `${m} 米内只有桥梁或隧道，须从两端进出`,
    en: `only a bridge or tunnel within ${m} m, which is entered at its ends`,
  }),
  /** @param {number} m @returns {Said} */
  behind: (m) => ({
    zh: `${m} 米内的道路都隔着河流、铁路、快速路、围墙或自设边界`,
    en: `every street within ${m} m lies behind a river, railway, expressway, wall or own border`,
  }),
  /** @returns {Said} */
  outside: () => ({ zh: "位于本区及其缓冲区之外", en: "lies outside the district and its buffer" }),
  /** @param {string} layer @returns {Said} */
  noLayer: (layer) => ({ zh: `没有名为“${layer}”的服务`, en: `there is no layer "${layer}"` }),
  /** @param {string} id @returns {Said} */
  noFacility: (id) => ({ zh: `没有编号为“${id}”的设施`, en: `no facility has the id "${id}"` }),
  /** @param {string} id @returns {Said} */
  severalFacilities: (id) => ({
    zh: `多项服务有编号“${id}”，请写明服务`,
    en: `several layers have a facility "${id}"; say which layer`,
  }),
  /** @param {string} id @returns {Said} */
  idTaken: (id) => ({ zh: `编号“${id}”已属于另一处设施`, en: `the id "${id}" is another facility's` }),
  /** @returns {Said} */
  noPlace: () => ({ zh: "缺少经纬度", en: "has no lon and lat" }),
  /** @returns {Said} */
  noCapacity: () => ({ zh: "容量须为不小于 0 的数", en: "the capacity is a number, 0 or more" }),
  /** @returns {Said} */
  noLine: () => ({ zh: "线路至少要有两个不同的点", en: "a path is two different points or more" }),
  /** @param {string} kind @returns {Said} */
  noKind: (kind) => ({ zh: `不认识的改动“${kind}”`, en: `there is no change of kind "${kind}"` }),
  /** @param {PathEnd[]} ends @param {number} toleranceM @returns {Said} */
  joinsNothing: (ends, toleranceM) => ({
    zh: `路径两端都未接入道路：起点差 ${metresText(ends[0].missM)} 米，终点差 ${metresText(ends[1].missM)} 米（容差 ${toleranceM} 米）`,
    en:
      `the path joins no street: its start misses by ${metresText(ends[0].missM)} m and its end by` +
      ` ${metresText(ends[1].missM)} m (tolerance ${toleranceM} m)`,
  }),
  /** @param {PathEnd} end @param {number} toleranceM @returns {Said} */
  misses: (end, toleranceM) => ({
    zh: `路径${end.end === "start" ? "起点" : "终点"}距最近道路 ${metresText(end.missM)} 米，未接入（容差 ${toleranceM} 米）`,
    en:
      `the path misses the nearest street by ${metresText(end.missM)} m at its ${end.end} and does not join it` +
      ` (tolerance ${toleranceM} m)`,
  }),
  /** @param {number} nearestM @param {number} toleranceM @returns {Said} */
  closesNothing: (nearestM, toleranceM) => ({
    zh: `${toleranceM} 米内没有沿此线的道路，最近的在 ${metresText(nearestM)} 米外`,
    en: `no street lies along this line within ${toleranceM} m; the nearest is ${metresText(nearestM)} m away`,
  }),
  /** @param {string} layer @returns {Said} */
  normWithoutCapacity: (layer) => ({
    zh: `“${layer}”有配置标准，但没有一处设施写明容量，无法计算缺口`,
    en: `"${layer}" has a norm, but no facility states a capacity: no gap can be computed`,
  }),
  /** @param {string} profile @returns {Said} */
  paceIsFixed: (profile) => ({
    zh: `步行者“${profile}”除速度外还计坡度、台阶或等候，不能只改速度`,
    en: `the profile "${profile}" pays for slopes, stairs or waits beside its speed: its pace alone cannot be changed`,
  }),
  /** @returns {Said} */
  beyondBuffer: () => ({
    zh: "达标线超出原设定：缓冲区之外的道路和设施未计入，靠近边界处可能偏低",
    en: "the threshold is longer than the run's: streets and facilities beyond its buffer are not known, so places near the border may look too low",
  }),
  /** @returns {Said} */
  notLinked: () => ({ zh: "起点未接入路网", en: "the walk's start is on no street" }),
  /** @param {number} minutes @returns {Said} */
  noneWithin: (minutes) => ({
    zh: `${minutes} 分钟步行内没有设施`,
    en: `no facility within ${minutes} minutes' walk`,
  }),
};

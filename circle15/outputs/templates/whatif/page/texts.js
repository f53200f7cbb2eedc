"use strict";
// Words and numbers of the what-if.
var circle15 = circle15 || {};
circle15.whatif = circle15.whatif || {};

/**
 * The page's own element, which is there.
 * @param {string} selector
 * @returns {any}
 */
circle15.whatif.find = (selector) => document.querySelector(selector);

// What stands in the page beside the engine's data: words, names of roads and communities, the config's file.
circle15.whatif.pageData = function () {
  circle15.whatif.page = circle15.whatif.page || JSON.parse(circle15.whatif.find("#c15-whatif-page").textContent);
  return circle15.whatif.page;
};

// A word with its places filled: say("newly", {group, n}).
circle15.whatif.say = function (key, values = {}) {
  const text = circle15.whatif.pageData().words[key];
  return text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
};

// One side of what the engine says in both languages.
circle15.whatif.said = (told) => (told ? told[circle15.whatif.isChinese() ? "zh" : "en"] : "");
circle15.whatif.colon = () => (circle15.whatif.isChinese() ? "：" : ": ");
circle15.whatif.semicolon = () => (circle15.whatif.isChinese() ? "；" : "; ");
circle15.whatif.isChinese = () => document.documentElement.lang.startsWith("zh");

circle15.whatif.distance = function (metres) {
  const [far, near] = circle15.whatif.isChinese() ? ["公里", "米"] : ["km", "m"];
  return metres >= 1000 ? `${metres / 1000} ${far}` : `${metres} ${near}`;
};

circle15.whatif.formats = []; // by decimals: to make one takes longer than to use it a hundred times

circle15.whatif.number = function (value, decimals = 0) {
  const { formats } = circle15.whatif;
  formats[decimals] = formats[decimals] || new Intl.NumberFormat("en", { maximumFractionDigits: decimals });
  return formats[decimals].format(Number(value.toFixed(decimals)) || 0); // no "-0"
};

// People are whole; a change that is not nothing never reads as 0.
circle15.whatif.peopleText = function (people) {
  if (people !== 0 && Math.abs(people) < 0.5) return people > 0 ? "< 1" : "> -1";
  return circle15.whatif.number(people);
};

// A quantity that was shared out: a tenth below 100, whole above.
circle15.whatif.quantityText = (value) => circle15.whatif.number(value, Math.abs(value) < 100 ? 1 : 0);

circle15.whatif.signed = function (value, text) {
  return value > 0 ? `+${text}` : text.replace("-", "−");
};

// A share never reads as 100.0 % or 0.0 % where it is not whole, as everywhere on the map.
circle15.whatif.shareText = function (covered, people) {
  if (!(people > 0)) return "–";
  let percent = (covered / people) * 100;
  if (percent > 1e-9 && percent < 100 - 1e-9) percent = Math.min(Math.max(percent, 0.1), 99.9);
  return `${percent.toFixed(1)}%`;
};

circle15.whatif.metres = (value) => circle15.whatif.number(value, value < 10 ? 1 : 0);
circle15.whatif.minutesText = (ms) => circle15.whatif.number(ms / 60000, 1);

// What a change did for one service, in one line: people, gap.
circle15.whatif.gainText = function (layer, people, gap) {
  const { say } = circle15.whatif;
  const group = circle15.whatif.isChinese() ? `${/^[\w<≥]/.test(layer.whom) ? " " : ""}${layer.whom}` : layer.whom;
  const parts = [];
  if (Math.abs(people) < 5e-4) parts.push(say("newly_none", { group }));
  else parts.push(say(people > 0 ? "newly" : "newly_lost", { group, n: circle15.whatif.peopleText(Math.abs(people)) }));
  if (layer.gapUnit !== null && gap !== null && Math.abs(gap) >= 0.05) {
    parts.push(say(gap > 0 ? "closes" : "opens", { n: circle15.whatif.quantityText(Math.abs(gap)), unit: layer.gapUnit }));
  }
  return parts.join(" · ");
};

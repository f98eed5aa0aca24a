"use strict";
/* Numbers, elements and shapes that every part of the report draws with; names only ever as text. */
const short = (x) => (x === null ? "none" : Number(x.toPrecision(3)).toString().replace("-", "−"));
const signed = (x) => (x > 0 ? "+" : "") + short(x);
const pseudonym = (i) => "P" + String(i + 1).padStart(5, "0");
const SVG = "http://www.w3.org/2000/svg";

function element(name, text, parent, className) {
  const made = document.createElement(name);
  made.textContent = text;
  if (className) made.className = className;
  parent.append(made);
  return made;
}

function drawn(name, attributes, parent) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  parent.append(made);
  return made;
}

function mixed(score) {
  const [end, share] = [score > 0 ? [178, 24, 43] : [33, 102, 172], Math.min(Math.abs(score), 1)];
  return "rgb(" + end.map((c) => Math.round(255 + (c - 255) * share)).join(",") + ")";
}

function cut(name, longest) {
  return name.length > longest ? name.slice(0, longest - 1) + "…" : name;
}

addEventListener("beforeprint", () => {
  for (const details of document.querySelectorAll("details")) details.open = true;
});

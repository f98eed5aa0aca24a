"use strict";
/* Cascades of the chosen patients: genes left to right by order, edges, filters, the picture saved. */
const BOX = { width: 98, height: 46, down: 84, left: 16, top: 92 };
const ACROSS = { least: 130, most: 216 };
const MOST_ROWS = 12;
const omicColours = report.modality_colours;
const leastFrequency = document.getElementById("cascade-frequency");
const mostQ = document.getElementById("cascade-q");
const chosenGroup = document.getElementById("cascade-group");
const percent = (x) => Math.round(100 * x) + " %";

function visibleParts(cascade) {
  const frequency = Number(leastFrequency.value);
  // A gene that was not measured has no q.
  const isSure = (gene) => mostQ.value === "" || (gene.q !== null && gene.q <= Number(mostQ.value));
  const sure = new Set(cascade.genes.filter(isSure).map((g) => g.name));
  const edges = cascade.edges.filter((e) => e.frequency >= frequency && sure.has(e.source) && sure.has(e.target));
  const joined = new Set(edges.flatMap((e) => [e.source, e.target]));
  const genes = cascade.genes.filter((g) => sure.has(g.name) && (joined.has(g.name) || !cascade.edges.length));
  return { genes, edges };
}

/* Genes of one order in one column, near the mean row of what leads to them; many genes in several columns. */
function inColumns({ genes, edges }) {
  const [row, columns] = [new Map(), []];
  for (const order of Array.from(new Set(genes.map((g) => g.order))).sort((a, b) => a - b)) {
    const wish = (g) => {
      const into = edges.filter((e) => e.target === g.name && row.has(e.source)).map((e) => row.get(e.source));
      return into.length ? into.reduce((a, b) => a + b, 0) / into.length : 0;
    };
    const level = genes.filter((g) => g.order === order).map((g) => [wish(g), g]).sort((a, b) => a[0] - b[0]);
    const n = Math.ceil(level.length / Math.ceil(level.length / MOST_ROWS));
    for (let first = 0; first < level.length; first += n) columns.push(level.slice(first, first + n).map(([, g]) => g));
    level.forEach(([, g], i) => row.set(g.name, (i % n) - (n - 1) / 2));
  }
  return columns;
}

function placed(shown, room, top) {
  const columns = inColumns(shown);
  const most = Math.max(1, ...columns.map((c) => c.length));
  const fits = (room - 2 * BOX.left - BOX.width) / Math.max(columns.length - 1, 1);
  const across = Math.min(Math.max(fits, ACROSS.least), ACROSS.most);
  const place = new Map();
  columns.forEach((genes, column) => {
    genes.forEach((g, i) => {
      const y = top + BOX.down * (i + (most - genes.length) / 2);
      place.set(g.name, { x: BOX.left + across * column, y, column });
    });
  });
  const width = BOX.left * 2 + across * Math.max(columns.length - 1, 0) + BOX.width;
  return { place, width, height: top + BOX.down * most + 24 };
}

/* Several edges at one side of a box end side by side. */
function port(edges, end, edge) {
  const beside = edges.filter((e) => e[end] === edge[end]);
  const room = Math.min(9, 36 / beside.length);
  return (beside.indexOf(edge) - (beside.length - 1) / 2) * room;
}

/* An arc over the genes between; it ends on top of its target. */
function arc(a, b, [from, to]) {
  const [x1, x2] = [a.x + BOX.width * 0.6 + from / 2, b.x + BOX.width * 0.4 + to / 2];
  const high = a.y - Math.min(56, 26 + 8 * (b.column - a.column));
  return { d: `M${x1},${a.y} C${x1 + 30},${high} ${x2 - 10},${high} ${x2},${b.y - 10}`, at: `translate(${x2},${b.y}) rotate(90)` };
}

/* From the right side of a gene to the left side of another. */
function line(a, b, [from, to]) {
  const [x1, x2] = [a.x + BOX.width, b.x - 10];
  const [y1, y2] = [a.y + BOX.height / 2 + from, b.y + BOX.height / 2 + to];
  const bend = Math.max(14, (x2 - x1) / 2.4);
  return { d: `M${x1},${y1} C${x1 + bend},${y1} ${x2 - bend},${y2} ${x2},${y2}`, at: `translate(${b.x},${y2})` };
}

function drawEdge(svg, edge, edges, place) {
  const [a, b] = [place.get(edge.source), place.get(edge.target)];
  const ports = [port(edges, "source", edge), port(edges, "target", edge)];
  const { d, at } = a.y === b.y && b.column - a.column > 1 ? arc(a, b, ports) : line(a, b, ports);
  const group = drawn("g", { class: "edge", stroke: "#444444", fill: "none" }, svg);
  group.edge = edge;
  const path = { d, "stroke-width": 1 + 4 * edge.frequency };
  if (edge.frequency < 0.5) path["stroke-dasharray"] = "6 4";
  drawn("path", path, group);
  if (edge.sign > 0) drawn("path", { d: "M-1,0 l-12,-6 l0,12 z", fill: "#444444", stroke: "none", transform: at }, group);
  if (edge.sign < 0) drawn("path", { d: "M-10,0 l6,0 m0,-9 l0,18", "stroke-width": 4, transform: at }, group);
  if (!edge.sign) drawn("path", { d: "M-10,0 l10,0", "stroke-width": path["stroke-width"], transform: at }, group);
  const kind = edge.sign > 0 ? "activates" : edge.sign < 0 ? "inhibits" : "acts on";
  drawn("title", {}, group).textContent = `${edge.source} ${kind} ${edge.target}, in ${percent(edge.frequency)} of the networks`;
}

function sentence(gene) {
  const where = [gene.role, gene.compartment].filter(Boolean).join(", ");
  const way = gene.score > 0 ? "more of it goes with more benefit" : gene.score < 0 ? "more of it goes with less benefit" : "no direction";
  return `${gene.name} (${where}): score ${signed(gene.score)}, ${way}; q ${short(gene.q)}`;
}

function drawGene(svg, gene, at) {
  const group = drawn("g", { class: "gene", tabindex: 0, role: "button", "aria-label": sentence(gene), transform: `translate(${at.x},${at.y})` }, svg);
  group.gene = gene;
  const ink = Math.abs(gene.score) > 0.55 ? "#ffffff" : "#111111";
  drawn("rect", { class: "box", width: BOX.width, height: BOX.height, rx: 7, fill: mixed(gene.score), stroke: "#222222" }, group);
  const mark = gene.score > 0 ? " +" : gene.score < 0 ? " −" : "";
  const size = gene.name.length > 9 ? 11 : 13;
  drawn("text", { x: BOX.width / 2, y: 20, "text-anchor": "middle", "font-size": size, "font-weight": 600, fill: ink }, group).textContent = cut(gene.name, 10) + mark;
  drawn("text", { x: BOX.width / 2, y: BOX.height + 14, "text-anchor": "middle", "font-size": 11, fill: "#444444", stroke: "#ffffff", "stroke-width": 3, "paint-order": "stroke" }, group).textContent = cut(gene.compartment, 16);
  let x = 8;
  gene.shares.forEach((share, m) => {
    const width = share * (BOX.width - 16);
    drawn("rect", { x, y: 30, width, height: 9, fill: omicColours[m % omicColours.length], stroke: "#ffffff", "stroke-width": 0.5 }, group);
    x += width;
  });
  return group;
}

/* Where each omic's name starts, and where the last ends. */
function legendPlaces() {
  const places = [BOX.left];
  for (const name of report.modalities) places.push(places.at(-1) + 34 + 7.2 * Math.min(name.length, 18));
  return places;
}

function drawLegend(svg, height) {
  const places = legendPlaces();
  report.modalities.forEach((name, m) => {
    drawn("rect", { x: places[m], y: height - 24, width: 12, height: 12, fill: omicColours[m % omicColours.length] }, svg);
    drawn("text", { x: places[m] + 17, y: height - 14, "font-size": 12, fill: "#222222" }, svg).textContent = cut(name, 18);
  });
}

function drawTitle(svg, cascade) {
  drawn("text", { x: BOX.left, y: 20, "font-size": 14, "font-weight": 700, fill: "#111111" }, svg).textContent = cut(cascade.pathway || "no named pathway", 44);
  const q = cascade.q === null ? "" : `, q ${short(cascade.q)}`;
  const words = `p ${short(cascade.p)}${q}; edges in ${percent(cascade.stability)} of the networks; carried by ${percent(cascade.carried_by)} of patients`;
  drawn("text", { x: BOX.left, y: 38, "font-size": 12, fill: "#444444" }, svg).textContent = words;
  if (cascade.group) drawn("text", { x: BOX.left, y: 56, "font-size": 12, fill: "#444444" }, svg).textContent = cut(cascade.group, 70);
}

/* The genes and edges next to one stay, the others fade while it is looked at. */
function lookAt(holder, gene) {
  const near = new Set(gene ? [gene.name] : []);
  for (const group of holder.querySelectorAll("g.edge")) {
    const touches = gene && (group.edge.source === gene.name || group.edge.target === gene.name);
    if (touches) near.add(group.edge.source).add(group.edge.target);
    group.classList.toggle("faded", Boolean(gene) && !touches);
  }
  for (const group of holder.querySelectorAll("g.gene")) group.classList.toggle("faded", Boolean(gene) && !near.has(group.gene.name));
  holder.querySelector(".tip").textContent = gene ? sentence(gene) : "Point at a gene, or reach it with Tab; Enter or a click opens it.";
}

function listen(group, holder, cascade) {
  const { gene } = group;
  for (const event of ["mouseenter", "focus"]) group.addEventListener(event, () => lookAt(holder, gene));
  for (const event of ["mouseleave", "blur"]) group.addEventListener(event, () => lookAt(holder, null));
  group.addEventListener("click", () => openGene(holder, cascade, gene));
  group.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    openGene(holder, cascade, gene);
  });
}

function drawCascade(holder, cascade) {
  const shown = visibleParts(cascade);
  const picture = holder.querySelector(".picture");
  const { place, width, height } = placed(shown, picture.clientWidth - 2, BOX.top + (cascade.group ? 18 : 0));
  const full = Math.max(width, 480, legendPlaces().at(-1));
  const svg = document.createElementNS(SVG, "svg");
  const frame = { width: full, height, viewBox: `0 0 ${full} ${height}`, "font-family": "system-ui, sans-serif", role: "group", "aria-label": `Cascade in ${cascade.pathway}` };
  for (const [key, value] of Object.entries(frame)) svg.setAttribute(key, value);
  drawn("rect", { width: full, height, fill: "#ffffff" }, svg);
  drawTitle(svg, cascade);
  for (const edge of shown.edges) drawEdge(svg, edge, shown.edges, place);
  for (const gene of shown.genes) listen(drawGene(svg, gene, place.get(gene.name)), holder, cascade);
  drawLegend(svg, height);
  picture.replaceChildren(svg);
  lookAt(holder, null);
  holder.querySelector(".count").textContent = `${shown.genes.length} of ${cascade.genes.length} genes, ${shown.edges.length} of ${cascade.edges.length} edges shown`;
}

function saveSvg(holder, cascade) {
  const text = new XMLSerializer().serializeToString(holder.querySelector(".picture svg"));
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "image/svg+xml" }));
  link.download = `${cascade.file}.svg`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

function drawAll() {
  document.getElementById("cascade-frequency-said").textContent = percent(Number(leastFrequency.value));
  closeGene();
  const shown = chosenGroup ? Number(chosenGroup.value) : 0;
  document.querySelectorAll(".cascade-group").forEach((group, i) => { group.hidden = i !== shown; });
  document.querySelectorAll(".cascade").forEach((holder, i) => {
    if (!holder.closest("[hidden]")) drawCascade(holder, report.cascades[i]);
  });
}

document.querySelectorAll(".cascade").forEach((holder, i) => {
  holder.querySelector(".save").addEventListener("click", () => saveSvg(holder, report.cascades[i]));
});
for (const input of [leastFrequency, mostQ, chosenGroup]) if (input) input.addEventListener("input", drawAll);
drawAll();

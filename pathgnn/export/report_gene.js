"use strict";
/* The side panel of one gene of a cascade. */
const panel = document.getElementById("gene-panel");
let opened = null;

function closeGene() {
  if (!opened) return;
  const { holder, gene } = opened;
  const wasInside = panel.contains(document.activeElement);
  opened = null;
  panel.hidden = true;
  holder.querySelector(".beside").classList.remove("open");
  const back = Array.from(holder.querySelectorAll("g.gene")).find((g) => g.gene === gene);
  if (wasInside && back) back.focus();
}

function addTable(parent, headers, rows) {
  const table = element("table", "", parent);
  const head = element("tr", "", table);
  headers.forEach((name, i) => element("th", name, head, i ? "n" : ""));
  for (const row of rows) {
    const line = element("tr", "", table);
    row.forEach((text, i) => element("td", text, line, i ? "n" : ""));
  }
}

function addEdges(parent, cascade, gene) {
  const touching = cascade.edges.filter((e) => e.source === gene.name || e.target === gene.name);
  if (!touching.length) return;
  element("h3", "Edges", parent);
  const list = element("ul", "", parent);
  for (const e of touching) {
    const kind = e.sign > 0 ? "activates" : e.sign < 0 ? "inhibits" : "acts on";
    const how = e.mechanism ? ` (${e.mechanism})` : "";
    const from = e.databases || "no database named";
    element("li", `${e.source} ${kind} ${e.target}${how}; in ${Math.round(100 * e.frequency)} % of the networks; ${from}`, list);
  }
}

function openGene(holder, cascade, gene) {
  opened = { holder, gene };
  panel.replaceChildren();
  element("h3", gene.name, panel);
  element("button", "Close", panel, "close").type = "button";
  panel.querySelector(".close").addEventListener("click", closeGene);
  element("p", [gene.role, gene.compartment].filter(Boolean).join(", "), panel, "small");
  addTable(panel, ["evidence", ""], [
    ["score, signed, of the strongest gene's", signed(gene.score)],
    [`p${cascade.group && ", all patients"}`, short(gene.p)],
    [`q${cascade.group && ", all patients"}`, short(gene.q)],
    ["among the top 20 of the networks", `${Math.round(100 * gene.in_top)} %`],
  ]);
  const omics = report.modalities.map((m, i) => [m, `${Math.round(100 * gene.shares[i])} %`, String(gene.observed[i])]);
  addTable(panel, ["omic", "share", "patients observed"], omics);
  if (gene.drugs.length) element("p", `Approved drugs that act on it: ${gene.drugs.join(", ")}. A question for an experiment, no advice.`, panel);
  addEdges(panel, cascade, gene);
  element("h3", "Pathways", panel);
  element("p", gene.pathways.join(", ") || "in no pathway", panel);
  holder.querySelector(".beside").append(panel);
  for (const other of document.querySelectorAll(".beside")) other.classList.toggle("open", other.contains(panel));
  panel.hidden = false;
  panel.focus();
}

panel.addEventListener("keydown", (event) => {
  if (event.key === "Escape") closeGene();
});

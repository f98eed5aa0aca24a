"use strict";
/* Tables that sort by their headers and are filtered by text, q and a tick. */
for (const table of document.querySelectorAll("table.sorts")) {
  const body = table.tBodies[0];
  const headers = Array.from(table.tHead.rows[0].cells);
  const key = (row, column) => {
    const cell = row.cells[column];
    return "value" in cell.dataset ? Number.parseFloat(cell.dataset.value) : cell.textContent.toLowerCase();
  };
  // What has no number stays last in both directions.
  const compare = (a, b, way) => {
    if (typeof a === "string") return way * a.localeCompare(b);
    if (Number.isNaN(a) || Number.isNaN(b)) return Number.isNaN(a) - Number.isNaN(b);
    return way * (a - b);
  };
  const sortBy = (column) => {
    const header = headers[column];
    const numeric = header.classList.contains("n");
    const now = header.getAttribute("aria-sort");
    const up = now ? now === "descending" : !numeric || header.dataset.first === "ascending";
    for (const other of headers) other.removeAttribute("aria-sort");
    header.setAttribute("aria-sort", up ? "ascending" : "descending");
    const rows = Array.from(body.rows);
    rows.sort((a, b) => compare(key(a, column), key(b, column), up ? 1 : -1));
    body.append(...rows);
  };
  headers.forEach((header, column) => {
    header.querySelector("button").addEventListener("click", () => sortBy(column));
  });
}

const pathwayTable = document.getElementById("pathway-table");
const pathwayText = document.getElementById("pathway-text");
const pathwayQ = document.getElementById("pathway-q");
const pathwayPredictive = document.getElementById("pathway-predictive");

function filterPathways() {
  const words = pathwayText.value.trim().toLowerCase();
  const rows = Array.from(pathwayTable.tBodies[0].rows);
  for (const row of rows) {
    const found = row.textContent.toLowerCase().includes(words);
    // A pathway without a measured gene has no q.
    const sure = pathwayQ.value === "" || Number.parseFloat(row.dataset.q) <= Number(pathwayQ.value);
    row.hidden = !(found && sure && (!pathwayPredictive.checked || row.dataset.predictive === "1"));
  }
  const shown = rows.filter((row) => !row.hidden).length;
  document.getElementById("pathway-count").textContent = `${shown} of ${rows.length} pathways`;
}

for (const input of [pathwayText, pathwayQ, pathwayPredictive]) input.addEventListener("input", filterPathways);
filterPathways();

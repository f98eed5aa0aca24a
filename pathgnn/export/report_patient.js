"use strict";
/* One patient: benefit, what it rests on, and the steps from the average to it. */
const cohort = report.patients;
const patientChoice = document.getElementById("patient-choice");
function stepsOf(row) {
  const steps = row.steps.map(([pathway, value]) => [cohort.pathways[pathway], value]);
  cohort.rest.forEach((name, i) => {
    if (row.rest[i] !== 0) steps.push([name, row.rest[i]]);
  });
  return steps;
}

function addStep(body, [name, from, to, isEnd], [low, high]) {
  const row = element("tr", "", body);
  element(isEnd ? "th" : "td", name, row).scope = isEnd ? "row" : "";
  element("td", isEnd ? short(to) : signed(to - from), row, "n");
  const picture = drawn("svg", { class: "bar", viewBox: "0 0 1000 16", preserveAspectRatio: "none", "aria-hidden": "true" }, element("td", "", row));
  const x = (value) => (1000 * (value - low)) / (high - low || 1);
  const [left, right] = [Math.min(x(from), x(to)), Math.max(x(from), x(to))];
  const colour = isEnd ? "#444444" : to > from ? "#b2182b" : "#2166ac";
  drawn("line", { x1: x(0), x2: x(0), y1: 0, y2: 16, stroke: "#888888", "stroke-width": 1, "vector-effect": "non-scaling-stroke" }, picture);
  drawn("rect", { x: left, width: Math.max(right - left, 3), y: 3, height: 10, fill: colour }, picture);
}

function showPatient(i) {
  const row = cohort.rows[i];
  patientChoice.value = String(i);
  const have = cohort.modalities.map((m, k) => [m, row.genes[k]]);
  const seen = have.filter(([, n]) => n).map(([m, n]) => `${m} (${n} genes)`).join(", ");
  const lacks = have.filter(([, n]) => !n).map(([m]) => m).join(", ");
  document.getElementById("patient-benefit").textContent =
    `${pseudonym(i)}: predicted benefit ${short(row.benefit)} (${short(row.low)} to ${short(row.high)}), ${cohort.unit}.`;
  document.getElementById("patient-rests").textContent =
    `Raw score ${short(row.score)}. Measured: ${seen || "nothing"}.` + (lacks ? ` Lacks ${lacks}.` : "");
  const body = document.getElementById("patient-steps");
  body.replaceChildren();
  const rows = [["average benefit", 0, cohort.average, true]];
  let at = cohort.average;
  for (const [name, value] of stepsOf(row)) {
    rows.push([name, at, at + value, false]);
    at += value;
  }
  rows.push([`benefit of ${pseudonym(i)}`, 0, row.benefit, true]);
  const ends = rows.flatMap(([, from, to]) => [from, to]);
  for (const step of rows) addStep(body, step, [Math.min(...ends), Math.max(...ends)]);
}

cohort.rows.forEach((_, i) => {
  element("option", pseudonym(i), patientChoice).value = String(i);
});
const byBenefit = cohort.rows.map((_, i) => i).sort((a, b) => cohort.rows[b].score - cohort.rows[a].score || a - b);

function stepPatient(way) {
  const at = byBenefit.indexOf(Number(patientChoice.value)) + way;
  showPatient(byBenefit[Math.min(Math.max(at, 0), byBenefit.length - 1)]);
}

patientChoice.addEventListener("change", () => showPatient(Number(patientChoice.value)));
document.getElementById("patient-more").addEventListener("click", () => stepPatient(-1));
document.getElementById("patient-less").addEventListener("click", () => stepPatient(1));
showPatient(cohort.best);

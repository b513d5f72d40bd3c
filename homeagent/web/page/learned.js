"use strict";

const NAMES = { load: "load", pv: "PV" };
const STUDENT = "#0f766e", FLOOR = "#94a3b8", STOPPED = "#dc2626";
const percent = (part) => `${(100 * part).toFixed(0)} %`;

function who(models) {
  const next = models.teaching ? " Another student is being taught." : "";
  if (models.serving === "floor" && models.teaching) return "A student is being taught; until it can, the recent days alone serve.";
  if (models.serving === "floor") return `The recent days alone serve: ${models.why}.`;
  const taught = models.last_training_cpu_seconds === null ? "" : ` The last training took ${models.last_training_cpu_seconds} CPU seconds.`;
  if (models.serving.startsWith("starter-")) return `${models.serving} serves, a starter taught on simulated homes alone: ${models.why}.${next}`;
  return `${models.serving} serves, run by ${models.runtime}, taught on ${models.days_learned.toFixed(0)} days: ${models.why}.${taught}${next}`;
}

function against(span) {
  if (!span.days_judged || !span.floor_pinball_kw) return "not judged yet";
  const apart = 100 * (span.pinball_kw / span.floor_pinball_kw - 1);
  const few = span.days_judged < span.days ? ` (${span.days_judged} days)` : "";
  return `${span.pinball_kw.toFixed(4)} kW, ${Math.abs(apart).toFixed(1)} % ${apart <= 0 ? "less" : "more"} than recent days alone${few}`;
}

function learnedRow([quantity, student], models) {
  const row = document.createElement("tr");
  const [week, month] = student.spans;
  const held = [week, month].filter((span) => span.band_coverage !== null).map((span) => `${percent(span.band_coverage)} in ${span.days_judged} days`);
  const file = student.file_bytes === null ? "none, run by numpy" : `${student.file_bytes.toLocaleString("en-GB")} bytes, ${student.file_kind}`;
  const maker = student.serves ? `student, trusted ${percent(student.trust)}` : "recent days: the student has lost its skill";
  for (const value of [NAMES[quantity], maker, against(week), against(month),
    held.length ? `${[...new Set(held)].join(", ")}; meant: ${percent(models.band_target)}` : "not judged yet", file]) {
    const cell = document.createElement("td");
    cell.textContent = value;
    row.append(cell);
  }
  return row;
}

function showLearned(models) {
  text("learned-text", who(models) + (models.trouble ? ` Trouble: ${models.trouble}.` : ""));
  const students = Object.entries(models.students);
  element("learned").hidden = !students.length;
  element("learned-rows").replaceChildren(...students.map((student) => learnedRow(student, models)));
  element("learned-events").replaceChildren(...models.events.toReversed().map((event) => {
    const item = document.createElement("li");
    item.textContent = `${clock(event.at, { day: "numeric", month: "short" })}: ${event.model} ${event.event}: ${event.why}`;
    return item;
  }));
  showLosses(models);
}

function showLosses(models) {
  const nights = models.nights.filter((night) => night.quantity === "load");
  element("learned-chart").hidden = !nights.length;
  if (!nights.length) return;
  const line = (key, name, color, dash) => ({ x: nights.map((night) => night.day), y: nights.map((night) => night[key]), name,
    mode: "lines+markers", line: { color, dash }, marker: { size: 5 } });
  const stopped = nights.some((night) => night.frozen_pinball_kw !== null);
  const changed = models.habits_changed_on;
  const mark = changed === null ? [] : [{ type: "line", x0: changed, x1: changed, yref: "paper", y0: 0, y1: 1, line: { color: COLOUR.load, dash: "dot" } }];
  const note = changed === null ? [] : [{ x: changed, yref: "paper", y: 1, yanchor: "bottom", text: "habits change (simulated)", showarrow: false }];
  Plotly.react("learned-chart", [
    line("floor_pinball_kw", "recent days alone", FLOOR), line("pinball_kw", "student", STUDENT),
    ...(stopped ? [line("frozen_pinball_kw", "student that stopped learning", STOPPED, "dash")] : []),
  ], { margin: { l: 55, r: 20, t: 25, b: 30 }, legend: { orientation: "h", y: -0.15 }, hovermode: "x unified", shapes: mark, annotations: note,
    yaxis: { title: { text: "loss of load's forecast [kW]" }, rangemode: "tozero" }, xaxis: { type: "date", tickformat: "%-d %b" } }, CHART);
}

function inside(days, quantity) {
  const known = days.flatMap((day) => day[quantity].measured_kw.map((kw, k) =>
    ({ kw, low: day[quantity].low_kw[k], high: day[quantity].high_kw[k] }))).filter(({ kw, high }) => kw !== null && high > 0.01);
  const held = known.filter(({ kw, low, high }) => kw >= low - 0.0005 && kw <= high + 0.0005).length;
  return known.length ? `${NAMES[quantity]} ${held} of ${known.length}` : null;
}

function showAhead({ days }) {
  element("ahead-chart").hidden = !days?.length;
  if (!days?.length) {
    text("ahead-text", "No day has been forecast from its beginning yet.");
    return;
  }
  const held = ["load", "pv"].map((quantity) => inside(days, quantity)).filter(Boolean);
  text("ahead-text", `The shaded band, as the day's first think has forecast it, is meant to hold 80 % of what comes. ` +
    (held.length ? `Slots inside so far: ${held.join(", ")}.` : ""));
  const at = days.flatMap((day) => starts(day));
  const row = (quantity, key, more) => ({ x: at, y: days.flatMap((day) => day[quantity][key]), mode: "lines", hoverinfo: "skip", ...more });
  const drawn = (quantity, color, fillcolor, yaxis) => [
    row(quantity, "high_kw", { line: { width: 0, shape: "hv" }, showlegend: false, yaxis }),
    row(quantity, "low_kw", { line: { width: 0, shape: "hv" }, fill: "tonexty", fillcolor, name: `${NAMES[quantity]}, band`, yaxis }),
    row(quantity, "measured_kw", { line: { color, shape: "hv" }, name: `${NAMES[quantity]}, measured`, hoverinfo: "x+y+name", yaxis }),
  ];
  Plotly.react("ahead-chart", [
    ...drawn("load", COLOUR.load, "rgba(51,65,85,.2)", "y"), ...drawn("pv", "#a16207", "rgba(234,179,8,.3)", "y2"),
  ], { margin: { l: 55, r: 20, t: 10, b: 30 }, legend: { orientation: "h", y: -0.15 }, xaxis: { type: "date", anchor: "y2" },
    yaxis: { title: { text: "load [kW]" }, domain: [0.54, 1], rangemode: "tozero" }, yaxis2: { title: { text: "PV [kW]" }, domain: [0, 0.46], rangemode: "tozero" } }, CHART);
}

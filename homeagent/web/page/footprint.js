"use strict";

const UNKNOWN = "not known";

const LEAST = 0.0001;

// What the agent takes is small: two figures, and no more noughts than people read.
function small(value) {
  if (value === null) return UNKNOWN;
  return Math.abs(value) >= LEAST || value === 0 ? String(Number(value.toPrecision(2))) : `less than ${LEAST}`;
}

function ranged(used, name, unit) {
  if (used[name] === null) return UNKNOWN;
  if (used[`${name}_high`] !== null && Math.abs(used[`${name}_high`]) < LEAST) return `less than ${LEAST} ${unit}`;
  return `${small(used[name])} ${unit} (${small(used[`${name}_low`])} to ${small(used[`${name}_high`])})`;
}

function partOf(share) {
  return share === null ? UNKNOWN : `${small(100 * share)} %`;
}

function asleep(share) {
  return share === null ? UNKNOWN : `${(100 * share).toFixed(share > 0.99 ? 2 : 0)} %`;
}

function showFootprint(footprint) {
  const { days, total, machine, currency } = footprint;
  const today = days.at(-1);
  text("footprint", `The agent itself, since ${clock(footprint.since, { day: "numeric", month: "long", hour: "2-digit", minute: "2-digit" })}: ` +
    `${footprint.thinks} thinks, ${footprint.looks} looks, ${footprint.peak_memory_mb.toFixed(0)} MB of memory at most.`);
  element("footprint-table").hidden = !today;
  if (!today) return text("footprint-today", "Nothing is added up yet.");
  text("footprint-today", `Today: ${today.thinks} thinks, asleep ${asleep(today.asleep_share)} of the time, ` +
    `${ranged(today, "energy_wh", "Wh")}, CO2 ${ranged(today, "carbon_g", "g")}; of what was saved it took ${partOf(today.share_of_saving)}.`);
  const seconds = (used) => Object.entries(used.cpu_seconds).filter(([, s]) => s >= 0.01)
    .sort(([, a], [, b]) => b - a).map(([part, s]) => `${part} ${s.toFixed(2)}`).join(", ");
  const sum = (used) => Object.values(used.cpu_seconds).reduce((a, b) => a + b, 0).toFixed(1);
  const rows = [
    ["thinks, looks, decisions", (used) => `${used.thinks}, ${used.looks}, ${used.decisions}`],
    ["asleep", (used) => asleep(used.asleep_share)],
    ["CPU seconds", (used) => `${sum(used)}: ${seconds(used)}`],
    ["energy", (used) => ranged(used, "energy_wh", "Wh")],
    ["cost, taken from the saving", (used) => ranged(used, "cost", currency)],
    ["carbon", (used) => ranged(used, "carbon_g", "g")],
    ["of the saving", (used) => partOf(used.share_of_saving)],
    ["wakeups", (used) => String(used.wakeups)],
    ["written to disk", (used) => used.written_mb === null ? UNKNOWN : `${used.written_mb.toFixed(1)} MB`],
    ["memory at most", (used) => `${used.peak_memory_mb.toFixed(0)} MB`],
  ];
  element("footprint-rows").replaceChildren(...rows.map(([name, tell]) => {
    const row = document.createElement("tr");
    for (const value of [name, tell(today), tell(total)]) {
      const cell = document.createElement("td");
      cell.textContent = value;
      row.append(cell);
    }
    return row;
  }));
  text("footprint-source", `Energy is told by ${machine.energy_from}, ${machine.method}. Machine: ${machine.kind}` +
    `${machine.told ? ` (${machine.told})` : ""}, ${ranged(machine, "busy_core_w", "W")} for a busy core, ${machine.source}.`);
}

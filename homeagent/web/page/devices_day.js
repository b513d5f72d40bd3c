"use strict";

// What each device did on a day and is planned to do, under the price, on one axis of time. The report draws it too.
const DEVICE_DAY = { price: "#7c3aed", level: "#b45309", ran: "#0f766e", planned: "rgba(15,118,110,.35)" };
const DEVICE_ROW_PX = 88, PRICE_ROW_PX = 110, DEVICE_GAP = 0.26;

function reasonAt(device, at) {
  return device.reasons.find((reason) => Date.parse(reason.from) <= at && at < Date.parse(reason.until)) ?? null;
}

function reasonWords(reason, currency) {
  if (reason === null) return "";
  const costs = reason.runner_up_costs === null || reason.runner_up_costs < 0.005 ? "about the same" : `+${reason.runner_up_costs.toFixed(2)} ${currency}`;
  return reason.why + (reason.runner_up === null ? "" : `. Next best: ${reason.runner_up}, ${costs}`);
}

function deviceRow(device, k, picture, x, clocks) {
  const wrap = (words) => words.replace(/(.{38,}?) /g, "$1<br>"), start = Date.parse(picture.start), step = device.step_minutes * 60000;
  const unit = device.level_unit, axis = 2 * k + 2;
  const hint = device.power_kw.map((kw, n) => {
    const level = device.level[n] === null || unit === "" ? "" : `, ${device.level[n].toFixed(1)} ${unit}`;
    const power = kw === null ? "not measured" : `${kw.toFixed(1)} kW`;
    return `<b>${device.name} ${clocks[n]}</b> ${device.planned[n] ? "as planned " : ""}${power}${level}<br>${wrap(reasonWords(reasonAt(device, start + (n + 0.5) * step), picture.currency))}`;
  });
  const bars = (planned, color) => ({ type: "bar", x: x.map((hour) => hour + device.step_minutes / 120), y: device.power_kw.map((kw, n) => device.planned[n] === planned ? kw : null),
    width: device.step_minutes / 60, marker: { color, line: { width: 0 } }, yaxis: `y${axis}`, showlegend: false, hoverinfo: "skip" });
  const most = Math.max(0.1, ...device.power_kw.filter((kw) => kw !== null)), least = Math.min(0, ...device.power_kw.filter((kw) => kw !== null));
  const line = { type: "scatter", mode: "lines", x, y: device.level, yaxis: `y${axis + 1}`, line: { color: DEVICE_DAY.level, width: 1.5 }, showlegend: false, hoverinfo: "skip", connectgaps: false };
  // a bar over the whole height, unseen, so that a pointer anywhere in the row meets the reason
  const touch = { type: "bar", x: bars(true, "").x, base: least, y: x.map(() => most - least), width: device.step_minutes / 60, yaxis: `y${axis}`, showlegend: false,
    marker: { color: "rgba(0,0,0,0)" }, text: hint, textposition: "none", hovertemplate: "%{text}<extra></extra>" };
  return [touch, bars(false, DEVICE_DAY.ran), bars(true, DEVICE_DAY.planned), ...(unit === "" || device.level.every((level) => level === null) ? [] : [line])];
}

function drawDeviceDay(chart, picture) {
  const box = document.getElementById(chart), devices = picture.devices, count = devices.length;
  box.hidden = !count;
  if (!count) return null;
  const times = dayTimes(picture), hours = picture.count * picture.step_minutes / 60;
  const height = PRICE_ROW_PX + count * DEVICE_ROW_PX + 40, plot = height - 40;
  box.style.height = `${height}px`;
  const top = (k) => 1 - (PRICE_ROW_PX + k * DEVICE_ROW_PX) / plot, bottom = (k) => Math.max(top(k) - DEVICE_ROW_PX / plot, 0);
  const layout = { margin: { l: 40, r: 40, t: 8, b: 32 }, barmode: "overlay", bargap: 0, hovermode: "closest", font: { size: 11 }, showlegend: false, height,
    xaxis: { range: [0, hours], fixedrange: true, anchor: `y${2 * count}`, showgrid: false, zeroline: false, ...dayTicks(picture, times) },
    yaxis: { title: { text: `${picture.currency}/kWh`, font: { size: 11 } }, domain: [1 - PRICE_ROW_PX * (1 - DEVICE_GAP) / plot, 1], fixedrange: true, nticks: 4, rangemode: "tozero" },
    shapes: [], annotations: [], hoverlabel: { align: "left", font: { size: 11 } } };
  const traces = [{ type: "scatter", mode: "lines", x: Array.from({ length: picture.count + 1 }, (_, n) => n * picture.step_minutes / 60),
    y: [...picture.import_price_per_kwh, picture.import_price_per_kwh.at(-1)], line: { color: DEVICE_DAY.price, width: 2, shape: "hv" }, hovertemplate: `%{y:.3f} ${picture.currency}/kWh<extra></extra>` }];
  devices.forEach((device, k) => {
    const x = device.power_kw.map((_, n) => n * device.step_minutes / 60), axis = 2 * k + 2, domain = [bottom(k), top(k) - DEVICE_GAP * DEVICE_ROW_PX / plot];
    traces.push(...deviceRow(device, k, picture, x, x.map(times.clock)));
    const known = device.power_kw.filter((kw) => kw !== null), most = Math.max(0.1, ...known), least = Math.min(0, ...known);
    layout[`yaxis${axis}`] = { domain, fixedrange: true, range: [least, most * 1.02], nticks: 3, zeroline: true, showticklabels: most > 0.1 || least < 0 };
    layout[`yaxis${axis + 1}`] = { domain, overlaying: `y${axis}`, side: "right", fixedrange: true, showgrid: false, zeroline: false, nticks: 3, tickformat: ".1f", tickfont: { color: DEVICE_DAY.level } };
    layout.annotations.push({ text: `<b>${device.name}</b> kW` + (device.level_unit ? `, <span style="color:${DEVICE_DAY.level}">${device.level_unit}</span>` : ""), xref: "paper", yref: "paper",
      x: 0, y: domain[1], xanchor: "left", yanchor: "bottom", showarrow: false, font: { size: 11 } });
  });
  if (!picture.over) {
    const now = times.hour(picture.until);
    layout.shapes.push({ type: "line", x0: now, x1: now, yref: "paper", y0: 0, y1: 1, line: { color: "#64748b", width: 1, dash: "dot" } });
  }
  return Plotly.react(chart, traces, layout, { displayModeBar: false, responsive: true });
}

// The same as text: for a screen reader, for a keyboard, and for whoever would rather read.
function showDeviceWords(list, picture) {
  const { clock } = dayTimes(picture), first = Date.parse(picture.start), at = (stamp) => clock((Date.parse(stamp) - first) / 3600000);
  const open = new Set([...list.querySelectorAll("details[open]")].map((details) => details.dataset.device));
  list.replaceChildren(...picture.devices.map((device) => {
    const details = document.createElement("details"), summary = document.createElement("summary"), items = document.createElement("ol");
    details.dataset.device = device.name;
    details.open = open.has(device.name);
    summary.textContent = `${device.name}: ${device.reasons.length ? `${device.reasons.length} ${device.reasons.length === 1 ? "reason" : "reasons"}` : "nothing was decided"}`;
    items.className = "stretches";
    items.append(...device.reasons.map((reason) => Object.assign(document.createElement("li"), { textContent: `${at(reason.from)} to ${at(reason.until)}: ${reasonWords(reason, picture.currency)}.` })));
    details.append(summary, items);
    return details;
  }));
}

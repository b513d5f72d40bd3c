"use strict";

// A day of the agent: sleep, looks and thinks above the net load, what was stored, and the price. The report draws it too.
const DAY = { think: "#1e3a5f", sleep: "#cbd5e1", look: "#0f766e", net: "#334155", band: "rgba(51,65,85,.16)", soc: "#0f766e", price: "#7c3aed" };
const DAY_ROWS = { thinks: [0.9, 1], looks: [0.83, 0.88], net: [0.5, 0.79], soc: [0.27, 0.46], price: [0, 0.23] };

function dayTimes(picture) {
  const first = Date.parse(picture.start);
  return { hour: (stamp) => (Date.parse(stamp) - first) / 3600000,
    clock: (hour) => new Date(first + hour * 3600000).toLocaleTimeString("en-GB", { timeZone: picture.timezone, hour: "2-digit", minute: "2-digit" }) };
}

// Hours on the axis are hours that passed, so that a day of 23 or 25 of them is drawn right; its labels are the wall clock's.
function dayTicks(picture, { clock }) {
  const hours = Array.from({ length: Math.round(picture.count * picture.step_minutes / 60) + 1 }, (_, k) => k);
  const shown = hours.filter((hour) => Number(clock(hour).slice(0, 2)) % 3 === 0);
  return { tickvals: shown, ticktext: shown.map(clock) };
}

function dayThinks(picture, { hour }, size) {
  const begun = hour(picture.begun), until = hour(picture.until), marks = picture.thinks.map((think) => hour(think.at));
  const edges = [begun, ...marks, until];
  const naps = edges.slice(1).map((end, k) => ({ at: (edges[k] + end) / 2, hours: end - edges[k] })).filter((nap) => nap.hours > 0.02);
  const long = (hours) => hours < 1 ? `${Math.round(60 * hours)} min` : `${Math.floor(hours)} h ${Math.round(60 * (hours % 1)) % 60} min`;
  const wrap = (words) => words.replace(/(.{45,}?) /g, "$1<br>");
  const of = (depth, name, marker) => {
    const some = picture.thinks.map((think, k) => ({ ...think, x: marks[k] })).filter((think) => think.depth === depth);
    return { x: some.map((think) => think.x), y: some.map(() => 0), name, mode: "markers", yaxis: "y", showlegend: some.length > 0,
      cliponaxis: false,
      marker: { color: DAY.think, size, line: { color: DAY.think, width: 2 }, ...marker }, text: some.map((think) => wrap(think.words)),
      hovertemplate: "%{text}<extra></extra>" };
  };
  return [
    { x: [begun, until], y: [0, 0], mode: "lines", name: "asleep", line: { color: DAY.sleep, width: 9 }, hoverinfo: "skip", yaxis: "y" },
    { x: naps.map((nap) => nap.at), y: naps.map(() => 0), mode: "markers", marker: { size: 9, opacity: 0 }, showlegend: false, yaxis: "y",
      text: naps.map((nap) => `asleep for ${long(nap.hours)}`), hovertemplate: "%{text}<extra></extra>" },
    of("floor", "think, recent days alone", { symbol: "circle", color: "#fff" }),
    of("full", "think, with the students", { symbol: "diamond" }),
  ];
}

function dayLooks(picture, { clock }) {
  if (!picture.looks.some((count) => count !== null)) return [];
  const step = picture.looks_step_minutes / 60, x = picture.looks.map((_, k) => (k + 0.5) * step);
  return [{ type: "heatmap", x, y: [0], z: [picture.looks], zmin: 0, zmax: Math.max(1, ...picture.looks), colorscale: [[0, "#f1f5f9"], [1, "#5eead4"]], showscale: false, yaxis: "y5",
    text: [picture.looks.map((_, k) => `${clock(k * step)} to ${clock((k + 1) * step)}`)], hovertemplate: "%{text}: %{z} looks<extra></extra>" }];
}

function drawDay(chart, picture) {
  const times = dayTimes(picture), step = picture.step_minutes / 60;
  const x = Array.from({ length: picture.count + 1 }, (_, k) => k * step), at = x.map(times.clock);
  const stairs = (values) => [...values, values.at(-1)];
  const line = (name, values, yaxis, unit, more = {}) => ({ x, y: stairs(values), name, mode: "lines", yaxis, text: at,
    hovertemplate: `%{text} ${name}: %{y:.2f} ${unit}<extra></extra>`, ...more });
  const hair = picture.thinks.map((think) => ({ type: "line", x0: times.hour(think.at), x1: times.hour(think.at), yref: "paper", y0: 0, y1: 0.95,
    line: { color: "rgba(30,58,95,.13)", width: 1 }, layer: "below" }));
  const title = (words) => ({ text: words, font: { size: 12 } });
  const bare = { fixedrange: true, showgrid: false, zeroline: false, showticklabels: false, ticks: "", range: [-1, 1] };
  const row = (unit, domain) => ({ title: title(unit), domain, fixedrange: true, rangemode: "tozero", nticks: 5 });
  return Plotly.react(chart, [
    ...dayThinks(picture, times, document.getElementById(chart).clientWidth < 600 ? 6 : 10), ...dayLooks(picture, times),
    line("high", picture.net_expected_high_kw, "y2", "kW", { line: { width: 0, shape: "hv" }, hoverinfo: "skip", hovertemplate: null, showlegend: false }),
    line("expected, 8 of 10", picture.net_expected_low_kw, "y2", "kW", { line: { width: 0, shape: "hv" }, fill: "tonexty", fillcolor: DAY.band, hoverinfo: "skip", hovertemplate: null }),
    line("net load (load less PV)", picture.net_kw, "y2", "kW", { line: { color: DAY.net, width: 1.5, shape: "hv" } }),
    line("stored", picture.soc_kwh, "y3", "kWh", { line: { color: DAY.soc, width: 2 } }),
    line("import price", picture.import_price_per_kwh, "y4", `${picture.currency}/kWh`, { line: { color: DAY.price, width: 2, shape: "hv" },
      hovertemplate: `%{text} import: %{y:.3f} ${picture.currency}/kWh<extra></extra>` }),
  ], {
    margin: { l: 52, r: 14, t: 8, b: 30 }, hovermode: "closest", legend: { orientation: "h", y: -0.07 }, shapes: hair, font: { size: 12 },
    xaxis: { range: [0, picture.count * step], fixedrange: true, anchor: "y4", showgrid: false, zeroline: false, ...dayTicks(picture, times) },
    yaxis: { ...bare, domain: DAY_ROWS.thinks }, yaxis5: { ...bare, range: [-0.5, 0.5], domain: DAY_ROWS.looks },
    yaxis2: row("kW", DAY_ROWS.net), yaxis3: { ...row("kWh", DAY_ROWS.soc), range: [0, picture.capacity_kwh * 1.04] },
    yaxis4: row(`${picture.currency}/kWh`, DAY_ROWS.price),
    annotations: [["thinks", 0.95], ["looks", 0.855]].map(([words, y]) => ({ text: words, xref: "paper", yref: "paper", x: -0.005, y, xanchor: "right", yanchor: "middle", showarrow: false, font: { size: 12 } })),
  }, { displayModeBar: false, responsive: true });
}

function showDayWords(list, picture) {
  list.replaceChildren(...picture.thinks.toReversed().map((think) => {
    const item = document.createElement("li");
    item.textContent = think.words;
    return item;
  }));
}

// Days that can be chosen, the newest first; what was chosen stays chosen while the list grows.
function offerDays(select, days) {
  if (select.options.length === days.length && select.options[0]?.value === days[0]) return;
  const chosen = select.selectedIndex > 0 ? select.value : days[0];
  select.replaceChildren(...days.map((day) => new Option(new Date(`${day}T12:00Z`).toLocaleDateString("en-GB",
    { timeZone: "UTC", weekday: "long", day: "numeric", month: "long" }), day)));
  select.value = days.includes(chosen) ? chosen : days[0];
}

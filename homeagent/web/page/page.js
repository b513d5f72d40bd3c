"use strict";

const COLOUR = { load: "#334155", pv: "#eab308", battery: "#0f766e", grid: "#dc2626", price: "#7c3aed",
  rule: "#94a3b8", none: "#cbd5e1" };
const MODES = { observe: "observes only", advise: "advises, commands nothing", control: "in control" };
const STANCES = { charge: "charge from the grid", follow: "cover the home, store surplus", hold: "hold what is stored",
  discharge: "sell to the grid", reserve: "keep what is stored, take surplus" };
const STANDINGS = { idle: "in its safe state", driving: "steered", yielded: "left to you", contested: "left to something else",
  degraded: "does not obey" };
const CHART = { displayModeBar: false, responsive: true };
const LEAST_MS_BETWEEN_LOADS = 2000, LEAST_MS_BETWEEN_DAYS = 30000;
let zone = "UTC", observing = false;

const element = (id) => document.getElementById(id);
const text = (id, value) => { element(id).textContent = value; };
const kw = (value) => value === null ? "unknown" : `${Math.abs(value).toFixed(2)} kW`;

async function get(path) {
  const answer = await fetch(`/api/v1/${path}`);
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
  return answer.json();
}

function clock(stamp, options) {
  return new Date(stamp).toLocaleString("en-GB", { timeZone: zone, ...options });
}

// Plotly draws a time as it stands, so it is given the home's wall time.
function wall(date) {
  return new Date(date).toLocaleString("sv-SE", { timeZone: zone });
}

function starts(grid, extra = 0) {
  const first = Date.parse(grid.start);
  return Array.from({ length: grid.count + extra }, (_, k) => wall(first + k * grid.step_minutes * 60000));
}

function showState(state) {
  zone = state.timezone;
  observing = state.mode === "observe";
  text("clock", clock(state.at, { weekday: "long", day: "numeric", month: "long", hour: "2-digit", minute: "2-digit" }));
  text("mode", MODES[state.mode]);
  text("notice", state.notice ?? "");
  text("soc", state.soc_kwh === null ? "unknown" : `${state.soc_kwh.toFixed(1)} kWh`);
  element("soc-bar").style.width = `${100 * (state.soc_kwh ?? 0) / state.capacity_kwh}%`;
  text("load", kw(state.load_kw));
  text("pv", kw(state.pv_kw));
  text("battery", kw(state.battery_kw));
  text("battery-way", state.battery_kw > 0.01 ? "battery gives" : state.battery_kw < -0.01 ? "battery takes" : "battery rests");
  text("grid", kw(state.grid_kw));
  text("grid-way", state.grid_kw < 0 ? "sold to the grid" : "from the grid");
  text("price", state.import_price_per_kwh === null ? "unknown" : state.import_price_per_kwh.toFixed(3));
  text("price-what", `${state.currency} to import a kWh`);
  text("stance", state.stance === null ? "nothing decided yet" : STANCES[state.stance]);
  text("why", state.why ?? "");
}

function showPlan(plan, forecast) {
  if (!plan.outcome) {
    text("plan-text", observing ? "In mode observe nothing is planned." : "There is no plan yet.");
    return;
  }
  const edges = starts(plan, 1);
  const fallback = plan.outcome === "fallback" ? " It is the inverter's own rule: " + plan.unmet.join("; ") : "";
  const days = plan.price_estimated_from_days;
  const estimates = !plan.price_estimated.includes(true) ? "" : " Prices beyond what is published are estimated from " +
    `${days === 1 ? "one day" : `${days} days`} and dotted; the range drawn is meant to hold eight times of ten.`;
  text("plan-text", `Made at ${clock(plan.issued_at, { hour: "2-digit", minute: "2-digit" })} for ${plan.count} slots of ` +
    `${plan.step_minutes} minutes.${fallback}${estimates}`);
  const known = plan.import_price_per_kwh.map((price, k) => plan.price_estimated[k] ? null : price);
  const guessed = plan.import_price_per_kwh.map((price, k) => plan.price_estimated[k] || plan.price_estimated[k + 1] ? price : null);
  const step = (name, y, color, more = {}) =>
    ({ x: edges, y: [...y, y.at(-1)], name, mode: "lines", line: { color, shape: "hv", ...more } });
  const from = plan.price_estimated.indexOf(true);
  const range = (name, y, more) => ({ ...step(name, y, COLOUR.price, { width: 0 }), ...more, yaxis: "y3",
    x: edges.slice(from), y: [...y, y.at(-1)].slice(from) });
  const soc = (y, name, line, more = {}) => ({ x: edges, y, name, mode: "lines", line, yaxis: "y2", ...more });
  Plotly.react("plan-chart", [
    step("load expected", forecast.load.mean_kw, COLOUR.load),
    step("PV expected", forecast.pv.mean_kw, COLOUR.pv),
    step("battery, + giving", plan.battery_kw, COLOUR.battery),
    step("grid, + importing", plan.grid_kw, COLOUR.grid),
    soc(plan.soc_high_kwh, "high", { width: 0 }, { showlegend: false, hoverinfo: "skip" }),
    soc(plan.soc_low_kwh, "likely range", { width: 0 }, { fill: "tonexty", fillcolor: "rgba(15,118,110,.15)" }),
    soc(plan.soc_kwh, "stored", { color: COLOUR.battery, dash: "dot" }),
    ...(plan.price_estimated.includes(true) ? [
      range("high", plan.import_price_high_per_kwh, { showlegend: false, hoverinfo: "skip" }),
      range("estimated range", plan.import_price_low_per_kwh, { fill: "tonexty", fillcolor: "rgba(124,58,237,.15)" }),
    ] : []),
    { ...step("import price", known, COLOUR.price), yaxis: "y3" },
    { ...step("estimated", guessed, COLOUR.price, { dash: "dot" }), yaxis: "y3", showlegend: false },
  ], {
    margin: { l: 55, r: 20, t: 10, b: 30 }, legend: { orientation: "h", y: -0.12 }, hovermode: "x unified",
    yaxis: { title: { text: "kW" }, domain: [0.58, 1] }, yaxis2: { title: { text: "kWh" }, domain: [0.3, 0.54], rangemode: "tozero" },
    yaxis3: { title: { text: "per kWh" }, domain: [0, 0.26] }, xaxis: { type: "date", anchor: "y3" },
  }, CHART);
}

function showSavings(savings) {
  const { total, currency, days } = savings;
  text("saved", `${total.saved_against_none.toFixed(2)} ${currency}`);
  text("saved-what", "saved against no battery, modelled");
  text("savings-text", `Saved ${total.saved_against_none.toFixed(2)} ${currency} against a home without battery, ` +
    `${total.saved_against_rule.toFixed(2)} ${currency} against the inverter's own rule, over ${days.length} days. ` +
    `${savings.method[0].toUpperCase()}${savings.method.slice(1)}: ${ranged(total, "own_cost", currency)}.`);
  const bar = (key, name, color) => ({ type: "bar", x: days.map((day) => day.day), y: days.map((day) => day[key]), name, marker: { color } });
  Plotly.react("savings-chart", [
    bar("cost_without_battery", "without battery", COLOUR.none), bar("cost_rule", "the inverter's own rule", COLOUR.rule),
    bar("cost", "homeagent", COLOUR.battery),
  ], { margin: { l: 55, r: 20, t: 10, b: 30 }, barmode: "group", legend: { orientation: "h", y: -0.15 },
    yaxis: { title: { text: `cost [${currency}]` } }, xaxis: { type: "category" } }, CHART);
}

function showDecisions(decisions) {
  element("decisions").replaceChildren(...decisions.map((decision) => {
    const row = document.createElement("tr");
    const next = decision.runner_up === null ? "" : `${decision.runner_up}, costs ${decision.runner_up_costs.toFixed(3)} more`;
    const sent = decision.result_reason ?? decision.result;
    for (const value of [clock(decision.at, { weekday: "short", hour: "2-digit", minute: "2-digit" }), decision.stance, decision.why, next, sent]) {
      const cell = document.createElement("td");
      cell.textContent = value;
      row.append(cell);
    }
    return row;
  }));
}

const DAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const SYMBOLS = { wake: "triangle-up", leave: "triangle-right", return: "triangle-left", sleep: "triangle-down" };

function usualTimes(times) {
  const rows = DAYS.map((day, k) => [day, times[k < 5 ? "workday" : "day off"]]);
  return Object.entries(SYMBOLS).map(([moment, symbol]) => {
    const seen = rows.filter(([, kind]) => kind[moment].hour !== null);
    return { type: "scatter", mode: "markers", name: moment, x: seen.map(([, kind]) => kind[moment].hour % 24),
      y: seen.map(([day]) => day), marker: { symbol, size: 12, color: "#fff", line: { color: COLOUR.load, width: 2 } },
      hovertemplate: `${moment} %{y}<extra></extra>` };
  }).filter((trace) => trace.x.length);
}

function showHabits(habits) {
  element("habits").replaceChildren(...habits.sentences.map((sentence) => {
    const item = document.createElement("li");
    item.textContent = sentence;
    return item;
  }));
  const slots = habits.typical_kw[0].length;
  const hours = Array.from({ length: slots }, (_, k) => (k + 0.5) * 24 / slots);
  Plotly.react("habits-chart", [
    { type: "heatmap", x: hours, y: DAYS, z: habits.typical_kw, zmin: 0, colorscale: [[0, "#f8fafc"], [0.5, "#5eead4"], [1, "#134e4a"]],
      colorbar: { title: { text: "kW" }, thickness: 12 }, hovertemplate: "%{y} %{x:.1f} h: %{z:.2f} kW<extra></extra>", xgap: 1, ygap: 1 },
    ...usualTimes(habits.times),
  ], { margin: { l: 45, r: 10, t: 10, b: 70 }, legend: { orientation: "h", y: -0.32 },
    xaxis: { title: { text: "local hour" }, range: [0, 24], dtick: 3 }, yaxis: { autorange: "reversed", type: "category" } }, CHART);
}

function showExpected({ loads, expected }) {
  element("expected").replaceChildren(...expected.map((sentence, k) => {
    const item = document.createElement("li");
    item.textContent = sentence;
    if (k < loads.length) item.append(cancelButton(loads[k].name));
    return item;
  }));
  if (!expected.length) element("expected").append(Object.assign(document.createElement("li"), { textContent: "Nothing is announced." }));
}

const OWN = { "X-Homeagent": "page" };

function cancelButton(name) {
  const button = document.createElement("button");
  button.textContent = "cancel";
  button.onclick = async () => {
    await fetch(`/api/v1/announced_loads/${encodeURIComponent(name)}`, { method: "DELETE", headers: OWN });
    showExpected(await get("announced_loads"));
  };
  return button;
}

async function announce(event) {
  event.preventDefault();
  const { energy_kwh, start, over_minutes, name } = Object.fromEntries(new FormData(event.target));
  const body = { energy_kwh: Number(energy_kwh), over_minutes: Number(over_minutes), start, name };
  const answer = await fetch("/api/v1/announced_loads", { method: "POST", headers: OWN, body: JSON.stringify(body) });
  const told = await answer.json();
  text("announce-said", answer.ok ? "It is planned with in a moment." : told.error);
  if (answer.ok) showExpected(told);
}

function showMachine(machine) {
  element("machine").hidden = machine === null;
  if (machine !== null) text("machine", `The machine: ${machine.told}.`);
}

function showDevices({ link, devices, history_share: share }) {
  element("home-assistant").hidden = link === null;
  if (link === null) return;
  const taken = share < 1 ? ` Its history is being taken over: ${Math.floor(100 * share)} %.` : " Its history is taken over.";
  text("link", link.up ? `Connected to Home Assistant ${link.home_assistant}.${taken}` : `Not connected: ${link.problem}.`);
  element("devices").replaceChildren(...devices.map((device) => {
    const row = document.createElement("tr");
    const until = device.until === null ? "" : `, until ${clock(device.until, { weekday: "short", hour: "2-digit", minute: "2-digit" })}`;
    for (const value of [device.name, `${STANDINGS[device.standing]}${until}`, device.why ?? "", device.writes_left_today]) {
      const cell = document.createElement("td");
      cell.textContent = value;
      row.append(cell);
    }
    const last = document.createElement("td");
    if (device.why !== null) last.append(resumeButton(device.name));
    row.append(last);
    return row;
  }));
}

function resumeButton(name) {
  const button = document.createElement("button");
  button.textContent = "resume";
  button.title = `steer ${name} again`;
  button.onclick = async () => {
    button.disabled = true;
    await fetch(`/api/v1/devices/${name}/resume`, { method: "POST", headers: OWN });
    loadedAt = 0;
    await load();
  };
  return button;
}

function trouble(message) {
  element("trouble").hidden = !message;
  text("trouble", message ?? "");
}

let loading = false, loadedAt = 0, habitsOf = null;
async function load() {
  if (loading || Date.now() - loadedAt < LEAST_MS_BETWEEN_LOADS) return;
  loading = true;
  loadedAt = Date.now();
  try {
    const [plan, forecast, savings, decisions, footprint, health, models, expected, anomalies, devices, satisfaction] = await Promise.all(
      ["plan", "forecast", "savings", "decisions?limit=12", "footprint", "health", "models", "announced_loads", "anomalies", "devices", "satisfaction"].map(get));
    showExpected(expected);
    showAnomalies(anomalies);
    showDevicePlans(devices);
    showSatisfaction(satisfaction);
    showPlan(plan, forecast);
    showSavings(savings);
    showDecisions(decisions.decisions);
    showFootprint(footprint);
    await loadDay(footprint.thinks);
    showLearned(models);
    showAhead(forecast);
    showDevices(health);
    showMachine(health.machine);
    trouble(health.degraded.join("; "));
    const today = element("clock").textContent.split(" at ")[0];
    if (today !== habitsOf) {
      showHabits(await get("habits"));
      habitsOf = today;
    }
  } catch (error) {
    trouble(`The agent does not answer (${error.message}). It is tried again.`);
  } finally {
    loading = false;
  }
}

let dayAt = 0, dayThought = null, dayDrawn = null;
async function loadDay(thinks = dayThought) {
  if (thinks === dayThought && Date.now() - dayAt < LEAST_MS_BETWEEN_DAYS) return;
  [dayAt, dayThought] = [Date.now(), thinks];
  const select = element("day"), old = select.selectedIndex > 0 ? `?day=${select.value}` : "";
  const picture = await get(`thinks${old}`);
  offerDays(select, picture.days);
  if (picture.over && picture.day === dayDrawn) return; // nothing of it changes any more, and a hint may stand open
  dayDrawn = picture.over ? picture.day : null;
  text("day-text", picture.sentence);
  showDayWords(element("day-thinks"), picture);
  await drawDay("day-chart", picture);
  showDeviceWords(element("devices-day-words"), picture);
  await drawDeviceDay("devices-day-chart", picture);
}

async function start() {
  element("announce").onsubmit = announce;
  element("day").onchange = () => { dayAt = 0; loadDay(); };
  try { showState(await get("state")); } catch (error) { trouble(`The agent does not answer (${error.message}).`); }
  await load();
  const events = new EventSource("/api/v1/events");
  events.addEventListener("state", (event) => { showState(JSON.parse(event.data)); load(); });
  events.onerror = () => trouble("The agent does not answer. It is tried again.");
}

start();

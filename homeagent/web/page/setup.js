"use strict";

const STEPS = [["connect", "Connect"], ["found", "Found"], ["questions", "Questions"], ["tariff", "Price"],
  ["write", "Write"], ["try", "Try"], ["run", "Start"]];
const SVG = "http://www.w3.org/2000/svg";
let current = "connect";

const element = (id) => document.getElementById(id);
const text = (id, value) => { element(id).textContent = value; };

function make(kind, content, more = {}) {
  const made = Object.assign(document.createElement(kind), more);
  if (content !== undefined) made.append(...[content].flat());
  return made;
}

function trouble(message) {
  element("trouble").hidden = !message;
  text("trouble", message ?? "");
  if (message) element("trouble").scrollIntoView({ block: "nearest" });
}

// Do one act at a time; the answer is the new state, or says what to mend.
async function act(name, body = {}) {
  if (document.body.ariaBusy === "true") return false;
  document.body.ariaBusy = "true";
  trouble();
  try {
    const answer = await fetch(`/api/v1/setup/${name}`, { method: "POST", body: JSON.stringify(body),
      headers: { "X-Homeagent": "page", "Content-Type": "application/json" } });
    const state = await answer.json();
    if (!answer.ok) trouble(state.error);
    else show(state);
    return answer.ok;
  } catch (error) {
    trouble(`The set-up does not answer (${error.message}). Does homeagent setup still run?`);
    return false;
  } finally {
    document.body.ariaBusy = "false";
  }
}

function reach(step) {
  current = step;
  const reached = STEPS.findIndex(([name]) => name === step);
  element("steps").replaceChildren(...STEPS.map(([name, title], index) => {
    const item = make("li", title, { className: index < reached ? "done" : "" });
    if (name === step) item.setAttribute("aria-current", "step");
    return item;
  }));
}

function show(state) {
  text("path", state.path);
  if (state.failed && !state.busy) trouble(state.failed);
  text("busy", state.busy ? `${state.busy[0].toUpperCase()}${state.busy.slice(1)} …` : "");
  const { home, written } = state;
  const done = written.length > 0;
  const { checked } = state;
  const visible = { connect: !done, found: home && !done, questions: home && !done, tariff: home && !done, write: home,
    try: checked, run: checked };
  for (const [name, shows] of Object.entries(visible)) element(`step-${name}`).hidden = !shows;
  if (home && anew("home", home)) showHome(home);
  if (home) showWrite(state);
  if (checked) showTrial(state);
  if (checked) current = state.devices.length ? "try" : "run";
  reach(home ? current : "connect");
  if (state.exists && !done) trouble(`${state.path} is there already and is not written over. End this and name another: homeagent setup --config other.yaml`);
}

// Whether a part of the page is to be drawn anew: what a person is typing into stays as long as it can.
const drawn = {};
function anew(part, content) {
  const before = drawn[part];
  drawn[part] = JSON.stringify(content);
  return before !== drawn[part];
}

function showHome(home) {
  text("found-of", `Home Assistant ${home.home_assistant} at ${home.url}`);
  const spoken = { found: "", warning: "Look: ", missing: "Not found: " };
  element("findings").replaceChildren(...home.findings.map((finding) => {
    const said = `${spoken[finding.kind]}${finding.text}`;
    const item = make("li", `${said[0].toUpperCase()}${said.slice(1)}`, { className: finding.kind });
    if (finding.remedy) item.append(make("small", finding.remedy));
    return item;
  }));
  element("correct").elements.key.replaceChildren(...home.keys.map((key) => make("option", key)));
  element("entities").replaceChildren(...home.entities.map((name) => make("option", undefined, { value: name })));
  if (anew("questions", home.questions)) element("question-fields").replaceChildren(...home.questions.map(questionField));
  element("take-answers").hidden = home.questions.length === 0;
  element("no-questions").hidden = home.questions.length > 0;
  if (anew("tariff", home.tariff)) showTariff(home.tariff);
  showPrices(home.prices);
}

function questionField(question) {
  const { key, kind, choices, unit, answer, suggestion, because } = question;
  const value = answer ?? suggestion ?? "";
  const spoken = (one) => one === true ? "yes" : one === false ? "no" : String(one);
  let input;
  if (kind === "choice" || kind === "yes_no") {
    input = make("select", (kind === "yes_no" ? ["yes", "no"] : choices).map((choice) =>
      make("option", choice, { value: choice, selected: choice === spoken(value) })), { name: key });
    if (value === "") input.prepend(make("option", "please choose", { value: "", selected: true }));
  } else {
    input = make("input", undefined, { name: key, value: spoken(value), inputMode: kind === "number" ? "decimal" : "text" });
  }
  const label = make("label", question.text);
  label.append(unit ? make("span", [input, unit], { className: "unit" }) : input);
  if (because) label.append(make("small", answer === null ? `suggested: ${because}` : "your answer"));
  return label;
}

function showTariff(tariff) {
  element("tariff").hidden = !tariff;
  if (!tariff) return;
  element("tariff-fields").replaceChildren(...tariff.fields.map((field) => {
    if (field.value === null) return make("p", `${field.text}: as the file has it`);
    const input = make("input", undefined, { name: field.key, value: field.value || "", inputMode: "decimal", placeholder: "0" });
    return make("label", [field.text, make("span", [input, field.unit], { className: "unit" })]);
  }));
  element("tariff").elements.spot_includes_vat.checked = tariff.spot_includes_vat;
}

function showPrices(prices) {
  const chart = element("price-chart");
  chart.hidden = !prices || prices.slots.length === 0;
  if (!prices) { text("price-text", "The price is shown once all questions are answered."); return; }
  const said = prices.problems.length ? `${prices.problems.join("; ")}. ` : "";
  if (prices.slots.length === 0) { text("price-text", `${said}No price is known yet.`); return; }
  const now = Date.now(), last = prices.slots.findLast((slot) => Date.parse(slot.start) <= now) ?? prices.slots[0];
  const money = (value) => `${value.toFixed(4)} ${prices.currency}`;
  const values = prices.slots.map((slot) => slot.import_per_kwh);
  const clock = (stamp) => new Date(stamp).toLocaleString("en-GB", { timeZone: prices.timezone, weekday: "short", hour: "2-digit", minute: "2-digit" });
  const cheapest = prices.slots[values.indexOf(Math.min(...values))], dearest = prices.slots[values.indexOf(Math.max(...values))];
  const range = cheapest.import_per_kwh === dearest.import_per_kwh ? "It is the same at all times." :
    `Of the prices known, the least is ${money(cheapest.import_per_kwh)} (${clock(cheapest.start)}), the most ${money(dearest.import_per_kwh)} (${clock(dearest.start)}).`;
  text("price-text", `${said}A kWh bought now costs ${money(last.import_per_kwh)}, one sold earns ${money(last.export_per_kwh)}. ${range}`);
  drawBars(chart, prices.slots, now, clock);
}

function drawBars(chart, slots, now, clock) {
  const width = 640, height = 100, values = slots.map((slot) => slot.import_per_kwh);
  const high = Math.max(...values, 0), low = Math.min(...values, 0), span = high - low || 1;
  const y = (value) => height * (high - value) / span;
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  svg.setAttribute("preserveAspectRatio", "none");
  const each = width / slots.length;
  slots.forEach((slot, index) => {
    const top = y(Math.max(slot.import_per_kwh, 0)), bottom = y(Math.min(slot.import_per_kwh, 0));
    const past = Date.parse(slots[index + 1]?.start ?? Infinity) <= now;
    const bar = document.createElementNS(SVG, "rect");
    const shape = { x: index * each, y: top, width: Math.max(each - 1, 0.5), height: Math.max(bottom - top, 0.5), class: past ? "past" : "" };
    for (const [name, value] of Object.entries(shape)) bar.setAttribute(name, value);
    svg.append(bar);
  });
  const marks = slots.filter((_, index) => index % Math.ceil(slots.length / 4) === 0);
  chart.replaceChildren(svg, make("div", marks.map((slot) => make("span", clock(slot.start))), { className: "marks" }));
}

function showWrite({ home, written, understood, checked, next }) {
  element("problems").replaceChildren(...home.problems.map((problem) => make("li", problem)));
  text("config", home.config);
  element("write").hidden = checked;
  element("write").textContent = written.length > 0 ? "Check it again" : "Write it";
  element("written").replaceChildren(...(written.length === 0 ? [] : [
    make("p", `Written: ${written.join(", ")}. What the agent understands of it:`),
    make("ul", understood.map((line) => make("li", line)))]));
  text("next", next);
}

function showTrial({ devices, test }) {
  element("no-devices").hidden = devices.length > 0;
  const running = test?.running ?? false;
  element("trial").replaceChildren(...(test ? trialReport(test) : []));
  if (!anew("devices", [devices, running, test?.device])) return;
  element("devices").replaceChildren(...devices.map((device) => {
    const button = running && test.device === device.name
      ? make("button", "Stop", { className: "stop", onclick: () => act("stop") })
      : make("button", "Try it", { onclick: () => act("test", { device: device.name }) });
    button.disabled = running && test.device !== device.name;
    button.setAttribute("aria-label", `${button.textContent}: ${device.name}`);
    const what = make("div", [make("b", device.name), ` ${device.what}`, make("small", device.announced.join(" "))]);
    return make("div", [what, button], { className: "device" });
  }));
}

function trialReport(test) {
  const parts = [make("p", `${test.device}: ${test.running ? test.doing : test.summary}`, test.running ? {} : { role: "status" })];
  if (test.running && test.progress) {
    parts.push(make("progress", undefined, { value: test.progress.seconds, max: test.progress.limit_seconds, ariaLabel: "Time of the trial" }));
  }
  parts.push(...test.warnings.map((warning) => make("p", `Look: ${warning}`)));
  if (test.verdicts.length) {
    const head = make("thead", make("tr", ["told", "result", "measured"].map((title) => make("th", title))));
    const rows = test.verdicts.map((one) => make("tr", [one.told, one.verdict, one.seen].map((cell) => make("td", cell))));
    parts.push(make("table", [head, make("tbody", rows)]));
  }
  if (test.numbers.length) {
    parts.push(make("pre", test.yaml), make("ul", test.numbers.map((one) => make("li", `${one.key}: ${one.because}`))));
    parts.push(test.kept ? make("p", "These numbers are in the file now.")
      : make("button", "Write these numbers into the file", { onclick: () => act("keep") }));
  }
  return parts;
}

function fields(form) {
  return Object.fromEntries([...form.elements].filter((input) => input.name).map((input) =>
    [input.name, input.type === "checkbox" ? (input.checked ? "yes" : "no") : input.value]));
}

// Do what a form asks, and go on to the next step.
async function submitted(event, name, next) {
  event.preventDefault();
  if (!await act(name, fields(event.target))) return;
  reach(next);
  element(`${name === "connect" ? "found" : next}-title`).focus();
}

async function start() {
  reach("connect");
  element("connect").onsubmit = async (event) => {
    await submitted(event, "connect", "questions");
    event.target.elements.token.value = "";
  };
  element("correct").onsubmit = async (event) => {
    event.preventDefault();
    const { key, value } = fields(event.target);
    if (await act("answer", { [key]: value })) event.target.elements.value.value = "";
  };
  element("questions").onsubmit = (event) => submitted(event, "answer", "tariff");
  element("tariff").onsubmit = (event) => submitted(event, "tariff", "write");
  element("write").onclick = async () => { if (await act("write")) element("try-title").focus(); };
  try { show(await (await fetch("/api/v1/setup")).json()); } catch { trouble("The set-up does not answer."); }
  const events = new EventSource("/api/v1/setup/events");
  events.addEventListener("state", (event) => show(JSON.parse(event.data)));
  events.onerror = () => text("busy", "The set-up does not answer; it is tried again");
}

start();

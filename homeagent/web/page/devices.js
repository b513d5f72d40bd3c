"use strict";

// Each device beside the battery: how it stands, what it does and why, what it does next, and what can be asked of it.
const MAY = { pause: "leave alone", boost: "now", not_tonight: "not tonight", ready_by: "ready by", target: "target" };
const CLOCK = { hour: "2-digit", minute: "2-digit" }, CLOCK_AND_DAY = { weekday: "short", ...CLOCK };
const KINDS = { car: "car", heat: "heating", tank: "hot water", appliance: "appliance", hours: "hours a day" };
let devicesDrawn = null;

const made = (tag, properties = {}, ...inside) => {
  const node = Object.assign(document.createElement(tag), properties);
  node.append(...inside.filter((part) => part !== null));
  return node;
};
const seen = (stamp, now) => clock(stamp, Math.abs(Date.parse(stamp) - Date.parse(now)) < 18 * 3600000 ? CLOCK : CLOCK_AND_DAY);

function stands(device) {
  const state = device.state;
  if (state === null) return "has not been heard of";
  if (state.stale !== null) return `not to be trusted: ${state.stale}`;
  const words = [];
  if (state.plugged !== null) words.push(state.plugged ? "plugged in" : "away");
  if (state.stored_kwh !== null) words.push(`${state.stored_kwh.toFixed(1)} kWh stored`);
  if (state.asked_kwh !== null) words.push(`asks for ${state.asked_kwh.toFixed(1)} kWh`);
  if (state.air_c !== null) words.push(`${state.air_c.toFixed(1)} °C in the room`);
  if (state.water_c !== null) words.push(`water at ${state.water_c.toFixed(0)} °C`);
  if (state.target_c !== null) words.push(`set to ${state.target_c.toFixed(1)} °C`);
  if (state.ready_to_run) words.push("waits to be started");
  if (state.power_kw !== null) words.push(state.power_kw > 0.01 ? `draws ${state.power_kw.toFixed(1)} kW` : state.power_kw < -0.01 ? `gives ${(-state.power_kw).toFixed(1)} kW` : "draws nothing");
  return words.join(", ") || "tells nothing of itself";
}

function nextBest(one, currency) {
  if (one.runner_up === null) return null;
  const costs = one.runner_up_costs < 0.005 ? "about the same" : `+${one.runner_up_costs.toFixed(2)} ${currency}`;
  return made("span", { className: "next-best", textContent: ` Next best: ${one.runner_up}, ${costs}.` });
}

function askedWords(device, now) {
  const asked = device.asked, words = [];
  if (asked.paused) words.push(asked.paused_until === null ? "left alone until you resume it" : `left alone until ${seen(asked.paused_until, now)}`);
  if (asked.boost_until !== null) words.push(`at full power until ${seen(asked.boost_until, now)}`);
  if (asked.not_before !== null) words.push(`nothing before ${seen(asked.not_before, now)}`);
  if (asked.ready_by !== null) words.push(`ready by ${seen(asked.ready_by, now)}`);
  if (asked.target !== null) words.push(`target ${device.kind === "car" ? `${Math.round(100 * asked.target)} %` : `${asked.target.toFixed(1)} °C`}` +
    (asked.target_until === null || asked.target_until === asked.ready_by ? "" : ` until ${seen(asked.target_until, now)}`));
  if (device.left_to_you !== null) words.push(`${device.left_to_you.why}`);
  return words;
}

async function askDevice(path, body, method = "POST") {
  const answer = await fetch(`/api/v1/${path}`, { method, headers: OWN, body: method === "POST" ? JSON.stringify(body) : undefined });
  const told = await answer.json();
  text("devices-said", answer.ok ? "Taken: it is planned with in a moment." : told.error);
  devicesDrawn = null;
  showDevicePlans(await get("devices"));
}

function askForm(device, kind) {
  const path = `devices/${encodeURIComponent(device.name)}/${kind}`;
  const inputs = {
    pause: [["for_minutes", "number", "120", "minutes", { min: 1, max: 86400 }]],
    boost: device.kind === "appliance" ? [] : [["for_minutes", "number", "60", "minutes", { min: 1, max: 86400 }]],
    not_tonight: [],
    ready_by: [["at", "time", "07:00", "", {}]],
    target: device.kind === "car" ? [["target_percent", "number", "80", "%", { min: 1, max: 100 }]]
      : [["target_c", "number", device.state?.target_c ?? (device.kind === "tank" ? "55" : "21"), "°C", { min: 5, max: 90, step: 0.5 }]],
  }[kind];
  const fields = inputs.map(([name, type, value, unit, limits]) =>
    made("label", {}, made("input", { name, type, value, required: true, ariaLabel: `${MAY[kind]} ${device.name}: ${unit || name}`, ...limits }), unit ? ` ${unit}` : ""));
  const form = made("form", { className: "ask" }, made("button", { textContent: MAY[kind], ariaLabel: `${device.name}: ${MAY[kind]}` }), ...fields);
  form.onsubmit = (event) => {
    event.preventDefault();
    const body = Object.fromEntries([...new FormData(form)].map(([name, value]) => [name, name === "at" ? value : Number(value)]));
    askDevice(path, body);
  };
  return form;
}

function thumbs(device) {
  if (device.decision === null) return null;
  const thumb = (up, sign, words) => made("button", { textContent: sign, title: words, ariaLabel: `${device.name}: ${words}`,
    ariaPressed: String(device.thumb === (up ? "up" : "down")), className: "thumb",
    onclick: () => askDevice(`decisions/${encodeURIComponent(device.decision)}/thumb`, { up }) });
  return made("span", { className: "thumbs" }, thumb(true, "right", "this was right for me"), thumb(false, "wrong", "this was wrong for me"));
}

function stretchItem(stretch, told) {
  return made("li", {}, made("b", { textContent: `${seen(stretch.from, told.at)} ` }), stretch.why + ".", nextBest(stretch, told.currency));
}

function deviceCard(device, told) {
  const asked = askedWords(device, told.at), held = device.left_to_you !== null || asked.length > 0;
  const resume = held ? made("button", { textContent: "resume", ariaLabel: `${device.name}: resume`, title: "take back what was asked",
    onclick: () => askDevice(`devices/${encodeURIComponent(device.name)}/resume`, {}) }) : null;
  const later = device.stretches.slice(1);
  return made("article", { className: "device" },
    made("h3", {}, device.name, made("small", { textContent: ` ${KINDS[device.kind]}` })),
    made("p", { textContent: stands(device) + "." }),
    device.why === null ? null : made("p", { className: "why" }, made("b", { textContent: "Now: " }), device.why + ".", nextBest(device, told.currency), thumbs(device)),
    device.problem === null ? null : made("p", { className: "problem", textContent: device.problem }),
    asked.length ? made("p", { className: "asked" }, made("b", { textContent: "You asked: " }), asked.join("; ") + ". ", resume) : null,
    ...(device.note === null ? [] : [made("p", { className: "note", textContent: device.note })]),
    ...(device.plan === null ? [] : device.plan.unmet.map((unmet) => made("p", { className: "problem", textContent: unmet }))),
    later.length ? made("details", { open: openDevices.has(device.name), ontoggle: (event) => openDevices[event.target.open ? "add" : "delete"](device.name) },
      made("summary", { textContent: `the next 24 hours` }), made("ol", { className: "stretches" }, ...later.map((one) => stretchItem(one, told)))) : null,
    made("details", {}, made("summary", { textContent: "ask something of it" }),
      made("div", { className: "asks" }, ...device.may.map((kind) => askForm(device, kind)))));
}

const openDevices = new Set();

function showVacation(told) {
  const vacation = told.vacation;
  element("vacation-said").textContent = vacation === null ? "" : `Away from ${clock(vacation.since, { ...CLOCK_AND_DAY, day: "numeric", month: "short" })} to ${clock(vacation.until, { ...CLOCK_AND_DAY, day: "numeric", month: "short" })}. `;
  element("vacation").hidden = vacation !== null;
  element("vacation-back").hidden = vacation === null;
}

function showDevicePlans(told) {
  element("device-part").hidden = told.devices.length === 0;
  const same = JSON.stringify({ ...told, at: null });
  const typing = element("device-list").contains(document.activeElement) && document.activeElement.tagName === "INPUT";
  if (told.devices.length === 0 || same === devicesDrawn || typing) return; // a field that somebody fills in stays
  devicesDrawn = same;
  showVacation(told);
  element("device-list").replaceChildren(...told.devices.map((device) => deviceCard(device, told)));
}

function listenToPeople() {
  element("vacation").onsubmit = (event) => {
    event.preventDefault();
    const { from, until } = Object.fromEntries(new FormData(event.target));
    askDevice("vacation", from ? { from, until } : { until });
  };
  element("vacation-back").onclick = () => askDevice("vacation", null, "DELETE");
}

listenToPeople();

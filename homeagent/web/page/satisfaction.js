"use strict";

// How content people can have been, day by day: 100 less points for each harm.
const HARMS = { cold: "too cold", hot: "too warm", departures: "departures missed", waits: "runs late", water: "cold hot water",
  overrides: "changed by hand", thumbs_down: "thumbs down", thumbs_up: "thumbs up" };
const HARM_COLOURS = { cold: "#2563eb", hot: "#dc2626", departures: "#7c3aed", waits: "#64748b", water: "#0891b2", overrides: "#d97706", thumbs_down: "#be123c" };
const measured = (day) => ({ cold: `${day.cold_kh.toFixed(1)} K·h`, hot: `${day.hot_kh.toFixed(1)} K·h`,
  departures: `${day.missed_departures} of ${day.departures}, ${day.short_kwh.toFixed(1)} kWh`, waits: `${day.late_hours.toFixed(1)} h`,
  water: `${day.cold_water_kwh.toFixed(1)} kWh`, overrides: `${day.overrides}`, thumbs_down: `${day.thumbs_down}`, thumbs_up: `${day.thumbs_up}` });

function takenOff(day) {
  const words = Object.entries(day.points).filter(([, points]) => Math.abs(points) >= 0.05)
    .map(([harm, points]) => `${HARMS[harm]} (${measured(day)[harm]}): ${points > 0 ? "−" : "+"}${Math.abs(points).toFixed(1)}`);
  return words.join("; ") || "nothing";
}

function showSatisfaction(told) {
  const days = told.days.filter((day) => day.score !== null);
  element("satisfaction-part").hidden = days.length === 0;
  if (!days.length) return;
  const day = (stamp) => new Date(`${stamp}T12:00Z`).toLocaleDateString("en-GB", { timeZone: "UTC", weekday: "short", day: "numeric", month: "short" });
  const sure = `${Math.round(100 * told.week.confidence)} % of it measured`;
  text("satisfied", told.week.score === null ? "…" : told.week.score.toFixed(0));
  text("satisfaction-text", `${told.week.score.toFixed(0)} of 100 over the last ${Math.min(7, told.days.length)} days, ${sure}; the worst was ${day(told.worst_day)}. ` +
    "A day has 100 points, less so many for each harm; 100 says that no harm was measured.");
  const shown = days.slice(-14), x = shown.map((one) => one.day);
  Plotly.react("satisfaction-chart", [
    { type: "bar", x, y: shown.map((one) => one.score), name: "satisfaction", marker: { color: COLOUR.battery, opacity: shown.map((one) => 0.35 + 0.65 * one.confidence) },
      hovertemplate: "%{x}: %{y:.0f}<extra></extra>" },
    ...Object.entries(HARM_COLOURS).map(([harm, color]) => ({ type: "bar", x, y: shown.map((one) => one.points[harm]), name: HARMS[harm], marker: { color },
      hovertemplate: `${HARMS[harm]}: −%{y:.1f}<extra></extra>` })).filter((bar) => bar.y.some((points) => points > 0)),
  ], { margin: { l: 40, r: 14, t: 10, b: 30 }, barmode: "stack", legend: { orientation: "h", y: -0.15 }, yaxis: { range: [0, 102], fixedrange: true }, xaxis: { type: "category", fixedrange: true } }, CHART);
  element("satisfaction-days").replaceChildren(...days.toReversed().slice(0, 14).map((one) => made("tr", {},
    made("td", { textContent: day(one.day) }), made("td", { textContent: one.score.toFixed(0) }),
    made("td", { textContent: `${Math.round(100 * one.confidence)} %` }), made("td", { textContent: takenOff(one) }))));
}

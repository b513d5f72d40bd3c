"use strict";

const SURE = [[0.9, "sure"], [0.75, "likely"], [0, "perhaps"]];
const dayOf = (stamp) => clock(stamp, { day: "numeric", month: "short" });

function dismissButton(number) {
  const button = document.createElement("button");
  button.textContent = "dismiss";
  button.title = "I know: leave it alone";
  button.onclick = async () => {
    button.disabled = true;
    const answer = await fetch(`/api/v1/anomalies/${number}/dismiss`, { method: "POST", headers: OWN });
    showAnomalies(answer.ok ? await answer.json() : await get("anomalies"));
  };
  return button;
}

function anomalyItem(anomaly, standing) {
  const item = document.createElement("li");
  const how = SURE.find(([least]) => anomaly.sure >= least)[1];
  const became = standing === "open" ? how : standing === "past" ? `past, last seen ${dayOf(anomaly.ended_at)}` : "dismissed";
  item.textContent = `${anomaly.text} (found ${dayOf(anomaly.found_at)}, ${became}) `;
  if (standing === "open") item.append(dismissButton(anomaly.number));
  return item;
}

function showAnomalies(told) {
  const open = told.open.map((anomaly) => anomalyItem(anomaly, "open"));
  const said = told.trouble ?? "Nothing odd: the home runs as it usually does.";
  const nothing = Object.assign(document.createElement("li"), { textContent: said });
  element("anomalies").replaceChildren(...(open.length ? open : [nothing]));
  const old = [...told.dismissed.map((one) => anomalyItem(one, "dismissed")), ...told.past.map((one) => anomalyItem(one, "past"))];
  const details = element("anomalies-old");
  details.hidden = !old.length;
  details.querySelector("summary").textContent = `${old.length} dismissed or past`;
  details.querySelector("ul").replaceChildren(...old);
}

/** What runs in the browser: shows the state that the server sends, and presses buttons. Plain ES2020. */
export const SCRIPT: string = `
(() => {
  const byId = (id) => document.getElementById(id);
  const text = (id, words) => {
    if (byId(id).textContent !== words) byId(id).textContent = words;
  };
  const row = (tag, parts) => {
    const line = document.createElement("tr");
    parts.forEach(([words, tone], index) => {
      const cell = document.createElement(index === 0 && tag === "th" ? "th" : "td");
      if (cell.nodeName === "TH") cell.scope = "row";
      if (tone) cell.className = tone;
      cell.textContent = words;
      line.append(cell);
    });
    return line;
  };
  const facts = (id, rows) =>
    byId(id).replaceChildren(...rows.map(({ name, tone, words }) => row("th", [[name], [words, tone]])));

  const source = new EventSource("events");
  source.onmessage = ({ data }) => {
    const { node, sides, announcement, log } = JSON.parse(data);
    facts("node", node);
    for (const [who, { tone, headline, gate, rows }] of Object.entries(sides)) {
      text(who + "-headline", headline);
      byId(who + "-headline").className = "verdict " + tone;
      text(who + "-gate", gate);
      facts(who + "-rows", rows);
    }
    text("announcement", announcement);
    byId("log").replaceChildren(
      ...log.map(({ time, who, tone, words }) => row("td", [[time], [who], [words, tone]])),
    );
    byId("connection").className = "live";
    text("connection", "live");
  };
  source.onerror = () => {
    byId("connection").className = "lost";
    text("connection", "connection lost: is the demo still running?");
  };

  for (const button of document.querySelectorAll("button[data-do]"))
    button.addEventListener("click", async () => {
      button.setAttribute("aria-busy", "true");
      const name = button.textContent;
      try {
        const answer = await fetch("do/" + button.dataset.do, { method: "POST" });
        text("pressed", answer.ok ? name + ": done." : name + ": " + (await answer.text()));
      } catch {
        text("pressed", name + ": nobody answers; is the demo still running?");
      }
      button.removeAttribute("aria-busy");
    });
})();
`;

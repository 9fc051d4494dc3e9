/**
 * What runs in the browser: takes changed sections from the server and patches the page node by node, so that focus, open
 * details, selections and scroll positions stay. Plain ES2020. The page is complete without it.
 */
export const PAGE_SCRIPT: string = `
(() => {
  const byId = (id) => document.getElementById(id);
  const main = byId("sections");
  let source, heardAt = 0, wasLive = false;

  const patch = (now, next) => {
    if (now.nodeType !== next.nodeType || now.nodeName !== next.nodeName) return now.replaceWith(next);
    if (now.nodeType !== 1) {
      if (now.data !== next.data) now.data = next.data;
      return;
    }
    for (const { name } of [...now.attributes])
      if (name !== "open" && !next.hasAttribute(name)) now.removeAttribute(name);
    for (const { name, value } of [...next.attributes])
      if (now.getAttribute(name) !== value) now.setAttribute(name, value);
    patchChildren(now, next);
  };
  const patchChildren = (now, next) => {
    const wanted = [...next.childNodes];
    while (now.childNodes.length > wanted.length) now.lastChild.remove();
    wanted.forEach((child, index) => {
      const old = now.childNodes[index];
      if (old) patch(old, child);
      else now.append(child);
    });
  };
  const text = (id, words) => {
    if (byId(id).textContent !== words) byId(id).textContent = words;
  };

  const show = ({ title, icon, announcement, order, sections }) => {
    order.forEach((id, index) => {
      const section = byId(id) || document.createElement("section");
      section.id = id;
      section.setAttribute("aria-labelledby", id + "-title");
      if (main.children[index] !== section) main.insertBefore(section, main.children[index] || null);
      if (!(id in sections)) return;
      const template = document.createElement("template");
      template.innerHTML = sections[id];
      patchChildren(section, template.content);
    });
    while (main.children.length > order.length) main.lastElementChild.remove();
    if (document.title !== title) document.title = title;
    if (byId("icon").getAttribute("href") !== icon) byId("icon").href = icon;
    text("announcement", announcement);
  };

  const live = (at) => {
    heardAt = Date.now();
    wasLive = true;
    byId("connection").className = "live";
    text("connection", "live");
    text("at", at);
  };
  const lost = () => {
    byId("connection").className = "lost";
    text("connection", wasLive ? "connection lost, trying again" : "no live updates yet, trying again");
  };

  const connect = () => {
    heardAt = Date.now();
    const own = (source = new EventSource("events"));
    own.addEventListener("sections", ({ data }) => {
      const changes = JSON.parse(data);
      show(changes);
      live(changes.at);
    });
    own.addEventListener("beat", ({ data }) => live(data));
    own.onerror = () => {
      lost();
      // The browser tries again by itself, unless the answer was none that it understands.
      if (own.readyState === 2) setTimeout(() => own === source && connect(), 2000);
    };
  };
  // A connection that is gone without a word: the server says something every 15 s.
  setInterval(() => {
    if (Date.now() - heardAt < 40000) return;
    source.close();
    lost();
    connect();
  }, 5000);
  connect();
})();
`;

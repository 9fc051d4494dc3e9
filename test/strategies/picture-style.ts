import { markup, trusted, type Markup } from "../../src/probes/status-page/markup.js";

/**
 * Blue, yellow, and a hatched vermilion (after Okabe and Ito) can be told apart by all eyes, and in grey. Text has a contrast
 * of 4.5 or more on what it stands on. The card is white on any page, so that there is one set of colours.
 */
const CSS = [
  "text{font:12px system-ui,-apple-system,'Segoe UI',Roboto,'DejaVu Sans',sans-serif;fill:#1c2128}",
  ".card{fill:#fff;stroke:#d0d7de}",
  ".title{font-size:20px;font-weight:600}.heading{font-size:15px;font-weight:600}.strong{font-weight:600}",
  ".soft{fill:#57606a}.rule{stroke:#d0d7de}.grid{stroke:#e6e9ed}.unseen{fill:#f3f4f6}",
  ".when{stroke:#57606a;stroke-dasharray:3 3}",
  ".good{fill:#0b69a3}.wait{fill:#f2c14e}.bad{fill:#b8420a}.idle{fill:#e4e8ed}.hatch{fill:url(#hatch)}",
  ".on-good,.on-bad,.on-badge{fill:#fff}.on-bad{stroke:#b8420a;stroke-width:4px;stroke-linejoin:round;paint-order:stroke}",
  ".on-badge{font-weight:600}.step{fill:#444c56}.restart{fill:#6f3a9c}.alarm{font-weight:700;fill:#b8420a}.failure{stroke:#b8420a;stroke-width:3}",
  ".empty{fill:#57606a;stroke:#fff;stroke-width:4px;paint-order:stroke}",
].join("");

/** What a picture has once, before it is drawn. */
export const STYLE: Markup = markup`<style>${trusted(CSS)}</style>
  <defs><pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect width="2" height="6" fill="#fff" fill-opacity=".38"/></pattern></defs>
  `;

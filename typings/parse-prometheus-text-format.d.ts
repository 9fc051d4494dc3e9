/** The package has no types of its own; what it gives is described where it is read. */
declare module "parse-prometheus-text-format" {
  function parsePrometheusTextFormat(text: string): unknown;
  export { parsePrometheusTextFormat as default };
}

/** Order statistics of a sample: a mean alone would hide what a shared machine does to some rounds. */
export interface Summary {
  readonly median: number;
  /** The 10th and the 90th percentile. */
  readonly low: number;
  readonly high: number;
}

export function summarize(sample: readonly number[]): Summary {
  const sorted = [...sample].sort((a, b) => a - b);
  const at = (part: number): number => sorted[Math.round(part * (sorted.length - 1))] ?? NaN;
  return { median: at(0.5), low: at(0.1), high: at(0.9) };
}

const shown = (value: number): string => {
  if (!Number.isFinite(value)) return "-";
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
};

/** One measured thing. */
export interface Row {
  readonly name: string;
  readonly sample: readonly number[];
  /** Further cells, by the table's further heads. */
  readonly more?: readonly string[];
}

/** A Markdown table with each row's ratio to the first row's median, which is the baseline. */
export function table(unit: string, rows: readonly Row[], moreHeads: readonly string[] = []): string {
  const baseline = summarize(rows[0]?.sample ?? []).median;
  const heads = ["", `median (${unit})`, "10 % - 90 %", `ratio to ${rows[0]?.name ?? ""}`, ...moreHeads];
  const body = rows.map(({ name, sample, more = [] }) => {
    const { median, low, high } = summarize(sample);
    return [name, shown(median), `${shown(low)} - ${shown(high)}`, shown(median / baseline), ...more];
  });
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [line(heads), line(heads.map(() => "---")), ...body.map(line)].join("\n");
}

/** As the kubelet writes it in front of each line: RFC 3339, with nanoseconds and the node's time zone. */
const STAMPED = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d) (.*)$/su;

/**
 * A container's log from one reading to the next. Where to go on can be said in whole seconds alone, so that each reading
 * begins with lines that the one before had.
 */
export class LogLines {
  /** Nanoseconds since the Unix epoch of the last line, and how many lines had that same time. */
  #last = 0n;
  #ofLast = 0;

  /** Parameters of a reading that misses nothing. */
  get since(): string {
    if (this.#last === 0n) return "timestamps=true";
    const second = new Date(Number(this.#last / 1_000_000_000n) * 1000).toISOString().replace(".000Z", "Z");
    return `timestamps=true&sinceTime=${encodeURIComponent(second)}`;
  }

  /** For one reading: the text of a line that no reading had before. */
  reader(): (stamped: string) => string | undefined {
    let at = 0n;
    let ofSame = 0;
    return (stamped) => {
      const [, seconds = "", fraction = "", zone = "", text] = STAMPED.exec(stamped) ?? [];
      // The kubelet's own words, where it has trouble with a log.
      if (text === undefined) return undefined;
      const time = BigInt(Date.parse(seconds + zone)) * 1_000_000n + BigInt(fraction.padEnd(9, "0"));
      ofSame = time === at ? ofSame + 1 : 1;
      at = time;
      if (time < this.#last || (time === this.#last && ofSame <= this.#ofLast)) return undefined;
      this.#last = time;
      this.#ofLast = ofSame;
      return text;
    };
  }
}

/** What a line of JSON holds; undefined for a line that is none: whoever reads a stream of them looks at the shape anyway. */
export function jsonLine(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}

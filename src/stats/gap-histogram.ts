import { build, decodeFromCompressedBase64, encodeIntoCompressedBase64, type Histogram } from 'hdr-histogram-js'

/** Gaps between the content chunks of answers, whole µs from 1 to an hour at 3 digits. One holds any number of gaps in 100 kB. */
export type GapHistogram = Histogram

/** An hour, µs. A longer gap counts as one of an hour. */
const longest = 3_600_000_000
const perMillisecond = 1_000

export function gapHistogram(): GapHistogram {
  return build({ bitBucketSize: 32, autoResize: false, lowestDiscernibleValue: 1, highestTrackableValue: longest, numberOfSignificantValueDigits: 3, useWebAssembly: false })
}

/** Adds a gap in ms. Rounded to whole µs here, since the package truncates; two chunks of one read have a gap of 0, which counts. */
export function recordGap(histogram: GapHistogram, gap: number): void {
  histogram.recordValue(Math.min(longest, Math.max(0, Math.round(gap * perMillisecond))))
}

/** One histogram of all the gaps in several; they are left as they are. */
export function mergeGaps(histograms: readonly GapHistogram[]): GapHistogram {
  const merged = gapHistogram()
  for (const histogram of histograms) merged.add(histogram)
  return merged
}

/** HdrHistogram V2, compressed, base64: what the run file keeps and what HdrHistogram in other languages reads. */
export const encodeGaps = (histogram: GapHistogram): string => encodeIntoCompressedBase64(histogram)

/** @throws {RangeError} where the text is no such histogram. */
export function decodeGaps(data: string): GapHistogram {
  try {
    return decodeFromCompressedBase64(data, 32, false)
  } catch (error) {
    throw new RangeError(`not a compressed HdrHistogram: ${error instanceof Error ? error.message : String(error)}`)
  }
}

/** A quantile of the gaps in ms, to three digits, upwards. Undefined without gaps. */
export function gapQuantile(histogram: GapHistogram, q: number): number | undefined {
  return histogram.totalCount === 0 ? undefined : histogram.getValueAtPercentile(q * 100) / perMillisecond
}

import type { HistogramRecord } from '../../sample/run-file.ts'
import { encodeGaps, gapHistogram, type GapHistogram, recordGap } from '../../stats/gap-histogram.ts'

/** The gaps between content chunks, gathered per side, phase and label when a phase is over: never between a chunk and its stamp. */
export class GapHistograms {
  readonly #histograms = new Map<string, { place: Omit<HistogramRecord, 'type' | 'data'>; histogram: GapHistogram }>()

  add({ side, phase, label }: { side: string; phase: string; label: string }, gaps: readonly number[]): void {
    if (gaps.length === 0) return
    const key = JSON.stringify([side, phase, label])
    const found = this.#histograms.get(key) ?? { place: { side, phase, label }, histogram: gapHistogram() }
    this.#histograms.set(key, found)
    for (const gap of gaps) recordGap(found.histogram, gap)
  }

  records(): HistogramRecord[] {
    return [...this.#histograms.values()].map(({ place, histogram }) => ({ type: 'histogram', ...place, data: encodeGaps(histogram) }))
  }
}

import { type Named, messageSeries, type Series } from './series.ts'
import { firstVisible, judgedTime } from './ttft.ts'

/** From the instant the plan wanted it said to the first visible word, ms. */
export const firstVisibleTimes = (claim: Named): Series => messageSeries(claim, (message, view) => judgedTime(message, view, firstVisible))

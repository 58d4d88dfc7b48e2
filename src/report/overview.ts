import type { RunResult } from '../verdict/document.ts'
import { claimTables, type ClaimRow } from './before-after.ts'
import type { Palette } from './palette.ts'
import { type Cell, type Column, textTable } from './table.ts'
import { marks, verdictStyle } from './words.ts'

interface Page {
  readonly width: number
  readonly palette: Palette
}

/** The sides that every one of the runs has, in their order; empty where they have none in common, or more than fit beside each other. */
function commonSides(runs: readonly RunResult[]): string[] {
  const [first, ...rest] = runs.map(({ sides }) => sides.map(({ name }) => name))
  const common = (first ?? []).filter((name) => rest.every((names) => names.includes(name)))
  return common.length <= 3 ? common : []
}

/** Every claim of every scenario in one table, a heading for each scenario: what a person who asked for all of them reads first. */
export function overview(runs: readonly RunResult[], { width, palette }: Page): string[] {
  const sides = commonSides(runs)
  const columns: Column[] = [
    { title: 'Scenario and claim', align: 'left' },
    ...sides.map((side): Column => ({ title: side, align: 'right' })),
    { title: 'bound', align: 'right' },
    { title: 'verdict', align: 'left' },
  ]
  const rows = runs.flatMap((run): Cell[][] => [
    [{ text: run.scenario, style: palette.bold }, ...sides.map(() => ({ text: '' })), { text: '' }, { text: run.verdict.toUpperCase(), style: verdictStyle(run.verdict, palette) }],
    ...claimTables(run).flatMap((table) => table.rows.map((row) => claimCells(row, table.sides, sides, palette))),
  ])
  return textTable(columns, rows, { width, palette })
}

function claimCells(row: ClaimRow, own: readonly string[], sides: readonly string[], palette: Palette): Cell[] {
  const values = sides.map((side): Cell => {
    const value = row.values[own.indexOf(side)]
    return value === undefined ? { text: '-' } : { text: `${value.text} ${marks[value.verdict]}`, style: verdictStyle(value.verdict, palette) }
  })
  const failsAt = /; (fails .+)$/.exec(row.measure)?.[1]
  return [{ text: `· ${row.claim}` }, ...values, { text: row.bound, ...(failsAt === undefined ? {} : { note: failsAt }) }, { text: row.verdict.toUpperCase(), style: verdictStyle(row.verdict, palette) }]
}

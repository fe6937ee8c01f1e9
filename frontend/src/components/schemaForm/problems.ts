import { createElement, type ReactNode } from 'react'
import { Sentence } from '@/components/Sentence'

export interface Problem {
  field: string | null
  detail: string
}

/** The first sentence about each field, by dotted path. */
export function indexProblems(problems: readonly Problem[]): ReadonlyMap<string, string> {
  const byField = new Map<string, string>()
  for (const { field, detail } of problems) if (field && !byField.has(field)) byField.set(field, detail)
  return byField
}

/** The sentence about a place, ready to stand next to its input; null when there is none. */
export function problemAt(problems: ReadonlyMap<string, string>, path: readonly string[]): ReactNode {
  const detail = problems.get(path.join('.'))
  return detail ? createElement(Sentence, { text: detail }) : null
}

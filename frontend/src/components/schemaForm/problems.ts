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

export function problemAt(problems: ReadonlyMap<string, string>, path: readonly string[]): string | null {
  return problems.get(path.join('.')) ?? null
}

/** A text from the server, taken apart: sentences, lists, and lines of code that one may want to copy. */
export type Part = { kind: 'text'; text: string } | { kind: 'list'; items: string[] } | { kind: 'code'; text: string }

const FENCE = /^\s*```/
const INDENTED = /^(?: {2,}|\t)\S/
const BULLET = /^\s*- /
const STATEMENT = /^(?:import \w|from \S+ import |[\w.]+ = \S|(?:torch|model|secateur|pip|python)[.\s]\S*.*[)\w]$)/

type Kind = 'fence' | 'bullet' | 'code' | 'text' | 'blank'

function kindOf(line: string): Kind {
  if (FENCE.test(line)) return 'fence'
  if (line.trim() === '') return 'blank'
  if (BULLET.test(line)) return 'bullet'
  return INDENTED.test(line) ? 'code' : 'text'
}

/** Fenced or indented lines are code, lines that begin with a dash are a list, everything else is prose. */
export function readProse(text: string): Part[] {
  const lines = text.split('\n')
  if (lines.length === 1) return text ? [{ kind: 'text', text }] : []
  const parts: Part[] = []
  let isFenced = false
  for (const line of lines) {
    const kind = kindOf(line)
    if (kind === 'fence') isFenced = !isFenced
    else if (isFenced || kind === 'code' || (kind === 'text' && STATEMENT.test(line))) addCode(parts, line)
    else if (kind === 'bullet') addItem(parts, line.replace(BULLET, ''))
    else if (kind === 'text') addText(parts, line)
  }
  return parts.map((part) => (part.kind === 'code' ? { ...part, text: dedent(part.text) } : part))
}

function addCode(parts: Part[], line: string): void {
  const last = parts.at(-1)
  if (last?.kind === 'code') last.text += `\n${line}`
  else parts.push({ kind: 'code', text: line })
}

function addItem(parts: Part[], item: string): void {
  const last = parts.at(-1)
  if (last?.kind === 'list') last.items.push(item)
  else parts.push({ kind: 'list', items: [item] })
}

function addText(parts: Part[], line: string): void {
  const last = parts.at(-1)
  if (last?.kind === 'text') last.text += `\n${line}`
  else parts.push({ kind: 'text', text: line })
}

function dedent(code: string): string {
  const lines = code.split('\n')
  const indent = Math.min(...lines.filter((line) => line.trim()).map((line) => line.search(/\S/)))
  return lines.map((line) => line.slice(indent)).join('\n')
}
